"""Checks: what must hold before a clip may be published. A finding of severity `block` stops it and says why."""

from __future__ import annotations

import hashlib
from functools import cache

from localize.assets import ASSETS

VERSION = "1"  # part of a check's key: raise it when a check is added or judges otherwise
WORDS_VERSION = "1"  # the same of the checks of words, for what stands in their code


@cache
def words_fingerprint() -> str:
    """What the checks of words are: their version and their lists. A machine's text and a model's script are what these let
    pass, so they are made anew when a word is added to a list."""
    digest = hashlib.blake2b(WORDS_VERSION.encode(), digest_size=8)
    for path in sorted(p for folder in ("checks", "adlaw") for p in (ASSETS / folder).glob("*.yaml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
