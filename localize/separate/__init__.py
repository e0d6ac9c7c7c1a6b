"""Separation: sound in, the same without its voices out. A dub takes the place of the speech and leaves music and noises as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from localize.engines import Engine
from localize.media.mapped import blank, let_go

Samples = npt.NDArray[np.float32]
Voices = Callable[[Samples], Samples]  # of a window of sound [n, channels] what of it is voices, of the same shape

CONTEXT = 1.0  # s on both sides of a stretch: a model hears worst where its window ends
SHARE = 0.25  # of a window that it has in common with the next, in which the one fades into the other


class Separator(Engine, Protocol):
    def background(self, samples: Samples, rate: int, stretches: Sequence[tuple[float, float]]) -> Samples:
        """The sound [n, channels] without voices, of the same shape and time, on a temporary file. It is meant to be heard within the
        stretches (start, end in s) alone; elsewhere it is silence. `samples` may lie on a file, too. Raises NotReady without its model.
        """
        ...


def without(voices: Voices, samples: Samples, rate: int, stretches: Sequence[tuple[float, float]], longest: float) -> Samples:
    """See `Separator.background`, for a model that hears up to `longest` seconds at once. One window is held at a time, so memory does
    not grow with the sound's length."""
    out = blank(len(samples), samples.shape[1])
    for start, end in _grown(stretches, rate, len(samples)):
        done = start
        for begin, stop, fade in _windows(start, end, round(longest * rate)):
            heard = np.array(samples[begin:stop], np.float32)
            out[done:stop] = samples[done:stop]
            out[begin:stop] -= voices(heard) * _weights(stop - begin, fade, begin > start, stop < end)[:, None]
            done = stop
            let_go(out)
            let_go(samples)
    return out


def _grown(stretches: Sequence[tuple[float, float]], rate: int, length: int) -> Iterator[tuple[int, int]]:
    """The stretches in samples with their context, in order; those that meet are one."""
    begin = stop = -1
    for start, end in sorted(stretches):
        first, last = max(0, round((start - CONTEXT) * rate)), min(length, round((end + CONTEXT) * rate))
        if first <= stop:
            stop = max(stop, last)
            continue
        if stop > begin:
            yield begin, stop
        begin, stop = first, last
    if stop > begin:
        yield begin, stop


def _windows(start: int, end: int, longest: int) -> Iterator[tuple[int, int, int]]:
    """Windows of about equal length that cover a stretch: (start, end, what it has in common with each neighbour), in samples."""
    length = end - start
    fade = round(longest * SHARE)
    count = 1 if length <= longest else -(-(length - fade) // (longest - fade))
    each = -(-(length + (count - 1) * fade) // count)
    for k in range(count):
        begin = start + k * (each - fade)
        yield begin, min(begin + each, end), fade


def _weights(length: int, fade: int, after: bool, before: bool) -> Samples:
    """How much of a window counts [length]: it comes and goes where it has a neighbour, so that all weights of a sample sum to 1."""
    weights = np.ones(length, np.float32)
    ramp = (np.arange(fade, dtype=np.float32) + 0.5) / np.float32(fade)
    if after:
        weights[: min(fade, length)] = ramp[:length]
    if before:
        weights[-fade:] = ramp[::-1]
    return weights
