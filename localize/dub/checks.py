"""Checks of a finished dub, made on the file itself: its length, that each sentence is heard, how loud it is, its label."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from localize.checks import clips
from localize.domain import Finding
from localize.dub import Cue, decoded
from localize.dub.picture import Label, Shape
from localize.media import mapped, metering, probing

VERSION = "2"
HEARD = -45.0  # dBFS that the loudest tenth of a second of each sentence reaches at least
TENTH = decoded.HEARD // 10  # samples
PLAYED = ("h264", "hevc")  # codecs that every platform and phone takes


@dataclass(frozen=True)
class Expected:
    """What the dub was meant to be: its length and that of a frame in s, its cues, its label where that is burned in, and where its
    picture is the source's own, when (s) its last frame begins."""

    duration: float
    frame: float
    cues: Sequence[Cue]
    label: Label | None
    last: float | None = None


def check(video: Path, want: Expected) -> list[Finding]:
    """Every finding on a finished file. Its memory does not grow with the file's length."""
    return [*_form(video, want), *_sound(video, want), *_label(video, want)]


def _form(video: Path, want: Expected) -> Iterable[Finding]:
    facts, shape = probing.probe(video), Shape.of(video)
    # Its picture's, and not the file's length: a source's sound may go on behind its picture. A picture that was copied ends with the
    # source's last frame: how long that is seen, not every file tells, and each kind of file leads to another guess.
    shown, wanted, what = shape.seconds, want.duration, "The picture lasts {:.2f} s, the video {:.2f} s."
    if want.last is not None:
        shown, wanted, what = shape.last, want.last, "The picture's last frame is at {:.2f} s, the video's at {:.2f} s."
    if abs(shown - wanted) > want.frame + 0.001:
        yield Finding(check="duration", severity="block", message=what.format(shown, wanted), evidence={"is": round(shown, 3)})
    if not facts.index_first:
        yield Finding(check="spec", severity="block", message="The file's index is at its end, so it can't start playing while it loads.")
    if facts.codec not in PLAYED:
        message = (
            f"The picture is {facts.codec}, as the source's: not every phone plays that. Burn the label in (`--label burned`) for H.264."
        )
        yield Finding(check="spec", severity="warn", message=message, evidence={"codec": facts.codec})


def _sound(video: Path, want: Expected) -> Iterable[Finding]:
    heard = decoded.heard(video)
    peak = metering.loudness(video).true_peak if heard is not None else -np.inf
    if peak > clips.HIGHEST_PEAK:
        message = f"The true peak is {peak:.1f} dBTP, over {clips.HIGHEST_PEAK:.0f}: where nobody speaks, the sound is the source's own."
        yield Finding(check="clipping", severity="warn", message=message, evidence={"is": peak})
    for number, cue in enumerate(want.cues, 1):
        part = np.asarray(heard[round(cue.start * decoded.HEARD) : round(cue.end * decoded.HEARD)]) if heard is not None else np.zeros(0)
        cells = part[: len(part) // TENTH * TENTH].reshape(-1, TENTH)
        loudest = float(np.sqrt((cells**2).mean(axis=1)).max(initial=0.0))
        if loudest < 10 ** (HEARD / 20):
            message = f"Sentence {number} can't be heard ({cue.start:.1f}-{cue.end:.1f} s)."
            yield Finding(check="silence", severity="block", message=message, evidence={"line": number})
        if heard is not None:
            mapped.let_go(heard)


def _label(video: Path, want: Expected) -> Iterable[Finding]:
    if want.label is None:
        return
    contrast = clips.label_contrast(video, want.label.rgba, want.label.box)
    if contrast <= clips.READABLE:
        message = "The AI label can't be read in the first frame."
        yield Finding(check="label", severity="block", message=message, evidence={"contrast": round(contrast, 1)})
