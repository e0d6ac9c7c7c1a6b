"""The picture of a dub, where it can't be copied: decoded once, drawn over, encoded once, at the video's own size and frame rate.

Frames are upright, of square pixels, progressive, SDR and BT.709 whatever the file holds. A video whose frames come unevenly gets a
steady rate; each of its frames keeps its time to half a frame, so sound stays with it. One frame is held at a time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import av
import numpy as np
import numpy.typing as npt

from localize.clip import cards, layout, tones
from localize.clip.canvas import Frame, Layer, layer
from localize.clip.layout import Aspect, Box
from localize.clip.reel import Screen, woven
from localize.clip.salience import Crop
from localize.domain import Finding
from localize.film import Film, Pace, Turn, matrix
from localize.media import mp4
from localize.pixels import Pixels

VERSION = "1"  # raise it when the same inputs would give another picture
STANDARD = (*map(Fraction, ("12.5", "15", "24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")),)  # frames a second
SLOWEST = 12  # frames a second: captions that move on word by word need so many
OFF = 0.3  # of a frame: files round their times, to milliseconds at the coarsest
GLYPH = 0.05  # of the shorter side: how high GB 45438-2025 wants the label's letters
BT709 = 1
WHOLE = (0.0, 0.0, 1.0, 1.0)

Times = npt.NDArray[np.float64]


class Painter(Protocol):
    """Something that is drawn on every frame, in order of time."""

    def draw(self, frame: Frame, t: float) -> None:
        """Draw on the frame that is shown `t` s from the video's first one."""
        ...


@dataclass(frozen=True)
class Shape:
    """A video as it is encoded anew: px upright with square pixels, both even, frames a second, and how many frames there are.
    `steady` tells whether its own frames come at that rate, `last` when (s) the last of them begins: how long that one is seen, not
    every file tells, and of uneven frames nobody can guess it."""

    film: Film
    width: int
    height: int
    rate: Fraction
    count: int
    steady: bool
    last: float

    @classmethod
    def of(cls, video: Path) -> Shape:
        """Reads the file through without decoding it. Raises UserError for what can't be read or has no picture."""
        film = Film(video)
        width, height = (max(2, round(side) & ~1) for side in film.shown(*film.stored))
        times, end, told = _times(film)
        rate, steady = paced(times, told)
        return cls(film, width, height, rate, max(1, round(end * rate)), steady, float(times[-1]))

    @property
    def seconds(self) -> float:
        return float(self.count / self.rate)

    def number(self, t: float) -> int:
        """The frame that is shown at a time in s, the nearest."""
        return round(t * self.rate)

    def encoding(self, crf: int = 20, preset: str = "faster", threads: int = 0, encoder: Encoder = "x264") -> mp4.Encoding:
        """How it becomes H.264."""
        rate = self.rate.numerator if self.rate.denominator == 1 else self.rate
        return mp4.Encoding(self.width, self.height, rate, crf, preset, threads, encoder)

    def decoded(self, pace: Pace) -> Iterator[tuple[int, int, av.VideoFrame]]:
        """The file's frames, each with the number of the frame from which it is shown and that of the first that shows another. What
        can't be read is skipped, what lies before it stands; of two frames for one number the later is shown."""
        frames = self.film.frames(pace, damage="skip")
        held: av.VideoFrame | None = None
        first = 0
        for time, frame in woven(frames) if self.film.interlaced else frames:
            number = 0 if held is None else round(time * self.rate)
            if number >= self.count:
                break
            if held is not None and number > first:
                yield first, number, held
            held, first = frame, max(first, number)
        if held is not None:
            yield first, self.count, held


Encoder = Literal["auto", "x264", "nvenc", "videotoolbox"]


def _times(film: Film) -> tuple[Times, float, Fraction | None]:
    """When a file's frames are shown, in s from the first, when the last one ends, and the frames a second that its header tells."""
    starts, last = array("d"), 0.0
    with film.opened() as (container, stream):
        base = stream.time_base or Fraction(1, 90000)
        told = stream.average_rate or stream.guessed_rate
        for packet in container.demux(stream):
            ticks = packet.dts if packet.pts is None else packet.pts
            if ticks is None or packet.is_discard:
                continue
            start = float(ticks * base) - (film.origin or 0.0)
            if start > -1e-6:
                starts.append(start)
                last = max(last, start + float((packet.duration or 0) * base))
    times = np.unique(np.array(starts)) if starts else np.zeros(1)
    step = float(np.median(np.diff(times))) if len(times) > 1 else float(1 / told) if told else 0.04
    return times, max(last, float(times[-1]) + step / 2), told


def paced(times: Times, told: Fraction | None) -> tuple[Fraction, bool]:
    """The steady rate for frames at these times [n] in s, ascending: their own if they have one, some of them missing perhaps, else the
    nearest standard one; and whether it is their own. `told` is what the file's header says."""
    if len(times) < 2:
        rate, steady = told or Fraction(25), True
    else:
        usual = 1 / float(np.median(np.diff(times)))
        nearest = min(STANDARD, key=lambda standard: abs(np.log(float(standard) / usual)))
        tried = [s for s in STANDARD if told and abs(s / told - 1) < Fraction(1, 5000)] + ([told] if told else []) + [nearest]
        own = next((rate for rate in tried if rate <= 1.05 * usual and _in_step(times, rate)), None)
        rate, steady = own or nearest, own is not None
    return (rate if rate >= SLOWEST else rate * ceil(SLOWEST / rate)), steady


