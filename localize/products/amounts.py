"""What a run of figures stands for: 1.290 is a thousand and more in one market, and one and some in the next.

A number is read by its own form, by its column's decimal mark where that is known, and by how the currency's market
writes numbers, in this order. What stays open is read in the likelier way and doubted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from babel.numbers import get_currency_precision

from localize.products.values import MONEY, Unreadable, shown

UNKNOWN = "XXX"  # ISO 4217's code for no currency: bare numbers are read, two decimals allowed
EXAMPLE = "write only the amount, such as 1290 or 1,290.00"


@dataclass(frozen=True, slots=True)
class Market:
    """How a currency's amounts look: its code after a space, how many decimals, the mark of its thousands ("" if unknown),
    whether it parts them as 1,29,900, and the least and the most that is plausible."""

    unit: str
    places: int
    group: str
    lakhs: bool
    least: int
    most: int


@cache
def market_of(code: str) -> Market:
    know = MONEY["markets"]
    places = 2 if code == UNKNOWN or code in know["cents"] else 0 if code in know["whole"] else get_currency_precision(code)
    group = "" if code == UNKNOWN else "." if code in know["point"] else " " if code in know["space"] else ","
    return Market(
        "" if code == UNKNOWN else f" {code}",
        places,
        group,
        code in know["lakhs"] or code == UNKNOWN,
        know["least"].get(code, 0),
        10**7 if places else 10**10,
    )


def total(figure: list[tuple[str, int]], market: Market, mark: str, exact: bool, text: str) -> tuple[Decimal, str]:
    """What a figure with the zeros it leaves out stands for: 350k, 1.5万, 1tr290."""
    number, zeros = figure[0]
    if not zeros:
        return _amount(number, market, mark, exact, text)
    short = re.fullmatch(r"([1-9]\d{0,3}|0)(?:[.,](\d{1,2}))?", number)
    if not short:
        raise Unreadable(f"the price {shown(text)} is shortened: write the number in full, such as 299000")
    amount = Decimal(f"{short[1]}.{short[2] or 0}") * 10**zeros
    guess = bool(short[2]) or zeros > 3
    for more, fewer in figure[1:]:
        if short[2] or not more.isdigit() or (fewer and (more[0] == "0" or int(more) * 10**fewer >= 10**zeros)) or len(more) > 3:
            raise several(text)
        amount += int(more) * Decimal(10) ** (fewer or zeros - len(more))
        guess = not fewer and len(more) < 3
    amount = amount.to_integral_value() if amount == amount.to_integral_value() else amount
    amount, doubt = _placed(format(amount, "f"), market, text)
    return amount, doubt or (
        f"{shown(text)} is shortened: read as {amount}{market.unit}, write it in full if that is rounded" if guess else ""
    )


def _amount(number: str, market: Market, mark: str, exact: bool, text: str) -> tuple[Decimal, str]:
    """What a run of digits with , . space and ' stands for, by its own form, its column's decimal mark and its market."""
    if number.isdigit() or (exact and re.fullmatch(r"\d*\.\d+", number)):
        if number[0] == "0" and number.isdigit() and number.strip("0"):
            raise Unreadable(f"the price {shown(text)} starts with 0: is it a code in the wrong column? {EXAMPLE[0].upper()}{EXAMPLE[1:]}")
        return _placed(number, market, text)
    marks = re.sub(r"\d", "", number)
    last = marks[-1]
    whole, _, tail = number.rpartition(last)
    groups = set(marks[:-1]) or ({last} if last in " '" else set())
    if len(groups) > 1:
        raise _oddly_grouped(text)
    if not groups:
        return _one_mark(whole, last, tail, market, mark, text)
    group = groups.pop()
    if group == last:  # 1,290,000
        if not _grouped(number, group, market):
            raise _oddly_grouped(text)
        amount, doubt = _placed(number.replace(group, ""), market, text)
        two = group == " " and re.match(r"\d{3} ", number)  # 199 299
        return amount, f"{shown(text)} was read as {amount}{market.unit}: if it is two prices, write one" if two else doubt
    if last in " '" or not _grouped(whole, group, market):
        raise _oddly_grouped(text)
    amount, doubt = _placed(f"{whole.replace(group, '')}.{tail}", market, text)
    if (len(tail) > 2 and market.places < 3) or (group == " " and re.match(r"\d{3} ", number)):
        doubt = f"{shown(text)} was read as {amount}{market.unit}: {EXAMPLE}"
    return amount, doubt


def _one_mark(whole: str, last: str, tail: str, market: Market, mark: str, text: str) -> tuple[Decimal, str]:
    """A number with one point or comma, which may part thousands or decimals."""
    if len(whole) > 1 and whole[0] == "0":
        raise _oddly_grouped(text)
    if len(tail) == 3 and len(whole) > 3 and market.places == 0:  # 1075.000 is neither rupiah with cents nor a million
        raise _oddly_grouped(text)
    if last == "," and len(tail) == len(whole) > 3 and tail > whole and tail[market.places :].strip("0"):  # 1290,1590
        raise several(text)
    if len(tail) != 3 or len(whole) > 3 or not whole.strip("0"):  # no thousands look like this
        amount, doubt = _placed(f"{whole or 0}.{tail}", market, text)
        if not doubt and ((len(tail) > 3 and last == ",") or (mark and mark != last)):
            doubt = f"{shown(text)} was read as {amount}{market.unit}, {EXAMPLE}"
        return amount, doubt
    grouped, doubt = _placed(whole + tail, market, text)
    if market.places == 0 and not mark:
        return grouped, doubt
    if market.places == 3:
        decimal = Decimal(f"{whole}.{tail}")
        sure = mark or (last == ".")
        amount = decimal if last in (mark, ".") and mark in ("", last) else grouped
        return amount, "" if sure else _either(text, amount, grouped, decimal, market)
    decimal = round(Decimal(f"{whole}.{tail}"), market.places or 2)
    if mark == last:  # three decimals are odd, whatever the column says
        amount, doubt = _placed(f"{whole}.{tail}", market, text)
        return amount, doubt or _either(text, amount, grouped, decimal, market)
    if mark or last == market.group:
        return grouped, doubt
    return grouped, _either(text, grouped, grouped, decimal, market)


def _either(text: str, amount: Decimal, grouped: Decimal, decimal: Decimal, market: Market) -> str:
    return f"{shown(text)} may be {grouped} or {decimal}{market.unit}; it was read as {amount}: write it in one of these ways"


def _grouped(digits: str, mark: str, market: Market) -> bool:
    """Whether the mark stands between groups of three, or in South Asia's twos before the last three."""
    first, *groups = digits.split(mark)
    if not 0 < len(first) <= 3 or first[0] == "0" or not groups or len(groups[-1]) != 3:
        return False
    return all(len(g) == 3 for g in groups) or (market.lakhs and mark == "," and len(first) < 3 and all(len(g) == 2 for g in groups[:-1]))


