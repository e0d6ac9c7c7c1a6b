"""crossreel review: read over what would be said and shown, in a sheet or in the forms of the flow."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

from localize import campaign as campaigns
from localize import runs
from localize.campaign import Campaign
from localize.errors import UserError
from localize.reviews import REJECTED, Reviews
from localize.store import open_store

if TYPE_CHECKING:
    from flows.review import Asked

console = Console(highlight=False)


class _Commands(TyperGroup):
    """The commands; whoever gives a campaign in place of one is told what that is called now."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if Path(args[0]).suffix in (".yaml", ".yml"):
            raise UserError(f"`crossreel review {args[0]}` is now `crossreel review sheet {args[0]}`.")
        return super().resolve_command(ctx, args)


review_app = typer.Typer(cls=_Commands, no_args_is_help=True, help="Read over what would be said and shown, before it is made.")


@review_app.command()
def sheet(
    campaign: Annotated[Path, typer.Argument(help="a campaign.yaml")],
    read: Annotated[Path | None, typer.Option(help="a filled-in sheet: take over what was written in it")] = None,
    out: Annotated[Path | None, typer.Option(help="where to write the sheet, if not review.xlsx in the output folder")] = None,
    languages: Annotated[str | None, typer.Option(help="only these of its languages: th,vi,id")] = None,
    only: Annotated[list[str] | None, typer.Option(help="only these SKUs")] = None,
    limit: Annotated[int, typer.Option(min=0, help="only the first products")] = 0,
    sheet: Annotated[str, typer.Option(help="the language of the sheet itself: en or zh")] = "en",
    by: Annotated[str, typer.Option(help="who has read it over, for the record")] = "",
) -> None:
    """Write every text and line into one sheet to be read over, or take a filled-in sheet back. No sound or picture is made."""
    from localize import proofreading, review_sheet, work

    codes = [c.strip() for c in languages.split(",") if c.strip()] if languages else None
    settings = campaigns.adjusted(campaigns.load(campaign), languages=codes)
    chosen = [sku for given in only or () for sku in given.split(",") if sku]
    answers, problems = review_sheet.read(read) if read else ([], [])
    desk = work.desk(settings, open_store(settings.store, campaigns.home()))
    jobs = work.readings(desk, work.plan(settings, only=chosen, limit=limit).jobs)
    if read:
        done = proofreading.accept(desk, jobs, answers, by=by, at=f"{datetime.now():%Y-%m-%d %H:%M}")
        for problem in (*problems, *done.problems):
            console.print(problem, soft_wrap=True, markup=False)
        console.print(f"{done.texts} texts corrected, {done.lines} lines corrected, {done.approved} approved")
        if done.texts:
            console.print(f"memory:   {settings.accepted_file()}", soft_wrap=True, markup=False)
        console.print(f"reviews:  {settings.review.file}", soft_wrap=True, markup=False)
        raise typer.Exit(2 if problems or done.problems else 0)
    path = out or Path(settings.out) / "review.xlsx"
    rows = list(proofreading.collect(desk, jobs, sheet))
    review_sheet.write(path, rows, sheet)
    stopped, missing = sum(r.blocked for r in rows), sum(r.part == "text" for r in rows)
    console.print(f"{len(rows)} rows of {len(jobs)} clips: {missing} texts are missing, {stopped} rows would stop their clip")
    console.print(f"sheet:  {path}", soft_wrap=True, markup=False)


@review_app.command("list")
def listed(campaign: Annotated[str, typer.Option(help="only of this campaign: its name, or its campaign.yaml")] = "") -> None:
    """Show the forms that wait for an answer, and the clips that were rejected."""
    review = _flow()
    named = campaigns.load(campaign) if Path(campaign).suffix in (".yaml", ".yml") else None
    for name, file in _files(named, campaign).items():
        _show_rejected(name, file)
    with review.server() as client:
        waiting = review.waiting(client, named.name if named else campaign)
    if not waiting:
        console.print("no form waits.")
        return
    table = Table("run", "campaign", "language", "products", "since", "until", "then")
    for asked in waiting:
        languages = ", ".join(dict.fromkeys(language for _, language in asked.clips))
        skus = ", ".join(dict.fromkeys(sku for sku, _ in asked.clips))
        since, until = (f"{moment.astimezone():%m-%d %H:%M}" for moment in (asked.since, asked.due))
        table.add_row(str(asked.id)[:8], asked.campaign, languages, escape(skus), since, until, asked.then)
    console.print(table)
    for asked in waiting:
        console.print(f"{str(asked.id)[:8]}  {asked.link}", soft_wrap=True, markup=False)


