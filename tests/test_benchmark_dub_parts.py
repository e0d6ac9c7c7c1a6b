"""What the dubbing benchmark measures by: a copy passes, and each fault is seen."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.dub_parts import films, measures, texts
from benchmarks.dub_parts.measures import Dub
from benchmarks.dub_parts.texts import Said

LINES = [Said("One.", 0.5, 1.2), Said("Two.", 1.6, 2.4)]
CUES = [{"start": 0.5, "end": 1.3, "tempo": 1.0}, {"start": 1.7, "end": 2.5, "tempo": 1.0}]


def film(path: Path, *, frames: int = 75, louder: slice = slice(0), by: float = 0.3) -> Path:
    """Three seconds of grey and noise, with more noise in one stretch of it."""
    sound = (0.05 * np.random.default_rng(2).standard_normal((frames * films.RATE // 25, 2))).astype(np.float32)
    sound[louder] += by * np.sin(np.arange(len(sound)))[louder, None].astype(np.float32)
    grey = (np.full((90, 160, 3), 90 + k, np.uint8) for k in range(frames))
    return films.encoded(path, grey, Fraction(25), sound)


def dub(source: Path, video: Path, cues: list[dict[str, Any]] = CUES, touched: tuple[tuple[float, float], ...] = ()) -> Dub:
    return Dub(source, video, "th", {"cues": cues, "touched": touched, "picture": "copied"})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return film(tmp_path / "talk.mp4")


def test_a_copy_is_in_time_whole_and_the_same(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "talk.th.mp4").write_bytes(source.read_bytes())
    (out / "talk.th.json").write_text(json.dumps({"cues": CUES, "touched": []}))
    made = measures.dub_of(source, out, "th")
    assert measures.late(made, LINES) == pytest.approx([0.0, 0.1])
    assert (measures.overlaps(made), measures.cuts(made), measures.frames_off(made)) == (0, 0, 0.0)
    assert measures.same_packets(made)
    assert measures.outside(made, LINES)[1:] == (float("inf"), 1.0)


def test_each_fault_is_seen(source: Path, tmp_path: Path) -> None:
    assert measures.late(dub(source, source, CUES[:1]), LINES) == [float("inf")] * 2
    over = [CUES[0] | {"end": 1.8}, CUES[1] | {"end": 3.2}]
    assert measures.overlaps(dub(source, source, over)) == 1
    assert measures.cuts(dub(source, source, over)) == 1
    shorter = film(tmp_path / "shorter.mp4", frames=72)
    assert measures.frames_off(dub(source, shorter)) == pytest.approx(3, abs=0.6)
    assert not measures.same_packets(dub(source, shorter))
    assert measures.astray(dub(source, source, CUES, ((0.1, 2.0),)), LINES) == 0
    assert measures.astray(dub(source, source, CUES[:1], ((0.1, 2.9),)), LINES[:1]) == pytest.approx(1.1, abs=0.02)


def test_sound_is_compared_where_nothing_is_said(source: Path, tmp_path: Path) -> None:
    louder = film(tmp_path / "louder.mp4", louder=slice(2 * films.RATE, 3 * films.RATE))
    early, late = [Said("One.", 0.1, 0.3)], [Said("Two.", 2.2, 2.9)]
    cue = [{"start": 0.1, "end": 0.4, "tempo": 1.0}]
    assert measures.outside(dub(source, louder, cue), early).snr < 10
    apart = measures.outside(dub(source, louder, cue), early + late)
    assert apart.snr > 60
    assert apart.seconds == pytest.approx(0.8, abs=0.02)


def test_what_is_heard_is_held_against_the_sidecar(tmp_path: Path) -> None:
    sound = np.zeros((3 * films.RATE, 2), np.float32)
    sound[films.RATE : 2 * films.RATE] = 0.3 * np.sin(np.arange(films.RATE) * 0.05)[:, None]
    video = films.encoded(tmp_path / "beep.mp4", iter([np.zeros((90, 160, 3), np.uint8)] * 75), Fraction(25), sound)
    assert measures.onsets(dub(video, video, [{"start": 1.0, "end": 2.0}])) == pytest.approx([0.0], abs=0.03)
    assert measures.onsets(dub(video, video, [{"start": 0.85, "end": 2.0}])) == pytest.approx([0.15], abs=0.03)


def test_hands_are_drawn_and_what_is_said_over_them_is_known(tmp_path: Path) -> None:
    made = films.hands(tmp_path / "hands.mp4", 96, 160, Fraction(30000, 1001), ["Meet the mug."])
    assert [line.text for line in made.lines] == ["Meet the mug."]
    seen, heard = measures.tracks(made.video)["video"], measures.tracks(made.video)["audio"]
    assert seen[1] - seen[0] == pytest.approx(heard[1], abs=0.1)
    assert made.lines[0].end < seen[1]


def test_fillers_are_no_longer_than_the_speech_they_stand_for() -> None:
    assert texts.filler(0.7) == "Look at this."
    assert texts.filler(2.5) == "It fits into every bag I have."
    assert texts.filler(60).startswith("I did not believe")
