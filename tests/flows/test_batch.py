"""The batch flow: what is handed out when, what is noted of it, what stops what."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import State

import flows.batch
from flows.batch import Work, batch
from flows.clips import Bench, Posted, clip
from localize import budget, planning, runs
from localize import campaign as campaigns
from localize.domain import Channel, Receipt, Reject
from localize.errors import Transient, UserError
from localize.planning import Job, Outcome
from localize.stages import Studio
from localize.store import LocalStore
from tests.flows.conftest import StandIn
from tests.flows.test_clip_tasks import ENGLISH, ONCE, Waits, busy, noted

ALL = {"MUG-01.th", "MUG-01.vi", "LAMP-02.th", "LAMP-02.vi"}


def work(shop: Path, store: LocalStore, *, run: str = "tonight", workers: int = 1, **limits: Any) -> State[None]:
    """Run the batch flow over the whole shop."""
    settings = campaigns.load(shop / "campaign.yaml").model_dump(mode="json")
    settings |= {"store": str(store.root), "out": str(shop / "out"), "limits": {"workers": workers, **limits}}
    clips = [[j.product.sku, j.language] for j in planning.plan(campaigns.load(shop / "campaign.yaml")).jobs]
    return batch("corner-shop · batch 1 of 1", settings, clips, run, return_state=True)


# ---- how a clip's and its posts' ends are noted


def finished(end: object) -> Future[Any]:
    future = Future[Any]()
    future.set_exception(end) if isinstance(end, BaseException) else future.set_result(end)
    future.result = lambda raise_on_failure=True: Future.result(future)  # type: ignore[method-assign, assignment, misc]
    return future


@pytest.fixture
def mug(bench: Bench, jobs: dict[str, Job]) -> tuple[Work, Job]:
    """A batch of the four clips whose first one is made and waits to be posted."""
    new = Work(bench, list(jobs.values()))
    new._ended(jobs["MUG-01.th"], clip.fn(bench, jobs["MUG-01.th"], {}).data)
    return new, jobs["MUG-01.th"]


def told(channel: str, state: str, code: int = 0, reason: str = "") -> Posted:
    return Posted(Receipt.model_validate({"channel": channel, "clip_key": "clip/x", "state": state, "reason": reason}), code)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_of_several_posts_the_worst_failure_is_told(mug: tuple[Work, Job], order: tuple[int, ...]) -> None:
    batch_in_hand, job = mug
    posts = [told("tiktok", "published"), told("weibo", "failed", 2, "no such account"), told("douyin", "failed", 3, "no key")]
    for n in order:
        batch_in_hand._posted(job, Channel(name=posts[n].receipt.channel), posts[n])
    outcome = noted(batch_in_hand.store)["MUG-01.th"]
    assert (outcome.state, outcome.code, outcome.stage, outcome.message) == ("failed", 3, "publish", "no key")
    assert {r.channel: r.state for r in outcome.receipts} == {"tiktok": "published", "weibo": "failed", "douyin": "failed"}


def test_a_post_that_waits_is_no_failure(mug: tuple[Work, Job]) -> None:
    batch_in_hand, job = mug
    batch_in_hand._posted(job, Channel(name="weibo"), told("weibo", "planned", reason="waits for 19:00"))
    outcome = noted(batch_in_hand.store)["MUG-01.th"]
    assert (outcome.state, outcome.code, [r.state for r in outcome.receipts]) == ("made", 0, ["planned"])


def test_a_task_that_a_cluster_lost_ends_as_failed_with_the_reason(bench: Bench, jobs: dict[str, Job], caplog: Any) -> None:
    batch_in_hand = Work(bench, list(jobs.values()))
    lost = flows.batch._end(finished(ModuleNotFoundError("No module named 'voxcpm'")))
    batch_in_hand._ended(jobs["LAMP-02.vi"], lost)
    outcome = noted(bench.studio.store)["LAMP-02.vi"]
    assert (outcome.state, outcome.code) == ("failed", 1)
    assert outcome.message == "stopped by a fault: ModuleNotFoundError: No module named 'voxcpm'"


def test_a_store_that_is_away_for_a_moment_loses_no_receipt(mug: tuple[Work, Job], monkeypatch: pytest.MonkeyPatch) -> None:
    batch_in_hand, job = mug
    away, note = [Transient("the store can't be reached")] * 2, Bench.note

    def flaky(bench: Bench, outcome: Outcome) -> None:
        if away:
            raise away.pop()
        note(bench, outcome)

    monkeypatch.setattr(Bench, "note", flaky)
    monkeypatch.setattr(flows.batch, "KEEPING", (0.0, 0.0, 0.0))
    batch_in_hand._posted(job, Channel(name="tiktok"), told("tiktok", "published"))
    assert [r.state for r in noted(batch_in_hand.store)["MUG-01.th"].receipts] == ["published"]


def test_what_a_clip_cost_in_an_earlier_run_of_the_batch_is_known(bench: Bench, jobs: dict[str, Job], stand_in: StandIn) -> None:
    stand_in.paid = ONCE
    clip.fn(bench, jobs["MUG-01.th"], {})
    again = Work(Bench(bench.studio, "tonight"), list(jobs.values()))
    assert {key: (o.usage, o.paid) for key, o in again.before.items()} == {("MUG-01", "th"): (ONCE, {"clip": ONCE})}
    assert Work(Bench(bench.studio, "tomorrow"), list(jobs.values())).before == {}


def test_what_an_earlier_version_noted_as_asked_for_is_not_paid_back(bench: Bench, jobs: dict[str, Job], stand_in: StandIn) -> None:
    """Its notes have the sum of what models were asked for, and not the stages."""
    limited = bench.studio.campaign.limits.model_copy(update={"money": Decimal(1)})
    bench.studio.campaign = bench.studio.campaign.model_copy(update={"limits": limited})
    old = {"sku": "MUG-01", "language": "th", "title": "Mug", "state": "failed", "code": 4, "usage": ONCE.model_dump(mode="json")}
    bench.studio.store.note("tonight", "MUG-01.th", json.dumps(old))
    stand_in.paid = ONCE
    again = Work(bench, list(jobs.values()))
    again._ended(jobs["MUG-01.th"], clip.fn(bench, jobs["MUG-01.th"], again.before["MUG-01", "th"].paid).data)
    assert noted(bench.studio.store)["MUG-01.th"].paid == {"earlier": ONCE, "clip": ONCE}
    assert again.budget.used() == "$0.00 of $1.00 for models"
    again.budget.close()
    assert budget.spent(bench.studio.store, "tonight").money == ONCE.cost


def test_a_task_that_a_cluster_lost_takes_nothing_back_of_what_was_paid_before(
    bench: Bench, jobs: dict[str, Job], stand_in: StandIn
) -> None:
    stand_in.paid = ONCE
    clip.fn(bench, jobs["MUG-01.th"], {})
    again = Work(Bench(bench.studio, "tonight"), list(jobs.values()))
    again._ended(jobs["MUG-01.th"], ModuleNotFoundError("No module named 'voxcpm'"))
    lost = noted(bench.studio.store)["MUG-01.th"]
    assert (lost.state, lost.usage, lost.paid) == ("failed", ONCE, {"clip": ONCE})


# ---- what the catalog no longer has


@pytest.mark.parametrize("gone", [["LAMP-02"], ["MUG-01", "LAMP-02"], []])
def test_of_products_that_have_left_the_catalog_the_others_are_planned(shop: Path, gone: list[str]) -> None:
    rows = (shop / "products.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (shop / "products.csv").write_text("".join(row for row in rows if row.partition(",")[0] not in gone), encoding="utf-8")
    plan = flows.batch.still_there(campaigns.load(shop / "campaign.yaml"), ["MUG-01", "LAMP-02"])
    assert sorted({job.product.sku for job in plan.jobs} | set(gone)) == ["LAMP-02", "MUG-01"]


def test_clips_of_products_that_are_gone_or_rejected_are_told_of(bench: Bench, jobs: dict[str, Job], stand_in: StandIn) -> None:
    made = clip.fn(bench, jobs["MUG-01.th"], {}).data.outcome
    stand_in.paid, stand_in.trouble["MUG-01.vi"] = ONCE, [UserError("mug.jpg is not a picture.")]
    clip.fn(bench, jobs["MUG-01.vi"], {})
    again = Work(bench, [])
    cup = Reject(file="products.csv", row=4, sku="CUP-03", column="price", value="-5", reason="-5 is no price")
    again.miss([("CUP-03", "th"), ("MUG-01", "th"), ("MUG-01", "vi")], [cup])
    ends = noted(bench.studio.store)
    assert ends["MUG-01.th"] == again.outcomes["MUG-01", "th"] == made  # it is made, and stays so
    assert {name: (o.state, o.code, o.stage, o.message) for name, o in ends.items() if o != made} == {
        "CUP-03.th": ("failed", 2, "plan", "products.csv, row 4, price: -5 is no price"),
        "MUG-01.vi": ("failed", 2, "plan", "the catalog no longer has it: nothing is made of it"),
    }  # fmt: skip
    assert (ends["MUG-01.vi"].usage, ends["MUG-01.vi"].title) == (ONCE, "Clay Mug")


def test_of_videos_that_cannot_be_had_any_more_the_reason_is_told(shop: Path) -> None:
    footage = Reject(file="p.csv", row=2, sku="MUG-01", column="footage", value="a.mp4", reason="a.mp4 is no video")
    alone = Reject(file="x.com/talk.mp4", row=1, column="videos", value="x.com/talk.mp4", reason="x.com does not answer")
    settings = campaigns.load(shop / "campaign.yaml")
    settings = settings.model_copy(update={"dub": settings.dub.model_copy(update={"footage": True})})
    told = {sku: flows.batch._gone(sku, [footage, alone], settings) for sku in ("MUG-01-2", "talk", "other")}
    assert told == {
        "MUG-01-2": "the video can't be had: a.mp4 is no video", "talk": "the video can't be had: x.com does not answer",
        "other": "it is no longer among the videos to dub; x.com does not answer",
    }  # fmt: skip


# ---- the page


@pytest.mark.parametrize(
    ("deployed", "tries", "parent", "written"),
    [
        (True, 1, "a night", False),  # which writes it at its end: not once for each of hundreds of batches
        (True, 2, "a night", True),  # a Retry of this batch
        (True, 1, None, True),  # started by a form that was answered
        (False, 1, "a night", False),
    ],
)
def test_a_batch_writes_the_page_where_no_night_will(
    monkeypatch: pytest.MonkeyPatch, deployed: bool, tries: int, parent: str | None, written: bool
) -> None:
    monkeypatch.setattr(flows.batch, "deployment", SimpleNamespace(id="a deployment" if deployed else None))
    monkeypatch.setattr(flows.batch, "flow_run", SimpleNamespace(run_count=tries, parent_flow_run_id=parent))
    assert flows.batch._is_by_itself() == written


def test_what_a_night_does_at_its_end_a_batch_that_is_by_itself_does(
    shop: Path, store: LocalStore, jobs: dict[str, Job], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def finish(settings: Any, outcomes: list[Outcome]) -> list[str]:
        return [f"joined of {len(outcomes)}"]

    settings = campaigns.load(shop / "campaign.yaml").model_copy(update={"out": str(shop / "out")})
    monkeypatch.setattr(flows.batch.work, "finish", finish)
    flows.batch._finish(settings, store, "tonight")  # a run that no night has begun has no page
    runs.begin(store, "tonight", settings, planning.plan(settings), shop / "campaign.yaml")
    for job in list(jobs.values())[:2]:
        outcome = Outcome(sku=job.product.sku, language=job.language, title="x", state="failed", code=2)
        store.note("tonight", f"{outcome.sku}.{outcome.language}", outcome.model_dump_json())
    flows.batch._finish(settings, store, "tonight")
    assert [r.message for r in caplog.records if "joined" in r.message] == ["joined of 2"]
    assert (shop / "out" / "index.html").is_file()


# ---- the flow, with a server


def test_every_clip_is_made_and_published_once(
    server: SyncPrefectClient, task_states: Callable[[State[None], int], dict[str, str]], shop: Path, store: LocalStore, stand_in: StandIn
) -> None:
    stand_in.meeting = threading.Barrier(2)
    first = work(shop, store, workers=2)
    assert first.is_completed()
    assert set(stand_in.rendered) == ALL
    assert stand_in.most_at_once == 2  # as many as there are workers, and no more
    assert {p.name for p in (shop / "out" / "tiktok").glob("*.mp4")} == {f"{name}.mp4" for name in ALL}
    made = task_states(first, 8)
    assert made["clip · th · MUG-01"] == made["publish · tiktok · MUG-01.th"] == "Completed"

    again = work(shop, store, run="again")
    assert again.is_completed()
    assert len(stand_in.rendered) == 4
    assert {name: s for name, s in task_states(again, 8).items() if name.startswith("clip")} == {
        f"clip · {language} · {sku}": "Reused" for sku in ("MUG-01", "LAMP-02") for language in ("th", "vi")
    }


def test_what_a_night_leaves_the_next_one_makes(server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn) -> None:
    ends = {}
    for night, clips in (("monday", 1), ("tuesday", 3)):
        assert work(shop, store, run=night, workers=2, clips=clips).is_completed()
        ends[night] = {name: outcome.state for name, outcome in noted(store, night).items()}
    assert ends["monday"] == dict.fromkeys(ALL, "left") | {"MUG-01.th": "made"}
    assert ends["tuesday"] == dict.fromkeys(ALL, "made") | {"MUG-01.th": "reused"}
    # Clips behind those for which there is room come back from the store all the same.
    for name in ("MUG-01.th", "MUG-01.vi"):
        clip_made = noted(store, "tuesday")[name].clip
        assert clip_made
        shutil.rmtree(store.root / clip_made.key)
    assert work(shop, store, run="wednesday", clips=1).is_completed()
    assert {name: outcome.state for name, outcome in noted(store, "wednesday").items()} == {
        "MUG-01.th": "made", "MUG-01.vi": "left", "LAMP-02.th": "reused", "LAMP-02.vi": "reused",
    }  # fmt: skip
    assert noted(store, "wednesday")["MUG-01.vi"].message == "left for tomorrow: the night's budget of 1 clip is used up (1)"


def test_tables_that_the_server_does_not_take_fail_no_batch(
    server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise httpx.ConnectError("connection refused")

    monkeypatch.setattr(flows.batch.views, "leave", away)
    assert work(shop, store, workers=2).is_completed()


def test_passing_trouble_passes(server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn) -> None:
    stand_in.trouble = {"MUG-01.vi": [Transient("the voice is busy"), Transient("the voice is busy")]}
    assert work(shop, store).is_completed()
    assert noted(store)["MUG-01.vi"].state == "made"


def test_pauses_are_made_between_tries_and_not_after_the_last(
    server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clip's model stays busy, another's quota is used up for an hour; a third's channel is closed till tomorrow."""
    waits = Waits()

    class Watched(Bench):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.over = waits

    monkeypatch.setattr(flows.batch, "Bench", Watched)
    put = Studio.publish

    def closed(studio: Studio, job: Job, *rest: Any) -> Receipt:
        if (job.product.sku, job.language) == ("LAMP-02", "th"):
            tries.append(1)
            raise busy(3600.0)
        return put(studio, job, *rest)

    tries: list[int] = []
    monkeypatch.setattr(Studio, "publish", closed)
    stand_in.trouble = {"MUG-01.th": [busy(30.0)] * 9, "MUG-01.vi": [busy(3600.0)] * 9}
    assert work(shop, store).is_failed()
    assert waits.asked == [30.0] * 3
    assert waits.is_set()
    assert [len(stand_in.trouble[name]) for name in ("MUG-01.th", "MUG-01.vi")] == [5, 8]  # tried four times, and once
    assert len(tries) == 1
    ends = noted(store)
    assert {name: (o.state, o.code, [r.state for r in o.receipts]) for name, o in ends.items()} == {
        "MUG-01.th": ("failed", 4, []), "MUG-01.vi": ("failed", 4, []),
        "LAMP-02.th": ("made", 0, ["planned"]), "LAMP-02.vi": ("made", 0, ["published"]),
    }  # fmt: skip


