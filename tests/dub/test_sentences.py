"""Where sentences begin and end, in cues, in a recognizer's words, and in the sound of a text without times."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from localize import languages
from localize.dub.activity import RATE
from localize.dub.aligning import aligned, placed
from localize.dub.sentences import LONGEST, MOST, Piece, ends, sentences_of
from localize.dub.transcript import Cue
from localize.errors import UserError
from localize.media.pcm import read_audio, resampled
from localize.voice import VoiceStyle
from localize.voice.espeak import EspeakVoice


def cut(text: str, language: str = "en", seconds: float = 8.0) -> list[str]:
    return [s.text for s in sentences_of([Piece(text, 0.0, seconds)], language)]


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("en", "It costs 3.5 dollars at shop.com. Mr. Lee likes it! Do you? No. 5 is sold out.", 4),
        ("en", "The answer is no. We say so. It was 15. Now 10.", 4),
        ("en", "Use approx. five drops, e.g. at night. Made in the U.S. by J. Lee.", 2),
        ("en", "1. Wash your face. 2. Apply it.", 2),
        ("en", '"Really?" "Yes." She said so.', 3),
        ("id", "Harganya Rp1.299.000 saja. Kirim ke Jl. Sudirman, ya!", 2),
        ("vi", "Giá chỉ 299.000 đồng. Giao ở TP. Hồ Chí Minh nhé!", 2),
        ("zh", "这款精华液很好用！只要3.5元。你喜欢吗？", 3),
        ("zh", "他说：“真的很好！”我也觉得……那就买吧。", 3),
    ],
)
def test_signs_end_sentences_and_points_inside_words_do_not(language: str, text: str, count: int) -> None:
    found = cut(text, language)
    assert len(found) == count, found
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_a_word_ends_a_sentence_by_what_follows() -> None:
    assert ends("done.", "Then")
    assert not ends("approx.", "Five")
    assert not ends("etc.", "and")
    assert not ends("so...", "well")
    assert ends("so...", "Well")
    assert ends("shop.com.", "")


def words(*told: tuple[str, float, float], speaker: int = 0) -> list[Piece]:
    return [Piece(text, start, end, speaker, confidence=0.9) for text, start, end in told]


def test_words_keep_their_times_and_pauses_part_sentences() -> None:
    pieces = words(("so", 1.0, 1.2), ("good", 1.25, 1.6), ("buy", 2.6, 2.8), ("it", 2.85, 3.0))
    first, second = sentences_of(pieces, "en", timed=True)
    assert (first.text, first.start, first.end, first.confidence) == ("so good", 1.0, 1.6, 0.9)
    assert [(w.text, w.start) for w in second.words] == [("buy", 2.6), ("it", 2.85)]


def test_another_speaker_begins_another_sentence() -> None:
    pieces = words(("is", 1.0, 1.2), ("it", 1.25, 1.4)) + words(("yes", 1.45, 1.8), speaker=1)
    assert [(s.text, s.speaker) for s in sentences_of(pieces, "en", timed=True)] == [("is it", 0), ("yes", 1)]


def test_chinese_words_are_written_together_and_brands_apart() -> None:
    pieces = words(("这个", 0, 0.4), ("很", 0.4, 0.5), ("好", 0.5, 0.8), ("Lumora", 0.9, 1.3), ("X2", 1.4, 1.8))
    assert sentences_of(pieces, "zh", timed=True)[0].text == "这个很好 Lumora X2"


@pytest.mark.parametrize("language", ["en", "th", "zh", "vi"])
def test_what_is_too_long_is_cut_at_words(language: str) -> None:
    text = {
        "en": "and then you take a little of this cream, put it on your skin, and rub it in very slowly ",
        "th": "ครีมกันแดดเนื้อบางเบาใช้ได้ทุกวัน ราคาเพียงสามร้อยบาทเท่านั้น ",
        "zh": "这款防晒霜非常轻薄，适合每天使用，",
        "vi": "kem chống nắng này mỏng nhẹ lắm, dùng hằng ngày được luôn ",
    }[language] * 8
    found = sentences_of([Piece(text, 0.0, 50.0)], language)
    assert all(s.seconds <= LONGEST and len(s.text) <= MOST for s in found)
    assert 5 <= len(found) <= 12
    assert "".join(s.text for s in found).replace(" ", "") == text.replace(" ", "")
    assert all(a.end <= b.start for a, b in pairwise(found))
    if language == "en":
        assert all(s.text.endswith((",", "slowly")) for s in found)


def test_captions_without_signs_end_where_their_cues_do() -> None:
    cues = [Piece(f"ข้อความที่ {n} ของวิดีโอนี้", n * 4.0, n * 4.0 + 3.9) for n in range(20)]
    assert len(sentences_of(cues, "th")) == 20


def test_no_words_make_no_sentence() -> None:
    assert sentences_of([], "en") == sentences_of([Piece("  ", 0, 1)], "en") == ()


# ---- a text without times


def test_sentences_are_laid_over_stretches_at_their_pauses() -> None:
    stretches = [(1.0, 3.1), (3.8, 6.9), (7.5, 8.4), (9.5, 13.3)]
    assert placed([2.0, 3.0, 1.0, 4.0], stretches) == [(1.0, 3.1), (3.8, 6.9), (7.5, 8.4), (9.5, 13.3)]
    # A pause inside a sentence is no end of it, and two sentences may have none between them.
    assert placed([4.0, 4.0], [(0.0, 2.0), (2.2, 4.2), (5.0, 9.0)]) == [(0.0, 4.2), (5.0, 9.0)]
    first, second = placed([4.0, 4.0], [(0.0, 8.0)])
    assert first == (0.0, pytest.approx(4.0, abs=0.6))
    assert second == (first[1], 8.0)


def test_lengths_that_are_off_do_not_add_up() -> None:
    rng = np.random.default_rng(4)
    true = rng.uniform(1.5, 6.0, 300)
    starts = np.cumsum(true + rng.uniform(0.3, 1.2, 300)) - true
    found = placed((true * rng.uniform(0.75, 1.3, 300)).tolist(), [(s, s + t) for s, t in zip(starts, true, strict=True)])
    assert np.percentile([abs(f[0] - s) for f, s in zip(found, starts, strict=True)], 99) < 0.3


def test_speech_that_is_not_in_the_text_is_left_out() -> None:
    stretches = [(0.0, 3.0), (4.0, 7.0), (8.0, 28.0), (29.0, 32.0)]
    assert placed([3.0, 3.0, 3.0], stretches)[2] == (29.0, 32.0)


TEXTS = {
    "en": "This serum is light. It sinks in at once! You can use it in the morning, and in the evening. Would you like to try it? Only "
    "nineteen dollars today. Tap the cart below, and it is yours.",
    "th": "ครีมกันแดดเนื้อบางเบา ใช้ได้ทุกวัน\nราคาเพียงสามร้อยบาทต่อหลอด ส่งฟรีทั่วประเทศ\nรีบสั่งเลยนะคะ ของมีจำนวนจำกัด",
    "vi": "Kem chống nắng mỏng nhẹ. Giá chỉ ba trăm nghìn đồng thôi ạ! Đặt hàng ngay hôm nay nhé.",
    "zh": "这款防晒霜很轻薄。只要九十九块钱！喜欢就下单。",
}


@pytest.mark.skipif(bool(EspeakVoice().missing()), reason=EspeakVoice().missing() or "ready")
@pytest.mark.parametrize("code", TEXTS)
def test_words_of_a_text_are_found_in_its_sound(code: str) -> None:
    language = languages.get(code)
    cues = [Cue(line, line=n) for n, line in enumerate(TEXTS[code].split("\n"), 1)]
    sentences = [s for cue in cues for s in cut(cue.text, code)]
    parts, starts, now = [], [], 0.0
    for n, text in enumerate(sentences):
        sound = EspeakVoice().speak(language.read(text), language, VoiceStyle(gender="male", pace=0.9))
        samples = resampled(sound.samples, sound.rate, RATE)
        gap = np.zeros(round((0.25 + 0.4 * (n % 3)) * RATE), np.float32)
        starts.append(now + len(gap) / RATE + sound.words[0].start)
        parts += [gap, samples]
        now += (len(gap) + len(samples)) / RATE
    talk = aligned(cues, code, np.concatenate([*parts, np.zeros(RATE, np.float32)]))
    assert [s.text for s in talk.sentences] == sentences
    assert [s.start for s in talk.sentences] == pytest.approx(starts, abs=0.12)
    assert all(s.words and s.words[0].start == s.start and s.words[-1].end == s.end for s in talk.sentences)
    assert talk.findings == ()


def test_a_text_can_only_be_found_where_somebody_speaks() -> None:
    with pytest.raises(UserError, match="no speech is heard"):
        aligned([Cue("Hello there.")], "en", np.zeros(RATE, np.float32))
    with pytest.raises(UserError, match="language 'sv' can't be found"):
        aligned([Cue("Hej på dig.")], "sv", np.zeros(RATE, np.float32))


LABELS = Path(__file__).resolve().parents[3] / "shared" / "testdata" / "timing"


@pytest.mark.skipif(not LABELS.is_dir(), reason="needs ../shared/testdata/timing")
def test_words_of_a_person_are_where_a_person_marked_them() -> None:
    rows = [line.split() for line in (LABELS / "ldc93s1_sa1.wrd").read_text().splitlines() if line.strip()]
    true = [int(start) / RATE for start, _, _ in rows]
    voice = read_audio(LABELS / "ldc93s1_sa1.wav", RATE)
    gap = np.zeros(RATE, np.float32)
    text = " ".join(word for *_, word in rows).capitalize() + "."
    talk = aligned([Cue(f"{text} {text}")], "en", np.concatenate([gap, voice, gap, voice]))
    for sentence, lead in zip(talk.sentences, (1.0, 2.0 + len(voice) / RATE), strict=True):
        off = [abs(word.start - lead - start) for word, start in zip(sentence.words, true, strict=True)]
        assert off[0] < 0.05
        assert np.mean(off) < 0.03
        assert max(off) < 0.12
