"""The store: every stage's output under a key made of all that shaped it, so that nothing is made twice.

An artifact is a folder of files. It is built under a temporary name and renamed when whole, so a half-written
one can't be seen; a lock per key keeps two workers from making the same one. `LocalStore` is a folder;
`localize.store_s3.S3Store` shares the artifacts of a fleet through a bucket and keeps a local copy.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel


def digest(*parts: Any) -> str:
    """A hash of JSON-able values and models: 32 hex digits, equal for equal contents."""

    def plain(value: Any) -> Any:
        if isinstance(value, BaseModel):
            return value.model_dump(mode="json")
        return str(value)

    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=plain)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def file_digest(path: str | Path) -> str:
    """A hash of a file's content. Remembered per path, size and time of change, as the same picture is asked for often."""
    stat = Path(path).stat()
    return _file_digest(str(path), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4096)
def _file_digest(path: str, size: int, mtime_ns: int) -> str:
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()[:32]


def key(stage: str, version: str, *inputs: Any) -> str:
    """An artifact's name: the stage, then a hash over the stage's version and everything that shapes the output."""
    return f"{stage}/{digest(stage, version, *inputs)}"


@dataclass(frozen=True)
class Artifact:
    """A finished output: its key, the folder its files are in, and whether it was there already."""

    key: str
    folder: Path
    reused: bool


class LocalStore:
    """Artifacts in a folder: `<root>/<stage>/<hash>/`, with `tmp/` and `locks/` beside the stages."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        for name in ("tmp", "locks", "runs"):
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def find(self, key: str) -> Path | None:
        """The folder of a finished artifact, or None."""
        folder = self.root / key
        return folder if folder.is_dir() else None

    def make(self, key: str, build: Callable[[Path], None]) -> Artifact:
        """The artifact of a key, built by `build(empty folder)` if nobody has made it yet.

        If `build` raises, nothing is left behind. Another worker making the same key is waited for.
        """
        found = self.find(key)
        if found:
            return Artifact(key, found, reused=True)
        with self._lock(key), self._lease(key):
            found = self.find(key)
            if found:
                return Artifact(key, found, reused=True)
            tmp = self._tmp(key)
            shutil.rmtree(tmp, ignore_errors=True)
            tmp.mkdir(parents=True)
            try:
                build(tmp)
                self._publish(key, tmp)
                folder = self.root / key
                folder.parent.mkdir(parents=True, exist_ok=True)
                tmp.rename(folder)
            finally:
                shutil.rmtree(tmp, ignore_errors=True)
        return Artifact(key, folder, reused=False)

    def sweep(self) -> int:
        """Remove what killed workers left half-made; what a living worker is making is locked and stays. Returns how many."""
        gone = 0
        for tmp in (self.root / "tmp").iterdir():
            lock = FileLock(self.root / "locks" / f"{tmp.name}.lock")
            try:
                with lock.acquire(blocking=False):
                    shutil.rmtree(tmp, ignore_errors=True)
                    gone += 1
            except Timeout:
                continue
        for lock_file in (self.root / "locks").iterdir():
            # A killed worker's lock file stays behind; taking and letting go of the lock removes it.
            try:
                FileLock(lock_file).acquire(blocking=False).lock.release()
            except Timeout:
                continue
        return gone

    def note(self, run: str, name: str, text: str) -> None:
        """Keep a run's note (JSON text) of that name, replacing an earlier one. Notes outlive the process that wrote them."""
        folder = self.root / "runs" / run
        folder.mkdir(parents=True, exist_ok=True)
        part = self.root / "tmp" / f"note-{run}-{name}"
        part.write_text(text, encoding="utf-8")
        part.rename(folder / f"{name}.json")

    def notes(self, run: str) -> dict[str, str]:
        """All notes of a run, by name."""
        return {p.stem: p.read_text(encoding="utf-8") for p in sorted((self.root / "runs" / run).glob("*.json"))}

    def collect(self, keep_runs: int) -> tuple[int, int]:
        """Remove every artifact that no note of the newest `keep_runs` runs names in its `keys`, and the older runs' notes.

        Returns how many artifacts went, and their bytes.
        """
        runs = sorted((self.root / "runs").iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
        kept = {k for run in runs[:keep_runs] for text in self.notes(run.name).values() for k in json.loads(text).get("keys", ())}
        for stale in runs[keep_runs:]:
            shutil.rmtree(stale)
        count = size = 0
        for folder in self.root.glob("*/*"):
            name = folder.relative_to(self.root).as_posix()
            if not folder.is_dir() or folder.parent.name in ("tmp", "locks", "runs") or name in kept:
                continue
            with self._lock(name):
                size += sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
                # Renamed first: a reader must never find the folder with some files already gone.
                grave = self.root / "tmp" / f"gone-{folder.name}"
                folder.rename(grave)
                shutil.rmtree(grave)
                count += 1
        return count, size

    def _tmp(self, key: str) -> Path:
        return self.root / "tmp" / key.replace("/", "-")

    def _lock(self, key: str) -> FileLock:
        return FileLock(self.root / "locks" / f"{self._tmp(key).name}.lock")

    def _lease(self, key: str) -> AbstractContextManager[object]:
        """Held while building, besides the lock that only this machine sees."""
        return nullcontext()

    def _publish(self, key: str, folder: Path) -> None:
        """Called with the finished folder just before it becomes visible here."""


def open_store(where: str, home: Path) -> LocalStore:
    """The store at a path or an `s3://bucket/prefix` address. `home` holds the local copy of a bucket's artifacts."""
    if where.startswith("s3://"):
        from localize.store_s3 import S3Store  # needs the `aws` extra

        return S3Store.at(where, home / "s3-cache")
    return LocalStore(Path(where))
