"""A filmed host in its zone: the face is free, the right frame is seen with the right lips, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import films
import numpy as np
import pytest

from localize import engines
from localize.avatar.filmed import package
from localize.avatar.filmed.avatar import CHIN, Crop, FilmedAvatar, Zone, covering, fitted
from localize.avatar.filmed.faces import Faces
from localize.consent import Consent
from localize.lipsync import Boxes, Frame, Patch, Samples, patches
from localize.lipsync.blend import cut

ZONE = Zone(1080, 1200, 556, 740)
SMALL = Zone(320, 300, 220, 200)


def faces(left: float, top: float, right: float, bottom: float, drift: float = 0.0) -> Faces:
    """Of a still face, or one that goes down by `drift` px in 50 frames; one frame shows none."""
    boxes = np.tile(np.array([left, top, right, bottom], np.float32), (50, 1))
    boxes[:, [1, 3]] += np.linspace(0, drift, 50)[:, None].astype(np.float32)
    boxes[7] = np.nan
    return Faces(boxes, np.zeros((50, 3), np.float32), np.ones(50, np.uint8), np.zeros(50, np.float32), 0, 0)


@pytest.mark.parametrize(
    ("size", "face"),
    [
        ((1080, 1920), (400, 300, 680, 640)),  # a phone held upright
        ((1920, 1080), (800, 200, 1120, 580)),  # a camera
        ((576, 768), (220, 150, 340, 290)),
        ((480, 480), (150, 120, 310, 310)),
        ((1080, 1920), (60, 1200, 360, 1560)),  # far down and at the side
    ],
)
def test_the_zone_is_filled_and_nothing_lies_over_the_chin(size: tuple[int, int], face: tuple[int, int, int, int]) -> None:
    crop = fitted(size, faces(*face), ZONE)
    left, top, right, bottom = crop.box
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert crop.width == ZONE.width
    assert ZONE.filled - 2 <= crop.height <= ZONE.height
    across, down = crop.width / (right - left), crop.height / (bottom - top)
    assert across == pytest.approx(down, rel=0.01)
    assert (face[3] - top) * down <= ZONE.free - CHIN + 2
    assert 0 < ((face[0] + face[2]) / 2 - left) * across < ZONE.width


def test_the_face_is_free_wherever_the_head_goes() -> None:
    box = (400, 300, 680, 640)
    crop = fitted((1080, 1920), faces(*box, drift=90), ZONE)
    scale = crop.height / (crop.box[3] - crop.box[1])
    assert (640 + 85 - crop.box[1]) * scale <= ZONE.free - CHIN + 2


def test_a_face_far_away_is_brought_nearer_but_not_blown_up() -> None:
    far = fitted((1920, 1080), faces(920, 300, 1000, 400), ZONE)
    near = fitted((1920, 1080), faces(800, 200, 1120, 580), ZONE)
    enlarged = far.width / (far.box[2] - far.box[0])
    assert enlarged > near.width / (near.box[2] - near.box[0])
    assert enlarged == pytest.approx(1.7, rel=0.01)


def test_corners_are_round_and_an_end_fades() -> None:
    whole = covering(Crop((0, 0, 1, 1), 1080, 1200), ZONE)
    assert (whole[0, 0], whole[0, 540], whole[-1, 0], whole[600, 0]) == (0, 255, 255, 255)
    ends = covering(Crop((0, 0, 1, 1), 1080, 900), ZONE)
    assert ends[-1].max() <= 1
    assert ends[900 - 250].min() == 255
    assert (np.diff(ends[700:, 500].astype(int)) <= 0).all()


class Painter:
    """Paints each patch in a grey that tells its frame; None where there is no face."""

    def __init__(self, same: bool = False) -> None:
        self.same = same

    def patches(self, frames: Iterable[Frame], boxes: Boxes, speech: Samples, rate: int, fps: float) -> Iterator[Patch | None]:
        for k, (frame, box) in enumerate(zip(frames, boxes, strict=True)):
            if not np.isfinite(box).all():
                yield None
                continue
            where = tuple(int(v) for v in box)
            face = cut(frame, where, 64) if self.same else np.full((64, 64, 3), 40 + k, np.uint8)  # type: ignore[arg-type]
            yield Patch(face, where)  # type: ignore[arg-type]


@pytest.fixture
def anna(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FilmedAvatar:
    monkeypatch.setattr(engines, "get", lambda stage: films.MarkedFaces())
    video = films.film(tmp_path / "me.mp4", (films.person(k) for k in range(150)))
    consent = Consent.model_validate({"who": "Nobody", "signed": "2026-01-02", "by": "a test", "languages": "all", "platforms": "all"})
    return FilmedAvatar(package.add("anna", video, consent, tmp_path / "avatars"))


def lips(anna: FilmedAvatar, file: Path, painter: Painter, seconds: float) -> Path:
    patches.write(file, anna.lips(painter, np.zeros(1, np.float32), 16_000, seconds))  # type: ignore[arg-type]
    return file


def test_lips_that_say_the_same_leave_the_picture_as_it_is(anna: FilmedAvatar, tmp_path: Path) -> None:
    seen = anna.seen(lips(anna, tmp_path / "same.mkv", Painter(same=True), 2.0), 2.0, SMALL)
    left, top, right, bottom = seen.crop.box
    size = (seen.crop.width, seen.crop.height)
    for k, film in zip((0, 24, 49), anna.footage.frames([anna.footage.frame_at(k) for k in (0, 24, 49)]), strict=True):
        (sprite,) = seen(k / 25)
        assert size[0] >= right - left
        plain = cv2.resize(film[top:bottom, left:right], size, interpolation=cv2.INTER_CUBIC)
        solid = sprite.rgba[..., 3] == 255
        assert solid.mean() > 0.5
        assert cv2.PSNR(sprite.rgba[..., :3][solid], plain[solid]) >= 45
        assert sprite.key is None


def test_each_moment_has_its_frame_and_its_lips(anna: FilmedAvatar, tmp_path: Path) -> None:
    seen = anna.seen(lips(anna, tmp_path / "grey.mkv", Painter(), 2.0), 2.0, SMALL)

    def grey(t: float) -> int:
        """Which frame's grey is where the mouth is."""
        k = round(t * 25)
        box = anna.footage.faces.boxes[anna.footage.frame_at(k)]
        left, top, right, _ = seen.crop.box
        scale = seen.crop.width / (right - left)
        x, y = ((box[0] + box[2]) / 2 - left) * scale, (box[1] + 0.75 * (box[3] - box[1]) - top) * scale
        (sprite,) = seen(t)
        return round(float(sprite.rgba[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3, :3].mean())) - 40

    assert [grey(k / 25) for k in (0, 1, 2, 20, 49)] == [0, 1, 2, 20, 49]
    assert grey(5 / 25) == 5  # back again
    assert grey(5 / 25) == 5


def test_what_is_kept_is_asked_for_by_what_it_hangs_on(anna: FilmedAvatar) -> None:
    def kept(**changes: object) -> str:
        sheet = anna.package.sheet.model_copy(update=changes)
        return FilmedAvatar(replace(anna.package, sheet=sheet)).fingerprint()

    assert kept() == anna.fingerprint()
    assert kept(about="by the window") == anna.fingerprint()
    assert kept(background="blur") != anna.fingerprint()
    assert kept(loop=anna.package.sheet.loop.model_copy(update={"stop": 99})) != anna.fingerprint()
