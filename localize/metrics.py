"""Figures for Prometheus: the last run of each campaign, the posts in the ledger, the store and the disks.

A reading costs the notes of each campaign's last run and one question to the ledger, however many runs there were. The page is written
here and not by a library, as it has gauges only, of which each is read anew.
"""

from __future__ import annotations

import math
import os
import shutil
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar, cast

from localize import __version__, runs
from localize.errors import CrossreelError, UserError
from localize.planning import Outcome
from localize.publish.ledger import Ledger
from localize.store import LocalStore

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
NEWEST = 100  # runs of a store that are looked at for the last one of each campaign
FRESH = 30.0  # s that a reading is given again: someone may ask every second
GOING = 60.0  # s that the clips of a run that goes on are not read again: 15,000 of them take 1.7 s of CPU
SIZED = 900.0  # s that a store's size holds: finding it takes a look at every file

_HELP = {
    "crossreel_info": "The version that is installed, as a label.",
    "crossreel_run_began_timestamp_seconds": "When the campaign's last run began.",
    "crossreel_run_counted_timestamp_seconds": "When the last run's figures were last counted: its end, for one that has ended.",
    "crossreel_run_success_timestamp_seconds": "When the campaign's last run ended in which no clip failed or was blocked.",
    "crossreel_run_readable": "Whether this version can read the clips of the last run; 0 for one of another version.",
    "crossreel_run_planned_clips": "Clips that the last run was to make.",
    "crossreel_run_rejected_rows": "Catalog rows of the last run that can't become a clip.",
    "crossreel_run_clips": "Clips of the last run by how they ended.",
    "crossreel_run_stopped_clips": "Clips of the last run that failed or were blocked, by the stage.",
    "crossreel_run_stage_seconds": "Seconds of work of the last run by stage.",
    "crossreel_run_model_requests": "Requests of the last run to models.",
    "crossreel_run_model_unpriced_requests": "Those of them whose price is not known.",
    "crossreel_run_model_cost_dollars": "US dollars of the last run for models, as far as prices are known.",
    "crossreel_posts": "Posts in the ledger by state.",
    "crossreel_posts_oldest_seconds": "How long ago the oldest post that is not out was planned, by state.",
    "crossreel_ledger_up": "Whether the ledger answers.",
    "crossreel_store_unreadable_runs": "Runs of the store that another version has noted and this one can't read.",
    "crossreel_store_bytes": "What lies in the store on this machine.",
    "crossreel_disk_free_bytes": "What is free where the store and the home lie.",
}

Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, dict[str, str], float]  # a figure's name, its labels, its value
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Source:
    """What is read: a store, and the address of a ledger ("" for none)."""

    store: LocalStore
    ledger: str = ""


class Metrics:
    """The page's text. May be asked by many threads at once."""

    def __init__(self, sources: Sequence[Source], home: Path) -> None:
        self._sources, self._home = sources, home
        self._kept: dict[str, tuple[float, str, object]] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._one = threading.Lock()

    def text(self) -> str:
        """The exposition format of Prometheus, version 0.0.4."""
        with self._one:
            return self._remembered("text", FRESH, self._read)

    def _read(self) -> str:
        families: dict[str, dict[Labels, float]] = {name: {} for name in _HELP}
        for name, labels, value in self._samples():
            # Two stores may know a campaign: the figures of the first one stand.
            families[name].setdefault(tuple(labels.items()), value)
        return "".join(_family(name, samples) for name, samples in families.items() if samples)

    def _samples(self) -> Iterator[Sample]:
        yield "crossreel_info", {"version": __version__}, 1
        for store in {str(s.store.root): s.store for s in self._sources}.values():
            yield from self._of_runs(store)
            size = self._remembered(f"size {store.root}", SIZED, partial(_size, store.root))
            yield "crossreel_store_bytes", {"store": str(store.root)}, size
            yield "crossreel_disk_free_bytes", {"of": str(store.root)}, shutil.disk_usage(store.root).free
        if self._home.is_dir():
            yield "crossreel_disk_free_bytes", {"of": str(self._home)}, shutil.disk_usage(self._home).free
        for number, where in enumerate(dict.fromkeys(s.ledger for s in self._sources if s.ledger), 1):
            yield from self._of_posts(where, str(number))

    def _of_runs(self, store: LocalStore) -> Iterator[Sample]:
        last: dict[str, runs.Run] = {}
        succeeded: dict[str, float] = {}
        newest, unreadable = _newest(store)
        yield "crossreel_store_unreadable_runs", {"store": str(store.root)}, unreadable
        for run in sorted(newest, key=lambda run: run.began, reverse=True):
            last.setdefault(run.campaign, run)
            if run.counted and run.whole and not run.trouble:
                succeeded.setdefault(run.campaign, run.counted.timestamp())
        for campaign, run in last.items():
            of = {"campaign": campaign}
            yield "crossreel_run_began_timestamp_seconds", of, run.began.timestamp()
            if run.counted:
                yield "crossreel_run_counted_timestamp_seconds", of, run.counted.timestamp()
            if campaign in succeeded:
                yield "crossreel_run_success_timestamp_seconds", of, succeeded[campaign]
            yield "crossreel_run_planned_clips", of, run.planned
            yield "crossreel_run_rejected_rows", of, run.rejected
            yield from self._clips(store, run)

    def _clips(self, store: LocalStore, run: runs.Run) -> list[Sample]:
        """Of a run's clips, where they can be read: one campaign's that are of another version hide no other one's."""
        readable, of = "crossreel_run_readable", {"campaign": run.campaign}
        try:
            return [(readable, of, 1), *self._read_clips(store, run)]
        except UserError:
            return [(readable, of, 0)]

    def _read_clips(self, store: LocalStore, run: runs.Run) -> list[Sample]:
        """Of a run's clips; those of one that has ended are read once."""
        lasts = math.inf if run.counted and run.whole else GOING
        read = lambda: list(_of_clips(run.campaign, runs.outcomes(store, run.id)))
        return self._remembered(f"run {store.root} {run.campaign}", lasts, read, of=f"{run.id} {run.counted}")

    def _of_posts(self, where: str, number: str) -> Iterator[Sample]:
        """Of a ledger, which is called by its number: its address may hold a password."""
        try:
            if where not in self._ledgers:
                self._ledgers[where] = Ledger.open(where)
            counts = self._ledgers[where].counts()
        except CrossreelError:
            yield "crossreel_ledger_up", {"ledger": number}, 0
            return
        yield "crossreel_ledger_up", {"ledger": number}, 1
        for campaign, channel, state, count, oldest in counts:
            of = {"campaign": campaign, "channel": channel, "state": state}
            yield "crossreel_posts", of, count
            if state not in ("published", "failed"):
                yield "crossreel_posts_oldest_seconds", of, max(time.time() - oldest, 0.0)

    def _remembered(self, name: str, seconds: float, read: Callable[[], Kept], *, of: str = "") -> Kept:
        """What was read under a name, read anew after so many seconds and where it is `of` something else now."""
        at, what, kept = self._kept.get(name, (-math.inf, "", None))
        if what != of or time.monotonic() - at > seconds:
            kept = read()
            self._kept[name] = time.monotonic(), of, kept
        return cast(Kept, kept)


