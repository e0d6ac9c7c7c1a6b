"""The store: every stage's output under a key made of all that shaped it, so that nothing is made twice.

An artifact is a folder of files. It is built under a temporary name and renamed when whole, so a half-written
one can't be seen; a lock per key keeps two workers from making the same one. `LocalStore` is a folder;
`localize.store_s3.S3Store` shares the artifacts of a fleet through a bucket and keeps a local copy.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel

from localize.errors import Left


def digest(*parts: Any) -> str:
    """A hash of JSON-able values, models, dataclasses, decimals, dates and paths: 32 hex digits, equal for equal contents.

    Raises TypeError for anything else: what has no order or no content of its own (a set, an object) would hash
    differently in the next process.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, BaseModel):
            return value.model_dump()
        if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        if isinstance(value, Decimal):
            return format(value.normalize(), "f")  # 129 and 129.00 are one price
        if isinstance(value, Path | date):
            return str(value)
        raise TypeError(f"a key can't be made of {value!r}")

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


_shut: ContextVar[str] = ContextVar("shut", default="")


@contextmanager
def shut(why: str) -> Iterator[None]:
    """Inside, in this thread, finished artifacts can be had and nothing is made: `why` not, says the Left that is raised."""
    token = _shut.set(why)
    try:
        yield
    finally:
        _shut.reset(token)


def must_be_open() -> None:
    """Called before anything is made. Raises Left inside of `shut`."""
    if why := _shut.get():
        raise Left(why)


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

        If `build` raises, nothing is left behind. Another worker making the same key is waited for. Raises Left inside of `shut`.
        """
        found = self.find(key)
        if found:
            return Artifact(key, found, reused=True)
        must_be_open()
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
            with suppress(Timeout), self._lock(tmp.name).acquire(blocking=False):
                if tmp.is_dir():
                    shutil.rmtree(tmp, ignore_errors=True)
                else:
                    tmp.unlink(missing_ok=True)
                gone += 1
        for lock in (self.root / "locks").iterdir():
            # Whoever waits for it notices that the file it opened is gone, and takes a new one.
            with suppress(Timeout), FileLock(lock).acquire(blocking=False):
                lock.unlink(missing_ok=True)
        return gone

    def note(self, run: str, name: str, text: str) -> None:
        """Keep a run's note (JSON text) of that name, replacing an earlier one. Notes outlive the process that wrote them."""
        folder = self.root / "runs" / run
        folder.mkdir(parents=True, exist_ok=True)
        key = f"note/{run}/{name}"
        with self._lock(key):
            part = self._tmp(key)
            part.write_text(text, encoding="utf-8")
            part.rename(folder / f"{name}.json")

    def notes(self, run: str, start: str = "", *, but: Collection[str] = ()) -> dict[str, str]:
        """The notes of a run whose names begin with `start`, by name; those of `but` are not read."""
        found = sorted(p for p in (self.root / "runs" / run).glob("*.json") if p.stem.startswith(start) and p.stem not in but)
        return {p.stem: p.read_text(encoding="utf-8") for p in found}

    def runs(self) -> list[str]:
        """The runs that have notes, newest first."""
        return [p.name for p in sorted((self.root / "runs").iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)]

    def noted(self, run: str, name: str) -> str | None:
        """One note of a run; None if there is none of that name."""
        with suppress(FileNotFoundError):
            return (self.root / "runs" / run / f"{name}.json").read_text(encoding="utf-8")
        return None

    def collect(self, keep_runs: int, *, spare: float = 0.0, needed: Collection[str] = ()) -> tuple[int, int]:
        """Remove every artifact that no note of the newest `keep_runs` runs names in its `keys` and that is not `needed`, and the older
        runs' notes.

        What is being made right now stays, and so does what was made in the last `spare` seconds: a run that is still
        going notes a clip only when it is finished. Returns how many artifacts went, and their bytes.
        """
        runs = self.runs()
        kept = {k for run in runs[:keep_runs] for text in self.notes(run).values() for k in json.loads(text).get("keys", ())} | set(needed)
        for run in runs[keep_runs:]:
            self._forget(run)
        before = time.time() - spare
        sizes = [self._discard(key) for key in self._keys() if key not in kept and self._made_at(key) <= before]
        gone = [size for size in sizes if size is not None]
        return len(gone), sum(gone)

    def _keys(self) -> list[str]:
        """Every artifact there is."""
        found = (p for p in self.root.glob("*/*") if p.is_dir() and p.parent.name not in ("tmp", "locks", "runs"))
        return sorted(p.relative_to(self.root).as_posix() for p in found)

    def _made_at(self, key: str) -> float:
        """When an artifact was made, in seconds since 1970."""
        return (self.root / key).stat().st_mtime

    def _forget(self, run: str) -> None:
        shutil.rmtree(self.root / "runs" / run)

    def _discard(self, key: str) -> int | None:
        """Remove an artifact. Returns its bytes, or None where it is being made and stays."""
        folder, grave = self.root / key, self._tmp(key)
        try:
            with self._lock(key).acquire(blocking=False):
                size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
                # Renamed first: a reader must never find the folder with some files already gone.
                shutil.rmtree(grave, ignore_errors=True)
                folder.rename(grave)
                shutil.rmtree(grave)
        except Timeout:
            return None
        return size

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
