"""Kills at random: flow runs and workers ended by SIGKILL all through a night, and nobody there to help.

Three kinds: the process of a flow run (its worker sees that it has gone), a worker (its flow runs live on as orphans), and both at
once, as in a power cut, which only a missing heartbeat tells of.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.operate_parts import shop
from benchmarks.operate_parts.rig import Rig, environment_of, flow_processes, processes, until

PAUSE = (4.0, 16.0)  # s between a run's return and the next kill
PATIENCE = 420.0  # s for a kill to be noticed
KINDS = ("flow", "worker", "both")


def figures(*, quick: bool) -> list[Figure]:
    kills, products = (3, 6) if quick else (50, 100)
    with tempfile.TemporaryDirectory(prefix="operate-") as folder:
        rig = Rig(Path(folder))
        campaign = shop.lay_out(rig.home / "shop", products)
        with rig.serving(campaign):
            run = rig.start("nightly")
            noticed = _kill(rig, run, kills)
            end = rig.ended(run, 90 * 3 * products)
            until(lambda: not rig.runs(type_=["RUNNING", "PENDING", "CANCELLING"]), 300, "some runs did not end")
            return _told(rig, shop.names(products), noticed, end["state"]["name"])


def _kill(rig: Rig, run: str, kills: int) -> list[tuple[str, float]]:
    """(kind, seconds until the run that was hit went on) of each kill, for as long as the night lasts."""
    rng, mark, noticed = random.Random(11), f"CROSSREEL_TRIAL={rig.trial}", list[tuple[str, float]]()
    while len(noticed) < kills:
        time.sleep(rng.uniform(*PAUSE))
        if _over(rig, run):
            break
        flows = flow_processes(mark)
        workers = [pid for pid, command in processes(mark).items() if "prefect worker start" in command]
        kind = KINDS[len(noticed) % len(KINDS)]
        if not workers or (kind != "worker" and not flows):
            continue  # still coming back
        victims = {"flow": flows[:1], "worker": workers, "both": workers + flows}[kind]
        hit = [environment_of(pid).get("PREFECT__FLOW_RUN_ID", "") for pid in victims if pid in flows]
        if not all(hit):
            continue  # one has just ended by itself
        counts = {name: rig.state(name)["run_count"] for name in hit}
        at = time.monotonic()
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        try:
            until(partial(_goes_on, rig, counts, mark, workers), PATIENCE, f"kill {len(noticed) + 1}, of {kind}, was not noticed")
        except RuntimeError as why:
            runs = [rig.state(name) for name in {run, *hit}]
            told = "; ".join(f"{r['name']}, try {r['run_count']}: {r['state']['name']}, {r['state']['message']}" for r in runs)
            raise RuntimeError(f"{why}: {told}") from why
        noticed.append((kind, time.monotonic() - at))
    return noticed


def _over(rig: Rig, run: str) -> bool:
    """Whether the night has ended. One that was killed is brought back: that is waited for."""
    until(lambda: rig.state(run)["state"]["type"] != "CRASHED", PATIENCE, "a night that was killed was not brought back")
    return rig.state(run)["state"]["type"] in ("COMPLETED", "FAILED")


def _goes_on(rig: Rig, counts: dict[str, int], mark: str, workers: list[int]) -> bool:
    """Whether each run that was hit has begun anew or ended, and a worker is there."""
    for name, count in counts.items():
        found = rig.state(name)
        if found["run_count"] <= count and found["state"]["type"] != "COMPLETED":
            return False
    return any("prefect worker start" in command for pid, command in processes(mark).items() if pid not in workers or counts)


def _told(rig: Rig, clips: list[str], noticed: list[tuple[str, float]], end: str) -> list[Figure]:
    diary = rig.diary()
    posted = Counter(clip for _, _, what, _, clip in diary if what == "published")
    ended = Counter(key for _, _, what, key, _ in diary if what == "ended")
    begun = Counter(key for _, _, what, key, _ in diary if what == "began")
    out = {p.name.removesuffix(".mp4") for p in (rig.home / "shop" / "out" / "shop").glob("*.mp4")}
    cut = sum(n - ended[key] for key, n in begun.items())
    twice = [key for key, n in ended.items() if n > 1]
    stuck = rig.runs(type_=["RUNNING", "PENDING", "CANCELLING"])
    left = rig.leftovers()
    waits = {kind: [s for k, s in noticed if k == kind] for kind in KINDS}
    return [
        Figure("clips; kills", f"{len(clips)}; {len(noticed)}: " + ", ".join(f"{len(waits[k])} {k}" for k in KINDS)),
        Figure("the night ends as", end, "Completed", end == "Completed"),
        Figure("clips that were put out", str(len(out & set(clips))), str(len(clips)), out == set(clips)),
        Figure("clips put out twice", str(sum(n > 1 for n in posted.values())), "0", all(n == 1 for n in posted.values())),
        Figure("artifacts finished twice", str(len(twice)), "0", not twice),
        Figure("artifacts that a kill cut off", str(cut), f"at most {2 * len(noticed)}, two in hand each time", cut <= 2 * len(noticed)),
        Figure("half-made files left", str(len(left)), "0", not left),
        Figure("runs that hang", str(len(stuck)), "0", not stuck),
        *(
            Figure(f"{kind} killed: seconds until the work goes on", f"{median(waits[kind]):.0f}, at most {max(waits[kind]):.0f}")
            for kind in KINDS
            if waits[kind]
        ),
    ]
