"""WooCommerce's product export, with headers in the shop's language, the CSV that its importer takes, and the products of
its REST API as JSON or CSV.

A row is a product; rows of the type "variation" belong to the one that their Parent names, by id:741, SKU or name, and
may stand anywhere. A product without a SKU, which WooCommerce allows, has its number as one: id-741.
https://github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

import numpy as np
import yaml

from localize.assets import ASSETS
from localize.domain import Finding
from localize.products.draft import Asked, Draft, Layout, Skipped, Variant
from localize.products.families import above, added, cell, overfull
from localize.products.native import name
from localize.products.tables import Row, Table

NAME = "woocommerce"
ABOUT = "a WooCommerce product export"

# What WooCommerce and its best known extensions write as a row's type, in every language; "simple, virtual" is two.
_TYPES = frozenset((
    "simple", "variable", "variation", "external", "grouped", "virtual", "downloadable", "subscription", "bundle", "composite",
    "variable-subscription", "subscription_variation", "booking", "course", "gift-card", "woosb",
))  # fmt: skip
_VISIBILITIES = frozenset(("visible", "catalog", "search", "hidden"))
_TAXES = frozenset(("taxable", "shipping", "none"))
# The exporter's columns after its tax status, which is the eighth after the name (class-wc-product-csv-exporter.php).
_AFTER_TAX = {"sale_price": 13, "regular_price": 14, "categories": 15, "images": 18, "parent": 21, "url": 25}
_FIELDS = {
    "sku": "sku", "name": "title", "regular_price": "price", "description": "description", "categories": "category",
    "images": "images", "url": "link",
}  # fmt: skip

_UNSOLD = {
    "-1": "a draft in WooCommerce: publish it for a clip of it",
    "0": "private in WooCommerce: publish it for a clip of it",
    "2": "waiting for review in WooCommerce: publish it for a clip of it",
}
_WORDS = {"false": "0", "no": "0", "draft": "-1", "private": "0", "pending": "2", "future": "-1", "trash": "-1"}
_GROUP = "a group of products, without a price of its own: its products are rows of their own"
_OFF = "a variation that is switched off in WooCommerce"
_AGAIN = "the header again"


def recognises(table: Table) -> bool:
    """Whether one of the first rows is WooCommerce's header, in a language that is known, or all columns of an export
    stand in the exporter's order."""
    return _columns(table) is not None


def read(tables: Sequence[Table], asked: Asked) -> Iterator[Layout | Draft | Finding | Skipped]:
    """A draft for each product, its variations with it. Each table is read twice: first for which rows are parents of
    variations; those alone are kept in memory, until their last variation has come."""
    for table in tables:
        columns = _columns(table)
        assert columns is not None, "read() is for tables that recognises() took"
        yield from _Export(table, columns).outcomes()


# --- columns -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Attribute:
    """Where an attribute's values stand, where its name does (-1: it is `label`), and whether the shop shows it (-1: yes)."""

    values: int
    name: int = -1
    visible: int = -1
    label: str = ""


@dataclass(frozen=True)
class _Columns:
    header: Row
    at: dict[str, int]
    attributes: tuple[_Attribute, ...]


@cache
def _names() -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
    """The headers of assets/catalog/woocommerce.yaml: of columns, of numbered columns, and the names of brand attributes."""
    told: Any = yaml.safe_load((ASSETS / "catalog" / "woocommerce.yaml").read_text(encoding="utf-8"))
    columns = {name(header): column for column, headers in told["columns"].items() for header in headers}
    numbered = {name(header): column for column, headers in told["attributes"].items() for header in headers}
    return columns, numbered, frozenset(map(name, told["brands"]))


def _columns(table: Table) -> _Columns | None:
    top = table.top()
    for i, row in enumerate(top):
        below = top[i + 1 :]
        at = _by_order(row, below) | _named(row)
        if "name" in at and "regular_price" in at:
            attributes = _attributes(row, below)
            if _is_woo(at, attributes, below):
                return _Columns(row, at, attributes)
    return None


