"""The patches of a clip as one file: lossless video (FFV1 in Matroska), written and read a frame at a time.

A frame of it holds a patch and, in one more row of pixels, the patch's box as four 16-bit numbers, then a checksum of both (FFV1's
own goes unheard: its decoder hides damage). A box of nothing stands for a frame without a face.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np

from localize.errors import UserError
from localize.lipsync import Frame, Patch
from localize.media.command import file

NOWHERE = (0, 0, 0, 0)
SMALLEST = 16  # px of a side, of a file without any patch
CODEC = {"level": "3", "slicecrc": "0", "g": "1"}  # each frame by itself


def write(path: Path, patches: Iterable[Patch | None]) -> int:
    """Keep patches, all of one size, in a new file; how many frames there were. Equal patches give equal bytes.

    Raises ValueError for no frames, a patch of another size, or one in a frame too large for 16 bits.
    """
    rest = iter(patches)
    start: list[Patch | None] = []  # the frames up to the first face, which tells the size
    for patch in rest:
        start.append(patch)
        if patch:
            break
    size = start[-1].face.shape[0] if start and start[-1] else SMALLEST
    count = 0
    with av.open(file(path), "w", format="matroska", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("ffv1", rate=25, options=CODEC)
        stream.width, stream.height, stream.pix_fmt = size, size + 1, "bgr0"
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        for count, patch in enumerate(chain(start, rest), start=1):
            picture = av.VideoFrame.from_ndarray(_packed(patch, size), format="rgb24").reformat(format="bgr0")
            picture.pts, picture.time_base = count - 1, Fraction(1, 25)
            container.mux(stream.encode(picture))
        if not count:
            raise ValueError("a clip without frames has no patches")
        container.mux(stream.encode(None))
    return count


def read(path: Path) -> Iterator[Patch | None]:
    """The patches of a file, one after the other. Raises UserError where it can't be read."""
    try:
        with av.open(file(path), metadata_errors="replace") as container:
            for picture in container.decode(video=0):
                yield _unpacked(np.asarray(picture.to_ndarray(format="rgb24"), np.uint8))
    except (av.FFmpegError, IndexError, Damaged) as error:
        raise UserError(f"{path} can't be read as the patches of a clip: {error}.") from error


class Damaged(Exception):
    """A patch is not as it was written."""


def _packed(patch: Patch | None, size: int) -> Frame:
    packed = np.zeros((size + 1, size, 3), np.uint8)
    if patch:
        if patch.face.shape != (size, size, 3) or max(patch.box) > 0xFFFF:
            raise ValueError(f"a patch of {patch.face.shape} at {patch.box} does not fit among patches of {size}x{size}")
        packed[:size] = patch.face
    row = packed[size].reshape(-1)
    row[:8] = np.array(patch.box if patch else NOWHERE, ">u2").view(np.uint8)
    row[8:12] = _checksum(packed)
    return packed


def _unpacked(packed: Frame) -> Patch | None:
    size = packed.shape[1]
    row = packed[size].reshape(-1)
    if not np.array_equal(row[8:12], _checksum(packed)):
        raise Damaged("a frame is damaged")
    left, top, right, bottom = (int(n) for n in row[:8].copy().view(">u2"))
    return Patch(packed[:size], (left, top, right, bottom)) if right else None


def _checksum(packed: Frame) -> Frame:
    """Of a patch and its box, [4]."""
    size = packed.shape[1]
    return np.array([zlib.crc32(packed[size].tobytes()[:8], zlib.crc32(packed[:size].tobytes()))], ">u4").view(np.uint8)
