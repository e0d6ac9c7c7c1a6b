"""The sound of a dubbed video: the source's, sample for sample, but where somebody speaks there or the dub does.

There the source is lowered, silenced or replaced by a background, and the dub is heard as loud as the speech that it stands for.
All is done by blocks on arrays that lie on disk, so that an hour of sound takes no more memory than a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np
import numpy.typing as npt

from localize.dub.decoded import BLOCK, Sound
from localize.media import metering, mixing, pcm
from localize.media.mapped import blank, let_go
from localize.media.pcm import Samples

Bed = Literal["ducked", "separated", "muted", "music"]
Background = Callable[[int, int], Samples]  # what the source sounds like without speech, from sample to sample: [n, channels]
Span = tuple[int, int]  # samples

BEFORE, AFTER = 0.04, 0.08  # s that the source is down before words begin and after they end
RAMP = 0.08  # s in which it goes down and comes back
PAUSE = 0.4  # s: in a shorter pause it stays down
DUCK, DEEPEST = 18.0, 40.0  # dB that it goes down by, at least and at most
ABOVE = 14.0  # LU that the dub is louder than what is left of it, at least
QUIETEST, LOUDEST = -30.0, -12.0  # LUFS of speech: beyond them a source's is a fault, and not to be followed
SILENCE = -60.0  # LUFS
LONGEST = 20.0  # s whose loudness is measured at once
EDGE = 0.005  # s in which a piece of the dub fades in and out


@dataclass(frozen=True)
class Mixed:
    """A dubbed sound [n, channels] on disk, and the stretches (s) outside which it is the source's, sample for sample. `loudness` is the
    dub's, and `under` that of what is left of the source below it where it is loudest, both in LUFS (-inf for silence)."""

    samples: Samples
    rate: int
    layout: str
    touched: list[tuple[float, float]]
    loudness: float
    under: float


def dubbed(
    source: Sound | None, seconds: float, pieces: Iterable[tuple[float, Samples]], said: Sequence[tuple[float, float]],
    bed: Bed = "ducked", *, background: Background | None = None, music: Path | None = None,
) -> Mixed:  # fmt: skip
    """Mix a dub into a video's sound.

    `pieces` are the dub's sentences in any order, taken one at a time: the second each begins at and its speech, mono at 48 kHz.
    `said` are the source's own sentences, from second to second. `background` belongs to the bed "separated", `music` (a file) to
    "music", which lies from the first word to the last, or everywhere where the video has no sound. A video without sound is given
    48 kHz stereo of its length; what is spoken behind its end is cut off."""
    rate, layout = (source.rate, source.layout) if source else (pcm.RATE, "stereo")
    out, n = _copied(source, round(seconds * rate), 2)
    own = [(max(0, round(start * rate)), min(n, round(end * rate))) for start, end in said]
    voice, heard = _laid(pieces, n, rate)
    spans = _merged([*own, *heard], round(PAUSE * rate))
    if bed == "music":
        spans = [(spans[0][0], spans[-1][1])] if source and spans else [] if source else [(0, n)]
    loud = _target(_loudness(source.samples, rate, own or [(0, n)]) if source else -np.inf)
    level = _loudness(voice, rate, heard)
    gain = metering.ratio(loud - level) if np.isfinite(level) else 1.0
    tune = _Tune(music, rate, out.shape[1], loud, heard) if bed == "music" and music else None
    places, touched, under = gain * _places(layout), [], -np.inf
    for span in spans:
        stretch = Stretch.around(span, n, rate)
        level = _loudness(out, rate, [span]) if bed == "ducked" else -np.inf
        depth = min(DEEPEST, max(DUCK, level - loud + ABOVE)) if bed == "ducked" else np.inf
        under = max(under, level - depth)

        def mixture(at: int, stop: int, stretch: Stretch = stretch, depth: float = depth) -> Samples:
            down = stretch.down(at, stop)[:, None]
            made = out[at:stop] * (1 - down * np.float32(1 - metering.ratio(-depth))) + voice[at:stop] * places
            let_go(voice)
            let_go(out)
            if bed == "separated" and background:
                rest = background(at, stop)
                made += rest * down
                let_go(rest)
            return made + tune.part(at, stop) * down if tune else made

        _put(out, stretch, mixture, rate)
        touched.append((stretch.begin / rate, stretch.end / rate))
    return Mixed(out, rate, layout, touched, loud if heard else -np.inf, under)


