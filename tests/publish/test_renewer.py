"""The thread that keeps leases: one that can't be renewed now does not end the others."""

from __future__ import annotations

import logging
import threading

import pytest

from localize.publish.renewer import Renewer

SOON, ENOUGH = 0.01, 30.0  # s


class Lease:
    """Fails as often as it has errors, then is kept; is `renewed` after its second time."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.times, self.renewed = [*errors], 0, threading.Event()

    def renew(self) -> bool:
        if self.errors:
            raise self.errors.pop(0)
        self.times += 1
        if self.times == 2:
            self.renewed.set()
        return True


def test_no_error_ends_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    renewer, broken, other = Renewer(), Lease(ValueError("postgresql://me:secret@db"), RuntimeError()), Lease()
    with caplog.at_level(logging.WARNING, "crossreel"):
        renewer.add(broken, SOON)
        renewer.add(other, SOON)
        assert broken.renewed.wait(ENOUGH)
        assert other.renewed.wait(ENOUGH)
    for lease in (broken, other):
        renewer.drop(lease)
    assert [name in caplog.text for name in ("ValueError", "RuntimeError", "secret")] == [True, True, False]


def test_a_thread_that_could_not_be_begun_is_begun_by_the_next_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    renewer, lease = Renewer(), Lease()

    def no_more(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_more)
        with pytest.raises(RuntimeError):
            renewer.add(Lease(), ENOUGH)
    renewer.add(lease, SOON)
    assert lease.renewed.wait(ENOUGH)
