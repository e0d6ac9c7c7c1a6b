"""A script is held against its row: what nobody wrote there, nobody may say."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from localize.checks import facts, words
from localize.domain import Line, Money, Product, Role, Script, Text
from localize.script import templates

ROW = {
    "th": Text(title="กระติกน้ำ Lumora 500 มล.", brand="Lumora", features=("เก็บร้อนได้ 12 ชั่วโมง", "ฝาปิดสนิท")),
    "vi": Text(title="Bình giữ nhiệt Lumora 500 ml", brand="Lumora", features=("Giữ nóng 12 giờ", "Nắp vặn kín")),
    "id": Text(title="Termos Lumora 500 ml", brand="Lumora", features=("Tahan panas 12 jam", "Tutup rapat")),
}
CURRENCY = {"th": "THB", "vi": "VND", "id": "IDR"}


def money(code: str, amount: int) -> Money:
    return Money(amount=Decimal(amount), currency=CURRENCY[code])


def findings(code: str, text: str, *, role: Role = "feature", was: int = 0, **row: str | tuple[str, ...]) -> dict[str, str]:
    """check -> what was said, for a script of one Line beside a price Line."""
    product = Product.model_validate(
        {
            "sku": "B-1", "title": "Lumora bottle 500 ml", "brand": "Lumora", "price": money(code, 390), "category": "kitchen",
            "features": ("Hot for 12 hours", "Tight lid"), "language": "en",
        }
        | row
    )  # fmt: skip
    told = {"th": "ราคา ฿390", "vi": "Giá 390 ₫", "id": "Harganya Rp390"}[code]
    lines = [Line(role=role, text=text)] + ([] if role == "price" else [Line(role="price", text=told)])
    was_price = money(code, was) if was else None
    script = Script(language=code, lines=tuple(lines), text=ROW[code], price=money(code, 390), was_price=was_price, engine="hand")
    return {f.check: str(f.evidence.get("said")) for f in words.check(script, product) if f.severity == "block"}


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("th", "เก็บร้อนได้ 24 ชั่วโมง", "number"),
        ("th", "เก็บร้อนได้ห้าวัน", "number"),
        ("vi", "Giữ nóng 12 phút", "unit"),
        ("id", "Kapasitas 500 liter", "unit"),
        ("id", "Sudah dipakai tujuh ribu pelanggan kami", "number"),
        ("th", "รุ่น X9 กันน้ำ IPX7", "number"),
        ("th", "กระติกที่ดีที่สุดในไทย", "claim"),
        ("vi", "Bình giữ nhiệt số 1 Việt Nam", "claim"),
        ("id", "Satu-satunya termos seperti ini", "claim"),
        ("th", "รับประกันตลอดอายุการใช้งาน", "claim"),
        ("vi", "Hoàn tiền nếu không ưng", "claim"),
        ("id", "Sudah terdaftar BPOM", "claim"),
        ("th", "เหลือไม่กี่ใบเท่านั้น", "claim"),
        ("vi", "Chỉ hôm nay thôi nhé", "claim"),
        ("id", "Gratis ongkir ke seluruh Indonesia", "claim"),
        ("th", "ดื่มแล้วช่วยลดความดัน", "claim"),
        ("vi", "Uống mỗi ngày hết đau dạ dày", "claim"),
        ("id", "Bikin kolesterol turun", "claim"),
        ("th", "วัสดุกันกระแทก ตกไม่แตก", "claim"),
        ("id", "Bahannya antibakteri", "claim"),
        ("th", "แชร์ไปแล้วกว่าพันคน คนใช้กว่าหมื่น", "claim"),
        ("vi", "Here is the script you asked for", "leak"),
        ("th", "This bottle keeps your drinks hot all day", "language"),
    ],
)
def test_what_the_row_does_not_say_stops_a_script(code: str, text: str, kind: str) -> None:
    assert kind in findings(code, text)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("th", "เก็บร้อนได้นานถึงสิบสองชั่วโมงเต็ม"),
        ("vi", "Giữ nóng suốt mười hai giờ liền"),
        ("id", "Tetap panas dua belas jam"),
        ("th", "ข้อแรกเลยนะคะ ในที่สุดก็เจอกระติกที่ถูกใจ"),
        ("vi", "Điều đầu tiên, ít nhất bạn cũng đỡ phải hâm lại nước"),
        ("id", "Pertama, isi 500 ml; paling tidak cukup untuk setengah hari"),
        ("th", "จุ 500 มล. ฝาปิดสนิท"),
    ],
)
def test_what_it_says_may_be_said_in_other_words(code: str, text: str) -> None:
    assert findings(code, text) == {}


@pytest.mark.parametrize(
    ("code", "text", "feature"),
    [
        ("th", "รับประกัน 2 ปี", "2-year warranty"),
        ("vi", "Bảo hành 2 năm", "保修2年"),
        ("id", "Sudah bersertifikat halal", "Halal certified"),
        ("th", "กันน้ำระดับ IPX5", "IPX5 water resistant"),
        ("id", "Terlaris di toko kami", "Our best seller"),
    ],
)
def test_a_claim_that_the_row_makes_in_another_language_may_be_made(code: str, text: str, feature: str) -> None:
    assert "claim" in findings(code, text)
    assert findings(code, text, features=("Hot for 12 hours", feature)) == {}


def test_an_ache_may_be_asked_about_and_not_be_promised_away() -> None:
    assert findings("th", "ปวดหลังบ่อยใช่ไหมคะ", role="problem") == {}
    assert "claim" in findings("th", "ใช้แล้วหายปวดหลัง")


def test_a_discount_needs_a_price_before_and_half_of_it_half_of_it() -> None:
    assert "claim" in findings("th", "ลดราคาแล้วนะคะ")
    assert findings("th", "ลดราคาแล้วนะคะ", was=490) == {}
    assert "claim" in findings("th", "ถูกลงครึ่งราคาเลยค่ะ", was=490)
    assert findings("th", "ถูกลงครึ่งราคาเลยค่ะ", was=800) == {}


@pytest.mark.parametrize(
    ("code", "text", "right"),
    [
        ("th", "ราคา 390 บาทค่ะ", True), ("th", "ใบละสามร้อยเก้าสิบบาทค่ะ", True), ("th", "จากปกติ ฿490 เหลือ ฿390 ค่ะ", True),
        ("th", "จากปกติ ฿390 เหลือ ฿490 ค่ะ", False), ("th", "ราคา ฿39 ค่ะ", False), ("th", "สามร้อยบาทถ้วนค่ะ", False),
        ("vi", "Giá gốc 490 ₫, giờ chỉ 390 ₫", True), ("vi", "Giá gốc 390 ₫, giờ chỉ 490 ₫", False),
        ("id", "Dari Rp490 jadi Rp390", True), ("id", "Dari Rp390 jadi Rp490", False), ("id", "Hemat Rp100, jadi Rp390", True),
        ("id", "Turun 20%, jadi Rp390", True), ("id", "Turun 30%, jadi Rp390", False),
    ],
)  # fmt: skip
def test_prices_in_any_form_and_which_is_which(code: str, text: str, right: bool) -> None:
    assert (findings(code, text, role="price", was=490) == {}) == right


def test_every_kind_of_claim_is_told_in_every_language() -> None:
    for kind in facts.kinds():
        assert set(kind.words) == set(facts.LANGUAGES)
        assert kind.says
        assert not any(pattern.search("") for pattern in kind.words.values()), kind.name


def test_a_finding_names_the_sentence_and_the_way_out() -> None:
    script = Script(
        language="th", lines=(Line(role="feature", text="รับประกัน 5 ปีเต็ม"),), text=ROW["th"], price=money("th", 390), engine="hand"
    )  # fmt: skip
    product = Product.model_validate({"sku": "B", "title": "Bottle", "price": money("th", 390)})
    finding = next(f for f in words.check(script, product) if f.check == "claim")
    assert "Line 1 says a warranty ('รับประกัน')" in finding.message
    assert "put the fact into the catalog" in finding.message
    assert finding.evidence["sentence"] == "รับประกัน 5 ปีเต็ม"


@pytest.mark.parametrize("code", facts.LANGUAGES)
def test_no_sentence_of_the_templates_is_taken_for_a_claim(code: str) -> None:
    for slot, groups in templates.phrases(code).lines.items():
        for phrase in (p for pool in groups.values() for p in pool):
            words = re.sub(r"\{\w+\}", " ", phrase)
            made = [k.name for k in facts.kinds() if facts.told(k, [(code, words)]) and not k.with_was]
            assert not made, f"{slot}: {phrase}"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "No one likes tangled cables"), ("en", "Make the most of your morning"), ("en", "Naturally, it comes in a splash of colour"),
        ("id", "Cocok untuk rapat kantor dan ruang terbatas"), ("id", "Muat untuk 4 orang, mudah menghilangkan noda"),
        ("vi", "Đủ cho 4 người"), ("th", "ข้อที่หนึ่ง ทุกที่ 1 แก้ว"), ("zh", "天然气灶也能用"),
    ],
)  # fmt: skip
def test_ordinary_sentences_make_no_claim(code: str, text: str) -> None:
    assert [k.name for k in facts.kinds() if facts.told(k, [(code, text)])] == []


@pytest.mark.parametrize("text", ["b\u1ea3o ha\u0300nh", "war\u00adranty", "bảo\u200b hành"])
def test_a_claim_in_another_form_is_the_same_claim(text: str) -> None:
    assert "warranty" in [k.name for k in facts.kinds() if facts.told(k, [("vi", text)])]


def test_a_size_run_of_a_row_is_no_huge_number() -> None:
    assert findings("id", "Ada dua ribu warna", features=("Shoes " + ",".join(map(str, range(36, 60))),)) != {}
