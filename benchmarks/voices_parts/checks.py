"""The checks on spoken Lines: what of broken speech they find, and how often they cry wolf on sound speech.

Sound are the demo's Lines in five languages by the draft voice, and recordings of people (../shared/testdata) as they would be
after levelling. Broken are both of them, broken here on purpose in every way the checks know. What a recogniser would hear is made
of the Lines' own texts.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from benchmarks.voices_parts import Figure
from localize import campaign, languages, pace, planning
from localize.checks import speech
from localize.desk import Desk
from localize.domain import Finding, Word
from localize.media import pcm
from localize.recognize import Samples, Transcript
from localize.store import LocalStore
from localize.voice import VoiceStyle
from localize.voice.espeak import EspeakVoice
from localize.voice.polish import polish

ROOT = Path(__file__).resolve().parent.parent.parent
SPEECH = ROOT.parent / "shared" / "testdata" / "speech"
LANGUAGES = ("th", "vi", "id", "zh", "en")
# Recordings about which the checks are right: cut off where their file ends, begun in the middle of a sound, one thing said twice
# (en_jfk), and a pause of 1.7 s between two sentences.
NOT_SOUND = ("en_jfk", "en_speechbrain_spk1_snt1", "en_speechbrain_spk1_snt2", "en_librispeech_2033-164914-0008")
LEAST_FOUND = 0.9
LEAST = {"clicks": 0.5}  # a jump that the speech around it drowns is not looked for


class Row(NamedTuple):
    """One kind of speech: what it is, how many of it, how many were found to be broken, and how many of those that are not."""

    case: str
    n: int
    found: int = 0
    false_alarms: int = 0
    ok: bool = True


@dataclass(frozen=True)
class Said:
    """A spoken Line with all that its checks ask for."""

    code: str
    text: str
    samples: Samples
    rate: int
    words: tuple[Word, ...]
    says: tuple[str, ...]
    expected: float

    def with_sound(self, samples: Samples) -> Said:
        return Said(self.code, self.text, samples.astype(np.float32), self.rate, self.words, self.says, self.expected)

    def findings(self) -> tuple[Finding, ...]:
        return speech.listen(self.samples, self.rate, self.words, self.expected, self.says)


def demo_lines(every: int = 1) -> list[tuple[str, str]]:
    """The Lines of the demo's products in five languages (code, text), each `every`th of them."""
    shop = campaign.load(ROOT / "catalog" / "demo" / "campaign.yaml")
    shop = shop.model_copy(update={"script": shop.script.model_copy(update={"seconds": 40})})
    products = {job.product.sku: job.product for job in planning.plan(shop).jobs}
    found: list[tuple[str, str]] = []
    with TemporaryDirectory() as folder:
        desk = Desk(shop, LocalStore(Path(folder)))
        for product in products.values():
            for code in LANGUAGES:
                job, progress = planning.Job(product, code), planning.Progress()
                script = desk.script(job, desk.texts(job, progress), progress)
                found += [(code, line.text) for line in script.lines]
    return list(dict.fromkeys(found))[::every]


def spoken(lines: Sequence[tuple[str, str]]) -> list[Said]:
    """The Lines by the draft voice, a woman's and a man's in turn."""
    voice = EspeakVoice()
    out = []
    for n, (code, text) in enumerate(lines):
        language = languages.get(code)
        tokens = language.read(text)
        sound = voice.speak(tokens, language, VoiceStyle(gender=("female", "male")[n % 2]))
        says = tuple(token.say for token in tokens)
        out.append(Said(code, text, sound.samples, sound.rate, sound.words, says, pace.seconds(text, code)))
    return out


def recorded() -> list[Said]:
    """The recordings of people, levelled as a voice's sound is. Nobody wrote down what all of them say: their length is taken for
    right, and their text for one without repetitions."""
    out = []
    for path in sorted(SPEECH.glob("*.*")) if SPEECH.is_dir() else []:
        if path.suffix in (".txt", ".csv") or path.name.startswith(NOT_SOUND):
            continue
        sound = polish(pcm.read_audio(path, 48_000)[: 20 * 48_000], 48_000, "natural").samples
        out.append(Said(path.name[:2], path.stem, sound, 48_000, (), ("abcdefghijklmnopqrstuvwxyz",), len(sound) / 48_000))
    return out


