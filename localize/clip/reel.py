"""A stretch of footage played in a box of the frame: each frame of the clip gets the stored frame nearest in time, none are mixed.

Cutting out, scaling, turning and colours are one pass of ffmpeg's filters from the decoder's frame to the box's I420 planes.
Played are frames in order; what is held is one decoded frame, one drawn one and, where the stretch repeats, its first 0.4 s.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any

import av
import cv2
import numpy as np

from localize.clip import tones
from localize.clip.canvas import Frame, layer
from localize.clip.footage import SLOWEST, Look, Stretch
from localize.clip.salience import Crop, Rect, Window
from localize.film import Film, Pace, Turn, matrix, see_through
from localize.pixels import Pixels, u8

FASTEST = 1.25  # times its speed, where rounds of a stretch fit then
SEAM = 0.4  # s in which a stretch that repeats fades from its end into its beginning
FROZEN = 0.6  # s for which the last frame may stand instead of a repeat
SOFT = 1 / 24  # of the box's width: the blur around footage that is shown whole
DIM = 0.86  # its light
SMALL = 6  # times smaller the blur is made

_TRANSPOSE = {(False, False): 0, (True, False): 1, (False, True): 2, (True, True): 3}
_TICKS = Fraction(1, 90000)  # s of the times that filters are given


@dataclass(frozen=True)
class Plan:
    """How a stretch of `length` s fills a shot: at which speed, and after how many s of it it begins anew (0: never)."""

    length: float
    speed: float
    period: float = 0.0

    @classmethod
    def fitting(cls, length: float, seconds: float) -> Plan:
        """Normal speed if it is long enough; a little slower; slower and then still; else again and again."""
        if length >= seconds - 0.01:
            return cls(length, 1.0)
        if seconds <= length / SLOWEST + FROZEN:
            return cls(length, max(SLOWEST, length / seconds))
        seam = min(SEAM, length / 5)
        period = length - seam
        rounds = (seconds - seam) / period
        speed = min((n / rounds for n in (int(rounds), ceil(rounds)) if n), key=lambda v: abs(np.log(v)))
        return cls(length, speed if SLOWEST <= speed <= FASTEST else 1.0, period)

    def places(self, t: float) -> tuple[float, float | None, float]:
        """What is shown `t` s into the shot, in s into the stretch: the place, one in its beginning that it fades to, and how far."""
        at = max(0.0, t) * self.speed
        if not self.period:
            return min(at, self.length), None, 0.0
        turns, inside = divmod(at, self.period)
        seam = self.length - self.period
        if turns and inside < seam:
            return self.period + inside, inside, inside / seam
        return inside, None, 0.0


class Reel:
    """Footage that plays in a box. Not shared between threads; draw in order of time, as going back costs a new start."""

    def __init__(self, look: Look, stretch: Stretch, box: Rect, seconds: float) -> None:
        """`box` is left, top, right, bottom in the frame, all even; `seconds` is how long the shot is."""
        self.box = box
        self.plan = Plan.fitting(stretch.end - stretch.start, seconds)
        self._stretch = stretch
        width, height = box[2] - box[0], box[3] - box[1]
        screens = [(start, Screen(look.film, crop, width, height)) for start, crop in look.crops(stretch, width, height)]
        self._player = _Player(look, screens, stretch)
        self._head: dict[float, Frame] = {}  # the first frames, by their time, for the seam
        self._mixed = Frame(width, height)

    def draw(self, frame: Frame, t: float) -> None:
        """Fill the box with what is seen `t` s after the shot's beginning."""
        x0, y0, x1, y1 = self.box
        shown = self._shown(t)
        for target, plane, k in ((frame.y, shown.y, 1), (frame.u, shown.u, 2), (frame.v, shown.v, 2)):
            np.copyto(target[y0 // k : y1 // k, x0 // k : x1 // k], plane)

    def close(self) -> None:
        self._player.close()
        self._head.clear()

    def _shown(self, t: float) -> Frame:
        place, head, part = self.plan.places(t)
        begin = self._stretch.start
        if not self.plan.period:
            return self._player.at(begin + place)[1]
        seam = self.plan.length - self.plan.period
        time, shown = self._player.at(begin + place)
        if place <= seam and time not in self._head:
            self._head[time] = shown
        if head is None:
            return shown
        first = self._head[min(self._head, key=lambda known: abs(known - begin - head))] if self._head else shown
        cv2.addWeighted(shown.buffer, 1 - part, first.buffer, part, 0, dst=self._mixed.buffer)
        return self._mixed


class _Player:
    """The frame nearest to a time, for times that mostly grow."""

    def __init__(self, look: Look, screens: list[tuple[float, Screen]], stretch: Stretch) -> None:
        """`screens` are those of the stretch's shots, with the times of their first frames."""
        self.film, self.screens, self.stretch, self.interlaced = look.film, screens, stretch, look.interlaced
        self._coming: Iterator[tuple[float, av.VideoFrame]] = iter(())
        self._held: tuple[float, av.VideoFrame] | None = None
        self._next: tuple[float, av.VideoFrame] | None = None
        self._since = float("inf")  # the held frame is the nearest from here on
        self._made: Frame | None = None

    def at(self, time: float) -> tuple[float, Frame]:
        """The nearest frame's time, and the frame as it is shown."""
        time = min(max(time, self.stretch.start), self.stretch.end)
        if time < self._since:
            self._start(time)
        assert self._held is not None
        while self._next is not None and time >= (self._held[0] + self._next[0]) / 2:
            self._since = (self._held[0] + self._next[0]) / 2
            self._held, self._made = self._next, None
            self._next = next(self._coming, None)
        if self._made is None:
            begun = [screen for start, screen in self.screens if start <= self._held[0] + 1e-4]
            self._made = (begun[-1] if begun else self.screens[0][1]).shown(self._held[1])
        return self._held[0], self._made

    def _start(self, time: float) -> None:
        # Half a second earlier: fields need neighbours, and the nearest frame may come before the time itself.
        for start in (max(0.0, time - 0.5), 0.0):
            self.close()
            frames = self.film.frames(Pace(), start=start, damage="skip")
            self._coming = woven(frames) if self.interlaced else frames
            self._held, self._next = next(self._coming, None), next(self._coming, None)
            if self._held is not None and (self._held[0] <= time or not start):
                break  # else the file was sought too far, as it has no index
        self._since, self._made = 0.0 if self._held is None else min(time, self._held[0]), None

    def close(self) -> None:
        if hasattr(self._coming, "close"):
            self._coming.close()  # and with it the file
        self._coming, self._held, self._next, self._since, self._made = iter(()), None, None, float("inf"), None


def woven(frames: Iterator[tuple[float, av.VideoFrame]]) -> Iterator[tuple[float, av.VideoFrame]]:
    """Interlaced frames as whole ones. Frames that are whole pass as they are."""
    graph: Any = None
    like: tuple[Any, ...] = ()
    for time, frame in frames:
        frame.pts, frame.time_base = round(time / _TICKS), _TICKS
        if (frame.width, frame.height, frame.format.name) != like:
            like = (frame.width, frame.height, frame.format.name)
            graph = _graph(frame, [("bwdif", {"mode": "send_frame", "deint": "interlaced"})])
        graph.vpush(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.vpush(None)
        yield from _pulled(graph)


def _pulled(graph: Any) -> Iterator[tuple[float, av.VideoFrame]]:
    while True:
        try:
            frame: av.VideoFrame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield float(frame.pts * frame.time_base), frame  # type: ignore[operator]


def _graph(frame: av.VideoFrame, chain: list[tuple[str, dict[str, str]]]) -> Any:
    """Filters one after the other, for frames like this one."""
    graph = av.filter.Graph()
    graph.threads = 1  # clips are made side by side
    size = f"{frame.width}x{frame.height}"
    named = f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
    last: Any = graph.add("buffer", f"video_size={size}:pix_fmt={frame.format.name}:time_base={_TICKS}:pixel_aspect=1/1{named}")
    for name, options in [*chain, ("buffersink", {})]:
        node = graph.add(name, **options)
        last.link_to(node)
        last = node
    graph.configure()
    return graph


@dataclass
class _Route:
    """A graph from decoded frames of one kind to planes."""

    like: tuple[Any, ...] = ()
    graph: Any = None


@dataclass
class Screen:
    """Decoded frames as they are seen in a box of `width` x `height`."""

    film: Film
    crop: Crop
    width: int
    height: int
    _sharp: _Route = field(default_factory=_Route)
    _soft: _Route = field(default_factory=_Route)
    _paper: Frame | None = None

    def shown(self, frame: av.VideoFrame) -> Frame:
        """A new frame of the box's size, the stored one cut to it, or whole over a blurred enlargement of itself."""
        w, h = self.crop.fitted
        sharp = self._planes(self._sharp, frame, self.crop.window, w, h)
        if (w, h) == (self.width, self.height):
            return sharp
        out = self._blurred(frame)
        x, y = (self.width - w) // 4 * 2, (self.height - h) // 4 * 2
        for ours, theirs, k in ((out.y, sharp.y, 1), (out.u, sharp.u, 2), (out.v, sharp.v, 2)):
            ours[y // k : (y + h) // k, x // k : (x + w) // k] = theirs
        return out

    def _blurred(self, frame: av.VideoFrame) -> Frame:
        # Blurred small, where it costs nothing.
        small = self._planes(self._soft, frame, self.crop.around, self.width // SMALL & ~1, self.height // SMALL & ~1)
        out = Frame(self.width, self.height)
        sigma = max(1.0, self.width / SMALL * SOFT)
        for ours, theirs, k, dark in ((out.y, small.y, 1, 16), (out.u, small.u, 2, 128), (out.v, small.v, 2, 128)):
            soft = cv2.convertScaleAbs(cv2.GaussianBlur(theirs, (0, 0), sigma / k), alpha=DIM, beta=dark * (1 - DIM))
            cv2.resize(soft, (self.width // k, self.height // k), dst=ours, interpolation=cv2.INTER_LINEAR)
        return out

    def _planes(self, route: _Route, frame: av.VideoFrame, window: Window, width: int, height: int) -> Frame:
        kind = (int(frame.colorspace), int(frame.color_range), int(frame.color_trc), int(frame.color_primaries))
        like = (frame.width, frame.height, frame.format.name, *kind)
        if route.like != like:
            route.like, route.graph = like, self._route(frame, window, width, height)
        frame.pts, frame.time_base = 0, _TICKS
        route.graph.vpush(frame)
        made = route.graph.vpull()
        if made.format.name == "rgba":
            return self._on_paper(made.to_ndarray())
        out = Frame(width, height)
        for ours, plane in zip((out.y, out.u, out.v), made.planes, strict=True):
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            np.copyto(ours, rows[: ours.shape[0], : ours.shape[1]])
        return out

    def _route(self, frame: av.VideoFrame, window: Window, width: int, height: int) -> Any:
        turn = self.film.turn
        x, y, w, h = _stored(window, turn, frame.width, frame.height)
        size = (height, width) if turn.swapped else (width, height)
        source = {"in_color_matrix": _MATRICES.get(matrix(frame), "bt709"), "in_range": "pc" if int(frame.color_range) == 2 else "tv"}
        target = {"out_color_matrix": "bt709", "out_range": "tv"}
        fit = {"w": str(size[0]), "h": str(size[1]), "flags": "bicubic"}
        chain: list[tuple[str, dict[str, str]]] = [("crop", {"w": str(w), "h": str(h), "x": str(x), "y": str(y), "exact": "1"})]
        wide = tones.needed(int(frame.color_trc), int(frame.color_primaries))
        if see_through(frame):
            chain += [("scale", fit), ("format", {"pix_fmts": "rgba"})]
        elif wide:
            chain += [("scale", fit | source), ("format", {"pix_fmts": "gbrp10le"}), ("lut3d", {"file": "", "interp": "tetrahedral"})]
            chain += [("scale", target), ("format", {"pix_fmts": "yuv420p"})]
        else:
            chain += [("scale", fit | source | target), ("format", {"pix_fmts": "yuv420p"})]
        if turn.swapped:
            chain.append(("transpose", {"dir": str(_TRANSPOSE[turn.flip_x, turn.flip_y])}))
        else:
            chain += [(name, {}) for name, flipped in (("hflip", turn.flip_x), ("vflip", turn.flip_y)) if flipped]
        with tempfile.NamedTemporaryFile("w", suffix=".cube") as cube:
            if wide:
                cube.write(tones.cube(int(frame.color_trc), int(frame.color_primaries)))
                cube.flush()
            return _graph(frame, [(name, o | {"file": cube.name} if name == "lut3d" else o) for name, o in chain])

    def _on_paper(self, rgba: Pixels) -> Frame:
        """What is transparent lies on a light studio ground, as with stills."""
        h, w = rgba.shape[:2]
        if self._paper is None or (self._paper.width, self._paper.height) != (w, h):
            shade = np.linspace(250, 226, h).round().astype(np.uint8)
            self._paper = Frame.of(u8(np.ascontiguousarray(np.broadcast_to(shade[:, None, None], (h, w, 3)))))
        out = Frame(w, h)
        np.copyto(out.buffer, self._paper.buffer)
        alpha = cv2.cvtColor(rgba[..., 3], cv2.COLOR_GRAY2RGB)
        colours = cv2.multiply(rgba[..., :3], alpha, scale=1 / 255)
        out.blend(layer(u8(np.dstack([colours, rgba[..., 3]]))))
        return out


# Their names in ffmpeg's scale filter.
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}


def _stored(window: Window, turn: Turn, width: int, height: int) -> tuple[int, int, int, int]:
    """A window of the upright picture (left, top, right, bottom in parts of it) in the stored one: x, y, w, h in even pixels."""
    x0, y0, x1, y1 = window
    if turn.flip_x:
        x0, x1 = 1 - x1, 1 - x0
    if turn.flip_y:
        y0, y1 = 1 - y1, 1 - y0
    if turn.swapped:
        x0, y0, x1, y1 = y0, x0, y1, x1
    w = max(2, min(width, round((x1 - x0) * width)) & ~1)
    h = max(2, min(height, round((y1 - y0) * height)) & ~1)
    x, y = (min(max(0, round(at * size)), size - length) & ~1 for at, size, length in ((x0, width, w), (y0, height, h)))
    return x, y, w, h
