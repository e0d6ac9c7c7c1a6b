"""Which word calls which gesture when, and whether a hand that points is where it should be when the word is heard.

Real Lines of the demo by the draft voice, one product in each language; nothing is rendered. Places are pixels of a 1080x1920 frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import sync as clips
from benchmarks.hosts_parts import Figure
from localize import campaign as campaigns
from localize import planning, stages
from localize.domain import Gesture, Word
from localize.store import LocalStore
from localize.timeline import Timeline

LANGUAGES = ("th", "vi", "id", "zh")
OFF = 40.0  # px
LATE = 0.25  # s between a word's first sound and the peak of its gesture
HANDS_REST = ("rest", "nod", "stress")  # gestures without hands, besides those of the eyes


class Shown(NamedTuple):
    """A gesture in a clip: the word it comes on, and how far the hand is from its target at its peak and until it goes back (px, None
    where it has none)."""

    language: str
    gesture: Gesture
    word: Word | None
    off: float | None
    held: float | None

    def __str__(self) -> str:
        g, said = self.gesture, f"{self.word.text!r}" if self.word else "no word"
        at = f", {g.target[0]:.0f} {g.target[1]:.0f} missed by {self.off:.0f} px" if g.target and self.off is not None else ""
        return f"{self.language} {g.peak:5.2f} s {said} {g.name}{at}"


def figures(avatar: str = "mali") -> list[Figure]:
    """The table, and what it comes to."""
    shown = list(_shown(avatar))
    aimed = [s for s in shown if s.off is not None]
    on_word = [s for s in shown if s.word and abs(s.gesture.peak - s.word.start) <= LATE]
    worst = max((s.off or 0 for s in aimed), default=math.inf)
    held = max((s.held or 0 for s in aimed), default=math.inf)
    rows = [Figure(f"{avatar}, {s}", f"from {s.gesture.start:.2f} to {s.gesture.end:.2f} s") for s in shown]
    return [
        *rows,
        Figure(f"{avatar}: a hand that points from its target at the peak, {len(aimed)} gestures", f"{worst:.0f} px at worst",
               f"at most {OFF:.0f}", worst <= OFF),
        Figure("the same, until it goes back", f"{held:.0f} px at worst", f"at most {OFF:.0f}", held <= OFF),
        Figure(f"gestures at their peak within {LATE:.2f} s of a word's first sound", f"{len(on_word)} of {len(shown)}"),
    ]  # fmt: skip


def _shown(avatar: str) -> Iterator[Shown]:
    campaign = campaigns.load(clips.DEMO)
    hosts = type(campaign.hosts)(host.model_copy(update={"avatar": avatar}) for host in campaign.hosts)
    campaign = campaign.model_copy(update={"hosts": hosts})
    with TemporaryDirectory() as tmp:
        studio, jobs = stages.Studio(campaign, LocalStore(Path(tmp))), planning.plan(campaign).jobs
        for language in LANGUAGES:
            job, progress = next(j for j in jobs if j.language == language and j.product.images), planning.Progress()
            script = studio.script(job, studio.texts(job, progress), progress)
            speeches = studio.booth.speeches(script.lines, language, progress)
            todo, performances = studio.job_to_render(job, script, speeches, "clip/benchmark")
            drawn, performance = studio.avatars()[0], performances[0]
            for gesture in performance.gestures:
                if gesture.name in HANDS_REST or gesture.name.startswith("look"):
                    continue
                move = drawn.package.rig.gestures[gesture.name]
                off = held = None
                if gesture.target and move.reach:
                    steps = [gesture.peak + k / clips.FPS for k in range(int((gesture.end - gesture.peak - move.settle) * clips.FPS) + 1)]
                    away = [math.dist(drawn.hand_at(performance, move.reach, t), gesture.target) for t in steps]
                    off, held = away[0], max(away)
                yield Shown(language, gesture, _word(todo.timeline, gesture.peak), off, held)


def _word(timeline: Timeline, t: float) -> Word | None:
    """The word that has last begun at a time, or begins with it."""
    begun = [w for s in timeline.spoken for w in s.words if w.end > w.start and w.start <= t + 1 / clips.FPS]
    return begun[-1] if begun else None
