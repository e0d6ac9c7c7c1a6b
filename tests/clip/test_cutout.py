"""A cut product: which cuts are trusted, and how it stands on the brand's ground."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from localize.clip import cutout, stills
from localize.pixels import Pixels

WHITE, RED, TINT = (252, 252, 252), (170, 30, 40), "#204080"
BOX = (540, 600)  # width and height of a picture's box


def ellipse(size: int = 400, radii: tuple[int, int] = (90, 140), middle: tuple[int, int] = (200, 200)) -> Pixels:
    """An alpha with a soft edge of about two pixels."""
    alpha = np.zeros((size, size), np.uint8)
    cv2.ellipse(alpha, middle, radii, 0, 0, 360, 255, -1)
    return cv2.GaussianBlur(alpha, (0, 0), 1.2).astype(np.uint8)


def shot(alpha: Pixels, colour: tuple[int, int, int] = RED, ground: tuple[int, int, int] = WHITE) -> Pixels:
    """What a camera sees of a product of one colour: at its edge, the ground shines through."""
    part = alpha[..., None].astype(np.float32) / 255
    return np.rint(np.array(colour) * part + np.array(ground) * (1 - part)).astype(np.uint8)


def test_one_clear_product_on_a_plain_ground_is_trusted() -> None:
    alpha = ellipse()
    assert cutout.judged(shot(alpha), alpha) == cutout.Verdict("", plain=True)


def test_a_slope_of_light_is_a_plain_ground_and_a_street_is_none() -> None:
    alpha = ellipse()
    light = np.broadcast_to(np.linspace(250, 120, 400).astype(np.uint8)[:, None, None], (400, 400, 3)).copy()
    street = np.random.default_rng(1).integers(0, 255, (20, 20, 3), np.uint8).repeat(20, axis=0).repeat(20, axis=1)
    for ground, plain in ((light, True), (street, False)):
        picture = np.where(alpha[..., None] > 0, shot(alpha), ground)
        assert cutout.judged(picture, alpha) == cutout.Verdict("", plain=plain)


@pytest.mark.parametrize(
    ("alpha", "why"),
    [
        (np.zeros((400, 400), np.uint8), "0% of the picture"),
        (np.full((400, 400), 255, np.uint8), "100% of the picture"),
        (ellipse(radii=(20, 20)), "1% of the picture"),
        (sum(ellipse(radii=(30, 30), middle=(60 + 90 * (n % 4), 100 + 200 * (n // 4))) for n in range(8)), "8 pieces"),
        (cv2.GaussianBlur(ellipse(), (0, 0), 40).astype(np.uint8), "not clear"),
        (ellipse(radii=(150, 150), middle=(200, 400)), "beyond the picture's edge"),
    ],
    ids=["nothing", "everything", "a speck", "crumbs", "a haze", "cut off"],
)
def test_a_cut_that_cannot_be_trusted_says_why(alpha: Pixels, why: str) -> None:
    assert why in cutout.judged(shot(alpha), alpha).wrong


def test_an_edge_takes_the_products_colour_and_not_the_old_grounds() -> None:
    alpha = ellipse()
    product = cutout.clean(shot(alpha), alpha)
    seen = product[product[..., 3] > 0][:, :3].astype(int)
    assert np.abs(seen - RED).max() <= 2
    assert np.array_equal(product[200, 200], (*RED, 255))


def test_a_product_stands_on_the_brands_ground_without_a_fringe() -> None:
    alpha = ellipse()
    out = cutout.standing(cutout.clean(shot(alpha), alpha), *BOX, TINT, head=100, melt=100).astype(int)
    same = np.abs(out - RED).max(axis=2) <= 2
    rows, columns = np.flatnonzero(same.any(axis=1)), np.flatnonzero(same.any(axis=0))
    assert rows[0] >= 100 * stills.SPARE - 1  # below the head, above what melts
    assert rows[-1] < out.shape[0] - 70 * stills.SPARE
    assert abs((columns[0] + columns[-1]) / 2 - out.shape[1] / 2) <= 2
    assert (rows[-1] - rows[0]) / (columns[-1] - columns[0]) == pytest.approx(140 / 90, rel=0.03)
    middle = out[(rows[0] + rows[-1]) // 2]
    beside = middle[columns[-1] + 6].sum()
    assert all(value.sum() <= beside + 9 for value in middle[columns[-1] - 6 : columns[-1] + 6])  # nothing is lighter than the ground
    corner = out[5, 5]
    assert corner[2] > corner[0]  # a blue brand's palest tone


def test_it_throws_its_shadow_where_it_stands() -> None:
    alpha = ellipse()
    product = cutout.clean(shot(alpha), alpha)
    out = cutout.standing(product, *BOX, TINT, head=100, melt=100).sum(axis=2)
    foot = np.flatnonzero((np.abs(out.astype(int) - sum(RED)) <= 6).any(axis=1))[-1]
    below, far = out[foot + 4], out[foot + 4, 20]
    assert below[out.shape[1] // 2] < 0.8 * far
    assert np.abs(below.astype(int) - below[::-1]).max() <= 12  # and as much to either side


def test_a_pale_product_stands_before_a_deeper_ground() -> None:
    alpha = ellipse()
    dark, pale = (cutout.standing(cutout.clean(shot(alpha, colour), alpha), *BOX, TINT) for colour in (RED, (245, 245, 245)))
    assert dark[20, 20].mean() > 205
    assert pale[20, 20].mean() < dark[20, 20].mean() - 20


def test_a_small_picture_is_not_blown_up() -> None:
    alpha = cv2.resize(ellipse(), (100, 100), interpolation=cv2.INTER_AREA).astype(np.uint8)
    out = cutout.standing(cutout.clean(shot(alpha), alpha), *BOX, TINT).astype(int)
    tall = np.flatnonzero((np.abs(out - RED).max(axis=2) <= 2).any(axis=1))
    assert len(tall) == pytest.approx(70 * stills.ENLARGE * stills.SPARE, rel=0.05)


def test_it_is_a_still_already() -> None:
    alpha = ellipse()
    out = cutout.standing(cutout.clean(shot(alpha), alpha), *BOX, TINT)
    assert np.array_equal(stills.still(out, *BOX), out)


def test_of_nothing_there_is_nothing_to_show() -> None:
    with pytest.raises(ValueError, match="nothing of the product"):
        cutout.standing(np.zeros((9, 9, 4), np.uint8), *BOX, TINT)
