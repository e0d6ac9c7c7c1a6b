"""Frames on their way to an encoder's pipe, handed over by a thread of their own and, where the system can, without a copy."""

from __future__ import annotations

import mmap
import os
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import IO

import numpy as np

PIPE = 1 << 20  # bytes that the pipe to an encoder holds


class Stopped(Exception):
    """The encoder takes no more frames."""


class Feed:
    """Frames on their way to an encoder: `write` takes one and returns, a thread of its own hands it to the pipe.

    So the next frame is composed while the encoder takes this one. At most `RING` frames lie in between, all of one size."""

    RING = 4

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._full: SimpleQueue[int | None] = SimpleQueue()
        self._free: SimpleQueue[int] = SimpleQueue()
        for slot in range(self.RING):
            self._free.put(slot)
        self._next: int | None = None  # the slot that is filled now
        self._size = 0
        self._file: int | None = None  # where the frames' memory is a file, its pages go into the pipe uncopied
        self._memory = memoryview(b"")
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="encoder feed", daemon=True)
        self._thread.start()

    def write(self, frame: bytes | memoryview) -> None:
        """Take a frame; the caller may use its buffer again. Waits while the encoder is slower than who composes."""
        room = self.room(len(frame))
        if not np.may_share_memory(np.frombuffer(frame, np.uint8), np.frombuffer(room, np.uint8)):
            room[:] = frame
        self._full.put(self._next)
        self._next = None

    def room(self, size: int) -> memoryview:
        """Memory for the next frame's `size` bytes: what is composed there and then written is not copied. Waits as `write` does."""
        if self._next is None:
            self._next = self._free.get()
        if self._failed:
            raise Stopped
        if not self._size:
            self._size = size
            self._file = _pages(self.RING * self._size) if self._size >= PIPE else None
            self._memory = memoryview(mmap.mmap(-1 if self._file is None else self._file, self.RING * self._size))
        return self._memory[self._next * self._size : (self._next + 1) * self._size]

    def finish(self) -> None:
        """Wait until all frames are written."""
        self.stop()
        if self._failed:
            raise Stopped

    def stop(self) -> None:
        """End the thread. Only to be called when the pipe's other end reads or is closed."""
        self._full.put(None)
        self._thread.join()
        if self._file is not None:
            os.close(self._file)
            self._file = None
        with suppress(OSError):
            self._pipe.close()

    def _run(self) -> None:
        # After a failure slots are still handed back, or who composes would wait for one for ever.
        before: int | None = None
        while (slot := self._full.get()) is not None:
            if not self._failed:
                try:
                    self._send(slot)
                except OSError:
                    self._failed = True
            # The pipe may still hold pages of this frame, but of none before it, as it holds less than a frame.
            if before is not None:
                self._free.put(before)
            before = slot

    def _send(self, slot: int) -> None:
        at, end = slot * self._size, (slot + 1) * self._size
        if sys.platform == "linux" and self._file is not None:
            while at < end:
                at += os.splice(self._file, self._pipe.fileno(), end - at, offset_src=at)
        else:
            self._pipe.write(self._memory[at:end])


def _pages(size: int) -> int | None:
    """A file of a size in memory only, None where the system has none."""
    if sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it
            file = os.memfd_create("frames")
            os.truncate(file, size)
            return file
    return None


def widen(pipe: IO[bytes]) -> None:
    """A frame is 3 MB and a pipe holds 64 KB: with 1 MB, writer and encoder take turns 16 times less often."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # a user's pipes may hold only so much together
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)
