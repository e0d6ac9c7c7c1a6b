"""The parts of the benchmark of words: that they find what they look for, on a small amount."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest

from localize import languages
from localize.clip.type import measure

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from words_parts import breaking, numbers

SENTENCES = (
    "หูฟังรุ่นนี้ใช้งานต่อเนื่องได้นานกว่าสามสิบชั่วโมง ชาร์จแค่สิบนาทีก็ฟังต่อได้ทั้งบ่าย",
    "เสื้อยืดผ้าคอตตอนเนื้อนุ่ม ใส่สบายระบายอากาศดี ซักเครื่องได้ไม่ย้วยไม่หดค่ะ",
    "กระเป๋าใบนี้เบามาก น้ำหนักไม่ถึงครึ่งกิโล แต่ใส่ของได้เยอะกว่าที่คิด",
    "ทุกคนบอกว่าหอมแล้วติดทนทั้งวัน ไม่ก่อให้เกิดอันตรายต่อผิวแพ้ง่าย",
    "หม้อทอดไร้น้ำมันขนาด 5 ลิตร ตั้งเวลาได้ 60 นาที ราคาเพียง 1,290 บาทเท่านั้น",
    "เริ่มขายตั้งแต่ปี พ.ศ. 2562 จนถึงวันนี้มีรีวิวกว่าหนึ่งหมื่นรีวิว",
    "แก้วเก็บความเย็นได้ 24 ชั่วโมง ฝาปิดสนิท พลิกคว่ำในกระเป๋าก็ไม่หก",
    "ไฟฉายคาดหัวสำหรับเดินป่า กันน้ำระดับ IPX5 ปรับแสงได้สามระดับ",
    "เบาะรองนั่งเพื่อสุขภาพช่วยลดอาการปวดหลังของคนที่ต้องทำงานหน้าคอมพิวเตอร์ทั้งวัน",
    "สั่งวันนี้ส่งฟรีทั่วประเทศ เก็บเงินปลายทางได้ เปลี่ยนคืนภายในสิบห้าวัน",
)


@pytest.mark.parametrize("code", languages.codes())
def test_the_words_written_by_hand_are_what_is_said(code: str) -> None:
    assert len(numbers.by_hand(code)) == numbers.BY_HAND
    assert len({text for _, text, _ in numbers.by_hand(code)}) == numbers.BY_HAND
    assert numbers.wrong_by_hand(code) == []


@pytest.mark.parametrize("code", languages.codes())
def test_the_drawn_cases_are_right_and_always_the_same(code: str) -> None:
    cases = list(numbers.drawn(code))
    assert len(cases) == numbers.DRAWN
    assert [case.text for case in cases] == [case.text for case in numbers.drawn(code)]
    assert [fault for case in cases[::8] if (fault := numbers.fault(code, case))] == []


@pytest.mark.parametrize(
    ("code", "words", "value"),
    [
        ("th", "ลบ สอง ล้าน ยี่ สิบ เอ็ด จุด ศูนย์ ห้า", "-2000021.05"), ("vi", "hai triệu không trăm linh năm nghìn sáu trăm mười lăm", "2005615"),
        ("id", "seribu seratus sebelas", "1111"),
        ("zh", "三 亿 零 五 万 两 千", "300052000"), ("en", "two hundred twelve thousand one", "212001"),
    ],
)  # fmt: skip
def test_number_words_are_read_back(code: str, words: str, value: str) -> None:
    assert numbers.TONGUES[code].number(words.split()) == Decimal(value)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("th", "หนึ่ง สิบ"), ("th", "สิบ หนึ่ง"), ("vi", "hai mươi năm"), ("vi", "một trăm năm"), ("id", "satu ratus"), ("zh", "一 百 五"),
        ("en", "twenty ten"),
    ],
)  # fmt: skip
def test_what_nobody_says_is_no_number(code: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"nobody says|no number"):
        numbers.TONGUES[code].number(words.split())


def test_a_price_said_wrong_is_found() -> None:
    tongue, words = numbers.TONGUES["vi"], ["ba", "trăm", "năm", "mươi", "nghìn", "đồng"]
    assert numbers._amount(tongue, words, tongue.coins["₫"], Decimal(350_000)) == ""
    assert numbers._amount(tongue, [w for w in words if w != "nghìn"], tongue.coins["₫"], Decimal(350_000))


def test_no_line_of_thai_breaks_inside_a_word_and_the_naive_wrapper_does() -> None:
    pytest.importorskip("icu4py", reason="icu4py, whose word breaker judges, is not installed")
    tallies = breaking.measured(SENTENCES)
    for name, tally in tallies.items():
        found = (tally.inside, tally.forbidden, tally.too_wide)
        assert tally.breaks > tally.sentences
        assert (found == (0, 0, 0)) is not name.startswith("naive"), (name, tally.shown)


def test_the_benchmarks_ruler_is_the_clips() -> None:
    for sentence in SENTENCES:
        assert breaking._caption_width(sentence) == measure(sentence, breaking.CAPTIONS.style, "th")
        assert breaking._card_width(sentence) == measure(sentence, breaking.CARD, "th")


def test_where_lines_start_in_a_sentence() -> None:
    assert breaking._found("abc ab c", ["abc", "ab", "c"]) == [0, 4, 7]
    assert breaking.forbidden_first("่")
    assert breaking.forbidden_first("ะ")
    assert not breaking.forbidden_first("ก")


def test_a_cut_text_breaks_where_it_is_cut() -> None:
    starts, too_wide = breaking.fitted_card(" ".join(SENTENCES[:2]))
    assert len(starts) == 4
    assert too_wide == 0


def test_nothing_of_breaking_is_measured_without_the_shared_data() -> None:
    assert breaking.figures(None) == []
