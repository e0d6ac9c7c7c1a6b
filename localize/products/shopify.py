"""Shopify's product export and its import templates, the old columns (Handle, Body (HTML), Variant Price) and those of
2025 (URL handle, Description, Price), and the JSON of its products (/products.json).

The rows of one handle are one product: the row with a title tells about it, rows with a price or an option value are
its variants, the others add pictures. A product's SKU is its handle, the code that every Shopify product has; variants
keep their own SKUs. https://help.shopify.com/en/manual/products/import-export/using-csv
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from localize.domain import Finding
from localize.products import markup
from localize.products.draft import Asked, Draft, Layout, Skipped, Variant
from localize.products.families import above, added, cell, families, overfull, scattered
from localize.products.native import name
from localize.products.tables import Row, Table

NAME = "shopify"
ABOUT = "a Shopify product export"

# Shopify's headers, as `name` writes them, and what we call the column. The templates of 2025 renamed most of them.
_COLUMNS = {
    "handle": "handle", "url_handle": "handle", "title": "title", "vendor": "vendor", "type": "type",
    "body_(html)": "body", "body_html": "body", "body": "body", "description": "body",
    "product_category": "category", "google_shopping_/_google_product_category": "google_category",
    "status": "status", "published": "published", "published_on_online_store": "published", "gift_card": "gift_card",
    "variant_sku": "sku", "sku": "sku", "variant_price": "price", "price": "price",
    "variant_compare_at_price": "compare_at", "compare_at_price": "compare_at",
    "variant_requires_shipping": "shipped", "requires_shipping": "shipped",
    "image_src": "image", "product_image_url": "image", "image_position": "position",
    "variant_image": "variant_image", "variant_image_url": "variant_image",
    "option1_name": "option1_name", "option2_name": "option2_name", "option3_name": "option3_name",
    "option1_value": "option1_value", "option2_value": "option2_value", "option3_value": "option3_value",
    # Of its JSON:
    "product_type": "type", "images.src": "image", "variants.sku": "sku", "variants.price": "price",
    "variants.compare_at_price": "compare_at", "variants.requires_shipping": "shipped",
    "variants.featured_image.src": "variant_image", "variants.option1": "option1_value", "variants.option2": "option2_value",
    "variants.option3": "option3_value",
}  # fmt: skip
_PRICES = frozenset(("price", "variant_price", "variants.price"))
# Beside a handle, a title and a price, what no other shop's table has.
_OWN = frozenset((
    "body_(html)", "body_html", "url_handle", "option1_name", "option1_value", "variant_price", "variant_sku", "image_src",
    "product_image_url", "variant_inventory_qty", "published_on_online_store", "gift_card",
))  # fmt: skip
_FIELDS = {
    "handle": "sku", "title": "title", "body": "description", "vendor": "brand", "category": "category", "price": "price",
    "compare_at": "was_price", "image": "images", "variant_image": "extra_images",
}  # fmt: skip

_NO = frozenset(("false", "no", "0", "n"))
_UNSOLD = {
    "draft": "a draft in Shopify: set its Status to 'active' for a clip of it",
    "archived": "archived in Shopify: set its Status to 'active' for a clip of it",
}
_UNPUBLISHED = "not published in Shopify's online store: set {!r} to TRUE for a clip of it"
_GIFT_CARD = "a gift card: there is nothing to show of it"
_FEE = "a fee that an app adds to the cart (each variant is named by its own price, and nothing is shipped), not a product"
_STOCK = "stock and no prices: this is Shopify's inventory export; choose Products, then Export, instead"
_EMPTY_HANDLE = "a handle and nothing else: no title, price or picture"
_AGAIN = "the header again"


def recognises(table: Table) -> bool:
    """Whether one of the first rows is Shopify's header, or that of its inventory, whose rows are no products."""
    return _header(table) is not None or _stock(table) is not None


def read(tables: Sequence[Table], asked: Asked) -> Iterator[Layout | Draft | Finding | Skipped]:
    """A draft for each handle. Each table is read twice: first for the handles whose rows lie apart, which are the only
    ones kept in memory, and for whether anything in it is for sale."""
    for table in tables:
        if header := _header(table):
            yield from _Export(*_unfolded(table, header)).outcomes()
        elif header := _stock(table):
            yield Layout(table)
            rows = [row.number for row in table.rows() if row.number > header.number and not row.blank]
            if rows:
                yield Skipped(table.path.name, rows[0], _STOCK, len(rows))


def _header(table: Table) -> Row | None:
    for row in table.top():
        names = {name(c) for c in row.cells}
        if "title" in names and names & {"handle", "url_handle"} and names & _PRICES and names & _OWN:
            return row
    return None


