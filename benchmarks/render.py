"""Rendering: what a clip costs beside a plain encode and beside moviepy, how much memory it takes, and what its file is.

    python benchmarks/render.py [--quick] [--json] [--only PART] [--rounds 5] [--preset PRESET]

Parts, all on a demo clip of about 20 s:
  cost      CPU of everything after the voice / CPU of a plain libx264 encode of the same frames; wall time
  file      the finished file: index, edit lists, starts, frame rate, colours, loudness
  variants  3 languages x 3 platforms, which differ in metadata: encodes, and CPU against nine clips made one by one
  memory    the peak of a process that renders a short clip, and of one that renders 120 s
  hardware  VMAF of the machine's own encoder beside x264's; left out where there is none
  moviepy   the clip's first seconds with moviepy's CompositeVideoClip; left out where it is not installed
Figures are medians over --rounds; what is compared is measured in the same round, as the machine's other load moves both alike.
--quick takes one round, a shorter clip for memory, and no moviepy. Exits with 1 when a figure falls short.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import ffmpeg
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import Figure, report  # noqa: E402
from localize import campaign as campaigns  # noqa: E402
from localize import planning, stages  # noqa: E402
from localize.clip import render  # noqa: E402
from localize.disclosure import aigc  # noqa: E402
from localize.domain import Script  # noqa: E402
from localize.media import metering, mp4, probing  # noqa: E402
from localize.media.command import ffmpeg_exe, file  # noqa: E402
from localize.store import LocalStore  # noqa: E402
from localize.timeline import Timeline  # noqa: E402

DEMO = ROOT / "catalog" / "demo" / "campaign.yaml"
SECONDS, SHORT, LONG = 20.0, 15.0, 120.0
COST, MOVIEPY, MEMORY, FLAT, NINE = 1.25, 4.0, 700, 60, 0.45  # what is asked; MiB
PLATFORMS = ("tiktok", "shopee", "lazada")
SAMPLE = 3.0  # s that moviepy composes


def cpu() -> float:
    """User and system seconds of this process and of its ended children."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def prepared(studio: stages.Studio, job: planning.Job) -> render.Job:
    """What is left of a clip when everything up to the voice is done."""
    progress = planning.Progress()
    script: Script = studio.script(job, studio.texts(job, progress), progress)
    speeches = studio.booth.speeches(script.lines, job.language, progress)
    return studio.job_to_render(job, script, speeches, "clip/benchmark")[0]


def raw_frames(job: render.Job, out: Path) -> None:
    composer, _, _ = render.compose(job)
    with out.open("wb") as f:
        for i in range(job.timeline.frames):
            f.write(composer.frame(i).buffer.data)


def plain_encode(job: render.Job, raw: Path, out: Path) -> None:
    graph = ffmpeg.input(file(raw), **job.encoding.source()).output(file(out), **job.encoding.options())
    command = ffmpeg.compile(graph.global_args("-loglevel", "error"), cmd=ffmpeg_exe(), overwrite_output=True)
    subprocess.run(command, check=True)


class Bench:
    """What the parts share: a folder, the clips, how often."""

    def __init__(self, tmp: Path, store: Path, preset: str, *, rounds: int, quick: bool) -> None:
        self.tmp, self.store, self.preset, self.rounds, self.quick = tmp, store, preset, rounds, quick
        campaign = campaigns.load(DEMO)
        if preset:
            campaign = campaign.model_copy(update={"video": campaign.video.model_copy(update={"preset": preset})})
        self.campaign = campaign
        self._studio = stages.Studio(campaign, LocalStore(store))
        self._clip: render.Job | None = None

    @property
    def clip(self) -> render.Job:
        """The demo's clip whose length is nearest to 20 s."""
        if self._clip is None:
            jobs = [j for j in planning.plan(self.campaign).jobs if j.language in ("th", "vi", "id")][:6]
            # Always by x264: what it is compared with is x264's.
            clip = min((prepared(self._studio, j) for j in jobs), key=lambda r: abs(r.timeline.duration - SECONDS))
            self._clip = replace(clip, encoding=replace(clip.encoding, encoder="x264"))
        return self._clip

    def languages(self) -> list[render.Job]:
        """A product's clips in three languages."""
        jobs = [j for j in planning.plan(self.campaign).jobs if j.language in ("th", "vi", "id")]
        return [prepared(self._studio, j) for j in jobs if j.product.sku == jobs[0].product.sku]

    def folder(self, name: str) -> Path:
        path = self.tmp / name
        path.mkdir(exist_ok=True)
        return path


