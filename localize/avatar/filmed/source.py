"""A video as people hand it in, read as frames that are all alike: upright, square pixels, RGB, 25 a second.

Whatever its rate is, each frame here is the one of the video that is nearest in time: frames are repeated or left out, never mixed.
One frame is held at a time, so memory does not grow with the video's length.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation

from localize.film import Film, Pace, matrix
from localize.pixels import Pixels

FPS = 25  # frames a second of all footage: what lip-sync models were made for
WIDEST = 1080  # px: no clip is wider
LOOKED_AT = 300.0  # s of a longer file


class Source:
    """A video file. `width` and `height` are those of its frames here: upright, even, at most `WIDEST` wide.

    Raises UserError for what can't be read or has no picture.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.film = Film(path)
        self.stored, self.turn, self.hdr, self.interlaced = self.film.stored, self.film.turn, self.film.hdr, self.film.interlaced
        self.pace = Pace()
        w, h = self.film.shown(*self.stored)
        zoom = min(1.0, WIDEST / w)
        self.width, self.height = (max(2, int(side * zoom + 1e-6) // 2 * 2) for side in (w, h))
        self._whole = zoom == 1.0 and self.film.aspect == 1

    def frames(self) -> Iterator[Pixels]:
        """RGB [height, width, 3] at 25 frames a second, each the stored frame nearest in time. `pace` tells afterwards what they
        were made of. A repeated frame is the same array again."""
        self.pace = pace = Pace()
        held: tuple[float, av.VideoFrame] | None = None
        made: Pixels | None = None
        count = 0
        for time, frame in self.film.frames(pace, until=LOOKED_AT):
            while held is not None and count / FPS < (held[0] + time) / 2:
                made = self._upright(held[1]) if made is None else made
                yield made
                count += 1
            held, made = (time, frame), None
        while held is not None and count / FPS < held[0] + 0.5 / (pace.rate or FPS):
            made = self._upright(held[1]) if made is None else made
            yield made
            count += 1

    def _upright(self, frame: av.VideoFrame) -> Pixels:
        size = (frame.width, frame.height)
        if not self._whole or size != self.stored:
            size = (self.height, self.width) if self.turn.swapped else (self.width, self.height)
        rgb = frame.reformat(size[0], size[1], "rgb24", src_colorspace=matrix(frame), interpolation=Interpolation.AREA)
        picture = self.turn.applied(rgb.to_ndarray().astype(np.uint8, copy=False))
        return picture[: self.height, : self.width]
