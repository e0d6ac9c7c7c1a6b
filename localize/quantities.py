"""The numbers in a text, whatever language it is in: what they may mean, with which unit, in figures and in words.

Checks compare texts by these: a script with its row, a translation with its source. What a figure means hangs on who wrote it
(1.250 is twelve hundred and fifty in Vietnam and one and a quarter in Thailand), so each has all the values it may have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import yaml
from babel.dates import get_month_names

from localize import languages
from localize.assets import ASSETS
from localize.languages import signs

PERCENT = "%"
BUDDHIST = 543  # years that the Thai calendar is ahead

_FIGURE = r"(?<![\d.,])\d+(?:[.,\u00a0\u202f]+\d+)*"
_SCRIPTED = ("th", "zh")  # written without spaces between words


@dataclass(frozen=True)
class Quantity:
    """A number in figures: all the values it may have, the units it may have (ids; empty if none is known), and where it
    stands: text[start:end] is the figures alone, `written` them with what belongs to them."""

    values: frozenset[Decimal]
    units: frozenset[str]
    start: int
    end: int
    written: str

    @property
    def figures(self) -> str:
        return re.sub(r"\D", "", self.written)


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load((ASSETS / "languages" / "quantities.yaml").read_text(encoding="utf-8"))
    return table


def _zeros_of(code: str) -> dict[str, int]:
    """The words of zeros in a language; of one that crossreel does not speak, the English ones."""
    zeros: dict[str, dict[str, int]] = _table()["zeros"]
    return zeros.get(code, zeros["en"])


def find(text: str, code: str) -> list[Quantity]:
    """The numbers written in figures, in order. A language that crossreel does not speak is read by signs alone."""
    folded = signs.fold(text)
    found = []
    for match in _pattern(code).finditer(folded):
        if not match["sign"] and _in_code(folded, match.start("figures")):
            continue
        values = _values(match["figures"])
        if zeros := _zeros(match["zeros"], code):
            values = frozenset(v.scaleb(zeros) for v in values)
        # ฿390 วันนี้ is a price today, no 390 days: a sign before the figures says what they are.
        units = _units(code).get(_unit(match["sign"] or match["unit"]), frozenset())
        found.append(
            Quantity(frozenset(v.normalize() for v in values), units, match.start("figures"), match.end("figures"), match[0].strip())
        )
    return found


def in_words(text: str, code: str) -> frozenset[Decimal]:
    """The numbers that a text says in words, as months' names and as half an hour's 30, too; none in a language that
    crossreel does not speak."""
    if code not in languages.codes():
        return frozenset()
    folded = _spaced(text, code)
    said = {Decimal(_spelled(code)[m[0]]).normalize() for m in _spelling(code).finditer(folded)}
    for words, values in _table()["said"][code].items():
        if words in folded:
            said |= {Decimal(v) for v in values}
    said |= {Decimal(month) for month, name in _months(code) if name in folded}
    return frozenset(said | {Decimal(_ROMAN[m[0]]) for m in _ROMANS.finditer(text)})


def counted(text: str, code: str) -> list[tuple[Decimal, str]]:
    """Numbers in words with what they count behind them, as written: (5, "ห้าระดับ"). None below 2, which counts nothing up."""
    folded = _spaced(text, code)
    found = ((_spelled(code)[m["number"]], m[0]) for m in _counting(code).finditer(folded))
    return [(Decimal(n), written) for n, written in found if n > 1]


@cache
def _counting(code: str) -> re.Pattern[str]:
    table = signs._data()
    forms = [form for unit in table["units"] for form in unit[code]] + table["counters"][code]
    names = {_spaced(part, code) for form in forms for part in form.split("/")}
    things = "|".join(
        map(re.escape, sorted((n for n in names if n and n[0].isalpha() and len(n) > 1 - (code == "zh")), key=len, reverse=True))
    )
    number = "|".join(map(re.escape, sorted(_spelled(code), key=len, reverse=True)))
    if code in _SCRIPTED:
        return re.compile(rf"(?P<number>{number})(?:{things})")
    return re.compile(rf"(?<!\w)(?P<number>{number}) (?:{things})(?!\w)")


_ROMAN = {"II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9}
_ROMANS = re.compile(r"(?<![A-Za-z])(?:II|III|IV|VI|VII|VIII|IX)(?![A-Za-z])")


@cache
def _months(code: str) -> tuple[tuple[int, str], ...]:
    """The months' names where they have names: September, กันยายน; 9月 and tháng 9 are numbers anyway."""
    names = get_month_names("wide", locale=code)
    return tuple((n, _spaced(name, code)) for n, name in names.items() if not any(c.isdigit() for c in name))


def codes(text: str) -> list[str]:
    """Names with figures in them (IPX5, USB-C 3.0's C3, M2, 5G): they stay as they are in every language."""
    return [
        m[0] for m in _CODE.finditer(signs.fold(text)) if m["letters"].casefold() not in signs_of_money() and not _SQUARE.fullmatch(m[0])
    ]


_SQUARE = re.compile(r"[kcmd]?m[23]")  # km2 is a unit
_CODE = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z-]*\d)(?P<letters>[A-Za-z]{1,6})-?\d[A-Za-z0-9-]*(?![A-Za-z0-9])")


def _in_code(folded: str, start: int) -> bool:
    """Whether figures are part of a name: the 5 of IPX5, not the 5 of 5 ml nor the 290 of Rp290."""
    return re.search(r"[A-Za-z]-?$", folded[max(0, start - 2) : start]) is not None