# ---- parts


def cost(bench: Bench) -> list[Figure]:
    clip, raw, rows = bench.clip, bench.tmp / "frames.yuv", []
    raw_frames(clip, raw)
    for _ in range(bench.rounds):
        began, wall = cpu(), time.monotonic()
        render.render(clip, bench.folder("cost"))
        ours, wall = cpu() - began, time.monotonic() - wall
        began = cpu()
        plain_encode(clip, raw, bench.tmp / "plain.mp4")
        plain = cpu() - began
        began = time.process_time()
        heard = render.mastered(clip)
        rows.append((ours / plain, ours, plain, wall, time.process_time() - began))
        del heard
    raw.unlink()
    ratio, ours, plain, wall, sound = (statistics.median(column) for column in zip(*rows, strict=True))
    seconds, e, cores = clip.timeline.duration, clip.encoding, os.cpu_count()
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return [
        Figure(f"clip, {e.width}x{e.height}, {e.fps} fps, x264 {e.preset} crf {e.crf}", f"{seconds:.1f} s, rounds: {bench.rounds}"),
        Figure("rendering, everything after the voice", f"{ours:.2f} CPU s"),
        Figure("plain encode of the same frames", f"{plain:.2f} CPU s"),
        Figure("rendering / plain encode", f"{ratio:.3f}", f"at most {COST}", ratio <= COST),
        Figure("of it, the sound", f"{sound:.2f} CPU s"),
        Figure(f"wall time a second of clip, {cores} cores", f"{wall / seconds:.2f} s, {clip.timeline.frames / wall:.1f} frames/s"),
        Figure("the machine's load (1, 5, 15 min)", busy),
    ]


def finished(bench: Bench) -> list[Figure]:
    clip, video = bench.clip, bench.folder("cost") / "clip.mp4"
    if not video.is_file():
        render.render(clip, bench.folder("cost"))
    facts, level = probing.probe(video), metering.loudness(video)
    apart, gaps, steps = abs(facts.audio_start - facts.video_start), empty_edits(video), frame_steps(video)
    colours = colour_tags(video)
    form = f"{facts.codec} {facts.profile} {facts.pixels}, {facts.audio_codec} {facts.audio_rate} Hz, {facts.audio_channels} channels"
    return [
        Figure("form", form, "", form == "h264 High yuv420p, aac 48000 Hz, 2 channels"),
        Figure("index before the data", str(facts.index_first), "True", facts.index_first),
        Figure("gaps in the edit lists", str(gaps), "0", gaps == 0),
        Figure("sound and picture start apart", f"{apart * 1000:.1f} ms", "at most a frame", apart <= 1 / clip.encoding.fps),
        Figure("different times between frames", str(steps), "1", steps == 1),
        Figure("colours (primaries, transfer, matrix, range)", str(colours), "BT.709, limited: (1, 1, 1, 1)", colours == (1, 1, 1, 1)),
        Figure("loudness of the AAC", f"{level.integrated:.1f} LUFS", "-14 +- 0.3", abs(level.integrated + 14) <= 0.3),
        Figure("true peak of the AAC", f"{level.true_peak:.1f} dBTP", "at most -1.5", level.true_peak <= -1.5),
    ]


