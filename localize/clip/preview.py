"""A clip to look at before it is made: small, half as many frames, its sound roughly mixed; and a sheet of one frame for each Line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from localize.clip import render
from localize.clip import type as typeset
from localize.clip.canvas import Frame
from localize.clip.compose import Composer
from localize.clip.type import Style
from localize.disclosure import aigc
from localize.media import mp4, pcm
from localize.pixels import Pixels, over, u8

SMALLER = 3  # of a clip's width and height
SKIPPED = 2  # of so many frames one is shown, where a second has an even number of them
IN_A_ROW = 5  # frames of the sheet
EDGE, FOOT = 16, 56  # px around the sheet's frames, and below each for its text


def preview(job: render.Job, folder: Path) -> tuple[Path, Path]:
    """Write `preview.mp4` and `sheet.png` into a folder: their paths. Cards, captions, performance and times are those of the clip."""
    composer, _, _ = render.compose(job)
    return _film(job, composer, folder / "preview.mp4"), _sheet(job, composer, folder / "sheet.png")


def _film(job: render.Job, composer: Composer, out: Path) -> Path:
    width, height = (2 * round(n / SMALLER / 2) for n in (job.layout.width, job.layout.height))
    step = SKIPPED if job.timeline.fps % SKIPPED == 0 else 1  # the picture must keep up with the sound
    encoding = replace(job.encoding, width=width, height=height, fps=job.timeline.fps // step, preset="veryfast")
    sound = out.with_suffix(".wav")
    pcm.write_wav(sound, render.mastered(job))
    small = Frame(width, height)
    try:
        with mp4.encoder(out, encoding, sound, aigc.tags(job.disclosure)) as pipe:
            for frame in render.frames(job, composer, step):
                for large, plane in ((frame.y, small.y), (frame.u, small.u), (frame.v, small.v)):
                    cv2.resize(large, plane.shape[::-1], dst=plane, interpolation=cv2.INTER_AREA)
                pipe.write(small.buffer.data)
    finally:
        sound.unlink(missing_ok=True)
    return out


def _sheet(job: render.Job, composer: Composer, out: Path) -> Path:
    """A frame from the middle of each Line, with its time and role."""
    cells = []
    for spoken in job.timeline.spoken:
        middle = (spoken.start + spoken.end) / 2
        frame = composer.frame(min(job.timeline.frames - 1, round(middle * job.timeline.fps)))
        cells.append(_cell(frame.rgb(), f"{middle:.1f} s · {spoken.line.role}"))
    rows = [np.hstack(cells[n : n + IN_A_ROW]) for n in range(0, len(cells), IN_A_ROW)]
    width = max(row.shape[1] for row in rows)
    sheet = np.vstack([cv2.copyMakeBorder(row, 0, 0, 0, width - row.shape[1], cv2.BORDER_CONSTANT, value=(255, 255, 255)) for row in rows])
    if not cv2.imwrite(str(out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise OSError(f"{out} can't be written")
    return out


def _cell(rgb: Pixels, text: str) -> Pixels:
    h, w = (round(n / SMALLER) for n in rgb.shape[:2])
    cell = np.full((h + EDGE + FOOT, w + 2 * EDGE, 4), 255, np.uint8)
    cell[EDGE : EDGE + h, EDGE : EDGE + w, :3] = cv2.resize(rgb, (w, h), interpolation=cv2.INTER_AREA)
    sprite, (_, dy) = typeset.draw(text, Style(26, "medium", "#1B1B22"), "en")
    over(cell, EDGE, EDGE + h + 36 + dy, sprite)
    return u8(np.ascontiguousarray(cell[..., :3]))
