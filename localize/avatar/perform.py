"""From what is said to what the body does: gestures on their words, feelings, blinks, nods and looks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from localize.avatar.choose import Choice, Scene, choose
from localize.avatar.pose import BLINK, FRAME
from localize.domain import Emotion, Feeling, Gesture, Mouth, Performance, Role
from localize.timeline import Spoken

WAY = 0.5  # seconds from rest to a gesture's peak
LONGEST = 2.5  # seconds a gesture may last; pointing may last longer
LONGEST_POINT = 3.0
SHORTEST_HOLD = 0.9  # seconds from peak to end: less looks like a twitch
BUSY = 2 / 3  # the largest share of a clip in which hands are away from rest
LOOKS = ("look_aside", "look_aside_left", "look_down")
ATTEND = {True: "attend_left", False: "attend"}  # by whether who speaks stands on the host's left, the viewer's right
HEAD_ONLY = ("nod", "stress", *LOOKS, *ATTEND.values())
TURN = 0.45  # s in which a head turns to who speaks
# What the face of who listens says while the other's Line is heard.
MOVED: dict[Role, Emotion] = {"hook": "happy", "problem": "sincere", "price": "surprised", "cta": "happy"}


def perform(
    spoken: Sequence[Spoken],
    mouths: Sequence[Mouth],
    duration: float,
    seed: int = 0,
    language: str = "",
    scene: Scene | None = None,
    heard: Sequence[Spoken] = (),
) -> Performance:
    """What one host does over a clip of `duration` seconds, given the Lines it speaks, its lip-synced mouth track, and the Lines that
    it hears the other host say: it looks there, nods where a phrase ends, and its face goes along.

    Words of the `language` call gestures; what these point at is where the `scene` has it. The same inputs give the same Performance.
    """  # fmt: skip
    scene = scene or Scene()
    gestures = _gestures(choose(spoken, language, scene, seed), duration)
    attending = _attending(spoken, heard, scene, duration)
    heads = sorted((*_heads(mouths), *_nods(heard)), key=lambda g: g.start)
    looks = _looks([*gestures, *attending], duration, seed)
    return Performance(
        duration=duration,
        mouths=tuple(mouths),
        gestures=tuple(sorted((*gestures, *attending, *heads, *looks), key=lambda g: g.start)),
        feelings=_feelings(spoken, heard, duration),
        blinks=_blinks(mouths, duration, seed),
        origin=scene.origin,
        seed=seed,
    )


def _gestures(choices: Sequence[Choice], duration: float) -> list[Gesture]:
    """Each at its peak on its word, held while it is meant or until the next one comes, back at rest after."""
    out: list[tuple[Gesture, float]] = []
    for choice in choices:
        # On whole frames, so that the same gesture passes through the same poses every time it comes.
        peak = max(round(choice.peak / FRAME) * FRAME, 0.3)
        begin = max(0.0, peak - WAY)
        longest = LONGEST_POINT if choice.target else LONGEST
        stop = min(max(choice.end + 0.2, peak + SHORTEST_HOLD), begin + longest, duration)
        if stop - peak >= 0.3:
            out.append((Gesture(name=choice.name, start=begin, peak=peak, end=stop, target=choice.target), choice.weight))
    for i, ((one, weight), (two, _)) in enumerate(pairwise(out)):
        if one.end > two.start + 0.4:
            out[i] = one.model_copy(update={"end": max(one.peak + 0.3, two.start + 0.4)}), weight
    return _rested(out, duration)


def _rested(gestures: list[tuple[Gesture, float]], duration: float) -> list[Gesture]:
    """Holds shortened, and if that is not enough the least telling gestures left out, until hands rest a third of the time."""
    spare = sum(g.end - g.start for g, _ in gestures) - duration * BUSY
    slack = sum(max(0.0, g.end - g.peak - SHORTEST_HOLD) for g, _ in gestures)
    share = min(1.0, spare / slack) if spare > 0 and slack > 0 else 0.0
    out = [(g.model_copy(update={"end": g.end - share * max(0.0, g.end - g.peak - SHORTEST_HOLD)}), w) for g, w in gestures]
    while out and sum(g.end - g.start for g, _ in out) > duration * BUSY + 1e-6:
        out.remove(min(out, key=lambda gw: (gw[1], gw[0].start - gw[0].end)))
    return [g for g, _ in out]


def _looks(gestures: Sequence[Gesture], duration: float, seed: int) -> list[Gesture]:
    """Eyes leave the viewer for a moment every few seconds, never while a hand shows something."""
    rng = np.random.default_rng([seed, 1])
    out: list[Gesture] = []
    t = float(rng.uniform(2.0, 4.0))
    while t + 1.0 < duration:
        lasts, name = float(rng.uniform(0.45, 0.8)), LOOKS[int(rng.integers(len(LOOKS)))]
        if all(g.end <= t or g.start >= t + lasts for g in gestures):
            start = round(t / FRAME) * FRAME
            out.append(Gesture(name=name, start=start, peak=start + 2 * FRAME, end=start + lasts))
        t += float(rng.uniform(2.8, 5.0))
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


def _attending(spoken: Sequence[Spoken], heard: Sequence[Spoken], scene: Scene, duration: float) -> list[Gesture]:
    """The head turned to who speaks, from just before it is their turn until it is the host's own again."""
    out: list[Gesture] = []
    for s in heard:
        own = min((mine.start for mine in spoken if mine.start >= s.end), default=duration)
        start, end = max(0.0, s.start - 0.15), min(s.end + 0.3, own, duration)
        if out and start - out[-1].end < TURN:  # two of their Lines in a row
            out[-1] = out[-1].model_copy(update={"end": end})
        elif end - start > TURN:
            out.append(Gesture(name=ATTEND[bool(scene.partner_left)], start=start, peak=start + TURN, end=end))
    return out


def _nods(heard: Sequence[Spoken]) -> list[Gesture]:
    """A nod at the end of each of the other's phrases that is long enough to agree with."""
    out: list[Gesture] = []
    for s in heard:
        words = s.words
        stops = [a.end for a, b in pairwise(words) if b.start - a.end >= 0.12] + [words[-1].end if words else s.end]
        for stop in stops:
            if stop - s.start > 0.8 and (not out or stop - out[-1].start > 1.8):
                out.append(Gesture(name="nod", start=stop, peak=stop + 0.18, end=stop + 0.5))
    return out


def _feelings(spoken: Sequence[Spoken], heard: Sequence[Spoken], duration: float) -> tuple[Feeling, ...]:
    """Each Line's emotion from its first sound to the next Line's, merged where it stays the same; of a heard one what it does to
    who hears it."""
    felt = sorted([(s.start, s.line.emotion) for s in spoken] + [(s.start + 0.3, MOVED.get(s.line.role, "happy")) for s in heard])
    out: list[Feeling] = []
    for i, (start, emotion) in enumerate(felt):
        end = felt[i + 1][0] if i + 1 < len(felt) else duration
        if out and out[-1].emotion == emotion:
            out[-1] = out[-1].model_copy(update={"end": end})
        elif end > start:
            out.append(Feeling(emotion=emotion, start=start, end=end))
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
