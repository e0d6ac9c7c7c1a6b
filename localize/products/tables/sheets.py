"""The cells of a workbook or web page, in a process of its own: python sheets.py FILE FOLDER [ENCODING ERRORS] > cells

calamine holds a sheet as a full rectangle. A workbook of 2 KB with one cell at each end asks it for 500 GB, and what
it does then ends its process, as a stack overflow or a fault in an old format does; HTML can be written so that reading
it takes hours. Here that process is this one, which has a limit of memory and time, and whoever started it goes on.

Written to standard output: one letter, four bytes of length, and as many of content. S is the name of a visible sheet
that has any content, R are rows of it as `marshal` data [(number, cells), ...], X is an error's kind and what it was.
Cells are str, int, float or bool, or (int or float, format) where the number's format may show a currency. With an
encoding, the file is HTML; without, it is a workbook.

A ZIP is unpacked by zipfile first, under a limit, and packed anew into FOLDER: calamine sees the parts that were
checked, once each, whatever else the archive says about itself.
"""

from __future__ import annotations

import io
import marshal
import re
import shutil
import sys
import xml.parsers.expat as expat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import python_calamine as calamine
from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_MEMORY = 1_500_000_000
MAX_SECONDS = 60
MAX_UNPACKED = 200_000_000
MAX_COLUMNS = 1024
MAX_ROWS = 1 << 20
MAX_PARTS = 2_000

# Pictures, macros, printers' settings and links to other workbooks: never unpacked, so never followed.
_UNREAD = re.compile(
    r"(^|/)(media|drawings|charts|chartsheets|diagrams|embeddings|activeX|ctrlProps|printerSettings|theme|docProps|customXml"
    r"|externalLinks|pivotTables|pivotCache|vbaProject\.bin|calcChain\.\w+|comments\d*\.\w+|threadedComments|persons|Thumbnails"
    r"|Pictures|Configurations2|ObjectReplacements|settings\.xml|meta\.xml)(/|$)",
    re.IGNORECASE,
)
_KINDS = {"xl/workbook.xml": "xlsx", "xl/workbook.bin": "xlsb", "content.xml": "ods"}
_FAR_CELL = re.compile(rb'<((?:\w+:)?)c\s[^>]*?\br="([A-Z]{3})\d+"[^>]*?(?:/>|>.*?</\1c>)', re.DOTALL)

_BLOCKS = frozenset(("br", "p", "div", "li", "tr"))
_SPACE = re.compile(r"\s+")

_BROKEN = (calamine.CalamineError, zipfile.BadZipFile, zlib.error, OSError, ValueError, KeyError, IndexError, EOFError,
           NotImplementedError, RuntimeError, OverflowError)  # fmt: skip

Cell = str | int | float | bool | tuple[int | float, str]
Record = tuple[int, tuple[Cell, ...]]
Sheet = tuple[str, Iterator[Record]]


class Refused(Exception):
    """The workbook is not opened. The message is the kind of reason: password, doctype, unpacks, parts or zip."""


def main(path: Path, folder: Path, encoding: Sequence[str], out: BinaryIO) -> None:
    _limit()
    try:
        sheets = _tables(path.read_text(*encoding)) if encoding else _workbook(path, folder)
        _write(sheets, out)
    except Refused as error:
        _tell(out, b"X", str(error).encode())
    except calamine.PasswordError:
        _tell(out, b"X", b"password")
    except MemoryError:
        _tell(out, b"X", b"memory")
    except _BROKEN as error:
        _tell(out, b"X", b"broken\n" + " ".join(str(error).split())[:120].encode())


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    for what, most in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CPU, MAX_SECONDS), (resource.RLIMIT_CORE, 0)):
        _, allowed = resource.getrlimit(what)
        resource.setrlimit(what, (most if allowed == resource.RLIM_INFINITY else min(most, allowed), allowed))


def _write(sheets: Iterable[Sheet], out: BinaryIO) -> None:
    room = MAX_UNPACKED
    for name, rows in sheets:
        named = False
        while block := list(islice(rows, 500)):
            if not named:
                _tell(out, b"S", name.encode())
                named = True
            room -= _tell(out, b"R", marshal.dumps(block))
            if room < 0:
                raise Refused("unpacks")


