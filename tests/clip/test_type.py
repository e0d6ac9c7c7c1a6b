"""Texts of all languages become sprites: shaped, measured, wrapped, never with a box for a missing letter."""

import numpy as np
import pytest

from localize.assets import ASSETS
from localize.clip.type import Style, block, chain, draw, glyph_height, ink, masks, measure, runs, tint, unprintable
from localize.pixels import over

BOLD = Style(64)


def files(text, language):
    return [(path.name, part) for path, part in runs(text, language)]


def test_each_letter_comes_from_a_font_that_has_it():
    assert files("ซื้อ 杯 ฿99", "th") == [("Kanit-Bold.ttf", "ซื้อ "), ("NotoSansSC-Bold.ttf", "杯"), ("Kanit-Bold.ttf", " ฿99")]
    assert files("只要฿99", "zh") == [("NotoSansSC-Bold.ttf", "只要"), ("Kanit-Bold.ttf", "฿"), ("NotoSansSC-Bold.ttf", "99")]


@pytest.mark.parametrize(
    "text", ["ế ộ ữ ỹ Ế Ộ Ữ 350.000 ₫", "ที่ ผู้ น้ำ ปิ้ง เก๋ ฿1,290 ๆ ฯ", "Rp299.000 é ñ ü €5 £3 ½ ™", "¥199，【家人们】316不锈钢 24℃ ㎡ ★"]
)
@pytest.mark.parametrize("language", ["th", "vi", "id", "zh", "en"])
def test_what_catalogs_hold_can_be_printed_in_every_language(text, language):
    assert unprintable(text, language) == ""
    assert "".join(part for _, part in runs(text, language)) == text


def test_all_common_hanzi_are_there():
    hanzi = "".join(bytes((0xA0 + row, 0xA0 + cell)).decode("gb2312", "ignore") for row in range(16, 88) for cell in range(1, 95))
    assert len(hanzi) == 6763
    assert unprintable(hanzi, "zh") == ""


def test_a_character_no_font_has_is_left_out_and_listed():
    assert unprintable("ลดแรง 🦠🦠 วันนี้\u200b ཀ", "th") == "🦠ཀ"
    assert measure("ดี 🦠 มาก", BOLD, "th") == measure("ดี มาก", BOLD, "th")
    sprite, _ = draw("🦠", BOLD, "th")
    assert sprite.size == 0


def test_an_emoji_is_one_run_whatever_it_is_made_of():
    assert files("ดี👍🏽👨‍👩‍👧🇹🇭1️⃣ 5★", "th") == [
        ("Kanit-Bold.ttf", "ดี"),
        *(("NotoColorEmoji.ttf", part) for part in ("👍🏽", "👨‍👩‍👧", "🇹🇭", "1️⃣")),
        ("Kanit-Bold.ttf", " 5"),
        ("NotoSansSC-Bold.ttf", "★"),
    ]
    assert measure("👨‍👩‍👧", BOLD, "th") == measure("🔥", BOLD, "th") == measure("🇹🇭", BOLD, "th")


@pytest.mark.parametrize("language", ["th", "vi", "id", "zh", "en"])
def test_emoji_are_printable_and_those_that_the_font_lacks_leave_no_parts(language):
    assert unprintable("ลด 🔥👍🏽❤️‍🔥🇹🇭1️⃣ ♥ ♥️ ☎", language) == ""
    assert runs("👩🏽‍🚀", language) == ()
    assert unprintable("👩🏽‍🚀", language) == "👩🏽🚀"


def test_a_sign_is_a_letter_unless_it_asks_to_be_an_emoji():
    assert [path.name for path, _ in runs("♥", "th")] == ["NotoSansSC-Bold.ttf"]
    assert [path.name for path, _ in runs("♥️", "th")] == ["NotoColorEmoji.ttf"]
    assert [path.name for path, _ in runs("❤", "th")] == ["NotoColorEmoji.ttf"]


def coloured(rgba):
    """Pixels that white letters on black have none of."""
    return ((rgba[..., :3].max(axis=-1).astype(int) - rgba[..., :3].min(axis=-1)) > 60).sum()


def test_emoji_stand_among_the_letters_in_their_own_colours():
    style = Style(64, outline="#000000", outline_width=6, shadow=0.5)
    sprite, (_, y) = draw("ลด🔥ราคา", style, "th")
    plain, (_, above) = draw("ลดราคา", style, "th")
    assert coloured(sprite) > 500
    assert coloured(plain) == 0
    assert (sprite[..., :3] <= sprite[..., 3:]).all()
    assert abs(y - above) <= 0.3 * style.size
    up, down = ink("🔥", style, "th")
    assert 0.7 * style.size < up < 1.1 * style.size
    assert 0 < down < 0.3 * style.size
    assert masks("ลด", style, "th").colour is None


def test_emoji_are_as_see_through_as_their_letters():
    assert draw("🔥", Style(64, fill="#FFFFFF00"), "th")[0].max() == 0
    assert draw("🔥", Style(64, fill="#FFFFFF80"), "th")[0][..., 3].max() == 128


def test_cards_and_their_kin_get_emoji_from_blocks():
    set_ = block("กระติกน้ำ 🔥 เก็บเย็น 24 ชม. 👨‍👩‍👧", BOLD, "th", 420, max_lines=3)
    assert coloured(set_.rgba) > 500
    assert not set_.cut
    cut = block("👨‍👩‍👧" * 9, BOLD, "th", 300, max_lines=1)
    assert cut.lines == ("👨‍👩‍👧" * 3 + "…",)


