"""What this process may use of its machine: cores, memory, and so how many clips at once."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

CLIP = 2**30  # bytes: a default clip peaks at 0.7 GB, its encoder's part included (docs/benchmarks.md)

# A container's own limit, of either version of Linux's control groups.
GROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> int:
    """Bytes of memory that this process may fill: the machine's, or its container's where that has less."""
    sizes = list[int]()
    with suppress(ValueError, OSError, AttributeError):  # neither Windows nor every Unix tells
        sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for group in GROUPS:
        with suppress(ValueError, OSError):  # "max" is no number
            sizes.append(int(group.read_text()))
    return min(sizes, default=2 * CLIP)


def clips_at_once() -> int:
    """How many clips keep this machine busy and fit into its memory. One that is encoded takes about two cores; one more than that is
    worth having, as some are always being written, spoken or checked."""
    return max(1, min(cores() // 2 + 1, memory() // CLIP, 64))
