"""Thai words to sounds: syllables, readable IPA, and phonemes for espeak-ng.

Words are read by rule (`thai_syllables`); parts of a compound that are words themselves may be read on their own, and
what no rule can know (ได้, ผลไม้, คอมพิวเตอร์) stands in `assets/thai/exceptions.tsv`.

espeak-ng's own Thai letter-to-sound only knows the letters one by one, so it is given phonemes: `[[` + a word's
phonemes + `]]`. They are those of the phoneme table of its voice `th`, which is the table of Shan, a neighbour of
Thai: vowels without length (`:` lengthens any of them), glide diphthongs as one phoneme, tone digits after the vowel.
The digits only bend the voice where espeak speaks by the rules of a tone language (as its voices `vi` and `shn` do).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

from pythainlp.corpus import tnc

from localize.languages.thai_syllables import (
    COST,
    FALLING,
    HIGH,
    LOW,
    MID,
    RISING,
    Reading,
    Syllable,
    by_rules,
    cheapest,
    letters,
    readings,
    spelled,
    without_killed,
)  # fmt: skip

__all__ = ["Syllable", "exceptions", "ipa", "letter_name", "phonemes", "syllables"]

_EXCEPTIONS = Path(__file__).parents[2] / "assets" / "thai" / "exceptions.tsv"
_LONGEST = 20  # letters of a word inside a word

_TONES = {MID: "3", LOW: "2", FALLING: "5", HIGH: "4", RISING: "1"}
# ia, ɯa and ua are two vowels to espeak, each with a tone of its own: what comes first leads into the second's.
_TONES_BEFORE = {MID: "3", LOW: "2", FALLING: "4", HIGH: "4", RISING: "2"}
# c is the short, unaspirated affricate of จ, tS the long one of ช; * is a tapped r, which inside a cluster leaves a gap.
_INITIALS = {
    "p": "p", "pʰ": "p_h", "b": "b", "t": "t", "tʰ": "t_h", "d": "d", "k": "k", "kʰ": "k_h", "ʔ": "?", "tɕ": "c",
    "tɕʰ": "tS", "f": "f", "s": "s", "h": "h", "m": "m", "n": "n", "ŋ": "N", "j": "j", "w": "w", "r": "*", "l": "l",
}  # fmt: skip
_VOWELS = {"a": "a", "e": "e", "ɛ": "E", "i": "i", "ɯ": "W", "u": "u", "o": "o", "ɔ": "O", "ɤ": "@"}
_FINALS = {"p": "p", "t": "t", "k": "k", "m": "m", "n": "n", "ŋ": "N", "j": "j", "w": "w", "": ""}
_GLIDES = {"aj": "ai", "aːj": "a:i", "uj": "ui", "oj": "oi", "ɔj": "Oi", "ɤj": "@i", "ɯj": "Wi",
           "aw": "au", "aːw": "a:u", "iw": "iu", "ew": "eu", "ɛw": "Eu"}  # fmt: skip

_LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
    "เอ", "บี", "ซี", "ดี", "อี", "เอฟ", "จี", "เอช", "ไอ", "เจ", "เค", "แอล", "เอ็ม", "เอ็น", "โอ", "พี", "คิว",
    "อาร์", "เอส", "ที", "ยู", "วี", "ดับเบิลยู", "เอ็กซ์", "วาย", "แซด"), strict=True))  # fmt: skip

_IPA_TONES = {MID: "˧", LOW: "˨˩", FALLING: "˥˩", HIGH: "˦˥", RISING: "˩˩˦"}


def letter_name(letter: str) -> str:
    """The Thai name of a Latin letter, in Thai spelling (A -> เอ); "" for anything else."""
    return _LETTERS.get(letter.upper(), "")


def ipa(word: str) -> str:
    """How a Thai word sounds, syllables separated by dots: สวัสดี -> sa˨˩.wat̚˨˩.diː˧."""
    return ".".join(map(_ipa, syllables(word)))


def _ipa(s: Syllable) -> str:
    stop = "\u031a" if s.final in ("p", "t", "k") else ""
    length = "ː" if s.long and len(s.vowel) == 1 else ""
    return f"{s.initial}{s.vowel}{length}{s.final}{stop}{_IPA_TONES[s.tone]}"


@cache
def exceptions() -> dict[str, tuple[Syllable, ...]]:
    """The words no rule can read, by their letters (with a trailing -: only before more letters)."""
    listed = {}
    for line in _EXCEPTIONS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            word, said = line.split("\t")
            listed[letters(word) + "-" * word.endswith("-")] = tuple(map(spelled, said.split("-")))
    return listed


@cache
def _dictionary() -> frozenset[str]:
    """Words that may stand inside other words: those of the Thai National Corpus, without the rare and the short."""
    return frozenset(letters(word) for word, count in tnc.unigram_word_freqs().items() if count >= 50 and len(word) > 2)


def syllables(word: str) -> list[Syllable]:
    """The syllables of one Thai word, in order; ๆ says what stands before it again. Other characters are ignored."""
    said: list[Syllable] = []
    for i, part in enumerate(re.split("(ๆ)", word)):
        said += said if i % 2 else _read(letters(part))
    return said


@lru_cache(maxsize=50_000)
def _read(word: str) -> tuple[Syllable, ...]:
    if word in exceptions():
        return exceptions()[word]
    plain, places = without_killed(word)

    def edges(text: str, at: int) -> Iterator[Reading]:
        """Syllables by rule, and the exceptions and words of the dictionary that can begin at `at`."""
        yield from readings(text, at)
        yield Reading(at + 1, COST["skipped"], ())
        for end in range(at + 2, min(len(text), at + _LONGEST) + 1):
            piece = word[places[at] : places[end]]
            listed = (exceptions().get(piece + "-") if end < len(text) else None) or exceptions().get(piece)
            if listed:
                yield Reading(end, COST["listed"] * len(listed), listed)
            elif piece in _dictionary() and (read := by_rules(piece)):
                yield Reading(end, COST["known"] * read[0], read[1])

    parsed = cheapest(plain, edges)
    if not parsed:
        return ()
    said = parsed[1]
    if re.search("เ..?อร์$", word) and len(said) > 1:  # คอมพิวเตอร์: the English ending -er falls
        said = (*said[:-1], replace(said[-1], tone=FALLING))
    return said


@lru_cache(maxsize=50_000)
def phonemes(word: str) -> str:
    """One Thai word as espeak-ng phonemes of the table `th`, without the [[ ]]; "" if it has no Thai letters.

    >>> phonemes("สวัสดี")
    'sa2wa2tdi:3'
    """
    return "".join(map(_phonemes, syllables(word)))


def _phonemes(s: Syllable) -> str:
    return _initial(s.initial) + _rime(s)


def _initial(sound: str) -> str:
    if sound in _INITIALS:
        return _INITIALS[sound]
    return _INITIALS[sound[:-1]] + sound[-1]


def _rime(s: Syllable) -> str:
    tone = _TONES[s.tone]
    if len(s.vowel) == 2:
        first = _VOWELS[s.vowel[0]] + _TONES_BEFORE[s.tone]
        glide = _GLIDES.get("a" + s.final)
        return first + (glide + tone if glide else "a" + tone + _FINALS[s.final])
    long = "ː" if s.long else ""
    glide = _GLIDES.get(s.vowel + long + s.final)
    if glide:
        return glide + tone
    glide = _GLIDES.get(s.vowel + s.final)
    if glide:
        return glide + ":" + tone
    return _VOWELS[s.vowel] + (":" if s.long else "") + tone + _FINALS[s.final]
