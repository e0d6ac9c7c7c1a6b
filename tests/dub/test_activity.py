"""Where somebody speaks: by espeak's speech with known words, the shipped music, and (where they are) people's recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sounds import in_memory

from localize import languages
from localize.assets import ASSETS
from localize.dub import activity
from localize.dub.activity import RATE, listen, stretches
from localize.media.mapped import blank, let_go
from localize.media.pcm import read_audio, resampled
from localize.voice import VoiceStyle
from localize.voice.espeak import EspeakVoice

SPEECH = Path(__file__).resolve().parents[3] / "shared" / "testdata" / "speech"
BEDS = ("bright", "calm", "drive", "elegant", "playful")
HOWS = ("webrtc", "silero")


def spoken(text: str = "This serum is light, and it sinks in at once. Try it tonight, and see your skin in the morning.") -> np.ndarray:
    language = languages.get("en")
    sound = EspeakVoice().speak(language.read(text), language, VoiceStyle(gender="male"))
    return resampled(sound.samples, sound.rate, RATE)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def music(name: str, seconds: float) -> np.ndarray:
    return read_audio(ASSETS / "music" / f"{name}.ogg", RATE)[: round(seconds * RATE)]


def at_level(sound: np.ndarray, like: np.ndarray, decibels: float) -> np.ndarray:
    """A sound so many dB softer than another, as long as it."""
    many = np.tile(sound, 1 + len(like) // len(sound))[: len(like)]
    return (many * np.sqrt(np.mean(like**2) / np.mean(many**2)) * 10 ** (-decibels / 20)).astype(np.float32)


def share(found: activity.Activity, start: float, end: float) -> float:
    return sum(max(0.0, min(b, end) - max(a, start)) for a, b in found.stretches) / (end - start)


@pytest.fixture(params=HOWS)
def how(request: pytest.FixtureRequest) -> str:
    if request.param == "silero":
        pytest.importorskip("faster_whisper")
    return str(request.param)


def test_speech_is_found_between_silences(how: str) -> None:
    voice = spoken()
    seconds = len(voice) / RATE
    found = listen(np.concatenate([silence(2), voice, silence(3), voice, silence(1)]), how)
    assert found.method == how
    assert found.stretches[0][0] == pytest.approx(2.0, abs=0.15)
    assert found.stretches[-1][1] == pytest.approx(5 + 2 * seconds, abs=0.25)
    assert share(found, 0, 1.8) == share(found, 2.3 + seconds, 4.8 + seconds) == 0
    assert share(found, 2, 2 + seconds) > 0.8
    assert found.sure > 0.7
    assert found.stretches == tuple(sorted(found.stretches))


def test_speech_is_found_across_the_blocks_in_which_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    voice = spoken()
    sound = np.concatenate([silence(1.2), voice, silence(1), voice])
    whole = listen(sound, "webrtc")
    monkeypatch.setattr(activity, "BLOCK", 2 * RATE)
    parts = listen(sound, "webrtc")
    assert [round(a, 1) for a, _ in parts.stretches] == pytest.approx([round(a, 1) for a, _ in whole.stretches], abs=0.11)
    assert parts.speech == pytest.approx(whole.speech, abs=0.3)


def test_a_sound_on_the_disk_will_do(tmp_path: Path) -> None:
    sound = np.concatenate([silence(1), spoken()])
    sound.tofile(tmp_path / "heard")
    kept = np.memmap(tmp_path / "heard", np.float32, "r")
    before = kept.copy()
    assert stretches(kept) == stretches(sound)
    assert np.array_equal(kept, before)


@pytest.mark.parametrize("name", BEDS)
def test_music_is_no_speech(how: str, name: str) -> None:
    found = listen(music(name, 20), how)
    assert found.stretches == ()
    assert found.music > 10
    assert found.sure == 0


@pytest.mark.parametrize("name", BEDS)
def test_speech_is_heard_over_music(how: str, name: str) -> None:
    voice = np.concatenate([silence(2.5), spoken(), silence(2.5)])
    found = listen(voice + at_level(music(name, 12), voice, 12), how)
    assert share(found, 2.5, len(voice) / RATE - 2.5) > 0.8
    assert share(found, 0, 2) < 0.25


def test_noise_silence_and_nothing_are_no_speech(how: str) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, 12 * RATE).astype(np.float32)
    assert listen(noise, how).stretches == ()
    assert listen(noise, how).other == pytest.approx(12, abs=0.5)
    assert listen(silence(5), how).stretches == listen(silence(0), how).stretches == ()
    assert listen(silence(5), how).other == 0


def test_soft_speech_after_loud_speech_is_heard(how: str) -> None:
    voice = spoken()
    seconds = len(voice) / RATE
    found = listen(np.concatenate([voice, silence(25), voice * np.float32(0.03)]), how)
    assert share(found, seconds + 25, 2 * seconds + 25) > 0.7


@pytest.mark.skipif(not SPEECH.is_dir(), reason="needs ../shared/testdata/speech")
@pytest.mark.parametrize(
    "name", ["en_ljspeech_LJ001-0009.wav", "th_common_voice_25686161.wav", "vi_vieneu_example.wav", "zh_f5_basic_ref.wav"]
)
def test_people_are_heard_over_noise(how: str, name: str) -> None:
    voice = np.concatenate([silence(2), read_audio(SPEECH / name, RATE), silence(2)])
    clean = listen(voice, how)
    first, last = clean.stretches[0][0], clean.stretches[-1][1]
    assert 1.9 < first < 2.9
    noise = np.random.default_rng(2).normal(0, 1, len(voice)).astype(np.float32)
    noisy = listen(voice + at_level(noise, voice, 15), how)
    assert share(noisy, first, last) > 0.75 * share(clean, first, last)
    assert share(noisy, 0, 1.8) == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much of a file is in memory")
def test_a_long_sound_is_let_go_of_while_it_is_listened_to() -> None:
    sound = blank(600 * RATE, 1)[:, 0]  # 38 MB
    for second in range(600):
        sound[second * RATE : (second + 1) * RATE] = np.random.default_rng(second).normal(0, 0.05, RATE)
    let_go(sound)
    before = in_memory()
    listen(sound, "webrtc")
    assert in_memory() - before < 8
