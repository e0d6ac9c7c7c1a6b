"""Cells that a program has changed on their way: each is told with the way out, and none becomes a text that clips say."""

from __future__ import annotations

from pathlib import Path

import pytest

from localize.domain import Finding, Product, Reject
from localize.products import Asked, Outcome, damage, open_catalog

HEAD = "sku,title,price,currency,category,features,features_th,images\n"


def outcomes(tmp_path: Path, *rows: str) -> list[Outcome]:
    path = tmp_path / "shop.csv"
    path.write_text(HEAD + "\n".join(rows), encoding="utf-8")
    return list(open_catalog([path], Asked(language="en")))


@pytest.mark.parametrize("title", ["#NAME?", "#N/A", '"=HYPERLINK(""http://s.example"")"', "=VLOOKUP(A2;Stock!A:C;2)"])
def test_an_error_or_a_formula_is_no_title(tmp_path: Path, title: str) -> None:
    (reject,) = [o for o in outcomes(tmp_path, f"M1,{title},290,THB,,,,https://s.example/1.jpg") if isinstance(o, Reject)]

    assert (reject.row, reject.sku, reject.column) == (2, "M1", "title")
    assert "spreadsheet" in reject.reason
    assert "empty" not in reject.reason


def test_an_error_in_another_text_is_left_out_with_a_word(tmp_path: Path) -> None:
    found = outcomes(
        tmp_path, "M1,Mug,290,THB,#REF!,#VALUE!,#N/A,https://s.example/1.jpg", "M2,#1 Mug,290,THB,,=50% off,,https://s.example/2.jpg"
    )

    first, second = [o for o in found if isinstance(o, Product)]
    assert (first.category, first.features, first.localized) == ("", (), {})
    assert second.title.endswith("1 Mug")
    told = [o for o in found if isinstance(o, Finding) and "was left out" in o.message]
    assert [o.evidence["column"] for o in told] == ["category", "features", "features_th"]


def test_an_error_is_no_code(tmp_path: Path) -> None:
    (reject,) = [o for o in outcomes(tmp_path, "#N/A,Mug,290,THB,,,,https://s.example/1.jpg") if isinstance(o, Reject)]
    assert reject.column == "sku"
    assert reject.reason.startswith("'#N/A' is a spreadsheet's error")


def test_a_code_that_a_spreadsheet_reshaped_is_told(tmp_path: Path) -> None:
    rows = [
        f"{code},Mug {n},290,THB,,,,https://s.example/{n}.jpg" for n, code in enumerate(("1.23457E+12", "1-Mar", "2024-03-01", "12-MARS"))
    ]
    told = [o for o in outcomes(tmp_path, *rows) if isinstance(o, Finding) and "format the column as text" in o.message]
    assert [o.evidence["sku"] for o in told] == ["1.23457E+12", "1-Mar", "2024-03-01"]


@pytest.mark.parametrize("written", ["Áo dài lụa tơ tằm", "แก้วน้ำสเตนเลส", "不锈钢保温杯", "Café crème", "Кружка стальная", "NestlÉ 100°"])
def test_letters_of_another_encoding_are_told_and_true_ones_not(written: str) -> None:
    table = {n: bytes([n]).decode("cp1252", "replace").replace("\ufffd", chr(n)) for n in range(256)}
    garbled = " ".join("".join(table[n] for n in written.encode()).split())

    assert damage.garbled(garbled).endswith("export it again as CSV (UTF-8) or .xlsx")
    assert not damage.garbled(written)


@pytest.mark.parametrize("title", ["???? ??", "Mug ????? ???", "Caf\ufffd", "锟斤拷锟斤拷"])
def test_lost_letters_are_told(tmp_path: Path, title: str) -> None:
    found = outcomes(tmp_path, f"M1,{title},290,THB,,,,https://s.example/1.jpg")
    told = [o.reason if isinstance(o, Reject) else o.message for o in found if isinstance(o, (Finding, Reject))]
    assert [t for t in told if "were lost when the file was saved" in t]
    assert any(isinstance(o, Product) for o in found) == (title != "???? ??")


@pytest.mark.parametrize("title", ["What is it??", "Ready??? Steel mug for hikers", "ÁO LÃ’S “DÂ”", "Nestlé® “Nido”™"])
def test_what_sellers_write_is_no_damage(title: str) -> None:
    assert not damage.garbled(title)
