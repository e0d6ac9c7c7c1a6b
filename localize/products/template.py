"""A spreadsheet for sellers who have no export: the columns in their language, with help, checks while typing and an example.

What it says is data (`wording.py`); the reader of filled-in sheets knows its columns by their names in every language.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import BaseModel
from rich.cells import cell_len

from localize.errors import UserError
from localize.products import values, wording
from localize.products.build import EXAMPLE
from localize.products.wording import Column, Words

# The rows that are checked while typing, and the last of them.
FIRST, LAST = 2, 10_000

_MUST = PatternFill("solid", start_color="1F4E5F")
_MAY = PatternFill("solid", start_color="5C8A99")
_EXAMPLE_FILL = PatternFill("solid", start_color="F2F2F2")
_FONT = partial(Font, name="Calibri")  # a font without a name is shown in whatever a program likes
_TOP = Alignment(vertical="top", wrap_text=True)


class _Cell(BaseModel):
    """One column of a sheet as it is written: its field ("title", or "title_th" for a text in Thai), and what stands there."""

    name: str
    field: str
    column: Column
    header: str
    help: str
    example: str | float


def write(path: str | Path, *, language: str = "en", localized: Sequence[str] = (), currency: str = "") -> None:
    """Write an empty sheet (.xlsx) in a seller's language, with columns for the texts in the `localized` languages.

    `currency` is the ISO 4217 code of the example's price, that of the language's market if "". The file appears whole
    or not at all. Raises UserError for a file that is there already, and for languages and currencies it does not know.
    """
    target = Path(path)
    data = wording.data()
    if target.suffix.casefold() != ".xlsx":
        raise UserError(f"{target.name}: the template is an Excel workbook: give it a name that ends with .xlsx")
    if target.exists():
        raise UserError(f"{target} is there already, and may be filled in: give another name")
    for code in (language, *localized):
        if code not in data.languages:
            raise UserError(f"there is no template in {code!r}, only in {', '.join(data.languages)}")
    if currency and currency not in values.codes():
        raise UserError(f"currency {currency!r} is not an ISO 4217 code such as THB, VND, IDR, CNY or USD")
    words = data.languages[language]
    cells = list(_cells(words, [c for c in dict.fromkeys(localized) if c != language], currency or words.currency))
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    _fill_products(sheet, words, cells)
    _fill_guide(book.create_sheet(words.guide), words, cells, target.name)
    book.properties.creator = "crossreel"
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.tmp")
    book.save(half)
    half.replace(target)


def _cells(words: Words, localized: Sequence[str], currency: str) -> Iterator[_Cell]:
    data = wording.data()
    now, before = data.prices.get(currency, data.prices["USD"])
    example: dict[str, str | float] = {"sku": EXAMPLE, "price": now, "was_price": before, "currency": currency}
    example |= data.example | words.example
    for name, column in data.columns.items():
        field = words.fields[name]
        yield _Cell(name=name, field=name, column=column, header=field.header, help=field.help, example=example[name])
        for code in localized if column.localized else ():
            yield _Cell(
                name=f"{name}_{code}",
                field=name,
                column=column.model_copy(update={"must": False}),
                header=wording.localized(words, name, code),
                help=words.in_language.format(language=words.names[code]),
                example=data.languages[code].example[name],
            )


def _fill_products(sheet: Worksheet, words: Words, cells: Sequence[_Cell]) -> None:
    sheet.title = words.sheet
    where = {cell.name: get_column_letter(i) for i, cell in enumerate(cells, 1)}
    for i, cell in enumerate(cells, 1):
        letter = where[cell.name]
        # A SKU such as 00123 or 1E5 must stay as it is typed; a price is a number in its currency's own digits.
        style = "@" if cell.field in ("sku", "title", "brand", "link", "images") else "#,##0.##" if "price" in cell.field else "General"
        width = sheet.column_dimensions[letter]
        width.width, width.number_format, width.alignment = cell.column.width, style, _TOP
        head = sheet.cell(1, i, cell.header)
        head.font = _FONT(bold=True, color="FFFFFF")
        head.fill = _MUST if cell.column.must else _MAY
        head.alignment = Alignment(vertical="center", wrap_text=True)
        shown = sheet.cell(2, i, cell.example)
        shown.font = _FONT(italic=True, color="7F7F7F")
        shown.fill = _EXAMPLE_FILL
        shown.number_format, shown.alignment = style, _TOP
        sheet.add_data_validation(_check(cell, words, where))
    sheet.row_dimensions[1].height = 32
    _heighten(sheet, 2, [(str(cell.example), cell.column.width) for cell in cells])
    sheet.freeze_panes = "B2"


def _heighten(sheet: Worksheet, row: int, texts: Sequence[tuple[str, int]]) -> None:
    """Give a row the height of its longest wrapped text (text, width in characters): not every program does it by itself."""
    sheet.row_dimensions[row].height = 16 * max(math.ceil(1.15 * cell_len(text) / width) for text, width in texts)


def _check(cell: _Cell, words: Words, where: Mapping[str, str]) -> DataValidation:
    """What is asked of a column's cells while they are typed; the column's help shows beside the cell in hand."""
    data = wording.data()
    column = where[cell.name]
    wrong = words.wrong.get(cell.field, words.wrong["long"].format(most=cell.column.most))
    # Where a seller may have a reason, Excel asks instead of refusing.
    rule = DataValidation(
        errorStyle="stop" if cell.field in ("sku", "price", "was_price") else "warning",
        allow_blank=True, showErrorMessage=True, showInputMessage=True, errorTitle=cell.header[:32], error=wrong,
        promptTitle=cell.header[:32], prompt=cell.help,
    )  # fmt: skip
    this = f"{column}{FIRST}"
    if cell.field == "sku":
        others = f"${column}${FIRST}:${column}${LAST}"
        rule.type = "custom"
        # Not COUNTIF: it takes 00123 and 123 for the same, and * for anything.
        rule.formula1 = (
            f"AND(SUMPRODUCT(--({others}={this}))=1,LEN({this})<={cell.column.most},"
            f'ISERROR(FIND("/",{this})),ISERROR(FIND("\\",{this})),LEFT({this},1)<>".")'
        )
    elif cell.field == "price":
        rule.type, rule.operator, rule.formula1 = "decimal", "greaterThan", "0"
    elif cell.field == "was_price":
        price = f"{where['price']}{FIRST}"
        rule.type, rule.formula1 = "custom", f"AND(ISNUMBER({this}),OR(NOT(ISNUMBER({price})),{this}>{price}))"
    elif cell.field in ("currency", "category"):
        rule.type, rule.formula1 = "list", f'"{",".join(data.currencies if cell.field == "currency" else words.categories)}"'
    else:
        rule.type, rule.operator, rule.formula1 = "textLength", "lessThanOrEqual", str(cell.column.most)
    rule.add(f"{this}:{column}{LAST}")
    return rule


def _fill_guide(sheet: Worksheet, words: Words, cells: Sequence[_Cell], file: str) -> None:
    sheet.append([words.guide])
    for step in words.steps:
        sheet.append([step.format(file=file)])
    sheet.append([])
    sheet.append(words.table)
    top = sheet.max_row
    widths = (28, 14, 70, 50)
    for cell in cells:
        example = f"{cell.example:g}" if isinstance(cell.example, float) else cell.example
        texts = [cell.header, words.must if cell.column.must else "", cell.help, example]
        sheet.append(texts)
        _heighten(sheet, sheet.max_row, list(zip(texts, widths, strict=True)))
    sheet.cell(1, 1).font = _FONT(bold=True, size=14)
    for i, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(i)].width = width
        sheet.cell(top, i).font = _FONT(bold=True, color="FFFFFF")
        sheet.cell(top, i).fill = _MUST
        for row in range(top + 1, sheet.max_row + 1):
            sheet.cell(row, i).alignment = Alignment(vertical="top", horizontal="left", wrap_text=True)
