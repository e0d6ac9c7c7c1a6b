"""Files as rows of text: which kind of table a file is, by its content, and its cells as the seller wrote them.

Numbers keep their digits (199 not 199.0, 00123 stays 00123), and a row's number is the one a spreadsheet shows.

pandas opens workbooks and Parquet. Delimited text and JSON are read with the standard library: there pandas
raises on a row with a cell too many, and turns 00123 into 123 and 89.10 into 89.1.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import struct
import warnings
import xml.parsers.expat as expat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import charset_normalizer
import pandas as pd

from localize.domain import Finding, Product, Reject
from localize.errors import UserError
from localize.products.values import Number, text

# What a reader of a seller's format gives for a table: products, rejects, and what is to be said about the rest.
Outcome = Product | Reject | Finding

# A workbook or JSON that unpacks to more than this would not fit beside a rendering clip; CSV has no limit.
MAX_UNPACKED = 200_000_000
# Excel allows 16,384 columns; one stray cell out there would cost every row that many.
MAX_COLUMNS = 1024

# openpyxl says on stderr which workbook features it leaves out (validation lists, colours): no news for a seller.
warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")

_BROKEN_WORKBOOK = (
    OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, NotImplementedError, RuntimeError,
    EOFError, SyntaxError, OverflowError, zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet shows it, its cells, and what makes it unreadable ("" when nothing does)."""

    number: int
    cells: tuple[str, ...]
    trouble: str = ""

    @property
    def blank(self) -> bool:
        return not self.trouble and not any(c and not c.isspace() for c in self.cells)


@dataclass(frozen=True)
class Table:
    """A table of a file. `rows()` starts over at each call and gives the header's row, too, and blank ones.

    JSON and Parquet have no header row: their field names come as row 0. `notes` says what the seller should
    know about how the file was read.
    """

    path: Path
    rows: Callable[[], Iterable[Row]]
    sheet: str = ""
    notes: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f"{self.path.name}, sheet {self.sheet!r}" if self.sheet else self.path.name

    def top(self, n: int = 20) -> list[Row]:
        """The first `n` rows that are not blank."""
        return list(islice((r for r in islice(self.rows(), 10 * n) if not r.blank), n))


def load(path: Path) -> list[Table]:
    """The tables of a file: one, or one per visible sheet of a workbook. Raises UserError when it is none."""
    try:
        if not path.is_file():
            raise UserError(f"{path}: " + ("this is a folder: name the file in it" if path.is_dir() else "there is no such file"))
        with path.open("rb") as f:
            start = f.read(4096)
        if not start.strip():
            raise UserError(_EMPTY.format(path.name))
        for magic, way_out in _NOT_TABLES.items():
            if start.startswith(magic):
                raise UserError(f"{path.name} is {way_out}")
        if start.startswith(b"PK\x03\x04"):
            return _workbook(path)
        if start.startswith(b"PAR1"):
            return [_parquet(path)]
        return [_text(path)]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    except MemoryError as error:
        raise UserError(f"{path.name} is too large for this machine's memory: split it, or save it as CSV") from error


_EMPTY = "{} is empty: save it again with a header row and the products below it"
_TABLES = "a table: save it as CSV (UTF-8) or .xlsx"
_NOT_TABLES = {
    b"\xd0\xcf\x11\xe0": "an old .xls workbook, or one with a password: open it and save it as .xlsx, without password",
    b"%PDF": f"a PDF, not {_TABLES}",
    b"\x89PNG": f"a picture, not {_TABLES}",
    b"\xff\xd8\xff": f"a picture, not {_TABLES}",
    b"GIF8": f"a picture, not {_TABLES}",
    b"\x1f\x8b": "packed with gzip: unpack it and name the file inside",
    b"Rar!": "a RAR archive: unpack it and name the file inside",
    b"7z\xbc\xaf": "a 7-Zip archive: unpack it and name the file inside",
    b"SQLite format 3": "a database: export the product table as CSV (UTF-8)",
}


# --- delimited text ------------------------------------------------------------------------------------------------


