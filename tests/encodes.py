"""Small clips and sound like a voice, for the tests of what reads, writes and measures them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from localize.clip.canvas import Frame
from localize.media import mp4, pcm
from localize.media.mp4 import Encoding
from localize.media.pcm import RATE, Samples

SMALL = Encoding(width=64, height=112, fps=30, crf=14)
TAGS = {"AIGC": json.dumps({"AIGC": {"Label": "1", "ContentProducer": "a=b;'c' \"d\" #é 生成", "ProduceID": "7"}}, ensure_ascii=False)}


def speech_like(seconds: float, *, pauses: tuple[tuple[float, float], ...] = (), level: float = 0.3) -> Samples:
    """A voice's pitch and harmonics, swelling five times a second, with sharp peaks; silent in the pauses."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = 2 * np.pi * np.cumsum(200 + 40 * np.sin(2 * np.pi * 0.7 * t)) / RATE
    voice = sum(np.sin(k * pitch + k * k) / k for k in range(1, 18)) + 0.05 * np.random.default_rng(1).standard_normal(len(t))
    voice = voice * (0.15 + 0.85 * np.sin(np.pi * 5 * t) ** 2) * level / 2
    for start, end in pauses:
        voice[round(start * RATE) : round(end * RATE)] = 0
    return voice.astype(np.float32)


def colour(frame: int) -> tuple[int, int, int]:
    """What all of a frame is painted in: another one for each of the first 60."""
    return 40 + 3 * frame, 90, 220 - 3 * frame


def encode(
    out: Path, frames: int = 15, *, encoding: Encoding = SMALL, audio: Path | None = None, tags: dict[str, str] | None = None
) -> Path:
    with mp4.encoder(out, encoding, audio, tags or {}) as pipe:
        for k in range(frames):
            rgb = np.full((encoding.height, encoding.width, 3), colour(k), np.uint8)
            pipe.write(Frame.of(rgb).buffer.data)
    return out


def wav(path: Path, seconds: float = 0.5, level: float = 0.3) -> Path:
    pcm.write_wav(path, speech_like(seconds, level=level))
    return path
