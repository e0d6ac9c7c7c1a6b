"""Words: what the checks find and how often they cry wolf, models that behave badly, numbers aloud, Thai line breaks, a night.

    python benchmarks/words.py [--quick] [--json]

Parts need ../shared/testdata (real parallel sentences and catalogs) and are left out without it, which is said. --quick takes 40
products for the night and leaves out the line breaks of 800 sentences and the scripts of real catalogs. Exits with 1 when a
figure falls short.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.words_parts import Figure, breaking, judging, numbers, real_scripts, servers, throughput  # noqa: E402

TESTDATA = ROOT.parent / "shared" / "testdata"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--json", action="store_true")
    options.add_argument("--show", action="store_true", help="print each case that was missed, and each false alarm")
    asked = options.parse_args()
    shared = TESTDATA if TESTDATA.is_dir() else None
    found: list[Figure] = []
    for name, part in (
        ("checks", lambda: judging.figures(shared, show=asked.show)),
        ("real catalogs", lambda: [] if asked.quick else real_scripts.figures(shared, show=asked.show)),
        ("a model behind OpenAI's API", servers.figures),
        ("numbers aloud", lambda: numbers.figures(shared)),
        ("Thai line breaks", lambda: [] if asked.quick else breaking.figures(shared)),
        ("a night", lambda: throughput.figures(40 if asked.quick else 500)),
    ):
        figures = part()
        found += figures
        if not asked.json and figures:
            print(f"\n{name}")
            for figure in figures:
                must = f"   ({figure.must})" if figure.must else ""
                print(f"  {'  ' if figure.ok else '! '}{figure.what:<70} {figure.value}{must}")
    if not shared and not asked.json:
        print("\nleft out without ../shared/testdata: SIB-200, Solidus, real catalogs")
    short = [f"{f.what}: {f.value}, {f.must}" for f in found if not f.ok]
    if asked.json:
        print(json.dumps({"figures": [f._asdict() for f in found], "short": short}, ensure_ascii=False))
    elif short:
        print("\nfalls short:", *short, sep="\n  ")
    return bool(short)


if __name__ == "__main__":
    sys.exit(main())
