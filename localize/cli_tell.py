"""crossreel notify and crossreel metrics: what people and programs are told of runs."""

from __future__ import annotations

import ipaddress
import re
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from localize import campaign as campaigns
from localize.errors import CrossreelError, NotReady, UserError
from localize.store import open_store

console = Console(highlight=False)


def notify(
    campaign: Annotated[Path, typer.Argument(help="a campaign.yaml")],
    test: Annotated[bool, typer.Option("--test", help="send a trial to each of them")] = False,
) -> None:
    """Say whom a campaign tells what, and whether their addresses are known here; with --test, send them a trial."""
    from localize import notices

    settings = campaigns.load(campaign)
    if not settings.notify:
        raise UserError(f"{campaign} has no `notify`: docs/operations.md#notifications says how to be told.")
    if any(notices.BLOCK.fullmatch(r.to) for r in settings.notify):
        from flows.notify import blocks  # reads Prefect's

        blocks()
    if test:
        word = notices.Word(f"{settings.name}: a trial", "This is how crossreel tells of its runs.", kinds=notices.EVERY)
        problems = notices.send(settings.notify, word)
        for problem in problems:
            console.print(problem, soft_wrap=True, markup=False)
        console.print(f"{len(settings.notify) - len(problems)} of {len(settings.notify)} were told")
        raise typer.Exit(NotReady.exit_code if problems else 0)
    table = Table("to", "when", "language", "address")
    missing = 0
    for recipient in settings.notify:
        try:
            notices.address(recipient.to)
            ready = "[green]known[/green]"
        except CrossreelError as e:
            ready, missing = f"[red]{escape(str(e))}[/red]", missing + 1
        table.add_row(escape(recipient.to), ", ".join(recipient.when), recipient.language, ready)
    console.print(table)
    raise typer.Exit(NotReady.exit_code if missing else 0)


def metrics(
    of: Annotated[
        list[Path] | None, typer.Argument(metavar="[CAMPAIGN]...", help="whose stores and ledgers; else those of this machine")
    ] = None,
    serve: Annotated[str, typer.Option(metavar="HOST:PORT", help="give them to Prometheus there, until Ctrl-C: 127.0.0.1:9464")] = "",
) -> None:
    """Print figures of the last runs, the posts, the store and the disks for Prometheus, or serve them."""
    from localize import metrics
    from localize.publish import ledger

    home, sources = campaigns.home(), list[metrics.Source]()
    campaigns_asked: list[campaigns.Campaign | None] = [campaigns.load(path) for path in of or ()]
    for settings in campaigns_asked or [None]:
        where = ledger.chosen(home, settings.ledger if settings else "")
        known = "://" in where or Path(where).is_file()  # one that nothing was posted from is not made for this
        sources.append(metrics.Source(open_store(settings.store if settings else str(home / "store"), home), where if known else ""))
    reading = metrics.Metrics(sources, home)
    if not serve:
        sys.stdout.write(reading.text())
        return
    host, port = _address(serve)
    try:
        server = metrics.server(reading, host, port)
    except OSError as e:
        raise UserError(f"--serve {serve}: the address can't be had: {e.strerror or e}. Give another port, or stop what has it.") from None
    if not _is_here(host):
        console.print(
            f"[yellow]warning[/yellow]  whoever reaches {escape(host)} can read these figures: there is no password", soft_wrap=True
        )
    console.print(f"http://{escape(serve)}/metrics; Ctrl-C stops it", soft_wrap=True)
    with server:
        server.serve_forever()


def _address(said: str) -> tuple[str, int]:
    found = re.fullmatch(r"\[?([^\[\]\s]*?)\]?:(\d{1,5})", said)
    if not found or not found[1] or int(found[2]) > 65535:
        raise UserError(f"--serve {said}: write an address and a port: 127.0.0.1:9464.")
    return found[1], int(found[2])


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
