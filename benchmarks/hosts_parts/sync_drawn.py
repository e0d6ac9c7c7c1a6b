"""How well a drawn host's mouth goes with the voice, from the finished file alone: its pixels against its sound.

`benchmarks/sync.py` holds the mouth track against both; here nothing that the program meant is asked, only the words' times for the
closed lips. The opening is the root of the dark area of the mouth, less what is dark with closed lips (a beard): it grows with height
and width.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import sync as clips
from benchmarks.hosts_parts import Figure
from localize import yamls
from localize.assets import ASSETS
from localize.avatar import DrawnAvatar
from localize.checks.sync import Lips, compare, level
from localize.media import pcm

LANGUAGES = ("th", "vi", "id", "zh")
CORRELATION, NEAR, CLOSED = 0.6, 1.0, 0.95
SHUT = 0.2  # of the widest: lips that are closed but for the line between them
PRESET = "ultrafast"  # of x264: the same picture, in less time


def avatars() -> list[str]:
    """The shipped avatars that are drawn."""
    files = sorted((ASSETS / "avatars").glob("*/avatar.yaml"))
    return [file.parent.name for file in files if yamls.read(file, "an avatar")[0].get("kind") == "drawn"]


def figures(*, quick: bool = False) -> list[Figure]:
    """For every drawn avatar a clip in each language; for one in two of them when `quick`."""
    return [figure for name in (["mali"] if quick else avatars()) for figure in _avatar(name, LANGUAGES[::3] if quick else LANGUAGES)]


def _avatar(name: str, languages: Sequence[str] = LANGUAGES) -> Iterator[Figure]:
    mouth = DrawnAvatar.load(ASSETS / "avatars" / name).anchors["mouth"]
    said, met, missed = 0, 0, []
    with TemporaryDirectory() as tmp:
        for folder in clips.demo_clips(Path(tmp), languages, name, PRESET):
            sidecar = json.loads((folder / "clip.json").read_text("utf-8"))
            dark = clips.darkness(folder / "clip.mp4", mouth)
            opening = np.sqrt(np.maximum(dark - np.percentile(dark, 5), 0))
            heard = pcm.read_audio(folder / "clip.mp4")
            # A frame stays up until the next: it stands for the middle of that time.
            middle = 0.5 / clips.FPS
            found = compare(Lips((opening,), clips.FPS, middle), heard, pcm.RATE)
            loud = level(heard, pcm.RATE, (np.arange(len(opening)) + found.offset) / clips.FPS + middle)
            correlation = float(np.corrcoef(opening, loud)[0, 1])
            what = f"{name}, {sidecar['language']}"
            yield Figure(
                f"{what}: opening in the pixels with loudness, correlation", f"{correlation:.2f}", f"at least {CORRELATION}",
                correlation >= CORRELATION,
            )  # fmt: skip
            value = f"{found.offset:+.2f} frames, confidence {found.confidence:.1f}"
            yield Figure(f"{what}: sound after the mouth", value, f"within {NEAR:.0f}", abs(found.offset) <= NEAR)
            lips = clips.closures(sidecar, list(opening < SHUT * np.percentile(opening, 95)))
            if lips["bilabials"] is not None:
                said, met = said + lips["bilabials_said"], met + round(lips["bilabials"] * lips["bilabials_said"])
                missed += [f"{sidecar['language']} {miss}" for miss in lips["missed"]]
    value = f"{met} of {said}" + (f" (not {'; '.join(missed)})" if missed else "")
    yield Figure(f"{name}: lips closed in the pixels for m, b and p", value, f"at least {CLOSED:.0%}", met >= CLOSED * said > 0)
