"""Translation memory: exact matches from CSV and TMX."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from localize.errors import UserError
from localize.translate import Translation
from localize.translate.memory import MemoryTranslator, Near, normal, read, remember

TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4">
  <header creationtool="x" segtype="sentence" srclang="en-US" adminlang="en" datatype="plaintext" o-tmf="x" creationtoolversion="1"/>
  <body>
    <tu><tuv xml:lang="en-US"><seg>Carry <bpt i="1">&lt;b&gt;</bpt>strap<ept i="1">&lt;/b&gt;</ept> &amp; bag</seg></tuv>
        <tuv xml:lang="vi-VN"><seg>Dây đeo và túi</seg></tuv>
        <tuv xml:lang="zh-TW"><seg>背帶與袋子</seg></tuv></tu>
    <tu><tuv lang="zh-CN"><seg>附赠收纳绑带</seg></tuv><tuv lang="th"><seg>มีสายรัดให้ด้วย</seg></tuv></tu>
  </body>
</tmx>"""


def memory(tmp_path: Path, content: str | bytes, name: str = "memory.csv") -> MemoryTranslator:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return MemoryTranslator([path])


def test_an_exact_match_is_given_and_nothing_else(tmp_path: Path) -> None:
    known = memory(tmp_path, "source,th,vi\nCarry strap included,มีสายรัดให้ด้วย,\n")
    found = known.translate(["Carry strap included", "Carry strap", "carry strap included"], "en", "th")
    assert found == [Translation(text="มีสายรัดให้ด้วย", origin="memory"), None, None]
    assert known.translate(["Carry strap included"], "en", "vi") == [None], "an empty cell is no translation"


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("Crème  brûlée\n", "Crème brûlée"),
        (unicodedata.normalize("NFD", "Crème brûlée"), unicodedata.normalize("NFC", "Crème brûlée")),
        ("\ufeffCrème\u00a0brûlée\u200b", "Crème brûlée"),
    ],
)
def test_texts_are_compared_in_their_normal_form(asked: str, stored: str) -> None:
    assert normal(asked) == normal(stored)


def test_the_seller_may_write_in_any_of_the_columns(tmp_path: Path) -> None:
    known = memory(tmp_path, "source,zh,th\nYoga mat,瑜伽垫,เสื่อโยคะ\n")
    assert known.translate(["瑜伽垫"], "zh", "th") == [Translation(text="เสื่อโยคะ", origin="memory")]
    assert known.translate(["เสื่อโยคะ"], "en", "zh") == [None]


def test_a_later_entry_corrects_an_earlier_one(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("source,id\nLamp,Lampu\nMat,Karpet\nMat,Matras\n", encoding="utf-8")
    second.write_text("source,id\nLamp,Lampu meja\n", encoding="utf-8")
    found = MemoryTranslator([first, second]).translate(["Lamp", "Mat"], "en", "id")
    assert [t.text for t in found if t] == ["Lampu meja", "Matras"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfsource;id\r\nLamp, small;Lampu, kecil\r\n",
        "source\tid\nLamp, small\tLampu, kecil\n".encode("utf-16"),
        b'source,id,note\n"Lamp, small","Lampu, kecil",checked\n',
    ],
    ids=["semicolons and BOM", "tabs in UTF-16", "quoted"],
)
def test_tables_as_spreadsheets_save_them(tmp_path: Path, content: bytes) -> None:
    assert memory(tmp_path, content).translate(["Lamp, small"], "en", "id") == [Translation(text="Lampu, kecil", origin="memory")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"english,thai\na,b\n", "no column 'source'"),
        (b"", "no column 'source', only nothing"),
        (b"source,th\na,b,c\n", "line 2: 3 cells for 2 columns"),
        (b"source,th\nLamp,\xe0\xb8\n", "is not utf-8; save the file as CSV UTF-8"),
        (b'source,th\n"Lamp,x\n', "line 2"),
    ],
)
def test_a_broken_table_says_where(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UserError, match=r"memory\.csv") as failure:
        memory(tmp_path, content).translate(["Lamp"], "en", "th")
    assert said in str(failure.value)


def test_tmx_units_go_both_ways_without_their_markup(tmp_path: Path) -> None:
    known = memory(tmp_path, TMX, "m.tmx")
    assert known.translate(["Carry strap & bag"], "en", "vi") == [Translation(text="Dây đeo và túi", origin="memory")]
    assert known.translate(["附赠收纳绑带"], "zh", "th") == [Translation(text="มีสายรัดให้ด้วย", origin="memory")]
    assert known.translate(["Carry strap & bag"], "en", "zh") == [None], "traditional Chinese is no text for zh"


@pytest.mark.parametrize(
    "dtd",
    ['[<!ENTITY x SYSTEM "secret.txt">]', '[<!ENTITY a "ha"><!ENTITY x "&a;&a;&a;">]', '[<!ENTITY % p SYSTEM "p.dtd"> %p;]'],
    ids=["external", "nested", "parameter"],
)
def test_tmx_entities_are_refused(tmp_path: Path, dtd: str) -> None:
    (tmp_path / "secret.txt").write_text("password")
    evil = TMX.replace('SYSTEM "tmx14.dtd"', dtd).replace("Dây đeo", "&x;")
    with pytest.raises(UserError, match=r"m\.tmx, line \d+: entity"):
        list(read(memory(tmp_path, evil, "m.tmx").paths[0]))


