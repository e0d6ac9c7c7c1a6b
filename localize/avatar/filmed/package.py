"""A filmed avatar: a person's footage, what is known of it, and their consent, in a folder of that name.

avatars/anna/
    avatar.yaml      kind: filmed, name, licence, fps, size, frames, loop, faces, background, findings (`sheet.Sheet`)
    footage.mp4      upright, 25 frames a second, no sound
    matte.mp4        where the background was taken away: how much of each pixel is the person
    faces.npz        boxes, mouths and more of each frame
    consent.yaml     who, when, for what (localize/consent.py), and the SHA-256 of footage.mp4
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from rapidfuzz import process

from localize import consent as consents
from localize.assets import ASSETS
from localize.avatar.filmed import background as backgrounds
from localize.avatar.filmed.enrol import Report, enrol
from localize.avatar.filmed.footage import Footage, write_faces
from localize.avatar.filmed.sheet import CONSENT, FACES, FOOTAGE, NAME, SHEET, Sheet
from localize.avatar.filmed.source import FPS
from localize.consent import Consent
from localize.errors import Blocked, UserError


@dataclass(frozen=True)
class FilmedPackage:
    """A filmed avatar that may be used where its consent allows it."""

    folder: Path
    sheet: Sheet
    consent: Consent

    @property
    def name(self) -> str:
        return self.sheet.name

    @classmethod
    def load(cls, folder: Path) -> FilmedPackage:
        """Raises UserError for an avatar.yaml or consent that can't be read, Blocked for an avatar without a consent."""
        sheet = consents.record(folder / SHEET, Sheet, "a filmed avatar's sheet")
        return cls(folder, sheet, consents.kept(folder / sheet.consent, f"the avatar {sheet.name}"))

    def footage(self) -> Footage:
        """The footage. Raises UserError for one that is missing, Blocked for one that is not what the consent is for."""
        opened = Footage.open(self.folder)
        if self.digest() not in self.consent.sha256:
            reason = "its consent names other recordings" if self.consent.sha256 else "its consent names no recording (sha256)"
            raise Blocked(
                f"the avatar {self.name} may not be used: {FOOTAGE} is not what was consented to, {reason}. "
                f"Bring the file back, or add the avatar again with `crossreel avatar add {self.name} --replace`."
            )
        return opened

    def digest(self) -> str:
        """SHA-256 of the footage, in hex. Raises UserError where it can't be read."""
        return consents.file_digest(self.folder / FOOTAGE)

    def require(self, *, language: str = "", platform: str = "") -> None:
        """Raises Blocked where the consent does not cover a use today."""
        self.consent.require(f"the avatar {self.name}", language=language, platform=platform)

    def reference(self) -> str:
        """What may be published: the package's name and the consent's digest, never the person's name."""
        return f"avatar {self.name}, {self.consent.reference()}"


# ---- finding


def home() -> Path:
    """The folder of this machine's own avatars: `avatars` in $CROSSREEL_HOME, else in ~/.crossreel."""
    return Path(os.environ.get("CROSSREEL_HOME") or Path.home() / ".crossreel").expanduser() / "avatars"


def _places(base: Path | None) -> tuple[Path, ...]:
    return (base or Path.cwd(), home(), ASSETS / "avatars")


def kind(folder: Path) -> str:
    """What an avatar's avatar.yaml says it is: drawn or filmed. Raises UserError for one that says neither."""
    sheet = folder / SHEET
    try:
        text = sheet.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{sheet} can't be read: {error}.") from error
    found = re.search(r"^kind: *['\"]?(drawn|filmed)\b", text, re.MULTILINE)
    if not found:
        raise UserError(f"{sheet} does not say `kind: drawn` or `kind: filmed`.")
    return found[1]


def folder_of(name_or_path: str, base: Path | None = None) -> Path:
    """The folder of an avatar (relative to `base`, else to the current one), or the one of that name on this machine, or shipped.

    Raises UserError where there is none."""
    try:
        given = Path(name_or_path).expanduser()
    except RuntimeError:  # ~ of somebody who is not here
        given = Path(name_or_path)
    for place in _places(base):
        if name_or_path and (place / given / SHEET).is_file():
            return (place / given).resolve()
    known = names(base)
    near = process.extractOne(name_or_path, known, score_cutoff=50)
    asked = f" Did you mean {near[0]!r}?" if near else ""
    raise UserError(f"there is no avatar {name_or_path!r}.{asked} There are: {', '.join(known)}.")


