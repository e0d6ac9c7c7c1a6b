"""What the converters that run a model have in common: it is loaded once, hears each speaker once, and takes speech by turns."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import Field

from localize import engines, torch_device, weights
from localize.engines import Card
from localize.errors import NotReady, UserError
from localize.media.pcm import read_audio
from localize.voice import Samples, Speaker
from localize.voice.converters.pieces import through

PACKAGES = ("torch", "torchaudio", "TTS")
SHORTEST = 1.0  # s of a reference


class ConverterOptions(engines.Options):
    """Which folder, and where it runs."""

    model: str = Field(default="", description="the model's folder; the engine's own if empty")
    device: weights.Device = "auto"


class NeuralConverter(ABC):
    """See `Converter`. Loaded on first use, once; may be called from several threads."""

    card: ClassVar[Card]
    options: ConverterOptions

    def __init__(self, options: ConverterOptions) -> None:
        self.options = options
        self._lock = threading.Lock()
        self._model: Any = None
        self._voices: dict[str, Any] = {}

    @abstractmethod
    def missing(self) -> str: ...

    @abstractmethod
    def _load(self) -> Any:
        """The model, its files being there. Raises NotReady where they can't be loaded."""

    @abstractmethod
    def _voice(self, model: Any, sound: Samples) -> Any:
        """What the model takes of a speaker, from a reference [n] at the rate it hears."""

    @abstractmethod
    def _speaks(self, model: Any) -> int:
        """The rate in Hz of what the model makes."""

    @abstractmethod
    def _run(self, model: Any, voice: Any) -> Callable[[Samples], Samples]:
        """Makes of one piece of speech after the other, at the rate that the model hears, the same in that voice."""

    def report(self) -> str:
        """Where it runs and in which numbers."""
        return torch_device.report(self.options.device)

    def convert(self, samples: Samples, rate: int, speaker: Speaker) -> tuple[Samples, int]:
        """See `Converter.convert`. At the model's own rate."""
        with self._lock:
            if self._model is None:
                if lack := self.missing():
                    raise NotReady(f"the converter {self.card.name!r} is not ready: {lack}", missing=(lack,))
                self._model = self._load()
        import torch

        with self._lock, torch.inference_mode():
            model = self._model
            hears, speaks = model.config.audio.input_sample_rate, self._speaks(model)
            if speaker.digest not in self._voices:
                self._voices[speaker.digest] = self._voice(model, _reference(speaker, hears))
            run = self._run(model, self._voices[speaker.digest])

            def drawn(piece: Samples, number: int) -> Samples:
                with torch_device.drawing([f"{speaker.digest}\0{number}"]):
                    return run(piece)

            return through(samples, rate, drawn, hears, speaks, model.config.audio.hop_length), speaks


def _reference(speaker: Speaker, rate: int) -> Samples:
    sound = read_audio(speaker.reference, rate)
    if len(sound) < SHORTEST * rate:
        raise UserError(f"the reference {speaker.reference} of the voice {speaker.name!r} is shorter than a second.")
    return sound
