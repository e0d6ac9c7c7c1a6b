"""A model's way through speech of any length: in its own rate, in pieces it can bear, and out again at exactly the same length."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from localize.media.pcm import resampled
from localize.voice import Samples

LONGEST = 20  # s in one piece; memory grows with its length
CONTEXT = 1  # s before and behind a piece that the model hears, too
FADE = 0.01  # s over which a piece takes over from the last


def through(samples: Samples, rate: int, run: Callable[[Samples, int], Samples], hears: int, speaks: int, grain: int) -> Samples:
    """Speech [n] at `rate` Hz as a model makes it: at `speaks` Hz, of the same length to a sample.

    `run` takes a piece at `hears` Hz and its number, and gives as much at `speaks` Hz. It works in units of `grain` samples.
    """
    length = round(len(samples) * speaks / rate)
    source = resampled(samples, rate, hears)
    out = np.zeros(0, np.float32)
    fade = round(FADE * speaks)
    for number, (start, end) in enumerate(_pieces(source, hears, grain)):
        first, last = max(0, start - CONTEXT * hears // grain * grain), min(len(source), end + CONTEXT * hears)
        heard = source[first:last]
        said = run(np.pad(heard, (0, -len(heard) % grain)), number)
        if len(said) * hears < len(heard) * speaks:
            raise ValueError(f"{len(said)} samples at {speaks} Hz came of {len(heard)} at {hears} Hz")
        begin, stop = (start - first) * speaks // hears, (end - first) * speaks // hears + fade
        piece = said[begin:stop]
        if number:  # the last piece was taken longer by the fade
            ramp = np.linspace(0, 1, fade, dtype=np.float32)
            piece = np.concatenate([out[-fade:] * (1 - ramp) + piece[:fade] * ramp, piece[fade:]])
        out = np.concatenate([out[: len(out) - fade * (number > 0)], piece])
    return np.clip(np.pad(out[:length], (0, max(0, length - len(out)))), -1, 1).astype(np.float32)


def _pieces(source: Samples, rate: int, grain: int) -> Iterator[tuple[int, int]]:
    """Where pieces begin and end: each cut is where the last third of a piece is quietest."""
    start = 0
    while len(source) - start > LONGEST * rate:
        cell = max(grain, rate // 50 // grain * grain)
        low = (start + LONGEST * rate * 2 // 3) // grain * grain
        cells = [low + i * cell for i in range((start + LONGEST * rate - low) // cell)]
        end = min(cells, key=lambda at: float(np.square(source[at : at + cell]).sum())) + cell // 2 // grain * grain
        yield start, end
        start = end
    if len(source):
        yield start, len(source)
