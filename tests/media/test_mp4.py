"""Frames are encoded once, to what the platforms take; an encoder that fails is an error that says why, and none is left running."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from encodes import SMALL, TAGS, colour, encode, wav

from localize.clip.canvas import Frame
from localize.errors import NotReady
from localize.media import metering, mp4, pcm, probing
from localize.media.command import MediaError, ffmpeg_exe
from localize.media.mp4 import Encoding


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """An MP4's boxes at one level: kind, and where the content begins and ends."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        yield kind, start + 8, start + size
        start += size


def inside(data: bytes, *path: bytes) -> tuple[int, int]:
    """The content of the box at a path, as (begin, end)."""
    at = (0, len(data))
    for kind in path:
        at = next((a, b) for k, a, b in boxes(data, *at) if k == kind)
    return at


def metadata(data: bytes) -> dict[str, str]:
    """The keys and values of moov/udta/meta, as any reader of ISO 14496-12 and QuickTime metadata finds them."""
    parents = [kind for kind, _, _ in boxes(data, *inside(data, b"moov"))]
    begin, end = inside(data, b"moov", *([b"udta"] if b"udta" in parents else []), b"meta")
    if data[begin : begin + 4] == b"\0\0\0\0":
        begin += 4  # a full box has a version and flags
    parts = {k: (a, b) for k, a, b in boxes(data, begin, end)}
    names = [data[a:b].decode() for _, a, b in boxes(data, parts[b"keys"][0] + 8, parts[b"keys"][1])]
    found = {}
    for kind, a, b in boxes(data, *parts[b"ilst"]):
        _, value, stop = next(iter(boxes(data, a, b)))
        found[names[int.from_bytes(kind, "big") - 1]] = data[value + 8 : stop].decode()
    return found


def test_a_file_is_what_the_platforms_take(clip: Path) -> None:
    facts = probing.probe(clip)
    assert (facts.width, facts.height, facts.fps) == (64, 112, 30)
    assert (facts.codec, facts.profile, facts.pixels, facts.colours) == ("h264", "High", "yuv420p", 1)  # 1 is BT.709
    assert (facts.audio_codec, facts.audio_rate) == ("aac", 48_000)
    assert facts.duration == pytest.approx(1.5, abs=0.05)
    assert abs(facts.audio_start - facts.video_start) < 1 / 30
    assert facts.index_first


@pytest.mark.parametrize("preset", ["ultrafast", "medium"])
def test_every_preset_gives_the_profile_that_the_platforms_want(tmp_path: Path, preset: str) -> None:
    facts = probing.probe(encode(tmp_path / "a.mp4", 6, encoding=Encoding(64, 112, preset=preset)))
    assert (facts.profile, facts.pixels) == ("High", "yuv420p")


def test_colours_and_order_of_frames_survive(clip: Path) -> None:
    for k in (0, 7, 44):
        frame = probing.frame_at(clip, k / 30 + 0.001)
        assert frame.shape == (112, 64, 3)
        assert np.abs(frame.reshape(-1, 3).mean(axis=0) - colour(k)).max() <= 4  # a level of blue is half a level of chroma


def test_the_ai_label_in_the_metadata_comes_back_exactly(clip: Path) -> None:
    assert probing.probe(clip).tags["AIGC"] == TAGS["AIGC"]
    with av.open(str(clip)) as container:
        assert container.metadata["AIGC"] == TAGS["AIGC"]
    assert metadata(clip.read_bytes())["AIGC"] == TAGS["AIGC"]


def test_the_same_frames_give_the_same_file(tmp_path: Path) -> None:
    sound = wav(tmp_path / "a.wav")
    one, two = (encode(tmp_path / f"{n}.mp4", audio=sound, tags=TAGS, encoding=Encoding(64, 112, threads=1)) for n in "ab")
    assert one.read_bytes() == two.read_bytes()


def packets(path: Path) -> list[tuple[str, int | None, int | None, str]]:
    """Each packet of a file: of which stream, when, and the digest of what it holds."""
    with av.open(str(path)) as container:
        return [(p.stream.type, p.pts, p.dts, hashlib.sha256(bytes(p)).hexdigest()) for p in container.demux() if p.size]


