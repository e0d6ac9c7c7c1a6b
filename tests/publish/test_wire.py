"""The way to a platform: whatever goes wrong on it is one of this project's errors, and it ends."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
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
