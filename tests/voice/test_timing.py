import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from localize import languages
from localize.domain import Mouth, Word
from localize.engines import Card
from localize.errors import NotReady
from localize.languages import Token
from localize.voice import Sound, VoiceStyle
from localize.voice.espeak import EspeakVoice
from localize.voice.polish import loudness
from localize.voice.timing import UNLIKE, complete
from localize.voice.timing.draft import Template, align
from localize.voice.timing.proportional import share

LINES = {
    "th": "ครีมกันแดดเนื้อบางเบา ราคาเพียงสามร้อยบาท รีบสั่งเลยนะคะ",
    "vi": "Kem chống nắng mỏng nhẹ, giá chỉ ba trăm nghìn đồng thôi ạ!",
    "id": "Tabir surya ini ringan, harganya cuma tiga ratus ribu rupiah lho!",
    "zh": "这款防晒霜很轻薄，只要九十九块钱，喜欢就下单！",
    "en": "This sunscreen is light and sinks in fast, and it costs only nineteen dollars.",
}
SHORT = "This sunscreen is light, and costs nothing."
LABELS = Path(__file__).resolve().parents[3] / "shared" / "testdata" / "timing"
VOICE = EspeakVoice()

pytestmark = pytest.mark.skipif(bool(VOICE.missing()), reason=VOICE.missing() or "ready")


def spoken(code, text=None, **style):
    """The tokens of a line and espeak's speech of it."""
    language = languages.get(code)
    tokens = language.read(text or LINES[code])
    return language, tokens, VOICE.speak(tokens, language, VoiceStyle(**style))


def bare(sound):
    return Sound(sound.samples, sound.rate)


def off(timed, exact):
    """How far the starts and ends of words are from the exact ones, in ms."""
    pairs = zip(timed.words, exact.words, strict=True)
    return np.array([1000 * abs(edge) for mine, true in pairs for edge in (mine.start - true.start, mine.end - true.end)])


def template(code, tokens, **style):
    raw, known = VOICE.phones(tokens, languages.get(code), VoiceStyle(**style))
    return Template(raw.samples, raw.rate, [(a / raw.rate, b / raw.rate) for a, b in known.words])


