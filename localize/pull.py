"""Weights fetched on purpose: what an engine declares as its `WEIGHTS`, from a Hugging Face hub or an address, resumed and verified.

Plain HTTPS. `HF_ENDPOINT` names another hub (a mirror), `HF_TOKEN` opens repositories that are not open to everybody; it goes
to the hub only and stands in no message. Files are collected beside the engine's folder, each under its checksum, so that an
interrupted download goes on where it stopped; they are moved into the folder when all of them are right.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import httpx
from filelock import FileLock, Timeout

from localize import __version__, weights
from localize.errors import NotReady, Transient, UserError
from localize.weights import MANIFEST, MIB, Source

PAUSES = (1.0, 4.0, 15.0)  # s before each further try of a download that brought nothing
LONGEST_WAIT = 120.0  # s that a server may ask for; beyond, the user is told instead
MARGIN = 100 * MIB  # of free disk, beyond the files
TIMEOUT = httpx.Timeout(30, read=60)


@dataclass(frozen=True)
class Part:
    """One file to get: where it goes below the engine's folder, where it is, its bytes, and its checksum (`sha256:` or `git:`)."""

    path: str
    address: str
    size: int
    digest: str
    origin: str  # for people: repo@commit, or the server
    licence: str  # as published with it, "" if not said


# --- what there is to get ---------------------------------------------------------------------------------------------


def endpoint() -> str:
    """The hub's address, without a slash at its end. Raises NotReady for an HF_ENDPOINT that is none."""
    told = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
    try:
        url = httpx.URL(told)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise NotReady(f"HF_ENDPOINT is {told!r}, which is no web address.", how="Write it in full, such as https://hub.example.")
    return told


def offer(sources: Sequence[Source]) -> list[Part]:
    """The files of sources as they are published now, with sizes and checksums.

    Raises NotReady for what is not there or not open, Transient on network trouble.
    """
    with _client() as client:
        parts = [part for source in sources for part in (_listed(client, source) if source.repo else [_single(client, source)])]
    return list({part.path: part for part in parts}.values())


def _listed(client: httpx.Client, source: Source) -> list[Part]:
    with _opened(client, f"{endpoint()}/api/models/{source.repo}/revision/{quote(source.revision, safe='')}?blobs=true") as answer:
        answer.read()
        try:
            told = answer.json()
            files: dict[str, Any] = {file["rfilename"]: file for file in told["siblings"]}
            commit, card = str(told["sha"]), told.get("cardData") or {}
            licence = str((card.get("license_name") if card.get("license") == "other" else card.get("license")) or "")
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise NotReady(f"{endpoint()} does not answer as a Hugging Face hub does.", how="Look at HF_ENDPOINT.") from error
    parts = {}
    for pattern in source.files:
        names = _matching(files, pattern)
        if not names and "*" not in pattern:
            raise NotReady(f"{source.repo} at {source.revision} has no file {pattern}.", how="A newer crossreel may know where it went.")
        for name in names:
            size, lfs, blob = files[name].get("size"), files[name].get("lfs") or {}, files[name].get("blobId")
            if size is None or not (lfs.get("sha256") or blob):
                raise NotReady(f"{endpoint()} gives no size and checksum of {source.repo}/{name}.", how="Set HF_ENDPOINT to another hub.")
            digest = f"sha256:{lfs['sha256']}" if lfs.get("sha256") else f"git:{blob}"
            address = f"{endpoint()}/{source.repo}/resolve/{commit}/{quote(name)}"
            parts[name] = Part(_below(source.to, name), address, int(size), digest, f"{source.repo}@{commit[:12]}", licence)
    return list(parts.values())


def _single(client: httpx.Client, source: Source) -> Part:
    where = httpx.URL(source.address)
    with _opened(client, source.address, method="HEAD") as answer:
        size = answer.headers.get("Content-Length", "")
    if not size.isdecimal():
        raise NotReady(f"{where.host} does not say how big {_name(source.address)} is.")
    return Part(_below(source.to, _name(source.address)), source.address, int(size), f"sha256:{source.sha256}", where.host, source.licence)


def _matching(names: Iterable[str], pattern: str) -> list[str]:
    """The paths that a glob means; its stars stay inside a folder."""
    return [name for name in names if name.count("/") == pattern.count("/") and fnmatch.fnmatchcase(name, pattern)]


