"""Accounts in blocks of the Prefect server: the workers of a fleet that share no folder share these.

A Secret block `crossreel-<platform>-<name>` holds what a file of `crossreel account add` holds, `crossreel-<platform>-app` what
`crossreel account app` has asked for. `python -m flows.vault tiktok shop-th` moves an account of this machine into its block.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeVar

import httpx
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists
from pydantic import ValidationError

from localize.errors import CrossreelError, NotReady, Transient, UserError
from localize.publish import accounts
from localize.publish.accounts import oauth
from localize.publish.accounts.grants import must_be_name, plain
from localize.publish.accounts.vault import LONGEST_RENEWAL

LEASE = 60  # s until the lock of a killed worker is free, the least that a server takes

Kept = TypeVar("Kept", accounts.Grant, accounts.App)


def register() -> None:
    """Publishers look into the blocks from now on, before the files of their machine."""
    if not any(isinstance(source, Blocks) for source in accounts.sources()):
        accounts.register(Blocks())


def block(platform: str, name: str) -> str:
    """What a block may be called: small letters, digits and -."""
    return f"crossreel-{plain(platform)}-{plain(name)}"


class Blocks:
    """The blocks as a source of accounts. Raises Transient when the server is away."""

    def read(self, platform: str, name: str) -> accounts.Grant | None:
        return _read(block(platform, name), accounts.Grant)

    def write(self, platform: str, name: str, grant: accounts.Grant) -> None:
        """Raises UserError where the block holds another account, of a name that becomes the same."""
        there, held = block(platform, name), None
        with suppress(NotReady):  # what is no account is written over
            held = self.read(platform, name)
        if held and held.open_id and grant.open_id and held.open_id != grant.open_id:
            raise UserError(
                f"the Prefect block {there} holds another {platform} account than {name}: `shop.th`, `shop-th` and `Shop_TH` are one "
                f"block. Sign in under another name, or delete the block first: `prefect block delete secret/{there}`."
            )
        _write(there, grant)

    def app(self, platform: str) -> accounts.App | None:
        return _read(block(platform, "app"), accounts.App)

    def again(self, platform: str, name: str) -> str:
        return f"Sign in again: `crossreel account add {platform} {name}`, then `python -m flows.vault {platform} {name}`."

    @contextmanager
    def lock(self, platform: str, name: str) -> Iterator[None]:
        """One slot of the server, whose lease ends a minute after its holder was killed."""
        limit = block(platform, name)
        with _asking("lock"), suppress(ObjectAlreadyExists), get_client(sync_client=True) as client:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=limit, limit=1))
        with ExitStack() as held:
            try:
                with _asking("lock"):
                    held.enter_context(concurrency(limit, occupy=1, timeout_seconds=LONGEST_RENEWAL, lease_duration=LEASE, strict=True))
            except (TimeoutError, ConcurrencySlotAcquisitionError):
                raise Transient(f"another worker is renewing the {platform} account {name} and does not come to an end.") from None
            yield


def _read(name: str, kind: type[Kept]) -> Kept | None:
    with _asking(f"read the block {name} of"), suppress(ValueError):  # what prefect raises for a block that is not there
        secret: Any = Secret.load(name)
        held = secret.get()
        try:
            return kind.model_validate(held)
        except ValidationError:
            raise NotReady(f"the Prefect block {name} does not hold what crossreel keeps there.", how=_HOW) from None
    return None


def _write(name: str, what: accounts.Grant | accounts.App) -> None:
    with _asking(f"write the block {name} of"):
        Secret(value=json.loads(what.written())).save(name, overwrite=True)


@contextmanager
def _asking(what: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as e:
        raise Transient(f"can't {what} the Prefect server: {type(e).__name__}.") from None


_HOW = "Move an account of this machine into it: `python -m flows.vault PLATFORM NAME`."


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m flows.vault", description="Move an account of this machine into a Prefect block.")
    parser.add_argument("platform", help="tiktok, douyin or weibo")
    parser.add_argument("name", help="the account, or app for the app's key and secret")
    args = parser.parse_args()
    try:
        print(move(args.platform, args.name))
    except CrossreelError as e:
        print(e, file=sys.stderr)
        sys.exit(e.exit_code)


def move(platform: str, name: str) -> str:
    """Into the block and out of the file: of one refresh token in two places, the second to use it would find it dead."""
    oauth.of(platform)
    if name != "app":
        must_be_name(name)
    files, blocks, there = accounts.Vault(), Blocks(), block(platform, name)
    with files.lock(platform, name):
        # Read under the lock: whoever had it may have renewed the account, and what was there before would be dead.
        kept = files.app(platform) if name == "app" else files.read(platform, name)
        if kept is None:
            raise UserError(f"{files.path(platform, name)} is not there: `crossreel account {'app' if name == 'app' else 'add'}` makes it.")
        with blocks.lock(platform, name):
            if isinstance(kept, accounts.App):
                _write(there, kept)
            else:
                blocks.write(platform, name, kept)
        files.remove(platform, name)
    return f"{platform}/{name} is in the block {there} now, and no longer in a file of this machine."


if __name__ == "__main__":
    main()
