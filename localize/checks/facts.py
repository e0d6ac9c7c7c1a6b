"""Whether a script says only what the product's row says: numbers with their units, promises, properties, which price is which.

Words are compared by lists that mean the same in every language (`assets/checks/claims.yaml`), since a row may be in another
language than its script. A claim of a kind that no list has is not seen; what the lists have is never waved through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from functools import cache, lru_cache
from typing import Any

import yaml

from localize import languages, quantities
from localize.assets import ASSETS
from localize.checks.translations import ALIKE
from localize.domain import Finding, Product, Script, Text
from localize.languages import signs
from localize.quantities import PERCENT, Quantity

LANGUAGES = ("th", "vi", "id", "zh", "en")
# Numbers in words above this are facts; below it they count the points of a speech and stand in idioms.
LARGEST_IDIOM = 20


@dataclass(frozen=True)
class Row:
    """What a product's row says, in every language that it says it in: (language, text)."""

    texts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, product: Product, text: Text, language: str) -> Row:
        """The row itself, the seller's texts in other languages, and the texts that a script was written from."""
        own = [product.title, product.brand, product.category, product.description, product.proof, *product.features]
        own += [f"{name}: {', '.join(values)}" for name, values in product.options.items()]
        found = [(product.language, t) for t in own] + [(product.language, product.sku)]
        for code, given in ((language, text), *product.localized.items()):
            found += [(code, t) for t in (given.title, given.description, given.brand, given.proof, *given.features)]
        return cls(tuple((code, t) for code, t in found if t))


def check(script: Script, product: Product) -> Iterator[Finding]:
    """Findings on what the Lines claim."""
    row = Row.of(product, script.text, script.language)
    yield from _numbers(script, row)
    yield from _claims(script, row)
    yield from _swapped(script)


# --- numbers -------------------------------------------------------------------------------------------------------


def _numbers(script: Script, row: Row) -> Iterator[Finding]:
    """Every number of a Line is in the row with its unit, or is a price, the saving or its percentage."""
    code = script.language
    stated = [q for language, text in row.texts for q in quantities.find(text, language)]
    known = stated + _of_prices(script)
    worded = {v for language, text in row.texts for v in quantities.in_words(text, language)}
    every = {v for q in stated for v in q.values} | worded | {v for q in _of_prices(script) for v in q.values}
    codes = {c.casefold() for _, text in row.texts for c in quantities.codes(text)}
    for number, line in enumerate(script.lines, 1):
        for quantity in quantities.find(line.text, code):
            same = [q for q in known if _equal(q, quantity)]
            if not same and not (PERCENT not in quantity.units and quantity.values & worded):
                yield _finding("number", number, quantity.written, "which is nowhere in the product's row")
            elif same and not any(_unit_fits(q, quantity) for q in same):
                there = same[0].written
                yield _finding("unit", number, quantity.written, f"and the row says {there!r}")
        for said in quantities.codes(line.text):
            if said.casefold() not in codes:
                yield _finding("number", number, said, "which is nowhere in the product's row")
        for value, written in quantities.counted(line.text, code):
            if not _derived(value, every):
                yield _finding("number", number, written, "which is nowhere in the product's row")
        counted = {value for value, _ in quantities.counted(line.text, code)}
        for value in quantities.in_words(line.text, code) - counted:
            if value > LARGEST_IDIOM and not _derived(value, every):
                yield _finding("number", number, languages.get(code).number(value), "which is nowhere in the product's row")


def _derived(value: Decimal, known: set[Decimal]) -> bool:
    """Whether a number in words is one of the row's, or a word of one: the two thousand of 2,550."""
    return value in known or any(value <= k < 2 * value for k in known if value >= 1000)


def _equal(known: Quantity, said: Quantity) -> bool:
    """The same number; a share of a hundred is only the same as a share."""
    if (PERCENT in known.units) != (PERCENT in said.units):
        return False
    return bool(known.values & said.values)


def _unit_fits(known: Quantity, said: Quantity) -> bool:
    return not known.units or not said.units or bool(known.units & said.units) or any(known.units | said.units <= f for f in ALIKE)


def _of_prices(script: Script) -> list[Quantity]:
    """The amounts and the percentage that the prices make true."""
    lang = languages.get(script.language)
    texts = [lang.price(script.price)]
    if script.was_price:
        saved = script.was_price.model_copy(update={"amount": script.was_price.amount - script.price.amount})
        share = (saved.amount * 100 / script.was_price.amount).to_integral_value(ROUND_FLOOR)
        texts += [lang.price(script.was_price), lang.price(saved), lang.percent(int(share))]
    return [q for text in texts for q in quantities.find(text, script.language)]


# --- claims --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """A kind of claim: what it is called, and the words by which each language tells it."""

    name: str
    says: str
    with_was: bool
    saving: int  # percent from which the prices make it true, 0 if none does
    opening: bool  # whether the Lines that open a script may say it, of the buyer
    words: dict[str, re.Pattern[str]]


