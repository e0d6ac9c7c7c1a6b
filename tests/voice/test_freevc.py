"""FreeVC: a narrow model of the same architecture, with a narrow WavLM, and random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_models
from tiny_models import noise

from localize.errors import NotReady
from localize.voice.converters import freevc
from localize.voice.converters.freevc import FreeVCConverter
from localize.voice.converters.neural import ConverterOptions


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


@pytest.mark.neural
def test_a_whole_model_with_attention_runs_from_coquis_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    place = tmp_path / "tts" / "voice_conversion_models--multilingual--vctk--freevc24"
    tiny_models.freevc(place)
    converter = FreeVCConverter(ConverterOptions(device="cpu"))
    (tmp_path / "tts" / "wavlm").mkdir()
    (place / "WavLM-Large.pt").rename(tmp_path / "tts" / "wavlm" / "WavLM-Large.pt")
    assert converter.missing() == ""
    said, _ = converter.convert(noise(0.5), 48000, tiny_models.reference(tmp_path))
    assert len(said) == 12000
    assert converter.report() == "cpu float32"
    assert "WavLM-Large.pt" in converter.fingerprint()
