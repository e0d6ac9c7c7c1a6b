"""The sounds crossreel's music is made of, the loop they are laid in, and its mastering.

Everything is made here, by numpy: no sample, no recording, no model. Pitched sounds are sums of partials below the
Nyquist frequency, so nothing aliases; reverb, echo and filters run around the loop, so its end flows into its start.
Noise is seeded by name: the same code gives the same samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

Wave = npt.NDArray[np.float32]  # [n] mono or [2, n] stereo

RATE = 48_000
LOUDNESS, CEILING = -16.0, -1.5  # LUFS, dBTP
VOICING_LOW, VOICING_HIGH = 55, 72  # MIDI: where chords are set


# ---- pitch


def hertz(midi: float) -> float:
    return float(440.0 * 2 ** ((midi - 69) / 12))


def chord(name: str, near: Sequence[int] = ()) -> tuple[int, ...]:
    """MIDI notes of a chord such as "Ebmaj9", set as close to the one before as it can be."""
    root, kind = (name[:2], name[2:]) if name[1:2] in ("b", "#") else (name[:1], name[1:])
    steps = {
        "": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "m7": (0, 3, 7, 10), "add9": (0, 2, 4, 7),
        "maj9": (4, 7, 11, 14), "m9": (3, 7, 10, 14), "9sus": (5, 7, 10, 14), "sus4": (0, 5, 7),
    }[kind]  # fmt: skip
    tones = sorted((pitch(root) + s) % 12 for s in steps)
    settings = []
    for turn in range(len(tones)):
        notes, low = [], VOICING_LOW
        for tone in tones[turn:] + tones[:turn]:
            low += (tone - low) % 12
            notes.append(low)
        settings.append(tuple(notes))
    centre = (VOICING_LOW + VOICING_HIGH) / 2

    def distance(notes: tuple[int, ...]) -> float:
        moved = sum(min(abs(n - m) for m in near) for n in notes) if near else 0
        return moved + abs(sum(notes) / len(notes) - centre)

    return min(settings, key=distance)


def pitch(name: str) -> int:
    """Pitch class of a note name, 0 for C."""
    return ("C.D.EF.G.A.B".index(name[0]) + name.count("#") - name[1:].count("b")) % 12


# ---- sounds


def seconds(t: float) -> npt.NDArray[np.float64]:
    return np.arange(int(t * RATE)) / RATE


def noise(name: str, n: int) -> Wave:
    return np.random.default_rng(list(name.encode())).standard_normal(n).astype(np.float32)


def band(x: Wave, low: float = 0.0, high: float = 0.0, order: int = 2) -> Wave:
    """Keep low..high Hz (0: no limit). Around the ends: what rings over the end comes in at the start."""
    spectrum = np.fft.rfft(x)
    f = np.fft.rfftfreq(x.shape[-1], 1 / RATE) + 1e-9
    gain = np.ones_like(f)
    if low:
        gain /= np.sqrt(1 + (low / f) ** (2 * order))
    if high:
        gain /= np.sqrt(1 + (f / high) ** (2 * order))
    return np.fft.irfft(spectrum * gain, x.shape[-1]).astype(np.float32)


def shaped(x: npt.NDArray[np.float64], attack: float, release: float) -> Wave:
    """Ease a sound in and out: no click at either end."""
    rise, fall = max(1, int(attack * RATE)), max(1, int(release * RATE))
    x[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)[: len(x)]
    x[-fall:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fall) / fall)[-len(x) :]
    return x.astype(np.float32)


def partials(f: float, length: float, parts: Sequence[tuple[float, float, float]]) -> npt.NDArray[np.float64]:
    """Sum of (ratio, amplitude, decay a second) sines, those above 16 kHz left out."""
    t = seconds(length)
    out = np.zeros(len(t))
    for k, (ratio, amplitude, decay) in enumerate(parts):
        if f * ratio < 16_000:
            out += amplitude * np.exp(-decay * t) * np.sin(2 * np.pi * f * ratio * t + 2.4 * k)
    return out


@cache
def pluck(midi: int, bright: float) -> Wave:
    """A muted string, picked at a fifth of its length; high partials die first."""
    f = hertz(midi)
    parts = [
        (k * (1 + 4e-5 * k * k) ** 0.5, abs(np.sin(np.pi * k / 5.2)) * k ** (-1.25 + 0.5 * bright), 3.2 + 0.55 * k) for k in range(1, 22)
    ]
    body = 0.35 * partials(f, 0.9, [(1, 1, 7)])
    return shaped(partials(f, 0.9, parts) + body, 0.002, 0.2) * 0.6


@cache
def bell(midi: int, bright: float) -> Wave:
    """A soft mallet on a metal bar."""
    parts = [(1, 1, 2.6), (2.0, 0.12, 4), (2.76, 0.28 * bright, 6), (5.4, 0.16 * bright, 11), (8.93, 0.06 * bright, 20)]
    return shaped(partials(hertz(midi), 1.8, parts), 0.002, 0.4) * 0.5


@cache
def keys(midi: int, length: float, hard: float) -> Wave:
    """An electric piano: one sine modulates another less and less, with a tine on top."""
    f, t = hertz(midi), seconds(length + 0.25)
    index = hard * (0.35 + 1.6 * np.exp(-2.6 * t)) * min(1.0, 330 / f)
    tone = np.sin(2 * np.pi * f * t + index * np.sin(2 * np.pi * f * t)) + 0.22 * np.sin(4 * np.pi * f * t) * np.exp(-2.5 * t)
    tine = 0.22 * hard * np.sin(2 * np.pi * f * 7.02 * t) * np.exp(-14 * t) if f * 7 < 9000 else 0.0
    return shaped((tone + tine) * np.exp(-0.9 * t * (f / 260) ** 0.4), 0.004, 0.24) * 0.42


@cache
def stab(midi: int, length: float, hard: float) -> Wave:
    """A bright upright piano, damped: stiff strings in pairs, a little out of tune with each other."""
    f, out = hertz(midi), np.zeros(int((length + 0.12) * RATE))
    for cents in (-2.5, 2.5):
        parts = [(k * (1 + 3.5e-4 * k * k) ** 0.5, k ** (-1.5 + 0.6 * hard), 1.5 + 0.55 * k) for k in range(1, 19)]
        out += partials(f * 2 ** (cents / 1200), length + 0.12, parts)[: len(out)]
    return shaped(out, 0.002, 0.11) * 0.4


@cache
def pad(midi: int, length: float) -> Wave:
    """Five slow saws, each a few cents off and somewhere else between the ears. Stereo."""
    f, t = hertz(midi), seconds(length + 0.9)
    out = np.zeros((2, len(t)))
    for voice, cents in enumerate((-9, -4, 0, 5, 8)):
        top = int(min(24, 6000 / f))
        wave = sum(
            np.sin(2 * np.pi * k * f * 2 ** (cents / 1200) * t + voice * 1.7 * k) / k**1.1 * np.exp(-((k * f / 2600) ** 1.5))
            for k in range(1, top + 1)
        )
        side = voice / 4
        out += np.stack([np.cos(side * np.pi / 2) * wave, np.sin(side * np.pi / 2) * wave])
    return np.stack([shaped(ear, 0.35, 0.9) for ear in out]) * np.float32(0.16)


@cache
def harp(midi: int, bright: float) -> Wave:
    """A long gut string, plucked near its middle: even partials are weak, all ring."""
    f = hertz(midi)
    parts = [(k, (0.35 if k % 2 == 0 else 1.0) * k ** (-1.7 + 0.5 * bright), 1.1 + 0.5 * k) for k in range(1, 14)]
    return shaped(partials(f, 2.2, parts), 0.003, 0.9) * 0.5


@cache
def marimba(midi: int, hard: float) -> Wave:
    """A wooden bar over its pipe: the bar's second tone is two octaves up, and short."""
    f = hertz(midi)
    knock = band(noise(f"marimba{midi}", int(0.5 * RATE)), 600, 2600) * np.exp(-260 * seconds(0.5))
    return shaped(partials(f, 0.5, [(1, 1, 9), (3.93, 0.3 * hard, 28), (9.6, 0.1 * hard, 60)]) + 0.25 * hard * knock, 0.001, 0.15) * 0.55


