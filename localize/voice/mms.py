"""MMS: Meta's voices of many languages, run with transformers. One speaker a language, quick on a CPU, and exact word times.

The weights may not be used commercially. With a speaker, a Converter gives the sound their voice.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from localize import engines, torch_device, weights
from localize.engines import Card
from localize.errors import NotReady
from localize.languages import Language, Token
from localize.voice import Sound, VoiceStyle, places
from localize.voice.vits import EDGE, Vits, checked

CODES = {"th": "tha", "vi": "vie", "id": "ind", "en": "eng"}  # the models' names of the languages
FILES = ("config.json", "vocab.json", "tokenizer_config.json", "model.safetensors")
PACKAGES = ("torch", "transformers")


class MmsOptions(engines.Options):
    """Which folder, where it runs and how freely it speaks."""

    model: str = Field(default="", description="the folder with a folder for each language (tha, vie, ind, eng); the engine's own if empty")
    device: weights.Device = "auto"
    noise: float | None = Field(default=None, ge=0, le=2, description="how much its sound varies; the model's own if not given")
    rhythm: float | None = Field(default=None, ge=0, le=2, description="how much its durations vary; the model's own if not given")


class MmsVoice:
    """See `Voice` and `Batched`. Each language's model is loaded on first use, once; may be called from several threads."""

    card: ClassVar[Card] = Card(
        name="mms",
        stage="voice",
        about="MMS text to speech: one voice a language, exact word times, quick on a CPU; not for commercial use",
        version="1",
        licence="CC-BY-NC-4.0",
        commercial=False,
        quality=40,
        languages=("en", "id", "th", "vi"),
        paced=True,
        timed=True,
    )
    Options: ClassVar[type[engines.Options]] = MmsOptions
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = tuple(
        weights.Source(repo=f"facebook/mms-tts-{code}", files=FILES, to=code, licence="CC-BY-NC-4.0") for code in CODES.values()
    )

    def __init__(self, options: MmsOptions | None = None) -> None:
        self.options = options or MmsOptions()
        self._loading = threading.Lock()
        self._loaded: dict[str, Vits] = {}

    def place(self, language: str) -> Path:
        """The folder of a language's model: the engine's own, or the hub's cache where only that has it."""
        own = weights.folder(self.card.name, self.options.model) / CODES[language]
        return places.first(own, () if self.options.model else (places.hub(f"facebook/mms-tts-{CODES[language]}", FILES[-1]),), FILES)

    def missing(self) -> str:
        lacks = [self.missing_in(language) for language in CODES]
        return lacks[0] if all(lacks) else ""

    def missing_in(self, language: str) -> str:
        """What is missing to speak one language, "" when nothing is: each has a model of its own."""
        how = weights.how_to_pull(self.card.name, weights.folder(self.card.name, self.options.model))
        return places.absent(PACKAGES) or weights.lack(self.place(language), FILES, how, ())

    def fingerprint(self) -> str:
        return self._fingerprint([code for code in CODES if not self.missing_in(code)])

    def fingerprint_in(self, language: str) -> str:
        """The same of one language's model alone."""
        return self._fingerprint([language])

    def _fingerprint(self, codes: Sequence[str]) -> str:
        o = self.options
        ready = [f"{code}:{weights.fingerprint(self.place(code))}" for code in codes]
        settings = [f"{name}{value:g}" for name, value in (("n", o.noise), ("r", o.rhythm)) if value is not None]
        return "-".join([self.card.name, self.card.version, torch_device.chosen(o.device), *ready, *settings])

    def report(self) -> str:
        """Where it runs and in which numbers."""
        return torch_device.report(self.options.device)

    def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
        """See `Voice.speak`. At the model's own rate; words are timed, mouths are not. The pitch is the speaker's own."""
        return self.speak_all([tokens], language, style)[0]

    def speak_all(self, lines: Sequence[Sequence[Token]], language: Language, style: VoiceStyle) -> list[Sound]:
        return self._ready(language.code).speak_all(lines, language, style, self.card.name)

    def _ready(self, language: str) -> Vits:
        with self._loading:
            if language not in self._loaded:
                if lack := self.missing_in(language):
                    raise NotReady(f"the voice engine {self.card.name!r} is not ready: {lack}", missing=(lack,))
                self._loaded[language] = self._load(self.place(language))
            return self._loaded[language]

    def _load(self, place: Path) -> Vits:
        from transformers import VitsModel
        from transformers.utils import logging

        noise: Any = logging
        noise.disable_progress_bar()  # of loading: it would run through the lines of a log
        device = torch_device.chosen(self.options.device)
        try:
            told = json.loads((place / "tokenizer_config.json").read_bytes())
            vocabulary = json.loads((place / "vocab.json").read_bytes())
            model, found = VitsModel.from_pretrained(place, local_files_only=True, output_loading_info=True)
            model = model.to(device).float().eval()
        except Exception as error:  # a broken file shows as any of a dozen kinds of error, of three packages
            raise weights.broken(place, error) from error
        if lost := [name for name in found["missing_keys"] if not name.startswith("posterior_encoder.")]:  # used in training only
            raise weights.broken(place, ValueError(f"it has no {lost[0]}"))
        if told.get("is_uroman") or told.get("phonemize"):
            other = "romanised text (uroman)" if told.get("is_uroman") else "phonemes"
            raise NotReady(f"the model in {place} reads {other} and not the language's own letters.", how="Take one of facebook/mms-tts.")
        checked(vocabulary, model.config.vocab_size, place)
        o = self.options
        model.noise_scale = model.noise_scale if o.noise is None else o.noise
        model.noise_scale_duration = model.noise_scale_duration if o.rhythm is None else o.rhythm
        return Vits(
            _run(model),
            vocabulary,
            bool(told.get("add_blank", True)),
            model.config.sampling_rate,
            math.prod(model.config.upsample_rates),
            device,
        )


def _run(model: Any) -> Any:
    """The model as `Vits` runs it. Its own tokenizer is not used: where a letter is also the blank, as in Thai, it loses count."""
    import torch

    heard: list[Any] = []
    model.duration_predictor.register_forward_hook(lambda _, __, out: heard.append(out))
    model.decoder.register_forward_pre_hook(lambda _, given: (torch.nn.functional.pad(given[0], (0, EDGE)), *given[1:]))

    def run(ids: Any, counts: Any, pace: float) -> tuple[Any, Any]:
        mask = torch.arange(ids.shape[1], device=ids.device) < counts[:, None]
        heard.clear()
        rate = model.speaking_rate * pace
        sound = model(input_ids=ids, attention_mask=mask.long(), speaking_rate=rate).waveform
        # Step by step as the model itself makes them of its predictor's answer; it does not give them.
        durations = torch.ceil(torch.exp(heard.pop()) * mask[:, None].float() * (1.0 / rate))
        return sound[:, None], durations

    return run
