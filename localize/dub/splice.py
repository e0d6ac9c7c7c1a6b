"""A dubbed sound track that is the source's own wherever nothing was said: its packets, not a copy of what they sound like.

AAC-LC is laid out on a grid of frames of 1024 samples. A packet reaches over two of them, the next packet over the second and a
third: in the frame they share, what is wrong in one is taken away by the other, as long as both were made of the same sound.
So a stretch of packets can be replaced, if the new ones begin and end where the mix is still the source's sound.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from localize.dub.decoded import LOOSE, RATES, opened
from localize.dub.noise import draws, groups, match
from localize.media.command import file
from localize.media.mapped import let_go
from localize.media.pcm import Samples

FRAME = 1024
WARM = 8  # frames that an encoder is given before the first that counts: its rate control and hearing model look back
MARGIN = 2  # frames of unchanged sound in the new packets, on each side, at least
SEARCH = 8  # further frames that a place to join at is looked for in
CHANNEL, MOST = 96_000, 320_000  # bit/s of new packets, for each channel, and in all
MUCH = 64  # numbers drawn for noise by a packet
Coder = Literal["fast", "twoloop"]
# Encoders that leave noise to the decoder, and at what part of the source's rate: those that leave little, much, and all sorts.
NOISY: tuple[tuple[tuple[Coder, float], ...], ...] = (
    (("fast", 1.0), ("fast", 0.75), ("fast", 0.6)),
    (("fast", 0.75), ("twoloop", 1.0), ("twoloop", 0.75), ("twoloop", 0.5)),
    (*(("fast", part) for part in (1.0, 0.85, 0.7, 0.55)), *(("twoloop", part) for part in (1.1, 0.9, 0.7, 0.5))),
)
Stretches = list[tuple[float, float]]


@dataclass(frozen=True)
class Spliced:
    """A track that was written: the stretches (s) in which it may differ from the source, what a seller should know of it, and how
    many packets are the source's own and how many are not."""

    touched: Stretches
    note: str = ""
    kept: int = 0
    new: int = 0


