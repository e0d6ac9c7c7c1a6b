"""Translations, wrong in one thing each: what is found, how severe it is, and what right ones get away with."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from localize.checks import translations, wording


def check(source: str, target: str, to: str = "th", of: str = "en", **more: Any) -> dict[str, str]:
    """check -> severity"""
    return {f.check: f.severity for f in translations.check(source, target, of, to, **more)}


SOURCE = "Keeps drinks hot for 12 hours in the 500 ml steel bottle."
RIGHT = {
    "th": "ขวดสเตนเลส 500 มล. เก็บความร้อนได้นาน 12 ชั่วโมง",
    "vi": "Bình thép 500 ml giữ nóng đồ uống suốt 12 giờ.",
    "id": "Botol baja 500 ml menjaga minuman tetap panas selama 12 jam.",
    "zh": "500毫升钢制水瓶，保温12小时。",
}


@pytest.mark.parametrize("to", RIGHT)
def test_a_right_one_passes(to: str) -> None:
    assert check(SOURCE, RIGHT[to], to) == {}


@pytest.mark.parametrize(
    ("to", "target", "finding"),
    [
        ("th", "ขวดสเตนเลสเก็บความร้อนได้นาน 12 ชั่วโมง", "number"),
        ("vi", "Bình thép 500 ml giữ nóng đồ uống suốt 21 giờ.", "number"),
        ("id", "Botol baja 500 l menjaga minuman tetap panas selama 12 jam.", "unit"),
        ("id", "Botol baja 500 ml menjaga minuman tetap panas selama 12 hari.", "unit"),
        ("vi", "Bình thép 500 ml keeps drinks hot for 12 hours", "language"),
        ("th", SOURCE, "language"),
        ("th", "Bình thép 500 ml giữ nóng đồ uống suốt 12 giờ.", "language"),
        ("id", "Bình thép 500 ml giữ nóng đồ uống suốt 12 giờ.", "language"),
        ("vi", "500毫升钢制水瓶，保温12小时。", "language"),
        ("id", f"Berikut terjemahannya: {RIGHT['id']}", "leak"),
        ("th", f"{RIGHT['th']} (หมายเหตุ: แปลแบบสั้น)", "leak"),
        ("vi", f"{RIGHT['vi']} Tôi đã dịch câu này cho tự nhiên.", "leak"),
        ("th", RIGHT["th"] + " นาน 12 ชั่วโมงเต็ม นาน 12 ชั่วโมงเต็ม นาน 12 ชั่วโมงเต็ม", "loop"),
        ("id", "Botol baja 500 ml, 12 jam. " + "Sangat bagus sekali. " * 6, "loop"),
        ("id", "", "translation"),
    ],
)
def test_a_wrong_one_is_blocked(to: str, target: str, finding: str) -> None:
    assert check(SOURCE, target, to).get(finding) == "block"


@pytest.mark.parametrize(
    ("of", "source", "to", "target"),
    [
        ("zh", "3万毫安时大电池", "vi", "Pin lớn 30.000 mAh"),
        ("en", "Hot for twelve hours", "th", "ร้อนได้ 12 ชั่วโมง"),
        ("en", "12,500 starts", "vi", "mười hai nghìn năm trăm lần khởi động"),
        ("zh", "充电半小时，用三个小时", "th", "ชาร์จ 30 นาที ใช้ได้ 3 ชั่วโมง"),
        ("en", "Sold since 2019", "th", "ขายมาตั้งแต่ปี 2562"),
        ("en", "1,200.5 g", "id", "1.200,5 g"),
        ("en", "IPX5 and Bluetooth 5.3", "th", "กันน้ำ IPX5 และบลูทูธ 5.3"),
        ("en", "Vegan", "id", "Vegan"),
        ("en", "Lumora Pro", "th", "Lumora Pro"),
        ("en", "Slowly, slowly", "vi", "từ từ từng chút"),
        ("zh", "小朋友们", "id", "anak-anak"),
    ],
)
def test_other_ways_to_say_the_same_pass(of: str, source: str, to: str, target: str) -> None:
    assert check(source, target, to, of) == {}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Capacity 8 L", "ความจุ 20 ลิตร"),
        ("5 pieces", "17 ชิ้น"),
        ("10 m", "22 เมตร"),
        ("Warranty 11 months", "รับประกัน 23 เดือน"),
        ("8 hours", "20 ชั่วโมง"),
    ],
)
def test_twelve_more_is_another_number_but_on_the_clock(source: str, target: str) -> None:
    assert check(source, target).get("number") == "block"
    assert check("Open until 8 pm", "เปิดถึง 20.00 น.") == {}


def test_text_in_another_form_is_the_same_text() -> None:
    assert check("Warranty", unicodedata.normalize("NFD", "Bảo hành"), "vi") == {}
    assert wording.leak("He\u200bre is the trans\u00adlation: x") != ""


@pytest.mark.parametrize(
    "text",
    [
        "If you need an adjustable stand, this is it", "Okay, this one is for coffee lovers", "Feel free to ask us",
        "Nếu bạn muốn điều chỉnh độ cao, hãy xoay núm.", "หากต้องการปรับความสูง หมุนปุ่มนี้", "Kalau mau versi kecil, pilih yang merah",
        "没问题！送人也行", "希望这款杯子陪你每一天",
    ],
)  # fmt: skip
def test_ordinary_sentences_are_no_talk_about_a_task(text: str) -> None:
    assert wording.leak(text) == ""


def test_glossary_terms_and_names() -> None:
    terms, keep = {"charging case": "เคสชาร์จ"}, ("Lumora",)
    source = "Lumora earbuds with charging cases"
    assert check(source, "หูฟัง Lumora พร้อมเคสชาร์จ", terms=terms, keep=keep) == {}
    assert check(source, "หูฟัง Lumora พร้อมกล่องเก็บ", terms=terms, keep=keep) == {"glossary": "block"}
    assert check(source, "หูฟังลูโมร่า พร้อมเคสชาร์จ", terms=terms, keep=keep) == {"name": "warn"}
    assert check("Lumora earbuds", "หูฟัง Lumora", terms=terms, keep=keep) == {}  # the term is not in it


def test_lengths() -> None:
    long = "The backpack opens flat like a suitcase and has a padded sleeve for laptops, a hidden pocket and a rain cover."
    assert check(long, "เป้")["length"] == "block"
    assert check("Cuts tile like butter.", "ตัดกระเบื้องได้อย่างง่ายดายและนุ่มนวลราวกับกำลังใช้มีดปาดเนยนิ่มในตอนเช้าของวันหยุด" * 2)["length"] == "warn"
    assert check("Cuts tile like butter.", "ตัดกระเบื้องง่ายเหมือนปาดเนย", seconds=4.0) == {}
    assert check("Cuts tile like butter.", "ตัดกระเบื้องง่ายเหมือนปาดเนย", seconds=0.8) == {"time": "warn"}


def test_numbers_that_changed_places_are_warned_of() -> None:
    assert check("140 cm long, 70 cm wide", "ยาว 70 ซม. กว้าง 140 ซม.") == {"number": "warn"}
    assert check("140 cm long, 70 cm wide", "ยาว 140 ซม. กว้าง 70 ซม.") == {}


def test_messages_name_the_place_and_what_was_lost() -> None:
    (finding,) = translations.check("Holds 350 ml", "จุได้เยอะ", "en", "th", where="Feature 2")
    assert finding.message == "Feature 2 has lost '350 ml'."
    assert finding.evidence == {"where": "Feature 2", "said": "350 ml"}


@pytest.mark.parametrize(
    ("text", "source", "looped"),
    [
        ("สำหรับสุนัขสำหรับสุนัขสำหรับสุนัขสำหรับสุนัข", "", True),
        ("rất rất rất tốt", "", False),
        ("ha ha ha ha", "", False),
        ("5555", "", False),
        ("tốt tốt tốt tốt tốt tốt tốt", "", True),
        ("new new new new new new", "new new new new new new", False),
    ],
)
def test_loops(text: str, source: str, looped: bool) -> None:
    assert bool(wording.loop(text, source)) == looped


def test_a_leak_that_the_source_itself_has_is_none() -> None:
    assert wording.leak("Note: wash cold", "Note: wash cold") == ""
    assert wording.leak("(Note: translated freely) Wash cold", "Wash cold")
