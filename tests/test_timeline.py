"""A clip's Lines in time: one after the other, each on a frame, with a seller's pauses."""

from __future__ import annotations

import itertools

import pytest

from localize.domain import Line, Role, Speech, Word
from localize.timeline import BEFORE_PRICE, LEAD, PAUSE, TAIL, lay_out


def line(role: Role) -> Line:
    return Line(role=role, text="x")


def speech(duration: float) -> Speech:
    words = (Word(text="a", gap=" ", start=0.0, end=duration / 2), Word(text="b", start=duration / 2, end=duration))
    return Speech(audio="line.wav", rate=48000, duration=duration, words=words, mouths=(), engine="test")


LINES = [line("hook"), line("feature"), line("price"), line("cta")]
SPEECHES = [speech(d) for d in (1.234, 2.5, 1.777, 0.901)]


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_lines_follow_each_other_with_pauses(fps: int) -> None:
    timeline = lay_out(LINES, SPEECHES, fps)
    half = 0.5 / fps + 1e-9
    assert timeline.spoken[0].start == pytest.approx(LEAD, abs=half)
    pauses = [b.start - a.end for a, b in itertools.pairwise(timeline.spoken)]
    assert pauses == [pytest.approx(p, abs=half) for p in (PAUSE, BEFORE_PRICE, PAUSE)]
    assert timeline.duration - timeline.spoken[-1].end == pytest.approx(TAIL, abs=half)
    for spoken, own in zip(timeline.spoken, SPEECHES, strict=True):
        assert spoken.end - spoken.start == pytest.approx(own.duration)
        assert spoken.start * fps == pytest.approx(round(spoken.start * fps))


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_a_clip_is_a_whole_number_of_frames(fps: int) -> None:
    timeline = lay_out(LINES, SPEECHES, fps)
    assert timeline.frames / fps == pytest.approx(timeline.duration)


def test_words_are_told_in_clip_time() -> None:
    second = lay_out(LINES, SPEECHES, 30).spoken[1]
    assert [(w.text, w.gap) for w in second.words] == [("a", " "), ("b", "")]
    assert second.words[0].start == second.start
    assert second.words[1].end == pytest.approx(second.end)


def test_every_line_needs_its_speech() -> None:
    with pytest.raises(ValueError, match="shorter"):
        lay_out(LINES, SPEECHES[:2], 30)


def test_lines_between_an_intro_and_an_outro_keep_their_pace() -> None:
    alone = lay_out(LINES, SPEECHES, 30)
    assert alone.within(0, 0) is alone
    whole = alone.within(1.2, 1.8)
    assert whole.frames == alone.frames + 36 + 54
    assert [s.start for s in whole.spoken] == [pytest.approx(s.start + 1.2) for s in alone.spoken]
    assert [w.start for w in whole.spoken[1].words] == [pytest.approx(w.start + 1.2) for w in alone.spoken[1].words]
