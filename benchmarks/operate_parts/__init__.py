"""The parts of benchmarks/operate.py."""
