"""A long video: what dubbing an hour takes of memory and CPU, beside what decoding and encoding it takes alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.dub_parts import films, measures, rig, texts
from benchmarks.dub_parts.films import Film
from benchmarks.dub_parts.rig import Ended
from benchmarks.dub_parts.texts import Said
from benchmarks.figures import Figure
from localize.media.command import ffmpeg_exe

SHORT, LONG = 3, 60  # minutes
FLAT = 1.3  # times the memory of the short one's dub
SIZE = (320, 180)


def figures(*, quick: bool) -> list[Figure]:
    with TemporaryDirectory(prefix="dub-") as folder:
        place = Path(folder)
        return [*_told(place, (1, SHORT) if quick else (SHORT, LONG))]


def _told(folder: Path, minutes: tuple[int, int]) -> Iterator[Figure]:
    unit = _unit(folder / "unit.mp4")
    peaks = dict[str, list[int]]()
    for length in minutes:
        film = _repeated(unit, length, folder / f"{length}-minutes.mp4")
        real = measures.tracks(film.video)["video"][1] / 60
        options = ["-y", "-i", str(film.video), "-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", str(folder / "plain.mp4")]
        plain = rig.run([ffmpeg_exe(), "-nostdin", "-loglevel", "error", *options], folder / "plain")
        yield Figure(f"{length} minutes, decoded and encoded by ffmpeg alone: CPU s a minute", f"{plain.cpu / real:.1f}")
        for way, label in (("picture copied", "track"), ("picture encoded", "burned")):
            dubs, ended = rig.dubbed([film], folder / f"{length}-{label}", ["th"], "--label", label)
            what = f"{length} minutes, {way}"
            good = len(dubs) == 1 and not ended.code
            yield Figure(
                f"{what}: sentences; exit code", f"{len(dubs[0].cues) if dubs else 0}; {ended.code}", f"{len(film.lines)}; 0", good
            )
            if not good:
                yield Figure(f"{what}: what it said", " ".join(ended.said.split())[-400:], "a dub", False)
                continue
            late = [abs(s) for s in measures.late(dubs[0], film.lines)]
            yield Figure(f"{what}: seconds from the source's starts", f"at most {max(late):.2f}", "0.3", max(late) <= 0.3)
            yield Figure(f"{what}: CPU s a minute of video; times real time", _cost(ended, real, plain))
            peaks.setdefault(way, []).append(ended.own)
            memory = f"{ended.own / 1e6:.0f}; {ended.mapped / 1e6:.0f}"
            flat = ended.own <= FLAT * peaks[way][0]
            yield Figure(f"{what}: MB of its own; with files' pages", memory, f"at most {FLAT} times the shorter one's", flat)


def _cost(ended: Ended, minutes: float, plain: Ended) -> str:
    return f"{ended.cpu / minutes:.1f} ({ended.cpu / plain.cpu:.2f} of ffmpeg's); {60 * minutes / ended.wall:.1f}"


def _unit(path: Path) -> Film:
    """About a minute of a plain picture that changes, and speech."""
    sound, said = films.narrated([row[0] for row in texts.PITCH] * 2)
    ramp = np.linspace(40, 200, SIZE[0]).astype(np.uint8)

    def frames() -> Iterator[films.Pixels]:
        for k in range(round(len(sound) / films.RATE * 25)):
            yield np.ascontiguousarray(np.broadcast_to(np.roll(ramp, k)[None, :, None], (SIZE[1], SIZE[0], 3)))

    return Film(films.encoded(path, frames(), Fraction(25), sound, gop=250), said)


def _repeated(unit: Film, minutes: int, path: Path) -> Film:
    """The unit again and again for about so many minutes, its packets as they are."""
    spans = measures.tracks(unit.video)
    times = max(1, round(60 * minutes / spans["video"][1]))
    command = [ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", "-stream_loop", str(times - 1), "-i", str(unit.video), "-c", "copy"]
    subprocess.run([*command, str(path)], check=True)
    each = measures.tracks(path)["video"][1] / times
    lines = [Said(line.text, line.start + n * each, line.end + n * each) for n in range(times) for line in unit.lines]
    return Film(path, tuple(lines))
