"""Videos with sound for tests, made here."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import av
import numpy as np

from localize.media.command import ffmpeg_exe
from localize.media.pcm import Samples

RATE = 44_100


def tune(seconds: float, rate: int = RATE) -> Samples:
    """Something to recognise every moment of: a rising tone, knocks, and hiss. [n, 2]"""
    n = round(seconds * rate)
    t, chance = np.arange(n) / rate, np.random.default_rng(3)
    tone = 0.12 * np.sin(2 * np.pi * (200 * t + 150 * t**2))
    knocks = 0.2 * np.exp(-80 * (t % 0.37)) * np.sin(2 * np.pi * 900 * t)
    hiss = 0.01 * chance.standard_normal((n, 2))
    return ((tone + knocks)[:, None] * [1.0, 0.7] + hiss).astype(np.float32)


def voice(seconds: float, pitch: float = 140.0) -> Samples:
    """A buzz with syllables: mono at 48 kHz."""
    t = np.arange(round(seconds * 48_000)) / 48_000
    buzz = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 12))
    return (0.1 * buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))).astype(np.float32)


def video(
    path: Path, sound: Samples | None = None, *, seconds: float = 3.0, rate: int = RATE, codec: str = "aac", bits: str = "128k",
    after: tuple[str, ...] = (), pictures: str = "libx264",
) -> Path:  # fmt: skip
    """A small video at 25 pictures a second; `after` are ffmpeg's words before the output."""
    command = [ffmpeg_exe(), "-y", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s=160x90:r=25:d={seconds}"]
    if sound is not None:
        layout = ["-f", "f32le", "-ar", str(rate), "-ac", str(sound.shape[1])]
        command += [*layout, "-i", "pipe:0", "-c:a", codec, "-b:a", bits]
    command += ["-c:v", pictures, "-pix_fmt", "yuv420p", "-fflags", "+bitexact", *after, str(path)]
    subprocess.run(command, input=None if sound is None else sound.tobytes(), check=True)
    return path


def shifted(source: Path, out: Path, seconds: float) -> Path:
    """The same packets, with the sound so much later against the pictures."""
    inputs = ["-i", str(source), "-itsoffset", str(seconds), "-i", str(source)]
    subprocess.run([ffmpeg_exe(), "-v", "error", *inputs, "-map", "0:v", "-map", "1:a", "-c", "copy", str(out)], check=True)
    return out


def heard(path: Path, track: int = 0) -> Samples:
    """A track as ffmpeg's program decodes it, from the file's beginning: [n, channels]."""
    with av.open(str(path)) as container:
        channels = container.streams.audio[track].channels
    words = ["-v", "error", "-i", str(path), "-map", f"0:a:{track}", "-f", "f32le", "-"]
    done = subprocess.run([ffmpeg_exe(), *words], capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, channels)


def likeness(got: Samples, wanted: Samples) -> float:
    """Signal to difference in dB."""
    n = min(len(got), len(wanted))
    difference = (got[:n].astype(float) - wanted[:n]) ** 2
    return float(10 * np.log10((wanted[:n].astype(float) ** 2).sum() / max(difference.sum(), 1e-30)))


def outside(n: int, stretches: list[tuple[float, float]], rate: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which samples are in none of the stretches."""
    free = np.ones(n, bool)
    for start, end in stretches:
        free[round(start * rate) : round(end * rate)] = False
    return free


def in_memory() -> int:
    """MB of files that are in this process's memory."""
    told = re.findall(r"Rss(?:File|Shmem):\s+(\d+)", Path("/proc/self/status").read_text())
    return sum(map(int, told)) // 1024
