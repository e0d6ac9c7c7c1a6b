"""The parts of `benchmarks/hosts.py`, each with a `figures()` of its own."""

from benchmarks.figures import Figure

__all__ = ["Figure"]
