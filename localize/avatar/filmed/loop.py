"""How footage goes on when it is over: from its end to a beginning that looks the same, or backwards where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from localize.avatar.filmed.faces import Faces
from localize.avatar.filmed.source import FPS
from localize.domain import Model
from localize.pixels import Pixels

Floats = npt.NDArray[np.float64]
Opening = npt.NDArray[np.float32]  # [n]: how far the mouth is open in each frame, NaN without a face

LEAST = 4 * FPS  # frames of a loop
TRIED = 12  # pairs that are compared in full size
UNSEEN = 34.0  # dB: a seam as near as that is not seen, whatever the footage's own frames differ by
SHIFT = 0.02  # of the face's width that it may move at a seam, if it moves less elsewhere


class Loop(Model):
    """Frames from `start` to `stop` (not in it), again and again: `forward`, or there and back (`pingpong`).

    `psnr` in dB is that of the two frames that meet at the seam (the worst of those at a turn), `usual` the median of all frames
    and the ones behind them.
    """

    kind: Literal["forward", "pingpong"]
    start: int = Field(ge=0)
    stop: int = Field(ge=1)
    psnr: float
    usual: float

    def frame_at(self, k: int) -> int:
        """The footage's frame to show as the k-th, for any k from 0 on. Of two in a row, one always follows the other in the
        footage, or they meet at the seam."""
        count = self.stop - self.start
        if self.kind == "forward" or count < 2:
            return self.start + k % count
        k %= 2 * (count - 1)
        return self.start + min(k, 2 * (count - 1) - k)


def pairs(small: Sequence[Pixels], faces: Faces, opening: Opening) -> list[tuple[int, int]]:
    """The best pairs of frames (start, stop) for a loop, the best first: the frame `stop` would be looks like `start`, they are
    far apart, moved alike just before, and the mouth is rather shut."""
    count = len(small)
    least = max(LEAST, count // 2)
    if count <= least + 4:
        return []
    flat = np.stack([cv2.resize(s, (24, 24), interpolation=cv2.INTER_AREA) for s in small]).reshape(count, -1).astype(np.float32)
    squares = np.sum(flat**2, axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * flat @ flat.T, 0) / flat.shape[1])  # grey levels
    boxes = faces.boxes.astype(np.float64)
    width = boxes[:, 2] - boxes[:, 0]
    middle = np.stack([boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]], axis=1) / 2
    moved = np.linalg.norm(middle[:, None] - middle[None], axis=2) / np.nanmedian(width)
    grown = np.abs(np.log(width)[:, None] - np.log(width)[None])
    cost = np.nan_to_num(apart + 40 * moved + 40 * grown, nan=100.0)
    along = cost.copy()
    along[1:-1, 1:-1] = (cost[:-2, :-2] + cost[1:-1, 1:-1] + cost[2:, 2:]) / 3
    shut = np.nan_to_num(np.asarray(opening, np.float64), nan=0.5)
    far = np.arange(count)[None] - np.arange(count)[:, None]
    total = along + 4 * (shut[:, None] + shut[None]) + 3 * (1 - far / count)
    total[(far < least)] = np.inf
    total[0], total[:, -1] = np.inf, np.inf  # nothing before or behind to compare
    best: list[tuple[int, int]] = []
    while len(best) < TRIED:
        start, stop = np.unravel_index(int(total.argmin()), total.shape)
        if not np.isfinite(total[start, stop]):
            break
        best.append((int(start), int(stop)))
        total[max(0, start - 5) : start + 6, max(0, stop - 5) : stop + 6] = np.inf
    return best


class Seams:
    """Compares the frames of pairs in full size, while footage goes by once."""

    def __init__(self, tried: Sequence[tuple[int, int]]) -> None:
        self._tried = tuple(tried)
        self._wanted = {k for start, stop in tried for k in (start, stop - 1)}
        self._kept: dict[int, Pixels] = {}
        self._last: Pixels | None = None
        self._steps: list[float] = []

    def see(self, luma: Pixels) -> None:
        """The next frame's luma [h, w]. Only the few that meet at seams are kept."""
        k = len(self._steps)
        self._steps.append(psnr(self._last, luma) if self._last is not None else np.nan)
        if k in self._wanted:
            self._kept[k] = luma
        self._last = luma

    def decided(self, faces: Faces, opening: Opening) -> Loop:
        """A forward loop where a pair meets as frames of the footage do, else there and back."""
        steps = np.array(self._steps[1:])
        usual, poor = (float(np.percentile(steps, q)) for q in (50, 5)) if len(steps) else (99.0, 99.0)
        boxes = faces.boxes.astype(np.float64)
        middle = np.stack([boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]], axis=1) / 2
        width = float(np.nanmedian(boxes[:, 2] - boxes[:, 0]))
        pace = np.linalg.norm(np.diff(middle, axis=0), axis=1)
        may = max(SHIFT * width, float(np.nanpercentile(pace, 95))) if np.isfinite(pace).any() else 0.0
        met = [
            (psnr(self._kept[stop - 1], self._kept[start]), start, stop)
            for start, stop in self._tried
            if np.linalg.norm(middle[stop - 1] - middle[start]) <= may
        ]
        best = max(met, default=None)
        if best and best[0] >= min(poor, UNSEEN):
            return Loop(kind="forward", start=best[1], stop=best[2], psnr=round(best[0], 2), usual=round(usual, 2))
        start, end = _turns(steps, opening, len(self._steps))
        turning = [float(steps[k]) for k in (start, end - 1) if 0 <= k < len(steps)]
        return Loop(kind="pingpong", start=start, stop=end + 1, psnr=round(min(turning, default=99.0), 2), usual=round(usual, 2))


def _turns(steps: Floats, opening: Opening, count: int) -> tuple[int, int]:
    """The calmest frames near the first and the last one, the mouth rather shut: a movement that is turned round there is seen
    least."""
    if count < 10:
        return 0, count - 1
    still = -np.convolve(np.pad(steps, 1, mode="edge"), [0.5, 0.5], "valid") + 8 * np.nan_to_num(np.asarray(opening), nan=1.0)
    reach = max(2, count // 8)
    return int(still[:reach].argmin()), count - reach + int(still[-reach:].argmin())


def psnr(one: Pixels, other: Pixels) -> float:
    """Peak signal-to-noise ratio in dB, 99 for equal pictures."""
    return min(99.0, float(cv2.PSNR(one, other)))
