"""Contact sheet: every mouth, gesture and emotion of an avatar on one picture, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image, ImageDraw

from localize.avatar.drawn import DrawnAvatar, Sprite
from localize.avatar.pose import Pose, Rig, still
from localize.domain import Emotion, MouthShape
from localize.errors import UserError

GREY = (226, 231, 238)
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
SHEET_SCALE = 0.6  # a body is shown 300 pixels wide


def contact_sheet(avatar: DrawnAvatar, width: int = 1800) -> Image.Image:
    """A picture `width` pixels wide: a row of faces with each mouth, one with each feeling, then the gestures."""
    rig = avatar.package.rig
    faces = [(f"mouth {s}", still(rig, shape=s)) for s in get_args(MouthShape)]
    faces += [(f"lids {round(shut * 100)} %", still(rig, lids=shut)) for shut in (0.35, 0.7, 1.0)]
    feelings = [(f, still(rig, emotion=f)) for f in get_args(Emotion)]
    feelings += [(f"{f}, speaking", still(rig, emotion=f, shape="D")) for f in get_args(Emotion)]
    bodies = [cell for name in rig.gestures for cell in _peaks(rig, name)]
    (ax, ay), (_, hy), (_, cy) = avatar.anchors["face"], avatar.anchors["head_top"], avatar.anchors["chin"]
    half = round((cy - hy) * 0.62)
    head = (round(ax) - half, round(ay) - half, round(ax) + half, round(ay) + half)
    rows = [(faces, head, 6), (feelings, head, 5), (bodies, (0, 0, *avatar.size), 8)]
    sheets = []
    for poses, box, columns in rows:
        cells = [(name, _on_grey(avatar.draw(pose), avatar.size).crop(box)) for name, pose in poses]
        sheets.append(_grid(cells, columns, width))
    out = Image.new("RGB", (width, sum(s.height for s in sheets)), "white")
    y = 0
    for sheet in sheets:
        out.paste(sheet, (0, y))
        y += sheet.height
    return out


def sheet(folder: Path, out: Path, width: int = 2400) -> Path:
    """Draw the contact sheet of the avatar package in `folder` to the picture `out`, which is given back.

    Raises UserError if the package is incomplete, and for a file that is named like no picture or can't be written.
    """
    if out.suffix.casefold() not in PICTURES:
        raise UserError(f"{out} is not named like a picture: give a name that ends with {', '.join(PICTURES)}.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise UserError(f"{out.parent} can't be made: {e.strerror or e}. Give another file.") from e
    drawn = contact_sheet(DrawnAvatar.load(folder, scale=SHEET_SCALE), width)
    try:
        drawn.save(out)
    except OSError as e:
        raise UserError(f"{out} can't be written: {e.strerror or e}. Give another file.") from e
    return out


def _peaks(rig: Rig, name: str) -> list[tuple[str, Pose]]:
    """A gesture at its peak, and where it goes on to another pose, there too."""
    late = max((key.after for key in rig.gestures[name].keys), default=0.0)
    return [(name, still(rig, gesture=name)), *([(f"{name}, {late} s on", still(rig, gesture=name, after=late))] if late else [])]


def strip(frames: Sequence[tuple[str, Sprite]], size: tuple[int, int], columns: int, width: int) -> Image.Image:
    """Named frames of an avatar with that canvas size, side by side on a picture `width` pixels wide."""
    return _grid([(name, _on_grey(sprite, size)) for name, sprite in frames], columns, width)


def _on_grey(sprite: Sprite, size: tuple[int, int]) -> Image.Image:
    canvas = np.empty((size[1], size[0], 3), np.uint8)
    canvas[:] = GREY
    h, w = sprite.rgba.shape[:2]
    part = canvas[sprite.y : sprite.y + h, sprite.x : sprite.x + w]
    rest = 255 - sprite.rgba[..., 3:].astype(np.uint16)
    part[:] = sprite.rgba[..., :3] + (part * rest // 255).astype(np.uint8)
    return Image.fromarray(canvas)


def _grid(cells: list[tuple[str, Image.Image]], columns: int, width: int) -> Image.Image:
    cell = width // columns
    height = round(cell * cells[0][1].height / cells[0][1].width)
    out = Image.new("RGB", (width, -(-len(cells) // columns) * (height + 24)), "white")
    draw = ImageDraw.Draw(out)
    for i, (name, picture) in enumerate(cells):
        x, y = i % columns * cell, i // columns * (height + 24)
        out.paste(picture.resize((cell - 4, height - 4), Image.Resampling.LANCZOS), (x + 2, y + 24))
        draw.text((x + 8, y + 6), name, fill="black")
    return out
