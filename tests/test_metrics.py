"""What Prometheus gets, read by its own parser."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from localize import campaign as campaigns
from localize import cli, metrics, planning, runs
from localize.campaign import Campaign
from localize.domain import Usage
from localize.metrics import Metrics, Source
from localize.planning import Outcome
from localize.publish.database import Database
from localize.publish.ledger import Ledger
from localize.publish.ledger_tables import posts
from localize.store import LocalStore


@pytest.fixture
def settings(shop: Path) -> Campaign:
    return campaigns.load(shop / "campaign.yaml")


def values(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """The figures by name, and by their labels' values in alphabetic order of the labels."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def night(store: LocalStore, settings: Campaign, run: str, failed: int = 0) -> runs.Run:
    """A run of the shop's four clips, of which so many failed."""
    plan = planning.plan(settings)
    runs.begin(store, run, settings, plan, "campaign.yaml")
    for n, job in enumerate(plan.jobs):
        bad = {"state": "failed", "code": 4, "stage": "voice", "message": "no answer"} if n < failed else {"state": "made"}
        ended = Outcome.model_validate(
            {
                "sku": job.product.sku, "language": job.language, "title": "", "seconds": {"voice": 1.5, "clip": 2.0},
                "usage": Usage(requests=2, cost=Decimal("0.01"), unpriced=1), **bad,
            }
        )  # fmt: skip
        store.note(run, f"{ended.sku}.{ended.language}", ended.model_dump_json())
    return runs.count(store, run, runs.outcomes(store, run))


def test_the_last_run_of_a_campaign_in_figures(store: LocalStore, settings: Campaign, tmp_path: Path) -> None:
    good = night(store, settings, "monday")
    bad = night(store, settings, "tuesday", failed=1)
    read = values(Metrics([Source(store)], tmp_path).text())
    assert read["crossreel_run_planned_clips"] == {("corner-shop",): 4}
    clips = read["crossreel_run_clips"]
    assert clips["corner-shop", "th", "failed"] == 1
    assert clips["corner-shop", "th", "made"] == 1
    assert clips["corner-shop", "vi", "made"] == 2
    assert clips["corner-shop", "vi", "blocked"] == 0
    assert read["crossreel_run_stopped_clips"] == {("corner-shop", "th", "voice", "failed"): 1}
    assert read["crossreel_run_stage_seconds"]["corner-shop", "vi", "voice"] == 3.0
    assert read["crossreel_run_model_cost_dollars"] == {("corner-shop", "th"): 0.02, ("corner-shop", "vi"): 0.02}
    assert read["crossreel_run_model_requests"]["corner-shop", "th"] == 4
    assert read["crossreel_run_model_unpriced_requests"]["corner-shop", "th"] == 2
    assert good.counted
    assert read["crossreel_run_success_timestamp_seconds"] == {("corner-shop",): good.counted.timestamp()}
    assert read["crossreel_run_began_timestamp_seconds"] == {("corner-shop",): bad.began.timestamp()}
    assert read["crossreel_store_bytes"][(str(store.root),)] == sum(f.stat().st_size for f in store.root.rglob("*") if f.is_file())
    assert len(read["crossreel_disk_free_bytes"]) == 2


