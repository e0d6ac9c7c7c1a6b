"""A text cut into Tokens: where a line may break, what is said, where a voice pauses.

Three passes: what is written in figures and codes is found (`written`), the rest is cut into pieces of one kind
(words, opening and closing punctuation, signs, pictures), and pieces that must not be parted are put together:
punctuation stays on its word, and no cut falls inside a grapheme cluster or before a Thai vowel or tone mark.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Literal

from localize.languages import signs, written
from localize.languages.base import Token

if TYPE_CHECKING:
    from localize.languages.spoken import Spoken

Kind = Literal["gap", "word", "latin", "span", "open", "close", "sign", "picture"]

# A Thai space parts clauses when a phrase of at least this many words came before it.
PHRASE = 4

SIGNS = "+&=@×"
PAUSES = (("?", "?？؟"), ("!", "!！"), (".", ".．。…๚๛"), (",", ",，、;；:：—–|/~·"))
NEVER_LAST = "เแโใไ"  # Thai vowels written before their consonant
NEVER_FIRST = "ะาำๅๆฯ"  # and those after it, and the signs that repeat or shorten a word
SILENT = re.compile("[ก-ฮ][ิุ]?์")  # a letter that is not heard ends a syllable: โกว์
# Thai particles that close a sentence: a line starting with one reads as a slip.
CLOSING = frozenset({"ค่ะ", "คะ", "ครับ", "นะ", "นะคะ", "นะครับ", "จ้า", "ค่า"})
UPWARD = "起"  # ¥89.9起 is "from ¥89.9": the figure alone would say another price
JOINERS = "\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2"  # with the character after them


@dataclass
class Piece:
    text: str  # as written
    kind: Kind
    words: list[str] = field(default_factory=list)


def read(language: Spoken, text: str) -> list[Token]:
    """The tokens of a text without its outer white space. See Language.read."""
    text = text.strip()
    pieces = list(_pieces(language, text))
    return _paused(language, [_token(language, group) for group in _grouped(pieces)])


# Pieces --------------------------------------------------------------------------------------------------------------


def _pieces(language: Spoken, text: str) -> Iterator[Piece]:
    folded = signs.fold(text)
    kinds = _kinds(language, folded)
    ends = _word_ends(language, folded, kinds)
    at = 0
    for span in written.reader(language).find(folded, ends):
        yield from _plain(language, text, folded, kinds, ends, at, span.start)
        yield Piece(text[span.start : span.end], "span", list(span.words))
        at = span.end
    yield from _plain(language, text, folded, kinds, ends, at, len(text))


def _kinds(language: Spoken, folded: str) -> list[str]:
    """The kind of each character; `own` marks the language's own letters."""
    kinds: list[str] = []
    for i, c in enumerate(folded):
        before, after = folded[i - 1] if i else "", folded[i + 1] if i + 1 < len(folded) else ""
        kind = _kind(c)
        if language.own.match(c):
            kind = "own"
        elif unicodedata.category(c)[0] == "M":
            kind = kinds[-1] if kinds and kinds[-1] in ("own", "latin", "word", "picture") else "close"
        elif c in "'-." and before.isalpha() and after.isalpha() and signs.is_latin(before) and signs.is_latin(after):
            kind = "latin"  # L'Oréal, Wi-Fi, shop.com
        elif c in "\"'":
            kind = "open" if (not before or before.isspace() or kinds[-1] == "open") and after and not after.isspace() else "close"
        elif c == "#" and (not after or after.isspace()):
            kind = "close"
        kinds.append(kind)
    return kinds


@cache
def _kind(c: str) -> str:
    category = unicodedata.category(c)
    if c.isspace():
        return "gap"
    if category[0] == "L" or c == "〇":
        return "latin" if signs.is_latin(c) else "word"
    if c in SIGNS:
        return "sign"
    if category in ("Ps", "Pi") or c in "#¿¡":
        return "open"
    if c in "*•†‡★☆":
        return "picture"
    if category[0] == "P" or c in "~|™®©°`^" or category == "Cf":
        return "close"
    return "picture"


def _word_ends(language: Spoken, folded: str, kinds: list[str]) -> set[int]:
    """The offsets where words of the language's own script end."""
    ends: set[int] = set()
    for start, end in _runs(kinds, 0, len(kinds)):
        if kinds[start] == "own":
            at = start
            for word in language.split(folded[start:end]):
                at += len(word)
                ends.add(at)
    return ends


