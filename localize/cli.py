"""The command line. Each command says what it does, ends with the exit codes of localize.errors, and prints no traceback
for what a user can mend."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from localize import __version__
from localize import campaign as campaigns
from localize.cli_audition import audition_app
from localize.cli_avatar import avatar_app
from localize.cli_catalog import catalog_app
from localize.cli_models import models_app
from localize.cli_preview import preview
from localize.errors import CrossreelError, UserError
from localize.store import open_store

if TYPE_CHECKING:
    from flows.watch import Event
    from localize.planning import Outcome, Plan

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
store_app = typer.Typer(no_args_is_help=True, help="The store of everything made so far.")
app.add_typer(store_app, name="store")
app.add_typer(catalog_app, name="catalog")
app.add_typer(models_app, name="models")
app.add_typer(audition_app, name="voice")
app.add_typer(avatar_app, name="avatar")
app.command()(preview)
console = Console(highlight=False)
SPARE = 24 * 3600.0  # s: `store gc` leaves what is younger, as a run may still be going


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
    settings = campaigns.adjusted(campaigns.load(campaign), catalog=catalog, languages=codes, out=out)
    # The terminal shows clips, not Prefect's own log; the UI keeps all of it.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    from localize import report
    from localize.planning import Outcome

    name = f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
    started = time.monotonic()
    with _stoppable(), Screen() as screen:
        from flows import leash, watch
        from flows.nightly import nightly

        leash.hold()
        watch.watchers.append(screen.on)
        state = nightly(str(campaign), catalog, codes, only, limit, out, run=name, return_state=True)
    if screen.plan is None:
        cause = state.result(raise_on_failure=False)
        raise cause if isinstance(cause, CrossreelError) else CrossreelError(f"the run stopped before it had planned anything: {cause}")
    noted = open_store(settings.store, campaigns.home()).notes(name)
    outcomes = [Outcome.model_validate_json(text) for text in noted.values()]
    _print_end(settings.out, screen.plan, outcomes, time.monotonic() - started)
    if len(outcomes) < len(screen.plan.jobs):
        console.print(f"{len(screen.plan.jobs) - len(outcomes)} clips were not reached: {state.message}", soft_wrap=True, markup=False)
    raise typer.Exit(report.exit_code(screen.plan, outcomes))


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C lets the clips in hand be finished; a second one ends the program at once. That is safe: what it had
    started ends with it, and the next run sweeps up what was half made."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
        console.print("stopping as soon as the clips in hand are done; Ctrl-C again stops at once")
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # a shell's background job is not to be stopped by Ctrl-C
        signal.signal(signal.SIGINT, stop)
    try:
        yield
    except KeyboardInterrupt:
        console.print("stopped; what was made is kept, the next run goes on from there")
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGINT, before)


def _dry_run(campaign: Path, catalog: str | None, codes: list[str] | None, only: Sequence[str], limit: int, out: str | None) -> None:
    from localize import planning

    settings = campaigns.adjusted(campaigns.load(campaign), catalog=catalog, languages=codes, out=out)
    plan = planning.plan(settings, only=only, limit=limit)
    table = Table("product", "title", "languages", "channels")
    by_sku: dict[str, list[planning.Job]] = {}
    for job in plan.jobs:
        by_sku.setdefault(job.product.sku, []).append(job)
    for sku, jobs in by_sku.items():
        names = sorted({c.name for j in jobs for c in settings.channels_for(sku, j.language)})
        table.add_row(escape(sku), escape(jobs[0].product.title), ", ".join(j.language for j in jobs), ", ".join(names))
    console.print(table)
    _print_doubts(plan.doubts)
    _print_rejects(plan)
    console.print(f"{len(plan.jobs)} clips of {len(by_sku)} products, from {plan.rows} rows. Nothing was made.")
    raise typer.Exit(2 if plan.rejects else 0)


class Screen:
    """A run as the terminal shows it: a bar and the clips in hand, or plain lines where there is no terminal."""

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True,
            disable=not console.is_terminal,
        )  # fmt: skip
        self._all = self._bar.add_task("starting", total=None)
        self._now: dict[str, str] = {}
        self._done = 0

    def __enter__(self) -> Screen:
        self._bar.start()
        if not console.is_terminal:
            console.print("starting (the first start on a machine takes up to a minute)")
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def on(self, event: Event) -> None:
        if event.kind == "planned" and event.plan:
            self.plan = event.plan
            self._bar.update(self._all, total=len(event.plan.jobs))
            console.print(f"{event.plan.rows} rows: {len(event.plan.jobs)} clips to make, {len(event.plan.rejects)} rows rejected")
            _print_doubts(event.plan.doubts)
        elif event.kind == "stage":
            self._now[event.name] = event.stage
        elif event.kind == "ended":
            self._now.pop(event.name, None)
            self._done += 1
            if event.outcome:
                console.print(f"{self._done:>4}/{len(self.plan.jobs) if self.plan else '?'}  {_line(event.outcome)}", soft_wrap=True)
            self._bar.update(self._all, completed=self._done)
        self._bar.update(self._all, description=escape(" | ".join(f"{n}: {s}" for n, s in list(self._now.items())[:2])) or "clips")


def _line(o: Outcome) -> str:
    if o.code:
        return f"[red]{o.state}[/red]  {o.language}  {escape(o.sku)}  {o.stage}: {escape(o.message)}"
    seconds = sum(o.seconds.values())
    how = "was there already" if o.state == "reused" else f"made in {seconds:.0f} s, {o.spoken} of {o.lines} lines spoken"
    return f"[green]ok[/green]  {o.language}  {escape(o.sku)}  {how}"


def _print_doubts(messages: Sequence[str]) -> None:
    for message in messages:
        console.print(f"[yellow]warning[/yellow]  {escape(message)}", soft_wrap=True)


def _print_rejects(plan: Plan) -> None:
    for r in plan.rejects[:20]:
        where = escape(f"{r.file}, row {r.row}, {r.column}: {r.reason}")
        console.print(f"[yellow]rejected[/yellow]  {where}", soft_wrap=True)
    if len(plan.rejects) > 20:
        console.print(f"... and {len(plan.rejects) - 20} more, all in rejects.csv")


def _print_end(out: str, plan: Plan, outcomes: Sequence[Outcome], seconds: float) -> None:
    _print_rejects(plan)
    states = {state: sum(o.state == state for o in outcomes) for state in ("made", "reused", "blocked", "failed")}
    spoken = sum(o.spoken for o in outcomes)
    console.print(
        f"{states['made']} clips made, {states['reused']} were there already, {states['blocked']} blocked, {states['failed']} failed, "
        f"{len(plan.rejects)} rows rejected; {spoken} lines spoken; {seconds:.0f} s",
        soft_wrap=True,
    )
    from localize import report

    if models := report.cost(report.total(outcomes)):
        console.print(f"language models: {models}", soft_wrap=True, markup=False)
    console.print(f"clips:  {out}", soft_wrap=True, markup=False)
    console.print(f"page:   {Path(out) / 'index.html'}", soft_wrap=True, markup=False)


@app.command()
def review(
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
    from localize import planning, proofreading, review_sheet
    from localize.desk import Desk

    codes = [c.strip() for c in languages.split(",") if c.strip()] if languages else None
    settings = campaigns.adjusted(campaigns.load(campaign), languages=codes)
    chosen = [sku for given in only or () for sku in given.split(",") if sku]
    answers, problems = review_sheet.read(read) if read else ([], [])
    jobs = planning.plan(settings, only=chosen, limit=limit).jobs
    desk = Desk(settings, open_store(settings.store, campaigns.home()))
    if read:
        done = proofreading.accept(desk, jobs, answers, by=by, at=f"{datetime.now():%Y-%m-%d %H:%M}")
        for problem in (*problems, *done.problems):
            console.print(problem, soft_wrap=True, markup=False)
        console.print(f"{done.texts} texts corrected, {done.lines} lines corrected, {done.approved} lines approved")
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


@app.command()
def doctor(
    campaign: Annotated[Path | None, typer.Argument(help="a campaign.yaml, whose engine options and voice are tried")] = None,
) -> None:
    """Say which engines are ready on this machine, and how to get the others."""
    from localize import engines, hosts, languages, media

    loaded = campaigns.load(campaign) if campaign else None
    settings = loaded.engines.options if loaded else {}

    table = Table("stage", "engine", "ready", "commercial use", "languages", "what it is / what it lacks")
    unready_stages = []
    for stage in engines.GROUPS:
        cards = engines.survey(stage, settings)
        for card, lack in cards:
            table.add_row(
                stage, card.name, "[red]no[/red]" if lack else "[green]yes[/green]", "yes" if card.commercial else "no",
                ", ".join(c for c in languages.codes() if c in card.languages) or "all", escape(lack or card.about),
            )  # fmt: skip
        # People's translations need no machine, and what nobody listens to is spoken all the same.
        if cards and stage not in ("translate", "recognize") and all(lack for _, lack in cards):
            unready_stages.append(stage)
    console.print(table)
    console.print(f"crossreel {__version__}, Python {sys.version.split()[0]}, ffmpeg {media.ffmpeg_exe()}", soft_wrap=True, markup=False)
    console.print(f"languages: {', '.join(f'{c} ({languages.get(c).name})' for c in languages.codes())}")
    home = campaigns.home()
    free = shutil.disk_usage(home if home.exists() else Path.home()).free / 2**30
    console.print(f"store: {home / 'store'}, {free:.0f} GiB free", soft_wrap=True, markup=False)
    _print_doubts(hosts.doubts(loaded) if loaded else ())
    if unready_stages:
        console.print(f"[red]no engine is ready for: {', '.join(unready_stages)}[/red]")
        raise typer.Exit(3)


@store_app.command("gc")
def collect(
    keep: Annotated[int, typer.Option(min=1, help="keep what the newest runs refer to")] = 7,
    store: Annotated[str | None, typer.Option(help="the store, if not the default one")] = None,
) -> None:
    """Remove artifacts that none of the newest runs refers to and that are more than a day old, and copies of pictures and
    catalogs that nobody has asked for in a month."""
    from localize.products.sources import kept

    found = open_store(store or str(campaigns.home() / "store"), campaigns.home())
    found.sweep()
    count, size = found.collect(keep, spare=SPARE)
    console.print(f"{count} artifacts removed, {size / 2**20:.0f} MiB freed")
    pruned = [kept.prune(campaigns.home() / name, days=30) for name in ("pictures", "catalogs")]
    console.print(f"{sum(n for n, _ in pruned)} fetched files removed, {sum(b for _, b in pruned) / 2**20:.0f} MiB freed")


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