def variants(bench: Bench) -> list[Figure]:
    """Nine files for three encodes: the two other platforms' are the same packets under another label."""
    encodes, single, clips = 0, 0.0, bench.languages()
    began = cpu()
    before = mp4.encoder
    folder = bench.folder("variants")

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal encodes
        encodes += 1
        return before(*args, **kwargs)

    mp4.encoder = counted  # type: ignore[assignment]
    try:
        for number, clip in enumerate(clips):
            clip = replace(clip, encoding=replace(clip.encoding, encoder="x264"))
            own = folder / str(number)
            own.mkdir(exist_ok=True)
            start = cpu()
            render.render(clip, own)
            single += cpu() - start
            for platform in PLATFORMS:
                mp4.remux(own / "clip.mp4", own / f"{platform}.mp4", {**aigc.tags(clip.disclosure), "platform": platform})
    finally:
        mp4.encoder = before
    files = sorted(folder.glob("*/*.mp4"))
    outputs = [f for f in files if f.stem in PLATFORMS]
    spent = cpu() - began
    same = all(digests(f) == digests(f.with_name("clip.mp4")) for f in outputs)
    return [
        Figure("files of 3 languages x 3 platforms", str(len(outputs)), "9", len(outputs) == 9),
        Figure("encodes for them", str(encodes), "3", encodes == 3),
        Figure("packets of the variants are those of the clip", str(same), "True", same),
        # Nine single ones are three times the three: each would be this render again.
        Figure("CPU, against nine rendered one by one", f"{spent:.1f} / {3 * single:.1f} = {spent / (3 * single):.2f}",
               f"at most {NINE}", spent <= NINE * 3 * single),
    ]  # fmt: skip


def memory(bench: Bench) -> list[Figure]:
    long = SHORT * 3 if bench.quick else LONG
    peaks = [_in_a_process(bench, seconds) for seconds in (SHORT, long)]
    (short_own, short_encoder), (long_own, long_encoder) = peaks
    return [
        Figure(f"peak of a process that renders {SHORT:.0f} s", f"{short_own} MiB, its encoder {short_encoder} MiB",
               f"below {MEMORY}", short_own < MEMORY),
        Figure(f"the same, {long:.0f} s", f"{long_own} MiB, its encoder {long_encoder} MiB", f"below {MEMORY}", long_own < MEMORY),
        Figure("more for the longer one", f"{long_own - short_own} MiB", f"at most {FLAT}", long_own - short_own <= FLAT),
    ]  # fmt: skip


def _in_a_process(bench: Bench, seconds: float) -> tuple[int, int]:
    command = [sys.executable, __file__, "--render", str(seconds), "--store", str(bench.store)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    own, encoder = json.loads(done.stdout.splitlines()[-1])
    return own, encoder


def render_only(bench: Bench, seconds: float) -> None:
    """Render the clip, said again until it is so long, and print the peaks of this process and of its encoder in MiB."""
    clip, encoders = bench.clip, [0]
    # The preset is a quick one: the encoder's own memory does not hang on the length, and 120 s would take minutes.
    encoding = replace(clip.encoding, preset="superfast")

    def look(done: int, total: int) -> None:
        # Not by getrusage: of a child it also counts what this process had when the child was forked.
        for children in Path("/proc/self/task").glob("*/children"):
            for child in children.read_text().split():
                peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child}/status").read_text())
                encoders.append(int(peak.group(1)) // 1024 if peak else 0)

    job = replace(clip, timeline=stretched(clip.timeline, seconds), encoding=encoding)
    render.render(job, bench.folder("memory"), progress=look)
    print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, max(encoders)]))


def stretched(timeline: Timeline, seconds: float) -> Timeline:
    """A timeline whose Lines are said again and again, or fewer of them, until it is so long."""
    spoken, at = [], 0.0
    while at < seconds:
        for s in timeline.spoken:
            if s.end + at < seconds:
                spoken.append(replace(s, start=s.start + at, end=s.end + at))
        at += timeline.duration
    return replace(timeline, spoken=tuple(spoken), duration=round(seconds * timeline.fps) / timeline.fps)


