"""Any table whose columns can be understood: shop systems' exports, marketplace lists, a seller's own sheet.

What the columns mean is said by `columns.py`, or by the campaign. Here the rows become products: those of one product are
joined by its code, handle or title, wherever in the file they stand; rows that only say how to fill in the table, and
products that the shop itself does not show, are skipped.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial

from localize import languages
from localize.domain import Finding
from localize.errors import UserError
from localize.products import columns, selling
from localize.products.columns import SURE, Guess
from localize.products.doubts import Doubts, called, people
from localize.products.draft import LOCALIZED, Asked, Draft, Layout, Skipped, Variant
from localize.products.headers import data, norm, unit
from localize.products.joins import Joins
from localize.products.tables import Row, Table
from localize.products.unpacked import CONVERT, differences, hosted, named, pairs, placed, platform, split, unswatched, zero
from localize.products.values import shown

NAME = "table"
ABOUT = "a table with known columns"

Item = Layout | Draft | Finding | Skipped

# A line that parts a sheet: --- Best sellers ---
_HEADING = re.compile(r"[-=*#~_]{2,}.*[-=*#~_]{2,}")


@cache
def _totals() -> frozenset[str]:
    return frozenset(data()["totals"])


# Fields of a row that are its variant's own; all others are the product's.
_OWN = ("sku", "price", "was_price", "currency")


def recognises(table: Table) -> bool:
    """Whether the columns of titles and prices can be told."""
    head = columns.header(table)
    return head is not None and not _lacking(guesses := columns.propose(table)) and not people(head, guesses)


def maps(table: Table, asked: Asked) -> bool:
    """Whether the table has the columns that the campaign names."""
    try:
        return not _lacking(columns.chosen(table, asked.columns)[1])
    except UserError:
        return False


def missing(tables: Sequence[Table]) -> str:
    """Why none of the tables can be understood, and what to do, in a seller's words."""
    table = max(tables, key=lambda t: sum(bool(g.field) for g in columns.propose(t)))
    guesses = columns.propose(table)
    lacks = " and ".join({"title": "no column with the products' titles", "price": "no column with prices"}[f] for f in _lacking(guesses))
    there = ", ".join(shown(g.header) for g in guesses if g.header) or "no names of columns"
    if (head := columns.header(table)) and (listed := people(head, guesses)):
        return (
            f"{table.where} is a list of customers or orders ({', '.join(map(shown, listed))}), not of products: export the products "
            "instead. If it does list them, name their columns in the campaign under `columns:`"
        )
    if "price" not in _lacking(guesses) and any(g.field.startswith("option") for g in guesses):
        return (
            f"{table.where} lists only variants ({there}) and has {lacks}: what they are variants of is not said. "
            "Add a column with the title, or export the products together with their variants"
        )
    if columns.header(table) is None:
        likely = ", ".join(f"{g.field}: {columns.letters(g.index)}" for g in guesses if g.field)
        may = f"; by what stands in them: {likely}" if likely else ""
        return f"{table.where} has no row that names its columns: write one, or name them in the campaign under `columns:`{may}"
    may = "".join(f"; {shown(g.header)} may be the {g.field}" for g in guesses if g.field in ("title", "price") and g.confidence < SURE)
    if "price" in _lacking(guesses):
        may += "".join(f"; {shown(g.header)} is none, as {g.why}" for g in guesses if not g.field and _no_price(g.why))
    return f"{table.where} has {lacks or 'no products'} (its columns: {there}{may}): name the right ones in the campaign under `columns:`"


def _lacking(guesses: Sequence[Guess]) -> list[str]:
    sure = {g.field for g in guesses if g.confidence >= SURE}
    return [f for f in ("title", "price") if f not in sure]


def _no_price(why: str) -> bool:
    return "price" in why or "yuan" in why or "seller" in why


def read(tables: Sequence[Table], asked: Asked) -> Iterator[Item]:
    """A draft for each product, whatever number of rows it has. Raises UserError for columns asked for that are not there."""
    for table in tables:
        if asked.columns:
            head, guesses = columns.chosen(table, asked.columns, asked.currency)
        else:
            head, guesses = columns.header(table), columns.propose(table, asked.currency)
        if lacks := _lacking(guesses):
            raise UserError(f"{table.where}: no column gives the {' and the '.join(lacks)}: name it under `columns:`")
        yield from _Reading(table, head, guesses, asked.currency).items()


