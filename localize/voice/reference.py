"""A reference: a recording of a person, from which a voice is to be made. What is wrong with one, and how it is cleaned.

Any file with sound will do (WAV of any width, FLAC, MP3, M4A, OGG, NIST SPHERE, a video); what can be put right is (channels,
rate, level, silence), what can't is refused with the reason, what was measured, and the way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from localize.domain import Finding, Severity
from localize.errors import UserError
from localize.media.command import file
from localize.media.pcm import resampled
from localize.voice import speakers
from localize.voice.polish import decibels, loudness
from localize.voice.speakers import RATE, Heard

Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

LOOKED_AT = 300.0  # s of a longer file; a voice needs a tenth of them
SHORTEST, LONGEST = 5.0, 60.0  # s, silences shortened
STRETCH = 45.0  # s that are taken of more
# Rates below it hold no more than a telephone's 4 kHz; a voice made of that sounds like one.
LOWEST_RATE = 16_000
BAND, GOOD_BAND = 4500, 7000  # Hz: refused and warned below. A telephone ends at 3400 to 4000 Hz.
NOISY, CLEAN = 15.0, 25.0  # dB: refused and warned below. Clean read speech of 20 people measured 22 to 66.
# Percent of flat tops among the samples of speech: warned and refused above. 60 natural recordings had 0.03 at most, clipped by
# 1 in 100 samples they had 0.9 and more; after MP3 or another rate less, but more than nature.
CLIPPED, RUINED = 0.06, 0.5
# Sounds that stay on one pitch for 0.2 s, at a time: speech 0.9 at most, the shipped music 8 and more, and 2 when it
# plays 10 dB below a voice.
STEADY, BED = 3.0, 1.5
SPOKEN = 0.25  # of the trimmed recording, else it is mostly silence
VOICED = 0.15  # of what is heard, else it is noise or whisper
PAUSE, KEPT_PAUSE = 0.6, 0.4  # s: longer silences inside become that short
EDGE = 0.05  # s of silence kept at the ends
LEVEL, PEAK = -20.0, -1.0  # dBFS of the speech, and of its highest sample
HIGH_PASS = 60.0  # Hz
GAP = 0.3  # s between joined recordings
FRAME = 0.010  # s


@dataclass(frozen=True)
class Recording:
    """Sound as it was found: mono float32 [n], its rate in Hz, percent of flat tops, and what was done to get it."""

    samples: Samples
    rate: int
    clipped: float
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Figures:
    """What was measured. `seconds` are those of speech with its pauses, `snr` in dB, `band` in Hz, `clipped` in percent,
    `spoken` and `voiced` shares, `steady` the steady tones at a time, `pitch` the median in Hz (0: none)."""

    seconds: float
    rate: int
    band: int
    snr: float
    clipped: float
    spoken: float
    voiced: float
    steady: float
    pitch: float


@dataclass(frozen=True)
class Examined:
    """What is known of a reference: figures, findings (`block` ones refuse it) and the best stretch of it, mono [n] at `rate` Hz."""

    figures: Figures
    findings: tuple[Finding, ...]
    people: Heard | None
    samples: Samples
    rate: int

    @property
    def refused(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "block")

    @property
    def gender(self) -> str:
        """By the pitch alone: "female", "male" or "" where that can't tell. (A man who shouts is as high as a woman.)"""
        return "" if not self.figures.pitch else "male" if self.figures.pitch < 150 else "female" if self.figures.pitch > 185 else ""


def examine(path: str | Path) -> Examined:
    """Everything about the recording in a file. Raises UserError where it can't be read or has no sound."""
    return judge(read(Path(path)))


# ---- reading


def read(path: Path) -> Recording:
    """The first audio track of any file in one channel, at most `LOOKED_AT` seconds of it. Raises UserError."""
    channels, rate, cut = _decoded(path)
    samples, note = _one_channel(channels)
    found = [_finding("channels", "info", note, channels=len(channels))] if note else []
    if cut:
        found.append(_finding("length", "info", f"only the first {LOOKED_AT:.0f} s of the file were looked at"))
    return Recording(samples, rate, max(_flat_tops(channel, rate) for channel in channels), tuple(found))


