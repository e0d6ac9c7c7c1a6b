"""A product cut out of its picture: whether the cut can be trusted, and how it stands on the brand's ground, with a soft shadow."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from localize.clip.stills import ENLARGE, SPARE
from localize.pixels import Pixels, u8

VERSION = "2"  # raise it when the same picture and alpha would be judged or drawn otherwise

GLANCE = 256  # px of the longer side that a cut is judged at
COVERAGE = (0.05, 0.90)  # of the picture that a product takes
PIECES, SPECK = 4, 0.004  # a product has so many parts at most; what is smaller than this share of it is none
DUST = 0.04  # of the product may be in specks
SOFT = 0.25  # of what is seen may be half see-through
TOUCHING = 0.15  # of the picture's border may be product: what is cut off there would float
UNEVEN = 20  # levels that nine tenths of a plain ground stay within, slopes of light aside
RIM = 0.08  # of the picture's shorter side: how deep the ground is looked at
CLEAR, FULL = 8, 250  # alpha up to which nothing is seen, and from which nothing shines through

SIDE, FOOT = 0.09, 0.10  # of the picture's box stay free beside a product, and below it
SHADE = (0.42, 0.26)  # how dark the shadow is right below the product, and around

Floats = npt.NDArray[np.float32]


class Verdict(NamedTuple):
    """What is wrong with a cut, in a seller's words ("" for nothing), and whether the picture's ground is a plain one."""

    wrong: str
    plain: bool


def judged(picture: Pixels, alpha: Pixels) -> Verdict:
    """Of an RGB picture [h, w, 3] and how much of it is the product [h, w]."""
    scale = min(1.0, GLANCE / max(alpha.shape))
    size = tuple(max(2, round(n * scale)) for n in alpha.shape[::-1])
    rgb, small = (u8(cv2.resize(a, size, interpolation=cv2.INTER_AREA)) for a in (picture, alpha))
    return Verdict(_wrong(small), _plain(rgb, small))


def _wrong(alpha: Pixels) -> str:
    coverage = float(alpha.mean()) / 255
    if not COVERAGE[0] <= coverage <= COVERAGE[1]:
        return f"what was found is {coverage:.0%} of the picture"
    inside = (alpha >= 128).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(inside)
    sizes = np.sort(np.asarray(stats[1:, cv2.CC_STAT_AREA], np.float64))[::-1] / max(1, int(inside.sum()))
    parts = sizes[sizes >= SPECK]
    if len(parts) > PIECES or sizes.sum() - parts.sum() > DUST:
        return f"it came in {len(sizes)} pieces"
    if ((alpha > CLEAR) & (alpha < FULL)).sum() > SOFT * (alpha > CLEAR).sum() + 4 * sum(alpha.shape):
        return "its edge is not clear"
    border = np.concatenate((alpha[0], alpha[-1], alpha[1:-1, 0], alpha[1:-1, -1]))
    if (border >= 128).mean() > TOUCHING:
        return "it goes on beyond the picture's edge"
    return ""


def _plain(rgb: Pixels, alpha: Pixels) -> bool:
    """Whether the picture's rim, where it is not product, is one colour or a slope of light from one to another. Farther in, a product
    that was not found would count as ground."""
    ground = cv2.dilate(alpha, np.ones((7, 7), np.uint8)) <= CLEAR
    deep = max(2, round(RIM * min(alpha.shape)))
    ground[deep:-deep, deep:-deep] = False
    if ground.sum() < deep * deep:  # next to none is seen: what is wrong with the cut will say so
        return True
    rows, columns = np.nonzero(ground)
    x, y = columns / alpha.shape[1] - 0.5, rows / alpha.shape[0] - 0.5
    slope = np.stack((np.ones_like(x), x, y, x * x, x * y, y * y), axis=1)
    colours = rgb[ground].astype(np.float64)
    fit, *_ = np.linalg.lstsq(slope, colours, rcond=None)
    return bool(np.percentile(np.abs(colours - slope @ fit).max(axis=1), 90) <= UNEVEN)


def clean(picture: Pixels, alpha: Pixels) -> Pixels:
    """Straight RGBA of a product whose edge has its own colours and not the old ground's, which shone through there: else a fringe
    would stand around it."""
    reach = max(1, round(max(alpha.shape) / 500))
    inner = cv2.erode((alpha >= FULL).astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    rgb = picture[..., :3].copy()
    unknown = (alpha > 0) & (inner == 0)
    # From near to far: what is beside a wide soft edge lies farther off.
    for sigma in (1.5 * reach, 4.0 * reach):
        weight = cv2.GaussianBlur(inner.astype(np.float32), (0, 0), sigma)
        near = unknown & (weight > 0.02)
        spread = cv2.GaussianBlur(picture[..., :3].astype(np.float32) * inner[..., None], (0, 0), sigma)
        rgb[near] = np.rint(spread[near] / weight[near, None]).astype(np.uint8)
        unknown &= ~near
    # The outermost of an edge is mostly ground.
    tight = np.clip((alpha.astype(np.float32) - 20) / (FULL - 20), 0, 1) * 255
    return np.dstack((rgb, np.rint(tight).astype(np.uint8)))


def standing(product: Pixels, width: int, height: int, tint: str, head: int = 0, melt: int = 0) -> Pixels:
    """A cut product (straight RGBA) on the brand's ground, for a picture's box of `width` x `height`: RGB, larger than that by `SPARE`,
    as `stills.still` makes it.

    It stays out of the upper `head` rows and of most of the lower `melt` ones, which fade out, and is not blown up further than a whole
    picture would be. Raises ValueError where nothing of the product is seen."""
    w, h = round(width * SPARE) & ~1, round(height * SPARE) & ~1
    rows, columns = (np.flatnonzero((product[..., 3] > CLEAR).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        raise ValueError("nothing of the product is seen")
    cut = product[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    highest, lowest = round(head * SPARE), h - max(round(FOOT * h), round(0.7 * melt * SPARE))
    free = lowest - highest
    scale = min((1 - 2 * SIDE) * w / cut.shape[1], free / cut.shape[0], ENLARGE * SPARE)
    rgb, alpha = _resized(cut, scale)
    ph, pw = alpha.shape
    # A low product stands a little below the middle of its room, as on a table, and not at the room's end.
    foot = min(lowest, round(highest + 0.56 * free + ph / 2))
    left, top = (w - pw) // 2, foot - ph
    ground = _ground(w, h, tint, foot, _lightness(rgb, alpha))
    ground *= 1 - _shadow(alpha, w, h, left, foot)[..., None]
    part = ground[top:foot, left : left + pw]
    part *= 1 - alpha[..., None]
    part += rgb
    ground += _grain(w, h)
    return np.clip(np.rint(ground), 0, 255).astype(np.uint8)


def _resized(cut: Pixels, scale: float) -> tuple[Floats, Floats]:
    """Colours times alpha [h, w, 3] from 0 to 255, and alpha [h, w] from 0 to 1, at another size."""
    alpha = _floats(cut[..., 3] / 255)
    size = (max(2, round(cut.shape[1] * scale)), max(2, round(cut.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    rgb, alpha = (_floats(cv2.resize(a, size, interpolation=how)) for a in (cut[..., :3].astype(np.float32) * alpha[..., None], alpha))
    alpha = _floats(np.clip(alpha, 0, 1))
    return _floats(np.clip(rgb, 0, 255 * alpha[..., None])), alpha


def _lightness(rgb: Floats, alpha: Floats) -> float:
    """How light a product's rim is, from 0 to 1: where it is white, a pale ground would swallow it."""
    solid = (alpha > 0.95).astype(np.uint8)
    thick = max(3, max(alpha.shape) // 20) | 1
    rim = (solid - cv2.erode(solid, np.ones((thick, thick), np.uint8), borderValue=0)).astype(bool)
    return float((rgb[rim] @ np.array((0.2126, 0.7152, 0.0722), np.float32)).mean() / 255) if rim.any() else 0.5


def _ground(w: int, h: int, tint: str, foot: int, lightness: float) -> Floats:
    """A studio's wall and floor [h, w, 3] in the brand's palest tone, deeper behind what is pale, with light behind the product."""
    colour = np.array([int(tint[i : i + 2], 16) for i in (1, 3, 5)], np.float32)
    depth = np.float32(0.16 + 0.22 * _smooth((lightness - 0.62) / 0.26))
    # A brand's own pale colour is darkened too, or nothing would stand out from it.
    wall = (255 - (255 - colour) * depth) * (1 - np.float32(0.10) * depth / 0.38)
    down = np.arange(h, dtype=np.float32)[:, None]
    floor = _smooth((down - (foot - 0.13 * h)) / (0.16 * h))
    across = (np.arange(w, dtype=np.float32)[None] - w / 2) / (0.62 * w)
    light = np.exp(-(across**2) - ((down - (foot - 0.34 * h)) / (0.46 * h)) ** 2)
    shade = (1 - np.float32(0.06) * floor) * (np.float32(0.96) + np.float32(0.06) * light)
    return np.ascontiguousarray(shade[..., None] * wall, np.float32)


def _shadow(alpha: Floats, w: int, h: int, left: int, foot: int) -> Floats:
    """How much darker the ground [h, w] is around a product's foot: dark and narrow where it touches, wide and faint around."""
    ph, pw = alpha.shape
    touching = alpha[-max(2, ph // 25) :].max(axis=0)
    whole = alpha.max(axis=0)
    near, wide = np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
    thin, flat = max(2, pw // 90), max(4, pw // 26)
    near[foot - thin : foot + thin, left : left + pw] = touching
    wide[foot - flat : foot + flat, left : left + pw] = whole
    near = _floats(cv2.GaussianBlur(near, (0, 0), max(1.5, pw / 70), sigmaY=max(1.2, pw / 110)))
    wide = _floats(cv2.GaussianBlur(wide, (0, 0), max(3.0, pw / 14), sigmaY=max(2.0, pw / 30)))
    return np.float32(1) - (1 - np.float32(SHADE[0]) * near) * (1 - np.float32(SHADE[1]) * wide)


def _grain(w: int, h: int) -> Floats:
    """Half a level of noise [h, w, 1]: without it a smooth ground would show bands."""
    return np.random.default_rng(7).random((h, w, 1), np.float32) - np.float32(0.5)


def _smooth(x: Any) -> Any:
    """Ease from 0 to 1, both ends gentle, of a number or of many."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _floats(array: Any) -> Floats:
    return np.asarray(array, np.float32)
