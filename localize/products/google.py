"""Google Merchant feeds: RSS, Atom, TSV and CSV, and the feeds of other channels in the same attributes (Meta, Pinterest).

An item is a product; items of one item_group_id are its variants. https://support.google.com/merchants/answer/7052112
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import date

from localize.domain import Finding
from localize.products.draft import Asked, Draft, Layout, Skipped, Variant
from localize.products.families import above, added, cell, families, overfull, scattered
from localize.products.native import name
from localize.products.tables import Row, Table

NAME = "google"
ABOUT = "a Google Merchant feed"

_MUST = frozenset(("id", "title", "price", "image_link"))
_OWN = frozenset((
    "availability", "condition", "google_product_category", "item_group_id", "identifier_exists", "gtin", "mpn", "product_type",
    "additional_image_link",
))  # fmt: skip
_FIELDS = {
    "id": "sku", "title": "title", "price": "price", "description": "description", "brand": "brand", "product_type": "category",
    "image_link": "images", "additional_image_link": "extra_images", "link": "link", "product_highlight": "features",
}  # fmt: skip
# What Google lets the items of a group differ in and a buyer choose.
_OPTIONS = ("color", "size", "material", "pattern")


def recognises(table: Table) -> bool:
    """Whether one of the first rows names a feed's attributes: with g: before them or spaces for underscores as well."""
    return _header(table) is not None


def read(tables: Sequence[Table], asked: Asked) -> Iterator[Layout | Draft | Finding | Skipped]:
    """A draft for each item or group of items. Each table is read twice: first for the groups whose items lie apart,
    which are the only ones kept in memory."""
    for table in tables:
        header = _header(table)
        assert header is not None, "read() is for tables that recognises() took"
        yield from _Feed(table, header).outcomes()


def _attribute(heading: str) -> str:
    return name(heading).removeprefix("g:")


def _header(table: Table) -> Row | None:
    for row in table.top():
        names = {_attribute(c) for c in row.cells}
        if names >= _MUST and names & _OWN:
            return row
    return None


