"""Prefect's own programs, as children of `make ui`: each writes a log, is started again when it dies, and ends in order."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import flows
from localize.errors import NotReady

PROJECT = Path(flows.__file__).resolve().parent.parent
STEADY = 30.0  # s that a part has to live for its next death to be no sign of a lasting fault
STARTS = 5  # in a row that may die sooner
LONGEST_PAUSE = 30.0  # s before it is started again
LARGEST = 20 * 2**20  # bytes of a log, from which on it goes on in an empty one
OLDER = 3  # logs kept of each part besides the one that is written to


class Part:
    """A lasting `prefect` command. In a session of its own, so that a terminal's Ctrl-C does not reach it: the worker must be gone
    before the server it talks to."""

    def __init__(self, name: str, logs: Path, env: Mapping[str, str], *command: str) -> None:
        self.name, self.log, self._env, self._command = name, logs / f"{name}.log", env, command
        self._quick = 0  # deaths in a row that came soon
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0

    def __enter__(self) -> Part:
        _make_way(self.log)
        if self.log.exists():  # of the start before: it may say why that one ended
            self.log.replace(_older(self.log, 1))
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def died(self) -> bool:
        assert self._process
        return self._process.poll() is not None

    def stop(self) -> None:
        """Ask it to end, and kill it if it has not within 15 s."""
        assert self._process
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def again(self) -> None:
        """Start it anew after its death, after a pause where it dies again and again. Raises NotReady when that is of no use."""
        self._quick = self._quick + 1 if time.monotonic() - self._began < STEADY else 1
        if self._quick > STARTS:
            raise NotReady(f"the {self.name} stops again and again.\n{self.tail()}")
        time.sleep(min(LONGEST_PAUSE, 2.0 ** (self._quick - 1)))
        self._start()

    def trim(self) -> None:
        """Let a log that has grown large go on in an empty one. The part has it open to append, so its words are moved, not the file;
        what it says in between is lost."""
        if self.log.stat().st_size <= LARGEST:
            return
        _make_way(self.log)
        with suppress(OSError):  # on a full disk the log itself must go all the same
            shutil.copyfile(self.log, _older(self.log, 1))
        os.truncate(self.log, 0)

    def tail(self, lines: int = 15) -> str:
        """The last of what it has written."""
        return tail(self.log, lines)

    def _start(self) -> None:
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                prefect(*self._command), env=self._env, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True
            )
        self._began = time.monotonic()


def _make_way(log: Path) -> None:
    """Give the logs before this one the next higher number, so that 1 is free; the oldest goes."""
    for number in range(OLDER - 1, 0, -1):
        if _older(log, number).exists():
            _older(log, number).replace(_older(log, number + 1))


def _older(log: Path, number: int) -> Path:
    return log.with_name(f"{log.stem}.{number}{log.suffix}")


def do(log: Path, env: Mapping[str, str], *command: str) -> None:
    """A `prefect` command to its end. Raises NotReady with its last lines."""
    with open(log, "ab") as out:
        ran = prefect("--no-prompt", *command)
        done = subprocess.run(ran, env=env, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False)
    if done.returncode:
        raise NotReady(f"`prefect {' '.join(command)}` failed.\n{tail(log)}")


def prefect(*command: str) -> Sequence[str]:
    return [sys.executable, "-m", "prefect", *command]


def tail(log: Path, lines: int = 15) -> str:
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([*text[-lines:], f"(all of it: {log})"])
