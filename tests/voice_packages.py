"""A voice package for tests, made without a recording of anybody: the draft voice stands for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from localize import engines, languages
from localize.consent import Consent
from localize.voice import VoiceStyle, package


def make(
    folder: Path,
    *,
    languages_: Sequence[str] | str = "all",
    platforms: Sequence[str] | str = "all",
    until: date | None = None,
    gender: str = "female",
) -> Path:
    """A package in `folder` (its name is the folder's) with a reference of about 8 seconds and a consent to that scope."""
    voice, english = engines.get("voice", "espeak"), languages.get("en")
    text = "I read this aloud so that a voice can be made of mine, and I know what it is for. It takes about eight seconds to say."
    sound = voice.speak(english.read(text), english, VoiceStyle(gender=gender))  # type: ignore[attr-defined]
    sheet = package.Sheet.model_validate({
        "name": folder.name, "about": "nobody", "gender": gender, "language": "en", "references": ["reference.wav"], "transcript": text,
    })  # fmt: skip
    consent = Consent.model_validate({
        "who": "Nobody Example", "signed": "2026-01-02", "by": "a test", "languages": languages_, "platforms": platforms, "until": until,
    })  # fmt: skip
    return package.add(sheet, np.asarray(sound.samples, np.float32), sound.rate, consent, folder.parent).folder