def _newest(store: LocalStore) -> tuple[list[runs.Run], int]:
    """The newest runs, and how many of another version are among them."""
    found: list[runs.Run] = []
    unreadable = 0
    for name in store.runs()[:NEWEST]:
        try:
            run = runs.find(store, name)
        except UserError:
            unreadable += 1
            continue
        found += [run] if run else []
    return found, unreadable


def _of_clips(campaign: str, outcomes: Sequence[Outcome]) -> Iterator[Sample]:
    counts, stopped = Counter[tuple[str, str]](), Counter[tuple[str, str, str]]()
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    models: dict[str, list[float]] = {}
    for o in outcomes:
        counts[o.language, o.state] += 1
        if o.code:
            stopped[o.language, o.stage, o.state] += 1
        for stage, spent in o.seconds.items():
            seconds[o.language, stage] += spent
        before = models.get(o.language, [0, 0, 0])
        models[o.language] = [a + b for a, b in zip(before, (o.usage.requests, o.usage.unpriced, float(o.usage.cost)), strict=True)]
    for language in models:  # a state that no clip is in is 0, so that an alarm sees it go there
        for state in runs.STATES:
            of = {"campaign": campaign, "language": language, "state": state}
            yield "crossreel_run_clips", of, counts[language, state]
    for (language, stage, state), count in stopped.items():
        yield "crossreel_run_stopped_clips", {"campaign": campaign, "language": language, "stage": stage, "state": state}, count
    for (language, stage), spent in seconds.items():
        yield "crossreel_run_stage_seconds", {"campaign": campaign, "language": language, "stage": stage}, round(spent, 3)
    for language, (requests, unpriced, cost) in models.items():
        of = {"campaign": campaign, "language": language}
        yield "crossreel_run_model_requests", of, requests
        yield "crossreel_run_model_unpriced_requests", of, unpriced
        yield "crossreel_run_model_cost_dollars", of, cost


def _size(folder: Path) -> int:
    """The bytes of all files below a folder, without what is gone in the meantime."""
    total, folders = 0, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return total


def _family(name: str, samples: Mapping[Labels, float]) -> str:
    lines = [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
    for labels, value in samples.items():
        told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        lines.append(f"{name}{{{told}}} {value!r}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def server(metrics: Metrics, host: str, port: int) -> ThreadingHTTPServer:
    """A web server with the page at /metrics, not serving yet. Raises OSError where the address can't be had."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0  # s for a client that says nothing
        server_version, sys_version = "crossreel", ""

        def do_GET(self) -> None:
            if self.path.partition("?")[0] not in ("/metrics", "/"):
                self.send_error(404)
                return
            try:
                body = metrics.text().encode()
            except (CrossreelError, OSError, ValueError) as e:  # a full disk, a store that is away: the next reading may be better
                self.send_error(503, type(e).__name__)
                return
            self.send_response(200)
            self.send_header("Content-Type", FORMAT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer((host, port), Handler)
