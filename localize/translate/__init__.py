"""Translate: texts in the catalog's language in, the same texts in the market's language out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from localize.engines import Engine


@dataclass(frozen=True)
class Translation:
    """One text in the target language, and where it came from (seller, memory, glossary, an engine's name)."""

    text: str
    origin: str


class Translator(Engine, Protocol):
    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Translation | None]:
        """One Translation per text, None where this translator has nothing to give."""
        ...
