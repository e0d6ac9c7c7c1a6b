"""VoxCPM2 as a voice, on a tiny one with random weights, built here and loaded by the real code."""

from __future__ import annotations

import json
import threading
import wave
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from localize import languages, pace
from localize.errors import NotReady, UserError
from localize.languages import Token
from localize.voice import Sound, Speaker, VoiceStyle
from localize.voice.voxcpm import RUNAWAY, SLACK, VoxCPMOptions, VoxCPMVoice

LINES = {"th": "โคมไฟ ฿1,290 ค่ะ", "vi": "Đèn này, ba mức sáng.", "id": "Lampu terang!", "zh": "台灯只要¥199。", "en": "A lamp, 3 levels."}


def config() -> dict[str, Any]:
    """The published config, each size in it cut down."""
    rope = {"type": "longrope", "long_factor": [1.0] * 4, "short_factor": [1.0] * 4, "original_max_position_embeddings": 2048}
    local = {"hidden_dim": 16, "ffn_dim": 32, "num_heads": 2, "num_layers": 1, "kv_channels": 8}
    return {
        "architecture": "voxcpm2",
        "lm_config": {
            "bos_token_id": 1, "eos_token_id": 2, "hidden_size": 16, "intermediate_size": 32, "max_position_embeddings": 2048,
            "num_attention_heads": 2, "num_hidden_layers": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-5, "rope_theta": 10000,
            "kv_channels": 8, "rope_scaling": rope, "vocab_size": 400, "use_mup": False, "scale_emb": 12, "dim_model_base": 8,
            "scale_depth": 1.4,
        },
        "patch_size": 4, "feat_dim": 8, "scalar_quantization_latent_dim": 8, "scalar_quantization_scale": 9,
        "residual_lm_num_layers": 1, "residual_lm_no_rope": True, "encoder_config": local,
        "dit_config": {**local, "cfm_config": {"sigma_min": 1e-6, "solver": "euler", "t_scheduler": "log-norm", "inference_cfg_rate": 2.0}},
        "audio_vae_config": {
            "encoder_dim": 4, "encoder_rates": [2, 5, 8, 8], "latent_dim": 8, "decoder_dim": 64, "decoder_rates": [8, 6, 5, 2, 2, 2],
            "sr_bin_boundaries": [20000, 30000, 40000], "sample_rate": 16000, "out_sample_rate": 48000,
        },
        "max_length": 2048, "device": "cuda", "dtype": "bfloat16",
    }  # fmt: skip


