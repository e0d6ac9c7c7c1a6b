"""Where things are in the frame, and the box that no platform's own buttons cover."""

from __future__ import annotations

from dataclasses import dataclass

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
    presenter: Box  # the avatar's canvas: bottom edges touch, centres meet
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
    presenter=(250, 880, 1080, 1920),
    logo=(650, 384, 900, 452),
)


def inside(inner: Box, outer: Box) -> bool:
    """Whether a box lies wholly in another."""
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]
