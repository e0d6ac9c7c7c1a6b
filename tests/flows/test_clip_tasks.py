"""The tasks of a batch as plain functions: what they note, say and give back, and what is worth another try."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.states import Failed

import flows.clips
from flows.clips import Bench, End, Made, Tried, at_hand, clip, is_transient, publish
from localize.domain import Channel, Finding, Receipt, Usage
from localize.errors import NotReady, Transient, UserError
from localize.planning import Job, Outcome
from localize.reviews import Review, Reviews
from localize.stages import Studio
from localize.store import LocalStore
from tests.flows.conftest import StandIn

ONCE = Usage(requests=1, prompt_tokens=200, completion_tokens=40, cost=Decimal("0.002"))
ENGLISH = Finding(check="alphabet", severity="block", message="The Thai script has English in it.")


def noted(store: LocalStore, run: str = "tonight") -> dict[str, Outcome]:
    return {name: Outcome.model_validate_json(text) for name, text in store.notes(run).items() if "." in name}


@pytest.fixture
def mug(jobs: dict[str, Job]) -> Job:
    return jobs["MUG-01.th"]


@pytest.fixture
def made(bench: Bench, mug: Job) -> Made:
    """The mug's clip, ready to be posted."""
    end = clip.fn(bench, mug, {}).data
    assert isinstance(end, End)
    assert end.script
    assert end.outcome.clip
    return Made(end.outcome.clip, end.script)


# ---- a clip


def test_a_clip_made_is_noted_with_what_it_took(bench: Bench, mug: Job) -> None:
    state = clip.fn(bench, mug, {})
    outcome = noted(bench.studio.store)["MUG-01.th"]
    assert (outcome.state, outcome.code, outcome.stage) == ("made", 0, "checks")
    assert outcome.spoken == outcome.lines > 0
    assert outcome.clip
    assert outcome.clip.key in outcome.keys
    assert state.message == f"5.0 s, {outcome.lines} of {outcome.lines} lines spoken"
    assert isinstance(state.data, End)
    assert state.data.outcome == outcome


def test_a_clip_that_the_store_has_is_reused(bench: Bench, mug: Job, stand_in: StandIn) -> None:
    clip.fn(bench, mug, {})
    state = clip.fn(bench, mug, {})
    assert state.name == "Reused"
    assert stand_in.rendered == ["MUG-01.th"]
    assert noted(bench.studio.store)["MUG-01.th"].state == "reused"


def test_a_clip_that_an_earlier_try_has_made_is_this_runs_work(bench: Bench, mug: Job, stand_in: StandIn) -> None:
    made = clip.fn(bench, mug, {}).data.outcome
    again = clip.fn(bench, mug, {}, "", Tried(made))
    assert (again.name, again.data.reused) == ("Reused", True)
    now = noted(bench.studio.store)["MUG-01.th"]
    assert (now.state, now.spoken, now.seconds) == ("made", made.spoken, made.seconds)


def test_when_the_night_is_full_a_clip_comes_from_the_store_or_is_left(bench: Bench, jobs: dict[str, Job], stand_in: StandIn) -> None:
    full = "the night's budget of 1 clip is used up (1)"
    clip.fn(bench, jobs["MUG-01.th"], {})
    assert clip.fn(bench, jobs["MUG-01.th"], {}, full).name == "Reused"
    state = clip.fn(bench, jobs["MUG-01.vi"], {}, full)
    assert (state.name, state.message, state.is_completed()) == ("Left", f"left for tomorrow: {full}", True)
    outcome = noted(bench.studio.store)["MUG-01.vi"]
    assert (outcome.state, outcome.code, outcome.message, outcome.stage) == ("left", 0, state.message, "")
    assert stand_in.rendered == ["MUG-01.th"]


@pytest.mark.parametrize(("trouble", "code"), [(UserError("mug.jpg is not a picture."), 2), (NotReady("there is no ffmpeg."), 3)])
def test_a_clip_that_cannot_be_made_says_its_stage_and_the_cause(
    bench: Bench, mug: Job, stand_in: StandIn, trouble: Exception, code: int
) -> None:
    stand_in.trouble["MUG-01.th"] = [trouble]
    state = clip.fn(bench, mug, {})
    assert state.is_failed()
    assert state.message == f"clip: {trouble}"
    outcome = noted(bench.studio.store)["MUG-01.th"]
    assert (outcome.state, outcome.code, outcome.stage, outcome.message) == ("failed", code, "clip", str(trouble))


def test_a_fault_that_nobody_foresaw_stops_that_clip_and_says_what_it_was(bench: Bench, mug: Job, stand_in: StandIn) -> None:
    stand_in.paid, stand_in.trouble["MUG-01.th"] = ONCE, [ZeroDivisionError("division by zero")]
    state = clip.fn(bench, mug, {})
    assert state.message == "clip: stopped by a fault: ZeroDivisionError: division by zero"
    outcome = noted(bench.studio.store)["MUG-01.th"]
    assert (outcome.state, outcome.code, outcome.usage) == ("failed", 1, ONCE)


