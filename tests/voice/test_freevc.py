"""FreeVC: a narrow model of the same architecture, with a narrow WavLM, and random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_models

from localize.errors import NotReady, UserError
from localize.voice import Samples
from localize.voice.converters import freevc
from localize.voice.converters.freevc import FreeVCConverter, FreeVCOptions


def noise(seconds: float, rate: int = 48000) -> Samples:
    return (np.random.default_rng(0).standard_normal(round(seconds * rate)) * 0.05).astype(np.float32)


def test_without_the_model_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "tts"))
    monkeypatch.setattr("localize.voice.places.find_spec", lambda name: None)
    assert "pip install 'crossreel[neural]'" in FreeVCConverter().missing()
    monkeypatch.setattr("localize.voice.places.find_spec", lambda name: name)
    lack = FreeVCConverter().missing()
    assert "multilingual/vctk/freevc24" in lack
    assert str(tmp_path / "freevc") in lack
    with pytest.raises(NotReady, match="freevc24"):
        FreeVCConverter().convert(noise(0.5), 48000, tiny_models.reference(tmp_path))


def test_each_of_its_four_files_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "tts"))
    monkeypatch.setattr("localize.voice.places.find_spec", lambda name: name)
    place = tmp_path / "freevc"
    place.mkdir()
    for name in ("model.pth", "config.json", "wavlm_large.pt", "speaker_encoder.pt"):
        lack = FreeVCConverter().missing()
        assert "the model in" in lack
        assert freevc.WAVLM[0] in lack or name == "speaker_encoder.pt"
        (place / name).touch()
    assert FreeVCConverter().missing() == ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("torch", "torchaudio", "TTS"):
        pytest.importorskip(package)
    # Without WavLM's attention, which hears the whole: with it nothing would show where what is said goes to.
    return tiny_models.freevc(tmp_path_factory.mktemp("models") / "freevc", layers=0)


@pytest.fixture(scope="module")
def converter(folder: Path) -> FreeVCConverter:
    return FreeVCConverter(FreeVCOptions(model=str(folder), device="cpu"))


@pytest.mark.neural
@pytest.mark.parametrize("seconds", [0.02, 0.777, 3.0])
def test_it_keeps_the_length(converter: FreeVCConverter, tmp_path: Path, seconds: float) -> None:
    said, rate = converter.convert(noise(seconds), 48000, tiny_models.reference(tmp_path))
    assert rate == 24000
    assert abs(len(said) / rate - seconds) < 1e-4
    assert np.abs(said).max() > 0.01


@pytest.mark.neural
def test_what_is_said_stays_where_it_is(converter: FreeVCConverter, tmp_path: Path) -> None:
    """Where a short sound is added to the speech, there and nowhere else the converted speech changes: to half a frame of 20 ms."""
    speaker, plain = tiny_models.reference(tmp_path), noise(2)
    one, rate = converter.convert(plain, 48000, speaker)
    t, off = np.arange(len(one)) / rate, []
    for at in (0.8, 0.907, 1.004, 1.111):
        added = plain.copy()
        added[round(at * 48000) :][:480] += (0.3 * np.sin(np.arange(480) * 0.3)).astype(np.float32)
        other, _ = converter.convert(added, 48000, speaker)
        change = (one - other) ** 2
        off.append(float((change * t).sum() / change.sum()) - at - 0.005)
        assert change[np.abs(t - at) > 0.5].sum() < 0.01 * change.sum()
    assert np.mean(off) == pytest.approx(0, abs=0.01)


@pytest.mark.neural
def test_it_is_the_speakers_and_the_same_each_time(converter: FreeVCConverter, tmp_path: Path) -> None:
    one, other = tiny_models.reference(tmp_path), tiny_models.reference(tmp_path, tone=320)
    first, _ = converter.convert(noise(1), 48000, one)
    assert np.array_equal(first, converter.convert(noise(1), 48000, one)[0])
    assert not np.allclose(first, converter.convert(noise(1), 48000, other)[0], atol=0.01)
    with pytest.raises(UserError, match="shorter than a second"):
        converter.convert(noise(0.3), 48000, tiny_models.reference(tmp_path, seconds=0.5, tone=99))


@pytest.mark.neural
def test_a_whole_model_with_attention_runs_from_coquis_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    place = tmp_path / "tts" / "voice_conversion_models--multilingual--vctk--freevc24"
    tiny_models.freevc(place)
    converter = FreeVCConverter(FreeVCOptions(device="cpu"))
    (tmp_path / "tts" / "wavlm").mkdir()
    (place / "WavLM-Large.pt").rename(tmp_path / "tts" / "wavlm" / "WavLM-Large.pt")
    assert converter.missing() == ""
    said, _ = converter.convert(noise(0.5), 48000, tiny_models.reference(tmp_path))
    assert len(said) == 12000
    assert converter.report() == "cpu float32"
    assert "WavLM-Large.pt" in converter.fingerprint()


@pytest.mark.neural
@pytest.mark.parametrize("name", ["model.pth", "config.json", "WavLM-Large.pt", "speaker_encoder.pt"])
def test_the_broken_file_is_named(tmp_path: Path, name: str) -> None:
    place = tiny_models.freevc(tmp_path / "freevc", layers=0)
    whole = (place / name).read_bytes()
    (place / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NotReady, match=f"{name} can't be loaded".replace(".", r"\.")):
        FreeVCConverter(FreeVCOptions(model=str(place))).convert(noise(0.3), 48000, tiny_models.reference(tmp_path))
