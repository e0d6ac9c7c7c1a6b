"""What a drawn host costs: CPU of composing a clip with the host less that without, against the plain encode of the same frames.

The first clip of an avatar in a process draws the mouths, eyes and poses that later ones reuse; a night makes hundreds, so what is asked
is asked of a later one.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import render as rendering
from benchmarks.hosts_parts import Figure
from localize import campaign as campaigns
from localize import planning, stages
from localize.clip import render
from localize.store import LocalStore

SHARE = 0.15


def figures(*, quick: bool = False) -> list[Figure]:
    """The median of three rounds; `quick` takes one and judges nothing by it, as a busy machine's single rounds differ."""
    with TemporaryDirectory() as folder:
        tmp = Path(folder)
        campaign = campaigns.load(rendering.DEMO)
        studio = stages.Studio(campaign, LocalStore(tmp / "store"))
        job = rendering.prepared(studio, next(j for j in planning.plan(campaign).jobs if j.language == "id" and j.product.images))
        alone = replace(job, presenters=tuple(_nobody for _ in job.presenters))
        _composed(alone)
        first = _composed(job) - _composed(alone)
        rounds = []
        for _ in range(1 if quick else 3):
            rounds.append((_composed(job) - _composed(alone), _encoded(job, tmp)))
    host, encode = sorted(rounds, key=lambda r: r[0] / r[1])[len(rounds) // 2]
    seconds = job.timeline.duration
    return [
        Figure("a drawn host, CPU s a second of clip: the first clip", f"{first / seconds:.3f}, {first / encode:.2f} of a plain encode"),
        Figure(
            "the same: later clips", f"{host / seconds:.3f}, {host / encode:.2f} of a plain encode ({encode / seconds:.2f})",
            "" if quick else f"at most {SHARE} of it", quick or host <= SHARE * encode,
        ),
    ]  # fmt: skip


def _nobody(t: float) -> tuple[()]:
    return ()


def _composed(job: render.Job) -> float:
    """CPU s of composing all frames."""
    composer, _, _ = render.compose(job)
    began = time.process_time()
    for i in range(job.timeline.frames):
        composer.frame(i)
    return time.process_time() - began


def _encoded(job: render.Job, tmp: Path) -> float:
    """CPU s of encoding them from a file."""
    raw = tmp / "frames.yuv"
    if not raw.is_file():
        rendering.raw_frames(job, raw)
    began = rendering.cpu()
    rendering.plain_encode(job, raw, tmp / "plain.mp4")
    return rendering.cpu() - began