def _tell(out: BinaryIO, letter: bytes, content: bytes) -> int:
    out.write(letter + len(content).to_bytes(4, "big") + content)
    return len(content)


# --- workbooks -----------------------------------------------------------------------------------------------------


def _workbook(path: Path, folder: Path) -> Iterator[Sheet]:
    with path.open("rb") as f:
        zipped = f.read(4) == b"PK\x03\x04"
    target = _packed_anew(path, folder) if zipped else _copied(path, folder)
    with calamine.load_workbook(target) as book:
        formats = _Formats(target) if zipped else None
        for at, sheet in enumerate(book.sheets_metadata):
            if sheet.visible == calamine.SheetVisibleEnum.Visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet:
                shown = formats.of(at) if formats else {}
                rows = _rows(book.get_sheet_by_index(at))
                yield sheet.name, _formatted(rows, shown) if shown else rows


def _formatted(rows: Iterator[Record], shown: Mapping[int, Mapping[int, str]]) -> Iterator[Record]:
    """The rows, their numbers with the formats that show a currency."""
    for number, cells in rows:
        if formats := shown.get(number):
            cells = tuple(
                (cell, formats[n]) if n in formats and isinstance(cell, (int, float)) and not isinstance(cell, bool) else cell
                for n, cell in enumerate(cells)
            )
        yield number, cells


def _rows(sheet: Any) -> Iterator[Record]:
    # calamine gives empty rows above the table's first, but no empty columns to the left of it.
    left = ("",) * sheet.start[1] if sheet.start else ()
    for number, row in enumerate(sheet.iter_rows(), 1):
        end = min(len(row), MAX_COLUMNS - len(left))
        while end > 0 and row[end - 1] == "":
            end -= 1
        if end > 0:
            yield number, (*left, *map(_cell, row[:end]))


def _cell(value: Any) -> Cell:
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, (date, time)):  # a datetime is a date
        return value.isoformat().removesuffix("T00:00:00")
    return str(value) if isinstance(value, timedelta) else value


def _copied(path: Path, folder: Path) -> Path:
    """An old workbook under a name that says so: calamine believes an .xlsx to be one."""
    if path.stat().st_size > MAX_UNPACKED:
        raise Refused("unpacks")
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        raise Refused("password")
    return Path(shutil.copyfile(path, folder / "workbook.xls"))


# --- the archive ---------------------------------------------------------------------------------------------------


def _packed_anew(path: Path, folder: Path) -> Path:
    """The archive's parts that matter, unpacked under the limit, looked at, and stored in a new archive."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        parts = {_name(i.filename): i for i in entries if not _UNREAD.search(_name(i.filename))}
        if len(parts) > MAX_PARTS or len(entries) > 20 * MAX_PARTS:
            raise Refused("parts")
        if any(i.flag_bits & 1 for i in parts.values()):
            raise Refused("password")
        kind = next((kind for name, kind in _KINDS.items() if name in map(str.casefold, parts)), "")
        if not kind:
            raise Refused("zip")
        target = folder / f"workbook.{kind}"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as anew:
            room = MAX_UNPACKED
            for name, part in parts.items():
                if name.endswith((".xml", ".rels", ".bin")) or name == "mimetype":
                    data = _checked(archive, part, room)
                    room -= len(data)
                    anew.writestr(name, _near(data) if "worksheets/" in name else data)
    return target


def _checked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, room: int) -> bytes:
    with archive.open(part) as f:
        data = f.read(room + 1)
    if len(data) > room:
        raise Refused("unpacks")
    if not part.filename.endswith(".bin") and _declares_doctype(data):
        raise Refused("doctype")
    return data


def _name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/")


def _near(data: bytes) -> bytes:
    """A sheet's XML without the cells right of MAX_COLUMNS: one stray cell there costs no table."""

    def kept(found: re.Match[bytes]) -> bytes:
        first, second, third = (letter - 64 for letter in found[2])
        return found[0] if (first * 26 + second) * 26 + third <= MAX_COLUMNS else b""

    return _FAR_CELL.sub(kept, data) if re.search(rb'\br="[A-Z]{3}\d', data) else data


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
        parser.ParseFile(io.BytesIO(data))
    except _Seen:
        return found
    except (expat.ExpatError, ValueError, LookupError):
        return b"<!DOCTYPE" in data[:65_536] or b"<!ENTITY" in data[:65_536]
    return False


