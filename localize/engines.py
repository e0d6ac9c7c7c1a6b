"""Engines: what each says about itself, and how the right one is found on this machine.

An engine is a class behind an entry point in one of the groups below, so other packages can add theirs. Its
stage's Protocol (in the stage's `__init__`) says what it does; the `Card` says what it is and what it needs.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, ClassVar, Literal, Protocol, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from rapidfuzz import process

from localize.errors import CrossreelError, NotReady, UserError

Stage = Literal["script", "translate", "voice", "convert", "recognize", "separate", "lipsync", "faces", "cutout", "publish"]

GROUPS: dict[Stage, str] = {
    "script": "crossreel.scripts",
    "translate": "crossreel.translators",
    "voice": "crossreel.voices",
    "convert": "crossreel.converters",
    "recognize": "crossreel.recognizers",
    "separate": "crossreel.separators",
    "lipsync": "crossreel.lipsyncs",
    "faces": "crossreel.faces",
    "cutout": "crossreel.cutouts",
    "publish": "crossreel.publishers",
}


@dataclass(frozen=True)
class Card:
    """What an engine declares.

    `version` changes whenever its output would; `quality` orders the engines for `auto` (higher is better);
    `languages` is empty when it serves all of them. `machine` is false for translators that only give back what people wrote.
    Of voices, `clones` tells that it speaks in a reference's voice without a converter, `paced` that it obeys the pace asked for,
    `timed` that it knows when its words are heard. Of lip-syncs, `filmed` tells that it moves a filmed host's face (`FilmedLipsync`)
    and not a drawn one's (`Lipsync`). Of publishers, `by_hand` tells that a person posts what they lay out. Of all, `remote` tells that a
    server does the work.
    """

    name: str
    stage: Stage
    about: str
    version: str
    licence: str
    commercial: bool = True
    quality: int = 0
    languages: tuple[str, ...] = ()
    machine: bool = True
    clones: bool = False
    paced: bool = False
    timed: bool = False
    filmed: bool = False
    by_hand: bool = False
    remote: bool = False


class Options(BaseModel):
    """What a campaign may set of an engine, under `engines: {options: {<name>: ...}}`. Base of each engine's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Engine(Protocol):
    """What all engines share. Loading is done on first use.

    Constructed without arguments; an engine that can be set has a class attribute `Options`, a subclass of the one above,
    and is constructed with one of these.
    """

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


def kinds(stage: Stage) -> dict[str, type[Engine]]:
    """A stage's engines by name, best first, as classes: what can be asked of them without making one."""
    return {name: _found(stage)[name] for name in names(stage)}


_making = threading.Lock()


# The options of engines, by their names, as they stand in a campaign.
Settings = Mapping[str, Mapping[str, Any]]
_NO_SETTINGS: Settings = {}


def options_of(kind: type[Engine]) -> type[Options] | None:
    """The options that an engine takes, None if it takes none."""
    found: type[Options] | None = getattr(kind, "Options", None)
    return found


def problems(settings: Settings) -> list[tuple[tuple[str, ...], str]]:
    """What is wrong in a campaign's engine options: (where: engine, option), and why with the way out."""
    known = {name: kind for stage in GROUPS for name, kind in _found(stage).items() if options_of(kind)}
    wrong: list[tuple[tuple[str, ...], str]] = []
    for name, given in settings.items():
        if name not in known:
            near = process.extractOne(name, sorted(known), score_cutoff=50)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            wrong.append(((name,), f"there is no engine {name!r} that has options.{hint} Known: {', '.join(sorted(known))}."))
            continue
        # One name may serve several stages with options of their own: each of them takes its part.
        shapes = [o for stage in GROUPS if (k := _found(stage).get(name)) and (o := options_of(k))]
        fields = {field for shape in shapes for field in shape.model_fields}
        for option in given:
            if option not in fields:
                near = process.extractOne(option, sorted(fields), score_cutoff=50)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                wrong.append(((name, option), f"{option!r} is no option of {name}.{hint} Known: {', '.join(sorted(fields))}."))
        for shape in shapes:
            try:
                shape.model_validate({k: v for k, v in given.items() if k in shape.model_fields})
            except ValidationError as error:
                for e in error.errors():
                    where = (name, *(str(part) for part in e["loc"]))
                    reason = str(e["ctx"]["error"]) if e["type"] == "value_error" else e["msg"]
                    if (where, reason) not in wrong:
                        wrong.append((where, reason))
    return wrong


