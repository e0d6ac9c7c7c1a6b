"""What a file says of itself is true, and what is no video is refused."""

from __future__ import annotations

from pathlib import Path

import films
import numpy as np
import pytest
from encodes import wav

from localize.errors import UserError
from localize.media import pcm, probing
from localize.media.pcm import RATE


def test_a_title_in_any_encoding_is_no_hindrance(tmp_path: Path, clip: Path) -> None:
    path = films.titled(clip, tmp_path / "a.mp4")
    assert probing.probe(path).height == 112
    assert len(pcm.read_audio(path)) > RATE
    assert probing.frame_at(path, 0).shape == (112, 64, 3)


def test_what_is_no_video_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypmp42 and then nothing")
    with pytest.raises(UserError, match=r"a\.mp4 can't be read as a video"):
        probing.probe(tmp_path / "a.mp4")
    with pytest.raises(UserError, match=r"a\.wav has no picture"):
        probing.probe(wav(tmp_path / "a.wav"))


def test_a_frame_beyond_the_end_is_the_last_one(clip: Path) -> None:
    assert np.array_equal(probing.frame_at(clip, 60.0), probing.frame_at(clip, 44 / 30 + 0.001))