def test_an_entity_of_a_dtd_that_is_not_fetched_is_refused_too(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="entity 'nbsp'"):
        list(read(memory(tmp_path, TMX.replace("Dây đeo", "Dây&nbsp;đeo"), "m.tmx").paths[0]))


def test_a_cut_off_tmx_says_where(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"m\.tmx, line \d+: not well-formed"):
        list(read(memory(tmp_path, TMX[: len(TMX) // 2], "m.tmx").paths[0]))


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    assert "names no translation memory" in MemoryTranslator().missing()
    assert "lost.csv" in MemoryTranslator([tmp_path / "lost.csv"]).missing()
    with pytest.raises(UserError, match=r"lost\.csv"):
        MemoryTranslator([tmp_path / "lost.csv"]).translate(["x"], "en", "th")


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    before = memory(tmp_path, "source,th\na,b\n")
    first = before.fingerprint()
    assert memory(tmp_path, "source,th\na,b\n").fingerprint() == first
    assert memory(tmp_path, "source,th\na,c\n").fingerprint() != first


# ---- what is nearly the same, and what people have accepted


def test_what_is_nearly_the_same_is_offered_and_never_used(tmp_path: Path) -> None:
    known = memory(
        tmp_path, "source,th,vi\nSteel bottle 500 ml,ขวดสเตนเลส 500 มล.,\nSteel bottle 350 ml,ขวดสเตนเลส 350 มล.,\nYoga mat,เสื่อโยคะ,\n"
    )
    assert known.translate(["Steel bottle 550 ml"], "en", "th") == [None]
    near = known.near("Steel bottle 550 ml", "en", "th")
    assert {(n.source, n.text) for n in near} == {
        ("Steel bottle 500 ml", "ขวดสเตนเลส 500 มล."), ("Steel bottle 350 ml", "ขวดสเตนเลส 350 มล.")
    }  # fmt: skip
    assert all(0.9 <= n.likeness < 1 for n in near)
    assert known.near("Steel bottle 550 ml", "en", "vi") == []  # it has no Vietnamese for them
    assert known.near("Carry strap", "en", "th") == []


def test_an_exact_match_is_not_offered_beside_itself(tmp_path: Path) -> None:
    assert memory(tmp_path, "source,th\nMug,แก้ว\n").near("Mug", "en", "th") == []
    assert Near("a", "b", 0.95).likeness == 0.95


def test_what_is_accepted_is_added_at_the_end_and_wins(tmp_path: Path) -> None:
    path = tmp_path / "memory.csv"
    path.write_bytes("source;th;note\nMug;แก้ว;old\n".encode())
    remember(path, [("Mug", "th", "ถ้วย"), ("Mug", "vi", "Cốc; to")])
    assert list(read(path)) == [{"": "Mug", "th": "แก้ว", "note": "old"}, {"": "Mug", "th": "ถ้วย"}, {"": "Mug", "vi": "Cốc; to"}]
    assert MemoryTranslator([path]).translate(["Mug"], "en", "th") == [Translation("ถ้วย", "memory")]


def test_a_memory_is_made_where_there_is_none(tmp_path: Path) -> None:
    remember(tmp_path / "new.csv", [("Mug", "id", "Cangkir")])
    assert list(read(tmp_path / "new.csv")) == [{"": "Mug", "id": "Cangkir"}]


def test_tmx_and_broken_files_are_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "m.tmx").write_text(TMX, encoding="utf-8")
    with pytest.raises(UserError, match="only reads"):
        remember(tmp_path / "m.tmx", [("a", "th", "b")])
    (tmp_path / "m.csv").write_text("text,th\na,b\n", encoding="utf-8")
    with pytest.raises(UserError, match="no column 'source'"):
        remember(tmp_path / "m.csv", [("a", "th", "b")])
    assert (tmp_path / "m.csv").read_text(encoding="utf-8") == "text,th\na,b\n"


def test_what_is_accepted_wins_over_a_column_of_the_source_language_and_tmx(tmp_path: Path) -> None:
    table, tmx = tmp_path / "m.csv", tmp_path / "m.tmx"
    table.write_text("source,en,th\nA mug,Mug,แก้ว\n", encoding="utf-8")
    tmx.write_text(TMX.replace("Carry", "Mug").replace("zh-CN", "en").replace("附赠收纳绑带", "Mug"), encoding="utf-8")
    assert MemoryTranslator([tmx, table]).translate(["Mug"], "en", "th") == [Translation("แก้ว", "memory")]
    remember(table, [("Mug", "th", "ถ้วย")])
    assert MemoryTranslator([tmx, table]).translate(["Mug"], "en", "th") == [Translation("ถ้วย", "memory")]


def test_a_memory_that_is_written_meanwhile_is_the_next_run_s(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("source,th\nMug,แก้ว\n", encoding="utf-8")
    before = MemoryTranslator([path])
    known = before.fingerprint()
    remember(path, [("Mug", "th", "ถ้วย")])
    assert before.translate(["Mug"], "en", "th") == [Translation("แก้ว", "memory")]
    assert before.fingerprint() == known
    assert MemoryTranslator([path]).fingerprint() != known
