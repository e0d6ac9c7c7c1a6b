"""Every presenter that ships: all its drawings are there, nothing it does leaves a hole, and a brand's colour dresses it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
import yaml

from localize.assets import ASSETS
from localize.avatar import DrawnAvatar, Sprite
from localize.avatar.library import shared
from localize.avatar.pose import Pose, still
from localize.domain import Emotion, MouthShape

SHIPPED = sorted(f.parent for f in (ASSETS / "avatars").glob("*/avatar.yaml") if yaml.safe_load(f.read_text("utf-8"))["kind"] == "drawn")
SCALE = 0.3


@pytest.fixture(scope="module", params=SHIPPED, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(scope="module")
def host(folder: Path) -> DrawnAvatar:
    return DrawnAvatar.load(folder, SCALE)


def canvas(host: DrawnAvatar, sprite: Sprite) -> np.ndarray:
    out = np.zeros((host.size[1], host.size[0], 4), np.uint8)
    h, w = sprite.rgba.shape[:2]
    out[sprite.y : sprite.y + h, sprite.x : sprite.x + w] = sprite.rgba
    return out


def drawn(host: DrawnAvatar, pose: Pose) -> np.ndarray:
    return canvas(host, host.draw(pose))


def face(host: DrawnAvatar, picture: np.ndarray) -> np.ndarray:
    """Eyes to chin, inside the outline of the face whichever way it turns."""
    (x, top), (_, bottom) = host.anchors["eyes"], host.anchors["mouth"]
    half = (bottom - top) * 0.7
    return picture[round(top - half * 0.3) : round(bottom + half * 0.2), round(x - half) : round(x + half)]


def test_mali_is_not_alone() -> None:
    assert {"arun", "mali", "pixa"} <= {folder.name for folder in SHIPPED}


def test_it_is_named_as_its_folder_and_its_licence_is_listed(folder: Path, host: DrawnAvatar) -> None:
    assert host.package.name == folder.name
    assert f"| `avatars/{folder.name}` |" in (ASSETS / "LICENCES.md").read_text("utf-8")


def test_no_drawing_is_empty_and_no_hand_of_the_library_is_lacking(folder: Path, host: DrawnAvatar) -> None:
    for part in host.package.drawings() | {f"hands/{hand}" for hand in shared().hands}:
        assert (folder / f"{part}.svg").is_file(), part
        if not part.startswith(("eyes/", "mouths/", "face/")):  # which are drawn only between others
            assert (host._parts[part].rgba[..., 3] > 60).sum() > 40, part


def test_every_mouth_looks_different_with_every_feeling_and_the_face_has_no_hole(host: DrawnAvatar) -> None:
    for emotion in get_args(Emotion):
        faces = {}
        for shape in get_args(MouthShape):
            picture = drawn(host, still(host.package.rig, emotion=emotion, shape=shape))
            assert face(host, picture)[..., 3].min() == 255, (emotion, shape)
            faces[shape] = picture.tobytes()
        assert len(set(faces.values())) == len(faces), emotion


def test_every_feeling_looks_different(host: DrawnAvatar) -> None:
    pictures = {e: drawn(host, still(host.package.rig, emotion=e)).tobytes() for e in get_args(Emotion)}
    assert len(set(pictures.values())) == len(pictures)


def test_lids_close_over_the_eyes(host: DrawnAvatar) -> None:
    for emotion in get_args(Emotion):
        open_, shut = (face(host, drawn(host, still(host.package.rig, emotion=emotion, lids=lids))) for lids in (0.0, 1.0))
        assert shut[..., 3].min() == 255
        assert not np.array_equal(open_, shut)


def test_arms_hang_together_in_every_gesture(host: DrawnAvatar) -> None:
    """Upper arm, forearm and hand are one shape (a floating heart beside it is small), and it meets the body."""
    for gesture in host.package.rig.gestures:
        pose = still(host.package.rig, gesture=gesture)
        layers = host.layers(pose)
        torso = next(s for s in layers if s.key == "torso")
        arms = [s for s in layers if hasattr(s.key, "upper_length")]
        assert len(arms) == len(host.package.limbs)
        for arm in arms:
            solid = (arm.rgba[..., 3] > 200).astype(np.uint8)
            _, _, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
            sizes = sorted(stats[1:, cv2.CC_STAT_AREA], reverse=True)
            assert sum(sizes[1:]) < 0.08 * sizes[0], (gesture, arm.key)
            limb = host.package.limbs[arm.key.side]
            x, y = round(limb.shoulder[0] * SCALE), round((limb.shoulder[1] - arm.key.rise) * SCALE)
            assert arm.rgba[y - arm.y, x - arm.x, 3] == 255, (gesture, "shoulder")
            # somewhere around the shoulder the body is behind the arm, so that no gap opens between them
            reach = round(30 * SCALE)
            around = np.s_[y - torso.y - reach : y - torso.y + reach, max(0, x - torso.x - reach) : x - torso.x + reach]
            assert torso.rgba[around][..., 3].max() == 255, (gesture, "shoulder is off the body")


def test_no_gesture_opens_the_body_or_lifts_it_off_the_lower_edge(host: DrawnAvatar) -> None:
    for gesture in host.package.rig.gestures:
        picture = drawn(host, still(host.package.rig, gesture=gesture))
        x, y = (round(v) for v in host.anchors["chest"])
        assert (picture[y - 10 : y + 10, x - 20 : x + 20, 3] == 255).all(), gesture
        assert (picture[-1, :, 3] == 255).sum() > 0.25 * host.size[0], gesture


@pytest.mark.heavy
def test_a_brands_colour_dresses_it_and_leaves_the_face_alone(folder: Path, host: DrawnAvatar) -> None:
    pose = still(host.package.rig)
    ours = drawn(host, pose)
    for colour in ("#1D4ED8", "#B91C1C", "#15803D", "#F5D90A"):
        dressed = DrawnAvatar.load(folder, SCALE, {"jacket": colour})
        theirs = drawn(dressed, pose)
        assert np.array_equal(ours[..., 3], theirs[..., 3])
        assert np.array_equal(face(host, ours), face(host, theirs))
        changed = (ours != theirs).any(axis=2)[ours[..., 3] == 255].mean()
        assert 0.2 < changed < 0.85, colour
        # the colour itself, not only its shades, is worn
        given = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        assert (np.abs(theirs[..., :3].astype(int) - given).max(axis=2) <= 3).sum() > 0.02 * (ours[..., 3] == 255).sum(), colour


def test_eyes_are_level_with_malis(host: DrawnAvatar) -> None:
    """Presenters change places in a clip without the viewer's look jumping."""
    assert host.anchors["eyes"][1] == pytest.approx(240 * SCALE, abs=8 * SCALE)
    assert host.size == (round(860 * SCALE), round(1040 * SCALE))
