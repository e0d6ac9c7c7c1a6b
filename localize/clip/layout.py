"""Where things are in the frame: layouts are data (assets/layouts), each for four shapes of frame, and keep their texts where no
platform's own buttons cover them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from localize import yamls
from localize.assets import ASSETS
from localize.domain import Model, Role
from localize.errors import UserError

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the frame; right and bottom are outside
Aspect = Literal["9:16", "4:5", "1:1", "16:9"]
Transition = Literal["cut", "fade", "slide", "wipe", "zoom"]

FOLDER = ASSETS / "layouts"
SIZES: dict[str, tuple[int, int]] = {"9:16": (1080, 1920), "4:5": (1080, 1350), "1:1": (1080, 1080), "16:9": (1920, 1080)}
CART = (230, 1530)  # the product's link of an upright clip, above the account's name
FOLLOW = (1000, 930)  # the account's picture with its plus, uppermost in the column of buttons
# Which layout a campaign has that names none, by how many hosts are seen: drawn, and filmed.
DRAWN, FILMED = ("product-only", "presenter-right", "two-presenters"), ("product-only", "presenter-below", "side-by-side")


class Zones(Model):
    """Of one shape of frame. Cards grow upwards from the lower left corner of `card`, captions from the lower edge of theirs. Each of
    `presenters` is a host's canvas (top left corners meet) or, of filmed ones, their room; in a `window` the host's face looks out of a
    circle. `hidden` are places that the host stands before and so can't point at. `scale` is the hosts' size, `type` that of cards and
    captions; the picture's lower edge melts over `melt` px."""

    picture: Box
    melt: int = Field(default=0, ge=0)
    label: tuple[int, int]
    logo: Box
    card: Box
    captions: Box
    presenters: tuple[Box, ...] = ()
    window: Box | None = None
    hidden: tuple[Literal["picture", "card", "cart", "follow"], ...] = ()
    scale: float = Field(default=1.0, gt=0.2, le=1.5)
    type: float = Field(default=1.0, ge=0.6, le=1.5)


class Sheet(Model):
    """A layout's file. `transitions` say how a picture gives way to the next, by the role of the Line that comes, or `default`."""

    about: str
    hosts: int = Field(ge=0, le=2)
    kind: Literal["drawn", "filmed", "any"]
    transitions: dict[Role | Literal["default"], Transition] = Field(default_factory=dict)
    countdown: bool = False
    frames: dict[Aspect, Zones]

    @model_validator(mode="after")
    def whole(self) -> Sheet:
        if missing := [aspect for aspect in SIZES if aspect not in self.frames]:
            raise ValueError(f"it has no zones for {', '.join(missing)}")
        for aspect, zones in self.frames.items():
            if any(edge % 2 for edge in zones.picture):
                raise ValueError(f"{aspect}: the picture's edges {zones.picture} must be even: colours have half the pixels")
            if not inside(zones.picture, (0, 0, *SIZES[aspect])):
                raise ValueError(f"{aspect}: the picture {zones.picture} is not in the frame of {SIZES[aspect]}")
            free = safe_box(aspect)
            for name in ("card", "captions", "logo"):
                if not inside(getattr(zones, name), free):
                    raise ValueError(f"{aspect}: {name} {getattr(zones, name)} must lie in {free}, where no platform covers it")
            seen = len(zones.presenters) + (zones.window is not None)
            if seen != self.hosts:
                raise ValueError(f"{aspect} has places for {seen} hosts, and it is for {self.hosts}")
        return self


class Layout(Zones):
    """The zones of a frame of `width` x `height`. All text lies inside `safe`, which is free of the platforms' interfaces."""

    name: str
    aspect: Aspect
    width: int
    height: int
    safe: Box
    transitions: dict[Role | Literal["default"], Transition] = Field(default_factory=dict)
    countdown: bool = False

    @property
    def stands(self) -> tuple[Box, ...]:
        """Where each host is that is seen."""
        return self.presenters or ((self.window,) if self.window else ())

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """Where a presenter points, by name: what this layout shows, and the buttons that TikTok and Douyin lay over upright clips."""
        left, _, right, bottom = self.card
        middle = (
            self.picture[0] + 10 * (self.picture[2] - self.picture[0]) // 27,
            self.picture[1] + 17 * (self.picture[3] - self.picture[1]) // 24,
        )
        shown = {"picture": middle, "card": ((left + right) // 2 + 20, bottom - 8)}
        seen = shown | {"cart": CART, "follow": FOLLOW} if self.aspect == "9:16" else shown
        return {name: place for name, place in seen.items() if name not in self.hidden}

    def transition(self, role: Role) -> Transition:
        """How the picture of a Line with this role comes."""
        return self.transitions.get(role, self.transitions.get("default", "fade"))


def names() -> tuple[str, ...]:
    """The layouts there are."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


@cache
def sheet(name: str) -> Sheet:
    """A layout's file. Raises UserError for one that is not there or not as it must be."""
    file = FOLDER / f"{name}.yaml"
    data, _ = yamls.read(file, "a layout")
    try:
        return Sheet.model_validate(data)
    except ValidationError as error:
        raise UserError(f"{file}: not a layout: {error}") from error


@cache
def _free() -> dict[str, dict[str, Box]]:
    return {
        platform: {k: tuple(box) for k, box in shapes.items()}
        for platform, shapes in yamls.read(FOLDER / "screens" / "boxes.yaml", "safe boxes")[0].items()
    }


def safe_box(aspect: str, platforms: Iterable[str] = ()) -> Box:
    """What the interfaces of all these platforms (of all that are known, without) leave free."""
    free = _free()
    boxes = [free[platform][aspect] for platform in (tuple(platforms) or free)]
    return max(b[0] for b in boxes), max(b[1] for b in boxes), min(b[2] for b in boxes), min(b[3] for b in boxes)


@cache
def get(name: str, aspect: Aspect = "9:16") -> Layout:
    """A layout for a shape of frame; its texts lie where no platform covers them, so that one picture is for all. Raises UserError as
    `sheet`."""
    told = sheet(name)
    width, height = SIZES[aspect]
    return Layout(
        name=name, aspect=aspect, width=width, height=height, safe=safe_box(aspect), transitions=told.transitions,
        countdown=told.countdown, **told.frames[aspect].model_dump(),
    )  # fmt: skip


def default(hosts: int, *, filmed: bool = False) -> str:
    """The layout of a clip in which so many hosts are seen (none, one or two, drawn or filmed), where none is named."""
    return (FILMED if filmed else DRAWN)[hosts]


def misfit(name: str, hosts: int, *, filmed: bool) -> str:
    """Why a layout is not for a clip with so many hosts of a kind, empty where it is."""
    told, kind = sheet(name), "filmed" if filmed else "drawn"
    if told.hosts != hosts:
        return f"{_seen(told.hosts)} in it, and of the campaign's {_seen(hosts)}"
    if hosts and told.kind not in ("any", kind):
        return f"it is for {told.kind} hosts, and the campaign's are {kind}"
    return ""


def _seen(hosts: int) -> str:
    return ("no host is seen", "one host is seen", "two hosts are seen")[hosts]


def fitting(hosts: int, *, filmed: bool) -> tuple[str, ...]:
    """The layouts for so many hosts of a kind."""
    return tuple(name for name in names() if not misfit(name, hosts, filmed=filmed))


def inside(inner: Box, outer: Box) -> bool:
    """Whether a box lies wholly in another."""
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]
