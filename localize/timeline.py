"""When each Line of a clip is heard: what voice, lip-sync, picture and captions share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from localize.domain import Line, Speech, Word

LEAD = 0.35  # s before the first word: the viewer sees who speaks
TAIL = 0.9  # s after the last word, for the call to action to be read
PAUSE = 0.22  # s between Lines
BEFORE_PRICE = 0.38  # s: a seller takes a breath before saying the price


@dataclass(frozen=True)
class Spoken:
    """A Line with its Speech, and when it starts and ends in the clip (seconds)."""

    line: Line
    speech: Speech
    start: float
    end: float

    @property
    def words(self) -> tuple[Word, ...]:
        """The Line's words in clip time."""
        return tuple(w.model_copy(update={"start": w.start + self.start, "end": w.end + self.start}) for w in self.speech.words)


@dataclass(frozen=True)
class Timeline:
    """A clip's Lines in time. `duration` is a whole number of frames."""

    spoken: tuple[Spoken, ...]
    duration: float
    fps: int

    @property
    def frames(self) -> int:
        return round(self.duration * self.fps)

    def of(self, host: int) -> Timeline:
        """The same clip with one host's Lines alone."""
        return replace(self, spoken=tuple(s for s in self.spoken if s.line.host == host))

    def within(self, before: float, after: float) -> Timeline:
        """The same Lines with so many seconds more before and after them, each a whole number of frames."""
        spoken = tuple(replace(s, start=s.start + before, end=s.end + before) for s in self.spoken)
        return replace(self, spoken=spoken, duration=before + self.duration + after) if before or after else self


def lay_out(lines: Sequence[Line], speeches: Sequence[Speech], fps: int) -> Timeline:
    """Put Lines one after the other with a seller's pauses between them. Each starts on a frame."""
    now = LEAD
    spoken: list[Spoken] = []
    for line, speech in zip(lines, speeches, strict=True):
        if spoken:
            now += BEFORE_PRICE if line.role == "price" else PAUSE
        now = round(now * fps) / fps
        spoken.append(Spoken(line, speech, now, now + speech.duration))
        now += speech.duration
    return Timeline(tuple(spoken), round((now + TAIL) * fps) / fps, fps)
