"""The speaker's own clean speech out of a video's sound."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from localize import languages
from localize.assets import ASSETS
from localize.dub import Sentence, Talk
from localize.dub.original import LONGEST, NEEDED, best
from localize.errors import UserError
from localize.media.pcm import read_audio
from localize.voice import VoiceStyle
from localize.voice.espeak import EspeakVoice

RATE = 48_000
TEXTS = (
    "This serum is light, and it sinks in at once, so you can use it every single morning.",
    "Would you like to try it at home, before you go to work, or in the evening after a shower?",
    "It costs only nineteen dollars today, and we send it to your door within two working days.",
)

pytestmark = pytest.mark.skipif(bool(EspeakVoice().missing()), reason=EspeakVoice().missing() or "ready")


@cache
def spoken(text: str, gender: str = "male") -> np.ndarray:
    language = languages.get("en")
    return EspeakVoice().speak(language.read(text), language, VoiceStyle(gender=gender)).samples


def video(*parts: tuple[str, int, np.ndarray], gap: float = 0.8) -> tuple[np.ndarray, Talk]:
    """A sound with sentences (text, speaker, what is heard), a pause before each, and faint noise; and its talk."""
    pieces, sentences, now = [], [], 0.0
    for text, speaker, sound in parts:
        pieces += [np.zeros(round(gap * RATE), np.float32), sound]
        start = now + gap
        now = start + len(sound) / RATE
        sentences.append(Sentence(text=text, start=start, end=now, speaker=speaker))
    samples = np.concatenate([*pieces, np.zeros(RATE, np.float32)])
    samples = samples + np.random.default_rng(1).normal(0, 1e-4, len(samples)).astype(np.float32)
    return samples, Talk(language="en", sentences=tuple(sentences), origin="x", speakers=1 + max(s.speaker for s in sentences))


def noisy(sound: np.ndarray, level: float = 0.08) -> np.ndarray:
    return sound + np.random.default_rng(2).normal(0, level, len(sound)).astype(np.float32)


def with_music(sound: np.ndarray) -> np.ndarray:
    bed = np.tile(read_audio(ASSETS / "music" / "elegant.ogg", RATE), 2)[: len(sound)]
    return (sound + 0.5 * bed).astype(np.float32)


def test_clean_stretches_of_the_speaker_are_joined_with_their_words() -> None:
    samples, talk = video(*((text, 0, spoken(text)) for text in TEXTS))
    chosen = best(samples, RATE, talk)
    assert chosen.text == " ".join(TEXTS)
    assert chosen.spans == tuple((pytest.approx(s.start, abs=0.1), pytest.approx(s.end, abs=0.1)) for s in talk.sentences)
    assert chosen.rate == RATE
    assert chosen.snr > 20
    assert NEEDED < len(chosen.samples) / RATE < 25
    assert np.abs(chosen.samples).max() <= 1.0


def test_noise_music_and_other_people_are_left_out() -> None:
    extra = "And here is one more thing that I want to tell you about, since many of you have asked me for it."
    samples, talk = video(
        (TEXTS[0], 0, spoken(TEXTS[0])), (TEXTS[1], 0, noisy(spoken(TEXTS[1]))), (extra, 1, spoken(extra, "female")),
        (TEXTS[2], 0, with_music(spoken(TEXTS[2]))), (extra, 0, spoken(extra)),
    )  # fmt: skip
    chosen = best(samples, RATE, talk)
    assert chosen.text == f"{TEXTS[0]} {extra}"
    assert [round(a) for a, _ in chosen.spans] == [round(talk.sentences[n].start) for n in (0, 4)]


def test_sentences_close_together_are_one_stretch_of_twelve_seconds_at_most() -> None:
    samples, talk = video(*((text, 0, spoken(text)) for text in TEXTS), gap=0.2)
    spans = best(samples, RATE, talk).spans
    assert len(spans) == 2
    assert all(end - start < LONGEST + 0.2 for start, end in spans)


def test_too_little_clean_speech_is_told_with_what_to_do() -> None:
    samples, talk = video((TEXTS[0], 0, spoken(TEXTS[0])), (TEXTS[1], 0, noisy(spoken(TEXTS[1]))))
    with pytest.raises(UserError, match=r"only [345]\.\d s of clean speech of the speaker were found.*1 of 2 stretches: noise") as told:
        best(samples, RATE, talk)
    assert "--voice NAME" in str(told.value)
    with pytest.raises(UserError, match=r"only 0\.0 s of clean speech of speaker 2"):
        best(samples, RATE, talk.model_copy(update={"speakers": 2}), speaker=1)
