"""Phonemes to mouth shapes: what a face does while a line is heard.

Works on cells of 5 ms: each phoneme paints its shapes, the sound's own level corrects them (a face does not stay
open on silence), and what is too short to be seen is given to its neighbours. Lips that close (A) or touch the
teeth (G) are never given away: their absence is what a viewer notices first.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from localize.domain import MOUTH_OPENING, Mouth, MouthShape
from localize.voice.polish import loudness

CELL = 0.005  # s
SHORTEST = 8  # cells a shape is held at least: 40 ms, about one frame of video
CLOSED = 10  # cells an A or G is held at least: 50 ms, so that a frame at 30 fps always falls in it
REST = 16  # cells of silence that relax the mouth: 80 ms
CLOSURE = 14  # cells before a stop's release in which the lips may already be shut: 70 ms
# dB against the line's loud parts: below HALF a wide vowel is half open, below NARROW all vowels are nearly closed
# (the edges of a syllable, a whispered end), below QUIET nothing is voiced.
HALF, NARROW, QUIET = -9.0, -20.0, -32.0

KEPT = ("A", "G")
OPEN = ("C", "D", "E", "H")


@dataclass(frozen=True)
class Phone:
    """One phoneme in IPA ("" for a pause) and when it is heard, in seconds."""

    name: str
    start: float
    end: float


# Each shape's letters in IPA. What is listed nowhere is a consonant made with the teeth together: B.
_LETTERS: dict[MouthShape, str] = {
    "A": "pbmɓʙ",
    "G": "fvɱʋ",
    "F": "wʍɥuʊyʏʉø",
    "E": "oɔɒœɞɵɜɝɚ",
    "D": "aɑɐʌæ",
    "C": "eɛəɘɤ",
    "B": "iɪɨᵻɯ",
    "H": "lɫɭɬɮʎ",
}
_SHAPES: dict[str, MouthShape] = {letter: shape for shape, letters in _LETTERS.items() for letter in letters}
_VOWEL = re.compile("[" + "".join(letter for letter, shape in _SHAPES.items() if shape in "BCDEF" and letter not in "wʍɥ") + "]")
_MANDARIN = {"o-": "ɤ", "i.": "ɨ"}  # the vowels of 的 and 是 in espeak's names
_OPEN_CONSONANTS = "hɦχxħʕʔ"  # made in the throat: the mouth is already where the next vowel needs it


def is_vowel(name: str) -> bool:
    """Whether a phoneme is a syllable's nucleus."""
    return bool(_VOWEL.search(_plain(name)))


def shapes(name: str) -> tuple[MouthShape, ...]:
    """The shapes of one phoneme in order: one, or one for each part of a diphthong. ("X",) for a pause."""
    name = _plain(name)
    if not name:
        return ("X",)
    vowels = _VOWEL.findall(name)
    if vowels:
        return tuple(shape for shape, _ in itertools.groupby(_SHAPES[v] for v in vowels))
    return (_SHAPES.get(name[0], "B"),)


def _plain(name: str) -> str:
    """Without stress and length marks, ties, diacritics and tone digits."""
    name = re.sub(r"[ˈˌːˑ'_|\d\u0300-\u036f]", "", name)
    return _MANDARIN.get(name, name)


def mouth_track(phones: Sequence[Phone], samples: npt.NDArray[np.float32], rate: int) -> tuple[Mouth, ...]:
    """The mouths of a sound (mono samples [n]) from its phones: from 0 to its end, without gap or overlap."""
    duration = len(samples) / rate
    level = loudness(samples, rate, hop=CELL)
    if not len(level):
        return ()
    cells = _painted(phones, len(level))
    _follow(cells, level - np.percentile(level, 95))
    _close(cells, phones, level - np.percentile(level, 95))
    _settle(cells)
    edges = [0, *(k for k in range(1, len(cells)) if cells[k] != cells[k - 1]), len(cells)]
    return tuple(Mouth(shape=cells[a], start=a * CELL, end=duration if b == len(cells) else b * CELL) for a, b in itertools.pairwise(edges))


