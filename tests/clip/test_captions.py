"""Words with times become pages, an .srt and sprites whose pill lies exactly on its word."""

import re
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageColor

from localize import languages
from localize.clip import emoji
from localize.clip.captions import CaptionArt, Look, numbers
from localize.clip.contrast import contrast
from localize.clip.paging import pages, srt
from localize.clip.type import ruler
from localize.domain import Word
from localize.pixels import over

LINES = {
    "th": ("วันนี้มีกระติกน้ำเก็บความเย็นมาแนะนำค่ะ 🔥", "เก็บได้นาน 24 ชั่วโมง ผู้ใช้ชมกันทุกคน", "เหลือเพียง ฿990 เท่านั้นค่ะ"),
    "vi": ("Cả nhà ơi, nóng thế này mà thiếu bình giữ nhiệt là dở rồi nhé!", "Giá chỉ còn 350.000 ₫, bấm giỏ hàng ngay ạ!"),
    "id": ("Kak, lagi cari botol minum yang tahan dingin seharian?", "Harganya cuma Rp299.000, yuk checkout sekarang!"),
    "zh": ("家人们，夏天出门一定要带它！", "316不锈钢内胆，24小时保冷，轻巧又不漏水。", "现在只要¥199，赶紧点小黄车！"),
}

DESIGNS = ("outline", "card", "light-card")
COLOURS = st.integers(0, 0xFFFFFF).map(lambda rgb: f"#{rgb:06X}")


def spoken(language, rate=0.07):
    """The words of LINES as a voice would time them: a share of a second a letter, a breath after each line."""
    out, t = [], 0.3
    for line in LINES[language]:
        tokens = languages.get(language).read(line)
        for token in tokens:
            end = t + rate * len(token.text)
            out.append(Word(text=token.text, gap="\n" if token is tokens[-1] else token.gap, start=t, end=end))
            t = end + (0.2 if token.pause else 0.0)
    return out


def shown(language, look):
    words = spoken(language)
    return words, pages(words, ruler(look.style, language), look.room)


def plain(text, seconds=0.3, gap=" "):
    words = text.split()
    return [Word(text=w, gap=gap, start=k * seconds, end=(k + 1) * seconds) for k, w in enumerate(words)]


@pytest.mark.parametrize("language", LINES)
def test_pages_hold_every_word_once_in_one_or_two_lines_that_fit(language):
    look = Look()
    words, made = shown(language, look)
    assert [k for page in made for k in page.words] == list(range(len(words)))
    for page in made:
        assert 1 <= len(page.lines) <= 2
        for line in page.lines:
            text = "".join(words[k].text + words[k].gap for k in line).rstrip()
            assert ruler(look.style, language)(text) <= look.room


@pytest.mark.parametrize("language", LINES)
def test_a_page_is_up_when_its_words_are_heard_and_long_enough_to_read(language):
    words, made = shown(language, Look())
    for page in made:
        assert page.end - page.start >= 0.8
        assert page.start <= words[page.words[0]].start
        assert page.end >= words[page.words[-1]].end
    for before, after in pairwise(made):
        assert after.start == before.end or after.start - before.end >= 0.4


def test_a_line_break_in_a_gap_ends_a_page():
    words = plain("buy it today friends")
    words[1] = words[1].model_copy(update={"gap": "\n"})
    assert [page.words for page in pages(words, len, 40)] == [(0, 1), (2, 3)]


def test_pages_turn_after_a_sentence_rather_than_in_one():
    words = plain("It keeps cold. It never ever leaks at all.")
    assert [page.words for page in pages(words, len, 14)] == [(0, 1, 2), (3, 4, 5, 6, 7, 8)]


