"""The spectrogram that Wav2Lip hears: 80 mels of 55 to 7600 Hz, 80 columns a second, from -4 (silence) to 4."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from localize.lipsync import Samples

RATE = 16_000  # Hz
WIDTH, HOP = 800, 200  # samples of a column's window, and from one to the next
COLUMNS = RATE // HOP  # a second
MELS, LOWEST, HIGHEST = 80, 55.0, 7600.0  # Hz
EMPHASIS = 0.97
FLOOR = 1e-5  # -100 dB
REFERENCE, RANGE, REACH = 20.0, 100.0, 4.0  # dB taken off, dB from bottom to top, what these become

Plane = npt.NDArray[np.float64]


def mel(sound: Samples, first: int, end: int) -> Samples:
    """Columns `first` to `end` of the spectrogram of a sound [n] at `RATE`, [80, end - first].

    Column k is centred on sample 200 k. Before its start the sound is mirrored, as where the model was trained; after its end
    there is silence. A column depends on the samples under it alone, so that the sound is read piece by piece.
    """
    at = np.abs(np.arange(first * HOP - WIDTH // 2, (end - 1) * HOP + WIDTH // 2))
    lifted = _sample(sound, at) - EMPHASIS * _sample(sound, at - 1)
    columns = np.lib.stride_tricks.sliding_window_view(lifted, WIDTH)[::HOP]
    strength = np.abs(np.fft.rfft(columns * _hann(), axis=1))
    db = 20 * np.log10(np.maximum(FLOOR, _filters() @ strength.T)) - REFERENCE
    return np.clip(2 * REACH * (db + RANGE) / RANGE - REACH, -REACH, REACH).astype(np.float32)


def _sample(sound: Samples, at: npt.NDArray[np.int64]) -> Plane:
    """Samples by their numbers, 0 where there is none."""
    there = (at >= 0) & (at < len(sound))
    out = np.zeros(len(at))
    out[there] = sound[at[there]]
    return out


@cache
def _hann() -> Plane:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WIDTH) / WIDTH)


@cache
def _filters() -> Plane:
    """Slaney's mel filters, triangles of equal area, [80, 401]."""
    lowest, highest = _mels(np.array([LOWEST, HIGHEST]))
    edges = _hertz(np.linspace(lowest, highest, MELS + 2))
    bins = np.arange(WIDTH // 2 + 1) * RATE / WIDTH
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    filters: Plane = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return filters


# Slaney's scale: even up to 1000 Hz (15 mels), beyond a factor of 6.4 in 27 mels.


def _mels(hertz: Plane) -> Plane:
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * np.log(np.maximum(hertz, 1000) / 1000) / np.log(6.4))


def _hertz(mels: Plane) -> Plane:
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) * (mels - 15) / 27))