def _text(path: Path) -> Table:
    encoding, notes = _encoding(path)
    with path.open(encoding=encoding, newline="") as f:
        start = f.read(100_000)
    stripped = start.lstrip("\ufeff \t\r\n")
    if not stripped:
        raise UserError(_EMPTY.format(path.name))
    if stripped[0] in "{[" and stripped[1:].lstrip()[:1] in ("", '"', *"{}[]"):
        return _json(path, encoding, notes)
    if stripped.startswith("<"):
        raise UserError(f"{path.name} is a web page or an XML feed, not a table: export the products as CSV (UTF-8) or .xlsx")
    if sum(c < " " and c not in "\t\r\n\f\v" for c in start) > len(start) // 100:
        raise UserError(f"{path.name} is not a table: crossreel reads CSV, TSV, XLSX, JSON, JSONL and Parquet")
    told = start.removeprefix("\ufeff").splitlines()[:1]
    if told and told[0].lower() in ("sep=,", "sep=;", "sep=\t", "sep=|"):
        return Table(path, partial(_delimited, path, encoding, told[0][4], skip=1), notes=notes)
    return Table(path, partial(_delimited, path, encoding, _delimiter(start)), notes=notes)


def _encoding(path: Path) -> tuple[str, tuple[str, ...]]:
    """The encoding that the whole file is valid in, and a note when it had to be guessed."""
    with path.open("rb") as f:
        start = f.read(65_536)
    for bom, name in (
        (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    ):  # fmt: skip
        if start.startswith(bom):
            if _decodes(path, name):
                return name, ()
            raise UserError(f"{path.name} starts as {name.removesuffix('-sig').upper()} but is damaged: save it again as CSV (UTF-8)")
    for half, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = start[half::2].count(0)
        if len(start) >= 4 and zeros > len(start) // 8 and zeros > 4 * start[1 - half :: 2].count(0) and _decodes(path, name):
            return name, ()
    if _decodes(path, "utf-8"):
        return "utf-8", ()
    guess = "gb18030" if _looks_chinese(start) and _decodes(path, "gb18030") else ""
    if not guess:
        best = charset_normalizer.from_bytes(start).best()
        guess = best.encoding if best and _decodes(path, best.encoding) else ""
    if not guess:
        raise UserError(f"{path.name} is not text in any encoding crossreel knows: save it as CSV (UTF-8)")
    return guess, (f"The file is not UTF-8; it was read as {guess}. If letters look wrong, save it as CSV (UTF-8).",)


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as f:
            while f.read(1 << 20):
                pass
    except (UnicodeError, LookupError):
        return False
    return True


def _looks_chinese(data: bytes) -> bool:
    """Whether the bytes are Chinese text in GB18030, and not, say, Thai in Windows-874, most of which decodes as well.

    Nine in ten characters of Chinese text are of GB 2312's first level or its punctuation (lead byte B0-D7 or A1-A3).
    """
    try:
        decoded = codecs.getincrementaldecoder("gb18030")().decode(data)
    except UnicodeError:
        return False
    leads = [c.encode("gb18030")[0] for c in decoded if c > "\x7f"]
    return sum(0xB0 <= b <= 0xD7 or 0xA1 <= b <= 0xA3 for b in leads) >= 0.8 * len(leads)


def _delimiter(start: str) -> str:
    """Which of , ; tab and | splits the table: the one that gives the first rows the most cells, the header first."""

    def cells(delimiter: str) -> tuple[int, int]:
        try:
            rows = [r for r in islice(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), 20) if r]
        except csv.Error:
            return (0, 0)
        return (len(rows[0]), sum(map(len, rows))) if rows else (0, 0)

    return max(",;\t|", key=cells)


# Fed to the csv reader after the last line: when it does not come back as a row of its own, a quotation mark is open.
_END = "\ufffeend\ufffe"


