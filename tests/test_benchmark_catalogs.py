"""The benchmark of catalogs: that it measures what it says, and that nothing it tries is let through."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).resolve().parent.parent / "benchmarks" / "catalogs.py"


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_catalogs", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


catalogs = loaded()


@pytest.mark.heavy
def test_a_catalog_is_read_in_a_process_of_its_own(tmp_path: Path) -> None:
    with (tmp_path / "native.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(catalogs.native_rows(50))
    read = catalogs.alone("catalog", tmp_path / "native.csv")
    assert (read["format"], read["rows"], read["products"], read["rejects"]) == ("native", 50, 50, 0)
    assert read["balanced"]
    assert 20 < read["mib"] < 400
    assert read["cpu"] > 0


@pytest.mark.heavy
def test_the_generated_shopify_export_is_four_rows_a_product(tmp_path: Path) -> None:
    with (tmp_path / "shopify.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(catalogs.shopify_rows(40))
    read = catalogs.alone("catalog", tmp_path / "shopify.csv")
    assert (read["format"], read["rows"], read["products"], read["rejects"]) == ("shopify", 40, 10, 0)


def test_what_is_no_catalog_is_refused_and_not_broken(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_bytes(b"\x00\x01\x02 nothing")
    read = catalogs.alone("catalog", tmp_path / "note.txt")
    assert "broken" not in read
    assert "note.txt" in read["refused"]


@pytest.mark.heavy
def test_nothing_is_let_through(tmp_path: Path) -> None:
    tried = catalogs.refused(tmp_path)
    assert len(tried) >= 15
    assert [attempt["what"] for attempt in tried if attempt["through"]] == []
    assert all(attempt["refused"] for attempt in tried)


def figures(**changed: Any) -> dict[str, Any]:
    row = {
        "file": "a.csv",
        "format": "native",
        "refused": "",
        "rows": 10,
        "seen": 11,
        "products": 10,
        "balanced": True,
        "cpu": 1e-4,
        "mib": 100.0,
    }
    return {"catalogs": [row | changed], "pictures": [], "many": [], "refused": []}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"balanced": False}, ["a.csv: 11 rows, but 10 accounted for"]),
        ({"mib": 512.0}, ["a.csv: 512 MiB, at most 400"]),
        ({"broken": "KeyError: 'x'"}, ["a.csv: ended in KeyError: 'x'"]),
    ],
)
def test_what_falls_short_is_named(changed: dict[str, Any], told: list[str]) -> None:
    assert catalogs.shortfalls(figures(**changed)) == told


def test_slow_reading_falls_short() -> None:
    slow = figures(cpu=1.0, file="native.csv")
    assert catalogs.shortfalls({**slow, "quick": False, "many": slow["catalogs"]}) == ["native.csv: 10 rows a second, at least 50,000"]
    assert catalogs.shortfalls({**slow, "quick": True, "many": slow["catalogs"]}) == [], "of few rows, the start takes too much"


def test_what_was_let_through_falls_short() -> None:
    assert catalogs.shortfalls(figures() | {"refused": [{"what": "zip bomb", "through": "it was read", "refused": ""}]}) == [
        "zip bomb: it was read"
    ]
