"""Five thousand products in one night: planned, handed out, and every task run recorded.

No clip of them is made: their texts are missing, so that each ends at its first stage with the reason. What is left is what Prefect and
the plan cost.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import Figure
from benchmarks.operate_parts import shop
from benchmarks.operate_parts.rig import Rig, cpu_of, processes, until

PAGES = ("flow_runs/filter", "task_runs/filter", "artifacts/latest/filter")  # what the UI's pages ask for


def figures(*, quick: bool) -> list[Figure]:
    products = 300 if quick else 5000
    with tempfile.TemporaryDirectory(prefix="operate-") as folder:
        rig = Rig(Path(folder))
        campaign = shop.lay_out(rig.home / "shop", products, bare=True)
        with rig.serving(campaign):
            mark, answers = f"CROSSREEL_TRIAL={rig.trial}", list[float]()
            before, began = cpu_of(processes(mark)), time.monotonic()
            run = rig.start("nightly")

            def look() -> Any:
                answers.append(_answer(rig))
                found = rig.state(run)
                return found if found["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED") else None

            end = until(look, 3 * products, "the night did not end")
            took = time.monotonic() - began
            spent = cpu_of(processes(mark)) - before
            recorded = _recorded(rig, products)
            behind = time.monotonic() - began - took
            server = next(pid for pid, command in processes(mark).items() if "prefect server start" in command)
            database = sum(p.stat().st_size for p in (rig.home / "prefect").glob("prefect.db*")) / 2**20
            return [
                Figure("products, each a task run that ends at its first stage", f"{products:,}"),
                Figure("the night ends as", end["state"]["name"], "Failed", end["state"]["name"] == "Failed"),
                Figure("seconds from the start to the page", f"{took:.0f}"),
                Figure("seconds until the server had recorded the last of it", f"{behind:.0f}"),
                Figure("task runs that the server has recorded", f"{recorded:,}", f"{products:,}", recorded == products),
                Figure("CPU seconds for a product: plan, task, server", f"{spent / products:.3f}"),
                Figure("the server's memory", f"{_memory(server):.0f} MiB"),
                Figure("the server's database", f"{database:.0f} MiB"),
                Figure("a page of the UI, while it goes on: seconds, median and worst", f"{median(answers):.2f}, {max(answers):.2f}"),
            ]


def _answer(rig: Rig) -> float:
    """Seconds for the questions that the page of runs asks."""
    began = time.monotonic()
    for page in PAGES:
        rig.ask(page, {"limit": 50})
    return time.monotonic() - began


def _recorded(rig: Rig, count: int) -> int:
    """Task runs of clips recorded as ended: waited for until there are that many, or no more come for a minute."""
    known, since = -1, time.monotonic()
    while time.monotonic() - since < 60:
        now = sum(t["name"].startswith("clip") and t["state_type"] == "FAILED" for t in rig.tasks())
        if now >= count:
            return now
        if now != known:
            known, since = now, time.monotonic()
        time.sleep(3)
    return known


def _memory(pid: int) -> float:
    """MiB that a process has in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0
