"""The evening's doctor and the weekly gc as flows: what the UI shows, and who is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows import doctor, gc
from localize import clearing
from localize.store import LocalStore, key


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The rows of the table in the UI."""
    rows: list[dict[str, str]] = []
    monkeypatch.setattr(doctor, "create_table_artifact", lambda key, table, description: rows.extend(table))
    monkeypatch.setattr(doctor.vault, "register", lambda: None)
    return rows


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(doctor.notify, "person", lambda settings, title, text, link="": texts.append(text))
    return texts


def test_a_sound_evening_is_shown_and_nobody_is_woken(shop: Path, shown: list[dict[str, str]], told: list[str]) -> None:
    state = doctor.doctor.fn(str(shop / "campaign.yaml"))
    assert state.is_completed()
    assert {row["look"] for row in shown} >= {"engines", "disk", "store"}
    assert {row["state"] for row in shown} <= {"ok", "warn"}
    assert told == []


def test_what_stops_the_night_fails_the_run_comes_first_and_is_told(shop: Path, shown: list[dict[str, str]], told: list[str]) -> None:
    with (shop / "campaign.yaml").open("a", encoding="utf-8") as file:
        file.write("engines:\n  voice: coqui\n")
    state = doctor.doctor.fn(str(shop / "campaign.yaml"))
    assert state.is_failed()
    assert (state.message or "").startswith("engines: voice in th: ")
    assert shown[0]["state"] == "bad"
    assert "voice in vi" in told[0]


def test_gc_keeps_what_the_newest_runs_refer_to(shop: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(home / "store")
    kept, stale = (key("speech", "1", n) for n in range(2))
    for name in (kept, stale):
        store.make(name, lambda folder: None)
    store.note("monday", "MUG-01.th", json.dumps({"keys": [kept]}))
    monkeypatch.setattr(clearing, "SPARE", 0.0)  # as if a day had passed
    state: Any = gc.gc.fn(str(shop / "campaign.yaml"))
    assert state.is_completed()
    assert (state.message or "").startswith("1 artifacts removed")
    assert (bool(store.find(kept)), bool(store.find(stale))) == (True, False)
