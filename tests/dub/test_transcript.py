"""A seller's transcript, in all the ways in which people write one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from localize.dub.transcript import Cue, clock, parse, talk_of
from localize.errors import UserError

SRT = """1
00:00:01,000 --> 00:00:03,500
Hello everyone,
welcome back.

2
00:00:04,000 --> 00:00:06,000
This <i>serum</i> costs {\\an8}$3.50.
"""


def kept(folder: Path, text: str | bytes, name: str = "t.srt", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def said(path: Path) -> list[tuple[str, float | None, float | None]]:
    return [(cue.text, cue.start, cue.end) for cue in parse(path)]


def test_srt_is_read_without_tags_and_with_its_lines_joined(tmp_path: Path) -> None:
    assert said(kept(tmp_path, SRT)) == [("Hello everyone, welcome back.", 1.0, 3.5), ("This serum costs $3.50.", 4.0, 6.0)]
    assert [cue.line for cue in parse(kept(tmp_path, SRT))] == [2, 7]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_marks_and_wide_encodings_make_no_difference(tmp_path: Path, encoding: str) -> None:
    assert said(kept(tmp_path, SRT.replace("\n", "\r\n"), encoding=encoding)) == said(kept(tmp_path, SRT, "u.srt"))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("大家好，欢迎来到我们的直播间，今天给大家介绍一款精华液", "gbk"), ("สวัสดีค่ะ วันนี้มีเซรั่มตัวใหม่มาแนะนำ ราคาเพียงสามร้อยบาท", "cp874")],
)
def test_the_encodings_of_one_country_are_told(tmp_path: Path, text: str, encoding: str) -> None:
    body = f"1\r\n00:00:01,000 --> 00:00:04,000\r\n{text}\r\n"
    assert said(kept(tmp_path, body, encoding=encoding)) == [(text, 1.0, 4.0)]


@pytest.mark.parametrize(
    ("stamps", "start", "end"),
    [
        ("00:00:01.000 --> 00:00:03.500", 1.0, 3.5), ("0:0:1,0 --> 0:0:3,5", 1.0, 3.5), ("00:01.000 -> 00:03.500", 1.0, 3.5),
        ("1:00:01,25 --> 1:00:03,5 X1:40 X2:600", 3601.25, 3603.5), ("00:00:01 --> 00:00:03", 1.0, 3.0),
    ],
)  # fmt: skip
def test_times_are_written_in_many_ways(tmp_path: Path, stamps: str, start: float, end: float) -> None:
    assert said(kept(tmp_path, f"1\n{stamps}\nHello.\n")) == [("Hello.", start, end)]


def test_times_copied_from_a_videos_page_are_not_said(tmp_path: Path) -> None:
    copied = "0:00\nHello everyone\n0:05\nwelcome back\n1:02:03\nBye"
    assert said(kept(tmp_path, copied, "t.txt")) == [("Hello everyone", None, None), ("welcome back", None, None), ("Bye", None, None)]
    assert [cue.line for cue in parse(kept(tmp_path, copied, "t.txt"))] == [2, 4, 6]
    for spoken in ("When do we open?\n9:30\nCome early.", "Trains leave at\n9:30\nand\n8:15\ntoo."):
        assert [cue.text for cue in parse(kept(tmp_path, spoken, "t.txt"))] == spoken.split("\n")


@pytest.mark.parametrize("name", ["t.txt", "t.srt"])
def test_the_times_of_subviewer_are_read(tmp_path: Path, name: str) -> None:
    text = "0:00:01.000,0:00:02.500\nHello\neveryone\n\n0:00:03.000,0:00:04.250\nBye\n"
    assert said(kept(tmp_path, text, name)) == [("Hello everyone", 1.0, 2.5), ("Bye", 3.0, 4.25)]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\r\n"])
def test_lines_end_in_many_ways(tmp_path: Path, end: str) -> None:
    path = kept(tmp_path, SRT.replace("\n", end))
    assert said(path) == [("Hello everyone, welcome back.", 1.0, 3.5), ("This serum costs $3.50.", 4.0, 6.0)]
    assert [cue.line for cue in parse(path)] == [2, 7]


def test_numbers_that_are_said_are_kept_and_those_of_cues_are_not(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nOnly\n5\n\n2\n00:00:03,000 --> 00:00:04,000\nfive\n3\n00:00:05,000 --> 00:00:06,000\nsix\n"
    assert [cue.text for cue in parse(kept(tmp_path, text))] == ["Only 5", "five", "six"]


def test_webvtt_has_notes_styles_names_of_cues_and_voices(tmp_path: Path) -> None:
    text = """WEBVTT - made by hand

