"""Products: a seller's file in; products out, and rejects with reasons a seller can act on.

A reader is a module of this package for one kind of table, found by the table's content and not by the file's name.
Adding a format is adding one module with `recognises` and `read`, and its name to `READERS`.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from localize.domain import Finding, Product, Reject
from localize.errors import UserError
from localize.products import native, tables, values
from localize.products.tables import Outcome, Table

__all__ = ["Catalog", "Reader", "read", "write_rejects"]


@dataclass(frozen=True)
class Catalog:
    """A file that was read: each of its `rows` is a product or a reject. Warnings hold what was doubtful or left out."""

    products: tuple[Product, ...]
    rejects: tuple[Reject, ...]
    warnings: tuple[Finding, ...]
    rows: int


class Reader(Protocol):
    """What a module that reads one kind of table has."""

    def recognises(self, table: Table) -> bool:
        """Whether the table's first rows are of this kind."""
        ...

    def read(self, table: Table, language: str, currency: str) -> Iterator[Outcome]:
        """A product or a reject for every row that is not blank, in order, and findings. Raises nothing for a bad row."""
        ...


# Tried in this order.
READERS: tuple[Reader, ...] = (native,)


def read(path: str | Path, *, language: str = "en", currency: str = "") -> Catalog:
    """Read a catalog: CSV, TSV, XLSX, JSON, JSON Lines or Parquet.

    `language` is the language of its texts, `currency` the ISO 4217 code of prices that name none. Of a workbook, the
    first visible sheet that is a catalog is read. Raises UserError when the file as a whole is no catalog.
    """
    file = Path(path)
    if currency and currency not in values.codes():
        raise UserError(f"currency {currency!r} is not an ISO 4217 code such as THB, VND, IDR, CNY or USD")
    sheets = tables.load(file)
    table, reader = _recognised(sheets)
    products: list[Product] = []
    rejects: list[Reject] = []
    warnings: list[Finding] = []
    if len(sheets) > 1:
        others = ", ".join(values.shown(t.sheet) for t in sheets if t is not table)
        message = f"the products are those of sheet {values.shown(table.sheet)}; not read: {others}"
        warnings.append(Finding(check="catalog", severity="info", message=message, evidence={"file": file.name}))
    for outcome in reader.read(table, language, currency):
        if isinstance(outcome, Product):
            products.append(outcome)
        elif isinstance(outcome, Reject):
            rejects.append(outcome)
        else:
            warnings.append(outcome)
    if not products and not rejects:
        raise UserError(f"{table.where} has a header but no products below it")
    return Catalog(tuple(products), tuple(rejects), tuple(warnings), len(products) + len(rejects))


def _recognised(sheets: list[Table]) -> tuple[Table, Reader]:
    for table in sheets:
        for reader in READERS:
            if reader.recognises(table):
                return table, reader
    raise UserError(native.missing(sheets))


# A cell that starts so is run as a formula by Excel, LibreOffice and Google Sheets.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r]")
_PLAIN_NUMBER = re.compile(r"[+-]?\d[\d.,]*")


def write_rejects(rejects: Iterable[Reject], path: str | Path) -> None:
    """Write rejects as CSV (file,row,sku,column,value,reason; UTF-8 with a BOM, so that Excel shows every script).

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
