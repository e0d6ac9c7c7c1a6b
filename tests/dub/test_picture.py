"""A dub's picture is encoded once: upright, in right colours, at the video's own rate and length, with the AI label in it."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import films
import numpy as np
import pytest

from localize.checks import clips
from localize.clip.canvas import Frame
from localize.dub.picture import Label, Painter, Rendered, Shape, paced, render
from localize.media import probing
from localize.media.command import ffmpeg_exe
from localize.pixels import Pixels

SIZE = (160, 90)
CHART = [(255, 255, 255), (200, 30, 30), (30, 180, 40), (30, 40, 200), (220, 200, 40), (40, 200, 210), (128, 128, 128), (16, 16, 16)]


def made(path: Path, *words: str, source: str = "testsrc2=s=160x90:r=25:d=2") -> Path:
    command = [ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "lavfi", "-i", source, *words, str(path)]
    subprocess.run(command, check=True)
    return path


def encoded(video: Path, out: Path, *painters: Painter, hold: float = 0.0, language: str = "th") -> Rendered:
    shape = Shape.of(video)
    return render(shape, out, language, painters, encoding=shape.encoding(crf=10, preset="ultrafast"), hold=hold)


def decoded(path: Path) -> list[tuple[float, Pixels]]:
    with av.open(str(path)) as container:
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def grey(level: int) -> Pixels:
    return np.full((SIZE[1], SIZE[0], 3), level, np.uint8)


def level(picture: Pixels) -> float:
    """Of the lower right, where the label is not."""
    return float(picture[60:, 100:].mean())


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "25/2", "25", "60000/1001", "120"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_odd_frame_rates_are_kept_exactly(tmp_path: Path, rate: str, name: str) -> None:
    video = made(tmp_path / name, "-preset", "ultrafast", source=f"testsrc2=s=160x90:r={rate}:d=3")
    done = encoded(video, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(rate)
    assert done.frames == len(decoded(video)) == len(decoded(tmp_path / "out.mp4"))
    assert not done.findings


def test_a_rate_is_told_from_the_times_even_where_frames_are_missing() -> None:
    ntsc = np.arange(3000) * 1001 / 30000
    assert paced(np.round(ntsc, 3), Fraction(2997, 100)) == (Fraction(30000, 1001), True)
    assert paced(np.delete(ntsc, [5, 6, 900]), Fraction(2990, 100)) == (Fraction(30000, 1001), True)
    assert paced(np.arange(10) * 2.0, Fraction(1, 2)) == (Fraction(12), True)  # slides: captions need frames
    uneven = np.cumsum(np.random.default_rng(0).uniform(0.025, 0.042, 300))
    assert paced(uneven - uneven[0], Fraction(2957, 100))[1] is False
    assert paced(np.arange(50) / 90.3 + np.linspace(0, 0.3, 50) ** 2, None)[0] == 60  # none is faster than 60, but its own


def test_frames_that_come_unevenly_keep_their_times(tmp_path: Path) -> None:
    times = [0.0, 0.031, 0.066, 0.5, 0.533, 0.58, 0.61, 1.2, 1.235, 1.27, 1.3]
    levels = [20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 220]
    video = films.film(tmp_path / "a.mp4", map(grey, levels), rate=Fraction(30), times=times.__getitem__)
    done = encoded(video, tmp_path / "out.mp4")
    assert [f.check for f in done.findings] == ["picture.rate"]
    shown = decoded(tmp_path / "out.mp4")
    for time, own in zip(times, levels, strict=True):
        first = next((t for t, picture in shown if abs(level(picture) - own) < 8), None)
        assert first is not None
        assert abs(first - time) <= 1 / 30


def test_a_phones_rotation_is_baked_in(tmp_path: Path) -> None:
    picture = grey(40)
    picture[:, :80] = 220
    video = films.turned(films.film(tmp_path / "a.mp4", [picture] * 10), (0, 1, -1, 0))  # a quarter turn to the right
    encoded(video, tmp_path / "out.mp4")
    (_, shown), *_ = decoded(tmp_path / "out.mp4")
    assert shown.shape == (160, 90, 3)
    assert shown[40:80].mean() > 150 > 60 > shown[90:].mean()
    assert not any(f.rotation for f in av.open(str(tmp_path / "out.mp4")).decode(video=0))


def test_pixels_become_square_and_sides_even(tmp_path: Path) -> None:
    wide = made(tmp_path / "a.mp4", "-vf", "setsar=4/3", source="testsrc2=s=120x90:r=25:d=1")
    assert (Shape.of(wide).width, Shape.of(wide).height) == SIZE
    odd = made(tmp_path / "b.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv444p", source="testsrc2=s=161x91:r=25:d=1")
    encoded(odd, tmp_path / "out.mp4")
    assert decoded(tmp_path / "out.mp4")[0][1].shape == (90, 160, 3)


# A file's own matrix and range: what is seen is the same chart.
@pytest.mark.parametrize(
    ("matrix", "limits", "pixels"),
    [("bt709", "tv", "yuv420p"), ("smpte170m", "tv", "yuv420p"), ("smpte170m", "pc", "yuvj420p"), ("bt709", "tv", "yuv422p"),
     ("bt709", "pc", "yuv444p"), ("bt709", "tv", "yuv420p10le")],
)  # fmt: skip
def test_colours_are_the_same_whatever_the_file_holds(tmp_path: Path, matrix: str, limits: str, pixels: str) -> None:
    chart = np.repeat(np.array(CHART, np.uint8)[None], 96, axis=0).repeat(40, axis=1)
    raw = tmp_path / "chart.rgb"
    raw.write_bytes(chart.tobytes() * 5)
    how = f"scale=out_color_matrix={matrix}:out_range={limits},format={pixels}"
    named = ["-colorspace", matrix, "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", limits]
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "320x96", "-r", "25", "-i", str(raw)]
    command = [ffmpeg_exe(), "-loglevel", "error", *source, "-vf", how, *named, "-c:v", "ffv1", str(tmp_path / "a.mkv")]
    subprocess.run(command, check=True)
    encoded(tmp_path / "a.mkv", tmp_path / "out.mp4")
    assert probing.probe(tmp_path / "out.mp4").colours == 1
    with av.open(str(tmp_path / "out.mp4")) as container:
        frame = next(container.decode(video=0))
        assert int(frame.color_range) == 1
        planes = [np.frombuffer(p, np.uint8).reshape(-1, p.line_size) for p in frame.planes]  # type: ignore[call-overload]
    shown = Frame(320, 96)
    for own, plane in zip((shown.y, shown.u, shown.v), planes, strict=True):
        own[:] = plane[: own.shape[0], : own.shape[1]]
    for k, colour in enumerate(CHART):
        assert (
            np.abs(shown.rgb()[60:90, 40 * k + 10 : 40 * k + 30].reshape(-1, 3).mean(axis=0) - colour).max() < 7
        )  # another matrix would be 20 off


def test_interlaced_frames_become_whole(tmp_path: Path) -> None:
    woven = ["-vf", "tinterlace=interleave_top,setfield=tff", "-flags", "+ilme+ildct", "-c:v", "mpeg2video", "-q:v", "2"]
    video = made(tmp_path / "a.mpg", *woven, source="testsrc2=s=160x96:r=50:d=2")
    done = encoded(video, tmp_path / "out.mp4")
    assert [f.check for f in done.findings] == ["picture.interlaced"]
    assert done.frames == 50
    assert not any(f.interlaced_frame for f in av.open(str(tmp_path / "out.mp4")).decode(video=0))


def test_the_last_frame_is_held(tmp_path: Path) -> None:
    video = films.film(tmp_path / "a.mp4", [grey(60)] * 24 + [grey(200)])
    done = encoded(video, tmp_path / "out.mp4", hold=1.0)
    assert (done.frames, done.seconds) == (50, 2.0)
    assert [round(level(picture) / 20) * 20 for _, picture in decoded(tmp_path / "out.mp4")] == [60] * 24 + [200] * 26


def test_a_video_that_is_cut_off_keeps_its_length_and_it_is_told(tmp_path: Path) -> None:
    video = made(tmp_path / "a.mp4", "-g", "10", "-movflags", "+faststart", "-preset", "ultrafast")
    data = video.read_bytes()
    at = data.index(b"mdat") + len(data) // 2
    video.write_bytes(data[:at] + b"\xff" * 600 + data[at + 600 :])
    done = encoded(video, tmp_path / "out.mp4")
    assert done.frames == 50 == len(decoded(tmp_path / "out.mp4"))
    cut = made(tmp_path / "b.ts", "-g", "10", "-preset", "ultrafast")
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 2 // 3])
    assert encoded(cut, tmp_path / "out.mp4").frames == len(decoded(tmp_path / "out.mp4"))


class Mark:
    """Draws each frame's time as a level."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def draw(self, frame: Frame, t: float) -> None:
        self.times.append(t)
        frame.y[60:, 100:] = 20 + round(80 * t)


