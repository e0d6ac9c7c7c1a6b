"""A brand's intro and outro: made once for a shape of frame, then played into the one encode of each clip.

    write(drawn("intro", Sign(logo, "Lumora", palette), (1080, 1920), 30), encoding, folder)
    for frame in read(folder).frames(): ...

moviepy draws what is drawn from the kit or from a picture; a video is played as footage is, colours and all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from localize.clip import cards, stills
from localize.clip import type as typeset
from localize.clip.canvas import Frame
from localize.clip.cards import Palette
from localize.clip.contrast import contrast
from localize.clip.reel import Screen, woven
from localize.clip.salience import Crop
from localize.errors import UserError
from localize.film import Film, Pace
from localize.media import metering, mixing, mp4, pcm
from localize.pixels import Pixels, u8

VERSION = "1"  # part of the key: raise it when the same kit would give other frames or sound
End = Literal["intro", "outro"]
SECONDS: dict[End, float] = {"intro": 1.2, "outro": 1.8}  # of what is drawn, or shows a picture
LONGEST = 5.0  # s of an own video: viewers are here for the product
CRF = 6  # of what is kept: no eye sees it, and the clip's own encode loses far more
FILLED = 0.8  # an own film fills the frame if it keeps this part of its width or height, else it is shown whole
GROWTH = 0.05  # by which a picture grows while it is shown
# s: when each part of a drawn one begins to come, and how long that takes. The first frame already has something of the sign.
COMES, DISC, RING, LINE = (-0.1, 0.55), (-0.15, 0.9), (0.1, 0.8), (0.3, 0.5)

DISSOLVE = 0.2  # s in which one picture gives way to the other where an intro ends and an outro begins

Size = tuple[int, int]  # width, height


@dataclass(frozen=True)
class Sign:
    """What a drawn one shows: the logo's file ("" for none), else the brand's name, in the kit's colours, font and corners."""

    logo: str
    name: str
    palette: Palette


