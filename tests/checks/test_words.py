"""What a script says is in the row: its prices, its numbers, its alphabet. Anything else stops the clip."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import pytest

from localize import languages
from localize.checks import words
from localize.domain import Finding, Money, Product, Script, Text
from localize.script import Brief
from localize.script.templates import TemplateWriter

LANGUAGES = ("th", "vi", "id", "zh", "en")
MARKET = {
    "th": ("THB", "1290", "1690"),
    "vi": ("VND", "350000", "450000"),
    "id": ("IDR", "299000", "399000"),
    "zh": ("CNY", "199", "259"),
    "en": ("USD", "18.90", "24.90"),
}
TEXTS = {
    "th": Text(title="หูฟังไร้สาย Lumora", features=("ฟังได้นาน 30 ชม.", "บลูทูธ 5.3", "เบาแค่ข้างละ 4 กรัม"), brand="Lumora"),
    "vi": Text(title="Tai nghe không dây Lumora", features=("Nghe tới 30 giờ", "Bluetooth 5.3", "Mỗi bên chỉ nặng 4 g"), brand="Lumora"),
    "id": Text(title="Earbuds Nirkabel Lumora", features=("Tahan sampai 30 jam", "Bluetooth 5.3", "Beratnya 4 g"), brand="Lumora"),
    "zh": Text(title="Lumora 无线耳机", features=("续航可达 30 小时", "蓝牙 5.3", "单只仅重 4 克"), brand="Lumora"),
    "en": Text(title="Lumora Wireless Earbuds", features=("Up to 30 hours", "Bluetooth 5.3", "Only 4 g each"), brand="Lumora"),
}
PRODUCT = Product(
    sku="LM-EARB-01", title=TEXTS["en"].title, features=TEXTS["en"].features, brand="Lumora", category="electronics",
    price=Money(amount=Decimal("129"), currency="CNY"), was_price=Money(amount=Decimal("169"), currency="CNY"),
)  # fmt: skip


@cache
def script(code: str, seconds: int = 30) -> Script:
    """What the embedded writer makes of the product."""
    currency, now, was = MARKET[code]
    price, before = Money(amount=Decimal(now), currency=currency), Money(amount=Decimal(was), currency=currency)
    return TemplateWriter().write(PRODUCT, TEXTS[code], price, before, code, Brief(seconds))


def price(code: str, amount: Decimal | str) -> str:
    return languages.get(code).price(Money(amount=Decimal(amount), currency=MARKET[code][0]))


def altered(made: Script, old: str, new: str) -> tuple[Script, int]:
    """The script with the first Line that says `old` saying `new`, and that Line's number."""
    number = next(n for n, line in enumerate(made.lines, 1) if old in line.text)
    lines = list(made.lines)
    lines[number - 1] = lines[number - 1].model_copy(update={"text": lines[number - 1].text.replace(old, new)})
    return made.model_copy(update={"lines": tuple(lines)}), number


def saying(made: Script, number: int, text: str) -> Script:
    """The script with Line `number` (from 1) saying something else."""
    lines = list(made.lines)
    lines[number - 1] = lines[number - 1].model_copy(update={"text": text})
    return made.model_copy(update={"lines": tuple(lines)})


def of_line(findings: list[Finding], number: int) -> set[str]:
    """The checks that block a Line. Each finding names it, for people and for programs."""
    named = [f for f in findings if f.message.startswith(f"Line {number} ") and f.severity == "block"]
    assert all(f.evidence.get("line", f.evidence.get("where")) in (number, f"Line {number}") for f in named)
    return {f.check for f in named}


