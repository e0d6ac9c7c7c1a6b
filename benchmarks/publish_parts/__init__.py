"""The parts of `benchmarks/publish.py`, each with a `figures()` of its own."""
