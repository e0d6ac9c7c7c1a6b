"""A transcript without times: how far from people's labels the times are that its words and sentences are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.figures import Figure
from benchmarks.voices_parts import timings
from benchmarks.voices_parts.timings import Labelled
from localize.dub import aligning, transcript
from localize.dub.decoded import HEARD
from localize.media import pcm

PAUSE = 0.9  # s between two sentences
ROUNDS = 12  # times that all recordings are heard, for minutes of speech
MEDIAN, NINTH = 40.0, 120.0  # ms of words
IN_TIME = 0.3  # s of sentences


def figures(shared: Path | None, *, quick: bool) -> list[Figure]:
    if not shared:
        return []
    cases = timings.hand(shared / "timing")
    return [figure for rounds in ((1,) if quick else (1, ROUNDS)) for figure in _told(cases * rounds)]


def _told(cases: Sequence[Labelled]) -> Iterator[Figure]:
    """The recordings one after the other, each as a sentence of the text."""
    quiet = np.zeros(round(PAUSE * HEARD), np.float32)
    parts, spans, firsts, now = [quiet], list[tuple[float, float]](), list[float](), PAUSE
    for case in cases:
        samples = pcm.resampled(case.sound.samples, case.sound.rate, HEARD)
        firsts.append(now + case.spans[0][0])
        spans += [(now + a, now + b) for a, b in case.spans]
        parts += [samples * np.float32(0.1 / max(1e-6, float(np.sqrt(np.mean(samples**2))))), quiet]
        now += len(samples) / HEARD + PAUSE
    with TemporaryDirectory() as folder:
        text = Path(folder) / "said.txt"
        text.write_text("\n".join(" ".join(t.text for t in case.tokens).capitalize() + "." for case in cases), encoding="utf-8")
        talk = aligning.aligned(transcript.parse(text), "en", np.concatenate(parts))
    words = [word for sentence in talk.sentences for word in sentence.words]
    what = f"{len(cases)} sentences, {now:.0f} s"
    same = len(words) == len(spans) and len(talk.sentences) == len(cases)
    yield Figure(f"{what}: words and sentences found", f"{len(words)}, {len(talk.sentences)}", f"{len(spans)}, {len(cases)}", same)
    if not same:
        return
    starts = [word.start - a for word, (a, _) in zip(words, spans, strict=True)]
    ends = [word.end - b for word, (_, b) in zip(words, spans, strict=True)]
    size = np.abs([*starts, *ends]) * 1000
    good = bool(np.median(size) <= MEDIAN and np.percentile(size, 90) <= NINTH)
    for name, off, asked in (("words' starts and ends", [*starts, *ends], True), ("words' starts", starts, False), ("ends", ends, False)):
        size = np.abs(off) * 1000
        within = ", ".join(f"{share}% within {np.percentile(size, share):.0f}" for share in (90, 95))
        value = f"mean {np.mean(size):.0f} ms, median {np.median(size):.0f}, {within}"
        yield Figure(
            f"{what}: {name}", value, f"median at most {MEDIAN:.0f}, 90% within {NINTH:.0f} ms" if asked else "", good or not asked
        )
    late = [abs(sentence.start - first) for sentence, first in zip(talk.sentences, firsts, strict=True)]
    share = sum(seconds <= IN_TIME for seconds in late) / len(late)
    yield Figure(
        f"{what}: sentences that begin within {IN_TIME} s of the label",
        f"{share:.0%}, at most {max(late):.2f} s",
        "at least 95%",
        share >= 0.95,
    )
