"""What the checks of a finished dub find."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sounds import tune, video, voice

from localize.domain import Finding
from localize.dub import Cue, checks, tracks
from localize.dub.checks import Expected
from localize.dub.picture import Label, Shape, render

SECONDS = 3.0
WANT = Expected(SECONDS, 0.04, (Cue(text="a", start=0.5, end=1.4), Cue(text="b", start=1.8, end=2.6)), None)
INDEX_FIRST = ("-movflags", "+faststart")


def blocking(found: list[Finding]) -> list[str]:
    return [f.message for f in found if f.severity == "block"]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return video(tmp_path_factory.mktemp("good") / "good.mp4", tune(SECONDS), after=INDEX_FIRST)


def test_a_good_dub_has_no_findings(good: Path) -> None:
    assert checks.check(good, WANT) == []


def test_a_sentence_that_cannot_be_heard_is_named(tmp_path: Path) -> None:
    spoken = np.zeros(round(SECONDS * 48_000), np.float32)
    spoken[24_000 : 24_000 + 43_200] = voice(0.9)
    half = video(tmp_path / "half.mp4", np.repeat(spoken[:, None], 2, axis=1), rate=48_000, after=INDEX_FIRST)
    assert blocking(checks.check(half, WANT)) == ["Sentence 2 can't be heard (1.8-2.6 s)."]


def test_a_file_without_sound_says_nothing(tmp_path: Path) -> None:
    mute = video(tmp_path / "mute.mp4", after=INDEX_FIRST)
    assert blocking(checks.check(mute, WANT)) == ["Sentence 1 can't be heard (0.5-1.4 s).", "Sentence 2 can't be heard (1.8-2.6 s)."]


def test_a_picture_that_is_cut_off_or_goes_on_is_found_and_one_frame_is_not(good: Path) -> None:
    assert blocking(checks.check(good, replace(WANT, duration=SECONDS + 0.2))) == ["The picture lasts 3.00 s, the video 3.20 s."]
    assert not checks.check(good, replace(WANT, duration=SECONDS + 0.04))


def test_an_uneven_picture_that_was_copied_ends_with_the_source_s_last_frame(tmp_path: Path) -> None:
    uneven = ("-vf", "select='not(mod(n\\,9))+eq(mod(n\\,9)\\,2)'", "-fps_mode", "vfr", "-bf", "3")
    source, out = Shape.of(video(tmp_path / "a.mkv", tune(SECONDS), after=uneven)), tmp_path / "out.mp4"
    tracks.write(out, source.film.path, [tracks.Heard(source.film.path, "th")])
    assert abs(Shape.of(out).seconds - source.seconds) > 0.1, "the one file does not tell what the other does"
    want = replace(WANT, duration=source.seconds, frame=float(1 / source.rate), last=source.last)
    assert blocking(checks.check(out, want)) == []
    assert blocking(checks.check(out, replace(want, last=source.last + 0.2))) == [
        f"The picture's last frame is at {source.last:.2f} s, the video's at {source.last + 0.2:.2f} s."
    ]


def test_a_file_that_plays_late_or_not_everywhere_is_told_of(tmp_path: Path) -> None:
    late = video(tmp_path / "late.mp4", tune(SECONDS))
    assert "its end" in blocking(checks.check(late, WANT))[0]
    odd = video(tmp_path / "odd.mp4", tune(SECONDS), pictures="mpeg4", after=INDEX_FIRST)
    (found,) = checks.check(odd, WANT)
    assert (found.severity, found.evidence) == ("warn", {"codec": "mpeg4"})


def test_a_sound_that_clips_is_told_of(tmp_path: Path) -> None:
    loud = video(tmp_path / "loud.mp4", np.clip(tune(SECONDS) * 20, -1, 1), after=INDEX_FIRST)
    assert [f.check for f in checks.check(loud, WANT)] == ["clipping"]


@pytest.mark.heavy
def test_a_label_that_was_not_burned_in_is_missed(good: Path, tmp_path: Path) -> None:
    shape = Shape.of(good)
    rendered = render(shape, tmp_path / "picture.mp4", "th")
    tracks.write(tmp_path / "labelled.mp4", tmp_path / "picture.mp4", [tracks.Heard(good, "th", default=True)], [], {})
    want = replace(WANT, label=Label.of("th", shape.width, shape.height))
    assert not checks.check(tmp_path / "labelled.mp4", replace(want, duration=rendered.seconds))
    assert blocking(checks.check(good, want)) == ["The AI label can't be read in the first frame."]
