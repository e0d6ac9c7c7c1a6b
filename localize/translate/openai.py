"""`openai`: texts translated by a language model behind a server with OpenAI's API.

All texts of a product go in one request, so each has the others as context; glossary terms, names and lengths are told in words.
The wording is `assets/prompts/translate.yaml`. What comes back is checked by whoever asked, as with every machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

import yaml

from localize import languages, pace
from localize.assets import ASSETS
from localize.chat import Message, Unanswered
from localize.chat.openai_chat import OpenAIChat, OpenAIOptions
from localize.chat.reading import listed
from localize.engines import Card
from localize.languages import signs
from localize.translate import NO_HINTS, Hints, Translation

PROMPT = ASSETS / "prompts" / "translate.yaml"
AGAIN = 2  # times that an answer which is no list of the right length is asked for once more
MOST_TEXTS = 40  # in one request
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["translations"],
    "properties": {"translations": {"type": "array", "items": {"type": "string"}}},
}


@cache
def wording() -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load(PROMPT.read_text(encoding="utf-8"))
    return found


class OpenAITranslator:
    """See `Translator`."""

    Options = OpenAIOptions
    card: ClassVar[Card] = Card(
        name="openai",
        stage="translate",
        about="a language model behind an OpenAI-compatible server, which the campaign names",
        version="1",
        licence="the server's terms",
        quality=60,
        remote=True,
    )

    def __init__(self, options: OpenAIOptions) -> None:
        self.chat = OpenAIChat(options)

    def missing(self) -> str:
        return self.chat.missing()

    def fingerprint(self) -> str:
        words = hashlib.blake2b(PROMPT.read_bytes(), digest_size=8).hexdigest()
        return f"openai-{self.card.version}-{words}-{self.chat.fingerprint()}"

    def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
        """See `Translator.translate`. None for all of a request whose answers were three times no list of its length."""
        found: list[Translation | None] = []
        for at in range(0, len(texts), MOST_TEXTS):
            part = texts[at : at + MOST_TEXTS]
            said = self._asked(part, source, target, hints, hints.seconds[at : at + MOST_TEXTS])
            found += [Translation(text, self.card.name) if text else None for text in said]
        return found

    def _asked(self, texts: Sequence[str], source: str, target: str, hints: Hints, seconds: Sequence[float]) -> list[str]:
        first = messages(texts, source, target, hints, seconds)
        asked = [*first, again(hints.wrong, len(texts))] if hints.wrong else list(first)
        for _ in range(1 + AGAIN):
            try:
                said = self.chat.ask(asked, SCHEMA)
            except Unanswered:
                asked = list(first)
                continue
            found = parse(said)
            if len(found) == len(texts):
                return found
            problem = f"It holds {len(found)} translations and {len(texts)} texts were given."
            asked = [*first, Message("assistant", said[:4000]), again([problem], len(texts))]
        return [""] * len(texts)


def messages(texts: Sequence[str], source: str, target: str, hints: Hints, seconds: Sequence[float]) -> list[Message]:
    """The messages that ask for translations: instructions in one, the texts as fenced data in the other."""
    words = wording()
    data = json.dumps(list(texts), ensure_ascii=False, indent=1)
    fence = "TEXTS-" + hashlib.blake2b(data.encode(), digest_size=6).hexdigest()
    joined = " ".join(texts).casefold()
    terms = {term: said for term, said in hints.terms.items() if term.casefold() in joined}
    keep = [name for name in hints.keep if name.casefold() in joined]
    limits = [
        f"text {n}: {letters}"
        for n, (s, text) in enumerate(zip(seconds, texts, strict=False), 1)
        if s and (letters := _letters(s, target)) < 2 * len(text)
    ]
    system = words["system"].format(
        source=languages.name(source) or source, target=languages.name(target), count=len(texts),
        keep=words["keep"].format(names=", ".join(keep)).rstrip() if keep else "",
        terms=words["terms"].format(terms="; ".join(f"{term} = {said}" for term, said in terms.items())).rstrip() if terms else "",
        limits=words["limits"].format(letters=", ".join(limits)).rstrip() if limits else "",
    )  # fmt: skip
    return [Message("system", system), Message("user", words["user"].format(about=hints.about or "-", fence=fence, texts=data))]


def again(problems: Sequence[str], count: int) -> Message:
    return Message("user", wording()["again"].format(problems="\n".join(f"- {p}" for p in problems[:8]), count=count))


def _letters(seconds: float, language: str) -> int:
    """About how many letters are said in a time: by the pace of a text of the language's own common words."""
    return int(seconds * pace.letters_a_second(language))


def parse(answer: str) -> list[str]:
    """The translations of an answer, [] where it holds no list of texts."""
    told = listed(answer, "translations")
    return [signs.plain(t).strip() for t in told] if all(isinstance(t, str) for t in told) else []
