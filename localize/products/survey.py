"""What is in a catalog: read through once, keeping counts, kinds of trouble and the first products, never all of it.

And the normal form: a product as a row of crossreel's own table, which reads back as the same product.
"""

from __future__ import annotations

import json
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from localize import products
from localize.domain import Finding, Money, Product, Reject
from localize.errors import NotReady, Transient, UserError
from localize.products import Asked, Outcome, Reading, Skipped, pictures, prices, values
from localize.products.look import ADDRESS
from localize.products.sources.fetch import Fetching, shown

PREVIEW = 8
MOST_KINDS = 200  # of reasons that are kept apart


@dataclass
class Kind:
    """Rejects or warnings of one kind: how many, how many rows they stand for, and the first one."""

    reason: str
    column: str
    example: dict[str, Any]
    count: int = 0
    rows: int = 0

    def report(self) -> dict[str, Any]:
        return {"reason": self.reason, "column": self.column, "count": self.count, "rows": self.rows, "example": self.example}


@dataclass
class Survey:
    """What a catalog holds. A product whose pictures were looked at and can't be shown counts among the rejects."""

    reading: Reading
    products: int = 0
    rejects: int = 0
    product_rows: int = 0
    reject_rows: int = 0
    skipped_rows: int = 0
    currencies: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    picture_files: int = 0
    picture_addresses: int = 0
    without_picture: int = 0
    skipped: dict[str, Skipped] = field(default_factory=dict)
    reject_kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)
    warning_kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    preview: list[Product] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.product_rows + self.reject_rows + self.skipped_rows

    @property
    def balanced(self) -> bool:
        """Whether every row of the files is accounted for."""
        return self.reading.account.balanced

    def add(self, outcome: Outcome) -> None:
        if isinstance(outcome, Product):
            self._add_product(outcome)
        elif isinstance(outcome, Reject):
            self.rejects += 1
            self.reject_rows += outcome.rows
            example = {"file": outcome.file, "row": outcome.row, "sku": outcome.sku, "value": outcome.value, "message": outcome.reason}
            _count(self.reject_kinds, outcome.column, example, outcome.rows)
        elif isinstance(outcome, Skipped):
            self.skipped_rows += outcome.rows
            kind = products.kind(outcome.reason)
            before = self.skipped.get(kind)
            self.skipped[kind] = replace(before, rows=before.rows + outcome.rows) if before else outcome
        elif outcome.severity != "info":
            example = {**{key: outcome.evidence.get(key, "") for key in ("file", "row", "sku", "value")}, "message": outcome.message}
            _count(self.warning_kinds, str(outcome.evidence.get("column", "")), example, 1)
        elif len(self.notes) < MOST_KINDS:
            self.notes[outcome.message] = None

    def _add_product(self, product: Product) -> None:
        self.products += 1
        self.product_rows += product.source.rows if product.source else 1
        self.currencies[product.price.currency] += 1
        self.languages[product.language] += 1
        addresses = sum(1 for image in product.images if ADDRESS.match(image))
        self.picture_addresses += addresses
        self.picture_files += len(product.images) - addresses
        self.without_picture += not product.images
        if len(self.preview) < PREVIEW:
            self.preview.append(product)

    def report(self) -> dict[str, Any]:
        """For programs; what each key is stands in docs/catalogs.md."""
        return {
            "format": self.reading.format,
            "about": self.reading.about,
            "files": list(self.reading.files),
            "rows": self.rows,
            "products": self.products,
            "product_rows": self.product_rows,
            "rejects": self.rejects,
            "reject_rows": self.reject_rows,
            "non_rows": {skipped.reason: skipped.rows for skipped in self.skipped.values()},
            "balanced": self.balanced,
            "currency": {code if code != prices.UNKNOWN else "": n for code, n in self.currencies.most_common()},
            "language": dict(self.languages.most_common()),
            "pictures": {"files": self.picture_files, "addresses": self.picture_addresses, "products_without": self.without_picture},
            "reasons": [kind.report() for kind in ordered(self.reject_kinds)],
            "warnings": [kind.report() for kind in ordered(self.warning_kinds)],
            "notes": list(self.notes),
            "preview": [normal(product) for product in self.preview],
        }


def ordered(kinds: dict[tuple[str, str], Kind]) -> list[Kind]:
    """The most frequent first."""
    return sorted(kinds.values(), key=lambda kind: -kind.count)


def _count(kinds: dict[tuple[str, str], Kind], column: str, example: dict[str, Any], rows: int) -> None:
    key = (column, products.kind(example["message"]))
    if key not in kinds and len(kinds) >= MOST_KINDS:
        key = ("", "other reasons")
    kind = kinds.get(key)
    if kind is None:
        kind = kinds[key] = Kind(key[1], key[0], example)
    kind.count += 1
    kind.rows += rows


# --- reading through -----------------------------------------------------------------------------------------------


