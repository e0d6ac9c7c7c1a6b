"""Excel 2003's XML (SpreadsheetML) as rows of text, which shop systems still export under the name .xls."""

from __future__ import annotations

import xml.parsers.expat as expat
from functools import partial
from pathlib import Path

from localize.errors import UserError
from localize.products.tables import feeds, formats
from localize.products.tables.charset import Reading
from localize.products.tables.rows import MAX_COLUMNS, Row, Table
from localize.products.values import text

# Gaps make many cells of few bytes.
MAX_CELLS = 20_000_000


def load(path: Path, reading: Reading, start: str) -> list[Table]:
    """The sheets of a SpreadsheetML workbook that have any content. Raises UserError when it is broken."""
    reading = feeds.declared(path, reading, start)
    sheets = _Sheets(path)
    try:
        for chunk in feeds.chunks(path, reading):
            sheets.parser.Parse(chunk)
        sheets.parser.Parse("", True)
    except expat.ExpatError as error:
        raise UserError(f"{path.name} is not sound XML ({error}): open it in a spreadsheet and save it as .xlsx") from error
    tables = [Table(path, partial(list, rows), sheet=name, notes=reading.notes) for name, rows in sheets.found if rows]
    if not tables:
        raise UserError(f"{path.name} has no visible sheet with anything in it")
    return tables


class _Sheets:
    """Follows the parser through a workbook; `found` holds its visible sheets' names and rows."""

    def __init__(self, path: Path) -> None:
        self.file = path.name
        self.found: list[tuple[str, list[Row]]] = []
        self.room = MAX_CELLS
        self.row = 0
        self.cells: list[str] = []
        self.across = 0
        self.type = ""
        self.styles: dict[str, str] = {}  # a style's name -> its number format
        self.defined = self.format = ""  # the style that is being defined, and the format of the cell
        self.texts: list[str] | None = None
        self.comment = False
        self.parser = feeds.parser(path)
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text

    def start(self, name: str, attributes: dict[str, str]) -> None:
        own = {feeds.local(key): value for key, value in attributes.items()}
        match feeds.local(name):
            case "Worksheet":
                self.found.append((own.get("Name", ""), []))
                self.row = 0
            case "Row":
                self.row = max(_number(own, "Index"), self.row + 1)
                self.cells = []
            case "Style":
                self.defined = own.get("ID", "")
            case "NumberFormat" if "Format" in own:
                self.styles[self.defined] = own["Format"]
            case "Cell":
                self.format = self.styles.get(own.get("StyleID", ""), "")
                gap = min(_number(own, "Index"), MAX_COLUMNS) - 1 - len(self.cells)
                self.cells += ["", *[""] * gap]
                self.across = min(_number(own, "MergeAcross"), MAX_COLUMNS)
            case "Comment":
                self.comment = True
            case "Data" | "Visible" if not self.comment:
                self.texts, self.type = [], own.get("Type", "String")

    def text(self, text: str) -> None:
        if self.texts is not None:
            self.texts.append(text)

    def end(self, name: str) -> None:
        match feeds.local(name):
            case "Data" if self.texts is not None:
                if self.cells:
                    self.cells[-1] = _value("".join(self.texts), self.type, self.format)
                self.texts = None
            case "Visible" if self.texts is not None:
                if self.found and "Hidden" in "".join(self.texts):
                    self.found[-1][1].clear()
                self.texts = None
            case "Comment":
                self.comment = False
            case "Cell":
                self.cells += [""] * self.across
            case "Row":
                while self.cells and not self.cells[-1]:
                    self.cells.pop()
                self.room -= len(self.cells)
                if self.room < 0:
                    raise UserError(
                        f"{self.file} has more than {MAX_CELLS:,} cells: delete what stands far from the table, or save it as CSV"
                    )
                if self.cells and self.found:
                    self.found[-1][1].append(Row(self.row, tuple(self.cells[:MAX_COLUMNS])))


def _number(attributes: dict[str, str], name: str) -> int:
    told = attributes.get(name, "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 8 else 0


def _value(told: str, kind: str, form: str) -> str:
    match kind:
        case "Number":
            try:
                return formats.shown(text(float(told)), form)
            except ValueError:
                return told
        case "Boolean":
            return "true" if told.strip() == "1" else "false"
        case "DateTime":
            return told.removesuffix(".000").removesuffix("T00:00:00")
        case "Error":
            return ""
    return told
