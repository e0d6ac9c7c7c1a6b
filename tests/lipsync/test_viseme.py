"""Each Line's mouths lie where the Line is heard, and the host's mouth rests in between."""

from __future__ import annotations

import re
from itertools import groupby, pairwise

import pytest

from localize import languages
from localize.domain import Line, Mouth, MouthShape, Speech, Word
from localize.lipsync.viseme import VisemeLipsync
from localize.timeline import Spoken, Timeline, lay_out
from localize.voice import VoiceStyle
from localize.voice.espeak import EspeakVoice


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
    assert 0.04 <= TIMELINE.spoken[0].start - track[0].end <= 0.08
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


def leads(shape: MouthShape, before: MouthShape) -> list[float]:
    """How long before its sound a shape is first seen after another, for sounds that begin anywhere between two frames."""
    out = []
    for k in range(24):
        heard = 0.7 + k / 24 / 30
        track = track_of((before, 0.0, heard - 0.5), (shape, heard - 0.5, 0.5), ("B", 0.5, 0.8), start=0.5, duration=2.0)
        at = next(m.start for m in track if m.start > 0.55)
        assert at * 30 == pytest.approx(round(at * 30))
        out.append(heard - at)
    return out


@pytest.mark.parametrize(
    ("shape", "before"), [("D", "B"), ("C", "B"), ("E", "D"), ("F", "D"), ("G", "B"), ("H", "B"), ("A", "B"), ("A", "D"), ("D", "X")]
)
def test_a_shape_is_first_seen_40_to_80_ms_before_its_sound(shape: MouthShape, before: MouthShape) -> None:
    ahead = leads(shape, before)
    assert min(ahead) >= 0.04 - 1e-6
    assert max(ahead) <= 0.08


def test_what_asks_for_little_waits_for_its_sound_and_the_vowel_lasts_into_it() -> None:
    assert max(abs(x) for x in leads("B", "D")) <= 0.5 / 30 + 1e-6


def shapes_by_frame(track: tuple[Mouth, ...]) -> str:
    return "".join(shape_at(track, k / 30 + 1e-3) for k in range(round(track[-1].end * 30)))


def test_open_lips_come_together_over_a_frame() -> None:
    for vowel, between in (("D", "C"), ("E", "F"), ("C", "B")):
        track = track_of((vowel, 0.0, 0.3), ("A", 0.3, 0.4), ("D", 0.4, 0.8), start=0.5, duration=2.0)
        assert f"{vowel}{between}AA" in shapes_by_frame(track)


def test_lips_stay_closed_until_an_m_b_or_p_is_let_go() -> None:
    for k in range(24):
        end = 0.4 + k / 24 / 30
        track = track_of(("B", 0.0, 0.3), ("A", 0.3, end), ("D", end, 0.8), start=0.5, duration=2.0)
        closed = next(m for m in track if m.shape == "A")
        assert -1e-6 <= 0.5 + end - closed.end < 1 / 30


@pytest.mark.parametrize("start", [0.5 + k / 12 / 30 for k in range(12)])
def test_the_vowel_between_two_closures_is_seen(start: float) -> None:
    """The Vietnamese word bam: its vowel lasts 50 ms, less than the lips of its m are ahead of their sound."""
    track = track_of(("B", 0.0, 0.21), ("A", 0.21, 0.26), ("C", 0.26, 0.31), ("A", 0.31, 0.37), ("B", 0.37, 0.6), start=start, duration=2.0)
    closures = [m for m in track if m.shape == "A"]
    assert len(closures) == 2
    first, second = closures
    assert "C" in {m.shape for m in track if first.end <= m.start < second.start}
    assert abs((first.end + second.start) / 2 - (start + 0.285)) < 0.06
    assert second.start < start + 0.37  # and its m is closed while it is heard


@pytest.mark.parametrize("text", ["Cả nhà bấm giỏ hàng vàng đặt luôn nhé!", "Ai thích thì bấm link ở bình luận nhé!"])
def test_the_lips_part_within_bam_as_the_draft_voice_says_it(text: str) -> None:
    voice, language = EspeakVoice(), languages.get("vi")
    if voice.missing():
        pytest.skip(voice.missing())
    sound = voice.speak(language.read(text), language, VoiceStyle())
    word = next(w for w in sound.words if w.text == "bấm")
    said = Speech(audio="", rate=sound.rate, duration=sound.duration, words=sound.words, mouths=sound.mouths, engine="espeak")
    track = VisemeLipsync().track(Timeline((Spoken(LINES[0], said, 0.5, 0.5 + said.duration),), said.duration + 1, 30))
    seen = "".join(s for s, _ in groupby(shapes_by_frame(track)[round((word.start + 0.43) * 30) : round((word.end + 0.55) * 30)]))
    assert re.search("A[CDE]B?A", seen), seen


def test_lips_that_meet_again_after_a_pause_stay_closed_in_it() -> None:
    track = track_of(("D", 0.0, 0.2), ("A", 0.2, 0.26), ("X", 0.26, 0.36), ("A", 0.36, 0.42), ("D", 0.42, 0.6), start=0.5, duration=2.0)
    assert all(shape_at(track, t / 100) in "AX" for t in range(72, 90))


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
