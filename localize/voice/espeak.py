"""The draft voice: espeak-ng in a process of its own, polished, with its own exact word and mouth times.

It needs no weights, no key and no network, and speaks a line in a few hundredths of a second. It sounds like the
machine it is: use it to see a campaign, or where nothing better may be installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
import numpy.typing as npt

from localize.assets import ASSETS
from localize.domain import Word
from localize.engines import Card
from localize.errors import NotReady, Transient, UserError
from localize.languages import Language, Token
from localize.voice import Sound, VoiceStyle
from localize.voice.espeak_text import PRICE_TEMPO, Text, clean, compose, in_price, is_price
from localize.voice.mouths import Phone, is_vowel, mouth_track
from localize.voice.polish import RATE, lengthen, loudness, polish, released

INSTALL = "the package espeakng-loader is not installed (pip install espeakng-loader)"
PATIENCE = 60  # s for one line; it takes hundredths

VOICES = ASSETS / "voices" / "espeak"  # a file of espeak voice settings for each gender
GENDERS = ("female", "male")
BRANDS = ASSETS / "languages" / "brands.yaml"


@dataclass(frozen=True)
class Manner:
    """How espeak's own voice of a language must be set to sound like the others.

    `tempo` is espeak's speed (about 5 syllables a second, pauses included, as someone selling speaks),
    `consonants` the strength of its noises in percent, and the pitches its lowest and highest in Hz. The languages
    use very different parts of that range; with these, nine tenths of the speech lie within 165..285 Hz for a
    woman and 98..168 Hz for a man in each of them, and tones span 9 semitones.
    """

    tempo: int
    consonants: int
    female: tuple[int, int]
    male: tuple[int, int]
    voice: str = ""  # to build on, where it is not the Language's own
    settings: str = ""  # more lines of a voice file


MANNERS = {
    # espeak does not know that Thai has tones: after an English word it would drop all of them up to the next comma.
    # So Thai is spoken by the rules of Vietnamese, with the sounds of Thai.
    "th": Manner(160, 90, (148, 365), (91, 220), voice="vi", settings="phonemes th\ndictionary th\nwords 0\n"),
    "vi": Manner(212, 100, (141, 387), (88, 229)),
    "id": Manner(185, 110, (136, 267), (85, 162)),
    "zh": Manner(225, 160, (140, 356), (87, 213)),
    "en": Manner(200, 100, (131, 264), (82, 159)),
}

# espeak's Vietnamese ă before a nasal lasts 20 ms, which nobody hears (năm, trăm). Reduced vowels may stay that short.
SHORTEST_VOWEL = 0.065  # s
REDUCED = ("ə", "ɪ", "ɐ", "ᵻ")
# Seconds of silence at each sign, at a pace of 1. espeak's own lie between 0.1 and 0.4, another in each language.
PAUSES = {",": 0.25, ".": 0.38, "?": 0.38, "!": 0.36}
STOPS = ("p", "b", "t", "d", "ʈ", "ɖ", "k", "ɡ", "c", "ɟ", "q")
CLOSURE = 60  # ms a mouth is shut before the release at most
SHUT = 20.0  # dB under the sound before it


class EspeakVoice:
    """Speaks through the one espeak process of this program; may be used from many threads."""

    card: ClassVar[Card] = Card(
        name="espeak",
        stage="voice",
        about="espeak-ng, a draft voice that needs nothing but its package",
        version="2",
        licence="GPL-3.0-or-later (program, run as a process of its own)",
        quality=10,
        languages=("en", "id", "th", "vi", "zh"),
        paced=True,
        timed=True,
    )

    def missing(self) -> str:
        if not hasattr(os, "fork"):
            return "espeak runs on Linux and macOS only (on Windows: inside WSL)"
        return "" if find_spec("espeakng_loader") else INSTALL

    def fingerprint(self) -> str:
        try:
            loader = version("espeakng-loader")
        except PackageNotFoundError:
            loader = "none"
        data = [VOICES / "female", VOICES / "male", BRANDS]  # how Thai says a brand changes no token, only the sound
        voices = hashlib.sha256(b"".join(path.read_bytes() for path in data)).hexdigest()[:12]
        return f"{self.card.name} {self.card.version}, espeakng-loader {loader}, voices {voices}"

    def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
        """Speak one Line at 48 kHz. Raises NotReady without espeak, Transient when its process died, UserError
        for a style it does not have."""
        raw, spoken = self.phones(tokens, language, style)
        polished = polish(raw.samples, raw.rate, "dry" if style.speaker else "draft")
        duration = len(polished.samples) / RATE

        def at(sample: int) -> float:
            return min(max(sample / raw.rate - polished.offset, 0.0), duration)

        words = tuple(
            Word(text=token.text, gap=token.gap, start=at(start), end=at(end))
            for token, (start, end) in zip(tokens, spoken.words, strict=True)
        )
        phones = [Phone(name, at(start), at(end)) for name, start, end in spoken.phones]
        return Sound(polished.samples, RATE, words, mouth_track(phones, polished.samples, RATE), finished=style.speaker is None)

    def phones(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> tuple[Raw, Spoken]:
        """One Line as espeak itself says it, unpolished, and when each token and phone is heard in it. Raises what `speak` does."""
        if style.gender not in GENDERS:
            raise UserError(f"a voice is {' or '.join(GENDERS)}, not {style.gender!r}")
        manner = MANNERS.get(language.code, MANNERS["en"])
        low, high = manner.female if style.gender == "female" else manner.male
        own = f"pitch {low} {high}\nconsonants {manner.consonants} {manner.consonants}\n{manner.settings}"
        request: dict[str, Any] = {
            "voice": manner.voice or language.espeak_voice,
            "settings": (VOICES / style.gender).read_text("utf-8") + own,
            "rate": round(min(max(manner.tempo * style.pace, 80), 350)),
            # 0 is half, 50 the voice's own and 100 double its pitch.
            "pitch": round(min(max(50 + 50 * math.log2(max(style.pitch, 0.1)), 0), 99)),
        }
        prices = {k for k, token in enumerate(tokens) if token.say and is_price(token.text, language.code)}
        text = compose(tokens, thai=language.code == "th", prices=prices, rate=request["rate"], pitch=request["pitch"])
        if not text.text:
            raw = Raw(np.zeros(0, np.float32), RATE, ())
        else:
            raw = _closed(_lengthened(_PROCESS.ask(request, text.text), text.text, style.pace))
            raw = replace(raw, samples=released(raw.samples, raw.rate))
        return raw, timed(raw, text)


@dataclass(frozen=True)
class Raw:
    """espeak's own samples [n] in -1..1, and its events (kind, sample, position, name) in the order of time."""

    samples: npt.NDArray[np.float32]
    rate: int
    events: tuple[tuple[str, int, int, str], ...]


