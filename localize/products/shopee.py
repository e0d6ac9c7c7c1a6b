"""Shopee: the mass-upload templates that sellers fill, and the exports of Seller Centre's mass update.

Both have a row of codes over their columns (ps_product_name, et_title_product_id ...), the same in every language and
market; 2026's templates add flags to them (ps_price|1|1). Below it stand a row with the template's version, headers in the
seller's language, which columns are mandatory, and instructions: how many rows, and in which order, varies.

An export tells of a product in parts: basic_info its texts, media_info its pictures, sales_info its prices. Given together
they are joined by the product's id.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from localize.domain import Finding
from localize.products.draft import Asked, Draft, Layout, Skipped, Variant
from localize.products.sellercentre import CURRENCIES, LANGUAGES, Family, Sheet, branded, empty, finding, joined, offered, skipped
from localize.products.tables import Row, Table

NAME = "shopee"
ABOUT = "a Shopee upload template or a Seller Centre export"

ID, TITLE, PARENT = "et_title_product_id", ("ps_product_name", "et_title_product_name"), ("ps_sku_parent_short", "et_title_parent_sku")
DESCRIPTION = ("ps_product_description", "et_title_product_description")
PRICE, SKU = ("ps_price", "et_title_variation_price"), ("ps_sku_short", "et_title_variation_sku")
CATEGORY = ("ps_category", "et_title_product_category")
FAMILY, PICTURE = "et_title_variation_integration_no", "et_title_image_per_variation"
OPTIONS = (("et_title_variation_1", "et_title_option_for_variation_1"), ("et_title_variation_2", "et_title_option_for_variation_2"))
IMAGES = ("ps_item_cover_image", *(f"ps_item_image{mark}{n}" for n in range(1, 9) for mark in "_."))
# Columns that hold a number in every row of a product, and a text in rows of headers and instructions.
FIGURES = (ID, *PRICE, "ps_stock", "et_title_variation_stock", "ps_weight", "et_title_variation_id")

# A market's number is the first digit of its shipping channels (channel_id.7000 is Thailand's Standard Delivery).
CHANNELS = {"1": "sg", "2": "my", "3": "tw", "4": "ph", "5": "vn", "7": "th", "8": "id", "9": "br"}
# Shopee's picture servers: cf.shopee.co.th, down-id.img.susercontent.com, down-aka-vn..., s-cf-tw.shopeesz.com
_SERVER = re.compile(r"//(?:cf\.shopee\.(?:com?\.)?([a-z]{2})/|(?:s-cf-|down-(?:[a-z]+-)?)([a-z]{2})\.)")
# Where the server is everybody's, the market in which the picture was uploaded. Not sg and cn: all markets store there.
_UPLOADED = re.compile(r"/file/(id|th|vn|my|ph|tw|br|mx|cl|co)-\d")
_VERSION = re.compile(r"[a-z]+(?:_[a-z]+)*")
_SIGNATURE = re.compile(r"[0-9a-f]{32}|\d{6}_\w+")
_CATEGORY_ID = re.compile(r"\d+(?:\.0)?(?:\s*-\s*|$)")


def recognises(table: Table) -> bool:
    """Whether one of the first rows holds Shopee's codes."""
    return _sheet(table) is not None


def read(tables: Sequence[Table], asked: Asked) -> Iterator[Layout | Draft | Finding | Skipped]:
    """The products of templates, table by table, then those of exports, joined by the product's id."""
    sheets = [sheet for table in tables if (sheet := _sheet(table))]
    exports = [s for s in sheets if ID in s.columns]
    if templates := [s for s in sheets if ID not in s.columns]:
        yield from _templates(templates)
    if exports:
        yield from _exports(exports)


def _code(cell: str) -> str:
    return cell.strip().partition("|")[0].strip().casefold()


def _sheet(table: Table) -> Sheet | None:
    for row in table.top(5):
        columns: dict[str, int] = {}
        for n, cell in enumerate(row.cells):
            columns.setdefault(_code(cell), n)
        if any(t in columns for t in TITLE) and sum(c.startswith(("ps_", "et_title_")) for c in columns) >= 3:
            return Sheet(table, row, columns, TITLE, FIGURES, IMAGES, _is_version)
    return None


def _is_version(row: Row) -> bool:
    """`basic | 31088f6a... | 0 | 2051980`, or `sales_info | 220408_floatingstock`."""
    filled = [c for c in row.cells if c][:2]
    return bool(filled) and bool(_VERSION.fullmatch(filled[0])) and (len(filled) == 1 or bool(_SIGNATURE.fullmatch(filled[1])))


