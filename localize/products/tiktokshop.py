"""TikTok Shop: the batch-upload templates that sellers fill, and the exports of Seller Center's batch edit.

Both have a row of codes over their columns (product_name, property_value_1 ...), then the template's version (V2 |
create_product | metric), headers in the seller's language, which columns are mandatory, and instructions. A row is one
variant; the template's own first row and its Example sheet hold a product that nobody sells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from localize.domain import Finding
from localize.products.draft import Asked, Draft, Layout, Skipped, Variant
from localize.products.sellercentre import CURRENCIES, LANGUAGES, Family, Sheet, branded, empty, finding, joined, offered, skipped
from localize.products.tables import Row, Table

NAME = "tiktokshop"
ABOUT = "a TikTok Shop upload template or a Seller Center export"

ID, TITLE, PRICE, SKU = "product_id", "product_name", "price", "seller_sku"
STATUS = ("aimed_product_status", "product_status")
IMAGES = ("main_image", *(f"image_{n}" for n in range(2, 10)), "white_background_image")
PICTURES = ("property_1_image", *(f"property_1_image_{n}" for n in range(2, 10)))
OPTIONS = ("property_value_1", "property_value_2", "variation_value")
# Codes that nobody else uses, and codes that others use as well.
_OWN = {"property_value_1", "property_1_image", "property_name_1", "variation_value", "parcel_weight", "aimed_product_status"}
_COMMON = {ID, "sku_id", "category", "main_image", PRICE, "quantity", SKU}
# Columns that hold a number in every row of a product, and a text in rows of headers and instructions.
FIGURES = (ID, "sku_id", PRICE, "quantity", "parcel_weight")

_VERSION = re.compile(r"V\d+(\.\d+)*")
# The template's examples show pictures at addresses that only tell where one would be: seller-id.tiktok.com/product/...
_EXAMPLE = re.compile(r"https?://seller(?:-([a-z]{2}))?\.tiktok\.com/product/")
_CATEGORY_ID = re.compile(r"^\d+/|\s*\(\d+\)$")
_IN_BRACKETS = re.compile(r"[(（]([^()（）]+)[)）]")


def recognises(table: Table) -> bool:
    """Whether one of the first rows holds TikTok Shop's codes, or a product of its examples."""
    return _sheet(table) is not None or any(_EXAMPLE.match(cell) for row in table.top(4) for cell in row.cells)


def read(tables: Sequence[Table], asked: Asked) -> Iterator[Layout | Draft | Finding | Skipped]:
    """The products of templates, table by table, then those of exports, joined by the product's id."""
    sheets = [sheet for table in tables if (sheet := _sheet(table))]
    known = {id(sheet.table) for sheet in sheets}
    for table in tables:
        if id(table) not in known:
            yield from skipped(table, [row for row in table.rows() if row.number and not row.blank], "an example of the template")
    rows: dict[int, list[Row]] = {}
    for sheet in sheets:
        yield from skipped(sheet.table, sheet.above, "headers and instructions of the template")
        examples = [row for row in sheet.below if _EXAMPLE.match(sheet.get(row, *IMAGES))]
        yield from skipped(sheet.table, examples, "an example of the template")
        rows[id(sheet)] = [row for row in sheet.below if row not in examples]
    exports = [sheet for sheet in sheets if ID in sheet.columns]
    families = [family for sheet in sheets if sheet not in exports for family in _uploaded(sheet, rows[id(sheet)])]
    families += _edited(exports, rows)
    if sheets and not families:
        yield empty(sheets[0])
    if exports and not any("main_image" in sheet.columns for sheet in exports):
        message = "the catalog has no pictures: choose All information when you export in Seller Center under Batch edit"
        yield finding(exports[0].table, message, column="images")
    yield from _drafts(sheets, families)


def _sheet(table: Table) -> Sheet | None:
    for row in table.top(5):
        columns: dict[str, int] = {}
        for n, cell in enumerate(row.cells):
            columns.setdefault(cell.strip().casefold(), n)
        if TITLE in columns and columns.keys() & _OWN and len(columns.keys() & _COMMON) >= 2:
            return Sheet(table, row, columns, (TITLE,), FIGURES, IMAGES, _is_version)
    return None


def _is_version(row: Row) -> bool:
    return bool(row.cells) and bool(_VERSION.fullmatch(row.cells[0].strip()))


def _uploaded(sheet: Sheet, rows: Sequence[Row]) -> Iterator[Family]:
    """The rows of each product of an upload template: those with one name, while their options differ."""
    families: dict[str, Family] = {}
    last: Family | None = None
    for row in rows:
        title, options = sheet.get(row, TITLE), tuple(sheet.get(row, option) for option in OPTIONS)
        family = families.get(title) if title else last
        if family is None or row.trouble or not any(options) or options in family.options or not family.first(*OPTIONS):
            family = Family(sheet, title)
            yield family
        family.add(sheet, row, options)
        if not row.trouble:
            families[title] = last = family