def _oddly_grouped(text: str) -> Unreadable:
    return Unreadable(f"the price {shown(text)} has marks in places where thousands have none: {EXAMPLE}")


def _placed(digits: str, market: Market, text: str) -> tuple[Decimal, str]:
    """The amount with no more decimals than the currency has."""
    amount = Decimal(digits)
    if amount >= 10**12:
        raise Unreadable(f"the price {shown(text)} is longer than any price: is it a barcode in the wrong column?")
    rounded = round(amount, market.places)
    if rounded == amount:
        return (amount if -int(amount.as_tuple().exponent) <= market.places else rounded), ""
    if market.places == 0:
        raise Unreadable(f"the price {shown(text)} has decimals, and{market.unit} has none: write the whole amount in full")
    return rounded, f"{shown(text)} has more decimals than{market.unit}: read as {rounded}"


def implausible(amount: Decimal, market: Market) -> str:
    if amount < market.least:
        return f"{amount}{market.unit} is very little money: if {amount}.000 is meant, write {amount * 1000:f}"
    if amount >= market.most:
        return f"{amount}{market.unit} is very much money: is it a code in the wrong column, or in another currency?"
    return ""


def own_mark(number: str) -> str:
    marks = re.sub(r"[\d ']", "", number)
    if not marks:
        return ""
    whole, _, tail = number.rpartition(marks[-1])
    if len(set(marks)) == 2:  # 1,299.00
        return marks[-1] if len(tail) < 3 and marks.count(marks[-1]) == 1 else ""
    if len(marks) > 1:  # 1.299.000
        return {".": ",", ",": "."}[marks[-1]]
    # Three digits after it are thousands or nothing: 1075.000 tells no more than that somebody made a mistake.
    return marks[-1] if len(tail) != 3 or not whole.strip("0") else ""


def several(text: str) -> Unreadable:
    return Unreadable(
        f"the price {shown(text)} holds several figures: write the selling price alone, and the price before in a column was_price"
    )