@cache
def kinds() -> tuple[Kind, ...]:
    table = _table()
    return tuple(
        Kind(
            name, entry["says"], bool(entry.get("with_was")), entry.get("saving", 0), bool(entry.get("opening")),
            {code: _pattern(entry[code]) for code in LANGUAGES},
        )
        for part in ("promises", "features")
        for name, entry in table[part].items()
    )  # fmt: skip


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load((ASSETS / "checks" / "claims.yaml").read_text(encoding="utf-8"))
    return table


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(_bordered(word) for word in words), re.IGNORECASE)


_LETTER = r"A-Za-z\u00c0-\u024f\u1e00-\u1eff"


def _bordered(word: str) -> str:
    """A pattern that matches whole words where words are written apart."""
    first = re.match(rf"[\\(?:\[]*([{_LETTER}\d])", word)
    last = re.search(rf"([{_LETTER}\d])[)\]]*$", word)
    return (rf"(?<![{_LETTER}\d])" if first else "") + f"(?:{word})" + (rf"(?![{_LETTER}])" if last else "")


@cache
def _harmless(code: str) -> re.Pattern[str]:
    return _pattern(_table()["unless"][code])


def told(kind: Kind, texts: Iterable[tuple[str, str]]) -> str:
    """The words with which one of the texts makes a claim of a kind, "" if none does. A text's own language is looked at, and
    English and Latin loans in it."""
    for code, text in texts:
        folded = _folded(text, code)
        for language in dict.fromkeys((code, "en", *LANGUAGES)):
            if found := kind.words.get(language, _NEVER).search(folded):
                return found[0]
    return ""


_NEVER = re.compile(r"(?!)")


@lru_cache(maxsize=4096)  # each text is looked at for every kind of claim
def _folded(text: str, code: str) -> str:
    folded = signs.fold(signs.plain(text))
    return _harmless(code).sub(" ", folded) if code in LANGUAGES else folded


_OPENING = ("hook", "problem")


def _saving(script: Script) -> int:
    """What is saved, in whole percent."""
    if not script.was_price or script.was_price.amount <= 0:
        return 0
    return int((script.was_price.amount - script.price.amount) * 100 / script.was_price.amount)


def _claims(script: Script, row: Row) -> Iterator[Finding]:
    """Every claim of a kind that the row does not make, nor the prices."""
    saved = _saving(script)
    for kind in kinds():
        if (kind.with_was and script.was_price) or (kind.saving and saved >= kind.saving):
            continue
        numbered = [(n, line) for n, line in enumerate(script.lines, 1) if not (kind.opening and line.role in _OPENING)]
        patterns = [kind.words[code] for code in dict.fromkeys((script.language, "en"))]  # English loans are everywhere
        texts = [(n, _folded(line.text, script.language)) for n, line in numbered]
        said = [(n, found[0]) for n, text in texts for pattern in patterns if (found := pattern.search(text))]
        if said and not told(kind, row.texts):
            for number, words in dict(said).items():
                yield Finding(
                    check="claim", severity="block",
                    message=f"Line {number} says {kind.says} ({words.strip()!r}), which the product's row does not: "
                    "take it out, or put the fact into the catalog.",
                    evidence={"line": number, "said": words.strip(), "claim": kind.name, "sentence": script.lines[number - 1].text},
                )  # fmt: skip


# --- which price is which ------------------------------------------------------------------------------------------


def _swapped(script: Script) -> Iterator[Finding]:
    """The price called the one before, or the one before called the price."""
    if script.was_price is None:
        return
    lang, currency = languages.get(script.language), script.price.currency
    now, was = (next(iter(quantities.find(lang.price(m), script.language))).values for m in (script.price, script.was_price))
    for number, line in enumerate(script.lines, 1):
        amounts = list(quantities.iter_money(line.text, script.language, currency))
        for n, amount in enumerate(amounts):
            before = line.text[amounts[n - 1].end if n else 0 : amount.start]
            cue = _cue(before, script.language, two=len(amounts) > 1)
            wrong = (cue == "was" and amount.values & now and not amount.values & was) or (
                cue == "now" and amount.values & was and not amount.values & now
            )
            if wrong:
                right = "the price" if cue == "was" else "the price before"
                yield _finding(
                    "price", number, amount.written, f"as if it were the price {'before' if cue == 'was' else 'now'}, but it is {right}"
                )


def _cue(before: str, code: str, *, two: bool) -> str:
    """Which of the two prices the words before an amount announce: was, now, or "" for neither. The nearest word decides."""
    found = [(m.end(), m.end() - m.start(), name) for name, pattern in _cues(code) for m in pattern.finditer(before)]
    near = [f for f in found if len(before) - f[0] <= 24 and (two or f[2] != "from")]
    return {"from": "was"}.get(name := max(near)[2], name) if near else ""


@cache
def _cues(code: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = _table()["cues"]
    return tuple(
        (name, _pattern(sorted((re.escape(w) for w in table[name][code]), key=len, reverse=True))) for name in ("was", "now", "from")
    )


def _finding(check: str, number: int, said: str, why: str) -> Finding:
    return Finding(check=check, severity="block", message=f"Line {number} says {said}, {why}.", evidence={"line": number, "said": said})
