"""Copies of what was downloaded: each in a folder of its own, under its own file name, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import time
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from localize.domain import Model
from localize.errors import Transient, UserError

FRESH_SECONDS = 6 * 3600.0
# Beside the copies; a name that begins with a point is nobody's picture (see `safe`).
_MARKS, _HALF = ".marks.json", ".half"


class Marks(Model):
    """What the server said of a copy, to ask later whether it has changed, and when it was last asked (seconds)."""

    tag: str = ""
    changed: str = ""
    asked: float = 0.0


# Writes what an address gives to the path; None when it is unchanged since the marks.
Get = Callable[[Path, Marks | None], Marks | None]


def copy(
    identity: str, name: str, folder: Path, get: Get, *, hasty: bool, wait: float, refuse: Callable[[Path], str] | None = None,
) -> Path:  # fmt: skip
    """The copy of what `identity` stands for, got when there is none or it may have changed.

    A `hasty` reader takes a copy of up to six hours unasked, and an old one when the server is in trouble. Two workers
    that want the same wait for each other, `wait` seconds at most. What `refuse` gives a reason against is not kept.
    """
    home = folder / hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    home.mkdir(parents=True, exist_ok=True)
    file, half = home / name, home / _HALF
    try:
        with FileLock(home / ".lock", timeout=wait):
            known = _known(home / _MARKS) if file.is_file() else None
            if hasty and known and 0 <= time.time() - known.asked < FRESH_SECONDS:
                return file
            try:
                _renew(file, half, known, get, refuse)
            except Transient as error:
                if not (hasty and known):
                    raise
                logging.getLogger("crossreel").warning("%s; the copy of %s is used", error, _day(known.asked))
            finally:
                half.unlink(missing_ok=True)
            return file
    except Timeout as error:
        raise Transient(f"{name} is being fetched by another worker, which is not done after {wait:g} s") from error


def _renew(file: Path, half: Path, known: Marks | None, get: Get, refuse: Callable[[Path], str] | None) -> None:
    marks = get(half, known)
    if marks is None and known is None:
        raise Transient(f"{file.name}: the server says it is unchanged, and it was never had before")
    if marks is not None:
        reason = refuse(half) if refuse else ""
        if reason:
            raise UserError(reason)
        half.replace(file)
    said = (marks or known or Marks()).model_copy(update={"asked": time.time()})
    beside = file.with_name(f"{_MARKS}.{os.getpid()}")
    beside.write_text(said.model_dump_json(), encoding="utf-8")
    beside.replace(file.with_name(_MARKS))


def _known(path: Path) -> Marks | None:
    try:
        return Marks.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):  # none yet, or a disk was full
        return None


def prune(folder: Path, days: int) -> tuple[int, int]:
    """Remove the copies that nobody has asked for in so many days; how many they were, and their bytes."""
    count = size = 0
    for home in folder.iterdir() if folder.is_dir() else ():
        known = _known(home / _MARKS)
        last = known.asked if known else home.stat().st_mtime
        if time.time() - last < days * 86_400:
            continue
        try:
            with FileLock(home / ".lock", timeout=0):
                size += sum(f.stat().st_size for f in home.iterdir())
                shutil.rmtree(home)
                count += 1
        except Timeout:  # someone is asking for it right now
            continue
    return count, size


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def write(path: Path, chunks: Iterable[bytes], name: str, megabytes: int, told: int = 0, key: str = "max_mb") -> None:
    """The chunks as a file. Raises UserError for more than `megabytes`, at once if it is `told` so, and for nothing at all. `key` is the
    campaign's, under `fetch:`, that says how many they may be."""
    if told > most(megabytes):
        raise too_large(name, megabytes, key)
    size = 0
    with path.open("wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > most(megabytes):
                raise too_large(name, megabytes, key)
            file.write(chunk)
    if not size:
        raise UserError(f"{name} is empty (0 bytes): put the file there again")


def most(megabytes: int) -> int:
    return megabytes * 1_000_000


def too_large(name: str, megabytes: int, key: str = "max_mb") -> UserError:
    return UserError(f"{name} is larger than {megabytes} MB: save it smaller, or raise `{key}` under `fetch:` in the campaign")


def safe(name: str) -> str:
    """A file name from elsewhere as one that any file system takes, at most 100 bytes, with its ending kept."""
    plain = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in unicodedata.normalize("NFC", name)).strip(" .")
    stem, point, ending = (plain or "download").rpartition(".")
    if not point or not re.fullmatch(r"\w{1,8}", ending, re.ASCII):
        stem, point, ending = plain or "download", "", ""
    return stem.encode()[: 90 - len(ending)].decode("utf-8", "ignore") + point + ending
