"""How long words take to say, estimated before any voice is asked: the rates are measured (`assets/languages/pace.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import yaml
from pydantic import BaseModel, ConfigDict

from localize import languages
from localize.assets import ASSETS
from localize.domain import Line
from localize.languages import Token

# A voice is never made to speak faster than so many times its natural tempo: above it, words run together.
FASTEST = 1.15
# Silence between two Lines of a clip, in seconds.
LINE_GAP = 0.3
# What punctuation inside a Line and its own beginning and end add, in seconds.
_PAUSES = {",": 0.25, ".": 0.3, "?": 0.3, "!": 0.3}
_EDGES = 0.2


class Pace(BaseModel):
    """How fast a selling voice speaks: what one beat is (a pattern), and how many beats it says in a second.

    `latin` is the seconds a Latin letter takes in a script that is not Latin (names, abbreviations). `letters` is how many
    letters, spaces among them, an ordinary text has for a second of speech.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beat: str
    rate: float
    latin: float = 0.0
    letters: float


@cache
def _paces() -> dict[str, Pace]:
    table = yaml.safe_load((ASSETS / "languages" / "pace.yaml").read_text(encoding="utf-8"))
    return {code: Pace.model_validate(pace) for code, pace in table.items()}


def seconds(text: str, language: str) -> float:
    """How long a selling voice takes to say a text at its natural tempo: beats over the language's rate, and its pauses."""
    return seconds_of(languages.get(language).read(text), language)


def seconds_of(tokens: Sequence[Token], language: str) -> float:
    """The same of what is said of tokens, as a lexicon may have changed it."""
    pace = _paces()[language]
    total = _EDGES + sum(_PAUSES.get(token.pause, 0.0) for token in tokens[:-1])
    for token in tokens:
        total += len(re.findall(pace.beat, token.say.casefold())) / pace.rate
        if pace.latin:
            total += pace.latin * sum(c.isascii() and c.isalpha() for c in token.say)
    return total


def letters_a_second(language: str) -> float:
    """How many letters of an ordinary text are said in a second: what a writer is told who counts letters, not seconds."""
    return _paces()[language].letters


def length(lines: Sequence[Line], language: str) -> float:
    """How long the Lines take with the gaps between them, in seconds."""
    return sum(seconds(line.text, language) for line in lines) + LINE_GAP * max(0, len(lines) - 1)
