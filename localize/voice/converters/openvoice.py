"""OpenVoice v2: speech in the tone of another voice, with a model that may be used commercially. Run by Coqui's package."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from localize import engines, weights
from localize.engines import Card
from localize.errors import NotReady, UserError
from localize.media import read_audio
from localize.voice import Samples, Speaker, places, torch_device
from localize.voice.converters.pieces import through

FILES = ("checkpoint.pth", "config.json")
PACKAGES = ("torch", "torchaudio", "TTS")
REPO = "myshell-ai/OpenVoiceV2"
SHORTEST = 1.0  # s of a reference


class OpenVoiceOptions(engines.Options):
    """Which folder, where it runs and how freely it converts."""

    model: str = Field(default="", description="the folder with `converter` in it; the engine's own if empty")
    device: weights.Device = "auto"
    tau: float = Field(default=0.3, ge=0, le=1, description="how freely it draws the sound; 0 draws nothing")


class OpenVoiceConverter:
    """See `Converter`. Loaded on first use, once; may be called from several threads."""

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

    def __init__(self, options: OpenVoiceOptions | None = None) -> None:
        self.options = options or OpenVoiceOptions()
        self._lock = threading.Lock()
        self._model: Any = None
        self._tones: dict[str, Any] = {}

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

    def report(self) -> str:
        """Where it runs and in which numbers."""
        return torch_device.report(self.options.device)

    def convert(self, samples: Samples, rate: int, speaker: Speaker) -> tuple[Samples, int]:
        """See `Converter.convert`. At the model's own rate, 22050 Hz."""
        with self._lock:
            model = self._model = self._model if self._model is not None else self._load()
        import torch

        with self._lock, torch.inference_mode():
            audio = model.config.audio
            if speaker.digest not in self._tones:
                self._tones[speaker.digest] = self._tone(model, speaker)
            grain, pitch = audio.hop_length, audio.input_sample_rate
            own: list[Any] = []  # the tone of the speech itself: its first piece's for all of them, or it would change between them

            def run(piece: Samples, number: int) -> Samples:
                tone, spectrum = model.extract_se(torch.from_numpy(np.pad(piece, (0, max(0, audio.fft_size - len(piece))))))
                own.append(tone)
                with torch_device.drawing([f"{speaker.digest}\0{number}"]):
                    out = model.inference(spectrum, {"g_src": own[0], "g_tgt": self._tones[speaker.digest]})
                said: Samples = out["model_outputs"][0, 0].float().cpu().numpy()
                return said

            return through(samples, rate, run, pitch, audio.output_sample_rate, grain), audio.output_sample_rate

    def _tone(self, model: Any, speaker: Speaker) -> Any:
        import torch

        sound = read_audio(speaker.reference, model.config.audio.input_sample_rate)
        if len(sound) < SHORTEST * model.config.audio.input_sample_rate:
            raise UserError(f"the reference {speaker.reference} of the voice {speaker.name!r} is shorter than a second.")
        return model.extract_se(torch.from_numpy(sound))[0]

    def _load(self) -> Any:
        if lack := self.missing():
            raise NotReady(f"the converter {self.card.name!r} is not ready: {lack}", missing=(lack,))
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
