"""No process outlives the one that started it, however that one ended: `kill -9` runs no exit handler.

A small process of its own waits for the holder's end of a pipe to close, and then ends every process that carries the
holder's mark in its environment: Prefect's temporary server, a worker, its flow runs, an encoder. Marks are read from
/proc, so this is for Linux; elsewhere only a normal end cleans up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

MARK = "CROSSREEL_LEASH"
_held: list[IO[bytes]] = []  # the pipe's end; open as long as this process lives


def hold() -> None:
    """From now on, what this process starts ends with it. Called once, by a program's entry point."""
    mark = uuid.uuid4().hex
    os.environ[MARK] = mark
    # In a session of its own: neither Ctrl-C nor a kill of the whole group may reach it.
    leash = subprocess.Popen([sys.executable, "-P", __file__, mark], stdin=subprocess.PIPE, start_new_session=True)
    assert leash.stdin
    leash.returncode = 0  # not waited for: it outlives this process by a moment
    _held.append(leash.stdin)


@contextmanager
def unheard() -> Iterator[None]:
    """What is started in it, also by a thread that is begun in it, does not hear of Ctrl-C, which a terminal sends to all processes of a
    program. This one does."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which lasts through an exec, and no handler of a server's lifts
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve() -> None:
    """Start Prefect's temporary server, where no other is named, so that Ctrl-C lets it live: clips in hand are told of to it."""
    from prefect.client.orchestration import get_client

    def ask() -> None:
        with suppress(Exception), get_client(sync_client=True):  # the flow asks again, and tells of what is wrong
            pass

    with unheard():
        asked = threading.Thread(target=ask, daemon=True)  # while it starts, which may take a minute, this one hears of Ctrl-C
        asked.start()
    asked.join()


def marked(mark: str, also: str = "") -> list[int]:
    """The processes that carry a mark, this one left out; of them only those that have the variable `also` in their environment."""
    return carrying(f"{MARK}={mark}", also)


def carrying(setting: str, also: str = "") -> list[int]:
    """The processes in whose environment a setting (`NAME=value`) is, this one left out."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        pid = int(entry.parent.name)
        try:
            own = entry.read_bytes().split(b"\0")
        except OSError:  # gone meanwhile, or another user's
            continue
        if pid != os.getpid() and setting.encode() in own and (not also or any(v.startswith(f"{also}=".encode()) for v in own)):
            found.append(pid)
    return found


def end(mark: str, patience: float = 10.0, also: str = "") -> None:
    """Ask every process that is marked so to end, and kill those that have not after `patience` seconds."""
    asked: set[int] = set()
    deadline = time.monotonic() + patience
    while left := marked(mark, also):
        late = time.monotonic() > deadline
        for pid in left:
            if late or pid not in asked:
                asked.add(pid)
                try:
                    os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
                except ProcessLookupError:
                    continue
        time.sleep(0.1)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end(sys.argv[1])