STYLE
::cue { color: red }

NOTE a --> b is not a time
of a cue

intro
00:01.000 --> 00:03.000 align:start position:10%
<v Anna>Hello <c.loud>there</c>, R&amp;D!

00:03.500 --> 00:05.000
<v.fast Ben Ho>Hi <00:04.000>Anna.</v>

NOTE the end
"""
    cues = parse(kept(tmp_path, text, "t.vtt"))
    assert [(c.speaker, c.text) for c in cues] == [("Anna", "Hello there, R&D!"), ("Ben Ho", "Hi Anna.")]
    assert (cues[1].start, cues[1].end) == (3.5, 5.0)


def test_substation_alpha_has_names_comments_and_drawings(tmp_path: Path) -> None:
    text = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,left out
Dialogue: 0,0:00:01.00,0:00:02.50,Default,ANNA,0,0,0,,{\\an8\\pos(1,2)}Hello,\\Nyou two
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}
"""
    (cue,) = parse(kept(tmp_path, text, "t.ass"))
    assert (cue.text, cue.start, cue.end, cue.speaker, cue.line) == ("Hello, you two", 1.0, 2.5, "ANNA", 11)


def test_speakers_are_told_by_names_and_dashes(tmp_path: Path) -> None:
    text = "ANNA: Welcome!\nBen Ho: Thanks. It is 10:30 now.\n- And you?\n"
    assert [(c.speaker, c.text) for c in parse(kept(tmp_path, text, "t.txt"))] == [
        ("ANNA", "Welcome!"), ("Ben Ho", "Thanks. It is 10:30 now."), ("Ben Ho", "And you?"),
    ]  # fmt: skip
    two = "1\n00:00:00,000 --> 00:00:04,000\n- Is it new?\n- Yes, brand new.\n"
    first, second = parse(kept(tmp_path, two))
    assert (first.speaker, second.speaker) == ("-1", "-2")
    assert first.end == second.start
    assert talk_of((first, second), "en", 5.0).speakers == 2
    chinese = "主持人：大家好\n嘉宾：你好\n"
    assert [c.speaker for c in parse(kept(tmp_path, chinese, "t.txt"))] == ["主持人", "嘉宾"]


def test_words_before_a_colon_are_no_speaker(tmp_path: Path) -> None:
    text = "Remember: it is free.\nGood night.\nthe price: low\n"
    assert [(c.speaker, c.text) for c in parse(kept(tmp_path, text, "t.txt"))] == [
        ("", "Remember: it is free."), ("", "Good night."), ("", "the price: low"),
    ]  # fmt: skip


def test_sound_notes_are_not_said(tmp_path: Path) -> None:
    text = "[music]\n♪ la la la ♪\n【音乐】\n(applause) Thank you (all of you) [laughs]\n（笑）\n"
    assert [cue.text for cue in parse(kept(tmp_path, text, "t.txt"))] == ["Thank you (all of you)"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("t.srt", b"", "is empty"),
        ("t.srt", "1\n00:00:01,000 --> 00:00:02,000\n[music]\n", "says nothing"),
        ("t.srt", "Just words.\n", "has no times"),
        ("t.srt", "1\n00:00:01,000 --> 00:0x:02\nHello\n", r"line 2: '00:00:01,000 --> 00:0x:02' is no time"),
        ("t.srt", b"\x00\x01\x02\x03PK\x05\x06" * 50, "is (no|not) text"),
        ("t.docx", "words", "ends in .srt"),
        ("t.ass", "[Script Info]\n", "says nothing"),
    ],
)
def test_what_is_no_transcript_is_refused_with_the_reason(tmp_path: Path, name: str, text: str | bytes, told: str) -> None:
    with pytest.raises(UserError, match=told):
        parse(kept(tmp_path, text, name))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no transcript"):
        parse(tmp_path / "none.srt")


