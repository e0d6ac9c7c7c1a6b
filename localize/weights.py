"""Weights: the models kept on this machine. Where their folders are, what one lacks, and what identifies it.

Nothing here goes to the network: what is missing is said, and how to get it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from localize.errors import NotReady

Device = Literal["auto", "cpu", "cuda"]
Dtype = Literal["auto", "float32", "bfloat16", "float16"]

MIB = 1 << 20
# What a model is made of; its readme, pictures and hidden files may change and leave it what it is.
PARTS = (".bin", ".safetensors", ".pth", ".pt", ".json", ".model", ".txt", ".jinja")
MANIFEST = "crossreel-weights.json"  # what `crossreel models pull` fetched; no part of the model


@dataclass(frozen=True)
class Source:
    """Where weights of an engine are published. An engine declares all of its own as `WEIGHTS: ClassVar[tuple[Source, ...]]`.

    Either `repo` of the Hugging Face hub at `revision` with `files` of it (paths that must be there, and globs
    with a star, which take what there is), or one file at `address` (https)
    whose `sha256` is known (one that stands in the address is taken from there). They go to `to`, a folder below the engine's own
    ("" for itself); a hub's file keeps its path in the repo below that. `licence` is that of the weights, `languages` whom they
    serve (empty: all), for who wants some only. Raises ValueError for one that names neither or both, or has no checksum.
    """

    repo: str = ""
    files: tuple[str, ...] = ()
    to: str = ""
    licence: str = ""
    revision: str = "main"
    address: str = ""
    sha256: str = ""
    languages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.address and not self.sha256 and (found := re.search(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", self.address)):
            object.__setattr__(self, "sha256", found[0])
        if bool(self.repo and self.files) == bool(self.address and self.sha256):
            raise ValueError("a source is either files of a repo or an address with its sha256")


def models() -> Path:
    """The folder with a folder for each model: $CROSSREEL_MODELS, else `models` in $CROSSREEL_HOME, else in ~/.crossreel."""
    home = os.environ.get("CROSSREEL_HOME") or Path.home() / ".crossreel"
    return Path(os.environ.get("CROSSREEL_MODELS") or Path(home) / "models").expanduser()


def folder(engine: str, given: str = "") -> Path:
    """A model's folder: the one `given` (a path, or a name below `models()`), else the engine's own below `models()`."""
    own = models() / (given or engine)  # an absolute path stays itself
    path = Path(given).expanduser()
    return path if given and not own.is_dir() and path.is_dir() else own


def lack(place: Path, files: Sequence[str], how: str, packages: Sequence[str]) -> str:
    """What is missing of packages and of a model's files, in one sentence; "" when nothing is. `how` says how to get them."""
    absent = [name for name in packages if find_spec(name) is None]
    if absent:
        some = "the packages {} are" if len(absent) > 1 else "the package {} is"
        return f"{some.format(' and '.join(absent))} not installed (pip install {' '.join(absent)})."
    if not place.is_dir():
        return f"there is no model in {place}; {how}."
    lost = [name for name in files if not (place / name).is_file()]
    return f"the model in {place} has no {' and no '.join(lost)}; {how}." if lost else ""


def how_to_pull(engine: str, place: Path) -> str:
    """How an engine's weights come to `place`, for `lack`."""
    own = folder(engine)
    return f"get it with: crossreel models pull {engine}" + (f", which puts it in {own}; name no other folder then" if place != own else "")


def fingerprint(place: Path) -> str:
    """What identifies a folder's model, or one that is a single file: paths and sizes of its files, the whole content of small ones,
    both ends of big ones."""
    files = [place] if place.is_file() else place.rglob("*")
    inside = (path for path in files if path == place or (path.suffix in PARTS and path.name != MANIFEST and path.is_file()))
    paths = sorted(path for path in inside if not any(part.startswith(".") for part in path.relative_to(place).parts))
    return _digest(place, tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in paths))


@cache
def _digest(place: Path, files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path, size, _ in files:
        digest.update(f"{path.relative_to(place).as_posix()}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(MIB))
            file.seek(max(MIB, size - MIB))
            digest.update(file.read())
    return digest.hexdigest()


def broken(place: Path, error: BaseException) -> NotReady:
    """What to raise when a folder's model can't be loaded: it names the file at fault."""
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return NotReady(f"{_culprit(place)} can't be loaded: {said}.", how="Get the model's files again.", missing=(str(place),))


def _culprit(place: Path) -> Path:
    """The file that can't be read, as far as it shows from outside; else the biggest one, which holds the weights."""
    for path in sorted(place.glob("*.json")):
        try:
            json.loads(path.read_bytes())
        except ValueError:
            return path
    for path in sorted(place.glob("*.safetensors")):
        with path.open("rb") as file:  # a file of 8 bytes that say how long its header is, the header, the numbers
            (length,) = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))
            try:
                header = json.loads(file.read(length)) if 0 < length < path.stat().st_size else None
            except ValueError:
                return path
            ends_at = [part["data_offsets"][1] for name, part in (header or {}).items() if name != "__metadata__"]
            if 8 + length + max(ends_at, default=0) != path.stat().st_size:
                return path
    for path in sorted(path for kind in ("*.pth", "*.pt", "*.bin") for path in place.glob(kind)):
        with path.open("rb") as file:  # torch writes zips, whose table of contents is the first that a broken download lacks
            if file.read(2) == b"PK" and not zipfile.is_zipfile(path):
                return path
    files = [path for path in place.glob("*") if path.suffix in PARTS]
    return max(files, key=lambda path: path.stat().st_size, default=place)


_drawing = threading.Lock()


@contextmanager
def drawing(seed: str, device: str = "cpu") -> Iterator[None]:
    """Let what is inside draw from torch's shared generators as `seed` says, so that equal seeds give equal draws.

    One at a time in the process: what another thread drew meanwhile would be missing here. Afterwards the generators go on
    as if nothing had been drawn.
    """
    import torch

    devices = [torch.device(device)] if device.startswith("cuda") else []
    with _drawing, torch.random.fork_rng(devices=devices):
        torch.manual_seed(int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=7).digest()))
        yield
