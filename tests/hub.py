"""A stand-in for the Hugging Face hub on this machine: lists of files, files, the server that big files are kept on, and moods."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "5a" * 20


@dataclass
class Hub:
    """What the servers have, how they behave, and what they were asked.

    `files` are by "owner/repo/path"; those in `large` are sent on to a second server. `cuts` says after how many bytes an answer
    breaks off (each once), `refusals` which statuses come first, `wrong` what comes instead of a file's content.
    """

    files: dict[str, bytes]
    large: set[str] = field(default_factory=set)
    licence: dict[str, Any] = field(default_factory=lambda: {"license": "apache-2.0"})
    cuts: list[int] = field(default_factory=list)
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    wrong: dict[str, bytes] = field(default_factory=dict)
    token: str = ""
    ranges: bool = True
    sizes: bool = True
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)  # server, path, Range, Authorization
    address: str = ""
    store: str = ""

    def listing(self, repo: str) -> dict[str, Any]:
        siblings = []
        for name, content in self.files.items():
            if name.startswith(f"{repo}/"):
                file: dict[str, Any] = {"rfilename": name.removeprefix(f"{repo}/")}
                if self.sizes:
                    file |= {"size": len(content), "blobId": hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()}
                if name in self.large:
                    file["blobId"] = "0" * 40  # that of the pointer, not of the file
                    file["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
                siblings.append(file)
        return {"id": repo, "sha": COMMIT, "cardData": self.licence, "siblings": siblings}

    def fetched(self) -> list[tuple[str, str]]:
        """The files that were asked for and from where in them."""
        return [(path.rpartition("/")[2], start) for _, path, start, _ in self.asked if "/api/" not in path]


@contextmanager
def running(**given: Any) -> Iterator[Hub]:
    hub = Hub(**given)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            parts = urlsplit(unquote(self.path))
            mine = f"http://127.0.0.1:{self.server.server_port}" == hub.address  # type: ignore[attr-defined]
            hub.asked.append(("hub" if mine else "store", parts.path, self.headers.get("Range", ""), self.headers.get("Authorization", "")))
            if hub.refusals:
                status, headers = hub.refusals.pop(0)
                self.answer(status, b"no", headers)
            elif mine and hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
                self.answer(401, b"Invalid username or password.")
            elif parts.path.startswith("/api/models/"):
                repo = "/".join(parts.path.split("/")[3:5])
                known = any(name.startswith(f"{repo}/") for name in hub.files)
                self.answer(200 if known else 404, json.dumps(hub.listing(repo)).encode() if known else b"Repository not found")
            else:
                self.file(parts.path, mine)

        def file(self, path: str, mine: bool) -> None:
            name = path.strip("/").replace(f"/resolve/{COMMIT}/", "/").removeprefix("kept/")
            if name not in hub.files:
                self.answer(404, b"Entry not found")
            elif mine and name in hub.large:
                self.answer(302, b"", {"Location": f"{hub.store}/kept/{name}?signature=secret"})
            else:
                self.content(hub.wrong.get(name, hub.files[name]))

        def content(self, whole: bytes) -> None:
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")) if hub.ranges else 0
            if start and start >= len(whole):
                self.answer(416, b"")
            elif start:
                self.answer(206, whole[start:], {"Content-Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"}, cut=True)
            else:
                self.answer(200, whole, cut=True)

        def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None, cut: bool = False) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                end = hub.cuts.pop(0) if cut and hub.cuts else len(content)
                with suppress(BrokenPipeError, ConnectionResetError):  # the client had enough
                    self.wfile.write(content[:end])
                self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as first, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as second:
        hub.address, hub.store = (f"http://127.0.0.1:{server.server_port}" for server in (first, second))
        threads = [threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True) for server in (first, second)]
        for thread in threads:
            thread.start()
        yield hub
        for server in (first, second):
            server.shutdown()
        for thread in threads:
            thread.join()