@pytest.mark.parametrize(
    ("language", "said", "width", "lines"),
    [
        ("vi", "Điểm đầu tiên ạ: Màn hình 3.5 inch sắc nét.", 28, ["Điểm đầu tiên ạ:", "Màn hình 3.5 inch sắc nét."]),
        ("th", "เลือกแกดเจ็ตทีไร ลังเลทุกที ใครเป็นบ้างคะ", 32, ["เลือกแกดเจ็ตทีไร", "ลังเลทุกที ใครเป็นบ้างคะ"]),
        ("th", "วันนี้มีกระติกน้ำเก็บความเย็นมาแนะนำค่ะ", 28, ["วันนี้มีกระติกน้ำ", "เก็บความเย็นมาแนะนำค่ะ"]),
        ("en", "Ready to drink in 30 seconds flat", 24, ["Ready to drink", "in 30 seconds flat"]),
    ],
)
def test_lines_break_where_phrases_end_and_keep_a_figure_with_what_it_counts(language, said, width, lines):
    tokens = languages.get(language).read(said)
    words = [Word(text=t.text, gap=t.gap, start=0.1 * k, end=0.1 * (k + 1)) for k, t in enumerate(tokens)]
    (page,) = pages(words, len, width)
    assert ["".join(words[k].text + words[k].gap for k in line).strip() for line in page.lines] == lines


def test_no_page_turns_between_a_figure_and_its_unit_though_a_breath_is_between():
    said = (("อย่าง", "", 0.0), ("แรก", "", 0.26), ("เลย", " ", 0.48), ("แรงดัน", "", 0.63), ("ปั๊ม", " ", 1.01), ("20", " ", 1.21),
            ("บาร์", " ", 1.94), ("สกัด", "", 2.08), ("กาแฟ", "", 2.5), ("เข้มข้นค่ะ", "", 2.9), ("", "", 3.6))  # fmt: skip
    words = [Word(text=w, gap=gap, start=a, end=min(b, a + 0.46)) for (w, gap, a), (_, _, b) in pairwise(said)]
    look = Look()
    made = pages(words, ruler(look.style, "th"), look.room)
    assert len(made) > 1
    assert all(page.words[-1] != 5 for page in made)


def test_what_is_said_at_once_is_up_from_the_first_frame_without_a_pill():
    words = [Word(text="Look here", gap=" ", start=0.4, end=1.0), Word(text="please.", gap="", start=1.0, end=1.5)]
    made = pages(words, len, 100)
    assert made[0].start == 0
    assert len(CaptionArt(made, words, "en", Look()).at(0.0)) == 1
    late = [w.model_copy(update={"start": w.start + 1, "end": w.end + 1}) for w in words]
    assert pages(late, len, 100)[0].start == 1.4


def test_a_word_wider_than_the_box_has_a_line_of_its_own():
    words = plain("see www.averyverylongaddress.example now")
    assert [line for page in pages(words, len, 12) for line in page.lines] == [(0,), (1,), (2,)]


def test_no_page_flashes_by_even_when_words_rush():
    words = plain("aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee ffffffff gggggggg", seconds=0.1)
    made = pages(words, len, 10)
    assert all(page.end - page.start >= 0.3 - 1e-9 for page in made[1:])


def test_a_long_silence_clears_the_screen():
    words = [*plain("one two"), Word(text="three", gap="", start=4.0, end=4.5)]
    first, second = pages(words, len, 40)
    assert first.end < 1.2
    assert second.start == 4.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text("abcdefgh.,", min_size=0, max_size=9), st.floats(0, 0.6), st.floats(0, 0.8)), max_size=30))
def test_any_words_make_ordered_pages_that_lose_none(parts):
    words, t = [], 0.0
    for text, length, pause in parts:
        words.append(Word(text=text, gap=" ", start=t, end=t + length))
        t += length + pause
    made = pages(words, len, 12)
    assert [k for page in made for k in page.words] == list(range(len(words)))
    assert all(page.start <= page.end for page in made)
    assert all(before.end <= after.start for before, after in pairwise(made))


def test_srt_is_numbered_timed_and_whole():
    words, made = shown("th", Look())
    text = srt(made, words)
    cues = text.split("\n\n")
    assert len(cues) == len(made)
    assert cues[0].startswith("1\n00:00:00,000 --> ")
    assert all(re.search(r"^\d+\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\n\S", cue) for cue in cues)
    said = "".join(line for cue in cues for line in cue.split("\n")[2:])
    assert said.replace(" ", "") == "".join(LINES["th"]).replace(" ", "")
    assert srt([], []) == ""


