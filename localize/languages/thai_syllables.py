"""Thai spelling to syllables, by rule.

A word is read by trying every way its letters can form syllables and taking the cheapest one: written vowels cost
little, unwritten ones (สบาย sa-baai, คน khon), a final that is heard twice (ราชการ raat-cha-kaan) and unusual
finals cost more. The rules are those of Thai primers and of the Royal Institute's spelling: consonant classes,
tone marks, live and dead syllables. `thai_sounds` adds what no rule can know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


@dataclass(frozen=True)
class Syllable:
    """One syllable as it is heard, in IPA.

    initial: p pʰ b t tʰ d k kʰ ʔ tɕ tɕʰ f s h m n ŋ j w l r, or a stop, f or b/d with r, l or w after it.
    vowel: a e ɛ i ɯ u o ɔ ɤ, or ia ɯa ua. long: as spelled, or as said where speech differs (เล่น is short).
    final: p t k m n ŋ j w, or "" (a short open syllable ends in an unmarked glottal stop).
    tone: 0 mid, 1 low, 2 falling, 3 high, 4 rising.
    """

    initial: str
    vowel: str
    long: bool
    final: str
    tone: int


MID, LOW, FALLING, HIGH, RISING = range(5)

_INITIALS = {
    "k": "ก", "kʰ": "ขฃคฅฆ", "ŋ": "ง", "tɕ": "จ", "tɕʰ": "ฉชฌ", "s": "ซศษส", "j": "ญย", "d": "ฎด", "t": "ฏต",
    "tʰ": "ฐฑฒถทธ", "n": "ณน", "b": "บ", "p": "ป", "pʰ": "ผพภ", "f": "ฝฟ", "m": "ม", "r": "ร", "l": "ลฬ", "w": "ว",
    "h": "หฮ", "ʔ": "อ",
}  # fmt: skip
_FINALS = {"k": "กขคฆ", "t": "จชซฎฏฐฑฒดตถทธศษส", "p": "บปพฟภ", "n": "ญณนรลฬ", "m": "ม", "ŋ": "ง", "j": "ย", "w": "ว"}
INITIAL = {letter: sound for sound, letters in _INITIALS.items() for letter in letters}
FINAL = {letter: sound for sound, letters in _FINALS.items() for letter in letters}
HIGH_CLASS, MID_CLASS = "ขฃฉฐถผฝศษสห", "กจฎฏดตบปอ"
SONORANT = "งญณนมยรลวฬ"

_CLUSTERS = {first + second for first, seconds in
             {"ก": "รลว", "ข": "รลว", "ค": "รลว", "ต": "ร", "ป": "รล", "ผ": "ล", "พ": "รล",
              "บ": "รล", "ด": "ร", "ฟ": "รล"}.items() for second in seconds}  # fmt: skip
_NEVER_LEADS = "งณญรลวยหฮซฟฝ"
_FALSE_CLUSTERS = {"ทร": "ซ", "จร": "จ", "ซร": "ซ", "สร": "ส", "ศร": "ศ"}

# What a reading costs, tuned on the development half of tests/fixtures/thai_pronunciations.tsv and on 1,500 frequent
# words of the VOLUBILIS dictionary of which none is held out there.
COST = {
    "syllable": 1.0,  # any syllable
    "o": 0.9,  # an unwritten o between two consonants
    "a": 1.9,  # an unwritten a after a lone consonant
    "pair": 1.2,  # an unwritten a between two initials (ตลาด, แสดง)
    "unled": 0.6,  # ... whose second keeps its own tone class although it could take the first one's
    "false": 0.2,  # an r that is not heard (จริง, สร้าง, ทราบ)
    "w": 0.1,  # ว as a vowel
    "r": 0.6,  # ร as ɔn
    "vowelless": 0.6,  # an unwritten o after อ
    "double": 0.45,  # two finals of which one is heard (บัตร)
    "mute": 0.2,  # a vowel sign on a final that is not heard (ชาติ)
    "learned": 0.3,  # a final that is no native one (ก ด บ ง น ม ย ว), before more letters
    "unlinked": 0.6,  # ... which Indic words usually sound again (_LINKING)
    "link": 0.6,  # such a final heard again with an a (ราชการ)
    "rare link": 1.5,  # any other final heard again with an a
    "shared": 1.0,  # a final that also begins the next syllable (อัตรา)
    "marked": 3.0,  # a stop final, or a learned one, under a tone mark of a native word
    "cluster": 0.2,  # r or l as a final where it could be part of the initial (แปล)
    "known": 0.9,  # a word of the dictionary inside another: this part of what it costs by the rules
    "listed": 0.3,  # a syllable of an exception
    "skipped": 10.0,  # a letter no reading fits (a misspelled word)
}

_C = "ก-ฮ"
_HEARD = "ฺ"
_SIGN = "ะัาำิีึืุู็่-๋"
_T = "(?P<t>[่-๋]?)"
# A final: a killed letter may stand before it (ฟิล์ม); ต may carry a silent vowel at a word's end (ชาติ, เหตุ).
_F = f"์?(?P<f>(?:[{''.join(FINAL)}](?![{_SIGN}])|ต(?P<mute>[ิุ])$))"
_NATIVE_FINALS = "กดบงนมยว"
_LINKING = "ขฆชฌฐฑฒถธภศษสณร"
# Pairs of finals of which the second is silent, at a word's end by the vowel sign before them and before ์.
_SILENT_LAST = re.compile("(?:[ะ-ูเแโ].?ตร|[ะ-ู]ทธ|[ัุ]กร|ัคร|[ัุ]ทร|[าี]ร[ถทคตธ]|รต[ิุ]|[าโ].?หม)$")
_SILENT_PAIR = re.compile("(?:น[ทตด]|สต|ก[ษต]|ตริ|ปต)์")
_KILLED = re.compile(f"(?:[{_C}][ิุ]?์)+")


class _Shape(NamedTuple):
    """How one vowel is written: what stands before the initial, what after it, and what it sounds like."""

    before: str
    after: re.Pattern[str]
    vowel: str
    long: bool
    final: str = ""
    kind: str = ""


def _shape(before: str, after: str, vowel: str, *, long: bool = True, final: str = "", kind: str = "") -> _Shape:
    return _Shape(before, re.compile(after.replace("T", _T).replace("F", _F)), vowel, long, final, kind)


def _open_and_closed(before: str, sign: str, vowel: str, *, long: bool) -> list[_Shape]:
    return [_shape(before, sign + "F", vowel, long=long), _shape(before, sign, vowel, long=long)]


_SHAPES = [
    _shape("", "Tะ", "a", long=False),
    _shape("", "ัTวะ", "ua", long=False),
    _shape("", "ัTว", "ua"),
    _shape("", "ัTF", "a", long=False),
    _shape("", "รรF", "a", long=False, kind="rr"),
    _shape("", "รร", "a", long=False, final="น"),
    *_open_and_closed("", "Tา", "a", long=True),
    _shape("", "Tำ", "a", long=False, final="ม"),
    *_open_and_closed("", "ิT", "i", long=False),
    *_open_and_closed("", "ีT", "i", long=True),
    *_open_and_closed("", "ึT", "ɯ", long=False),
    _shape("", "ืTF", "ɯ"),
    _shape("", "ืTอ", "ɯ"),
    *_open_and_closed("", "ุT", "u", long=False),
    *_open_and_closed("", "ูT", "u", long=True),
    _shape("", "็TอF", "ɔ", long=False),
    *_open_and_closed("", "Tอ", "ɔ", long=True),
    _shape("", "TวF", "ua", kind="w"),
    _shape("", "TF", "o", long=False, kind="o"),
    _shape("", f"ร(?![{_SIGN}ร])", "ɔ", final="น", kind="r"),
    _shape("", "", "a", long=False, kind="a"),
    _shape("เ", "Tะ", "e", long=False),
    _shape("เ", "็TF", "e", long=False),
    _shape("เ", "T(?!ย)F", "e"),
    _shape("เ", "T", "e"),
    _shape("เ", "Tาะ", "ɔ", long=False),
    _shape("เ", "Tา", "a", long=False, final="ว"),
    _shape("เ", "ีTยะ", "ia", long=False),
    *_open_and_closed("เ", "ีTย", "ia", long=True),
    *_open_and_closed("เ", "ืTอ", "ɯa", long=True),
    _shape("เ", "Tอะ", "ɤ", long=False),
    *_open_and_closed("เ", "Tอ", "ɤ", long=True),
    _shape("เ", "ิTF", "ɤ"),
    _shape("เ", "ิ็TF", "ɤ", long=False),
    _shape("เ", f"Tย(?![{_SIGN}])", "ɤ", final="ย"),
    _shape("แ", "Tะ", "ɛ", long=False),
    _shape("แ", "็TF", "ɛ", long=False),
    *_open_and_closed("แ", "T", "ɛ", long=True),
    _shape("โ", "Tะ", "o", long=False),
    *_open_and_closed("โ", "T", "o", long=True),
    _shape("ไ", "Tย(?![" + _SIGN + "])", "a", long=False, final="ย"),
    _shape("ไ", "T", "a", long=False, final="ย"),
    _shape("ใ", "T", "a", long=False, final="ย"),
]  # fmt: skip
_BEFORE: dict[str, list[_Shape]] = {}
for _each in _SHAPES:
    _BEFORE.setdefault(_each.before, []).append(_each)


class _Onset(NamedTuple):
    """The initial of a syllable: its sound, the letter whose class sets the tone, an unwritten syllable before it."""

    sound: str
    letter: str
    size: int
    lead: str
    cost: float


def _onsets(text: str, at: int) -> Iterator[_Onset]:
    first, pair = text[at], text[at : at + 2]
    if text[at + 1 : at + 2] == _HEARD:  # only in the exceptions: ทฺร is tʰr
        yield _Onset(INITIAL[first] + INITIAL[text[at + 2]], first, 3, "", 0.0)
        return
    yield _Onset(INITIAL[first], first, 1, "", 0.0)
    if len(pair) < 2 or pair[1] not in INITIAL:
        return
    second = pair[1]
    if first == "ห" and second in SONORANT:
        yield _Onset(INITIAL[second], first, 2, "", 0.0)
        return
    if pair in _CLUSTERS:
        yield _Onset(INITIAL[first] + INITIAL[second], first, 2, "", 0.0)
    if pair in _FALSE_CLUSTERS:
        yield _Onset(INITIAL[_FALSE_CLUSTERS[pair]], _FALSE_CLUSTERS[pair], 2, "", COST["false"])
    if first in _NEVER_LEADS:
        return
    leads = second in SONORANT and first in HIGH_CLASS + MID_CLASS
    if leads:
        yield _Onset(INITIAL[second], first, 2, first, COST["pair"])
    yield _Onset(INITIAL[second], second, 2, first, COST["pair"] + (COST["unled"] if leads else 0.0))


def tone_of(letter: str, mark: str, *, long: bool, final: str) -> int:
    """The tone of a syllable whose class is that of `letter`, by its tone mark and by whether it is live or dead."""
    dead = final in ("p", "t", "k") or (not final and not long)
    if mark in ("๊", "๋"):
        return HIGH if mark == "๊" else RISING
    if letter in HIGH_CLASS or letter in MID_CLASS:
        if mark:
            return LOW if mark == "่" else FALLING
        return LOW if dead else RISING if letter in HIGH_CLASS else MID
    if mark:
        return FALLING if mark == "่" else HIGH
    return (FALLING if long else HIGH) if dead else MID


def _said_short(shape: _Shape, mark: str, letter: str, final: str) -> bool:
    """Long e, ɛ and ɔ before m n ŋ j are said short under ่ (เล่น แผ่น กล่อง), and often under ้ (เส้น ห้อง)."""
    if final not in ("m", "n", "ŋ", "j") or shape.vowel not in ("e", "ɛ", "ɔ"):
        return False
    if mark == "้":
        return shape.vowel == "e" or (shape.vowel == "ɔ" and final in "ŋj" and letter in HIGH_CLASS + MID_CLASS)
    return mark in ("่", "๋")


class Reading(NamedTuple):
    """One way to read some letters: where they end, what that costs, the syllables."""

    end: int
    cost: float
    syllables: tuple[Syllable, ...]


def _unwritten(letter: str) -> Syllable:
    return Syllable(INITIAL[letter], "a", False, "", tone_of(letter, "", long=False, final=""))


def readings(text: str, at: int, *, shorten: bool = True) -> Iterator[Reading]:
    """Every syllable that can begin at `at`, with the unwritten ones before and after it."""
    before = text[at] if text[at] in "เแโไใ" else ""
    start = at + len(before)
    if start >= len(text) or text[start] not in INITIAL:
        return
    for onset in _onsets(text, start):
        lead = (_unwritten(onset.lead),) if onset.lead else ()
        for shape in _BEFORE[before]:
            found = shape.after.match(text, start + onset.size)
            if found is None or (onset.lead and shape.kind == "a"):
                continue
            groups = found.groupdict()
            mark, heard = groups.get("t") or "", (groups.get("f") or shape.final)[:1]
            cost = COST["syllable"] * (1 + len(lead)) + onset.cost + COST.get(shape.kind, 0.0)
            cost += COST["vowelless"] if shape.kind == "o" and onset.letter == "อ" else 0.0
            for sound, end, after, extra in _ends(text, found, FINAL.get(heard, ""), mark, text[start], shape.kind):
                if end <= at:
                    continue
                tone = tone_of(onset.letter, mark, long=shape.long, final=sound)
                if onset.lead and onset.letter in MID_CLASS and not (shape.long or sound or mark):
                    continue
                long = shape.long and not (shorten and _said_short(shape, mark, onset.letter, sound))
                syllable = Syllable(onset.sound, shape.vowel, long, sound, tone)
                yield Reading(end, cost + extra, (*lead, syllable, *after))


def _ends(
    text: str, found: re.Match[str], final: str, mark: str, initial: str, kind: str
) -> Iterator[tuple[str, int, tuple[Syllable, ...], float]]:
    """How a syllable may end: the final's sound, where, what unwritten syllable follows, and the cost."""
    groups, end = found.groupdict(), found.end()
    if groups.get("mute") and kind == "o":
        return
    letter = (groups.get("f") or "")[:1]
    cost = COST["mute"] if groups.get("mute") else 0.0
    if text[end : end + 1] == "์":
        yield final, end + 1, (), cost
        return
    learned = bool(letter) and letter not in _NATIVE_FINALS
    if letter in ("ร", "ล") and initial + letter in _CLUSTERS:
        cost += COST["cluster"]
    rest = text[end:]
    if letter and rest and mark in ("่", "้") and (learned or final in "ptk"):
        cost += COST["marked"]
    yield final, end, (), cost + (0.0 if not learned or not rest else COST["learned"] + (COST["unlinked"] if letter in _LINKING else 0.0))
    if not letter or not rest or groups.get("mute"):
        return
    if killed := _SILENT_PAIR.match(text, end - 1):
        yield final, killed.end(), (), cost + COST["double"]
    elif kind != "o" and _SILENT_LAST.search(text) and len(rest) == (2 if rest[-1] in "ิุ" else 1):
        yield FINAL[rest[0]] if letter in "รห" else final, len(text), (), cost + COST["double"]
    if letter != "ง":
        yield final, end, (_unwritten(letter),), cost + COST["syllable"] + COST["link" if letter in _LINKING else "rare link"]
        yield final, end - 1, (), cost + COST["shared"]