def test_painters_are_asked_for_every_frame_in_order(tmp_path: Path) -> None:
    video = made(tmp_path / "a.mp4", "-preset", "ultrafast", source="testsrc2=s=160x90:r=30000/1001:d=1")
    mark = Mark()
    encoded(video, tmp_path / "out.mp4", mark, hold=0.5)
    assert mark.times == pytest.approx([k * 1001 / 30000 for k in range(45)])


@pytest.mark.parametrize("size", [(1080, 1920), (720, 1280), (608, 1080), (1920, 1080), (854, 480), (720, 720), (640, 800), (160, 90)])
@pytest.mark.parametrize("language", ["zh", "th", "vi", "id"])
def test_the_label_is_as_high_as_the_rule_asks_in_every_frame(size: tuple[int, int], language: str) -> None:
    label = Label.of(language, *size)
    assert label.glyph >= 0.05 * min(size)
    assert label.glyph * 1080 // min(size) >= clips.LABEL_GLYPH
    left, top, right, bottom = label.box
    assert left >= 0 <= top
    assert right <= size[0]
    assert bottom <= size[1] / 2


def test_the_label_is_read_in_the_first_frame(tmp_path: Path) -> None:
    video = made(tmp_path / "a.mp4", "-preset", "ultrafast", source="testsrc2=s=360x640:r=25:d=1")
    label = encoded(video, tmp_path / "out.mp4").label
    expected = clips.Expected(360, 640, 25, 1.0, 1.0, (0, 0, 360, 640), {"label": label.box}, (), label.rgba, label.glyph * 3, pictures=1)
    assert "label" not in {f.check for f in clips.check(tmp_path / "out.mp4", expected)}
    assert "label" in {f.check for f in clips.check(video, expected)}
