"""Amazon: inventory flat files (.xlsx, .xls, .txt), Category Listings Reports, and reports of all or active listings (.txt).

A flat file has rows of settings and labels above the row of its fields' names: item_sku, standard_price ... in classic
templates (that row is the third), contribution_sku#1.value, purchasable_offer[marketplace_id=...]... in those of today
(the fifth; settings in the first cell say where, and where the data begins), sku, product-name or ProductName, item-price
in those before 2012 (the second). A report has one row of names: seller-sku, item-name, price. Parents and their variants
are rows of their own; a parent has no price.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from localize.domain import Finding
from localize.products.draft import Asked, Draft, Layout, Skipped, Variant
from localize.products.tables import Row, Table

NAME = "amazon"
ABOUT = "an Amazon flat file or listings report"

_ = r"#\d+\.value"
_OFFER = r"purchasable_offer#\d+\.{}#\d+\.schedule#\d+\.value_with_tax"
# Which field a name stands for, without what it says in [brackets]; those of reports have - for _.
_NAMES: tuple[tuple[str, str], ...] = (
    (rf"item_sku|seller_sku|contribution_sku(?:{_})?", "sku"),
    (rf"item_name(?:{_})?", "title"),
    (rf"standard_price|price|{_OFFER.format('our_price')}", "price"),
    (rf"list_price(?:_with_tax)?(?:{_}(?:_with_tax)?)?|maximum_retail_price|{_OFFER.format('maximum_retail_price')}", "was_price"),
    (rf"sale_price|{_OFFER.format('discounted_price')}", "sale"),
    (r"currency|(?:purchasable_offer|list_price)#\d+\.currency", "currency"),
    (rf"brand(?:_name)?(?:{_})?", "brand"),
    (rf"(?:feed_)?product_type(?:{_})?|item_type_name(?:{_})?", "category"),
    (rf"(?:product|item)_description(?:{_})?", "description"),
    (rf"bullet_point\d*(?:{_})?", "features"),
    (r"main_image_url|image_url|main_product_image_locator#\d+\.media_location", "images"),
    (r"other_image_url\d*|other_product_image_locator_\d+#\d+\.media_location", "images"),
    (r"parent_sku|child_parent_sku_relationship#\d+\.parent_sku", "parent"),
    (rf"parent_child|parentage|parentage_level(?:{_})?", "level"),
    (r"variation_theme(?:#\d+\.name)?", "theme"),
    (r"update_delete|(?:::)?record_action(?:#\d+\.value)?", "action"),
    (r"status|(?:::)?listing_status", "status"),
    (rf"(colou?r|size|style|pattern|flavor|scent|material|edition)(?:_name|_type)?(?:{_})?", "option"),
    (r"\w+_(size)#\d+\.size", "option"),
)
_FIELDS = tuple((re.compile(pattern), field) for pattern, field in _NAMES)
# Names of the oldest templates, that other tables have as well: they count below a cell with the template's type.
_OLDEST = {
    "sku": "sku", "product_name": "title", "title": "title", "item_price": "price", "msrp": "was_price", "description": "description",
}  # fmt: skip
# Names by which a flat file or a report is told from another table with a SKU and an item's name.
_OWN = re.compile(r"standard_price|feed_product_type|external_product_id|update_delete|main_image_url|bullet_point1|listing_id|asin1")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_QUALIFIERS = re.compile(r"\[[^\]]*\]")
_MARKET = re.compile(r"marketplace_id=(\w+)")
_TAG = re.compile(r"language_tag=([a-z]{2})", re.IGNORECASE)
_SETTING = re.compile(r"(attributeRow|dataRow|primaryMarketplaceId|contentLanguageTag)=([\w.]+)")

_EURO = ("A1PA6795UKMFR9", "A13V1IB3VIYZZH", "APJ6JRA9NG5V4", "A1RKKUPIHCS9HS", "A1805IZSGTT6HS", "AMEN7PMS3EDWL", "A28R8C7NBKEWEA")
# The currency of each marketplace, by its id in Amazon's Selling Partner API.
CURRENCIES = dict.fromkeys(_EURO, "EUR") | {
    "ATVPDKIKX0DER": "USD", "A2EUQ1WTGCTBG2": "CAD", "A1AM78C64UM0Y8": "MXN", "A2Q3Y263D00KWC": "BRL", "A1F83G8C2ARO7P": "GBP",
    "A2NODRKZP88ZB9": "SEK", "A1C3SOZRARQ6R3": "PLN", "A33AVAJ2PDY3EV": "TRY", "A2VIGQ35RCS4UG": "AED", "A17E79C6D8DWNP": "SAR",
    "ARBP9OOSHTCHU": "EGP", "A21TJRUUN4KGV": "INR", "A1VC38T7YXB528": "JPY", "A39IBJ37TRP1C6": "AUD", "A19VAU5U5O7RUS": "SGD",
    "AE08WJ6YKNBMC": "ZAR",
}  # fmt: skip
# What a template has for "delete this listing", in the languages of Amazon's marketplaces.
_DELETE = re.compile(
    r"delete|löschen|supprimer|elimina\w*|eliminar|verwijder\w*|excluir|usuń|sil|ta bort|radera|حذف|削除|删除|刪除", re.IGNORECASE
)
_OFF = frozenset(("inactive", "incomplete", "suppressed", "inaktiv", "inactif", "inactivo", "inattivo"))
_EXAMPLES = frozenset(("abc123", "example-sku", "example", "required", "optional", "preferred", "desired", "recommended"))
_EXAMPLE_SHEETS = frozenset(("example", "examples", "beispiel", "exemple", "esempio", "ejemplo", "voorbeeld", "例", "サンプル", "示例"))
LANGUAGES = frozenset(("th", "vi", "id", "zh", "en"))


def recognises(table: Table) -> bool:
    """Whether one of the first rows names the fields of a flat file or a report."""
    return _sheet(table) is not None


def read(tables: Sequence[Table], asked: Asked) -> Iterator[Layout | Draft | Finding | Skipped]:
    """The products of each table; a parent and its variants are one, where they stand and wherever these stand."""
    sheets = [sheet for table in tables if (sheet := _sheet(table))]
    for sheet in sheets:
        example = sheet.table.sheet.strip().casefold() in _EXAMPLE_SHEETS and len(sheets) > 1
        yield from _examples(sheet) if example else _products(sheet)


@dataclass(frozen=True)
class Column:
    """A column of a field: its name as it stands, the marketplace and the language it is for ("" for all)."""

    place: int
    name: str
    market: str = ""
    tag: str = ""


@dataclass
class _Sheet:
    """A table whose fields are known: their columns (the file's own marketplace and language first), and its settings."""

    table: Table
    header: Row
    columns: dict[str, list[Column]]
    labels: Row
    settings: dict[str, str]

    def __post_init__(self) -> None:
        tags = [c.tag for c in self.columns["title"] if c.tag]
        self.language = self.settings.get("contentLanguageTag", "")[:2].lower() or (tags[0] if tags else "")
        self.others = set(tags) & LANGUAGES - {self.language}
        self.market = self.settings.get("primaryMarketplaceId", "").rpartition(".")[2]
        for columns in self.columns.values():
            columns.sort(key=lambda c: (bool(self.market) and c.market not in ("", self.market), c.tag not in ("", self.language)))
        starts = self.settings.get("dataRow", "")
        placed = self.settings.get("attributeRow") == str(self.header.number) and starts.isdigit()
        self.starts = int(starts) if placed else self.header.number + 1

    def get(self, row: Row, name: str) -> str:
        """The row's first cell of a field that is not empty."""
        for column in self.columns.get(name, ()):
            if column.place < len(row.cells) and (cell := row.cells[column.place]) and not cell.isspace():
                return cell if type(cell) is not str else cell.strip()
        return ""

    def all(self, row: Row, name: str, tag: str = "") -> str:
        """The row's cells of a field (in one language), one a line."""
        columns = self.columns.get(name, ())
        if len(columns) < 2:
            return self.get(row, name)
        wanted = (c for c in columns if not tag or c.tag in ("", tag))
        return "\n".join(dict.fromkeys(cell for c in wanted if c.place < len(row.cells) and (cell := row.cells[c.place].strip())))

    def label(self, column: Column) -> str:
        told = self.labels.cells[column.place].strip() if column.place < len(self.labels.cells) else ""
        return told or column.name


def _sheet(table: Table) -> _Sheet | None:
    top = table.top(10)
    for oldest in (False, True) if any(c.startswith("TemplateType=") for row in top[:3] for c in row.cells[:1]) else (False,):
        for n, row in enumerate(top):
            columns = _columns(row, oldest)
            if (
                "sku" in columns
                and "title" in columns
                and (oldest or any(_OWN.match(_bare(cell)) or _MARKET.search(cell) for cell in row.cells))
            ):
                settings = {m[1]: m[2] for above in top[:n] for cell in above.cells for m in _SETTING.finditer(cell)}
                labels = top[n - 1] if n and sum(map(bool, top[n - 1].cells)) > len(row.cells) // 2 else row
                return _Sheet(table, row, columns, labels, settings)
    return None


def _bare(name: str) -> str:
    """A field's name without what it says in brackets: item-name, ItemName and item_name[language_tag=en_US] are one."""
    return _HUMP.sub("_", _QUALIFIERS.sub("", name).strip()).casefold().replace("-", "_")


def _columns(row: Row, oldest: bool) -> dict[str, list[Column]]:
    columns: dict[str, list[Column]] = {}
    for place, cell in enumerate(row.cells):
        name = cell.strip()
        if not name or len(name) > 200 or "audience=B2B" in name:
            continue
        bare = _bare(name)
        known = next((field for pattern, field in _FIELDS if pattern.fullmatch(bare)), _OLDEST.get(bare, "") if oldest else "")
        if known:
            market, tag = _MARKET.search(name), _TAG.search(name)
            column = Column(place, name, market[1] if market else "", tag[1].lower() if tag else "")
            columns.setdefault(known, []).append(column)
    return columns


def _layout(sheet: _Sheet) -> Layout:
    headers = {name: sheet.label(columns[0]) for name, columns in sheet.columns.items()}
    first = sheet.columns["price"][0].market if "price" in sheet.columns else ""
    return Layout(sheet.table, headers, CURRENCIES.get(first or sheet.market, ""), sheet.language)


# --- rows ----------------------------------------------------------------------------------------------------------


def _above(sheet: _Sheet) -> Iterator[Skipped]:
    rows = [row.number for row in sheet.table.top(10) if 0 < row.number <= sheet.header.number]
    if rows:
        yield Skipped(sheet.table.path.name, rows[0], "settings, labels and field names of the file", len(rows))


def _examples(sheet: _Sheet) -> Iterator[Skipped]:
    yield from _above(sheet)
    rows = [row.number for row in sheet.table.rows() if row.number > sheet.header.number and not row.blank]
    if rows:
        yield Skipped(sheet.table.path.name, rows[0], "an example of the template", len(rows))


def _products(sheet: _Sheet) -> Iterator[Layout | Draft | Finding | Skipped]:
    yield from _above(sheet)
    yield _layout(sheet)
    pictures = sales = False
    families = _Families(sheet)
    for row in _data(sheet):
        if reason := _no_product(sheet, row):
            yield Skipped(sheet.table.path.name, row.number, reason)
            continue
        pictures = pictures or bool(sheet.get(row, "images"))
        sales = sales or bool(sheet.get(row, "sale"))
        if draft := families.take(row):
            yield draft
    yield from families.rest()
    if sales:
        yield _finding(sheet, "sale prices were not read: they hold for some days only; the regular prices were", "price")
    if not pictures:
        message = "the file has no pictures' addresses: export a Category Listings Report, or give each product's pictures"
        yield _finding(sheet, message, "images")


def _data(sheet: _Sheet) -> Iterator[Row]:
    return (row for row in sheet.table.rows() if row.number > sheet.header.number and not row.blank)


def _no_product(sheet: _Sheet, row: Row) -> str:
    """Why a row is not meant to be a product, "" if it is."""
    if row.trouble:
        return ""
    if row.number < sheet.starts or (row.number <= sheet.header.number + 3 and sheet.get(row, "sku").casefold() in _EXAMPLES):
        return "an example or instruction of the template"
    if (action := sheet.get(row, "action")) and _DELETE.search(action):
        return f"it is to be deleted ({action!r})"
    if (status := sheet.get(row, "status")).casefold() in _OFF:
        return f"its status at Amazon is {status!r}"
    return ""


def _finding(sheet: _Sheet, message: str, column: str) -> Finding:
    return Finding(check="catalog", severity="warn", message=message, evidence={"file": sheet.table.path.name, "column": column})


# --- parents and variants ------------------------------------------------------------------------------------------


class _Families:
    """Gives each product as soon as all its rows were there. Which rows belong together is found by reading the file
    once before, as a variant may stand anywhere; a report has no parents and is read only once."""

    def __init__(self, sheet: _Sheet) -> None:
        self.sheet = sheet
        self.missing: Counter[str] = Counter()
        self.held: dict[str, list[Row]] = {}
        if "parent" in sheet.columns:
            heads: set[str] = set()
            for row in _data(sheet):
                if not row.trouble and not _no_product(sheet, row):
                    sku, parent = sheet.get(row, "sku"), _parent(sheet, row)
                    if parent:
                        self.missing[parent] += 1
                    else:
                        heads.add(sku)
            for sku in heads & self.missing.keys():
                self.missing[sku] += 1

    def take(self, row: Row) -> Draft | None:
        sheet = self.sheet
        if row.trouble:
            return Draft(row.number, {}, trouble=row.trouble)
        if not self.missing:
            return _alone(sheet, row)
        key = _parent(sheet, row) or sheet.get(row, "sku")
        if key not in self.missing:
            return _alone(sheet, row)
        self.held.setdefault(key, []).append(row)
        self.missing[key] -= 1
        return None if self.missing[key] > 0 else _family(sheet, key, self.held.pop(key))

    def rest(self) -> Iterator[Draft]:
        for key, rows in self.held.items():
            yield _family(self.sheet, key, rows)


def _parent(sheet: _Sheet, row: Row) -> str:
    """The SKU of a variant's parent, "" for all other rows."""
    parent = sheet.get(row, "parent")
    return parent if parent and parent != sheet.get(row, "sku") else ""


def _texts(sheet: _Sheet, get: Callable[[str, str], str]) -> dict[str, str]:
    """A product's texts in the file's language, and in the others that it has columns for."""
    cells = {name: get(name, sheet.language) for name in ("title", "description", "features", "brand")}
    for tag in sheet.others:
        for name in ("title", "description", "features"):
            if any(c.tag == tag for c in sheet.columns.get(name, ())) and (text := get(name, tag)):
                cells[f"{name}_{tag}"] = text
    return cells


def _offer(sheet: _Sheet, row: Row) -> dict[str, str]:
    """A row's SKU, pictures, and price in the first marketplace that has one."""
    cells = {"sku": sheet.get(row, "sku"), "images": sheet.all(row, "images"), "price": sheet.get(row, "price")}
    for column in sheet.columns.get("price", ()) if cells["price"] else ():
        if column.place < len(row.cells) and row.cells[column.place].strip():
            if currency := sheet.get(row, "currency") or CURRENCIES.get(column.market, ""):
                cells["currency"] = currency
            was = (c.place for c in sheet.columns.get("was_price", ()) if c.market in ("", column.market) and c.place < len(row.cells))
            cells["was_price"] = next((row.cells[n] for n in was if row.cells[n].strip()), "")
            break
    return cells


def _alone(sheet: _Sheet, row: Row) -> Draft:
    cells = _texts(sheet, partial(sheet.all, row)) | _offer(sheet, row) | {"category": _category(sheet, row)}
    trouble = ""
    if not cells["price"] and sheet.get(row, "level").casefold() == "parent":
        trouble = "this is a parent, and none of its variants is in the file: export them with it"
    return Draft(row.number, cells, trouble=trouble)


def _family(sheet: _Sheet, key: str, rows: Sequence[Row]) -> Draft:
    """A product of a parent's row, if it is there, and its variants' rows."""
    head = next((row for row in rows if not _parent(sheet, row)), None)
    told = [head, *rows] if head else list(rows)

    def get(name: str, tag: str) -> str:
        return next((text for row in told if (text := sheet.all(row, name, tag))), "")

    cells = _texts(sheet, get) | {"sku": key, "category": next(filter(None, (_category(sheet, r) for r in told)), "")}
    if head:
        cells["images"] = sheet.all(head, "images")
    theme = "".join(next(filter(None, (sheet.get(r, "theme") for r in told)), "").casefold().split())
    variants = [Variant(row.number, _offer(sheet, row), _chosen(sheet, row, theme)) for row in rows if row is not head]
    return Draft(rows[0].number, cells, variants, rows=len(rows))


def _category(sheet: _Sheet, row: Row) -> str:
    return sheet.get(row, "category").replace("_", " ").casefold()


def _chosen(sheet: _Sheet, row: Row, theme: str) -> dict[str, str]:
    """What a variant is: the attributes that its theme names (SizeColor, COLOR/SIZE), colour and size if it names none."""
    options: dict[str, str] = {}
    for column in sheet.columns.get("option", ()):
        cell = row.cells[column.place].strip() if column.place < len(row.cells) else ""
        word = next((m for m in re.findall(r"[a-z]+", column.name.casefold()) if m in _OPTION_WORDS), "")
        name = _OPTION_WORDS.get(word, "")
        if cell and name not in options and (name.casefold() in theme.replace("colour", "color") if theme else name in ("Color", "Size")):
            options[name] = cell
    return options


_OPTION_WORDS = {
    "color": "Color", "colour": "Color", "size": "Size", "style": "Style", "pattern": "Pattern", "flavor": "Flavor", "scent": "Scent",
    "material": "Material", "edition": "Edition",
}  # fmt: skip
