"""The command line. Each command says what it does, ends with the exit codes of localize.errors, and prints no traceback
for what a user can mend."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from localize import __version__
from localize import campaign as campaigns
from localize.cli_account import account_app
from localize.cli_audition import audition_app
from localize.cli_avatar import avatar_app
from localize.cli_catalog import catalog_app
from localize.cli_disclose import disclose_app
from localize.cli_dub import dub
from localize.cli_handoff import handoff_app
from localize.cli_ledger import ledger_app
from localize.cli_models import models_app
from localize.cli_operate import doctor, store_app
from localize.cli_preview import preview
from localize.cli_report import report, status
from localize.cli_review import review_app
from localize.cli_run import console, night, print_doubts, print_rejects, stoppable
from localize.cli_tell import metrics, notify
from localize.domain import Item
from localize.errors import CrossreelError, UserError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(store_app, name="store")
app.add_typer(catalog_app, name="catalog")
app.add_typer(models_app, name="models")
app.add_typer(audition_app, name="voice")
app.add_typer(avatar_app, name="avatar")
app.add_typer(disclose_app, name="disclose")
app.add_typer(account_app, name="account")
app.add_typer(handoff_app, name="handoff")
app.add_typer(ledger_app, name="ledger")
app.add_typer(review_app, name="review")
app.command()(doctor)
app.command()(dub)
app.command()(preview)
app.command()(report)
app.command()(status)
app.command()(notify)
app.command()(metrics)


@app.command(context_settings={"allow_extra_args": True})
def run(
    more: typer.Context,
    campaign: Annotated[Path, typer.Argument(help="a campaign.yaml")],
    catalog: Annotated[str | None, typer.Option(help="another catalog than the campaign's")] = None,
    languages: Annotated[str | None, typer.Option(help="only these of its languages: th,vi,id")] = None,
    only: Annotated[list[str] | None, typer.Option(help="only these SKUs: --only A B, --only A,B or --only A --only B")] = None,
    limit: Annotated[int, typer.Option(min=0, help="only the first products")] = 0,
    out: Annotated[str | None, typer.Option(help="another output folder than the campaign's")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be made, and make nothing")] = False,
) -> None:
    """Make and publish every clip of a campaign that is not there yet."""
    codes = [c.strip() for c in languages.split(",") if c.strip()] if languages else None
    if more.args and not only:
        raise UserError(f"unexpected {' '.join(more.args)!r}: give one campaign; SKUs go behind --only.")
    only = [sku for given in (*(only or ()), *more.args) for sku in given.split(",") if sku]
    if dry_run:
        _dry_run(campaign, catalog, codes, only, limit, out)
        return
    night(campaign, catalog, codes, only, limit, out)


@app.command()
def publish(campaign: Annotated[Path, typer.Argument(help="a campaign.yaml")]) -> None:
    """Send the posts that wait for their hour or were begun. Makes no clip."""
    campaigns.load(campaign)  # mistakes in it are told before anything starts
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    with stoppable():
        from flows import leash, publish

        leash.hold()
        told = list[str]()
        publish.watchers.append(
            lambda row, receipt: told.append(f"{row.name} on {row.channel}: {receipt.state} {receipt.where or receipt.reason}")
        )
        state = publish.publish(str(campaign), return_state=True)
    console.print("\n".join(told) if told else "no post waits.", soft_wrap=True, markup=False)
    if cause := state.result(raise_on_failure=False) if state.is_failed() else None:
        if isinstance(cause, CrossreelError):
            raise cause
        raise typer.Exit(5)


def _dry_run(campaign: Path, catalog: str | None, codes: list[str] | None, only: Sequence[str], limit: int, out: str | None) -> None:
    from localize import planning, work

    settings = campaigns.adjusted(campaigns.load(campaign), catalog=catalog, languages=codes, out=out)
    plan = work.plan(settings, only=only, limit=limit)
    table = Table("product", "title", "languages", "channels")
    by_sku: dict[str, list[planning.Task[Item]]] = {}
    for job in plan.jobs:
        by_sku.setdefault(job.product.sku, []).append(job)
    for sku, jobs in by_sku.items():
        names = sorted({c.name for j in jobs for c in settings.channels_for(sku, j.language)})
        table.add_row(escape(sku), escape(jobs[0].product.title), ", ".join(j.language for j in jobs), ", ".join(names))
    console.print(table)
    print_doubts(plan.doubts)
    print_rejects(plan)
    console.print(f"{len(plan.jobs)} clips of {len(by_sku)} products, from {plan.rows} rows. Nothing was made.")
    raise typer.Exit(2 if plan.rejects else 0)


@app.command()
def version() -> None:
    """Print the version."""
    console.print(__version__)


def main() -> None:
    """The entry point: errors made for a user are printed as such, and set the exit code."""
    try:
        app()
    except CrossreelError as e:
        kind = "" if isinstance(e, UserError) else f"{type(e).__name__}: "
        Console(stderr=True, highlight=False).print(f"[red]{kind}[/red]{escape(str(e))}", soft_wrap=True)
        sys.exit(e.exit_code)
    except KeyboardInterrupt:
        console.print("stopped; what was made is kept, the next run goes on from there")
        sys.exit(130)


if __name__ == "__main__":
    main()
