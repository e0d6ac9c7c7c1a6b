"""Cutting products out of their pictures: networks that say of each pixel how much of it is the product (entry points
`crossreel.cutouts`).

They run by onnxruntime alone, on the files that rembg publishes and reads, too: where rembg has fetched one, it is taken from
rembg's folder. None of them could be tried on its real file where this was written.
"""

from __future__ import annotations

import os
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from localize import weights
from localize.engines import Card, Engine
from localize.errors import NotReady
from localize.pixels import Pixels, u8
from localize.weights import Source

REMBG = "https://github.com/danielgatis/rembg/releases/download/v0.0.0"
EXTRA = "pip install 'crossreel[cutout]'"
SURE = 0.5  # a picture in which a network is nowhere surer than this has no product for it
PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")  # of onnxruntime, the best first

Colour = tuple[float, float, float]
Floats = npt.NDArray[np.float32]
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pictures
MIDDLE, UNIT = (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)


class Cutter(Engine, Protocol):
    """Pictures in, what of them is the product out."""

    def cut(self, picture: Pixels) -> Pixels:
        """How much of each pixel of an RGB picture [h, w, 3] is the product: [h, w], 0 for none, 255 for all of it. Raises NotReady."""
        ...


class OnnxCutter:
    """A network in an ONNX file that is shown the whole picture as a square. A subclass says which, and what it expects."""

    card: ClassVar[Card]
    WEIGHTS: ClassVar[tuple[Source, ...]]
    file: ClassVar[str]  # below the engine's folder
    kept: ClassVar[str] = ""  # what rembg calls the same file
    side: ClassVar[int] = 1024  # px
    mean: ClassVar[Colour] = MEAN  # is taken from the picture's channels, from 0 to 1
    spread: ClassVar[Colour] = SPREAD  # is what they are divided by then
    logits: ClassVar[bool] = False  # whether it answers in them

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._session: Any = None

    def missing(self) -> str:
        if find_spec("onnxruntime") is None:
            return f"the package onnxruntime is not installed ({EXTRA})."
        own = weights.folder(self.card.name)
        return "" if self._place().is_file() else weights.lack(own, (self.file,), weights.how_to_pull(self.card.name, own), ())

    def fingerprint(self) -> str:
        return f"{self.card.name} {self.card.version} {weights.fingerprint(self._place())}"

    def cut(self, picture: Pixels) -> Pixels:
        height, width = picture.shape[:2]
        larger = max(height, width) / self.side
        square = cv2.resize(picture, (self.side, self.side), interpolation=cv2.INTER_AREA if larger > 1 else cv2.INTER_CUBIC)
        with self._one:  # each takes all cores and much memory
            told = self._answer(np.asarray((square / 255.0 - self.mean) / self.spread, np.float32))
        if self.logits:
            told = np.asarray(1 / (1 + np.exp(-told)), np.float32)
        low, high = float(told.min()), float(told.max())
        if high < SURE or high == low:
            return np.zeros((height, width), np.uint8)
        alpha = np.asarray(cv2.resize((told - low) / (high - low), (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
        # What is made larger has a wider edge than the product: it is made as steep again.
        steep = 0.5 + (alpha - 0.5) * max(1.0, larger)
        return u8(np.rint(np.clip(steep, 0, 1) * 255).astype(np.uint8))

    def _place(self) -> Path:
        """The file: the one that was pulled, else rembg's."""
        own = weights.folder(self.card.name) / self.file
        home = Path(os.environ.get("U2NET_HOME") or Path(os.environ.get("XDG_DATA_HOME") or "~") / ".u2net").expanduser()
        return home / self.kept if self.kept and not own.is_file() and (home / self.kept).is_file() else own

    def report(self) -> str:
        """Where the network runs: "cuda" or "cpu"."""
        import onnxruntime

        return "cuda" if PROVIDERS[0] in onnxruntime.get_available_providers() else "cpu"

    def _answer(self, channels: Floats) -> Floats:
        """The network's first output [side, side] for [side, side, 3]."""
        if self._session is None:
            self._session = self._loaded()
        shown = np.ascontiguousarray(channels.transpose(2, 0, 1)[None])
        told = self._session.run(None, {self._session.get_inputs()[0].name: shown})[0]
        answer: Floats = np.asarray(told, np.float32).reshape(-1, self.side, self.side)[0]
        return answer

    def _loaded(self) -> Any:
        if missing := self.missing():
            raise NotReady(missing, missing=(missing,))
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors; what it warns of is nothing that a seller could mend
        there = onnxruntime.get_available_providers()
        try:
            return onnxruntime.InferenceSession(str(self._place()), options, [name for name in PROVIDERS if name in there])
        except Exception as error:  # its own kinds have no other base
            said = " ".join(str(error).split())[:200]
            how = f"Get it again: crossreel models pull {self.card.name}"
            raise NotReady(f"{self._place()} can't be loaded: {said}.", how=how, missing=(self.file,)) from error


class BiRefNetCutter(OnnxCutter):
    card: ClassVar[Card] = Card(
        name="birefnet", stage="cutout", about="BiRefNet lite: the finest edges; a minute a picture without a GPU",
        version="1", licence="MIT", quality=60,
    )  # fmt: skip
    WEIGHTS: ClassVar[tuple[Source, ...]] = (
        Source(
            repo="onnx-community/BiRefNet_lite-ONNX", files=("onnx/model.onnx",), licence="MIT",
            revision="de15b22ba131738a16dff04aab8bdf8dc32e3ac1",
        ),
    )  # fmt: skip
    file, kept, logits = "onnx/model.onnx", "birefnet-general-lite.onnx", True


class IsNetCutter(OnnxCutter):
    card: ClassVar[Card] = Card(
        name="isnet",
        stage="cutout",
        about="IS-Net general use: clean edges, seconds a picture",
        version="1",
        licence="Apache-2.0",
        quality=50,
    )
    WEIGHTS: ClassVar[tuple[Source, ...]] = (
        Source(
            address=f"{REMBG}/isnet-general-use.onnx", licence="Apache-2.0",
            sha256="60920e99c45464f2ba57bee2ad08c919a52bbf852739e96947fbb4358c0d964a",
        ),
    )  # fmt: skip
    file = kept = "isnet-general-use.onnx"
    mean, spread = MIDDLE, UNIT


class U2NetCutter(OnnxCutter):
    card: ClassVar[Card] = Card(
        name="u2net",
        stage="cutout",
        about="U²-Net: sees 320 px, so its edges are softer; quick",
        version="1",
        licence="Apache-2.0",
        quality=40,
    )
    WEIGHTS: ClassVar[tuple[Source, ...]] = (
        Source(
            address=f"{REMBG}/u2net.onnx", licence="Apache-2.0",
            sha256="8d10d2f3bb75ae3b6d527c77944fc5e7dcd94b29809d47a739a7a728a912b491",
        ),
    )  # fmt: skip
    file = kept = "u2net.onnx"
    side = 320


class RmbgCutter(OnnxCutter):
    card: ClassVar[Card] = Card(
        name="rmbg", stage="cutout", about="BRIA's RMBG 1.4, for trying out: its licence is for non-commercial use", version="1",
        licence="bria-rmbg-1.4", commercial=False, quality=55,
    )  # fmt: skip
    WEIGHTS: ClassVar[tuple[Source, ...]] = (Source(repo="briaai/RMBG-1.4", files=("onnx/model.onnx",), licence="bria-rmbg-1.4"),)
    file = "onnx/model.onnx"
    mean, spread = MIDDLE, UNIT
