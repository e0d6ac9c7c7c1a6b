"""Product footage of any kind: looked through, cut to its subject, played in time."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import films
import numpy as np
import pytest

from localize.avatar.filmed.source import Source
from localize.clip import footage, render, tones
from localize.clip.canvas import Frame
from localize.clip.footage import Look, Stretch, choose, look, read, sound, write
from localize.clip.reel import Plan, Reel
from localize.domain import Line
from localize.errors import UserError
from localize.media import metering, mixing
from localize.media.command import ffmpeg_exe
from localize.media.pcm import RATE, write_wav
from localize.pixels import Pixels
from localize.timeline import Spoken, Timeline

LANDSCAPE, PORTRAIT, SQUARE = (640, 360), (360, 640), (480, 480)
DISC = (240, 60, 30)


def ground(size: tuple[int, int]) -> Pixels:
    """A blurred room: soft shapes, no subject."""
    w, h = size
    y, x = np.mgrid[:h, :w]
    grey = 110 + 20 * np.sin(x / 70) + 15 * np.cos(y / 50)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def disc(k: int, size: tuple[int, int] = LANDSCAPE, at: tuple[float, float] = (0.85, 0.5)) -> Pixels:
    """Frame k of a bright disc that sways about a place in the room."""
    w, h = size
    picture = ground(size)
    x, y, r = w * at[0] + 6 * np.sin(k / 5), h * at[1] + 6 * np.cos(k / 7), min(size) * 0.11
    yy, xx = np.mgrid[:h, :w]
    inside = (xx - x) ** 2 + (yy - y) ** 2 < r * r
    picture[inside] = DISC
    picture[inside & ((xx // 6 + yy // 6) % 2 == 0)] = (250, 220, 90)
    return picture


def grey(k: int, size: tuple[int, int] = (320, 240)) -> Pixels:
    """Frame k by its lightness, with something sharp in it."""
    picture = np.full((size[1], size[0], 3), 40 + k, np.uint8)
    picture[100:140:4, 140:180] = 255
    return picture


def level(picture: Pixels) -> float:
    """How light a picture is, as `grey` counts it."""
    return float(np.median(picture)) - 40


def numbered(k: int) -> Pixels:
    """Frame k, with its number in eight fields: light ones count."""
    fields = np.array([200 if k >> bit & 1 else 60 for bit in range(8)], np.uint8)
    return np.broadcast_to(fields.repeat(40)[None, :, None], (240, 320, 3)).copy()


def number(picture: Pixels) -> int:
    """Which frame of `numbered` this is."""
    return sum(1 << bit for bit in range(8) if picture[120, 40 * bit + 20].mean() > 130)


def played(seen: Look, stretch: Stretch, size: tuple[int, int], seconds: float, times: Iterable[float]) -> list[Pixels]:
    """What is seen at these times in a box of this size, somewhere in a larger frame."""
    frame = Frame(size[0] + 40, size[1] + 20)
    reel = Reel(seen, stretch, (20, 10, 20 + size[0], 10 + size[1]), seconds)
    out = []
    for t in times:
        frame.buffer[:] = 128
        reel.draw(frame, t)
        rgb = frame.rgb()
        assert np.ptp(rgb[:8]) == 0, "outside of the box nothing is drawn"
        out.append(rgb[10:-10, 20:-20])
    reel.close()
    return out


def first_shown(path: Path, size: tuple[int, int]) -> Pixels:
    seen = look(path)
    return played(seen, choose(seen, 1.0), size, 1.0, [0.0])[0]


def red(picture: Pixels) -> tuple[float, float, float]:
    """The disc's middle in parts of the picture, and the part that it covers."""
    p = picture.astype(int)
    y, x = np.nonzero((p[..., 0] > p[..., 2] + 70) & (p[..., 0] > 150))
    assert len(x), "no disc"
    return float(x.mean() / p.shape[1]), float(y.mean() / p.shape[0]), len(x) / p[..., 0].size


# --- the subject


