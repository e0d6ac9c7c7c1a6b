"""Mixing and mastering: speech over music that makes room for it, brought to the platforms' loudness under a true-peak limiter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from localize.media.metering import channels, gated, leveled, looked, ratio
from localize.media.pcm import BLOCK, RATE, Samples

LOUDNESS = -14.0  # LUFS integrated
# AAC moves peaks by a few tenths: the mix is limited a little below the -1.5 dBTP that the finished file keeps.
PEAK = -2.4  # dBTP
VOICE, BED = -20.0, -26.0  # LUFS of speech and of a bed alone while they are mixed
DUCK = 10.0  # dB that a bed goes down by while somebody speaks
REACH = 6  # ms on both sides of one that its gain and the next one's depend on


def mix(speech: Samples, bed: Samples | None = None, effects: Samples | None = None, under: Samples | None = None) -> Samples:
    """Mix speech [n] with a bed [m, 2] at `BED`, looped and ducked, with `effects` [n, 2] as they are, and with what lies `under` the
    speech [n, 2], ducked: [n, 2] at `RATE`.

    The speech is brought to `VOICE` first, so that all else stands to every voice alike. What is ducked drops by `DUCK` a moment
    before somebody speaks and comes back within half a second; the bed fades out at the end.
    """
    n = len(speech)
    voice = leveled(speech, VOICE)
    out = np.repeat(voice[:, None], 2, axis=1)
    looped = bed is not None and len(bed) > 0
    gain = _ducked(voice) if looped or under is not None else np.ones(0, np.float32)
    if under is not None:
        out += under * gain[:, None]
    if bed is not None and looped:
        last = min(n, round(0.8 * RATE))
        gain[n - last :] *= np.linspace(1, 0, last, dtype=np.float32)
        for start in range(0, n, len(bed)):
            part = gain[start : start + len(bed), None]
            out[start : start + len(bed)] += bed[: len(part)] * part
    if effects is not None:
        out += effects
    return out


def master(mixed: Samples) -> Samples:
    """Bring a mix [n, 2] to `LOUDNESS` by one gain and a true-peak limiter at `PEAK`. A second look gives back what limiting took."""
    both = channels(mixed)
    square, peaks = looked(both)
    level = gated(square)
    if not np.isfinite(level):
        return mixed
    gain = LOUDNESS - level
    for _ in range(4):
        curve, applied = _limiting(peaks, ratio(PEAK - gain)), gain
        # The curve is slow beside what is weighted: the weighted sound, limited, is as loud as the limited sound, weighted.
        missing = LOUDNESS - gain - gated(square * curve**2)
        if abs(missing) <= 0.02:
            break
        gain += missing
    curve *= np.float32(ratio(applied))
    return np.ascontiguousarray((both * curve).T)


def _ducked(voice: Samples) -> Samples:
    """A bed's gain at each sample under a voice [n]: down before a word, up after the pause behind it."""
    cell = RATE // 100
    power = np.add.reduceat(voice**2, np.arange(0, len(voice), cell)).astype(np.float64) / cell
    heard = 10 * np.log10(power + 1e-12)
    # A voice is there from 30 dB under its own loud parts on, and fully 10 dB above that.
    speaking = np.clip((heard - (np.percentile(heard, 95) - 30)) / 10, 0, 1) if power.max() > 1e-9 else np.zeros(len(heard))
    # The highest of the next 80 ms and of the last 250: gaps between words are no pauses, and the bed is down when a word begins.
    around = np.lib.stride_tricks.sliding_window_view(np.pad(speaking, (25, 8)), 34).max(axis=1)
    bell = np.hanning(21)[1:-1]
    eased = np.convolve(np.pad(around, 9, mode="edge"), bell / bell.sum(), mode="valid")
    return _each_sample(10 ** (-DUCK * eased / 20), cell, len(voice))


def _limiting(peaks: Samples, ceiling: float) -> Samples:
    """The gain at each sample that keeps true peaks [n] under a ceiling: down within 4 ms ahead of a peak, back in about 80."""
    cell = RATE // 1000
    highest = np.maximum.reduceat(peaks, np.arange(0, len(peaks), cell))
    return _each_sample(limits(highest, ceiling), cell, len(peaks))


def limits(highest: npt.NDArray[Any], ceiling: float) -> npt.NDArray[np.float64]:
    """The gain in each millisecond that keeps its highest peak [n] under a ceiling: [n]."""
    return next(limits_by_parts([highest], ceiling))[1:-1]


def limits_by_parts(parts: Iterable[npt.NDArray[Any]], ceiling: float) -> Iterator[npt.NDArray[np.float64]]:
    """`limits` of peaks that come in parts [n], all but the last of `REACH` at least: for each its gains and those next to it on both
    sides, the outermost ones twice: [n + 2]. They are given as soon as the next part was taken."""
    before, here, now = np.ones(0), np.ones(0), 1.0
    for part in parts:
        ahead = _held(part, ceiling, now)
        now = float(ahead[-1])
        if len(here):
            yield _evened(before, here, ahead[:REACH])
        before, here = here[-REACH:], ahead
    if len(here):
        yield _evened(before, here, np.ones(0))


def _held(highest: npt.NDArray[Any], ceiling: float, now: float) -> npt.NDArray[np.float64]:
    """Gains that go down at once and come back slowly, from where they are `now`."""
    held = []
    for gain in np.minimum(1.0, ceiling / np.maximum(highest, 1e-9)).tolist():
        now = min(gain, now + (1 - now) * 0.035)
        held.append(now)
    return np.array(held)


def _evened(before: npt.NDArray[np.float64], here: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What is held `here` [n], smooth, and a cell more on both sides: [n + 2]."""
    held = np.concatenate([before, here, after])
    # Each is the lowest of the three on its sides, then the mean of five: no sample is left with more than its cell may have.
    lowest = np.lib.stride_tricks.sliding_window_view(np.pad(held, 3, constant_values=1.0), 7).min(axis=1)
    even = np.convolve(np.pad(lowest, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    return np.pad(even, 1, mode="edge")[len(before) : len(before) + len(here) + 2]


def _each_sample(values: npt.NDArray[np.float64], cell: int, n: int) -> Samples:
    """Values of cells of so many samples as a line through the cells' middles: [n]."""
    middles, out = np.arange(len(values)) * cell + cell / 2, np.empty(n, np.float32)
    for start in range(0, n, BLOCK):
        out[start : start + BLOCK] = np.interp(np.arange(start, min(n, start + BLOCK)), middles, values)
    return out
