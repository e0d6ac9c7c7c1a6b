"""OpenVoice: a narrow model of the same architecture with random weights."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
import tiny_models

from localize.errors import NotReady, UserError
from localize.voice import Samples
from localize.voice.converters.openvoice import OpenVoiceConverter, OpenVoiceOptions
from localize.voice.converters.pieces import through


def noise(seconds: float, rate: int = 48000) -> Samples:
    return (np.random.default_rng(0).standard_normal(round(seconds * rate)) * 0.05).astype(np.float32)


# Without the model --------------------------------------------------------------------------------------------------


def test_without_the_model_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "tts"))
    monkeypatch.setattr("localize.voice.places.find_spec", lambda name: None)
    assert "pip install 'crossreel[neural]'" in OpenVoiceConverter().missing()
    monkeypatch.setattr("localize.voice.places.find_spec", lambda name: name if name != "huggingface_hub" else None)
    lack = OpenVoiceConverter().missing()
    assert "crossreel models pull openvoice" in lack
    assert str(tmp_path / "openvoice" / "converter") in lack
    with pytest.raises(NotReady, match="models pull openvoice"):
        OpenVoiceConverter().convert(noise(0.5), 48000, tiny_models.reference(tmp_path))


@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.234, 20.001, 47.5])
def test_speech_of_any_length_comes_out_at_its_length(seconds: float) -> None:
    """A model that only resamples: whatever its pieces, the sound comes out whole, in place and without a seam."""
    t = np.arange(round(seconds * 24000)) / 24000
    speech = (0.5 * np.sin(2 * np.pi * 220 * t) * (0.5 + 0.5 * np.sin(2 * np.pi * 0.7 * t))).astype(np.float32)
    heard: list[int] = []

    def run(piece: Samples, number: int) -> Samples:
        heard.append(len(piece))
        return np.interp(np.arange(len(piece) * 3 // 2) / 1.5, np.arange(len(piece)), piece).astype(np.float32)

    said = through(speech, 24000, run, 16000, 24000, 320)
    assert len(said) == len(speech)
    assert all(n % 320 == 0 and n <= 23 * 16000 for n in heard)
    assert len(heard) == (0 if not seconds else 1 if seconds <= 20 else len(heard))
    if seconds > 20:
        assert len(heard) > 1
    if seconds > 0.1:
        assert np.abs(said - speech)[240:-240].max() < 0.02


# With a tiny model --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("torch", "torchaudio", "TTS"):
        pytest.importorskip(package)
    place = tmp_path_factory.mktemp("models") / "openvoice"
    tiny_models.openvoice(place / "converter")
    return place


@pytest.fixture(scope="module")
def converter(folder: Path) -> OpenVoiceConverter:
    return OpenVoiceConverter(OpenVoiceOptions(model=str(folder), device="cpu"))


@pytest.mark.neural
@pytest.mark.parametrize("seconds", [0.02, 0.777, 3.0])
def test_it_keeps_the_length(converter: OpenVoiceConverter, tmp_path: Path, seconds: float) -> None:
    said, rate = converter.convert(noise(seconds), 48000, tiny_models.reference(tmp_path))
    assert rate == 22050
    assert abs(len(said) / rate - seconds) < 1e-4
    assert said.dtype == np.float32
    assert np.abs(said).max() > 0.01


@pytest.mark.neural
def test_what_is_said_stays_where_it_is(converter: OpenVoiceConverter, tmp_path: Path) -> None:
    """Where a short sound is added to the speech, there and nowhere else the converted speech changes."""
    speaker, plain = tiny_models.reference(tmp_path), noise(2)
    added = plain.copy()
    added[48000:48480] += (0.3 * np.sin(np.arange(480) * 0.3)).astype(np.float32)
    one, rate = converter.convert(plain, 48000, speaker)
    other, _ = converter.convert(added, 48000, speaker)
    change, t = (one - other) ** 2, np.arange(len(one)) / rate
    assert float((change * t).sum() / change.sum()) == pytest.approx(1.005, abs=0.01)
    assert change[np.abs(t - 1.005) > 0.5].sum() < 0.01 * change.sum()


@pytest.mark.neural
def test_it_is_the_speakers_and_the_same_each_time(converter: OpenVoiceConverter, tmp_path: Path) -> None:
    import torch

    one, other = tiny_models.reference(tmp_path), tiny_models.reference(tmp_path, tone=320)
    speech, found = noise(1), []
    first, _ = converter.convert(speech, 48000, one)

    def again() -> None:
        torch.rand(3)  # as any other engine of the process may
        found.append(converter.convert(speech, 48000, one)[0])

    threads = [threading.Thread(target=again) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(first, sound) for sound in found)
    assert not np.allclose(first, converter.convert(speech, 48000, other)[0], atol=0.01)


@pytest.mark.neural
def test_a_reference_is_listened_to_once(converter: OpenVoiceConverter, tmp_path: Path) -> None:
    speaker = tiny_models.reference(tmp_path, tone=250)
    first, _ = converter.convert(noise(0.3), 48000, speaker)
    os.remove(speaker.reference)
    assert np.array_equal(converter.convert(noise(0.3), 48000, speaker)[0], first)


@pytest.mark.neural
def test_a_reference_too_short_is_refused(converter: OpenVoiceConverter, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="shorter than a second"):
        converter.convert(noise(0.3), 48000, tiny_models.reference(tmp_path, seconds=0.5, tone=99))


@pytest.mark.neural
def test_a_broken_model_is_named(tmp_path: Path) -> None:
    place = tiny_models.openvoice(tmp_path / "converter")
    whole = (place / "checkpoint.pth").read_bytes()
    (place / "checkpoint.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NotReady, match=r"checkpoint\.pth can't be loaded"):
        OpenVoiceConverter(OpenVoiceOptions(model=str(tmp_path))).convert(noise(0.3), 48000, tiny_models.reference(tmp_path))


@pytest.mark.neural
def test_coquis_own_folder_is_used_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    place = tmp_path / "tts" / "voice_conversion_models--multilingual--multi-dataset--openvoice_v2"
    tiny_models.openvoice(place)
    assert OpenVoiceConverter().missing() == ""
    assert OpenVoiceConverter().place == place
