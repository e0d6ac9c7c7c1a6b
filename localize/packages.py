"""Packages of people, voices and filmed avatars: what was made of a person's recordings and their consent, in a folder of its own.

A package is known by its sheet. It is found by its folder or its name, made only of what was consented to, stands in its place whole
or not at all, and is used only as long as it is what was consented to.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import AfterValidator
from rapidfuzz import process

from localize.assets import ASSETS
from localize.consent import Consent, dump, file_digest
from localize.domain import Model
from localize.errors import Blocked, UserError

NAME = r"^[a-z0-9][a-z0-9_-]{0,60}$"
CONSENT = "consent.yaml"


def beside(sheet: str) -> AfterValidator:
    """For the name of a file in a sheet: a package is whole by itself, its files lie in its folder."""

    def own(name: str) -> str:
        if name in ("", ".", "..") or "/" in name or "\\" in name:
            raise ValueError(f"{name!r} is not a file beside {sheet}: copy it there and write its name alone")
        return name

    return AfterValidator(own)


@dataclass(frozen=True)
class Shelf:
    """Where packages of a kind lie: what one is called ("voice", with its article), and its sheet. The folder is named for several."""

    what: str
    article: str
    sheet: str

    # ---- finding

    def home(self) -> Path:
        """The folder of this machine's own ones: in $CROSSREEL_HOME, else in ~/.crossreel."""
        return Path(os.environ.get("CROSSREEL_HOME") or Path.home() / ".crossreel").expanduser() / f"{self.what}s"

    def places(self, base: Path | None = None) -> tuple[Path, ...]:
        """Where a name is looked for: beside the campaign, on this machine, among the shipped ones."""
        return (base or Path.cwd(), self.home(), ASSETS / f"{self.what}s")

    def names(self, base: Path | None = None) -> tuple[str, ...]:
        """The names that `folder` finds."""
        return tuple(sorted({sheet.parent.name for place in self.places(base) for sheet in place.glob(f"[!.]*/{self.sheet}")}))

    def folder(self, name_or_path: str, base: Path | None = None, *, none: str = "") -> Path:
        """The folder of a package (relative to `base`, else to the current one), or of the one of that name.

        Raises UserError where there is none; `none` is what it says where there is not a single one."""
        try:
            given = Path(name_or_path).expanduser()
        except RuntimeError:  # ~ of somebody who is not here
            given = Path(name_or_path)
        for place in self.places(base):
            if name_or_path and (place / given / self.sheet).is_file():
                return (place / given).resolve()
        known = self.names(base)
        near = process.extractOne(name_or_path, known, score_cutoff=50)
        asked = f" Did you mean {near[0]!r}?" if near else ""
        there = f"There are: {', '.join(known)}." if known else none
        raise UserError(f"there is no {self.what} {name_or_path!r}.{asked} {there}")

    # ---- consent

    def originals(self, name: str, files: Sequence[Path], consent: Consent) -> tuple[str, ...]:
        """The SHA-256 of the recordings that a package is to be made of. Raises Blocked where the consent names others."""
        digests = tuple(file_digest(file) for file in files)
        for file, digest in zip(files, digests, strict=True):
            if consent.sha256 and digest not in consent.sha256:
                raise Blocked(
                    f"the {self.what} {name} may not be made of {file}: the consent names recordings (sha256), and it is none of them "
                    f"({digest}). Give the recording that was consented to, or ask the person for a consent to this one."
                )
        return digests

    def consented(self, name: str, file: Path, consent: Consent) -> str:
        """A package's file's SHA-256. Raises Blocked where it is not what the consent is for, UserError where it can't be read."""
        digest = file_digest(file)
        if digest not in consent.sha256:
            reason = "its consent names other recordings" if consent.sha256 else "its consent names no recording (sha256)"
            raise Blocked(
                f"the {self.what} {name} may not be used: {file.name} is not what was consented to, {reason}. "
                f"Bring the file back, or add the {self.what} again with `crossreel {self.what} add {name} --replace`."
            )
        return digest

    # ---- adding

    @contextmanager
    def making(self, name: str, place: Path, *, replacing: bool, kind: str, own: Callable[[Path], bool]) -> Iterator[Path]:
        """A folder to make a package in, which then stands in the folder `place` for its owner alone. Nothing half-made is ever seen.

        Raises UserError where there is one already that is not to be replaced, or what is no such package by `own` (a voice, a filmed
        avatar: the `kind`), and where anything can't be written, also by who makes it.
        """
        folder = place / name
        if folder.exists() and not replacing:
            raise UserError(f"there is {self.article} {self.what} {name} in {folder} already: give another name, or --replace.")
        if folder.exists() and not own(folder):
            raise UserError(f"{folder} is no {kind} and is not replaced: give another name, or move it away.")
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            made = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=place))  # made with 0700
        except OSError as e:
            raise UserError(f"{place} can't be written: {e.strerror or e}.") from e
        try:
            yield made
            for file in made.iterdir():
                file.chmod(0o600)
            _put(made, folder)
        except OSError as e:
            raise UserError(f"{folder} can't be written: {e.strerror or e}. Make room, or keep it elsewhere with --into FOLDER.") from e
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def write(self, made: Path, sheet: Model, consent: Consent, of: str) -> None:
        """Write the sheet and the consent, which is from then on one to the file `of`."""
        kept = consent.model_copy(update={"sha256": (file_digest(made / of),)})
        (made / CONSENT).write_text(dump(kept), encoding="utf-8")
        (made / self.sheet).write_text(yaml.safe_dump(sheet.model_dump(mode="json"), sort_keys=False, allow_unicode=True), encoding="utf-8")


def _put(made: Path, folder: Path) -> None:
    """Rename a finished folder to its place; what stood there comes back if that fails."""
    old = made.with_name(made.name + "-old")
    if folder.exists():
        folder.rename(old)
    try:
        made.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
