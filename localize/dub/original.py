"""The speaker's own voice out of a video: its clean stretches, from which a voice is cloned with their consent.

What `crossreel voice add` asks of a recording is asked here of each stretch and of all of them together (`voice.reference`).
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from localize.dub import Sentence, Talk
from localize.dub.transcript import clock
from localize.errors import UserError
from localize.media.pcm import write_wav
from localize.voice import reference
from localize.voice.polish import loudness
from localize.voice.reference import Examined, Figures

Samples = npt.NDArray[np.float32]
Span = tuple[float, float]

SHORTEST, LONGEST = 3.0, 12.0  # s of a stretch
GAP = 0.5  # s between two sentences of one stretch
ENOUGH = 30.0  # s in all: more makes no better voice
NEEDED = 6.0  # s in all, at least
MOST = 24  # stretches that are measured, those that seem clearest first
EDGE = 0.08  # s around a stretch, as far as nobody else speaks there
GOOD = 25.0  # dB above the noise: below it, a stretch is only taken while there is not enough


@dataclass(frozen=True)
class Chosen:
    """A speaker's clean speech: mono samples [n] at `rate` Hz, cleaned and joined; what is said in it; where in the video it is (from,
    to, in seconds); how many dB it is above its noise; and all that was measured of it."""

    samples: Samples
    rate: int
    text: str
    spans: tuple[Span, ...]
    snr: float
    figures: Figures


@dataclass(frozen=True)
class _Stretch:
    span: Span
    text: str
    found: Examined


def best(samples: Samples, rate: int, talk: Talk, speaker: int = 0) -> Chosen:
    """The clearest speech of one of a talk's speakers, up to 30 s, from a video's mono sound [n] at `rate` Hz; a memmap will do.

    Raises UserError where there is not enough of it, saying how much was found and why the rest is none.
    """
    spans = _spans([s for s in talk.sentences if s.speaker == speaker], talk.sentences)
    clearest = sorted(spans, key=lambda span: -_contrast(_part(samples, rate, span[0]), rate))[:MOST]
    measured = [_Stretch(span, text, _measured(_part(samples, rate, span), rate)) for span, text in clearest]
    clean = sorted((m for m in measured if not m.found.refused), key=lambda m: -m.found.figures.snr)
    taken: list[_Stretch] = []
    for stretch in clean:
        seconds = sum(t.found.figures.seconds for t in taken)
        if seconds + stretch.found.figures.seconds <= ENOUGH and (stretch.found.figures.snr >= GOOD or seconds < NEEDED):
            taken.append(stretch)
    taken.sort(key=lambda t: t.span)
    seconds = sum(t.found.figures.seconds for t in taken)
    if seconds < NEEDED:
        raise _too_little(seconds, measured, talk, speaker)
    whole = reference.judge(reference.joined([t.found for t in taken]))
    if whole.refused:
        reasons = "; ".join(f.message for f in whole.refused)
        raise UserError(f"the video's own voice can't be cloned from its {seconds:.0f} s of clean speech: {reasons}. {_WAY}")
    sound, its_rate = reference.clean(whole.samples, whole.rate)
    text = _one_text([t.text for t in taken])
    return Chosen(sound, its_rate, text, tuple(t.span for t in taken), round(whole.figures.snr, 1), whole.figures)


_WAY = "Name a voice (--voice NAME), or add one from a recording of this person alone (crossreel voice add)."


def _spans(own: Sequence[Sentence], everyones: Sequence[Sentence]) -> list[tuple[Span, str]]:
    """The speaker's sentences, those that follow each other closely together, in stretches that are long enough; and their words."""
    groups: list[list[Sentence]] = []
    place = {id(sentence): n for n, sentence in enumerate(everyones)}
    for sentence in own:
        last = groups[-1][-1] if groups else None
        near = last and place[id(sentence)] == place[id(last)] + 1 and sentence.start - last.end < GAP
        if near and sentence.end - groups[-1][0].start <= LONGEST:
            groups[-1].append(sentence)
        else:
            groups.append([sentence])
    kept = []
    for group in groups:
        before = max((s.end for s in everyones if s.end <= group[0].start), default=0.0)
        after = min((s.start for s in everyones if s.start >= group[-1].end), default=group[-1].end + EDGE)
        start, end = max(before, group[0].start - EDGE), min(after, group[-1].end + EDGE)
        if end - start >= SHORTEST:
            kept.append(((start, end), _one_text([s.text for s in group])))
    return kept


def _one_text(texts: Sequence[str]) -> str:
    """Sentences as one text: Chinese writes no space between them."""
    return "".join(a + ("" if a[-1:] > "\u2e80" else " ") for a in texts).strip()


def _part(samples: Samples, rate: int, span: Span) -> Samples:
    return np.ascontiguousarray(samples[round(span[0] * rate) : round(span[1] * rate)], dtype=np.float32)


def _contrast(samples: Samples, rate: int) -> float:
    """dB between the loud and the soft parts: a quick guess at how far speech is above its noise."""
    level = loudness(samples, rate, hop=0.02)
    return float(np.percentile(level, 90) - np.percentile(level, 5)) if len(level) else 0.0


def _measured(samples: Samples, rate: int) -> Examined:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stretch.wav"
        write_wav(path, samples, rate)
        return reference.judge(reference.read(path), alone=False)


def _too_little(seconds: float, measured: Sequence[_Stretch], talk: Talk, speaker: int) -> UserError:
    """What was found, and what is wrong with the rest."""
    said = sum(s.seconds for s in talk.sentences if s.speaker == speaker)
    reasons = Counter(m.found.refused[0].check.removeprefix("reference.") for m in measured if m.found.refused)
    told = {
        "music": "music under it",
        "noise": "noise under it",
        "band": "a dull, telephone-like sound",
        "clipping": "it is recorded too loud",
    }
    why = [f"{count} of {len(measured)} stretches: {told.get(check, check)}" for check, count in reasons.most_common(3)]
    if not measured:
        why = [f"none of its stretches lasts {SHORTEST:.0f} s"]
    clearest = max(measured, key=lambda m: m.found.figures.snr, default=None)
    if clearest and not reasons:
        why = [f"the longest of it begins at {clock(clearest.span[0])}"]
    who = f"speaker {speaker + 1}" if talk.speakers > 1 else "the speaker"
    return UserError(
        f"only {seconds:.1f} s of clean speech of {who} were found in the video ({NEEDED:.0f} are needed, of {said:.0f} s that are said; "
        f"{'; '.join(why)}). {_WAY}"
    )
