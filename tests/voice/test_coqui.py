"""Coqui's voices with random weights: a fairseq VITS in its full size, XTTS with one small layer."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny_models

from localize import engines, languages
from localize.errors import NotReady, UserError
from localize.voice import Sound, VoiceStyle
from localize.voice.coqui import LIMITS, CoquiOptions, CoquiVoice, _parts
from localize.voice.text import text_of

STYLE = VoiceStyle()
VI, EN, ZH = (languages.get(code) for code in ("vi", "en", "zh"))


# Without the models -------------------------------------------------------------------------------------------------


def test_without_models_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "tts"))
    for module in ("places", "coqui"):
        monkeypatch.setattr(f"localize.voice.{module}.find_spec", lambda name: None)
    assert "pip install 'crossreel[neural]'" in CoquiVoice().missing()
    for module in ("places", "coqui"):
        monkeypatch.setattr(f"localize.voice.{module}.find_spec", lambda name: name if name != "huggingface_hub" else None)
    lack = CoquiVoice().missing()
    assert "crossreel models pull coqui" in lack
    assert str(tmp_path / "coqui" / "fairseq" / "models" / "tha") in lack
    assert str(tmp_path / "coqui" / "xtts") in CoquiVoice().missing_in("zh")
    with pytest.raises(NotReady, match="models pull coqui"):
        CoquiVoice().speak(VI.read("Xin chào"), VI, STYLE)
    monkeypatch.setattr("localize.voice.coqui.find_spec", lambda name: None)
    assert "pip install pypinyin" in CoquiVoice().missing_in("zh")


def test_it_is_refused_where_the_use_is_commercial() -> None:
    with pytest.raises(UserError, match="non-commercial"):
        engines.get("voice", "coqui", language="vi")


def test_where_it_clones() -> None:
    assert [code for code in ("th", "vi", "id", "zh", "en") if CoquiVoice().clones_in(code)] == ["zh", "en"]
    assert not CoquiVoice.card.clones


@pytest.mark.parametrize(
    ("code", "sentence"), [("zh", "这款雨伞防风防水，轻巧便携，价格只要八十九元。"), ("en", "It keeps tea hot, all day long. ")]
)
def test_long_lines_are_said_in_parts_that_lose_nothing(code: str, sentence: str) -> None:
    language = languages.get(code)
    tokens = language.read((sentence * 12).strip())
    parts = _parts(tokens, language)
    assert len(parts) > 1
    assert all(len(part) <= LIMITS[code] for part in parts)
    assert all(part[-1] in "，。,." for part in parts)
    assert "".join(parts).replace(" ", "") == text_of(tokens, language)[0].replace(" ", "")


# VITS ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("torch", "torchaudio", "TTS"):
        pytest.importorskip(package)
    place = tmp_path_factory.mktemp("models") / "coqui"
    tiny_models.fairseq(place / "fairseq" / "models" / "vie")
    tiny_models.xtts(place / "xtts")
    return place


@pytest.fixture(scope="module")
def voice(folder: Path) -> CoquiVoice:
    return CoquiVoice(CoquiOptions(model=str(folder), device="cpu"))


@pytest.mark.neural
def test_vits_speaks_with_word_times_alone_and_in_a_batch(voice: CoquiVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [VI.read("Mua áo mưa đi, rẻ lắm!"), VI.read("Nhanh lên bạn ơi.")]
    alone = voice.speak(lines[0], VI, STYLE)
    monkeypatch.setattr("localize.voice.vits.ON_CPU", 16)
    together = voice.speak_all(lines, VI, STYLE)
    assert alone.rate == 16000
    assert len(alone.samples) == len(together[0].samples) > 16000 * 0.1
    assert np.abs(alone.samples - together[0].samples).max() < 1e-4
    assert np.abs(alone.samples).max() > 1e-4
    for line, sound in zip(lines, together, strict=True):
        assert [word.text for word in sound.words] == [token.text for token in line]
        times = [t for word in sound.words for t in (word.start, word.end)]
        assert times == sorted(times)
        assert times[0] > 0
        assert times[-1] < sound.duration
    slow = voice.speak(lines[1], VI, VoiceStyle(pace=0.4))
    assert slow.duration > 1.5 * together[1].duration
    assert not np.array_equal(alone.samples, voice.speak(lines[0], VI, VoiceStyle(take=1)).samples)


@pytest.mark.neural
def test_coquis_own_folder_is_used_where_it_lies(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    place = tmp_path / "tts" / "tts_models--vie--fairseq--vits"
    place.parent.mkdir()
    place.symlink_to(folder / "fairseq" / "models" / "vie")
    assert CoquiVoice().missing() == ""
    assert CoquiVoice().place("vi") == place
    assert "tha" in CoquiVoice().missing_in("th")


@pytest.mark.neural
def test_a_model_of_romanised_text_is_refused(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "fairseq" / "models" / "vie"
    shutil.copytree(folder / "fairseq" / "models" / "vie", place)
    (place / "config.json").write_text('{"data": {"sampling_rate": 16000, "training_files": "train.uroman", "add_blank": true}}')
    with pytest.raises(NotReady, match="uroman"):
        CoquiVoice(CoquiOptions(model=str(tmp_path))).speak(VI.read("Mua đi"), VI, STYLE)
    whole = (place / "G_100000.pth").read_bytes()
    (place / "G_100000.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NotReady, match=r"G_100000\.pth can't be loaded"):
        CoquiVoice(CoquiOptions(model=str(tmp_path))).speak(VI.read("Mua đi"), VI, STYLE)


# XTTS ---------------------------------------------------------------------------------------------------------------


def said(voice: CoquiVoice, style: VoiceStyle, text: str = "Keeps tea hot, all day.") -> Sound:
    return voice.speak(EN.read(text), EN, style)


@pytest.mark.neural
def test_xtts_speaks_as_the_speaker_the_same_each_time(voice: CoquiVoice, tmp_path: Path) -> None:
    import torch

    one, other = tiny_models.reference(tmp_path), tiny_models.reference(tmp_path, tone=320)
    first = said(voice, VoiceStyle(speaker=one))
    torch.rand(3)  # as any other engine of the process may
    assert first.rate == 24000
    assert first.words == ()
    assert first.duration > 0.05
    one.reference.unlink()  # listened to once
    assert np.array_equal(first.samples, said(voice, VoiceStyle(speaker=one)).samples)
    assert not np.array_equal(first.samples, said(voice, VoiceStyle(speaker=one, take=1)).samples)
    assert not np.array_equal(first.samples, said(voice, VoiceStyle(speaker=other)).samples)


@pytest.mark.neural
def test_xtts_draws_its_sounds_from_the_whole_model_at_each_step(voice: CoquiVoice, tmp_path: Path) -> None:
    """With the cache of earlier steps and without it the same is said: the cache reaches the model."""
    xtts = voice._xtts
    assert xtts is not None
    style = VoiceStyle(speaker=tiny_models.reference(tmp_path))
    with_cache = said(voice, style).samples
    xtts.model.gpt.gpt_inference.generation_config.use_cache = False
    try:
        without = said(voice, style).samples
    finally:
        xtts.model.gpt.gpt_inference.generation_config.use_cache = True
    assert len(with_cache) == len(without)
    assert np.abs(with_cache - without).max() < 1e-3


@pytest.mark.neural
def test_xtts_has_own_voices_where_no_speaker_is_given(voice: CoquiVoice, folder: Path, tmp_path: Path) -> None:
    assert not np.array_equal(said(voice, VoiceStyle(gender="female")).samples, said(voice, VoiceStyle(gender="male")).samples)
    shutil.copytree(folder / "xtts", tmp_path / "xtts")
    (tmp_path / "xtts" / "speakers_xtts.pth").unlink()
    with pytest.raises(UserError, match="voice package"):
        said(CoquiVoice(CoquiOptions(model=str(tmp_path), device="cpu")), STYLE)


@pytest.mark.neural
def test_xtts_reads_chinese(voice: CoquiVoice, tmp_path: Path) -> None:
    pytest.importorskip("pypinyin")
    sound = voice.speak(ZH.read("这款雨伞只要89元！"), ZH, VoiceStyle(speaker=tiny_models.reference(tmp_path)))
    assert sound.duration > 0.05


@pytest.mark.neural
def test_references_too_short_and_broken_models_are_named(voice: CoquiVoice, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="shorter than a second"):
        said(voice, VoiceStyle(speaker=tiny_models.reference(tmp_path, seconds=0.5, tone=99)))
    shutil.copytree(folder / "xtts", tmp_path / "xtts")
    whole = (folder / "xtts" / "model.pth").read_bytes()
    (tmp_path / "xtts" / "model.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NotReady, match=r"model\.pth can't be loaded"):
        said(CoquiVoice(CoquiOptions(model=str(tmp_path), device="cpu")), STYLE)
