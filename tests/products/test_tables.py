"""Files of every kind and condition as rows of text: the same three products, or an error that says the way out."""

import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localize import products
from localize.errors import UserError
from localize.products import tables

CATALOGS = Path(__file__).parents[1] / "fixtures" / "catalogs"
REAL = Path(__file__).parents[3] / "shared" / "testdata" / "catalogs"
CSV = "sku,title,price,features\n00123,Mug,199,a|b|c\n7,Lamp,89.10,\n"


def cells(path: Path) -> list[tuple[int, tuple[str, ...]]]:
    (table,) = tables.load(path)
    return [(r.number, r.cells) for r in table.rows()]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def account(path: Path) -> tuple[int, int]:
    """How many products and rejects a file gives, none of its rows lost."""
    catalog = products.read(path, currency="THB")
    assert catalog.rows == len(catalog.products) + len(catalog.rejects)
    return len(catalog.products), len(catalog.rejects)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"])
def test_delimited_text_in_any_encoding_under_any_name(tmp_path: Path, delimiter: str, encoding: str) -> None:
    title = "不锈钢保温杯，大容量" if encoding == "gb18030" else "Cốc gốm แก้ว 杯"
    file = write(tmp_path / "shop.dat", f"sku;title;price\r\n00123;{title};1290\r\n".replace(";", delimiter).encode(encoding))
    assert cells(file) == [(1, ("sku", "title", "price")), (2, ("00123", title, "1290"))]


def test_bars_between_features_are_not_taken_for_the_delimiter(tmp_path: Path) -> None:
    assert cells(write(tmp_path / "shop.csv", CSV))[1] == (2, ("00123", "Mug", "199", "a|b|c"))


def test_thai_in_its_old_encoding_is_not_read_as_chinese(tmp_path: Path) -> None:
    title = "แก้วเซรามิกเคลือบสองชั้น เก็บความร้อนได้นาน"
    file = write(tmp_path / "shop.csv", ("sku,title,price\n" + f"A,{title},290\n" * 5).encode("cp874"))
    (table,) = tables.load(file)
    assert list(table.rows())[1].cells[1] == title
    assert "was read as" in table.notes[0]


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    file = write(tmp_path / "shop.csv", 'sku,title,price\n\nA,"two\nlines",1\nB,one,2\n')
    assert [n for n, _ in cells(file)] == [1, 2, 3, 4]
    assert cells(file)[2][1] == ("A", "two\nlines", "1")


def test_excel_s_separator_line_is_obeyed_and_not_counted(tmp_path: Path) -> None:
    assert cells(write(tmp_path / "shop.csv", "sep=;\r\nsku;title\r\nA;x,y\r\n")) == [(1, ("sku", "title")), (2, ("A", "x,y"))]


def test_a_quotation_mark_that_is_never_closed_costs_its_row_and_says_where(tmp_path: Path) -> None:
    file = write(tmp_path / "shop.csv", 'sku,title,price\nA,Mug,1\nB,"15 inch,2\nC,Lamp,3\n')
    assert account(file) == (1, 1)
    (reject,) = products.read(file, currency="THB").rejects
    assert (reject.row, reject.sku) == (3, "B")
    assert reject.reason == "a quotation mark in line 3 is never closed: close or remove it"


def test_a_cell_too_long_for_any_table_costs_its_row_and_reading_goes_on(tmp_path: Path) -> None:
    lines = "".join(f"M{n},Mug {'x' * 90},{n}\n" for n in range(1, 2_000))
    file = write(tmp_path / "shop.csv", f'sku,title,price\nA,"15 inch,2\n{lines}Z,Lamp,3\n')
    catalog = products.read(file, currency="THB")
    assert "a quotation mark in line 2 is not closed before line" in catalog.rejects[0].reason
    assert catalog.products[-1].sku == "Z"
    assert catalog.rows == len(catalog.products) + len(catalog.rejects)


def test_workbooks_keep_the_digits_they_show(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["sku", "title", "price"],
        [123.0, "Mug", 199],
        ["00123", "Lamp", 89.1],
        [None, None, None],
        [8850123456789, "Lid", 0.1 + 0.2],
    ):
        sheet.append(row)
    book.save(tmp_path / "shop.csv")  # known by its content, not by its name
    assert cells(tmp_path / "shop.csv") == [
        (1, ("sku", "title", "price")), (2, ("123", "Mug", "199")), (3, ("00123", "Lamp", "89.1")), (5, ("8850123456789", "Lid", "0.3")),
    ]  # fmt: skip


def test_the_visible_sheet_with_our_columns_is_read_and_formulas_are_not_run(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["how to fill this in"])
    hidden = book.create_sheet("old")
    hidden.sheet_state = "hidden"
    hidden.append(["sku", "title", "price"])
    sheet = book.create_sheet("products")
    sheet.append(["sku", "title", "price"])
    sheet.append(["A", '=HYPERLINK("http://x")', 199])
    book.save(tmp_path / "shop.xlsx")
    catalog = products.read(tmp_path / "shop.xlsx", currency="THB")
    assert "sheet 'products'; not read: 'Sheet'" in catalog.warnings[0].message
    assert catalog.rejects[0].column == "title"  # the workbook was saved with no value for the formula


def test_one_stray_cell_far_away_costs_nothing(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["sku", "title", "price"])
    book.active["XFD5000"] = "oops"
    book.save(tmp_path / "shop.xlsx")
    with pytest.raises(UserError, match="no products below"):
        products.read(tmp_path / "shop.xlsx")


