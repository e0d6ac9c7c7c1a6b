"""A clip's post: its own words, its tags, and that AI made it, within what each platform takes."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
import regex
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from localize import languages
from localize.assets import ASSETS
from localize.domain import Channel, Disclosure, Line, Money, Post, Product, Script, Text
from localize.errors import UserError
from localize.publish import post
from localize.script import Brief
from localize.script.templates import TemplateWriter

MONEY = Money(amount=Decimal("290"), currency="THB")
LINES = (
    Line(role="hook", text="สวัสดีค่ะ!"),
    Line(role="feature", text="จุได้ 350 มล."),
    Line(role="price", text="เพียง ฿290 ค่ะ"),
    Line(role="cta", text="กดตะกร้าเลยค่ะ"),
)
LABEL = Disclosure(label="สร้างโดย AI", producer="Corner", produce_id="1")
PLATFORMS = get_args(Channel.model_fields["platform"].annotation)
LINK = "https://shop.example/mug"


def write(
    brand: str = "Clay & Co.",
    category: str = "home_decor",
    language: str = "th",
    variant: str = "",
    platform: str = "any",
    title: str = "แก้วดินเผา",
    lines: tuple[Line, ...] = LINES,
    features: tuple[str, ...] = (),
    link: str = "",
) -> Post:
    product = Product(sku="MUG-01", title="Clay Mug", price=MONEY, brand=brand, category=category, language=language, link=link)
    text = Text(title=title, features=features)
    script = Script(language=language, lines=lines, text=text, price=MONEY, engine="test", variant=variant)
    return post.write(product, script, LABEL, platform)


def shown(made: Post, platform: str) -> list[str]:
    return post.rendered(made, platform).splitlines()


# What a post looks like ----------------------------------------------------------------------------------------------

PRICES = {"en": ("USD", "19"), "th": ("THB", "590"), "vi": ("VND", "459000"), "id": ("IDR", "279000"), "zh": ("CNY", "129")}
# Title, two features; then what the script says: hook, problem, both features, price, call to action.
EARBUDS = {
    "en": (
        ("Lumora Wireless Earbuds with Charging Case", "Up to 30 hours with the case", "Bluetooth 5.3"),
        ("Music lovers: Lumora Wireless Earbuds!", "Tired of tangled cables?", "First, up to 30 hours.", "And Bluetooth 5.3."),
        ("The price is $19.", "Order yours now!"),
    ),
    "th": (
        ("หูฟังไร้สาย Lumora พร้อมเคสชาร์จ", "ฟังได้นานถึง 30 ชม.", "บลูทูธ 5.3"),
        ("สายฟังเพลงมาทางนี้เลยค่ะ หูฟังไร้สาย Lumora พร้อมเคสชาร์จ", "สายหูฟังพันกันใช่ไหมคะ", "ข้อแรก ฟังได้นานถึง 30 ชม. ค่ะ", "ข้อสอง บลูทูธ 5.3 ค่ะ"),
        ("ราคา ฿590 ค่ะ", "กดตะกร้าเหลืองได้เลยค่ะ"),
    ),
    "vi": (
        ("Tai nghe không dây Lumora kèm hộp sạc", "Nghe tới 30 giờ", "Bluetooth 5.3"),
        ("Mê nhạc thì xem tai nghe không dây Lumora kèm hộp sạc nha!", "Dây tai nghe rối hoài?", "Đầu tiên, 30 giờ.", "Rồi Bluetooth."),
        ("Giá là 459.000\u00a0₫ ạ.", "Bấm giỏ hàng vàng nhé!"),
    ),
    "id": (
        ("Earbuds Nirkabel Lumora + Case Pengisi Daya", "Tahan 30 jam", "Bluetooth 5.3"),
        ("Suka musik? Ini Earbuds Nirkabel Lumora!", "Kabel sering kusut?", "Pertama, tahan 30 jam.", "Lalu, Bluetooth 5.3."),
        ("Harganya Rp279.000, kak.", "Klik keranjang kuning ya, kak!"),
    ),
    "zh": (
        ("Lumora 无线耳机（含充电仓）", "续航可达 30 小时", "蓝牙 5.3"),
        ("爱听歌的看过来，Lumora 无线耳机！", "耳机线总打结？", "第一，续航可达 30 小时。", "第二，蓝牙 5.3。"),
        ("价格是¥129。", "喜欢就直接下单！"),
    ),
}  # fmt: skip


def script_of(language: str) -> Script:
    (title, *features), (hook, problem, *spoken), (price, cta) = EARBUDS[language]
    currency, amount = PRICES[language]
    return Script(
        language=language,
        lines=(
            Line(role="hook", text=hook),
            Line(role="problem", text=problem),
            *(Line(role="feature", text=text, feature=n) for n, text in enumerate(spoken)),
            Line(role="price", text=price),
            Line(role="cta", text=cta),
        ),
        text=Text(title=title, features=tuple(features), brand="Lumora"),
        price=Money(amount=Decimal(amount), currency=currency),
        engine="test",
        variant="earbuds-0f",
    )


def earbuds(language: str, platform: str) -> Post:
    product = Product(sku="LM-EARB-01", title="Lumora Wireless Earbuds", price=MONEY, category="electronics", link=LINK)
    label = Disclosure(label=languages.get(language).ai_label, producer="Lumora", produce_id="1")
    return post.write(product, script_of(language), label, platform)


def test_on_tiktok_the_hook_heads_one_text_and_no_link_is_in_it() -> None:
    assert shown(earbuds("th", "tiktok"), "tiktok") == [
        "สายฟังเพลงมาทางนี้เลยค่ะ หูฟังไร้สาย Lumora พร้อมเคสชาร์จ",
        "สายหูฟังพันกันใช่ไหมคะ",
        "• ฟังได้นานถึง 30 ชม.",
        "• บลูทูธ 5.3",
        "ราคา ฿590 ค่ะ",
        "กดตะกร้าเหลืองได้เลยค่ะ",
        "สร้างด้วย AI",
        "#Lumora #หูฟังไร้สาย #หูฟัง #สายฟังเพลง",
    ]
    assert shown(earbuds("vi", "tiktok"), "tiktok") == [
        "Mê nhạc thì xem tai nghe không dây Lumora kèm hộp sạc nha!",
        "Dây tai nghe rối hoài?",
        "• Nghe tới 30 giờ",
        "• Bluetooth 5.3",
        "Giá là 459.000\u00a0₫ ạ.",
        "Bấm giỏ hàng vàng nhé!",
        "Tạo bởi AI",
        "#Lumora #tainghekhôngdây #tainghe #nghenhạc",
    ]


def test_where_the_hook_says_only_the_head_of_the_name_the_whole_name_follows() -> None:
    assert shown(earbuds("id", "tiktok"), "tiktok") == [
        "Suka musik? Ini Earbuds Nirkabel Lumora!",
        "Earbuds Nirkabel Lumora + Case Pengisi Daya",
        "Kabel sering kusut?",
        "• Tahan 30 jam",
        "• Bluetooth 5.3",
        "Harganya Rp279.000, kak.",
        "Klik keranjang kuning ya, kak!",
        "Dibuat dengan AI",
        "#Lumora #earphonewireless #earbuds #dengarmusik",
    ]


def test_on_douyin_it_is_one_text_too() -> None:
    assert shown(earbuds("zh", "douyin"), "douyin") == [
        "爱听歌的看过来，Lumora 无线耳机！",
        "Lumora 无线耳机（含充电仓）",
        "耳机线总打结？",
        "• 续航可达 30 小时",
        "• 蓝牙 5.3",
        "价格是¥129。",
        "喜欢就直接下单！",
        "AI生成",
        "#Lumora #无线耳机 #耳机 #听歌日常",
    ]


def test_on_weibo_the_name_is_the_title_the_hook_opens_the_text_and_the_link_is_in_it() -> None:
    made = earbuds("zh", "weibo")
    assert made.title == "Lumora 无线耳机（含充电仓）"
    assert shown(made, "weibo") == [
        "爱听歌的看过来，Lumora 无线耳机！",
        "耳机线总打结？",
        "• 续航可达 30 小时",
        "• 蓝牙 5.3",
        "价格是¥129。",
        "喜欢就直接下单！",
        LINK,
        "AI生成",
        "#Lumora# #无线耳机# #耳机#",
    ]


def test_for_an_unknown_platform_the_title_fits_the_shortest_field_and_the_whole_name_is_in_the_text() -> None:
    made = earbuds("en", "any")
    assert made.title == "Lumora Wireless Earbuds…"  # and not "... with…"
    assert shown(made, "any") == [
        "Lumora Wireless Earbuds with Charging Case",
        "Tired of tangled cables?",
        "• Up to 30 hours with the case",
        "• Bluetooth 5.3",
        "The price is $19.",
        "Order yours now!",
        "AI-generated",
        "#Lumora #electronics #WirelessEarbuds",  # the category is in the language
    ]
    assert shown(earbuds("zh", "any"), "any")[:2] == ["Lumora 无线耳机（含充电仓）", "耳机线总打结？"]


@pytest.mark.parametrize("seconds", [30, 60])
@pytest.mark.parametrize("language", sorted(EARBUDS))
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_post_of_a_written_script_has_its_price_and_features_once_and_the_label(platform: str, language: str, seconds: int) -> None:
    given_ = script_of(language)
    product = Product(sku="LM-EARB-01", title="Lumora Wireless Earbuds", price=MONEY, category="electronics")
    brief = Brief(seconds=seconds, platform=platform)
    script = TemplateWriter().write(product, given_.text, given_.price, None, language, brief)
    label = languages.get(language).ai_label
    made = post.write(product, script, Disclosure(label=label, producer="Lumora", produce_id="1"), platform)
    price = languages.get(language).price(script.price)
    assert [made.body.count(text) for text in (price, *script.text.features)] == [1, 1, 1]
    assert made.body.splitlines()[-1] == label
    assert script.text.title.casefold() in f"{made.title}\n{made.body}".casefold()
    assert len(made.hashtags) >= 3
    fits(made, platform)


# The text ------------------------------------------------------------------------------------------------------------


def test_it_has_the_scripts_words_and_ends_with_the_disclosure() -> None:
    made = write()
    assert made.title == "แก้วดินเผา"
    assert made.body.splitlines() == ["• จุได้ 350 มล.", "เพียง ฿290 ค่ะ", "กดตะกร้าเลยค่ะ", "สร้างโดย AI"]


def test_where_variants_cost_more_the_post_says_from() -> None:
    product = Product(sku="MUG-01", title="Clay Mug", price=MONEY, price_from=True, category="home")
    for code, currency, lowest in (("th", "THB", "เริ่มต้นที่ ฿290"), ("zh", "CNY", "¥290起"), ("en", "USD", "from $290")):
        money = Money(amount=MONEY.amount, currency=currency)
        script = TemplateWriter().write(product, Text(title="Lumora"), money, None, code, Brief())
        for platform in PLATFORMS:
            body = post.write(product, script, LABEL, platform).body
            assert lowest in body
            assert body.count("290") == body.count(lowest)


def test_a_price_is_said_once_and_the_former_one_stays_beside_it() -> None:
    was, now, saved = "ก่อนหน้านี้ ฿2,900 ค่ะ", "ตอนนี้ ฿290 ค่ะ", "ลดไป ฿2,610 เลยนะคะ"
    said = [Line(role="price", text=text) for text in (was, now, saved, "ย้ำราคาอีกที ฿290 ค่ะ")]
    assert write(lines=tuple(said)).body.splitlines() == [was, now, saved, "สร้างโดย AI"]


def test_links_are_only_where_they_can_be_tapped() -> None:
    lines = (*LINES, Line(role="proof", text=f"ดูรีวิวที่ {LINK} ค่ะ"), Line(role="problem", text="ดูที่ shop.example/mug ค่ะ"))
    for platform in PLATFORMS:
        made = write(lines=lines, title=f"แก้วดินเผา {LINK} 350 มล.", link=LINK, platform=platform)
        assert ("shop.example" in f"{made.title}{post.rendered(made, platform)}") == (platform == "weibo")
    assert write(link="in the shop", platform="weibo").body == write(platform="weibo").body


def test_a_long_feature_is_as_the_script_says_it() -> None:
    said = Line(role="feature", text="อย่างแรก จุได้ 350 มล. ค่ะ", feature=0)
    assert "• จุ 350 มล." in write(lines=(said,), features=("จุ 350 มล.",)).body
    assert "• อย่างแรก จุได้ 350 มล. ค่ะ" in write(lines=(said,), features=("จุได้ 350 มล. " * 9,)).body


def test_texts_stay_on_one_line_and_prices_as_they_were_written() -> None:
    lines = (Line(role="feature", text="จุได้\r\n350\tมล.\x00"), Line(role="price", text="Chỉ 290\u00a0₫ ạ"))
    assert write(lines=lines).body.splitlines()[:2] == ["• จุได้ 350 มล.", "Chỉ 290\u00a0₫ ạ"]


def test_the_title_is_cut_between_words() -> None:
    long = {
        "th": ("หูฟังไร้สายพร้อมเคสชาร์จแบตเตอรี่อึดทนนาน", "หูฟังไร้สายพร้อมเคสชาร์จ…"),
        "zh": ("便携式不锈钢保温杯（家用办公户外旅行车载大容量水杯男女学生情侣通用）", "便携式不锈钢保温杯…"),
        "vi": ("[CHÍNH HÃNG] Bình giữ nhiệt 500 ml bằng thép không gỉ", "Bình giữ nhiệt 500 ml…"),
        "id": ("Sepatu Sneakers Pria Wanita Kanvas (Free Kaos Kaki)", "Sepatu Sneakers Pria Wanita…"),
        "en": ("Insulated Bottle, a Flask that is not Heavy", "Insulated Bottle, a Flask…"),
    }
    for language, (title, cut) in long.items():
        assert write(title=title, language=language, lines=()).title == cut
        assert shown(write(title=title, language=language, lines=()), "any")[0] == title


def test_only_a_word_that_is_too_long_is_cut_inside_between_characters() -> None:
    assert write(title="🇹🇭" * 60).title == "🇹🇭" * 7 + "…"
    assert write(title="👩🏽\u200d🚀" * 30, language="en").title == "👩🏽\u200d🚀" * 4 + "…"
    assert write(title="Mug" + "x" * 40, language="en").title == "Mug" + "x" * 26 + "…"


# Too long ------------------------------------------------------------------------------------------------------------


def long_post(room: int, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The lines of a post with everything in it, where the platform takes `room` characters."""
    takes = post.rules("tiktok").model_copy(update={"text": post.Limit(most=room, unit="chars"), "headline": "title"})
    monkeypatch.setattr(post, "rules", lambda platform: takes)
    said: list[Line] = [Line(role=role, text=text) for role, text in (("problem", "PROBLEM"), ("proof", "PROOF"), ("cta", "CTA"))]
    said += [Line(role="price", text=text) for text in ("WAS ฿390", "NOW ฿290")]
    said += [Line(role="feature", text=f"F{n}", feature=n) for n in range(2)]
    made = write(title="mug of clay", brand="B", lines=tuple(said), features=("F0", "F1"), variant="home-1")
    return tuple(shown(made, "tiktok"))


