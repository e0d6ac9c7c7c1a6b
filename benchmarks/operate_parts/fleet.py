"""More than one machine: two workers on PostgreSQL and a bucket, one of them killed and the network cut; a Dask cluster; and more than
one process.

Each must give the clips, by keys, that one machine gives. The machines are processes of this one, each with a home of its own; the
bucket is a server of S3's protocol, PostgreSQL a private one. What is not on the machine is left out and said so.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Figure
from benchmarks.operate_parts import shop
from benchmarks.operate_parts.rig import ROOT, Rig, free_port, processes, started, until

CUT = 60.0  # s that the bucket can't be reached


def figures(*, quick: bool) -> list[Figure]:
    products = 2 if quick else 12
    return _workers(products, _alone(products).keys)


def dask(*, quick: bool) -> list[Figure]:
    products = 2 if quick else 12
    return _dask(products, _alone(products).keys)


def pool(*, quick: bool) -> list[Figure]:
    products = 2 if quick else 12
    threads, alike, hit = (_alone(products, *how) for how in ((), ("processes",), ("processes", True)))
    return [
        Figure("a pool of processes: clips by keys against threads'", f"{len(alike.keys & threads.keys)} of {len(threads.keys)}",
               str(len(threads.keys)), alike.keys == threads.keys),
        Figure("  seconds and CPU seconds against threads'", f"{alike.wall / threads.wall:.2f}, {alike.cpu / threads.cpu:.2f}"),
        Figure("  a process killed in the middle of a clip: exit code", str(hit.code), "0", hit.code == 0),
        Figure("  clips by keys; artifacts finished twice", f"{len(hit.keys & threads.keys)} of {len(threads.keys)}; {len(hit.twice)}",
               f"{len(threads.keys)}; 0", hit.keys == threads.keys and not hit.twice),
    ]  # fmt: skip


class Night(NamedTuple):
    """A night of one machine, without a server of Prefect's."""

    keys: set[str]  # of its clips
    twice: list[str]  # artifacts that were finished twice
    code: int  # of exit
    wall: float  # s
    cpu: float  # s


def _alone(products: int, task_runner: str = "threads", hit: bool = False) -> Night:
    """A night. `hit`: the process that begins the second clip is killed while it makes it."""
    with tempfile.TemporaryDirectory(prefix="operate-") as folder:
        rig = Rig(Path(folder))
        campaign = shop.lay_out(rig.home / "shop", products)
        campaign.write_text(campaign.read_text().replace("workers: 2", f"workers: 2\n  task_runner: {task_runner}"))
        command = [str(Path(sys.executable).parent / "crossreel"), "run", str(campaign)]
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        with started(command, rig.environment(), rig.home / "run.log") as night:
            if hit:
                begun = lambda: [pid for _, pid, what, key, _ in rig.diary() if what == "began" and key.startswith("clip/")]
                until(lambda: len(begun()) > 1, 300, "nothing was begun")
                _kill(begun()[1])
            code = night.wait()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        return Night(_keys(rig), _twice(rig), code, time.monotonic() - began, cpu)


def _twice(rig: Rig) -> list[str]:
    return [k for k, n in Counter(key for _, _, what, key, _ in rig.diary() if what == "ended").items() if n > 1]


def _keys(rig: Rig) -> set[str]:
    return {key for _, _, what, key, _ in rig.diary() if what == "ended" and key.startswith("clip/")}


# ---- two workers


