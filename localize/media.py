"""Sound and picture files: encode, mix, measure, probe. ffmpeg is driven by ffmpeg-python, probing is PyAV's.

Every path reaches ffmpeg behind `file:`, so that no name can be read as an option or a protocol.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import av
import ffmpeg
import numpy as np
import numpy.typing as npt

from localize.errors import NotReady, UserError

RATE = 48_000  # Hz of all sound
LOUDNESS = -14.0  # LUFS integrated
# AAC moves peaks by a few tenths: the mix is limited a little below the -1.5 dBTP that the finished file keeps.
PEAK = -2.4  # dBTP
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
    pcm = (np.clip(samples, -1, 1) * 32767).round().astype("<i2")
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(pcm.tobytes())


def read_wav(path: str | Path) -> tuple[Samples, int]:
    """Read a 16-bit PCM WAV that `write_wav` made: samples [n] or [n, channels], and the rate in Hz."""
    with wave.open(str(path), "rb") as w:
        pcm = np.frombuffer(w.readframes(w.getnframes()), "<i2").astype(np.float32) / np.float32(32768)
        return (pcm.reshape(-1, w.getnchannels()) if w.getnchannels() > 1 else pcm), w.getframerate()


def read_audio(path: str | Path, rate: int = RATE) -> Samples:
    """Decode any file's first audio stream to mono float32 [n] at `rate` Hz. Raises UserError if it has none."""
    try:
        with av.open(file(path)) as container:
            if not container.streams.audio:
                raise UserError(f"{path} has no sound.")
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
            parts = [r.to_ndarray()[0] for frame in container.decode(audio=0) for r in resampler.resample(frame)]
            parts += [r.to_ndarray()[0] for r in resampler.resample(None)]
    except av.FFmpegError as e:
        raise UserError(f"{path} can't be read as sound or video: {e.strerror}.") from e
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


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


def mix(speech: Path, music: Path | None, duration: float, out: Path, *, effects: Path | None = None) -> Loudness:
    """Mix mono speech with a looped, ducked stereo bed to `LOUDNESS`, no peak above `PEAK`: a 48 kHz stereo WAV.

    The bed drops by about 10 dB while somebody speaks and comes back within half a second. `effects` are laid
    over as they are.
    """
    voice = (
        ffmpeg.input(file(speech))
        .audio.filter("aresample", RATE)
        .filter("aformat", channel_layouts="stereo")
        .filter("apad", whole_dur=duration)
    )
    parts = [voice]
    if music:
        split = voice.filter_multi_output("asplit", 2)
        bed = (
            ffmpeg.input(file(music), stream_loop=-1)
            .audio.filter("aresample", RATE)
            .filter("atrim", duration=duration)
            .filter("volume", "-9dB")
            .filter("afade", type="out", start_time=max(0.0, duration - 0.8), duration=0.8)
        )
        ducked = ffmpeg.filter([bed, split[1]], "sidechaincompress", threshold=0.02, ratio=8, attack=15, release=450, knee=4)
        parts = [split[0], ducked]
    if effects:
        parts.append(ffmpeg.input(file(effects)).audio.filter("aresample", RATE).filter("apad", whole_dur=duration))
    mixed = ffmpeg.filter(parts, "amix", inputs=len(parts), normalize=0, duration="longest") if len(parts) > 1 else parts[0]
    raw = out.with_suffix(".raw.wav")
    try:
        run(mixed.filter("atrim", duration=duration).output(file(raw), acodec="pcm_f32le", ar=RATE), "mixing the sound")
        return _master(raw, out)
    finally:
        raw.unlink(missing_ok=True)


def _master(raw: Path, out: Path) -> Loudness:
    """Bring a mix to the target by one gain and a true-peak limiter; a second look corrects what limiting took away."""
    gain = LOUDNESS - loudness(raw).integrated
    for _ in range(3):
        # Limited at four times the rate: peaks between samples count.
        graph = (
            ffmpeg.input(file(raw))
            .audio.filter("volume", f"{gain:.2f}dB")
            .filter("aresample", 4 * RATE)
            .filter("alimiter", limit=f"{10 ** (PEAK / 20):.4f}", attack=4, release=60, level=0, latency=1)
            .filter("aresample", RATE)
        )
        run(graph.output(file(out), acodec="pcm_s16le", ar=RATE), "mastering the sound")
        got = loudness(out)
        if abs(got.integrated - LOUDNESS) <= 0.3:
            break
        gain += LOUDNESS - got.integrated
    return got


# ---- picture

BT709 = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}


@dataclass(frozen=True)
class Encoding:
    """How frames become H.264: size in pixels, frames a second, x264's crf and preset, threads (0: its own choice)."""

    width: int = 1080
    height: int = 1920
    fps: int = 30
    crf: int = 22
    preset: str = "faster"
    threads: int = 0

    def source(self) -> dict[str, Any]:
        """How ffmpeg is told of raw I420 frames. Their colours are named: unnamed ones would be taken for BT.601 and
        converted, each frame of them."""
        return {"format": "rawvideo", "pix_fmt": "yuv420p", "s": f"{self.width}x{self.height}", "framerate": self.fps, **BT709}

    def options(self) -> dict[str, Any]:
        """ffmpeg's options of the video stream."""
        return {
            "c:v": "libx264", "profile:v": "high", "preset": self.preset, "crf": self.crf, "g": self.fps * 2, "pix_fmt": "yuv420p",
            "x264-params": "8x8dct=1",  # High in name and fact: the preset ultrafast would drop to Baseline
            "threads": self.threads, **BT709,
        }  # fmt: skip


@contextmanager
def encoder(out: Path, encoding: Encoding, audio: Path | None, tags: Mapping[str, str]) -> Iterator[IO[bytes]]:
    """The one encode of a clip: write I420 frames (BT.709, limited range) to what this yields.

    H.264 High yuv420p and AAC 48 kHz in an MP4 with its index first; `tags` become the file's metadata.
    """
    video = ffmpeg.input("pipe:0", **encoding.source()).video
    streams = [video] + ([ffmpeg.input(file(audio)).audio] if audio else [])
    options = encoding.options() | {"movflags": "+faststart+use_metadata_tags", "map_metadata": -1, "fflags": "+bitexact"}
    if audio:
        # ffmpeg's default coder (twoloop) raised the peaks of tonal speech by up to 2.7 dB at 160 kbit/s, this one by 0.1.
        options |= {"c:a": "aac", "b:a": "192k", "aac_coder": "fast", "ar": RATE}
    graph = ffmpeg.output(*streams, file(out), format="mp4", **options)
    command = ffmpeg.compile(graph.global_args("-hide_banner", "-loglevel", "error"), cmd=ffmpeg_exe(), overwrite_output=True)
    # ffmpeg-python has no way to give one option twice.
    at = command.index(file(out))
    command[at:at] = [word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stderr is not None
    if sys.platform == "linux":
        # A frame is 3 MB and a pipe holds 64 KB: with 1 MB, writer and encoder take turns 16 times less often.
        import fcntl

        fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, 1 << 20)
    try:
        yield process.stdin
        process.stdin.close()
        words = process.stderr.read()
        if process.wait():
            raise MediaError(f"encoding {out.name} failed: {_last_words(words)}")
    except BrokenPipeError as broken:
        raise MediaError(f"encoding {out.name} failed: {_last_words(process.stderr.read())}") from broken
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


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
        with av.open(file(path)) as c:
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
    with av.open(file(path)) as c:
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
