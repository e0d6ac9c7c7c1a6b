"""Loudness in memory is what ffmpeg finds in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from encodes import speech_like

from localize.media import metering, pcm
from localize.media.pcm import RATE, Samples


def test_loudness_is_that_of_a_known_tone(tmp_path: Path) -> None:
    """A stereo 997 Hz sine that peaks at -18 dBFS is -18 LUFS (EBU Tech 3341, case 1, at another level)."""
    tone = np.sin(2 * np.pi * 997 * np.arange(4 * RATE) / RATE).astype(np.float32) * 10 ** (-18 / 20)
    pcm.write_wav(tmp_path / "tone.wav", np.stack([tone, tone], axis=1))
    level = metering.loudness(tmp_path / "tone.wav")
    assert level.integrated == pytest.approx(-18.0, abs=0.2)
    assert level.true_peak == pytest.approx(-18.0, abs=0.3)


def sounds() -> dict[str, Samples]:
    """What a meter can get wrong: pauses (both gates), peaks between samples, one side only, short, noise, longer than a block."""
    t = np.arange(6 * RATE) / RATE
    between = (np.sin(2 * np.pi * RATE / 4 * t + np.pi / 4) * 0.7 * np.minimum(1, 10 * t)).astype(np.float32)
    noise = (np.random.default_rng(3).standard_normal((5 * RATE, 2)) * 0.1).astype(np.float32)
    paused = speech_like(9, pauses=((0, 1.5), (4, 7.2)), level=0.4)
    paused[:RATE] += 0.003 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
    return {
        "voice": speech_like(6), "paused": paused, "between": between, "noise": noise, "long": speech_like(31, level=0.1),
        "left": np.stack([speech_like(4), np.zeros(4 * RATE, np.float32)], axis=1), "short": speech_like(0.7),
        "low": (np.sin(2 * np.pi * 45 * t) * 0.5).astype(np.float32),
    }  # fmt: skip


@pytest.mark.parametrize("name", sounds())
def test_sound_in_memory_is_measured_as_ffmpeg_measures_its_file(tmp_path: Path, name: str) -> None:
    samples = sounds()[name]
    both = samples if samples.ndim == 2 else np.stack([samples, samples], axis=1)
    pcm.write_wav(tmp_path / "a.wav", both)
    ours, theirs = metering.measured(samples), metering.loudness(tmp_path / "a.wav")
    assert ours.integrated == pytest.approx(theirs.integrated, abs=0.1)
    assert ours.true_peak == pytest.approx(theirs.true_peak, abs=0.2)
