"""Which rows of a table are one product: those that share a code, follow each other under one title, or name their parent."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from localize.products.columns import kinds
from localize.products.headers import norm
from localize.products.tables import Row, Table
from localize.products.unpacked import pairs


class Joins:
    """The rows of one table, joined. `at` says in which column a field stands, `options` which fields tell what variants differ
    in, `sample` holds the first rows that are products.

    `key` is the field that joins ("" where each row is a product): a code of the group, a parent's SKU, the SKU (for rows in
    several languages), or the title.
    """

    def __init__(self, table: Table, head: Row | None, at: Mapping[str, int], options: Sequence[str], sample: Sequence[Row]) -> None:
        self.table, self.at, self.options = table, at, options
        self.first = head.number if head else -1
        self.width = len(head.cells) if head and not table.sheet else 0
        self.sample = [self._fit(row) for row in sample]
        # Magento 1 leaves the code out of all further rows of a product, also of those with its name in another language.
        self.by_code = bool(head and any(norm(c) == "_type" for c in head.cells))
        # Of a variant's SKU, its parent's SKU and what it differs in, as the parent's row tells it.
        self.children: dict[str, tuple[str, dict[str, str]]] = {}
        # How often a product's rows are still to come, by the hash of its key, where they stand apart.
        self.apart: dict[int, int] = {}
        self.key = self._key()
        self._look_through()

    def cell(self, row: Row, field: str) -> str:
        i = self.at.get(field, -1)
        return row.cells[i].strip() if 0 <= i < len(row.cells) else ""

    def repeats(self, field: str) -> bool:
        found = [c for r in self.sample if (c := self.cell(r, field))]
        return len(set(found)) < len(found)

    def _fit(self, row: Row) -> Row:
        """The row, with its trouble if it has more cells than the header names. What stands beside a sheet is only a note."""
        if not self.width or row.trouble or not any(c.strip() for c in row.cells[self.width :]):
            return row
        count = f"the row has {len(row.cells)} cells, the header {self.width}"
        way_out = 'put a text that contains the separator (a comma?) between quotation marks, "like, this"'
        return Row(row.number, row.cells, f"{count}: {way_out}")

    def _key(self) -> str:
        if "sku" in self.at and ("parent" in self.at or "variations" in self.at):
            return "parent"
        if "sku" in self.at and len({self.cell(r, "language") for r in self.sample}) > 1 and self.repeats("sku"):
            return "sku"
        if "group" in self.at and self._joins("group"):
            return "group"
        if self.options and self._joins("sku"):
            return "sku"
        return "title" if self.options and self.repeats("title") else ""

    def _joins(self, field: str) -> bool:
        """Whether rows with one value in this column are one product, not several that share a code, nor one told twice."""
        if field == "group" and self.options and not self.repeats(field):
            return True
        titles: dict[str, str] = {}
        same = other = 0
        for row in self.sample:
            value, title = self.cell(row, field), self.cell(row, "title")
            if value in titles:
                alike = titles[value].startswith(title[: int(0.6 * len(title))])
                same += alike
                other += not alike
            elif value:
                titles[value] = title
        return same > other and bool(self.options or any(not self.cell(r, "title") for r in self.sample))

    def _look_through(self) -> None:
        """Read the table once before, where the rows of one product may stand apart. Of each key only its hash is kept."""
        if "variations" in self.at:
            for row in self.table.rows():
                if row.number > self.first and (cell := self.cell(row, "variations")):
                    for part in cell.split("|"):
                        own = pairs(part, "")
                        if child := own.pop("sku", ""):
                            self.children[child] = self.cell(row, "sku"), own
        if self.key and self.key != "title":
            seen = array("q", (hash(key) for key, _ in self.runs() if key))
            if seen:
                found, times = np.unique(np.frombuffer(seen, dtype=np.int64), return_counts=True)
                self.apart = {int(k): int(n) for k, n in zip(found[times > 1], times[times > 1], strict=True)}

    def products(self) -> Iterator[tuple[str, list[Row]]]:
        """The key and the rows of each product, those that stand apart where the last of them stands."""
        if not self.apart:
            yield from self.runs()
            return
        held: dict[str, list[Row]] = {}
        left = dict(self.apart)
        for key, run in self.runs():
            if key and (n := left.get(hash(key))):
                held.setdefault(key, []).extend(run)
                left[hash(key)] = n - 1
                if n == 1:
                    yield key, held.pop(key)
            else:
                yield key, run
        yield from held.items()  # two keys with one hash

    def runs(self) -> Iterator[tuple[str, list[Row]]]:
        """Rows that follow each other and have one key; a row without one is alone, unless it goes on with the one above."""
        first, width = self.first, self.width
        if not self.key and not self.options and "kind" not in self.at:
            for row in self.table.rows():
                if row.number > first and not row.blank:
                    yield "", [self._fit(row) if width and len(row.cells) > width else row]
            return
        key, run = "", list[Row]()
        kinded = "kind" in self.at and self.key not in ("group", "parent")
        for row in self.table.rows():
            if row.number <= first or row.blank:
                continue
            if width and len(row.cells) > width:
                row = self._fit(row)
            own = "" if row.trouble or (kinded and self.varies(row)) else self._key_of(row)
            if run and not row.trouble and not run[0].trouble and (own == key if own else self._continues(row)):
                run.append(row)
                continue
            if run:
                yield key, run
            key, run = own, [row]
        if run:
            yield key, run

    def _key_of(self, row: Row) -> str:
        if self.key == "parent":
            sku = self.cell(row, "sku")
            return self.children[sku][0] if sku in self.children else self.cell(row, "parent") or sku
        if self.key == "title":  # two things of one name are one only where they follow each other and have one page
            title = self.cell(row, "title")
            return f"{title}\n{self.cell(row, 'link')}" if title else ""
        return self.cell(row, self.key) if self.key else ""

    def varies(self, row: Row) -> bool:
        """Whether a row says of itself that it is a variant, or a rule for variants."""
        return self.cell(row, "kind").casefold() in kinds("variant")

    def _below(self, row: Row) -> bool:
        """Whether a row of a table that says what kind each is belongs to the product above it."""
        if self.varies(row):
            return True
        own = ("sku", "kind") if self.by_code else ("sku", "kind", "title", "price", "group")
        return "sku" in self.at and not any(self.cell(row, f) for f in own)

    def _continues(self, row: Row) -> bool:
        """Whether a row without a key and a title goes on with the product above it."""
        if "kind" in self.at and self._below(row):
            return True
        return bool(self.options) and not self.cell(row, "title") and (self.key == "group" or any(self.cell(row, f) for f in self.options))
