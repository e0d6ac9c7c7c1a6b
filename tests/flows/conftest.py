"""Flows without their cost: a studio whose voice and renderer are stand-ins, and one server for the tests that need it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from parcels import stand_in_for

import flows.batch  # before anything of prefect: flows sets what prefect reads when it is imported
import flows.clips
from localize import account, planning
from localize import campaign as campaigns
from localize.booth import Booth
from localize.domain import Finding, Line, Speech, Usage
from localize.media import pcm
from localize.planning import Job, Progress
from localize.stages import Studio
from localize.store import LocalStore

from prefect.client.orchestration import SyncPrefectClient, get_client  # isort: skip
from prefect.client.schemas.filters import FlowRunFilter  # isort: skip
from prefect.client.schemas.objects import State  # isort: skip
from prefect.testing.utilities import prefect_test_harness  # isort: skip


@dataclass
class StandIn:
    """What replaces `Booth.speeches`, `Studio._render` and `Studio._check`: the texts, scripts, keys, store and
    publishing around them are the real ones. `trouble` holds what a clip's rendering raises, one entry a call; `paid` is
    what each rendering is charged, in place of a model; at `meeting` each waits for the others it is to be made beside."""

    trouble: dict[str, list[BaseException]] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    rendered: list[str] = field(default_factory=list)
    paid: Usage = field(default_factory=Usage)
    meeting: threading.Barrier | None = None
    at_once: int = 0
    most_at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def speeches(self, booth: Booth, lines: Sequence[Line], language: str, progress: Progress) -> list[Speech]:
        progress.made["voice"] += len(lines)
        return [Speech(audio="", rate=pcm.RATE, duration=1.0, words=(), mouths=(), engine="stand-in") for _ in lines]

    def render(
        self, studio: Studio, job: Job, script: Any, variant: Any, speeches: Sequence[Speech], lips: Any, origins: Any, name: str,
        folder: Path,
    ) -> None:  # fmt: skip
        who = f"{job.product.sku}.{job.language}"
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.meeting:
                self.meeting.wait(300)
            account.charge(self.paid)
            if waiting := self.trouble.get(who):
                raise waiting.pop(0)
            stand_in_for(studio, job, script, name, folder, who=who)
            self.rendered.append(who)
        finally:
            with self._lock:
                self.at_once -= 1

    def check(self, studio: Studio, name: str, folder: Path, progress: Progress) -> tuple[Finding, ...]:
        who = json.loads((folder / "clip.json").read_text(encoding="utf-8"))["who"]
        return (self.findings[who],) if who in self.findings else ()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    new = StandIn()
    monkeypatch.setattr(Booth, "speeches", lambda *args: new.speeches(*args))
    monkeypatch.setattr(Studio, "_render", lambda *args: new.render(*args))
    monkeypatch.setattr(Studio, "_check", lambda *args: new.check(*args))
    # The same tasks without their waits between tries.
    for name in ("clip", "publish"):
        hasty = getattr(flows.batch, name).with_options(retry_delay_seconds=0, retry_jitter_factor=None)
        monkeypatch.setattr(flows.batch, name, hasty)
    return new


@pytest.fixture
def bench(shop: Path, store: LocalStore, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> flows.clips.Bench:
    """What the shop's clips are made on by `clip.fn`, which then needs no server."""
    monkeypatch.setattr(flows.clips, "concurrency", lambda *_, **__: nullcontext())
    return flows.clips.Bench(Studio(campaigns.load(shop / "campaign.yaml"), store), "tonight")


@pytest.fixture
def jobs(shop: Path) -> dict[str, Job]:
    """The shop's four clips to be: `MUG-01.th` and so on."""
    return {f"{j.product.sku}.{j.language}": j for j in planning.plan(campaigns.load(shop / "campaign.yaml")).jobs}


@pytest.fixture(scope="session")
def server() -> Iterator[SyncPrefectClient]:
    with prefect_test_harness(server_startup_timeout=600), get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def task_states(server: SyncPrefectClient) -> Callable[[State[None], int], dict[str, str]]:
    """The state names of a flow run's task runs by the task runs' names, once there are that many that have ended: the
    server records them a moment behind."""

    def read(flow_run: State[None], count: int) -> dict[str, str]:
        own = FlowRunFilter.model_validate({"id": {"any_": [flow_run.state_details.flow_run_id]}})
        for _ in range(900):
            runs = server.read_task_runs(flow_run_filter=own)
            if len(runs) == count and all(r.state and r.state.is_final() for r in runs):
                return {r.name: r.state_name or "" for r in runs}
            time.sleep(0.2)
        raise AssertionError(f"the server recorded only {[(r.name, r.state_name) for r in runs]}")

    return read