@pytest.mark.parametrize("box", [(1080, 1200), (540, 540)])
@pytest.mark.parametrize("side", [0.12, 0.88])
def test_the_crop_of_a_landscape_holds_what_moves_at_its_side(tmp_path: Path, box: tuple[int, int], side: float) -> None:
    seen = look(films.film(tmp_path / "a.mp4", (disc(k, (960, 540), (side, 0.5)) for k in range(40))))
    stretch = choose(seen, 1.2)
    window = seen.crop(stretch, *box).window
    assert window[0] <= side - 0.07
    assert side + 0.07 <= window[2]
    for picture in played(seen, stretch, box, 1.2, [0.0, 0.6, 1.2]):
        x, _, area = red(picture)
        assert 0.1 < x < 0.9
        assert area == pytest.approx(np.pi * (0.11 * 540) ** 2 / (540 * 540 * box[0] / box[1]), rel=0.2)


def test_a_portrait_is_cut_above_and_below_around_its_subject(tmp_path: Path) -> None:
    seen = look(films.film(tmp_path / "a.mp4", (disc(k, PORTRAIT, (0.5, 0.14)) for k in range(30))))
    crop = seen.crop(choose(seen, 1.0), 540, 540)
    assert crop.window[1] < 0.05
    assert crop.fitted == (540, 540)


def test_where_nothing_stands_out_the_middle_is_shown(tmp_path: Path) -> None:
    seen = look(films.film(tmp_path / "a.mp4", [np.full((360, 640, 3), 140, np.uint8)] * 30))
    left, _, right, _ = seen.crop(choose(seen, 1.0), 540, 540).window
    assert left == pytest.approx(1 - right)


def test_what_would_lose_too_much_lies_over_a_blurred_enlargement(tmp_path: Path) -> None:
    seen = look(films.film(tmp_path / "a.mp4", (disc(k, LANDSCAPE, (0.5, 0.5)) for k in range(30))))
    stretch = choose(seen, 1.0)
    crop = seen.crop(stretch, 360, 640)
    assert crop.fitted[0] == 360
    assert 280 <= crop.fitted[1] < 300  # 0.7 of the width is shown
    picture = played(seen, stretch, (360, 640), 1.0, [0.5])[0]
    assert red(picture)[1] == pytest.approx(0.5, abs=0.03)
    above = picture[:150].astype(float)
    assert np.abs(np.diff(above, axis=0)).max() <= 3  # blurred
    assert above.std() > 0.5


def test_black_bars_are_cut_off(tmp_path: Path) -> None:
    def barred(k: int) -> Pixels:
        picture = np.zeros((640, 360, 3), np.uint8)
        picture[200:440] = disc(k, (360, 240), (0.5, 0.5))
        return picture

    picture = first_shown(films.film(tmp_path / "a.mp4", (barred(k) for k in range(30))), (360, 240))
    assert picture[:, :, 1].min() > 30


# --- files of all kinds


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT, SQUARE])
@pytest.mark.parametrize("matrix", [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)])
def test_a_phone_held_in_any_way_is_shown_upright(tmp_path: Path, size: tuple[int, int], matrix: tuple[int, int, int, int]) -> None:
    path = films.turned(films.film(tmp_path / "a.mp4", (disc(k, size, (0.75, 0.3)) for k in range(30))), matrix)
    seen = look(path)
    a, b, c, d = matrix
    x, y = a * 0.5 + c * -0.4, b * 0.5 + d * -0.4  # the disc's place from the middle, turned
    box = size if a else size[::-1]
    assert (seen.width, seen.height) == box
    picture = played(seen, choose(seen, 1.0), box, 1.0, [0.0])[0]
    assert red(picture)[:2] == pytest.approx(((1 + x) / 2, (1 + y) / 2), abs=0.03)


@pytest.mark.parametrize("rate", [Fraction(2213, 100), Fraction(24000, 1001), Fraction(60)])
@pytest.mark.parametrize("fps", [25, 30])
def test_each_frame_of_the_clip_is_the_nearest_one_stored(tmp_path: Path, rate: Fraction, fps: int) -> None:
    count = round(3 * rate)
    seen = look(films.film(tmp_path / "a.mkv", (numbered(k) for k in range(count)), rate=rate))
    assert seen.seconds == pytest.approx(3, abs=0.05)
    times = [k / fps for k in range(2 * fps)]
    for t, picture in zip(times, played(seen, Stretch(0.5, 2.6), (320, 240), 2.0, times), strict=True):
        assert abs(number(picture) - (0.5 + t) * rate) <= 0.52


