"""How alike two voices are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from localize import languages
from localize.errors import UserError
from localize.media.pcm import write_wav
from localize.voice import Sound, VoiceStyle
from localize.voice import similarity as s
from localize.voice.espeak import EspeakVoice


def speak(text: str, gender: str) -> Sound:
    english = languages.get("en")
    return EspeakVoice().speak(english.read(text), english, VoiceStyle(gender=gender))


def test_without_the_package_there_is_no_figure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(s, "find_spec", lambda name: None if name == "resemblyzer" else object())
    assert "resemblyzer" in s.missing()
    assert "crossreel[similarity]" in s.missing()
    assert s.similarity(np.ones(24_000, np.float32), 24_000, tmp_path / "none.wav") is None


@pytest.mark.neural
def test_a_voice_is_more_like_itself_than_like_another(tmp_path: Path) -> None:
    pytest.importorskip("resemblyzer")
    woman = speak("These earbuds last thirty hours with their charging case, and they are quick to pair.", "female")
    write_wav(tmp_path / "reference.wav", woman.samples, woman.rate)
    same, other = (speak("The bottle keeps your tea warm for twelve hours on the road.", gender) for gender in ("female", "male"))
    own, apart = (s.similarity(sound.samples, sound.rate, tmp_path / "reference.wav") for sound in (same, other))
    assert own is not None
    assert apart is not None
    assert own > 0.75
    assert own - apart > 0.1
    assert s.similarity(woman.samples, woman.rate, tmp_path / "reference.wav") == pytest.approx(1.0, abs=0.02)
    assert s.similarity(woman.samples * 4, woman.rate, tmp_path / "reference.wav") == pytest.approx(1.0, abs=0.03)


@pytest.mark.neural
def test_too_little_speech_has_no_figure_and_a_missing_reference_is_named(tmp_path: Path) -> None:
    pytest.importorskip("resemblyzer")
    sound = speak("Hello there, this is a sentence to compare with.", "female")
    write_wav(tmp_path / "reference.wav", sound.samples, sound.rate)
    assert s.similarity(np.zeros(48_000, np.float32), 48_000, tmp_path / "reference.wav") is None
    assert s.similarity(sound.samples[:9600], 48_000, tmp_path / "reference.wav") is None
    with pytest.raises(UserError, match=r"none\.wav"):
        s.similarity(sound.samples, sound.rate, tmp_path / "none.wav")


@pytest.mark.neural
def test_a_reference_that_changed_is_heard_again(tmp_path: Path) -> None:
    pytest.importorskip("resemblyzer")
    woman, man = (speak("These earbuds last thirty hours with their charging case.", gender) for gender in ("female", "male"))
    path = tmp_path / "reference.wav"
    write_wav(path, woman.samples, woman.rate)
    first = s.similarity(woman.samples, woman.rate, path)
    write_wav(path, man.samples, man.rate)
    second = s.similarity(woman.samples, woman.rate, path)
    assert first is not None
    assert second is not None
    assert second < first - 0.1
