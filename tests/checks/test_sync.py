"""A mouth made to a sound: its offset is found to parts of a frame, whatever was shifted; chance and silence are not believed."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import films
import numpy as np
import pytest

from localize.assets import ASSETS
from localize.avatar import DrawnAvatar
from localize.checks import sync
from localize.checks.sync import RATE, Curve, Lips, compare, level, lips, measure
from localize.domain import Performance
from localize.errors import NotReady, UserError
from localize.media import pcm

GRID = Path(__file__).resolve().parents[3] / "shared" / "testdata" / "talking_head"


def talk(seconds: float = 4.0, seed: int = 1) -> tuple[pcm.Samples, Curve]:
    """A voice [n] at RATE and how far its mouth is open at each sample, 0..1: syllables of uneven length and loudness."""
    chance = np.random.default_rng(seed)
    openness = np.zeros(round(seconds * RATE))
    at = 0.3
    while at < seconds - 0.5:
        length = chance.uniform(0.12, 0.3)
        first, last = round(at * RATE), round((at + length) * RATE)
        openness[first:last] = np.sin(np.pi * np.linspace(0, 1, last - first)) * chance.uniform(0.4, 1)
        at += length + chance.choice([0.0, 0.04, 0.25], p=[0.5, 0.3, 0.2])
    return (chance.standard_normal(len(openness)) * 0.2 * openness**2).astype(np.float32), openness


def shifted(sound: pcm.Samples, seconds: float) -> pcm.Samples:
    """The sound later by so much (earlier below 0), as long as it was."""
    by = round(seconds * RATE)
    return np.concatenate([np.zeros(max(0, by), np.float32), sound[max(0, -by) :]])[: len(sound)].astype(np.float32)


def seen(openness: Curve, fps: float) -> Lips:
    frames = np.arange(int(len(openness) / RATE * fps)) / fps
    return Lips((openness[np.round(frames * RATE).astype(int)],), fps)


@pytest.mark.parametrize("fps", [25.0, 29.97])
@pytest.mark.parametrize("frames", [0, 2, -2, 4.5, -8])
def test_offset_is_found(fps: float, frames: float) -> None:
    sound, openness = talk()
    found = compare(seen(openness, fps), shifted(sound, frames / fps), RATE)
    assert found.offset == pytest.approx(frames, abs=0.35)
    assert found.sure


def test_two_views_of_a_mouth_count_alike_in_any_unit() -> None:
    sound, openness = talk()
    one = seen(openness, 25)
    two = Lips((one.openings[0] * 500 + 20, one.openings[0]), 25)
    assert compare(two, sound, RATE).offset == pytest.approx(compare(one, sound, RATE).offset, abs=1e-6)


def test_start_of_the_picture_counts() -> None:
    sound, openness = talk()
    late = shifted(sound, 0.2)
    assert compare(Lips(seen(openness, 25).openings, 25, start=0.2), late, RATE).offset == pytest.approx(0, abs=0.35)


def test_another_sound_is_not_believed() -> None:
    sure = [compare(seen(talk(seed=n)[1], 25), talk(seed=n + 100)[0], RATE).sure for n in range(20)]
    assert sum(sure) <= 2


def test_silence_and_a_still_mouth_are_not_believed() -> None:
    sound, openness = talk()
    assert not compare(seen(openness, 25), np.zeros_like(sound), RATE).sure
    assert not compare(Lips((np.zeros(100),), 25), sound, RATE).sure


def test_too_short_is_said() -> None:
    sound, _ = talk()
    with pytest.raises(UserError, match="a second"):
        compare(Lips((np.zeros(20),), 25), sound, RATE)


def test_level_is_of_the_voice_around_a_moment() -> None:
    t = np.arange(RATE) / RATE
    tone = (np.sin(2 * np.pi * 1500 * t) * (t > 0.5)).astype(np.float32)
    assert level(tone, RATE, np.array([-0.2, 0.2, 0.7, 0.9, 3.0])).round(1).tolist() == [-35, -35, 0, 0, -35]


def film(path: Path, openness: Curve, fps: int = 25) -> None:
    """A still of a drawn host's head that sways a little, with a mouth painted where a person has it, as open as asked."""
    still = DrawnAvatar.load(ASSETS / "avatars" / "mali").frame(Performance(duration=1, mouths=()), 0)
    head = still.rgba[:460, :, :3].astype(int) + (255 - still.rgba[:460, :, 3:].astype(int)) * 3 // 4
    picture = head.clip(0, 255).astype(np.uint8)
    finder = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"))
    x, y, w, h = max(finder.detectMultiScale(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 1.1, 4, minSize=(80, 80)), key=lambda b: b[2])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = picture.shape[1] // 2 * 2, picture.shape[0] // 2 * 2, "yuv420p"
        for k in range(int(len(openness) / RATE * fps)):
            drawn = picture.copy()
            open_by = openness[round(k / fps * RATE)]
            middle, tall = (x + w // 2, round(y + h * (0.78 + 0.03 * open_by))), max(1, round(h * 0.07 * open_by))
            cv2.ellipse(drawn, middle, (w // 8, tall + 6), 0, 0, 360, (200, 90, 90), -1)
            cv2.ellipse(drawn, middle, (w // 9, tall), 0, 0, 360, (60, 10, 20), -1)
            drawn = np.roll(drawn, round(4 * np.sin(k / 9)), axis=1)[: stream.height, : stream.width]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(drawn), format="rgb24")))
        container.mux(stream.encode(None))


@pytest.mark.heavy
def test_from_pixels(tmp_path: Path) -> None:
    sound, openness = talk(3.0)
    film(tmp_path / "talks.mp4", openness)
    pcm.write_wav(tmp_path / "late.wav", shifted(sound, 3 / 25), RATE)
    found = measure(tmp_path / "talks.mp4", tmp_path / "late.wav")
    assert found.offset == pytest.approx(3, abs=0.7)
    assert found.sure


def test_without_the_cascade_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = films.film(tmp_path / "a.mp4", [np.zeros((64, 64, 3), np.uint8)] * 3)
    monkeypatch.setattr(sync, "CASCADE", "gone.xml")
    with pytest.raises(NotReady, match=r"has no gone\.xml\. pip install 'opencv-python-headless<5'"):
        lips(video)


def test_a_title_in_any_encoding_is_no_hindrance(tmp_path: Path) -> None:
    video = films.film(tmp_path / "a.mp4", [np.full((240, 320, 3), 120, np.uint8)] * 5)
    with pytest.raises(UserError, match="no face is seen"):
        lips(films.titled(video, tmp_path / "b.mp4"))


def test_without_a_face_it_says_so(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "grey.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((240, 320, 3), 120, np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(UserError, match="no face"):
        lips(tmp_path / "grey.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(UserError, match="can't be read"):
        lips(tmp_path / "text.mp4")


@pytest.mark.skipif(not GRID.is_dir(), reason="needs ../shared/testdata/talking_head")
def test_people_who_speak_in_sync() -> None:
    video = next(iter(sorted(GRID.glob("grid_*"))))
    found = measure(video)
    assert abs(found.offset) <= 1
    assert found.sure
