"""A filmed host in a clip: which frames of the footage are shown when, fitted into their zone round the face, with other lips."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from localize import consent as consents
from localize.avatar.filmed.background import COLOUR
from localize.avatar.filmed.faces import Faces
from localize.avatar.filmed.footage import Footage
from localize.avatar.filmed.package import FilmedPackage
from localize.avatar.filmed.sheet import FACES
from localize.avatar.filmed.source import FPS
from localize.lipsync import FilmedLipsync, Patch, Samples
from localize.lipsync import patches as patch_files
from localize.lipsync.blend import paste
from localize.pixels import Pixels, rasterise, u8
from localize.store import digest

VERSION = "1"  # raise it when the same package would be shown in other pixels
FACE = 300  # px that a face is high in the clip, chin to as far above the nose's bridge
LARGEST = 1.7  # footage is enlarged no further, unless it would not fill its zone
LIKELY = 0.6  # of the free height, in a zone with less room
CHIN, USUAL = 40, 556  # px from the chin to what must not lie over the face, in a zone with so many free ones
CORNER = 44  # px radius of the zone's upper corners
FADE = 200  # px over which footage that ends within the zone melts into the backdrop


@dataclass(frozen=True)
class Zone:
    """Where a filmed host is seen, in px: `width` x `height`, of which the upper `free` rows are for the face and the upper `filled`
    ones must be filled; or `round`, a window."""

    width: int
    height: int
    free: int
    filled: int
    round: bool = False


@dataclass(frozen=True)
class Crop:
    """The part of the footage that is shown (left, top, right, bottom in its px), and the size it is shown at."""

    box: tuple[int, int, int, int]
    width: int
    height: int


def fitted(size: tuple[int, int], faces: Faces, zone: Zone) -> Crop:
    """The crop of footage of `size` that fills the zone's width and shows the face where nothing lies over it, whatever it does."""
    w, h = size
    boxes = faces.boxes[np.isfinite(faces.boxes).all(axis=1)].astype(np.float64)
    fill = max(zone.width / w, zone.filled / h)
    zoom = max(fill, min(min(FACE, LIKELY * zone.free) / float(np.median(boxes[:, 3] - boxes[:, 1])), LARGEST))
    wide = zone.width / zoom
    left = float(np.clip(np.median(boxes[:, 0] + boxes[:, 2]) / 2 - wide / 2, 0, w - wide))
    chin = float(np.percentile(boxes[:, 3], 95))
    top = float(np.clip(chin - (zone.free - CHIN * zone.free / USUAL) / zoom, 0, h - zone.filled / zoom))
    high = min(h - top, zone.height / zoom)
    box = round(left), round(top), min(w, round(left + wide)), min(h, round(top + high))
    return Crop(box, zone.width, min(zone.height, round((box[3] - box[1]) * zoom)))


@dataclass(frozen=True)
class Still:
    """One frame of a filmed host: premultiplied RGBA from the zone's top left corner. Without a key, as none comes twice."""

    rgba: Pixels
    x: ClassVar[int] = 0
    y: ClassVar[int] = 0
    key: ClassVar[Hashable] = None


