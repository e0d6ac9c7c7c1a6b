"""Known words and a recogniser's pieces, with pieces made up here."""

from __future__ import annotations

import random

import pytest

from localize.recognize.known import Piece, joined, times

THAI = ["หูฟัง", "ไร้สาย", "Lumora", "ลดราคา", "ค่ะ"]


def even(texts: list[str], step: float = 0.1) -> list[Piece]:
    """Pieces of `step` seconds each, one after the other."""
    return [Piece(text, i * step, (i + 1) * step) for i, text in enumerate(texts)]


def sound(spans: list[tuple[float, float]], words: list[str], duration: float) -> None:
    """Every said word lasts, the spans are in order, apart and inside."""
    assert len(spans) == len(words)
    now = 0.0
    for (start, end), word in zip(spans, words, strict=True):
        assert now <= start <= end <= duration + 1e-9
        assert (end > start) == bool(word.strip())
        now = end


def test_a_space_parts_words_but_not_those_of_thai_and_chinese() -> None:
    assert joined(["Giá", "chỉ", "", "ba"])[0] == "Giá chỉ ba"
    text, spans = joined(THAI)
    assert text == "หูฟังไร้สาย Lumora ลดราคาค่ะ"
    assert [text[a:b] for a, b in spans] == THAI
    assert joined(["耳机", "只要", "两百", "元"])[0] == "耳机只要两百元"


def test_code_points_become_words() -> None:
    text, _ = joined(THAI)
    pieces = even([" ", *text])
    spans = times(THAI, pieces, 10.0)
    sound(spans, THAI, 10.0)
    at = 1
    for word, (start, end) in zip(THAI, spans, strict=True):
        at += text[at - 1] == " "
        assert (start, end) == (pytest.approx(at / 10), pytest.approx((at + len(word)) / 10))
        at += len(word)


def test_one_piece_of_several_words_is_shared_by_their_letters() -> None:
    spans = times(["a", "bcd"], [Piece(" abcd", 1.0, 3.0)], 4.0)
    assert spans == [(1.0, pytest.approx(1.5)), (pytest.approx(1.5), 3.0)]


def test_a_pause_between_pieces_stays_between_the_words() -> None:
    assert times(["one", "two"], [Piece(" one", 0.2, 0.5), Piece(" two", 1.1, 1.5)], 2.0) == [(0.2, 0.5), (1.1, 1.5)]


def test_capitals_and_punctuation_of_the_pieces_do_not_matter() -> None:
    words = ["Hello,", "world"]
    assert times(words, [Piece(" hello", 0, 0.4), Piece(",", 0.4, 0.5), Piece(" World", 0.5, 1.0)], 1.0) == [(0, 0.5), (0.5, 1.0)]


def test_words_without_a_piece_lie_between_their_neighbours() -> None:
    words = ["aa", "bb", "cc", "dd"]
    spans = times(words, [Piece(" aa", 0.0, 1.0), Piece(" dd", 3.0, 4.0)], 5.0)
    assert spans == [(0.0, 1.0), (1.0, pytest.approx(2.0)), (pytest.approx(2.0), 3.0), (3.0, 4.0)]
    sound(times(words, [Piece(" bb", 1.0, 2.0)], 5.0), words, 5.0)


def test_pieces_at_one_moment_still_give_each_word_some_time() -> None:
    words = ["a", "b", "c", "d"]
    spans = times(words, [Piece(w, 1.0, 1.0) for w in words], 1.02)
    sound(spans, words, 1.02)


def test_pieces_out_of_order_and_outside_are_put_right() -> None:
    words = ["aa", "bb", "cc"]
    sound(times(words, [Piece("aa", 0.5, 0.9), Piece("bb", 0.3, 0.2), Piece("cc", 1.0, 9.0)], 1.5), words, 1.5)


def test_an_empty_word_has_no_length_and_stands_where_it_is() -> None:
    assert times(["one", "", "two"], [Piece("one", 0.2, 0.5), Piece("two", 0.7, 0.9)], 1.0) == [(0.2, 0.5), (0.5, 0.5), (0.7, 0.9)]
    assert times(["", " "], [], 1.0) == [(0.0, 0.0), (0.0, 0.0)]


def test_a_foreign_piece_is_left_out() -> None:
    words = ["one", "two"]
    assert times(words, [Piece("zzz", 0.0, 0.1), Piece("one", 0.2, 0.5), Piece("two", 0.6, 0.9)], 1.0) == [(0.2, 0.5), (0.6, 0.9)]


def test_nothing_found_is_an_error() -> None:
    with pytest.raises(ValueError, match="none of the words"):
        times(["one"], [Piece("zzz", 0.0, 0.1)], 1.0)
    with pytest.raises(ValueError, match="none of the words"):
        times(["one"], [], 1.0)


@pytest.mark.parametrize("seed", range(60))
def test_any_cut_of_any_text_keeps_order(seed: int) -> None:
    chance = random.Random(seed)
    words = ["".join(chance.choices("abกขค耳机 ", k=chance.randint(0, 7))) for _ in range(chance.randint(1, 9))]
    text, _ = joined(words)
    if not text.strip():
        return
    duration = chance.uniform(0.3, 6.0)
    pieces, at = [], 0
    while at < len(text):
        size = chance.randint(1, 5)
        start = chance.uniform(-0.2, duration + 0.5)
        if chance.random() < 0.8 or (at == 0 and text[:size].strip()):  # the first stays, so that there is one
            pieces.append(Piece(text[at : at + size], start, start + chance.uniform(-0.2, 1.0)))
        at += size
    if not any(p.text.strip() for p in pieces):
        return
    sound(times(words, pieces, duration), words, duration)