def test_uneven_frames_keep_their_time(tmp_path: Path) -> None:
    at = np.cumsum(np.random.default_rng(3).uniform(0.01, 0.12, 60))
    at -= at[0]
    seen = look(films.film(tmp_path / "a.mkv", (numbered(k) for k in range(60)), times=lambda k: float(at[k])))
    times = [k / 30 for k in range(60)]
    for t, picture in zip(times, played(seen, Stretch(0.4, 3.0), (320, 240), 2.5, times), strict=True):
        assert abs(at[number(picture)] - 0.4 - t) <= np.abs(at - 0.4 - t).min() + 0.002


def test_going_back_starts_again(tmp_path: Path) -> None:
    seen = look(films.film(tmp_path / "a.mp4", (numbered(k) for k in range(100))))
    shown = [number(p) for p in played(seen, Stretch(1.0, 3.8), (320, 240), 2.5, [2.0, 0.0, 2.0, 1.0, 1.04])]
    assert shown == [75, 25, 75, 50, 51]


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p"])
def test_colours_come_through(tmp_path: Path, pixels: str) -> None:
    """Small files are BT.601 by custom, and photo cameras write the full range."""
    path = films.film(tmp_path / "a.mkv", [np.full((360, 640, 3), (200, 90, 40), np.uint8)] * 30, pixels=pixels)
    assert first_shown(path, (640, 360))[100, 100].astype(int) == pytest.approx([200, 90, 40], abs=4)


@pytest.mark.parametrize("end", ["mp4", "mov", "mkv", "avi", "flv"])
def test_a_title_in_any_encoding_is_no_hindrance(tmp_path: Path, end: str) -> None:
    path = films.titled(sounding(tmp_path / "a.mp4", 0.0), tmp_path / f"b.{end}")
    assert look(path).seconds == pytest.approx(4, abs=0.1)
    assert sound(path, 0.5, 1.0, 24000).any()


@pytest.mark.parametrize("matrix", [8, 10, 11, 12, 13, 14, 15])
def test_colours_by_a_matrix_that_cannot_be_scaled_are_shown(tmp_path: Path, matrix: int) -> None:
    path = films.film(tmp_path / "a.mp4", [np.full((360, 640, 3), (120, 120, 120), np.uint8)] * 30)
    tagged = tmp_path / "b.mp4"
    words = ["-c", "copy", "-bsf:v", f"h264_metadata=matrix_coefficients={matrix}", str(tagged)]
    subprocess.run([ffmpeg_exe(), "-loglevel", "error", "-i", str(path), *words], check=True)
    with av.open(str(tagged)) as container:
        assert int(next(container.decode(video=0)).colorspace) == matrix
    assert first_shown(tagged, (640, 360))[100, 100].astype(int) == pytest.approx([120] * 3, abs=4)
    assert next(Source(tagged).frames())[100, 100].astype(int) == pytest.approx([120] * 3, abs=4)


@pytest.mark.parametrize("error", [av.error.InvalidDataError(1, "spoilt"), OSError(95, "spoilt")])
def test_what_fails_while_it_is_looked_through_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def small(*_: object) -> Pixels:
        raise error

    path = films.film(tmp_path / "mug.mp4", [disc(0)] * 30)
    monkeypatch.setattr(footage, "_small", small)
    with pytest.raises(UserError, match=r"^mug\.mp4: it can't be decoded \(spoilt\)"):
        look(path)


