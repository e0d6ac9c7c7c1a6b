"""Which language a text is written in: by its script where that tells, else by its words and by py3langid's model."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from itertools import islice
from math import exp
from typing import Any

import yaml

from localize.assets import ASSETS

# Letters of so many texts are enough to tell; more only cost time.
MOST_LETTERS = 6000
_SCRIPTS = {
    "th": "\u0e00-\u0e7f", "lo": "\u0e80-\u0eff", "my": "\u1000-\u109f", "km": "\u1780-\u17ff", "ko": "\uac00-\ud7af\u1100-\u11ff",
    "ja": "\u3040-\u30ff", "zh": "\u3400-\u9fff\uf900-\ufaff", "hi": "\u0900-\u097f", "bn": "\u0980-\u09ff", "ta": "\u0b80-\u0bff",
    "ar": "\u0600-\u06ff\ufb50-\ufdff", "he": "\u0590-\u05ff", "el": "\u0370-\u03ff", "ru": "\u0400-\u04ff",
    "": "a-zA-Z\u00c0-\u024f\u1e00-\u1eff",
}  # fmt: skip
_RUNS = {code: re.compile(f"[{letters}]+") for code, letters in _SCRIPTS.items()}
# Scripts that several languages of shops write: the model decides among them. It takes a few brands and sizes for any
# language, so that the smaller ones need more text.
_SHARED = {
    "": frozenset(
        ("en", "id", "ms", "vi", "tl", "de", "fr", "es", "pt", "it", "nl", "da", "no", "nn", "sv", "pl", "ro", "tr", "hr", "bs", "sr")
    ),
    "ru": frozenset(("ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn")),
    "ar": frozenset(("ar", "fa", "ur", "ps")),
    "hi": frozenset(("hi", "mr", "ne")),
}  # fmt: skip
_WITH_MORE_TEXT = frozenset(
    ("fi", "is", "cs", "sk", "sl", "hu", "et", "lv", "lt", "sq", "ca", "gl", "eu", "cy", "ga", "mt", "sw", "af", "la")
)
# A sign for a word says as much as several letters.
_WEIGHT = {"zh": 3.0, "ja": 3.0, "ko": 2.0}
_VIETNAMESE = re.compile("[đơưăĐƠƯĂ\u1ea0-\u1ef9]")
_ONLY_VIETNAMESE = re.compile("[ơưƠƯ\u1ea0-\u1ef9]")
_BEYOND_LATIN = re.compile("[^\u0000-\u036f\u1e00-\u20ff]")
# Languages that do not write a line without a letter of their own.
_LETTERS = {"uk": "іїєґ", "be": "ўі", "sr": "јљњћђџ", "mk": "јљњќѓѕџ", "kk": "әғқңөұүһі", "ky": "ңөү", "mn": "өү"}
_WORD = re.compile(r"[^\W\d_]{2,}")
_CODE = re.compile(r"\S*\d\S*|https?:\S+")
_TOLD: dict[str, dict[str, list[str]]] = yaml.safe_load((ASSETS / "catalog" / "tongue.yaml").read_text("utf-8"))
_WORDS, _FUNCTION = ({code: frozenset(words) for code, words in _TOLD[kind].items()} for kind in ("words", "function"))

# Of English words, those that no other language writes so often.
_ENGLISH = frozenset(("the", "and", "with", "of", "your", "this", "from", "are", "that"))


def detect(texts: Iterable[str]) -> tuple[str, float]:
    """The language that most of the texts are in, as a code (th, vi, id, zh, en, sv, sr ...), and how sure that is, 0 to 1.

    ("", 0) where there is too little text. Malay and Indonesian, or Croatian and Serbian, are hard to tell apart in titles:
    where a catalog's market is known, trust it between those.
    """
    text = unicodedata.normalize("NFC", _head(texts))
    share = _shares(text)
    if not share:
        return "", 0.0
    script = max(share, key=lambda code: share[code])
    if script == "zh" and share.get("ja", 0) > 0.1 * share["zh"]:
        script = "ja"
    # Titles of Asia are full of English: a fifth in a script of its own is what the text is in.
    if script == "" and (others := {c: s for c, s in share.items() if c and s > 0.2}):
        script = max(others, key=lambda code: others[code])
    if script not in _SHARED:
        return script, min(1.0, 0.5 + share[script])
    runs = _RUNS[script].findall(_CODE.sub(" ", text))
    letters = " ".join(runs).lower()
    if len(letters) < 8:
        return "", 0.0
    return _by_words(letters, runs) if script == "" else _modelled(letters, script)


def _head(texts: Iterable[str]) -> str:
    found: list[str] = []
    length = 0
    for text in islice(texts, 2000):
        found.append(text[:400])
        length += len(found[-1])
        if length > MOST_LETTERS:
            break
    return "\n".join(found)


def _shares(text: str) -> dict[str, float]:
    """How much of the text's letters each script has; {} where there are hardly any."""
    count = {code: sum(map(len, runs.findall(text))) * _WEIGHT.get(code, 1.0) for code, runs in _RUNS.items()}
    total = sum(count.values())
    return {code: n / total for code, n in count.items() if n} if total >= 4 else {}