def _market(sheets: Sequence[Sheet]) -> str:
    """The market that sheets are for, such as th: by their shipping channels, their pictures' servers or their headers."""
    channels = (re.fullmatch(r"channel_id[._](\d)\d{3,}", code) for sheet in sheets for code in sheet.columns)
    if found := Counter(CHANNELS[c[1]] for c in channels if c and c[1] in CHANNELS):
        return found.most_common(1)[0][0]
    cells = [sheet.get(row, code) for sheet in sheets for row in sheet.below[:500] for code in (*IMAGES, PICTURE)]
    for pattern in (_SERVER, _UPLOADED):
        places = (m[m.lastindex or 0] for c in cells if (m := pattern.search(c)))
        if known := Counter(p for p in places if p in CURRENCIES):
            return known.most_common(1)[0][0]
    spoken = {sheet.language() for sheet in sheets}
    return next((m for m, language in LANGUAGES.items() if language in spoken), "")


def _layout(sheet: Sheet, market: str) -> Layout:
    headers = {
        "title": TITLE, "sku": PARENT, "price": PRICE, "description": DESCRIPTION, "images": IMAGES, "category": CATEGORY,
        "brand": ("ps_brand",),
    }  # fmt: skip
    language = sheet.language() or LANGUAGES.get(market, "")
    return Layout(sheet.table, sheet.labels(headers), CURRENCIES.get(market, ""), language, html=frozenset())


# --- upload templates ----------------------------------------------------------------------------------------------


def _sample(sheet: Sheet) -> bool:
    """Whether this is the sheet of example products: its channels have no numbers."""
    return any(code in ("channel_id_", "channel_id.") or code.startswith("ps_tool_mass_upload_sample") for code in sheet.columns)


def _templates(sheets: Sequence[Sheet]) -> Iterator[Layout | Draft | Finding | Skipped]:
    families: list[Family] = []
    for sheet in sheets:
        yield from skipped(sheet.table, sheet.above, "headers and instructions of the template")
        rows, examples = sheet.below, []
        if _sample(sheet):
            # Who types products over the examples gives them pictures.
            examples = [row for row in rows if not any(_addresses(sheet, row, (*IMAGES, PICTURE)))]
            rows = [row for row in rows if row not in examples]
        yield from skipped(sheet.table, examples, "an example of the template")
        families += _families(sheet, rows)
    if not families:
        yield empty(next((s for s in sheets if not _sample(s)), sheets[0]))
    codes = Counter(code for family in families for code in _codes(family))
    for sheet in sheets:
        own = [family for family in families if family.sheet is sheet]
        if own:
            yield _layout(sheet, _market([sheet]))
        for family in own:
            yield _listed(family, codes)


def _families(sheet: Sheet, rows: Sequence[Row]) -> list[Family]:
    """The rows of each product: joined by their integration number, else where they follow each other under one name."""
    families: list[Family] = []
    by_number: dict[tuple[str, str], Family] = {}
    last: Family | None = None
    for row in rows:
        number, title = "" if row.trouble else sheet.get(row, FAMILY), sheet.get(row, *TITLE)
        options = tuple(sheet.get(row, option) for _, option in OPTIONS)
        family = None
        if number:
            title = title or (last.title if last and last.number == number else "")
            family = by_number.get((number, title))
        elif last and not last.number and options[0] and last.first(OPTIONS[0][1]) and options not in last.options:
            alike = title in ("", last.title) and sheet.get(row, *PARENT) in ("", last.first(*PARENT))
            family = last if alike else None
        if family is None:
            family = Family(sheet, title, number)
            families.append(family)
            if number:
                by_number[number, title] = family
        family.add(sheet, row, options)
        last = None if row.trouble else family
    return families


def _codes(family: Family) -> list[str]:
    """What may be a product's SKU, the best first."""
    single = family.first(*SKU) if len(family.rows) == 1 else ""
    return list(dict.fromkeys(filter(None, (family.first(*PARENT), single, family.number))))


def _listed(family: Family, codes: Counter[str]) -> Draft:
    """A product of a template."""
    sheet, first = family.sheet, family.rows[0]
    cells = {"sku": next((c for c in _codes(family) if codes[c] == 1), ""), "title": family.title}
    if first.trouble:
        return Draft(first.number, cells, trouble=first.trouble)
    cells |= {
        "description": family.first(*DESCRIPTION),
        "brand": branded(family.first("ps_brand")),
        "category": _category(family.first(*CATEGORY)),
        "images": next((found for row in family.rows if (found := joined(_addresses(sheet, row, IMAGES)))), ""),
    }
    return offered(Draft(first.number, cells, [_variant(family, row) for row in family.rows], rows=len(family.rows)))


def _variant(family: Family, row: Row) -> Variant:
    sheet = family.sheet
    options = {}
    for n, (name, option) in enumerate(OPTIONS, 1):
        if value := sheet.get(row, option):
            options[sheet.get(row, name) or family.first(name) or f"Variation {n}"] = value
    cells = {"sku": sheet.get(row, *SKU), "price": sheet.get(row, *PRICE), "images": joined(_addresses(sheet, row, (PICTURE,)))}
    return Variant(row.number, cells, options)


