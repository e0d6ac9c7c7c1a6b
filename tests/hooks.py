"""A webhook's server on this machine, that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "k3y9f8e7d6c5b4a39281"


@dataclass
class Hook:
    """A webhook's server. `answers` are given one a request, the last one for ever: a status, or a status and a JSON body."""

    answers: list[int | tuple[int, Any]] = field(default_factory=lambda: [200])
    got: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/{TOKEN}"


@contextmanager
def hooked() -> Iterator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            made.paths.append(self.path)
            said = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            status, body = said if isinstance(said, tuple) else (said, None)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()
