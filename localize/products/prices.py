"""What a price cell says: an amount and its currency in every form sellers write it, what is doubtful, or why it is none.

The words and signs are data, assets/catalog/money.yaml. One rule stands above all: no price is silently wrong. What can
be read in two ways is read in the likelier one and doubted, and what needs a guess is refused with the way out.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from localize.domain import Money
from localize.products.amounts import EXAMPLE, UNKNOWN, implausible, market_of, own_mark, several, total
from localize.products.values import MONEY, Formatted, NoCurrency, Number, Unreadable, codes, shown

__all__ = ["UNKNOWN", "Price", "decimal_mark", "price", "signs", "written"]


@dataclass(frozen=True, slots=True)
class Price:
    """What a price cell says.

    `money` is the amount, or the lowest of a range, and `to` the highest. `at_least` is true for a range and for "from"
    prices (¥199起, from $5, 199+). `doubt` is what is doubtful about the reading, in a seller's words with the way out.
    """

    money: Money
    to: Money | None = None
    at_least: bool = False
    doubt: str = ""


def price(text: str, own: str = "", default: str = "", mark: str = "") -> Price:
    """The price that a cell says.

    `own` is the row's currency, `default` the catalog's (UNKNOWN where nobody knows): a sign in the cell itself must agree
    with the former and beats the latter. `mark` is the column's decimal mark, "." or ",", "" if unknown. Raises Unreadable
    for anything that is not money above zero, NoCurrency where only the currency is missing.
    """
    found = _remembered(written(text), own, default, mark, isinstance(text, Number))
    if isinstance(found, Unreadable):
        raise type(found)(*found.args)
    return found


def written(cell: str) -> str:
    """The cell as if the seller had written what its number format shows: US$12.50 for 12.5."""
    if type(cell) is not Formatted:
        return cell
    space = " " if cell.sign.isalpha() else ""
    return f"{cell.sign}{space}{cell}{'0' if cell[-2:-1] == '.' else ''}"


@lru_cache(maxsize=1 << 14)
def _remembered(text: str, own: str, default: str, mark: str, exact: bool) -> Price | Unreadable:
    if own == UNKNOWN:
        own, default = "", UNKNOWN
    code = own or default
    if code and text.isascii() and text[:1] != "0":  # most cells are 1290 or 12.90
        whole, point, cents = text.partition(".")
        market = market_of(code)
        if whole.isdigit() and (not point or (len(cents) == 2 == market.places and cents.isdigit() and mark != ",")):
            amount = Decimal(text)
            if market.least <= amount < market.most:
                return Price(_money(amount, code))
    try:
        return _read(text, own, default, mark, exact)
    except Unreadable as error:
        return error.with_traceback(None)


def _money(amount: Decimal, code: str) -> Money:
    # What pydantic would look at is known here: it costs as much as all the rest of a plain price.
    return Money.model_construct(amount=amount, currency=code)


# --- the cell ------------------------------------------------------------------------------------------------------

_TIDY = str.maketrans({
    "\u2212": "-", "\ufe63": "-", "’": "'", "‘": "'", "´": "'", "`": "'", "ʼ": "'", "·": ".", "٫": ".", "٬": ",",
    "\n": "|", "\r": "|", "\t": "|", "\v": "|", "\f": "|", "\u2028": "|", "\u2029": "|",
})  # fmt: skip
_TAG = re.compile(r"<[^<>]{0,300}>")
# The point of Rp.299.000 belongs to the word.
_NUMBER = re.compile(r"(?:(?<![^\W\d_])(?<!\d)[.,])?\d+(?:[.,' ]\d+)*")
_NO_CENTS = re.compile(r"\s?[.,:]\s?[-=]+")  # 1.290,- and 199:-
_EXPONENT = re.compile(r"-?\d[\d.,]*e[+-]?\d+")


def _read(text: str, own: str, default: str, mark: str, exact: bool) -> Price:
    cell = _tidy(text)
    numbers = _NUMBER.findall(cell)
    if not numbers:
        raise _no_figure(cell, text)
    if _EXPONENT.fullmatch(cell):
        raise Unreadable(f"the price {shown(text)} is a number a spreadsheet has shortened: format the column as text")
    pieces = _NUMBER.split(cell)
    figures, words = _figures(numbers, pieces, text)
    code = _agreed([_without_yen(sign, numbers, default) for said in words for sign in said.signs], own, default, text)
    if code not in (own, default) and code in MONEY["words"] and code not in text and any("code" in said.kinds for said in words):
        raise Unreadable(f"the price {shown(text)} is not a number, because of {shown(code.lower())}: {EXAMPLE}")
    market = market_of(code)
    if code in MONEY["markets"]["letter k"] and "k" in pieces[-1] and words[-1].zeros:
        raise Unreadable(f"the price {shown(text)} may count thousands, or {code} with a K: write the number in full")
    amounts, doubts = [], []
    for figure in figures:
        amount, doubt = total(figure, market, mark, exact, text)
        if amount <= 0:
            raise Unreadable(f"the price {shown(text)} is zero: write the selling price, such as 1290")
        amounts.append(amount)
        doubts += [doubt, implausible(amount, market)]
    low, high = amounts[0], amounts[-1]
    if low > high:
        raise Unreadable(f"{shown(text)} is a range whose first price is the higher one: write the selling price alone")
    if high > 20 * low:
        doubts.append(f"the range {shown(text)} is very wide: if {low} {code} does not buy the thing itself, write what does")
    if any("conditions" in said.kinds for said in words):
        doubts.append(f"the price {shown(text)} is for some buyers only: write the price that everyone pays")
    starts = high > low or any("from" in said.kinds for said in words)
    return Price(_money(low, code), _money(high, code) if high > low else None, starts, "; ".join(dict.fromkeys(filter(None, doubts))))


def _tidy(text: str) -> str:
    """Small letters, ASCII digits (from full-width, Thai and other ones), one kind of minus, space and apostrophe."""
    cell = str(text).strip(" \t\r\n\ufeff\u200b\u200e\u200f\u00a0")
    if cell.startswith("'") or (cell.startswith('="') and cell.endswith('"')):  # how spreadsheets are told to keep digits
        cell = cell.strip("='\"")
    if "&" in cell or "<" in cell:
        cell = _TAG.sub(" ", html.unescape(cell)).strip()
    cell = cell.translate(_TIDY)
    if not cell.isascii():
        if any(not c.isdecimal() and any(d.isdigit() for d in unicodedata.normalize("NFKC", c)) for c in cell):
            # 19⁹⁹ would become 1999
            raise Unreadable(f"the price {shown(text)} has small or circled figures: {EXAMPLE}")
        cell = _folded("".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in cell))
        cell = "".join(c for c in cell if unicodedata.category(c) not in ("Cf", "Cc"))
    return " ".join(cell.casefold().split())


def _no_figure(cell: str, text: str) -> Unreadable:
    if not cell:
        return Unreadable("the price is empty: write the selling price, such as 1290")
    word = cell.strip(" .!()[]")
    if cell in _WORDLESS["none"] or word in _WORDLESS["none"] or not word:
        return Unreadable(f"the price is missing: {shown(text)} stands in its place, write the selling price, such as 1290")
    if word in _WORDLESS["free"]:
        return Unreadable(f"the price {shown(text)} is no amount: a clip needs a price above zero, leave gifts and samples out")
    if any(word.startswith(w) for w in _WORDLESS["ask"]):
        return Unreadable(f"the price {shown(text)} is no amount: a clip needs the price itself, such as 1290")
    return Unreadable(f"the price {shown(text)} is not a number: {EXAMPLE}")


# --- words and signs -----------------------------------------------------------------------------------------------


def _folded(term: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", term).casefold())


def _terms() -> Iterator[tuple[str, str, tuple[str, ...] | int]]:
    """What may stand beside figures: (term, kind, its currencies or how many zeros it stands for)."""
    for kind in ("from", "to", "silent", "conditions"):
        for term in MONEY[kind]:
            yield _folded(term), kind, 0
    for term in MONEY["each"]:
        for per in ("/", "/ ", "per ", "a ") if term.isascii() else ("/", "/ ", "ต่อ", "ละ"):
            yield _folded(per + term), "silent", 0
    for term, zeros in MONEY["zeros"].items():
        yield _folded(term), "zeros", zeros
    for term, possible in MONEY["signs"].items():
        yield _folded(term), "sign", tuple(possible)
        if len(term) > 1 and term[-1] in "$¥":  # US $12
            yield f"{_folded(term[:-1])} {term[-1]}", "sign", tuple(possible)


_TERMS = {term: (kind, value) for term, kind, value in _terms()}
_WORDLESS = {kind: frozenset(map(_folded, MONEY[kind])) for kind in ("none", "free", "ask")}


def _bounded(term: str) -> str:
    # Where words are written apart, `tr` is no part of `tray`; Thai and Chinese words follow one another.
    before, after = (c.isalpha() and unicodedata.name(c).startswith(("LATIN", "CYRILLIC")) for c in (term[0], term[-1]))
    return (r"(?<![^\W\d_])" if before else "") + re.escape(term) + (r"(?![^\W\d_])" if after else "")


_TERM = re.compile("|".join([*map(_bounded, sorted(_TERMS, key=len, reverse=True)), r"(?<![^\W\d_])[a-z]{3}(?![^\W\d_])"]))


@dataclass(frozen=True, slots=True)
class _Words:
    """What stands before, between or after figures: the signs' currencies, zeros left out, kinds of words, and what is unknown."""

    signs: tuple[tuple[str, ...], ...]
    zeros: int
    kinds: frozenset[str]
    unknown: str


