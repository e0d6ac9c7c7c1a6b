"""An intro and an outro: drawn from the kit, or the brand's own file; played before and after a clip's Lines in its one encode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import brand_files
import numpy as np
import pytest

from localize.assets import ASSETS
from localize.clip import bookends, render
from localize.clip.bookends import DISSOLVE, Bookend, Sign
from localize.clip.canvas import Frame
from localize.clip.cards import Palette
from localize.domain import Line
from localize.errors import UserError
from localize.media import metering, mixing, mp4, pcm
from localize.timeline import Spoken, Timeline

LOGO = str(ASSETS / "brand" / "demo_logo_dark.png")
PALETTE = Palette("#D9482B", "#FFC145")
SIZE, FPS = (216, 384), 30


def even(light: int, count: int, size: tuple[int, int] = SIZE) -> Iterator[Frame]:
    for _ in range(count):
        frame = Frame(*size)
        frame.y[:], frame.u[:], frame.v[:] = light, 128, 128
        yield frame


def kept(folder: Path, frames: Iterator[Frame], size: tuple[int, int] = SIZE, own: Path | None = None) -> Bookend:
    folder.mkdir()
    bookends.write(frames, mp4.Encoding(*size, FPS, bookends.CRF, "ultrafast"), folder, own)
    return bookends.read(folder)


# ---- drawn from the kit


@pytest.mark.parametrize("size", [SIZE, (384, 216), (216, 216)])
@pytest.mark.parametrize("logo", [LOGO, ""])
def test_the_sign_comes_in_over_the_brands_colour(size: tuple[int, int], logo: str) -> None:
    frames = [f.rgb() for f in bookends.drawn("intro", Sign(logo, "Lumora", PALETTE), size, FPS)]
    assert len(frames) == 36
    corner = frames[-1][:8, :8].mean(axis=(0, 1))
    assert np.abs(corner - (217, 72, 43)).max() < 12
    h, w = size[1], size[0]
    middle = [f[h // 4 : 3 * h // 4, w // 8 : -w // 8] for f in frames]
    white = [int((m.min(axis=2) > 225).sum()) for m in middle]
    assert white[-1] > 0.004 * w * h
    assert white[0] < white[-1] / 4
    assert np.abs(frames[-1].astype(int) - frames[-4]).mean() < 0.5  # it has settled


def test_an_outro_stays_longer_and_is_the_same_each_time() -> None:
    one, other = ([f.buffer.copy() for f in bookends.drawn("outro", Sign("", "Lumora", PALETTE), SIZE, 25)] for _ in range(2))
    assert len(one) == 45
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_a_name_is_dark_on_a_light_colour() -> None:
    *_, last = bookends.drawn("intro", Sign("", "Lumora", Palette("#FFF2C8", "#FFC145")), SIZE, FPS)
    assert last.rgb()[150:230, 20:-20].min() < 60


def test_a_picture_grows_a_little() -> None:
    picture = np.full((300, 300, 3), 230, np.uint8)
    picture[100:200, 100:200] = 20
    frames = [f.rgb() for f in bookends.shown("intro", picture, (216, 216), FPS)]
    dark = [int((f.max(axis=2) < 80).sum()) for f in frames]
    assert len(frames) == 36
    assert 1.03 < dark[-1] / dark[0] < 1.16
    assert sorted(dark) == dark


# ---- the brand's own video


def test_an_own_video_is_whole_in_a_frame_of_another_shape(tmp_path: Path) -> None:
    path = brand_files.video(tmp_path / "own.mp4", 2.0)
    frames = [f.rgb() for f in bookends.played(path, SIZE, FPS)]
    assert len(frames) == pytest.approx(60, abs=1)
    light = [float(f[192, 108, 1]) for f in frames]  # it was 25 frames a second, and keeps its pace
    assert light[0] < 75
    assert light[-1] > 195
    assert light[len(light) // 2] == pytest.approx(135, abs=8)


def test_an_own_video_of_nearly_the_shape_fills_the_frame(tmp_path: Path) -> None:
    path = brand_files.video(tmp_path / "own.mp4", 0.4, size=(200, 320))
    *_, last = bookends.played(path, SIZE, FPS)
    assert np.ptp(last.y) < 8


def test_what_is_kept_is_what_was_drawn(tmp_path: Path) -> None:
    frames = [f.buffer.copy() for f in bookends.drawn("intro", Sign(LOGO, "", PALETTE), SIZE, FPS)]
    made = kept(tmp_path / "made", bookends.drawn("intro", Sign(LOGO, "", PALETTE), SIZE, FPS))
    assert (made.count, made.fps, made.seconds, made.heard()) == (36, 30, 1.2, None)
    for before, after in zip(frames, made.frames(), strict=True):
        assert np.abs(before.astype(int) - after.buffer).mean() < 1.0


def test_its_sound_is_as_long_as_its_picture_and_as_loud_as_a_voice(tmp_path: Path) -> None:
    own = brand_files.video(tmp_path / "own.mp4", 1.5, tone=440)
    made = kept(tmp_path / "made", bookends.played(own, SIZE, FPS), own=own)
    heard = made.heard()
    assert heard is not None
    assert len(heard) == round(made.seconds * pcm.RATE)
    assert metering.measured(heard).integrated == pytest.approx(mixing.VOICE, abs=0.5)


def test_what_is_too_long_or_no_video_is_refused(tmp_path: Path) -> None:
    bookends.check(brand_files.video(tmp_path / "good.mp4", 5.0, size=(64, 64)))
    with pytest.raises(UserError, match=r"long\.mp4 lasts 6\.\d s; an intro or outro has 5 s at most: cut it shorter"):
        bookends.check(brand_files.video(tmp_path / "long.mp4", 6.0, size=(64, 64)))
    (tmp_path / "note.mp4").write_text("no video")
    with pytest.raises(UserError, match="note"):
        bookends.check(tmp_path / "note.mp4")


# ---- in a clip


class Lines:
    """A composer of grey frames, and which of other parts' frames were labelled."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.labelled = 0

    def frame(self, index: int, paper: Frame | None = None) -> Frame:
        self.asked.append(index)
        return next(even(150, 1))

    def wear_label(self, frame: Frame) -> None:
        self.labelled += 1
        frame.y[:4] = 235


