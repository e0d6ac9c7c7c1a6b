"""The booth: Lines spoken in a host's voice, one artifact a Line.

read (with the campaign's lexicon) -> voice -> converter, where the voice can't clone -> pace -> times -> checks. What is checked
here is whether the sound says its Line at all; a take that does not is spoken again, and no take that a viewer would hear as broken
leaves the booth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from localize import engines, languages
from localize.campaign import Campaign
from localize.checks import speech as speech_checks
from localize.desk import read_json, write_json
from localize.domain import Finding, Line, Recognition, Speech
from localize.errors import Blocked, NotReady
from localize.languages import Token
from localize.lexicon import Lexicon
from localize.media import pcm
from localize.pace import FASTEST, LINE_GAP, seconds_of
from localize.planning import Progress
from localize.recognize import Recognizer
from localize.store import LocalStore, key, must_be_open
from localize.voice import Batched, Converter, Sound, Speaker, Voice, VoiceStyle, clones
from localize.voice import package as packages
from localize.voice.package import VoicePackage
from localize.voice.polish import RATE, polish
from localize.voice.similarity import similarity
from localize.voice.stretch import stretched, within
from localize.voice.timing import complete

# What the booth itself does to a sound; the engines' own versions come on top.
SPEECH_VERSION, RECOGNITION_VERSION = "2", "1"
# Lines that a voice is asked for at once: of an hour's dub, no more are lost when it is killed, and none but these are in memory.
TOGETHER = 32
TAKES = 3  # how often a Line is spoken before a broken sound is given up; only engines that draw at random differ
# A clip this many times as long as asked for is made faster: nearer to it, the voice's natural tempo is worth more.
TOO_LONG = 1.2

Able = Callable[[engines.Card], bool]
Get = Callable[[engines.Stage, str, str, Able], engines.Engine]


def _any(card: engines.Card) -> bool:
    return True


@dataclass(frozen=True)
class Cast:
    """Who makes a language's speech: the voice, the converter behind it if one is needed, and the recognizer if one is ready."""

    voice: Voice
    converter: Converter | None
    recognizer: Recognizer | None

    def makers(self) -> tuple[engines.Engine, ...]:
        return (self.voice, self.converter) if self.converter else (self.voice,)

    def fingerprints(self, language: str) -> list[str]:
        """Of an engine with a model for each language, that of this one's alone: another one's weights change nothing."""
        told: Callable[[str], str] | None = getattr(self.voice, "fingerprint_in", None)
        return [told(language) if told else self.voice.fingerprint(), self.converter.fingerprint() if self.converter else ""]


