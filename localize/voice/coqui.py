"""Coqui TTS: fairseq's VITS voices for Thai, Vietnamese and Indonesian, and XTTS v2, which speaks as anyone, for Chinese and English.

None of these weights may be used commercially. Models are loaded by their classes: the package's own interface would fetch
what it does not find.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from localize import engines, torch_device, weights
from localize.engines import Card
from localize.errors import NotReady, UserError
from localize.languages import Language, Token
from localize.media.pcm import read_audio
from localize.voice import Samples, Sound, Speaker, VoiceStyle, places
from localize.voice.text import text_of
from localize.voice.vits import EDGE, Vits, checked

FAIRSEQ = {"th": "tha", "vi": "vie", "id": "ind"}  # the models' names of the languages
XTTS = {"zh": "zh-cn", "en": "en"}
LIMITS = {"zh": 82, "en": 250}  # signs that XTTS says at a time; of more it drops the end
VITS_FILES = ("G_100000.pth", "config.json", "vocab.txt")
XTTS_FILES = ("model.pth", "config.json", "vocab.json")
XTTS_REPOS = ("tts-hub/XTTS-v2", "coqui/XTTS-v2")  # the first is the package's own copy, whose files its loader leaves alone
PACKAGES = ("torch", "torchaudio", "TTS")
OWN_VOICES = {"female": "Claribel Dervla", "male": "Andrew Chipper"}  # of XTTS, where no speaker is given
REFERENCE_RATE = 22050  # Hz
PAUSE = 0.25  # s between the parts of a Line that is longer than XTTS says at a time


class CoquiOptions(engines.Options):
    """Which folder, where it runs and how freely XTTS speaks."""

    model: str = Field(default="", description="the folder with `fairseq` and `xtts` in it; the engine's own if empty")
    device: weights.Device = "auto"
    temperature: float | None = Field(default=None, gt=0, le=2, description="how freely XTTS speaks; the model's own if not given")


class CoquiVoice:
    """See `Voice` and `Batched`. Each model is loaded on first use, once; may be called from several threads."""

    card: ClassVar[Card] = Card(
        name="coqui",
        stage="voice",
        about="Coqui TTS: fairseq VITS for th, vi and id, XTTS v2 (speaks as the reference) for zh and en; not for commercial use",
        version="1",
        licence="CC-BY-NC-4.0 (th, vi, id), Coqui Public Model License (zh, en)",
        commercial=False,
        quality=50,
        languages=("en", "id", "th", "vi", "zh"),
        paced=True,
    )
    Options: ClassVar[type[engines.Options]] = CoquiOptions
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = (
        *(
            weights.Source(
                repo="facebook/mms-tts",
                files=tuple(f"models/{code}/{name}" for name in VITS_FILES),
                to="fairseq",
                licence="CC-BY-NC-4.0",
            )
            for code in FAIRSEQ.values()
        ),
        weights.Source(repo=XTTS_REPOS[0], files=(*XTTS_FILES, "speakers_xtts.pth"), to="xtts", licence="Coqui Public Model License 1.0.0"),
    )

    def __init__(self, options: CoquiOptions | None = None) -> None:
        self.options = options or CoquiOptions()
        self._loading = threading.Lock()
        self._loaded: dict[str, Vits] = {}
        self._xtts: Xtts | None = None

    def place(self, language: str) -> Path:
        """The folder of a language's model: the engine's own, or Coqui's or the hub's where only these have it."""
        own = weights.folder(self.card.name, self.options.model)
        given = bool(self.options.model)
        if language in XTTS:
            cached = places.coqui() / "tts_models--multilingual--multi-dataset--xtts_v2"
            return places.first(
                own / "xtts", () if given else (cached, *(places.hub(repo, "model.pth") for repo in XTTS_REPOS)), XTTS_FILES
            )
        code = FAIRSEQ[language]
        others = (places.coqui() / f"tts_models--{code}--fairseq--vits", places.hub("facebook/mms-tts", f"models/{code}/{VITS_FILES[0]}"))
        return places.first(own / "fairseq" / "models" / code, () if given else others, VITS_FILES)

    def missing(self) -> str:
        lacks = [self.missing_in(language) for language in (*FAIRSEQ, *XTTS)]
        return lacks[0] if all(lacks) else ""

    def missing_in(self, language: str) -> str:
        """What is missing to speak one language, "" when nothing is: they have different models."""
        if lack := places.absent(PACKAGES):
            return lack
        if language == "zh" and find_spec("pypinyin") is None:
            return "the package pypinyin, which reads Chinese, is not installed (pip install pypinyin)."
        how = weights.how_to_pull(self.card.name, weights.folder(self.card.name, self.options.model))
        return weights.lack(self.place(language), XTTS_FILES if language in XTTS else VITS_FILES, how, ())

    def clones_in(self, language: str) -> bool:
        """Whether it speaks in the speaker's voice by itself; in the other languages a Converter has to follow."""
        return language in XTTS

    def fingerprint(self) -> str:
        return self._fingerprint([code for code in (*FAIRSEQ, "en") if not self.missing_in(code)])

    def fingerprint_in(self, language: str) -> str:
        """The same of one language's model alone."""
        return self._fingerprint([language])

    def _fingerprint(self, codes: Sequence[str]) -> str:
        o = self.options
        ready = [f"{code}:{weights.fingerprint(self.place(code))}" for code in codes]
        free = [] if o.temperature is None else [f"t{o.temperature:g}"]
        return "-".join([self.card.name, self.card.version, torch_device.chosen(o.device), *ready, *free])

    def report(self) -> str:
        """Where it runs and in which numbers."""
        return torch_device.report(self.options.device)

    def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
        """See `Voice.speak`. Words are timed by VITS and not by XTTS, mouths by neither. Raises UserError where XTTS has no voice."""
        return self.speak_all([tokens], language, style)[0]

    def speak_all(self, lines: Sequence[Sequence[Token]], language: Language, style: VoiceStyle) -> list[Sound]:
        with self._loading:
            if lack := self.missing_in(language.code):
                raise NotReady(f"the voice engine {self.card.name!r} is not ready: {lack}", missing=(lack,))
            device = torch_device.chosen(self.options.device)
            if language.code in XTTS:
                xtts = self._xtts = self._xtts or load_xtts(self.place(language.code), device, self.options.temperature)
            elif language.code not in self._loaded:
                self._loaded[language.code] = load_vits(self.place(language.code), device)
        if language.code in XTTS:
            return [xtts.speak(line, language, style) for line in lines]
        return self._loaded[language.code].speak_all(lines, language, style, self.card.name)


