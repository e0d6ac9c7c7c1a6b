"""Sellers' pictures and videos as they are, the broken ones among them: each gives a clean frame, or a finding that says what is wrong.

`figures` looks at every file of a folder of pictures and of one of videos; `sheet` has what was shown, to look at.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.figures import Figure
from benchmarks.layouts_parts import composed, lines, picture, plain
from localize.clip import footage, layout
from localize.domain import Money, Script, Text
from localize.errors import UserError
from localize.products import pictures

TEXT = Text(title="Clay Mug", features=("Holds 350 ml", "Safe in the dishwasher"), brand="")
SCRIPT = Script(
    language="en", lines=lines(TEXT, "en", 0), text=TEXT, price=Money(amount=Decimal(290), currency="THB"), was_price=None, engine="none"
)  # fmt: skip
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".avif", ".tif", ".tiff")
VIDEOS = (".mp4", ".mov", ".mpg", ".webm", ".mkv", ".avi", ".m4v")
FLAT = 4.0  # of 255: what varies less where the picture stands shows nothing
ROW = 420  # px


def figures(folder: Path, sheet: list[Any]) -> list[Figure]:
    """One figure a file; the frames are added to `sheet`, BGR."""
    found = [_pictured(path, sheet) for path in sorted(folder.glob("product_images/*")) if path.suffix.lower() in PICTURES]
    return found + [_filmed(path, sheet) for path in sorted(folder.glob("talking_head/*")) if path.suffix.lower() in VIDEOS]


def _pictured(path: Path, sheet: list[Any]) -> Figure:
    if why := pictures.check(path):
        return _finding(path, why)
    composer = composed(layout.get("product-only"), SCRIPT, [picture(path)])
    return _frame(path, composer, 0.5, sheet)


def _filmed(path: Path, sheet: list[Any]) -> Figure:
    try:
        seen = footage.look(path)
    except UserError as error:
        return _finding(path, str(error))
    composer = composed(layout.get("product-only"), SCRIPT, [plain()], footage=[seen])
    shown = next(shot for shot in composer.shots if shot.role == "feature")
    told = "; ".join(finding.message.partition(": ")[2] for finding in seen.findings)
    figure = _frame(path, composer, (shown.start + shown.end) / 2, sheet)
    return figure._replace(value=figure.value + f" ({told})" * bool(told))


def _finding(path: Path, why: str) -> Figure:
    return Figure(path.name, f"refused: {why}", "a frame or a reason", len(why) > 10)


def _frame(path: Path, composer: Any, at: float, sheet: list[Any]) -> Figure:
    """Whether there is something to be seen where the picture stands, which may be as even as a shop's photo on white."""
    rgb = composer.frame(round(at * composer.timeline.fps)).rgb()
    left, top, right, bottom = composer.layout.picture
    part = rgb[max(0, top) : bottom, max(0, left) : right]
    varied = float(part.astype(np.float32).std())
    small = cv2.resize(rgb, (round(ROW * rgb.shape[1] / rgb.shape[0]), ROW), interpolation=cv2.INTER_AREA)
    sheet.append(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    return Figure(path.name, f"a frame, varied by {varied:.0f} of 255", "a frame or a reason", varied > FLAT)


def together(sheet: list[Any], across: int = 9) -> Any:
    """The frames side by side, BGR."""
    blank = np.full_like(sheet[0], 255)
    rows = [sheet[i : i + across] for i in range(0, len(sheet), across)]
    return np.vstack([np.hstack(row + [blank] * (across - len(row))) for row in rows])
