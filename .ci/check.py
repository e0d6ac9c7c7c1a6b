"""What must hold before anything lands.

Every step is run. What it prints comes whole, under its name and in the order below; at the end stand the minutes each took and which
ones failed. Exits with 1 when one did.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = ".venv/bin/python benchmarks/"
FIRST = ["make test", "make heavy"]  # these fill all cores
# Of one core each. What is judged of them is the same beside another one, so two are run at a time; the CPU they tell of is not judged.
PAIRED = [
    BENCHMARKS + "operate.py --quick --only retry",  # the longest first, so that none is left alone at the end
    BENCHMARKS + "operate.py --quick --only crowd",
    BENCHMARKS + "publish.py --quick",
    BENCHMARKS + "hosts.py --quick",
    BENCHMARKS + "dub.py --quick --only again",
    BENCHMARKS + "words.py --quick",
    BENCHMARKS + "layouts.py --quick",
    BENCHMARKS + "sync.py",
    "make lint",
    BENCHMARKS + "render.py --quick --only file",
    BENCHMARKS + "catalogs.py --quick",
    BENCHMARKS + "thai_front_end.py",
    BENCHMARKS + "dub.py --quick --only heads",
]
LAST = ["make neural", BENCHMARKS + "voices.py --quick"]  # the first installs what changes what others find, and what voices needs


class Step(NamedTuple):
    command: str
    seconds: float
    ok: bool


def main() -> int:
    os.chdir(ROOT)
    # Where it is set, every process of every step would compile the project, and pytest rewrite the tests, anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    steps = [*alone(FIRST), *paired(PAIRED), *alone(LAST)]
    print("\n== in all")
    for step in steps:
        print(f"{'ok' if step.ok else 'FAILED':<8}{step.seconds / 60:5.1f} min  {step.command}")
    return int(not all(step.ok for step in steps))


def alone(commands: list[str]) -> Iterator[Step]:
    for command in commands:
        print(f"\n== {command}", flush=True)
        began = time.monotonic()
        ended = subprocess.run(command, shell=True, check=False)
        yield Step(command, time.monotonic() - began, ended.returncode == 0)


def paired(commands: list[str]) -> Iterator[Step]:
    def run(command: str) -> tuple[Step, bytes]:
        began = time.monotonic()
        ended = subprocess.run(command, shell=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return Step(command, time.monotonic() - began, ended.returncode == 0), ended.stdout

    with ThreadPoolExecutor(2) as pool:
        for step, printed in pool.map(run, commands):
            print(f"\n== {step.command}", flush=True)
            sys.stdout.buffer.write(printed)
            sys.stdout.flush()
            yield step


if __name__ == "__main__":
    sys.exit(main())
