"""What one cell of a catalog says: prices, currencies, lists, SKUs and file names, or why it cannot be read."""

from __future__ import annotations

import json
import math
import os
import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from babel.core import get_global
from babel.numbers import get_currency_precision, get_territory_currencies
from rapidfuzz import process
from rapidfuzz.distance import OSA

from localize.domain import Money


class Number(str):
    """A cell that the file holds as a number: its point is a decimal point, never a thousands mark."""

    __slots__ = ()


class Unreadable(Exception):
    """A cell does not say what its column asks for. The message says why and what to write, in a seller's words."""


class NoCurrency(Unreadable):
    """A price that neither says its currency nor has one from its row or catalog."""


# --- cells ---------------------------------------------------------------------------------------------------------


def text(value: object) -> str:
    """A cell's value as a seller would write it: None and NaN are "", lists are lines, numbers keep their digits."""
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, str):
        # JSON can hold half a surrogate pair, which no file could be written with.
        return value if value.isprintable() else value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return Number(int(value))
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            return ""
        # 15 digits is what a spreadsheet shows: 0.1 + 0.2 stays 0.3.
        return _decimal(Decimal(format(value, ".7g" if isinstance(value, (np.float32, np.float16)) else ".15g")))
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (list, tuple, np.ndarray)):
        return "\n".join(text(v) for v in value)
    if isinstance(value, dict):
        return text(json.dumps(value, ensure_ascii=False, default=str))
    return text(str(value))


def _decimal(value: Decimal) -> str:
    # 1e999999 written out would be a megabyte of zeros.
    if not value.is_finite() or abs(value.adjusted()) > 30:
        return str(value)
    whole = value.to_integral_value()
    return Number(format(whole if whole == value else value, "f"))


# --- texts ---------------------------------------------------------------------------------------------------------

_SPACE = re.compile(r"\s+")
_ITEM_ENDS = re.compile(r"[|｜；\n\r\v\f\u2028\u2029]+|<br\s*/?>", re.IGNORECASE)
_BULLET = re.compile(r"^(?:[•·▪●○◦✓✔*–—-]\s+|[•▪●○◦✓✔]\s*)")


def plain(text: str) -> str:
    """A one-line text: control characters out, runs of white space made one space, ends trimmed, in NFC."""
    if not text:  # most cells of a wide table are
        return ""
    spaced = _SPACE.sub(" ", text)
    if not spaced.isprintable():
        spaced = "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cs") and c != "\ufeff")
    return unicodedata.normalize("NFC", str(spaced)).strip()


def lines(text: str) -> str:
    """A text of several lines, each of them plain, without empty ones."""
    if not text:
        return ""
    return "\n".join(filter(None, map(plain, re.split(r"[\n\r\v\f\u2028\u2029]+", text))))


def items(text: str) -> tuple[str, ...]:
    """The parts of a list cell, separated by |, a new line or ；, without bullets and without empty ones."""
    if not text:
        return ()
    return tuple(filter(None, (_BULLET.sub("", plain(part)) for part in _ITEM_ENDS.split(text))))


def sku(text: str) -> str:
    """A SKU that can name a file. Raises Unreadable."""
    code = unicodedata.normalize("NFC", str(text)).strip(" \t\r\n\u00a0\ufeff")
    if not code:
        raise Unreadable("the SKU is empty: give each product a code of its own, such as MUG-01")
    if any(c in "/\\" for c in code) or code == ".." or code.startswith("."):
        raise Unreadable(
            f"the SKU {shown(code)} names the clip's file, so it may not start with '.' or contain '/' or '\\': write {_safe(code)}"
        )
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in code):
        raise Unreadable(f"the SKU {shown(code)} contains an invisible character (a line break, tab or joiner): type it again")
    # A file name has room for 255 bytes; language, channel and ending need some of them.
    if len(code) > 80 or len(code.encode()) > 200:
        raise Unreadable(f"the SKU is {len(code)} characters long: shorten it to at most 80, or 50 in Thai or Chinese letters")
    return code


def _safe(code: str) -> str:
    return repr(re.sub(r"[/\\]+", "-", re.sub(r"^[./\\]+", "", code))[:80] or "MUG-01")


