"""What rendering a clip costs beside encoding it: CPU of everything after the voice / CPU of a plain libx264 encode.

Renders one demo clip of about 20 s, writes its composed frames to a raw file, encodes that with the same settings,
and compares user+system seconds of this process and its children. Medians over --rounds, both in each round, as the
machine's other load moves them alike.

    python benchmarks/render.py [--rounds 3] [--preset PRESET] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import ffmpeg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from localize import campaign as campaigns
from localize import media, planning, stages
from localize.clip import render
from localize.domain import Script
from localize.store import LocalStore

DEMO = Path(__file__).resolve().parent.parent / "catalog" / "demo" / "campaign.yaml"
SECONDS = 20.0


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
    graph = ffmpeg.input(media.file(raw), **job.encoding.source()).output(media.file(out), **job.encoding.options())
    command = ffmpeg.compile(graph.global_args("-loglevel", "error"), cmd=media.ffmpeg_exe(), overwrite_output=True)
    subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--preset", help="another x264 preset than the default")
    parser.add_argument("--json", action="store_true", help="only the last line, as JSON")
    args = parser.parse_args()
    campaign = campaigns.load(DEMO)
    if args.preset:
        campaign = campaign.model_copy(update={"video": campaign.video.model_copy(update={"preset": args.preset})})
    with tempfile.TemporaryDirectory() as folder:
        tmp = Path(folder)
        studio = stages.Studio(campaign, LocalStore(tmp / "store"))
        jobs = [j for j in planning.plan(campaign).jobs if j.language in ("th", "vi", "id")][:6]
        todo = min((prepared(studio, j) for j in jobs), key=lambda r: abs(r.timeline.duration - SECONDS))
        raw = tmp / "frames.yuv"
        raw_frames(todo, raw)
        rows = []
        for n in range(args.rounds):
            out = tmp / f"clip{n}"
            out.mkdir()
            start = cpu()
            render.render(todo, out)
            ours = cpu() - start
            start = cpu()
            plain_encode(todo, raw, tmp / "plain.mp4")
            rows.append((ours, cpu() - start))
        ratio = statistics.median(a / b for a, b in rows)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        result = {
            "ratio": round(ratio, 3), "seconds": round(todo.timeline.duration, 2),
            "render_cpu_s": round(statistics.median(a for a, _ in rows), 2),
            "encode_cpu_s": round(statistics.median(b for _, b in rows), 2),
            "peak_mib": round(peak), "cores": os.cpu_count(),
        }  # fmt: skip
    if not args.json:
        e = todo.encoding
        print(f"clip of {result['seconds']} s, {e.width}x{e.height} at {e.fps} fps, libx264 {e.preset} crf {e.crf}, {os.cpu_count()} cores")
        print(f"{'render, everything after the voice':<40}{result['render_cpu_s']:>8} CPU s")
        print(f"{'plain encode of the same frames':<40}{result['encode_cpu_s']:>8} CPU s")
        print(f"{'peak memory of the renderer':<40}{result['peak_mib']:>8} MiB")
    print(json.dumps(result))
    sys.exit(ratio > 1.5)


if __name__ == "__main__":
    main()
