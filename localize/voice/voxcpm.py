"""VoxCPM2: a person's voice from a few seconds of them, in any of its 30 languages, at 48 kHz. For a GPU; a CPU takes minutes.

Only the reference's sound is given to the model, never its transcript: that would carry the accent of its language over.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from localize import engines, pace, weights
from localize.engines import Card
from localize.errors import NotReady, UserError
from localize.languages import Language, Token
from localize.voice import Sound, Speaker, VoiceStyle
from localize.voice.text import text_of

FILES = ("config.json", "tokenizer.json", "model.safetensors")
VAES = ("audiovae.safetensors", "audiovae.pth")  # one of them, as it was published or turned into the other form
PACKAGES = ("torch", "torchaudio", "transformers", "voxcpm")
# A sound so many times longer than the words take, and some seconds, has lost its text. The model's own guard lets a Thai one
# run on for a minute: it counts six steps (a second) to each token, and a Thai token is a letter.
RUNAWAY, SLACK = 3.0, 2.0


class VoxCPMOptions(engines.Options):
    """Which folder, and how it is run."""

    model: str = Field(default="", description="the model's folder, or its name below $CROSSREEL_MODELS; the engine's own if empty")
    device: weights.Device = "auto"
    dtype: weights.Dtype = Field(default="auto", description="bfloat16 on a GPU, float32 on a CPU")
    cfg: float = Field(default=2.0, ge=1, le=5, description="how closely to keep to text and voice; more is less lively")
    steps: int = Field(default=10, ge=2, le=100, description="diffusion steps for each 0.16 s; more is slower and a little cleaner")
    compile: bool = Field(default=True, description="on a GPU: the first Line takes a minute longer, the others a sixth of the time")


@dataclass(frozen=True)
class Loaded:
    """A model in memory, and what it makes of a speaker's reference (kept, as every Line of a clip has the same one)."""

    model: Any
    device: str
    dtype: str
    references: Any  # (path, digest) -> the model's own form of a reference


