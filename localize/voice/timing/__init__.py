"""When each word is heard and what the mouth does, for the sound of any voice.

What an engine knows exactly is kept. Else the sound is warped onto espeak's speech of the same words (`draft`), which knows its
phones to some milliseconds; where that does not fit, a recognizer aligns the known words; else the heard time is shared by their
length (`proportional`), with a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from localize.domain import Word
from localize.errors import NotReady
from localize.languages import Language, Token
from localize.recognize import Recognizer
from localize.voice import Sound, VoiceStyle
from localize.voice.mouths import Phone, mouth_track
from localize.voice.timing import draft, proportional
from localize.voice.timing.proportional import Span

How = Literal["auto", "recognizer", "draft", "proportional"]

# The cost of `draft` above which a sound does not say the words. Chosen on 19 recordings of people: each of them has less with its
# own words, and so have 5 of 75 pairs with the words of another.
UNLIKE = 0.93
# The cost below which no better one need be looked for with espeak's other voice.
SURE = 0.88
# s of speech from which the cost can be trusted: two words played backwards may be as near as forwards.
JUDGED = 1.5


@dataclass(frozen=True)
class Timed:
    """A sound with one Word per token and with mouths, and how its words were found: own, recognizer, draft or proportional.

    `warning` is for a seller, empty where the times can be trusted. `cost` is of the draft alignment (about 0.9 or less where
    the sound says the words, about 1 where it does not), None where none was made.
    """

    sound: Sound
    method: str
    warning: str = ""
    cost: float | None = None


@dataclass(frozen=True)
class _Found:
    """Spans of the tokens, and moments of the template with where they are heard, where an alignment knows them."""

    spans: list[Span]
    method: str
    warning: str = ""
    cost: float | None = None
    moments: Sequence[float] = ()
    heard: Sequence[float] = ()
    pattern: _Pattern | None = None  # the one that was met, if one was


@dataclass(frozen=True)
class _Pattern:
    """espeak's speech of the tokens: mono samples [n], spans of words (empty: not heard) and phones, in seconds."""

    gender: str
    template: draft.Template
    phones: list[Phone]


def complete(
    sound: Sound, tokens: Sequence[Token], language: Language, style: VoiceStyle, recognizer: Recognizer | None = None, how: How = "auto"
) -> Timed:
    """The sound with the words and mouths that it lacks; what it has is kept, whatever `how` says.

    `how` other than auto asks for one way: NotReady is raised where that way's engine is missing. A way that finds that the
    sound does not say the words gives way to the proportional one, and the warning says so.
    """
    if sound.words and sound.mouths:
        return Timed(sound, "own")
    pattern = _pattern(tokens, language, style.gender)
    if sound.words:
        found = _Found([(word.start, word.end) for word in sound.words], "own")
    elif not any(token.say for token in tokens):
        found = _Found([(0.0, 0.0)] * len(tokens), "own")
    else:
        found = _found(sound, tokens, language, pattern, recognizer, how)
    spans = _ordered(found.spans, tokens, sound.duration)
    words = tuple(Word(text=t.text, gap=t.gap, start=a, end=b) for t, (a, b) in zip(tokens, spans, strict=True))
    pattern = found.pattern or pattern
    phones = _moved(pattern, tokens, spans, found) if isinstance(pattern, _Pattern) else _guessed(tokens, spans)
    if not proportional.hearing(sound.samples, sound.rate).speech.any():
        phones = []  # a face does not speak in silence
    mouths = mouth_track(phones, sound.samples, sound.rate)
    return Timed(replace(sound, words=words, mouths=mouths), found.method, found.warning, found.cost)


def _pattern(tokens: Sequence[Token], language: Language, gender: str) -> _Pattern | str:
    """espeak's speech of the tokens, or what it lacks here."""
    from localize.voice.espeak import GENDERS, EspeakVoice

    voice, gender = EspeakVoice(), gender if gender in GENDERS else GENDERS[0]
    if lack := voice.missing():
        return lack
    try:
        raw, spoken = voice.phones(tokens, language, VoiceStyle(gender=gender))
    except NotReady as error:
        return str(error)
    words = [(start / raw.rate, end / raw.rate) for start, end in spoken.words]
    phones = [Phone(name, start / raw.rate, end / raw.rate) for name, start, end in spoken.phones if name]
    return _Pattern(gender, draft.Template(raw.samples, raw.rate, words), phones)