def _delimited(path: Path, encoding: str, delimiter: str, skip: int = 0) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as f:
        lines = _and_end(islice(f, skip, None))
        reader = csv.reader(lines, delimiter=delimiter)
        number, line = 0, skip
        while True:
            number, first = number + 1, line + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                # The csv module gives up on a cell of 131,072 characters and goes on with the next line.
                line = reader.line_num + skip
                yield Row(number, (), f"a quotation mark in line {first} is not closed before line {line}: close or remove it")
                continue
            line = reader.line_num + skip
            if cells == [_END]:
                return
            if _END in (cells[-1] if cells else ""):
                cells[-1] = cells[-1].replace(_END, "").rstrip()
                yield Row(number, tuple(cells), f"a quotation mark in line {first} is never closed: close or remove it")
                return
            yield Row(number, tuple(map(text, cells)))


def _and_end(lines: Iterable[str]) -> Iterator[str]:
    last = ""
    for n, last in enumerate(lines):
        yield last.removeprefix("\ufeff") if n == 0 else last
    if last and not last.endswith(("\n", "\r")):
        yield "\n"
    yield _END


# --- JSON and JSON Lines -------------------------------------------------------------------------------------------


def _json(path: Path, encoding: str, notes: tuple[str, ...]) -> Table:
    """A list of objects, an object that holds one such list, or an object a line."""
    if path.stat().st_size > MAX_UNPACKED:
        raise UserError(f"{path.name} has more than {MAX_UNPACKED // 1_000_000} MB: save it as CSV, or split it")
    content = path.read_text(encoding=encoding).removeprefix("\ufeff")
    try:
        whole = _decoder.decode(content.strip())
    except (ValueError, RecursionError) as error:
        lines = content.split("\n")
        if any(line.strip() for line in lines[1:]) and isinstance(_parsed(next(line for line in lines if line.strip())), dict):
            return _records(path, [(n, _parsed(line)) for n, line in enumerate(lines, 1) if line.strip()], notes)
        raise UserError(f"{path.name} is not sound JSON ({error}): export it again, or save it as CSV (UTF-8)") from error
    if isinstance(whole, dict):
        lists = [v for v in whole.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
        whole = lists[0] if len(lists) == 1 else [whole]
    if not isinstance(whole, list):
        raise UserError(f'{path.name} holds no list of products: write [{{"sku": ...}}, ...] or one object a line')
    return _records(path, list(enumerate(whole, 1)), notes)


_decoder = json.JSONDecoder(
    parse_float=lambda digits: text(Decimal(digits)), parse_int=lambda digits: Number(digits), parse_constant=lambda _: None
)


def _parsed(line: str) -> object:
    try:
        return _decoder.decode(line.strip().removesuffix(","))
    except (ValueError, RecursionError) as error:
        return f"this line is not a JSON object ({error})"


def _records(path: Path, records: Sequence[tuple[int, object]], notes: tuple[str, ...]) -> Table:
    names = list(dict.fromkeys(str(name) for _, record in records if isinstance(record, dict) for name in record))
    if len(names) > MAX_COLUMNS:
        raise UserError(f"{path.name} has {len(names)} different fields: give all products the same ones")
    rows = [Row(0, tuple(map(text, names)))]
    for number, record in records:
        if isinstance(record, dict):
            rows.append(Row(number, tuple(text(record.get(name)) for name in names)))
        else:
            trouble = (
                record if isinstance(record, str) and record.startswith("this line") else "this is not a JSON object with named fields"
            )
            rows.append(Row(number, (), trouble))
    return Table(path, lambda: rows, notes=notes)


# --- workbooks -----------------------------------------------------------------------------------------------------


def _workbook(path: Path) -> list[Table]:
    """The visible sheets that have any content. Formulas are never run: a cell has the value it was saved with."""
    _refuse_bombs(path)
    tables: list[Table] = []
    try:
        with pd.ExcelFile(path, engine="openpyxl") as file:
            for sheet in file.book.worksheets:
                if sheet.sheet_state == "visible":
                    rows = _sheet(sheet)
                    if rows:
                        tables.append(Table(path, partial(list, rows), sheet=text(sheet.title)))
    except _BROKEN_WORKBOOK as error:
        why = " ".join(str(error).split())[:120]
        raise UserError(
            f"{path.name} could not be opened as a workbook ({why}): open it in a spreadsheet, save it as CSV (UTF-8)"
        ) from error
    if not tables:
        raise UserError(f"{path.name} has no visible sheet with anything in it")
    return tables


def _sheet(sheet: Any) -> list[Row]:
    # Exports state their extent wrongly (one cell, or a million rows), so it is found by reading.
    sheet.reset_dimensions()
    rows = []
    for number, values in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), 1):
        if any(v is not None for v in values):
            cells = [text(v).replace("_x000D_", "") for v in values] if _has_escape(values) else [text(v) for v in values]
            while cells and not cells[-1]:
                cells.pop()
            rows.append(Row(number, tuple(cells)))
    return rows


