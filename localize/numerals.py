"""Numbers in words, read: หนึ่งหมื่นสองพันห้าร้อย, mười hai nghìn năm trăm, satu koma delapan, 三万五, twelve and a half.

How a language puts them together is data (`assets/languages/numerals.yaml`). Thai and Chinese are cut into words first: เก้าอี้ is
a chair and holds no nine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

import yaml

from localize import languages
from localize.assets import ASSETS
from localize.languages import signs

_SCRIPTED = ("th", "zh")  # written without spaces between words


@dataclass(frozen=True)
class Numeral:
    """A number in words at text[start:end]."""

    value: Decimal
    start: int
    end: int


@cache
def _table() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = yaml.safe_load((ASSETS / "languages" / "numerals.yaml").read_text(encoding="utf-8"))
    return table


def speaks(code: str) -> bool:
    """Whether numbers in words can be read in a language."""
    return code in _table()


def find(text: str, code: str) -> list[Numeral]:
    """The numbers that a text says in words, in order; none in a language that is not known."""
    if not speaks(code):
        return []
    folded = _idioms(code).sub(lambda m: "\x00" * len(m[0]), signs.fold(text).casefold())
    if len(folded) != len(text):  # a letter that is two when small: offsets would be wrong
        folded = signs.fold(text)
    return list(_scripted(folded, code) if code in _SCRIPTED else _spaced(folded, code))


@cache
def _idioms(code: str) -> re.Pattern[str]:
    return re.compile("|".join(_table()[code]["idioms"]) or "(?!)")


@cache
def _words(code: str) -> frozenset[str]:
    table = _table()[code]
    every = {*table["units"], *table["times"], *table["point"], *table["half"], *table["and"], table.get("teens", "")}
    return frozenset(every - {""})


def _spaced(text: str, code: str) -> Iterator[Numeral]:
    """Runs of number words in a text with spaces; nine-to-five's hyphens and twenty-four's are the same."""
    run: list[re.Match[str]] = []
    for word in [*re.finditer(r"[^\W\d_]+|[^\w\s-]|\d+|\x00+", text), None]:
        if word and word[0] in _words(code):
            run.append(word)
            continue
        yield from _values([(w[0], w.start(), w.end()) for w in run], code)
        run = []


def _scripted(text: str, code: str) -> Iterator[Numeral]:
    ends: frozenset[int] | None = None
    for found in _run(code).finditer(text):
        parts = [(m[0], found.start() + m.start(), found.start() + m.end()) for m in _word(code).finditer(found[0])]
        if code == "th":
            ends = _word_ends(text) if ends is None else ends
            # The longest run that is words of its own: not the nine of a chair behind twelve.
            whole = (n for n in range(len(parts), 0, -1) if parts[0][1] in ends and parts[n - 1][2] in ends)
            parts = parts[: next(whole, 0)]
        yield from _values(parts, code)


@cache
def _word(code: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(_words(code), key=len, reverse=True))))


@cache
def _run(code: str) -> re.Pattern[str]:
    return re.compile(f"(?:{_word(code).pattern})+")


def _word_ends(text: str) -> frozenset[int]:
    """The offsets at which Thai words begin or end, cut once for the whole text."""
    ends = set()
    for run in re.finditer("[ก-ฮะ-ฺเ-๎]+", text):
        at = run.start()
        ends.add(at)
        for word in _cut(run[0]):
            at += len(word)
            ends.add(at)
    return frozenset(ends)


@lru_cache(maxsize=2048)
def _cut(run: str) -> tuple[str, ...]:
    return tuple(languages.get("th").split(run))  # type: ignore[attr-defined]


def _values(parts: Sequence[tuple[str, int, int]], code: str) -> Iterator[Numeral]:
    """The numbers that a run of number words makes: one, mostly; "six and seven" are two, a lone "and" is none."""
    table = _table()[code]
    silent = (*table["and"], *table["point"], table.get("teens"))
    for run in _runs(parts, code):
        while run and (run[-1][0] in silent[:-1]):
            run = run[:-1]
        while run and run[0][0] in silent:
            run = run[1:]
        if code == "vi" and len(run) > 1 and run[-1][0] == "năm" and run[-2][0] in table["times"]:
            run = run[:-1]  # hai mươi năm is twenty years: five after tens is lăm, after hundreds linh năm
        if len(run) == 1 and table["times"].get(run[0][0], 0) > 10:  # พันกัน, ribuan, hundreds: no number without another word
            continue
        value = _value([word for word, _, _ in run], code) if run else None
        if value is not None:
            yield Numeral(value.normalize(), run[0][1], run[-1][2])


def _runs(parts: Sequence[tuple[str, int, int]], code: str) -> Iterator[Sequence[tuple[str, int, int]]]:
    """Number words parted where they belong to two numbers: a unit does not follow a unit, but tens, a point or "and"."""
    table = _table()[code]
    units, start = table["units"], 0
    decimals = False
    for n in range(1, len(parts)):
        word, before = parts[n][0], parts[n - 1][0]
        decimals = (decimals and word in units) or before in table["point"]
        # After tens and hundreds something smaller may follow (twenty-four, seribu seratus), and after a zero in between anything.
        joins = word in units and before in units and (units[before] == 0 or 20 <= units[before] > units[word])
        after_unit = word in units and before in units and not joins
        apart = code == "en" and before == "and" and (n < 2 or parts[n - 2][0] not in table["times"]) and word in units
        if (after_unit and not decimals) or apart:
            yield parts[start:n]
            start, decimals = n, False
    yield parts[start:]


def _value(words: Sequence[str], code: str) -> Decimal | None:
    table = _table()[code]
    units, times = table["units"], table["times"]
    whole, decimals, half = list(words), [], Decimal(0)
    if whole[-1] in table["half"]:
        whole, half = whole[:-1], Decimal("0.5")
        while whole and whole[-1] in table["and"]:
            whole = whole[:-1]
    for mark in table["point"]:
        if mark in whole:
            at = whole.index(mark)
            whole, decimals = whole[:at], whole[at + 1 :]
    total = group = Decimal(0)
    last: Decimal | None = None  # what stands before a word that multiplies; none is one
    size = Decimal(1)
    for word in whole:
        if word in units and units[word] >= 1000:  # seribu
            total += units[word]
        elif word in units and units[word] == 100:  # seratus
            group += units[word]
        elif word in units:
            last = (last or Decimal(0)) + units[word]
        elif word == table.get("teens"):
            last = (last or Decimal(0)) + 10
        elif word in times:
            size = Decimal(times[word])
            if size >= 10_000 or (size >= 1000 and code not in _SCRIPTED):
                total += (group + (last or 0) if group or last is not None else 1) * size
                group, last = Decimal(0), None
            else:
                group += (1 if last is None else last) * size
                last = None
        elif word not in table["and"]:
            return None
    if code == "zh" and last and size >= 100 and whole[-1] in units and len(whole) > 2 and whole[-2] in times:
        last *= size / 10  # 三万五 is 35,000
    value = total + group + (last or 0)
    if decimals:
        figures = "".join(str(units[d]) for d in decimals if d in units and units[d] < 10)
        value += Decimal(f"0.{figures}") if figures else 0
    if half:  # ครึ่งล้าน does not come here: a half before a number is a word of its own
        value += half * (size if whole and whole[-1] in times and size > 1 else 1)
    return value
