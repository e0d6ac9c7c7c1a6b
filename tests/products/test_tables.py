"""Files of any kind as tables: which kind one is, its rows, or an error that says the way out. And JSON and Parquet."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from localize.errors import UserError
from localize.products import tables
from localize.products.tables import Row, Table
from localize.products.values import Number

REAL = Path(__file__).parents[3] / "shared" / "testdata" / "catalogs"


def table(path: Path, content: str | bytes) -> Table:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (found,) = tables.load(path)
    return found


def records(path: Path, content: str | bytes) -> list[dict[str, str]]:
    names, *rows = table(path, content).rows()
    assert names.number == 0
    return [dict(zip(names.cells, r.cells, strict=True)) for r in rows]


def test_a_row_is_blank_when_no_cell_says_anything() -> None:
    assert Row(1, ()).blank
    assert Row(1, ("", " \t\u3000", "")).blank
    assert not Row(1, ("", "0")).blank
    assert not Row(1, (), "a quotation mark is not closed").blank


# --- JSON ----------------------------------------------------------------------------------------------------------


def test_json_keeps_numbers_as_written_and_lists_as_lines(tmp_path: Path) -> None:
    rows = '[{"sku": "00123", "price": 89.10, "features": ["a", "b"]}, {"sku": 7, "price": 175.000, "new": true}]'
    for content in (rows, f'{{"products": {rows}, "count": 3}}', f'{{"data": {{"items": {rows}}}}}', f"\ufeff\n{rows}"):
        found = records(tmp_path / "shop.json", content)
        assert found == [
            {"sku": "00123", "price": "89.10", "features": "a\nb", "new": ""},
            {"sku": "7", "price": "175", "features": "", "new": "true"},
        ]
        assert isinstance(found[0]["price"], Number)


def test_objects_in_objects_have_a_column_for_each_of_their_fields(tmp_path: Path) -> None:
    product = {
        "title": "Mug", "vendor": {"name": "Clay & Co", "at": {"city": "Huế"}}, "images": [{"src": "a.jpg"}, {"src": "b.jpg"}],
        "variants": [{"sku": "M-1", "price": "9.00"}, {"sku": "M-2"}, {"sku": "M-3", "price": "7.00"}], "tags": ["a"], "options": [],
    }  # fmt: skip
    assert records(tmp_path / "shop.json", json.dumps({"products": [product]})) == [{
        "title": "Mug", "vendor.name": "Clay & Co", "vendor.at.city": "Huế", "images.src": "a.jpg\nb.jpg",
        "variants.sku": "M-1\nM-2\nM-3", "variants.price": "9.00\n\n7.00", "tags": "a", "options": "",
    }]  # fmt: skip


def test_the_list_of_products_is_found_among_others(tmp_path: Path) -> None:
    content = {"collections": [{"id": 1}], "products": [{"sku": "A"}], "currency": "THB"}
    assert records(tmp_path / "shop.json", json.dumps(content)) == [{"sku": "A"}]
    assert table(tmp_path / "shop.json", json.dumps(content)).notes == ("Of the lists in the file, 'products' was read, not 'collections'",)
    edges = {"data": {"products": {"edges": [{"cursor": "x", "node": {"sku": "A"}}], "pageInfo": {"hasNextPage": False}}}}
    assert records(tmp_path / "shop.json", json.dumps(edges)) == [{"sku": "A"}]
    one = {"sku": "A", "variants": [{"size": "S"}]}
    assert records(tmp_path / "shop.json", json.dumps(one)) == [{"sku": "A", "variants.size": "S"}]


def test_fields_of_free_names_do_not_become_columns_without_end(tmp_path: Path) -> None:
    products = [{"sku": f"A{n}", "specs": {f"code {n * 100 + i}": i for i in range(100)}} for n in range(20)]
    found = records(tmp_path / "shop.json", json.dumps(products))
    assert found[0].keys() == {"sku", "specs"}
    assert found[0]["specs"].startswith('{"code 0": ')


def test_json_lines_go_on_after_a_broken_line(tmp_path: Path) -> None:
    lines = ['{"sku": "A", "price": 1}', "", '{"sku": "B", "title": ', '{"sku": "C", "late": "\\ud800"},', "5"]
    names, *rows = table(tmp_path / "shop.jsonl", "\n".join(lines)).rows()
    assert names.cells == ("sku", "price", "late")
    assert [(r.number, r.cells) for r in rows] == [(1, ("A", "1", "")), (3, ()), (4, ("C", "", "?")), (5, ())]
    assert rows[1].trouble.startswith("this line is not a JSON object (")
    assert rows[3].trouble == "this is not a JSON object with named fields"


def test_json_lines_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    found = table(tmp_path / "shop.jsonl", '{"sku": "A"}\n' * 5_000)
    rows = iter(found.rows())
    next(rows)
    (tmp_path / "shop.jsonl").write_text('{"sku": "B"}\n' * 5_000)  # what is not in memory can still change
    assert {r.cells for r in rows} & {("B",)}


# --- Parquet -------------------------------------------------------------------------------------------------------


def test_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({
        "sku": ["00123", "B"], "price": pd.Series([89.1, 199.0], dtype="float32"), "features": [["a", "b"], None],
        "stock": pd.array([5, None], dtype="Int64"), "made": pd.to_datetime(["2026-05-01", None]), "new": np.array([True, False]),
    })  # fmt: skip
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    mug, lamp = records(tmp_path / "shop.csv", buffer.getvalue())
    assert mug.pop("made").startswith("2026-05-01T00:00")
    assert mug == {"sku": "00123", "price": "89.1", "features": "a\nb", "stock": "5", "new": "true"}
    assert (lamp["price"], lamp["features"], lamp["stock"], lamp["made"]) == ("199", "", "", "")


# --- what is no table ----------------------------------------------------------------------------------------------


def archive(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(name, "<workbook/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "way_out"),
    [
        (b"", "is empty"),
        (b"\xff\xfe", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b" \n\n", "is empty"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"\x89PNG\r\n", "is a picture"),
        (b"\x1f\x8b\x08", "is packed with gzip: unpack it"),
        (b"SQLite format 3\0", "is a database: export"),
        (b"\x09\x08\x10\x00\x00\x05\x05\x00", "is a spreadsheet in a form of the 1990s"),
        (b"MIME-Version: 1.0\r\n", "is a web page with its pictures in one file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "could not be opened as a workbook"),
        (b"<html><table>", "is a web page without a table"),
        (b"<a><b>1</b></a>", "is XML without a list of products"),
        (b"PAR1 and nothing else", "could not be read as Parquet"),
        (b"PK\x03\x04 and nothing else", "could not be opened as a workbook"),
        (archive("shop.csv"), "is a ZIP archive: unpack it"),
        (archive("xl/workbook.xml"), "could not be opened as a workbook"),
        (b'[{"sku": 1,', "is not sound JSON"),
        (bytes(range(32)) * 20, "is not a table"),
    ],
)
def test_what_is_no_table_says_what_to_do(tmp_path: Path, content: bytes, way_out: str) -> None:
    with pytest.raises(UserError, match=rf"shop\.csv {way_out}"):
        table(tmp_path / "shop.csv", content)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        tables.load(tmp_path / "none.csv")
    with pytest.raises(UserError, match="this is a folder"):
        tables.load(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared real catalogs are not on this machine")
def test_every_real_export_is_rows_without_trouble() -> None:
    for file in sorted(REAL.iterdir()):
        for found in tables.load(file):
            rows = list(found.rows())
            assert rows, found.where
            assert not [r for r in rows if r.trouble], found.where
            assert found.notes == (), found.where
            assert [r.number for r in rows] == sorted({r.number for r in rows}), found.where
            assert max(len(r.cells) for r in rows) <= tables.MAX_COLUMNS, found.where
