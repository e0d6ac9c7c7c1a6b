"""Protect: translation with an engine that takes no instructions, without losing a slot (see `slots`).

A mark stands for a slot in what the engine reads (ZX1: it looks like a model number, which engines copy), or the slot
stands for itself and is looked up in what comes back. A translation is used only when each slot is in it, as often as in
the source and with its value, and when it brings no figure of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from localize import languages
from localize.languages.signs import LATIN, fold, number_of
from localize.translate import Hints
from localize.translate.glossary import rewrite_number
from localize.translate.slots import AFTER, BEFORE, DENSE, NUMBER, Kind, Slot, find

EVERY: frozenset[Kind] = frozenset(("term", "name", "number", "code", "link", "emoji"))

# What stands for itself, way after way until one gives a whole translation. Engines copy plain figures and codes well and
# read from them what is plural; then everything is marked, for those that wrote a figure in words; then only the terms.
WAYS: tuple[frozenset[Kind], ...] = (frozenset(("number", "code")), frozenset(), EVERY - {"term"})

_PREFIXES = ("ZX", "QX", "QZ", "ZQ", "XQ", "XZ", "JX", "JQ", "QJ")
_CLOSING, _OPENING = ",.;:!?%)]}，。！？、；：）」』】…", "([{（「『【"
_BLANK = " \t\u00a0"
_STRAY = re.compile(rf"[{LATIN}]*\d(?:[{LATIN}\d]|[.,](?=\d))*")  # a figure with the letters that touch it
MILLIARD = 10**9


@dataclass(frozen=True)
class Masked:
    """A text with marks, ready for an engine, and the way back. Offsets of `slots` are into `core`.

    `core` is the text without the emoji and links at its ends (`before`, `after`), which no engine needs to see. A slot
    whose mark is "" stands for itself.
    """

    core: str
    slots: tuple[Slot, ...]
    marks: tuple[str, ...]
    source: str
    target: str
    before: str = ""
    after: str = ""

    def marked(self, own: frozenset[Kind]) -> Masked:
        """The same with marks for the slots of all other kinds than `own`, as far as there are marks."""
        free = _free_marks(fold(self.core))
        return replace(self, marks=tuple("" if slot.kind in own else next(free, "") for slot in self.slots))

    @cached_property
    def text(self) -> str:
        """What the engine translates."""
        out, at = "", 0
        for slot, mark in zip(self.slots, self.marks, strict=True):
            out += self.core[at : slot.start] + (mark or slot.source)
            at = slot.end
            if mark and re.match(f"[{LATIN}]", self.core[at:]):
                out += " "  # 30days: the mark must end where the word begins
        return out + self.core[at:]

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """The texts before, between and after the slots: one more than there are slots."""
        edges = [0, *(edge for slot in self.slots for edge in (slot.start, slot.end)), len(self.core)]
        return tuple(self.core[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))

    @property
    def wordless(self) -> bool:
        """Whether nothing is left to translate beside the slots."""
        return not any(c.isalpha() for piece in self.pieces for c in piece)

    def filled(self, pieces: Sequence[str]) -> str:
        """The slots' values with translated pieces around them."""
        parts = [pieces[0]]
        for slot, piece in zip(self.slots, pieces[1:], strict=True):
            parts += [slot.value, piece]
        return self.before + joined(parts, self.target) + self.after

    def restore(self, translated: str) -> str | None:
        """The translation with the slots' values in their places; None when a slot was lost or doubled, or a figure came up."""
        found, lost, rest = self._located(translated)
        if lost or not translated.strip() or not all(self.spelled(figures) for figures in _STRAY.findall(rest)):
            return None
        parts, at = [], 0
        for start, end, value in sorted(found):
            parts += [translated[at:start], value]
            at = end
        return self.before + joined([*parts, translated[at:]], self.target) + self.after

    def lost(self, translated: str) -> tuple[str, ...]:
        """The values that the translation should hold and does not, or not as often as the text."""
        return tuple(slot.value for slot in self._located(translated)[1])

    def spelled(self, figures: str) -> bool:
        """Whether a figure that is no slot may be in the translation: the source spells it out (three modes -> 3 โหมด), or it is
        1 or 2, which also stand for an article, "dual" or "both"."""
        value = number_of(figures, rewrite_number(".", self.target, "en") == ",") if re.fullmatch(NUMBER, figures) else None
        if value is None or value != value.to_integral() or value > MILLIARD:
            return False
        if value <= 2:
            return True
        if self.source not in languages.codes():
            return False
        word = languages.get(self.source).number(value)
        return re.search(f"{BEFORE}{re.escape(word)}{AFTER}", self.core, re.IGNORECASE) is not None

    def _located(self, translated: str) -> tuple[list[tuple[int, int, str]], list[Slot], str]:
        """Where each slot is in a translation (start, end, value), the slots that were lost or doubled, and the text without them."""
        rest, found, lost = fold(translated), [], []
        for pattern, slots in self._patterns():
            matches = list(pattern.finditer(rest))
            # A name or term that stands for itself may be said once where the text said it twice.
            free = slots[0].kind in ("name", "term") and matches
            if not free and len(matches) != len(slots):
                lost += slots
                continue
            for match in matches:
                said, value = translated[match.start() : match.end()], slots[0].value
                # An engine that was told a term may have begun a sentence with it.
                found.append(
                    (match.start(), match.end(), said if slots[0].kind == "term" and said.casefold() == value.casefold() else value)
                )
                rest = rest[: match.start()] + "\0" * len(match[0]) + rest[match.end() :]
        return found, lost, rest

    def _patterns(self) -> Iterator[tuple[re.Pattern[str], list[Slot]]]:
        """What to look for, and the slots it stands for: marks, then what stands for itself, the longest first."""
        alike: dict[tuple[Kind, str, str], list[Slot]] = {}
        for slot, mark in zip(self.slots, self.marks, strict=True):
            if mark:
                loose = r"\s*".join(mark[:-1]) + r"[\s_-]*" + mark[-1]
                yield re.compile(rf"(?<![{LATIN}\d]){loose}(?![{LATIN}\d])", re.IGNORECASE), [slot]
            else:
                alike.setdefault((slot.kind, slot.source.casefold(), slot.value), []).append(slot)
        for slots in sorted(alike.values(), key=lambda slots: -len(slots[0].source)):
            yield _itself(slots[0], self.source), slots


