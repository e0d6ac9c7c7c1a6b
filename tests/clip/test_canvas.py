"""Blending in I420 shows what blending in RGB would, and a still moves only as its zoom says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from localize.clip.canvas import Frame, Picture, layer, put_back
from localize.pixels import Pixels, premultiply

PRIMARIES = {
    "black": (0, 0, 0), "white": (255, 255, 255), "red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0),
    "cyan": (0, 255, 255), "magenta": (255, 0, 255), "grey": (128, 128, 128), "skin": (247, 203, 169),
}  # fmt: skip


def plain(colour: tuple[int, int, int], width: int = 32, height: int = 32) -> Pixels:
    return np.full((height, width, 3), colour, np.uint8)


def smooth_picture(width: int, height: int, seed: int = 3) -> Pixels:
    """Soft colours without an edge: chroma at half size loses nothing of them."""
    small = np.random.default_rng(seed).integers(60, 200, (4, 4, 3), np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def soft_sprite(width: int, height: int) -> Pixels:
    """Straight RGBA: a colour that changes slowly under an alpha that goes from 0 to 255."""
    alpha = np.tile(np.linspace(0, 255, width).round().astype(np.uint8), (height, 1))
    return np.dstack([smooth_picture(width, height, seed=8), alpha])


def difference(a: Pixels, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).max())


@pytest.mark.parametrize("name", PRIMARIES)
def test_a_colour_comes_back_as_it_was(name: str) -> None:
    assert difference(Frame.of(plain(PRIMARIES[name])).rgb(), np.array(PRIMARIES[name])) <= 2


@pytest.mark.parametrize(
    ("name", "yuv"), [("black", (16, 128, 128)), ("white", (235, 128, 128)), ("red", (63, 102, 240)), ("green", (173, 42, 26))]
)
def test_colours_are_bt709_in_limited_range(name: str, yuv: tuple[int, int, int]) -> None:
    frame = Frame.of(plain(PRIMARIES[name]))
    assert [int(p[0, 0]) for p in (frame.y, frame.u, frame.v)] == pytest.approx(yuv, abs=1)


def test_a_frame_is_one_buffer_as_the_encoder_takes_it() -> None:
    frame = Frame.of(smooth_picture(48, 32))
    assert frame.buffer.nbytes == 48 * 32 * 3 // 2
    assert frame.buffer.tobytes() == frame.y.tobytes() + frame.u.tobytes() + frame.v.tobytes()


@pytest.mark.parametrize("place", [(0, 0), (20, 12), (31, 17)])
def test_blending_is_what_it_would_be_in_rgb(place: tuple[int, int]) -> None:
    below, sprite = smooth_picture(128, 96), soft_sprite(60, 40)
    x, y = place
    wanted = below.astype(float)
    alpha = sprite[..., 3:] / 255
    part = wanted[y : y + 40, x : x + 60]
    part[:] = part * (1 - alpha) + sprite[..., :3] * alpha

    frame = Frame.of(below)
    unblended = np.abs(frame.rgb() - below.astype(float))
    frame.blend(layer(premultiply(sprite), x, y))
    error = np.abs(frame.rgb() - wanted)
    # The sprite's own edges are hard: there, chroma is shared by the pixels on both sides.
    edge = np.ones(error.shape[:2], bool)
    edge[: max(0, y - 4)], edge[y + 44 :], edge[y + 4 : y + 36, : x + 56], edge[:, x + 64 :] = False, False, False, False
    error[edge] = 0
    # 8 bits of Y, U and V can't hold every RGB colour: 3 levels are what the conversion alone may cost.
    assert unblended.max() <= 4
    assert np.percentile(unblended, 99) <= 3
    assert error.max() <= 6
    assert np.percentile(error, 99) <= 3
    assert error.mean() < 1


def test_many_see_through_layers_do_not_darken_the_frame() -> None:
    frame = Frame.of(plain((200, 120, 40)))
    for _ in range(20):
        frame.blend(layer(np.zeros((32, 32, 4), np.uint8)))
    assert difference(frame.rgb(), np.array((200, 120, 40))) <= 2


@pytest.mark.parametrize("place", [(-10, -6), (52, -8), (-14, 40), (50, 44), (-3, 7)])
def test_what_leaves_the_frame_is_cut(place: tuple[int, int]) -> None:
    frame, red = Frame.of(plain((10, 90, 60), 64, 48)), np.full((20, 24, 4), (255, 0, 0, 255), np.uint8)
    frame.blend(layer(red, *place))
    x, y = place
    seen = frame.rgb()[..., 0] > 128
    wanted = np.zeros((48, 64), bool)
    wanted[max(0, y) : max(0, y + 20), max(0, x) : max(0, x + 24)] = True
    assert (seen == wanted).mean() > 0.97
    assert (seen & ~wanted).sum() <= 20 + 24


@pytest.mark.parametrize("place", [(-24, 0), (64, 10), (0, 48), (0, -20), (900, 900)])
def test_what_is_wholly_outside_changes_nothing(place: tuple[int, int]) -> None:
    frame = Frame.of(smooth_picture(64, 48))
    before = frame.buffer.copy()
    frame.blend(layer(np.full((20, 24, 4), 255, np.uint8), *place))
    assert np.array_equal(frame.buffer, before)


def test_a_layer_faded_to_half_is_half_there() -> None:
    below, above = (20, 60, 200), (250, 200, 30)
    top = layer(np.full((32, 32, 4), (*above, 255), np.uint8))
    frame = Frame.of(plain(below))
    frame.blend(top.faded(0.5))
    assert difference(frame.rgb(), (np.array(below) + np.array(above)) / 2) <= 3
    frame = Frame.of(plain(below))
    frame.blend(top.faded(0))
    assert difference(frame.rgb(), np.array(below)) <= 2
    assert top.faded(1) is top


def test_a_layer_is_of_even_size_whatever_is_asked() -> None:
    placed = layer(np.full((9, 7, 4), 255, np.uint8), 13, 21)
    assert placed.box == (12, 20, 20, 30)
    assert placed.at(31, 41).box == (31, 41, 39, 51)
    assert placed.keep[0].min() == 255  # the row that was added shows nothing
    assert placed.keep[1, 1] == 0


def test_a_layer_ends_where_its_pixels_do() -> None:
    rgba = np.zeros((60, 80, 4), np.uint8)
    rgba[11:20, 31:50] = 255
    assert layer(rgba, 100, 200).box == (130, 210, 150, 220)  # by pairs, for the chroma
    assert layer(rgba, 101, 201).box == (132, 212, 152, 222)
    assert layer(np.zeros_like(rgba)).box == (0, 0, 2, 2)


def test_cross_fading_goes_from_one_frame_to_the_other() -> None:
    one, other = Frame.of(plain((10, 20, 30))), Frame.of(plain((210, 220, 230)))
    one.cross_fade(other, 0)
    assert difference(one.rgb(), np.array((10, 20, 30))) <= 2
    one.cross_fade(other, 0.5)
    assert difference(one.rgb(), np.array((110, 120, 130))) <= 2
    one.cross_fade(other, 1)
    assert np.array_equal(one.buffer, other.buffer)


def test_at_zoom_one_the_whole_still_is_shown() -> None:
    still = smooth_picture(270, 180)
    frame = Frame.of(plain((0, 0, 0), 320, 240))
    Picture(still, (20, 30, 260, 190)).draw(frame, 1.0)
    shown = frame.rgb()
    wanted = cv2.resize(still, (240, 160), interpolation=cv2.INTER_LINEAR)
    assert difference(shown[34:186, 24:256], wanted[4:-4, 4:-4]) <= 4
    outside = shown.copy()
    outside[28:192, 18:262] = 0
    assert outside.max() <= 3


def dots(width: int, height: int, at: list[tuple[float, float]]) -> Pixels:
    """White discs on black, their middles at shares of the size."""
    still = np.zeros((height, width, 3), np.uint8)
    for x, y in at:
        cv2.circle(still, (round(x * width * 16 - 8), round(y * height * 16 - 8)), 6 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    return still


def middle(shown: Pixels) -> np.ndarray:
    """The centre of mass of what is bright, as (x, y) with pixel centres at halves."""
    grey = np.clip(shown[..., 1].astype(float) - 20, 0, None)
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    return np.array([(grey * (x + 0.5)).sum(), (grey * (y + 0.5)).sum()]) / grey.sum()


def test_the_middle_stays_where_it_is() -> None:
    picture = Picture(dots(268, 224, [(0.5, 0.5)]), (0, 0, 240, 200))
    frame = Frame(240, 200)
    for zoom in (1.0, 1.04, 1.08, 1.5):
        picture.draw(frame, zoom)
        assert middle(frame.rgb()) == pytest.approx((120, 100), abs=0.35)


def test_a_slow_zoom_moves_nothing_by_more_than_it_grows() -> None:
    """8 % over 60 frames: a point at the edge drifts outwards by 8 % of its distance from the middle, in even steps."""
    picture = Picture(dots(268, 224, [(0.85, 0.5)]), (0, 0, 240, 200))
    frame = Frame(240, 200)
    places = []
    for n in range(61):
        picture.draw(frame, 1 + 0.08 * n / 60)
        places.append(middle(frame.rgb()))
    steps = np.diff(np.array(places), axis=0)
    per_frame = 0.35 * 240 * 0.08 / 60
    assert np.sum(steps[:, 0]) == pytest.approx(0.35 * 240 * 0.08, abs=0.5)
    assert steps[:, 0].max() <= per_frame + 0.2
    assert steps[:, 0].min() >= -0.1
    assert np.abs(steps[:, 1]).max() <= 0.2


def test_zooming_never_shows_what_is_beyond_the_still() -> None:
    frame = Frame.of(plain((0, 0, 0), 120, 100))
    for zoom in (1.0, 1.043, 1.08):
        Picture(plain((240, 240, 240), 134, 112), (0, 0, 120, 100)).draw(frame, zoom)
        assert frame.rgb().min() >= 238


def test_frames_of_a_zoom_are_the_same_in_whatever_order_they_are_drawn() -> None:
    still = smooth_picture(134, 112)

    def drawn(order: list[int]) -> dict[int, bytes]:
        picture, out = Picture(still, (0, 0, 120, 100)), {}
        for index in order:
            frame = Frame(120, 100)
            picture.draw(frame, 1 + 0.01 * index)
            out[index] = frame.buffer.tobytes()
        return out

    assert drawn([0, 1, 2, 3, 4, 5]) == drawn([5, 2, 0, 3, 1, 4])


@pytest.mark.parametrize("zooms", [np.linspace(1, 1.08, 40), np.linspace(1.08, 1, 40)], ids=["in", "out"])
def test_a_zoom_enlarges_no_plate_twice(zooms: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    picture, frame, enlarge, sizes = Picture(smooth_picture(268, 224), (0, 0, 240, 200)), Frame(240, 200), cv2.resize, []

    def watched(plane: Pixels, size: tuple[int, int], **how: object) -> object:
        sizes.append((id(plane), size))
        return enlarge(plane, size, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(cv2, "resize", watched)
    for zoom in zooms:
        picture.draw(frame, zoom)
    assert len(set(sizes)) == len(sizes) >= 15


def test_a_frames_own_pixels_are_put_back_where_the_coverage_ends() -> None:
    """A picture in a box that melts away below and has a round corner above."""
    ground, box = smooth_picture(240, 200), (20, 30, 220, 170)
    coverage = np.full((140, 200), 255, np.uint8)
    coverage[100:] = np.linspace(255, 0, 40).astype(np.uint8)[:, None]
    coverage[:20, :20] = 0
    cv2.circle(coverage, (20, 20), 20, 255, -1)
    frame = Frame.of(ground)
    bands = put_back(frame, box, coverage)
    # Rows that are wholly covered cost nothing.
    assert sum(b.keep.shape[0] for b in bands) <= 20 + 42
    untouched = frame.rgb().astype(float)
    Picture(plain((200, 40, 160), 200, 140), box).draw(frame, 1.0)
    for band in bands:
        frame.blend(band)
    seen = frame.rgb().astype(float)

    assert np.abs(seen[30:34, 20:24] - untouched[30:34, 20:24]).max() <= 4  # the corner
    assert np.abs(seen[56:126, 24:216] - (200, 40, 160)).max() <= 3
    for row in (140, 150, 160):
        part = coverage[row - 30, 0] / 255
        wanted = untouched[row, 26:214] * (1 - part) + np.array((200, 40, 160)) * part
        assert np.abs(seen[row, 26:214] - wanted).max() <= 8
    assert np.abs(seen[172:] - untouched[172:]).max() == 0


def test_a_box_that_is_wholly_covered_needs_nothing_put_back() -> None:
    assert put_back(Frame.of(smooth_picture(64, 48)), (0, 0, 64, 40), np.full((40, 64), 255, np.uint8)) == []


def test_grey_is_exactly_grey() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 2)[None, :, None] * np.ones((2, 1, 3), np.uint8)
    frame = Frame.of(np.ascontiguousarray(ramp))
    assert (frame.u == 128).all()
    assert (frame.v == 128).all()


def test_chroma_is_what_bt709_says_within_a_level() -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (64, 64, 3), np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    frame, (r, g, b) = Frame.of(rgb), (rgb[::2, ::2, c].astype(float) for c in range(3))
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    for plane, colour, span in ((frame.u, b, 1.8556), (frame.v, r, 1.5748)):
        assert np.abs(plane - (128 + (colour - y) / span * 224 / 255)).max() <= 1.0


def test_colours_stay_with_their_picture_as_it_grows() -> None:
    """Chroma follows the zoom to within half of its own pixel, also between two sizes of it."""
    rgb = np.zeros((224, 224, 3), np.uint8)
    rgb[:, :56] = (220, 40, 40)
    picture, frame = Picture(rgb, (0, 0, 200, 200)), Frame(200, 200)
    for zoom in (1.0, 1.013, 1.026, 1.039):
        picture.draw(frame, zoom)
        edge = 100 - (112 - 56) * 200 / 224 * zoom  # of the red, in pixels of luma
        red = int((frame.v[50] > (128 + 240) // 2 - 20).sum())
        assert abs(2 * red - edge) <= 2, zoom
