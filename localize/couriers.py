"""The ways a notice goes out: chat robots and webhooks by HTTP, everything else by apprise.

An address is a secret, as whoever has it can write into the group: none is in an error or a log.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from localize.errors import CrossreelError, Transient, UserError
from localize.publish.wire import is_safe, retry_after

TIMEOUT = httpx.Timeout(10.0)
PAUSES = (2.0, 6.0)  # s before the second and the third try
LONGEST_PAUSE = 20.0


@dataclass(frozen=True)
class Robot:
    """A chat's robot: what it is sent for a text, and the name under which its answer, always a 200, says 0 for "taken"."""

    title: str
    body: Callable[[str], dict[str, Any]]
    code: str


def _msgtype(text: str) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": text}}


def _msg_type(text: str) -> dict[str, Any]:
    return {"msg_type": "text", "content": {"text": text}}


# Apprise sends to these, too, and takes the refusals in their answers for success.
ROBOTS = {
    "oapi.dingtalk.com": Robot("DingTalk", _msgtype, "errcode"),
    "qyapi.weixin.qq.com": Robot("WeCom", _msgtype, "errcode"),
    "open.feishu.cn": Robot("Feishu", _msg_type, "code"),
    "open.larksuite.com": Robot("Lark", _msg_type, "code"),
}
_LONG = {  # apprise's short addresses of the same robots
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token={}",
    "wecombot": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={}",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/{}",
    "lark": "https://open.larksuite.com/open-apis/bot/v2/hook/{}",
}


def deliver(address: str, title: str, text: str, facts: Mapping[str, Any]) -> None:
    """Send a notice, three times at most. A webhook that is no known robot gets `facts` as JSON, with `title` and `text`.

    Raises Transient for trouble that did not pass, UserError for an address or a notice that is not taken."""
    for pause in (*PAUSES, None):
        try:
            with _unlogged() as said:
                return _send(address, title, text, facts, said)
        except Transient as e:
            if pause is None:
                raise
            time.sleep(min(max(pause, e.retry_after or 0.0), LONGEST_PAUSE))


def _send(address: str, title: str, text: str, facts: Mapping[str, Any], said: list[str]) -> None:
    scheme, secret, address = _parts(address)
    if scheme not in ("http", "https"):
        return _by_apprise(address, title, text, said)
    if not is_safe(address):
        raise UserError("the address is not safe: write one that begins with https://.")
    robot = ROBOTS.get(urlsplit(address).hostname or "")
    if not robot:
        if scheme == "https" and _known_to_apprise(address):  # as Slack's and Discord's are
            return _by_apprise(address, title, text, said)
        _post("the webhook", address, {**facts, "title": title, "text": text})
        return
    answer = _post(robot.title, address, robot.body(f"{title}\n{text}"), _signature(secret) if secret else None)
    try:
        told = answer.json()
        taken = told[robot.code] == 0
    except (ValueError, KeyError, TypeError):
        raise Transient(f"{robot.title} answered something else than a robot does.") from None
    if not taken:
        why = str(told.get("errmsg") or told.get("msg") or "")[:200]
        raise UserError(f"{robot.title} refused the notice ({robot.code} {told[robot.code]}): {_without(address, why)}")


def _parts(address: str) -> tuple[str, str, str]:
    """The address's scheme, the secret that its notices are signed with ("" for none), and the address, the long one of a robot's."""
    try:
        url = urlsplit(address)
        host, user = url.netloc.rpartition("@")[2], url.username or ""
    except ValueError:
        raise UserError("that is no address.") from None
    if url.scheme in _LONG and host:
        return "https", user, _LONG[url.scheme].format(host)  # .hostname would be in small letters
    return url.scheme, "", address


def webhook(address: str) -> str:
    """The address to which a program that knows only how to POST can send; "" where there is none: for mail, and for signed notices."""
    scheme, secret, whole = _parts(address)
    return whole if scheme in ("http", "https") and is_safe(whole) and not secret else ""


def _signature(secret: str) -> dict[str, str]:
    """DingTalk's: over the time in milliseconds and the secret (docs: "Customize robot security settings")."""
    now = str(round(time.time() * 1000))
    sign = hmac.new(secret.encode(), f"{now}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": now, "sign": base64.b64encode(sign).decode()}


def _post(who: str, address: str, body: Mapping[str, Any], more: Mapping[str, str] | None = None) -> httpx.Response:
    try:
        url = httpx.URL(address).copy_merge_params(more or {})
        answer = httpx.post(url, json=body, timeout=TIMEOUT, follow_redirects=False)
    except httpx.InvalidURL:
        raise UserError("that is no address.") from None
    except httpx.HTTPError as e:  # its words may hold the address
        raise Transient(f"{who} can't be reached: {type(e).__name__}.") from None
    if answer.status_code == 429 or answer.status_code >= 500:
        raise Transient(f"{who} answered {answer.status_code}.", retry_after=retry_after(answer.headers))
    if not answer.is_success:
        raise UserError(f"{who} answered {answer.status_code}: is the address still right?")
    return answer


def _by_apprise(address: str, title: str, text: str, said: list[str]) -> None:
    """`said` is what apprise logs meanwhile: nothing else has the answer's status."""
    import apprise

    way = apprise.Apprise(asset=apprise.AppriseAsset(app_id="crossreel", app_desc="crossreel", async_mode=False))
    if not way.add(address):
        raise UserError("that is no address that apprise knows: https://appriseit.com/services/ has them.")
    if not way.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT):
        status = next((f" ({found[1]})" for line in said if (found := re.search(r"error[= ](\d{3})\b", line))), "")
        raise Transient(f"{urlsplit(address).scheme} did not take the notice{status}.")


def _known_to_apprise(address: str) -> bool:
    import apprise

    return apprise.Apprise.instantiate(address) is not None


def _without(address: str, text: str) -> str:
    """A text without the parts of an address that may open something."""
    url = urlsplit(address)
    for part in (*url.path.split("/"), *(value for _, value in parse_qsl(url.query))):
        if len(part) >= 8:
            text = text.replace(part, "…")
    return text


# What httpx, apprise and what it sends with say of a request has the address in it.
_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


class _Unlogged(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        said = _heard.get()
        if said is not None:
            said.append(record.getMessage())
        return said is None


for _name in ("httpx", "apprise", "urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_Unlogged())


@contextmanager
def _unlogged() -> Iterator[list[str]]:
    said: list[str] = []
    before = _heard.set(said)
    try:
        yield said
    except CrossreelError:
        raise
    except Exception as e:  # noqa: BLE001  a library's own fault: its words may hold the address
        raise Transient(f"it can't be sent: {type(e).__name__}.") from None
    finally:
        _heard.reset(before)
