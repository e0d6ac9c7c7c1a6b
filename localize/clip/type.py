"""Typesetting: texts of any of our languages as sprites, shaped by HarfBuzz, from a brand's font and those of assets/fonts alone.

A sprite is premultiplied RGBA, uint8 [height, width, 4]. Positions are whole pixels of the frame; a text's origin
is the pen position at the left end of its baseline. Emoji are drawn in colour (localize.clip.emoji). A character no
font of ours has is left out (never a box); `unprintable` lists those, so that a check can warn.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, features

from localize import languages
from localize.clip import emoji
from localize.clip.fonts import Weight, chain, covers, owned
from localize.errors import NotReady
from localize.languages import Token, wrap
from localize.pixels import Pixels, over, u8

Align = Literal["left", "centre"]

# Spaces and hyphens that fonts lack or that would break a line's look, as their plain forms.
PLAIN = str.maketrans({**dict.fromkeys("\u00a0\u2007\u2009\u200a\u202f\t\n\r", " "), "\u2010": "-", "\u2011": "-"})

ELLIPSIS = "…"


@dataclass(frozen=True)
class Style:
    """How a text looks. Sizes are in pixels, colours #RRGGBB or #RRGGBBAA, `shadow` is a soft shadow's opacity 0..1,
    `strike` the colour of a line through the text, `font` a brand's font file, which draws the words that it has all letters of."""

    size: int
    weight: Weight = "bold"
    fill: str = "#FFFFFF"
    outline: str = ""
    outline_width: int = 0
    shadow: float = 0.0
    strike: str = ""
    font: str = ""


@dataclass(frozen=True, eq=False)
class Masks:
    """A text's coverage, uint8 [h, w] each: its letters, and its letters fattened by the outline, with its emoji.

    `x`, `y` is where their top left corner lies from the origin (y is negative: up). `colour` are its emoji, premultiplied
    RGBA [h, w, 4], None for a text without.
    """

    fill: Pixels
    outline: Pixels
    x: int
    y: int
    colour: Pixels | None = None


@dataclass(frozen=True, eq=False)
class Block:
    """Lines of text set in a box of `width` x `height`, from the first line's capitals to the last line's descenders.

    The sprite's top left corner goes to (`x`, `y`) of that box: an outline or shadow hangs over it. `style` has
    the size that was used; `cut` says that words were left out and an ellipsis put.
    """

    rgba: Pixels
    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    style: Style
    cut: bool


@lru_cache(maxsize=128)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    if not features.check("raqm"):
        raise NotReady("Pillow here cannot shape Thai.", missing=("raqm",), how="Install Pillow from PyPI: its wheels carry raqm.")
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.RAQM)


def _shaping(language: str) -> str:
    return "zh-Hans" if language == "zh" else language


def _invisible(char: str) -> bool:
    """Joiners, zero-width spaces and emoji variation selectors: they say how to draw, and are not drawn."""
    return unicodedata.category(char) in ("Cf", "Cc") or "\ufe00" <= char <= "\ufe0f"


@lru_cache(maxsize=8192)
def runs(text: str, language: str, weight: Weight = "bold", font: str = "") -> tuple[tuple[Path, str], ...]:
    """The text as (font file, its characters), in order; marks stay with their letter, what no font has is left out. `font` is a
    brand's: it comes first for the words that are `owned` by it, last for others.

    Every emoji is a run of its own, a sequence whole. A sign that is both (★ ☀ ♥) is a letter, unless it asks to be an emoji.
    """
    fonts = chain(language, weight, font)
    plain = unicodedata.normalize("NFC", text.translate(PLAIN))
    own, at = owned(plain, fonts[-1]) if font else (), 0
    out: list[tuple[Path, str]] = []
    held: Path | None = None  # the font of the letter that marks belong to
    for piece in emoji.split(plain):
        first, at = (fonts[-1:] if own and own[at] else ()), at + len(piece)
        if _is_emoji(piece, fonts):
            out.append((emoji.FONT, piece))
            held = None
            continue
        char = piece[0]
        if _invisible(char) or _is_sequence(piece):
            continue
        mark = unicodedata.category(char).startswith("M")
        choices = ((held,) if held else ()) if mark else (*first, *fonts)
        found = next((f for f in choices if ord(char) in covers(f)), None)
        if not mark:
            held = found
        if found is None or (char == " " and out and out[-1][1].endswith(" ")):
            continue
        if out and out[-1][0] == found:
            out[-1] = (found, out[-1][1] + char)
        else:
            out.append((found, char))
    return tuple(out)


