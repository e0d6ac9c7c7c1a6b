"""Which clip and which stage a line of the log is about.

A task says `with lines.about(sku, language):`, and `lines.stage(name)` at each stage. Every record made in it, whoever logs, has the
attributes `sku`, `language` and `stage`; those of Prefect's run loggers and of this project also begin with `th · SKU · voice: ` and
hold no secret. With CROSSREEL_LOG_JSON=FILE (`-`: standard error) they are written there too, one JSON object a line.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

from prefect.runtime import flow_run  # prefect sets its loggers up when it is imported, so before this

from localize.errors import UserError
from localize.secrecy import veiled

OURS = ("prefect.flow_runs", "prefect.task_runs", "crossreel", "localize")


@dataclass(frozen=True)
class Spot:
    """Where in a run the work is. `run` is the name that outcomes are noted under."""

    sku: str = ""
    language: str = ""
    stage: str = ""
    run: str = ""

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.language, self.sku, self.stage)))


NOWHERE = Spot()
_spot: ContextVar[Spot] = ContextVar("spot", default=NOWHERE)


@contextmanager
def about(sku: str, language: str, *, run: str = "") -> Iterator[None]:
    """What is logged in it is about this clip. Without `run`, lines carry the id of the flow run."""
    before = _spot.set(Spot(sku, language, run=run))
    try:
        yield
    finally:
        _spot.reset(before)


def stage(name: str) -> None:
    """What is logged from now on is about this stage, to the end of the `about` it is in."""
    _spot.set(replace(_spot.get(), stage=name))


class Line(logging.LogRecord):
    """A record with its spot. Properties, as `extra` of other libraries may have the same names: those may not meet in `__dict__`."""

    sku = property(lambda self: self.crossreel_spot.sku)
    language = property(lambda self: self.crossreel_spot.language)
    stage = property(lambda self: self.crossreel_spot.stage)

    def __init__(self, name: str, *record: Any, **more: Any) -> None:
        super().__init__(name, *record, **more)
        self.crossreel_spot = _spot.get()
        if any(f"{name}.".startswith(f"{ours}.") for ours in OURS):
            try:
                self.plain = veiled(self.getMessage())
            except (TypeError, ValueError):  # arguments that do not fit: the text alone is better than a fault
                self.plain = veiled(str(self.msg))
            self.msg, self.args = f"{self.crossreel_spot}: {self.plain}" if str(self.crossreel_spot) else self.plain, ()
            if self.exc_info:
                self.exc_text = veiled(logging.Formatter().formatException(self.exc_info))


class JsonLine(logging.Formatter):
    """`{"time", "level", "run", "sku", "language", "stage", "message"}`, a traceback being part of the message."""

    def format(self, record: logging.LogRecord) -> str:
        spot: Spot = getattr(record, "crossreel_spot", NOWHERE)
        message = getattr(record, "plain", None) or veiled(record.getMessage())
        return json.dumps(
            {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"), "level": record.levelname,
                "run": spot.run or getattr(record, "flow_run_id", None) or flow_run.id or "",
                "sku": spot.sku, "language": spot.language, "stage": spot.stage,
                "message": "\n".join(filter(None, (message, record.exc_text))),
            },
            ensure_ascii=False,
        )  # fmt: skip


class JsonFile(WatchedFileHandler):
    """Appends to a file that several processes share and that something else may rotate."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.reopenIfNeeded()
            assert self.stream is not None
            # One write a line: what goes through a buffer could be cut in two by another process's line.
            os.write(self.stream.fileno(), f"{self.format(record)}\n".encode(errors="replace"))
        except OSError:
            self.handleError(record)


def write_json(to: str) -> logging.Handler:
    """Write the lines of this project to a file, or to standard error for `-`. Raises UserError where that can't be."""
    try:
        if to != "-":
            Path(to).expanduser().parent.mkdir(parents=True, exist_ok=True)
        handler = logging.StreamHandler(sys.stderr) if to == "-" else JsonFile(Path(to).expanduser(), encoding="utf-8")
    except OSError as e:
        raise UserError(f"CROSSREEL_LOG_JSON: {to} can't be written: {e.strerror}. Name a file in a folder of yours, or `-`.") from None
    handler.setFormatter(JsonLine())
    for name in OURS:
        logging.getLogger(name).addHandler(handler)
    return handler


logging.setLogRecordFactory(Line)
if os.environ.get("CROSSREEL_LOG_JSON"):
    write_json(os.environ["CROSSREEL_LOG_JSON"])
