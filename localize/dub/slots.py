"""Slots: the time each sentence's translation has, and how takes are laid into them: never over each other, never cut, never drifting.

A take that is longer than its source is given, in this order: the silence after it, some of the silence before it, a faster tempo.
What still does not fit makes the next one late, by as little as can be, and is told.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from localize import pace
from localize.domain import Finding, Severity
from localize.dub import Cue, Sentence, Slot
from localize.pace import FASTEST

MOVED = 0.3  # a sentence that starts this much later, in seconds, still goes with its picture; more is seen
BEFORE = 0.25  # of the silence before a sentence: less than MOVED, as a voice ahead of its mouth is noticed sooner than one behind it
GAP = 0.08  # between two cues: with less they run into one another, as the pause of a comma does
TAIL = 0.05  # left at the video's end, about a frame and a half: players cut the last packets of a sound off
OVERTIME = 3.0  # how far past the video's last frame its last sentence may go, where the length need not stay
TOO_LATE = 1.0  # seconds that a sentence may be late: after that it is said over the next one's picture
# Tempos are steps of a hundredth: a finer one is no change to the stretcher, and each one is a sound of its own in the store.
STEP = 0.01
TOLD = 0.05  # a sentence that is too long by less is not to blame for the next one's start, as long as another one is
MEETS = 0.1  # s that what is said may reach into what comes next: by more, both are said at the same time
SHOWN = 40  # letters of a sentence in a message

Floats = NDArray[np.float64]


def slots(sentences: Sequence[Sentence], duration: float, keep_length: bool = True) -> tuple[Slot, ...]:
    """The time that each sentence's translation has in a video of `duration` seconds. They may reach into one another: what is
    silence after one is silence before the next."""
    quiet_from = [0.0, *(s.end for s in sentences[:-1])]
    ends = [s.start - GAP for s in sentences[1:]] + [duration - TAIL if keep_length else duration + OVERTIME]
    return tuple(
        Slot(earliest=min(s.start, max(quiet, s.start - BEFORE)), start=s.start, latest=s.start + MOVED, end=end)
        for s, quiet, end in zip(sentences, quiet_from, ends, strict=False)
    )


def together(sentences: Sequence[Sentence], said: Iterable[tuple[float, float]]) -> frozenset[int]:
    """The sentences, from 0, that are still said in the source when the next one begins: `said` is when its transcript says anything
    (start, end), where times may lie over one another as no sentences do."""
    spans = list(said)
    return frozenset(
        n for n, after in enumerate(sentences[1:]) if sum(start < after.start + MEETS < end for start, end in spans) > 1
    )  # fmt: skip


def fit(
    slots: Sequence[Slot], texts: Sequence[str], seconds: Sequence[float], language: str, most: float = FASTEST,
    crossed: Collection[int] = (),
) -> tuple[tuple[Cue, ...], tuple[Finding, ...]]:  # fmt: skip
    """The texts in their places, and what is too long for its place. `seconds` are the takes' at their natural tempo, `most` is the
    fastest they may be made (1 or more), `crossed` the sentences that the source goes on saying when the next one begins (`together`).

    Cues stand in order with at least GAP between them, and each is as long as its take at its tempo. Every start is at its slot's, or
    later by as little as any order of takes at `most` allows; where a row of takes has to hurry, its fastest is as slow as can be.
    """
    due = _due(slots, seconds, most)
    tempos = [_stepped(tempo, most) for tempo in _tempos(slots, due, seconds)]
    cues = _placed(slots, texts, [s / tempo for s, tempo in zip(seconds, tempos, strict=True)], tempos, due)
    return cues, tuple(_findings(slots, cues, seconds, language, most, crossed))


def _due(slots: Sequence[Slot], seconds: Sequence[float], most: float) -> list[float]:
    """When each take must be over: by its slot's end, or where not even the fastest tempo of all before it allows that, as soon as
    that does. As a start as early as possible is the earliest for all that follow, too, all of these can be kept at once."""
    due: list[float] = []
    free = -math.inf
    for slot, natural in zip(slots, seconds, strict=True):
        over = max(slot.earliest, free) + natural / most
        due.append(max(slot.end, over))
        free = over + GAP
    return due


def _tempos(slots: Sequence[Slot], due: Sequence[float], seconds: Sequence[float]) -> Floats:
    """The tempo of each take, 1 or more, with the fastest as slow as can be, then the next fastest, and so on.

    This is the schedule of least energy for jobs with releases and deadlines (Yao, Demers, Shenker 1995): the row of takes that has
    the least time for what it says sets its own tempo and fills its time to the edge, so that the takes before and after it are
    two smaller tasks of the same kind.
    """
    earliest, until, work = (np.array(values, float) for values in ([s.earliest for s in slots], due, seconds))
    tempos = np.ones(len(slots))
    rows = _rows(slots, seconds)
    while rows:
        first, last = rows.pop()
        if first > last:
            continue
        part = slice(first, last + 1)
        a, b, tempo = _tightest(earliest[part], until[part], work[part])
        if tempo <= 1:
            continue
        a, b = a + first, b + first
        tempos[a : b + 1] = tempo
        if a > first:
            until[a - 1] = min(until[a - 1], earliest[a] - GAP)
        if b < last:
            earliest[b + 1] = max(earliest[b + 1], until[b] + GAP)
        rows += [(first, a - 1), (b + 1, last)]
    return tempos


def _rows(slots: Sequence[Slot], seconds: Sequence[float]) -> list[tuple[int, int]]:
    """(first, last) of each row of takes that touch even where each starts as early as it may: no other has to do with them."""
    rows: list[tuple[int, int]] = []
    free = -math.inf
    for n, (slot, natural) in enumerate(zip(slots, seconds, strict=True)):
        rows.append((rows.pop()[0] if free > slot.earliest else n, n))
        free = max(free, slot.earliest) + natural + GAP
    return rows


def _tightest(earliest: Floats, until: Floats, work: Floats) -> tuple[int, int, float]:
    """(first, last, tempo) of the takes in a row [n] that must be made fastest, if each starts no sooner and ends no later than said."""
    said, at = np.concatenate([[0.0], np.cumsum(work)]), np.arange(len(work))
    # [first, last]: what is said from one take to another, and the time without gaps that there is for it.
    load, there = said[None, 1:] - said[:-1, None], until[None, :] - earliest[:, None] - GAP * (at[None, :] - at[:, None])
    tempo = np.where(at[None, :] >= at[:, None], load / np.maximum(there, 1e-9), 0.0)
    first, last = np.unravel_index(int(np.argmax(tempo)), tempo.shape)
    return int(first), int(last), float(tempo[first, last])


def _stepped(tempo: float, most: float) -> float:
    return min(round(math.ceil((tempo - 1e-6) / STEP) * STEP, 2), most)


def _placed(
    slots: Sequence[Slot], texts: Sequence[str], lengths: Sequence[float], tempos: Sequence[float], due: Sequence[float]
) -> tuple[Cue, ...]:
    """Takes of known lengths in their places: each at its slot's start, sooner only where it would not be over in time."""
    latest: list[float] = []
    following = math.inf
    for by, length in zip(reversed(due), reversed(lengths), strict=True):
        following = min(by, following - GAP) - length
        latest.append(following)
    cues: list[Cue] = []
    free = 0.0
    for slot, text, length, tempo, last in zip(slots, texts, lengths, tempos, reversed(latest), strict=True):
        start = max(free, min(slot.start, last))
        cues.append(Cue(text=text, start=start, end=start + length, tempo=tempo))
        free = cues[-1].end + GAP
    return tuple(cues)


