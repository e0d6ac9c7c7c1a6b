"""Videos that there is little to dub in: each ends in a way that says what is the matter, and stops no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from benchmarks.dub_parts import films, rig, texts
from benchmarks.dub_parts.films import RATE, Samples
from benchmarks.dub_parts.texts import Said
from benchmarks.figures import Figure

SECONDS = 8
GREY = np.full((180, 320, 3), 120, np.uint8)


class Case(NamedTuple):
    """A video, what is asked for beside, the exit codes it may end with, and what the message must hold (a pattern)."""

    what: str
    video: Path
    options: tuple[str, ...]
    codes: tuple[int, ...]
    says: str


def figures(*, quick: bool) -> list[Figure]:
    with TemporaryDirectory(prefix="dub-") as folder:
        cases = [*_cases(Path(folder))]
        return [_told(case, Path(folder) / f"case-{n}") for n, case in enumerate(cases[:3] if quick else cases)]


def _cases(folder: Path) -> Iterator[Case]:
    chance = np.random.default_rng(5)
    noise = (0.01 * chance.standard_normal((SECONDS * RATE, 2))).astype(np.float32)
    yield Case("no sound", _film(folder / "mute.mp4", None), (), (2, 3, 5), r"no sound")
    broken = folder / "broken.mp4"
    broken.write_bytes(_film(folder / "whole.mp4", noise).read_bytes()[:900])
    yield Case("a broken file", broken, (), (2, 3, 5), r"can't be read|damaged|cut off")
    yield Case("nobody speaks", _film(folder / "noise.mp4", noise), (), (2, 3, 5), r"no speech|nobody (speaks|is heard)|nothing is said")
    music = films.music(SECONDS * RATE)
    yield Case("music only", _film(folder / "music.mp4", music), (), (2, 3, 5), r"music")
    thai = texts.subtitles(folder / "thai.srt", [Said("สวัสดีค่ะ วันนี้มีแก้วมาแนะนำ", 1.0, 3.5)])
    said, lines = films.narrated([row[0] for row in texts.PITCH[:3]])
    talk = _film(folder / "talk.mp4", said)
    yield Case("in the target language already", talk, ("--from", "th", "--transcript", str(thai)), (0, 2, 5), r"already")
    both = texts.subtitles(folder / "both.srt", [lines[0], Said(lines[1].text, lines[0].start + 0.5, lines[0].end + 0.5), lines[2]])
    # Made where the translations fit all the same; else people must say what is to be left out.
    yield Case("two speak at once", talk, ("--transcript", str(both)), (0, 5), r"at the same time|at once|overlap")


def _film(path: Path, sound: Samples | None) -> Path:
    count = round((len(sound) / RATE if sound is not None else SECONDS) * 10)
    return films.encoded(path, iter([GREY] * count), Fraction(10), sound)


def _told(case: Case, folder: Path) -> Figure:
    folder.mkdir()
    campaign = texts.campaign(folder, case.video)
    line = rig.command([case.video], folder / "out", "--to", "th", "--campaign", str(campaign), *case.options)
    ended = rig.run(line, folder / "home")
    told = " ".join(re.sub(r"[│┃|]", " ", ended.said + _findings(folder / "out")).split())
    hit = re.search(rf"[^.:]*(?:{case.says})[^.]*", told)
    good = bool(hit) and ended.code in case.codes and "Traceback" not in told
    shown = hit[0].strip()[:150] if hit else f"… {told[-300:]}"
    return Figure(case.what, f"exit code {ended.code}: {shown}", f"{' or '.join(map(str, case.codes))}, and says why", good)


def _findings(out: Path) -> str:
    return " ".join(path.read_text(encoding="utf-8") for path in out.glob("*.th.json"))
