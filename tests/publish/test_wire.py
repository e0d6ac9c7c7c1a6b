"""The way to a platform: whatever goes wrong on it is one of this project's errors, and it ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from platforms import Answer, Platform, Request, serving

from localize.errors import UserError
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
