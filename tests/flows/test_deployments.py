"""prefect.yaml and `python -m flows.ui`: a server, a worker and the schedule, started and ended together."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
import yaml

from flows import POOL, leash, parts, reaper, ui
from localize.errors import NotReady, UserError

SOON, LATE = 180.0, 1200.0  # s that a slow, busy machine may take to start a process, and to do what takes a minute here
SLEEPER = "import subprocess, sys; from flows import leash; leash.hold(); subprocess.run(['sleep', '600'], stdin=subprocess.DEVNULL)"
PRODUCT = """\
sku,title,price,category,features,images,title_th,features_th
MUG-01,Clay Mug,290,kitchen,Holds 350 ml,pictures/mug.jpg,แก้วดินเผา,จุได้ 350 มล.
"""


def until(seen: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := seen():
            return found
        time.sleep(0.2)
    raise AssertionError("it did not come to pass")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def test_every_deployment_has_a_flow_and_asks_for_what_ui_sets() -> None:
    text = (ui.PROJECT / "prefect.yaml").read_text(encoding="utf-8")
    deployments = yaml.safe_load(text)["deployments"]
    assert {d["name"] for d in deployments} == {"nightly", "batch", "publish", "review", "doctor", "gc", "reaper", "dub"}
    for deployment in deployments:
        file, name = deployment["entrypoint"].split(":")
        flow = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
        assert flow.name == deployment["name"]  # run_deployment's "batch/batch" is flow/deployment
        assert deployment["work_pool"]["name"] == POOL
        every = deployment["work_pool"]["job_variables"]["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]
        assert int(every) == reaper.heartbeat().total_seconds()  # else whoever is heard seldom is taken for dead
    for variable in ("CROSSREEL_HOME", "CROSSREEL_PROJECT", "CROSSREEL_CAMPAIGN"):
        assert f"{{{{ ${variable} }}}}" in text


def test_nights_that_wait_for_their_batches_leave_them_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, described = ui.runs_at_a_time(), yaml.safe_load((ui.PROJECT / "prefect.yaml").read_text(encoding="utf-8"))
    (own,) = (d for d in described["deployments"] if d["name"] == "nightly")
    described["deployments"] += [own | {"name": f"nightly-shop-{n}"} for n in range(9)]
    (tmp_path / "prefect.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")
    monkeypatch.setattr(ui, "PROJECT", tmp_path)
    assert ui.runs_at_a_time() == before + 9


def test_what_waits_for_batches_is_limited_and_leaves_them_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, described = ui.runs_at_a_time(), yaml.safe_load((ui.PROJECT / "prefect.yaml").read_text(encoding="utf-8"))
    limits = {d["name"]: d.get("concurrency_limit", {}).get("limit") for d in described["deployments"]}
    assert limits["nightly"]
    assert limits["dub"], "any number of them at a time would leave their batches no place"
    assert before == ui.BESIDE + limits["nightly"] + limits["dub"]
    (own,) = (d for d in described["deployments"] if d["name"] == "dub")
    assert own["concurrency_limit"]["collision_strategy"] == "ENQUEUE", "what somebody asked for is made later, not dropped"
    own["concurrency_limit"] = 7
    (tmp_path / "prefect.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")
    monkeypatch.setattr(ui, "PROJECT", tmp_path)
    assert ui.runs_at_a_time() == before + 7 - limits["dub"]


def test_a_fleets_dead_runs_are_back_in_about_the_four_minutes_that_are_promised() -> None:
    described = yaml.safe_load((ui.PROJECT / "prefect.yaml").read_text(encoding="utf-8"))
    (schedule,) = next(d["schedules"] for d in described["deployments"] if d["name"] == "reaper")
    minutes, *rest = schedule["cron"].split()
    assert rest == ["*"] * 4
    between, starting = timedelta(minutes=int(minutes.removeprefix("*/"))), timedelta(seconds=15)
    assert 3 * reaper.heartbeat() + between + starting + reaper.heartbeat() < timedelta(minutes=4.5)


def test_after_the_machines_sleep_silence_counts_from_its_waking(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, awake = iter((100.0, 100.5, 3700.0, 3715.0)), iter((20.0, 20.5, 21.0, 36.0))
    slept = ui.Sleep(lambda: next(clock), lambda: next(awake))
    heard: list[datetime | None] = []

    def look(client: Any, since: datetime | None) -> None:
        heard.append(since)
        if len(heard) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(ui, "_reap", look)
    monkeypatch.setattr(ui, "ROUND", -1.0)
    monkeypatch.setattr(ui.time, "sleep", lambda seconds: None)
    living = cast(parts.Part, SimpleNamespace(died=lambda: False, trim=lambda: None))
    began = datetime.now(UTC)
    with pytest.raises(KeyboardInterrupt):
        ui._look_after(living, living, "", cast(Any, None), None, "ours", slept)
    first, woken, later = heard
    assert first is None
    assert woken is not None
    assert woken >= began, "the runs' next heartbeat may take half a minute, and they would be begun a second time meanwhile"
    assert later == woken


def test_a_taken_port_is_told_before_anything_is_started(shop: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UserError, match=r"port \d+ is taken.* --port"):
            ui.serve(str(shop / "campaign.yaml"), other.getsockname()[1])


def test_a_mistake_in_the_campaign_is_told_at_once(shop: Path) -> None:
    (shop / "campaign.yaml").write_text("name: corner-shop\nlanguage: [th]\n", encoding="utf-8")
    with pytest.raises(UserError, match="language"):
        ui.serve(str(shop / "campaign.yaml"), free_port())


@pytest.mark.parametrize(("host", "password", "said"), [("0.0.0.0", "", "ANYBODY"), ("0.0.0.0", "ops:hush", "and knows the password")])
def test_letting_others_in_is_told_of(host: str, password: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    ui._warn(host, {"PREFECT_SERVER_API_AUTH_STRING": password})
    told = capsys.readouterr().err
    assert said in told
    assert "hush" not in told


@pytest.mark.parametrize(
    ("host", "near", "told"),
    [
        ("127.0.0.1", "http://127.0.0.1:42", "http://127.0.0.1:42"), ("0.0.0.0", "http://127.0.0.1:42", "http://box:42"),
        ("::1", "http://[::1]:42", "http://[::1]:42"), ("::", "http://[::1]:42", "http://box:42"),
        ("10.0.0.7", "http://10.0.0.7:42", "http://10.0.0.7:42"),
    ],
)  # fmt: skip
def test_a_server_is_reached_where_it_listens(host: str, near: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui.socket, "gethostname", lambda: "box")
    assert ui.addresses(host, 42) == (near, told)


def test_the_servers_password_is_the_workers_and_the_users_settings_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ops:hush")
    monkeypatch.setenv("PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", "events")
    env = ui._environment("c.yaml", "http://127.0.0.1:1", "http://box:1")
    assert env["PREFECT_API_AUTH_STRING"] == "ops:hush"
    assert env["PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED"] == "events"
    assert (env["PREFECT_API_URL"], env["PREFECT_SERVER_UI_API_URL"]) == ("http://127.0.0.1:1/api", "http://box:1/api")


def test_a_server_that_is_started_again_knows_who_has_the_slots_of_limits(tmp_path: Path) -> None:
    from prefect.server.concurrency.lease_storage import ConcurrencyLimitLeaseMetadata

    env = ui._environment("c.yaml", "http://127.0.0.1:1", "http://box:1")
    leases = importlib.import_module(env["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"]).ConcurrencyLeaseStorage
    limit = uuid4()
    taken = asyncio.run(leases(tmp_path).create_lease([limit], timedelta(seconds=-1), ConcurrencyLimitLeaseMetadata(slots=1)))
    assert asyncio.run(leases(tmp_path).read_expired_lease_ids()) == [taken.id], "its slot is freed, though its holder was killed"
    assert asyncio.run(leases(tmp_path).read_lease(taken.id)).resource_ids == [limit]


def test_a_part_that_dies_is_started_again_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "prefect", lambda *command: [sys.executable, "-c", "print('cannot work')"])
    monkeypatch.setattr(parts, "LONGEST_PAUSE", 0.0)
    with parts.Part("worker", tmp_path, os.environ, "worker", "start") as part:
        for _ in range(parts.STARTS):
            until(part.died, SOON)
            part.again()
        until(part.died, SOON)
        with pytest.raises(NotReady, match=r"(?s)again and again.*cannot work"):
            part.again()


def test_a_part_that_has_lived_is_started_again_however_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "prefect", lambda *command: [sys.executable, "-c", ""])
    monkeypatch.setattr(parts, "LONGEST_PAUSE", 0.0)
    monkeypatch.setattr(parts, "STEADY", 0.0)
    with parts.Part("worker", tmp_path, os.environ) as part:
        pids = {part.pid}
        for _ in range(parts.STARTS + 2):
            until(part.died, SOON)
            part.again()
            pids.add(part.pid)
    assert len(pids) == parts.STARTS + 3


def test_the_logs_of_starts_before_are_kept_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(parts.OLDER + 2):
        monkeypatch.setattr(parts, "prefect", lambda *command, said=number: [sys.executable, "-c", f"print('start {said}')"])
        with parts.Part("server", tmp_path, os.environ) as part:
            until(part.died, SOON)
    names = ["server.log", "server.1.log", "server.2.log", "server.3.log"]
    assert [(tmp_path / name).read_text() for name in names] == [f"start {n}\n" for n in (4, 3, 2, 1)]
    assert len(list(tmp_path.iterdir())) == len(names)


def test_a_log_that_grows_large_goes_on_in_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = "import sys; print('a' * 100, flush=True); sys.stdin.readline(); print('then', flush=True)"
    monkeypatch.setattr(parts, "prefect", lambda *command: [sys.executable, "-c", talk])
    monkeypatch.setattr(parts, "LARGEST", 50)
    heard, told = os.pipe()
    monkeypatch.setattr(parts.subprocess, "Popen", partial(subprocess.Popen, stdin=heard))
    with parts.Part("server", tmp_path, os.environ) as part:
        until(lambda: part.log.stat().st_size > 100, SOON)
        part.trim()
        os.write(told, b"\n")
        until(part.died, SOON)
        part.trim()
    assert part.log.read_bytes() == b"then\n"
    assert (tmp_path / "server.1.log").read_text() == "a" * 100 + "\n"
    assert not (tmp_path / "server.2.log").exists()
    os.close(heard)
    os.close(told)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")
def test_what_a_killed_program_had_started_ends_with_it() -> None:
    holder = subprocess.Popen([sys.executable, "-c", SLEEPER])
    asleep = until(lambda: [pid for pid in children(holder.pid) if b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()], SOON)[0]
    mark = dict(v.split("=", 1) for v in Path(f"/proc/{asleep}/environ").read_text().split("\0") if "=" in v)[leash.MARK]
    assert asleep in leash.marked(mark)
    holder.kill()
    holder.wait()
    until(lambda: not leash.marked(mark), SOON)


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# ---- the real thing


class Served:
    """`python -m flows.ui` as a process, and questions to its server."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def ask(self, path: str, body: Any = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = Request(f"http://127.0.0.1:{self.port}/api/{path}", data, {"Content-Type": "application/json"})
        for patience in (1, 4, 0):
            try:
                with urlopen(request, timeout=120) as answer:
                    return json.load(answer)
            except HTTPError as e:  # on a busy machine SQLite is locked at times, and the server says so
                if e.code != 503 or not patience:
                    raise
                time.sleep(patience)

    def ended(self, run: str) -> Any:
        """The run's state, once it has ended."""

        def look() -> Any:
            state = self.ask(f"flow_runs/{run}")["state"]
            return state if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None

        return until(look, LATE)


