"""MMS voices: tiny models of the same architecture with random weights."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models

from localize import engines, languages
from localize.errors import NotReady, UserError
from localize.voice import Sound, VoiceStyle
from localize.voice.letters import clauses
from localize.voice.mms import MmsOptions, MmsVoice

STYLE = VoiceStyle()
LINE = "Áo mưa này chống nước, giá chỉ 99.000 ₫ thôi!"
LINES = [LINE, "Mua ngay.", "Bộ ấm trà này giữ nóng rất lâu, cả nhà dùng cả ngày không lo nguội.", LINE]
VI, TH, ID = (languages.get(code) for code in ("vi", "th", "id"))


def speak(voice: MmsVoice, text: str, code: str = "vi", style: VoiceStyle = STYLE) -> Sound:
    language = languages.get(code)
    return voice.speak(language.read(text), language, style)


# Without the models -------------------------------------------------------------------------------------------------


def test_without_models_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("localize.voice.places.find_spec", lambda name: None)
    assert "pip install 'crossreel[neural]'" in MmsVoice().missing()
    monkeypatch.setattr("localize.voice.places.find_spec", lambda name: name if name != "huggingface_hub" else None)
    lack = MmsVoice().missing()
    assert "crossreel models pull mms" in lack
    assert str(tmp_path / "mms" / "tha") in lack
    with pytest.raises(NotReady, match="models pull mms"):
        speak(MmsVoice(), "Xin chào")


def test_it_is_refused_where_the_use_is_commercial() -> None:
    with pytest.raises(UserError, match="non-commercial"):
        engines.get("voice", "mms", language="vi")


def known(text: str) -> set[str]:
    return set(text)


def test_letters_the_voice_does_not_know_are_spelled_otherwise() -> None:
    def letters(text: str, code: str, signs: str) -> list[str]:
        language = languages.get(code)
        return [c.letters for c in clauses(language.read(text), language, known(signs), "mms")]

    vie, ind = tiny_models.LETTERS["vie"], tiny_models.LETTERS["ind"]
    assert letters("Fi, loa zin!", "vi", vie) == ["phi loa din"]  # a clause of three letters is not said alone
    assert letters("Café Xavi", "id", ind) == ["cafe ksafi"]
    assert letters("chống 😀 nước", "vi", vie) == ["chống nước"]
    (thai,) = letters("ลำโพง PowerBank ดี", "th", tiny_models.LETTERS["tha"])
    assert thai.startswith("ลำโพง ")
    assert len(thai) > len("ลำโพง  ดี") + 6  # what is dropped makes no sound
    # A vocabulary of letters and marks apart, and one without tones at all.
    assert letters("chống", "vi", " chong\u0302\u0301") == ["cho\u0302\u0301ng"]
    assert letters("chống", "vi", " chong") == ["chong"]


def test_a_word_without_any_known_letter_is_the_sellers_to_rewrite() -> None:
    with pytest.raises(UserError, match=r"小米.*Vietnamese"):
        clauses(VI.read("Loa 小米 mới"), VI, known(tiny_models.LETTERS["vie"]), "mms")


def test_clauses_end_where_a_pause_is_written_and_keep_every_token() -> None:
    tokens = VI.read(LINE)
    parts = clauses(tokens, VI, known(tiny_models.LETTERS["vie"]), "mms")
    assert len(parts) == 2
    assert [part.pause > 0 for part in parts] == [True, False]
    assert sum(len(part.spans) for part in parts) == len(tokens)
    spoken = [part.letters[a:b] for part in parts for a, b in part.spans]
    assert spoken[:4] == ["áo", "mưa", "này", "chống"]
    assert spoken[-1] == "thôi"


# With tiny models ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    place = tmp_path_factory.mktemp("models") / "mms"
    tiny_models.mms(place / "vie")
    tiny_models.mms(place / "tha", "tha", blank="า")  # as in the published one
    return place


@pytest.fixture(scope="module")
def voice(folder: Path) -> MmsVoice:
    return MmsVoice(MmsOptions(model=str(folder), device="cpu"))


@pytest.mark.neural
def test_words_are_timed_by_the_durations_and_fit_the_sound(voice: MmsVoice) -> None:
    tokens = VI.read(LINE)
    sound = voice.speak(tokens, VI, STYLE)
    assert sound.rate == 16000
    assert np.abs(sound.samples).max() > 1e-3
    assert [word.text for word in sound.words] == [token.text for token in tokens]
    times = [t for word in sound.words for t in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] > 0  # the blank before the first letter
    assert times[-1] < sound.duration
    assert all(word.end > word.start for word, token in zip(sound.words, tokens, strict=True) if token.say)
    comma = next(i for i, token in enumerate(tokens) if token.pause == ",")
    rest = (sound.words[comma].end, sound.words[comma + 1].start)
    middle = sound.samples[round(sum(rest) / 2 * sound.rate) - 200 :][:400]
    assert rest[1] - rest[0] >= 0.18
    assert not middle.any()  # the pause lies where the times say


@pytest.mark.neural
def test_times_follow_the_sound_when_one_word_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At an even rhythm and without chance, what changes in the sound with one word's letter lies where that word is said."""
    from transformers.models.vits import modeling_vits

    def even(self: Any, inputs: Any, mask: Any, *_: Any, **__: Any) -> Any:
        return mask * float(np.log(4.5))

    monkeypatch.setattr(modeling_vits.VitsStochasticDurationPredictor, "forward", even)
    voice = MmsVoice(MmsOptions(model=str(folder), device="cpu", noise=0))
    one, other = (speak(voice, f"bạn mua cái áo {word} này đi nhé bạn ơi") for word in ("mưa", "mía"))
    assert one.words[4].start == other.words[4].start == pytest.approx((5 * 2 * len("bạn mua cái áo ") + 5) * 256 / 16000)
    assert one.words[4].end - one.words[4].start == pytest.approx(5 * (2 * 3) * 256 / 16000)
    assert len(one.samples) == 5 * (2 * len("bạn mua cái áo mưa này đi nhé bạn ơi") + 1) * 256
    change = (one.samples - other.samples) ** 2
    middle = float((np.arange(len(change)) * change).sum() / change.sum()) / one.rate
    assert one.words[4].start <= middle <= one.words[4].end


