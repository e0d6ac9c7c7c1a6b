"""A drawn host is loaded from its package and drawn frame by frame."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from localize.avatar import DrawnAvatar, Sprite
from localize.avatar.art import blend, shades
from localize.avatar.pose import still
from localize.avatar.sheet import contact_sheet
from localize.domain import GESTURES, Emotion, Feeling, Gesture, Mouth, MouthShape, Performance
from localize.errors import UserError

MALI = Path(__file__).parents[2] / "assets" / "avatars" / "mali"
SILENT = Performance(duration=4.0, mouths=(Mouth(shape="X", start=0.0, end=4.0),), seed=1)


@pytest.fixture(scope="module")
def mali() -> DrawnAvatar:
    return DrawnAvatar.load(MALI, scale=0.5)


def on_canvas(avatar: DrawnAvatar, sprite: Sprite) -> np.ndarray:
    canvas = np.zeros((avatar.size[1], avatar.size[0], 4), np.uint8)
    h, w = sprite.rgba.shape[:2]
    canvas[sprite.y : sprite.y + h, sprite.x : sprite.x + w] = sprite.rgba
    return canvas


def test_a_frame_is_a_premultiplied_picture_inside_the_canvas(mali: DrawnAvatar) -> None:
    sprite = mali.frame(SILENT, 1.0)
    h, w, channels = sprite.rgba.shape
    assert channels == 4
    assert sprite.rgba.dtype == np.uint8
    assert sprite.x >= 0
    assert sprite.y >= 0
    assert sprite.x + w <= mali.size[0]
    assert sprite.y + h <= mali.size[1]
    assert (sprite.rgba[..., :3].max(axis=2).astype(int) <= sprite.rgba[..., 3].astype(int) + 1).all()


def test_she_stands_on_the_lower_edge_without_a_gap(mali: DrawnAvatar) -> None:
    for k in range(0, 120, 7):
        bottom = on_canvas(mali, mali.frame(SILENT, k / 30))[-1]
        assert (bottom[:, 3] == 255).sum() > 0.25 * mali.size[0]


def test_the_face_is_where_the_anchors_say(mali: DrawnAvatar) -> None:
    canvas = on_canvas(mali, mali.draw(still(mali.package.rig)))
    for name in ("eyes", "mouth", "face", "chest"):
        x, y = mali.anchors[name]
        assert canvas[round(y), round(x), 3] == 255
    x, y = mali.anchors["head_top"]
    assert canvas[: round(y) - round(40 * mali.scale), :, 3].max() == 0


def test_the_same_moment_is_the_same_picture_in_whatever_order(mali: DrawnAvatar) -> None:
    talk = Performance(
        duration=2.0,
        mouths=(Mouth(shape="X", start=0, end=0.5), Mouth(shape="D", start=0.5, end=0.8), Mouth(shape="A", start=0.8, end=2.0)),
        gestures=(Gesture(name="wave", start=0.2, peak=0.7, end=1.8),),
        feelings=(Feeling(emotion="happy", start=0, end=1),),
        blinks=(0.4,),
        seed=5,
    )
    forth = [mali.frame(talk, k / 10) for k in range(20)]
    other = DrawnAvatar.load(MALI, scale=0.5)
    back = [other.frame(talk, k / 10) for k in reversed(range(20))][::-1]
    for a, b in zip(forth, back, strict=True):
        assert a.key == b.key
        assert (a.x, a.y) == (b.x, b.y)
        assert np.array_equal(a.rgba, b.rgba)


def test_the_body_moves_on_twos_and_the_lips_in_every_frame(mali: DrawnAvatar) -> None:
    lips = tuple(Mouth(shape="D" if i % 2 else "A", start=i / 30, end=(i + 1) / 30) for i in range(30))
    waving = Performance(duration=1.0, mouths=lips, gestures=(Gesture(name="wave", start=0.0, peak=0.5, end=1.0),), seed=1)
    frames = [{s.key: (s.x, s.y) for s in mali.sprites(waving, i / 30)} for i in range(30)]
    bodies = [{key: at for key, at in frame.items() if not (isinstance(key, tuple) and key[0] == "face")} for frame in frames]
    assert all(bodies[i] == bodies[i + 1] for i in range(0, 30, 2))
    assert sum(bodies[i] != bodies[i + 1] for i in range(1, 13, 2)) >= 4
    assert all(frames[i] != frames[i + 1] for i in range(29))


def test_equal_keys_mean_the_very_same_sprite(mali: DrawnAvatar) -> None:
    assert mali.frame(SILENT, 1.0) is mali.frame(SILENT, 1.0)


@pytest.mark.parametrize("gesture", [g for g in GESTURES if g != "rest"])
def test_every_gesture_moves_a_hand_and_stays_on_the_canvas(mali: DrawnAvatar, gesture: str) -> None:
    rest, there = mali.draw(still(mali.package.rig)), mali.draw(still(mali.package.rig, gesture=gesture))
    assert not np.array_equal(on_canvas(mali, rest), on_canvas(mali, there))
    canvas = on_canvas(mali, there)
    assert canvas[:, [0, -1], 3].max() == 0, "the hand is cut off by the canvas"


@pytest.mark.heavy
def test_a_gesture_never_leaves_the_canvas_on_its_way(mali: DrawnAvatar) -> None:
    for gesture, move in mali.package.rig.gestures.items():
        if move.wide and gesture.endswith("_left"):
            continue  # for a host on the left of the frame, which has the room on its other side
        moving = SILENT.model_copy(update={"gestures": (Gesture(name=gesture, start=0.5, peak=1.0, end=2.5),)})
        for k in range(14, 80, 2):
            canvas = on_canvas(mali, mali.frame(moving, k / 30))
            assert canvas[:, [0, -1], 3].max() == 0, (gesture, k)


def dark_mouth(mali: DrawnAvatar, shape: MouthShape, emotion: Emotion = "neutral") -> int:
    """How many pixels of the mouth's inside (dark red, teeth, tongue) show."""
    draw = {s: on_canvas(mali, mali.draw(still(mali.package.rig, shape=s, emotion=emotion))) for s in ("X", shape)}
    x, y = (round(v) for v in mali.anchors["mouth"])
    box = np.s_[y - 20 : y + 26, x - 24 : x + 24, :3]
    mouth = draw[shape][box].astype(int)
    dark = (mouth.sum(axis=2) < 260) & (mouth[..., 0] > mouth[..., 1] + 20)
    teeth = mouth.min(axis=2) > 225
    return int(dark.sum() + teeth.sum())


