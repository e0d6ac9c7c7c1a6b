"""What prices, SKUs, currencies and lists are read as."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localize.products import values
from localize.products.values import Number, Unreadable


@pytest.mark.parametrize(
    ("text", "own", "default", "amount", "currency"),
    [
        ("1290", "THB", "", "1290", "THB"),
        ("1,290.00", "THB", "", "1290.00", "THB"),
        ("฿1,290", "", "", "1290", "THB"),
        ("1,290 บาท", "", "VND", "1290", "THB"),
        ("๑,๒๙๐", "THB", "", "1290", "THB"),
        ("Rp299.000", "", "", "299000", "IDR"),
        ("Rp. 299.000,-", "", "", "299000", "IDR"),
        ("Rp 4.850.000,00", "", "", "4850000", "IDR"),
        ("175.000", "", "IDR", "175000", "IDR"),
        ("350.000 ₫", "", "", "350000", "VND"),
        ("350,000đ", "", "", "350000", "VND"),
        ("21.990.000", "VND", "", "21990000", "VND"),
        ("￥89.10", "", "CNY", "89.10", "CNY"),
        ("￥89.10", "", "", "89.10", "CNY"),
        ("１９９元", "", "CNY", "199", "CNY"),
        ("USD 12.5", "", "", "12.5", "USD"),
        ("$12", "", "SGD", "12", "SGD"),
        ("1.299,00", "EUR", "", "1299.00", "EUR"),
        ("16 423,34 руб.", "", "", "16423.34", "RUB"),
        ("1,00,000", "INR", "", "100000", "INR"),
        ("1'290.50", "CHF", "", "1290.50", "CHF"),
        ("1.250", "KWD", "", "1.250", "KWD"),
        ("12,34", "THB", "", "12.34", "THB"),
        (".99", "USD", "", "0.99", "USD"),
        (Number("1.29"), "THB", "", "1.29", "THB"),
    ],
)
def test_prices_in_each_market_s_own_writing(text: str, own: str, default: str, amount: str, currency: str) -> None:
    money, doubt = values.money(text, own, default)
    assert (money.amount, money.currency) == (Decimal(amount), currency)
    assert doubt == ""


@pytest.mark.parametrize(
    ("text", "currency", "amount", "doubt"),
    [
        ("1.290", "THB", "1290", "'1.290' may be 1290 or 1.29 THB; it was read as 1290: write it in one of these ways"),
        ("1,299", "EUR", "1299", "'1,299' may be 1299 or 1.30 EUR; it was read as 1299: write it in one of these ways"),
        (Number("175"), "IDR", "175", "175 IDR is very little money: if 175.000 is meant, write 175000"),
        ("12.3456", "USD", "12.35", "'12.3456' has more decimals than USD: read as 12.35"),
        (Number("1.299"), "THB", "1.30", "'1.299' has more decimals than THB: read as 1.30"),
    ],
)
def test_doubtful_prices_name_both_readings(text: str, currency: str, amount: str, doubt: str) -> None:
    money, said = values.money(text, currency)
    assert money.amount == Decimal(amount)
    assert said == doubt


@pytest.mark.parametrize(
    ("text", "own", "default", "reason"),
    [
        ("", "THB", "", "is empty"),
        ("--", "THB", "", "is not a number"),
        ("free", "THB", "", "is not a number"),
        ("THB", "THB", "", "is not a number"),
        ("-1.00", "THB", "", "is negative"),
        ("฿-5", "", "", "is negative"),
        ("(5.00)", "THB", "", "is negative"),
        ("0.00", "THB", "", "is zero"),
        ("199-299", "THB", "", "is a range"),
        ("฿199 ~ ฿299", "", "", "is a range"),
        ("¥199起", "CNY", "", "'from' price"),
        ("299k", "IDR", "", "write the number in full"),
        ("1,5jt", "IDR", "", "write the number in full"),
        ("2万", "CNY", "", "write the number in full"),
        ("1.99E+05", "VND", "", "a spreadsheet has shortened"),
        ("8850123456789", "THB", "", "a barcode"),
        ("350,5", "VND", "", "VND has none"),
        ("1,2,3", "THB", "", "in places where thousands have none"),
        ("1.290.00", "THB", "", "in places where thousands have none"),
        ("$10", "THB", "", "but the row's currency is THB"),
        ("฿10 USD", "", "", "names two currencies"),
        ("$10", "", "THB", "may be in USD, SGD, AUD or"),
        ("￥199", "", "", "may be in CNY or JPY"),
        ("199", "", "", "no currency is given"),
    ],
)
def test_what_is_no_price_says_why(text: str, own: str, default: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason.replace("'", ".").replace("(", r"\(")):
        values.money(text, own, default)


@given(st.text(max_size=30), st.sampled_from(["", "THB", "VND", "IDR", "CNY", "EUR", "KWD"]), st.booleans())
def test_any_text_is_a_price_above_zero_or_unreadable(text: str, own: str, number: bool) -> None:
    try:
        money, _ = values.money(Number(text) if number else text, own, "USD")
    except Unreadable:
        return
    assert 0 < money.amount < 10**12
    assert money.currency in values.codes()


@given(st.integers(1000, 10**11), st.sampled_from([("THB", ","), ("VND", "."), ("IDR", "."), ("CNY", ","), ("USD", ",")]))
def test_grouped_whole_amounts_are_read_exactly(amount: int, market: tuple[str, str]) -> None:
    currency, mark = market
    money, doubt = values.money(f"{amount:,}".replace(",", mark), currency)
    assert money.amount == amount
    assert not doubt


@given(st.decimals("0.01", "999999999.99", places=2), st.sampled_from(["THB", "CNY", "USD"]))
def test_amounts_with_cents_are_read_exactly(amount: Decimal, currency: str) -> None:
    assert values.money(f"{amount:,}", currency)[0].amount == amount
    assert values.money(Number(amount), currency)[0].amount == amount


@pytest.mark.parametrize(("text", "code"), [("thb", "THB"), (" VND ", "VND"), ("฿", "THB"), ("Rp", "IDR"), ("RMB", "CNY")])
def test_currencies(text: str, code: str) -> None:
    assert values.currency(text) == code


@pytest.mark.parametrize(
    ("text", "hint"), [("TBH", "did you mean THB"), ("VDN", "did you mean VND"), ("$", "may be USD, SGD, AUD or"), ("money", "such as THB")]
)
def test_unknown_currencies(text: str, hint: str) -> None:
    with pytest.raises(Unreadable, match=hint):
        values.currency(text)


@pytest.mark.parametrize("text", ["MUG-01", "00123", "เสื้อ 01", "A&B (red)", "a..b", "ก" * 60])
def test_skus(text: str) -> None:
    assert values.sku(f" {text}\n") == text


@pytest.mark.parametrize("text", ["", "  ", "../a", "a/b", "a\\b", ".hidden", "..", "a\x00b", "a\nb", "a\u200bb", "x" * 81, "ก" * 80])
def test_skus_that_could_not_name_a_file(text: str) -> None:
    with pytest.raises(Unreadable):
        values.sku(text)


def test_lists_are_split_at_bars_lines_and_full_width_semicolons_and_lose_their_bullets() -> None:
    assert values.items("• Keeps hot; 12 h | -5 °C proof\n- Light；防水｜ ") == ("Keeps hot; 12 h", "-5 °C proof", "Light", "防水")
    assert values.items("") == ()


@pytest.mark.parametrize(
    ("value", "text"), [(199.0, "199"), (89.1, "89.1"), (0.1 + 0.2, "0.3"), (Decimal("199.00"), "199"), (Decimal("89.10"), "89.10")]
)
def test_numbers_keep_the_digits_a_spreadsheet_shows(value: object, text: str) -> None:
    assert values.text(value) == text
    assert isinstance(values.text(value), Number)


def test_other_cells_become_text() -> None:
    assert values.text(None) == values.text(float("nan")) == ""
    assert values.text(["a", 1, None]) == "a\n1\n"
    assert values.text(True) == "true"
    assert values.text("\ud800x\0") == "?x"
    assert values.text(Decimal("1e999999")) == "1E+999999"