def assert_sound(sound, tokens, duration):
    """The contract of Sound: a Word a token, in order, inside; mouths from 0 to the end without gap or overlap."""
    assert [(w.text, w.gap) for w in sound.words] == [(t.text, t.gap) for t in tokens]
    edges = [edge for w in sound.words for edge in (w.start, w.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= duration for edge in edges)
    assert all(w.start == w.end for w, t in zip(sound.words, tokens, strict=True) if not t.say)
    if duration:
        assert sound.mouths[0].start == 0
        assert sound.mouths[-1].end == pytest.approx(duration)
        assert all(a.end == b.start for a, b in itertools.pairwise(sound.mouths))
        assert all(m.end > m.start for m in sound.mouths)


class Listener:
    """A recognizer that hears each word for as long, or fails as told."""

    card = Card(name="listener", stage="recognize", about="", version="1", licence="")

    def __init__(self, error=None):
        self.error = error

    def align(self, samples, rate, words, language):
        if self.error:
            raise self.error
        each = len(samples) / rate / len(words)
        return [(k * each, (k + 1) * each) for k in range(len(words))]


def test_what_the_engine_knows_is_kept():
    language, tokens, sound = spoken("id")
    timed = complete(sound, tokens, language, VoiceStyle(), Listener(), "proportional")
    assert timed.sound is sound
    assert (timed.method, timed.warning, timed.cost) == ("own", "", None)


@pytest.mark.parametrize("code", LINES)
def test_mouths_are_made_inside_known_words(code):
    language, tokens, sound = spoken(code)
    timed = complete(Sound(sound.samples, sound.rate, sound.words), tokens, language, VoiceStyle())
    assert timed.method == "own"
    assert timed.sound.words == sound.words
    assert_sound(timed.sound, tokens, sound.duration)
    assert agreement(timed.sound, sound) > 0.9


def agreement(one, other):
    """The share of the time in which two sounds' mouths have the same shape."""
    at = np.arange(0, one.duration, 0.005)
    shapes = [[next(m.shape for m in reversed(s.mouths) if m.start <= t) for t in at] for s in (one, other)]
    return np.mean([a == b for a, b in zip(*shapes, strict=True)])


@pytest.mark.parametrize("code", LINES)
def test_the_draft_finds_words_in_another_voice(code):
    language, tokens, sound = spoken(code, gender="male", pace=0.9, pitch=1.1)
    found = align(sound.samples, sound.rate, template(code, tokens, gender="female"))
    errors = [1000 * abs(x) for w, s in zip(sound.words, found.words, strict=True) if s for x in (s[0] - w.start, s[1] - w.end)]
    assert np.median(errors) < 12
    assert np.percentile(errors, 90) < 50
    timed = complete(bare(sound), tokens, language, VoiceStyle(gender="female"))
    assert (timed.method, timed.warning) == ("draft", "")
    assert timed.cost < UNLIKE
    assert_sound(timed.sound, tokens, sound.duration)
    assert agreement(timed.sound, sound) > 0.8


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_any_rate_will_do(rate):
    language, tokens, sound = spoken("en", gender="male")
    at = np.arange(int(sound.duration * rate)) / rate
    lowered = np.convolve(sound.samples, np.ones(max(sound.rate // rate, 1)) / max(sound.rate // rate, 1), "same")
    samples = np.interp(at, np.arange(len(lowered)) / sound.rate, lowered).astype(np.float32)
    found = align(samples, rate, template("en", tokens, gender="female"))
    errors = [1000 * abs(s[0] - w.start) for w, s in zip(sound.words, found.words, strict=True)]
    assert np.median(errors) < 15
    assert complete(Sound(samples, rate), tokens, language, VoiceStyle()).method == "draft"


def test_silence_is_no_part_of_words():
    language, tokens, sound = spoken("id", "Tabir surya ini sangat ringan dan nyaman dipakai setiap hari", gender="male")
    cut = tokens.index(next(t for t in tokens if t.say == "nyaman"))
    at = round(sound.words[cut].start * sound.rate)
    hush = np.random.default_rng(1).normal(0, 1e-4, 48000).astype(np.float32)
    samples = np.concatenate([hush, sound.samples[:at], hush[:24000], sound.samples[at:], hush])
    found = align(samples, sound.rate, template("id", tokens, gender="female")).words
    for k, (word, span) in enumerate(zip(sound.words, found, strict=True)):
        lead = 1.0 + 0.5 * (k >= cut)
        assert span[0] == pytest.approx(word.start + lead, abs=0.06)
        assert span[1] == pytest.approx(word.end + lead, abs=0.06)
    timed = complete(Sound(samples, sound.rate), tokens, language, VoiceStyle())
    assert timed.sound.mouths[0].shape == timed.sound.mouths[-1].shape == "X"
    assert timed.sound.mouths[0].end > 0.9
    assert share(samples, sound.rate, tokens, language)[cut][0] == pytest.approx(sound.words[cut].start + 1.5, abs=0.1)


def test_noise_is_borne():
    _, tokens, sound = spoken("vi", gender="female", pace=1.1)
    noise = np.random.default_rng(2).standard_normal(len(sound.samples)).astype(np.float32)
    samples = sound.samples + noise * np.float32(0.1 * np.sqrt(np.mean(sound.samples**2)))
    found = align(samples, sound.rate, template("vi", tokens, gender="male")).words
    errors = [1000 * abs(s[0] - w.start) for w, s in zip(sound.words, found, strict=True)]
    assert np.median(errors) < 15
    assert np.percentile(errors, 90) < 60


def test_another_text_is_not_aligned():
    _, _, sound = spoken("en", "Nobody had ever seen the inside of the old green house by the river.")
    language = languages.get("en")
    tokens = language.read(LINES["en"])
    for how in ("auto", "draft"):
        timed = complete(bare(sound), tokens, language, VoiceStyle(), how=how)
        assert timed.method == "proportional"
        assert timed.cost > UNLIKE
        assert "does not seem to say the text" in timed.warning
        assert_sound(timed.sound, tokens, sound.duration)


def test_a_recognizer_helps_where_the_draft_does_not_fit():
    language, tokens, sound = spoken("en")
    assert complete(bare(sound), tokens, language, VoiceStyle(), Listener()).method == "draft"
    _, _, other = spoken("en", "Nobody had ever seen the inside of the old green house by the river.")
    timed = complete(bare(other), tokens, language, VoiceStyle(), Listener())
    assert (timed.method, timed.warning) == ("recognizer", "")
    assert timed.cost > UNLIKE
    assert timed.sound.words[1].start == pytest.approx(other.duration / len(tokens))
    assert_sound(timed.sound, tokens, other.duration)
    assert complete(bare(sound), tokens, language, VoiceStyle(), Listener(), "recognizer").method == "recognizer"
    for error in (ValueError("nothing was heard"), NotReady("there is no model")):
        assert complete(bare(other), tokens, language, VoiceStyle(), Listener(error)).method == "proportional"
    timed = complete(bare(sound), tokens, language, VoiceStyle(), Listener(ValueError("nothing was heard")), "recognizer")
    assert timed.method == "proportional"
    assert "listener: nothing was heard" in timed.warning
    with pytest.raises(NotReady):
        complete(bare(sound), tokens, language, VoiceStyle(), Listener(NotReady("there is no model")), "recognizer")
    with pytest.raises(NotReady):
        complete(bare(sound), tokens, language, VoiceStyle(), how="recognizer")


def test_without_espeak_words_are_shared_out(monkeypatch):
    language, tokens, sound = spoken("id")
    monkeypatch.setattr(EspeakVoice, "missing", lambda self: "espeak is not here")
    timed = complete(bare(sound), tokens, language, VoiceStyle())
    assert timed.method == "proportional"
    assert "espeak is not here" in timed.warning
    assert_sound(timed.sound, tokens, sound.duration)
    assert sum(m.end - m.start for m in timed.sound.mouths if m.shape in "CDE") > 0.25 * sound.duration
    assert np.median(off(timed.sound, sound)) < 120
    with pytest.raises(NotReady, match="espeak is not here"):
        complete(bare(sound), tokens, language, VoiceStyle(), how="draft")


def test_pauses_go_to_the_punctuation_near_them():
    language = languages.get("en")
    tone = np.sin(np.arange(16000) / 8).astype(np.float32) / 4
    quiet = np.zeros(16000, np.float32)
    samples = np.concatenate([quiet[:4800], tone[:12000], quiet[:6400], tone[:16000], quiet[:8000]])
    tokens = [
        Token("one", "one", " "),
        Token("two,", "two", " ", ","),
        Token("three", "three", " "),
        Token("four", "four", " "),
        Token("ten", "ten"),
    ]
    spans = share(samples, 16000, tokens, language)
    assert spans[0][0] == pytest.approx(0.3, abs=0.03)
    assert spans[1][1] == pytest.approx(1.05, abs=0.03)
    assert spans[2][0] == pytest.approx(1.45, abs=0.03)
    assert spans[4][1] == pytest.approx(2.45, abs=0.03)
    assert all(0.1 < end - start < 0.7 for start, end in spans)


@cache
def odd_sounds():
    _, _, line = spoken("en", SHORT)
    noise = np.random.default_rng(4).standard_normal(48000).astype(np.float32) / 10
    return {
        "a line": line.samples,
        "none": np.zeros(0, np.float32),
        "one sample": np.ones(1, np.float32),
        "a click": line.samples[20000:20400],
        "50 ms": line.samples[20000:22400],
        "silence": np.zeros(48000, np.float32),
        "noise": noise,
        "much longer": np.tile(line.samples, 3),
        "half of it": line.samples[: len(line.samples) // 2],
        "a constant": np.full(48000, 0.5, np.float32),
    }


ODD_TEXTS = {
    "a line": None,
    "one word": [Token("Halo!", "halo", "", "!")],
    "nothing": [],
    "nothing said": [Token("🙂", "", " "), Token("—", "")],
    "unsaid around": [Token("🙂", "", " "), Token("halo", "halo", " "), Token("🙂", "", " "), Token("kak", "kak"), Token("🙂", "")],
    "no letters": [Token("?!", "?!", " "), Token("halo", "halo")],
}


@pytest.mark.parametrize("text", ODD_TEXTS)
@pytest.mark.parametrize("how", ["auto", "proportional"])
def test_odd_sounds_and_texts_keep_the_contract(text, how):
    language = languages.get("en")
    tokens = ODD_TEXTS[text] if ODD_TEXTS[text] is not None else language.read(SHORT)
    for name, samples in odd_sounds().items():
        timed = complete(Sound(samples, 48000), tokens, language, VoiceStyle(), how=how)
        try:
            assert_sound(timed.sound, tokens, len(samples) / 48000)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
        assert timed.warning or timed.method != "proportional"
        if name == "silence" and any(t.say for t in tokens):
            assert timed.method == "proportional"
            assert {m.shape for m in timed.sound.mouths} == {"X"}


def test_own_times_that_break_the_contract_are_put_right():
    language = languages.get("id")
    tokens = [Token("satu", "satu", " "), Token("dua", "dua", " "), Token("🙂", "")]
    sound = Sound(spoken("id", "satu dua")[2].samples, 48000)
    times = ((-0.1, 0.4), (0.3, 9.0), (9.0, 9.5))
    words = tuple(Word(text=t.text, gap=t.gap, start=a, end=b) for t, (a, b) in zip(tokens, times, strict=True))
    timed = complete(Sound(sound.samples, sound.rate, words), tokens, language, VoiceStyle())
    assert_sound(timed.sound, tokens, sound.duration)
    assert isinstance(timed.sound.mouths[0], Mouth)


@pytest.mark.parametrize(("code", "text"), [("en", "she saw a car to paint"), ("id", "saya suka kopi panas"), ("zh", "大家都看他跑步")])
def test_stops_begin_where_the_mouth_shuts(code, text):
    language = languages.get(code)
    raw, known = VOICE.phones(language.read(text), language, VoiceStyle())
    level = loudness(raw.samples, raw.rate, hop=0.001, window=0.004)
    stops = [start for name, start, _ in known.phones[1:] if name[:1] and name[0] in "ptk"]
    assert len(stops) >= 2
    for start in stops:
        at = round(start / raw.rate * 1000)
        assert level[at - 15 : at - 4].min() > level.max() - 45  # the sound before is not cut short
        assert level[at + 4 : at + 12].max() < level.max() - 45  # and the silence is the stop's
    assert all(a <= b for _, a, b in known.phones)
    assert all(x[2] <= y[1] for x, y in itertools.pairwise(known.phones))


@pytest.mark.skipif(not LABELS.is_dir(), reason="needs ../shared/testdata/timing")
def test_words_are_found_where_people_marked_them():
    from benchmarks.voices_parts.timings import hand

    errors = []
    for case in hand(LABELS):
        timed = complete(case.sound, case.tokens, case.language, VoiceStyle(gender=case.gender))
        assert timed.method == "draft"
        spans = zip(timed.sound.words, case.spans, strict=True)
        errors += [1000 * abs(edge) for word, (start, end) in spans for edge in (word.start - start, word.end - end)]
    assert np.median(errors) <= 30
    assert np.percentile(errors, 90) <= 80
