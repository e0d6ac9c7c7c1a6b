"""HTTP to a platform: what goes wrong on the way as this project's errors, and no secret in any of them.

What matters after trouble is whether the request may have had its effect: `NoAnswer` says that it may, any other Transient that
it did not.
"""

from __future__ import annotations

import hashlib
import logging
import re
import socket
import ssl
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from localize.errors import Transient, UserError

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
LONGEST_WAIT = 3600.0  # s that a server may ask for; more is a clock that is wrong

_QUERY = re.compile(r"\?[^\s\"']+")


class NoAnswer(Transient):
    """The request went out and no usable answer came: what it asks for may have been done."""


class _Unsaid(logging.Filter):
    """httpx logs each request with its whole address; tokens stand in queries."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _QUERY.sub("?…", record.getMessage()), ()
        return True


logging.getLogger("httpx").addFilter(_Unsaid())


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that platforms' names are vouched for by: reading them takes longer than a request, so all wires share them."""
    return httpx.create_ssl_context()


class Wire:
    """The way to one platform. `base` is where its API is: https, or http on this machine. Its connections end with it."""

    def __init__(self, platform: str, base: str, *, timeout: httpx.Timeout = TIMEOUT) -> None:
        if not is_safe(base):
            raise UserError(f"{platform}: api: {base!r} is not safe for a token: write an address that begins with https://.")
        self.platform = platform
        self._told: tuple[float, float] | None = None  # the time by an answer, in s since 1970, and the monotonic clock's then
        # A redirect would carry the token to wherever it points.
        self._client = httpx.Client(base_url=base, timeout=timeout, follow_redirects=False, verify=_trusted())
        weakref.finalize(self, self._client.close)

    def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **body: Any) -> httpx.Response:
        """Send a request (`params`, `json`, `data`, `files`, `content` as httpx takes them; `path` may be a whole address). Returns any
        answer below 500 but 408 and 429, whose meaning is the platform's.

        Raises NoAnswer where it may have been obeyed (cut off, timed out, 408, 5xx), Transient where it was not (no connection, 429),
        UserError for what is no address.
        """
        where = self._where(method, path)
        with _on_the_way(where):
            answer = self._client.request(method, path, headers=headers, **body)
        if (date := _moment(answer.headers.get("date", ""))) is not None:
            self._told = date, time.monotonic()
        _must_have_answered(where, answer)
        return answer

    def now(self) -> float:
        """The time by the platform's clock, as its last answer told it, in s since 1970; this machine's where none did."""
        return self._told[0] + time.monotonic() - self._told[1] if self._told else time.time()

    def digest(self, path: str, most: int) -> tuple[int, str]:
        """The status of what lies at an address, and the SHA-256 of its first `most` + 1 bytes: of all of it, where it has no more
        than `most`. Raises as `call`."""
        where, read, digest = self._where("GET", path), 0, hashlib.sha256()
        with _on_the_way(where), self._client.stream("GET", path, headers={"Accept-Encoding": "identity"}) as answer:
            _must_have_answered(where, answer)
            for block in answer.iter_bytes():
                digest.update(block[: most + 1 - read])
                if (read := read + len(block)) > most:
                    break
        return answer.status_code, digest.hexdigest()

    def _where(self, method: str, path: str) -> str:
        return f"{self.platform} ({method} {_parts(path).path})"

    def json(self, method: str, path: str, **request: Any) -> tuple[int, dict[str, Any]]:
        """As `call`, for an answer that is a JSON object: its status and the object. Raises NoAnswer where it is none; what stands
        before a platform refuses with a page (4xx), of which the status says all: then the object is empty."""
        answer = self.call(method, path, **request)
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict) and 400 <= answer.status_code < 500:
            said = {}
        if not isinstance(said, dict):
            raise NoAnswer(f"{self._where(method, path)} answered {answer.status_code} with no JSON object.")
        return answer.status_code, said


@contextmanager
def _on_the_way(where: str) -> Iterator[None]:
    """What goes wrong between here and a platform, as this project's errors. httpx's own words may hold the address."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as e:
        raise UserError(f"{where}: that is no address that can be asked: {type(e).__name__}.") from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as e:
        raise Transient(f"{where} can't be reached: {_hindrance(e)}.") from None
    except httpx.RequestError as e:
        raise NoAnswer(f"{where} did not answer: {type(e).__name__}.") from None


def _hindrance(error: httpx.TransportError) -> str:
    """Why there was no connection, as far as that says where to look."""
    host, cause = error.request.url.host, error.__context__
    while cause:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"the certificate of {host} is not good ({cause.verify_message}). Look at this machine's clock, and for a proxy"
            case socket.gaierror():
                return f"no address of {host} is found. Look at this machine's network and DNS"
            case ConnectionRefusedError():
                return f"{host} refuses connections"
        cause = cause.__context__
    return f"{host} does not answer ({type(error).__name__})"


def _must_have_answered(where: str, answer: httpx.Response) -> None:
    if answer.status_code == 429:
        raise Transient(f"{where} has had enough requests for now (429).", retry_after=retry_after(answer.headers))
    if answer.status_code >= 500 or answer.status_code == 408:  # which is said of a request that came too slowly, or not whole
        raise NoAnswer(f"{where} is in trouble ({answer.status_code}).", retry_after=retry_after(answer.headers))


def _parts(address: str) -> SplitResult:
    """An address's parts, all of them empty where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def is_safe(address: str) -> bool:
    """Whether nobody on the way can read or change what goes to an address: https, or this machine."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return False
    return bool(url.host) and (url.scheme == "https" or (url.scheme == "http" and url.host in ("127.0.0.1", "localhost", "::1")))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds a server asks to wait, which it gives as a number or a date; None if it does not say."""
    said = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", said):
        seconds = float(said)
    elif (until := _moment(said)) is not None:
        # A platform's date is by its own clock.
        here = _moment(headers.get("date", ""))
        seconds = until - (time.time() if here is None else here)
    else:
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _moment(date: str) -> float | None:
    """The time of a header's date in s since 1970; None where it is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
