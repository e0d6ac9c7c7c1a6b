"""From what is said to what the body does: mouths in clip time, gestures on their words, feelings, blinks and nods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np

from localize.avatar.pose import BLINK, FRAME
from localize.domain import MOUTH_OPENING, Feeling, Gesture, Line, Mouth, MouthShape, Performance, Speech

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


def perform(
    lines: Sequence[Line],
    times: Sequence[tuple[float, float]],
    speeches: Sequence[Speech],
    duration: float,
    seed: int = 0,
) -> Performance:
    """What one host does over a clip of `duration` seconds.

    `times` are each Line's start and end in the clip, `speeches` their sounds with tracks from the sound's own start.
    The same inputs give the same Performance. Only the Lines this host speaks belong in here.
    """
    mouths = _mouths(times, speeches, duration)
    gestures = _gestures(lines, times, speeches, duration)
    heads = _heads(mouths)
    return Performance(
        duration=duration,
        mouths=mouths,
        gestures=tuple(sorted((*gestures, *heads), key=lambda g: g.start)),
        feelings=_feelings(lines, times, duration),
        blinks=_blinks(mouths, duration, seed),
        seed=seed,
    )


def _mouths(times: Sequence[tuple[float, float]], speeches: Sequence[Speech], duration: float) -> tuple[Mouth, ...]:
    """The track on the clip's frames: each shape begins one frame before its sound (that frame shows it half made), lips
    stay closed to the end of m, b and p, and nothing but closed lips and f lasts a single frame."""
    said: list[Mouth] = []
    for (start, end), speech in zip(times, speeches, strict=True):
        said += [
            Mouth(shape=m.shape, start=start + m.start, end=min(start + m.end, end + 0.2)) for m in speech.mouths if start + m.start < end
        ]
    frames: list[MouthShape] = ["X"] * max(1, round(duration / FRAME))
    for mouth in (m for m in said if m.shape != "X"):
        # A frame belongs to the sound at its middle, seen one frame ahead.
        first, last = round(mouth.start / FRAME) - 1, round(mouth.end / FRAME) - 1
        frames[max(0, first) : max(0, last)] = [mouth.shape] * (max(0, min(last, len(frames))) - max(0, first))
    for mouth in (m for m in said if m.shape == "A"):
        first = max(0, round(mouth.start / FRAME) - 1)
        last = min(len(frames), max(first + 1, round(mouth.end / FRAME)))
        frames[first:last] = ["A"] * (last - first)
    return tuple(_held(frames, duration))


def _held(frames: list[MouthShape], duration: float) -> Iterator[Mouth]:
    """Runs of frames as Mouths, without flicker."""
    runs = [(shape, len(list(group))) for shape, group in groupby(frames)]
    kept: list[tuple[MouthShape, int]] = []
    for i, (shape, length) in enumerate(runs):
        if kept and (kept[-1][0] == shape):
            kept[-1] = (shape, kept[-1][1] + length)
        elif length == 1 and shape not in "AG" and 0 < i < len(runs) - 1:
            # Its frame goes to the neighbour that is more alike, never to lips that should be closed only for their sound.
            before, after = kept[-1], runs[i + 1]
            near = min((before[0], after[0]), key=lambda s: (s in "AGX", abs(MOUTH_OPENING[s] - MOUTH_OPENING[shape])))
            if near == before[0]:
                kept[-1] = (before[0], before[1] + 1)
            else:
                runs[i + 1] = (after[0], after[1] + 1)
        elif shape == "D" and length == 2:
            kept.append(("C", length))  # no jaw drops all the way and comes back in two frames
        else:
            kept.append((shape, length))
    at = 0
    for shape, group in groupby(kept, key=lambda run: run[0]):
        length = sum(n for _, n in group)
        end = duration if at + length >= len(frames) else (at + length) * FRAME
        yield Mouth(shape=shape, start=at * FRAME, end=end)
        at += length


def _gestures(lines: Sequence[Line], times: Sequence[tuple[float, float]], speeches: Sequence[Speech], duration: float) -> list[Gesture]:
    """One gesture a Line at most: at its peak when the first words are out, held while they are meant, back at rest after."""
    out: list[Gesture] = []
    for line, (start, end), speech in zip(lines, times, speeches, strict=True):
        name = _varied(line.gesture, start, out)
        if name == "rest" or end - start < 0.4:
            continue
        spoken = [w.end for w in speech.words if w.end > w.start]
        peak = start + min(max(spoken[0] if spoken else 0.4, 0.35), 0.8)
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


def _feelings(lines: Sequence[Line], times: Sequence[tuple[float, float]], duration: float) -> tuple[Feeling, ...]:
    """Each Line's emotion from its first sound to the next Line's, merged where it stays the same."""
    out: list[Feeling] = []
    for i, (line, (start, _)) in enumerate(zip(lines, times, strict=True)):
        end = times[i + 1][0] if i + 1 < len(times) else duration
        if out and out[-1].emotion == line.emotion:
            out[-1] = out[-1].model_copy(update={"end": end})
        elif end > start:
            out.append(Feeling(emotion=line.emotion, start=start, end=end))
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
