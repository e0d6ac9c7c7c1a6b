"""A film for tests: a head that drifts over a room, and where its face is in each frame."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from localize.lipsync import Boxes, Frame, Samples

SKIN, ROOM = (205, 160, 135), (60, 80, 100)


def frames(count: int, height: int = 240, width: int = 320, side: int = 120) -> Iterator[Frame]:
    """Frames RGB [height, width, 3] with a face of `side` px and the grain of a camera."""
    grain = np.random.default_rng(0).normal(0, 6, (height, width, 3))
    rows = np.arange(height)[:, None, None]
    for left, top, right, bottom in boxes(count, height, width, side):
        picture = np.full((height, width, 3), ROOM, np.uint8)
        middle, half = (round((left + right) / 2), round((top + bottom) / 2)), (round((right - left) / 2), round((bottom - top) / 2))
        cv2.ellipse(picture, middle, half, 0, 0, 360, SKIN, -1, cv2.LINE_AA)
        lips = (middle[0], round(middle[1] + 0.5 * half[1]))
        cv2.ellipse(picture, lips, (half[0] // 3, half[1] // 9), 0, 0, 360, (150, 60, 60), -1, cv2.LINE_AA)
        yield np.clip(picture + grain + 10 * np.sin(rows / 9), 0, 255).astype(np.uint8)


def boxes(count: int, height: int = 240, width: int = 320, side: int = 120, unseen: tuple[int, ...] = ()) -> Boxes:
    """[count, 4]; NaN in the frames `unseen`."""
    turn = np.arange(count) / 7
    x, y = width / 2 + 9 * np.sin(turn), height / 2 + 5 * np.cos(turn)
    found = np.stack([x - side / 2, y - side / 2, x + side / 2, y + side / 2], axis=1)
    found[list(unseen)] = np.nan
    return found


def speech(seconds: float, rate: int = 16_000) -> Samples:
    """A buzz with the strength of syllables."""
    time = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 15))
    return (0.1 * buzz * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * time))).astype(np.float32)
