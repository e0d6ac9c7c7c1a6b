"""What is made anew: after one sentence was edited, and after the run was killed in the middle."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.dub_parts import films, rig, texts
from benchmarks.dub_parts.films import Film
from benchmarks.figures import Figure

KILLS = 4
PATIENCE = 300.0  # s that a run may take
EDITED = ("Order today and it ships tomorrow.", "สั่งเลยวันนี้ พรุ่งนี้ส่งให้", "Đặt ngay hôm nay, mai giao.", "Pesan sekarang, besok dikirim.")

Artifacts = dict[str, int]  # path below the store: when it was written, in ns


def figures(*, quick: bool) -> list[Figure]:
    with TemporaryDirectory(prefix="dub-") as folder:
        place = Path(folder)
        films_ = [films.hands(place / f"film-{n}.mp4", 320, 180, Fraction(25)) for n in range(1 if quick else 2)]
        return [*_edited(films_, place / "edited"), *_killed(films_, place / "killed", place / "edited", 1 if quick else KILLS)]


def _edited(some: list[Film], folder: Path) -> Iterator[Figure]:
    _, ended = rig.dubbed(some, folder, ["th"])
    before, files = artifacts(folder), _digests(folder / "out")
    yield Figure("films dubbed; exit code", f"{len(files)}; {ended.code}", f"{len(some)}; 0", len(files) == len(some) and not ended.code)
    _, ended = rig.dubbed(some, folder, ["th"])
    new = _new(before, artifacts(folder))
    yield Figure("nothing has changed: artifacts made", _counts(new), "none", not new)
    (folder / "first").mkdir()
    for path in (folder / "out").glob("*.mp4"):
        os.link(path, folder / "first" / path.name)
    _, ended = rig.dubbed(some[:1], folder, ["th"], more=[EDITED])
    new = _new(before, artifacts(folder))
    spoken = sum(count for stage, count in new.items() if stage == "speech")
    yield Figure("one sentence of one film edited: sentences spoken", str(spoken), "1", spoken == 1)
    changed = [name for name, digest in _digests(folder / "out").items() if files.get(name) != digest]
    yield Figure("films rebuilt", str(len(changed)), "1", len(changed) == 1)
    yield Figure("artifacts made for it", _counts(new))


def _killed(some: list[Film], folder: Path, whole: Path, kills: int) -> Iterator[Figure]:
    """The same dubs, with the run and all it started ended by SIGKILL each time when some more has been made."""
    scripts = folder / "transcripts"
    scripts.mkdir(parents=True)
    for film in some:
        texts.subtitles(scripts / f"{film.name}.srt", film.lines)
    asked = ("--to", "th", "--transcript", str(scripts), "--campaign", str(texts.campaign(folder, some[0].video)), "--keep-length")
    line, lost, done = rig.command([film.video for film in some], folder / "out", *asked), list[str](), 0
    for _ in range(kills):
        before = artifacts(folder)
        if not _kill(line, folder, len(before) + 2):
            break
        done += 1
        now = artifacts(folder)
        lost += [name for name, at in before.items() if now.get(name) != at]
    before = artifacts(folder)
    ended = rig.run(line, folder / "home")
    now = artifacts(folder)
    lost += [name for name, at in before.items() if now.get(name) != at]
    yield Figure("runs killed; exit code of the last", f"{done}; {ended.code}", "at least 1; 0", done > 0 and not ended.code)
    yield Figure("artifacts that outlived a kill and were made again", str(len(lost)), "0", not lost)
    left = [path for path in (folder / "out").rglob("*") if path.name.startswith((".", "~")) or path.suffix in (".tmp", ".part", ".half")]
    yield Figure("half-made files left in the folder", str(len(left)), "0", not left)
    same = _digests(folder / "out") == _digests(whole / "first")
    yield Figure("the films are those of a run that nothing happened to", "yes" if same else "no", "yes", same)


def _kill(line: list[str], folder: Path, count: int) -> bool:
    """Start the run, and end it all once the store has so many artifacts; False where it came to its end before."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    with (home / "said.txt").open("wb") as said:
        process = subprocess.Popen(line, stdout=said, stderr=said, env=rig.environment(home), cwd=rig.ROOT, start_new_session=True)
        until = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < until and len(artifacts(folder)) < count:
            time.sleep(0.02)
        early = process.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return early


def artifacts(folder: Path) -> Artifacts:
    """What a store holds, whole artifacts alone."""
    root = folder / "home" / "store"
    found = [p for p in root.glob("*/*") if p.is_dir() and p.parent.name not in ("tmp", "locks", "runs")]
    return {p.relative_to(root).as_posix(): p.stat().st_mtime_ns for p in found}


def _new(before: Artifacts, after: Artifacts) -> Counter[str]:
    return Counter(name.partition("/")[0] for name, at in after.items() if before.get(name) != at)


def _counts(new: Counter[str]) -> str:
    return ", ".join(f"{stage} {count}" for stage, count in sorted(new.items())) or "none"


def _digests(out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("*.mp4"))}
