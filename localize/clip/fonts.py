"""The font files: ours, and a brand's own; and which letters of a text each of them draws."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Literal

from fontTools.ttLib import TTFont, TTLibError
from PIL import ImageFont

from localize import languages
from localize.assets import ASSETS
from localize.errors import UserError

Weight = Literal["regular", "medium", "semibold", "bold", "extrabold"]

KINDS = (".ttf", ".otf")  # of fonts that a brand may give

# Kanit draws Thai, Vietnamese and Latin; Noto Sans SC draws hanzi. Each stands in for what the other lacks.
KANIT: dict[Weight, str] = {
    "regular": "Kanit-Regular.ttf", "medium": "Kanit-Medium.ttf", "semibold": "Kanit-SemiBold.ttf",
    "bold": "Kanit-Bold.ttf", "extrabold": "Kanit-ExtraBold.ttf",
}  # fmt: skip
NOTO: dict[Weight, str] = {
    "regular": "NotoSansSC-Medium.ttf", "medium": "NotoSansSC-Medium.ttf", "semibold": "NotoSansSC-Bold.ttf",
    "bold": "NotoSansSC-Bold.ttf", "extrabold": "NotoSansSC-Bold.ttf",
}  # fmt: skip

# What a language is written with, by which a font is judged that has none or not all of it. Of hanzi, some of a shop's commonest.
LETTERS = {
    "th": "กขคฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรฤลวศษสหฬอฮะาำเแโใไๅๆ" + "ัิีึืฺุู็่้๊๋์",
    "vi": "".join(chr(c) for c in range(0x1EA0, 0x1EFA)) + "ĂăÂâĐđÊêÔôƠơƯưÀàÁáÃãÈèÉéÌìÍíĨĩÒòÓóÕõÙùÚúŨũÝý",
    "zh": "的一是不了在人有我他这上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多",
}
LATIN = "".join(map(chr, (*range(ord("0"), ord("9") + 1), *range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)))) + ".,!?%-"


def chain(language: str, weight: Weight, brand: str = "") -> tuple[Path, ...]:
    """The font files for a language, first choice first; a brand's own, which is asked for its words, is the last."""
    first, second = (NOTO, KANIT) if language == "zh" else (KANIT, NOTO)
    return ASSETS / "fonts" / first[weight], ASSETS / "fonts" / second[weight], *((Path(brand),) if brand else ())


@lru_cache(maxsize=16)
def covers(path: Path) -> frozenset[int]:
    """The characters that a font has."""
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


def owned(text: str, font: Path) -> tuple[bool, ...]:
    """Whether a brand's font draws each character of an NFC text: a word is drawn whole or not at all, or it would be set in two
    hands, and a letter would lose a mark that the font lacks. A word is letters of one script with their marks."""
    has = covers(font)
    out: list[bool] = []
    for kind, group in groupby(_scripts(text), key=lambda pair: pair[0]):
        chars = [char for _, char in group]
        whole = all(ord(char) in has for char in chars)
        out += [whole if kind else ord(char) in has for char in chars]
    return tuple(out)


def _scripts(text: str) -> list[tuple[str, str]]:
    """Each character with its script: "" for what is no letter, and a mark goes with what it stands on."""
    out: list[tuple[str, str]] = []
    for char in text:
        mark = unicodedata.category(char).startswith("M")
        kind = (out[-1][0] if out else "") if mark else unicodedata.name(char, "").partition(" ")[0] if char.isalpha() else ""
        out.append((kind, char))
    return out


def lacking(font: Path, language: str) -> str:
    """The letters that a language is written with and a font has not, "" if it has all."""
    written = LATIN + LETTERS.get(language, "") + "".join(languages.get(language).labels.values())
    return "".join(dict.fromkeys(char for char in written if not char.isspace() and char not in "{}" and ord(char) not in covers(font)))


def check(path: Path) -> None:
    """Raise UserError, with the way out, for a file that is no font whose letters can be drawn."""
    way = "Give a TrueType or OpenType font (.ttf, .otf)."
    if path.suffix.lower() not in KINDS:
        raise UserError(f"{path.name} is no font that can be used here. {way}")
    try:
        known = covers(path)
        ImageFont.truetype(path, 20)
    except (TTLibError, OSError, ValueError, KeyError, AssertionError) as error:
        raise UserError(f"{path.name} can't be read as a font: it is damaged, or something else by another name. {way}") from error
    if not known & frozenset(map(ord, LATIN)):
        raise UserError(f"{path.name} has none of the letters and figures that prices and names are written with. {way}")