class Booth:
    """Speaks a campaign's Lines. Safe to use from several threads."""

    def __init__(self, campaign: Campaign, store: LocalStore, get: Get) -> None:
        self.campaign, self.store, self._get = campaign, store, get

    # ---- who speaks

    @cached_property
    def packages(self) -> tuple[VoicePackage | None, ...]:
        """The hosts' voice packages, None for the engine's own voice."""
        return tuple(packages.find(host.voice) if host.voice else None for host in self.campaign.hosts)

    @cached_property
    def speakers(self) -> tuple[Speaker | None, ...]:
        return tuple(package.speaker() if package else None for package in self.packages)

    @cached_property
    def lexicon(self) -> Lexicon:
        return Lexicon.load(self.campaign.pronunciation)

    def permit(self, lines: Sequence[Line] = (), *, language: str = "", platform: str = "") -> None:
        """Raise Blocked if one of the persons whose voices speak the Lines (all hosts', while there are none) has not consented to
        this use, or not any more: a night is long, so the consents are read each time."""
        hosts = self.campaign.hosts
        for voice in dict.fromkeys(hosts[n].voice for n in (_hosts(lines) or range(len(hosts)))):
            if voice:
                packages.find(voice).require(language=language, platform=platform)

    def cast(self, language: str, host: int = 0) -> Cast:
        """The engines for a host in a language. Raises NotReady for one that is named and not ready."""
        c, speaker = self.campaign.engines, self.speakers[host]
        # A voice that only speaks as somebody is of no use to a host who is nobody.
        able = (lambda card: True) if speaker else (lambda card: not card.clones)
        voice = cast(Voice, self._get("voice", c.voice, language, able))
        converter = None
        if speaker and c.convert != "none" and not clones(voice, language):
            converter = cast(Converter, self._get("convert", c.convert, language, _any))
        return Cast(voice, converter, self.recognizer(language))

    def recognizer(self, language: str = "") -> Recognizer | None:
        asked = self.campaign.engines.recognize
        if asked == "none":
            return None
        try:
            return cast(Recognizer, self._get("recognize", asked, language, _any))
        except NotReady:
            if asked != "auto":
                raise
            return None

    # ---- what is spoken

    def read(self, text: str, language: str) -> list[Token]:
        """A text's tokens as the host says them: the language's reading, and the lexicon's above it."""
        return self.lexicon.apply(languages.get(language).read(text), language)

    def style(self, voice: Voice, language: str, host: int = 0) -> VoiceStyle:
        """How a host is to sound by a voice: one that clones keeps the person's own pitch."""
        asked, speaker = self.campaign.hosts[host], self.speakers[host]
        own = speaker is not None and clones(voice, language)
        return VoiceStyle(gender=asked.gender, pace=asked.pace, pitch=1.0 if own else asked.pitch, speaker=speaker)

    def key(self, line: Line, language: str) -> str:
        """The key of a Line's speech: its words as they are said, whose voice, by which engines. Not its place in the script."""
        tokens = [vars(token) for token in self.read(line.text, language)]
        makers, speaker, package = self.cast(language, line.host), self.speakers[line.host], self.packages[line.host]
        whose: list[str] = []
        if speaker and package:
            whose = [speaker.digest, speaker.transcript, speaker.language, package.consent.digest()]
        how = self.campaign.engines.timings
        times: list[str] = [] if makers.voice.card.timed else [how]
        if times and how == "recognizer" and makers.recognizer:
            times.append(makers.recognizer.fingerprint())
        style = self.style(makers.voice, language, line.host)
        how_said = style.gender, style.pace, style.pitch
        return key("speech", SPEECH_VERSION, tokens, language, how_said, whose, makers.fingerprints(language), times)

    def needs_gpu(self, lines: Sequence[Line], language: str) -> bool:
        """Whether some of a script's Lines are still to be spoken, by a model that runs on a GPU. Raises as `cast`."""
        casts = {host: self.cast(language, host) for host in _hosts(lines)}
        busy = {host for host, own in casts.items() if any(map(engines.on_gpu, (*own.makers(), own.recognizer)))}
        return any(line.host in busy and self.store.find(self.key(line, language)) is None for line in lines)

    def speeches(self, lines: Sequence[Line], language: str, progress: Progress) -> list[Speech]:
        """A script's Lines spoken, each by its host, a 48 kHz WAV with its times, all in one tempo that fits the campaign's length.

        Raises Blocked without consent or where a Line can't be spoken well, NotReady without an engine, Transient on network trouble.
        """
        spoken = self.takes(lines, language, progress)
        tempo = self._tempo(lines, [s.duration for s in spoken])
        if tempo == 1.0:
            return spoken
        return [self.fitted(s, self.key(line, language), tempo, progress) for s, line in zip(spoken, lines, strict=True)]

    def takes(self, lines: Sequence[Line], language: str, progress: Progress) -> list[Speech]:
        """Lines, however many, spoken at their hosts' own tempo. Raises as `speeches`, once all that can be spoken is: it is paid for,
        and kept."""
        self.permit(lines, language=language)
        casts = {host: self.cast(language, host) for host in _hosts(lines)}
        spoken: list[Speech] = []
        blocked: list[Blocked] = []
        for at in range(0, len(lines), TOGETHER):
            part = [(self.key(line, language), line) for line in lines[at : at + TOGETHER]]
            ahead: dict[str, Sound] = {}
            for host, makers in casts.items():
                ahead |= self._together(makers, {name: line for name, line in part if line.host == host}, language, host)
            for name, line in part:
                try:
                    spoken.append(self._speech(casts[line.host], line, name, ahead.get(name), language, progress))
                except Blocked as error:
                    blocked.append(error)
        if blocked:
            raise blocked[0]
        return spoken

    def _together(self, makers: Cast, lines: dict[str, Line], language: str, host: int) -> dict[str, Sound]:
        """The first takes of a host's Lines that nobody has spoken yet, by their keys, where the voice is faster with several at once."""
        missing = [name for name in lines if self.store.find(name) is None]
        if len(missing) < 2 or not hasattr(makers.voice, "speak_all"):
            return {}
        must_be_open()
        tokens = [self.read(lines[name].text, language) for name in missing]
        sounds = cast(Batched, makers.voice).speak_all(tokens, languages.get(language), self.style(makers.voice, language, host))
        return dict(zip(missing, sounds, strict=True))

    def _speech(self, makers: Cast, line: Line, name: str, first: Sound | None, language: str, progress: Progress) -> Speech:
        def build(folder: Path) -> None:
            sound, spoken = self._best(makers, line, first, language)
            pcm.write_wav(folder / "line.wav", sound.samples, sound.rate)
            write_json(folder / "speech.json", spoken.model_dump(mode="json"))

        folder = progress.count("voice", self.store.make(name, build)).folder
        speech = _loaded(folder)
        silent = not any(token.say for token in self.read(line.text, language))
        if makers.recognizer and not silent and speech.recognition.engine not in _judges(makers.recognizer, language):
            return self._heard_later(makers.recognizer, speech, line, name, language, progress)
        return speech

    def _best(self, makers: Cast, line: Line, first: Sound | None, language: str) -> tuple[Sound, Speech]:
        """A take that says the Line. Raises Blocked, saying what is wrong with it, when no take does."""
        tokens, style = self.read(line.text, language), self.style(makers.voice, language, line.host)
        for take in range(TAKES):
            sound = first if first and not take else makers.voice.speak(tokens, languages.get(language), replace(style, take=take))
            sound, spoken = self._finished(makers, sound, tokens, line, language)
            blocking = [f for f in spoken.findings if f.severity == "block"]
            if not blocking:
                return sound, spoken
        told = "; ".join(dict.fromkeys(f.message for f in blocking))
        raise Blocked(f"the Line {line.text!r} was spoken {TAKES} times and never well: {told}")

    def _finished(self, makers: Cast, sound: Sound, tokens: Sequence[Token], line: Line, language: str) -> tuple[Sound, Speech]:
        """A take converted, polished, paced, timed and judged."""
        style = self.style(makers.voice, language, line.host)
        pace, speaker = self.campaign.hosts[line.host].pace, style.speaker
        if not np.isfinite(sound.samples).all():  # a model of half precision overflowed: silence, which is found below
            sound = replace(sound, samples=np.zeros(len(sound.samples), np.float32), words=(), mouths=())
        if makers.converter and speaker:
            samples, rate = makers.converter.convert(sound.samples, sound.rate, speaker)
            sound = replace(sound, samples=samples, rate=rate, finished=False)
        if not sound.finished:
            sound = _polished(sound)
        tempo = 1.0 if getattr(makers.voice, "paced", makers.voice.card.paced) else within(pace)
        timed = complete(stretched(sound, tempo), tokens, languages.get(language), style, makers.recognizer, self.campaign.engines.timings)
        sound = timed.sound
        expected = seconds_of(tokens, language) / pace
        findings = list(speech_checks.listen(sound.samples, sound.rate, sound.words, expected, [token.say for token in tokens]))
        if timed.warning:
            findings.append(Finding(check="timing", severity="warn", message=timed.warning))
        recognition = Recognition()
        if makers.recognizer and any(token.say for token in tokens):  # a recognizer hears words in silence, too
            recognition, wrong = _recognised(makers.recognizer, sound, tokens, language)
            findings += wrong
        spoken = Speech(
            audio="line.wav", rate=sound.rate, duration=sound.duration, words=sound.words, mouths=sound.mouths,
            engine=makers.voice.card.name, cloned=bool(speaker) and (bool(makers.converter) or clones(makers.voice, language)),
            converter=makers.converter.card.name if makers.converter else "", device=engines.device(makers.voice),
            timing=timed.method, tempo=tempo, recognition=recognition, findings=tuple(findings),
            similarity=similarity(sound.samples, sound.rate, speaker.reference) if speaker else None,
        )  # fmt: skip
        return sound, spoken

    def _heard_later(self, recognizer: Recognizer, speech: Speech, line: Line, name: str, language: str, progress: Progress) -> Speech:
        """The speech with what a recognizer hears in it, of a Line that was spoken where it was not there.

        Raises Blocked where that is not the Line: the speech is kept, another recognizer may hear it right."""

        def build(folder: Path) -> None:
            samples, rate = pcm.read_wav(speech.audio)
            heard, found = _recognised(recognizer, Sound(samples, rate), self.read(line.text, language), language)
            told = {"recognition": heard.model_dump(mode="json"), "findings": [f.model_dump(mode="json") for f in found]}
            write_json(folder / "recognition.json", told)

        script = ["simplified"] if _simplified(language) else []
        made = self.store.make(key("recognition", RECOGNITION_VERSION, name, recognizer.fingerprint(), *script), build)
        told = read_json(progress.count("recognition", made).folder / "recognition.json")
        found = [Finding.model_validate(f) for f in told["findings"]]
        if wrong := [f.message for f in found if f.severity == "block"]:
            raise Blocked(f"the Line {line.text!r} is not what is heard: {'; '.join(wrong)}")
        earlier = [f for f in speech.findings if f.check not in ("speech words", "speech number")]
        return speech.model_copy(update={"recognition": Recognition.model_validate(told["recognition"]), "findings": (*earlier, *found)})

    def account(self, speeches: Sequence[Speech], lines: Sequence[Line] = ()) -> dict[str, Any]:
        """What a clip's sidecar says of the speech of its Lines (without them, of the first host's): who made it and how, how it was
        checked, whose voice by which consent. Of two hosts, each one's voice by itself under `hosts`."""
        hosts = [line.host for line in lines] or [0] * len(speeches)
        heard = [s.recognition for s in speeches if s.recognition.rate is not None]
        own = [self._voice(host, [s for s, whose in zip(speeches, hosts, strict=True) if whose == host]) for host in dict.fromkeys(hosts)]
        return {
            **(own[0] if len(own) == 1 else {"hosts": own}),
            "recognition": [h.model_dump(mode="json") for h in heard] or "not run",
            "findings": [f.model_dump(mode="json") for s in speeches for f in s.findings],
        }

    def _voice(self, host: int, speeches: Sequence[Speech]) -> dict[str, Any]:
        likeness = [s.similarity for s in speeches if s.similarity is not None]
        # Whose voice it is, only if it is: with `convert: none` an engine may have spoken in its own.
        package = self.packages[host] if speeches[0].cloned else None
        return {
            "voice": package.name if package else "", "consent": package.consent.digest()[:16] if package else "",
            "converter": speeches[0].converter, "device": speeches[0].device, "timing": sorted({s.timing for s in speeches}),
            "tempo": round(speeches[0].tempo, 3),
            "similarity": round(sum(likeness) / len(likeness), 3) if likeness else "not measured",
        }  # fmt: skip

    # ---- how it fits

    def _tempo(self, lines: Sequence[Line], durations: Sequence[float]) -> float:
        """How many times faster the Lines must be for their clip to be about as long as the campaign asks, within what sounds natural."""
        total = sum(durations) + LINE_GAP * max(len(durations) - 1, 0)
        most = FASTEST / max(1.0, *(self.campaign.hosts[n].pace for n in _hosts(lines)))  # a voice itself may have been asked to hurry
        return round(min(max(total / (TOO_LONG * self.campaign.script.seconds), 1.0), most), 2)

    def fitted(self, speech: Speech, name: str, tempo: float, progress: Progress) -> Speech:
        """A take `tempo` times as fast (1 to FASTEST), its words and mouths with it; `name` is its Line's key."""
        if tempo == 1.0:
            return speech

        def build(folder: Path) -> None:
            samples, rate = pcm.read_wav(speech.audio)
            sound = stretched(Sound(samples, rate, speech.words, speech.mouths), tempo)
            pcm.write_wav(folder / "line.wav", sound.samples, sound.rate)
            changed = {"audio": "line.wav", "duration": sound.duration, "words": sound.words, "mouths": sound.mouths}
            fitted = speech.model_copy(update={**changed, "tempo": speech.tempo * tempo})
            write_json(folder / "speech.json", fitted.model_dump(mode="json"))

        fitted = _loaded(progress.count("fit", self.store.make(key("fit", SPEECH_VERSION, name, tempo), build)).folder)
        # What was heard may have been heard after the fitting.
        return fitted.model_copy(update={"recognition": speech.recognition, "findings": speech.findings})


