"""Thai words: where they begin and end in a run of letters without spaces.

PyThaiNLP's newmm finds the fewest words, and among equally few any: บอกว่า may come out as บอ + กว่า, อันตรายได้ as
อันต + รายได้. So its words are only one offer here, beside every other word of the dictionary; the cheapest way through
the run is taken, where each word costs a fixed price and more the rarer it is.
"""

from __future__ import annotations

import math
from functools import cache

from pythainlp.corpus import thai_words
from pythainlp.corpus.tnc import unigram_word_freqs
from pythainlp.tokenize.newmm import segment
from pythainlp.tokenize.tcc_p import tcc_pos_array
from pythainlp.util import Trie

from localize.assets import ASSETS

A_WORD = 12.0  # what any word costs, in units of ln(1/frequency): few words before frequent words
SELLING = 100  # how often a word of our own list counts as seen
UNKNOWN = 12.0  # what a stretch costs that newmm takes for a name, more than any word


def cut(run: str) -> list[str]:
    """The words of a run of Thai letters. Joined they give the run."""
    fits, known = tcc_pos_array(run), _dictionary()
    offers: list[dict[int, float]] = [{} for _ in run]  # from each offset to others, and what that costs
    at = 0
    for word in segment(run, custom_dict=known):
        offers[at][at + len(word)] = _cost(word) + (0.0 if word in known else UNKNOWN + len(word))
        at += len(word)
    best: list[tuple[float, int]] = [(0.0, 0)] + [(math.inf, 0)] * len(run)
    for start in range(len(run)):
        if best[start][0] == math.inf:
            continue
        for word in known.prefixes(run, start):
            if start + len(word) == len(run) or fits[start + len(word)]:
                offers[start].setdefault(start + len(word), _cost(word))
        for end, cost in offers[start].items():
            best[end] = min(best[end], (best[start][0] + cost, start))
    words, end = [], len(run)
    while end:
        words.append(run[best[end][1] : end])
        end = best[end][1]
    return words[::-1]


@cache
def _dictionary() -> Trie:
    """PyThaiNLP's words and those of selling that it lacks."""
    return Trie([*thai_words(), *_selling()])


@cache
def _selling() -> frozenset[str]:
    return frozenset((ASSETS / "languages" / "th_words.txt").read_text("utf-8").split())


@cache
def _frequencies() -> tuple[dict[str, int], int]:
    """How often each word stands in the Thai National Corpus, and how many words that has."""
    seen = dict(unigram_word_freqs())
    return seen, sum(seen.values())


def _cost(word: str) -> float:
    seen, total = _frequencies()
    return A_WORD + math.log(total / (seen.get(word, 0) + (SELLING if word in _selling() else 0.5)))
