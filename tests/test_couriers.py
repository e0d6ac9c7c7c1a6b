"""Sending notices to servers of this machine that take them, refuse them, are in trouble, or never answer."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from collections.abc import Iterator

import httpx
import pytest
from hooks import TOKEN, Hook, hooked

from localize import couriers
from localize.errors import Transient, UserError


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as made:
        yield made


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No pauses between tries; those that would have been made are listed."""
    paused: list[float] = []
    monkeypatch.setattr(couriers, "time", type("Clock", (), {"sleep": staticmethod(paused.append), "time": staticmethod(time.time)}))
    return paused


def test_a_webhook_gets_the_words_and_the_facts(hook: Hook) -> None:
    couriers.deliver(hook.address, "crossreel · shop: all is well", "Clips: 4 made.", {"campaign": "shop", "counts": {"made": 4}})
    assert hook.got == [
        {"campaign": "shop", "counts": {"made": 4}, "title": "crossreel · shop: all is well", "text": "Clips: 4 made."}
    ]  # fmt: skip


def test_trouble_that_passes_costs_another_try(hook: Hook, hasty: list[float]) -> None:
    hook.answers = [500, 503, 200]
    couriers.deliver(hook.address, "title", "text", {})
    assert len(hook.got) == 3
    assert hasty == list(couriers.PAUSES)


@pytest.mark.parametrize(
    ("answer", "error", "tries", "said"),
    [
        (500, Transient, 3, "the webhook answered 500."),
        (429, Transient, 3, "the webhook answered 429."),
        (404, UserError, 1, "the webhook answered 404: is the address still right?"),
        (302, UserError, 1, "the webhook answered 302: is the address still right?"),
    ],
)
def test_what_does_not_pass_is_told_after_three_tries_and_a_refusal_at_once(
    hook: Hook, answer: int, error: type[Exception], tries: int, said: str
) -> None:
    hook.answers = [answer]
    with pytest.raises(error) as told:
        couriers.deliver(hook.address, "title", "text", {})
    assert str(told.value) == said
    assert len(hook.got) == tries


def test_a_server_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "TIMEOUT", httpx.Timeout(0.1))
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(Transient, match=r"can't be reached: ReadTimeout"):
        couriers.deliver(f"http://127.0.0.1:{listening.getsockname()[1]}/{TOKEN}", "title", "text", {})


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Transient, match=r"^the webhook can't be reached: ConnectError\.$"):
        couriers.deliver(f"http://127.0.0.1:{port}/{TOKEN}", "title", "text", {})


def test_a_robot_is_spoken_to_in_its_own_form_and_its_refusal_is_heard(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    robot = couriers.ROBOTS["oapi.dingtalk.com"]
    monkeypatch.setitem(couriers.ROBOTS, "127.0.0.1", robot)
    hook.answers = [(200, {"errcode": 0, "errmsg": "ok"}), (200, {"errcode": 310000, "errmsg": f"keywords not in content {TOKEN}"})]
    couriers.deliver(hook.address, "title", "text", {})
    assert hook.got == [{"msgtype": "text", "text": {"content": "title\ntext"}}]
    with pytest.raises(UserError) as refused:
        couriers.deliver(hook.address, "title", "text", {})
    assert str(refused.value) == "DingTalk refused the notice (errcode 310000): keywords not in content …"


def test_an_answer_that_is_no_robots_is_trouble(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(couriers.ROBOTS, "127.0.0.1", couriers.ROBOTS["open.feishu.cn"])
    hook.answers = [(200, "<html>")]
    with pytest.raises(Transient, match=r"^Feishu answered something else"):
        couriers.deliver(hook.address, "title", "text", {})


def test_short_addresses_of_robots_are_the_long_ones(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(couriers.ROBOTS, "127.0.0.1", couriers.ROBOTS["oapi.dingtalk.com"])
    monkeypatch.setitem(couriers._LONG, "dingtalk", f"http://127.0.0.1:{hook.port}/robot/send?access_token={{}}")
    monkeypatch.setattr(couriers, "is_safe", lambda address: True)
    hook.answers = [(200, {"errcode": 0})]
    couriers.deliver("dingtalk://SECabc@ToKeN/", "title", "text", {})
    (path,) = hook.paths
    assert path.startswith("/robot/send?access_token=ToKeN&timestamp=")  # a token keeps its capitals
    assert "&sign=" in path


def test_other_services_are_apprises(hook: Hook) -> None:
    couriers.deliver(f"json://127.0.0.1:{hook.port}/{TOKEN}", "title", "text", {})
    assert hook.got[0]["title"] == "title"
    assert hook.got[0]["message"] == "text"
    hook.answers = [401]
    with pytest.raises(Transient, match=r"^json did not take the notice \(401\)\.$"):
        couriers.deliver(f"json://127.0.0.1:{hook.port}/{TOKEN}", "title", "text", {})
    with pytest.raises(UserError, match="no address that apprise knows"):
        couriers.deliver(f"nothing://{TOKEN}", "title", "text", {})


def test_nothing_goes_over_an_open_line() -> None:
    with pytest.raises(UserError, match="not safe"):
        couriers.deliver(f"http://ops.example.com/{TOKEN}", "title", "text", {})


@pytest.mark.parametrize("scheme", ["http", "json"])
@pytest.mark.parametrize("answer", [200, 404, 500])
def test_no_log_and_no_error_holds_the_address(hook: Hook, scheme: str, answer: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "apprise", "urllib3.connectionpool"):
        caplog.set_level(logging.DEBUG, logger=name)
    hook.answers = [answer]
    said = ""
    try:
        couriers.deliver(hook.address.replace("http", scheme, 1), "title", "text", {})
    except (Transient, UserError) as e:
        said = "".join(traceback.format_exception(e))
    assert hook.got
    assert TOKEN not in caplog.text + said