def test_a_fault_in_a_later_try_is_what_is_told(server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn) -> None:
    stand_in.paid, stand_in.trouble["MUG-01.vi"] = ONCE, [Transient("the voice is busy"), ZeroDivisionError("division by zero")]
    assert work(shop, store).is_failed()
    outcome = noted(store)["MUG-01.vi"]
    assert (outcome.state, outcome.code, outcome.usage) == ("failed", 1, ONCE + ONCE)
    assert "division by zero" in outcome.message


def test_a_publish_that_ends_badly_is_noted(
    server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clip's channel stays busy, one's is busy once, and one meets a full disk."""
    busy, full = Transient("the channel is busy"), OSError(28, "No space left on device")
    trouble: dict[str, list[Exception]] = {"MUG-01.th": [busy] * 9, "MUG-01.vi": [busy], "LAMP-02.th": [full] * 9}
    put = Studio.publish

    def tried(studio: Studio, job: Job, *rest: Any) -> Receipt:
        if waiting := trouble.get(f"{job.product.sku}.{job.language}"):
            raise waiting.pop()
        return put(studio, job, *rest)

    monkeypatch.setattr(Studio, "publish", tried)
    state = work(shop, store)
    assert state.is_failed()
    assert str(state.message).startswith("2 of 4 clips failed; MUG-01.th at publish: ")
    ends = noted(store)
    assert {name: (o.state, o.code, [r.state for r in o.receipts]) for name, o in ends.items()} == {
        "MUG-01.th": ("failed", 4, ["failed"]), "MUG-01.vi": ("made", 0, ["published"]),
        "LAMP-02.th": ("failed", 1, ["failed"]), "LAMP-02.vi": ("made", 0, ["published"]),
    }  # fmt: skip
    assert (len(trouble["MUG-01.th"]), len(trouble["LAMP-02.th"])) == (5, 8)  # tried four times, and once
    for name, words in (("MUG-01.th", "the channel is busy"), ("LAMP-02.th", "No space left on device")):
        assert ends[name].stage == "publish"
        assert words in ends[name].message
        assert ends[name].receipts[0].reason == ends[name].message


def test_a_failure_stops_only_its_own_clip(server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn) -> None:
    """One clip's input is wrong, one is blocked, one meets a fault nobody foresaw; the fourth is made and published."""
    wrong = UserError("mug.jpg is not a picture.")
    stand_in.trouble = {"MUG-01.th": [wrong, wrong], "LAMP-02.th": [ZeroDivisionError("division by zero")] * 2}
    stand_in.findings["MUG-01.vi"] = ENGLISH
    state = work(shop, store)
    assert state.is_failed()
    assert state.message == "3 of 4 clips failed; MUG-01.th at clip: mug.jpg is not a picture."
    ends = noted(store)
    assert {name: o.state for name, o in ends.items()} == {
        "MUG-01.th": "failed", "MUG-01.vi": "blocked", "LAMP-02.th": "failed", "LAMP-02.vi": "made",
    }  # fmt: skip
    assert len(stand_in.trouble["MUG-01.th"]) == len(stand_in.trouble["LAMP-02.th"]) == 1  # neither was tried twice
    assert "division by zero" in ends["LAMP-02.th"].message
    assert [p.name for p in (shop / "out" / "tiktok").glob("*.mp4")] == ["LAMP-02.vi.mp4"]


def test_after_a_failure_only_that_clip_is_made_again(
    server: SyncPrefectClient, task_states: Callable[[State[None], int], dict[str, str]], shop: Path, store: LocalStore, stand_in: StandIn
) -> None:
    stand_in.trouble["MUG-01.th"] = [UserError("mug.jpg is not a picture.")]
    assert work(shop, store).is_failed()
    again = work(shop, store)
    assert again.is_completed()
    assert {name for name, state in task_states(again, 8).items() if state == "Reused"} == {
        "clip · vi · MUG-01", "clip · th · LAMP-02", "clip · vi · LAMP-02",
    }  # fmt: skip
    assert sorted(stand_in.rendered) == sorted(ALL)
    assert {name: o.state for name, o in noted(store).items()} == dict.fromkeys(ALL, "made")  # all are this run's work


def test_a_clip_whose_post_failed_is_this_runs_after_its_retry(
    server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = [UserError("the folder is not there.")] * len(ALL)
    posted = Studio.publish

    def publish(*args: Any) -> Receipt:
        if trouble:
            raise trouble.pop()
        return posted(*args)

    monkeypatch.setattr(Studio, "publish", publish)
    assert work(shop, store).is_failed()
    assert {(o.state, o.stage) for o in noted(store).values()} == {("failed", "publish")}
    assert work(shop, store).is_completed()
    assert {o.state for o in noted(store).values()} == {"made"}
    assert work(shop, store, run="tomorrow").is_completed()
    assert {o.state for o in noted(store, "tomorrow").values()} == {"reused"}


def test_a_night_stops_between_two_clips_when_its_budget_is_used_up(
    server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn
) -> None:
    assert work(shop, store, clips=2).is_completed()
    assert {name: (o.state, o.code, o.message) for name, o in noted(store).items() if o.state == "left"} == dict.fromkeys(
        ("LAMP-02.th", "LAMP-02.vi"), ("left", 0, "left for tomorrow: the night's budget of 2 clips is used up (2)")
    )
    assert work(shop, store, clips=2).is_completed()  # a Retry of the same night: what is there costs nothing, the rest is still left
    assert {name: o.state for name, o in noted(store).items()} == {
        "MUG-01.th": "made", "MUG-01.vi": "made", "LAMP-02.th": "left", "LAMP-02.vi": "left",
    }  # fmt: skip
    assert work(shop, store, run="tomorrow", clips=2).is_completed()
    assert sorted(stand_in.rendered) == sorted(ALL)


def test_a_product_that_leaves_the_catalog_in_the_night_costs_no_other_its_clip(
    server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = flows.batch.work.plan

    def later(*args: Any, **given: Any) -> Any:
        table = shop / "products.csv"
        table.write_text(table.read_text(encoding="utf-8").replace("MUG-01", "MUG-09"), encoding="utf-8")
        return planned(*args, **given)

    monkeypatch.setattr(flows.batch.work, "plan", later)
    state = work(shop, store)
    assert state.message == "2 of 4 clips failed; MUG-01.th at plan: the catalog no longer has it: nothing is made of it"
    assert {name: o.state for name, o in noted(store).items()} == {
        "MUG-01.th": "failed", "MUG-01.vi": "failed", "LAMP-02.th": "made", "LAMP-02.vi": "made",
    }  # fmt: skip


def test_settings_that_do_not_fit_are_refused(server: SyncPrefectClient) -> None:
    state = batch("b", {"name": "corner-shop"}, [], "tonight", return_state=True)
    assert state.is_failed()
    assert "the campaign's settings are not valid" in str(state.message)