def _named(row: Row) -> dict[str, int]:
    """Where the columns with a known header stand; of two of one name, the first."""
    known, _, _ = _names()
    return {column: i for i, heading in reversed(list(enumerate(row.cells))) if (column := known.get(name(heading)))}


def _is_woo(at: dict[str, int], attributes: Sequence[object], rows: Sequence[Row]) -> bool:
    """Whether a header with a name and a regular price is WooCommerce's: by the types of its rows, or by its columns."""
    if "type" in at:
        said = [part.strip() for r in rows for part in cell(r, at["type"]).casefold().split(",")]
        return any(part in _TYPES for part in said) or (not rows and "published" in at)
    return bool(attributes) or {"published", "visibility"} <= at.keys() or {"short_description", "sale_price", "sku"} <= at.keys()


def _holds(rows: Sequence[Row], column: int, words: frozenset[str]) -> bool:
    """Whether a column has some of the words and nothing else."""
    said = [c for r in rows if (c := cell(r, column).casefold())]
    return bool(said) and all(part.strip() in words for c in said for part in c.split(","))


def _by_order(header: Row, rows: Sequence[Row]) -> dict[str, int]:
    """The columns of a whole export, whatever language its headers are in; none where it is not whole.

    The words in three columns are never translated: the type, the visibility and the tax status.
    """
    width = len(header.cells)
    kind = next((i for i in range(min(width, 3)) if _holds(rows, i, _TYPES)), -1)
    seen = next((i for i in range(kind + 4, min(width, kind + 8)) if _holds(rows, i, _VISIBILITIES)), -1) if kind >= 0 else -1
    tax = seen + 5
    if seen < 0 or width < tax + 25 or not _holds(rows, tax, _TAXES) or cell(header, kind).casefold() in _TYPES:
        return {}
    # The low stock amount came in 2018, and moved what follows it by one.
    pictures = tax + _AFTER_TAX["images"]
    back = 1 if not _links(rows, pictures) and _links(rows, pictures - 1) else 0
    at = {"id": kind - 1, "type": kind, "sku": kind + 1, "name": seen - 3, "published": seen - 2, "visibility": seen}
    at |= {"short_description": seen + 1, "description": seen + 2, "sale_from": seen + 3, "sale_to": seen + 4}
    return at | {column: tax + n - back for column, n in _AFTER_TAX.items()}


def _links(rows: Sequence[Row], column: int) -> bool:
    return any(cell(r, column).startswith("http") for r in rows)


_NUMBER = re.compile(r"\d+")
# The plugin's: attribute:Size of a product, meta:attribute_pa_size of a variation.
_OF_ITS_OWN = re.compile(r"(?:attribute:|meta:\s*attribute_)(?:pa_)?(.+)", re.IGNORECASE)


def _attributes(header: Row, rows: Sequence[Row]) -> tuple[_Attribute, ...]:
    """The attributes' columns: by their headers, or as four numbered ones, of which the last two hold 0 and 1."""
    _, numbered, _ = _names()
    known: dict[str, dict[str, int]] = {}
    groups: dict[str, list[int]] = {}
    found: list[_Attribute] = []
    for i, heading in enumerate(header.cells):
        numbers = _NUMBER.findall(heading)
        if own := _OF_ITS_OWN.fullmatch(heading.strip()):
            found.append(_Attribute(i, label=own[1].replace("-", " ").replace("_", " ").capitalize()))
        elif len(numbers) == 1 and (column := numbered.get(name(_NUMBER.sub("%d", heading)))):
            known.setdefault(numbers[0], {})[column] = i
        elif len(numbers) == 1 and ":" not in heading and "：" not in heading:
            groups.setdefault(numbers[0], []).append(i)
    found += (_Attribute(k["values"], k["name"], k.get("visible", -1)) for k in known.values() if {"name", "values"} <= k.keys())
    flags = frozenset(("0", "1"))
    numbered_alike = () if found else (g for g in groups.values() if len(g) >= 4)
    found += (_Attribute(g[1], g[0], g[2]) for g in numbered_alike if _holds(rows, g[2], flags) and _holds(rows, g[3], flags))
    return tuple(found)