def _cell(seconds: float, count: int) -> int:
    return min(max(round(seconds / CELL), 0), count)


def _painted(phones: Sequence[Phone], count: int) -> list[MouthShape]:
    cells: list[MouthShape] = ["X"] * count
    for k, phone in enumerate(phones):
        parts = shapes(phone.name)
        if phone.name and _plain(phone.name)[:1] in tuple(_OPEN_CONSONANTS) and k + 1 < len(phones):
            parts = shapes(phones[k + 1].name)[:1]
        start, end = _cell(phone.start, count), _cell(phone.end, count)
        if parts == ("H",) and end - start < SHORTEST + 4:
            parts = ("B",)  # the tongue is up and down again before it can be seen
        # The more open part of a diphthong is its core and lasts longer.
        shares = np.cumsum([0.0, *(0.6 + MOUTH_OPENING[part] for part in parts)])
        bounds = start + np.round((end - start) * shares / shares[-1]).astype(int)
        for part, a, b in zip(parts, bounds, bounds[1:], strict=False):
            cells[a:b] = [part] * (b - a)
    return cells


def _follow(cells: list[MouthShape], level: npt.NDArray[np.float64]) -> None:
    """Let the sound's level (dB against its loud parts, one a cell) correct the shapes in place."""
    for k, shape in enumerate(cells):
        if shape in OPEN and level[k] < NARROW:
            cells[k] = "B"
        elif shape == "D" and level[k] < HALF:
            cells[k] = "C"
    quiet = [bool(x < QUIET) for x in level]
    start = 0
    for hushed, run in itertools.groupby(quiet):
        end = start + len(list(run))
        if hushed and end - start >= REST:
            cells[start:end] = ["X"] * (end - start)
        start = end


def _close(cells: list[MouthShape], phones: Sequence[Phone], level: npt.NDArray[np.float64]) -> None:
    """Shut the lips over the silence before a p, b or m, and long enough to be seen."""
    for phone in phones:
        shape = shapes(phone.name)[0]
        if shape not in KEPT:
            continue
        start, end = _cell(phone.start, len(cells)), _cell(phone.end, len(cells))
        earliest = max(0, start - CLOSURE)
        while start > earliest and level[start - 1] < NARROW and cells[start - 1] not in KEPT:
            start -= 1
        while end - start < CLOSED and start > earliest and cells[start - 1] not in KEPT:
            start -= 1
        end = min(max(end, start + CLOSED), len(cells))
        for k in range(start, end):
            if k < _cell(phone.end, len(cells)) or cells[k] not in KEPT:
                cells[k] = shape


def _settle(cells: list[MouthShape]) -> None:
    """Give runs too short to be seen to the neighbour nearest in opening, in place, shortest first."""
    while True:
        edges = [0, *(k for k in range(1, len(cells)) if cells[k] != cells[k - 1]), len(cells)]
        runs = [(b - a, a, b) for a, b in itertools.pairwise(edges)]
        # Silence at either end is rest even where it is short: nothing is said there.
        rest = [REST if a > 0 and b < len(cells) else SHORTEST for _, a, b in runs]
        short = [
            run
            for run, r in zip(runs, rest, strict=True)
            if cells[run[1]] not in KEPT and run[0] < (r if cells[run[1]] == "X" else SHORTEST)
        ]
        if not short or len(runs) == 1:
            return
        _, a, b = min(short)
        opening = MOUTH_OPENING["B" if cells[a] == "X" else cells[a]]
        beside = [cells[k] for k in (a - 1, b) if 0 <= k < len(cells)]
        # An A or G must not grow over a whole vowel, so a neighbour that is neither is taken when there is one.
        free = [s for s in beside if s not in KEPT and s != "X"] or beside
        new = min(free, key=lambda s: abs(MOUTH_OPENING[s] - opening))
        cells[a:b] = [new] * (b - a)
