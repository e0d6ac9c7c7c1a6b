"""Layouts as data: every one is whole in every shape of frame, and its texts have room that nobody's interface covers."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from localize.assets import ASSETS
from localize.avatar.package import Package
from localize.clip import layout as layouts
from localize.clip.layout import Aspect, Box, inside
from localize.errors import UserError

ALL = [(name, aspect) for name in layouts.names() for aspect in layouts.SIZES]
FACE = (350, 62, 590, 362)  # of Mali's canvas


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize(("name", "aspect"), ALL)
def test_zones_are_in_the_frame_and_texts_where_no_interface_is(name: str, aspect: Aspect) -> None:
    layout = layouts.get(name, aspect)
    frame = (0, 0, layout.width, layout.height)
    assert inside(layout.picture, frame)
    for zone in (layout.card, layout.captions, layout.logo, *([layout.window] if layout.window else [])):
        assert inside(zone, layout.safe), zone
    assert layout.safe[:2] <= layout.label
    for one, other in combinations((layout.card, layout.captions, layout.logo), 2):
        assert not overlap(one, other), (one, other)


@pytest.mark.parametrize(("name", "aspect"), [(n, a) for n, a in ALL if layouts.sheet(n).kind == "drawn"])
@pytest.mark.parametrize("avatar", ["mali", "arun", "pixa"])
def test_drawn_hosts_end_below_the_frame_and_no_zone_is_over_a_face(name: str, aspect: Aspect, avatar: str) -> None:
    layout = layouts.get(name, aspect)
    _, high = Package.read(ASSETS / "avatars" / avatar / "avatar.yaml").canvas
    for x, y, _, _ in layout.presenters:
        assert y + high * layout.scale >= layout.height
        face = (x + FACE[0] * layout.scale, y + FACE[1] * layout.scale, x + FACE[2] * layout.scale, y + FACE[3] * layout.scale)
        assert not overlap(face, layout.card)  # type: ignore[arg-type]
        assert not overlap(face, layout.captions)  # type: ignore[arg-type]


def test_a_layout_says_for_whom_it_is() -> None:
    assert layouts.misfit("presenter-left", 1, filmed=False) == ""
    assert layouts.misfit("presenter-left", 1, filmed=True) == "it is for drawn hosts, and the campaign's are filmed"
    assert layouts.misfit("side-by-side", 1, filmed=True) == "two hosts are seen in it, and of the campaign's one host is seen"
    assert layouts.misfit("picture-in-picture", 1, filmed=True) == ""
    for hosts, filmed in ((0, False), (1, False), (2, False), (1, True), (2, True)):
        assert layouts.default(hosts, filmed=filmed) in layouts.fitting(hosts, filmed=filmed)


def test_pointing_at_the_platforms_buttons_is_for_upright_clips() -> None:
    assert set(layouts.get("presenter-right").places) == {"picture", "card", "cart", "follow"}
    assert set(layouts.get("presenter-right", "1:1").places) == {"picture", "card"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hosts: 1", "hosts: 2", "9:16 has places for 1 hosts, and it is for 2"),
        ("default: fade", "default: dissolve", "dissolve"),
        ('"1:1":', '"2:1":', "2:1"),
        ("melt: 260", "melt: soft", "melt"),
        ("picture: [0, 0, 1080, 1200]", "picture: [0, 0, 1080, 1201]", "must be even"),
        ("picture: [0, 0, 1080, 1200]", "picture: [0, 0, 2000, 3000]", "is not in the frame"),
        ("card: [60, 760, 560, 1112]", "card: [60, 1200, 560, 1500]", "card (60, 1200, 560, 1500) must lie in (60, 250, 900, 1460)"),
    ],
)
def test_a_layout_that_is_none_is_told_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str
) -> None:
    text = (layouts.FOLDER / "presenter-right.yaml").read_text("utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace(old, new), "utf-8")
    monkeypatch.setattr(layouts, "FOLDER", tmp_path)
    with pytest.raises(UserError) as raised:
        layouts.sheet("mine")
    assert "mine.yaml: not a layout" in str(raised.value)
    assert said in str(raised.value)
