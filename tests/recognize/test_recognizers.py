"""Whisper in both packages, on tiny models with random weights: what they say is nonsense, that and when they say it is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import whispers

from localize import engines, languages
from localize.errors import NotReady
from localize.recognize import Samples, Transcript
from localize.recognize.faster import FasterWhisperOptions, FasterWhisperRecognizer
from localize.recognize.whisper import WhisperOptions, WhisperRecognizer

TEXTS = {
    "th": "หูฟังไร้สาย Lumora ลดเหลือ ฿299 ค่ะ",
    "vi": "Tai nghe Lumora chỉ còn 299.000 ₫ ạ",
    "id": "Earbuds Lumora cuma Rp299.000, kak!",
    "zh": "Lumora 无线耳机现在只要¥299！",
    "en": "Lumora earbuds are now $18.90.",
}
RATE = 24_000

Made = Callable[..., Any]


def tone(seconds: float, rate: int = RATE) -> Samples:
    time = np.arange(int(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * 200 * time) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * time))).astype(np.float32)


def words_of(code: str) -> list[str]:
    return [token.say for token in languages.get(code).read(TEXTS[code])]


# ---- without a model


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no model anywhere. Returns the folder of models."""
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("localize.recognize.faster._cached", lambda model: [])
    return tmp_path / "models"


