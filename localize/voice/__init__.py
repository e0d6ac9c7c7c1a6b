"""Voice: a Line's tokens in, its sound with word and mouth timings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from localize.domain import Mouth, Word
from localize.engines import Engine
from localize.languages import Language, Token


@dataclass(frozen=True)
class VoiceStyle:
    """How a host speaks. `gender` is female or male, `pace` 1.0 is the engine's natural tempo, `pitch` a factor."""

    gender: str = "female"
    pace: float = 1.0
    pitch: float = 1.0


@dataclass(frozen=True)
class Sound:
    """What an engine spoke: mono float32 samples [n] in -1..1, words and mouths timed from its start.

    There is one Word per Token (empty ones at zero length), and the mouths cover 0..duration without a gap.
    """

    samples: npt.NDArray[np.float32]
    rate: int
    words: tuple[Word, ...]
    mouths: tuple[Mouth, ...]


class Voice(Engine, Protocol):
    def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
        """Speak one Line. Raises NotReady without what it needs, Transient on network trouble."""
        ...
