"""From a draft to a product: what a seller's cells mean, whichever format they stood in.

One Builder reads one catalog. It knows what came before: the codes that are taken, the titles that were there already,
and what the catalog as a whole says about its prices and its language.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from rapidfuzz import fuzz

from localize import languages
from localize.domain import Finding, Money, Product, Reject, Severity, Source, Text
from localize.products import damage, markup, offer, prices, sources, tongue, values
from localize.products.draft import LOCALIZED, Asked, Draft, Layout, Outcome, Problem, Skipped, Variant
from localize.products.look import ADDRESS
from localize.products.values import Unreadable

# The SKU of the example row in the spreadsheet that `crossreel catalog template` writes.
EXAMPLE = "EXAMPLE-1"
# So many drafts are looked at before the first is read: for the currency signs, the decimal mark and the language.
SAMPLE = 500
# Titles are compared for being there twice as long as there are no more than this: the list costs memory.
COMPARED = 200_000
# So many pictures are remembered to find out that they are shown for other products, too: they cost memory.
MOST_PICTURED = 5000
# Titles that share less than this, in percent, are names of unlike things.
ALIKE = 60
# A shop's gallery can have hundreds of pictures; a clip of a minute shows ten.
MOST_PICTURES = 24
MOST_FEATURES = 12
# With fewer features than this, a shop's export has more in its description.
ENOUGH = 3
# Features longer than this are paragraphs: their first sentences are taken instead. Letters.
LONG_FEATURE = 160
# What a spreadsheet's errors and formulas begin with, and the fields in which they would be taken for a text.
_NO_TEXT = frozenset("#=")
_WRITTEN = ("title", "brand", "category", "features", "description", "proof")


@dataclass(frozen=True)
class Evidence:
    """What a catalog's first rows say about all of it: its prices' currency and decimal mark, its texts' language."""

    currency: str = ""
    mark: str = ""
    language: str = ""
    sure: float = 0.0
    bare: bool = False  # some price is only digits, and its row names no currency
    yen: bool = False  # some price has ¥, the sign of two currencies


def evidence(drafts: Sequence[Draft]) -> Evidence:
    """What a sample of drafts agrees on; "" where it does not."""
    cells = [
        cell for d in drafts for holder in (d.cells, *(v.cells for v in d.variants)) if (cell := holder.get("price"))
    ]  # fmt: skip
    shown = [prices.written(cell) for cell in cells]
    texts = [f"{d.cells.get('title', '')}. {d.cells.get('description', '')[:400]}" for d in drafts[:100]]
    language, sure = tongue.detect(markup.body(t).text for t in texts)
    bare = any(not d.cells.get("currency") for d in drafts) and any(not re.search(r"[^\d.,\s]", cell) for cell in shown)
    yen = any("¥" in cell or "￥" in cell for cell in shown)
    return Evidence(prices.signs(cells), prices.decimal_mark(cells), language, sure, bare, yen)


