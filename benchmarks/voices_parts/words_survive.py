"""Whether the words survive the matching: proof that needs no recogniser, for Thai, Vietnamese and Indonesian, and one for English.

Without a recogniser: the matched sentence beside the unmatched one. Cepstral distance is told by two ends: the same sentence
by espeak's man and woman (the same words, another speaker: as near as words can be) and another sentence by the same voice
(other words, the same speaker). Every pair is laid over each other by dynamic time warping, which favours the wrong sentences most,
and each sentence's mean and variation are taken out. So 0 is another speaker's words and 1 other words. Nobody takes the man's
sentence for another than the woman's, so what is no farther from its source than that has its words.

With one: pocketsphinx and its own American model hear known sentences, any word after any (a loop of their words, no grammar).

    python -m benchmarks.voices_parts.words_survive
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.voices_parts import Figure
from benchmarks.voices_parts.similarity import LINES, PEOPLE, RATE, draft, sound_of, speaker_of
from localize.media import pcm
from localize.voice import Samples, Speaker
from localize.voice.converters.match import MatchConverter, cepstra_of
from localize.voice.converters.spectra import Spectra, analyse

Array = npt.NDArray[np.float64]

VOICED, FAR, PITCH = 0.85, 0.0, 0.9
HEARD = 2 / 3  # of the words that are heard unmatched
REFERENCES = ("lj", "cosyvoice", "vixtts", "tuyen")
SENTENCES = (
    "today we have a new kettle at a special price", "order now before it is gone", "the bottle keeps water cold for twelve hours",
    "this bag is light and strong", "you can wash it in the machine", "it comes with a warranty of one year",
    "free delivery to your door", "the battery lasts all day", "choose from five colors", "press the button and it starts",
    "only nine hundred left in stock", "my mother uses it every morning", "the screen is bright and easy to read",
    "it folds flat and fits in a drawer", "made of steel and glass", "buy two and get one free",
)  # fmt: skip


class Kept(NamedTuple):
    """What of a sentence is left in another sound of the same timing: the share of frames that agree on being voiced, the
    correlation of log pitch where both are, and the distance of the cepstra (see `apart`)."""

    voiced: float
    pitch: float
    far: float


def kept(one: Spectra, other: Spectra) -> Kept:
    """Two sounds of one sentence, frame by frame."""
    n = min(len(one.pitch), len(other.pitch))
    heard = one.heard(35)[:n] | other.heard(35)[:n]
    a, b = one.voiced[:n], other.voiced[:n]
    both = a & b
    pitch = float(np.corrcoef(np.log(one.pitch[:n][both]), np.log(other.pitch[:n][both]))[0, 1])
    return Kept(float((a == b)[heard].mean()), pitch, apart(told(one), told(other)))


def told(spectra: Spectra) -> Array:
    """What tells the words [n, 12] every 10 ms of speech: cepstra without their mean and variation, which are the speaker's."""
    cepstra = cepstra_of(spectra.envelope)[spectra.heard(35)][::2, 1:13]
    return np.asarray((cepstra - cepstra.mean(0)) / cepstra.std(0))


