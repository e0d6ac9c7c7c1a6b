"""Files made to do harm, and files that chance has made: an error with a way out, or rows that can be read to the end."""

import copy
import io
import json
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localize.errors import UserError
from localize.products import tables

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def read(path: Path, content: bytes) -> list[tuple[str, int]]:
    """The tables and how many rows each has, when all of them have been read."""
    path.write_bytes(content)
    return [(t.sheet, sum(1 for _ in t.rows())) for t in tables.load(path)]


def parts() -> dict[str, Any]:
    """What is in a small sound workbook."""
    book = openpyxl.Workbook()
    book.active.append(["sku", "title"])
    book.active.append(["A", "Mug"])
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(content: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def sheet(rows: str) -> str:
    return f"<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>"


def refused(path: Path, content: bytes) -> str:
    with pytest.raises(UserError, match=path.name) as error:
        read(path, content)
    return str(error.value)


# --- archives ------------------------------------------------------------------------------------------------------


def test_a_part_that_unpacks_to_too_much(tmp_path: Path) -> None:
    content = packed({**parts(), SHEET: b" " * 201_000_000})
    assert len(content) < 2_000_000
    assert "unpacks to more than 200 MB" in refused(tmp_path / "shop.xlsx", content)
    # As a picture it would never be unpacked.
    assert read(tmp_path / "shop.xlsx", packed({**parts(), "xl/media/image1.bmp": b" " * 201_000_000})) == [("Sheet", 2)]


def test_a_size_that_the_archive_lies_about(tmp_path: Path) -> None:
    content = bytearray(packed({**parts(), SHEET: sheet(f"<row><c><v>{'1' * 1_000_000}</v></c></row>")}))
    at = content.rindex(SHEET.encode()) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = struct.pack("<I", 100)
    assert "could not be opened as a workbook" in refused(tmp_path / "shop.xlsx", bytes(content))


def test_many_names_for_one_large_part(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts().items():
            archive.writestr(name, part)
        archive.writestr("xl/worksheets/sheet0.xml", b" " * 2_000_000)
        for n in range(1_000):
            again = copy.copy(archive.getinfo("xl/worksheets/sheet0.xml"))
            again.filename = again.orig_filename = f"xl/worksheets/s{n}.xml"
            archive.filelist.append(again)
    assert "could not be opened as a workbook" in refused(tmp_path / "shop.xlsx", buffer.getvalue())


def test_ten_thousand_parts(tmp_path: Path) -> None:
    content = packed({**parts(), **{f"xl/worksheets/s{n}.xml": "<a/>" for n in range(10_000)}})
    assert "is an archive of more files than any workbook has" in refused(tmp_path / "shop.xlsx", content)


def test_the_archive_that_was_checked_is_the_one_that_is_read(tmp_path: Path) -> None:
    # Two archives in one file: what the first says is not looked at by one library and believed by the other.
    first = packed({**parts(), SHEET: sheet("<row><c><v>1</v></c></row>" * 9)})
    assert read(tmp_path / "shop.xlsx", first + packed(parts())) == [("Sheet", 2)]
    # And two parts of one name.
    twice = packed({"xl/worksheets/sheet2.xml": sheet("<row><c><v>1</v></c></row>" * 9), **parts()})
    assert read(tmp_path / "shop.xlsx", twice.replace(b"sheet2.xml", b"sheet1.xml")) == [("Sheet", 2)]


def test_archives_that_are_no_workbook(tmp_path: Path) -> None:
    assert "is a ZIP archive: unpack it" in refused(tmp_path / "shop.xlsx", packed({"shop.csv": "sku,title", "shop.xlsx": packed(parts())}))
    locked = bytearray(packed(parts()))
    for at in (i for i in range(len(locked)) if locked[i : i + 4] == b"PK\x01\x02"):
        locked[at + 8] |= 1
    assert "has a password" in refused(tmp_path / "shop.xlsx", bytes(locked))


# --- XML -----------------------------------------------------------------------------------------------------------

LAUGHS = '<!DOCTYPE sst [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
ELSEWHERE = '<!DOCTYPE sst [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [LAUGHS, ELSEWHERE, f"<!--{'x' * 100_000}-->{LAUGHS}"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_in_a_workbook(tmp_path: Path, doctype: str, encoding: str) -> None:
    strings = f'<?xml version="1.0" encoding="{encoding}"?>{doctype}<sst {MAIN}><si><t>&b;</t></si></sst>'
    message = refused(tmp_path / "shop.xlsx", packed({**parts(), STRINGS: strings.encode(encoding)}))
    assert "has XML entity declarations, which no spreadsheet writes" in message


@pytest.mark.parametrize("doctype", [LAUGHS, ELSEWHERE, f"<!--{'x' * 100_000}-->{LAUGHS}"])
def test_entities_in_a_feed_and_in_excel_2003_s_xml(tmp_path: Path, doctype: str) -> None:
    content = f"{doctype}<rss><channel><item><id>1</id><title>&b;</title></item></channel></rss>"
    assert "has a DOCTYPE" in refused(tmp_path / "feed.xml", content.encode())
    book = f"{doctype}<Workbook><Worksheet><Table><Row><Cell><Data>&b;</Data></Cell></Row></Table></Worksheet></Workbook>"
    assert "has a DOCTYPE" in refused(tmp_path / "shop.xls", f'<?xml version="1.0"?>{book}'.encode())


# --- more than a machine has ---------------------------------------------------------------------------------------


def test_two_cells_that_would_be_a_rectangle_of_terabytes(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="ABC1048576"><v>2</v></c></row>'
    message = refused(tmp_path / "shop.xlsx", packed({**parts(), SHEET: sheet(rows)}))
    assert "needs more memory or time than a workbook may: delete what stands far below or beside the table" in message
    cell = '<table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="1"/>'
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    content = (
        f'<x xmlns:office="o" xmlns:table="t"><office:spreadsheet><table:table table:name="P">{row}</table:table></office:spreadsheet></x>'
    )
    ods = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content, "META-INF/manifest.xml": "<a/>"}
    refused(tmp_path / "shop.ods", packed(ods))


def test_a_gap_of_a_thousand_cells_in_every_row(tmp_path: Path) -> None:
    row = '<Row><Cell Index="1024"><Data>1</Data></Cell></Row>' * 20_000
    book = f'<?xml version="1.0"?><Workbook><Worksheet><Table>{row}</Table></Worksheet></Workbook>'
    assert "has more than 20,000,000 cells" in refused(tmp_path / "shop.xls", book.encode())


@pytest.mark.parametrize("content", [b"[" * 1_000_000, b'{"a":' * 100_000, b"<a>" * 200_000, b"<table>" + b"<tr><td>" * 50_000])
def test_depth_without_end(tmp_path: Path, content: bytes) -> None:
    refused(tmp_path / "shop.json", content)


# --- chance --------------------------------------------------------------------------------------------------------


def survives(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            read(Path(folder) / "shop.csv", content)
        except UserError as error:
            assert "shop.csv" in str(error)  # noqa: PT017  both ends are right


MAGIC = st.sampled_from([
    b"sep=;\n",
    b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0", b"{", b'[{"', b"<rss><channel><item>", b"<table><tr>", b"\xff\xfe", b"\xef\xbb\xbf",
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda v: st.lists(v) | st.dictionaries(st.text(max_size=5), v),
    max_leaves=8,
)


@given(st.one_of(st.binary(max_size=2_000), st.builds(bytes.__add__, MAGIC, st.binary(max_size=500))))
@settings(max_examples=100, deadline=None)
def test_random_bytes(content: bytes) -> None:
    survives(content)


@given(st.text(alphabet='abก杯đ,;|\t"\r\n\0 {}[]:<>&1', max_size=300), st.sampled_from(["utf-8", "utf-16-le", "gb18030", "utf-8-sig"]))
@settings(max_examples=100, deadline=None)
def test_random_text(content: str, encoding: str) -> None:
    survives(content.encode(encoding, "replace"))


@given(st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), max_size=4), st.booleans())
@settings(max_examples=40, deadline=None)
def test_random_json(records: list[dict[str, Any]], lines: bool) -> None:
    survives("\n".join(map(json.dumps, records)).encode() if lines else json.dumps({"products": records}).encode())


SOUND = {
    "xlsx": packed(parts()),
    "csv": "sku,title\nA,\"15 inch\nB,แก้ว\n".encode("cp874") * 9,
    "xml": b'<?xml version="1.0"?><rss><channel><item><g:id>1</g:id><t>A &amp; B</t></item><item><g:id>2</g:id></item></channel></rss>',
    "xls": b"<html><table><tr><td>sku<td rowspan=2 colspan=3>title<tr><td>A<td>1</table></html>",
    "jsonl": b'{"sku": "A", "v": [{"p": 1}]}\n{"sku": "B"}\n',
}  # fmt: skip


@pytest.mark.parametrize("kind", SOUND)
@given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6), end=st.integers(1, 10_000))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_and_truncated_files(kind: str, changes: list[tuple[int, int]], end: int) -> None:
    damaged = bytearray(SOUND[kind])
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    survives(bytes(damaged[: end % len(damaged) + 1] if end % 3 == 0 else damaged))
