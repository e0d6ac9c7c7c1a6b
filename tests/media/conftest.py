"""A small clip with sound and a label."""

from __future__ import annotations

from pathlib import Path

import pytest
from encodes import TAGS, encode, wav


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    return encode(folder / "clip.mp4", 45, audio=wav(folder / "a.wav", 1.5), tags=TAGS)
