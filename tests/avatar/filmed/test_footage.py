"""Footage is kept and read again in any order; where it repeats, it does not jump."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import films
import numpy as np
import pytest

from localize.avatar.filmed import background
from localize.avatar.filmed.background import Behind, Screen
from localize.avatar.filmed.enrol import enrol
from localize.avatar.filmed.footage import Film, written
from localize.avatar.filmed.loop import Loop, psnr
from localize.errors import NotReady, UserError


def test_a_film_is_read_forwards_backwards_and_across(tmp_path: Path) -> None:
    with written(tmp_path / "a.mp4", 64, 48) as write:
        for k in range(60):
            write(np.full((48, 64, 3), (3 * k, 40, 200 - 3 * k), np.uint8))
    order = [*range(0, 60, 7), *range(59, -1, -1), 30, 2, 58, 58, 3]
    for k, frame in zip(order, Film(tmp_path / "a.mp4").frames(order), strict=True):
        assert np.abs(frame.astype(int) - (3 * k, 40, 200 - 3 * k)).max() <= 4
    with pytest.raises(UserError, match="no frame 60"):
        list(Film(tmp_path / "a.mp4").frames([60]))


def test_a_title_in_any_encoding_is_no_hindrance(tmp_path: Path) -> None:
    with written(tmp_path / "a.mp4", 64, 48) as write:
        write(np.zeros((48, 64, 3), np.uint8))
    assert len(list(Film(films.titled(tmp_path / "a.mp4", tmp_path / "b.mp4")).frames([0]))) == 1


def test_a_matte_keeps_its_black_and_white(tmp_path: Path) -> None:
    matte = np.zeros((48, 64), np.uint8)
    matte[:, 32:] = 255
    with written(tmp_path / "a.mp4", 64, 48, grey=True) as write:
        write(matte)
    (back,) = Film(tmp_path / "a.mp4", grey=True).frames([0])
    assert back[:, :30].max() <= 2
    assert back[:, 34:].min() >= 253


@pytest.mark.parametrize("kind", ["forward", "pingpong"])
def test_neighbours_follow_each_other_or_meet_at_the_seam(kind: str) -> None:
    loop = Loop.model_validate({"kind": kind, "start": 10, "stop": 40, "psnr": 40, "usual": 40})
    shown = [loop.frame_at(k) for k in range(200)]
    assert set(shown) == set(range(10, 40))
    jumps = {(a, b) for a, b in pairwise(shown) if abs(a - b) != 1}
    assert jumps == ({(39, 10)} if kind == "forward" else set())


@pytest.mark.heavy
def test_somebody_who_sways_repeats_after_a_whole_period(tmp_path: Path) -> None:
    video = films.film(tmp_path / "a.mp4", (films.person(k) for k in range(260)))
    loop = enrol(video, finder=films.MarkedFaces()).loop
    assert loop is not None
    assert loop.kind == "forward"
    assert abs((loop.stop - loop.start + 50) % 100 - 50) < 6
    assert loop.psnr > loop.usual - 3


@pytest.mark.heavy
def test_somebody_who_never_comes_back_goes_there_and_back(tmp_path: Path) -> None:
    frames = (np.clip(films.person(k).astype(int) + k // 4, 0, 255).astype(np.uint8) for k in range(200))  # it grows light
    report = enrol(films.film(tmp_path / "a.mp4", frames), finder=films.MarkedFaces())
    assert report.loop is not None
    assert report.loop.kind == "pingpong"
    assert report.loop.stop - report.loop.start > 140


@pytest.mark.parametrize(("colour", "name"), [((30, 190, 60), "green screen"), ((20, 60, 200), "blue screen")])
def test_a_screen_is_taken_away_and_leaves_no_light_on_the_person(colour: tuple[int, int, int], name: str) -> None:
    frame = films.person(0, behind=colour)
    box = (72.0, 96.0, 248.0, 304.0)
    cutter = background.cutter(frame, box)
    assert cutter.name == name
    clean, matte = cutter.cut(frame)
    assert matte[:60].max() <= 3
    assert matte[180:220, 120:200].min() > 200
    assert int(clean[..., 1 if name[0] == "g" else 2].astype(int).max()) <= 230
    laid = Behind("#ff0000", (320, 400), Path()).laid(clean, matte)
    assert np.abs(laid[:60].astype(int) - (255, 0, 0)).max() <= 3
    assert psnr(np.ascontiguousarray(laid[180:220, 120:200]), np.ascontiguousarray(frame[180:220, 120:200])) > 20


def test_a_shadow_on_the_screen_stays_screen() -> None:
    frame = films.person(0, behind=(30, 190, 60)).astype(float)
    frame[:, :60] *= np.linspace(0.55, 1, 60)[None, :, None]
    _, matte = Screen(1).cut(frame.astype(np.uint8))
    assert matte[:, :40].max() < 40


def test_without_a_screen_the_way_out_is_told() -> None:
    with pytest.raises(NotReady, match=r"no green or blue screen.*mediapipe.*green screen"):
        background.cutter(films.person(0), (72.0, 96.0, 248.0, 304.0))


def test_a_blurred_background_has_no_halo_of_the_person() -> None:
    frame = films.person(0)
    matte = np.where((frame != (90, 90, 110)).any(axis=2), 255, 0).astype(np.uint8)
    laid = Behind("blur", (320, 400), Path()).laid(frame, matte)
    assert np.abs(laid[matte == 0].astype(int) - (90, 90, 110)).max() <= 12
