"""A seller's own video of a product: whether it can be shown, which stretch of it, which part of its picture, and its sound.

`look` decodes a file once, small and skipping what it can, and keeps a few numbers for each sixth of a second. What is asked
afterwards (`choose`, `Look.crop`) is answered from these. `reel.Reel` plays what was chosen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation

from localize.clip.salience import Crop, Heads, Map, Rect, Window, measured
from localize.domain import Finding, Severity
from localize.errors import UserError
from localize.film import Film, Pace, see_through
from localize.media import metering, pcm
from localize.media.pcm import Samples
from localize.pixels import Pixels, u8

VERSION = "1"  # of everything that decides what is seen of a file
LOOKED_AT = 300.0  # s of a longer file
SHORTEST = 0.95  # s: what a video of one second has
SMALLEST, FINE = 240, 700  # px of the shorter side: less is refused, warned of
LARGEST = 40_000_000  # pixels of a frame: 8K is 33 million

RATE = 6  # looks a second
SIDE = 480  # px: the longer side of a picture that is looked at
CUT_SIDE = 64
BLACK, BLACK_TOP = 20.0, 48.0  # mean, brightest 2 %: of 255
FADE = 2.0  # s: a fade from or to black takes no longer
CUT = 14.0  # levels by which a cut changes the picture, at least
PAPER = 238.0  # behind what is transparent
BAR = 0.02  # of the width or height: thinner black bars stay
STILL = 0.25  # levels: less changes only in a picture that stands
LIVELY = 6.0  # levels of change that look busy
BLURRED = 0.65  # of the sharpness that the better looks have
SLOWEST = 0.8  # of its speed: what a stretch may be played at so that it fits
LEAST = 0.5  # s: a shorter shot is no stretch
TARGET, MOST_GAIN, SOUND_PEAK = -24.0, 20.0, 0.5  # LUFS, dB, of full scale

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Stretch:
    """A part of the footage, in s from its first frame."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, eq=False)
class Look:
    """What was seen of a file: its upright size in square pixels, its shots without black, and for each sixth of a second the mean
        light, the sharpness, the change since the last look (levels of 255) and the map of what draws the eye. `picture` is what black
    bars leave of the frame."""

    film: Film
    width: int
    height: int
    picture: Window
    seconds: float
    interlaced: bool
    findings: tuple[Finding, ...]
    shots: tuple[Stretch, ...]
    sharp: Floats
    change: Floats
    salience: npt.NDArray[np.uint8]

    @property
    def sound(self) -> bool:
        return self.film.sound

    def crops(self, stretch: Stretch, width: int, height: int) -> list[tuple[float, Crop]]:
        """What of the picture a box shows during a stretch: a window that stands still, another after each cut, from when on."""
        parts = [Stretch(max(s.start, stretch.start), min(s.end, stretch.end)) for s in self.shots]
        inside = [part for part in parts if part.length > 0] or [stretch]
        return [(part.start, self.crop(part, width, height)) for part in inside]

    def crop(self, stretch: Stretch, width: int, height: int) -> Crop:
        """The window for a stretch without cuts."""
        first = int(np.ceil(stretch.start * RATE - 1e-6)) + 1  # what moved before the first look may have been a cut
        maps = self.salience[min(first, len(self.salience) - 1) : max(first + 1, int(np.ceil(stretch.end * RATE)))]
        rows, columns = maps.shape[1:]
        left, top, right, bottom = self.picture
        cells = np.s_[int(top * rows) : int(np.ceil(bottom * rows)), int(left * columns) : int(np.ceil(right * columns))]
        mean: Map = cv2.GaussianBlur(maps.mean(axis=0, dtype=np.float32)[cells], (0, 0), 1.0).astype(np.float32)
        size = (self.width * (right - left), self.height * (bottom - top))
        clear = np.maximum(mean - np.median(mean), 0) ** 2  # squared: what draws the eye strongly outweighs much that does it a little
        return Crop.of(clear, size, width, height).within(self.picture)


def look(path: Path) -> Look:
    """Look through a product video. Raises UserError, with the way out, for one that can't be shown.

    A product's clips in all languages show the same file: what was seen of the latest ones is kept, a MB of each at most.
    """
    if not path.is_file():
        raise UserError(f"there is no file {path}: give the path of a video.")
    now = path.stat()
    try:
        return _looked(path, now.st_size, now.st_mtime_ns)
    except (av.FFmpegError, OSError) as error:
        raise UserError(f"{path.name}: it can't be decoded ({error.strerror or error}): export it as MP4 (H.264).") from error