@cache
def signs_of_money() -> dict[str, str]:
    """Every sign and code of money, small, with its currency."""
    return {sign.casefold(): currency for sign, currency in signs.signs_of_money().items()}


# --- figures -------------------------------------------------------------------------------------------------------


def _values(figures: str) -> frozenset[Decimal]:
    """What figures may mean: 20,000 and 20.000 are the same in two countries, 5.3 is never 53."""
    plain = re.sub(r"[\u00a0\u202f]", "", figures)
    marks = re.findall("[.,]", plain)
    if not marks:
        return frozenset({Decimal(plain)})
    last = plain.rfind(marks[-1])
    whole, rest = re.sub("[.,]", "", plain[:last]), plain[last + 1 :]
    grouped = re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", plain) is not None and len(set(marks)) == 1
    found = set()
    if marks.count(marks[-1]) == 1:
        found.add(Decimal(f"{whole}.{rest}"))
    if grouped:
        found.add(Decimal(whole + rest))
    return frozenset(found or {Decimal(whole + rest)})


def _zeros(word: str | None, code: str) -> int:
    return _zeros_of(code).get((word or "").strip().casefold(), 0)


@cache
def _pattern(code: str) -> re.Pattern[str]:
    """Figures with a sign of money before them, a word of zeros and a unit after them."""
    zeros = _alternatives(_zeros_of(code))
    money = _alternatives([s for s in signs.signs_of_money() if len(s) < 4])
    units = _alternatives([u for u in _units(code) if u])
    return re.compile(
        rf"(?:(?P<sign>{money})\s?)?(?P<figures>{_FIGURE})(?:\s?(?P<zeros>{zeros}))?(?:[\s-]?(?P<unit>{units})(?!นี้|หน้า|ก่อน))?", re.IGNORECASE
    )  # fmt: skip


def _alternatives(words: object) -> str:
    ordered = sorted(words, key=len, reverse=True)  # type: ignore[call-overload]
    return "|".join(
        re.escape(w) + (r"(?![A-Za-z\u00c0-\u024f\u1e00-\u1eff])" if w[-1].isalpha() and w[-1] < "\u0e00" else "") for w in ordered
    )


# --- units ---------------------------------------------------------------------------------------------------------


def _unit(written: str | None) -> str:
    return "".join((written or "").split()).casefold()


@cache
def _units(code: str) -> dict[str, frozenset[str]]:
    """Every way that a text writes a unit, without spaces and small, with the ids of what it may be."""
    table: dict[str, set[str]] = {}
    for unit in signs._data()["units"]:
        name = unit["en"][0].partition("/")[0]
        english = [form for forms in unit["en"] for form in forms.split("/")]
        own = unit[code] if code in unit and code != "en" else []
        for written in (*unit["signs"], *english, *own):
            table.setdefault(_unit(written), set()).add(name)
    for written in ("%", "％", *_table()["percent"].get(code, ())):
        table[_unit(written)] = {PERCENT}
    for sign, currency in signs.signs_of_money().items():
        table.setdefault(_unit(sign), set()).add(currency)
    return {written: frozenset(names) for written, names in table.items()}


# --- words ---------------------------------------------------------------------------------------------------------


def _spaced(text: str, code: str) -> str:
    folded = signs.fold(text).casefold().replace("-", " ")
    return "".join(folded.split()) if code in _SCRIPTED else " ".join(folded.split())


@cache
def _spelled(code: str) -> dict[str, int]:
    """Numbers in words, as `_spaced` writes them: all to 999, then the round ones."""
    lang = languages.get(code)
    round_ones = (*range(1000, 10_000, 500), *range(10_000, 100_000, 5_000), *range(100_000, 1_000_001, 50_000))
    found: dict[str, int] = {}
    for n in (*range(1, 1000), *round_ones):
        for said in _ways(_spaced(lang.number(n), code), code):
            found.setdefault(said, n)
    return found


def _ways(said: str, code: str) -> Iterator[str]:
    """A number's words and the others that people use for them."""
    yield said
    if code == "vi":
        yield said.replace("mươi tư", "mươi bốn")
        yield said.replace("linh", "lẻ")
        yield said.replace("nghìn", "ngàn")
    elif code == "zh":
        if said in ("二", "二百", "二千", "二万"):
            yield said.replace("二", "两")
        if said.startswith("一百") and said != "一百":
            yield said.replace("一百", "百", 1)
    elif code == "en":
        yield re.sub(r"hundred (?=\w)", "hundred and ", said)
        yield said.replace("one ", "a ", 1)


@cache
def _spelling(code: str) -> re.Pattern[str]:
    words = "|".join(map(re.escape, sorted(_spelled(code), key=len, reverse=True)))
    return re.compile(words if code in _SCRIPTED else rf"(?<!\w)(?:{words})(?!\w)")


def spoken_year(value: Decimal) -> frozenset[Decimal]:
    """A year in the other calendar: 2026 and 2569 are the same."""
    if value != value.to_integral_value():
        return frozenset()
    if 1800 <= value <= 2200:
        return frozenset({value + BUDDHIST})
    return frozenset({value - BUDDHIST}) if 2300 <= value <= 2700 else frozenset()


def iter_money(text: str, code: str, currency: str) -> Iterator[Quantity]:
    """The amounts of one currency."""
    return (q for q in find(text, code) if currency in q.units)
