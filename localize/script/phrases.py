"""The sentences that scripts from templates are made of, and which group of them a product gets.

`assets/phrases/<language>.yaml` is what one host says, `assets/phrases/dialogue/<language>.yaml` what two hosts say to each other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from localize.assets import ASSETS
from localize.domain import Item
from localize.errors import UserError

PHRASES = ASSETS / "phrases"
DIALOGUE = PHRASES / "dialogue"


class Phrases(BaseModel):
    """One language's phrase file. `lines` holds slot -> group -> variants, `dangling` the words no title may end with,
    `tidy` what is replaced in every finished line (pattern, replacement)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tidy: tuple[tuple[str, str], ...] = ()
    particles: dict[str, dict[str, str]]
    dangling: tuple[str, ...]
    lines: dict[str, dict[str, tuple[str, ...]]]


@cache
def phrases(language: str) -> Phrases:
    """The phrase file of a language. Raises UserError when there is none."""
    path = PHRASES / f"{language}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in PHRASES.glob("??.yaml")))
        raise UserError(f"the script templates have no phrases for language {language!r}, only {known}.")
    return Phrases.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


class _Narrow(BaseModel):
    within: tuple[str, ...]
    words: tuple[str, ...]


class _Groups(BaseModel):
    wide: dict[str, tuple[str, ...]]
    narrow: dict[str, _Narrow]


@cache
def _groups() -> _Groups:
    return _Groups.model_validate(yaml.safe_load((PHRASES / "categories.yaml").read_text(encoding="utf-8")))


def group_of(product: Item) -> str:
    """The phrase group a product belongs to, by the words of its category and title; `general` when none is known."""
    category, title = product.category.casefold(), product.title.casefold()
    wide = next((g for text in (category, title) for g, words in _groups().wide.items() if _mentions(text, words)), "general")
    for group, narrow in _groups().narrow.items():
        if wide in (*narrow.within, "general") and _mentions(f"{category} | {title}", narrow.words):
            return group
    return wide


def _mentions(text: str, words: Sequence[str]) -> bool:
    """Whether a casefolded text has one of the words: whole words (and plurals) in Latin letters, else anywhere."""
    return any(re.search(rf"(?<![a-z]){re.escape(w)}(?:e?s)?(?![a-z])", text) if w.isascii() else w in text for w in words)


@cache
def dialogue(language: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """What two hosts say to each other in a language: slot -> group -> variants. Raises UserError when nobody has written it."""
    path = DIALOGUE / f"{language}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in DIALOGUE.glob("??.yaml")))
        raise UserError(f"the script templates have no dialogue for language {language!r}, only {known}: keep one host there.")
    table: dict[str, dict[str, list[str]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {slot: {group: tuple(pool) for group, pool in groups.items()} for slot, groups in table.items()}


def digest(paths: Iterable[Path]) -> str:
    """Identifies files by their names and content, in hexadecimal."""
    found = hashlib.blake2b(digest_size=8)
    for path in paths:
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def pick(sku: str, slot: str, count: int) -> int:
    """A number below `count` that only the SKU and the slot decide, the same on every machine."""
    found = hashlib.blake2b(f"{sku}\0{slot}".encode(), digest_size=8).digest()
    return int.from_bytes(found, "big") % count