class Packets:
    """Packets on disk, in order: an hour of sound is 60 MB of them."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._ends = [0]

    def append(self, packet: bytes) -> None:
        self._file.seek(self._ends[-1])
        self._file.write(packet)
        self._ends.append(self._ends[-1] + len(packet))

    def extend(self, packets: Iterable[bytes]) -> None:
        for packet in packets:
            self.append(packet)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> bytes:
        self._file.seek(self._ends[number])
        return self._file.read(self._ends[number + 1] - self._ends[number])

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._ends[-1]


@dataclass(frozen=True)
class Grid:
    """The packets of an AAC-LC track: packet p decodes, with the one before it, to the samples from `start` + 1024 p on."""

    start: int
    heard: int  # the first sample that is heard
    packets: Packets
    last: int  # samples of the last packet that are heard
    rate: int
    layout: str
    header: bytes  # AudioSpecificConfig

    def frame(self, sample: int) -> int:
        return (sample - self.start) // FRAME

    def time(self, frame: int) -> float:
        return max(0, self.start + frame * FRAME) / self.rate

    def between(self, first: int, last: int) -> Iterator[bytes]:
        """Its packets from one number to another, both included."""
        return (self.packets[p] for p in range(max(0, first), min(len(self.packets), last + 1)))

    @property
    def bits(self) -> int:
        """Bits per second."""
        return self.packets.size * 8 * self.rate // (len(self.packets) * FRAME)


@dataclass(frozen=True)
class Seam:
    """Packets `first` to `last`, both included, are new ones: those from number `at` on. `exact` tells that the noise behind them is
    as it was."""

    first: int
    last: int
    at: int
    exact: bool


def spliced(
    video: Path, track: int, mixed: Samples, touched: Sequence[tuple[float, float]], out: Path, *,
    rate: int, layout: str, lossless: bool = False,
) -> Spliced:  # fmt: skip
    """Write the sound `mixed` [n, channels], whose samples are the source's but in the stretches `touched` (s), as an MP4 of sound only.

    Where the source is AAC-LC its packets are kept but for those stretches and a little around them, else all is encoded anew;
    `lossless` writes ALAC of 24 bits, which is exact everywhere. Sample n is heard where sample n of the source was."""
    if lossless:
        _whole(mixed, rate, layout, "alac", out)
        return Spliced(list(touched))
    grid = grid_of(video, track)
    if isinstance(grid, Grid) and (grid.rate, grid.layout) == (rate, layout):
        return _woven(video, track, grid, mixed, touched, out)
    _whole(mixed, rate, layout, "aac", out)
    why = grid if isinstance(grid, str) else f"it is {grid.layout} at {grid.rate} Hz, and the dub {layout} at {rate} Hz"
    note = f"the sound of {video.name} was encoded anew, as {why}: where nothing is dubbed it sounds the same, but its bits differ."
    return Spliced([(0.0, len(mixed) / rate)], note if grid else "")


def grid_of(video: Path, track: int) -> Grid | str:
    """The packets of a video's sound track, from the first picture on, or why they can't be kept ("" where there is no sound)."""
    with opened(video, track) as (container, stream, origin):
        if stream is None:
            return ""
        codec = stream.codec_context
        if codec.name != "aac" or codec.profile != "LC":
            return f"it is {codec.name}{f' ({codec.profile})' if codec.profile else ''} and not AAC-LC"
        if len(codec.extradata or b"") < 2:
            return "its packets have headers of their own"  # ADTS, in transport streams
        packets, heard, last = Packets(), 0, FRAME
        start: int | None = None  # where the first packet's frame lies; only the decoder knows to the sample
        for number, packet in enumerate(p for p in container.demux(stream) if p.size):
            time = float(packet.pts * packet.time_base) - origin if packet.pts is not None else None
            if start is None and (frame := _first(packet)) is not None:
                heard = round((float(frame.time or 0.0) - origin) * stream.rate)
                start = heard + frame.samples - (number + 1) * FRAME
            if start is not None and time is not None and abs(time - (start + number * FRAME) / stream.rate) > LOOSE:
                return f"it has a gap at {time:.1f} s"
            packets.append(bytes(packet))  # also from before the first picture: noise behind depends on it
            last = round(float((packet.duration or 0) * packet.time_base) * stream.rate) or FRAME
        if start is None or not len(packets) or stream.rate not in RATES:
            return f"its rate is {stream.rate} Hz" if len(packets) else "it is empty"
        return Grid(start, heard, packets, min(last, FRAME), stream.rate, stream.layout.name, bytes(codec.extradata))


def _first(packet: av.Packet[av.AudioStream]) -> av.AudioFrame | None:
    try:
        return next(iter(packet.decode()), None)
    except av.FFmpegError:
        return None


def _woven(video: Path, track: int, grid: Grid, mixed: Samples, touched: Sequence[tuple[float, float]], out: Path) -> Spliced:
    made, count = Packets(), len(grid.packets)
    seams = [_seam(grid, mixed, first, last, made) for first, last in _changed(grid, touched)]
    begin, end = min([0, *(s.first for s in seams)]), max([count - 1, *(s.last for s in seams)])

    def packets() -> Iterator[tuple[int, int, bytes]]:
        at = begin
        for seam in (*seams, Seam(end + 1, end, 0, True)):
            for p in range(at, seam.first):
                yield grid.start + p * FRAME, grid.last if p == count - 1 == end else FRAME, grid.packets[p]
            for p in range(seam.first, seam.last + 1):
                yield grid.start + p * FRAME, grid.last if p == count - 1 == end else FRAME, made[seam.at + p - seam.first]
            at = seam.last + 1

    _copied(video, track, packets(), grid.rate, out)
    # The frame behind the last new packet is made of that one too.
    changed = [(grid.time(seam.first), grid.time(seam.last + 2)) for seam in seams]
    if grid.heard > grid.start > 0:  # an MP4 can't both start late and leave out what an encoder begins with
        changed.insert(0, (grid.time(0), grid.heard / grid.rate))
    note = (
        f"{video.name} may leave some noise to the player, which may draw it otherwise behind a dubbed sentence; all else is the same."
        if not all(seam.exact for seam in seams) else ""
    )  # fmt: skip
    return Spliced(changed, note, end + 1 - begin - len(made), len(made))


def _changed(grid: Grid, touched: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """The packets that the stretches change, first and last of each, those too near for a join between them as one."""
    found = [(grid.frame(round(start * grid.rate)) - 1, grid.frame(round(end * grid.rate) - 1)) for start, end in sorted(touched)]
    count = len(grid.packets)
    if found and found[-1][1] >= count:  # new packets before the source's first or behind its last leave no hole
        found[-1] = min(found[-1][0], count), found[-1][1]
    if found and found[0][0] < 0:
        found[0] = found[0][0], max(found[0][1], -1)
    merged: list[tuple[int, int]] = []
    for first, last in found:
        if merged and first - merged[-1][1] <= 2 * (MARGIN + SEARCH) + 2:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def _seam(grid: Grid, mixed: Samples, first: int, last: int, made: Packets) -> Seam:
    """New packets for the changed ones from `first` to `last`, and as many around them as it takes to join well, put behind `made`."""
    count, reach = len(grid.packets), MARGIN + SEARCH
    left, right = min(first, max(0, first - reach)), max(last, min(count - 1, last + reach))
    plain = Packets()
    plain.extend(_encoded(grid, mixed, left, right, "fast", max(grid.bits, CHANNEL * mixed.shape[1]), noise=False))
    starts, ends = range(min(first, max(0, first - MARGIN)), left - 1, -1), range(max(last, min(count - 1, last + MARGIN)), right + 1)
    begin = next((p for p in starts if p <= 0 or p > count or _join(grid.packets[p - 1], plain[p - left])), starts[0])
    end = next((p for p in ends if p >= count - 1 or _join(plain[p - left], grid.packets[p + 1])), ends[0])
    at, within = len(made), range(begin - left, end + 1 - left)
    counted = mixed.shape[1] <= 2  # of more channels nobody can tell how much noise there is
    drawn = sum(draws(groups(grid.between(begin, end)), mixed.shape[1], grid.header)) if counted and end < count - 1 else 0
    if not drawn:
        made.extend(plain[k] for k in within)
        return Seam(begin, end, at, counted or end >= count - 1)
    tries = [(ways, False) for ways in NOISY[drawn > MUCH * len(within) :]]
    # What one rate leaves to the decoder and the next does not has no order: in the end all are tried together.
    for ways, early in (*tries, (NOISY[1], True), (tuple(dict.fromkeys((*NOISY[1], *NOISY[2]))), True)):
        chosen = Packets()
        versions = _versions(grid, mixed, begin, end, ways, (plain[k] for k in within))
        missing = match(grid.between(begin, end), versions, mixed.shape[1], grid.header, chosen.append, early=early)
        if not missing:
            break
    made.extend(chosen[k] for k in range(len(chosen)))
    return Seam(begin, end, at, not missing)


def _versions(
    grid: Grid, mixed: Samples, first: int, last: int, ways: Sequence[tuple[Coder, float]], plain: Iterable[bytes]
) -> Iterator[Sequence[bytes]]:  # fmt: skip
    """New packets without noise for the decoder to draw, and for each some that have it, of the same windows."""
    noisy = [_encoded(grid, mixed, first, last, coder, round(grid.bits * part), noise=True) for coder, part in ways]
    for packet, *others in zip(plain, *noisy, strict=True):
        yield [packet, *(other if _window(other) == _window(packet) else packet for other in others)]


def _encoded(grid: Grid, mixed: Samples, first: int, last: int, coder: Coder, bits: int, noise: bool) -> Iterator[bytes]:
    """The packets `first` to `last` of the mix on the source's grid; with or without noise that is left to the decoder."""
    context = AudioCodecContext.create("aac", "w")
    context.sample_rate, context.layout, context.format = grid.rate, grid.layout, "fltp"
    context.bit_rate, context.options = min(bits, MOST), {"aac_coder": coder, "aac_pns": str(int(noise))}
    begin = first - WARM
    for packet in _encoder(_cut(mixed, grid.start + begin * FRAME, grid.start + (last + 3) * FRAME), context, grid.rate, grid.layout):
        if first <= begin + (packet.pts or 0) // FRAME <= last:
            yield bytes(packet)


