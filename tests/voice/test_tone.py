"""The tone of a whole recording, and bringing another sound to it."""

from __future__ import annotations

import numpy as np

from localize.voice.converters import tone
from localize.voice.converters.spectra import RATE, Samples


def noise(seconds: float = 2.0, seed: int = 0) -> Samples:
    return (np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * 0.05).astype(np.float32)


def darker(sound: Samples, by: float = 6.0) -> Samples:
    """With `by` dB an octave less above 500 Hz."""
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    gain = (np.maximum(hertz, 500) / 500) ** (-by / 6.02)
    return np.fft.irfft(np.fft.rfft(sound) * gain, len(sound)).astype(np.float32)


def test_white_noise_has_a_level_curve() -> None:
    curve = tone.curve(noise())
    assert curve.shape == (tone.BANDS,)
    assert np.ptp(curve[10:]) < 2  # the lowest bands are a bin or two of noise


def test_most_of_the_difference_in_tone_is_gone() -> None:
    wanted = tone.curve(darker(noise(seed=1), 3))
    before, after = (tone.curve(s) - wanted for s in (noise(), tone.toned(noise(), wanted)))
    inner = slice(10, 45)
    spread = [np.ptp(d[inner]) for d in (before, after)]
    assert spread[0] > 8
    assert spread[1] < 0.35 * spread[0]


def test_a_difference_without_end_is_not_followed() -> None:
    wanted = tone.curve(noise()) + np.where(np.arange(tone.BANDS) % 20 < 10, 40.0, -40.0)
    change = tone.curve(tone.toned(noise(), wanted)) - tone.curve(noise())
    assert np.ptp(change) < 2 * tone.FURTHEST + 1


def test_above_what_recordings_hold_the_sound_is_changed_as_just_below() -> None:
    wanted = tone.curve(noise())
    wanted[-8:] -= 60  # a recording at 16 kHz
    change = tone.curve(tone.toned(noise(), wanted)) - tone.curve(noise())
    assert np.abs(change[-8:]).max() < 1


def test_nothing_moves_in_time() -> None:
    click = np.zeros(RATE, np.float32)
    click[20000] = 0.5
    toned = tone.toned(click, tone.curve(darker(noise(), 3)))
    assert int(np.abs(toned).argmax()) == 20000
    assert len(toned) == len(click)


def test_peaks_are_held_down_to_what_is_wanted_and_no_further_than_may_be() -> None:
    sound = noise()
    sound[:: RATE // 3] *= 40
    before = tone.crest(sound)
    wanted = before - 3
    evened = tone.evened(sound, wanted)
    assert wanted - 0.5 < tone.crest(evened) < wanted + tone.ENOUGH + 0.2
    far = tone.evened(sound, 0.0)
    assert 20 * np.log10(np.abs(sound).max() / np.abs(far).max()) < tone.MOST + 0.5
    quiet = slice(RATE // 10, RATE // 5)  # far from any peak
    np.testing.assert_array_equal(evened[quiet], sound[quiet])


def test_what_is_even_already_stays_as_it_is() -> None:
    sound = noise()
    np.testing.assert_array_equal(tone.evened(sound, tone.crest(sound) + 1), sound)


def test_silence_has_no_peaks() -> None:
    silence = np.zeros(RATE, np.float32)
    assert tone.crest(silence) == 0
    np.testing.assert_array_equal(tone.evened(silence, 10.0), silence)
