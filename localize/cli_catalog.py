"""crossreel catalog: look at a catalog before anything is made of it, find out what its columns mean, get an empty one."""

from __future__ import annotations

import json
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
import yaml
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from localize import campaign as campaigns
from localize import languages
from localize.domain import Money, Product
from localize.errors import CrossreelError, UserError
from localize.products import Asked, Outcome, columns, prices, sources, survey, tables
from localize.products.draft import LOCALIZED
from localize.products.look import ADDRESS
from localize.products.sources.fetch import Fetching
from localize.products.survey import Survey

if TYPE_CHECKING:
    from localize.products.columns import Guess

catalog_app = typer.Typer(no_args_is_help=True, help="Look at catalogs, before anything is made of them.")
console = Console(highlight=False)

SHOWN_KINDS = 12  # of reasons; --json has more


@catalog_app.command()
def check(
    source: Annotated[str, typer.Argument(help="a file, several ('exports/*.csv'), https://..., s3://... or a database's URL")] = "",
    campaign: Annotated[Path | None, typer.Option(help="a campaign.yaml: its catalog, and what it says about it")] = None,
    currency: Annotated[str, typer.Option(help="of prices that name none, such as THB")] = "",
    language: Annotated[str, typer.Option(help="of the texts, such as zh; found out if not given")] = "",
    format: Annotated[str, typer.Option(help="how to read it, if what is found by the content is wrong")] = "",
    columns: Annotated[list[str] | None, typer.Option(help="which column is which: title=商品标题,price=售价")] = None,
    sheet: Annotated[str, typer.Option(help="only this sheet of a workbook")] = "",
    query: Annotated[str, typer.Option(help="the SELECT that gives the products of a database")] = "",
    pictures_at: Annotated[str, typer.Option(help="folder or address that the catalog's picture names are to be looked for in")] = "",
    pictures: Annotated[
        int | None,
        typer.Option(
            min=0, help="look at the pictures of the first N products and fetch those at addresses; 0: none. Else: all files, no addresses"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="write the products here, one JSON object a line")] = None,
    rejects: Annotated[Path | None, typer.Option(help="write the rejects here, as CSV")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
) -> None:
    """Read a catalog and say what is in it: products, rejects with their reasons, and what is doubtful. Makes nothing."""
    started = time.perf_counter()
    try:
        wanted = _wanted(source, campaign, query, _told(currency, language, format, columns or [], sheet, pictures_at))
        files = sources.files(wanted.source, query=wanted.query, limits=wanted.fetch, home=campaigns.home())
        with _progress() as show:
            found = survey.take(
                files, wanted.asked, wanted.fetch, campaigns.home(), looked_at=pictures, out=out, rejects=rejects, watched=show
            )
    except CrossreelError as error:
        if as_json:
            _print_json({"error": str(error)})
        raise
    seconds = time.perf_counter() - started
    if as_json:
        _print_json(found.report() | {"seconds": round(seconds, 3)})
    else:
        _print_survey(found, seconds)
        _print_way_on(found, wanted)
        _print_written(found, out, rejects)
    if not found.balanced:
        raise typer.Exit(1)
    raise typer.Exit(2 if found.rejects else 0)


@catalog_app.command("map")
def map_columns(
    file: Annotated[Path, typer.Argument(help="any table")],
    sheet: Annotated[str, typer.Option(help="the sheet of a workbook")] = "",
) -> None:
    """Propose which column is which, for the `columns:` of a campaign."""
    found = tables.load(file)
    wanted = [t for t in found if t.sheet.casefold() == sheet.casefold()] if sheet else found
    if not wanted:
        raise UserError(f"{file.name} has no visible sheet {sheet!r}, only {', '.join(repr(t.sheet) for t in found)}")
    table, guesses = _best(wanted)
    understood = [g for g in guesses if g.field and g.confidence >= columns.SURE]
    view = Table("column", "is", "sure", "example", "why")
    for g in guesses:
        sure = f"{g.confidence:.0%}" if g.field else ""
        view.add_row(*map(escape, (_column(g), _field(g) or "-", sure, _example(table, g), g.why)))
    _say(f"{table.where}: {len(guesses)} columns, {len(understood)} of them understood")
    console.print(view)
    if any(g.field for g in guesses):
        console.print("to set or correct it, in your campaign.yaml:\n")
        _say(_block(guesses))
    if missing := [name for name in ("title", "price") if name not in {g.field for g in understood}]:
        _say(f"no column was found for {' and '.join(missing)}: add it to `columns:` by hand")
        raise typer.Exit(2)


@catalog_app.command()
def template(
    file: Annotated[Path, typer.Argument(help="the workbook to write, such as shop.xlsx")],
    language: Annotated[str, typer.Option(help="of its columns and help: en, zh, th, vi or id")] = "en",
    languages: Annotated[str, typer.Option(help="languages to have columns for your own texts in: th,vi,id")] = "",
    currency: Annotated[str, typer.Option(help="of the example's price, such as THB")] = "",
) -> None:
    """Write an empty spreadsheet to fill in, with help, checks and an example."""
    from localize.products import template as sheets

    localized = [code.strip() for code in languages.split(",") if code.strip()]
    sheets.write(file, language=language, localized=localized, currency=currency)
    console.print(
        f"{file} is written: fill it in, then look at it by: crossreel catalog check {shlex.quote(str(file))}", soft_wrap=True, markup=False
    )


# --- what is to be read --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """What is to be read and how: from the command line, over what the campaign says."""

    source: str
    query: str
    asked: Asked
    fetch: Fetching
    campaign: Path | None


def _told(currency: str, language: str, format: str, given: Sequence[str], sheet: str, pictures: str) -> dict[str, Any]:
    """What the options say of what a campaign can say, without those that were not given."""
    # A folder, as a campaign's, but from here.
    at = pictures if ADDRESS.match(pictures) or not pictures else str(Path(pictures).expanduser().resolve())
    told = {
        "currency": currency.upper(),
        "language": language,
        "format": format,
        "sheet": sheet,
        "columns": _columns(given),
        "pictures": at,
    }
    return {name: value for name, value in told.items() if value}


def _wanted(source: str, campaign: Path | None, query: str, told: dict[str, Any]) -> Wanted:
    asked, fetch, catalog = Asked(), Fetching(), sources.absolute(source, Path.cwd()) if source else ""
    if campaign:
        settings = campaigns.load(campaign)
        asked, fetch = settings.asked(), settings.fetch
        catalog, query = catalog or settings.catalog, query or settings.query
    if not catalog:
        raise UserError("give a catalog, such as: crossreel catalog check products.csv")
    return Wanted(catalog, query, replace(asked, **told), fetch, campaign)


def _columns(given: Sequence[str]) -> dict[str, str | tuple[str, ...]]:
    """`title=商品标题,price=售价` as a mapping; a field that is given twice has several columns."""
    mapping: dict[str, tuple[str, ...]] = {}
    # A comma may stand in a column's name, too: one that separates is followed by the next field.
    for pair in (p for text in given for p in re.split(r",(?=\s*\w+\s*=)", text)):
        name, _, header = (part.strip() for part in pair.partition("="))
        if not name or not header:
            raise UserError(f"--columns {pair!r} is not like title=商品标题: write the field, = and the column's name")
        mapping[name] = (*mapping.get(name, ()), header)
    return {name: headers[0] if len(headers) == 1 else headers for name, headers in mapping.items()}


# --- what the terminal shows ---------------------------------------------------------------------------------------


def _print_json(report: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)


@contextmanager
def _progress() -> Iterator[Callable[[Iterable[Outcome]], Iterable[Outcome]]]:
    """Passes outcomes on, and shows their number where someone may be waiting."""
    screen = Console(stderr=True)
    with screen.status("reading") if screen.is_terminal else nullcontext() as status:

        def show(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
            for n, outcome in enumerate(outcomes, 1):
                if status and n % 5000 == 0:
                    status.update(f"reading: {n:,}")
                yield outcome

        yield show


def _print_survey(found: Survey, seconds: float) -> None:
    files = ", ".join(found.reading.files[:5]) + (f" and {len(found.reading.files) - 5} more" if len(found.reading.files) > 5 else "")
    _say(f"{files}: {found.reading.about}")
    for note in list(found.notes)[:SHOWN_KINDS]:
        _say(f"  {note}")
    _say(
        f"{found.rows:,} rows = {found.product_rows:,} of {_several(found.products, 'product')} + {found.reject_rows:,} rejected"
        f" + {found.skipped_rows:,} that are no products ({seconds:.1f} s)"
    )
    if not found.balanced:
        account = found.reading.account
        missing = f"the file has {account.seen - account.tables:,}"
        console.print(f"[red]this does not add up ({missing}): a fault of crossreel, please report it[/red]")
    for skipped in list(found.skipped.values())[:SHOWN_KINDS]:
        _say(f"  {_several(skipped.rows, 'row')}: {skipped.reason}, such as row {skipped.row}")
    if found.products:
        console.print(_preview(found))
        _say(_about_all(found))
    _print_kinds("rejected", "red", found.reject_kinds)
    _print_kinds("doubtful", "yellow", found.warning_kinds)


def _preview(found: Survey) -> Table:
    view = Table(
        title=None if found.products <= survey.PREVIEW else f"the first {survey.PREVIEW} of {found.products:,}", title_justify="left"
    )
    names = ("sku", "title", "price", "was", "options", "pictures", "text")
    rows = []
    for p in found.preview:
        options = "; ".join(f"{name}: {', '.join(choices)}" for name, choices in p.options.items())
        rows.append((p.sku, p.title, _price(p), _amount(p.was_price), options, _images(p), "+".join((p.language, *p.localized))))
    kept = [i for i in range(len(names)) if any(row[i] for row in rows)]
    widths = _fitted({names[i]: max(len(names[i]), *(cell_len(row[i]) for row in rows)) for i in kept})
    for name, width in widths.items():
        side: Literal["left", "right"] = "right" if name in ("price", "was") else "left"
        view.add_column(name, no_wrap=True, overflow="ellipsis", width=width, justify=side)
    for row in rows:
        view.add_row(*(escape(row[i]) for i in kept))
    return view


def _fitted(widths: dict[str, int]) -> dict[str, int]:
    """Widths of columns that the terminal has room for: titles, options and codes are cut, but no price ever is."""
    for name, most in (("sku", 24), ("options", 32)):
        widths = {n: min(w, most) if n == name else w for n, w in widths.items()}
    over = sum(widths.values()) + 3 * len(widths) + 1 - console.width
    for name, least in (("title", 24), ("options", 8), ("sku", 8), ("title", 8)):
        if over > 0 and widths.get(name, 0) > least:
            cut = min(over, widths[name] - least)
            widths[name] -= cut
            over -= cut
    return widths


def _price(product: Product) -> str:
    if product.price_to:
        lowest = _amount(product.price).rpartition(" ")[0] if product.price.currency != prices.UNKNOWN else _amount(product.price)
        return f"{lowest} to {_amount(product.price_to)}"
    return ("from " if product.price_from else "") + _amount(product.price)


def _amount(money: Money | None) -> str:
    if money is None:
        return ""
    whole = money.amount == money.amount.to_integral_value()
    number = f"{money.amount:,.0f}" if whole else f"{money.amount:,.2f}" if money.amount * 100 % 1 == 0 else f"{money.amount:,}"
    return number if money.currency == prices.UNKNOWN else f"{number} {money.currency}"


def _images(product: Product) -> str:
    addresses = sum(1 for image in product.images if ADDRESS.match(image))
    return ", ".join(_several(n, word) for n, word in ((len(product.images) - addresses, "file"), (addresses, "address")) if n) or "none"


def _several(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}{'es' if word.endswith('s') else 's'}"


def _about_all(found: Survey) -> str:
    """Currency, languages and pictures of all products, in a line each."""
    known = [f"{code} ({n:,})" for code, n in found.currencies.most_common(5) if code != prices.UNKNOWN]
    spoken = [f"{languages.get(c).name if c in languages.codes() else c} ({n:,})" for c, n in found.languages.most_common(5)]
    without = f"; {_several(found.without_picture, 'product')} without any" if found.without_picture else ""
    lines = [
        f"prices in {', '.join(known)}" if known else "",
        f"texts in {', '.join(spoken)}",
        f"pictures: {_several(found.picture_files, 'file')}, {_several(found.picture_addresses, 'address')}{without}",
    ]
    return "\n".join(filter(None, lines))


def _print_kinds(what: str, colour: str, kinds: dict[tuple[str, str], survey.Kind]) -> None:
    ordered = survey.ordered(kinds)
    for kind in ordered[:SHOWN_KINDS]:
        first = kind.example
        where = f"{first['file']}, row {first['row']}" if first["row"] else first["file"]
        where += f", {kind.column}" if kind.column else ""
        times = f"{kind.count:,} times, such as " if kind.count > 1 else ""
        text = escape(f"{times}{where}: {first['message']}")
        console.print(f"[{colour}]{what}[/{colour}]  {text}", soft_wrap=True)
    if len(ordered) > SHOWN_KINDS:
        count = sum(kind.count for kind in ordered[SHOWN_KINDS:])
        _say(f"  ... and {count:,} more, of {len(ordered) - SHOWN_KINDS} other kinds: --json lists the kinds, --rejects writes all rejects")


def _print_way_on(found: Survey, wanted: Wanted) -> None:
    unknown = found.currencies[prices.UNKNOWN]
    if unknown:
        whose = "" if unknown == found.products else f" for {_several(unknown, 'product')}"
        console.print(
            f"[yellow]no currency is stated{whose}[/yellow]: prices are shown as bare numbers; set `currency:` in the campaign or use"
            " --currency; a run rejects these rows until then",
            soft_wrap=True,
        )
    if wanted.campaign:
        _say(f"make clips: crossreel run {shlex.quote(str(wanted.campaign))}")
        return
    asked = wanted.asked
    keys: dict[str, Any] = {"catalog": sources.shown(wanted.source), "query": wanted.query, "format": asked.format, "sheet": asked.sheet}
    keys |= {"columns": {k: v if isinstance(v, str) else list(v) for k, v in asked.columns.items()}}
    keys |= {"currency": asked.currency or ("THB" if unknown else ""), "source_language": asked.language, "pictures": asked.pictures}
    block = yaml.safe_dump({k: v for k, v in keys.items() if v}, allow_unicode=True, sort_keys=False, width=1000)
    if unknown and not asked.currency:
        block = block.replace("currency: THB", "currency: THB  # or whatever your prices are in")
    _say("make clips: in your campaign.yaml write")
    _say("".join(f"  {line}\n" for line in block.splitlines()) + "then: crossreel run campaign.yaml")


def _print_written(found: Survey, out: Path | None, rejects: Path | None) -> None:
    if out:
        _say(f"{out}: {_several(found.products, 'product')}, one a line")
    if rejects:
        _say(f"{rejects}: {_several(found.rejects, 'reject')}")


# --- columns -------------------------------------------------------------------------------------------------------


def _best(found: Sequence[tables.Table]) -> tuple[tables.Table, Sequence[Guess]]:
    """The table whose columns are understood best."""
    proposed = [(table, columns.propose(table)) for table in found]

    def worth(pair: tuple[tables.Table, Sequence[Guess]]) -> tuple[int, float]:
        sure = {g.field: g.confidence for g in pair[1] if g.field}
        return sum(name in sure for name in ("title", "price")), sum(sure.values())

    return max(proposed, key=worth)


def _column(guess: Guess) -> str:
    """As a campaign names it: by its header, a column without one as a spreadsheet does."""
    return guess.header or columns.letters(guess.index)


def _field(guess: Guess) -> str:
    return f"{guess.field}_{guess.language}" if guess.language and guess.field in LOCALIZED else guess.field


def _example(table: tables.Table, guess: Guess) -> str:
    """The first cell below the column's header that is not empty."""
    rows = columns.below(table, columns.header(table))
    cell = next((c for row in rows if guess.index < len(row.cells) and (c := row.cells[guess.index].strip())), "")
    line = " ".join(cell.split())
    return line if len(line) <= 40 else line[:39] + "…"


def _block(guesses: Sequence[Guess]) -> str:
    """The guesses as a campaign's `columns:`; what is only supposed stands there as a comment."""
    fields = list(dict.fromkeys(_field(g) for g in guesses if g.field))
    lines = ["columns:"]
    for name in fields:
        same = [g for g in guesses if _field(g) == name]
        sure = [_column(g) for g in same if g.confidence >= columns.SURE]
        named = sure or [_column(g) for g in same]
        style = None if len(named) > 1 else False  # a list in brackets, one name without
        entry = yaml.safe_dump({name: named[0] if len(named) == 1 else named}, allow_unicode=True, default_flow_style=style, width=1000)
        lines.append(("  " if sure else "  # ") + entry.strip())
    return "\n".join(lines) + "\n"
