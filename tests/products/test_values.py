"""What texts, lists, currencies, SKUs, addresses and file names are read as."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localize.products import values
from localize.products.values import Number, Unreadable


@pytest.mark.parametrize(("text", "code"), [("thb", "THB"), (" VND ", "VND"), ("฿", "THB"), ("Rp", "IDR"), ("RMB", "CNY")])
def test_currencies(text: str, code: str) -> None:
    assert values.currency(text) == code


@pytest.mark.parametrize(
    ("text", "hint"), [("TBH", "did you mean THB"), ("VDN", "did you mean VND"), ("$", "may be USD, SGD, AUD or"), ("money", "such as THB")]
)
def test_unknown_currencies(text: str, hint: str) -> None:
    with pytest.raises(Unreadable, match=hint):
        values.currency(text)


@pytest.mark.parametrize("text", ["MUG-01", "00123", "เสื้อ 01", "A&B (red)", "a..b", "ก" * 60])
def test_skus(text: str) -> None:
    assert values.sku(f" {text}\n") == text


@pytest.mark.parametrize("text", ["", "  ", "../a", "a/b", "a\\b", ".hidden", "..", "a\x00b", "a\nb", "a\u200bb", "x" * 81, "ก" * 80])
def test_skus_that_could_not_name_a_file(text: str) -> None:
    with pytest.raises(Unreadable):
        values.sku(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Steel bottle", "Steel bottle"),
        ("  Steel \n bottle\t", "Steel bottle"),
        ("Ca\u0301 phe\u0302", "Cá phê"),
        ("\ufeffno\x00thing\u00a0odd", "nothing odd"),
        ("Mug \u202egnp.gum\u202c \u2067350 ml\u2069", "Mug gnp.gum 350 ml"),
        ('["\\n【新品】平板 "," Pro 11英寸\\n"]', "【新品】平板 Pro 11英寸"),
        ("['a', 'b']", "a b"),
        ("[not a list]", "[not a list]"),
        ('["broken', '["broken'),
    ],
)
def test_a_title_is_one_line_in_one_form(text: str, plain: str) -> None:
    assert values.plain(text) == plain


@given(st.text(max_size=20))
def test_plain_texts_stay_as_they_are(text: str) -> None:
    once = values.plain(text)
    if not once.startswith("["):
        assert values.plain(once) == once
    assert "\n" not in once
    assert once == once.strip()


def test_lines_are_kept_apart_without_empty_ones() -> None:
    assert values.lines(" a \r\n\n b  c\u2028d ") == "a\nb c\nd"
    assert values.lines("") == ""


def test_a_json_list_in_a_cell_is_its_parts() -> None:
    assert values.items('["Keeps hot", "- Light | easy"]') == ("Keeps hot", "Light | easy")


def test_lists_are_split_at_bars_lines_and_full_width_semicolons_and_lose_their_bullets() -> None:
    assert values.items("• Keeps hot; 12 h | -5 °C proof\n- Light；防水｜ ") == ("Keeps hot; 12 h", "-5 °C proof", "Light", "防水")
    assert values.items("") == ()


@pytest.mark.parametrize(
    ("value", "text"), [(199.0, "199"), (89.1, "89.1"), (0.1 + 0.2, "0.3"), (Decimal("199.00"), "199"), (Decimal("89.10"), "89.10")]
)
def test_numbers_keep_the_digits_a_spreadsheet_shows(value: object, text: str) -> None:
    assert values.text(value) == text
    assert isinstance(values.text(value), Number)


def test_other_cells_become_text() -> None:
    assert values.text(None) == values.text(float("nan")) == ""
    assert values.text(["a", 1, None]) == "a\n1\n"
    assert values.text(True) == "true"
    assert values.text("\ud800x\0") == "?x"
    assert values.text(Decimal("1e999999")) == "1E+999999"


# --- addresses and file names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("", ()),
        ("-", ()),
        ("N/A", ()),
        ("mug.jpg", ("mug.jpg",)),
        ("mug.jpg|mug 2.jpg| mug.jpg", ("mug.jpg", "mug 2.jpg")),
        ("mug, red.jpg", ("mug, red.jpg",)),
        ("mug.jpg, cup.PNG;bowl.webp", ("mug.jpg", "cup.PNG", "bowl.webp")),
        ("pics/mug.jpg\n\npics/cup.jpg", ("pics/mug.jpg", "pics/cup.jpg")),
        ("图1.jpg，图2.jpg；图3.jpg", ("图1.jpg", "图2.jpg", "图3.jpg")),
        ("https://a.example/1.jpg, https://a.example/2.jpg", ("https://a.example/1.jpg", "https://a.example/2.jpg")),
        ("https://a.example/1.jpg https://a.example/2.jpg", ("https://a.example/1.jpg", "https://a.example/2.jpg")),
        ("https://a.example/w_1,h_2/1.jpg;v=3,https://a.example/2.jpg", ("https://a.example/w_1,h_2/1.jpg;v=3", "https://a.example/2.jpg")),
        ("https://a.example/Abu muda (1).jpg", ("https://a.example/Abu muda (1).jpg",)),
        ("https://a.example/1.jpg?x=1&amp;y=2", ("https://a.example/1.jpg?x=1&y=2",)),
        ("//img.shop.com/1.jpg,//img.shop.com/2.jpg", ("https://img.shop.com/1.jpg", "https://img.shop.com/2.jpg")),
        ("img.shop.com/bao/1!!2-0.jpg", ("https://img.shop.com/bao/1!!2-0.jpg",)),
        ("shop.com/readme.txt", ("shop.com/readme.txt",)),
        ('["https:\\/\\/a.example\\/1.jpg", "2.jpg"]', ("https://a.example/1.jpg", "2.jpg")),
        ("['1.jpg', '2.jpg']", ("1.jpg", "2.jpg")),
        ('[{"url": "1.jpg"}, {"alt": "x", "src": "2.jpg"}]', ("1.jpg", "2.jpg")),
        ('<img alt="a, b" src="https://a.example/1.jpg.webp" title=""/>', ("https://a.example/1.jpg.webp",)),
        ("<img src='data:image/gif;base64,R0' data-src='//a.example/1.jpg'>", ("https://a.example/1.jpg",)),
        ('![front](https://a.example/1.jpg "x") ![back](2.jpg)', ("https://a.example/1.jpg", "2.jpg")),
        ("<masukkan link di sini>", ()),
        ("data:image/jpeg;base64,/9j/4A==|data:image/png;base64,iVBO", ("data:image/jpeg;base64,/9j/4A==", "data:image/png;base64,iVBO")),
        ("s3://shop/1.jpg, s3://shop/2 b.jpg", ("s3://shop/1.jpg", "s3://shop/2 b.jpg")),
        ("0123456789abcdef01234567:1:0:|https://a.example/1.jpg;0123456789abcdef01234568:1:1:|https://a.example/2.jpg;",
         ("https://a.example/1.jpg", "https://a.example/2.jpg")),
    ],
)  # fmt: skip
def test_pictures_are_found_however_a_cell_names_them(cell: str, found: tuple[str, ...]) -> None:
    assert values.references(cell) == found


@given(st.text(alphabet="ab./:,;| <>[]{}\"'\\&!()=\nhtpsimgdata0", max_size=60))
def test_any_cell_names_pictures_or_none(cell: str) -> None:
    found = values.references(cell)
    assert len(set(found)) == len(found)
    assert all(name and "\n" not in name for name in found)


@pytest.mark.parametrize(
    ("cell", "link"),
    [
        ("https://a.example/mug", "https://a.example/mug"),
        (" //item.shop.com/1.html ", "https://item.shop.com/1.html"),
        ("detail.shop.com/item.htm?id=5", "https://detail.shop.com/item.htm?id=5"),
    ],
)
def test_links_get_their_scheme(cell: str, link: str) -> None:
    assert values.link(cell) == link


def test_what_is_no_link_says_so() -> None:
    with pytest.raises(Unreadable, match="is not a web address"):
        values.link("in our shop")


def test_a_picture_that_is_not_there_has_ways_out(tmp_path: Path) -> None:
    with pytest.raises(values.Unreadable, match="beside the catalog, correct the name, or say in the campaign under `pictures:`"):
        values.file("mug.png", tmp_path)
    with pytest.raises(values.Unreadable, match="pictures may be files, or http, https, s3 and data addresses"):
        values.file("ftp://cdn.example/mug.png", tmp_path)


@pytest.mark.parametrize(
    "cell",
    [
        "https://x.example/TR TR Motif 1 Hijau  (1).jpg",
        "https://x.example/a\u00a0\u00a0b.jpg",
        "https://x.example/a\u0301  b.jpg",
        "motif  hijau   (1).jpg",
    ],
)
def test_an_address_keeps_each_of_its_letters_and_spaces(cell: str) -> None:
    assert values.references(cell) == (cell,)
    assert values.references(f" {cell} | https://x.example/2.jpg ") == (cell, "https://x.example/2.jpg")


def test_addresses_apart_by_many_spaces_are_still_several() -> None:
    assert values.references("https://x.example/1.jpg    https://x.example/2  b.jpg  ,   c.jpg") == (
        "https://x.example/1.jpg",
        "https://x.example/2  b.jpg",
        "c.jpg",
    )


@pytest.mark.parametrize("unit", [" ", "\u00a0", ", ", "a.jpg, ", "a.jpg ", ".jpg", "\n ", " ,", "a  "])
def test_long_runs_of_spaces_and_commas_take_no_long_time(unit: str) -> None:
    """If it went with the square of their length, this would not end before a check is given up: it would take an hour."""
    assert values.references("a.jpg," + unit * (1_000_000 // len(unit)) + "x")


def test_a_file_with_two_spaces_is_found_and_not_its_neighbour_with_one(tmp_path: Path) -> None:
    for name in ("tr motif.jpg", "tr  motif.jpg"):
        (tmp_path / name).write_bytes(b"x")
    assert values.file("tr  motif.jpg", tmp_path) == str(tmp_path / "tr  motif.jpg")
    assert values.file("tr motif.jpg", tmp_path) == str(tmp_path / "tr motif.jpg")
    (tmp_path / "tr motif.jpg").unlink()
    assert values.file("tr motif.jpg", tmp_path) == str(tmp_path / "tr  motif.jpg")


def test_a_file_is_found_by_a_name_in_other_capitals_where_only_one_has_it(tmp_path: Path) -> None:
    (tmp_path / "Mug.jpg").write_bytes(b"1")
    assert values.file("mug.JPG", tmp_path) == str(tmp_path / "Mug.jpg")
    (tmp_path / "MUG.jpg").write_bytes(b"2")
    if len(list(tmp_path.iterdir())) > 1:  # not on disks that know no capitals
        with pytest.raises(Unreadable, match="did you mean"):
            values.file("mug.jpg", tmp_path)