def _lengthened(raw: Raw, text: str, pace: float) -> Raw:
    """The same with vowels too short to hear held and the pauses of a person, and the events moved accordingly."""
    nexts = [e[2] for e in raw.events if e[0] == "word"] + [len(text)]  # where the next word stands in the text
    vowels, pauses, words, least = [], [], 0, SHORTEST_VOWEL
    for (kind, start, position, name), end in zip(raw.events, [*(e[1] for e in raw.events[1:]), len(raw.samples)], strict=True):
        if kind == "word":
            words += 1
            least = SHORTEST_VOWEL * (1 / PRICE_TEMPO if in_price(text, position) else 1)
        if kind != "phoneme" or end <= start:
            continue
        sign = text[: nexts[words]].rstrip(" [")[-1:]
        if name and is_vowel(name) and name.strip("ˈˌ") not in REDUCED:
            vowels.append((start, end, round(least * raw.rate)))
        elif not name and sign in PAUSES and end - start > SHORTEST_VOWEL * raw.rate and words < len(nexts) - 1:
            pauses.append((start, end, round(PAUSES[sign] / pace * raw.rate)))
    samples, added = lengthen(raw.samples, raw.rate, vowels, pauses)
    at = [cut for cut, _ in added]
    total = [0, *itertools.accumulate(count for _, count in added)]
    events = tuple((kind, sample + total[bisect_right(at, sample)], position, name) for kind, sample, position, name in raw.events)
    return Raw(samples, raw.rate, events)


