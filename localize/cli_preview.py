"""crossreel preview: see a product's clip, small and at once, before a night makes hundreds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import typer
from rich.console import Console
from rich.markup import escape

from localize import campaign as campaigns
from localize.errors import UserError

console = Console(highlight=False)


def preview(
    campaign: Annotated[Path, typer.Argument(help="a campaign.yaml")],
    only: Annotated[str, typer.Option(help="the product's SKU; the catalog's first if not given")] = "",
    language: Annotated[str, typer.Option(help="one of the campaign's languages; its first if not given")] = "",
    layout: Annotated[str, typer.Option(help="another layout than the campaign's")] = "",
    aspect: Annotated[str, typer.Option(help="another shape of frame: 9:16, 4:5, 1:1 or 16:9")] = "",
    out: Annotated[Path, typer.Option(help="the folder to write to")] = Path("preview"),
) -> None:
    """Make one product's clip small and quick, with a sheet of its scenes. Nothing is published."""
    settings = campaigns.adjusted(campaigns.load(campaign), languages=[language] if language else None, layout=layout, aspect=aspect)
    if settings.dub:
        raise UserError("a preview is of a product's clip; a video is dubbed at once: `crossreel run` of this campaign.")
    from localize import planning
    from localize.clip.preview import preview as made
    from localize.stages import Studio
    from localize.store import open_store

    plan = planning.plan(settings, only=[only] if only else (), limit=1)
    if not plan.jobs:
        raise UserError("\n".join(f"{r.file}, row {r.row}: {r.reason}" for r in plan.rejects) or "no channel shows this product.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out} can't be written: {error.strerror or error}. Give another folder with --out.") from error
    job, progress = plan.jobs[0], planning.Progress()
    cv2.setNumThreads(1)
    studio = Studio(settings, open_store(settings.store, campaigns.home()))
    with console.status(escape(f"{job.name}: writing, speaking, drawing")):
        todo = studio.ready_to_render(job, progress)
        film, sheet = made(todo, out)
    for finding in progress.findings:
        console.print(f"[yellow]{finding.severity}[/yellow]  {escape(finding.message)}")
    shown = f"{job.name}: {todo.whole.duration:.1f} s in the layout {todo.layout.name} {todo.layout.aspect}"
    console.print(escape(f"{shown}. Look at {film} and {sheet}."), soft_wrap=True)
