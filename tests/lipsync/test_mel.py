"""Wav2Lip's spectrogram against its recipe in plain loops."""

from __future__ import annotations

import math

import film
import numpy as np
import pytest

from localize.lipsync.mel import mel

SOUND = film.speech(0.6) + np.random.default_rng(0).normal(0, 1e-4, 9600).astype(np.float32)


def column(k: int) -> list[float]:
    """One column of the recipe: pre-emphasis, 800 samples by Hann's window, Fourier, Slaney's triangles, decibels, range."""
    lifted = [float(x) - (0.97 * float(SOUND[n - 1]) if n else 0.0) for n, x in enumerate(SOUND)]
    window = []
    for n in range(800):
        at = abs(200 * k - 400 + n)
        window.append((lifted[at] if at < len(lifted) else 0.0) * (0.5 - 0.5 * math.cos(2 * math.pi * n / 800)))
    turns = np.exp(-2j * np.pi * np.outer(np.arange(401), np.arange(800)) / 800)
    strength = np.abs(turns @ np.array(window))

    def to_mel(f: float) -> float:
        return f / (200 / 3) if f < 1000 else 15 + math.log(f / 1000) / (math.log(6.4) / 27)

    def to_hertz(m: float) -> float:
        return m * 200 / 3 if m < 15 else 1000 * math.exp((m - 15) * math.log(6.4) / 27)

    low, high = to_mel(55), to_mel(7600)
    edges = [to_hertz(low + (high - low) * i / 81) for i in range(82)]
    out = []
    for i in range(80):
        left, peak, right = edges[i : i + 3]
        total = 0.0
        for b in range(401):
            f = b * 20
            share = (f - left) / (peak - left) if f <= peak else (right - f) / (right - peak)
            total += max(0.0, share) * 2 / (right - left) * strength[b]
        decibels = 20 * math.log10(max(1e-5, total)) - 20
        out.append(min(4.0, max(-4.0, 8 * (decibels + 100) / 100 - 4)))
    return out


@pytest.mark.parametrize("k", [0, 1, 7, 30, 44])
def test_a_column_is_the_recipes(k: int) -> None:
    assert mel(SOUND, k, k + 1)[:, 0] == pytest.approx(column(k), abs=2e-4)


def test_pieces_are_those_of_the_whole_and_after_the_end_there_is_silence() -> None:
    whole = mel(SOUND, 0, 60)
    assert whole.shape == (80, 60)
    assert np.allclose(np.concatenate([mel(SOUND, a, a + 15) for a in range(0, 60, 15)], axis=1), whole, atol=1e-5)
    assert (whole[:, 51:] == -4).all()
    assert whole[:, 5:40].max() > 0
