"""crossreel's own table: one row a product, columns named as below.

sku, title and price must be there. Lists (features, images, footage) are separated by |. A text column with a
language's code after it (title_th, features_vi, proof_id) is the seller's own text in that language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TypeVar

from rapidfuzz import fuzz, process

from localize import languages
from localize.domain import Finding, Money, Product, Reject, Source, Text
from localize.products import pictures, values
from localize.products.tables import Outcome, Row, Table
from localize.products.values import NoCurrency, Unreadable

REQUIRED = ("sku", "title", "price")
COLUMNS = (
    *REQUIRED, "was_price", "currency", "brand", "category", "features", "description", "images", "footage", "link", "proof",
)  # fmt: skip
LOCALIZED = ("title", "features", "description", "brand", "proof")


def name(header: str) -> str:
    """A header as it is compared: small letters, one underscore for spaces and hyphens, no invisible characters."""
    letters = "".join(c for c in unicodedata.normalize("NFKC", header) if unicodedata.category(c) not in ("Cf", "Cc"))
    return re.sub(r"[\s_-]+", "_", letters.strip().casefold())


def recognises(table: Table) -> bool:
    """Whether one of the first rows names all required columns."""
    return _header(table) is not None


def missing(tables: Sequence[Table]) -> str:
    """Why none of a file's tables is native: the columns that the nearest one lacks, and which others may be meant."""
    table, found = max(((t, _nearest_header(t)) for t in tables), key=lambda pair: len(_known(pair[1])))
    lacks = [c for c in REQUIRED if c not in _known(found)]
    free = {name(h): h for h in found.cells if h.strip() and name(h) not in _all_columns()}
    hints = [f"Column {values.shown(free[n].strip())} looks like {c!r}: rename it." for c in lacks if (n := _nearest(c, list(free)))]
    named = ", ".join(values.shown(h.strip()) for h in found.cells[:12] if h.strip()) + (", ..." if len(found.cells) > 12 else "")
    return " ".join([
        f"{table.where} has no column {' and no column '.join(map(repr, lacks))}.",
        *hints,
        f"A catalog needs the columns sku, title and price; this one has {named or 'none'}.",
    ])  # fmt: skip


def _nearest_header(table: Table) -> Row:
    """The row that names most of our columns, the first one if none does."""
    return max(table.top(), key=lambda r: len(_known(r)), default=Row(1, ()))


def read(table: Table, language: str, currency: str) -> Iterator[Outcome]:
    """A product or a reject for each row that is not blank, and findings about the rest.

    `language` is the language of the texts, `currency` the ISO 4217 code of prices that name none ("" for none).
    """
    header = _header(table)
    assert header is not None, "read() is for tables that recognises() took"
    columns = _columns(header)
    yield from _about_columns(table, header, columns)
    rows = _Rows(table, header, columns, language, currency)
    for row in table.rows():
        if row.number > header.number and not row.blank:
            yield from rows.outcomes(row)


def _header(table: Table) -> Row | None:
    return next((r for r in table.top() if all(c in _known(r) for c in REQUIRED)), None)


def _known(row: Row) -> set[str]:
    return {name(c) for c in row.cells} & _all_columns()


@cache
def _all_columns() -> frozenset[str]:
    return frozenset(COLUMNS) | {f"{column}_{code}" for column in LOCALIZED for code in languages.codes()}


def _columns(header: Row) -> dict[str, int]:
    """Where each known column stands; of two with one name, the first."""
    columns: dict[str, int] = {}
    for i, cell in enumerate(header.cells):
        if name(cell) in _all_columns():
            columns.setdefault(name(cell), i)
    return columns


def _nearest(word: str, choices: list[str]) -> str:
    near = process.extractOne(word, choices, scorer=fuzz.ratio, score_cutoff=75)
    return near[0] if near else ""