def test_a_library_that_exits_ends_its_clip_and_not_the_batch(bench: Bench, mug: Job, stand_in: StandIn) -> None:
    stand_in.trouble["MUG-01.th"] = [SystemExit(2)]
    assert clip.fn(bench, mug, {}).message == "clip: stopped by a fault: SystemExit: 2"
    assert noted(bench.studio.store)["MUG-01.th"].state == "failed"


def test_a_faults_own_words_tell_no_secret(bench: Bench, mug: Job, stand_in: StandIn) -> None:
    stand_in.trouble["MUG-01.th"] = [RuntimeError("no answer of https://host/hook?access_token=5f0e1d8c2b7a4936")]
    state = clip.fn(bench, mug, {})
    assert state.message == "clip: stopped by a fault: RuntimeError: no answer of https://host/hook?…"
    assert noted(bench.studio.store)["MUG-01.th"].message in str(state.message)


def test_a_blocked_clip_is_not_ready_to_publish(bench: Bench, mug: Job, stand_in: StandIn) -> None:
    stand_in.findings["MUG-01.th"] = ENGLISH
    state = clip.fn(bench, mug, {})
    assert state.message == f"checks: {ENGLISH.message}"
    assert isinstance(state.data, End)
    assert state.data.script is None
    assert noted(bench.studio.store)["MUG-01.th"].code == 5


def test_only_passing_trouble_is_worth_another_try() -> None:
    assert is_transient(None, None, Failed(data=Transient("the line is busy")))
    assert not is_transient(None, None, Failed(data=UserError("no such file")))
    assert not is_transient(None, None, Failed(data=ZeroDivisionError()))


def test_what_every_try_of_a_clip_cost_is_noted(bench: Bench, jobs: dict[str, Job], mug: Job, stand_in: StandIn) -> None:
    stand_in.paid, stand_in.trouble["MUG-01.th"] = ONCE, [Transient("the line is busy"), UserError("mug.jpg is not a picture.")]
    with pytest.raises(Transient):
        clip.fn(bench, mug, {})
    assert noted(bench.studio.store)["MUG-01.th"].usage == ONCE
    clip.fn(bench, mug, {})
    assert noted(bench.studio.store)["MUG-01.th"].usage == ONCE + ONCE
    clip.fn(bench, mug, {})
    outcome = noted(bench.studio.store)["MUG-01.th"]
    assert (outcome.state, outcome.usage) == ("made", ONCE + ONCE + ONCE)
    clip.fn(bench, jobs["MUG-01.vi"], {})
    assert noted(bench.studio.store)["MUG-01.vi"].usage == ONCE  # a clip is charged for its own tries


def test_what_a_clip_cost_before_is_part_of_what_it_costs(bench: Bench, mug: Job, stand_in: StandIn) -> None:
    stand_in.paid = ONCE
    clip.fn(bench, mug, {"script": ONCE})
    made = noted(bench.studio.store)["MUG-01.th"]
    assert (made.usage, made.paid) == (ONCE + ONCE, {"script": ONCE, "clip": ONCE})


# ---- a post


