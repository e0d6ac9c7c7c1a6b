"""What stands between a seller's table and a product: the readers' words for what they found, before it is read.

A reader knows one kind of table: which column is which, which rows belong together, which are no products at all. It
gives the cells as they stand, as Drafts. What the cells mean (prices, pictures, texts) is read in one place, `build.py`,
so that a price or a picture is read alike in every format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from localize.domain import Finding, Product, Reject
from localize.products.tables import Table

# What a draft can tell about a product. Of lists (features, images, footage) a cell holds all, one a line (or as the
# seller separates them). `extra_images` come after `images`: rows, variants and pictures of the description.
FIELDS = (
    "sku", "title", "price", "was_price", "currency", "language", "brand", "category", "features", "description", "proof",
    "images", "extra_images", "footage", "link", "options", "price_to", "price_from",
)  # fmt: skip
# Texts that a seller may give in several languages: title_th, features_vi ...
LOCALIZED = ("title", "features", "description", "brand", "proof")


@dataclass(frozen=True)
class Skipped:
    """Rows that are no products and are not meant to be: instructions, headers of other sheets, drafts of a shop."""

    file: str
    row: int
    reason: str
    rows: int = 1


# A field, its cell, what is wrong with it and what to write.
Problem = tuple[str, str, str]

# What reading a catalog gives, in the file's order.
Outcome = Product | Reject | Finding | Skipped


@dataclass(frozen=True)
class Asked:
    """What the campaign says about its catalog; "" or empty where it says nothing.

    language: of the texts that name none. currency: ISO 4217, of prices that name none. format: the reader's name.
    sheet: of a workbook. columns: field (of FIELDS, or with a language's code: title_th) -> the file's header(s).
    pictures: the folder or address that picture names of the catalog are in; the catalog's own folder if "".
    """

    language: str = ""
    currency: str = ""
    format: str = ""
    sheet: str = ""
    columns: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    pictures: str = ""


@dataclass(frozen=True)
class Layout:
    """How a table is to be understood: given once before the drafts it holds for.

    `headers` are the seller's own names of the fields, for messages; a field without one was made up from several
    columns or from none. `currency` and `language` are what the platform or its market use, weaker than anything the
    seller says. `html` names the fields that are written in HTML. `strict_sku` refuses a product without a SKU of its
    own; else one is made from `link`, or from the title.
    """

    table: Table
    headers: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""
    language: str = ""
    html: frozenset[str] = frozenset({"description"})
    strict_sku: bool = False


@dataclass(slots=True)
class Variant:
    """One of the things a product comes as: a size, a colour. Its own cells (sku, price, was_price, currency, images)
    and how it differs ({"Size": "M"})."""

    row: int
    cells: dict[str, str]
    options: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """One product as the file tells of it: its cells by field, unread (a cell that the file holds as a number is a
    `values.Number`), and its variants. `row` is its first row, `rows` how many make it up. `trouble` is why it
    cannot be read at all."""

    row: int
    cells: dict[str, str]
    variants: list[Variant] = field(default_factory=list)
    rows: int = 1
    trouble: str = ""


class Reader(Protocol):
    """What a module that reads one kind of table has."""

    NAME: str  # as in the campaign's `format:`, such as shopify
    ABOUT: str  # what it is called in sentences, such as "a Shopify product export"

    def recognises(self, table: Table) -> bool:
        """Whether the table is of this kind, by its first rows. Cheap: looks at table.top() only."""
        ...

    def read(self, tables: Sequence[Table], asked: Asked) -> Iterator[Layout | Draft | Finding | Skipped]:
        """What is in the tables, all of this kind (several where a catalog is several files, which then may complete
        each other). A Layout comes first, and again where it changes. Every row that is not blank is in a Draft's or
        Skipped's `rows`, but the header's. Raises nothing for a bad row; streams where it can."""
        ...