class Builder:
    """Reads the drafts of one catalog, in order."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.skus: dict[str, int] = {}
        self.titles: dict[int, int] = {}
        self.said: set[str] = set()
        # Products with pictures; the first picture of each with the row and title it came with, by the picture's hash; and the
        # products that show one of an unlike product, the first of them with that one's row.
        self.depicted = 0
        self.pictured: dict[int, tuple[int, str]] = {}
        self.borrowed = 0
        self.example = (0, 0, "")
        self.layout: Layout
        self.file = ""
        self.folder, self.address = Path(), ""
        self.currency = ""
        self.mark = ""
        self.language = "en"

    def understand(self, layout: Layout, sample: Sequence[Draft]) -> Iterator[Finding]:
        """Take what holds for the drafts that follow, and say what was concluded from the first of them."""
        self.layout = layout
        self.file = layout.table.path.name
        at = sources.filled(self.asked.pictures, "the pictures")
        self.address = at if ADDRESS.match(at) else ""
        self.folder = Path(at) if at else layout.table.path.absolute().parent
        seen = evidence(sample)
        self.mark = seen.mark
        stated = "" if self.asked.currency == prices.UNKNOWN else self.asked.currency
        self.currency = stated or seen.currency or layout.currency or self.asked.currency
        if stated and seen.bare and seen.currency not in ("", stated):
            message = f"signs in the prices say {seen.currency}, and prices without one are read as {stated}, as the campaign says"
            yield from self.once(f"{message}: correct `currency:` there if these are in {seen.currency}, too", "warn", self.header("price"))
        yield from self._speak(seen, layout)
        if not self.currency and seen.yen and self.language == "zh":
            self.currency = "CNY"
        if seen.bare and self.currency not in ("", prices.UNKNOWN, self.asked.currency):
            why = "by the signs in its prices" if seen.currency else "as usual on the platform it comes from"
            message = f"prices that name no currency are read as {self.currency}, {why}: set `currency:` in the campaign if that is wrong"
            yield from self.once(message)

    def _speak(self, seen: Evidence, layout: Layout) -> Iterator[Finding]:
        """Which language the texts are in: what the campaign says, else what they look like."""
        if self.asked.language:
            self.language = self.asked.language
            if seen.language and seen.sure >= 0.95 and seen.language != self.language:
                seems, said = languages.name(seen.language), languages.name(self.language)
                yield from self.once(f"the texts look like {seems}, but the campaign says they are {said}", "warn")
            return
        # A platform's market says it where letters can't: Malay and Indonesian titles look alike.
        near = {"id", "ms"}
        trusted = seen.sure >= 0.45 and not (layout.language and (seen.sure < 0.7 or {seen.language, layout.language} <= near))
        self.language = seen.language if trusted else layout.language or "en"
        said = languages.name(self.language)
        yield from self.once(f"the texts are read as {said}: set `source_language:` in the campaign if that is wrong")

    def once(self, message: str, severity: Severity = "info", column: str = "") -> Iterator[Finding]:
        """A finding about the catalog as a whole, told the first time only."""
        if message not in self.said:
            self.said.add(message)
            yield Finding(check="catalog", severity=severity, message=message, evidence={"file": self.file, "column": column})

    def end(self) -> Iterator[Finding]:
        """What only the whole catalog tells: that unlike products show the same pictures."""
        if self.borrowed < 5 or self.borrowed < 0.2 * self.depicted:
            return
        many = f"more than {MOST_PICTURED}" if len(self.pictured) == MOST_PICTURED else str(len(self.pictured))
        first, other, picture = self.example
        message = f"{many} pictures for {self.depicted} products: {self.borrowed} of these have the one of a product of another name"
        message += f", such as rows {first} and {other} ({values.shown(picture)}): check that pictures show what is sold"
        yield from self.once(message, "warn", self.header("images"))

    # ---- one draft

    def outcomes(self, draft: Draft) -> Sequence[Outcome]:
        """The draft's product after what is doubtful about it, or its reject."""
        if draft.cells.get("sku") == EXAMPLE:
            return [Skipped(self.file, draft.row, "the template's example row", draft.rows)]
        bad: list[Problem] = []
        doubts: list[Problem] = []
        if draft.trouble:
            bad.append(("", " ".join(filter(None, draft.cells.values())), draft.trouble))
        elif product := self.product(draft, bad, doubts):
            return [*(self.finding(draft.row, product.sku, *doubt) for doubt in doubts), product] if doubts else [product]
        return [self.reject(draft, bad)]

    def reject(self, draft: Draft, bad: Sequence[Problem]) -> Reject:
        field, value, reason = bad[0]
        if len(bad) > 1:
            reason += ". Also " + "; ".join(f"in {self.header(f)!r}: {r}" for f, _, r in bad[1:])
        sku = values.plain(draft.cells.get("sku", ""))[:80]
        return Reject(
            file=self.file, row=draft.row, sku=sku, column=self.header(field), value=_short(value), reason=reason, rows=draft.rows
        )  # fmt: skip

    def finding(self, row: int, sku: str, field: str, value: str, message: str) -> Finding:
        return Finding(
            check="catalog",
            severity="warn",
            message=message,
            evidence={"file": self.file, "row": row, "sku": sku, "column": self.header(field), "value": _short(value)},
        )

    def header(self, field: str) -> str:
        return self.layout.headers.get(field, field)

    def product(self, draft: Draft, bad: list[Problem], doubts: list[Problem]) -> Product | None:
        """The draft's product, or None with what is `bad`. What is only doubtful goes into `doubts`."""
        cells = draft.cells
        title = _title(cells.get("title", ""))
        if any(cell[:1] in _NO_TEXT for cell in cells.values()):
            draft, title = self.without_damage(draft, title, bad, doubts)
            cells = draft.cells
        sku = self.sku(draft, title, bad, doubts)
        if not title and not any(field == "title" for field, _, _ in bad):
            bad.append(("title", cells.get("title", ""), "the title is empty: write what the product is called"))
        elif garbled := damage.garbled(cells.get("title", "")):
            # Letters that were lost for good leave nothing to say; of others, the seller may know better.
            (doubts if any(map(str.isalnum, title)) else bad).append(("title", cells["title"], garbled))
        priced = offer.price(draft, self.currency, self.mark, bad, doubts)
        images = self.files(self.pictures(draft), "images", "picture", bad, doubts)
        footage = self.files(cells.get("footage", ""), "footage", "video", doubts, doubts) if "footage" in cells else ()
        if bad or priced is None:
            return None
        self.compare(draft.row, title, priced.money, doubts)
        if images:
            self.depict(draft.row, title, images[0])
        if word := offer.deposit(cells["title"]):
            what = f"the title says {word!r}: the price may be a deposit, not what buyers pay in all"
            doubts.append(("price", cells.get("price", ""), f"{what}; write the whole price, or take the row out"))
        features, description = self.told(cells)
        if features and not self.layout.strict_sku:
            features = _beyond(title, features)
        get, plain = cells.get, values.plain
        return Product.known(
            sku=sku,
            title=title,
            price=priced.money,
            price_to=priced.to,
            price_from=priced.at_least,
            was_price=offer.was_price(draft, priced, self.mark, doubts) if draft.variants or "was_price" in cells else None,
            options=_options(get("options", ""), draft.variants) if draft.variants or "options" in cells else {},
            brand=_named(get("brand", "")),
            category=_named(get("category", "")),
            features=features,
            description=description,
            proof=plain(cells["proof"]) if "proof" in cells else "",
            images=own_images(images, cells["description"]) if "<img" in get("description", "") else images,
            footage=footage,
            link=self.link(cells["link"], doubts) if "link" in cells else "",
            language=self.tongue(cells, title, description or ". ".join(features), doubts),
            localized={code: text for code in codes if (text := self.text(cells, code)) != Text()}
            if (codes := _spoken(tuple(cells)))
            else {},
            source=Source.known(file=self.file, row=draft.row, rows=draft.rows),
        )

    def without_damage(self, draft: Draft, title: str, bad: list[Problem], doubts: list[Problem]) -> tuple[Draft, str]:
        """The draft and its title without texts that are a spreadsheet's errors or formulas. Codes, prices and pictures tell of theirs."""
        kept = dict(draft.cells)
        for field, cell in draft.cells.items():
            if field.partition("_")[0] not in _WRITTEN or not (reason := damage.instead(cell)):
                continue
            del kept[field]
            needed = field == "title"
            (bad if needed else doubts).append((field, cell, reason if needed else f"{field} was left out: {reason}"))
        return replace(draft, cells=kept), title if "title" in kept else ""

    # ---- texts

    def told(self, cells: dict[str, str]) -> tuple[tuple[str, ...], str]:
        """A product's features and description. Where the features are few, the description's points are some, too."""
        features = self.features(cells["features"]) if "features" in cells else ()
        if "description" not in cells:
            return features, ""
        body = markup.body(cells["description"])
        # A seller who writes features for us has said all; a shop's attributes (Material: linen) are only a part.
        if len(features) < (1 if self.layout.strict_sku else ENOUGH):
            more = markup.selling_points(body.text, items=body.items)
            features = tuple(dict.fromkeys((*features, *more)))[:MOST_FEATURES]
        return features, body.text

    def text(self, cells: dict[str, str], code: str) -> Text:
        """The seller's own texts in a language."""
        title = cells.get(f"title_{code}", "")
        return Text(
            title=markup.headline(values.plain(title)) if title else "",
            features=self.features(cells.get(f"features_{code}", "")),
            description=markup.body(cells.get(f"description_{code}", "")).text,
            brand=values.plain(cells.get(f"brand_{code}", "")),
            proof=values.plain(cells.get(f"proof_{code}", "")),
        )

    def features(self, cell: str) -> tuple[str, ...]:
        if not cell:
            return ()
        if "<" in cell:
            body = markup.body(cell)
            own = _sayable(body.items) if self.layout.strict_sku else ()
            return own or markup.selling_points(body.text, items=body.items)
        return _sayable(values.items(cell))

    def tongue(self, cells: dict[str, str], title: str, told: str, doubts: list[Problem]) -> str:
        """The row's language: its own cell, that of another script than the catalog's or of other words, else the catalog's."""
        if cell := cells.get("language"):
            code = re.split(r"[-_]", values.plain(cell).casefold())[0]
            if re.fullmatch(r"[a-z]{2,3}", code):
                return code
            doubts.append(("language", cell, f"{values.shown(cell)} is no language code such as th, vi, id, zh or en: it was not used"))
        code = tongue.foreign(title, self.language) or self.language
        if len(told) < tongue.TOLD or self.asked.language:
            return code
        return tongue.own(f"{title}. {told}", code) or code

    def compare(self, row: int, title: str, price: Money, doubts: list[Problem]) -> None:
        """Note a product that has the title and the price of an earlier one."""
        if len(self.titles) < COMPARED:
            first = self.titles.setdefault(hash((title, price.amount)), row)
            if first != row:
                doubts.append(("title", title, f"row {first} has the same title and price: is this product there twice?"))

    def depict(self, row: int, title: str, picture: str) -> None:
        """Note a product that shows the picture of an earlier one of another name."""
        self.depicted += 1
        key = hash(picture)
        first = self.pictured.get(key)
        if first is None:
            if len(self.pictured) < MOST_PICTURED:
                self.pictured[key] = row, title
        elif first[1] != title and fuzz.ratio(first[1], title) < ALIKE:
            self.borrowed += 1
            if self.borrowed == 1:
                self.example = first[0], row, picture

    # ---- codes and addresses

    def sku(self, draft: Draft, title: str, bad: list[Problem], doubts: list[Problem]) -> str:
        cell = draft.cells.get("sku", "")
        if not cell.strip() and not self.layout.strict_sku:
            return self.made_up_sku(draft, title, bad, doubts) if title else ""
        if reason := damage.instead(cell):
            bad.append(("sku", cell, reason))
            return ""
        try:
            code = values.sku(cell)
        except Unreadable as error:
            # Shops write A/B as a matter of course; only our file names can't have it. Paths stay refused.
            mended = re.sub(r"\s*[/\\]\s*", "-", cell.strip())
            if self.layout.strict_sku or ".." in cell or not re.match(r"[^./\\]", cell.strip()) or mended == cell.strip():
                bad.append(("sku", cell, str(error)))
                return ""
            code = mended
            doubts.append(("sku", cell, f"the SKU {values.shown(cell)} names the clip's file: its slashes became '-', {code!r}"))
        first = self.skus.setdefault(code, draft.row)
        if first != draft.row:
            reason = f"the SKU {values.shown(code)} is already used in row {first}: give each product a code of its own, or delete one row"
            bad.append(("sku", cell, reason))
        if reason := damage.reshaped(code):
            doubts.append(("sku", cell, reason))
        return code

    def made_up_sku(self, draft: Draft, title: str, bad: list[Problem], doubts: list[Problem]) -> str:
        """A code for a product whose table has none: its number in the shop's address, else one made of its title, which
        stays the same as long as the title does. Another offer of that title has its price and picture in its code."""
        number = _numbered(draft)
        code = number or _coded(title)
        what = [number] if number else [title, self.pictures(draft).partition("\n")[0]]
        offered = _coded("\n".join([*what, draft.cells.get("price", "")]))
        again = self.skus.setdefault(offered, draft.row)
        if again != draft.row:
            bad.append(("sku", title, f"this is row {again} again: delete one of the two, or give them SKUs"))
            return ""
        first = self.skus.setdefault(code, draft.row)
        if first == draft.row:
            return code
        same = "address" if number else "title"
        message = f"row {first} has the same {same} and no SKU tells the two apart: this one is called {offered!r}"
        doubts.append(("sku", title, message))
        return offered

    def link(self, cell: str, doubts: list[Problem]) -> str:
        if not cell.strip():
            return ""
        try:
            return values.link(cell)
        except Unreadable as error:
            doubts.append(("link", cell, str(error)))
            return ""

    def pictures(self, draft: Draft) -> str:
        """All that the draft's cells say about pictures: its own first, then its variants'."""
        if not draft.variants and "extra_images" not in draft.cells:
            return draft.cells.get("images", "")
        cells = [draft.cells.get("images", ""), draft.cells.get("extra_images", "")]
        cells += [v.cells.get("images", "") for v in draft.variants]
        return "\n".join(dict.fromkeys(filter(None, cells)))

    def files(self, cell: str, field: str, kind: str, if_none_good: list[Problem], if_some_good: list[Problem]) -> tuple[str, ...]:
        """The pictures or videos a cell names: addresses as they are, files when they are there. What is in them is not
        looked at yet. The problems of the others go into the list for the case."""
        good: dict[str, None] = {}
        problems: list[Problem] = []
        named = values.references(cell)
        if all(part[:4] == "http" for part in named):
            return named[:MOST_PICTURES]
        for part in named:
            if ADDRESS.match(part):
                good[part] = None
                continue
            if self.address:
                good[f"{self.address.rstrip('/')}/{quote(part.lstrip('/'))}"] = None
                continue
            path, reason = _found(part.lstrip("/") if self.asked.pictures else part, self.folder, kind)
            if reason:
                problems.append((field, part, reason))
            else:
                good[path] = None
        (if_some_good if good else if_none_good).extend(problems)
        return tuple(good)[:MOST_PICTURES]


