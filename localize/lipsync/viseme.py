"""Visemes of a drawn host: each Line's own mouth track laid on the clip's frames, closed at rest between Lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import ClassVar

from localize.domain import MOUTH_OPENING, Mouth, MouthShape
from localize.engines import Card
from localize.timeline import Timeline

SPILL = 0.2  # s that a Line's last shape may outlast its sound


class VisemeLipsync:
    card: ClassVar[Card] = Card(
        name="viseme", stage="lipsync", about="mouth shapes of a drawn host, from the voice's own timings", version="1",
        licence="Apache-2.0", quality=10,
    )  # fmt: skip

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"viseme-{self.card.version}"

    def track(self, timeline: Timeline) -> tuple[Mouth, ...]:
        """The track on the clip's frames: each shape begins one frame before its sound (that frame shows it half made),
        lips stay closed to the end of m, b and p, and nothing but closed lips and f lasts a single frame."""
        frame = 1 / timeline.fps
        said: list[Mouth] = []
        for s in timeline.spoken:
            said += [
                Mouth(shape=m.shape, start=s.start + m.start, end=min(s.start + m.end, s.end + SPILL))
                for m in s.speech.mouths
                if s.start + m.start < s.end
            ]
        frames: list[MouthShape] = ["X"] * max(1, timeline.frames)
        for mouth in (m for m in said if m.shape != "X"):
            # A frame belongs to the sound at its middle, seen one frame ahead.
            first, last = round(mouth.start / frame) - 1, round(mouth.end / frame) - 1
            frames[max(0, first) : max(0, last)] = [mouth.shape] * (max(0, min(last, len(frames))) - max(0, first))
        for mouth in (m for m in said if m.shape == "A"):
            first = max(0, round(mouth.start / frame) - 1)
            last = min(len(frames), max(first + 1, round(mouth.end / frame)))
            frames[first:last] = ["A"] * (last - first)
        return tuple(_held(frames, frame, timeline.duration))


def _held(frames: list[MouthShape], frame: float, duration: float) -> Iterator[Mouth]:
    """Runs of frames as Mouths, without flicker."""
    runs = [(shape, len(list(group))) for shape, group in groupby(frames)]
    kept: list[tuple[MouthShape, int]] = []
    for i, (shape, length) in enumerate(runs):
        if kept and (kept[-1][0] == shape):
            kept[-1] = (shape, kept[-1][1] + length)
        elif length == 1 and shape not in "AG" and 0 < i < len(runs) - 1:
            # Its frame goes to the neighbour that is more alike, never to lips that should be closed only for their sound.
            before, after = kept[-1], runs[i + 1]
            near = min((before[0], after[0]), key=lambda s: (s in "AGX", abs(MOUTH_OPENING[s] - MOUTH_OPENING[shape])))
            if near == before[0]:
                kept[-1] = (before[0], before[1] + 1)
            else:
                runs[i + 1] = (after[0], after[1] + 1)
        elif shape == "D" and length == 2:
            kept.append(("C", length))  # no jaw drops all the way and comes back in two frames
        else:
            kept.append((shape, length))
    at = 0
    for shape, group in groupby(kept, key=lambda run: run[0]):
        length = sum(n for _, n in group)
        end = duration if at + length >= len(frames) else (at + length) * frame
        yield Mouth(shape=shape, start=at * frame, end=end)
        at += length
