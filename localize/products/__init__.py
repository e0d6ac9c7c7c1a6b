"""Products: a seller's files in; products out, and rejects with reasons a seller can act on.

A reader is a module of this package for one kind of table, found by the table's content and not by the file's name.
Adding a format is adding one module with what `draft.Reader` asks for, and its name to `READERS`.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import cast

from localize.domain import Finding, Product, Reject
from localize.errors import UserError
from localize.products import (
    akulaku,
    amazon,
    columns,
    google,
    native,
    prices,
    shopee,
    shopify,
    tables,
    tabular,
    tiktokshop,
    values,
    woocommerce,
)
from localize.products.build import SAMPLE, Builder
from localize.products.draft import Asked, Draft, Layout, Outcome, Reader, Skipped
from localize.products.look import look
from localize.products.tables import Row, Table

__all__ = ["READERS", "Account", "Asked", "Catalog", "Outcome", "Reading", "Skipped", "look", "open_catalog", "read", "write_rejects"]


@dataclass(frozen=True)
class Catalog:
    """A catalog that was read: each of its `rows` is part of a product or of a reject, or was skipped with a reason.
    Warnings hold what was doubtful or left out, notes what was concluded about the catalog as a whole."""

    products: tuple[Product, ...]
    rejects: tuple[Reject, ...]
    warnings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    rows: int
    format: str


@dataclass
class Account:
    """What became of a catalog's rows; complete when the reading has come to its end."""

    products: int = 0
    rejects: int = 0
    warnings: int = 0
    product_rows: int = 0
    reject_rows: int = 0
    skipped_rows: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    # What was counted independently: the rows that are not blank, and the tables, each with a header among them.
    seen: int = 0
    tables: int = 0

    @property
    def rows(self) -> int:
        return self.product_rows + self.reject_rows + self.skipped_rows

    @property
    def balanced(self) -> bool:
        """Whether every row that is not blank became something, but for one header a table."""
        return 0 <= self.seen - self.rows <= self.tables

    def add(self, outcome: Outcome) -> None:
        if isinstance(outcome, Product):
            self.products += 1
            self.product_rows += outcome.source.rows if outcome.source else 1
        elif isinstance(outcome, Reject):
            self.rejects += 1
            self.reject_rows += outcome.rows
            self.reasons[kind(outcome.reason)] += 1
        elif isinstance(outcome, Skipped):
            self.skipped_rows += outcome.rows
        elif outcome.severity != "info":
            self.warnings += 1


_NOTHING = Asked()

# Tried in this order: the ones that can't be mistaken first.
READERS: tuple[Reader, ...] = tuple(
    cast(Reader, module) for module in (native, shopify, woocommerce, shopee, tiktokshop, akulaku, amazon, google, tabular)
)
_TABULAR = READERS[-1]


class Reading:
    """A catalog being read: iterate over it for its outcomes, in the file's order and in flat memory.

    `format` and `about` name the reader that took it, `files` its files. `account` is filled while iterating.
    """

    def __init__(self, parts: Sequence[tuple[Reader, Sequence[Table]]], before: Sequence[Outcome], asked: Asked) -> None:
        self.account = Account()
        self._parts = [(reader, [self._counted(t) for t in found]) for reader, found in parts]
        self._before, self._asked = before, asked
        self.format = " + ".join(dict.fromkeys(reader.NAME for reader, _ in parts))
        self.about = " and ".join(dict.fromkeys(reader.ABOUT for reader, _ in parts))
        self.files = tuple(dict.fromkeys(t.path.name for _, found in parts for t in found))

    def __iter__(self) -> Iterator[Outcome]:
        builder = Builder(self._asked)
        for outcome in self._outcomes(builder):
            self.account.add(outcome)
            yield outcome

    def _outcomes(self, builder: Builder) -> Iterator[Outcome]:
        yield from self._before
        for reader, found in self._parts:
            for table in found:
                yield from (_said(table, note) for note in table.notes)
            stream: Iterator[Layout | Draft | Finding | Skipped] = iter(reader.read(found, self._asked))
            while (item := next(stream, None)) is not None:
                if isinstance(item, Draft):
                    yield from builder.outcomes(item)
                elif isinstance(item, Layout):
                    sample = list(islice(stream, SAMPLE))
                    held = takewhile(lambda following: not isinstance(following, Layout), sample)
                    yield from builder.understand(item, [d for d in held if isinstance(d, Draft)])
                    stream = chain(sample, stream)
                else:
                    yield item
        yield from builder.end()

    def _counted(self, table: Table) -> Table:
        """The table, counting its rows into the account the first time that it is read to its end."""
        self.account.tables += 1
        counted = False

        def rows() -> Iterator[Row]:
            nonlocal counted
            n = 0
            for row in table.rows():
                number, cells, _ = row
                # Row 0 is the header that JSON and Parquet do not have. Most rows tell by their first cell that they are not blank.
                if number and ((cells and cells[0] and not cells[0].isspace()) or not row.blank):
                    n += 1
                yield row
            if not counted:
                counted = True
                self.account.seen += n

        return replace(table, rows=rows)


def _said(table: Table, note: str) -> Finding:
    return Finding(check="catalog", severity="warn", message=note, evidence={"file": table.path.name})


def kind(reason: str) -> str:
    """A reason without the values in it, so that rejects of one kind can be counted together."""
    return re.sub(r"\d[\d.,]*", "…", re.sub(r"'[^']*'", "'…'", reason))[:200]