@cache
def pizzicato(midi: int, length: float) -> Wave:
    """A bowed instrument's string, plucked with the finger: soft, quickly gone, three players not quite together."""
    f, out = hertz(midi), np.zeros(int(length * RATE))
    for cents, late in ((-6, 0.0), (1, 0.004), (7, 0.009)):
        parts = [(k, k**-1.5, 6 + 1.8 * k) for k in range(1, 12)]
        player = partials(f * 2 ** (cents / 1200), length, parts)
        out[int(late * RATE) :] += player[: len(out) - int(late * RATE)]
    return shaped(out, 0.002, length / 3) * 0.4


@cache
def whistle(midi: int, length: float) -> Wave:
    """Lips: nearly a sine, with a vibrato that comes late, and breath around it."""
    f, t = hertz(midi), seconds(length + 0.05)
    bend = 0.006 * np.minimum(1, t / 0.3) * np.sin(2 * np.pi * 5.4 * t) - 0.02 * np.exp(-t / 0.03)
    phase = 2 * np.pi * f * np.cumsum(1 + bend) / RATE
    breath = band(noise(f"whistle{midi}", len(t)), f / 1.15, f * 1.15) * 0.25
    return shaped(np.sin(phase) + 0.05 * np.sin(2 * phase) + breath, 0.035, 0.07) * 0.3


