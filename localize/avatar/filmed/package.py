"""A filmed avatar: a person's footage, what is known of it, and their consent, in a folder of that name.

avatars/anna/
    avatar.yaml      kind: filmed, name, licence, fps, size, frames, loop, faces, background, findings (`sheet.Sheet`)
    footage.mp4      upright, 25 frames a second, no sound
    matte.mp4        where the background was taken away: how much of each pixel is the person
    faces.npz        boxes, mouths and more of each frame
    consent.yaml     who, when, for what (localize/consent.py), and the SHA-256 of footage.mp4
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localize import consent as consents
from localize.assets import ASSETS
from localize.avatar.filmed import background as backgrounds
from localize.avatar.filmed.enrol import Report, enrol
from localize.avatar.filmed.footage import Footage, write_faces
from localize.avatar.filmed.sheet import FACES, FOOTAGE, SHEET, Sheet
from localize.avatar.filmed.source import FPS
from localize.consent import Consent
from localize.errors import UserError
from localize.packages import NAME, Shelf

SHELF = Shelf("avatar", "an", SHEET)


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
        SHELF.consented(self.name, self.folder / FOOTAGE, self.consent)
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
    return SHELF.home()


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
    return SHELF.folder(name_or_path, base)


def find(name_or_path: str, base: Path | None = None) -> FilmedPackage:
    """The filmed avatar of a folder or name, as `folder_of`. Raises UserError where it is a drawn one, and as `FilmedPackage.load`."""
    folder = folder_of(name_or_path, base)
    if kind(folder) != "filmed":
        raise UserError(f"the avatar {folder.name} is drawn: it has no footage and needs no consent.")
    return FilmedPackage.load(folder)


def names(base: Path | None = None) -> tuple[str, ...]:
    """The names of the avatars that `folder_of` finds by name: beside the campaign, on this machine, shipped."""
    return SHELF.names(base)


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
    (made_of,) = SHELF.originals(name, [video], consent)
    picture = None
    if background not in ("keep", "blur") and not re.match(backgrounds.COLOUR, background):
        picture = Path(background).expanduser()
        backgrounds.covering(picture, (16, 16))  # it can be read

    def own(folder: Path) -> bool:
        return (folder / SHEET).is_file() and kind(folder) == "filmed"

    with SHELF.making(name, place, replacing=replacing, kind="filmed avatar", own=own) as made:
        report = enrol(video, background=background, into=made)
        tell(report)
        if report.loop is None:
            raise UserError("\n".join(f"{video} can't be used: {finding.message}." for finding in report.refused))
        if picture:
            background = f"background{picture.suffix.lower()}"
            _copied(picture, made / background, place / name)
        sheet = Sheet(
            kind="filmed", name=name, about=about, licence=licence, fps=FPS, size=report.size, frames=len(report.faces), loop=report.loop,
            faces=report.finder, background=background, matte=report.matte, made_from=(made_of,), checks=report.checks(),
            findings=report.findings,
        )  # fmt: skip
        write_faces(made / FACES, report.faces, report.table)
        SHELF.write(made, sheet, consent, FOOTAGE)
    return FilmedPackage.load(place / name)


def _copied(picture: Path, to: Path, folder: Path) -> None:
    try:
        shutil.copyfile(picture, to)
    except OSError as e:
        raise UserError(f"the background {picture} can't be copied into {folder}: {e.strerror or e}.") from e
