"""What `crossreel status` says of Prefect's server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.states import Paused, Running, Scheduled

from flows import going, review
from localize.errors import NotReady


class Server:
    """The runs that a server has, and what it was asked for."""

    def __init__(self, *runs: FlowRun) -> None:
        self.runs, self.asked = runs, list[dict[str, Any]]()

    def read_flow_runs(self, *, flow_run_filter: Any, sort: Any, limit: int) -> list[FlowRun]:
        wanted = flow_run_filter.model_dump(mode="json", exclude_none=True)
        self.asked.append(wanted)
        return [run for run in self.runs if run.state and run.state.type.value in wanted["state"]["type"]["any_"]][:limit]


def run(name: str, state: Any, **times: Any) -> FlowRun:
    return FlowRun(flow_id=uuid4(), name=name, state=state, created=datetime(2026, 11, 27, 2, tzinfo=UTC), **times)


def test_what_is_going_on_is_told_with_what_comes_next(monkeypatch: pytest.MonkeyPatch) -> None:
    nightly = run("corner · 2026-11-27", Running(), start_time=datetime(2026, 11, 27, 2, tzinfo=UTC))
    form = run("corner · Thai · MUG-01", Paused(name="Suspended"))
    tomorrow = run("corner · 2026-11-28", Scheduled(), next_scheduled_start_time=datetime(2026, 11, 28, 2, tzinfo=UTC))
    server = Server(nightly, form, tomorrow)

    @contextmanager
    def answering() -> Iterator[Server]:
        yield server

    monkeypatch.setattr(review, "server", answering)
    said = list(going.told("corner-shop"))
    assert [line.partition(" since")[0].partition(", begins")[0] for line in said] == [
        "Prefect: corner · 2026-11-27 is running",
        "Prefect: corner · Thai · MUG-01 is suspended",
        "Prefect: the next run, corner · 2026-11-28",
    ]
    assert server.asked[0]["tags"]["all_"] == ["campaign:corner-shop"]


def test_a_server_that_is_down_is_told_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def silent() -> Iterator[Server]:
        raise NotReady("the server does not answer.")
        yield

    monkeypatch.setattr(review, "server", silent)
    assert list(going.told()) == ["the server does not answer."]
