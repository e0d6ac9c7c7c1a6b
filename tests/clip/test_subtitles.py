"""Subtitles that a well-kept reader reads as they were meant."""

import html
import re
import subprocess
from itertools import pairwise

import imageio_ffmpeg
import pysubs2
import pytest

from localize import languages
from localize.clip.captions import Look
from localize.clip.paging import pages
from localize.clip.subtitles import ass, srt, vtt, write
from localize.clip.type import ruler
from localize.domain import Word

BOX = (60, 1276, 900, 1456)
LINES = {
    "th": ("เหลือเพียง ฿990 ค่ะ 🔥", "เก็บเย็น 30 ชม."),
    "vi": ("Giá chỉ còn 479.000 ₫, giảm 30%! 🎉", "Giữ nhiệt 12 giờ"),
    "id": ("Harganya cuma Rp 99.000", "tahan dingin 24 jam ✨"),
    "zh": ("现在只要¥199！🔥立减50元", "24小时保冷"),
    "en": ("A <b>bold</b> & {braced} \\N offer --> now", "25% off"),
}


def made(language, look=None):
    look = look or Look()
    words, t = [], 0.3
    for line in LINES[language]:
        tokens = languages.get(language).read(line)
        for token in tokens:
            end = t + 0.07 * len(token.text) * bool(token.say)
            words.append(Word(text=token.text, gap="\n" if token is tokens[-1] else token.gap, start=t, end=end))
            t = end + 0.05
    return pages(words, ruler(look.style, language), look.room), words


def read(text, form):
    """What FFmpeg reads in a file: pysubs2 takes a line with the times of words for a cue's times."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", form, "-i", "-", "-f", "srt", "-"]
    out = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    return pysubs2.SSAFile.from_string(out.decode(), format_="srt").events


def said(page, words):
    lines = ("".join(words[k].text + words[k].gap for k in line).strip() for line in page.lines)
    return "\n".join(lines)


@pytest.mark.parametrize("language", LINES)
def test_srt_and_vtt_are_read_back_with_their_times_and_words(language):
    shown, words = made(language)
    for text, form in ((srt(shown, words), "srt"), (vtt(shown, words), "webvtt")):
        events = read(text, form)
        assert [(e.start, e.end) for e in events] == [(round(p.start * 1000), round(p.end * 1000)) for p in shown]
        if language != "en":
            assert [e.plaintext for e in events] == [said(p, words) for p in shown]


@pytest.mark.parametrize("language", LINES)
def test_vtt_has_the_time_of_every_word_in_rising_order(language):
    shown, words = made(language)
    cues = vtt(shown, words).split("\n\n")[1:]
    assert len(cues) == len(shown)
    for cue, page in zip(cues, shown, strict=True):
        number, timing, text = cue.split("\n", 2)
        assert number.isdigit()
        assert re.fullmatch(r"(\d\d:\d\d:\d\d\.\d{3}) --> (\d\d:\d\d:\d\d\.\d{3})", timing)
        begin, end = timing.split(" --> ")
        times = [begin, *re.findall(r"<([\d:.]+)>", text), end]
        assert all(a < b for a, b in pairwise(times))
        spoken = [k for k in page.words if any(c.isalnum() for c in words[k].text)]
        assert len(times) - 2 >= len(spoken) - 1


def test_vtt_escapes_what_would_be_markup():
    shown, words = made("en")
    text = vtt(shown, words)
    assert text.startswith("WEBVTT\n\n")
    plain = re.sub(r"<[\d:.]+>", "", text)
    assert plain.count("<") == 0
    assert html.unescape(plain).split("\n\n")[1].split("\n", 2)[2] == said(shown[0], words)
    assert text.count("-->") == len(shown)


@pytest.mark.parametrize("design", ["outline", "card", "light-card"])
@pytest.mark.parametrize("language", LINES)
def test_ass_is_read_back_with_its_style_and_a_time_for_each_word(language, design):
    look = Look(size=58, design=design)
    shown, words = made(language, look)
    file = pysubs2.SSAFile.from_string(ass(shown, words, language, look, BOX), format_="ass")
    assert (file.info["PlayResX"], file.info["PlayResY"]) == ("1080", "1920")
    style = file.styles["Caption"]
    assert style.fontname == ("Noto Sans SC" if language == "zh" else "Kanit")
    assert style.bold
    assert (style.marginl, style.marginr, style.marginv) == (60, 180, 464)
    assert style.secondarycolor == pysubs2.Color(*bytes.fromhex(look.style.fill[1:]))
    assert (style.outline > 0) == (design == "outline")
    if look.card:
        assert style.backcolor.a == 255 - int(look.card[7:], 16)
    assert len(file.events) == len(shown)
    for event, page in zip(file.events, shown, strict=True):
        assert abs(event.start - page.start * 1000) <= 5
        assert abs(event.end - page.end * 1000) <= 5
        lasting = [int(cs) for cs in re.findall(r"\\k(\d+)", event.text)]
        assert len(lasting) - len(page.words) in (0, 1)  # and one for the silence before the first
        assert sum(lasting) * 10 == event.end - event.start


def test_ass_colours_numbers_and_leaves_out_emoji_and_tags():
    look = Look(accent="#FFC145")
    shown, words = made("vi", look)
    text = ass(shown, words, "vi", look, BOX)
    assert re.findall(r"\\2c&H45C1FF&\\1c&H45C1FF&\}([^{]*)", text) == ["479.000 ₫,", "30%!", "12 giờ"]
    assert "🎉" not in text
    shown, words = made("en", look)
    plain = [e.plaintext for e in pysubs2.SSAFile.from_string(ass(shown, words, "en", look, BOX), format_="ass").events]
    assert "(braced)" in " ".join(plain)
    assert "\\" not in "".join(plain)


def test_all_three_are_written(tmp_path):
    shown, words = made("th")
    write(tmp_path, shown, words, "th", Look(), BOX)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["captions.ass", "captions.srt", "captions.vtt"]
    assert all(len(pysubs2.load(str(tmp_path / name))) == len(shown) for name in ("captions.ass", "captions.srt"))


def test_no_pages_are_valid_files():
    assert srt([], []) == ""
    assert vtt([], []) == "WEBVTT\n"
    assert pysubs2.SSAFile.from_string(ass([], [], "th", Look(), BOX), format_="ass").events == []
