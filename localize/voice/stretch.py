"""A sound made to last longer or shorter at the same pitch, with its times: how speech is fitted to a pace or a slot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from localize.pace import FASTEST
from localize.voice import Samples, Sound

# Above FASTEST words run together; below SLOWEST the stretched vowels sound drunk.
SLOWEST = 0.9
INAUDIBLE = 0.01  # a change of tempo smaller than this is not worth a pass through a stretcher


def within(tempo: float) -> float:
    """The tempo nearest to the one asked for that still sounds like a person."""
    return min(max(tempo, SLOWEST), FASTEST)


def stretched(sound: Sound, tempo: float) -> Sound:
    """The sound `tempo` times as fast (1.1 is a tenth shorter), pitch kept; its words and mouths move with it.

    Raises ValueError for a tempo outside SLOWEST..FASTEST.
    """
    if not SLOWEST <= tempo <= FASTEST:
        raise ValueError(f"a tempo lies within {SLOWEST}..{FASTEST}, not {tempo:g}")
    if abs(tempo - 1) < INAUDIBLE or not len(sound.samples):
        return sound
    samples = _at_tempo(sound.samples, sound.rate, tempo)
    end = len(samples) / sound.rate

    def moved(time: float) -> float:
        return min(time / tempo, end)

    words = tuple(w.model_copy(update={"start": moved(w.start), "end": moved(w.end)}) for w in sound.words)
    mouths = [m.model_copy(update={"start": moved(m.start), "end": moved(m.end)}) for m in sound.mouths]
    if mouths:
        mouths[-1] = mouths[-1].model_copy(update={"end": end})
    return replace(sound, samples=samples, words=words, mouths=tuple(mouths))


def _at_tempo(samples: Samples, rate: int, tempo: float) -> Samples:
    from python_stretch.Signalsmith import Stretch  # loaded only where something is stretched

    stretch = Stretch()
    stretch.preset(1, float(rate))
    stretch.setTimeFactor(tempo)
    # Its windows reach back and ahead: silence on both sides, and what comes out of that is cut away again.
    before, wanted = stretch.inputLatency() + stretch.outputLatency(), round(len(samples) / tempo)
    padded = np.concatenate([np.zeros(before, np.float32), samples.astype(np.float32), np.zeros(before, np.float32)])
    made: Samples = np.asarray(stretch.process(padded[None, :]), np.float32)[0]
    start = round(before / tempo)
    out = np.zeros(wanted, np.float32)
    piece = made[start : start + wanted]
    out[: len(piece)] = piece
    return out
