"""One thread of a process that keeps the leases of all its claims."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol


class Leased(Protocol):
    def renew(self) -> bool:
        """Keep the lease; False if there is none any more."""
        ...


class Renewer:
    def __init__(self) -> None:
        self._due: dict[Leased, float] = {}
        self._every: dict[Leased, float] = {}
        self._changed = threading.Condition()
        self._running = False

    def add(self, leased: Leased, every: float) -> None:
        """Renew a lease every so many seconds, until it is dropped or lost."""
        with self._changed:
            self._every[leased], self._due[leased] = every, time.monotonic() + every
            if not self._running:
                threading.Thread(target=self._run, name="ledger leases", daemon=True).start()
                self._running = True
            self._changed.notify()

    def drop(self, leased: Leased) -> None:
        with self._changed:
            self._due.pop(leased, None)
            self._every.pop(leased, None)

    def _run(self) -> None:
        while leased := self._next():
            try:
                kept = leased.renew()
            # Mostly a database in trouble: the lease lasts for two more tries. All leases hang on this thread, so nothing may end it.
            except Exception as e:  # noqa: BLE001
                logging.getLogger("crossreel").warning("a lease was not renewed (%s); it is tried again", type(e).__name__)
                kept = True
            if not kept:
                self.drop(leased)

    def _next(self) -> Leased | None:
        """Wait for a lease that is due, and note when it is next. None once there are none."""
        with self._changed:
            while self._due:
                leased = min(self._due, key=lambda one: self._due[one])
                wait = self._due[leased] - time.monotonic()
                if wait <= 0:
                    self._due[leased] = time.monotonic() + self._every[leased]
                    return leased
                self._changed.wait(wait)
            self._running = False
            return None