def _hosts(lines: Sequence[Line]) -> list[int]:
    """Who speaks, each once."""
    return sorted({line.host for line in lines})


def _loaded(folder: Path) -> Speech:
    speech = Speech.model_validate(read_json(folder / "speech.json"))
    return speech.model_copy(update={"audio": str(folder / speech.audio)})


def _polished(sound: Sound) -> Sound:
    """A voice's own sound as a clip needs it, its words and mouths moved with the silence that was cut."""
    polished = polish(sound.samples, sound.rate, "natural")
    duration = len(polished.samples) / RATE

    def at(time: float) -> float:
        return min(max(time - polished.offset, 0.0), duration)

    words = tuple(w.model_copy(update={"start": at(w.start), "end": at(w.end)}) for w in sound.words)
    mouths = [m.model_copy(update={"start": at(m.start), "end": at(m.end)}) for m in sound.mouths]
    mouths = [m for m in mouths if m.end > m.start]
    if mouths:
        mouths[0], mouths[-1] = mouths[0].model_copy(update={"start": 0.0}), mouths[-1].model_copy(update={"end": duration})
    return Sound(polished.samples, RATE, words, tuple(mouths), finished=True)


def _recognised(recognizer: Recognizer, sound: Sound, tokens: Sequence[Token], language: str) -> tuple[Recognition, list[Finding]]:
    heard = recognizer.transcribe(sound.samples, sound.rate, language)
    rate, finding = speech_checks.compare(" ".join(token.say for token in tokens), heard, language)
    return speech_checks.recognition(rate, finding, heard, _judges(recognizer, language)[0]), [finding] if finding else []


def _simplified(language: str) -> bool:
    """Whether what is heard is judged in Simplified characters, whichever a recognizer writes."""
    return language == "zh" and speech_checks.simplifier() is not None


def _judges(recognizer: Recognizer, language: str) -> list[str]:
    """As what a recognizer stands in a recognition, and as what else it judges no worse: Chinese that was judged where other
    characters could not be read is judged again once they can, and never the other way round."""
    name = recognizer.fingerprint()
    if language != "zh":
        return [name]
    better = f"{name} simplified"
    return [better] if _simplified(language) else [name, better]
