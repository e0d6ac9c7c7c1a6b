"""Tiny models with random weights, laid on disk as the real ones are, so that the real loading code loads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from localize.media.pcm import write_wav
from localize.voice import Samples, Speaker

LETTERS = {
    "tha": " กขคงจชซญดตถทนบปผพฟมยรลวสหอฮะัาิีึืุูเแโใไ็่้๊๋์ำ",
    "vie": " aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ'-",
    "ind": " abcdefghijklmnoprstuwyz'-",
    "eng": " abcdefghijklmnopqrstuvwxyz'-",
}


def mms(place: Path, code: str = "vie", *, blank: str = "<pad>", **told: Any) -> Path:
    """An MMS model of one language in transformers' files. `blank` is the sign that stands between letters."""
    import torch
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    torch.set_num_threads(1)
    place.mkdir(parents=True)
    signs = [blank, *(sign for sign in LETTERS[code] if sign != blank), "<unk>"]
    (place / "vocab.json").write_text(json.dumps({sign: i for i, sign in enumerate(signs)}, ensure_ascii=False), "utf-8")
    reading = {"language": code, "add_blank": True, "normalize": True, "phonemize": False, "is_uroman": False} | told
    VitsTokenizer(place / "vocab.json", pad_token=blank, unk_token="<unk>", **reading).save_pretrained(place)
    torch.manual_seed(0)
    config = VitsConfig(
        vocab_size=len(signs), hidden_size=32, num_hidden_layers=2, ffn_dim=64, flow_size=32, spectrogram_bins=65,
        prior_encoder_num_flows=2, prior_encoder_num_wavenet_layers=2, posterior_encoder_num_wavenet_layers=2, upsample_initial_channel=32,
        duration_predictor_filter_channels=32, depth_separable_num_layers=2, sampling_rate=16000, initializer_range=0.2,
    )  # fmt: skip
    VitsModel(config).save_pretrained(place)
    return place


def reference(place: Path, seconds: float = 4.0, rate: int = 24000, tone: float = 180.0) -> Speaker:
    """Someone's voice: a buzz with the strength of syllables."""
    t = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * tone * k * t) / k for k in range(1, 12))
    path = place / f"reference-{tone:g}.wav"
    write_wav(path, (0.1 * buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))).astype(np.float32), rate)
    return Speaker("someone", path, digest=f"{tone:g}")


def noise(seconds: float, rate: int = 48000) -> Samples:
    return (np.random.default_rng(0).standard_normal(round(seconds * rate)) * 0.05).astype(np.float32)


# How fairseq numbers and names what Coqui's VITS calls otherwise.
_FLOWS = {"flow.flows.1.": "flow.flows.2.", "flow.flows.2.": "flow.flows.4.", "flow.flows.3.": "flow.flows.6."}
_PARTS = {"text_encoder.": "enc_p.", "waveform_decoder.": "dec.", "posterior_encoder.": "enc_q.", "duration_predictor.": "dp."}


def _fairseq_name(name: str) -> str:
    for ours, theirs in _FLOWS.items():
        if name.startswith(ours):
            return name.replace(ours, theirs)
    for ours, theirs in _PARTS.items():
        if name.startswith(ours):
            name = theirs + name.removeprefix(ours)
    for flows in ("flows", "post_flows"):
        for ours, theirs in ((2, 3), (3, 5), (4, 7)):
            if name.startswith(f"dp.{flows}.{ours}."):
                return name.replace(f"dp.{flows}.{ours}.", f"dp.{flows}.{theirs}.", 1)
    return name.replace(".0.translation", ".0.m").replace(".0.log_scale", ".0.logs")


def fairseq(place: Path, code: str = "vie", *, training_files: str = "train.ltr") -> Path:
    """A fairseq VITS of one language, in its full size of 36 million weights: its shape is not in its files."""
    import torch
    from TTS.tts.configs.vits_config import VitsConfig
    from TTS.tts.models.vits import Vits

    torch.set_num_threads(1)
    torch.manual_seed(0)
    place.mkdir(parents=True)
    signs = [*LETTERS[code][1:], " "]
    (place / "vocab.txt").write_text("".join(f"{sign}\n" for sign in signs), "utf-8")
    data = {"sampling_rate": 16000, "training_files": training_files, "add_blank": True}
    (place / "config.json").write_text(json.dumps({"data": data}))
    model = Vits(VitsConfig())
    model.text_encoder.emb = torch.nn.Embedding(len(signs), 192)
    state = {_fairseq_name(name): value for name, value in model.state_dict().items() if not name.startswith("disc.")}
    torch.save({"model": state}, place / "G_100000.pth")
    return place


