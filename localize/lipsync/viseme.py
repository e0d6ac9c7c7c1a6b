"""Visemes of a drawn host: each Line's own mouth track laid on the clip's frames, closed at rest between Lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import ClassVar

from localize.domain import MOUTH_OPENING, Mouth, MouthShape
from localize.engines import Card
from localize.timeline import Timeline

SPILL = 0.2  # s that a Line's last shape may outlast its sound
LEAD = 0.04  # s at least from the first frame in which a shape is seen to its sound: lips and jaw are on their way before it
# What a mouth is on its way through, for one frame, before lips or teeth close. Halves the way down; rounded lips stay rounded.
NARROWER: dict[MouthShape, MouthShape] = {"D": "C", "E": "F", "C": "B", "H": "B", "F": "B"}
Run = tuple[MouthShape, int]


class VisemeLipsync:
    card: ClassVar[Card] = Card(
        name="viseme", stage="lipsync", about="mouth shapes of a drawn host, from the voice's own timings", version="2",
        licence="Apache-2.0", quality=10,
    )  # fmt: skip

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"viseme-{self.card.version}"

    def track(self, timeline: Timeline) -> tuple[Mouth, ...]:
        """The track on the clip's frames, coarticulated: what lips and jaw are asked for is first seen (half made) on the last frame
        40 ms or more before its sound, so 40 to 73 ms ahead. What asks for little (B, rest) waits for its own time, the vowel before
        lasts into it; lips stay closed until m, b and p are let go, and a vowel between two of these is seen for a frame at least."""
        frame = 1 / timeline.fps
        said: list[Mouth] = []
        for s in timeline.spoken:
            said += [
                Mouth(shape=m.shape, start=s.start + m.start, end=min(s.start + m.end, s.end + SPILL))
                for m in s.speech.mouths
                if s.start + m.start < s.end
            ]
        frames: list[MouthShape] = ["X"] * max(1, timeline.frames)
        for k, mouth in enumerate(said):
            after = said[k + 1] if k + 1 < len(said) and said[k + 1].start < mouth.end + 1e-6 else None
            last = _first(after.shape, after.start, frame) if after else _first("X", mouth.end, frame)
            _paint(frames, mouth.shape, _first(mouth.shape, mouth.start, frame), last)
        closures = [m for m in said if m.shape == "A"]
        for mouth in closures:
            first = _first("A", mouth.start, frame)
            _paint(frames, "A", first, max(first + 1, math.floor(mouth.end / frame + 1e-6)))
        for a, b in pairwise(closures):
            _part(frames, [m.shape for m in said if a.end - 1e-6 <= m.start < b.start - 1e-6], a, b, frame)
        at, track = 0, []
        for shape, length in _eased(_held(frames)):
            end = timeline.duration if at + length >= len(frames) else (at + length) * frame
            track.append(Mouth(shape=shape, start=at * frame, end=end))
            at += length
        return tuple(track)


def _first(shape: MouthShape, start: float, frame: float) -> int:
    """The first frame in which a shape is seen whose sound begins at `start`."""
    if shape == "B":
        return max(0, math.floor(start / frame + 0.5))
    ahead = frame / 2 if shape == "X" else LEAD
    return max(0, math.floor((start - ahead) / frame + 1e-6))


def _paint(frames: list[MouthShape], shape: MouthShape, first: int, last: int) -> None:
    last = min(last, len(frames))
    frames[first:last] = [shape] * (last - first)


def _part(frames: list[MouthShape], between: Sequence[MouthShape], a: Mouth, b: Mouth, frame: float) -> None:
    """Open the lips for the frame before the middle of what is said between two closures, where these leave none of it."""
    first, last = _first("A", a.start, frame), _first("A", b.start, frame)
    if not between or "X" in between or any(shape != "A" for shape in frames[first : last + 1]):
        return
    k = max(first + 1, math.floor((a.end + b.start) / 2 / frame) - 1)
    if k + 1 < len(frames):
        frames[k : k + 2] = [max(between, key=MOUTH_OPENING.__getitem__), "A"]


def _held(frames: Sequence[MouthShape]) -> list[Run]:
    """Runs of frames, without flicker: nothing but closed lips, f and what parts them lasts a single one."""
    runs = [(shape, len(list(group))) for shape, group in groupby(frames)]
    kept: list[Run] = []
    for i, (shape, length) in enumerate(runs):
        if kept and (kept[-1][0] == shape):
            kept[-1] = (shape, kept[-1][1] + length)
        elif length == 1 and shape not in "AG" and 0 < i < len(runs) - 1:
            # Its frame goes to the neighbour that is more alike, never to lips that should be closed only for their sound.
            before, after = kept[-1], runs[i + 1]
            near = min((before[0], after[0]), key=lambda s: (s in "AGX", abs(MOUTH_OPENING[s] - MOUTH_OPENING[shape])))
            if shape != "X" and before[0] in "AG" and after[0] in "AG":
                kept.append(("C" if shape in "DEH" else shape, 1))
            elif near == before[0]:
                kept[-1] = (before[0], before[1] + 1)
            else:
                runs[i + 1] = (after[0], after[1] + 1)
        elif shape == "D" and length == 2:
            kept.append(("C", length))  # no jaw drops all the way and comes back in two frames
        else:
            kept.append((shape, length))
    return [(shape, sum(n for _, n in group)) for shape, group in groupby(kept, key=lambda run: run[0])]


def _eased(runs: Sequence[Run]) -> list[Run]:
    """The same with open lips brought together over a frame: closed ones are never drawn half made, and no jaw snaps shut."""
    out: list[Run] = []
    for shape, length in runs:
        between = NARROWER.get(out[-1][0]) if out else None
        if shape in "AG" and between and length > 2:
            out.append((between, 1))
            length -= 1
        out.append((shape, length))
    return out
