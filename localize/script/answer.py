"""A model's answer as Lines: what is only untidy is put right, what is missing is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar, get_args

from rapidfuzz import process

from localize.chat.reading import listed
from localize.domain import GESTURES, Emotion, Line, Role, Show
from localize.languages import signs
from localize.script.dialogues import one_sided

_T = TypeVar("_T", bound=str)

MOST_LINES = 28  # a dialogue of 60 s has 19 and its replies
LONGEST_TEXT = 400  # letters; a Line longer than this is no sentence
_ROLES: tuple[Role, ...] = get_args(Role)
_EMOTIONS: tuple[Emotion, ...] = get_args(Emotion)
_SHOWN: dict[str, Show] = {"hook": "title", "price": "price", "cta": "cta"}
_PICTURES = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]+")
_TAGS = re.compile(r"(?:^|\s)#[^\s#]+")


def parse(text: str, features: int, genders: Sequence[str] = ("",), language: str = "") -> tuple[list[Line], list[str]]:
    """The Lines of an answer, and what is wrong with them in words that the model can mend it by. `features` is how many the
    row has, `genders` are the hosts': with two, each Line must say whose it is. Raises nothing."""
    told = listed(text, "lines")
    if not told:
        return [], ["It is no JSON object with a list called lines."]
    lines: list[Line] = []
    problems: list[str] = []
    for n, item in enumerate(told[:MOST_LINES], 1):
        line = _line(item, features)
        host = _host(item) if len(genders) > 1 else 0
        if line is None:
            problems.append(f"Line {n} has no text or no role.")
        elif host is None:
            problems.append(f"Line {n} has no host: it must be 0 or 1.")
        elif len(line.text) > LONGEST_TEXT:
            problems.append(f"Line {n} is {len(line.text)} letters long: say it in one breath, or in two lines.")
        else:
            lines.append(line.model_copy(update={"host": host}) if host else line)
    if len(genders) > 1 and not problems:
        problems += [*one_sided(lines), *_misspoken(lines, genders, language)]
    return lines, problems + missing(lines)


def _host(item: Any) -> int | None:
    """Whose a Line is: 0 or 1, also written as "1" or "host 1"; None if it does not say."""
    found = re.fullmatch(r"\s*(?:host[\s_]*)?([01])\s*", str(item.get("host")).casefold()) if isinstance(item, dict) else None
    return int(found[1]) if found else None


def _misspoken(lines: Sequence[Line], genders: Sequence[str], language: str) -> list[str]:
    """Lines that end in the other gender's particle, in Thai."""
    ends = {"female": "ครับ", "male": "ค่ะ|คะ"} if language == "th" else {}
    return [
        f"Line {n} is host {line.host}'s, who is {genders[line.host]}, and says {found[0]!r}."
        for n, line in enumerate(lines, 1)
        if (wrong := ends.get(genders[line.host])) and (found := re.search(rf"(?:{wrong})(?![\u0e00-\u0e7f])", line.text))
    ]


def missing(lines: Sequence[Line]) -> list[str]:
    """What a script must have and these Lines do not."""
    roles = [line.role for line in lines]
    problems = []
    if not lines or roles[0] != "hook":
        problems.append("The first line must be the hook.")
    if not lines or roles[-1] != "cta":
        problems.append("The last line must be the call to action (cta).")
    if "price" not in roles:
        problems.append("There is no line with the price.")
    return problems


def _line(item: Any, features: int) -> Line | None:
    if not isinstance(item, dict):
        return None
    text = _spoken(str(item.get("text") or ""))
    role = _nearest(item.get("role"), _ROLES)
    if not text or role is None:
        return None
    number = item.get("feature")
    feature = number - 1 if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= features else None
    gesture = _nearest(item.get("gesture"), GESTURES) or "rest"
    emotion = _nearest(item.get("emotion"), _EMOTIONS) or "neutral"
    show: Show = _SHOWN.get(role) or ("feature" if feature is not None else "picture")
    return Line(role=role, text=text, gesture=gesture, emotion=emotion, show=show, feature=feature)


def _spoken(text: str) -> str:
    """The text as it can be said: one line, without the emoji, hashtags and quotation marks that models add."""
    return _unquoted(" ".join(_TAGS.sub(" ", _PICTURES.sub(" ", _unquoted(signs.plain(text)))).split()))


def _unquoted(text: str) -> str:
    line = text.strip()
    pairs = {'"': '"', "“": "”", "「": "」", "'": "'"}
    return line[1:-1].strip() if len(line) > 2 and pairs.get(line[0]) == line[-1] else line


def _nearest(value: object, known: Sequence[_T]) -> _T | None:
    """The known word that is meant, None if it is none of them: "Call to action" is no role, "CTA" and "count 1" are."""
    word = re.sub(r"[\s-]+", "_", str(value or "").strip().casefold())
    if word in known:
        return next(k for k in known if k == word)
    near = process.extractOne(word, known, score_cutoff=80) if word else None
    return near[0] if near else None
