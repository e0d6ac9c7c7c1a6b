"""What is measured of a dub, from its file and its source's: times, length, packets, and the sound where nobody speaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import numpy.typing as npt

from benchmarks.dub_parts.texts import Said
from localize.dub import decoded

BLOCK = 1 << 20  # samples that are compared at once
AROUND = 0.5  # s about what is said, in either language, in which the sound may be touched
SOFT = 0.01  # of a sentence's peak: where it is first heard, be it by an f

Span = tuple[float, float]


class Dub(NamedTuple):
    """A finished dub beside its source."""

    source: Path
    video: Path
    language: str
    told: dict[str, Any]  # the sidecar

    @property
    def cues(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.told["cues"]
        return found

    @property
    def touched(self) -> list[Span]:
        return [(float(a), float(b)) for a, b in self.told["touched"]]


def dub_of(source: Path, out: Path, language: str) -> Dub:
    """The dub of a video in a folder. Raises FileNotFoundError."""
    video = out / f"{source.stem}.{language}.mp4"
    return Dub(source, video, language, json.loads(video.with_suffix(".json").read_text(encoding="utf-8")))


def late(dub: Dub, lines: Sequence[Said]) -> list[float]:
    """Seconds that each sentence starts after its source's, by the times the source is known to say it. A sentence without a cue counts
    as one that never starts."""
    starts = [cue["start"] for cue in dub.cues]
    if len(starts) != len(lines):
        return [float("inf")] * len(lines)
    return [start - line.start for start, line in zip(starts, lines, strict=True)]


def overlaps(dub: Dub) -> int:
    return sum(b["start"] < a["end"] for a, b in zip(dub.cues, dub.cues[1:], strict=False))


def cuts(dub: Dub) -> int:
    """Cues that do not end before the file's sound does."""
    end = tracks(dub.video)["audio"][1]
    return sum(cue["end"] > end + 0.001 for cue in dub.cues)


def tracks(video: Path) -> dict[str, tuple[float, float, float]]:
    """(start, end, mean length of a packet) in seconds of the first stream of each kind, by its packets."""
    found = {}
    for kind in ("video", "audio"):
        with av.open(str(video)) as file:  # anew for each: a seek to the beginning leaves out MPEG's first picture
            if not (streams := getattr(file.streams, kind)):
                continue
            first, last, count, open_end = float("inf"), 0.0, 0, False
            for packet in file.demux(streams[0]):
                if packet.pts is None or packet.time_base is None:
                    continue
                at, count = float(packet.pts * packet.time_base), count + 1
                end = at + float((packet.duration or 0) * packet.time_base)
                first, last, open_end = min(first, at), max(last, end), not packet.duration if end >= last else open_end
        step = (last - first) / max(1, count - open_end)
        found[kind] = first, last + step * open_end, step  # some packets do not tell how long they are
    return found


def codec(video: Path) -> str:
    """Of a video's first sound track."""
    with av.open(str(video)) as file:
        return str(file.streams.audio[0].codec_context.name)


def frames_off(dub: Dub) -> float:
    """By how many frames the dub differs in length from the source: the picture, or all that is seen and heard."""
    ours, theirs = tracks(dub.video), tracks(dub.source)
    pictures = [t["video"][1] - t["video"][0] for t in (ours, theirs)]
    wholes = [max(end for _, end, _ in t.values()) - t["video"][0] for t in (ours, theirs)]
    return max(abs(a - b) for a, b in (pictures, wholes)) / theirs["video"][2]


def same_packets(dub: Dub) -> bool:
    """Whether the picture's packets are the source's, byte by byte and at the same times from the first one on."""
    return _packets(dub.source) == _packets(dub.video)


def _packets(video: Path) -> list[tuple[str, int]]:
    with av.open(str(video)) as file:
        stream = file.streams.video[0]
        found = [(bytes(p), float(p.pts * stream.time_base)) for p in file.demux(stream) if p.pts is not None and stream.time_base]
    first = min(at for _, at in found)
    return [(hashlib.sha256(content).hexdigest(), round((at - first) * 1000)) for content, at in found]


class Compared(NamedTuple):
    """The sound where nothing is said, in either language, against the source's: seconds of it, dB of signal to difference (inf where
    nothing differs), and the share of samples that are equal."""

    seconds: float
    snr: float
    equal: float


def outside(dub: Dub, lines: Iterable[Said]) -> Compared:
    a, b = decoded.decoded(dub.source), decoded.decoded(dub.video)
    assert a is not None
    assert b is not None
    if (a.rate, a.channels) != (b.rate, b.channels):
        return Compared(0.0, float("-inf"), 0.0)
    n = min(len(a.samples), len(b.samples))
    kept = np.ones(n, np.bool_)
    for start, end in _said(dub, lines):
        kept[max(0, int((start - AROUND) * a.rate)) : int(np.ceil((end + AROUND) * a.rate))] = False
    signal = error = 0.0
    same = 0
    for first in range(0, n, BLOCK):
        part = slice(first, first + BLOCK)
        x, y = (s.samples[part][: n - first][kept[part]].astype(np.float64) for s in (a, b))
        signal, error, same = signal + float(np.sum(x**2)), error + float(np.sum((x - y) ** 2)), same + int(np.all(x == y, axis=1).sum())
    count = int(kept.sum())
    snr = float("inf") if not error else 10 * float(np.log10(max(signal, 1e-30) / error))
    return Compared(count / a.rate, snr, same / count if count else 1.0)


def astray(dub: Dub, lines: Iterable[Said]) -> float:
    """Seconds of the sound that are told to be touched and are not near anything that is said, in either language."""
    far = _mask(dub.touched, 0.0) & ~_mask(_said(dub, lines), AROUND)
    return float(far.sum()) / 100


def _said(dub: Dub, lines: Iterable[Said]) -> list[Span]:
    return [(line.start, line.end) for line in lines] + [(cue["start"], cue["end"]) for cue in dub.cues]


def _mask(spans: Iterable[Span], wider: float) -> npt.NDArray[np.bool_]:
    """10 ms steps of four hours."""
    mask = np.zeros(4 * 3600 * 100, np.bool_)
    for start, end in spans:
        mask[max(0, round((start - wider) * 100)) : round((end + wider) * 100)] = True
    return mask


def onsets(dub: Dub) -> list[float]:
    """Seconds from each cue's start by the sidecar to when the dub's sound is first heard there: of a dub over a muted source."""
    sound = decoded.decoded(dub.video)
    assert sound is not None
    level = np.abs(sound.samples).max(axis=1)
    found = []
    for cue in dub.cues:
        first, last = round((cue["start"] - 0.2) * sound.rate), round(cue["end"] * sound.rate)
        loud = np.flatnonzero(level[max(0, first) : last] > SOFT * level[max(0, first) : last].max())
        found.append(float(loud[0]) / sound.rate - 0.2 if len(loud) else float("inf"))
    return found
