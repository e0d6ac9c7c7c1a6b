"""Numbers in words are read: whatever a Language says of a number is read back as that number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localize import languages, numerals

LANGUAGES = ("th", "vi", "id", "zh", "en")


@pytest.mark.parametrize("code", LANGUAGES)
@settings(max_examples=300, deadline=None)
@given(number=st.one_of(st.integers(0, 1200), st.integers(0, 10**9), st.decimals("0.1", "99.9", places=1)))
def test_what_a_language_says_is_read_back(code: str, number: int | Decimal) -> None:
    said = languages.get(code).number(number)
    assert [n.value for n in numerals.find(said, code)] == [Decimal(number).normalize()]


@pytest.mark.parametrize(
    ("code", "text", "values"),
    [
        ("th", "จุได้ร้อยสี่สิบห้าชิ้น ใช้ได้ห้าปี", ["145", "5"]),
        ("zh", "两百万一千", ["2001000"]),
        ("th", "เก้าอี้ตัวนี้สามารถพับได้ ห้ามเปียก สายไม่พันกัน", []),
        ("th", "สามสิบเจ็ดจุดห้าองศา", ["37.5"]),
        ("vi", "hơn ba vạn người, hai triệu rưỡi đồng", ["30000", "2500000"]),
        ("vi", "hai mươi lăm, hai mươi nhăm, hai mươi tư, hai mươi bốn", ["25", "25", "24", "24"]),
        ("vi", "năm lần bảy lượt quên chìa khóa", []),
        ("vi", "hai mươi năm kinh nghiệm, hàng nghìn năm", ["20"]),
        ("zh", "千万别错过，万一坏了", []),
        ("id", "tahan dua belas jam, seratus tiga puluh lima ribu rupiah", ["12", "135000"]),
        ("id", "satu koma delapan meter", ["1.8"]),
        ("id", "ribuan pembeli", []),
        ("zh", "续航三万五千毫安时，用十二小时，两百元", ["35000", "12", "200"]),
        ("zh", "一年四季都能用，十分方便", []),
        ("en", "twelve and a half hours, twenty-four, six and seven", ["12.5", "24", "6", "7"]),
        ("sv", "tolv timmar", []),
    ],
)
def test_numbers_in_sentences(code: str, text: str, values: list[str]) -> None:
    assert [format(n.value, "f") for n in numerals.find(text, code)] == values


def test_where_they_stand() -> None:
    (found,) = numerals.find("Dùng được mười hai giờ", "vi")
    assert "Dùng được mười hai giờ"[found.start : found.end] == "mười hai"
