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

from localize import numerals
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
    stop: int  # where what is written ends
    clock: bool = False  # whether it is a time of day: 11:20, 3 pm, 15 น.

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
    found: list[Quantity] = []
    for match in _pattern(code).finditer(folded):
        begin = match.start("figures")
        goes_on = bool(found) and found[-1].stop == begin  # 1tr290
        if (not match["sign"] and not goes_on and _in_code(folded, begin)) or _NETWORK.match(folded, begin):
            continue
        zeros = _zeros(match["zeros"], code)
        # ฿390 วันนี้ is a price today, no 390 days: a sign before the figures says what they are.
        units = _units(code).get(_unit(match["sign"] or match["unit"]), frozenset())
        parts = _parts(match["figures"])
        for n, (part, offset) in enumerate(parts):
            start, last = begin + offset, n == len(parts) - 1
            values = frozenset(v.scaleb(zeros) if last else v for v in _values(part, code))
            if not values:
                continue
            quantity = Quantity(
                frozenset(v.normalize() for v in values), units, start, start + len(part), match[0].strip() if len(parts) == 1 else part,
                match.start() + len(match[0].rstrip()) if last else start + len(part),
                _is_clock(folded, start, start + len(part), units),
            )  # fmt: skip
            joined = _one_amount(found[-1], quantity, folded, zeros, code) if found and n == 0 else None
            found[-1:] = [joined] if joined else [*found[-1:], quantity]
    return found


# The names of networks and pictures: 5G, 4K. Capitals tell them from grams and thousands.
_NETWORK = re.compile(r"(?:[2-6]G|[248]K)(?![A-Za-z])")
_LONGEST = 15  # digits: more of them are a barcode
_GROUPED = re.compile(r"\d{1,3}(?:([.,\u00a0\u202f])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")


def _parts(figures: str) -> list[tuple[str, int]]:
    """Figures that are a list of numbers, 36,37,38, one by one with their offsets; else the one number."""
    if len(re.findall(r"(?<=\d)[.,](?=\d)", figures)) < 2 or _GROUPED.fullmatch(figures) or re.search("[.,]{2}", figures):
        return [(figures, 0)]
    return [(m[0], m.start()) for m in re.finditer(r"\d+", figures)]


def _is_clock(folded: str, start: int, end: int, units: frozenset[str]) -> bool:
    """Whether figures are a time of day."""
    after, before = folded[end : end + 12], folded[max(0, start - 10) : start]
    return (
        "o'clock" in units
        or re.match(r":\d\d|\s?(?:[ap]\.?m\b|น\.|WIB\b)", after, re.IGNORECASE) is not None
        or re.search(r"(?:\bat|\bpukul|\blúc|เวลา)\s?$", before, re.IGNORECASE) is not None
    )


def _one_amount(first: Quantity, second: Quantity, folded: str, zeros: int, code: str) -> Quantity | None:
    """Two numbers that are one amount: 1 triệu 290 nghìn, 1tr29, 1 juta 200 ribu, 89块9; None if they are not."""
    head = re.fullmatch(r".*?\d[\s]?([^\W\d_]+)", first.written)
    if not head or len(first.values) != 1 or len(second.values) != 1:
        return None
    between = folded[first.stop : second.start]
    word, digits = head[1].casefold(), folded[second.start : second.end]
    (a,), (b,) = first.values, second.values
    size = next((z for w, z in _zeros_of(code).items() if word == w), 0)
    if size and between in ("", " ") and 0 < zeros < size and b < Decimal(10) ** size:
        value = a + b
    elif size and not between and not zeros and digits.isdigit() and len(digits) <= min(3, size):
        value = a + b.scaleb(size - len(digits))
    elif word == "块" and not between and digits.isdigit() and len(digits) == 1:
        value = a + b.scaleb(-1)
    else:
        return None
    written = folded[first.start : second.start] + second.written
    units = second.units or first.units
    return Quantity(frozenset({value.normalize()}), units, first.start, second.end, written, second.stop)


def in_words(text: str, code: str) -> frozenset[Decimal]:
    """The numbers that a text says in words, as months' names, as ordinals and as half an hour's 30, too; none in a language
    that crossreel does not speak."""
    if not numerals.speaks(code):
        return frozenset()
    folded = _spaced(text, code)
    said = {numeral.value for numeral in numerals.find(text, code)}
    for words, values in _table()["said"][code].items():
        if words in folded:
            said |= {Decimal(str(v)) for v in values}
    if Decimal("0.5") in said:  # one and a half, หนึ่งชั่วโมงครึ่ง, một tiếng rưỡi
        said |= {v + Decimal("0.5") for v in said if v == v.to_integral_value() and v < 100}
    said |= {Decimal(month) for month, name in _months(code) if name in folded}
    return frozenset(v.normalize() for v in said | {Decimal(_ROMAN[m[0]]) for m in _ROMANS.finditer(text)})


