import itertools

import numpy as np
import pytest

from localize.voice.mouths import Phone, is_vowel, mouth_track, shapes

RATE = 48000


def sound(*parts: tuple[float, float]) -> np.ndarray:
    """A tone of (seconds, amplitude) parts: something with the level of speech."""
    return np.concatenate(
        [a * np.sin(2 * np.pi * 200 * np.arange(round(s * RATE)) / RATE) for s, a in parts],
    ).astype(np.float32)


def shape_at(track, seconds):
    return next(m.shape for m in track if m.start <= seconds < m.end)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("m", "A"), ("p_h", "A"), ("b", "A"), ("f", "G"), ("v", "G"), ("l", "H"), ("w", "F"), ("uː", "F"), ("ˈɔ", "E"),
        ("ˈaː", "D"), ("ɑ", "D"), ("ɛ", "C"), ("ə", "C"), ("o-", "C"), ("i.", "B"), ("iː", "B"), ("s", "B"), ("tɕh", "B"), ("ŋ", "B"),
        ("", "X"),
    ],
)  # fmt: skip
def test_a_phoneme_has_a_shape(name, expected):
    assert shapes(name) == (expected,)


@pytest.mark.parametrize(("name", "expected"), [("ˈaɪ", "DB"), ("au", "DF"), ("iau", "BDF"), ("ɔi", "EB"), ("ia", "BD"), ("ˈoʊ", "EF")])
def test_a_diphthong_has_one_for_each_part(name, expected):
    assert "".join(shapes(name)) == expected


def test_vowels_are_told_from_consonants():
    assert [n for n in ("ˈaː", "w", "ʐ", "m", "yæ", "p_h", "") if is_vowel(n)] == ["ˈaː", "yæ"]


def test_the_track_covers_the_sound_without_gap_or_overlap():
    samples = sound((0.05, 0), (0.1, 0.1), (0.15, 0.5), (0.06, 0))
    track = mouth_track([Phone("n", 0.05, 0.15), Phone("a", 0.15, 0.30)], samples, RATE)
    assert track[0].start == 0
    assert track[-1].end == len(samples) / RATE
    assert all(a.end == b.start and a.shape != b.shape for a, b in itertools.pairwise(track))
    assert [m.shape for m in track] == ["X", "B", "D", "X"]


def test_lips_close_for_at_least_50_ms_even_for_the_shortest_p():
    samples = sound((0.2, 0.5), (0.04, 0), (0.01, 0.2), (0.2, 0.5))
    track = mouth_track([Phone("a", 0, 0.24), Phone("p", 0.24, 0.25), Phone("a", 0.25, 0.45)], samples, RATE)
    (closed,) = [m for m in track if m.shape == "A"]
    assert closed.end - closed.start >= 0.05 - 1e-9
    assert closed.start == pytest.approx(0.20, abs=0.015)  # with the silence of its closure, not only its burst
    assert shape_at(track, 0.30) == "D"


def test_what_is_too_short_to_see_is_left_out_but_never_the_lips():
    samples = sound((0.4, 0.5))
    phones = [Phone("a", 0, 0.15), Phone("t", 0.15, 0.17), Phone("a", 0.17, 0.3), Phone("m", 0.3, 0.31), Phone("a", 0.31, 0.4)]
    assert [m.shape for m in mouth_track(phones, samples, RATE)] == ["D", "A", "D"]


def test_a_mouth_rests_in_a_pause_of_80_ms_but_not_in_a_stop():
    samples = sound((0.2, 0.5), (0.2, 0), (0.2, 0.5), (0.05, 0), (0.2, 0.5))
    phones = [Phone("a", 0, 0.2), Phone("", 0.2, 0.4), Phone("a", 0.4, 0.65), Phone("t", 0.65, 0.66), Phone("a", 0.66, 0.85)]
    track = mouth_track(phones, samples, RATE)
    assert shape_at(track, 0.3) == "X"
    assert shape_at(track, 0.63) == "B"


def test_a_mouth_does_not_stay_open_when_the_sound_dies():
    samples = sound((0.2, 0.5), (0.2, 0.0005))
    track = mouth_track([Phone("a", 0, 0.4)], samples, RATE)
    assert shape_at(track, 0.1) == "D"
    assert shape_at(track, 0.35) == "X"


def test_l_lifts_the_tongue_only_when_it_lasts():
    samples = sound((0.4, 0.5))
    slow = mouth_track([Phone("a", 0, 0.1), Phone("l", 0.1, 0.2), Phone("a", 0.2, 0.4)], samples, RATE)
    quick = mouth_track([Phone("a", 0, 0.1), Phone("l", 0.1, 0.15), Phone("a", 0.15, 0.4)], samples, RATE)
    assert shape_at(slow, 0.15) == "H"
    assert shape_at(quick, 0.12) == "B"


def test_a_weak_vowel_is_reduced():
    samples = sound((0.2, 0.5), (0.2, 0.1), (0.2, 0.03), (0.2, 0.5))  # 14 and 24 dB below the loud ones
    track = mouth_track([Phone("a", k * 0.2, (k + 1) * 0.2) for k in range(4)], samples, RATE)
    assert "".join(shape_at(track, 0.1 + k * 0.2) for k in range(4)) == "DCBD"
