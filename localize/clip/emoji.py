"""Emoji: where they are in a text, and their pictures in colour, from the subset of Noto Color Emoji in assets/fonts.

An emoji may be many characters: with a skin tone, joined (family, ❤️‍🔥), a flag, a keycap, with a selector. `split` keeps
them together. Pictures are scaled bitmaps of the font: FreeType sets them at one size only, and would draw the parts of a
sequence that it lacks side by side.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image

from localize.assets import ASSETS
from localize.pixels import Pixels

FONT = ASSETS / "fonts" / "NotoColorEmoji.ttf"
COLOURED, PLAIN = "\ufe0f", "\ufe0e"  # selectors: as an emoji, as a letter

ADVANCE = 1.1  # of the text's size, as are the next two
HEIGHT = 1.02
DROP = 0.17  # how far emoji reach below the baseline: their middle is that of capitals and of hanzi, about

_TONES = dict.fromkeys(range(0x1F3FB, 0x1F400))
# Letters of flags, keycaps, then pictures, each with its selector, tone or tags, joined by U+200D.
_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
)
_ELEMENT = f"{_PICTURE}(?:\ufe0e|\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*)"
_EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ELEMENT}(?:\u200d{_ELEMENT})*")


def split(text: str) -> Iterator[str]:
    """The text in pieces that stay whole: emoji sequences, and every other character by itself."""
    at = 0
    for match in _EMOJI.finditer(text):
        yield from text[at : match.start()]
        yield match[0]
        at = match.end()
    yield from text[at:]


def only(text: str) -> bool:
    """Whether a text is emoji and nothing that is said."""
    return any(map(drawable, split(text))) and not any(c.isalnum() for piece in split(text) if not drawable(piece) for c in piece)


def sequence(piece: str) -> bool:
    """Whether a piece of `split` can be nothing but an emoji: a single picture may be a letter of a text font, too (★ ✓ ♥)."""
    return len(piece) > 1 and not piece.endswith(PLAIN)


def drawable(piece: str) -> bool:
    """Whether a piece of `split` has a picture. Digits and signs have none by themselves, though the font has their keycaps."""
    return not piece.endswith(PLAIN) and _key(piece) is not None


@lru_cache(maxsize=4096)
def _key(piece: str) -> str | None:
    """The sequence in the font that shows a piece: itself, else without its skin tones; None if it lacks both."""
    if not _EMOJI.fullmatch(piece):
        return None
    bare = piece.replace(COLOURED, "")
    return next((key for key in (bare, bare.translate(_TONES)) if key in _pictures()), None)


@cache
def _pictures() -> dict[str, bytes]:
    """The PNG of every emoji of the font, by its characters without selectors."""
    with TTFont(FONT, lazy=True) as font:
        cmap: dict[int, str] = font.getBestCmap()
        (bitmaps,) = font["CBDT"].strikeData
        glyphs = {chr(code): glyph for code, glyph in cmap.items()}
        letters = {glyph: letter for letter, glyph in glyphs.items()}
        for table in font["GSUB"].table.LookupList.Lookup[0].SubTable:
            for first, ligatures in table.ligatures.items():
                glyphs |= {"".join(letters[g] for g in (first, *lig.Component)): lig.LigGlyph for lig in ligatures}
        return {text: bitmaps[glyph].imageData for text, glyph in glyphs.items() if glyph in bitmaps}


@lru_cache(maxsize=256)
def picture(piece: str, size: int) -> Pixels:
    """A drawable piece beside letters of `size` pixels: premultiplied RGBA, HEIGHT high. Do not write into it."""
    key = _key(piece)
    assert key is not None, f"{unicodedata.name(piece[0], piece)} has no picture"
    image = Image.open(io.BytesIO(_pictures()[key])).convert("RGBA").convert("RGBa")  # premultiplied, so that edges do not darken
    height = round(HEIGHT * size)
    # Hamming's lobes are never negative: no colour may come out brighter than its alpha.
    return np.asarray(image.resize((round(image.width * height / image.height), height), Image.Resampling.HAMMING))