def xtts(place: Path, *, speakers: bool = True) -> Path:
    """XTTS with one small layer; its vocoder and speaker encoder have a fixed size."""
    import torch
    from tokenizers import Tokenizer, models
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    torch.set_num_threads(1)
    torch.manual_seed(0)
    place.mkdir(parents=True)
    special = ["[STOP]", "[UNK]", "[SPACE]", "[en]", "[zh-cn]", "[START]"]
    vocabulary = {sign: i for i, sign in enumerate([*special, *"abcdefghijklmnopqrstuvwxyz,.!?'0123456789"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="[UNK]"))
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(place / "vocab.json"))
    config = XttsConfig()
    args = config.model_args
    args.gpt_layers, args.gpt_n_model_channels, args.gpt_n_heads, args.decoder_input_dim = 1, 32, 2, 32
    args.gpt_num_audio_tokens, args.gpt_start_audio_token, args.gpt_stop_audio_token, args.gpt_max_audio_tokens = 66, 64, 65, 24
    args.gpt_number_text_tokens, args.gpt_start_text_token, args.gpt_stop_text_token = len(vocabulary), vocabulary["[START]"], 0
    args.gpt_use_perceiver_resampler = True
    config.save_json(str(place / "config.json"))
    torch.save({"model": Xtts(config).state_dict()}, place / "model.pth")
    if speakers:
        voices = {name: {"gpt_cond_latent": torch.randn(1, 32, 32), "speaker_embedding": torch.randn(1, 512, 1)} for name in
                  ("Claribel Dervla", "Andrew Chipper")}  # fmt: skip
        torch.save(voices, place / "speakers_xtts.pth")
    return place


def openvoice(place: Path) -> Path:
    """OpenVoice's converter, narrow."""
    import torch
    from TTS.vc.configs.openvoice_config import OpenVoiceConfig
    from TTS.vc.models.openvoice import OpenVoice

    torch.set_num_threads(1)
    torch.manual_seed(0)
    place.mkdir(parents=True)
    sizes = {"zero_g": True, "hidden_channels": 16, "inter_channels": 16, "upsample_initial_channel": 32, "gin_channels": 16, "n_heads": 2}
    data = {"sampling_rate": 22050, "filter_length": 1024, "hop_length": 256, "win_length": 1024}
    (place / "config.json").write_text(json.dumps({"data": data, "model": sizes}))
    config = OpenVoiceConfig()
    for name, value in sizes.items():
        config.model_args[name] = value
    torch.save({"model": _loud(OpenVoice(config)).state_dict()}, place / "checkpoint.pth")
    return place


def freevc(place: Path, layers: int = 1) -> Path:
    """FreeVC, its WavLM and its speaker encoder (which has a fixed size), narrow."""
    import torch
    from TTS.vc.configs.freevc_config import FreeVCConfig
    from TTS.vc.layers.freevc.speaker_encoder.speaker_encoder import SpeakerEncoder
    from TTS.vc.layers.freevc.wavlm.wavlm import WavLM, WavLMConfig
    from TTS.vc.models import freevc as package

    torch.set_num_threads(1)
    torch.manual_seed(0)
    place.mkdir(parents=True)
    shape = {
        "encoder_layers": layers, "encoder_embed_dim": 32, "encoder_ffn_embed_dim": 32, "encoder_attention_heads": 2,
        "extractor_mode": "layer_norm", "layer_norm_first": True, "normalize": True, "conv_pos": 15, "conv_pos_groups": 4,
        "conv_feature_layers": "[(16,10,5)] + [(16,3,2)] * 4 + [(16,2,2)] * 2", "relative_position_embedding": True,
        "gru_rel_pos": True, "num_buckets": 32,
    }  # fmt: skip
    wavlm = WavLM(WavLMConfig(shape))
    torch.save({"cfg": shape, "model": wavlm.state_dict()}, place / "WavLM-Large.pt")
    encoder = torch.nn.Module()
    encoder.lstm, encoder.linear = torch.nn.LSTM(40, 256, 3, batch_first=True), torch.nn.Linear(256, 256)
    torch.save({"model_state": encoder.state_dict()}, place / "speaker_encoder.pt")
    config = FreeVCConfig()
    args = config.model_args
    args.ssl_dim, args.hidden_channels, args.inter_channels, args.upsample_initial_channel, args.use_spk = 32, 16, 16, 32, True
    args.upsample_rates, args.upsample_kernel_sizes = [10, 6, 4, 2], [16, 16, 4, 4]  # 24 kHz out of frames of 20 ms
    config.save_json(str(place / "config.json"))

    class Model(package.FreeVC):
        def load_pretrained_speaker_encoder(self) -> None:
            self.enc_spk_ex = SpeakerEncoder(str(place / "speaker_encoder.pt"))

    fetching, package.get_wavlm = package.get_wavlm, lambda: wavlm
    try:
        torch.save({"model": _loud(Model(config)).state_dict()}, place / "model.pth")
    finally:
        package.get_wavlm = fetching
    return place


def _loud(model: Any) -> Any:
    """With larger weights in its vocoder: as they are drawn, nearly nothing of what it is told would be heard."""
    import torch

    with torch.no_grad():
        for name, value in model.dec.named_parameters():
            if value.dim() > 1:
                value.mul_(8 if "conv_pre" in name or "ups" in name or "conv_post" in name else 1)
    return model
