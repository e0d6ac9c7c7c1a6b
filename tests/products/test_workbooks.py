"""Workbooks and the web pages that shop systems call workbooks: the cells as a spreadsheet shows them."""

import io
import struct
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from localize.errors import UserError
from localize.products import tables
from localize.products.tables import Row, Table
from localize.products.values import Number

REAL = Path(__file__).parents[3] / "shared" / "testdata" / "catalogs"


def saved(rows: list[list[Any]], path: Path) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def edited(path: Path, part: str, change: tuple[str, str]) -> Path:
    """The workbook with a text in one of its parts replaced."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert change[0] in parts[part].decode()
    parts[part] = parts[part].decode().replace(*change).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def only(path: Path) -> Table:
    (table,) = tables.load(path)
    return table


def cells(path: Path) -> list[tuple[int, tuple[str, ...]]]:
    return [(r.number, r.cells) for r in only(path).rows()]


def test_numbers_keep_the_digits_they_show(tmp_path: Path) -> None:
    rows = [["sku", "price"], [8850123456789, 970.0], ["00123", 89.1], [2.0e12, 0.1 + 0.2], [7, 16423.34]]
    file = saved(rows, tmp_path / "shop.xlsx")
    assert [c for _, c in cells(file)] == [
        ("sku", "price"), ("8850123456789", "970"), ("00123", "89.1"), ("2000000000000", "0.3"), ("7", "16423.34"),
    ]  # fmt: skip
    kinds = [[isinstance(c, Number) for c in row.cells] for row in only(file).rows()]
    assert kinds == [[False, False], [True, True], [False, True], [True, True], [True, True]]


def test_dates_booleans_errors_and_formulas(tmp_path: Path) -> None:
    rows = [[datetime(2026, 5, 1), datetime(2026, 5, 1, 12, 30), True, "=1+1", "#N/A", "last"]]
    file = saved(rows, tmp_path / "shop.xlsx")
    # A formula that no spreadsheet has worked out has no value; an error is none.
    assert cells(file) == [(1, ("2026-05-01", "2026-05-01T12:30:00", "true", "", "", "last"))]
    worked_out = edited(file, "xl/worksheets/sheet1.xml", ("<f>1+1</f><v />", "<f>1+1</f><v>2</v>"))
    assert cells(worked_out)[0][1][3] == "2"


def test_rows_and_columns_are_where_the_spreadsheet_shows_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["B3"], book.active["C5"] = "sku", "A"
    book.save(tmp_path / "shop.xlsx")
    assert cells(tmp_path / "shop.xlsx") == [(3, ("", "sku")), (5, ("", "", "A"))]


def test_merged_cells_have_their_value_in_the_first(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["sku", "price", None])
    book.active.append(["A", 1, 2])
    book.active.merge_cells("B1:C1")
    book.save(tmp_path / "shop.xlsx")
    assert cells(tmp_path / "shop.xlsx") == [(1, ("sku", "price")), (2, ("A", "1", "2"))]


def test_escaped_characters_are_what_they_stand_for(tmp_path: Path) -> None:
    file = saved([["a_x000D_\nb", "_x005F_x000D_", "_xABC_"]], tmp_path / "shop.xlsx")
    assert cells(file)[0][1] == ("a\r\nb", "_x000D_", "_xABC_")


def test_hidden_sheets_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "products"
    book.active.append(["sku"])
    for state in ("hidden", "veryHidden", "visible"):
        sheet = book.create_sheet(state)
        sheet.sheet_state = state
        if state != "visible":
            sheet.append(["old"])
    book.create_sheet("more").append(["note"])
    book.save(tmp_path / "shop.xlsx")
    assert [t.sheet for t in tables.load(tmp_path / "shop.xlsx")] == ["products", "more"]
    assert tables.load(tmp_path / "shop.xlsx")[0].where == "shop.xlsx, sheet 'products'"


def test_a_workbook_with_nothing_to_see_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no visible sheet with anything in it"):
        tables.load(saved([], tmp_path / "shop.xlsx"))


def test_one_stray_cell_far_to_the_right_costs_nothing(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["sku"])
    book.active["AMJ2"], book.active["AMK2"], book.active["XFD5000"] = "kept", "gone", 5
    book.save(tmp_path / "shop.xlsx")
    found = cells(tmp_path / "shop.xlsx")
    assert [n for n, _ in found] == [1, 2]
    assert (len(found[1][1]), found[1][1][-1]) == (tables.MAX_COLUMNS, "kept")


def test_a_pane_name_that_openpyxl_refuses_is_no_trouble(tmp_path: Path) -> None:
    file = saved([["sku"], ["A"]], tmp_path / "shop.xlsx")
    pane = '<sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottom_left" state="frozen"/></sheetView>'
    edited(file, "xl/worksheets/sheet1.xml", ("<sheetData>", f"<!-- --><sheetViews>{pane}</sheetViews><sheetData>"))
    edited(file, "xl/worksheets/sheet1.xml", ('<dimension ref="A1:A2" />', '<dimension ref="A1" />'))
    assert cells(file) == [(1, ("sku",)), (2, ("A",))]


def test_pictures_in_a_workbook_are_not_unpacked(tmp_path: Path) -> None:
    file = saved([["sku"]], tmp_path / "shop.xlsx")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("xl/media/image1.png", b"no picture")
        archive.writestr("xl/externalLinks/externalLink1.xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "http://x/">]><a>&b;</a>')
    assert cells(file) == [(1, ("sku",))]


OPEN_DOCUMENT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    "<office:body><office:spreadsheet>"
    '<table:table table:name="P"><table:table-row>'
    '<table:table-cell office:value-type="string"><text:p>แก้ว</text:p></table:table-cell>'
    '<table:table-cell office:value-type="float" office:value="970"><text:p>970.00</text:p></table:table-cell>'
    "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
)


def test_open_document_spreadsheets(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.xlsx", "w") as archive:  # known by its content, not by its name
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", OPEN_DOCUMENT)
        archive.writestr("META-INF/manifest.xml", '<manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
    assert cells(tmp_path / "shop.xlsx") == [(1, ("แก้ว", "970"))]


def old_workbook(rows: list[list[str | float]], stream: str = "Workbook") -> bytes:
    """An .xls: BIFF8 records of one sheet, in the container that Excel 97 puts them in."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    body = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, str):
                body += record(0x204, struct.pack("<HHHHB", r, c, 0, len(value), 1) + value.encode("utf-16-le"))
            else:
                body += record(0x203, struct.pack("<HHHd", r, c, 0, value))
    start = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)) + record(0x42, struct.pack("<H", 1200))
    sheet = record(0x85, struct.pack("<IHBB", len(start) + 13 + 4, 0, 1, 0) + b"P")
    content = (start + sheet + record(0x0A, b"") + body + record(0x0A, b"")).ljust(4096, b"\0")
    sectors = -(-len(content) // 512)
    chain = [*range(1, sectors), 0xFFFFFFFE, 0xFFFFFFFE, 0xFFFFFFFD]  # the stream, the directory, this table
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<IIIIIIII", 1, sectors, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", sectors + 1)
    entries = b""
    for name, kind, child, first, size in (("Root Entry", 5, 1, 0xFFFFFFFE, 0), (stream, 2, 0xFFFFFFFF, 0, len(content))):
        letters = name.encode("utf-16-le") + b"\0\0"
        entries += letters.ljust(64, b"\0") + struct.pack("<HBBIII", len(letters), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        entries += bytes(36) + struct.pack("<IQ", first, size)
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    return head.ljust(512, b"\xff") + content.ljust(sectors * 512, b"\0") + entries.ljust(512, b"\0") + table


@pytest.mark.parametrize("name", ["shop.xls", "shop.xlsx", "shop.csv"])
def test_old_workbooks_under_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(old_workbook([["货号", "价格"], ["00123", 970.0]]))
    assert cells(tmp_path / name) == [(1, ("货号", "价格")), (2, ("00123", "970"))]


def test_new_workbooks_under_an_old_name(tmp_path: Path) -> None:
    assert cells(saved([["sku"], ["A"]], tmp_path / "shop.xlsx").rename(tmp_path / "shop.xls")) == [(1, ("sku",)), (2, ("A",))]


def test_a_password_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "shop.xlsx").write_bytes(old_workbook([], stream="EncryptedPackage"))
    with pytest.raises(UserError, match=r"shop\.xlsx has a password: open it, take the password off and save it again"):
        tables.load(tmp_path / "shop.xlsx")


