"""Loudness metering by EBU R128: of a file by ffmpeg, of samples in memory by ITU-R BS.1770-4."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ffmpeg
import numpy as np
import numpy.typing as npt

from localize.media.command import MediaError, file, run
from localize.media.pcm import BLOCK, RATE, Samples

MARGIN = 1 << 13  # samples on both sides of what a block is filtered for
Response = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class Loudness:
    """EBU R128: integrated loudness in LUFS and true peak in dBTP."""

    integrated: float
    true_peak: float


def loudness(path: str | Path) -> Loudness:
    """Measure a file's first audio stream by ffmpeg's ebur128."""
    graph = ffmpeg.input(file(path)).audio.filter("ebur128", peak="true", framelog="quiet").output("pipe:", format="null")
    report = run(graph, f"measuring the loudness of {path}").decode("utf-8", "replace")
    summary = report[report.rfind("Summary:") :]
    integrated = re.search(r"I:\s+(-?[\d.]+|-inf) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+|-inf) dBFS", summary)
    if not integrated or not peak:
        raise MediaError(f"measuring the loudness of {path} failed: no summary")
    return Loudness(float(integrated.group(1)), float(peak.group(1)))


def measured(samples: Samples) -> Loudness:
    """The loudness of 48 kHz samples [n] or [n, 2] as `loudness` finds it in a file, within 0.1 LU: by ITU-R BS.1770-4."""
    square, peaks = looked(channels(samples))
    return Loudness(gated(square), _decibels(float(peaks.max(initial=0.0))))


def integrated(samples: Samples) -> float:
    """The loudness of 48 kHz samples [n] or [n, 2] in LUFS, as `measured` has it; -inf for silence."""
    return _integrated(channels(samples))


def leveled(samples: Samples, to: float) -> Samples:
    """Samples [n] or [n, 2] at an integrated loudness in LUFS; silence stays as it is."""
    level = integrated(samples)
    return samples * np.float32(ratio(to - level)) if np.isfinite(level) else samples


def ratio(decibels: float) -> float:
    """What an amplitude is multiplied by to be so many decibels higher."""
    return float(10 ** (decibels / 20))


def _decibels(amplitude: float) -> float:
    return float(20 * np.log10(amplitude)) if amplitude > 0 else -np.inf


def channels(samples: Samples) -> Samples:
    """[n] or [n, 2] as [2, n]: mono is heard from both sides."""
    return samples.T if samples.ndim == 2 else np.broadcast_to(samples, (2, len(samples)))


def _filtered(x: Samples, responses: list[Response]) -> Iterator[tuple[slice, list[Samples]]]:
    """Sound [2, n] through filters given by their responses at a block's frequencies: where, and what each filter makes of it."""
    step = BLOCK - 2 * MARGIN
    for start in range(0, x.shape[1], step):
        piece = np.zeros((2, BLOCK), np.float32)
        left, right = max(0, start - MARGIN), min(x.shape[1], start + step + MARGIN)
        piece[:, left - start + MARGIN : right - start + MARGIN] = x[:, left:right]
        spectrum = np.fft.rfft(piece)
        length = min(step, x.shape[1] - start)
        made = [np.fft.irfft(spectrum * r, BLOCK).astype(np.float32, copy=False) for r in responses]
        yield np.s_[start : start + length], [m[:, MARGIN : MARGIN + length] for m in made]


@cache
def _k_weighting() -> Response:
    """BS.1770's shelf for the head and its high pass, by their coefficients for 48 kHz."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(BLOCK))
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (1 - 1.69065929318241 * z + 0.73248077421585 * z**2)
    rumble = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(shelf * rumble, np.complex64)


@cache
def _between() -> tuple[Response, ...]:
    """What moves a sound by a quarter, a half and three quarters of a sample: peaks between samples count."""
    f = np.fft.rfftfreq(BLOCK)
    return tuple(np.exp(2j * np.pi * f * part).astype(np.complex64) for part in (0.25, 0.5, 0.75))


def _integrated(x: Samples) -> float:
    """LUFS of [2, n] at 48 kHz; -inf for silence."""
    square = np.empty(x.shape[1], np.float32)
    for where, (weighted,) in _filtered(x, [_k_weighting()]):
        square[where] = (weighted**2).sum(axis=0)
    return gated(square)


def gated(square: Samples) -> float:
    """LUFS of the squares of K-weighted sound [n], gated at -70 LUFS and 10 LU under the mean; -inf for silence."""
    tenth = RATE // 10
    if len(square) < 4 * tenth:
        power = square.mean(keepdims=True, dtype=np.float64) if len(square) else np.zeros(1)
    else:
        cells = square[: len(square) // tenth * tenth].reshape(-1, tenth).mean(axis=1, dtype=np.float64)
        power = (cells[:-3] + cells[1:-2] + cells[2:-1] + cells[3:]) / 4
    power = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(power):
        return -np.inf
    return float(-0.691 + 10 * np.log10(power[power > power.mean() / 10].mean()))


def looked(x: Samples) -> tuple[Samples, Samples]:
    """The squares of [2, n], K-weighted, and the true peak at each sample, the highest of it and of three points between it and the
    next: [n] each, by one pass of filters."""
    square, highest = np.empty(x.shape[1], np.float32), np.zeros(x.shape[1], np.float32)
    for where, (weighted, *moved) in _filtered(x, [_k_weighting(), *_between()]):
        square[where] = (weighted**2).sum(axis=0)
        for part in (x[:, where], *moved):
            np.maximum(highest[where], np.abs(part).max(axis=0), out=highest[where])
    return square, highest
