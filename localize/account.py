"""What models are paid for: each call adds to the account that is open around it, in its thread.

with account.opened() as spent:
    writer.write(...)
spent.usage  # requests, tokens, US dollars
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from localize.domain import Usage


class Account:
    """The sum of what was charged while it was open."""

    def __init__(self) -> None:
        self.usage = Usage()


_open: ContextVar[tuple[Account, ...]] = ContextVar("accounts", default=())


@contextmanager
def opened() -> Iterator[Account]:
    """An account for what is called inside; what is charged in an inner one counts in the outer ones, too."""
    account = Account()
    token = _open.set((*_open.get(), account))
    try:
        yield account
    finally:
        _open.reset(token)


def charge(usage: Usage) -> None:
    """Add to every account that is open."""
    for account in _open.get():
        account.usage += usage
