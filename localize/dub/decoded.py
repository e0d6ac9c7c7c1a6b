"""A video's sound, decoded to a file that is looked into as an array: an hour of it takes disk, not memory.

Sample 0 is heard while the video's first picture is shown, whatever the clocks of its streams say.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer

from localize.errors import UserError
from localize.film import Film
from localize.media.mapped import room_for
from localize.media.pcm import Samples

HEARD = 16_000  # Hz that recognizers listen at
RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)  # Hz that AAC knows
USUAL = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}  # layouts of so many channels, which every sound of an MP4 has
RARE = ("2.1", "3.0(back)", "quad", "hexagonal")  # further layouts of AAC packets that can be kept; ALAC has none of them
BEHIND = {"SL": "BL", "SR": "BR"}  # where the usual layouts have what others have at the sides
LOOSE = 0.01  # s that times may be off: some containers keep them in ms. One lost frame is more.
BLOCK = 1 << 18  # samples that are worked on at once


@dataclass(frozen=True)
class Sound:
    """A decoded track: samples [n, channels] on disk, and how they are laid out. `change` says what a dub can't have of the source's, ""
    where it has all: its channels were mixed to fewer, or its rate is another."""

    samples: Samples
    rate: int
    layout: str
    change: str = ""

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def decoded(video: Path, track: int = 0, lossless: bool = False) -> Sound | None:
    """A video's sound track, counted from 0, at its own rate (48 kHz where AAC has no such rate) and layout (one that holds its channels
    where the dub's AAC, or ALAC if it is to be `lossless`, has no such layout); None where it has no sound.

    Raises UserError for what can't be read and for a track that is not there, NotReady where there is no room for it."""
    with opened(video, track) as (container, stream, origin):
        if stream is None:
            return None
        rate = stream.rate if stream.rate in RATES else 48_000
        layout = _layout(stream.layout, RARE if stream.codec_context.name == "aac" and not lossless else ())
        channels, seconds = av.AudioLayout(layout).nb_channels, (container.duration or 0) / 1e6
        samples = _kept((block.T for block in _blocks(container, stream, origin, rate, layout)), channels, round(seconds * rate))
        change = _change(stream.layout, layout, stream.rate, rate)
    return None if samples is None else Sound(samples, rate, layout, change)


def _layout(told: av.AudioLayout, rare: Sequence[str]) -> str:
    """A layout that the dub's sound can have: the source's own, or the smallest with a place for each of its channels, or else 5.1,
    which the others are brought to. Not every file says which of its channels is where."""
    if told.name in (*USUAL.values(), *rare):
        return told.name
    if told.name.endswith(" channels") or told.nb_channels <= 2:
        return USUAL.get(told.nb_channels, "5.1")
    return next((name for name in USUAL.values() if _has_room(name, told)), "5.1")


def _has_room(layout: str, told: av.AudioLayout) -> bool:
    """Whether a usual layout has a place for each of a sound's channels."""
    return {BEHIND.get(channel.name, channel.name) for channel in told.channels} <= {c.name for c in av.AudioLayout(layout).channels}


def _change(told: av.AudioLayout, layout: str, rate: int, new: int) -> str:
    """What a sound loses when it is brought to a layout and a rate in Hz, in words, "" for nothing."""
    named, most = not told.name.endswith(" channels"), av.AudioLayout(layout).nb_channels
    mixed = told.nb_channels > max(2, most) or (told.nb_channels > 2 and told.name != layout and named and not _has_room(layout, told))
    return " and ".join([*([f"{told.name} to {layout}"] if mixed else []), *([f"{rate} Hz to {new} Hz"] if rate > new else [])])


def heard(video: Path, track: int = 0) -> Samples | None:
    """A video's sound track as recognizers hear it: mono at `HEARD` Hz, [n] on disk; None where it has no sound.

    Raises as `decoded`."""
    with opened(video, track) as (container, stream, origin):
        if stream is None:
            return None
        seconds = (container.duration or 0) / 1e6
        samples = _kept((block.T for block in _blocks(container, stream, origin, HEARD, "mono")), 1, round(seconds * HEARD))
    return None if samples is None else samples.reshape(-1)


@contextmanager
def opened(video: Path, track: int) -> Iterator[tuple[InputContainer, Any, float]]:
    """A video's file, one of its sound tracks (None where it has no sound), and the file's time in s that its first picture is shown at."""
    film = Film(video)
    with film.opened() as (container, _):
        tracks = container.streams.audio
        if tracks and not 0 <= track < len(tracks):
            raise UserError(f"{video} has no sound track {track + 1}: it has {len(tracks)}.")
        yield container, tracks[track] if tracks else None, film.origin or 0.0


def _blocks(container: InputContainer, stream: Any, origin: float, rate: int, layout: str) -> Iterator[Samples]:
    """What is heard from the first picture on, without a gap: [channels, some] each."""
    at: int | None = None  # the sample that comes next
    for time, block in _resampled(container, stream, rate, layout):
        place = at if time is None else round((time - origin) * rate)
        if at is None or place is None or abs(place - at) > LOOSE * rate:
            place = place or 0
            if place > (at or 0):
                yield from _silence(place - max(0, at or 0), block.shape[0])
            elif at is not None:
                block = block[:, at - place :]  # a time that was heard already
                place = at
            at = place
        yield block[:, max(0, -at) :]
        at += block.shape[1]


def _silence(n: int, channels: int) -> Iterator[Samples]:
    for start in range(0, n, BLOCK):
        yield np.zeros((channels, min(BLOCK, n - start)), np.float32)


def _resampled(container: InputContainer, stream: Any, rate: int, layout: str) -> Iterator[tuple[float | None, Samples]]:
    """Frames at a rate and layout with their times in the file's seconds; None where a frame simply follows the one before."""
    resampler, kind = av.AudioResampler(format="fltp", layout=layout, rate=rate), None
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue  # a damaged packet is a gap, as in a player
        for frame in frames:
            now = (frame.format.name, frame.layout.name, frame.sample_rate)
            if kind is not None and now != kind:
                yield from ((None, _samples(r)) for r in resampler.resample(None))
                resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
            kind, time = now, frame.time
            frame.pts = None  # the resampler would fill gaps of its own
            for k, made in enumerate(resampler.resample(frame)):
                yield (time if k == 0 else None), _samples(made)
    if kind is not None:
        yield from ((None, _samples(r)) for r in resampler.resample(None))


def _samples(frame: av.AudioFrame) -> Samples:
    return frame.to_ndarray().astype(np.float32, copy=False)


def _kept(blocks: Iterable[Samples], channels: int, about: int) -> Samples | None:
    """Blocks [some, channels] one behind the other on disk: [n, channels]; None where there are none. `about` is what n will be, as far
    as the file tells."""
    # The file has no name: it goes as soon as nobody looks into it, however the process ends.
    with room_for(4 * about * channels), tempfile.TemporaryFile() as out:
        for block in blocks:
            out.write(np.ascontiguousarray(block, np.float32).tobytes())
        out.flush()
        n = out.tell() // (4 * channels)
        return np.memmap(out, np.float32, "r+", shape=(n, channels)) if n else None
