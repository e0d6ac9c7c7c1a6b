"""Captions: timed words become pages of one or two lines, an .srt, and sprites with the current word on a pill.

A line breaks only between words. Letters are placed word by word at whole pixels, in the page as in the pill over
it, so the two coincide exactly, in Thai too, where no space parts the words. Prices and numbers have a colour of their
own and no other size: nothing moves when the current word changes, and pages are shared out by plain widths.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Literal

import cv2
import numpy as np
from PIL import ImageColor

from localize import quantities
from localize.clip import emoji
from localize.clip.type import Masks, Style, ink, masks, measure, paint, tint
from localize.domain import Word
from localize.languages import Token, wrap
from localize.languages.base import bare, leans
from localize.pixels import Pixels, over, u8

HOLD = 0.4  # a shorter gap between two pages would flicker: the earlier one stays
TAIL = 0.25  # how long a page stays after its last word, before a longer silence
SHORT = 0.8  # a page shown for less is hard to read
FLASH = 0.3  # a page shown for less is not seen
OPENING = 0.6  # words said so soon are there from the first frame, which feeds show before a clip plays
STAY = 2.0  # the stay that is liveliest and still easily read

SENTENCE_END, CLAUSE_END = tuple(".!?…。！？"), tuple(",;:–—，、；：")
GROUND, PAPER, INK = "#0E1116", "#FFFFFF", "#14161B"
YELLOW, RED = "#FFD23F", "#C62828"  # numbers on dark and on light, where a brand has no colours
READABLE = 4.5  # the contrast of text of any size, WCAG 2
DARK_CARD, LIGHT_CARD = 0.80, 0.90  # opacities at which letters on the card are readable over any picture
POP = (0.80, 1.05, 1.0)  # the pill's size in the first, second and all later frames (at 30 a second) of its word

Design = Literal["outline", "card", "light-card"]


@dataclass(frozen=True)
class Page:
    """What is shown from `start` to `end` seconds: lines of indices of words."""

    start: float
    end: float
    lines: tuple[tuple[int, ...], ...]

    @property
    def words(self) -> tuple[int, ...]:
        return tuple(index for line in self.lines for index in line)


def pages(words: Sequence[Word], measure: Callable[[str], float], width: float, max_lines: int = 2) -> list[Page]:
    """Share out a clip's words into pages whose lines are no wider than `width` by `measure`.

    Pages prefer to end where a sentence, a clause or a breath ends, and to stay at least SHORT; a gap that holds a
    line break ("\\n") always ends one. A word wider than `width` has a line of its own. Pages do not overlap. Words said
    within OPENING are shown from 0 s.
    """
    out: list[Page] = []
    first = 0
    for index, word in enumerate(words):
        if "\n" in word.gap or index == len(words) - 1:
            out += _section(words, first, index + 1, measure, width, max_lines)
            first = index + 1
    return _timed(out, words)


def _section(words: Sequence[Word], first: int, last: int, measure: Callable[[str], float], width: float, max_lines: int) -> list[Page]:
    """The cheapest way to share words[first:last] out, found from the end backwards."""
    tokens = [Token(w.text, "", w.gap) for w in words]
    best: dict[int, tuple[float, int, tuple[tuple[int, ...], ...]]] = {last: (0.0, last, ())}
    for i in range(last - 1, first - 1, -1):
        for j in range(i + 1, last + 1):
            lines = wrap(tokens[i:j], width, measure)
            if len(lines) > max_lines and j > i + 1:
                break
            widest = max(measure("".join(t.text + t.gap for t in line).rstrip()) for line in lines)
            cost = best[j][0] + _cost(words, i, j, last, widest / width)
            if i not in best or cost < best[i][0]:
                best[i] = (cost, j, _indices(i, [len(line) for line in lines]))
    out, i = [], first
    while i < last:
        _, j, indices = best[i]
        out.append(Page(words[i].start, words[j - 1].end, indices))
        i = j
    return out


def _indices(first: int, counts: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    out = []
    for count in counts:
        out.append(tuple(range(first, first + count)))
        first += count
    return tuple(out)


def _cost(words: Sequence[Word], i: int, j: int, last: int, fullness: float) -> float:
    """How bad words[i:j] is as a page: 1 for being one, and more for a bad moment to turn it, or too short or long a stay."""
    stay = (words[j].start if j < len(words) and words[j].start - words[j - 1].end < HOLD else words[j - 1].end + TAIL) - words[i].start
    cost = 1.0 + 4.0 * max(0.0, SHORT - stay) / SHORT + (0.5 if stay > STAY else 0.25) * (stay - STAY) ** 2
    if stay < FLASH:
        cost += 20.0
    if j < last:
        cost += _turn(words, j)
    # A sentence that ends inside of a page makes the next one start in its middle.
    cost += sum(1.2 for k in range(i + 1, j) if _turn(words, k) == 0.0)
    return cost + max(0.0, 0.3 - fullness) * 2.0


def _turn(words: Sequence[Word], j: int) -> float:
    """How bad it is to turn the page before words[j]: 0 after a sentence, 2 in the middle of a phrase, 3 after a word that leans on
    it, 4 before an emoji, which belongs to the words it follows, and between a figure and what it counts."""
    if emoji.only(words[j].text) or bare(words[j - 1].text):
        return 4.0
    spoken = j
    while spoken > 1 and emoji.only(words[spoken - 1].text):
        spoken -= 1
    said = words[spoken - 1].text.rstrip("\"'”’)）」】 ")
    pause = words[j].start - words[j - 1].end
    if said.endswith(SENTENCE_END) or pause >= HOLD:
        return 0.0
    if said.endswith(CLAUSE_END) or pause >= 0.15:
        return 0.3
    # Thai has no commas: where most words touch, a space is one.
    if words[j - 1].gap.strip("\n") and sum(bool(w.gap) for w in words) < len(words) / 2:
        return 0.5
    return 3.0 if leans(words[j - 1].text) else 2.0


def _timed(untimed: Sequence[Page], words: Sequence[Word]) -> list[Page]:
    """Hold every page as its neighbours allow: no flicker between two, none gone before it is seen."""
    out: list[Page] = []
    for page, after in zip_longest(untimed, untimed[1:]):
        end = max(page.end + TAIL, page.start + SHORT)
        if after is not None and after.start - end < HOLD:
            end = after.start
        out.append(replace(page, end=end))
    for k in range(len(out) - 1, 0, -1):  # a page that would flash comes early, which costs the one before it a little
        start = max(0.0, min(out[k].start, out[k].end - FLASH))
        out[k] = replace(out[k], start=start)
        out[k - 1] = replace(out[k - 1], end=min(out[k - 1].end, start), start=min(out[k - 1].start, start))
    if out and out[0].start < OPENING:
        out[0] = replace(out[0], start=0.0)
    return out


def srt(pages: Sequence[Page], words: Sequence[Word]) -> str:
    """The pages as SubRip."""

    def shown(page: Page) -> str:
        lines = ("".join(words[k].text + words[k].gap for k in line).strip() for line in page.lines)
        return "\n".join(filter(None, lines))

    return srt_of((page.start, page.end, shown(page)) for page in pages)


def srt_of(cues: Iterable[tuple[float, float, str]]) -> str:
    """Cues (start and end in s, text) as SubRip: numbered from 1, times as hours:minutes:seconds,milliseconds."""

    def clock(seconds: float) -> str:
        ms = round(seconds * 1000)
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"

    return "\n".join(f"{n}\n{clock(start)} --> {clock(end)}\n{text}\n" for n, (start, end, text) in enumerate(cues, 1))


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


def _luminance(colour: str) -> float:
    channels = [c / 255 for c in ImageColor.getrgb(colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """How well two colours (#RRGGBB) part, 1 to 21, as WCAG 2 has it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _mixed(one: str, other: str, part: float) -> str:
    """Two colours mixed, `part` of the other."""
    pairs = zip(ImageColor.getrgb(one)[:3], ImageColor.getrgb(other)[:3], strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02X}" for a, b in pairs)


def _readable(colour: str, ground: str) -> tuple[float, str]:
    """The nearest colour, mixed with white or black, whose letters can be read on a ground, and how much was mixed in, 0 to 1."""
    towards = PAPER if _luminance(ground) < 0.18 else "#000000"
    steps = ((step / 20, _mixed(colour, towards, step / 20)) for step in range(21))
    return next((part, mixed) for part, mixed in steps if contrast(mixed, ground) >= READABLE or part == 1)


def _stands_out(colour: str, letters: str) -> bool:
    """Whether words of a colour are seen to have it among other letters."""
    channels = ImageColor.getrgb(colour)
    apart = max(abs(a - b) for a, b in zip(channels, ImageColor.getrgb(letters), strict=True))
    return apart > 84 and max(channels) - min(channels) > 50


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
            return _mixed("#000000", PAPER, LIGHT_CARD)
        return GROUND if self.design == "outline" else _mixed(PAPER, GROUND, DARK_CARD)

    @property
    def number(self) -> str:
        """The colour of prices and numbers: the accent or the brand's, whichever need be changed less to be read; neither if
        it is grey or could be taken for the letters' own colour."""
        tried = sorted((_readable(c, self.ground) for c in (self.accent, self.brand)), key=lambda mixed: mixed[0])
        return next((c for _, c in tried if _stands_out(c, self.style.fill)), RED if self.design == "light-card" else YELLOW)

    @property
    def heard(self) -> str:
        """The colour of words that were heard, where no pill can be drawn: the brand's, made readable."""
        colour = _readable(self.brand, self.ground)[1]
        return colour if _stands_out(colour, self.style.fill) else self.number

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
