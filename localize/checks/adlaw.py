"""Checks of advertising law: the words that a market's law forbids or wants proof of. A lint, and no legal advice.

The lists are data: assets/adlaw/<market>.yaml says which words, under which law, and what to write instead;
evasions.yaml how such words are hidden, groups.yaml what kind of product a law is about.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any

import yaml
from pydantic import Field

from localize.assets import ASSETS
from localize.domain import Finding, Model, Severity
from localize.languages.signs import LATIN

FOLDER = ASSETS / "adlaw"
MARKETS = tuple(sorted(path.stem.upper() for path in FOLDER.glob("??.yaml")))
WHOLE = "The script"  # where a statement is missing

_RANK: dict[Severity, int] = {"info": 0, "warn": 1, "block": 2}
_LESS: dict[Severity, Severity] = {"block": "warn", "warn": "info", "info": "info"}
_JOINED = ("th", "zh")  # written without spaces: a term may begin and end anywhere


class Law(Model):
    """A law as a seller would look it up, and what it says in a seller's words."""

    article: str
    name: str
    own: str
    says: str


class Entry(Model):
    """Words and what is wrong with them.

    `terms` are looked for; of `needs`, one must stand somewhere in the script. A term inside a match of `unless` is
    harmless. `categories` are the groups of products it is about (none: all), `not_for` those it is not. If the catalog
    row has a match of `unless_row`, the entry is one step milder: the seller has the proof. `finds` and `passes` are
    examples, which the tests run.
    """

    id: str
    law: str
    severity: Severity
    terms: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    needs: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    unless: tuple[str, ...] = ()
    unless_row: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()
    instead: str
    finds: tuple[str, ...]
    passes: tuple[str, ...] = ()


class Rules(Model):
    """A market's list."""

    market: str
    language: str
    laws: dict[str, Law]
    entries: tuple[Entry, ...]


def check(
    texts: Iterable[tuple[str, str]], *, language: str, market: str,
    category: str = "", row_text: str = "", names: Sequence[str] = (),
) -> list[Finding]:  # fmt: skip
    """Every finding on texts, given as (where, text): ("Line 2", "..."), ("The title", "...").

    `category` are the words that say what is sold: the product's category and its title, with a space between. `row_text` is
    all that the catalog's row says, for entries that evidence makes milder. `names` are brands and the like, inside which no
    word is looked at.
    Without a list for the market there is nothing to find.
    """
    if market.upper() not in MARKETS:
        return []
    lint = _lint(market.upper(), language)
    groups, named = _groups(category), _any_of(names)
    rules = [rule for rule in lint.rules if rule.applies(groups)]
    read = [(where, _views(text)) for where, text in texts]
    findings = [f for where, views in read if lint.suspects(views) for f in _findings(rules, where, views, row_text, named)]
    return findings + (_missing(rules, [views for _, views in read], row_text) if read else [])


def market_of(language: str) -> str:
    """The market whose own language it is; "" where there is no list for it."""
    return {load(market).language: market for market in MARKETS}.get(language.split("-")[0].lower(), "")


@cache
def fingerprint() -> str:
    """A hash of the lists: findings may differ where it does."""
    content = b"".join(path.name.encode() + path.read_bytes() for path in sorted(FOLDER.glob("*.yaml")))
    return f"adlaw-{blake2b(content, digest_size=8).hexdigest()}"


# The lists ---------------------------------------------------------------------------------------------------------


@cache
def load(market: str) -> Rules:
    """A market's list as it stands in its file."""
    return Rules.model_validate(_yaml(market.lower()))


