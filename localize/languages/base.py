"""What every language must know how to do, and the parts that are the same for all of them."""

from __future__ import annotations

import datetime
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from localize.domain import Money

FIGURES = re.compile(r"\d(?:[\d.,]*\d)?")
SENTENCE_END, CLAUSE_END = tuple(".!?…。！？"), tuple(",;:–—，、；：")
QUOTES = "\"'”’)）」】 "
# Words that lean on the one after them, in all languages together: a line that ends with one reads as a slip.
LEANING = frozenset((
    "a", "an", "the", "of", "to", "for", "with", "in", "on", "at", "and", "or", "your",
    "ความ", "การ", "ผู้", "นัก", "น่า", "ที่", "ใน", "ของ", "และ", "กับ", "จาก", "เพื่อ", "ไม่",
    "của", "với", "cho", "và", "một", "các", "những", "để", "từ", "trong", "không",
    "yang", "di", "ke", "dari", "untuk", "dengan", "dan", "para", "tidak",
))  # fmt: skip


@dataclass(frozen=True)
class Token:
    """One word of a text: as it is read, as it is said, and what follows it.

    The texts and gaps of a text's tokens, joined, give the text back. `text` carries the punctuation that
    touches the word; `say` has none and spells numbers, prices, units and signs out in words ("" for an emoji:
    shown, never said). `pause` is the punctuation a voice should hear after the word: "", ",", ".", "?" or "!".
    `phonemes` are how a lexicon wants the word said, in espeak's names, for voices that take them; the others go by `say`.
    A line may be broken between any two tokens and nowhere else.
    """

    text: str
    say: str
    gap: str = ""
    pause: str = ""
    phonemes: str = ""


class Language(ABC):
    """One language. Subclasses are stateless; `localize.languages.get(code)` gives the one instance."""

    code: ClassVar[str]
    name: ClassVar[str]  # in English
    endonym: ClassVar[str]  # in itself
    currency: ClassVar[str]  # of its main market, ISO 4217
    espeak_voice: ClassVar[str]
    ai_label: ClassVar[str]  # the disclosure a viewer reads; zh must satisfy GB 45438 (AI + 生成)
    labels: ClassVar[dict[str, str]]  # words the frame shows: was, now, save, feature, cart, sample, price; from, around {}
    # How the lowest of a product's prices is written around {}: our way first, then others', for reading. Spaces are loose.
    from_forms: ClassVar[tuple[str, ...]]

    @abstractmethod
    def number(self, value: Decimal | int) -> str:
        """A number as it is said, in words: 1290 -> "หนึ่งพันสองร้อยเก้าสิบ". Decimals and negatives too."""

    @abstractmethod
    def price(self, money: Money) -> str:
        """A price as it is written: ฿1,290, 350.000 ₫, Rp299.000, ¥199."""

    def price_from(self, money: Money) -> str:
        """The lowest price of several as it is written inside a sentence: from $18.90, ¥89.9起. `read` says it right."""
        return self.from_forms[0].format(self.price(money))

    @abstractmethod
    def price_aloud(self, money: Money) -> str:
        """A price as it is said, in words, with the currency's spoken name."""

    @abstractmethod
    def percent(self, value: Decimal | int) -> str:
        """A percentage as it is written: 25%."""

    @abstractmethod
    def date(self, day: datetime.date) -> str:
        """A date as it is written, in the market's own calendar."""

    @abstractmethod
    def date_aloud(self, day: datetime.date) -> str:
        """A date as it is said, in words."""

    @abstractmethod
    def read(self, text: str) -> list[Token]:
        """Split a text into tokens, each with what is said for it. Raises nothing: unknown signs are kept and not said."""

    @abstractmethod
    def foreign(self, text: str) -> str:
        """The letters of `text` that this language is not written with ("" if all fit). Latin brand names, digits,
        punctuation and emoji always fit."""


def wrap(tokens: Sequence[Token], width: float, measure: Callable[[str], float]) -> list[list[Token]]:
    """Break tokens into lines no wider than `width` by `measure` (the width of a text, same unit), balanced.

    Fewest lines first, then the most even ones, those that end where a phrase does before others, and a figure with what it
    counts in one. A token wider than the box gets a line of its own: a word is never broken. Returns the tokens of each line, in
    order.
    """
    if not tokens:
        return []
    n = len(tokens)
    apart = 2 * sum(bool(t.gap) for t in tokens) >= n
    parting = [0.0, *(width**2 * _parting(t, apart=apart) for t in tokens[:-1]), 0.0]

    def span(i: int, j: int) -> float:
        return measure("".join(t.text + t.gap for t in tokens[i:j]).rstrip())

    # best[i] = (lines, sum of squared slack and of what breaks cost) for tokens[i:], and where its first line ends.
    best: list[tuple[int, float, int]] = [(0, 0.0, n)] * (n + 1)
    for i in range(n - 1, -1, -1):
        choice: tuple[int, float, int] | None = None
        for j in range(i + 1, n + 1):
            w = span(i, j)
            if w > width and j > i + 1:
                break
            lines, slack, _ = best[j]
            cost = (lines + 1, slack + max(0.0, width - w) ** 2 + parting[j], j)
            if choice is None or cost[:2] < choice[:2]:
                choice = cost
        assert choice is not None
        best[i] = choice
    out, i = [], 0
    while i < n:
        j = best[i][2]
        out.append(list(tokens[i:j]))
        i = j
    return out


def bare(text: str) -> bool:
    """Whether a token is figures alone, whose unit or thing follows: 20, 3.5, 1,000."""
    return bool(FIGURES.fullmatch(text))


def leans(text: str) -> bool:
    """Whether a word belongs to the one after it: an article, a preposition, a prefix that is written as a word."""
    return text.casefold() in LEANING


def _parting(last: Token, *, apart: bool) -> float:
    """How bad it is to end a line with a token, in squares of the box's width. `apart`: spaces stand between most words."""
    if bare(last.text):
        return 0.5
    if leans(last.text):
        return 0.3
    if last.text.rstrip(QUOTES).endswith(SENTENCE_END + CLAUSE_END):
        return 0.0
    # Where words touch (Thai), a space ends a phrase.
    return 0.05 if last.gap and not apart else 0.15
