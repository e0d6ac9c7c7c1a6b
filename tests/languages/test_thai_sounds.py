"""Thai words, how they sound, and what espeak-ng is given for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from localize.languages.thai_sounds import Syllable, exceptions, ipa, letter_name, phonemes, syllables

WORDS = Path(__file__).parents[1] / "fixtures" / "thai_pronunciations.tsv"


@pytest.mark.parametrize(
    ("word", "sound"),
    [
        ("มา", "maː˧"),  # low class, live: mid
        ("ขา", "kʰaː˩˩˦"),  # high class, live: rising
        ("ปาก", "paːk̚˨˩"),  # dead: low
        ("รัก", "rak̚˦˥"),  # low class, dead, short: high
        ("มาก", "maːk̚˥˩"),  # ... long: falling
        ("ป้า", "paː˥˩"),  # tone marks
        ("ค้า", "kʰaː˦˥"),
        ("หมา", "maː˩˩˦"),  # a leading ห
        ("อย่า", "jaː˨˩"),  # and a leading อ
        ("ปลา", "plaː˧"),  # a true cluster
        ("ทราบ", "saːp̚˥˩"),  # and a false one
        ("คน", "kʰon˧"),  # an unwritten o
        ("ถนน", "tʰa˨˩.non˩˩˦"),  # an unwritten a, and the tone class it lends
        ("ตลาด", "ta˨˩.laːt̚˨˩"),
        ("สบาย", "sa˨˩.baːj˧"),
        ("อร่อย", "ʔa˨˩.rɔj˨˩"),
        ("ธรรม", "tʰam˧"),  # รร
        ("พร", "pʰɔːn˧"),
        ("ราชการ", "raːt̚˥˩.tɕʰa˦˥.kaːn˧"),  # a final heard twice
        ("ผลไม้", "pʰon˩˩˦.la˦˥.maːj˦˥"),
        ("จันทร์", "tɕan˧"),  # killed letters
        ("ฟิล์ม", "fim˧"),
        ("ชาติ", "tɕʰaːt̚˥˩"),
        ("ใส่", "saj˨˩"),
        ("เรียน", "rian˧"),
        ("เดือน", "dɯan˧"),
        ("สวย", "suaj˩˩˦"),
        ("เกิด", "kɤːt̚˨˩"),
        ("เลย", "lɤːj˧"),
        ("เพราะ", "pʰrɔ˦˥"),
    ],
)
def test_spelling_says_the_sound(word: str, sound: str) -> None:
    assert ipa(word) == sound


@pytest.mark.parametrize(
    ("word", "sound"),
    [
        ("แบตเตอรี่", "bɛt̚˨˩.tɤː˧.riː˥˩"),
        ("บลูทูธ", "bluː˧.tʰuːt̚˦˥"),
        ("เซรั่ม", "seː˧.ram˥˩"),
        ("ออนไลน์", "ʔɔːn˧.laːj˧"),
        ("โปรโมชั่น", "proː˧.moː˧.tɕʰan˥˩"),
        ("ไลฟ์", "laj˦˥"),
        ("คลิก", "kʰlik̚˦˥"),
        ("สต็อก", "sa˨˩.tɔk̚˨˩"),
        ("มิลลิลิตร", "min˧.li˦˥.lit̚˦˥"),
        ("วัตต์", "wat̚˦˥"),
        ("ชาร์จ", "tɕʰaːt̚˦˥"),
        ("ยูเอสบี", "juː˧.ʔeːt̚˦˥.biː˧"),
        ("แอป", "ʔɛp̚˦˥"),
        ("กาแฟ", "kaː˧.fɛː˧"),
        ("ลิงก์", "liŋ˦˥"),
        ("ไลน์", "laːj˧"),  # killed letters tell words apart
        ("เปอร์เซ็นต์", "pɤː˧.sen˧"),
        ("มอนิเตอร์", "mɔː˧.ni˦˥.tɤː˥˩"),  # any -er falls
    ],
)
def test_loanwords_of_selling(word: str, sound: str) -> None:
    assert ipa(word) == sound


def test_a_syllable_has_five_parts() -> None:
    assert syllables("กล้วย") == [Syllable(initial="kl", vowel="ua", long=True, final="j", tone=2)]


def test_signs_of_repetition_and_abbreviation() -> None:
    assert ipa("เร็วๆ") == "rew˧.rew˧"
    assert ipa("กรุงเทพฯ") == "kruŋ˧.tʰeːp̚˥˩"


def test_one_word_in_any_unicode_spelling_sounds_the_same() -> None:
    assert syllables("น\u0e49\u0e4d\u0e32") == syllables("น้ำ")
    assert syllables("เเม่") == syllables("แม่")


def test_what_is_not_thai_is_ignored() -> None:
    assert syllables("USB-3") == []
    assert phonemes("🙂") == ""
    assert syllables("(ดี!)") == syllables("ดี")


def test_latin_letters_are_spelled_the_thai_way() -> None:
    assert [letter_name(letter) for letter in "USb"] == ["ยู", "เอส", "บี"]
    assert letter_name("é") == letter_name("ก") == ""


def test_published_pronunciations() -> None:
    """At least 95 % of the syllables of the held-out words are right in all their parts (benchmarks/thai_front_end.py)."""
    right = total = 0
    for line in WORDS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        word, half, accepted = line.split("\t")
        if half != "held-out":
            continue
        said = [f"{s.initial}{s.vowel}{'ː' if s.long and len(s.vowel) == 1 else ''}{s.final}{s.tone}" for s in syllables(word)]
        options = [option.split(".") for option in accepted.split("|")]
        same = [sum(map(str.__eq__, said, option)) for option in options if len(option) == len(said)]
        right += max(same, default=0)
        total += len(said) if same else len(options[0])
    assert total > 600
    assert right / total >= 0.95


def _table(name: str) -> list[str]:
    """The phonemes an espeak-ng phoneme table and the tables it builds on know, longest first."""
    loader = pytest.importorskip("espeakng_loader")
    data = (Path(loader.get_data_path()) / "phontab").read_bytes()
    tables, at = {}, 4
    for number in range(1, data[0] + 1):
        count, base = data[at], data[at + 1]
        label = data[at + 4 : at + 36].split(b"\0")[0].decode()
        entries = [data[at + 36 + 16 * i :][:4].rstrip(b"\0").decode("latin-1") for i in range(count)]
        tables[number], at = (label, base, entries), at + 36 + 16 * count
    number = next(n for n, (label, _, _) in tables.items() if label == name)
    known: set[str] = set()
    while number:
        _, base, entries = tables[number]
        known.update(entries)
        number = base
    return sorted(known - {""}, key=len, reverse=True)


def _split(text: str, known: list[str]) -> list[str]:
    """Phoneme text as espeak-ng cuts it: the longest phoneme it knows, again and again."""
    out = []
    while text:
        found = next((p for p in known if text.startswith(p)), None)
        assert found, f"espeak-ng does not know {text!r}"
        out.append(found)
        text = text[len(found) :]
    return out


SPEAK = """
import ctypes, json, sys, espeakng_loader
lib = ctypes.CDLL(espeakng_loader.get_library_path())
class Event(ctypes.Structure):
    _fields_ = [(n, ctypes.c_int) for n in ("type", "id", "position", "length", "audio", "sample")] + [
        ("user", ctypes.c_void_p), ("name", ctypes.c_char * 8)]
