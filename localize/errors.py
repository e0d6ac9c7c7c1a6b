"""The four ways work can stop, and what each means for a retry and for the shell; and how it is put off.

Every message is written for a seller: what is wrong, where (file, row, column, value) and the way out.
"""

from __future__ import annotations


class CrossreelError(Exception):
    """Base of all errors raised on purpose. `exit_code` is what the command line ends with."""

    exit_code = 1


class UserError(CrossreelError):
    """The input or the campaign is wrong. Never retried: the same input would fail again."""

    exit_code = 2


class NotReady(CrossreelError):
    """An engine, key, weight or text is missing. `missing` lists each missing thing, `how` says how to get it."""

    exit_code = 3

    def __init__(self, message: str, *, missing: tuple[str, ...] = (), how: str = "") -> None:
        super().__init__(message + (f" {how}" if how else ""))
        self.missing = missing
        self.how = how


class Transient(CrossreelError):
    """Network trouble or a rate limit: the same call may work later. `retry_after` is in seconds, if the other side said."""

    exit_code = 4

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Blocked(CrossreelError):
    """A check or a law stopped it. `findings` are the messages of what was found."""

    exit_code = 5

    def __init__(self, message: str, *, findings: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


class Left(CrossreelError):
    """Not begun, as there is no room for it tonight. Nothing is wrong with it: another night makes it."""

    exit_code = 0
