"""What a seller should know about a table that was understood by its columns: how, and what is odd about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from localize.domain import Finding, Severity
from localize.products import columns
from localize.products.columns import SURE, Guess
from localize.products.draft import Skipped
from localize.products.headers import data, net, norm
from localize.products.joins import Joins
from localize.products.tables import Row
from localize.products.unpacked import listed
from localize.products.values import MONEY, shown


class Doubts:
    """The findings about one table. `used` are the guesses that are read, `hidden` whether the shop shows none of it."""

    def __init__(self, joins: Joins, guesses: Sequence[Guess], used: Sequence[Guess], hidden: bool) -> None:
        self.table, self.joins, self.guesses, self.used, self.hidden = joins.table, joins, guesses, used, hidden
        self.file, self.sample, self.cell, self.at = joins.table.path.name, joins.sample, joins.cell, joins.at
        self.headers = {g.field: called(g) for g in reversed(used)}

    def finding(self, message: str, severity: Severity = "warn", column: str = "") -> Finding:
        evidence: dict[str, str | int | float | bool | None] = {"file": self.file, "row": max(self.joins.first, 0)}
        evidence |= {"sku": "", "column": self.headers.get(column, column), "value": ""}
        return Finding(check="catalog", severity=severity, message=message, evidence=evidence)

    def all(self) -> Iterator[Skipped | Finding]:
        for row in self.table.top(20):
            if row.number < self.joins.first:
                yield Skipped(self.file, row.number, "it stands above the header")
        told = ", ".join(f"{g.field} from {shown(called(g))}" for g in self.used)
        yield self.finding(
            f"{self.table.where} was understood by its columns: {told}. Set `columns:` in the campaign if that is wrong", "info"
        )
        for guess in self.used:
            if guess.field in ("title", "price") and guess.confidence < 0.7:
                yield self.finding(
                    f"the {guess.field} is read from {shown(guess.header)}: {guess.why}. Name the column under `columns:` if not",
                    column=guess.field,
                )
        others = [
            g
            for g in self.guesses
            if not g.field and (" but its cells are no " in g.why or "written in full" in g.why or "; the one in " in g.why)
        ]
        for guess in others:
            yield self.finding(f"column {shown(guess.header)} was not read: {guess.why}", column=guess.header)
        yield from self._conditions()
        left = [shown(g.header) for g in self.guesses if not g.field and g.header and g not in others]
        if left:
            more = f" and {len(left) - 20} more" if len(left) > 20 else ""
            yield self.finding(f"columns that were not read: {', '.join(left[:20])}{more}", "info")
        if not {"images", "extra_images", "variant_images"} & self.at.keys():
            yield self.finding("there is no column of pictures: a clip needs at least one picture of its product", column="images")
        if self.hidden:
            yield self.finding(
                f"all products are hidden in the shop by their {self.headers['status']}: they were read all the same", column="status"
            )
        yield from self._doubts()

    def _conditions(self) -> Iterator[Finding]:
        """What may make the prices others than those that buyers pay: a discount beside them, or a coupon."""
        priced = {g.field: g for g in self.used}
        for guess in self.guesses:
            takes_off = not guess.field and guess.why == "it says how much is taken off, not the price"
            if takes_off and not {"was_price", "sale_price"} & priced.keys() and self._any(guess):
                message = f"prices are read as they stand in {shown(self.headers['price'])}, without what {shown(guess.header)} takes off"
                yield self.finding(f"{message}: check that buyers pay them, or name the right column under `columns:`", column=guess.header)
        if net(self.headers["price"]) and "sale_price" not in priced:
            message = f"the prices in {shown(self.headers['price'])} are without tax"
            yield self.finding(f"{message}: if buyers pay more, name a column with the tax in it under `columns:`", column="price")
        for field in ("price", "sale_price"):
            header = norm(self.headers.get(field, ""))
            if any(norm(word) in header for word in MONEY["conditions"]):
                message = f"{shown(self.headers[field])} are prices for some buyers only, with a coupon or as members"
                yield self.finding(
                    f"{message}: clips will show them; name another column under `columns:` if not all can pay them", column=field
                )

    def _any(self, guess: Guess) -> bool:
        """Whether a column of discounts takes something off in the first rows."""
        cells = (r.cells[guess.index] for r in self.sample if guess.index < len(r.cells))
        return any(re.search("[1-9]", c) for c in cells)

    def _doubts(self) -> Iterator[Finding]:
        """What is odd about the first rows' titles, taken together."""
        titled = [(r.number, t) for r in self.sample if (t := self.cell(r, "title"))]
        titles = [t for _, t in titled]
        told = [n for n, t in titled if any(word in t.casefold() for word in data()["notices"])]
        notices = len(told)
        if not self.joins.key and len(titles) > 4 and len(set(titles)) < 0.8 * len(titles) and notices > 0.2 * len(titles):
            example = shown(Counter(titles).most_common(1)[0][0])
            count = f"of the first {len(titles)} titles only {len(set(titles))} differ, and {notices} read like notices, not like names"
            rows = ", ".join(map(str, told[:10])) + (" and others" if len(told) > 10 else "")
            yield self.finding(
                f"{count} ({example}; rows {rows}): check that {shown(self.headers['title'])} is what the products are called",
                column="title",
            )
        if sum(len(listed(t)) > 1 for t in titles) > 0.3 * len(titles):
            message = (
                "the titles are lists of parts, as pages are taken apart by a program; they were joined. A word that the page set off "
            )
            yield self.finding(
                message + "between the parts (what was searched for) may be missing in the file: check a few", column="title"
            )


# What only a list of products has. A title and a price are guessed in a list of customers as well.
_GOODS = frozenset(
    ("sku", "images", "extra_images", "variant_images", "description", "features", "brand", "category", "was_price", "group")
)


def people(head: Row, guesses: Sequence[Guess]) -> list[str]:
    """The columns by which a table is a list of customers or of their orders, [] where it is one of products."""
    found = [c for c in head.cells if norm(c) in _of_people()]
    used = {g.field: g for g in guesses if g.field and g.confidence >= SURE}
    title = norm(used["title"].header) if "title" in used else ""
    goods = used.keys() & _GOODS or any(word in title for word in data()["affixes"]["product"])
    sure = len(found) > 1 or "price" not in used or used["price"].confidence < 0.9
    return found if found and sure and not goods else []


@cache
def _of_people() -> frozenset[str]:
    return frozenset(map(norm, data()["people"]))


def called(guess: Guess) -> str:
    return guess.header or f"column {columns.letters(guess.index)}"