def _findings(
    slots: Sequence[Slot], cues: Sequence[Cue], seconds: Sequence[float], language: str, most: float, crossed: Collection[int]
) -> list[Finding]:
    """What is too long, of each row of sentences that reach past their slots' ends one after the other."""
    over = [cue.end - slot.end for slot, cue in zip(slots, cues, strict=True)]
    rows: list[list[int]] = [[]]
    for n, by in enumerate(over):
        rows[-1].append(n) if by > 1e-6 else rows.append([])
    found = []
    for row in filter(None, rows):
        late, past = max(over[n] for n in row), over[-1] if row[-1] == len(cues) - 1 else 0.0
        if late <= MOVED and past <= TAIL:
            continue
        severity: Severity = "block" if late > TOO_LATE or past > TAIL else "warn"
        # A sentence that is late itself hands on what it was given; to blame are those that do not fit from their own starts.
        own = {n: seconds[n] / most - (slots[n].end - slots[n].start) for n in row}
        for n in row:
            if own[n] >= min(TOLD, max(own.values())):
                found.append(_too_long(n, slots[n], cues[n], own[n], late, past, severity, language, most, n in crossed))
    return found


def _too_long(
    n: int, slot: Slot, cue: Cue, own: float, late: float, past: float, severity: Severity, language: str, most: float, crossed: bool
) -> Finding:
    letters = math.ceil(own * most * pace.letters_a_second(language))
    outcome = f"the last one would end {past:.1f} s past its time" if past > TAIL else f"what follows is up to {late:.1f} s late"
    named = f"Sentence {n + 1} at {clock(slot.start)} ({shown(cue.text)})"
    why, way = "", "Say it"
    if crossed:
        at = clock(slot.end + GAP)
        why = f"At {at} two sentences are said at the same time in the source, and a dub says one after the other. "
        way = "Leave one of the two out of the transcript, or say it"
    return Finding(
        check="time", severity=severity,
        message=f"{why}{named} is {max(own, 0.1):.1f} s too long for its time, at {most:.3g} times its natural tempo: {outcome}. "
        f"{way} in about {letters} letters less: correct it in the sheet that `crossreel review sheet` writes, and dub again.",
        evidence={"line": n + 1, "start": round(slot.start, 3), "seconds": round(own, 2), "letters": letters, "late": round(late, 2)},
    )  # fmt: skip


def clock(seconds: float) -> str:
    """A time of a video as players show it: 1:05, 61:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def shown(text: str) -> str:
    """A sentence as a message names it: by its beginning."""
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")