@lru_cache(maxsize=4096)
def _found(name: str, folder: Path, kind: str) -> tuple[str, str]:
    try:
        return values.file(name, folder, kind), ""
    except Unreadable as error:
        return "", str(error)


# Brands and categories are few, and each is in many rows.
_named = lru_cache(maxsize=1024)(values.plain)


def _title(cell: str) -> str:
    if "<" in cell or "&" in cell:
        cell = markup.body(cell).text
    return markup.headline(cell) if cell else ""


def own_images(images: Sequence[str], description: str) -> tuple[str, ...]:
    """The listed pictures; where there are fewer than three, also those inside the description: a shop's best details
    often are only there."""
    inside = [i for i in markup.body(description).images if i.startswith("http")] if len(images) < 3 else []
    return tuple(dict.fromkeys((*images, *inside)))[:MOST_PICTURES]


def _sayable(parts: Sequence[str]) -> tuple[str, ...]:
    """Features as they may be spoken: noise out, paragraphs as their first sentences."""
    said: dict[str, None] = {}
    if len(parts) == 1 and len(parts[0]) <= LONG_FEATURE:
        return (text,) if (text := markup.speakable(parts[0])) else ()
    for part in parts:
        if len(part) > LONG_FEATURE:
            said.update(dict.fromkeys(markup.selling_points(part, 2)))
        elif text := markup.speakable(part):
            said[text] = None
    return tuple(said)[:MOST_FEATURES]


