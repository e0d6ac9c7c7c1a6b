"""Prefect's server, a worker and the deployments of prefect.yaml on this machine, until Ctrl-C: `python -m flows.ui`.

For one machine and the people on it: the server listens on 127.0.0.1 only. A fleet runs the same three parts apart.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import flows
from flows import leash
from localize import campaign as campaigns
from localize.errors import CrossreelError, NotReady, UserError

PROJECT = Path(flows.__file__).resolve().parent.parent
POOL = "crossreel"
# A nightly run waits for its batch run, so there must be room for both; a person may start others meanwhile.
RUNS_AT_A_TIME = 4
PATIENCE = 180  # s for the server's first start, which makes its database


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m flows.ui", description=__doc__)
    parser.add_argument("campaign", nargs="?", help="what the schedule runs (default: $CROSSREEL_CAMPAIGN, or the demo)")
    parser.add_argument("--port", type=int, default=4200, help="of the address to open (default: %(default)s)")
    args = parser.parse_args()
    for sign in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        # Set even for SIGINT, which a shell lets its background jobs ignore.
        signal.signal(sign, _stop)
    try:
        serve(args.campaign or os.environ.get("CROSSREEL_CAMPAIGN") or str(PROJECT / "catalog" / "demo" / "campaign.yaml"), args.port)
    except CrossreelError as e:
        print(e, file=sys.stderr)
        sys.exit(e.exit_code)
    except KeyboardInterrupt:
        print("stopped; what was made is kept")


def _stop(*_: object) -> None:
    for sign in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(sign, signal.SIG_IGN)  # asked once; the parts are being ended in order
    raise KeyboardInterrupt


def serve(campaign: str, port: int) -> None:
    """Start everything and wait. Ends by KeyboardInterrupt, or raises NotReady when a part could not start or died."""
    campaigns.load(campaign)  # a mistake in it is told now, not at two in the morning
    if not (PROJECT / "prefect.yaml").is_file():
        raise NotReady(f"there is no prefect.yaml in {PROJECT}.", how="Run this from a checkout of the project.")
    if not _free(port):
        raise UserError(f"port {port} is taken, perhaps by this same program. Stop the other one, or give another: --port {port + 1}")
    leash.hold()
    home, address = campaigns.home().resolve(), f"http://127.0.0.1:{port}"
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    env = os.environ | {
        "PREFECT_API_URL": f"{address}/api", "PREFECT_SERVER_UI_API_URL": f"{address}/api",
        "CROSSREEL_HOME": str(home), "CROSSREEL_PROJECT": str(PROJECT), "CROSSREEL_CAMPAIGN": str(Path(campaign).resolve()),
    }  # fmt: skip
    with ExitStack() as parts:
        print(f"starting the server (the first start on a machine takes up to a minute); logs in {logs}", flush=True)
        server = parts.enter_context(_part("server", logs, env, "server", "start", "--host", "127.0.0.1", "--port", str(port)))
        _until_healthy(server, address, logs)
        _end_dead_runs(address)
        print("deploying the flows", flush=True)
        if _ask(address, f"work_pools/{POOL}") is None:
            _do("deploy", logs, env, "work-pool", "create", POOL, "--type", "process")
        _do("deploy", logs, env, "deploy", "--all")
        limit = ("--limit", str(RUNS_AT_A_TIME))
        worker = parts.enter_context(_part("worker", logs, env, "worker", "start", "--pool", POOL, "--type", "process", *limit))
        print(f"open {address}\nCtrl-C stops it all", flush=True)
        while server.poll() is None and worker.poll() is None:
            time.sleep(0.5)
        name = "server" if worker.poll() is None else "worker"
        raise NotReady(f"the {name} has stopped.\n{_tail(logs / f'{name}.log')}")


@contextmanager
def _part(name: str, logs: Path, env: Mapping[str, str], *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A lasting `prefect` command, ended on leaving. In a session of its own, so that a terminal's Ctrl-C does not
    reach it: the worker must be gone before the server it talks to."""
    with open(logs / f"{name}.log", "wb") as log:
        process = subprocess.Popen(_prefect(*command), env=env, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _do(name: str, logs: Path, env: Mapping[str, str], *command: str) -> None:
    """A `prefect` command to its end. Raises NotReady with its last lines."""
    with open(logs / f"{name}.log", "ab") as log:
        done = subprocess.run(
            _prefect("--no-prompt", *command), env=env, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        )
    if done.returncode:
        raise NotReady(f"`prefect {' '.join(command)}` failed.\n{_tail(logs / f'{name}.log')}")


def _prefect(*command: str) -> list[str]:
    return [sys.executable, "-m", "prefect", *command]


def _until_healthy(server: subprocess.Popen[bytes], address: str, logs: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise NotReady(f"the server did not start.\n{_tail(logs / 'server.log')}")
        try:
            if _ask(address, "health"):
                return
        except URLError:  # not listening yet
            time.sleep(0.3)
    raise NotReady(f"the server did not answer within {PATIENCE} s.\n{_tail(logs / 'server.log')}")


def _end_dead_runs(address: str) -> None:
    """Runs that were going when this was last killed. Their worker is gone, so they would stay "Running" for ever and
    block the schedule's next run, of which there may be one at a time. As `Crashed` they can be retried."""
    under_way = {"deployment_id": {"is_null_": False}, "state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}
    for run in _ask(address, "flow_runs/filter", {"flow_runs": under_way}) or []:
        state = {"type": "CRASHED", "message": "stopped together with its worker; Retry goes on from there"}
        _ask(address, f"flow_runs/{run['id']}/set_state", {"state": state, "force": True})


def _ask(address: str, path: str, body: Any = None) -> Any:
    """What the server's API answers, None for "not found"."""
    data = json.dumps(body).encode() if body is not None else None
    try:
        with urlopen(Request(f"{address}/api/{path}", data, {"Content-Type": "application/json"}), timeout=30) as answer:
            return json.load(answer)
    except HTTPError as e:
        if e.code == 404:
            return None
        raise


def _free(port: int) -> bool:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _tail(log: Path, lines: int = 15) -> str:
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([*text[-lines:], f"(all of it: {log})"])


if __name__ == "__main__":
    main()