def build(place: Path) -> None:
    """A folder with the files that the published one has: llama's tokenizer of pieces and bytes, 101-104 the marks of sound."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, decoders, models, normalizers
    from voxcpm.model.voxcpm2 import VoxCPM2Model, VoxCPMConfig
    from voxcpm.modules.audiovae import AudioVAEV2
    from voxcpm.modules.audiovae.audio_vae_v2 import AudioVAEConfig

    place.mkdir(parents=True)
    marks = ["<|audio_start|>", "<|audio_end|>", "<|audio_prompt_start|>", "<|audio_prompt_end|>"]
    pieces = ["<unk>", "<s>", "</s>", "▁", *(chr(33 + i) for i in range(94))]
    pieces += [f"<|reserved_{i}|>" for i in range(101 - len(pieces))] + marks + [f"<0x{i:02X}>" for i in range(256)]
    inner = Tokenizer(
        models.BPE(vocab={p: i for i, p in enumerate(pieces)}, merges=[], unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    inner.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    inner.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    inner.add_special_tokens(marks)
    inner.save(str(place / "tokenizer.json"))
    told = {"tokenizer_class": "LlamaTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    (place / "tokenizer_config.json").write_text(json.dumps(told))
    (place / "config.json").write_text(json.dumps(config()))
    torch.manual_seed(0)
    vae = AudioVAEV2(config=AudioVAEConfig.model_validate(config()["audio_vae_config"]))

    model = VoxCPM2Model(VoxCPMConfig.model_validate(config()), SimpleNamespace(vocab={}), vae, device="cpu")
    with torch.no_grad():
        model.stop_head.weight.copy_(torch.randn_like(model.stop_head.weight))
    save_file(
        {name: t.contiguous() for name, t in model.state_dict().items() if not name.startswith("audio_vae.")}, place / "model.safetensors"
    )
    save_file({name: t.contiguous().clone() for name, t in vae.state_dict().items()}, place / "audiovae.safetensors")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    pytest.importorskip("voxcpm")
    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("models") / "tiny-voxcpm"
    build(place)
    return place


@pytest.fixture
def speaker(tmp_path: Path) -> Speaker:
    return person(tmp_path / "mali.wav", 180)


def person(path: Path, hertz: int) -> Speaker:
    """A second and a half of a hum."""
    time = np.arange(36000) / 24000
    sound = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 9)) * (0.1 + 0.05 * np.sin(2 * np.pi * 4 * time))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 24000, 0, "NONE", ""))
        file.writeframes((sound * 16000).astype("<i2").tobytes())
    return Speaker(path.stem, path, f"digest of {path.stem}", language="th")


def tokens(text: str, code: str) -> list[Token]:
    return list(languages.get(code).read(text))


def spoken(voice: VoxCPMVoice, style: VoiceStyle, code: str = "vi", text: str = "") -> Sound:
    return voice.speak(tokens(text or LINES[code], code), languages.get(code), style)


def voice_of(place: Path, **options: Any) -> VoxCPMVoice:
    return VoxCPMVoice(VoxCPMOptions(model=str(place), device="cpu", **{"steps": 2, **options}))


# --- without the package or the weights ---------------------------------------------------------------------------------


def test_what_is_missing_is_said_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from localize import weights

    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    monkeypatch.setattr(weights, "find_spec", lambda name: None if name == "voxcpm" else object())
    assert VoxCPMVoice().missing() == "the package voxcpm is not installed (pip install 'crossreel[voxcpm]')."
    monkeypatch.setattr(weights, "find_spec", lambda name: object())
    assert VoxCPMVoice().missing() == f"there is no model in {tmp_path / 'voxcpm'}; get it with: crossreel models pull voxcpm."
    (tmp_path / "voxcpm").mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        assert name in VoxCPMVoice().missing()
        (tmp_path / "voxcpm" / name).touch()
    assert "has no audiovae.safetensors or audiovae.pth; get it with: crossreel models pull voxcpm" in VoxCPMVoice().missing()
    (tmp_path / "voxcpm" / "audiovae.pth").touch()
    assert VoxCPMVoice().missing() == ""
    other = VoxCPMVoice(VoxCPMOptions(model=str(tmp_path / "elsewhere"))).missing()
    assert f"no model in {tmp_path / 'elsewhere'}" in other
    assert f"puts it in {tmp_path / 'voxcpm'}" in other


def test_without_weights_or_a_speaker_it_does_not_speak(tmp_path: Path, speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    with pytest.raises(UserError, match="give the host a `voice`"):
        spoken(VoxCPMVoice(), VoiceStyle())
    with pytest.raises(NotReady, match="the voice 'voxcpm' is not ready"):
        spoken(VoxCPMVoice(), VoiceStyle(speaker=speaker))


def test_nothing_to_say_is_no_sound(speaker: Speaker) -> None:
    assert len(spoken(VoxCPMVoice(), VoiceStyle(speaker=speaker), text="🎉").samples) == 0


def test_options_are_checked() -> None:
    for wrong in ({"steps": 0}, {"cfg": 0.0}, {"device": "tpu"}, {"seed": 1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            VoxCPMOptions.model_validate(wrong)


def test_the_card_lets_a_shop_use_it_in_every_language() -> None:
    card = VoxCPMVoice.card
    assert card.commercial
    assert card.clones
    assert set(LINES) == set(card.languages)
    assert VoxCPMVoice.WEIGHTS[0].repo == "openbmb/VoxCPM2"


# --- on a tiny model ----------------------------------------------------------------------------------------------------


@pytest.mark.neural
@pytest.mark.parametrize("code", sorted(LINES))
def test_it_speaks_every_language(folder: Path, speaker: Speaker, code: str) -> None:
    voice = voice_of(folder)
    assert voice.missing() == ""
    sound = spoken(voice, VoiceStyle(speaker=speaker), code)
    assert sound.rate == 48000
    assert sound.samples.dtype == np.float32
    assert sound.samples.ndim == 1
    assert np.isfinite(sound.samples).all()
    assert 0.16 * 3 < sound.duration <= pace.seconds(LINES[code], code) * RUNAWAY + SLACK + 0.17
    assert sound.words == ()
    assert voice.report() == "cpu float32"


@pytest.mark.neural
def test_a_sound_is_its_words_speaker_and_take(folder: Path, tmp_path: Path, speaker: Speaker) -> None:
    voice, style = voice_of(folder), VoiceStyle(speaker=speaker)
    first = spoken(voice, style)
    assert np.array_equal(first.samples, spoken(voice_of(folder), style).samples)
    others = [
        spoken(voice, replace(style, take=1)),
        spoken(voice, VoiceStyle(speaker=person(tmp_path / "niran.wav", 95))),
        spoken(voice, style, text="Đèn bàn, ba mức sáng."),
    ]
    for other in others:
        assert not np.array_equal(first.samples, other.samples)
    assert np.array_equal(first.samples, spoken(voice, style).samples)


@pytest.mark.neural
def test_other_threads_neither_disturb_nor_are_disturbed(folder: Path, speaker: Speaker) -> None:
    import torch

    voice, style = voice_of(folder), VoiceStyle(speaker=speaker)
    alone = [spoken(voice, replace(style, take=n)).samples for n in range(3)]
    torch.manual_seed(7)
    before = torch.get_rng_state()
    together: dict[int, Any] = {}

    def speak(n: int) -> None:
        together[n] = spoken(voice, replace(style, take=n)).samples

    threads = [threading.Thread(target=speak, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(alone[n], together[n]) for n in range(3))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.neural
def test_a_reference_is_read_once(folder: Path, speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    voice, style = voice_of(folder), VoiceStyle(speaker=speaker)
    spoken(voice, style)
    monkeypatch.setattr(voice._loaded.model, "_encode_wav", lambda *a, **k: pytest.fail("it was read again"))  # type: ignore[union-attr]
    spoken(voice, style, text="Đèn.")


@pytest.mark.neural
def test_a_reference_that_is_no_sound_is_named(folder: Path, tmp_path: Path, speaker: Speaker) -> None:
    wrong = tmp_path / "notes.wav"
    wrong.write_text("no sound")
    with pytest.raises(UserError, match=r"notes\.wav of the voice 'mali' can't be read"):
        spoken(voice_of(folder), VoiceStyle(speaker=replace(speaker, reference=wrong)))


@pytest.mark.neural
def test_a_sound_that_does_not_end_is_cut(folder: Path, speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    voice, style = voice_of(folder), VoiceStyle(speaker=speaker)
    spoken(voice, style)
    assert voice._loaded is not None
    with torch.no_grad():
        voice._loaded.model.stop_head.weight.zero_()  # the likelier of two equals is to go on
    long = spoken(voice, style)
    limit = pace.seconds(LINES["vi"], "vi") * RUNAWAY + SLACK
    assert limit - 1.5 < long.duration <= limit + 0.17


@pytest.mark.neural
def test_it_is_quiet(folder: Path, speaker: Speaker, capfd: pytest.CaptureFixture[str]) -> None:
    spoken(voice_of(folder), VoiceStyle(speaker=speaker))
    told = capfd.readouterr()
    assert "%|" not in told.err
    assert "dtype" not in told.err + told.out


@pytest.mark.neural
def test_the_tokenizer_is_the_folders_own(folder: Path, speaker: Speaker) -> None:
    from tokenizers import Tokenizer

    voice = voice_of(folder)
    spoken(voice, VoiceStyle(speaker=speaker), text="Đèn.")
    assert voice._loaded is not None
    own = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for line in LINES.values():
        assert voice._loaded.model.text_tokenizer(line) == own.encode(line, add_special_tokens=False).ids
    assert voice._loaded.model.text_tokenizer("<|audio_start|>")[-1] == 101


@pytest.mark.neural
def test_numbers_and_settings_change_the_fingerprint_and_the_sound(folder: Path, speaker: Speaker) -> None:
    style = VoiceStyle(speaker=speaker)
    plain = voice_of(folder)
    sounds = {plain.fingerprint(): spoken(plain, style).samples.tobytes()}
    for other in ({"dtype": "bfloat16"}, {"steps": 3}, {"cfg": 4.0}):
        voice = voice_of(folder, **other)
        sounds[voice.fingerprint()] = spoken(voice, style).samples.tobytes()
        assert voice.report() == f"cpu {other.get('dtype', 'float32')}"
    assert len(sounds) == 4
    assert len(set(sounds.values())) == 4


def copy(folder: Path, place: Path) -> Path:
    place.mkdir()
    for path in folder.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    return place


@pytest.mark.neural
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors", "audiovae.safetensors"])
def test_a_broken_file_is_named(folder: Path, tmp_path: Path, speaker: Speaker, name: str) -> None:
    place = copy(folder, tmp_path / "voxcpm")
    whole = (place / name).read_bytes()
    (place / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NotReady, match=rf"{name} can't be loaded"):
        spoken(voice_of(place), VoiceStyle(speaker=speaker))


@pytest.mark.neural
@pytest.mark.parametrize("name", ["model.safetensors", "audiovae.safetensors"])
def test_weights_that_lack_a_part_are_refused(folder: Path, tmp_path: Path, speaker: Speaker, name: str) -> None:
    from safetensors.torch import load_file, save_file

    place = copy(folder, tmp_path / "voxcpm")
    held = load_file(place / name)
    lost = sorted(held)[-1]
    save_file({k: v for k, v in held.items() if k != lost}, place / name)
    with pytest.raises(NotReady, match=r"there is no .* in it"):
        spoken(voice_of(place), VoiceStyle(speaker=speaker))


@pytest.mark.neural
def test_the_vae_as_it_is_published(folder: Path, tmp_path: Path, speaker: Speaker) -> None:
    import torch
    from safetensors.torch import load_file

    place = copy(folder, tmp_path / "voxcpm")
    torch.save({"state_dict": load_file(place / "audiovae.safetensors")}, place / "audiovae.pth")
    (place / "audiovae.safetensors").unlink()
    voice, style = voice_of(place), VoiceStyle(speaker=speaker)
    assert voice.missing() == ""
    assert np.array_equal(spoken(voice, style).samples, spoken(voice_of(folder), style).samples)
    print_before = voice.fingerprint()
    held = (place / "audiovae.pth").read_bytes()
    (place / "audiovae.pth").write_bytes(held[: len(held) // 2])
    assert voice.fingerprint() != print_before
    with pytest.raises(NotReady, match=r"audiovae\.pth can't be loaded"):
        spoken(voice_of(place), style)


@pytest.mark.neural
def test_the_older_model_is_refused(folder: Path, tmp_path: Path, speaker: Speaker) -> None:
    place = copy(folder, tmp_path / "voxcpm")
    (place / "config.json").write_text(json.dumps({**config(), "architecture": "voxcpm"}))
    with pytest.raises(NotReady, match=r"kind 'voxcpm', which can't take a voice alone. Take VoxCPM2: get it with"):
        spoken(voice_of(place), VoiceStyle(speaker=speaker))


@pytest.mark.neural
def test_a_gpu_that_is_not_there(folder: Path, speaker: Speaker) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    voice = VoxCPMVoice(VoxCPMOptions(model=str(folder), device="cuda"))
    assert voice.report() == "cuda:0 bfloat16"
    with pytest.raises(NotReady, match="no CUDA GPU"):
        spoken(voice, VoiceStyle(speaker=speaker))
