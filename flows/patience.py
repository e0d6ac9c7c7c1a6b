"""What a flow's own body does when the network falters: what a task does by its retries."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from flows.clips import PATIENCE, logger
from localize.errors import Transient

PAUSES = (10.0, 20.0, 40.0)  # s between tries, as a clip's task makes them

Got = TypeVar("Got")


def patiently(call: Callable[[], Got], pauses: Sequence[float] | None = None) -> Got:
    """What a call gives, made again after each of the pauses (seconds; `PAUSES`) while it is in trouble that may pass, and never sooner
    than the other side asked. Raises the last Transient, at once one that asks for more than two minutes, and every other error."""
    for pause in PAUSES if pauses is None else pauses:
        try:
            return call()
        except Transient as trouble:
            wait = max(trouble.retry_after or 0.0, pause)
            if wait > PATIENCE:
                raise
            logger().warning("%s It is tried again in %.0f s.", trouble, wait)
            time.sleep(wait)
    return call()
