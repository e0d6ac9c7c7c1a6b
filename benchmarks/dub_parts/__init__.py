"""The parts of benchmarks/dub.py."""
