"""Tiny videos that tell of themselves that AI made them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from localize.domain import Disclosure, Ingredient
from localize.media import mp4, pcm

TOLD = Disclosure(
    label="สร้างด้วย AI", producer="Corner", produce_id="0123456789abcdef0123456789abcdef", consents=("consent 89abcdef01234567",),
    ingredients=(Ingredient(name="Kanit-Bold.ttf", kind="font", licence="OFL-1.1"),),
)  # fmt: skip


def encoded(out: Path, tags: Mapping[str, str]) -> Path:
    """A second of grey, 128x96, with sound."""
    sound = out.with_suffix(".wav")
    pcm.write_wav(sound, np.sin(np.arange(pcm.RATE) / 20).astype(np.float32) / 4)
    with mp4.encoder(out, mp4.Encoding(128, 96, fps=10, preset="ultrafast"), sound, tags) as pipe:
        for shade in range(10):
            pipe.write(bytes(np.full(128 * 96 * 3 // 2, 100 + shade, np.uint8)))
    return out
