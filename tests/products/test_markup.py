"""What of sellers' HTML, titles and descriptions is shown and said."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localize.products import markup

# --- bodies --------------------------------------------------------------------------------------------------------


def test_html_is_lines_with_its_lists_and_pictures() -> None:
    body = markup.body(
        """<p data-mce-fragment="1">Keeps <b>hot</b> for
        12&nbsp;hours.<br>Light &amp; small.</p><!-- note --><style>p {color: red}</style><script>alert(1)</script>
        <ul><li>Leak-tight lid<li><strong>Steel</strong><br>18/8 inside<ul><li>polished</li></ul></ul>
        <img src="//cdn.example/a.jpg"><img src="data:image/gif;base64,R0" data-src="https://cdn.example/b.jpg">
        <img src="x.gif" width="1">"""
    )
    assert body.text == "Keeps hot for 12 hours.\nLight & small.\nLeak-tight lid\nSteel: 18/8 inside\npolished"
    assert body.items == ("Leak-tight lid", "Steel: 18/8 inside", "polished")
    assert body.images == ("https://cdn.example/a.jpg", "https://cdn.example/b.jpg")


def test_a_table_s_rows_are_lines_but_not_those_of_a_page_made_of_one() -> None:
    assert markup.body(
        "<table><tr><th>Material:</th><td><p>Steel</p></td></tr><tr><td>Size</td><td>5</td><td>7</td></tr></table>"
    ).text == ("Material: Steel\nSize: 5, 7")
    page = markup.body("<table><tr><td><ul><li>Light</li><li>Strong</li></ul></td><td></td></tr></table>")
    assert page.items == ("Light", "Strong")


@pytest.mark.parametrize("html", ["&lt;p&gt;Hot &amp;amp; light&lt;/p&gt;", "&amp;lt;p&amp;gt;Hot &amp;amp; light&amp;lt;/p&amp;gt;"])
def test_html_that_was_escaped_once_or_twice_is_read_as_html(html: str) -> None:
    assert markup.body(html).text == "Hot & light"


def test_line_ends_count_where_there_are_no_blocks() -> None:
    assert markup.body("First <b>line</b>\nsecond line").text == "First line\nsecond line"
    assert markup.body("<p>First\nline</p>\n<p>second</p>").text == "First line\nsecond"


def test_shortcodes_go_and_other_brackets_stay() -> None:
    assert markup.body('[vc_row]Steel [gallery ids="1,2"]bottle[/vc_row] [500 ml]').text == "Steel bottle [500 ml]"


@pytest.mark.parametrize(
    "text",
    [
        "Good:\n- Light\n- Strong",
        "Good:\n• Light\n• Strong",
        "Good:\n✅ Light\n✅ Strong",
        "Good:\n1. Light\n2. Strong",
        "Good:\n-Light\n-Strong",
        "Good:\n1️⃣ Light\n2️⃣ Strong",
    ],
)
def test_lines_after_bullets_are_items(text: str) -> None:
    assert markup.body(text) == markup.Body("Good:\nLight\nStrong", ("Light", "Strong"), ())


def test_a_minus_and_a_year_are_no_bullets() -> None:
    assert markup.body("Since 1999\n-5 °C proof").items == ()
    assert markup.body("1999. A good year\n5 < 6 & 7").text == "1999. A good year\n5 < 6 & 7"


@given(st.text(max_size=80) | st.text(alphabet="<>/pliutrd &;=\"'[]ax!-\n1.", max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_has_a_body_without_marks_of_ours(html: str) -> None:
    body = markup.body(html)
    assert set(body.items) <= set(body.text.split("\n"))
    if not set(html) & set("\ue000\ue001\ue002"):
        assert not set(body.text) & set("\ue000\ue001\ue002")


# --- titles and sentences ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("Steel bottle 500 ml", "Steel bottle 500 ml"),
        ("【下单至高减700元】2018款 平板电脑 11英寸", "2018款 平板电脑 11英寸"),
        ("【自营】电饭煲", "电饭煲"),
        ("特价！！！连衣裙", "连衣裙"),
        ("包邮 连衣裙", "连衣裙"),
        ("【2瓶装】洗发水 500ml", "【2瓶装】洗发水 500ml"),
        ("[FREE SHIPPING] Steel Bottle", "Steel Bottle"),
        ("🔥HOT SALE🔥 Lipstick Matte", "Lipstick Matte"),
        ("✨ Best Seller ✨ Serum | BPOM |", "Serum | BPOM"),
        ("(READY STOCK) Baju Koko (L)", "Baju Koko (L)"),
        ("[พร้อมส่ง] เสื้อยืด (ลด 50%)", "เสื้อยืด"),
        ("SALE!!! ÁO THUN NAM", "ÁO THUN NAM"),
        ("Hàng Chính Hãng - Laptop", "Hàng Chính Hãng - Laptop"),
        ("【正品】跑鞋", "【正品】跑鞋"),
        ("Nike Air - New", "Nike Air"),
        ("Apple® Pad™ 10✕20", "Apple Pad 10×20"),
        ("𝗕𝗲𝘀𝘁 Bottle ＡＢＣ", "Best Bottle ABC"),
        ("Mug 🎁 red", "Mug red"),
        ("Bottle, -", "Bottle"),
        ("🔥🔥", "🔥🔥"),
        ("SALE", "SALE"),
        ("C++ (2nd edition)", "C++ (2nd edition)"),
        ("现货速发/12期分期/手机 128G", "手机 128G"),
        ("【256G低至7799元起】手机", "手机"),
        ("京东超市 蜂蜜面膜", "蜂蜜面膜"),
        ("[Hoàn tiền 6%]Giày thể thao", "Giày thể thao"),
        ("[HCM] Giày búp bê", "Giày búp bê"),
        ("【限量特價】保溫杯", "保溫杯"),
    ],
)
def test_a_title_is_said_without_promotion_and_decoration(title: str, headline: str) -> None:
    assert markup.headline(title) == headline


@given(st.text(min_size=1, max_size=40).filter(lambda t: any(c.isalnum() and c.isascii() for c in t)))
@settings(max_examples=300, deadline=None)
def test_a_title_with_letters_is_never_empty(title: str) -> None:
    assert markup.headline(title)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Keeps hot for 12 hours", "Keeps hot for 12 hours"),
        ("✅ 100% cotton!!!", "100% cotton!"),
        ("【Material】soft cotton", "Material: soft cotton"),
        ("【材质】纯棉", "材质：纯棉"),
        ("【包邮】厚实耐用", "厚实耐用"),
        ("★ Tahan air ★", "Tahan air"),
        ("1. Anti slip", "Anti slip"),
        ("1.5 L", "1.5 L"),
        ("Fits bikes – and boats", "Fits bikes – and boats"),
        ("🔥", ""),
        (".Made of zinc alloy", "Made of zinc alloy"),
        ("Material : PP", "Material: PP"),
    ],
)
def test_features_are_said_without_decoration(text: str, said: str) -> None:
    assert markup.speakable(text) == said


# --- selling points ------------------------------------------------------------------------------------------------


def test_selling_points_are_the_description_s_own_sentences_about_the_thing() -> None:
    text = markup.body(
        """<p>This mug keeps coffee hot for 12 hours. It fits every cup holder! Do you drink tea? Only $12 today.</p>
        <h3>Shipping:</h3><p>Standard post takes three to seven days. It comes in a nice box.</p>
        <h3>Details:</h3><p>Material: steel</p><p>Color: red</p><p>Weight: 300 g</p>
        <p>Please contact us at shop@mail.example or +66 81 234 5678.</p>"""
    ).text
    assert markup.selling_points(text) == (
        "This mug keeps coffee hot for 12 hours",
        "It fits every cup holder!",
        "Material: steel",
        "Color: red",
    )
    assert markup.selling_points(text, 1) == ("This mug keeps coffee hot for 12 hours",)


def test_selling_points_of_thai_vietnamese_indonesian_and_chinese() -> None:
    assert markup.selling_points("ผ้าฝ้ายแท้ นุ่มสบายไม่ร้อน\nจัดส่งภายใน 24 ชั่วโมง\nซักเครื่องได้ สีไม่ตก") == (
        "ผ้าฝ้ายแท้ นุ่มสบายไม่ร้อน",
        "ซักเครื่องได้ สีไม่ตก",
    )
    assert markup.selling_points("Chất vải mềm mại, thoáng mát. Shop cam kết hoàn tiền nếu lỗi.\nGiao hàng toàn quốc") == (
        "Chất vải mềm mại, thoáng mát",
    )
    assert markup.selling_points("Bahan katun tebal dan lembut. Pengiriman setiap hari. Silakan chat admin.") == (
        "Bahan katun tebal dan lembut",
    )
    assert markup.selling_points("加厚钢板，承重150公斤。48小时内发货；安装简单，无需工具！支持七天无理由退换。") == (
        "加厚钢板，承重150公斤",
        "安装简单，无需工具！",
    )


def test_size_tables_and_the_maker_s_story_are_no_selling_points() -> None:
    text = (
        "M = Lebar dada 55 cm dan panjang 84 cm\nXL: dada 59 cm\nTime to market : 2014 summer\nPrice segment : Within five yuan\n"
        "The e-commerce firm was established in June 2011.\nBerbahan katun tebal dan adem di kulit."
    )
    assert markup.selling_points(text) == ("Berbahan katun tebal dan adem di kulit",)


def test_bars_between_lines_are_line_ends() -> None:
    lines = "Heavy duty tie rod. | **Details:** | Thread M14, 185 mm long | | Forged from one piece of steel | With a rubber boot"
    body = markup.body(
        lines + " | " + "It takes ten minutes to fit with the tools that every workshop has at hand, and a second pair of hands."
    )
    assert "|" not in body.text
    assert body.text.split("\n")[0] == "Heavy duty tie rod."


def test_three_list_items_that_say_something_are_the_selling_points() -> None:
    body = markup.body("<p>A very good bottle for everyone.</p><ul><li>Leak-tight<li>Ships free<li>Steel<li>500 ml of tea</ul>")
    assert markup.selling_points(body.text, 6, body.items) == ("Leak-tight", "Steel", "500 ml of tea")


def test_a_long_sentence_is_cut_before_a_clause_only() -> None:
    long = "The handle is made from strong, smooth beech wood, which stays cool and never slips out of a wet hand "
    assert markup.selling_points(long + "even after many years of use in kitchens.") == (
        "The handle is made from strong, smooth beech wood",
    )
    assert markup.selling_points("Lorem ipsum dolor sit amet, consectetur adipiscing elit.") == ()


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_nothing_is_invented(text: str) -> None:
    letters = [c for c in text if c.isascii() and c.isalpha()]
    for point in markup.selling_points(markup.body(text).text):
        rest = iter(letters)
        assert all(c in rest for c in point if c.isascii() and c.isalpha() and c in letters)


TESTDATA = Path(__file__).resolve().parents[3] / "shared" / "testdata" / "catalogs"


def test_the_bodies_of_real_shops_leave_no_markup() -> None:
    exports = sorted(TESTDATA.glob("shopify_*.csv"))
    if not exports:
        pytest.skip("../shared/testdata is not on this machine")
    for path in exports:
        with path.open(encoding="utf-8-sig", newline="") as f:
            for row in csv.DictReader(f):
                html = next((v or "" for k, v in row.items() if k and k.strip() == "Body (HTML)"), "")
                body = markup.body(html)
                assert not any(sign in body.text for sign in ("</", "<p", "<br", "data-mce", "&nbsp;", "&amp;", "mso-"))
                assert all(len(point) <= 140 for point in markup.selling_points(body.text, 6, body.items))


@pytest.mark.parametrize(
    "text",
    [
        "The Arctic Cozy Knit Beanie isn't just an accessory; it's a statement of winter fashion",
        "Don't expect a cheap toy; this drill is made of steel",
        "Don't expect a cheap toy; This drill is made of steel",
        "Đây không chỉ là chiếc đèn; Nó còn là món quà ý nghĩa",
        "Это не просто сумка; Она вмещает целый дом",
        "Это лёгкая сумка; она вмещает целый дом",
        "这不是普通的保温杯；它是送给朋友的礼物",
    ],
)
def test_a_semicolon_between_halves_of_one_thought_cuts_nothing(text: str) -> None:
    assert markup.selling_points(text) == (text,)


def test_a_semicolon_still_parts_sentences_and_facts() -> None:
    assert markup.selling_points("Keeps hot for 12 hours; The lid is leak-tight") == ("Keeps hot for 12 hours", "The lid is leak-tight")
    assert markup.selling_points("material: cotton; colour: deep red") == ("material: cotton", "colour: deep red")


def test_of_a_long_sentence_only_the_first_clause_is_taken() -> None:
    tail = "combined with their own advantages and factory in the city of unique advantages, specializing in all the things that shops sell"
    text = f"Our firm makes its straws in the largest of all towns - Yiwu, {tail}."
    assert markup.selling_points(text) == ("Our firm makes its straws in the largest of all towns",)
    assert markup.selling_points(f"This bag isn't just a thing to carry - Light, {tail} and even more.") == ()
    assert markup.selling_points(f"This bag isn't just a thing to carry; light, {tail} and even more.") == ()
    said = markup.selling_points(f"The strap can be taken off and washed; the body, {tail} and more.")
    assert said == ("The strap can be taken off and washed",)


def test_a_line_that_is_only_emphasised_is_the_heading_of_what_follows() -> None:
    told = markup.body(
        "A hat of straw.\n***TW Collection terms***\nOur hats come from the south of Taiwan.\nBuyers keep the box for a week."
    )
    assert told.text.split("\n")[1] == "TW Collection terms:"
    assert markup.selling_points(told.text, items=told.items) == ("A hat of straw",)  # what stands below are conditions
    told = markup.body("**A wide brim**\nIt keeps the sun off your face all day.")
    assert markup.selling_points(told.text, items=told.items) == ("It keeps the sun off your face all day",)
    told = markup.body("**Waterproof all over**\n**Light as a feather**\nIt keeps the sun off your face all day.")
    assert markup.selling_points(told.text) == ("Waterproof all over", "Light as a feather", "It keeps the sun off your face all day")
    assert markup.body("***\nA hat\n____").text == "A hat"
    assert markup.speakable("***Hot for hours***") == "Hot for hours"


@pytest.mark.parametrize(
    ("title", "clean"),
    [
        ("定制商品、（定金）、【拍前咨询客服】、定制选项", "定制商品、（定金）、定制选项"),
        ("商品、【包邮】红色", "商品、红色"),
        ("商品【包邮】、红色", "商品、红色"),
        ("Shirt, [FREE SHIPPING], red", "Shirt, red"),
        ("Shirt【Freeship】, red", "Shirt, red"),
        ("Shirt, [FREE SHIPPING] red", "Shirt, red"),
        ("Shirt [FREE SHIPPING] red", "Shirt red"),
    ],
)
def test_what_is_taken_out_leaves_one_mark_where_it_stood(title: str, clean: str) -> None:
    assert markup.headline(title) == clean


@pytest.mark.parametrize(
    ("title", "clean"),
    [
        ("[Freeship] Bộ đo .223 chính hãng", "Bộ đo .223 chính hãng"),
        ("[Freeship] Sạc 12V ,5A .NET", "Sạc 12V ,5A .NET"),
        ("[Freeship] Sạc , nhanh !", "Sạc, nhanh!"),
    ],
)
def test_a_mark_before_a_digit_or_letter_keeps_its_space(title: str, clean: str) -> None:
    assert markup.headline(title) == clean
