"""Akulaku: the bulk-upload template of its seller centre, a row a variant, with headers in English and in the market's language.

Where there is nothing to say, the template has sellers write something: SKU 1 is no SKU, the brand Other no brand.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from localize.domain import Finding
from localize.products.draft import Asked, Draft, Layout, Skipped, Variant
from localize.products.sellercentre import Family, Sheet, branded, empty, joined, offered, skipped
from localize.products.tables import Row, Table

NAME = "akulaku"
ABOUT = "an Akulaku upload template"

_HEADERS = {
    "category id": "category", "goods name": "title", "color": "color", "other variations": "other", "price": "price", "stock": "stock",
    "product sku": "sku", "goods brand": "brand", "specification": "features", "main image url": "image", "sku image": "picture",
    "white background photo": "white", "goods description": "description",
    "kategori id": "category", "nama produk": "title", "warna": "color", "harga": "price", "jumlah": "stock", "produk sku": "sku",
    "merek": "brand", "spesifikasi": "features", "gambar utama url": "image", "sku gambar": "picture",
    "foto produk berlatar putih": "white", "deskripsi produk": "description",
}  # fmt: skip
_NUMBERED = (
    (re.compile(r"(?:extra image url|gambar banner) ?(\d)"), "extra"),
    (re.compile(r"(?:description image|rincian gambar) ?(\d?)"), "detail"),
)
EXTRA = tuple(f"extra{n}" for n in range(1, 10))
DETAIL = ("detail", *(f"detail{n}" for n in range(1, 10)))
_BRACKETS = re.compile(r"\((.*?)\)")
_MONEY = {"rp": "IDR", "₱": "PHP", "php": "PHP", "rm": "MYR", "₫": "VND", "฿": "THB"}


def recognises(table: Table) -> bool:
    """Whether one of the first rows holds Akulaku's headers."""
    return _sheet(table) is not None


def read(tables: Sequence[Table], asked: Asked) -> Iterator[Layout | Draft | Finding | Skipped]:
    """The products of each table: the rows that follow each other under one name, while their variations differ."""
    for table in tables:
        sheet = _sheet(table)
        if sheet is None:
            continue
        yield from skipped(table, sheet.above, "headers and instructions of the template")
        if not sheet.below:
            yield empty(sheet)
            continue
        yield _layout(sheet)
        families = _families(sheet)
        codes = Counter(code for family in families for code in {_code(sheet.get(row, "sku")) for row in family.rows})
        for family in families:
            yield _draft(family, codes)


def _fields(row: Row) -> dict[str, int]:
    """Which field stands in which column, by a row of headers."""
    fields: dict[str, int] = {}
    for n, cell in enumerate(row.cells):
        if len(cell) > 40:
            continue
        header = _BRACKETS.sub("", unicodedata.normalize("NFKC", cell)).strip(" *").casefold()
        field = _HEADERS.get(header, "")
        if not field:
            field = next((kind + m[1] for pattern, kind in _NUMBERED if (m := pattern.fullmatch(header))), "")
        if field:
            fields.setdefault(field, n)
    return fields


def _sheet(table: Table) -> Sheet | None:
    for row in table.top(5):
        fields = _fields(row)
        if {"title", "price", "image", "sku", "features"} <= fields.keys():
            return Sheet(table, row, fields, ("title",), ("price", "stock"), ("image",))
    return None


def _layout(sheet: Sheet) -> Layout:
    fields = ("title", "price", "sku", "brand", "category", "features", "description")
    headers = sheet.labels({field: (field,) for field in fields}) | {"images": sheet.label("image")}
    told = (_BRACKETS.search(unicodedata.normalize("NFKC", sheet.get(row, "price"))) for row in sheet.above)
    currency = next((_MONEY[m[1].casefold()] for m in told if m and m[1].casefold() in _MONEY), "")
    return Layout(sheet.table, headers, currency, sheet.language() or ("id" if currency == "IDR" else ""), html=frozenset())


def _families(sheet: Sheet) -> list[Family]:
    families: list[Family] = []
    last: Family | None = None
    for row in sheet.below:
        title, options = sheet.get(row, "title"), (sheet.get(row, "color"), sheet.get(row, "other"))
        varied = any(options) and last is not None and last.first("color", "other") and options not in last.options
        if last is None or row.trouble or not varied or title not in ("", last.title):
            families.append(last := Family(sheet, title))
        last.add(sheet, row, options)
        last = None if row.trouble else last
    return families


def _code(cell: str) -> str:
    return "" if cell == "1" else cell


def _draft(family: Family, codes: Counter[str]) -> Draft:
    sheet, first = family.sheet, family.rows[0]
    if first.trouble:
        return Draft(first.number, {"title": family.title}, trouble=first.trouble)
    own = {_code(sheet.get(row, "sku")) for row in family.rows} - {""}
    code = own.pop() if len(own) == 1 else ""
    category = family.first("category")
    cells = {
        "sku": code if codes[code] == 1 else "",
        "title": family.title,
        "description": family.first("description"),
        "features": family.first("features").replace(";", "\n"),
        "brand": branded(family.first("brand")),
        "category": "" if category.isdigit() else category,
        "images": joined(family.first(field) for field in ("image", *EXTRA)),
        "extra_images": joined(family.first(field) for field in ("white", *DETAIL)),
    }
    return offered(Draft(first.number, cells, [_variant(sheet, row) for row in family.rows], rows=len(family.rows)))


def _variant(sheet: Sheet, row: Row) -> Variant:
    named = {sheet.label("color"): sheet.get(row, "color"), "Variation": sheet.get(row, "other")}
    cells = {"sku": _code(sheet.get(row, "sku")), "price": sheet.get(row, "price"), "images": sheet.get(row, "picture")}
    return Variant(row.number, cells, {name: value for name, value in named.items() if value})
