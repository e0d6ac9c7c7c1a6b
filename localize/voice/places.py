"""Where models lie that others have put on this machine: the hub's cache, and the folder of Coqui's own programs. Nothing is fetched."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path


def hub(repo: str, file: str) -> Path | None:
    """The folder of the hub's cache that has a file of a repo, in the revision last used; None where it is not."""
    if find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repo, file)
    return Path(found).parent if isinstance(found, str) else None


def coqui() -> Path:
    """The folder in which Coqui's own programs keep models: below $TTS_HOME, else where the system keeps a user's data."""
    home = os.environ.get("TTS_HOME") or os.environ.get("XDG_DATA_HOME")
    if not home:
        home = "~/Library/Application Support" if sys.platform == "darwin" else "~/.local/share"
    return Path(home).expanduser() / "tts"


def first(own: Path, others: Iterable[Path | None], files: Sequence[str]) -> Path:
    """The first folder with all of the files; `own`, where they belong, if none has them."""
    return next((place for place in (own, *others) if place and all((place / name).is_file() for name in files)), own)


def absent(packages: Sequence[str]) -> str:
    """Which of the packages of the extra `neural` are not installed and how to get them, in one sentence; "" when none."""
    lost = [name for name in packages if find_spec(name.replace("-", "_")) is None]
    some = "the packages {} are" if len(lost) > 1 else "the package {} is"
    names = {"TTS": "coqui-tts"}
    return f"{some.format(' and '.join(names.get(n, n) for n in lost))} not installed (pip install 'crossreel[neural]')." if lost else ""
