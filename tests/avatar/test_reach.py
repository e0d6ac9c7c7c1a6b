"""Hands find places: on the body wherever its anchors are, and in the frame wherever the layout has them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localize.avatar import DrawnAvatar
from localize.avatar.reach import Limb, along, angle, bent
from localize.clip import layout as layouts
from localize.domain import Gesture, Mouth, Performance

PRESENTER_RIGHT = layouts.get("presenter-right")

MALI = Path(__file__).parents[2] / "assets" / "avatars" / "mali"
ORIGIN = (250.0, 880.0)  # of her canvas in the frame
ARM = Limb(shoulder=(332, 494), upper=262, fore=216)


@pytest.fixture(scope="module")
def mali() -> DrawnAvatar:
    return DrawnAvatar.load(MALI)


def pointing(name: str, target: tuple[float, float], origin: tuple[float, float] = ORIGIN) -> Performance:
    gesture = Gesture(name=name, start=0.5, peak=1.0, end=3.0, target=target)
    return Performance(duration=4.0, mouths=(Mouth(shape="X", start=0.0, end=4.0),), gestures=(gesture,), origin=origin, seed=3)


@pytest.mark.parametrize(
    ("name", "side", "place"),
    [
        ("point_at", "right", "picture"), ("point_at", "right", "card"), ("point_at", "right", "cart"), ("tap", "right", "cart"),
        ("show_at", "right", "picture"), ("point_down", "right", "cart"), ("point_side", "right", "picture"),
        ("point_at_left", "left", "follow"), ("tap_left", "left", "follow"),
    ],
)  # fmt: skip
def test_the_fingertip_is_where_the_layout_has_the_thing(mali: DrawnAvatar, name: str, side: str, place: str) -> None:
    target = PRESENTER_RIGHT.places[place]
    tip = mali.hand_at(pointing(name, target), side, 1.0)
    assert math.dist(tip, target) < 40, "pixels of 1080x1920"


def test_the_fingertip_is_drawn_there(mali: DrawnAvatar) -> None:
    performance = pointing("point_at", PRESENTER_RIGHT.places["card"])
    x, y = (a - b for a, b in zip(mali.hand_at(performance, "right", 1.0), ORIGIN, strict=True))
    arm = next(s for s in mali.sprites(performance, 1.0) if getattr(s.key, "side", "") == "right")
    alpha = np.pad(arm.rgba[..., 3], 40)  # beside its pixels it shows nothing
    row, column = round(y) - arm.y + 40, round(x) - arm.x + 40
    assert alpha[row - 2 : row + 9, column - 8 : column + 9].max() == 255
    above = alpha[row - 20 : row - 8, column - 8 : column + 9]
    assert above.max() < 40, "nothing of the hand is beyond its tip"


def test_out_of_reach_the_arm_is_stretched_and_the_finger_in_its_line(mali: DrawnAvatar) -> None:
    shoulder, target = (332 + ORIGIN[0], 494 + ORIGIN[1]), (100.0, 300.0)
    tip = mali.hand_at(pointing("point_at", target), "right", 1.0)
    assert math.dist(shoulder, tip) > 262 + 216 + 150
    line = angle(target[0] - shoulder[0], target[1] - shoulder[1])
    assert angle(tip[0] - shoulder[0], tip[1] - shoulder[1]) == pytest.approx(line, abs=3)


def test_without_a_target_it_points_in_its_own_pose(mali: DrawnAvatar) -> None:
    performance = pointing("point_at", (0, 0))
    plain = performance.model_copy(update={"gestures": (performance.gestures[0].model_copy(update={"target": None}),)})
    assert math.dist(mali.hand_at(plain, "right", 1.0), mali.hand_at(performance, "right", 1.0)) > 50


def test_the_same_place_is_met_at_another_scale() -> None:
    small = DrawnAvatar.load(MALI, scale=0.5)
    tip = small.hand_at(pointing("point_at", (150.0, 250.0), (0.0, 0.0)), "right", 1.0)
    assert math.dist(tip, (150.0, 250.0)) < 20


@settings(max_examples=60, deadline=None)
@given(st.floats(-170, 170), st.floats(150, 470))
def test_an_arm_is_never_broken(direction: float, distance: float) -> None:
    x, y = along(direction, distance)
    bend = bent(ARM, (x, y))
    ex, ey = along(bend.upper, ARM.upper * bend.upper_length)
    wx, wy = along(bend.fore, ARM.fore * bend.fore_length)
    assert math.dist((ex + wx, ey + wy), (x, y)) <= max(bend.short, 0) + 1
    assert bend.upper_length >= 0.55
    assert bend.fore_length <= 1.0
