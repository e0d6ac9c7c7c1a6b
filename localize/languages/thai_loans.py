"""Latin words in Thai letters, as Thai people say them: microwave -> ไมโครเวฟ.

For voices that know Thai letters alone, and so that no voice changes its language in the middle of a sentence. Brands are
looked up (`localize.lexicon`), abbreviations are letters, and any other word is read as English (by espeak) and written by
the customs of Thai loans: the Royal Institute's rules for transcribing English, with the tones that people give to endings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from localize.languages import signs
from localize.languages.thai_sounds import letter_name

_ONSETS = {
    "p": "พ", "b": "บ", "t": "ท", "d": "ด", "k": "ค", "ɡ": "ก", "f": "ฟ", "v": "ว", "θ": "ธ", "ð": "ด", "s": "ซ", "z": "ซ",
    "ʃ": "ช", "ʒ": "ช", "tʃ": "ช", "dʒ": "จ", "h": "ฮ", "m": "ม", "n": "น", "ŋ": "ง", "l": "ล", "ɹ": "ร", "r": "ร", "w": "ว",
    "j": "ย", "x": "ค", "ç": "ฮ", "ɬ": "ล", "ɾ": "ต", "ʔ": "อ",
}  # fmt: skip
_CODAS = _ONSETS | {"p": "ป", "t": "ต", "k": "ก", "v": "ฟ", "ð": "ด", "s": "ส", "z": "ส", "x": "ก"}
_PLAIN = {"p": "ป", "t": "ต", "k": "ก"}  # without breath: after s, and where a short last syllable begins with one
_VOWEL = re.compile("[aɐɑɒæeɛəɜiɪoɔuʊʌyøœ]")
_SHORT = ("a", "æ", "ɛ", "e", "ɪ", "ɒ", "ʌ", "ʊ")
_WEAK = ("ə", "ɪ", "i", "iə")
_STOPS = ("p", "b", "t", "d", "k", "ɡ")
_MID_CLASS = "กจดตบปอ"
_ENDS = {"k": ("k", "ck"), "dʒ": ("g", "j"), "tʃ": ("ch", "tch"), "ɡ": ("g",), "ʃ": ("sh",), "z": ("z", "s"), "s": ("s", "c")}
_DOUBLED = {"s": "ss", "k": "ck", "tʃ": "tch", "dʒ": "dg"}  # how a consonant that ends one syllable and begins the next is spelled


@dataclass(frozen=True)
class _Part:
    """One syllable: its sounds, and the letters its vowel is written with, a following r among them ("" if not known)."""

    onset: tuple[str, ...]
    vowel: str
    coda: tuple[str, ...]
    letters: str
    stressed: bool
    first: bool
    last: bool


def spelled(word: str) -> str:
    """A word of Latin letters in Thai ones, with spaces where it has parts; figures and other scripts stay as they are.

    Raises NotReady without espeak, of which the English sounds are asked.
    """
    known = _brand(word)
    if known:
        return known
    pieces = re.findall(rf"[{signs.LATIN}'’]+|[^{signs.LATIN}'’]+", unicodedata.normalize("NFC", word).replace("-", " "))
    return " ".join("".join(_piece(p) if signs.is_latin(p[0]) else f" {p} " if p[0].isdigit() else p for p in pieces).split())


def _piece(letters: str) -> str:
    """A run of Latin letters: PowerBank is two words."""
    parts = re.findall(r"[A-Z]{2,}(?![a-z])|.[^A-Z]*", letters)
    return " ".join(_brand(letters) or part for part in ([letters] if _brand(letters) else map(_one, parts)))


def _one(word: str) -> str:
    from localize.languages.th import LANGUAGE
    from localize.languages.written import spelled as by_letter

    return _brand(word) or (" ".join(map(letter_name, word)) if by_letter(word, LANGUAGE) or len(word) == 1 else _english(word))


@lru_cache(maxsize=10_000)
def _brand(word: str) -> str:
    from localize.languages.base import Token
    from localize.lexicon import Lexicon  # which reads by the languages

    said = Lexicon.load().apply([Token(word, "")], "th")[0].say
    return said if said and not re.search("[A-Za-z]", said) else ""


@lru_cache(maxsize=10_000)
def _english(word: str) -> str:
    from localize.voice.espeak import english  # a stage's: only where a foreign word is really met

    # espeak names a letter with marks that English has not by its code; those of café it knows.
    plain = "".join(c if c < "\u0100" else unicodedata.normalize("NFD", c)[0].translate({0x111: "d"}) for c in word)
    sounds = english(plain)
    return "".join(_written(part, word.casefold()) for part in _parts(sounds, word.casefold()))


# Syllables -----------------------------------------------------------------------------------------------------------


def _parts(sounds: Sequence[str], word: str) -> list[_Part]:
    """The syllables of English sounds (IPA with stress marks) as Thai would have them."""
    names, stressed = _plain(sounds)
    at = [k for k, name in enumerate(names) if _VOWEL.search(name)]
    if not at:
        return [_Part(tuple(names), "ə", (), "", False, True, True)] if names else []
    letters = _vowel_letters(word, len(at))
    parts: list[_Part] = []
    onset = tuple(names[: at[0]])
    for n, k in enumerate(at):
        between = tuple(names[k + 1 : at[n + 1]]) if n + 1 < len(at) else tuple(names[k + 1 :])
        coda, following = (between, ()) if n + 1 == len(at) else _divided(between, names[k], stressed[k], word)
        parts.append(_Part(onset, names[k], coda, letters[n], stressed[k], n == 0, n + 1 == len(at)))
        onset = following or (("w",) if names[k] == "aʊ" else ())
    return parts


def _plain(sounds: Sequence[str]) -> tuple[list[str], list[bool]]:
    """The sounds one by one, without stress marks, and whether each was stressed. i-ə and j-uː are one vowel each in Thai."""
    names: list[str] = []
    stressed: list[bool] = []
    for sound in sounds:
        name = re.sub(r"[ˈˌ\u0300-\u036f]", "", sound)
        for one in (name[0], name[1]) if len(name) == 2 and name in ("əl", "ən", "əm") else (name,):
            if one == "ə" and names and names[-1] in ("i", "ɪ", "iː"):
                names[-1] = "iə"
            elif one in ("uː", "ʊ", "u") and len(names) > 1 and names[-1] == "j" and not _VOWEL.search(names[-2]):
                names[-1], stressed[-1] = "juː", "ˈ" in sound
            else:
                names.append("ə" if one == "ɐ" else one)
                stressed.append("ˈ" in sound)
    return names, stressed


def _divided(between: tuple[str, ...], vowel: str, stressed: bool, word: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The consonants between two vowels: what ends the first syllable and what begins the second."""
    if between == ("ŋ",):
        return between, ()
    if len(between) < 2:
        return (between, between) if between and _twice(between[0], vowel, word) else ((), between)
    if len(between) > 2 and between[-2] == "s" and between[-1] in _PLAIN:
        return between[:-2], between[-2:]  # lip-stick
    short = vowel in _SHORT and stressed
    joined = between[-1] in ("ɹ", "l", "w") and between[-2] in (*_STOPS, "f", "θ") and between[-2:] not in (("t", "l"), ("d", "l"))
    if joined and not (short and len(between) == 2):
        return between[:-2], between[-2:]
    return between[:-1], between[-1:]


