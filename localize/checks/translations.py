"""What is wrong with a translation, given its source: numbers, units, terms and names lost, another language, a loop, a leak.

Nothing here knows what the words mean. It finds what a machine gets wrong when it gets it badly wrong, and what a seller is sued
for: a number that changed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from localize import languages, pace, quantities
from localize.checks import wording
from localize.domain import Finding, Severity
from localize.languages import signs
from localize.quantities import Quantity

# Below and above these shares of the usual length, and so many letters besides, a translation has lost or made up text.
SHORT, LONG, SLACK = 0.42, 2.1, 14
# Below this share of the usual length, most of the content is gone.
GONE = 0.3
# Two numbers of a unit that are no further apart than this, in letters, stand side by side: what is said of them is one clause.
PARALLEL = 18
_HALF_DAY = Decimal(12)  # hours
# Units that translations put for one another: 11 点 and 11 น., ¥ of two countries, the pound of money and that of weight.
ALIKE = ({"hour", "o'clock"}, {"CNY", "JPY"}, {"GBP", "pound"}, {"degree", "degree Celsius"}, {"degree", "degree Fahrenheit"})


def check(
    source: str,
    target: str,
    source_language: str,
    target_language: str,
    *,
    terms: Mapping[str, str] | None = None,
    keep: Sequence[str] = (),
    seconds: float = 0.0,
    where: str = "The translation",
) -> list[Finding]:
    """Every finding on one text's translation.

    `terms` are the glossary's for the target language (source term -> what it must be called), `keep` names that stay as they
    are, `seconds` the time there is to say it (0: any). `where` begins the messages.
    """
    found: list[Finding] = []

    def say(check: str, severity: Severity, message: str, **evidence: str | int | float | bool | None) -> None:
        found.append(Finding(check=check, severity=severity, message=f"{where} {message}", evidence={"where": where, **evidence}))

    if not target.strip():
        say("translation", "block", "is empty.")
        return found
    for check_name, message, said in _numbers(source, target, source_language, target_language):
        say(check_name, "block", message, said=said)
    if order := _order(source, target, source_language, target_language):
        say("number", "warn", f"names {order} in another order than the source: are they swapped?", said=order)
    for term, called in (terms or {}).items():
        if _has_term(source, term) and not _has_called(target, called):
            rule = f"must keep {term!r}" if term == called else f"must call {term!r} {called!r}"
            say("glossary", "block", f"{rule}, as the glossary says.", term=term, called=called)
    for name in keep:
        if _has_term(source, name) and not _has_called(target, name):
            say("name", "warn", f"should keep the name {name!r}.", name=name)
    for code in quantities.codes(source):
        if not _has_called(target, code) and not _has_called(target, _figures_of(code)):
            say("number", "block", f"has lost {code}.", said=code)
    names = [*keep, *(called for called in (terms or {}).values())]
    if leak := wording.leak(target, source):
        say("leak", "block", f"holds words about the task, not of the text: {leak!r}.", said=leak)
    if looped := wording.loop(target, source):
        say("loop", "block", f"says {_short(looped)!r} over and over.", said=_short(looped))
    if strange := _untranslated(source, target, source_language, target_language, names):
        say("language", "block", f"is not all in {languages.name(target_language)}: {_short(strange)!r}.", said=_short(strange))
    if finding := _length(source, target, source_language, target_language):
        say("length", *finding)
    if seconds and (takes := pace.seconds(target, target_language)) > seconds * pace.FASTEST:
        say("time", "warn", f"takes about {takes:.1f} s to say, and there are {seconds:.1f}.", seconds=round(takes, 1), there=seconds)
    return found


# --- numbers -------------------------------------------------------------------------------------------------------


def _numbers(source: str, target: str, source_language: str, target_language: str) -> Iterator[tuple[str, str, str]]:
    """(check, message, what was said) for each number of one side that the other does not have, and each changed unit."""
    ours, theirs = quantities.find(target, target_language), quantities.find(source, source_language)
    our_words, their_words = quantities.in_words(target, target_language), quantities.in_words(source, source_language)
    left = list(ours)
    for quantity in theirs:
        same = [q for q in left if _same(quantity, q)] or [q for q in ours if _same(quantity, q)]
        if not same:
            if not _meant(quantity) & our_words and not _in_list(quantity, target):
                yield "number", f"has lost {quantity.written!r}.", quantity.written
            continue
        best = next((q for q in same if q.units & quantity.units), same[0])
        if best in left:
            left.remove(best)
        if quantity.units and best.units and not _same_unit(quantity, best):
            yield "unit", f"says {best.written!r} where the source says {quantity.written!r}.", best.written
    for quantity in left:
        if not any(_same(q, quantity) for q in theirs) and not _meant(quantity) & their_words and not _in_list(quantity, source):
            yield "number", f"says {quantity.written!r}, which the source does not.", quantity.written


def _same_unit(a: Quantity, b: Quantity) -> bool:
    return bool(a.units & b.units) or any(a.units | b.units <= family for family in ALIKE)


def _meant(quantity: Quantity) -> frozenset[Decimal]:
    """The values of a number, and those it has in another calendar, where it can be a year."""
    values = set(quantity.values)
    for value in quantity.values:
        if not quantity.units or quantity.units & {"year"}:
            values |= quantities.spoken_year(value)
            if 1900 <= value <= 2600 and value % 10 == 0:  # the 1990s are the 90s
                values.add(value % 100)
    return frozenset(v.normalize() for v in values)


def _same(a: Quantity, b: Quantity) -> bool:
    if a.values & b.values or _meant(a) & b.values or a.values & _meant(b):
        return True
    return a.clock and b.clock and any(abs(x - y) == _HALF_DAY for x in a.values for y in b.values)  # 3 pm is 15:00


def _in_list(quantity: Quantity, text: str) -> bool:
    """Whether the figures stand in the text all the same, as part of something else that is written in figures (1/4, 2.4.1)."""
    folded = signs.fold(text)
    alone = re.compile(rf"(?<!\d){re.escape(quantity.figures)}(?!\d)")
    return any(alone.search(form) for form in (folded, re.sub(r"(?<=\d)[.,\s](?=\d)", "", folded)))


def _order(source: str, target: str, source_language: str, target_language: str) -> str:
    """Two numbers of one unit that changed places, "" if none did: 140 cm long and 70 wide is no 70 long and 140 wide."""
    theirs, ours = quantities.find(source, source_language), quantities.find(target, target_language)
    if len(theirs) != len(ours):
        return ""
    for a, b in pairwise(theirs):
        if b.start - a.end > PARALLEL:
            continue
        if a.units and a.units & b.units and not a.values & b.values:
            at = [next((n for n, q in enumerate(ours) if q.values & x.values and q.units & x.units), -1) for x in (a, b)]
            if -1 < at[1] < at[0]:
                return f"{a.written} and {b.written}"
    return ""


# --- terms and language --------------------------------------------------------------------------------------------


def _has_term(text: str, term: str) -> bool:
    """Whether a term stands in a text: as words of its own where words are written apart (a plural counts)."""
    if not term.strip():
        return False
    return (
        re.search(rf"{_edge(term[0], before=True)}{re.escape(term)}(?:e?s)?{_edge(term[-1], before=False)}", text, re.IGNORECASE)
        is not None
    )


def _edge(c: str, *, before: bool) -> str:
    latin = c.isalnum() and ord(c) < 0x0E00
    return "" if not latin else r"(?<![A-Za-z0-9\u00c0-\u024f])" if before else r"(?![A-Za-z0-9\u00c0-\u024f])"


def _figures_of(code: str) -> str:
    """What must be left of a name with figures: all of IPX5, the 19 of COVID-19, whose word is written in the target's letters."""
    letters = re.sub(r"[^A-Za-z].*", "", code)
    return code[len(letters) :].strip("-") if len(letters) > 3 else code


