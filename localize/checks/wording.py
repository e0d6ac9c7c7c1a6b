"""What is wrong with a text by itself: letters and words of another language, a model's talk about its task, a stuck loop.

Used for the Lines of a script and for translations. `assets/checks/wording.yaml` has the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import yaml

from localize import languages
from localize.assets import ASSETS
from localize.languages import signs

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_VIETNAMESE = re.compile("[àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]")
_OWN = {"th": re.compile("[ก-ฮะ-ฺเ-๎]"), "zh": re.compile("[㐀-鿿]")}
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff][A-Za-z\u00c0-\u024f\u1e00-\u1eff'’-]*")


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load((ASSETS / "checks" / "wording.yaml").read_text(encoding="utf-8"))
    return table


def ratio(source: str, target: str) -> float | None:
    """How many letters a translation has for one of its source, None where nobody has measured it."""
    found: float | None = _table()["ratios"].get(source, {}).get(target)
    return found


# --- another language ----------------------------------------------------------------------------------------------


def strange(text: str, language: str, keep: Iterable[str] = ()) -> str:
    """The words of a text that are plainly not of the language, "" if it reads as that language.

    Names in Latin letters pass everywhere (`keep` are those that are known, of any length), as do a few words on end: sellers
    everywhere say "fast charging". A text of nothing but names and figures passes.
    """
    text = signs.plain(text)
    if wrong := languages.get(language).foreign(text):
        return wrong
    for name in sorted(keep, key=len, reverse=True):
        if name:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " 0 ", text, flags=re.IGNORECASE)
    if language in _OWN:
        return _latin_run(text, language)
    return _other_latin(text, language)


def _latin_run(text: str, language: str) -> str:
    """A run of Latin words in a text of another script, or a text that has nothing but them."""
    own = len(_OWN[language].findall(text))
    runs = [run for run in re.split(r"[^A-Za-z\u00c0-\u024f\u1e00-\u1eff'’,\s-]+", text) if run.strip(" ,-'")]
    longest = max(runs, key=lambda run: len(_LATIN.findall(run)), default="")
    words = _LATIN.findall(longest)
    plain = [w for w in words if w.islower() or len(words) > 5]
    functional = sum(w.lower() in _words("en") | _words("vi") | _words("id") for w in words)
    if len(words) >= 4 and len(plain) >= 3 and (functional or own < len(longest)):
        return longest.strip(" ,-'")
    if not own and len(words) >= 2 and (functional or any(_VIETNAMESE.search(w.lower()) for w in words)):
        return longest.strip(" ,-'")
    return ""


@cache
def _words(language: str) -> frozenset[str]:
    return frozenset(_table()["function_words"].get(language, ()))


def _other_latin(text: str, language: str) -> str:
    """A clause in another language that is written in Latin letters as well, by its function words and accents."""
    for clause in [text, *re.split(r"[.!?;,:，。！？；：]+\s*", text)]:
        words = [w.lower() for w in _WORD.findall(clause)]
        if len(words) < 4:
            continue
        count = {code: sum(w in _words(code) for w in words) for code in ("en", "id", "vi")}
        accented = sum(bool(_VIETNAMESE.search(w)) for w in words)
        if language == "vi":
            # Vietnamese hardly has a word without an accent; names and loans do not fill a clause with little words.
            if accented < 0.2 * len(words) and max(count["en"], count["id"]) >= max(2, 0.2 * len(words)):
                return clause.strip()
            if accented == 0 and len(words) >= 7:
                return clause.strip()
        elif accented >= max(3, 0.35 * len(words)):
            return clause.strip()
        else:
            other = "en" if language == "id" else "id"
            if count[other] >= max(2, 0.25 * len(words)) and count[other] > 2 * count[language]:
                return clause.strip()
    return ""


def shared_run(source: str, target: str, keep: Iterable[str] = ()) -> str:
    """The longest run of words that a translation has left as the source has them, "" if it is short enough to be names."""
    names = {w.casefold() for name in keep for w in _WORD.findall(name)}
    ours, theirs = _WORD.findall(target), [w.casefold() for w in _WORD.findall(source)]
    text = " " + " ".join(theirs) + " "
    best: list[str] = []
    for i in range(len(ours)):
        n = len(best) + 1
        while i + n <= len(ours) and f" {' '.join(w.casefold() for w in ours[i : i + n])} " in text:
            best = ours[i : i + n]
            n += 1
    common = [w for w in best if w.casefold() not in names and not w[0].isupper()]
    return " ".join(best) if len(best) >= 4 and len(common) >= 2 else ""


# --- talk about the task, and loops --------------------------------------------------------------------------------


@cache
def _leaks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    found = _table()["leaks"]
    anywhere = re.compile("|".join(f"(?:{p})" for p in found["anywhere"]), re.IGNORECASE)
    return anywhere, re.compile(r"[\s\"'“*#>-]*(?:" + "|".join(f"(?:{p})" for p in found["start"]) + ")", re.IGNORECASE)


def leak(text: str, source: str = "") -> str:
    """What in a text is a model's talk about its task, and not in the source itself; "" if nothing is."""
    anywhere, start = _leaks()
    text = signs.plain(text)
    for found in (anywhere.search(text), start.match(text)):
        if found and found[0].strip().casefold() not in source.casefold():
            return found[0].strip()
    return ""


_CHARACTERS = re.compile(r"(?P<part>\S(?:.{1,58}?\S)?)(?:\W{0,3}(?P=part)){2,}", re.DOTALL)


def loop(text: str, source: str = "") -> str:
    """A part that a text says three times or more on end, and its source does not; "" if there is none.

    Short parts are language ("ha ha ha", ๆ spelled out, 999): below ten letters they must come five times."""
    text = signs.plain(text)
    for found in _CHARACTERS.finditer(text):
        part = found["part"].strip()
        letters = sum(c.isalpha() or "\u0e31" <= c <= "\u0e4e" for c in part)
        times = found[0].count(part)
        enough = 3 if letters >= 8 else 4 if letters >= 4 else 6 if letters >= 2 else 12
        if letters and times >= enough and source.count(part) < times:
            return part
    return _sentences(text, source)


def _sentences(text: str, source: str) -> str:
    """A sentence or clause that stands three times in a text, not on end."""
    clauses: Sequence[str] = [c.strip() for c in re.split(r"[.!?;,，。！？；\n]+", text) if len(c.strip()) >= 12]
    return next((c for c in clauses if clauses.count(c) >= 3 and source.count(c) < 3), "")
