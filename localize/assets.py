"""Where the shipped data lies: avatars, fonts, music, phrase templates; and under which licence each may be used."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def licence(name: str) -> str:
    """The licence of a file or folder of the assets ("music", "fonts/Kanit-Bold.ttf"), as assets/LICENCES.md tells it. Raises KeyError
    for one that is not in its table."""
    for pattern, told in _licences():
        if fnmatch(name, pattern) or name.startswith(f"{pattern}/"):
            return told
    raise KeyError(name)


@cache
def _licences() -> tuple[tuple[str, str], ...]:
    """Names, each with its licence: the first column's and the last one's of the table."""
    rows = (line.strip("| \n").split(" | ") for line in (ASSETS / "LICENCES.md").read_text(encoding="utf-8").splitlines() if "| `" in line)
    return tuple((name, cells[-1].replace("`", "")) for cells in rows for name in re.findall(r"`([^`]+)`", cells[0]))