def test_what_is_left_out_first_when_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = long_post(2000, monkeypatch)
    assert whole == (
        "mug of clay", "PROBLEM", "• F0", "• F1", "PROOF", "WAS ฿390", "NOW ฿290", "CTA", "สร้างโดย AI", "#B #ของใช้ในบ้าน #แต่งบ้าน #จัดบ้าน"
    )  # fmt: skip
    # Every state a post goes through as the room gets smaller.
    states = list(dict.fromkeys(long_post(room, monkeypatch) for room in range(len("\n".join(whole)), 9, -1)))
    gone = [set(" ".join(a).split()) - set(" ".join(b).split()) for a, b in pairwise(states)]
    assert gone[:4] == [{"#จัดบ้าน"}, {"#แต่งบ้าน"}, {"#ของใช้ในบ้าน"}, {"#B"}]
    assert gone[4:9] == [{"PROBLEM"}, {"PROOF"}, {"F1"}, {"•", "F0"}, {"CTA"}]
    assert states[10:14] == [
        ("mug of…", "WAS ฿390", "NOW ฿290", "สร้างโดย AI"),
        ("mug of clay", "NOW ฿290", "สร้างโดย AI"),  # rather than a title that names nothing
        ("mug of…", "NOW ฿290", "สร้างโดย AI"),
        ("mug of clay", "สร้างโดย AI"),
    ]
    assert states[-1] == ("สร้างโดย AI",)


