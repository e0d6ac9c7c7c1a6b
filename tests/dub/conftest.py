"""What tests of whole dubs share: a small video that says nothing yet, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from dubs import SECONDS
from sounds import tune, video


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return video(tmp_path_factory.mktemp("source") / "lamp.mp4", tune(SECONDS), seconds=SECONDS)


@pytest.fixture
def lamp(source: Path, tmp_path: Path) -> Path:
    """The video in a folder of its own."""
    (tmp_path / "lamp.mp4").symlink_to(source)
    return tmp_path / "lamp.mp4"
