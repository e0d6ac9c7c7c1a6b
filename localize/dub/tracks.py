"""The dubbed file: a video's own pictures, packet for packet, with other sounds and subtitles beside them, as an MP4."""

from __future__ import annotations

import heapq
import io
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from localize.errors import UserError
from localize.film import CONTAINERS, Film
from localize.media.command import MediaError, ffmpeg_exe, file

ISO_639_2 = {"th": "tha", "vi": "vie", "id": "ind", "zh": "zho", "en": "eng"}
# Codecs that players take from an MP4; MPEG-1 and 2 may lie in one, but hardly any phone shows them.
CODECS = ("h264", "hevc", "av1", "vp9", "mpeg4")


@dataclass(frozen=True)
class Heard:
    """A sound track to be: the first of a file's, its language (two letters) and title, and whether it is the one to be played; `track`
    is another one of the file's. Its clock begins with its own file's pictures, if there are some."""

    path: Path
    language: str
    title: str = ""
    default: bool = False
    track: int = 0


@dataclass(frozen=True)
class Subtitles:
    """A subtitle track to be: an .srt file, its language (two letters) and title."""

    path: Path
    language: str
    title: str = ""


def can_be_copied(video: Path) -> str:
    """Why a video's pictures can't be put into an MP4 as they are, for a seller to read; "" where they can."""
    film = Film(video)
    with film.opened() as (container, stream):
        codec = stream.codec_context
        if codec.name not in CODECS:
            return f"its pictures are {codec.name}, which players do not take from an MP4"
        if codec.name in ("h264", "hevc") and bytes(codec.extradata or b"")[:1] != b"\1":
            return f"its {codec.name} is laid out for broadcast and not for files"
        for number, packet in enumerate(container.demux(stream)):
            if packet.size and (packet.pts is None or (packet.dts is None and number > 16)):
                return "its pictures have no times of their own"
            if number == 100:
                break
    return ""


def unheld(video: Path, track: int) -> str:
    """Why a video's sound track (counted from 0) can't be put into an MP4 as it is, for a seller to read; "" where it can, or there is
    none."""
    with _opened(video) as container, av.open(io.BytesIO(), "w", format="mp4") as made:
        if track >= len(container.streams.audio):
            return ""
        stream = container.streams.audio[track]
        try:
            made.add_stream_from_template(stream)
        except ValueError:
            return f"an MP4 can't hold {stream.codec_context.name}"
    return ""


def write(
    out: Path, picture: Path, sounds: Sequence[Heard] = (), subtitles: Sequence[Subtitles] = (), tags: Mapping[str, str] | None = None
) -> None:  # fmt: skip
    """Write an MP4 with its index first: a video's pictures as they are (turned as they were, at the same times from the first one on),
    sounds and subtitles in this order, and these tags only. Raises UserError where the pictures can't be copied."""
    if reason := can_be_copied(picture):
        raise UserError(f"{picture} can't be dubbed without encoding its pictures: {reason}.")
    options = {"movflags": "+faststart+use_metadata_tags", "fflags": "+bitexact"}
    with ExitStack() as open_files:
        film = Film(picture)
        containers = [open_files.enter_context(_opened(sound.path)) for sound in sounds]
        for sound, container in zip(sounds, containers, strict=True):
            if not 0 <= sound.track < len(container.streams.audio):
                raise UserError(f"{sound.path} has no sound track {sound.track + 1}.")
        if sounds:  # a track that starts late does so to the sample
            options["movie_timescale"] = str(containers[0].streams.audio[sounds[0].track].rate)
        made = open_files.enter_context(av.open(file(out), "w", format="mp4", options=options))
        made.metadata.update(tags or {})
        container, stream = open_files.enter_context(film.opened())
        flows = [_flow(made, container, stream, film.origin or 0.0)]
        if stream.codec_context.name == "hevc":
            made.streams[0].codec_context.codec_tag = "hvc1"  # what Apple's players ask for, where the file itself has all headers
        for sound, container in zip(sounds, containers, strict=True):
            origin = (Film(sound.path).origin or 0.0) if container.streams.video else 0.0
            flows.append(_flow(made, container, container.streams.audio[sound.track], origin))
            _named(made.streams[-1], sound.language, sound.title, 1 if sound.default else 0)
        folder = Path(open_files.enter_context(tempfile.TemporaryDirectory()))
        for k, lines in enumerate(subtitles):
            container = open_files.enter_context(_opened(_mov_text(lines.path, folder / f"{k}.mp4")))
            flows.append(_flow(made, container, container.streams.subtitles[0], 0.0))
            _named(made.streams[-1], lines.language, lines.title, 0)
        try:
            # In the order of their times, so that no player has to look for one track's packets far from another's.
            for _, _, packet in heapq.merge(*flows, key=lambda timed: timed[:2]):
                made.mux(packet)
        except av.FFmpegError as error:
            raise MediaError(f"writing {out.name} failed: {error.strerror}") from error


def _flow(made: Any, container: Any, stream: Any, origin: float) -> Iterator[tuple[float, int, av.Packet[Any]]]:
    """A stream's packets for the file that is made, with their times in s, counted from `origin`; the stream is put into the file."""
    try:
        into = made.add_stream_from_template(stream)
    except ValueError as error:
        codec = stream.codec_context.name
        message = f"{Path(container.name.removeprefix('file:')).name} has a track of {codec}, which an MP4 can't hold: leave it out"
        raise UserError(f"{message} (`original`), or convert the video to an MP4 first.") from error
    number, shift = into.index, round(Fraction(origin) / stream.time_base)
    # A FLV's pictures have no lengths, and an MP4 that ends where its last one begins is shown without it.
    usual = round(1 / (stream.average_rate * stream.time_base)) if stream.type == "video" and stream.average_rate else 0

    def packets() -> Iterator[tuple[float, int, av.Packet[Any]]]:
        waiting: list[av.Packet[Any]] = []  # Matroska does not say when the first ones are decoded
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                waiting.append(packet)
                if packet.dts is None:
                    continue
                for back, known in enumerate(reversed(waiting)):
                    known.dts = packet.dts - back * (packet.duration or 1)
                for known in waiting:
                    known.duration = known.duration or usual
                    known.pts, known.dts, known.stream = known.pts - shift, known.dts - shift, into
                    yield float(known.dts * stream.time_base), number, known
                waiting = []

    return packets()


def _named(stream: Any, language: str, title: str, disposition: int) -> None:
    stream.metadata["language"] = ISO_639_2.get(language, "und")
    if title:
        stream.metadata["handler_name"] = title  # players that show a title take it from here or from a box that ffmpeg warns of
    stream.disposition = disposition


def _opened(path: Path) -> Any:
    return av.open(file(path), options={"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}, metadata_errors="replace")


def _mov_text(lines: Path, out: Path) -> Path:
    """An .srt file as the subtitles of an MP4."""
    command = [ffmpeg_exe(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-copyts", "-f", "srt", "-i", file(lines)]
    done = subprocess.run(
        [*command, "-c:s", "mov_text", "-f", "mp4", file(out)], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        raise UserError(f"{lines} can't be read as subtitles: {done.stderr.decode('utf-8', 'replace').strip()[-200:]}")
    return out
