"""A tiny labelled video, and a signer that nobody but its own authority vouches for."""

from __future__ import annotations

from pathlib import Path

import pytest
from tellers import TOLD, encoded

from localize import disclosure
from localize.disclosure import Signer, aigc, certificates


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encoded(tmp_path_factory.mktemp("labelled") / "clip.mp4", aigc.tags(TOLD))


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> certificates.Made:
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def signer(certified: certificates.Made) -> Signer:
    return Signer(certificate=str(certified.chain), key=str(certified.key))


@pytest.fixture(scope="session")
def signed(labelled: Path, signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("signed") / "clip.mp4"
    disclosure.seal(labelled, TOLD, signer, out)
    return out
