"""What a platform refuses: by a number in its answer, or what is known to be refused before it is asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localize.domain import Channel, Finding, Severity
from localize.errors import CrossreelError, Transient, UserError
from localize.publish import Parcel, accounts
from localize.publish.post import measure, rendered, rules
from localize.publish.wire import NoAnswer

HAND_OFF = "Until then a channel with `kind: handoff` makes a pack that is posted by hand."

Kind = Callable[[str], CrossreelError]
Meaning = tuple[Kind, str]  # the error, and the way out, in which {name} is the account


class Refusal(Exception):
    """An error that a platform tells by a number, mostly in the body of an answer."""

    def __init__(self, code: int, said: str) -> None:
        self.code, self.said = code, " ".join(said.split())[:200]
        super().__init__(f"{code} {self.said}")


class Signer:
    """An account's token as one worker uses it. `stale` are the numbers by which the platform says that it takes it no longer."""

    def __init__(self, account: accounts.Account, stale: Collection[int]) -> None:
        self.account, self.token, self._stale = account, account.token(), stale

    def ask(self, once: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
        """What `once` answers with the token, or with another one where that is stale."""
        try:
            return once(self.token)
        except Refusal as refusal:
            if refusal.code not in self._stale:
                raise
        try:
            self.token = self.account.renew(self.token)
        except NoAnswer as e:  # of the token's server, which posts nothing
            raise Transient(str(e), retry_after=e.retry_after) from None
        return once(self.token)


@dataclass(frozen=True)
class Platform:
    """`offers` is who may see a post, by the channel's `privacy`; `errors` what its numbers mean; `codes` where it lists them."""

    name: str
    offers: Mapping[str, int]
    errors: Mapping[int, Meaning]
    codes: str

    def account(self, channel: Channel) -> accounts.Account:
        return accounts.find(self.name.lower(), channel.account or channel.name)

    def error(self, refusal: Refusal, about: str, account: str) -> CrossreelError:
        """A refusal as this project's error, of the product or channel that it is about."""
        kind, way = self.errors.get(refusal.code, (UserError, f"Look the code up in {self.name}'s list: {self.codes}."))
        said = f" ({refusal.said})" if refusal.said else ""
        return kind(f"{about}: {self.name} refused it for {account} with {refusal.code}{said}. {way.format(name=account)}")

    def checked(self, channel: Channel, look: Callable[[accounts.Account], Iterable[tuple[Severity, str]]]) -> list[Finding]:
        """What would stop a post of a channel: its `privacy`, what `look` sees of its account, and what stops that."""
        told: list[tuple[Severity, str]] = [("block", wrong)] if (wrong := self.no_such_privacy(channel)) else []
        try:
            account = self.account(channel)
            try:
                for seen in look(account):  # one by one: what was seen before trouble came is told, too
                    told.append(seen)
            except Refusal as refusal:
                raise self.error(refusal, channel.name, account.name) from None
        except CrossreelError as e:
            told.append(("warn" if isinstance(e, Transient) else "block", str(e)))
        name = f"channel.{self.name.lower()}"
        return [Finding(check=name, severity=how, message=what, evidence={"channel": channel.name}) for how, what in told]

    def must_fit(self, parcel: Parcel) -> None:
        """Raises UserError for a `privacy` or a text that would be refused after an upload."""
        if wrong := self.no_such_privacy(parcel.channel):
            raise UserError(f"{parcel.name}: {wrong}")
        name, limit = self.name.lower(), rules(self.name.lower()).text
        if (length := measure(rendered(parcel.post, name), limit.unit)) > limit.most:
            raise UserError(
                f"{parcel.name}: the text for {parcel.channel.name} has {length} characters and {self.name} takes {limit.most}: shorten "
                "the channel's `hashtags` or `disclosure`."
            )

    def no_such_privacy(self, channel: Channel) -> str:
        """What is wrong with a channel's `privacy`, "" for nothing."""
        if channel.privacy in self.offers:
            return ""
        offered = ", ".join(self.offers)
        return f"channel {channel.name}: privacy: {channel.privacy} is not offered by {self.name}. Write one of {offered}."


def as_number(said: Any) -> int | None:
    """A number that a platform gives as one or as text."""
    try:
        return int(said)
    except (TypeError, ValueError):
        return None
