"""Where the clips of a batch are made: in threads of the flow's process, in processes of its own, or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Crashed
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from flows.leash import unheard
from flows.watch import Event, tell, watchers
from localize.errors import NotReady
from localize.sections import Limits

ENDED = "the process that made it has ended in the middle: killed for memory, or by a fault in what reads a file"
STILLBORN = 2  # pools in a row of which no process has begun
UNBORN = "Each says why on standard error: look into the worker's log. Is there memory for them? Else write `task_runner: threads`."
RECORDING = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # s between tries to tell of a task that the server has yet to record


class Runner:
    """The task runner of a batch's clips while it is entered; `renew` puts a new one in its place. Raises NotReady as `runner` does."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.born: Any = multiprocessing.get_context("spawn").RawValue("b", 0)  # set by each process that is ready to make clips
        self._stillborn = 0

    def __enter__(self) -> Runner:
        with unheard():
            self._entered = runner(self.limits, self.born)
            self._runner = self._entered.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._entered.__exit__(*error)

    def submit(self, task: Any, given: dict[str, Any]) -> Any:
        with unheard():  # Ctrl-C is for the flow, which waits for the clips in hand
            return self._runner.submit(task, given)

    def renew(self) -> None:
        """Raises NotReady where processes end again and again before they have begun: every clip would end so."""
        self._stillborn = 0 if self.born.value else self._stillborn + 1
        if self._stillborn == STILLBORN:
            raise NotReady("the processes that are to make the clips end before they begin.", how=UNBORN)
        self._entered.__exit__(None, None, None)
        self.born.value = 0
        self.__enter__()


def runner(limits: Limits, born: Any = None) -> AbstractContextManager[Any]:
    """What makes as many clips at once as `limits` say. A cluster that is not named ends with the batch. `born` is a RawValue that each
    process of a pool sets once it has begun.

    Raises NotReady where there is no Dask, or no cluster at the named address."""
    if limits.task_runner == "threads":
        return ThreadPoolTaskRunner(max_workers=limits.at_once)
    if limits.task_runner == "processes":
        return _processes(limits.at_once, born)
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        way = "Get it: pip install -c constraints.txt -e '.[dask]', or write `task_runner: threads`."
        raise NotReady("the campaign's limits name the task runner dask, and prefect-dask is not installed.", how=way) from None
    if not limits.dask:
        return DaskTaskRunner(cluster_kwargs={"n_workers": limits.at_once, "threads_per_worker": 1, "dashboard_address": None})
    import distributed

    client: Any = distributed.Client  # has no types
    try:
        client(limits.dask, timeout=10, set_as_default=False).close()
    except OSError as e:
        way = "Start it (`dask scheduler`), or leave `dask` out for a cluster of this machine."
        raise NotReady(f"there is no Dask scheduler at {limits.dask}: {e}.", how=way) from None
    return DaskTaskRunner(address=limits.dask)


@contextmanager
def _processes(many: int, born: Any) -> Iterator[Any]:
    """A pool of processes, whose events are told in this one."""
    events: Any = multiprocessing.get_context("spawn").Queue() if watchers else None
    if events:
        threading.Thread(target=_relay, args=(events,), daemon=True).start()
    try:
        with ProcessPoolTaskRunner(max_workers=many, initializer=_begin, initargs=(events, born)) as pool:
            yield pool
    finally:
        if events:
            events.put(None)


def _relay(events: Any) -> None:
    with suppress(EOFError, OSError):
        for event in iter(events.get, None):
            tell(event)


def _begin(events: Any, born: Any) -> None:
    """Of a process of the pool: what it lives by."""
    if born is not None:
        born.value = 1
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if events:
        events.cancel_join_thread()
        watchers.append(partial(_pass_on, events))


def _pass_on(events: Any, event: Event) -> None:
    if event.kind == "stage":  # all that a task tells; how its clip ended comes back by itself
        events.put(event)


def _end_with_parent() -> None:
    """A pool's processes would outlive a flow that is killed, and wait for more to do for ever."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


def tell_crashed(tasks: Iterable[UUID]) -> None:
    """Have Prefect show tasks whose process is gone as what they are: nobody else would. The server records a task some seconds after it
    has begun, and knows nothing of it before; where it is away, it fails nothing."""
    left = set(tasks)
    for pause in (*RECORDING, None) if left else ():
        with suppress(httpx.HTTPError, PrefectHTTPStatusError, ObjectNotFound), get_client(sync_client=True) as client:
            for task in sorted(left):
                client.set_task_run_state(task, Crashed(message=ENDED), force=True)
                left.discard(task)
        if not left or pause is None:
            return
        time.sleep(pause)
