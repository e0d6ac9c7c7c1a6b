"""Money: conversion by a dated table, and prices rounded the way each market's shops write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localize.assets import ASSETS
from localize.domain import Money
from localize.errors import UserError
from localize.money import NEAR, ROUNDING, Rates, convert, convert_pair, load, rounded

DEMO = load(ASSETS / "rates" / "demo.yaml")
MARKETS = st.sampled_from(sorted(ROUNDING))
AMOUNTS = st.decimals(min_value="0.01", max_value="100000000", places=2)


def money(amount: str, currency: str) -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def test_the_demo_table_is_dated_and_covers_the_markets() -> None:
    assert DEMO.date == dt.date(2026, 11, 20)
    assert DEMO.base == "USD"
    assert {"CNY", "THB", "VND", "IDR", "EUR"} <= set(DEMO.rates)
    assert DEMO.note


def test_conversion_goes_through_the_base_and_is_exact() -> None:
    rates = Rates(date=dt.date(2026, 1, 2), base="USD", rates={"CNY": Decimal("7"), "THB": Decimal("35")})
    assert convert(money("100", "CNY"), "THB", rates, charm=False) == money("500", "THB")
    assert convert(money("100", "THB"), "USD", rates, charm=False) == money("2.86", "USD")
    assert convert(money("0.10", "USD"), "CNY", rates, charm=False) == money("0.7", "CNY")


def test_the_same_currency_is_never_touched() -> None:
    assert convert(money("301.37", "THB"), "THB", DEMO, charm=True) == money("301.37", "THB")


@pytest.mark.parametrize(
    ("amount", "currency", "charm", "plain"),
    [
        ("301.20", "THB", "299", "301"),
        ("1287", "THB", "1290", "1287"),
        ("1001", "THB", "999", "1001"),
        ("12850", "THB", "12900", "12850"),
        ("22", "THB", "22", "22"),  # no 19 or 25 within 5 %
        ("347200", "VND", "349000", "347000"),
        ("1310000", "VND", "1290000", "1310000"),
        ("298123", "IDR", "299000", "298100"),
        ("20100", "IDR", "19900", "20100"),
        ("1312000", "IDR", "1290000", "1312000"),
        ("201.3", "CNY", "199", "201.3"),
        ("89.55", "CNY", "89.9", "89.6"),
        ("1322", "CNY", "1299", "1322"),
        ("20.03", "USD", "19.99", "20.03"),
        ("151", "USD", "149", "151"),
        ("2980", "JPY", "2980", "2980"),
        ("29950", "KRW", "29900", "30000"),
        ("12.345", "CZK", "12.35", "12.35"),  # no custom known: the currency's decimals
    ],
)
def test_prices_are_rounded_as_shops_do(amount: str, currency: str, charm: str, plain: str) -> None:
    assert rounded(Decimal(amount), currency, charm=True) == Decimal(charm)
    assert rounded(Decimal(amount), currency, charm=False) == Decimal(plain)


@given(amount=AMOUNTS, currency=MARKETS)
def test_charm_moves_a_price_by_at_most_five_percent_and_never_to_nothing(amount: Decimal, currency: str) -> None:
    charm = rounded(amount, currency, charm=True)
    assert charm > 0
    assert abs(charm - amount) <= max(NEAR * amount, ROUNDING[currency].unit)


@given(amounts=st.tuples(AMOUNTS, AMOUNTS), currency=MARKETS, charm=st.booleans())
def test_a_dearer_thing_never_comes_out_cheaper(amounts: tuple[Decimal, Decimal], currency: str, charm: bool) -> None:
    low, high = sorted(amounts)
    assert rounded(low, currency, charm=charm) <= rounded(high, currency, charm=charm)


@example(amount=Decimal("4.11"), currency="CNY")  # 4.1 is within 5 % of 3.9, 4.11 is not
@given(amount=AMOUNTS, currency=MARKETS)
def test_a_charm_price_stays_as_it_is(amount: Decimal, currency: str) -> None:
    once = rounded(amount, currency, charm=True)
    assert rounded(once, currency, charm=True) == once


@given(price=AMOUNTS, more=st.decimals(min_value="0.01", max_value="5", places=2), to=MARKETS, charm=st.booleans())
def test_a_was_price_stays_above_and_the_saving_is_not_blown_up(price: Decimal, more: Decimal, to: str, charm: bool) -> None:
    was = (price * (1 + more)).quantize(Decimal("0.01"))
    rates = DEMO if to in {DEMO.base, *DEMO.rates} else DEMO.model_copy(update={"rates": {**DEMO.rates, to: Decimal("1.4")}})
    now, before = convert_pair(Money(amount=price, currency="CNY"), Money(amount=was, currency="CNY"), to, rates, charm=charm)
    if before is not None and to != "CNY":
        assert before.amount > now.amount
        assert 1 - now.amount / before.amount <= 1 - price / was + Decimal("0.01")


def test_a_price_with_its_was_price() -> None:
    assert convert_pair(money("65", "CNY"), money("99", "CNY"), "THB", DEMO, charm=True) == (money("299", "THB"), money("459", "THB"))
    assert convert_pair(money("65", "CNY"), None, "THB", DEMO, charm=True) == (money("299", "THB"), None)
    # Not cheaper than before: there is no saving to show.
    assert convert_pair(money("65", "CNY"), money("60", "CNY"), "THB", DEMO, charm=True)[1] is None


def test_an_unknown_currency_says_what_to_add() -> None:
    with pytest.raises(UserError, match=r"demo\.yaml of 2026-11-20 has no rate for MMK, only .*THB.*add a line `MMK:"):
        convert(money("1", "USD"), "MMK", DEMO, charm=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("date: 2026-01-01\nbase: USD\nrates: {THB: '-3'}", "the rate of THB is -3"),
        ("date: 2026-01-01\nbase: USD\nrates: {baht: '3'}", "'baht' is not a currency code"),
        ("date: 2026-01-01\nbase: USD\nrates: {THB: lots}", "rates.THB"),
        ("base: USD\nrates: {THB: '3'}", "date: Field required"),
        ("date: 2026-01-01\nbase: USD\nrates: {THB: '3'}\nbsae: EUR", "bsae"),
        ("- 1", "must have the keys date, base and rates"),
        ("date: [", "not readable YAML"),
        ("date: 2026-02-30", "not readable YAML"),
    ],
)
def test_a_wrong_table_is_named_with_its_fault(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "rates.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(UserError, match=r"rates\.yaml") as caught:
        load(file)
    assert says in str(caught.value)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml cannot be read"):
        load(tmp_path / "nowhere.yaml")