def shown(text: str) -> str:
    """A cell's text for a message: one line, quoted, not longer than 60 characters."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in _SPACE.sub(" ", str(text)))
    return "'" + (line if len(line) <= 60 else line[:59] + "…") + "'"


def link(text: str) -> str:
    """A web address. Raises Unreadable."""
    address = plain(text)
    if not re.fullmatch(r"https?://[^\s/?#]+\.[^\s]+", address, re.IGNORECASE):
        raise Unreadable(f"{shown(address)} is not a web address: write it in full, such as https://shop.example/mug")
    return address


# --- files ---------------------------------------------------------------------------------------------------------


def file(text: str, folder: Path, kind: str = "picture") -> str:
    """The absolute path of a file that the catalog in `folder` names. Raises Unreadable when it cannot be one.

    A relative path starts at the catalog's folder and stays in it; an absolute one is the seller's own choice.
    What is in the file is not looked at.
    """
    name = plain(text)
    if re.match(r"([a-z][a-z0-9+.-]+:)?//|data:", name, re.IGNORECASE):
        raise Unreadable(f"{kind}s must be files beside the catalog: download {shown(name)} and write its file name")
    path = Path(name if os.sep == "\\" else name.replace("\\", "/"))
    if ".." in path.parts:
        raise Unreadable(f"{shown(name)} leaves the catalog's folder by '..': put the {kind} beside the catalog and write its file name")
    whole = Path(os.path.abspath(folder / path))
    if whole.is_file():
        return str(whole)
    if whole.is_dir():
        raise Unreadable(f"{shown(name)} is a folder: write the names of the {kind}s in it, separated by |")
    names = _names(whole.parent)
    # The same letters in other code points (a Mac stores ế as e and two accents), or two spaces for one.
    for other in names:
        if plain(other) == whole.name and (whole.parent / other).is_file():
            return str(whole.parent / other)
    if "," in whole.name or ";" in whole.name:
        hint = "separate several names by |"
    else:
        near = process.extractOne(whole.name, names, score_cutoff=75)
        hint = f"did you mean {shown(near[0])}?" if near else f"put the {kind} there or correct the name"
    raise Unreadable(f"there is no file {shown(name)}: {hint}")


def _names(folder: Path) -> tuple[str, ...]:
    try:
        return _listed(str(folder), folder.stat().st_mtime_ns)
    except OSError:
        return ()


@lru_cache(maxsize=64)
def _listed(folder: str, _changed: int) -> tuple[str, ...]:
    with os.scandir(folder) as entries:
        return tuple(sorted(e.name for e in islice(entries, 10_000)))


# --- money ---------------------------------------------------------------------------------------------------------

# Which currencies a sign or word may stand for; where there are several, the catalog's own currency decides.
_DOLLARS = ("USD", "SGD", "AUD", "CAD", "HKD", "TWD", "NZD", "MXN", "CLP", "COP", "ARS", "BND")
_SIGNS: dict[str, tuple[str, ...]] = {
    "฿": ("THB",), "บาท": ("THB",), "baht": ("THB",), "rp": ("IDR",), "rupiah": ("IDR",),
    "₫": ("VND",), "đ": ("VND",), "d": ("VND",), "vnđ": ("VND",), "đồng": ("VND",), "dong": ("VND",),
    "¥": ("CNY", "JPY"), "元": ("CNY", "TWD", "HKD"), "块": ("CNY",), "人民币": ("CNY",), "rmb": ("CNY",), "yuan": ("CNY",),
    "圆": ("CNY",), "円": ("JPY",), "yen": ("JPY",), "nt$": ("TWD",), "hk$": ("HKD",), "s$": ("SGD",), "rm": ("MYR",),
    "₱": ("PHP",), "₩": ("KRW",), "₹": ("INR",), "rs": ("INR", "PKR", "LKR"), "₭": ("LAK",), "៛": ("KHR",),
    "$": _DOLLARS, "us$": ("USD",), "a$": ("AUD",), "c$": ("CAD",), "r$": ("BRL",), "€": ("EUR",), "£": ("GBP",),
    "₽": ("RUB",), "руб": ("RUB",), "kr": ("SEK", "NOK", "DKK"), "zł": ("PLN",), "₺": ("TRY",), "₴": ("UAH",),
}  # fmt: skip

_COMMON = ("THB", "VND", "IDR", "CNY", "USD", "MYR", "SGD", "PHP", "JPY", "EUR")

# Markets that write 1.234,56 (CLDR's number symbols); all others write 1,234.56.
_POINT_GROUPS = frozenset((
    "VND", "IDR", "EUR", "BRL", "ARS", "CLP", "COP", "TRY", "DKK", "RSD", "PYG", "UYU", "CRC", "BAM", "MKD", "ISK", "MZN", "RON",
))  # fmt: skip
# Their fractions are legal but no shop uses them; babel says two digits.
_NO_FRACTIONS = frozenset(("IDR", "LAK", "KHR", "MMK"))
# Nothing is sold for less than this: a smaller figure has lost its thousands (175 for 175.000).
_LEAST = {"VND": 1000, "IDR": 500, "LAK": 500}

_EXAMPLE = "write only the amount, such as 1290 or 1,290.00"
_SHORT = re.compile(r"^(k|rb|ribu|jt|juta|tr|triệu|nghìn|ngàn|พัน|หมื่น|แสน|ล้าน|千|万|萬|m|mil)\b")
_RANGE = re.compile(r"\d\s*[^\d\s.,]{0,3}\s*(?:[-–—~〜至到]|to|ถึง|đến|s/d|sampai)\s*[^\d\s.,]{0,4}\s*\d")
_FROM = re.compile(r"^(?:from|từ|mulai|เริ่ม)|[起+]\s*$")
_PARTS = re.compile(r"(?P<before>\D*?)(?P<number>\d(?:[\d.,' ]*\d)?)(?P<after>\D*)")


@cache
def codes() -> frozenset[str]:
    """The ISO 4217 codes of the money in use today."""
    return frozenset(c for t in get_global("territory_currencies") for c in get_territory_currencies(t))


def currency(text: str) -> str:
    """An ISO 4217 code from a currency cell: the code itself, or a sign that stands for one. Raises Unreadable."""
    word = unicodedata.normalize("NFKC", plain(text)).strip(". ")
    if word.upper() in codes():
        return word.upper()
    meant = _SIGNS.get(word.casefold(), ())
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise Unreadable(f"the currency {shown(text)} may be {_or(meant)}: write one of these codes")
    # A slip of the keyboard is a letter too many, missing, wrong or swapped; of equally near codes, a common one is meant.
    near = process.extractOne(word.upper(), (*_COMMON, *sorted(codes())), scorer=OSA.distance, score_cutoff=1)
    raise Unreadable(
        f"{shown(text)} is not a currency code: " + (f"did you mean {near[0]}?" if near else "write one such as THB, VND, IDR, CNY or USD")
    )


def money(text: str, own: str = "", default: str = "") -> tuple[Money, str]:
    """A price, and what is doubtful about its reading ("" when nothing is).

    `own` is the row's currency, `default` the catalog's; a sign in the cell itself (฿, Rp, ₫) must agree with the
    former and beats the latter. Raises Unreadable for anything that is not one amount above zero.
    """
    cell = _plain_digits(text)
    if not cell:
        raise Unreadable("the price is empty: write the selling price, such as 1290")
    if _RANGE.search(cell):
        raise Unreadable(f"{shown(text)} is a range: write one price, and give each variant a row of its own")
    parts = _PARTS.fullmatch(cell)
    if not parts:
        odd = (
            "a number a spreadsheet has shortened: format the column as text"
            if re.fullmatch(r"[\d.,]+e[+-]?\d+", cell)
            else f"not a number: {_EXAMPLE}"
        )
        raise Unreadable(f"the price {shown(text)} is {odd}")
    before, number, after = parts["before"].strip(), parts["number"], parts["after"].strip()
    negative = "-" in before or (before.startswith("(") and after.endswith(")"))
    before, after = before.strip("-( ").rstrip(".").strip(), re.sub(r"^[.,]\s*-+", "", after).strip(") .")
    if before in (",", "") and parts["before"].strip("-( ") in (".", ","):
        before, number = "", "0." + number
    if _FROM.search(before) or _FROM.search(after):
        raise Unreadable(f"{shown(text)} is a 'from' price: write the price of this product alone")
    if _SHORT.match(after):
        raise Unreadable(f"{shown(text)} is shortened: write the number in full, such as 299000")
    meanings = [_meaning(w, text) for w in (before, after) if w]
    if re.search(r"[.,]\d\d$", number):  # ￥89.10 is no yen
        meanings = [tuple(c for c in m if _places(c)) or m for m in meanings]
    code = _agreed(meanings, own, default, text)
    amount, doubt = _amount(number, code, isinstance(text, Number), text)
    if negative or amount == 0:
        raise Unreadable(f"the price {shown(text)} is {'negative' if negative else 'zero'}: write the selling price, such as 1290")
    least = _LEAST.get(code, 0)
    if amount < least and not doubt:
        doubt = f"{amount} {code} is very little money: if {amount}.000 is meant, write {amount * 1000:f}"
    return Money(amount=amount, currency=code), doubt


def _plain_digits(text: str) -> str:
    """Small letters, ASCII digits (from full-width, Thai and other ones), one kind of minus, space and apostrophe."""
    cell = unicodedata.normalize("NFKC", plain(text)).casefold().translate({0x2212: "-", 0x2019: "'", 0x00B7: "."})
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in cell)


def _meaning(word: str, text: str) -> tuple[str, ...]:
    if word.upper() in codes():
        return (word.upper(),)
    if word not in _SIGNS:
        raise Unreadable(f"the price {shown(text)} is not a number, because of {shown(word)}: {_EXAMPLE}")
    return _SIGNS[word]


def _agreed(meanings: list[tuple[str, ...]], own: str, default: str, text: str) -> str:
    """The one currency that the price's own signs, the row and the catalog allow."""
    possible = [c for c in (meanings[0] if meanings else ()) if all(c in m for m in meanings)]
    if meanings and not possible:
        raise Unreadable(f"the price {shown(text)} names two currencies: write only the amount")
    if own:
        if possible and own not in possible:
            raise Unreadable(f"the price {shown(text)} is in {_or(possible)} but the row's currency is {own}: correct one of them")
        return own
    if not possible:
        if default:
            return default
        raise NoCurrency("no currency is given: add a column 'currency' with a code such as THB, or set currency in the campaign")
    if len(possible) == 1 or default in possible:
        return default if default in possible else possible[0]
    raise Unreadable(f"the price {shown(text)} may be in {_or(possible)}: add a column 'currency' with the right code")


