"""Layouts: whether every text finds its place whatever is sold, and a sheet of all of them to look at.

    python benchmarks/layouts.py [--quick] [--json] [--only PART] [--sheet PNG] [--trouble PNG]

Parts: texts (products made up at random, in every layout, shape of frame and language: no two texts overlap, none leaves its zone or
lies under a platform's interface), files (each picture and video of ../shared/testdata gives a frame or a reason; left out where that
is not there). --sheet draws every layout in every language upright, and in every shape of frame, --trouble the frames of the files.
Exits with 1 when a figure falls short.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import report  # noqa: E402
from benchmarks.layouts_parts import sheet, texts, trouble  # noqa: E402

TESTDATA = ROOT.parent / "shared" / "testdata"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="10 products in place of 200")
    options.add_argument("--json", action="store_true")
    options.add_argument("--only", default="", help="the part whose name begins so")
    options.add_argument("--sheet", type=Path, help="write the sheet to this PNG")
    options.add_argument("--trouble", type=Path, help="write the frames of the files to this PNG")
    asked = options.parse_args()
    cv2.setNumThreads(1)
    if asked.sheet:
        cv2.imwrite(str(asked.sheet), sheet.drawn(ROOT))
    shown: list[Any] = []
    parts = {"texts": lambda: texts.figures(10 if asked.quick else 200), "files": lambda: trouble.figures(TESTDATA, shown)}
    left_out = "" if TESTDATA.is_dir() else "files: there is no ../shared/testdata"
    chosen = [(n, part) for n, part in parts.items() if n.startswith(asked.only) and (n != "files" or not left_out)]
    code = report(chosen, as_json=asked.json, left_out=left_out)
    if asked.trouble and shown:
        cv2.imwrite(str(asked.trouble), trouble.together(shown))
    return code


if __name__ == "__main__":
    sys.exit(main())
