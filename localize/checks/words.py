"""Checks of a script before anything is spoken: its prices, what it claims, its language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from localize import languages, quantities
from localize.checks import facts, wording
from localize.domain import Finding, Product, Script
from localize.languages import Language


def check(script: Script, product: Product) -> list[Finding]:
    """Every finding on a script, given the row it was written from."""
    return [*_prices(script), *_from(script, product), *facts.check(script, product), *_alphabet(script), *_wording(script, product)]


def _prices(script: Script) -> Iterable[Finding]:
    """Each amount of money a Line names is the price, the former price or the saving; and one of the price Lines names the price.

    An amount may be written in any way (฿590, 590 บาท, Rp89 ribu, seratus ribu rupiah): what it comes to is compared."""
    lang, code = languages.get(script.language), script.language
    allowed = {script.price.amount.normalize()}
    if script.was_price:
        allowed |= {m.normalize() for m in (script.was_price.amount, script.was_price.amount - script.price.amount)}
    for number, line in enumerate(script.lines, 1):
        for found, values in _money(line.text, code, script.price.currency):
            if not values & allowed:
                yield Finding(
                    check="price", severity="block",
                    message=f"Line {number} says {found}, but the catalog's price is {lang.price(script.price)}.",
                    evidence={"line": number, "said": found, "price": lang.price(script.price)},
                )  # fmt: skip
    told = {number: line.text for number, line in enumerate(script.lines, 1) if line.role == "price"}
    price = script.price.amount.normalize()
    # "119 nghìn" names no coin; where the price is told, everybody knows which.
    bare = [q.values for text in told.values() for q in quantities.find(text, code) if not q.units]
    named = [values for text in told.values() for _, values in _money(text, code, script.price.currency)]
    if told and not any(price in values for values in (*bare, *named)):
        first = min(told)
        yield Finding(
            check="price", severity="block",
            message=f"Line {first} should say the price, {lang.price(script.price)}, and no price line does.",
            evidence={"line": first, "price": lang.price(script.price)},
        )  # fmt: skip


def _money(text: str, code: str, currency: str) -> list[tuple[str, frozenset[Decimal]]]:
    """The amounts of a currency in a text, in figures and in words: as written, and what each may come to."""
    amounts = [(q.written, q.values) for q in quantities.iter_money(text, code, currency)]
    return amounts + [(said, frozenset({value})) for value, said in quantities.coins_in_words(text, code, currency)]


def _from(script: Script, product: Product) -> Iterable[Finding]:
    """Where variants cost more, each Line that names the price says "from", and the cards do; where none does, neither."""
    lang = languages.get(script.language)
    price, ranged = lang.price(script.price), lang.price_from(script.price)
    stated, lowest = _alone(price), _as_lowest(lang, price)
    if script.price_from != product.price_from:
        said, right = (ranged, price) if script.price_from else (price, ranged)
        yield Finding(
            check="price", severity="block",
            message=f"The cards would show {said}, but the catalog's price is {right}: write the script anew.",
            evidence={"where": "cards", "said": said, "price": right},
        )  # fmt: skip
    for number, line in enumerate(script.lines, 1):
        named, as_lowest = len(stated.findall(line.text)), len(lowest.findall(line.text))
        if product.price_from and named > as_lowest:
            yield Finding(
                check="price", severity="block",
                message=f"Line {number} says {price}, but that is the cheapest variant's price, others cost more: say {ranged}.",
                evidence={"line": number, "said": price, "price": ranged},
            )  # fmt: skip
        if not product.price_from and as_lowest:
            yield Finding(
                check="price", severity="warn",
                message=f"Line {number} says the price is only the lowest, but the product costs {price}, in every variant.",
                evidence={"line": number, "said": ranged, "price": price},
            )  # fmt: skip


def _as_lowest(lang: Language, price: str) -> re.Pattern[str]:
    """A price with the words of "from" beside it, in any way the language writes it; spaces and a colon may be between."""
    ways = []
    for form in lang.from_forms:
        before, after = (r"\s*".join(map(re.escape, part.split())) for part in form.split("{}"))
        edge = r"(?<!\w)" if before and before[0].isascii() else ""  # Thai and Chinese write words together
        ways.append(edge + before + (r"\s*[:：]?\s*" if before else "") + _alone(price).pattern + (rf"\s*{after}" if after else ""))
    return re.compile("|".join(ways), re.IGNORECASE)


def _alone(amount: str) -> re.Pattern[str]:
    """An amount that is not part of a longer one: ฿12 is not in ฿129, nor 350.000 ₫ in 1.350.000 ₫."""
    return re.compile(rf"(?<!\d)(?<!\d[.,]){re.escape(amount)}(?!\d|[.,]\d)")


def _alphabet(script: Script) -> Iterable[Finding]:
    """Lines are written in the language's letters (Latin names pass everywhere)."""
    lang = languages.get(script.language)
    shown = [(f"Line {n}", line.text) for n, line in enumerate(script.lines, 1)]
    shown += [("The title", script.text.title), *((f"Feature {n}", f) for n, f in enumerate(script.text.features, 1))]
    for where, text in shown:
        wrong = lang.foreign(text)
        if wrong:
            yield Finding(
                check="alphabet", severity="block",
                message=f"{where} has letters that are not {lang.name}: {wrong}. Give it in {lang.name}.",
                evidence={"where": where, "letters": wrong},
            )  # fmt: skip


def _wording(script: Script, product: Product) -> Iterable[Finding]:
    """Each Line reads as its language, is no talk about the task, and does not go round in circles."""
    lang = languages.get(script.language)
    names = (script.text.title, script.text.brand, product.brand)
    row = " ".join((script.text.title, script.text.description, *script.text.features))
    for number, line in enumerate(script.lines, 1):
        # What the seller's own text in the language says, a Line may say.
        own = [text for text in (*script.text.features, script.text.proof) if text and text in line.text]
        if not lang.foreign(line.text) and (strange := wording.strange(line.text, script.language, (*names, *own))):
            yield _line_finding("language", number, f"is not all in {lang.name}", strange)
        if leak := wording.leak(line.text, row):
            yield _line_finding("leak", number, "holds words about the task, not about the product", leak)
        if looped := wording.loop(line.text, row):
            yield _line_finding("loop", number, "says the same over and over", looped)


def _line_finding(check: str, number: int, what: str, said: str) -> Finding:
    return Finding(check=check, severity="block", message=f"Line {number} {what}: {said!r}.", evidence={"line": number, "said": said})
