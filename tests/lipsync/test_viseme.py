"""Each Line's mouths lie where the Line is heard, and the host's mouth rests in between."""

from __future__ import annotations

from itertools import pairwise

import pytest

from localize.domain import Line, Mouth, MouthShape, Speech, Word
from localize.lipsync.viseme import VisemeLipsync
from localize.timeline import Spoken, Timeline, lay_out


def speech(*shapes: str, each: float = 0.1) -> Speech:
    mouths = tuple(Mouth(shape=s, start=k * each, end=(k + 1) * each) for k, s in enumerate(shapes))
    end = len(shapes) * each
    return Speech(audio="", rate=48_000, duration=end, words=(Word(text="a", start=0, end=end),), mouths=mouths, engine="espeak")


LINES = [Line(role="hook", text="a"), Line(role="price", text="a"), Line(role="cta", text="a")]
TIMELINE = lay_out(LINES, [speech("A", "D", "B"), speech("F", "E"), speech("C", "A", "X")], 30)


def test_the_track_covers_the_clip_without_gap_or_overlap() -> None:
    track = VisemeLipsync().track(TIMELINE)
    assert track[0].start == 0
    assert track[-1].end == TIMELINE.duration
    assert all(a.end == b.start for a, b in pairwise(track))
    assert all(m.end > m.start for m in track)


def test_the_mouth_rests_before_between_and_after_the_lines() -> None:
    track = VisemeLipsync().track(TIMELINE)
    assert track[0].shape == "X"
    assert track[0].end == pytest.approx(TIMELINE.spoken[0].start - 1 / 30)
    assert track[-1].shape == "X"
    for a, b in pairwise(TIMELINE.spoken):
        middle = (a.end + b.start) / 2
        assert [m.shape for m in track if m.start <= middle < m.end] == ["X"]


def track_of(*mouths: tuple[MouthShape, float, float], start: float, duration: float) -> tuple[Mouth, ...]:
    """The track of one Line whose speech has these mouths, heard from `start`."""
    own = tuple(Mouth(shape=s, start=a, end=b) for s, a, b in mouths)
    said = Speech(audio="", rate=48_000, duration=own[-1].end, words=(), mouths=own, engine="espeak")
    return VisemeLipsync().track(Timeline((Spoken(LINES[0], said, start, start + said.duration),), duration, 30))


def shape_at(track: tuple[Mouth, ...], t: float) -> str:
    return next(m.shape for m in track if m.start <= t < m.end)


def test_shapes_begin_on_frames_one_frame_before_their_sound() -> None:
    track = track_of(("B", 0.0, 0.2), ("D", 0.2, 0.5), ("B", 0.5, 0.8), start=0.5, duration=2.0)
    vowel = next(m for m in track if m.shape == "D")
    assert vowel.start * 30 == pytest.approx(round(vowel.start * 30))
    assert 0 <= 0.7 - vowel.start <= 1.5 / 30


def test_lips_close_on_m_b_p_however_short() -> None:
    track = track_of(("D", 0.0, 0.3), ("A", 0.3, 0.32), ("D", 0.32, 0.8), start=0.51, duration=2.0)
    assert any(shape_at(track, k / 30 + 1e-6) == "A" for k in range(round(0.77 * 30), round(0.88 * 30)))


def test_nothing_but_closed_lips_and_f_lasts_a_single_frame() -> None:
    shapes: list[MouthShape] = ["B", "C", "E", "F"] * 10
    track = track_of(*((s, i * 0.03, (i + 1) * 0.03) for i, s in enumerate(shapes)), start=0.5, duration=3.0)
    assert all(m.end - m.start > 1.5 / 30 for m in track if m.shape not in "AG")


def test_without_lines_there_is_only_rest() -> None:
    assert [m.shape for m in VisemeLipsync().track(lay_out([], [], 30))] == ["X"]


def test_the_same_speech_gives_the_same_track() -> None:
    assert VisemeLipsync().track(TIMELINE) == VisemeLipsync().track(TIMELINE)
