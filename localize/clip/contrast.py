"""Colours of text and of what it is read on, by the contrast of WCAG 2. Colours are #RRGGBB."""

from __future__ import annotations

from PIL import ImageColor

READABLE = 4.5  # the contrast of text of any size, WCAG 2
PAPER = "#FFFFFF"


def _luminance(colour: str) -> float:
    channels = [c / 255 for c in ImageColor.getrgb(colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """How well two colours (#RRGGBB) part, 1 to 21, as WCAG 2 has it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(one: str, other: str, part: float) -> str:
    """Two colours mixed, `part` of the other."""
    pairs = zip(ImageColor.getrgb(one)[:3], ImageColor.getrgb(other)[:3], strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02X}" for a, b in pairs)


def readable(colour: str, ground: str) -> tuple[float, str]:
    """The nearest colour, mixed with white or black, whose letters can be read on a ground, and how much was mixed in, 0 to 1."""
    towards = PAPER if _luminance(ground) < 0.18 else "#000000"
    steps = ((step / 20, mixed(colour, towards, step / 20)) for step in range(21))
    return next((part, made) for part, made in steps if contrast(made, ground) >= READABLE or part == 1)


def stands_out(colour: str, letters: str) -> bool:
    """Whether words of a colour are seen to have it among other letters."""
    channels = ImageColor.getrgb(colour)
    apart = max(abs(a - b) for a, b in zip(channels, ImageColor.getrgb(letters), strict=True))
    return apart > 84 and max(channels) - min(channels) > 50
