"""Any shop's picture becomes a still that fills its box, cropped little or shown whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from localize.clip import stills
from localize.clip.stills import CROP, ENLARGE, SPARE
from localize.pixels import Pixels

BOX = (480, 390)
SIZE = (round(BOX[0] * SPARE) & ~1, round(BOX[1] * SPARE) & ~1)  # of every still
RED = np.array((200, 20, 20))


def photo(width: int, height: int) -> Pixels:
    """Red on the border, so that it is seen where the picture ends, and in patches, so that it is no plain ground; green within."""
    rgb = np.full((height, width, 3), (30, 160, 40), np.uint8)
    edge = max(4, min(width, height) // 20)
    cv2.rectangle(rgb, (0, 0), (width - 1, height - 1), tuple(map(int, RED)), 2 * edge)
    rows, columns = np.mgrid[:height, :width]
    patches = (rows * 6 // height + columns * 6 // width) % 2 == 1
    rgb[patches] = np.minimum(rgb[patches].astype(int) + 22, 255).astype(np.uint8)
    return rgb


def product(width: int, height: int, box: tuple[float, float, float, float], ground: int = 250) -> Pixels:
    """A red thing in a part (left, top, right, bottom) of a plain picture."""
    rgb = np.full((height, width, 3), ground, np.uint8)
    left, top, right, bottom = (round(part * n) for part, n in zip(box, (width, height, width, height), strict=True))
    rgb[top:bottom, left:right] = RED
    return rgb


def red(still: Pixels) -> np.ndarray:
    return np.abs(still.astype(int) - RED).max(axis=2) < 30


def extent(mask: np.ndarray) -> tuple[int, int]:
    """Width and height of what is marked."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)


@pytest.mark.parametrize("size", [(960, 780), (1400, 1400), (200, 150), (2000, 300), (300, 2000), (31, 17), (1, 1)])
def test_a_still_has_its_size_whatever_the_picture_has(size: tuple[int, int]) -> None:
    still = stills.still(photo(*size), *BOX)
    assert still.shape == (SIZE[1], SIZE[0], 3)
    assert still.dtype == np.uint8


def test_a_picture_of_the_boxs_shape_fills_it_uncropped() -> None:
    assert extent(red(stills.still(photo(BOX[0] * 2, BOX[1] * 2), *BOX))) == pytest.approx(SIZE, abs=2)


