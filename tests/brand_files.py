"""Files of a brand's kit for tests, made here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import films
import numpy as np
from fontTools import subset
from fontTools.ttLib import TTFont

from localize.assets import ASSETS
from localize.media.command import ffmpeg_exe
from localize.media.pcm import RATE, write_wav
from localize.pixels import Pixels

LATIN = "".join(map(chr, range(0x20, 0x7F)))


def font(path: Path, letters: str = LATIN, *, family: str = "", more: str = "") -> Path:
    """A font of a `family` that has these letters alone, and `more` that look like an A."""
    with TTFont(ASSETS / "fonts" / "Kanit-Bold.ttf") as whole:
        maker = subset.Subsetter()
        maker.populate(text=letters)
        maker.subset(whole)
        for table in whole["cmap"].tables:
            table.cmap |= {ord(letter): table.cmap[ord("A")] for letter in more}
        if family:
            whole["name"].removeNames(nameID=16)
            whole["name"].setName(family, 1, 3, 1, 0x409)
        whole.save(path)
    return path


def plain(seconds: float, size: tuple[int, int] = (320, 180), rate: int = 25) -> Iterable[Pixels]:
    """Green frames, each lighter than the one before."""
    for n in range(round(seconds * rate)):
        yield np.full((size[1], size[0], 3), (20, 60 + 150 * n // max(1, round(seconds * rate)), 60), np.uint8)


def video(path: Path, seconds: float, *, tone: float = 0.0, size: tuple[int, int] = (320, 180)) -> Path:
    """A green video that becomes lighter; with a `tone` (Hz) it can be heard."""
    if not tone:
        return films.film(path, plain(seconds, size))
    silent, sound = path.with_name("silent.mp4"), path.with_suffix(".wav")
    films.film(silent, plain(seconds, size))
    t = np.arange(round(seconds * RATE)) / RATE
    write_wav(sound, (0.2 * np.sin(2 * np.pi * tone * t)).astype(np.float32))
    words = ["-i", str(silent), "-i", str(sound), "-c:v", "copy", "-c:a", "aac", str(path)]
    subprocess.run([ffmpeg_exe(), "-y", "-loglevel", "error", *words], check=True)
    return path