def mask(text: str, source: str, target: str, hints: Hints, own: frozenset[Kind] = frozenset()) -> Masked:
    """The text with a mark for each slot but those of the kinds in `own`, which stand for themselves."""
    slots = find(text, source, target, hints)
    first, last = 0, len(text)
    while slots and slots[0].kind in ("emoji", "link") and not text[first : slots[0].start].strip():
        first = slots.pop(0).end
    while slots and slots[-1].kind in ("emoji", "link") and not text[slots[-1].end : last].strip():
        last = slots.pop().start
    core = text[first:last].strip()
    start = text.index(core, first)
    moved = tuple(replace(slot, start=slot.start - start, end=slot.end - start) for slot in slots)
    before, after = text[:start].lstrip(), text[start + len(core) :].rstrip()
    return Masked(core, moved, ("",) * len(moved), source, target, before, after).marked(own)


def _free_marks(text: str) -> Iterator[str]:
    """Marks that the text does not hold itself: one figure each, so that a space within cannot make two of one."""
    for prefix in _PREFIXES:
        a, b = tuple(prefix)
        if not re.search(rf"{a}\s*{b}[\s_-]*\d", text, re.IGNORECASE):
            yield from (f"{a}{b}{n}" for n in range(1, 10))


def _itself(slot: Slot, source: str) -> re.Pattern[str]:
    """A pattern for a slot that stands for itself, in any of the ways an engine may have written it."""
    if slot.kind == "term":
        return re.compile(_loose(slot.value), re.IGNORECASE)
    forms = {slot.source, slot.value}
    if slot.kind == "number" and re.fullmatch(NUMBER, slot.source):
        value = number_of(slot.source, rewrite_number(".", source, "en") == ",")
        if value is not None and value == value.to_integral():
            forms |= {f"{value:.0f}", f"{value:,.0f}", f"{value:,.0f}".replace(",", ".")}
    either = "|".join(_loose(form) for form in sorted(forms, key=len, reverse=True))
    if slot.kind in ("link", "emoji"):
        return re.compile(either, re.IGNORECASE)
    return re.compile(rf"{BEFORE}(?<!\d[.,])(?:{either}){AFTER}(?![.,]\d)", re.IGNORECASE)


