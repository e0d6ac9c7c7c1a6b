"""A transcript without times: when each of its words is heard.

First the sentences are laid over the stretches of speech as their lengths and the pauses tell, so that errors do not add up over
minutes; then the words of a few sentences at a time are aligned to their sound (`voice.timing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from localize import languages, pace
from localize.domain import Finding
from localize.dub import Sentence, Spot, Talk, activity
from localize.dub.activity import RATE, Samples
from localize.dub.sentences import UNSIGNED, Piece, sentences_of
from localize.dub.transcript import Cue, clock, speakers
from localize.errors import UserError
from localize.recognize import Recognizer
from localize.voice import Sound, VoiceStyle
from localize.voice.timing import complete

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Span = tuple[float, float]

INNER = 0.15  # s: shorter silences are no pauses here
WINDOW = 24.0  # s of sound whose words are aligned together; a recognizer hears 30
FIRM = 0.45  # s of pause at which a window may surely end
MARGIN = 0.35  # s around a window, as far as there is silence
RATES = (0.75, 0.9, 1.05, 1.25)  # of a speaker, against the estimate
GRID = 0.5  # s between the places in speech where a sentence may end without a pause
BAND = 90.0  # s of speech by which a sentence may be elsewhere than its length tells
LOOSE = 0.25  # deviation of a sentence's length from its estimate, as a share of it; and LEAST s on top
LEAST = 0.25
NO_PAUSE, PAUSED = 2.0, 1.5  # price of an end without a pause, and what a pause of a second is worth
INSIDE = 0.4  # s of a pause that may be inside of a sentence
SKIP, SKIPPED = 3.0, 1.0  # price of speech that is not in the text: each time, and a second


def aligned(cues: Sequence[Cue], language: str, heard: Samples, recognizer: Recognizer | None = None, origin: str = "transcript") -> Talk:
    """The sentences of a text without times (see `transcript.parse`), found in mono sound [n] at 16 kHz; a memmap will do.

    Raises UserError for a language whose words crossreel can't find, and where the sound has no speech.
    """
    if language not in languages.codes():
        known = ", ".join(languages.codes())
        raise UserError(f"{origin} has no times, and words of the language {language!r} can't be found in a sound (these can: {known}): "
                        "give the transcript as .srt or .vtt.")  # fmt: skip
    names = speakers(cues)
    drafts = sentences_of(_paced(cues, language, names), language)
    stretches = list(activity.listen(heard, pause=INNER).stretches)
    if not stretches:
        raise UserError(f"no speech is heard in the video, so the words of {origin} can't be found in it: give a transcript with times.")
    spans = placed([pace.seconds(s.text, language) for s in drafts], stretches)
    placed_ones = [draft.model_copy(update={"start": a, "end": b}) for draft, (a, b) in zip(drafts, spans, strict=True)]
    made, found = _refined(placed_ones, language, heard, recognizer, origin)
    return Talk(language=language, sentences=tuple(made), origin=origin, speakers=len(names), findings=tuple(found))


def _paced(cues: Sequence[Cue], language: str, names: dict[str, int]) -> list[Piece]:
    """The cues as if they were said one after the other: sentences that are too long are cut by that. Where no signs end sentences,
    lines do."""
    pieces, now = [], 0.0
    for cue in cues:
        end = now + pace.seconds(cue.text, language)
        pieces.append(Piece(cue.text, now, end, names[cue.speaker], breaks=language in UNSIGNED))
        now = end
    return pieces


# ---- the words of a few sentences


def _refined(
    sentences: Sequence[Sentence], language: str, heard: Samples, recognizer: Recognizer | None, origin: str
) -> tuple[list[Sentence], list[Finding]]:
    """The sentences with their words' times, from first to last, and what is doubtful."""
    made: list[Sentence] = []
    found: list[Finding] = []
    first, over, total = 0, 0.0, len(heard) / RATE
    while first < len(sentences):
        last, kept = _window(sentences, first)
        start = max(over, sentences[first].start - MARGIN)
        limit = sentences[last].start if last < len(sentences) else total
        end = max(min(sentences[last - 1].end + MARGIN, limit), start + 0.2)
        words, doubt = _words(sentences[first:last], language, heard, (start, end), recognizer)
        made += words[:kept]
        if doubt:
            found.append(Finding(
                check="transcript", severity="warn",
                message=f"{origin}: what is said from {clock(start)} to {clock(end)} does not seem to be its text "
                        f"({sentences[first].text[:60]!r}): its times are estimated. Compare it, or give a transcript with times.",
                evidence={"start": round(start, 2), "end": round(end, 2), "cost": doubt},
            ))  # fmt: skip
        first += kept
        over = made[-1].end
    return made, found


