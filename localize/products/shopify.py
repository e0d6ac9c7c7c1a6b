"""Shopify's product export and its import templates, the old columns (Handle, Body (HTML), Variant Price) and those of
2025 (URL handle, Description, Price).

The rows of one handle are one product: the row with a title tells about it, rows with a price or an option value are
its variants, the others add pictures. A product's SKU is its handle, the code that every Shopify product has; variants
keep their own SKUs. https://help.shopify.com/en/manual/products/import-export/using-csv
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from localize.domain import Finding
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
}  # fmt: skip
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
_EMPTY_HANDLE = "a handle and nothing else: no title, price or picture"
_AGAIN = "the header again"


def recognises(table: Table) -> bool:
    """Whether one of the first rows is Shopify's header."""
    return _header(table) is not None


def read(tables: Sequence[Table], asked: Asked) -> Iterator[Layout | Draft | Finding | Skipped]:
    """A draft for each handle. Each table is read twice: first for the handles whose rows lie apart, which are the only
    ones kept in memory, and for whether anything in it is for sale."""
    for table in tables:
        header = _header(table)
        assert header is not None, "read() is for tables that recognises() took"
        yield from _Export(table, header).outcomes()


def _header(table: Table) -> Row | None:
    for row in table.top():
        names = {name(c) for c in row.cells}
        if "title" in names and names & {"handle", "url_handle"} and names & {"price", "variant_price"} and names & _OWN:
            return row
    return None


# --- rows that belong together, in this and in other shops' tables -------------------------------------------------


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
        lead = next((r for r in rows if cell(r, self.title)), first)
        if trouble := overfull(first, len(self.header.cells)):
            return Draft(first.number, {"sku": cell(first, self.handle)}, rows=len(rows), trouble=trouble)
        title = cell(lead, self.title)
        if title == cell(self.header, self.title) and cell(lead, self.handle) == cell(self.header, self.handle):
            return Skipped(self.file, first.number, _AGAIN, rows=len(rows))
        if not title and not any(c.strip() for r in rows for i, c in enumerate(r.cells) if i != self.handle):
            return Skipped(self.file, first.number, _EMPTY_HANDLE, rows=len(rows))
        if cell(lead, self.at.get("gift_card", -1)).casefold() == "true":
            return Skipped(self.file, first.number, _GIFT_CARD, rows=len(rows))
        if not everything and (reason := self.unsold(lead)):
            return Skipped(self.file, first.number, reason, rows=len(rows))
        variants = self.variants(rows)
        if self.is_fee(rows, variants):
            return Skipped(self.file, first.number, _FEE, rows=len(rows))
        return self.draft(rows, lead, variants)

    def draft(self, rows: list[Row], lead: Row, variants: list[Variant]) -> Draft:
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
        return Draft(rows[0].number, cells, variants, rows=len(rows))

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
                if value and value != price and not (option == "Title" and value == "Default Title"):
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
    """A metafield as selling points: "Material: cotton, linen", or the lines of a list of benefits as they are."""
    parts = _listed(text) if text[0] in "[{" else text.split("\n") if "\n" in text else text.split(";")
    parts = [p for part in parts if (p := part.strip(" \t\r•*-")) and _is_text(p, field.space)]
    if field.space == "shopify":
        parts = [p.replace("-", " ") for p in parts]
    if _POINTS.search(field.label.casefold()):
        return tuple(parts)
    # What crossreel reads as the end of a feature is a comma here.
    return (f"{field.label}: {_BARS.sub(', ', ', '.join(parts)).strip(', ')}",) if parts else ()


def _listed(text: str) -> list[str]:
    """The texts of a JSON list; nothing of anything else that is JSON (measures, rich text)."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [part for part in tree if isinstance(part, str)] if isinstance(tree, list) else []


def _is_text(part: str, space: str) -> bool:
    """Whether a part of a metafield is something to say: no number, id, address, yes or no, product's handle, markup."""
    if len(part) > _LONGEST or "<" in part or "{" in part or not any(c.isalpha() for c in part):
        return False
    if part.casefold() in ("true", "false", "yes", "no", "n/a", "none", "null") or _ID.fullmatch(part):
        return False
    return space == "shopify" or not _SLUG.fullmatch(part)