def _closed(raw: Raw) -> Raw:
    """The same with stops timed from where the mouth shuts: espeak counts the silence before a release to the sound before it."""
    events = list(raw.events)
    level = loudness(raw.samples, raw.rate, hop=0.001, window=0.006)
    for k, (kind, sample, _, name) in enumerate(events):
        if kind != "phoneme" or not name.startswith(STOPS):
            continue
        before = next((e for e in reversed(events[:k]) if e[0] == "phoneme" and e[3] and e[1] < sample), None)
        if not before:
            continue
        first, last = (round(s / raw.rate * 1000) for s in (before[1], sample))
        shut = last - 6  # the release itself may be heard a moment before its event
        while shut > max(first + 10, last - CLOSURE) and level[min(shut, len(level)) - 1] < level[first:last].max(initial=-120) - SHUT:
            shut -= 1
        if shut in (last - 6, last - CLOSURE):  # never shut, or a pause
            continue
        for j in range(k, -1, -1):  # the event of a word that begins with it, too
            if events[j][1] != sample:
                break
            events[j] = (events[j][0], round(shut / 1000 * raw.rate), *events[j][2:])
    return replace(raw, events=tuple(events))


@dataclass
class Spoken:
    """When each token and phone is heard, in samples of the raw sound."""

    words: list[tuple[int, int]] = field(default_factory=list)
    phones: list[tuple[str, int, int]] = field(default_factory=list)


def timed(raw: Raw, text: Text) -> Spoken:
    """Give every phone to its token. Tokens that espeak said as one word share its phones by their syllables."""
    spoken = Spoken()
    said = [k for k, (a, b) in enumerate(text.spans) if b > a]
    starts = [text.spans[k][0] for k in said]
    owned: dict[int, list[tuple[str, int, int]]] = {k: [] for k in said}
    words: list[tuple[int, list[tuple[str, int, int]]]] = []  # (token, phones) of each of espeak's words
    events = [e for e in raw.events if not e[3].startswith("(")]  # "(en)": a change of language makes no sound
    ends = [*(e[1] for e in events[1:]), len(raw.samples)][: len(events)]
    for (kind, start, position, name), end in zip(events, ends, strict=True):
        if kind == "word" and said:
            words.append((said[max(bisect_right(starts, position) - 1, 0)], []))
        elif kind == "phoneme" and end > start:
            spoken.phones.append((name, start, end))
            if name and words:
                words[-1][1].append((name, start, end))
    for i, (token, phones) in enumerate(words):
        following = words[i + 1][0] if i + 1 < len(words) else len(text.spans)
        sharers = [token, *(k for k in said if token < k < following)]
        for k, share in zip(sharers, _shared(phones, [text.text[slice(*text.spans[k])] for k in sharers]), strict=True):
            owned[k] += share
    now = 0
    for k in range(len(text.spans)):
        mine = owned.get(k)
        span = (max(mine[0][1], now), max(mine[-1][2], now)) if mine else (now, now)
        spoken.words.append(span)
        now = span[1]
    return spoken


def _shared(phones: list[tuple[str, int, int]], texts: list[str]) -> list[list[tuple[str, int, int]]]:
    """Divide one word's phones among texts, syllable by syllable. Each gets a run; a run may be empty."""
    if len(texts) == 1:
        return [phones]
    nuclei = [i for i, (name, _, _) in enumerate(phones) if is_vowel(name)]
    counts = [_syllables(t) for t in texts]
    cuts = [0]
    for k in range(1, len(texts)):
        n = round(len(nuclei) * sum(counts[:k]) / sum(counts))
        if not 0 < n < len(nuclei):
            cuts.append(cuts[-1] if n == 0 else len(phones))
            continue
        cut = nuclei[n - 1] + 1
        if nuclei[n] - cut > 1 and phones[cut][0] in ("n", "ŋ", "m"):
            cut += 1  # a nasal before another consonant ends the syllable
        cuts.append(max(cut, cuts[-1]))
    return [phones[a:b] for a, b in zip(cuts, [*cuts[1:], len(phones)], strict=True)]