def hardware(bench: Bench) -> list[Figure]:
    """Whether the machine's encoder, at the quality that a campaign's crf is mapped to, looks as x264 does at that crf."""
    by = mp4.coder("auto")
    if by == "x264":
        return []
    clip = replace(bench.clip, timeline=replace(bench.clip.timeline, duration=5.0))
    raw = bench.tmp / "hardware.yuv"
    raw_frames(clip, raw)
    scores = {}
    for name in ("x264", by):
        encoded = bench.tmp / f"{name}.mp4"
        plain_encode(replace(clip, encoding=replace(clip.encoding, encoder=name)), raw, encoded)
        scores[name] = (vmaf(clip, encoded, raw), encoded.stat().st_size)
    (ours, size), (theirs, other) = scores["x264"], scores[by]
    return [
        Figure(f"VMAF of {by}, less x264's {ours:.1f}", f"{theirs - ours:+.1f}", "at least -1", theirs - ours >= -1),
        Figure(f"bytes of {by} / x264's", f"{other / size:.2f}"),
    ]


def vmaf(clip: render.Job, encoded: Path, raw: Path) -> float:
    """VMAF of an encode against the frames it was made from."""
    e = clip.encoding
    command = [ffmpeg_exe(), "-hide_banner", "-i", file(encoded), "-f", "rawvideo", "-pix_fmt", "yuv420p"]
    command += ["-s", f"{e.width}x{e.height}", "-framerate", str(e.fps), "-i", file(raw), "-lavfi", "libvmaf=n_subsample=3"]
    said = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    found = re.search(r"VMAF score: ([\d.]+)", said)
    if not found:
        raise RuntimeError("this ffmpeg has no libvmaf")
    return float(found.group(1))


def moviepy(bench: Bench) -> list[Figure]:
    """The clip's first seconds, composed as moviepy's users do, with fewer layers than ours (no cards, no melting edges)."""
    clip, rows = bench.clip, []
    theirs_at = in_moviepy(clip)
    frames = round(SAMPLE * clip.timeline.fps)
    composer, _, _ = render.compose(clip)
    for _ in range(bench.rounds):
        began = time.process_time()
        for i in range(frames):
            composer.frame(i)
        ours = time.process_time() - began
        began = time.process_time()
        for i in range(frames):
            theirs_at(i / clip.timeline.fps)
        rows.append(((time.process_time() - began) / ours, ours / frames, (time.process_time() - began) / frames))
    ratio, ours, theirs = (statistics.median(column) for column in zip(*rows, strict=True))
    what = f"composing by CompositeVideoClip / by us, {SAMPLE:.0f} s"
    shown = f"{ratio:.1f} ({theirs * 1000:.0f} / {ours * 1000:.0f} ms CPU a frame)"
    return [Figure(what, shown, f"at least {MOVIEPY:.0f}", ratio >= MOVIEPY)]


