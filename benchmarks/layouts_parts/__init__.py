"""The parts of benchmarks/layouts.py, and the clips without a voice that they look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from localize import languages
from localize.assets import ASSETS
from localize.avatar import DrawnAvatar, Scene, perform
from localize.clip import layout as layouts
from localize.clip import render
from localize.clip.cards import Palette
from localize.clip.compose import Composer
from localize.clip.footage import Look
from localize.clip.layout import Layout
from localize.clip.window import Window
from localize.domain import Disclosure, Line, Mouth, Script, Speech, Word
from localize.media.mp4 import Encoding
from localize.timeline import lay_out

FPS = 30
PALETTE = Palette("#D9482B", "#FFC145")
HOSTS = ("mali", "arun")


@lru_cache(maxsize=64)
def speech(text: str, language: str) -> Speech:
    """A Line as it would be spoken at a seller's pace, silent."""
    tokens = languages.get(language).read(text)
    now, words = 0.0, []
    for token in tokens:
        end = now + 0.12 + 0.05 * len(token.text)
        words.append(Word(text=token.text, start=now, end=end, gap=token.gap))
        now = end
    mouths = (Mouth(shape="D", start=0, end=now),)
    return Speech(audio="", rate=48_000, duration=now, words=tuple(words), mouths=mouths, engine="none")


@cache
def _avatar(name: str, scale: float) -> DrawnAvatar:
    return DrawnAvatar.load(ASSETS / "avatars" / name, scale)


def composed(
    layout: Layout, script: Script, pictures: Sequence[Any], logo: str = "", presenters: Sequence[Any] | None = None,
    footage: Sequence[Look] = (),
) -> Composer:  # fmt: skip
    """The composer of a clip of this script in this layout; hosts are the shipped ones if they are not given."""
    timeline = lay_out(script.lines, [speech(line.text, script.language) for line in script.lines], FPS)
    seen: list[Callable[[float], Iterable[Any]]] = list(presenters or ())
    for host, box in enumerate(layout.stands[len(seen) :]):
        avatar, own = _avatar(HOSTS[host], layout.scale), timeline.of(host) if len(layout.stands) > 1 else timeline
        scene = Scene(
            box, {} if layout.window else layout.places, partner_left=host == 0 if len(layout.stands) > 1 else None, width=layout.width
        )
        shapes = tuple(Mouth(shape="D" if k % 2 else "B", start=k * 0.2, end=(k + 1) * 0.2) for k in range(int(own.duration / 0.2)))
        done = perform(own.spoken, shapes, own.duration, 7 + host, script.language, scene, ())
        shown: Callable[[float], Iterable[Any]] = lambda t, avatar=avatar, done=done: avatar.sprites(done, t)  # type: ignore[misc]
        seen.append(Window(shown, avatar.anchors["head_top"], box[2] - box[0], PALETTE.accent) if layout.window else shown)
    job = render.Job(
        layout=layout, script=script, timeline=timeline, pictures=pictures, palette=PALETTE, logo=logo, presenters=seen, music="none",
        encoding=Encoding(layout.width, layout.height, FPS), footage=footage,
        disclosure=Disclosure(label="", producer="x", produce_id="x", made=("script",)),
    )  # fmt: skip
    return render.compose(job)[0]


def lines(text: Any, language: str, hosts: int) -> tuple[Line, ...]:
    """A script of the usual roles that says the product's own texts; of two hosts, by turns."""
    said = [
        Line(role="hook", text=text.title, show="title"),
        *(Line(role="feature", text=feature, show="feature", feature=n) for n, feature in enumerate(text.features[:3])),
        Line(role="price", text=text.title, show="price"),
        Line(role="cta", text=text.title, show="cta"),
    ]
    return tuple(line.model_copy(update={"host": n % max(1, hosts)}) for n, line in enumerate(said))


def picture(path: Path) -> Any:
    from localize.products import pictures

    return pictures.load(str(path), 1400)


def plain(colour: tuple[int, int, int] = (150, 170, 200), size: tuple[int, int] = (800, 720)) -> Any:
    return np.full((*size, 3), colour, np.uint8)


def shapes() -> list[Layout]:
    """Every layout in every shape of frame."""
    return [layouts.get(name, aspect) for name in layouts.names() for aspect in layouts.SIZES]  # type: ignore[arg-type]
