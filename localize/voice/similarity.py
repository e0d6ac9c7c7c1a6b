"""How alike two voices are: the cosine of their speaker embeddings (resemblyzer), where that package is installed."""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from localize.media.pcm import read_audio, resampled

Samples = npt.NDArray[np.float32]

RATE = 16_000  # Hz, what the encoder hears
PEAK = 0.7  # of full scale, to which each sound is brought: that of a polished Line
SHORTEST = 0.5  # s of speech, below which a voice can't be told
PACKAGES = ("resemblyzer", "torch", "librosa", "webrtcvad")

_loading = threading.Lock()


def missing() -> str:
    """What the comparison lacks here, in one sentence; "" when nothing."""
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if not absent:
        return ""
    return f'voices can\'t be compared without {" and ".join(absent)} (pip install "crossreel[similarity]", see docs/voices.md).'


def similarity(samples: Samples, rate: int, reference: str | Path) -> float | None:
    """How much mono speech [n] sounds like the speaker of a reference's file: about 0.55 for two strangers, 0.85 and more for one.

    None where the encoder is not installed, or one of both holds no half a second of speech. The encoder is loaded once per
    process, and each reference is heard once; may be called from many threads. Raises UserError for a reference that can't be read.
    """
    if missing():
        return None
    path = Path(reference)
    stat = path.stat() if path.is_file() else None
    theirs = _of_file(path, stat.st_size if stat else 0, stat.st_mtime_ns if stat else 0)
    ours = embedding(samples, rate)
    return None if ours is None or theirs is None else round(float(ours @ theirs), 4)


def embedding(samples: Samples, rate: int) -> npt.NDArray[np.float32] | None:
    """The speaker's embedding of mono speech [n]: [256], of length 1. None for too little speech. Needs the package."""
    from resemblyzer import audio

    sound = resampled(samples, rate, RATE)
    peak = float(np.abs(sound).max(initial=0.0))
    if peak < 1e-4:
        return None
    # The encoder hears loudness, too, which is nobody's voice; and its detector of speech must not be given more than full scale.
    speech = audio.preprocess_wav(sound * (PEAK / peak))
    if len(speech) < SHORTEST * RATE:
        return None
    made: npt.NDArray[np.float32] = _encoder().embed_utterance(speech)
    return made


@lru_cache(maxsize=64)
def _of_file(path: Path, size: int, changed: int) -> npt.NDArray[np.float32] | None:
    return embedding(read_audio(path, RATE), RATE)


def _encoder() -> Any:
    with _loading:  # `cache` alone would let two threads load one each
        return _loaded()


@cache
def _loaded() -> Any:
    import resemblyzer

    # On the CPU: it takes a tenth of a second there, and the same figures come out on every machine.
    return resemblyzer.VoiceEncoder("cpu", verbose=False).eval()
