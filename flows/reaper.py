"""The reaper: runs whose process was killed are brought back, without a person and without doubling.

A killed process says nothing: its run would stay "Running" for ever and keep the schedule's next one out. But a living run sends a
heartbeat, so one that has been silent for three of them is dead. It ends as `Crashed` and goes on as `AwaitingRetry`: its flow is begun
again, and what was made comes back from the store. Only runs of the work pool are looked at; suspended ones have no process to lose.

`make ui` calls `reap` all the time. A fleet, whose server has no such neighbour, has it as the deployment `reaper`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.events.filters import EventFilter
from prefect.settings import get_current_settings
from prefect.states import AwaitingRetry, Cancelled, Completed, Crashed

from flows import POOL, leash, review
from localize.errors import NotReady

PAGE = 200  # runs that the server gives at a time
STARTING = timedelta(minutes=2)  # what a worker that is not heard of any more may have taken to start a run's process
SLOWEST = timedelta(minutes=30)  # what one that lives may take, on however busy a machine: after that it has lost the run
RUN = "PREFECT__FLOW_RUN_ID"  # in the environment of a run's process
WORKER = "prefect.worker.name"  # a run's label: who has taken it
SETTLED = timedelta(seconds=30)  # a worker tells of a crash twice, seconds apart, and the second would end what was brought back already
RECENT = timedelta(hours=1)  # what has crashed before that was left so by somebody
TURN = 600  # s that a claim on a dead run holds; whoever made it may have been killed, too
TRIES = 3  # times that a run is brought back without getting further
GIVEN_UP = f"stopped {TRIES + 1} times without getting further, so it stays so. Its log says how far it came; Retry goes on from there."


@dataclass(frozen=True)
class Dead:
    """A run that nobody works on any more, and why that is known."""

    run: FlowRun
    why: str


def heartbeat() -> timedelta:
    """How often a living run is heard of. Raises NotReady where heartbeats are turned off: silence would say nothing then."""
    seconds = get_current_settings().flows.heartbeat_frequency
    if seconds is None:
        raise NotReady("without heartbeats nobody can say which runs are dead.", how="Unset PREFECT_FLOWS_HEARTBEAT_FREQUENCY, or set 30.")
    return timedelta(seconds=seconds)


def reap(client: SyncPrefectClient, now: datetime, patience: timedelta, since: datetime | None = None) -> list[str]:
    """Bring back the pool's dead runs, end those that were being cancelled, answer the forms whose time is up (`review.expire`), and say
    what was done, a line each.

    Args:
        client: of the server that the runs report to
        now: the time, with its zone
        patience: silence after which a run is dead
        since: when the server began to listen, if that is known: silence before it says nothing
    """
    done = []
    for dead in find(client, now, patience, since):
        if dead.run.state and _claimed(client, dead.run, now):
            done.append(f"{dead.run.name}: {_ended(client, dead)}")
    return [*done, *review.expire(client, now)]


def find(client: SyncPrefectClient, now: datetime, patience: timedelta, since: datetime | None = None) -> list[Dead]:
    """The dead runs: silent ones, ones that a worker took and never started, and those whose worker has told of their end."""
    found = []
    for run in _runs(client, {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}):
        assert run.state
        heard = max(run.state.timestamp, _last_heartbeat(client, run) or run.state.timestamp, since or run.state.timestamp)
        if now - heard > (max(patience, STARTING) if run.state.is_pending() else patience) and not _starts(client, run, now, patience):
            found.append(Dead(run, f"not heard of for {(now - heard).total_seconds():.0f} s"))
    crashed = {"after_": (now - RECENT).isoformat(), "before_": (now - SETTLED).isoformat()}
    for run in _runs(client, {"state": {"type": {"any_": ["CRASHED"]}}, "end_time": crashed}):
        if run.state and run.state.message != GIVEN_UP:
            found.append(Dead(run, (run.state.message or "its process ended").partition(". ")[0]))
    return found


def _runs(client: SyncPrefectClient, wanted: dict[str, Any]) -> Iterator[FlowRun]:
    """The deployments' runs that are so, of the pool: others have workers and heartbeats of their own."""
    wanted = wanted | {"deployment_id": {"is_null_": False}}
    seen = 0
    while page := client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted), limit=PAGE, offset=seen):
        yield from (run for run in page if run.work_pool_name == POOL and run.state)
        seen += len(page)


def _starts(client: SyncPrefectClient, run: FlowRun, now: datetime, patience: timedelta) -> bool:
    """Whether a run that has been taken is still on its way to its first heartbeat: its process is there, or the worker that took it
    lives and may yet start one. A busy machine takes minutes for either."""
    assert run.state
    if not run.state.is_pending():
        return False
    if _has_process(run):
        return True
    heard = {worker.name: worker.last_heartbeat_time for worker in client.read_workers_for_work_pool(POOL, limit=PAGE)}
    last = heard.get(str(run.labels.get(WORKER)))
    return last is not None and now - last <= max(patience, STARTING) and now - run.state.timestamp <= SLOWEST


def _has_process(run: FlowRun) -> bool:
    """Whether a process of a run is on this machine."""
    return bool(leash.carrying(f"{RUN}={run.id}"))


