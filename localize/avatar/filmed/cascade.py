"""The face by OpenCV's own cascade, which needs no download: boxes at their regular proportions, not landmarks.

`haarcascade_frontalface_alt2` on frames of at most 640 px finds a frontal face in nearly every frame; between and around its
findings, optical flow follows. What is derived from the box are the proportions of 14 faces that were looked at.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from localize.avatar.filmed.faces import GAP, Box, Faces, Motion, inside, smoothed
from localize.engines import Card
from localize.errors import NotReady
from localize.pixels import Pixels, u8

SIDE = 640  # px of the longer side that is searched
WHOLE = 12  # frames from one look at the whole picture to the next
NEAR = 2  # frames from one look around the last place to the next
# Of a finding's square, whose side is 1: the face from jaw to jaw, the nose's bridge, the chin; the mouth's middle and width.
JAW, BRIDGE, CHIN = 0.39, 0.53, 1.0
MOUTH_X, MOUTH_Y, MOUTH_WIDTH = 0.5, 0.81, 0.36
CASCADES = ("haarcascade_frontalface_alt2.xml", "haarcascade_profileface.xml", "haarcascade_eye.xml")
SIMILAR = 0.55  # of the face's width: a face of that size is another person in the picture

Square = tuple[float, float, float]  # middle and side, in px


class CascadeFaces:
    """Ready wherever OpenCV below 5 is."""

    card: ClassVar[Card] = Card(
        name="cascade", stage="faces", about="OpenCV's frontal face cascade with optical flow: no download, boxes without landmarks",
        version="1", licence="Apache-2.0", quality=10,
    )  # fmt: skip

    def missing(self) -> str:
        lost = [name for name in CASCADES if not _cascade_file(name).is_file()]
        how = "pip install 'opencv-python-headless<5'"
        return f"this OpenCV ({cv2.__version__}) has no {' and no '.join(lost)} ({how})." if lost else ""

    def fingerprint(self) -> str:
        return f"cascade {self.card.version}"

    def follow(self) -> CascadeFollower:
        if lack := self.missing():
            raise NotReady(f"faces can't be found: {lack}", missing=(lack,))
        return CascadeFollower()


def _cascade_file(name: str) -> Path:
    return Path(cv2.__file__).parent / "data" / name


class CascadeFollower:
    """One video. All it keeps is measured, no pictures but the last."""

    def __init__(self) -> None:
        self._frontal, self._profile, self._eye = (cv2.CascadeClassifier(str(_cascade_file(name))) for name in CASCADES)
        self._motion = Motion()
        self._lips: list[tuple[float, float]] = []  # the mouth's middle from its regular place, in sides of the square
        self._last: Pixels | None = None
        self._at: Square | None = None
        self._lost = 0  # frames since the last finding
        self._count = self._looks = self._others = self._profiles = 0

    def see(self, frame: Pixels, cut: bool) -> Box | None:
        zoom = min(1.0, SIDE / max(frame.shape[:2]))
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        grey = u8(cv2.resize(grey, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA) if zoom < 1 else grey)
        if cut:
            self._at = None
        step = None
        if self._at and self._last is not None and (step := _step(self._last, grey, self._at)):
            x, y, side = self._at
            self._at = (x + step[0], y + step[1], side * float(np.exp(step[2])))
        found = self._look(grey)
        self._lost = 0 if found else self._lost + 1
        if found:
            self._at = found
        elif self._lost > GAP or step is None:
            self._at = None
        # Kept in px of the frame, not of what was searched.
        real = step and (step[0] / zoom, step[1] / zoom, step[2])
        square = found and (found[0] / zoom, found[1] / zoom, found[2] / zoom)
        self._motion.add(real, square)
        self._lips.append(_lips(frame, square) if square else (np.nan, np.nan))
        self._last = grey
        self._count += 1
        if self._at is None:
            return None
        left, top, right, bottom = map(float, _boxes(np.array([self._at]) / zoom)[0])
        return left, top, right, bottom

    def _look(self, grey: Pixels) -> Square | None:
        """The face in this frame, if it is one that is looked at and there is one."""
        if self._count % WHOLE == 0 or (self._at is None and self._count % NEAR == 0):
            return self._whole(grey)
        if self._count % NEAR or self._at is None:
            return None
        x, y, side = self._at
        left, top = max(0, int(x - side)), max(0, int(y - side))
        part = grey[top : int(y + side), left : int(x + side)]
        if min(part.shape) < 0.8 * side:
            return None
        squares = self._found(self._frontal, part, int(0.75 * side), int(1.35 * side), 3)
        return self._nearest([(sx + left, sy + top, s) for sx, sy, s in squares])

    def _whole(self, grey: Pixels) -> Square | None:
        squares = self._found(self._frontal, grey, 40, SIDE, 5)
        best = self._nearest(squares) or max(squares, key=lambda s: s[2], default=None)
        self._looks += 1
        if best:
            others = [s for s in squares if abs(s[0] - best[0]) > 0.6 * best[2] or abs(s[1] - best[1]) > 0.8 * best[2]]
            self._others += any(s[2] > SIMILAR * best[2] and self._has_eyes(grey, s) for s in others)
        elif self._found(self._profile, grey, 60, SIDE, 5) or self._found(self._profile, u8(cv2.flip(grey, 1)), 60, SIDE, 5):
            self._profiles += 1
        return best

    def _has_eyes(self, grey: Pixels, square: Square) -> bool:
        """Whether it is a face: the cascade also finds collars and folds, but no eyes in them."""
        x, y, side = square
        part = inside(grey, (x - side / 2, y - side / 2, x + side / 2, y + 0.05 * side), (160, 88))
        eyes = self._found(self._eye, part, 24, 70, 3)
        return any(e[0] < 80 for e in eyes) and any(e[0] > 80 for e in eyes)

    def _nearest(self, squares: list[Square]) -> Square | None:
        """The square that can be the face as it was followed."""
        if self._at is None:
            return None
        x, y, side = self._at
        near = [s for s in squares if abs(s[0] - x) + abs(s[1] - y) < 0.5 * side and 0.7 < s[2] / side < 1.4]
        return min(near, key=lambda s: abs(s[0] - x) + abs(s[1] - y) + abs(s[2] - side), default=None)

    @staticmethod
    def _found(cascade: cv2.CascadeClassifier, grey: Pixels, least: int, most: int, votes: int) -> list[Square]:
        squares = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=votes, minSize=(least, least), maxSize=(most, most))
        return [(float(x + w / 2), float(y + h / 2), float(w)) for x, y, w, h in squares]

    def done(self) -> Faces:
        places, seen = self._motion.settled()
        x, y, side = places.T
        lips = smoothed(_steady(np.array(self._lips, np.float64).reshape(-1, 2)), 2.0) if len(places) else np.zeros((0, 2))
        lips = np.nan_to_num(lips)
        mouths = np.stack([x + side * lips[:, 0], y + side * (MOUTH_Y - 0.5 + lips[:, 1]), side * MOUTH_WIDTH], axis=1)
        looks = max(self._looks, 1)
        return Faces(
            _boxes(places).astype(np.float32), mouths.astype(np.float32), seen,
            np.full(len(places), np.nan, np.float32), self._others / looks, self._profiles / looks,
        )  # fmt: skip


def _boxes(squares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The faces' boxes [n, 4] from the middles and sides [n, 3] of the cascade's squares."""
    x, y, side = squares.T
    top, bottom = 2 * BRIDGE - CHIN - 0.5, CHIN - 0.5
    return np.stack([x - side * JAW, y + side * top, x + side * JAW, y + side * bottom], axis=1)


