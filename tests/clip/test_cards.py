"""Cards hold their text, whatever a seller writes, and the AI label is as large as the rule asks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path

import brand_files
import cv2
import numpy as np
import pytest

from localize import languages
from localize.checks.clips import LABEL_GLYPH
from localize.clip import cards
from localize.clip import layout as layouts
from localize.clip.cards import Card, Palette
from localize.domain import Money
from localize.errors import UserError
from localize.pixels import Pixels

PRESENTER_RIGHT = layouts.get("presenter-right")

PALETTE = Palette("#D9482B", "#FFC145")
WIDTH = PRESENTER_RIGHT.card[2] - PRESENTER_RIGHT.card[0]
LONG = {
    "th": "แบตเตอรี่ลิเธียมไอออนความจุสูงใช้งานต่อเนื่องได้นานถึง 30 ชั่วโมงเมื่อใช้ร่วมกับเคสชาร์จไร้สาย",
    "vi": "Thời lượng pin liên tục lên đến 30 giờ khi dùng kèm hộp sạc không dây, chống nước chuẩn IPX5",
    "id": "Baterai tahan sampai 30 jam pemakaian terus-menerus bersama kotak pengisi daya nirkabel anti air",
    "zh": "搭配无线充电盒可连续使用长达三十小时支持快充十分钟即可播放两小时全机防水等级达到五级汗水雨水都不怕"
    "运动通勤游戏影音一副就够低延迟双设备连接更换主人也轻松还送三副不同大小的耳塞",
    "en": "Battery lasts up to 30 hours of continuous use together with the wireless charging case, IPX5",
}  # fmt: skip
ENDLESS = "Superkalifragilistischexpialigetischunddannnochvielmehrbuchstabenohneeineneinzigenzwischenraum"
HUGE = {
    c: Money(amount=Decimal(a), currency=c)
    for c, a in (("VND", "129000000"), ("IDR", "159000000"), ("THB", "1234567.89"), ("CNY", "98765.43"))
}
DEAR = {c: Money(amount=m.amount * Decimal("1.6"), currency=c) for c, m in HUGE.items()}
LANGUAGES = tuple(LONG)


def money(language: str, prices: dict[str, Money]) -> Money:
    return prices.get(languages.get(language).currency, prices["CNY"])


def spill(card: Card, empty: Callable[[], Card]) -> int:
    """How many pixels outside a card's face differ from an empty card of its size: text that has left it."""
    bare = empty().rgba
    assert bare.shape == card.rgba.shape
    different = np.abs(card.rgba.astype(int) - bare.astype(int)).max(axis=2) > 2
    different[card.top : card.top + card.height, card.left : card.left + card.width] = False
    return int(different.sum())


def near_edge(card: Card, margin: int, *, bar: int = 0) -> int:
    """How many pixels within `margin` of the face's edge are not the card's own paper (or its bar, on the left)."""
    face = card.rgba[card.top : card.top + card.height, card.left : card.left + card.width, :3].astype(int)
    marked = face.min(axis=2) < 200
    marked[:40, :40] = marked[:40, -40:] = marked[-40:, :40] = marked[-40:, -40:] = False  # the round corners
    inner = marked[margin:-margin, bar + margin : -margin].copy()
    marked[:, :bar] = False
    return int(marked.sum() - inner.sum())


CARDS: dict[str, Callable[[str], tuple[Card, str]]] = {
    "feature": lambda code: (cards.feature(LONG[code], 3, code, PALETTE, WIDTH), PALETTE.primary),
    "feature in one endless word": lambda code: (cards.feature(ENDLESS, 12, code, PALETTE, WIDTH), PALETTE.primary),
    "short feature": lambda code: (cards.feature("USB-C", 1, code, PALETTE, WIDTH), PALETTE.primary),
    "title": lambda code: (cards.title(LONG[code], ENDLESS, code, PALETTE, WIDTH), PALETTE.primary),
    "title without brand": lambda code: (cards.title(LONG[code], "", code, PALETTE, WIDTH), PALETTE.primary),
    "price": lambda code: (cards.price(money(code, HUGE), money(code, DEAR), code, PALETTE, WIDTH), ""),
    "price alone": lambda code: (cards.price(money(code, HUGE), None, code, PALETTE, WIDTH), ""),
    "price from": lambda code: (cards.price(money(code, HUGE), None, code, PALETTE, WIDTH, price_from=True), ""),
    "price from, reduced": lambda code: (cards.price(money(code, HUGE), money(code, DEAR), code, PALETTE, WIDTH, price_from=True), ""),
    "call": lambda code: (cards.call(money(code, HUGE), code, PALETTE, WIDTH), ""),
    "call from": lambda code: (cards.call(money(code, HUGE), code, PALETTE, WIDTH, price_from=True), ""),
}


