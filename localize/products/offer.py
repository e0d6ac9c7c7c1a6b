"""What a product costs, as its row and its variants' rows tell it: the lowest price, the range, the price before."""

from __future__ import annotations

import re

from localize.domain import Money
from localize.products import prices, values
from localize.products.draft import Draft, Problem, Variant
from localize.products.prices import Price
from localize.products.values import MONEY, NoCurrency, Unreadable

_DEPOSITS: tuple[str, ...] = tuple(MONEY["deposit"]["words"])
_ASCII_DEPOSITS = tuple(filter(str.isascii, _DEPOSITS))
_NO_DEPOSIT = re.compile(MONEY["deposit"]["other"])


def price(draft: Draft, currency: str, mark: str, bad: list[Problem], doubts: list[Problem]) -> Price | None:
    """The product's price: its variants' lowest where they have prices of their own, else its own."""
    own = _own_currency(draft.cells["currency"], bad) if "currency" in draft.cells else ""
    if own is None:
        return None
    if draft.variants and (found := _of_variants(draft, own, currency, mark, doubts)):
        return found
    cell = draft.cells.get("price", "")
    if not cell and draft.variants:
        cell = next((c for v in draft.variants if (c := v.cells.get("price"))), "")
    try:
        stated = prices.price(cell, own, currency, mark)
        ranged = "price_to" in draft.cells or "price_from" in draft.cells
        top = _stated_top(draft, stated, own, currency, mark, doubts) if ranged else stated
    except NoCurrency as error:
        bad.append(("currency", "", str(error)))
        return None
    except Unreadable as error:
        bad.append(("price", cell, str(error)))
        return None
    if stated.doubt:
        doubts.append(("price", cell, stated.doubt))
    return top


def deposit(title: str) -> str:
    """The word in a title that says that its price is only a deposit, "" where there is none."""
    small = title.lower()
    for word in _ASCII_DEPOSITS if title.isascii() else _DEPOSITS:
        if word in small:
            return "" if _NO_DEPOSIT.search(small) else word
    return ""


def _own_currency(cell: str, bad: list[Problem]) -> str | None:
    if not cell.strip():
        return ""
    try:
        return values.currency(cell)
    except Unreadable as error:
        bad.append(("currency", cell, str(error)))
        return None


def _stated_top(draft: Draft, price: Price, own: str, currency: str, mark: str, doubts: list[Problem]) -> Price:
    """The price with the range that the row itself states in price_to and price_from."""
    least = draft.cells.get("price_from", "").strip().casefold() in ("true", "1", "yes")
    cell = draft.cells.get("price_to", "")
    if not cell.strip():
        return Price(price.money, price.to, True, price.doubt) if least else price
    try:
        top = prices.price(cell, own or price.money.currency, currency, mark).money
    except Unreadable as error:
        doubts.append(("price_to", cell, f"price_to was not used: {error}"))
        return price
    if top.amount <= price.money.amount:
        doubts.append(("price_to", cell, f"price_to was not used: {top.amount} is not above the price, {price.money.amount}"))
        return price
    return Price(price.money, top, True, price.doubt)


def _of_variants(draft: Draft, own: str, currency: str, mark: str, doubts: list[Problem]) -> Price | None:
    """The lowest and highest price of the variants, None if none has one. A variant without a price that can be
    read is left out, with a doubt."""
    read: list[tuple[Variant, Price]] = []
    for variant in draft.variants:
        cell = variant.cells.get("price", "")
        if not cell:
            continue
        try:
            code = values.currency(c) if (c := variant.cells.get("currency", "").strip()) else own
            read.append((variant, prices.price(cell, code, currency, mark)))
        except Unreadable as error:
            if len(draft.variants) > 1:
                doubts.append(("price", cell, f"the variant in row {variant.row} was left out: {error}"))
    if not read:
        return None
    cheapest, lowest = min(read, key=lambda pair: pair[1].money.amount)
    same = [p for _, p in read if p.money.currency == lowest.money.currency]
    if len(same) < len(read):
        doubts.append(("price", "", f"variants in other currencies than {lowest.money.currency} were left out"))
    top = max((p.to or p.money for p in same), key=lambda m: m.amount)
    doubt = next((p.doubt for p in same if p.doubt), "")
    if doubt:
        doubts.append(("price", cheapest.cells.get("price", ""), doubt))
    if top.amount > lowest.money.amount:
        return Price(lowest.money, top, True, doubt)
    return Price(lowest.money, None, lowest.at_least, doubt)


def was_price(draft: Draft, price: Price, mark: str, doubts: list[Problem]) -> Money | None:
    """The price before, if it is one: that of the variant whose price is shown, else the product's own.

    A was-price that is not above the price is no offer and is left out.
    """
    field, cell = "was_price", draft.cells.get("was_price", "")
    if draft.variants and any("price" in v.cells for v in draft.variants):
        cell = _was_of_cheapest(draft, price.money, mark) or ("" if price.to else cell)
    if not cell.strip():
        return None
    try:
        was = prices.price(cell, price.money.currency, "", mark)
    except Unreadable as error:
        # 0 and -- are how shops write "none".
        if not re.fullmatch(r"[\s0.,-]*", cell):
            doubts.append((field, cell, f"was_price is not shown: {error}"))
        return None
    if was.at_least:
        doubts.append((field, cell, f"was_price is not shown: {values.shown(cell)} is not one amount"))
        return None
    if was.money.amount <= price.money.amount:
        if was.money.amount < price.money.amount:
            doubts.append((field, cell, f"was_price is not shown: {was.money.amount} is not above the price, {price.money.amount}"))
        return None
    if was.doubt:
        doubts.append((field, cell, was.doubt))
    return was.money


def _was_of_cheapest(draft: Draft, price: Money, mark: str) -> str:
    for variant in draft.variants:
        cell = variant.cells.get("price", "")
        try:
            if cell and prices.price(cell, price.currency, "", mark).money.amount == price.amount:
                return variant.cells.get("was_price", "")
        except Unreadable:
            continue
    return ""
