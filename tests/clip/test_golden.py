"""What clips look like is what somebody has looked at and accepted: `python tests/clip/golden.py` shows what differs."""

from __future__ import annotations

import cv2
import golden
import numpy as np
import pytest

QUICK = ("presenter-right", "picture-in-picture")
CASES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.heavy) for name in golden.CASES]


@pytest.mark.parametrize("name", CASES)
def test_frames_look_as_they_were_accepted(name: str) -> None:
    film = golden.drawn(name)
    known = list(golden.kept(name))
    assert len(film.frames) == len(known) >= 20
    likes = [golden.likeness(a, b) for a, b in zip(film.frames, known, strict=True)]
    worst = int(np.argmin(likes))
    assert likes[worst] >= golden.ALIKE, f"frame {worst}: look at it with `python tests/clip/golden.py`, and --accept it if it is right"
    drawer, digests = golden.digests(name)
    if drawer == golden.drawer():
        changed = [n for n, (now, then) in enumerate(zip(film.digests, digests, strict=True)) if now != then]
        assert not changed, f"frames {changed} are not equal to the byte: `python tests/clip/golden.py`, then --accept"


def test_small_changes_are_seen() -> None:
    """A card that moved by a few px, a colour that turned, a word that is missing: each fails."""
    frame = next(golden.kept("presenter-right"))
    h = frame.shape[0] * 2 // 3
    moved = frame.copy()
    moved[h // 3 : h // 2] = np.roll(frame[h // 3 : h // 2], 6, axis=1)
    tinted = frame.copy()
    tinted[h : h + h // 4] = np.clip(frame[h : h + h // 4].astype(int) + 12 * (np.arange(frame.shape[1]) % 9 > 4), 0, 255)
    gone = frame.copy()
    gone[h // 2 : h // 2 + 24, 40:200] = cv2.blur(frame[h // 2 : h // 2 + 24, 40:200], (31, 31))
    assert golden.likeness(frame, frame) == pytest.approx(1)
    assert all(golden.likeness(frame, other) < golden.ALIKE for other in (moved, tinted))
    assert golden.likeness(frame, gone) < golden.likeness(frame, frame)
