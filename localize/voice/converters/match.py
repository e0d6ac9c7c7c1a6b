"""The converter that needs no weights: speech built anew from the frames of a person's own recording.

The pitch is brought to the person's, each frame gives way to the most similar one of the reference, and of the ways to do so
the one is taken that runs on in the reference wherever it can. Loudness and time stay the source's.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import ClassVar

import numpy as np

from localize import media
from localize.engines import Card
from localize.errors import NotReady, UserError
from localize.voice import Samples, Speaker
from localize.voice.converters.spectra import GRID, RATE, Array, Mask, Spectra, analyse, power, synthesise

INSTALL = "the package pyworld is not installed (pip install pyworld-prebuilt)"
LONGEST = 60.0  # s of a reference that are listened to
LEAST = 1.0  # s of voice without which there is no matching
KEPT = 4  # references whose analysis is kept
LOUD = 35.0  # dB under the loud frames where a recording's noise may begin
CEPSTRA = 16  # numbers that tell one sound from another
AROUND = (-4, 0, 4)  # frames that are compared with each, for where the sound is going
CHOICES = 16  # most similar frames that the way may lead through
TEAR = 0.3  # cost of a step to another place, per squared difference of what would follow and what does
LEAP = 0.5  # and for leaving the place at all
SPREAD = (0.8, 1.3)  # how much of the person's liveliness of pitch is taken: tones must stay tones

_LOW = GRID < 8000
_COSINES: Array = np.cos(np.pi * np.outer(np.arange(1, CEPSTRA + 1), np.arange(_LOW.sum()) + 0.5) / _LOW.sum())
_WEIGHTS: Array = np.linspace(1.2, 0.6, CEPSTRA)  # the finer, the more the speaker's and the less the sound's


@dataclass(frozen=True)
class Kind:
    """The frames of one kind (voiced or not) in the reference: where they are, and their cepstra with what is around."""

    at: np.ndarray[tuple[int], np.dtype[np.intp]]
    around: Array


@dataclass(frozen=True)
class Person:
    """A reference as it is matched with."""

    spectra: Spectra
    cepstra: dict[bool, Array]
    kinds: dict[bool, Kind]
    top: int  # the first point of GRID above the recording's band


class MatchConverter:
    """Gives speech the pitch and the spectra of a reference; may be used from many threads."""

    card: ClassVar[Card] = Card(
        name="match",
        stage="convert",
        about="a person's pitch and spectra matched at signal level, nothing to download",
        version="1",
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
        sound = media.resampled(samples, rate, RATE)
        person = self._person(speaker)
        if not len(sound) or np.abs(sound).max() < 1e-4:
            return sound, RATE
        source = analyse(sound, breath=False)
        if not source.voiced.any():
            return sound, RATE
        envelope, breath = matched(source, person)
        return level_with(synthesise(sung(source, person.spectra), envelope, breath, len(sound)), sound), RATE

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
    sound = media.read_audio(speaker.reference)[: round(LONGEST * RATE)]
    loudest = float(np.abs(sound).max()) if len(sound) else 0.0
    if loudest < 1e-3:
        raise UserError(f"{speaker.reference} of {speaker.name} is silent; give a reference with 5 s of speech or more.")
    spectra = analyse(sound * np.float32(0.5 / loudest), breath=True, careful=True)
    heard = spectra.heard(LOUD)
    if (heard & spectra.voiced).sum() * 0.005 < LEAST:
        raise UserError(f"{speaker.reference} of {speaker.name} holds less than {LEAST:.0f} s of voice; give 5 s of speech or more.")
    cepstra, kinds = {}, {}
    for voiced in (True, False):
        mine = heard & (spectra.voiced == voiced)
        if mine.sum() >= 2 * CHOICES:
            cepstra[voiced] = normal(spectra.envelope, mine)
            at = np.flatnonzero(mine)
            kinds[voiced] = Kind(at, neighbourhood(cepstra[voiced])[at])
    return Person(spectra, cepstra, kinds, band(spectra, heard))


def band(spectra: Spectra, heard: Mask) -> int:
    """The first point of GRID that the recording's band does not reach: where its sound falls away and does not come back."""
    loud = spectra.envelope[heard].max(0)
    silent = np.flatnonzero(loud > loud.max() - 75)
    return int(silent[-1]) if len(silent) and silent[-1] < len(GRID) - 1 else len(GRID)


