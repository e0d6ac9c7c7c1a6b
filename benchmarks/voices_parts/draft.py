"""The draft voice by measures: espeak's synthesizers against real speech, and what a Line of it is like.

Every variant speaks the same Lines of five languages in both genders and is measured as it is before the polish. Real speech is
that of ../shared/testdata/speech, by the gender that its pitch tells; without it the comparison is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.voices_parts import Figure
from localize import languages, pace
from localize.languages import Token
from localize.media import pcm
from localize.voice import Sound, VoiceStyle, espeak
from localize.voice.espeak_text import compose, is_price
from localize.voice.polish import RATE, loudness, polish

Curve = npt.NDArray[np.float64]

LINES = {
    "th": (
        "สวัสดีค่ะ, วันนี้มีครีมกันแดดดีๆ มาแนะนำ. ราคาแค่ ฿1,290 เท่านั้น!",
        "ลำโพงบลูทูธกันน้ำ เสียงดี. แบตอึดไหม? ใช้ได้นานทั้งวันเลยนะคะ",
    ),
    "vi": (
        "Chị em ơi, kem chống nắng này tốt lắm. Giá chỉ 350.000 ₫ thôi ạ!",
        "Loa chống nước, âm thanh hay. Pin khỏe không? Dùng cả ngày luôn nhé",
    ),
    "id": (
        "Halo kak, sunscreen ini bagus banget. Cuma Rp299.000 lho hari ini!",
        "Speaker tahan air, suaranya bagus. Baterainya awet? Tahan seharian kok",
    ),
    "zh": (
        "家人们，这款防晒霜真的很好用。今天只要¥199就可以带走！",
        "这个防水音箱，音质特别好。电池耐用吗？可以用一整天",
    ),
    "en": (
        "Hi everyone, this sunscreen is a real find. It is only $19.90 for you today!",
        "A waterproof speaker, with great sound. Does it last? It plays all day long",
    ),
}
# What each variant adds to the settings of our voices, which are Klatt's; "klatt 0" goes back to espeak's own synthesizer.
_WAVES = "klatt 0\nbreath 0 2 3 3 3 3 3 2\nflutter 8\nvoicing 75\ntone 300 130 800 180 1500 150 2500 90 4500 75\n"
VARIANTS = {
    "before: espeak's formants, ours set": _WAVES, "klatt": "klatt 1\n", "klatt2": "klatt 2\n", "klatt3": "klatt 3\n",
    "klatt4": "klatt 4\n", "klatt6": "klatt 6\n", "now: klatt5": "",
}  # fmt: skip
BANDS = 100 * 2 ** (np.arange(2, 19) / 3)  # third octaves, 160 Hz to 6.3 kHz


def figures(shared: Path | None, *, quick: bool = False) -> list[Figure]:
    """The comparison of variants (with real speech at hand, and not when quick), then the measures of the voice as it is."""
    found = [] if quick or shared is None else list(_compared(shared / "speech"))
    for code in LINES:
        found += _line_figures(code)
    return found


# Against real speech ---------------------------------------------------------------------------------------------------


def _compared(folder: Path) -> Iterator[Figure]:
    real = _real(folder)
    own = {g: np.cov(np.vstack([_cepstra(x) for x in clips]).T) for g, clips in real.items()}
    within = [_far(np.cov(_cepstra(x).T), own[g]) for g, clips in real.items() for x in clips]
    yield Figure("real clips against all of their gender: variation of the spectrum", f"median {np.median(within):.1f}")
    yield Figure("real clips: harmonics to noise", f"{np.mean([_hnr(x) for clips in real.values() for x in clips]):.1f} dB")
    told: dict[str, tuple[float, float]] = {}
    for name, settings in VARIANTS.items():
        spectrum, variation, harmonics, tilts = [], [], [], []
        for gender, clips in real.items():
            spoken = [_said(code, gender, settings) for code in LINES]
            mean = np.mean([_spectrum(x) for x in clips], axis=0)
            spectrum += [_apart(_spectrum(x), mean) for x in spoken]
            variation.append(_far(np.cov(np.vstack([_cepstra(x) for x in spoken]).T), own[gender]))
            harmonics += [_hnr(x) for x in spoken]
            tilts += [_tilt(_spectrum(x)) - _tilt(mean) for x in spoken]
        told[name] = float(np.mean(spectrum)), float(np.mean(variation))
        value = f"{told[name][0]:.1f} dB, {told[name][1]:.1f}, {np.mean(harmonics):.1f} dB, {np.mean(tilts):+.1f} dB an octave"
        yield Figure(f"{name}: spectrum off by, its variation off by, HNR, tilt", value)
    before, now = told["before: espeak's formants, ours set"], told["now: klatt5"]
    yield Figure(
        "now against before: long-term spectrum and its variation", f"{now[0] / before[0]:.2f}, {now[1] / before[1]:.2f} times as far off",
        "at most 0.8 and 0.6", now[0] <= 0.8 * before[0] and now[1] <= 0.6 * before[1],
    )  # fmt: skip


@cache
def _real(folder: Path) -> Mapping[str, list[Curve]]:
    clips: dict[str, list[Curve]] = {"female": [], "male": []}
    for path in sorted(folder.iterdir()):
        if (
            path.suffix in (".wav", ".flac")
            and path.name[:3] in ("th_", "vi_", "id_", "zh_", "en_")
            and path.read_bytes()[:4] in (b"RIFF", b"fLaC")
        ):
            sound = pcm.read_audio(path, 16000).astype(np.float64)
            clips["female" if np.median(_pitch(sound, 16000)) > 165 else "male"].append(sound)
    return clips


def _said(code: str, gender: str, settings: str) -> Curve:
    """Both Lines of a language by a variant, at 16 kHz with our tone, without room and levelling by loudness."""
    language, manner = languages.get(code), espeak.MANNERS[code]
    low, high = manner.female if gender == "female" else manner.male
    own = (espeak.VOICES / gender).read_text("utf-8") + f"pitch {low} {high}\n"
    own += f"consonants {manner.consonants} {manner.consonants}\n{manner.settings}"
    sounds = []
    for line in LINES[code]:
        text = compose(language.read(line), thai=code == "th").text
        request = {"voice": manner.voice or language.espeak_voice, "settings": own + settings, "rate": manner.tempo, "pitch": 50}
        raw = espeak._PROCESS.ask(request, text)
        # The draft's tone is made for the voice as it is.
        polished = polish(raw.samples, raw.rate, "dry" if settings else "draft")
        sounds.append(pcm.resampled(polished.samples, RATE, 16000))
    return np.concatenate(sounds).astype(np.float64)


def _frames(x: Curve) -> Curve:
    """Power spectra of 32 ms every 10 ms at 16 kHz, without the silent ones: [frames, 257]."""
    window = np.hanning(512)
    frames = np.lib.stride_tricks.sliding_window_view(x, 512)[::160]
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    energy = power.sum(axis=1)
    return np.asarray(power[energy > energy.max() * 1e-4])


def _spectrum(x: Curve) -> Curve:
    """The long-term average spectrum in third octaves, in dB, about a mean of 0."""
    power, hertz = _frames(x).mean(axis=0), np.fft.rfftfreq(512, 1 / 16000)
    levels = [10 * np.log10(np.interp(np.linspace(b / 2 ** (1 / 6), b * 2 ** (1 / 6), 9), hertz, power).mean() * b) for b in BANDS]
    return np.asarray(np.asarray(levels) - np.mean(levels))


def _apart(a: Curve, b: Curve) -> float:
    return float(np.sqrt(((a - b) ** 2).mean()))


def _tilt(spectrum: Curve) -> float:
    """dB an octave from 400 Hz to 5 kHz."""
    inside = (BANDS > 390) & (BANDS < 5200)
    return float(np.polyfit(np.log2(BANDS[inside]), spectrum[inside], 1)[0])


def _cepstra(x: Curve) -> Curve:
    """12 mel cepstra of each frame about their mean, which no equaliser changes: [frames, 12]."""
    hertz = np.fft.rfftfreq(512, 1 / 16000)
    mel, edges = 2595 * np.log10(1 + hertz / 700), np.linspace(150, 2840, 26)
    rise = (mel - edges[:-2, None]) / (edges[1] - edges[0])
    bank = np.maximum(0, np.minimum(rise, 2 - rise))
    power = _frames(x)
    level = np.log(power @ bank.T + 1e-9 * power.sum(axis=1, keepdims=True))
    count = bank.shape[0]
    cosines = np.cos(np.pi * np.arange(1, 13)[:, None] * (np.arange(count) + 0.5) / count) * np.sqrt(2 / count)
    found = level @ cosines.T
    return np.asarray(found - found.mean(axis=0))


def _far(a: Curve, b: Curve) -> float:
    """The Frechet distance of two covariances: how differently the spectrum moves about its mean."""
    values = np.linalg.eigvals(a @ b)
    return float(np.trace(a + b) - 2 * np.sqrt(np.maximum(values.real, 0)).sum())


def _hnr(x: Curve, rate: int = 16000) -> float:
    """Median harmonics to noise in dB over the loud frames, by the peak of the autocorrelation."""
    size = int(0.06 * rate)
    frames = np.lib.stride_tricks.sliding_window_view(x, size)[:: size // 3]
    loud = frames[np.sqrt((frames**2).mean(axis=1)) > 0.15 * np.sqrt((frames**2).mean(axis=1)).max()]
    window = np.hanning(size)
    own = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * size)) ** 2)[:size]
    echo = np.fft.irfft(np.abs(np.fft.rfft((loud - loud.mean(axis=1, keepdims=True)) * window, 2 * size, axis=1)) ** 2, axis=1)[:, :size]
    echo = echo / echo[:, :1] / np.maximum(own / own[0], 1e-3)
    peak = np.clip(echo[:, rate // 450 : rate // 75].max(axis=1), 0, 0.9999)
    peak = peak[peak > 0.5]
    return float(np.median(10 * np.log10(peak / (1 - peak))))


def _pitch(x: npt.NDArray[np.floating[Any]], rate: int) -> Curve:
    """The pitch in Hz of the voiced frames of 5 ms."""
    import pyworld

    found, _ = pyworld.harvest(x.astype(np.float64), rate, f0_floor=70.0, f0_ceil=500.0)
    return np.asarray(found[found > 0])


# The voice as it is ----------------------------------------------------------------------------------------------------


def _line_figures(code: str) -> Iterator[Figure]:
    language, voice = languages.get(code), espeak.EspeakVoice()
    tokens = [language.read(line) for line in LINES[code]]
    sounds = [voice.speak(line, language, VoiceStyle()) for line in tokens]
    pauses = [gap for line, sound in zip(tokens, sounds, strict=True) for gap in _pauses(line, sound)]
    shown = ", ".join(f"{sign} {np.median([g for s, g in pauses if s == sign]):.2f}" for sign in dict.fromkeys(s for s, _ in pauses))
    yield Figure(f"{code}: pauses in s", shown, "each 0.2 to 0.45", all(0.2 <= gap <= 0.45 for _, gap in pauses))
    late = [error for line, sound in zip(tokens, sounds, strict=True) for error in _late(code, line, sound)]
    yield Figure(
        f"{code}: a word's start against its sound, after pauses", f"at most {max(late) * 1000:.0f} ms", "20 ms", max(late) <= 0.02
    )
    slower, higher = _price(code, tokens[0], sounds[0])
    yield Figure(
        f"{code}: the price against the same unstressed", f"{slower:.2f} times as long, {higher:+.1f} semitones", "1.06-1.18, 0.8-2.2",
        1.06 <= slower <= 1.18 and 0.8 <= higher <= 2.2,
    )  # fmt: skip
    jump = max(_jump(sound) for sound in sounds)
    yield Figure(f"{code}: largest jump against the level around it", f"{jump:.1f}", "below 3.5", jump < 3.5)
    above, floor = _above(sounds[0]), min(_floor(s) for s in sounds)
    yield Figure(
        f"{code}: level above 11 kHz; of the pauses", f"{above:.0f} dB; {floor:.0f} dB", "below -60; below -45", above < -60 and floor < -45
    )
    pitch = np.concatenate([_pitch(pcm.resampled(s.samples, RATE, 16000), 16000) for s in sounds])
    low, high = np.percentile(pitch, [5, 95])
    spoken = sum(s.duration for s in sounds) / sum(pace.seconds(line, code) for line in LINES[code])
    yield Figure(f"{code}: pitch, 5th to 95th percentile", f"{low:.0f}-{high:.0f} Hz, {12 * np.log2(high / low):.1f} semitones")
    yield Figure(f"{code}: length against the estimate", f"{spoken:.2f}", "0.85 to 1.15", 0.85 <= spoken <= 1.15)


def _pauses(tokens: list[Token], sound: Sound) -> Iterator[tuple[str, float]]:
    for token, (word, following) in zip(tokens, pairwise(sound.words), strict=False):
        if token.pause and following.start > word.end:
            yield token.pause, following.start - word.end


def _late(code: str, tokens: list[Token], sound: Sound) -> Iterator[float]:
    """How far the sound after each pause begins from where its word is said to. Stops begin with silence and are left out."""
    _, spoken = espeak.EspeakVoice().phones(tokens, languages.get(code), VoiceStyle())
    stops = {start for name, start, _ in spoken.phones if name.startswith(espeak.STOPS)}
    level = loudness(sound.samples, sound.rate, hop=0.001, window=0.004)
    level -= np.percentile(level, 95)
    for k, (token, (word, following)) in enumerate(zip(tokens, pairwise(sound.words), strict=False)):
        if token.pause and following.end > following.start > word.end and spoken.words[k + 1][0] not in stops:
            heard = round((following.start - 0.12) * 1000)
            while heard < len(level) and level[heard] < -40:
                heard += 1
            yield abs(heard / 1000 - following.start)


def _price(code: str, tokens: list[Token], sound: Sound) -> tuple[float, float]:
    """How much longer and higher (semitones) the price is than the same words where they are no price."""
    where = next(k for k, token in enumerate(tokens) if is_price(token.text, code))
    plain = [replace(token, text=re.sub(r"\S", "x", token.text)) if k == where else token for k, token in enumerate(tokens)]
    other = espeak.EspeakVoice().speak(plain, languages.get(code), VoiceStyle())
    lengths, pitches = [], []
    for said in (sound, other):
        word = said.words[where]
        part = said.samples[round(word.start * RATE) : round(word.end * RATE)]
        lengths.append(word.end - word.start)
        pitches.append(np.exp(np.log(_pitch(pcm.resampled(part, RATE, 16000), 16000)).mean()))
    return lengths[0] / lengths[1], float(12 * np.log2(pitches[0] / pitches[1]))


def _jump(sound: Sound) -> float:
    """The largest step from one sample to the next, against the steps of the 20 ms around it or a tenth of the whole Line's:
    a voice's own strokes reach three times their level, a click stands far out."""
    step = np.abs(np.diff(sound.samples.astype(np.float64)))
    level = np.sqrt(np.maximum(np.convolve(step**2, np.ones(960) / 960, "same"), 0))
    return float(np.max(step / np.maximum(level, 0.1 * np.sqrt((step**2).mean()))) / 3)


def _above(sound: Sound) -> float:
    power = np.abs(np.fft.rfft(sound.samples)) ** 2
    hertz = np.fft.rfftfreq(len(sound.samples), 1 / sound.rate)
    return float(10 * np.log10(power[hertz > 11000].sum() / power.sum()))


def _floor(sound: Sound) -> float:
    """The level of the quietest 20 ms against the loud ones, in dB."""
    level = loudness(sound.samples, sound.rate)
    return float(max(np.percentile(level[20:-20], 1) - np.percentile(level, 95), -120))
