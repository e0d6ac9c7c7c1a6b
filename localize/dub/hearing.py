"""What a video says, by a recognizer: a long sound is heard in windows that are cut at pauses, and its words become sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from localize.domain import Finding
from localize.dub import Sentence, Spot, Talk, activity
from localize.dub.activity import RATE, Activity, Samples
from localize.dub.sentences import Piece, sentences_of
from localize.dub.transcript import clock
from localize.recognize import Recognizer, Transcript
from localize.voice import similarity

Span = tuple[float, float]
Rows = npt.NDArray[np.float64]

WINDOW = 28.0  # s that a recognizer hears at once; Whisper's own windows are 30
MARGIN = 0.25  # s of sound around speech that is heard with it
APART = 1.5  # s of silence that always end a window: a recognizer invents words in it
VOTES = 4  # windows by which the language is found out
DOUBTFUL, UNSURE = 0.6, 0.35  # confidence of a sentence: warned of below the first; below the second it may be invented
FAST = 32.0  # letters a second that nobody says
AGAIN = 4  # times that the same few words in a row are a recognizer that goes round in circles
LIKE = 80.0  # of 100: letters of a name and of words that are taken for it
LEAST = 4  # letters of a name that can be misheard for another
TELLING = 1.0  # s of a sentence by which a voice can be told
STRANGERS = 0.70  # cosine of two people's mean voices, at most; one person's two halves are 0.8 and more
MOST_SPEAKERS = 4


class Diarizer(Protocol):
    """Tells voices apart. `missing` says what it lacks here, "" when nothing."""

    def missing(self) -> str: ...

    def voice(self, samples: Samples, rate: int) -> npt.NDArray[np.float32] | None:
        """Whose voice mono speech [n] is: a vector of length 1, near to those of the same speaker. None for too little of it."""
        ...


class Embeddings:
    """Voices by resemblyzer's encoder, where it is installed."""

    def missing(self) -> str:
        return similarity.missing()

    def voice(self, samples: Samples, rate: int) -> npt.NDArray[np.float32] | None:
        return similarity.embedding(samples, rate)


def hear(
    recognizer: Recognizer, heard: Samples, language: str = "", *, where: Activity | None = None, diarizer: Diarizer | None = None
) -> Talk:
    """What is said in mono sound [n] at 16 kHz (a memmap will do), with its words' times and what is doubtful about it.

    `where` is what `activity.listen` found, if it was asked before. Without a `language` it is found out by the first windows.
    A sound without speech makes a talk without sentences. Raises NotReady without the recognizer's model.
    """
    where = where or activity.listen(heard)
    windows = list(cut(where.stretches, len(heard) / RATE))
    language = language or _language(recognizer, heard, windows)
    findings: list[Finding] = []
    pieces: list[Piece] = []
    for span in windows:
        said = recognizer.transcribe(_part(heard, span), RATE, language, words=True)
        pieces += _believed(list(_pieces(said, span)), span, where, findings)
    sentences = sentences_of(_in_order(pieces), language, timed=True)
    count, sentences = told_apart(sentences, heard, diarizer or Embeddings())
    findings += _doubts(sentences)
    return Talk(
        language=language, sentences=sentences, origin=recognizer.card.name, speakers=count, findings=tuple(findings)
    )  # fmt: skip


def cut(stretches: Sequence[Span], total: float) -> Iterator[Span]:
    """Windows of at most `WINDOW` seconds that hold the stretches of speech, cut at their pauses."""
    if not stretches:
        return
    pieces: list[Span] = []
    for start, end in stretches:
        count = max(1, int(np.ceil((end - start) / (WINDOW - 2 * MARGIN))))
        pieces += [(start + (end - start) * k / count, start + (end - start) * (k + 1) / count) for k in range(count)]
    first, last, lead = *pieces[0], MARGIN
    for start, end in pieces[1:]:
        pause = start - last
        if end - first > WINDOW - 2 * MARGIN or pause > APART:
            yield max(0.0, first - lead), last + min(MARGIN, pause / 2)
            first, lead = start, min(MARGIN, pause / 2)
        last = end
    yield max(0.0, first - lead), min(last + MARGIN, total)


def _part(heard: Samples, span: Span) -> Samples:
    return np.ascontiguousarray(heard[round(span[0] * RATE) : round(span[1] * RATE)], dtype=np.float32)


def _language(recognizer: Recognizer, heard: Samples, windows: Sequence[Span]) -> str:
    """What most of the longest of the first windows are in: one alone may be a song or a foreign name."""
    first = sorted(windows[: 2 * VOTES], key=lambda span: span[0] - span[1])[:VOTES]
    votes = Counter[str]()
    for span in sorted(first):
        told = recognizer.transcribe(_part(heard, span), RATE)
        votes[told.language] += round(100 * (span[1] - span[0])) if told.text else 0
    return votes.most_common(1)[0][0] if votes else ""


# ---- words


