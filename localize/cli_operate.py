"""crossreel doctor and crossreel store: whether tonight will go well, and making room."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from localize import __version__, clearing
from localize import campaign as campaigns
from localize.domain import Finding
from localize.store import open_store

store_app = typer.Typer(no_args_is_help=True, help="The store of everything made so far.")
console = Console(highlight=False)
SHOWN = {"info": "[green]ok[/green]  ", "warn": "[yellow]warn[/yellow]", "block": "[red]bad[/red] "}


def doctor(
    campaign: Annotated[Path | None, typer.Argument(help="a campaign.yaml: what would stop its next run is looked for")] = None,
) -> None:
    """Say which engines are ready on this machine and how to get the others; of a campaign, what would stop its next run."""
    from localize import doctor

    settings = campaigns.load(campaign) if campaign else None
    unready = _print_engines(settings.engines.options if settings else {})
    found: list[Finding] = []
    if settings:
        if os.environ.get("PREFECT_API_URL"):  # accounts may be kept in blocks of its server
            from flows import vault

            vault.register()
        found = doctor.look(settings, campaigns.home())
        _print_findings(found)
    if unready:
        console.print(f"[red]no engine is ready for: {', '.join(unready)}[/red]")
    if unready or doctor.worst(found):
        raise typer.Exit(3)


def _print_engines(options: dict[str, dict[str, object]]) -> list[str]:
    """Print every engine and the machine's basics. Returns the stages that have no engine ready."""
    from localize import engines, languages
    from localize.media.command import ffmpeg_exe

    unready: list[str] = []
    for stage in engines.GROUPS:
        cards = engines.survey(stage, options)
        console.print(f"[bold]{stage}[/bold]")
        for card, lack in cards:
            which = ", ".join(c for c in languages.codes() if c in card.languages) or "all languages"
            sold = "" if card.commercial else "; not for commercial use"
            # Lines, not a table: what an engine lacks has commands and paths in it, which a column of a narrow terminal cuts off.
            console.print(f"  {'[red]no [/red]' if lack else '[green]yes[/green]'}  [cyan]{card.name}[/cyan] ({which}{sold})", end=": ")
            _say(lack or card.about)
        # People's translations need no machine, what nobody listens to is spoken, what nobody takes out is heard under the dub and what
        # nobody cuts out is shown all the same.
        if cards and stage not in ("translate", "recognize", "separate", "cutout") and all(lack for _, lack in cards):
            unready.append(stage)
    _say(f"crossreel {__version__}, Python {sys.version.split()[0]}, ffmpeg {ffmpeg_exe()}")
    _say(f"languages: {', '.join(f'{c} ({languages.get(c).name})' for c in languages.codes())}")
    home = campaigns.home()
    _say(f"store: {home / 'store'}, {shutil.disk_usage(home if home.exists() else Path.home()).free / 2**30:.0f} GiB free")
    return unready


def _print_findings(found: Iterable[Finding]) -> None:
    for finding in found:
        console.print(f"{SHOWN[finding.severity]}  {finding.check}: {escape(finding.message)}", soft_wrap=True)


@store_app.command("gc")
def collect(
    keep: Annotated[int, typer.Option(min=1, help="keep what the newest runs refer to")] = 7,
    store: Annotated[str | None, typer.Option(help="the store, if not the default one")] = None,
    ledger: Annotated[str, typer.Option(help="the ledger of its posts, if not the default one")] = "",
) -> None:
    """Remove artifacts that none of the newest runs refers to, that no post waits for and that are more than a day old, and copies of
    pictures and catalogs that nobody has asked for in a month."""
    found = open_store(store or str(campaigns.home() / "store"), campaigns.home())
    _say(str(clearing.clear(found, campaigns.home(), keep, ledger)))


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)
