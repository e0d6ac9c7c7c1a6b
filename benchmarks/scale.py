"""What a large night takes: machines, time, money, and what gives out first. A model: figures in, a table out.

    python benchmarks/scale.py [--products 50000] [--languages 3] [--cores 16] [--cpu 60] ... [--json]
    python benchmarks/scale.py --measure 8

`--help` lists all that can be given, with what stands for it otherwise; docs/scale.md says where those figures are from. With --measure
so many clips of the demo are made first, one after the other in this process and a store of its own, and what they take of CPU and of
the store is used (minutes).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import Figure, report  # noqa: E402

NIGHTS = (1_000, 5_000, 10_000, 50_000, 200_000)  # products of the table
SURE = 0.5  # of a measured rate: nights are not even, and what is over it is lost or late


def given(default: Any, what: str) -> Any:
    return field(default=default, metadata={"help": what})


@dataclass(frozen=True)
class Given:
    """What the model is told. Rates are a second, sizes in bytes, prices in US dollars."""

    products: int = given(50_000, "products of a night, all of them new")
    languages: int = given(3, "languages, so clips of a product")
    channels: float = given(1.0, "channels a clip goes to")
    hours: float = given(8.0, "hours the night has")
    batch: int = given(100, "products of a batch run")
    # a machine
    cores: int = given(16, "vCPUs of a machine")
    memory: float = given(32e9, "bytes of memory of a machine")
    speed: float = given(1.0, "how fast one of its vCPUs is against those that were measured")
    busy: float = given(0.85, "share of its vCPUs that is at work while clips are there to be made (an assumption)")
    # a clip
    cpu: float = given(31.0, "CPU seconds of a clip")
    clip_memory: float = given(0.7e9, "bytes of memory of a clip in hand")
    stored: float = given(4.8e6, "bytes a clip leaves in the store, all stages together")
    video: float = given(3.5e6, "bytes of the finished video")
    writes: float = given(57.0, "writes to the bucket for a clip: its files, and two for each artifact")
    pictures: float = given(0.5e6, "bytes of a product's pictures, fetched once (an assumption)")
    # Prefect and the ledger
    start: float = given(6.7, "seconds a flow run takes to start and end in a process of its own")
    recorded: float = given(18.0, "task runs a second that a server records as it comes")
    recorded_tuned: float = given(62.0, "the same with PostgreSQL, Redis and the recorder's settings")
    row: float = given(15e3, "bytes of the server's database for a task run")
    claims: float = given(36.0, "posts a second that workers claim in the ledger (PostgreSQL)")
    # prices
    vcpu_hour: float = given(0.0425, "of a vCPU for an hour (an assumption)")
    gigabyte_month: float = given(0.023, "of a gigabyte in the bucket for a month (an assumption)")
    requests: float = given(0.005, "of a thousand writes to the bucket (an assumption)")
    gigabyte_out: float = given(0.09, "of a gigabyte that leaves for the platforms (an assumption)")
    always_on: int = given(8, "vCPUs of the Prefect server, PostgreSQL and Redis, day and night (an assumption)")


class Night(NamedTuple):
    """What the model says of a night."""

    clips: int
    cpu_hours: float
    at_once: int  # clips a machine makes at the same time
    lost: float  # share of a machine's time that goes with batches' starts and ends
    clips_an_hour: float  # of one machine
    machines: int
    batches: int
    took: float  # hours, by so many machines
    task_runs: float  # a second
    posts: float  # a second
    database: float  # bytes of the server's, for one night
    stored: float  # bytes
    network: float  # bytes a second of one machine, in and out
    machine_dollars: float
    bucket_dollars: float  # of a night's writes and a month of its bytes
    out_dollars: float
    server_dollars: float

    @property
    def dollars(self) -> float:
        return self.machine_dollars + self.bucket_dollars + self.out_dollars + self.server_dollars


def night(g: Given) -> Night:
    """The model: machines that each make one batch after the other, with the work spread evenly over the time that it takes."""
    clips, size = g.products * g.languages, min(g.batch, g.products)
    at_once = max(1, min(g.cores // 2 + 1, int(g.memory // g.clip_memory)))
    power = g.cores * g.speed * g.busy  # CPU seconds a second, of the cores that were measured
    making = size * g.languages * g.cpu / power  # s of a batch
    # Nothing is made while a run starts; when the last clips of a batch are in hand, on average half of the places are empty.
    idle = g.start + 0.5 * g.cpu * at_once / power
    batches = math.ceil(g.products / size)
    a_night = max(1, int(g.hours * 3600 / (making + idle)))  # batches of a machine
    machines = math.ceil(batches / a_night)
    seconds = math.ceil(batches / machines) * (making + idle)
    tasks, alone = clips * (1 + g.channels), machines == 1
    traffic = g.products * g.pictures + clips * (g.stored * (not alone) + g.channels * g.video)
    return Night(
        clips=clips, cpu_hours=clips * g.cpu / 3600, at_once=at_once, lost=idle / (making + idle),
        clips_an_hour=3600 * size * g.languages / (making + idle), machines=machines, batches=batches, took=seconds / 3600,
        task_runs=tasks / seconds, posts=clips * g.channels / seconds, database=tasks * g.row, stored=clips * g.stored,
        network=traffic / seconds / machines, machine_dollars=machines * seconds / 3600 * g.cores * g.vcpu_hour,
        bucket_dollars=0.0 if alone else clips * (g.writes * g.requests / 1000 + g.stored / 1e9 * g.gigabyte_month),
        out_dollars=clips * g.channels * g.video / 1e9 * g.gigabyte_out, server_dollars=0.0 if alone else 24 * g.always_on * g.vcpu_hour,
    )  # fmt: skip


def needs(g: Given, n: Night) -> list[str]:
    """What must be set for such a night, what gives out first at the head."""
    found = []
    if n.took > g.hours:
        found.append(f"smaller batches: one takes longer than {g.hours:g} hours")
    if n.task_runs > SURE * g.recorded_tuned:
        found.append("two campaigns on a Prefect server each: one does not record so many task runs")
    elif n.task_runs > SURE * g.recorded:
        found.append("Redis and the recorder's settings for Prefect")
    if n.machines > 1:
        found.append("PostgreSQL for Prefect and the ledger, s3:// for the store")
    if n.posts > SURE * g.claims:
        found.append("a faster PostgreSQL for the ledger")
    return found


def figures(g: Given) -> list[Figure]:
    """One night in detail."""
    n = night(g)
    memory = n.at_once * g.clip_memory / 1e9
    return [
        Figure("clips", f"{n.clips:,}"),
        Figure("CPU hours", f"{n.cpu_hours:,.0f}"),
        Figure("a machine: clips at once; an hour; gigabytes of memory", f"{n.at_once}; {n.clips_an_hour:,.0f}; {memory:.1f}"),
        Figure("lost with batches' starts and ends", f"{100 * n.lost:.1f} %"),
        Figure(f"machines of {g.cores} vCPUs; hours", f"{n.machines}; {n.took:.1f}", f"at most {g.hours:g} hours", n.took <= g.hours),
        Figure("batch runs", f"{n.batches:,}"),
        Figure("task runs a second", f"{n.task_runs:.1f}", f"recorded: {g.recorded:g}, tuned {g.recorded_tuned:g}"),
        Figure("Prefect's database, gigabytes a night", f"{n.database / 1e9:.1f}"),
        Figure("posts a second", f"{n.posts:.1f}", f"claimed: {g.claims:g}"),
        Figure("store, gigabytes a night", f"{n.stored / 1e9:,.0f}"),
        Figure("network of a machine, megabits a second", f"{8 * n.network / 1e6:.0f}"),
        Figure("dollars: machines; bucket; out; server", "; ".join(f"{d:,.0f}" for d in n[-4:])),
        Figure("dollars a night; a thousand clips", f"{n.dollars:,.0f}; {1000 * n.dollars / n.clips:.2f}"),
        *(Figure("needs", need) for need in needs(g, n)),
    ]


def table(g: Given) -> list[Figure]:
    """Nights of several sizes, a row each."""
    rows = []
    for products in NIGHTS:
        sized = dataclasses.replace(g, products=products)
        n = night(sized)
        machines = f"{n.machines} machine{'' if n.machines == 1 else 's'}"
        value = (
            f"{n.clips:,} clips, {n.cpu_hours:,.0f} CPU hours, {machines} for {n.took:.1f} hours, "
            f"{n.task_runs:.1f} task runs a second, {n.stored / 1e9:,.0f} GB, ${n.dollars:,.0f}"
        )
        rows.append(Figure(f"{products:,} products", value))
    return rows


def measured(clips: int) -> dict[str, float]:
    """What clips of the demo take, made one after the other with a store of their own: CPU seconds, bytes and files each.

    The first product's clips are not counted: they load the engines and draw the host for the first time."""
    from localize import budget, planning, stages
    from localize import campaign as campaigns
    from localize.stages import Studio
    from localize.store import LocalStore

    campaign = campaigns.load(ROOT / "catalog" / "demo" / "campaign.yaml")
    warm = len(campaign.languages)
    jobs = planning.plan(campaign).jobs[: warm + clips]
    with TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        studio, videos = Studio(campaign, store), []
        for number, job in enumerate(jobs):
            if number == warm:
                before, clock, had = budget.cpu_seconds(), time.monotonic(), _size(store.root)
            made, _, _ = stages.make(studio, job)
            videos += [Path(clip.video).stat().st_size for clip in (made, *made.others)]
            print(f"{job.name}: {made.duration:.1f} s, {1 + len(made.others)} videos", file=sys.stderr, flush=True)
        cpu, wall, now = budget.cpu_seconds() - before, time.monotonic() - clock, _size(store.root)
    many, stored, writes = len(jobs) - warm, now[0] - had[0], now[1] - had[1]
    print(f"{many} clips: {cpu:.0f} CPU s in {wall:.0f} s on {os.cpu_count()} cores", file=sys.stderr)
    each = {"cpu": round(cpu / many, 1), "stored": round(stored / many), "writes": round(writes / many, 1)}
    return each | {"video": round(sum(videos) / len(videos))}