def _stock(table: Table) -> Row | None:
    """The header of an inventory export."""
    for row in table.top():
        names = {name(c) for c in row.cells}
        if {"handle", "title", "option1_name", "location"} <= names and not names & _PRICES:
            return row
    return None


def _unfolded(table: Table, header: Row) -> tuple[Table, Row]:
    """The table of a JSON, whose rows hold a line for each variant and picture, as that of a CSV: a row for each, with the
    same number. Any other table as it is."""
    names = [name(c) for c in header.cells]
    folded = [i for i, n in enumerate(names) if n.startswith(("variants.", "images."))]
    if header.number or not folded:
        return table, header
    handle = names.index("handle")
    options = names.index("options.name") if "options.name" in names else -1
    unfolded = Row(0, (*header.cells, "option1_name", "option2_name", "option3_name"))

    def rows() -> Iterator[Row]:
        yield unfolded
        for row in table.rows():
            if row.number and (row.trouble or row.blank):
                yield row
            elif row.number:
                lines = {i: row.cells[i].split("\n") for i in folded}
                chosen = [*cell(row, options).split("\n"), "", "", ""][:3]
                kept = [c if i not in lines else lines[i][0] for i, c in enumerate(row.cells)]
                yield Row(row.number, (*kept, *chosen))
                for n in range(1, max(map(len, lines.values()))):
                    more = [lines[i][n] if n < len(lines.get(i, ())) else "" for i in range(len(row.cells))]
                    more[handle] = row.cells[handle]
                    yield Row(row.number, tuple(more))

    return replace(table, rows=rows), unfolded


# --- one export ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Metafield:
    """A column of the shop's own facts about its products: Material (product.metafields.custom.material)."""

    column: int
    label: str
    space: str


