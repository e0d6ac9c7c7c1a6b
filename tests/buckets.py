"""A bucket on this machine: moto's S3 on a port, which tells what it was asked and fails when it is told to.

Requests are answered one after another, so that a condition and the write under it are one step, as in S3 itself.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NoReturn
from urllib.parse import parse_qsl, unquote

import boto3
from botocore.config import Config
from platforms import Page

from localize.domain import Channel, Clip, Disclosure, Post
from localize.errors import CrossreelError
from localize.publish import Parcel
from localize.publish.s3 import S3Publisher

MB = 2**20

# Cut off: before anything was done, or after it was done and before anybody was told. Deaf to conditions, as old stores are. Or an
# answer: status and S3's code.
Fault = Literal["cut_before", "cut_after", "deaf"] | tuple[int, str]


@dataclass(frozen=True)
class Asked:
    """A request: `what` is S3's name for it."""

    what: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]  # names in small letters
    size: int


@dataclass
class Buckets:
    """The server's memory. `trouble` says which requests fail, and how."""

    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    written: list[str] = field(default_factory=list)  # the key of each write that was taken
    trouble: Callable[[Asked], Fault | None] = lambda asked: None

    @cached_property
    def owner(self) -> Any:
        """An S3 client that may do everything."""
        return self.client("s3")

    def client(self, service: str) -> Any:
        config = Config(retries={"max_attempts": 0})
        keys = {"aws_access_key_id": "owner", "aws_secret_access_key": "owner"}
        return boto3.client(service, endpoint_url=self.address, region_name="us-east-1", config=config, **keys)

    def of(self, what: str, suffix: str = "") -> list[Asked]:
        return [a for a in self.asked if a.what == what and a.key.endswith(suffix)]

    def once(self, what: str, fault: Fault, nth: int = 1) -> None:
        """Let the nth request of a kind from now on fail."""
        count = 0

        def trouble(asked: Asked) -> Fault | None:
            nonlocal count
            count += asked.what == what
            return fault if asked.what == what and count == nth else None

        self.trouble = trouble


def _cut(environ: dict[str, Any]) -> NoReturn:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionError


@contextmanager
def serving() -> Iterator[Buckets]:
    """moto on a port of this machine."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server  # here, as the processes of a race have no use for them

    class Quiet(MotoRequestHandler):
        def log_request(self, *_: object) -> None:
            pass

    buckets, one = Buckets(), threading.Lock()
    moto = DomainDispatcherApplication(create_backend_app)

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        asked = _asked(environ)
        buckets.asked.append(asked)
        fault = buckets.trouble(asked)
        with one:
            if fault == "cut_before":
                _cut(environ)
            if isinstance(fault, tuple):
                status, code = fault
                environ["wsgi.input"].read(asked.size)
                start(f"{status} {code}", [("Content-Type", "application/xml"), ("Retry-After", "7")])
                return [f"<Error><Code>{code}</Code><Message>as told</Message></Error>".encode() if asked.what != "HEAD" else b""]
            if fault == "deaf":
                environ = {name: value for name, value in environ.items() if name not in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")}

            def begin(status: str, *rest: Any) -> Any:
                if asked.what in ("PUT", "Complete") and status.startswith("2"):
                    buckets.written.append(asked.key)
                return start(status, *rest)

            answer = b"".join(moto(environ, begin))
        if fault == "cut_after":
            _cut(environ)
        return [answer]

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    buckets.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield buckets
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _asked(environ: dict[str, Any]) -> Asked:
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    path = unquote(environ["PATH_INFO"].encode("latin-1").decode())
    method = environ["REQUEST_METHOD"]
    what = {
        ("PUT", True): "UploadPart", ("POST", True): "Complete", ("GET", True): "ListParts", ("DELETE", True): "Abort",
    }.get((method, "uploadId" in query), "Create" if method == "POST" and "uploads" in query else method)  # fmt: skip
    return Asked(what, path[1:].partition("/")[2], query, headers, int(environ.get("CONTENT_LENGTH") or 0))


def parcel(folder: Path, channel: Channel, *, key: str = "clip/one", sku: str = "MUG-01", size: int = 1000) -> Parcel:
    """A clip as it goes to a channel; its bytes are no video, which a bucket does not mind."""
    folder.mkdir(parents=True, exist_ok=True)
    pattern = f"clip.mp4 of {key}\n".encode()
    (folder / "clip.mp4").write_bytes((pattern * (size // len(pattern) + 1))[:size])
    for name in ("cover.jpg", "captions.srt", "captions.vtt", "captions.ass"):
        (folder / name).write_text(f"{name} of {key}")
    (folder / "clip.json").write_text(json.dumps({"key": key, "sku": sku}))
    clip = Clip(
        key=key, sku=sku, language="th", duration=12.0, video=str(folder / "clip.mp4"), cover=str(folder / "cover.jpg"),
        captions=str(folder / "captions.srt"), sidecar=str(folder / "clip.json"),
    )  # fmt: skip
    post = Post(title="แก้วดินเผา", body="จุได้ 350 มล.", hashtags=("#kitchen",))
    disclosure = Disclosure(label="สร้างโดย AI", producer="Corner", produce_id="1")
    return Parcel(campaign="corner-shop", clip=clip, post=post, channel=channel, disclosure=disclosure, out=folder)


def publish_at_once(parcel: Parcel, start: Any, ended: Any, keys: dict[str, str]) -> None:
    """What one process of a race does: wait for the others, publish, tell how it ended."""
    os.environ.update(keys)  # a server of processes has the environment that it was started in, for whoever came first
    start.wait()
    try:
        ended.put(S3Publisher().publish(parcel, Page()).state)
    except CrossreelError as e:
        ended.put(f"{type(e).__name__}: {e}")


def race(parcels: list[Parcel]) -> list[str]:
    """How each ended of parcels that are published at the same moment, each by a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["buckets"])
    start, ended = context.Barrier(len(parcels)), context.Queue()
    keys = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    processes = [context.Process(target=publish_at_once, args=(p, start, ended, keys), daemon=True) for p in parcels]
    for process in processes:
        process.start()
    told = [ended.get(timeout=300) for _ in processes]
    for process in processes:
        process.join(60)
    return told