def _loose(form: str) -> str:
    """A pattern that lets a space come or go beside figures and within words: 50 %, 100 ml."""
    parts = re.findall(r"\d+(?:[.,]\d+)*|[^\d\s]+", fold(form))
    return r"\s*".join(re.escape(part) for part in parts)


# Spaces ------------------------------------------------------------------------------------------------------------


def joined(parts: Sequence[str], target: str) -> str:
    """Pieces of text and slots' values as one text, with the spaces between them that the target language writes."""
    out, spaced = "", False
    for part in parts:
        core = part.strip(_BLANK)
        spaced = spaced or part[:1] in _BLANK
        if core:
            out += (_gap(out[-1], core[0], spaced, target) if out else "") + core
            spaced = part[-1] in _BLANK
    return out


def _gap(left: str, right: str, spaced: bool, target: str) -> str:
    """The space between two characters, one of them a slot's; `spaced`: there was one in the translation."""
    kinds = [unicodedata.category(c) for c in (left, right)]
    dense = [re.match(f"[{DENSE}]", c) is not None and kind[0] in "LM" for c, kind in zip((left, right), kinds, strict=True)]
    wordy = [(kind[0] in "LN" or kind == "Sc") and not d for kind, d in zip(kinds, dense, strict=True)]
    if all(dense) or right in _CLOSING or left in _OPENING:
        return ""
    if all(wordy):
        return " "
    if any(dense) and any(wordy):
        if target in ("th", "lo", "my", "km"):
            return " "  # มี 3 โหมด
        if any(c.isdigit() for c in (left, right)):
            return ""  # 3种
    return " " if spaced else ""


# Translation -------------------------------------------------------------------------------------------------------

Call = Callable[[list[str]], list[str]]


def through(call: Call, texts: Sequence[str], source: str, target: str, hints: Hints) -> list[str | None]:
    """Each text translated by `call`, its slots whole; None where no way gave such a translation.

    `call` translates a batch of texts, "" for one that it can't. Tried for all texts together, for those that are left
    the next: the WAYS, then the pieces between the slots one by one. What is nothing but slots and signs is not sent.
    """
    plain = [mask(text, source, target, hints, EVERY) for text in texts]
    done: list[str | None] = [m.filled(m.pieces) if m.wordless else None for m in plain]
    tried: list[set[str]] = [set() for _ in texts]
    for own in WAYS:
        todo = {i: plain[i].marked(own) for i, text in enumerate(done) if text is None}
        todo = {i: m for i, m in todo.items() if m.text not in tried[i]}
        for (i, masked), answer in zip(todo.items(), _asked(call, [m.text for m in todo.values()]), strict=True):
            tried[i].add(masked.text)
            done[i] = masked.restore(answer)
    left = {i: plain[i] for i, text in enumerate(done) if text is None and _divisible(plain[i])}
    wanted = [piece.strip() for masked in left.values() for piece in masked.pieces if _words(piece)]
    answers = iter(_asked(call, wanted))
    for i, masked in left.items():
        pieces = [_like(piece, next(answers)) if _words(piece) else piece for piece in masked.pieces]
        new = [figures for piece in pieces for figures in _STRAY.findall(fold(piece))]
        if all(said or not piece for said, piece in zip(pieces, masked.pieces, strict=True)) and all(map(masked.spelled, new)):
            done[i] = masked.filled(pieces)
    return done


def _asked(call: Call, texts: list[str]) -> list[str]:
    return call(texts) if texts else []


def _words(piece: str) -> bool:
    return any(c.isalpha() for c in piece)


def _divisible(masked: Masked) -> bool:
    """Whether the text may be cut at its slots: there are some, and none is grown together with a word (1st)."""
    glued = [re.match(f"[{LATIN}]", piece) for piece in masked.pieces[1:]]
    return bool(masked.slots) and not any(glued)


def _like(piece: str, said: str) -> str:
    """A translated piece of a sentence in the outer form of its source: its spaces, no capital and no full stop of its own."""
    core, said = piece.strip(), said.strip()
    if said and core[-1] not in ".!?。！？…":
        said = said.rstrip(".。")
    if core[0].islower() and said[1:2].islower():
        said = said[0].lower() + said[1:]
    return piece[: len(piece) - len(piece.lstrip())] + said + piece[len(piece.rstrip()) :] if said else ""