def test_lips_are_closed_for_a_and_rest_and_open_for_vowels(mali: DrawnAvatar) -> None:
    for emotion in get_args(Emotion):
        closed = max(dark_mouth(mali, "A", emotion), dark_mouth(mali, "X", emotion))
        assert closed < 0.25 * dark_mouth(mali, "C", emotion)
        assert dark_mouth(mali, "C", emotion) < dark_mouth(mali, "D", emotion)


def test_all_nine_mouths_differ(mali: DrawnAvatar) -> None:
    pictures = {on_canvas(mali, mali.draw(still(mali.package.rig, shape=s))).tobytes() for s in get_args(MouthShape)}
    assert len(pictures) == 9


def test_brand_colours_take_their_shades_along() -> None:
    plain, branded = DrawnAvatar.load(MALI, scale=0.25), DrawnAvatar.load(MALI, scale=0.25, colours={"jacket": "#1F6FEB"})
    a, b = (on_canvas(x, x.draw(still(x.package.rig))).astype(int) for x in (plain, branded))
    x, y = (round(v) for v in plain.anchors["hip"])
    assert a[y, x, 0] > a[y, x, 2]
    assert b[y, x, 2] > b[y, x, 0]
    face = np.s_[round(plain.anchors["eyes"][1]) : round(plain.anchors["chin"][1]), round(plain.anchors["mouth"][0])]
    assert np.array_equal(a[face], b[face])
    assert plain.fingerprint() != branded.fingerprint()


def test_a_colour_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match="hat"):
        DrawnAvatar.load(MALI, colours={"hat": "#000000"})
    with pytest.raises(UserError, match="rrggbb"):
        DrawnAvatar.load(MALI, colours={"jacket": "red"})


def test_a_package_without_a_part_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "mali"
    shutil.copytree(MALI, folder)
    (folder / "hands" / "wave.svg").unlink()
    with pytest.raises(UserError, match=r"hands/wave\.svg"):
        DrawnAvatar.load(folder)
    with pytest.raises(UserError, match=r"avatar\.yaml"):
        DrawnAvatar.load(tmp_path)


def test_drawings_blend_by_their_numbers_and_only_when_built_alike() -> None:
    low, high = '<path d="M0 0 L10 4"/>', '<path d="M2 2 L20 8"/>'
    assert blend({"low": low, "high": high}, {"low": 0.5, "high": 0.5}) == '<path d="M1.000 1.000 L15.000 6.000"/>'
    with pytest.raises(UserError, match="built alike"):
        blend({"low": low, "other": '<path d="M2 2"/>'}, {"low": 0.5, "other": 0.5})


def test_derived_colours() -> None:
    paints = shades({"coat": "#808080", "coat_dark": {"of": "coat", "light": -0.5}}, {}, "here")
    assert paints == {"coat": "#808080", "coat_dark": "#404040"}


def test_the_contact_sheet_shows_everything(mali: DrawnAvatar) -> None:
    sheet = contact_sheet(mali, width=900)
    assert sheet.width == 900
    assert sheet.height > 1000