def test_cues_become_sentences_with_who_says_them() -> None:
    cues = (Cue("Hello everyone, welcome", 1, 2.5, "A", 1), Cue("back to my shop.", 2.6, 4, "A", 2), Cue("Hi!", 4.2, 5, "B", 3))
    talk = talk_of(cues, "en", 10, "t.srt")
    assert [(s.text, s.start, s.end, s.speaker) for s in talk.sentences] == [
        ("Hello everyone, welcome back to my shop.", 1, 4, 0), ("Hi!", 4.2, 5, 1),
    ]  # fmt: skip
    assert (talk.language, talk.origin, talk.speakers, talk.findings) == ("en", "t.srt", 2, ())


def test_disorder_is_put_right_and_told() -> None:
    cues = (
        Cue("Second.", 5, 7, line=2), Cue("First.", 1, 5.5, line=5), Cue("At once.", 8, 9, line=8), Cue("As well.", 8, 10, line=11),
        Cue("Backwards.", 12, 11, line=14), Cue("Too long.", 18, 25, line=17), Cue("Elsewhere.", 30, 31, line=20),
    )  # fmt: skip
    talk = talk_of(cues, "en", 20, "t.srt")
    assert [s.text for s in talk.sentences] == ["First.", "Second.", "At once.", "As well.", "Backwards.", "Too long."]
    assert all(a.end <= b.start for a, b in pairwise(talk.sentences))
    assert all(s.start < s.end <= 20 for s in talk.sentences)
    told = "\n".join(f.message for f in talk.findings)
    for part in ("line 5: the cue at 0:01.0 stands after", "overlap", "2 cues begin at 0:08.0", "before it begins", "it was cut there",
                 "line 20: the cue at 0:30.0 is after the video's end (0:20.0) and was left out: 'Elsewhere.'"):  # fmt: skip
        assert part in told


def test_three_cues_that_begin_at_once_do_not_overlap() -> None:
    cues = tuple(Cue(text, 1, 4, line=n) for n, text in enumerate(("One.", "Two.", "Three.")))
    spans = [(s.start, s.end) for s in talk_of((*cues, Cue("Four.", 2, 6, line=9)), "en", 10).sentences]
    assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(spans))
    assert all(start < end for start, end in spans)


@pytest.mark.parametrize("after", [(Cue("Next.", 13, 15, line=9),), ()])
def test_cues_that_begin_at_once_and_end_before_that_keep_their_order(after: tuple[Cue, ...]) -> None:
    talk = talk_of((Cue("One.", 10, 7.5, line=1), Cue("Two.", 10, 9, line=4), *after), "en", 20)
    assert [(s.text, s.start, s.end) for s in talk.sentences][:2] == [("One.", 10, 11.5), ("Two.", 11.5, 13)]
    assert ["before it begins" in f.message for f in talk.findings] == [False, True]


def test_two_who_speak_in_a_cue_that_ends_before_it_begins_keep_their_order(tmp_path: Path) -> None:
    cues = parse(kept(tmp_path, "1\n00:00:10,000 --> 00:00:05,000\n- Hi all.\n- Hello.\n\n2\n00:00:13,000 --> 00:00:15,000\n- Next.\n"))
    talk = talk_of(cues, "en", 20, "t.srt")
    assert [s.text for s in talk.sentences] == ["Hi all.", "Hello.", "Next."]
    assert all(a.end <= b.start for a, b in pairwise(talk.sentences))
    told = "t.srt, line 2: the cue at 0:10.0 ends at 0:05.0, before it begins: it was given the time to the next one."
    assert [f.message for f in talk.findings] == [told]


def test_another_videos_transcript_is_refused() -> None:
    with pytest.raises(UserError, match="another video's transcript"):
        talk_of((Cue("Hello.", 100, 102, line=1),), "en", 20)
    with pytest.raises(UserError, match=r"line 3: 'Hello.' has no time"):
        talk_of((Cue("Hello.", line=3),), "en", 20)


def test_moments_are_told_as_players_show_them() -> None:
    assert [clock(t) for t in (0, 9.96, 62.54, 3600)] == ["0:00.0", "0:10.0", "1:02.5", "60:00.0"]
