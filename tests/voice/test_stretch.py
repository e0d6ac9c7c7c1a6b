"""A sound in another tempo: its length, its pitch, and its times move as they must."""

from __future__ import annotations

import numpy as np
import pytest

from localize.domain import Mouth, Word
from localize.voice import Sound
from localize.voice.stretch import SLOWEST, stretched, within

RATE = 48000


def beeps(*at: float, seconds: float = 2.0, pitch: float = 440.0) -> Sound:
    """A sound with a beep of 100 ms at each of the times, each a word of its own."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    for start in at:
        k = round(start * RATE)
        samples[k : k + RATE // 10] = 0.5 * np.sin(2 * np.pi * pitch * np.arange(RATE // 10) / RATE)
    words = tuple(Word(text=str(n), gap=" ", start=start, end=start + 0.1) for n, start in enumerate(at))
    return Sound(samples, RATE, words, (Mouth(shape="X", start=0, end=1.0), Mouth(shape="A", start=1.0, end=seconds)))


def loud(sound: Sound, start: float, end: float) -> float:
    piece = sound.samples[round(start * RATE) : round(end * RATE)]
    return float(np.sqrt(np.mean(piece**2)))


@pytest.mark.parametrize("tempo", [0.9, 0.95, 1.08, 1.15])
def test_words_are_heard_where_their_times_say(tempo: float) -> None:
    sound = stretched(beeps(0.3, 0.9, 1.5), tempo)
    assert sound.duration == pytest.approx(2.0 / tempo, abs=0.001)
    for word in sound.words:
        assert loud(sound, word.start + 0.01, word.end - 0.01) > 0.25
        assert loud(sound, word.end + 0.03, word.end + 0.1) < 0.05
    assert sound.mouths[0].end == sound.mouths[1].start == pytest.approx(1.0 / tempo)
    assert sound.mouths[-1].end == sound.duration


def test_the_pitch_stays() -> None:
    sound = stretched(Sound((0.5 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)).astype(np.float32), RATE), 1.15)
    middle = sound.samples[RATE // 5 : -RATE // 5]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * RATE / len(middle) == pytest.approx(220, abs=2)


def test_a_change_that_nobody_hears_changes_nothing() -> None:
    sound = beeps(0.3)
    assert stretched(sound, 1.005) is sound
    silent = Sound(np.zeros(0, np.float32), RATE)
    assert stretched(silent, 1.1) is silent


def test_no_tempo_beyond_what_sounds_natural() -> None:
    assert within(2.0) == 1.15
    assert within(0.5) == SLOWEST
    with pytest.raises(ValueError, match=r"0\.9\.\.1\.15"):
        stretched(beeps(0.3), 1.3)