def _workers(products: int, alone: set[str]) -> list[Figure]:
    sys.path.insert(0, str(ROOT / "tests"))
    import databases

    if why := databases.lack():
        return [Figure("two workers", f"left out: {why}")]
    import buckets

    with tempfile.TemporaryDirectory(prefix="operate-") as folder, ExitStack() as parts:
        rig = Rig(Path(folder))
        bucket = parts.enter_context(buckets.serving())
        bucket.owner.create_bucket(Bucket="night")
        ledger, prefect = (parts.enter_context(databases.postgresql()) for _ in range(2))
        more = f"store: s3://night/store\nledger: {ledger}\n"
        campaign = shop.lay_out(rig.home / "shop", products, more=more)
        text = campaign.read_text().replace("workers: 2", "workers: 1\n  batches: 2")
        campaign.write_text(text)
        keys = {
            "AWS_ACCESS_KEY_ID": "owner", "AWS_SECRET_ACCESS_KEY": "owner", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": bucket.address,
            "PREFECT_API_DATABASE_CONNECTION_URL": prefect.replace("postgresql://", "postgresql+asyncpg://"),
        }  # fmt: skip
        # The worker of `make ui` is one; the other is started beside it, as on a second machine.
        with rig.serving(campaign, **keys), _worker(rig, "second", keys) as second:
            run = rig.start("nightly", batch_size=(products + 1) // 2)
            mark = "CROSSREEL_MACHINE=second"
            until(lambda: _begun(rig) > 1, 300, "nothing was begun")
            for pid in [second.pid, *processes(mark)]:
                _kill(pid)
            at = time.monotonic()
            bucket.trouble = lambda asked: "cut_before" if time.monotonic() - at < CUT else None
            parts.enter_context(_worker(rig, "third", keys))
            end = rig.ended(run, 1800)
            tries = 1
            while end["state"]["type"] != "COMPLETED" and tries < 3:  # a person's Retry, where the cut has outlasted the tries
                tries += 1
                rig.retry(run)
                end = rig.ended(run, 1800, count=end["run_count"] + 1)
            made = _keys(rig)
            twice = _twice(rig)
            posted = Counter(clip for _, _, what, _, clip in rig.diary() if what == "published")
            wanted = set(shop.names(products))
            return [
                Figure("two workers, PostgreSQL twice, a bucket; one killed, bucket away", f"{len(alone)} clips; {CUT:.0f} s"),
                Figure("  ends as; after tries", f"{end['state']['name']}; {tries}", "Completed", end["state"]["type"] == "COMPLETED"),
                Figure("  clips by keys against one machine's", f"{len(made & alone)} of {len(alone)}, {len(made - alone)} others",
                       f"{len(alone)}, 0", made == alone),
                Figure("  posted, each once", str(sum(n == 1 for n in posted.values())), str(len(wanted)), posted == Counter(wanted)),
                Figure("  artifacts finished twice", str(len(twice)), "0", not twice),
            ]  # fmt: skip


@contextmanager
def _worker(rig: Rig, machine: str, keys: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    env = rig.environment(PREFECT_API_URL=rig.address, CROSSREEL_MACHINE=machine, **keys)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "crossreel", "--type", "process", "--name", machine]
    try:
        with started(command, env, rig.home / f"{machine}.log") as process:
            yield process
    finally:
        for pid in processes(f"CROSSREEL_MACHINE={machine}"):
            _kill(pid)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _begun(rig: Rig) -> int:
    return sum(what == "began" and key.startswith("clip/") for _, _, what, key, _ in rig.diary())


# ---- Dask


def _dask(products: int, alone: set[str]) -> list[Figure]:
    if importlib.util.find_spec("prefect_dask") is None:
        return [Figure("a Dask cluster", "left out: prefect-dask is not installed (the extra `dask`)")]
    with tempfile.TemporaryDirectory(prefix="operate-") as folder, ExitStack() as parts:
        rig = Rig(Path(folder))
        address = f"tcp://127.0.0.1:{free_port()}"
        campaign = shop.lay_out(rig.home / "shop", products)
        text = campaign.read_text().replace("workers: 2", f"workers: 2\n  task_runner: dask\n  dask: {address}")
        campaign.write_text(text)
        parts.enter_context(_dask_part(rig, "scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard"))
        for _ in range(2):
            parts.enter_context(_dask_part(rig, "worker", address, "--nworkers", "1", "--nthreads", "1", "--no-dashboard"))
        command = [str(Path(sys.executable).parent / "crossreel"), "run", str(campaign)]
        ran = subprocess.run(command, env=rig.environment(), capture_output=True, text=True)
        made, pids = _keys(rig), {pid for _, pid, what, key, _ in rig.diary() if what == "ended" and key.startswith("clip/")}
        return [
            Figure("a Dask cluster of two workers ends with exit code", str(ran.returncode), "0", ran.returncode == 0),
            Figure("  clips by keys against one machine's", f"{len(made & alone)} of {len(alone)}, {len(made - alone)} others",
                   f"{len(alone)}, 0", made == alone),
            Figure("  processes that made clips", str(len(pids)), "2", len(pids) == 2),
        ]  # fmt: skip


def _dask_part(rig: Rig, what: str, *options: str) -> AbstractContextManager[object]:
    command = [sys.executable, "-m", "distributed.cli.dask_" + what, *options]
    return started(command, rig.environment(), rig.home / "dask.log")