def test_decomposed_vietnamese_is_the_same_picture_as_composed():
    import unicodedata

    composed, apart = "Giữ nhiệt", unicodedata.normalize("NFD", "Giữ nhiệt")
    assert apart != composed
    assert np.array_equal(draw(composed, BOLD, "vi")[0], draw(apart, BOLD, "vi")[0])


def test_thai_marks_stack_instead_of_advancing():
    assert measure("ที่", BOLD, "th") == pytest.approx(measure("ท", BOLD, "th"), abs=1)
    assert ink("ที่", BOLD, "th")[0] > ink("ที", BOLD, "th")[0] > ink("ท", BOLD, "th")[0]


def test_a_sprite_lies_around_its_origin_and_is_premultiplied():
    sprite, (x, y) = draw("Hộp", Style(80, fill="#FFC14580", outline="#101010", outline_width=6, shadow=0.5), "vi")
    up, down = ink("Hộp", Style(80), "vi")
    assert y < -up
    assert y + sprite.shape[0] > down
    assert x < 0
    assert (sprite[..., :3] <= sprite[..., 3:]).all()


def test_over_blends_and_cuts_what_hangs_over():
    below = np.full((10, 10, 4), 255, np.uint8)
    over(below, 5, -3, tint(np.full((8, 8), 255, np.uint8), "#FF000080"))
    assert below[0, 9].tolist() == [255, 127, 127, 255]
    assert below[5, 9].tolist() == [255] * 4
    over(below, 20, 20, below.copy())


@pytest.mark.parametrize(("label", "language"), [("AI生成", "zh"), ("สร้างด้วย AI", "th"), ("Tạo bởi AI", "vi"), ("Dibuat dengan AI", "id")])
def test_glyph_height_is_that_of_the_ink(label, language):
    style = Style(100, "semibold")
    height = glyph_height(label, style, language)
    capital = masks("A", style, language).fill.shape[0]
    assert 54 <= height <= capital
    assert glyph_height(label, Style(50, "semibold"), language) < 54


def test_flat_hanzi_and_marks_do_not_make_a_text_look_small():
    assert glyph_height("一生", BOLD, "zh") == glyph_height("生", BOLD, "zh")
    assert glyph_height("ที่", BOLD, "th") == glyph_height("ท", BOLD, "th")
    assert glyph_height("!?", BOLD, "en") == 0


def test_a_block_breaks_between_words_and_keeps_every_letter():
    text = "กระติกน้ำเก็บความเย็นได้นาน 24 ชั่วโมง พกง่าย"
    set_ = block(text, BOLD, "th", 620, max_lines=3)
    assert 1 < len(set_.lines) <= 3
    assert "".join(set_.lines).replace(" ", "") == text.replace(" ", "")
    assert all(measure(line, set_.style, "th") <= 620 for line in set_.lines)
    assert not set_.cut


def test_a_long_text_shrinks_first_and_is_cut_only_then():
    text = "Botol minum stainless steel tahan panas dan dingin 24 jam"
    shrunk = block(text, BOLD, "id", 700, max_lines=2, smallest=40)
    assert 40 <= shrunk.style.size < 64
    assert not shrunk.cut
    cut = block(text, BOLD, "id", 700, max_lines=1, smallest=40)
    assert (cut.style.size, cut.cut) == (40, True)
    assert text.startswith(cut.lines[0].removesuffix("…"))
    assert text[len(cut.lines[0]) - 1] == " "


def test_a_giant_word_stays_in_its_box():
    set_ = block("Donaudampfschifffahrtsgesellschaftskapitän", BOLD, "en", 400, max_lines=1)
    assert set_.cut
    assert measure(set_.lines[0], set_.style, "en") <= 400


def test_lines_never_touch():
    set_ = block("ญาญู่ ฎุฎู\u0e0e ฐูฐู ปิ้งย่างน้ำที่ผู้ซื้อ", Style(64), "th", 330, max_lines=4)
    assert len(set_.lines) > 1
    rows = set_.rgba[..., 3].any(axis=1)
    gaps = np.flatnonzero(~rows)
    assert len(gaps) >= len(set_.lines) - 1


def test_centred_lines_lie_in_the_middle():
    set_ = block("Giá tốt", BOLD, "vi", 800, align="centre")
    middle = set_.x + set_.rgba.shape[1] / 2
    assert middle == pytest.approx(400, abs=6)


def test_a_struck_price_has_a_line_through_it():
    plain, _ = draw("฿1,990", BOLD, "th")
    struck, _ = draw("฿1,990", Style(64, strike="#FF0000"), "th")
    red = (struck[..., 0] > 200) & (struck[..., 1] < 50)
    assert red.any(axis=0).sum() > plain.shape[1]


def test_nothing_to_set_is_nothing():
    assert block("", BOLD, "th", 500).rgba.size == 0
    assert measure("", BOLD, "th") == 0.0


def test_every_font_has_its_licence_beside_it():
    folder = ASSETS / "fonts"
    table = (folder / "LICENCES.md").read_text(encoding="utf-8")
    for path in {path for language in ("th", "zh") for path in chain(language, "bold")}:
        assert path.exists()
        assert (folder / f"OFL-{path.stem.split('-')[0]}.txt").exists()
        assert path.stem.split("-")[0] in table