@cache
def block(which: int) -> Wave:
    """A small wooden block, hit; two of them, a fourth apart."""
    t, f = seconds(0.14), (880.0, 1175.0)[which % 2]
    tone = np.sin(2 * np.pi * f * t) + 0.5 * np.sin(2 * np.pi * 2.42 * f * t) * np.exp(-40 * t)
    return shaped(tone * np.exp(-48 * t), 0.0008, 0.05) * 0.4


@cache
def bass(midi: int, length: float, bright: float) -> Wave:
    """A round bass: a saw that closes quickly over a sine that stays."""
    f = hertz(midi)
    saw = partials(f, length + 0.06, [(k, k**-0.9, 1.5 + (1.9 - 1.1 * bright) * k) for k in range(1, 16)])
    sub = partials(f, length + 0.06, [(1, 0.35, 0.6)])
    return shaped(np.tanh(0.9 * (saw + sub)), 0.005, 0.06) * 0.6


@cache
def kick(punch: float) -> Wave:
    t = seconds(0.34)
    phase = 2 * np.pi * (47 * t + 100 / 34 * (1 - np.exp(-34 * t)))
    click = band(noise("kick", len(t)), 800, 5000) * np.exp(-220 * t)
    return shaped(np.sin(phase) * np.exp(-9 * t) + 0.12 * punch * click, 0.001, 0.08)


@cache
def clap(which: int) -> Wave:
    """Hands, a few, not quite together; different ones in each ear. Stereo."""
    t = seconds(0.3)
    ears = []
    for ear in "LR":
        hit = sum(np.where(t >= d, np.exp(-150 * np.maximum(t - d, 0)), 0) for d in (0.0, 0.0105, 0.0195)) + 1.2 * np.where(
            t >= 0.027, np.exp(-24 * np.maximum(t - 0.027, 0)), 0
        )
        ears.append(shaped(band(noise(f"clap{which}{ear}", len(t)), 950, 3800) * hit, 0.0005, 0.1))
    return np.stack(ears) * np.float32(0.42)


@cache
def hat(which: int, length: float) -> Wave:
    t = seconds(length)
    return shaped(band(noise(f"hat{which}", len(t)), 7500, 15000, 3) * np.exp(-t * 4.2 / length), 0.0005, length / 3) * 0.34


@cache
def shaker(which: int) -> Wave:
    t = seconds(0.13)
    return shaped(band(noise(f"shaker{which}", len(t)), 4800, 11000) * np.exp(-(((t - 0.03) / 0.022) ** 2)), 0.004, 0.03) * 0.3