# --- number formats ------------------------------------------------------------------------------------------------

# Row and column, from 1 and from 0 -> the format of the number there.
_Shown = dict[int, dict[int, str]]
# A sign, a text beside the figures, or a letter that is no placeholder: [$RM-43E], "US$", \฿, $
_MAY_SHOW = re.compile(r"""\[\$[^\]-]|["\\$]|[^\x00-\x7f]""")


class _Formats:
    """The formats in which a workbook shows its numbers, as far as they may say a currency.

    A built-in format without a text of its own (44, "currency") shows that of whoever opens the workbook, and says none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ods = path.suffix == ".ods"
        self.styles: dict[int, str] = {}
        self.parts: list[str] = []
        self.tables: list[_Shown] = []
        with zipfile.ZipFile(path) as archive:
            names = {name.casefold(): name for name in archive.namelist()}
            if self.ods:
                data = archive.read(names["content.xml"])
                self.tables = _ods_formats(data) if b"office:currency=" in data else []
            elif path.suffix == ".xlsx" and "xl/styles.xml" in names:
                self.styles = _xlsx_styles(archive.read(names["xl/styles.xml"]))
                self.parts = [names.get(part, "") for part in _xlsx_parts(archive, names)] if self.styles else []

    def of(self, at: int) -> _Shown:
        """Those of a sheet, by its place in the workbook."""
        if self.ods:
            return self.tables[at] if at < len(self.tables) else {}
        if at >= len(self.parts) or not self.parts[at]:
            return {}
        with zipfile.ZipFile(self.path) as archive:
            data = archive.read(self.parts[at])
        styles = b"|".join(b"%d" % style for style in self.styles)
        cell = re.compile(rb'<(?:\w+:)?c\s(?=[^>]*\bs="(%s)")[^>]*?\br="([A-Z]{1,3})(\d{1,7})"' % styles)
        shown: _Shown = {}
        alike: dict[tuple[tuple[int, str], ...], dict[int, str]] = {}  # most rows are, and share one entry
        for row, cells in groupby(cell.finditer(data), key=itemgetter(3)):
            formats = tuple((_column(found[2]), self.styles[int(found[1])]) for found in cells)
            shown[int(row)] = alike.setdefault(formats, dict(formats))
        return shown


def _column(letters: bytes) -> int:
    """0 for A, 26 for AA."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1