def test_prices_go_together_where_it_is_not_known_which_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    takes = post.rules("any").model_copy(update={"text": post.Limit(most=40, unit="chars")})
    monkeypatch.setattr(post, "rules", lambda platform: takes)
    lines = (Line(role="price", text="ปกติสามร้อยเก้าสิบ"), Line(role="price", text="ตอนนี้สองร้อยเก้าสิบ"))
    assert write(lines=lines).body == "สร้างโดย AI"


# Hashtags ------------------------------------------------------------------------------------------------------------


def test_hashtags_are_the_brand_then_what_the_group_is_called_in_the_language() -> None:
    assert write(variant="kitchen-0f", platform="tiktok").hashtags == ("#ClayCo", "#เครื่องครัว", "#ของใช้ในครัว", "#เข้าครัว")
    assert write(variant="kitchen-0f", platform="weibo").hashtags == ("#ClayCo#", "#เครื่องครัว#", "#ของใช้ในครัว#")
    assert write(variant="", brand="").hashtags == ("#ช้อปออนไลน์", "#ของน่าใช้")
    assert write(variant="of-another-writer", brand="").hashtags == write(variant="", brand="").hashtags


def test_a_category_is_a_hashtag_where_it_is_in_the_language() -> None:
    assert write(category="Home > Kitchen & Dining", language="en").hashtags[:2] == ("#ClayCo", "#KitchenDining")
    assert write(category="ของใช้ในบ้าน > แก้วน้ำ").hashtags[1] == "#แก้วน้ำ"
    assert write(category="家居/水杯", language="zh").hashtags[1] == "#水杯"
    for foreign in ("kitchen", "厨房", "100644"):
        assert write(category=foreign).hashtags == write(category="").hashtags