@pytest.fixture
def one_product(shop: Path) -> Path:
    campaign = (shop / "campaign.yaml").read_text(encoding="utf-8").replace("[th, vi]", "[th]")
    (shop / "campaign.yaml").write_text(campaign + "script:\n  seconds: 15\n", encoding="utf-8")
    (shop / "products.csv").write_text(PRODUCT, encoding="utf-8")
    return shop


@pytest.fixture
def served(one_product: Path, home: Path) -> Iterator[Served]:
    port = free_port()
    env = {name: v for name, v in os.environ.items() if not name.startswith("PREFECT_API")}
    env |= {"PREFECT_HOME": str(home / "prefect")}
    command = [sys.executable, "-m", "flows.ui", str(one_product / "campaign.yaml"), "--port", str(port)]
    process = subprocess.Popen(command, env=env, cwd=ui.PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("open "):
            break
    try:
        assert said[-1:] == [f"open http://127.0.0.1:{port}\n"], said
        yield Served(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(LATE)


@pytest.mark.heavy
def test_the_schedule_and_a_retry_of_only_what_failed(served: Served, one_product: Path) -> None:
    nightly = served.ask("deployments/name/nightly/nightly")
    assert nightly["parameters"] == {"campaign": str(one_product / "campaign.yaml")}
    scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}, "deployment_id": {"any_": [nightly["id"]]}}}
    until(lambda: served.ask("flow_runs/filter", scheduled), LATE)

    with (one_product / "products.csv").open("a", encoding="utf-8") as f:
        f.write("LAMP-02,Desk Lamp,890,home,Three levels,pictures/lamp.jpg,โคมไฟตั้งโต๊ะ,ปรับแสงได้ 3 ระดับ\n")
    # Without its Thai title the second clip can't be made; the first can.
    rows = (one_product / "products.csv").read_text(encoding="utf-8")
    (one_product / "products.csv").write_text(rows.replace("โคมไฟตั้งโต๊ะ", ""), encoding="utf-8")
    run = served.ask(f"deployments/{nightly['id']}/create_flow_run", {})["id"]
    state = served.ended(run)
    assert state["type"] == "FAILED"
    assert "LAMP-02.th at translate" in state["message"]
    batches = [r for r in served.ask("flow_runs/filter", {}) if r["name"].endswith("batch 1 of 1")]
    assert len(batches) == 1
    assert batches[0]["parent_task_run_id"]
    clip = one_product / "out" / "tiktok" / "MUG-01.th.mp4"
    made_at = clip.stat().st_mtime_ns

    (one_product / "products.csv").write_text(rows, encoding="utf-8")
    served.ask(f"flow_runs/{run}/set_state", {"state": {"type": "SCHEDULED", "name": "AwaitingRetry"}, "force": True})
    until(lambda: served.ask(f"flow_runs/{run}")["run_count"] == 2, LATE)
    assert served.ended(run)["type"] == "COMPLETED"
    assert clip.stat().st_mtime_ns == made_at
    assert (one_product / "out" / "tiktok" / "LAMP-02.th.mp4").is_file()

    def names() -> Any:
        runs = served.ask("task_runs/filter", {"sort": "EXPECTED_START_TIME_DESC"})
        ends = [(r["name"], r["state_name"]) for r in runs if r["name"].startswith("clip")]
        return ends if len(ends) == 4 and all(s != "Running" for _, s in ends) else None

    assert sorted(until(names, LATE)) == [
        ("clip · th · LAMP-02", "Completed"), ("clip · th · LAMP-02", "Failed"),
        ("clip · th · MUG-01", "Completed"), ("clip · th · MUG-01", "Reused"),
    ]  # fmt: skip