def test_only_the_last_run_is_read(store: LocalStore, settings: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for run in ("one", "two", "three"):
        night(store, settings, run)
    asked: list[str] = []
    whole = runs.outcomes
    monkeypatch.setattr(runs, "outcomes", lambda store, run: asked.append(run) or whole(store, run))
    monkeypatch.setattr(metrics, "FRESH", -1.0)
    reading = Metrics([Source(store)], tmp_path)
    first = values(reading.text())
    assert values(reading.text())["crossreel_run_clips"] == first["crossreel_run_clips"]
    assert asked == ["three"]


def test_a_run_that_goes_on_is_read_anew(store: LocalStore, settings: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "FRESH", -1.0)
    monkeypatch.setattr(metrics, "GOING", -1.0)
    runs.begin(store, "tonight", settings, planning.plan(settings), "campaign.yaml")
    reading = Metrics([Source(store)], tmp_path)
    assert "crossreel_run_clips" not in values(reading.text())
    ended = Outcome(sku="MUG-01", language="th", title="", state="made")
    store.note("tonight", "MUG-01.th", ended.model_dump_json())
    assert values(reading.text())["crossreel_run_clips"]["corner-shop", "th", "made"] == 1


@pytest.mark.parametrize("note", [runs.PLAN, "MUG-01.th"])
def test_what_a_newer_version_noted_hides_no_other_campaign(store: LocalStore, settings: Campaign, tmp_path: Path, note: str) -> None:
    night(store, settings, "monday")
    night(store, settings.model_copy(update={"name": "other-shop"}), "tuesday")
    store.note("monday", note, json.dumps(json.loads(store.noted("monday", note) or "") | {"of_tomorrow": 1}))
    store.note("wednesday", runs.RUN, json.dumps({"of_tomorrow": 1}))
    read = values(Metrics([Source(store)], tmp_path).text())
    assert read["crossreel_run_readable"] == {("corner-shop",): 0, ("other-shop",): 1}
    assert {campaign for campaign, *_ in read["crossreel_run_clips"]} == {"other-shop"}
    assert read["crossreel_run_planned_clips"] == {("corner-shop",): 4, ("other-shop",): 4}
    assert list(read["crossreel_store_unreadable_runs"].values()) == [1]


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    """A ledger with two posts that are out and one that has waited for an hour, of a campaign with an odd name."""
    where = str(tmp_path / "ledger.sqlite")
    Ledger.open(where).close()
    planned = (datetime.now() - timedelta(hours=1)).timestamp()
    rows = [("published", 0.0), ("published", 0.0), ("planned", planned)]
    with Database.open(where).writing() as c:
        for n, (state, at) in enumerate(rows):
            told = {"campaign": 'a "b"\\c', "channel": "tiktok", "place": "tiktok/shop", "clip_key": f"clip/{n}"}
            c.execute(posts.insert().values(**told, state=state, planned_at=at))
    return where


def test_posts_are_counted_and_the_oldest_that_waits_has_its_age(store: LocalStore, tmp_path: Path, ledger: str) -> None:
    read = values(Metrics([Source(store, ledger)], tmp_path).text())
    assert read["crossreel_posts"] == {('a "b"\\c', "tiktok", "planned"): 1, ('a "b"\\c', "tiktok", "published"): 2}
    ((who, age),) = read["crossreel_posts_oldest_seconds"].items()
    assert who == ('a "b"\\c', "tiktok", "planned")
    assert 3600 <= age < 3700
    assert read["crossreel_ledger_up"] == {("1",): 1}


def test_a_ledger_that_is_away_is_a_figure_and_no_fault(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "broken.sqlite").write_text("no database " * 100, encoding="utf-8")
    read = values(Metrics([Source(store, str(tmp_path / "broken.sqlite"))], tmp_path).text())
    assert read["crossreel_ledger_up"] == {("1",): 0}
    assert read["crossreel_info"]


@pytest.fixture
def served(store: LocalStore, settings: Campaign, tmp_path: Path) -> Iterator[str]:
    night(store, settings, "monday")
    with metrics.server(Metrics([Source(store)], tmp_path), "127.0.0.1", 0) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


def test_they_are_served_where_prometheus_looks(served: str) -> None:
    answer = httpx.get(f"{served}/metrics")
    assert answer.headers["content-type"] == metrics.FORMAT
    assert values(answer.text)["crossreel_run_planned_clips"] == {("corner-shop",): 4}
    assert httpx.get(f"{served}/else").status_code == 404


def test_a_reading_that_fails_is_told_as_such(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: Metrics) -> str:
        raise OSError("the disk")

    monkeypatch.setattr(Metrics, "text", away)
    assert httpx.get(f"{served}/metrics").status_code == 503


def test_the_command_prints_them(shop: Path) -> None:
    settings = campaigns.load(shop / "campaign.yaml")
    night(LocalStore(Path(settings.store)), settings, "monday")
    printed = CliRunner().invoke(cli.app, ["metrics", str(shop / "campaign.yaml")])
    assert values(printed.stdout)["crossreel_run_clips"]["corner-shop", "th", "made"] == 2
    assert values(CliRunner().invoke(cli.app, ["metrics"]).stdout)["crossreel_info"]


@pytest.mark.parametrize("serve", ["9464", "127.0.0.1", "127.0.0.1:99999", ":9464"])
def test_an_address_to_serve_at_has_a_host_and_a_port(serve: str) -> None:
    result = CliRunner().invoke(cli.app, ["metrics", "--serve", serve])
    assert "write an address and a port: 127.0.0.1:9464" in str(result.exception)