def _twice(sound: str, vowel: str, word: str) -> bool:
    """Whether a consonant between two vowels ends the first syllable as well: happy, cover; gaming and speaker, as their stems."""
    stem = word.endswith("ing") or (word.endswith("er") and sound in ("k", "tʃ", "dʒ"))
    spelled_so = vowel in _SHORT and (vowel in "ʌʊ" or any(double in word for double in _doubles(sound)))
    at_end = any(word.endswith(letters + e) for letters in _doubles(sound)[-1:] + _ENDS.get(sound, (sound,)) for e in ("er", "ing"))
    return spelled_so or (stem and at_end)


def _doubles(sound: str) -> tuple[str, ...]:
    letter = {"ɡ": "g", "ɹ": "", "ʃ": "", "z": "zz"}.get(sound, sound)
    return tuple(filter(None, (letter * 2 if len(letter) == 1 else letter, _DOUBLED.get(sound, ""))))


def _vowel_letters(word: str, count: int) -> list[str]:
    """The letters of each of `count` vowels, "" for all where they can't be told apart."""
    groups = [m[0] for m in re.finditer(r"(?:(?<![a-z])y(?=[aeiou]))?([aeiouàâäéèêëïîöôüû]+|y)(?:r(?![aeiouy]))?", word)]
    if len(groups) > count and re.search("[^aeiouy]e[sd]?$", word):
        groups.pop()
    while len(groups) > count and "e" in groups[1:]:  # a silent e inside: notebook
        groups.remove("e")
    return groups if len(groups) == count else [""] * count


