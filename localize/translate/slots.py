"""Slots: the parts of a text that a translation must carry over, and what each has to be in the target language.

Glossary terms and names as the hints say; links, codes and model numbers (IPX5, USB-C, WH-1000XM5); figures with their
signs, units and currencies; emoji. Figures are rewritten by value into the target's style: en 1,200.5 -> vi 1.200,5, zh 3万
-> 30,000. Versions, dates and codes stay as they are. What is a word (บาท, 元, ml after a space) is left to the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from localize.languages.signs import LATIN, acronyms, fold, number_of, signs_of_money
from localize.languages.written import VERSIONED
from localize.translate import Hints
from localize.translate.glossary import rewrite_number

Kind = Literal["term", "name", "number", "code", "link", "emoji"]
Rule = tuple[Kind, re.Pattern[str], Callable[[str], bool]]

# Scripts that put no spaces between words: Thai (but not ฿), Lao, Burmese, Khmer, kana, Han.
DENSE = "\u0e00-\u0e3e\u0e40-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
SPACED = rf"(?![{DENSE}])[^\W_]"  # a letter or figure of any other script
BEFORE, AFTER = rf"(?<!{SPACED})", rf"(?!{SPACED})"


@dataclass(frozen=True)
class Slot:
    """A part at text[start:end]: as it stands there, and as it has to stand in the translation."""

    start: int
    end: int
    kind: Kind
    source: str
    value: str


def find(text: str, source: str, target: str, hints: Hints) -> list[Slot]:
    """The slots of a text, in order and not overlapping. Terms are whole words, in any case, the longest first."""
    plain = fold(text)  # one plain character for each fancy one, so offsets stay
    terms = {key(term): said for term, said in hints.terms.items()}
    slots = []
    for kind, start, end in _spans(plain, hints):
        part = plain[start:end] if kind in ("number", "code") else text[start:end]
        if kind == "term" and key(part) in terms:
            slots.append(Slot(start, end, "term", part, terms[key(part)]))
        elif kind == "number" and not _VERSION.search(plain[:start]):
            slots.append(Slot(start, end, "number", part, rewrite_figures(part, source, target)))
        else:
            slots.append(Slot(start, end, "name" if kind == "term" else kind, part, part))
    return sorted(slots, key=lambda slot: slot.start)


def _spans(text: str, hints: Hints) -> Iterator[tuple[Kind, int, int]]:
    """What each rule finds in what the rules before it have left; names come as terms."""
    for kind, pattern, holds in (_LINK, ("term", _words(tuple(hints.terms), hints.keep), bool), *_figures(), _EMOJI):
        for match in pattern.finditer(text):
            if holds(match[0]):
                yield kind, match.start(), match.end()
                text = text[: match.start()] + "\0" * len(match[0]) + text[match.end() :]


# Words -------------------------------------------------------------------------------------------------------------


def key(word: str) -> str:
    """The form in which terms are compared."""
    return " ".join(fold(word).casefold().split())


@cache
def _words(terms: tuple[str, ...], names: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the words, the longest first. A name counts as it is written or in capitals: Apple is no apple."""
    ways = {key(term): f"(?i:{_whole(term)})" for term in terms if term.strip()}
    ways |= {key(name): f"{_whole(name)}|{_whole(name.upper())}" for name in names if name.strip() and key(name) not in ways}
    return re.compile("|".join(ways[word] for word in sorted(ways, key=len, reverse=True)) or "(?!)")


def _whole(word: str) -> str:
    """A pattern for a whole word with loose spaces. A hyphen makes one word of two: there is no `stick` in non-stick."""
    plain = fold(word).strip()
    before = rf"{BEFORE}(?<![^\W_]-)" if re.match(SPACED, plain[0]) else ""
    after = rf"(?!-?{SPACED})" if re.match(SPACED, plain[-1]) else ""
    return before + r"\s+".join(re.escape(part) for part in plain.split()) + after


_LINK: Rule = (
    "link",
    re.compile(
        r"(?:https?://|www\.)[!-~]+(?<![.,;:!?)'\"])|(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++|(?<!\w)[@#](?=[\d_]*[A-Za-z])\w+",
        re.ASCII,
    ),
    bool,
)
_EMOJI: Rule = (
    "emoji",
    re.compile(
        "(?:[\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff©®™]"
        "[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*)+"
    ),
    bool,
)

# Figures -----------------------------------------------------------------------------------------------------------

