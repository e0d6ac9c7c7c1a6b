"""MuseTalk 1.5: the lower face painted anew in the latent space of a VAE, in one step, from what whisper-tiny hears.

The recipe is that of github.com/TMElyralab/MuseTalk (arXiv 2410.10122); its weights may be used for any purpose.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from localize import engines, weights
from localize.engines import Card
from localize.lipsync import Frame, Samples
from localize.lipsync.neural import RATE, LipsyncOptions, NeuralLipsync

SEGMENT = 30  # s that Whisper hears at once
STEPS = 50  # a second, of what its encoder gives
# Steps of one frame, from BEFORE its own on. As trained at 25 frames a second: other rates hear the same fifth of a second.
WINDOW, BEFORE = 10, 4
SCALE = 0.18215  # of the VAE's latents in Stable Diffusion 1


class MuseTalkLipsync(NeuralLipsync):
    """See `NeuralLipsync`."""

    card: ClassVar[Card] = Card(
        name="musetalk",
        stage="lipsync",
        about="MuseTalk 1.5: a filmed host's lips move to the voice, 256x256 px a face; a GPU makes it quick",
        version="1",
        licence="MIT; its VAE MIT, Whisper Apache-2.0",
        quality=80,
        filmed=True,
    )
    Options: ClassVar[type[engines.Options]] = LipsyncOptions
    PACKAGES = ("torch", "diffusers", "transformers")
    SIZE = 256
    FILES = (
        "musetalkV15/musetalk.json",
        "musetalkV15/unet.pth",
        "sd-vae/config.json",
        "sd-vae/diffusion_pytorch_model.safetensors",
        "whisper/config.json",
        "whisper/preprocessor_config.json",
        "whisper/model.safetensors",
    )
    # The folders are those of MuseTalk's own `models`.
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = (
        weights.Source(repo="TMElyralab/MuseTalk", files=FILES[:2], licence="MIT"),
        weights.Source(
            repo="stabilityai/sd-vae-ft-mse", files=("config.json", "diffusion_pytorch_model.safetensors"), to="sd-vae", licence="MIT"
        ),
        weights.Source(
            repo="openai/whisper-tiny",
            files=("config.json", "preprocessor_config.json", "model.safetensors"),
            to="whisper",
            licence="Apache-2.0",
        ),
    )

    def __init__(self, options: LipsyncOptions | None = None) -> None:
        super().__init__(options or LipsyncOptions())

    def _dtype(self) -> str:
        return "float32" if self.device == "cpu" else "float16"

    def _load(self) -> Models:
        import torch
        from diffusers import AutoencoderKL, UNet2DConditionModel
        from transformers import WhisperFeatureExtractor, WhisperModel
        from transformers.utils import logging

        noise: Any = logging
        noise.disable_progress_bar()  # of loading: it would run through the lines of a log
        device, dtype = self.device, getattr(torch, self._dtype())
        part = self.place / "musetalkV15"
        try:
            unet = UNet2DConditionModel.from_config(json.loads((part / "musetalk.json").read_bytes()))
            unet.load_state_dict(torch.load(part / "unet.pth", map_location="cpu", weights_only=True))
            part = self.place / "sd-vae"
            vae, found = AutoencoderKL.from_pretrained(part, local_files_only=True, low_cpu_mem_usage=False, output_loading_info=True)
            complete(found["missing_keys"])
            part = self.place / "whisper"
            ear = WhisperFeatureExtractor.from_pretrained(part, local_files_only=True)
            whole, found = WhisperModel.from_pretrained(part, local_files_only=True, output_loading_info=True)
            complete(name for name in found["missing_keys"] if name.startswith("encoder."))
            whisper = whole.encoder
            heard = whisper.config.d_model
            if heard != unet.config.cross_attention_dim:
                raise ValueError(f"it gives {heard} numbers a step, and the U-Net takes {unet.config.cross_attention_dim}")
        except Exception as error:  # a broken file shows as any of a dozen kinds of error, of three packages
            raise weights.broken(part, error) from error
        unet, vae, whisper = (net.to(device, dtype).eval().requires_grad_(False) for net in (unet, vae, whisper))
        return Models(unet, vae, whisper, ear, device, dtype, positions(heard, WINDOW * (whisper.config.encoder_layers + 1)))

    def _hear(self, model: Models, sound: Samples, fps: float) -> Callable[[int], Any]:
        """See `NeuralLipsync._hear`: [WINDOW * 5, d], time first and in it Whisper's layers, zeros where there is no sound."""
        import torch

        steps = len(sound) * STEPS // RATE
        nothing = torch.zeros(model.whisper.config.encoder_layers + 1, model.whisper.config.d_model, device=model.device, dtype=model.dtype)
        kept: dict[int, Any] = {}

        def step(at: int) -> Any:
            if not 0 <= at < steps:
                return nothing
            segment, within = divmod(at, SEGMENT * STEPS)
            if segment not in kept:
                kept.pop(segment - 2, None)
                kept[segment] = model.listen(sound[segment * SEGMENT * RATE : (segment + 1) * SEGMENT * RATE])
            return kept[segment][within]

        def window(number: int) -> Any:
            first = math.floor(number * STEPS / fps) - BEFORE
            return torch.stack([step(at) for at in range(first, first + WINDOW)]).flatten(0, 1)

        return window

    def _run(self, model: Models, faces: Frame, heard: Sequence[Any]) -> Frame:
        import torch

        seen = torch.from_numpy(faces).to(model.device).permute(0, 3, 1, 2).float() / 255
        masked = seen.clone()
        masked[:, :, self.SIZE // 2 :] = 0
        # The middle of what the VAE thinks a face may be, where MuseTalk draws from it: equal faces stay equal, and the
        # spread is far below what can be seen.
        latents = model.vae.encode(((torch.cat([masked, seen]) - 0.5) / 0.5).to(model.dtype)).latent_dist.mode() * SCALE
        told = torch.stack(list(heard)) + torch.from_numpy(model.positions).to(model.device, model.dtype)
        now = torch.zeros(1, dtype=torch.long, device=model.device)
        made = model.unet(torch.cat(latents.chunk(2), 1), now, encoder_hidden_states=told).sample
        shown = (model.vae.decode(made / SCALE).sample.float() / 2 + 0.5).clamp(0, 1)
        return np.asarray((shown * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy(), np.uint8)


@dataclass
class Models:
    """MuseTalk in memory."""

    unet: Any
    vae: Any
    whisper: Any  # its encoder
    ear: Any  # sound to Whisper's spectrogram
    device: str
    dtype: Any
    positions: Samples

    def listen(self, sound: Samples) -> Any:
        """All that Whisper's encoder makes of at most 30 s [n]: its input and each layer's output, [1500, layers + 1, d]."""
        import torch

        mel = self.ear(sound, sampling_rate=RATE, return_tensors="pt").input_features.to(self.device, self.dtype)
        return torch.stack(self.whisper(mel, output_hidden_states=True).hidden_states, dim=2)[0]


def complete(missing: Iterable[str]) -> None:
    """Raises ValueError where a model lacks some of its weights, in place of which it was given random ones."""
    for name in missing:
        raise ValueError(f"it has no {name}")


def positions(width: int, length: int) -> Samples:
    """Sines and cosines by turns that tell a step's place in its window, [length, width]."""
    turns = np.arange(length)[:, None] * np.exp(np.arange(0, width, 2) * (-math.log(10_000) / width))
    return np.stack([np.sin(turns), np.cos(turns)], axis=2).reshape(length, -1)[:, :width].astype(np.float32)