def _pieces(said: Transcript, span: Span) -> Iterator[Piece]:
    """The words with times in the whole sound, and the spaces between them that the text has."""
    at = 0
    for word in said.words:
        found = said.text.find(word.text, at)
        gap = None
        if found >= 0:
            at = found + len(word.text)
            gap = " " if said.text[at : at + 1].isspace() else "" if at < len(said.text) else None
        start, end = span[0] + word.start, min(span[0] + word.end, span[1])
        yield Piece(word.text, start, max(start, end), confidence=word.confidence, gap=gap)


def _believed(pieces: list[Piece], span: Span, where: Activity, findings: list[Finding]) -> list[Piece]:
    """A window's words without those that a recognizer invents: said over and over, faster than anybody speaks, or in silence."""
    kept = _without_circles(pieces)
    if len(kept) < len(pieces):
        dropped = " ".join(piece.text for piece in pieces[len(kept) :])
        findings.append(_left_out(span, dropped, "the recognizer repeats itself there"))
    letters = sum(len(piece.text) for piece in kept)
    spoken = sum(max(0.0, min(end, span[1]) - max(start, span[0])) for start, end in where.stretches)
    if kept and letters > FAST * max(spoken, 0.2):
        findings.append(_left_out(span, " ".join(p.text for p in kept), f"nobody says {letters} letters in {spoken:.1f} s"))
        return []
    inside = [piece for piece in kept if _in_speech(piece, where)]
    return inside


def _in_speech(piece: Piece, where: Activity) -> bool:
    """A sure word is believed wherever it is; an unsure one only where somebody speaks."""
    if piece.confidence >= UNSURE:
        return True
    return any(start - MARGIN < piece.end and piece.start < end + MARGIN for start, end in where.stretches)


def _without_circles(pieces: list[Piece]) -> list[Piece]:
    """The words up to where one to eight of them are said `AGAIN` times in a row, and once of these."""
    words = [re.sub(r"\W+", "", piece.text).casefold() for piece in pieces]
    for start in range(len(words)):
        for size in range(1, 9):
            one = words[start : start + size]
            times = 1
            while len(one) == size and words[start + times * size : start + (times + 1) * size] == one:
                times += 1
            if times >= AGAIN and len("".join(one)) > 1:
                return pieces[: start + size]
    return pieces


def _left_out(span: Span, text: str, why: str) -> Finding:
    return Finding(
        check="recognition", severity="warn",
        message=f"What was heard from {clock(span[0])} to {clock(span[1])} was left out, as {why}: {text[:80]!r}. Listen to it, and give a "
                "transcript (--transcript) if something is said there.",
        evidence={"start": round(span[0], 2), "end": round(span[1], 2), "text": text[:200]},
    )  # fmt: skip


def _in_order(pieces: Sequence[Piece]) -> list[Piece]:
    """Windows touch, so a word may reach into the next one's first: it ends there."""
    out: list[Piece] = []
    for piece in sorted(pieces, key=lambda p: p.start):
        if out and out[-1].end > piece.start:
            out[-1] = replace(out[-1], end=max(out[-1].start, piece.start))
        out.append(piece)
    return out


def _doubts(sentences: Sequence[Sentence]) -> list[Finding]:
    return [
        Finding(
            check="recognition", severity="warn",
            message=f"Sentence {n} at {clock(s.start)} may be misheard (confidence {s.confidence:.0%}): {s.text[:80]!r}. Correct it in the "
                    "proofreading sheet, or give a transcript (--transcript).",
            evidence={"sentence": n, "start": round(s.start, 2), "confidence": s.confidence},
        )
        for n, s in enumerate(sentences, 1) if s.confidence < DOUBTFUL
    ]  # fmt: skip


# ---- names


def corrected(talk: Talk, names: Sequence[str]) -> Talk:
    """The talk with products' and brands' names as they are written where something very like them was heard: "loom aura" is
    Lumora. Numbers are left as they are. Each change is a finding."""
    known = [name for name in dict.fromkeys(names) if len(_letters(name)) >= LEAST and not any(c.isdecimal() for c in name)]
    if not known:
        return talk
    found: list[Finding] = []
    sentences = tuple(_with_names(sentence, n, known, found) for n, sentence in enumerate(talk.sentences, 1))
    return talk.model_copy(update={"sentences": sentences, "findings": (*talk.findings, *found)})


