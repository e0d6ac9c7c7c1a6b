"""The way to a platform: whatever goes wrong on it is one of this project's errors, and it ends."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest
from buckets import parcel
from platforms import Answer, Page, Platform, Request, serving
from platforms.trials import SignedIn

from localize.domain import Channel
from localize.errors import Transient, UserError
from localize.publish.douyin import DouyinPublisher
from localize.publish.weibo import WeiboPublisher
from localize.publish.wire import NoAnswer, Wire, is_safe


class Odd(Platform):
    """Says what is no gzip though it says so, leads elsewhere, has a video."""

    def answer(self, request: Request) -> Answer:
        match request.path:
            case "/squeezed":
                return Answer(raw=b"no gzip", headers={"Content-Encoding": "gzip"})
            case "/away":
                return Answer(302, {}, {"Location": f"{self.address}/video"})
            case "/video":
                return Answer(raw=b"0123456789" * 50_000)
            case "/page":
                return Answer(int(request.query["status"]), raw=b"<html>", kind="text/html")
            case "/later":
                return Answer(429, {}, {"Retry-After": formatdate(self.now() + 60, usegmt=True)})
        return Answer(404, {})


@pytest.fixture
def odd() -> Iterator[Odd]:
    platform = Odd()
    with serving(platform):
        yield platform


def test_an_answer_that_can_not_be_unpacked_is_none(odd: Odd) -> None:
    """What was asked for may have been done."""
    wire = Wire("Odd", odd.address)
    with pytest.raises(NoAnswer, match=r"Odd \(POST /squeezed\) did not answer: DecodingError"):
        wire.call("POST", "/squeezed")
    with pytest.raises(NoAnswer, match="DecodingError"):
        wire.digest("/squeezed", 100)


@pytest.mark.parametrize("address", ["https://x:abc/?token=secret", "http://[::1?token=secret", "pigeon://x?token=secret"])
def test_what_is_no_address_is_told_without_its_secrets(odd: Odd, address: str) -> None:
    for ask in (Wire("Odd", odd.address).call, Wire("Odd", odd.address).json):
        with pytest.raises(UserError, match="no address that can be asked") as e:
            ask("GET", address)
        assert "secret" not in str(e.value)


@pytest.mark.parametrize(
    "base", ["https://x:abc/", "https:///v2", "open.tiktokapis.com", "http://open.tiktokapis.com", "", "ftp://127.0.0.1"]
)
def test_an_api_that_is_no_safe_address_is_the_sellers(base: str) -> None:
    assert not is_safe(base)
    with pytest.raises(UserError, match="not safe for a token"):
        Wire("Odd", base)


def test_a_wire_that_nobody_has_any_more_is_closed(odd: Odd) -> None:
    wire = Wire("Odd", odd.address)
    wire.call("GET", "/video")
    client = wire._client
    assert not client.is_closed
    del wire
    assert client.is_closed


def test_the_digest_of_what_lies_at_an_address(odd: Odd) -> None:
    wire, video = Wire("Odd", odd.address), b"0123456789" * 50_000
    assert wire.digest("/video", len(video)) == (200, hashlib.sha256(video).hexdigest())
    assert wire.digest("/video", len(video) + 9) == (200, hashlib.sha256(video).hexdigest())
    for most in (0, 1, 70_000, len(video) - 1):  # it has more than that
        assert wire.digest("/video", most) == (200, hashlib.sha256(video[: most + 1]).hexdigest())
    assert wire.digest("/away", 100)[0] == 302
    assert wire.digest("/nothing", 100)[0] == 404


def test_a_page_of_what_stands_before_a_platform_is_told_by_its_status(odd: Odd) -> None:
    wire = Wire("Odd", odd.address)
    for status in (400, 403, 404, 413):
        assert wire.json("POST", "/page", params={"status": status}) == (status, {})
    for status in (200, 301, 408, 500):
        with pytest.raises(NoAnswer):
            wire.json("POST", "/page", params={"status": status})


def test_the_time_is_the_platform_s_as_it_tells_it(odd: Odd) -> None:
    odd.now = lambda: 1_000_000_000.0
    wire = Wire("Odd", odd.address)
    assert abs(wire.now() - time.time()) < 3600.0, "before it has told"
    wire.call("GET", "/video")
    assert 1_000_000_000.0 <= wire.now() < 1_000_003_600.0
    with pytest.raises(Transient) as later:  # whatever this machine's clock says
        wire.call("GET", "/later")
    assert later.value.retry_after == 60.0


UNTRUSTED = ssl.SSLCertVerificationError(1, "certificate verify failed")
UNTRUSTED.verify_message = "certificate is not yet valid"


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (socket.gaierror(-3, "Temporary failure in name resolution"), "no address of open.odd.example is found. Look at this machine's"),
        (ConnectionRefusedError(111, "Connection refused"), "open.odd.example refuses connections."),
        (UNTRUSTED, "the certificate of open.odd.example is not good (certificate is not yet valid). Look at this machine's clock"),
        (OSError(101, "Network is unreachable"), "open.odd.example does not answer (ConnectError)."),
    ],
)
def test_why_a_platform_can_not_be_reached_is_told(monkeypatch: pytest.MonkeyPatch, trouble: OSError, told: str) -> None:
    def connect(*_: object, **__: object) -> socket.socket:
        raise trouble

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Transient) as e:
        Wire("Odd", "https://open.odd.example").call("GET", "/video?token=secret")
    assert type(e.value) is Transient
    assert str(e.value).startswith(f"Odd (GET /video) can't be reached: {told}")


def test_a_platform_that_hangs_may_have_done_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        wire = Wire("Odd", f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=httpx.Timeout(0.1, connect=10.0))
        with pytest.raises(NoAnswer, match=r"Odd \(POST /video\) did not answer: ReadTimeout"):
            wire.call("POST", "/video")
        with pytest.raises(NoAnswer, match="ReadTimeout"):
            wire.digest("/video", 100)


@pytest.mark.parametrize(("kind", "publisher"), [("douyin", DouyinPublisher), ("weibo", WeiboPublisher)])
def test_an_answer_is_waited_for_as_long_as_the_channel_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, publisher: type[DouyinPublisher | WeiboPublisher]
) -> None:
    SignedIn(["act.one"]).instead_of_found(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = {"api": f"http://127.0.0.1:{silent.getsockname()[1]}", "timeout": 0.1}
        channel = Channel(name=kind, kind=kind, platform=kind, account="shop-cn", options=options)
        with pytest.raises(Transient, match="did not answer: ReadTimeout"):
            publisher().publish(parcel(tmp_path, channel), Page())
