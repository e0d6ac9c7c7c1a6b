"""Visemes of a drawn host: each Line's own mouth track, put where the Line is heard, with rest between."""

from __future__ import annotations

from typing import ClassVar

from localize.domain import Mouth
from localize.engines import Card
from localize.timeline import Timeline


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
        out: list[Mouth] = []
        now = 0.0
        for spoken in timeline.spoken:
            if spoken.start > now:
                out.append(Mouth(shape="X", start=now, end=spoken.start))
            out += [Mouth(shape=m.shape, start=m.start + spoken.start, end=m.end + spoken.start) for m in spoken.speech.mouths]
            now = spoken.end
        if timeline.duration > now:
            out.append(Mouth(shape="X", start=now, end=timeline.duration))
        return tuple(out)
