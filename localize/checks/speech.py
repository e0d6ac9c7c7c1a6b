"""Checks of one spoken Line: how its sound is by itself (`listen`), and whether what a recogniser heard is what was to be said
(`compare`).

Every threshold was set between what sound speech reaches and what broken speech does: 288 Lines of the demo in five languages by the
draft voice, recordings of people, and both of them broken on purpose. `benchmarks/voices_parts/checks.py` measures it anew.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from localize import languages, numerals
from localize.domain import Finding, Model, Recognition, Severity, Word
from localize.media import pcm

Samples = npt.NDArray[np.float32]
Curve = npt.NDArray[np.float64]

HOP = 0.005  # s between two levels
LEVEL = -20.0  # dBFS, RMS of the voiced parts: what every voice is levelled to
LEVEL_OFF, LEVEL_LOST = 3.0, 12.0  # dB away from it: odd beside the other Lines; too soft or too loud to be one of them
MUTE = -60.0  # dBFS: below it there is nothing
QUIET = 30.0  # dB under the voiced level: no speech. People's consonants and word ends lie above
HOLE, LONG_HOLE = 1.5, 2.5  # s of quiet inside a sentence; the longest pause of the people recorded is 1.7, between sentences
EDGE = 1.0  # s of quiet before or after it
FLAT_RUNS = 8  # flat tops, 3 samples and more at the very same height; the recordings have 1 at most
DC = 0.02  # of full scale
SHORT, LONG = 0.5, 2.0  # of the expected length; the demo's Lines take 0.71 to 1.18 of it
SLACK = 0.15  # s that a single word may differ besides
ENDING = 0.008  # s in which the last sound falls by 26 dB where it was cut off; the quickest natural ending takes 0.017
STEADY = 4.0  # dB by which a sound's level varies: speech 6.6 and more, tones and noise below 1.5
FLOOR = 18.0  # dB from the voiced level down to the quietest moment inside; speech without any pause has 27
CLICK, CLICK_SIZE = 3.5, 0.03  # a jump so many times any other within 6 ms (2.7 in speech), and its least size of full scale
STRETCH, ALIKE = 0.8, 0.86  # s of speech that comes twice, and how alike both are; different words reach 0.80
LONGER = 1.2  # of the expected length, from where on words said twice are no accident of the text
LONGEST_COMPARED = 60.0  # s in which repeated words are looked for


def _finding(check: str, severity: Severity, message: str, **evidence: str | int | float | bool | None) -> Finding:
    return Finding(check=check, severity=severity, message=message, evidence=evidence)


def listen(samples: Samples, rate: int, words: Sequence[Word], expected_seconds: float, says: Sequence[str]) -> tuple[Finding, ...]:
    """What a listener would find wrong with one spoken Line, without knowing the language.

    `samples` are mono [n] in -1..1 at `rate` Hz; `words` are its words with their times (none if they are not known), `says` what is
    said of each token, and `expected_seconds` what the text takes to say. What sounds broken blocks, what sounds odd warns.
    """
    if not any(say.strip() for say in says):
        return ()
    heard = _Heard.of(samples, rate)
    if heard is None:
        return (_finding("speech silent", "block", "Nothing can be heard of this Line.", seconds=round(len(samples) / rate, 2)),)
    varies = float(np.std(np.maximum(heard.levels[heard.first : heard.last + 1], heard.voiced - 40)))
    if varies < STEADY and heard.length > 0.3:
        message = "This Line is a steady tone or noise, not speech."
        return (_finding("speech noise", "block", message, variation_db=round(varies, 1)),)
    return (
        *_level(heard), *_clipping(heard), *_floor(heard), *_quiet(heard), *_extent(heard, expected_seconds), *_ending(heard, words, says),
        *_clicks(heard), *_repeated(heard, expected_seconds, says),
    )  # fmt: skip


@dataclass(frozen=True)
class _Heard:
    """A sound, centred, with its level: `levels` in dB every HOP, `voiced` the level of its loud parts, `first` and `last` the HOPs
    between which something is heard, `mean` what it was off centre."""

    samples: Samples
    rate: int
    mean: float
    levels: Curve
    voiced: float
    first: int
    last: int

    @classmethod
    def of(cls, samples: Samples, rate: int) -> _Heard | None:
        """None where there is nothing to hear."""
        mean = float(samples.mean()) if len(samples) else 0.0
        centred = (samples - np.float32(mean)).astype(np.float32)
        levels = _levels(centred, rate, HOP, 0.020)
        if not len(levels) or levels.max() < MUTE:
            return None
        voiced = float(10 * np.log10(np.mean(10 ** (levels[levels > levels.max() - 25] / 10))))
        heard = np.flatnonzero(levels > voiced - QUIET)
        return cls(centred, rate, mean, levels, voiced, int(heard[0]), int(heard[-1]))

    @property
    def depth(self) -> float:
        """dB from the level of its loud parts down to its quietest moment inside; the silence around it may have been put there."""
        return self.voiced - float(self.levels[self.first : self.last + 1].min())

    @property
    def length(self) -> float:
        """Seconds from the first to the last sound."""
        return (self.last + 1 - self.first) * HOP


def _levels(samples: Samples, rate: int, hop: float, window: float) -> Curve:
    """The mean power in dB of `window` seconds around each moment (k + 0.5) * hop; -120 for none."""
    total = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    centre = (np.arange(int(len(samples) / rate / hop)) + 0.5) * hop * rate
    low = np.clip((centre - window * rate / 2).astype(int), 0, len(samples))
    high = np.clip((centre + window * rate / 2).astype(int), 0, len(samples))
    return np.asarray(10 * np.log10(np.maximum((total[high] - total[low]) / np.maximum(high - low, 1), 1e-12)))


def _level(heard: _Heard) -> Iterator[Finding]:
    off = heard.voiced - LEVEL
    if abs(off) > LEVEL_OFF:
        how = "loud" if off > 0 else "soft"
        message = f"This Line is {abs(off):.0f} dB too {how} beside the others."
        yield _finding("speech level", "block" if abs(off) > LEVEL_LOST else "warn", message, level_db=round(heard.voiced, 1))
    if abs(heard.mean) > DC:
        message = "The sound is not centred: it will click where it begins and ends."
        yield _finding("speech level", "warn", message, mean=round(heard.mean, 3))


def _clipping(heard: _Heard) -> Iterator[Finding]:
    """Peaks cut flat. A sound that was made softer afterwards shows them below full scale, too."""
    size = np.abs(heard.samples)
    peak = float(size.max())
    runs = _runs(size >= 0.9995 * peak)
    flat = [end - start for start, end in runs if end - start >= 3]
    if len(flat) >= FLAT_RUNS:
        share = sum(flat) / len(size)
        message = f"The sound is clipped: {len(flat)} of its peaks are cut flat."
        yield _finding("speech clipping", "block" if share > 0.002 else "warn", message, peaks=len(flat), share=round(share, 5))


def _runs(which: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches (start, end) in which something is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], which.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _floor(heard: _Heard) -> Iterator[Finding]:
    """Noise that never ends: even the quietest moment is not quiet."""
    if heard.depth < FLOOR and heard.length > 0.6:
        message = f"There is noise under the whole Line, only {heard.depth:.0f} dB softer."
        yield _finding("speech noise", "warn", message, below_db=round(heard.depth, 1))


def _quiet(heard: _Heard) -> Iterator[Finding]:
    inside = heard.levels[heard.first : heard.last + 1] <= heard.voiced - QUIET
    hole = max((end - start for start, end in _runs(inside)), default=0) * HOP
    if hole > HOLE:
        severity: Severity = "block" if hole > LONG_HOLE else "warn"
        yield _finding("speech silent", severity, f"Nothing is said for {hole:.1f} s in the middle of this Line.", hole=round(hole, 2))
    for where, length in (("before", heard.first * HOP), ("after", (len(heard.levels) - 1 - heard.last) * HOP)):
        if length > EDGE:
            yield _finding("speech silent", "warn", f"Nothing is said for {length:.1f} s {where} this Line.", seconds=round(length, 2))


def _extent(heard: _Heard, expected: float) -> Iterator[Finding]:
    """Far shorter or longer than its words take."""
    evidence = {"seconds": round(heard.length, 2), "expected": round(expected, 2)}
    if heard.length < SHORT * expected - SLACK:
        message = f"This Line is over after {heard.length:.1f} s; its words take about {expected:.1f} s: some are missing."
        yield _finding("speech truncated", "block", message, **evidence)
    if heard.length > LONG * expected + SLACK:
        message = f"This Line goes on for {heard.length:.1f} s; its words take about {expected:.1f} s: more is said than was asked."
        yield _finding("speech runaway", "block", message, **evidence)


def _ending(heard: _Heard, words: Sequence[Word], says: Sequence[str]) -> Iterator[Finding]:
    """Cut off in the middle of a loud sound, or before its last word."""
    fine = _levels(heard.samples, heard.rate, 0.001, 0.004)
    loud = np.flatnonzero(fine > heard.voiced - 12)
    end = int(loud[-1]) if len(loud) else 0
    soft = np.flatnonzero(fine[end:] < heard.voiced - 38)
    # A sound that never falls so far was cut off if it is still loud where it ends; else it has some noise, which hides its end.
    fall = soft[0] / 1000 if len(soft) else (0.0 if len(fine) - end < 10 else 1.0)
    if fall <= ENDING and heard.depth > FLOOR:
        yield _finding("speech truncated", "block", "This Line is cut off in the middle of a sound.", fall_ms=round(fall * 1000))
        return
    said = [word for word, say in zip(words, says, strict=False) if say.strip()]
    if len(words) == len(says) and said:
        last = said[-1]
        part = heard.levels[int(last.start / HOP) : max(int(last.end / HOP), int(last.start / HOP) + 1)]
        if not len(part) or part.max() < heard.voiced - QUIET:
            message = f"The last word of this Line, {last.text!r}, can't be heard."
            yield _finding("speech truncated", "block", message, start=round(last.start, 2), end=round(last.end, 2))


def _clicks(heard: _Heard) -> Iterator[Finding]:
    """A jump from one sample to the next like none around it. Jumps inside loud speech drown in it and are not looked for."""
    jumps = np.abs(np.diff(heard.samples.astype(np.float64)))
    near, far = max(2, round(0.00008 * heard.rate)), round(0.006 * heard.rate)
    high = np.flatnonzero(jumps > CLICK_SIZE)
    found: list[float] = []
    for at in high[np.argsort(-jumps[high])][:2000].tolist():
        around = max(jumps[max(0, at - far) : max(0, at - near)].max(initial=1e-4), jumps[at + near + 1 : at + far].max(initial=1e-4))
        if jumps[at] > CLICK * around and all(abs(at / heard.rate - t) > 0.01 for t in found):
            found.append(at / heard.rate)
    if found:
        first = min(found)
        message = f"There {'is a click' if len(found) == 1 else f'are {len(found)} clicks'} in this Line, at {first:.2f} s."
        yield _finding("speech click", "warn", message, clicks=len(found), first=round(first, 3))


# Said twice ---------------------------------------------------------------------------------------------------------


def _repeated(heard: _Heard, expected: float, says: Sequence[str]) -> Iterator[Finding]:
    """The same stretch of speech a second time, where the text does not say it twice: a model that went round in circles."""
    alike, first, second = _likest(heard)
    if alike < ALIKE:
        return
    letters = "".join(_letters(say) for say in says)
    if _echo(letters) / max(len(letters), 1) * heard.length > STRETCH / 2:
        return
    message = f"What is said at {first:.1f} s is said again at {second:.1f} s."
    severity: Severity = "block" if heard.length > LONGER * expected else "warn"
    yield _finding("speech repeated", severity, message, alike=round(alike, 2), first=round(first, 2), second=round(second, 2))


def _likest(heard: _Heard) -> tuple[float, float, float]:
    """The two stretches of STRETCH seconds that sound most alike: how alike (cosine), and when each begins."""
    hop = 0.02
    bands = _bands(heard.samples[: round(LONGEST_COMPARED * heard.rate)], heard.rate, hop)
    size = round(STRETCH / hop)
    count = len(bands)
    best = (0.0, 0.0, 0.0)
    if count < 2 * size:
        return best
    loudest = bands.max(axis=1)
    loud = loudest > np.percentile(loudest, 95) - 35
    # The shape of the spectrum alone: its level and what all of the speech has in common say nothing about the words.
    shape = bands - bands.mean(axis=1, keepdims=True)
    shape -= shape[loud].mean(axis=0)
    shape /= np.linalg.norm(shape, axis=1, keepdims=True) + 1e-9
    shape[~loud] = 0
    same = shape @ shape.T
    nearby = same.copy()  # a frame sooner or later: nobody, and no model, says a thing twice in the very same time
    nearby[:, 1:] = np.maximum(nearby[:, 1:], same[:, :-1])
    nearby[:, :-1] = np.maximum(nearby[:, :-1], same[:, 1:])
    for lag in range(size, count - size + 1):
        one, other = loud[: count - lag], loud[lag:]
        total, either, both = (_sliding(row, size) for row in (np.diagonal(nearby, lag), one | other, one & other))
        score = np.where(both > 0.6 * size, total / np.maximum(either, 1), 0)
        at = int(score.argmax())
        if score[at] > best[0]:
            best = (float(score[at]), at * hop, (at + lag) * hop)
    return best


def _sliding(row: npt.NDArray[np.generic], size: int) -> Curve:
    total: Curve = np.concatenate([[0.0], np.cumsum(row, dtype=np.float64)])
    return total[size:] - total[:-size]


def _bands(samples: Samples, rate: int, hop: float) -> Curve:
    """Power in dB of 24 bands evenly spread by pitch as it is heard, every `hop` seconds; 60 dB deep."""
    sound = pcm.resampled(samples, rate, 16_000)
    width, step = 512, round(hop * 16_000)
    count = max(0, (len(sound) - width) // step + 1)
    if not count:
        return np.zeros((0, 24))
    frames = np.lib.stride_tricks.sliding_window_view(sound, width)[::step][:count] * np.hanning(width)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ _filters(width).T
    decibels = 10 * np.log10(np.maximum(power, 1e-9))
    return np.asarray(np.maximum(decibels, decibels.max() - 60))


@cache
def _filters(width: int) -> Curve:
    hertz = np.fft.rfftfreq(width, 1 / 16_000)
    mel: Curve = 2595 * np.log10(1 + hertz / 700)
    edges: Curve = np.linspace(2595 * np.log10(1 + 60 / 700), 2595 * np.log10(1 + 7600 / 700), 26)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    filters: Curve = np.maximum(0, np.minimum((mel - low) / (middle - low), (high - mel) / (high - middle)))
    return filters


def _echo(letters: str) -> int:
    """How many letters the longest run has that stands in the text twice, not overlapping."""
    low, high = 0, len(letters) // 2
    while low < high:
        size = (low + high + 1) // 2
        firsts: dict[str, int] = {}
        twice = any(firsts.setdefault(letters[i : i + size], i) + size <= i for i in range(len(letters) - size + 1))
        low, high = (size, high) if twice else (low, size - 1)
    return low


# What a recogniser heard --------------------------------------------------------------------------------------------


class Limits(Model):
    """From which error rates on a Line is warned of and blocked.

    One word in four may be heard otherwise: recognisers spell names their own way. Of the demo's Lines, one of which the second half
    is missing has a rate of 0.6, and of two different ones nineteen pairs in twenty have 0.68 and more.
    """

    warn: float = 0.25
    block: float = 0.6


class Transcribed(Protocol):
    """What a recogniser gives (`localize.recognize.Transcript`)."""

    @property
    def text(self) -> str: ...


DEFAULT = Limits()
BY_CHARACTER = ("th", "zh")  # written without spaces between words


def compare(said: str, heard: Transcribed, language: str, limits: Limits = DEFAULT) -> tuple[float, Finding | None]:
    """How much of what was to be said (what the tokens say, parted by spaces) was heard otherwise, and the finding if it matters.

    The rate is edits over the length of what was to be said: of characters for th and zh, of words otherwise. It may be above 1.
    """
    wanted, got = _words(said, language), _words(heard.text, language)
    if language in BY_CHARACTER:
        letters, others = ("".join(_spelled(word, language) for word in words) for words in (wanted, got))
        edits, length = Levenshtein.distance(letters, others), len(letters)
    else:
        edits = Levenshtein.distance(*([_spelled(word, language) for word in words] for words in (wanted, got)))
        length = len(wanted)
    rate = edits / length if length else float(bool(got))
    evidence: dict[str, str | int | float | bool | None] = {"rate": round(rate, 3), "heard": heard.text[:300]}
    if rate > limits.warn:
        severity: Severity = "block" if rate > limits.block else "warn"
        what = "characters" if language in BY_CHARACTER else "words"
        message = f"{min(rate, 1):.0%} of the {what} of this Line were heard otherwise: “{heard.text[:120]}”."
        return rate, _finding("speech words", severity, message, **evidence)
    lost = sorted(_numbers(wanted, language) - _numbers(got, language))
    if lost:
        named = ", ".join(f"{n:f}" for n in lost)
        message = f"A number of this Line was heard otherwise: {named} is not in “{heard.text[:120]}”. Listen whether it is said right."
        return rate, _finding("speech number", "warn", message, numbers=named, **evidence)
    return rate, None


def recognition(rate: float, finding: Finding | None, heard: Transcribed, engine: str) -> Recognition:
    """What `compare` said, as it stands in the sidecar."""
    state: Literal["ok", "warn", "block"] = "ok" if finding is None else "block" if finding.severity == "block" else "warn"
    return Recognition(state=state, rate=round(rate, 3), heard=heard.text, engine=engine)


def _words(text: str, language: str) -> list[str]:
    """The words of a text as they are said: numbers in words, small letters, no signs; Chinese in Simplified characters."""
    whole = unicodedata.normalize("NFC", text)
    if language == "zh" and (simple := simplifier()):
        whole = simple(whole)
    tokens = languages.get(language).read(whole)
    return [plain for token in tokens for word in token.say.replace("-", " ").split() if (plain := _letters(word))]


@cache
def simplifier() -> Callable[[str], str] | None:
    """What writes Chinese in Simplified characters, where its package is installed: some recognisers write Traditional ones."""
    if find_spec("opencc") is None:
        return None
    from opencc import OpenCC

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def _letters(word: str) -> str:
    """A word's letters, marks and figures alone, small."""
    return "".join(c for c in unicodedata.normalize("NFC", word).casefold() if unicodedata.category(c)[0] in "LMN")


_TONES = "\u0300\u0301\u0303\u0309\u0323"


def _spelled(word: str, language: str) -> str:
    """A word in one spelling of those that are right."""
    plain = unicodedata.normalize("NFKC", word)
    if language == "vi":  # hoà and hòa: the tone mark has an old and a new place, and each model has its own
        parts = unicodedata.normalize("NFD", plain)
        plain = unicodedata.normalize("NFC", "".join(c for c in parts if c not in _TONES)) + "".join(c for c in parts if c in _TONES)
    return re.sub("([\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])\\1+", r"\1", plain)  # a mark typed twice looks like one


def _numbers(words: Sequence[str], language: str) -> set[Decimal]:
    """The numbers that words say. Those up to ten are left out: half of them are articles, counters and parts of other words."""
    text = ("" if language in BY_CHARACTER else " ").join(words)
    return {n.value for n in numerals.find(text, language) if n.value > 10 or n.value != n.value.to_integral_value()}
