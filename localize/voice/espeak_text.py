"""What espeak is given to say: words, phonemes, the punctuation of pauses, and its commands around a price."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from localize import quantities
from localize.languages import Token

# A price is what the Line is for: it is said slower and higher, by espeak itself, so that tones keep their shape and times
# stay exact.
PRICE_TEMPO = 1 / 1.12
PRICE_PITCH = 11  # points of espeak's pitch: 1.5 semitones

_THAI = re.compile("[\u0e00-\u0e7f]+")


@dataclass(frozen=True)
class Text:
    """What espeak is given, and where in it each token begins and ends (an empty span: it is not said)."""

    text: str
    spans: tuple[tuple[int, int], ...]


def compose(tokens: Sequence[Token], *, thai: bool = False, prices: Collection[int] = (), rate: int = 175, pitch: int = 50) -> Text:
    """The text of tokens: their words or phonemes, and the punctuation their pauses ask for.

    Before the tokens of `prices` stand espeak's commands for a price's tempo and pitch, behind them those for the line's own.
    """
    text, spans = "", []
    capital = priced = False
    for k, token in enumerate(tokens):
        given = " ".join(f"[[{word}]]" for word in token.phonemes.split())
        say = given if given and token.say else _thai(token.say) if thai else clean(token.say)
        if say and text:
            text += " "
        if capital and say:
            # espeak takes a full stop before a small letter for an abbreviation's.
            say, capital = say[:1].upper() + say[1:], False
        if say and (k in prices) != priced:
            priced = not priced
            tempo, height = (round(rate * PRICE_TEMPO), min(pitch + PRICE_PITCH, 99)) if priced else (rate, pitch)
            say = f"\x01{tempo}S\x01{height}P{say}"  # part of the word: where espeak says that it begins
        spans.append((len(text), len(text) + len(say)))
        text += say
        if token.pause and text and text[-1] not in ",.?!":
            text += token.pause
            capital = token.pause == "."
    return Text(text, tuple(spans))


def clean(say: str) -> str:
    """Without what espeak would not read: brackets would be phoneme names, control characters commands or the text's end."""
    say = unicodedata.normalize("NFC", say)
    return " ".join("".join(c if c not in "[]<>" and unicodedata.category(c)[0] != "C" else " " for c in say).split())


def _thai(say: str) -> str:
    """Thai words as phoneme names, in which espeak needs them; brand names and the like as Thais say them."""
    from localize.languages.thai_loans import spelled
    from localize.languages.thai_sounds import phonemes  # its word lists are read only where Thai is spoken

    parts: list[str] = []
    for piece in clean(say).split():
        for thai, other in re.findall(rf"({_THAI.pattern})|([^\u0e00-\u0e7f]+)", piece):
            parts += map(phonemes, [thai] if thai else _THAI.findall(spelled(other)))
    return " ".join(f"[[{sound}]]" for sound in parts if sound)


def is_price(text: str, code: str) -> bool:
    """Whether a token is an amount of money."""
    return any(quantity.units & _currencies() for quantity in quantities.find(text, code))


def in_price(text: str, position: int) -> bool:
    """Whether a word at that index of a composed text is said as a price: two commands stand before one, two behind it."""
    return (text.count("\x01", 0, position + 1) + 1) // 2 % 2 == 1


@cache
def _currencies() -> frozenset[str]:
    return frozenset(quantities.signs_of_money().values())
