"""Glossary: how a seller's terms are said in each language, and texts composed of nothing but such terms.

A CSV with the columns source, one per language code, and note. A source may hold places: `{n}` stands for a number,
which is rewritten in the target's style (1,200.5 -> 1.200,5), `{v}` for a version or code kept as it is (5.3, IPX5),
any other name for a text that the glossary covers itself. A term whose note is "keep as is" is the same everywhere.
Terms match whatever their case.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import ClassVar

from babel import UnknownLocaleError
from babel.numbers import get_decimal_symbol

from localize.engines import Card
from localize.errors import UserError
from localize.translate import NO_HINTS, Hints, Translation
from localize.translate.memory import Unit, normal, read_table

_PLACE = re.compile(r"\{(\w+)\}")
_NUMBER = r"\d+(?:[.,]\d+)*"
_CODE = r"[A-Za-z]{0,4}\d+(?:\.\d+)*[A-Za-z]?"
# A list of features or attributes: each part stands for itself, so parts can be translated one by one.
_LIST = re.compile(r"(\s*[,;|]\s+|\s+[/+]\s+)")


@dataclass(frozen=True)
class _Term:
    """One row: its pattern (places as groups), and its text in each language."""

    pattern: re.Pattern[str]
    texts: Mapping[str, str]
    keep: bool

    @cached_property
    def inside(self) -> re.Pattern[str]:
        """The term as part of a text: a word of its own where words are written apart; a plural counts."""
        term = self.texts[""]
        latin = r"A-Za-z0-9\u00c0-\u024f"
        before, after = (bool(re.match(f"[{latin}]", c)) for c in (term[0], term[-1]))
        edges = (f"(?<![{latin}])" if before else "", f"(?:e?s)?(?![{latin}])" if after else "")
        return re.compile(edges[0] + re.escape(term) + edges[1], re.IGNORECASE)

    @property
    def certainty(self) -> tuple[int, int]:
        """Fewer places and more letters of its own first: what is written out beats what is filled in."""
        own = _PLACE.sub("", self.texts.get("", ""))
        return self.pattern.groups, -len(own)


class GlossaryTranslator:
    """Translates what glossary terms cover from end to end, and nothing else. The file is read on first use."""

    card: ClassVar[Card] = Card(
        name="glossary",
        stage="translate",
        about="texts composed of the campaign's glossary terms",
        version="2",
        licence="Apache-2.0",
        quality=80,
        machine=False,
    )

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path is not None else None

    def missing(self) -> str:
        if self.path is None:
            return "the campaign names no glossary; give it a CSV file."
        return "" if self.path.is_file() else f"there is no glossary {self.path}."

    def fingerprint(self) -> str:
        return f"glossary-{self.card.version}-{self._digest}"

    @cached_property
    def _digest(self) -> str:
        """Of the file as it is when it is first asked for, which is when its terms are read, too."""
        content = self.path.read_bytes() if self.path else b""
        return hashlib.blake2b(content, digest_size=8).hexdigest()

    def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
        """See `Translator.translate`. Raises UserError for a glossary that cannot be read."""
        composed = [self._compose(normal(text), source, target, depth=0) for text in texts]
        return [Translation(text=text, origin=self.card.name) if text else None for text in composed]

    def terms_in(self, texts: Sequence[str], target: str) -> tuple[dict[str, str], tuple[str, ...]]:
        """The glossary's terms that stand in some texts: those that must be called something, and names that stay as they are.

        Terms with places are left to `translate`: what they are called hangs on what fills them."""
        called: dict[str, str] = {}
        kept: list[str] = []
        joined = " \n ".join(map(normal, texts))
        for term in self._terms:
            if term.pattern.groups or not (term.keep or term.texts.get(target)) or not term.inside.search(joined):
                continue
            if term.keep:
                kept.append(term.texts[""])
            else:
                called[term.texts[""]] = term.texts[target]
        return called, tuple(kept)

    def names(self) -> tuple[str, ...]:
        """The terms that stay as they are in every language."""
        return tuple(term.texts[""] for term in self._terms if term.keep)

    @cached_property
    def _terms(self) -> tuple[_Term, ...]:
        if self.path is None:
            return ()
        if not self.path.is_file():
            raise UserError(f"there is no glossary {self.path}.")
        return tuple(sorted((self._term(unit) for unit in read_table(self.path)), key=lambda term: term.certainty))

    def _term(self, unit: Unit) -> _Term:
        source = normal(unit.get("", ""))
        if not source:
            raise UserError(f"{self.path}: a row without a source term: {', '.join(unit.values())}.")
        places = _PLACE.findall(source)
        for code, text in unit.items():
            if code != "note" and sorted(_PLACE.findall(text)) != sorted(places):
                raise UserError(f"{self.path}: {source!r} and its {code} text {text!r} must have the same places in braces.")
        texts = {code: normal(text) for code, text in unit.items() if code != "note"} | {"": source}
        return _Term(_pattern(source), texts, unit.get("note", "").casefold().startswith("keep"))

    def _compose(self, text: str, source: str, target: str, depth: int) -> str:
        """The text in the target language, "" when some of it is not covered."""
        if depth > 4 or not text:
            return ""
        for term in self._terms:
            match = term.pattern.fullmatch(text)
            said = text if term.keep else term.texts.get(target, "")
            if match and said:
                filled = self._fill(said, match.groupdict(), source, target, depth)
                if filled:
                    return filled
        parts = _LIST.split(text)
        if len(parts) == 1:
            return ""
        composed = [self._compose(part, source, target, depth + 1) for part in parts[::2]]
        if not all(composed):
            return ""
        joints = [_joint(joint, target) for joint in parts[1::2]]
        return "".join(part + joint for part, joint in zip(composed, [*joints, ""], strict=True))

    def _fill(self, said: str, places: Mapping[str, str], source: str, target: str, depth: int) -> str:
        for name, value in places.items():
            if name.startswith("n"):
                value = rewrite_number(value, source, target)
            elif not name.startswith("v"):
                value = self._compose(value, source, target, depth + 1)
            if not value:
                return ""
            said = said.replace(f"{{{name}}}", value)
        return said


def _pattern(source: str) -> re.Pattern[str]:
    """`{n} ml` -> a pattern with the group n. Raises nothing: a name used twice must be written n, n2."""
    pieces = _PLACE.split(source)
    pattern = "".join(
        re.escape(piece) if i % 2 == 0 else f"(?P<{piece}>{_NUMBER if piece[0] == 'n' else _CODE if piece[0] == 'v' else '.+?'})"
        for i, piece in enumerate(pieces)
    )
    return re.compile(pattern, re.IGNORECASE)


def _joint(joint: str, target: str) -> str:
    """The separator of a list, as the target writes it: Chinese has its own comma, Thai lists with spaces."""
    if joint.strip() in ",;":
        return {"zh": "，", "th": " "}.get(target, joint.strip() + " ")
    return joint


def rewrite_number(number: str, source: str, target: str) -> str:
    """A number in figures from one language's style into another's: en 1,200.5 -> vi 1.200,5; sv 1,5 -> th 1.5."""
    if _comma_decimals(source) == _comma_decimals(target):
        return number
    return number.translate(str.maketrans(".,", ",."))


@cache
def _comma_decimals(code: str) -> bool:
    """Whether a language writes 1.200,5; one that CLDR does not know is taken to write 1,200.5."""
    try:
        return bool(get_decimal_symbol(code) == ",")
    except (ValueError, UnknownLocaleError):
        return False
