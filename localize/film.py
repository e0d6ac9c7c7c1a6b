"""Video files as people hand them in: opened so that they can do no harm, decoded in order with their times.

A file can be a playlist that names other files or addresses: only containers that hold their own pictures are opened,
and only from this machine's disk. One frame is held at a time, so memory does not grow with the video's length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.video.reformatter import Colorspace

from localize.errors import UserError
from localize.media.command import file
from localize.pixels import Pixels

CONTAINERS = "mov,matroska,webm,mpeg,mpegts,avi,flv,asf,ogg,gif,mxf"
UNSPECIFIED = 2  # a stream that does not name its matrix
KNOWN = (0, 1, 2, 4, 5, 6, 7, 9)  # matrices that swscale takes: it fails at all others
STAND_IN = {10: 9}  # BT.2020 with constant luminance is nearly that without
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
    cut: bool = False  # at the time it was to be read to
    broken: str = ""  # what the decoder said where the file can't be read on
    damages: int = 0  # places that were skipped

    @property
    def rate(self) -> float:
        """Frames a second in the mean."""
        return (self.count - 1) / self.last if self.count > 1 and self.last > 0 else 0.0

    @property
    def variable(self) -> bool:
        return self.count > 2 and self.longest > 1.5 * self.shortest + 0.002


class Film:
    """A video file, with what its first frame and its header say: its stored size, how it is turned, its colours, whether it has sound.

    Raises UserError for what can't be read or has no picture.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.origin: float | None = None  # the first frame's time in the file: the 0 of all times here
        if not path.is_file():
            raise UserError(f"there is no file {path}: give the path of a video.")
        if not path.stat().st_size:
            raise UserError(f"{path} is empty (0 bytes): save or copy it again.")
        first = next((frame for _, frame in self.frames(Pace())), None)
        if first is None:
            raise UserError(f"{path} has no picture that can be decoded: give a video (MP4, MOV, MKV, WebM, MPEG).")
        self.stored = (first.width, first.height)
        self.turn = Turn.of(first)
        self.hdr = HDR.get(int(first.color_trc), "")
        self.interlaced = bool(first.interlaced_frame)
        with self.opened() as (container, stream):
            self.aspect = stream.sample_aspect_ratio or Fraction(1)
            self.rate = float(stream.average_rate or stream.guessed_rate or 0)  # frames a second, as the header has it
            self.told = float((stream.duration or 0) * (stream.time_base or 0))  # s, as the header has it; 0 where it does not
            self.sound = bool(container.streams.audio)

    def shown(self, width: int, height: int) -> tuple[float, float]:
        """A stored size in square pixels, upright."""
        wide = float(width * self.aspect)
        return (height, wide) if self.turn.swapped else (wide, height)

    @contextmanager
    def opened(self) -> Iterator[tuple[InputContainer, av.VideoStream]]:
        """The file, so that it can do no harm, and its picture."""
        options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
        with av.open(file(self.path), options=options, metadata_errors="replace") as container:
            stream = container.streams.best("video")  # not a cover or a thumbnail beside it
            if not isinstance(stream, av.VideoStream):
                raise UserError(f"{self.path} has no picture: give a video.")
            yield container, stream

    def frames(
        self, pace: Pace, *, start: float = 0.0, until: float = float("inf"), damage: Literal["stop", "skip"] = "stop", skim: bool = False
    ) -> Iterator[tuple[float, av.VideoFrame]]:
        """Frames with their times in s from the file's first one, in order: from the one shown at `start`, or one somewhat before it.

        Where the file is damaged the reading stops, or goes on at the next frame that needs no other. `skim` leaves out what no
        other frame refers to. A matrix of colours that nothing here can convert from counts as not named.
        """
        try:
            with self.opened() as (container, stream):
                stream.thread_type = "AUTO"
                if skim:
                    stream.codec_context.skip_frame = "NONREF"
                rate = float(stream.average_rate or stream.guessed_rate or 25)
                if start > 0 and self.origin is not None and stream.time_base:
                    container.seek(max(0, int((start + self.origin) / stream.time_base)), stream=stream)
                whole = True
                for packet in container.demux(stream):
                    try:
                        decoded = packet.decode()
                    except av.FFmpegError as error:
                        if damage == "stop" or not pace.count:
                            raise
                        pace.broken, whole = pace.broken or _words(error), False
                        pace.damages += 1
                        continue
                    for frame in decoded:
                        whole = whole or bool(frame.key_frame)
                        time = pace.last + 1 / rate + (self.origin or 0.0) if frame.time is None else frame.time
                        if self.origin is None:
                            self.origin = time
                        time -= self.origin
                        if frame.is_corrupt or not whole or (pace.count and time <= pace.last):
                            continue
                        if time > until:
                            pace.cut = True
                            return
                        if pace.count:
                            step = time - pace.last
                            pace.shortest, pace.longest = min(pace.shortest, step), max(pace.longest, step)
                        pace.count, pace.last = pace.count + 1, time
                        if frame.colorspace not in KNOWN:
                            frame.colorspace = STAND_IN.get(int(frame.colorspace), UNSPECIFIED)
                        yield time, frame
        except av.FFmpegError as error:
            if not pace.count and not start:
                raise UserError(
                    f"{self.path} can't be read as a video: {_words(error)}. Save it as MP4 (H.264 or HEVC), MOV, MKV or WebM."
                ) from error
            pace.broken = pace.broken or _words(error)
            pace.damages += 1


def matrix(frame: av.VideoFrame) -> int:
    """The matrix of a frame's colours, by its number; by custom where the file does not name it."""
    named = int(frame.colorspace)
    if named != UNSPECIFIED:
        return named
    return int(Colorspace.ITU709 if max(frame.width, frame.height) >= 1000 else Colorspace.ITU601)


def see_through(frame: av.VideoFrame) -> bool:
    """Whether a frame has transparency, or a palette that may have some."""
    return frame.format.name == "pal8" or any(component.is_alpha for component in frame.format.components)


def _words(error: av.FFmpegError) -> str:
    if isinstance(error, av.error.ArgumentError):  # of a container that is not on the list
        return "it is no video, or of a kind that is not opened here"
    if isinstance(error, av.error.InvalidDataError):
        return "it is no video, or damaged or cut off"
    return str(error.strerror or error)
