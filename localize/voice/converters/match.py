"""The converter that needs no weights: speech built anew from the frames of a person's own recording.

The pitch is brought to the person's. For each frame the most similar one of the reference is found, on the way through it that
runs on wherever it can, and the source's, brought to the person's mean and variation, goes a part of the way there: all of it in
what tells who speaks, a third in what tells the words. Breath and the small stirrings of pitch are the person's, loudness moves a
little to theirs, time stays the source's. The whole then gets the tone of their recording.

The vocal tract is not warped: tried at 0.86 to 1.2 times its length, the draft's two sexes were nearest to people as they are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from localize.engines import Card
from localize.errors import NotReady, UserError
from localize.media import pcm
from localize.voice import Samples, Speaker
from localize.voice.converters import tone
from localize.voice.converters.spectra import GRID, HOP, RATE, Array, Spectra, analyse, power, synthesise

Places = npt.NDArray[np.intp]

INSTALL = "the package pyworld is not installed (pip install pyworld-prebuilt)"
LONGEST = 60.0  # s of a reference that are listened to
LEAST = 1.0  # s of voice without which there is no matching
KEPT = 4  # references whose analysis is kept
LOUD, QUIET = 35.0, 45.0  # dB under the loud frames: where a recording's noise may begin, and where dry speech ends
CEPSTRA = 12  # numbers that tell one sound from another; finer ones tell who speaks
AROUND = (-4, 0, 4)  # frames that are compared with each, for where the sound is going
CHOICES = 32  # most similar frames that the way may lead through
TEAR = 0.3  # cost of a step to another place, per squared difference of what would follow and what does
LEAP = 0.5  # and for leaving the place at all
SPREAD = (0.8, 1.3)  # how much of the person's liveliness of pitch is taken: tones must stay tones
HIGH = 5.0  # cost of a pitch that is e times too high: a high voice's spectrum is not a low one's
# How much of a voiced and an unvoiced frame is the person's own, by cepstral coefficient; the rest is the source's, brought to the
# person's mean and variation. The first coefficients are how a voice is lit, the last its grain, and words are between them: with
# all of these the likeness is highest, and most of the words are gone.
SHARE = {True: ((2, 5, 10, 14), (0.8, 0.30, 0.30, 1.0)), False: ((10, 15), (0.2, 1.0))}
STIR = 0.02  # how far a pitch may be from its own mean over STEADY, as a logarithm
STEADY = 21  # frames
LOUDER = 0.4  # of the way that loudness goes to the person's, quiet frames to quiet and loud to loud
LOUDEST = 12.0  # dB, the longest such way
FLAT = 1e-6  # dB, added to deviations that divide
LIVELY = (0.5, 2.0)  # how far the source's variation may be brought to the person's
SMOOTH: Array = np.array([0.08, 0.84, 0.08])  # over frames: where the way leaps

_LOW = GRID < 8000
_POINTS = int(_LOW.sum())
_COSINES: Array = np.cos(np.pi * np.outer(np.arange(_POINTS), np.arange(_POINTS) + 0.5) / _POINTS) * np.sqrt(2 / _POINTS)
_COSINES[0] /= np.sqrt(2)  # orthonormal: its transpose is its inverse
_EDGE = slice(_POINTS - 6, _POINTS - 2)  # where the source takes over: below the fall of a recording at 16 kHz
_WEIGHTS: Array = np.linspace(1.2, 0.6, CEPSTRA)  # the finer, the more the speaker's and the less the sound's


@dataclass(frozen=True)
class Kind:
    """The voiced or the unvoiced frames of a reference: which they are [m], what is compared with the source [m, 37], and their
    cepstra's mean and deviation [68]."""

    at: Places
    compared: Array
    mean: Array
    deviation: Array


@dataclass(frozen=True)
class Person:
    """A reference as it is matched with: its spectra [n], their cepstra [n, 68], its kinds by whether they are voiced, how its
    pitch stirs as a logarithm [n], its long-term spectrum in dB [60], and how far its peaks stand out in dB."""

    spectra: Spectra
    cepstra: Array
    kinds: dict[bool, Kind]
    stirring: Array
    tone: Array
    crest: float