def test_another_label_is_put_on_the_same_packets(tmp_path: Path, clip: Path) -> None:
    other = {"AIGC": TAGS["AIGC"].replace('"7"', '"8"'), "note": "für B"}
    for name in ("one.mp4", "two.mp4"):
        mp4.remux(clip, tmp_path / name, other)
    made = tmp_path / "one.mp4"
    assert packets(made) == packets(clip)
    before, after = probing.probe(clip), probing.probe(made)
    assert after.index_first
    assert (after.profile, after.pixels, after.colours, after.fps) == (before.profile, before.pixels, before.colours, before.fps)
    assert (after.duration, after.video_start, after.audio_start) == (before.duration, before.video_start, before.audio_start)
    assert {k: v for k, v in after.tags.items() if k in other} == other
    assert metadata(made.read_bytes())["AIGC"] == other["AIGC"]
    assert (tmp_path / "two.mp4").read_bytes() == made.read_bytes()
    mp4.remux(clip, tmp_path / "plain.mp4", {})
    assert "AIGC" not in probing.probe(tmp_path / "plain.mp4").tags


def test_a_file_that_can_not_be_remuxed_is_told_by_name(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(MediaError, match=r"b\.mp4 failed: .*No such file"):
        mp4.remux(clip, tmp_path / "missing" / "b.mp4", {})
    mp4.remux(encode(tmp_path / "silent.mp4", 3), tmp_path / "c.mp4", {})
    assert probing.probe(tmp_path / "c.mp4").audio_codec == ""


def test_a_file_without_sound_or_tags_is_fine(tmp_path: Path) -> None:
    facts = probing.probe(encode(tmp_path / "a.mp4", 3))
    assert (facts.audio_codec, facts.audio_rate) == ("", 0)
    assert "AIGC" not in facts.tags


@pytest.mark.parametrize("name", ["-y.mp4", "concat:a.mp4", "http:b.mp4", "a b'c.mp4", "pipe:1", "%03d.mp4", "ราคา.mp4"])
def test_no_name_is_taken_for_an_option_or_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    out = encode(Path(name), 6, audio=wav(Path(f"{name}.wav"), 0.3))
    assert (tmp_path / name).is_file()
    assert probing.probe(out).height == 112
    assert len(pcm.read_audio(out)) > 0
    assert probing.frame_at(out, 0).shape == (112, 64, 3)
    assert metering.loudness(out).true_peak < 0
    mp4.remux(out, Path(f"again {name}.mp4"), {"k": "v"})
    assert probing.probe(f"again {name}.mp4").tags["k"] == "v"


def test_an_encoder_that_can_not_write_says_why(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"clip\.mp4 failed: .*No such file or directory"):
        encode(tmp_path / "missing" / "clip.mp4", 60)


def test_an_encoder_that_can_not_read_its_sound_says_why(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"not a sound at all")
    with pytest.raises(MediaError, match=r"clip\.mp4 failed: .*[Ii]nvalid"):
        encode(tmp_path / "clip.mp4", 60, audio=tmp_path / "bad.wav")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that media starts, from now on."""
    ffmpeg_exe()  # asks each that it finds for its version, once
    processes: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def watched(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        processes.append(popen(*args, **kwargs))
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", watched)
    return processes


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a shell script in ffmpeg's place; it has its real one as $FFMPEG and leaves its words in the file that is returned."""

    def put(script: str) -> Path:
        said, path = tmp_path / "said", tmp_path / "ffmpeg"
        path.write_text(f"""#!/bin/sh\nFFMPEG='{real}'\nprintf '%s\\n' "$*" >>'{said}'\n{script}\n""")
        path.chmod(0o755)
        monkeypatch.setattr(mp4, "ffmpeg_exe", lambda: str(path))
        return said

    real = ffmpeg_exe()
    return put


def feeds() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "encoder feed"]


