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
    """Red on the border, so that it is seen where the picture ends; green within."""
    rgb = np.full((height, width, 3), (30, 160, 40), np.uint8)
    edge = max(4, min(width, height) // 20)
    cv2.rectangle(rgb, (0, 0), (width - 1, height - 1), tuple(map(int, RED)), 2 * edge)
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
