"""Prices whose currency stands in the spreadsheet's number format and not in the cell."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest

from localize.domain import Finding, Product, Reject
from localize.products import Asked, open_catalog, prices, selling, tables
from localize.products.tables import formats
from localize.products.tables.rows import Row
from localize.products.values import Formatted, Number

ACCOUNTING = '_-[$฿-41E]* #,##0.00_-;\\-[$฿-41E]* #,##0.00_-;_-[$฿-41E]* "-"??_-;_-@_-'


@pytest.mark.parametrize(
    ("code", "currency"),
    [
        ("[$RM-43E]#,##0.00", "MYR"),
        ("[$RM-4409]#,##0.00", "MYR"),
        ('"US$"0.00', "USD"),
        ("US$0.00", "USD"),
        ('"US" $0.00', "USD"),
        ("\\R\\p\\ #,##0", "IDR"),
        ("_-[$Rp-421]* #,##0", "IDR"),
        ("#,##0\\ [$₫-42A]", "VND"),
        ('"฿"#,##0', "THB"),
        (ACCOUNTING, "THB"),
        ("[$THB] #,##0", "THB"),
        ('[Red]0;"฿"0', "THB"),
        ("[$¥-804]#,##0.00", "CNY"),
        ("[$￥-804]#,##0.00", "CNY"),
        ("[$¥-zh-CN]#,##0.00", "CNY"),
        ("[$¥-411]#,##0", "JPY"),
        ("[$$-409]#,##0.00", "USD"),
        ("[$$-1004]#,##0.00", "SGD"),
        ("[$$-4809]#,##0.00", "SGD"),
        ("[$$-C04]#,##0.00", "HKD"),
        ("[$$-404]#,##0.00", "TWD"),
        ("[$$-D000404]#,##0.00", "TWD"),
        # As the written signs, these may be several currencies'.
        ('_("$"* #,##0.00_)', "$"),
        ("$#,##0", "$"),
        ('"¥"#,##0', "¥"),
        ("[$$-41E]0", "$"),
        *((none, "") for none in ("General", "0.00", "#,##0", "0%", "0.00E+00", '0" pcs"', "[$-409]d-mmm", "d/m/yyyy", "Fixed", "Percent")),
    ],
)
def test_a_format_says_its_currency(code: str, currency: str) -> None:
    assert formats.currency(code) == currency


def priced(path: Path, *cells: tuple[float | str, str], header: str = "price") -> Path:
    """A workbook of one product a cell, each with its number format."""
    book = openpyxl.Workbook()
    book.active.append(["sku", "title", header, "category"])
    for n, (price, code) in enumerate(cells):
        book.active.append([f"MUG-{n}", f"Enamel mug number {n}", price, "Kitchen"])
        book.active.cell(n + 2, 3).number_format = code
    book.save(path)
    return path


def outcomes(path: Path, currency: str = "THB") -> list[Product | Reject | Finding]:
    return [o for o in open_catalog([path], Asked(language="en", currency=currency)) if isinstance(o, (Product, Reject, Finding))]


def read(path: Path, currency: str = "THB") -> list[str]:
    """What becomes of the prices: an amount with its currency, or why it is none."""
    found = [o for o in outcomes(path, currency) if not isinstance(o, Finding)]
    return [f"{o.price.amount} {o.price.currency}" if isinstance(o, Product) else o.reason for o in found]


@pytest.mark.parametrize("header", ["price", "Selling price"])  # the native format, and any table
def test_a_price_has_the_currency_that_excel_shows(tmp_path: Path, header: str) -> None:
    cells = [(12.5, '"US$"0.00'), (12.5, "[$RM-43E]#,##0.00"), (350_000, "#,##0 [$₫-42A]"), (1290, ACCOUNTING), (1290.5, "0.00")]
    expected = ["12.50 USD", "12.50 MYR", "350000 VND", "1290 THB", "1290.5 THB"]
    assert read(priced(tmp_path / "shop.xlsx", *cells, header=header)) == expected


def test_a_sign_of_several_currencies_is_as_good_as_a_written_one(tmp_path: Path) -> None:
    file = priced(tmp_path / "shop.xlsx", (12.5, "$0.00"))
    assert read(file, "SGD") == ["12.50 SGD"]
    assert read(file, "THB")[0].startswith("the price '$12.50' may be in USD, SGD,")


def test_formats_tell_the_currency_of_a_catalog_that_names_none(tmp_path: Path) -> None:
    file = priced(tmp_path / "shop.xlsx", (12.5, '"US$"0.00'), (13, '"US$"0.00'), (14, "0.00"))
    assert read(file, "") == ["12.50 USD", "13 USD", "14 USD"]
    warnings = [o.message for o in outcomes(file) if isinstance(o, Finding) and o.severity == "warn"]
    assert any("signs in the prices say USD, and prices without one are read as THB" in message for message in warnings)


def test_a_format_is_of_its_own_sheet_and_of_numbers_only(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "empty before"
    first, second = book.create_sheet("A"), book.create_sheet("B")
    first.append([1, 2.5, "3"])
    second["C5"] = 4
    first["B1"].number_format = first["C1"].number_format = second["C5"].number_format = '"฿"0'
    book.save(tmp_path / "shop.xlsx")
    rows = [list(table.rows()) for table in tables.load(tmp_path / "shop.xlsx")]
    assert rows == [[Row(1, ("1", "2.5", "3"))], [Row(5, ("", "", "4"))]]
    assert [type(cell) for cell in rows[0][0].cells] == [Number, Formatted, str]
    assert type(rows[1][0].cells[2]) is Formatted


def test_a_number_of_another_column_is_none_the_less_a_number(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["sku", "title", "price"])
    book.active.append([1001, "Enamel mug", 12])
    book.active["A2"].number_format = book.active["C2"].number_format = '"US$"0.00'
    book.save(tmp_path / "shop.xlsx")
    (mug,) = (o for o in outcomes(tmp_path / "shop.xlsx") if isinstance(o, Product))
    assert (mug.sku, mug.price.currency) == ("1001", "USD")


OPEN_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.3"
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet><table:table table:name="P">
<table:table-row><table:table-cell office:value-type="string"><text:p>title</text:p></table:table-cell>
<table:table-cell table:number-columns-repeated="2"/><table:table-cell office:value-type="string"><text:p>price</text:p></table:table-cell>
</table:table-row><table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>
<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="string"><text:p>Mug</text:p></table:table-cell>
<table:table-cell table:number-columns-repeated="2"/>
<table:table-cell office:value-type="currency" office:currency="USD" office:value="12.5"><text:p>$12.50</text:p></table:table-cell>
</table:table-row><table:table-row><table:table-cell office:value-type="string"><text:p>Cup</text:p></table:table-cell>
<table:table-cell table:number-columns-repeated="2"/>
<table:table-cell office:value-type="float" office:value="390"><text:p>390</text:p></table:table-cell></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"""