def apart(one: Array, other: Array) -> float:
    """The mean distance per coefficient of two sounds [n, c], [m, c] along the best warping of time. Unrelated frames are at 1.4."""
    squares = np.maximum((one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * one @ other.T, 0)
    local = np.sqrt(squares / one.shape[1])
    n, m = local.shape
    # Along diagonals, each a vector: total cost, and how long the way to it is.
    cost, steps = np.full((n + 1, m + 1), np.inf), np.ones((n + 1, m + 1))
    cost[0, 0] = steps[0, 0] = 0
    for diagonal in range(2, n + m + 1):
        i = np.arange(max(1, diagonal - m), min(n, diagonal - 1) + 1)
        j = diagonal - i
        before = np.stack([cost[i - 1, j - 1], cost[i - 1, j], cost[i, j - 1]])
        way = before.argmin(0)
        cost[i, j] = before.min(0) + local[i - 1, j - 1]
        steps[i, j] = np.choose(way, [steps[i - 1, j - 1], steps[i - 1, j], steps[i, j - 1]]) + 1
    return float(cost[n, m] / steps[n, m])


class Row(NamedTuple):
    """One language with one reference: means over its sentences of what is kept, and the distance's two ends."""

    reference: str
    language: str
    kept: Kept
    floor: float  # the same words by another speaker
    ceiling: float  # other words by the same

    @property
    def place(self) -> float:
        """Where the matched speech lies between another speaker's words (0) and other words (1)."""
        return (self.kept.far - self.floor) / (self.ceiling - self.floor)


@cache
def _analysed(code: str, sex: str, line: str) -> Spectra:
    return analyse(draft(code, sex, line), breath=False)


def run(shared: Path, quick: bool = False) -> list[Row]:
    """A row for each reference and language; `quick` takes one reference."""
    rows = []
    match = MatchConverter()
    with tempfile.TemporaryDirectory() as folder:
        for person in _people(quick):
            speaker = speaker_of(person, sound_of(shared / "speech", person.clips), Path(folder))
            for code, lines in LINES.items():
                measured, floor, ceiling = [], [], []
                for k, line in enumerate(lines):
                    source = _analysed(code, person.sex, line)
                    matched = analyse(match.convert(draft(code, person.sex, line), RATE, speaker)[0], breath=False)
                    measured.append(kept(source, matched))
                    other_sex = "male" if person.sex == "female" else "female"
                    floor.append(apart(told(source), told(_analysed(code, other_sex, line))))
                    ceiling.append(apart(told(source), told(_analysed(code, person.sex, lines[k - 1]))))
                mean = Kept(*(float(x) for x in np.mean(measured, axis=0)))
                rows.append(Row(person.name, code, mean, float(np.mean(floor)), float(np.mean(ceiling))))
    return rows


def _people(quick: bool) -> list[Any]:
    return [p for p in PEOPLE if p.name in (REFERENCES[:1] if quick else REFERENCES)]


# English, heard by a recogniser -------------------------------------------------------------------------------------------


def heard(shared: Path, quick: bool = False) -> list[tuple[str, float, float]]:
    """For each reference: its name, and the share of words that pocketsphinx hears in the unmatched and in the matched sentences."""
    decoder = _decoder()
    match, unmatched, found = MatchConverter(), {}, []
    sentences = SENTENCES[:6] if quick else SENTENCES
    with tempfile.TemporaryDirectory() as folder:
        for person in _people(quick):
            speaker = speaker_of(person, sound_of(shared / "speech", person.clips), Path(folder))
            if person.sex not in unmatched:
                unmatched[person.sex] = accuracy(decoder, sentences, lambda line, sex=person.sex: draft("en", sex, line))  # type: ignore[misc]

            def matched(line: str, sex: str = person.sex, speaker: Speaker = speaker) -> Samples:
                return match.convert(draft("en", sex, line), RATE, speaker)[0]

            found.append((person.name, unmatched[person.sex], accuracy(decoder, sentences, matched)))
    return found


def accuracy(decoder: Any, sentences: tuple[str, ...], spoken: Callable[[str], Samples]) -> float:
    """1 less the word error rate."""
    wrong = sum(errors(line.split(), _transcript(decoder, spoken(line)).split()) for line in sentences)
    return 1 - wrong / sum(len(line.split()) for line in sentences)


def errors(said: list[str], heard: list[str]) -> int:
    """The fewest words to change, add or drop to come from one to the other."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (word != other)))
    return row[-1]


def _decoder() -> Any:
    """pocketsphinx with a loop of the sentences' words, all as likely."""
    from pocketsphinx import Decoder, get_model_path  # type: ignore[import-untyped]

    words = sorted({word for line in SENTENCES for word in line.split()})
    one = f"{math.log10(1 / (len(words) + 1)):.4f}"
    grams = "\n".join(["-99 <s>", f"{one} </s>", *(f"{one} {word}" for word in words)])
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "loop.lm"
        model.write_text(f"\\data\\\nngram 1={len(words) + 2}\n\n\\1-grams:\n{grams}\n\n\\end\\\n")
        en = get_model_path("en-us")
        return Decoder(hmm=f"{en}/en-us", dict=f"{en}/cmudict-en-us.dict", lm=str(model), fwdflat=False, bestpath=False, loglevel="FATAL")


def _transcript(decoder: Any, sound: Samples) -> str:
    speech = pcm.resampled(sound, RATE, 16000)
    padded = np.pad(speech * (0.5 / np.abs(speech).max()), 3200)
    padded = padded + np.random.default_rng(0).standard_normal(len(padded)) * 1e-4  # digital silence upsets its noise estimate
    decoder.start_utt()
    decoder.process_raw((padded * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    best = decoder.hyp()
    return " ".join(word.split("(")[0] for word in best.hypstr.split()) if best else ""


def figures(shared: Path | None, *, quick: bool = False) -> list[Figure]:
    """What is kept per reference and language, then what a recogniser hears. Nothing without the shared data, which the caller says."""
    if shared is None:
        return []
    found = []
    for row in run(shared, quick):
        k, what = row.kept, f"{row.reference}, {row.language}: "
        found += [
            Figure(f"{what}frames voiced alike", f"{k.voiced:.3f}", f"at least {VOICED}", k.voiced >= VOICED),
            Figure(f"{what}pitch contour's correlation", f"{k.pitch:.3f}", f"at least {PITCH}", k.pitch >= PITCH),
            Figure(
                f"{what}cepstra, 0 = another speaker's, 1 = other words",
                f"{row.place:.2f} (distance {k.far:.3f} between {row.floor:.3f} and {row.ceiling:.3f})",
                f"at most {FAR}", row.place <= FAR,
            ),
        ]  # fmt: skip
    if find_spec("pocketsphinx"):
        rows = heard(shared, quick)
        for name, unmatched, matched in rows:
            found.append(Figure(f"{name}, en: words heard by pocketsphinx", f"unmatched {unmatched:.2f}, matched {matched:.2f}"))
        share = float(np.mean([matched / unmatched for _, unmatched, matched in rows]))
        found.append(Figure("words heard, matched against unmatched", f"{share:.2f}", f"at least {HEARD:.2f}", share >= HEARD))
    return found


if __name__ == "__main__":
    for figure in figures(Path(__file__).resolve().parents[3] / "shared" / "testdata"):
        print(f"{'  ' if figure.ok else '! '}{figure.what:<58} {figure.value}")
