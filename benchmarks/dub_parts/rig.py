"""`crossreel dub` in a process of its own, as people call it: how it ended, what it said, and what it and its children took."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.dub_parts import measures, texts
from benchmarks.dub_parts.films import Film
from benchmarks.dub_parts.measures import Dub

ROOT = Path(__file__).resolve().parent.parent.parent
LOOK = 0.25  # s between looks at the memory
PREFECT = TemporaryDirectory(prefix="dub-prefect-")  # one for all runs: its first start takes a minute, which is not what is measured


class Ended(NamedTuple):
    """A run's exit code, what it printed, its wall and CPU seconds (its children's in them), and the most memory that all its
    processes had at a time: bytes of their own, and with the pages of files that the system may take back."""

    code: int
    said: str
    wall: float
    cpu: float
    own: int
    mapped: int


def environment(home: Path, **more: str) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "CROSSREEL_"))}
    return clean | {"CROSSREEL_HOME": str(home), "PREFECT_HOME": PREFECT.name, "COLUMNS": "200"} | more


def command(videos: Sequence[Path | str], out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "localize.cli", "dub", *map(str, videos), "--out", str(out), *options]


def run(line: Sequence[str], home: Path) -> Ended:
    """Run a command to its end."""
    home.mkdir(parents=True, exist_ok=True)
    log, began = home / "said.txt", time.monotonic()
    peaks = [0, 0]
    with log.open("wb") as said:
        process = subprocess.Popen(line, stdout=said, stderr=subprocess.STDOUT, env=environment(home), cwd=ROOT, start_new_session=True)
        over = threading.Event()
        looking = threading.Thread(target=_look, args=(process.pid, peaks, over))
        looking.start()
        _, status, used = os.wait4(process.pid, 0)
        over.set()
        looking.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    text = re.sub(r"\x1b\[[0-9;]*m", "", log.read_text(encoding="utf-8", errors="replace"))
    return Ended(process.returncode, text, time.monotonic() - began, used.ru_utime + used.ru_stime, *peaks)


def _look(pid: int, peaks: list[int], over: threading.Event) -> None:
    while not over.wait(LOOK):
        parts = [_memory(p) for p in _family(pid)]
        peaks[0] = max(peaks[0], sum(own for own, _ in parts))
        peaks[1] = max(peaks[1], sum(own + file for own, file in parts))


def _family(session: int) -> list[int]:
    """The processes of a session: a command and all that it started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int((entry / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _memory(pid: int) -> tuple[int, int]:
    """Bytes of a process: its own, and its share of files' pages."""
    try:
        told = dict(re.findall(r"(\w+):\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text()))
    except OSError:
        return 0, 0
    return 1024 * (int(told.get("Pss_Anon", 0)) + int(told.get("Pss_Shmem", 0))), 1024 * int(told.get("Pss_File", 0))


def dubbed(
    films: Sequence[Film], folder: Path, languages: Sequence[str], *options: str, more: Sequence[tuple[str, str, str, str]] = ()
) -> tuple[list[Dub], Ended]:
    """Dub films by their transcripts in one call; the dubs that came of it, and how it ended."""
    scripts, out = folder / "transcripts", folder / "out"
    scripts.mkdir(parents=True, exist_ok=True)
    for film in films:
        texts.subtitles(scripts / f"{film.name}.srt", film.lines)
    campaign = texts.campaign(folder, films[0].video, more)
    asked = ("--to", ",".join(languages), "--transcript", str(scripts), "--campaign", str(campaign), "--keep-length", *options)
    ended = run(command([film.video for film in films], out, *asked), folder / "home")
    made = []
    for film in films:
        for code in languages:
            if (out / f"{film.name}.{code}.json").is_file():
                made.append(measures.dub_of(film.video, out, code))
    return made, ended
