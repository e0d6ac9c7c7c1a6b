"""Voice: a Line's tokens in, its sound with word and mouth timings out.

A Voice speaks; a Converter gives what it spoke the voice of a person (`Speaker`), for engines that can't clone by themselves.
What an engine does not know of its own sound (when each word is heard, what the mouth does) `voice.timing` finds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from localize.domain import Mouth, Word
from localize.engines import Engine
from localize.languages import Language, Token

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Speaker:
    """Whose voice a clip has: the cleaned reference of a voice package.

    `reference` is a mono WAV, `transcript` what is said in it ("" if nobody wrote it down), `language` in which language.
    `digest` identifies the reference by its content.
    """

    name: str
    reference: Path
    digest: str
    transcript: str = ""
    language: str = ""
    gender: str = "female"


@dataclass(frozen=True)
class VoiceStyle:
    """How a host speaks. `gender` is female or male, `pace` 1.0 is the engine's natural tempo, `pitch` a factor.

    With a `speaker` the sound is to have their voice: an engine that clones speaks as them, one that can't gives a sound that
    a Converter can work on (dry, of the same gender). `take` counts the tries: engines that draw at random draw anew.
    """

    gender: str = "female"
    pace: float = 1.0
    pitch: float = 1.0
    speaker: Speaker | None = None
    take: int = 0


@dataclass(frozen=True)
class Sound:
    """What an engine spoke: mono float32 samples [n] in -1..1, words and mouths timed from its start.

    There is one Word per Token (empty ones at zero length), and the mouths cover 0..duration without a gap. An engine that does
    not know its words' times gives none of both; one that knows the words' alone gives no mouths. A `finished` sound has the
    level, the tone and the edges that a clip needs (`polish`).
    """

    samples: Samples
    rate: int
    words: tuple[Word, ...] = ()
    mouths: tuple[Mouth, ...] = ()
    finished: bool = False

    @property
    def duration(self) -> float:
        return len(self.samples) / self.rate


class Voice(Engine, Protocol):
    """Speaks. Its card tells whether it `clones` (speaks as the speaker by itself), is `paced` (obeys the pace) and `timed` (knows
    when its words are heard)."""

    def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
        """Speak one Line. Raises NotReady without what it needs, Transient on network trouble, UserError for a Line it can't say."""
        ...


def clones(voice: Voice, language: str) -> bool:
    """Whether a voice speaks as the speaker by itself: an engine of several models in some languages only, a server if it is told to."""
    told: Callable[[str], bool] | None = getattr(voice, "clones_in", None)
    return told(language) if told else bool(getattr(voice, "clones", voice.card.clones))


class Batched(Protocol):
    """A Voice that speaks several Lines faster together than one by one."""

    def speak_all(self, lines: Sequence[Sequence[Token]], language: Language, style: VoiceStyle) -> list[Sound]:
        """Speak Lines; one Sound for each, in their order, the same as `speak` would give."""
        ...


class Converter(Engine, Protocol):
    """Gives speech another's voice, and leaves what is said and when."""

    def convert(self, samples: Samples, rate: int, speaker: Speaker) -> tuple[Samples, int]:
        """Mono speech [n] in the speaker's voice, of the same length (to 10 ms) and timing, and its rate in Hz.

        Raises NotReady without what it needs, UserError for a reference it can't use.
        """
        ...
