"""Sentences: rebuilt from a transcript's cues or a recognizer's words.

A sentence is what is translated and spoken at once. It ends at its sign, at a pause, at a change of speaker; one that is too long
to be said at one go is cut where it hurts least.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from localize import languages
from localize.dub import Sentence, Spot
from localize.languages import Token

LONGEST, MOST = 12.0, 200  # s and letters of a sentence: no voice says more at one go
PAUSE = 0.7  # s after which a new sentence begins, whatever signs there are
# Captions without a sign at an end are cut at the ends of cues that come after so many seconds.
ENOUGH = 3.0
UNSIGNED = frozenset(("th", "lo", "km", "my"))  # written without signs at ends
SIGNED = 25.0  # s of speech in which at least one sign ends a sentence, where a writer sets them

_END = re.compile(r"(?:[.?!。？！．｡]+|…+|\.{2,}|๚|๛)[\"'”’»)\]）」』】]*$")
_FULL = re.compile(r"[?!。？！．｡][\"'”’»)\]）」』】]*$")
_COMMA = re.compile(r"[,;:，、；：–—][\"'”’»)\]）」』】]*$")
# Words whose point ends no sentence: titles, streets, numbers, of our languages and those that sellers write.
_SHORT = re.compile(
    "mr|mrs|ms|dr|prof|sr|jr|st|ave|vs|etc|eg|ie|approx|dept|est|inc|ltd|co|corp|ed|gen|col|sgt|capt|rev|hon|jan|feb|aug|sep|sept|oct|nov|"
    "dec|tp|ths|ts|pgs|bs|gs|q|tx|tt|bpk|sdr|yth|jl|dll|dsb|dst|rp"
)
_BEFORE_NUMBERS = re.compile("no|nr|fig|vol|tel|art|p|pp|hlm|tgl|mar|apr|jun|jul")
_INITIAL = re.compile(r"^[\"'(“‘]*(?:[^\W\d_]\.)+$")  # J. and U.S. and ก.พ.
_THAI_SHORT = re.compile(r"^(?:[เแโ]?[ก-ฮ]{1,3}[ิีุู]?\.)+$")


@dataclass(frozen=True)
class Piece:
    """A part of a talk with its time: a cue (several words, whose times are shared by letters) or a recognizer's word.

    `gap` is what is written between it and the next one (None: as its script does); after one that `breaks`, a sentence ends.
    """

    text: str
    start: float
    end: float
    speaker: int = 0
    confidence: float = 1.0
    gap: str | None = None
    breaks: bool = False


@dataclass(frozen=True)
class _Word:
    """A word, what is written after it, and what it is the end of: a `cue`, and perhaps one that `breaks`."""

    text: str
    gap: str
    start: float
    end: float
    speaker: int
    confidence: float
    cue: bool = False
    breaks: bool = False


def sentences_of(pieces: Sequence[Piece], language: str, *, timed: bool = False) -> tuple[Sentence, ...]:
    """The sentences that pieces in order of time make. With `timed` the pieces are words whose times are known, and the sentences
    keep them; else a piece's time is shared by its words' letters."""
    words = [word for piece in (_with_gaps(pieces) if pieces else ()) for word in ([_whole(piece)] if timed else _shared(piece, language))]
    made: list[Sentence] = []
    for run in _runs(words, unsigned=language in UNSIGNED):
        made += [_sentence(part, timed) for part in _cut(run)]
    return tuple(made)


def tokens_of(text: str, language: str) -> list[Token]:
    """A text's tokens; of a language that crossreel does not speak, its words by their spaces, and signs that stand alone."""
    if language in languages.codes():
        return languages.get(language).read(text)
    cut = re.findall(r"[\u2e80-\u9fff\uac00-\ud7af]|[^\s\u2e80-\u9fff\uac00-\ud7af]+", text)
    out, at = [], 0
    for word in cut:
        at = text.index(word, at) + len(word)
        gap = " " if text[at : at + 1].isspace() else ""
        out.append(Token(word, "".join(c for c in word if c.isalnum()), gap))
    return _joined_signs(out)


def ends(text: str, after: str = "", *, first: bool = False) -> bool:
    """Whether a sentence ends with the word `text`, when the word `after` follows ("": none does). A number that is the sentence's
    `first` word counts a list's items."""
    found = _END.search(text)
    if not found or not after:
        return bool(found)
    if _FULL.search(text):
        return True
    bare = text[: found.start()].strip("\"'(“‘[").casefold()
    if _SHORT.fullmatch(bare) or _INITIAL.match(text) or _THAI_SHORT.match(text) or (first and bare.isdecimal() and len(bare) < 3):
        return False
    letter = next((c for c in after if c.isalnum()), "")
    if _BEFORE_NUMBERS.fullmatch(bare) and letter.isdecimal():
        return False
    # A lower-case word after a point goes on with what was said.
    return not letter.islower()


