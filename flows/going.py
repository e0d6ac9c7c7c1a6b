"""What Prefect's server says is going on, in lines: a part of `crossreel status`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort

from flows import review
from localize.errors import NotReady

GOING = ("RUNNING", "PENDING", "PAUSED", "CANCELLING")
SHOWN = 20


def told(campaign: str = "") -> Iterator[str]:
    """The runs that are going or wait, of one campaign if it is given, and the next one that is scheduled."""
    try:
        with review.server() as client:
            marked = {"tags": {"all_": [f"campaign:{campaign}"]}} if campaign else {}
            now = _read(client, {"state": {"type": {"any_": list(GOING)}}, **marked}, FlowRunSort.START_TIME_DESC, SHOWN + 1)
            coming = _read(client, {"state": {"type": {"any_": ["SCHEDULED"]}}}, FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC, 1)
    except NotReady as error:
        yield str(error)
        return
    for run in now[:SHOWN]:
        since = run.start_time or run.created
        yield f"Prefect: {run.name} is {_state(run)}" + (f" since {since.astimezone():%m-%d %H:%M}" if since else "")
    if len(now) > SHOWN:
        yield "Prefect: and more runs; the UI lists them all"
    for run in coming:
        if run.next_scheduled_start_time:
            yield f"Prefect: the next run, {run.name}, begins {run.next_scheduled_start_time.astimezone():%m-%d %H:%M}"


def _read(client: Any, wanted: dict[str, Any], sort: FlowRunSort, limit: int) -> list[FlowRun]:
    found: list[FlowRun] = client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted), sort=sort, limit=limit)
    return found


def _state(run: FlowRun) -> str:
    return ((run.state and run.state.name) or "of no state").lower()
