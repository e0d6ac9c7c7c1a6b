"""What a benchmark prints: figures by part, what each must be, and whether it is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "testdata"


def asked(about: str | None) -> argparse.Namespace:
    """What the command line of a benchmark of several parts asks for: `quick`, `json`, `only` a part. `about` is its help."""
    options = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--json", action="store_true")
    options.add_argument("--only", default="", help="the part whose name begins so")
    return options.parse_args()


def shared() -> Path | None:
    """The folder of real files that no part may copy, where it is there."""
    return SHARED if SHARED.is_dir() else None


class Figure(NamedTuple):
    """One measured figure: what it is, as shown, what it must be ("" where nothing is asked), and whether it is."""

    what: str
    value: str
    must: str = ""
    ok: bool = True


def report(parts: Iterable[tuple[str, Callable[[], list[Figure]]]], *, as_json: bool, left_out: str = "") -> int:
    """Run the parts and print their figures as they come, or all as JSON. Returns the exit code: 1 when one falls short."""
    found: list[Figure] = []
    for name, part in parts:
        figures = part()
        found += figures
        if not as_json and figures:
            print(f"\n{name}")
            for figure in figures:
                must = f"   ({figure.must})" if figure.must else ""
                print(f"  {'  ' if figure.ok else '! '}{figure.what:<70} {figure.value}{must}", flush=True)
    if left_out and not as_json:
        print(f"\nleft out: {left_out}")
    short = [f"{f.what}: {f.value}, {f.must}" for f in found if not f.ok]
    if as_json:
        print(json.dumps({"figures": [f._asdict() for f in found], "short": short}, ensure_ascii=False))
    elif short:
        print("\nfalls short:", *short, sep="\n  ")
    return int(bool(short))
