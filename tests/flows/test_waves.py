"""Waves: a bounded window of batch runs, what a retried night comes back to, and what is waited for."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.runtime import flow_run
from prefect.states import AwaitingRetry, Completed, Crashed, Failed, Running, State

from flows import waves
from flows.batch import batch
from flows.reaper import GIVEN_UP
from flows.waves import PATIENCE, BatchRuns, Window
from localize.errors import NotReady, Transient

# ---- the window


class Worker:
    """Does what is in the queue, first come first served, one a turn, for as many nights as there are."""

    def __init__(self) -> None:
        self.queue = deque[tuple[str, UUID]]()
        self.done = list[str]()
        self.ended = set[UUID]()

    def turn(self) -> None:
        if self.queue:
            name, run = self.queue.popleft()
            self.done.append(name)
            self.ended.add(run)


class Night:
    """A campaign's batch runs on that worker."""

    def __init__(self, worker: Worker, name: str) -> None:
        self.worker, self.name = worker, name
        self.going, self.most = 0, 0

    def start(self, part: int) -> UUID | None:
        self.worker.queue.append((f"{self.name}{part}", run := uuid4()))
        self.going += 1
        self.most = max(self.most, self.going)
        return run

    def ended(self, runs: Collection[UUID]) -> dict[UUID, State[Any] | None]:
        found = [run for run in runs if run in self.worker.ended]
        self.going -= len(found)
        return {run: Completed() for run in found}


@pytest.mark.parametrize("width", [1, 3])
def test_no_more_runs_go_at_once_than_the_window_is_wide(width: int) -> None:
    worker, ended = Worker(), list[int]()
    window = Window(7, width, night := Night(worker, "a"))
    while not window.over:
        ended += [part for part, state in window.look() if state]
        worker.turn()
    assert ended == list(range(7))  # in the catalog's order, as the worker takes them in theirs
    assert night.most == width


def test_two_campaigns_take_turns_however_many_batches_one_has() -> None:
    worker = Worker()
    windows = [Window(40, 1, Night(worker, "a")), Window(3, 1, Night(worker, "b"))]
    while not windows[1].over:
        for window in windows:
            window.look()
        worker.turn()
    assert worker.done[:6] == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_a_run_that_is_gone_is_told_and_does_not_hold_up_the_next() -> None:
    class Gone(Night):
        def ended(self, runs: Collection[UUID]) -> dict[UUID, State[Any] | None]:
            return dict.fromkeys(runs)

    window = Window(2, 1, Gone(Worker(), "a"))
    assert window.look() + window.look() == [(0, None), (1, None)]


# ---- batch runs on a server


class Server:
    """What replaces `run_deployment` and the client: each idempotency key is one run, whose state the test sets."""

    def __init__(self, **states: State[Any]) -> None:
        self.runs = {key.replace("_", "-"): _run(key.replace("_", "-"), state) for key, state in states.items()}
        self.asked = list[str]()
        self.queues = set[str | None]()
        self.names = dict[UUID, str]()
        self.away = False

    def run_deployment(self, name: str, *, idempotency_key: str, work_queue_name: str | None, timeout: float, **_: Any) -> Any:
        assert (name, timeout) == ("batch/batch", 0)
        if self.away:
            raise httpx.ConnectError("connection refused")
        self.asked.append(idempotency_key)
        self.queues.add(work_queue_name)
        return self.runs.setdefault(idempotency_key, _run(idempotency_key, Running()))

    def set_task_run_name(self, task: UUID, name: str) -> None:
        self.names[task] = name

    def read_flow_runs(self, *, flow_run_filter: FlowRunFilter, limit: int) -> list[Any]:
        if self.away:
            raise httpx.ConnectError("connection refused")
        if flow_run_filter.idempotency_key:
            return [run for key, run in self.runs.items() if key in (flow_run_filter.idempotency_key.any_ or ())]
        assert flow_run_filter.id
        return [run for run in self.runs.values() if run.id in (flow_run_filter.id.any_ or ())]


def _run(key: str, state: State[Any]) -> SimpleNamespace:
    return SimpleNamespace(id=uuid4(), state=state, idempotency_key=key, parent_task_run_id=uuid4())