@cache
def made(kind: str, language: str) -> tuple[Card, str]:
    return CARDS[kind](language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", CARDS)
def test_no_text_leaves_its_card(kind: str, language: str) -> None:
    card, bar = made(kind, language)
    assert card.width == WIDTH
    assert spill(card, lambda: cards._sheet(card.width, card.height, PALETTE, bar=bar)) == 0
    assert near_edge(card, 10, bar=14 if bar else 0) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_highest_card_stays_below_the_label(language: str) -> None:
    """Cards grow upwards from the layout's card box; the presenter's face and the label must stay free."""
    highest = max(made(kind, language)[0].height for kind in CARDS)
    label = cards.ai_label(language, PRESENTER_RIGHT.safe[2] - PRESENTER_RIGHT.safe[0])
    assert PRESENTER_RIGHT.card[3] - highest > PRESENTER_RIGHT.label[1] + label.height


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ai_label_is_as_large_as_the_rule_asks_and_lies_in_the_safe_box(language: str) -> None:
    safe, (x, y) = PRESENTER_RIGHT.safe, PRESENTER_RIGHT.label
    label = cards.ai_label(language, safe[2] - safe[0])
    assert label.glyph >= LABEL_GLYPH
    assert x >= safe[0]
    assert y >= safe[1]
    assert x + label.width <= safe[2]
    assert y + label.height <= safe[3]
    assert label.rgba.shape[:2] == (label.height, label.width)
    letters = label.rgba[..., :3].min(axis=2) > 200
    rows, columns = np.flatnonzero(letters.any(axis=1)), np.flatnonzero(letters.any(axis=0))
    assert rows[-1] - rows[0] + 1 >= LABEL_GLYPH
    assert min(rows[0], columns[0], label.height - 1 - rows[-1], label.width - 1 - columns[-1]) >= 8
    assert 100 < label.rgba[label.height // 2, 8, 3] < 255  # its ground is seen through


def test_the_chinese_label_says_ai_and_generated() -> None:
    assert "AI" in languages.get("zh").ai_label
    assert "生成" in languages.get("zh").ai_label


def accent(card: Card) -> int:
    """How many pixels have the accent colour: the badge's."""
    wanted = np.array([int(PALETTE.accent[i : i + 2], 16) for i in (1, 3, 5)])
    return int((np.abs(card.rgba[..., :3].astype(int) - wanted).max(axis=2) < 12).sum())


def test_a_price_shows_what_is_saved_only_where_something_is() -> None:
    now, was = Money(amount=Decimal("590"), currency="THB"), Money(amount=Decimal("790"), currency="THB")
    assert accent(cards.price(now, was, "th", PALETTE, WIDTH)) > 1000
    assert accent(cards.price(now, None, "th", PALETTE, WIDTH)) == 0
    assert accent(cards.price(now, Money(amount=Decimal("592"), currency="THB"), "th", PALETTE, WIDTH)) == 0  # below 1 %
    assert cards.price(now, None, "th", PALETTE, WIDTH).height < cards.price(now, was, "th", PALETTE, WIDTH).height


USUAL = {c: Money(amount=Decimal(a), currency=c) for c, a in (("VND", "350000"), ("IDR", "1290000"), ("THB", "1290"), ("CNY", "89.9"))}


def face(card: Card) -> Pixels:
    return card.rgba[card.top : card.top + card.height, card.left : card.left + card.width]


@pytest.mark.parametrize("language", ["th", "vi", "id", "en"])
def test_the_word_from_stands_above_a_price_that_stays_as_large(language: str) -> None:
    now = money(language, USUAL)
    plain, ranged = (face(cards.price(now, None, language, PALETTE, WIDTH, price_from=f)) for f in (False, True))
    rows = len(plain) - 40
    assert np.array_equal(ranged[-rows:-30, 20:-20], plain[-rows:-30, 20:-20]), "the price itself"
    above = ranged[20 : len(ranged) - rows, 20:-20, :3]
    assert (above.min(axis=2) < 100).sum() > 200, "the word"


def test_the_chinese_from_stands_after_its_price() -> None:
    now = money("zh", USUAL)
    plain, ranged = (face(cards.price(now, None, "zh", PALETTE, WIDTH, price_from=f)) for f in (False, True))
    changed = np.flatnonzero((plain[30:100] != ranged[30:100]).any(axis=(0, 2)))
    inked = np.flatnonzero((plain[30:-30, 20:-20, :3].min(axis=2) < 200).any(axis=0)) + 20
    assert inked[-1] < changed[0] < inked[-1] + 30


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_call_says_from_too(language: str) -> None:
    plain, ranged = (face(cards.call(money(language, USUAL), language, PALETTE, WIDTH, price_from=f)) for f in (False, True))
    assert np.array_equal(plain[-100:-30, 40:-40], ranged[-100:-30, 40:-40]), "the button"
    assert not np.array_equal(plain[20:80], ranged[20:80])


def test_no_badge_says_that_every_variant_is_reduced() -> None:
    now, was = Money(amount=Decimal("590"), currency="THB"), Money(amount=Decimal("790"), currency="THB")
    for code in LANGUAGES:
        ranged = cards.price(now, was, code, PALETTE, WIDTH, price_from=True)
        assert accent(ranged) == 0
        assert ranged.height >= cards.price(now, None, code, PALETTE, WIDTH, price_from=True).height


def test_another_number_is_another_card() -> None:
    one, two = (cards.feature("USB-C", n, "en", PALETTE, WIDTH).rgba for n in (1, 2))
    assert one.shape == two.shape
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_logo_is_fitted_into_its_box(tmp_path: Path, channels: int) -> None:
    cv2.imwrite(str(tmp_path / "logo.png"), np.full((100, 400, channels), 255, np.uint8))
    logo = cards.logo(str(tmp_path / "logo.png"), PALETTE, 200, 80)
    assert 0 < logo.width <= 200
    assert 0 < logo.height <= 80
    assert logo.rgba[logo.top + logo.height // 2, logo.left + logo.width // 2].min() == 255


def test_a_logo_that_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_text("<svg/>")
    with pytest.raises(UserError, match=r"logo\.png is not a PNG"):
        cards.logo(str(tmp_path / "logo.png"), PALETTE, 200, 80)


def corner(card: Card) -> int:
    """How many pixels a card's face leaves free in its upper right corner."""
    right = card.left + card.width
    face = card.rgba[card.top : card.top + 24, right - 24 : right, 3]
    return int((face < 200).sum())


def test_corners_are_round_soft_or_square_on_cards_and_all_that_is_on_them() -> None:
    kits = [Palette("#D9482B", "#FFC145", corners) for corners in ("round", "soft", "square")]  # type: ignore[arg-type]
    assert kits[0] == PALETTE
    for draw in (
        lambda kit: cards.title("Lumora", "Lumora", "en", kit, 500),
        lambda kit: cards.price(HUGE["CNY"], None, "en", kit, 500),
        lambda kit: cards.call(HUGE["CNY"], "en", kit, 500),
    ):
        free = [corner(draw(kit)) for kit in kits]
        assert free[0] > free[1] >= free[2] == 0
    button = [cards.call(HUGE["CNY"], "en", kit, 500).rgba for kit in kits]
    badge = [cards.feature("Lumora", 1, "en", kit, 500).rgba for kit in kits]
    for looks in (button, badge):
        red = [int((np.abs(look[..., :3].astype(int) - (217, 72, 43)).max(axis=2) < 8).sum()) for look in looks]
        assert red[0] < red[1] < red[2]  # a button without round corners has more of its colour


def test_cards_are_set_in_the_brands_font(tmp_path: Path) -> None:
    font = str(brand_files.font(tmp_path / "wide.ttf", brand_files.LATIN.replace("L", ""), more="L"))
    ours, own = (cards.title("Lull", "", "en", Palette("#D9482B", "#FFC145", font=f), 500) for f in ("", font))
    assert ours.rgba.shape == own.rgba.shape
    assert (ours.rgba != own.rgba).any()


def test_a_picture_melts_away_below_and_nowhere_else() -> None:
    coverage: Pixels = cards.melting(60, 200, 50)
    assert coverage.shape == (200, 60)
    assert coverage[:140].min() == 255
    assert coverage[-1].max() == 0
    assert (np.diff(coverage.astype(int), axis=0) <= 0).all()
    assert (coverage == coverage[:, :1]).all()
