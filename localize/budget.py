"""What a night may use - clips, hours of CPU and GPU, money for models - and whether there is room for another clip.

A night is a run with its retries, on however many machines. Each process counts what it uses itself, notes the sum in the store
and reads the others' sums now and then, so nothing but the store has to be shared. Between two readings batches on several machines
may together begin a few clips too many; one batch alone never does.
"""

from __future__ import annotations

import os
import platform
import re
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import NamedTuple

from localize.domain import Model, Usage
from localize.errors import CrossreelError
from localize.planning import Outcome
from localize.sections import Limits
from localize.store import LocalStore

NOTE_SECONDS = 5.0  # between two notes of one batch
READ_SECONDS = 30.0  # between two readings of the others'
HOUR = 3600.0

_NOTE = "spent-"  # how the notes' names begin; they have no dot, as every clip's has


class Spent(Model):
    """What a batch has used: clips made, seconds of CPU and GPU, US dollars, and model requests whose price nobody knows.

    `ended` tells that the batch will use no more, so that its note need not be read again."""

    clips: int = 0
    cpu: float = 0.0
    gpu: float = 0.0
    money: Decimal = Decimal(0)
    unpriced: int = 0
    ended: bool = False

    def __add__(self, other: Spent) -> Spent:
        return Spent(**{name: getattr(self, name) + getattr(other, name) for name in ("clips", "cpu", "gpu", "money", "unpriced")})


class Budget:
    """The room that is left in a run's night, as one process sees it: a batch's, or one that makes clips for a batch elsewhere, which
    counts its own hours and charges no clip. Its methods may be called from several threads.

    `paid` is what models had been paid for clips, by (sku, language), before this batch: an outcome tells the sum of all tries, and what
    an earlier batch of the run has charged is not charged again. `children` tells whether the hours of processes that this one has started
    are its own: not where they make the batch's clips and count themselves. One that makes clips for a batch elsewhere gives the CPU
    seconds that it had used `before`; it may be ended at any moment, so it notes its sum after each. Raises what reading the store
    raises."""

    def __init__(
        self, limits: Limits, store: LocalStore, run: str, paid: Mapping[tuple[str, str], Usage] | None = None, *, children: bool = True,
        before: float | None = None,
    ) -> None:  # fmt: skip
        self.limits, self.store, self.run = limits, store, run
        self.worker = f"{re.sub('[^a-z0-9]+', '-', platform.node().lower())}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._paid = dict(paid or {})
        self._made = set[tuple[str, str]]()
        self._own, self._children, self._elsewhere = Spent(), children, before is not None
        self._cpu_before = cpu_seconds(children) if before is None else before
        self._others: dict[str, Spent] = {}
        self._limited = any((limits.clips, limits.cpu_hours, limits.gpu_hours, limits.money))
        self._noted_at = self._read_at = time.monotonic()
        self._lock = threading.Lock()
        if self._limited:
            self._read()

    def left(self, begun: int = 0) -> str:
        """ "" while there is room for another clip, else why there is none, for a seller. `begun` clips are in hand, and count as if
        each were made: one that turns out to be in the store gives its room back, so the answer is final only without any."""
        if not self._limited:
            return ""
        if time.monotonic() - self._read_at >= READ_SECONDS:
            self._read_at = time.monotonic()
            with suppress(CrossreelError, OSError):  # a store out of reach stops no night: the sums known so far hold
                self._read()
        return next((purse.refusal for purse in self._purses() if not purse.has_room(begun)), "")

    def used(self) -> str:
        """What the night has used of what is limited, in a line; "" where nothing is."""
        return ", ".join(purse.account for purse in self._purses())

    def charge(self, outcome: Outcome) -> None:
        """Count a clip that has ended. Telling of the same clip again adds only what has come to it since."""
        key = outcome.sku, outcome.language
        with self._lock:
            before, self._paid[key] = self._paid.get(key, Usage()), outcome.usage
            new = outcome.state == "made" and key not in self._made
            if new:
                self._made.add(key)
            self._own += Spent(
                clips=int(new), money=outcome.usage.cost - before.cost, unpriced=outcome.usage.unpriced - before.unpriced
            )  # fmt: skip
        self._note_now_and_then()

    def pay(self, usage: Usage) -> None:
        """Count what models were asked before there is a clip: for a form, say."""
        with self._lock:
            self._own += Spent(money=usage.cost, unpriced=usage.unpriced)
        self._note_now_and_then()

    def gpu(self, seconds: float) -> None:
        """Count seconds for which a GPU was held."""
        with self._lock:
            self._own += Spent(gpu=seconds)
        self._note_now_and_then()

    def cpu(self) -> float:
        """CPU seconds that this process has used for the run so far, with those of its encoders that have ended. Asked after each clip
        by a process that makes clips for another one's batch, so that they are noted; the batch's own are whenever it charges."""
        self._note_now_and_then()
        return self._cpu()

    def close(self) -> None:
        """Note the last sum, for those who go on and for a Retry. A batch that is killed loses the last few seconds of its."""
        if self._limited:
            self.store.note(self.run, _NOTE + self.worker, self._spent().model_copy(update={"ended": True}).model_dump_json())

    def _cpu(self) -> float:
        return cpu_seconds(self._children) - self._cpu_before

    def _spent(self) -> Spent:
        with self._lock:
            return self._own + Spent(cpu=self._cpu())

    def _note_now_and_then(self) -> None:
        with self._lock:
            due = self._limited and (self._elsewhere or time.monotonic() - self._noted_at >= NOTE_SECONDS)
            if due:
                self._noted_at = time.monotonic()
        if due:
            with suppress(CrossreelError, OSError):  # the next note holds this one's sum as well
                self.store.note(self.run, _NOTE + self.worker, self._spent().model_dump_json())

    def _read(self) -> None:
        ended = {name for name, spent in self._others.items() if spent.ended}
        notes = self.store.notes(self.run, _NOTE, but={*ended, _NOTE + self.worker})
        found = {name: Spent.model_validate_json(text) for name, text in notes.items() if "." not in name}
        with self._lock:
            self._others |= found

    def _purses(self) -> Iterator[_Purse]:
        """What is limited, with what is used of it."""
        mine, limits = self._spent(), self.limits
        with self._lock:
            spent = sum(self._others.values(), mine)
        made, cpu, gpu, money = spent.clips, spent.cpu / HOUR, spent.gpu / HOUR, float(spent.money)
        each = 1 / made if made else 0.0  # before the first clip nobody knows what one takes
        unknown = f" and {_several(spent.unpriced, 'request')} of unknown price" if spent.unpriced else ""
        if limits.clips:
            yield _Purse(limits.clips, made, 1, _several(limits.clips, "clip"), _number(made))
        if limits.cpu_hours:
            yield _Purse(limits.cpu_hours, cpu, cpu * each, _several(limits.cpu_hours, "CPU hour"), _number(cpu))
        if limits.gpu_hours:
            yield _Purse(limits.gpu_hours, gpu, gpu * each, _several(limits.gpu_hours, "GPU hour"), _number(gpu))
        if limits.money:
            yield _Purse(float(limits.money), money, money * each, f"${limits.money:,.2f} for models", f"${money:,.2f}", unknown)