def _with_names(sentence: Sentence, number: int, names: Sequence[str], found: list[Finding]) -> Sentence:
    words = list(re.finditer(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", sentence.text))
    text, changes, at = sentence.text, [], 0
    while at < len(words):
        change = _name_at(sentence.text, words, at, names)
        if change:
            count, name = change
            changes.append((words[at].start(), words[at + count - 1].end(), name))
            at += count
        else:
            at += 1
    for start, end, name in reversed(changes):
        heard = text[start:end]
        text = text[:start] + name + text[end:]
        found.append(Finding(
            check="recognition", severity="info",
            message=f"Sentence {number} at {clock(sentence.start)}: {heard!r} was heard and taken for the name {name!r}. Correct it in the "
                    "proofreading sheet if it is not meant.",
            evidence={"sentence": number, "heard": heard, "name": name},
        ))  # fmt: skip
    return sentence.model_copy(update={"text": text, "words": _renamed(sentence.words, changes, sentence.text)}) if changes else sentence


def _name_at(text: str, words: Sequence[re.Match[str]], at: int, names: Sequence[str]) -> tuple[int, str] | None:
    """How many words from `at` on are one of the names misheard, and which; None where none is, or it is written right already."""
    best: tuple[float, int, str] | None = None
    longest = max(len(name.split()) for name in names) + 1
    for count in range(1, min(longest, len(words) - at) + 1):
        run = text[words[at].start() : words[at + count - 1].end()]
        if re.search(r"[.,;!?。，！？\d]", run) or (count > 1 and words[at + count - 1][0] in names):
            break
        if run in names:
            return None
        match = process.extractOne(_letters(run), {name: _letters(name) for name in names}, scorer=fuzz.ratio, score_cutoff=LIKE)
        if match and (best is None or match[1] > best[0]) and abs(len(_letters(run)) - len(_letters(match[2]))) <= 2:
            best = match[1], count, match[2]
    return (best[1], best[2]) if best else None


def _letters(text: str) -> str:
    """A name's letters, alike where they are said alike: loom-ora and Lumora."""
    letters = re.sub(r"[\W_]+", "", text).casefold()
    for many, one in (("oo", "u"), ("ou", "u"), ("ee", "i"), ("ph", "f"), ("ck", "k"), ("c", "k"), ("y", "i")):
        letters = letters.replace(many, one)
    return re.sub(r"(.)\1", r"\1", letters)


def _renamed(words: tuple[Spot, ...], changes: Sequence[tuple[int, int, str]], text: str) -> tuple[Spot, ...]:
    """The words' times after the changes (places in the sentence's text before them): a name has those of the words it is for."""
    out: list[Spot] = []
    at = 0
    done: set[int] = set()
    for word in words:
        place = text.find(word.text, at)
        at = place + len(word.text) if place >= 0 else at
        change = next(
            (k for k, (start, end, _) in enumerate(changes) if place >= 0 and place < end and start < place + len(word.text)), None
        )
        if change is None:
            out.append(word)
        elif change in done:
            out[-1] = out[-1].model_copy(update={"end": word.end})
        else:
            done.add(change)
            start, end, name = changes[change]
            after = word.text[max(0, end - place) :] if place < end <= place + len(word.text) else ""
            out.append(word.model_copy(update={"text": word.text[: max(0, start - place)] + name + after}))
    return tuple(out)


# ---- speakers


def told_apart(sentences: tuple[Sentence, ...], heard: Samples, diarizer: Diarizer) -> tuple[int, tuple[Sentence, ...]]:
    """How many speak, and the sentences with their numbers; one where nothing tells voices apart or none are clearly apart.

    Each sentence has one speaker: who speaks at the same time as another is not told.
    """
    if diarizer.missing():
        return 1, sentences
    voices = [diarizer.voice(_part(heard, (s.start, s.end)), RATE) if s.seconds >= TELLING else None for s in sentences]
    telling = [n for n, voice in enumerate(voices) if voice is not None]
    groups = _groups(np.array([voices[n] for n in telling], np.float64)) if len(telling) > 1 else [0] * len(telling)
    by_sentence = dict(zip(telling, groups, strict=True))
    order: dict[int, int] = {}
    out, last = [], next(iter(groups), 0)
    for n, sentence in enumerate(sentences):
        last = by_sentence.get(n, last)
        out.append(sentence.model_copy(update={"speaker": order.setdefault(last, len(order))}))
    return max(len(order), 1), tuple(out)


def _groups(voices: Rows) -> list[int]:
    """Which speaker each voice [n, d] is: the nearest groups become one until all that are left are strangers to each other, and
    more than a single sentence or a tenth of all."""
    groups = [[n] for n in range(len(voices))]

    def mean(group: list[int]) -> Rows:
        middle = voices[group].mean(axis=0)
        return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-9))

    while len(groups) > 1:
        means = np.array([mean(group) for group in groups])
        alike = means @ means.T - 2 * np.eye(len(groups))
        a, b = divmod(int(alike.argmax()), len(groups))
        few = min(range(len(groups)), key=lambda g: len(groups[g]))
        if alike[a, b] < STRANGERS:
            lone = len(groups[few]) < max(1, len(voices) // 10)
            if not lone and len(groups) <= MOST_SPEAKERS:
                break
            if lone:
                a, b = few, int(alike[few].argmax())
        low, high = sorted((a, b))
        groups[low] += groups.pop(high)
    number = {n: g for g, group in enumerate(groups) for n in group}
    return [number[n] for n in range(len(voices))]