def find(name_or_path: str, base: Path | None = None) -> FilmedPackage:
    """The filmed avatar of a folder or name, as `folder_of`. Raises UserError where it is a drawn one, and as `FilmedPackage.load`."""
    folder = folder_of(name_or_path, base)
    if kind(folder) != "filmed":
        raise UserError(f"the avatar {folder.name} is drawn: it has no footage and needs no consent.")
    return FilmedPackage.load(folder)


def names(base: Path | None = None) -> tuple[str, ...]:
    """The names of the avatars that `folder_of` finds by name: beside the campaign, on this machine, shipped."""
    return tuple(sorted({sheet.parent.name for place in _places(base) for sheet in place.glob(f"[!.]*/{SHEET}")}))


# ---- adding


def add(
    name: str, video: Path, consent: Consent, place: Path, *, background: str = "keep", licence: str = "", about: str = "",
    replacing: bool = False, tell: Callable[[Report], None] = lambda report: None,
) -> FilmedPackage:  # fmt: skip
    """Make a video a filmed avatar in the folder `place`. `background` is keep, blur, a colour (#rrggbb) or a picture's path.

    The consent is kept with the footage's SHA-256; nobody else on the machine can read either. Nothing half-made is ever seen.
    `tell` hears what was found. Raises Blocked where the consent names other recordings or is not valid today, UserError where the
    video is refused, the folder exists and is not to be replaced, or can't be written, NotReady as `enrol`.
    """
    if not re.match(NAME, name):
        raise UserError(f"the name {name!r} becomes a folder: use small letters, digits, '-' and '_'")
    if name in ("none", *(p.parent.name for p in (ASSETS / "avatars").glob("*/avatar.yaml"))):
        raise UserError(f"a campaign that names {name!r} means another: give this avatar a name of its own.")
    consent.require(f"the avatar {name}")
    made_of = _original(name, video, consent)
    picture = None
    if background not in ("keep", "blur") and not re.match(backgrounds.COLOUR, background):
        picture = Path(background).expanduser()
        backgrounds.covering(picture, (16, 16))  # it can be read
    folder = place / name
    if folder.exists() and not replacing:
        raise UserError(f"there is an avatar {name} in {folder} already: give another name, or --replace.")
    if folder.exists() and (not (folder / SHEET).is_file() or kind(folder) != "filmed"):
        raise UserError(f"{folder} is no filmed avatar and is not replaced: give another name, or move it away.")
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        making = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=place))  # made with 0700
    except OSError as e:
        raise UserError(f"{place} can't be written: {e.strerror or e}.") from e
    try:
        report = enrol(video, background=background, into=making)
        tell(report)
        if report.loop is None:
            raise UserError("\n".join(f"{video} can't be used: {finding.message}." for finding in report.refused))
        if picture:
            background = f"background{picture.suffix.lower()}"
            shutil.copyfile(picture, making / background)
        sheet = Sheet(
            kind="filmed", name=name, about=about, licence=licence, fps=FPS, size=report.size, frames=len(report.faces), loop=report.loop,
            faces=report.finder, background=background, matte=report.matte, made_from=(made_of,), checks=report.checks(),
            findings=report.findings,
        )  # fmt: skip
        write_faces(making / FACES, report.faces, report.table)
        kept = consent.model_copy(update={"sha256": (consents.file_digest(making / FOOTAGE),)})
        (making / CONSENT).write_text(consents.dump(kept), encoding="utf-8")
        (making / SHEET).write_text(yaml.safe_dump(sheet.model_dump(mode="json"), sort_keys=False, allow_unicode=True), encoding="utf-8")
        for file in making.iterdir():
            file.chmod(0o600)
        _put(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return FilmedPackage.load(folder)


def _original(name: str, video: Path, consent: Consent) -> str:
    """The video's SHA-256. Raises Blocked where the consent names others."""
    digest = consents.file_digest(video)
    if consent.sha256 and digest not in consent.sha256:
        raise Blocked(
            f"the avatar {name} may not be made of {video}: the consent names recordings (sha256), and it is none of them ({digest}). "
            "Give the recording that was consented to, or ask the person for a consent to this one."
        )
    return digest


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
