"""Product pictures made ready for the frame: the still that is zoomed, and the blurred background behind everything."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from localize.pixels import Pixels, u8

SPARE = 1.12  # a still is this much larger than its box, so that zooming in loses no sharpness
CROP = 0.22  # a picture may lose this part of its height or width to fill the box
BAND = 32  # rows of a background that are painted at once
ENLARGE = 1.6  # a small picture is not blown up further than this


def still(picture: Pixels, width: int, height: int) -> Pixels:
    """A picture (RGB or straight RGBA) for a box of `width` x `height`: RGB, larger than the box by `SPARE`, even sizes.

    It fills the box if that crops little; else it is shown whole over a blurred enlargement of itself.
    """
    rgb = _on_paper(picture)
    w, h = round(width * SPARE) & ~1, round(height * SPARE) & ~1
    ph, pw = rgb.shape[:2]
    fill = max(w / pw, h / ph)
    lost = 1 - min(w / (pw * fill), h / (ph * fill))
    if lost <= CROP and fill <= ENLARGE * SPARE:
        return _resize(rgb, fill, w, h)
    fit = min(w / pw, h / ph, ENLARGE * SPARE)
    out = u8(cv2.convertScaleAbs(_blurred(rgb, w, h, 1 / 24), alpha=0.86))
    small = _scaled(rgb, fit)
    y, x = (h - small.shape[0]) // 2, (w - small.shape[1]) // 2
    out[y : y + small.shape[0], x : x + small.shape[1]] = small
    return out


def background(picture: Pixels, width: int, height: int, tint: str, top: int = 0) -> Pixels:
    """A bright, soft backdrop: the picture's own colours melted into the brand's palest tone, a little deeper below: RGB. Rows above
    `top` are black: what is covered need not be painted."""
    soft = _blurred(_on_paper(picture), width, height, 1 / 9)
    colour = np.array([int(tint[i : i + 2], 16) for i in (1, 3, 5)], np.float32)
    pale, deep = 255 - (255 - colour) * 0.16, 255 - (255 - colour) * 0.62
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None] ** 1.6
    ramp = ((pale * (1 - down) + deep * down) * np.float32(0.66)).astype(np.float32)
    grain = _grain(width, height)
    soft[:top] = 0
    # A few rows at a time: in floats the whole frame would be 25 MB, and most of the time would go into fetching it.
    for y in range(top, height, BAND):
        band = np.s_[y : y + BAND]
        out = soft[band].astype(np.float32)
        out *= np.float32(0.34)
        out += ramp[band, None]
        out += grain[band, :, None]
        cv2.convertScaleAbs(out, dst=soft[band])
    return soft


@lru_cache(maxsize=2)
def _grain(width: int, height: int) -> npt.NDArray[np.float32]:
    """Half a level of noise [h, w] for all channels alike: without it a smooth ramp would show bands."""
    return np.random.default_rng(7).random((height, width), np.float32) - np.float32(0.5)


def _on_paper(picture: Pixels) -> Pixels:
    """RGB of a picture; what is transparent lies on a light studio ground."""
    if picture.shape[2] == 3:
        return picture
    h, w = picture.shape[:2]
    ground = np.linspace(250, 226, h, dtype=np.float32)[:, None, None] * np.ones((1, w, 3), np.float32)
    alpha = picture[..., 3:].astype(np.float32) / 255
    return (picture[..., :3] * alpha + ground * (1 - alpha) + 0.5).astype(np.uint8)


def _scaled(rgb: Pixels, factor: float) -> Pixels:
    size = (max(2, round(rgb.shape[1] * factor)), max(2, round(rgb.shape[0] * factor)))
    return u8(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC))


def _resize(rgb: Pixels, factor: float, w: int, h: int) -> Pixels:
    big = _scaled(rgb, factor)
    y, x = max(0, (big.shape[0] - h) // 2), max(0, (big.shape[1] - w) // 2)
    cut = big[y : y + h, x : x + w]
    return cut if cut.shape[:2] == (h, w) else u8(cv2.resize(cut, (w, h), interpolation=cv2.INTER_LINEAR))


def _blurred(rgb: Pixels, w: int, h: int, strength: float) -> Pixels:
    """The picture filling w x h, blurred by `strength` of its width. Blurred small, where it costs nothing."""
    k = max(6, round(w * strength / 10))
    small = _resize(rgb, max(w / k / rgb.shape[1], h / k / rgb.shape[0]), w // k, h // k)
    soft = u8(cv2.GaussianBlur(small, (0, 0), max(1.0, w / k * strength)))
    return u8(cv2.resize(soft, (w, h), interpolation=cv2.INTER_CUBIC))
