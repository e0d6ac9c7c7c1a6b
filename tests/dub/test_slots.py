"""Slots: how much time a translation has, and how takes of any length are laid into them."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from localize.dub import Cue, Sentence, Slot
from localize.dub.slots import BEFORE, GAP, MOVED, OVERTIME, STEP, TAIL, clock, fit, slots, together
from localize.pace import FASTEST


def talk(*times: tuple[float, float]) -> list[Sentence]:
    return [Sentence(text=f"sentence {n}", start=start, end=end) for n, (start, end) in enumerate(times, 1)]


def laid(spoken: list[Sentence], seconds: list[float], duration: float, keep_length: bool = True) -> tuple[tuple[Cue, ...], list[str]]:
    """The cues of takes of these lengths, and the findings as "severity number"."""
    texts = [f"câu {n}" for n in range(1, len(seconds) + 1)]
    cues, found = fit(slots(spoken, duration, keep_length), texts, seconds, "vi")
    return cues, [f"{f.severity} {f.evidence['line']}" for f in found]


def test_a_slot_is_a_sentence_and_the_silence_around_it() -> None:
    first, second, third = slots(talk((1.0, 3.0), (3.1, 5.0), (7.0, 8.0)), 10.0)
    assert first == Slot(earliest=0.75, start=1.0, latest=1.3, end=3.1 - GAP)
    assert second.earliest == 3.0, "before it there is a tenth of a second of silence"
    assert second.end == 7.0 - GAP
    assert third == Slot(earliest=7.0 - BEFORE, start=7.0, latest=7.0 + MOVED, end=10.0 - TAIL)
    assert slots(talk((7.0, 8.0)), 10.0, keep_length=False)[0].end == 10.0 + OVERTIME
    assert slots([], 10.0) == ()


def test_what_fits_starts_with_its_source_at_its_natural_tempo() -> None:
    cues, found = laid(talk((1.0, 3.0), (3.5, 5.0)), [0.8, 1.5], 6.0)
    assert cues == (Cue(text="câu 1", start=1.0, end=1.8), Cue(text="câu 2", start=3.5, end=5.0))
    assert not found


def test_silence_after_is_borrowed_first_then_before_then_tempo() -> None:
    spoken = talk((1.0, 3.0), (4.0, 6.0))
    (after, _), _ = laid(spoken, [2.9, 1.0], 8.0)
    assert (after.start, after.tempo) == (1.0, 1.0)
    (before, on_time), _ = laid(spoken, [3.1, 1.0], 8.0)
    assert (before.start, before.tempo) == (pytest.approx(0.82), 1.0)
    (faster, also), found = laid(spoken, [3.4, 1.0], 8.0)
    assert (faster.start, faster.tempo) == (pytest.approx(0.77, abs=0.005), 1.08)
    assert on_time.start == also.start == 4.0
    assert not found


def test_a_row_of_sentences_hurries_together() -> None:
    """The first two would just fit, and leave the third too little: all three go a little faster, none much."""
    spoken = talk((1.0, 3.0), (3.3, 5.3), (5.6, 7.6), (7.9, 9.0))
    cues, found = laid(spoken, [2.45, 2.25, 2.6, 1.0], 12.0)
    assert [cue.tempo for cue in cues] == [1.06, 1.06, 1.06, 1.0]
    assert all(-BEFORE <= cue.start - s.start <= 0 for cue, s in zip(cues, spoken, strict=True))
    assert found == []


def test_what_does_not_fit_makes_the_next_late_and_the_one_after_the_pause_is_on_time_again() -> None:
    cues, found = laid(talk((0.0, 2.0), (2.1, 4.0), (6.0, 8.0)), [3.0, 1.9, 1.0], 9.0)
    assert cues[0].tempo == FASTEST
    assert MOVED < cues[1].start - 2.1 < 1.0
    assert (cues[1].tempo, cues[2].start) == (1.0, 6.0)
    assert found == ["warn 1"]


def test_the_finding_says_where_by_how_much_and_what_to_do() -> None:
    long = "Chiếc bình này giữ lạnh mười hai giờ liền, bạn mang đi đâu cũng được"
    _, (finding,) = fit(slots(talk((65.0, 67.0), (67.1, 69.0)), 80.0), [long, "Mua ngay"], [3.5, 1.0], "vi")
    assert finding.check == "time"
    assert finding.message == (
        "Sentence 1 at 1:05 ('Chiếc bình này giữ lạnh mười hai giờ li…') is 1.0 s too long for its time, at 1.15 times its natural "
        "tempo: what follows is up to 0.8 s late. Say it in about 24 letters less: correct it in the sheet that `crossreel review "
        "sheet` writes, and dub again."
    )
    assert finding.evidence == {"line": 1, "start": 65.0, "seconds": 1.02, "letters": 24, "late": 0.77}


def test_where_two_speak_at_once_the_finding_says_so_and_has_another_way_out() -> None:
    spoken = talk((65.0, 65.5), (65.5, 69.0))
    crossed = together(spoken, [(65.0, 68.5), (65.5, 69.0)])
    _, (finding,) = fit(slots(spoken, 80.0), ["Bình này giữ lạnh", "Mua ngay"], [2.5, 1.0], "vi", crossed=crossed)
    assert finding.severity == "block"
    assert finding.message.startswith(
        "At 1:05 two sentences are said at the same time in the source, and a dub says one after the other. Sentence 1 at 1:05 ('Bình này "
    )
    assert "Leave one of the two out of the transcript, or say it in about 41 letters less: correct it in the sheet" in finding.message


def test_sentences_are_said_together_where_a_transcript_has_both_at_once() -> None:
    spoken = talk((1.0, 1.5), (1.5, 3.0), (3.0, 4.0), (5.0, 6.0))
    assert together(spoken, [(1.0, 3.0), (1.5, 3.05), (3.0, 4.0), (5.0, 6.0)]) == {0}
    assert together(spoken[:2], [(1.0, 2.0), (1.0, 2.0)]) == {0}  # cues that begin at one moment share their time
    assert together(spoken, [(1.0, 4.0), (5.0, 6.0)]) == set()  # three sentences of one cue
    assert together(spoken, []) == set()


def test_what_is_far_too_late_or_past_the_end_is_blocked() -> None:
    spoken = talk((0.0, 2.0), (2.1, 4.0))
    assert laid(spoken, [5.0, 1.0], 9.0)[1] == ["block 1"]
    assert laid(spoken, [1.0, 3.0], 4.5)[1] == ["block 2"]
    assert laid(spoken, [1.0, 3.0], 4.5, keep_length=False)[1] == []


def test_only_those_to_blame_are_named() -> None:
    """The second and third are late because of the first, and short enough themselves."""
    cues, found = laid(talk((0.0, 2.0), (2.1, 4.0), (4.1, 6.0), (9.0, 10.0)), [3.2, 2.0, 2.0, 1.0], 11.0)
    assert cues[2].start > 4.1
    assert found == ["warn 1"]


def test_a_translation_as_its_finding_asks_for_it_fits() -> None:
    spoken, seconds = talk((0.0, 2.0), (2.1, 4.0), (4.1, 6.0)), [3.2, 3.0, 1.5]
    _, found = fit(slots(spoken, 8.0), ["a", "b", "c"], seconds, "vi")
    for finding in found:
        n = int(str(finding.evidence["line"])) - 1
        seconds[n] -= float(str(finding.evidence["seconds"])) * FASTEST
    cues, left = fit(slots(spoken, 8.0), ["a", "b", "c"], seconds, "vi")
    assert len(found) == 2
    assert left == ()
    assert [cue.start for cue in cues] == pytest.approx([0.0, 2.1, 4.1], abs=0.02)


@pytest.mark.parametrize("seed", range(200))
def test_whatever_comes_nothing_overlaps_is_cut_or_drifts(seed: int) -> None:
    chance = random.Random(seed)
    crowded = chance.uniform(0.6, 1.5)
    spoken, seconds, at = [], [], chance.uniform(0, 2)
    for n in range(chance.randint(1, 40)):
        length = chance.uniform(0.3, 6)
        spoken.append(Sentence(text=str(n), start=at, end=at + length))
        seconds.append(length * crowded * chance.uniform(0.7, 1.3))
        at += length + chance.choice([0, 0, 0.05, 0.3, 1.5])
    places = slots(spoken, at + 1, keep_length=chance.random() < 0.5)
    texts = [s.text for s in spoken]
    cues, found = fit(places, texts, seconds, "th")
    assert (cues, found) == fit(places, texts, seconds, "th")
    assert [cue.text for cue in cues] == texts
    for cue, natural in zip(cues, seconds, strict=True):
        assert 1 <= cue.tempo <= FASTEST
        assert cue.end - cue.start == pytest.approx(natural / cue.tempo)
    for one, other in pairwise(cues):
        assert other.start >= one.end + GAP - 1e-9
    for cue, place, soonest in zip(cues, places, as_soon_as_can_be(places, seconds), strict=True):
        assert cue.start >= place.earliest - 1e-9
        assert cue.start <= max(place.start, soonest) + 1e-6, "no later than the sums make it"
    if all(cue.start <= place.start + MOVED for cue, place in zip(cues, places, strict=True)) and cues[-1].end <= places[-1].end:
        assert not found


def as_soon_as_can_be(places: tuple[Slot, ...], seconds: list[float]) -> list[float]:
    """The starts, if everything is said at the fastest tempo and as early as it may."""
    starts, free = [], 0.0
    for place, natural in zip(places, seconds, strict=True):
        starts.append(max(place.earliest, free))
        free = starts[-1] + natural / FASTEST + GAP
    return starts


@pytest.mark.parametrize("seed", range(20))
def test_the_fastest_tempo_is_as_slow_as_can_be(seed: int) -> None:
    """At one step less than the fastest of them, if all may have it, somebody is late."""
    chance = random.Random(seed)
    at, spoken, seconds = 0.5, [], []
    for n in range(12):
        length = chance.uniform(1, 4)
        spoken.append(Sentence(text=str(n), start=at, end=at + length))
        seconds.append(length * chance.uniform(1.05, 1.12))
        at += length + chance.uniform(0.08, 0.2)
    places = slots(spoken, at + 2)
    cues, _ = fit(places, [s.text for s in spoken], seconds, "vi")
    fastest = max(cue.tempo for cue in cues)
    assert 1 < fastest < FASTEST
    free, late = 0.0, False
    for place, natural in zip(places, seconds, strict=True):
        free = max(place.earliest, free) + natural / max(1.0, fastest - STEP)
        late |= free > place.end
        free += GAP
    assert late


def test_times_are_shown_as_players_do() -> None:
    assert [clock(t) for t in (0.9, 65.2, 3665.0)] == ["0:00", "1:05", "61:05"]
