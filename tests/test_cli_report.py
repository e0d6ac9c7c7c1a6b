"""crossreel report and crossreel status, over a store with a night in it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from localize import campaign as campaigns
from localize import cli, planning, runs
from localize.cli_report import console
from localize.domain import Receipt
from localize.errors import UserError
from localize.planning import Job, Outcome
from localize.store import LocalStore, open_store


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", 400)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


def crossreel(*args: object) -> str:
    """What a command says; its errors are raised, as `main` takes them."""
    result = CliRunner().invoke(cli.app, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture
def night(shop: Path) -> LocalStore:
    """Two nights of the shop: in the newer one a clip failed, a post waits to be ticked, and one clip waits to be read over."""
    campaign = campaigns.load(shop / "campaign.yaml")
    store = open_store(campaign.store, campaigns.home())
    plan = planning.plan(campaign)
    for name, days in (("20261126-a", 2), ("20261127-b", 1)):
        runs.begin(store, name, campaign, plan, shop / "campaign.yaml")
        begun = runs.find(store, name)
        assert begun
        then = begun.model_copy(update={"began": datetime.now().astimezone() - timedelta(days=days)})
        store.note(name, runs.RUN, then.model_dump_json())
    tick = Receipt(channel="tiktok", clip_key="clip/x", state="published", reason="the AI declaration is to be made by hand")
    for end in (
        Outcome(sku="MUG-01", language="th", title="Mug", state="made", receipts=(tick,), seconds={"clip": 30.0}),
        Outcome(sku="MUG-01", language="vi", title="Mug", state="failed", code=4, stage="voice", message="no answer"),
        Outcome(sku="LAMP-02", language="th", title="Lamp", state="left", message="left for tomorrow: the budget is used up"),
    ):
        store.note("20261127-b", f"{end.sku}.{end.language}", end.model_dump_json())
    runs.wait_for_reading(store, "20261127-b", [Job(plan.jobs[-1].product, "vi")])
    return store


def test_the_latest_runs_page_is_written_anew(night: LocalStore, shop: Path) -> None:
    said = crossreel("report", "latest")
    assert "run 20261127-b of " in said
    assert "4 clips: 1 made, 0 were there already, 0 blocked, 1 failed, 1 left for tomorrow, 1 not there yet, 30 s of work a clip" in said
    assert f"page:   {shop / 'out' / 'index.html'}" in said
    assert "no answer" in (shop / "out" / "index.html").read_text(encoding="utf-8")


def test_a_run_is_named_by_its_beginning_and_written_elsewhere(night: LocalStore, shop: Path, tmp_path: Path) -> None:
    said = crossreel("report", "20261126", "--campaign", shop / "campaign.yaml", "--out", tmp_path / "old")
    assert f"page:   {tmp_path / 'old' / 'index.html'}" in said
    assert (tmp_path / "old" / "summary.json").is_file()
    assert not (shop / "out").exists()


def test_a_run_that_is_not_there_is_answered_with_those_that_are(night: LocalStore) -> None:
    with pytest.raises(UserError, match=r"no run '20261127-c'\. Did you mean '20261127-b'\? The last ones: 20261127-b \(corner-shop, 20"):
        crossreel("report", "20261127-c")
    with pytest.raises(UserError, match="2 runs begin with '202611'"):
        crossreel("report", "202611")


def test_without_a_store_the_way_to_one_is_told(shop: Path) -> None:
    with pytest.raises(UserError, match="no store"):
        crossreel("report")
    assert not (campaigns.home() / "store").exists()  # to look makes none


def test_the_status_says_what_was_and_what_waits_for_whom(night: LocalStore, shop: Path) -> None:
    crossreel("report")
    said = crossreel("status")
    lines = {line.strip() for line in said.splitlines()}
    assert "corner-shop, run 20261127-b: 3 of 4 clips have ended, 1 waits for proofreading" in lines
    assert "corner-shop: 1 clip waits to be read over: crossreel review list" in lines
    assert f"corner-shop: 1 clip stopped; the page says why: {shop / 'out' / 'index.html'}" in lines
    assert "corner-shop: the AI declaration of 1 post may still have to be ticked" in said
    assert "20261126-a  4 clips planned, not counted yet" in said
    assert "GiB free for home" in said
    assert "\x1b" not in said  # no colours where no terminal is
    of_campaign = crossreel("status", shop / "campaign.yaml")
    assert "20261127-b" in of_campaign
    assert "GiB free for home, store, out" in of_campaign


def test_where_nothing_was_ever_run_the_status_says_so(shop: Path) -> None:
    said = crossreel("status").splitlines()
    assert said[:6] == ["runs", "  nothing", "now", "  nothing", "waits for a person", "  nothing"]


def test_what_a_newer_version_noted_hides_nothing_of_the_status(night: LocalStore, shop: Path) -> None:
    def newer(run: str, name: str, **more: object) -> None:
        known = json.loads(night.noted(run, name) or "{}")
        night.note(run, name, json.dumps(known | {"of_tomorrow": 1} | more))

    newer("20261127-b", "MUG-01.th")  # an outcome
    newer("20261126-a", runs.RUN)
    night.note("20261128-z", runs.RUN, json.dumps({"campaign": "another-shop", "of_tomorrow": 1}))
    said = crossreel("status", shop / "campaign.yaml")
    assert "noted by another version of crossreel, which can read them: 20261126-a\n" in said
    assert "corner-shop, run 20261127-b: not known how far it has come" in said
    assert "1 clip stopped" not in said  # not counted yet, and no fault
    assert "GiB free for home" in said
    newer("20261127-b", runs.PLAN)
    assert "not known how far it has come" in crossreel("status")
    assert "20261128-z, 20261126-a" in crossreel("status")


@pytest.mark.parametrize("note", ["MUG-01.th", runs.RUN, runs.PLAN])
def test_a_report_of_a_run_of_another_version_says_so(night: LocalStore, note: str) -> None:
    known = json.loads(night.noted("20261127-b", note) or "{}")
    night.note("20261127-b", note, json.dumps(known | {"of_tomorrow": 1}))
    with pytest.raises(UserError, match=r"'20261127-b' was noted by another version of crossreel \(of_tomorrow\)"):
        crossreel("report", "20261127-b")


def test_a_fault_in_one_part_of_the_status_hides_nothing_of_the_rest(night: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(store: LocalStore) -> list[runs.Run]:
        raise ValueError("what a file holds\nand more of it")

    monkeypatch.setattr(runs, "known", broken)
    said = crossreel("status")
    assert "  not known: ValueError: what a file holds\n" in said
    assert "GiB free" in said


def test_a_prefect_that_does_not_answer_hides_nothing(night: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import going
    from localize.errors import NotReady

    def down(campaign: str) -> list[str]:
        raise NotReady("the server does not answer.")

    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setattr(going, "told", down)
    said = crossreel("status")
    assert "not known: the server does not answer." in said
    assert "20261127-b" in said
    assert "GiB free" in said
