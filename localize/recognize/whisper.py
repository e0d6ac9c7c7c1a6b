"""Whisper by its own package (openai-whisper): what is said in a sound, and when known words are heard in it."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from localize import engines, weights
from localize.engines import Card
from localize.errors import NotReady
from localize.media.pcm import resampled
from localize.recognize import HeardWord, Samples, Transcript
from localize.recognize.known import Piece, joined, times

RATE = 16_000  # Hz, what the model hears
LONGEST = 30.0  # s that the model hears at once
HOP = 160  # samples of one frame of its spectrogram
# The best first, as far as one can say before trying: turbo is nearly as good as large-v3 and several times faster.
SIZES = ("large-v3-turbo", "large-v3", "large-v2", "medium", "small", "base", "tiny")
# The likeliest words; where these go round in circles or are unlikely themselves, other tries with more chance.
TEMPERATURES = (0.0, 0.2, 0.4, 0.6)
SHORTEST = 0.1  # s: nobody says a word in less, and the alignment needs some frames


class WhisperOptions(engines.Options):
    """Which model, and where it runs."""

    model: str = Field(default="", description="a size (small, large-v3-turbo) or a .pt file; the best one that is here if empty")
    device: weights.Device = "auto"
    dtype: Literal["auto", "float32", "float16"] = Field(default="auto", description="float16 on a GPU, float32 on a CPU")


def heard(samples: Samples, rate: int) -> Samples:
    """Mono sound [n] as the model takes it: float32 at 16 kHz."""
    return np.ascontiguousarray(resampled(samples, rate, RATE), dtype=np.float32)


class WhisperRecognizer:
    """See `Recognizer`. One model a process, loaded on first use; may be called from many threads, which take turns."""

    card: ClassVar[Card] = Card(
        name="whisper",
        stage="recognize",
        about="OpenAI's Whisper, run with torch",
        version="1",
        licence="MIT",
        quality=50,
    )
    Options: ClassVar[type[engines.Options]] = WhisperOptions
    # The file's name and digest stand in its published address.
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = (
        weights.Source(
            address="https://openaipublic.azureedge.net/main/whisper/models/"
            "aff26ae408abcba5fbf8813c21e62b0941638c5f6eebfb145be0c9839262a19a/large-v3-turbo.pt",
            sha256="aff26ae408abcba5fbf8813c21e62b0941638c5f6eebfb145be0c9839262a19a",
            licence="MIT",
        ),
    )

    def __init__(self, options: WhisperOptions | None = None) -> None:
        self.options = options or WhisperOptions()
        self._turn = threading.Lock()
        self._loaded: Any = None

    # ---- what it is

    def missing(self) -> str:
        absent = [name for name in ("torch", "whisper") if find_spec(name) is None]
        if absent:
            return 'the package openai-whisper is not installed (pip install "crossreel[recognize]").'
        if self._file():
            return ""
        named = self.options.model
        what = f"no Whisper model {named!r}" if named else "no Whisper model"
        return f"there is {what} in {weights.folder('whisper')} or {_cache()} (crossreel models pull whisper)."

    def fingerprint(self) -> str:
        path = self._file()
        return "-".join([self.card.name, self.card.version, _identity(path) if path else "none", *self._settled()])

    def report(self) -> str:
        """The model, the device and the kind of numbers, for people."""
        path = self._file()
        where, kind = self._settled()
        return f"whisper {path.stem if path else 'without a model'} on {where} in {kind}"

    def _file(self) -> Path | None:
        """The model's file: the one named, else the best that is in the models' folder or in the package's own cache."""
        places = (weights.folder("whisper"), _cache())
        named = self.options.model
        if named:
            given = Path(named).expanduser()
            choices = [given, weights.models() / named, *(place / f"{named}.pt" for place in places), *(place / named for place in places)]
        else:
            choices = [place / f"{size}.pt" for size in SIZES for place in places]
            choices += sorted(places[0].glob("*.pt"))  # one that somebody trained
        return next((path for path in choices if path.is_file()), None)

    def _settled(self) -> tuple[str, str]:
        """The device and the kind of numbers that are meant."""
        if find_spec("torch") is None:
            return self.options.device, self.options.dtype
        import torch

        where = ("cuda" if torch.cuda.is_available() else "cpu") if self.options.device == "auto" else self.options.device
        kind = ("float16" if where == "cuda" else "float32") if self.options.dtype == "auto" else self.options.dtype
        return where, "float32" if where == "cpu" else kind  # Whisper's own code runs a CPU in no other

    # ---- what it does

    def transcribe(self, samples: Samples, rate: int, language: str = "", *, words: bool = False) -> Transcript:
        """See `Recognizer.transcribe`. Sound of any length; it is heard in windows of 30 s, one after the other."""
        sound = heard(samples, rate)
        if not len(sound):
            return Transcript("", language)
        with self._turn:
            model = self._ready()
            found = model.transcribe(
                sound, language=language or None, temperature=TEMPERATURES, condition_on_previous_text=False,
                without_timestamps=not words and len(sound) <= LONGEST * RATE, word_timestamps=words,
                fp16=self._settled()[1] == "float16", verbose=None,
            )  # fmt: skip
        return Transcript(
            " ".join(found["text"].split()), str(found["language"]), tuple(in_order(_words(found["segments"]), len(sound) / RATE))
        )

    def align(self, samples: Samples, rate: int, words: Sequence[str], language: str) -> list[tuple[float, float]]:
        """See `Recognizer.align`. Sound of at most 30 s."""
        return aligned(samples, rate, words, lambda sound, text: self._pieces(sound, text, language))

    def _pieces(self, sound: Samples, text: str, language: str) -> list[Piece]:
        """The text as the model's tokenizer cuts it, each piece with its time."""
        with self._turn:
            model = self._ready()
            from whisper import audio, timing, tokenizer

            cutter: Any = tokenizer.get_tokenizer(model.is_multilingual, num_languages=model.num_languages, language=language)
            tokens = cutter.encode(" " + text)
            if len(tokens) + len(cutter.sot_sequence) + 2 > model.dims.n_text_ctx:
                raise ValueError(f"{len(tokens)} tokens are more than the model can align at once")
            mel: Any = audio.log_mel_spectrogram(audio.pad_or_trim(sound), model.dims.n_mels).to(model.device)
            if self._settled()[1] == "float16":
                mel = mel.half()
            found = timing.find_alignment(model, cutter, tokens, mel, -(-len(sound) // HOP))
            return [Piece(piece.word, float(piece.start), float(piece.end)) for piece in found]

    def _ready(self) -> Any:
        """The model; called by the thread whose turn it is. Raises NotReady."""
        if self._loaded is not None:
            return self._loaded
        if lack := self.missing():
            raise NotReady(f"the recognizer 'whisper' is not ready: {lack}", missing=(lack,))
        import torch
        import whisper

        path = self._file()
        assert path is not None
        where, _ = self._settled()
        if where == "cuda" and not torch.cuda.is_available():
            raise NotReady("there is no CUDA GPU that torch can use here.", how="Set `device: cpu` or `device: auto`.")
        try:
            model = whisper.load_model(str(path), device=where).eval()
        except Exception as error:  # a broken file shows as any of a dozen kinds of error
            said = " ".join(str(error).split())[:200] or type(error).__name__
            raise NotReady(
                f"{path} can't be loaded as a Whisper model: {said}.", how="Get the file again.", missing=(str(path),)
            ) from error
        _attend(model, path.stem)
        self._loaded = model
        return model


def aligned(samples: Samples, rate: int, words: Sequence[str], pieces: Callable[[Samples, str], list[Piece]]) -> list[tuple[float, float]]:
    """See `Recognizer.align`; `pieces` hears a text in sound at 16 kHz. Raises ValueError for a sound that can't be aligned at once."""
    text, _ = joined(words)
    duration = len(samples) / rate
    if not text:
        return [(0.0, 0.0)] * len(words)
    if duration > LONGEST:
        raise ValueError(f"a sound of {duration:.1f} s can't be aligned at once; {LONGEST:.0f} s can")
    if duration < SHORTEST:
        raise ValueError(f"a sound of {duration:.2f} s is too short to hold a word")
    return times(words, pieces(heard(samples, rate), text), duration)


def _attend(model: Any, size: str) -> None:
    """Tell a published model which of its attention heads follow the sound. The package itself does so only for what it
    downloads by name; a file that is loaded by its path would use all of the upper half, which is worse."""
    import base64
    import gzip

    from whisper import _ALIGNMENT_HEADS

    dump = _ALIGNMENT_HEADS.get(size)
    if dump and len(gzip.decompress(base64.b85decode(dump))) == model.dims.n_text_layer * model.dims.n_text_head:
        model.set_alignment_heads(dump)


def in_order(words: Iterable[tuple[str, float, float, float]], duration: float) -> Iterator[HeardWord]:
    """Words (text, start, end, probability) without overlap, within the sound."""
    now = 0.0
    for text, begin, stop, probability in words:
        start = min(max(float(begin), now), duration)
        now = min(max(float(stop), start), duration)
        if plain := text.strip():
            yield HeardWord(plain, start, now, min(max(float(probability), 0.0), 1.0))


def _words(segments: Sequence[Any]) -> Iterator[tuple[str, float, float, float]]:
    for word in (word for segment in segments for word in segment.get("words", ())):
        yield word["word"], word["start"], word["end"], word["probability"]


def _cache() -> Path:
    """Where the package itself keeps what it downloads."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "whisper"


def _identity(path: Path) -> str:
    stat = path.stat()
    return f"{path.stem}-{_ends(path, stat.st_size, stat.st_mtime_ns)}"


@cache
def _ends(path: Path, size: int, changed: int) -> str:
    """A digest of a file's size and both its ends: gigabytes are not read to know one model from another."""
    digest = hashlib.blake2b(str(size).encode(), digest_size=8)
    with path.open("rb") as file:
        digest.update(file.read(weights.MIB))
        file.seek(max(weights.MIB, size - weights.MIB))
        digest.update(file.read())
    return digest.hexdigest()