def test_a_document_of_another_program_is_told_as_none(tmp_path: Path) -> None:
    (tmp_path / "shop.xls").write_bytes(old_workbook([["A"]], stream="WordDocument"))
    with pytest.raises(UserError, match="could not be opened as a workbook"):
        tables.load(tmp_path / "shop.xls")


# --- under the name of a workbook ----------------------------------------------------------------------------------

PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>
<meta http-equiv=Content-Type content="text/html; charset={charset}"></head><body><table border=1>
<tr><th>货号</th><th>标题</th><th colspan=2>价格</th></tr>
<tr><td>001</td><td rowspan=2>保温<br>杯 &amp; 盖</td><td>89.10</td><td><img src="http://a/b.jpg"></td></tr>
<tr><td>002</td><td>99</td></tr></table></body></html>"""


@pytest.mark.parametrize(("charset", "encoding"), [("utf-8", "utf-8"), ("gb2312", "gb18030"), ("utf-8", "gb18030"), ("nonsense", "utf-16")])
def test_a_web_page_called_xls_is_its_table(tmp_path: Path, charset: str, encoding: str) -> None:
    (tmp_path / "shop.xls").write_bytes(PAGE.format(charset=charset).encode(encoding))
    assert cells(tmp_path / "shop.xls") == [
        (1, ("货号", "标题", "价格")),
        (2, ("001", "保温\n杯 & 盖", "89.10", "http://a/b.jpg")),
        (3, ("002", "", "99")),
    ]


def test_of_a_web_page_each_table_is_one(tmp_path: Path) -> None:
    one = "<table><tbody><tr><td>sku<td>price<tr><td>A<td>1</table>"
    menu = "<table><tr><td>Home</table>"
    (tmp_path / "shop.html").write_text(f"<!DOCTYPE html><body>{menu}{one}{one}")
    assert [t.sheet for t in tables.load(tmp_path / "shop.html")] == ["table 1", "table 2"]


def test_a_web_page_without_a_table_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "shop.html").write_text("<!doctype html><html><body><h1>Our shop</h1></body></html>")
    with pytest.raises(UserError, match=r"shop\.html is a web page without a table of products: export"):
        tables.load(tmp_path / "shop.html")


SPREADSHEET_ML = """<?xml version="1.0" encoding="{0}"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:x="urn:schemas-microsoft-com:office:excel">
<Worksheet ss:Name="商品"><Table><Row><Cell><Data ss:Type="String">货号</Data><Comment><ss:Data>a note</ss:Data></Comment></Cell></Row>
<Row ss:Index="4"><Cell ss:Index="2"><Data ss:Type="Number">970</Data></Cell><Cell ss:MergeAcross="1"><ss:Data ss:Type="String">a<B>b</B>
</ss:Data></Cell><Cell><Data ss:Type="DateTime">2026-05-01T00:00:00.000</Data></Cell><Cell><Data ss:Type="Error">#N/A</Data></Cell></Row>
</Table></Worksheet><Worksheet ss:Name="old"><Table><Row><Cell><Data ss:Type="String">x</Data></Cell></Row></Table>
<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet></Workbook>"""


@pytest.mark.parametrize("encoding", ["UTF-8", "GB2312"])
def test_excel_2003_s_xml(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "shop.xls").write_bytes(SPREADSHEET_ML.format(encoding).encode(encoding))
    assert only(tmp_path / "shop.xls").sheet == "商品"
    assert cells(tmp_path / "shop.xls") == [(1, ("货号",)), (4, ("", "970", "ab\n", "", "2026-05-01"))]


def test_tab_separated_text_called_xls(tmp_path: Path) -> None:
    (tmp_path / "shop.xls").write_bytes("货号\t标题\r\n001\t不锈钢保温杯\r\n".encode("gb18030"))
    assert cells(tmp_path / "shop.xls") == [(1, ("货号", "标题")), (2, ("001", "不锈钢保温杯"))]


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared real catalogs are not on this machine")
def test_real_workbooks_that_openpyxl_can_t_open() -> None:
    basic = only(REAL / "shopee_export_2026_sg_basic_info.xlsx")
    rows = list(basic.rows())
    assert rows[0].cells[:2] == ("et_title_product_id", "et_title_parent_sku")
    assert (rows[-1].number, isinstance(rows[-1].cells[0], str)) == (36, True)
    (skus,) = tables.load(REAL / "zh_taobao_sku_upload_template.xls")  # its second sheet is hidden
    assert (skus.sheet, list(skus.rows())[1].cells[:3]) == ("sku批量上传", ("颜色分类", "尺码", "价格"))


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared real catalogs are not on this machine")
@pytest.mark.parametrize("name", ["shopee_real_filled_rajakoko_id.xlsx", "bagisto_products.xlsx", "zh_jd_furniture_fullwidth_yen.xlsx"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_real_workbooks_are_read_as_openpyxl_reads_them(name: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO((REAL / name).read_bytes()), data_only=True)
    for table in tables.load(REAL / name):
        sheet = book[table.sheet]
        for row in table.rows():
            shown = [sheet.cell(row.number, c).value for c in range(1, len(row.cells) + 1)]
            assert [tables.text(v) for v in shown] == list(row.cells), row.number


def test_rows_are_rows(tmp_path: Path) -> None:
    assert list(only(saved([["sku"]], tmp_path / "shop.xlsx")).rows()) == [Row(1, ("sku",))]
