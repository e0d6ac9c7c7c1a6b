"""Reach: which angles bring a hand to a place. Two-bone inverse kinematics in the drawing's plane.

A drawn arm also turns towards the viewer: where a place is too near for bones of full length, both are foreshortened alike, so that
the elbow never folds tighter than an arm does. Angles are those of localize/avatar/pose.py; places are canvas units, in the frame of
the right arm (a mirrored arm's places are mirrored first).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from localize.domain import Model

Point = tuple[float, float]
Channels = dict[str, float]

TIGHTEST = math.radians(52)  # between upper arm and forearm
FLATTEST = 0.34  # the strongest foreshortening of a bone
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
    """Upper arm and forearm (degrees), how much of their length shows, and how far the wrist stays away (canvas units)."""

    upper: float
    fore: float
    length: float
    short: float


def angle(dx: float, dy: float) -> float:
    """Degrees of a direction: 0 down, 90 out from the body, 180 up."""
    return math.degrees(math.atan2(-dx, dy))


def along(degrees: float, length: float) -> Point:
    return -math.sin(math.radians(degrees)) * length, math.cos(math.radians(degrees)) * length


def bent(limb: Limb, wrist: Point) -> Bend:
    """The arm with its wrist at a place seen from the shoulder, its elbow low and away from the body; at full stretch towards a
    place beyond reach."""
    (x, y), full = wrist, limb.upper + limb.fore
    r, line = math.hypot(x, y), angle(x, y)
    if r >= full * 0.999:
        return Bend(_upper(line), _fore(line), 1.0, r - full)
    nearest = math.sqrt(limb.upper**2 + limb.fore**2 - 2 * limb.upper * limb.fore * math.cos(TIGHTEST))
    length = max(FLATTEST, min(1.0, r / nearest))
    a, b = limb.upper * length, limb.fore * length
    turn = math.degrees(math.acos(max(-1.0, min(1.0, (a * a + r * r - b * b) / max(2 * a * r, 1e-6)))))
    elbows = [(up, *along(up, a)) for up in (line - turn, line + turn)]
    up, ex, ey = max(elbows, key=lambda e: e[2] - 0.7 * e[1])
    fore = angle(x - ex, y - ey)
    fx, fy = along(fore, b)
    return Bend(_upper(up), _fore(fore), length, math.hypot(ex + fx - x, ey + fy - y))


def put(limb: Limb, wrist: Point, aim: float) -> Channels:
    """The channels (without their side) of an arm with its wrist at a place seen from the shoulder, its hand turned to `aim`."""
    bend = bent(limb, wrist)
    return _channels(bend, aim)


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
        strain = (made["hand"] / 55) ** 2 + 3 * (1 - bend.length) + 0.5 * (swerve / 60) ** 2 + bend.short / 20
        return strain, made

    return min((way(swerve) for swerve in SWERVES), key=lambda w: w[0])[1]


def _channels(bend: Bend, aim: float) -> Channels:
    hand = (aim - bend.fore + 180) % 360 - 180
    return {"upper": bend.upper, "fore": bend.fore, "hand": hand, "upper_length": bend.length, "fore_length": bend.length}


def _upper(degrees: float) -> float:
    return (degrees + 120) % 360 - 120


def _fore(degrees: float) -> float:
    """A forearm goes up through the front of the body, never round behind it."""
    return (degrees + 270) % 360 - 270