def _by_words(letters: str, runs: Sequence[str]) -> tuple[str, float]:
    """The language of a text in Latin letters; `runs` are its words as they are written."""
    accents = len(_VIETNAMESE.findall(letters)) / len(letters)
    if accents > 0.04:
        return "vi", min(1.0, 0.6 + 5 * accents)
    words = _WORD.findall(letters)
    known = Counter(code for word in words for code, own in _WORDS.items() if word in own)
    if not known["id"] and not known["ms"] and sum(word in _ENGLISH for word in words) > max(20, 0.1 * len(words)):
        return "en", 1.0  # without the model, which takes most of a second to load
    # The model takes names of makers and things for any language: of what may be names, there has to be more.
    spelled = {run for run in runs if len(run) > 2 and not run.isupper()}
    if letters.isascii() and len(spelled) < 6 and len(words) < 40 and known["id"] + known["ms"] <= known["en"]:
        return "en", 0.6 if known["en"] > 1 else 0.4
    found, sure = _modelled(letters, "")
    if found == "tl" and len(words) < 60:  # which of its sisters it is takes more than the names of dishes
        sure = min(sure, 0.6)
    malayan = known["id"] + known["ms"]
    if found in ("id", "ms") or (malayan > 1 and malayan >= known["en"] and malayan >= 0.04 * len(words)):
        # Nothing but spelling tells Malay; without it, the far larger market is meant.
        code = "ms" if known["ms"] > known["id"] else "id"
        by_words = min(0.95, 0.5 + 0.05 * malayan) if malayan else 0.0
        return code, max(sure if found in ("id", "ms") else 0.0, by_words)
    if known["en"] > 1 and found != "en" and sure < 0.9 and known["en"] >= 0.15 * len(words):
        return "en", 0.6
    return found, sure


def _modelled(letters: str, script: str) -> tuple[str, float]:
    """What the model says among the languages of a script, and how likely. Of few letters it is never sure."""
    among = _SHARED[script] | (_WITH_MORE_TEXT if len(letters) > 300 else frozenset())
    if script == "ru":
        among = frozenset(code for code in among if any(letter in letters for letter in _LETTERS.get(code, letters)))
    scores = [(code, score) for code, score in _model().rank(letters) if code in among]
    best, highest = scores[0]
    # Each letter counts as independent evidence to the model, which words are not: it would be sure of anything.
    temper = max(1.0, len(letters) / 60)
    total = sum(exp((score - highest) / temper) for _, score in scores)
    if best == "la":  # lorem ipsum
        return "", 0.0
    return {"nn": "no", "bs": "sr", "hr": "sr"}.get(best, best), 1 / total


@cache
def _model() -> Any:
    # Loading it takes most of a second: for the first catalog that needs it.
    langid = import_module("py3langid.langid")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=False)


# --- one row -------------------------------------------------------------------------------------------------------


def foreign(text: str, language: str) -> str:
    """The code of the language whose script a text plainly is in, where that is not the one of `language`; else "".

    Latin texts in a catalog of another script are told as "en" only with no letter of that script at all. Cheap, for
    every row.
    """
    if text.isascii():
        return "en" if language in _OWN_SCRIPT and _WORD.search(text) and text.count(" ") > 1 else ""
    if language in _OWN_SCRIPT and _RUNS[language].search(text):
        return ""
    share = _shares(text) if _BEYOND_LATIN.search(text) else {"": 1.0}
    if not share:
        return ""
    script = max(share, key=lambda code: share[code])
    if script == "":
        return "vi" if language != "vi" and len(_ONLY_VIETNAMESE.findall(text)) > 0.03 * len(text) else ""
    same = language == script or language in _SHARED.get(script, ()) or (script, language) == ("zh", "ja")
    return "" if same or share[script] < 0.4 else script


_OWN_SCRIPT = frozenset(_SCRIPTS) - frozenset(_SHARED)

# Fewer letters than this tell no language that another row's would not.
TOLD = 60
# Languages that so few words do not tell apart.
_SISTERS = (frozenset(("id", "ms")), frozenset(("no", "da")), frozenset(("cs", "sk")), frozenset(("es", "gl", "ca")))


# Of the function words those that at most one other language has: de, la, en and se are in many.
_SHARED_BY = Counter(word for words in _FUNCTION.values() for word in words)
_TELLING = {code: frozenset(word for word in words if _SHARED_BY[word] < 3) for code, words in _FUNCTION.items()}


def own(text: str, language: str) -> str:
    """The code of the language that a row's text is surely in, where that is not `language`, the catalog's, and both are written in
    Latin letters; else "". A text with enough words of the catalog's language, as nearly all are, is told by these alone; others
    by the words of the other languages, and where they are few, by the model as well."""
    if language in _OWN_SCRIPT:
        return ""
    text = text[:400].lower()
    telling = _TELLING.get(language, frozenset())
    if _share_of(telling, text.split()) > 0.1 or _BEYOND_LATIN.search(text):  # for every row: marks beside words do not matter
        return ""
    words = _WORD_OR_LETTER.findall(text)
    if len(words) < 8:
        return ""
    there = set(words)
    (most, found), (second, _) = sorted(((len(its & there), code) for code, its in _FUNCTION.items()), reverse=True)[:2]
    mine = len(there & (telling | _WORDS.get(language, frozenset())))
    if found == language or most < max(3, 2 * mine) or any({found, language} <= near for near in _SISTERS):
        return ""
    share = _share_of(_FUNCTION[found], words)
    if share > 0.15 and most > max(5, 3 * mine, second + 1):
        return found  # without the model, which takes as long as all else that is done with a row
    if share < 0.08:
        return ""
    modelled, sure = detect([text])
    return found if modelled == found and sure >= 0.8 else ""


def _share_of(known: frozenset[str], words: Sequence[str]) -> float:
    return sum(map(known.__contains__, words)) / max(1, len(words))


_WORD_OR_LETTER = re.compile(r"[^\W\d_]+")