@pytest.fixture
def both(tmp_path: Path) -> Any:
    """A clip of 20 frames between an intro of 12 and an outro of 15."""
    return SimpleNamespace(
        layout=SimpleNamespace(width=SIZE[0], height=SIZE[1]), timeline=Timeline((), 20 / FPS, FPS),
        intro=kept(tmp_path / "intro", even(40, 12)), outro=kept(tmp_path / "outro", even(220, 15)),
    )  # fmt: skip


def test_every_frame_of_intro_and_outro_wears_the_label(both: Any) -> None:
    composer: Any = Lines()
    frames = [f.buffer.copy() for f in render.frames(both, composer)]
    assert len(frames) == 12 + 20 + 15
    assert composer.labelled == 12 + 15
    assert composer.asked == [*range(20), 19]
    assert all(f[0] == 235 for f in (*frames[:12], *frames[-9:]))


def test_one_picture_gives_way_to_the_other(both: Any) -> None:
    composer: Any = Lines()
    light = [int(f.y[100, 100]) for f in render.frames(both, composer)]
    soft = round(DISSOLVE * FPS)
    assert light[:12] == [pytest.approx(40, abs=1)] * 12
    assert sorted(light[11 : 12 + soft]) == light[11 : 12 + soft]
    assert light[12 + soft : 32] == [150] * (20 - soft)
    assert sorted(light[32 : 32 + soft]) == light[32 : 32 + soft]
    assert light[32 + soft :] == [pytest.approx(220, abs=1)] * (15 - soft)


def test_a_preview_has_every_other_frame_of_all_parts(both: Any) -> None:
    both.intro = Bookend(both.intro.film, 11, FPS, None)
    composer: Any = Lines()
    assert len(list(render.frames(both, composer, 2))) == 23
    assert composer.asked == [*range(1, 20, 2), 19]


def test_the_voice_comes_after_the_intro_and_an_own_sound_is_alone(tmp_path: Path) -> None:
    t = np.arange(2 * pcm.RATE) / pcm.RATE
    pcm.write_wav(tmp_path / "said.wav", (0.3 * np.sin(2 * np.pi * 300 * t)).astype(np.float32))
    line = Line(role="hook", text="x")
    said: Any = SimpleNamespace(audio=tmp_path / "said.wav")
    spoken = Spoken(line, said, 0.5, 2.5)
    own = brand_files.video(tmp_path / "own.mp4", 1.0, tone=2000)
    job: Any = SimpleNamespace(
        timeline=Timeline((spoken,), 3.0, FPS), music="none", footage_sound=False, outro=kept(tmp_path / "outro", even(9, 30)),
        intro=kept(tmp_path / "intro", bookends.played(own, SIZE, FPS), own=own),
    )  # fmt: skip
    heard = render.mastered(job)
    before = job.intro.seconds
    assert len(heard) == round((before + 3.0 + 1.0) * pcm.RATE)
    assert metering.measured(heard).integrated == pytest.approx(-14, abs=0.3)
    assert _pitch(heard[: round(before * pcm.RATE)]) == pytest.approx(2000, abs=10)
    assert _pitch(heard[round((before + 0.6) * pcm.RATE) : round((before + 2.4) * pcm.RATE)]) == pytest.approx(300, abs=10)
    assert np.abs(heard[-pcm.RATE :]).max() < 1e-3


def _pitch(samples: Any) -> float:
    power = np.abs(np.fft.rfft(samples[:, 0]))
    return float(np.argmax(power) * pcm.RATE / len(samples))
