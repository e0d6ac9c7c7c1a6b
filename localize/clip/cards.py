"""The flat things in the frame: title, feature, price and call-to-action cards, the AI label, the picture's frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Literal

import cv2
import numpy as np

from localize import languages
from localize.clip import type as typeset
from localize.clip.fonts import Weight
from localize.clip.type import Block, Style
from localize.domain import Money
from localize.errors import UserError
from localize.languages import Language
from localize.pixels import Pixels, over, premultiply, rasterise, u8

LABEL_GLYPH = 56  # px: GB 45438-2025 asks for 5 % of the shorter side, 54 at 1080
SHADOW = 28  # px of soft shadow around a card
INK, QUIET, PAPER = "#1B1B22", "#7A7A85", "#FFFFFF"


Corners = Literal["round", "soft", "square"]
# How round corners are, for all that has some: a part of what they are at their roundest.
ROUNDNESS: dict[Corners, float] = {"round": 1.0, "soft": 0.4, "square": 0.0}


@dataclass(frozen=True)
class Palette:
    """What a brand gives to the look of its cards: colours (#RRGGBB), the style of corners, a font's file or ""."""

    primary: str
    accent: str
    corners: Corners = "round"
    font: str = ""

    @property
    def roundness(self) -> float:
        return ROUNDNESS[self.corners]

    def style(self, size: int, weight: Weight, fill: str) -> Style:
        """A text's style in the brand's font."""
        return Style(size, weight, fill, font=self.font)


@dataclass(frozen=True, eq=False)
class Card:
    """A card's pixels (premultiplied RGBA) and the box of its face inside them: what is around is shadow.

    `glyph` is the height in pixels of the lowest full-height letter, where a rule asks for it.
    """

    rgba: Pixels
    left: int
    top: int
    width: int
    height: int
    glyph: int = 0

    def sized(self, scale: float) -> Card:
        """The card at another size."""
        if scale == 1:
            return self
        h, w = (round(scale * n) for n in self.rgba.shape[:2])
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        left, top, width, height, glyph = (int(scale * n) for n in (self.left, self.top, self.width, self.height, self.glyph))
        return Card(u8(cv2.resize(self.rgba, (w, h), interpolation=how)), left, top, width, height, glyph)


def _sheet(width: int, height: int, palette: Palette, *, radius: float = 32, bar: str = "", opacity: float = 0.97) -> Card:
    """An empty card with a soft shadow, and a bar of colour down its left side if asked for."""
    radius = round(radius * palette.roundness)
    clip = f'<clipPath id="c"><rect width="{width}" height="{height}" rx="{radius}"/></clipPath>'
    stripe = f'{clip}<rect width="14" height="{height}" fill="{bar}" clip-path="url(#c)"/>' if bar else ""
    face = _drawn(width, height, f'<rect width="{width}" height="{height}" rx="{radius}" fill="{PAPER}" opacity="{opacity}"/>{stripe}')
    s, drop = SHADOW, 8
    canvas = np.zeros((height + 2 * s, width + 2 * s, 4), np.uint8)
    canvas[s + drop : s + drop + height, s : s + width, 3] = face[..., 3]
    # Blurred here and not in the SVG, where a filter costs ten times as much.
    canvas[..., 3] = cv2.convertScaleAbs(cv2.GaussianBlur(canvas[..., 3], (0, 0), 9), alpha=0.30)
    over(canvas, s, s, face)
    return Card(canvas, s, s, width, height)


def _put(card: Card, sprite: Pixels, x: int, y: int) -> None:
    over(card.rgba, card.left + x, card.top + y, sprite)


def feature(text: str, number: int, language: str, palette: Palette, width: int) -> Card:
    """One selling point beside its number."""
    badge, pad = 68, 28
    words = typeset.block(text, palette.style(44, "semibold", INK), language, width - badge - 3 * pad, max_lines=3, smallest=32)
    height = max(badge, words.height) + 2 * pad
    card = _sheet(width, height, palette, bar=palette.primary)
    _put(card, _pill(badge, badge, palette.primary, palette), pad, (height - badge) // 2)
    figure = palette.style(42, "bold", "#FFFFFF")
    sprite, (_, dy) = typeset.draw(str(number), figure, language)
    up, _ = typeset.ink(str(number), figure, language)
    _put(card, sprite, pad + badge // 2 - sprite.shape[1] // 2, height // 2 + up // 2 + dy)
    _put(card, words.rgba, pad + badge + pad + words.x, (height - words.height) // 2 + words.y)
    return card


def title(text: str, brand: str, language: str, palette: Palette, width: int) -> Card:
    """The product's name, its brand above it."""
    pad = 30
    name = typeset.block(text, palette.style(46, "bold", INK), language, width - 2 * pad - 10, max_lines=3, smallest=34)
    small = palette.style(30, "semibold", palette.primary)
    above = typeset.block(brand, small, language, width - 2 * pad, max_lines=1, smallest=22) if brand else None
    gap = (above.height + 16) if above else 0
    card = _sheet(width, name.height + gap + 2 * pad, palette, bar=palette.primary)
    if above:
        _put(card, above.rgba, pad + 10 + above.x, pad + above.y)
    _put(card, name.rgba, pad + 10 + name.x, pad + gap + name.y)
    return card


def price(now: Money, was: Money | None, language: str, palette: Palette, width: int, *, price_from: bool = False) -> Card:
    """What it costs, large; what it did cost, struck out; what is saved, in a badge.

    With `price_from` the word "from" stands with the price, and no badge does: the saving is the cheapest variant's alone.
    """
    lang, pad, gap = languages.get(language), 30, 20
    quiet = palette.style(40, "medium", QUIET)
    before, after = _from(lang, palette.style(40, "semibold", INK), palette.style(46, "bold", palette.primary)) if price_from else ((), ())
    old = [typeset.block(lang.price(was), replace(quiet, strike=QUIET), language, width // 2, max_lines=1, smallest=28)] if was else []
    above = _row([*before, *old], language, gap)
    room = width - 2 * pad - sum(_reach(b) + gap for b in after)
    big = typeset.block(lang.price(now), palette.style(92, "extrabold", palette.primary), language, room, max_lines=1, smallest=56)
    below = _row([big, *after], language, gap // 2)
    top = max(above.height, 52) + 18 if above.blocks else 0
    card = _sheet(width, top + below.height + 2 * pad, palette)
    _put_row(card, above, pad, pad + (52 - above.height) // 2)
    if was and not price_from:
        off = int((was.amount - now.amount) * 100 / was.amount)
        if off >= 1:
            text = typeset.block(f"-{lang.percent(off)}", palette.style(36, "bold", INK), language, 160, max_lines=1)
            badge = _pill(_reach(text) - text.x + 40, 54, palette.accent, palette)
            x = width - pad - badge.shape[1]
            _put(card, badge, x, pad)
            _put(card, text.rgba, x + 20, pad + (54 - text.height) // 2 + text.y)
    _put_row(card, below, pad, pad + top)
    return card


def call(now: Money, language: str, palette: Palette, width: int, *, price_from: bool = False) -> Card:
    """What to do next: a button in the brand's colour, the price once more above it (with "from", if it is the lowest)."""
    lang, pad, gap = languages.get(language), 24, 14
    before, after = _from(lang, palette.style(34, "semibold", INK), palette.style(34, "bold", palette.primary)) if price_from else ((), ())
    room = width - 2 * pad - sum(_reach(b) + gap for b in (*before, *after))
    big = typeset.block(lang.price(now), palette.style(64, "extrabold", palette.primary), language, room, max_lines=1, smallest=40)
    above = _row([*before, big, *after], language, gap)
    white = palette.style(42, "bold", "#FFFFFF")
    words = typeset.block(lang.labels["cart"], white, language, width - 2 * pad - 110, max_lines=1, smallest=28)
    button = 92
    card = _sheet(width, above.height + button + 3 * pad, palette)
    _put_row(card, above, pad + 8, pad)
    y = pad * 2 + above.height
    _put(card, _pill(width - 2 * pad, button, palette.primary, palette), pad, y)
    _put(card, _cart(46), pad + 30, y + 23)
    _put(card, words.rgba, pad + 92 + words.x, y + (button - words.height) // 2 + words.y)
    return card


@dataclass(frozen=True, eq=False)
class _Row:
    """Blocks of one line each side by side, their letters on one baseline: each with its x and y in the row."""

    blocks: tuple[tuple[Block, int, int], ...]
    height: int


def _row(blocks: Sequence[Block], language: str, gap: int) -> _Row:
    below = [typeset.ink(b.lines[-1], b.style, language)[1] for b in blocks]
    baseline = max((b.height - d for b, d in zip(blocks, below, strict=True)), default=0)
    starts = accumulate((_reach(b) + gap for b in blocks), initial=0)
    placed = tuple((b, x, baseline - b.height + d) for b, d, x in zip(blocks, below, starts, strict=False))
    return _Row(placed, baseline + max(below, default=0))


def _put_row(card: Card, row: _Row, x: int, y: int) -> None:
    for block, right, down in row.blocks:
        _put(card, block.rgba, x + right + block.x, y + down + block.y)


def _reach(block: Block) -> int:
    """How far a block's letters reach from its left edge."""
    return block.x + int(block.rgba.shape[1])


def _from(lang: Language, before: Style, after: Style) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """The words that stand before and after a price that is the lowest of several."""
    words = zip(lang.labels["from"].split("{}"), (before, after), strict=True)
    left, right = ((typeset.block(w.strip(), style, lang.code, 240, max_lines=1),) if w.strip() else () for w, style in words)
    return left, right


@lru_cache(maxsize=8)  # all clips of a night wear one of a few, and finding its size draws every letter
def ai_label(language: str, width: int) -> Card:
    """The disclosure every clip wears from its first frame. Sized by its glyphs, not by its font."""
    text = languages.get(language).ai_label
    style = Style(60, "semibold", "#FFFFFF")
    while typeset.glyph_height(text, style, language) < LABEL_GLYPH:
        style = replace(style, size=style.size + 1)
    words = typeset.block(text, style, language, width - 48, max_lines=1)
    w, h = words.rgba.shape[1] + 48, words.height + 32
    ground = _drawn(w, h, f'<rect width="{w}" height="{h}" rx="22" fill="#101018" opacity=".58"/>')
    card = Card(ground, 0, 0, w, h, typeset.glyph_height(text, style, language))
    _put(card, words.rgba, 24, 16 + words.y)
    return card


def melting(width: int, height: int, reach: int) -> Pixels:
    """Coverage [h, w] of a picture whose lower edge fades out over `reach` pixels (0: not at all)."""
    down = np.clip((height - 1 - np.arange(height, dtype=np.float32)) / max(reach, 1e-3), 0, 1) if reach else np.ones(height, np.float32)
    eased = down * down * (3 - 2 * down)
    return np.ascontiguousarray(np.broadcast_to((eased * 255 + 0.5).astype(np.uint8)[:, None], (height, width)))


def logo(path: str, palette: Palette, width: int, height: int, *, edge: tuple[int, int] = (22, 16), opacity: float = 0.88) -> Card:
    """A logo on a light plate, so that it reads on any picture; the plate is at most `width` x `height`, `edge` what it has beside
    and above the logo."""
    bgra = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if bgra is None or bgra.ndim != 3:
        raise UserError(f"the logo {path} is not a PNG or JPEG in colour: save it as a PNG with transparency.")
    rgba = u8(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA if bgra.shape[2] == 4 else cv2.COLOR_BGR2RGBA))
    side, above = edge
    scale = min((width - 2 * side) / rgba.shape[1], (height - 2 * above) / rgba.shape[0])
    size = (max(2, round(rgba.shape[1] * scale)), max(2, round(rgba.shape[0] * scale)))
    small = u8(cv2.resize(premultiply(rgba), size, interpolation=cv2.INTER_AREA))
    plate = _sheet(size[0] + 2 * side, size[1] + 2 * above, palette, radius=(size[1] + 2 * above) // 2, opacity=opacity)
    _put(plate, small, side, above)
    return plate


def _drawn(width: int, height: int, shapes: str) -> Pixels:
    return rasterise(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{shapes}</svg>')


def _pill(width: int, height: int, colour: str, palette: Palette) -> Pixels:
    """A badge or button: its ends are half circles where corners are at their roundest."""
    rounded = height / 2 * palette.roundness
    return _drawn(width, height, f'<rect width="{width}" height="{height}" rx="{rounded}" fill="{colour}"/>')


def _cart(size: int) -> Pixels:
    basket = "M2 3h3l2.4 11.2a2 2 0 0 0 2 1.6h7.9a2 2 0 0 0 1.9-1.5L21.5 7H6.2"
    return _drawn(
        size,
        size,
        f'''<g transform="scale({size / 24})" fill="#fff"><circle cx="10" cy="20" r="1.8"/><circle cx="17" cy="20" r="1.8"/>
        <path d="{basket}" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></g>''',
    )
