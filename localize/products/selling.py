"""Which of a row's prices holds today: a sale that is on, a discount that the shop takes off, what a variant costs more."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from localize.products.amounts import UNKNOWN, market_of
from localize.products.headers import data
from localize.products.unpacked import day, zero
from localize.products.values import Formatted, codes

# What a variant without a price of its own takes from its product.
INHERITED = ("price", "was_price", "sale_price", "sale_start", "sale_end", "on_sale", "discount_mode", "discount_value", "currency")


def settle(cells: dict[str, str], currency: str, switched: bool) -> str:
    """Leave only the price that holds in a row's cells, and the one before it. `switched` is whether the table says of each
    row if its sale is on. Returns what was found and could not be used: "over" for a sale of another time, "off" for one that
    is not on, "unclear" for a discount or surcharge that is no number; "" for nothing."""
    sale, start, end, on = (cells.pop(f, "") for f in ("sale_price", "sale_start", "sale_end", "on_sale"))
    mode, less, more = (cells.pop(f, "") for f in ("discount_mode", "discount_value", "surcharge"))
    if (less or more) and not (zero(less) and zero(more)):
        return _counted(cells, mode, less, more, cells.get("currency") or currency)
    if not sale or zero(sale):
        return ""
    if switched and not _yes(on):
        return "off"
    if (start or end) and not _holds(day(start), day(end)):
        return "over"
    if sale != cells.get("price"):  # a shop's API gives the sale's price as the price, too, beside the regular one
        cells["was_price"], cells["price"] = cells.get("price", cells.get("was_price", "")), sale
    return ""


def _holds(since: date | None, until: date | None) -> bool:
    today = date.today()
    return not ((until and until < today) or (since and since > today))


def _counted(cells: dict[str, str], mode: str, less: str, more: str, currency: str) -> str:
    full, off, extra = (Decimal(0) if zero(c) else _number(c) for c in (cells.get("price", ""), less, more))
    kind = mode.strip().casefold()
    if not full or off is None or extra is None or (off and kind not in ("percent", "amount")):
        return "unclear"
    full += extra
    paid = full - off if kind == "amount" else full * (100 - off) / 100
    if paid <= 0:
        return "unclear"
    places = market_of(currency if currency in codes() else UNKNOWN).places
    sign = price.sign if isinstance(price := cells.get("price", ""), Formatted) else ""
    cells["price"] = Formatted.of(_shown(paid if off else full, places), sign) if sign else _shown(paid if off else full, places)
    if off:
        cells["was_price"] = _shown(full, places)
    return ""


def _yes(cell: str) -> bool:
    return cell.strip().casefold() in data()["status"]["shown"]


def _number(cell: str) -> Decimal | None:
    return Decimal(cell.strip()) if re.fullmatch(r"\s*-?\d{1,12}(?:\.\d{1,6})?\s*", cell, re.ASCII) else None


def _shown(amount: Decimal, places: int) -> str:
    rounded = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return str(rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded)
