"""A dub's captions in the picture: the translation's words as clips show them, and a blurred band over captions that are there.

What a video has burned in is told from its rows: bright narrow strokes in dark surroundings, row for row at the same height, about
the middle of the frame, in many frames and never the same for long. Where that is not sure, nothing is covered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from localize.clip import layout
from localize.clip.canvas import Frame, Layer, layer
from localize.clip.captions import CaptionArt, Look
from localize.clip.cards import Palette
from localize.clip.paging import Page, pages
from localize.clip.type import ruler
from localize.domain import Word
from localize.dub import Cue
from localize.dub.picture import Shape, Upright, aspect
from localize.film import Pace
from localize.pixels import Pixels, u8

SIZE = 58 / 1080  # of the frame's shorter side: as large as in clips
SMALLEST = 0.7  # of it: in a band where two lines would have to be smaller, there is one
LINE, EDGES = 1.5, 0.35  # heights of a line, and of what is above and below all lines, in sizes of type
ACROSS = 0.92  # of the frame's width: captions in a band
ASIDE = 0.8  # of the frame's width: captions of a frame that is wider than high
KEPT = 8  # layers: a page and its words' pills come again for some frames only

SMALL = 16  # times smaller a band is made to be blurred
SOFT = 0.5  # of the band's height: the blur's sigma. Letters are less than half as high.
DIM = 0.7  # of the band's light: what is written on it is read on any picture
FEATHER = 0.3  # of the band's height, beside it

LOOKS = 40  # frames that are looked at for captions
SHORT = 90.0  # s: a shorter video is read through for them
ROWS = 360  # of a frame as it is looked at
STROKE = 9  # px of such a frame: no stroke of a letter is wider
BRIGHT, STANDS_OUT = 150, 70  # levels of 255
STROKES = 8  # in a row, at least: four letters
OFTEN, SOMETIMES = 0.3, 0.08  # of the looks: rows that captions are made of, rows that belong to them
OUTSIDE = 0.3  # of what the captions' rows have: more elsewhere is a picture full of strokes
STANDS = 0.7  # of the looks: text whose strokes are there in more of them is no caption
CENTRED = 0.12  # of the width
LOWEST, HIGHEST = 0.03, 0.26  # of the frame's height: what captions take
BETWEEN = 14  # rows that have no strokes between two lines, at most
BEYOND = 0.4, 6.0  # of the strokes of one line, rows at most: marks above them, what hangs below the line, outlines

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Band:
    """Rows of the frame, in parts of its height."""

    top: float
    bottom: float

    def rows(self, height: int) -> tuple[int, int]:
        """Of a frame of that height, from and to, both even."""
        return int(self.top * height) & ~1, min(height, (int(np.ceil(self.bottom * height)) + 1) & ~1)


class Cover:
    """Blurs a band of every frame, so that nothing in it can be read, and darkens it a little."""

    def __init__(self, band: Band) -> None:
        self.band = band
        self._weights: dict[tuple[int, ...], tuple[Floats, Floats]] = {}

    def draw(self, frame: Frame, t: float) -> None:
        top, bottom = self.band.rows(frame.height)
        reach = max(2, round((bottom - top) * FEATHER) & ~1)
        first, last = max(0, top - reach), min(frame.height, bottom + reach)
        for plane, k, dark in ((frame.y, 1, 16.0), (frame.u, 2, 128.0), (frame.v, 2, 128.0)):
            part = plane[first // k : last // k]
            h, w = part.shape
            small = cv2.resize(part, (max(2, w * k // SMALL), max(2, h * k // SMALL)), interpolation=cv2.INTER_AREA)
            soft = cv2.GaussianBlur(small, (0, 0), max(0.8, (bottom - top) * SOFT / SMALL))
            if k == 1:
                soft = cv2.convertScaleAbs(soft, alpha=DIM, beta=dark * (1 - DIM))
            shown = cv2.resize(soft, (w, h), interpolation=cv2.INTER_LINEAR)
            new, old = self._mixed(h, w, ((top - first) // k, (last - bottom) // k))
            part[:] = cv2.blendLinear(shown, part, new, old)

    def _mixed(self, height: int, width: int, edges: tuple[int, int]) -> tuple[Floats, Floats]:
        """How much of the blur and of the picture each pixel has [height, width], with edges above and below that are soft."""
        key = (height, width, *edges)
        if key not in self._weights:
            rows = np.ones(height, np.float32)
            for edge, step in zip(edges, (1, -1), strict=True):
                ramp = (np.arange(edge, dtype=np.float32) + 0.5) / max(edge, 1)
                rows[::step][:edge] = ramp * ramp * (3 - 2 * ramp)
            new = np.ascontiguousarray(np.broadcast_to(rows[:, None], (height, width)))
            self._weights[key] = new, np.asarray(1 - new, np.float32)
        return self._weights[key]


def said(cues: Sequence[Cue], words: Sequence[Sequence[Word]]) -> tuple[Word, ...]:
    """The words of cues in the video's time, each cue's last one with a line break behind it. `words` are each cue's in the time of its
    take, before it was made faster."""
    out: list[Word] = []
    for cue, own in zip(cues, words, strict=True):
        moved = [w.model_copy(update={"start": cue.start + w.start / cue.tempo, "end": cue.start + w.end / cue.tempo}) for w in own]
        out += moved[:-1] + [w.model_copy(update={"gap": "\n"}) for w in moved[-1:]]
    return tuple(out)


class Captions:
    """Words (in the video's time) as captions of a frame: where no platform covers them, or in the `band`."""

    def __init__(self, words: Sequence[Word], language: str, width: int, height: int, palette: Palette, band: Band | None = None) -> None:
        self.words = tuple(words)
        self.box = box = _room(width, height, band)
        size, lines = _size(width, height, box[3] - box[1] if band else 0)
        self.look = look = Look(box[2] - box[0], size, palette.primary, palette.accent, roundness=palette.roundness, font=palette.font)
        self.pages: tuple[Page, ...] = tuple(pages(self.words, ruler(look.style, language), look.room, lines))
        self._art = CaptionArt(self.pages, self.words, language, look)
        # In a band they stand in its middle, elsewhere on the lower edge of their room.
        top = (box[1] + box[3] - self._art.height) // 2 if band else box[3] - self._art.height
        self._at = box[0], max(0, min(top, height - self._art.height))
        self._made: OrderedDict[Hashable, Layer] = OrderedDict()

    def draw(self, frame: Frame, t: float) -> None:
        for sprite in self._art.at(t):
            if sprite.key not in self._made:
                self._made[sprite.key] = layer(sprite.rgba, self._at[0] + sprite.x, self._at[1] + sprite.y)
                if len(self._made) > KEPT:
                    self._made.popitem(last=False)
            frame.blend(self._made[sprite.key])


def _room(width: int, height: int, band: Band | None) -> layout.Box:
    """Where captions may be, in the middle of the frame."""
    if band:
        side = round(width * (1 - ACROSS) / 2)
        return side, round(band.top * height), width - side, round(band.bottom * height)
    like = aspect(width, height)
    across, down = layout.SIZES[like]
    left, top, right, bottom = layout.safe_box(like)
    side = max(left, across - right)  # the same on both sides: a video's own middle is where people look
    share = min(ASIDE, 1 - 2 * side / across) if width > height else 1 - 2 * side / across
    edge = round(width * (1 - share) / 2)
    return edge, top * height // down, width - edge, bottom * height // down


def _size(width: int, height: int, band: int) -> tuple[int, int]:
    """The size of type and how many lines there are at most; `band` is the height they must fit into, if there is one."""
    usual = max(8, round(SIZE * min(width, height)))
    if not band:
        return usual, 2
    two, one = (round(band / (LINE * lines + EDGES)) for lines in (2, 1))
    return (min(usual, two), 2) if two >= SMALLEST * usual else (max(8, min(usual, one)), 1)


# ---- what is burned in


def burned(shape: Shape) -> Band | None:
    """The rows in which a video has captions of its own, None where that is not sure. A longer video is looked at in some places."""
    seen = np.stack([_strokes(grey) for grey in _looks(shape)])  # [looks, rows, columns]: 24 MB of a wide frame
    begins = (seen[:, :, 1:] & ~seen[:, :, :-1]).sum(axis=2)
    across = np.linspace(-0.5, 0.5, seen.shape[2])
    middle = np.stack([look @ across / np.maximum(look.sum(axis=1), 1) for look in seen])
    texty = (begins >= STROKES) & (np.abs(middle) < CENTRED)
    often = cv2.blur(texty.mean(axis=0, dtype=np.float32)[:, None], (1, 3))[:, 0]
    for first, stop in _runs(often, OFTEN):
        beyond = min(BEYOND[0] * (stop - first), BEYOND[1])
        while first > 0 and often[max(0, first - BETWEEN) : first].max() >= SOMETIMES:
            first -= 1
        while stop < ROWS and often[stop : stop + BETWEEN].max() >= SOMETIMES:
            stop += 1
        share = (stop - first) / ROWS
        place = (first + stop) / 2 / ROWS
        rest = np.concatenate([often[: max(0, first - 4)], often[stop + 4 :]])
        told = texty[:, first:stop].sum(axis=1) >= 4
        if (
            LOWEST <= share <= HIGHEST
            and not 0.38 < place < 0.58
            and float(rest.mean()) < OUTSIDE * float(often[first:stop].max())
            and _changes(seen[told, first:stop])
        ):
            return Band(max(0.0, (first - beyond) / ROWS), min(1.0, (stop + beyond) / ROWS))
    return None


def _looks(shape: Shape) -> Iterator[Pixels]:
    """Grey pictures [ROWS, columns] from all over the video."""
    width = max(2, round(shape.width * ROWS / shape.height) & ~1)
    upright, frame = Upright(shape, width, ROWS), Frame(width, ROWS)
    wanted = (np.arange(LOOKS) + 0.5) * shape.seconds / LOOKS
    if shape.seconds <= SHORT:
        at = 0
        for time, decoded in shape.film.frames(Pace(), damage="skip", skim=True):
            if at < LOOKS and time >= wanted[at]:
                upright.fill(frame, decoded)
                yield frame.y.copy()
                at = int(np.searchsorted(wanted, time, "right"))
        if not at:
            yield np.zeros((ROWS, width), np.uint8)
        return
    for place in wanted:
        found = next(shape.film.frames(Pace(), start=float(place), damage="skip", skim=True), None)
        if found:
            upright.fill(frame, found[1])
            yield frame.y.copy()


def _strokes(grey: Pixels) -> npt.NDArray[np.bool_]:
    """Where there are narrow bright strokes, as of letters, in a grey picture."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (STROKE, STROKE))
    return (u8(cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, kernel)) > STANDS_OUT) & (grey > BRIGHT)


def _runs(often: Floats, least: float) -> list[tuple[int, int]]:
    """Where values are that high on end, the lowest in the frame first: that is where captions are."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (often >= least).astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)][::-1]


def _changes(parts: npt.NDArray[np.bool_]) -> bool:
    """Whether what is written in looks [n, rows, columns] changes: of a text that stands, a stroke is there in nearly all of them."""
    stays = parts.mean(axis=0, dtype=np.float32) if len(parts) >= 8 else np.ones((1, 1), np.float32)
    return float((stays**2).sum() / max(float(stays.sum()), 1e-6)) < STANDS
