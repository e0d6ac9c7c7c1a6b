"""Forced alignment without a model: a sound is warped onto espeak's speech of the same words, whose times are exact.

Both become mel-cepstra and their slopes, normalised so that neither the voice's nor the room's colour counts. The template's
frames are the states of a path through the sound: one may be held or left out at a price, and between two words there may be
silence, as long as it is quiet. After each pass the template is mapped nearer to the voice by a regression over the frames that
met. In the end each edge of a word goes to the greatest change of the spectrum nearby, which is where a person would mark it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from localize.voice import Samples
from localize.voice.polish import loudness
from localize.voice.timing.proportional import Hearing, Span, hearing

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HOP = 0.010  # s between frames; longer for sounds of more than MOST of them
MOST = 1500
WINDOW = 0.025  # s
BANDS, CEPSTRA = 26, 12
LOWEST, HIGHEST = 80.0, 7000.0  # Hz
FLOOR = 10**-4.5  # of a band's peak: what is softer differs from recording to recording
SLOPE = 3  # frames on each side over which a cepstrum's slope is taken
SLOPES = 0.8  # weight of the slopes against the cepstra

# Prices in units of the mean distance of unlike frames, about 1: found where a wide range around them gave the same.
HOLD, SKIP, LEAP, ENTER = 0.35, 0.5, 1.3, 2.0
LOUD = 2.5  # of taking a loud frame for silence
RAMP = 14.0  # dB from what is surely silence to what surely is none
LACK, SPARE = 0.05, 8.0  # a dB, beyond so many, that a frame is softer than the template's
PASSES = 3
FIRM = 5.0  # how strongly the regression holds to leaving the template as it is, in frames of a hundred

SNAP, SPREAD = 0.030, 0.020  # s an edge may move at most, and the deviation it is expected to have
CHANGE = 0.005  # s between the places an edge may move to
NEVER = 1e9


@dataclass(frozen=True)
class Template:
    """Speech whose times are known: mono samples [n], and each word's span in seconds (empty: it is not heard)."""

    samples: Samples
    rate: int
    words: Sequence[Span]


@dataclass(frozen=True)
class Aligned:
    """Where each word of the template is in the sound, in seconds (None for one that is not heard in the template).

    `cost` compares the path with the best one through the template played backwards: about 0.9 or less where the sound says
    the words, about 1 where it says something else; `speech` are the seconds of speech that it was judged by. `moments` are
    times in the template and `heard` the same in the sound.
    """

    words: list[Span | None]
    cost: float
    speech: float
    moments: Floats
    heard: Floats


def align(samples: Samples, rate: int, template: Template) -> Aligned:
    """Find a template's words in a mono sound [n]. Raises ValueError where there is no speech, or too little for the words."""
    hop = max(HOP, len(samples) / rate / MOST)
    hears = hearing(samples, rate, hop)
    said = sum(end - start for start, end in template.words)
    if not hears.speech.any() or said <= 0:
        raise ValueError("there is no speech to align")
    moments, owners = _grid(template.words, hop * said / (hears.speech.sum() * hop))
    if len(hears.speech) < 2 * len(set(owners.tolist())):
        raise ValueError("the sound is too short for its words")
    sound, known, lack = _features(samples, rate, hop, hears, template, moments)
    silence = 0.15 + LOUD * np.clip((hears.level - hears.silent) / RAMP, 0, 1)
    path, cost = _fit(sound, known, lack, silence, owners)
    # Backwards it has the same sounds, as long and as loud, in an order that nobody says.
    known = known[::-1] * np.repeat([1, -1], CEPSTRA)
    _, backwards = _fit(sound, known, lack[:, ::-1], silence, owners[::-1])
    words = _words(path, owners, hop, _changes(samples, rate), len(template.words), len(samples) / rate)
    met = np.flatnonzero(path >= 0)
    heard = _middles(len(path), hop)[met]
    return Aligned(words, cost / backwards, float(hears.speech.sum()) * hop, moments[path[met]], heard)


def _middles(count: int, hop: float) -> Floats:
    return np.asarray((np.arange(count) + 0.5) * hop, np.float64)


def _grid(words: Sequence[Span], step: float) -> tuple[Floats, Ints]:
    """The template's frames: their middles in seconds, about `step` apart so that it lasts as long as the sound, and whose they are."""
    moments, owners = [], []
    for k, (start, end) in enumerate(words):
        if end > start:
            count = max(2, round((end - start) / step))
            moments.append(start + (np.arange(count) + 0.5) * (end - start) / count)
            owners.append(np.full(count, k))
    return np.concatenate(moments), np.concatenate(owners)


# --- features ---