def open_catalog(files: Sequence[Path], asked: Asked = _NOTHING) -> Reading:
    """Open the files of one catalog: CSV, TSV, XLSX, XLS, ODS, JSON, JSON Lines, XML or Parquet, each of a kind that a
    reader knows. All sheets of a workbook that the reader recognises are read.

    Of several files, one that is no catalog becomes a reject; the others are read. Raises UserError when none is, and
    for a currency, format, column or sheet that there is not.
    """
    if asked.currency and asked.currency not in values.codes() and asked.currency != prices.UNKNOWN:
        raise UserError(f"currency {asked.currency!r} is not an ISO 4217 code such as THB, VND, IDR, CNY or USD")
    found: dict[int, tuple[Reader, list[Table]]] = {}
    before: list[Outcome] = []
    for file in files:
        try:
            sheets = _sheets(tables.load(file), asked.sheet)
            reader, own = _recognised(sheets, asked)
        except UserError as error:
            if len(files) == 1:
                raise
            before.append(Reject(file=file.name, row=0, column="", value="", reason=str(error), rows=0))
            continue
        found.setdefault(id(reader), (reader, []))[1].extend(own)
        if others := [t for t in sheets if t not in own]:
            message = f"the products are those of sheet {_listed(own)}; not read: {_listed(others)}"
            before.append(Finding(check="catalog", severity="info", message=message, evidence={"file": file.name}))
    if not found:
        raise UserError("; ".join(str(r.reason) for r in before if isinstance(r, Reject)) or "no file was given as a catalog")
    return Reading(list(found.values()), before, asked)


def read(
    path: str | Path | Sequence[Path], *, language: str = "", currency: str = "", asked: Asked | None = None, pictures: bool = True
) -> Catalog:
    """Read a whole catalog into memory. `language` and `currency` are those of Asked, which may be given instead.

    With `pictures`, picture files are looked at, and a product none of whose pictures can be shown is a reject. Raises
    UserError when the file as a whole is no catalog, or has no products.
    """
    files = [Path(path)] if isinstance(path, (str, Path)) else list(path)
    reading = open_catalog(files, asked or Asked(language=language, currency=currency))
    products: list[Product] = []
    rejects: list[Reject] = []
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    for outcome in reading:
        if isinstance(outcome, Product):
            seen, missing = look(outcome) if pictures else (outcome, ())
            findings.extend(missing)
            if isinstance(seen, Product):
                products.append(seen)
            else:
                rejects.append(seen)
        elif isinstance(outcome, Reject):
            rejects.append(outcome)
        elif isinstance(outcome, Skipped):
            skipped.append(outcome)
        else:
            findings.append(outcome)
    if not products and not rejects:
        raise UserError(nothing(reading, skipped))
    return Catalog(
        products=tuple(products),
        rejects=tuple(rejects),
        warnings=tuple(f for f in findings if f.severity != "info"),
        notes=tuple(f for f in findings if f.severity == "info"),
        skipped=tuple(skipped),
        rows=reading.account.rows,
        format=reading.format,
    )


def nothing(reading: Reading, skipped: Sequence[Skipped]) -> str:
    """Why a catalog that was recognised has no products."""
    where = ", ".join(reading.files)
    if not skipped:
        return f"{where} has a header but no products below it"
    reasons = "; ".join(dict.fromkeys(s.reason for s in skipped))
    return f"{where} is {reading.about} but has no products: all its {reading.account.skipped_rows} rows are something else ({reasons})"


def _sheets(sheets: list[Table], asked: str) -> list[Table]:
    if not asked:
        return sheets
    wanted = [t for t in sheets if native.name(t.sheet) == native.name(asked)]
    if not wanted:
        raise UserError(f"{sheets[0].path.name} has no visible sheet {asked!r}, only {_listed(sheets)}")
    return wanted


def _listed(sheets: Sequence[Table]) -> str:
    return ", ".join(values.shown(t.sheet) for t in sheets)


def _recognised(sheets: list[Table], asked: Asked) -> tuple[Reader, list[Table]]:
    """The first reader that knows a sheet, and all the sheets that it knows."""
    if asked.columns:
        if own := [t for t in sheets if tabular.maps(t, asked)]:
            return _TABULAR, own
        columns.chosen(sheets[0], asked.columns)  # raises for a column that is not there
        raise UserError(tabular.missing(sheets))
    for reader in _readers(asked):
        if own := [t for t in sheets if reader.recognises(t)]:
            return reader, own
    if asked.format:
        raise UserError(f"{sheets[0].path.name} is not {_readers(asked)[0].ABOUT}: leave `format` out, and it is found by the content")
    raise UserError(tabular.missing(sheets))


def _readers(asked: Asked) -> Sequence[Reader]:
    if not asked.format:
        return READERS
    chosen = [r for r in READERS if asked.format == r.NAME]
    if not chosen:
        raise UserError(f"{asked.format!r} is no catalog format: use one of {', '.join(r.NAME for r in READERS)}, or leave it out")
    return chosen


# A cell that starts so is run as a formula by Excel, LibreOffice and Google Sheets.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r]")
_PLAIN_NUMBER = re.compile(r"[+-]?\d[\d.,]*")


def write_rejects(rejects: Iterable[Reject], path: str | Path) -> None:
    """Write rejects as CSV (file,row,sku,column,value,reason,rows; UTF-8 with a BOM, so that Excel shows every script).

    Cells that a spreadsheet would run as a formula get an apostrophe in front. The file appears whole or not at all.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with half.open("w", encoding="utf-8-sig", newline="") as f:
        sheet = csv.writer(f)
        sheet.writerow(Reject.model_fields)
        for reject in rejects:
            sheet.writerow(_defused(str(v)) for v in reject.model_dump().values())
    half.replace(target)


def _defused(cell: str) -> str:
    return "'" + cell if _FORMULA.match(cell) and not _PLAIN_NUMBER.fullmatch(cell) else cell
