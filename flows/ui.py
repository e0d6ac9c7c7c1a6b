"""Prefect's server, a worker and the deployments of prefect.yaml on this machine, until Ctrl-C: `python -m flows.ui`.

A server or worker that dies is started again, and runs that were killed are brought back. The server listens on 127.0.0.1 unless
`--host` says otherwise. A fleet runs the same parts apart.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import yaml

from flows import POOL, leash
from flows.parts import PROJECT, Part, do
from localize import campaign as campaigns
from localize.errors import CrossreelError, NotReady, UserError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # all addresses of this machine, and one by which it reaches itself
BESIDE = 5  # runs at a time besides those that wait for batches: the batches, and posts, forms and checks
WAITING = ("nightly.py:nightly", "dub.py:dub")  # flows that start batches and keep their places until these have ended
PATIENCE = 180  # s for the server's first start, which makes its database
ROUND = 15.0  # s between two looks for dead runs
ASLEEP = 5.0  # s that the time gains on a clock that stands still in sleep, from which on the machine has slept
KEPT = 30 * 86400  # s that the server keeps a run that has ended, with its tasks, log and artifacts: 15 KB a task


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m flows.ui", description=__doc__)
    parser.add_argument("campaign", nargs="?", help="what the schedule runs (default: $CROSSREEL_CAMPAIGN, or the demo)")
    parser.add_argument("--port", type=int, default=4200, help="of the address to open (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; another than 127.0.0.1 lets other machines in")
    args = parser.parse_args()
    for sign in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        # Set even for SIGINT, which a shell lets its background jobs ignore.
        signal.signal(sign, _stop)
    campaign = args.campaign or os.environ.get("CROSSREEL_CAMPAIGN") or str(PROJECT / "catalog" / "demo" / "campaign.yaml")
    try:
        serve(campaign, args.port, args.host)
    except CrossreelError as e:
        print(e, file=sys.stderr)
        sys.exit(e.exit_code)
    except KeyboardInterrupt:
        print("stopped; what was made is kept")


def _stop(*_: object) -> None:
    for sign in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(sign, signal.SIG_IGN)  # asked once; the parts are being ended in order
    raise KeyboardInterrupt


def serve(campaign: str, port: int, host: str = "127.0.0.1") -> None:
    """Start everything and look after it. Ends by KeyboardInterrupt, or raises NotReady when a part could not start or dies again
    and again."""
    campaigns.load(campaign)  # a mistake in it is told now, not at two in the morning
    if not (PROJECT / "prefect.yaml").is_file():
        raise NotReady(f"there is no prefect.yaml in {PROJECT}.", how="Run this from a checkout of the project.")
    if not _free(host, port):
        raise UserError(f"port {port} is taken, perhaps by this same program. Stop the other one, or give another: --port {port + 1}")
    leash.hold()
    own, address = addresses(host, port)
    env = _environment(campaign, own, address)
    logs = Path(env["CROSSREEL_HOME"]) / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    if host not in LOOPBACK:
        _warn(host, env)
    with ExitStack() as parts:
        print(f"starting the server (the first start on a machine takes up to a minute); logs in {logs}", flush=True)
        server = parts.enter_context(Part("server", logs, env, "server", "start", "--host", host, "--port", str(port)))
        _until_healthy(server, own)
        client = parts.enter_context(_client(own, env))
        # Alone on this machine, whatever was silent while the server was down is dead; workers elsewhere may live.
        since = None if host in LOOPBACK else datetime.now(UTC)
        _reap(client, since)
        print("deploying the flows", flush=True)
        _deploy(client, logs / "deploy.log", env)
        limit = ("--limit", str(runs_at_a_time()))
        name = f"{socket.gethostname()} {uuid.uuid4().hex[:8]}"
        parts.callback(_leave_nothing, client, name)  # after the worker has ended, and while there is a server to tell
        command = ("worker", "start", "--pool", POOL, "--type", "process", "--name", name, *limit)
        worker = parts.enter_context(Part("worker", logs, env, *command))
        print(f"open {address}\nCtrl-C stops it all", flush=True)
        _look_after(server, worker, own, client, since, name, Sleep())


def runs_at_a_time() -> int:
    """A place for each night and dub that may go at a time, by the deployments' limits, and some more: one that waits for its batches
    keeps its place, and if such runs had them all, no batch would ever begin."""
    return BESIDE + sum(_most(d) for d in _deployments() if str(d.get("entrypoint")).endswith(WAITING))


def _most(deployment: Mapping[str, Any]) -> int:
    """How many runs of a deployment may go at a time; 1 where it does not say, as a night's batches come one at a time."""
    limit = deployment.get("concurrency_limit") or 1
    return int(limit["limit"] if isinstance(limit, dict) else limit)


def _deployments() -> list[dict[str, Any]]:
    described = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))
    return list(described["deployments"])


def addresses(host: str, port: int) -> tuple[str, str]:
    """Under which a server that listens on `host` is reached by this machine, and by those who are told of it."""
    own = EVERYWHERE.get(host, host)
    near = f"http://{f'[{own}]' if ':' in own else own}:{port}"
    return near, f"http://{socket.gethostname()}:{port}" if host in EVERYWHERE else near