@review_app.command()
def show(run: Annotated[str, typer.Argument(help="a run of `crossreel review list`, or its beginning")]) -> None:
    """Show a form: its fields, as `crossreel review approve` calls them, and what stands in them."""
    review = _flow()
    with review.server() as client:
        asked = _chosen(review.waiting(client), run)
        form = review.shown(client, asked)[1]
    console.print(f"{asked.name}\n{asked.link}", soft_wrap=True, markup=False)
    for name, field in form.fields.items():
        about = f"  ({field['description']})" if field.get("description") else ""
        console.print(f"\n[bold]{escape(name)}[/bold]  {escape(field['title'] + about)}", soft_wrap=True)
        if field.get("default"):
            console.print(f"  {field['default']}", soft_wrap=True, markup=False)


@review_app.command()
def approve(
    run: Annotated[str, typer.Argument(help="a run of `crossreel review list`, or its beginning")],
    edit: Annotated[list[str] | None, typer.Option(help="FIELD=TEXT: what to say instead; may be given several times")] = None,
    reject: Annotated[list[str] | None, typer.Option(help="SKU or SKU.language: a product that is not to be made")] = None,
    by: Annotated[str, typer.Option(help="who has read it over, for the record")] = "",
    notes: Annotated[str, typer.Option(help="why something is rejected")] = "",
) -> None:
    """Approve what a form shows, with corrections, and without the products that are rejected. The run goes on by itself."""
    edits = dict(_edit(said) for said in edit or ())
    review = _flow()
    with review.server() as client:
        asked = _chosen(review.waiting(client), run)
        review.answer(client, asked, edits, reject or (), by=by, notes=notes)
    console.print(f"{asked.name}: answered; the run goes on.", soft_wrap=True, markup=False)


def _files(named: Campaign | None, name: str) -> dict[str, str]:
    """By campaign, the file in which it is kept what people have said: of the one that is given, else of those that this machine's
    store has runs of."""
    if named:
        return {named.name: named.review.file}
    where = campaigns.home() / "store"
    last: dict[str, str] = {}
    if not where.is_dir():
        return last
    store = open_store(str(where), campaigns.home())
    for run in runs.known(store):
        if run.campaign not in last and (not name or run.campaign == name):
            with suppress(UserError):  # noted by another version
                last[run.campaign] = runs.planned(store, run.id).campaign.review.file
    return last


def _show_rejected(campaign: str, file: str) -> None:
    refusals = Reviews.load(Path(file)).refusals()
    if refusals:
        table = Table("rejected in", "product", "language", "by", "at", "why")
        for said in refusals:
            why = "" if said.rejected == REJECTED else said.rejected
            table.add_row(*map(escape, (campaign, said.sku, said.language, said.by, said.at, why)))
        console.print(table)
        way = "It is asked about again when its row changes, or a line of it is approved or corrected in the sheet."
        console.print(f"{way} In: {file}", soft_wrap=True, markup=False)


def _flow() -> ModuleType:
    """The review flow's module. Prefect is imported only by those who ask for it: it takes two seconds."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    from flows import review

    return review


def _edit(said: str) -> tuple[str, str]:
    field, equals, text = said.partition("=")
    if not equals:
        raise UserError(f"--edit {said!r}: write the field's name, =, and the whole text; `crossreel review show RUN` names the fields.")
    return field.strip(), text


def _chosen(waiting: list[Asked], run: str) -> Asked:
    found = [asked for asked in waiting if run and str(asked.id).startswith(run.lower())]
    if len(found) == 1:
        return found[0]
    why = f"{run!r} is the beginning of {len(found)} runs" if found else f"no form waits under {run!r}"
    raise UserError(f"{why}: `crossreel review list` shows those that wait.")