class MatchConverter:
    """Gives speech the pitch and the spectra of a reference; may be used from many threads."""

    card: ClassVar[Card] = Card(
        name="match",
        stage="convert",
        about="a person's pitch and spectra matched at signal level, nothing to download",
        version="2",
        licence="Apache-2.0 (code); no weights",
        quality=10,
    )

    def __init__(self) -> None:
        self._people: OrderedDict[str, Person] = OrderedDict()
        self._lock = threading.Lock()

    def missing(self) -> str:
        return "" if find_spec("pyworld") else INSTALL

    def fingerprint(self) -> str:
        for package in ("pyworld-prebuilt", "pyworld"):
            try:
                return f"{self.card.name} {self.card.version}, {package} {version(package)}"
            except PackageNotFoundError:
                continue
        return f"{self.card.name} {self.card.version}, pyworld none"

    def convert(self, samples: Samples, rate: int, speaker: Speaker) -> tuple[Samples, int]:
        """Mono speech [n] in the speaker's voice at 48 kHz, of the same length and timing. Silence stays as it is.

        Raises NotReady without pyworld, UserError for a reference that can't be read or holds less than LEAST seconds of voice.
        """
        if lack := self.missing():
            raise NotReady(f"the converter match is not ready: {lack}", missing=(lack,))
        sound = pcm.resampled(samples, rate, RATE)
        person = self._person(speaker)
        if not len(sound) or np.abs(sound).max() < 1e-4:
            return sound, RATE
        source = analyse(sound, breath=False)
        if not source.voiced.any():
            return sound, RATE
        pitch = sung(source, person.spectra)
        made = synthesise(*matched(source, pitch, person), len(sound))
        return level_with(tone.evened(tone.toned(made, person.tone), person.crest), sound), RATE

    def _person(self, speaker: Speaker) -> Person:
        with self._lock:  # held while analysing: two threads with one host would both do the work
            if speaker.digest not in self._people:
                self._people[speaker.digest] = listened(speaker)
                while len(self._people) > KEPT:
                    self._people.popitem(last=False)
            self._people.move_to_end(speaker.digest)
            return self._people[speaker.digest]


def listened(speaker: Speaker) -> Person:
    """The analysis of a speaker's reference."""
    sound = pcm.read_audio(speaker.reference)[: round(LONGEST * RATE)]
    loudest = float(np.abs(sound).max(initial=0.0))
    if loudest < 1e-3:
        raise UserError(f"{speaker.reference} of {speaker.name} is silent; give a reference with 5 s of speech or more.")
    spectra = analyse(sound * np.float32(0.5 / loudest), breath=True)
    heard = spectra.heard(LOUD)
    if (heard & spectra.voiced).sum() * HOP < LEAST:
        raise UserError(f"{speaker.reference} of {speaker.name} holds less than {LEAST:.0f} s of voice; give 5 s of speech or more.")
    cepstra, kinds = cepstra_of(spectra.envelope), {}
    for voiced in (True, False):
        at = np.flatnonzero(heard & (spectra.voiced == voiced))
        if len(at) > CHOICES:
            mean, deviation = cepstra[at].mean(0), cepstra[at].std(0) + FLAT
            kinds[voiced] = Kind(at, compared(normal(cepstra, mean, deviation), spectra.pitch)[at], mean, deviation)
    return Person(spectra, cepstra, kinds, stirring(spectra.pitch), tone.curve(sound), tone.crest(sound))


def cepstra_of(envelope: Array) -> Array:
    """Cepstra [n, 68] of envelopes, up to 8 kHz."""
    return np.asarray(envelope[:, _LOW] @ _COSINES.T)


def normal(cepstra: Array, mean: Array, deviation: Array) -> Array:
    """The cepstra that tell sounds [n, 12], without what a speaker's and a microphone's all have in common."""
    inner = slice(1, CEPSTRA + 1)  # the first is the level
    return np.asarray((cepstra[:, inner] - mean[inner]) / deviation[inner] * _WEIGHTS)


def compared(cepstra: Array, pitch: Array) -> Array:
    """What frames are compared by [n, 37]: their cepstra with those AROUND them, side by side, and the pitch."""
    n = np.arange(len(cepstra))
    around = [cepstra[np.clip(n + step, 0, len(n) - 1)] / np.sqrt(len(AROUND)) for step in AROUND]
    return np.column_stack([*around, HIGH * np.log(np.maximum(pitch, 1))])


def sung(source: Spectra, target: Spectra) -> Array:
    """The source's pitch contour in the target's range: its median, and its spread within SPREAD."""
    own = np.log(source.pitch[source.voiced])
    others = np.log(target.pitch[target.voiced & target.heard(LOUD)])
    spread = np.clip(deviation(others) / max(deviation(own), 1e-3), *SPREAD)
    pitch = np.zeros(len(source.pitch))
    pitch[source.voiced] = np.exp(np.median(others) + (own - np.median(own)) * spread)
    return pitch


def deviation(values: Array) -> float:
    """The standard deviation, blind to octave errors at either end."""
    low, high = np.percentile(values, [16, 84])
    return float(high - low) / 2


