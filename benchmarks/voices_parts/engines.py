"""The engines whose weights are elsewhere: what their tests show on tiny random models, which they build, load from disk and run.

Each engine's tests speak (or convert, or listen), twice for the cache, without its package or weights, and as a campaign that does
not allow non-commercial weights. VoxCPM2, Coqui's VITS with converters and MMS's VITS really run there.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks.voices_parts import Figure

ROOT = Path(__file__).resolve().parent.parent.parent
# An engine: the tests of it, and the package that it can't be run without.
ENGINES = {
    "voxcpm": ("tests/voice/test_voxcpm.py", "voxcpm"),
    "coqui": ("tests/voice/test_coqui.py", "TTS"),
    "mms": ("tests/voice/test_mms.py", "transformers"),
    "openai": ("tests/voice/test_openai_speech.py", "openai"),
    "edge": ("tests/voice/test_edge.py", "edge_tts"),
    "openvoice": ("tests/voice/test_openvoice.py", "TTS"),
    "freevc": ("tests/voice/test_freevc.py", "TTS"),
    "whisper, faster-whisper": ("tests/recognize", "whisper"),
}


def figures() -> list[Figure]:
    """How many of each engine's tests pass; "not run" where its package is not installed."""
    found = []
    for name, (tests, package) in ENGINES.items():
        if find_spec(package) is None:
            found.append(Figure(f"{name}: tests on a tiny random model", f"not run: {package} is not installed"))
            continue
        command = [sys.executable, "-m", "pytest", "-q", "-m", "neural or not neural", "-p", "no:cacheprovider", tests]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
        counts = {what: int(n) for n, what in re.findall(r"(\d+) (passed|failed|error|skipped)", ran.stdout)}
        dots = sum(line.split(" [")[0].count(".") for line in ran.stdout.splitlines() if re.fullmatch(r"[.sFEx]+ +\[ *\d+%\]", line))
        passed = counts.get("passed", dots)
        told = f"{passed} passed" + (f", {counts['skipped']} skipped" if counts.get("skipped") else "")
        found.append(Figure(f"{name}: tests on a tiny random model", told, "all pass", ran.returncode == 0 and passed > 0))
    return found
