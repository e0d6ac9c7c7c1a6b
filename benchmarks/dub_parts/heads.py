"""People who talk, and hands that show a mug, in three languages: when their sentences start, what was touched, and what was not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.dub_parts import films, measures, rig, texts
from benchmarks.dub_parts.films import Film
from benchmarks.dub_parts.measures import Dub
from benchmarks.dub_parts.texts import Said
from benchmarks.figures import Figure

IN_TIME, SHARE = 0.3, 0.95  # s late or early at most, of that share of the sentences
QUIET = 60.0  # dB, the difference outside of what is spoken
AUDIBLE = 0.1  # s between a cue's start and when it is heard


def figures(shared: Path | None, *, quick: bool) -> list[Figure]:
    with TemporaryDirectory(prefix="dub-") as folder:
        place = Path(folder)
        drawn = [films.hands(place / "hands-upright.mp4", *((270, 480) if quick else (1080, 1920)), Fraction(25))]
        if not quick:
            drawn.append(films.hands(place / "hands-wide.mp4", 1920, 1080, Fraction(30000, 1001)))
        found = list(_told("hands alone", drawn, place / "hands", quick))
        if shared:
            names = films.HEADS[::4] if quick else films.HEADS
            heads = [film for film in films.heads(shared / "talking_head", names) if film.lines]
            silent = sorted({Path(name).stem for name in names} - {film.name for film in heads})
            found.append(Figure("talking heads in which no speech is heard, left out", ", ".join(silent) or "none"))
            found += _told("talking heads", heads, place / "heads", quick)
        return [*found, *_heard(place / "silent")]


def _told(what: str, group: Sequence[Film], folder: Path, quick: bool) -> Iterator[Figure]:
    languages = texts.LANGUAGES[:1] if quick else texts.LANGUAGES
    dubs, ended = rig.dubbed(group, folder, languages)
    lines = {film.video: film.lines for film in group}
    yield Figure(f"{what}: dubs; exit code", f"{len(dubs)}; {ended.code}", f"{len(group) * len(languages)}; 0",
                 len(dubs) == len(group) * len(languages) and not ended.code)  # fmt: skip
    if not dubs:
        yield Figure(f"{what}: what it said", " ".join(ended.said.split())[-600:], "dubs", False)
        return
    off = [seconds for dub in dubs for seconds in measures.late(dub, lines[dub.source])]
    in_time = sum(abs(seconds) <= IN_TIME for seconds in off) / len(off)
    yield Figure(
        f"{what}: sentences that start within {IN_TIME} s", f"{in_time:.1%} of {len(off)}", f"at least {SHARE:.0%}", in_time >= SHARE
    )
    yield Figure(f"{what}: seconds from their source's start", f"median {median(map(abs, off)):.3f}, at most {max(map(abs, off)):.3f}")
    tempos = [cue["tempo"] for dub in dubs for cue in dub.cues]
    yield Figure(f"{what}: tempo", f"at most {max(tempos, default=1):.2f}", "at most 1.15", max(tempos, default=1) <= 1.15)
    yield _none(f"{what}: sentences that overlap", sum(measures.overlaps(dub) for dub in dubs))
    yield _none(f"{what}: sentences that are cut off", sum(measures.cuts(dub) for dub in dubs))
    yield _worst(f"{what}: frames by which a length differs", dubs, measures.frames_off, 1.0)
    copied = [dub for dub in dubs if dub.told["picture"] == "copied"]
    same = sum(measures.same_packets(dub) for dub in copied)
    yield Figure(
        f"{what}: pictures that were copied; with equal packets", f"{len(copied)}; {same}", "all of them equal", same == len(copied)
    )
    yield from _sound(what, dubs, lines)
    astray = {dub.video.name: measures.astray(dub, lines[dub.source]) for dub in dubs if measures.codec(dub.source) == "aac"}
    if astray:
        far = max(astray, key=astray.__getitem__)
        yield Figure(f"{what}, aac: seconds touched far from anything said", f"{astray[far]:.2f} ({far})", "0", not astray[far])


def _sound(what: str, dubs: Sequence[Dub], lines: Mapping[Path, Sequence[Said]]) -> Iterator[Figure]:
    by_codec: dict[str, list[Dub]] = {}
    for dub in dubs:
        by_codec.setdefault(measures.codec(dub.source), []).append(dub)
    for codec, some in sorted(by_codec.items()):
        compared = {dub.video.name: measures.outside(dub, lines[dub.source]) for dub in some}
        compared = {name: found for name, found in compared.items() if found.seconds or found.snr < QUIET}
        seconds = sum(found.seconds for found in compared.values())
        yield Figure(f"{what}, {codec}: dubs with silence between sentences; seconds of it", f"{len(compared)}; {seconds:.1f}")
        if compared:
            worst = min(compared, key=lambda name: compared[name].snr)
            value = f"at least {compared[worst].snr:.1f} dB ({worst})"
            # Of another codec than AAC all is encoded anew, which is told: MP4 players have no other.
            good = compared[worst].snr >= QUIET or codec != "aac"
            yield Figure(f"{what}, {codec}: the sound there against the source's", value, f"{QUIET:.0f} dB" if codec == "aac" else "", good)
            equal = min(found.equal for found in compared.values())
            yield Figure(f"{what}, {codec}: samples there that are equal", f"at least {equal:.1%}")


def _heard(folder: Path) -> Iterator[Figure]:
    """Whether what a sidecar tells is what is heard: over a film without a sound of its own nothing else is."""
    folder.mkdir()
    sound, lines = films.narrated([row[0] for row in texts.PITCH], clicks=False)
    picture = iter([np.full((180, 320, 3), 120, np.uint8)] * round(len(sound) / films.RATE * 10))
    film = Film(films.encoded(folder / "silent.mp4", picture, Fraction(10), np.zeros_like(sound)), lines)
    dubs, ended = rig.dubbed([film], folder, texts.LANGUAGES[:1], "--sound", "muted")
    off = [seconds for dub in dubs for seconds in measures.onsets(dub)] or [float("inf")]
    good = not ended.code and max(map(abs, off)) <= AUDIBLE
    yield Figure("a silent film: seconds between a cue's start and its sound", f"at most {max(map(abs, off)):.3f}", f"{AUDIBLE}", good)


def _none(what: str, count: int) -> Figure:
    return Figure(what, str(count), "0", not count)


def _worst(what: str, dubs: Sequence[Dub], measure: Callable[[Dub], float], most: float) -> Figure:
    found = {dub.video.name: measure(dub) for dub in dubs}
    worst = max(found, key=found.__getitem__)
    return Figure(what, f"at most {found[worst]:.2f} ({worst})", f"at most {most:g}", found[worst] <= most)