@dataclass(frozen=True)
class Bookend:
    """An intro or outro as it was made: a film in the clips' shape and rate, and its own sound, if it has any."""

    film: Path
    count: int  # frames
    fps: int
    sound: Path | None

    @property
    def seconds(self) -> float:
        return self.count / self.fps

    def frames(self) -> Iterator[Frame]:
        """Its frames in order, each a new one."""
        film = Film(self.film)
        width, height = film.stored
        screen = Screen(film, Crop((0.0, 0.0, 1.0, 1.0), (width, height), (0.0, 0.0, 1.0, 1.0)), width, height)
        for _, frame in islice(film.frames(Pace()), self.count):
            yield screen.shown(frame)

    def heard(self) -> pcm.Samples | None:
        """Its own sound [n, 2] as loud as speech is mixed, exactly as long as it is; None for one that is silent."""
        if self.sound is None:
            return None
        samples = metering.leveled(pcm.read_stereo(self.sound), mixing.VOICE)
        out = np.zeros((round(self.seconds * pcm.RATE), 2), np.float32)
        out[: len(samples)] = samples[: len(out)]
        fade = np.linspace(1, 0, pcm.RATE // 50, dtype=np.float32)[:, None]
        out[-len(fade) :] *= fade  # cut off, a jingle would click
        return out


def check(path: Path) -> None:
    """Raise UserError for an own video that is too long, or that is none."""
    film, pace = Film(path), Pace()
    for _ in film.frames(pace, until=LONGEST + 1 / 8):
        pass
    step = 1 / (film.rate or pace.rate or 25)
    long = max(film.told, pace.last) if pace.cut else pace.last + step
    if long > LONGEST + 1e-3 + step:
        raise UserError(f"{path.name} lasts {long:.1f} s; an intro or outro has {LONGEST:g} s at most: cut it shorter.")
    if pace.broken:
        raise UserError(f"{path.name} is damaged after {pace.last:.1f} s: {pace.broken}. Export it again as MP4 (H.264).")


def write(frames: Iterator[Frame], encoding: mp4.Encoding, folder: Path, own: Path | None = None) -> None:
    """Keep frames, and the sound of an `own` video, in a folder for `read`."""
    count = 0
    with mp4.encoder(folder / "film.mp4", encoding, None, {}) as pipe:
        for frame in frames:
            pipe.write(frame.buffer.data)
            count += 1
    sounds = own is not None and Film(own).sound
    if own is not None and sounds:
        pcm.write_wav(folder / "sound.wav", pcm.read_stereo(own)[: round(count / encoding.fps * pcm.RATE)])
    told = {"count": count, "fps": encoding.fps, "sound": "sound.wav" if sounds else ""}
    (folder / "bookend.json").write_text(json.dumps(told), encoding="utf-8")


def read(folder: Path) -> Bookend:
    """What `write` kept."""
    told = json.loads((folder / "bookend.json").read_text("utf-8"))
    return Bookend(folder / "film.mp4", told["count"], told["fps"], folder / told["sound"] if told["sound"] else None)


def played(path: Path, size: Size, fps: int) -> Iterator[Frame]:
    """An own video in frames of a size: the nearest in time. It fills the frame if it nearly has its shape, else it is whole over a
    blurred enlargement of itself."""
    film = Film(path)
    (width, height), (w, h) = size, film.shown(*film.stored)
    whole = (0.0, 0.0, 1.0, 1.0)
    keep_x, keep_y = min(1.0, width / height * h / w), min(1.0, height / width * w / h)
    filling = ((1 - keep_x) / 2, (1 - keep_y) / 2, (1 + keep_x) / 2, (1 + keep_y) / 2)
    fit = min(width / w, height / h)
    fitted = (min(width, 2 * round(w * fit / 2)), min(height, 2 * round(h * fit / 2)))
    crop = Crop(filling, size, filling) if min(keep_x, keep_y) >= FILLED else Crop(whole, fitted, filling)
    screen = Screen(film, crop, width, height)
    coming = film.frames(Pace(), until=LONGEST, damage="skip")
    coming = woven(coming) if film.interlaced else coming
    (time, held), following = next(coming), next(coming, None)
    made: Frame | None = None
    for count in range(round(LONGEST * fps)):
        while following and count / fps >= (time + following[0]) / 2:
            (time, held), following, made = following, next(coming, None), None
        if not following and count / fps >= time + 1 / (film.rate or fps) - 1e-3:
            return
        made = made or screen.shown(held)
        yield made


def drawn(end: End, sign: Sign, size: Size, fps: int) -> Iterator[Frame]:
    """Frames of an intro or outro that is drawn from the kit: a disc opens in the brand's colour, the logo, or the name, settles on it,
    a line of the accent draws itself below, and a ring runs out."""
    from moviepy import CompositeVideoClip, ImageClip, VideoClip  # loads in half a second, and is needed once a kit

    seconds, (width, height) = SECONDS[end], size
    mark, line = _mark(sign, size), _line(sign.palette, size)
    gap = min(size) // 16
    top = (height - mark.shape[0] - gap - line.shape[0]) // 2
    middle = (width / 2, top + mark.shape[0] / 2)

    def grown(t: float) -> float:
        return 0.82 + 0.18 * _settling(_part(t, COMES))

    def wide(t: float) -> float:
        return max(1.0, float(line.shape[1]) * _eased(_part(t, (0.0, LINE[1]))))

    w, h = mark.shape[1], mark.shape[0]
    settles = ImageClip(mark).resized(grown).with_position(lambda t: (middle[0] - w * grown(t) / 2, middle[1] - h * grown(t) / 2))
    settles.mask = settles.mask.transform(lambda get, t: get(t) * _eased(_part(t, (COMES[0], COMES[1] * 0.6))))
    draws = ImageClip(line).resized(lambda t: (wide(t), line.shape[0])).with_position(lambda t: ((width - wide(t)) / 2, top + h + gap))
    layers = [VideoClip(_opening(sign.palette, size)), settles, draws.with_start(LINE[0])]
    film = CompositeVideoClip([layer.with_end(seconds) for layer in layers], size=size, use_bgclip=True)
    yield from _drawn(film, seconds, fps)


def shown(end: End, picture: Pixels, size: Size, fps: int) -> Iterator[Frame]:
    """Frames of an own picture (RGB or straight RGBA) that slowly grows."""
    from moviepy import ImageClip, VideoClip

    seconds, (width, height) = SECONDS[end], size
    still = ImageClip(stills.still(picture, width, height))

    def nearer(t: float) -> Pixels:
        """Enlarged by parts of a pixel: by whole ones, what grows so slowly would tremble."""
        zoom = width / still.size[0] * (1 + GROWTH * t / seconds)
        middle = [n / 2 - 0.5 for n in (*still.size, width, height)]
        moves = np.array([[zoom, 0, middle[2] - zoom * middle[0]], [0, zoom, middle[3] - zoom * middle[1]]])
        return u8(cv2.warpAffine(still.get_frame(t), moves, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE))

    yield from _drawn(VideoClip(nearer, duration=seconds), seconds, fps)


def _drawn(film: Any, seconds: float, fps: int) -> Iterator[Frame]:
    for n in range(round(seconds * fps)):
        yield Frame.of(u8(film.get_frame(n / fps)))


def _part(t: float, when: tuple[float, float]) -> float:
    start, length = when
    return min(1.0, max(0.0, (t - start) / length))


def _eased(x: float) -> float:
    """Fast at first, slow at the end."""
    return 1 - (1 - x) ** 3


def _settling(x: float) -> float:
    """As `_eased`, but a little too far and back again."""
    return 1 + 2.2 * (x - 1) ** 3 + 1.2 * (x - 1) ** 2


def _rgb(colour: str, light: float = 0.0) -> Any:
    """A colour's R, G, B, nearer to white by a part, or to black by a negative one."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float32)
    return rgb + (255 - rgb) * light if light > 0 else rgb * (1 + light)


def _ground(colour: str, size: Size) -> Pixels:
    """The brand's colour, deeper towards the lower right: RGB."""
    width, height = size
    down = (np.linspace(0, 0.6, width, dtype=np.float32) + np.linspace(0, 0.4, height, dtype=np.float32)[:, None])[..., None]
    grain = np.random.default_rng(7).random((height, width, 1), np.float32) - 0.5  # or the ramp would show bands
    return u8(np.clip(np.rint(_rgb(colour) * (1 - down) + _rgb(colour, -0.18) * down + grain), 0, 255).astype(np.uint8))


def _opening(palette: Palette, size: Size) -> Callable[[float], Pixels]:
    """What is behind the sign at a time: RGB."""
    ground, unit = _ground(palette.primary, size), min(size) / 1080
    lighter, accent = (_rgb(*colour).tolist() for colour in ((palette.primary, 0.13), (palette.accent, 0.0)))

    def at(t: float) -> Pixels:
        out, ring = ground.copy(), _part(t, RING)
        _circle(out, 0.65 * min(size) * (0.35 + 0.65 * _eased(_part(t, DISC))), lighter, cv2.FILLED)
        if 0 < ring < 1:
            clear = out.copy()
            _circle(clear, 0.75 * max(size) * (0.3 + 0.7 * _eased(ring)), accent, max(1, round(9 * unit)))
            cv2.addWeighted(clear, (1 - ring) * min(1.0, 5 * ring), out, 1 - (1 - ring) * min(1.0, 5 * ring), 0, dst=out)
        return out

    return at


def _circle(rgb: Pixels, radius: float, colour: list[float], thick: int) -> None:
    """Draw a circle about the middle, smooth-edged, its radius true to a 16th of a pixel."""
    h, w = rgb.shape[:2]
    cv2.circle(rgb, (w * 8, h * 8), round(radius * 16), colour, thick, cv2.LINE_AA, shift=4)


def _mark(sign: Sign, size: Size) -> Pixels:
    """The logo on its plate, or the name: straight RGBA."""
    width, height = size
    unit = min(size) / 1080
    if not sign.logo:
        return _words(sign.name, sign.palette, round(150 * unit), round(width * 0.8))
    edge = round(60 * unit), round(52 * unit)
    plate = cards.logo(sign.logo, sign.palette, round(800 * unit), round(min(520 * unit, height * 0.4)), edge=edge, opacity=1.0)
    return _straight(plate.rgba)


def _words(text: str, palette: Palette, size: int, width: int) -> Pixels:
    colour = cards.PAPER if contrast(cards.PAPER, palette.primary) >= 2.5 else cards.INK
    style = palette.style(size, "extrabold", colour)
    return _straight(typeset.block(text, style, "en", width, max_lines=2, align="centre", smallest=size // 2).rgba)


def _line(palette: Palette, size: Size) -> Pixels:
    unit = min(size) / 1080
    line = np.full((max(2, round(12 * unit)), round(260 * unit), 4), 255, np.uint8)
    line[..., :3] = np.rint(_rgb(palette.accent))
    return line


def _straight(rgba: Pixels) -> Pixels:
    """Premultiplied RGBA as moviepy takes it."""
    alpha = np.maximum(rgba[..., 3:].astype(np.uint16), 1)
    return np.dstack([np.minimum(255, (rgba[..., :3].astype(np.uint16) * 255 + alpha // 2) // alpha), rgba[..., 3:]]).astype(np.uint8)
