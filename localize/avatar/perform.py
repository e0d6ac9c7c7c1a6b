"""From what is said to what the body does: gestures on their words, feelings, blinks and nods."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from localize.avatar.pose import BLINK, FRAME
from localize.domain import Feeling, Gesture, Mouth, Performance
from localize.timeline import Spoken

WAY = 0.5  # seconds from rest to a gesture's peak
LONGEST = 2.5  # seconds a gesture may last; pointing may last as long as what it points at is spoken of
LONGEST_POINT = 4.0
SHORTEST_HOLD = 0.9  # seconds from peak to end: less looks like a twitch
APART = 8.0  # seconds before the same gesture may come again, where another says the same
BUSY = 2 / 3  # the largest share of a clip in which hands are away from rest
OTHERS = {
    "welcome": ("open_hands", "wave"),
    "open_hands": ("welcome", "thumbs_up"),
    "wave": ("welcome", "open_hands"),
    "thumbs_up": ("open_hands",),
    "point_side": ("open_hands",),
}


def perform(spoken: Sequence[Spoken], mouths: Sequence[Mouth], duration: float, seed: int = 0) -> Performance:
    """What one host does over a clip of `duration` seconds, given the Lines it speaks and its lip-synced mouth track.

    The same inputs give the same Performance.
    """
    gestures = _gestures(spoken, duration)
    heads = _heads(mouths)
    return Performance(
        duration=duration,
        mouths=tuple(mouths),
        gestures=tuple(sorted((*gestures, *heads), key=lambda g: g.start)),
        feelings=_feelings(spoken, duration),
        blinks=_blinks(mouths, duration, seed),
        seed=seed,
    )


def _gestures(said: Sequence[Spoken], duration: float) -> list[Gesture]:
    """One gesture a Line at most: at its peak when the first words are out, held while they are meant, back at rest after."""
    out: list[Gesture] = []
    for s in said:
        start, end = s.start, s.end
        name = _varied(s.line.gesture, start, out)
        if name == "rest" or end - start < 0.4:
            continue
        words = [w.end for w in s.speech.words if w.end > w.start]
        # On whole frames, so that the same gesture passes through the same poses every time it comes.
        peak = round((start + min(max(words[0] if words else 0.4, 0.35), 0.8)) / FRAME) * FRAME
        begin = max(0.0, peak - WAY)
        longest = LONGEST_POINT if name.startswith("point") else LONGEST
        stop = min(max(end + 0.2, peak + SHORTEST_HOLD), begin + longest, duration)
        if stop - peak < 0.3:
            continue
        out.append(Gesture(name=name, start=begin, peak=max(peak, begin + 0.3), end=stop))
    for i, (one, two) in enumerate(pairwise(out)):
        if one.end > two.start + 0.4:
            out[i] = one.model_copy(update={"end": max(one.peak + 0.3, two.start + 0.4)})
    return _rested(out, duration)


def _varied(name: str, start: float, before: Sequence[Gesture]) -> str:
    recent = {g.name for g in before if start - g.end < APART}
    if name not in recent or name not in OTHERS:
        return name
    return next((other for other in OTHERS[name] if other not in recent), "rest")


def _rested(gestures: list[Gesture], duration: float) -> list[Gesture]:
    """Holds shortened, and if that is not enough the least telling gestures left out, until hands rest a third of the time."""
    out = list(gestures)
    spare = sum(g.end - g.start for g in out) - duration * BUSY
    slack = sum(max(0.0, g.end - g.peak - SHORTEST_HOLD) for g in out)
    if spare > 0 and slack > 0:
        share = min(1.0, spare / slack)
        out = [g.model_copy(update={"end": g.end - share * max(0.0, g.end - g.peak - SHORTEST_HOLD)}) for g in out]
    while out and sum(g.end - g.start for g in out) > duration * BUSY + 1e-6:
        out.remove(max(out, key=lambda g: (g.name in OTHERS, g.name == "open_hands", g.end - g.start)))
    return out


def _heads(mouths: Sequence[Mouth]) -> list[Gesture]:
    """A nod where a phrase ends, brows and head up on the longest open vowels: at most one of them in 1.5 seconds."""
    nods = [
        Gesture(name="nod", start=max(0.0, b.start - 0.12), peak=max(0.0, b.start - 0.12) + 0.16, end=b.start + 0.4)
        for a, b in pairwise(mouths)
        if b.shape == "X" and a.shape != "X" and b.end - b.start >= 0.12
    ]
    stresses = [
        Gesture(name="stress", start=max(0.0, m.start - 0.08), peak=max(0.0, m.start - 0.08) + 0.14, end=m.start + 0.55)
        for m in mouths
        if m.shape in "DE" and m.end - m.start > 3.5 * FRAME
    ]
    out: list[Gesture] = []
    for gesture in sorted((*nods, *stresses), key=lambda g: g.start):
        if not out or gesture.start - out[-1].start > 1.5:
            out.append(gesture)
    return out


def _feelings(spoken: Sequence[Spoken], duration: float) -> tuple[Feeling, ...]:
    """Each Line's emotion from its first sound to the next Line's, merged where it stays the same."""
    out: list[Feeling] = []
    for i, s in enumerate(spoken):
        start, end = s.start, spoken[i + 1].start if i + 1 < len(spoken) else duration
        if out and out[-1].emotion == s.line.emotion:
            out[-1] = out[-1].model_copy(update={"end": end})
        elif end > start:
            out.append(Feeling(emotion=s.line.emotion, start=start, end=end))
    return tuple(out)


def _blinks(mouths: Sequence[Mouth], duration: float, seed: int) -> tuple[float, ...]:
    """About 16 a minute, unevenly; one that would fall on a held open mouth waits until it is over."""
    rng = np.random.default_rng(seed)
    lasts = len(BLINK) * FRAME
    held = [(m.start, m.end) for m in mouths if m.shape in "DE" and m.end - m.start > 3.5 * FRAME]
    out: list[float] = []
    t = float(rng.uniform(0.8, 2.2))
    while t + lasts < duration:
        t = next((end for start, end in held if start - lasts < t < end), t)
        if t + lasts < duration:
            out.append(round(t / FRAME) * FRAME)
        t += float(rng.uniform(3.1, 4.4))
    return tuple(out)
