"""Workbooks as rows of text: .xlsx, .xlsb, .xls and .ods, and the web pages that shop systems export under these names.

Formulas are never run: a cell has the value it was saved with, and none if it was never worked out. Errors (#N/A) are
empty cells. Of merged cells, the first has the value. Hidden sheets are left out. Links to other workbooks are not
followed. Dates are ISO 8601, and numbers have the digits that a spreadsheet shows, and the currency
that it shows beside them (.xlsx and .ods).
"""

from __future__ import annotations

import marshal
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from localize.errors import UserError
from localize.products.tables import formats, sheets
from localize.products.tables.charset import Reading
from localize.products.tables.rows import MAX_UNPACKED, Row, Table
from localize.products.values import text

# Excel's exports as web pages are some 100 bytes a cell.
MAX_PAGE = 50_000_000
_CHARSET = re.compile(r"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_SAVE = "open it in a spreadsheet and save it as .xlsx or CSV (UTF-8)"
_REFUSED = {
    "password": "has a password: open it, take the password off and save it again",
    "doctype": "has XML entity declarations, which no spreadsheet writes: save it again as .xlsx",
    "unpacks": f"unpacks to more than {MAX_UNPACKED // 1_000_000} MB: split it, or save it as CSV (UTF-8)",
    "parts": "is an archive of more files than any workbook has: save it again as .xlsx",
    "zip": "is a ZIP archive: unpack it and name the table inside",
    "memory": "needs more memory or time than a workbook may: delete what stands far below or beside the table, or save it as CSV",
}


def page(path: Path, reading: Reading) -> list[Table]:
    """The tables of an HTML page that have two rows and columns. Raises UserError when there is none.

    Of cells that span several, the first has the value; a cell with a picture and no text is the picture's address.
    """
    if path.stat().st_size > MAX_PAGE:
        raise UserError(f"{path.name} is a web page of more than {MAX_PAGE // 1_000_000} MB: save the table as CSV (UTF-8) or .xlsx")
    named = _CHARSET.search(reading.start(path, 4000))
    if named:
        reading = reading.told_to_be(path, named[1])
    found = _sheets(path, reading.encoding, reading.errors)
    if not found:
        raise UserError(f"{path.name} is a web page without a table of products: export the products as CSV (UTF-8) or .xlsx")
    return [Table(path, partial(_rows, blocks), sheet=name, notes=reading.notes) for name, blocks in found]


def load(path: Path) -> list[Table]:
    """The visible sheets that have any content. Raises UserError when it is no workbook that can be read."""
    found = _sheets(path)
    if not found:
        raise UserError(f"{path.name} has no visible sheet with anything in it")
    return [Table(path, partial(_rows, blocks), sheet=name) for name, blocks in found]


def _sheets(path: Path, *encoding: str) -> list[tuple[str, list[memoryview]]]:
    """The names of the sheets and their rows, as `sheets.py` packs them."""
    found: list[tuple[str, list[memoryview]]] = []
    for letter, content in _told(path, encoding):
        if letter == b"S":
            found.append((text(bytes(content).decode()), []))
        elif letter == b"R":
            found[-1][1].append(content)
        elif letter == b"X":
            kind, _, why = bytes(content).decode().partition("\n")
            raise UserError(f"{path.name} {_REFUSED.get(kind) or _broken(why)}")
    return found


def _broken(why: str) -> str:
    return f"could not be opened as a workbook ({why or 'it is damaged'}): {_SAVE}"


def _told(path: Path, encoding: Sequence[str]) -> Iterator[tuple[bytes, memoryview]]:
    """What `sheets.py` says about the workbook, letter by letter."""
    with tempfile.TemporaryDirectory(prefix="crossreel-") as folder:
        # -P: a module of this folder is not taken for one of another name that the process asks for.
        command = [sys.executable, "-P", sheets.__file__, str(path.absolute()), folder, *encoding]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode:  # below zero: the limits, or the library, have ended it
        raise UserError(f"{path.name} {_REFUSED['memory'] if done.returncode < 0 else _broken('')}")
    told, at = done.stdout, 0
    while at < len(told):
        end = at + 5 + int.from_bytes(told[at + 1 : at + 5], "big")
        yield told[at : at + 1], memoryview(told)[at + 5 : end]
        at = end


def _rows(blocks: list[memoryview]) -> Iterator[Row]:
    for block in blocks:
        for number, cells in marshal.loads(block):
            yield Row(number, tuple(map(_cell, cells)))


def _cell(cell: sheets.Cell) -> str:
    return formats.shown(text(cell[0]), cell[1]) if isinstance(cell, tuple) else text(cell)