@lru_cache(maxsize=4096)
def _words(piece: str) -> _Words:
    signs: list[tuple[str, ...]] = []
    kinds: set[str] = set()
    unknown: list[str] = []
    zeros = at = 0
    for found in _TERM.finditer(piece):
        kind, value = _TERMS.get(found[0], ("code", (found[0].upper(),)))
        if isinstance(value, int):
            zeros += value
        elif value[0] in codes():
            signs.append(value)
        else:
            continue
        kinds.add(kind)
        unknown.append(piece[at : found.start()])
        at = found.end()
    unknown.append(piece[at:])
    return _Words(tuple(signs), zeros, frozenset(kinds), " ".join(filter(None, (part.strip(" .:!()[]") for part in unknown))))


def _figures(numbers: list[str], pieces: list[str], text: str) -> tuple[list[list[tuple[str, int]]], list[_Words]]:
    """The price's figures, or a range's two, and the words around them. A figure is (number, zeros left out), or two for 1tr290."""
    first, last = pieces[0], pieces[-1]
    if "-" in first or ("(" in first and ")" not in first and ")" in last):
        raise Unreadable(f"the price {shown(text)} is negative: write the selling price, such as 1290")
    if "+" in first:
        raise Unreadable(f"the price {shown(text)} is a surcharge: write the whole selling price, such as 1290")
    if not re.search(r"[.,]", numbers[-1][-3:]):
        last = _NO_CENTS.sub("", last, count=1) if _NO_CENTS.match(last) else last
    words = [_words(piece) for piece in (*pieces[:-1], last)]
    figures = [[(numbers[0], words[1].zeros)]]
    for n, number in enumerate(numbers[1:], 1):
        if "to" in words[n].kinds:
            figures.append([(number, words[n + 1].zeros)])
        elif len(figures[-1]) == 1 and words[n].zeros > words[n + 1].zeros and (words[n + 1].zeros or " " not in pieces[n]):
            figures[-1].append((number, words[n + 1].zeros))
        else:
            raise several(text)
    if len(figures) > 2:
        raise several(text)
    if len(figures) == 2 and not figures[0][0][1]:  # 350-500k
        figures[0] = [(figures[0][0][0], figures[1][0][1])]
    unknown = next((said.unknown for said in words if said.unknown), "")
    if not unknown and ("to" in words[0].kinds or "to" in words[-1].kinds):
        raise Unreadable(f"the price {shown(text)} is half of a range, or about right only: write the price itself, such as 1290")
    if unknown or words[0].zeros:
        raise Unreadable(f"the price {shown(text)} is not a number, because of {shown(unknown or first)}: {EXAMPLE}")
    return figures, words