def letters(word: str) -> str:
    """The Thai letters and signs of a word, each sign spelled and placed in one way."""
    text = word.replace("เเ", "แ").replace("ๅ", "า")
    text = re.sub("ํ([่-๋]?)า", r"\1ำ", text)
    text = re.sub("([่-๋])([ัิ-ู็])", r"\2\1", text)
    text = re.sub("(?<=[กตทปศส])ฤ", "ริ", text.replace("ฤา", "รือ")).replace("ฤ", "รึ")
    return "".join(c for c in text if c in INITIAL or c in "เแโไใะัาำิีึืุู็่้๊๋์" + _HEARD)


def without_killed(text: str) -> tuple[str, list[int]]:
    """The text with ์ alone where letters are killed by it (จันทร์ -> จันท์), and where each of its letters stood."""
    kept, places, at = "", [], 0
    while at < len(text):
        killed = _KILLED.match(text, at)
        kept += "์" if killed else text[at]
        places.append(at)
        at = killed.end() if killed else at + 1
    return kept, [*places, len(text)]


Parse = tuple[float, tuple[Syllable, ...]]


def cheapest(text: str, edges: Callable[[str, int], Iterator[Reading]]) -> Parse | None:
    """The cheapest chain of readings through a text; `edges(text, at)` gives those that begin at `at`. None: there is none."""
    best: list[Parse | None] = [None] * len(text) + [(0.0, ())]
    for at in range(len(text) - 1, -1, -1):
        for reading in edges(text, at):
            rest, now = best[reading.end], best[at]
            if rest and (now is None or reading.cost + rest[0] < now[0]):
                best[at] = (reading.cost + rest[0], reading.syllables + rest[1])
    return best[0]


@lru_cache(maxsize=50_000)
def by_rules(word: str) -> Parse | None:
    """The cheapest reading of one word by the rules alone, and its cost; None if it cannot be read."""
    return cheapest(without_killed(letters(word))[0], readings)


def spelled(text: str) -> Syllable:
    """The one syllable that `text` spells, its vowel as long as it is written. Raises ValueError when it is not one."""
    plain, _ = without_killed(letters(text))
    one = [r for r in readings(plain, 0, shorten=False) if r.end == len(plain) and len(r.syllables) == 1]
    if not one:
        raise ValueError(f"{text!r} is not one Thai syllable")
    return min(one, key=lambda reading: reading.cost).syllables[0]
