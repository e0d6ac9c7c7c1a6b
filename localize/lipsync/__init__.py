"""Lip-sync: of a drawn host, what the mouth shows over the whole clip; of a filmed one, a new face for each frame of the film."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from localize.domain import Mouth
from localize.engines import Engine
from localize.timeline import Timeline

Frame = npt.NDArray[np.uint8]  # RGB [h, w, 3]
Samples = npt.NDArray[np.float32]  # mono [n]
Boxes = npt.NDArray[np.floating[Any]]  # [n, 4]: left, top, right, bottom in px; a row of NaN where there is no face
Box = tuple[int, int, int, int]  # left, top, right, bottom in whole px inside the frame, right and bottom not in it


class Lipsync(Engine, Protocol):
    """Of drawn hosts: the voices' mouths in, the host's mouth out."""

    def track(self, timeline: Timeline) -> tuple[Mouth, ...]:
        """Mouth shapes in clip time, from 0 to its end, without gap or overlap."""
        ...


@dataclass(frozen=True)
class Patch:
    """A generated face, RGB [s, s, 3], and the part of its frame that it was made of and goes to (`blend.paste`)."""

    face: Frame
    box: Box


class FilmedLipsync(Engine, Protocol):
    """Of filmed hosts (`Card.filmed`): a film and what is said in, the film's face saying it out."""

    def patches(self, frames: Iterable[Frame], boxes: Boxes, speech: Samples, rate: int, fps: float) -> Iterator[Patch | None]:
        """One result for each frame, in order: None where there is no face, so that the others keep their time.

        A row of `boxes` is the face as the host's enrolment found it: from jaw to jaw, the chin at the bottom, and the bridge of
        the nose in the middle of its height. Frame i is seen at i / fps s of `speech`, mono at `rate` Hz; after its end there is
        silence. Frames are read as they are needed and none is kept. Raises NotReady at the call, ValueError where boxes are more or
        fewer than frames when this is seen.
        """
        ...
