"""Flows for trials of what looks after flows: they make something once, or wait for a person, and need no media."""

from __future__ import annotations

import time
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.flow_runs import suspend_flow_run
from prefect.states import Completed


@task(task_run_name="step {number}", cache_policy=NO_CACHE, persist_result=False)
def step(folder: Path, number: int, seconds: float) -> State[None]:
    made = folder / f"{number}.made"
    if made.exists():
        return Completed(name="Reused")
    time.sleep(seconds)
    while any(number >= int(held.stem) for held in folder.glob("*.hold")):
        time.sleep(0.1)
    made.touch(exist_ok=False)
    return Completed()


@flow(name="steps", persist_result=False)
def steps(folder: str, count: int = 10, seconds: float = 1.0) -> None:
    """Make some files, one after the other, each once; with a file `6.hold` there, not the seventh and the later ones."""
    for number in range(count):
        step(Path(folder), number, seconds)


@flow(name="asks", persist_result=False)
def asks() -> None:
    """Wait for a person, without a process."""
    suspend_flow_run(timeout=3600)