def _without_yen(sign: tuple[str, ...], numbers: list[str], default: str = "") -> tuple[str, ...]:
    """The currencies of a sign that allow what the figures show: ￥89.10 is no yen."""
    if len(sign) > 1 and default not in sign and any(re.search(r"[.,]\d\d$", number) for number in numbers):
        return tuple(c for c in sign if market_of(c).places) or sign
    return sign


def _agreed(signs: list[tuple[str, ...]], own: str, default: str, text: str) -> str:
    """The one currency that the price's own signs, the row and the catalog allow."""
    possible = [c for c in signs[0] if all(c in sign for sign in signs)] if signs else []
    if signs and not possible:
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


def _or(choices: list[str]) -> str:
    return ", ".join(choices[:-1][:3]) + " or " + choices[-1] if len(choices) > 1 else choices[0]


# --- columns -------------------------------------------------------------------------------------------------------


def decimal_mark(cells: Iterable[str]) -> str:
    """The decimal mark of a price column, by the cells that can be read in one way only; "" if none can or they differ."""
    found: set[str] = set()
    for cell in cells:
        if isinstance(cell, Number) or cell.isdigit():
            continue
        try:
            numbers = _NUMBER.findall(_tidy(cell))
        except Unreadable:
            continue
        found.update(filter(None, map(own_mark, numbers)))
    return found.pop() if len(found) == 1 else ""


def signs(cells: Iterable[str]) -> str:
    """The one currency that the signs in a price column agree on, "" if they do not, or say too little ($, or ¥ alone)."""
    possible: set[str] | None = None
    for cell in map(written, cells):
        if not cell or cell.isdigit() or type(cell) is Number:
            continue
        try:
            tidy = _tidy(cell)
        except Unreadable:
            continue
        numbers = _NUMBER.findall(tidy)
        for piece in _NUMBER.split(tidy) if numbers else ():
            for sign in _words(piece).signs:
                meant = set(_without_yen(sign, numbers))
                possible = meant if possible is None else possible & meant
    return possible.pop() if possible and len(possible) == 1 else ""
