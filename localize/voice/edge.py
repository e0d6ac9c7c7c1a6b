"""`edge`: Microsoft Edge's voices that read pages aloud, over the network and without a key, by the package edge-tts.

The service tells when each of its words is heard. Its words are not our tokens (it cuts Thai and Chinese its own way), so both
are laid on the letters of the text that was sent.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import ClassVar
from unicodedata import category
from urllib.parse import urlsplit

import numpy as np
from pydantic import Field, field_validator

from localize import engines
from localize.domain import Word
from localize.engines import Card
from localize.errors import CrossreelError, NotReady, Transient, UserError
from localize.languages import Language, Token
from localize.voice import Sound, VoiceStyle
from localize.voice.received import decoded
from localize.voice.text import text_of

INSTALL = "the package edge-tts is not installed (pip install 'crossreel[edge]')."
VOICES = {
    "th": {"female": "th-TH-PremwadeeNeural", "male": "th-TH-NiwatNeural"},
    "vi": {"female": "vi-VN-HoaiMyNeural", "male": "vi-VN-NamMinhNeural"},
    "id": {"female": "id-ID-GadisNeural", "male": "id-ID-ArdiNeural"},
    "zh": {"female": "zh-CN-XiaoxiaoNeural", "male": "zh-CN-YunxiNeural"},
    "en": {"female": "en-US-AriaNeural", "male": "en-US-GuyNeural"},
}
NAME = re.compile(r"([a-z]{2,3})-[A-Z]{2,}-.+Neural")
WHOM = re.compile(r"[a-z]{2}(-(female|male))?")
TONE = {"female": 200, "male": 120}  # Hz, about: the service wants a change of pitch in Hz, not as a factor
SLOWEST, FASTEST = 0.5, 2.0  # what the service takes
TICKS = 10_000_000  # of its clock in a second
RATE = 24_000  # Hz of its sound
ASTRAY = 24  # letters that may be passed over to find a word of the service in the text
ENOUGH = 0.8  # of the letters must be found in its words, else its times are not ours
PAUSE = 1.0  # s before a broken answer is asked for again


class EdgeOptions(engines.Options):
    """Which voices speak, and how the service is reached."""

    voices: dict[str, str] = Field(default={}, description="other voices, by language or language and gender: {vi: a, th-male: b}")
    proxy: str = Field(default="", description="http://host:port; one with a password goes into the variable HTTPS_PROXY")
    timeout: int = Field(default=30, ge=1, le=600, description="seconds without anything from the service")
    retries: int = Field(default=2, ge=0, le=10, description="how often the service is asked again when an answer breaks off")

    @field_validator("voices")
    @classmethod
    def known(cls, value: dict[str, str]) -> dict[str, str]:
        for whom, name in value.items():
            if not WHOM.fullmatch(whom):
                raise ValueError(f"{whom!r} is neither a language nor one with a gender: write th or th-male")
            spoken = NAME.fullmatch(name)
            if not spoken:
                raise ValueError(f"{name!r} is no voice's name, which is like th-TH-NiwatNeural; `edge-tts --list-voices` lists them")
            if spoken[1] != whom[:2] and "Multilingual" not in name:
                raise ValueError(f"{name!r} does not speak {whom[:2]}: the service gives no sound for it")
        return value

    @field_validator("proxy")
    @classmethod
    def no_secret(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.username or parts.password:
            raise ValueError("the proxy may hold no name and password: put such a one into the environment variable HTTPS_PROXY")
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(f"{value!r} is no proxy's address: write it as http://host:port")
        return value


@dataclass(frozen=True)
class Heard:
    """A word as the service says it, and its seconds in the sound."""

    text: str
    start: float
    end: float


class EdgeVoice:
    """See `Voice`. May be used from many threads; each Line is a connection of its own."""

    Options = EdgeOptions
    card: ClassVar[Card] = Card(
        name="edge",
        stage="voice",
        about="Microsoft Edge's read-aloud voices, over the network, without a key",
        version="1",
        licence="Microsoft's terms; a service for reading aloud in its browser, no right to commercial use is given",
        commercial=False,
        quality=45,
        languages=tuple(sorted(VOICES)),
        paced=True,
        timed=True,
        remote=True,
    )

    def __init__(self, options: EdgeOptions) -> None:
        self.options = options

    def missing(self) -> str:
        return "" if find_spec("edge_tts") else INSTALL

    def fingerprint(self) -> str:
        others = [f"{whom}={name}" for whom, name in sorted(self.options.voices.items())]
        return " ".join(["edge", self.card.version, *others])

    def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
        """Speak one Line at 24 kHz, its words timed (none are where the service's words are not the text's). Raises NotReady
        without the package or where the service refuses, Transient on network trouble, UserError for a language or style it
        does not have."""
        if lack := self.missing():
            raise NotReady(f"the voice `edge` can't speak: {lack}", missing=(lack,))
        name = self._voice(language.code, style.gender)
        text, spans = text_of(tokens, language)
        if not text:
            return Sound(np.zeros(0, np.float32), RATE, tuple(Word(text=t.text, gap=t.gap, start=0, end=0) for t in tokens))
        pace = min(max(style.pace, SLOWEST), FASTEST)
        rate, pitch = f"{round(100 * (pace - 1)):+d}%", f"{round(TONE[style.gender] * (style.pitch - 1)):+d}Hz"
        # A loop of its own in a thread of its own: whoever calls may stand in a running one.
        with ThreadPoolExecutor(1) as thread:
            mp3, heard = thread.submit(asyncio.run, self._asked(text, name, rate, pitch)).result()
        try:
            samples, hertz = decoded(mp3)
        except ValueError as error:
            raise Transient(f"the Edge voices' service sent a sound that can't be used: {error}") from error
        duration = len(samples) / hertz
        if heard and heard[-1].start > duration:
            raise Transient("the Edge voices' service sent less sound than it says words for")
        times = laid(text, spans, heard, duration)
        words = tuple(Word(text=t.text, gap=t.gap, start=a, end=b) for t, (a, b) in zip(tokens, times, strict=True)) if times else ()
        return Sound(samples, hertz, words)

    def _voice(self, language: str, gender: str) -> str:
        if gender not in TONE:
            raise UserError(f"a voice is {' or '.join(TONE)}, not {gender!r}")
        chosen = self.options.voices
        if found := chosen.get(f"{language}-{gender}") or chosen.get(language):
            return found
        if language not in VOICES:
            raise UserError(f"the voice `edge` does not speak {language!r}, only {', '.join(sorted(VOICES))}.")
        return VOICES[language][gender]

    async def _asked(self, text: str, name: str, rate: str, pitch: str) -> tuple[bytes, list[Heard]]:
        """The answer to the first request that has a whole one."""
        import aiohttp
        from edge_tts.exceptions import EdgeTTSException

        for left in range(self.options.retries, -1, -1):
            try:
                return await self._said(text, name, rate, pitch)
            # An answer that the package can't take apart ends in the last three.
            except (aiohttp.ClientError, EdgeTTSException, OSError, TimeoutError, ValueError, KeyError, IndexError) as error:
                trouble = _trouble(error, name)
                if not left or not isinstance(trouble, Transient):
                    raise trouble from error
                await asyncio.sleep(PAUSE)
        raise AssertionError("the last try returns or raises")

    async def _said(self, text: str, name: str, rate: str, pitch: str) -> tuple[bytes, list[Heard]]:
        """The MP3 of a text, and its words as the service cuts and times them."""
        import edge_tts

        wait, proxy = self.options.timeout, self.options.proxy or None
        asked = edge_tts.Communicate(text, name, rate=rate, pitch=pitch, boundary="WordBoundary", proxy=proxy, connect_timeout=wait)
        mp3, heard = bytearray(), []
        clock = asyncio.get_running_loop()
        # aiohttp's own limit on reading ends where a socket becomes a WebSocket: a service that falls silent would hold us forever.
        async with asyncio.timeout(wait) as patience, aclosing(asked.stream()) as parts:
            async for part in parts:
                patience.reschedule(clock.time() + wait)
                if part["type"] == "audio":
                    mp3 += part["data"]
                elif part["type"] == "WordBoundary":
                    start, length = part["offset"] / TICKS, part["duration"] / TICKS
                    heard.append(Heard(part["text"], start, start + length))
        # The package takes a dropped connection for the end. It counts the sound's bytes when the service says that it is done.
        if asked.state["cumulative_audio_bytes"] < len(mp3):
            raise ConnectionResetError("the answer ended before its end")
        return bytes(mp3), heard


def _trouble(error: Exception, name: str) -> CrossreelError:
    """An error of the package, or below it, as one of ours."""
    import aiohttp
    from edge_tts import exceptions

    service = "the Edge voices' service"
    status = error.status if isinstance(error, aiohttp.ClientResponseError) else 0
    if status in (401, 403, 404) or isinstance(error, exceptions.SkewAdjustmentError):
        return NotReady(
            f"{service} refuses this machine ({status or 403}).",
            how="It is closed to some countries and networks, and to versions of edge-tts that it no longer knows: "
            "pip install -U edge-tts, set `proxy` in `engines: {options: {edge: ...}}`, or use another voice.",
        )
    if status:
        return Transient(f"{service} has trouble ({status})")
    if isinstance(error, exceptions.NoAudioReceived):
        return Transient(f"{service} gave no sound; if it stays so, the voice {name} does not exist or can't read the text")
    if isinstance(error, exceptions.EdgeTTSException):
        return Transient(f"{service} answered with something that is not its protocol ({type(error).__name__}): pip install -U edge-tts")
    if isinstance(error, TimeoutError):
        return Transient(f"{service} gave no answer in time")
    if isinstance(error, (aiohttp.ClientError, OSError)):
        return Transient(f"{service} can't be reached or broke off: {type(error).__name__}")
    return Transient(f"{service} answered with something that is not its protocol ({type(error).__name__})")


def laid(text: str, spans: Sequence[tuple[int, int]], heard: Sequence[Heard], duration: float) -> list[tuple[float, float]]:
    """When each span of `text` is heard: (start, end) seconds in 0..duration, in order and without overlap, from words that are
    cut otherwise. Spans within one word share it by their letters, words within one span join. An empty span has no length.
    Nothing where fewer than `ENOUGH` of the letters are found in the words.
    """
    letters = [i for i, c in enumerate(text) if category(c)[0] in "LMN"]
    times: list[tuple[float, float] | None] = [None] * len(text)
    plain, at, now = "".join(_plain(text[i]) for i in letters), 0, 0.0
    for k, word in enumerate(heard):
        sought = "".join(_plain(c) for c in word.text if category(c)[0] in "LMN")
        # A single letter may stand anywhere: it must come next.
        found = plain.find(sought, at, at + len(sought) + (ASTRAY if len(sought) > 1 else 0)) if sought else -1
        if found < 0:
            continue
        # A word may be said to last into the next one; where that begins is the surer of the two.
        following = next((h.start for h in heard[k + 1 :] if h.start > word.start), duration)
        start = min(max(word.start, now), duration)
        now = min(max(word.end, start), max(following, start), duration)
        shared = letters[found : found + len(sought)]
        for i, span in zip(shared, _shares(text, shared, start, now), strict=True):
            times[i] = span
        at = found + len(sought)
    if sum(times[i] is not None for i in letters) < ENOUGH * len(letters):
        return []
    return _tokens(spans, times, duration)


def _plain(c: str) -> str:
    """A letter without its case, as one letter."""
    lower = c.lower()
    return lower if len(lower) == 1 else c


def _shares(text: str, letters: Sequence[int], start: float, end: float) -> list[tuple[float, float]]:
    """The part of a word's time for each of its letters; marks above and below take none."""
    weights = np.array([category(text[i])[0] != "M" for i in letters], float)
    edges = start + (end - start) * np.concatenate([[0], np.cumsum(weights)]) / max(weights.sum(), 1)
    return [(float(a), float(b)) for a, b in pairwise(edges)]


def _tokens(spans: Sequence[tuple[int, int]], times: Sequence[tuple[float, float] | None], duration: float) -> list[tuple[float, float]]:
    """The time of each span: its letters', or what is free before the next one that has any."""
    known = [[t for t in times[a:b] if t] for a, b in spans]
    said, now = [], 0.0
    for k, (own, (a, b)) in enumerate(zip(known, spans, strict=True)):
        if own:
            said.append((max(own[0][0], now), max(own[-1][1], now)))
        elif a == b:
            said.append((now, now))
        else:
            said.append((now, max(next((later[0][0] for later in known[k + 1 :] if later), duration), now)))
        now = said[-1][1]
    return said
