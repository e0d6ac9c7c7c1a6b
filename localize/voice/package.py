"""A voice package: a person's cleaned reference, what is known of it, and their consent, in a folder of that name.

voices/anna/
    voice.yaml       name, about, gender, language, references, transcript, licence, consent, made_from, checks
    reference.wav    mono, 24 or 48 kHz
    consent.yaml     who, when, for what (localize/consent.py), and the SHA-256 of reference.wav
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from localize import consent as consents
from localize.consent import Consent, Sha256
from localize.domain import Model
from localize.errors import UserError
from localize.media.pcm import Samples, write_wav
from localize.packages import CONSENT, NAME, Shelf, beside
from localize.voice import Speaker

SHEET, REFERENCE = "voice.yaml", "reference.wav"
SHELF = Shelf("voice", "a", SHEET)

OwnFile = Annotated[str, beside(SHEET)]


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
        digest = SHELF.consented(self.name, reference, self.consent)
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
    return SHELF.home()


def names(base: Path | None = None) -> tuple[str, ...]:
    """The names of the packages that `find` finds by name: beside the campaign, on this machine, shipped."""
    return SHELF.names(base)


def find(name_or_path: str, base: Path | None = None) -> VoicePackage:
    """The voice package of a folder (relative to `base`, else to the current one), or of that name on this machine, or shipped.

    Raises UserError where there is none, and as `VoicePackage.load`."""
    none = "There is none yet: `crossreel voice add NAME --reference FILE --consent FILE`."
    return VoicePackage.load(SHELF.folder(name_or_path, base, none=none))


# ---- adding


def add(sheet: Sheet, samples: Samples, rate: int, consent: Consent, place: Path, *, replacing: bool = False) -> VoicePackage:
    """Keep a cleaned reference (mono [n] at `rate` Hz) and its consent as a package in the folder `place`.

    The consent is kept with the reference's SHA-256; nobody else on the machine can read either. Nothing half-made is ever seen.
    Raises UserError where the folder exists and is not to be replaced or is no voice, or can't be written.
    """

    def own(folder: Path) -> bool:
        return (folder / SHEET).is_file()

    with SHELF.making(sheet.name, place, replacing=replacing, kind="voice", own=own) as made:
        write_wav(made / REFERENCE, samples, rate)
        SHELF.write(made, sheet.model_copy(update={"references": (REFERENCE,), "consent": CONSENT}), consent, REFERENCE)
    return VoicePackage.load(place / sheet.name)
