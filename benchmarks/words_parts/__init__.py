"""The parts of `benchmarks/words.py`, each with a `figures()` of its own."""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """One measured figure: what it is, as shown, what it must be ("" where nothing is asked), and whether it is."""

    what: str
    value: str
    must: str = ""
    ok: bool = True
