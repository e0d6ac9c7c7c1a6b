"""The sheet for proofreading: rows out into a workbook, and what people wrote in it back, whatever program they used.

A row is known again by a hidden column, and only if what it shows is what it was written with.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from rich.cells import cell_len

from localize import languages
from localize.assets import ASSETS
from localize.errors import UserError
from localize.languages import signs

MARK = "crossreel review 1"  # begins the hidden column, by which a row is known again
WIDTHS = (16, 11, 16, 46, 46, 40, 46, 9, 4)
HOST, HOST_WIDTH = 3, 18  # before which of these columns who speaks stands, where two do, and how wide that is
TICK = "✓"
STOPPED = "stopped"  # the part of a row that only says why a product has no texts or Lines: nothing can be written in it
_HEAD = PatternFill("solid", start_color="1F4E5F")
_WRITE = PatternFill("solid", start_color="FFF7DA")
_BLOCK = PatternFill("solid", start_color="F9D7D2")
_LINE = Border(bottom=Side("thin", color="D9DCE3"))
_WRAP = Alignment(vertical="top", wrap_text=True)
_LINE_PART = re.compile(r"line\.([1-9][0-9]{0,3})(?:\.([a-z]+))?")  # sheets of before had no role in it
_TEXT_PART = re.compile(r"features\.[0-9]{1,4}|[a-z]+")

_C = TypeVar("_C")


@dataclass(frozen=True)
class Entry:
    """A row of the sheet. `part` is title, features.0, line.2.price (from 1), text for a source text that nobody has translated,
    or STOPPED; `label` is what is shown for it, `host` who says it, of two. `fixed` is a row that can't be written into: its text is
    the catalog's, or none. `read` is one that people have written or approved."""

    sku: str
    language: str
    part: str
    label: str
    source: str
    text: str
    remarks: tuple[str, ...] = ()
    blocked: bool = False
    fixed: bool = False
    host: str = ""
    read: bool = False

    @property
    def key(self) -> str:
        return "|".join((MARK, self.language, self.part, digest(self.source), digest(self.text), self.sku))


@dataclass(frozen=True)
class Answer:
    """A row or a form's field that came back with something in it, and what it is called. `source` and `text` are the hashes of what
    had been shown."""

    where: str
    sku: str
    language: str
    part: str
    source: str
    text: str
    correction: str
    approved: bool


@cache
def words(language: str) -> dict[str, Any]:
    """The sheet's words. Raises UserError for a language that it is not written in."""
    table = yaml.safe_load((ASSETS / "review" / "words.yaml").read_text(encoding="utf-8"))
    known = [code for code in table if code not in ("approved", "open")]
    if language not in known:
        raise UserError(f"the review sheet is not written in {language!r}, only in {', '.join(known)}.")
    return {**table[language], "approved": table["approved"], "open": table["open"], "all": [table[code] for code in known]}


def labelled(shown: dict[str, Any], part: str) -> str:
    """What a part is called: feature 1 (features.0), line 2 · price (line.2.price)."""
    name, index, role = (*part.split("."), "", "")[:3]
    called = str(shown["parts"][name])
    if name == "line":
        return f"{called} {index} · {shown['roles'][role]}"
    return f"{called} {int(index) + 1}" if index else called


