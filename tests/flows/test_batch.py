"""The batch flow: one task run a clip, what is tried again, what stops what."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import Failed, State

from flows.batch import Bench, batch, clip, is_transient, publish
from localize import campaign as campaigns
from localize import planning
from localize.domain import Channel, Clip, Finding, Receipt, Usage
from localize.errors import NotReady, Transient, UserError
from localize.planning import Job, Outcome
from localize.stages import Studio
from localize.store import LocalStore
from tests.flows.conftest import StandIn

ALL = {"MUG-01.th", "MUG-01.vi", "LAMP-02.th", "LAMP-02.vi"}
ONCE = Usage(requests=1, prompt_tokens=200, completion_tokens=40, cost=Decimal("0.002"))
ENGLISH = Finding(check="alphabet", severity="block", message="The Thai script has English in it.")


def noted(store: LocalStore, run: str = "tonight") -> dict[str, Outcome]:
    return {name: Outcome.model_validate_json(text) for name, text in store.notes(run).items()}


def work(shop: Path, store: LocalStore, *, run: str = "tonight", workers: int = 1) -> State[None]:
    """Run the batch flow over the whole shop."""
    settings = campaigns.load(shop / "campaign.yaml").model_dump(mode="json")
    settings |= {"store": str(store.root), "out": str(shop / "out"), "limits": {"workers": workers}}
    clips = [[j.product.sku, j.language] for j in planning.plan(campaigns.load(shop / "campaign.yaml")).jobs]
    return batch("corner-shop · batch 1 of 1", settings, clips, run, return_state=True)


# ---- a clip's task, as a plain function


def test_a_clip_made_is_noted_with_what_it_took(bench: Bench) -> None:
    state = clip.fn(bench, "MUG-01", "th")
    outcome = noted(bench.studio.store)["MUG-01.th"]
    assert (outcome.state, outcome.code, outcome.stage) == ("made", 0, "checks")
    assert outcome.spoken == outcome.lines > 0
    assert outcome.clip
    assert outcome.clip.key in outcome.keys
    assert state.message == f"5.0 s, {outcome.lines} of {outcome.lines} lines spoken"


def test_a_clip_that_the_store_has_is_reused(bench: Bench, stand_in: StandIn) -> None:
    clip.fn(bench, "MUG-01", "th")
    state = clip.fn(bench, "MUG-01", "th")
    assert state.name == "Reused"
    assert stand_in.rendered == ["MUG-01.th"]
    assert noted(bench.studio.store)["MUG-01.th"].state == "reused"


@pytest.mark.parametrize(("trouble", "code"), [(UserError("mug.jpg is not a picture."), 2), (NotReady("there is no ffmpeg."), 3)])
def test_a_clip_that_cannot_be_made_says_its_stage_and_the_cause(bench: Bench, stand_in: StandIn, trouble: Exception, code: int) -> None:
    stand_in.trouble["MUG-01.th"] = [trouble]
    state = clip.fn(bench, "MUG-01", "th")
    assert state.is_failed()
    assert state.message == f"clip: {trouble}"
    outcome = noted(bench.studio.store)["MUG-01.th"]
    assert (outcome.state, outcome.code, outcome.stage, outcome.message) == ("failed", code, "clip", str(trouble))


def test_a_blocked_clip_is_not_ready_to_publish(bench: Bench, stand_in: StandIn) -> None:
    stand_in.findings["MUG-01.th"] = ENGLISH
    assert clip.fn(bench, "MUG-01", "th").message == f"checks: {ENGLISH.message}"
    assert bench.ready == {}
    assert noted(bench.studio.store)["MUG-01.th"].code == 5


def test_only_passing_trouble_is_worth_another_try() -> None:
    assert is_transient(None, None, Failed(data=Transient("the line is busy")))
    assert not is_transient(None, None, Failed(data=UserError("no such file")))
    assert not is_transient(None, None, Failed(data=ZeroDivisionError()))


def test_what_every_try_of_a_clip_cost_is_noted(bench: Bench, stand_in: StandIn) -> None:
    stand_in.paid, stand_in.trouble["MUG-01.th"] = ONCE, [Transient("the line is busy"), UserError("mug.jpg is not a picture.")]
    with pytest.raises(Transient):
        clip.fn(bench, "MUG-01", "th")
    assert noted(bench.studio.store)["MUG-01.th"].usage == ONCE
    clip.fn(bench, "MUG-01", "th")
    assert noted(bench.studio.store)["MUG-01.th"].usage == ONCE + ONCE
    clip.fn(bench, "MUG-01", "th")
    made = noted(bench.studio.store)["MUG-01.th"]
    assert (made.state, made.usage) == ("made", ONCE + ONCE + ONCE)
    clip.fn(bench, "MUG-01", "vi")
    assert noted(bench.studio.store)["MUG-01.vi"].usage == ONCE  # a clip is charged for its own tries


def test_a_run_tried_again_keeps_what_it_cost_before(bench: Bench, stand_in: StandIn) -> None:
    stand_in.paid = ONCE
    clip.fn(bench, "MUG-01", "th")
    for run, cost in (("tonight", ONCE), ("tomorrow", Usage())):
        clip.fn(Bench(bench.studio, list(bench.jobs.values()), run), "MUG-01", "th")
        again = noted(bench.studio.store, run)["MUG-01.th"]
        assert (again.state, again.usage) == ("reused", cost)


# ---- a publishing task, as a plain function


def receipt(made: Clip, channel: Channel) -> Receipt:
    return Receipt(channel=channel.name, clip_key=made.key, state="published", where=f"{channel.name}/{made.sku}.mp4")


def test_a_channel_that_is_done_later_does_not_hide_anothers_failure(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    clip.fn(bench, "MUG-01", "th")
    begun, refused = threading.Event(), threading.Event()

    def put(studio: Studio, job: Job, made: Clip, channel: Channel, script: Any) -> Receipt:
        if channel.name == "weibo":
            raise NotReady("weibo has no key.")
        begun.set()
        assert refused.wait(30)
        return receipt(made, channel)

    monkeypatch.setattr(Studio, "publish", put)
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(publish.fn, bench, Channel(name="tiktok"), "MUG-01", "th")
        assert begun.wait(30)
        assert publish.fn(bench, Channel(name="weibo"), "MUG-01", "th").is_failed()
        refused.set()
        assert slow.result().is_completed()
    outcome = noted(bench.studio.store)["MUG-01.th"]
    assert (outcome.state, outcome.code, outcome.stage, outcome.message) == ("failed", 3, "publish", "weibo has no key.")
    assert {r.channel: r.state for r in outcome.receipts} == {"tiktok": "published", "weibo": "failed"}
    assert outcome == bench.outcomes["MUG-01", "th"]


def test_channels_done_at_the_same_moment_all_leave_a_receipt(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    clip.fn(bench, "MUG-01", "th")
    channels = [Channel(name=f"channel-{n}") for n in range(8)]
    together = threading.Barrier(len(channels), timeout=30)

    def put(studio: Studio, job: Job, made: Clip, channel: Channel, script: Any) -> Receipt:
        together.wait()
        return receipt(made, channel)

    monkeypatch.setattr(Studio, "publish", put)
    with ThreadPoolExecutor(len(channels)) as pool:
        list(pool.map(lambda channel: publish.fn(bench, channel, "MUG-01", "th"), channels))
    outcome = noted(bench.studio.store)["MUG-01.th"]
    assert outcome.state == "made"
    assert sorted(r.channel for r in outcome.receipts) == [c.name for c in channels]


@pytest.mark.parametrize("order", [("weibo", "douyin"), ("douyin", "weibo")])
def test_of_two_failures_the_worse_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch, order: tuple[str, str]) -> None:
    clip.fn(bench, "MUG-01", "th")
    trouble = {"weibo": UserError("weibo has no such account."), "douyin": NotReady("douyin has no key.")}

    def put(studio: Studio, job: Job, made: Clip, channel: Channel, script: Any) -> Receipt:
        raise trouble[channel.name]

    monkeypatch.setattr(Studio, "publish", put)
    for name in order:
        publish.fn(bench, Channel(name=name), "MUG-01", "th")
    outcome = noted(bench.studio.store)["MUG-01.th"]
    assert (outcome.code, outcome.message) == (3, "douyin has no key.")
    assert {r.channel: r.reason for r in outcome.receipts} == {name: str(e) for name, e in trouble.items()}


# ---- the flow, with a server


def test_every_clip_is_made_and_published_once(
    server: SyncPrefectClient, task_states: Callable[[State[None], int], dict[str, str]], shop: Path, store: LocalStore, stand_in: StandIn
) -> None:
    stand_in.seconds = 0.3
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


def test_passing_trouble_passes(server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn) -> None:
    stand_in.trouble = {"MUG-01.vi": [Transient("the voice is busy"), Transient("the voice is busy")]}
    assert work(shop, store).is_completed()
    assert noted(store)["MUG-01.vi"].state == "made"


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


def test_after_a_failure_only_that_clip_is_made_again(server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn) -> None:
    stand_in.trouble["MUG-01.th"] = [UserError("mug.jpg is not a picture.")]
    assert work(shop, store).is_failed()
    assert work(shop, store).is_completed()
    assert sorted(stand_in.rendered) == sorted(ALL)
    assert {name: o.state for name, o in noted(store).items()} == {name: "reused" for name in ALL} | {"MUG-01.th": "made"}


def test_settings_that_do_not_fit_are_refused(server: SyncPrefectClient) -> None:
    state = batch("b", {"name": "corner-shop"}, [], "tonight", return_state=True)
    assert state.is_failed()
    assert "the campaign's settings are not valid" in str(state.message)
