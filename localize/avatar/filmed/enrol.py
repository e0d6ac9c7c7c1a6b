"""Enrolment: from a video that somebody hands in to what a filmed avatar is made of, or the reasons why not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from localize import engines
from localize.avatar.filmed import background as backgrounds
from localize.avatar.filmed import quality
from localize.avatar.filmed.faces import NONE, Box, FaceFinder, Faces
from localize.avatar.filmed.footage import written
from localize.avatar.filmed.loop import Loop, Seams, pairs
from localize.avatar.filmed.quality import Cuts, Measured, Table
from localize.avatar.filmed.sheet import FOOTAGE, MATTE
from localize.avatar.filmed.source import FPS, Source
from localize.domain import Finding
from localize.pixels import Pixels, u8


@dataclass(frozen=True)
class Report:
    """What is known of a video. `size` is width and height in px and `start` the first frame that is used, both of the video upright
    at 25 frames a second; `faces` and `table` are of the used frames. `loop` is None where the video was refused."""

    video: Path
    size: tuple[int, int]
    start: int
    finder: str
    faces: Faces
    table: Table
    findings: tuple[Finding, ...]
    loop: Loop | None = None
    matte: str = ""

    @property
    def accepted(self) -> bool:
        return not self.refused

    @property
    def refused(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "block")

    def checks(self) -> dict[str, float]:
        """The figures that are kept and shown; see `figures`."""
        return figures(self.faces, self.table)


def figures(faces: Faces, table: Table) -> dict[str, float]:
    """Of footage: seconds, height of the face and width of the mouth in px (medians), sharpness of the face, shares of frames with a
    face and with a covered one."""
    there = faces.seen != NONE
    if not there.any():
        return {"seconds": round(len(faces) / FPS, 2), "with_face": 0.0}
    return {
        "seconds": round(len(faces) / FPS, 2),
        "face": round(float(np.median(faces.boxes[there, 3] - faces.boxes[there, 1])), 1),
        "mouth": round(float(np.median(faces.mouths[there, 2])), 1),
        "sharpness": round(float(np.nanmedian(table.sharp)), 4),
        "with_face": round(float(there.mean()), 4),
        "covered": round(quality.covering(table.like), 4),
    }


def enrol(video: Path, *, finder: FaceFinder | None = None, background: str = "keep", into: Path | None = None) -> Report:
    """Look at a video, and with `into` write the footage (and, unless the background is kept, the matte) there if it is accepted.

    `finder` is by default the best one that is ready. Reads the video twice, a frame at a time, and its beginning once
    more where the background goes. Raises UserError where it can't be read, NotReady where the background can't be taken away.
    """
    finder = finder or cast(FaceFinder, engines.get("faces"))
    source = Source(video)
    follower, cuts, measured = finder.follow(), Cuts(), Measured()
    for frame in source.frames():
        measured.add(frame, follower.see(frame, cuts.see(frame)))
    faces = follower.done()
    (start, stop), said = quality.chosen(faces, cuts)
    faces, measured = faces.part(start, stop), measured.part(start, stop)
    table = Table.of(measured)
    findings = (*quality.of_source(source), *said, *quality.judge(faces, measured, table.like))
    report = Report(video, (source.width, source.height), start, finder.fingerprint(), faces, table, findings)
    if not report.accepted:
        return report
    cutter = backgrounds.cutter(*_sample(source, start, faces)) if background != "keep" else None
    tried = pairs(cuts.small[start:stop], faces, table.open)
    return replace(report, matte=cutter.name if cutter else "", loop=_gone_through(source, report, tried, cutter, into))


def _sample(source: Source, start: int, faces: Faces) -> tuple[Pixels, Box]:
    """The first frame of what is used that shows the face, and where: what was cut away may have been before another background."""
    first = int(np.flatnonzero(faces.seen != NONE)[0])
    left, top, right, bottom = map(float, faces.boxes[first])
    return next(islice(source.frames(), start + first, None)), (left, top, right, bottom)


def _gone_through(
    source: Source, report: Report, tried: Sequence[tuple[int, int]], cutter: backgrounds.Cutter | None, into: Path | None
) -> Loop:
    """The second reading: the loop, and what is kept is written."""
    seams, count = Seams(tried), len(report.faces)
    with ExitStack() as files:
        write = files.enter_context(written(into / FOOTAGE, *report.size)) if into else None
        matte = files.enter_context(written(into / MATTE, *report.size, grey=True)) if into and cutter else None
        for frame in islice(source.frames(), report.start, report.start + count):
            seams.see(u8(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)))
            if write and matte and cutter:
                clean, alpha = cutter.cut(frame)
                write(clean)
                matte(alpha)
            elif write:
                write(frame)
    return seams.decided(report.faces, report.table.open)