def night_of(server: Server, monkeypatch: pytest.MonkeyPatch, run_count: int = 1, **more: Any) -> BatchRuns:
    monkeypatch.setattr(waves, "run_deployment", server.run_deployment)
    return BatchRuns(server, [("n", {"name": "batch 1 of 1", "run": "tonight"})], run_count, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("runs", "server", "asked"),
    [
        (1, Server(), ["n-1"]),
        (1, Server(n_1=Failed()), ["n-1"]),
        (2, Server(n_1=Completed()), []),  # it had been retried by itself, or the night failed elsewhere
        (2, Server(n_1=Running()), []),  # the night was killed, its batch goes on
        (2, Server(n_1=AwaitingRetry()), []),
        (2, Server(n_1=Crashed(message="its process was stopped")), []),  # the reaper brings it back
        (2, Server(n_1=Crashed(message=GIVEN_UP)), ["n-2"]),
        (2, Server(n_1=Failed()), ["n-2"]),
        (3, Server(n_1=Failed(), n_2=Failed()), ["n-3"]),
    ],
)
def test_a_retried_night_starts_a_new_batch_run_only_for_one_that_ended_badly(
    monkeypatch: pytest.MonkeyPatch, runs: int, server: Server, asked: list[str]
) -> None:
    started = night_of(server, monkeypatch, runs).start(0)
    assert server.asked == asked
    assert started == list(server.runs.values())[-1].id


def test_a_batch_is_called_by_its_name_among_the_nights_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    night_of(server, monkeypatch).start(0)
    assert server.names == {server.runs["n-1"].parent_task_run_id: "batch 1 of 1"}


def test_runs_wait_in_the_campaigns_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    night_of(server, monkeypatch, queue="low").start(0)
    assert server.queues == {"low"}


def test_a_killed_run_is_waited_for_until_nobody_brings_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    server = Server(n_1=Running())
    night = night_of(server, monkeypatch, clock=lambda: now[0])
    run = night.start(0)
    assert run
    assert night.ended([run]) == {}
    server.runs["n-1"].state = Crashed(message="its process was stopped")
    assert night.ended([run]) == {}
    server.runs["n-1"].state = Running()
    now[0] = PATIENCE
    assert night.ended([run]) == {}
    server.runs["n-1"].state = Crashed(message="its process was stopped")
    now[0] = 2 * PATIENCE - 1  # counted from when it was seen to be dead, this time
    assert night.ended([run]) == {}
    now[0] = 3 * PATIENCE
    assert night.ended([run]) == {run: server.runs["n-1"].state}


def test_a_server_that_is_started_again_is_waited_for_and_one_that_stays_away_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    server = Server(n_1=Completed())
    night = night_of(server, monkeypatch, clock=lambda: now[0])
    server.away = True
    assert night.start(0) is None
    server.away = False
    run = night.start(0)
    assert run
    server.away, now[0] = True, PATIENCE
    assert night.ended([run]) == {}
    now[0] = PATIENCE + 1
    for ask in (lambda: night.ended([run]), lambda: night.start(0)):
        with pytest.raises(Transient, match="has not answered for 15 minutes"):
            ask()
    server.away = False
    assert night.ended([run]) == {run: server.runs["n-1"].state}


def test_a_batch_that_can_not_be_started_now_keeps_its_place() -> None:
    class Busy(Night):
        def start(self, part: int) -> UUID | None:
            self.tries = getattr(self, "tries", 0) + 1
            return super().start(part) if self.tries % 2 == 0 else None

    worker, ended = Worker(), list[int]()
    window = Window(3, 1, Busy(worker, "a"))
    while not window.over:
        ended += [part for part, _ in window.look()]
        worker.turn()
    assert ended == [0, 1, 2]


def test_a_server_without_the_deployment_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    night = night_of(Server(), monkeypatch)

    def gone(*_: Any, **__: Any) -> None:
        raise ObjectNotFound(None)  # type: ignore[arg-type]

    monkeypatch.setattr(waves, "run_deployment", gone)
    with pytest.raises(NotReady, match="make ui"):
        night.start(0)


# ---- a real server


def test_a_batch_runs_under_its_name_and_is_found_again(server: SyncPrefectClient) -> None:
    with suppress(ObjectAlreadyExists):
        server.create_work_pool(WorkPoolCreate(name="crossreel", type="process"))
    server.create_deployment(flow_id=server.create_flow(batch), name="batch", work_pool_name="crossreel")
    batches = [("n", {"name": "shop · batch 1 of 1", "campaign": {}, "clips": [], "run": "tonight"})]

    @flow(name="night")
    def night() -> tuple[UUID, UUID | None, UUID | None]:
        own = UUID(str(flow_run.id))
        return own, BatchRuns(server, batches, 1).start(0), BatchRuns(server, batches, 2).start(0)

    own, first, again = night()
    assert first == again
    assert first
    run = server.read_flow_run(first)
    assert run.name == "shop · batch 1 of 1"
    (task,) = server.read_task_runs(flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [str(own)]}}))
    assert (task.id, task.name) == (run.parent_task_run_id, run.name)