# How speech breaks: each takes a sound, its rate and a source of chance ------------------------------------------------


Break = Callable[[Samples, int, random.Random], Samples]


def _loud_moments(sound: Samples, rate: int) -> list[int]:
    """The samples at which it is loud, every 10 ms, none at the edges."""
    step = rate // 100
    power = np.array([np.mean(sound[i : i + step] ** 2) for i in range(0, len(sound) - step, step)])
    return [int(i) * step for i in np.flatnonzero(power > power.max() / 8) if 0.3 < i / len(power) < 0.9]


def cut_off(sound: Samples, rate: int, chance: random.Random) -> Samples:
    cut = sound[: chance.choice(_loud_moments(sound, rate))]
    return polish(cut, rate, "natural").samples if rate == 48_000 and chance.random() < 0.5 else cut


def said_again(sound: Samples, rate: int, chance: random.Random) -> Samples:
    """A second and more, from a loud moment on, is said once more a little slower and with other noise."""
    size = round(rate * chance.uniform(1.0, 1.6))
    start = chance.choice([m for m in _loud_moments(sound, rate) if m + size < len(sound)] or [0])
    part = sound[start : start + size]
    slower = np.interp(np.arange(0, len(part) - 1, 1 / chance.choice((1.0, 1.02))), np.arange(len(part)), part)
    noise = np.random.default_rng(chance.randrange(1 << 30)).standard_normal(len(slower)) * 0.001
    return np.concatenate([sound[: start + size], slower + noise, sound[start + size :]]).astype(np.float32)


def hole(sound: Samples, rate: int, chance: random.Random) -> Samples:
    at = chance.choice(_loud_moments(sound, rate))
    return np.concatenate([sound[:at], np.zeros(round(rate * chance.uniform(1.7, 4)), np.float32), sound[at:]])


def clipped(sound: Samples, rate: int, chance: random.Random) -> Samples:
    return np.asarray(np.clip(sound * 10 ** (chance.uniform(12, 24) / 20), -1, 1) * chance.choice((1.0, 0.5)))