def write(seen: Look, folder: Path) -> None:
    """Keep what was seen of a file in a folder, for `read`. Keep it under the file's digest and `VERSION`."""
    name = f"{seen.film.path.name}: "
    facts = {
        "width": seen.width, "height": seen.height, "picture": seen.picture, "seconds": seen.seconds, "interlaced": seen.interlaced,
        "findings": [f.model_dump(mode="json") | {"message": f.message.removeprefix(name)} for f in seen.findings],
        "shots": [(s.start, s.end) for s in seen.shots],
    }  # fmt: skip
    (folder / "look.json").write_text(json.dumps(facts), encoding="utf-8")
    np.savez_compressed(folder / "look.npz", sharp=seen.sharp, change=seen.change, salience=seen.salience)


def read(folder: Path, path: Path) -> Look:
    """What `write` kept of a file with the content of `path`, which may have another name. Its first frame is decoded."""
    facts = json.loads((folder / "look.json").read_text("utf-8"))
    left, top, right, bottom = facts["picture"]
    told = [Finding.model_validate(f) for f in facts["findings"]]
    with np.load(folder / "look.npz", allow_pickle=False) as arrays:
        return Look(
            film=Film(path), width=facts["width"], height=facts["height"], picture=(left, top, right, bottom),
            seconds=facts["seconds"], interlaced=facts["interlaced"],
            findings=tuple(f.model_copy(update={"message": f"{path.name}: {f.message}"}) for f in told),
            shots=tuple(Stretch(*s) for s in facts["shots"]),
            sharp=arrays["sharp"], change=arrays["change"], salience=arrays["salience"],
        )  # fmt: skip


@lru_cache(maxsize=32)
def _looked(path: Path, _size: int, _changed: int) -> Look:
    film = Film(path)
    w, h = film.shown(*film.stored)
    if film.stored[0] * film.stored[1] > LARGEST:
        raise UserError(f"{path.name}: its picture is too large ({film.stored[0]}x{film.stored[1]}): export it in 4K or 1080p.")
    if min(w, h) < SMALLEST:
        raise UserError(
            f"{path.name}: its picture is too small ({w:.0f}x{h:.0f}; {SMALLEST} px on the shorter side are the least): give the original,"
            " not a preview."
        )
    seen = _Seen(film)
    pace = Pace()
    for time, frame in film.frames(pace, until=LOOKED_AT, damage="skip", skim=True):
        seen.take(time, frame)
    step = 1 / (film.rate or pace.rate or RATE)
    seconds = pace.last + (step if pace.count > 1 or not film.rate else 0.0)
    if seconds < SHORTEST:
        raise UserError(f"{path.name}: it has {seconds:.1f} s of picture, 1 s is the least: give a longer video, or a picture instead.")
    seen.hold(pace.last)
    light, top = np.array(seen.light, np.float32), np.array(seen.top, np.float32)
    black = (light < BLACK) & (top < BLACK_TOP)
    if black.all():
        raise UserError(f"{path.name}: nothing but black is seen in it: export it again, or give another video.")
    cuts = _cuts(seen.steps)
    dim, end = _dimmed(light, black), seconds - step / 2
    shots = _shots(dim, cuts, end) or _shots(dim, (), end)  # what flickers all the time has no cuts
    if not shots:
        raise UserError(f"{path.name}: it has no {LEAST:g} s on end that are not black: give a longer take.")
    interlaced = seen.woven > seen.count / 2
    return Look(
        film=film, width=round(w), height=round(h), picture=seen.picture(), seconds=seconds, interlaced=interlaced,
        findings=tuple(_findings(film, pace, (w, h), interlaced)), shots=shots,
        sharp=np.array(seen.sharp, np.float32), change=np.array(seen.change, np.float32), salience=np.stack(seen.maps),
    )  # fmt: skip