def _has_called(text: str, called: str) -> bool:
    plain, wanted = _bare(text), _bare(called)
    return wanted in plain


def _bare(text: str) -> str:
    """Small letters without spaces, hyphens and the rest that is written in one way or another."""
    return "".join(
        c for c in unicodedata.normalize("NFKC", signs.fold(text)).casefold() if c.isalnum() or unicodedata.category(c)[0] == "M"
    )


def _untranslated(source: str, target: str, source_language: str, target_language: str, keep: Iterable[str]) -> str:
    """What of the target is not in its language."""
    names = list(keep)
    if source_language != target_language and (run := wording.shared_run(source, target, names)):
        return run
    if _bare(source) == _bare(target) and source_language != target_language and _sentence(source, names):
        return target
    return wording.strange(target, target_language, names)


def _sentence(text: str, names: Iterable[str]) -> bool:
    """Whether a text is more than names, codes and figures: it has two words in small letters, or a clause of signs."""
    for name in names:
        text = re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
    return len(
        re.findall(r"(?<![^\W\d_])[^\W\d_]{3,}(?![^\W\d_])", "".join(w for w in re.split(r"(\s+)", text) if not w[:1].isupper()))
    ) >= 2 or (len(re.findall("[㐀-鿿ก-ฮ]", text)) >= 4)


# --- length --------------------------------------------------------------------------------------------------------


def _length(source: str, target: str, source_language: str, target_language: str) -> tuple[Severity, str] | None:
    usual = wording.ratio(source_language, target_language)
    if usual is None:
        return None
    expected, has = usual * _letters(source), _letters(target)
    if has < SHORT * expected - SLACK / 2:
        severity: Severity = "block" if has < GONE * expected - SLACK / 2 else "warn"
        return severity, f"is much shorter than its source: {has} letters where about {expected:.0f} are usual."
    if has > LONG * expected + SLACK:
        return "warn", f"is much longer than its source: {has} letters where about {expected:.0f} are usual."
    return None


def _letters(text: str) -> int:
    return sum(unicodedata.category(c)[0] not in "MZC" for c in text)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