# Letters -------------------------------------------------------------------------------------------------------------


def _written(part: _Part, word: str) -> str:
    """One syllable in Thai letters."""
    lead, head = _head(part)
    vowel = _named(part, word)
    mark = _mark(part, vowel, head, word)
    final, silent = _final(part.coda, word), "".join(_CODAS.get(c, "") for c in part.coda)
    silent += "์" if silent else ""
    return lead + _shape(vowel, part, word, head, mark, final, silent)


def _head(part: _Part) -> tuple[str, str]:
    """What is written before a leading vowel sign (ส of สเปรย์), and the consonant or cluster it is written around."""
    onset = list(part.onset)
    lead = ""
    if len(onset) > 1 and onset[0] in ("s", "ʃ"):
        lead = "ส" if onset.pop(0) == "s" else "ช"
    weak = part.vowel in _WEAK or (part.vowel == "əʊ" and part.last and not part.coda)
    light = weak and not part.first and not part.stressed
    heads = [_PLAIN.get(c, _ONSETS.get(c, "")) if n == 0 and (light or lead) else _ONSETS.get(c, "") for n, c in enumerate(onset)]
    if len(onset) == 2 and onset[1] == "ɹ" and onset[0] in ("p", "t") and not lead:
        heads[0] = "ป" if part.letters == "o" else _ONSETS[onset[0]] if part.first else _PLAIN[onset[0]]
    return lead, "".join(heads) or "อ"


def _named(part: _Part, word: str) -> str:
    """The vowel that Thai has for it: weak ones are as they are spelled."""
    vowel, letters = part.vowel, part.letters
    if vowel == "juː" and part.onset[:1] == ("s",) and len(part.onset) > 1:
        return "uː"  # studio
    if vowel == "ə" and part.last and word.endswith(("r", "re")) and not part.coda:
        return "ɑːr" if word.endswith("ar") else "ɜː"
    if vowel == "ə" and letters.endswith("r"):
        return "ɜː"
    if vowel == "ə" and part.last and part.coda == ("l",) and word.endswith("le"):
        return "ɤ"
    if vowel == "ə" and part.onset[-1:] == ("ʃ",) and part.coda == ("n",):
        return "ʌ"
    if vowel == "ə":
        first = letters.replace("io", "o")[:1]
        a = "ʌ" if part.coda else "ə" if part.first else "ɑː"
        o = "ɔː" if part.coda or not part.onset else "əʊ"
        return {"a": a, "e": "ɛ", "é": "ɛ", "o": o, "i": "ɪ", "y": "ɪ", "u": "ʌ"}.get(first, "ʌ" if part.coda else "ə")
    if vowel == "ɪ" and not part.stressed and letters[:1] in ("e", "a") and len(letters) == 1:
        return "iː" if part.first and not part.coda and part.onset else "ɛ"
    if vowel == "ɒ" and not part.coda and part.onset and not part.last:
        return "əʊ"  # model, project: as they are spelled
    if vowel in ("ɪ", "i") and part.last and not part.coda:
        return "iː"
    return {"æ": "a", "e": "ɛ", "i": "iː", "u": "uː", "ɑ": "ɑː", "ɔ": "ɔː", "o": "əʊ", "oː": "əʊ", "ɔːɹ": "ɔː"}.get(vowel, vowel)


