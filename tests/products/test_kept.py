"""Copies of what was fetched: those that nobody asks for any more go."""

from __future__ import annotations

import os
import time
from pathlib import Path

from localize.products.sources import kept


def fetched(folder: Path, name: str) -> Path:
    """A copy as a fetch leaves it."""

    def get(half: Path, known: kept.Marks | None) -> kept.Marks | None:
        half.write_bytes(b"x" * 1000)
        return kept.Marks(tag="1")

    return kept.copy(f"https://shop.example/{name}", name, folder, get, hasty=True, wait=1)


def test_copies_that_nobody_asked_for_in_a_month_are_removed(tmp_path: Path) -> None:
    old, new, half_made = fetched(tmp_path, "old.jpg"), fetched(tmp_path, "new.jpg"), tmp_path / "half"
    marks = old.parent / ".marks.json"
    month_ago = time.time() - 31 * 86_400
    marks.write_text(kept.Marks(tag="1", asked=month_ago).model_dump_json(), encoding="utf-8")
    half_made.mkdir()
    os.utime(half_made, (month_ago, month_ago))
    count, size = kept.prune(tmp_path, days=30)
    assert count == 2
    assert size >= 1000
    assert [p.name for p in tmp_path.iterdir()] == [new.parent.name]
    assert kept.prune(tmp_path / "none", days=30) == (0, 0)
