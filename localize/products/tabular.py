"""Any table whose columns can be understood: shop systems' exports, marketplace lists, a seller's own sheet.

What the columns mean is said by `columns.py`, or by the campaign. Here the rows become products: those of one product are
joined by its code, handle or title, wherever in the file they stand; rows that only say how to fill in the table, and
products that the shop itself does not show, are skipped.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from localize import languages
from localize.domain import Finding, Severity
from localize.errors import UserError
from localize.products import columns
from localize.products.columns import SURE, Guess
from localize.products.draft import LOCALIZED, Asked, Draft, Layout, Skipped, Variant
from localize.products.headers import data, norm, unit
from localize.products.joins import Joins
from localize.products.tables import Row, Table
from localize.products.unpacked import CONVERT, day, listed, pairs, platform, split, zero
from localize.products.values import shown

NAME = "table"
ABOUT = "a table with known columns"

Item = Layout | Draft | Finding | Skipped

# Fields of a row that are its variant's own; all others are the product's.
_OWN = ("sku", "price", "was_price", "currency")


def recognises(table: Table) -> bool:
    """Whether the columns of titles and prices can be told."""
    return columns.header(table) is not None and not _lacking(columns.propose(table))


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
    return f"{table.where} has {lacks or 'no products'} (its columns: {there}{may}): name the right ones in the campaign under `columns:`"


def _lacking(guesses: Sequence[Guess]) -> list[str]:
    sure = {g.field for g in guesses if g.confidence >= SURE}
    return [f for f in ("title", "price") if f not in sure]


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
        self.headers = {g.field: _called(g) for g in reversed(self.used)}
        self.options = [g for g in self.used if g.field.startswith("option")]
        self.fields = self._fields()
        self.always = self._always()
        self.reshaped = any(f in self.at for f in ("sale_price", "attributes", "facets", "language"))
        self.judged = "status" in self.at or "visibility" in self.at
        self.joins = Joins(table, head, self.at, [g.field for g in self.options], columns.below(table, head))
        self.sample, self.cell = self.joins.sample, self.joins.cell
        self.all_hidden = self._all_hidden()
        self.over = 0
        self.foreign: Counter[str] = Counter()
        self.taken: set[int] = set()
        self.twice: list[str] = []
        self.weak = self._weak_code()

    def _fields(self) -> list[tuple[str, int, Callable[[str], str] | None, bool]]:
        """The fields of a row's cells: the column, how its cells are unpacked, and whether others have gone before."""
        apart = ("group", "parent", "status", "visibility", "variations")
        found: list[tuple[str, int, Callable[[str], str] | None, bool]] = []
        for g in sorted(self.used, key=lambda g: (g.number, g.index)):
            if not g.field.startswith("option") and g.field not in apart:
                found.append((g.field, g.index, CONVERT.get(g.field), any(f[0] == g.field for f in found)))
        return found

    def _always(self) -> dict[str, str]:
        """What the headers say of every row: the currency of the price's column, the language of the title's."""
        by_field = {g.field: g for g in self.used}
        found = {"currency": by_field["price"].currency, "language": by_field["title"].language}
        return {f: said for f, said in found.items() if said and f not in self.at}

    def cells(self, row: Row) -> dict[str, str]:
        """A row's cells by field, those of lists joined, and the price that holds."""
        own, width, found = row.cells, len(row.cells), self.always.copy()
        for field, i, convert, more in self.fields:
            if i < width and (c := own[i]) and not c.isspace():
                if convert:
                    c = convert(c)
                found[field] = f"{found[field]}\n{c}" if more and field in found else c
        if self.reshaped:
            self._reshape(found)
        return found

    def _reshape(self, cells: dict[str, str]) -> None:
        sale, start, end = (cells.pop(f, "") for f in ("sale_price", "sale_start", "sale_end"))
        if sale and not zero(sale):
            today, since, until = date.today(), day(start), day(end)
            if (until and until < today) or (since and since > today):
                self.over += 1
            else:
                cells["was_price"], cells["price"] = cells.get("price", cells.get("was_price", "")), sale
        if "attributes" in cells:
            cells["features"] = "\n".join(filter(None, (cells.get("features", ""), cells.pop("attributes"))))
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
        return online or status.casefold().removesuffix(".0") in data()["status"]["hidden"]

    # ---- reading

    def items(self) -> Iterator[Item]:
        hosts = Counter(found for r in self.sample for c in r.cells if (found := platform(c)))
        currency, language = hosts.most_common(1)[0][0] if hosts else ("", "")
        yield Layout(self.table, self.headers, currency=currency, language=language)
        yield from self.findings()
        starting = True
        for key, rows in self.joins.products():
            while starting and rows and columns.instructs(rows[0].cells) and not self._told(rows[0]):
                yield Skipped(self.file, rows[0].number, "it says how to fill in the table")
                rows = rows[1:]
            starting = starting and not rows
            if rows and self.head and rows[0].cells == self.head.cells:
                yield Skipped(self.file, rows[0].number, "it is the header once more")
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
        if self.over:
            message = f"{shown(self.headers['sale_price'])} was not used in {self.over} rows: its time is over or has not come yet"
            yield self.finding(message, "info", "sale_price")

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
        if why := self.hidden(main, rows):
            return Skipped(self.file, number, why, len(rows))
        if len(rows) == 1:
            return Draft(number, self.single(main), trouble=main.trouble)
        return self.several(key, main, rows, number)

    def hidden(self, main: Row, rows: Sequence[Row]) -> str:
        """Why the shop does not show a product, "" where it does."""
        status = next((s for r in (main, *rows) if (s := self.cell(r, "status"))), "")
        if status and not self.all_hidden and self._hides(status):
            return f"the shop does not show it: its {self.headers['status']} is {shown(status)}"
        visible = self.cell(main, "visibility").casefold().removesuffix(".0") not in ("not visible individually", "0", "false")
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
            cells["options"] = json.dumps({name: split(value) for name, value in options.items()}, ensure_ascii=False)
        return cells

    def several(self, key: str, main: Row, rows: Sequence[Row], number: int) -> Draft:
        """The draft of a product with variants, further pictures or further languages."""
        names = {g.field: self.cell(main, g.field) for g in self.options if g.field.endswith(("_name", "_names"))}
        read = [(r, self.cells(r), self.options_of(r, names)) for r in rows]
        cells = next(c for r, c, _ in read if r is main)
        chosen = any(options for r, _, options in read if r is not main)
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
            if any(v.row == main.number for v in variants) or not code:
                cells["sku"] = key
            elif (known := hash(code)) in self.taken:  # shops do use one SKU for the parents of two products
                cells["sku"] = key
                self.twice.append(code)
            else:
                self.taken.add(known)
        return Draft(number, cells, variants, rows=len(rows))

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
        for guess in self.options:
            cell, field = self.cell(row, guess.field), guess.field
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
        """A column that only numbers the rows, as code of products that have neither another nor a title of their own."""
        if {"sku", "group", "link"} & self.at.keys() or not self.joins.repeats("title"):
            return -1
        free = [g.index for g in self.guesses if not g.field]
        unique = [i for i in free if len({r.cells[i] for r in self.sample if i < len(r.cells) and r.cells[i].strip()}) == len(self.sample)]
        return next((i for i in unique if all(len(r.cells[i]) < 40 and " " not in r.cells[i] for r in self.sample)), -1)

    def finding(self, message: str, severity: Severity = "warn", column: str = "") -> Finding:
        evidence: dict[str, str | int | float | bool | None] = {"file": self.file, "row": max(self.joins.first, 0)}
        evidence |= {"sku": "", "column": self.headers.get(column, column), "value": ""}
        return Finding(check="catalog", severity=severity, message=message, evidence=evidence)

    def findings(self) -> Iterator[Item]:
        for row in self.table.top(20):
            if row.number < self.joins.first:
                yield Skipped(self.file, row.number, "it stands above the header")
        told = ", ".join(f"{g.field} from {shown(_called(g))}" for g in self.used)
        yield self.finding(f"{self.table.where} was understood by its columns: {told}. `columns:` in the campaign says otherwise", "info")
        for guess in self.used:
            if guess.field in ("title", "price") and guess.confidence < 0.7:
                yield self.finding(
                    f"the {guess.field} is read from {shown(guess.header)}: {guess.why}. Name the column under `columns:` if not",
                    column=guess.field,
                )
        others = [
            g
            for g in self.guesses
            if not g.field and (" but its cells are no " in g.why or "shortened" in g.why or "; the one in " in g.why)
        ]
        for guess in others:
            yield self.finding(f"column {shown(guess.header)} was not read: {guess.why}", column=guess.header)
        left = [shown(g.header) for g in self.guesses if not g.field and g.header and g not in others]
        if left:
            more = f" and {len(left) - 20} more" if len(left) > 20 else ""
            yield self.finding(f"columns that were not read: {', '.join(left[:20])}{more}", "info")
        if not {"images", "extra_images", "variant_images"} & self.at.keys():
            yield self.finding("there is no column of pictures: a clip needs at least one picture of its product", column="images")
        if self.all_hidden:
            yield self.finding(
                f"all products are hidden in the shop by their {self.headers['status']}: they were read all the same", column="status"
            )
        yield from self._doubts()

    def _doubts(self) -> Iterator[Finding]:
        """What is odd about the first rows' titles and pictures, taken together."""
        titles = [t for r in self.sample if (t := self.cell(r, "title"))]
        notices = sum(any(word in t.casefold() for word in data()["notices"]) for t in titles)
        if not self.joins.key and len(titles) > 4 and len(set(titles)) < 0.8 * len(titles) and notices > 0.2 * len(titles):
            example = shown(Counter(titles).most_common(1)[0][0])
            count = f"of the first {len(titles)} titles only {len(set(titles))} differ, and {notices} read like notices, not like names"
            yield self.finding(
                f"{count} ({example}): check that {shown(self.headers['title'])} is what the products are called", column="title"
            )
        if sum(len(listed(t)) > 1 for t in titles) > 0.3 * len(titles):
            message = (
                "the titles are lists of parts, as pages are taken apart by a program; they were joined. A word that the page set off "
            )
            yield self.finding(
                message + "between the parts (what was searched for) may be missing in the file: check a few", column="title"
            )
        images = [i for r in self.sample if (i := self.cell(r, "images"))]
        image, times = Counter(images).most_common(1)[0] if images else ("", 0)
        if not self.joins.key and len(images) > 9 and times > 0.3 * len(images):
            yield self.finding(
                f"{times} of the first {len(images)} products have the same picture ({shown(image)}): does it show them all?",
                column="images",
            )


def _called(guess: Guess) -> str:
    return guess.header or f"column {columns.letters(guess.index)}"
