"""What a video file is: its facts, and the frame it shows at a time. PyAV reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from localize.errors import UserError
from localize.media.command import file


@dataclass(frozen=True)
class Facts:
    """What a finished file is. Times in seconds; `index_first` tells that it can start playing before it has all come."""

    width: int
    height: int
    fps: float
    codec: str
    profile: str
    pixels: str
    colours: int
    audio_codec: str
    audio_rate: int
    audio_channels: int
    duration: float
    video_start: float
    audio_start: float
    index_first: bool
    tags: dict[str, str]


def probe(path: str | Path) -> Facts:
    """The facts of a video file. Raises UserError if it can't be read or has no picture."""
    try:
        with av.open(file(path), metadata_errors="replace") as c:
            if not c.streams.video:
                raise UserError(f"{path} has no picture.")
            v = c.streams.video[0]
            a = c.streams.audio[0] if c.streams.audio else None
            return Facts(
                width=v.width, height=v.height, fps=float(v.average_rate or 0), codec=v.codec_context.name,
                profile=v.codec_context.profile or "", pixels=v.pix_fmt or "", colours=int(v.codec_context.colorspace),
                audio_codec=a.codec_context.name if a else "", audio_rate=a.rate if a else 0, audio_channels=a.channels if a else 0,
                duration=(c.duration or 0) / 1e6, video_start=_start(v), audio_start=_start(a) if a else 0.0,
                index_first=_index_first(Path(path)), tags=dict(c.metadata),
            )  # fmt: skip
    except av.FFmpegError as e:
        raise UserError(f"{path} can't be read as a video: {e.strerror}.") from e


def _start(stream: Any) -> float:
    return float((stream.start_time or 0) * stream.time_base)


def _index_first(path: Path) -> bool:
    """Whether an MP4's `moov` box comes before its `mdat`."""
    with path.open("rb") as f:
        while head := f.read(8):
            size, kind = int.from_bytes(head[:4], "big"), head[4:]
            if kind in (b"moov", b"mdat"):
                return kind == b"moov"
            if size < 8:
                break
            f.seek(size - 8, 1)
    return False


def frame_at(path: str | Path, seconds: float) -> npt.NDArray[np.uint8]:
    """The frame shown at a time: RGB [height, width, 3]."""
    with av.open(file(path), metadata_errors="replace") as c:
        stream = c.streams.video[0]
        assert stream.time_base is not None
        c.seek(int(seconds / stream.time_base), stream=stream)
        shown: av.VideoFrame | None = None
        for frame in c.decode(stream):
            if shown is not None and frame.time is not None and frame.time > seconds + 1e-6:
                break
            shown = frame
        if shown is None:
            raise UserError(f"{path} has no frame at {seconds:.2f} s.")
        return shown.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
