"""A dub's file, of videos as phones, cameras and programs make them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from dubs import TALK, asked, dubbed, level, packets
from films import real, turned
from sounds import heard, likeness, outside, shifted, tune, video

from localize.domain import Clip
from localize.dub import assemble, tracks
from localize.dub.picture import Shape
from localize.errors import UserError
from localize.media.command import ffmpeg_exe
from localize.store import LocalStore

SECONDS = 5.0
RATE = 44_100


def told(clip: Clip) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(clip.sidecar).read_text())
    return found


def remuxed(source: Path, out: Path, *words: str) -> Path:
    subprocess.run([ffmpeg_exe(), "-v", "error", "-i", str(source), *words, "-c", "copy", str(out)], check=True)
    return out


@pytest.fixture(scope="module")
def lamp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return video(tmp_path_factory.mktemp("lamp") / "lamp.mp4", tune(SECONDS), seconds=SECONDS)


@pytest.fixture
def own(lamp: Path, tmp_path: Path) -> Path:
    (tmp_path / "lamp.mp4").symlink_to(lamp)
    return tmp_path / "lamp.mp4"


# ---- sound


def test_where_nobody_speaks_the_sound_is_the_sources_bit_for_bit(own: Path, store: LocalStore) -> None:
    clip, *_ = dubbed(asked(own), store)
    before, after = heard(own), heard(Path(clip.video))
    free = outside(min(len(before), len(after)), told(clip)["touched"], RATE)
    assert free.sum() > RATE / 2
    assert np.array_equal(before[: len(free)][free], after[: len(free)][free])


@pytest.mark.parametrize(("sound", "quieter"), [("ducked", 12.0), ("muted", 60.0)])
def test_under_the_dub_the_source_is_lowered_or_silent(own: Path, store: LocalStore, sound: str, quieter: float) -> None:
    """What is left of it is heard where the source speaks and its translation is over already."""
    clip, *_ = dubbed(asked(own, [(0.4, 3.9, TALK[0][2])], dub={"sound": sound}), store)
    end = told(clip)["cues"][0]["end"]
    assert end < 3.0
    before, after = (level(heard(path), RATE, end + 0.2, 3.6) for path in (own, Path(clip.video)))
    assert before - after > quieter


def test_a_silent_video_is_given_a_voice_over_and_music(tmp_path: Path, store: LocalStore) -> None:
    hands = video(tmp_path / "hands.mp4", seconds=SECONDS)
    clip, *_ = dubbed(asked(hands, dub={"sound": "auto"}), store)
    assert not clip.stopped
    assert packets(Path(clip.video)) == packets(hands)
    mixed = heard(Path(clip.video))
    assert len(mixed) / 48_000 == pytest.approx(SECONDS, abs=0.05)
    assert level(mixed, 48_000, 4.5, 4.9) > -60  # where nobody speaks
    assert [i["kind"] for i in told(clip)["disclosure"]["ingredients"]].count("music") == 1


def test_where_the_campaign_wants_no_music_there_is_none(tmp_path: Path, store: LocalStore) -> None:
    hands = video(tmp_path / "hands.mp4", seconds=SECONDS)
    clip, *_ = dubbed(asked(hands, dub={"sound": "auto"}, video={"music": "none"}), store)
    end = told(clip)["cues"][-1]["end"]
    assert level(heard(Path(clip.video)), 48_000, end + 0.2, 4.9) < -80


def test_the_second_sound_track_may_be_the_one_that_is_spoken(lamp: Path, tmp_path: Path, store: LocalStore) -> None:
    other = video(tmp_path / "other.mp4", tune(SECONDS)[::-1].copy(), seconds=SECONDS)
    both = tmp_path / "both.mp4"
    words = ["-i", str(lamp), "-i", str(other), "-map", "0:v", "-map", "0:a", "-map", "1:a", "-c", "copy", str(both)]
    subprocess.run([ffmpeg_exe(), "-v", "error", *words], check=True)
    clip, *_ = dubbed(asked(both, dub={"track": 2}), store)
    after = heard(Path(clip.video))
    for source, alike in ((other, True), (lamp, False)):
        before = heard(source)
        free = outside(min(len(before), len(after)), told(clip)["touched"], RATE)
        assert (likeness(after[: len(free)][free], before[: len(free)][free]) > 60) == alike


@pytest.mark.heavy
def test_of_surround_sound_the_middle_speaks_and_the_rest_stays(tmp_path: Path, store: LocalStore) -> None:
    six = np.repeat(tune(SECONDS)[:, :1], 6, axis=1) * np.float32(0.5)
    cinema = video(tmp_path / "cinema.mp4", six, seconds=SECONDS, bits="384k", after=("-aac_pns", "0"))
    clip, *_ = dubbed(asked(cinema, dub={"sound": "muted"}), store)
    after, (cue, _) = heard(Path(clip.video)), told(clip)["cues"]
    assert after.shape[1] == 6
    loud = [level(after[:, k], RATE, cue["start"], cue["end"]) for k in range(6)]
    assert loud[2] > -40
    assert max(loud[:2] + loud[3:]) < -60
    free = outside(len(after), told(clip)["touched"], RATE)
    assert np.array_equal(heard(cinema)[: len(after)][free], after[free])


@pytest.mark.parametrize(("lossless", "severity"), [(True, "warn"), (False, "info")])
def test_channels_that_a_dub_has_no_place_for_are_told(tmp_path: Path, store: LocalStore, lossless: bool, severity: str) -> None:
    cinema = tmp_path / "cinema.mkv"
    sounds = ["-f", "lavfi", "-i", f"anoisesrc=d={SECONDS}:r=48000:a=0.1,pan=7.1|{'|'.join(f'c{k}=c0' for k in range(8))}"]
    pictures = ["-f", "lavfi", "-i", f"testsrc2=s=90x160:r=25:d={SECONDS}"]
    subprocess.run([ffmpeg_exe(), "-v", "error", *pictures, *sounds, "-c:v", "libx264", "-c:a", "flac", str(cinema)], check=True)
    clip, *_ = dubbed(asked(cinema, dub={"lossless": lossless}), store)
    (finding,) = (one for one in clip.findings if one.check == "sound")
    assert (finding.severity, finding.evidence) == (severity, {"change": "7.1 to 5.1"})
    assert "The sound of cinema.mkv was brought from 7.1 to 5.1" in finding.message
    assert ("is not exact where nobody speaks" in finding.message) == lossless
    assert heard(Path(clip.video)).shape[1] == 6


def test_a_sound_that_goes_on_behind_the_picture_stops_nothing(tmp_path: Path, store: LocalStore) -> None:
    long = video(tmp_path / "long.mp4", tune(SECONDS + 1.5), seconds=SECONDS)
    clip, *_ = dubbed(asked(long), store)
    assert not clip.stopped
    assert clip.duration == pytest.approx(SECONDS, abs=0.04)


# ---- times and shapes


@pytest.mark.parametrize("late", [0.5, -0.3])
def test_what_a_file_begins_with_moves_no_sentence(lamp: Path, tmp_path: Path, store: LocalStore, late: float) -> None:
    """The picture begins later in the file than the sound, or the sound than the picture: times count from the first picture."""
    moved = shifted(lamp, tmp_path / "moved.mp4", late)
    clip, *_ = dubbed(asked(moved), store)
    cues, after = told(clip)["cues"], heard(Path(clip.video))
    assert not clip.stopped
    assert [cue["start"] for cue in cues] == pytest.approx([0.4, 2.3], abs=0.3)
    assert packets(Path(clip.video)) == packets(moved)
    with av.open(clip.video) as container:
        assert float(next(container.decode(video=0)).time) == pytest.approx(0, abs=0.001)
    assert len(after) / RATE > SECONDS - 0.6


def test_a_phones_upright_video_stays_upright_and_so_does_its_cover(own: Path, tmp_path: Path, store: LocalStore) -> None:
    phone = tmp_path / "phone" / "phone.mp4"
    phone.parent.mkdir()
    phone.write_bytes(own.read_bytes())
    turned(phone, (0, 1, -1, 0))
    clip, *_ = dubbed(asked(phone), store)
    shape = Shape.of(Path(clip.video))
    assert (shape.width, shape.height) == (90, 160)
    assert cv2.imread(clip.cover).shape[:2] == (160, 90)


def test_a_picture_that_no_phone_plays_is_encoded_and_told_of(tmp_path: Path, store: LocalStore) -> None:
    old = video(tmp_path / "old.mpg", tune(SECONDS), seconds=SECONDS, codec="mp2", pictures="mpeg1video")
    clip, *_ = dubbed(asked(old), store)
    assert not clip.stopped
    assert (told(clip)["picture"], told(clip)["label"]) == ("encoded", "burned")
    said = " ".join(f.message for f in clip.findings)
    assert "The picture of old.mpg was encoded anew: its pictures are mpeg1video" in said
    assert "the sound of old.mpg was encoded anew, as it is mp2" in said


def test_a_file_that_does_not_say_which_channel_is_where_is_dubbed(tmp_path: Path, store: LocalStore) -> None:
    old = video(tmp_path / "old.wmv", tune(SECONDS), seconds=SECONDS, codec="wmav2", pictures="wmv2")
    clip, *_ = dubbed(asked(old), store)
    assert not clip.stopped
    assert heard(Path(clip.video)).shape[1] == 2


@pytest.mark.parametrize("name", ["old.mpg", "camera.ts"])
def test_the_sources_sound_keeps_its_time_where_the_picture_is_encoded(tmp_path: Path, store: LocalStore, name: str) -> None:
    how = {"codec": "mp2", "pictures": "mpeg1video"} if name == "old.mpg" else {}
    source = video(tmp_path / name, tune(SECONDS), seconds=SECONDS, **how)  # whose clocks begin with half a second or more
    clip, *_ = dubbed(asked(source, dub={"original": True}), store)
    with av.open(clip.video) as container:
        dub, original = container.streams.audio
        assert float(original.start_time * original.time_base) == pytest.approx(float(dub.start_time * dub.time_base), abs=0.08)


def test_a_track_that_an_mp4_cannot_hold_is_refused_with_a_way_out(tmp_path: Path, store: LocalStore) -> None:
    old = video(tmp_path / "old.wmv", tune(SECONDS), seconds=SECONDS, codec="wmav2", pictures="wmv2")
    with pytest.raises(UserError, match=r"old\.wmv: the source's sound can't be kept as a track, as an MP4 can't hold wmav2: leave"):
        dubbed(asked(old, dub={"original": True}), store)


def test_the_label_of_an_hour_is_one_that_an_mp4_takes(own: Path, tmp_path: Path) -> None:
    (tmp_path / "label.srt").write_text(assemble.label_track("AI", 3600.5), encoding="utf-8")
    tracks.write(tmp_path / "out.mp4", own, (), [tracks.Subtitles(tmp_path / "label.srt", "th")])
    assert sum(b"AI" in packet for packet in packets(tmp_path / "out.mp4", "subtitles")) == 61


# ---- what is burned in


@pytest.mark.heavy
@pytest.mark.parametrize("captions", ["burned", "cover"])
def test_burned_captions_cost_one_encode_with_a_label_that_can_be_read(tmp_path: Path, store: LocalStore, captions: str) -> None:
    large = tmp_path / "large.mp4"
    remuxed(video(tmp_path / "small.mp4", tune(SECONDS), seconds=SECONDS), large)
    clip, *_ = dubbed(asked(large, dub={"captions": captions}), store)
    assert not clip.stopped
    assert (told(clip)["picture"], told(clip)["label"]) == ("encoded", "burned")
    before, after = Shape.of(large), Shape.of(Path(clip.video))
    assert (after.count, after.rate, after.width) == (before.count, before.rate, before.width)
    with av.open(clip.video) as container:
        assert not container.streams.subtitles  # all of it is in the picture


def test_captions_can_be_left_out(own: Path, store: LocalStore) -> None:
    clip, *_ = dubbed(asked(own, dub={"captions": "none"}), store)
    with av.open(clip.video) as container:
        assert len(container.streams.subtitles) == 1  # the label's
    assert Path(clip.captions).is_file()  # beside it they are all the same


# ---- real ones


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "picture"), [("latentsync_demo1.mp4", "copied"), ("liveportrait_d6.mp4", "copied"), ("grid_bbaf2n.mpg", "encoded")]
)
def test_real_videos_are_dubbed(tmp_path: Path, store: LocalStore, name: str, picture: str) -> None:
    path = tmp_path / name
    path.symlink_to(real(name))
    clip, *_ = dubbed(asked(path, [(0.3, 2.0, TALK[0][2])], dub={"lipsync": "none", "sound": "auto"}), store)
    assert not clip.stopped
    assert told(clip)["picture"] == picture
    assert abs(clip.duration - Shape.of(path).seconds) < 0.04