class VoxCPMVoice:
    """Loaded on first use. Speaks one Line at a time, whoever calls: the model has one memory of what it is saying."""

    card: ClassVar[Card] = Card(
        name="voxcpm",
        stage="voice",
        about="VoxCPM2 (2B): clones the host's voice from a reference, in every language; wants a GPU with 8 GB",
        version="1",
        licence="Apache-2.0",
        quality=90,
        languages=("en", "id", "th", "vi", "zh"),
        clones=True,
    )
    Options: ClassVar[type[engines.Options]] = VoxCPMOptions
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = (
        weights.Source("openbmb/VoxCPM2", (*FILES, "*.json", "audiovae.*"), licence="Apache-2.0"),
    )

    def __init__(self, options: VoxCPMOptions | None = None) -> None:
        self.options = options or VoxCPMOptions()
        # One thread speaks for all: what torch.compile records of a GPU's work can be played back in the thread that recorded it only.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.card.name)
        self._loaded: Loaded | None = None

    @property
    def place(self) -> Path:
        return weights.folder(self.card.name, self.options.model)

    def missing(self) -> str:
        how = weights.how_to_pull(self.card.name, self.place)
        lack = weights.lack(self.place, FILES, how, PACKAGES)
        if "not installed" in lack:
            return f"{lack.partition(' (')[0]} (pip install 'crossreel[voxcpm]')."
        if lack or any((self.place / name).is_file() for name in VAES):
            return lack
        return f"the model in {self.place} has no {' or '.join(VAES)}; {how}."

    def fingerprint(self) -> str:
        o = self.options
        return "-".join(
            [
                self.card.name,
                self.card.version,
                weights.fingerprint(self.place),
                *self._settled(),
                f"c{o.cfg:g}",
                f"s{o.steps}",
                *([] if o.compile else ["eager"]),
            ]
        )

    def report(self) -> str:
        """Where it runs and in which numbers: "cuda:0 bfloat16". What is meant until it is loaded, then what is."""
        return f"{self._loaded.device} {self._loaded.dtype}" if self._loaded else " ".join(self._settled())

    def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
        """Speak one Line at 48 kHz, without times. The same words, speaker and take have the same sound, on the same device.

        Raises UserError without a speaker or for a reference that can't be read, NotReady without what it needs.
        """
        if style.speaker is None:
            raise UserError("voxcpm speaks as somebody: give the host a `voice` (crossreel voice add), or take another voice engine.")
        text, _ = text_of(tokens, language)
        if not text:
            return Sound(np.zeros(0, np.float32), 48000)
        if lack := self.missing():
            raise NotReady(f"the voice 'voxcpm' is not ready: {lack}", missing=(lack,))
        return self._thread.submit(self._spoken, text, language, style.speaker, style.take).result()

    # ---- the model

    def _spoken(self, text: str, language: Language, speaker: Speaker, take: int) -> Sound:
        loaded = self._loaded = self._loaded or self._load()
        samples = self._generated(loaded, text, language, speaker, take)
        return Sound(samples, int(loaded.model.sample_rate))

    def _generated(self, loaded: Loaded, text: str, language: Language, speaker: Speaker, take: int) -> Any:
        """Samples [n]. A sound that would not end is cut where no speaker would still be speaking: whoever checks it sees that."""
        model = loaded.model
        step = model.patch_size * model.chunk_size / model.audio_vae.sample_rate  # s
        longest = math.ceil((pace.seconds(text, language.code) * RUNAWAY + SLACK) / step)
        reference = self._reference(loaded, speaker)
        with weights.drawing(f"{text}\0{speaker.digest}\0{take}", loaded.device):
            # The booth hears what is wrong and asks for another take; the model's own second tries would be hidden from it.
            sound, _, _ = model.generate_with_prompt_cache(
                target_text=text, prompt_cache=reference, cfg_value=self.options.cfg, inference_timesteps=self.options.steps,
                max_len=longest, retry_badcase=False,
            )  # fmt: skip
        return np.ascontiguousarray(sound.squeeze(0).float().cpu().numpy(), dtype=np.float32)

    def _reference(self, loaded: Loaded, speaker: Speaker) -> Any:
        try:
            return loaded.references(str(speaker.reference), speaker.digest)
        except Exception as error:  # readers of sound raise what they like
            if type(error).__name__ == "OutOfMemoryError":
                raise
            raise UserError(f"the reference {speaker.reference} of the voice {speaker.name!r} can't be read: {error}") from error

    def _settled(self) -> tuple[str, str]:
        """The device and type of numbers that are meant."""
        where = self.options.device
        if where != "cpu":
            import torch

            where = "cuda" if where == "cuda" or torch.cuda.is_available() else "cpu"
        kind = ("bfloat16" if where == "cuda" else "float32") if self.options.dtype == "auto" else self.options.dtype
        return "cuda:0" if where == "cuda" else "cpu", kind

    def _load(self) -> Loaded:
        import torch

        device, dtype = self._settled()
        if device != "cpu" and not torch.cuda.is_available():
            raise NotReady("there is no CUDA GPU that torch can use here.", how="Set `device: cpu` or `device: auto`.")
        kind = self._architecture()
        if kind != "voxcpm2":
            how = weights.how_to_pull(self.card.name, self.place)
            raise NotReady(
                f"the model in {self.place} is of the kind {kind!r}, which can't take a voice alone.", how=f"Take VoxCPM2: {how}."
            )
        maker = _maker(dtype)
        try:
            model = maker.from_local(str(self.place), optimize=False, device=device)
            if self.options.compile and device != "cpu" and _can_compile():
                model.device = "cuda"  # the name by which it knows that it may
                model.optimize()
        except Exception as error:  # a broken file shows as any of a dozen kinds of error, of four packages
            raise weights.broken(self.place, error) from error
        references = lru_cache(maxsize=8)(lambda path, digest: model.build_prompt_cache(reference_wav_path=path))
        return Loaded(model, device, str(model.config.dtype), references)

    def _architecture(self) -> str:
        try:
            return str(json.loads((self.place / "config.json").read_bytes()).get("architecture", "voxcpm")).lower()
        except (ValueError, AttributeError) as error:
            raise weights.broken(self.place, error) from error


def _can_compile() -> bool:
    """Whether torch can turn a model into code for the GPU here: it takes triton, and a C compiler for the way to it."""
    return find_spec("triton") is not None and any(shutil.which(name) for name in (os.environ.get("CC") or "gcc", "cc", "clang"))


def _maker(dtype: str) -> Any:
    """The model's class, made to keep quiet, to take the numbers that are meant and to refuse files that lack a part."""
    try:
        module: Any = importlib.import_module("voxcpm.model.voxcpm2")
    except (ImportError, OSError) as error:  # OSError: a library that one of its packages was built for
        raise NotReady(f"the package voxcpm can't be imported: {error}.", how="pip install 'crossreel[voxcpm]'") from error
    # What it does it says on stderr, with a bar for each Line, through the lines of a log.
    module.print = lambda *said, **how: None
    module.tqdm = partial(getattr(module.tqdm, "func", module.tqdm), disable=True)
    # It would take the numbers that the config names: bfloat16, which most CPUs are slow in.
    module.pick_runtime_dtype = lambda device, configured: dtype

    class Whole(module.VoxCPM2Model):  # type: ignore[misc]
        def load_state_dict(self, state: Any, strict: bool = True, assign: bool = False) -> Any:
            """What the files do not have would be left to chance, and be heard as noise."""
            if lost := [name for name, _ in self.named_parameters() if name not in state]:
                raise KeyError(f"there is no {lost[0]} in it" + (f", nor {len(lost) - 1} more" if len(lost) > 1 else ""))
            return super().load_state_dict(state, strict=strict, assign=assign)

    return Whole
