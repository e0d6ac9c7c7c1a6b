"""The currency that a spreadsheet's number format shows beside a cell's number: [$RM-43E]#,##0.00 is RM 1,290.00."""

from __future__ import annotations

import locale
import re
from collections.abc import Iterator
from functools import lru_cache

from babel.numbers import get_territory_currencies

from localize.products.values import MONEY, Formatted, codes

# A format's parts: text in quotes, [$sign-locale], other brackets, a letter as it is, the width and filling of a letter, a word
# that some programs leave without quotes; one ASCII letter alone is a part of a date.
_PART = re.compile(
    r'"(?P<text>[^"]*)"?|\[\$(?P<sign>[^\]-]*)(?:-(?P<locale>[^\]]*))?\]|\[[^\]]*\]?|\\(?P<letter>.)|[_*].'
    r"|(?P<word>[A-Za-z]{2,}\$?)|(?P<bare>[^A-Za-z0-9#?.,%@/+();-])|(?P<apart>.)"
)
# Python's table takes Singapore's English for India's.
_TERRITORIES = {0x4809: "SG"}


def shown(number: str, code: str) -> str:
    """The number with the currency that the format shows, or as it is."""
    return Formatted.of(number, sign) if (sign := currency(code)) else number


@lru_cache(maxsize=4096)
def currency(code: str) -> str:
    """The ISO 4217 code that the format names, or its sign as it stands there where that may be several currencies'; "" for none.

    The first section that has one counts: those after it are of negative numbers and zero.
    """
    for said, where in _signs(code):
        sign = re.sub(r"\s+", "", said).strip(".").casefold().replace("￥", "¥").replace("＄", "$")
        if len(sign) == 3 and sign.upper() in codes() and said.strip().isupper():
            return sign.upper()
        meant: list[str] = MONEY["signs"].get(sign, [])
        if meant:
            here = [c for c in meant if c in get_territory_currencies(territory)] if (territory := _territory(where)) else []
            return here[0] if len(here) == 1 else meant[0] if len(meant) == 1 else sign
    return ""


def _signs(code: str) -> Iterator[tuple[str, str]]:
    """The texts of a format that stand beside its figures, each with the locale that it names ("" for none)."""
    text = ""
    for part in _PART.finditer(code):
        if part["sign"]:
            yield part["sign"], part["locale"] or ""
        text += part["text"] or part["letter"] or part["word"] or part["bare"] or ""
        if part["apart"] and text:
            yield text, ""
            text = ""
    yield text, ""


def _territory(where: str) -> str:
    """TH of 41E, D07041E or th-TH, "" for a locale that is not known."""
    if re.fullmatch(r"[0-9A-Fa-f]{3,8}", where):
        number = int(where, 16) & 0xFFFF  # the bits above are of calendars and figures
        return _TERRITORIES.get(number) or locale.windows_locale.get(number, "").rpartition("_")[2]
    found = re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Z][a-z]{3})?-([A-Z]{2})(?:[,_].*)?", where)
    return found[1] if found else ""
