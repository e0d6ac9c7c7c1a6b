"""Where things are in the frame, and the box that no platform's own buttons cover."""

from __future__ import annotations

from dataclasses import dataclass, replace

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of 1080x1920; right and bottom are outside

CART = (230, 1530)  # the product's link, above the account's name
FOLLOW = (1000, 930)  # the account's picture with its plus, uppermost in the column of buttons


@dataclass(frozen=True)
class Layout:
    """Zones of a 1080x1920 frame. All text lies inside `safe`, which is free of TikTok's and Douyin's interface."""

    name: str
    width: int
    height: int
    safe: Box
    label: tuple[int, int]  # top left corner of the AI label
    picture: Box
    melt: int  # pixels over which the picture's lower edge melts into the backdrop
    card: Box  # feature and price cards grow upwards from its bottom left corner
    captions: Box
    presenters: tuple[Box, ...]  # each host's canvas: top left corners meet, and what is drawn may hang over
    logo: Box

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """Where a presenter points, by name: what this layout shows, and the buttons that TikTok and Douyin lay over it."""
        left, _, right, bottom = self.card
        return {
            "picture": (400, self.picture[3] - 350),
            "card": ((left + right) // 2 + 20, bottom - 8), "cart": CART, "follow": FOLLOW,
        }  # fmt: skip


PRESENTER_RIGHT = Layout(
    name="presenter-right",
    width=1080,
    height=1920,
    safe=(60, 250, 900, 1460),
    label=(60, 250),
    picture=(0, 0, 1080, 1200),
    melt=260,
    card=(60, 760, 560, 1112),
    captions=(60, 1276, 900, 1456),
    presenters=((250, 880, 1080, 1920),),
    logo=(650, 384, 900, 452),
)

# The heads come up to where the cards were, so the cards move up to the picture.
TWO_PRESENTERS = replace(
    PRESENTER_RIGHT, name="two-presenters", presenters=((-200, 880, 660, 1920), (310, 880, 1170, 1920)), card=(60, 560, 560, 912)
)

# Voice-over: nobody stands before the picture, which comes down to the captions.
PRODUCT_ONLY = replace(PRESENTER_RIGHT, name="product-only", presenters=(), picture=(0, 0, 1080, 1340), card=(60, 900, 560, 1252))

# Filmed hosts stand in their own room: the picture above it, the room down to the frame's end.
PRESENTER_BELOW = replace(
    PRESENTER_RIGHT, name="presenter-below", presenters=((0, 720, 1080, 1920),), picture=(0, 0, 1080, 790), melt=0, card=(60, 350, 560, 690)
)
SIDE_BY_SIDE = replace(PRESENTER_BELOW, name="side-by-side", presenters=((0, 720, 536, 1920), (544, 720, 1080, 1920)))


def of(hosts: int, *, filmed: bool = False) -> Layout:
    """The layout of a clip in which so many hosts are seen: none, one or two, drawn or filmed."""
    return ((PRODUCT_ONLY, PRESENTER_BELOW, SIDE_BY_SIDE) if filmed else (PRODUCT_ONLY, PRESENTER_RIGHT, TWO_PRESENTERS))[hosts]


def inside(inner: Box, outer: Box) -> bool:
    """Whether a box lies wholly in another."""
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]