def _features(
    samples: Samples, rate: int, hop: float, hears: Hearing, template: Template, moments: Floats
) -> tuple[Floats, Floats, Floats]:
    """Of the sound [t, 2c] and the template [n, 2c]; and what it costs [t, n] that a frame of the sound is too soft."""
    level, speech = hears.level, hears.speech
    high = min(HIGHEST, 0.475 * rate, 0.475 * template.rate)
    heard = _bands(samples, rate, _middles(len(level), hop), high)
    known = _bands(template.samples, template.rate, moments, high)
    # The template is given the sound's balance of low and high, and its noise.
    peak = np.maximum(np.percentile(heard[speech], 95, axis=0), 1e-12)
    noise = heard[level <= np.percentile(level, 8)].mean(axis=0)
    known = known * (peak / np.maximum(np.percentile(known, 95, axis=0), 1e-12)) + noise
    heard_cepstra, known_cepstra = (_cepstra(np.log(power + peak * FLOOR)) for power in (heard, known))
    sound = _normalised(heard_cepstra, speech)
    pattern = _normalised(known_cepstra, np.ones(len(moments), np.bool_))
    own = loudness(template.samples, template.rate, hop=CHANGE)
    loud = np.interp(moments, _middles(len(own), CHANGE), own)
    top, least = np.percentile(level, 95), hears.silent - np.percentile(level, 95)
    loud, soft = np.maximum(loud - np.percentile(loud, 95), least), np.maximum(level - top, least)
    return sound, pattern, LACK * np.clip(loud[None] - soft[:, None] - SPARE, 0, 20)


