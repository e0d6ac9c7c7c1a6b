"""Reach: which angles bring a hand to a place. Two-bone inverse kinematics in the drawing's plane.

A drawn arm also turns towards the viewer: each bone may be foreshortened, so a wrist comes to one place in many ways. The most relaxed
is taken: the upper arm hangs, the forearm comes forward, and the elbow never folds tighter than an arm does. Angles are those of
localize/avatar/pose.py; places are canvas units, in the frame of the right arm (a mirrored arm's places are mirrored first).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from localize.domain import Model

Point = tuple[float, float]
Channels = dict[str, float]

UPPERS = np.radians(np.arange(2.0, 151.0, 3.0))[:, None]  # the upper arm's angles that are tried
LENGTHS = np.arange(0.6, 1.001, 0.05)[None, :]  # and how much of its length shows
SHORTEST = 0.36  # share of a forearm that shows, at least, before it looks broken
TIGHTEST = 50.0  # degrees between upper arm and forearm, at least
SWERVES = range(-60, 61, 5)  # degrees a finger may point beside the line from the shoulder


class Limb(Model):
    """One arm: where its shoulder is, and how long its bones are, in canvas units."""

    shoulder: Point
    upper: float
    fore: float
    mirrored: bool = False

    def frame(self, place: Point, middle: float) -> Point:
        """A place as seen from the shoulder, in the right arm's frame: x to the viewer's right, y down."""
        x, shoulder = (2 * middle - v if self.mirrored else v for v in (place[0], self.shoulder[0]))
        return x - shoulder, place[1] - self.shoulder[1]


class Bend(NamedTuple):
    """Upper arm and forearm (degrees), how much of their lengths shows, how unnatural that is, and how far the wrist stays away."""

    upper: float
    fore: float
    upper_length: float
    fore_length: float
    strain: float
    short: float = 0.0


def angle(dx: float, dy: float) -> float:
    """Degrees of a direction: 0 down, 90 out from the body, 180 up."""
    return math.degrees(math.atan2(-dx, dy))


def along(degrees: float, length: float) -> Point:
    return -math.sin(math.radians(degrees)) * length, math.cos(math.radians(degrees)) * length


def bent(limb: Limb, wrist: Point) -> Bend:
    """The most relaxed arm with its wrist at a place seen from the shoulder; at full stretch towards a place beyond reach."""
    (x, y), full = wrist, limb.upper + limb.fore
    if math.hypot(x, y) >= full * 0.995:
        line = angle(x, y)
        return Bend(_upper(line), _fore(line), 1.0, 1.0, 0.0, math.hypot(x, y) - full)
    ex, ey = -np.sin(UPPERS) * LENGTHS * limb.upper, np.cos(UPPERS) * LENGTHS * limb.upper
    fx, fy = x - ex, y - ey
    shown = np.hypot(fx, fy) / limb.fore
    folded = np.degrees(np.arccos(np.clip(-(fx * ex + fy * ey) / (np.hypot(fx, fy) * np.hypot(ex, ey) + 1e-9), -1, 1)))
    strain = (
        (np.degrees(UPPERS) - 12) ** 2 / 55**2 + 0.9 * (1 - LENGTHS) + 0.45 * (1 - shown)
        + 40 * np.maximum(0, shown - 1) + 12 * np.maximum(0, SHORTEST - shown) + np.maximum(0, TIGHTEST - folded) / 12
    )  # fmt: skip
    i, j = np.unravel_index(int(strain.argmin()), strain.shape)
    fore = min(1.0, float(shown[i, j]))
    short = (float(shown[i, j]) - fore) * limb.fore
    return Bend(
        _upper(float(np.degrees(UPPERS[i, 0]))), _fore(angle(float(fx[i, j]), float(fy[i, j]))), float(LENGTHS[0, j]), fore,
        float(strain[i, j]), short,
    )  # fmt: skip


def put(limb: Limb, wrist: Point, aim: float) -> Channels:
    """The channels (without their side) of an arm with its wrist at a place seen from the shoulder, its hand turned to `aim`."""
    return _channels(bent(limb, wrist), aim)


def aimed(limb: Limb, tip: Point, target: Point) -> Channels:
    """The channels (without their side) that bring a fingertip to a target seen from the shoulder, or the stretched arm in its line.

    `tip` is where the finger ends in the hand's own drawing (wrist at 0, 0, fingers down). Of all ways to come to the target the most
    relaxed is taken: bones near their length, a wrist that hardly bends, a finger in line with the shoulder.
    """
    reach, line, own = math.hypot(*tip), angle(*target), angle(*tip)

    def way(swerve: float) -> tuple[float, Channels]:
        fx, fy = along(line + swerve, reach)
        bend = bent(limb, (target[0] - fx, target[1] - fy))
        made = _channels(bend, line + swerve - own)
        strain = (made["hand"] / 45) ** 2 + 0.7 * bend.strain + (swerve / 45) ** 2 + bend.short / 20
        return strain, made

    return min((way(swerve) for swerve in SWERVES), key=lambda w: w[0])[1]


def _channels(bend: Bend, aim: float) -> Channels:
    hand = (aim - bend.fore + 180) % 360 - 180
    return {"upper": bend.upper, "fore": bend.fore, "hand": hand, "upper_length": bend.upper_length, "fore_length": bend.fore_length}


def _upper(degrees: float) -> float:
    return (degrees + 120) % 360 - 120


def _fore(degrees: float) -> float:
    """A forearm goes up through the front of the body, never round behind it."""
    return (degrees + 270) % 360 - 270
