"""FreeVC: speech in another's voice, taken apart into what is said (WavLM) and who says it. Run by Coqui's package."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from localize import engines, torch_device, weights
from localize.engines import Card
from localize.errors import NotReady
from localize.voice import Samples, places
from localize.voice.converters.neural import PACKAGES, ConverterOptions, NeuralConverter

FILES = ("model.pth", "config.json")
WAVLM = ("WavLM-Large.pt", "wavlm_large.pt")  # the same weights under the names they are published by
ENCODER = "speaker_encoder.pt"
# Coqui's package keeps what it fetched from an address under the address's digest.
ENCODER_FROM = "https://github.com/coqui-ai/TTS/releases/download/v0.13.0_models/speaker_encoder.pt"
FETCH = "python -c \"from TTS.api import TTS; TTS('voice_conversion_models/multilingual/vctk/freevc24')\""
WINDOW = 400  # samples WavLM looks at for one of its frames


class FreeVCConverter(NeuralConverter):
    """See `NeuralConverter`. The model speaks at 24 kHz and hears 16."""

    card: ClassVar[Card] = Card(
        name="freevc",
        stage="convert",
        about="FreeVC at 24 kHz: another's voice, any language; trained on English",
        version="1",
        licence="MIT (trained on VCTK, CC-BY-4.0)",
        quality=50,
    )
    Options: ClassVar[type[engines.Options]] = ConverterOptions
    # The model itself and its speaker encoder are on no hub: see `missing`.
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = (
        weights.Source(repo="s3prl/converted_ckpts", files=(WAVLM[1],), licence="CC-BY-SA-3.0"),
    )

    def __init__(self, options: ConverterOptions | None = None) -> None:
        super().__init__(options or ConverterOptions())

    @property
    def place(self) -> Path:
        """The folder of the model: the engine's own, or Coqui's where only that has it."""
        own = weights.folder(self.card.name, self.options.model)
        cached = () if self.options.model else (places.coqui() / "voice_conversion_models--multilingual--vctk--freevc24",)
        return places.first(own, cached, FILES)

    @property
    def wavlm(self) -> Path:
        """The file of WavLM: beside the model, in the engine's own folder, or where Coqui keeps it."""
        folders = (self.place, weights.folder(self.card.name), places.coqui() / "wavlm")
        return _first(*(folder / name for folder in folders for name in WAVLM))

    @property
    def encoder(self) -> Path:
        """The file of the speaker encoder, likewise."""
        kept = places.coqui().with_name("tts_cache") / hashlib.sha256(ENCODER_FROM.encode()).hexdigest()
        return _first(self.place / ENCODER, weights.folder(self.card.name) / ENCODER, kept)

    def missing(self) -> str:
        how = f"let Coqui fetch them once ({FETCH}), or put Coqui's freevc24, {ENCODER} and {WAVLM[0]} there"
        lost = [name for name, path in ((WAVLM[0], self.wavlm), (ENCODER, self.encoder)) if not path.is_file()]
        return places.absent(PACKAGES) or weights.lack(self.place, (*FILES, *lost), how, ())

    def fingerprint(self) -> str:
        sizes = [f"{path.name}:{path.stat().st_size}" for path in (self.wavlm, self.encoder)]
        model = weights.fingerprint(self.place)
        return "-".join([self.card.name, self.card.version, model, *sizes, torch_device.chosen(self.options.device)])

    def _voice(self, model: Any, sound: Samples) -> Any:
        import torch

        return model._extract_target_se([torch.from_numpy(sound)])

    def _speaks(self, model: Any) -> int:
        """By its shape, which the rate in its configuration need not follow."""
        audio = model.config.audio
        rate: int = audio.input_sample_rate * math.prod(model.args.upsample_rates) // audio.hop_length
        return rate

    def _run(self, model: Any, voice: Any) -> Callable[[Samples], Samples]:
        import torch

        def run(piece: Samples) -> Samples:
            # One frame for each hop begun: the last frames' windows reach beyond the piece.
            padded = np.pad(piece, (0, WINDOW - model.config.audio.hop_length))
            said = model.extract_wavlm_features(model.load_audio(torch.from_numpy(padded)))
            out: Samples = model.inference(said, g=voice)[0, 0].float().cpu().numpy()
            return out

        return run

    def _load(self) -> Any:
        device = torch_device.chosen(self.options.device)
        place, wavlm, encoder = self.place, self.wavlm, self.encoder
        parts = self._read(wavlm, lambda: _wavlm(wavlm)), self._read(encoder, lambda: _encoder(encoder))
        model = self._read(place / FILES[1], lambda: _built(place / FILES[1], *parts))
        self._read(place / FILES[0], lambda: _filled(model, place / FILES[0]))
        return model.to(device).eval()

    def _read(self, path: Path, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except Exception as error:  # a broken file shows as any of a dozen kinds of error, of three packages
            said = " ".join(str(error).split())[:200] or type(error).__name__
            raise NotReady(f"{path} can't be loaded: {said}.", how="Get the model's files again.", missing=(str(path),)) from error


def _first(*paths: Path) -> Path:
    return next((path for path in paths if path.is_file()), paths[0])


def _wavlm(path: Path) -> Any:
    import torch
    from TTS.vc.layers.freevc.wavlm.wavlm import WavLM, WavLMConfig

    kept = torch.load(path, map_location="cpu", weights_only=True)
    model = WavLM(WavLMConfig(kept["cfg"]))
    model.load_state_dict(kept["model"])
    return model


def _encoder(path: Path) -> Any:
    from TTS.vc.layers.freevc.speaker_encoder.speaker_encoder import SpeakerEncoder

    return SpeakerEncoder(str(path))


_building = threading.Lock()


def _built(path: Path, wavlm: Any, encoder: Any) -> Any:
    """FreeVC as its config says, around a WavLM and a speaker encoder. Its own constructor would fetch both, whatever is here."""
    from TTS.vc.configs.freevc_config import FreeVCConfig
    from TTS.vc.models import freevc

    class Model(freevc.FreeVC):  # type: ignore[misc]
        def load_pretrained_speaker_encoder(self) -> None:
            self.enc_spk_ex = encoder

    config: Any = FreeVCConfig()
    config.load_json(str(path))
    with _building:
        fetching, freevc.get_wavlm = freevc.get_wavlm, lambda: wavlm
        try:
            return Model(config)
        finally:
            freevc.get_wavlm = fetching


def _filled(model: Any, path: Path) -> None:
    """The weights; the two parts that have files of their own may be in this one or not."""
    import torch

    lost, foreign = model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["model"], strict=False)
    if wrong := [name for name in lost if not name.startswith(("wavlm.", "enc_spk_ex."))] + list(foreign):
        raise ValueError(f"it is of another model: {wrong[0]}")
