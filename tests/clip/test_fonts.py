"""A brand's own font draws what it has the letters of; no word is set in two hands, and nothing becomes a box."""

from __future__ import annotations

from pathlib import Path

import brand_files
import pytest

from localize.clip import fonts
from localize.clip.captions import Look
from localize.clip.subtitles import ass
from localize.clip.type import Style, draw, measure, runs, unprintable
from localize.errors import UserError


@pytest.fixture
def latin(tmp_path: Path) -> str:
    return str(brand_files.font(tmp_path / "brand.ttf"))


def files(text: str, language: str, font: str) -> list[tuple[str, str]]:
    return [(path.name, part) for path, part in runs(text, language, "bold", font)]


def test_words_that_it_has_are_in_the_brands_font(latin: str) -> None:
    assert files("แก้ว Lumora 290", "th", latin) == [("Kanit-Bold.ttf", "แก้ว"), ("brand.ttf", " Lumora 290")]
    assert files("Lumora保温杯99", "zh", latin) == [("brand.ttf", "Lumora"), ("NotoSansSC-Bold.ttf", "保温杯"), ("brand.ttf", "99")]


def test_a_word_that_it_has_not_whole_is_in_ours(latin: str) -> None:
    assert files("Cho ngày", "vi", latin) == [("brand.ttf", "Cho "), ("Kanit-Bold.ttf", "ngày")]


def test_no_letter_loses_a_mark_that_the_font_lacks(tmp_path: Path) -> None:
    font = str(brand_files.font(tmp_path / "brand.ttf", brand_files.LATIN + "กขคงจชซดตถทนบปผพมยรลวสหอา"))
    assert files("น้ำดีมาก", "th", font) == [("Kanit-Bold.ttf", "น้ำดีมาก")]
    assert files("มาก", "th", font) == [("brand.ttf", "มาก")]


def test_a_letter_that_no_font_of_ours_has_is_drawn_too(tmp_path: Path) -> None:
    font = str(brand_files.font(tmp_path / "brand.ttf", more="ཀ"))
    assert unprintable("A ཀ", "en") == "ཀ"
    assert unprintable("A ཀ", "en", font) == ""
    assert draw("ཀ", Style(40, font=font), "en")[0].any()
    assert files("éཀ", "en", font) == [("Kanit-Bold.ttf", "é"), ("brand.ttf", "ཀ")]


def test_texts_are_as_wide_as_they_are_drawn(latin: str) -> None:
    style = Style(60, font=latin)
    assert measure("Lumora", style, "th") == measure("Lumora", Style(60), "th")  # the same letters by another name
    assert draw("Lumora", style, "th")[0].any()


def test_what_a_font_lacks_is_told_by_language(latin: str) -> None:
    path = Path(latin)
    assert {code: bool(fonts.lacking(path, code)) for code in ("en", "id", "th", "vi", "zh")} == {
        "en": False, "id": False, "th": True, "vi": True, "zh": True,
    }  # fmt: skip
    assert not any(fonts.lacking(fonts.chain(code, "bold")[0], code) for code in ("en", "id", "th", "vi", "zh"))


def test_players_are_told_of_the_brands_font_where_it_has_the_letters(tmp_path: Path) -> None:
    look = Look(font=str(brand_files.font(tmp_path / "brand.ttf", family="Brand Sans")))
    assert "Style: Caption,Brand Sans," in ass([], [], "id", look, (0, 0, 840, 100))
    assert "Style: Caption,Kanit," in ass([], [], "th", look, (0, 0, 840, 100))


def test_a_file_that_is_no_font_is_refused_with_the_way_out(tmp_path: Path) -> None:
    for name, content in (("a.ttf", b"no font at all"), ("b.ttf", b""), ("c.woff2", b"wOF2"), ("d.otf", b"OTTO" + bytes(40))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=rf"{name}.* Give a TrueType or OpenType font"):
            fonts.check(tmp_path / name)
    with pytest.raises(UserError, match="none of the letters"):
        fonts.check(brand_files.font(tmp_path / "signs.ttf", "ก"))
    fonts.check(brand_files.font(tmp_path / "good.ttf"))
