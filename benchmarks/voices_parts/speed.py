"""What speaking costs: CPU seconds for a second of speech, and memory over a thousand Lines in one process.

Each is measured in a process of its own. The Lines are all different, so nothing is spoken from a cache.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.voices_parts import Figure

GROWTH = 1.05  # the last tenth's memory against that of the tenth after the first
WARM = 10  # Lines after which what is loaded and kept is there; a tenth of fewer says nothing about growth


def figures(lines: int = 1000) -> list[Figure]:
    """CPU seconds a second of speech of the draft voice, alone and matched, and what `lines` Lines do to the memory."""
    found: list[Figure] = []
    for what, matched, count in (("espeak", "", lines), ("espeak + match", "match", lines // 5)):
        root = Path(__file__).resolve().parent.parent.parent
        command = [sys.executable, "-m", "benchmarks.voices_parts.speed", str(count), matched]
        ran = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=3600)
        if ran.returncode:
            found.append(Figure(what, (ran.stderr.strip().splitlines() or ["no output"])[-1], "no error", ok=False))
            continue
        told = json.loads(ran.stdout.splitlines()[-1])
        growth, judged = told["last"] / told["early"], count // 10 >= WARM
        found += [
            Figure(f"{what}: CPU seconds for a second of speech", f"{told['cpu'] / told['spoken']:.3f}"),
            Figure(f"{what}: peak memory", f"{told['peak']:.0f} MiB"),
            Figure(
                f"{what}: memory, last tenth of {count} Lines against the second", f"{told['early']:.0f} -> {told['last']:.0f} MiB",
                f"at most {GROWTH:g} times" if judged else "", growth <= GROWTH or not judged,
            ),
        ]  # fmt: skip
    return found


def sentences() -> Iterator[tuple[str, str]]:
    """Endless different Lines: (language, text)."""
    forms = {
        "th": "ขวดน้ำสเตนเลสรุ่น {n} เก็บความเย็นได้ {h} ชั่วโมง ราคาเพียง ฿{p} เท่านั้นค่ะ",
        "vi": "Bình nước thép mẫu {n} giữ lạnh {h} giờ, giá chỉ {p}.000 ₫ thôi!",
        "id": "Botol baja model {n} tahan dingin {h} jam, harganya cuma Rp{p}.000 saja!",
    }
    for n in itertools.count():
        language = list(forms)[n % 3]
        yield language, forms[language].format(n=100 + n, h=6 + n % 19, p=199 + n % 700)


def measure(count: int, converter: str) -> dict[str, float]:
    import numpy as np

    from localize import engines, languages
    from localize.media.pcm import write_wav
    from localize.voice import Speaker, VoiceStyle

    voice: Any = engines.get("voice", "espeak")
    matcher: Any = engines.get("convert", converter) if converter else None
    spoken, start = 0.0, _cpu()
    resident: list[float] = []  # after each Line
    with tempfile.TemporaryDirectory() as folder:
        speaker = None
        if converter:
            # Whose voice it is does not matter to the cost: 12 s of the draft voice of the other sex.
            told = languages.get("en")
            parts = [voice.speak(told.read(f"This is sentence number {n}, and it is read for the record."), told, VoiceStyle("male"))
                     for n in range(4)]  # fmt: skip
            write_wav(Path(folder) / "reference.wav", np.concatenate([p.samples for p in parts])[: 12 * 48000])
            speaker = Speaker("someone", Path(folder) / "reference.wav", "benchmark")
        for n, (code, text) in enumerate(itertools.islice(sentences(), count)):
            if n == min(WARM, count // 10):
                start, spoken = _cpu(), 0.0  # the first ones load what the rest uses
            language = languages.get(code)
            sound = voice.speak(language.read(text), language, VoiceStyle(speaker=speaker))
            if speaker:
                matcher.convert(sound.samples, sound.rate, speaker)
            spoken += sound.duration
            resident.append(_resident())
        cpu = _cpu() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # One Line's memory says little: what a longer one has borrowed is given back later. A leak lifts the middle of them all.
    tenth = max(1, count // 10)
    early, last = median(resident[tenth : 2 * tenth]), median(resident[-tenth:])
    return {"cpu": cpu, "spoken": spoken, "early": early, "last": last, "peak": peak}


def _cpu() -> float:
    """User and system seconds of this process, its ended children, and espeak's process, which lives on."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    living = 0.0
    tick = os.sysconf("SC_CLK_TCK")
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            living += sum(int(f) for f in fields[11:15]) / tick
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime + living


def _resident() -> float:
    """MiB in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), sys.argv[2])))