def test_what_is_left_to_do_by_hand_is_in_the_tasks_message(bench: Bench, mug: Job, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    done = Receipt(channel="weibo", clip_key="clip/x", state="published", where="https://weibo.com/1/a", reason="still to be ticked")
    monkeypatch.setattr(Studio, "publish", lambda *_: done)
    assert publish.fn(bench, mug, Channel(name="weibo"), made).message == "https://weibo.com/1/a; still to be ticked"


def test_a_post_that_fails_gives_its_reason_and_its_code(bench: Bench, mug: Job, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Studio, "publish", lambda *_: (_ for _ in ()).throw(NotReady("weibo has no key.")))
    state = publish.fn(bench, mug, Channel(name="weibo"), made)
    assert (state.is_failed(), state.message) == (True, "publish: weibo has no key.")
    assert state.data.code == 3


def test_a_clip_that_another_machine_made_is_posted_from_this_ones_store(bench: Bench, made: Made) -> None:
    folder = Path(made.clip.video).parent
    files = ("video", "cover", "captions", "sidecar")
    elsewhere = made.clip.model_copy(update={name: f"/another/machine/{Path(getattr(made.clip, name)).name}" for name in files})
    assert at_hand(elsewhere, bench.studio.store) == made.clip
    assert at_hand(made.clip, bench.studio.store) is made.clip
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    with pytest.raises(Transient, match="does not have the clip"):
        at_hand(elsewhere, bench.studio.store)


# ---- a pause that was asked for


class Waits(threading.Event):
    """Notes the waits that are asked of it, and makes none."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        return False


def busy(seconds: float | None) -> Transient:
    return Transient("the other side is busy", retry_after=seconds)


@pytest.mark.parametrize(("seconds", "waits"), [(None, []), (0.0, []), (7.0, [7.0]), (120.0, [120.0])])
def test_a_short_pause_is_made_before_the_next_try(
    bench: Bench, mug: Job, stand_in: StandIn, seconds: float | None, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.over = first = Waits()
    stand_in.trouble["MUG-01.th"] = [busy(seconds)]
    with pytest.raises(Transient):
        clip.fn(bench, mug, {})
    assert first.asked == waits
    end = clip.fn(bench, mug, {}).data
    assert isinstance(end, End)
    assert end.outcome.clip
    assert end.script
    monkeypatch.setattr(Studio, "publish", lambda *_: (_ for _ in ()).throw(busy(seconds)))
    bench.over = second = Waits()
    with pytest.raises(Transient):
        publish.fn(bench, mug, Channel(name="weibo"), Made(end.outcome.clip, end.script))
    assert second.asked == waits


def test_a_post_that_is_to_wait_longer_is_left_to_the_next_run(bench: Bench, mug: Job, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.over = waits = Waits()
    monkeypatch.setattr(Studio, "publish", lambda *_: (_ for _ in ()).throw(busy(3600.0)))
    state = publish.fn(bench, mug, Channel(name="weibo"), made)
    assert (state.name, state.is_completed(), state.message, waits.asked) == ("Planned", True, "the other side is busy", [])
    assert (state.data.receipt.state, state.data.code) == ("planned", 0)


def test_a_clip_that_is_to_wait_longer_fails_at_once(bench: Bench, mug: Job, stand_in: StandIn) -> None:
    bench.over = waits = Waits()
    stand_in.trouble["MUG-01.th"] = [busy(121.0)]
    state = clip.fn(bench, mug, {})
    assert (state.is_failed(), state.message, waits.asked) == (True, "clip: the other side is busy", [])
    assert noted(bench.studio.store)["MUG-01.th"].code == 4


def test_a_pause_ends_with_the_run(bench: Bench, mug: Job, stand_in: StandIn) -> None:
    stand_in.trouble["MUG-01.th"] = [busy(120.0)]
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(clip.fn, bench, mug, {})
        bench.over.set()
        assert isinstance(waiting.exception(timeout=300), Transient)


# ---- what is scarce


def test_a_server_that_is_away_is_passing_trouble(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise httpx.ConnectError("connection refused")

    monkeypatch.setattr(flows.clips, "concurrency", away)
    with pytest.raises(Transient, match="keeps the limit on encode"), bench.hold("encode"):
        pass
    monkeypatch.undo()
    monkeypatch.setattr(flows.clips, "concurrency", lambda *_, **__: threading.Lock())
    with pytest.raises(httpx.ReadTimeout), bench.hold("encode"):  # what is done under a limit has its own trouble
        raise httpx.ReadTimeout("of a picture's server")


def test_a_slot_of_a_killed_worker_is_free_after_a_minute(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[dict[str, Any]]()

    def slot(names: list[str], **how: Any) -> Any:
        asked.append(how)
        return nullcontext()

    monkeypatch.setattr(flows.clips, "concurrency", slot)
    with bench.hold("encode"):
        pass
    assert asked[0]["lease_duration"] == 60


def test_seconds_of_a_gpu_are_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = list[float]()
    monkeypatch.setattr(bench.budget, "gpu", counted.append)
    with bench.hold("encode"), bench.hold("gpu"):
        pass
    assert len(counted) == 1


# ---- on a cluster


def test_a_bench_that_is_sent_to_another_process_is_found_there_once(bench: Bench) -> None:
    there = pickle.loads(pickle.dumps(bench))
    assert there is pickle.loads(pickle.dumps(bench))
    assert (there.run, there.studio.campaign) == (bench.run, bench.studio.campaign)


def test_what_was_mended_for_a_retry_is_read_by_a_process_that_lives_on(bench: Bench) -> None:
    there = pickle.loads(pickle.dumps(bench))
    assert pickle.loads(pickle.dumps(Bench(bench.studio, bench.run))) is there
    Reviews(Path(bench.studio.campaign.review.file)).keep([Review("MUG-01", "th", "a line", approved=True)])
    again = pickle.loads(pickle.dumps(Bench(bench.studio, bench.run)))
    assert again is not there
    assert again.studio.reviews.approved("MUG-01", "th") == {"a line"}


def test_what_a_task_is_given_and_gives_back_can_be_sent(bench: Bench, mug: Job, made: Made) -> None:
    sent = pickle.loads(pickle.dumps(clip.fn(bench, mug, {}).data))
    assert sent.outcome == noted(bench.studio.store)["MUG-01.th"]
    assert pickle.loads(pickle.dumps(mug)) == mug
