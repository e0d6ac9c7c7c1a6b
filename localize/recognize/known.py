"""Known words and recognisers' pieces: which of the pieces are which word, and so when each word is heard.

A recogniser cuts a text as it was trained to: by bytes, by code points (Thai, Chinese), by spaces. Our words are cut otherwise. Both
are the same text, so they are laid side by side by their letters.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

# Written without spaces between words. A space between two of these would be read as the end of a phrase.
_UNSPACED = re.compile("[\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# The least that a word lasts. A recogniser can put several of its pieces at one moment, and a word that lasts nothing is never shown.
SHORTEST = 0.02  # s


@dataclass(frozen=True)
class Piece:
    """A piece of the text as the recogniser cut it, spaces included, and when it is heard, in seconds."""

    text: str
    start: float
    end: float


def joined(words: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """The words as one text, and where in it each of them stands (start, end); an empty word has an empty span."""
    text, spans = "", []
    for word in words:
        plain = " ".join(word.split())
        if plain and text and not (_UNSPACED.match(text[-1]) and _UNSPACED.match(plain[0])):
            text += " "
        spans.append((len(text), len(text) + len(plain)))
        text += plain
    return text, spans


def times(words: Sequence[str], pieces: Sequence[Piece], duration: float) -> list[tuple[float, float]]:
    """When each word is heard: (start, end) in seconds for each of `words`, in order, without overlap, within 0..`duration`.

    The pieces are of the same text in the same order; some may be missing, and spaces don't count. A word without a piece lies
    between its neighbours, as long as its letters ask for. An empty word has no length. Raises ValueError where no piece fits.
    """
    letters = [re.sub(r"\s+", "", word).casefold() for word in words]
    whole = "".join(letters)
    if not whole:
        return [(0.0, 0.0)] * len(words)
    points = _points(whole, pieces, duration)
    spans, now, at = [], 0.0, 0
    for word in letters:
        start, end = _between(points, at), _before(points, at + len(word))
        at += len(word)
        if not word:
            start = end = now
        spans.append((max(start, now), max(end, start, now)))
        now = spans[-1][1]
    return _lasting(spans, [bool(word) for word in letters], duration)


Point = tuple[float, float, float]  # a place between two letters; when the one before it ends, and the one after it begins


def _points(whole: str, pieces: Sequence[Piece], duration: float) -> list[Point]:
    """What the pieces tell: at which places in the text which moments are known, in order of both."""
    known: list[tuple[int, int, Piece]] = []
    at = 0
    for piece in pieces:
        text = re.sub(r"\s+", "", piece.text).casefold()
        found = whole.find(text, at) if text else -1
        # A recogniser's piece that is not of the text is left out; one found far ahead would take the words between with it.
        if found < 0 or found - at > 12 * len(text):
            continue
        known.append((found, found + len(text), piece))
        at = found + len(text)
    if not known:
        raise ValueError("none of the words was found in the sound")
    points: list[Point] = []
    now = 0.0
    for begin, stop, piece in known:
        start = min(max(piece.start, now), duration)
        end = min(max(piece.end, start), duration)
        if points and points[-1][0] == begin:
            points[-1] = (begin, points[-1][1], start)
        else:
            points.append((begin, start, start))
        points.append((stop, end, end))
        now = end
    # Letters before the first and after the last known piece share what sound is left there.
    first, last = points[0], points[-1]
    head = [(0.0, 0.0, 0.0)] if first[0] > 0 else []
    return [*head, *points, *([(len(whole), duration, duration)] if last[0] < len(whole) else [])]


def _between(points: Sequence[Point], place: float) -> float:
    """When the letter after `place` begins."""
    return _moment(points, place, 2)


def _before(points: Sequence[Point], place: float) -> float:
    """When the letter before `place` ends."""
    return _moment(points, place, 1)


def _moment(points: Sequence[Point], place: float, side: int) -> float:
    places = [p[0] for p in points]
    right = bisect_left(places, place)
    if right < len(points) and places[right] == place:
        return points[right][side]
    if right == 0 or right == len(points):
        return points[0][side] if right == 0 else points[-1][side]
    left = points[bisect_right(places, place) - 1]
    share = (place - left[0]) / (points[right][0] - left[0])
    return left[2] + share * (points[right][1] - left[2])


def _lasting(spans: list[tuple[float, float]], said: Sequence[bool], duration: float) -> list[tuple[float, float]]:
    """The spans with none of a said word shorter than SHORTEST, as far as the sound has room; neighbours give way."""
    count = sum(said)
    least = min(SHORTEST, duration / count) if count else 0.0
    out: list[tuple[float, float]] = []
    now = 0.0
    for (start, end), is_said in zip(spans, said, strict=True):
        start = max(start, now)
        end = max(end, start + least) if is_said else start
        out.append((start, end))
        now = end
    ceiling = duration
    for n in range(len(out) - 1, -1, -1):
        start, end = out[n]
        end = min(end, ceiling)
        start = min(start, end - least if said[n] else end)
        out[n] = (max(start, 0.0), max(end, 0.0))
        ceiling = out[n][0]
    return out