# VITS --------------------------------------------------------------------------------------------------------------


def load_vits(place: Path, device: str) -> Vits:
    """A fairseq VITS of one language. Raises NotReady when it can't be loaded or reads something else than letters."""
    from TTS.tts.configs.vits_config import VitsConfig
    from TTS.tts.models.vits import Vits as Model

    try:
        told = json.loads((place / "config.json").read_bytes())["data"]
        signs = (place / "vocab.txt").read_text("utf-8").split("\n")
        roman = str(told["training_files"]).endswith("uroman")
        config = VitsConfig()
        model: Any = Model(config)
        model.load_fairseq_checkpoint(config, place / VITS_FILES[0], eval=True)
        model = model.to(device)
    except Exception as error:  # a broken file shows as any of a dozen kinds of error, of three packages
        raise weights.broken(place, error) from error
    if roman:
        raise NotReady(f"the model in {place} reads romanised text (uroman) and not the language's own letters.", how="Take another one.")
    vocabulary = {sign: i for i, sign in enumerate(signs[:-1] if signs[-1] == "" else signs)}
    checked(vocabulary, model.text_encoder.emb.num_embeddings, place)
    return Vits(_run(model), vocabulary, bool(told["add_blank"]), told["sampling_rate"], config.audio.hop_length, device)


def _run(model: Any) -> Any:
    """The model as `Vits` runs it."""
    import torch

    model.waveform_decoder.register_forward_pre_hook(lambda _, given: (torch.nn.functional.pad(given[0], (0, EDGE)), *given[1:]))
    unhurried = model.length_scale

    def run(ids: Any, counts: Any, pace: float) -> tuple[Any, Any]:
        model.length_scale = unhurried / pace
        out = model.inference(ids, {"x_lengths": counts, "d_vectors": None, "speaker_ids": None, "language_ids": None, "durations": None})
        return out["model_outputs"], out["durations"]

    return run


# XTTS --------------------------------------------------------------------------------------------------------------