class _Feed:
    def __init__(self, table: Table, header: Row) -> None:
        self.table = table
        self.file = table.path.name
        self.header = header
        self.at: dict[str, int] = {}
        self.pictures: list[int] = []
        self.highlights: list[int] = []
        for i, heading in enumerate(header.cells):
            attribute = _attribute(heading)
            self.at.setdefault(attribute, i)
            # These may be there several times.
            if attribute == "additional_image_link":
                self.pictures.append(i)
            elif attribute == "product_highlight":
                self.highlights.append(i)
        at = self.at.get
        self.id, self.group, self.title = self.at["id"], at("item_group_id", -1), self.at["title"]
        self.price, self.sale_price, self.dates = self.at["price"], at("sale_price", -1), at("sale_price_effective_date", -1)
        self.options = [(attribute, self.at[attribute]) for attribute in _OPTIONS if attribute in self.at]
        self.added = [(field, i) for field, i in added(header) if field != "link"]
        self.today = date.today().isoformat()
        self.past: list[int] = []

    def outcomes(self) -> Iterator[Layout | Draft | Finding | Skipped]:
        yield Layout(self.table, {f: self.header.cells[self.at[a]].strip() for a, f in _FIELDS.items() if a in self.at})
        yield from above(self.table, self.header)
        apart = scattered(key for key, _ in self.keyed())
        for rows in families(self.keyed(), apart):
            if len(rows) > 1 and not any(cell(r, self.group) for r in rows):
                # One id for several items, which are no group: each stands for itself, and the code is told to be taken.
                yield from (self.draft([row]) for row in rows)
            else:
                yield self.draft(rows)
        if self.past:
            rows_told = ", ".join(map(str, self.past[:5])) + (" ..." if len(self.past) > 5 else "")
            count = f"{len(self.past)} sale prices do" if len(self.past) > 1 else "one sale price does"
            message = f"{count} not hold today, {self.today}, by their dates (row {rows_told}): the price was taken"
            yield Finding(check="catalog", severity="warn", message=message, evidence={"file": self.file})

    def keyed(self) -> Iterator[tuple[str, Row]]:
        """Each item and its group; its id where it is in none, as feeds of WooCommerce name a group by its first item."""
        width = len(self.header.cells)
        for row in self.table.rows():
            if row.number <= self.header.number or row.blank:
                continue
            key = "" if row.trouble or (len(row.cells) > width and overfull(row, width)) else cell(row, self.group) or cell(row, self.id)
            yield key or f"\n{row.number}", row

    def draft(self, rows: list[Row]) -> Draft:
        first = rows[0]
        group = next((g for r in rows if (g := cell(r, self.group))), "")
        cells = {"sku": group or cell(first, self.id), "title": _text(cell(first, self.title))}
        if trouble := overfull(first, len(self.header.cells)):
            return Draft(first.number, cells, rows=len(rows), trouble=trouble)
        for attribute, field in (("description", "description"), ("brand", "brand"), ("link", "link")):
            if text := cell(first, self.at.get(attribute, -1)):
                cells[field] = _address(text) if field == "link" else _text(text)
        if category := self.category(first):
            cells["category"] = category
        if features := [h for at in self.highlights for h in _listed(cell(first, at))]:
            cells["features"] = "\n".join(map(_text, features))
        pictures = [p for at in self.pictures for p in _listed(cell(first, at))]
        if pictures:
            cells["extra_images"] = "\n".join(map(_address, pictures))
        cells.update((field, text) for field, at in self.added if (text := cell(first, at)))
        if len(rows) == 1:
            if picture := cell(first, self.at["image_link"]):
                cells["images"] = _address(picture)
            return Draft(first.number, {**cells, **self.prices(first)})
        variants = self.variants(rows)
        cells["title"] = _shared_title([(_text(cell(r, self.title)), v) for r, v in zip(rows, variants, strict=True)])
        cells["images"] = "\n".join(dict.fromkeys(v.cells.pop("images") for v in variants if "images" in v.cells))
        return Draft(first.number, cells, variants, rows=len(rows))

    def variants(self, rows: list[Row]) -> list[Variant]:
        """The items of a group, with those of the options that they differ in."""
        differing = [(option, at) for option, at in self.options if len({cell(r, at) for r in rows}) > 1]
        found = []
        for row in rows:
            cells = {"sku": cell(row, self.id), **self.prices(row)}
            if picture := cell(row, self.at["image_link"]):
                cells["images"] = _address(picture)
            options = {option.capitalize(): _text(value) for option, at in differing if (value := cell(row, at))}
            found.append(Variant(row.number, cells, options))
        return found

    def category(self, row: Row) -> str:
        """The shop's own category, else Google's where it is no number."""
        own = cell(row, self.at.get("product_type", -1)).split("\n")[0]
        googles = cell(row, self.at.get("google_product_category", -1))
        return _text(own or ("" if googles.isdigit() else googles))

    def prices(self, row: Row) -> dict[str, str]:
        """The sale price where there is one that holds today, and the price before it."""
        price, sale = cell(row, self.price), cell(row, self.sale_price)
        if not price:
            return {}
        if not sale or not re.search("[1-9]", sale):
            return {"price": price}
        starts, _, ends = (part.strip()[:10] for part in cell(row, self.dates).partition("/"))
        if (_DAY.fullmatch(starts) and starts > self.today) or (_DAY.fullmatch(ends) and ends < self.today):
            self.past.append(row.number)
            return {"price": price}
        return {"price": sale, "was_price": price}


# --- cells ---------------------------------------------------------------------------------------------------------------

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-f]+);", re.IGNORECASE)
# A comma can be part of an address: what follows it then starts no other.
_NEXT = re.compile(r"\s*[,\n]\s*(?=https?://)")
_WORD = re.compile(r"[^\W_]+")


def _text(text: str) -> str:
    """A text that was escaped once more than its file needs: &amp;amp; and &lt;p&gt; of a feed made from HTML."""
    while "&" in text and "<" not in text and _ENTITY.search(text):
        text = html.unescape(text)
    return text


def _address(text: str) -> str:
    return text.replace("&amp;", "&")


def _listed(text: str) -> list[str]:
    """The parts of an attribute that may be there several times: one a line, or addresses after commas."""
    if "://" in text:
        return [part for part in _NEXT.split(text) if part]
    return [part.strip() for part in text.split("\n") if part.strip()]


def _shared_title(items: list[tuple[str, Variant]]) -> str:
    """What the titles of a group begin with, if all that follows it is what the item is chosen by; else the first's."""
    titles = [title for title, _ in items]
    first = titles[0]
    words = [title.split() for title in titles]
    same = 0
    while all(len(w) > same for w in words) and len({w[same] for w in words}) == 1:
        same += 1
    if len(set(titles)) == 1 or not same:
        return first
    for title_words, (_, variant) in zip(words, items, strict=True):
        left = {w.casefold() for w in _WORD.findall(" ".join(title_words[same:]))}
        chosen = {w.casefold() for text in (*variant.options, *variant.options.values()) for w in _WORD.findall(text)}
        if not left <= chosen:
            return first
    return " ".join(words[0][:same]).rstrip(" -–—|,/:;([") or first
