"""Batches as runs of the `batch` deployment: so many at once, in the catalog's order, the next one when one has ended.

Never a burst: what waits here waits for nothing on the server, and two campaigns whose nights go at the same time take turns, as
neither has more runs in the queue than its window is wide.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol, cast
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from flows.reaper import GIVEN_UP
from localize.errors import NotReady, Transient

PAUSE = 5.0  # s between two looks; a look is one request for all runs
PATIENCE = 900.0  # s without an answer of the server, which is being started again, or until a crashed run is brought back


class Going(Protocol):
    """Parts that are started and looked after elsewhere."""

    def start(self, part: int) -> UUID | None:
        """None where that can't be done now: it is asked again."""
        ...

    def ended(self, runs: Collection[UUID]) -> dict[UUID, State[Any] | None]:
        """Those that have ended, and how: None for one that is gone."""
        ...


class Window:
    """The parts 0, 1, ... of which `width` are going at a time, started in their order."""

    def __init__(self, parts: int, width: int, runs: Going) -> None:
        self.width, self.runs = width, runs
        self.waiting, self.going = deque(range(parts)), dict[UUID, int]()

    @property
    def over(self) -> bool:
        return not self.waiting and not self.going

    def look(self) -> list[tuple[int, State[Any] | None]]:
        """Start what there is room for. Returns the parts that have ended since the last look, and how."""
        while self.waiting and len(self.going) < self.width and (run := self.runs.start(self.waiting[0])):
            self.going[run] = self.waiting.popleft()
        return [(self.going.pop(run), state) for run, state in self.runs.ended(self.going).items()]


class BatchRuns:
    """A night's batch runs. Each batch has a key and its run's parameters; `run_count` says how often the night has been run: its retry
    comes back to the runs it had started, and only where one had ended badly a new one is started."""

    def __init__(
        self, client: SyncPrefectClient, batches: Sequence[tuple[str, dict[str, Any]]], run_count: int, *, queue: str = "",
        tags: Sequence[str] = (), clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.client, self.batches, self.run_count = client, batches, run_count
        self.queue, self.tags, self.clock = queue, tags, clock
        self._answered = clock()
        self._crashed = dict[UUID, float]()  # since when

    def start(self, part: int) -> UUID | None:
        """None while the server does not answer. Raises as `ended`, and NotReady where it has no such deployment."""
        key, parameters = self.batches[part]
        keys = [f"{key}-{attempt}" for attempt in range(1, max(self.run_count, 1) + 1)]
        try:
            there = self._known(keys) if self.run_count > 1 else {}
            for name in keys:
                run = there.get(name) or self._begun(name, parameters)
                if not run.state or not run.state.is_final() or run.state.is_completed() or self._may_come_back(run):
                    break
        except httpx.HTTPError as e:
            self._missed(e)
            return None
        self._answered = self.clock()
        return run.id

    def _known(self, keys: Sequence[str]) -> dict[str, FlowRun]:
        """The runs that an earlier try of the night has started. Asked for by `run_deployment`, each would get one more task of the
        night, which never ends."""
        wanted = FlowRunFilter.model_validate({"idempotency_key": {"any_": list(keys)}})
        return {run.idempotency_key or "": run for run in self.client.read_flow_runs(flow_run_filter=wanted, limit=len(keys))}

    def _begun(self, key: str, parameters: dict[str, Any]) -> FlowRun:
        try:
            asked = run_deployment(
                "batch/batch", parameters=parameters, flow_run_name=parameters["name"], idempotency_key=key, timeout=0,
                work_queue_name=self.queue or None, tags=self.tags,
            )  # fmt: skip
        except ObjectNotFound as e:
            raise NotReady("the server has no deployment batch/batch.", how="`make ui` makes it, and `prefect deploy --all`.") from e
        run = cast(FlowRun, asked)
        if run.parent_task_run_id:  # else it has a name drawn at random among the night's tasks
            with suppress(httpx.HTTPError):
                self.client.set_task_run_name(run.parent_task_run_id, parameters["name"])
        return run

    def ended(self, runs: Collection[UUID]) -> dict[UUID, State[Any] | None]:
        """Raises Transient where the server does not answer for long: the night ends, and its Retry comes back to its runs."""
        if not runs:
            return {}
        wanted = FlowRunFilter.model_validate({"id": {"any_": [str(run) for run in runs]}})
        try:
            seen = {run.id: run for run in self.client.read_flow_runs(flow_run_filter=wanted, limit=len(runs))}
        except httpx.HTTPError as e:
            self._missed(e)
            return {}
        self._answered = self.clock()
        ended = dict[UUID, State[Any] | None]()
        for run in runs:
            if run not in seen:
                ended[run] = None
            elif not self._may_come_back(seen[run]) and (state := seen[run].state) and state.is_final():
                ended[run] = state
        return ended

    def _missed(self, error: httpx.HTTPError) -> None:
        """A request has failed: in vain for so long that it will go on, or by what will not pass, it is told."""
        if isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500:
            raise error
        if self.clock() - self._answered > PATIENCE:
            raise Transient(f"the Prefect server has not answered for {PATIENCE / 60:.0f} minutes: {type(error).__name__}.") from error

    def _may_come_back(self, run: FlowRun) -> bool:
        """Whether a run was killed, and the reaper may still bring it back."""
        if not run.state or not run.state.is_crashed() or run.state.message == GIVEN_UP:
            self._crashed.pop(run.id, None)
            return False
        return self.clock() - self._crashed.setdefault(run.id, self.clock()) < PATIENCE


def hand_out(
    batches: Sequence[tuple[str, dict[str, Any]]], run_count: int, width: int, *, queue: str = "", tags: Sequence[str] = ()
) -> Iterator[tuple[int, State[Any] | None]]:
    """Run the `batch` deployment for each batch; its number is given back when its run has ended, with how."""
    with get_client(sync_client=True) as client:
        runs = BatchRuns(client, batches, run_count, queue=queue, tags=tags)
        window = Window(len(batches), width, runs)
        while not window.over:
            ended = window.look()
            yield from ended
            if not ended:
                time.sleep(PAUSE)
