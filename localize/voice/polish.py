"""Make a dry synthetic voice fit to publish: rate, tone, level, air. No sound moves in time but as reported.

`polish` filters in the frequency domain with zero phase and draws its gains over time without delay, so a time in
the raw samples is the same time in the polished ones but for the trimmed silence. `lengthen` says what it added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Curve = npt.NDArray[np.float64]

RATE = 48000
LEAD, TAIL = 0.040, 0.060  # s of silence kept before and after the speech
LEVEL = -20.0  # dBFS, RMS over the voiced parts
PEAK = -3.0  # dBFS, never exceeded
FADE = 0.005  # s
HOP = 0.005  # s between the points at which a gain is decided
AUDIBLE = -50.0  # dB under the loudest 20 ms: where speech begins and ends

# Hz -> dB: nothing under the voice and above what the synthesis has; between them a part of what its long-term spectrum lacks
# of people's, over both genders and five languages (benchmarks/voices.py). Around 800 Hz it would lack more: there, open vowels
# are left the loudest, as the mouth shows them.
TONE = ((0, -40), (50, -30), (80, -6), (120, -0.5), (200, 0), (900, 0), (1250, -0.8), (1600, -0.5), (2000, 0.3), (2500, 1),
        (3000, 0), (4000, -2.2), (5500, -2), (8000, 0), (10000, -6), (11000, -40))  # fmt: skip
# For the others: nothing under a voice.
RUMBLE = ((0, -60), (40, -30), (70, -3), (90, 0), (24000, 0))

# The room: an exponentially dying noise, felt more than heard.
ROOM_SECONDS, ROOM_DB, ROOM_PREDELAY = 0.09, -19.0, 0.004


@dataclass(frozen=True)
class Polished:
    """Mono float32 samples [n] at `RATE`; raw time t is at t - offset seconds in them (offset may be negative)."""

    samples: Samples
    offset: float


def decibels(power: Curve) -> Curve:
    """Power to dB, -120 for silence."""
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)))


def loudness(samples: Samples, rate: int, hop: float = HOP, window: float = 0.020) -> Curve:
    """Short-time level in dB: entry k is the mean power of `window` seconds centred on (k + 0.5) * hop."""
    count = int(np.ceil(len(samples) / rate / hop))
    total = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    centre = (np.arange(count) + 0.5) * hop * rate
    low = np.clip((centre - window * rate / 2).astype(int), 0, len(samples))
    high = np.clip((centre + window * rate / 2).astype(int), 0, len(samples))
    return decibels((total[high] - total[low]) / np.maximum(high - low, 1))


def polish(samples: Samples, rate: int, how: Literal["draft", "dry", "natural"] = "draft") -> Polished:
    """One utterance [n] of any rate, made publishable. Silence stays silence of LEAD + TAIL.

    A "draft" (formant synthesis) gets its edge taken off and a little room; "dry" is the same before both, for a converter;
    "natural" is for voices that sound like people as they are.
    """
    level = loudness(samples, rate)
    if not len(level) or level.max() < -90:
        return Polished(np.zeros(round((LEAD + TAIL) * RATE), np.float32), 0.0)
    heard = np.flatnonzero(level > level.max() + AUDIBLE)
    first, last = heard[0] * HOP, (heard[-1] + 1) * HOP
    sound = _tone(samples, rate, TONE if how == "draft" else RUMBLE)
    start, stop = round((first - LEAD) * RATE), round((last + TAIL) * RATE)
    lead = max(0, -start)
    cut = sound[max(0, start) : stop]
    sound = np.concatenate([np.zeros(lead), cut, np.zeros(max(0, stop - start - lead - len(cut)))])
    if how == "draft":
        sound = _room(_compress(sound))
    sound = _level(_compress(sound) if how == "natural" else sound)
    fade = round(FADE * RATE)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    sound[:fade] *= ramp
    sound[-fade:] *= ramp[::-1]
    return Polished(sound.astype(np.float32), start / RATE)


def _tone(samples: Samples, rate: int, tone: Sequence[tuple[float, float]]) -> Curve:
    """Resample to RATE and equalise in one transform. Blocks of `rate / gcd` samples keep the ratio exact."""
    step = rate // np.gcd(rate, RATE)
    blocks = -(-(len(samples) + rate // 10) // step)
    blocks += -blocks % 32  # lengths with small factors transform fast; the added silence takes up the wrap-around
    count_in, count_out = blocks * step, blocks * step * RATE // rate
    spectrum = np.fft.rfft(samples - samples.mean(), count_in)
    frequency = np.fft.rfftfreq(count_in, 1 / rate)
    hertz, db = np.array(tone, dtype=float).T
    spectrum *= 10 ** (np.interp(np.log(frequency + 1), np.log(hertz + 1), db) / 20)
    spectrum[0] = 0
    sound = np.fft.irfft(spectrum, count_out) * (count_out / count_in)
    return np.asarray(sound[: len(samples) * RATE // rate])


def _drawn(gain: Curve, count: int) -> Curve:
    """A gain in dB at each HOP, as a factor for each of `count` samples."""
    at = (np.arange(len(gain)) + 0.5) * HOP * RATE
    return np.asarray(10 ** (np.interp(np.arange(count), at, gain) / 20))


def _compress(sound: Curve, ratio: float = 2.0, release: float = 0.120) -> Curve:
    """Even out loud and soft syllables: 2:1 above the mean voiced level, at most 6 dB."""
    level = loudness(sound.astype(np.float32), RATE)
    over = np.maximum(level - _voiced_level(level), 0) * (1 - 1 / ratio)
    gain, fall = np.empty_like(over), np.exp(-HOP / release)
    held = 0.0
    for k, want in enumerate(over):
        held = max(float(want), held * fall)
        gain[k] = -min(held, 6.0)
    return sound * _drawn(gain, len(sound))


def _room(sound: Curve) -> Curve:
    count = round((ROOM_SECONDS + ROOM_PREDELAY) * RATE)
    time = np.arange(count) / RATE
    reply = np.random.default_rng(7).standard_normal(count) * np.exp(-6.9 * time / ROOM_SECONDS)
    reply[: round(ROOM_PREDELAY * RATE)] = 0
    reply = np.convolve(reply, np.ones(6) / 6, "same")  # walls soak up the highs
    reply *= 10 ** (ROOM_DB / 20) / np.sqrt((reply**2).sum())
    reply[0] = 1
    size = 1 << (len(sound) + count).bit_length()
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(reply, size), size)
    return np.asarray(wet[: len(sound)])


def _voiced_level(level: Curve) -> float:
    """Mean power in dB of the parts within 25 dB of the loudest: the same for a line with many pauses as with none."""
    return float(decibels(np.mean(10 ** (level[level > level.max() - 25] / 10), keepdims=True))[0])


def _level(sound: Curve) -> Curve:
    """Bring the voiced parts to LEVEL, then hold down what would go over PEAK."""
    return limited(sound * 10 ** ((LEVEL - _voiced_level(loudness(sound.astype(np.float32), RATE))) / 20), PEAK)


def limited(sound: Curve, peak: float) -> Curve:
    """Sound [n] at RATE, held down around each peak that would go over so many dBFS (no clipping)."""
    hop = round(HOP * RATE)
    blocks = -(-len(sound) // hop)
    highest = np.abs(np.pad(sound, (0, blocks * hop - len(sound)))).reshape(blocks, hop).max(axis=1)
    need = np.minimum(0, peak - 0.1 - decibels(highest**2))
    # The least gain of the 9 around each point, then the mean of 7: it bends without a corner, and neither the mean
    # nor the line drawn from point to point is anywhere above what that point needs.
    least = np.min([np.pad(need, 4, mode="edge")[i : i + blocks] for i in range(9)], axis=0)
    held = np.mean([np.pad(least, 3, mode="edge")[i : i + blocks] for i in range(7)], axis=0)
    return sound * _drawn(held, len(sound))


RELEASE, RELEASE_DB = 0.070, -36.0  # s over which a voice dies away before a silence, and how far
STILL = 0.14  # s of silence that a voice dies away before; a stop shuts the mouth for less


def released(samples: Samples, rate: int) -> Samples:
    """The same samples [n], dying away before each silence. espeak stops in full voice, which sounds cut off."""
    level = loudness(samples, rate, HOP, HOP)
    if not len(level) or level.max() < -90:
        return samples
    heard = np.concatenate([[False], level > level.max() + AUDIBLE, [False]])
    begins, ends = (np.flatnonzero(np.diff(heard.astype(np.int8)) == step) for step in (1, -1))
    out = samples.copy()
    for end, following in zip(ends, [*begins[1:], len(level) + round(STILL / HOP)], strict=True):
        if (following - end) * HOP < STILL:
            continue
        stop = min(round((end + 1) * HOP * rate), len(out))
        start = max(stop - round(RELEASE * rate), 0)
        ramp = np.linspace(0, 1, stop - start)
        out[start:stop] *= (10 ** (RELEASE_DB / 20 * ramp**1.5)).astype(np.float32)
    return out


Span = tuple[int, int]  # first and last sample


def lengthen(
    samples: Samples, rate: int, vowels: Sequence[tuple[int, int, int]], pauses: Sequence[tuple[int, int, int]]
) -> tuple[Samples, list[Span]]:
    """Hold each voiced span that is too short by repeating its periods, and make each pause as long as it is to be. Both are
    given by first sample, last sample and how many they are to have: at least for vowels, exactly for pauses.

    Returns the samples [n + added] and what was added where: [(before which sample, how many), ...] in order; less than
    none where a pause was cut.
    """
    pieces, added, done = [], [], 0
    for start, end, wanted, pause in sorted([*((*v, False) for v in vowels), *((*p, True) for p in pauses)]):
        if pause:
            count = wanted - (end - start)
            cut, more = (start + end + min(count, 0)) // 2, np.zeros(max(count, 0), np.float32)
        else:
            cut, more = _held(samples, rate, max(start, done), end, wanted)
            count = len(more)
        if count:
            pieces += [samples[done:cut], more]
            added.append((cut, count))
            done = cut - min(count, 0)
    return np.concatenate([*pieces, samples[done:]]), added


def _held(samples: Samples, rate: int, start: int, end: int, least: int) -> tuple[int, Samples]:
    """Where to cut a voiced span and what to put there so that it lasts `least` samples (nothing if it does)."""
    nothing = np.zeros(0, np.float32)
    period = _period(samples[max(start - rate // 100, 0) : end + rate // 100], rate)
    if end - start >= least or not period:
        return start, nothing
    # Cut where the wave is flattest, between two strokes of the voice.
    low = max(start, (start + end - period) // 2, period)
    around = np.abs(samples[low : low + period + 8])
    if len(around) < period + 8:
        return start, nothing
    cut = low + int(np.argmin(np.convolve(around, np.ones(8), "valid"))) + 4
    loop = samples[cut - period : cut].copy()
    after = samples[cut : cut + period // 3]
    blend = np.linspace(0, 1, len(after), dtype=np.float32)
    loop[: len(after)] = loop[: len(after)] * blend + after * (1 - blend)
    return cut, np.tile(loop, round((least - (end - start)) / period))


def _period(samples: Samples, rate: int) -> int:
    """The voice's period in samples between 80 and 450 Hz, 0 where none is clear."""
    longest, shortest = rate // 80, rate // 450
    if len(samples) < 2 * shortest:
        return 0
    centred = samples - samples.mean()
    echo = np.correlate(centred, centred, "full")[len(samples) - 1 :]
    lags = echo[shortest : min(longest, len(samples) * 2 // 3)]
    if not len(lags) or lags.max() < 0.3 * echo[0] or echo[0] == 0:
        return 0
    return shortest + int(np.argmax(lags))