def _edited(sheets: Sequence[Sheet], rows: dict[int, list[Row]]) -> list[Family]:
    """The rows of each product of exports: those with one product id, in whichever export."""
    families: dict[str, Family] = {}
    loose: list[Family] = []
    for sheet in sorted(sheets, key=lambda s: PRICE not in s.columns):
        for row in rows[id(sheet)]:
            number = sheet.get(row, ID)
            if number and not row.trouble:
                family = families.setdefault(number, Family(sheet, sheet.get(row, TITLE), number))
            else:
                loose.append(family := Family(sheet, sheet.get(row, TITLE)))
            family.add(sheet, row)
    return [*families.values(), *loose]


def _drafts(sheets: Sequence[Sheet], families: Sequence[Family]) -> Iterator[Layout | Draft | Skipped]:
    codes = Counter(code for family in families for code in {s.get(r, SKU) for s, r in family.parts} if code)
    for sheet in sheets:
        own = [family for family in families if family.sheet is sheet]
        if own:
            yield _layout(sheet)
        for family in own:
            status = family.first(*STATUS)
            if status.endswith("(2)"):
                # Active(1) and Deactivated(2), in whichever language.
                yield from skipped(sheet.table, family.rows, f"its status in TikTok Shop is {status[:-3].strip()!r}")
            else:
                yield _draft(family, codes)


def _layout(sheet: Sheet) -> Layout:
    headers = {
        "title": (TITLE,), "price": (PRICE,), "was_price": ("list_price",), "sku": (SKU,), "description": ("product_description",),
        "images": IMAGES, "category": ("category",), "brand": ("brand",),
    }  # fmt: skip
    market = next((m for m, language in LANGUAGES.items() if language == sheet.language()), "")
    currency = CURRENCIES.get(market, "")
    if not market:
        shown = (_EXAMPLE.match(cell) for row in sheet.below[:20] for cell in row.cells)
        market = next((m[1] for m in shown if m and m[1]), "")
        # Pounds and inches are measured in one market only.
        version = next((row for row in sheet.above if _is_version(row)), None)
        imperial = version is not None and "imperial" in (cell.strip().casefold() for cell in version.cells)
        currency = CURRENCIES.get(market, "USD" if imperial else "")
    return Layout(sheet.table, sheet.labels(headers), currency, sheet.language() or LANGUAGES.get(market, ""))


def _draft(family: Family, codes: Counter[str]) -> Draft:
    first = family.rows[0]
    cells = {"sku": family.number, "title": family.title}
    if trouble := first.trouble or _trouble(family):
        return Draft(first.number, cells, rows=len(family.rows), trouble=trouble)
    # A seller's code that all variants share is the product's.
    own = {sheet.get(row, SKU) for sheet, row in family.parts if PRICE in sheet.columns} - {""}
    if len(own) == 1 and codes[code := own.pop()] == 1:
        cells["sku"] = code
    cells |= {
        "description": family.first("product_description"),
        "brand": branded(family.first("brand")),
        "category": _CATEGORY_ID.sub("", family.first("category")),
        "images": next((images for s, r in family.parts if (images := joined(s.get(r, i) for i in IMAGES))), ""),
    }
    variants = [_variant(sheet, row) for sheet, row in family.parts if PRICE in sheet.columns]
    return offered(Draft(first.number, cells, variants, rows=len(family.rows)))


def _trouble(family: Family) -> str:
    if not any(PRICE in sheet.columns for sheet, _ in family.parts):
        return "there is no price: choose All information when you export in Seller Center under Batch edit"
    if ID in family.sheet.columns and not family.number:
        return f"the row has no {family.sheet.label(ID)}: give the export as TikTok Shop made it"
    return ""


def _variant(sheet: Sheet, row: Row) -> Variant:
    options = {}
    for n, code in enumerate(OPTIONS, 1):
        if value := sheet.get(row, code):
            # The older templates say it in the header: Variation 1 (Colour).
            told = _IN_BRACKETS.search(sheet.label(code))
            name = sheet.get(row, f"property_name_{n}") or (told[1] if told else "Variation" if n == 3 else f"Variation {n}")
            options[name] = value
    cells = {
        "sku": sheet.get(row, SKU), "price": sheet.get(row, PRICE), "was_price": sheet.get(row, "list_price"),
        "images": joined(sheet.get(row, code) for code in PICTURES),
    }  # fmt: skip
    return Variant(row.number, cells, options)