def test_hashtags_are_single_words_and_come_once() -> None:
    assert write(brand="Kitchen", category="KITCHEN", language="en", variant="kitchen-1").hashtags == (
        "#Kitchen",
        "#Kitchenware",
        "#HomeCooking",
    )
    assert write(brand="& -", category="").hashtags == write(brand="", category="").hashtags


@pytest.mark.parametrize("brand", ["2024", "FYP", "For You Page", "ขึ้นฟีด", "上热门", "小米", "N" * 31])
def test_what_is_no_hashtag(brand: str) -> None:
    assert write(brand=brand).hashtags == write(brand="").hashtags
    assert write(category="Best Sellers", language="en").hashtags == write(category="", language="en").hashtags


def test_hashtags_keep_the_marks_of_thai() -> None:
    assert write(brand="บ้านน้ำชา", category="").hashtags[0] == "#บ้านน้ำชา"
    assert write(brand="A&\u0301B 1\ufe0f\u20e3").hashtags[0] == "#AB1"  # a mark whose letter is gone goes too


def tag_file() -> dict[str, dict[str, dict[str, list[str]]]]:
    loaded: dict[str, dict[str, dict[str, list[str]]]] = yaml.safe_load((ASSETS / "phrases" / "hashtags.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("language", languages.codes())
def test_every_language_has_hashtags_for_every_group(language: str) -> None:
    groups = yaml.safe_load((ASSETS / "phrases" / "categories.yaml").read_text(encoding="utf-8"))
    tags = tag_file()["tags"][language]
    assert set(tags) == {"general", *groups["wide"], *groups["narrow"]}
    for group, words in tags.items():
        assert len(words) == len(set(words)) >= 2, group
        for word in words:
            assert languages.get(language).foreign(word) == ""
            assert write(brand=word, language=language).hashtags[0] == "#" + word.replace(" ", ""), word


# Platforms -----------------------------------------------------------------------------------------------------------


def test_every_platform_of_a_channel_has_its_limits() -> None:
    assert sorted(PLATFORMS) == sorted(p.stem for p in Path(ASSETS / "platforms").glob("*.yaml"))
    known = {name: post.rules(name) for name in PLATFORMS}
    assert (known["tiktok"].text.most, known["tiktok"].text.unit) == (2200, "utf16")
    assert (known["douyin"].text.most, known["douyin"].text.unit) == (1000, "chars")
    assert known["weibo"].title == post.Limit(most=30, unit="chars")
    assert known["any"].text.most == min(r.text.most for r in known.values())
    assert known["any"].hashtags.most == min(r.hashtags.most for r in known.values())
    with pytest.raises(UserError, match="'myspace' is not one of any, douyin, tiktok, weibo"):
        write(platform="myspace")


def test_lengths_are_in_the_platforms_unit() -> None:
    assert [post.measure("ก็😀", unit) for unit in get_args(post.Unit)] == [4, 3, 10]
    assert post.measure("a\ud800", "utf16") == 2


# Whatever a seller writes --------------------------------------------------------------------------------------------

PIECES = st.sampled_from([
    "แก้วน้ำ", "เก็บความเย็น", "ทำ", "ๆ", "ก" * 40, "Mug", "naïve", "e\u0301", "o\u0300\u0301\u0302" * 4, "x" * 45,
    "👩🏽\u200d🚀", "👨\u200d👩\u200d👧\u200d👦", "🇹🇭🇻🇳", "🇹", "😀", "1\ufe0f\u20e3", "\U00020000", "\u200d",
    "مرحبا بالعالم", "שלום", "\u202eabc", "한국어", "\u1112\u1161\u11ab", "保温杯", "क्षत्रिय",
    " ", "  ", "\n", "(", "【", "）", "…", "#", "1,290", "฿", "500 ml", "https://shop.example/x",
])  # fmt: skip
WORDS = st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join)
TEXTS = WORDS | st.builds(lambda text, n: text * n, WORDS, st.sampled_from([1, 20, 60]))


def fits(made: Post, platform: str) -> None:
    """Asserts that a post is within the platform's limits and that its hashtags are well-formed."""
    takes = post.rules(platform)
    assert post.measure(post.rendered(made, platform), takes.text.unit) <= takes.text.most
    if takes.title:
        assert post.measure(made.title, takes.title.unit) <= takes.title.most
    assert len(made.hashtags) <= takes.hashtags.most
    assert len({tag.casefold() for tag in made.hashtags}) == len(made.hashtags)
    for tag in made.hashtags:
        word = tag.strip("#")
        assert tag == takes.hashtags.form.format(word)
        assert re.search(r"[^\W\d_]", word)
        assert all(unicodedata.category(c) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd") for c in word)
        assert unicodedata.category(word[0])[0] != "M"


@settings(max_examples=150, deadline=None)
@given(
    title=TEXTS, brand=WORDS, category=WORDS, features=st.lists(TEXTS, max_size=4), problem=TEXTS, hook=TEXTS, priced=WORDS,
    language=st.sampled_from(languages.codes()), platform=st.sampled_from(PLATFORMS),
)  # fmt: skip
@example(
    title="🇹🇭" * 60, brand="", category="", features=[], problem="", hook="", priced="", language="th", platform="weibo"
)  # fmt: skip
@example(title="ทำ" * 900, brand="", category="", features=[], problem="", hook="", priced="x" * 40, language="vi", platform="tiktok")
@example(
    title="",
    brand="",
    category="",
    features=[],
    problem="",
    hook="0{แก้วน้ำ🇹500 ml" * 60,
    priced="แก้วน้ำ" * 3,
    language="id",
    platform="any",
)
@example(
    title="Mug\ud83d",
    brand="\ud800A",
    category="",
    features=["\udc00b"],
    problem="",
    hook="\ud83d",
    priced="",
    language="en",
    platform="any",
)
def test_a_post_always_fits_is_always_labelled_and_never_ends_inside_a_character(
    title: str, brand: str, category: str, features: list[str], problem: str, hook: str, priced: str, language: str, platform: str
) -> None:
    price = languages.get(language).price(MONEY)
    lines = (
        Line(role="hook", text=hook),
        Line(role="problem", text=problem),
        *(Line(role="feature", text=f"- {text}", feature=n) for n, text in enumerate(features)),
        Line(role="price", text=f"{priced} {price}!"),
        Line(role="cta", text=hook),
    )
    made = write(brand, category, language, "home-1", platform, title, lines, tuple(features), LINK)
    box = post.rendered(made, platform)
    fits(made, platform)
    assert made.body.splitlines()[-1] == LABEL.label
    assert LABEL.label in box.splitlines()
    assert not any(unicodedata.category(c) == "Cs" for c in made.title + box)
    assert post._clean(f"{priced} {price}!") in made.body
    well_cut(made.title, [hook, title, "Clay Mug"], linked=post.rules(platform).links)


def well_cut(head: str, sources: list[str], linked: bool) -> None:
    """Asserts that a title is one of the sources, or its head up to the end of a grapheme and of a Thai syllable's sign."""
    texts = [post._clean(text if linked else post._LINK.sub("", post._clean(text))) for text in sources]
    if head in ("", *texts):
        return
    cut = head.removesuffix("…")
    assert head.endswith("…")
    source = next(text for text in texts if cut in text)
    end = source.index(cut) + len(cut)
    assert end in {m.end() for m in regex.finditer(r"\X", source)}
    assert cut[-1] not in "เแโใไ"
    assert source[end] not in "ะาำๅ"