def test_json_keeps_numbers_as_written_and_lists_as_lists(tmp_path: Path) -> None:
    rows = '[{"sku": "00123", "title": "Mug", "price": 89.10, "features": ["a", "b"]}, {"sku": 7, "title": "Lamp", "price": 175.000}, 5]'
    for content in (rows, f'{{"products": {rows}, "count": 3}}'):
        file = write(tmp_path / "shop.json", content)
        catalog = products.read(file, currency="THB")
        mug, lamp = catalog.products
        assert (mug.sku, mug.features, mug.price.amount) == ("00123", ("a", "b"), Decimal("89.10"))
        assert (lamp.sku, lamp.price.amount) == ("7", 175)
        assert (catalog.rejects[0].row, catalog.rejects[0].reason) == (3, "this is not a JSON object with named fields")


def test_json_lines_go_on_after_a_broken_line(tmp_path: Path) -> None:
    lines = ['{"sku": "A", "title": "Mug", "price": 1}', "", '{"sku": "B", "title": ', '{"sku": "C", "title": "\\ud800", "price": 2}']
    catalog = products.read(write(tmp_path / "shop.jsonl", "\n".join(lines)), currency="THB")
    assert [p.sku for p in catalog.products] == ["A", "C"]
    assert catalog.rejects[0].row == 3
    assert "not a JSON object" in catalog.rejects[0].reason


def test_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({
        "sku": ["00123", "B"], "title": ["Mug", "Lamp"], "price": pd.Series([89.1, 199.0], dtype="float32"), "features": [["a", "b"], None],
    })  # fmt: skip
    frame.to_parquet(tmp_path / "shop.parquet")
    mug, lamp = products.read(tmp_path / "shop.parquet", currency="THB").products
    assert (mug.sku, mug.price.amount, mug.features) == ("00123", Decimal("89.1"), ("a", "b"))
    assert (lamp.price.amount, lamp.features) == (199, ())


def packed(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ENTITY = '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]><workbook>&a;</workbook>'


@pytest.mark.parametrize(
    ("content", "way_out"),
    [
        (b"", "is empty"),
        (b"\xff\xfe", "is empty"),
        (b" \n\n", "is empty"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"\x89PNG\r\n", "is a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "save it as .xlsx"),
        (b"<html><table>", "is a web page or an XML feed"),
        (b"PAR1 and nothing else", "could not be read as Parquet"),
        (b"PK\x03\x04 and nothing else", "is a damaged workbook"),
        (packed({"shop.csv": CSV}), "is a ZIP archive: unpack it"),
        (packed({"content.xml": "<office/>"}), "is an OpenDocument file"),
        (packed({"xl/workbook.xml": "<workbook/>"}), "could not be opened as a workbook"),
        (packed({"xl/workbook.xml": ENTITY}), "has XML entity declarations"),
        (packed({"xl/workbook.xml": "<workbook/>", "xl/media/a.bin": "0" * 250_000_000}), "unpacks to 250 MB"),
        (b'[{"sku": 1,', "is not sound JSON"),
        (b"[" * 100_000, "is not sound JSON"),
        (b"[[[1]]]", "no column 'sku'"),
        (bytes(range(32)) * 20, "is not a table"),
        (b"just a note to myself", "no column 'sku'"),
    ],
)
def test_what_is_no_catalog_says_what_to_do(tmp_path: Path, content: bytes, way_out: str) -> None:
    with pytest.raises(UserError, match=way_out) as error:
        products.read(write(tmp_path / "shop.csv", content))
    assert "shop.csv" in str(error.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        products.read(tmp_path / "none.csv")
    with pytest.raises(UserError, match="this is a folder"):
        products.read(tmp_path)


MAGIC = st.sampled_from([b"PK\x03\x04", b"PAR1", b"{", b'[{"', b"\xff\xfe", b"sku,title,price\n"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda v: st.lists(v) | st.dictionaries(st.text(max_size=5), v),
    max_leaves=8,
)
ANYTHING = st.one_of(
    st.binary(max_size=2000),
    st.builds(bytes.__add__, MAGIC, st.binary(max_size=500)),
    st.text(max_size=500).map(lambda text: ("sku,title,price,images\n" + text).encode("utf-8", "replace")),
    VALUES.map(lambda value: json.dumps([{"sku": "A", "title": value, "price": value, "images": value}]).encode()),
)


@given(ANYTHING)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_are_an_account_or_a_user_error(tmp_path: Path, content: bytes) -> None:
    try:
        account(write(tmp_path / "shop.csv", content))
    except UserError as error:
        assert "shop.csv" in str(error)  # noqa: PT017  both ends are right


def workbook() -> bytes:
    book: Any = openpyxl.Workbook()
    book.active.append(["sku", "title", "price"])
    book.active.append(["A", "Mug", 290])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


WORKBOOK = workbook()


@given(st.lists(st.tuples(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255)), max_size=8), st.integers(1, len(WORKBOOK)))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_workbooks_are_an_account_or_a_user_error(tmp_path: Path, changes: list[tuple[int, int]], end: int) -> None:
    damaged = bytearray(WORKBOOK)
    for at, byte in changes:
        damaged[at] = byte
    try:
        account(write(tmp_path / "shop.xlsx", bytes(damaged[:end] if end % 3 == 0 else damaged)))
    except UserError as error:
        assert "shop.xlsx" in str(error)  # noqa: PT017


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared real catalogs are not on this machine")
def test_real_exports_are_an_account_or_a_user_error() -> None:
    for file in sorted(REAL.iterdir()):
        try:
            account(file)
        except UserError as error:
            assert file.name in str(error)  # noqa: PT017