def _in_step(times: Times, rate: Fraction) -> bool:
    places = times * float(rate)
    return bool(np.abs(places - np.rint(places)).max() < OFF and np.diff(np.rint(places)).min() >= 1)


class Upright:
    """Brings decoded frames of a video into I420 frames of `width` x `height`, its own size where none is given."""

    def __init__(self, shape: Shape, width: int = 0, height: int = 0) -> None:
        self.width, self.height = width or shape.width, height or shape.height
        self._film = shape.film
        self._screen = Screen(shape.film, Crop(WHOLE, (self.width, self.height), WHOLE), self.width, self.height)

    def fill(self, frame: Frame, decoded: av.VideoFrame) -> None:
        if not self._ready(decoded):
            np.copyto(frame.buffer, self._screen.shown(decoded).buffer)
            return
        planes: Sequence[Any] = decoded.planes  # PyAV's own types don't tell that they are buffers
        for ours, plane in zip((frame.y, frame.u, frame.v), planes, strict=True):
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            np.copyto(ours, rows[: ours.shape[0], : ours.shape[1]])

    def _ready(self, decoded: av.VideoFrame) -> bool:
        """Whether its planes are what is wanted: most videos', and filters would cost as much as all that is drawn."""
        return (
            decoded.format.name == "yuv420p"
            and (decoded.width & ~1, decoded.height & ~1) == (self.width, self.height)
            and self._film.aspect == 1
            and self._film.turn == Turn()
            and matrix(decoded) == BT709
            and int(decoded.color_range) != 2
            and not tones.needed(int(decoded.color_trc), int(decoded.color_primaries))
        )


@dataclass(frozen=True, eq=False)
class Label:
    """The AI label as a video wears it: its pixels (premultiplied RGBA), their box in the frame, and the height of its letters in px."""

    rgba: Pixels
    box: Box
    glyph: int
    layer: Layer = field(repr=False)

    @classmethod
    def of(cls, language: str, width: int, height: int) -> Label:
        """In a language, for a frame of that size, where a clip of that shape has it."""
        like, short = aspect(width, height), min(width, height)
        across, down = layout.SIZES[like]
        at, free = layout.get("product-only", like).label, layout.safe_box(like)
        card = cards.ai_label(language, free[2] - free[0])
        card = card.sized(max(short / min(across, down), ceil(GLYPH * short) / card.glyph + 1e-6))
        high, wide = card.rgba.shape[:2]
        x, y = max(0, min(at[0] * width // across, width - wide)), at[1] * height // down
        box = (x, y, x + wide, y + high)
        return cls(card.rgba, box, card.glyph, layer(card.rgba, x, y))

    def draw(self, frame: Frame, t: float) -> None:
        frame.blend(self.layer)


def aspect(width: int, height: int) -> Aspect:
    """The shape of clips that a frame is most like."""
    shapes: tuple[Aspect, ...] = get_args(Aspect)
    return min(shapes, key=lambda name: abs(np.log(width / height * layout.SIZES[name][1] / layout.SIZES[name][0])))


@dataclass(frozen=True)
class Rendered:
    """What was encoded: how many frames, how long they are seen in s, where the label is, and what is to be told of the source."""

    frames: int
    seconds: float
    label: Label
    findings: tuple[Finding, ...]


def render(
    shape: Shape, out: Path, language: str, painters: Sequence[Painter] = (), *, encoding: mp4.Encoding | None = None, hold: float = 0.0
) -> Rendered:
    """Encode a video's picture anew as an MP4 without sound, with `painters` drawn in their order and the AI label of a language over
    them; the last frame is held `hold` s longer.

    Raises UserError for a video that can't be read, MediaError where it can't be encoded."""
    encoding, upright, label, pace = encoding or shape.encoding(), Upright(shape), Label.of(language, shape.width, shape.height), Pace()
    total = shape.count + round(hold * shape.rate)
    drawn, size = (*painters, label), shape.width * shape.height * 3 // 2
    with mp4.encoder(out, encoding, None, {}) as pipe:
        for first, after, decoded in shape.decoded(pace):
            for number in range(first, total if after == shape.count else after):
                frame = Frame(shape.width, shape.height, pipe.room(size))
                upright.fill(frame, decoded)
                for painter in drawn:
                    painter.draw(frame, float(number / shape.rate))
                pipe.write(frame.buffer.data)
    return Rendered(total, float(total / shape.rate), label, tuple(_findings(shape, pace)))


def _findings(shape: Shape, pace: Pace) -> Iterator[Finding]:
    film, name = shape.film, shape.film.path.name
    if film.hdr:
        told = f"{name}: it is HDR ({film.hdr}): its colours are brought to SDR. Look at them, or export it as SDR"
        yield Finding(check="picture.hdr", severity="warn", message=told)
    if film.interlaced:
        told = f"{name}: it is interlaced: it was made progressive, and is a little softer"
        yield Finding(check="picture.interlaced", severity="info", message=told)
    if pace.broken:
        told = f"{name}: its picture is damaged or cut off: what can't be read is skipped. Copy or export it again"
        yield Finding(check="picture.damaged", severity="warn", message=told, evidence={"places": pace.damages, "why": pace.broken})
    if not shape.steady:
        told = f"{name}: its frames come unevenly: they were brought to {float(shape.rate):g} a second, each at its time"
        yield Finding(check="picture.rate", severity="info", message=told, evidence={"rate": float(shape.rate)})
