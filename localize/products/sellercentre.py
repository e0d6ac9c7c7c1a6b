"""Sheets of seller centres (Shopee, TikTok Shop, Akulaku): a row of codes over the columns, more headers and instructions
below it, then products, whose variants have a row each.

Where the instructions end is told from what stands in the cells, as their number and order change with every version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from localize.domain import Finding
from localize.products.draft import Draft, Skipped
from localize.products.tables import Row, Table
from localize.products.values import Number

# What the markets' shops charge in and write in, by ISO 3166 code.
CURRENCIES = {
    "sg": "SGD", "my": "MYR", "tw": "TWD", "ph": "PHP", "vn": "VND", "th": "THB", "id": "IDR", "br": "BRL",
    "mx": "MXN", "cl": "CLP", "co": "COP",
}  # fmt: skip
LANGUAGES = {"th": "th", "vn": "vi", "id": "id", "tw": "zh"}

# Headers and instructions are no more rows than this: a product below is a product, however odd.
MOST_ABOVE = 8
# A number as sellers write one, perhaps with its currency; no instruction is as short.
_FIGURE = re.compile(r"[^\d\w]{0,2}(?:[^\W\d]{1,4}\.?)?\s?\d[\d., ]*\s?[^\d\s]{0,4}")
_UNBRANDED = frozenset((
    "no brand", "nobrand", "other", "others", "none", "-", "0", "tidak ada merek", "tanpa merek", "lainnya", "ไม่มีแบรนด์", "ไม่มียี่ห้อ",
    "không có thương hiệu", "no brand(ไม่มียี่ห้อ)", "无品牌", "無品牌", "其他",
))  # fmt: skip
_LANGUAGE_OF_TITLE = {
    "nama produk": "id", "ชื่อสินค้า": "th", "ชื่อผลิตภัณฑ์": "th", "tên sản phẩm": "vi", "商品名稱": "zh", "產品名稱": "zh",
}  # fmt: skip
# Malay headers read like Indonesian ones, but for these words.
_INDONESIAN = re.compile(r"\bkode\b|deskripsi|opsional|mata uang|merek")


class Sheet:
    """A table with a row of codes over its columns: which column has which code, and its rows in two parts, `above` the
    products (codes, headers, instructions) and `below` (all others).

    `titles`, `figures` and `images` are the codes by which a product is told from an instruction; `version` tells the
    row with the template's version.
    """

    def __init__(
        self,
        table: Table,
        header: Row,
        columns: Mapping[str, int],
        titles: Sequence[str],
        figures: Sequence[str],
        images: Sequence[str],
        version: Callable[[Row], bool] = lambda row: False,
    ) -> None:
        self.table, self.header, self.columns = table, header, columns
        self._titles, self._figures, self._images, self._version = titles, figures, images, version

    @cached_property
    def _parts(self) -> tuple[list[Row], list[Row]]:
        rows = [row for row in self.table.rows() if not row.blank]
        end = self.header.number
        for row in rows:
            kind = self._kind(row) if end < row.number <= self.header.number + MOST_ABOVE else ""
            if kind == "product":
                break
            end = row.number if kind == "instruction" else end
        seen = {row.cells for row in rows if row.number <= end}  # and again, where sheets were pasted one below the other
        above = [row for row in rows if row.number and row.cells in seen]
        return above, [row for row in rows if row.cells not in seen]

    @property
    def above(self) -> list[Row]:
        return self._parts[0]

    @property
    def below(self) -> list[Row]:
        return self._parts[1]

    def _kind(self, row: Row) -> str:
        """What a row below the codes is, by its numbers and its pictures' addresses: a product, an instruction (or another
        header), or "" where it only has a title."""
        if row.trouble:
            return "product"
        if self._version(row):
            return "instruction"
        figures = [cell for code in self._figures if (cell := self.get(row, code))]
        if any(isinstance(cell, Number) or (len(cell) < 25 and _FIGURE.fullmatch(cell)) for cell in figures):
            return "product"
        if any(self.get(row, i).startswith("http") for i in self._images):
            return "product"
        return "instruction" if figures or not self.get(row, *self._titles) else ""

    def get(self, row: Row, *codes: str) -> str:
        """The row's cell under the first of the codes that has one, "" if none."""
        for code in codes:
            n = self.columns.get(code, -1)
            if 0 <= n < len(row.cells) and (cell := row.cells[n]):
                if isinstance(cell, Number):
                    return cell
                if cell := cell.strip():
                    return cell
        return ""

    @cached_property
    def _names(self) -> Row:
        """The headers in the seller's language: the first row below the codes that names the title, else the codes."""
        named = (r for r in self.above if r.number > self.header.number and not self._version(r) and self.get(r, *self._titles))
        return next(named, self.header)

    def label(self, *codes: str) -> str:
        """What the seller knows the first of the columns that is there as."""
        code = next((c for c in codes if c in self.columns), "")
        return self.get(self._names, code).lstrip("*") or code

    def labels(self, fields: Mapping[str, Sequence[str]]) -> dict[str, str]:
        return {field: label for field, codes in fields.items() if (label := self.label(*codes))}

    def language(self) -> str:
        """The language of the headers where it says something about the shop's; "" for English."""
        language = _LANGUAGE_OF_TITLE.get(self.label(*self._titles).casefold(), "")
        return "" if language == "id" and not _INDONESIAN.search(" ".join(self._names.cells).casefold()) else language


class Family:
    """The rows that make up a product, of one sheet or several that tell of it."""

    def __init__(self, sheet: Sheet, title: str, number: str = "") -> None:
        self.sheet, self.title, self.number = sheet, title, number
        self.parts: list[tuple[Sheet, Row]] = []
        self.options: set[tuple[str, ...]] = set()

    def add(self, sheet: Sheet, row: Row, options: tuple[str, ...] = ()) -> None:
        self.parts.append((sheet, row))
        self.options.add(options)

    @property
    def rows(self) -> list[Row]:
        return [row for _, row in self.parts]

    def first(self, *codes: str) -> str:
        """The first cell that is not empty under one of the codes."""
        return next((cell for sheet, row in self.parts if (cell := sheet.get(row, *codes))), "")


def skipped(table: Table, rows: Sequence[Row], reason: str) -> Iterator[Skipped]:
    if rows:
        yield Skipped(table.path.name, rows[0].number, reason, len(rows))


def finding(table: Table, message: str, **evidence: str | int) -> Finding:
    return Finding(check="catalog", severity="warn", message=message, evidence={"file": table.path.name, **evidence})


def empty(sheet: Sheet) -> Finding:
    last = max((row.number for row in sheet.above), default=sheet.header.number)
    message = f"the template has no products yet: fill the rows below row {last} of {sheet.table.where}"
    return finding(sheet.table, message, row=last)


def offered(draft: Draft) -> Draft:
    """The draft, whose one variant without options is the product itself."""
    if len(draft.variants) == 1 and not draft.variants[0].options:
        only = draft.variants.pop().cells
        draft.cells |= {field: cell for field, cell in only.items() if field in ("price", "was_price")}
        draft.cells["extra_images"] = joined([draft.cells.get("extra_images", ""), only.get("images", "")])
    return draft


def joined(cells: Iterable[str]) -> str:
    """A list's cells as one, one a line, each once."""
    return "\n".join(dict.fromkeys(filter(None, cells)))


def branded(cell: str) -> str:
    """A brand's name, without the platform's number of it (`ORAIMO/0123327`); "" where it says that there is none."""
    name = "/".join(part for part in cell.split("/") if part and not part.isdigit()).strip()
    return "" if name.casefold() in _UNBRANDED else name