# ---- words


def _with_gaps(pieces: Sequence[Piece]) -> list[Piece]:
    """Nothing is written between two pieces of a script without spaces, else a space."""
    out = []
    for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
        text = " ".join(piece.text.split())
        if text:
            tight = after is not None and _unspaced(text[-1]) and _unspaced(after.text.strip()[:1])
            out.append(replace(piece, text=text, gap=("" if tight else " ") if piece.gap is None else piece.gap))
    return out


def _unspaced(c: str) -> bool:
    return bool(c) and ("\u2e80" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef")


def _whole(piece: Piece) -> _Word:
    return _Word(piece.text, piece.gap or "", piece.start, piece.end, piece.speaker, piece.confidence, breaks=piece.breaks)


def _shared(piece: Piece, language: str) -> list[_Word]:
    tokens = tokens_of(piece.text, language)
    total = sum(len(token.text) for token in tokens) or 1
    words, now = [], piece.start
    for n, token in enumerate(tokens):
        end = now + (piece.end - piece.start) * len(token.text) / total
        last = n == len(tokens) - 1
        words.append(
            _Word(token.text, (piece.gap or "") if last else token.gap, now, piece.end if last else end, piece.speaker, piece.confidence,
                  cue=last, breaks=last and piece.breaks)
        )  # fmt: skip
        now = end
    return words


def _joined_signs(tokens: list[Token]) -> list[Token]:
    out: list[Token] = []
    for token in tokens:
        if out and not token.say and not out[-1].gap:
            out[-1] = Token(out[-1].text + token.text, out[-1].say, token.gap)
        else:
            out.append(token)
    return out


# ---- where sentences end


def _runs(words: Sequence[_Word], unsigned: bool) -> list[list[_Word]]:
    """The words of each sentence, as signs, pauses and speakers tell."""
    seconds = sum(word.end - word.start for word in words)
    signs = sum(ends(a.text, b.text) for a, b in itertools.pairwise(words))
    unsigned = unsigned or signs * SIGNED < seconds - SIGNED
    runs: list[list[_Word]] = []
    run: list[_Word] = []
    if not words:
        return []
    for word, after in zip(words, [*words[1:], None], strict=True):
        run.append(word)
        if after is None:
            continue
        over = word.breaks or after.speaker != word.speaker or after.start - word.end > PAUSE
        over = over or ends(word.text, after.text, first=len(run) == 1)
        if over or (unsigned and word.cue and word.end - run[0].start >= ENOUGH):
            runs.append(run)
            run = []
    return [*runs, run] if run else runs


def _cut(run: list[_Word]) -> list[list[_Word]]:
    """A sentence's words in as few parts as are short enough, cut where it hurts least: at pauses, commas, ends of cues."""
    if _fits(run):
        return [run]
    count = len(run)
    best: list[tuple[float, int]] = [(0.0, 0)] + [(float("inf"), 0)] * count
    for end in range(1, count + 1):
        for start in range(end - 1, -1, -1):
            part = run[start:end]
            if not _fits(part) and end - start > 1:
                break
            seconds = part[-1].end - part[0].start
            cost = best[start][0] + 3.0 + max(0.0, 2.0 - seconds) * 2 + (_price(run[end - 1], run[end]) if end < count else 0.0)
            if cost < best[end][0]:
                best[end] = (cost, start)
    parts, end = [], count
    while end:
        start = best[end][1]
        parts.append(run[start:end])
        end = start
    return parts[::-1]


def _fits(part: Sequence[_Word]) -> bool:
    return part[-1].end - part[0].start <= LONGEST and sum(len(w.text) + len(w.gap) for w in part) <= MOST


def _price(word: _Word, after: _Word) -> float:
    """What it costs to cut between two words of a sentence."""
    pause = min(after.start - word.end, 0.5)
    sign = 0.0 if _COMMA.search(word.text) else 1.5 if word.cue else 2.0 if word.gap and not _latin(word.text) else 4.0
    return max(0.0, sign - 6.0 * pause)


def _latin(text: str) -> bool:
    return any(c.isalpha() and c < "\u1f00" for c in text)


def _sentence(words: Sequence[_Word], timed: bool) -> Sentence:
    text = "".join(word.text + word.gap for word in words).strip()
    letters = [max(len(word.text), 1) for word in words]
    confidence = sum(n * word.confidence for n, word in zip(letters, words, strict=True)) / sum(letters)
    spots = tuple(Spot(text=w.text, start=w.start, end=w.end, confidence=w.confidence) for w in words) if timed else ()
    return Sentence(
        text=text, start=words[0].start, end=words[-1].end, speaker=words[0].speaker, confidence=round(confidence, 4), words=spots
    )  # fmt: skip