def _decoded(path: Path) -> tuple[Samples, int, bool]:
    """Channels [c, n], rate in Hz, and whether there is more than was read."""
    if not path.is_file():
        raise UserError(f"there is no file {path}: give the path of a recording.")
    parts: list[Samples] = []
    count = 0
    try:
        with av.open(file(path), metadata_errors="replace") as container:
            if not container.streams.audio:
                raise UserError(f"{path} has no sound.")
            stream = container.streams.audio[0]
            rate = stream.rate
            resampler = av.AudioResampler(format="fltp", rate=rate)
            for frame in container.decode(stream):
                if count >= LOOKED_AT * rate:
                    break
                for piece in resampler.resample(frame):
                    parts.append(piece.to_ndarray().astype(np.float32, copy=False))
                    count += piece.samples
    except av.FFmpegError as e:
        raise UserError(f"{path} can't be read as sound or video: {e.strerror}. Save it as WAV, FLAC, MP3, M4A or MP4.") from e
    if not count:
        raise UserError(f"{path} has no sound in its audio track.")
    channels = np.nan_to_num(np.concatenate(parts, axis=1), posinf=0.0, neginf=0.0)
    return channels[:, : round(LOOKED_AT * rate)], rate, count > LOOKED_AT * rate


def _one_channel(channels: Samples) -> tuple[Samples, str]:
    """The channels' mean, or the louder one of them where a mean would lose or spoil something, and which it was."""
    if len(channels) == 1:
        return channels[0], ""
    level = decibels(np.mean(channels.astype(np.float64) ** 2, axis=1))
    loud = int(level.argmax())
    if level.max() - level.min() > 20:
        return channels[loud], f"one of its {len(channels)} channels is (nearly) silent; channel {loud + 1} was taken"
    mixed = channels.mean(axis=0)
    if float(np.mean(mixed.astype(np.float64) ** 2)) < 10 ** (level.max() / 10) / 4:  # 6 dB
        return channels[loud], f"its channels cancel each other out; channel {loud + 1} was taken"
    return mixed.astype(np.float32), f"its {len(channels)} channels were mixed into one"


def _flat_tops(samples: Samples, rate: int) -> float:
    """Percent of the samples of speech at a flat top: at the very highest level, or level for 0.125 ms above half of it.

    The second is seen when the clipped sound was made quieter, resampled or compressed afterwards.
    """
    heard = max(int(np.count_nonzero(np.abs(samples) > 0.05 * np.abs(samples).max(initial=0))), 1)
    width, most = max(3, round(0.000125 * rate) + 1), 0.0
    for side in (samples, -samples):
        top = float(side.max(initial=0))
        if top <= 1e-4 or len(side) < width:
            continue
        runs = sliding_window_view(side, width)
        high = np.flatnonzero(side[: len(runs)] > 0.5 * top)
        low, up = runs[high].min(1), runs[high].max(1)
        level = np.count_nonzero((low > 0.5 * top) & (up - low < 0.004 * top))
        most = max(most, float(np.count_nonzero(side > 0.99 * top)), float(level))
    return 100 * most / heard


# ---- measuring


