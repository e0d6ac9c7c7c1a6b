"""The reaper: which runs are dead, and that each is brought back once, whoever looks. `test_deployments.py` kills real ones."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest

from flows import POOL, machine, reaper, review

from prefect.client.schemas.objects import FlowRun, State, StateType  # isort: skip
from prefect.exceptions import ObjectAlreadyExists  # isort: skip

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
PATIENCE = timedelta(seconds=90)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@dataclass
class Server:
    """As much of Prefect's client as a reaper asks for. `heard` are the last heartbeats, `steps` what each run has done."""

    runs: dict[UUID, FlowRun] = field(default_factory=dict)
    heard: dict[UUID, datetime] = field(default_factory=dict)
    steps: dict[UUID, int] = field(default_factory=dict)
    inputs: dict[tuple[UUID, str], str] = field(default_factory=dict)
    told: list[tuple[str, StateType, str]] = field(default_factory=list)
    page: int = 0
    workers: dict[str, datetime] = field(default_factory=dict)

    def add(
        self, name: str, state: StateType, since: float, heard: float | None = None, pool: str = POOL, worker: str = ""
    ) -> FlowRun:  # fmt: skip
        at = State(type=state, timestamp=ago(since), id=uuid4())
        labels = {reaper.WORKER: worker} if worker else {}
        run = FlowRun(flow_id=uuid4(), name=name, state=at, deployment_id=uuid4(), work_pool_name=pool, end_time=ago(since), labels=labels)
        self.runs[run.id] = run
        if heard is not None:
            self.heard[run.id] = ago(heard)
        return run

    def read_flow_runs(self, flow_run_filter: Any, limit: int, offset: int) -> list[FlowRun]:
        types, ended = flow_run_filter.state.type.any_, flow_run_filter.end_time
        found = [r for r in self.runs.values() if r.state and r.state.type in types and r.deployment_id]
        if ended:
            found = [r for r in found if r.end_time and ended.after_ <= r.end_time <= (ended.before_ or NOW)]
        return found[offset : offset + (self.page or limit)]

    def read_workers_for_work_pool(self, pool: str, limit: int) -> list[Any]:
        assert pool == POOL
        return [SimpleNamespace(name=name, last_heartbeat_time=heard) for name, heard in self.workers.items()]

    def read_flow_run(self, run: UUID) -> FlowRun:
        return self.runs[run]

    def read_events(self, wanted: Any, limit: int) -> Any:
        (resource,) = wanted.resource.id
        heard = self.heard.get(UUID(resource.removeprefix("prefect.flow-run.")))
        return SimpleNamespace(events=[SimpleNamespace(occurred=heard)] if heard else [])

    def create_flow_run_input(self, run: UUID, key: str, value: str) -> None:
        if (run, key) in self.inputs:
            raise httpx.HTTPStatusError("taken", request=httpx.Request("POST", "http://x"), response=httpx.Response(409))
        self.inputs[run, key] = value

    def filter_flow_run_input(self, run: UUID, key_prefix: str, limit: int, exclude_keys: set[str]) -> list[Any]:
        return [
            SimpleNamespace(key=k, decoded_value=json.loads(v))
            for (r, k), v in self.inputs.items()
            if r == run and k.startswith(key_prefix)
        ]

    def request(self, method: str, path: str, json: Any) -> Any:
        own = json["flow_runs"].get("id", {"any_": []})["any_"]
        return SimpleNamespace(json=lambda: sum(self.steps.get(UUID(run), 0) for run in own))

    def read_task_runs(self, **_: Any) -> list[Any]:
        return []

    def set_flow_run_state(self, run: UUID, state: Any, force: bool) -> None:
        assert force
        self.told.append((self.runs[run].name, state.type, state.message))
        new = State(type=state.type, name=state.name, message=state.message, timestamp=NOW, id=uuid4())
        self.runs[run] = self.runs[run].model_copy(update={"state": new, "end_time": NOW})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(review, "expire", lambda client, now: [])
    return Server()


def reap(server: Server, now: datetime = NOW, since: datetime | None = None) -> list[str]:
    return reaper.reap(cast(Any, server), now, PATIENCE, since)


def test_a_run_that_fell_silent_is_brought_back_and_one_that_is_heard_is_not(server: Server) -> None:
    dead = server.add("dead", StateType.RUNNING, since=3600, heard=100)
    server.add("alive", StateType.RUNNING, since=3600, heard=20)
    server.add("just begun", StateType.RUNNING, since=5)
    assert [line.split(":")[0] for line in reap(server)] == ["dead"]
    assert [(name, kind) for name, kind, _ in server.told] == [("dead", StateType.CRASHED), ("dead", StateType.SCHEDULED)]
    assert (state := server.runs[dead.id].state) is not None
    assert state.name == "AwaitingRetry"