@dataclass
class Xtts:
    """XTTS in memory, and the voices it has heard: each speaker's two embeddings, by the reference's digest."""

    model: Any
    temperature: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    heard: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
        """A Line in the speaker's voice, or in one of the model's own. Raises UserError where there is neither."""
        import torch

        if not 0 < style.pace <= 10:
            raise UserError(f"a voice's pace is a factor near 1, not {style.pace:g}")
        config, rate = self.model.config, self.model.config.audio.output_sample_rate
        sounds: list[Samples] = []
        for part in _parts(tokens, language):
            seed = f"{language.code}\0{style.take}\0{style.speaker.digest if style.speaker else style.gender}\0{part}"
            with self.lock, torch.inference_mode(), torch_device.drawing([seed]):
                latents, embedding = self._voice(style)
                out = self.model.inference(
                    part, XTTS[language.code], latents, embedding, temperature=self.temperature, top_k=config.top_k, top_p=config.top_p,
                    length_penalty=float(config.length_penalty), repetition_penalty=float(config.repetition_penalty), speed=style.pace,
                )  # fmt: skip
            sounds += [np.atleast_1d(out["wav"]).astype(np.float32), np.zeros(round(PAUSE / style.pace * rate), np.float32)]
        return Sound(np.clip(np.concatenate([np.zeros(0, np.float32), *sounds[:-1]]), -1, 1), rate)

    def _voice(self, style: VoiceStyle) -> tuple[Any, Any]:
        if style.speaker:
            if style.speaker.digest not in self.heard:
                self.heard[style.speaker.digest] = self._listened(style.speaker)
            return self.heard[style.speaker.digest]
        name, own = OWN_VOICES.get(style.gender, OWN_VOICES["female"]), getattr(self.model.speaker_manager, "speakers", {})
        if name not in own:
            raise UserError(
                "XTTS speaks as somebody, and there is nobody: name a voice package as the host's voice, "
                "or put the model's own speakers_xtts.pth beside its files."
            )
        latents, embedding = own[name].values()
        return latents, embedding

    def _listened(self, speaker: Speaker) -> tuple[Any, Any]:
        import torch

        config = self.model.config
        sound = torch.from_numpy(read_audio(speaker.reference, REFERENCE_RATE))[None, : REFERENCE_RATE * config.max_ref_len]
        if sound.shape[1] < REFERENCE_RATE:
            raise UserError(f"the reference {speaker.reference} of the voice {speaker.name!r} is shorter than a second.")
        latents = self.model.get_gpt_cond_latents(sound, REFERENCE_RATE, length=config.gpt_cond_len, chunk_length=config.gpt_cond_chunk_len)
        return latents, self.model.get_speaker_embedding(sound, REFERENCE_RATE)


def load_xtts(place: Path, device: str, temperature: float | None) -> Xtts:
    """XTTS from its folder. Raises NotReady when it can't be loaded."""
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts as Model

    try:
        config: Any = XttsConfig()
        config.load_json(str(place / "config.json"))
        model: Any = Model(config)
        model.load_checkpoint(config, checkpoint_dir=place, eval=True)
        model = model.to(device)
    except Exception as error:  # as above
        raise weights.broken(place, error) from error
    _renamed(model.gpt.gpt_inference)
    return Xtts(model, temperature or config.temperature)


def _renamed(inner: Any) -> None:
    """transformers 5.24 calls `cache` what this model takes as `past_key_values`; without it every step would start anew."""
    forward = inner.forward

    @functools.wraps(forward)
    def takes_both(*given: Any, cache: Any = None, **named: Any) -> Any:
        return forward(*given, **(named if cache is None else named | {"past_key_values": cache}))

    inner.forward = takes_both


def _parts(tokens: Sequence[Token], language: Language) -> list[str]:
    """The texts of a Line, each no longer than XTTS says at a time, parted at the last pause that fits, else at a word."""
    out, start = [], 0
    while start < len(tokens):
        ends = [e for e in range(start + 1, len(tokens) + 1) if len(text_of(tokens[start:e], language)[0]) <= LIMITS[language.code]]
        end = ends[-1] if ends else start + 1
        if end < len(tokens):
            end = next((e for e in range(end, start, -1) if tokens[e - 1].pause), end)
        if text := text_of(tokens[start:end], language)[0].strip():
            out.append(text)
        start = end
    return out
