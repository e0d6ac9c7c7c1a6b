"""The boxes of an MP4 (ISO/IEC 14496-12): where each lies, read from files that nobody has looked at before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from localize.errors import UserError

HOLDERS = ("moov", "trak", "udta", "meta")  # what is looked into: metadata may lie in each of them
DEEPEST = 8
MOST = 10_000  # boxes of a file; a clip of an hour has a few dozen


class BoxError(UserError):
    """What is in the file is no sound MP4."""


@dataclass(frozen=True)
class Box:
    """A box by its kind ("moov", or four bytes as Latin-1 letters), its path from the top ("moov/udta/meta"), and where its content
    starts and ends in the file, in bytes."""

    kind: str
    path: str
    start: int
    end: int

    def content(self, file: BinaryIO, most: int) -> bytes:
        """What is in it. Raises BoxError where that is more than `most` bytes."""
        if self.end - self.start > most:
            raise BoxError(f"the box {self.path} has {self.end - self.start} bytes, more than any clip's ({most})")
        file.seek(self.start)
        return file.read(self.end - self.start)


def walk(file: BinaryIO) -> Iterator[Box]:
    """Every box of a file that may hold metadata, and what lies beside it, outer ones first. Raises BoxError at what is broken."""
    size = file.seek(0, os.SEEK_END)
    waiting = [iter(_inside(file, "", 0, size))]
    seen = 0
    while waiting:
        box = next(waiting[-1], None)
        if box is None:
            waiting.pop()
            continue
        seen += 1
        if seen > MOST or len(waiting) > DEEPEST:
            raise BoxError(f"it has more boxes, or deeper ones, than any clip: see {box.path}")
        yield box
        if box.kind in HOLDERS:
            waiting.append(children(file, box))


def children(file: BinaryIO, box: Box) -> Iterator[Box]:
    """The boxes right inside a box. Raises BoxError as `walk` does."""
    return _inside(file, f"{box.path}/", box.start + _before(file, box), box.end)


def _before(file: BinaryIO, box: Box) -> int:
    """Bytes in front of the first box inside: `meta` has a version there in MP4, and none in QuickTime."""
    if box.kind != "meta":
        return 0
    file.seek(box.start + 4)
    return 0 if file.read(4) == b"hdlr" else 4


def _inside(file: BinaryIO, path: str, at: int, end: int) -> Iterator[Box]:
    while at < end:
        file.seek(at)
        head = file.read(min(16, end - at))
        if path.endswith("udta/") and len(head) == 4 and not any(head):  # how QuickTime ends a list of user data
            return
        if len(head) < 8:
            raise BoxError(f"it ends at byte {end}, in the middle of a box in {path or 'the file'}")
        size, kind, start = int.from_bytes(head[:4], "big"), head[4:8].decode("latin-1"), at + 8
        if size == 1:
            if len(head) < 16:
                raise BoxError(f"it ends at byte {end}, in the middle of the size of the box {path}{kind}")
            size, start = int.from_bytes(head[8:], "big"), at + 16
        elif size == 0 and not path:  # only the last box of a file may leave its size open
            size = end - at
        if size < start - at:
            raise BoxError(f"the box {path}{kind} at byte {at} says it has {size} bytes, less than its own head")
        if at + size > end:
            raise BoxError(f"the box {path}{kind} at byte {at} says it has {size} bytes, and {end - at} are there: the file was cut off")
        yield Box(kind, path + kind, start, at + size)
        at += size