def _environment(campaign: str, own: str, address: str) -> dict[str, str]:
    """What the parts find in their environment. What the user has set of Prefect's settings wins."""
    env = {
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(KEPT),
        # A server that keeps leases in its memory forgets them when it ends, and the slots of limits that were taken stay so for ever.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    } | os.environ  # fmt: skip
    if password := env.get("PREFECT_SERVER_API_AUTH_STRING"):
        env.setdefault("PREFECT_API_AUTH_STRING", password)
    return env | {
        "PREFECT_API_URL": f"{own}/api", "PREFECT_SERVER_UI_API_URL": f"{address}/api",
        "CROSSREEL_HOME": str(campaigns.home().resolve()), "CROSSREEL_PROJECT": str(PROJECT),
        "CROSSREEL_CAMPAIGN": str(Path(campaign).resolve()),
    }  # fmt: skip


def _warn(host: str, env: Mapping[str, str]) -> None:
    """Whoever reaches the server can start runs on this machine."""
    guarded = bool(env.get("PREFECT_SERVER_API_AUTH_STRING"))
    who = "whoever reaches this port and knows the password" if guarded else "ANYBODY who reaches this port"
    print(f"warning: listening on {host}: {who} can start, stop and read runs on this machine.", file=sys.stderr)
    if not guarded:
        print("Set a password first: PREFECT_SERVER_API_AUTH_STRING=name:password (docs/operations.md, Security).", file=sys.stderr)


def _client(own: str, env: Mapping[str, str]) -> SyncPrefectClient:
    from prefect.client.orchestration import SyncPrefectClient  # slow to import, and a mistake is to be told at once

    return SyncPrefectClient(f"{own}/api", auth_string=env.get("PREFECT_API_AUTH_STRING"))


def _deploy(client: SyncPrefectClient, log: Path, env: Mapping[str, str]) -> None:
    """Make the pool, this machine's limits and all deployments but the reaper, whose work is done here."""
    from prefect.exceptions import ObjectNotFound

    from flows import machine

    log.unlink(missing_ok=True)
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        do(log, env, "work-pool", "create", POOL, "--type", "process")
    machine.make_queues(client)
    machine.make_limits(client, machine.cores(), machine.gpus())
    names = [d["name"] for d in _deployments()]
    do(log, env, "deploy", *(word for name in names if name != "reaper" for word in ("--name", name)))


def _look_after(
    server: Part, worker: Part, own: str, client: SyncPrefectClient, since: datetime | None, name: str, slept: Sleep
) -> None:  # fmt: skip
    """Start again what dies, and bring back the runs that died with it. `name` is the worker's."""
    due = 0.0
    while True:
        if server.died():
            print("the server has stopped and is started again", flush=True)
            server.again()
            try:
                _until_healthy(server, own)
            except NotReady:
                server.stop()
                continue
            since = datetime.now(UTC)
        if worker.died():
            print("the worker has stopped and is started again; its runs are brought back", flush=True)
            _bring_back(lambda reaper: reaper.put_back(client, datetime.now(UTC), name))
            worker.again()
        if slept.since_last():
            since = datetime.now(UTC)  # who was silent then may live
        if time.monotonic() > due:
            _reap(client, since)
            for part in (server, worker):
                part.trim()
            due = time.monotonic() + ROUND
        time.sleep(0.5)


class Sleep:
    """Whether this machine slept, as a laptop does that is closed: the time has gone on, and a clock that stands still in sleep has
    not. `clock` is the time, `awake` that other clock, both in s."""

    def __init__(self, clock: Callable[[], float] = time.time, awake: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._awake = clock, awake
        self._last = clock(), awake()

    def since_last(self) -> bool:
        """Whether it did since this was last asked. A time that was set forward is the same: silence seems longer than it was."""
        (time_before, awake_before), self._last = self._last, (self._clock(), self._awake())
        return (self._last[0] - time_before) - (self._last[1] - awake_before) > ASLEEP


def _leave_nothing(client: SyncPrefectClient, worker: str) -> None:
    """Let the runs that were going go on with the next start, and not after their silence has been noticed: the worker has ended, and
    what is left of its runs' processes is ended here, so that none goes on beside the one that comes back."""
    leash.end(os.environ[leash.MARK], also="PREFECT__FLOW_RUN_ID")
    _bring_back(lambda reaper: reaper.put_back(client, datetime.now(UTC), worker))


def _reap(client: SyncPrefectClient, since: datetime | None) -> None:
    _bring_back(lambda reaper: reaper.reap(client, datetime.now(UTC), 3 * reaper.heartbeat(), since))


def _bring_back(how: Callable[[ModuleType], list[str]]) -> None:
    """Have the reaper bring back runs, and print what it says."""
    import httpx
    from prefect.exceptions import PrefectException

    from flows import reaper

    try:
        for line in how(reaper):
            print(line, flush=True)
    except (httpx.HTTPError, PrefectException, CrossreelError) as e:  # a server that is dying or busy, a run that is gone: the next round
        print(f"could not look for dead runs: {e}", flush=True)


def _until_healthy(server: Part, own: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.died():
            raise NotReady(f"the server did not start.\n{server.tail()}")
        if _answers(f"{own}/api/health"):
            return
        time.sleep(0.3)
    raise NotReady(f"the server did not answer within {PATIENCE} s.\n{server.tail()}")


def _answers(address: str) -> Any:
    try:
        with urlopen(address, timeout=30) as answer:
            return json.load(answer)
    except (URLError, OSError):  # not listening yet, or gone in the middle
        return None


def _free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((host, port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    main()
