"""Prices in another market's money: by a dated table of rates, rounded the way that market's shops round.

`charm` prices are the ones buyers know from the shelf: ฿299 and ฿1,290, 349.000 ₫, Rp299.000, ¥89.9, $19.99. A price
never moves by more than 5 % for it: where no such price is near enough, it is rounded plainly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path

import yaml
from pydantic import Field, ValidationError, field_validator

from localize import yamls
from localize.domain import Model, Money
from localize.errors import UserError

# A charm price may differ from the exact one by this share at most.
NEAR = Decimal("0.05")

# A rounded was-price may make the saving look bigger by this many hundredths of the price at most.
HONEST = Decimal("0.01")


class Rates(Model):
    """A table of rates and its day. How old is too old is the caller's to say.

    `rates` are units of the currency for one unit of `base`, which itself is 1 and need not be listed.
    """

    date: dt.date
    base: str = Field(pattern=r"^[A-Z]{3}$")
    note: str = ""
    rates: dict[str, Decimal]
    file: str = ""

    @field_validator("rates")
    @classmethod
    def _positive(cls, rates: dict[str, Decimal]) -> dict[str, Decimal]:
        for currency, rate in rates.items():
            if len(currency) != 3 or not currency.isupper():
                raise ValueError(f"{currency!r} is not a currency code of three capitals, such as THB")
            if not rate.is_finite() or rate <= 0:
                raise ValueError(f"the rate of {currency} is {rate}, but must be above 0")
        return rates

    def rate(self, currency: str) -> Decimal:
        """Units of `currency` for one of `base`. Raises UserError if the table has none."""
        if currency == self.base:
            return Decimal(1)
        if currency not in self.rates:
            known = ", ".join(sorted({self.base, *self.rates}))
            raise UserError(
                f"{self.file or 'the rate table'} of {self.date} has no rate for {currency}, only {known}; "
                f'add a line `{currency}: "..."` with the units of {currency} that 1 {self.base} buys.'
            )
        return self.rates[currency]


def load(path: Path | str) -> Rates:
    """The rate table of a YAML file with date, base, note and rates. Raises UserError saying what is wrong in it."""
    path = Path(path)
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except OSError as e:
        raise UserError(f"the rate table {path} cannot be read: {e.strerror}") from e
    except yamls.NOT_YAML as e:
        raise UserError(f"the rate table {path} is not readable YAML: {e}") from e
    if not isinstance(data, dict):
        raise UserError(f"the rate table {path} must have the keys date, base and rates")
    try:
        return Rates.model_validate({"file": path.name, **data})
    except ValidationError as e:
        wrong = "; ".join(f"{'.'.join(map(str, i['loc']))}: {i['msg']} (found {i['input']!r})" for i in e.errors())
        raise UserError(f"the rate table {path} is wrong: {wrong}") from e


def convert(money: Money, to: str, rates: Rates, *, charm: bool) -> Money:
    """The price in another currency; unchanged if it already is in that one. A higher price never comes out lower.

    Raises UserError if the table lacks either currency.
    """
    if money.currency == to:
        return money
    exact = money.amount / rates.rate(money.currency) * rates.rate(to)
    return Money(amount=rounded(exact, to, charm=charm), currency=to)


def convert_pair(price: Money, was: Money | None, to: str, rates: Rates, *, charm: bool) -> tuple[Money, Money | None]:
    """A price and its was-price. The saving stays what it was, give or take one percent of rounding; a was-price
    that rounding would leave no higher than the price is dropped rather than shown."""
    now = convert(price, to, rates, charm=charm)
    if was is None or (price.currency == to and was.currency == to):
        return now, was
    before = was.amount / rates.rate(was.currency)
    after = price.amount / rates.rate(price.currency)
    if before <= after:
        return now, None
    saving = 1 - after / before
    # From the price as it is shown, so that rounding the price cannot add to the saving.
    exact = now.amount * before / after
    for amount in (rounded(exact, to, charm=charm), rounded(exact, to, charm=False)):
        if amount > now.amount and 1 - now.amount / amount <= saving + HONEST:
            return now, Money(amount=amount, currency=to)
    return now, None


# Rounding ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shelf:
    """From `start` on, prices are a multiple of `step` plus one of `tails`."""

    start: Decimal
    step: Decimal
    tails: tuple[Decimal, ...]


@dataclass(frozen=True)
class Rounding:
    """How a market rounds: to `unit` plainly, to its shelves for charm."""

    unit: Decimal
    shelves: tuple[Shelf, ...] = ()


def _rounding(unit: str, *shelves: tuple[int, int, str], scale: int = 1) -> Rounding:
    made = (Shelf(Decimal(a * scale), Decimal(s * scale), tuple(Decimal(t) * scale for t in tails.split())) for a, s, tails in shelves)
    return Rounding(Decimal(unit), tuple(made))


# In hundreds a 9 at the end, from a thousand on a 90, from ten thousand on a 900.
_BAHT = ((0, 10, "5 9"), (100, 10, "9"), (1000, 100, "90"), (10_000, 1000, "900"), (100_000, 10_000, "9000"))
_YUAN = ((0, 1, "0.5 0.9"), (10, 1, "0.9"), (100, 10, "9"), (1000, 100, "99"), (10_000, 1000, "999"))
_DOLLAR = ((0, 1, "0.49 0.99"), (10, 1, "0.99"), (100, 10, "9"), (1000, 100, "99"), (10_000, 1000, "999"))

ROUNDING: dict[str, Rounding] = {
    "THB": _rounding("1", *_BAHT),
    "PHP": _rounding("1", *_BAHT),
    "TWD": _rounding("1", *_BAHT),
    "VND": _rounding("1000", *_BAHT, scale=1000),
    # Below a hundred thousand rupiah shops go by 900 (Rp19.900), above by thousands (Rp299.000).
    "IDR": _rounding(
        "100", (0, 1000, "500 900"), (10_000, 1000, "900"), (100_000, 10_000, "9000"), (1_000_000, 100_000, "90000"),
        (10_000_000, 1_000_000, "900000"),
    ),
    "KRW": _rounding("100", (0, 1000, "500 900"), (10_000, 1000, "900"), (100_000, 10_000, "9000"), (1_000_000, 100_000, "90000")),
    "JPY": _rounding("1", (100, 10, "8"), (1000, 100, "80"), (10_000, 1000, "800"), (100_000, 10_000, "8000")),
    "CNY": _rounding("0.1", *_YUAN),
    "HKD": _rounding("0.1", *_YUAN),
    "INR": _rounding("1", (0, 10, "5 9"), (100, 10, "9"), (1000, 100, "99"), (10_000, 1000, "999")),
    **{currency: _rounding("0.01", *_DOLLAR) for currency in ("USD", "EUR", "GBP", "SGD", "MYR", "AUD", "CAD", "CHF")},
}  # fmt: skip

PLAIN = Rounding(Decimal("0.01"))


def rounded(amount: Decimal, currency: str, *, charm: bool) -> Decimal:
    """The nearest price a shop of that market would write. Never 0 for an amount above 0."""
    rounding = ROUNDING.get(currency, PLAIN)
    plain = max((amount / rounding.unit).quantize(Decimal(1), ROUND_HALF_UP), Decimal(amount > 0)) * rounding.unit
    if charm and amount > 0:
        near = min(_charming(plain, rounding.shelves), key=lambda p: (abs(p - plain), p), default=plain)
        # Every amount that comes to this price goes the same way, or a price that was rounded once would be rounded on.
        if abs(near - plain) + rounding.unit / 2 <= NEAR * (plain - rounding.unit / 2):
            plain = near
    whole = plain == plain.to_integral_value()
    return plain.quantize(Decimal(1)) if whole else plain.quantize(Decimal("0.01"))


def _charming(amount: Decimal, shelves: tuple[Shelf, ...]) -> Iterator[Decimal]:
    """The charm prices around an amount: the nearest of each shelf, on that shelf."""
    for shelf, following in pairwise([*shelves, None]):
        assert shelf is not None
        end = following.start if following else Decimal("Infinity")
        place = min(max(amount, shelf.start), end - shelf.step if following else amount)
        around = place // shelf.step
        for n in (around - 1, around, around + 1):
            yield from (p for tail in shelf.tails if shelf.start <= (p := n * shelf.step + tail) < end and p > 0)