def _about_columns(table: Table, header: Row, columns: dict[str, int]) -> Iterator[Finding]:
    def warn(message: str, column: str = "") -> Finding:
        return _finding(table.path.name, header.number, "", column, "", message)

    for note in table.notes:
        yield warn(note)
    above = [r.number for r in table.top() if r.number < header.number]
    if above:
        yield warn(f"{table.where}: the header is row {header.number}; what stands above it (row {above[0]}) was not read")
    unknown = []
    for i, cell in enumerate(header.cells):
        column = name(cell)
        if column in columns:
            if columns[column] != i:
                yield warn(f"column {column!r} is there twice; only the first was read", column)
        elif cell.strip():
            # title_ms is right, only not spoken here: title_id would be no better name for it.
            foreign = column.partition("_")[0] in LOCALIZED and len(column.partition("_")[2]) == 2
            near = "" if foreign else _nearest(column, sorted(_all_columns() - columns.keys()))
            if near:
                yield warn(f"column {values.shown(cell)} was not read; it looks like {near!r}: rename it if so", cell)
            else:
                unknown.append(cell)
    if unknown:
        more = f" and {len(unknown) - 20} more" if len(unknown) > 20 else ""
        yield warn(f"columns that crossreel does not know were not read: {', '.join(map(values.shown, unknown[:20]))}{more}")
    if "images" not in columns:
        yield warn("there is no column 'images': a clip needs at least one picture of its product", "images")


def _finding(file: str, row: int, sku: str, column: str, value: str, message: str) -> Finding:
    evidence: dict[str, str | int | float | bool | None] = {"file": file, "row": row, "sku": sku, "column": column, "value": _short(value)}
    return Finding(check="catalog", severity="warn", message=message, evidence=evidence)


def _short(value: str) -> str:
    return str(value) if len(value) <= 200 else value[:199] + "…"


T = TypeVar("T")
Problem = tuple[str, str, str]  # column, its cell, what is wrong with it and what to write


