"""Sound on disk has its room before it is written into."""

from __future__ import annotations

import errno
import os
import tempfile

import numpy as np
import pytest

from localize.errors import NotReady
from localize.media import mapped


def test_silence_on_disk_has_its_room_before_it_is_written_into(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def full(file: int, at: int, size: int) -> None:
        taken.append(size)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(NotReady, match=rf"{tempfile.gettempdir()}, has no room for 3\.2 GB of sound.*TMPDIR"):
        mapped.blank(400_000_000, 2)
    assert taken == [3_200_000_000]
    monkeypatch.delattr(os, "posix_fallocate")
    assert mapped.blank(10, 2).shape == (10, 2), "not every system has it"


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="here files have holes")
def test_silence_on_disk_has_no_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "memmap", lambda out, *_, **__: os.fstat(out.fileno()).st_blocks * 512)
    assert mapped.blank(100_000, 2) >= 800_000  # type: ignore[operator]
