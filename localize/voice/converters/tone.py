"""What a recording sounds like as a whole, and bringing another sound to it: its long-term spectrum, and how far its peaks
stand out of its speech."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from localize.voice.converters.spectra import RATE, mel
from localize.voice.polish import decibels, limited

Array = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]

BINS = 2048  # of the transform
HOP = 512  # samples
BANDS = 60
LOUD = 30.0  # dB under the loudest frame: where speech ends and the room begins
TOP = 7600.0  # Hz above which many recordings hold nothing, and nothing is learned of them
BOTTOM = 4  # bands under which a microphone is heard, not a voice
FURTHEST = 12.0  # dB that a band is changed by
STRENGTH = 0.75  # of the difference that is taken away: two sounds of one voice are not the same words
MOST, ENOUGH = 6.0, 0.3  # dB by which peaks are held down, and which nobody hears
STRETCH = 960  # samples over which the power is taken

_CENTRES: Array = 700 * np.expm1(np.linspace(mel(60), mel(16000), BANDS + 2) / 1127)  # Hz, the ends of the outer bands with them
_TOP = int(np.searchsorted(_CENTRES[1:-1], TOP))


def curve(sound: Samples) -> Array:
    """The mean power in dB [60] of mono speech at RATE, by bands a mel apart, over its loud frames."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(sound, (0, BINS)), BINS)[::HOP] * np.hanning(BINS)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    level = 10 * np.log10(power.sum(1) + 1e-12)
    mean = power[level > level.max() - LOUD].mean(0)
    return np.asarray(10 * np.log10(_bands() @ mean + 1e-12))


def toned(sound: Samples, wanted: Array) -> Samples:
    """Mono speech [n] at RATE with the long-term spectrum that is wanted [60], or most of the way to it. Nothing moves in time."""
    apart = wanted - curve(sound)
    apart = np.clip(apart - apart[BOTTOM:_TOP].mean(), -FURTHEST, FURTHEST) * STRENGTH
    apart[_TOP - 1 :] = apart[_TOP - 1]
    gain = 10 ** (np.interp(np.fft.rfftfreq(len(sound), 1 / RATE), _CENTRES[1:-1], apart) / 20)
    return np.fft.irfft(np.fft.rfft(sound) * gain, len(sound)).astype(np.float32)


def crest(sound: Samples) -> float:
    """How far the highest peak of mono speech at RATE is above the mean power of its loud frames, in dB."""
    frames = sound[: len(sound) // STRETCH * STRETCH].astype(np.float64).reshape(-1, STRETCH)
    power = (frames**2).mean(1)
    loud = power[power > power.max(initial=0.0) * 10 ** (-LOUD / 10)]
    return _highest(sound) - float(decibels(loud.mean(keepdims=True))[0]) if len(loud) else 0.0


def evened(sound: Samples, wanted: float) -> Samples:
    """Mono speech [n] at RATE whose peaks stand out no more than is wanted, in dB, or MOST dB less than they did.

    A synthesis puts all of a period's power in one place, which no throat does; a person's recording was evened by whoever made it.
    """
    left = MOST
    for _ in range(4):  # less of the peaks is less of the mean, too
        over = min(crest(sound) - wanted, left)
        if over < ENOUGH:
            break
        left -= over
        sound = limited(sound.astype(np.float64), _highest(sound) - over).astype(np.float32)
    return sound


def _highest(sound: Samples) -> float:
    return float(decibels(np.array([np.abs(sound).max(initial=0.0) ** 2]))[0])


@cache
def _bands() -> Array:
    """[60, 1025]: triangles of one area around each centre; the lowest, narrower than a bin, are the nearest bin."""
    hertz = np.arange(BINS // 2 + 1) * RATE / BINS
    rows = []
    for low, centre, high in zip(_CENTRES, _CENTRES[1:], _CENTRES[2:], strict=False):
        row = np.maximum(0, np.minimum((hertz - low) / (centre - low), (high - hertz) / (high - centre)))
        if not row.any():
            row = (np.abs(hertz - centre) == np.abs(hertz - centre).min()).astype(float)
        rows.append(row / row.sum())
    return np.stack(rows)
