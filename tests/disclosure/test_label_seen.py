"""The label in the picture, measured in the frames of an encoded clip."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from localize.clip import layout as layouts

sys.path.append(str(Path(__file__).parents[2]))

from benchmarks.publish_parts import labels


@pytest.mark.parametrize("code", ["th", "zh"])
def test_its_letters_are_high_enough_from_the_first_frame_on(code: str, tmp_path: Path) -> None:
    layout = layouts.get("product-only", "9:16")
    video, box = labels.clip(tmp_path / "clip.mp4", layout, code)
    frames = list(labels.frames(video))
    assert layout.width == 1080
    assert len(frames) == labels.SECONDS * labels.FPS + 1
    assert all(54 <= labels.letters(frame, box, code) <= 80 for frame in frames)
    left, top, right, bottom = box
    frames[0][top:bottom, left:right] = 90  # what measures them sees where they are not
    assert labels.letters(frames[0], box, code) == 0
