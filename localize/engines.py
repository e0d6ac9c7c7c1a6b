"""Engines: what each says about itself, and how the right one is found on this machine.

An engine is a class behind an entry point in one of the groups below, so other packages can add theirs. Its
stage's Protocol (in the stage's `__init__`) says what it does; the `Card` says what it is and what it needs.
"""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import ClassVar, Literal, Protocol, cast

from rapidfuzz import process

from localize.errors import NotReady, UserError

Stage = Literal["script", "translate", "voice", "convert", "lipsync", "publish"]

GROUPS: dict[Stage, str] = {
    "script": "crossreel.scripts",
    "translate": "crossreel.translators",
    "voice": "crossreel.voices",
    "convert": "crossreel.converters",
    "lipsync": "crossreel.lipsyncs",
    "publish": "crossreel.publishers",
}


@dataclass(frozen=True)
class Card:
    """What an engine declares.

    `version` changes whenever its output would; `quality` orders the engines for `auto` (higher is better);
    `languages` is empty when it serves all of them.
    """

    name: str
    stage: Stage
    about: str
    version: str
    licence: str
    commercial: bool = True
    quality: int = 0
    languages: tuple[str, ...] = ()


class Engine(Protocol):
    """What all engines share. Constructed without arguments; loading is done on first use."""

    card: ClassVar[Card]

    def missing(self) -> str:
        """Empty when it can run here, else what is missing and how to get it, in one sentence."""
        ...

    def fingerprint(self) -> str:
        """Everything besides the inputs that changes the output: version, model revision, settings."""
        ...


@cache
def _found(stage: Stage) -> dict[str, type[Engine]]:
    found: dict[str, type[Engine]] = {}
    for entry in entry_points(group=GROUPS[stage]):
        try:
            found[entry.name] = cast("type[Engine]", entry.load())
        except ImportError as error:  # another package's fault must not take the stage's other engines with it
            warnings.warn(f"the {stage} engine {entry.name!r} can't be loaded: {error}", stacklevel=2)
    return found


def names(stage: Stage) -> tuple[str, ...]:
    """The names of a stage's engines, best first."""
    found = _found(stage)
    return tuple(sorted(found, key=lambda n: (-found[n].card.quality, n)))


_making = threading.Lock()


def _instance(stage: Stage, name: str) -> Engine:
    with _making:  # `cache` alone would let two threads make one each
        return _made(stage, name)


@cache
def _made(stage: Stage, name: str) -> Engine:
    return _found(stage)[name]()


def get(stage: Stage, name: str = "auto", *, language: str = "", allow_noncommercial: bool = False) -> Engine:
    """The engine of that name, or for `auto` the best one that is ready here and serves the language.

    Engines are made once per process. Raises UserError for an unknown name or a non-commercial engine that
    the campaign does not allow, NotReady when it (or every one) misses something.
    """
    if name == "auto":
        reasons = []
        for candidate in names(stage):
            card = _found(stage)[candidate].card
            if language and card.languages and language not in card.languages:
                continue
            if not card.commercial and not allow_noncommercial:
                continue
            lack = _instance(stage, candidate).missing()
            if not lack:
                return _instance(stage, candidate)
            reasons.append(f"{candidate}: {lack}")
        raise NotReady(f"no {stage} engine is ready for {language or 'this'}.", missing=tuple(reasons), how="; ".join(reasons))
    if name not in _found(stage):
        near = process.extractOne(name, names(stage), score_cutoff=50)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UserError(f"there is no {stage} engine {name!r}.{hint} Known: {', '.join(('auto', *names(stage)))}.")
    card = _found(stage)[name].card
    if not card.commercial and not allow_noncommercial:
        raise UserError(f"{name} has non-commercial weights ({card.licence}); set allow_noncommercial: true if your use is not commercial.")
    if language and card.languages and language not in card.languages:
        raise UserError(f"the {stage} engine {name!r} does not serve {language!r}, only {', '.join(card.languages)}.")
    engine = _instance(stage, name)
    lack = engine.missing()
    if lack:
        raise NotReady(f"the {stage} engine {name!r} is not ready: {lack}", missing=(lack,))
    return engine


def survey(stage: Stage) -> list[tuple[Card, str]]:
    """Every engine of a stage, best first, with what it lacks here ("" when it is ready)."""
    return [(_found(stage)[name].card, _instance(stage, name).missing()) for name in names(stage)]