class _Seen:
    """What is kept while a file is looked through."""

    def __init__(self, film: Film) -> None:
        self.film = film
        self.count = self.woven = 0
        self.light, self.top, self.sharp, self.change = list[float](), list[float](), list[float](), list[float]()
        self.maps = list[Pixels]()
        self.steps = list[tuple[float, float, float]]()  # a frame's time, the next one's, how much changed between them
        self._picture: Pixels | None = None
        self._tiny: Pixels | None = None
        self._lit: list[Pixels] = []  # how bright each column and each row ever was
        self._time = 0.0
        self._finder = Heads()
        self._heads = list[Rect]()
        self._faced = 0  # the look from which faces are looked for again: once a second

    def take(self, time: float, frame: av.VideoFrame) -> None:
        self.count += 1
        self.woven += bool(frame.interlaced_frame)
        tiny = _small(frame, CUT_SIDE, "gray", Interpolation.FAST_BILINEAR)
        if self._tiny is not None and tiny.shape == self._tiny.shape:
            self.steps.append((self._time, time, float(cv2.absdiff(tiny, self._tiny).mean())))
        self._tiny = tiny
        if time >= len(self.light) / RATE - 1e-6:
            self.hold(time - 1 / RATE)
            self._measure(frame)
        self._time = time

    def hold(self, time: float) -> None:
        """Where no frame comes until `time`, the last one stands."""
        while self.light and len(self.light) / RATE <= time + 1e-6:
            self.light.append(self.light[-1])
            self.top.append(self.top[-1])
            self.sharp.append(self.sharp[-1])
            self.change.append(0.0)
            self.maps.append(self.maps[-1])

    def _measure(self, frame: av.VideoFrame) -> None:
        rgb = self.film.turn.applied(_opaque(frame) if see_through(frame) else _small(frame, SIDE, "rgb24", Interpolation.AREA))
        before = self._picture if self._picture is not None and self._picture.shape == rgb.shape else None
        grey = u8(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
        self.light.append(float(grey.mean()))
        self.top.append(float(np.percentile(grey[::4, ::4], 98)))
        self.sharp.append(_sharpness(grey))
        self.change.append(float(cv2.absdiff(rgb, before).mean()) if before is not None else LIVELY / 2)
        if len(self.maps) >= self._faced:
            self._heads, self._faced = self._finder.find(grey), len(self.maps) + RATE
        drawn = measured(rgb, before, self._heads)
        like = self.maps[0].shape if self.maps else drawn.shape  # a stream may change its size
        self.maps.append(drawn if drawn.shape == like else u8(cv2.resize(drawn, like[::-1])))
        lit = [np.percentile(grey[::2, ::2], 90, axis=axis).astype(np.uint8) for axis in (0, 1)]
        alike = len(self._lit) == 2 and all(a.shape == b.shape for a, b in zip(lit, self._lit, strict=True))
        self._lit = [np.maximum(a, b) for a, b in zip(lit, self._lit, strict=True)] if alike else lit
        self._picture = rgb

    def picture(self) -> Window:
        """The part of the frame that black bars leave."""
        (left, right), (top, bottom) = (_unbarred(line) for line in self._lit)
        return left, top, right, bottom


def _unbarred(line: Pixels) -> tuple[float, float]:
    """Where a row or column of brightest values begins and ends, a cell inside of the bars, whose edges are soft; in parts."""
    lit = np.flatnonzero(line > BLACK + 4)
    if not len(lit) or len(lit) < len(line) / 4:
        return 0.0, 1.0
    first, last = int(lit[0]), int(lit[-1]) + 1
    return (
        (first + 1) / len(line) if first > BAR * len(line) else 0.0,
        (last - 1) / len(line) if len(line) - last > BAR * len(line) else 1.0,
    )


def _small(frame: av.VideoFrame, side: int, pixels: str, how: Interpolation) -> Pixels:
    zoom = side / max(frame.width, frame.height)
    size = (max(8, int(frame.width * zoom) & ~1), max(8, int(frame.height * zoom) & ~1))
    return frame.reformat(*size, pixels, interpolation=how).to_ndarray().astype(np.uint8, copy=False)


def _opaque(frame: av.VideoFrame) -> Pixels:
    """What is transparent would be black, and taken for bars."""
    rgba = _small(frame, SIDE, "rgba", Interpolation.AREA).astype(np.float32)
    alpha = rgba[..., 3:] / 255
    return np.asarray(np.rint(rgba[..., :3] * alpha + PAPER * (1 - alpha)), np.uint8)


def _sharpness(grey: Pixels) -> float:
    """How steep edges are for their height, in the picture's most detailed tenth: a bare wall behind does not count as blur."""
    fine = np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 0.8), cv2.CV_32F))
    coarse = np.abs(cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float32) - cv2.GaussianBlur(grey, (0, 0), 4.0))
    cells = (max(2, grey.shape[1] // 16), max(2, grey.shape[0] // 16))
    a, b = (cv2.resize(m, cells, interpolation=cv2.INTER_AREA).ravel() for m in (fine, coarse))
    best = np.argsort(b)[-max(4, len(b) // 10) :]
    return float(a[best].mean() / (b[best].mean() + 2.0))


def _cuts(steps: Sequence[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """Where the picture changes at once and neither before nor after it: the last time of a shot, the first of the next."""
    change = np.array([c for _, _, c in steps], np.float32)
    out = []
    for k in (int(n) for n in np.flatnonzero(change > CUT)):
        near = np.concatenate([change[max(0, k - 4) : k], change[k + 1 : k + 5]])
        if not len(near) or change[k] > max(3 * float(np.median(near)), 1.6 * float(near.max())):
            out.append((steps[k][0], steps[k][1]))
    return out


def _dimmed(light: Floats, black: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Looks that are black, or on their way out of black or into it."""
    out = black.copy()
    for order in (1, -1):
        values, dark, mark = light[::order], black[::order], out[::order]
        for k in (int(n) for n in np.flatnonzero(dark[:-1] & ~dark[1:])):
            for n in range(k + 1, min(len(values), k + 1 + int(FADE * RATE))):
                ahead = values[n + 1] if n + 1 < len(values) else values[n]
                if ahead < 1.04 * values[n] + 0.5:
                    break
                mark[n] = True
    return out


def _shots(dim: npt.NDArray[np.bool_], cuts: Iterable[tuple[float, float]], end: float) -> tuple[Stretch, ...]:
    """Stretches between cuts and black, long enough to be shown."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], dim, [True]]).astype(np.int8)))
    runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    bright = [(a / RATE, min(end, (b - 1) / RATE) if b < len(dim) else end) for a, b in runs]
    out = []
    for first, last in bright:
        start = first
        for before, after in cuts:
            if start < after < last:
                out.append(Stretch(start, before))
                start = after
        out.append(Stretch(start, last))
    return tuple(s for s in out if s.length >= LEAST)


def _findings(film: Film, pace: Pace, size: tuple[float, float], interlaced: bool) -> Iterable[Finding]:
    name = film.path.name

    def say(check: str, severity: Severity, message: str) -> Finding:
        return Finding(check=f"footage.{check}", severity=severity, message=f"{name}: {message}")

    if min(size) < FINE:
        yield say("size", "warn", f"its picture is small ({size[0]:.0f}x{size[1]:.0f}): it will look soft. Give the original, in 1080p")
    if film.hdr:
        yield say("hdr", "warn", f"it is HDR ({film.hdr}): its colours are brought to SDR. Look at them, or export it as SDR")
    if interlaced:
        yield say("interlaced", "warn", "it is interlaced: it was made progressive, and is a little softer. Export it as progressive")
    if pace.broken:
        yield say("damaged", "warn", "it is damaged or cut off in places: what can't be read is skipped. Copy or export it again")
    elif film.told > pace.last + 1 and not pace.cut:
        yield say("damaged", "warn", f"it is cut off: {pace.last:.1f} of its {film.told:.1f} s are there. Copy or export it again")
    if pace.cut:
        yield say("length", "warn", f"it is longer than {LOOKED_AT / 60:.0f} minutes: only these are looked at. Trim it")


def choose(seen: Look, seconds: float, taken: Sequence[Stretch] = ()) -> Stretch:
    """The stretch to show for so many seconds: sharp, lively, in one shot if one is long enough, and none of `taken` if others do.

    It is shorter than asked where the footage is; `reel.Plan` says how that is made up for.
    """
    quality = _quality(seen)
    for s in taken:
        quality[int(s.start * RATE) : int(np.ceil(s.end * RATE))] -= 0.6
    total = np.concatenate([[0.0], np.cumsum(quality)])
    best: tuple[float, Stretch] | None = None
    for shot, crossed, length in _candidates(seen, seconds):
        spare = int((shot.length - length) * RATE)
        for k in range(spare + 1):
            start = shot.start + k / RATE
            a = min(round(start * RATE), len(quality) - 1)
            b = max(a + 1, min(round((start + length) * RATE), len(quality)))
            worth = float(total[b] - total[a]) / (b - a) - 0.12 * crossed - _shortage(length / seconds)
            if best is None or worth > best[0] + 1e-4:
                best = (worth, Stretch(start, start + length))
    assert best is not None, "a look without shots raises"
    return best[1]


def _shortage(share: float) -> float:
    """What it costs to show so much of the wanted time: a little where it can be slowed down, much where it has to repeat."""
    return (0.08 if share < 0.99 else 0.0) + 1.2 * max(0.0, SLOWEST - 0.01 - share)


def _candidates(seen: Look, seconds: float) -> Iterable[tuple[Stretch, int, float]]:
    """Where stretches may lie, the cuts in there, and the stretches' length: in shots, and if none is long enough, in runs of shots
    that follow each other."""
    for shot in seen.shots:
        yield from ((shot, 0, min(shot.length, share * seconds)) for share in (1.0, SLOWEST))
    if any(s.length >= seconds for s in seen.shots):
        return
    for i, first in enumerate(seen.shots):
        end, crossed = first.end, 0
        for after in seen.shots[i + 1 :]:
            if after.start - end > 2 / RATE or end - first.start >= seconds:
                break
            # Not so far that only a flash of the next shot would be seen.
            if seconds - (after.start - first.start) < LEAST:
                break
            end, crossed = min(after.end, first.start + seconds), crossed + 1
            yield Stretch(first.start, end), crossed, end - first.start


def _quality(seen: Look) -> Floats:
    """Of each look: 1 is sharp and lively, a blurred one is below 0, one that stands still in between."""
    good = float(np.percentile(seen.sharp, 75))
    sharp = np.clip(seen.sharp / max(good, 1e-6), 0, 1)
    soft = cv2.blur(seen.change[:, None], (1, 5), borderType=cv2.BORDER_REPLICATE)[:, 0]
    lively = np.clip(soft / LIVELY, 0, 1) - np.clip(soft / LIVELY - 4, 0, 1)  # a camera that is torn about is not lively
    out = 0.6 * sharp + 0.4 * lively
    out[sharp < BLURRED] -= 1.0
    out[soft < STILL] -= 0.4
    return np.asarray(out, np.float32)


def sound(path: Path, start: float, seconds: float, rate: int) -> Samples:
    """The footage's own sound as a bed: mono [seconds * rate] at -24 LUFS, faded at its ends; silence where it has none."""
    out = np.zeros(round(seconds * rate), np.float32)
    _read_sound(path, start, rate, out)
    heard = np.flatnonzero(np.abs(out) > 1e-4)
    if not len(heard):
        return np.zeros_like(out)
    ramp = np.linspace(0, 1, max(2, min(round(0.25 * rate), len(out) // 2)), dtype=np.float32)
    out[: len(ramp)] *= ramp
    last = min(len(out), int(heard[-1]) + 1)  # the sound may end before the stretch
    out[max(0, last - len(ramp)) : last] *= ramp[::-1][-min(last, len(ramp)) :]
    level = metering.measured(pcm.resampled(out, rate, pcm.RATE)).integrated  # from both sides, as it will be heard
    if level < -65:  # hiss that nobody would miss
        return np.zeros_like(out)
    gain = min(10 ** (min(TARGET - level, MOST_GAIN) / 20), SOUND_PEAK / float(np.abs(out).max()))
    return out * np.float32(gain)


def _read_sound(path: Path, start: float, rate: int, out: Samples) -> None:
    """Fill `out` with the file's sound from `start` on, counted from its first picture. Stops quietly where it can't be read."""
    film = Film(path)
    if not film.sound:
        return
    begin = start + (film.origin or 0.0)
    try:
        with film.opened() as (container, _):
            stream = container.streams.audio[0]
            assert stream.time_base is not None
            if begin > 1:
                container.seek(max(0, int((begin - 0.5) / stream.time_base)), stream=stream)
            place = 0
            like: tuple[str, str, int] | None = None
            for frame in container.decode(stream):
                kind = (frame.format.name, frame.layout.name, frame.sample_rate)
                if kind != like:  # a recording may change its channels or rate on its way: a resampler takes one kind
                    like, resampler = kind, av.AudioResampler(format="flt", layout="mono", rate=rate)
                    place = round(((frame.time or 0.0) - begin) * rate)
                for piece in resampler.resample(frame):
                    samples = piece.to_ndarray()[0]
                    a, b = max(0, place), min(len(out), place + len(samples))
                    if a < b:
                        out[a:b] = samples[a - place : b - place]
                    place += len(samples)
                if place >= len(out):
                    return
    except av.FFmpegError:
        return