def packages(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    for module in ("whisper", "faster"):
        monkeypatch.setattr(f"localize.recognize.{module}.find_spec", lambda name: object() if there else None)
    monkeypatch.setattr("localize.weights.find_spec", lambda name: object() if there else None)


@pytest.mark.parametrize("made", [WhisperRecognizer, FasterWhisperRecognizer])
def test_without_the_package_it_says_how_to_install_it(bare: Path, monkeypatch: pytest.MonkeyPatch, made: Made) -> None:
    packages(monkeypatch, there=False)
    assert "crossreel[recognize]" in made().missing()
    with pytest.raises(NotReady, match=r"crossreel\[recognize\]"):
        made().transcribe(tone(1), RATE, "th")
    assert made().fingerprint()  # asking who it is needs no package
    assert "without a model" in made().report()


@pytest.mark.parametrize("made", [WhisperRecognizer, FasterWhisperRecognizer])
def test_without_weights_it_says_where_they_are_looked_for(bare: Path, monkeypatch: pytest.MonkeyPatch, made: Made) -> None:
    packages(monkeypatch, there=True)
    lack = made().missing()
    assert str(bare / made.card.name) in lack  # type: ignore[attr-defined]
    assert f"crossreel models pull {made.card.name}" in lack  # type: ignore[attr-defined]
    with pytest.raises(NotReady, match="crossreel models pull"):
        made().align(tone(1), RATE, ["a"], "en")


def test_the_best_model_that_is_here_is_taken(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages(monkeypatch, there=True)
    monkeypatch.setattr(WhisperRecognizer, "_settled", lambda self: ("cpu", "float32"))
    monkeypatch.setattr(FasterWhisperRecognizer, "_settled", lambda self: ("cpu", "int8"))
    cache = tmp_path / "cache" / "whisper"
    cache.mkdir(parents=True)
    (cache / "tiny.pt").write_bytes(b"1")
    assert WhisperRecognizer().report() == "whisper tiny on cpu in float32"
    (bare / "whisper").mkdir(parents=True)
    (bare / "whisper" / "medium.pt").write_bytes(b"2")
    assert WhisperRecognizer().report() == "whisper medium on cpu in float32"
    assert WhisperRecognizer().missing() == ""
    assert WhisperRecognizer().fingerprint() != WhisperRecognizer(WhisperOptions(model="tiny")).fingerprint()
    assert "'small'" in WhisperRecognizer(WhisperOptions(model="small")).missing()
    for size in ("small", "large-v3-turbo"):
        place = bare / "faster-whisper" / size
        place.mkdir(parents=True)
        for name in ("model.bin", "config.json", "tokenizer.json"):
            (place / name).write_text(size)
    assert FasterWhisperRecognizer().missing() == ""
    assert FasterWhisperRecognizer().report() == "faster-whisper large-v3-turbo on cpu in int8"
    assert FasterWhisperRecognizer(FasterWhisperOptions(model="small")).report() == "faster-whisper small on cpu in int8"
    (bare / "faster-whisper" / "small" / "tokenizer.json").unlink()
    assert "tokenizer.json" in FasterWhisperRecognizer(FasterWhisperOptions(model="small")).missing()


def test_both_are_found_as_engines() -> None:
    assert engines.names("recognize")[:2] == ("faster-whisper", "whisper")


# ---- with a tiny model


@pytest.fixture(scope="module")
def whisper_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whispers.checkpoint(tmp_path_factory.mktemp("models") / "grain.pt")


@pytest.fixture(scope="module")
def faster_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whispers.converted(tmp_path_factory.mktemp("models") / "grain")


@pytest.fixture(scope="module", params=["whisper", "faster-whisper"])
def recognizer(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "whisper":
        yield WhisperRecognizer(WhisperOptions(model=str(request.getfixturevalue("whisper_file")), device="cpu"))
    else:
        yield FasterWhisperRecognizer(FasterWhisperOptions(model=str(request.getfixturevalue("faster_folder")), device="cpu", beam=1))


@pytest.mark.neural
def test_it_loads_and_says_on_what_it_runs(recognizer: Any) -> None:
    assert recognizer.missing() == ""
    assert "grain on cpu in" in recognizer.report()
    assert recognizer.fingerprint() == recognizer.fingerprint()
    assert "grain" in recognizer.fingerprint()


@pytest.mark.neural
@pytest.mark.parametrize("code", sorted(TEXTS))
def test_known_words_are_aligned_in_every_language(recognizer: Any, code: str) -> None:
    words = [*words_of(code), ""]
    samples = tone(4.0)
    spans = recognizer.align(samples, RATE, words, code)
    assert len(spans) == len(words)
    now = 0.0
    for (start, end), word in zip(spans, words, strict=True):
        assert now <= start <= end <= 4.0 + 1e-6
        assert (end > start) == bool(word)
        now = end
    assert spans == recognizer.align(samples, RATE, words, code)


@pytest.mark.neural
def test_what_cannot_be_aligned_at_once_is_refused(recognizer: Any) -> None:
    with pytest.raises(ValueError, match="can't be aligned at once"):
        recognizer.align(tone(31.0, 8000), 8000, ["one"], "en")
    with pytest.raises(ValueError, match="too short"):
        recognizer.align(tone(0.01), RATE, ["one"], "en")
    with pytest.raises(ValueError, match="more than the model can align"):
        recognizer.align(tone(5.0), RATE, ["elephant"] * 500, "en")
    assert recognizer.align(tone(1.0), RATE, ["", ""], "en") == [(0.0, 0.0), (0.0, 0.0)]


@pytest.mark.neural
def test_it_transcribes_with_and_without_words(recognizer: Any) -> None:
    plain = recognizer.transcribe(tone(1.5), RATE, "vi")
    assert isinstance(plain, Transcript)
    assert plain.language == "vi"
    assert plain.words == ()
    timed = recognizer.transcribe(tone(1.5), RATE, "th", words=True)
    now = 0.0
    for word in timed.words:
        assert now <= word.start <= word.end <= 1.5
        assert word.text.strip()
        assert 0 <= word.confidence <= 1
        now = word.start
    assert recognizer.transcribe(np.zeros(0, np.float32), RATE, "id") == Transcript("", "id")


@pytest.mark.neural
def test_long_sound_and_an_unknown_language_work(recognizer: Any) -> None:
    found = recognizer.transcribe(tone(33.0, 16_000), 16_000)
    assert len(found.language) in (2, 3)


@pytest.mark.neural
def test_threads_get_what_one_alone_gets(recognizer: Any) -> None:
    words, samples = words_of("th"), tone(2.0)
    alone = recognizer.align(samples, RATE, words, "th")
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(recognizer.align(samples, RATE, words, "th"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 4


@pytest.mark.neural
def test_a_broken_file_is_named(whisper_file: Path, faster_folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pt"
    broken.write_bytes(whisper_file.read_bytes()[:1000])
    with pytest.raises(NotReady, match=r"broken\.pt"):
        WhisperRecognizer(WhisperOptions(model=str(broken), device="cpu")).transcribe(tone(1), RATE, "en")
    place = tmp_path / "faster"
    place.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (place / name).write_bytes((faster_folder / name).read_bytes())
    (place / "model.bin").write_bytes(b"nonsense")
    with pytest.raises(NotReady, match="model"):
        FasterWhisperRecognizer(FasterWhisperOptions(model=str(place), device="cpu")).transcribe(tone(1), RATE, "en")


@pytest.mark.neural
def test_a_published_size_attends_with_its_own_heads(whisper_file: Path, tmp_path: Path) -> None:
    """A file called as a size of another shape keeps all heads; of the same shape it takes the published ones."""
    from localize.recognize.whisper import _attend

    torch = pytest.importorskip("torch")
    from whisper.model import ModelDimensions, Whisper

    model = Whisper(ModelDimensions(80, 1500, 12, 6, 1, 51865, 448, 12, 6, 4))  # layers and heads of tiny
    before = model.alignment_heads.to_dense().clone()
    _attend(model, "large-v3")
    assert torch.equal(model.alignment_heads.to_dense(), before)
    _attend(model, "tiny")
    assert int(model.alignment_heads.to_dense().sum()) == 6
    assert not torch.equal(model.alignment_heads.to_dense(), before)


@pytest.mark.neural
def test_the_tokenizer_of_the_tiny_model_is_the_real_one(faster_folder: Path) -> None:
    """Else the test above would align other pieces than real models give."""
    from tokenizers import Tokenizer
    from whisper.tokenizer import get_encoding

    inner = Tokenizer.from_file(str(faster_folder / "tokenizer.json"))
    for text in TEXTS.values():
        assert inner.encode(text, add_special_tokens=False).ids == get_encoding("multilingual", 99).encode(text)
    assert json.loads((faster_folder / "config.json").read_text())["alignment_heads"] == [[1, 0], [1, 1]]
