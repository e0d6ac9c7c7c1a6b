"""Layouts: whether every text finds its place whatever is sold, and a sheet of all of them to look at.

    python benchmarks/layouts.py [--quick] [--json] [--only PART] [--sheet PNG]

Parts: texts (products made up at random, in every layout, shape of frame and language: no two texts overlap, none leaves its zone or
lies under a platform's interface), and with --sheet the picture: every layout in every language upright, and in every shape of frame.
Exits with 1 when a figure falls short.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import report  # noqa: E402
from benchmarks.layouts_parts import sheet, texts  # noqa: E402


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="10 products in place of 200")
    options.add_argument("--json", action="store_true")
    options.add_argument("--only", default="", help="the part whose name begins so")
    options.add_argument("--sheet", type=Path, help="write the sheet to this PNG")
    asked = options.parse_args()
    cv2.setNumThreads(1)
    if asked.sheet:
        cv2.imwrite(str(asked.sheet), sheet.drawn(ROOT))
    parts = {"texts": lambda: texts.figures(10 if asked.quick else 200)}
    return report([(name, part) for name, part in parts.items() if name.startswith(asked.only)], as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