def _or(choices: tuple[str, ...] | list[str]) -> str:
    return ", ".join(choices[:-1][:3]) + " or " + choices[-1] if len(choices) > 1 else choices[0]


def _amount(number: str, code: str, exact: bool, text: str) -> tuple[Decimal, str]:
    """The amount that a run of digits with , . space and ' stands for, by how the currency's market writes numbers."""
    places = _places(code)
    compact = re.sub(r"(?<=\d)[ '](?=\d{3}(?!\d))", "", number)
    marks = re.sub(r"\d", "", compact)
    if exact or not marks:
        return _placed(compact, places, code, text)
    last = marks[-1]
    whole, _, tail = compact.rpartition(last)
    rest = set(marks[:-1])
    if " " in compact or "'" in compact or len(rest) > 1:
        raise _oddly_grouped(text)
    if not rest:
        # One mark and three digits after it: thousands, as no money is written with three decimals but the dinars.
        if len(tail) == 3 and len(whole) <= 3 and whole.strip("0") and places != 3:
            grouped, _ = _placed(whole + tail, places, code, text)
            if places == 0 or last == _group_mark(code):
                return grouped, ""
            decimal = round(Decimal(f"{whole}.{tail}"), places)
            return grouped, f"{shown(text)} may be {grouped} or {decimal} {code}; it was read as {grouped}: write it in one of these ways"
        return _placed(f"{whole}.{tail}", places, code, text)
    mark = rest.pop()
    if mark == last:
        if not _grouped(compact, mark):
            raise _oddly_grouped(text)
        return _placed(compact.replace(mark, ""), places, code, text)
    if not _grouped(whole, mark):
        raise _oddly_grouped(text)
    return _placed(f"{whole.replace(mark, '')}.{tail}", places, code, text)


