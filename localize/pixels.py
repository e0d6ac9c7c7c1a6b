"""Pixels: the array type every picture is, and the few things all of them need."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import resvg_py

Pixels = npt.NDArray[np.uint8]


def u8(array: Any) -> Pixels:
    """An 8-bit array as what it is, without a copy: OpenCV's own types say only that it may be of any number."""
    return np.asarray(array, np.uint8)


def premultiply(rgba: Pixels) -> Pixels:
    """Straight RGBA [h, w, 4] to premultiplied."""
    alpha = rgba[..., 3:].astype(np.uint16)
    out = rgba.copy()
    out[..., :3] = ((rgba[..., :3].astype(np.uint16) * alpha + 127) // 255).astype(np.uint8)
    return out


def rasterise(svg: str, width: int | None = None, height: int | None = None) -> Pixels:
    """Draw SVG markup by resvg: premultiplied RGBA [h, w, 4], at the SVG's own size if none is given.

    Not for text: resvg has no access to the project's fonts (see localize.clip.type).
    """
    png = resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, skip_system_fonts=True)
    bgra = u8(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED))
    return premultiply(u8(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA)))
