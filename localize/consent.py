"""Consent: what a person has allowed to be made of their voice or face, in which languages, where, and until when.

A consent is a small YAML file that is kept beside what it is for. Nothing is made of a person without one that is valid today
and covers what is made; what is published says of it no more than its digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, field_validator
from rapidfuzz import process

from localize import languages, yamls
from localize.domain import Channel, Model
from localize.errors import Blocked, UserError

PLATFORMS = tuple(name for name in get_args(Channel.model_fields["platform"].annotation) if name != "any")
DIGEST = r"^[0-9a-f]{64}$"

EXAMPLE = """\
who: Somchai Example          # the person whose voice or face it is
signed: 2026-03-01            # when they signed
by: signed form 2026-031      # how they gave it, and where it is kept
languages: [th, vi, id]       # that they may be heard in, or: all
platforms: [tiktok, douyin]   # where the clips may be published, or: all
until: 2027-02-28             # the last day; empty: until it is withdrawn
withdrawn:                    # the day it was withdrawn, if it was
sha256: []                    # of the recordings it is for, if the person names them
"""


def _day(value: Any) -> Any:
    """YAML reads 2026-03-01 as a date; a bare number would be taken for seconds since 1970."""
    if isinstance(value, date) or value is None or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        return value
    raise ValueError(f"{value!r} is not a day: write it as 2026-03-01")


def _known_language(code: str) -> str:
    """Any language can be consented to, so a code needs only the form of one; a name ("Thai") is a mistake that is pointed out."""
    if re.fullmatch(r"[a-z]{2,3}", code):
        return code
    names = {languages.get(known).name.lower(): known for known in languages.codes()}
    near = process.extractOne(code.lower(), [*names, *languages.codes()], score_cutoff=60)
    asked = f" Did you mean {names.get(near[0], near[0])!r}?" if near else ""
    raise ValueError(f"{code!r} is not a language's code of two letters.{asked} Known: {', '.join(languages.codes())}, or all.")


def _known_platform(name: str) -> str:
    """A consent may name platforms that crossreel does not know; what is nearly one that it knows is a mistake."""
    plain = name.strip().lower()
    near = process.extractOne(plain, PLATFORMS, score_cutoff=75)
    if plain in PLATFORMS or (not near and re.fullmatch(r"[a-z0-9][a-z0-9._-]*", plain)):
        return plain
    asked = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name!r} is not the name of a platform.{asked} Known: {', '.join(PLATFORMS)}, or all.")


def _several(value: Any) -> Any:
    """A list where one may stand alone; "all" stays what it is, wherever it stands."""
    if isinstance(value, str):
        return value if value == "all" else (value,)
    return "all" if isinstance(value, list) and "all" in value else value


Day = Annotated[date, BeforeValidator(_day)]
Code = Annotated[str, AfterValidator(_known_language)]
Platform = Annotated[str, AfterValidator(_known_platform)]
Sha256 = Annotated[str, Field(pattern=DIGEST)]


class Consent(Model):
    """What a person allowed. `sha256` are the files it is for: of a stored one, the reference that was made of the recordings."""

    who: str = Field(min_length=1)
    signed: Day
    by: str = Field(min_length=1)
    languages: Literal["all"] | tuple[Code, ...] = Field(min_length=1)
    platforms: Literal["all"] | tuple[Platform, ...] = Field(min_length=1)
    until: Day | None = None
    withdrawn: Day | None = None
    sha256: tuple[Sha256, ...] = ()

    _lists = field_validator("languages", "platforms", "sha256", mode="before")(_several)

    @field_validator("sha256", mode="before")
    @classmethod
    def none_given(cls, value: Any) -> Any:
        return () if value is None else value

    @field_validator("until")
    @classmethod
    def ends_after_it_begins(cls, value: date | None, info: Any) -> date | None:
        signed = info.data.get("signed")
        if value and signed and value < signed:
            raise ValueError(f"it ends on {value}, before the day it was signed ({signed})")
        return value

    def lack(self, language: str = "", platform: str = "", today: date | None = None) -> str:
        """What is missing for a use of that language on that platform ("" asks for none) today: "" if nothing is.

        The platform "any" is one that nobody named: it needs a consent to all of them. The text names no person.
        """
        day = today or date.today()
        lacks = []
        if self.withdrawn and self.withdrawn <= day:
            lacks.append(f"the consent was withdrawn on {self.withdrawn}")
        if self.signed > day:
            lacks.append(f"the consent is signed for {self.signed}, a day to come")
        if self.until and self.until < day:
            lacks.append(f"the consent ended on {self.until}")
        if language and self.languages != "all" and language not in self.languages:
            lacks.append(f"the consent is for {_listed(self.languages)}, not for {_spoken(language)}")
        if platform and self.platforms != "all" and platform not in self.platforms:
            where = "every platform, and the channel names none" if platform == "any" else platform
            lacks.append(f"the consent is for {', '.join(self.platforms)}, not for {where}")
        return "; ".join(lacks)

    def require(self, what: str, *, language: str = "", platform: str = "", today: date | None = None) -> None:
        """Raise Blocked where something is missing for this use of `what` ("the voice anna")."""
        lack = self.lack(language, platform, today)
        if lack:
            way = "use another" if self.withdrawn else "ask the person for a new consent, or use another"
            raise Blocked(f"{what} may not be used: {lack}. The way out: {way}.", findings=tuple(lack.split("; ")))

    def digest(self) -> str:
        """What identifies the consent, for keys: it changes with every word of it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def reference(self) -> str:
        """What may be published of it: no name, nothing of its content."""
        return f"consent {self.digest()[:16]}"

    def scope(self) -> str:
        """What it covers, in a few words: "languages: th, vi; platforms: all"."""
        given = {"languages": self.languages, "platforms": self.platforms}
        return "; ".join(f"{what}: {value if isinstance(value, str) else ', '.join(value)}" for what, value in given.items())

    def until_when(self, today: date | None = None) -> str:
        """Its state in a few words, for a list."""
        return self.lack(today=today).replace("the consent ", "") or (f"until {self.until}" if self.until else "until withdrawn")