def _mark(part: _Part, vowel: str, head: str, word: str) -> str:
    """The tone that Thais give to the last syllable of party, shopping, pizza, logo and fashion: falling."""
    ending = part.last and not part.first and (
        (not part.coda and ((vowel == "iː" and word.endswith(("y", "ie", "i", "ee"))) or (vowel == "ɑː" and word.endswith("a"))
                            or (vowel == "əʊ" and word.endswith("o") and head != "อ")))
        or (part.coda == ("ŋ",) and word.endswith("ing")) or (vowel == "ʌ" and part.onset[-1:] == ("ʃ",))
    )  # fmt: skip
    return ("้" if head[0] in _MID_CLASS else "่") if ending else ""


def _final(coda: tuple[str, ...], word: str) -> str:
    """The one consonant that is heard at the end, with the others, which are written and silent."""
    if not coda:
        return ""
    letters = [_CODAS.get(c, "") for c in coda]
    if coda[-1] in ("z", "s") and (word.endswith(("z", "ze")) or (coda[-2:] == ("k", "s") and "x" in word)):
        letters[-1] = "ซ"
    if coda[-1] == "tʃ" and "tch" in word:
        letters[-1] = "ตช์"
        return "".join(letters)
    if coda[0] == "l" and coda[1:2] in (("m",), ("f",)):
        return "ล์" + letters[1] + ("".join(letters[2:]) + "์" if coda[2:] else "")
    return letters[0] + ("".join(letters[1:]) + "์" if letters[1:] else "")


def _shape(vowel: str, part: _Part, word: str, head: str, mark: str, final: str, silent: str) -> str:
    """One syllable as it is written: its vowel's signs around the head, then the final."""
    stop = bool(part.coda) and part.coda[0] in _STOPS
    r = "ร์" if part.letters.endswith("r") else ""
    short = "็" if (
        (vowel == "a" and part.coda[:1] in (("k",), ("ɡ",), ("b",))) or (vowel in ("ɛ", "ɒ") and stop)
    ) else ""  # fmt: skip
    closed = bool(part.coda)
    shapes = {
        "a": f"แ{head}{short}{final}",
        "ɛ": f"เ{head}{short}{final}",
        "ɒ": f"{head}{short}อ{final}",
        "ɔː": f"{head}อ{r}{final}",
        "ɑː": f"{head}{mark}า{r}{final}",
        "ɑːr": f"{head}าร์{final}",
        "ɪ": f"{head}ิ{mark}{final}",
        "iː": f"{head}ี{mark}{final}",
        "ʊ": f"{head}ุ{final}",
        "uː": f"{head}ู{final}",
        "ʌ": f"{head}ั{mark}{final}" if closed else f"{head}า",
        "ɜː": f"เ{head}ิร์{final}" if closed else f"เ{head}อร์",
        "ɤ": f"เ{head}ิ{final}",
        "ə": f"{head}ั{final}" if closed else f"{head}ะ",
        "eɪ": f"เ{head}{final}" if closed or not part.last else f"เ{head}ย์",
        "aɪ": f"ไ{head}{silent}",
        "aʊ": f"{head}าว{silent}" if "ow" in word or (part.last and not closed) else f"เ{head}า{silent}",
        "ɔɪ": f"{head}อย{silent}",
        "əʊ": f"โ{head}{mark}{final}",
        "iə": f"เ{head}ีย{r if not closed else ''}{final}",
        "eə": f"แ{head}ร์{final}",
        "ʊə": f"{head}ัวร์{final}",
        "juː": f"{head}ิว{silent}",
    }
    return shapes.get(vowel, f"{head}ั{final}" if closed else f"{head}ะ")
