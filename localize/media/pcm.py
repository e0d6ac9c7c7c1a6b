"""Sound as samples: any file's read by PyAV, WAV files written and read, another rate given.

Samples are float32 in -1..1, mono [n] or stereo [n, 2].
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Literal

import av
import numpy as np
import numpy.typing as npt

from localize.errors import UserError
from localize.media.command import file

RATE = 48_000  # Hz of all sound
BLOCK = 1 << 17  # samples: work on sound goes by blocks, so that its memory does not grow with the sound
Samples = npt.NDArray[np.float32]


def write_wav(path: Path, samples: Samples, rate: int = RATE) -> None:
    """Write mono [n] or stereo [n, 2] float samples in -1..1 as 16-bit PCM."""
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        w.setsampwidth(2)
        w.setframerate(rate)
        for start in range(0, len(samples), BLOCK):
            w.writeframes((np.clip(samples[start : start + BLOCK], -1, 1) * 32767).round().astype("<i2").tobytes())


def read_wav(path: str | Path) -> tuple[Samples, int]:
    """Read a 16-bit PCM WAV that `write_wav` made: samples [n] or [n, channels], and the rate in Hz."""
    with wave.open(str(path), "rb") as w:
        pcm = np.frombuffer(w.readframes(w.getnframes()), "<i2").astype(np.float32) / np.float32(32768)
        return (pcm.reshape(-1, w.getnchannels()) if w.getnchannels() > 1 else pcm), w.getframerate()


def read_audio(path: str | Path, rate: int = RATE) -> Samples:
    """Decode any file's first audio stream to mono float32 [n] at `rate` Hz. Raises UserError if it has none."""
    return _decoded(path, rate, "mono").reshape(-1)


def read_stereo(path: str | Path, rate: int = RATE) -> Samples:
    """Decode any file's first audio stream to float32 [n, 2] at `rate` Hz. Raises UserError if it has none."""
    return np.ascontiguousarray(_decoded(path, rate, "stereo").T)


def _decoded(path: str | Path, rate: int, layout: Literal["mono", "stereo"]) -> Samples:
    try:
        with av.open(file(path), metadata_errors="replace") as container:
            if not container.streams.audio:
                raise UserError(f"{path} has no sound.")
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
            parts = [r.to_ndarray() for frame in container.decode(audio=0) for r in resampler.resample(frame)]
            parts += [r.to_ndarray() for r in resampler.resample(None)]
    except av.FFmpegError as e:
        raise UserError(f"{path} can't be read as sound or video: {e.strerror}.") from e
    none = np.zeros((2 if layout == "stereo" else 1, 0), np.float32)
    return np.concatenate([none, *parts], axis=1, dtype=np.float32)


def resampled(samples: Samples, rate: int, to: int) -> Samples:
    """Mono float32 samples [n] at another rate in Hz, in time to a sample. Not for a stream's pieces: each call starts anew."""
    if rate == to or not len(samples):
        return samples.astype(np.float32, copy=False)
    # swresample keeps back what its filter still needs; silence behind the sound pushes all of it out.
    padded = np.concatenate([samples, np.zeros(rate // 10, np.float32)]).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(padded[None, :], format="flt", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="flt", layout="mono", rate=to)
    parts = [r.to_ndarray()[0] for r in (*resampler.resample(frame), *resampler.resample(None))]
    return np.concatenate(parts)[: round(len(samples) * to / rate)].astype(np.float32)
