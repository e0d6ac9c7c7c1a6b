"""A drawn host who looks out of a round window: their head and shoulders, cut to a circle over the brand's colour."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from localize.clip.compose import Sprite
from localize.pixels import Pixels, over, rasterise

HEAD = 0.15  # of the window's height that is free above the head
RING = 0.022  # of its width, of the ring round it


@dataclass(frozen=True)
class Seen:
    """The window as one sprite: drawn when its pixels are asked for, as most of its moments come again."""

    sprites: tuple[Sprite, ...]
    window: Window

    @property
    def x(self) -> int:
        return 0

    @property
    def y(self) -> int:
        return 0

    @property
    def key(self) -> Hashable:
        return tuple((sprite.key, sprite.x, sprite.y) for sprite in self.sprites)

    @cached_property
    def rgba(self) -> Pixels:
        return self.window.draw(self.sprites)


class Window:
    """A round window of `size` px for a host whose sprites are `presenter`, their head's top at `head` (x, y) of their canvas, behind
    them a colour #rrggbb."""

    def __init__(self, presenter: Callable[[float], Iterable[Sprite]], head: tuple[float, float], size: int, colour: str) -> None:
        self._presenter = presenter
        self._move = round(size / 2 - head[0]), round(HEAD * size - head[1])
        r, ring = size / 2, RING * size
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}">{{}}</svg>'
        self._ground = rasterise(svg.format(f'<circle cx="{r}" cy="{r}" r="{r - 1}" fill="{colour}"/>'))
        self._circle = self._ground[..., 3:].astype(np.uint16)
        self._ring = rasterise(
            svg.format(f'<circle cx="{r}" cy="{r}" r="{r - ring / 2 - 0.5}" fill="none" stroke="#FFFFFF" stroke-width="{ring}"/>')
        )

    def __call__(self, t: float) -> tuple[Seen, ...]:
        """What is seen at t seconds, from the window's top left corner."""
        return (Seen(tuple(self._presenter(t)), self),)

    def draw(self, sprites: Iterable[Sprite]) -> Pixels:
        """Premultiplied RGBA [size, size, 4]."""
        canvas = self._ground.copy()
        for sprite in sprites:
            over(canvas, sprite.x + self._move[0], sprite.y + self._move[1], sprite.rgba)
        canvas = ((canvas.astype(np.uint16) * self._circle + 127) // 255).astype(np.uint8)
        over(canvas, 0, 0, self._ring)
        return canvas