@dataclass(frozen=True)
class Stretch:
    """Samples `begin` to `end` that a dub may change, and how long (in samples) the source takes to go down and come back.

    `begin` and `end` may be cut off by the sound's own; `first` and `last` are where they would be."""

    begin: int
    end: int
    first: int
    last: int
    ramp: int

    @classmethod
    def around(cls, span: Span, n: int, rate: int) -> Stretch:
        """The stretch of words from sample to sample in a sound of so many samples."""
        ramp = round(RAMP * rate)
        first, last = span[0] - round(BEFORE * rate) - ramp, span[1] + round(AFTER * rate) + ramp
        return cls(max(0, first), min(n, last), first, last, ramp)

    def down(self, at: int, stop: int) -> Samples:
        """How far the source is down at each sample: 0 outside, 1 while words are said, half a wave of a cosine between."""
        places = np.arange(at, stop)
        part = np.clip(np.minimum(places - self.first, self.last - 1 - places) / self.ramp, 0, 1)
        return (0.5 - 0.5 * np.cos(np.pi * part)).astype(np.float32)


def _put(out: Samples, stretch: Stretch, mixture: Callable[[int, int], Samples], rate: int) -> None:
    """Write a mixture over a stretch, its true peaks kept under `mixing.PEAK` but for where the source is only on its way down."""
    cell = rate // 1000
    blocks = [(at, min(at + 4096 * cell, stretch.end)) for at in range(stretch.begin, stretch.end, 4096 * cell)]
    highest = (np.where(stretch.down(at, stop)[::cell] < 1, 0, _peaks(mixture, at, stop, len(out), cell)) for at, stop in blocks)
    # A block is written when the next one's peaks are known, as those are looked for from a little before it.
    for (at, stop), curve in zip(blocks, mixing.limits_by_parts(highest, metering.ratio(mixing.PEAK)), strict=True):
        made, places = mixture(at, stop), np.arange(at, stop)
        middles = at + np.arange(-1, len(curve) - 1) * cell + cell / 2
        # What the limiter gives back late comes back with the source.
        limit = 1 - (1 - np.interp(places, middles, curve)) * stretch.down(at, stop)
        out[at:stop] = made * limit[:, None].astype(np.float32)
        let_go(out)


def _peaks(mixture: Callable[[int, int], Samples], at: int, stop: int, n: int, cell: int) -> npt.NDArray[np.float64]:
    """The highest of all channels in each cell of a mixture, and of three points between each two samples."""
    left, right = max(0, at - 256), min(n, stop + 256)
    made = mixture(left, right)
    spectrum = np.fft.rfft(made, axis=0)
    fine = 4 * np.abs(np.fft.irfft(spectrum, 4 * len(made), axis=0)).max(axis=1)[4 * (at - left) : 4 * (stop - left)]
    return np.asarray(np.maximum.reduceat(fine, np.arange(0, len(fine), 4 * cell)), np.float64)


class _Tune:
    """Music [m, channels] that goes round and round, somewhat quieter than a dub and much quieter while it speaks."""

    def __init__(self, path: Path, rate: int, channels: int, loud: float, heard: Sequence[Span]) -> None:
        pair = pcm.read_stereo(path)
        sides = np.stack([pcm.resampled(np.ascontiguousarray(pair[:, side]), pcm.RATE, rate) for side in (0, 1)], axis=1)
        level = metering.integrated(pair)
        self._samples = np.zeros((len(sides), channels), np.float32)
        self._samples[:, :2] = sides[:, :channels] if channels > 1 else sides.mean(axis=1, keepdims=True)
        self._samples *= np.float32(metering.ratio(loud + mixing.BED - mixing.VOICE - level) if np.isfinite(level) else 1)
        self._words = [Stretch.around(span, span[1] + rate, rate) for span in _merged(heard, round(PAUSE * rate))]

    def part(self, at: int, stop: int) -> Samples:
        """What is heard of it from sample to sample."""
        down = np.zeros(stop - at, np.float32)
        for words in self._words:
            if words.begin < stop and words.end > at:
                np.maximum(down, words.down(at, stop), out=down)
        turned = self._samples[np.arange(at, stop) % len(self._samples)]
        return np.asarray(turned * (10 ** (-mixing.DUCK / 20 * down))[:, None], np.float32)


