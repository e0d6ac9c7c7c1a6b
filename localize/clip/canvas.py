"""Frames as I420 planes, and layers that are blended onto them.

The encoder takes I420 and chroma is a quarter of the pixels, so blending here costs half of what it would in RGB
and no frame is ever converted. Colours are BT.709, limited range. Layers carry premultiplied planes: blending is
`frame * keep + layer`, two vector operations a plane.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from localize.pixels import Pixels, scratch, u8

Plane = Pixels  # of one channel: [height, width]

# Rows Y, U, V over premultiplied R, G, B, A (0-255): BT.709 scaled to 16..235 and 16..240. The offsets ride on alpha,
# so that a premultiplied colour gives premultiplied planes.
_KR, _KB = 0.2126, 0.0722
_KG = 1 - _KR - _KB
_TO_YUV = np.array(
    [
        [219 / 255 * _KR, 219 / 255 * _KG, 219 / 255 * _KB, 16 / 255],
        [-112 / 255 * _KR / (1 - _KB), -112 / 255 * _KG / (1 - _KB), 112 / 255, 128 / 255],
        [112 / 255, -112 / 255 * _KG / (1 - _KR), -112 / 255 * _KB / (1 - _KR), 128 / 255],
    ],
    np.float32,
)

_BACK = np.linalg.inv(_TO_YUV[:, :3])
_TO_RGB = np.hstack([_BACK, -_BACK @ np.array([[16], [128], [128]])]).astype(np.float32)


@dataclass(frozen=True)
class Layer:
    """A sprite ready for blending: premultiplied planes y [h, w], u and v [h/2, w/2], what they keep of the frame
    below (255 - alpha) at both sizes, and its place. Width and height are even."""

    y_plane: Plane
    u_plane: Plane
    v_plane: Plane
    keep: Plane
    keep_half: Plane
    x: int
    y: int

    def at(self, x: int, y: int) -> Layer:
        """The same layer elsewhere."""
        return Layer(self.y_plane, self.u_plane, self.v_plane, self.keep, self.keep_half, x, y)

    def faded(self, opacity: float) -> Layer:
        """The layer at an opacity of 0..1."""
        if opacity >= 1:
            return self

        def thin(plane: Plane, floor: float) -> Plane:
            return u8(cv2.convertScaleAbs(plane, alpha=opacity, beta=floor))

        clear = 255 * (1 - opacity)
        return replace(
            self, y_plane=thin(self.y_plane, 0), u_plane=thin(self.u_plane, 0), v_plane=thin(self.v_plane, 0),
            keep=thin(self.keep, clear), keep_half=thin(self.keep_half, clear),
        )  # fmt: skip

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        h, w = self.y_plane.shape
        return self.x, self.y, self.x + w, self.y + h


def layer(rgba: Pixels, x: int = 0, y: int = 0) -> Layer:
    """A layer of premultiplied RGBA [h, w, 4] with its top left corner at (x, y), without the empty rows and columns about it."""
    left, top = x & 1, y & 1
    h, w = rgba.shape[:2]
    bottom, right = (h + top) & 1, (w + left) & 1
    if left or top or bottom or right:
        h, w = h + top + bottom, w + left + right
        padded = scratch("layer padded", h, w, 4)
        rgba = u8(cv2.copyMakeBorder(rgba, top, bottom, left, right, cv2.BORDER_CONSTANT, dst=padded, value=(0, 0, 0, 0)))
    planes = cv2.split(rgba, [scratch(f"layer {c}", h, w) for c in "rgba"])
    x, y, part = x - left, y - top, _shown(u8(planes[3]))
    rgba, (red, green, blue, alpha) = rgba[part], (plane[part] for plane in planes)
    # By weighted sums of planes, and chroma at its own size: a quarter of what one matrix product a pixel costs.
    kr, kg, kb, base = (float(k) for k in _TO_YUV[0])
    y_plane = u8(cv2.addWeighted(red, kr, green, kg, 0))
    cv2.add(y_plane, cv2.addWeighted(blue, kb, alpha, base, 0, dst=red), dst=y_plane)
    h, w = y_plane.shape[0] // 2, y_plane.shape[1] // 2
    half = cv2.resize(rgba, (w, h), dst=scratch("layer half", h, w, 4), interpolation=cv2.INTER_AREA)
    red, green, blue, cover = cv2.split(half, [scratch(f"layer half {c}", h, w) for c in "rgba"])
    u_plane = _chroma(blue, red, green, cover, _TO_YUV[1, [2, 0, 1, 3]])
    v_plane = _chroma(red, green, blue, cover, _TO_YUV[2])
    keep = u8(cv2.bitwise_not(alpha))
    return Layer(y_plane, u_plane, v_plane, keep, _half(keep), x + part[1].start, y + part[0].start)


def _chroma(own: Any, other: Any, another: Any, alpha: Any, weights: npt.NDArray[np.float32]) -> Plane:
    """A plane of chroma: its own colour and the offset, less the two other colours, whose weights are below zero. Grey stays grey."""
    k, less, least, base = (abs(float(weight)) for weight in weights)
    raised = cv2.addWeighted(own, k, alpha, base, 0)
    return u8(cv2.subtract(raised, cv2.addWeighted(other, less, another, least, 0, dst=scratch("chroma", *raised.shape)), dst=raised))


def _shown(alpha: Plane) -> tuple[slice, slice]:
    """The rows and columns of an alpha [h, w], h and w even, that show something: whole pairs of them, and at least one."""
    x, y, w, h = cv2.boundingRect(alpha)
    left, top, right, bottom = x & ~1, y & ~1, (x + w + 1) & ~1, (y + h + 1) & ~1
    return np.s_[top : max(bottom, top + 2), left : max(right, left + 2)]


def _half(plane: Any) -> Plane:
    """A plane (or an image of several channels) at half its size, as chroma is."""
    return u8(cv2.resize(plane, (plane.shape[1] // 2, plane.shape[0] // 2), interpolation=cv2.INTER_AREA))


class Frame:
    """One I420 picture: a single buffer [h * 3/2, w], and its planes as views of it."""

    def __init__(self, width: int, height: int, memory: memoryview | None = None) -> None:
        """In `memory` of that size, where it is given."""
        self.width, self.height = width, height
        self.buffer: Plane = np.empty(width * height * 3 // 2, np.uint8) if memory is None else np.frombuffer(memory, np.uint8)
        n = width * height
        self.y = self.buffer[:n].reshape(height, width)
        self.u = self.buffer[n : n + n // 4].reshape(height // 2, width // 2)
        self.v = self.buffer[n + n // 4 :].reshape(height // 2, width // 2)

    @classmethod
    def of(cls, rgb: Pixels) -> Frame:
        """A frame of opaque RGB [h, w, 3], h and w even."""
        frame = cls(rgb.shape[1], rgb.shape[0])
        opaque = layer(u8(cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA)))
        frame.y[:], frame.u[:], frame.v[:] = opaque.y_plane, opaque.u_plane, opaque.v_plane
        return frame

    def copy_below(self, other: Frame, row: int) -> None:
        """Take another frame's rows from an even `row` down."""
        for mine, theirs, k in ((self.y, other.y, 1), (self.u, other.u, 2), (self.v, other.v, 2)):
            np.copyto(mine[row // k :], theirs[row // k :])

    def blend(self, top: Layer) -> None:
        """Lay a layer over the frame. What leaves the frame is cut off."""
        _over(self.y, top.y_plane, top.keep, top.x, top.y)
        # At an odd place chroma lies half of its own pixel off, which no eye sees on something that moves.
        _over(self.u, top.u_plane, top.keep_half, top.x >> 1, top.y >> 1)
        _over(self.v, top.v_plane, top.keep_half, top.x >> 1, top.y >> 1)

    def cross_fade(self, other: Frame, part: float) -> None:
        """Move the frame towards another one: 0 leaves it, 1 gives the other."""
        cv2.addWeighted(self.buffer, 1 - part, other.buffer, part, 0, dst=self.buffer)

    def rgb(self) -> Pixels:
        """RGB [h, w, 3], for covers, previews and tests."""
        u, v = (u8(cv2.resize(p, (self.width, self.height), interpolation=cv2.INTER_LINEAR)) for p in (self.u, self.v))
        return u8(cv2.transform(cv2.merge([self.y, u, v]), _TO_RGB))


def _over(plane: Plane, above: Plane, keep: Plane, x: int, y: int) -> None:
    (h, w), (height, width) = above.shape, plane.shape
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    if left < right and top < bottom:
        part = np.s_[top - y : bottom - y, left - x : right - x]
        below = plane[top:bottom, left:right]
        cv2.multiply(below, keep[part], dst=below, scale=1 / 255)
        cv2.add(below, above[part], dst=below)


class Picture:
    """A still that fills a box and slowly grows about its middle.

    A plane is enlarged by whole pairs of pixels, one each side, which plain resizing does in a third of the time of a
    free warp; between two such sizes luma is their mean, weighted. They are a pixel apart at the box's edges.
    """

    def __init__(self, rgb: Pixels, box: tuple[int, int, int, int]) -> None:
        """`box` is left, top, right, bottom in the frame, all even; the still should be larger than it will be shown."""
        frame = Frame.of(rgb)
        self.planes = (frame.y, frame.u, frame.v)
        self.box = box
        self._plates: list[dict[int, Plane]] = [{}, {}, {}]

    def draw(self, frame: Frame, zoom: float) -> None:
        """Fill the box. A zoom of 1 shows the whole still, more shows less of it."""
        x0, y0, x1, y1 = self.box
        for n, (target, k) in enumerate(zip((frame.y, frame.u, frame.v), (1, 2, 2), strict=True)):
            view = target[y0 // k : y1 // k, x0 // k : x1 // k]
            pairs = (zoom - 1) * view.shape[1] / 2
            whole = int(pairs)
            part = pairs - whole
            if n or part < 0.01:  # chroma is of the nearer size: at the box's edges it lies at most half of its own pixel off
                np.copyto(view, self._plate(n, round(pairs), view.shape))
            else:
                cv2.addWeighted(self._plate(n, whole, view.shape), 1 - part, self._plate(n, whole + 1, view.shape), part, 0, dst=view)

    def _plate(self, n: int, pairs: int, size: tuple[int, ...]) -> Plane:
        """The middle of plane `n`, enlarged by pairs of pixels in width. The two latest are kept: the next frame needs them."""
        kept = self._plates[n]
        h, w = size
        # The height grows by whole pairs too, so that the middle stays where it is.
        more = 2 * round(pairs * h / w)
        wide, tall = w + 2 * pairs, h + more
        if pairs not in kept:
            # Into the memory of the one farther off: fresh pages would cost as much as what is drawn in them.
            memory = kept.pop(max(kept, key=lambda other: abs(other - pairs))) if len(kept) > 1 else np.empty(0, np.uint8)
            if len(memory) < tall * wide:
                memory = np.empty(tall * wide * 9 // 8, np.uint8)
            cv2.resize(self.planes[n], (wide, tall), dst=memory[: tall * wide].reshape(tall, wide), interpolation=cv2.INTER_LINEAR)
            kept[pairs] = memory
        large = kept[pairs][: tall * wide].reshape(tall, wide)
        return large[more // 2 : more // 2 + h, pairs : pairs + w]


def put_back(frame: Frame, box: tuple[int, int, int, int], coverage: Plane) -> list[Layer]:
    """Layers that put a frame's own pixels back where `coverage` [h, w] of a box does not reach: they shape the edges of
    whatever is drawn in the box. One layer for each band of rows that has something to give."""
    x0, y0, x1, y1 = box
    keep, keep_half = coverage, _half(coverage)
    planes = (frame.y[y0:y1, x0:x1], frame.u[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2], frame.v[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2])
    y, u, v = (u8(cv2.multiply(p, 255 - k, scale=1 / 255)) for p, k in zip(planes, (keep, keep_half, keep_half), strict=True))
    open_rows = np.flatnonzero(coverage.reshape(len(coverage) // 2, -1).min(axis=1) < 255)  # by pairs: chroma has half the rows
    out = []
    for band in np.split(open_rows, np.flatnonzero(np.diff(open_rows) > 1) + 1) if len(open_rows) else ():
        half = np.s_[band[0] : band[-1] + 1]
        full = np.s_[2 * band[0] : 2 * (band[-1] + 1)]
        out.append(Layer(y[full], u[half], v[half], keep[full], keep_half[half], x0, y0 + 2 * int(band[0])))
    return out