def take(
    files: Sequence[Path],
    asked: Asked,
    limits: Fetching,
    home: Path,
    *,
    looked_at: int | None = None,
    out: Path | None = None,
    rejects: Path | None = None,
    watched: Callable[[Iterable[Outcome]], Iterable[Outcome]] = iter,
) -> Survey:
    """Read a catalog through. Products go into `out` in the normal form, one a line, and rejects into `rejects` as CSV.

    Picture files are looked at; with `looked_at`, all pictures of so many products, those at addresses fetched into
    `home`, and no others. Prices without a currency are read, too, in `prices.UNKNOWN`. `watched` may count what passes.
    Raises UserError when the files are no catalog or have no products, and when `out` or `rejects` is one of them.
    """
    for path in filter(None, (out, rejects)):
        if path.resolve() in {f.resolve() for f in files}:
            raise UserError(f"{path} is the catalog itself: write to another file")
    reading = products.open_catalog(files, asked if asked.currency else replace(asked, currency=prices.UNKNOWN))
    survey = Survey(reading)
    with whole(out) if out else nullcontext() as lines:
        poured = _poured(watched(_seen(reading, looked_at, limits, home)), survey, lines)
        products.write_rejects(poured, rejects) if rejects else deque(poured, maxlen=0)
        if not survey.products and not survey.rejects:
            raise UserError(products.nothing(reading, list(survey.skipped.values())))
    return survey


def _poured(outcomes: Iterable[Outcome], survey: Survey, lines: IO[str] | None) -> Iterator[Reject]:
    """Everything into the survey, products into `lines`, and out come the rejects."""
    for outcome in outcomes:
        survey.add(outcome)
        if isinstance(outcome, Reject):
            yield outcome
        elif lines and isinstance(outcome, Product):
            lines.write(json.dumps(normal(outcome), ensure_ascii=False) + "\n")


def _seen(reading: Reading, looked_at: int | None, limits: Fetching, home: Path) -> Iterator[Outcome]:
    """The outcomes, with pictures looked at: files of every product, or everything that the first `looked_at` have."""
    count = 0
    for outcome in reading:
        if isinstance(outcome, Product):
            count += 1
            if looked_at is None:
                outcome, findings = products.look(outcome)
                yield from findings
                if isinstance(outcome, Product):
                    yield from _soft(outcome)
            elif count <= looked_at:
                yield from _pictures(outcome, limits, home)
        yield outcome


def _soft(product: Product) -> Iterator[Finding]:
    """What is to be said of picture files that can be shown, and are thumbnails."""
    for image in product.images:
        if not ADDRESS.match(image) and (doubt := pictures.soft(image)):
            yield _about_pictures(product, Path(image).name, f"{values.shown(Path(image).name)} is small: {doubt}")


def _pictures(product: Product, limits: Fetching, home: Path) -> Iterator[Finding]:
    """What is wrong with a product's pictures, wherever they are."""
    good = 0
    for reference in product.images:
        doubt = ""
        try:
            path = pictures.obtain(reference, home / "pictures", limits)
            reason = pictures.check(path)
            doubt = "" if reason else pictures.soft(path)
        except (UserError, NotReady, Transient) as error:
            reason = str(error)
        if reason:
            yield _about_pictures(product, shown(reference), f"a picture cannot be shown: {reason}")
        elif doubt:
            yield _about_pictures(product, shown(reference), f"a picture is small: {doubt}")
        good += not reason
    if product.images and not good:
        yield _about_pictures(product, "", "none of its pictures can be shown: a run would stop this product's clips")


def _about_pictures(product: Product, reference: str, message: str) -> Finding:
    row, file = (product.source.row, product.source.file) if product.source else (0, "")
    evidence: dict[str, str | int | float | bool | None] = {
        "file": file, "row": row, "sku": product.sku, "column": "images", "value": reference,
    }  # fmt: skip
    return Finding(check="catalog", severity="warn", message=message, evidence=evidence)


@contextmanager
def whole(path: Path) -> Iterator[IO[str]]:
    """A text file to write that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with half.open("w", encoding="utf-8", newline="\n") as f:
            yield f
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


# --- the normal form -----------------------------------------------------------------------------------------------


def normal(product: Product) -> dict[str, Any]:
    """A product as a row of crossreel's own table; reading it gives the same product again."""
    row: dict[str, Any] = {"sku": product.sku, "title": product.title, "price": _number(product.price)}
    if product.price_to:
        row["price_to"] = _number(product.price_to)
    if product.price_from:
        row["price_from"] = True
    if product.was_price:
        row["was_price"] = _number(product.was_price)
    if product.price.currency != prices.UNKNOWN:
        row["currency"] = product.price.currency
    for name in ("brand", "category", "features", "description", "proof", "images", "footage", "link", "language"):
        if value := getattr(product, name):
            row[name] = value
    if product.options:  # as text: of an object, every key would be a column of its own
        row["options"] = json.dumps(product.options, ensure_ascii=False)
    for code, text in product.localized.items():
        row |= {f"{name}_{code}": value for name, value in text if value}
    return row


def _number(money: Money) -> int | float | str:
    """As a JSON number, whose point can only be a decimal point; 1.250 as text may be 1250."""
    whole = money.amount == money.amount.to_integral_value()
    number = int(money.amount) if whole else float(money.amount)
    return number if Decimal(str(number)) == money.amount else str(money.amount)