def _is_emoji(piece: str, fonts: Sequence[Path]) -> bool:
    """Whether a piece of a text is drawn as an emoji."""
    return emoji.drawable(piece) and (emoji.sequence(piece) or not any(ord(piece) in covers(f) for f in fonts))


def _is_sequence(piece: str) -> bool:
    """Whether a piece is several signs in one: were it not drawn as an emoji, the first of them would say something else."""
    return len(piece.strip(emoji.COLOURED + emoji.PLAIN)) > 1


def unprintable(text: str, language: str, font: str = "") -> str:
    """The characters of the text that no shipped font has, nor a brand's (rare emoji and hanzi, other scripts), each once, in order;
    of an emoji sequence, all that is seen."""
    fonts = chain(language, "bold", font)
    plain = unicodedata.normalize("NFC", text.translate(PLAIN))
    lacking = (
        c
        for piece in emoji.split(plain)
        if not _is_emoji(piece, fonts)
        for c in piece
        if not _invisible(c) and (_is_sequence(piece) or not any(ord(c) in covers(f) for f in fonts))
    )
    return "".join(dict.fromkeys(lacking))


def _advance(path: Path, part: str, size: int, language: str) -> float:
    """The advance width of a run."""
    return emoji.ADVANCE * size if path == emoji.FONT else _font(path, size).getlength(part, language=_shaping(language))


@lru_cache(maxsize=65536)
def measure(text: str, style: Style, language: str) -> float:
    """The advance width of a text in pixels, as shaped (kerning and marks included, outline not)."""
    return sum(_advance(f, part, style.size, language) for f, part in runs(text, language, style.weight, style.font))


def ruler(style: Style, language: str) -> Callable[[str], float]:
    """`measure` for one style and language, as `localize.languages.wrap` takes it."""
    return lambda text: measure(text, style, language)


@lru_cache(maxsize=8192)
def ink(text: str, style: Style, language: str) -> tuple[int, int]:
    """How far a text's letters and emoji reach above and below its baseline, in pixels (both positive; (0, 0) for nothing)."""

    def box(path: Path, part: str) -> tuple[float, float, float, float]:
        if path == emoji.FONT:
            return 0, (emoji.DROP - emoji.HEIGHT) * style.size, 0, emoji.DROP * style.size
        return _font(path, style.size).getbbox(part, language=_shaping(language), anchor="ls")

    boxes = [box(path, part) for path, part in runs(text, language, style.weight, style.font)]
    return int(np.ceil(max((-b[1] for b in boxes), default=0))), int(np.ceil(max((b[3] for b in boxes), default=0)))


@lru_cache(maxsize=512)
def masks(text: str, style: Style, language: str) -> Masks:
    """Draw a text's coverage. Both masks have one shape and one place; without an outline they are the same array."""
    up, down = ink(text, style, language)
    margin = style.outline_width + style.size // 4  # letters may lean out of their advance: ฟ, f, ว่
    width = int(np.ceil(measure(text, style, language))) + 2 * margin
    height = up + down + 2 * margin
    parts = runs(text, language, style.weight, style.font)

    def coverage(stroke: int) -> Pixels:
        image = Image.new("L", (width, height))
        pen, canvas = float(margin), ImageDraw.Draw(image)
        for path, part in parts:
            if path != emoji.FONT:
                font = _font(path, style.size)
                canvas.text((pen, margin + up), part, 255, font, "ls", language=_shaping(language), stroke_width=stroke)
            pen += _advance(path, part, style.size, language)
        drawn = np.asarray(image)
        # Specks of background in the smallest counters (น้ำ, ฐ, e) look like dirt: close them.
        return u8(cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))) if stroke else drawn

    fill = coverage(0)
    outline = coverage(style.outline_width) if style.outline and style.outline_width else fill
    colour: Pixels | None = None
    if any(path == emoji.FONT for path, _ in parts):
        colour, pen = np.zeros((height, width, 4), np.uint8), float(margin)
        for path, part in parts:
            advance = _advance(path, part, style.size, language)
            if path == emoji.FONT:
                sprite = emoji.picture(part, style.size)
                top = margin + up + round(emoji.DROP * style.size) - sprite.shape[0]
                over(colour, round(pen + (advance - sprite.shape[1]) / 2), top, sprite)
            pen += advance
        # No outline: emoji have edges of their own. The shadow falls from both masks.
        outline = np.maximum(outline, colour[..., 3])
    rows, columns = np.flatnonzero(outline.any(axis=1)), np.flatnonzero(outline.any(axis=0))
    if not len(rows):
        return Masks(np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint8), 0, 0)
    crop = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Masks(fill[crop], outline[crop], int(columns[0]) - margin, int(rows[0]) - margin - up, None if colour is None else colour[crop])


