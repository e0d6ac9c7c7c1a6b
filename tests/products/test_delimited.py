"""Text tables as sellers' programs write them: any encoding, any delimiter, any line end, with their faults."""

import unicodedata
from pathlib import Path

import pytest

from localize.errors import UserError
from localize.products import tables
from localize.products.tables import Row, Table, delimited

TITLES = {
    "gb18030": (
        "不锈钢保温杯，大容量", "夏季新款连衣裙女", "红色T恤", "手机壳 iPhone15 防摔", "纯棉毛巾3条装", "陶瓷碗", "【包邮】￥2999起",
    ),
    "big5": ("不鏽鋼保溫杯，大容量", "夏季新款連衣裙", "手機殼 iPhone15 防摔", "藍牙耳機", "純棉毛巾3條裝", "戶外露營帳篷"),
    "cp874": ("แก้วเซรามิกเก็บความร้อนได้นาน", "เสื้อยืดผู้ชาย สีดำ", "โคมไฟตั้งโต๊ะ LED", "ยาสีฟัน", "รองเท้าวิ่ง", "ผ้าเช็ดตัว 3 ผืน", "ชาม"),
    "cp1258": (
        "Cốc gốm sứ cao cấp", "Giày thể thao nữ", "Khăn tắm 3 chiếc", "Bát sứ", "Đèn bàn LED ba mức sáng", "Áo thun nam màu đen", "Ốp lưng",
    ),
    "cp1252": ("Café crème édition limitée", "Größe M, rot", "Señorita falda azul", "Chaussures d’été – 20 €", "Tröja", "Sacs à main"),
    "cp1251": ("Термокружка стальная", "Футболка мужская чёрная", "Кроссовки", "Полотенце 3 шт.", "Чехол для iPhone"),
    "cp932": ("ステンレスボトル 500ml", "夏のワンピース", "スマホケース 耐衝撃", "タオル3枚セット", "ランニングシューズ", "卓上ライト"),
}  # fmt: skip


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def table(path: Path, content: str | bytes) -> Table:
    (found,) = tables.load(write(path, content))
    return found


def cells(path: Path, content: str | bytes) -> list[tuple[str, ...]]:
    return [r.cells for r in table(path, content).rows()]


def windows_1258(text: str) -> bytes:
    """Vietnamese as Windows writes it: a letter with its hat, then the tone."""
    out = ""
    for letter in unicodedata.normalize("NFC", text):
        first, *marks = unicodedata.normalize("NFD", letter)
        tones = [m for m in marks if m in "\u0300\u0301\u0303\u0309\u0323"]
        out += unicodedata.normalize("NFC", first + "".join(m for m in marks if m not in tones)) + "".join(tones)
    return out.encode("cp1258")


def encoded(text: str, encoding: str) -> bytes:
    return windows_1258(text) if encoding == "cp1258" else text.encode(encoding)


# --- encodings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", TITLES)
def test_a_table_in_an_old_encoding_is_read_in_it_and_says_so(tmp_path: Path, encoding: str) -> None:
    rows = "".join(f"A{n};{title};290\r\n" for n, title in enumerate(TITLES[encoding]))
    found = table(tmp_path / "shop.csv", encoded("sku;title;price\r\n" + rows, encoding))
    assert [r.cells[1] for r in found.rows()][1:] == list(TITLES[encoding])
    assert "not UTF-8; it was read as" in found.notes[0]


@pytest.mark.parametrize(("encoding", "title"), [(e, t) for e in ("gb18030", "cp874", "cp1258", "cp1252") for t in TITLES[e]])
def test_one_row_is_enough_to_tell_the_markets_encodings_apart(tmp_path: Path, encoding: str, title: str) -> None:
    assert cells(tmp_path / "shop.csv", encoded(f"sku;title;price\nA;{title};290\n", encoding))[1] == ("A", title, "290")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("title", ["Cốc gốm แก้ว 杯", "不锈钢真空内胆长效保温十二小时以上适合户外旅行使用"])
def test_unicode_with_and_without_a_mark_needs_no_note(tmp_path: Path, encoding: str, title: str) -> None:
    found = table(tmp_path / "shop.csv", f"sku,title\nA,{title}\n".encode(encoding))
    assert list(found.rows()) == [Row(1, ("sku", "title")), Row(2, ("A", title))]
    assert found.notes == ()


def test_a_few_broken_bytes_do_not_make_utf8_another_encoding(tmp_path: Path) -> None:
    rows = b"".join(f"A{n},แก้วเซรามิกเคลือบ\n".encode() for n in range(10))
    found = table(tmp_path / "shop.csv", rows + b"B,caf\xe9\n" + "C,โคมไฟ\n".encode())
    assert [r.cells[1] for r in found.rows()][-3:] == ["แก้วเซรามิกเคลือบ", "caf\ufffd", "โคมไฟ"]
    assert found.notes == ("The file is UTF-8 but damaged: in line 11, \ufffd stands for lost letters. Correct them, or export it again.",)


def test_a_chinese_letter_cut_in_half_does_not_make_the_file_unreadable(tmp_path: Path) -> None:
    title = "不锈钢保温杯大容量便携学生水杯"
    rows = f"A,{title}\n".encode("gb18030") * 10 + b"B,\xb1\n" + f"C,{title}\n".encode("gb18030")
    found = table(tmp_path / "shop.csv", rows)
    assert [r.cells[1] for r in found.rows()].count(title) == 11
    assert "in line 11" in found.notes[1]


def test_nul_bytes_are_left_out(tmp_path: Path) -> None:
    assert cells(tmp_path / "shop.csv", b"sku,title\n\0A,Mug\0\n") == [("sku", "title"), ("A", "Mug")]