class _Rows:
    """Reads one row after the other, and remembers the SKUs and pictures it has seen."""

    def __init__(self, table: Table, header: Row, columns: dict[str, int], language: str, currency: str) -> None:
        self.file = table.path.name
        self.folder = table.path.absolute().parent
        self.sheet = table.sheet
        self.columns = columns
        self.localized = [code for code in languages.codes() if any(f"{c}_{code}" in columns for c in LOCALIZED)]
        self.width = len(header.cells)
        self.language = language
        self.currency = currency
        self.skus: dict[str, int] = {}
        self.looked_at: dict[str, str] = {}

    def outcomes(self, row: Row) -> Iterator[Outcome]:
        bad: list[Problem] = []
        doubts: list[Problem] = []
        sku = values.plain(self.cell(row, "sku"))[:80]
        if row.trouble:
            bad.append(("", " ".join(row.cells), row.trouble))
            product = None
        else:
            product = self.product(row, bad, doubts)
        if product is not None:
            yield from (_finding(self.file, row.number, sku, *problem) for problem in doubts)
            yield product
            return
        column, value, reason = bad[0]
        if len(bad) > 1:
            reason += ". Also " + "; ".join(f"in {c!r}: {r}" for c, _, r in bad[1:])
        yield Reject(file=self.file, row=row.number, sku=sku, column=column, value=_short(value), reason=reason)

    def product(self, row: Row, bad: list[Problem], doubts: list[Problem]) -> Product | None:
        """The row's product, or None with what is `bad`. What is only doubtful goes into `doubts`."""

        def tried(column: str, reading: Callable[[str], T], problems: list[Problem]) -> T | None:
            cell = self.cell(row, column)
            try:
                return reading(cell)
            except NoCurrency as error:
                problems.append(("currency", "", str(error)))
            except Unreadable as error:
                problems.append((column, cell, str(error)))
            return None

        self.count_cells(row, bad, doubts)
        if bad:  # the cells stand under wrong columns: what else is wrong with them says nothing
            return None
        sku = tried("sku", partial(self.own_sku, row.number), bad)
        title = values.plain(self.cell(row, "title"))
        if not title:
            bad.append(("title", "", "the title is empty: write what the product is called"))
        currency = tried("currency", lambda cell: values.currency(cell) if cell.strip() else "", bad)
        price = None if currency is None else tried("price", lambda cell: values.money(cell, currency, self.currency), bad)
        images = self.files(row, "images", "picture", bad, doubts)
        footage = self.files(row, "footage", "video", doubts, doubts)
        if bad or sku is None or price is None:
            return None
        money, doubt = price
        if doubt:
            doubts.append(("price", self.cell(row, "price"), doubt))
        link = tried("link", values.link, doubts) if self.cell(row, "link").strip() else ""
        return Product(
            sku=sku,
            title=title,
            price=money,
            was_price=self.was_price(row, money, doubts),
            category=values.plain(self.cell(row, "category")),
            images=images,
            footage=footage,
            link=link or "",
            language=self.language,
            localized={code: text for code in self.localized if (text := self.text(row, f"_{code}")) != Text()},
            source=Source(file=self.file, row=row.number),
            **{k: v for k, v in self.text(row, "") if k != "title"},
        )

    def cell(self, row: Row, column: str) -> str:
        i = self.columns.get(column, -1)
        return row.cells[i] if 0 <= i < len(row.cells) else ""

    def count_cells(self, row: Row, bad: list[Problem], doubts: list[Problem]) -> None:
        extra = [c for c in row.cells[self.width :] if c.strip()]
        if extra and self.sheet:  # a note beside the table
            doubts.append(("", " ".join(extra), "what stands to the right of the last column was not read"))
        elif extra:
            count = f"the row has {len(row.cells)} cells, the header {self.width}"
            bad.append(
                ("", " ".join(extra), f'{count}: put a text that contains the separator (a comma?) between quotation marks, "like, this"')
            )

    def own_sku(self, number: int, cell: str) -> str:
        sku = values.sku(cell)
        first = self.skus.setdefault(sku, number)
        if first != number:
            raise Unreadable(
                f"the SKU {values.shown(sku)} is already used in row {first}: give each product a code of its own, or delete one row"
            )
        return sku

    def text(self, row: Row, suffix: str) -> Text:
        """The row's texts in one language; the suffix is "" or that of its columns, such as _th."""
        return Text(
            title=values.plain(self.cell(row, f"title{suffix}")),
            features=values.items(self.cell(row, f"features{suffix}")),
            description=values.lines(self.cell(row, f"description{suffix}")),
            brand=values.plain(self.cell(row, f"brand{suffix}")),
            proof=values.plain(self.cell(row, f"proof{suffix}")),
        )

    def was_price(self, row: Row, price: Money, doubts: list[Problem]) -> Money | None:
        """The price before, if it is one: a was-price that is not above the price is no offer and is left out."""
        cell = self.cell(row, "was_price")
        if not cell.strip():
            return None
        try:
            was, doubt = values.money(cell, price.currency)
        except Unreadable as error:
            doubts.append(("was_price", cell, f"was_price is not shown: {error}"))
            return None
        if was.amount <= price.amount:
            doubts.append(("was_price", cell, f"was_price is not shown: {was.amount} is not above the price, {price.amount}"))
            return None
        if doubt:
            doubts.append(("was_price", cell, doubt))
        return was

    def files(self, row: Row, column: str, kind: str, if_none_good: list[Problem], if_some_good: list[Problem]) -> tuple[str, ...]:
        """The files a cell names that can be used. The problems of the others go into the list for the case."""
        good: dict[str, None] = {}
        problems: list[Problem] = []
        for part in values.items(self.cell(row, column)):
            try:
                path = values.file(part, self.folder, kind)
            except Unreadable as error:
                problems.append((column, part, str(error)))
                continue
            reason = self.look_at(path) if kind == "picture" else ""
            if reason:
                problems.append((column, part, f"{values.shown(part)} cannot be shown: {reason}"))
            else:
                good[path] = None
        (if_some_good if good else if_none_good).extend(problems)
        return tuple(good)

    def look_at(self, path: str) -> str:
        if path not in self.looked_at:
            self.looked_at[path] = pictures.check(path)
        return self.looked_at[path]
