"""Voices: how like a person the draft sounds, whether its words survive, word times, bad references, checks of Lines, engines, cost.

    python benchmarks/voices.py [--quick] [--json] [--only PART]

Parts need ../shared/testdata (recordings of people, hand labels), resemblyzer or pocketsphinx and are left out without, which is
said. --quick leaves out likeness and engines, which take a quarter of an hour each, and most cases of the others. Exits with 1 when a
figure falls short. voices_parts/voxcpm_speed.py measures the neural voice on a GPU and is run by itself.
"""

from __future__ import annotations

import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
warnings.filterwarnings("ignore")  # of packages that are measured beside ours

from benchmarks import figures  # noqa: E402
from benchmarks.voices_parts import checks, draft, engines, references, similarity, speed, timings, words_survive  # noqa: E402


def main() -> int:
    asked, shared = figures.asked(__doc__), figures.shared()
    parts = {
        "likeness to the reference": lambda: [] if asked.quick else similarity.figures(shared),
        "words survive the matching": lambda: words_survive.figures(shared, quick=asked.quick),
        "word times": lambda: timings.figures(shared, quick=asked.quick),
        "engines": lambda: [] if asked.quick else engines.figures(),
        "references": lambda: references.figures(quick=asked.quick),
        "checks of Lines": lambda: checks.figures(quick=asked.quick),
        "draft voice": lambda: draft.figures(shared, quick=asked.quick),
        "cost": lambda: speed.figures(100 if asked.quick else 1000),
    }
    chosen = [(name, part) for name, part in parts.items() if name.startswith(asked.only)]
    absent = [] if shared else ["what needs ../shared/testdata: likeness, hand labels, recordings of people"]
    absent += [f"what needs {name}" for name in ("resemblyzer", "pocketsphinx", "torch") if find_spec(name) is None]
    return figures.report(chosen, as_json=asked.json, left_out="; ".join(absent))


if __name__ == "__main__":
    sys.exit(main())
