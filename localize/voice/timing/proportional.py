"""Times of words where nothing better is to be had: the time in which something is heard, shared by the length of the words.

Pauses are found in the sound and given to the ends of words that lie nearest, first of all to those with punctuation.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from localize import pace
from localize.languages import Language, Token
from localize.voice import Samples
from localize.voice.polish import loudness

Span = tuple[float, float]

HOP = 0.010  # s
SPEECH = 34.0  # dB under a sound's loud parts: what is softer is no speech
NOISE = 6.0  # dB over the softest parts: what is softer is the room's noise
AUDIBLE = -75.0  # dBFS: a sound whose loud parts are softer is silence
PAUSE = 0.12  # s: shorter silences are stops inside words
MARKED = 0.3  # s by which a pause may lie further from an end of a word with punctuation than from one without
STRADDLED = 0.6  # s: a pause that lies further from every end of a word is left inside of one
SHORTEST = 0.06  # s that a word weighs at least


@dataclass(frozen=True)
class Hearing:
    """What is heard in a sound, cell by cell [n]: the level in dBFS, whether it is speech; and below which level is silence."""

    level: npt.NDArray[np.float64]
    speech: npt.NDArray[np.bool_]
    silent: float


def hearing(samples: Samples, rate: int, hop: float = HOP) -> Hearing:
    """Tell speech from silence in a mono sound [n], in cells of `hop` seconds."""
    level = loudness(samples, rate, hop=hop)
    if not len(level) or (top := float(np.percentile(level, 95))) < AUDIBLE:
        return Hearing(level, np.zeros(len(level), np.bool_), 0.0)
    # A sound without any silence has its softest parts in its words: they must not count as noise.
    silent = max(min(float(np.percentile(level, 3)) + NOISE, top - 12), top - SPEECH)
    return Hearing(level, level > silent, silent)


def share(samples: Samples, rate: int, tokens: Sequence[Token], language: Language) -> list[Span]:
    """A span in seconds for each token, in order and within the mono sound [n]; tokens that are not said have no length."""
    said = [k for k, token in enumerate(tokens) if token.say]
    speech = hearing(samples, rate).speech
    if not speech.any():
        speech = np.ones(max(len(speech), 1), np.bool_)
    duration = len(samples) / rate
    pauses = _pauses(speech)
    for start, end in itertools.pairwise([0, *(edge for pause in pauses for edge in pause), len(speech)]):
        if (start, end) not in pauses:
            speech[start:end] = True
    # Lengths are laid out over heard time, in which pauses have none; the way back gives the times.
    clock = np.concatenate([[0.0], np.cumsum(speech)]) * HOP
    weights = np.array([max(pace.seconds(tokens[k].say, language.code) - pace.seconds("", language.code), SHORTEST) for k in said])
    ends = np.concatenate([[0.0], np.cumsum(weights)]) * (clock[-1] / max(weights.sum(), SHORTEST))
    inner = [pause for pause in pauses if pause[0] > 0 and pause[1] < len(speech)]
    at = _matched([float(clock[a]) for a, _ in inner], ends, [bool(tokens[k].pause) for k in said])
    known = [(0, 0.0), *((end, float(clock[inner[k][0]])) for k, end in at), (len(said), float(clock[-1]))]
    places = np.interp(ends, [ends[end] for end, _ in known], [place for _, place in known])
    spans, now = [], 0.0
    order = iter(range(len(said)))
    for token in tokens:
        if token.say:
            k = next(order)
            first = np.searchsorted(clock, places[k] + 1e-9, "right") - 1
            last = np.searchsorted(clock, places[k + 1] - 1e-9, "left")
            start = max(now, min(first * HOP + (places[k] - clock[first]), duration))
            now = max(start, min(last * HOP - (clock[last] - places[k + 1]), duration))
            spans.append((start, now))
        else:
            spans.append((now, now))
    return spans


def _pauses(speech: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The silences that are pauses, and those at both ends whatever their length, as (first, last + 1) cells."""
    found, start = [], 0
    for heard, run in itertools.groupby(speech.tolist()):
        end = start + len(list(run))
        if not heard and (end - start >= PAUSE / HOP or start == 0 or end == len(speech)):
            found.append((start, end))
        start = end
    return found


def _matched(pauses: Sequence[float], ends: npt.NDArray[np.float64], marked: Sequence[bool]) -> list[tuple[int, int]]:
    """Give pauses (places in heard time) to ends of words, in order: [(pause, number of the word that follows), ...].

    `ends` has the expected place of every word's beginning and the last one's end, `marked` says after which is punctuation.
    """
    best: list[tuple[float, list[tuple[int, int]]]] = [(0.0, [])] * len(ends)  # by how many words are used up
    for p, place in enumerate(pauses):
        using: list[tuple[float, list[tuple[int, int]]]] = []
        for b in range(len(ends)):
            choices = [(best[b][0] + STRADDLED, best[b][1])]
            if 0 < b < len(ends) - 1:
                away = abs(place - float(ends[b])) - MARKED * marked[b - 1]
                choices.append((best[b - 1][0] + away, [*best[b - 1][1], (p, b)]))
            if b:
                choices.append(using[b - 1])
            using.append(min(choices, key=lambda choice: choice[0]))
        best = using
    return best[-1][1]
