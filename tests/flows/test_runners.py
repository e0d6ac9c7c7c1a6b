"""Processes and a Dask cluster make the clips that threads make; a process that ends costs the clip that ended it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.states import Completed, State

import flows.batch
from flows import leash, watch
from flows.batch import batch
from flows.clips import Bench, End, Tried
from flows.runners import Runner, runner
from localize import campaign as campaigns
from localize import planning
from localize.domain import Usage
from localize.errors import NotReady
from localize.planning import Job, Outcome
from localize.sections import Limits
from localize.store import LocalStore
from tests.flows.test_clip_tasks import noted


def test_without_dask_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect_dask.task_runners", None)
    with pytest.raises(NotReady, match=r"\[dask\]"):
        runner(Limits(task_runner="dask"))


@pytest.mark.heavy
def test_a_cluster_that_is_not_there_is_told() -> None:
    pytest.importorskip("prefect_dask")
    with pytest.raises(NotReady, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"):
        runner(Limits(task_runner="dask", dask="tcp://127.0.0.1:9"))


def make(shop: Path, store: LocalStore, **limits: Any) -> State[None]:
    """Make the shop's Thai clips: short, and nobody to be seen."""
    plain = campaigns.load(shop / "campaign.yaml").model_dump(mode="json")
    plain |= {"script": {"seconds": 15}, "video": {"preset": "ultrafast", "crf": 30, "music": "none"}}
    plain |= {"store": str(store.root), "out": str(store.root / "out"), "limits": limits, "languages": ["th"]}
    plain["hosts"] = [{"avatar": "none"}]
    jobs = planning.plan(campaigns.Campaign.model_validate(plain)).jobs
    return batch("corner-shop", plain, [[j.product.sku, j.language] for j in jobs], "tonight", return_state=True)


@pytest.mark.heavy
@pytest.mark.parametrize("other", ["processes", "dask"])
def test_others_make_the_same_clips_as_threads(server: SyncPrefectClient, shop: Path, tmp_path: Path, other: str) -> None:
    if other == "dask":
        pytest.importorskip("prefect_dask")
    ends = {}
    for name in (other, "threads"):
        store = LocalStore(tmp_path / name)
        assert make(shop, store, workers=2, task_runner=name, cpu_hours=9).is_completed()
        counted = [note for note in store.notes("tonight") if note.startswith("spent-")]  # of each process
        assert len(counted) == 1 if name == "threads" else len(counted) >= 2
        ends[name] = {clip: o for clip, o in noted(store).items()}
        assert list((store.root / "tmp").iterdir()) == []
    assert {clip: o.clip.key for clip, o in ends[other].items() if o.clip} == {
        clip: o.clip.key for clip, o in ends["threads"].items() if o.clip
    }
    assert set(ends[other]) == {"MUG-01.th", "LAMP-02.th"}
    assert {o.state for o in ends[other].values()} == {"made"}
    assert all([r.state for r in o.receipts] == ["published"] for o in ends[other].values())


# ---- a pool of processes


class Pool:
    """A task runner that is none; it tells which signals are blocked where it is asked for something."""

    def submit(self, *_: object) -> set[Any]:
        return set(signal.pthread_sigmask(signal.SIG_BLOCK, []))


