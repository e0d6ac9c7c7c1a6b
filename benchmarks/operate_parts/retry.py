"""One Retry after faults at every stage, and a night in which nothing has changed.

A night of small clips (5 frames a second, everything else as a seller has it) in which clips fail at each stage; the faults are taken
away and the run is retried by the API's call that the UI's button makes.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from benchmarks.figures import Figure
from benchmarks.operate_parts import shop
from benchmarks.operate_parts.rig import Rig, cpu_of, processes, until

STAGES = ("translate", "script", "voice", "clip", "checks", "publish")
# What of an artifact's kind is to be made again by a Retry, for a fault at each of STAGES: nothing before the stage itself.
KINDS = ("text", "script", "speech", "clip", "checks")
FIRST = {"translate": 0, "script": 1, "voice": 2, "clip": 3, "checks": 4, "publish": 5}
MANY = 100  # clips from which on a run's own start, some 20 CPU s, no longer decides
DEFAULT_CLIP = 30.0  # CPU s of a clip as the demo has it, for the overhead's share: docs/benchmarks.md


def figures(*, quick: bool) -> list[Figure]:
    products, faults = (2, 6) if quick else (200, 20)
    with tempfile.TemporaryDirectory(prefix="operate-") as folder:
        rig = Rig(Path(folder))
        campaign = shop.lay_out(rig.home / "shop", products)
        clips = shop.names(products)
        rng = random.Random(7)
        planted = dict(zip(rng.sample(clips, faults), (STAGES[n % len(STAGES)] for n in range(faults)), strict=True))
        for clip, stage in planted.items():
            rig.plant(stage, clip)
        with rig.serving(campaign):
            return _night(rig, clips, planted, seconds=60 * len(clips))


def _night(rig: Rig, clips: list[str], planted: dict[str, str], seconds: float) -> list[Figure]:
    mark = f"CROSSREEL_TRIAL={rig.trial}"
    spent, began = [cpu_of(processes(mark))], time.monotonic()
    run = rig.start("nightly")
    first = rig.ended(run, seconds)
    took = time.monotonic() - began
    spent.append(cpu_of(processes(mark)))
    told = _tasks(rig, len(clips) + _posts(clips, planted))
    failed = Counter(state for name, state in told if state == "Failed")
    before = len(rig.diary())

    rig.mend()
    rig.retry(run)
    second = rig.ended(run, seconds, count=2)
    spent.append(cpu_of(processes(mark)))
    again = rig.diary()[before:]
    retold = _tasks(rig, 3 * len(clips) + _posts(clips, planted))[len(told) :]
    made = Counter(key.partition("/")[0] for _, _, what, key, _ in again if what == "ended")
    expected = {kind: sum(FIRST[s] <= n for s in planted.values()) for n, kind in enumerate(KINDS)}
    reused = sum(state == "Reused" for name, state in retold if name.startswith("clip"))
    posted = [clip for _, _, what, _, clip in rig.diary() if what == "published"]

    # A new night in which nothing has changed.
    count = len(rig.diary())
    third = rig.ended(rig.start("nightly"), seconds)
    spent.append(cpu_of(processes(mark)))
    renders = [row for row in rig.diary()[count:] if row[2] == "began"]
    twice = [key for key, n in Counter(key for _, _, what, key, _ in rig.diary() if what == "ended").items() if n > 1]
    whole, retried, nothing = (b - a for a, b in pairwise(spent))
    differ = _different(rig, planted)
    share = nothing / len(clips) / DEFAULT_CLIP
    judged = len(clips) >= MANY
    kinds = ", ".join(f"{made[k]} {k}" for k in KINDS if made[k])
    return [
        Figure("clips of the night; with faults planted", f"{len(clips)}; {len(planted)} at {', '.join(STAGES)}"),
        Figure("the night: seconds, CPU seconds, one worker of two clips", f"{took:.0f}, {whole:.0f}"),
        Figure("the first run ends as", first["state"]["name"], "Failed", first["state"]["name"] == "Failed"),
        Figure("clips and posts that failed in it", str(failed["Failed"]), f"{len(planted)}", failed["Failed"] == len(planted)),
        Figure("after one Retry the run ends as", second["state"]["name"], "Completed", second["state"]["name"] == "Completed"),
        _only_what_had_failed(made, expected, kinds),
        Figure("clips that ended as Reused in the Retry", str(reused), _reusable(clips, planted), str(reused) == _reusable(clips, planted)),
        Figure("CPU seconds of the Retry", f"{retried:.0f}"),
        Figure("clips posted to the channel", f"{len(set(posted))}", f"{len(clips)}", set(posted) == set(clips)),
        Figure("artifacts made twice", str(len(twice)), "0", not twice),
        Figure("clips that differ from those of a run without faults", f"{differ} of {len(planted)}", "0", not differ),
        Figure("nothing changed: the run ends as", third["state"]["name"], "Completed", third["state"]["name"] == "Completed"),
        Figure("nothing changed: artifacts begun", str(len(renders)), "0", not renders),
        Figure("nothing changed: CPU seconds for a clip, the server's among them", f"{nothing / len(clips):.2f}"),
        Figure(
            f"nothing changed: CPU against clips of the default size ({DEFAULT_CLIP:.0f} s each)",
            f"{share:.1%}", "at most 2 %" if judged else "", share <= 0.02 or not judged,
        ),
    ]  # fmt: skip


def _only_what_had_failed(made: Counter[str], expected: dict[str, int], kinds: str) -> Figure:
    """Speech is kept by Line, and texts may be shared: of these the number of clips is a bound, not the count."""
    ok = all(made[kind] == expected[kind] for kind in ("script", "clip", "checks")) and bool(made["speech"]) == bool(expected["speech"])
    return Figure("made by the Retry", kinds, ", ".join(f"{expected[k]} {k}" for k in ("script", "clip", "checks")), ok)


def _posts(clips: list[str], planted: dict[str, str]) -> int:
    """Clips that got as far as a post in the first run."""
    return len(clips) - sum(stage != "publish" for stage in planted.values())


def _reusable(clips: list[str], planted: dict[str, str]) -> str:
    """Clips that were there when the Retry came: those that nothing had stopped, and those stopped after they were made."""
    return str(len(clips) - sum(stage not in ("checks", "publish") for stage in planted.values()))


def _tasks(rig: Rig, count: int) -> list[tuple[str, str]]:
    """(name, state's name) of all task runs once the server has recorded so many as ended, in the order they were begun."""

    def look() -> Any:
        found = [
            (t["name"], t["state_name"]) for t in rig.tasks() if t["name"].startswith(("clip", "publish")) and t["state_type"] in _OVER
        ]
        return found if len(found) >= count else None

    found: list[tuple[str, str]] = until(look, 300, f"the server did not record {count} task runs")
    return found


_OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def _different(rig: Rig, planted: dict[str, str]) -> int:
    """Clips among those that had failed whose frames or sound differ from the ones that a store of its own, which never saw a fault,
    gives: made here and now, by `crossreel run`."""
    fresh = rig.home / "fresh"
    skus = sorted({clip.rpartition(".")[0] for clip in planted})
    command = [str(Path(sys.executable).parent / "crossreel"), "run", str(rig.home / "shop" / "campaign.yaml"), "--out", str(fresh / "out")]
    env = rig.environment(CROSSREEL_HOME=str(fresh))
    subprocess.run([*command, *(part for sku in skus for part in ("--only", sku))], env=env, capture_output=True, check=False)
    return sum(
        _content(rig.home / "shop" / "out" / "shop" / f"{clip}.mp4") != _content(fresh / "out" / "shop" / f"{clip}.mp4") for clip in planted
    )


def _content(file: Path) -> str:
    """A digest of a film's packets; of one that is not there, its path, which equals no other's."""
    if not file.is_file():
        return str(file)
    told = hashlib.sha256()
    with av.open(str(file)) as film:
        for packet in film.demux():
            told.update(bytes(packet))
    return told.hexdigest()
