"""Filmed hosts: which of real people's videos are taken and why not, how seamless their loops are, and whether a patch that changes
nothing changes nothing.

The identity generator gives back the face it was shown, made as small as models make it; what `blend.paste` then alters is its own doing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.hosts_parts import Figure
from localize.avatar.filmed.enrol import Report, enrol
from localize.avatar.filmed.loop import UNSEEN
from localize.avatar.filmed.source import Source
from localize.errors import UserError
from localize.lipsync import Box, Patch, blend

SIDES = (256, 96)  # px of the faces that MuseTalk and Wav2Lip make
INSIDE = 45.0  # dB
QUICK = ("grid_bbaf2n", "videoretalking_face4")


def figures(shared: Path | None, *, quick: bool = False) -> list[Figure]:
    """None without the test data; two videos when `quick`."""
    films = sorted((shared / "talking_head").iterdir()) if shared else []
    return [figure for film in films if not quick or film.stem in QUICK for figure in _film(film)]


def _film(film: Path) -> Iterator[Figure]:
    try:
        report = enrol(film)
    except UserError as error:
        yield Figure(f"{film.stem}: refused", str(error), "a reason", bool(str(error)))
        return
    if not report.accepted or report.loop is None:
        reasons = "; ".join(finding.message for finding in report.refused)
        yield Figure(f"{film.stem}: refused", reasons, "a reason", bool(reasons))
    else:
        loop, warned = report.loop, ", ".join(f.check for f in report.findings if f.severity == "warn")
        yield Figure(f"{film.stem}: accepted", f"warned of {warned}" if warned else "nothing to warn of")
        least = min(UNSEEN, loop.usual)
        value = f"{loop.psnr:.1f} dB ({loop.kind}, {loop.usual:.1f} between its frames)"
        yield Figure(f"{film.stem}: seam of the loop", value, "no lower than its frames, or 34", loop.psnr >= least - 0.05)
    if not np.isfinite(report.faces.boxes).any():
        return
    for side in SIDES:
        inside, same = _unchanged(report, side)
        what = f"{film.stem}: a face of {side} px given back as it was"
        value = f"{inside:.1f} dB in its box, {'identical' if same else 'NOT identical'} outside"
        yield Figure(what, value, f"at least {INSIDE:.0f} dB, identical", inside >= INSIDE and same)


def _unchanged(report: Report, side: int) -> tuple[float, bool]:
    """The PSNR in dB of all boxes of the video after pasting, and whether all else is as it was."""
    squares, count, same = 0.0, 0, True
    frames = islice(Source(report.video).frames(), report.start, None)
    for frame, row in zip(frames, report.faces.boxes, strict=False):
        if not np.isfinite(row).all():
            continue
        box = _box(row, frame.shape[1], frame.shape[0])
        out = blend.paste(frame, Patch(blend.cut(frame, box, side), box))
        left, top, right, bottom = box
        off = out[top:bottom, left:right].astype(float) - frame[top:bottom, left:right]
        squares, count = squares + float((off**2).sum()), count + off.size
        out[top:bottom, left:right] = frame[top:bottom, left:right]
        same = same and np.array_equal(out, frame)
    return (float("inf") if not squares else float(10 * np.log10(255**2 * count / squares))), same


def _box(row: np.ndarray, width: int, height: int) -> Box:
    left, top, right, bottom = (round(float(v)) for v in row)
    return max(0, left), max(0, top), min(width, right), min(height, bottom)