def test_a_price_has_the_currency_of_an_open_document_s_cell(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", OPEN_DOCUMENT.replace("\n", ""))
        archive.writestr("META-INF/manifest.xml", '<manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
    (table,) = tables.load(tmp_path / "shop.ods")
    found = [(row.number, cell, cell.sign if isinstance(cell, Formatted) else "") for row in table.rows() for cell in row.cells[3:]]
    assert found == [(1, "price", ""), (4, "12.5", "USD"), (5, "12.5", "USD"), (6, "390", "")]


SPREADSHEET_ML = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="s1"><NumberFormat ss:Format="&quot;US$&quot;0.00"/></Style><Style ss:ID="s2"><NumberFormat/></Style></Styles>
<Worksheet ss:Name="P"><Table><Row><Cell ss:StyleID="s1"><Data ss:Type="Number">12.5</Data></Cell>
<Cell ss:StyleID="s2"><Data ss:Type="Number">13</Data></Cell><Cell><Data ss:Type="Number">14</Data></Cell></Row></Table>
</Worksheet></Workbook>"""


def test_a_price_has_the_currency_of_excel_2003_s_format(tmp_path: Path) -> None:
    (tmp_path / "shop.xls").write_text(SPREADSHEET_ML, "utf-8")
    ((row,),) = (list(table.rows()) for table in tables.load(tmp_path / "shop.xls"))
    assert [(cell, type(cell)) for cell in row.cells] == [("12.5", Formatted), ("13", Number), ("14", Number)]


def test_a_discount_leaves_the_price_its_currency() -> None:
    cells: dict[str, str] = {"price": Formatted.of("15", "USD"), "discount_mode": "percent", "discount_value": "10"}
    assert selling.settle(cells, "THB", False) == ""
    assert [prices.written(cells["price"]), cells["was_price"]] == ["USD 13.50", "15"]


def test_a_price_before_in_another_currency_is_not_shown(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["sku", "title", "price", "was_price"])
    for row, code in ((2, '"US$"0.00'), (3, '"฿"0.00')):
        book.active.append([f"M-{row}", f"Enamel mug {row}", 390, 490])
        book.active.cell(row, 3).number_format, book.active.cell(row, 4).number_format = '"฿"0.00', code
    book.save(tmp_path / "shop.xlsx")
    found = [o for o in outcomes(tmp_path / "shop.xlsx") if isinstance(o, Product)]
    assert [mug.was_price and mug.was_price.amount for mug in found] == [None, 490]
