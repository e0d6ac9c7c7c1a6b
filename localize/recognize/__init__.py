"""Recognition: speech in, the words that were heard out. Used to check what a voice spoke, to time known words, and to read a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from localize.engines import Engine

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class HeardWord:
    """One word as it was heard, in seconds from the sound's start; `confidence` in 0..1."""

    text: str
    start: float
    end: float
    confidence: float = 1.0


@dataclass(frozen=True)
class Transcript:
    """What was heard: the whole text, its language (two letters), and the words with their times if they were asked for."""

    text: str
    language: str
    words: tuple[HeardWord, ...] = ()


class Recognizer(Engine, Protocol):
    def transcribe(self, samples: Samples, rate: int, language: str = "", *, words: bool = False) -> Transcript:
        """What is said in mono speech [n]. The language is found out where none is given. Raises NotReady without its model."""
        ...

    def align(self, samples: Samples, rate: int, words: Sequence[str], language: str) -> list[tuple[float, float]]:
        """When each of the known words is heard: (start, end) in seconds for each of `words`, in order and without overlap.

        An empty word has no length. Raises NotReady without its model, ValueError where the words can't be found in the sound.
        """
        ...
