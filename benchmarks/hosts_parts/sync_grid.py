"""What our sync measure finds on people who are filmed with their sound: nothing where nothing is off, and what was shifted on purpose.

The GRID clips of ../shared/testdata/talking_head are naturally in sync. Nothing of the measure is fitted to them, so there is nothing
to leave out one by one; instead it must also hold on pieces of 2 s, which are harder than any clip. Of the other videos nobody knows
whether they are in sync: what is found is told, and whether their pieces of 3 s agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from benchmarks.hosts_parts import Figure
from localize.checks import sync
from localize.checks.sync import RATE, Lips, Sync
from localize.errors import UserError
from localize.media import pcm
from localize.media.command import file

SHIFTS = (2, -2, 4, -4, 8, -8)  # frames
NEAR = 1.0  # frames
PIECE, STEP, AGREEING = 2.0, 0.2, 3.0  # s
PIECES_RIGHT = 0.9  # of the pieces of 2 s


def figures(shared: Path | None, *, quick: bool = False) -> list[Figure]:
    """None without the test data; `quick` leaves out the videos of which the sync is not known."""
    if shared is None:
        return []
    films = sorted((shared / "talking_head").iterdir())
    found = list(_in_sync([f for f in films if f.name.startswith("grid_")]))
    return found if quick else [*found, *_others([f for f in films if not f.name.startswith("grid_") and _sounds(f)])]


def shifted(samples: pcm.Samples, seconds: float) -> pcm.Samples:
    """The sound later by so much (earlier below 0), as long as it was."""
    by = round(seconds * RATE)
    return np.concatenate([np.zeros(max(0, by), np.float32), samples[max(0, -by) :]])[: len(samples)].astype(np.float32)


def piece(seen: Lips, start: float, seconds: float) -> Lips:
    """A part of what is seen, its place on the sound's clock kept."""
    first, count = round(start * seen.fps), round(seconds * seen.fps)
    return Lips(tuple(o[first : first + count] for o in seen.openings), seen.fps, seen.start + first / seen.fps)


def _pieces(seen: Lips, seconds: float, step: float) -> Iterator[Lips]:
    length = len(seen.openings[0]) / seen.fps
    for start in np.arange(0, length - seconds + 1e-6, step):
        yield piece(seen, float(start), seconds)


def _in_sync(films: list[Path]) -> Iterator[Figure]:
    pieces: list[float] = []
    strangers: list[Sync] = []
    heard = {film: pcm.read_audio(film, RATE) for film in films}
    for film in films:
        seen = sync.lips(film)
        found = sync.compare(seen, heard[film], RATE)
        good = abs(found.offset) <= NEAR and found.sure
        yield Figure(f"{film.stem}: offset, confidence", _told(found), f"within {NEAR:.0f} frame, sure", good)
        moved = {by: sync.compare(seen, shifted(heard[film], by / seen.fps), RATE).offset for by in SHIFTS}
        good = all(abs(offset - by) <= NEAR for by, offset in moved.items())
        value = ", ".join(f"{by:+d}: {offset:+.1f}" for by, offset in moved.items())
        yield Figure(f"{film.stem}: shifts found", value, f"each within {NEAR:.0f} frame", good)
        for by in (0, *SHIFTS):
            late = shifted(heard[film], by / seen.fps)
            pieces += [sync.compare(part, late, RATE).offset - by for part in _pieces(seen, PIECE, STEP)]
        strangers += [sync.compare(seen, heard[other], RATE) for other in films if other != film]
    share = float(np.mean(np.abs(pieces) <= NEAR))
    what = f"{len(pieces)} pieces of {PIECE:.0f} s, shifted and not: right to {NEAR:.0f} frame"
    yield Figure(what, f"{share:.1%}, off by {np.mean(pieces):+.2f} in the mean", f"at least {PIECES_RIGHT:.0%}", share >= PIECES_RIGHT)
    sure = sum(s.sure for s in strangers)
    # They say the same kind of sentence at the same pace, so that even another one's words fit a mouth now and then.
    yield Figure("a mouth and another clip's sound: taken for sure", f"{sure} of {len(strangers)}")


def _others(films: list[Path]) -> Iterator[Figure]:
    for film in films:
        try:
            seen = sync.lips(film)
            heard = pcm.read_audio(film, RATE)
            found = sync.compare(seen, heard, RATE)
        except UserError as error:
            yield Figure(f"{film.stem}: not measured", str(error))
            continue
        parts = [sync.compare(part, heard, RATE).offset for part in _pieces(seen, AGREEING, AGREEING)]
        agree = sum(abs(offset - found.offset) <= NEAR for offset in parts)
        verdict = (
            "not sure" if not found.sure else "in sync" if abs(found.offset) <= NEAR else "sound late" if found.offset > 0 else "early"
        )
        yield Figure(f"{film.stem}: {verdict}", f"{_told(found)}; {agree} of {len(parts)} pieces of {AGREEING:.0f} s agree")


def _told(found: Sync) -> str:
    return f"{found.offset:+.2f} frames, {found.confidence:.2f} (peak {found.peak:.2f}, next {found.rival:.2f})"


def _sounds(film: Path) -> bool:
    with av.open(file(film)) as container:
        return bool(container.streams.audio)