def write(path: Path, entries: Iterable[Entry], language: str = "en") -> int:
    """Write the sheet (.xlsx). Returns how many rows it has. It appears whole or not at all.

    Raises UserError for another ending, and for a file that is there already.
    """
    if path.suffix.casefold() != ".xlsx":
        raise UserError(f"{path.name}: the review sheet is an Excel workbook: give it a name that ends with .xlsx")
    if path.exists():
        raise UserError(f"{path} is there already, and may be filled in: hand it in with --read, or give another name with --out")
    shown, rows = words(language), list(entries)
    hosted = any(entry.host for entry in rows)
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = shown["sheet"]
    headers, widths = _columns([*shown["headers"], MARK], shown["host"], hosted), _columns(WIDTHS, HOST_WIDTH, hosted)
    for column, (header, width) in enumerate(zip(headers, widths, strict=True), 1):
        cell = _put(sheet, 1, column, header)
        cell.font, cell.fill, cell.alignment = Font(name="Calibri", bold=True, color="FFFFFF"), _HEAD, _WRAP
        sheet.column_dimensions[cell.column_letter].width = width
    for number, entry in enumerate(rows, 2):
        _row(sheet, number, entry, hosted)
    tick = DataValidation(type="list", formula1=f'"{TICK}"', allow_blank=True, showErrorMessage=False)
    sheet.add_data_validation(tick)
    approve, last = get_column_letter(len(headers) - 1), get_column_letter(len(headers))
    tick.add(f"{approve}2:{approve}{len(rows) + 1}")
    sheet.column_dimensions[last].hidden = True
    sheet.freeze_panes = "D2"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    sheet.auto_filter.ref = f"A1:{last}{len(rows) + 1}"  # the hidden column with it, or sorting would leave it where it is
    # Only what is to be filled in can be; what a program allows of the rest stays possible. Excel sorts and deletes no locked
    # cells all the same: who wants to takes the protection off. There is no password: it guards against slips.
    sheet.protection.sheet = True
    for allowed in ("formatCells", "formatColumns", "formatRows", "deleteRows", "sort", "autoFilter"):
        setattr(sheet.protection, allowed, False)
    guide = book.create_sheet(shown["guide"])
    guide.column_dimensions["A"].width = 110
    for n, line in enumerate(shown["help"], 1):
        _put(guide, n, 1, line).alignment = _WRAP
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.tmp")
    book.save(half)
    half.replace(path)
    return len(rows)


def _columns(cells: Sequence[_C], host: _C, hosted: bool) -> list[_C]:
    """What stands in the columns from left to right, with the host's where there are two."""
    whole = list(cells)
    if hosted:
        whole.insert(HOST, host)
    return whole


def _row(sheet: Worksheet, number: int, entry: Entry, hosted: bool) -> None:
    texts = (entry.sku, languages.name(entry.language), entry.label, entry.source, entry.text, "\n".join(entry.remarks))
    shown, widths = _columns(texts, entry.host, hosted), _columns(WIDTHS, HOST_WIDTH, hosted)
    for column, text in enumerate(shown, 1):
        cell = _put(sheet, number, column, text)
        cell.alignment, cell.border = _WRAP, _LINE
        if column == len(shown) and entry.blocked:
            cell.fill = _BLOCK
    for column in (len(shown) + 1, len(shown) + 2) if not entry.fixed else ():
        cell = _put(sheet, number, column, "")
        cell.fill, cell.alignment, cell.border, cell.protection = _WRITE, _WRAP, _LINE, Protection(locked=False)
    _write(sheet, number, len(widths), entry.key)  # as it is, or the product would not be found again
    # Programs differ in whether they make room for wrapped text by themselves.
    lines = (sum(max(1, math.ceil(cell_len(line) * 1.1 / widths[n])) for line in text.split("\n")) for n, text in enumerate(shown))
    sheet.row_dimensions[number].height = 15.0 * min(12, max(lines)) + 3


def _put(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    return _write(sheet, row, column, _clean(text))


def _clean(text: str) -> str:
    """A text as a cell can hold it. White space of other kinds parts words, too (U+3000, U+00A0): it becomes a space."""
    lines = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c == "\n" else " " for c in lines if c.isprintable() or c.isspace())[:32_000]


