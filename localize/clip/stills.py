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
ENLARGE = 2.2  # a small picture is not blown up further than this
GLANCE = 192  # px of the longer side at which a picture's subject and ground are looked for
RIM = 0.02  # of a picture's height or width: how deep a plain edge is plain
UNEVEN = 9  # levels that nearly all of a plain edge keep within
STRUCTURE = 14  # levels between neighbouring pixels of a glance from which they are no ground
MARGIN = 0.06  # of a picture stays free around its subject: a picture grows while it is shown


def still(picture: Pixels, width: int, height: int) -> Pixels:
    """A picture (RGB or straight RGBA) for a box of `width` x `height`: RGB, larger than the box by `SPARE`, even sizes.

    It fills the box if that crops little, and nothing of the subject where the picture's ground is plain; else it is shown whole, its
    plain ground going on around it, or over a blurred enlargement of itself.
    """
    rgb = _on_paper(picture)
    w, h = round(width * SPARE) & ~1, round(height * SPARE) & ~1
    ph, pw = rgb.shape[:2]
    fill = max(w / pw, h / ph)
    keep_x, keep_y = w / (pw * fill), h / (ph * fill)
    fit = min(w / pw, h / ph, ENLARGE * SPARE)
    glance = _glance(rgb)
    plain = _plain(glance, across=w - pw * fit >= 2, down=h - ph * fit >= 2)
    if 1 - min(keep_x, keep_y) <= CROP and fill <= ENLARGE * SPARE:
        (left, cut_x), (top, cut_y) = (_window(span, keep) for span, keep in zip(_subject(glance), (keep_x, keep_y), strict=True))
        if not (plain and (cut_x or cut_y)):
            return _resize(rgb, fill, w, h, left, top)
    small = _scaled(rgb, fit)
    if plain:
        return _extended(small, w, h)
    out = u8(cv2.convertScaleAbs(_blurred(rgb, w, h, 1 / 24), alpha=0.86))
    y, x = (h - small.shape[0]) // 2, (w - small.shape[1]) // 2
    out[y : y + small.shape[0], x : x + small.shape[1]] = small
    return out


def _glance(rgb: Pixels) -> Pixels:
    """A picture made small."""
    return _scaled(rgb, min(1.0, GLANCE / max(rgb.shape[:2])))


def _plain(glance: Pixels, *, across: bool, down: bool) -> bool:
    """Whether a picture's left and right (`across`) and upper and lower edges (`down`) are one colour or a slope of light, so that its
    ground can go on beyond them."""
    for rows in [glance] * down + [np.swapaxes(glance, 0, 1)] * across:
        deep = max(2, round(RIM * len(rows)))
        for edge in (part.astype(np.float32) for part in (rows[:deep], rows[-deep:])):
            smooth = cv2.GaussianBlur(edge.mean(axis=0, keepdims=True), (0, 0), GLANCE / 32, borderType=cv2.BORDER_REPLICATE)
            if np.percentile(np.abs(edge - smooth).max(axis=2), 97) > UNEVEN:
                return False
    return True


def _subject(glance: Pixels) -> tuple[tuple[float, float], tuple[float, float]]:
    """From where to where a picture is more than a smooth ground, across and down, in parts of its width and height."""
    levels = glance.astype(np.int16)
    steps = np.zeros(glance.shape[:2], bool)
    for axis in (0, 1):
        change = np.abs(np.diff(levels, axis=axis)).max(axis=2) > STRUCTURE
        steps[: change.shape[0], : change.shape[1]] |= change
    spans = []
    for axis in (0, 1):
        found = np.flatnonzero(steps.sum(axis=axis) >= 2)
        n = int(steps.shape[1 - axis])
        spans.append((found[0] / n, (found[-1] + 1) / n) if found.size else (0.0, 1.0))
    return spans[0], spans[1]


def _window(span: tuple[float, float], keep: float) -> tuple[float, bool]:
    """Where the part `keep` of a length begins that is shown, as near to the middle as its subject's `span` allows, and whether the
    subject is cut all the same: then its far end is, as a head must not be."""
    first, last = max(0.0, span[0] - MARGIN), min(1.0, span[1] + MARGIN)
    middle = (1 - keep) / 2
    if span == (0.0, 1.0):  # a scene, or a table's edge from side to side
        return middle, False
    if last - first <= keep + 1e-6:
        return min(max(middle, last - keep), first), False
    # What begins at the picture's own edge is cut there already.
    return (min(middle, first) if span[0] else middle), True


def _extended(small: Pixels, w: int, h: int) -> Pixels:
    """A picture before a plain ground in the middle of w x h, its ground going on to the edges."""
    ph, pw = small.shape[:2]
    y, x = (h - ph) // 2, (w - pw) // 2
    out = u8(cv2.copyMakeBorder(small, y, h - ph - y, x, w - pw - x, cv2.BORDER_REPLICATE))
    deep = max(2, round(RIM * min(ph, pw)))
    for rows, before, after in ((np.swapaxes(out, 0, 1), x, w - pw - x), (out, y, h - ph - y)):
        _go_on(rows, before, deep)
        _go_on(rows[::-1], after, deep)
    return out


def _go_on(rows: Pixels, first: int, deep: int) -> None:
    """Let the ground of a picture that begins at row `first` go on before it: the edge's own noise would be drawn out into streaks, so
    it is smoothed along the edge, and the picture's outermost `deep` rows pass into it."""
    if not first:
        return
    edge = rows[first : first + deep].mean(axis=0, dtype=np.float32)[None]
    soft = cv2.GaussianBlur(edge, (0, 0), deep / 2, borderType=cv2.BORDER_REPLICATE)
    rows[:first] = np.rint(soft)
    part = np.linspace(1, 0, deep, endpoint=False, dtype=np.float32)[:, None, None]
    rows[first : first + deep] = np.rint(rows[first : first + deep] * (1 - part) + soft * part)


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


def _resize(rgb: Pixels, factor: float, w: int, h: int, left: float = -1, top: float = -1) -> Pixels:
    """A picture at another size, cut to w x h: from `left` and `top` on, in parts of it, or its middle."""
    big = _scaled(rgb, factor)
    spare_y, spare_x = max(0, big.shape[0] - h), max(0, big.shape[1] - w)
    y = min(spare_y, round(top * big.shape[0])) if top >= 0 else spare_y // 2
    x = min(spare_x, round(left * big.shape[1])) if left >= 0 else spare_x // 2
    cut = big[y : y + h, x : x + w]
    return cut if cut.shape[:2] == (h, w) else u8(cv2.resize(cut, (w, h), interpolation=cv2.INTER_LINEAR))


def _blurred(rgb: Pixels, w: int, h: int, strength: float) -> Pixels:
    """The picture filling w x h, blurred by `strength` of its width. Blurred small, where it costs nothing."""
    k = max(6, round(w * strength / 10))
    small = _resize(rgb, max(w / k / rgb.shape[1], h / k / rgb.shape[0]), w // k, h // k)
    soft = u8(cv2.GaussianBlur(small, (0, 0), max(1.0, w / k * strength)))
    return u8(cv2.resize(soft, (w, h), interpolation=cv2.INTER_CUBIC))
