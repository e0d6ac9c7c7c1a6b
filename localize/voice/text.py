"""The text that a voice is given for a Line: its words as they are said, with the punctuation that its pauses ask for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from localize.languages import Language, Token

# Languages written without spaces between words, and their letters.
UNSPACED = {"th": re.compile("[\u0e00-\u0e7f]"), "zh": re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")}
# Voices of Chinese are trained on its own punctuation, which is as wide as a character and takes no space after it.
MARKS = {"zh": {",": "，", ".": "。", "?": "？", "!": "！"}}
# Voices take what stands in brackets for phonemes, tags or directions; a pronunciation lexicon's author may not know.
BRACKETS = "[]<>{}()"


def text_of(tokens: Sequence[Token], language: Language) -> tuple[str, list[tuple[int, int]]]:
    """The spoken text of tokens, and the span (start, end) in it of what is said of each; punctuation lies outside the spans.

    Words are parted by a space; in Thai and Chinese only where the text itself had one or where letters of another script
    stand. A token of which nothing is said has an empty span, at the end of what was said before it. Sentences end as their
    pauses say, and no mark is added to a text that has none.
    """
    marks = MARKS.get(language.code, {})
    text = ""
    spans: list[tuple[int, int]] = []
    parted = False  # whether white space was written since the last word
    for token in tokens:
        say = _clean(token.say, language.code)
        if say:
            text += _between(text, say, parted, language.code)
            parted = False
        spans.append((len(text), len(text) + len(say)) if say else (_said(text, spans),) * 2)
        text += say
        mark = marks.get(token.pause, token.pause)
        if mark and text:
            # An emoji after a comma may end the sentence; no two marks follow each other.
            text = text[:-1] + mark if text[-1] in ",，" else text if text[-1] in ".?!。？！" else text + mark
        parted = parted or bool(token.gap)
    return text, spans


def _said(text: str, spans: list[tuple[int, int]]) -> int:
    """Where the last word ended."""
    return min(spans[-1][1], len(text)) if spans else 0


def _between(before: str, after: str, parted: bool, code: str) -> str:
    """What parts a word from the text before it."""
    if not before or before[-1] in "，。？！":
        return ""
    letters = UNSPACED.get(code)
    if letters and letters.match(before[-1]) and letters.match(after[0]):
        return " " if parted else ""
    return " "


def _clean(say: str, code: str) -> str:
    """What is said without signs that a voice might obey instead of reading, and without spaces that are not written."""
    say = unicodedata.normalize("NFC", say)
    words = "".join(" " if c in BRACKETS or unicodedata.category(c)[0] in "CZ" else c for c in say).split()
    clean = ""
    for word in words:
        clean += _between(clean, word, False, code) + word
    return clean
