"""Glossary: texts made of nothing but known terms."""

from __future__ import annotations

from pathlib import Path

import pytest

from localize.errors import UserError
from localize.translate.glossary import GlossaryTranslator, rewrite_number

TERMS = """source,th,vi,id,zh,en,note
Lumora,,,,,,keep as is
USB-C,,,,,,Keep as is
Bluetooth {v},บลูทูธ {v},Bluetooth {v},Bluetooth {v},蓝牙 {v},,
{n} × {n2} cm,{n} × {n2} ซม.,{n} × {n2} cm,{n} × {n2} cm,{n} × {n2} 厘米,,
{n} g,{n} กรัม,{n} g,{n} g,{n} 克,,
{what} by {brand},{what}ของ {brand},{what} của {brand},{what} dari {brand},{brand} {what},,
{port} charging,ชาร์จผ่าน {port},Sạc cổng {port},Isi daya {port},{port} 充电,,
Whole beans,กาแฟเมล็ด,Nguyên hạt,Biji utuh,整颗咖啡豆,,
Yoga mat,เสื่อโยคะ,Thảm yoga,Matras yoga,瑜伽垫,,
"""


@pytest.fixture
def glossary(tmp_path: Path) -> GlossaryTranslator:
    path = tmp_path / "glossary.csv"
    path.write_text(TERMS, encoding="utf-8")
    return GlossaryTranslator(path)


def one(glossary: GlossaryTranslator, text: str, target: str) -> str | None:
    (found,) = glossary.translate([text], "en", target)
    assert found is None or found.origin == "glossary"
    return found.text if found else None


@pytest.mark.parametrize(
    ("text", "target", "said"),
    [
        ("Whole beans", "th", "กาแฟเมล็ด"),
        ("whole BEANS", "id", "Biji utuh"),
        ("Lumora", "th", "Lumora"),
        ("USB-C charging", "vi", "Sạc cổng USB-C"),
        ("Yoga mat by Lumora", "zh", "Lumora 瑜伽垫"),
        ("Whole beans, 250 g", "zh", "整颗咖啡豆，250 克"),
        ("Whole beans, 250 g", "th", "กาแฟเมล็ด 250 กรัม"),
        ("Whole beans / Yoga mat", "vi", "Nguyên hạt / Thảm yoga"),
    ],
)
def test_covered_texts_are_composed(glossary: GlossaryTranslator, text: str, target: str, said: str) -> None:
    assert one(glossary, text, target) == said


def test_numbers_are_written_the_target_s_way_and_versions_are_kept(glossary: GlossaryTranslator) -> None:
    assert one(glossary, "182.5 × 61 cm", "vi") == "182,5 × 61 cm"
    assert one(glossary, "182.5 × 61 cm", "th") == "182.5 × 61 ซม."
    assert one(glossary, "Bluetooth 5.3", "vi") == "Bluetooth 5.3"
    assert rewrite_number("1,200.5", "en", "id") == "1.200,5"
    assert rewrite_number("1.200,5", "vi", "zh") == "1,200.5"


@pytest.mark.parametrize("text", ["Whole beans from Brazil", "Soft yoga mat", "Bluetooth five", "Whole beans, fresh", "HDMI charging", ""])
def test_what_is_covered_in_part_is_left_alone(glossary: GlossaryTranslator, text: str) -> None:
    assert one(glossary, text, "th") is None


def test_places_must_be_the_same_in_every_language(tmp_path: Path) -> None:
    path = tmp_path / "glossary.csv"
    path.write_text("source,th,note\n{n} ml,มล.,\n", encoding="utf-8")
    with pytest.raises(UserError, match="same places in braces"):
        GlossaryTranslator(path).translate(["30 ml"], "en", "th")


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    assert "names no glossary" in GlossaryTranslator().missing()
    assert "lost.csv" in GlossaryTranslator(tmp_path / "lost.csv").missing()
    with pytest.raises(UserError, match=r"lost\.csv"):
        GlossaryTranslator(tmp_path / "lost.csv").translate(["x"], "en", "th")


def test_terms_inside_longer_texts_are_known(glossary: GlossaryTranslator) -> None:
    texts = ["The Lumora yoga mats come with whole beans", "USB-Charger"]
    assert glossary.terms_in(texts, "th") == ({"Whole beans": "กาแฟเมล็ด", "Yoga mat": "เสื่อโยคะ"}, ("Lumora",))
    assert glossary.terms_in(["Yogamatten"], "th") == ({}, ())  # part of a word
    assert glossary.terms_in(texts, "en") == ({}, ("Lumora",))  # it has no English for them