def counted(text: str, code: str) -> list[tuple[Decimal, str]]:
    """Numbers in words with what they count behind them, as written: (5, "ห้าระดับ"). None below 2, which counts nothing up."""
    found = []
    for numeral in numerals.find(text, code):
        thing = _things(code).match(text, numeral.end)
        if thing and numeral.value > 1:
            found.append((numeral.value, text[numeral.start : thing.end()]))
    return found


def coins_in_words(text: str, code: str, currency: str) -> list[tuple[Decimal, str]]:
    """Amounts of a currency that are written in words: (145, "ร้อยสี่สิบห้าบาท")."""
    names = [
        sign for sign, of in signs.signs_of_money().items() if of == currency and sign[0].isalpha() and (len(sign) > 1 or sign > "\u2e80")
    ]
    coin = re.compile(r"\s?(?:" + "|".join(map(re.escape, sorted(names, key=len, reverse=True))) + ")", re.IGNORECASE)
    numbers = numerals.find(text, code)
    found = []
    for n, number in enumerate(numbers):
        after = coin.match(text, number.end)
        if not after or (n and numbers[n - 1].end == number.start - 1 and text[number.start - 1] == "块"):
            continue
        value, end = number.value, after.end()
        if after[0] == "块" and n + 1 < len(numbers) and numbers[n + 1].start == end and numbers[n + 1].value < 10:  # 九块九
            value, end = value + numbers[n + 1].value / 10, numbers[n + 1].end
        found.append((value.normalize(), text[number.start : end]))
    return found


@cache
def _things(code: str) -> re.Pattern[str]:
    """What may be counted: units, counters, coins."""
    table = signs._data()
    forms = [form for unit in table["units"] for form in unit[code]] + table["counters"][code]
    names = {part for form in forms for part in form.split("/")}
    things = "|".join(map(re.escape, sorted((n for n in names if n and n[0].isalpha()), key=len, reverse=True)))
    return re.compile(rf"\s?(?:{things})(?!นี้|หน้า|ก่อน)" if code in _SCRIPTED else rf"\s(?:{things})(?!\w)", re.IGNORECASE)


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
_CODE = re.compile(r"(?<![A-Za-z0-9-])(?=[A-Za-z-]*\d)(?P<letters>[A-Za-z]{1,6})-?\d[A-Za-z0-9-]*(?![A-Za-z0-9])")


def _in_code(folded: str, start: int) -> bool:
    """Whether figures are part of a name: the 5 of IPX5, not the 5 of 5 ml nor the 290 of Rp290."""
    return re.search(r"[A-Za-z]-?$", folded[max(0, start - 2) : start]) is not None


@cache
def signs_of_money() -> dict[str, str]:
    """Every sign and code of money, small, with its currency."""
    return {sign.casefold(): currency for sign, currency in signs.signs_of_money().items()}


# --- figures -------------------------------------------------------------------------------------------------------


def _values(figures: str, code: str) -> frozenset[Decimal]:
    """What figures may mean: 20,000 and 20.000 are the same in two countries, 5.3 is never 53. A mark that groups in the text's
    own language groups, and so does one before 000, which nobody writes as decimals."""
    plain = re.sub(r"[\u00a0\u202f]", "", figures)
    if len(re.sub(r"\D", "", plain)) > _LONGEST:
        return frozenset()
    marks = re.findall("[.,]", plain)
    if not marks:
        return frozenset({Decimal(plain)})
    last = plain.rfind(marks[-1])
    whole, rest = re.sub("[.,]", "", plain[:last]), plain[last + 1 :]
    grouped = re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", plain) is not None and len(set(marks)) == 1
    found = set()
    own = "." if code in ("vi", "id") else ","
    groups = grouped and not plain.startswith("0") and (marks[-1] == own or rest == "000")
    if marks.count(marks[-1]) == 1 and not groups:
        found.add(Decimal(f"{whole}.{rest}"))
    if grouped and not plain.startswith("0"):
        found.add(Decimal(whole + rest))
    return frozenset(found or {Decimal(whole + rest)})


def _zeros(word: str | None, code: str) -> int:
    return _zeros_of(code).get((word or "").strip().casefold(), 0)


@cache
def _pattern(code: str) -> re.Pattern[str]:
    """Figures with a sign of money before them, a word of zeros and a unit after them."""
    zeros = _alternatives(_zeros_of(code)).replace("|千|", "|千(?![克瓦米赫伏帕焦卡])|")  # 2千克 is 2 kg
    money = _alternatives([s for s in signs.signs_of_money() if len(s) < 4])
    units = _alternatives([u for u in _units(code) if u])
    # วันนี้ is today, no day: what points at a time is no unit.
    counted = rf"(?:\s?(?P<zeros>{zeros}))?(?:[\s-]?(?P<unit>{units})(?!นี้|หน้า|ก่อน|-\d))?"
    return re.compile(rf"(?:(?<![A-Za-z])(?P<sign>{money})\s?)?(?P<figures>{_FIGURE}){counted}", re.IGNORECASE)


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
