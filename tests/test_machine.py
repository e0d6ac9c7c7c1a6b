"""How many clips at once a machine is good for."""

from __future__ import annotations

from pathlib import Path

import pytest

from localize import machine
from localize.machine import CLIP, clips_at_once, memory


@pytest.mark.parametrize(
    ("cores", "gigabytes", "clips"),
    [(1, 8, 1), (2, 8, 2), (4, 16, 3), (16, 64, 9), (16, 4, 4), (2, 0.5, 1), (256, 1024, 64)],
)
def test_cores_and_memory_say_how_many(monkeypatch: pytest.MonkeyPatch, cores: int, gigabytes: float, clips: int) -> None:
    monkeypatch.setattr(machine, "cores", lambda: cores)
    monkeypatch.setattr(machine, "memory", lambda: int(gigabytes * CLIP))
    assert clips_at_once() == clips


def test_a_containers_memory_counts_where_it_has_less_than_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    group = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "GROUPS", (tmp_path / "not there", group))
    group.write_text("max\n")
    whole = memory()
    group.write_text(f"{2**29}\n")
    assert memory() == 2**29 < whole
