"""Rows of text: what every kind of file becomes before anybody asks what its columns mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

# A workbook, JSON or Parquet that unpacks to more than this would not fit beside a rendering clip; text has no limit.
MAX_UNPACKED = 200_000_000
# Excel allows 16,384 columns; one stray cell out there would cost every row that many.
MAX_COLUMNS = 1024

EMPTY = "{} is empty: save it again with a header row and the products below it"


class Row(NamedTuple):
    """One row: its number as a spreadsheet shows it, its cells, and what makes it unreadable ("" when nothing does)."""

    number: int
    cells: tuple[str, ...]
    trouble: str = ""

    @property
    def blank(self) -> bool:
        if self.trouble:
            return False
        for cell in self.cells:  # noqa: SIM110  a generator costs four times as much, and the first cell mostly ends it
            if cell and not cell.isspace():
                return False
        return True


@dataclass(frozen=True)
class Table:
    """A table of a file. `rows()` starts over at each call and gives the header's row, too, and blank ones.

    JSON, XML feeds and Parquet have no header row: their field names come as row 0. `notes` says what the seller
    should know about how the file was read.
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
