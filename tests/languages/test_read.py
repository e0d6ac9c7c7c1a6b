"""Reading: what a text is cut into, what is said for each token, where a voice pauses and a line may break."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from localize import languages
from localize.domain import Money
from localize.languages import wrap

CODES = languages.codes()

# Signs, figures and scripts that meet in product texts, so that random texts hit the grammar and not only letters.
SHOP = st.text(
    alphabet="019๑๙５.,:/-–~+x×%฿$¥₫đ₩ 年月日ามก่ๆฯเแtổkRp元两'\"(#🔥\u200d🇹🇭\ufe0f\u20e3²½①Ⅷ〇!?。\n\u200b\u00a0AZ&@=±≈<>≤≥*/", max_size=40
)


def texts(code: str, text: str) -> list[str]:
    return [t.text for t in languages.get(code).read(text)]


def said(code: str, text: str) -> str:
    """Everything that is said, tokens parted by a bar."""
    return " | ".join(t.say for t in languages.get(code).read(text) if t.say)


def paused(code: str, text: str) -> str:
    """The text with every pause in place, for reading it as a voice would."""
    return " ".join((t.say + t.pause) for t in languages.get(code).read(text) if t.say or t.pause)


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=50, deadline=None)
@given(text=st.one_of(st.text(max_size=60), SHOP))
@example("1️⃣ 👨‍👩‍👧 🇹🇭🇻🇳 👍🏽")
@example("ก ะ ๆ ำ")
@example("① ² ½ ٣ ५ ５ ໓")
@example("-5-5+5×5x5//7:8:9..,.,12.")
@example("\u200b")
@example("199 บาทา 30 วันนี้ ฿ ฿฿9")
@example("\ud800 12")
def test_tokens_give_the_text_back_and_never_say_a_figure(code: str, text: str) -> None:
    tokens = languages.get(code).read(text)

    assert "".join(t.text + t.gap for t in tokens) == text.strip()
    assert not any(c.isdigit() for t in tokens for c in t.say)
    assert all(t.pause in ("", ",", ".", "?", "!") and (not t.gap or t.gap.isspace()) and t.text for t in tokens)
    for token in tokens[1:]:
        assert unicodedata.category(token.text[0])[0] != "M", "a mark begins a line"
        assert token.text[0] not in "ะาำๅๆฯ"
        assert token.text[0] != "\u200d"


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=40, deadline=None)
@given(text=st.one_of(st.text(max_size=60), SHOP))
@example("👩🏽‍🚀🏴󠁧󠁢󠁥󠁮󠁧󠁿 กำ่ e\u0301 각")
def test_no_cut_falls_inside_a_grapheme_cluster(code: str, text: str) -> None:
    regex = pytest.importorskip("regex", reason="the regex package, which knows grapheme clusters, is not installed")
    text = text.strip()
    clusters = {m.start() for m in regex.finditer(r"\X", text)}

    at = 0
    for token in languages.get(code).read(text):
        assert at in clusters
        at += len(token.text + token.gap)


def test_thai_is_cut_at_words() -> None:
    assert texts("th", "ลำโพงบลูทูธกันน้ำแบตอึดมาก") == ["ลำโพง", "บลูทูธ", "กันน้ำ", "แบต", "อึด", "มาก"]
    assert texts("th", "เซรั่มหน้าใส ทัมเบลอร์ มินิมอล") == ["เซรั่ม", "หน้า", "ใส", "ทัมเบลอร์", "มินิมอล"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("อาจก่อให้เกิดอันตรายได้", "อาจ|ก่อให้เกิด|อันตราย|ได้"), ("ทุกคนบอกว่าดี", "ทุกคน|บอก|ว่า|ดี"), ("ใช้นานกว่าเดิม", "ใช้|นาน|กว่า|เดิม"),
        ("เส้นทางเดินป่า", "เส้นทาง|เดินป่า"), ("ส่วนใหญ่แล้วจะมี", "ส่วนใหญ่|แล้ว|จะ|มี"), ("ประจำวัด", "ประจำ|วัด"),
    ],
)  # fmt: skip
def test_of_equally_few_thai_words_the_usual_ones_are_taken(text: str, words: str) -> None:
    assert "|".join(texts("th", text)) == words


def test_thai_abbreviations_are_one_word() -> None:
    assert texts("th", "ในปีค.ศ. 2006 และส.ส.ของเรา") == ["ใน", "ปี", "ค.ศ.", "2006", "และ", "ส.ส.", "ของ", "เรา"]
    assert said("th", "พ.ย. - ก.พ. ปี พ.ศ. 2569") == "พฤศจิกายน | กุมภาพันธ์ | ปี | พุทธศักราช | สอง พัน ห้า ร้อย หก สิบ เก้า"
    assert said("th", "ดร. สมชาย 19,500 ตร.กม.") == "ดร | สม | ชาย | หนึ่ง หมื่น เก้า พัน ห้า ร้อย ตาราง กิโลเมตร"


def test_a_thai_line_does_not_begin_with_the_end_of_a_name() -> None:
    assert texts("th", "ไปกลาสโกว์ในสกอตแลนด์")[-3:] == ["โกว์", "ใน", "สกอตแลนด์"]
    assert said("th", "กลาสโกว์") == "กลาส | โกว์"


def test_thai_repetition_and_abbreviation_signs_stay_on_their_word() -> None:
    assert texts("th", "ถูกจริง ๆ ค่ะ ของต่างๆ") == ["ถูก", "จริง ๆ", "ค่ะ", "ของ", "ต่างๆ"]
    assert said("th", "ถูกจริง ๆ ค่ะ") == "ถูก | จริง จริง | ค่ะ"
    assert said("th", "ส่งจากกรุงเทพฯ") == "ส่ง | จาก | กรุงเทพ"


def test_chinese_is_cut_at_words_and_signs_keep_to_theirs() -> None:
    assert texts("zh", "家人们，（限量）“真的”好用！") == ["家人们，", "（限量）", "“真的”", "好用！"]
    assert texts("zh", "这款Lumora音箱") == ["这", "款", "Lumora", "音箱"]


def test_spaced_languages_are_cut_at_spaces() -> None:
    assert texts("vi", "Loa chống nước (bản mới), êm lắm!") == ["Loa", "chống", "nước", "(bản", "mới),", "êm", "lắm!"]
    assert texts("id", "Kaos kaki anak-anak, adem banget kak") == ["Kaos", "kaki", "anak-anak,", "adem", "banget", "kak"]
    assert texts("en", "Don't miss Wi-Fi at shop.com") == ["Don't", "miss", "Wi-Fi", "at", "shop.com"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "written",
    ["฿1,290", "1.290.000 ₫", "Rp299.000", "¥199", "$19.90", "25%", "-30%", "500 ml", "20,000 mAh", "10W", "6 mm", "2x", "24/7", "5.3",
     "30 hours", "9:30", "8–12", "8-12 cm", "10x20x30 cm", "10 × 20 cm", "IPX7", "A55", "WH-1000XM5", "USB-C", "5G", "2026-12-12",
     "12/12/2026", "1/2", "4.9/5", "25 °C", "15.6\"", "02-123-4567", "+66 81-234-5678", "3-in-1", "1+1", "¥100–¥200", "$5/kg"],
)  # fmt: skip
def test_what_is_written_with_figures_is_one_token_with_words(code: str, written: str) -> None:
    (token,) = languages.get(code).read(written)
    assert token.text == written
    assert token.say
    assert not token.pause


@pytest.mark.parametrize("code", CODES)
def test_hashtags_and_emoji_are_shown_but_the_signs_are_not_said(code: str) -> None:
    assert said(code, "🔥🔥 #Lumora ✨") == "Lumora"
    assert texts(code, "Lumora 👨‍👩‍👧 #Lumora") == ["Lumora", "👨‍👩‍👧", "#Lumora"]


@pytest.mark.parametrize(
    ("code", "words"), [("th", "และ บวก"), ("vi", "và cộng"), ("id", "dan tambah"), ("zh", "和 加"), ("en", "and plus")]
)
def test_signs_between_words_are_said(code: str, words: str) -> None:
    assert [t.say for t in languages.get(code).read("Lumora & Mali + Nana")] == [
        "Lumora", words.split()[0], "Mali", words.split()[1], "Nana",
    ]  # fmt: skip


def test_latin_words_stay_and_letter_codes_are_spelled() -> None:
    assert said("th", "Lumora PRO USB-C HDMI Vitamin C") == "Lumora | PRO | ยู เอส บี ซี | เอช ดี เอ็ม ไอ | Vitamin | ซี"
    assert said("vi", "MUA loa USB") == "MUA | loa | u ét bê"
    assert said("id", "DISKON kabel USB-C") == "DISKON | kabel | u es be ce"
    assert said("zh", "支持USB-C接口") == "支持 | U S B C | 接口"


def test_pauses_come_from_punctuation() -> None:
    assert paused("th", "ดีมาก! คุ้มไหม? ลองเลย") == "ดีมาก! คุ้ม ไหม? ลอง เลย"
    assert paused("vi", "Đẹp, bền; rẻ: mua ngay…") == "Đẹp, bền, rẻ, mua ngay."
    assert paused("id", "Mantap — beli yuk. Ada 3 warna (baru)!") == "Mantap, beli yuk. Ada tiga warna baru!"
    assert paused("zh", "好用，便宜。真的吗？") == "好用, 便宜. 真的 吗?"
    assert paused("en", "Line one\nline two") == "Line one. line two"
    assert paused("en", 'He said "wow!" twice') == "He said wow! twice"


def test_a_thai_space_is_a_light_pause_after_a_phrase() -> None:
    assert paused("th", "ลำโพงตัวนี้เสียงดีมาก แบตอึด") == "ลำโพง ตัว นี้ เสียงดี มาก, แบต อึด"
    assert paused("th", "แบตอึด กันน้ำ") == "แบต อึด กันน้ำ"  # too short a phrase
    assert paused("th", "วันนี้ราคาพิเศษเพียง 299 บาท เท่านั้น") == "วันนี้ ราคา พิเศษ เพียง สอง ร้อย เก้า สิบ เก้า บาท เท่านั้น"


def test_a_number_takes_a_thai_unit_only_as_a_whole_word() -> None:
    assert texts("th", "รับประกัน 30 วัน") == ["รับประกัน", "30 วัน"]
    assert texts("th", "เหลือ 30 วันนี้") == ["เหลือ", "30", "วันนี้"]


def test_outer_white_space_belongs_to_nothing() -> None:
    assert languages.get("th").read(" \n ") == []
    assert texts("en", "  one  two ") == ["one", "two"]


def test_a_caption_is_broken_between_tokens_only() -> None:
    lines = wrap(languages.get("th").read("ลำโพงบลูทูธกันน้ำ IPX7 ราคาพิเศษ ฿1,290 เท่านั้นค่ะ"), 20, len)
    shown = ["".join(t.text + t.gap for t in line).rstrip() for line in lines]
    assert len(shown) == 3
    assert all(line[0] not in "ะาำๅ่้" for line in shown)
    assert any("฿1,290" in line for line in shown)


@pytest.mark.parametrize(
    ("code", "text", "strange"),
    [
        ("th", "ลำโพง Lumora L'Oréal ๕๐% 🔥 µ", ""), ("th", "ลำโพง音箱ดี", "音箱"), ("th", "หูฟัง Ж", "Ж"),
        ("vi", "Loa chống nước ữẵ Ž", ""), ("vi", "Loa ลำ", "ลำ"), ("id", "Sepatu Häagen", ""), ("id", "Sepatu 鞋鞋", "鞋"),
        ("zh", "蓝牙音箱Lumora〇繁體", ""), ("zh", "音箱スピ", "スピ"), ("en", "Café ℃ №", ""), ("en", "Привет", "Привет"),
    ],
)  # fmt: skip
def test_foreign_letters_are_named(code: str, text: str, strange: str) -> None:
    assert languages.get(code).foreign(text) == strange


@pytest.mark.parametrize("code", CODES)
def test_every_language_has_its_labels(code: str) -> None:
    language = languages.get(code)
    assert set(language.labels) >= {"was", "now", "save", "feature", "cart", "sample", "price", "from"}
    assert all(language.labels.values())
    assert language.labels["from"].count("{}") == 1
    assert "AI" in language.ai_label
    assert not language.foreign("".join(language.labels.values()) + language.ai_label)


def test_the_chinese_label_says_made_by_ai() -> None:
    assert "AI" in languages.get("zh").ai_label and "生成" in languages.get("zh").ai_label  # noqa: PT018


@pytest.mark.parametrize(
    ("code", "money", "written", "aloud"),
    [
        ("th", "1290 THB", "เริ่มต้นที่ ฿1,290", "เริ่มต้น | ที่ | หนึ่ง พัน สอง ร้อย เก้า สิบ บาท"),
        ("vi", "350000 VND", "chỉ từ 350.000 ₫", "chỉ | từ | ba trăm năm mươi nghìn đồng"),
        ("id", "1290000 IDR", "mulai dari Rp1.290.000", "mulai | dari | satu juta dua ratus sembilan puluh ribu rupiah"),
        ("zh", "89.9 CNY", "¥89.9起", "八十九元九角起"),
        ("zh", "2 USD", "US$2起", "两美元起"),
        ("en", "18.9 USD", "from $18.90", "from | eighteen dollars and ninety cents"),
    ],
)
def test_the_lowest_of_several_prices(code: str, money: str, written: str, aloud: str) -> None:
    amount, currency = money.split()
    text = languages.get(code).price_from(Money(amount=Decimal(amount), currency=currency))
    assert text == written
    assert said(code, text) == aloud


def test_a_chinese_price_is_not_parted_from_its_from() -> None:
    assert texts("zh", "现在¥89.9起，点进去看") == ["现在", "¥89.9起，", "点", "进去", "看"]
    assert "49元起" in texts("zh", "这款49元起就能带走")
    assert texts("zh", "100元起批") == ["100元", "起批"], "wholesale from 100: another word"


def test_any_language_has_a_name() -> None:
    assert [languages.name(code) for code in ("th", "zh", "sv", "sr", "fr", "xx", "")] == [
        "Thai", "Chinese", "Swedish", "Serbian", "French", "xx", "",
    ]  # fmt: skip