def _places(code: str) -> int:
    return 0 if code in _NO_FRACTIONS else get_currency_precision(code)


def _group_mark(code: str) -> str:
    return "." if code in _POINT_GROUPS else ","


def _grouped(digits: str, mark: str) -> bool:
    # Groups of three, or India's twos before the last three.
    return bool(re.fullmatch(rf"\d{{1,3}}(?:\{mark}\d{{3}})+|\d{{1,2}}(?:\{mark}\d{{2}})+\{mark}\d{{3}}", digits))


def _oddly_grouped(text: str) -> Unreadable:
    return Unreadable(f"the price {shown(text)} has marks in places where thousands have none: {_EXAMPLE}")


def _placed(digits: str, places: int, code: str, text: str) -> tuple[Decimal, str]:
    """The amount with no more decimals than the currency has."""
    amount = Decimal(digits)
    if amount >= 10**12:
        raise Unreadable(f"the price {shown(text)} is longer than any price: is it a barcode in the wrong column?")
    rounded = round(amount, places)
    if rounded == amount:
        return (amount if -int(amount.as_tuple().exponent) <= places else rounded), ""
    if places == 0:
        raise Unreadable(f"the price {shown(text)} has decimals, and {code} has none: write the whole amount in full")
    return rounded, f"{shown(text)} has more decimals than {code}: read as {rounded}"
