"""crossreel voice test: hear a voice by every engine that is ready here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from localize import campaign as campaigns
from localize import engines, languages
from localize.cli_voice import console, voice_app
from localize.errors import UserError
from localize.voice import package as packages

audition_app = voice_app  # with its `test`, which is below


@voice_app.command("test")
def audition(
    name: Annotated[str, typer.Argument(help="a voice, or its folder; female or male for the engines' own voices")],
    only: Annotated[str, typer.Option("--languages", help="of these languages alone: th,vi,id")] = "",
    campaign: Annotated[Path | None, typer.Option(help="a campaign.yaml, whose engine options hold")] = None,
    noncommercial: Annotated[bool, typer.Option("--noncommercial", help="engines whose licence allows no commerce, too")] = False,
    out: Annotated[Path | None, typer.Option(help="where the page goes, if not voice-NAME in this folder")] = None,
) -> None:
    """Have every ready engine speak a sentence a language in this voice, and write a page to listen to."""
    from localize.audition import Audition

    own = name in ("female", "male")
    package = None if own else packages.find(name, campaign.parent if campaign else None)
    codes = [code.strip() for code in only.split(",") if code.strip()] or list(languages.codes())
    for code in codes:
        languages.get(code)
    settings: engines.Settings = campaigns.load(campaign).engines.options if campaign else {}
    place = out or Path(f"voice-{package.name if package else name}")
    gender: Literal["female", "male"] = "male" if name == "male" else "female"
    try:
        hearing = Audition(package, place, gender=gender, settings=settings, allow_noncommercial=noncommercial)
    except OSError as error:
        raise UserError(f"{place} can't be written: {error.strerror or error}.") from error
    heard = []
    for code, take in hearing.hear(codes):
        heard.append((code, take))
        who = f"{take.engine} + {take.converter}" if take.converter else take.engine
        told = f"{take.seconds:.1f} s of speech in {take.took:.1f} s" if take.file else f"[yellow]{escape(take.why)}[/yellow]"
        console.print(f"{code}  {escape(who)}: {told}", soft_wrap=True)
    console.print(f"page:  {hearing.page(heard)}", soft_wrap=True, markup=False)
    if not any(take.file for _, take in heard):
        raise typer.Exit(3)