def _runs(kinds: list[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Stretches of one kind; punctuation and signs stand alone."""
    at = start
    for i in range(start + 1, end + 1):
        if i == end or kinds[i] != kinds[at] or kinds[i] in ("open", "close", "sign"):
            yield at, i
            at = i


def _plain(language: Spoken, text: str, folded: str, kinds: list[str], ends: set[int], start: int, end: int) -> Iterator[Piece]:
    """The pieces of a stretch in which nothing is written in figures."""
    for begin, stop in _runs(kinds, start, end) if start < end else ():
        kind = kinds[begin]
        cuts = [begin, *sorted(e for e in ends if begin < e < stop), stop] if kind == "own" else [begin, stop]
        for a, b in pairwise(cuts):
            after_word = a > 0 and (folded[a - 1].isalnum() or folded[a - 1] == "+") and not folded[b : b + 1].isalnum()
            yield _piece(language, text[a:b], "++" if folded[a:b] == "+" and after_word else folded[a:b], kind)


def _piece(language: Spoken, text: str, folded: str, kind: str) -> Piece:
    if kind in ("own", "word"):
        return Piece(text, "word", _letters_only(folded))
    if kind == "latin":
        words = [w for part in folded.replace("-", " ").replace(".", " ").split() for w in _latin(language, part)]
        return Piece(text, "latin", words)
    if kind == "sign":
        return Piece(text, "sign", [language.signs[folded]])
    if kind == "picture":
        figures = [unicodedata.digit(c, -1) for c in folded if c not in "\u20e3\ufe0f"]
        return Piece(text, "picture", [w for f in figures if f >= 0 for w in language.integer(f)])
    return Piece(text, "gap" if kind == "gap" else "open" if kind == "open" else "close")


def _latin(language: Spoken, word: str) -> list[str]:
    return written.letters(word, language) if written.spelled(word, language) else _letters_only(word)


def _letters_only(word: str) -> list[str]:
    """The word without anything a voice has no sound for; an apostrophe inside it is spelling and stays."""
    kept = "".join(c if c in "'〇" or (unicodedata.category(c)[0] in "LM" and unicodedata.category(c) != "Me") else " " for c in word)
    kept = "".join(c for c in kept if not "\ufe00" <= c <= "\ufe0f")
    return [part for w in kept.split() if (part := w.strip("'")) and any(unicodedata.category(c)[0] == "L" or c == "〇" for c in part)]


# Groups --------------------------------------------------------------------------------------------------------------


def _grouped(pieces: list[Piece]) -> list[list[Piece]]:
    """The pieces of each token, the gap after it last."""
    groups: list[list[Piece]] = []
    for piece in pieces:
        if groups and (piece.kind == "gap" or _stays(groups[-1], piece)):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return groups


def _stays(group: list[Piece], piece: Piece) -> bool:
    """Whether a line must not break before `piece`."""
    last = next(p for p in reversed(group) if p.kind != "gap")
    apart = group[-1].kind == "gap"
    if piece.kind == "close" or last.kind == "open" or piece.text[0] in NEVER_FIRST:
        return True
    if not apart and piece.text == UPWARD and last.kind == "span":
        return True
    if not apart and piece.kind == "word" and last.kind == "word" and (piece.text in CLOSING or _left_over(piece.text)):
        return True
    if all(p.kind in ("close", "gap") for p in group):  # closing signs at the very beginning
        return True
    if not apart and "sign" in (piece.kind, last.kind) and "picture" not in (piece.kind, last.kind):
        return True
    return last.text[-1] in NEVER_LAST or _one_cluster(group[-1].text[-1], piece.text[0])


def _left_over(text: str) -> bool:
    """Whether a Thai piece is no word but the end of the name before it: ว์ of กลาสโกว์, a lone ซ."""
    return SILENT.match(text) is not None or (len(text) == 1 and "ก" <= text <= "ฮ" and text != "ณ")


def _one_cluster(a: str, b: str) -> bool:
    """Whether `b` extends the character `a` before it: marks, joined emoji, skin tones, flags, Hangul parts."""
    if unicodedata.category(b)[0] == "M" or b in "\u200c\u200d\u0eb3\uff9e\uff9f" or "\U0001f3fb" <= b <= "\U0001f3ff":
        return True
    if "\U000e0020" <= b <= "\U000e007f" or "\u1160" <= b <= "\u11ff" or "\ud7b0" <= b <= "\ud7ff":
        return True
    if a in JOINERS:
        return True
    both = a + b
    return all("\U0001f1e6" <= c <= "\U0001f1ff" for c in both) or (
        "\u1100" <= a <= "\u115f" and unicodedata.name(b, "").startswith("HANGUL")
    )


# Tokens --------------------------------------------------------------------------------------------------------------


def _token(language: Spoken, group: list[Piece]) -> Token:
    gap = group[-1].text if group[-1].kind == "gap" else ""
    body = group[:-1] if gap else group
    words: list[str] = []
    for before, p in zip([None, *body], body, strict=False):
        if before and before.kind == "word" and p.kind == "word" and words and _left_over(p.text):
            words[-1] += "".join(p.words)
        else:
            words += p.words or ([p.text] if p.text == "ๆ" else [])
    words = language.said(words)
    return Token("".join(p.text for p in body), language.utter(words), gap, _pause(body, gap))


def _pause(body: list[Piece], gap: str) -> str:
    tail = ""
    for i in range(len(body) - 1, -1, -1):
        if body[i].kind not in ("close", "gap"):
            break
        dash = body[i].text == "-" and i and body[i - 1].kind == "gap"
        tail = ("—" if dash else body[i].text) + tail
    if tail == "".join(p.text for p in body):
        return ""  # nothing but punctuation: there was no word to pause after
    for pause, marks in PAUSES:
        if any(c in marks for c in tail):
            return pause
    return "." if "\n" in gap else ""


def _paused(language: Spoken, tokens: list[Token]) -> list[Token]:
    """With the light pauses of spaces, where a language parts its clauses by them."""
    out: list[Token] = []
    spoken = 0
    for token, following in zip_longest(tokens, tokens[1:]):
        spoken += bool(token.say)
        clause = bool(token.gap) and following is not None and language.begins_clause(token, following)
        if not token.pause and clause and spoken >= PHRASE:
            token = Token(token.text, token.say, token.gap, ",")
        spoken = 0 if token.pause else spoken
        out.append(token)
    return out
