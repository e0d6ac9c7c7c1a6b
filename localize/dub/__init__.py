"""Dubbing: what a video says is said in another language, at the same moments, over the same picture.

video -> talk (what is said, sentence by sentence) -> translations that can be said in their time -> voice -> cues -> sound -> picture.
Times are in seconds from the video's first frame, whatever its file's clock says.
"""

from __future__ import annotations

from pydantic import Field

from localize.domain import Finding, Model


class Spot(Model):
    """A word of a sentence as the video says it, and when."""

    text: str
    start: float
    end: float
    confidence: float = 1.0


class Sentence(Model):
    """One sentence of a video: when it is said, by whom (0 is who speaks first), how sure the recognizer was (0..1; 1 where people
    wrote it), and its words' times where they are known."""

    text: str
    start: float
    end: float
    speaker: int = 0
    confidence: float = 1.0
    words: tuple[Spot, ...] = ()

    @property
    def seconds(self) -> float:
        return self.end - self.start


class Talk(Model):
    """All that a video says, in order and without overlap, in one language (two letters). `origin` is the recognizer's name or the
    transcript's file name; `findings` are what is doubtful about it."""

    language: str
    sentences: tuple[Sentence, ...]
    origin: str
    speakers: int = Field(default=1, ge=1)
    findings: tuple[Finding, ...] = ()


class Slot(Model):
    """The time a sentence's translation has: it may start at `earliest`, should at `start` (where the source's does) and must by
    `latest`, and must be over by `end`."""

    earliest: float
    start: float
    latest: float
    end: float

    @property
    def seconds(self) -> float:
        """The most that may be said in it."""
        return self.end - self.earliest


class Cue(Model):
    """A sentence's translation in its place: the take is made `tempo` times faster and heard from `start` to `end`."""

    text: str
    start: float
    end: float
    tempo: float = 1.0