def _beyond(title: str, features: tuple[str, ...]) -> tuple[str, ...]:
    """The features that say more than the title: shops begin a description with the name once more."""
    named = _bare(title)
    return tuple(f for f in features if _bare(f) not in named)


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _options(cell: str, variants: Sequence[Variant]) -> dict[str, tuple[str, ...]]:
    """What the variants differ in, in their order; of a product without variants what its own cell says."""
    found: dict[str, dict[str, None]] = {}
    for variant in variants:
        for name, value in variant.options.items():
            if value := values.plain(value):
                found.setdefault(values.plain(name), {})[value] = None
    if not found and cell:
        for name, value in _stated(cell):
            found.setdefault(name, {})[value] = None
    return {name: tuple(choices) for name, choices in found.items()}


def _stated(cell: str) -> Iterator[tuple[str, str]]:
    """Names and values of `{"Size": ["S", "M"]}` or `Size: S, M | Colour: red`."""
    if cell.lstrip().startswith("{"):
        try:
            tree = json.loads(cell)
        except ValueError:
            return
        for name, choices in tree.items():
            for choice in choices if isinstance(choices, list) else [choices]:
                yield values.plain(str(name)), values.plain(str(choice))
        return
    for part in values.items(cell):
        name, _, choices = part.partition(":")
        for choice in filter(None, map(values.plain, choices.split(","))):
            yield values.plain(name), choice


