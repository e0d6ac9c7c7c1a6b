"""Whisper by CTranslate2 (faster-whisper): the same models several times faster, in 8 bits on a CPU."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from localize import engines, weights
from localize.engines import Card
from localize.errors import NotReady
from localize.recognize import Samples, Transcript
from localize.recognize.known import Piece
from localize.recognize.whisper import HOP, LONGEST, RATE, SIZES, TEMPERATURES, aligned, heard, in_order

FILES = ("model.bin", "config.json", "tokenizer.json")
# Without the tokenizer's file the package would fetch it from the network.
PACKAGES = ("faster_whisper", "ctranslate2")
# Who publishes a size in the hub, where it is not Systran.
TURBO = "mobiuslabsgmbh/faster-whisper-large-v3-turbo"
OWNERS = {"large-v3-turbo": "mobiuslabsgmbh"}


class FasterWhisperOptions(engines.Options):
    """Which model, and how it is run."""

    model: str = Field(default="", description="a size (small, large-v3-turbo) or a folder; the best one that is here if empty")
    device: weights.Device = "auto"
    compute_type: Literal["auto", "int8", "int8_float16", "int8_bfloat16", "float16", "bfloat16", "float32"] = Field(
        default="auto", description="int8 on a CPU, float16 on a GPU"
    )
    beam: int = Field(default=5, ge=1, le=16, description="readings that are followed at a time; more is slower and a little better")


class FasterWhisperRecognizer:
    """See `Recognizer`. One model a process, loaded on first use; may be called from many threads."""

    card: ClassVar[Card] = Card(
        name="faster-whisper",
        stage="recognize",
        about="Whisper run with CTranslate2, in 8 bits on a CPU",
        version="1",
        licence="MIT",
        quality=60,
    )
    Options: ClassVar[type[engines.Options]] = FasterWhisperOptions
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = (
        weights.Source(repo=TURBO, files=(*FILES, "preprocessor_config.json", "vocabulary.*"), to="large-v3-turbo", licence="MIT"),
    )

    def __init__(self, options: FasterWhisperOptions | None = None) -> None:
        self.options = options or FasterWhisperOptions()
        self._loading = threading.Lock()
        self._loaded: Any = None

    # ---- what it is

    def missing(self) -> str:
        if any(find_spec(name) is None for name in PACKAGES):
            return 'the package faster-whisper is not installed (pip install "crossreel[recognize]").'
        place = self._folder()
        if place is None:
            named = f" {self.options.model!r}" if self.options.model else ""
            own = weights.folder("faster-whisper")
            return f"there is no model{named} in {own} or the hub's cache (crossreel models pull faster-whisper)."
        return weights.lack(place, FILES, weights.how_to_pull("faster-whisper", place), PACKAGES)

    def fingerprint(self) -> str:
        place = self._folder()
        model = f"{_named(place)}-{weights.fingerprint(place)}" if place else "none"
        return "-".join([self.card.name, self.card.version, model, *self._settled(), f"b{self.options.beam}"])

    def report(self) -> str:
        """The model, the device and the kind of numbers, for people."""
        place = self._folder()
        where, kind = self._settled()
        return f"faster-whisper {_named(place) if place else 'without a model'} on {where} in {kind}"

    def _folder(self) -> Path | None:
        """The model's folder: the one named, else the best that is in the models' folder or in the hub's cache."""
        own = weights.folder("faster-whisper")
        if self.options.model:
            named = self.options.model
            choices = [Path(named).expanduser(), weights.models() / named, own / named, *_cached(named)]
        else:
            choices = [own, *(place for size in SIZES for place in (own / size, *_cached(size)))]
        return next((place for place in choices if (place / "model.bin").is_file()), None)

    def _settled(self) -> tuple[str, str]:
        """The device and the kind of numbers that are meant."""
        o = self.options
        if find_spec("ctranslate2") is None:
            return o.device, o.compute_type
        import ctranslate2

        where = ("cuda" if ctranslate2.get_cuda_device_count() else "cpu") if o.device == "auto" else o.device
        return where, ("float16" if where == "cuda" else "int8") if o.compute_type == "auto" else o.compute_type

    # ---- what it does

    def transcribe(self, samples: Samples, rate: int, language: str = "", *, words: bool = False) -> Transcript:
        """See `Recognizer.transcribe`. Sound of any length; it is heard in windows of 30 s, one after the other."""
        sound = heard(samples, rate)
        if not len(sound):
            return Transcript("", language)
        segments, info = self._ready().transcribe(
            sound, language=language or None, beam_size=self.options.beam, temperature=list(TEMPERATURES),
            condition_on_previous_text=False, without_timestamps=not words and len(sound) <= LONGEST * RATE, word_timestamps=words,
        )  # fmt: skip
        parts = list(segments)  # the work is done while they are taken
        text = " ".join("".join(part.text for part in parts).split())
        return Transcript(text, str(info.language), tuple(in_order(_words(parts), len(sound) / RATE)))

    def align(self, samples: Samples, rate: int, words: Sequence[str], language: str) -> list[tuple[float, float]]:
        """See `Recognizer.align`. Sound of at most 30 s."""
        return aligned(samples, rate, words, lambda sound, text: self._pieces(sound, text, language))

    def _pieces(self, sound: Samples, text: str, language: str) -> list[Piece]:
        """The text as the model's tokenizer cuts it, each piece with its time."""
        model = self._ready()
        from faster_whisper.audio import pad_or_trim
        from faster_whisper.tokenizer import Tokenizer

        cutter: Any = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)
        tokens = cutter.encode(" " + text)
        if len(tokens) + len(cutter.sot_sequence) + 2 > model.max_length:
            raise ValueError(f"{len(tokens)} tokens are more than the model can align at once")
        features: Any = model.feature_extractor(sound)
        (found,) = model.find_alignment(cutter, [tokens], model.encode(pad_or_trim(features)), -(-len(sound) // HOP))
        return [Piece(piece["word"], float(piece["start"]), float(piece["end"])) for piece in found]

    def _ready(self) -> Any:
        """The model. Raises NotReady."""
        with self._loading:
            if self._loaded is None:
                if lack := self.missing():
                    raise NotReady(f"the recognizer 'faster-whisper' is not ready: {lack}", missing=(lack,))
                import ctranslate2
                from faster_whisper import WhisperModel

                place = self._folder()
                assert place is not None
                where, kind = self._settled()
                if where == "cuda" and not ctranslate2.get_cuda_device_count():
                    raise NotReady("there is no CUDA GPU that CTranslate2 can use here.", how="Set `device: cpu` or `device: auto`.")
                try:
                    self._loaded = WhisperModel(str(place), device=where, compute_type=kind, local_files_only=True)
                except Exception as error:  # a broken file shows as any of a dozen kinds of error, of three packages
                    raise weights.broken(place, error) from error
            return self._loaded


def _words(segments: Sequence[Any]) -> Iterator[tuple[str, float, float, float]]:
    for word in (word for segment in segments for word in segment.words or ()):
        yield word.word, word.start, word.end, word.probability


def _named(place: Path) -> str:
    """What a folder's model is called: in the hub's cache the folder itself is called by a digest."""
    if place.parent.name == "snapshots":
        return place.parent.parent.name.rpartition("faster-whisper-")[2]
    return place.name


def _cached(model: str) -> list[Path]:
    """Where the hub's cache has a size or a repository, if it has."""
    if find_spec("huggingface_hub") is None:
        return []
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    repository = model if "/" in model else f"{OWNERS.get(model, 'Systran')}/faster-whisper-{model}"
    try:
        found = try_to_load_from_cache(repository, "model.bin")
    except HFValidationError:  # a path, which no repository is called
        return []
    return [Path(found).parent] if isinstance(found, str) else []
