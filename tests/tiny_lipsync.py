"""Tiny models with random weights, laid on disk as the real ones are, so that the real loading code loads them."""

from __future__ import annotations

import json
from pathlib import Path

WIDTH = 16  # of Whisper's encoder


def musetalk(place: Path, width: int = WIDTH) -> Path:
    """MuseTalk's U-Net, VAE and Whisper in the real ones' shape, narrow. `width` of Whisper."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    torch.set_num_threads(1)
    torch.manual_seed(0)
    (place / "musetalkV15").mkdir(parents=True)
    shape = {
        "_class_name": "UNet2DConditionModel", "_diffusers_version": "0.6.0.dev0", "act_fn": "silu", "attention_head_dim": 8,
        "block_out_channels": [16, 16, 16, 16], "center_input_sample": False, "cross_attention_dim": WIDTH,
        "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"], "downsample_padding": 1, "flip_sin_to_cos": True,
        "freq_shift": 0, "in_channels": 8, "layers_per_block": 1, "mid_block_scale_factor": 1, "norm_eps": 1e-5, "norm_num_groups": 8,
        "out_channels": 4, "sample_size": 64, "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    }  # fmt: skip
    (place / "musetalkV15" / "musetalk.json").write_text(json.dumps(shape))
    torch.save(UNet2DConditionModel.from_config(shape).state_dict(), place / "musetalkV15" / "unet.pth")
    AutoencoderKL(
        block_out_channels=(8, 8, 8, 8), down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4, layers_per_block=1, norm_num_groups=8, sample_size=256,
    ).save_pretrained(place / "sd-vae")  # fmt: skip
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    config = WhisperConfig(d_model=width, encoder_layers=4, decoder_layers=1, vocab_size=60, init_std=0.2, **heads,
                           pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=3)  # fmt: skip
    WhisperModel(config).save_pretrained(place / "whisper")
    WhisperFeatureExtractor().save_pretrained(place / "whisper")
    return place


def wav2lip(place: Path, prefix: str = "module.") -> Path:
    """Wav2Lip in its own size of 36 million weights, as its authors' program keeps it: names as of several GPUs, with counts."""
    import torch

    from localize.lipsync.wav2lip_net import Wav2Lip

    torch.set_num_threads(1)
    torch.manual_seed(0)
    place.mkdir(parents=True)
    state = {prefix + name: value for name, value in Wav2Lip().state_dict().items()}
    torch.save({"state_dict": state, "optimizer": {"state": {}}, "global_step": 7, "global_epoch": 1}, place / "wav2lip_gan.pth")
    return place
