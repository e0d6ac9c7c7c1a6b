"""How long words take to say, before there is any sound."""

from __future__ import annotations

import pytest

from localize import languages, pace
from localize.domain import Line

SHORT = {"th": "ใช้ง่าย", "vi": "Dễ dùng", "id": "Mudah dipakai", "zh": "用着方便", "en": "Easy to use"}


@pytest.mark.parametrize("code", languages.codes())
def test_more_words_and_figures_take_longer(code: str) -> None:
    one = pace.seconds(SHORT[code], code)
    assert 0.4 < one < 2.5
    assert pace.seconds(f"{SHORT[code]}, {SHORT[code]}", code) > 1.5 * one
    assert pace.seconds(f"{SHORT[code]} 123456", code) > one + 1  # figures are said in words


@pytest.mark.parametrize("code", languages.codes())
def test_letters_a_second_is_about_what_the_seconds_say(code: str) -> None:
    text = " ".join([SHORT[code]] * 8)
    assert 0.4 < len(text) / pace.seconds(text, code) / pace.letters_a_second(code) < 2


def test_gaps_lie_between_lines() -> None:
    lines = [Line(role="feature", text=SHORT["en"])] * 3
    assert pace.length(lines, "en") == pytest.approx(3 * pace.seconds(SHORT["en"], "en") + 2 * pace.LINE_GAP)
    assert pace.length([], "en") == 0
