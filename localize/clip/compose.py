"""A clip's frames, one after the other: backdrop, moving picture, cards, presenter, captions, label.

What does not change is drawn once per shot; a frame costs one copy, one warp and a handful of blends.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from localize.clip import cards, stills
from localize.clip.canvas import Frame, Layer, Picture, layer, put_back
from localize.clip.cards import Card, Palette
from localize.clip.footage import Look, Stretch, choose
from localize.clip.layout import Box, Layout
from localize.clip.reel import Reel
from localize.domain import Money, Role, Script
from localize.pixels import Pixels
from localize.timeline import Timeline

FADE = 0.26  # s of a change from one picture to the next
NEARER = 0.22  # how much larger a picture begins that zooms in
COUNT = 12  # prices between the old one and the new, where the layout counts down
COUNTING = (0.35, 1.25)  # s of the price's shot in which it does
SLIDE = 0.30  # s in which a card comes up
RISE = 46  # px it comes up by
KEPT = 48  # layers of each host's moving sprites, of about 1 MB each at most
ZOOM = 1.08  # what a picture grows by while it is shown


class Sprite(Protocol):
    """A part of a moving layer in a frame: premultiplied pixels, where, and a key that is equal for equal pixels; None where they
    never come again."""

    @property
    def rgba(self) -> Pixels: ...
    @property
    def x(self) -> int: ...
    @property
    def y(self) -> int: ...
    @property
    def key(self) -> Hashable: ...


@dataclass(frozen=True)
class Scene:
    """A picture or footage in its box, the backdrop of it, and what shapes the picture's edges."""

    still: Picture | Reel
    ground: Frame
    rims: list[Layer]


@dataclass(frozen=True)
class Shot:
    """What is behind and beside the presenter from `start` to `end`, while a Line of `role` is said: a picture (or footage: `views`),
    and a card if `card` names one."""

    start: float
    end: float
    role: Role
    picture: int
    card: tuple[str, int] | None  # kind, index of the feature


def shots(script: Script, timeline: Timeline, pictures: int) -> list[Shot]:
    """One shot a Line, from a breath before it to the next one. Features walk through the `pictures` views; the price and the
    call to action come back to the first."""
    out: list[Shot] = []
    for i, s in enumerate(timeline.spoken):
        start = 0.0 if i == 0 else s.start - 0.12
        end = timeline.spoken[i + 1].start - 0.12 if i + 1 < len(timeline.spoken) else timeline.duration
        line = s.line
        card: tuple[str, int] | None = None
        if line.show == "feature" and line.feature is not None and line.feature < len(script.text.features):
            card = ("feature", line.feature)
        elif line.show in ("title", "price", "cta"):
            card = (line.show, 0)
        picture = 0
        if line.role in ("problem", "feature", "proof"):
            picture = (1 + (line.feature or 0)) % pictures
        out.append(Shot(start, end, line.role, picture, card))
    return out


def views(pictures: int, footage: int) -> list[tuple[str, int]]:
    """What shots walk through: the first picture, then all footage, then the other pictures."""
    return [("picture", 0), *(("footage", n) for n in range(footage)), *(("picture", n) for n in range(1, pictures))]


def stretches(planned: Sequence[Shot], seen: Sequence[tuple[str, int]], looks: Sequence[Look]) -> dict[int, tuple[Look, Stretch]]:
    """Which part of which footage is shown in each of the shots that show any, by the shot's number: none twice while there are others."""
    chosen: dict[int, tuple[Look, Stretch]] = {}
    for number, shot in enumerate(planned):
        kind, index = seen[shot.picture]
        if kind == "footage":
            taken = [stretch for look, stretch in chosen.values() if look is looks[index]]
            chosen[number] = looks[index], choose(looks[index], shot.end - shot.start + FADE, taken)
    return chosen


