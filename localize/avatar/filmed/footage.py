"""Footage as it is kept: written once (H.264, BT.709), read in any order, forwards or backwards, a few frames at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from localize import consent as consents
from localize.avatar.filmed import background
from localize.avatar.filmed.faces import Faces
from localize.avatar.filmed.quality import Table
from localize.avatar.filmed.sheet import FACES, FOOTAGE, MATTE, SHEET, Sheet
from localize.avatar.filmed.source import FPS
from localize.errors import UserError
from localize.media.command import file
from localize.pixels import Pixels

GROUP = 12  # frames from one that is whole to the next: what reading backwards decodes at a time
CRF = 12  # no difference to the original is seen, and little is lost when a clip is encoded of it
BT709 = 1


@contextmanager
def written(path: Path, width: int, height: int, *, grey: bool = False) -> Iterator[Callable[[Pixels], None]]:
    """A video of 25 frames a second, without sound: call what this yields with each frame, RGB [height, width, 3] or, of a `grey`
    one, [height, width]."""
    with av.open(file(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(CRF), "preset": "veryfast", "bf": "0", "g": str(GROUP), "sc_threshold": "0"}
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = ColorRange.MPEG
        count = 0

        def write(picture: Pixels) -> None:
            nonlocal count
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="gray" if grey else "rgb24")
            # A matte is no colour: its 0 to 255 go through the limited range and come back.
            frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
            frame.pts, frame.time_base = count, Fraction(1, FPS)
            container.mux(stream.encode(frame))
            count += 1

        yield write
        container.mux(stream.encode(None))


class Film:
    """A video that `written` made: its frames by number. Holds no more than two groups of them."""

    def __init__(self, path: Path, *, grey: bool = False) -> None:
        self._path, self._grey = path, grey

    def frames(self, indices: Iterable[int]) -> Iterator[Pixels]:
        """The frames of these numbers in this order: RGB [h, w, 3], or [h, w] of a grey one. What comes next or lies close behind
        costs no seeking. Raises UserError for a file that can't be read or has no such frame."""
        held: dict[int, av.VideoFrame] = {}
        try:
            with av.open(file(self._path), metadata_errors="replace") as container:
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                base = stream.time_base or Fraction(1, FPS)
                decoder, last = container.decode(stream), -1
                for index in indices:
                    if index not in held:
                        if not last < index <= last + GROUP:
                            container.seek(int(Fraction(index, FPS) / base), stream=stream)
                            decoder = container.decode(stream)
                        for frame in decoder:
                            last = round(float(frame.time or 0) * FPS)
                            held[last] = frame
                            if last >= index:
                                break
                    while len(held) > 2 * GROUP:  # the furthest goes
                        del held[max(held, key=lambda k: abs(k - index))]
                    if index not in held:
                        raise UserError(f"{self._path} has no frame {index}: add the avatar again.")
                    yield self._pixels(held[index])
        except av.FFmpegError as error:
            raise UserError(f"{self._path} can't be read: {error.strerror}. Add the avatar again.") from error

    def _pixels(self, frame: av.VideoFrame) -> Pixels:
        kind = "gray" if self._grey else "rgb24"
        return frame.reformat(format=kind, src_colorspace=Colorspace.ITU709).to_ndarray().astype(np.uint8, copy=False)


@dataclass(frozen=True)
class Footage:
    """The footage of a package: its frames with their background as the sheet says, and where the face is in them."""

    folder: Path
    sheet: Sheet
    faces: Faces
    table: Table

    @classmethod
    def open(cls, folder: Path) -> Footage:
        """Raises UserError for a folder that is no filmed avatar or lacks a file. Asks no consent: `FilmedPackage.footage` does."""
        sheet = consents.record(folder / SHEET, Sheet, "a filmed avatar's sheet")
        for name in (FOOTAGE, FACES, *([MATTE] if sheet.matte else [])):
            if not (folder / name).is_file():
                raise UserError(f"{folder / name} is not there: add the avatar again with `crossreel avatar add {sheet.name} --replace`.")
        faces, table = read_faces(folder / FACES)
        return cls(folder, sheet, faces, table)

    def __len__(self) -> int:
        return self.sheet.frames

    def frame_at(self, k: int) -> int:
        """The number of the frame to show as the k-th, 25 a second, for any k from 0 on; see `Loop.frame_at`."""
        return self.sheet.loop.frame_at(k)

    def frames(self, indices: Iterable[int]) -> Iterator[Pixels]:
        """The frames of these numbers in this order, uint8 RGB [h, w, 3], with the background replaced if the sheet says so."""
        numbers = list(indices)
        film = Film(self.folder / FOOTAGE).frames(numbers)
        if self.sheet.background == "keep":
            yield from film
            return
        behind = background.Behind(self.sheet.background, self.sheet.size, self.folder)
        for picture, alpha in zip(film, self.mattes(numbers), strict=True):
            yield behind.laid(picture, alpha)

    def mattes(self, indices: Iterable[int]) -> Iterator[Pixels]:
        """How much of each pixel is the person, uint8 [h, w], 255 all of it. Raises UserError for footage that has no matte."""
        if not self.sheet.matte:
            raise UserError(f"the avatar {self.sheet.name} was not cut out: add it again with --background, and --replace.")
        return Film(self.folder / MATTE, grey=True).frames(indices)


def write_faces(path: Path, faces: Faces, table: Table) -> None:
    """Keep what is known of each frame: arrays by the names of `Faces` and `Table`."""
    shares = np.array([faces.crowd, faces.aside], np.float32)
    np.savez_compressed(path, boxes=faces.boxes, mouths=faces.mouths, seen=faces.seen, yaw=faces.yaw, shares=shares, **vars(table))


def read_faces(path: Path) -> tuple[Faces, Table]:
    """Raises UserError for a file that `write_faces` did not write."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            faces = Faces(kept["boxes"], kept["mouths"], kept["seen"], kept["yaw"], *map(float, kept["shares"]))
            return faces, Table(kept["sharp"], kept["open"], kept["like"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} can't be read: {error}. Add the avatar again.") from error