def put_back(client: SyncPrefectClient, now: datetime, worker: str) -> list[str]:
    """Bring back at once what a worker had in hand that has ended, and say what was done, a line each. It was one of this machine: of
    its runs those live on whose processes do. What it has told of as crashed in its last minute was ended with it. Does nothing where
    processes can't be looked for."""
    if not Path("/proc").is_dir():
        return []
    crashed = {"after_": (now - timedelta(minutes=1)).isoformat()}
    wanted: list[dict[str, Any]] = [
        {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}},
        {"state": {"type": {"any_": ["CRASHED"]}}, "end_time": crashed},
    ]
    own = [run for which in wanted for run in list(_runs(client, which)) if run.labels.get(WORKER) == worker]
    dead = [Dead(run, "its worker has ended") for run in own if not _has_process(run) and run.state and run.state.message != GIVEN_UP]
    return [f"{d.run.name}: {_ended(client, d)}" for d in dead if _claimed(client, d.run, now)]


def _last_heartbeat(client: SyncPrefectClient, run: FlowRun) -> datetime | None:
    wanted = {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": {"id": [f"prefect.flow-run.{run.id}"]}, "order": "DESC"}
    events = client.read_events(EventFilter.model_validate(wanted), limit=1).events
    return events[0].occurred if events else None


def _claimed(client: SyncPrefectClient, run: FlowRun, now: datetime) -> bool:
    """Whether it is for us to end this run, and not for a reaper beside us: the server takes a key only once. A key is of one state
    of the run, which is read again, as who was first may have been done with it already."""
    assert run.state
    value = json.dumps({"at": now.timestamp(), "done": _progress(client, run)})
    try:
        client.create_flow_run_input(run.id, f"revived-{run.state.id}-{int(now.timestamp() // TURN)}", value)
    except httpx.HTTPStatusError as e:
        if e.response.status_code == 409:
            return False
        raise
    fresh = client.read_flow_run(run.id).state
    return fresh is not None and fresh.id == run.state.id


def _ended(client: SyncPrefectClient, dead: Dead) -> str:
    """End a run as it should have ended, and bring it back unless that has been in vain."""
    run, state = dead.run, dead.run.state
    assert state
    _end_tasks(client, run)
    if state.is_cancelling():
        client.set_flow_run_state(run.id, Cancelled(message=f"cancelled; its process is gone ({dead.why})"), force=True)
        return "cancelled"
    if _in_vain(client, run):
        client.set_flow_run_state(run.id, Crashed(message=GIVEN_UP), force=True)
        return GIVEN_UP
    if not state.is_crashed():
        client.set_flow_run_state(run.id, Crashed(message=f"its process or machine was stopped ({dead.why})"), force=True)
    back: State[Any] = AwaitingRetry(message=f"brought back, as its process or machine was stopped ({dead.why}); what is made is kept")
    client.set_flow_run_state(run.id, back, force=True)
    return f"brought back ({dead.why})"


def _in_vain(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Whether nothing more was done since the last times that it was brought back. One that was given up and that a person has begun
    again has all its tries anew."""
    claims = client.filter_flow_run_input(run.id, "revived-", limit=PAGE, exclude_keys=set())
    # Once for each state it was found dead in: a second claim on one is of a reaper that took over from a killed one.
    found = {c.key.rpartition("-")[0]: c.decoded_value for c in sorted(claims, key=lambda c: float(c.decoded_value["at"]))}
    before, tries, given_up = None, 0, False
    for done in (claim["done"] for claim in found.values()):
        tries = 1 if given_up or done != before else tries + 1
        before, given_up = done, tries > TRIES
    return given_up


def _progress(client: SyncPrefectClient, run: FlowRun) -> int:
    """The tasks that this run and the runs it has started have done; what the store had already is none of them."""
    done = {"state": {"name": {"any_": ["Completed"]}}}
    own, started = {"id": {"any_": [str(run.id)]}}, {"parent_flow_run_id": {"any_": [str(run.id)]}}
    return sum(client.request("POST", "/task_runs/count", json={"flow_runs": of, "task_runs": done}).json() for of in (own, started))


def _end_tasks(client: SyncPrefectClient, run: FlowRun) -> None:
    """What the dead process had in hand is over, too; its next process begins such tasks anew."""
    own = FlowRunFilter.model_validate({"id": {"any_": [run.id]}})
    going = TaskRunFilter.model_validate({"state": {"type": {"any_": ["RUNNING", "PENDING"]}}, "subflow_runs": {"exists_": False}})
    for task in client.read_task_runs(flow_run_filter=own, task_run_filter=going, limit=PAGE):
        client.set_task_run_state(task.id, Crashed(message="stopped together with its run"), force=True)


@flow(name="reaper", flow_run_name="reaper", persist_result=False)
def reaper() -> State[None]:
    """Bring back the runs whose process or machine was killed. Needs no parameters."""
    with get_client(sync_client=True) as client:
        patience = 3 * heartbeat()
        if find(client, datetime.now(UTC), patience):
            # A server that was away has missed heartbeats: whoever lives is heard of meanwhile.
            time.sleep(heartbeat().total_seconds())
        done = reap(client, datetime.now(UTC), patience)
    return Completed(message="; ".join(done) or "every run that is going is alive")
