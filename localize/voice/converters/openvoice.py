"""OpenVoice v2: speech in the tone of another voice, with a model that may be used commercially. Run by Coqui's package."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from localize import engines, torch_device, weights
from localize.engines import Card
from localize.voice import Samples, places
from localize.voice.converters.neural import PACKAGES, ConverterOptions, NeuralConverter

FILES = ("checkpoint.pth", "config.json")
REPO = "myshell-ai/OpenVoiceV2"


class OpenVoiceOptions(ConverterOptions):
    """Which folder, where it runs and how freely it converts."""

    model: str = Field(default="", description="the folder with `converter` in it; the engine's own if empty")
    tau: float = Field(default=0.3, ge=0, le=1, description="how freely it draws the sound; 0 draws nothing")


class OpenVoiceConverter(NeuralConverter):
    """See `NeuralConverter`. The model speaks and hears 22050 Hz."""

    card: ClassVar[Card] = Card(
        name="openvoice",
        stage="convert",
        about="OpenVoice v2: the tone of another voice, any language",
        version="1",
        licence="MIT",
        quality=60,
    )
    Options: ClassVar[type[engines.Options]] = OpenVoiceOptions
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = (
        weights.Source(repo=REPO, files=tuple(f"converter/{name}" for name in FILES), licence="MIT"),
    )

    options: OpenVoiceOptions

    def __init__(self, options: OpenVoiceOptions | None = None) -> None:
        super().__init__(options or OpenVoiceOptions())

    @property
    def place(self) -> Path:
        """The folder of the model: the engine's own, or Coqui's or the hub's where only these have it."""
        own = weights.folder(self.card.name, self.options.model) / "converter"
        coqui = places.coqui() / "voice_conversion_models--multilingual--multi-dataset--openvoice_v2"
        others = (coqui, coqui / "converter", places.hub(REPO, f"converter/{FILES[0]}"))
        return places.first(own, () if self.options.model else others, FILES)

    def missing(self) -> str:
        how = weights.how_to_pull(self.card.name, weights.folder(self.card.name, self.options.model))
        return places.absent(PACKAGES) or weights.lack(self.place, FILES, how, ())

    def fingerprint(self) -> str:
        o = self.options
        return "-".join([self.card.name, self.card.version, weights.fingerprint(self.place), torch_device.chosen(o.device), f"t{o.tau:g}"])

    def _voice(self, model: Any, sound: Samples) -> Any:
        import torch

        return model.extract_se(torch.from_numpy(sound))[0]

    def _speaks(self, model: Any) -> int:
        rate: int = model.config.audio.output_sample_rate
        return rate

    def _run(self, model: Any, voice: Any) -> Callable[[Samples], Samples]:
        import torch

        own: list[Any] = []  # the tone of the speech itself: its first piece's for all of them, or it would change between them

        def run(piece: Samples) -> Samples:
            padded = np.pad(piece, (0, max(0, model.config.audio.fft_size - len(piece))))
            tone, spectrum = model.extract_se(torch.from_numpy(padded))
            own.append(tone)
            out = model.inference(spectrum, {"g_src": own[0], "g_tgt": voice})
            said: Samples = out["model_outputs"][0, 0].float().cpu().numpy()
            return said

        return run

    def _load(self) -> Any:
        import torch
        from TTS.vc.configs.openvoice_config import OpenVoiceConfig
        from TTS.vc.models.openvoice import OpenVoice

        place = self.place
        device = torch_device.chosen(self.options.device)
        try:
            told = json.loads((place / FILES[1]).read_bytes())
            config: Any = OpenVoiceConfig()
            data = told["data"]
            config.audio.input_sample_rate = config.audio.output_sample_rate = data["sampling_rate"]
            config.audio.fft_size, config.audio.hop_length = data["filter_length"], data["hop_length"]
            config.audio.win_length = data["win_length"]
            for name, value in told["model"].items():  # the package itself takes the published model's sizes for granted
                if name in config.model_args:
                    config.model_args[name] = value
            config.model_args.tau = self.options.tau
            model: Any = OpenVoice(config)
            model.load_state_dict(torch.load(place / FILES[0], map_location="cpu", weights_only=True)["model"])
            return model.to(device).eval()
        except Exception as error:  # a broken file shows as any of a dozen kinds of error, of three packages
            raise weights.broken(place, error) from error
