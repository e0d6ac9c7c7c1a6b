"""The checks of a spoken Line: sound speech passes, broken speech is found, and what was heard is compared with what was to be said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from localize import languages, pace
from localize.checks import speech
from localize.domain import Finding, Recognition, Word
from localize.recognize import Samples, Transcript
from localize.voice import VoiceStyle
from localize.voice.espeak import EspeakVoice

LINES = {
    "th": "หูฟังไร้สาย Lumora ลดเหลือ ฿299 จากปกติ ฿399 ค่ะ",
    "vi": "Tai nghe Lumora chỉ còn 299.000 ₫, nghe tới 30 giờ ạ.",
    "id": "Earbuds Lumora cuma Rp299.000, tahan sampai 30 jam, kak!",
    "zh": "Lumora 无线耳机现在只要¥299，续航可达 30 小时。",
    "en": "Lumora earbuds are now $18.90, and they last 30 hours.",
}


@dataclass(frozen=True)
class Spoken:
    samples: Samples
    rate: int
    words: tuple[Word, ...]
    expected: float
    says: tuple[str, ...]


def speak(text: str, code: str, gender: str = "female") -> Spoken:
    language = languages.get(code)
    tokens = language.read(text)
    sound = EspeakVoice().speak(tokens, language, VoiceStyle(gender=gender))
    return Spoken(sound.samples, sound.rate, sound.words, pace.seconds(text, code), tuple(t.say for t in tokens))


@pytest.fixture(scope="module")
def line() -> Spoken:
    return speak(LINES["vi"], "vi")


def checked(line: Spoken, samples: Samples | None = None, **other: object) -> list[Finding]:
    given = {"words": line.words, "expected_seconds": line.expected, "says": line.says, **other}
    sound = line.samples if samples is None else samples.astype(np.float32)
    return list(speech.listen(sound, line.rate, **given))  # type: ignore[arg-type]


def names(found: list[Finding]) -> set[tuple[str, str]]:
    return {(f.check, f.severity) for f in found}


def loud_moment(line: Spoken, share: float) -> int:
    """The loudest sample near a share of the sound."""
    at, reach = round(share * len(line.samples)), line.rate // 5
    return at - reach + int(np.argmax(np.abs(line.samples[at - reach : at + reach])))


@pytest.mark.parametrize("code", sorted(LINES))
@pytest.mark.parametrize("gender", ["female", "male"])
def test_sound_speech_passes(code: str, gender: str) -> None:
    assert checked(speak(LINES[code], code, gender)) == []


@pytest.mark.parametrize(("code", "text"), [("th", "ว้าว"), ("vi", "Ôi!"), ("vi", "Rẻ."), ("id", "Yuk!"), ("zh", "好！"), ("en", "Stop!")])
def test_a_line_of_one_word_passes(code: str, text: str) -> None:
    assert checked(speak(text, code)) == []


def test_a_line_of_which_nothing_is_said_may_be_silent() -> None:
    assert speech.listen(np.zeros(4800, np.float32), 48_000, (), 0.2, ("",)) == ()


@pytest.mark.parametrize("sound", [np.zeros(0, np.float32), np.zeros(48_000, np.float32), np.full(48_000, 0.3, np.float32)])
def test_silence_blocks(line: Spoken, sound: Samples) -> None:
    assert names(checked(line, sound)) == {("speech silent", "block")}


def test_the_level_is_heard(line: Spoken) -> None:
    assert names(checked(line, line.samples * 10 ** (-6 / 20))) == {("speech level", "warn")}
    assert names(checked(line, line.samples * 10 ** (-20 / 20))) == {("speech level", "block")}
    (found,) = checked(line, line.samples + 0.05)
    assert "not centred" in found.message


@pytest.mark.parametrize("loudness", [1.0, 0.4])
def test_clipping_is_found_also_when_made_softer_afterwards(line: Spoken, loudness: float) -> None:
    assert "speech clipping" in {f.check for f in checked(line, np.clip(line.samples * 8, -1, 1) * loudness)}
    assert ("speech clipping", "block") in names(checked(line, np.clip(line.samples * 30, -1, 1) * loudness))


def test_a_hole_and_long_edges_are_found(line: Spoken) -> None:
    at = loud_moment(line, 0.4)
    for seconds, severity in ((1.8, "warn"), (3.2, "block")):
        gap = np.zeros(round(seconds * line.rate), np.float32)
        found = checked(line, np.concatenate([line.samples[:at], gap, line.samples[at:]]), words=())
        assert ("speech silent", severity) in names(found)
    before = checked(line, np.concatenate([np.zeros(2 * line.rate, np.float32), line.samples]), words=())
    assert [f.message for f in before] == ["Nothing is said for 2.0 s before this Line."]
    after = checked(line, np.concatenate([line.samples, np.zeros(2 * line.rate, np.float32)]))
    assert [f.message for f in after] == ["Nothing is said for 2.1 s after this Line."]


def test_an_end_in_the_middle_of_a_sound_blocks_with_and_without_silence_behind(line: Spoken) -> None:
    cut = line.samples[: loud_moment(line, 0.8)]
    assert ("speech truncated", "block") in names(checked(line, cut, words=()))
    assert ("speech truncated", "block") in names(checked(line, np.concatenate([cut, np.zeros(4800, np.float32)]), words=()))


def test_a_sound_without_its_last_words_blocks(line: Spoken) -> None:
    faded = line.samples.copy()
    last = line.words[-1]
    start = round((last.start - 0.15) * line.rate)
    faded[start:] *= np.exp(-np.arange(len(faded) - start) / (0.02 * line.rate)).astype(np.float32)
    (found,) = checked(line, faded)
    assert found.check == "speech truncated"
    assert repr(last.text) in found.message
    short = line.samples[: round(0.3 * len(line.samples))]
    fade = np.concatenate([short, short[-1] * np.exp(-np.arange(4800) / 1200)])
    assert ("speech truncated", "block") in names(checked(line, fade, words=()))


def test_far_longer_than_its_words_blocks(line: Spoken) -> None:
    found = checked(line, np.concatenate([line.samples, line.samples[::-1], -line.samples[::-1]]))
    assert ("speech runaway", "block") in names(found)


def test_words_said_twice_are_found_unless_the_text_says_them_twice() -> None:
    once = speak("Thermos giữ nóng mười hai giờ, nắp vặn kín không rỉ nước.", "vi")
    size = round(1.2 * once.rate)
    at = loud_moment(once, 0.3)
    again = np.concatenate([once.samples[: at + size], once.samples[at:]])
    (found,) = [f for f in checked(once, again, words=()) if f.check == "speech repeated"]
    assert found.severity == "block"
    assert found.evidence["alike"] > 0.95  # type: ignore[operator]
    twice = speak("Chỉ hai trăm chín chín nghìn, vâng, chỉ hai trăm chín chín nghìn.", "vi")
    assert checked(twice) == []
    silent_text = checked(twice, says=("một", "hai"))
    assert "speech repeated" in {f.check for f in silent_text}  # it is the text that excuses it


def test_a_click_is_found_and_counted(line: Spoken) -> None:
    clicked = line.samples.copy()
    pause = round(0.02 * line.rate)
    clicked[pause] += 0.3
    clicked[loud_moment(line, 0.6) + 7] -= 1.2
    (found,) = [f for f in checked(line, clicked) if f.check == "speech click"]
    assert found.evidence["clicks"] == 2
    assert found.evidence["first"] == pytest.approx(0.02, abs=0.001)


def test_noise_and_tones_are_no_speech(line: Spoken) -> None:
    chance = np.random.default_rng(1)
    assert names(checked(line, chance.standard_normal(96_000) * 0.1)) == {("speech noise", "block")}
    tone = 0.14 * np.sin(2 * np.pi * 220 * np.arange(96_000) / 48_000)
    assert names(checked(line, tone)) == {("speech noise", "block")}
    assert names(checked(line, line.samples + chance.standard_normal(len(line.samples)) * 0.03)) == {("speech noise", "warn")}


def test_another_rate_is_no_matter(line: Spoken) -> None:
    third = line.samples.reshape(-1)[: len(line.samples) // 3 * 3].reshape(-1, 3).mean(axis=1)
    assert speech.listen(third.astype(np.float32), 16_000, line.words, line.expected, line.says) == ()


# ---- what was heard


def compare(said_text: str, heard: str, code: str, **limits: float) -> tuple[float, Finding | None]:
    said = " ".join(token.say for token in languages.get(code).read(said_text))
    return speech.compare(said, Transcript(heard, code), code, speech.Limits(**limits))


@pytest.mark.parametrize("code", sorted(LINES))
def test_figures_signs_and_capitals_are_no_difference(code: str) -> None:
    for heard in (LINES[code], LINES[code].upper(), LINES[code].replace(",", "").replace("!", " ")):
        assert compare(LINES[code], heard, code)[1] is None or code == "en"
    assert compare(LINES[code], LINES[code], code) == (0.0, None)


@pytest.mark.parametrize(
    ("code", "said", "heard"),
    [
        ("th", "ราคา ฿299 เท่านั้น", "ราคาสองร้อยเก้าสิบเก้าบาทเท่านั้น"),
        ("th", "น้ำหนักเบา", "น\u0e4d\u0e32หนักเบา"),  # sara am in two parts
        ("th", "ที่นี่", "ที่่\u200bนี่"),  # a mark typed twice, a space of no width
        ("vi", "hòa thuận", "hoà thuận."),
        ("id", "harga Rp299.000", "Harga dua ratus sembilan puluh sembilan ribu rupiah"),
        ("zh", "只要¥299", "只要二百九十九元。"),
        ("en", "twenty-four hours", "24 hours"),
    ],
)
def test_two_right_spellings_are_alike(code: str, said: str, heard: str) -> None:
    rate, finding = compare(said, heard, code)
    assert finding is None
    assert rate <= 0.15


def test_chinese_heard_in_traditional_characters_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    said, heard = "这款全新的无线蓝牙耳机，头发后面也不乱", "這款全新的無線藍牙耳機，頭髮後面也不亂。"
    if speech.simplifier():
        assert compare(said, heard, "zh") == (0.0, None)
        assert compare(said, heard.replace("耳機", "手錶"), "zh")[0] > 0
    monkeypatch.setattr(speech, "simplifier", lambda: None)
    assert compare(said, heard, "zh")[0] > 0.25


def test_characters_count_in_thai_and_chinese_and_words_elsewhere() -> None:
    assert compare("一二三四五六七八九十", "一二三四五六七八九", "zh")[0] == pytest.approx(0.1)
    assert compare("red shoes for small feet", "red shoes for small feat", "en")[0] == pytest.approx(0.2)
    assert compare("sepatu merah", "sepatu merah besar sekali ya", "id")[0] == pytest.approx(1.5)


def test_the_finding_follows_the_limits() -> None:
    said, heard = "red shoes for small feet", "red boots for tall feet"
    rate, finding = compare(said, heard, "en")
    assert finding is not None
    assert (round(rate, 2), finding.severity, finding.check) == (0.4, "warn", "speech words")
    assert heard in finding.message
    assert compare(said, heard, "en", warn=0.5)[1] is None
    found = compare(said, heard, "en", block=0.3)[1]
    assert found is not None
    assert found.severity == "block"
    nothing = compare(said, "", "en")[1]
    assert nothing is not None
    assert nothing.severity == "block"


@pytest.mark.parametrize("code", sorted(LINES))
def test_another_price_is_told_though_the_rate_is_low(code: str) -> None:
    said = {"th": "รุ่นใหม่ล่าสุดของ Lumora ลดราคาพิเศษเหลือเพียง {} บาทเท่านั้นค่ะ", "zh": "这款全新的无线蓝牙耳机今天在这里只卖{}元"}.get(
        code, "Lumora abc def ghi jkl mno pqr stu vwx yza bcd {}"
    )
    rate, finding = compare(said.format(299), said.format(259), code)
    assert rate <= 0.25
    assert finding is not None
    assert (finding.check, finding.severity) == ("speech number", "warn")
    assert finding.evidence["numbers"] == "299"


def test_what_goes_to_the_sidecar() -> None:
    assert Recognition().model_dump() == {"state": "not run", "rate": None, "heard": "", "engine": ""}
    heard = Transcript("red boots for tall feet", "en")
    rate, finding = speech.compare("red shoes for small feet", heard, "en")
    told = speech.recognition(rate, finding, heard, "whisper small")
    assert (told.state, told.rate, told.heard, told.engine) == ("warn", 0.4, heard.text, "whisper small")
    assert speech.recognition(0.0, None, heard, "x").state == "ok"


def test_nothing_to_say_and_nothing_heard() -> None:
    assert speech.compare("", Transcript("", "en"), "en") == (0.0, None)
    rate, finding = speech.compare("", Transcript("hello there", "en"), "en")
    assert rate == 1.0
    assert finding is not None
