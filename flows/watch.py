"""What happens in a run, told to whoever is looking: the terminal adds itself as a watcher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from localize.planning import Outcome, Plan


@dataclass(frozen=True)
class Event:
    """`planned` carries the plan, `stage` a clip's name and the stage it is in, `ended` a clip's outcome."""

    kind: Literal["planned", "stage", "ended"]
    name: str = ""
    stage: str = ""
    plan: Plan[Any] | None = None
    outcome: Outcome | None = None


watchers: list[Callable[[Event], None]] = []


def tell(event: Event) -> None:
    for watcher in watchers:
        watcher(event)