class Composer:
    """Draws the frames of one clip. Not shared between threads."""

    def __init__(
        self, layout: Layout, script: Script, timeline: Timeline, pictures: Sequence[Pixels], palette: Palette, logo: str,
        presenters: Sequence[Callable[[float], Iterable[Sprite]]], captions: Callable[[float], Iterable[Sprite]], captions_height: int,
        footage: Sequence[Look] = (),
    ) -> None:  # fmt: skip
        self.layout, self.script, self.timeline, self.palette = layout, script, timeline, palette
        self.presenters, self.captions = presenters, captions
        self._captions_at = (layout.captions[0], layout.captions[3] - captions_height)
        self._views = views(len(pictures), len(footage))
        self.shots = shots(script, timeline, len(self._views))
        self._stretches = stretches(self.shots, self._views, footage)
        self._frame = self._own = Frame(layout.width, layout.height)
        self._other = Frame(layout.width, layout.height)
        left, top, right, bottom = layout.picture
        self._covered = bottom if (left, top, right) == (0, 0, layout.width) else 0  # rows of the backdrop that pictures hide
        self._pictures = pictures
        self._scenes: dict[tuple[str, int], Scene] = {}
        self._logo = self._logo_layer(logo) if logo else None
        drawn = {s.card: self._drawn(*s.card) for s in self.shots if s.card}
        self._faces = {name: self._face(card) for name, card in drawn.items()}
        self._cards = {name: self._placed(card) for name, card in drawn.items()}
        self._falling = (
            [self._placed(self._price(money)) for money in falling(script)] if layout.countdown and ("price", 0) in self._cards else []
        )
        self._label = layer(self.label_card.rgba, *layout.label)
        self._seen: OrderedDict[Hashable, Layer] = OrderedDict()

    @cached_property
    def label_card(self) -> Card:
        return cards.ai_label(self.script.language, self.layout.safe[2] - self.layout.safe[0])

    def label_glyph(self) -> int:
        """Height of the label's lowest full-height glyph, in pixels."""
        return self.label_card.glyph

    def wear_label(self, frame: Frame) -> None:
        """Lay the AI label on a frame that is not the composer's own: nothing of a clip goes without."""
        frame.blend(self._label)

    def text_boxes(self) -> dict[str, Box]:
        """Where this clip's cards and label are, by name: what the safe-box check looks at."""
        x, y = self.layout.label
        boxes = {"label": (x, y, x + self.label_card.width, y + self.label_card.height)}
        boxes |= {f"{kind} card {index + 1}": face for (kind, index), face in self._faces.items()}
        left, top = self._captions_at
        boxes["captions"] = (left, top, self.layout.captions[2], self.layout.captions[3])
        return boxes

    def frame(self, index: int, paper: Frame | None = None) -> Frame:
        """Frame `index` of the clip, drawn on `paper`, all of it. Without one it is the composer's own, used again for the next."""
        self._frame = paper or self._own
        t = index / self.timeline.fps
        n = self._shot_at(t)
        shot = self.shots[n]
        self._stage(self._frame, n, t)
        if n and self.shots[n - 1].picture != shot.picture and t < shot.start + FADE:
            self._change(n, t)
        if self._logo:
            self._frame.blend(self._logo)
        for number, (presenter, box) in enumerate(zip(self.presenters, self.layout.stands, strict=True)):
            for sprite in presenter(t):
                self._frame.blend(self._moving(f"presenter {number}", sprite, *box[:2]))
        if shot.card:
            self._card(n, t)
        for sprite in self.captions(t):
            self._frame.blend(self._moving("caption", sprite, *self._captions_at))
        self._frame.blend(self._label)
        return self._frame

    def _change(self, n: int, t: float) -> None:
        """From the picture before shot `n` to its own, as the layout says for its role."""
        part = _smooth((t - self.shots[n].start) / FADE)
        how = self.layout.transition(self.shots[n].role)
        if how == "cut":
            return
        if how == "zoom":
            self._stage(self._frame, n, t, nearer=NEARER * (1 - part))
        self._stage(self._other, n - 1, t)
        left, top, right, bottom = self.layout.picture
        planes = [(own[top // k : bottom // k, left // k : right // k], was[top // k : bottom // k, left // k : right // k], k)
                  for own, was, k in zip(_planes(self._frame), _planes(self._other), (1, 2, 2), strict=True)]  # fmt: skip
        comes = [own.copy() for own, _, _ in planes]
        self._frame.cross_fade(self._other, 1 - part)
        if how in ("slide", "wipe"):
            x = 2 * round((right - left) * part / 2)
            for (own, was, k), new in zip(planes, comes, strict=True):
                w, seen = own.shape[1], x // k
                if how == "slide":  # the new one pushes the old one out
                    own[:, : w - seen], own[:, w - seen :] = was[:, seen:], new[:, :seen]
                else:
                    own[:, :seen], own[:, seen:] = new[:, :seen], was[:, seen:]

    def _stage(self, frame: Frame, n: int, t: float, nearer: float = 0.0) -> None:
        """Backdrop and picture of shot `n`, the picture larger by `nearer`. Shots zoom in and out by turns."""
        shot = self.shots[n]
        part = min(1.0, max(0.0, (t - shot.start) / max(0.5, shot.end - shot.start)))
        scene = self._scene(n)
        frame.copy_below(scene.ground, self._covered)
        if isinstance(scene.still, Reel):
            scene.still.draw(frame, max(0.0, t - shot.start))
        else:
            scene.still.draw(frame, 1 + nearer + (ZOOM - 1) * (part if n % 2 == 0 else 1 - part))
        for rim in scene.rims:
            frame.blend(rim)

    def _scene(self, number: int) -> Scene:
        """The picture or footage of a shot made ready, when it is first shown."""
        view = self._views[self.shots[number].picture]
        key = ("shot", number) if number in self._stretches else view
        if key not in self._scenes:
            box, layout = self.layout.picture, self.layout
            width, height = box[2] - box[0], box[3] - box[1]
            still: Picture | Reel
            if number in self._stretches:
                self._leave(number)
                picture, still = self._playing(number)
            else:
                picture = self._pictures[view[1]]
                still = Picture(stills.still(picture, width, height), box)
            top = max(0, self._covered - layout.melt) & ~1
            ground = Frame.of(stills.background(picture, layout.width, layout.height, self.palette.primary, top))
            self._scenes[key] = Scene(still, ground, put_back(ground, box, cards.melting(width, height, layout.melt)))
        return self._scenes[key]

    def _playing(self, number: int) -> tuple[Pixels, Reel]:
        """The first frame of a shot's footage, small, and the footage as it plays in the picture's box."""
        look, stretch = self._stretches[number]
        shot = self.shots[number]
        first = Frame(self.layout.width // 4 * 2, self.layout.height // 4 * 2)
        glance = Reel(look, stretch, (0, 0, first.width, first.height), 1)
        glance.draw(first, 0)
        glance.close()
        return first.rgb(), Reel(look, stretch, self.layout.picture, shot.end - shot.start + FADE)

    def _leave(self, number: int) -> None:
        """Close the footage of shots that are not beside this one: files and frames of what is over."""
        for kind, other in [key for key in self._scenes if key[0] == "shot" and abs(key[1] - number) > 1]:
            still = self._scenes.pop((kind, other)).still
            assert isinstance(still, Reel)
            still.close()

    def _card(self, n: int, t: float) -> None:
        """A card slides up when it comes and fades when it goes, unless the neighbouring shot shows it too. The first is there from the
        first frame, which feeds show before a clip plays."""
        shot = self.shots[n]
        assert shot.card
        sprite = self._counted(t - shot.start) if shot.card[0] == "price" and self._falling else self._cards[shot.card]
        stays = n == 0 or self.shots[n - 1].card == shot.card
        goes = n + 1 < len(self.shots) and self.shots[n + 1].card != shot.card
        come = 1.0 if stays else _smooth((t - shot.start) / SLIDE)
        go = _smooth((shot.end - t) / (SLIDE / 2)) if goes else 1.0
        if come < 1:
            sprite = sprite.at(sprite.x, sprite.y + round(RISE * (1 - come)))
        self._frame.blend(sprite.faded(min(come, go)))

    def _counted(self, t: float) -> Layer:
        """The price's card t seconds into its shot: the old price falls to the new one, fast at first."""
        begin, end = COUNTING
        part = min(1.0, max(0.0, (t - begin) / (end - begin)))
        step = round(len(self._falling) * (1 - (1 - part) ** 2))
        return self._falling[step] if step < len(self._falling) else self._cards["price", 0]

    def _shot_at(self, t: float) -> int:
        return max(i for i, s in enumerate(self.shots) if s.start <= t or i == 0)

    def _moving(self, kind: str, sprite: Sprite, left: int, top: int) -> Layer:
        """A sprite as a layer. Converting costs more than blending, so the latest are kept."""
        if sprite.key is None:
            return layer(sprite.rgba, left + sprite.x, top + sprite.y)
        key = (kind, sprite.key)
        if key in self._seen:
            self._seen.move_to_end(key)
        else:
            self._seen[key] = layer(sprite.rgba)
            if len(self._seen) > KEPT * max(1, len(self.presenters)):
                self._seen.popitem(last=False)
        kept = self._seen[key]
        return kept.at(kept.x + left + sprite.x, kept.y + top + sprite.y)

    def _drawn(self, kind: str, index: int) -> Card:
        script, width = self.script, self._card_width
        if kind == "feature":
            number = 1 + [s.card for s in dict.fromkeys(self.shots) if s.card and s.card[0] == "feature"].index((kind, index))
            card = cards.feature(script.text.features[index], number, script.language, self.palette, width)
        elif kind == "title":
            card = cards.title(script.text.title, script.text.brand, script.language, self.palette, width)
        elif kind == "price":
            return self._price(script.price)
        else:
            card = cards.call(script.price, script.language, self.palette, width, price_from=script.price_from)
        return card.sized(self.layout.type)

    def _price(self, now: Money) -> Card:
        script = self.script
        card = cards.price(now, script.was_price, script.language, self.palette, self._card_width, price_from=script.price_from)
        return card.sized(self.layout.type)

    @property
    def _card_width(self) -> int:
        """What cards are drawn at, to be as wide as their zone when they are as large as the layout says."""
        left, _, right, _ = self.layout.card
        return int((right - left) / self.layout.type)

    def _face(self, card: Card) -> Box:
        """Where a card's face is: upwards from the lower left corner of its zone."""
        left, _, _, bottom = self.layout.card
        return left, bottom - card.height, left + card.width, bottom

    def _placed(self, card: Card) -> Layer:
        left, top, _, _ = self._face(card)
        return layer(card.rgba, left - card.left, top - card.top)

    def _logo_layer(self, path: str) -> Layer:
        left, top, right, bottom = self.layout.logo
        card = cards.logo(path, self.palette, right - left, bottom - top)
        return layer(card.rgba, right - card.width - card.left, top - card.top)


def _planes(frame: Frame) -> tuple[Pixels, Pixels, Pixels]:
    return frame.y, frame.u, frame.v


def falling(script: Script) -> list[Money]:
    """The prices between the old one and the new, both not among them: as round as the rounder of the two is, none twice."""
    now, was = script.price, script.was_price
    if not was or was.amount <= now.amount or script.price_from:
        return []
    step = max(s for s in (Decimal(1).scaleb(e) for e in range(-2, 7)) if now.amount % s == 0 and was.amount % s == 0)
    step = min(step, Decimal(1).scaleb((was.amount - now.amount).adjusted() - 1))
    amounts = [was.amount - (was.amount - now.amount) * k / COUNT for k in range(1, COUNT)]
    rounded = dict.fromkeys((amount / step).to_integral_value() * step for amount in amounts)
    return [now.model_copy(update={"amount": amount}) for amount in rounded if now.amount < amount < was.amount]


def _smooth(x: float) -> float:
    """Ease from 0 to 1, both ends gentle."""
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x)