def judge(recording: Recording, *, alone: bool = True) -> Examined:
    """Measure a recording and find what is wrong. With `alone` false it is one of several to be joined: its length and who
    speaks are asked of the whole."""
    level = loudness(recording.samples, recording.rate, FRAME, 0.025)
    active, noise, speech = _activity(level)
    if not active.any():
        figures = Figures(0.0, recording.rate, 0, 0.0, recording.clipped, 0.0, 0.0, 0.0, 0.0)
        silent = _finding("silence", "block", "it is silent: no speech is heard in it. Record it again, nearer to the microphone")
        return Examined(figures, (*recording.findings, silent), None, recording.samples, recording.rate)
    heard = np.flatnonzero(active)
    spoken = len(heard) / (heard[-1] + 1 - heard[0])
    pauses = _pauses(active)
    stretch, said = _best(active, level, pauses)
    samples = shortened(recording.samples, recording.rate, active, stretch)
    narrow = resampled(samples, recording.rate, RATE)
    live = _activity(loudness(narrow, RATE, FRAME, 0.025))[0]
    pitch = _pitch(narrow)
    count = min(len(pitch), len(live))
    voiced = pitch[:count][live[:count] & (pitch[:count] > 0)]
    figures = Figures(
        seconds=len(samples) / recording.rate,
        rate=recording.rate,
        band=_band(recording.samples, recording.rate, heard),
        snr=speech - noise,
        clipped=recording.clipped,
        spoken=spoken,
        voiced=len(voiced) / max(int(live[:count].sum()), 1),
        steady=_steady(narrow),
        pitch=float(np.median(voiced)) if len(voiced) else 0.0,
    )
    found = [*recording.findings, *said, *_wrong(figures, alone)]
    people = None
    if alone and not any(f.severity == "block" for f in found):
        people = speakers.heard(narrow, pitch, live)
        found += _company(people)
    return Examined(figures, tuple(found), people, samples, recording.rate)


def _activity(level: npt.NDArray[np.float64]) -> tuple[Mask, float, float]:
    """Which frames are speech, and the levels of noise and speech in dB. Digital silence says nothing about the noise."""
    live = level[level > -85]
    if len(live) < 20:
        return np.zeros(len(level), np.bool_), -120.0, -120.0
    loud, floor = np.percentile(live, 95), np.percentile(live, 5)
    active = level > max(loud - 35, floor + 0.4 * (loud - floor))
    quiet = live[live <= np.percentile(live, 10)]
    noise, speech = (float(10 * np.log10(np.mean(10 ** (part / 10)))) for part in (quiet, level[active]))
    return active, noise, speech


def _pitch(samples: Samples) -> npt.NDArray[np.float64]:
    """Hz for each frame of 10 ms of samples at `RATE`, 0 where there is none."""
    import pyworld

    wide = samples.astype(np.float64)
    found, times = pyworld.dio(wide, RATE, 65.0, 450.0, frame_period=10.0)
    return np.asarray(pyworld.stonemask(wide, found, times, RATE), np.float64)


def _band(samples: Samples, rate: int, frames: npt.NDArray[np.int64]) -> int:
    """The highest frequency in Hz that loud sounds reach, 60 dB below the strongest one."""
    size, hop = round(0.032 * rate), round(FRAME * rate)
    starts = frames[frames * hop + size <= len(samples)][:6000] * hop
    if not len(starts):
        return 0
    power = np.abs(np.fft.rfft(samples[starts[:, None] + np.arange(size)] * np.hanning(size).astype(np.float32))) ** 2
    loud = decibels(np.percentile(power, 95, axis=0))
    smooth = np.convolve(np.pad(loud, 3, mode="edge"), np.ones(7) / 7, "valid")  # 220 Hz
    return int(np.flatnonzero(smooth > smooth.max() - 60)[-1] * rate / size)


def _steady(samples: Samples) -> float:
    """How many tones are held for 0.2 s, at a time, in samples at `RATE`. A voice glides; notes do not."""
    size, hop, held = 2048, 256, 12
    starts = np.arange(0, len(samples) - size, hop)
    if len(starts) <= held:
        return 0.0
    power = np.abs(np.fft.rfft(samples[starts[:, None] + np.arange(size)] * np.hanning(size).astype(np.float32)))[:, 8:512]
    level = 20 * np.log10(power + 1e-7)
    sums = np.cumsum(np.pad(level, ((0, 0), (11, 10)), mode="edge"), axis=1)
    around = (sums[:, 20:] - np.pad(sums, ((0, 0), (1, 0)))[:, : sums.shape[1] - 20])[:, : level.shape[1]] / 21
    peak = (level - around > 6) & (level > level.max() - 60)
    peak[:, 1:-1] &= (level[:, 1:-1] >= level[:, :-2]) & (level[:, 1:-1] >= level[:, 2:])
    total = np.cumsum(np.pad(peak.astype(np.int32), ((1, 0), (0, 0))), axis=0)
    return float(np.count_nonzero(total[held:] - total[:-held] >= held - 1) / (len(starts) - held))


