"""Pose: where every joint and feature of a body is at time t, from keyframes, feelings and what never rests.

A pose is a set of named channels. Angles are degrees: `right.upper`, `right.fore` and their left twins are 0 hanging
down, 90 straight out from the body, 180 up, negative across the body; `right.hand` is relative to its forearm.
`right` is the host's own right, on the viewer's left. `*_length` are foreshortenings, `right.shape` names a hand.
Other channels are canvas units at scale 1 or, for smile and lids, shares from 0 to 1.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from localize.domain import MOUTH_OPENING, Emotion, Feeling, Gesture, Model, Mouth, MouthShape, Performance

FRAME = 1 / 30
HELD = 2  # frames for which a body keeps a pose, as animation does ("on twos"): only lips and lids move in every frame
BLINK = (0.35, 1.0, 1.0, 0.45)  # how far the lids are down, frame by frame
Channels = dict[str, float]
Ease = Literal["swing", "smooth", "snap", "linear"]
# A side, a hand's shape and a place on the canvas (its pixels) -> the arm's channels without their side.
Aim = Callable[[str, str, tuple[float, float]], Channels]


class Put(Model):
    """Where a wrist is put: `by` heads (outwards from the body, down) from an anchor of the avatar, the hand turned to `aim` degrees."""

    near: str
    by: tuple[float, float] = (0.0, 0.0)
    aim: float


class Key(Model):
    """A pose to be in at a share `at` of the way from a gesture's start to its peak, or `after` seconds past the peak.

    The way there eases in and out, swinging a little over (`swing`) or not (`smooth`), stops short (`snap`) or is even (`linear`).
    Arms are given by their angles in `pose`, or by `put` where a hand must meet the body, whatever the avatar's proportions.
    """

    at: float = Field(default=1.0, gt=0, le=1)
    after: float = Field(default=0.0, ge=0)
    ease: Ease = "swing"
    pose: dict[str, float | str] = Field(default_factory=dict)
    put: dict[Literal["right", "left"], Put] = Field(default_factory=dict)


class Sway(Model):
    """What keeps a held gesture alive: a channel swinging by `by`, once in `period` seconds."""

    by: float
    period: float = Field(gt=0)


class Move(Model):
    """One gesture as data. When it starts, peaks and ends is the Performance's; it takes `settle` seconds to go back.

    `says` are the meanings it is chosen for, `reach` the arm that goes to the gesture's target if it has one (the keys' angles
    of that arm are for when it has none), `mirror` asks for a twin with the other hand. One that is `wide` goes far to its side.
    """

    about: str
    says: tuple[str, ...] = ()
    keys: tuple[Key, ...]
    settle: float = Field(default=0.55, gt=0)
    sway: dict[str, Sway] = Field(default_factory=dict)
    reach: Literal["right", "left"] | None = None
    mirror: bool = False
    wide: bool = False


Feelings = dict[Emotion, dict[str, float | str]]


class Rig(Model):
    """How a body moves: its rest pose, its moves and feelings, how late each joint follows, how strongly it swings over."""

    rest: dict[str, float | str]
    gestures: dict[str, Move] = Field(default_factory=dict)
    feelings: Feelings = Field(default_factory=dict)
    lag: dict[str, float]
    overshoot: float
    idle: dict[str, Sway]
    speech: dict[str, float]


@dataclass(frozen=True)
class Pose:
    """Channels by name, the hand shapes, the eyes' state and the mouth: `shape`, or halfway from `before` to it."""

    channels: Mapping[str, float]
    shapes: Mapping[str, str]
    eyes: str
    shape: MouthShape
    before: MouthShape
    lids: float


def swing(x: float, over: float) -> float:
    """Ease in and out from 0 to 1 with a little anticipation before and overshoot after (Penner's back ease)."""
    if x <= 0 or x >= 1:
        return min(1.0, max(0.0, x))
    if x < 0.5:
        return ((2 * x) ** 2 * ((over + 1) * 2 * x - over)) / 2
    return ((2 * x - 2) ** 2 * ((over + 1) * (2 * x - 2) + over) + 2) / 2


def smooth(x: float) -> float:
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x)


def eased(ease: Ease, x: float, over: float) -> float:
    """How far a way is gone when a share `x` of its time is."""
    if ease == "swing":
        return swing(x, over)
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x) if ease == "smooth" else 1 - (1 - x) ** 3 if ease == "snap" else x


