"""Words: what the checks find and how often they cry wolf, models that behave badly, numbers aloud, Thai line breaks, a night.

    python benchmarks/words.py [--quick] [--json]

Parts need ../shared/testdata (real parallel sentences and catalogs) and are left out without it, which is said. --quick takes 40
products for the night and leaves out the line breaks of 800 sentences and the scripts of real catalogs. Exits with 1 when a
figure falls short.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import report  # noqa: E402
from benchmarks.words_parts import breaking, judging, numbers, real_scripts, servers, throughput  # noqa: E402

TESTDATA = ROOT.parent / "shared" / "testdata"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--json", action="store_true")
    options.add_argument("--show", action="store_true", help="print each case that was missed, and each false alarm")
    asked = options.parse_args()
    shared = TESTDATA if TESTDATA.is_dir() else None
    parts = (
        ("checks", lambda: judging.figures(shared, show=asked.show)),
        ("real catalogs", lambda: [] if asked.quick else real_scripts.figures(shared, show=asked.show)),
        ("a model behind OpenAI's API", servers.figures),
        ("numbers aloud", lambda: numbers.figures(shared)),
        ("Thai line breaks", lambda: [] if asked.quick else breaking.figures(shared)),
        ("a night", lambda: throughput.figures(40 if asked.quick else 500)),
    )
    return report(parts, as_json=asked.json, left_out="" if shared else "without ../shared/testdata: SIB-200, Solidus, real catalogs")


if __name__ == "__main__":
    sys.exit(main())
