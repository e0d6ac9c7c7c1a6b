"""A mix is as loud as the platforms want, makes room for the voice, and lets no peak through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from encodes import encode, speech_like

from localize.media import metering, mixing, pcm
from localize.media.pcm import RATE, Samples


@pytest.fixture(scope="module")
def bed() -> Samples:
    """Three seconds of steady chords at 6 kHz and above, so that they can be told from the voice."""
    t = np.arange(3 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * f * t) for f in (6000, 7500, 9000))
    return metering.leveled(np.stack([chord, chord], axis=1).astype(np.float32), mixing.BED)


def rms(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(float) ** 2)) + 1e-9))


def high_band(samples: Samples) -> Samples:
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / RATE) < 5500] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


@pytest.mark.parametrize("level", [0.02, 0.3, 0.95])
@pytest.mark.parametrize("music", [True, False], ids=["with music", "without music"])
def test_a_mix_is_as_loud_as_the_platforms_want_and_never_clips(tmp_path: Path, bed: Samples, music: bool, level: float) -> None:
    speech = speech_like(6.5, pauses=((0, 0.4), (2.5, 3.0), (5.4, 6.5)), level=level)
    samples = mixing.master(mixing.mix(speech, bed if music else None))
    assert samples.shape == (round(6.5 * RATE), 2)
    assert samples.dtype == np.float32
    pcm.write_wav(tmp_path / "mix.wav", samples)
    clip = encode(tmp_path / "clip.mp4", 195, audio=tmp_path / "mix.wav")
    for path in (tmp_path / "mix.wav", clip):
        heard = metering.loudness(path)
        assert heard.integrated == pytest.approx(-14.0, abs=0.3)
        assert heard.true_peak <= -1.5


def test_how_loud_a_voice_was_recorded_changes_nothing(bed: Samples) -> None:
    loud, soft = (mixing.master(mixing.mix(speech_like(3, level=level), bed)) for level in (0.5, 0.05))
    assert np.abs(loud - soft).max() < 1e-3


def test_the_music_makes_room_for_the_voice_and_comes_back(bed: Samples) -> None:
    t = np.arange(8 * RATE) / RATE
    voice = (np.sin(2 * np.pi * 300 * t) * 0.3 * (0.4 + 0.6 * np.sin(np.pi * 5 * t) ** 2)).astype(np.float32)
    voice[: 2 * RATE] = 0
    voice[5 * RATE :] = 0
    heard = high_band(mixing.mix(voice, bed)[:, 0])
    before, first, under, after = (rms(heard[round(a * RATE) : round(b * RATE)]) for a, b in ((1, 1.8), (2.0, 2.1), (2.4, 4.9), (5.5, 7.0)))
    assert before - under == pytest.approx(mixing.DUCK, abs=0.5)
    assert first == pytest.approx(under, abs=1)  # it is down when the first word begins
    assert after == pytest.approx(before, abs=0.5)
    assert rms(heard[-480:]) < before - 20  # it ends faded, not cut


def test_what_lies_under_the_speech_is_ducked_like_music_and_not_looped() -> None:
    voice = speech_like(6, pauses=((0, 2), (4, 6)))
    t = np.arange(6 * RATE) / RATE
    hum = metering.leveled(np.sin(2 * np.pi * 3000 * t).astype(np.float32)[:, None].repeat(2, axis=1), -24.0)
    heard = (mixing.mix(voice, under=hum) - mixing.mix(voice))[:, 0]
    alone, below, after = (rms(heard[round(a * RATE) : round(b * RATE)]) for a, b in ((1, 1.8), (2.4, 3.9), (4.8, 6)))
    assert alone == pytest.approx(rms(hum[:, 0]), abs=0.1)
    assert alone - below == pytest.approx(mixing.DUCK, abs=0.5)
    assert after == pytest.approx(alone, abs=0.1)
    # With music beside it, each is as it would be alone.
    music = np.random.default_rng(1).normal(0, 0.02, (2 * RATE, 2)).astype(np.float32)
    both = mixing.mix(voice, music, None, hum)
    assert np.allclose(both - mixing.mix(voice, music), mixing.mix(voice, under=hum) - mixing.mix(voice), atol=1e-5)


def test_music_keeps_its_two_sides() -> None:
    t = np.arange(3 * RATE) / RATE
    left, right = np.sin(2 * np.pi * 500 * t), np.sin(2 * np.pi * 700 * t)
    out = mixing.master(mixing.mix(np.zeros(4 * RATE, np.float32), np.stack([left, right], axis=1).astype(np.float32)))
    assert abs(np.corrcoef(out.T)[0, 1]) < 0.05


def test_a_bed_is_looped_without_a_seam() -> None:
    t = np.arange(RATE) / RATE  # a second of whole periods
    tone = np.sin(2 * np.pi * 100 * t).astype(np.float32) * 0.1
    out = mixing.mix(np.zeros(4 * RATE, np.float32), np.stack([tone, tone], axis=1))[: 3 * RATE, 0]
    assert np.allclose(out, np.tile(tone, 3), atol=1e-6)


def test_silence_stays_silence() -> None:
    assert not mixing.master(mixing.mix(np.zeros(RATE, np.float32))).any()


def test_the_limiter_lets_no_peak_through_and_does_not_pump() -> None:
    """A few clicks on a soft tone: the tone is as loud half a second behind them as without."""
    t = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * 440 * t) * 0.05
    clicks = tone.copy()
    clicks[RATE::RATE] += 0.9
    gain = mixing._limiting(metering.looked(np.stack([clicks, clicks]).astype(np.float32) * 3)[1], 0.5)
    assert (np.abs(clicks * 3) * gain).max() <= 0.5001
    assert gain[RATE + RATE // 2] > 0.999
    assert gain[RATE - RATE // 50] > 0.999


@pytest.mark.parametrize("sizes", [(50,), (6, 44), (20, 6, 7, 16, 1), (49, 1), (30, 20)])
def test_peaks_that_come_in_parts_are_limited_as_at_once(sizes: tuple[int, ...]) -> None:
    peaks = np.random.default_rng(4).uniform(0.0, 1.4, 50)
    whole, at = np.pad(mixing.limits(peaks, 0.5), 1, mode="edge"), 0
    taken: list[int] = []

    def parts() -> Iterator[npt.NDArray[np.float64]]:
        for start, size in zip(np.cumsum((0, *sizes)), sizes, strict=False):
            taken.append(size)
            yield peaks[start : start + size]

    for number, gains in enumerate(mixing.limits_by_parts(parts(), 0.5), 1):
        assert len(taken) == min(number + 1, len(sizes))
        assert np.array_equal(gains, whole[at : at + sizes[number - 1] + 2])
        at += sizes[number - 1]
    assert at == 50


def test_a_voice_keeps_its_place_through_mix_and_encode(tmp_path: Path) -> None:
    speech = speech_like(2.0, pauses=((0, 0.7), (1.4, 2.0)))
    pcm.write_wav(tmp_path / "mix.wav", mixing.master(mixing.mix(speech)))
    video = encode(tmp_path / "clip.mp4", 60, audio=tmp_path / "mix.wav")
    heard = pcm.read_audio(video)[: len(speech)]
    spectrum = np.fft.rfft(heard, 1 << 18) * np.conj(np.fft.rfft(speech, 1 << 18))
    lag = int(np.argmax(np.fft.irfft(spectrum)))
    assert min(lag, (1 << 18) - lag) <= RATE // 1000


def test_sound_effects_are_laid_over() -> None:
    ding = np.zeros((3 * RATE, 2), np.float32)
    at = np.arange(round(2.4 * RATE), round(2.6 * RATE))
    ding[at, 0] = 0.2 * np.sin(2 * np.pi * 2000 * at / RATE)
    out = mixing.master(mixing.mix(speech_like(3, pauses=((2, 3),)), None, ding))
    assert rms(out[round(2.42 * RATE) : round(2.58 * RATE), 0]) > -30
    assert rms(out[round(2.42 * RATE) : round(2.58 * RATE), 1]) < -60
    assert rms(out[round(2.1 * RATE) : round(2.3 * RATE), 0]) < -60