def _cut(mixed: Samples, start: int, stop: int) -> Iterator[Samples]:
    """The mix from one sample to another in frames [1024, channels]: silence behind it, and before it the same backwards,
    which nobody hears but which tells an encoder more than silence does."""
    for k, at in enumerate(range(start, stop, FRAME)):
        frame = np.zeros((FRAME, mixed.shape[1]), np.float32)
        places = np.arange(at, at + FRAME)
        places = np.where(places < 0, -1 - places, places)
        there = places < len(mixed)
        frame[there] = mixed[places[there]]
        if k % 1024 == 1023:
            let_go(mixed)
        yield frame
    let_go(mixed)


def _encoder(frames: Iterable[Samples], context: AudioCodecContext, rate: int, layout: str) -> Iterator[av.Packet[Any]]:
    """Frames encoded. A packet of AAC has the time of the frame that it and the one before it decode to, the first one -1024."""
    for k, samples in enumerate(frames):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, k * FRAME, Fraction(1, rate)
        yield from context.encode(frame)
    yield from context.encode(None)


def _whole(mixed: Samples, rate: int, layout: str, codec: Literal["aac", "alac"], out: Path) -> None:
    """Write all of a mix, encoded anew."""
    with av.open(file(out), "w", format="mp4") as container:
        # See mp4.encoder about the coder.
        stream = container.add_stream(codec, rate=rate, layout=layout, options={"aac_coder": "fast"} if codec == "aac" else {})
        if codec == "aac":
            stream.bit_rate = min(CHANNEL * mixed.shape[1], MOST)
        for packet in _encoder(_cut(mixed, 0, len(mixed)), stream.codec_context, rate, layout):
            packet.stream = stream
            container.mux(packet)