def _below(folder: str, name: str) -> str:
    """A path inside an engine's folder. A hub's list of files must not lead anywhere else."""
    path = PurePosixPath(folder, name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise NotReady(f"the hub lists a file {name!r}, which is no name to store it under.", how="Look at HF_ENDPOINT.")
    return path.as_posix()


def _name(address: str) -> str:
    return PurePosixPath(httpx.URL(address).path).name


# --- getting it -------------------------------------------------------------------------------------------------------


def pull(parts: Sequence[Part], place: Path, tell: Callable[[str, int], None] = lambda name, count: None) -> list[str]:
    """Bring files into an engine's folder; returns the paths of those that were not there. `tell` hears of every piece of a file:
    its path and the bytes that came (negative when they were thrown away).

    Raises UserError when another pull of the engine is running, NotReady for a full disk or what is not there or not open,
    Transient on network trouble or for a file whose checksum is wrong (it is thrown away). What came before is kept.
    """
    waiting = _waiting(place)
    try:
        with _alone(waiting):
            return _pull(parts, place, waiting, tell)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NotReady(f"the disk of {place} is full.", how="Make room and pull again: what came is kept.") from error
        raise UserError(f"{place} can't be written: {error.strerror or error}. Name another folder in CROSSREEL_MODELS.") from error


def _pull(parts: Sequence[Part], place: Path, waiting: Path, tell: Callable[[str, int], None]) -> list[str]:
    sums = {part.path: _sum(place / part.path, part.digest) for part in parts}
    wanted = [part for part in parts if not sums[part.path]]
    for part in parts:
        tell(part.path, part.size if sums[part.path] else 0)
    held = {part.path: waiting / part.digest[-16:] / part.path for part in wanted}
    _room(sum(part.size - _size(held[part.path]) for part in wanted), place)
    with _client() as client:
        for part in wanted:
            file = held[part.path]
            file.parent.mkdir(parents=True, exist_ok=True)
            tell(part.path, _size(file))
            _fetch(client, part, file, tell)
            sums[part.path] = _sum(file, part.digest)
            if not sums[part.path]:
                file.unlink()
                raise Transient(f"{part.path} of {part.origin} came with a wrong checksum and was thrown away; pull again.")
    for part in wanted:
        (place / part.path).parent.mkdir(parents=True, exist_ok=True)
        held[part.path].replace(place / part.path)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    known = _manifest(place)
    for part in parts:
        entry = {"from": part.origin, "licence": part.licence, "size": part.size, "sha256": sums[part.path], "date": now}
        if part in wanted or known.get(part.path, {}).get("sha256") != entry["sha256"]:
            known[part.path] = entry
    new = waiting / MANIFEST
    new.write_text(json.dumps({"files": known}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(place / MANIFEST)
    shutil.rmtree(waiting, ignore_errors=True)
    return [part.path for part in wanted]


def _fetch(client: httpx.Client, part: Part, file: Path, tell: Callable[[str, int], None]) -> None:
    """Bring a file to its size, whatever is in it. A break is mended a few times before it is told of."""
    idle, most = 0, _size(file)
    while (have := _size(file)) < part.size or not file.exists():
        try:
            with _opened(client, part.address, start=have) as answer:
                if answer.status_code == 416:
                    file.unlink()
                    tell(part.path, -have)
                    raise Transient(f"{_server(part.address)} has no more of {part.path}, though it should be longer.")
                whole = answer.status_code != 206 or not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
                if whole and answer.status_code == 206:
                    raise Transient(f"{part.address} sent another piece than was asked for.")
                if whole:
                    tell(part.path, -have)
                with file.open("wb" if whole else "ab") as out:
                    for piece in answer.iter_bytes():  # as they come: pieces of a set size would be lost in a break, up to it
                        out.write(piece)
                        tell(part.path, len(piece))
                        if out.tell() > part.size:  # the checksum will say so; more of it would only fill the disk
                            return
            if _size(file) < part.size:
                raise Transient(f"{_server(part.address)} sent only a part of {part.path}.")
        except Transient as error:
            idle = 0 if _size(file) > most else idle + 1  # what is sent again and again is no progress
            most = max(most, _size(file))
            wait = max(error.retry_after or 0.0, PAUSES[min(max(idle - 1, 0), len(PAUSES) - 1)])
            if idle > len(PAUSES) or wait > LONGEST_WAIT:
                raise
            time.sleep(wait)


@contextmanager
def _opened(client: httpx.Client, address: str, *, start: int = 0, method: str = "GET") -> Iterator[httpx.Response]:
    """An answer that says yes (or, asked for the rest from `start`, that there is none: 416), with its body still to be read.

    Raises NotReady or Transient for every other one.
    """
    headers = {"Range": f"bytes={start}-"} if start else {}
    token = os.environ.get("HF_TOKEN", "").strip()
    if token and address.startswith(f"{endpoint()}/"):  # httpx drops it where the hub sends on to another server
        headers["Authorization"] = f"Bearer {token}"
    try:
        with client.stream(method, address, headers=headers) as answer:
            if not answer.is_success and not (start and answer.status_code == 416):
                raise _refusal(answer, address, bool(token))
            yield answer
    except httpx.TransportError as error:
        why = " ".join(str(error).split())[:120] or type(error).__name__
        raise Transient(
            f"{_server(address)} can't be reached, or the connection broke ({why}). What came is kept: pull again. "
            "Where the hub is blocked, set HF_ENDPOINT to a mirror of it."
        ) from error
    except httpx.TooManyRedirects as error:
        raise NotReady(f"{_server(address)} sends from one address to the next without an end.", how="Look at HF_ENDPOINT.") from error


def _refusal(answer: httpx.Response, address: str, token: bool) -> NotReady | Transient:
    what = httpx.URL(address).path.lstrip("/").removeprefix("api/models/")
    repo, code = "/".join(what.split("/")[:2]), answer.status_code
    if code in (401, 403):
        how = "HF_TOKEN is not accepted for it" if token else "no HF_TOKEN is set"
        return NotReady(
            f"{repo} is not open to everybody, or is not there ({code}); {how}.",
            how=f"Accept its conditions on {endpoint()}/{repo} and set HF_TOKEN to a token of yours.",
        )
    if code == 429 or code >= 500:
        told = answer.headers.get("Retry-After", "")
        after = float(told) if told.isdecimal() else None
        return Transient(f"{_server(address)} is too busy ({code}); pull again later.", retry_after=after)
    return NotReady(f"{_server(address)} has no {what} ({code}).", how="If HF_ENDPOINT names a mirror, it may lag behind: try another.")


def _client() -> httpx.Client:
    # Identity: what is packed for the way can't be gone on with in the middle.
    headers = {"User-Agent": f"crossreel/{__version__}", "Accept-Encoding": "identity"}
    return httpx.Client(follow_redirects=True, timeout=TIMEOUT, headers=headers, verify=_trusted())


_trusted = cache(httpx.create_ssl_context)  # reading all the authorities takes longer than most answers


def _server(address: str) -> str:
    url = httpx.URL(address)
    return url.host if url.port is None else f"{url.host}:{url.port}"


# --- what is there ----------------------------------------------------------------------------------------------------


def state(place: Path, sources: Sequence[Source]) -> str:
    """Whether an engine's weights are there, by names and sizes alone: "there", "missing", or what is wrong."""
    waiting = [path for path in _waiting(place).rglob("*") if path.is_file()]
    if waiting:
        return f"half pulled ({sum(map(_size, waiting)) / 1e9:.2g} GB)"
    known = _manifest(place)
    wrong = [path for path, entry in known.items() if _size(place / path) != entry["size"]]
    if wrong:
        return f"broken: {wrong[0]}"
    if known:
        return "there"
    if not any(place.rglob("*")):
        return "missing"
    names = [path.relative_to(place).as_posix() for path in place.rglob("*")]
    wanted = [_below(s.to, name) for s in sources for name in s.files or (_name(s.address),) if "*" not in name]
    lost = [name for name in wanted if name not in names]
    return f"incomplete: no {lost[0]}" if lost else "there (not by pull)"


def check(place: Path) -> dict[str, str]:
    """Every file that was pulled into a folder, by its path, and what is wrong with it now ("" for nothing), from its content.

    Raises NotReady where nothing was pulled.
    """
    known = _manifest(place)
    if not known:
        raise NotReady(f"nothing in {place} was pulled, so there is nothing to compare it with.", how="Pull: what is right is kept.")
    out = {}
    for path, entry in known.items():
        size = _size(place / path)
        if not (place / path).is_file():
            out[path] = "is not there"
        elif size != entry["size"]:
            out[path] = f"has {size} bytes, not {entry['size']}"
        else:
            out[path] = "" if _sum(place / path, f"sha256:{entry['sha256']}") else "has another content than was published"
    return out


def _manifest(place: Path) -> dict[str, dict[str, Any]]:
    try:
        files = json.loads((place / MANIFEST).read_bytes())["files"]
        return {path: entry for path, entry in files.items() if {"size", "sha256"} <= entry.keys()}
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return {}


def _sum(path: Path, digest: str) -> str:
    """The sha256 of a file whose content has the checksum, else ""."""
    if not path.is_file():
        return ""
    sums = {"sha256": hashlib.sha256(), "git": hashlib.sha1(f"blob {_size(path)}\0".encode(), usedforsecurity=False)}
    with path.open("rb") as file:
        while piece := file.read(MIB):
            for each in sums.values():
                each.update(piece)
    kind, _, wanted = digest.partition(":")
    return sums["sha256"].hexdigest() if sums[kind].hexdigest() == wanted.lower() else ""


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _waiting(place: Path) -> Path:
    return place.with_name(f"{place.name}.part")


def _room(needed: int, place: Path) -> None:
    there = next(folder for folder in (place, *place.parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    if needed + MARGIN > free:
        raise NotReady(
            f"the weights take {needed / 1e9:.2g} GB more, and the disk of {there} has {free / 1e9:.2g} GB left.",
            how=f"Make room, or set CROSSREEL_MODELS to a folder on another disk (now {weights.models()}).",
        )


@contextmanager
def _alone(waiting: Path) -> Iterator[None]:
    waiting.mkdir(parents=True, exist_ok=True)
    lock = FileLock(waiting.with_name(f"{waiting.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(f"another pull into {waiting.parent} is running: {lock.lock_file} is held.") from None
    try:
        yield
    finally:
        with suppress(OSError):  # while it is held: nobody can have locked what is removed (Windows removes nothing that is open)
            Path(lock.lock_file).unlink()
        lock.release()
