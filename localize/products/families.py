"""Rows of shops' exports that belong together: one product's, wherever in the table they stand."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np

from localize import languages
from localize.products.draft import LOCALIZED, Skipped
from localize.products.native import name
from localize.products.tables import Row, Table


def cell(row: Row, column: int) -> str:
    """The row's cell without white space around it; "" for a column (-1) or cell that is not there."""
    if column < 0:
        return ""
    try:
        text = row.cells[column]
    except IndexError:
        return ""
    stripped = text.strip()
    # A cell that is a number is a Number, which strip() makes an ordinary text.
    return stripped if len(stripped) < len(text) else text


def overfull(row: Row, width: int) -> str:
    """What is wrong with a row that has more cells than the header; "" for nothing."""
    if row.trouble or len(row.cells) <= width or not any(c.strip() for c in row.cells[width:]):
        return row.trouble
    count = f"the row has {len(row.cells)} cells, the header {width}"
    return f'{count}: put a text that contains the separator (a comma?) between quotation marks, "like, this"'


@cache
def _ours() -> frozenset[str]:
    spoken = {f"{field}_{code}" for field in LOCALIZED for code in languages.codes()}
    return frozenset(("currency", "language", "features", "proof", "footage", "link")) | spoken


def added(header: Row) -> tuple[tuple[str, int], ...]:
    """crossreel's own columns that the seller has added to a shop's export, such as currency, proof or title_th."""
    return tuple((field, i) for i, heading in enumerate(header.cells) if (field := name(heading)) in _ours())


def above(table: Table, header: Row) -> Iterator[Skipped]:
    """The rows above the header, which are titles and notes."""
    for row in table.rows():
        if row.number >= header.number:
            return
        if not row.blank:
            yield Skipped(table.path.name, row.number, "what stands above the header")


def scattered(keys: Iterable[str]) -> dict[int, int]:
    """Of the keys that stand in several places, each one's hash and the number of places. Takes 8 bytes a place."""
    places = array("q")
    last = None
    for key in keys:
        if key != last:
            places.append(hash(key))
            last = key
    hashes, counts = np.unique(np.frombuffer(places, dtype=np.int64) if places else np.empty(0, np.int64), return_counts=True)
    return {int(h): int(n) for h, n in zip(hashes[counts > 1], counts[counts > 1], strict=True)}


def families(keyed: Iterable[tuple[str, Row]], apart: dict[int, int]) -> Iterator[list[Row]]:
    """The rows of each key, in the order in which the last row of each stands. Only keys that are `apart` (see
    `scattered`, whose counts are used up) are kept in memory until then."""
    held: dict[str, list[Row]] = {}
    family: list[Row] = []
    last = ""
    for key, row in keyed:
        if key != last:
            if family and (whole := _closed(last, family, apart, held)):
                yield whole
            family, last = [], key
        family.append(row)
    if family and (whole := _closed(last, family, apart, held)):
        yield whole
    yield from held.values()


def _closed(key: str, rows: list[Row], apart: dict[int, int], held: dict[str, list[Row]]) -> list[Row]:
    left = apart.get(hash(key), 0)
    if left == 0:
        return rows
    held.setdefault(key, []).extend(rows)
    apart[hash(key)] = left - 1
    return held.pop(key) if left == 1 else []