def _copied(video: Path, track: int, packets: Iterable[tuple[int, int, bytes]], rate: int, out: Path) -> None:
    """Write packets (their place and length in samples, their bytes) as a track like a video's."""
    with opened(video, track) as (_, source, _), av.open(file(out), "w", format="mp4", options={"movie_timescale": str(rate)}) as container:
        stream = container.add_stream_from_template(source)
        for place, length, data in packets:
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, rate), True
            packet.pts = packet.dts = place
            packet.duration = length
            container.mux(packet)


def _join(packet: bytes, behind: bytes) -> bool:
    """Whether two packets that were not made for each other can stand one behind the other: with long windows between them."""
    return _window(packet) in (0, 3) and _window(behind) in (0, 1)


def _window(packet: bytes) -> int | None:
    """The window of a packet's first channels (ISO 14496-3, 4.4.2): 0 long, 1 long to short, 2 short, 3 short to long. None where the
    packet begins with other things."""
    bits = int.from_bytes(packet[:4].ljust(4, b"\0"), "big")
    kind, common = bits >> 29, bits >> 24 & 1  # between them is the number of 4 bits
    if kind == 1:  # a pair of channels: with one window for both, else the first one's behind its gain of 8 bits
        return bits >> (21 if common else 13) & 3
    return bits >> 14 & 3 if kind == 0 else None
