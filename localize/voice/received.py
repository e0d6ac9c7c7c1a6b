"""Speech as a server sends it (WAV, MP3, FLAC, Opus, raw PCM) to samples, and how a broken or cut-off answer is told from a sound."""

from __future__ import annotations

import io

import av
import numpy as np

from localize.voice import Samples

# Samples that an MP3 begins with before its sound: 576 of the usual encoder and 529 of any decoder. A file that says how many
# it has (LAME's header) is cut by the decoder itself; a stream has no such header.
MP3_DELAY = 1105
QUIET = 0.02  # of the peak: nothing louder is cut off as delay
CONTAINERS = (b"RIFF", b"ID3", b"fLaC", b"OggS", b"\x1aE\xdf\xa3")
ENDLESS = 0x7FFF0000  # a WAV that was streamed says it is at least this long, or 0: its length was not known when it began


def decoded(data: bytes, pcm_rate: int = 0) -> tuple[Samples, int]:
    """Mono float32 samples [n] in -1..1 and their rate in Hz. With a `pcm_rate`, data in no container is 16-bit mono PCM of it.

    A sound begins where it began before it was encoded. Raises ValueError, with the reason, for what is no sound or not all of it.
    """
    if not data:
        raise ValueError("it is empty")
    if pcm_rate and not data.startswith(CONTAINERS):
        if len(data) % 2:
            raise ValueError("it ends in the middle of a sample")
        return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768), pcm_rate
    if lost := _lost(data):
        raise ValueError(f"it is cut off: {lost} of its bytes are missing")
    try:
        samples, rate = _opened(data)
    except av.FFmpegError as error:
        raise ValueError("it can't be decoded") from error
    if not len(samples) or not rate:
        raise ValueError("there is no sound in it")
    if not np.isfinite(samples).all():
        raise ValueError("it holds numbers that are none")
    return samples, rate


def _opened(data: bytes) -> tuple[Samples, int]:
    with av.open(io.BytesIO(data), "r", metadata_errors="replace") as container:
        if not container.streams.audio:
            return np.zeros(0, np.float32), 0
        stream = container.streams.audio[0]
        bare = container.format.name == "mp3" and not stream.start_time
        # Channels are averaged here: the resampler's own mono of two equal ones is 3 dB louder than either, and may clip.
        resampler = av.AudioResampler(format="fltp")
        parts = [r.to_ndarray().mean(axis=0) for frame in container.decode(audio=0) for r in resampler.resample(frame)]
        samples = np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)
        return samples[_delay(samples) if bare else 0 :], stream.rate


def _delay(samples: Samples) -> int:
    """How much of an MP3 without a header is its codec's delay: never more than is quiet."""
    level = np.abs(samples)
    loud = np.flatnonzero(level > QUIET * level.max(initial=0))
    return min(MP3_DELAY, int(loud[0])) if len(loud) else 0


def _lost(data: bytes) -> int:
    """How many bytes a WAV has less than it says; decoders take what there is for the whole."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return 0
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"data":
            return max(at + 8 + size - len(data), 0) if size < ENDLESS else 0
        at += 8 + size + size % 2
    return 0