@pytest.mark.parametrize("design", ["outline", "card"])
@pytest.mark.parametrize("language", LINES)
def test_sprites_stay_inside_the_box(language, design):
    look = Look(width=840, size=72, design=design)
    words, made = shown(language, look)
    art = CaptionArt(made, words, language, look)
    for t in np.arange(0, made[-1].end + 0.5, 1 / 30):
        for sprite in art.at(float(t)):
            ys, xs = np.nonzero(sprite.rgba[..., 3] > 40)
            assert sprite.x + xs.min() >= 0
            assert sprite.x + xs.max() < look.width
            assert sprite.y + ys.min() >= 0
            assert sprite.y + ys.max() < art.height


@pytest.mark.parametrize(
    ("language", "said", "marked"),
    [
        ("th", "เหลือ เพียง ฿990 จาก 1,290 บาท ลด 23% เก็บเย็น 30 ชม. กันน้ำ IPX5", ["฿990", "1,290", "บาท", "23%", "30", "ชม."]),
        ("vi", "chỉ còn 479.000 ₫, giảm 30%! giữ nhiệt 12 giờ", ["479.000", "₫,", "30%!", "12", "giờ"]),
        ("id", "cuma Rp 99.000, hemat 20 % tahan 24 jam", ["Rp", "99.000,", "20", "%", "24", "jam"]),
        ("zh", "现在 只要 ¥199！ 立减 50 元 316 不锈钢", ["¥199！", "50", "元", "316"]),
        ("en", "now $19.99, 25% off for 24 hours with 5G and IPX5", ["$19.99,", "25%", "24", "hours"]),
    ],
)
def test_prices_percentages_and_amounts_are_numbers_though_their_units_stand_apart(language, said, marked):
    words = plain(said)
    assert [words[k].text for k in sorted(numbers(words, language))] == marked


def test_a_unit_in_the_next_line_is_not_the_numbers():
    words = plain("only 20 hours later")
    words[1] = words[1].model_copy(update={"gap": "\n"})
    assert numbers(words, "en") == {1}


@pytest.mark.parametrize("language", LINES)
def test_numbers_have_their_colour_before_they_are_heard_and_nothing_moves(language):
    look = Look(accent="#FFC145")
    words, made = shown(language, look)
    art = CaptionArt(made, words, language, look)
    page = next(p for p in made if numbers(words, language) & set(p.words))
    before, *_ = art.at(page.start)
    yellow = (np.abs(before.rgba[..., :3].astype(int) - (0xFF, 0xC1, 0x45)).max(axis=-1) < 4).sum()
    assert yellow > 1000
    assert all(art.at(words[k].start + 0.01)[0] is before for k in page.words)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("behind", ["white", "black", "busy"])
