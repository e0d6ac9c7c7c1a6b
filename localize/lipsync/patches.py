"""The patches of a clip as one file: lossless video (FFV1 in Matroska), written and read a frame at a time.

A frame of it holds a patch and, in one more row of pixels, the patch's box as four 16-bit numbers; a box of nothing stands for
a frame without a face.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np

from localize.errors import UserError
from localize.lipsync import Frame, Patch
from localize.media import file

NOWHERE = (0, 0, 0, 0)
SMALLEST = 16  # px of a side, of a file without any patch
CODEC = {"level": "3", "slicecrc": "1", "g": "1"}  # each frame by itself, with a checksum


def write(path: Path, patches: Iterable[Patch | None]) -> int:
    """Keep patches, all of one size, in a new file; how many frames there were. Equal patches give equal bytes.

    Raises ValueError for a patch of another size, or in a frame too large for 16 bits.
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
        if count:
            container.mux(stream.encode(None))
        else:
            container.start_encoding()
    return count


def read(path: Path) -> Iterator[Patch | None]:
    """The patches of a file, one after the other. Raises UserError where it can't be read."""
    try:
        with av.open(file(path)) as container:
            stream = container.streams.video[0]
            stream.codec_context.options = {"err_detect": "crccheck+explode"}
            for picture in container.decode(stream):
                yield _unpacked(np.asarray(picture.to_ndarray(format="rgb24"), np.uint8))
    except (av.FFmpegError, IndexError) as error:
        raise UserError(f"{path} can't be read as the patches of a clip: {error}.") from error


def _packed(patch: Patch | None, size: int) -> Frame:
    packed = np.zeros((size + 1, size, 3), np.uint8)
    if patch:
        if patch.face.shape != (size, size, 3) or max(patch.box) > 0xFFFF:
            raise ValueError(f"a patch of {patch.face.shape} at {patch.box} does not fit among patches of {size}x{size}")
        packed[:size] = patch.face
    packed[size].reshape(-1)[:8] = np.array(patch.box if patch else NOWHERE, ">u2").view(np.uint8)
    return packed


def _unpacked(packed: Frame) -> Patch | None:
    size = packed.shape[1]
    left, top, right, bottom = (int(n) for n in np.ascontiguousarray(packed[size].reshape(-1)[:8]).view(">u2"))
    return Patch(packed[:size], (left, top, right, bottom)) if right else None
