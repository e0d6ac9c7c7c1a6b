"""Sound and picture files: encode, mix, measure, probe. ffmpeg is driven by ffmpeg-python, probing is PyAV's.

Every path reaches ffmpeg behind `file:`, so that no name can be read as an option or a protocol.
"""

from __future__ import annotations

import errno
import mmap
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import wave
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, Literal

import av
import ffmpeg
import numpy as np
import numpy.typing as npt

from localize.errors import NotReady, UserError

RATE = 48_000  # Hz of all sound
LOUDNESS = -14.0  # LUFS integrated
# AAC moves peaks by a few tenths: the mix is limited a little below the -1.5 dBTP that the finished file keeps.
PEAK = -2.4  # dBTP
VOICE, BED = -20.0, -26.0  # LUFS of speech and of a bed alone while they are mixed
DUCK = 10.0  # dB that a bed goes down by while somebody speaks
PIPE = 1 << 20  # bytes that the pipe to an encoder holds
REACH = 6  # ms on both sides of one that its gain and the next one's depend on
Samples = npt.NDArray[np.float32]


@cache
def ffmpeg_exe() -> str:
    """The ffmpeg to run: the system's if it is at least as new as the one that came with the install."""
    import imageio_ffmpeg

    try:
        bundled: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as e:
        raise NotReady("there is no ffmpeg.", missing=("ffmpeg",), how="pip install imageio-ffmpeg") from e
    system = shutil.which("ffmpeg")
    return system if system and _major(system) >= _major(bundled) else bundled


