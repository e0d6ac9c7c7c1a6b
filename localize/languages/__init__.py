"""The languages crossreel speaks. Adding one is adding one file here: a module with a `LANGUAGE`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from babel import Locale

from localize.errors import UserError
from localize.languages.base import Language, Token, wrap

__all__ = ["Language", "Token", "codes", "get", "name", "wrap"]


@cache
def codes() -> tuple[str, ...]:
    """The codes of all languages, sorted: the two-letter modules of this package."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if len(m.name) == 2))


@cache
def get(code: str) -> Language:
    """The language of a code. Raises UserError naming the known codes."""
    if code not in codes():
        raise UserError(f"language {code!r} is not one of {', '.join(codes())}")
    language: Language = importlib.import_module(f"{__name__}.{code}").LANGUAGE
    return language


@cache
def name(code: str) -> str:
    """What any language is called in English, ours or not: sv is Swedish. The code itself if it is none that CLDR knows."""
    if code in codes():
        return get(code).name
    known: str | None = Locale("en").languages.get(code)
    return known or code