heard = []
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(Event))
def take(samples, count, events):
    i = 0
    while events[i].type:
        if events[i].type == 7:
            heard.append(events[i].name.decode())
        i += 1
    return 0
lib.espeak_Initialize(2, 200, espeakng_loader.get_data_path().encode(), 1)
lib.espeak_SetSynthCallback(take)
lib.espeak_SetVoiceByName(b"th")
for line in sys.stdin:
    heard.clear()
    text = ("[[" + line.strip() + "]]").encode()
    lib.espeak_Synth(text, len(text) + 1, 0, 1, 0, 0x101, None, None)
    print(*[h.lstrip("'") for h in heard if not h.startswith("_")])
"""


def test_espeak_says_every_phoneme_it_is_given() -> None:
    known = _table("shn")
    spoken = [line.split("\t")[0] for line in WORDS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    texts = [phonemes(word) for word in [*spoken, "เหนื่อย", "เปลี่ยว", "เร็ว", "แมว", "เอว", "โดย", "คุย", "น้อย", "เนย", "ก๊อก"]]
    run = subprocess.run([sys.executable, "-c", SPEAK], input="\n".join(texts), capture_output=True, text=True, check=True)
    unheard = {"1", "2", "3", "4", "5", ":"}  # tones and length shape the vowel before them
    for text, heard in zip(texts, run.stdout.splitlines(), strict=True):
        expected = [p for p in _split(text, known) if p not in unheard]
        assert heard.split() == expected, text


def test_every_exception_is_one_syllable_a_part() -> None:
    """exceptions() reads each respelled part as one syllable and fails on one it cannot."""
    assert len(exceptions()) > 500