# --- delimiters ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    assert cells(tmp_path / "shop.csv", "sku;title;price\n1;Mug;2\n".replace(";", delimiter)) == [
        ("sku", "title", "price"),
        ("1", "Mug", "2"),
    ]


@pytest.mark.parametrize(
    ("content", "second"),
    [
        ("ten;gia;giacu\nA;1,5;2,5\nB;3,5;4,5\n", ("A", "1,5", "2,5")),  # decimal commas under a header
        ("9;1,5;2,5\n9;3,5;4,5\n", ("9", "3,5", "4,5")),  # and without one
        ("sku,features\nA,a|b|c\nB,a|b|c\nC,a|b|c\n", ("A", "a|b|c")),  # a list in each row
        ("sku\ttitle\nA\tMug, red, large\nB\tLamp, blue, small\n", ("A", "Mug, red, large")),  # commas in each text
        ('sku,text\nA,"a;b;c;d\ne;f"\nB,"a;b;c;d"\n', ("A", "a;b;c;d\ne;f")),  # quoted ones don't count
        ("Export of 3 May; for the shop\n\nsku,title,price\nA,Mug,1\nB,Lamp,2\nC,Lid,3\n", ()),  # a line above the header
    ],
)
def test_what_looks_like_a_delimiter_is_not_always_one(tmp_path: Path, content: str, second: tuple[str, ...]) -> None:
    found = cells(tmp_path / "shop.csv", content)
    assert found[1] == second
    assert len({len(row) for row in found[2:]}) <= 1


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", "sep=; "])
def test_excel_s_separator_line_is_obeyed_and_not_counted(tmp_path: Path, line: str) -> None:
    assert list(table(tmp_path / "shop.csv", f"{line}\r\nsku;title\r\nA;x,y\r\n").rows()) == [
        Row(1, ("sku", "title")),
        Row(2, ("A", "x,y")),
    ]


# --- lines and rows ------------------------------------------------------------------------------------------------


def test_line_ends_of_all_systems_may_be_mixed(tmp_path: Path) -> None:
    assert cells(tmp_path / "shop.csv", "a,b\rc,d\r\ne,f\ng,h") == [("a", "b"), ("c", "d"), ("e", "f"), ("g", "h")]


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    found = table(tmp_path / "shop.csv", '\nsku,title\n\nA,"two\nlines"\nB,one\n')
    assert [(r.number, r.blank) for r in found.rows()] == [(1, True), (2, False), (3, True), (4, False), (5, False)]
    assert [r.number for r in found.top(2)] == [2, 4]
    assert found.top()[1].cells == ("A", "two\nlines")


def test_ragged_rows_stay_as_they_are(tmp_path: Path) -> None:
    assert cells(tmp_path / "shop.csv", "sku,title,price\nA,Mug\nB,Lamp,2,x\n") == [
        ("sku", "title", "price"),
        ("A", "Mug"),
        ("B", "Lamp", "2", "x"),
    ]


def test_a_quotation_mark_that_is_never_closed_is_told_with_its_line(tmp_path: Path) -> None:
    for end in ("", "\n"):
        found = list(table(tmp_path / "shop.csv", 'sku,title\nA,Mug\nB,"15 inch\nC,Lamp' + end).rows())
        assert [r.number for r in found] == [1, 2, 3]
        assert found[2].cells[0] == "B"
        assert found[2].trouble == "a quotation mark in line 3 is never closed: close or remove it"


def test_after_an_open_quotation_mark_has_taken_in_too_much_reading_goes_on(tmp_path: Path) -> None:
    lines = "".join(f"M{n},Mug {'x' * 90},{n}\n" for n in range(1, 4_000))
    found = list(table(tmp_path / "shop.csv", f'sku,title,price\nA,"15 inch,2\n{lines}Z,Lamp,3\n').rows())
    (bad,) = [r for r in found if r.trouble]
    assert (bad.number, bad.cells) == (2, ())
    assert bad.trouble.startswith("a quotation mark in line 2 is not closed before line 12")
    assert found[-1].cells == ("Z", "Lamp", "3")
    # It has cost no more than what a cell may hold.
    assert len(found) > 2_000


def test_a_picture_in_a_cell_may_be_long(tmp_path: Path) -> None:
    picture = "data:image/png;base64," + "A" * 1_500_000
    rows = cells(tmp_path / "shop.csv", f'sku\timages\nA\t"{picture}"\nB\t{picture}\nC\tc.jpg\n')
    assert rows[1:] == [("A", picture), ("B", picture), ("C", "c.jpg")]


def test_a_cell_too_long_even_for_a_picture_costs_its_row(tmp_path: Path) -> None:
    found = list(table(tmp_path / "shop.csv", f"sku,images\nA,{'A' * (delimited.MAX_CELL + 1)}\nB,b.jpg\n").rows())
    assert found[1].trouble == "line 2 has a cell of more than 2,000,000 characters: put the text or picture into a file of its own"
    assert found[2] == Row(3, ("B", "b.jpg"))


def test_rows_can_be_read_again_and_left_in_the_middle(tmp_path: Path) -> None:
    found = table(tmp_path / "shop.csv", "sku\nA\nB\n")
    assert next(iter(found.rows())).cells == ("sku",)
    assert len(list(found.rows())) == len(list(found.rows())) == 3


def test_a_file_without_lines_is_no_table(tmp_path: Path) -> None:
    file = tmp_path / "shop.csv"
    with file.open("wb") as f:
        f.truncate(70_000_000)
        f.seek(0)
        f.write(b"sku,title\n")
    with pytest.raises(UserError, match="has a line longer than any table's"):
        tables.load(file)