def _addresses(sheet: Sheet, row: Row, codes: Iterable[str]) -> Iterator[str]:
    """The pictures that a row names, without what the template says in their place: <insert URL here>."""
    for code in codes:
        cell = sheet.get(row, code)
        if cell and not (cell.startswith("<") and cell.endswith(">")):
            yield cell


def _category(cell: str) -> str:
    """`100024 - Fashion Accessories/Gloves` without its number; a number alone says nothing."""
    return cell[m.end() :] if (m := _CATEGORY_ID.match(cell)) else cell


# --- exports -------------------------------------------------------------------------------------------------------

_SALES, _MEDIA = "et_title_variation_price", "ps_item_cover_image"
_ADD = "export it in Seller Centre under Mass Update too, and give all parts, such as catalog: mass_update_*.xlsx"


def _exports(sheets: Sequence[Sheet]) -> Iterator[Layout | Draft | Finding | Skipped]:
    items: dict[str, Family] = {}
    nameless: list[tuple[Sheet, Row]] = []
    for sheet in sorted(sheets, key=lambda s: _SALES not in s.columns):
        yield from skipped(sheet.table, sheet.above, "headers and instructions of the export")
        for row in sheet.below:
            number = sheet.get(row, ID)
            if number and not row.trouble:
                items.setdefault(number, Family(sheet, sheet.get(row, *TITLE), number)).add(sheet, row)
            else:
                nameless.append((sheet, row))
    sold = any(_SALES in s.columns for s in sheets)
    if sold and not any(_MEDIA in s.columns for s in sheets):
        yield finding(sheets[0].table, f"the catalog has no pictures, which the media_info export holds: {_ADD}", column="images")
    market = _market(sheets)
    parents = Counter(parent for item in items.values() if (parent := item.first(*PARENT)))
    for sheet in sheets:
        own = [item for item in items.values() if item.sheet is sheet]
        bad = [row for holder, row in nameless if holder is sheet]
        if own or bad:
            yield _layout(sheet, market)
        for item in own:
            yield _exported(item, parents, sold)
        for row in bad:
            reason = row.trouble or f"the row has no {sheet.label(ID)}: give the export as Shopee made it"
            yield Draft(row.number, {"title": sheet.get(row, *TITLE)}, trouble=reason)


def _exported(item: Family, parents: Counter[str], sold: bool) -> Draft:
    """A product as all exports together tell of it."""
    parent, number = item.first(*PARENT), item.number
    cells = {"sku": parent if parent and parents[parent] == 1 else number, "title": item.title}
    sales: dict[str, tuple[Sheet, Row]] = {}
    for sheet, row in item.parts:
        if _SALES in sheet.columns:  # a variation that two exports tell of is one
            sales.setdefault(sheet.get(row, "et_title_variation_id") or str(row.number), (sheet, row))
    if not sales:
        trouble = (
            f"product {number} is not in the sales_info export: export all parts again at the same time"
            if sold
            else f"there is no price, which the sales_info export holds: {_ADD}"
        )
        return Draft(item.rows[0].number, cells, rows=len(item.rows), trouble=trouble)
    cells |= {
        "description": item.first(*DESCRIPTION),
        "category": _category(item.first(*CATEGORY)),
        "images": joined(found for s, row in item.parts for found in _addresses(s, row, IMAGES)),
    }
    name, pictures = _chosen(item)
    draft = Draft(item.rows[0].number, cells, rows=len(item.rows))
    for sheet, row in sales.values():
        option = sheet.get(row, "et_title_variation_name")
        first = next((o for o in pictures if option == o or option.startswith(o + ",")), "")
        options = {name if first else "Variation": first or option} if option else {}
        if first and option != first:
            options["Variation" if name != "Variation" else "Variation 2"] = option[len(first) + 1 :].strip()
        own = {"sku": sheet.get(row, *SKU), "price": sheet.get(row, *PRICE), "images": pictures.get(first, "")}
        draft.variants.append(Variant(row.number, own, options))
    return offered(draft)


def _chosen(item: Family) -> tuple[str, dict[str, str]]:
    """What a product's first variation is called, and the picture ("" if none) of each of its options."""
    for sheet, row in item.parts:
        if name := sheet.get(row, OPTIONS[0][0]):
            numbers = [m[1] for code in sheet.columns if (m := re.fullmatch(r"et_title_option_(\d+)_for_variation_1", code))]
            options = {sheet.get(row, f"et_title_option_{n}_for_variation_1"): n for n in numbers}
            # The longest first: "Red,Dark" must not be taken for "Red".
            return name, {
                o: sheet.get(row, f"et_title_option_image_{options[o]}_for_variation_1")
                for o in sorted(filter(None, options), key=len, reverse=True)
            }
    return "Variation", {}
