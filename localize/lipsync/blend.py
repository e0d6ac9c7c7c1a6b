"""A patch into its frame: only the lower face is taken from it, without a seam, in the frame's colours and with its fine detail.

Where the patch shows what the frame shows, the frame stays as it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from localize.lipsync import Box, Frame, Patch

Plane = npt.NDArray[np.float32]

# In the box's own measure: the jaw is an ellipse round the box's middle, of which the lower half is shown.
WIDE, DEEP = 0.95, 0.98  # its half axes, of half the box's width and height
EDGE = 0.2  # of the ellipse's radius, in which it fades out
BROW = 0.12  # of the box's height, in which it fades in below the middle: generators leave the upper half alone
# Levels of 255. A generator's colours drift by a few; what is farther off is another picture and keeps its colour.
DRIFT = 12.0
SAME, OTHER = 4.0, 16.0  # up to the first the patch shows what the frame shows, from the second on something else


def cut(frame: Frame, box: Box, size: int) -> Frame:
    """The box of a frame as a square [size, size, 3]: what generators see."""
    left, top, right, bottom = box
    return _sized(frame[top:bottom, left:right], size, size)


def _sized(picture: Frame, width: int, height: int) -> Frame:
    shrinks = width * height < picture.shape[0] * picture.shape[1]
    sized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return np.asarray(sized, np.uint8)


def mask(box: Box) -> Plane:
    """How much of the patch each pixel of its box shows, 0 to 1, [h, w]: a jaw, none at the box's edges and above its middle."""
    left, top, right, bottom = box
    return _mask(right - left, bottom - top)


@lru_cache(maxsize=64)
def _mask(width: int, height: int) -> Plane:
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    y = ((np.arange(height, dtype=np.float32) + 0.5) / height * 2 - 1)[:, None]
    inside = (1 - np.hypot(x / WIDE, y / DEEP)) / EDGE
    made = np.asarray(_smooth(inside) * _smooth(y / (2 * BROW)), np.float32)
    made.flags.writeable = False  # it is shared
    return made


def _smooth(ramp: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """From 0 at 0 to 1 at 1, level at both."""
    t = np.clip(ramp, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def paste(frame: Frame, patch: Patch) -> Frame:
    """The frame with the patch in it, in a new array; outside the patch's box its bytes are the frame's.

    Raises ValueError where the box does not lie in the frame.
    """
    left, top, right, bottom = patch.box
    if not (0 <= left < right <= frame.shape[1] and 0 <= top < bottom <= frame.shape[0]):
        raise ValueError(f"the patch goes to {patch.box}, which is not in a frame of {frame.shape[1]}x{frame.shape[0]}")
    width, height = right - left, bottom - top
    low = height // 2  # above, nothing is shown
    weight = mask(patch.box)[low:]
    source = frame[top + low : bottom, left:right].astype(np.float32)
    made = _sized(patch.face, width, height)[low:].astype(np.float32)
    # What the frame itself would be like if it had gone through a square as small as the patch.
    plain = _sized(cut(frame, patch.box, patch.face.shape[0]), width, height)[low:].astype(np.float32)
    made += _drift(plain - made, weight)
    made += (source - plain) * _agreement(made - plain, width)
    out = frame.copy()
    # In place of a weighted sum: where nothing differs this is the source to the byte.
    out[top + low : bottom, left:right] = np.clip(np.rint(source + weight[:, :, None] * (made - source)), 0, 255)
    return out


def _drift(off: Plane, weight: Plane) -> Plane:
    """What to add to the patch so that the ring round the mask has the frame's mean colour, [3].

    `off` [h, w, 3] is frame less patch, `weight` [h, w].
    """
    ring = (weight * (1 - weight)).ravel()
    total = float(ring.sum())
    if not total:  # a box too small for a ring
        return np.zeros(3, np.float32)
    shift = ring @ off.reshape(-1, 3) / total
    # Fading and not cut off, or a face near the limit would flicker.
    return np.asarray(shift * np.clip(2 - np.abs(shift).max() / DRIFT, 0, 1), np.float32)


def _agreement(off: Plane, width: int) -> Plane:
    """Where the patch shows the same as the frame, 0 to 1, [h, w, 1]: there the frame's fine detail belongs into it."""
    around = max(3, width // 24 | 1)
    red, green, blue = cv2.split(np.abs(off))
    far = cv2.blur(cv2.max(cv2.max(red, green), blue), (around, around))
    return np.asarray(np.clip((OTHER - far) / (OTHER - SAME), 0, 1), np.float32)[:, :, None]