def _instance(stage: Stage, name: str, settings: Settings) -> Engine:
    kind = _found(stage)[name]
    shape = options_of(kind)
    given = {k: v for k, v in settings.get(name, {}).items() if shape and k in shape.model_fields}
    with _making:  # `cache` alone would let two threads make one each
        return _made(stage, name, shape.model_validate(given).model_dump_json() if shape else "")


@cache
def _made(stage: Stage, name: str, options: str) -> Engine:
    kind = cast(Any, _found(stage)[name])
    made: Engine = kind(kind.Options.model_validate_json(options)) if options else kind()
    return made


def get(
    stage: Stage,
    name: str = "auto",
    *,
    language: str = "",
    allow_noncommercial: bool = False,
    settings: Settings = _NO_SETTINGS,
    able: Callable[[Card], bool] = lambda card: True,
) -> Engine:
    """The engine of that name, or for `auto` the best one that is ready here, serves the language and is `able`.

    Engines are made once per process and set of options. Raises UserError for an unknown name or a non-commercial engine
    that the campaign does not allow, NotReady when it (or every one) misses something.
    """
    if name == "auto":
        reasons = []
        for candidate in names(stage):
            card = _found(stage)[candidate].card
            if language and card.languages and language not in card.languages:
                continue
            if not able(card) or (not card.commercial and not allow_noncommercial):
                continue
            engine = _instance(stage, candidate, settings)
            if not (lack := lacking(engine, language)):
                return engine
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
    engine = _instance(stage, name, settings)
    if lack := lacking(engine, language):
        raise NotReady(f"the {stage} engine {name!r} is not ready: {lack}", missing=(lack,))
    return engine


def lacking(engine: Engine, language: str) -> str:
    """What an engine lacks to serve a language, "" when nothing: one with a model for each language may have some of them only."""
    told: Callable[[str], str] | None = getattr(engine, "missing_in", None)
    return engine.missing() or (told(language) if told and language else "")


def survey(stage: Stage, settings: Settings = _NO_SETTINGS, language: str = "") -> list[tuple[Card, str]]:
    """Every engine of a stage, best first, with what it lacks here to serve the language, if one is named ("" when it is ready)."""
    return [(_found(stage)[name].card, lacking(_instance(stage, name, settings), language)) for name in names(stage)]


def told(used: Iterable[Engine]) -> dict[str, str]:
    """By stage, the engines that served it, each with the licence of what it runs."""
    by_stage: dict[str, dict[str, None]] = {}
    for engine in used:
        by_stage.setdefault(engine.card.stage, {})[licensed(engine)] = None
    return {stage: ", ".join(names) for stage, names in by_stage.items()}


def licensed(engine: Engine) -> str:
    """An engine as it is told of: m2m100 (MIT)."""
    return f"{engine.card.name} ({engine.card.licence})"


def device(engine: object) -> str:
    """Where an engine's model runs and how it counts ("cuda:0 bfloat16"), "" for one that has none."""
    told: Callable[[], str] | None = getattr(engine, "report", None)
    return told() if told else ""


def on_gpu(engine: object) -> bool:
    """Whether an engine's model runs on a GPU of this machine."""
    return device(engine).startswith("cuda")


def ready(*makers: Callable[[], Iterable[Engine]]) -> Iterator[Engine]:
    """The engines that are asked for one after the other; one that is not ready tells so where it is needed."""
    for found in makers:
        with suppress(CrossreelError, OSError):
            yield from found()