def _yaml(stem: str) -> Any:
    return yaml.safe_load((FOLDER / f"{stem}.yaml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class _Rule:
    """An entry with its law, made ready for matching."""

    entry: Entry
    law: Law
    market: str
    terms: re.Pattern[str] | None
    needs: re.Pattern[str] | None
    unless: tuple[re.Pattern[str], ...]
    row: re.Pattern[str] | None

    def applies(self, groups: frozenset[str]) -> bool:
        wanted = not self.entry.categories or not groups.isdisjoint(self.entry.categories)
        return wanted and groups.isdisjoint(self.entry.not_for)

    def severity(self, row: str) -> Severity:
        return _LESS[self.entry.severity] if self.proven(row) else self.entry.severity

    def proven(self, row: str) -> bool:
        return bool(self.row and self.row.search(_plain_text(row)))

    def finding(self, where: str, said: Sequence[str], row: str) -> Finding:
        words = " and ".join(f'"{word}"' for word in said)
        parts = [
            f"{where} says {words}: {self.law.says}" if said else f"{where} lacks a statement: {self.law.says}",
            f" ({self.law.name}, {self.law.own}, {self.law.article}). {self.entry.instead}",
            " The catalog's row backs it: have that document at hand." if self.proven(row) else "",
        ]
        law = f"{self.law.name}, {self.law.article}"
        evidence = {"where": where, "said": ", ".join(said), "entry": self.entry.id, "law": law, "market": self.market}
        return Finding(check="ad-law", severity=self.severity(row), message="".join(parts), evidence={**evidence})


@dataclass(frozen=True, slots=True)
class _Lint:
    """A market's rules for texts in a language, and one pattern that matches wherever any of them does."""

    rules: tuple[_Rule, ...]
    anything: re.Pattern[str]

    def suspects(self, views: Iterable[_View]) -> bool:
        return any(self.anything.search(view.text) for view in views)


@cache
def _lint(market: str, language: str) -> _Lint:
    """Whatever language a clip is in, the market's own and English are looked for too: titles and hooks mix them."""
    listed = load(market)
    codes = tuple(dict.fromkeys((listed.language, "en", language.split("-")[0].lower())))
    rules = tuple(
        _Rule(
            entry, listed.laws[entry.law], market, _compiled(_terms(entry.terms, codes)), _compiled(_terms(entry.needs, codes)),
            tuple(re.compile(_pattern(around)) for around in entry.unless), _compiled(map(_pattern, entry.unless_row)),
        )
        for entry in listed.entries
    )  # fmt: skip
    every = {code: tuple(chain.from_iterable(entry.terms.get(code, ()) for entry in listed.entries)) for code in codes}
    return _Lint(rules, _compiled(_terms(every, codes)) or re.compile(r"(?!)"))


def _terms(by_language: dict[str, tuple[str, ...]], codes: Sequence[str]) -> Iterator[str]:
    """Patterns of all the terms; where words are written apart, a term is whole words."""
    joined = [_pattern(term) for code in codes if code in _JOINED for term in by_language.get(code, ())]
    apart = [_pattern(term) for code in codes if code not in _JOINED for term in by_language.get(code, ())]
    yield from joined
    if apart:  # their edges are tested once for all of them: that is most of the time
        yield rf"(?<![{LATIN}0-9])(?:{'|'.join(f'(?:{term})' for term in apart)})(?![{LATIN}0-9])"


def _compiled(patterns: Iterable[str]) -> re.Pattern[str] | None:
    parts = [f"(?:{pattern})" for pattern in patterns]
    return re.compile("|".join(parts)) if parts else None


def _pattern(source: str) -> str:
    """A list's regular expression for texts as they are read here: small letters, plain signs, and a space may be none.

    Its groups capture nothing: with ones that do, a search takes five times as long.
    """
    return "".join(part if part[0] == "\\" or part == "(?" else _plain(part) for part in re.findall(r"(?s)\\.|\(\?|.", source))


def _plain(c: str) -> str:
    if c in " (":
        return "[ _•-]*" if c == " " else "(?:"
    return c.lower() if c.isascii() else "".join(map(re.escape, _folded(c)))


@cache
def _group_words() -> dict[str, re.Pattern[str]]:
    data: dict[str, dict[str, list[str]]] = _yaml("groups")
    found = {name: _compiled(_terms({k: tuple(v) for k, v in words.items()}, tuple(words))) for name, words in data.items()}
    return {name: pattern for name, pattern in found.items() if pattern}


@lru_cache(maxsize=4096)
def _groups(category: str) -> frozenset[str]:
    """The groups of products that the words of a category and title lead to."""
    text = _read(category).text
    return frozenset(name for name, pattern in _group_words().items() if pattern.search(text))


# Reading what was hidden -------------------------------------------------------------------------------------------

_CJK, _THAI = "〇㐀-鿿", "ก-๎"
_UNSEEN = "\ufe00-\ufe0f\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_UPON = f"\u0300-\u036f\u20d0-\u20ff{_UNSEEN}"  # accents, strokes and frames as well: they belong to the character before them
_CHARACTER = re.compile(rf"(?s).[{_UPON}]*")
_EVASIONS: dict[str, Any] = _yaml("evasions")
_LETTERS: dict[str, str] = {look: letter for letter, looks in _EVASIONS["letters"].items() for look in looks}
_SPELLINGS = [(re.compile(written), meant) for written, meant in _EVASIONS["spellings"]]
_MARKS, _QUOTES = re.escape(_EVASIONS["marks"]), re.escape(_EVASIONS["quotes"])
_WORD = rf"[{LATIN}0-9]"
_GAP = re.compile(
    rf"(?<=[{_CJK}])[ .{_MARKS}{_QUOTES}]{{1,4}}(?=[{_CJK}]|1(?![0-9]))"
    rf"|(?<=[{_THAI}])[ .{_MARKS}]{{1,4}}(?=[{_THAI}])"
    rf"|(?<={_WORD})[{_MARKS}]{{1,2}}(?={_WORD})"
)
# Of letters that are written with spaces, only single ones are drawn together: b e s t, not "a man".
_SPELT_OUT = re.compile(rf"(?<!{_WORD}){_WORD}(?:[ .{_MARKS}]{{1,3}}{_WORD}){{2,}}(?!{_WORD})")


@dataclass(frozen=True, slots=True)
class _View:
    """A text as it is matched, and where each of its characters stands in the original.

    `gaps` are where something was taken out to close a word up, and whether that takes a second look: a space between Thai
    letters may as well be the end of a phrase. In a view with gaps only what bridges one is a match: the rest is found in
    the view without.
    """

    original: str
    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    gaps: dict[int, bool] = field(default_factory=dict)
    closed: bool = False

    def spans(self, rule: re.Pattern[str]) -> Iterator[tuple[int, int]]:
        """Where it matches, in this view's characters."""
        return (match.span() for match in rule.finditer(self.text) if not self.closed or self._bridges(*match.span()))

    def _bridges(self, start: int, end: int) -> bool:
        within = [doubtful for at, doubtful in self.gaps.items() if start < at < end]
        return bool(within) and (not any(within) or len(within) > 1 or (self._edge(start) and self._edge(end)))

    def _edge(self, at: int) -> bool:
        return at in self.gaps or not re.search(rf"[{_THAI}]{{2}}", self.text[max(at - 1, 0) : at + 1])

    def at(self, start: int, end: int) -> tuple[int, int]:
        """A span of this view in the original's characters."""
        return self.starts[start], self.ends[end - 1]


@lru_cache(maxsize=1024)
def _views(text: str) -> tuple[_View, ...]:
    """The text as it reads, and where it has gaps, with these closed."""
    view = _read(text)
    closed = _closed(view)
    return (view, closed) if closed.gaps else (view,)


@lru_cache(maxsize=64)
def _plain_text(text: str) -> str:
    """A catalog row's text as it is matched: read only when an entry asks for it, and once for all that do."""
    return _read(text).text


def _read(text: str) -> _View:
    """The text in small letters, with plain ones for all that look like them, and without what cannot be seen."""
    found = [(c, m.start(), m.end()) for m in _CHARACTER.finditer(text) for c in _folded(m[0])]
    plain = "".join(c for c, _, _ in found)
    for written, meant in _SPELLINGS:
        for match in reversed(list(written.finditer(plain))):
            start, end = found[match.start()][1], found[match.end() - 1][2]
            found[match.start() : match.end()] = [(c, start, end) for c in meant]
            plain = "".join(c for c, _, _ in found)
    return _View(text, plain, [start for _, start, _ in found], [end for _, _, end in found])


@lru_cache(maxsize=8192)
def _folded(character: str) -> str:
    bare = re.sub(f"[{_UNSEEN}]", "", character)
    # NFKC would take ำ apart, which no list does.
    plain = bare if bare == "ำ" else unicodedata.normalize("NFKC", bare)
    # What is left upon a letter now is no accent of any language here, but a stroke through it.
    return "".join(_sign(c) for c in re.sub(f"[{_UPON}]", "", plain.lower()))


def _sign(c: str) -> str:
    if c in _LETTERS:
        return _LETTERS[c]
    if c.isspace():
        return " "
    figure = unicodedata.decimal(c, -1)
    if figure >= 0:
        return str(figure)
    return "•" if unicodedata.category(c) in ("So", "Sk", "Cn", "Co") else c


def _closed(view: _View) -> _View:
    """The text with what stands between the letters of a word taken out."""
    out = {at: view.text[at] == " " and _is_thai(view.text, m) for m in _GAP.finditer(view.text) for at in range(*m.span())}
    for m in _SPELT_OUT.finditer(view.text):
        out.update({m.start() + at: False for at, c in enumerate(m[0]) if not re.match(_WORD, c)})
    kept = [at for at in range(len(view.text)) if at not in out]
    gaps = {new: any(out[x] for x in range(kept[new - 1] + 1, at)) for new, at in enumerate(kept) if new and at - kept[new - 1] > 1}
    return _View(
        view.original, "".join(view.text[at] for at in kept),
        [view.starts[at] for at in kept], [view.ends[at] for at in kept], gaps, closed=True,
    )  # fmt: skip


def _is_thai(text: str, gap: re.Match[str]) -> bool:
    return "ก" <= text[gap.start() - 1] <= "๎"


# Finding -----------------------------------------------------------------------------------------------------------


def _findings(rules: Iterable[_Rule], where: str, views: Sequence[_View], row: str, named: re.Pattern[str] | None) -> Iterator[Finding]:
    """One finding for each entry that has words in this text."""
    hits = [(rule, rule.severity(row), sorted(_hits(rule, views, named))) for rule in rules if rule.terms]
    hits = [hit for hit in hits if hit[2]]
    for order, (rule, severity, spans) in enumerate(hits):
        others = [(_RANK[s], -n, span) for n, (_, s, found) in enumerate(hits) if n != order for span in found]
        told = [span for span in spans if not any(_says_more(other, (_RANK[severity], -order, span)) for other in others)]
        if told:
            said = dict.fromkeys(views[0].original[start:end] for start, end in told)
            yield rule.finding(where, tuple(said), row)


def _says_more(other: tuple[int, int, tuple[int, int]], this: tuple[int, int, tuple[int, int]]) -> bool:
    """Another entry's longer words around these, no milder; of the same words, the more severe entry, else the first."""
    (rank, order, (start, end)), (my_rank, my_order, (my_start, my_end)) = other, this
    if not (start <= my_start and my_end <= end):
        return False
    return rank >= my_rank if end - start > my_end - my_start else (rank, order) > (my_rank, my_order)


def _hits(rule: _Rule, views: Iterable[_View], named: re.Pattern[str] | None) -> set[tuple[int, int]]:
    """Where a rule's words stand in the original, unless what is around them makes them harmless."""
    assert rule.terms
    found: set[tuple[int, int]] = set()
    for view in views:
        spans = list(view.spans(rule.terms))
        around = [m.span() for p in (*rule.unless, named) if p and spans for m in p.finditer(view.text)]
        found.update(view.at(*s) for s in spans if not any(a <= s[0] and s[1] <= b for a, b in around))
    return found


def _missing(rules: Iterable[_Rule], read: Sequence[Sequence[_View]], row: str) -> list[Finding]:
    """A finding for each statement that the law wants and no text makes; it may run over several Lines."""
    wanted = [rule for rule in rules if rule.needs]
    if not wanted:
        return []
    whole = " ".join(views[0].original for views in read)
    views = [*chain.from_iterable(read), *_views(whole)]
    return [rule.finding(WHOLE, (), row) for rule in wanted if rule.needs and not any(rule.needs.search(v.text) for v in views)]


def _any_of(names: Iterable[str]) -> re.Pattern[str] | None:
    plain = [_read(name).text.strip() for name in names]
    return _compiled(re.escape(name) for name in sorted(set(filter(None, plain))))