# --- one export ----------------------------------------------------------------------------------------------------------


@dataclass
class _Family:
    """A product's row and its variations', what they call it by, and how many there are in the file."""

    rows: list[Row]
    keys: list[str]
    variations: int


class _Export:
    def __init__(self, table: Table, columns: _Columns) -> None:
        self.table = table
        self.file = table.path.name
        self.header, self.attributes = columns.header, columns.attributes
        self.at, self.added = columns.at, added(columns.header)
        at = columns.at.get
        self.type, self.parent, self.id, self.sku, self.name = at("type", -1), at("parent", -1), at("id", -1), at("sku", -1), at("name", -1)
        self.published, self.sale, self.regular = at("published", -1), at("sale_price", -1), at("regular_price", -1)
        self.sale_from, self.sale_to = at("sale_from", -1), at("sale_to", -1)
        self.width = len(columns.header.cells)
        self.today = date.today().isoformat()
        self.everything = False
        self.past: list[int] = []

    def outcomes(self) -> Iterator[Layout | Draft | Finding | Skipped]:
        headers = {field: self.header.cells[self.at[column]].strip() for column, field in _FIELDS.items() if column in self.at}
        yield Layout(self.table, headers)
        yield from above(self.table, self.header)
        drafts = 0
        for outcome in self.families():
            drafts += isinstance(outcome, Draft) and not outcome.trouble
            yield outcome
        if self.everything and drafts:
            yield _warning(self.file, f"none of the {drafts} products is published in WooCommerce, so all of them were read")
        if self.past:
            rows = ", ".join(map(str, self.past[:5])) + (" ..." if len(self.past) > 5 else "")
            count = f"{len(self.past)} sale prices do" if len(self.past) > 1 else "one sale price does"
            yield _warning(self.file, f"{count} not hold today, {self.today}, by their dates (row {rows}): the regular price was taken")

    def rows(self) -> Iterator[Row]:
        return (row for row in self.table.rows() if row.number > self.header.number and not row.blank)

    def broken(self, row: Row) -> str:
        return row.trouble or (overfull(row, self.width) if len(row.cells) > self.width else "")

    # ---- which rows belong together

    def is_variation(self, row: Row) -> bool:
        kind = cell(row, self.type)
        return _is_variation(kind) if kind else cell(row, self.parent) != ""

    def codes(self, row: Row) -> list[str]:
        """What variations may call the row by, without its name."""
        number, code = cell(row, self.id), cell(row, self.sku)
        codes = [f"id:{number}", number] if number else []
        if code:
            codes.append(_plain(code).casefold())
        return codes

    def reference(self, row: Row) -> str:
        """What a variation calls its parent."""
        return _reference(cell(row, self.parent))

    def families(self) -> Iterator[Draft | Skipped]:
        """The products, each when its last variation has come; at the end the variations whose parent has not."""
        expected, named = self.looked_over()
        opened: dict[str, _Family] = {}
        early: dict[str, list[Row]] = {}
        for row in self.rows():
            broken = self.broken(row)
            if broken or not self.is_variation(row):
                keys = self.keys(row, named, expected) if expected and not broken else []
                family = _Family([row], keys, sum(expected.pop(key) for key in keys))
                for key in keys:
                    opened[key] = family
                    family.rows += early.pop(key, [])
            elif (key := self.reference(row)) in opened:
                family = opened[key]
                family.rows.append(row)
            else:
                early.setdefault(key, []).append(row)
                continue
            if len(family.rows) > family.variations:
                yield from self.outcome(family.rows)
                for key in family.keys:
                    del opened[key]
        for key, rows in early.items():
            yield self.orphans(key, rows)

    def keys(self, row: Row, named: set[str], expected: dict[str, int]) -> list[str]:
        """What variations that have not found their parent yet call the row by."""
        keys = [code for code in dict.fromkeys(self.codes(row)) if code in expected]
        title = cell(row, self.name).casefold()
        return keys or ([title] if title and title in named and title in expected else [])

    def looked_over(self) -> tuple[dict[str, int], set[str]]:
        """How many variations each parent has, by what they call it, and which of them call it by its name: those that
        no row's id or SKU answers to. Also finds whether anything is for sale."""
        expected: Counter[str] = Counter()
        codes = array("q")
        sold = False
        for row in self.rows():
            if self.broken(row):
                continue
            if self.is_variation(row):
                expected[self.reference(row)] += 1
            else:
                codes.extend(map(hash, self.codes(row)))
                sold = sold or not self.unsold(row)
        self.everything = not sold
        hashes = np.array([hash(key) for key in expected], dtype=np.int64)
        answered = np.isin(hashes, np.frombuffer(codes, dtype=np.int64)) if codes else np.zeros(len(hashes), bool)
        named = {key for key, found in zip(expected, answered, strict=True) if not found}
        return expected, named

    def unsold(self, row: Row) -> str:
        """Why the row's product is not for sale; "" if it is."""
        return _unsold(cell(row, self.published))

    # ---- one product

    def outcome(self, rows: list[Row]) -> Iterator[Draft | Skipped]:
        parent, variations = rows[0], rows[1:]
        if trouble := self.broken(parent):
            yield Draft(parent.number, {"sku": cell(parent, self.sku)}, rows=len(rows), trouble=trouble)
            return
        if parent.cells == self.header.cells:
            yield Skipped(self.file, parent.number, _AGAIN)
            return
        if not self.everything and (reason := self.unsold(parent)):
            yield Skipped(self.file, parent.number, reason, rows=len(rows))
            return
        if "grouped" in cell(parent, self.type).casefold():
            yield Skipped(self.file, parent.number, _GROUP, rows=len(rows))
            return
        off = [] if self.everything else [v for v in variations if self.unsold(v)]
        yield from (Skipped(self.file, v.number, _OFF) for v in off)
        kept = [v for v in variations if v not in off]
        yield self.draft(parent, kept)

    def draft(self, parent: Row, variations: Sequence[Row]) -> Draft:
        attributes = self.facts(parent)
        variants = [self.variant(v) for v in variations]
        chosen = {option for v in variants for option in v.options}
        number = cell(parent, self.id)
        code = _plain(cell(parent, self.sku)) or (f"id-{number}" if number else "")
        cells = {"sku": code, "title": _plain(cell(parent, self.name)), **self.prices(parent)}
        _, _, brands = _names()
        brand = cell(parent, self.at.get("brand", -1)) or next((v for k, v in attributes.items() if name(k) in brands), "")
        features = [f"{k}: {v}" for k, v in attributes.items() if k not in chosen and name(k) not in brands]
        link = cell(parent, self.at.get("url", -1))
        told = {
            "description": self.description(parent), "category": _category(cell(parent, self.at.get("categories", -1))),
            "brand": brand, "images": self.images(parent), "features": "\n".join(features), "link": link,
        }  # fmt: skip
        cells.update((field, text) for field, text in told.items() if text)
        cells.update((field, text) for field, at in self.added if (text := cell(parent, at)))
        trouble = ""
        if not variants and "variable" in cell(parent, self.type).casefold():
            # The API gives such a product the lowest price of its variations, the exporter none.
            if "price" in cells:
                cells["price_from"] = "true"
            else:
                trouble = "it has variations, but none of them that is switched on is in the file: export them with it"
        return Draft(parent.number, cells, variants, rows=1 + len(variations), trouble=trouble)

    def variant(self, row: Row) -> Variant:
        cells = self.prices(row)
        if code := _plain(cell(row, self.sku)):
            cells["sku"] = code
        if images := self.images(row):
            cells["images"] = images
        return Variant(row.number, cells, self.facts(row, hidden=True))

    def orphans(self, key: str, rows: list[Row]) -> Draft:
        """Variations whose parent is not there, as one product that cannot be made."""
        cells = {"sku": cell(rows[0], self.sku), "title": _plain(cell(rows[0], self.name))}
        parent = _plain(cell(rows[0], self.parent))
        why = f"its parent {parent!r} is not in the file: export the variable product with it" if key else "a variation without a Parent"
        return Draft(rows[0].number, cells, [self.variant(r) for r in rows], rows=len(rows), trouble=why)

    def facts(self, row: Row, hidden: bool = False) -> dict[str, str]:
        """The row's attributes; without `hidden`, those that the shop shows."""
        found = {}
        for a in self.attributes:
            if (text := cell(row, a.values)) and (label := a.label or cell(row, a.name)) and (hidden or cell(row, a.visible) != "0"):
                found[label] = ", ".join(_parts(text)) if "," in text or "|" in text else text
        return found

    def images(self, row: Row) -> str:
        return _images(cell(row, self.at.get("images", -1)) or cell(row, self.at.get("main_image", -1)))

    def prices(self, row: Row) -> dict[str, str]:
        """The sale price where there is one that holds today, and the regular one before it."""
        regular, sale = cell(row, self.regular) or cell(row, self.at.get("price", -1)), cell(row, self.sale)
        if not sale.strip("0.,"):
            return {"price": regular} if regular else {}
        if not regular:
            return {"price": sale}
        starts, ends = _day(cell(row, self.sale_from)), _day(cell(row, self.sale_to))
        if (starts and starts > self.today) or (ends and ends < self.today):
            self.past.append(row.number)
            return {"price": regular}
        return {"price": sale, "was_price": regular}

    def description(self, row: Row) -> str:
        """The short description, which shops use for what is best about a product, then the long one."""
        short, long = (_text(cell(row, self.at.get(c, -1))) for c in ("short_description", "description"))
        if not short or not long or short in long:
            return long or short
        return f"{short}<br>\n{long}" if "<" in short or "<" in long else f"{short}\n{long}"


