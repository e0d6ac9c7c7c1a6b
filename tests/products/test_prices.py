"""What a price cell is read as, in each market's own writing; what is doubted, and what is refused with which reason."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from localize.products import prices, values
from localize.products.prices import UNKNOWN, Price
from localize.products.values import NoCurrency, Number, Unreadable


@pytest.mark.parametrize(
    ("text", "own", "default", "amount", "currency"),
    [
        ("1290", "THB", "", "1290", "THB"),
        ("1,290.00", "THB", "", "1290.00", "THB"),
        ("฿1,290", "", "", "1290", "THB"),
        ("1,290 บาท", "", "VND", "1290", "THB"),
        ("1,290.-", "THB", "", "1290", "THB"),
        ("฿1,290/ชิ้น", "", "", "1290", "THB"),
        ("๑,๒๙๐", "THB", "", "1290", "THB"),
        ("Rp299.000", "", "", "299000", "IDR"),
        ("Rp. 299.000,-", "", "", "299000", "IDR"),
        ("Rp 4.850.000,00", "", "", "4850000", "IDR"),
        ("IDR 175.000", "", "", "175000", "IDR"),
        ("175.000", "", "IDR", "175000", "IDR"),
        ("350.000 ₫", "", "", "350000", "VND"),
        ("350,000đ", "", "", "350000", "VND"),
        ("giá chỉ 350.000 VNĐ", "", "", "350000", "VND"),
        ("21.990.000", "VND", "", "21990000", "VND"),
        ("&#8363;21.990.000", "", "", "21990000", "VND"),
        ("<span>21.990.000</span>&nbsp;₫", "", "", "21990000", "VND"),
        ("350k", "VND", "", "350000", "VND"),
        ("75rb", "", "IDR", "75000", "IDR"),
        ("1tr290", "", "VND", "1290000", "VND"),
        ("1 triệu 290 nghìn", "", "VND", "1290000", "VND"),
        ("1万5千", "", "CNY", "15000", "CNY"),
        ("￥89.10", "", "CNY", "89.10", "CNY"),
        ("￥89.10", "", "", "89.10", "CNY"),
        ("１９９元", "", "CNY", "199", "CNY"),
        ("199元/件", "", "CNY", "199", "CNY"),
        ("¥1,280", "", "JPY", "1280", "JPY"),
        ("₩12,000", "", "", "12000", "KRW"),
        ("NT$1,280", "", "", "1280", "TWD"),
        ("HK$ 99.90", "", "", "99.90", "HKD"),
        ("S$12.90", "", "", "12.90", "SGD"),
        ("RM 12.90", "", "", "12.90", "MYR"),
        ("₱1,299.00", "", "", "1299.00", "PHP"),
        ("₭120,000", "", "", "120000", "LAK"),
        ("120.000 ກີບ", "", "", "120000", "LAK"),
        ("៛4,000", "", "", "4000", "KHR"),
        ("15,000 Ks", "", "", "15000", "MMK"),
        ("USD 12.5", "", "", "12.5", "USD"),
        ("US$1,299.00", "", "", "1299.00", "USD"),
        ("US $12", "", "", "12", "USD"),
        ("$12", "", "SGD", "12", "SGD"),
        ("$12 USD", "", "", "12", "USD"),
        ("1.299,00", "EUR", "", "1299.00", "EUR"),
        ("1.299,00 €", "", "", "1299.00", "EUR"),
        ("1 299 kr", "SEK", "", "1299", "SEK"),
        ("kr 1 299,50", "", "DKK", "1299.50", "DKK"),
        ("199:-", "SEK", "", "199", "SEK"),
        ("1.770,00 din.", "", "RSD", "1770.00", "RSD"),
        ("16 423,34 руб.", "", "", "16423.34", "RUB"),
        ("₹1,29,900", "", "", "129900", "INR"),
        ("1'290.50", "CHF", "", "1290.50", "CHF"),
        ("1.250", "KWD", "", "1.250", "KWD"),
        ("12,34", "THB", "", "12.34", "THB"),
        ("45.0000", "USD", "", "45.00", "USD"),
        (".99", "USD", "", "0.99", "USD"),
        ('="1290"', "THB", "", "1290", "THB"),
        ("'1290", "THB", "", "1290", "THB"),
        (Number("1.29"), "THB", "", "1.29", "THB"),
        ("12.50", "", UNKNOWN, "12.50", UNKNOWN),
        ("฿12.50", UNKNOWN, "", "12.50", "THB"),
    ],
)
def test_prices_in_each_market_s_own_writing(text: str, own: str, default: str, amount: str, currency: str) -> None:
    read = prices.price(text, own, default)
    assert (str(read.money.amount), read.money.currency) == (amount, currency)
    assert (read.to, read.at_least, read.doubt) == (None, False, "")


@pytest.mark.parametrize(
    ("text", "default", "low", "high"),
    [
        ("¥199起", "CNY", "199", None),
        ("199元起", "CNY", "199", None),
        ("from $5", "USD", "5", None),
        ("เริ่มต้น 199 บาท", "", "199", None),
        ("mulai Rp50.000", "", "50000", None),
        ("từ 199.000đ", "", "199000", None),
        ("199+", "THB", "199", None),
        ("¥99-199", "CNY", "99", "199"),
        ("99~199元", "CNY", "99", "199"),
        ("฿199 - ฿299", "", "199", "299"),
        ("Rp50.000 s/d Rp75.000", "", "50000", "75000"),
        ("350k-500k", "VND", "350000", "500000"),
        ("350-500k", "VND", "350000", "500000"),
        ("1tr290 – 1tr500", "VND", "1290000", "1500000"),
    ],
)
def test_ranges_and_from_prices_keep_the_lowest_and_the_highest(text: str, default: str, low: str, high: str | None) -> None:
    read = prices.price(text, "", default)
    assert str(read.money.amount) == low
    assert (read.to and str(read.to.amount)) == high
    assert read.at_least
    assert not read.doubt


def test_a_range_from_a_price_to_itself_is_that_price() -> None:
    assert prices.price("199-199", "THB") == Price(prices.price("199", "THB").money)


@pytest.mark.parametrize(
    ("text", "currency", "amount", "doubt"),
    [
        ("1.290", "THB", "1290", "'1.290' may be 1290 or 1.29 THB; it was read as 1290: write it in one of these ways"),
        ("1,299", "EUR", "1299", "'1,299' may be 1299 or 1.30 EUR; it was read as 1299: write it in one of these ways"),
        ("1,299", UNKNOWN, "1299", "'1,299' may be 1299 or 1.30; it was read as 1299: write it in one of these ways"),
        ("1,250", "KWD", "1250", "may be 1250 or 1.250 KWD"),
        (Number("175"), "IDR", "175", "175 IDR is very little money: if 175.000 is meant, write 175000"),
        ("15490000", "USD", "15490000", "very much money: is it a code in the wrong column, or in another currency?"),
        ("12.3456", "USD", "12.35", "'12.3456' has more decimals than USD: read as 12.35"),
        (Number("1.299"), "THB", "1.30", "'1.299' has more decimals than THB: read as 1.30"),
        ("12,0000", "USD", "12.00", "was read as 12.00 USD"),
        ("1.299,000", "EUR", "1299.00", "was read as 1299.00 EUR"),
        ("199 299", "CNY", "199299", "if it is two prices, write one"),
        ("1.5万", "CNY", "15000", "write it in full if that is rounded"),
        ("1,5jt", "IDR", "1500000", "write it in full if that is rounded"),
        ("1tr5", "VND", "1500000", "write it in full if that is rounded"),
        ("券后¥199", "CNY", "199", "for some buyers only"),
        ("¥1-199", "CNY", "1", "the range '¥1-199' is very wide"),
    ],
)
def test_doubtful_prices_say_what_they_were_read_as(text: str, currency: str, amount: str, doubt: str) -> None:
    read = prices.price(text, currency)
    assert str(read.money.amount) == amount
    assert doubt in read.doubt


@pytest.mark.parametrize(
    ("text", "currency", "mark", "amount", "doubted"),
    [
        ("1.290", "THB", ",", "1290", False),
        ("1,290", "EUR", ".", "1290", False),
        ("1,290", UNKNOWN, ".", "1290", False),
        ("1.290", "THB", ".", "1.29", True),  # three decimals stay odd
        ("1,250", "KWD", ",", "1.250", False),
        ("12,34", "THB", ".", "12.34", True),
        ("12.34", "THB", ",", "12.34", True),
        (Number("12.34"), "THB", ",", "12.34", False),
        ("1,290.50", "THB", ",", "1290.50", False),  # can be read in one way only
    ],
)
def test_a_column_s_decimal_mark_decides_what_one_cell_leaves_open(text: str, currency: str, mark: str, amount: str, doubted: bool) -> None:
    read = prices.price(text, currency, "", mark)
    assert str(read.money.amount) == amount
    assert bool(read.doubt) is doubted


@pytest.mark.parametrize(
    ("text", "own", "default", "reason"),
    [
        ("", "THB", "", "is empty"),
        ("--", "THB", "", "is missing: '--' stands in its place"),
        ("N/A", "THB", "", "is missing"),
        ("free", "THB", "", "a clip needs a price above zero"),
        ("免费", "CNY", "", "a clip needs a price above zero"),
        ("价格面议", "CNY", "", "a clip needs the price itself"),
        ("Call us!", "THB", "", "a clip needs the price itself"),
        ("THB", "THB", "", "is not a number"),
        ("nice", "THB", "", "is not a number"),
        ("199 nice", "THB", "", "because of 'nice'"),
        ("199 all", "", "", "because of 'all'"),
        ("50% off", "THB", "", "because of '% off'"),
        ("-1.00", "THB", "", "is negative"),
        ("฿-5", "", "", "is negative"),
        ("(5.00)", "THB", "", "is negative"),
        ("0.00", "THB", "", "is zero"),
        ("+5.00", "THB", "", "is a surcharge"),
        ("199-", "THB", "", "half of a range"),
        ("~199", "THB", "", "half of a range, or about right"),
        ("299-199", "THB", "", "whose first price is the higher one"),
        ("¥199 ¥299", "CNY", "", "holds several figures"),
        ("Rp100.000 Rp150.000", "", "", "holds several figures"),
        ("199/299", "THB", "", "holds several figures"),
        ("1290/1590", "VND", "", "holds several figures"),
        ("1290,1590", "VND", "", "holds several figures"),
        ("1290,1500", "JPY", "", "holds several figures"),
        ("1290,1590", "THB", "", "holds several figures"),
        ("12990,15990", "THB", "", "holds several figures"),
        ("4\n299", "THB", "", "holds several figures"),
        ("2024-05-01", "THB", "", "holds several figures"),
        ("10:30", "THB", "", "holds several figures"),
        ("0123", "THB", "", "starts with 0"),
        ("1.290k", "VND", "", "write the number in full"),
        ("500k", "MMK", "", "may count thousands"),
        ("1.99E+05", "VND", "", "a spreadsheet has shortened"),
        ("19⁹⁹", "USD", "", "small or circled figures"),
        ("8850123456789", "THB", "", "a barcode"),
        ("350,5", "VND", "", "VND has none"),
        ("1,2,3", "THB", "", "in places where thousands have none"),
        ("1,29,900", "THB", "", "in places where thousands have none"),
        ("1.290.00", "THB", "", "in places where thousands have none"),
        ("12 99", "USD", "", "in places where thousands have none"),
        ("$10", "THB", "", "but the row's currency is THB"),
        ("฿10 USD", "", "", "names two currencies"),
        ("$10", "", "THB", "may be in USD, SGD, AUD or"),
        ("￥199", "", "", "may be in CNY or JPY"),
    ],
)
def test_what_is_no_price_says_why(text: str, own: str, default: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=re.escape(reason)):
        prices.price(text, own, default)


def test_a_price_without_any_currency_is_told_apart() -> None:
    with pytest.raises(NoCurrency, match="add a column 'currency'"):
        prices.price("199")


def test_a_reason_is_told_again_for_the_next_cell_like_it() -> None:
    for _ in range(2):
        with pytest.raises(Unreadable, match="is missing"):
            prices.price("--", "THB")


# --- no price is silently wrong ------------------------------------------------------------------------------------

SIGNS = {
    "THB": "฿", "VND": "₫", "IDR": "Rp", "CNY": "¥", "USD": "$", "SGD": "S$", "MYR": "RM", "PHP": "₱", "TWD": "NT$", "HKD": "HK$",
    "KRW": "₩", "JPY": "¥", "LAK": "₭", "KHR": "៛", "MMK": "Ks", "EUR": "€", "SEK": "kr", "DKK": "kr", "RSD": "din.", "INR": "₹",
}  # fmt: skip
GROUPS = ["", ",", ".", " ", "\u00a0", "\u202f", "'", "’"]
THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
WIDE = str.maketrans("0123456789.,", "０１２３４５６７８９．，")


def written(amount: Decimal, group: str, decimal: str) -> str:
    return f"{amount:,}".translate({ord(","): group, ord("."): decimal})


@st.composite
def written_prices(draw: st.DrawFn) -> tuple[str, str, Decimal]:
    """A price cell, its currency, and the amount that is meant."""
    currency = draw(st.sampled_from(sorted(SIGNS)))
    whole = Decimal(draw(st.integers(1, 999) | st.integers(1000, 999_999) | st.integers(10**6, 10**10)))
    cents = currency not in ("VND", "IDR", "KRW", "JPY", "LAK", "KHR", "MMK")
    amount = whole + Decimal(draw(st.integers(0, 99))) / 100 if cents and draw(st.booleans()) else whole
    group = draw(st.sampled_from(GROUPS))
    decimal = draw(st.sampled_from([m for m in ",." if m != group]))
    figure = written(amount if amount % 1 else amount.to_integral_value(), group, decimal)
    if not amount % 1:
        figure += draw(st.sampled_from(["", decimal + "00", ",-", ".-"]))
    figure = figure.translate(draw(st.sampled_from([{}, THAI, WIDE])))
    sign = draw(st.sampled_from(["", SIGNS[currency], currency, currency.lower()]))
    gap = draw(st.sampled_from(["", " ", "\u00a0"]))
    return (sign + gap + figure if draw(st.booleans()) else figure + gap + sign), currency, amount


@given(written_prices(), st.booleans(), st.sampled_from(["", ".", ","]))
@settings(max_examples=800, deadline=None)
@example(("1.290", "THB", Decimal("1290")), True, ".")
def test_a_price_reads_back_to_itself_or_is_doubted_or_refused(cell: tuple[str, str, Decimal], own: bool, mark: str) -> None:
    text, currency, amount = cell
    try:
        read = prices.price(text, currency if own else "", currency, mark)
    except Unreadable:
        return
    assert read.money.currency == currency
    assert read.money.amount == amount or read.doubt
    assert (read.to, read.at_least) == (None, False)


@given(written_prices())
@settings(max_examples=200, deadline=None)
def test_most_of_what_sellers_write_is_read(cell: tuple[str, str, Decimal]) -> None:
    text, currency, amount = cell
    if amount >= 10**7:
        return
    assert prices.price(text, "", currency).money.amount == amount or prices.price(text, "", currency).doubt


@given(st.integers(1000, 9_999_999), st.sampled_from([("THB", ","), ("VND", "."), ("IDR", "."), ("CNY", ","), ("EUR", "."), ("SEK", " ")]))
def test_whole_amounts_in_the_market_s_own_writing_are_not_doubted(amount: int, market: tuple[str, str]) -> None:
    currency, mark = market
    read = prices.price(f"{amount:,}".replace(",", mark), currency)
    assert read.money.amount == amount
    assert not read.doubt or (mark == " " and "two prices" in read.doubt)  # 199 299


@given(st.text(max_size=30) | st.from_regex(r"[฿¥$Rpkđ元 ]{0,3}[0-9.,' -]{1,12}[kjtr万起~+ -]{0,4}[0-9]{0,4}", fullmatch=True))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_price_above_zero_or_unreadable(text: str) -> None:
    for cell in (text, Number(text)):
        try:
            read = prices.price(cell, "", "THB")
        except Unreadable:
            continue
        assert 0 < read.money.amount < 10**12
        assert read.money.currency in values.codes()
        assert read.to is None or read.to.amount > read.money.amount


# --- columns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1.290", "12,50"], ","),
        (["1.290", "1.290.000"], ","),
        (["1,290", "1290.50", "N/A"], "."),
        (["1,299.00", "5"], "."),
        (["16 423,34 руб."], ","),
        (["1.290", "350.000"], ""),
        (["12,50", "12.50"], ""),
        ([Number("12.5"), "19⁹⁹", ""], ""),
    ],
)
def test_a_column_tells_its_decimal_mark_by_the_cells_that_are_plain(cells: list[str], mark: str) -> None:
    assert prices.decimal_mark(cells) == mark


@pytest.mark.parametrize(
    ("cells", "currency"),
    [
        (["฿12", "15", ""], "THB"),
        (["¥199", "￥89.10"], "CNY"),
        (["¥199", "299元"], "CNY"),
        (["$12", "USD 15"], "USD"),
        (["$12", "$15"], ""),
        (["฿12", "₫12"], ""),
        (["12", "call us"], ""),
    ],
)
def test_a_column_s_signs_tell_its_currency_if_they_agree(cells: list[str], currency: str) -> None:
    assert prices.signs(cells) == currency