def _write(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    """A cell that is text, whatever it begins with: a title of =HYPERLINK(...) is shown, not run."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    cell.value = text or None
    if cell.value is not None:
        cell.data_type = "s"
    cell.font = Font(name="Calibri")
    return cell


def read(path: Path) -> tuple[list[Answer], list[str]]:
    """The rows of a sheet in which something was written, and what of it can't be understood.

    Rows may have been sorted, left out or written into by another program. A row that shows something else than its hidden
    column belongs to is told and left. Raises UserError for a file that is no sheet of ours.
    """
    try:
        book = load_workbook(path, data_only=True)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}. Give the sheet that `crossreel review sheet` wrote.") from error
    except Exception as error:
        why = f"{path} is no Excel workbook ({type(error).__name__})"
        raise UserError(f"{why}: give the sheet that `crossreel review sheet` wrote.") from error
    for sheet in book.worksheets:
        rows = [["" if v is None else str(v) for v in row] for row in sheet.iter_rows(values_only=True)]
        head = next((n for n, row in enumerate(rows) if MARK in row), None)
        if head is not None:
            return _answers(rows, head, path.name)
    raise UserError(f"{path} is not a sheet that `crossreel review sheet` wrote: its hidden last column is missing.")


def _answers(rows: list[list[str]], head: int, name: str) -> tuple[list[Answer], list[str]]:
    places = _places(rows[head], name)
    mark = rows[head].index(MARK)
    yes, no = ({str(w).casefold() for w in words("en")[k]} for k in ("approved", "open"))
    found, problems = [], []
    for number, row in enumerate(rows[head + 1 :], head + 2):
        cells = {what: row[place] for what, place in places.items()}
        correction, tick = signs.plain(cells["correction"]).strip(), cells["approve"].strip().casefold()
        if tick not in yes | no:
            problems.append(f"{name}, row {number}: {tick!r} in 'approve' is neither {TICK} nor empty: it was not taken as an approval")
        if not correction and tick not in yes:
            continue
        known = parsed(row[mark])
        if not known:
            problems.append(
                f"{name}, row {number}: its hidden last column is damaged, so it is not known what it belongs to: write the sheet anew"
            )
            continue
        language, part, source, text, sku = known
        if not _shows(cells, sku, language, part, source, text):
            problems.append(
                f"{name}, row {number}: it shows something else than its hidden last column belongs to, as when rows are sorted without "
                "that column, or written over: nothing was done with it. Write the sheet anew."
            )
            continue
        found.append(Answer(f"row {number}", sku, language, part, source, text, correction, tick in yes))
    return found, problems


def parsed(key: str) -> tuple[str, str, str, str, str] | None:
    """Language, part, the source's and the text's hashes, and the SKU of an entry's key; None for what is no key of ours."""
    parts = key.split("|", 5)
    if len(parts) != 6 or parts[0] != MARK or not _labels(parts[2]):
        return None
    _, language, part, source, text, sku = parts
    return language, part, source, text, sku


def _places(head: list[str], name: str) -> dict[str, int]:
    """Where the columns stand, by their English names: some may have been put in between."""
    header = [cell.strip().casefold() for cell in head]
    places = {}
    for what, column in (("product", 0), ("language", 1), ("part", 2), ("source", 3), ("text", 4), ("correction", 6), ("approve", 7)):
        names = {str(table["headers"][column]).casefold() for table in words("en")["all"]}
        place = next((n for n, cell in enumerate(header) if cell in names), None)
        if place is None:
            raise UserError(f"{name} has no column {what!r} any more: write the sheet anew.")
        places[what] = place
    return places


def _shows(cells: dict[str, str], sku: str, language: str, part: str, source: str, text: str) -> bool:
    """Whether a row shows what its key says."""
    named_so = _plain(cells["product"]) == _plain(sku) and _plain(cells["language"]) == _plain(languages.name(language))
    called_so = _plain(cells["part"]) in map(_plain, _labels(part))
    return named_so and called_so and (digest(cells["source"]), digest(cells["text"])) == (source, text)


def _labels(part: str) -> list[str]:
    """What a part may be called, in each language that sheets are written in. None for what is no part."""
    tables = words("en")["all"]
    if place := placed(part):
        n, role = place
        return [labelled(t, f"line.{n + 1}.{r}") for t in tables for r in t["roles"] if r == role or not role]
    known = _TEXT_PART.fullmatch(part) and part not in ("line", "features") and part.partition(".")[0] in tables[0]["parts"]
    return [labelled(t, part) for t in tables] if known else []


def placed(part: str) -> tuple[int, str] | None:
    """Which Line a part is, from 0, and its role ("" in sheets of before). None for what is no Line."""
    found = _LINE_PART.fullmatch(part)
    return (int(found[1]) - 1, found[2] or "") if found else None


def _plain(text: str) -> str:
    """A text as it is compared: as a cell holds it, and whatever white space a program has made of its own."""
    return " ".join(_clean(text).split())


def digest(text: str) -> str:
    return hashlib.blake2b(_plain(text).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
