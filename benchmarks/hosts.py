"""Hosts: whether mouths go with voices and hands with words, which videos of people are taken, and what a drawn host costs.

    python benchmarks/hosts.py [--quick] [--json] [--only PART]

Parts: sync_grid (the sync measure on people), sync_drawn, gestures, filmed, cpu. The first and filmed need ../shared/testdata and are
left out without, which is said. --quick takes one drawn avatar, two videos and one round of the cost. Exits with 1 when a figure falls
short.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import figures  # noqa: E402
from benchmarks.hosts_parts import cpu, filmed, gestures, sync_drawn, sync_grid  # noqa: E402


def main() -> int:
    asked, shared = figures.asked(__doc__), figures.shared()
    cv2.setNumThreads(1)
    parts = {
        "sync_grid": lambda: sync_grid.figures(shared, quick=asked.quick),
        "sync_drawn": lambda: sync_drawn.figures(quick=asked.quick),
        "gestures": gestures.figures,
        "filmed": lambda: filmed.figures(shared, quick=asked.quick),
        "cpu": lambda: cpu.figures(quick=asked.quick),
    }
    chosen = [(name, part) for name, part in parts.items() if name.startswith(asked.only)]
    left_out = "" if shared else "sync_grid and filmed, which need ../shared/testdata/talking_head"
    return figures.report(chosen, as_json=asked.json, left_out=left_out)


if __name__ == "__main__":
    sys.exit(main())
