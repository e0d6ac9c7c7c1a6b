"""Videos for tests: drawn here, and the real ones where they are."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from localize.avatar.filmed.faces import Box, Faces
from localize.engines import Card
from localize.media.command import ffmpeg_exe
from localize.pixels import Pixels

REAL = Path(__file__).parents[2] / "shared" / "testdata" / "talking_head"
CARD = Card(name="marked", stage="faces", about="a face at a place that the test knows", version="1", licence="test")


def real(name: str) -> Path:
    path = REAL / name
    if not path.is_file():
        pytest.skip(f"the test video {name} is not on this machine")
    return path


def film(
    path: Path, frames: Iterable[Pixels], *, rate: Fraction = Fraction(25), codec: str = "libx264", pixels: str = "yuv420p",
    times: Callable[[int], float] | None = None, quality: int = 12,
) -> Path:  # fmt: skip
    """A video of RGB frames; `times` gives each one's second, where they are uneven."""
    with av.open(str(path), "w") as container:
        stream: av.VideoStream | None = None
        for k, picture in enumerate(frames):
            if stream is None:
                stream = container.add_stream(codec, rate=rate)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = pixels
                stream.codec_context.time_base = Fraction(1, 90000)  # else times would be rounded to the rate's
                stream.options = {"crf": str(quality), "preset": "ultrafast", "x265-params": "log-level=none"}
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.time_base = Fraction(1, 90000)
            frame.pts = round((times(k) if times else k / rate) * 90000)
            container.mux(stream.encode(frame))
        assert stream is not None
        container.mux(stream.encode(None))
    return path


def titled(path: Path, out: Path) -> Path:
    """The same packets with a title that is not UTF-8, as Chinese programs write it."""
    words = ["-c", "copy", "-metadata", "title=杯子".encode("gbk"), str(out)]
    subprocess.run([ffmpeg_exe(), "-y", "-loglevel", "error", "-i", str(path), *words], check=True)
    with pytest.raises(UnicodeDecodeError):
        av.open(str(out)).close()
    return out


def turned(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write a display matrix (a, b, c, d) into an MP4's track header, as phones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    a, b, c, d = (v * 65536 for v in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def person(k: int, *, size: tuple[int, int] = (320, 400), behind: tuple[int, int, int] = (90, 90, 110), shift: float = 6.0) -> Pixels:
    """Frame k of somebody drawn: a textured face that sways with a period of 100 frames."""
    w, h = size
    x, y = face_middle(k, size, shift)
    picture = np.full((h, w, 3), behind, np.uint8)
    grain = cv2.resize(np.random.default_rng(1).integers(120, 255, (52, 44), np.uint8), (176, 208), interpolation=cv2.INTER_LINEAR)
    skin = np.rint(grain[..., None] * np.array([0.95, 0.75, 0.6])).astype(np.uint8)
    zoom = np.array([[1, 0, x - 88], [0, 1, y - 104]], np.float32)
    mask = cv2.ellipse(np.zeros((h, w), np.uint8), (round(x), round(y)), (84, 100), 0, 0, 360, 255, -1)
    moved = cv2.warpAffine(skin, zoom, (w, h))
    picture[mask > 0] = moved[mask > 0]
    return picture


def face_middle(k: int, size: tuple[int, int] = (320, 400), shift: float = 6.0) -> tuple[float, float]:
    return size[0] / 2 + shift * np.sin(2 * np.pi * k / 100), size[1] / 2


class MarkedFaces:
    """A finder that knows where `person` is. It takes `absent` for frames without a face."""

    card = CARD

    def __init__(self, absent: Callable[[int], bool] = lambda k: False, crowd: float = 0.0, small: float = 1.0) -> None:
        self.absent, self.crowd, self.small = absent, crowd, small

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return "marked 1"

    def follow(self) -> MarkedFollower:
        return MarkedFollower(self)


class MarkedFollower:
    def __init__(self, finder: MarkedFaces) -> None:
        self.finder, self.boxes = finder, list[Box | None]()

    def see(self, frame: Pixels, cut: bool) -> Box | None:
        k = len(self.boxes)
        x, y = face_middle(k, (frame.shape[1], frame.shape[0]))
        half = 104 * self.finder.small
        self.boxes.append(None if self.finder.absent(k) else (x - 88, y - half, x + 88, y + half))
        return self.boxes[-1]

    def done(self) -> Faces:
        boxes = np.array([b or (np.nan,) * 4 for b in self.boxes], np.float32)
        there = ~np.isnan(boxes[:, 0])
        mouths = np.stack([boxes[:, [0, 2]].mean(1), boxes[:, 3] - 40, np.full(len(boxes), 60, np.float32)], axis=1)
        mouths[~there] = np.nan
        yaw = np.full(len(boxes), np.nan, np.float32)
        return Faces(boxes, mouths, there.astype(np.uint8), yaw, self.finder.crowd, 0.0)