def _size(folder: Path) -> tuple[int, int]:
    """Bytes of a store's artifacts, and the writes that a bucket would have had for them: a file each, a manifest and a lease."""
    artifacts = [p for p in folder.glob("*/*") if p.is_dir() and p.parent.name not in ("tmp", "locks", "runs")]
    files = [p for artifact in artifacts for p in artifact.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files), len(files) + 2 * len(artifacts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for f in dataclasses.fields(Given):
        parser.add_argument(
            f"--{f.name.replace('_', '-')}", type=type(f.default), help=f"{f.metadata['help']}: {f.default:,}".replace("%", "%%")
        )
    parser.add_argument("--measure", type=int, default=0, metavar="CLIPS", help="make so many clips first, and go by what they take")
    parser.add_argument("--json", action="store_true")
    asked = vars(parser.parse_args())
    found: dict[str, Any] = measured(asked["measure"]) if asked["measure"] else {}
    said = {f.name: asked[f.name] for f in dataclasses.fields(Given) if asked[f.name] is not None}
    g = Given(**(found | said))
    if found and not asked["json"]:
        print("measured:", json.dumps(found))
    parts = [(f"a night of {g.products:,} products", lambda: figures(g)), (f"nights of {g.hours:g} hours at most", lambda: table(g))]
    return report(parts, as_json=asked["json"])


if __name__ == "__main__":
    sys.exit(main())
