"""Which language product texts are told to be in."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localize.products import tongue


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["เสื้อยืดผ้าฝ้าย Oversize size M"], "th"),
        (["Good Day กล่องฝาชน Size 00 (20 ใบ)", "Minimal กล่องน้องรัก"], "th"),
        (["Áo thun nam cổ tròn chất cotton thoáng mát"], "vi"),
        (["Baju koko dewasa lengan panjang bahan katun", "Celana pria murah"], "id"),
        (["Laptop Lenovo ThinkPad Core i5 RAM 8GB MURAH", "Laptop DELL Core i7 mulus, siap pakai"], "id"),
        (["Tudung bawal kualiti tinggi, penghantaran percuma"], "ms"),
        (["秋装新款女装连衣裙长袖方领碎花", "Apple 平板电脑 Pro 11英寸 WiFi"], "zh"),
        (["ワイヤレスイヤホン 高音質"], "ja"),
        (["Stainless steel bottle with a leak-tight lid"], "en"),
        (["En klassisk damcykel med tre växlar och nya däck", "Svart hjälm för barn"], "sv"),
        (["Crveno vino iz Šumadije, odležalo u hrastovom buretu godinu dana"], "sr"),
        (["Красное вино из винограда сорта каберне"], "ru"),
    ],
)
def test_titles_tell_their_language(texts: list[str], code: str) -> None:
    found, sure = tongue.detect(texts)
    assert found == code
    assert 0 < sure <= 1


@pytest.mark.parametrize("texts", [[], [""], ["X1"], ["--", "500 ml"], ["12345 67"]])
def test_too_little_text_tells_nothing(texts: list[str]) -> None:
    assert tongue.detect(texts) == ("", 0.0)


def test_names_of_makers_and_things_are_no_language_of_europe() -> None:
    for titles in (
        ["Iphone X", "Samsung Note 10", "Samsung A5"],
        ["CCTV EZVIZ INDOOR C6N", "SSD VGEN SATA PLATINUM"],
        ["CASIO AE1200", "ORIENT AHE"],
    ):
        code, sure = tongue.detect(titles)
        assert (code, sure < 0.7) == ("en", True)


def test_a_few_letters_are_not_sure() -> None:
    assert tongue.detect(["Nova Unit"])[1] < 0.95


@given(st.lists(st.text(max_size=50), max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_texts_have_a_language_or_none(texts: list[str]) -> None:
    code, sure = tongue.detect(texts)
    assert 0 <= sure <= 1
    assert bool(code) == (sure > 0)
    assert all(tongue.foreign(text, code or "en") != code for text in texts if code)


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("เสื้อยืด", "en", "th"),
        ("连衣裙", "th", "zh"),
        ("Áo thun nam cổ tròn", "en", "vi"),
        ("кружка", "en", "ru"),
        ("Steel bottle with lid", "th", "en"),
        ("Steel bottle with lid", "en", ""),
        ("กล่อง Good Day", "th", ""),
        ("UR2022新款", "zh", ""),
        ("iPhone 15", "th", ""),
        ("Crème brûlée", "en", ""),
        ("кружка", "sr", ""),
        ("", "th", ""),
    ],
)
def test_a_row_in_another_script_is_told(text: str, language: str, code: str) -> None:
    assert tongue.foreign(text, language) == code


@pytest.mark.parametrize(
    ("code", "name"), [("en", "eng_Latn"), ("zh", "zho_Hans"), ("th", "tha_Thai"), ("vi", "vie_Latn"), ("id", "ind_Latn")]
)
def test_sentences_of_five_languages_are_told_one_by_one(code: str, name: str) -> None:
    path = Path(__file__).resolve().parents[3] / "shared" / "testdata" / "parallel" / f"sib200_dev.{name}.tsv"
    if not path.is_file():
        pytest.skip("../shared/testdata is not on this machine")
    with path.open(encoding="utf-8", newline="") as f:
        sentences = [row["text"] for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)]
    right = sum(tongue.detect([s])[0] == code for s in sentences)
    assert right >= 0.97 * len(sentences)


@pytest.mark.parametrize("text", ["Steel bottle", "Kubb game", "Wooden spoon", "Garden hose reel", "Desk lamp"])
def test_a_few_words_in_plain_letters_are_english_and_never_sure(text: str) -> None:
    code, sure = tongue.detect([text])
    assert code == "en"
    assert sure <= 0.6


def test_the_same_few_words_again_say_no_more() -> None:
    # "mug" and "steel" are words of Dutch as well.
    assert tongue.detect(["Steel mug 1", "Steel mug 2", "Steel mug 3"])[0] == "en"


OWN = {
    "sv": 'Nordstjerna, 26". En oväxlad, lila damcykel från Nordstjerna, 26" med fotbroms. Nya däck och slangar.',
    "en": "Wheel set. A wheelset with sealed hubs, which delivers a smooth ride. The rims are light, made for riders who value speed.",
    "fr": "Vélo pliant. Un vélo pliant léger pour la ville, avec un cadre en aluminium et des freins à disque. Il se plie en dix secondes.",
    "id": "Sepeda lipat. Sepeda lipat ringan untuk kota, dengan rangka aluminium dan rem cakram yang kuat. Dilipat dalam sepuluh detik.",
    "es": "Bicicleta plegable. Una bicicleta ligera para la ciudad, con cuadro de aluminio y frenos de disco. Se pliega en diez segundos.",
    "de": "Klapprad. Ein Klapprad für die Stadt, mit einem Rahmen aus Aluminium und Scheibenbremsen. Es ist in zehn Sekunden gefaltet.",
}


@pytest.mark.parametrize("catalog", ["en", "id", "sv", "fr", "de", "vi", "tr", "es", "no"])
@pytest.mark.parametrize("code", OWN)
def test_a_text_of_other_words_than_the_catalogs_has_its_own_language(code: str, catalog: str) -> None:
    assert tongue.own(OWN[code], catalog) == ("" if code == catalog else code)


@pytest.mark.parametrize(
    ("text", "catalog"),
    [
        ("Samsung Galaxy S24 Ultra 256 GB Titanium Black, Snapdragon 8 Gen 3, 12 GB RAM, USB-C, Wi-Fi 7, Bluetooth 5.3", "sv"),
        ("Material: Polyester, Spandex. Size: S, M, L, XL, XXL. Colour: Red, Blue, Green, Black, White, Pink, Grey", "id"),
        ("Sepatu lari The North Face for men and women, warna hitam untuk pria dan wanita, ukuran 40 sampai 44", "id"),
        ("Jual kasut sukan lelaki dan wanita, kualiti terbaik dengan harga murah untuk semua saiz, boleh pilih warna", "id"),
        ("保温杯 with a lid, made for the office and for travel, and it keeps your tea hot for all of the day", "zh"),
    ],
)
def test_names_loans_and_sister_tongues_are_no_other_language(text: str, catalog: str) -> None:
    assert tongue.own(text, catalog) == ""
