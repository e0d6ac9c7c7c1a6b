"""Where somebody speaks in a long sound, found in blocks of seconds: what is heard is never in memory as a whole.

Frames of 10 ms count as speech where a detector of voices says so and they are loud enough for the seconds around them. The
detector is Silero's where faster-whisper is installed, which brings it; else WebRTC's, which takes most music for voices: stretches
of tones that are held are left out after it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import numpy as np
import numpy.typing as npt

from localize.media.mapped import let_go

Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.float32]
Span = tuple[float, float]
How = Literal["auto", "silero", "webrtc"]

RATE = 16_000  # Hz of all that is heard here
FRAME = 160  # samples: 10 ms
BLOCK = 30 * RATE  # samples that are looked at together
LEAD = RATE  # samples before a block, in which a detector finds its state
AROUND = 10  # s before and after a moment by which its noise and its loud parts are judged
NOISE, RANGE, LEAST = 6.0, 34.0, 12.0  # dB: over the noise, under the loud parts, and at least so far under them, is silence
AUDIBLE = -65.0  # dBFS: where the loud parts are softer, nobody is heard
SURE, LIKELY = 0.5, 0.35  # Silero's probability from which speech begins, and to which it lasts
PAUSE = 0.30  # s: shorter silences are part of speech
SHORTEST = 0.12  # s of voice below which it was a click
EDGE = 0.15  # s by which a stretch may grow over soft sounds that are loud enough
# The share of the power that tones held for 0.13 s have, in the median of 3 s: speech of 27 recordings 0.13 at most, the shipped
# music 0.59 and more. Speech 10 dB over music is between.
MUSIC = 0.5
WINDOW = 3.0  # s in which stretches are judged
TONE, STEP, HELD = 2048, 512, 4  # samples of a spectrum and between two, and how many of them a tone is held through
MOVES = 6.0  # dB at least that the level of a voice changes by in a window: noise does by less


@dataclass(frozen=True)
class Activity:
    """Where somebody speaks in a sound of `seconds`: stretches in order, without overlap. `sure` is the share of their frames that
    the detector (`method`) calls a voice, 0 without a stretch; `music` and `other` are the seconds of sound that is none."""

    stretches: tuple[Span, ...]
    seconds: float
    sure: float
    music: float
    other: float
    method: str

    @property
    def speech(self) -> float:
        """Seconds of speech."""
        return sum(end - start for start, end in self.stretches)


def stretches(heard: Samples) -> list[Span]:
    """From when to when somebody speaks in mono sound [n] at 16 kHz, in seconds; a memmap will do."""
    return list(listen(heard).stretches)


def detector(how: How = "auto") -> Literal["silero", "webrtc"]:
    """What finds speech on this machine: the better one where it is installed."""
    return "silero" if how != "webrtc" and find_spec("faster_whisper") and find_spec("onnxruntime") else "webrtc"


def listen(heard: Samples, how: How = "auto", *, pause: float = PAUSE) -> Activity:
    """The same with how sure it is, and what else is heard. Silences shorter than `pause` are part of speech."""
    method = detector(how)
    level = _levels(heard)
    gate, top = _gate(level)
    loud = (level > gate) & (top > AUDIBLE)
    if not loud.any():
        return Activity((), len(heard) / RATE, 0.0, 0.0, 0.0, method)
    gain = np.float32(10 ** (min(-20.0 - float(np.percentile(level[loud], 90)), 30.0) / 20))
    voices = (_silero if method == "silero" else _webrtc)(heard, gain, len(level)) & loud
    if method == "webrtc":
        _leave_out_what_is_no_voice(voices, heard, level)
    kept = [run for run in _bridged(voices, pause) if voices[slice(*run)].sum() * FRAME >= SHORTEST * RATE]
    spoken = _apart([_grown(run, loud) for run in kept])
    frames = np.zeros(len(level), np.bool_)
    for start, end in spoken:
        frames[start:end] = True
    rest = loud & ~frames
    seconds = float(rest.sum()) * FRAME / RATE
    music = seconds * _share_of_music(heard, rest)
    found = tuple((start * FRAME / RATE, min(end * FRAME, len(heard)) / RATE) for start, end in spoken)
    sure = float(voices[frames].mean()) if frames.any() else 0.0
    return Activity(found, len(heard) / RATE, sure, music, seconds - music, method)


def _leave_out_what_is_no_voice(voices: Mask, heard: Samples, level: Levels) -> None:
    """Takes from the frames of voices those of held tones, and whole windows of music or of a level that hardly changes."""
    for start, end in _bridged(voices):
        tonal = _tonal(heard, (start, end))
        voices[start:end] &= tonal < MUSIC
        for a, b in _in_windows([(start, end)]):
            strong = level[a:b] > np.percentile(level[a:b], 90) - 12
            steady = b - a >= RATE // FRAME and np.ptp(np.percentile(level[a:b], (5, 95))) < MOVES
            if steady or np.median(tonal[a - start : b - start][strong]) > MUSIC:
                voices[a:b] = False


# ---- levels


def _levels(heard: Samples) -> Levels:
    """dBFS of each frame."""
    level = np.zeros(-(-len(heard) // FRAME), np.float32)
    for at in range(0, len(heard), BLOCK):
        block = np.asarray(heard[at : at + BLOCK], np.float32)
        whole = np.pad(block, (0, -len(block) % FRAME)).reshape(-1, FRAME)
        level[at // FRAME : at // FRAME + len(whole)] = 10 * np.log10(np.maximum(np.mean(whole**2, axis=1), 1e-12))
        let_go(heard)
    return level


def _gate(level: Levels) -> tuple[Levels, Levels]:
    """For each frame the level below which it is silence, and that of the loud parts, both of the seconds around it."""
    size = RATE // FRAME
    seconds = [level[at : at + size] for at in range(0, len(level), size)]
    soft = np.array([np.percentile(s, 10) for s in seconds], np.float32)
    high = np.array([np.percentile(s, 90) for s in seconds], np.float32)
    around = [slice(max(0, k - AROUND), k + AROUND + 1) for k in range(len(seconds))]
    floor, top = (np.array([pick(of[part]) for part in around], np.float32) for pick, of in ((np.min, soft), (np.max, high)))
    gate = np.maximum(np.minimum(floor + NOISE, top - LEAST), top - RANGE)
    return np.repeat(gate, size)[: len(level)], np.repeat(top, size)[: len(level)]


# ---- detectors


def _blocks(heard: Samples, gain: np.float32) -> Iterator[tuple[int, int, Samples]]:
    """Where each block begins, how much of what is before it comes with it, and both, amplified."""
    for at in range(0, len(heard), BLOCK):
        lead = min(LEAD, at)
        yield at, lead, np.clip(heard[at - lead : at + BLOCK] * gain, -1, 1)
        let_go(heard)


def _webrtc(heard: Samples, gain: np.float32, count: int) -> Mask:
    import webrtcvad

    found = np.zeros(count, np.bool_)
    for at, lead, sound in _blocks(heard, gain):
        detector = webrtcvad.Vad(2)
        pcm = np.pad((sound * 32767).astype("<i2"), (0, -len(sound) % FRAME)).tobytes()
        said = [detector.is_speech(pcm[k : k + 2 * FRAME], RATE) for k in range(0, len(pcm), 2 * FRAME)][lead // FRAME :]
        found[at // FRAME : at // FRAME + len(said)] = said
    return found


def _silero(heard: Samples, gain: np.float32, count: int) -> Mask:
    from faster_whisper.vad import get_vad_model

    model, size = get_vad_model(), 512
    found = np.zeros(count, np.bool_)
    for at, lead, sound in _blocks(heard, gain):
        chance = model(np.pad(sound, (0, -len(sound) % size))).reshape(-1)
        state, said = False, []
        for value in chance:
            state = bool(value >= (LIKELY if state else SURE))
            said.append(state)
        frames = np.array(said)[np.minimum((np.arange(-(-len(sound) // FRAME)) * FRAME + FRAME // 2) // size, len(said) - 1)]
        frames = frames[lead // FRAME :]
        found[at // FRAME : at // FRAME + len(frames)] = frames
    return found


# ---- stretches, in frames (from, to)


def _runs(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _bridged(mask: Mask, pause: float = PAUSE) -> list[tuple[int, int]]:
    """The runs, with those as one that a short silence parts."""
    joined: list[tuple[int, int]] = []
    for start, end in _runs(mask):
        if joined and (start - joined[-1][1]) * FRAME < pause * RATE:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _grown(run: tuple[int, int], loud: Mask) -> tuple[int, int]:
    """A run with the soft sounds right before and after it: detectors begin late at an s or f."""
    start, end = run
    most = round(EDGE * RATE / FRAME)
    while start > max(0, run[0] - most) and loud[start - 1]:
        start -= 1
    while end < min(len(loud), run[1] + most) and loud[end]:
        end += 1
    return start, end


def _in_windows(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    size = round(WINDOW * RATE / FRAME)
    return [(at, min(at + size, end)) for start, end in runs for at in range(start, end, size)]


def _apart(runs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs that grew into each other meet in the middle."""
    apart = list(runs)
    for k in range(1, len(apart)):
        (a, b), (c, d) = apart[k - 1], apart[k]
        if c < b:
            apart[k - 1], apart[k] = (a, (b + c) // 2), ((b + c) // 2, d)
    return apart


# ---- music


def _tonal(heard: Samples, run: tuple[int, int]) -> Levels:
    """For each frame of a run (from, to) the share of its power that held tones have. A voice glides; notes do not."""
    count = run[1] - run[0]
    found = np.zeros(count, np.float32)
    size = round(10 * RATE / FRAME)
    for at in range(0, count, size):
        first, last = run[0] + at, min(run[0] + at + size, run[1])
        share = _held(np.asarray(heard[max(0, first * FRAME - TONE // 2) : last * FRAME + TONE // 2], np.float32))
        if len(share):
            places = (np.arange(last - first) * FRAME + min(first * FRAME, TONE // 2) - TONE // 2) / STEP
            found[at : at + last - first] = np.interp(places, np.arange(len(share)), share)
        let_go(heard)
    return found


def _held(sound: Samples) -> Levels:
    """The share of held tones in the power of each spectrum, 60 to 4000 Hz."""
    starts = np.arange(0, len(sound) - TONE, STEP)
    if len(starts) < HELD:
        return np.zeros(0, np.float32)
    power = np.abs(np.fft.rfft(sound[starts[:, None] + np.arange(TONE)] * np.hanning(TONE).astype(np.float32)))[:, 8:512] ** 2
    level = 10 * np.log10(power + 1e-10)
    sums = np.cumsum(np.pad(level, ((0, 0), (11, 10)), mode="edge"), axis=1)
    around = (sums[:, 21:] - sums[:, :-21]) / 21
    peak = np.zeros(level.shape, np.bool_)
    inner = level[:, 1:-1]
    peak[:, 1:-1] = (inner >= level[:, :-2]) & (inner >= level[:, 2:])
    peak[:, : around.shape[1]] &= level[:, : around.shape[1]] - around > 6
    total = np.cumsum(np.pad(peak.astype(np.int32), ((1, 0), (0, 0))), axis=0)
    begun = total[HELD:] - total[:-HELD] >= HELD
    held = np.zeros(level.shape, np.bool_)
    for k in range(HELD):
        held[k : k + len(begun)] |= begun
    wide = np.pad(held, ((0, 0), (2, 2)))
    near = wide[:, :-4] | wide[:, 1:-3] | held | wide[:, 3:-1] | wide[:, 4:]
    return np.asarray((power * near).sum(axis=1) / (power.sum(axis=1) + 1e-9), np.float32)


def _share_of_music(heard: Samples, rest: Mask) -> float:
    """How much of what is heard and no speech is music, by up to twenty windows of it."""
    runs = [run for run in _in_windows(_bridged(rest)) if (run[1] - run[0]) * FRAME > RATE // 2]
    some = runs[:: max(1, len(runs) // 20)]
    if not some:
        return 0.0
    weights = [end - start for start, end in some]
    return sum(itertools.compress(weights, [float(np.median(_tonal(heard, run))) > MUSIC for run in some])) / sum(weights)
