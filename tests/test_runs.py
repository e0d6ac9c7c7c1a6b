"""What a run notes of itself, and how runs are found again."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from localize import campaign as campaigns
from localize import planning, runs
from localize.campaign import Campaign
from localize.domain import Finding, Receipt, Reject, Usage
from localize.errors import UserError
from localize.planning import Outcome, Plan
from localize.store import LocalStore


@pytest.fixture
def campaign(shop: Path) -> Campaign:
    return campaigns.load(shop / "campaign.yaml")


@pytest.fixture
def plan(campaign: Campaign) -> Plan:
    reject = Reject(file="products.csv", row=9, column="price", value="x", reason="not a price")
    return dataclasses.replace(planning.plan(campaign), rejects=(reject,), warnings=(Finding(check="c", severity="info", message="odd"),))


def end(store: LocalStore, run: str, sku: str, language: str, state: str = "made", **facts: Any) -> None:
    outcome = Outcome.model_validate({"sku": sku, "language": language, "title": sku, "state": state} | facts)
    store.note(run, f"{sku}.{language}", outcome.model_dump_json())


def began(store: LocalStore, run: str, campaign: Campaign, plan: Plan, days_ago: int) -> None:
    runs.begin(store, run, campaign, plan, "campaign.yaml")
    noted = runs.find(store, run)
    assert noted
    then = noted.model_copy(update={"began": datetime.now().astimezone() - timedelta(days=days_ago)})
    store.note(run, runs.RUN, then.model_dump_json())


def test_a_plan_comes_back_as_it_was(store: LocalStore, campaign: Campaign, plan: Plan, shop: Path) -> None:
    runs.begin(store, "monday", campaign, plan, shop / "campaign.yaml", link="http://127.0.0.1:4200/runs/1")
    noted, run = runs.planned(store, "monday"), runs.find(store, "monday")
    assert noted.campaign == campaign
    assert [clip.name for clip in noted.clips] == ["MUG-01.th", "MUG-01.vi", "LAMP-02.th", "LAMP-02.vi"]
    assert (noted.rows, noted.rejects, noted.warnings, noted.doubts) == (plan.rows, plan.rejects, plan.warnings, plan.doubts)
    assert run
    assert (run.file, run.out, run.link) == (str(shop / "campaign.yaml"), campaign.out, "http://127.0.0.1:4200/runs/1")
    assert (run.planned, run.rejected, run.counted, run.whole) == (4, 1, None, False)


def test_outcomes_are_in_the_plans_order_and_only_of_its_clips(store: LocalStore, campaign: Campaign, plan: Plan) -> None:
    runs.begin(store, "monday", campaign, plan, "campaign.yaml")
    for sku, language in (("LAMP-02", "vi"), ("MUG-01", "th"), ("GONE-03", "th")):
        end(store, "monday", sku, language)
    store.note("monday", "spent-worker", "{}")  # what others note of a run is no clip
    assert [(o.sku, o.language) for o in runs.outcomes(store, "monday")] == [("MUG-01", "th"), ("LAMP-02", "vi")]


def test_a_run_is_counted_by_its_outcomes(store: LocalStore, campaign: Campaign, plan: Plan) -> None:
    runs.begin(store, "monday", campaign, plan, "campaign.yaml")
    usage = Usage(requests=2, cost=Decimal("0.0125"))
    out = (Receipt(channel="tiktok", clip_key="clip/x", state="published"),)
    end(store, "monday", "MUG-01", "th", seconds={"voice": 2.0, "clip": 8.0}, usage=usage, paid={"script": usage}, receipts=out)
    end(store, "monday", "MUG-01", "vi", "reused", seconds={"voice": 0.1})
    end(store, "monday", "LAMP-02", "th", "failed", code=3, stage="translate", message="no th text", usage=usage, paid={"script": usage})
    run = runs.count(store, "monday", runs.outcomes(store, "monday"))
    assert {state: n for state, n in run.clips.items() if n} == {"made": 1, "reused": 1, "failed": 1}
    assert (run.seconds, run.making, run.pace, run.published) == ({"voice": 2.1, "clip": 8.0}, 10.0, 10.0, 1)
    assert run.usage == Usage(requests=4, cost=Decimal("0.0250"))
    assert run.paid == {"script": run.usage}
    assert run.trouble == {"LAMP-02.th": "translate: no th text"}
    assert not run.whole
    assert run == runs.find(store, "monday")


def test_a_run_that_goes_on_keeps_when_it_began_and_takes_the_new_plan(store: LocalStore, campaign: Campaign, plan: Plan) -> None:
    began(store, "monday", campaign, plan, days_ago=1)
    before = runs.find(store, "monday")
    runs.begin(store, "monday", campaign, dataclasses.replace(plan, jobs=plan.jobs[:2], rejects=()), "campaign.yaml")
    run = runs.find(store, "monday")
    assert before
    assert run
    assert run.began == before.began
    assert (run.planned, run.rejected, len(runs.planned(store, "monday").clips)) == (2, 0, 2)


def test_counting_what_has_not_changed_writes_nothing(store: LocalStore, campaign: Campaign, plan: Plan) -> None:
    for run in ("monday", "tuesday"):
        runs.begin(store, run, campaign, plan, "campaign.yaml")
        runs.count(store, run, [])
    order = store.runs()
    runs.count(store, "monday", [])
    assert store.runs() == order == ["tuesday", "monday"]  # `store gc` keeps the newest


def test_runs_are_found_by_campaign_and_time(store: LocalStore, campaign: Campaign, plan: Plan) -> None:
    other = campaign.model_copy(update={"name": "other-shop"})
    for name, of, days in (("old", campaign, 3), ("new", campaign, 1), ("between", campaign, 2), ("others", other, 0)):
        began(store, name, of, plan, days)
    store.note("before-runs-were-noted", "MUG-01.th", "{}")
    store.note("of-another-version", runs.RUN, '{"unknown": 1}')
    assert [run.id for run in runs.known(store)] == ["others", "new", "between", "old"]
    assert runs.latest(store, "corner-shop") == "new"
    assert runs.latest(store, "corner-shop", before="new") == "between"
    assert runs.latest(store, "corner-shop", before="old") is None
    assert runs.latest(store, "nobodys") is None


def test_what_opens_a_catalog_is_not_noted(store: LocalStore, campaign: Campaign, plan: Plan) -> None:
    secret = {"catalog": "https://shop:hush@example.com/feed.csv?token=hush", "pictures": "https://cdn.example.com/p?key=hush"}
    runs.begin(store, "monday", campaign.model_copy(update=secret), plan, "campaign.yaml")
    assert "example.com/feed.csv" in runs.planned(store, "monday").campaign.catalog
    assert not [name for name, text in store.notes("monday").items() if "hush" in text]


def test_what_became_of_a_clip_before_it_was_asked_about_counts_no_more(store: LocalStore, campaign: Campaign, plan: Plan) -> None:
    """A form lapses, the night is tried again and asks in another: the clip waits, until it is noted anew."""
    mug = plan.jobs[0]
    runs.begin(store, "monday", campaign, plan, "campaign.yaml")
    runs.wait_for_reading(store, "monday", [mug])
    assert runs.waits(store, "monday", ["MUG-01.th", "LAMP-02.th"]) == {"MUG-01.th"}
    end(store, "monday", "MUG-01", "th", "blocked", stage="review", message="nobody has read it over by Monday")
    assert (runs.progress(store, "monday"), runs.waits(store, "monday", ["MUG-01.th"])) == ((1, 0), set())
    runs.wait_for_reading(store, "monday", [mug], {"script/b", "script/a"})
    assert (runs.outcomes(store, "monday"), runs.progress(store, "monday")) == ([], (0, 1))
    assert runs.waits(store, "monday", ["MUG-01.th"]) == {"MUG-01.th"}
    end(store, "monday", "MUG-01", "th", "blocked", stage="review", message="nobody has read it over by Tuesday")
    assert (runs.progress(store, "monday"), runs.waits(store, "monday", ["MUG-01.th"])) == ((1, 0), set())


def test_what_waits_by_the_note_of_an_earlier_version_waits(store: LocalStore, campaign: Campaign, plan: Plan) -> None:
    runs.begin(store, "monday", campaign, plan, "campaign.yaml")
    store.note("monday", runs.READING, '{"clips": ["MUG-01.th"]}')
    assert runs.reading(store, "monday") == ("MUG-01.th",)
    assert runs.progress(store, "monday") == (0, 1)


def test_a_run_that_is_not_there_is_said_to_be_so(store: LocalStore) -> None:
    assert runs.find(store, "monday") is None
    with pytest.raises(UserError, match="no plan of a run 'monday'"):
        runs.planned(store, "monday")
    with pytest.raises(UserError, match="no run 'monday'"):
        runs.count(store, "monday", [])


def test_a_plan_of_another_version_says_so(store: LocalStore, campaign: Campaign, plan: Plan) -> None:
    runs.begin(store, "monday", campaign, plan, "campaign.yaml")
    noted = store.noted("monday", runs.PLAN)
    assert noted
    store.note("monday", runs.PLAN, noted.replace('"languages":', '"tongues":', 1))
    with pytest.raises(UserError, match=r"another version .*campaign\.languages.*campaign\.tongues"):
        runs.planned(store, "monday")