def _syllables(text: str) -> int:
    """A count good enough to divide by: Chinese characters, or groups of vowel letters."""
    signs = sum("\u3400" <= c <= "\u9fff" for c in text)
    plain = unicodedata.normalize("NFD", text.lower())
    return max(signs + len(re.findall(r"(?:[aeiouy][\u0300-\u036f]*)+", plain)), 1)


class _Process:
    """The process that holds espeak: started when first needed, started again when found dead, one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """A fork of this process must neither talk over its parent's pipes nor keep them open."""
        child, self._child, self._lock = self._child, None, threading.Lock()
        if child and child.stdin and child.stdout:
            child.returncode = 0  # not ours to wait for
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, child.stdin.fileno())  # what is buffered must not be sent twice
            os.dup2(nowhere, child.stdout.fileno())
            os.close(nowhere)

    def ask(self, request: dict[str, Any], text: str) -> Raw:
        """Speak `text`; for the request see espeak_process. Raises NotReady without espeak or the voice asked for,
        Transient when the process dies or takes longer than PATIENCE."""
        body = text.encode()
        with self._lock:
            child = self._living()
            assert child.stdin is not None
            assert child.stdout is not None
            watch = threading.Timer(PATIENCE, _end, (child,))
            watch.start()
            try:
                child.stdin.write(json.dumps({**request, "bytes": len(body)}).encode() + b"\n" + body)
                child.stdin.flush()
                answer, sound = _read(child.stdout)
            except OSError as error:
                self._bury()
                raise Transient(f"the espeak process ended while it spoke ({error}); the next line starts it again") from error
            finally:
                watch.cancel()
        if "error" in answer:
            raise NotReady(answer["error"], missing=(answer["error"],))
        samples = np.frombuffer(sound, "<i2").astype(np.float32) / np.float32(32768)
        return Raw(samples, answer["rate"], tuple(tuple(e) for e in answer["events"]))

    def _living(self) -> subprocess.Popen[bytes]:
        if self._child and self._child.poll() is not None:
            self._bury()
        if self._child is None:
            # By its file, not as a module of the package: the package would load numpy and more into it. -P keeps the
            # file's folder off its path.
            program = Path(__file__).with_name("espeak_process.py")
            # In a session of its own: the fork that speaks is then ended with it.
            self._child = subprocess.Popen(
                [sys.executable, "-P", str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
            assert self._child.stdout
            try:
                hello, _ = _read(self._child.stdout)
            except OSError as error:
                self._bury()
                raise Transient(f"the espeak process did not start ({error})") from error
            if "error" in hello:
                self._bury()
                raise NotReady(f"espeak-ng can't be loaded: {hello['error']}", missing=("espeak-ng",), how=INSTALL)
        return self._child

    def _bury(self) -> None:
        child, self._child = self._child, None
        if child and child.stdin and child.stdout:
            _end(child)
            child.wait()
            child.stdout.close()
            with contextlib.suppress(BrokenPipeError):  # what was still to be sent has nobody to read it
                child.stdin.close()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the process and the fork that speaks."""
    if child.returncode is None:  # once waited for, its number may be another's
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group that has ended
            os.killpg(child.pid, signal.SIGKILL)


def _read(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """One message. Raises ConnectionError when the pipe ends before it does."""
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise ConnectionError("no answer")
    header: dict[str, Any] = json.loads(line)
    body = pipe.read(header.get("bytes", 0))
    if len(body) < header.get("bytes", 0):
        raise ConnectionError("half an answer")
    return header, body


_PROCESS = _Process()


@lru_cache(maxsize=10_000)
def english(word: str) -> tuple[str, ...]:
    """The sounds of an English word in IPA, with marks of stress: wifi -> w ˈaɪ f aɪ. Raises what `ask` does."""
    raw = _PROCESS.ask({"voice": "en", "settings": "", "rate": 350, "pitch": 50}, clean(word))
    return tuple(name for kind, _, _, name in raw.events if kind == "phoneme" and name and not name.startswith("("))
