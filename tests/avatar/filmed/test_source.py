"""Any video becomes upright RGB at 25 frames a second."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import films
import numpy as np
import pytest

from localize.avatar.filmed.source import Source
from localize.errors import UserError
from localize.pixels import Pixels


def grey(k: int, size: tuple[int, int] = (96, 64)) -> Pixels:
    return np.full((size[1], size[0], 3), 20 + k, np.uint8)


def corner(size: tuple[int, int] = (96, 64)) -> Pixels:
    """Red at the top left, white at the top right."""
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    picture[:16, :16], picture[:16, -16:] = (255, 0, 0), (255, 255, 255)
    return picture


def kinds(picture: Pixels) -> str:
    """What is in the corners, clockwise from the top left: r, w or a dot."""
    h, w = picture.shape[:2]
    spots = [picture[4, 4], picture[4, w - 5], picture[h - 5, w - 5], picture[h - 5, 4]]
    return "".join("w" if p.min() > 180 else "r" if p[0] > 180 else "." for p in spots)


@pytest.mark.parametrize(
    ("matrix", "size", "seen"),
    [
        ((1, 0, 0, 1), (96, 64), "rw.."),
        ((0, 1, -1, 0), (64, 96), ".rw."),  # a quarter to the right
        ((-1, 0, 0, -1), (96, 64), "..rw"),
        ((0, -1, 1, 0), (64, 96), "w..r"),
        ((-1, 0, 0, 1), (96, 64), "wr.."),  # a mirrored selfie
    ],
)
def test_a_phone_held_in_any_way_gives_upright_frames(
    tmp_path: Path, matrix: tuple[int, int, int, int], size: tuple[int, int], seen: str
) -> None:
    path = films.turned(films.film(tmp_path / "a.mp4", [corner()] * 5), matrix)
    source = Source(path)
    frame = next(iter(source.frames()))
    assert ((source.width, source.height), (frame.shape[1], frame.shape[0]), kinds(frame)) == (size, size, seen)


@pytest.mark.parametrize("rate", [Fraction(2213, 100), Fraction(24000, 1001), Fraction(30), Fraction(60)])
def test_any_rate_becomes_25_by_the_nearest_frame(tmp_path: Path, rate: Fraction) -> None:
    count = round(1.6 * rate)
    path = films.film(tmp_path / "a.mkv", (grey(2 * k) for k in range(count)), rate=rate, quality=4)
    source = Source(path)
    shown = [(float(f.mean()) - 19.5) / 2 for f in source.frames()]
    assert abs(len(shown) - 40) <= 1
    assert all(abs(index - k * rate / 25) <= 0.8 for k, index in enumerate(shown))
    assert source.pace.rate == pytest.approx(float(rate), rel=0.01)


def test_uneven_frames_keep_their_time(tmp_path: Path) -> None:
    times = np.cumsum(np.random.default_rng(3).uniform(0.01, 0.12, 60))
    path = films.film(tmp_path / "a.mkv", (grey(3 * k) for k in range(60)), times=lambda k: float(times[k]), quality=4)
    source = Source(path)
    for k, frame in enumerate(source.frames()):
        shown = round((float(frame.mean()) - 19.5) / 3)
        assert abs(times[shown] - times[0] - k / 25) <= np.abs(times - times[0] - k / 25).min() + 0.002
    assert source.pace.variable


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le"])
def test_hevc_and_ten_bits(tmp_path: Path, pixels: str) -> None:
    if "libx265" not in av.codecs_available:
        pytest.skip("this PyAV has no HEVC encoder")
    path = films.film(tmp_path / "a.mp4", [corner()] * 10, codec="libx265", pixels=pixels)
    frames = list(Source(path).frames())
    assert len(frames) == 10
    assert kinds(frames[0]) == "rw.."


def test_odd_and_wide_pictures_become_even_and_at_most_1080_wide(tmp_path: Path) -> None:
    odd = Source(films.film(tmp_path / "a.mkv", [np.full((67, 101, 3), 90, np.uint8)] * 3, codec="ffv1", pixels="bgr0"))
    assert [f.shape for f in odd.frames()] == [(66, 100, 3)] * 3
    wide = Source(films.film(tmp_path / "b.mp4", [np.full((720, 1280, 3), 90, np.uint8)] * 3))
    assert {f.shape for f in wide.frames()} == {(606, 1080, 3)}


def test_what_is_no_video_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no video")
    with pytest.raises(UserError, match=r"a\.mp4 can't be read as a video"):
        Source(tmp_path / "a.mp4")
    with pytest.raises(UserError, match="there is no file"):
        Source(tmp_path / "b.mp4")


def test_a_file_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = films.film(tmp_path / "a.ts", (np.random.default_rng(k).integers(0, 255, (64, 96, 3), np.uint8) for k in range(50)))
    (tmp_path / "b.ts").write_bytes(whole.read_bytes()[:-90_000])
    assert 5 < sum(1 for _ in Source(tmp_path / "b.ts").frames()) < 50