def _spoken(code: str) -> str:
    return f"{languages.get(code).name} ({code})" if code in languages.codes() else code


def _listed(codes: Literal["all"] | tuple[str, ...]) -> str:
    return ", ".join(map(_spoken, codes))


def covered(channels: Iterable[Channel], permit: Callable[[Channel], None]) -> tuple[Channel, ...]:
    """The channels that `permit` raises no Blocked for. Raises that of the first where there are some, and none that is permitted."""
    refused, permitted = [], []
    for channel in channels:
        try:
            permit(channel)
            permitted.append(channel)
        except Blocked as error:
            refused.append(error)
    if refused and not permitted:
        raise refused[0]
    return tuple(permitted)


def load(path: str | Path) -> Consent:
    """Read a consent. Raises UserError naming each mistake's line and what to write instead."""
    return record(Path(path), Consent, "a consent")


def kept(path: Path, what: str) -> Consent:
    """The consent that lies with `what` ("the voice anna"). Raises Blocked where there is none, UserError as `load`."""
    if not path.is_file():
        raise Blocked(f"{what} may not be used: there is no consent in {path}. A consent.yaml says:\n{EXAMPLE}")
    return load(path)


def dump(consent: Consent) -> str:
    """The consent as YAML text that `load` reads."""
    return yaml.safe_dump(consent.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex. Raises UserError where it can't be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as e:
        raise UserError(f"{path}: {e.strerror or e}.") from e


# ---- small YAML files of one flat record

Shape = TypeVar("Shape", bound=BaseModel)


def record(path: Path, shape: type[Shape], what: str) -> Shape:
    """Read a YAML file of `key: value` lines. Raises UserError with the line, key and value of each mistake, all at once."""
    data, tree = yamls.read(path, what)
    if not isinstance(data, dict) or not isinstance(tree, yaml.MappingNode):
        raise UserError(f"{path}, line 1: {what} is a list of `key: value` lines, such as `{next(iter(shape.model_fields))}: ...`.")
    lines: dict[str, int] = {}
    for node, _ in tree.value:
        name = str(node.value)
        if name in lines:  # of two ends of a consent, YAML would take the later
            raise UserError(f"{path}, line {node.start_mark.line + 1}: {name!r} stands in line {lines[name]} already; keep one of them.")
        lines[name] = node.start_mark.line + 1
    try:
        return shape.model_validate(data)
    except ValidationError as e:
        problems: dict[tuple[int, str], str] = {}
        for error in e.errors():
            # Of a value that may be `all` or a list, pydantic tells what is wrong by both: what is wrong with the list counts.
            if error["type"] == "literal_error" and len(error["loc"]) > 1:
                continue
            key = str(error["loc"][0])
            at = lines.get(key, 1)
            problems.setdefault((at, key), f"{path}, line {at}: {key}: {_problem(key, dict(error), list(shape.model_fields))}")
        raise UserError("\n".join(problems[place] for place in sorted(problems))) from e


def _problem(key: str, error: dict[str, Any], known: list[str]) -> str:
    if error["type"] == "extra_forbidden":
        near = process.extractOne(key, known, score_cutoff=60)
        asked = f" Did you mean {near[0]!r}?" if near else ""
        return f"{key!r} is not a known key.{asked} Known: {', '.join(known)}."
    if error["type"] == "missing":
        return "this key is needed and missing."
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] == DIGEST:
        return f"{error['input']!r} is not a SHA-256: 64 digits and letters a to f, as `sha256sum FILE` prints them."
    if error["type"] in ("too_short", "tuple_type"):
        return f"it says {error['input']!r}: write a list, such as [a, b]."
    return f"{error['msg']} (it says {error['input']!r})"