def _bands(samples: Samples, rate: int, centres: Floats, high: float, window: float = WINDOW) -> Floats:
    """Power in mel bands up to `high` Hz [frames, BANDS] around centres in seconds."""
    width = max(round(window * rate), 8)
    size = 1 << max((width - 1).bit_length(), (rate // 40).bit_length())
    padded = np.pad(samples.astype(np.float64) - samples.mean(), width)
    starts = np.clip(np.round(centres * rate).astype(int) + width - width // 2, 0, len(padded) - width)
    frames = padded[starts[:, None] + np.arange(width)] * np.hanning(width)
    power = np.abs(np.fft.rfft(frames, size)) ** 2 / width
    ends = 2595 * np.log10(1 + np.array([LOWEST, high]) / 700)
    edges = (700 * (10 ** (np.linspace(ends[0], ends[1], BANDS + 2) / 2595) - 1))[:, None]
    hertz = np.fft.rfftfreq(size, 1 / rate)[None]
    rise, fall = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2]), (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    bank = np.maximum(0, np.minimum(rise, fall))
    return np.asarray(power @ (bank / bank.sum(axis=1, keepdims=True)).T)


def _cepstra(logs: Floats) -> Floats:
    waves = np.cos(np.pi * np.arange(CEPSTRA)[:, None] * (np.arange(BANDS) + 0.5) / BANDS)
    return np.asarray(logs @ waves.T)


def _normalised(cepstra: Floats, speech: npt.NDArray[np.bool_]) -> Floats:
    """Cepstra and their slopes [n, 2 * CEPSTRA], each with the mean 0 and the deviation 1 over speech."""
    padded = np.pad(cepstra, ((SLOPE, SLOPE), (0, 0)), mode="edge")
    slopes = sum((k - SLOPE) * padded[k : k + len(cepstra)] for k in range(2 * SLOPE + 1))
    scale = np.maximum(cepstra[speech].std(axis=0), 1e-6), np.maximum(np.std(slopes[speech], axis=0), 1e-6)  # type: ignore[index]
    return np.hstack([(cepstra - cepstra[speech].mean(axis=0)) / scale[0], SLOPES * slopes / scale[1]])


# --- the path ---


def _fit(sound: Floats, known: Floats, lack: Floats, silence: Floats, owners: Ints) -> tuple[Ints, float]:
    """The template's frame at each frame of the sound (-1: silence), and the mean distance where something is said."""
    frames, sources, prices = _graph(owners)
    spoken = frames >= 0
    costs = np.repeat(silence[:, None], len(frames), axis=1)
    ones = np.ones((len(known), 1))
    near = known
    for turn in range(PASSES):
        squares = (sound**2).sum(axis=1)[:, None] + (near**2).sum(axis=1) - 2 * sound @ near.T
        costs[:, spoken] = np.sqrt(np.maximum(squares, 0) / sound.shape[1]) + lack
        states = _cheapest(costs, sources, prices)
        met = spoken[states]
        if turn < PASSES - 1 and met.any():
            given, wanted = np.hstack([known, ones])[frames[states[met]]], sound[met]
            weight = np.diag([*[FIRM * len(given) / 100] * known.shape[1], 1e-3])
            change = np.linalg.solve(given.T @ given + weight, given.T @ (wanted - given[:, :-1]))
            near = known + np.hstack([known, ones]) @ change
    if not met.any():
        raise ValueError("nothing of the words was found")
    return frames[states], float(costs[np.arange(len(states)), states][met].mean())


def _graph(owners: Ints) -> tuple[Ints, Ints, Floats]:
    """The states: each frame of the template (-1: a silence around words), and from where [6, n] it is reached at what price."""
    frames: list[int] = []
    for k, owner in enumerate(owners):
        if k == 0 or owner != owners[k - 1]:
            frames.append(-1)
        frames.append(k)
    frames.append(-1)
    place = {frame: state for state, frame in enumerate(frames) if frame >= 0}
    order = np.cumsum(np.concatenate([[0], np.diff(owners) != 0]))
    sources, prices = np.zeros((6, len(frames)), np.int64), np.full((6, len(frames)), NEVER)
    for state, frame in enumerate(frames):
        if frame < 0:
            last = frames[state - 1] if state else -1
            ways = [(state, 0.0), *((place[f], ENTER + p) for f, p in ((last, 0.0), (last - 1, SKIP)) if f >= 0)]
        else:
            # No more may be left out than a part of a word: each is heard somewhere.
            back = [
                (frame - n, price) for n, price in ((1, 0.0), (2, SKIP), (3, LEAP)) if frame >= n and order[frame] - order[frame - n] < 2
            ]
            ways = [(state, HOLD), *((place[f], price) for f, price in back)]
            ways += [(state - n, price) for n, price in ((1, 0.0), (2, SKIP)) if state >= n and frames[state - n] < 0]
        for k, (source, price) in enumerate(ways):
            sources[k, state], prices[k, state] = source, price
    return np.array(frames), sources, prices


def _cheapest(costs: Floats, sources: Ints, prices: Floats) -> Ints:
    """The states [t] of the cheapest way from the first silence or word to the last, through costs [t, n]."""
    count, size = costs.shape
    states = np.arange(size)
    backs = np.zeros((count, size), np.int8)
    total = np.full(size, NEVER)
    total[:3] = costs[0, :3]
    for t in range(1, count):
        ways = total[sources] + prices
        backs[t] = ways.argmin(axis=0)
        total = ways[backs[t], states] + costs[t]
    state = size - 1 - int(total[-1] > total[-2])
    if total[state] >= NEVER:
        raise ValueError("the sound is too short for its words")
    path = np.zeros(count, np.int64)
    for t in range(count - 1, -1, -1):
        path[t] = state
        state = sources[backs[t, state], state]
    return path


# --- edges ---


def _changes(samples: Samples, rate: int) -> Floats:
    """How much the spectrum changes at each multiple of CHANGE: between the 15 ms before it and after it."""
    count = int(len(samples) / rate / CHANGE) + 1
    power = _bands(samples, rate, _middles(count, CHANGE) - CHANGE / 2, min(HIGHEST, 0.475 * rate), 0.016)
    cepstra = _cepstra(np.log(power + np.maximum(np.percentile(power, 95, axis=0), 1e-12) * FLOOR))
    padded = np.pad(cepstra, ((3, 3), (0, 0)), mode="edge")
    before, after = (sum(padded[k : k + count] for k in part) for part in (range(3), range(4, 7)))
    return np.asarray(np.sqrt(np.square(after - before).sum(axis=1)))


def _snapped(edge: float, changes: Floats) -> float:
    """The place of the greatest change near an edge; far ones must be greater."""
    low, high = max(0, round((edge - SNAP) / CHANGE)), min(len(changes), round((edge + SNAP) / CHANGE) + 1)
    if low >= high:
        return edge
    away = np.arange(low, high) * CHANGE - edge
    return float((low + np.argmax(changes[low:high] * np.exp(-0.5 * (away / SPREAD) ** 2))) * CHANGE)


def _words(path: Ints, owners: Ints, hop: float, changes: Floats, count: int, duration: float) -> list[Span | None]:
    """The words' times from the path, in order and within the sound."""
    said = np.where(path >= 0, owners[path], -1)
    words: list[Span | None] = [None] * count
    now = 0.0
    for k in range(count):
        at = np.flatnonzero(said == k)
        if len(at):
            start = min(max(_snapped(at[0] * hop, changes), now), duration)
            now = min(max(_snapped((at[-1] + 1) * hop, changes), start), duration)
            words[k] = (start, now)
    return words
