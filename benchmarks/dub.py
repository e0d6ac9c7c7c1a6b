"""Dubbing: whether sentences start in time and what is not speech stays as it was, what is made again, and what an hour costs.

    python benchmarks/dub.py [--quick] [--json] [--only PART]

Parts:
  heads     talking heads and hands with a product, in three languages: starts, overlaps, cuts, lengths, packets, sound outside speech
  outcomes  no sound, no speech, music only, the target language already, two at once, a broken file: how each ends
  align     a transcript without times against people's labels of words
  again     one sentence edited, and runs killed by SIGKILL: what is made again
  hour      an hour's memory and CPU, beside those of decoding and encoding it
The talking heads and align need ../shared/testdata and are left out without, which is said. --quick takes few videos and one language,
and 3 minutes for the hour. Exits with 1 when a figure falls short.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import figures  # noqa: E402
from benchmarks.dub_parts import again, align, heads, hour, outcomes  # noqa: E402


def main() -> int:
    asked, shared = figures.asked(__doc__), figures.shared()
    parts = {
        "heads": lambda: heads.figures(shared, quick=asked.quick),
        "outcomes": lambda: outcomes.figures(quick=asked.quick),
        "align": lambda: align.figures(shared, quick=asked.quick),
        "again": lambda: again.figures(quick=asked.quick),
        "hour": lambda: hour.figures(quick=asked.quick),
    }
    chosen = [(name, part) for name, part in parts.items() if name.startswith(asked.only)]
    left_out = "" if shared else "talking heads and align, which need ../shared/testdata"
    return figures.report(chosen, as_json=asked.json, left_out=left_out)


if __name__ == "__main__":
    sys.exit(main())
