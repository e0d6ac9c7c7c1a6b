"""Where the face and its mouth are in each frame of a video, and the finders that see it (entry points `crossreel.faces`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from localize.engines import Engine
from localize.pixels import Pixels, u8

Floats = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]  # left, top, right, bottom in px

GAP = 25  # frames without a finding that tracking bridges
NONE, FOUND, TRACKED = 0, 1, 2


@dataclass(frozen=True)
class Faces:
    """The face that a video is about, frame by frame.

    `boxes` float32 [n, 4]: left, top, right, bottom in px as lip-sync models take them: from jaw to jaw, down to the chin, and as
    far above the nose's bridge as the chin is below it; NaN where there is no face. `mouths` float32 [n, 3]: its middle and width
    in px. `seen` uint8 [n]: 0 no face, 1 found, 2 tracked between two findings. `yaw` float32 [n]: turned aside by so many
    degrees, NaN where the finder can't tell. `crowd` and `aside` are shares of the looks at whole frames: another face of
    similar size, and a profile in place of the face.
    """

    boxes: Floats
    mouths: Floats
    seen: npt.NDArray[np.uint8]
    yaw: Floats
    crowd: float
    aside: float

    def __len__(self) -> int:
        return len(self.boxes)

    def part(self, start: int, stop: int) -> Faces:
        """The frames from start to stop; shares stay those of the whole."""
        cut = slice(start, stop)
        return Faces(self.boxes[cut], self.mouths[cut], self.seen[cut], self.yaw[cut], self.crowd, self.aside)


class Follower(Protocol):
    """Follows one video's face."""

    def see(self, frame: Pixels, cut: bool) -> Box | None:
        """The next frame, RGB [h, w, 3]; `cut` tells that it begins another shot. Where the face is, before any smoothing."""
        ...

    def done(self) -> Faces:
        """All frames, smoothed."""
        ...


class FaceFinder(Engine, Protocol):
    def follow(self) -> Follower:
        """A follower for one video. Raises NotReady where the finder's model can't be loaded."""
        ...


def inside(frame: Pixels, box: Box, size: tuple[int, int]) -> Pixels:
    """What is in a box, resized to (width, height); the frame's edge goes on where the box hangs over it."""
    left, top, right, bottom = box
    zoom = np.array([[size[0] / (right - left), 0, 0], [0, size[1] / (bottom - top), 0]])
    zoom[:, 2] = -zoom[0, 0] * left, -zoom[1, 1] * top
    if zoom[0, 0] < 0.6:  # sampled at points alone, a big face would show noise that is not there
        part = frame[max(0, int(top)) : max(0, int(bottom) + 1), max(0, int(left)) : max(0, int(right) + 1)]
        if min(part.shape[:2]) > 1:
            return u8(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    return u8(cv2.warpAffine(frame, zoom, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def usable(box: Box, frame: Pixels) -> bool:
    """Whether a box has its middle in the frame and a size."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return box[2] - box[0] > 4 and box[3] - box[1] > 4 and 0 <= x < frame.shape[1] and 0 <= y < frame.shape[0]


@dataclass
class Motion:
    """How the face moved from frame to frame, summed up: middle in px and the logarithm of its size, in unbroken runs.

    A cascade's boxes tremble but do not drift; optical flow drifts but does not tremble. `settled` takes the movement from the
    flow and the place from what was found, so that the boxes lag behind nothing.
    """

    moved: list[tuple[float, float, float]] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    found: list[tuple[float, float, float] | None] = field(default_factory=list)

    def add(self, step: tuple[float, float, float] | None, found: tuple[float, float, float] | None) -> None:
        """The next frame: the step from the last one (None: it could not be followed) and the face found in it (x, y, size)."""
        x, y, size = self.moved[-1] if self.moved else (0.0, 0.0, 0.0)
        dx, dy, ds = step or (0.0, 0.0, 0.0)
        self.moved.append((x + dx, y + dy, size + ds))
        self.runs.append((self.runs[-1] if self.runs else 0) + (step is None))
        self.found.append(found and (found[0], found[1], float(np.log(found[2]))))

    def settled(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]:
        """Places [n, 3] (x, y, size; NaN without a face) and `seen` [n]."""
        n = len(self.moved)
        moved, runs = np.array(self.moved).reshape(n, 3), np.array(self.runs)
        out, seen = np.full((n, 3), np.nan), np.zeros(n, np.uint8)
        there = np.array([f is not None for f in self.found], bool)
        for run in np.unique(runs):
            frames = np.flatnonzero(runs == run)
            hits = frames[there[frames]]
            if not len(hits):
                continue
            offsets = np.array([self.found[k] for k in hits]) - moved[hits]
            offsets = _median(offsets)
            near = np.exp(-0.5 * ((frames[:, None] - hits[None]) / 8.0) ** 2) + 1e-9
            out[frames] = moved[frames] + near @ offsets / near.sum(1, keepdims=True)
            far = np.abs(frames[:, None] - hits[None])
            # Bridged is what lies between two findings that are not far apart; behind the last one nobody knows.
            after, before = np.searchsorted(hits, frames, "left"), np.searchsorted(hits, frames, "right") - 1
            between = (before >= 0) & (after < len(hits))
            gap = np.where(between, hits[np.minimum(after, len(hits) - 1)] - hits[np.maximum(before, 0)], 2 * GAP)
            edge = ~between & (far.min(1) <= 2)  # not every frame is looked at
            seen[frames] = np.where(gap == 0, FOUND, np.where((gap <= GAP) | edge, TRACKED, NONE))
        out[seen == NONE] = np.nan
        out[:, 2] = np.exp(out[:, 2])
        return out, seen


def _median(values: npt.NDArray[np.float64], width: int = 7) -> npt.NDArray[np.float64]:
    """The running median along the first axis, of fewer values at the ends: single findings that are off count for nothing."""
    half = width // 2
    return np.array([np.median(values[max(0, k - half) : k + half + 1], axis=0) for k in range(len(values))])


def smoothed(values: npt.NDArray[np.float64], sigma: float) -> npt.NDArray[np.float64]:
    """Values [n, d] smoothed over time by a Gaussian of `sigma` frames; NaN rows count for nothing and are filled where their
    neighbours have something."""
    reach = int(3 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    known = ~np.isnan(values[:, 0])
    weight = np.convolve(known.astype(np.float64), kernel, "same") if len(values) > len(kernel) else _short(known.astype(float), kernel)
    columns = []
    for column in np.nan_to_num(values).T:
        total = np.convolve(column, kernel, "same") if len(values) > len(kernel) else _short(column, kernel)
        columns.append(np.where(weight > 1e-6, total / np.maximum(weight, 1e-6), np.nan))
    return np.stack(columns, axis=1)


def _short(values: npt.NDArray[np.float64], kernel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """np.convolve's "same" gives as many values as the longer of both has; this gives as many as there are."""
    return np.convolve(values, kernel)[len(kernel) // 2 :][: len(values)]