@pytest.mark.parametrize("seconds", [15, 30, 60])
@pytest.mark.parametrize("code", LANGUAGES)
def test_a_written_script_passes(code: str, seconds: int) -> None:
    assert words.check(script(code, seconds), PRODUCT) == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_another_price_is_found(code: str) -> None:
    right = price(code, MARKET[code][1])
    for wrong in (Decimal(MARKET[code][1]) * 10, Decimal(MARKET[code][1]) + 50):
        made, number = altered(script(code), right, price(code, wrong))
        assert "price" in of_line(words.check(made, PRODUCT), number)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_former_price_in_the_prices_place_is_found(code: str) -> None:
    made, first = script(code), 0
    now, before = price(code, MARKET[code][1]), price(code, MARKET[code][2])
    for number, line in enumerate(made.lines, 1):
        if line.role == "price":
            first = first or number
        made = saying(made, number, line.text.replace(now, before))
    assert of_line(words.check(made, PRODUCT), first) == {"price"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_wrong_saving_is_found(code: str) -> None:
    _, now, was = MARKET[code]
    for wrong in (price(code, (Decimal(was) - Decimal(now)) * 2), "60%", "30 %"):  # 60 is zh's saving in yuan, 30 are hours
        made = saying(script(code), 2, wrong)
        assert of_line(words.check(made, PRODUCT), 2)
    right = f"{price(code, Decimal(was) - Decimal(now))}, {int((Decimal(was) - Decimal(now)) * 100 / Decimal(was))}%"
    assert words.check(saying(script(code), 2, right), PRODUCT) == []


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("figure", ["31", "53", "300", "5.4", "1..2"])
def test_a_number_that_is_not_in_the_row_is_found(code: str, figure: str) -> None:
    findings = words.check(saying(script(code), 2, f"Lumora {figure}"), PRODUCT)
    assert of_line(findings, 2) == {"number"}
    assert figure in findings[0].message


@pytest.mark.parametrize("text", ["Bluetooth 5.3", "Bluetooth 5,3", "30", "LM-EARB-01"])
def test_a_number_of_the_row_may_be_written_as_the_market_does(text: str) -> None:
    assert words.check(saying(script("id"), 2, text), PRODUCT) == []


@pytest.mark.parametrize(
    ("code", "text"),
    [("th", "家人们 ราคาดี"), ("vi", "Giá ดีมาก"), ("id", "Harga 很好"), ("zh", "这个 ดี"), ("en", "Very 好"), ("zh", "Привет")],
)
def test_letters_of_another_language_are_found(code: str, text: str) -> None:
    assert of_line(words.check(saying(script(code), 2, text), PRODUCT), 2) == {"alphabet"}


def test_the_texts_beside_the_lines_are_read_too() -> None:
    made = script("th")
    text = made.text.model_copy(update={"title": "无线耳机", "features": ("ดี", "很好")})
    findings = words.check(made.model_copy(update={"text": text}), PRODUCT)
    assert [f.message.split(" has ")[0] for f in findings if f.check == "alphabet"] == ["The title", "Feature 2"]


def test_a_price_is_not_found_inside_a_longer_one() -> None:
    made = script("th").model_copy(update={"price": Money(amount=Decimal("12"), currency="THB"), "was_price": None})
    product = PRODUCT.model_copy(update={"title": "129 หูฟัง"})
    lines = [line.model_copy(update={"text": "ราคา ฿129 ค่ะ" if line.role == "price" else "ดีค่ะ"}) for line in made.lines]
    findings = words.check(made.model_copy(update={"lines": tuple(lines)}), product)
    first = next(n for n, line in enumerate(lines, 1) if line.role == "price")
    assert of_line(findings, first) == {"price"}
    assert any("says ฿129" in f.message for f in findings)
    assert any("should say the price, ฿12," in f.message for f in findings)


# ---- a product whose variants cost different sums

RANGED = PRODUCT.model_copy(update={"price_from": True})


@cache
def ranged(code: str, *, sale: bool = True) -> Script:
    currency, now, was = MARKET[code]
    price, before = Money(amount=Decimal(now), currency=currency), Money(amount=Decimal(was), currency=currency)
    return TemplateWriter().write(RANGED, TEXTS[code], price, before if sale else None, code, Brief(60))


@pytest.mark.parametrize("sale", [True, False])
@pytest.mark.parametrize("code", LANGUAGES)
def test_a_written_script_says_the_lowest_price_as_such(code: str, sale: bool) -> None:
    assert words.check(ranged(code, sale=sale), RANGED) == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_cheapest_variants_price_alone_is_found(code: str) -> None:
    lowest = languages.get(code).price_from(ranged(code).price)
    made, number = altered(ranged(code), lowest, price(code, MARKET[code][1]))
    assert of_line(words.check(made, RANGED), number) == {"price"}
    call = saying(ranged(code), len(ranged(code).lines), price(code, MARKET[code][1]))
    assert of_line(words.check(call, RANGED), len(call.lines)) == {"price"}, "whatever the line is for"
    twice = saying(ranged(code), number, f"{lowest}, {price(code, MARKET[code][1])}")
    assert of_line(words.check(twice, RANGED), number) == {"price"}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("th", "เริ่ม ฿1,290 ค่ะ"), ("th", "ราคาตั้งแต่ ฿1,290 ค่ะ"), ("th", "เริ่มต้นเพียง฿1,290"), ("th", "ราคาเริ่มต้น: ฿1,290"),
        ("vi", "Giá từ 350.000 ₫ nha"), ("vi", "Khởi điểm 350.000 ₫"), ("id", "Mulai Rp299.000, kak"), ("id", "MULAI DARI Rp299.000"),
        ("zh", "低至¥199"), ("zh", "现在¥199 起"), ("zh", "起价：¥199"), ("en", "Prices start at $18.90!"), ("en", "From just $18.90"),
        ("en", "$18.90 and up"), ("en", "as low as $18.90"),
    ],
)  # fmt: skip
def test_other_ways_to_say_it_pass(code: str, text: str) -> None:
    number = next(n for n, line in enumerate(ranged(code).lines, 1) if line.role == "price")
    assert words.check(saying(ranged(code), number, text), RANGED) == []
    found = words.check(saying(script(code, 60), number, text), PRODUCT)
    assert [(f.check, f.severity) for f in found if f.evidence["line"] == number] == [("price", "warn")], "it is no range"


@pytest.mark.parametrize(
    ("code", "text"), [("en", "Therefrom $18.90"), ("th", "เริ่มใช้เลย ฿1,290"), ("zh", "¥199"), ("vi", "Từ nay 350.000 ₫")]
)
def test_a_word_that_is_only_near_does_not_pass(code: str, text: str) -> None:
    assert of_line(words.check(saying(ranged(code), 2, text), RANGED), 2) == {"price"}


def test_cards_that_would_show_another_kind_of_price_are_found() -> None:
    found = words.check(ranged("en").model_copy(update={"price_from": False}), RANGED)
    assert [f.message for f in found] == ["The cards would show $18.90, but the catalog's price is from $18.90: write the script anew."]
    plain = words.check(script("en").model_copy(update={"price_from": True}), PRODUCT)
    assert [f.severity for f in plain] == ["block"]
