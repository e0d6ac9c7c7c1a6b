"""Captions as they are drawn: pages of timed words become sprites, with the current word on a pill.

Letters are placed word by word at whole pixels, in the page as in the pill over it, so the two coincide exactly, in
Thai too, where no space parts the words. Prices and numbers have a colour of their own and no other size.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np

from localize import quantities
from localize.clip import emoji
from localize.clip.contrast import PAPER, contrast, mixed, readable, stands_out
from localize.clip.paging import Page
from localize.clip.type import Masks, Style, ink, masks, measure, paint, tint
from localize.domain import Word
from localize.pixels import Pixels, over, u8

GROUND, INK = "#0E1116", "#14161B"
YELLOW, RED = "#FFD23F", "#C62828"  # numbers on dark and on light, where a brand has no colours
DARK_CARD, LIGHT_CARD = 0.80, 0.90  # opacities at which letters on the card are readable over any picture
POP = (0.80, 1.05, 1.0)  # the pill's size in the first, second and all later frames (at 30 a second) of its word

Design = Literal["outline", "card", "light-card"]


def numbers(words: Sequence[Word], language: str) -> frozenset[int]:
    """The indices of the words that are a number or belong to one: prices, percentages, amounts with their units (30 ชม.).

    Names with figures in them (IPX5, 5G) are none.
    """
    text, ends = "", []
    for word in words:
        text += word.text
        ends.append(len(text))
        text += word.gap.replace("\n", "\n\n")  # two spaces: a unit in the next line is another number's
    found = quantities.find(text, language)
    spans = [(q.stop - len(q.written), q.stop) for q in found]
    return frozenset(
        k
        for k, (word, end) in enumerate(zip(words, ends, strict=True))
        if any(start < end and stop > end - len(word.text) for start, stop in spans)
    )


@dataclass(frozen=True)
class Look:
    """How captions look. `width` is the box they stay in, all ink included; `brand` colours the pill, `accent` prices and
    numbers (#RRGGBB). `design`: letters with an outline, or plain ones on a dark or a light card. `roundness` is that of its corners,
    0..1, `font` the brand's file."""

    width: int = 840
    size: int = 72
    brand: str = "#E4572E"
    accent: str = "#FFC145"
    design: Design = "outline"
    roundness: float = 1.0
    font: str = ""

    @property
    def style(self) -> Style:
        if self.design == "outline":
            edge = max(3, round(self.size * 0.09))
            return Style(self.size, "bold", PAPER, outline=GROUND, outline_width=edge, shadow=0.55, font=self.font)
        return Style(self.size, "bold", INK if self.design == "light-card" else PAPER, font=self.font)

    @property
    def card(self) -> str:
        """The card's colour with its opacity, #RRGGBBAA; empty for the outline."""
        if self.design == "outline":
            return ""
        colour, opacity = (PAPER, LIGHT_CARD) if self.design == "light-card" else (GROUND, DARK_CARD)
        return f"{colour}{round(opacity * 255):02X}"

    @property
    def ground(self) -> str:
        """What letters are read against: the outline, or the card over the picture that helps it least."""
        if self.design == "light-card":
            return mixed("#000000", PAPER, LIGHT_CARD)
        return GROUND if self.design == "outline" else mixed(PAPER, GROUND, DARK_CARD)

    @property
    def number(self) -> str:
        """The colour of prices and numbers: the accent or the brand's, whichever need be changed less to be read; neither if
        it is grey or could be taken for the letters' own colour."""
        tried = sorted((readable(c, self.ground) for c in (self.accent, self.brand)), key=lambda changed: changed[0])
        return next((c for _, c in tried if stands_out(c, self.style.fill)), RED if self.design == "light-card" else YELLOW)

    @property
    def heard(self) -> str:
        """The colour of words that were heard, where no pill can be drawn: the brand's, made readable."""
        colour = readable(self.brand, self.ground)[1]
        return colour if stands_out(colour, self.style.fill) else self.number

    @property
    def pill(self) -> str:
        """The pill's colour: the brand's, unless it would vanish in the card."""
        return self.number if self.card and contrast(self.brand, self.ground) < 1.4 else self.brand

    @property
    def pad(self) -> int:
        """How far the pill reaches over its word on a side where there is room."""
        return round(self.size * 0.17)

    @property
    def edge(self) -> int:
        """How far the card reaches over a line's first and last pill."""
        return round(self.size * 0.16) if self.card else 0

    @property
    def room(self) -> int:
        """The widest line, in pixels: the box less what outline or card, pill and its pop reach over."""
        return self.width - 2 * (self.pad + self.edge + self.size // 10)

    @property
    def on_pill(self) -> str:
        """White or near black, whichever large text is read better in on the pill (white from 3:1, WCAG 2)."""
        return PAPER if contrast(PAPER, self.pill) >= 3.0 else INK


@dataclass(frozen=True, eq=False)
class Sprite:
    """Premultiplied RGBA with its top left corner at (x, y) of the caption box. Equal keys are equal pixels."""

    key: tuple[int, ...]
    x: int
    y: int
    rgba: Pixels


@dataclass(frozen=True)
class _Placed:
    """A word on its page: `x` its origin, `baseline` its line's, `left` and `right` the pill's edges; an emoji has no pill."""

    index: int
    x: int
    baseline: int
    left: int
    right: int
    emoji: bool


@dataclass
class _Sheet:
    """One page, set: its style (smaller if a word was too wide), its words, and the sprites made so far.

    `shapes` are plain words' letters, all words' outlines and emoji; `numbers` the letters of prices and numbers.
    """

    style: Style
    placed: dict[int, _Placed]
    up: int
    down: int
    shapes: Masks
    numbers: Pixels
    sprites: dict[tuple[int, ...], Sprite] = field(default_factory=dict)


class CaptionArt:
    """Draws the captions of one clip, each page and word when it is first shown.

    look = Look(width=840, brand="#E4572E")
    art = CaptionArt(pages(words, ruler(look.style, "th"), look.room), words, "th", look)
    for sprite in art.at(1.5): ...  # the page, then the current word over it
    """

    def __init__(self, pages: Sequence[Page], words: Sequence[Word], language: str, look: Look) -> None:
        self.look, self.language = look, language
        self._pages, self._words = pages, words
        self._starts = [p.start for p in pages]
        self._numbers = numbers(words, language)
        # White letters that reach out of a small pill are seen on an outline and on a dark card, not on a light one.
        self._pop = tuple(max(1.0, size) for size in POP) if look.design == "light-card" else POP
        # One line height for the whole clip, so that lines do not jump from page to page. Emoji fit between lines.
        reach = [ink(text, look.style, language) for text in ("Hg", *(w.text for w in words if not emoji.only(w.text)))]
        self._up, self._down = max(r[0] for r in reach), max(r[1] for r in reach)
        self._leading = self._up + self._down + round(look.size * 0.26)
        self._margin = look.size // 3  # for the shadow and the pill of the first and last lines
        lines = max((len(p.lines) for p in pages), default=0)
        self.height = lines * self._leading + 2 * self._margin
        self._sheets: dict[int, _Sheet] = {}

    def at(self, t: float) -> tuple[Sprite, ...]:
        """The page shown at `t` seconds and over it the current word's pill; nothing between pages."""
        number = bisect_right(self._starts, t + 1e-6) - 1
        if number < 0 or t >= self._pages[number].end:
            return ()
        if number not in self._sheets:
            self._sheets = {number: self._set(number)}  # pages come in order: the one before is done with
        sheet = self._sheets[number]
        if not sheet.placed:
            return ()
        page = self._sprite(sheet, (number,), lambda: self._page(sheet))
        heard = [k for k, word in sheet.placed.items() if self._words[k].start <= t + 1e-6 and not word.emoji]
        if not heard:
            return (page,)
        frame = min(int((t - self._words[heard[-1]].start) * 30 + 1e-3), len(POP) - 1)
        return page, self._sprite(sheet, (number, heard[-1], frame), lambda: self._pill(sheet, sheet.placed[heard[-1]], self._pop[frame]))

    def _sprite(self, sheet: _Sheet, key: tuple[int, ...], make: Callable[[], tuple[Pixels, int, int]]) -> Sprite:
        if key not in sheet.sprites:
            rgba, x, y = make()
            sheet.sprites[key] = Sprite(key, x, y, rgba)
        return sheet.sprites[key]

    def _text(self, indices: Sequence[int]) -> str:
        return "".join(self._words[k].text + self._words[k].gap for k in indices)

    def _set(self, number: int) -> _Sheet:
        """Place the words of a page and draw their coverage in one canvas of the box."""
        page, look = self._pages[number], self.look
        widest = max(measure(self._text(line).rstrip(), look.style, self.language) for line in page.lines)
        scale = min(1.0, look.room / widest) if widest else 1.0
        style = replace(look.style, size=int(look.size * scale))
        top = (self.height - len(page.lines) * self._leading) // 2 + (self._leading - self._up - self._down) // 2
        placed: dict[int, _Placed] = {}
        for row, line in enumerate(page.lines):
            placed |= self._line(line, top + row * self._leading + self._up, style)
        fill, numbers, outline = (np.zeros((self.height, look.width), np.uint8) for _ in range(3))
        colour: Pixels | None = None
        for word in placed.values():
            shapes = masks(self._words[word.index].text, style, self.language)
            x, y = word.x + shapes.x, word.baseline + shapes.y
            _stamp(numbers if word.index in self._numbers else fill, shapes.fill, x, y)
            _stamp(outline, shapes.outline, x, y)
            if shapes.colour is not None:
                colour = np.zeros((self.height, look.width, 4), np.uint8) if colour is None else colour
                over(colour, x, y, shapes.colour)
        return _Sheet(style, placed, round(self._up * scale), round(self._down * scale), Masks(fill, outline, 0, 0, colour), numbers)

    def _line(self, line: Sequence[int], baseline: int, style: Style) -> dict[int, _Placed]:
        """Place a line's words: each begins where the text before it, shaped together with it, lets it begin.

        Where words touch (Thai, Chinese) they are set a little apart, as far as the box has room, for the pill's sake.
        """
        width = measure(self._text(line).rstrip(), style, self.language)
        touching = sum(not self._words[k].gap for k in line[:-1])
        apart = min(0.05 * style.size, (self.look.room - width) / touching) if touching else 0.0
        start = (self.look.width - width - touching * apart) / 2
        placed: dict[int, _Placed] = {}
        for k, index in enumerate(line):
            word = self._words[index]
            shapes = masks(word.text, style, self.language)
            if not shapes.fill.size:
                continue
            before = measure(self._text(line[:k]) + word.text, style, self.language) - measure(word.text, style, self.language)
            x = round(start + before + apart * sum(not self._words[b].gap for b in line[:k]))
            pad, close = self.look.pad, round(0.1 * style.size)
            left = x + shapes.x + style.outline_width - (pad if k == 0 or self._words[line[k - 1]].gap else close)
            right = x + shapes.x + shapes.fill.shape[1] - style.outline_width + (pad if index == line[-1] or word.gap else close)
            placed[index] = _Placed(index, x, baseline, left, right, emoji.only(word.text))
        return placed

    def _page(self, sheet: _Sheet) -> tuple[Pixels, int, int]:
        rgba, (x, y) = paint(sheet.shapes, sheet.style)
        if sheet.numbers.any():
            over(rgba, -x, -y, tint(sheet.numbers, self.look.number))
        if not self.look.card:
            return rgba, x, y
        words, reach, edge = sheet.placed.values(), round(self.look.size * 0.22), self.look.edge
        left, right = min(w.left for w in words) - edge, max(w.right for w in words) + edge
        top, bottom = min(w.baseline for w in words) - sheet.up - reach, max(w.baseline for w in words) + sheet.down + reach
        card = tint(_rounded(right - left, bottom - top, radius=self.look.size * 0.36 * self.look.roundness), self.look.card)
        over(card, x - left, y - top, rgba)
        return card, left, top

    def _pill(self, sheet: _Sheet, word: _Placed, size: float) -> tuple[Pixels, int, int]:
        """The pill at `size` times its full height and width, with every letter that it lies under drawn again."""
        pad = round(self.look.size * 0.12)
        height, width = sheet.up + sheet.down + 2 * pad, word.right - word.left
        grow = round(height * (size - 1) / 2)
        left, top = word.left - grow, word.baseline - sheet.up - pad - grow
        shape = _rounded(width + 2 * grow, height + 2 * grow, radius=self.look.size * 0.24 * self.look.roundness)
        sprite = tint(np.full_like(shape, 255), self.look.pill)
        letters = masks(self._words[word.index].text, sheet.style, self.language)
        own, fill, numbers = (np.zeros_like(shape) for _ in range(3))
        _stamp(own, letters.fill, word.x + letters.x - left, word.baseline + letters.y - top)
        _stamp(fill, sheet.shapes.fill, -left, -top)
        _stamp(numbers, sheet.numbers, -left, -top)
        mine = own >= np.maximum(fill, numbers)  # each pixel's letter once: drawn twice, soft edges would grow
        for mask, colour in ((fill * ~mine, sheet.style.fill), (numbers * ~mine, self.look.number), (own * mine, self.look.on_pill)):
            if mask.any():
                over(sprite, 0, 0, tint(mask, colour))
        if sheet.shapes.colour is not None:
            over(sprite, -left, -top, sheet.shapes.colour)
        return u8(cv2.multiply(sprite, cv2.merge([shape] * 4), scale=1 / 255)), left, top


def _stamp(canvas: Pixels, mask: Pixels, x: int, y: int) -> None:
    """Lay a mask on another in place where it covers more, its top left corner at (x, y); what hangs over is cut."""
    top, left = max(0, y), max(0, x)
    bottom, right = min(canvas.shape[0], y + mask.shape[0]), min(canvas.shape[1], x + mask.shape[1])
    if top < bottom and left < right:
        here = canvas[top:bottom, left:right]
        np.maximum(here, mask[top - y : bottom - y, left - x : right - x], out=here)


def _rounded(width: int, height: int, radius: float) -> Pixels:
    """A filled rectangle with round corners, smooth-edged: their coverage from the distance to the corner's arc."""
    radius = min(radius, width / 2, height / 2)
    reach = math.ceil(radius)
    away = np.maximum(radius - 0.5 - np.arange(reach), 0)  # from the arc's middle to that of a pixel
    corner = (np.clip(0.5 + radius - np.hypot(away[None, :], away[:, None]), 0, 1) * 255).astype(np.uint8)
    coverage = np.full((height, width), 255, np.uint8)
    for rows, y in ((np.s_[:reach], 1), (np.s_[height - reach :], -1)):
        coverage[rows, :reach], coverage[rows, width - reach :] = corner[::y], corner[::y, ::-1]
    return coverage