def test_whoever_waits_for_a_person_or_is_of_another_pool_is_left_alone(server: Server) -> None:
    server.add("form", StateType.PAUSED, since=86400)
    server.add("other", StateType.RUNNING, since=86400, pool="somebody-else")
    server.add("tomorrow", StateType.SCHEDULED, since=86400)
    server.add("failed", StateType.FAILED, since=60)
    assert reap(server) == []
    assert server.told == []


def test_two_reapers_bring_a_run_back_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add("dead", StateType.RUNNING, since=3600)
    seen = reaper.find(cast(Any, server), NOW, PATIENCE)
    reap(server)
    monkeypatch.setattr(reaper, "find", lambda *_: seen)  # the other had looked at the same moment
    assert reap(server) == []
    assert reap(server, NOW + timedelta(hours=1)) == []  # nor when its claim would be a new one
    assert len(server.told) == 2


def test_one_whose_reaper_was_killed_is_another_ones(server: Server) -> None:
    dead = server.add("dead", StateType.RUNNING, since=3600)
    reaper._claimed(cast(Any, server), dead, NOW)
    assert reap(server) == []
    assert len(reap(server, NOW + timedelta(seconds=reaper.TURN))) == 1


def test_a_crash_that_the_worker_told_of_is_brought_back_if_it_is_fresh(server: Server) -> None:
    server.add("fresh", StateType.CRASHED, since=40)
    server.add("told of once", StateType.CRASHED, since=5)  # a worker does it twice
    server.add("of yesterday", StateType.CRASHED, since=86400)
    assert [line.split(":")[0] for line in reap(server)] == ["fresh"]
    assert [kind for _, kind, _ in server.told] == [StateType.SCHEDULED]


def dies(server: Server, run: FlowRun) -> list[str]:
    """Let a run be started and killed once more."""
    crashed = {"state": State(type=StateType.CRASHED, timestamp=ago(40), id=uuid4()), "end_time": ago(40)}
    server.runs[run.id] = server.runs[run.id].model_copy(update=crashed)
    return reap(server)


def test_a_run_that_gets_no_further_stays_crashed_and_says_so(server: Server) -> None:
    run = server.add("poison", StateType.CRASHED, since=40)
    assert ["brought back" in dies(server, run)[0] for _ in range(4)] == [True, True, True, False]
    assert (state := server.runs[run.id].state) is not None
    assert state.message == reaper.GIVEN_UP
    assert reap(server) == []


def test_after_a_persons_retry_a_run_that_was_given_up_has_all_its_tries_again(server: Server) -> None:
    run = server.add("mended", StateType.CRASHED, since=40)
    for _ in range(3):  # a person presses Retry after each giving up
        assert ["brought back" in dies(server, run)[0] for _ in range(4)] == [True, True, True, False]


def test_a_second_claim_on_the_same_end_is_no_further_try(server: Server) -> None:
    run = server.add("poison", StateType.CRASHED, since=40)
    assert "brought back" in dies(server, run)[0]
    crashed = {"state": State(type=StateType.CRASHED, timestamp=ago(40), id=uuid4()), "end_time": ago(40)}
    server.runs[run.id] = server.runs[run.id].model_copy(update=crashed)
    reaper._claimed(cast(Any, server), server.runs[run.id], NOW)  # and its reaper was killed
    assert "brought back" in reap(server, NOW + timedelta(seconds=reaper.TURN))[0]
    assert ["brought back" in dies(server, run)[0] for _ in range(2)] == [True, False]


def test_a_run_that_gets_further_is_brought_back_however_often_it_is_killed(server: Server) -> None:
    run = server.add("long night", StateType.CRASHED, since=40)
    for step in range(25):
        server.steps[run.id] = step // 2  # a clip every other time
        assert "brought back" in dies(server, run)[0]


def test_what_a_worker_took_and_never_started_goes_back_to_the_queue(server: Server) -> None:
    server.add("stuck", StateType.PENDING, since=121)
    server.add("starting", StateType.PENDING, since=100)
    assert [line.split(":")[0] for line in reap(server)] == ["stuck"]


