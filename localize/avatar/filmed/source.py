"""A video as people hand it in, read as frames that are all alike: upright, square pixels, RGB, 25 a second.

Whatever its rate is, each frame here is the one of the video that is nearest in time: frames are repeated or left out, never mixed.
One frame is held at a time, so memory does not grow with the video's length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import Colorspace, Interpolation

from localize.errors import UserError
from localize.media import file
from localize.pixels import Pixels

FPS = 25  # frames a second of all footage: what lip-sync models were made for
WIDEST = 1080  # px: no clip is wider
LOOKED_AT = 300.0  # s of a longer file
UNSPECIFIED = 2  # a stream that does not name its matrix
HDR = {16: "PQ", 18: "HLG"}  # transfer functions that need tone mapping


@dataclass(frozen=True)
class Turn:
    """How a stored picture becomes upright: its axes swapped, then mirrored along x and y."""

    swapped: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Turn:
        """What the file's display matrix says; an oblique one counts as the nearest quarter turn."""
        sides: Any = frame.side_data  # PyAV's own types take it for a mapping of names
        data = sides.get(Type.DISPLAYMATRIX)
        if data is None:
            return cls()
        a, b, _, c, d = struct.unpack("<5i", bytes(data)[:20])  # x' = a x + c y, y' = b x + d y
        if abs(b) > abs(a):
            return cls(True, c < 0, b < 0)
        return cls(False, a < 0, d < 0)

    def applied(self, picture: Pixels) -> Pixels:
        if self.swapped:
            picture = picture.swapaxes(0, 1)
        if self.flip_x:
            picture = picture[:, ::-1]
        if self.flip_y:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)


@dataclass
class Pace:
    """What was seen of the times while reading: frames, the shortest and longest step in s, and where the reading ended."""

    count: int = 0
    last: float = 0.0
    shortest: float = float("inf")
    longest: float = 0.0
    cut: bool = False  # at LOOKED_AT
    broken: str = ""  # what the decoder said where the file can't be read on

    @property
    def rate(self) -> float:
        """Frames a second in the mean."""
        return (self.count - 1) / self.last if self.count > 1 and self.last > 0 else 0.0

    @property
    def variable(self) -> bool:
        return self.count > 2 and self.longest > 1.5 * self.shortest + 0.002


class Source:
    """A video file. `width` and `height` are those of its frames here: upright, even, at most `WIDEST` wide.

    Raises UserError for what can't be read or has no picture.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise UserError(f"there is no file {path}: give the path of a video.")
        first = next((frame for _, frame in self._decoded(Pace())), None)
        if first is None:
            raise UserError(f"{path} has no picture that can be decoded: give a video (MP4, MOV, MKV, WebM, MPEG).")
        self.stored = (first.width, first.height)
        self.turn = Turn.of(first)
        self.hdr = HDR.get(int(first.color_trc), "")
        self.interlaced = bool(first.interlaced_frame)
        self.pace = Pace()
        self._aspect = self._pixel_aspect()
        w, h = self._shown(first.width, first.height)
        zoom = min(1.0, WIDEST / w)
        self.width, self.height = (max(2, int(side * zoom + 1e-6) // 2 * 2) for side in (w, h))
        self._whole = zoom == 1.0 and self._aspect == 1

    def _pixel_aspect(self) -> Fraction:
        with av.open(file(self.path)) as container:
            return container.streams.video[0].sample_aspect_ratio or Fraction(1)

    def _shown(self, width: int, height: int) -> tuple[float, float]:
        """A stored size in square pixels, upright."""
        wide = float(width * self._aspect)
        return (height, wide) if self.turn.swapped else (wide, height)

    def _decoded(self, pace: Pace) -> Iterator[tuple[float, av.VideoFrame]]:
        """Frames with their times in s from the first one's, in order; what follows a break in the file is left out."""
        start: float | None = None
        try:
            with av.open(file(self.path)) as container:
                if not container.streams.video:
                    raise UserError(f"{self.path} has no picture: give a video.")
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                rate = float(stream.average_rate or stream.guessed_rate or FPS)
                for frame in container.decode(stream):
                    time = pace.last + 1 / rate if frame.time is None else frame.time
                    if start is None:
                        start = time
                    time -= start
                    if frame.is_corrupt or (pace.count and time <= pace.last):
                        continue
                    if time > LOOKED_AT:
                        pace.cut = True
                        return
                    if pace.count:
                        step = time - pace.last
                        pace.shortest, pace.longest = min(pace.shortest, step), max(pace.longest, step)
                    pace.count, pace.last = pace.count + 1, time
                    yield time, frame
        except av.FFmpegError as error:
            if not pace.count:
                raise UserError(
                    f"{self.path} can't be read as a video: {error.strerror}. Save it as MP4 (H.264 or HEVC), MOV, MKV or WebM."
                ) from error
            pace.broken = str(error.strerror or error)

    def frames(self) -> Iterator[Pixels]:
        """RGB [height, width, 3] at 25 frames a second, each the stored frame nearest in time. `pace` tells afterwards what they
        were made of. A repeated frame is the same array again."""
        self.pace = pace = Pace()
        held: tuple[float, av.VideoFrame] | None = None
        made: Pixels | None = None
        count = 0
        for time, frame in self._decoded(pace):
            while held is not None and count / FPS < (held[0] + time) / 2:
                made = self._upright(held[1]) if made is None else made
                yield made
                count += 1
            held, made = (time, frame), None
        while held is not None and count / FPS < held[0] + 0.5 / (pace.rate or FPS):
            made = self._upright(held[1]) if made is None else made
            yield made
            count += 1

    def _upright(self, frame: av.VideoFrame) -> Pixels:
        matrix = int(frame.colorspace)
        if matrix == UNSPECIFIED:  # by custom
            matrix = int(Colorspace.ITU709 if max(frame.width, frame.height) >= 1000 else Colorspace.ITU601)
        size = (frame.width, frame.height)
        if not self._whole or size != self.stored:
            size = (self.height, self.width) if self.turn.swapped else (self.width, self.height)
        with suppress(ValueError):  # a matrix that swscale does not know is taken as it comes
            matrix = int(Colorspace(matrix))
        rgb = frame.reformat(size[0], size[1], "rgb24", src_colorspace=matrix, interpolation=Interpolation.AREA)
        picture = self.turn.applied(rgb.to_ndarray().astype(np.uint8, copy=False))
        return picture[: self.height, : self.width]
