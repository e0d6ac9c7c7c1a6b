"""What a platform hands out when a seller lets crossreel post: tokens with their ends; and what it knows the seller's app by."""

from __future__ import annotations

import json
import re

from pydantic import ConfigDict, SecretStr

from localize.domain import Model
from localize.errors import UserError

DAY = 24 * 3600.0  # s
EARLY = 300.0  # s before its end that an access token is renewed; less for one that lives shorter than 50 minutes
REFRESH_EARLY = 3 * DAY  # s before its end that a refresh token is prolonged, where the platform lets it
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")


class Grant(Model):
    """The tokens of one account. Times are Unix seconds, 0 where nobody said: such a token is used until it is refused.

    `begun` is when the access token was handed out, `renewals` how often the refresh token may still be prolonged. No token shows
    in its repr, str, or dump: only `written` has them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    access_token: SecretStr
    refresh_token: SecretStr = SecretStr("")
    begun: float = 0.0
    expires: float = 0.0
    refresh_expires: float = 0.0
    open_id: str = ""
    scopes: tuple[str, ...] = ()
    renewals: int = 0

    def written(self) -> str:
        """As JSON with the tokens in it, for where tokens are kept."""
        return json.dumps(self.model_dump(mode="json") | {name: getattr(self, name).get_secret_value() for name in _TOKENS})

    @property
    def refreshable(self) -> bool:
        return bool(self.refresh_token.get_secret_value())

    def over(self, now: float) -> bool:
        return bool(self.expires) and self.expires <= now

    def ends_soon(self, now: float) -> bool:
        """Whether less than five minutes of the access token are left, or a tenth of a shorter life."""
        return bool(self.expires) and self.expires - now < min(EARLY, 0.1 * (self.expires - self.begun))

    def refresh_ends_soon(self, now: float) -> bool:
        """Whether the refresh token is to be prolonged now, and may be."""
        return self.renewals > 0 and bool(self.refresh_expires) and self.refresh_expires - now < REFRESH_EARLY


class App(Model):
    """What the platform knows the seller's app by. `api` is another address of its API than the platform's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    client_key: str
    client_secret: SecretStr
    api: str = ""

    def written(self) -> str:
        """As JSON with the secret in it, for where secrets are kept."""
        return json.dumps(self.model_dump(mode="json") | {"client_secret": self.client_secret.get_secret_value()})


_TOKENS = ("access_token", "refresh_token")


def must_be_name(name: str) -> None:
    """Raises UserError for what can't be an account's name."""
    apps = plain(name) == "app"
    if not NAME.fullmatch(name) or apps:
        raise UserError(
            f"{name!r} can't be an account's name: write letters, digits, dots, - and _, such as shop-th"
            + (" (app is where the app's own key is kept)." if apps else ".")
        )


def plain(name: str) -> str:
    """What is left of a name where only small letters, digits and - can be written: names of which it is the same are one there."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