def _warning(file: str, message: str) -> Finding:
    return Finding(check="catalog", severity="warn", message=message, evidence={"file": file})


# --- cells ---------------------------------------------------------------------------------------------------------------

_COMMA = re.compile(r"(?:(?<!\\),|\|)\s*")
# A comma can be part of an address (w_300,h_300): what follows it then starts no other.
_ADDRESSES = re.compile(r"\s*(?<!\\)[,|;]\s*(?=https?://)")
_DAY = re.compile(r"'?(\d{4}-\d\d-\d\d)")


def _plain(text: str) -> str:
    """A cell without the apostrophe that the exporter puts before what a spreadsheet would run as a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text


def _text(text: str) -> str:
    """A description with the line breaks that the exporter writes as \\n."""
    return _plain(text).replace("\\\\n", "\0").replace("\\n", "\n").replace("\0", "\\n") if "\\n" in text else _plain(text)


def _parts(text: str) -> list[str]:
    """The parts of a list: a comma within one has a backslash before it."""
    return [part.replace("\\,", ",").strip() for part in _COMMA.split(text) if part.strip()]


@lru_cache(maxsize=64)
def _is_variation(kind: str) -> bool:
    return "variation" in kind.casefold()


@lru_cache(maxsize=64)
def _unsold(published: str) -> str:
    told = _plain(published).casefold().removesuffix(".0")
    return _UNSOLD.get(_WORDS.get(told, told), "")


@lru_cache(maxsize=4096)
def _reference(parent: str) -> str:
    code = _plain(parent).casefold()
    return "id:" + code[3:].lstrip() if code.startswith("id:") else code


@lru_cache(maxsize=4096)
def _category(text: str) -> str:
    """Of the categories the one that says most: the deepest, the first of these."""
    return max(_parts(text.replace("\n", "|")), key=lambda path: path.count(">"), default="")


def _images(text: str) -> str:
    """One picture a line; they are file names where the shop has them already, and the plugin adds ` ! alt : a mug`."""
    if not any(mark in text for mark in ",|;!"):
        return text
    parts = _ADDRESSES.split(text) if "://" in text else _parts(text)
    return "\n".join(address for part in parts if (address := part.partition(" ! ")[0].strip()))


def _day(text: str) -> str:
    return found[1] if text and (found := _DAY.match(text)) else ""
