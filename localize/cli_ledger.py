"""crossreel ledger: what was posted where and what became of it, and what a person has seen at the platform."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from localize import campaign as campaigns
from localize.errors import UserError

if TYPE_CHECKING:
    from localize.publish.ledger import Ledger, Row

ledger_app = typer.Typer(no_args_is_help=True, help="The ledger: what was posted where, and what became of it.")
console = Console(highlight=False)
COLOURS = {"published": "green", "failed": "red", "held": "yellow", "uploading": "cyan", "processing": "cyan", "planned": "dim"}
TIMES = ("lease_until", "planned_at", "begun_at", "updated_at", "published_at")
NEXT = {
    "planned": "the next run of its campaign sends it anew",
    "failed": "the next run that comes to it tries again",
    "held": "it is not posted until you mark it otherwise",
    "published": "it is not posted again",
}
MARKING = "write the numbers of posts, then what they are, as `crossreel ledger mark 17 18 published`"


def _number(said: str) -> int:
    if not said.isdecimal():
        raise UserError(f"{said!r} is no number of a post: `crossreel ledger list` shows them. Then {MARKING}.")
    return int(said)


def _moment(said: str) -> datetime:
    try:
        return datetime.fromisoformat(said)
    except ValueError:
        raise UserError(f"--since {said!r} is no day: write it as 2026-11-01, or with its hour as 2026-11-01T19:00.") from None


WHERE = "a file or postgresql://...; else $CROSSREEL_LEDGER, else the campaign's, else that of this machine"
At = Annotated[str, typer.Option("--ledger", help=WHERE)]
ItsCampaign = Annotated[Path | None, typer.Option("--campaign", help="a campaign.yaml: its ledger")]
States = Annotated[list[str] | None, typer.Option("--state", help="only in these states: failed,held")]
OfCampaign = Annotated[str, typer.Option("--campaign", help="only of this one: a campaign.yaml (and its ledger), or a name")]
OfChannel = Annotated[str, typer.Option("--channel", help="only on this channel")]
OfProduct = Annotated[str, typer.Option("--sku", help="only of this product")]
InLanguage = Annotated[str, typer.Option("--language", help="only in this language")]
Since = Annotated[datetime | None, typer.Option("--since", parser=_moment, metavar="DAY", help="only what changed since 2026-11-01")]


@ledger_app.command("list")
def list_posts(
    state: States = None,
    campaign: OfCampaign = "",
    channel: OfChannel = "",
    sku: OfProduct = "",
    language: InLanguage = "",
    since: Since = None,
    limit: Annotated[int, typer.Option(min=0, help="only the last changed; 0: all")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON list instead of a table")] = False,
    at: At = "",
) -> None:
    """List posts, the last changed first."""
    of = _campaign(campaign)
    wanted = _wanted(state, of.name if of else campaign, channel, sku, language, since)
    rows = opened(at, of).rows(**wanted, limit=limit + 1 if limit else 0)
    more, rows = len(rows) > limit > 0, rows[:limit] if limit else rows
    if as_json:
        sys.stdout.write(json.dumps([_plain(row) for row in rows], ensure_ascii=False, indent=1) + "\n")
        return
    view = Table("id", "state", "product", "channel", Column("changed", no_wrap=True), Column("where / why", overflow="fold"))
    for row in rows:
        view.add_row(
            str(row.id), f"[{COLOURS[row.state]}]{row.state}[/]", escape(row.name), escape(row.channel), _clock(row.updated_at),
            escape(_outcome(row)),
        )  # fmt: skip
    console.print(view)
    _say(f"the last {limit} of them; --limit 0 lists all" if more else f"{len(rows):,} {'post' if len(rows) == 1 else 'posts'}")


@ledger_app.command()
def show(
    post: Annotated[int, typer.Argument(metavar="ID", parser=_number, help="as `crossreel ledger list` shows it")],
    campaign: ItsCampaign = None,
    at: At = "",
) -> None:
    """Show all that is known of a post, and what happened to it."""
    ledger = opened(at, campaigns.load(campaign) if campaign else None)
    row = ledger.row(post)
    view = Table.grid(padding=(0, 2))
    for name, value in row.model_dump().items():
        shown = _clock(value) if name in TIMES else json.dumps(value, ensure_ascii=False) if name == "kept" else str(value)
        if value or name == "tries":
            view.add_row(name.replace("_", " "), escape(shown))
    console.print(view)
    told = Table("when", "state", "who", Column("what happened", overflow="fold"))
    for step in ledger.history(post):
        told.add_row(_clock(step.at), f"[{COLOURS[step.state]}]{step.state}[/]", escape(step.worker), escape(step.note))
    console.print(told)


@ledger_app.command()
def export(
    file: Annotated[Path, typer.Argument(help="the file to write: .csv or .json; .sqlite: all of the ledger, as a backup")],
    state: States = None,
    campaign: OfCampaign = "",
    channel: OfChannel = "",
    sku: OfProduct = "",
    language: InLanguage = "",
    since: Since = None,
    at: At = "",
) -> None:
    """Write posts into a file, for a spreadsheet or another program; or all of the ledger, while workers go on, into a copy of it."""
    of = _campaign(campaign)
    wanted = _wanted(state, of.name if of else campaign, channel, sku, language, since)
    if file.suffix.lower() == ".sqlite":
        if of:
            wanted |= {"campaign": ""}  # it says which ledger
        if any(wanted.values()):
            raise UserError(f"{file}: a backup has all posts: leave out what chooses some of them, or write .csv or .json.")
        with _whole(file) as part:
            opened(at, of).copy(part)
        _say(f"the ledger is copied to {file}")
        return
    write = {".csv": _write_csv, ".json": _write_json}.get(file.suffix.lower())
    if write is None:
        raise UserError(f"{file}: the ledger is written as .csv, .json or .sqlite: give the file one of these endings.")
    rows = opened(at, of).rows(**wanted)
    with _whole(file) as part:
        write(part, [_plain(row) for row in rows])
    _say(f"{len(rows):,} {'post is' if len(rows) == 1 else 'posts are'} written to {file}")


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """Another name for a file until it is written to its end."""
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_bytes(b"")  # a folder that is closed is told here; what a killed try left goes
        yield part
        part.replace(file)
    except OSError as error:
        raise UserError(f"{file} can't be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


@ledger_app.command()
def mark(
    posts: Annotated[list[int] | None, typer.Argument(metavar="ID", parser=_number, help="as `ledger list` shows them")] = None,
    state: Annotated[
        str,
        typer.Argument(
            metavar="STATE",
            help="published: it is there. planned: it is not there, and the next run sends it anew. failed: it is not there, and the next "
            "run that comes to it tries again. held: it is not posted until marked otherwise",
        ),
    ] = "",
    reason: Annotated[str, typer.Option(help="what you have seen, for the record")] = "",
    where: Annotated[str, typer.Option(help="the address of the post")] = "",
    post_id: Annotated[str, typer.Option(help="what the platform calls the post")] = "",
    by: Annotated[str, typer.Option(help="who has looked, for the record")] = "",
    campaign: ItsCampaign = None,
    at: At = "",
) -> None:
    """Say what you have seen at the platform, of posts that are held or went wrong, or what is not to be posted. A post that a worker
    is at is refused."""
    from localize.publish.ledger import MARKS

    if not posts or state not in MARKS:
        wrong = f"a post can't be marked {state!r}" if state not in MARKS else "which post?"
        raise UserError(f"{wrong}: {MARKING} (or {', '.join(mark for mark in MARKS if mark != 'published')}).")
    if len(posts) > 1 and (where or post_id):
        raise UserError(f"--where and --post-id are of one post, and you gave {len(posts)} numbers: mark them one by one.")
    if state != "published" and (where or post_id):
        raise UserError(f"--where and --post-id are of a post that is out: leave them out, or mark it published instead of {state}.")
    ledger, refused = opened(at, campaigns.load(campaign) if campaign else None), 0
    for post in dict.fromkeys(posts):
        try:
            row = ledger.mark(post, state, reason=reason, where=where, post_id=post_id, by=by)
        except UserError as error:  # the others are marked all the same
            refused += 1
            Console(stderr=True, highlight=False).print(f"[red]refused[/red]  {escape(str(error))}", soft_wrap=True)
            continue
        _say(f"post {row.id} ({row.name} on {row.channel}) is marked {row.state}: {NEXT[row.state]}")
    if refused:
        raise typer.Exit(UserError.exit_code)


def _campaign(said: str) -> campaigns.Campaign | None:
    """The campaign of a file; None for one that is only named."""
    return campaigns.load(said) if said.endswith((".yaml", ".yml")) else None


def opened(at: str, campaign: campaigns.Campaign | None = None) -> Ledger:
    """The ledger at a place, or else the one that a run of the campaign writes in. Raises UserError where there is none: to look into
    a ledger makes none."""
    from localize.publish import ledger  # SQLAlchemy takes its time to load

    where = at or ledger.chosen(campaigns.home(), os.path.expandvars(campaign.ledger) if campaign else "")
    if "://" not in where and not Path(where).expanduser().is_file():
        raise UserError(
            f"there is no ledger {where} yet: the first run that publishes begins it. Name another by --campaign campaign.yaml or --ledger."
        )
    return ledger.Ledger.open(where)


def _wanted(
    state: Sequence[str] | None, campaign: str, channel: str, sku: str, language: str, since: datetime | None
) -> dict[str, Any]:  # fmt: skip
    from localize.publish.ledger import STATES

    states = [name.strip() for given in state or () for name in given.split(",") if name.strip()]
    if unknown := [name for name in states if name not in STATES]:
        raise UserError(f"--state {unknown[0]!r} is no state of a post; there are {', '.join(STATES)}.")
    moment = since.timestamp() if since else None
    return {"state": states, "campaign": campaign, "channel": channel, "sku": sku, "language": language, "since": moment}


def _outcome(row: Row) -> str:
    """Where a post is, or why it is not."""
    return " ".join(filter(None, (row.where or row.post_id, row.reason))) or (f"is at {row.worker}" if row.worker else "")


def _plain(row: Row) -> dict[str, Any]:
    """A row with its times as ISO 8601, "" for never."""
    return {name: _iso(value) if name in TIMES else value for name, value in row.model_dump().items()}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds") if seconds else ""


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}" if seconds else ""


def _write_json(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_csv(file: Path, rows: list[dict[str, Any]]) -> None:
    from localize.publish.ledger import Row

    with file.open("w", encoding="utf-8-sig", newline="") as out:  # with the mark by which Excel knows UTF-8
        table = csv.writer(out)
        table.writerow(Row.model_fields)
        for row in rows:
            table.writerow(_cell(value) for value in row.values())


def _cell(value: object) -> object:
    """A value for a spreadsheet: what it would run as a formula gets an apostrophe in front, as platforms' texts come from outside."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return f"'{value}" if isinstance(value, str) and re.match(r"\s*[=+\-@＝＋－＠\t\r]", value) else value


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)
