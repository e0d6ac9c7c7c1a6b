"""crossreel models: the weights that engines need, fetched on purpose, with their sizes and licences shown first."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rapidfuzz import process
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Column, Table

from localize import engines, pull, weights
from localize.engines import Card
from localize.errors import CrossreelError, UserError
from localize.weights import Source

models_app = typer.Typer(no_args_is_help=True, help="The weights that engines need: what is there, and how it comes there.")
console = Console(highlight=False)


@dataclass(frozen=True)
class Declared:
    """An engine that says where its weights are published. Engines of one name share a folder."""

    cards: tuple[Card, ...]
    sources: tuple[Source, ...]

    @property
    def name(self) -> str:
        return self.cards[0].name

    @property
    def place(self) -> Path:
        return weights.folder(self.name)

    @property
    def commercial(self) -> bool:
        return all(card.commercial for card in self.cards)

    def chosen(self, only: str) -> tuple[Source, ...]:
        """The sources for languages (or of parts, by their folders), with those that serve all. Raises UserError for unknown ones."""
        wanted = {word.strip() for word in only.split(",") if word.strip()}
        known = {name for source in self.sources for name in (*source.languages, source.to) if name}
        if unknown := wanted - known:
            may = f"may be: {', '.join(sorted(known))}" if known else "can't be said of it: it has one part"
            raise UserError(f"{self.name} has no weights for {', '.join(sorted(unknown))}; --only {may}.")
        if not wanted:
            return self.sources
        return tuple(s for s in self.sources if wanted & {*s.languages, s.to} or not (s.languages or s.to))


def declared() -> dict[str, Declared]:
    """Every engine that has weights to fetch, by its name, in the order of the stages."""
    found: dict[str, Declared] = {}
    for stage in engines.GROUPS:
        for name, kind in engines.kinds(stage).items():
            sources: tuple[Source, ...] = getattr(kind, "WEIGHTS", ())
            if sources:
                before = found.get(name, Declared((), ()))
                found[name] = Declared((*before.cards, kind.card), tuple(dict.fromkeys((*before.sources, *sources))))
    return found


def _engine(name: str) -> Declared:
    known = declared()
    if name in known:
        return known[name]
    near = process.extractOne(name, sorted(known), score_cutoff=50)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UserError(f"there is no engine {name!r} with weights to fetch.{hint} Known: {', '.join(sorted(known))}.")


@models_app.command(name="list")
def list_models(engine: Annotated[str, typer.Argument(help="only this engine, with where its weights come from")] = "") -> None:
    """Which engines need weights, and which of them are there."""
    shown = [_engine(engine)] if engine else list(declared().values())
    name = Column("engine", no_wrap=True)
    table = Table(name, "stage", Column("licence", overflow="fold"), "commercial use", Column("weights", overflow="fold"), "size")
    for each in shown:
        stages = ", ".join(card.stage for card in each.cards)
        table.add_row(
            each.name, stages, escape(_licence(each)), "yes" if each.commercial else "no",
            escape(pull.state(each.place, each.sources)), _size(_held(each.place)),
        )  # fmt: skip
    console.print(table)
    _say(f"The folder of an engine's weights: {weights.folder(engine or 'ENGINE')}")
    if engine:
        for source in shown[0].sources:
            what = f"{source.repo} ({', '.join(source.files)})" if source.repo else source.address
            whom = f" for {', '.join(source.languages)}" if source.languages else ""
            _say(f"{what}{whom}{f' into {source.to}' if source.to else ''}: {source.licence or 'licence not said'}")


@models_app.command(name="pull")
def pull_models(
    engine: Annotated[str, typer.Argument(help="an engine's name, such as voxcpm")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="fetch without asking")] = False,
    accept_licence: Annotated[bool, typer.Option("--accept-licence", help="say yes to a licence that forbids commercial use")] = False,
    only: Annotated[str, typer.Option(help="only the weights for these languages: th,vi")] = "",
) -> None:
    """Fetch an engine's weights: says what and under which licence, asks, goes on where it stopped, and verifies every file."""
    chosen = _engine(engine)
    with console.status("asking what there is"):
        parts = pull.offer(chosen.chosen(only))
    table = Table("file", "size", "from", "licence")
    for part in parts:
        table.add_row(escape(part.path), _size(part.size), escape(part.origin), escape(part.licence or "not said"))
    console.print(table)
    free = chosen.commercial and not any(_forbids(part.licence) for part in parts)
    _say(f"{_size(sum(part.size for part in parts))} into {chosen.place}. Licence of {engine}: {_licence(chosen)}.")
    if not free:
        _say("These weights are NOT for commercial use: clips that sell are. Campaigns use them only with allow_noncommercial: true.")
    _agree(engine, free, yes, accept_licence)
    with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(),
                  console=console, transient=True) as bar:  # fmt: skip
        task = bar.add_task("checking what is there", total=sum(part.size for part in parts))
        new = pull.pull(parts, chosen.place, lambda name, count: bar.update(task, description=escape(name), advance=count))
    _say(f"{engine}: {len(new)} files fetched and verified, {len(parts) - len(new)} were there. They are in {chosen.place}.")


def _agree(engine: str, free: bool, yes: bool, accepted: bool) -> None:
    """Come back if the user says yes. Raises UserError where nobody can be asked and the options do not say it."""
    if yes and (free or accepted):
        return
    if not _asks():
        options = "--yes" if free else "--yes --accept-licence"
        raise UserError(f"nothing was fetched, as nobody said yes. Say it with: crossreel models pull {engine} {options}")
    question = "Fetch them?" if free else "Is your use not commercial, and do you accept the licence?"
    if not typer.confirm(question):
        raise typer.Exit(1)


@models_app.command()
def check(engine: Annotated[str, typer.Argument(help="an engine's name, such as voxcpm")]) -> None:
    """Compare an engine's weights, byte by byte, with what was published when they were pulled."""
    chosen = _engine(engine)
    with console.status("reading the files"):
        found = pull.check(chosen.place)
    wrong = {path: why for path, why in found.items() if why}
    for path, why in wrong.items():
        _say(f"{chosen.place / path} {why}")
    if wrong:
        raise CrossreelError(f"{len(wrong)} of {len(found)} files of {engine} are wrong. Get them again: crossreel models pull {engine}")
    _say(f"{engine}: all {len(found)} files are as they were published.")


def _asks() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


def _licence(engine: Declared) -> str:
    """What the engine's cards say; each source's own licence is shown beside it."""
    return ", ".join(dict.fromkeys(card.licence for card in engine.cards))


def _forbids(licence: str) -> bool:
    """Whether a licence's identifier says non-commercial: cc-by-nc-4.0, and the like."""
    return "nc" in licence.lower().replace("_", "-").split("-") or "non-commercial" in licence.lower()


def _held(place: Path) -> int:
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)
