"""The videos that are dubbed: people of ../shared/testdata, and films that are drawn here, whose every sentence's time is known."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.dub_parts import texts
from benchmarks.dub_parts.texts import Said
from localize import languages
from localize.assets import ASSETS
from localize.dub import activity, decoded
from localize.media import pcm
from localize.voice import VoiceStyle
from localize.voice.espeak import EspeakVoice

Pixels = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float32]

RATE = 48_000
WAIT, PAUSE = 1.2, 2.0  # s before the first sentence, and between two
LONGEST, SHORTEST = 5.0, 0.6  # s of a stretch of speech that is taken for one sentence
HEADS = (  # those with sound
    "grid_bbaf2n.mpg", "grid_lbax4n.mpg", "grid_lbbc2a.mpg", "grid_sbwe5n.mpg", "latentsync_demo1.mp4", "latentsync_demo3.mp4",
    "videoretalking_face4.mp4", "liveportrait_d6.mp4",
)  # fmt: skip


class Film(NamedTuple):
    """A video and what it says."""

    video: Path
    lines: tuple[Said, ...]

    @property
    def name(self) -> str:
        return self.video.stem


def heads(folder: Path, names: Sequence[str]) -> Iterator[Film]:
    """Talking heads: GRID's with what they say, which is known; the others with a sentence for each stretch of speech that is heard."""
    grid = {"bbaf2n": 0, "lbax4n": 1, "lbbc2a": 2, "sbwe5n": 3}
    for name in names:
        heard = decoded.heard(folder / name)
        assert heard is not None
        spoken = activity.stretches(heard)
        if (code := Path(name).stem.removeprefix("grid_")) in grid:
            spoken = [(spoken[0][0], spoken[-1][1])] if spoken else [(0.5, 2.5)]
            yield Film(folder / name, (Said(texts.GRID[grid[code]][0], *spoken[0]),))
        else:
            parts = [part for stretch in spoken for part in _parts(*stretch) if part[1] - part[0] >= SHORTEST]
            yield Film(folder / name, tuple(Said(texts.filler(end - start), start, end) for start, end in parts))


def _parts(start: float, end: float) -> Iterator[tuple[float, float]]:
    """A stretch of speech, as sentences of no more than LONGEST."""
    count = int(np.ceil((end - start) / LONGEST))
    edges = np.linspace(start, end, count + 1)
    yield from ((float(a), float(b) - 0.1) for a, b in itertools.pairwise(edges))


# --- drawn ------------------------------------------------------------------------------------------------------------


def hands(path: Path, width: int, height: int, rate: Fraction, lines: Sequence[str] = tuple(row[0] for row in texts.PITCH)) -> Film:
    """Two hands that move a mug over a table; a voice tells of it over a bed of music, and a metronome clicks in its pauses."""
    sound, said = narrated(lines)
    frames = round(len(sound) / RATE * rate)
    return Film(encoded(path, _table(width, height, frames), rate, sound), said)


def narrated(lines: Sequence[str], *, clicks: bool = True) -> tuple[Samples, tuple[Said, ...]]:
    """The sound [n, 2] at RATE of sentences over music, and when each is said."""
    voice, english = EspeakVoice(), languages.get("en")
    takes = [voice.speak(english.read(line), english, VoiceStyle(gender="male")) for line in lines]
    said, now = list[Said](), WAIT
    for line, take in zip(lines, takes, strict=True):
        said.append(Said(line, now, now + take.duration))
        now += take.duration + PAUSE
    sound = 0.08 * music(round(now * RATE))
    for line, take in zip(said, takes, strict=True):
        first = round(line.start * RATE)
        samples = pcm.resampled(take.samples, take.rate, RATE)
        sound[first : first + len(samples)] += samples[:, None]
    for line in said if clicks else ():
        for at in (line.end + 0.7, line.end + 1.2):
            first = round(at * RATE)
            click = 0.5 * np.exp(-np.arange(480) / 60) * np.sin(np.arange(480) * 0.4)
            sound[first : first + 480] += click[: len(sound) - first, None].astype(np.float32)
    return np.clip(sound, -0.95, 0.95), tuple(said)


def music(n: int) -> Samples:
    bed = pcm.read_stereo(ASSETS / "music" / "calm.ogg", RATE)
    return np.tile(bed, (-(-n // len(bed)), 1))[:n]


def _table(width: int, height: int, frames: int) -> Iterator[Pixels]:
    """Frames [height, width, 3] in RGB."""
    shade = np.linspace(0.75, 1.0, height)[:, None, None]
    table = (np.array([176, 142, 105]) * shade * np.ones((1, width, 1))).astype(np.uint8)
    unit = min(width, height)
    for k in range(frames):
        frame = table.copy()
        across = width / 2 + 0.15 * width * np.sin(k / 25)
        down = height / 2 + 0.08 * height * np.cos(k / 37)
        mug = (int(across), int(down))
        cv2.ellipse(frame, mug, (int(0.16 * unit), int(0.2 * unit)), 0, 0, 360, (60, 90, 160), -1, cv2.LINE_AA)
        cv2.ellipse(frame, (mug[0], mug[1] - int(0.15 * unit)), (int(0.13 * unit), int(0.04 * unit)), 0, 0, 360, (30, 20, 15), -1)
        for side in (-1, 1):
            palm = (int(across + side * 0.2 * unit), int(down + 0.04 * unit))
            cv2.line(frame, palm, (int(palm[0] + side * 0.3 * unit), height), (224, 172, 140), int(0.11 * unit), cv2.LINE_AA)
            cv2.circle(frame, palm, int(0.09 * unit), (232, 182, 150), -1, cv2.LINE_AA)
            for finger in range(4):
                bent = 0.02 * unit * np.sin(k / 9 + finger)
                tip = (int(palm[0] - side * 0.11 * unit), int(palm[1] + (finger - 2) * 0.045 * unit + bent))
                cv2.line(frame, palm, tip, (232, 182, 150), int(0.035 * unit), cv2.LINE_AA)
        yield frame


def encoded(path: Path, frames: Iterator[Pixels], rate: Fraction, sound: Samples | None, *, gop: int = 50) -> Path:
    """Frames and sound [n, 2] at RATE as H.264 and AAC."""
    with av.open(str(path), "w") as out:
        picture: av.VideoStream | None = None
        track = out.add_stream("aac", rate=RATE, bit_rate=128_000, layout="stereo") if sound is not None else None
        for k, pixels in enumerate(frames):
            if picture is None:
                picture = out.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "26", "g": str(gop)})
                picture.height, picture.width = pixels.shape[:2]
                picture.pix_fmt, picture.time_base = "yuv420p", 1 / rate
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = k, 1 / rate
            out.mux(picture.encode(frame))
        assert picture is not None
        out.mux(picture.encode(None))
        if track is not None and sound is not None:
            for first in range(0, len(sound), 1024):
                block = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[first : first + 1024].T), format="fltp", layout="stereo")
                block.sample_rate, block.pts, block.time_base = RATE, first, Fraction(1, RATE)
                out.mux(track.encode(block))
            out.mux(track.encode(None))
    return path
