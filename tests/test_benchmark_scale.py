"""The model of a large night: that its sums come out as by hand, and that more of anything asks for more."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).resolve().parent.parent / "benchmarks" / "scale.py"


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_scale", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for the names of their types
    spec.loader.exec_module(module)
    return module


scale = loaded()


def night(**said: Any) -> Any:
    return scale.night(scale.Given(**said))


def needs(**said: Any) -> list[str]:
    given = scale.Given(**said)
    return scale.needs(given, scale.night(given))


def test_a_night_by_hand() -> None:
    # A batch: 100 clips of 10 s on 10 cores are 100 s, its start 10 s, and at its end 6 clips of 10 s leave 3 s empty.
    small = {"languages": 1, "batch": 100, "cores": 10, "busy": 1.0, "cpu": 10.0, "start": 10.0}
    one = night(products=100, **small)
    assert (one.clips, one.batches, one.machines, one.at_once) == (100, 1, 1, 6)
    assert one.took * 3600 == pytest.approx(113)
    assert one.lost == pytest.approx(13 / 113)
    assert one.clips_an_hour == pytest.approx(3600 * 100 / 113)
    assert one.task_runs == pytest.approx(200 / 113)
    # 254 batches of 113 s fit into 8 hours; for one more a second machine is needed, and both take half as long.
    assert night(products=25_400, **small).machines == 1
    two = night(products=25_500, **small)
    assert two.machines == 2
    assert two.took * 3600 == pytest.approx(128 * 113)


def test_the_cost_by_hand() -> None:
    found = night(
        products=1000, languages=2, cpu=36.0, vcpu_hour=1.0, stored=1e9, gigabyte_month=0.5, writes=10, requests=0.1, channels=3,
        video=1e9, gigabyte_out=0.25, always_on=2, hours=1.0, cores=4, busy=1.0, start=0.0,
    )  # fmt: skip
    assert found.cpu_hours == 20
    assert found.machines > 1
    assert found.machine_dollars == pytest.approx(found.machines * found.took * 4)
    assert found.bucket_dollars == pytest.approx(2000 * (10 * 0.1 / 1000 + 0.5))
    assert found.out_dollars == pytest.approx(2000 * 3 * 0.25)
    assert found.server_dollars == 48
    assert found.dollars == pytest.approx(found.machine_dollars + found.bucket_dollars + found.out_dollars + 48)


def test_machines_are_as_many_as_the_night_needs_and_no_more() -> None:
    found, given = night(), scale.Given()
    assert found.took <= given.hours
    assert found.batches / (found.machines - 1) * given.batch * given.languages / found.clips_an_hour > given.hours


@pytest.mark.parametrize("more", [{"languages": 6}, {"cpu": 62.0}, {"speed": 0.5}, {"hours": 4.0}, {"products": 100_000}])
def test_twice_the_work_takes_about_twice_the_machines(more: dict[str, Any]) -> None:
    assert night(**more).machines == pytest.approx(2 * night().machines, rel=0.1)


def test_small_batches_lose_time_and_large_ones_little() -> None:
    assert night(batch=1).lost > 0.4  # a flow run for each product
    assert night(batch=100).lost < 0.1


def test_memory_holds_clips_back() -> None:
    assert night(cores=16, memory=64e9).at_once == 9
    assert night(cores=16, memory=3e9, clip_memory=1e9).at_once == 3


def test_what_gives_out_first_is_told_first() -> None:
    assert needs(products=500) == []
    assert ["s3://" in need for need in needs(products=5000)] == [True]
    large, larger = needs(products=200_000), needs(products=2_000_000)
    assert "Redis" in large[0] or "two campaigns" in large[0]
    assert "two campaigns" in larger[0]
    assert any("ledger" in need and "faster" in need for need in larger)
    assert "smaller batches" in needs(batch=50_000)[0]


def test_the_table_is_printed_and_a_night_too_short_falls_short(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["scale.py", "--products", "1000", "--json"])
    assert scale.main() == 0
    told = json.loads(capsys.readouterr().out)["figures"]
    assert told[0]["what"] == "clips"
    assert told[0]["value"] == "3,000"
    assert sum("products" in figure["what"] for figure in told) == len(scale.NIGHTS)
    monkeypatch.setattr(sys, "argv", ["scale.py", "--batch", "50000", "--hours", "1"])
    assert scale.main() == 1


def test_every_figure_that_is_given_says_what_it_is() -> None:
    assert all(f.metadata["help"] for f in dataclasses.fields(scale.Given))
