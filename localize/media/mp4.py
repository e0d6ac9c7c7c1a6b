"""MP4 files: frames and sound encoded once, as H.264 and AAC, and rewritten with other metadata without being encoded again."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

import ffmpeg

from localize.errors import NotReady
from localize.media.command import MediaError, ffmpeg_exe, file, last_words
from localize.media.feed import Feed, Stopped, widen
from localize.media.pcm import RATE
from localize.media.probing import probe

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
            return MediaError(f"encoding {out.name} failed: {last_words(words.read())}")

        try:
            widen(process.stdin)
            feed = Feed(process.stdin)
            yield feed
            feed.finish()
            if process.wait():
                raise said()
        except Stopped:
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


def remux(source: Path, out: Path, tags: Mapping[str, str]) -> None:
    """Write the same picture and sound, packet for packet, into an MP4 with other metadata; its index is first."""
    stream = ffmpeg.input(file(source))
    command = _to_mp4([stream.video, stream.audio] if probe(source).audio_codec else [stream.video], out, {"c": "copy"}, tags)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise MediaError(f"writing {out.name} failed: {last_words(done.stderr)}")


def _to_mp4(streams: list[Any], out: Path, options: Mapping[str, Any], tags: Mapping[str, str]) -> list[str]:
    """The command that writes streams as an MP4 with its index first and with these tags only."""
    options = {**options, "movflags": "+faststart+use_metadata_tags", "map_metadata": -1, "fflags": "+bitexact"}
    graph = ffmpeg.output(*streams, file(out), format="mp4", **options)
    command: list[str] = ffmpeg.compile(graph.global_args("-hide_banner", "-loglevel", "error"), cmd=ffmpeg_exe(), overwrite_output=True)
    # ffmpeg-python has no way to give one option twice.
    at = command.index(file(out))
    command[at:at] = [word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")]
    return command