@lru_cache(maxsize=1024)
def _spoken(fields: tuple[str, ...]) -> tuple[str, ...]:
    """The languages in which a draft with these fields has texts of its own."""
    parted = (field.rpartition("_") for field in fields)
    return tuple(sorted({code for column, _, code in parted if column in LOCALIZED and code in languages.codes()}))


# The numbers by which a shop knows an item, and one of its variants, in the item's address.
_VARIANT = re.compile(r"[?&](?:sku_?id|variant)=(\w{4,40})", re.I)
_ITEM = re.compile(
    r"[?&](?:id|item_?id|goods_?id|product_?id)=(\w{4,40})|/(?:item|dp|product|p|i)[/.-]?(\d{5,20})"
    r"|(\d{6,20})\.html|-i\.\d+\.(\d+)",
    re.IGNORECASE,
)


def _numbered(draft: Draft) -> str:
    link = draft.cells.get("link", "")
    found = _ITEM.search(link)
    if not found:
        return ""
    variant = _VARIANT.search(link)
    return "-".join([next(filter(None, found.groups())), *(variant.groups() if variant else ())])


def _coded(text: str) -> str:
    return "p-" + hashlib.sha256(text.encode()).hexdigest()[:10]


def _short(value: str) -> str:
    return str(value) if len(value) <= 200 else value[:199] + "…"
