"""What is behind a filmed person: cut out before a green or blue screen, or by a segmenter, and laid on something else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from localize.avatar.filmed.faces import Box
from localize.errors import NotReady, UserError
from localize.pixels import Pixels, u8

Floats = npt.NDArray[np.float32]

COLOUR = r"^#[0-9a-fA-F]{6}$"
EXCESS = 30.0  # levels by which a screen's own colour exceeds the other two
COVERING = 0.75  # of the frame's edge above the shoulders that must be screen
# Of the screen's excess, for green and blue: what has less of it is the person, what has more the screen. Clothes are bluish more
# often than they are green.
SOLID = {1: 0.12, 2: 0.28}
CLEAR = {1: 0.65, 2: 0.80}


class Cutter(Protocol):
    """Cuts a person out, frame by frame. `name` stands in the sheet."""

    name: str

    def cut(self, frame: Pixels) -> tuple[Pixels, Pixels]:
        """The frame without the screen's light on the person, RGB [h, w, 3], and the matte [h, w], 255 where the person is."""
        ...


def cutter(frame: Pixels, box: Box) -> Cutter:
    """What can cut the person out of footage with this frame, whose face is in the box.

    Raises NotReady where the background is no green or blue screen and there is no segmenter.
    """
    share, channel = max((screened(frame, box, channel), channel) for channel in (1, 2))
    if share >= COVERING:
        return Screen(channel)
    from localize.avatar.filmed.landmarks import Segmenter, lack

    if missing := lack(segmenting=True):
        raise NotReady(
            f"the background can't be taken away: it is no green or blue screen ({share:.0%} of its edge), and {missing}",
            missing=(missing,), how="Film before an evenly lit green screen, or keep the background.",
        )  # fmt: skip
    return Segmenter()


def screened(frame: Pixels, box: Box, channel: int) -> float:
    """The share of the frame's edge beside and above the head that is of a screen's colour (channel 1 green, 2 blue)."""
    h, w = frame.shape[:2]
    small = cv2.resize(frame, (max(32, w // 8), max(32, h // 8)), interpolation=cv2.INTER_AREA).astype(np.float32)
    rows = max(4, min(len(small), int(box[3] * len(small) / h)))
    side = max(2, small.shape[1] // 16)
    above = max(1, min(rows // 3, int((box[1] - 0.6 * (box[3] - box[1])) * len(small) / h)))
    parts = (small[:rows, :side], small[:rows, -side:], small[:above])
    return float(np.mean(np.concatenate([_excess(part, channel).ravel() for part in parts]) > EXCESS))


def _excess(picture: Floats, channel: int) -> Floats:
    """By how much a colour exceeds the stronger of the other two. A cyan screen is a blue one: of blue, green counts half."""
    others = [k for k in range(3) if k != channel]
    if channel == 2:
        return np.asarray(picture[..., 2] - np.maximum(picture[..., 0], 0.5 * (picture[..., 0] + picture[..., 1])), np.float32)
    return np.asarray(picture[..., channel] - np.maximum(picture[..., others[0]], picture[..., others[1]]), np.float32)


class Screen:
    """Keys a screen by how much its colour exceeds the others, in relation to the screen's own at that place: shadows on the
    screen and hair before it come out right."""

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self.name = "green screen" if channel == 1 else "blue screen"

    def cut(self, frame: Pixels) -> tuple[Pixels, Pixels]:
        picture = frame.astype(np.float32)
        excess = cv2.GaussianBlur(_excess(picture, self._channel), (0, 0), max(frame.shape[1], frame.shape[0]) / 1600)
        share = np.asarray(excess, np.float32) / self._full(np.asarray(excess, np.float32))
        matte = 1 - np.clip((share - SOLID[self._channel]) / (CLEAR[self._channel] - SOLID[self._channel]), 0, 1)
        matte = matte * matte * (3 - 2 * matte)
        clean = picture.copy()
        red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
        limit = np.maximum(red, blue) if self._channel == 1 else np.maximum(red, green)
        clean[..., self._channel] = np.minimum(picture[..., self._channel], limit)
        return clean.astype(np.uint8), np.rint(matte * 255).astype(np.uint8)

    def _full(self, excess: Floats) -> Floats:
        """The screen's excess everywhere, also behind the person: what surely is screen, spread out."""
        h, w = excess.shape
        small = cv2.resize(excess, (max(16, w // 16), max(16, h // 16)), interpolation=cv2.INTER_AREA)
        sure = (small > max(EXCESS, 0.6 * float(np.percentile(small, 90)))).astype(np.float32)
        sigma = small.shape[1] / 6
        near = cv2.GaussianBlur(sure, (0, 0), sigma) + 1e-4
        whole = cv2.GaussianBlur(small * sure, (0, 0), sigma) + 1e-4 * float(np.percentile(small, 90))
        return np.maximum(np.asarray(cv2.resize(whole / near, (w, h), interpolation=cv2.INTER_LINEAR), np.float32), EXCESS)


class Behind:
    """What a person is laid on: `blur`, a colour #rrggbb, or a picture in `folder`. `size` is width and height in px."""

    def __init__(self, what: str, size: tuple[int, int], folder: Path) -> None:
        self._plate: Floats | None = None
        if re.match(COLOUR, what):
            rgb = [int(what[k : k + 2], 16) for k in (1, 3, 5)]
            self._plate = np.full((size[1], size[0], 3), rgb, np.float32)
        elif what != "blur":
            self._plate = covering(folder / what, size).astype(np.float32)

    def laid(self, picture: Pixels, matte: Pixels) -> Pixels:
        """The person of a frame on it. All [h, w, ...]."""
        alpha = np.asarray(matte[..., None] / np.float32(255), np.float32)
        behind = self._plate if self._plate is not None else _blurred(picture, alpha)
        return np.rint(picture * alpha + behind * (1 - alpha)).astype(np.uint8)


def _blurred(picture: Pixels, alpha: Floats) -> Floats:
    """The background out of focus, without a halo of the person in it: [h, w, 3] float."""
    h, w = picture.shape[:2]
    size = (max(8, w // 8), max(8, h // 8))
    rest = cv2.resize(1 - alpha[..., 0], size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32) * rest[..., None]
    sigma = size[0] / 24
    soft = cv2.GaussianBlur(small, (0, 0), sigma) / (cv2.GaussianBlur(rest, (0, 0), sigma)[..., None] + 1e-3)
    return np.asarray(cv2.resize(np.clip(soft, 0, 255), (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def covering(path: Path, size: tuple[int, int]) -> Pixels:
    """A picture that fills width and height of `size`, cut at its sides: RGB [h, w, 3]. Raises UserError."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}. Give a picture, a colour such as #f4efe6, blur, or keep.") from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if picture is None:
        raise UserError(f"{path} is no picture that can be read: give a PNG or JPEG, a colour such as #f4efe6, blur, or keep.")
    h, w = picture.shape[:2]
    zoom = max(size[0] / w, size[1] / h)
    wide, high = max(size[0], round(w * zoom)), max(size[1], round(h * zoom))
    big = u8(cv2.cvtColor(cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB))
    left, top = (wide - size[0]) // 2, (high - size[1]) // 2
    return big[top : top + size[1], left : left + size[0]]