def clicks(sound: Samples, rate: int, chance: random.Random) -> Samples:
    out = sound.copy()
    for _ in range(3):
        out[chance.randrange(len(out) // 20, len(out) * 19 // 20)] += chance.choice((-1, 1)) * chance.uniform(0.15, 0.6)
    return out


def noisy(sound: Samples, rate: int, chance: random.Random) -> Samples:
    noise = np.random.default_rng(chance.randrange(1 << 30)).standard_normal(len(sound))
    return np.asarray(sound + noise * 10 ** (-chance.uniform(26, 37) / 20))


def noise_only(sound: Samples, rate: int, chance: random.Random) -> Samples:
    return np.random.default_rng(chance.randrange(1 << 30)).standard_normal(len(sound)).astype(np.float32) * np.float32(0.1)


def tone_only(sound: Samples, rate: int, chance: random.Random) -> Samples:
    time = np.arange(len(sound)) / rate
    return np.asarray(0.14 * np.sin(2 * np.pi * (chance.uniform(100, 900) * time + 0.3 * np.sin(2 * np.pi * 5 * time))))


def nothing(sound: Samples, rate: int, chance: random.Random) -> Samples:
    return np.zeros_like(sound)


def too_soft(sound: Samples, rate: int, chance: random.Random) -> Samples:
    return np.asarray(sound * 10 ** (-chance.uniform(5, 20) / 20))


def off_centre(sound: Samples, rate: int, chance: random.Random) -> Samples:
    return np.asarray(sound + chance.choice((-0.05, 0.05)))


def first_words_only(sound: Samples, rate: int, chance: random.Random) -> Samples:
    return polish(sound[: round(len(sound) * chance.uniform(0.15, 0.3))], rate, "natural").samples


def babble(sound: Samples, rate: int, chance: random.Random) -> Samples:
    """Goes on with other speech long after its words."""
    return np.concatenate([sound, sound[::-1], -sound[::-1] * np.float32(0.8)])


BREAKS: tuple[tuple[str, Break, str], ...] = (
    ("cut off in a sound", cut_off, "speech truncated"),
    ("the first words only", first_words_only, "speech truncated"),
    ("said again", said_again, "speech repeated"),
    ("goes on and on", babble, "speech runaway"),
    ("a hole of 1.7 s and more", hole, "speech silent"),
    ("silence", nothing, "speech silent"),
    ("clipped by 12 dB and more", clipped, "speech clipping"),
    ("clicks", clicks, "speech click"),
    ("noise 6 to 17 dB under it", noisy, "speech noise"),
    ("noise alone", noise_only, "speech noise"),
    ("a tone alone", tone_only, "speech noise"),
    ("5 to 20 dB too soft", too_soft, "speech level"),
    ("off centre", off_centre, "speech level"),
)


def run(quick: bool = False) -> list[Row]:
    """The rows; with `quick` a sixth of the Lines (half of these are broken) and no recordings."""
    lines = spoken(demo_lines(6 if quick else 1))
    people = [] if quick else recorded()
    start = time.process_time()
    rows = [_alarms("sound: the draft voice", lines)]
    seconds = time.process_time() - start
    total = sum(len(said.samples) / said.rate for said in lines)
    rows.append(Row(f"{1000 * seconds / total:.0f} ms of CPU to check a second of speech", len(lines)))
    if people:
        rows.append(_alarms("sound: recordings of people", people))
    chance = random.Random(5)
    for case, broken, check in BREAKS:
        some = [said for said in (*lines[:: 2 if quick else 4], *people) if len(said.samples) > 2 * said.rate]
        found = sum(any(f.check == check for f in s.with_sound(broken(s.samples, s.rate, chance)).findings()) for s in some)
        rows.append(Row(case, len(some), found, ok=found >= LEAST.get(case, LEAST_FOUND) * len(some)))
    return [*rows, *_compared(lines, chance)]


def _alarms(case: str, lines: Sequence[Said]) -> Row:
    false = sum(bool(said.findings()) for said in lines)
    return Row(case, len(lines), false_alarms=false, ok=not false)


def _compared(lines: Sequence[Said], chance: random.Random) -> list[Row]:
    """What `compare` says of transcripts: of the Line as a recogniser writes it, of one without its second half, of another Line's,
    of one with another number."""

    def finding(said: Said, heard: str) -> Finding | None:
        return speech.compare(" ".join(said.says), Transcript(heard, said.code), said.code)[1]

    written = sum(finding(said, said.text.rstrip(".!?。！？ ")) is not None for said in lines)
    halves = sum(finding(said, " ".join(said.says[: len(said.says) // 2])) is not None for said in lines)
    others, blocked, numbers, wrong = 0, 0, 0, 0
    for said in lines:
        other = chance.choice([o for o in lines if o.code == said.code and o is not said])
        found = finding(said, other.text)
        others += found is not None
        blocked += found is not None and found.severity == "block"
        swapped = "".join(str((int(c) + 3) % 9 + 1) if c.isascii() and c.isdigit() else c for c in said.text)
        if swapped != said.text and any(len(part) > 1 for part in "".join(c if c.isdigit() else " " for c in said.text).split()):
            numbers += 1
            wrong += finding(said, swapped) is not None
    return [
        Row("heard: the Line as it is written", len(lines), false_alarms=written, ok=not written),
        Row("heard: its first half", len(lines), halves, ok=halves >= LEAST_FOUND * len(lines)),
        Row("heard: another Line", len(lines), others, ok=others >= LEAST_FOUND * len(lines)),
        Row("heard: another Line, blocked", len(lines), blocked, ok=blocked >= 0.8 * len(lines)),
        Row("heard: other numbers", numbers, wrong, ok=wrong >= LEAST_FOUND * numbers),
    ]


def figures(*, quick: bool = False) -> list[Figure]:
    """Each kind of speech: how many broken Lines were found to be so, or how many sound ones were."""
    found = []
    for row in run(quick):
        sound = row.case.startswith(("sound:", "heard: the Line as it is"))
        value = "" if "CPU" in row.case else f"{row.false_alarms} false alarms of {row.n}" if sound else f"{row.found} of {row.n} found"
        found.append(Figure(row.case, value, "none" if sound else "", row.ok))
    return found