@pytest.mark.parametrize(("brand", "accent"), [("#E4572E", "#FFC145"), ("#1F6F5C", "#FFFFFF"), ("#0A1A6B", "#101030")])
def test_letters_and_numbers_can_be_read_on_any_picture(design, behind, brand, accent):
    look = Look(brand=brand, accent=accent, design=design)
    words, made = shown("vi", look)
    art = CaptionArt(made, words, "vi", look)
    page = art.at(made[-1].start)[0].rgba
    picture = np.full_like(page, 0 if behind == "black" else 255)
    if behind == "busy":
        picture[:, ::7] = 0
    picture[..., 3] = 255
    over(picture, 0, 0, page)
    for colour in (look.style.fill, look.number):
        own = np.abs(page.astype(int) - (*ImageColor.getrgb(colour), 255)).max(axis=-1) < 4
        letters = cv2.morphologyEx(own.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
        assert letters.sum() > 1000
        ring = (cv2.dilate(letters, np.ones((7, 7))) - cv2.dilate(letters, np.ones((5, 5)))).astype(bool)
        around = [contrast(colour, f"#{r:02X}{g:02X}{b:02X}") for r, g, b, _ in picture[ring]]
        assert np.quantile(around, 0.25) >= 4.4  # letters' soft edges are in the ring, too


@pytest.mark.parametrize("design", DESIGNS)
@given(brand=COLOURS, accent=COLOURS)
@settings(max_examples=60, deadline=None)
def test_whatever_the_brands_colours_words_stand_out(design, brand, accent):
    look = Look(brand=brand, accent=accent, design=design)
    assert contrast(look.number, look.ground) >= 4.49
    assert contrast(look.heard, look.ground) >= 4.49
    assert contrast(look.on_pill, look.pill) >= 3.0
    if look.card:
        assert contrast(look.pill, look.ground) >= 1.4


def test_a_page_does_not_turn_before_an_emoji():
    words = plain("buy it now! 🔥 it keeps cold all day long")
    words[3] = words[3].model_copy(update={"end": words[3].start})
    assert pages(words, len, 14)[0].words == (0, 1, 2, 3)


def test_emoji_are_drawn_in_colour():
    words = plain("wow 🔥 nice")
    look = Look(brand="#0E1116")
    art = CaptionArt(pages(words, ruler(look.style, "en"), look.room), words, "en", look)
    page = art.at(0.1)[0].rgba
    flames = (page[..., 0] > 200) & (page[..., 2] < 80) & (page[..., 3] == 255)
    assert flames.sum() > 500


@pytest.mark.parametrize("language", ["th", "zh"])
def test_the_pills_letters_lie_on_the_pages_letters(language):
    # White letters on the pill as on the page, and a pill in the outline's colour: were a letter one pixel off, or
    # drawn twice, its soft edge would change when the pill comes.
    # Numbers differ in colour, in all but the red, which is all that is looked at.
    look = Look(width=840, size=72, brand="#0E1116", accent="#FFC145")
    words, made = shown(language, look)
    art = CaptionArt(made, words, language, look)
    for k in (k for page in made for k in page.words if not emoji.only(words[k].text)):
        page, pill = art.at(words[k].start + 0.07)
        canvas = np.full((art.height, look.width, 4), (0x0E, 0x11, 0x16, 255), np.uint8)
        over(canvas, page.x, page.y, page.rgba)
        before = canvas[..., 0].astype(int)
        over(canvas, pill.x, pill.y, pill.rgba)
        letters = before > 60
        assert letters.sum() > 500
        assert np.abs(canvas[..., 0].astype(int) - before)[letters].max() <= 8


def test_the_pill_follows_the_voice_and_pops_in():
    look = Look()
    words = plain("one two three", seconds=0.5)
    art = CaptionArt(pages(words, ruler(look.style, "en"), look.room), words, "en", look)
    keys = [art.at(t)[1].key for t in (0.0, 0.04, 0.2, 0.49, 0.5, 1.4)]
    assert keys == [(0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 0, 2), (0, 1, 0), (0, 2, 2)]
    assert art.at(0.2)[1] is art.at(0.3)[1]
    assert art.at(0.2)[0] is art.at(1.2)[0]
    assert art.at(99.0) == ()


def test_a_pill_on_a_light_card_is_never_smaller_than_its_letters():
    look = Look(design="light-card")
    words = plain("one two three", seconds=0.5)
    art = CaptionArt(pages(words, ruler(look.style, "en"), look.room), words, "en", look)
    first, settled = art.at(0.5)[1], art.at(0.6)[1]
    assert first.rgba.shape == settled.rgba.shape


def test_an_emoji_is_not_said_and_the_pill_stays_on_the_word_before():
    words = [
        Word(text="wow", gap=" ", start=0, end=0.5),
        Word(text="🔥", gap=" ", start=0.5, end=0.5),
        Word(text="nice", gap="", start=1, end=1.5),
    ]
    look = Look()
    art = CaptionArt(pages(words, ruler(look.style, "en"), look.room), words, "en", look)
    assert art.at(0.8)[1].key[:2] == (0, 0)
    assert art.at(1.2)[1].key[:2] == (0, 2)


def test_a_too_wide_word_is_made_smaller_to_fit_its_box():
    words = plain("www.averyverylongaddressindeed.example/shop/sale")
    look = Look(width=500)
    art = CaptionArt(pages(words, ruler(look.style, "en"), look.room), words, "en", look)
    page = art.at(0.1)[0]
    assert page.rgba.shape[1] <= look.width + 2 * look.size
    assert not page.rgba[:, -page.x + look.width :, 3].max(initial=0) > 40


@pytest.mark.parametrize(("brand", "on"), [("#E4572E", "#FFFFFF"), ("#FFC145", "#14161B"), ("#0A1A6B", "#FFFFFF"), ("#FFFFFF", "#14161B")])
def test_letters_on_the_pill_can_be_read_on_any_brand_colour(brand, on):
    assert Look(brand=brand).on_pill == on