FRAME = bytes(64 * 112 * 3 // 2)


def test_a_killed_encoder_is_an_error_not_a_short_clip(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    def write() -> None:
        with mp4.encoder(tmp_path / "clip.mp4", SMALL, None, {}) as pipe:
            pipe.write(FRAME)
            started[0].kill()
            started[0].wait()
            for _ in range(200):
                pipe.write(FRAME)

    with pytest.raises(MediaError, match=r"clip\.mp4 failed"):
        write()
    assert started[0].poll() is not None
    assert not feeds()


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="pipes have one size here")
def test_a_pipe_that_must_not_grow_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(fcntl, "fcntl", refused)
    assert probing.probe(encode(tmp_path / "clip.mp4", 3)).height == 112


def test_an_encoder_that_can_not_be_fed_is_ended(
    tmp_path: Path, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def thread(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading, "Thread", thread)
    with pytest.raises(RuntimeError, match="new thread"):
        encode(tmp_path / "clip.mp4", 3)
    assert started[0].poll() is not None


def test_a_failure_while_composing_ends_the_encoder(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    with pytest.raises(ZeroDivisionError), mp4.encoder(tmp_path / "clip.mp4", SMALL, None, {}):
        raise ZeroDivisionError
    assert started[0].poll() is not None
    assert not feeds()


def test_a_frame_is_taken_as_it_is_when_it_is_written(tmp_path: Path) -> None:
    """Who composes paints the next frame into the same buffer at once."""
    buffer = Frame(64, 112).buffer
    with mp4.encoder(tmp_path / "a.mp4", SMALL, None, {}) as pipe:
        for k in range(30):
            buffer[:] = Frame.of(np.full((112, 64, 3), colour(k), np.uint8)).buffer
            pipe.write(buffer.data)
            buffer[:] = 255
    for k in (0, 15, 29):
        assert np.abs(probing.frame_at(tmp_path / "a.mp4", k / 30 + 0.001).reshape(-1, 3).mean(axis=0) - colour(k)).max() <= 4


def test_an_encoder_that_hangs_can_be_interrupted(
    tmp_path: Path, started: list[subprocess.Popen[bytes]], stand_in: Callable[[str], Path]
) -> None:
    said = stand_in("exec sleep 600")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests may ignore it

    def interrupt() -> None:
        ends = time.monotonic() + 120
        while not (said.exists() and feeds()) and time.monotonic() < ends:
            time.sleep(0.02)
        time.sleep(0.5)  # by then the pipe is full, and who writes into it waits
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Thread(target=interrupt)
    timer.start()

    def write() -> None:
        with mp4.encoder(tmp_path / "clip.mp4", SMALL, None, {}) as pipe:
            while True:
                pipe.write(FRAME)

    try:
        with pytest.raises(KeyboardInterrupt):
            write()
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert started[0].poll() is not None
    assert not feeds()


def test_an_encoder_that_says_very_much_is_not_waited_for_for_ever(tmp_path: Path, stand_in: Callable[[str], Path]) -> None:
    stand_in("head -c 300000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; echo 'and no more' >&2; exit 3")
    with pytest.raises(MediaError, match=r"and no more"):
        encode(tmp_path / "clip.mp4", 30)


# Pretends to have hardware: what it is asked to encode by it is encoded by x264.
PRETENDS = """
for word; do
  case $before in -cq|-tune|-rc|-spatial-aq|-b:v|-q:v) set -- "$@"; before=; shift; continue;; esac
  case $word in
    -cq|-tune|-rc|-spatial-aq|-b:v|-q:v) before=$word; shift; continue;;
    h264_nvenc|h264_videotoolbox) word=libx264;;
    p5) word=veryfast;;
  esac
  before=
  shift
  set -- "$@" "$word"
done
"""


@pytest.mark.parametrize(("has", "taken"), [("h264_nvenc", "nvenc"), ("h264_videotoolbox", "videotoolbox"), ("nothing", "x264")])
def test_auto_takes_the_machines_own_encoder_where_it_works(tmp_path: Path, stand_in: Callable[[str], Path], has: str, taken: str) -> None:
    lacks = f"case \"$*\" in *{has}*|*libx264*) ;; *h264_*) echo 'Cannot load the driver' >&2; exit 1;; esac"
    said = stand_in(f'{lacks}{PRETENDS}\nexec "$FFMPEG" "$@"')
    encoding = replace(SMALL, encoder="auto")
    for name in ("a.mp4", "b.mp4"):
        facts = probing.probe(encode(tmp_path / name, 10, encoding=encoding))
        assert (facts.codec, facts.profile) == ("h264", "High")
    assert mp4.coder("auto") == taken
    asked = said.read_text().splitlines()
    probes = [line for line in asked if "testsrc2" in line]
    assert len(probes) == len({line.split("-c:v ")[1].split()[0] for line in probes})  # once each, for all clips
    assert all("-frames:v 5 " in line for line in probes)
    encodes = [line for line in asked if "pipe:0" in line]
    wanted = {"nvenc": ("h264_nvenc", "-cq 17", "-b:v 0"), "videotoolbox": ("h264_videotoolbox", "-q:v 81"), "x264": ("libx264", "-crf 14")}
    assert len(encodes) == 2
    assert all(option in line for option in wanted[taken] for line in encodes)


def test_an_encoder_asked_for_by_name_must_work(tmp_path: Path, stand_in: Callable[[str], Path]) -> None:
    stand_in("echo 'Cannot load libcuda.so.1' >&2; exit 1")
    with pytest.raises(NotReady, match=r"nvenc does not work here: Cannot load libcuda"):
        encode(tmp_path / "a.mp4", 3, encoding=replace(SMALL, encoder="nvenc"))
    assert mp4.coder("x264") == "x264"  # nobody has to be asked


def test_clips_made_at_once_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert [mp4.threads(workers) for workers in (1, 2, 3, 4, 8, 64)] == [0, 4, 2, 2, 1, 1]
