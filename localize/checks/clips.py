"""Checks of a finished clip, made on the file itself: what it is, how it sounds, what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from localize.domain import Finding, Severity
from localize.media import metering, mixing, pcm, probing

SHORTEST, LONGEST = 5.0, 600.0  # s: what the platforms take
LOUDNESS_TOLERANCE = 1.0  # LU
HIGHEST_PEAK = -1.0  # dBTP
SILENCE = 1.6  # s: a longer hole in the speech is a fault, not a pause
READABLE = 60  # of 255, between the label's letters and their ground
LABEL_GLYPH = 54  # px, GB 45438-2025: 5 % of the shorter side


@dataclass(frozen=True)
class Expected:
    """What the clip was meant to be: boxes are (left, top, right, bottom); `spoken` are the Lines' (start, end)."""

    width: int
    height: int
    fps: int
    duration: float
    target: float
    safe: tuple[int, int, int, int]
    boxes: dict[str, tuple[int, int, int, int]]
    spoken: tuple[tuple[float, float], ...]
    label: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]  # the label's own pixels, premultiplied RGBA
    label_glyph: int
    pictures: int
    unprintable: str = ""  # characters of its texts that no font has


def check(video: Path, expected: Expected) -> list[Finding]:
    """Every finding on a finished file."""
    facts = probing.probe(video)
    sound = _sound(video, expected) if facts.audio_codec else ()
    return [*_spec(facts, expected), *sound, *_boxes(expected), *_label(video, expected), *_pictures(expected), *_glyphs(expected)]


def _finding(
    check: str, ok: bool, message: str, severity: Severity = "block", **evidence: str | int | float | bool | None
) -> list[Finding]:
    return [] if ok else [Finding(check=check, severity=severity, message=message, evidence=evidence)]


def _spec(facts: probing.Facts, want: Expected) -> Iterable[Finding]:
    has = f"{facts.width}x{facts.height} {facts.fps:g} fps {facts.codec} {facts.profile} {facts.pixels}"
    asked = f"{want.width}x{want.height} {want.fps} fps h264 High yuv420p"
    yield from _finding("spec", has == asked, f"The file is {has}; it must be {asked}.", is_=has)
    sound = f"{facts.audio_codec} {facts.audio_rate} Hz" if facts.audio_codec else "missing"
    yield from _finding("spec", sound == "aac 48000 Hz", f"The sound is {sound}; it must be aac 48000 Hz.", is_=sound)
    yield from _finding("spec", facts.index_first, "The file's index is at its end, so it can't start playing while it loads.")
    apart = abs(facts.audio_start - facts.video_start)
    yield from _finding("spec", apart <= 1 / want.fps, f"Sound and picture start {apart * 1000:.0f} ms apart.", apart=apart)
    near = abs(facts.duration - want.duration) <= 0.1
    yield from _finding("duration", near, f"The file lasts {facts.duration:.2f} s, its frames {want.duration:.2f} s.", is_=facts.duration)
    fits = SHORTEST <= facts.duration <= LONGEST
    yield from _finding(
        "duration", fits, f"{facts.duration:.1f} s is outside what platforms take ({SHORTEST:.0f}-{LONGEST:.0f} s).", is_=facts.duration
    )
    far = 0.5 * want.target <= facts.duration <= 1.5 * want.target
    yield from _finding(
        "duration",
        far,
        f"The clip lasts {facts.duration:.1f} s, the campaign asks for about {want.target:.0f} s.",
        "warn",
        is_=facts.duration,
    )


def _sound(video: Path, want: Expected) -> Iterable[Finding]:
    level = metering.loudness(video)
    near = abs(level.integrated - mixing.LOUDNESS) <= LOUDNESS_TOLERANCE
    yield from _finding(
        "loudness", near, f"Loudness is {level.integrated:.1f} LUFS, it must be {mixing.LOUDNESS:.0f} +-1.", is_=level.integrated
    )
    yield from _finding(
        "clipping",
        level.true_peak <= HIGHEST_PEAK,
        f"The true peak is {level.true_peak:.1f} dBTP, over {HIGHEST_PEAK}.",
        is_=level.true_peak,
    )
    holes = [b - a for (_, a), (b, _) in zip(want.spoken, want.spoken[1:], strict=False)]
    worst = max(holes, default=0.0)
    yield from _finding("silence", worst <= SILENCE, f"Nothing is said for {worst:.1f} s between two sentences.", hole=worst)
    samples = pcm.read_audio(video)
    for number, (start, end) in enumerate(want.spoken, 1):
        part = samples[round(start * pcm.RATE) : round(end * pcm.RATE)]
        loud = float(np.sqrt(np.mean(part**2))) if len(part) else 0.0
        yield from _finding("silence", loud > 10 ** (-38 / 20), f"Line {number} can't be heard ({start:.1f}-{end:.1f} s).", line=number)


def _boxes(want: Expected) -> Iterable[Finding]:
    left, top, right, bottom = want.safe
    for name, box in want.boxes.items():
        ok = box[0] >= left and box[1] >= top and box[2] <= right and box[3] <= bottom
        yield from _finding("safe box", ok, f"The {name} reaches under the platform's own buttons.", box=str(box), safe=str(want.safe))


def _label(video: Path, want: Expected) -> Iterable[Finding]:
    """The AI label is really in the first frame's pixels, and large enough."""
    high = want.label_glyph >= LABEL_GLYPH
    yield from _finding(
        "label", high, f"The AI label's letters are {want.label_glyph} px high; the rule asks for {LABEL_GLYPH}.", glyph=want.label_glyph
    )
    contrast = label_contrast(video, want.label, want.boxes["label"])
    yield from _finding("label", contrast > READABLE, "The AI label can't be read in the first frame.", contrast=round(contrast, 1))


def label_contrast(video: Path, label: np.ndarray[Any, np.dtype[np.uint8]], box: tuple[int, int, int, int]) -> float:
    """How much brighter, of 255, the label's letters are than their ground in a video's first frame. `label` is what was drawn in the
    box, premultiplied RGBA."""
    left, top, right, bottom = box
    seen = probing.frame_at(video, 0.0)[top:bottom, left:right].astype(np.float32).mean(axis=2)
    letters = label[: bottom - top, : right - left, :3].min(axis=2) > 250
    ground = label[: bottom - top, : right - left, :3].max(axis=2) < 30
    return float(seen[letters].mean() - seen[ground].mean()) if letters.any() and ground.any() else 0.0


def _pictures(want: Expected) -> Iterable[Finding]:
    yield from _finding("picture missing", want.pictures > 0, "The product has no picture: add a file name to the column `images`.")


def _glyphs(want: Expected) -> Iterable[Finding]:
    left_out = " ".join(want.unprintable)
    yield from _finding(
        "glyphs", not left_out, f"These characters are in no font and are not shown: {left_out}", "warn", characters=want.unprintable
    )
