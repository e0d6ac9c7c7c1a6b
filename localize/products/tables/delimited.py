"""Delimited text as rows: CSV, TSV and their kin, however the lines end and whatever stands between the cells.

Read with the standard library: pandas raises on a row with a cell too many, and turns 00123 into 123 and 89.10 into 89.1.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice, pairwise
from pathlib import Path

from localize.errors import UserError
from localize.products.tables.charset import Reading
from localize.products.tables.rows import Row, Table

# A picture in a cell (data:image/png;base64,...) is long, and on one line.
MAX_CELL = 2_000_000
# A quotation mark that is never closed takes in the lines after it, and is found out when these are so many characters.
MAX_QUOTED = 131_072
LONG_LINE = 10_000

csv.field_size_limit(MAX_CELL)


def load(path: Path, reading: Reading, start: str) -> Table:
    """The table in a text file that begins with `start`."""
    if reading.long_lines:
        raise UserError(f"{path.name} has a line longer than any table's: export it again as CSV (UTF-8), one product a line")
    told = start.splitlines()[:1]
    if told and told[0].strip().lower() in ("sep=,", "sep=;", "sep=", "sep=|"):
        delimiter = told[0].strip()[4:] or "\t"
        return Table(path, partial(_rows, path, reading, delimiter, 1), notes=reading.notes)
    return Table(path, partial(_rows, path, reading, _delimiter(start)), notes=reading.notes)


def _delimiter(start: str) -> str:
    """Which of , ; tab and | splits the table: the one by which most rows, the first among them, have the same width."""
    first = start[:100_000]

    def fit(delimiter: str) -> float:
        rows = _tried(first, delimiter)
        widths = Counter(map(len, rows))
        width = max(widths, key=lambda w: (w > 1, widths[w] * (w > 1), w), default=1)
        if width < 2 or (delimiter == "," and _decimal_commas(rows)):
            return 0.0
        even = sum(n * (1.0 if w == width else 0.5 if w > 1 else 0.0) for w, n in widths.items()) / len(rows)
        return even * (1 - 1 / width) * (1.5 if len(rows[0]) == width else 1.0)

    return max(",;\t|", key=fit)


def _tried(start: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(start, newline=""), delimiter=delimiter):
            if any(row):
                rows.append(row)
            if len(rows) == 60:
                return rows
    except csv.Error:
        pass
    # The last row may have been cut off with the text.
    return rows[:-1] if len(rows) > 1 and len(start) == 100_000 else rows


def _decimal_commas(rows: list[list[str]]) -> bool:
    """Whether every comma stands between two digits, and another delimiter stands around them: 1,5;2,5."""
    split = [row for row in rows if len(row) > 1]
    between = all(a[-1:].isdigit() and b[:1].isdigit() for row in split for a, b in pairwise(row))
    return between and any(d in cell for row in split for cell in row for d in ";\t|")


class _Unclosed(Exception):
    """A quotation mark has taken in more than any cell has."""


# Fed to the csv reader after the last line: when it does not come back as a row of its own, a quotation mark is open.
_END = "\ufffeend\ufffe"


def _rows(path: Path, reading: Reading, delimiter: str, skip: int = 0) -> Iterator[Row]:
    lines = islice(reading.lines(path), skip, None)
    taken = [0]  # characters since the last row's end, but of long lines
    reader = csv.reader(_fed(lines, taken), delimiter=delimiter)
    number, line, before = 0, skip, skip
    new = partial(tuple.__new__, Row)
    while True:
        number += 1
        first = line + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Unclosed) as error:
            line = reader.line_num + before + isinstance(error, _Unclosed)
            yield Row(number, (), _trouble(error, first, line))
            if isinstance(error, _Unclosed):  # that has ended the feed
                before = line
                reader = csv.reader(_fed(lines, taken), delimiter=delimiter)
            taken[0] = 0
            continue
        line = reader.line_num + before
        taken[0] = 0
        if cells and _END in cells[-1]:
            if cells == [_END]:
                return
            cells[-1] = cells[-1].replace(_END, "").rstrip()
            yield Row(number, tuple(cells), f"a quotation mark in line {first} is never closed: close or remove it")
            return
        yield new((number, tuple(cells), ""))


def _trouble(error: Exception, first: int, line: int) -> str:
    if line == first:
        return f"line {first} has a cell of more than {MAX_CELL:,} characters: put the text or picture into a file of its own"
    return f"a quotation mark in line {first} is not closed before line {line}: close or remove it"


def _fed(lines: Iterator[str], taken: list[int]) -> Iterator[str]:
    for line in lines:
        size = len(line)
        if size < LONG_LINE:
            taken[0] += size
            if taken[0] > MAX_QUOTED:
                raise _Unclosed
        yield line
    yield _END
