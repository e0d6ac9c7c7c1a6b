"""Speech taken apart by WORLD (pitch, envelope, breath), and put together again.

Envelopes are kept in dB at `GRID`, points a mel apart: a frame of speech in 96 numbers, near enough for a synthesis that
nobody tells from the full one, and small enough to hold the frames of a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

RATE = 48000  # Hz of all sound here
HOP = 0.005  # s between frames
BINS = 2048  # of the transform
LOWEST, HIGHEST = 60.0, 550.0  # Hz, where a voice is looked for
PERIODIC = 0.5  # of a frame with itself a period later, below which nobody hears a voice
SHORTEST = 4  # frames of a voice
SILENCE = 1e-12


def mel(hertz: float) -> float:
    return float(1127 * np.log1p(hertz / 700))


GRID: Array = 700 * np.expm1(np.linspace(0, mel(RATE / 2), 96) / 1127)  # Hz
_HERTZ: Array = np.arange(BINS // 2 + 1) * RATE / BINS
_WIDTH: Array = np.gradient(GRID)


@dataclass(frozen=True)
class Spectra:
    """Speech in frames, HOP apart: pitch in Hz (0 where unvoiced) [n], envelope in dB at GRID [n, 96], breath (coded
    aperiodicity in dB) [n, 5], level in dB [n]."""

    pitch: Array
    envelope: Array
    breath: Array
    level: Array

    @property
    def voiced(self) -> Mask:
        return np.asarray(self.pitch > 0)

    def heard(self, below: float) -> Mask:
        """Where the level is no more than so many dB under the loud frames'."""
        return np.asarray(self.level > np.percentile(self.level, 98) - below) if len(self.level) else np.zeros(0, bool)


def power(envelope: Array) -> Array:
    """The level in dB [n] of envelopes [n, 96]."""
    return np.asarray(10 * np.log10((10 ** (envelope / 10) * _WIDTH).sum(1) + SILENCE))


def analyse(samples: Samples, *, breath: bool) -> Spectra:
    """Take mono speech [n] at RATE apart. `breath` measures the aperiodicity, which is half of the work; without, all is breath."""
    import pyworld

    # Digital silence has no logarithm, and WORLD's estimates of it wander.
    sound = samples.astype(np.float64) + np.random.default_rng(1).standard_normal(len(samples)) * 1e-6
    pitch, time = _pitch(sound)
    full = pyworld.cheaptrick(sound, pitch, time, RATE, fft_size=BINS)
    if breath:
        coded = pyworld.code_aperiodicity(pyworld.d4c(sound, pitch, time, RATE, fft_size=BINS), RATE)
    else:
        coded = np.zeros((len(pitch), pyworld.get_num_aperiodicities(RATE)))
    envelope = 10 * np.log10(full @ _analysis() + SILENCE)
    return Spectra(pitch, envelope, coded, power(envelope))


def _pitch(sound: Array) -> tuple[Array, Array]:
    """Pitch in Hz, 0 where there is none [n], and the time of each frame in s [n].

    A quick tracker finds where about the voice is, for it halves the pitch now and then; the careful one looks only there, so
    that it can neither halve nor double it, nor take a creak for a voice of its own.
    """
    import pyworld

    low, lower = _slower(sound, 3), _slower(sound, 6)
    rough, _ = pyworld.dio(lower, RATE // 6, LOWEST, HIGHEST, frame_period=HOP * 1000)
    middle = float(np.median(rough[rough > 0])) if (rough > 0).any() else 150.0
    pitch, time = pyworld.harvest(lower, RATE // 6, max(0.58 * middle, 50.0), min(2.2 * middle, 700.0), HOP * 1000)
    pitch = pyworld.stonemask(low, pitch, time, RATE // 3)
    return np.where(_lasting((pitch > 0) & (periodic(low, RATE // 3, pitch) > PERIODIC)), pitch, 0.0), time


def periodic(sound: Array, rate: int, pitch: Array) -> Array:
    """How alike 20 ms around each frame are to themselves a period later: 1 for a perfect period, 0 where there is no pitch [n].

    The tracker bridges consonants with a pitch of its own making, which would be heard as a voice in every s.
    """
    width = round(0.020 * rate)
    lag = np.round(rate / np.maximum(pitch, LOWEST / 2)).astype(np.intp)
    start = np.round(np.arange(len(pitch)) * HOP * rate).astype(np.intp) - (width + lag) // 2
    padded = np.pad(sound, rate // 10)
    first = (start + rate // 10)[:, None] + np.arange(width)
    here, later = (padded[np.clip(at, 0, len(padded) - 1)] for at in (first, first + lag[:, None]))
    alike = (here * later).sum(1) / np.sqrt((here**2).sum(1) * (later**2).sum(1) + SILENCE)
    return np.asarray(np.where(pitch > 0, alike, 0.0))


def _lasting(mask: Mask) -> Mask:
    """Without the runs of a frame or two or three."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    kept = np.zeros(len(mask), bool)
    for start, end in edges.reshape(-1, 2):
        kept[start:end] = end - start >= SHORTEST
    return kept


def synthesise(pitch: Array, envelope: Array, breath: Array, count: int) -> Samples:
    """Sound of `count` samples at RATE from pitch [n], envelope [n, 96] and breath [n, 5]."""
    import pyworld

    full = 10 ** (envelope @ _synthesis() / 10)
    noise = pyworld.decode_aperiodicity(np.ascontiguousarray(breath), RATE, BINS)
    sound = pyworld.synthesize(np.ascontiguousarray(pitch), full, noise, RATE, HOP * 1000)[:count]
    return np.pad(sound, (0, count - len(sound))).astype(np.float32)


def _slower(sound: Array, factor: int) -> Array:
    """At a fraction of the rate, each sample at the same moment. A third and a sixth hold every harmonic that tells the pitch."""
    count = -(-len(sound) // (2 * factor)) * 2
    spectrum = np.fft.rfft(sound, count * factor)
    return np.asarray(np.fft.irfft(spectrum[: count // 2 + 1], count) / factor)


@cache
def _analysis() -> Array:
    """[1025, 96]: the mean power around each point of GRID; between bins, a line."""
    weights = np.stack([np.interp(GRID, _HERTZ, row) for row in np.eye(len(_HERTZ))])
    for k in range(1, len(GRID) - 1):
        inside = ((GRID[k - 1] + GRID[k]) / 2 < _HERTZ) & ((GRID[k] + GRID[k + 1]) / 2 > _HERTZ)
        if inside.sum() > 1:
            weights[:, k] = inside / inside.sum()
    return weights


@cache
def _synthesis() -> Array:
    """[96, 1025]: dB of the points drawn to all bins."""
    return np.stack([np.interp(_HERTZ, GRID, row) for row in np.eye(len(GRID))])
