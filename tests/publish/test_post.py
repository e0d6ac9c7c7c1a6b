"""A clip's post: its own words, its tags, and that AI made it."""

from __future__ import annotations

from decimal import Decimal

from localize.domain import Disclosure, Line, Money, Post, Product, Script, Text
from localize.publish import post

MONEY = Money(amount=Decimal("290"), currency="THB")
LINES = (
    Line(role="hook", text="สวัสดีค่ะ!"),
    Line(role="feature", text="จุได้ 350 มล."),
    Line(role="price", text="เพียง ฿290 ค่ะ"),
    Line(role="cta", text="กดตะกร้าเลยค่ะ"),
)
LABEL = Disclosure(label="สร้างโดย AI", producer="Corner", produce_id="1")


def write(brand: str = "Clay & Co.", category: str = "home_decor") -> Post:
    product = Product(sku="MUG-01", title="Clay Mug", price=MONEY, brand=brand, category=category)
    return post.write(product, Script(language="th", lines=LINES, text=Text(title="แก้วดินเผา"), price=MONEY, engine="test"), LABEL)


def test_it_has_the_scripts_words_and_ends_with_the_disclosure() -> None:
    made = write()
    assert made.title == "แก้วดินเผา"
    assert made.body.splitlines() == ["จุได้ 350 มล.", "เพียง ฿290 ค่ะ", "กดตะกร้าเลยค่ะ", "สร้างโดย AI"]


def test_hashtags_are_single_words_and_come_once() -> None:
    assert write().hashtags == ("#ClayCo", "#homedecor")
    assert write(brand="", category="home").hashtags == ("#home",)
    assert write(brand="home", category="home").hashtags == ("#home",)
    assert write(brand="& -", category="").hashtags == ()


def test_hashtags_keep_the_marks_of_thai() -> None:
    assert write(brand="บ้านน้ำชา", category="").hashtags == ("#บ้านน้ำชา",)