def mouth_at(performance: Performance, t: float) -> tuple[MouthShape, MouthShape]:
    """The shape shown at t, and the one it still comes from in its first frame (the same one when there is none).

    Closed lips and the teeth on the lip are never halfway: they are what a viewer reads.
    """
    starts = [m.start for m in performance.mouths]
    return _mouth_at(performance.mouths, starts, t)


def _mouth_at(mouths: tuple[Mouth, ...], starts: list[float], t: float) -> tuple[MouthShape, MouthShape]:
    i = bisect_right(starts, t + 1e-6) - 1
    now = mouths[i] if i >= 0 and t < mouths[i].end - 1e-6 else None
    if now is None:
        return "X", "X"
    before = mouths[i - 1].shape if i and mouths[i - 1].end > now.start - 1e-6 else "X"
    entering = t < now.start + FRAME - 1e-6 and now.end - now.start > FRAME * 1.5
    if entering and now.shape not in "AG" and before != "G":
        return now.shape, before
    return now.shape, now.shape


def mouth_opening(performance: Performance, t: float) -> float:
    """How far the drawn lips are open at t: 0 closed, 1 widest."""
    shape, before = mouth_at(performance, t)
    return (MOUTH_OPENING[shape] + MOUTH_OPENING[before]) / 2


class Score:
    """A Performance made ready to be asked frame by frame. `at(t)` is a pure function of rig, performance and t."""

    def __init__(self, rig: Rig, performance: Performance, aim: Aim | None = None) -> None:
        """`aim` solves an arm for a target; without it gestures that reach for one are done in their own pose."""
        self.rig = rig
        self._aim, self._aims = aim, dict[Gesture, Channels]()
        self.performance = performance
        self._starts = [m.start for m in performance.mouths]
        self._gestures = tuple(g for g in sorted(performance.gestures, key=lambda g: g.start) if g.name in rig.gestures)
        self._body: tuple[float, Pose] | None = None
        self._phases = np.random.default_rng(performance.seed).uniform(0, 2 * math.pi, len(rig.idle) * 2)

    @cached_property
    def _energy(self) -> npt.NDArray[np.float64]:
        """How much is said around each frame, 0..1 [frames]: the head follows this, not each syllable."""
        n = int(self.performance.duration / FRAME) + 2
        raw = np.array([MOUTH_OPENING[_mouth_at(self.performance.mouths, self._starts, i * FRAME)[0]] for i in range(n)])
        kernel = np.hanning(11)
        return np.asarray(np.convolve(raw, kernel / kernel.sum(), mode="same"))

    def on_twos(self, t: float) -> Pose:
        """The pose at t as it is shown: the lips and lids of t, all else as it was when the body last moved."""
        moved = int(t / FRAME / HELD + 1e-6) * HELD * FRAME
        if self._body is None or self._body[0] != moved:
            self._body = moved, self.at(moved)
        body = self._body[1]
        shape, before = _mouth_at(self.performance.mouths, self._starts, t)
        return replace(body, shape=shape, before=before, lids=max(body.channels.get("face.lids", 0.0), self._lids(t)))

    def at(self, t: float) -> Pose:
        channels = {k: v for k, v in self.rig.rest.items() if not isinstance(v, str)}
        shapes = {k: v for k, v in self.rig.rest.items() if isinstance(v, str)}
        eyes = self._feel(channels, t)
        for gesture in self._gestures:
            if gesture.start <= t <= gesture.end + 0.3:
                self._move(channels, shapes, gesture, t)
        self._live(channels, t)
        shape, before = _mouth_at(self.performance.mouths, self._starts, t)
        return Pose(channels, shapes, eyes, shape, before, max(channels.get("face.lids", 0.0), self._lids(t)))

    def _feel(self, channels: Channels, t: float) -> str:
        """Adds the feeling's offsets, eased over a quarter second at both ends. Returns the eyes' state."""
        eyes = "open"
        offsets = dict.fromkeys((k for f in self.rig.feelings.values() for k, v in f.items() if not isinstance(v, str)), 0.0)
        neutral = self.rig.feelings.get("neutral", {})
        weights: dict[str, float] = {}
        for feeling in self.performance.feelings:
            ramp = min(0.25, (feeling.end - feeling.start) / 2)
            w = smooth((t - feeling.start) / ramp + 0.5) * smooth((feeling.end - t) / ramp + 0.5) if ramp > 0 else 0.0
            weights[feeling.emotion] = max(w, weights.get(feeling.emotion, 0.0))
        total = sum(w for name, w in weights.items() if name != "neutral")
        weights["neutral"] = max(0.0, 1.0 - total)
        scale = 1.0 / max(1.0, total)
        for name, w in weights.items():
            for key, value in self.rig.feelings.get(name, neutral).items():  # type: ignore[call-overload]
                if isinstance(value, str):
                    eyes = value if w * scale > 0.5 else eyes
                else:
                    offsets[key] += value * w * scale
        for key, value in offsets.items():
            channels[key] = channels.get(key, 0.0) + value
        return eyes

    def _move(self, channels: Channels, shapes: dict[str, str], gesture: Gesture, t: float) -> None:
        """Carries the channels from where they are towards the gesture's keys, each joint by its own lag."""
        move = self.rig.gestures[gesture.name]
        solved = self._solved(gesture, move)
        begin = gesture.start
        for key in move.keys:
            there = gesture.peak + key.after if key.after else gesture.start + (gesture.peak - gesture.start) * key.at
            for name, target in {**key.pose, **solved}.items():
                late = t - self.rig.lag.get(name.rpartition(".")[2], 0.0)
                out = smooth((gesture.end - late) / move.settle)
                w = eased(key.ease, (late - begin) / max(there - begin, 1e-3), self.rig.overshoot) * out
                if isinstance(target, str):
                    shapes[name] = target if w > 0.45 else shapes[name]
                else:
                    channels[name] = channels.get(name, 0.0) + (target - channels.get(name, 0.0)) * w
            begin = there
        held = smooth((t - gesture.peak) / 0.3) * smooth((gesture.end - t) / move.settle)
        for name, sway in move.sway.items():
            channels[name] = channels.get(name, 0.0) + held * sway.by * math.sin(2 * math.pi * (t - gesture.peak) / sway.period)

    def _solved(self, gesture: Gesture, move: Move) -> Channels:
        """The arm that goes to the gesture's target, by the body that has it: found once for each gesture."""
        if move.reach is None or gesture.target is None or self._aim is None:
            return {}
        if gesture not in self._aims:
            shape = next((str(k.pose[name]) for k in move.keys if (name := f"{move.reach}.shape") in k.pose), "point")
            x, y = (place - origin for place, origin in zip(gesture.target, self.performance.origin, strict=True))
            self._aims[gesture] = {f"{move.reach}.{joint}": v for joint, v in self._aim(move.reach, shape, (x, y)).items()}
        return self._aims[gesture]

    def _live(self, channels: Channels, t: float) -> None:
        """Breath, weight and head: two slow waves of unrelated lengths never look like a loop. Speech moves the head."""
        for i, (name, sway) in enumerate(self.rig.idle.items()):
            a, b = self._phases[2 * i], self._phases[2 * i + 1]
            wave = 0.65 * math.sin(2 * math.pi * t / sway.period + a) + 0.35 * math.sin(2 * math.pi * t / (sway.period * 0.618) + b)
            channels[name] = channels.get(name, 0.0) + sway.by * wave
        energy = self._loudness(t)
        for name, by in self.rig.speech.items():
            channels[name] = channels.get(name, 0.0) + by * energy

    def _loudness(self, t: float) -> float:
        """How much is said at t, between two frames in proportion."""
        at = min(max(t / FRAME, 0.0), len(self._energy) - 1.0)
        i = min(int(at), len(self._energy) - 2)
        return float(self._energy[i] + (self._energy[i + 1] - self._energy[i]) * (at - i))

    def _lids(self, t: float) -> float:
        for blink in self.performance.blinks:
            frame = int((t - blink) / FRAME + 1e-6)
            if t >= blink - 1e-6 and frame < len(BLINK):
                return BLINK[frame]
        return 0.0


def still(
    rig: Rig, gesture: str = "", emotion: Emotion = "neutral", shape: MouthShape = "X", lids: float = 0.0, after: float = 0.0
) -> Pose:
    """A pose at a gesture's peak (or some seconds `after` it) with a feeling and a mouth and nothing moving: for contact sheets
    and covers."""
    moves = {gesture: rig.gestures[gesture].model_copy(update={"sway": {}})} if gesture else {}
    calm = rig.model_copy(update={"idle": {}, "speech": {}, "lag": {}, "gestures": moves})
    gestures = tuple(Gesture(name=name, start=0.0, peak=0.5, end=9.0) for name in moves)
    performance = Performance(duration=9.0, mouths=(), gestures=gestures, feelings=(Feeling(emotion=emotion, start=-9.0, end=18.0),))
    pose = Score(calm, performance).at(0.5 + after)
    return replace(pose, shape=shape, before=shape, lids=max(lids, pose.lids))
