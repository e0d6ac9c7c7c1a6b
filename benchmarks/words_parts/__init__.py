"""The parts of `benchmarks/words.py`, each with a `figures()` of its own."""

from benchmarks.figures import Figure

__all__ = ["Figure"]
