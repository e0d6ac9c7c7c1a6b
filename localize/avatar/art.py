"""A part's SVG to pixels: colours put in, states blended, rasterised once with premultiplied alpha."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from localize.errors import UserError
from localize.pixels import Pixels, alpha_of, meeting, rasterise, scratch, u8

Matrix = npt.NDArray[np.float64]

_NUMBER = re.compile(r"-?\d*\.?\d+")
_DRAWN = re.compile(r'( d="| transform="| cx="| cy="| rx="| ry="| r=")([^"]*)(")')
_VIEWBOX = re.compile(r'viewBox="\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*"')


@dataclass(frozen=True)
class Art:
    """A rasterised part: premultiplied RGBA [h, w, 4], `density` pixels per canvas unit, origin in canvas units."""

    rgba: Pixels
    x: float
    y: float
    density: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in canvas units."""
        h, w = self.rgba.shape[:2]
        return self.x, self.y, self.x + w / self.density, self.y + h / self.density

    def placed(self, to_canvas: Matrix) -> Matrix:
        """The 2x3 matrix from this part's pixels to wherever `to_canvas` [2, 3] takes its canvas units."""
        # Pixel i covers units (i + 0.5) / density: without the half, parts of different density drift apart.
        shift = 0.5 / self.density
        own = np.array([[1 / self.density, 0, self.x + shift], [0, 1 / self.density, self.y + shift], [0, 0, 1]])
        return np.asarray(to_canvas @ own)


def shades(colours: Mapping[str, object], given: Mapping[str, str], where: str) -> dict[str, str]:
    """Every colour as #rrggbb. A colour is written out, or derived: `{of: jacket, light: -0.2, rich: 0.1}`, so that
    replacing one colour takes its lights and shades along. Raises UserError for what is neither."""
    unknown = sorted(set(given) - set(colours))
    if unknown:
        raise UserError(f"{where}: there is no colour {unknown[0]!r}; known: {', '.join(sorted(colours))}.")
    done: dict[str, str] = {}

    def resolve(name: str, chain: tuple[str, ...]) -> str:
        if name in done:
            return done[name]
        if name in chain or name not in colours:
            raise UserError(f"{where}: the colour {name!r} cannot be derived from {' of '.join(chain)}.")
        value = given.get(name, colours[name])
        if isinstance(value, Mapping):
            base = resolve(str(value["of"]), (*chain, name))
            value = _shade(base, float(value.get("light", 0.0)), float(value.get("rich", 0.0)), float(value.get("turn", 0.0)))
        if not isinstance(value, str) or not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
            raise UserError(f"{where}: the colour {name} is {value!r}; write it as #rrggbb.")
        done[name] = value
        return value

    return {name: resolve(name, ()) for name in colours}


def _shade(colour: str, light: float, rich: float, turn: float) -> str:
    """Lightness and saturation moved by a share of what is left in that direction, the hue by `turn` (1 is round)."""
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    h, lit, s = colorsys.rgb_to_hls(r, g, b)
    lit += light * ((1 - lit) if light > 0 else lit)
    s += rich * ((1 - s) if rich > 0 else s)
    rgb = colorsys.hls_to_rgb((h + turn) % 1.0, lit, s)
    return "#" + "".join(f"{round(v * 255):02x}" for v in rgb)


def blend(texts: Mapping[str, str], weights: Mapping[str, float]) -> str:
    """One drawing between several that differ only in their coordinates: the weighted sum of every number.

    The weights sum to 1 (negative ones allowed: smile minus rest moves any mouth to a smile). Raises UserError if
    the drawings are not built alike.
    """
    used = {name: w for name, w in weights.items() if w}
    first, *others = (_DRAWN.split(texts[name]) for name in used)
    out = list(first)
    for part in range(2, len(first), 4):
        lists = [_NUMBER.findall(text[part]) for text in (first, *others) if len(text) == len(first)]
        if len(lists) != len(used) or len({len(numbers) for numbers in lists}) != 1:
            raise UserError(f"the drawings {', '.join(used)} cannot be blended: their paths are not built alike.")
        if "${" in first[part]:
            continue
        sums = iter([sum(w * float(n) for w, n in zip(used.values(), column, strict=True)) for column in zip(*lists, strict=True)])
        out[part] = _NUMBER.sub(lambda _, sums=sums: f"{next(sums):.3f}", first[part])
    return "".join(out)


def drawn(svg: str, colours: Mapping[str, str], density: float, where: str) -> Art:
    """Draw an SVG whose viewBox is in canvas units, and crop it to what is not empty. Raises UserError if it cannot."""
    box = _VIEWBOX.search(svg)
    if box is None:
        raise UserError(f"{where}: the drawing has no viewBox.")
    try:
        whole = rasterise(Template(svg).substitute(colours), density)
    except (KeyError, ValueError) as error:
        raise UserError(f"{where}: cannot be drawn: {error}") from error
    x, y, w, h = cv2.boundingRect(whole[..., 3])
    # One empty pixel around it, so that a turned edge fades out instead of ending in a step.
    rgba = whole[y : y + h, x : x + w]
    rgba = np.pad(rgba, ((1, 1), (1, 1), (0, 0)))
    return Art(rgba, float(box[1]) + (x - 1) / density, float(box[2]) + (y - 1) / density, density)


