"""Whether many workers that want the same posts have each of them once, and how fast: on SQLite and on PostgreSQL.

Workers are processes. Every post is wanted by `RIVALS` of them, who come to it in the same order and so at about the same time.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections import Counter
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))

import databases  # noqa: E402

from benchmarks.figures import Figure  # noqa: E402
from localize.domain import Channel, Clip, Disclosure, Post  # noqa: E402
from localize.publish import Parcel  # noqa: E402
from localize.publish.ledger import Ledger  # noqa: E402

LEASE = 3600.0  # s: none runs out here
LEAST = 200  # claims a second that a file is to bear; a server's depend on its own machine
RIVALS = 4


def figures(*, quick: bool = False) -> list[Figure]:
    posts, workers = (200, 4) if quick else (10_000, 16)
    with TemporaryDirectory() as folder:
        rows = _shown("SQLite", run(posts, workers, str(Path(folder) / "ledger.sqlite")), quick)
    if lack := databases.lack():
        return [*rows, Figure("PostgreSQL", f"left out: {lack}")]
    with databases.postgresql() as address:
        return rows + _shown("PostgreSQL", run(posts, workers, address), quick)


def run(posts: int = 10_000, workers: int = 16, url: str = "ledger.sqlite") -> dict[str, Any]:
    """Plan posts in the empty ledger at a path or address, and let workers (a multiple of `RIVALS`) claim them.

    `once` of the posts were claimed by exactly one worker, `duplicates` claims were of a post that another had, too, and the ledger itself
    counts `tries` claims."""
    ledger = Ledger.open(url)
    began = time.monotonic()
    ids = [ledger.plan(_parcel(n)).id for n in range(posts)]
    planning = time.monotonic() - began
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["localize.publish.ledger"])
    gate, told = context.Barrier(workers), context.Queue()
    processes = [
        context.Process(target=_work, args=(url, ids[n % (workers // RIVALS) :: workers // RIVALS], n, gate, told)) for n in range(workers)
    ]
    for process in processes:
        process.start()
    answers = [told.get(timeout=1800) for _ in processes]
    for process in processes:
        process.join()
    claimed = Counter(row for _, _, rows in answers for row in rows)
    seconds = max(last for _, last, _ in answers) - min(first for first, _, _ in answers)
    tries = sum(row.tries for row in ledger.rows())
    ledger.close()
    return {
        "posts": posts, "workers": workers, "once": sum(n == 1 for n in claimed.values()), "duplicates": claimed.total() - len(claimed),
        "tries": tries, "seconds": seconds, "claims_per_second": posts / seconds, "plans_per_second": posts / planning,
        "least_of_a_worker": min(len(rows) for *_, rows in answers), "most_of_a_worker": max(len(rows) for *_, rows in answers),
    }  # fmt: skip


def _work(url: str, ids: list[int], number: int, gate: Barrier, told: Queue[tuple[float, float, list[int]]]) -> None:
    """Claim what can be had. Tells when it began, when it had its last post, and which it had."""
    ledger, mine = Ledger.open(url), []
    gate.wait()
    began = last = time.monotonic()
    for row in ids:
        if ledger.claim(row, worker=f"worker-{number}", lease=LEASE):
            mine.append(row)
            last = time.monotonic()
    told.put((began, last, mine))


def _parcel(n: int) -> Parcel:
    clip = Clip(
        key=f"clip/{n}", sku=f"SKU-{n}", language="th", duration=20.0, video="v.mp4", cover="c.jpg", captions="v.srt", sidecar="v.json"
    )  # fmt: skip
    channel = Channel(name="tiktok", kind="tiktok", platform="tiktok", account="shop-th", market="TH")
    return Parcel("night", clip, Post(title="t"), channel, Disclosure(label="AI", producer="p", produce_id="1"), Path("out"))


def _shown(kind: str, found: dict[str, Any], quick: bool) -> list[Figure]:
    posts, workers, rate = found["posts"], found["workers"], found["claims_per_second"]
    judged = kind == "SQLite" and not quick
    alone = found["once"] == found["tries"] == posts and not found["duplicates"]
    shares = f"{found['least_of_a_worker']} to {found['most_of_a_worker']} posts a worker"
    return [
        Figure(f"{kind}: {posts:,} posts, {workers} workers, {RIVALS} after each: claimed once", f"{found['once']:,}", "all", alone),
        Figure(f"{kind}: claimed twice", str(found["duplicates"]), "none", not found["duplicates"]),
        Figure(f"{kind}: claims a second", f"{rate:,.0f} ({shares})", f"at least {LEAST}" if judged else "", not judged or rate >= LEAST),
        Figure(f"{kind}: posts planned a second, by one worker", f"{found['plans_per_second']:,.0f}"),
    ]  # fmt: skip


if __name__ == "__main__":
    from benchmarks.figures import report

    sys.exit(report([("claims", lambda: figures(quick="--quick" in sys.argv))], as_json="--json" in sys.argv))
