"""How a channel's account stands: what would stop its posts tonight, and how long it is good for, in words."""

from __future__ import annotations

import time
from typing import cast

from localize import engines
from localize.domain import Channel, Finding
from localize.errors import CrossreelError
from localize.publish import Publisher, accounts
from localize.publish.accounts import oauth
from localize.publish.accounts.grants import DAY, Grant


def findings(channel: Channel) -> list[Finding]:
    """What the account's ends and the publisher say. Errors are findings, too: each channel is looked at."""
    found: list[Finding] = []
    try:
        publisher = cast(Publisher, engines.get("publish", channel.kind))
        if channel.kind in oauth.AUTHORITIES:
            found += _account(channel).outlook()
        if not any(finding.severity == "block" for finding in found):
            found += publisher.check(channel)
    except CrossreelError as e:
        found.append(Finding(check="account", severity="block", message=str(e)))
    return found


def of(channel: Channel) -> str:
    """Whose account a channel posts to, what it may do and for how long."""
    if channel.kind not in oauth.AUTHORITIES:
        return f"{channel.kind} needs no sign-in"
    grant = _account(channel).grant
    return f"{channel.kind}/{channel.account or channel.name} ({short(grant.open_id)}), {rights(grant)}, {life(grant)}"


def _account(channel: Channel) -> accounts.Account:
    return accounts.find(channel.kind, channel.account or channel.name)


def short(open_id: str) -> str:
    return (open_id if len(open_id) <= 10 else f"{open_id[:6]}…{open_id[-3:]}") or "of an unknown id"


def rights(grant: Grant) -> str:
    return f"may {', '.join(grant.scopes)}" if grant.scopes else "rights unknown"


def life(grant: Grant) -> str:
    end = grant.refresh_expires if grant.refreshable else grant.expires
    return f"signed in for {left(end)}" if end else "signed in until it is withdrawn"


def left(end: float) -> str:
    """The days until a time, or hours where they are few."""
    seconds = end - time.time()
    if not end:
        return "unknown"
    if seconds <= 0:
        return "over"
    return f"{seconds / DAY:.0f} days" if seconds >= 2 * DAY else f"{seconds / 3600:.1f} hours"
