"""Lip-sync: the voices' mouths in, what the host's mouth shows over the whole clip out."""

from __future__ import annotations

from typing import Protocol

from localize.domain import Mouth
from localize.engines import Engine
from localize.timeline import Timeline


class Lipsync(Engine, Protocol):
    def track(self, timeline: Timeline) -> tuple[Mouth, ...]:
        """Mouth shapes in clip time, from 0 to its end, without gap or overlap."""
        ...