def normal(envelope: Array, mine: Mask) -> Array:
    """Cepstra [n, 16] of envelopes, with what all of the frames `mine` share taken out: the speaker and the microphone."""
    low = envelope[:, _LOW]
    cepstra = (low - low.mean(1, keepdims=True)) @ _COSINES.T
    return np.asarray((cepstra - cepstra[mine].mean(0)) / (cepstra[mine].std(0) + 1e-9) * _WEIGHTS)


def neighbourhood(cepstra: Array) -> Array:
    """Each frame's cepstra with those AROUND it, side by side [n, 48]."""
    n = np.arange(len(cepstra))
    return np.concatenate([cepstra[np.clip(n + step, 0, len(n) - 1)] for step in AROUND], axis=1) / np.sqrt(len(AROUND))


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


def matched(source: Spectra, person: Person) -> tuple[Array, Array]:
    """Envelope [n, 96] and breath [n, 5] of the person's frames that say what the source says."""
    envelope, breath = source.envelope.copy(), source.breath.copy()
    heard = source.heard(45)
    for voiced, kind in person.kinds.items():
        mine = heard & (source.voiced == voiced)
        if not mine.any():
            continue
        wanted = neighbourhood(normal(source.envelope, mine))[mine]
        near, distance = nearest(wanted, kind)
        chosen = way(near, distance, person.cepstra[voiced])
        envelope[mine] = person.spectra.envelope[chosen]
        breath[mine] = person.spectra.breath[chosen]
        if person.top < len(GRID):  # above the recording's band the source goes on, at the level where the band ends
            edge = slice(person.top - 4, person.top - 1)
            step = envelope[mine, edge].mean(1) - source.envelope[mine, edge].mean(1)
            envelope[mine, person.top - 1 :] = source.envelope[mine, person.top - 1 :] + step[:, None]
    return envelope + (source.level - power(envelope))[:, None], breath


def nearest(wanted: Array, kind: Kind) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.intp]], Array]:
    """Of each wanted frame the CHOICES most similar ones of the reference [n, k], and how far from it they are."""
    distance = (wanted**2).sum(1)[:, None] + (kind.around**2).sum(1)[None] - 2 * wanted @ kind.around.T
    near = np.argpartition(distance, CHOICES, axis=1)[:, :CHOICES]
    return kind.at[near], np.maximum(np.take_along_axis(distance, near, 1), 0)


def way(
    near: np.ndarray[tuple[int, int], np.dtype[np.intp]], distance: Array, cepstra: Array
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The cheapest way through the choices [n, k]: frames of the reference [n]."""
    cost, back = distance[0], np.zeros(near.shape, np.intp)
    for t in range(1, len(near)):
        following = np.minimum(near[t - 1] + 1, len(cepstra) - 1)
        step = TEAR * ((cepstra[following][:, None] - cepstra[near[t]][None]) ** 2).sum(2)
        total = cost[:, None] + step + LEAP * (following[:, None] != near[t][None])
        back[t] = total.argmin(0)
        cost = total.min(0) + distance[t]
    chosen, k = np.zeros(len(near), np.intp), int(cost.argmin())
    for t in range(len(near) - 1, -1, -1):
        chosen[t] = near[t, k]
        k = back[t, k]
    return chosen


def level_with(sound: Samples, source: Samples) -> Samples:
    """As loud as the source as a whole, and no peak above full scale."""
    gain = np.sqrt(np.mean(source**2) / max(float(np.mean(sound**2)), 1e-12))
    return (sound * np.float32(min(gain, 0.95 / max(float(np.abs(sound).max()), 1e-6)))).astype(np.float32)