class _Reading:
    """One table being read."""

    def __init__(self, table: Table, head: Row | None, guesses: Sequence[Guess], currency: str) -> None:
        self.table, self.head, self.guesses, self.currency = table, head, guesses, currency
        self.file = table.path.name
        self.used = [g for g in guesses if g.field and (g.confidence >= SURE or g.field in ("title", "price"))]
        self.at = {g.field: g.index for g in reversed(self.used)}
        self.headers = {g.field: called(g) for g in reversed(self.used)}
        self.options = [g for g in self.used if g.field.startswith("option")]
        self.fields = self._fields()
        self.always = self._always()
        self.priced = any(f in self.at for f in ("sale_price", "discount_value", "surcharge"))
        self.reshaped = self.priced or any(f in self.at for f in ("attributes", "facets", "named_feature", "language"))
        self.judged = any(f in self.at for f in ("status", "visibility", "archived", "kind"))
        self.joins = Joins(table, head, self.at, [g.field for g in self.options], columns.below(table, head))
        self.sample, self.cell = self.joins.sample, self.joins.cell
        self.all_hidden = self._all_hidden()
        self.doubts = Doubts(self.joins, guesses, self.used, self.all_hidden)
        self.finding = self.doubts.finding
        self.unused: Counter[str] = Counter()  # rows whose sale or discount could not be used, or with rules for prices
        self.foreign: Counter[str] = Counter()
        self.taken: set[int] = set()
        self.twice: list[str] = []
        self.weak = self._weak_code()
        self.below = 0  # the row of another table's header, further down

    def _fields(self) -> list[tuple[str, int, Callable[[str], str] | None, bool]]:
        """The fields of a row's cells: the column, how its cells are unpacked, and whether others have gone before."""
        apart = (
            "group",
            "parent",
            "kind",
            "status",
            "archived",
            "visibility",
            "variations",
            *(() if "kind" in self.at else ("surcharge",)),
        )
        names = {norm(c) for c in self.head.cells} if self.head else set()
        folder = next((f for f, own in data()["media"].items() if names >= set(own)), "")
        found: list[tuple[str, int, Callable[[str], str] | None, bool]] = []
        for g in sorted(self.used, key=lambda g: (g.number, g.index)):
            if not g.field.startswith("option") and g.field not in apart:
                convert = CONVERT.get(g.field)
                if folder and g.field in ("images", "extra_images", "variant_images"):
                    convert = partial(hosted, folder)
                elif g.field == "features" and "value:position" in g.header.casefold():
                    convert = placed
                elif g.field == "named_feature":
                    convert = partial(named, g.header.capitalize())
                found.append((g.field, g.index, convert, any(f[0] == g.field for f in found)))
        return found

    def _always(self) -> dict[str, str]:
        """What the headers say of every row: the currency of the price's column, the language of the title's."""
        by_field = {g.field: g for g in self.used}
        # eBay says the currency in the header of its first column: *Action(SiteID=US|Country=US|Currency=USD)
        stated = re.search(r"\bCurrency=([A-Z]{3})\b", " ".join(self.head.cells) if self.head else "")
        found = {"currency": by_field["price"].currency or (stated[1] if stated else ""), "language": by_field["title"].language}
        return {f: said for f, said in found.items() if said and f not in self.at}

    def cells(self, row: Row, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
        """A row's cells by field, those of lists joined, and the price that holds: that of the product where a variant has none."""
        own, width, found = row.cells, len(row.cells), self.always.copy()
        for field, i, convert, more in self.fields:
            if i < width and (c := own[i]) and not c.isspace():
                if convert:
                    c = convert(c)
                found[field] = f"{found[field]}\n{c}" if more and field in found else c
        if inherited and zero(found.get("price", "")):
            found |= inherited
        if self.reshaped:
            self._reshape(found)
        return found

    def _reshape(self, cells: dict[str, str]) -> None:
        if self.priced and (unused := selling.settle(cells, self.currency, "on_sale" in self.at)):
            self.unused[unused] += 1
        if "attributes" in cells or "named_feature" in cells:
            parts = (cells.get("features", ""), cells.pop("attributes", ""), cells.pop("named_feature", ""))
            cells["features"] = "\n".join(filter(None, parts))
        for facet in filter(None, map(str.strip, cells.pop("facets", "").split("|"))):
            name, _, value = facet.partition(":")
            if name.strip() == "category" and "category" in cells:
                cells["category"] += f" > {value.strip()}"
            elif name.strip() in ("brand", "category") and value:
                cells.setdefault(name.strip(), value.strip())
        if not cells.get("language", "x"):
            del cells["language"]

    def _all_hidden(self) -> bool:
        """Whether the shop shows none of the products: a test shop's export, or one made before opening."""
        if "status" not in self.at or any(self._live(r) for r in self.sample):
            return False
        rows = (r for r in self.table.rows() if r.number > self.joins.first)
        statuses = [s for r in rows if (s := self.cell(r, "status")) and not columns.instructs(r.cells)]
        return bool(statuses) and all(map(self._hides, statuses))

    def _live(self, row: Row) -> bool:
        status = self.cell(row, "status")
        return bool(status) and not self._hides(status)

    def _hides(self, status: str) -> bool:
        online = status == "2" and norm(self.headers["status"]) == "product online"  # Magento's 1 and 2
        online = online or (status == "2" and self.joins.by_code)
        return online or status.casefold().removesuffix(".0") in data()["status"]["hidden"]

    # ---- reading

    def items(self) -> Iterator[Item]:
        hosts = Counter(found for r in self.sample for c in r.cells if (found := platform(c)))
        currency, language = hosts.most_common(1)[0][0] if hosts else ("", "")
        yield Layout(self.table, self.headers, currency=currency, language=language or self._tongue())
        yield from self.doubts.all()
        if self.weak >= 0:
            name = shown(called(self.guesses[self.weak]))
            yield self.finding(f"no column is called a SKU: products of one title are told apart by {name}, whose cells all differ", "info")
        starting = True
        for key, rows in self.joins.products():
            while starting and rows and columns.instructs(rows[0].cells) and not self._told(rows[0]):
                yield Skipped(self.file, rows[0].number, "it says how to fill in the table")
                rows = rows[1:]
            starting = starting and not rows
            if rows and (why := self._apart(rows)):
                yield Skipped(self.file, rows[0].number, why, len(rows))
            elif rows and self.below:
                below = f"it stands below another header, row {self.below}: put each table into a file or sheet of its own"
                yield Draft(rows[0].number, self.cells(rows[0]), rows=len(rows), trouble=below)
            elif rows:
                yield self.product(key, rows)
        if self.foreign:
            codes = ", ".join(f"{n} in {code}" for code, n in self.foreign.most_common())
            yield self.finding(
                f"variants have prices in several currencies; not used: {codes}. `currency:` in the campaign chooses", "info", "price"
            )
        if self.twice:
            several = f"SKUs that several products have ({len(self.twice)}, such as {shown(self.twice[0])})"
            yield self.finding(f"{several}: their {self.headers['group']} stands for it", column="sku")
        if n := self.unused["over"]:
            message = f"{shown(self.headers['sale_price'])} was not used in {n} rows: its time is over or has not come yet"
            yield self.finding(message, "info", "sale_price")
        if n := self.unused["off"]:
            message = f"{shown(self.headers['sale_price'])} was not used in {n} rows: {shown(self.headers['on_sale'])} does not say yes"
            yield self.finding(message, "info", "sale_price")
        if n := self.unused["unclear"]:
            message = (
                f"discounts or surcharges of {n} rows are no plain numbers and were not counted: write the price that buyers pay instead"
            )
            yield self.finding(message, column="discount_value")
        if n := self.unused["rules"]:
            yield self.finding(
                f"{n} rows with rules for the prices of variants were not used: the product's own price is read", column="price"
            )

    def _tongue(self) -> str:
        """The language that the headers are in, "" where most of them are English, or the same in several languages."""
        tongues = Counter(g.tongue for g in self.used if g.tongue in languages.codes())
        return next((code for code, n in tongues.most_common(1) if n > 1 or len(self.used) < 3), "")

    def _apart(self, rows: Sequence[Row]) -> str:
        """Why a row is none of the table's: it names the columns again, adds them up, or is a heading; "" where it is one."""
        row = rows[0]
        if self.head and row.cells == self.head.cells:
            return "it is the header once more"
        if len(rows) > 1 or row.trouble:
            return ""
        title, price = self.cell(row, "title"), self.cell(row, "price")
        first = title or next((c for c in row.cells if c.strip()), "")
        if first.casefold().strip(" *:：=-()（）") in _totals():
            return "it adds up the other rows"
        if price and not any(map(str.isdecimal, price)) and columns.instructs(row.cells):
            self.below = row.number
            return "it is the header of another table"
        filled = [c for c in row.cells if c.strip()] if not price else []
        return "it is a heading" if len(filled) == 1 and _HEADING.fullmatch(filled[0].strip()) else ""

    def _told(self, row: Row) -> bool:
        """Whether a row is a product in spite of words that instructions use."""
        price = self.cell(row, "price")
        words = re.sub(r"[\d\s.,'’~-]+", " ", price).split()
        figures = any(c.isdecimal() for c in price) and all(unit(w) or not any(c.isalpha() for c in w) for w in words)
        return figures and bool(self.cell(row, "title"))

    def product(self, key: str, rows: list[Row]) -> Draft | Skipped:
        """The draft of one product's rows."""
        if len(rows) == 1 and not self.judged:
            return Draft(rows[0].number, self.single(rows[0]), trouble=rows[0].trouble)
        main = self.main(key, rows)
        number = min(r.number for r in rows)
        if why := self.grouped(main, rows) or self.hidden(main, rows):
            return Skipped(self.file, number, why, len(rows))
        if len(rows) == 1:
            return Draft(number, self.single(main), trouble=main.trouble)
        return self.several(key, main, rows, number)

    def grouped(self, main: Row, rows: Sequence[Row]) -> str:
        """Why a row that says what kind it is is no product: a group of others, or a category."""
        kind = self.cell(main, "kind").casefold()
        if kind in columns.kinds("group") and all(zero(self.cell(r, "price")) for r in rows):
            return "a group of products, without a price of its own"
        return "it is a category" if kind == "category" else ""

    def hidden(self, main: Row, rows: Sequence[Row]) -> str:
        """Why the shop does not show a product, "" where it does."""
        status = next((s for r in (main, *rows) if (s := self.cell(r, "status"))), "")
        if status and not self.all_hidden and self._hides(status):
            return f"the shop does not show it: its {self.headers['status']} is {shown(status)}"
        if self.cell(main, "archived").casefold() in data()["status"]["shown"]:
            return f"the shop does not show it: its {self.headers['archived']} is {shown(self.cell(main, 'archived'))}"
        never = ("not visible individually", "0", "false", *(["1"] if self.joins.by_code else []))
        visible = self.cell(main, "visibility").casefold().removesuffix(".0") not in never
        return "" if visible or len(rows) > 1 else "the shop shows it only as part of another product, which is not in this file"

    def main(self, key: str, rows: Sequence[Row]) -> Row:
        """The row that tells most of a product: its parent's, else the first with a title."""
        if len(rows) == 1:
            return rows[0]
        if self.joins.key == "parent":
            return next((r for r in rows if self.cell(r, "sku") == key), rows[0])
        return next((r for r in rows if self.cell(r, "title")), rows[0])

    def single(self, row: Row) -> dict[str, str]:
        """The cells of a product of one row."""
        cells = self.cells(row)
        if "variant_images" in cells:
            cells["extra_images"] = "\n".join(filter(None, (cells.get("extra_images", ""), cells.pop("variant_images"))))
        if "sku" not in cells and (code := self.cell(row, "group") or (row.cells[self.weak] if 0 <= self.weak < len(row.cells) else "")):
            cells["sku"] = code
        if self.options and (options := self.options_of(row, {})):
            lists = {name: split(unswatched(value)) for name, value in options.items()}
            cells["options"] = json.dumps(lists, ensure_ascii=False)
            if any(len(choices) > 1 for choices in lists.values()) and "," in (codes := cells.get("sku", "")):
                cells["sku"] = split(codes)[0]  # Etsy lists those of all variants
        return cells

    def several(self, key: str, main: Row, rows: Sequence[Row], number: int) -> Draft:
        """The draft of a product with variants, further pictures or further languages."""
        names = {g.field: self.cell(main, g.field) for g in self.options if g.field.endswith(("_name", "_names"))}
        varied = "kind" in self.at and any(map(self.joins.varies, rows))
        own_price = {f: c for f in selling.INHERITED if varied and (c := self.cell(main, f))}
        told = [r for r in rows if not self.rule(r)]
        read = [(r, self.cells(r, own_price if r is not main else None), self.options_of(r, names)) for r in told]
        cells = next(c for r, c, _ in read if r is main)
        chosen = any(options for r, _, options in read if r is not main)
        # Where rows say that they are variants, the product's lists all the choices; only Ecwid sells it as well, at its own price.
        sells = varied and any(self.cell(r, "kind").casefold() == "product_variation" for r in rows)
        if varied:
            read = [(r, c, {} if r is main else o) for r, c, o in read]
        code, tongue = cells.get("sku", ""), cells.get("language", "")
        variants: list[Variant] = []
        for row, own, options in read:
            if row is not main and tongue != own.get("language", "") and own.get("sku") == code:
                self.translate(cells, own)
                continue
            pictured = "\n".join(filter(None, (own.pop("variant_images", ""), own.get("images", "") if row is not main else "")))
            if row is not main and not options and self.elsewhere(own, cells, variants):
                continue
            if (
                options
                or (row is not main and not zero(own.get("price", "")))
                or (row is main and not chosen and self.joins.key == "title")
                or (row is main and sells)
            ):
                variant = {f: own[f] for f in _OWN if f in own}
                if pictured and pictured != cells.get("images"):
                    variant["images"] = pictured
                variants.append(Variant(row.number, variant, options))
            elif row is not main and pictured:
                cells["extra_images"] = "\n".join(filter(None, (cells.get("extra_images", ""), pictured)))
            for field, cell in own.items():
                if field not in _OWN and field != "images":
                    cells.setdefault(field, cell)
        if any(not zero(v.cells.get("price", "")) for v in variants) and zero(cells.get("price", "")):
            cells.pop("price", None)
        if self.joins.key == "group" and key:
            if not code or (not sells and any(v.row == main.number for v in variants)):
                cells["sku"] = key
            elif (known := hash(code)) in self.taken:  # shops do use one SKU for the parents of two products
                cells["sku"] = key
                self.twice.append(code)
            else:
                self.taken.add(known)
        return Draft(number, cells, variants, rows=len(rows))

    def rule(self, row: Row) -> bool:
        """Whether a row only says how variants are made up: BigCommerce's rules, Ecwid's choices."""
        if "kind" not in self.at or (kind := self.cell(row, "kind").casefold()) not in ("rule", "product_option"):
            return False
        self.unused["rules"] += kind == "rule" and any(map(str.isdecimal, self.cell(row, "price")))
        return True

    def elsewhere(self, own: dict[str, str], cells: dict[str, str], variants: Sequence[Variant]) -> bool:
        """Whether a row only tells the price of a variant, or of the product, in another currency; the one to use is kept."""
        code, money = own.get("sku", ""), own.get("currency", "").strip().upper()
        same = next((v.cells for v in variants if v.cells.get("sku") == code), cells if cells.get("sku") == code else None)
        if not code or same is None or money == same.get("currency", "").strip().upper() or not money:
            return False
        if money == self.currency:
            self.foreign[same.get("currency", "")] += 1
            same.pop("was_price", None)
            same.update({f: own[f] for f in ("price", "was_price", "currency") if f in own})
            cells["currency"] = own["currency"]
        else:
            self.foreign[money] += 1
        return True

    def translate(self, cells: dict[str, str], own: dict[str, str]) -> None:
        """Take the texts of a row that tells the same product in another language."""
        code = own.get("language", "")
        if code in languages.codes():
            cells.update({f"{f}_{code}": own[f] for f in LOCALIZED if f in own})

    def options_of(self, row: Row, names: dict[str, str]) -> dict[str, str]:
        """What a row's variant differs in: names and values, from whichever columns say it."""
        found = dict(self.joins.children[sku][1]) if (sku := self.cell(row, "sku")) in self.joins.children else {}
        if "kind" in self.at and (name := self.cell(row, "title"))[:1] == "[" and self.joins.varies(row):
            found.update(differences(name))
        for guess in self.options:
            cell, field = unswatched(self.cell(row, guess.field)), guess.field
            if not cell:
                continue
            if field.startswith("option:"):
                found[field[7:].strip()] = cell
            elif field == "option_pairs":
                found.update(pairs(cell, guess.header))
            elif field == "option_values":
                told = self.cell(row, "option_names") or names.get("option_names", "")
                found.update(zip(split(told) or [guess.header], split(cell), strict=False))
            elif field.endswith("_value"):
                beside = field.replace("_value", "_name")
                found[self.cell(row, beside) or names.get(beside, "") or guess.header] = cell
            elif "\n" in cell and "option_pairs" not in self.at:  # the name, and below it the values
                name, _, values = cell.partition("\n")
                found[name.strip()] = values
        return found

    # ---- what the seller should know

    def _weak_code(self) -> int:
        """A column whose cells all differ, as code of products that have neither another nor a title of their own. One that only
        numbers the rows is none: it calls another product by a code as soon as a row is added."""
        if {"sku", "group", "link"} & self.at.keys() or not self.joins.repeats("title"):
            return -1
        free = [g.index for g in self.guesses if not g.field]
        unique = [i for i in free if len({r.cells[i] for r in self.sample if i < len(r.cells) and r.cells[i].strip()}) == len(self.sample)]
        codes = (i for i in unique if all(len(r.cells[i]) < 40 and " " not in r.cells[i] for r in self.sample))
        return next((i for i in codes if not columns.numbering([r.cells[i] for r in self.sample])), -1)
