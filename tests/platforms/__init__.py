"""Platforms on this machine: servers that hold to a platform's contract over real HTTP, and fail when they are told to.

Each platform's file has a class with the platform's memory (who posted what) and its routes; `serving` puts it on a port.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, get_args
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import httpx

# What may go wrong with a request. *_before: nothing was done; *_after: it was done, and nobody says so; twice: the platform receives
# it two times, as from a proxy that sends again, and the client has the first answer.
Fault = Literal[
    "429", "429_after_1s", "500_before", "500_after", "reset_before", "reset_mid", "reset_after", "hang_before", "hang_after", "twice"
]  # fmt: skip
EVERY_FAULT: tuple[Fault, ...] = get_args(Fault)
HANGS = "X-Hangs"  # a header
FAULTS = tuple(fault for fault in EVERY_FAULT if fault != "twice")  # that clients notice


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in small letters
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"null")

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Answer:
    status: int = 200
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    kind: str = "application/json"


@dataclass
class Trouble:
    """Which requests fail. `planned` are (part of a path, fault), each for the next request whose path has it; `rate` is the
    share of all others that fail at random, by `seed`."""

    planned: list[tuple[str, Fault]] = field(default_factory=list)
    rate: float = 0.0
    seed: int = 0
    hang: float = 0.0  # s of really hanging, for clients in other processes; a client in this one is told that its time is up (`serving`)
    kinds: tuple[Fault, ...] = FAULTS
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random, self._lock = random.Random(self.seed), threading.Lock()

    def next(self, path: str) -> Fault | None:
        with self._lock:
            asked = next((entry for entry in self.planned if entry[0] in path), None)
            if asked:
                self.planned.remove(asked)
                fault: Fault | None = asked[1]
            else:
                fault = self._random.choice(self.kinds) if self._random.random() < self.rate else None
            if fault:
                self.counts[fault] = self.counts.get(fault, 0) + 1
            return fault

    def spare(self, fault: Fault) -> None:
        """Take back a fault that the request it was for can't have."""
        with self._lock:
            self.counts[fault] -= 1


class Platform:
    """Base of the platforms. `answer` is called under one lock: what a platform knows is changed by one request at a time."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        self.trouble = trouble or Trouble()
        self.lock = threading.RLock()
        self.seen: list[Request] = []
        self.address = ""
        self.ended = threading.Event()
        self.now: Callable[[], float] = time.time

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def bears_twice(self, request: Request) -> bool:
        """Whether a client can be asked to cope with this request being received twice: not where that is two posts by the contract."""
        return True


@contextmanager
def serving(*platforms: Platform) -> Iterator[None]:
    """The platforms on ports of this machine, each at its `address`. Where one hangs, httpx's time is up at once, and nowhere else: what
    a test proves does not hang on how long a busy machine takes for an answer."""
    servers, handled = [], httpx.HTTPTransport.handle_request

    def timed(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        answer = handled(transport, request)
        if HANGS in answer.headers:
            answer.close()
            raise httpx.ReadTimeout("timed out", request=request)
        return answer

    for platform in platforms:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(platform))
        server.daemon_threads = True
        platform.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        servers.append((server, thread))
    try:
        with patch.object(httpx.HTTPTransport, "handle_request", timed):
            yield
    finally:
        for platform in platforms:
            platform.ended.set()
        for server, thread in servers:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(platform: Platform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # an answer is two writes, and the second would wait for the first one's receipt

        def log_message(self, *_: object) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(platform.now())

        def _serve(self) -> None:
            address = urlsplit(self.path)
            fault = platform.trouble.next(address.path)
            length = int(self.headers.get("Content-Length") or 0)
            if fault == "reset_mid":
                self.rfile.read(length // 2)
                return self._reset()
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, address.path, dict(parse_qsl(address.query, keep_blank_values=True)), headers, body)
            if fault == "reset_before":
                return self._reset()
            if fault == "hang_before":
                return self._hang()
            if fault in ("429", "429_after_1s"):
                return self._send(Answer(429, {"error": {"code": "rate_limit_exceeded", "message": "slow down", "log_id": "x"}},
                                         {"Retry-After": "1"} if fault == "429_after_1s" else {}))  # fmt: skip
            if fault == "500_before":
                return self._send(Answer(500, {"error": {"code": "internal_error", "message": "", "log_id": "x"}}))
            if fault == "twice" and not platform.bears_twice(request):
                platform.trouble.spare(fault)
                fault = None
            with platform.lock:
                platform.seen.append(request)
                answer = platform.answer(request)
                if fault == "twice":
                    platform.seen.append(request)
                    platform.answer(request)
            if fault == "500_after":
                return self._send(Answer(500, {"error": {"code": "internal_error", "message": "", "log_id": "x"}}))
            if fault == "hang_after":
                return self._hang()
            if fault == "reset_after":
                return self._reset()
            return self._send(answer)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def _hang(self) -> None:
            if platform.trouble.hang:
                platform.ended.wait(platform.trouble.hang)
                return self._reset()
            self.close_connection = True
            return self._send(Answer(headers={HANGS: "yes", "Connection": "close"}))

        def _reset(self) -> None:
            """End the connection as a crashed machine does."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

        def _send(self, answer: Answer) -> None:
            body = answer.raw or json.dumps(answer.json).encode()
            try:
                self.send_response(answer.status)
                for name, value in {"Content-Type": answer.kind, "Content-Length": str(len(body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):  # the client did not wait
                pass

        def handle(self) -> None:
            with suppress(ConnectionError):  # of a client that was killed
                super().handle()

        def finish(self) -> None:
            with suppress(OSError, ValueError):  # of a connection that was reset on purpose
                super().finish()

    return Handler


@dataclass
class Page:
    """An entry of the ledger that lies in memory: what publishers are tested with. `others` are those of the same place."""

    publish_id: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    sent: str = ""
    slots: list[tuple[str, float]] = field(default_factory=list)
    others: list[Page] = field(default_factory=list, repr=False, compare=False)
    state: str = ""
    post_id: str = ""
    updated_at: float = field(default_factory=time.time, compare=False)

    def note(self, *, publish_id: str | None = None, **kept: Any) -> None:
        self.publish_id = self.publish_id if publish_id is None else publish_id
        self.kept |= kept
        self.sent, self.updated_at = "", time.time()

    def sending(self, what: str) -> None:
        self.sent, self.updated_at = what, time.time()

    def twins(self, name: str, value: str) -> list[Page]:
        return [page for page in self.others if page is not self and page.kept.get(name) == value]

    def take(self, numbers: Mapping[str, str], **kept: Any) -> bool:
        if any(self.twins(name, number) for name, number in numbers.items()):
            return False
        self.note(**numbers, **kept)
        return True

    def slot(self, name: str, per_minute: float) -> None:
        self.slots.append((name, per_minute))
