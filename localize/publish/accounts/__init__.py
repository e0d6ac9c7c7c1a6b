"""Accounts of platforms: who may post, and tokens that are renewed by one worker at a time.

A platform's refresh token may die when it is used, so the new pair is on disk before anybody works with it, and whoever waited for
the lock reads again before it asks for another.
"""

from __future__ import annotations

import time

from localize.domain import Finding
from localize.errors import CrossreelError, NotReady, Transient
from localize.publish.accounts import oauth
from localize.publish.accounts.grants import DAY, App, Grant, must_be_name
from localize.publish.accounts.vault import Environment, Source, Vault, variable
from localize.publish.wire import NoAnswer

__all__ = ["Account", "App", "Environment", "Grant", "Source", "Vault", "app", "find", "register", "sources", "variable"]

SOON = 7 * DAY  # s before a sign-in ends that the seller is told
_registered: list[Source] = []


def register(source: Source) -> None:
    """Look for accounts there too: after the environment, before the files of this machine."""
    _registered.append(source)


def sources() -> tuple[Source, ...]:
    """Where accounts are looked for, in this order."""
    return (Environment(), *_registered, Vault())


def find(platform: str, name: str) -> Account:
    """The account of that name. Raises NotReady, which says how to add it, where there is none."""
    oauth.of(platform)
    must_be_name(name)
    for source in sources():
        if grant := source.read(platform, name):
            return Account(platform, name, source, grant)
    raise NotReady(
        f"there is no {platform} account {name!r} on this machine.",
        missing=(f"{platform}/{name}",),
        how=f"Sign in: `crossreel account add {platform} {name}`, or set {variable(platform, name, 'access_token')}.",
    )


def app(platform: str) -> App:
    """What the platform knows the seller's app by. Raises NotReady where nobody said."""
    for source in sources():
        if found := source.app(platform):
            return found
    title = oauth.of(platform).title
    raise NotReady(
        f"the client key and secret of your {title} app are not known here.",
        missing=(f"{platform}/app",),
        how=f"`crossreel account app {platform}` asks for them ({oauth.of(platform).portal} has them), or set "
        f"{variable(platform, 'client_key')} and {variable(platform, 'client_secret')}.",
    )


class Account:
    """One account of a platform. `token` and `renew` may be called by many workers at once."""

    def __init__(self, platform: str, name: str, source: Source, grant: Grant) -> None:
        self.platform, self.name, self.source = platform, name, source
        self.grant = grant  # as this worker saw it last

    def __repr__(self) -> str:
        return f"Account({self.platform}/{self.name})"

    @property
    def open_id(self) -> str:
        return self.grant.open_id

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it may do; empty where nobody said."""
        return self.grant.scopes

    def token(self) -> str:
        """An access token that is good for some minutes. Raises NotReady where the seller must sign in again, Transient where the
        platform is in trouble and the token is over."""
        if self._due(self.grant):
            try:
                self._renew()
            except Transient:
                if self.grant.over(time.time()):
                    raise  # else the old one still does, and the next call tries again
        elif self.grant.over(time.time()):
            raise self._ended("its token is over")
        return self.grant.access_token.get_secret_value()

    def renew(self, stale: str) -> str:
        """Another access token than `stale`, which the platform has refused: the one that another worker has got, or a new one.
        Raises as `token` does."""
        self._renew(stale)
        return self.grant.access_token.get_secret_value()

    def _due(self, grant: Grant) -> bool:
        now = time.time()
        return grant.refreshable and (grant.ends_soon(now) or grant.refresh_ends_soon(now))

    def _renew(self, stale: str = "") -> None:
        with self.source.lock(self.platform, self.name):
            found = self.source.read(self.platform, self.name)
            if found is None:
                raise self._ended("it was removed")
            self.grant = found  # by now another worker may have renewed it
            refused = found.access_token.get_secret_value() == stale
            if refused and not found.refreshable:
                raise self._ended(f"{oauth.of(self.platform).title} refuses its token, and it has none to get another with")
            if not refused and not self._due(found):
                return
            self._keep(found)  # a place that can't be written to is found out before the old refresh token is dead
            if refused or found.ends_soon(time.time()):
                self._keep(self._refreshed(found))
            if self.grant.refresh_ends_soon(time.time()):
                self._keep(self._prolonged(self.grant))

    def _keep(self, grant: Grant) -> None:
        self.source.write(self.platform, self.name, grant)
        self.grant = grant

    def _refreshed(self, grant: Grant) -> Grant:
        authority, known = oauth.of(self.platform), app(self.platform)
        lost = False
        try:
            try:
                return authority.refreshed(known, grant)
            except NoAnswer:
                lost = True  # the old refresh token may not have been used, and nothing but using it can tell
                return authority.refreshed(known, grant)
        except Transient as e:
            raise self._not_now(e) from None
        except oauth.Refused as refused:
            if refused.fault == "app":
                raise NotReady(
                    f"{authority.title} does not take the client key and secret of your app ({refused}).",
                    how=f"Enter them again: `crossreel account app {self.platform}`.",
                ) from None
            why = (
                f"{authority.title} did not answer when its token was renewed, and now refuses the old one ({refused})"
                if lost
                else f"{authority.title} no longer takes its refresh token ({refused}): it is over, was withdrawn, was used by another "
                "program, or a worker was stopped in the moment in which it was renewed"
            )
            raise self._ended(why) from None

    def _prolonged(self, grant: Grant) -> Grant:
        """With a refresh token that lives longer; where the platform says no, with the old one, until it ends."""
        authority, known = oauth.of(self.platform), app(self.platform)
        try:
            try:
                return authority.prolonged(known, grant)
            except NoAnswer:
                return authority.prolonged(known, grant)
        except Transient as e:
            raise self._not_now(e) from None
        except oauth.Refused:
            return grant.model_copy(update={"renewals": 0})

    def _not_now(self, trouble: Transient) -> Transient:
        told = f"the sign-in of the {self.platform} account {self.name} can't be renewed now: {trouble}"
        return type(trouble)(told, retry_after=trouble.retry_after)

    def _ended(self, why: str) -> NotReady:
        return NotReady(
            f"the {self.platform} account {self.name} can't be used: {why}.",
            missing=(f"{self.platform}/{self.name}",),
            how=self.source.again(self.platform, self.name),
        )

    def outlook(self) -> list[Finding]:
        """What its tokens' ends mean for the posts of the next days. Asks nobody."""
        now, grant, again = time.time(), self.grant, self.source.again(self.platform, self.name)
        end = grant.refresh_expires if grant.refreshable else grant.expires
        found: list[Finding] = []
        if end and end <= now:
            found.append(Finding(check="account", severity="block", message=f"the sign-in of {self.name} is over. {again}"))
        elif end and end - now < SOON and not grant.renewals:
            left = f"{(end - now) / DAY:.1f} days"
            found.append(Finding(check="account", severity="warn", message=f"the sign-in of {self.name} ends in {left}. {again}"))
        if grant.refreshable:
            try:
                app(self.platform)
            except CrossreelError as e:
                found.append(Finding(check="account", severity="block" if grant.ends_soon(now) else "warn", message=str(e)))
        return found
