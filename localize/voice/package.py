"""A voice package: a person's cleaned reference, what is known of it, and their consent, in a folder of that name.

voices/anna/
    voice.yaml       name, about, gender, language, references, transcript, licence, consent, made_from, checks
    reference.wav    mono, 24 or 48 kHz
    consent.yaml     who, when, for what (localize/consent.py), and the SHA-256 of reference.wav
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, Field, field_validator
from rapidfuzz import process

from localize import consent as consents
from localize.assets import ASSETS
from localize.consent import Consent, Sha256
from localize.domain import Model
from localize.errors import Blocked, UserError
from localize.media import Samples, write_wav
from localize.voice import Speaker

SHEET, CONSENT, REFERENCE = "voice.yaml", "consent.yaml", "reference.wav"
NAME = r"^[a-z0-9][a-z0-9_-]{0,60}$"


def _own_file(name: str) -> str:
    """A package is whole by itself: its files lie in its folder."""
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        raise ValueError(f"{name!r} is not a file beside voice.yaml: copy it there and write its name alone")
    return name


OwnFile = Annotated[str, AfterValidator(_own_file)]


class Sheet(Model):
    """voice.yaml. `made_from` are the SHA-256 of the recordings, `checks` what was measured of them."""

    name: str = Field(pattern=NAME)
    about: str = ""
    gender: Literal["female", "male"]
    language: str = ""
    references: tuple[OwnFile, ...] = Field(min_length=1)
    transcript: str = ""
    licence: str = ""
    consent: OwnFile = CONSENT
    made_from: tuple[Sha256, ...] = ()
    checks: dict[str, float | int | str] = Field(default_factory=dict)

    @field_validator("references")
    @classmethod
    def one(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > 1:
            raise ValueError("several references must be one file: `crossreel voice add` joins and cleans them")
        return value


@dataclass(frozen=True)
class VoicePackage:
    """A voice that may be used where its consent allows it."""

    folder: Path
    sheet: Sheet
    consent: Consent

    @property
    def name(self) -> str:
        return self.sheet.name

    @classmethod
    def load(cls, folder: Path) -> VoicePackage:
        """Raises UserError for a voice.yaml or consent that can't be read, Blocked for a voice without a consent."""
        sheet = consents.record(folder / SHEET, Sheet, "a voice package's sheet")
        return cls(folder, sheet, consents.kept(folder / sheet.consent, f"the voice {sheet.name}"))

    def speaker(self) -> Speaker:
        """Whose voice it is, for the engines. Raises UserError for a reference that is missing, Blocked for one that is not
        what the consent is for."""
        reference = self.folder / self.sheet.references[0]
        if not reference.is_file():
            raise UserError(f"the voice {self.name} has no {reference}: add it again with `crossreel voice add {self.name} --replace`.")
        digest = consents.file_digest(reference)
        if digest not in self.consent.sha256:
            reason = "its consent names other recordings" if self.consent.sha256 else "its consent names no recording (sha256)"
            raise Blocked(
                f"the voice {self.name} may not be used: {reference.name} is not what was consented to, {reason}. "
                f"Bring the file back, or add the voice again with `crossreel voice add {self.name} --replace`."
            )
        return Speaker(self.name, reference, digest, self.sheet.transcript, self.sheet.language, self.sheet.gender)

    def require(self, *, language: str = "", platform: str = "") -> None:
        """Raises Blocked where the consent does not cover a use today."""
        self.consent.require(f"the voice {self.name}", language=language, platform=platform)

    def reference(self) -> str:
        """What may be published: the package's name and the consent's digest, never the person's name."""
        return f"voice {self.name}, {self.consent.reference()}"


# ---- finding


def home() -> Path:
    """The folder of this machine's own voices: `voices` in $CROSSREEL_HOME, else in ~/.crossreel."""
    return Path(os.environ.get("CROSSREEL_HOME") or Path.home() / ".crossreel").expanduser() / "voices"


def _places(base: Path | None) -> tuple[Path, ...]:
    return (base or Path.cwd(), home(), ASSETS / "voices")


def find(name_or_path: str, base: Path | None = None) -> VoicePackage:
    """The voice package of a folder (relative to `base`, else to the current one), or of that name on this machine, or shipped.

    Raises UserError where there is none, and as `VoicePackage.load`."""
    try:
        given = Path(name_or_path).expanduser()
    except RuntimeError:  # ~ of somebody who is not here
        given = Path(name_or_path)
    for place in _places(base):
        if name_or_path and (place / given / SHEET).is_file():
            return VoicePackage.load((place / given).resolve())
    known = names(base)
    near = process.extractOne(name_or_path, known, score_cutoff=50)
    asked = f" Did you mean {near[0]!r}?" if near else ""
    there = f"There are: {', '.join(known)}." if known else "There is none yet: `crossreel voice add NAME --reference FILE --consent FILE`."
    raise UserError(f"there is no voice {name_or_path!r}.{asked} {there}")


def names(base: Path | None = None) -> tuple[str, ...]:
    """The names of the packages that `find` finds by name: beside the campaign, on this machine, shipped."""
    return tuple(sorted({sheet.parent.name for place in _places(base) for sheet in place.glob(f"[!.]*/{SHEET}")}))


# ---- adding


def add(sheet: Sheet, samples: Samples, rate: int, consent: Consent, place: Path, *, replacing: bool = False) -> VoicePackage:
    """Keep a cleaned reference (mono [n] at `rate` Hz) and its consent as a package in the folder `place`.

    The consent is kept with the reference's SHA-256; nobody else on the machine can read either. Nothing half-made is ever seen.
    Raises UserError where the folder exists and is not to be replaced, or can't be written.
    """
    folder = place / sheet.name
    if folder.exists() and not replacing:
        raise UserError(f"there is a voice {sheet.name} in {folder} already: give another name, or --replace.")
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        making = Path(tempfile.mkdtemp(prefix=f".{sheet.name}-", dir=place))  # made with 0700
    except OSError as e:
        raise UserError(f"{place} can't be written: {e.strerror or e}.") from e
    try:
        write_wav(making / REFERENCE, samples, rate)
        kept = consent.model_copy(update={"sha256": (consents.file_digest(making / REFERENCE),)})
        whole = sheet.model_copy(update={"references": (REFERENCE,), "consent": CONSENT})
        (making / CONSENT).write_text(consents.dump(kept), encoding="utf-8")
        (making / SHEET).write_text(yaml.safe_dump(whole.model_dump(mode="json"), sort_keys=False, allow_unicode=True), encoding="utf-8")
        for file in making.iterdir():
            file.chmod(0o600)
        _put(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return VoicePackage.load(folder)


def _put(making: Path, folder: Path) -> None:
    """Rename a finished folder to its place; what stood there comes back if that fails."""
    old = making.with_name(making.name + "-old")
    if folder.exists():
        folder.rename(old)
    try:
        making.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