def test_hevc_with_ten_bits_in_hlg_is_tone_mapped(tmp_path: Path) -> None:
    if "libx265" not in av.codecs_available:
        pytest.skip("this PyAV has no HEVC encoder")
    seen = look(hlg(tmp_path / "a.mp4", [0.75, 0.38, 0.2]))
    assert [f.check for f in seen.findings if f.severity == "warn"] == ["footage.size", "footage.hdr"]
    picture = played(seen, choose(seen, 1.0), (640, 360), 1.0, [0.5])[0]
    bands = [picture[180, x].astype(int) for x in (100, 320, 540)]
    expected = tones.mapped(np.array([[v] * 3 for v in (0.75, 0.38, 0.2)]), tones.HLG, 9) * 255
    assert np.abs(np.array(bands) - expected).max() <= 4
    assert 215 <= bands[0][0] <= 240  # white paper
    assert 90 <= bands[1][0] <= 125  # a grey card


def hlg(path: Path, bands: list[float]) -> Path:
    """Grey upright bands of these signals, as phones film in HDR."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p10le"
        colours = "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"
        stream.options = {"preset": "ultrafast", "crf": "8", "x265-params": f"log-level=none:{colours}"}
        for k in range(30):
            frame = av.VideoFrame(640, 360, "yuv420p10le")
            luma = np.repeat([round(64 + 876 * v) for v in bands], [213, 214, 213]).astype(np.uint16)
            for plane, row in zip(frame.planes, (luma, np.full(320, 512), np.full(320, 512)), strict=True):
                rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
                rows[:, : plane.width] = row[: plane.width]
                plane.update(rows.tobytes())
            frame.pts = k
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_tone_mapping_is_steady() -> None:
    ramp = np.repeat(np.linspace(0, 1, 60)[:, None], 3, axis=1)
    for transfer in (tones.PQ, tones.HLG):
        grey = tones.mapped(ramp, transfer, 9)
        assert np.ptp(grey, axis=1).max() < 1e-6  # grey stays grey
        assert (np.diff(grey[:, 0]) >= -1e-9).all()
        assert (grey[0, 0], grey[-1, 0]) == pytest.approx((0, 1), abs=0.01)
    assert tones.mapped(np.array([[0.5, 0.4, 0.3]]), 1, 12)[0] == pytest.approx([0.516, 0.396, 0.289], abs=0.02)
    assert not tones.needed(1, 1)


def test_interlaced_footage_is_made_progressive(tmp_path: Path) -> None:
    """A bar that moves from field to field: as it is stored, its edges are combs."""

    def bar(x: int) -> Pixels:
        picture = np.full((288, 352, 3), 60, np.uint8)
        picture[:, x : x + 60] = 200
        return picture

    with av.open(str(tmp_path / "a.mpg"), "w", format="mpeg") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 352, 288, "yuv420p"
        stream.options = {"flags": "+ildct+ilme", "top": "1", "qmin": "1", "q": "2"}
        for k in range(50):
            rgb = bar(4 * k)
            rgb[1::2] = bar(4 * k + 2)[1::2]
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    seen = look(tmp_path / "a.mpg")
    assert seen.interlaced
    assert "footage.interlaced" in {f.check for f in seen.findings}
    shown = played(seen, Stretch(0.4, 1.6), (352, 288), 1.2, [0.2, 0.6, 1.0])
    for picture in shown:
        luma = picture[40:-40, :, 1].astype(int)
        assert np.abs(luma[1:-1] - (luma[:-2] + luma[2:]) / 2).mean() < 1.0
    assert len({picture.tobytes() for picture in shown}) == 3


def test_what_is_transparent_lies_on_paper(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("qtrle", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 320, "argb"
        for k in range(30):
            rgba = np.zeros((320, 320, 4), np.uint8)
            rgba[100:220, 100 + k : 220 + k] = (200, 40, 40, 255)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format="argb")))
        container.mux(stream.encode(None))
    picture = first_shown(path, (320, 320))
    assert picture[20, 20].min() > 235
    assert picture[160, 170].astype(int) == pytest.approx([200, 40, 40], abs=6)


# --- which stretch


def test_black_and_the_fade_out_of_it_are_left_out(tmp_path: Path) -> None:
    def fading(k: int) -> Pixels:
        return (disc(k).astype(np.float32) * min(1.0, max(0.0, (k - 20) / 20))).astype(np.uint8)

    seen = look(films.film(tmp_path / "a.mp4", (fading(k) for k in range(90))))
    assert choose(seen, 1.5).start >= 1.4
    long = choose(seen, 4.0)
    assert long.start >= 1.4
    assert long.length < 2.3


def test_no_cut_where_one_shot_is_long_enough(tmp_path: Path) -> None:
    def shots(k: int) -> Pixels:
        return disc(k) if k < 30 else 255 - disc(k, LANDSCAPE, (0.3, 0.4))

    seen = look(films.film(tmp_path / "a.mp4", (shots(k) for k in range(100))))
    assert [round(s.start * 25) for s in seen.shots] == pytest.approx([0, 30], abs=1)
    assert choose(seen, 2.0).start >= 30 / 25
    first = choose(seen, 1.0)
    assert first.end <= 29 / 25 or first.start >= 30 / 25
    across = choose(seen, 3.8)  # longer than any shot: cut as the seller cut it
    assert across.length == pytest.approx(3.8, abs=0.1)
    # And after the cut, cropped to what is seen then.
    before, after = (red(p) if k == 0 else red(255 - p) for k, p in enumerate(played(seen, across, (360, 360), 3.8, [0.5, 2.0])))
    assert before[:2] == pytest.approx((0.5, 0.5), abs=0.3)
    assert after[:2] == pytest.approx((0.5, 0.5), abs=0.2)


def test_a_flash_and_a_fast_pan_are_no_cuts(tmp_path: Path) -> None:
    wide = np.random.default_rng(2).integers(0, 255, (360, 60, 3), np.uint8).repeat(30, axis=1)

    def pan(k: int) -> Pixels:
        return np.full((360, 640, 3), 250, np.uint8) if k == 20 else np.roll(wide, -12 * k, axis=1)[:, :640]

    assert len(look(films.film(tmp_path / "a.mp4", (pan(k) for k in range(50)))).shots) == 1


@pytest.mark.heavy
def test_sharp_and_lively_is_preferred(tmp_path: Path) -> None:
    import cv2

    def varied(k: int) -> Pixels:
        if k < 50:
            return disc(0)  # stands
        if k < 100:
            return np.asarray(cv2.GaussianBlur(disc(k), (0, 0), 8), np.uint8)  # out of focus
        return disc(k)

    seen = look(films.film(tmp_path / "a.mp4", (varied(k) for k in range(160))))
    assert choose(seen, 1.8).start >= 3.8
    second = choose(seen, 1.0, taken=[choose(seen, 1.0)])
    first = choose(seen, 1.0)
    assert min(first.end, second.end) - max(first.start, second.start) < 0.3


def test_the_same_file_gives_the_same_choice(tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mp4", (disc(k) for k in range(50)))
    a = look(path)
    assert look(path) is a
    path.touch()
    b = look(path)
    assert b is not a
    assert choose(a, 1.0) == choose(b, 1.0)
    assert a.crop(choose(a, 1.0), 540, 540) == b.crop(choose(b, 1.0), 540, 540)


def test_what_was_seen_is_kept_and_comes_back_exactly(tmp_path: Path) -> None:
    def shots(k: int) -> Pixels:
        picture = disc(k) if k < 30 else 255 - disc(k, LANDSCAPE, (0.3, 0.4))
        picture[:40] = 0
        return picture

    seen = look(films.film(tmp_path / "a.mp4", (shots(k) for k in range(70)), rate=Fraction(24000, 1001)))
    assert len(seen.shots) == 2
    assert seen.picture[1] > 0
    assert seen.findings
    (tmp_path / "kept").mkdir()
    write(seen, tmp_path / "kept")
    again = read(tmp_path / "kept", seen.film.path)
    assert vars(again.film) == vars(seen.film)
    for name, value in vars(seen).items():
        if isinstance(value, np.ndarray):
            assert (value.dtype, value.shape) == (getattr(again, name).dtype, getattr(again, name).shape)
            assert (value == getattr(again, name)).all()
        elif name != "film":
            assert (value, type(value)) == (getattr(again, name), type(getattr(again, name)))
    stretch = choose(seen, 1.0)
    assert choose(again, 1.0) == stretch
    assert again.crops(stretch, 540, 540) == seen.crops(stretch, 540, 540)
    # The same content gives the same files, and is told of by the name that it has now.
    first = [(tmp_path / "kept" / name).read_bytes() for name in ("look.json", "look.npz")]
    write(again, tmp_path / "kept")
    assert [(tmp_path / "kept" / name).read_bytes() for name in ("look.json", "look.npz")] == first
    moved = seen.film.path.rename(tmp_path / "mug.mp4")
    assert [f.message for f in read(tmp_path / "kept", moved).findings] == [f.message for f in look(moved).findings]


# --- fitting the time


def test_plans() -> None:
    assert Plan.fitting(5.0, 4.0) == Plan(5.0, 1.0)
    assert Plan.fitting(4.0, 4.5).speed == pytest.approx(4 / 4.5)
    slow = Plan.fitting(4.0, 5.4)
    assert (slow.speed, slow.places(5.3)[0]) == (0.8, 4.0)  # and the last frame stands
    for length, seconds in ((1.0, 10.0), (2.0, 4.0), (3.0, 12.3)):
        plan = Plan.fitting(length, seconds)
        assert plan.period > 0
        assert 0.8 <= plan.speed <= 1.25
        assert all(0 <= plan.places(t)[0] <= length for t in np.arange(0, seconds, 0.03))


def test_a_short_video_repeats_without_a_jump(tmp_path: Path) -> None:
    """From light to lighter: at the seam the end fades into the beginning."""
    seen = look(films.film(tmp_path / "a.mp4", (grey(4 * k) for k in range(25)), quality=2))
    assert seen.seconds == pytest.approx(1.0, abs=0.03)
    stretch = choose(seen, 5.0)
    shown = [level(p) for p in played(seen, stretch, (320, 240), 5.0, (k / 30 for k in range(150)))]
    assert max(shown) >= 65
    assert max(abs(np.diff(shown))) < 30  # a plain jump would be 96
    assert sum(np.diff(shown) < 0) >= 15


# --- refused, warned of


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"no video at all", "can't be read as a video"), (b"\x89PNG\r\n\x1a\n" + bytes(60), "can't be read as a video")],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "mug.mp4").write_bytes(content)
    with pytest.raises(UserError, match=rf"mug\.mp4.*{says}"):
        look(tmp_path / "mug.mp4")


def test_a_playlist_opens_nothing(tmp_path: Path) -> None:
    films.film(tmp_path / "secret.ts", (disc(k) for k in range(30)))
    (tmp_path / "a.mp4").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{tmp_path}/secret.ts\n#EXT-X-ENDLIST\n", encoding="utf-8"
    )
    with pytest.raises(UserError, match=r"a\.mp4 can't be read"):
        look(tmp_path / "a.mp4")


def test_sound_without_a_picture_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        container.mux(stream.encode(tone(48000)))
        container.mux(stream.encode(None))
    with pytest.raises(UserError, match="has no picture"):
        look(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("frames", "says"),
    [([disc(0)] * 12, "0.5 s of picture"), ([disc(0, (320, 180))] * 30, "too small"), ([np.zeros((360, 640, 3), np.uint8)] * 30, "black")],
)
def test_what_cannot_be_shown_is_told(tmp_path: Path, frames: list[Pixels], says: str) -> None:
    with pytest.raises(UserError, match=rf"a\.mp4.*{says}"):
        look(films.film(tmp_path / "a.mp4", frames))


def test_a_file_cut_off_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    noise = [np.random.default_rng(k).integers(0, 255, (360, 640, 3), np.uint8) for k in range(6)]
    whole = films.film(tmp_path / "a.ts", (noise[k % 6] for k in range(75)), quality=30)
    data = bytearray(whole.read_bytes())
    (tmp_path / "b.ts").write_bytes(data[: len(data) * 2 // 3])
    seen = look(tmp_path / "b.ts")
    assert 1 < seen.seconds < 2.6
    assert len(played(seen, choose(seen, 1.5), (320, 180), 1.5, [0.0, 0.7, 1.4])) == 3


def test_an_upload_that_stopped_is_told(tmp_path: Path) -> None:
    whole = films.film(tmp_path / "a.mp4", (disc(k) for k in range(100)))
    fast = ["-i", str(whole), "-c", "copy", "-movflags", "faststart", str(tmp_path / "b.mp4")]
    subprocess.run([ffmpeg_exe(), "-loglevel", "error", *fast], check=True)
    for path in (whole, tmp_path / "b.mp4"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=r"a\.mp4 can't be read as a video: .*cut off"):  # its index would stand at the end
        look(tmp_path / "a.mp4")
    assert [f.check for f in look(tmp_path / "b.mp4").findings] == ["footage.size", "footage.damaged"]


def test_a_damaged_part_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"g": "10", "bf": "0", "preset": "ultrafast"}
        for k in range(100):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(k), format="rgb24")))
        container.mux(stream.encode(None))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 188 * 188
    data[middle : middle + len(data) // 10] = bytes(len(data) // 10)
    path.write_bytes(data)
    seen = look(path)
    assert seen.seconds == pytest.approx(4, abs=0.1)
    last = played(seen, Stretch(3.0, 3.9), (320, 240), 0.9, [0.0, 0.4, 0.8])
    assert [number(p) for p in last] == [75, 85, 95]


# --- sound


def tone(count: int) -> av.AudioFrame:
    samples = 0.5 * np.sin(2 * np.pi * 440 * np.arange(count) / 48000)
    frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
    frame.sample_rate = 48000
    return frame


def sounding(path: Path, begins: float) -> Path:
    """A video of 4 s with a tone that begins after a while."""
    with av.open(str(path), "w") as container:
        video, audio = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=48000, layout="mono")
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        for k in range(100):
            container.mux(video.encode(av.VideoFrame.from_ndarray(disc(k), format="rgb24")))
        samples = tone(4 * 48000).to_ndarray()
        samples[:, : int(begins * 48000)] = 0
        for at in range(0, samples.shape[1] - 1023, 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, at : at + 1024]), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48000, at
            container.mux(audio.encode(frame))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


def test_its_own_sound_becomes_a_quiet_bed(tmp_path: Path) -> None:
    path = sounding(tmp_path / "a.mp4", 2.0)
    assert look(path).sound
    bed = sound(path, 1.0, 2.5, 24000)
    assert len(bed) == 60000
    loud = np.flatnonzero(np.abs(bed) > 0.02)
    assert loud[0] / 24000 == pytest.approx(1.0, abs=0.03)  # in step with the picture
    assert abs(bed[-1]) < 0.01
    whole = sound(path, 2.2, 1.6, 48000)
    assert metering.measured(whole).integrated == pytest.approx(-24, abs=0.5)  # from both sides, as clips have it
    assert abs(whole[0]) < 0.01


def test_sound_whose_channels_or_rate_change_on_the_way_is_heard_to_its_end(tmp_path: Path) -> None:
    """As recordings of broadcasts do, where a film follows a spot."""
    path = sounding(tmp_path / "a.mp4", 0.0)
    parts = []
    for k, (channels, rate) in enumerate([(1, 48000), (2, 48000), (2, 44100)]):
        parts.append(tmp_path / f"{k}.ts")
        start = ["-ss", str(k), "-t", "1", "-i", str(path), "-output_ts_offset", str(k), "-g", "25"]
        words = [*start, "-c:v", "libx264", "-c:a", "mp2", "-ac", str(channels), "-ar", str(rate), str(parts[-1])]
        subprocess.run([ffmpeg_exe(), "-loglevel", "error", *words], check=True)
    whole = tmp_path / "b.ts"
    whole.write_bytes(b"".join(p.read_bytes() for p in parts))
    with av.open(str(whole)) as container:
        assert len({(f.layout.name, f.sample_rate) for f in container.decode(audio=0)}) == 3
    bed = sound(whole, 0.0, 2.8, 24000)
    for at in (0.5, 1.5, 2.5):
        assert np.abs(bed[round((at - 0.2) * 24000) : round((at + 0.2) * 24000)]).max() > 0.02


def test_sound_is_read_from_this_machines_disk_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened, options = sounding(tmp_path / "a.mp4", 0.0), av.open, list[dict[str, str]]()

    def noted(*args: Any, **more: Any) -> Any:
        options.append(more.get("options", {}))
        return opened(*args, **more)

    monkeypatch.setattr(av, "open", noted)
    assert sound(path, 0.0, 1.0, 24000).any()
    assert all(o.get("protocol_whitelist") == "file" and "format_whitelist" in o for o in options)


def test_the_voice_is_well_above_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    t = np.arange(2 * RATE) / RATE
    voice = 0.3 * np.sin(2 * np.pi * 300 * t) * (0.4 + 0.6 * np.sin(np.pi * 5 * t) ** 2)
    write_wav(tmp_path / "said.wav", voice.astype(np.float32))
    said_file: Any = SimpleNamespace(audio=tmp_path / "said.wav")
    spoken = Spoken(Line(role="feature", text="x", show="picture", feature=0), said_file, 0.8, 2.8)
    seen = look(sounding(tmp_path / "a.mp4", 0.0))
    job: Any = SimpleNamespace(
        timeline=Timeline((spoken,), 3.6, 30), script=SimpleNamespace(), pictures=[None], footage=[seen], music="none",
        intro=None, outro=None,
    )  # fmt: skip
    monkeypatch.setattr(mixing, "master", lambda mixed: mixed)
    job.footage_sound = False
    alone = render.mastered(job)
    job.footage_sound = True
    footage_alone = render.mastered(job) - alone
    said, beside = (metering.measured(s[round(0.8 * RATE) : round(2.8 * RATE)]).integrated for s in (alone, footage_alone))
    assert said - beside >= 12
    assert np.abs(footage_alone[round(0.3 * RATE) : round(0.6 * RATE)]).max() > 0.05  # before the voice begins, it is louder


def test_silence_where_there_is_no_sound(tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mp4", [disc(0)] * 30)
    assert not look(path).sound
    assert not sound(path, 0.0, 1.0, 48000).any()
    assert not sound(sounding(tmp_path / "b.mp4", 3.9), 0.0, 1.0, 48000).any()


# --- real ones, and long ones


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["latentsync_demo1.mp4", "grid_bbaf2n.mpg", "liveportrait_d13_selfie.mp4"])
def test_heads_are_not_cut_off(name: str) -> None:
    seen = look(films.real(name))
    stretch = choose(seen, 2.0)
    for box in ((1080, 1200), (540, 540), (1080, 790)):
        crop = seen.crop(stretch, *box)
        assert crop.window[1] <= 0.18  # above each one's hair
        assert len(played(seen, stretch, box, 2.0, [0.0, 1.0])) == 2


@pytest.mark.heavy
def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    """5 min of 1080p, looked through and played, in a process of its own."""
    ten = films.film(tmp_path / "ten.mp4", (disc(k, (1920, 1080)) for k in range(250)), quality=30)
    path = tmp_path / "a.mp4"
    loop = ["-stream_loop", "29", "-i", str(ten), "-c", "copy", str(path)]
    subprocess.run([ffmpeg_exe(), "-loglevel", "error", *loop], check=True)
    script = """
        import re, sys
        from pathlib import Path
        from localize.clip.canvas import Frame
        from localize.clip.footage import Stretch, look
        from localize.clip.reel import Reel
        # Not ru_maxrss, in which the process that started this one counts.
        most = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
        seen = look(Path(sys.argv[1]))
        assert seen.seconds > 299
        frame, reel = Frame(1080, 1920), Reel(seen, Stretch(0.0, 120.0), (0, 0, 1080, 1200), 120.0)
        for k in range(60):
            reel.draw(frame, k / 30)
        early = most()
        for k in range(60, 120 * 30, 3):
            reel.draw(frame, k / 30)
        print(early, most())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(path)], capture_output=True, text=True, check=True)
    early, late = map(int, done.stdout.split())
    assert early < 600
    assert late - early < 30
