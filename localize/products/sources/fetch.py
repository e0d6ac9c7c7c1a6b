"""Downloads over http and https that can't be turned against the machine they run on.

A catalog names the addresses, and whoever wrote the catalog is not trusted: an address may lead into the network this
machine stands in, to a router, a database, a cloud's metadata service. Every hop is judged anew (`network.py`), and
size and time are limited over all of them. User and password of an address go to its own server only, and no message
shows more than the server and the file's name, as signed addresses carry their key behind the `?`.

Proxies of the environment (HTTPS_PROXY) are not used: behind one it is the proxy that resolves names, and nothing here
could be judged. Ports are 80, 443 and those from 1024 on that no database or other service is known for.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import re
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache, partial
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urljoin, urlsplit

import httpcore
from pydantic import Field

from localize import __version__
from localize.domain import Model
from localize.errors import Transient, UserError
from localize.products.sources import kept
from localize.products.sources.kept import Marks
from localize.products.sources.network import Guarded

Kind = Literal["picture", "catalog", "footage", "dub"]  # footage is a product's video, a dub's is one that is to be dubbed


class Fetching(Model):
    """The campaign's `fetch:`: what a download may cost, and whether it may reach into this machine's own network.

    MB and seconds are for one picture, one catalog (or a product's video) or one video that is to be dubbed, which always may have what
    a catalog may, all redirects together. `allow_private` admits addresses that
    only this machine or its network can reach; never those of a cloud's metadata service.
    """

    allow_private: bool = False
    max_mb: int = Field(default=25, ge=1, le=1000)
    seconds: float = Field(default=30, gt=0, le=3600)
    redirects: int = Field(default=5, ge=0, le=20)
    catalog_mb: int = Field(default=500, ge=1, le=10_000)
    catalog_seconds: float = Field(default=600, gt=0, le=36_000)
    dub_mb: int = Field(default=5_000, ge=1, le=100_000)
    dub_seconds: float = Field(default=3_600, gt=0, le=36_000)

    def megabytes(self, kind: Kind) -> int:
        if kind == "dub":
            return max(self.dub_mb, self.catalog_mb)
        return self.max_mb if kind == "picture" else self.catalog_mb

    def time(self, kind: Kind) -> float:
        if kind == "dub":
            return max(self.dub_seconds, self.catalog_seconds)
        return self.seconds if kind == "picture" else self.catalog_seconds

    @staticmethod
    def size_key(kind: Kind) -> str:
        """The key that says how large it may be."""
        return {"picture": "max_mb", "dub": "dub_mb"}.get(kind, "catalog_mb")

    @staticmethod
    def time_key(kind: Kind) -> str:
        """The key that says how long it may take."""
        return {"picture": "seconds", "dub": "dub_seconds"}.get(kind, "catalog_seconds")


def fetch(url: str, folder: Path, limits: Fetching, *, kind: Kind = "picture", refuse: Callable[[Path], str] | None = None) -> Path:
    """The local copy of what stands at an http or https address: a file in a folder of its own below `folder`.

    A picture's copy, and a video's, is used as it is for six hours; then the server is asked whether it has changed, and if it can't be
    reached, the copy is used on. A catalog is asked for each time and must be had. `refuse` says why a downloaded file
    is not wanted, "" if it is; one that is not wanted is not kept.

    Raises UserError when the same address would fail again, Transient (with the server's `retry_after`) when it may not.
    """
    target = _target(url, shown(url))
    get = partial(_download, target, limits=limits, kind=kind)
    return kept.copy(target.identity, _file_name(url), folder, get, hasty=kind != "catalog", wait=2 * limits.time(kind), refuse=refuse)


def shown(reference: str) -> str:
    """A picture or catalog for a message: of an address only the server and the file, as the rest may hold keys."""
    if reference[:5].lower() == "data:":
        return "the data: picture"
    try:
        parts = urlsplit(reference)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "an address"
    if not parts.scheme or len(parts.scheme) == 1 or not host:
        return Path(reference).name
    where = host if port is None else f"{host}:{port}"
    name = unquote(parts.path.rstrip("/").rpartition("/")[2])
    between = "/…/" if parts.path.rstrip("/").count("/") > 1 else "/"
    text = f"{where}{between}{name}" if name else where
    line = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return line if len(line) <= 100 else f"{line[:60]}…{line[-30:]}"


# --- what an address says ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Target:
    """One hop: where to connect, what to ask for, and the Authorization of the address's own user and password."""

    scheme: str
    host: str
    port: int
    path: str
    user: str
    authorization: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def identity(self) -> str:
        """What makes it another document; the password doesn't."""
        return f"{self.scheme}://{self.user}@{self.host}:{self.port}{self.path}"


def _target(url: str, name: str) -> _Target:
    """Take an address apart. Raises UserError; `name` stands for the address in messages."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise UserError(f"{name} is not a web address: write it in full, such as https://shop.example/mug.jpg") from error
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https"):
        raise UserError(f"{name} begins with {scheme or 'nothing'}: only http:// and https:// addresses are fetched")
    try:
        if ":" not in host:
            host = host.encode("idna").decode().rstrip(".")
            if not re.fullmatch(r"[a-z0-9._-]+", host):
                raise ValueError(host)
        else:
            host = str(ipaddress.IPv6Address(host))
    except ValueError as error:  # UnicodeError is one
        raise UserError(f"{name} names no server: write the address in full, such as https://shop.example/mug.jpg") from error
    port = port if port is not None else (443 if scheme == "https" else 80)
    if port not in (80, 443) and (port < 1024 or port in _NOT_WEB):
        raise UserError(f"{name} is not fetched: port {port} is not one that web servers use")
    path = quote(parts.path or "/", safe=_AS_IS) + (f"?{quote(parts.query, safe=_AS_IS)}" if parts.query else "")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    pair = base64.b64encode(f"{user}:{password}".encode()).decode() if user or password else ""
    return _Target(scheme, host, port, path, user, f"Basic {pair}" if pair else "")


# Characters of a path or query that are left as they are; the % because it is encoded already, mostly.
_AS_IS = "%/:?@!$&'()*+,;=~[]|"
# Services from port 1024 on that are no web servers: what an attacker would like to talk to through this machine.
_NOT_WEB = frozenset({
    1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5672,
    5900, 6000, 6379, 6566, *range(6665, 6670), 6679, 6697, 9042, 9092, 9200, 9300, 10080, 10250, 11211, 27017,
})  # fmt: skip


def _file_name(url: str) -> str:
    """The address's file name, as one that any file system takes and every message can show."""
    parts = urlsplit(url.strip())
    name = unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.hostname or "download"
    return kept.safe(name)


# --- asking and answers --------------------------------------------------------------------------------------------


def _download(target: _Target, half: Path, known: Marks | None, *, limits: Fetching, kind: Kind) -> Marks | None:
    """Write what the address gives to `half`. None when it is unchanged since `known`."""
    first, until = target, time.monotonic() + limits.time(kind)
    name = shown(f"{first.scheme}://{_netloc(first)}{first.path}")
    seen = {target}
    for _ in range(limits.redirects + 1):
        with _asked(target, name, known, limits, until, kind) as answer:
            location = _header(answer, b"location")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return _taken(answer, half, name, limits, kind)
        target = _next(target, location, name)
        if target in seen:
            raise UserError(f"{name} leads back to itself: correct the address, or ask the server's owner")
        seen.add(target)
    raise UserError(f"{name} leads from one address to the next more than {limits.redirects} times: use the last one's address")


def _netloc(target: _Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == (443 if target.scheme == "https" else 80) else f"{host}:{target.port}"


def _next(target: _Target, location: str, name: str) -> _Target:
    """Where a redirect leads. User and password go along to the same server only."""
    base = f"{target.scheme}://{_netloc(target)}{target.path}"
    try:
        onward = urljoin(base, location)
    except ValueError as error:
        raise UserError(f"{name} leads to something that is no address: correct it, or ask the server's owner") from error
    there = _target(onward, f"{name} leads to an address that")
    if there.origin == target.origin and not there.authorization:
        return _Target(*there.origin, there.path, target.user, target.authorization)
    return there


@contextmanager
def _asked(target: _Target, name: str, known: Marks | None, limits: Fetching, until: float, kind: Kind) -> Iterator[httpcore.Response]:
    """The server's answer, its body unread. Whatever goes wrong on the way becomes an error of this project."""
    headers = {
        "Host": _netloc(target),
        "User-Agent": f"crossreel/{__version__}",
        "Accept": "image/jpeg,image/png,image/webp,image/*;q=0.8,*/*;q=0.5" if kind == "picture" else "*/*",
        "Accept-Encoding": "identity",
        **({"Authorization": target.authorization} if target.authorization else {}),
        **({"If-None-Match": known.tag} if known and known.tag else {}),
        **({"If-Modified-Since": known.changed} if known and known.changed else {}),
    }
    url = httpcore.URL(scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode())
    backend = Guarded(name, limits.allow_private, until)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_trusted(), network_backend=backend) as pool,
            pool.stream("GET", url, headers=[(k.encode(), v.encode("latin-1", "replace")) for k, v in headers.items()]) as answer,
        ):
            yield answer
    except httpcore.TimeoutException as error:
        most = f"{limits.time(kind):g} s (`{limits.time_key(kind)}` under `fetch:`)"
        raise Transient(f"{name} could not be had within {most}: the server is too slow, or does not answer") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        cause = error.args[0] if error.args else None
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message.rstrip(".")
            raise UserError(
                f"{name} is not fetched: the server can't prove that it is {target.host} ({why}): renew its certificate"
            ) from error
        raise Transient(f"{name} could not be had ({str(error) or type(error).__name__}){_behind_proxy()}") from error


@cache
def _trusted() -> ssl.SSLContext:
    return httpcore.default_ssl_context()


def _behind_proxy() -> str:
    proxied = any(os.environ.get(n) for n in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"))
    return ": a proxy is set on this machine, and downloads don't go through it; they need a direct way out" if proxied else ""


def _header(answer: httpcore.Response, name: bytes) -> str:
    value = next((v for n, v in answer.headers if n.lower() == name), b"")
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def _taken(answer: httpcore.Response, half: Path, name: str, limits: Fetching, kind: Kind) -> Marks | None:
    """The answer's body in `half`, and its marks; None for `not modified`. Raises what any other status means."""
    status = answer.status
    if status == 304:
        return None
    if status in (404, 410):
        raise UserError(f"{name}: the server has nothing at this address (it answers {status}): correct the address")
    if status in (401, 403, 407):
        raise UserError(f"{name}: the server does not give it to everyone (it answers {status}): make it public, or download it yourself")
    if status in (408, 425, 429) or status >= 500:
        what = "asks to slow down" if status == 429 else "has trouble"
        raise Transient(f"{name}: the server {what} (it answers {status})", retry_after=_wait(_header(answer, b"retry-after")))
    if status != 200:
        raise UserError(f"{name}: the server gives no file (it answers {status}): correct the address")
    most, key = limits.megabytes(kind), limits.size_key(kind)
    kept.write(half, _unpacked(answer, name, most, key), name, most, _length(answer), key)
    return Marks(tag=_header(answer, b"etag"), changed=_header(answer, b"last-modified"))


def _length(answer: httpcore.Response) -> int:
    told = _header(answer, b"content-length")
    return int(told) if re.fullmatch(r"[0-9]{1,18}", told) else 0


def _wait(told: str) -> float | None:
    """Retry-After in seconds: it is a number of them, or a date."""
    if re.fullmatch(r"[0-9]{1,9}", told):
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _unpacked(answer: httpcore.Response, name: str, megabytes: int, key: str) -> Iterable[bytes]:
    """The body as it was before the server packed it (some do, though asked not to), a bounded piece at a time."""
    coding = _header(answer, b"content-encoding").lower()
    chunks = answer.iter_stream()
    if coding in ("", "identity"):
        yield from chunks
        return
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise UserError(f"{name}: the server packs the file as {coding[:20]!r}, which is not read here: have it send files as they are")
    unpacker, packed = zlib.decompressobj(wbits=47), 0
    try:
        for chunk in chunks:
            packed += len(chunk)
            if packed > kept.most(megabytes):  # blocks that unpack to nothing would never end
                raise kept.too_large(name, megabytes, key)
            while chunk and not unpacker.eof:
                yield unpacker.decompress(chunk, 1 << 20)
                chunk = unpacker.unconsumed_tail
    except (zlib.error, binascii.Error) as error:
        raise UserError(f"{name}: what the server sends is not packed as it says ({error})") from error
    if not unpacker.eof:
        raise Transient(f"{name}: the server stopped in the middle of the file")