def _follow(data: bytes, start: Callable[[str, dict[str, str]], None]) -> None:
    """Call `start` with the name and attributes of each element of a part, up to where it is not sound."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        return


def _xlsx_styles(data: bytes) -> dict[int, str]:
    """The cells' styles whose number format may say a currency -> that format."""
    formats: dict[str, str] = {}
    styles: dict[int, str] = {}
    section, count = "", 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal section, count
        name = name.rpartition(":")[2]
        if name == "numFmt" and section == "numFmts" and _MAY_SHOW.search(code := attributes.get("formatCode", "")):
            formats[attributes.get("numFmtId", "")] = code
        elif name in ("numFmts", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs"):
            section = name
        elif name == "xf" and section == "cellXfs":
            if code := formats.get(attributes.get("numFmtId", ""), ""):
                styles[count] = code
            count += 1

    if b"formatCode" in data:
        _follow(data, start)
    return styles


def _xlsx_parts(archive: zipfile.ZipFile, names: Mapping[str, str]) -> list[str]:
    """The names of the sheets' parts, in small letters and in the order of the sheets."""
    targets: dict[str, str] = {}
    links: list[str] = []

    def link(name: str, attributes: dict[str, str]) -> None:
        targets[attributes.get("Id", "")] = attributes.get("Target", "").casefold()

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "sheet":
            links.append(next((value for key, value in attributes.items() if key.endswith(":id")), ""))

    if "xl/_rels/workbook.xml.rels" in names:
        _follow(archive.read(names["xl/_rels/workbook.xml.rels"]), link)
    _follow(archive.read(names["xl/workbook.xml"]), sheet)
    found = (targets.get(own, "") for own in links)
    return [target[1:] if target.startswith("/") else f"xl/{target}" for target in found]


def _ods_formats(data: bytes) -> list[_Shown]:
    """The currencies of the numbers in each of an .ods workbook's tables, written as formats."""
    tables: list[_Shown] = []
    row = height = column = 0
    shown: dict[int, str] = {}  # of the row, and of those that repeat it

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, height, column, shown
        if name == "table:table":
            tables.append({})
            row, height = 1, 0
        elif name == "table:table-row":
            row, height, column = row + height, _count(attributes.get("table:number-rows-repeated")), 0
            shown = {}
        elif name in ("table:table-cell", "table:covered-table-cell") and tables:
            width = _count(attributes.get("table:number-columns-repeated"))
            code = attributes.get("office:currency", "")
            if code and attributes.get("office:value-type") == "currency" and column < MAX_COLUMNS:
                if not shown:
                    tables[-1].update(dict.fromkeys(range(row, min(row + height, MAX_ROWS + 1)), shown))
                shown.update(dict.fromkeys(range(column, min(column + width, MAX_COLUMNS)), f"[${code}]"))
            column += width

    _follow(data, start)
    return tables


def _count(told: str | None) -> int:
    """How often a row or cell is repeated."""
    return min(int(told), MAX_ROWS) if told and told.isascii() and told.isdigit() and len(told) < 8 else 1


# --- web pages -----------------------------------------------------------------------------------------------------


def _tables(page: str) -> Iterator[Sheet]:
    """The tables of a page that have at least two rows and columns."""
    found = [rows for node in LexborHTMLParser(page).css("table") if _is_table(rows := _lines(node))]
    for n, rows in enumerate(found, 1):
        yield (f"table {n}" if len(found) > 1 else ""), iter(rows)


def _is_table(rows: list[Record]) -> bool:
    return sum(sum(map(bool, cells)) > 1 for _, cells in rows) > 1


def _lines(table: LexborNode) -> list[Record]:
    """A table's rows; a table inside a cell is part of the cell."""
    rows: list[Record] = []
    below: dict[int, int] = {}  # column -> how many more rows a cell from above takes there
    for number, line in enumerate(_line_nodes(table), 1):
        cells: list[str] = []
        for cell in line.iter():
            if cell.tag in ("td", "th") and len(cells) < MAX_COLUMNS:
                _skip_taken(cells, below)
                width, height = _span(cell, "colspan"), _span(cell, "rowspan")
                if height > 1:
                    below.update(dict.fromkeys(range(len(cells), len(cells) + width), height - 1))
                cells += [_text(cell), *[""] * (width - 1)]
        _skip_taken(cells, below)
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            rows.append((number, tuple(cells[:MAX_COLUMNS])))
    return rows


def _skip_taken(cells: list[str], below: dict[int, int]) -> None:
    while len(cells) in below:
        below[len(cells)] -= 1
        if not below[len(cells)]:
            del below[len(cells)]
        cells.append("")


def _line_nodes(table: LexborNode) -> Iterator[LexborNode]:
    for part in table.iter():
        if part.tag == "tr":
            yield part
        elif part.tag in ("tbody", "thead", "tfoot"):
            yield from (line for line in part.iter() if line.tag == "tr")


def _span(cell: LexborNode, name: str) -> int:
    told = (cell.attributes.get(name) or "").strip()
    return max(1, min(int(told), MAX_COLUMNS)) if told.isascii() and told.isdigit() and len(told) < 8 else 1


def _text(cell: LexborNode) -> str:
    """The text of a cell, a line for each block in it; without text, the addresses of its pictures."""
    parts: list[str] = []
    for node in cell.traverse(include_text=True):
        if node.tag == "-text":
            parts.append(_SPACE.sub(" ", node.text_content or ""))
        elif node.tag in _BLOCKS:
            parts.append("\n")
    text = "\n".join(filter(None, map(str.strip, "".join(parts).split("\n"))))
    return text or "\n".join(image.attributes.get("src") or "" for image in cell.css("img")).strip()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:], sys.stdout.buffer)