def _copied(source: Sound | None, n: int, channels: int) -> tuple[Samples, int]:
    """A source's sound to be written into, or silence, of at least so many samples; and how many they are."""
    if source is None:
        return blank(n, channels), n
    n = max(n, len(source.samples))
    out = blank(n, source.channels)
    for at in range(0, len(source.samples), BLOCK):
        part = source.samples[at : at + BLOCK]
        out[at : at + len(part)] = part
        let_go(out)
        let_go(source.samples)
    return out, n


def _laid(pieces: Iterable[tuple[float, Samples]], n: int, rate: int) -> tuple[Samples, list[Span]]:
    """A dub's pieces on a silent track [n, 1] at a rate, and from where to where each is heard."""
    voice, heard = blank(n, 1), []
    for start, speech in pieces:
        at = max(0, round(start * rate))
        piece = pcm.resampled(speech, pcm.RATE, rate)[: max(0, n - at)].copy()
        if not len(piece):
            continue
        edge = min(len(piece) // 2, round(EDGE * rate))
        rise = np.linspace(0, 1, edge, endpoint=False, dtype=np.float32)
        piece[:edge] *= rise
        piece[len(piece) - edge :] *= rise[::-1]
        voice[at : at + len(piece), 0] += piece
        heard.append((at, at + len(piece)))
        let_go(voice)
    return voice, sorted(heard)


def _merged(spans: Iterable[Span], pause: int) -> list[Span]:
    """Spans in order, those with less than a pause between them as one."""
    merged: list[Span] = []
    for first, last in sorted(span for span in spans if span[0] < span[1]):
        if merged and first - merged[-1][1] < pause:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def _target(level: float) -> float:
    """The loudness of a dub in LUFS where the source's speech has this one."""
    return mixing.LOUDNESS if level < SILENCE else min(LOUDEST, max(QUIETEST, level))


def _loudness(samples: Samples, rate: int, spans: Sequence[Span]) -> float:
    """The loudness of what is heard in spans of a sound [n, channels] in LUFS, gated as one; -inf for silence."""
    powers, lengths = [0.0], [0]
    for part in _parts(samples, spans, round(LONGEST * rate)):
        # BS.1770 adds up the channels, and one alone is heard from two sides.
        pairs = [part[:, k : k + 2] if k + 1 < part.shape[1] else part[:, k] for k in range(0, part.shape[1], 2)]
        powers.append(sum(10 ** (metering.integrated(_at_media_rate(pair, rate)) / 10) for pair in pairs))
        lengths.append(len(part))
    power, length = np.array(powers), np.array(lengths)
    length[power < 10 ** (SILENCE / 10)] = 0
    if length.any():
        length[power < np.average(power, weights=length) / 10] = 0  # gated at 10 LU under the mean, as BS.1770 has it
    return float(10 * np.log10(np.average(power, weights=length))) if length.any() else -np.inf


def _parts(samples: Samples, spans: Sequence[Span], longest: int) -> Iterator[Samples]:
    for first, last in spans:
        for at in range(first, last, longest):
            yield samples[at : min(last, at + longest)]
        let_go(samples)


def _at_media_rate(part: Samples, rate: int) -> Samples:
    """Sound [n] or [n, 2] at 48 kHz."""
    if part.ndim == 1:
        return pcm.resampled(np.ascontiguousarray(part), rate, pcm.RATE)
    return np.stack([pcm.resampled(np.ascontiguousarray(side), rate, pcm.RATE) for side in part.T], axis=1)


def _places(layout: str) -> Samples:
    """How much of a voice each of a layout's channels has: the middle one where there is one, else the two sides; as loud in all."""
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    out = np.zeros(len(names), np.float32)
    if len(names) > 2 and "FC" in names:
        out[names.index("FC")] = np.sqrt(2)
    else:
        out[:2] = 1
    return out