class _Export:
    def __init__(self, table: Table, header: Row) -> None:
        self.table = table
        self.file = table.path.name
        self.header = header
        self.at: dict[str, int] = {}
        for i, heading in enumerate(header.cells):
            if column := _COLUMNS.get(name(heading)):
                self.at.setdefault(column, i)
        at = self.at.get
        self.handle, self.title, self.price = at("handle", -1), at("title", -1), at("price", -1)
        self.sku, self.compare_at, self.image = at("sku", -1), at("compare_at", -1), at("image", -1)
        self.position, self.variant_image = at("position", -1), at("variant_image", -1)
        self.options = [(at(f"option{n}_name", -1), at(f"option{n}_value", -1)) for n in (1, 2, 3) if f"option{n}_value" in self.at]
        self.metafields = _metafields(header)
        self.added = added(header)

    def outcomes(self) -> Iterator[Layout | Draft | Finding | Skipped]:
        headers = {field: self.header.cells[self.at[column]].strip() for column, field in _FIELDS.items() if column in self.at}
        yield Layout(self.table, headers)
        sold = False

        def looked_over() -> Iterator[str]:
            nonlocal sold
            for key, row in self.keyed():
                if not sold and cell(row, self.title) and not self.unsold(row):
                    sold = True
                yield key

        apart = scattered(looked_over())
        unsold: list[list[Row]] | None = None if sold else []
        yield from above(self.table, self.header)
        drafts = 0
        for rows in families(self.keyed(), apart):
            outcome = self.outcome(rows, everything=unsold is not None)
            drafts += isinstance(outcome, Draft) and not outcome.trouble
            yield outcome
        if unsold is not None and drafts:
            message = f"none of the {drafts} products is active and published in Shopify, so all of them were read"
            yield Finding(check="catalog", severity="warn", message=message, evidence={"file": self.file})

    def keyed(self) -> Iterator[tuple[str, Row]]:
        """Each row that is not blank and the handle that it belongs to.

        A row without handle and title goes on with the product above it; one that has only a title, or cannot be read,
        is on its own.
        """
        above = ""
        handle, title, width = self.handle, self.title, len(self.header.cells)
        for row in self.table.rows():
            if row.number <= self.header.number or row.blank:
                continue
            if row.trouble or (len(row.cells) > width and overfull(row, width)):
                yield f"\n{row.number}", row
                continue
            key = cell(row, handle)
            if not key:
                key = above if above and not cell(row, title) else f"\n{row.number}"
            above = key
            yield key, row

    def unsold(self, row: Row) -> str:
        """Why the product that the row tells of is not for sale; "" if it is."""
        status = cell(row, self.at.get("status", -1)).casefold()
        if reason := _UNSOLD.get(status, ""):
            return reason
        at = self.at.get("published", -1)
        if at >= 0 and cell(row, at).casefold() in _NO:
            return _UNPUBLISHED.format(self.header.cells[at].strip())
        return ""

    def outcome(self, rows: list[Row], everything: bool) -> Draft | Skipped:
        first = rows[0]
        count = len({row.number for row in rows})  # a JSON's are several with one number
        lead = next((r for r in rows if cell(r, self.title)), first)
        if trouble := overfull(first, len(self.header.cells)):
            return Draft(first.number, {"sku": cell(first, self.handle)}, rows=count, trouble=trouble)
        title = cell(lead, self.title)
        if title == cell(self.header, self.title) and cell(lead, self.handle) == cell(self.header, self.handle):
            return Skipped(self.file, first.number, _AGAIN, rows=count)
        if not title and not any(c.strip() for r in rows for i, c in enumerate(r.cells) if i != self.handle):
            return Skipped(self.file, first.number, _EMPTY_HANDLE, rows=count)
        if cell(lead, self.at.get("gift_card", -1)).casefold() == "true":
            return Skipped(self.file, first.number, _GIFT_CARD, rows=count)
        if not everything and (reason := self.unsold(lead)):
            return Skipped(self.file, first.number, reason, rows=count)
        variants = self.variants(rows)
        if self.is_fee(rows, variants):
            return Skipped(self.file, first.number, _FEE, rows=count)
        return self.draft(rows, lead, variants, count)

    def draft(self, rows: list[Row], lead: Row, variants: list[Variant], count: int) -> Draft:
        cells = {"sku": cell(lead, self.handle), "title": cell(lead, self.title)}
        for column, field in (("body", "description"), ("vendor", "brand")):
            if text := cell(lead, self.at.get(column, -1)):
                cells[field] = text
        if category := self.category(lead):
            cells["category"] = category
        if images := self.images(rows):
            cells["images"] = "\n".join(images)
        if len(variants) == 1 and not variants[0].options:
            only = variants.pop().cells
            only.pop("sku", None)
            if image := only.pop("images", ""):
                cells["extra_images"] = image
            cells.update(only)
        features = self.features(lead, {option for v in variants for option in v.options})
        # One fact alone would stand in the place of all that the description has to say.
        if len(features) > 1 or (features and "description" not in cells):
            cells["features"] = "\n".join(features)
        cells.update((field, text) for field, at in self.added if (text := cell(lead, at)))
        return Draft(rows[0].number, cells, variants, rows=count)

    def category(self, lead: Row) -> str:
        """Shopify's own category, else the shop's type, else Google's category where it is no number."""
        for column in ("category", "type", "google_category"):
            text = cell(lead, self.at.get(column, -1))
            if text and text != "Uncategorized" and not text.isdigit():
                return text
        return ""

    def images(self, rows: list[Row]) -> list[str]:
        """The pictures by their position; those without one after the one above them."""
        found: list[tuple[int, str]] = []
        for row in rows:
            if image := cell(row, self.image):
                position = cell(row, self.position).removesuffix(".0")
                last = found[-1][0] if found else 0
                found.append((int(position) if position.isdecimal() and len(position) < 6 else last, image))
        if len(found) > 1:
            found.sort(key=lambda pair: pair[0])
        return list(dict.fromkeys(image for _, image in found))

    def variants(self, rows: list[Row]) -> list[Variant]:
        names = [next((n for r in rows if (n := cell(r, at))), "") for at, _ in self.options]
        found = []
        for row in rows:
            price, sku = cell(row, self.price), cell(row, self.sku)
            values = [cell(row, at) for _, at in self.options]
            if not price and not sku and not any(values):
                continue
            cells = {"price": price, "sku": sku, "images": cell(row, self.variant_image)}
            before = cell(row, self.compare_at)
            if before.strip("0.,"):
                cells["was_price"] = before
            variant = Variant(row.number, {field: c for field, c in cells.items() if c})
            for option, value in zip(names, values, strict=True):
                # Default Title is Shopify's word for "comes in one way only"; some apps name a variant by its price.
                if value and value != price and not (value == "Default Title" and option in ("Title", "")):
                    variant.options[option or "Option"] = value
            found.append(variant)
        return found

    def is_fee(self, rows: list[Row], variants: list[Variant]) -> bool:
        """Whether it is what apps for insurance or donations put into a shop: amounts to choose from."""
        if len(variants) < 3 or any(v.options for v in variants):
            return False
        at = self.at.get("shipped", -1)
        return all(cell(r, at).casefold() == "false" for r in rows if cell(r, self.price))

    def features(self, lead: Row, options: set[str]) -> list[str]:
        """What the shop's own columns say of the product, but for what its options say."""
        found: dict[str, None] = {}
        for field in self.metafields:
            text = cell(lead, field.column)
            if text and field.label not in options:
                found.update(dict.fromkeys(_said(field, text)))
        return list(found)