def stirring(pitch: Array) -> Array:
    """How far each pitch in Hz [n] is from the mean around it, as a logarithm within STIR; 0 where unvoiced."""
    voiced, around = pitch > 0, np.ones(STEADY)
    tall = np.where(voiced, np.log(np.maximum(pitch, 1)), 0)
    mean = np.convolve(tall, around, "same") / np.maximum(np.convolve(voiced, around, "same"), 1)
    return np.where(voiced, np.clip(tall - mean, -STIR, STIR), 0)


def louder(level: Array, theirs: Array) -> Array:
    """Levels in dB [n], some of the way to the person's [m]: each to the one of its rank, from the loud end down."""
    rank = np.argsort(np.argsort(level)) / max(len(level) - 1, 1)
    wanted = np.quantile(theirs, rank) - np.percentile(theirs, 95) + np.percentile(level, 95)
    return np.asarray(level + LOUDER * np.clip(wanted - level, -LOUDEST, LOUDEST))


def matched(source: Spectra, pitch: Array, person: Person) -> tuple[Array, Array, Array]:
    """Pitch [n], envelope [n, 96] and breath [n, b] that say what the source says in the person's voice at about that pitch [n]."""
    envelope, breath, pitch, level = source.envelope.copy(), source.breath.copy(), pitch.copy(), source.level.copy()
    cepstra, heard = cepstra_of(source.envelope), source.heard(QUIET)
    new = cepstra.copy()
    for voiced, kind in person.kinds.items():
        mine = heard & (source.voiced == voiced)
        if mine.sum() < 2:
            continue
        mean, deviation = cepstra[mine].mean(0), cepstra[mine].std(0) + FLAT
        chosen = exemplars(compared(normal(cepstra, mean, deviation), pitch)[mine], kind, person)
        brought = (cepstra[mine] - mean) * np.clip(kind.deviation / deviation, *LIVELY) + kind.mean
        share = np.interp(np.arange(_POINTS), *SHARE[voiced])
        new[mine] = smooth(share * person.cepstra[chosen] + (1 - share) * brought)
        level[mine] = louder(level[mine], person.spectra.level[kind.at])
        if voiced:
            breath[mine] = smooth(person.spectra.breath[chosen])
            pitch[mine] *= np.exp(person.stirring[chosen])
    low = new[heard] @ _COSINES
    # Above what every recording has, the source goes on at the level with which the person's ends.
    envelope[heard] += (low[:, _EDGE].mean(1) - envelope[heard][:, _EDGE].mean(1))[:, None]
    envelope[np.ix_(heard, _LOW)] = low
    return pitch, envelope + (level - power(envelope))[:, None], breath


def smooth(cepstra: Array) -> Array:
    """The same with each frame's neighbours mixed in."""
    padded = np.pad(cepstra, ((1, 1), (0, 0)), mode="edge")
    return np.asarray(SMOOTH[0] * padded[:-2] + SMOOTH[1] * cepstra + SMOOTH[2] * padded[2:])


def exemplars(wanted: Array, kind: Kind, person: Person) -> Places:
    """For each wanted frame [n, 37] the one of the reference that is to stand for it: like it, and following the one before."""
    distance = (wanted**2).sum(1)[:, None] + (kind.compared**2).sum(1)[None] - 2 * wanted @ kind.compared.T
    near = np.sort(np.argpartition(distance, CHOICES - 1, axis=1)[:, :CHOICES], axis=1)
    far = np.maximum(np.take_along_axis(distance, near, 1), 0)
    return way(kind.at[near], far, normal(person.cepstra, kind.mean, kind.deviation))


def way(near: Places, far: Array, cepstra: Array) -> Places:
    """The cheapest way through choices [n, k] that are so `far` from what is wanted: places in the reference [n]."""
    cost, back = far[0], np.zeros(near.shape, np.intp)
    for t in range(1, len(near)):
        following = np.minimum(near[t - 1] + 1, len(cepstra) - 1)
        tear = TEAR * ((cepstra[following][:, None] - cepstra[near[t]][None]) ** 2).sum(2)
        total = cost[:, None] + tear + LEAP * (following[:, None] != near[t][None])
        back[t] = total.argmin(0)
        cost = total.min(0) + far[t]
    chosen, k = np.zeros(len(near), np.intp), int(cost.argmin())
    for t in range(len(near) - 1, -1, -1):
        chosen[t] = near[t, k]
        k = back[t, k]
    return chosen


def level_with(sound: Samples, source: Samples) -> Samples:
    """As loud as the source as a whole, and no peak above full scale."""
    gain = np.sqrt(np.mean(source**2) / max(float(np.mean(sound**2)), 1e-12))
    return (sound * np.float32(min(gain, 0.95 / max(float(np.abs(sound).max()), 1e-6)))).astype(np.float32)
