"""OpenVoice: a narrow model of the same architecture with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_models
from tiny_models import noise

from localize.errors import NotReady
from localize.voice.converters.openvoice import OpenVoiceConverter


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


@pytest.mark.neural
def test_coquis_own_folder_is_used_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    place = tmp_path / "tts" / "voice_conversion_models--multilingual--multi-dataset--openvoice_v2"
    tiny_models.openvoice(place)
    assert OpenVoiceConverter().missing() == ""
    assert OpenVoiceConverter().place == place