def test_a_run_that_is_slow_to_start_lives_as_long_as_its_worker(server: Server) -> None:
    server.workers = {"busy": ago(20), "killed": ago(150)}
    server.add("slow", StateType.PENDING, since=900, worker="busy")
    server.add("taken by a dead worker", StateType.PENDING, since=160, worker="killed")
    server.add("lost by its worker", StateType.PENDING, since=1900, worker="busy")
    assert [line.split(":")[0] for line in reap(server)] == ["taken by a dead worker", "lost by its worker"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")
def test_a_run_whose_process_is_there_is_not_begun_a_second_time(server: Server) -> None:
    run = server.add("slow", StateType.PENDING, since=4000)
    with process_of(run):
        assert reap(server) == []
    assert len(reap(server)) == 1


@contextmanager
def process_of(run: FlowRun) -> Iterator[None]:
    with subprocess.Popen(["sleep", "600"], env=os.environ | {reaper.RUN: str(run.id)}) as process:
        yield
        process.kill()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")
def test_what_a_worker_that_has_ended_had_in_hand_is_brought_back_at_once(server: Server) -> None:
    for name, state in (("going", StateType.RUNNING), ("taken", StateType.PENDING), ("told of as crashed", StateType.CRASHED)):
        server.add(name, state, since=5, heard=5, worker="ours")
    server.add("of another worker", StateType.RUNNING, since=5, heard=5, worker="theirs")
    server.add("form", StateType.PAUSED, since=5, worker="ours")
    server.add("crashed in the morning", StateType.CRASHED, since=900, worker="ours")
    alive = server.add("its process goes on", StateType.RUNNING, since=5, heard=5, worker="ours")
    with process_of(alive):
        done = reaper.put_back(cast(Any, server), NOW, "ours")
    assert [line.split(":")[0] for line in done] == ["going", "taken", "told of as crashed"]
    assert {name for name, kind, _ in server.told if kind is StateType.SCHEDULED} == {"going", "taken", "told of as crashed"}


def test_what_was_being_cancelled_ends_as_cancelled(server: Server) -> None:
    server.add("unwanted", StateType.CANCELLING, since=120, heard=120)
    assert "cancelled" in reap(server)[0]
    assert [kind for _, kind, _ in server.told] == [StateType.CANCELLED]


def test_silence_while_the_server_was_away_says_nothing(server: Server) -> None:
    server.add("perhaps", StateType.RUNNING, since=3600, heard=600)
    assert reap(server, since=ago(30)) == []
    assert len(reap(server, since=ago(91))) == 1


def test_no_run_is_overlooked_where_there_are_more_than_a_page(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.page = 3
    for number in range(7):
        server.add(f"alive {number}", StateType.RUNNING, since=9, heard=9)
    server.add("dead", StateType.RUNNING, since=3600)
    assert len(reap(server)) == 1


# ---- what a machine has of its own


class Limits:
    def __init__(self, *there: str) -> None:
        self.limits = dict.fromkeys(there, 7)

    def create_global_concurrency_limit(self, wanted: Any) -> None:
        if wanted.name in self.limits:
            raise ObjectAlreadyExists(http_exc=ValueError())
        self.limits[wanted.name] = wanted.limit


@pytest.mark.parametrize(("name", "host"), [("Shop-PC.local", "shop-pc-local"), ("店", "localhost"), ("box_2", "box-2")])
def test_a_machines_limits_carry_its_name(name: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.socket, "gethostname", lambda: name)
    assert machine.limit_name("gpu") == f"gpu:{host}"


@pytest.mark.parametrize(("cores", "gpus", "wanted"), [(1, 0, {"encode": 1}), (2, 0, {"encode": 1}), (16, 2, {"encode": 8, "gpu": 2})])
def test_limits_follow_the_machine(cores: int, gpus: int, wanted: dict[str, int]) -> None:
    made = Limits()
    machine.make_limits(cast(Any, made), cores, gpus)
    assert made.limits == {machine.limit_name(what): limit for what, limit in wanted.items()}


def test_a_limit_that_a_person_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Limits(machine.limit_name("encode"))
    assert machine.make_limits(cast(Any, there), 16, 1) == [f"{machine.limit_name('gpu')} 1"]
    assert there.limits[machine.limit_name("encode")] == 7


@pytest.mark.parametrize(("visible", "count"), [(None, 4), ("", 0), ("0,2", 2), ("-1", 0)])
def test_only_visible_gpus_count(visible: str | None, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: Callable[..., Any] = lambda path, pattern: iter(range(4)) if "gpus" in str(path) else iter(())
    monkeypatch.setattr(machine.Path, "glob", listed)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert machine.gpus() == count
