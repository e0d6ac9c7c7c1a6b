"""crossreel's own table: one row a product, columns named as `draft.FIELDS`, or as in the sheet that `template.py` writes.

sku, title and price must be there. Lists (features, images, footage) are separated by |. A text column with a
language's code after it (title_th, features_vi, proof_id) is the seller's own text in that language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from rapidfuzz import fuzz, process

from localize import languages
from localize.domain import Finding
from localize.products import values, wording
from localize.products.columns import propose
from localize.products.draft import FIELDS, LOCALIZED, Asked, Draft, Layout, Skipped
from localize.products.headers import DECIDING
from localize.products.tables import Row, Table

NAME = "native"
ABOUT = "crossreel's own table"

REQUIRED = ("sku", "title", "price")
CERTAIN = 0.9  # of another column's meaning


def name(header: str) -> str:
    """A header as it is compared: small letters, one underscore for spaces and hyphens, no invisible characters."""
    letters = "".join(c for c in unicodedata.normalize("NFKC", header) if unicodedata.category(c) not in ("Cf", "Cc"))
    return re.sub(r"[\s_-]+", "_", letters.strip().casefold())


def recognises(table: Table) -> bool:
    """Whether one of the first rows names all required columns, and no other name says more than ours (image_url, sale_price):
    such a table is a shop's, which `tabular` reads."""
    header = _header(table)
    if header is None:
        return False
    ours = _columns(header)
    return not any(g.field in (*FIELDS, *DECIDING) and g.field not in ours and g.confidence >= CERTAIN for g in propose(table))


def read(tables: Sequence[Table], asked: Asked) -> Iterator[Layout | Draft | Finding | Skipped]:
    """A draft for each row that is not blank, and findings about the columns."""
    for table in tables:
        header = _header(table)
        assert header is not None, "read() is for tables that recognises() took"
        columns = _columns(header)
        yield Layout(table, {field: header.cells[i].strip() for field, i in columns.items()}, strict_sku=True)
        yield from _about_columns(table, header, columns)
        yield from _drafts(table, header, tuple(columns.items()))


def _drafts(table: Table, header: Row, columns: Sequence[tuple[str, int]]) -> Iterator[Draft | Finding | Skipped]:
    width, last = len(header.cells), max(i for _, i in columns)
    # The object that our own JSON has for options, as the table of it has one column for each.
    options = [(cell.partition(".")[2], i) for i, cell in enumerate(header.cells) if name(cell).startswith("options.")]
    first = header.number
    for row in table.rows():
        number, cells, trouble = row
        # Asking each row costs more than all else here, and most rows say it by their first cell.
        if number <= first or ((not cells or not cells[0] or cells[0].isspace()) and row.blank):
            if number < first and not row.blank:
                yield Skipped(table.path.name, number, "what stands above the header")
            continue
        if len(cells) > last:
            draft = Draft(number, {field: c for field, i in columns if (c := cells[i])}, trouble=trouble)
        else:
            draft = Draft(number, {field: c for field, i in columns if i < len(cells) and (c := cells[i])}, trouble=trouble)
        if len(cells) > width and not trouble and (extra := [c for c in cells[width:] if c.strip()]):
            if table.sheet:  # a note beside the table
                message = "what stands to the right of the last column was not read"
                yield _finding(table.path.name, number, draft.cells.get("sku", ""), "", " ".join(extra), message)
            else:  # the cells stand under wrong columns: what else is wrong with them says nothing
                count = f"the row has {len(cells)} cells, the header {width}"
                draft.trouble = f'{count}: put a text that contains the separator (a comma?) between quotation marks, "like, this"'
        for option, i in options:
            if i < len(cells) and (choices := values.items(cells[i])):
                draft.cells["options"] = "\n".join([draft.cells.get("options", ""), f"{option}: {', '.join(choices)}"])
        yield draft


def _header(table: Table) -> Row | None:
    return next((r for r in table.top() if all(c in _known(r) for c in REQUIRED)), None)


def _known(row: Row) -> set[str]:
    return {column(c) for c in row.cells} & _all_columns()


def column(header: str) -> str:
    """The field of one of our columns by its own name or by that of our sheet in any language; else the header as `name` has it."""
    plain = name(header)
    return _of_sheets().get(plain, plain)


@cache
def _of_sheets() -> dict[str, str]:
    return {name(header): field for header, field in wording.headers().items()}


@cache
def _all_columns() -> frozenset[str]:
    return frozenset(FIELDS) | {f"{column}_{code}" for column in LOCALIZED for code in languages.codes()}


def _columns(header: Row) -> dict[str, int]:
    """Where each known column stands; of two with one name, the first."""
    columns: dict[str, int] = {}
    for i, cell in enumerate(header.cells):
        if column(cell) in _all_columns():
            columns.setdefault(column(cell), i)
    return columns


def _nearest(word: str, choices: list[str]) -> str:
    near = process.extractOne(word, choices, scorer=fuzz.ratio, score_cutoff=75)
    return near[0] if near else ""


def _about_columns(table: Table, header: Row, columns: dict[str, int]) -> Iterator[Finding]:
    def warn(message: str, column: str = "") -> Finding:
        return _finding(table.path.name, header.number, "", column, "", message)

    above = [r.number for r in table.top() if r.number < header.number]
    if above:
        yield warn(f"{table.where}: the header is row {header.number}; what stands above it (row {above[0]}) was not read")
    unknown = []
    for i, cell in enumerate(header.cells):
        field = column(cell)
        if field in columns:
            if columns[field] != i:
                yield warn(f"column {values.shown(cell)} is there twice; only the first was read", field)
        elif cell.strip() and not field.startswith("options."):
            # title_ms is right, only not spoken here: title_id would be no better name for it.
            foreign = field.partition("_")[0] in LOCALIZED and len(field.partition("_")[2]) == 2
            near = "" if foreign else _nearest(field, sorted(_all_columns() - columns.keys()))
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
    evidence: dict[str, str | int | float | bool | None] = {
        "file": file, "row": row, "sku": sku, "column": column, "value": value if len(value) <= 200 else value[:199] + "…",
    }  # fmt: skip
    return Finding(check="catalog", severity="warn", message=message, evidence=evidence)