def _has_escape(values: Iterable[object]) -> bool:
    return any(isinstance(v, str) and "_x000D_" in v for v in values)


def _refuse_bombs(path: Path) -> None:
    """Refuse an archive that is no workbook, unpacks to too much, or whose XML declares entities."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "xl/workbook.xml" not in names:
                kind = (
                    "an OpenDocument file: save it as .xlsx"
                    if "content.xml" in names
                    else "a ZIP archive: unpack it and name the table inside"
                )
                raise UserError(f"{path.name} is {kind}")
            # What zipfile unpacks never exceeds the size it declares.
            size = sum(i.file_size for i in archive.infolist())
            if size > MAX_UNPACKED:
                raise UserError(
                    f"{path.name} unpacks to {size // 1_000_000} MB, over {MAX_UNPACKED // 1_000_000} MB: save it as CSV (UTF-8)"
                )
            for name in names:
                if name.endswith((".xml", ".rels")):
                    with archive.open(name) as part:
                        if _declares_doctype(part.read(65_536)):
                            raise UserError(f"{path.name} has XML entity declarations, which no spreadsheet writes: save it again as .xlsx")
    except _BROKEN_WORKBOOK as error:
        raise UserError(f"{path.name} is a damaged workbook or archive ({error}): save it again") from error


class _Seen(Exception):
    """Stops the XML parser at the first element."""


def _declares_doctype(data: bytes) -> bool:
    found = False

    def doctype(*_: object) -> None:
        nonlocal found
        found = True
        raise _Seen

    def element(*_: object) -> None:
        raise _Seen

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = element
    try:
        parser.Parse(data, False)
    except _Seen:
        return found
    except (expat.ExpatError, ValueError, LookupError):
        return False
    return len(data) == 65_536  # 64 KiB without one element: whatever that is, it is not opened


# --- Parquet -------------------------------------------------------------------------------------------------------


def _parquet(path: Path) -> Table:
    parquet: Any = import_module("pyarrow.parquet")
    broken = (OSError, ValueError, TypeError, KeyError, NotImplementedError, OverflowError, RuntimeError)  # ArrowInvalid is a ValueError
    try:
        facts = parquet.read_metadata(path)
        size = sum(facts.row_group(i).total_byte_size for i in range(facts.num_row_groups))
        if size > MAX_UNPACKED or facts.num_rows > MAX_UNPACKED // 10 or facts.num_columns > MAX_COLUMNS:
            raise UserError(f"{path.name} unpacks to more than {MAX_UNPACKED // 1_000_000} MB: split it, or save it as CSV (UTF-8)")
        frame = pd.read_parquet(path, engine="pyarrow")
    except broken as error:
        why = " ".join(str(error).split())[:120]
        raise UserError(f"{path.name} could not be read as Parquet ({why}): write it again, or save it as CSV (UTF-8)") from error
    # Column by column as NumPy values: iterating a frame would turn the float32 89.1 into 89.0999984741211.
    columns = [[text(v) for v in frame.iloc[:, i].to_numpy()] for i in range(frame.shape[1])]
    names = Row(0, tuple(text(n) for n in frame.columns))
    return Table(path, partial(list, [names, *(Row(n, cells) for n, cells in enumerate(zip(*columns, strict=True), 1))]))