def in_moviepy(clip: render.Job) -> Callable[[float], Any]:
    """The frame at a time of backdrop, growing picture, presenters, captions and label, by moviepy."""
    from moviepy import CompositeVideoClip, ImageClip, VideoClip, vfx

    composer, _, _ = render.compose(clip)
    layout, seconds = clip.layout, clip.timeline.duration
    left, top, right, bottom = layout.picture
    picture = np.ascontiguousarray(clip.pictures[0][:, :, :3])
    fill = max((right - left) / picture.shape[1], (bottom - top) / picture.shape[0])
    grown = ImageClip(picture, duration=seconds).with_effects([vfx.Resize(lambda t: fill * (1 + 0.08 * min(1.0, t / 6)))])
    shown = CompositeVideoClip([grown.with_position("center")], size=(right - left, bottom - top)).with_duration(seconds)
    backdrop = ImageClip(composer.frame(0).rgb(), duration=seconds)
    layers = [backdrop, shown.with_position((left, top))]

    def moving(sprites: Callable[[float], Any], size: tuple[int, int]) -> VideoClip:
        kept: dict[str, Any] = {}

        def drawn(t: float) -> Any:
            if kept.get("t") != t:
                canvas = np.zeros((size[1], size[0], 4), np.uint8)
                for s in sprites(t):
                    y, x = max(0, s.y), max(0, s.x)
                    part = canvas[y : s.y + s.rgba.shape[0], x : s.x + s.rgba.shape[1]]
                    source = s.rgba[y - s.y : y - s.y + part.shape[0], x - s.x : x - s.x + part.shape[1]]
                    over = 255 - source[:, :, 3:].astype(np.uint16)
                    part[:] = source + (part * over // 255).astype(np.uint8)
                kept.update(t=t, canvas=canvas)
            return kept["canvas"]

        mask = VideoClip(lambda t: drawn(t)[:, :, 3] / 255.0, duration=seconds, is_mask=True)
        return VideoClip(lambda t: drawn(t)[:, :, :3], duration=seconds).with_mask(mask)

    for presenter, (x0, y0, x1, y1) in zip(clip.presenters, layout.presenters, strict=True):
        layers.append(moving(presenter, (x1 - x0, y1 - y0)).with_position((x0, y0)))
    x0, y0, x1, y1 = layout.captions
    layers.append(moving(composer.captions, (x1 - x0, y1 - y0)).with_position((x0, y0)))
    layers.append(ImageClip(np.asarray(composer.label_card.rgba), duration=seconds).with_position(layout.label))
    return CompositeVideoClip(layers, size=(layout.width, layout.height)).with_duration(seconds).get_frame


# ---- what a file is


def boxes(data: bytes, *path: bytes) -> Iterator[bytes]:
    """The contents of an MP4's boxes at a path."""
    at = 0
    while path and at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size < 8:
            break
        if kind == path[0]:
            inner = data[at + 8 : at + size]
            yield from boxes(inner, *path[1:]) if path[1:] else [inner]
        at += size


def empty_edits(video: Path) -> int:
    """How many edits of a file show nothing: players fill them differently, and sound and picture part."""
    empty = 0
    for table in boxes(video.read_bytes(), b"moov", b"trak", b"edts", b"elst"):
        wide, count = table[0], int.from_bytes(table[4:8], "big")
        entry, time_at, length = (20, 8, 8) if wide else (12, 4, 4)
        for k in range(count):
            start = 8 + entry * k + time_at
            empty += int.from_bytes(table[start : start + length], "big", signed=True) == -1
    return empty


def frame_steps(video: Path) -> int:
    """How many different times there are from one frame to the next."""
    with av.open(str(video)) as container:
        shown = sorted(p.pts for p in container.demux(video=0) if p.pts is not None)
    return len(set(np.diff(shown).tolist()))


def colour_tags(video: Path) -> tuple[int, ...]:
    with av.open(str(video)) as container:
        c = container.streams.video[0].codec_context
        return tuple(int(tag) for tag in (c.color_primaries, c.color_trc, c.colorspace, c.color_range))


def digests(video: Path) -> list[tuple[str, int | None, int]]:
    """Each packet of a file: of which stream, when, and a hash of what it holds."""
    with av.open(str(video)) as container:
        return [(p.stream.type, p.pts, hash(bytes(p))) for p in container.demux() if p.size]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one round, no moviepy")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--preset", default="", help="another x264 preset than the default")
    options.add_argument("--json", action="store_true")
    options.add_argument("--only", default="", help="the part whose name begins so")
    options.add_argument("--render", type=float, default=0.0, help=argparse.SUPPRESS)  # what `memory` starts
    options.add_argument("--store", default="", help="a store of voices, instead of one that is thrown away")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tmp = Path(folder)
        bench = Bench(tmp, Path(asked.store or tmp / "store"), asked.preset, rounds=1 if asked.quick else asked.rounds, quick=asked.quick)
        if asked.render:
            render_only(bench, asked.render)
            return 0
        every: dict[str, Callable[[Bench], list[Figure]]] = {
            "cost": cost, "file": finished, "variants": variants, "memory": memory, "hardware": hardware, "moviepy": moviepy,
        }  # fmt: skip
        lacking = {
            "moviepy": "moviepy (--quick)" if asked.quick else "" if find_spec("moviepy") else "moviepy, which is not installed",
            "hardware": "" if mp4.coder("auto") != "x264" else "hardware: no encoder of the machine's own works",
        }
        parts = [(name, partial(part, bench)) for name, part in every.items() if name.startswith(asked.only) and not lacking.get(name)]
        left_out = "; ".join(why for name, why in lacking.items() if why and name.startswith(asked.only))
        return report(parts, as_json=asked.json, left_out=left_out)


if __name__ == "__main__":
    sys.exit(main())
