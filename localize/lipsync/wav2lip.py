"""Wav2Lip: quick and small, 96x96 px a face, from the voice's mel spectrogram. Its weights may not be used commercially.

The recipe is that of github.com/Rudrabha/Wav2Lip (arXiv 2008.10010); the code is our own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from localize import engines, weights
from localize.engines import Card
from localize.lipsync import Frame, Samples
from localize.lipsync.mel import COLUMNS, mel
from localize.lipsync.neural import LipsyncOptions, NeuralLipsync

WINDOW = 16  # columns of the spectrogram that a frame hears, from its own moment on


class Wav2LipOptions(LipsyncOptions):
    """See `LipsyncOptions`."""

    batch: int = Field(default=32, ge=1, le=256, description="how many faces are made at once: more takes more memory")


class Wav2LipLipsync(NeuralLipsync):
    """See `NeuralLipsync`."""

    card: ClassVar[Card] = Card(
        name="wav2lip",
        stage="lipsync",
        about="Wav2Lip: a filmed host's lips move to the voice, 96x96 px a face, quick; not for commercial use",
        version="1",
        licence="non-commercial (research and personal use; trained on LRS2)",
        commercial=False,
        quality=60,
        filmed=True,
    )
    Options: ClassVar[type[engines.Options]] = Wav2LipOptions
    PACKAGES = ("torch",)
    SIZE = 96
    FILES = ("wav2lip_gan.pth",)
    # A copy on a hub: the authors' own address gives the file to browsers only. Its digest is that of theirs.
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = (
        weights.Source(
            address="https://huggingface.co/camenduru/Wav2Lip/resolve/main/checkpoints/wav2lip_gan.pth",
            sha256="ca9ab7b7b812c0e80a6e70a5977c545a1e8a365a6c49d5e533023c034d7ac3d8",
            licence="non-commercial",
        ),
    )

    def __init__(self, options: Wav2LipOptions | None = None) -> None:
        super().__init__(options or Wav2LipOptions())

    def _dtype(self) -> str:
        return "float32"  # so small that half precision gains nothing

    def _load(self) -> Any:
        import torch

        from localize.lipsync.wav2lip_net import Wav2Lip

        net = Wav2Lip()
        try:
            kept = torch.load(self.place / self.FILES[0], map_location="cpu", weights_only=True)["state_dict"]
            # It was trained on several GPUs, which shows in the names.
            net.load_state_dict({name.removeprefix("module."): value for name, value in kept.items()})
        except Exception as error:  # a broken file shows as any of several kinds of error
            raise weights.broken(self.place, error) from error
        return net.to(self.device).eval().requires_grad_(False)

    def _hear(self, model: Any, sound: Samples, fps: float) -> Callable[[int], Samples]:
        """See `NeuralLipsync._hear`: [80, WINDOW]."""

        def window(number: int) -> Samples:
            first = int(number * COLUMNS / fps)
            return mel(sound, first, first + WINDOW)

        return window

    def _run(self, model: Any, faces: Frame, heard: Sequence[Samples]) -> Frame:
        import torch

        device = next(model.parameters()).device
        seen = np.ascontiguousarray(faces[..., ::-1])  # it was trained on pictures in OpenCV's order of colours
        masked = seen.copy()
        masked[:, self.SIZE // 2 :] = 0
        pictures = torch.from_numpy(np.concatenate([masked, seen], axis=3)).to(device).permute(0, 3, 1, 2).float() / 255
        sounds = torch.from_numpy(np.stack(heard)[:, None]).to(device)
        made = (model(sounds, pictures) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        return np.ascontiguousarray(made[..., ::-1], np.uint8)
