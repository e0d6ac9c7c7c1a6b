"""crossreel report and crossreel status: what became of a run, and how things stand."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from localize import campaign as campaigns
from localize import runs
from localize.campaign import Campaign
from localize.cli_ledger import opened
from localize.errors import CrossreelError, UserError
from localize.runs import Run
from localize.store import LocalStore, open_store

console = Console(highlight=False)
SHOWN = 3  # runs of a campaign


def report(
    run: Annotated[str, typer.Argument(help="a run's id or its beginning, as `crossreel status` shows it, or `latest`")] = "latest",
    campaign: Annotated[Path | None, typer.Option(help="a campaign.yaml: its store, and `latest` is its last run")] = None,
    out: Annotated[Path | None, typer.Option(help="another folder to write to than the campaign's output folder")] = None,
) -> None:
    """Write the page, the summary and the rejects of a run anew, from what the store knows of it."""
    from localize import report  # its page takes jinja2 along

    settings = campaigns.load(campaign) if campaign else None
    store = _store(settings)
    if store is None:
        raise UserError(f"there is no store {campaigns.home() / 'store'} yet: `crossreel run CAMPAIGN` makes it, --campaign names another.")
    chosen = runs.chosen(store, run, settings.name if settings else "")
    page = report.again(store, chosen.id, out or "")
    counted = runs.find(store, chosen.id) or chosen
    _say(f"{counted.campaign}, run {counted.id} of {counted.began.astimezone():%Y-%m-%d %H:%M}")
    _say(report.counts(counted))
    _say(f"page:   {page}")


def status(campaign: Annotated[Path | None, typer.Argument(help="a campaign.yaml: only its runs and posts, and its store")] = None) -> None:
    """Say how things stand: the last runs, what is going on, what waits for a person, and the room on the disks."""
    settings = campaigns.load(campaign) if campaign else None
    parts = {"runs": _runs, "now": _now, "waits for a person": _waits, "disks": _disks}
    for title, lines in parts.items():
        _say(title)
        try:
            for line in list(lines(settings)) or ["nothing"]:
                _say(f"  {line}")
        except CrossreelError as error:  # what can't be asked hides nothing of the rest
            _say(f"  not known: {error}")
        except (OSError, ValueError) as error:  # a note or file that another version wrote, or that is broken
            _say(f"  not known: {type(error).__name__}: {str(error).partition(chr(10))[0]}")


def _store(settings: Campaign | None) -> LocalStore | None:
    """The campaign's store, or else this machine's; None where there is none yet: to look makes none."""
    where = settings.store if settings else str(campaigns.home() / "store")
    return open_store(where, campaigns.home()) if "://" in where or Path(where).is_dir() else None


def _known(settings: Campaign | None) -> dict[str, list[Run]]:
    """The runs that the store knows, by campaign, the newest first."""
    store = _store(settings)
    return _by_campaign(runs.known(store) if store else [], settings)


def _by_campaign(known: Sequence[Run], settings: Campaign | None) -> dict[str, list[Run]]:
    found = dict[str, list[Run]]()
    for run in known:
        if not settings or run.campaign == settings.name:
            found.setdefault(run.campaign, []).append(run)
    return found


def _newest(settings: Campaign | None) -> list[Run]:
    """The newest run of each campaign."""
    return [own[0] for own in _known(settings).values()]


def _runs(settings: Campaign | None) -> Iterator[str]:
    from localize import report

    if not (store := _store(settings)):
        return
    known = runs.known(store)
    for name, own in _by_campaign(known, settings).items():
        yield name
        for run in own[:SHOWN]:
            yield f"  {run.began.astimezone():%Y-%m-%d %H:%M}  {run.id}  {report.counts(run)}"
    if others := _of_others(store, {run.id for run in known}, settings):
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        yield f"noted by another version of crossreel, which can read them: {', '.join(others[:SHOWN])}{more}"


def _of_others(store: LocalStore, known: Collection[str], settings: Campaign | None) -> list[str]:
    """The runs that have noted themselves and are not `known` to this version, of one campaign if it is given, the newest first."""
    found = [(name, store.noted(name, runs.RUN)) for name in store.runs() if name not in known]
    return [name for name, text in found if text and (not settings or _campaign_of(text) in ("", settings.name))]


def _campaign_of(note: str) -> str:
    """The campaign that a run's note names; "" where it can't be told."""
    with suppress(ValueError):
        told = json.loads(note)
        return str(told.get("campaign", "")) if isinstance(told, dict) else ""
    return ""


def _progress(store: LocalStore, run: Run) -> tuple[int, int] | None:
    """How many clips of a run have ended, and how many wait to be read over; None where another version has noted them."""
    try:
        return runs.progress(store, run.id)
    except UserError:
        return None


def _now(settings: Campaign | None) -> Iterator[str]:
    """The newest run of each campaign that has clips to come, by its notes; and what Prefect says, where its address is set."""
    store = _store(settings)
    for run in _newest(settings):
        if store and not run.whole:
            if not (far := _progress(store, run)):
                yield f"{run.campaign}, run {run.id}: not known how far it has come: another version of crossreel notes it"
                continue
            ended, unread = far
            told = f", {_several(unread, 'waits', 'wait')} for proofreading" if unread else ""
            way = "" if ended + unread >= run.planned else ": it is going on, or was stopped"
            yield f"{run.campaign}, run {run.id}: {ended:,} of {run.planned:,} clips have ended{told}{way}"
    if os.environ.get("PREFECT_API_URL"):
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
        from flows import going  # Prefect takes two seconds to load

        yield from going.told(settings.name if settings else "")


def _waits(settings: Campaign | None) -> Iterator[str]:
    yield from _posts(settings)
    store = _store(settings)
    for run in _newest(settings):
        far = _progress(store, run) if store and not run.whole else None
        if far and (unread := far[1]):
            yield f"{run.campaign}: {_several(unread, 'clip waits', 'clips wait')} to be read over: crossreel review list"
        page = Path(run.out) / "index.html"
        if run.ticks:
            yield f"{run.campaign}: the AI declaration of {_several(run.ticks, 'post')} may still have to be ticked: {page}"
        if run.trouble:
            yield f"{run.campaign}: {_several(len(run.trouble), 'clip')} stopped; the page says why: {page}"


def _posts(settings: Campaign | None) -> Iterator[str]:
    try:
        ledger = opened("", settings)
    except UserError:
        return  # nothing was ever posted
    except CrossreelError as error:
        yield f"posts: not known: {error}"
        return
    found = ledger.rows(state=("held", "failed"), campaign=settings.name if settings else "")
    for (name, state), n in sorted(Counter((row.campaign, row.state) for row in found).items()):
        what = "held: nobody can tell whether they are out" if state == "held" else "failed"
        yield f"{name}: {_several(n, 'post is', 'posts are')} {what}: crossreel ledger list --state {state} --campaign {name}"


def _disks(settings: Campaign | None) -> Iterator[str]:
    """The free space where things are written, each disk told once."""
    where = {"home": str(campaigns.home())} | ({"store": settings.store, "out": settings.out} if settings else {})
    told: dict[int, list[str]] = {}
    for name, said in where.items():
        if "://" not in said:
            folder = next(path for path in (Path(said), *Path(said).parents) if path.is_dir())
            told.setdefault(folder.stat().st_dev, [str(folder)]).append(name)
    for there, *names in told.values():
        yield f"{shutil.disk_usage(there).free / 2**30:.0f} GiB free for {', '.join(names)} ({there})"


def _several(n: int, one: str, more: str = "") -> str:
    return f"{n:,} {one if n == 1 else more or one + 's'}"


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)