# ---- judging


def _finding(check: str, severity: Severity, message: str, **evidence: str | int | float | bool | None) -> Finding:
    return Finding(check=f"reference.{check}", severity=severity, message=message, evidence=evidence)


def _wrong(f: Figures, alone: bool) -> list[Finding]:
    """Findings by the figures, what can't be mended first."""
    found = []

    def say(check: str, severity: Severity, message: str, **evidence: float) -> None:
        found.append(_finding(check, severity, message, **{name: round(value, 3) for name, value in evidence.items()}))

    if f.rate < LOWEST_RATE:
        say("rate", "block", f"its rate is {f.rate} Hz, as a telephone's: a voice of it would sound like one. Record at 16000 Hz or more,"
            " best 48000 Hz", rate=f.rate)  # fmt: skip
    elif f.band < BAND:
        say("band", "block", f"it has no sound above {f.band} Hz, as from a telephone, whatever its rate says. Record it anew, or find the"
            " original", band=f.band)  # fmt: skip
    elif f.band < GOOD_BAND:
        say("band", "warn", f"it has little sound above {f.band} Hz: the voice will be dull", band=f.band)
    if f.steady > STEADY:
        say("music", "block", f"it sounds like music: {f.steady:.1f} tones are held at a time (speech: less than 1). Give a recording of"
            " speech alone", steady=f.steady)  # fmt: skip
    elif f.voiced < VOICED:
        say("speech", "block", f"no voice is heard in {1 - f.voiced:.0%} of its sound: it is noise or whispering", voiced=f.voiced)
    elif f.steady > BED and f.snr < CLEAN:
        say("music", "block", "there is music behind the voice: it would be heard in the cloned one. Give a recording without it",
            steady=f.steady, snr=f.snr)  # fmt: skip
    elif f.steady > BED:
        say("music", "warn", "there may be music behind the voice: it would be heard in the cloned one", steady=f.steady)
    if f.snr < NOISY:
        say("noise", "block", f"the voice is only {f.snr:.0f} dB above the noise, at least {NOISY:.0f} are needed: record it in a quiet"
            " room, near to the microphone, without music", snr=f.snr)  # fmt: skip
    elif f.snr < CLEAN:
        say("noise", "warn", f"the voice is {f.snr:.0f} dB above the noise ({CLEAN:.0f} and more are good): it may be heard", snr=f.snr)
    if f.clipped > RUINED:
        say("clipping", "block", f"it was recorded too loud: {f.clipped:.1f}% of its speech is cut off flat. Record it with less gain",
            clipped=f.clipped)  # fmt: skip
    elif f.clipped > CLIPPED:
        say("clipping", "warn", f"its loudest sounds are cut off ({f.clipped:.2f}% of the speech)", clipped=f.clipped)
    if f.spoken < SPOKEN:
        say("silence", "block", f"only {f.spoken:.0%} of it is speech: give a recording with fewer silences", spoken=f.spoken)
    if alone and f.seconds < SHORTEST:
        say("length", "block", f"it has {f.seconds:.1f} s of speech, {SHORTEST:.0f} to {LONGEST:.0f} are needed (10 and more are good):"
            " record more, or give several with --reference", seconds=f.seconds)  # fmt: skip
    return found


def _company(people: Heard) -> list[Finding]:
    if people.people == "one":
        return []
    by = f"{people.what} by {people.method}: {people.figure}"
    if people.people == "two":
        return [_finding("speakers", "block", f"two people are heard in it ({by}): give a recording of one alone", figure=people.figure)]
    return [_finding("speakers", "warn", f"there may be two people in it ({by}): listen to it", figure=people.figure)]


# ---- cleaning


def _pauses(active: Mask) -> list[tuple[int, int]]:
    """Runs of frames without speech between the first and the last speech, from and to."""
    edges = np.flatnonzero(np.diff(active.astype(np.int8)))
    return [(int(a) + 1, int(b) + 1) for a, b in pairwise(edges) if not active[a + 1]]


