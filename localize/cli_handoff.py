"""crossreel handoff: packs that are posted by hand: open one on a phone, and say what is posted."""

from __future__ import annotations

import secrets
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote

import typer
from rich.console import Console
from rich.markup import escape

from localize import campaign as campaigns
from localize.cli_ledger import At, ItsCampaign, opened
from localize.errors import CrossreelError, UserError
from localize.publish import handoff

if TYPE_CHECKING:
    from localize.publish.ledger import Ledger

console = Console(highlight=False)
handoff_app = typer.Typer(no_args_is_help=True, help="Packs of clips that are posted by hand.")

LARGEST_TABLE = 2_000_000  # bytes; 200 clips take a tenth of it
KINDS = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".srt": "text/plain; charset=utf-8", ".vtt": "text/vtt; charset=utf-8"}


@handoff_app.command()
def posted(
    tables: Annotated[list[Path], typer.Argument(help="the tables that the page saved")],
    by: Annotated[str, typer.Option(help="who posted them, for the record")] = "",
    campaign: ItsCampaign = None,
    ledger: At = "",
) -> None:
    """Take over from a page's table what is posted. A clip whose AI declaration is not ticked is not taken."""
    told = {str(table): list(handoff.posted(_text(table), str(table))) for table in tables}
    book, taken, wrong = opened(ledger, campaigns.load(campaign) if campaign else None), 0, 0
    for name, lines in told.items():
        done, problems = take(book, lines, name, by)
        taken += done
        wrong += len(problems)
        for problem in problems:
            console.print(f"[red]{escape(problem)}[/red]", soft_wrap=True)
    console.print(f"{taken} {'post is' if taken == 1 else 'posts are'} in the ledger as published.")
    if wrong:
        raise typer.Exit(2)


def _text(table: Path) -> str:
    try:
        return table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise UserError(f"{table} can't be read: {e}. Give the table that the page saved.") from e


def take(book: Ledger, lines: Iterable[handoff.Posted | UserError], name: str, by: str = "") -> tuple[int, list[str]]:
    """Mark in the ledger what the lines of a table say is posted. Returns how many are, and what is wrong with the others."""
    taken, problems = 0, []
    for line in lines:
        if isinstance(line, UserError):
            problems.append(str(line))
            continue
        row = book.find(line.place, line.clip_key)
        if row is None:
            problems.append(
                f"{name}: the ledger has no post of {line.sku} in {line.language} at {line.place}: it is another ledger's pack. Name the "
                "campaign that made it (--campaign campaign.yaml), or its ledger (--ledger)."
            )
            continue
        try:
            if row.state != "published":
                book.mark(row.id, "published", where=line.link, reason=f"posted by hand {line.at}".strip(), by=by)
            taken += 1
        except CrossreelError as e:
            problems.append(f"{name}: {line.sku} in {line.language}: {e}")
    return taken, problems


@handoff_app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="the folder of a night: out/CHANNEL/DATE")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free")] = 0,
    host: Annotated[str, typer.Option(help="the address of this machine that phones can reach; found if not given")] = "",
    by: Annotated[str, typer.Option(help="who posts, for the record")] = "",
    campaign: ItsCampaign = None,
    ledger: At = "",
) -> None:
    """Show a pack to phones in the same network, until Ctrl+C. Only who has the printed address sees it."""
    handoff.read(folder)
    book, host = opened(ledger, campaigns.load(campaign) if campaign else None), host or _own_address()
    with serving(folder, book, host, port, by) as (server, address):
        console.print(f"Open on the phone: {escape(address)}", soft_wrap=True)
        if sys.stdout.isatty():
            import segno

            segno.make(address, error="l", micro=False).terminal(compact=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print("Closed.")


@contextmanager
def serving(folder: Path, book: Ledger, host: str, port: int = 0, by: str = "") -> Iterator[tuple[ThreadingHTTPServer, str]]:
    """A server of a pack, not yet running, and its address, which can't be guessed."""
    base = f"/{secrets.token_urlsafe(12)}/"
    try:
        server = ThreadingHTTPServer((host, port), partial(_Page, folder.resolve(), base, book, by))
    except OSError as e:
        raise UserError(f"{host}:{port} can't be served from: {e.strerror or e}. Give another --port, or this machine's --host.") from e
    with server:
        yield server, f"http://{host}:{server.server_port}{base}"


class _Page(BaseHTTPRequestHandler):
    """The pack's page and files, and nothing else of the machine."""

    def __init__(self, folder: Path, base: str, book: Ledger, by: str, *rest: object) -> None:
        self.folder, self.base, self.book, self.by = folder, base, book, by
        super().__init__(*rest)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        """Said nowhere: the address is a secret."""

    def do_GET(self) -> None:
        if not self.path.startswith(self.base):
            return self.send_error(404)
        name = unquote(self.path.removeprefix(self.base).partition("?")[0])
        pack = handoff.read(self.folder)
        if not name:
            shown = handoff.page(pack, f"http://{self.headers['Host']}{self.base}", served=True)
            return self._answer(200, shown.encode(), "text/html; charset=utf-8")
        file = self.folder / name
        stems = {item.stem for item in pack.items}
        if file.parent != self.folder or file.stem not in stems or file.suffix not in KINDS or not file.is_file():
            return self.send_error(404)
        self._file(file)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != f"{self.base}posted" or not 0 < length <= LARGEST_TABLE:
            return self.send_error(404)
        try:
            name, text = "the page's table", self.rfile.read(length).decode("utf-8-sig")
            taken, problems = take(self.book, handoff.posted(text, name), name, self.by)
        except (UserError, UnicodeDecodeError) as e:
            return self._answer(400, str(e).encode())
        self._answer(400 if problems else 200, "\n".join([str(taken), *problems]).encode())

    def _file(self, file: Path) -> None:
        """A file, or the part of it that a phone's player asks for."""
        size = file.stat().st_size
        first, last, ranged = 0, size - 1, self.headers.get("Range", "")
        if ranged.startswith("bytes=") and "," not in ranged:
            begin, _, end = ranged.removeprefix("bytes=").partition("-")
            try:
                first = int(begin) if begin else max(0, size - int(end))
                last = min(int(end), size - 1) if begin and end else size - 1
            except ValueError:
                ranged = ""
        if first > last:
            return self.send_error(416)
        self.send_response(206 if ranged else 200)
        self.send_header("Content-Type", KINDS[file.suffix])
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Accept-Ranges", "bytes")
        if ranged:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        with file.open("rb") as source:
            source.seek(first)
            left = last - first + 1
            try:
                while left and (piece := source.read(min(left, 1 << 20))):
                    self.wfile.write(piece)
                    left -= len(piece)
            except (BrokenPipeError, ConnectionResetError):  # players stop when they have enough
                pass

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _own_address() -> str:
    """The address by which this machine is seen in its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
