"""Scripts that the templates write from real catalogs, in the catalogs' own languages: how many the checks of words stop.

The templates say nothing that the row does not, so that what is stopped is either a claim that the seller made himself, which
the law forbids, or a false alarm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.catalogs import CAMPAIGN
from benchmarks.words_parts import Figure
from localize import languages, products
from localize.checks import adlaw, words
from localize.domain import Finding, Product, Script, Text
from localize.errors import UserError
from localize.products import Asked
from localize.script import Brief
from localize.script.templates import TemplateWriter

MOST = 60  # products of a file


def figures(shared: Path | None, *, show: bool = False) -> list[Figure]:
    """The share of scripts that are stopped, with the kinds of checks that stopped them."""
    if not shared:
        return []
    writer, count, stopped = TemplateWriter(), 0, Counter[str]()
    for path in sorted((shared / "catalogs").iterdir()):
        for product in islice(_products(path), MOST):
            text = Text(
                title=product.title, features=product.features, description=product.description, brand=product.brand, proof=product.proof
            )  # fmt: skip
            script = writer.write(product, text, product.price, product.was_price, product.language, Brief(30, platform="tiktok"))
            count += 1
            if blocking := [f for f in _judged(script, product) if f.severity == "block"]:
                stopped[blocking[0].check] += 1
                if show:
                    print(f"stopped  {path.name}: {blocking[0].message}")
    kinds = ", ".join(f"{check} {n}" for check, n in stopped.most_common())
    value = f"{stopped.total() / count:.1%} ({stopped.total()} of {count})" + (f": {kinds}" if kinds else "")
    return [Figure("scripts of real catalogs that a check stops", value, "at most 5%", stopped.total() <= 0.05 * count)]


def _products(path: Path) -> Iterator[Product]:
    try:
        reading = products.open_catalog([path], Asked(**CAMPAIGN.get(path.name, {})))
        yield from (o for o in reading if isinstance(o, Product) and o.language in languages.codes())
    except UserError:  # a file that holds no products by itself
        return


def _judged(script: Script, product: Product) -> list[Finding]:
    lines = [(f"Line {n}", line.text) for n, line in enumerate(script.lines, 1)]
    law = adlaw.check(
        lines, language=script.language, market=adlaw.market_of(script.language), category=f"{product.category} {product.title}",
        row_text=" \n".join((product.title, product.description, product.proof, *product.features)),
        names=(product.brand,) if product.brand else (),
    )  # fmt: skip
    return [*words.check(script, product), *law]