def _best(active: Mask, level: npt.NDArray[np.float64], pauses: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], list[Finding]]:
    """The frames to use: all of the speech, or of more than `LONGEST` the clearest `STRETCH`, from pause to pause."""
    heard = np.flatnonzero(active)
    first, last = int(heard[0]), int(heard[-1]) + 1
    saved = sum(max(0.0, (b - a) * FRAME - KEPT_PAUSE) for a, b in pauses if (b - a) * FRAME > PAUSE)
    if (last - first) * FRAME - saved <= LONGEST:
        return (first, last), []
    size = round(STRETCH / FRAME)
    starts = [first, *(b for _, b in pauses if b <= last - size)]
    scores = []
    for start in starts:
        part, live = level[start : start + size], active[start : start + size]
        quiet = part[part <= np.percentile(part, 10)].mean()
        scores.append(float(part[live].mean() - quiet + 10 * live.mean()) if live.any() else -np.inf)
    start = starts[int(np.argmax(scores))]
    stop = max((a for a, _ in pauses if start + size * 2 // 3 < a <= start + size), default=start + size)
    note = f"it is longer than {LONGEST:.0f} s; its clearest {(stop - start) * FRAME:.0f} s, from {start * FRAME:.0f} s on, were taken"
    return (start, stop), [_finding("length", "info", note, start=start * FRAME, stop=stop * FRAME)]


def shortened(samples: Samples, rate: int, active: Mask, stretch: tuple[int, int]) -> Samples:
    """The stretch (frames from, to) with short ends and silences longer than `PAUSE` cut to `KEPT_PAUSE`, faded into each other."""
    frame, fade = FRAME * rate, round(0.02 * rate)
    first, last = stretch
    kept = []
    start = max(0, round(first * frame - EDGE * rate))
    for a, b in _pauses(active):
        if first < a and b < last and (b - a) * FRAME > PAUSE:
            kept.append((start, round(a * frame + KEPT_PAUSE / 2 * rate)))
            start = round(b * frame - KEPT_PAUSE / 2 * rate)
    kept.append((start, min(len(samples), round(last * frame + EDGE * rate))))
    out = samples[kept[0][0] : kept[0][1]].copy()
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    for a, b in kept[1:]:
        piece = samples[a:b].copy()
        out[-fade:] = out[-fade:] * (1 - ramp) + piece[:fade] * ramp
        out = np.concatenate([out, piece[fade:]])
    return out


def clean(samples: Samples, rate: int) -> tuple[Samples, int]:
    """Mono samples [n] fit to be kept: 24 or 48 kHz, nothing below a voice, the speech at `LEVEL`, no peak above `PEAK`.

    Noise is left as it is: what takes noise away also takes from the voice, and a clone learns both.
    """
    to = 24_000 if rate <= 24_000 else 48_000
    moved = resampled(samples, rate, to)
    margin = min(to // 4, len(moved) - 1)  # goes on beyond both ends, where the filter would meet a step
    wide = np.pad(moved, margin, mode="reflect", reflect_type="odd")
    ratio = np.fft.rfftfreq(len(wide), 1 / to) / HIGH_PASS
    filtered = np.fft.irfft(np.fft.rfft(wide) * ratio**8 / (1 + ratio**8), len(wide))[margin : margin + len(moved)].astype(np.float32)
    active, _, speech = _activity(loudness(filtered, to, FRAME, 0.025))
    gain = 10 ** ((LEVEL - speech) / 20) if active.any() else 1.0
    gain = min(gain, 10 ** (PEAK / 20) / max(float(np.abs(filtered).max(initial=0)), 1e-6))
    return (filtered * np.float32(gain)).astype(np.float32), to


def joined(parts: Sequence[Examined]) -> Recording:
    """The stretches of several examined recordings as one, cleaned, with `GAP` between them: to be judged as a whole."""
    cleaned = [clean(part.samples, part.rate) for part in parts]
    to = min(rate for _, rate in cleaned)
    pieces: list[Samples] = []
    for samples, rate in cleaned:
        pieces += [resampled(samples, rate, to), np.zeros(round(GAP * to), np.float32)]
    return Recording(np.concatenate(pieces[:-1]), to, max(part.figures.clipped for part in parts))
