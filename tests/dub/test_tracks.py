"""A dubbed file has its source's pictures, packet for packet, and the tracks that it is given."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from films import real
from sounds import heard, shifted, tune, video

from localize.dub.decoded import decoded
from localize.dub.splice import spliced
from localize.dub.tracks import Heard, Subtitles, can_be_copied, write
from localize.errors import UserError
from localize.film import Film, Turn
from localize.media.command import ffmpeg_exe
from localize.media.probing import probe

LINES = "1\n00:00:00,500 --> 00:00:01,000\nสวัสดี\n\n2\n00:00:01,500 --> 00:00:02,000\nMade with AI\n"


def pictures(path: Path) -> list[tuple[bytes, Fraction, Fraction, Fraction]]:
    """Each packet of the pictures: its bytes, when it is shown and decoded (s from the first one's), and its duration."""
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        assert stream is not None
        assert stream.time_base is not None
        packets = [p for p in container.demux(stream) if p.size]
        first, base = min(p.pts or 0 for p in packets), stream.time_base
        return [
            (bytes(p), ((p.pts or 0) - first) * base, ((p.dts or 0) - first) * base, round((p.duration or 0) * base * 1000))
            for p in packets
        ]


@pytest.mark.parametrize("words", [("-bf", "0"), ("-bf", "2"), ("-output_ts_offset", "1.5")], ids=["plain", "b-frames", "late"])
def test_pictures_are_the_same_packets_at_the_same_times(tmp_path: Path, words: tuple[str, ...]) -> None:
    source = video(tmp_path / "a.mp4", tune(3.0), after=words)
    assert can_be_copied(source) == ""
    write(tmp_path / "new.mp4", source, [Heard(source, "en")])
    assert pictures(tmp_path / "new.mp4") == pictures(source)
    facts = probe(tmp_path / "new.mp4")
    assert facts.index_first
    assert facts.video_start == 0
    assert abs(facts.duration - 3.0) <= 1 / 25


def test_the_last_picture_is_shown_where_the_source_tells_no_lengths(tmp_path: Path) -> None:
    source = video(tmp_path / "a.flv", tune(1.0), seconds=1.0, after=("-bf", "2"))
    write(tmp_path / "out.mp4", source)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [float(frame.time) for frame in container.decode(video=0)] == pytest.approx([k / 25 for k in range(25)], abs=0.001)


def test_pictures_that_are_not_shown_stay_so(tmp_path: Path) -> None:
    whole = video(tmp_path / "a.mp4", after=("-g", "100"))
    subprocess.run([ffmpeg_exe(), "-v", "error", "-ss", "1", "-i", str(whole), "-c", "copy", str(tmp_path / "cut.mp4")], check=True)
    write(tmp_path / "new.mp4", tmp_path / "cut.mp4")
    with av.open(str(tmp_path / "cut.mp4")) as old, av.open(str(tmp_path / "new.mp4")) as new:
        before, after = ([frame.to_ndarray()[:90] for frame in c.decode(video=0)] for c in (old, new))
    assert len(before) == len(after) == 50
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_a_turned_video_stays_turned(tmp_path: Path) -> None:
    plain = video(tmp_path / "a.mp4", seconds=1.0)
    turned = [ffmpeg_exe(), "-v", "error", "-display_rotation", "90", "-i", str(plain), "-c", "copy", str(tmp_path / "turned.mp4")]
    subprocess.run(turned, check=True)
    write(tmp_path / "new.mp4", tmp_path / "turned.mp4")
    assert Film(tmp_path / "new.mp4").turn == Film(tmp_path / "turned.mp4").turn != Turn()


def test_dubs_lie_in_one_file_with_their_languages_and_the_first_is_played(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mp4", tune(3.0))
    dub = video(tmp_path / "th.mp4", tune(3.0)[::-1].copy())
    (tmp_path / "th.srt").write_text(LINES, encoding="utf-8")
    sounds = [Heard(dub, "th", "ไทย", default=True), Heard(source, "en", "Original")]
    write(
        tmp_path / "new.mp4", source, sounds, [Subtitles(tmp_path / "th.srt", "th", "AI")], {"aigc": '{"Label":"1"}', "comment": "dubbed"}
    )
    with av.open(str(tmp_path / "new.mp4")) as container:
        tracks = [(s.type, s.metadata["language"], s.metadata["handler_name"]) for s in container.streams if s.type != "video"]
        assert tracks == [("audio", "tha", "ไทย"), ("audio", "eng", "Original"), ("subtitle", "tha", "AI")]
        assert [bool(s.disposition & av.stream.Disposition.default) for s in container.streams.audio] == [True, False]
        own = {k: v for k, v in container.metadata.items() if k not in ("major_brand", "minor_version", "compatible_brands")}
        assert own == {"aigc": '{"Label":"1"}', "comment": "dubbed"}
        texts = [(p.pts * p.time_base, bytes(p)[2:].decode()) for p in container.demux(container.streams.subtitles[0]) if p.size > 2]
    assert texts == [(Fraction(1, 2), "สวัสดี"), (Fraction(3, 2), "Made with AI")]
    assert (heard(tmp_path / "new.mp4", 0) == heard(dub)).all()
    assert (heard(tmp_path / "new.mp4", 1) == heard(source)).all()


def test_pictures_that_an_mp4_does_not_hold_are_told(tmp_path: Path) -> None:
    old = video(tmp_path / "a.mpg", seconds=1.0, pictures="mpeg1video")
    assert "mpeg1video" in can_be_copied(old)
    with pytest.raises(UserError, match="without encoding"):
        write(tmp_path / "new.mp4", old)
    assert "vp8" in can_be_copied(video(tmp_path / "a.webm", seconds=1.0, pictures="libvpx"))
    assert "broadcast" in can_be_copied(video(tmp_path / "a.ts", seconds=1.0))
    assert can_be_copied(video(tmp_path / "a.mkv", seconds=1.0)) == ""


def test_a_sound_that_an_mp4_can_not_hold_is_told(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mkv", tune(1.0), seconds=1.0, codec="wmav2")
    with pytest.raises(UserError, match="wmav2"):
        write(tmp_path / "new.mp4", source, [Heard(source, "en")])


@pytest.mark.parametrize("name", ["latentsync_demo1.mp4", "liveportrait_d13_selfie.mp4", "liveportrait_d6.mp4", "musetalk_sun.mp4"])
def test_real_videos_keep_their_packets_and_length(tmp_path: Path, name: str) -> None:
    source = real(name)
    write(tmp_path / "new.mp4", source, [Heard(source, "en")] if probe(source).audio_codec else [])
    assert pictures(tmp_path / "new.mp4") == pictures(source)
    assert abs(probe(tmp_path / "new.mp4").duration - probe(source).duration) < 0.02


def test_a_sound_that_starts_late_does_so_to_the_sample(tmp_path: Path) -> None:
    source = shifted(video(tmp_path / "a.mp4", tune(2.0)), tmp_path / "late.mp4", 0.4)
    sound = decoded(source)
    assert sound is not None
    spliced(source, 0, sound.samples, [], tmp_path / "sound.mp4", rate=sound.rate, layout=sound.layout)
    write(tmp_path / "new.mp4", source, [Heard(tmp_path / "sound.mp4", "th", default=True)])
    again = decoded(tmp_path / "new.mp4")
    assert again is not None
    assert np.array_equal(again.samples, sound.samples)
