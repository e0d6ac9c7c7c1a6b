"""Demucs: Hybrid Transformer Demucs tells a singer or speaker from all else, with its own package (demucs) on torch alone.

Its author gives the code under MIT and the weights for scientific purposes only, so a campaign must allow non-commercial weights.
Music was what it was trained on: a voice over music and noises is taken out well, a crowd's murmur may stay.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from localize import engines, torch_device, weights
from localize.engines import Card
from localize.errors import NotReady
from localize.media.pcm import resampled
from localize.separate import Samples, without

FILE = "955717e8.safetensors"  # the one model of its bag `htdemucs`
PACKAGES = ("torch", "demucs", "julius", "einops", "safetensors")
LONGEST = 10.0  # s that it is given at once, or less where it was trained on less
# What the file may be a model of. It names the class itself, and the package would make any that it names.
KINDS = ("demucs.htdemucs.HTDemucs", "demucs.hdemucs.HDemucs", "demucs.demucs.Demucs")


class DemucsOptions(engines.Options):
    """Where it runs."""

    device: weights.Device = "auto"


class DemucsSeparator:
    """See `Separator`. One model a process, loaded on first use; may be called from many threads, which take turns."""

    card: ClassVar[Card] = Card(
        name="demucs",
        stage="separate",
        about="Hybrid Transformer Demucs: takes voices out of music and noises; not for commercial use",
        version="1",
        licence="weights for scientific purposes only, as their author says; the code is MIT",
        commercial=False,
        quality=50,
    )
    Options: ClassVar[type[engines.Options]] = DemucsOptions
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = (
        weights.Source(repo="adefossez/HTDemucs", files=(FILE,), licence="scientific purposes only"),
    )

    def __init__(self, options: DemucsOptions | None = None) -> None:
        self.options = options or DemucsOptions()
        self._turn = threading.Lock()
        self._loaded: Any = None

    # ---- what it is

    @property
    def place(self) -> Path:
        return weights.folder(self.card.name)

    def missing(self) -> str:
        if absent := [name for name in PACKAGES if find_spec(name) is None]:
            some = "packages {} are" if len(absent) > 1 else "package {} is"
            return f"the {some.format(' and '.join(absent))} not installed (pip install 'crossreel[separate]')."
        return weights.lack(self.place, (FILE,), weights.how_to_pull(self.card.name, self.place), ())

    def fingerprint(self) -> str:
        return f"{self.card.name}-{self.card.version}-{torch_device.chosen(self.options.device)}-{weights.fingerprint(self.place)}"

    def report(self) -> str:
        """Where it runs and in which numbers."""
        return torch_device.report(self.options.device)

    # ---- what it does

    def background(self, samples: Samples, rate: int, stretches: Sequence[tuple[float, float]]) -> Samples:
        """See `Separator.background`. All that is not taken for a voice stays, sample by sample. Channels are heard in pairs, a single
        one as both of a pair."""
        with self._turn:
            model = self._ready()
            longest = min(LONGEST, float(getattr(model, "segment", LONGEST)))
            return without(lambda window: self._voices(model, window, rate), samples, rate, stretches, longest)

    def _voices(self, model: Any, window: Samples, rate: int) -> Samples:
        """What of a window [n, channels] is voices, of the same shape."""
        out = np.zeros_like(window)
        for first in range(0, window.shape[1], 2):
            pair = window[:, first : first + 2]
            heard = np.stack([resampled(channel, rate, model.samplerate) for channel in pair.T])
            told = self._answer(model, heard if len(heard) == 2 else np.repeat(heard, 2, 0))
            told = told if pair.shape[1] == 2 else told.mean(0, keepdims=True)
            for k, channel in enumerate(told):
                back = resampled(channel, model.samplerate, rate)[: len(out)]
                out[: len(back), first + k] = back
        return out

    def _answer(self, model: Any, heard: Samples) -> Samples:
        """The voices in a pair of channels [2, n] at the model's rate."""
        import torch
        from demucs.apply import apply_model

        with torch.no_grad():  # shifts=0: the package would shift what it hears by chance, and no two answers were equal
            told = apply_model(model, torch.from_numpy(heard)[None], shifts=0, split=False, device=torch_device.chosen(self.options.device))
        voices: Samples = told[0, model.sources.index("vocals")].cpu().numpy()
        return voices

    def _ready(self) -> Any:
        """The model; called by the thread whose turn it is. Raises NotReady."""
        if self._loaded is None:
            if lack := self.missing():
                raise NotReady(f"the separation engine {self.card.name!r} is not ready: {lack}", missing=(lack,))
            try:
                self._loaded = _load(self.place / FILE).to(torch_device.chosen(self.options.device)).eval()
            except NotReady:
                raise
            except Exception as error:  # a broken file shows as any of a dozen kinds of error, of three packages
                raise weights.broken(self.place, error) from error
        return self._loaded


def _load(path: Path) -> Any:
    """The model in a file. Raises ValueError for one of another kind."""
    from demucs.hf import load_safetensors_model
    from safetensors import safe_open

    with safe_open(str(path), framework="pt") as file:
        told = file.metadata() or {}
    if told.get("klass") not in KINDS or "structure" in told:  # a structure may name classes, too
        raise ValueError(f"it holds {told.get('klass', 'no model')!r}, which is none of Demucs")
    model = load_safetensors_model(path)
    if "vocals" not in model.sources or model.audio_channels != 2:
        raise ValueError("it does not tell voices in stereo")
    return model