def _window(sentences: Sequence[Sentence], first: int) -> tuple[int, int]:
    """The sentences to align together, to which (exclusive), and how many of them are then known: where the window ends without a
    pause, the last one's end is not, and it begins the next window."""
    last = first + 1
    while last < len(sentences) and sentences[last].end - sentences[first].start <= WINDOW:
        last += 1
    if last == len(sentences):
        return last, last - first
    for firm in range(last, first + (last - first) // 2, -1):
        if sentences[firm].start - sentences[firm - 1].end >= FIRM:
            return firm, firm - first
    return last, max(last - first - 1, 1)


def _words(
    sentences: Sequence[Sentence], language: str, heard: Samples, span: Span, recognizer: Recognizer | None
) -> tuple[list[Sentence], float | None]:
    """The sentences with their words found in a part of the sound, and what the alignment cost if it is not to be trusted."""
    reader = languages.get(language)
    tokens = [reader.read(sentence.text) for sentence in sentences]
    flat = [replace(token, gap=token.gap or " ") if n == len(part) - 1 else token for part in tokens for n, token in enumerate(part)]
    samples = np.ascontiguousarray(heard[round(span[0] * RATE) : round(span[1] * RATE)], dtype=np.float32)
    timed = complete(Sound(samples, RATE), flat, reader, VoiceStyle(), recognizer)
    doubtful = timed.method == "proportional"
    rest = iter(timed.sound.words)
    made = []
    for sentence, part in zip(sentences, tokens, strict=True):
        words = [next(rest) for _ in part]
        spots = tuple(
            Spot(text=w.text, start=w.start + span[0], end=w.end + span[0]) for w, token in zip(words, part, strict=True) if token.say
        )
        if doubtful or not spots:
            made.append(sentence)
        else:
            made.append(sentence.model_copy(update={"start": spots[0].start, "end": spots[-1].end, "words": spots}))
    return made, (timed.cost or 1.0) if doubtful else None


# ---- which sentence is in which stretch of speech


def placed(lengths: Sequence[float], stretches: Sequence[Span]) -> list[Span]:
    """A span for each of a text's sentences in stretches of speech (in order, in seconds), given how long each should take.

    The lengths are only estimates, so each sentence's own may differ, and ends are looked for at pauses: errors do not add up.
    Speech that seems not to be in the text is left out. Raises ValueError where there is no speech.
    """
    if not lengths or not stretches:
        raise ValueError("there is no speech to find the text in")
    clock, moments, pauses = _places(stretches)
    told = np.asarray(lengths, np.float64)
    # Where much is said that is not in the text, the whole's length does not tell how fast its speaker is.
    rates = sorted({min(max(float(clock[-1] / told.sum()), RATES[0]), RATES[-1]), *RATES})
    from_where, _ = min((_walk(told * rate, clock, pauses) for rate in rates), key=lambda way: way[1])
    spans, place = [], len(clock) - 1
    for k in range(len(lengths) - 1, -1, -1):
        first, ended, begun = from_where[k]
        end, start = int(ended[place - first]), int(begun[place - first])
        spans.append((float(moments[start][1]), float(moments[end][0])))
        place = start
    return spans[::-1]


def _places(stretches: Sequence[Span]) -> tuple[Floats, list[Span], Floats]:
    """Where a sentence may end: in seconds of speech, when speech ends there and goes on after it, and how long the pause is."""
    clock, moments, pauses, now = [0.0], [(stretches[0][0], stretches[0][0])], [1.0], 0.0
    for (start, end), after in zip(stretches, [*stretches[1:], None], strict=True):
        inner = np.arange(GRID, end - start - GRID / 2, GRID)
        clock += [*(now + inner), now + end - start]
        moments += [*((start + t, start + t) for t in inner), (end, after[0] if after else end)]
        pauses += [*([0.0] * len(inner)), after[0] - end if after else 1.0]
        now += end - start
    return np.array(clock), moments, np.array(pauses)


def _walk(wanted: Floats, clock: Floats, pauses: Floats) -> tuple[list[tuple[int, Ints, Ints]], float]:
    """For each sentence, from the first place on at which the next one may begin: at which it ends, and at which it begins. And the
    price of all."""
    price = np.where(pauses > 0, -PAUSED * np.minimum(pauses, 1.0), NO_PAUSE)
    inside = np.cumsum(PAUSED * np.clip(pauses - INSIDE, 0, 1))
    total = np.full(len(clock), np.inf)
    total[0] = 0.0
    total, _ = _skipping(total, clock, pauses)
    expected = np.cumsum(wanted) * (clock[-1] / max(wanted.sum(), 1e-6))
    backs: list[tuple[int, Ints, Ints]] = []
    for k, length in enumerate(wanted):
        low, high = np.searchsorted(clock, [expected[k] - BAND, expected[k] + BAND])
        stops = np.arange(max(1, low), min(high + 1, len(clock)))
        # Of all earlier places only those that are near enough: an hour has thousands.
        near = stops - np.searchsorted(clock, clock[stops] - 3 * length - 5)
        starts = np.maximum(stops[:, None] - np.arange(1, max(int(near.max()), 1) + 1), 0)
        cost = total[starts] + ((clock[stops][:, None] - clock[starts] - length) / (LOOSE * length + LEAST)) ** 2
        cost += price[stops][:, None] + inside[stops - 1][:, None] - inside[starts]
        best = cost.argmin(axis=1)
        rows = np.arange(len(stops))
        after = np.full(len(clock), np.inf)
        after[stops] = cost[rows, best]
        begun = np.zeros(len(clock), np.int64)
        begun[stops] = starts[rows, best]
        total, ended = _skipping(after, clock, pauses)
        reach = slice(int(stops[0]), len(clock) if k == len(wanted) - 1 else int(stops[-1]) + round(BAND / GRID))
        total[reach.stop :] = np.inf
        backs.append((reach.start, ended[reach], begun[ended[reach]]))
    return backs, float(total[-1])


def _skipping(total: Floats, clock: Floats, pauses: Floats) -> tuple[Floats, Ints]:
    """The cheapest way to each place with speech left out before it, and from which place on it was."""
    # The cheapest earlier place is the one of the least price less its own time.
    relative = total - SKIPPED * clock
    least = np.minimum.accumulate(relative)
    where = np.maximum.accumulate(np.where(relative <= least, np.arange(len(total)), 0))
    skipping = least + SKIPPED * clock + SKIP + np.where(pauses > 0, 0.0, NO_PAUSE)
    here = np.arange(len(total))
    use = skipping < total
    return np.where(use, skipping, total), np.where(use, where, here)
