"""Every avatar has the shared gestures: each looks like itself, and hands that are not drawn have a stand-in."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from localize.avatar import DrawnAvatar
from localize.avatar.library import FILE, Library, shared, stand_in, twins
from localize.avatar.pose import still
from localize.avatar.sheet import sheet
from localize.errors import UserError

MALI = Path(__file__).parents[2] / "assets" / "avatars" / "mali"


@pytest.fixture(scope="module")
def mali() -> DrawnAvatar:
    return DrawnAvatar.load(MALI, scale=0.25)


def small(avatar: DrawnAvatar, gesture: str, after: float) -> np.ndarray:
    sprite = avatar.draw(still(avatar.package.rig, gesture=gesture, after=after))
    canvas = np.zeros((avatar.size[1], avatar.size[0], 4), np.uint8)
    h, w = sprite.rgba.shape[:2]
    canvas[sprite.y : sprite.y + h, sprite.x : sprite.x + w] = sprite.rgba
    return cv2.resize(canvas, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.int16)


def test_there_are_more_than_sixty_before_any_is_mirrored() -> None:
    assert len(shared().gestures) >= 60
    assert len(twins(shared().gestures)) >= 120


def test_gestures_look_different_from_each_other(mali: DrawnAvatar) -> None:
    """At their peak or where they go on to; what lives by its swing (a wave, a wagging finger) differs from all others by its pose too."""
    moves = {n: m for n, m in mali.package.rig.gestures.items() if not n.endswith("_left") and any(k.pose for k in m.keys)}
    shots = {n: [small(mali, n, 0.0), small(mali, n, max((k.after for k in m.keys), default=0.0))] for n, m in moves.items()}
    alike = [
        (a, b)
        for a, b in combinations(shots, 2)
        if all(int((np.abs(x - y).max(axis=2) > 40).sum()) < 12 for x, y in zip(shots[a], shots[b], strict=True))
        and not {a, b} <= {"nod", "stress", "shake", "tilt", "glance", "attend", "look_aside", "look_down"}
    ]
    assert alike == []


def test_an_avatar_may_override_and_add(tmp_path: Path) -> None:
    folder = tmp_path / "mali"
    shutil.copytree(MALI, folder)
    said = yaml.safe_load((folder / "avatar.yaml").read_text("utf-8"))
    said["rig"]["gestures"] = {
        "wave": {"about": "A small wave.", "keys": [{"pose": {"right.shape": "palm"}}]},
        "dance": {"about": "A step aside.", "mirror": True, "keys": [{"pose": {"body.x": 9}}]},
    }
    (folder / "avatar.yaml").write_text(yaml.safe_dump(said), "utf-8")
    gestures = DrawnAvatar.load(folder, scale=0.25).package.rig.gestures
    assert gestures["wave"].about == "A small wave."
    assert gestures["dance_left"].keys[0].pose == {"body.x": -9.0}
    assert "wai" in gestures


def test_a_hand_that_is_not_drawn_has_a_stand_in(tmp_path: Path) -> None:
    folder = tmp_path / "mali"
    shutil.copytree(MALI, folder)
    for name in ("heart", "half_heart", "pray", "flat", "ok"):
        (folder / "hands" / f"{name}.svg").unlink()
    gestures = DrawnAvatar.load(folder, scale=0.25).package.rig.gestures
    assert gestures["heart"].keys[0].pose["right.shape"] == "thumb"
    assert gestures["wai"].keys[0].pose["right.shape"] == "palm"
    assert stand_in("ok", {"rest", "wave"}, shared().hands) == "rest"


def test_a_gesture_that_meets_the_body_needs_its_anchor(tmp_path: Path) -> None:
    folder = tmp_path / "mali"
    shutil.copytree(MALI, folder)
    said = yaml.safe_load((folder / "avatar.yaml").read_text("utf-8"))
    del said["anchors"]["chest"]
    (folder / "avatar.yaml").write_text(yaml.safe_dump(said), "utf-8")
    with pytest.raises(UserError, match="chest"):
        DrawnAvatar.load(folder, scale=0.25)


def test_a_library_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_text("gestures: {}", "utf-8")
    with pytest.raises(UserError, match=r"g\.yaml"):
        Library.read(tmp_path / "g.yaml")
    assert Library.read(FILE) == shared()


@pytest.mark.heavy
def test_the_sheet_is_written(tmp_path: Path) -> None:
    out = sheet(MALI, tmp_path / "sheets" / "mali.png", width=600)
    assert cv2.imread(str(out)).shape[1] == 600
