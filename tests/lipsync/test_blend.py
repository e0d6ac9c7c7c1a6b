"""A patch goes into its frame without a trace where it shows the same, and shows exactly the mask where it shows another thing."""

from __future__ import annotations

import cv2
import film
import numpy as np
import pytest

from localize.lipsync import Box, Frame, Patch
from localize.lipsync.blend import cut, mask, paste

BOXES: list[Box] = [(100, 50, 221, 180), (3, 0, 301, 240), (0, 100, 77, 240), (120, 120, 140, 140)]


def psnr(one: Frame, other: Frame) -> float:
    error = float(((one.astype(float) - other) ** 2).mean())
    return 99.0 if not error else 10 * np.log10(255**2 / error)


def inside(box: Box) -> tuple[slice, slice]:
    return slice(box[1], box[3]), slice(box[0], box[2])


def outside(frame: Frame, box: Box) -> Frame:
    rest = frame.copy()
    rest[inside(box)] = 0
    return rest


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("size", [96, 256])
def test_what_passes_through_unchanged_changes_nothing(box: Box, size: int) -> None:
    for frame in film.frames(3):
        out = paste(frame, Patch(cut(frame, box, size), box))
        assert np.array_equal(out, frame)


@pytest.mark.parametrize("way", [cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_LANCZOS4])
def test_a_generator_that_resizes_in_its_own_way_passes_through_too(way: int) -> None:
    (sharp,) = film.frames(1, 900, 900, 560)
    frame = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 0.7), np.uint8)  # no lens shows grain of single pixels
    box = (140, 150, 760, 770)
    small = cv2.resize(frame[inside(box)], (256, 256), interpolation=way)
    out = paste(frame, Patch(np.asarray(small, np.uint8), box))
    assert np.array_equal(outside(out, box), outside(frame, box))
    assert psnr(out[inside(box)], frame[inside(box)]) >= 45


@pytest.mark.parametrize("box", BOXES)
def test_a_painted_patch_shows_the_mask_and_nothing_else(box: Box) -> None:
    frame = np.full((240, 320, 3), 90, np.uint8)
    paint = np.array((20, 250, 200))
    out = paste(frame, Patch(np.full((96, 96, 3), paint, np.uint8), box))
    assert np.array_equal(outside(out, box), outside(frame, box))
    shown = out[inside(box)].astype(float)
    assert np.abs(shown - (90 + mask(box)[:, :, None] * (paint - 90.0))).max() <= 0.501


@pytest.mark.parametrize("box", BOXES)
def test_the_mask_is_a_jaw_below_the_middle(box: Box) -> None:
    weight = mask(box)
    height, width = weight.shape
    assert (height, width) == (box[3] - box[1], box[2] - box[0])
    assert 0 <= weight.min() <= weight.max() <= 1
    assert not weight[: height // 2].any()  # nose and eyes are the film's own
    assert max(weight[-1].max(), weight[:, 0].max(), weight[:, -1].max()) < (0.01 if height > 50 else 0.1)
    assert np.allclose(weight, weight[:, ::-1], atol=1e-6)
    mouth = weight[round(0.72 * height) : round(0.82 * height), round(0.38 * width) : round(0.62 * width)]
    assert mouth.min() > (0.95 if height > 50 else 0.8)
    # No seam: from one pixel to the next it never jumps by more than its fading takes.
    if min(height, width) > 100:
        assert max(np.abs(np.diff(weight, axis=0)).max(), np.abs(np.diff(weight, axis=1)).max()) < 0.2


def test_a_drift_of_the_generators_colours_is_taken_back() -> None:
    (frame,) = film.frames(1)
    box = (105, 65, 215, 190)
    drifted = np.clip(cut(frame, box, 256) + np.array([6, -4, 3]), 0, 255).astype(np.uint8)
    out = paste(frame, Patch(drifted, box))
    assert np.abs(out.astype(float) - frame).max() <= 1


def test_fine_detail_comes_back_where_the_patch_agrees_and_not_where_it_shows_another_mouth() -> None:
    (frame,) = film.frames(1, 900, 900, 560)
    box = (140, 150, 760, 770)
    face = cut(frame, box, 256)
    face[185:215, 96:160] = (25, 10, 10)  # an open mouth
    out = paste(frame, Patch(face, box))
    scale = 620 / 256
    mouth = (slice(150 + round(192 * scale), 150 + round(208 * scale)), slice(140 + round(104 * scale), 140 + round(152 * scale)))
    assert np.abs(out[mouth].astype(int) - (25, 10, 10)).max() <= 12
    cheek = (slice(560, 600), slice(240, 280))
    assert np.abs(out[cheek].astype(int) - frame[cheek]).max() <= 1


def test_a_box_that_is_not_in_the_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="not in a frame of 320x240"):
        paste(np.zeros((240, 320, 3), np.uint8), Patch(np.zeros((96, 96, 3), np.uint8), (300, 10, 330, 40)))