def test_a_square_picture_fills_the_box_and_loses_as_much_above_as_below() -> None:
    still = stills.still(photo(1400, 1400), *BOX)
    lost = 1 - BOX[1] / BOX[0]
    assert lost <= CROP
    columns = red(still)[SIZE[1] // 2]
    assert columns[0]
    assert columns[-1]
    top, bottom = (red(still)[:40, SIZE[0] // 2].sum(), red(still)[-40:, SIZE[0] // 2].sum())
    assert top == pytest.approx(bottom, abs=2)


@pytest.mark.parametrize("size", [(1400, 320), (320, 1400), (1400, 700), (600, 1000)])
def test_a_very_wide_or_tall_picture_is_shown_whole_over_a_blur_of_itself(size: tuple[int, int]) -> None:
    still = stills.still(photo(*size), *BOX)
    fit = min(SIZE[0] / size[0], SIZE[1] / size[1])
    assert extent(red(still)) == pytest.approx((size[0] * fit, size[1] * fit), abs=4)
    assert still.reshape(-1, 3).max(axis=1).min() > 25  # no black bars


def test_a_small_picture_is_enlarged_only_a_little() -> None:
    still = stills.still(photo(160, 130), *BOX)
    width, height = extent(red(still))
    assert width == pytest.approx(160 * ENLARGE * SPARE, abs=4)
    assert height == pytest.approx(130 * ENLARGE * SPARE, abs=4)


@pytest.mark.parametrize("size", [(1400, 320), (320, 1400), (1400, 700), (200, 160)])
@pytest.mark.parametrize("ground", [255, 246, 12])
def test_a_plain_ground_goes_on_around_what_does_not_fill_the_box(size: tuple[int, int], ground: int) -> None:
    still = stills.still(product(*size, (0.3, 0.2, 0.7, 0.8), ground), *BOX)
    assert np.abs(still[~cv2.dilate(red(still).astype(np.uint8), np.ones((15, 15))).astype(bool)].astype(int) - ground).max() <= 2


def test_a_slope_of_light_goes_on_without_a_seam() -> None:
    slope = np.broadcast_to(np.linspace(245, 190, 900, dtype=np.uint8)[:, None, None], (900, 600, 3)).copy()
    slope[300:600, 200:400] = RED
    still = stills.still(slope, *BOX).astype(int)
    assert np.abs(np.diff(still[: SIZE[1] // 5], axis=1)).max() <= 2
    assert still[4, 4].mean() > still[-4, 4].mean() + 40


def test_a_product_on_a_plain_ground_is_not_cut_for_filling_the_box() -> None:
    still = stills.still(product(1400, 1400, (0.3, 0.03, 0.7, 0.97)), *BOX)
    mask = red(still)
    assert not mask[0].any()
    assert not mask[-1].any()
    assert extent(mask)[1] == pytest.approx(0.94 * SIZE[1], abs=4)


def test_a_table_from_side_to_side_is_no_product_that_could_be_cut() -> None:
    tall = (390, 480)
    rgb = product(1400, 1400, (0.3, 0.2, 0.7, 0.8))
    rgb[900:, :420] = rgb[900:, 980:] = 180
    assert extent(red(stills.still(rgb, *tall)))[0] == pytest.approx(0.4 * SIZE[0], abs=4)  # as large as filling makes it


def test_a_picture_is_cut_beside_its_product() -> None:
    still = stills.still(product(1400, 1400, (0.3, 0.06, 0.7, 0.7)), *BOX)  # its middle would begin at 9 %
    rows = np.flatnonzero(red(still).any(axis=1))
    assert rows[0] > 0.04 * SIZE[1]
    assert len(rows) == pytest.approx(0.64 * SIZE[0], abs=4)  # as large as filling makes it


def test_where_a_scene_must_be_cut_it_is_at_the_foot_and_not_at_the_head() -> None:
    scene = product(1400, 1400, (0.3, 0.06, 0.7, 1.0), 200)
    scene[700:, ::40] = (40, 40, 40)  # no plain ground below, so the picture fills the box
    rows = np.flatnonzero(red(stills.still(scene, *BOX)).any(axis=1))
    assert rows[0] > 0.04 * SIZE[1]
    assert rows[-1] == SIZE[1] - 1


def test_what_is_transparent_lies_on_light_paper() -> None:
    rgba = np.zeros((780, 960, 4), np.uint8)
    rgba[300:480, 400:560] = (*RED, 255)
    still = stills.still(rgba, *BOX)
    assert still[4, 4].min() > 220
    assert red(still)[SIZE[1] // 2, SIZE[0] // 2]
    half = stills.still(np.full((780, 960, 4), (0, 0, 0, 128), np.uint8), *BOX)
    assert 105 < half[SIZE[1] // 2, SIZE[0] // 2].mean() < 130


def test_a_background_is_bright_soft_and_of_the_brands_tone() -> None:
    ground = stills.background(photo(900, 900), 270, 480, "#1F6FD0")
    assert ground.shape == (480, 270, 3)
    assert ground.mean() > 110
    assert ground[-20:, :, 2].mean() > ground[-20:, :, 0].mean() + 20  # blue below
    assert ground[:60].mean() > ground[-60:].mean()
    grey = cv2.GaussianBlur(ground, (0, 0), 2).astype(float)
    assert np.abs(np.diff(grey, axis=0)).max() < 6
    assert np.abs(np.diff(grey, axis=1)).max() < 6


def test_stills_and_backgrounds_are_the_same_every_time() -> None:
    assert np.array_equal(stills.still(photo(500, 900), *BOX), stills.still(photo(500, 900), *BOX))
    assert np.array_equal(stills.background(photo(90, 90), 108, 192, "#D9482B"), stills.background(photo(90, 90), 108, 192, "#D9482B"))