def tint(mask: Pixels, colour: str) -> Pixels:
    """A mask [h, w] in one colour: premultiplied RGBA [h, w, 4]."""
    red, green, blue, alpha = Image.new("RGBA", (1, 1), colour).tobytes()
    scale = np.array([red * alpha, green * alpha, blue * alpha, 255 * alpha], np.uint32)
    levels = ((np.arange(256, dtype=np.uint32)[:, None] * scale + 255 * 127) // (255 * 255)).astype(np.uint8)
    # Each level is looked up as one number of 32 bits, not as four.
    return levels.view(np.uint32)[:, 0][mask].view(np.uint8).reshape(*mask.shape, 4)


def faded(sprite: Pixels, colour: str) -> Pixels:
    """A sprite as see-through as a colour is: emoji go with their letters."""
    alpha = Image.new("RGBA", (1, 1), colour).tobytes()[3]
    return sprite if alpha == 255 else ((sprite.astype(np.uint16) * alpha + 127) // 255).astype(np.uint8)


def shade(mask: Pixels, size: int, opacity: float) -> tuple[Pixels, int]:
    """The soft black shadow of a mask as a sprite, and how far it hangs over the mask on every side."""
    spread = max(2, size // 5)
    drop = max(1, size // 24)
    image = Image.fromarray(np.pad(mask, ((spread + drop, spread - drop), (spread, spread))))
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(spread / 2.6)))
    return tint((soft * opacity).astype(np.uint8), "#000000"), spread


def paint(shapes: Masks, style: Style) -> tuple[Pixels, tuple[int, int]]:
    """Shadow, outline and letters, one over the other; the sprite and its top left corner from the masks' origin."""
    height, width = shapes.fill.shape
    if not height:
        return np.zeros((0, 0, 4), np.uint8), (0, 0)
    shadow, margin = shade(shapes.outline, style.size, style.shadow) if style.shadow else (None, 0)
    canvas = np.zeros((height + 2 * margin, width + 2 * margin, 4), np.uint8) if shadow is None else shadow
    if style.outline and style.outline_width:
        over(canvas, margin, margin, tint(shapes.outline, style.outline))
    over(canvas, margin, margin, tint(shapes.fill, style.fill))
    if shapes.colour is not None:
        over(canvas, margin, margin, faded(shapes.colour, style.fill))
    return canvas, (shapes.x - margin, shapes.y - margin)


def draw(text: str, style: Style, language: str) -> tuple[Pixels, tuple[int, int]]:
    """One line of text as a tight sprite, and where its top left corner lies from the origin (y negative: up)."""
    sprite, (x, y) = paint(masks(text, style, language), style)
    if not style.strike or not sprite.size:
        return sprite, (x, y)
    reach, thick = style.size // 12, max(2, round(style.size * 0.075))
    bar = np.full((thick, round(measure(text, style, language)) + 2 * reach), 255, np.uint8)
    left = max(0, x + reach)
    canvas = np.pad(sprite, ((0, 0), (left, left), (0, 0)))
    middle = ink("0", style, language)[0] // 2
    over(canvas, left - x - reach, -y - middle - thick // 2, tint(bar, style.strike))
    return canvas, (x - left, y)


def glyph_height(text: str, style: Style, language: str) -> int:
    """Height in pixels of the lowest full-height letter of a text, 0 without letters: what a rule on text size means.

    Full height: capitals, figures, hanzi and Thai consonants without their marks; not a flat hanzi (一) or an x.
    """
    plain = replace(style, outline="", outline_width=0)

    def height(char: str) -> int:
        return len(masks(char, plain, language).fill)

    letters = {c: height(c) for c in set(text) if unicodedata.category(c) in ("Lu", "Ll", "Lo", "Nd")}
    full = [h for c, h in letters.items() if h >= 0.8 * height("ก" if "\u0e00" <= c <= "\u0e7f" else "国" if c >= "\u2e80" else "H")]
    return min(full or letters.values(), default=0)


def _text(tokens: Sequence[Token]) -> str:
    return "".join(t.text + t.gap for t in tokens).strip()


def _shortened(tokens: Sequence[Token], style: Style, language: str, width: int, max_lines: int) -> list[str]:
    """The longest beginning of the tokens that fits with an ellipsis after it; of a lone giant word, its first letters."""
    for kept in range(len(tokens) - 1, 0, -1):
        last = tokens[kept - 1]
        end = Token(last.text.rstrip(",.;:!?、，。；：！？") + ELLIPSIS, "")
        lines = [_text(line) for line in wrap([*tokens[: kept - 1], end], width, ruler(style, language))]
        if len(lines) <= max_lines and all(measure(line, style, language) <= width for line in lines):
            return lines
    pieces = list(emoji.split(tokens[0].text))
    for kept in range(len(pieces) - 1, 0, -1):
        short = "".join(pieces[:kept]) + ELLIPSIS
        if not unicodedata.category(pieces[kept][0]).startswith("M") and measure(short, style, language) <= width:
            return [short]
    return [ELLIPSIS]


def _fitted(text: str, style: Style, language: str, width: int, max_lines: int, smallest: int) -> tuple[list[str], Style, bool]:
    """The lines of a text at the largest size, from the style's down to `smallest`, at which it fits; else shortened."""
    tokens = languages.get(language).read(text)
    for size in range(style.size, smallest - 1, -2):
        tried = replace(style, size=size)
        lines = [_text(line) for line in wrap(tokens, width, ruler(tried, language))]
        if len(lines) <= max_lines and all(measure(line, tried, language) <= width for line in lines):
            return lines, tried, False
    tried = replace(style, size=min(style.size, smallest))
    return _shortened(tokens, tried, language, width, max_lines), tried, True


def block(text: str, style: Style, language: str, width: int, *, max_lines: int = 2, align: Align = "left", smallest: int = 0) -> Block:
    """Set a text in lines no wider than `width`, broken between words, as even as can be.

    Too long for `max_lines`: made smaller down to `smallest` pixels (0: the style's own size), then cut at a word
    with an ellipsis. Lines stand far enough apart that no mark of one touches the other.
    """
    lines, used, cut = _fitted(text, style, language, width, max_lines, smallest or style.size)
    reach = [ink(line, used, language) for line in lines]
    capital = ink("H", used, language)[0]
    baselines = [max(capital, reach[0][0])] if lines else []
    for before, after in pairwise(reach):
        baselines.append(baselines[-1] + max(round(1.22 * used.size), before[1] + after[0] + used.size // 12))
    height = baselines[-1] + reach[-1][1] if lines else 0

    hang = used.outline_width + used.size // 2
    canvas = np.zeros((height + 2 * hang, width + 2 * hang, 4), np.uint8)
    # All shadows and outlines first: the second line's shadow must not dim the first line's letters.
    for layer in (replace(used, fill="#00000000", strike=""), replace(used, outline="", shadow=0.0)):
        for line, baseline in zip(lines, baselines, strict=True):
            indent = 0 if align == "left" else round((width - measure(line, used, language)) / 2)
            sprite, (x, y) = draw(line, layer, language)
            over(canvas, hang + indent + x, hang + baseline + y, sprite)
    rows, columns = np.flatnonzero(canvas[..., 3].any(axis=1)), np.flatnonzero(canvas[..., 3].any(axis=0))
    if not len(rows):
        return Block(np.zeros((0, 0, 4), np.uint8), 0, 0, width, 0, (), used, cut)
    tight = canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    return Block(tight, int(columns[0]) - hang, int(rows[0]) - hang, width, height, tuple(lines), used, cut)