@cache
def snap(which: int) -> Wave:
    t = seconds(0.16)
    return shaped(band(noise(f"snap{which}", len(t)), 1700, 3300, 3) * (np.exp(-75 * t) + 0.15 * np.exp(-20 * t)), 0.0008, 0.06) * 0.55


@cache
def sweep(length: float) -> Wave:
    """Noise that opens from dark to bright: what leads into a part. Stereo."""
    t = seconds(length)
    steps = np.geomspace(300, 9000, 9)
    ears = []
    for ear in "LR":
        x, place = noise(f"sweep{ear}", len(t)), t / length * (len(steps) - 1)
        out = sum(band(x, f / 1.5, f * 1.5) * np.maximum(0, 1 - np.abs(place - i)) for i, f in enumerate(steps))
        ears.append(shaped(out * (t / length) ** 2.2, 0.05, 0.02))
    return np.stack(ears) * np.float32(0.3)


# ---- the loop


def smooth(n: float) -> int:
    """The nearest whole number without a prime factor above 7: transforms of that length are quick."""
    powers = (2**a * 3**b * 5**c * 7**d for a in range(23) for b in range(14) for c in range(9) for d in range(8))
    return min(powers, key=lambda p: abs(p - n))


class Loop:
    """Buses of one length in beats; what is put near the end rings on at the start."""

    def __init__(self, bpm: float, bars: int, swing: float = 0.0) -> None:
        self.swing = swing
        self.n = smooth(bars * 4 * 60 / bpm * RATE)
        self.beat = self.n / (4 * bars)  # samples
        self.buses: dict[str, Wave] = {}
        self._human = np.random.default_rng(bars)

    def put(self, bus: str, beat: float, sound: Wave, gain: float, pan: float = 0.0, human: float = 0.004) -> None:
        """Lay a sound at a beat; pan -1..1. Late off-beat sixteenths swing; `human` is how far it strays, in seconds."""
        lane = self.buses.setdefault(bus, np.zeros((2, self.n), np.float32))
        late = self.swing * 0.25 if round(beat * 4) % 2 else 0.0
        start = round((beat + late) * self.beat + self._human.normal(0, human) * RATE * 0.6) % self.n
        gain *= float(1 + self._human.normal(0, 0.04))
        ears = (
            sound if sound.ndim == 2 else np.stack([sound * np.cos((pan + 1) * np.pi / 4), sound * np.sin((pan + 1) * np.pi / 4)]) * 1.414
        )
        first = min(ears.shape[1], self.n - start)
        lane[:, start : start + first] += gain * ears[:, :first]
        if first < ears.shape[1]:
            lane[:, : ears.shape[1] - first] += gain * ears[:, first:]

    def duck(self, bus: str, beats: Sequence[float], depth: float, back: float) -> None:
        """Press a bus down at each of the beats; it comes back within `back` seconds, as under a compressor."""
        t = np.arange(self.n) / RATE
        hits = np.sort(np.array(beats) * self.beat / RATE)
        hits = np.concatenate([[hits[-1] - self.n / RATE], hits])
        since = t - hits[np.searchsorted(hits, t, side="right") - 1]
        gain = 1 - depth * np.exp(-since / back * 2) * np.minimum(1, since / 0.006)
        self.buses[bus] = (self.buses[bus] * gain).astype(np.float32)

    def echo(self, bus: str, beats: float, level: float) -> Wave:
        """The bus's echoes alone, from ear to ear, each darker."""
        step, out, x = round(beats * self.beat), np.zeros((2, self.n), np.float32), self.buses[bus]
        for k in range(1, 5):
            x = band(x[::-1], 250, 5200 - 800 * k, 1)
            out += level**k * np.roll(x, k * step, axis=1)
        return out


