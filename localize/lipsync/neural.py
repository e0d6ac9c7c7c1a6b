"""What the engines that run a model on filmed faces have in common: loaded once, a batch at a time, the face's place in its frame."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from localize import engines, torch_device, weights
from localize.engines import Card
from localize.errors import NotReady
from localize.lipsync import Box, Boxes, Frame, Patch, Samples
from localize.lipsync.blend import cut
from localize.media.pcm import resampled

RATE = 16_000  # Hz that both models hear
CHIN = 10  # px below the face that both models were trained to see: an open jaw hangs lower than the one found
SMALLEST = 16  # px of a side; a face that is smaller, or hardly in the frame, moves no lips that anybody sees


class LipsyncOptions(engines.Options):
    """Which folder, where it runs and how much at once."""

    model: str = Field(default="", description="the model's folder; the engine's own if empty")
    device: weights.Device = "auto"
    batch: int = Field(default=8, ge=1, le=256, description="how many faces are made at once: more takes more memory")


def placed(face: npt.NDArray[np.floating[Any]], height: int, width: int) -> Box | None:
    """Where in a frame a model looks for a face [4]: with some room below the chin, in whole px, None where there is nothing to see."""
    if not np.isfinite(face).all():
        return None
    left, top, right, bottom = (round(float(edge)) for edge in face)
    box = (max(0, left), max(0, top), min(width, right), min(height, bottom + CHIN))
    return box if box[2] - box[0] >= SMALLEST and box[3] - box[1] >= SMALLEST else None


class NeuralLipsync(ABC):
    """See `FilmedLipsync`. The model is loaded on first use, once; may be called from several threads, which take turns."""

    card: ClassVar[Card]
    PACKAGES: ClassVar[tuple[str, ...]]
    FILES: ClassVar[tuple[str, ...]]  # below the model's folder
    SIZE: ClassVar[int]  # px of a side of a patch
    options: LipsyncOptions

    def __init__(self, options: LipsyncOptions) -> None:
        self.options = options
        self._turn = threading.Lock()
        self._model: Any = None

    @abstractmethod
    def _load(self) -> Any:
        """The model, its files being there, with weights that ask for no gradients. Raises NotReady where they can't be loaded."""

    @abstractmethod
    def _hear(self, model: Any, sound: Samples, fps: float) -> Callable[[int], Any]:
        """What the model is told of the sound [n] at `RATE` for a frame's number. It is asked for ascending numbers."""

    @abstractmethod
    def _run(self, model: Any, faces: Frame, heard: Sequence[Any]) -> Frame:
        """Faces [b, SIZE, SIZE, 3] that say what is heard."""

    @abstractmethod
    def _dtype(self) -> str:
        """The numbers it computes in, as torch names them."""

    @property
    def device(self) -> str:
        """Where it runs, as torch names it."""
        return torch_device.chosen(self.options.device)

    @property
    def place(self) -> Path:
        """The model's folder."""
        return weights.folder(self.card.name, self.options.model)

    def missing(self) -> str:
        if absent := [name for name in self.PACKAGES if find_spec(name) is None]:
            some = "the packages {} are" if len(absent) > 1 else "the package {} is"
            return f"{some.format(' and '.join(absent))} not installed (pip install 'crossreel[lipsync]')."
        return weights.lack(self.place, self.FILES, weights.how_to_pull(self.card.name, self.place), ())

    def fingerprint(self) -> str:
        # The size of a batch is not in it: it moves results by less than a level of a pixel.
        return "-".join([self.card.name, self.card.version, self.device, self._dtype(), weights.fingerprint(self.place)])

    def report(self) -> str:
        """Where it runs and in which numbers."""
        return f"{self.device} {self._dtype()}"

    def patches(self, frames: Iterable[Frame], boxes: Boxes, speech: Samples, rate: int, fps: float) -> Iterator[Patch | None]:
        """See `FilmedLipsync.patches`. At most a batch of faces and two half minutes of what the model hears are in memory."""
        if boxes.ndim != 2 or boxes.shape[1] != 4 or not 0 < fps < float("inf"):
            raise ValueError(f"boxes of {boxes.shape} at {fps} frames a second are none")
        model = self._ready()
        sound = resampled(speech, rate, RATE)
        silence = round(len(boxes) / fps * RATE) - len(sound)
        if silence > 0:
            sound = np.concatenate([sound, np.zeros(silence, np.float32)])
        return self._stream(model, frames, boxes, self._hear(model, sound, fps))

    def _ready(self) -> Any:
        with self._turn:
            if self._model is None:
                if lack := self.missing():
                    raise NotReady(f"the lipsync engine {self.card.name!r} is not ready: {lack}", missing=(lack,))
                self._model = self._load()
            return self._model

    def _stream(self, model: Any, frames: Iterable[Frame], boxes: Boxes, hear: Callable[[int], Any]) -> Iterator[Patch | None]:
        rows = enumerate(zip(frames, boxes, strict=True))
        while True:
            where: list[Box | None] = []
            faces: dict[int, Frame] = {}
            for number, (frame, face) in islice(rows, self.options.batch):
                box = placed(face, *frame.shape[:2])
                where.append(box)
                if box:
                    faces[number] = cut(frame, box, self.SIZE)
            if not where:
                return
            made: Iterator[Frame] = iter(())
            if faces:
                with self._turn:
                    made = iter(self._run(model, np.stack(list(faces.values())), [hear(number) for number in faces]))
            for box in where:
                yield Patch(next(made), box) if box else None
