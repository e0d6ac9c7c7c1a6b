"""The text that voices are given: spaces, punctuation, and where each token stands in it."""

from __future__ import annotations

import pytest

from localize import languages
from localize.languages import Token
from localize.voice.text import text_of

LINES = [
    ("th", "แก้วดินเผา Corner จุได้ 350 มล. ราคาแค่ ฿1,290 ค่ะ! 🎉 ซื้อเลย",
     "แก้วดินเผา Corner จุได้ สามร้อยห้าสิบมิลลิลิตร, ราคาแค่ หนึ่งพันสองร้อยเก้าสิบบาท ค่ะ! ซื้อเลย"),
    ("zh", "这款Corner杯子装350毫升，只要¥89.9起！🎉 快来买吧？好。", "这款 Corner 杯子装三百五十毫升，只要八十九元九角起！快来买吧？好。"),
    ("vi", "Cốc L'Oréal 350 ml, giá 350.000 ₫! Mua ngay.",
     "Cốc L'Oréal ba trăm năm mươi mi li lít, giá ba trăm năm mươi nghìn đồng! Mua ngay."),
    ("id", "🎉 Hanya 2 lagi — beli (sekarang)", "Hanya dua lagi, beli sekarang"),
    ("en", "Only $5... & it's good, \"yes\"?", "Only five dollars. and it's good, yes?"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "line", "spoken"), LINES)
def test_a_line_is_written_as_the_language_writes_what_is_said(code: str, line: str, spoken: str) -> None:
    language = languages.get(code)
    tokens = language.read(line)
    text, spans = text_of(tokens, language)
    assert text == spoken
    ends = 0
    for token, (start, end) in zip(tokens, spans, strict=True):
        assert ends <= start <= end <= len(text)
        assert text[start:end].replace(" ", "") == token.say.replace(" ", "")
        assert start < end or not token.say
        ends = end
    assert not set(text) - set("".join(text[a:b] for a, b in spans)) - set(" ,.?!，。？！")


def test_an_emoji_stands_where_the_word_before_it_ended() -> None:
    _, spans = text_of(languages.get("en").read("🎉 Buy now! 🎉"), languages.get("en"))
    assert spans == [(0, 0), (0, 3), (4, 7), (7, 7)]


def test_what_voices_might_obey_is_taken_out() -> None:
    tokens = [Token("x", "(whisper) [laugh] {a}\x0b<b>", pause=","), Token("y", "e\u0301", pause="."), Token("🎉", "", pause="!")]
    assert text_of(tokens, languages.get("en"))[0] == "whisper laugh a b, \u00e9."


def test_an_emoji_after_a_comma_may_end_the_sentence() -> None:
    tokens = [Token("a,", "a", pause=","), Token("🎉!", "", pause="!"), Token("b", "b")]
    assert text_of(tokens, languages.get("en"))[0] == "a! b"


def test_nothing_said_is_no_text() -> None:
    assert text_of([Token("🎉", "", pause="!")], languages.get("th")) == ("", [(0, 0)])
    assert text_of([], languages.get("zh")) == ("", [])