def reverb(x: Wave, decay: float, name: str) -> Wave:
    """A room of noise that dies by 60 dB in `decay` seconds, the highs sooner, convolved around the loop. Stereo."""
    t = seconds(min(decay * 1.2, x.shape[1] / RATE))
    response = np.zeros((2, x.shape[1]))
    for ear in range(2):
        for low, high, faster in ((180, 900, 1.0), (900, 3500, 1.25), (3500, 9000, 2.0)):
            tail = band(noise(f"{name}{ear}{low}", len(t)), low, high) * np.exp(-6.9 * faster * t / decay)
            response[ear, : len(t)] += tail * np.minimum(1, t / 0.012)
    response = np.roll(response, int(0.018 * RATE), axis=1)
    response /= np.sqrt((response**2).sum(axis=1, keepdims=True))
    return np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(response), x.shape[1]).astype(np.float32)


# ---- mastering


def k_weighted(x: Wave) -> Wave:
    """ITU-R BS.1770: a shelf for the head and a high pass, by their published coefficients for 48 kHz."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(x.shape[1]))
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (1 - 1.69065929318241 * z + 0.73248077421585 * z**2)
    rumble = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.fft.irfft(np.fft.rfft(x) * shelf * rumble, x.shape[1]).astype(np.float32)


def lufs(x: Wave) -> float:
    """Integrated loudness, gated at -70 LUFS and 10 LU under the mean."""
    square = (k_weighted(x) ** 2).sum(axis=0)
    total = np.concatenate([[0.0], np.cumsum(square, dtype=np.float64)])
    block, hop = int(0.4 * RATE), int(0.1 * RATE)
    starts = np.arange(0, max(1, len(square) - block + 1), hop)
    power = (total[np.minimum(starts + block, len(square))] - total[starts]) / block
    power = power[power > 10 ** ((-70 + 0.691) / 10)]
    return float(-0.691 + 10 * np.log10(power[power > power.mean() / 10].mean()))


def peaks(x: Wave) -> Wave:
    """The true peak at each sample: the highest of it and three points between it and the next."""
    spectrum, f = np.fft.rfft(x), np.fft.rfftfreq(x.shape[1])
    highest = np.abs(x).max(axis=0)
    for shift in (0.25, 0.5, 0.75):
        between = np.fft.irfft(spectrum * np.exp(2j * np.pi * f * shift), x.shape[1])
        highest = np.maximum(highest, np.abs(between).max(axis=0).astype(np.float32))
    return highest


def limited(x: Wave, ceiling: float) -> Wave:
    """Turn down 5 ms ahead of each true peak over the ceiling, smoothly, around the loop."""
    gain = np.minimum(1, ceiling / np.maximum(peaks(x), 1e-9))
    for k in range(9):  # the lowest of the 512 samples around
        gain = np.minimum(gain, np.roll(gain, 2**k))
    gain = np.roll(gain, -256)
    window = np.zeros(len(gain))
    window[:481] = np.hanning(481)
    smooth = np.fft.irfft(np.fft.rfft(gain) * np.fft.rfft(np.roll(window / window.sum(), -240)), len(gain))
    return (x * smooth).astype(np.float32)


def mastered(x: Wave) -> Wave:
    """Clear the rumble, leave room for speech, glue by a soft curve, then bring to LOUDNESS below CEILING."""
    spectrum, f = np.fft.rfft(x), np.fft.rfftfreq(x.shape[1], 1 / RATE) + 1e-9
    curve = 1 / np.sqrt(1 + (34 / f) ** 6)
    curve *= 10 ** (-2.0 / 20 * np.exp(-((np.log2(f / 2500) / 0.9) ** 2)))
    curve *= 10 ** (4.0 / 20 / (1 + (1200 / f) ** 2)) * 10 ** (-2.5 / 20 / (1 + (f / 90) ** 2))
    x = np.fft.irfft(spectrum * curve, x.shape[1]).astype(np.float32)
    x *= 10 ** ((LOUDNESS - lufs(x)) / 20)
    x = (np.tanh(x * 1.1) / 1.1).astype(np.float32)
    for _ in range(3):
        x = limited(x * 10 ** ((LOUDNESS - lufs(x)) / 20), 10 ** ((CEILING - 0.4) / 20))
    return x
