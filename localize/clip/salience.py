"""What draws the eye in footage, and the part of it that a box shows.

A map of cells for each look at a picture: unusual structure (spectral residual), colours that the picture's edge has not, sharp
detail before a soft background, and what moves. A product is mostly what is sharp, coloured and handled. Faces count more than
all of it, as nothing looks worse than a head that is cut off; they are found by OpenCV's own cascade, where it has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from localize.pixels import Pixels, u8

Rect = tuple[int, int, int, int]
Window = tuple[float, float, float, float]  # left, top, right, bottom in parts of the upright picture
Map = npt.NDArray[np.float32]

CELLS = 32  # along the longer side
LOST = 0.5  # filling the box may lose this part of the width or height
TRIMMED = 0.3  # what does not fill the box loses this part, so that less of the box is blur
ENLARGE = 3.0  # small footage is not blown up further than this
STANDS_OUT = 1.12  # a window holds so much more than its share of what draws the eye, or there is no subject
# Weights of structure, colour, detail, movement; and what of each is nothing yet.
WEIGHTS = (0.2, 0.3, 0.2, 0.3)
NOTHING = (0.4, 10.0, 3.0, 5.0)


def measured(rgb: Pixels, before: Pixels | None, heads: Sequence[Rect]) -> Pixels:
    """The map of a small upright RGB picture, 0-255: [rows, columns], the longer of them `CELLS`. `before` is the one seen before."""
    grey = u8(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    h, w = grey.shape
    scale = CELLS / max(h, w)
    cells = (max(4, round(w * scale)), max(4, round(h * scale)))
    lab = cv2.cvtColor(cv2.resize(rgb, cells, interpolation=cv2.INTER_AREA).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    rim = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    colour = np.linalg.norm(lab - np.median(rim, axis=0), axis=2)
    detail = cv2.resize(np.abs(cv2.Laplacian(grey, cv2.CV_32F)), cells, interpolation=cv2.INTER_AREA)
    moved = np.zeros_like(detail)
    if before is not None:
        moved = cv2.resize(
            cv2.absdiff(grey, cv2.cvtColor(before, cv2.COLOR_RGB2GRAY)).astype(np.float32), cells, interpolation=cv2.INTER_AREA
        )
    parts = (cv2.resize(_residual(grey), cells, interpolation=cv2.INTER_AREA), colour, detail, moved)
    total = 0.5 * sum(k * _standing_out(np.asarray(p, np.float32), floor) for k, p, floor in zip(WEIGHTS, parts, NOTHING, strict=True))
    drawn = np.asarray(np.rint(np.asarray(total) * 255), np.uint8)
    for left, top, right, bottom in heads:
        drawn[int(top * scale) : int(np.ceil(bottom * scale)), int(left * scale) : int(np.ceil(right * scale))] = 255
    return drawn


class Heads:
    """Finds faces with their hair in small grey pictures; none where this OpenCV has no cascades (5 and newer)."""

    def __init__(self) -> None:
        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
        self._finder = cv2.CascadeClassifier(str(path)) if path.is_file() else None

    def find(self, grey: Pixels) -> list[Rect]:
        if self._finder is None:
            return []
        least = max(24, min(grey.shape) // 9)
        found = self._finder.detectMultiScale(grey, 1.15, 5, minSize=(least, least))
        squares = (tuple(int(v) for v in square) for square in found)
        return [(max(0, x), max(0, y - h // 3), x + w, y + h + h // 8) for x, y, w, h in squares]


def _residual(grey: Pixels) -> Map:
    """Spectral residual (Hou and Zhang 2007): what a picture's spectrum has beyond the smooth course that all pictures have."""
    spectrum = np.fft.fft2(cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32))
    size = np.log(np.abs(spectrum) + 1e-3).astype(np.float32)
    rest = size - cv2.blur(size, (3, 3))
    back = np.abs(np.fft.ifft2(np.exp(rest + 1j * np.angle(spectrum)))) ** 2
    soft = cv2.GaussianBlur(back.astype(np.float32), (0, 0), 2.5)
    return np.asarray(soft / max(float(soft.max()), 1e-9), np.float32)


def _standing_out(part: Map, nothing: float) -> Map:
    """0..1 of a measure: above its median, up to its highest few cells."""
    middle = float(np.median(part))
    top = float(np.percentile(part, 98)) - middle
    return np.asarray(np.clip((part - middle) / max(top, nothing), 0, 1), np.float32)


@dataclass(frozen=True)
class Crop:
    """What of the upright picture is shown, and how large: `fitted` is smaller than the box where a blurred part, `around`, lies behind."""

    window: Window
    fitted: tuple[int, int]
    around: Window

    @classmethod
    def of(cls, salience: Map, size: tuple[float, float], width: int, height: int) -> Crop:
        """For a box of `width` x `height`: filled, cut to the subject, if that loses at most half; else most of the picture in it."""
        w, h = size
        keep_x, keep_y = min(1.0, width / height * h / w), min(1.0, height / width * w / h)  # what filling the box would keep
        filling = _window(salience, keep_x, keep_y)
        if min(keep_x, keep_y) >= 1 - LOST - 1e-6 and width / (w * keep_x) <= ENLARGE:
            return cls(filling, (width, height), filling)
        keep_x, keep_y = max(keep_x, 1 - TRIMMED), max(keep_y, 1 - TRIMMED)
        fit = min(width / (w * keep_x), height / (h * keep_y), ENLARGE)
        # What then still fits need not be cut away.
        keep_x, keep_y = min(1.0, width / (w * fit)), min(1.0, height / (h * fit))
        fitted = (min(width, 2 * round(w * keep_x * fit / 2)), min(height, 2 * round(h * keep_y * fit / 2)))
        return cls(_window(salience, keep_x, keep_y), fitted, filling)

    def within(self, part: Window) -> Crop:
        """The same, where what was cut is itself a part of the picture."""
        left, top, right, bottom = part

        def placed(w: Window) -> Window:
            across, down = right - left, bottom - top
            return left + w[0] * across, top + w[1] * down, left + w[2] * across, top + w[3] * down

        return replace(self, window=placed(self.window), around=placed(self.around))


def _window(salience: Map, keep_x: float, keep_y: float) -> Window:
    x, y = _place(salience.sum(axis=0), keep_x), _place(salience.sum(axis=1), keep_y)
    return x, y, x + keep_x, y + keep_y


def _place(line: Map, keep: float) -> float:
    """Where a window of the length `keep` begins along a line of length 1, so that the subject is in it, near its middle."""
    if keep >= 1:
        return 0.0
    fine = np.interp((np.arange(400) + 0.5) / 400, (np.arange(len(line)) + 0.5) / len(line), line)
    starts = np.arange(int((1 - keep) * 400) + 1)
    length = max(1, round(keep * 400))
    sums = np.concatenate([[0.0], np.cumsum(fine)])
    share = (sums[np.minimum(starts + length, 400)] - sums[starts]) / max(sums[-1], 1e-9)
    if float(share.max()) < STANDS_OUT * keep or sums[-1] <= 0:
        return (1 - keep) / 2
    # Its weight falls off towards the window's edges: a subject smaller than the window comes to its middle.
    weights = 0.35 + 0.65 * np.cos(np.linspace(-np.pi / 2, np.pi / 2, length))
    drawn = np.array([float(fine[s : s + length] @ weights[: len(fine[s : s + length])]) for s in starts])
    drawn *= 1 - 0.1 * np.linspace(-1, 1, len(drawn)) ** 2  # where two places are as good, the one in the middle
    return float(min(starts[int(np.argmax(drawn))] / 400, 1 - keep))
