"""The names that videos were given, kept in a file: whatever joins a list or leaves it, a video keeps its own. Posts, corrections and the
files of dubs are known by it."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from localize.errors import UserError
from localize.products.sources import kept
from localize.reviews import alone

ENDS = 1 << 20  # bytes at a file's start and at its end that tell it from others

Known = dict[str, tuple[str, ...]]  # the marks by which the video of each name is known
_KNOWN = TypeAdapter(Known)


@dataclass(frozen=True)
class Asked:
    """A video that needs a name: `wish` is the one it would have alone, `folder` goes before it where that is taken, `reference` tells it
    from others where both are. It is known again by any of its `marks`, the surest first, else by its `content` ("" for none)."""

    wish: str
    folder: str
    reference: str = field(repr=False)
    marks: tuple[str, ...]
    content: Callable[[], str] = lambda: ""


class Names:
    """Names by a file; without one they are forgotten. `trouble` says why they could not be kept, "" while they could."""

    def __init__(self, file: Path | None = None) -> None:
        self.file, self.trouble = file, ""

    def give(self, asked: Sequence[Asked]) -> list[str]:
        """A name for each video, a file's name on every system and nobody else's: the one it was first given, else a new one, which is
        noted. Raises UserError for a file that is none of ours, Transient where somebody else does not let go of it."""
        before = _read(self.file)
        names, now = _given(asked, before)
        if self.file is None or now == before:
            return names
        try:
            with alone(self.file):  # another call may have given names since
                names, now = _given(asked, _read(self.file))
                _write(self.file, now)
        except OSError as error:
            self.trouble = f"{self.file} can't be written: {error.strerror or error}"
        return names


def mark(*said: str) -> str:
    """What a video is known by, as a digest: an address may hold a key."""
    return hashlib.sha256("\n".join(said).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def content(path: Path) -> str:
    """A file by its size, its start and its end, so that one that was moved is known again; "" for one that can't be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            start = file.read(ENDS)
            file.seek(max(0, size - ENDS))
            return hashlib.sha256(b"%d\n" % size + start + file.read(ENDS)).hexdigest()[:32]
    except OSError:
        return ""


def _given(asked: Sequence[Asked], known: Known) -> tuple[list[str], Known]:
    """The videos' names, and what is known then. A name is one video's of a list: another that has a mark of it has been copied."""
    names, now = dict[int, str](), dict(known)
    marks = {n: one.marks for n, one in enumerate(asked)}
    for surest in range(max(map(len, marks.values()), default=0)):
        _find(marks, surest, names, now)
    # A file of another name is another video to whoever asks for it, whatever is in it.
    marks |= {n: (*own, mark(asked[n].wish, said)) for n, own in marks.items() if n not in names and (said := asked[n].content())}
    for place in range(max(map(len, marks.values()), default=0)):
        _find(marks, place, names, now)
    new = [n for n in marks if n not in names]
    for n, name in zip(new, _new([asked[n] for n in new], now), strict=True):
        names[n], now[name] = name, marks[n]
    return [names[n] for n in marks], now


def _find(marks: Mapping[int, tuple[str, ...]], place: int, names: dict[int, str], known: Known) -> None:
    """Give those that have no name yet the one that is known by their mark of that place, and note their other marks with it."""
    of = dict[str, list[str]]()
    for name, own in known.items():
        if name not in names.values():
            for one in own:
                of.setdefault(one, []).append(name)
    for n, own in marks.items():
        if n not in names and place < len(own) and (free := of.get(own[place])):
            names[n] = name = free.pop(0)
            if place:
                known[name] = own
            for others in of.values():
                if name in others:
                    others.remove(name)


def _new(asked: Sequence[Asked], known: Known) -> list[str]:
    """Names that nobody has: the one wished for, with the folder's before it where two are equal or it is taken, with a few signs of the
    whole reference where these are, too."""
    taken = {name.casefold() for name in known}
    names = [one.wish for one in asked]
    longer = [kept.safe(f"{one.folder}-{one.wish}") if one.folder else one.wish for one in asked]
    signs = [hashlib.sha256(one.reference.encode("utf-8", "surrogatepass")).hexdigest() for one in asked]
    for others in (longer, *([f"{one.wish}-{sign[:most]}" for one, sign in zip(asked, signs, strict=True)] for most in (6, 32))):
        count = Counter(name.casefold() for name in names)
        equal = [count[name.casefold()] > 1 or name.casefold() in taken for name in names]
        names = [other if is_equal else name for name, other, is_equal in zip(names, others, equal, strict=True)]
    return names


def _read(file: Path | None) -> Known:
    if file is None or not file.is_file():
        return {}
    try:
        return _KNOWN.validate_python(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, ValidationError) as error:
        raise UserError(
            f"{file} can't be read as the names of videos: it is written by crossreel; put back a copy, or remove it."
        ) from error


def _write(file: Path, known: Known) -> None:
    """Whole or not at all."""
    half = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        half.write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)