class FilmedAvatar:
    """Not shared between threads."""

    def __init__(self, package: FilmedPackage) -> None:
        """Raises as `FilmedPackage.footage`."""
        self.package = package
        self.footage: Footage = package.footage()

    @classmethod
    def load(cls, folder: Path) -> FilmedAvatar:
        """Raises as `FilmedPackage.load` and `FilmedPackage.footage`."""
        return cls(FilmedPackage.load(folder))

    @property
    def name(self) -> str:
        return self.package.name

    @cached_property
    def _fingerprint(self) -> str:
        folder, sheet = self.package.folder, self.package.sheet
        parts = [VERSION, *self.package.consent.sha256, consents.file_digest(folder / FACES), sheet.background, sheet.matte]
        if sheet.background not in ("keep", "blur") and not re.match(COLOUR, sheet.background):
            parts.append(consents.file_digest(folder / sheet.background))
        return f"filmed-{digest([*parts, sheet.loop.model_dump_json()])}"

    def fingerprint(self) -> str:
        """Everything that its frames hang on."""
        return self._fingerprint

    def shown(self, duration: float) -> list[int]:
        """The footage's frames that are seen in so many seconds, 25 of them in each."""
        return [self.footage.frame_at(k) for k in range(math.ceil(duration * FPS - 1e-6))]

    def lips(self, engine: FilmedLipsync, speech: Samples, rate: int, duration: float) -> Iterator[Patch | None]:
        """The patches of a clip of so many seconds in which the host says `speech`, mono at `rate` Hz. Raises as
        `FilmedLipsync.patches`."""
        numbers = self.shown(duration)
        return engine.patches(self.footage.frames(numbers), self.footage.faces.boxes[numbers], speech, rate, FPS)

    def seen(self, patches: Path, duration: float, zone: Zone) -> Seen:
        """The host in a clip whose patches are in a file of `localize.lipsync.patches`."""
        return Seen(self.footage, self.shown(duration), patches, fitted(self.package.sheet.size, self.footage.faces, zone), zone)


class Seen:
    """A filmed host's sprites by the clip's time. Frames are read one after the other; going back starts again."""

    def __init__(self, footage: Footage, numbers: list[int], patches: Path, crop: Crop, zone: Zone) -> None:
        self.crop = crop
        self._footage, self._numbers, self._patches = footage, numbers, patches
        self._cover = covering(crop, zone)
        self._at = -1  # the number of the frame in hand
        self._frames: Iterator[Pixels] = iter(())
        self._now: tuple[Still, ...] = ()

    def __call__(self, t: float) -> tuple[Still, ...]:
        """What is seen at t seconds."""
        k = min(len(self._numbers) - 1, max(0, math.floor(t * FPS + 1e-6)))
        if k < self._at or self._at < 0:
            self._at, self._frames = -1, self._read()
        picture: Pixels | None = None
        while self._at < k:
            picture, self._at = next(self._frames), self._at + 1
        if picture is not None:
            self._now = (Still(self._laid(picture)),)
        return self._now

    def _read(self) -> Iterator[Pixels]:
        film = self._footage.frames(self._numbers)
        for picture, patch in zip(film, patch_files.read(self._patches), strict=True):
            yield paste(picture, patch) if patch else picture

    def _laid(self, picture: Pixels) -> Pixels:
        left, top, right, bottom = self.crop.box
        scale = self.crop.width / (right - left)
        # By areas only where neighbours would be missed: it costs four times as much.
        how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR if scale > 0.7 else cv2.INTER_AREA
        part = cv2.resize(picture[top:bottom, left:right], (self.crop.width, self.crop.height), interpolation=how)
        return u8(cv2.merge([*(cv2.multiply(plane, self._cover, scale=1 / 255) for plane in cv2.split(part)), self._cover]))


def covering(crop: Crop, zone: Zone) -> Pixels:
    """How much of the zone's backdrop a crop covers, [h, w]: all of it but for the rounded corners above, and its end, if it has one."""
    w, h, r = crop.width, crop.height, min(crop.width, crop.height) // 2 if zone.round else CORNER
    if zone.round:
        circle = f'<circle cx="{w / 2}" cy="{h / 2}" r="{r - 0.5}"/>'
        return np.ascontiguousarray(rasterise(f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}">{circle}</svg>')[..., 3])
    shape = f'<path d="M0 {h}V{r}A{r} {r} 0 0 1 {r} 0H{w - r}A{r} {r} 0 0 1 {w} {r}V{h}Z"/>'
    cover = rasterise(f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}">{shape}</svg>')[..., 3]
    if h >= zone.height:
        return np.ascontiguousarray(cover)
    up = np.clip((h - 1 - np.arange(h, dtype=np.float32)) / FADE, 0, 1)[:, None]
    return np.ascontiguousarray(np.rint(cover * (up * up * (3 - 2 * up)))).astype(np.uint8)
