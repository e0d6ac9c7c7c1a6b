"""Sound too long for memory: arrays that lie in temporary files on disk and are mapped into memory as they are touched."""

from __future__ import annotations

import errno
import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from localize.errors import NotReady
from localize.media.pcm import Samples


def blank(n: int, channels: int) -> Samples:
    """Silence on disk, to be written into: [n, channels]. Raises NotReady where there is no room for it."""
    size = max(4, 4 * n * channels)
    with room_for(size), tempfile.TemporaryFile() as out:  # goes when nobody looks at it any more
        if hasattr(os, "posix_fallocate"):
            # Of a file with holes a full disk is found out while it is written through memory, and that ends the process.
            os.posix_fallocate(out.fileno(), 0, size)
        else:
            out.truncate(size)
        return np.memmap(out, np.float32, "r+", shape=(n, channels))


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """While sound of so many bytes is put on disk. Raises NotReady where the folder for temporary files is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        folder, much = tempfile.gettempdir(), f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
        raise NotReady(
            f"the folder for temporary files, {folder}, has no room for {much} of sound.", missing=(folder,),
            how="Make room there, or name a folder on another disk in TMPDIR; docs/dubbing.md says how much a long video needs.",
        ) from error  # fmt: skip


def let_go(samples: npt.NDArray[Any]) -> None:
    """Give back the memory that an array on disk has taken by being read or written; its content stays."""
    base: Any = samples
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.base
    if base is not None and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