@pytest.mark.neural
def test_a_batch_says_what_single_lines_say(voice: MmsVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    singly = [speak(voice, line) for line in LINES]
    monkeypatch.setattr("localize.voice.vits.ON_CPU", 16)
    together = voice.speak_all([VI.read(line) for line in LINES], VI, STYLE)
    for alone, sound in zip(singly, together, strict=True):
        assert len(alone.samples) == len(sound.samples)
        assert np.abs(alone.samples - sound.samples).max() < 1e-4
        assert alone.words == sound.words


@pytest.mark.neural
def test_the_same_line_sounds_the_same_in_every_thread_and_another_take_differs(voice: MmsVoice) -> None:
    import torch

    first, found = speak(voice, LINE), []

    def again() -> None:
        torch.rand(3)  # as any other engine of the process may
        found.append(speak(voice, LINE).samples)

    threads = [threading.Thread(target=again) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(first.samples, other) for other in found)
    assert not np.array_equal(first.samples, speak(voice, LINE, style=VoiceStyle(take=1)).samples)


@pytest.mark.neural
def test_it_obeys_the_pace(voice: MmsVoice) -> None:
    slow, fast = (speak(voice, LINE, style=VoiceStyle(pace=pace)).duration for pace in (0.5, 2.0))
    assert slow > 1.5 * fast
    with pytest.raises(UserError, match="pace"):
        speak(voice, LINE, style=VoiceStyle(pace=0))


@pytest.mark.neural
def test_thai_keeps_its_blank_letter_and_words_touch(voice: MmsVoice) -> None:
    """In the Thai model the blank is a letter of its own, which the package's tokenizer cuts words at."""
    sound = speak(voice, "ราคาดีมาก", "th")
    model = voice._ready("th")
    assert model.ids("รา") == [0, model.vocabulary["ร"], 0, 0, 0]
    assert [word.text for word in sound.words] == [token.text for token in TH.read("ราคาดีมาก")]
    assert all(a.end == b.start for a, b in zip(sound.words[:-1], sound.words[1:], strict=True))


@pytest.mark.neural
def test_latin_words_are_said_in_thai_letters(voice: MmsVoice) -> None:
    sound = speak(voice, "ลำโพง speaker ดี", "th")
    word = next(word for word in sound.words if word.text == "speaker")
    assert word.end - word.start > 0.05


@pytest.mark.neural
def test_a_line_without_words_is_silence(voice: MmsVoice) -> None:
    tokens = VI.read("😀")
    sound = voice.speak(tokens, VI, STYLE)
    assert len(sound.samples) == 0
    assert [word.text for word in sound.words] == [token.text for token in tokens]
    assert voice.speak([], VI, STYLE).words == ()


@pytest.mark.neural
def test_each_language_needs_its_own_model(folder: Path, voice: MmsVoice) -> None:
    assert voice.missing() == ""
    assert voice.missing_in("th") == ""
    assert str(folder / "ind") in voice.missing_in("id")
    with pytest.raises(NotReady, match="models pull mms"):
        speak(voice, "Beli sekarang", "id")


@pytest.mark.neural
def test_the_fingerprint_follows_the_weights_and_the_settings(tmp_path: Path) -> None:
    place = tiny_models.mms(tmp_path / "vie")
    voice = MmsVoice(MmsOptions(model=str(tmp_path), device="cpu"))
    before = voice.fingerprint()
    assert voice.report() == "cpu float32"
    assert before != MmsVoice(MmsOptions(model=str(tmp_path), device="cpu", noise=0.3)).fingerprint()
    whole = bytearray((place / "model.safetensors").read_bytes())
    whole[-1] ^= 1
    (place / "model.safetensors").write_bytes(whole)
    assert voice.fingerprint() != before


@pytest.mark.neural
@pytest.mark.parametrize(
    ("breaking", "message"),
    [
        (lambda place: (place / "model.safetensors").write_bytes(b"not weights"), "model.safetensors can't be loaded"),
        (lambda place: (place / "vocab.json").write_text("{"), "vocab.json can't be loaded"),
        (lambda place: (place / "vocab.json").write_text('{"a": 1000}'), "vocabulary"),
        (lambda place: (place / "tokenizer_config.json").write_text('{"is_uroman": true}'), "uroman"),
    ],
)
def test_a_broken_model_is_named(tmp_path: Path, breaking: Any, message: str) -> None:
    breaking(tiny_models.mms(tmp_path / "vie"))
    with pytest.raises(NotReady, match=message):
        speak(MmsVoice(MmsOptions(model=str(tmp_path), device="cpu")), LINE)


@pytest.mark.neural
def test_a_model_in_the_hubs_cache_is_used_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")
    repo = tmp_path / "hub" / "models--facebook--mms-tts-vie"
    tiny_models.mms(repo / "snapshots" / "abc")
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("abc")
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path / "none"))
    voice = MmsVoice()
    assert voice.missing() == ""
    assert voice.place("vi") == repo / "snapshots" / "abc"
    assert voice.missing_in("id") != ""