def _major(exe: str) -> int:
    banner = subprocess.run([exe, "-version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"ffmpeg version n?(\d+)", banner)
    return int(match.group(1)) if match else 0


def file(path: str | Path) -> str:
    """A path as ffmpeg must be given it."""
    return f"file:{path}"


class MediaError(UserError):
    """ffmpeg refused a file or failed. The message has its last words."""


def run(stream: Any, what: str, *, stdin: bytes | None = None) -> bytes:
    """Run an ffmpeg-python graph to its end; its stdout. `what` names the work in the error."""
    command = ffmpeg.compile(stream.global_args("-hide_banner", "-nostdin", "-nostats"), cmd=ffmpeg_exe(), overwrite_output=True)
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    if done.returncode:
        raise MediaError(f"{what} failed: {_last_words(done.stderr)}")
    return done.stdout or done.stderr


def _last_words(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return " / ".join(lines[-3:])


# ---- sound


def write_wav(path: Path, samples: Samples, rate: int = RATE) -> None:
    """Write mono [n] or stereo [n, 2] float samples in -1..1 as 16-bit PCM."""
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        w.setsampwidth(2)
        w.setframerate(rate)
        for start in range(0, len(samples), BLOCK):
            w.writeframes((np.clip(samples[start : start + BLOCK], -1, 1) * 32767).round().astype("<i2").tobytes())


def read_wav(path: str | Path) -> tuple[Samples, int]:
    """Read a 16-bit PCM WAV that `write_wav` made: samples [n] or [n, channels], and the rate in Hz."""
    with wave.open(str(path), "rb") as w:
        pcm = np.frombuffer(w.readframes(w.getnframes()), "<i2").astype(np.float32) / np.float32(32768)
        return (pcm.reshape(-1, w.getnchannels()) if w.getnchannels() > 1 else pcm), w.getframerate()


def read_audio(path: str | Path, rate: int = RATE) -> Samples:
    """Decode any file's first audio stream to mono float32 [n] at `rate` Hz. Raises UserError if it has none."""
    return _decoded(path, rate, "mono").reshape(-1)


def read_stereo(path: str | Path, rate: int = RATE) -> Samples:
    """Decode any file's first audio stream to float32 [n, 2] at `rate` Hz. Raises UserError if it has none."""
    return np.ascontiguousarray(_decoded(path, rate, "stereo").T)


def _decoded(path: str | Path, rate: int, layout: Literal["mono", "stereo"]) -> Samples:
    try:
        with av.open(file(path), metadata_errors="replace") as container:
            if not container.streams.audio:
                raise UserError(f"{path} has no sound.")
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
            parts = [r.to_ndarray() for frame in container.decode(audio=0) for r in resampler.resample(frame)]
            parts += [r.to_ndarray() for r in resampler.resample(None)]
    except av.FFmpegError as e:
        raise UserError(f"{path} can't be read as sound or video: {e.strerror}.") from e
    none = np.zeros((2 if layout == "stereo" else 1, 0), np.float32)
    return np.concatenate([none, *parts], axis=1, dtype=np.float32)


def blank(n: int, channels: int) -> Samples:
    """Silence on disk, to be written into: [n, channels]. Raises NotReady where there is no room for it."""
    size = max(4, 4 * n * channels)
    with room_for(size), tempfile.TemporaryFile() as out:  # goes when nobody looks at it any more
        if hasattr(os, "posix_fallocate"):
            # Of a file with holes a full disk is found out while it is written through memory, and that ends the process.
            os.posix_fallocate(out.fileno(), 0, size)
        else:
            out.truncate(size)
        return np.memmap(out, np.float32, "r+", shape=(n, channels))


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """While sound of so many bytes is put on disk. Raises NotReady where the folder for temporary files is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        folder, much = tempfile.gettempdir(), f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
        raise NotReady(
            f"the folder for temporary files, {folder}, has no room for {much} of sound.", missing=(folder,),
            how="Make room there, or name a folder on another disk in TMPDIR; docs/dubbing.md says how much a long video needs.",
        ) from error  # fmt: skip


def let_go(samples: npt.NDArray[Any]) -> None:
    """Give back the memory that an array on disk has taken by being read or written; its content stays."""
    base: Any = samples
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.base
    if base is not None and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def resampled(samples: Samples, rate: int, to: int) -> Samples:
    """Mono float32 samples [n] at another rate in Hz, in time to a sample. Not for a stream's pieces: each call starts anew."""
    if rate == to or not len(samples):
        return samples.astype(np.float32, copy=False)
    # swresample keeps back what its filter still needs; silence behind the sound pushes all of it out.
    padded = np.concatenate([samples, np.zeros(rate // 10, np.float32)]).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(padded[None, :], format="flt", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="flt", layout="mono", rate=to)
    parts = [r.to_ndarray()[0] for r in (*resampler.resample(frame), *resampler.resample(None))]
    return np.concatenate(parts)[: round(len(samples) * to / rate)].astype(np.float32)


@dataclass(frozen=True)
class Loudness:
    """EBU R128: integrated loudness in LUFS and true peak in dBTP."""

    integrated: float
    true_peak: float


def loudness(path: str | Path) -> Loudness:
    """Measure a file's first audio stream by ffmpeg's ebur128."""
    graph = ffmpeg.input(file(path)).audio.filter("ebur128", peak="true", framelog="quiet").output("pipe:", format="null")
    report = run(graph, f"measuring the loudness of {path}").decode("utf-8", "replace")
    summary = report[report.rfind("Summary:") :]
    integrated = re.search(r"I:\s+(-?[\d.]+|-inf) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+|-inf) dBFS", summary)
    if not integrated or not peak:
        raise MediaError(f"measuring the loudness of {path} failed: no summary")
    return Loudness(float(integrated.group(1)), float(peak.group(1)))


def measured(samples: Samples) -> Loudness:
    """The loudness of 48 kHz samples [n] or [n, 2] as `loudness` finds it in a file, within 0.1 LU: by ITU-R BS.1770-4."""
    square, peaks = _looked(_channels(samples))
    return Loudness(_gated(square), _decibels(float(peaks.max(initial=0.0))))


def integrated(samples: Samples) -> float:
    """The loudness of 48 kHz samples [n] or [n, 2] in LUFS, as `measured` has it; -inf for silence."""
    return _integrated(_channels(samples))


def leveled(samples: Samples, to: float) -> Samples:
    """Samples [n] or [n, 2] at an integrated loudness in LUFS; silence stays as it is."""
    level = integrated(samples)
    return samples * np.float32(_ratio(to - level)) if np.isfinite(level) else samples


def mix(speech: Samples, bed: Samples | None = None, effects: Samples | None = None, under: Samples | None = None) -> Samples:
    """Mix speech [n] with a bed [m, 2] at `BED`, looped and ducked, with `effects` [n, 2] as they are, and with what lies `under` the
    speech [n, 2], ducked: [n, 2] at `RATE`.

    The speech is brought to `VOICE` first, so that all else stands to every voice alike. What is ducked drops by `DUCK` a moment
    before somebody speaks and comes back within half a second; the bed fades out at the end.
    """
    n = len(speech)
    voice = leveled(speech, VOICE)
    out = np.repeat(voice[:, None], 2, axis=1)
    looped = bed is not None and len(bed) > 0
    gain = _ducked(voice) if looped or under is not None else np.ones(0, np.float32)
    if under is not None:
        out += under * gain[:, None]
    if bed is not None and looped:
        last = min(n, round(0.8 * RATE))
        gain[n - last :] *= np.linspace(1, 0, last, dtype=np.float32)
        for start in range(0, n, len(bed)):
            part = gain[start : start + len(bed), None]
            out[start : start + len(bed)] += bed[: len(part)] * part
    if effects is not None:
        out += effects
    return out


def master(mixed: Samples) -> Samples:
    """Bring a mix [n, 2] to `LOUDNESS` by one gain and a true-peak limiter at `PEAK`. A second look gives back what limiting took."""
    both = _channels(mixed)
    square, peaks = _looked(both)
    level = _gated(square)
    if not np.isfinite(level):
        return mixed
    gain = LOUDNESS - level
    for _ in range(4):
        curve, applied = _limiting(peaks, _ratio(PEAK - gain)), gain
        # The curve is slow beside what is weighted: the weighted sound, limited, is as loud as the limited sound, weighted.
        missing = LOUDNESS - gain - _gated(square * curve**2)
        if abs(missing) <= 0.02:
            break
        gain += missing
    curve *= np.float32(_ratio(applied))
    return np.ascontiguousarray((both * curve).T)


def _ducked(voice: Samples) -> Samples:
    """A bed's gain at each sample under a voice [n]: down before a word, up after the pause behind it."""
    cell = RATE // 100
    power = np.add.reduceat(voice**2, np.arange(0, len(voice), cell)).astype(np.float64) / cell
    heard = 10 * np.log10(power + 1e-12)
    # A voice is there from 30 dB under its own loud parts on, and fully 10 dB above that.
    speaking = np.clip((heard - (np.percentile(heard, 95) - 30)) / 10, 0, 1) if power.max() > 1e-9 else np.zeros(len(heard))
    # The highest of the next 80 ms and of the last 250: gaps between words are no pauses, and the bed is down when a word begins.
    around = np.lib.stride_tricks.sliding_window_view(np.pad(speaking, (25, 8)), 34).max(axis=1)
    bell = np.hanning(21)[1:-1]
    eased = np.convolve(np.pad(around, 9, mode="edge"), bell / bell.sum(), mode="valid")
    return _each_sample(10 ** (-DUCK * eased / 20), cell, len(voice))


def _limiting(peaks: Samples, ceiling: float) -> Samples:
    """The gain at each sample that keeps true peaks [n] under a ceiling: down within 4 ms ahead of a peak, back in about 80."""
    cell = RATE // 1000
    highest = np.maximum.reduceat(peaks, np.arange(0, len(peaks), cell))
    return _each_sample(limits(highest, ceiling), cell, len(peaks))


def limits(highest: npt.NDArray[Any], ceiling: float) -> npt.NDArray[np.float64]:
    """The gain in each millisecond that keeps its highest peak [n] under a ceiling: [n]."""
    return next(limits_by_parts([highest], ceiling))[1:-1]


def limits_by_parts(parts: Iterable[npt.NDArray[Any]], ceiling: float) -> Iterator[npt.NDArray[np.float64]]:
    """`limits` of peaks that come in parts [n], all but the last of `REACH` at least: for each its gains and those next to it on both
    sides, the outermost ones twice: [n + 2]. They are given as soon as the next part was taken."""
    before, here, now = np.ones(0), np.ones(0), 1.0
    for part in parts:
        ahead = _held(part, ceiling, now)
        now = float(ahead[-1])
        if len(here):
            yield _evened(before, here, ahead[:REACH])
        before, here = here[-REACH:], ahead
    if len(here):
        yield _evened(before, here, np.ones(0))


def _held(highest: npt.NDArray[Any], ceiling: float, now: float) -> npt.NDArray[np.float64]:
    """Gains that go down at once and come back slowly, from where they are `now`."""
    held = []
    for gain in np.minimum(1.0, ceiling / np.maximum(highest, 1e-9)).tolist():
        now = min(gain, now + (1 - now) * 0.035)
        held.append(now)
    return np.array(held)


def _evened(before: npt.NDArray[np.float64], here: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What is held `here` [n], smooth, and a cell more on both sides: [n + 2]."""
    held = np.concatenate([before, here, after])
    # Each is the lowest of the three on its sides, then the mean of five: no sample is left with more than its cell may have.
    lowest = np.lib.stride_tricks.sliding_window_view(np.pad(held, 3, constant_values=1.0), 7).min(axis=1)
    even = np.convolve(np.pad(lowest, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    return np.pad(even, 1, mode="edge")[len(before) : len(before) + len(here) + 2]


def _each_sample(values: npt.NDArray[np.float64], cell: int, n: int) -> Samples:
    """Values of cells of so many samples as a line through the cells' middles: [n]."""
    middles, out = np.arange(len(values)) * cell + cell / 2, np.empty(n, np.float32)
    for start in range(0, n, BLOCK):
        out[start : start + BLOCK] = np.interp(np.arange(start, min(n, start + BLOCK)), middles, values)
    return out


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))


def _decibels(ratio: float) -> float:
    return float(20 * np.log10(ratio)) if ratio > 0 else -np.inf


def _channels(samples: Samples) -> Samples:
    """[n] or [n, 2] as [2, n]: mono is heard from both sides."""
    return samples.T if samples.ndim == 2 else np.broadcast_to(samples, (2, len(samples)))


BLOCK, MARGIN = 1 << 17, 1 << 13  # samples: filtering goes by blocks, so that its memory does not grow with the sound
Response = npt.NDArray[np.complex64]


def _filtered(x: Samples, responses: list[Response]) -> Iterator[tuple[slice, list[Samples]]]:
    """Sound [2, n] through filters given by their responses at a block's frequencies: where, and what each filter makes of it."""
    step = BLOCK - 2 * MARGIN
    for start in range(0, x.shape[1], step):
        piece = np.zeros((2, BLOCK), np.float32)
        left, right = max(0, start - MARGIN), min(x.shape[1], start + step + MARGIN)
        piece[:, left - start + MARGIN : right - start + MARGIN] = x[:, left:right]
        spectrum = np.fft.rfft(piece)
        length = min(step, x.shape[1] - start)
        made = [np.fft.irfft(spectrum * r, BLOCK).astype(np.float32, copy=False) for r in responses]
        yield np.s_[start : start + length], [m[:, MARGIN : MARGIN + length] for m in made]


@cache
def _k_weighting() -> Response:
    """BS.1770's shelf for the head and its high pass, by their coefficients for 48 kHz."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(BLOCK))
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (1 - 1.69065929318241 * z + 0.73248077421585 * z**2)
    rumble = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(shelf * rumble, np.complex64)


@cache
def _between() -> tuple[Response, ...]:
    """What moves a sound by a quarter, a half and three quarters of a sample: peaks between samples count."""
    f = np.fft.rfftfreq(BLOCK)
    return tuple(np.exp(2j * np.pi * f * part).astype(np.complex64) for part in (0.25, 0.5, 0.75))


def _integrated(x: Samples) -> float:
    """LUFS of [2, n] at 48 kHz; -inf for silence."""
    square = np.empty(x.shape[1], np.float32)
    for where, (weighted,) in _filtered(x, [_k_weighting()]):
        square[where] = (weighted**2).sum(axis=0)
    return _gated(square)


def _gated(square: Samples) -> float:
    """LUFS of the squares of K-weighted sound [n], gated at -70 LUFS and 10 LU under the mean; -inf for silence."""
    tenth = RATE // 10
    if len(square) < 4 * tenth:
        power = square.mean(keepdims=True, dtype=np.float64) if len(square) else np.zeros(1)
    else:
        cells = square[: len(square) // tenth * tenth].reshape(-1, tenth).mean(axis=1, dtype=np.float64)
        power = (cells[:-3] + cells[1:-2] + cells[2:-1] + cells[3:]) / 4
    power = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(power):
        return -np.inf
    return float(-0.691 + 10 * np.log10(power[power > power.mean() / 10].mean()))


def _looked(x: Samples) -> tuple[Samples, Samples]:
    """The squares of [2, n], K-weighted, and the true peak at each sample, the highest of it and of three points between it and the
    next: [n] each, by one pass of filters."""
    square, highest = np.empty(x.shape[1], np.float32), np.zeros(x.shape[1], np.float32)
    for where, (weighted, *moved) in _filtered(x, [_k_weighting(), *_between()]):
        square[where] = (weighted**2).sum(axis=0)
        for part in (x[:, where], *moved):
            np.maximum(highest[where], np.abs(part).max(axis=0), out=highest[where])
    return square, highest


# ---- picture

BT709 = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}


Coder = Literal["x264", "nvenc", "videotoolbox"]
HARDWARE: tuple[Coder, ...] = ("nvenc", "videotoolbox")


@dataclass(frozen=True)
class Encoding:
    """How frames become H.264: size in pixels, frames a second (a fraction, where it is 30000/1001), x264's crf and preset, threads
    (0: x264's own choice), and the encoder; `auto` takes the machine's own where it works. One machine's x264 gives the same bytes
    only for the same threads."""

    width: int = 1080
    height: int = 1920
    fps: int | Fraction = 30
    crf: int = 22
    preset: str = "faster"
    threads: int = 0
    encoder: Literal["auto", "x264", "nvenc", "videotoolbox"] = "x264"

    def source(self) -> dict[str, Any]:
        """How ffmpeg is told of raw I420 frames. Their colours are named: unnamed ones would be taken for BT.601 and
        converted, each frame of them."""
        return {"format": "rawvideo", "pix_fmt": "yuv420p", "s": f"{self.width}x{self.height}", "framerate": self.fps, **BT709}

    def options(self) -> dict[str, Any]:
        """ffmpeg's options of the video stream. Raises NotReady where the encoder that is asked for does not work."""
        return _options(self, coder(self.encoder))


def _options(e: Encoding, by: Coder) -> dict[str, Any]:
    # The others' scales are not x264's. These were set from what people report, a little to the better side; no machine with
    # either was at hand. benchmarks/render.py compares them by VMAF on a machine that has one.
    own: dict[Coder, dict[str, Any]] = {
        "x264": {
            "c:v": "libx264", "preset": e.preset, "crf": e.crf, "threads": e.threads,
            "x264-params": "8x8dct=1",  # High in name and fact: the preset ultrafast would drop to Baseline
        },
        "nvenc": {"c:v": "h264_nvenc", "preset": "p5", "tune": "hq", "rc": "vbr", "cq": e.crf + 3, "b:v": 0, "bf": 2, "spatial-aq": 1},
        "videotoolbox": {"c:v": "h264_videotoolbox", "q:v": min(100, max(1, 109 - 2 * e.crf))},
    }  # fmt: skip
    return {**own[by], "profile:v": "high", "g": round(e.fps * 2), "pix_fmt": "yuv420p", **BT709}


def coder(asked: str) -> Coder:
    """What encodes: of `auto` the first of the machine's own encoders that works, else x264.

    Raises NotReady where one is asked for by name and does not work."""
    if asked == "x264":
        return "x264"
    for name in HARDWARE:
        if asked in ("auto", name) and not _refused(ffmpeg_exe(), name):
            return name
    if asked == "auto":
        return "x264"
    why = _refused(ffmpeg_exe(), next(name for name in HARDWARE if name == asked))
    raise NotReady(f"the encoder {asked} does not work here: {why}", missing=(asked,), how="encoder: auto")


@cache
def _refused(exe: str, name: Coder) -> str:
    """Why this ffmpeg can't encode by the hardware, "" if it can. Five frames are encoded: builds name encoders that the machine
    has no device or driver for."""
    encoding = Encoding(encoder=name)
    command = [exe, "-hide_banner", "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s=1080x1920:r={encoding.fps}"]
    command += ["-frames:v", "5", *(word for option, value in _options(encoding, name).items() for word in (f"-{option}", str(value)))]
    try:
        done = subprocess.run([*command, "-f", "null", "-"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[:1]  # what follows it is what it led to
    return (reason[0] if reason else f"ffmpeg ended with {done.returncode}") if done.returncode else ""


def threads(workers: int) -> int:
    """x264's threads for each of `workers` clips that are made at once, so that together they do not ask for more than there is:
    composing a clip is a thread of its own. 0, x264's own choice, for a single one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if workers <= 1 else max(1, cores // workers)


class _Stopped(Exception):
    """The encoder takes no more frames."""


class Feed:
    """Frames on their way to an encoder: `write` takes one and returns, a thread of its own hands it to the pipe.

    So the next frame is composed while the encoder takes this one. At most `RING` frames lie in between, all of one size."""

    RING = 4

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._full: SimpleQueue[int | None] = SimpleQueue()
        self._free: SimpleQueue[int] = SimpleQueue()
        for slot in range(self.RING):
            self._free.put(slot)
        self._next: int | None = None  # the slot that is filled now
        self._size = 0
        self._file: int | None = None  # where the frames' memory is a file, its pages go into the pipe uncopied
        self._memory = memoryview(b"")
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="encoder feed", daemon=True)
        self._thread.start()

    def write(self, frame: bytes | memoryview) -> None:
        """Take a frame; the caller may use its buffer again. Waits while the encoder is slower than who composes."""
        room = self.room(len(frame))
        if not np.may_share_memory(np.frombuffer(frame, np.uint8), np.frombuffer(room, np.uint8)):
            room[:] = frame
        self._full.put(self._next)
        self._next = None

    def room(self, size: int) -> memoryview:
        """Memory for the next frame's `size` bytes: what is composed there and then written is not copied. Waits as `write` does."""
        if self._next is None:
            self._next = self._free.get()
        if self._failed:
            raise _Stopped
        if not self._size:
            self._size = size
            self._file = _pages(self.RING * self._size) if self._size >= PIPE else None
            self._memory = memoryview(mmap.mmap(-1 if self._file is None else self._file, self.RING * self._size))
        return self._memory[self._next * self._size : (self._next + 1) * self._size]

    def finish(self) -> None:
        """Wait until all frames are written."""
        self.stop()
        if self._failed:
            raise _Stopped

    def stop(self) -> None:
        """End the thread. Only to be called when the pipe's other end reads or is closed."""
        self._full.put(None)
        self._thread.join()
        if self._file is not None:
            os.close(self._file)
            self._file = None
        with suppress(OSError):
            self._pipe.close()

    def _run(self) -> None:
        # After a failure slots are still handed back, or who composes would wait for one for ever.
        before: int | None = None
        while (slot := self._full.get()) is not None:
            if not self._failed:
                try:
                    self._send(slot)
                except OSError:
                    self._failed = True
            # The pipe may still hold pages of this frame, but of none before it, as it holds less than a frame.
            if before is not None:
                self._free.put(before)
            before = slot

    def _send(self, slot: int) -> None:
        at, end = slot * self._size, (slot + 1) * self._size
        if sys.platform == "linux" and self._file is not None:
            while at < end:
                at += os.splice(self._file, self._pipe.fileno(), end - at, offset_src=at)
        else:
            self._pipe.write(self._memory[at:end])


def _pages(size: int) -> int | None:
    """A file of a size in memory only, None where the system has none."""
    if sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it
            file = os.memfd_create("frames")
            os.truncate(file, size)
            return file
    return None


@contextmanager
def encoder(out: Path, encoding: Encoding, audio: Path | None, tags: Mapping[str, str]) -> Iterator[Feed]:
    """The one encode of a clip: write I420 frames (BT.709, limited range) to what this yields.

    H.264 High yuv420p and AAC 48 kHz in an MP4 with its index first; `tags` become the file's metadata.
    """
    video = ffmpeg.input("pipe:0", **encoding.source()).video
    streams = [video] + ([ffmpeg.input(file(audio)).audio] if audio else [])
    options = encoding.options()
    if audio:
        # ffmpeg's default coder (twoloop) raised the peaks of tonal speech by up to 2.7 dB at 160 kbit/s, this one by 0.1.
        options |= {"c:a": "aac", "b:a": "192k", "aac_coder": "fast", "ar": RATE, "ac": 2}
    command = _to_mp4(streams, out, options, tags)
    with tempfile.TemporaryFile() as words:
        # Its words go to a file: a pipe that nobody reads while frames are written could fill up.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words)
        assert process.stdin is not None
        feed: Feed | None = None

        def said() -> MediaError:
            words.seek(0)
            return MediaError(f"encoding {out.name} failed: {_last_words(words.read())}")

        try:
            _widen(process.stdin)
            feed = Feed(process.stdin)
            yield feed
            feed.finish()
            if process.wait():
                raise said()
        except _Stopped:
            process.wait()
            raise said() from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if feed is not None:
                feed.stop()
            else:
                process.stdin.close()


def _widen(pipe: IO[bytes]) -> None:
    """A frame is 3 MB and a pipe holds 64 KB: with 1 MB, writer and encoder take turns 16 times less often."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # a user's pipes may hold only so much together
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)


def remux(source: Path, out: Path, tags: Mapping[str, str]) -> None:
    """Write the same picture and sound, packet for packet, into an MP4 with other metadata; its index is first."""
    stream = ffmpeg.input(file(source))
    command = _to_mp4([stream.video, stream.audio] if probe(source).audio_codec else [stream.video], out, {"c": "copy"}, tags)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise MediaError(f"writing {out.name} failed: {_last_words(done.stderr)}")


def _to_mp4(streams: list[Any], out: Path, options: Mapping[str, Any], tags: Mapping[str, str]) -> list[str]:
    """The command that writes streams as an MP4 with its index first and with these tags only."""
    options = {**options, "movflags": "+faststart+use_metadata_tags", "map_metadata": -1, "fflags": "+bitexact"}
    graph = ffmpeg.output(*streams, file(out), format="mp4", **options)
    command: list[str] = ffmpeg.compile(graph.global_args("-hide_banner", "-loglevel", "error"), cmd=ffmpeg_exe(), overwrite_output=True)
    # ffmpeg-python has no way to give one option twice.
    at = command.index(file(out))
    command[at:at] = [word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")]
    return command


@dataclass(frozen=True)
class Facts:
    """What a finished file is. Times in seconds; `index_first` tells that it can start playing before it has all come."""

    width: int
    height: int
    fps: float
    codec: str
    profile: str
    pixels: str
    colours: int
    audio_codec: str
    audio_rate: int
    audio_channels: int
    duration: float
    video_start: float
    audio_start: float
    index_first: bool
    tags: dict[str, str]


def probe(path: str | Path) -> Facts:
    """The facts of a video file. Raises UserError if it can't be read or has no picture."""
    try:
        with av.open(file(path), metadata_errors="replace") as c:
            if not c.streams.video:
                raise UserError(f"{path} has no picture.")
            v = c.streams.video[0]
            a = c.streams.audio[0] if c.streams.audio else None
            return Facts(
                width=v.width, height=v.height, fps=float(v.average_rate or 0), codec=v.codec_context.name,
                profile=v.codec_context.profile or "", pixels=v.pix_fmt or "", colours=int(v.codec_context.colorspace),
                audio_codec=a.codec_context.name if a else "", audio_rate=a.rate if a else 0, audio_channels=a.channels if a else 0,
                duration=(c.duration or 0) / 1e6, video_start=_start(v), audio_start=_start(a) if a else 0.0,
                index_first=_index_first(Path(path)), tags=dict(c.metadata),
            )  # fmt: skip
    except av.FFmpegError as e:
        raise UserError(f"{path} can't be read as a video: {e.strerror}.") from e


def _start(stream: Any) -> float:
    return float((stream.start_time or 0) * stream.time_base)


def _index_first(path: Path) -> bool:
    """Whether an MP4's `moov` box comes before its `mdat`."""
    with path.open("rb") as f:
        while head := f.read(8):
            size, kind = int.from_bytes(head[:4], "big"), head[4:]
            if kind in (b"moov", b"mdat"):
                return kind == b"moov"
            if size < 8:
                break
            f.seek(size - 8, 1)
    return False


def frame_at(path: str | Path, seconds: float) -> npt.NDArray[np.uint8]:
    """The frame shown at a time: RGB [height, width, 3]."""
    with av.open(file(path), metadata_errors="replace") as c:
        stream = c.streams.video[0]
        assert stream.time_base is not None
        c.seek(int(seconds / stream.time_base), stream=stream)
        shown: av.VideoFrame | None = None
        for frame in c.decode(stream):
            if shown is not None and frame.time is not None and frame.time > seconds + 1e-6:
                break
            shown = frame
        if shown is None:
            raise UserError(f"{path} has no frame at {seconds:.2f} s.")
        return shown.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
