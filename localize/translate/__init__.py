"""Translate: texts in the catalog's language in, the same texts in the market's language out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from localize.engines import Engine


@dataclass(frozen=True)
class Translation:
    """One text in the target language, and where it came from (seller, memory, glossary, an engine's name)."""

    text: str
    origin: str


@dataclass(frozen=True)
class Hints:
    """What a translator should keep to, beside the texts.

    `terms` are glossary terms that stand in the texts, each with its text in the target language; `keep` are names that stay
    as they are. `about` is what the texts belong to (a product's title), in the source language. `seconds` is how long
    each translation may take to say, in the texts' order, 0 for no limit; `wrong` is what was wrong with the last try.
    """

    terms: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    about: str = ""
    seconds: tuple[float, ...] = ()
    wrong: tuple[str, ...] = ()


NO_HINTS = Hints()


class Translator(Engine, Protocol):
    """Serves stored texts or makes new ones. The texts of one call belong together and stand in order: each is the others'
    context, as the sentences of one page are."""

    def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
        """One Translation per text, None where this translator has nothing to give (it does not know the text, or what it
        made of it lost a number, name or term). Raises NotReady, Transient, UserError."""
        ...