class _Purse(NamedTuple):
    """One thing that is limited: how much there is, how much is used, and how much a clip takes; the first two in words, and what
    else is to be said of them."""

    limit: float
    used: float
    each: float
    budget: str
    gone: str
    more: str = ""

    def has_room(self, begun: int) -> bool:
        """Whether another clip would end within the limit, or at least its greater half."""
        return self.used < self.limit and self.used + self.each * (begun + 0.5) <= self.limit

    @property
    def refusal(self) -> str:
        if self.used < self.limit:
            return f"the night's budget of {self.budget} has no room for another clip ({self.gone}{self.more} used)"
        return f"the night's budget of {self.budget} is used up ({self.gone}{self.more})"

    @property
    def account(self) -> str:
        return f"{self.gone} of {self.budget}{self.more}"


def spent(store: LocalStore, run: str) -> Spent:
    """What all batches of a run have noted to have used; nothing of a run that nothing limits."""
    noted = (Spent.model_validate_json(text) for name, text in store.notes(run, _NOTE).items() if "." not in name)
    return sum(noted, Spent())


def cpu_seconds(children: bool = True) -> float:
    """CPU seconds of this process and, if asked for, of those of its children that have ended."""
    times = os.times()
    return times.user + times.system + (times.children_user + times.children_system if children else 0.0)


def _several(value: float, what: str) -> str:
    return f"{_number(value)} {what}{'' if value == 1 else 's'}"


def _number(value: float) -> str:
    """A figure with two decimals at most, and none that says nothing: 1,200, 40.2, 0.05."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")