def _step(last: Pixels, grey: Pixels, at: Square) -> tuple[float, float, float] | None:
    """How a face moved from one frame to the next (px, px, logarithm of its growth) by what is above its mouth; None where that
    could not be followed."""
    x, y, side = at
    mask = np.zeros(last.shape, np.uint8)
    left, right = max(0, int(x - 0.38 * side)), max(0, int(x + 0.38 * side))
    mask[max(0, int(y - 0.4 * side)) : max(0, int(y + 0.2 * side)), left:right] = 1
    points = cv2.goodFeaturesToTrack(last, 80, 0.01, max(2.0, side / 30), mask=mask)
    if points is None or len(points) < 8:
        return None
    moved, ok, _ = cv2.calcOpticalFlowPyrLK(last, grey, points, None, winSize=(21, 21), maxLevel=3)  # type: ignore[call-overload]
    kept = ok.ravel() == 1
    if kept.sum() < 8:
        return None
    fitted, inliers = cv2.estimateAffinePartial2D(points[kept], moved[kept], ransacReprojThreshold=max(1.5, 0.012 * side))
    growth = float(np.hypot(fitted[0, 0], fitted[1, 0])) if fitted is not None else 0.0
    if inliers.sum() >= max(6, 0.4 * kept.sum()) and 0.9 < growth < 1.11:
        dx, dy = fitted[:, :2] @ (x, y) + fitted[:, 2] - (x, y)
    else:  # brows go up while the head stays: what most of it did
        growth = 1.0
        dx, dy = np.median((moved - points)[kept].reshape(-1, 2), axis=0)
    return (float(dx), float(dy), float(np.log(growth))) if abs(dx) + abs(dy) < 0.5 * side else None


def _lips(frame: Pixels, square: Square) -> tuple[float, float]:
    """How far the lips are from their regular place in the square, in its sides: where it is redder or darker than the skin."""
    x, y, side = square
    reach, cells = 0.22, 44
    middle_x, middle_y = x + (MOUTH_X - 0.5) * side, y + (MOUTH_Y - 0.5) * side
    box = (middle_x - reach * side, middle_y - reach * side, middle_x + reach * side, middle_y + reach * side)
    ycc = cv2.cvtColor(inside(frame, box, (cells, cells)), cv2.COLOR_RGB2YCrCb).astype(np.float32)
    red, dark = ycc[..., 1] - np.median(ycc[..., 1]), np.median(ycc[..., 0]) - ycc[..., 0]
    axis = (np.arange(cells) - (cells - 1) / 2) / cells * 2 * reach
    gx, gy = np.meshgrid(axis, axis)
    # Nostrils, beard and neck are dark, too: the further away from where lips are, the less it counts.
    weight = (np.clip(red - 2, 0, 20) / 8 + np.clip(dark - 10, 0, 60) / 60) * np.exp(-0.5 * ((gx / 0.12) ** 2 + (gy / 0.07) ** 2))
    total = float(weight.sum())
    if total < 4:
        return 0.0, 0.0
    return float((weight * gx).sum() / total), float((weight * gy).sum() / total)


def _steady(offsets: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Offsets [n, 2] without those that are far from their neighbours' median."""
    out = offsets.copy()
    known = np.flatnonzero(~np.isnan(offsets[:, 0]))
    for place, k in enumerate(known):
        out[k] = np.median(offsets[known[max(0, place - 2) : place + 3]], axis=0)
    return out
