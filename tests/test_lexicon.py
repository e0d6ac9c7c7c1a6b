"""The pronunciation lexicon: what is said changes, what is written does not; what can't be used is refused with its place."""

from __future__ import annotations

import pandas as pd
import pytest

from localize import languages, lexicon
from localize.errors import UserError
from localize.languages import Token
from localize.lexicon import Entry, Lexicon, unknown_phonemes


def said(lex: Lexicon, code: str, text: str) -> list[str]:
    return [t.say for t in lex.read(code, text)]


def table(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_an_entry_of_several_words_says_word_by_word_or_all_at_its_first():
    lex = Lexicon(
        [Entry("Air Fryer Pro", "vi", "e phờ-rai prô"), Entry("LM-FLASK-500", "vi", "bình năm trăm"), Entry("Top Mall", "vi", "tóp mo")]
    )
    assert said(lex, "vi", "Mua Air Fryer Pro và LM-FLASK-500!") == ["Mua", "e phờ rai prô", "", "", "và", "bình năm trăm"]
    assert said(lex, "vi", "ở top mall") == ["ở", "tóp", "mo"]


@pytest.mark.parametrize("code", languages.codes())
def test_what_is_written_stays(code):
    lex = Lexicon([Entry("Lumo Pan 3", "", "lumo pan ti"), Entry("Wi-Fi", "", "wai"), Entry("best", "", "bess", "b'Est")])
    for text in ("“LUMO pan 3”, (wi-fi)! #Best 🔥 Lumo Pan 30", "  best  ", "", "Lumo, Pan 3"):
        before, after = languages.get(code).read(text), lex.read(code, text)
        assert [(t.text, t.gap, t.pause) for t in after] == [(t.text, t.gap, t.pause) for t in before]


def test_case_and_punctuation_do_not_matter_and_a_pause_parts():
    lex = Lexicon([Entry("Lumo Pan", "id", "lumo pen"), Entry("Wi-Fi", "id", "waifai")])
    assert said(lex, "id", "(LUMO PAN) “wi-fi”, WI FI; lumo, pan") == ["lumo", "pen", "waifai", "waifai", "", "lumo", "pan"]
    assert said(lex, "id", "Lumo Pandan") == ["Lumo", "Pandan"]


def test_the_longest_entry_is_taken():
    lex = Lexicon([Entry("Galaxy", "vi", "ga"), Entry("Galaxy Tab", "vi", "ga táp"), Entry("Galaxy Tab S9 Ultra", "vi", "dài")])
    assert said(lex, "vi", "Galaxy Tab S9 Ultra, Galaxy Tab S9, Galaxy S9")[0] == "dài"
    assert said(lex, "vi", "Galaxy Tab S9")[:2] == ["ga", "táp"]
    assert said(lex, "vi", "Galaxy S9")[0] == "ga"


def test_thai_words_that_are_cut_up_are_found_whole():
    lex = Lexicon([Entry("กลาสโกว์", "th", "กล้าสโก้"), Entry("ไมโครเวฟ", "th", "ไมโคเหวบ")])
    assert [t.text for t in languages.get("th").read("ไปกลาสโกว์")] == ["ไป", "กลาส", "โกว์"]
    assert said(lex, "th", "ไปกลาสโกว์กับไมโครเวฟ") == ["ไป", "กล้าสโก้", "", "กับ", "ไมโคเหวบ"]


def test_a_word_inside_a_code_and_an_owner_are_said_as_well():
    lex = Lexicon([Entry("iPhone", "", "aifon"), Entry("Anker", "en", "anchor")])
    assert said(lex, "id", "iPhone15") == ["aifon lima belas"]
    assert said(lex, "en", "Anker's cable") == ["anchor's", "cable"]


def test_phonemes_go_with_their_word():
    lex = Lexicon(
        [Entry("Lumo", "en", "loomo", "l'u:moU"), Entry("Air Pan", "en", "", "'e@ p'an"), Entry("Big Pan", "en", "bigpan", "b'Ig p'an")]
    )
    lumo, air, pan = lex.read("en", "Lumo Air Pan")
    assert (lumo.say, lumo.phonemes) == ("loomo", "l'u:moU")
    assert [(t.say, t.phonemes) for t in (air, pan)] == [("Air", "'e@"), ("Pan", "p'an")]
    big, rest = lex.read("en", "Big Pan")
    assert (big.say, big.phonemes, rest.say, rest.phonemes) == ("bigpan", "b'Ig p'an", "", "")


def test_a_language_comes_before_all_and_a_campaign_before_the_brands(tmp_path):
    own = table(tmp_path / "own.csv", "word,language,say\nShopee,th,โชปี\nXiaomi,,siomi\nLumo,,lumo\nLumo,vi,lu mô\n")
    lex = Lexicon.load(own)
    assert said(lex, "th", "Shopee Lazada Xiaomi") == ["โชปี", "ลาซาด้า", "siomi"]
    assert said(lex, "vi", "Lumo Shopee") == ["lu mô", "sóp pi"]
    assert said(lex, "id", "Lumo Xiaomi") == ["lumo", "siomi"]


def test_a_respelling_is_read_as_a_voice_takes_it():
    lex = Lexicon([Entry("M5", "vi", "em 5"), Entry("Fryer", "th", "ฟรายเออร์")])
    assert said(lex, "vi", "M5") == ["em năm"]
    assert said(lex, "th", "Fryer") == ["ฟรายเออร์"]


def test_its_digest_tells_its_content(tmp_path):
    one, two = (Lexicon([Entry("Lumo", "th", say)]) for say in ("ลูโม", "ลูโม่"))
    assert one.digest() != two.digest()
    assert one.digest() == Lexicon([Entry("Lumo", "th", "ลูโม")]).digest()
    assert Lexicon.load(None).digest() != Lexicon.load(table(tmp_path / "a.csv", "word,say\nLumo,lumo\n")).digest()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("word,lang,say\nA,th,เอ\n", ["row 1", "'lang'", "Did you mean 'language'"]),
        ("word\nLumo\n", ["row 1", "say"]),
        ("word,language,say\nLumo,xx,lumo\n", ["row 2", "language", "'xx'", "th, vi"]),
        ("word,language,say\nA1,th,เอ\n\nLumo,th,\n", ["row 4", "say", "'Lumo'"]),
        ("word,say\nLumo,lumo\nlumo ,lu\n", ["row 3", "'lumo'", "row 2"]),
        ("word,language,say\nLumo,vi,ลูโม\n", ["row 2", "say", "Vietnamese", "ลโม"]),
        ("word,say\nLumo,ลูโม\n", ["row 2", "say", "give the language"]),
        ("word,say\n!!!,lumo\n", ["row 2", "word", "'!!!'"]),
        ("word,say\nLumo,!!!\n", ["row 2", "say", "'!!!'"]),
        ("word,say\nLumo,lu,mo\n", ["row 2", "3 cells for 2 columns"]),
        ("word,language,phonemes\nLumo,en,l'u:YY\n", ["row 2", "phonemes", "English", "leave phonemes empty"]),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_refused_with_its_place(tmp_path, text, told):
    path = table(tmp_path / "lexicon.csv", text)
    with pytest.raises(UserError) as caught:
        Lexicon.load(path)
    assert str(path) in str(caught.value)
    for part in told:
        assert part in str(caught.value)


def test_files_of_every_make(tmp_path):
    rows = "word;language;say;note\nLumo;th;ลูโม;our brand\n"
    (tmp_path / "a.csv").write_text(rows, encoding="utf-8-sig")
    (tmp_path / "b.csv").write_text(rows.replace(";", "\t"), encoding="utf-16")
    pd.DataFrame([["Lumo", "th", "ลูโม"]], columns=["word", "language", "say"]).to_excel(tmp_path / "c.xlsx", index=False)
    for name in ("a.csv", "b.csv", "c.xlsx"):
        assert said(Lexicon.load(tmp_path / name), "th", "Lumo") == ["ลูโม"], name
    (tmp_path / "d.csv").write_bytes("word,say\nLumo,lumö\n".encode("latin-1"))
    (tmp_path / "e.xlsx").write_bytes(b"no workbook")
    for name, told in (("d.csv", "CSV UTF-8"), ("e.xlsx", "workbook"), ("f.csv", "there is no lexicon")):
        with pytest.raises(UserError, match=told):
            Lexicon.load(tmp_path / name)


def test_brands_are_said_in_each_languages_letters():
    entries = Lexicon.load().entries
    assert len({e.word for e in entries}) >= 100
    for entry in entries:
        assert not languages.get(entry.language).foreign(entry.say), entry
        assert not any(c.isdigit() for c in entry.say), entry
        tokens = Lexicon.load().read(entry.language, entry.word)
        assert " ".join(t.say for t in tokens if t.say), entry
    keys = [(lexicon._key(e.word), e.language) for e in entries]
    assert len(keys) == len(set(keys))
    thai = [e for e in entries if e.language == "th"]
    assert all("\u0e00" <= c <= "\u0e7f" or c == " " for e in thai for c in e.say)


def test_espeaks_phonemes_are_known_by_name():
    pytest.importorskip("espeakng_loader")
    assert unknown_phonemes("s'i:o2", "th") == ""
    assert unknown_phonemes("sa2wa2tdi:3 p_ha:w3", "th") == ""
    assert unknown_phonemes("S'aU mi:Y", "en") == "Y"
    assert unknown_phonemes("anything", "xx") == ""


def test_tokens_of_no_entry_are_the_same_objects():
    token = Token("Lumo", "Lumo")
    assert Lexicon([Entry("Pan", "", "pen")]).apply([token], "vi")[0] is token