# --- metafields ------------------------------------------------------------------------------------------------------

_METAFIELD = re.compile(r"\s*(?P<label>.*?)\s*\(product\.metafields\.(?P<space>[^.()]+)\.(?P<key>[^()]+)\)\s*", re.DOTALL)
# Of apps, of search and of advertising; what is in them is not about the product.
_APPS = re.compile(r"shopify--|app--|mm-google|google|reviews|judge|stamped|loox|yotpo|okendo|seo|global|facets|filter|theme")
# Shopify's own metafields are there for filters (age group, allergens); these are what a buyer asks about.
_ASKED = re.compile(r"material|fabric|flavor|scent|color|pattern|feature|finish|texture|hair-type|skin|ingredient|benefit|power|capacity")
_NOT_SAID = frozenset(("title_tag", "description_tag", "rating", "rating_count", "badge", "label", "gtin", "mpn", "size_chart"))
_POINTS = re.compile(r"feature|benefit|highlight|selling|bullet|usp")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_ID = re.compile(r"[0-9a-f-]{16,}|gid:.*|.*://.*|#[0-9a-f]{3,8}|\S+\.(?:jpe?g|png|webp|pdf|mp4)", re.IGNORECASE)
_BARS = re.compile(r"\s*[|｜；]+\s*")
# A spreadsheet's apostrophe stands before a hyphen that begins a cell.
_BULLET = re.compile(r"^\s*'?[•●▪◦✓✔*–-]\s*(?=[^\W\d_]|\d)")
_LONGEST = 80


def _metafields(header: Row) -> list[_Metafield]:
    """The metafield columns that may hold something to say.

    Shopify's own ones (shopify.color-pattern) hold slugs, which in other languages than English have lost letters
    (bla for blå): they count only where their labels are English, which their keys are.
    """
    found = [(i, m) for i, c in enumerate(header.cells) if "metafields" in c and (m := _METAFIELD.fullmatch(c))]
    english = all(_slug(m["label"]) in m["key"] for _, m in found if m["space"] == "shopify")
    return [
        _Metafield(i, m["label"], m["space"])
        for i, m in found
        if m["label"] and not _APPS.match(m["space"]) and name(m["key"]) not in _NOT_SAID
        and (m["space"] != "shopify" or (english and _ASKED.search(m["key"])))
    ]  # fmt: skip


def _slug(label: str) -> str:
    return re.sub(r"[^\w]+", "-", label.strip().casefold())


@lru_cache(maxsize=4096)
def _said(field: _Metafield, text: str) -> tuple[str, ...]:
    """A metafield as selling points: "Material: cotton, linen", or the lines of a list as they are."""
    lines = text.split("\n")
    bulleted = [line for line in lines if _BULLET.match(line)]
    parts = _listed(text) if text[0] in "[{" else bulleted or (lines if len(lines) > 1 else _choices(text))
    parts = [p for part in parts if (p := html.unescape(_BULLET.sub("", part)).strip(" \r")) and _is_text(p, field.space)]
    parts = [p for p in parts if p != field.label]
    if field.space == "shopify":
        parts = [p.replace("-", " ") for p in parts]
    if bulleted or _POINTS.search(field.label.casefold()):
        return tuple(parts)
    # What crossreel reads as the end of a feature is a comma here.
    told = f"{field.label}: {_BARS.sub(', ', ', '.join(parts)).strip(', ')}"
    # So much is a text of its own, not a fact.
    return (told,) if parts and len(told) <= 2 * _LONGEST else ()


def _choices(text: str) -> list[str]:
    """The values that semicolons part; a text of which one would be no value of its own (250% Large; (23)), or would say the
    contrary without the next (no toy; it is a drill), is one value."""
    parts = text.split(";")
    whole = all(any(map(str.isalpha, part)) for part in parts if part.strip()) and not any(map(markup.denies, parts[:-1]))
    return parts if whole else [text]


def _listed(text: str) -> list[str]:
    """The texts of a JSON list; nothing of anything else that is JSON (measures, rich text)."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [part for part in tree if isinstance(part, str)] if isinstance(tree, list) else []


def _is_text(part: str, space: str) -> bool:
    """Whether a part of a metafield is something to say: no number, id, address, yes or no, product's handle, markup."""
    # A tab stands in a table (of sizes), a colon at the end of a heading.
    if len(part) > _LONGEST or part.endswith((":", "：")) or any(c in part for c in "<{\t") or not any(map(str.isalpha, part)):
        return False
    if part.casefold() in ("true", "false", "yes", "no", "n/a", "none", "null") or _ID.fullmatch(part):
        return False
    return space == "shopify" or not _SLUG.fullmatch(part)
