"""Engines are found by entry points; the best one that is ready serves, and what is not ready says how to get it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import ClassVar

import pytest

from localize import engines
from localize.engines import Card, Engine
from localize.errors import NotReady, UserError


def card(name: str, quality: int, *, commercial: bool = True, languages: tuple[str, ...] = ()) -> Card:
    return Card(
        name=name, stage="voice", about=name, version="1", licence="MIT" if commercial else "CC-BY-NC-4.0", commercial=commercial,
        quality=quality, languages=languages,
    )  # fmt: skip


class Draft:
    card: ClassVar[Card] = card("draft", 10)
    made: ClassVar[list[int]] = []

    def __init__(self) -> None:
        time.sleep(0.02)
        self.made.append(1)

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"{self.card.name}-{self.card.version}"


class Studio(Draft):
    card: ClassVar[Card] = card("studio", 80, languages=("th", "vi"))


class Research(Draft):
    card: ClassVar[Card] = card("research", 90, commercial=False)


class Big(Draft):
    card: ClassVar[Card] = card("big", 100)

    def missing(self) -> str:
        return "its weights are not here: crossreel engines get big"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Call it with classes: they are then the installed voices."""

    def install(*classes: type[Engine]) -> None:
        points = [EntryPoint(c.card.name, f"{__name__}:{c.__name__}", "crossreel.voices") for c in classes]
        monkeypatch.setattr(engines, "entry_points", lambda group: [p for p in points if p.group == group])
        forget()

    def forget() -> None:
        engines._found.cache_clear()
        engines._made.cache_clear()

    yield install
    forget()


def test_auto_takes_the_best_that_is_ready_and_serves_the_language(installed: Callable[..., None]) -> None:
    installed(Draft, Studio, Research, Big)
    assert engines.names("voice") == ("big", "research", "studio", "draft")
    assert engines.get("voice", language="th").card.name == "studio"
    assert engines.get("voice", language="id").card.name == "draft"
    assert engines.get("voice", language="id", allow_noncommercial=True).card.name == "research"


def test_an_engine_is_made_once_even_by_threads(installed: Callable[..., None]) -> None:
    installed(Draft)
    Draft.made.clear()
    got: list[Engine] = []
    threads = [threading.Thread(target=lambda: got.append(engines.get("voice", "draft"))) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(Draft.made) == 1
    assert len(set(map(id, got))) == 1


def test_an_unknown_name_gets_the_nearest(installed: Callable[..., None]) -> None:
    installed(Draft, Studio)
    with pytest.raises(UserError, match=r"no voice engine 'studo'\. Did you mean 'studio'\? Known: auto, studio, draft\."):
        engines.get("voice", "studo")
    with pytest.raises(UserError, match=r"no voice engine 'qqq'\. Known: auto"):
        engines.get("voice", "qqq")


def test_non_commercial_weights_need_a_word(installed: Callable[..., None]) -> None:
    installed(Research)
    with pytest.raises(UserError, match=r"CC-BY-NC-4\.0.*allow_noncommercial: true"):
        engines.get("voice", "research")
    assert engines.get("voice", "research", allow_noncommercial=True).card.name == "research"


def test_a_language_it_does_not_serve_is_refused(installed: Callable[..., None]) -> None:
    installed(Studio)
    with pytest.raises(UserError, match="does not serve 'zh', only th, vi"):
        engines.get("voice", "studio", language="zh")


def test_not_ready_says_how_to_get_it(installed: Callable[..., None]) -> None:
    installed(Big)
    with pytest.raises(NotReady, match="crossreel engines get big") as named:
        engines.get("voice", "big")
    assert named.value.missing == ("its weights are not here: crossreel engines get big",)
    with pytest.raises(NotReady, match="big: its weights are not here") as auto:
        engines.get("voice", language="th")
    assert auto.value.missing == ("big: its weights are not here: crossreel engines get big",)


def test_a_survey_lists_all_with_what_they_lack(installed: Callable[..., None]) -> None:
    installed(Draft, Big)
    assert [(c.name, bool(lack)) for c, lack in engines.survey("voice")] == [("big", True), ("draft", False)]


@pytest.mark.parametrize(("stage", "name"), [("script", "templates"), ("voice", "espeak"), ("lipsync", "viseme"), ("publish", "folder")])
def test_the_embedded_engines_are_ready_here(stage: engines.Stage, name: str) -> None:
    engine = engines.get(stage, name)
    assert (engine.card.stage, engine.card.name, engine.card.commercial) == (stage, name, True)
    assert engine.card.version in engine.fingerprint()


def test_an_engine_that_can_not_be_imported_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("fancy", "no_such_package.voice:Fancy", engines.GROUPS["voice"])
    real = entry_points(group=engines.GROUPS["voice"])
    monkeypatch.setattr(engines, "entry_points", lambda group: (*real, broken))
    engines._found.cache_clear()
    with pytest.warns(UserWarning, match="'fancy' can't be loaded: No module named 'no_such_package'"):
        assert engines.names("voice") == tuple(sorted((e.name for e in real), key=lambda n: (-engines.kinds("voice")[n].card.quality, n)))
    engines._found.cache_clear()


def test_lips_and_voices_share_what_lies_above_both() -> None:
    """A stage imports nothing of another one: where torch runs is asked of neither."""
    package = Path(engines.__file__).parent
    for stage, other in (("lipsync", "voice"), ("voice", "lipsync")):
        for file in (package / stage).rglob("*.py"):
            imported = re.findall(rf"^\s*(?:from|import) localize\.{other}\b.*", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert imported == [], file.name