def _found(
    sound: Sound, tokens: Sequence[Token], language: Language, pattern: _Pattern | str, recognizer: Recognizer | None, how: How
) -> _Found:
    """The tokens' spans in a sound that says something, by the best way there is or the one asked for."""
    reasons: list[str] = []
    cost = None
    # The draft first: measured to 12 ms, where a recognizer's words end only where the next ones begin.
    for way in ("draft", "recognizer") if how == "auto" else (how,):
        if way == "draft" and isinstance(pattern, str):
            if how == "draft":
                raise NotReady(f"words can't be timed by the draft voice: {pattern}", missing=(pattern,))
            reasons.append(f"draft voice: {pattern}")
        elif way == "draft" and isinstance(pattern, _Pattern):
            met = _met(sound, tokens, language, pattern)
            if isinstance(met, _Found):
                return met
            reason, cost = met
            reasons.append(reason)
        elif way == "recognizer" and recognizer:
            try:
                spans = recognizer.align(sound.samples, sound.rate, [token.say for token in tokens], language.code)
                return _Found(list(spans), "recognizer", "", cost)
            except (NotReady, ValueError) as error:
                if how == "recognizer" and isinstance(error, NotReady):
                    raise
                reasons.append(f"{recognizer.card.name}: {error}")
        elif way == "recognizer" and how == "recognizer":
            raise NotReady("no recognizer is ready to time the words.", missing=("recognizer",), how="See `crossreel doctor`.")
    why = f" ({'; '.join(reasons)})" if reasons else ""
    warning = f"the times of the words are estimated from their length{why}: captions and lips may be off by some tenths of a second"
    return _Found(proportional.share(sound.samples, sound.rate, tokens, language), "proportional", warning, cost)


def _met(sound: Sound, tokens: Sequence[Token], language: Language, pattern: _Pattern) -> _Found | tuple[str, float | None]:
    """What the draft alignment finds by the nearer of espeak's voices, or why it is not to be trusted, and its cost."""
    from localize.voice.espeak import GENDERS

    best: tuple[draft.Aligned, _Pattern] | None = None
    for gender in (pattern.gender, *(g for g in GENDERS if g != pattern.gender)):
        candidate = pattern if gender == pattern.gender else _pattern(tokens, language, gender)
        if isinstance(candidate, str):
            continue
        try:
            aligned = draft.align(sound.samples, sound.rate, candidate.template)
        except ValueError as error:
            return str(error), None
        if not best or aligned.cost < best[0].cost:
            best = aligned, candidate
        if aligned.cost < SURE:
            break
    assert best
    aligned = best[0]
    if aligned.cost > UNLIKE and aligned.speech >= JUDGED:
        return "the sound does not seem to say the text", aligned.cost
    return _Found(_filled(aligned.words), "draft", "", aligned.cost, aligned.moments.tolist(), aligned.heard.tolist(), best[1])


def _filled(words: Sequence[Span | None]) -> list[Span]:
    """With no length, where the last one ended, for what is not heard."""
    spans, now = [], 0.0
    for word in words:
        spans.append(word or (now, now))
        now = spans[-1][1]
    return spans


def _ordered(spans: Sequence[Span], tokens: Sequence[Token], duration: float) -> list[Span]:
    """In order, without overlap, inside the sound; tokens that are not said have no length."""
    ordered, now = [], 0.0
    for (start, end), token in zip(spans, tokens, strict=True):
        start = min(max(start, now), duration)
        now = min(max(end, start), duration) if token.say else start
        ordered.append((start, now))
    return ordered


def _moved(pattern: _Pattern, tokens: Sequence[Token], spans: Sequence[Span], found: _Found) -> list[Phone]:
    """The template's phones inside the words' spans: where their frames were met, or in proportion."""
    phones, rest = [], iter(pattern.phones)
    phone = next(rest, None)
    for token, (start, end), (first, last) in zip(tokens, spans, pattern.template.words, strict=True):
        if last <= first:  # espeak does not say it, but it was heard
            phones += _guessed([token], [(start, end)])
            continue
        known, places = np.array([first, last]), np.array([start, end])
        if len(found.moments):
            moments, heard = np.array(found.moments), np.array(found.heard)
            inside = (moments > first) & (moments < last) & (heard > start) & (heard < end)
            known = np.concatenate([[first], moments[inside], [last]])
            places = np.concatenate([[start], heard[inside], [end]])
        while phone and (phone.start + phone.end) / 2 < last:
            a, b = np.interp([phone.start, phone.end], known, places)
            if b > a:
                phones.append(Phone(phone.name, float(a), float(b)))
            phone = next(rest, None)
    return phones


def _guessed(tokens: Sequence[Token], spans: Sequence[Span]) -> list[Phone]:
    """Where nobody knows the phones: the mouth opens once a syllable, about five a second, and the sound's level shapes it."""
    phones = []
    for token, (start, end) in zip(tokens, spans, strict=True):
        count = max(round((end - start) * 5), 1) if token.say and end > start else 0
        for k in range(count):
            a, b = start + (end - start) * k / count, start + (end - start) * (k + 1) / count
            phones += [Phone("t", a, a + 0.3 * (b - a)), Phone("a", a + 0.3 * (b - a), b)]
    return phones
