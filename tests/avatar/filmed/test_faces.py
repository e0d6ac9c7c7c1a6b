"""The face is found and followed: on real people where their videos are, and by landmarks that were made up."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import cv2
import films
import numpy as np
import pytest

from localize import engines
from localize.avatar.filmed import landmarks
from localize.avatar.filmed.cascade import CascadeFaces
from localize.avatar.filmed.enrol import enrol
from localize.avatar.filmed.faces import FOUND, TRACKED, Faces
from localize.avatar.filmed.source import Source
from localize.errors import NotReady


def followed(path: Path, count: int) -> Faces:
    follower = CascadeFaces().follow()
    for frame in islice(Source(path).frames(), count):
        follower.see(frame, False)
    return follower.done()


# Where the chin, the middle of the lips and the face's width were seen by eye in the first frame, in px.
@pytest.mark.parametrize(
    ("name", "chin", "lips", "width"),
    [("grid_bbaf2n.mpg", 248, (160, 217), 110), ("grid_lbbc2a.mpg", 262, (190, 232), 118)],
)
def test_a_face_is_boxed_from_jaw_to_jaw_down_to_the_chin(name: str, chin: float, lips: tuple[float, float], width: float) -> None:
    faces = followed(films.real(name), 25)
    left, _, right, bottom = faces.boxes[0]
    assert bottom == pytest.approx(chin, abs=14)
    assert right - left == pytest.approx(width, abs=20)
    assert np.abs(faces.mouths[0, :2] - lips).max() < 12
    assert set(np.unique(faces.seen)) <= {FOUND, TRACKED}
    tremble = np.diff((faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2, 2, axis=0)
    assert np.median(np.abs(tremble)) < 0.3


def test_three_seconds_are_too_short() -> None:
    report = enrol(films.real("grid_sbwe5n.mpg"), finder=CascadeFaces())
    assert [f.check for f in report.refused] == ["footage.length"]
    assert "3.0 s" in report.refused[0].message


@pytest.mark.heavy
def test_a_blurred_face_is_refused(tmp_path: Path) -> None:
    frames = [cv2.GaussianBlur(f, (0, 0), 3) for f in Source(films.real("grid_bbaf2n.mpg")).frames()]
    blurred = films.film(tmp_path / "a.mp4", [*frames, *frames[::-1]])  # type: ignore[list-item]
    assert [f.check for f in enrol(blurred, finder=CascadeFaces()).refused] == ["footage.blur"]


@pytest.mark.heavy
def test_two_people_are_refused(tmp_path: Path) -> None:
    one, other = (list(Source(films.real(f"grid_{name}.mpg")).frames()) for name in ("bbaf2n", "lbbc2a"))
    both = films.film(tmp_path / "a.mp4", (np.hstack([a, b]) for _ in range(2) for a, b in zip(one, other, strict=True)))
    assert "footage.people" in {f.check for f in enrol(both, finder=CascadeFaces()).refused}


def test_footage_without_a_face_is_refused(tmp_path: Path) -> None:
    frames = [np.full((288, 360, 3), 120, np.uint8)] * 130
    report = enrol(films.film(tmp_path / "a.mp4", frames), finder=CascadeFaces())
    assert [f.check for f in report.refused] == ["footage.face"]
    assert "no face is seen" in report.refused[0].message


def mesh(turn: float = 0.0) -> np.ndarray:
    """Landmarks [478, 2] of an oval face, 200 px wide and 260 high with its middle at (300, 300), the nose off by `turn` px."""
    points = np.full((478, 2), 300.0)
    angles = np.linspace(-np.pi / 2, 1.5 * np.pi, len(landmarks.OVAL), endpoint=False)
    points[list(landmarks.OVAL)] = np.stack([300 + 100 * np.cos(angles), 300 + 130 * np.sin(angles)], axis=1)
    points[landmarks.BRIDGE], points[landmarks.NOSE] = (300, 310), (300 + turn, 330)
    points[61], points[291], points[13], points[14] = (265, 370), (335, 370), (300, 366), (300, 376)
    return points


def test_landmarks_give_the_box_of_lip_sync_models() -> None:
    left, top, right, bottom, x, y, width, yaw = landmarks.measure(mesh())
    assert (round(left), round(right), round(bottom), round(top)) == (200, 400, 430, 190)  # the bridge in the middle of its height
    assert (x, y, width, round(yaw)) == (300, 371, 70, 0)
    assert abs(landmarks.measure(mesh(60))[7]) > 30


def test_landmarks_are_followed_over_gaps_and_the_same_person(monkeypatch: pytest.MonkeyPatch) -> None:
    def face(x: float) -> list[SimpleNamespace]:
        return [SimpleNamespace(x=(px + x) / 1000, y=py / 1000) for px, py in mesh()]

    seen = [[face(k)] if k % 10 else [] for k in range(1, 30)]
    seen[15] = [face(15 + 400), face(16)]
    task = SimpleNamespace(detect_for_video=lambda image, ms: SimpleNamespace(face_landmarks=seen[round(ms / 40)]), close=lambda: None)
    monkeypatch.setattr(landmarks, "_image", lambda frame: frame)
    follower = landmarks.LandmarkFollower(task)
    for _ in seen:
        follower.see(np.zeros((1000, 1000, 3), np.uint8), False)
    faces = follower.done()
    assert faces.seen.tolist().count(TRACKED) == 2
    assert np.abs(np.diff(faces.boxes[:, 0]) - 1).max() < 0.6
    assert 0 < faces.crowd < 0.1


def test_the_finder_that_needs_nothing_is_ready_and_the_better_one_says_how_to_get_it() -> None:
    assert CascadeFaces().missing() == ""
    assert [card.name for card, _ in engines.survey("faces")] == ["mediapipe", "cascade"]
    assert "mediapipe" in landmarks.lack()
    with pytest.raises(NotReady, match="mediapipe"):
        engines.get("faces", "mediapipe")