@pytest.mark.heavy
def test_a_killed_ui_leaves_nothing_running(served: Served) -> None:
    mark = f"PREFECT_SERVER_UI_API_URL=http://127.0.0.1:{served.port}/api"
    served.process.kill()
    served.process.wait()

    def nothing() -> bool:
        for entry in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark.encode() in entry.read_bytes():
                    return False
            except OSError:
                continue
        return True

    until(nothing, SOON)


def processes(port: int, *words: str) -> list[int]:
    """The processes of the served port whose command or environment has all the words."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            told = (entry / "environ").read_bytes() + b"\0" + (entry / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:  # gone meanwhile
            continue
        if all(word.encode() in told for word in (f"PREFECT_SERVER_UI_API_URL=http://127.0.0.1:{port}/api", *words)):
            found.append(int(entry.name))
    return found


def kill(*pids: int) -> None:
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.heavy
def test_an_orderly_stop_leaves_nothing_to_be_waited_for(served: Served, tmp_path: Path, home: Path) -> None:
    env = os.environ | {"PREFECT_API_URL": f"http://127.0.0.1:{served.port}/api", "CROSSREEL_PROJECT": str(ui.PROJECT)}
    deploy = ("deploy", "tests/flows/stand_ins.py:steps", "--name", "steps", "--pool", POOL)
    subprocess.run([sys.executable, "-m", "prefect", "--no-prompt", *deploy], env=env, cwd=ui.PROJECT, check=True, capture_output=True)
    deployment = served.ask("deployments/name/steps/steps")["id"]
    asked = {"parameters": {"folder": str(tmp_path), "count": 400}}
    run = served.ask(f"deployments/{deployment}/create_flow_run", asked)["id"]
    until(lambda: list(tmp_path.glob("*.made")), LATE)
    served.process.send_signal(signal.SIGTERM)
    served.process.wait(LATE)
    with closing(sqlite3.connect(home / "prefect" / "prefect.db")) as kept:
        (state,) = kept.execute("SELECT state_name FROM flow_run WHERE id = ?", (run,)).fetchone()
    assert state == "AwaitingRetry"
    assert not processes(served.port, f"PREFECT__FLOW_RUN_ID={run}")


@pytest.mark.heavy
def test_killed_runs_come_back_and_make_everything_once(served: Served, tmp_path: Path) -> None:
    env = os.environ | {"PREFECT_API_URL": f"http://127.0.0.1:{served.port}/api", "CROSSREEL_PROJECT": str(ui.PROJECT)}
    for name in ("steps", "asks"):
        deploy = ("deploy", f"tests/flows/stand_ins.py:{name}", "--name", name, "--pool", POOL)
        subprocess.run([sys.executable, "-m", "prefect", "--no-prompt", *deploy], env=env, cwd=ui.PROJECT, check=True, capture_output=True)

    def begin(name: str, **parameters: Any) -> str:
        deployment = served.ask(f"deployments/name/{name}/{name}")["id"]
        return str(served.ask(f"deployments/{deployment}/create_flow_run", {"parameters": parameters})["id"])

    def made() -> int:
        return len(list(tmp_path.glob("*.made")))

    def held_at(number: int) -> None:
        """So that the run is still at it when it is killed, however late that is."""
        (tmp_path / f"{number}.hold").touch()
        for other in tmp_path.glob("*.hold"):
            if other.stem != str(number):
                other.unlink()

    held_at(6)
    asks, steps = begin("asks"), begin("steps", folder=str(tmp_path), count=40)
    until(lambda: made() >= 5 and served.ask(f"flow_runs/{asks}")["state_type"] == "PAUSED", LATE)
    kill(*processes(served.port, f"PREFECT__FLOW_RUN_ID={steps}"))  # its worker tells of it
    held_at(12)
    until(lambda: served.ask(f"flow_runs/{steps}")["run_count"] == 2 and made() >= 10, LATE)
    kill(*processes(served.port, "worker start"), *processes(served.port, f"PREFECT__FLOW_RUN_ID={steps}"))  # nobody does
    (tmp_path / "12.hold").unlink()
    # `Crashed` is no end here, but a step on the way back.
    until(lambda: served.ask(f"flow_runs/{steps}")["state_type"] in ("COMPLETED", "FAILED"), LATE)
    assert served.ask(f"flow_runs/{steps}")["state_type"] == "COMPLETED"
    assert made() == 40
    assert served.ask(f"flow_runs/{steps}")["run_count"] == 3
    waiting = served.ask(f"flow_runs/{asks}")
    assert (waiting["state_name"], waiting["run_count"]) == ("Suspended", 1)

    kill(*processes(served.port, "server start"))
    until(lambda: answers(served), LATE)
    assert served.ended(begin("steps", folder=str(tmp_path), count=2))["type"] == "COMPLETED"


def answers(served: Served) -> bool:
    try:
        return bool(served.ask("health"))
    except OSError:
        return False
