"""The characters and words that written numbers are made of: their data, and how plain they are for reading."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import cache
from typing import Any

import yaml

from localize.assets import ASSETS

LATIN = "A-Za-zªµºÀ-ÖØ-öø-ɏḀ-ỿ"


# Data --------------------------------------------------------------------------------------------------------------


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ASSETS / "languages" / "written.yaml").read_text("utf-8"))
    return data


@cache
def units(code: str) -> dict[str, str]:
    """Every way a unit is written in a text of that language, and its name ("one/many" in English)."""
    names: dict[str, str] = {}
    for unit in _data()["units"]:
        spoken = unit[code][0]
        english = [form for name in unit["en"] for form in name.split("/")]
        own = [name for name in unit[code] if "/" not in name or code != "en"]
        for sign in (*unit["signs"], *english, *own):
            names.setdefault(sign, spoken)
    names.update({word: word for word in _data()["counters"][code]})
    return names


@cache
def multipliers(code: str) -> dict[str, str]:
    """The words between a number and its unit or currency: 1.5 ล้านบาท, 350k, Rp1,5 juta."""
    found: dict[str, str] = _data()["multipliers"][code]
    return found


@cache
def coins(code: str) -> dict[str, list[str]]:
    """The spoken names of each currency in that language."""
    return {currency: names[code] for currency, names in _data()["currencies"].items()}


@cache
def signs_of_money() -> dict[str, str]:
    return {sign: currency for currency, names in _data()["currencies"].items() for sign in names["signs"]}


@cache
def acronyms() -> frozenset[str]:
    return frozenset(_data()["acronyms"])


@cache
def short_words() -> frozenset[str]:
    return frozenset(_data()["words"])


# Characters --------------------------------------------------------------------------------------------------------

_PLAIN = {
    "−": "-", "‐": "-", "‑": "-", "﹣": "-", "‒": "–", "〜": "~", "∼": "~",
    "￥": "¥", "￡": "£", "￦": "₩", "µ": "μ", "″": '"', "’": "'",
}  # fmt: skip
_FULLWIDTH = set("％＋－＃＆＄／＠＝＜＞～．＂＊＿")


_HIDDEN = re.compile("[\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad\ud800-\udfff]")


def plain(text: str) -> str:
    """The text in one form: composed (NFC, Thai ำ as one sign), without what nobody sees and halves of pairs. Catalogs are read
    in this form; models and people write in any. What joins emoji stays."""
    text = _HIDDEN.sub("", unicodedata.normalize("NFC", text))
    return re.sub("\u0e4d([\u0e48-\u0e4b]?)\u0e32", "\\1\u0e33", text)


def fold(text: str) -> str:
    """The text with one plain character for each fancy one (๙ -> 9, Ａ -> A, ％ -> %), so that offsets stay."""
    return "".join(_folded(c) for c in text)


@cache
def _folded(c: str) -> str:
    if c in _PLAIN:
        return _PLAIN[c]
    figure = unicodedata.decimal(c, -1)
    if figure >= 0:
        return str(figure)
    plain = chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c
    return plain if c in _FULLWIDTH or plain.isalpha() else c


@cache
def is_latin(c: str) -> bool:
    """A letter of the Latin alphabet with any accents, or a sign that units are written with."""
    name = unicodedata.name(c, "")
    return "LATIN" in name or name.startswith(("MODIFIER LETTER", "MICRO", "OHM", "KELVIN", "ANGSTROM")) or c in "ªºμ"


def number_of(figures: str, dot_groups: bool) -> Decimal | None:
    """The value of written figures; None for a list or a version such as 1.2.3.

    How a separator is understood. Each language has its own (th, zh, en: 1,290.5; vi, id: 1.290,5), but product names
    travel with the other one, so the shape decides where it can:
      - both separators: the last is the decimal one; a repeated one groups thousands;
      - not followed by exactly three digits (5.3 · 5,3): a decimal, in every language;
      - followed by exactly three (20.000 · 1,290): thousands. Only a point in th, zh and en is a decimal then
        (1.250 kg), unless it is followed by 000, which nobody writes as a decimal: 20.000 is twenty thousand everywhere;
      - after a lone 0 (0.125 · 0,125): a decimal.
    Spaces group thousands: 150 000.
    """
    figures = "".join(figures.split())
    marks = re.findall("[.,]", figures)
    if not marks:
        return Decimal(figures)
    last = marks[-1]
    if len(set(marks)) == 2:
        whole, decimals = figures.rsplit(last, 1)
        if marks.count(last) == 1 and _grouped(whole, marks[0]):
            return Decimal(f"{whole.replace(marks[0], '')}.{decimals}")
        return None
    if len(marks) > 1:
        return Decimal(figures.replace(last, "")) if _grouped(figures, last) else None
    whole, decimals = figures.split(last)
    if _grouped(figures, last) and (last == "," or dot_groups or decimals == "000"):
        return Decimal(whole + decimals)
    return Decimal(f"{whole}.{decimals}")


def _grouped(figures: str, mark: str) -> bool:
    return re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+", figures) is not None
