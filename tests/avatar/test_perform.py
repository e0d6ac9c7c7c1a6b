"""Lines and their sounds become a performance: gestures on words, life in between."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from localize.avatar import perform
from localize.avatar.choose import Scene
from localize.avatar.perform import ATTEND, BUSY, HEAD_ONLY
from localize.avatar.pose import FRAME, swing
from localize.domain import GESTURES, Line, Mouth, MouthShape, Performance, Speech, Word
from localize.lipsync.viseme import VisemeLipsync
from localize.timeline import Spoken, Timeline


def speech(*mouths: tuple[MouthShape, float, float]) -> Speech:
    track = tuple(Mouth(shape=s, start=a, end=b) for s, a, b in mouths)
    words = (Word(text="one", start=0.0, end=0.4), Word(text="two", start=0.4, end=track[-1].end))
    return Speech(audio="a.wav", rate=24000, duration=track[-1].end, words=words, mouths=track, engine="test")


def line(gesture: str = "rest", emotion: str = "neutral") -> Line:
    return Line.model_validate({"role": "feature", "text": "x", "gesture": gesture, "emotion": emotion})


def acted(lines: list[Line], times: list[tuple[float, float]], speeches: list[Speech], duration: float, seed: int) -> Performance:
    said = tuple(Spoken(ln, sp, a, b) for ln, sp, (a, b) in zip(lines, speeches, times, strict=True))
    return perform(said, VisemeLipsync().track(Timeline(said, duration, 30)), duration, seed)


TALK = speech(("B", 0.0, 0.2), ("D", 0.2, 0.5), ("A", 0.5, 0.58), ("E", 0.58, 0.9), ("C", 0.9, 1.4), ("B", 1.4, 1.9), ("X", 1.9, 2.0))


def clip(gestures: list[str], gap: float = 1.0, emotions: list[str] | None = None) -> Performance:
    lines = [line(g, e) for g, e in zip(gestures, emotions or ["neutral"] * len(gestures), strict=True)]
    times = [(0.5 + i * (2.0 + gap), 2.5 + i * (2.0 + gap)) for i in range(len(lines))]
    return acted(lines, times, [TALK] * len(lines), times[-1][1] + 1.0, seed=4)


def body(performance: Performance) -> list[str]:
    return [g.name for g in performance.gestures if g.name not in HEAD_ONLY]


def test_a_gesture_peaks_shortly_after_the_first_words() -> None:
    performance = clip(["wave"])
    wave = next(g for g in performance.gestures if g.name == "wave")
    assert 0.5 < wave.peak <= 0.5 + 0.8
    assert wave.start < wave.peak < wave.end <= wave.start + 2.5


def test_the_same_gesture_does_not_come_twice_when_another_says_the_same() -> None:
    names = body(clip(["welcome", "welcome", "welcome"]))
    assert len(names) == len(set(names)) == 3


def test_what_points_keeps_pointing_in_another_way() -> None:
    names = body(clip(["point_down", "point_down"], gap=3.0))
    assert names[0] == "point_down"
    assert names[1] in ("point_both_down", "tap", "add_to_cart", "order")


def test_feelings_follow_the_lines() -> None:
    performance = clip(["rest"] * 3, emotions=["happy", "happy", "sincere"])
    assert [f.emotion for f in performance.feelings] == ["happy", "sincere"]
    assert performance.feelings[-1].end == performance.duration


def test_the_same_seed_gives_the_same_performance() -> None:
    assert clip(["wave", "point_side"]) == clip(["wave", "point_side"])


def test_anticipation_and_overshoot_are_small_and_end_where_they_should() -> None:
    values = [swing(i / 100, 1.1) for i in range(101)]
    assert values[0] == 0
    assert values[-1] == 1
    assert -0.05 < min(values) < 0
    assert 1 < max(values) < 1.05


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(GESTURES), min_size=2, max_size=9), st.floats(0.1, 2.0), st.integers(0, 99))
def test_whatever_the_script_hands_rest_a_third_and_eyes_blink(gestures: list[str], gap: float, seed: int) -> None:
    lines = [line(g) for g in gestures]
    times = [(0.3 + i * (2.0 + gap), 2.3 + i * (2.0 + gap)) for i in range(len(lines))]
    duration = times[-1][1] + 0.5
    performance = acted(lines, times, [TALK] * len(lines), duration, seed)
    busy = sum(g.end - g.start for g in performance.gestures if g.name not in HEAD_ONLY)
    assert busy <= duration * BUSY + 1e-6
    assert all(0 <= g.start < g.peak < g.end for g in performance.gestures)
    if duration > 15:
        assert 12 <= len(performance.blinks) / duration * 60 <= 20
    held = [m for m in performance.mouths if m.shape in "DE" and m.end - m.start > 3.5 * FRAME]
    assert not any(m.start < b < m.end for m in held for b in performance.blinks)


# ---- two hosts


def pair(first_is_left: bool = True) -> tuple[Performance, list[Spoken]]:
    """The first host of two: it speaks Lines 0 and 3, the other one 1 and 2."""
    roles = ("hook", "feature", "price", "cta")
    said = [
        Spoken(Line.model_validate({"role": role, "text": "x", "host": host, "gesture": "wave"}), TALK, 0.5 + 3 * i, 2.5 + 3 * i)
        for i, (role, host) in enumerate(zip(roles, (0, 1, 1, 0), strict=True))
    ]
    own, heard = [s for s in said if s.line.host == 0], [s for s in said if s.line.host == 1]
    mouths = VisemeLipsync().track(Timeline(tuple(own), 13.0, 30))
    return perform(own, mouths, 13.0, 4, scene=Scene(partner_left=first_is_left), heard=heard), heard


def test_who_listens_looks_at_who_speaks_and_back_when_it_is_their_turn() -> None:
    performance, heard = pair()
    turned = [g for g in performance.gestures if g.name in ATTEND.values()]
    for s in heard:
        assert any(g.start <= s.start and g.peak <= s.start + 0.5 and s.end <= g.end for g in turned)
    for start, end in ((0.5, 2.5), (9.5, 11.5)):  # their own Lines are said to the viewer
        assert not any(g.start < end and g.end > start for g in turned)
    assert {g.name for g in turned} == {ATTEND[True]}
    assert {g.name for g in pair(False)[0].gestures if g.name in ATTEND.values()} == {ATTEND[False]}


def test_who_listens_nods_and_keeps_mouth_and_hands_still() -> None:
    performance, heard = pair()
    for s in heard:
        assert any(g.name == "nod" and s.end - 0.2 <= g.start <= s.end + 0.2 for g in performance.gestures)
        assert all(m.shape == "X" for m in performance.mouths if m.start >= s.start + 0.1 and m.end <= s.end)
        assert not [g for g in performance.gestures if g.name not in HEAD_ONLY and s.start + 0.6 < g.peak < s.end]


def test_the_face_of_who_listens_goes_along() -> None:
    performance, heard = pair()
    at_price = next(f for f in performance.feelings if f.start <= heard[1].end - 0.1 < f.end)
    assert at_price.emotion == "surprised"
    assert performance.feelings[-1].end == performance.duration
