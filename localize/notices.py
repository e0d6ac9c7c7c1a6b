"""Notices to people's chats and mailboxes, as a campaign's `notify` says.

Best effort: what can't be sent is told in a sentence that names the recipient as the campaign does, without the address.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Protocol, get_args
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, Field, field_validator

from localize.consent import PLATFORMS
from localize.digest import MOST_BYTES, Kind, Tongue, cut
from localize.errors import CrossreelError, NotReady, Transient
from localize.secrecy import remember
from localize.sections import Section

if TYPE_CHECKING:
    from localize.campaign import Campaign

EVERY: frozenset[Kind] = frozenset(get_args(Kind))
PATIENCE = 90.0  # s for all recipients, who are told side by side
VARIABLE = re.compile(r"\$\{(\w+)\}")
BLOCK = re.compile(r"block:([a-z0-9][a-z0-9-]*)")
_TOKEN = re.compile(r"(?=[\w-]*\d)[\w-]{16,}")
_SECRET = re.compile(r"pass|token|secret|sign|key", re.IGNORECASE)
_WAY = "write ${NAME} in its place and set NAME in the environment of whoever runs the campaign, or write block:NAME of a Secret block"

blocks: list[Callable[[str], str]] = []  # where the secrets that `block:NAME` names are read


class Recipient(Section):
    """Who is told: `to` is an address with the secret in it left to the environment (`${NAME}`) or a block of Prefect (`block:NAME`).
    `when`: clips or the run `failed`, something needs a `human`, a night is `done`, its `budget` was used up."""

    to: str = Field(min_length=1)
    when: Annotated[tuple[Kind, ...], BeforeValidator(lambda said: (said,) if isinstance(said, str) else said), Field(min_length=1)] = (
        "failed",
        "human",
    )
    language: Tongue = "en"

    @field_validator("to")
    @classmethod
    def holds_no_secret(cls, said: str) -> str:
        if BLOCK.fullmatch(said) or VARIABLE.fullmatch(said):
            return said
        plain = VARIABLE.sub("", said)
        if not re.match(r"[a-z][a-z0-9+.-]*://", plain, re.IGNORECASE):
            raise ValueError(
                f"{_hidden(said)!r} is no address: write one as https://..., dingtalk://${{NAME}} or mailto://..., or ${{NAME}}"
            )
        if _tells(said, plain):  # not shown: an error may be read by many
            raise ValueError(f"the address has a token or a password in it, for all to read: {_WAY}")
        return said


def _tells(said: str, plain: str) -> bool:
    """Whether an address holds a secret by itself. `plain` is without its variables."""
    url = urlsplit(plain)
    if any(value and _SECRET.search(name) for name, value in parse_qsl(url.query)):
        return True
    if ":" in url.netloc.rpartition("@")[0].rstrip(":"):
        return True
    if url.scheme not in ("http", "https"):
        # In most others the token is where the host is elsewhere. A mail server that asks for no password has no secret.
        return said == plain and url.scheme not in ("mailto", "mailtos")
    parts = (*url.path.split("/"), *(value for _, value in parse_qsl(url.query)))
    return any(_TOKEN.fullmatch(part) for part in parts)


def _hidden(said: str) -> str:
    return said if len(said) < 12 else f"{said[:8]}…"


class News(Protocol):
    """What is told, in the language of whoever it is told to. `kinds` say whom it is for."""

    @property
    def kinds(self) -> frozenset[Kind]: ...
    def title(self, tongue: Tongue) -> str: ...
    def text(self, tongue: Tongue) -> str: ...
    def facts(self) -> dict[str, Any]: ...


class Word:
    """A few words about one thing that needs a person, or a trial. They are the same in every language."""

    def __init__(self, title: str, text: str, link: str = "", kinds: frozenset[Kind] = frozenset({"human"})) -> None:
        self.kinds, self._title, self._text, self._end = kinds, title, text, f"\n{link}" if link else ""

    def title(self, tongue: Tongue) -> str:
        return f"crossreel · {self._title}"

    def text(self, tongue: Tongue) -> str:
        return cut(self._text, MOST_BYTES - len(f"{self.title(tongue)}\n{self._end}".encode())) + self._end

    def facts(self) -> dict[str, Any]:
        return {"kinds": sorted(self.kinds)}


def send(recipients: Sequence[Recipient], news: News) -> list[str]:
    """Tell those who want to be told. Returns what went wrong, a sentence for each that was not reached; raises nothing."""
    wanted = [(n, r) for n, r in enumerate(recipients, 1) if news.kinds & set(r.when)]
    wrong: dict[int, str] = {}
    threads: dict[int, threading.Thread] = {}
    for n, recipient in wanted:
        try:
            threads[n] = threading.Thread(target=_tell, args=(n, address(recipient.to), recipient.language, news, wrong), daemon=True)
            threads[n].start()
        except CrossreelError as e:
            wrong[n] = str(e)
    end = time.monotonic() + PATIENCE
    for n, thread in threads.items():
        thread.join(max(end - time.monotonic(), 0.0))
        if thread.is_alive():
            wrong.setdefault(n, f"no end within {PATIENCE:.0f} s")
    return [f"notify {n} ({r.to}) was not told: {wrong[n]}" for n, r in wanted if n in wrong]


def _tell(n: int, where: str, tongue: Tongue, news: News, wrong: dict[int, str]) -> None:
    from localize import couriers  # whose HTTP takes longer to import than most commands run

    try:
        couriers.deliver(where, news.title(tongue), news.text(tongue), news.facts())
    except CrossreelError as e:
        wrong[n] = str(e)
    except Exception as e:  # noqa: BLE001  a fault of ours costs a notice and no run; its words may hold the address
        wrong[n] = f"a fault, {type(e).__name__}"


def address(said: str) -> str:
    """The address with its secrets. Raises NotReady where one is not there."""
    if named := BLOCK.fullmatch(said):
        for read in blocks:
            if found := read(named[1]):
                remember(said, found)
                return found
        raise NotReady(f"Prefect has no Secret block {named[1]!r}.", how="Make one: the UI, under Blocks.")
    for name in VARIABLE.findall(said):
        if not (value := os.environ.get(name, "")):
            raise NotReady(f"the environment has no {name}.", how="Set it where the campaign runs, for its worker too.")
        remember(name, value)
    return VARIABLE.sub(lambda found: os.environ[found[1]], said)


def unknown(settings: Campaign) -> list[str]:
    """Which recipients' addresses are not known here, and why. Those in blocks are looked for only where blocks can be read."""
    told: list[str] = []
    for n, recipient in enumerate(settings.notify, 1):
        try:
            if blocks or not BLOCK.fullmatch(recipient.to):
                address(recipient.to)
        except CrossreelError as e:
            told.append(f"notify {n} ({recipient.to}) can't be told: {e}")
    return told


def sign_ins(settings: Campaign) -> list[str]:
    """What a person must do so that the campaign's accounts stay signed in. Asks no platform."""
    from localize.publish import accounts  # which keep their files in the home that campaigns have

    told: list[str] = []
    for platform, name in dict.fromkeys((c.kind, c.account or c.name) for c in settings.channels if c.kind in PLATFORMS):
        try:
            told += (f"{platform}: {f.message}" for f in accounts.find(platform, name).outlook() if f.severity != "info")
        except Transient:
            continue  # the place where accounts are kept is away: that is no news of the account
        except CrossreelError as e:
            told.append(str(e))
    return told