NUMBER = r"\d++(?:[.,]\d++|[\u00a0\u202f]\d{3}(?!\d))*+"
_FIGURES = rf"{NUMBER}(?:[-–~/:x×*+]{NUMBER})*+"  # 16:9, 20x30, 3-5
_POWERS = {"千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8, "百万": 6, "千万": 7}
_SCALED = rf"{_FIGURES}(?:百万|千万|千(?![米克瓦卡赫])|[万萬亿億])?\+?"
_UNIT = (
    r"(?:[kmcnµμ]?[gm]|[mkc]?[lL]|[kmM]?Wh?|m?Ah|k?V|m?A|[kMG]?Hz|[KMGT]B|[kKMG]bps|[kM]?Pa|lm|lx|oz|lbs?|fps|dpi|rpm|dB|mAH|"
    r"[kc]?cal|ppm|[kcm]?m[²³])"
)
_END = rf"(?![{LATIN}\d])"
_VERSION = re.compile(rf"{BEFORE}{VERSIONED.pattern}", re.IGNORECASE)


@cache
def _figures() -> tuple[Rule, ...]:
    """How figures are written, the most telling way first."""
    # Signs of money that no language reads as a word of its own: $, US$, ฿, Rp, THB, đ; not บาท or 元.
    shown = [s for s in signs_of_money() if not s.replace(".", "").isalpha() or s.isupper() or s in ("Rp", "rp", "Rs", "đ", "vnđ")]
    coin = "(?:" + "|".join((BEFORE if s[0].isalpha() else "") + re.escape(s) for s in sorted(shown, key=len, reverse=True)) + ")"
    apart = rf"(?<![\d{LATIN}])(?<!\d[-.,–~/:x×*+])"
    return (
        ("emoji", re.compile("[0-9#*]\ufe0f?\u20e3"), bool),
        ("code", re.compile(r"(?<![\d.,])(1[012])([./])\1(?![\d.,/])"), bool),  # sale days: 11.11, 12.12
        ("number", re.compile(rf"-?{coin}\s?{_SCALED}(?:\s?[-–~]\s?{coin}\s?{_SCALED})?{_END}"), bool),
        ("number", re.compile(rf"{apart}-?{_SCALED}\s?{coin}{_END}"), bool),
        ("number", re.compile(rf"{apart}(?<![{LATIN}]-)(?:(?<![^\W_])[-+±])?{_SCALED}(?:\s?%|\s?°[CF]?|\s?℃|{_UNIT}{_END})"), bool),
        ("code", re.compile(rf"{apart}[A-Za-z0-9]++(?:[-./_+][A-Za-z0-9]++)*+\+*+{AFTER}"), _is_code),
        ("number", re.compile(rf"{apart}(?:(?<![^\W_])[-+±])?{_SCALED}"), bool),
        ("number", re.compile(r"\d+"), bool),
    )


def _is_code(word: str) -> bool:
    """Whether a word is a model number or the like: IPX5, WH-1000XM5, USB-C, 4K, UV; not 3-in-1, 30-day, 30days, T-SHIRT."""
    parts = re.split("[-./_+]", word.rstrip("+"))
    if not re.search("[A-Za-z]", word):
        return False
    if not re.search(r"\d", word):
        port = (parts[0] in acronyms() and len(parts[-1]) == 1) or re.fullmatch("T[yY][pP][eE]-[A-C]", word)
        return bool(port) or word in acronyms()
    counted = r"\d+(?:[A-Za-z]?[a-z]{3,}|st|nd|rd|th)"  # a number and the word after it
    return all(re.search(r"\d", part) or part.isupper() for part in parts) and not any(re.fullmatch(counted, part) for part in parts)


def rewrite_figures(part: str, source: str, target: str) -> str:
    """Each number in a part, by value in the target's style; Chinese multiples written out unless the target has them too.

    Where both languages write numbers alike, and what is no single number (1.2.3), stays as it is.
    """
    if target[:2] not in ("zh", "ja"):
        part = re.sub(rf"({NUMBER})(百万|千万|[千万萬亿億])", lambda m: _written_out(m, source, target), part)
    return re.sub(NUMBER, lambda m: _rewritten(m[0], source, target), part) if _commas(source) != _commas(target) else part


def _written_out(match: re.Match[str], source: str, target: str) -> str:
    value = number_of(match[1], _commas(source))
    if value is None:
        return match[0]
    # In the source's style yet: all numbers of the part change to the target's together.
    return rewrite_number(f"{(value * Decimal(10) ** _POWERS[match[2]]).normalize():,f}", "en", source)


def _rewritten(figures: str, source: str, target: str) -> str:
    value = None if figures.isdigit() else number_of(re.sub("[\u00a0\u202f]", "", figures), _commas(source))
    if value is None:
        return figures
    decimals = max(0, -int(value.as_tuple().exponent))
    grouped = len(re.findall(r"\D", figures)) > (1 if decimals else 0)
    return rewrite_number(f"{value:{',' if grouped else ''}.{decimals}f}", "en", target)


def _commas(code: str) -> bool:
    """Whether a language writes 1.200,5."""
    return rewrite_number(".", code, "en") == ","