def test_processes_that_end_before_they_begin_stop_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each of its clips would fail by itself, after the start of two pools."""
    monkeypatch.setattr("flows.runners.runner", lambda *_: nullcontext(Pool()))
    with Runner(Limits(task_runner="processes")) as makers:
        makers.renew()
        makers.born.value = 1  # once there was memory for one
        makers.renew()
        makers.renew()
        with pytest.raises(NotReady, match=r"end before they begin.*task_runner: threads"):
            makers.renew()


def test_ctrl_c_reaches_the_flow_and_nothing_that_makes_its_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.runners.runner", lambda *_: nullcontext(Pool()))
    with Runner(Limits(task_runner="processes")) as makers:
        assert signal.SIGINT in makers.submit(None, {})
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with leash.unheard():
        asleep = subprocess.Popen([sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
    assert asleep.stdout
    asleep.stdout.readline()
    asleep.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        asleep.wait(0.5)
    asleep.terminate()
    assert asleep.wait(60) == -signal.SIGTERM


def test_ctrl_c_leaves_the_temporary_server_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    masks = list[set[Any]]()
    monkeypatch.setattr("prefect.client.orchestration.get_client", lambda **_: nullcontext(masks.append(Pool().submit())))
    leash.serve()
    assert [signal.SIGINT in mask for mask in masks] == [True]


@task(task_run_name="clip · {job.product.sku}", persist_result=False, cache_policy=NO_CACHE)
def deadly(bench: Bench, job: Job, before: Mapping[str, Usage], full: str = "", first: Tried | None = None) -> State[End]:
    """A clip's task in which the mug ends its process, as often as its folder says; the lamp takes its time."""
    watch.tell(watch.Event("stage", job.name, "voice"))
    deaths = Path(os.environ["DEATHS"])
    (deaths / f"{job.name} {uuid.uuid4().hex}").touch()
    if job.product.sku == "MUG-01" and len(list(deaths.glob(f"{job.name} *"))) <= int(os.environ["TIMES"]):
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(1)
    outcome = Outcome(sku=job.product.sku, language=job.language, title="", state="made")
    bench.note(outcome)
    return Completed(data=End(outcome))


@pytest.mark.heavy
@pytest.mark.parametrize(("times", "mug"), [(1, "made"), (9, "failed")])
def test_a_clip_that_ends_its_process_costs_no_other(
    server: SyncPrefectClient, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, mug: str
) -> None:
    (tmp_path / "deaths").mkdir()
    monkeypatch.setenv("DEATHS", str(tmp_path / "deaths"))
    monkeypatch.setenv("TIMES", str(times))
    monkeypatch.setattr(flows.batch, "clip", deadly)
    events = list[watch.Event]()
    monkeypatch.setattr(watch, "watchers", [events.append])
    monkeypatch.setattr("flows.runners.watchers", watch.watchers)
    store = LocalStore(tmp_path / "store")
    state = make(shop, store, workers=2, task_runner="processes")
    ends = noted(store)
    assert {name: o.state for name, o in ends.items()} == {"MUG-01.th": mug, "LAMP-02.th": "made"}
    assert state.is_completed() == (mug == "made")
    if mug == "failed":
        assert ends["MUG-01.th"].message.startswith("stopped by a fault: the process that made it has ended in the middle")
    tries = Counter(path.name.rpartition(" ")[0] for path in (tmp_path / "deaths").iterdir())
    assert tries == {"th · MUG-01": 2, "th · LAMP-02": tries["th · LAMP-02"]}
    assert tries["th · LAMP-02"] <= 2
    assert {e.stage for e in events if e.kind == "stage"} == {"voice"}
    wanted = {"Crashed": 1 if mug == "made" else 2, "Completed": 2 if mug == "made" else 1}
    mine = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))

    def shown() -> Counter[str]:
        runs = server.read_task_runs(flow_run_filter=mine)
        return Counter(r.state_name or "" for r in runs if r.name.startswith("clip · "))

    until(lambda: all(shown()[name] >= n for name, n in wanted.items()) and shown()["Running"] == 0, 60)


@pytest.mark.heavy
def test_a_pool_ends_with_the_process_that_began_it(tmp_path: Path) -> None:
    """One that is killed tells its pool nothing."""
    program = tmp_path / "program.py"
    program.write_text(
        dedent("""
        import os, sys, time
        from pathlib import Path
        import flows
        from prefect import task
        from flows.runners import runner
        from localize.sections import Limits

        @task
        def waits(told: str) -> None:
            part = Path(told).with_suffix(".part")
            part.write_text(str(os.getpid()))
            part.rename(told)
            time.sleep(600)

        if __name__ == "__main__":
            with runner(Limits(task_runner="processes", workers=1)) as pool:
                pool.submit(waits, {"told": sys.argv[1]})
                time.sleep(600)
        """)
    )
    told = tmp_path / "pid"
    program_run = subprocess.Popen([sys.executable, str(program), str(told)], env=os.environ | {"PYTHONPATH": os.getcwd()})
    try:
        until(told.is_file, 120)
        child = int(told.read_text())
        program_run.kill()
        until(lambda: not Path(f"/proc/{child}").exists(), 30)
    finally:
        program_run.kill()
        program_run.wait()


def until(seen: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.1)
