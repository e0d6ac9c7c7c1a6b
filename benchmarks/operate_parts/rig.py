"""Prefect's server, a worker and the deployments as `make ui` starts them, in a home of their own, and questions to the API that the UI
uses."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent.parent
ENDED = ("COMPLETED", "FAILED", "CANCELLED")  # a run that crashed is brought back
STEP = 1.0  # s between looks
BUSY = 8  # times that a busy server is asked


class Rig:
    """A night's machinery. `home` holds the store, the logs and Prefect's database; `trial` what inside/sitecustomize.py reads."""

    def __init__(self, home: Path, *, fps: int = 5) -> None:
        self.home, self.trial, self.port = home, home / "trial", free_port()
        (self.trial / "faults").mkdir(parents=True)
        (self.trial / "fps").write_text(str(fps))
        (self.trial / "diary").touch()
        self.address = f"http://127.0.0.1:{self.port}/api"

    def environment(self, **more: str) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "CROSSREEL_"))}
        inside = str(Path(__file__).resolve().parent / "inside")
        return clean | {
            "CROSSREEL_HOME": str(self.home), "PREFECT_HOME": str(self.home / "prefect"), "CROSSREEL_TRIAL": str(self.trial),
            "PYTHONPATH": os.pathsep.join(filter(None, (inside, clean.get("PYTHONPATH")))),
        } | more  # fmt: skip

    @contextmanager
    def serving(self, campaign: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """`python -m flows.ui` until the block ends. Raises RuntimeError with its last lines where it does not come up."""
        command = [sys.executable, "-m", "flows.ui", str(campaign), "--port", str(self.port)]
        log = self.home / "ui.log"
        with started(command, self.environment(**more), log, patience=60) as process:
            until(lambda: process.poll() is not None or b"\nopen http" in log.read_bytes(), 400, "make ui did not come up")
            if process.poll() is not None:
                raise RuntimeError(log.read_text(errors="replace")[-2000:])
            yield process

    # ---- the API

    def ask(self, path: str, body: Any = None) -> Any:
        """An answer of the API. A server whose SQLite is busy says 503 and is asked again, as Prefect's own client does."""
        data = json.dumps(body).encode() if body is not None else None
        for attempt in range(BUSY):
            try:
                with urlopen(Request(f"{self.address}/{path}", data, {"Content-Type": "application/json"}), timeout=60) as answer:
                    said = answer.read()
                    return json.loads(said) if said else None
            except HTTPError as error:
                if error.code != 503 or attempt == BUSY - 1:
                    raise
                time.sleep(2)
        return None

    def start(self, deployment: str, **parameters: Any) -> str:
        """A new run of a deployment: its id. A parameter that is not given is the deployment's own."""
        there = self.ask(f"deployments/name/{deployment}/{deployment}")
        return str(self.ask(f"deployments/{there['id']}/create_flow_run", {"parameters": there["parameters"] | parameters})["id"])

    def retry(self, run: str) -> None:
        """What the UI's button Retry asks for."""
        state = {"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry from the UI"}
        self.ask(f"flow_runs/{run}/set_state", {"state": state, "force": True})

    def state(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(f"flow_runs/{run}")
        return found

    def ended(self, run: str, seconds: float, *, count: int = 1) -> dict[str, Any]:
        """The run once its `count`th try has ended."""

        def look() -> Any:
            found = self.state(run)
            return found if found["state"]["type"] in ENDED and found["run_count"] >= count else None

        found: dict[str, Any] = until(look, seconds, f"the run {run} did not end")
        return found

    def runs(self, **states: Any) -> list[dict[str, Any]]:
        """All flow runs, of a state type if given as `type_=[...]`."""
        wanted = {"flow_runs": {"state": {"type": {"any_": states["type_"]}}}} if "type_" in states else {}
        found: list[dict[str, Any]] = []
        while True:
            page = self.ask("flow_runs/filter", wanted | {"limit": 200, "offset": len(found), "sort": "START_TIME_ASC"})
            found += page
            if len(page) < 200:
                return found

    def tasks(self, **more: Any) -> list[dict[str, Any]]:
        """All task runs that the server has recorded."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.ask("task_runs/filter", more | {"limit": 200, "offset": len(found), "sort": "EXPECTED_START_TIME_ASC"})
            found += page
            if len(page) < 200:
                return found

    # ---- what is on the disk

    def diary(self) -> list[tuple[float, int, str, str, str]]:
        """(time, process, began | ended | published, key, SKU.language) of all that was made."""
        rows = []
        for line in (self.trial / "diary").read_text().splitlines():
            at, pid, what, key, clip = line.split(" ", 4)
            rows.append((float(at), int(pid), what, key, clip))
        return rows

    def plant(self, stage: str, clip: str) -> None:
        (self.trial / "faults" / f"{stage}~{clip}").touch()

    def mend(self) -> None:
        for fault in (self.trial / "faults").iterdir():
            fault.unlink()

    def leftovers(self) -> list[str]:
        """Half-made files: in the store's tmp and among what was put out."""
        store, out = self.home / "store" / "tmp", self.home / "shop" / "out"
        return [str(p) for p in (*store.rglob("*"), *out.rglob("*.part"), *out.rglob("*.tmp")) if p.is_file()]


@contextmanager
def started(command: list[str], env: dict[str, str], log: Path, *, patience: float = 30) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until the block ends; it is asked to end then, and killed after `patience` seconds."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def processes(mark: str) -> dict[int, str]:
    """This machine's processes with a mark in their environment: pid -> command line."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


def flow_processes(mark: str) -> list[int]:
    """The processes that flow runs are in."""
    return [
        pid
        for pid, command in processes(mark).items()
        if re.search(r"prefect\.flow_engine|prefect flow-run execute|prefect\.engine", command)
    ]


def until(seen: Callable[[], Any], seconds: float, trouble: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := seen():
                return found
        except (URLError, ConnectionError, TimeoutError):  # a server that is just being started, or is busy
            pass
        time.sleep(STEP)
    raise RuntimeError(f"{trouble} within {seconds:.0f} s")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def cpu_of(pids: Mapping[int, str] | list[int]) -> float:
    """User and system seconds of processes, those of their ended children among them."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(n) for n in fields[11:15]) / os.sysconf("SC_CLK_TCK")
        except OSError:
            continue
    return total


def environment_of(pid: int) -> dict[str, str]:
    """A process's environment as it was started; empty where it has gone."""
    try:
        parts = Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
    except OSError:
        return {}
    return dict(part.split("=", 1) for part in parts if "=" in part)