class Parts:
    """A package's pictures by name, each rasterised when first asked for and kept.

    Parts that turn are kept larger than shown, so that turning does not blur them. Raises UserError for a part that
    is not in the package.
    """

    OVERSAMPLE = 1.5
    UPRIGHT = ("torso",)

    def __init__(self, texts: Mapping[str, str], paints: Mapping[str, str], scale: float, folder: Path) -> None:
        """`texts` are SVG by name, `folder` is where they come from, for messages."""
        self._texts, self._paints, self._scale, self._folder = texts, paints, scale, folder
        self._made: dict[Hashable, Art] = {}

    def need(self, names: Iterable[str]) -> None:
        lacking = [name for name in names if name not in self._texts]
        if lacking:
            raise UserError(f"{self._folder}: the avatar has no {', '.join(f'{name}.svg' for name in lacking)}.")

    def __getitem__(self, name: str) -> Art:
        if name not in self._made:
            self.need([name])
            self._made[name] = self._drawn(self._texts[name], name)
        return self._made[name]

    def _drawn(self, svg: str, name: str, more: Mapping[str, str] | None = None) -> Art:
        density = self._scale * (1.0 if name in self.UPRIGHT else self.OVERSAMPLE)
        return drawn(svg, {**self._paints, **(more or {})}, density, f"{self._folder / name}.svg")

    def _between(self, folder: str, weights: Mapping[str, float]) -> str:
        return blend({name: self._texts[f"{folder}/{name}"] for name in weights}, weights)

    def face(self, jaw: float) -> Art:
        """The bare face with its jaw that far down."""
        if ("face", jaw) not in self._made:
            self._made["face", jaw] = self._drawn(self._between("face", {"shut": 1 - jaw, "open": jaw}), "face")
        return self._made["face", jaw]

    def mouth(self, shape: str, before: str, smile: float) -> Art:
        """A mouth halfway between two shapes (or one of them, given twice), its corners moved by a share of the smile's."""
        key = ("mouth", *sorted((shape, before)), smile)
        if key not in self._made:
            weights = dict.fromkeys(("smile", "X", shape, before), 0.0)
            for name, w in (("smile", smile), ("X", -smile), (shape, 0.5), (before, 0.5)):
                weights[name] += w
            self._made[key] = self._drawn(self._between("mouths", weights), "mouths")
        return self._made[key]

    def eyes(self, state: str, lids: float, gaze: tuple[int, int]) -> Art:
        """A state of the eyes with the lids that far down, looking aside by `gaze` canvas units."""
        if ("eyes", state, lids, gaze) not in self._made:
            look = {"gaze_x": f"{gaze[0]}", "gaze_mirrored": f"{-gaze[0]}", "gaze_y": f"{gaze[1]}"}
            svg = self._between("eyes", {state: 1 - lids, "closed": lids})
            self._made["eyes", state, lids, gaze] = self._drawn(svg, "eyes", look)
        return self._made["eyes", state, lids, gaze]


class Shade(NamedTuple):
    """A soft shadow's alpha [h, w] and its place."""

    alpha: Pixels
    x: int
    y: int


def shade_of(shape: Pixels, reach: float) -> Shade:
    """The blurred alpha of a shape [h, w], cut to where there is any, as seen from the shape's corner. Valid until
    the next call. Blurred small: it is soft anyway."""
    pad = round(reach)
    wide = (shape.shape[0] + 2 * pad, shape.shape[1] + 2 * pad)
    alpha = cv2.copyMakeBorder(shape, pad, pad, pad, pad, cv2.BORDER_CONSTANT, dst=scratch("shade wide", *wide))
    small = cv2.GaussianBlur(cv2.resize(alpha, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), (0, 0), max(0.5, reach * 0.11))
    x, y, w, h = (4 * v for v in cv2.boundingRect(small))
    left, top = max(0, x - 8), max(0, y - 8)
    large = cv2.resize(small, wide[::-1], dst=scratch("shade", *wide), interpolation=cv2.INTER_LINEAR)
    return Shade(u8(large)[top : y + h + 8, left : x + w + 8], left - pad, top - pad)


def shadow(canvas: Pixels, shade: Shade, strength: float) -> None:
    """Darken what the canvas shows by a shade, in place; what is empty stays empty."""
    clip = meeting(canvas, shade.x, shade.y, shade.alpha)
    if clip is not None:
        shown, part = clip
        keep = cv2.convertScaleAbs(part, alpha=-strength, beta=255)
        cv2.multiply(shown, cv2.merge((keep, keep, keep, np.full_like(keep, 255))), dst=shown, scale=1 / 255)


def film(canvas: Pixels, behind: Pixels, x: int, y: int, shade: Shade, strength: float) -> None:
    """Lay a black film of a shade under what the canvas shows, in place, where an alpha behind it with its corner at (x, y) shows
    something."""
    ground = meeting(canvas, x, y, behind)
    if ground is None:
        return
    view, below = ground
    left, top = max(0, x), max(0, y)
    clip, own = (meeting(p, shade.x - left, shade.y - top, shade.alpha) for p in (view, below))
    if clip is not None and own is not None:
        (shown, part), alpha = clip, alpha_of(clip[0])
        open_ = cv2.multiply(cv2.bitwise_not(alpha), own[0], scale=1 / 255)
        shown[..., 3] = cv2.add(alpha, cv2.multiply(open_, part, scale=strength / 255))


def warped(pixels: Pixels, matrix: Matrix) -> tuple[int, int, Pixels]:
    """A picture turned by a 2x3 matrix (its pixels to canvas pixels), in its tight box: x, y, pixels."""
    h, w = pixels.shape[:2]
    corners = matrix[:, :2] @ np.array([[0, w, 0, w], [0, 0, h, h]], float) + matrix[:, 2:]
    x0, y0 = np.floor(corners.min(axis=1)).astype(int) - 1
    x1, y1 = np.ceil(corners.max(axis=1)).astype(int) + 1
    # warpAffine counts from pixel centres, the canvas from corners.
    local = matrix - np.array([[0, 0, x0 + 0.5], [0, 0, y0 + 0.5]])
    turned = cv2.warpAffine(pixels, local, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
    return int(x0), int(y0), np.asarray(turned, np.uint8)
