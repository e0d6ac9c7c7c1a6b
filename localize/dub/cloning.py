"""The voices of who speaks in a video: learned from it, kept as voice packages of this machine under their consent."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from localize import consent as consents
from localize.consent import Consent
from localize.domain import SourceVideo
from localize.dub import Talk, decoded, original
from localize.errors import UserError
from localize.media import mapped
from localize.media.pcm import Samples
from localize.store import digest, file_digest
from localize.voice import package as packages
from localize.voice.package import SHEET, Sheet, VoicePackage

VERSION = "1"  # raise it when the same video would give another voice
MOST = 2  # voices of a video: as many as a campaign has hosts
MAN = 165.0  # Hz of the median pitch below which a voice is taken for a man's


def home() -> Path:
    """Where they are kept: not among the voices that campaigns can name, as each is for dubs of its own video alone."""
    return packages.home().parent / "dub-voices"


def voices(video: SourceVideo, track: int, talk: Talk, consent: Consent, language: str) -> tuple[VoicePackage, ...]:
    """A package for each speaker of a video's talk as it was heard, in their order; those that are not there yet are learned from the
    video's clean stretches. What was learned under another consent, or under one that has ended, is removed.

    Raises Blocked where the consent does not cover the language today or names other recordings, UserError as `original.best` and for
    more speakers than there are hosts.
    """
    name = Path(video.video).name
    if consent.lack():
        _forget(video, ())
    consent.require(f"the voice of who speaks in {name}", language=language)
    if talk.speakers > MOST:
        raise UserError(
            f"{talk.speakers} people speak in {name}, and at most {MOST} voices of a video are learned: take a voice of "
            "`crossreel voice list`."
        )
    known = VERSION, file_digest(video.video), track, talk.sentences, consent.digest()
    names = [f"dub-{digest(*known, speaker)[:12]}" for speaker in range(talk.speakers)]
    missing = [n for n, own in enumerate(names) if not (home() / own / SHEET).is_file()]
    if missing:
        originals = packages.SHELF.originals(names[0], [Path(video.video)], consent)
        sound = decoded.decoded(Path(video.video), track)
        if sound is None:
            raise UserError(f"{name} has no sound, so there is no voice in it: take a voice of `crossreel voice list`.")
        mono = _mono(sound)
        for n in missing:
            _learn(names[n], mono, sound.rate, talk, n, video, consent, originals)
        _forget(video, names)
    return tuple(VoicePackage.load(home() / own) for own in names)


def _forget(video: SourceVideo, but: Sequence[str]) -> None:
    """Remove what was learned from a video, but these packages."""
    of = consents.file_digest(Path(video.video))
    for sheet in home().glob(f"*/{SHEET}"):
        made_from = consents.record(sheet, Sheet, "a voice package's sheet").made_from
        if of in made_from and sheet.parent.name not in but:
            shutil.rmtree(sheet.parent)


def _learn(
    name: str, mono: Samples, rate: int, talk: Talk, speaker: int, video: SourceVideo, consent: Consent, originals: tuple[str, ...]
) -> None:
    chosen = original.best(mono, rate, talk, speaker)
    pitch = chosen.figures.pitch
    sheet = Sheet(
        name=name, about=f"who speaks in {Path(video.video).name}" + (f", number {speaker + 1}" if talk.speakers > 1 else ""),
        gender="male" if 0 < pitch < MAN else "female", language=talk.language, references=("reference.wav",), transcript=chosen.text,
        made_from=originals, checks={"seconds": round(chosen.figures.seconds, 1), "snr": chosen.snr, "pitch": round(pitch)},
    )  # fmt: skip
    packages.add(sheet, chosen.samples, chosen.rate, consent, home())


def _mono(sound: decoded.Sound) -> Samples:
    """The channels' mean [n], on disk."""
    if sound.channels == 1:
        return sound.samples[:, 0]
    mono = mapped.blank(len(sound.samples), 1)[:, 0]
    for at in range(0, len(mono), decoded.BLOCK):
        mono[at : at + decoded.BLOCK] = sound.samples[at : at + decoded.BLOCK].mean(axis=1)
    return mono
