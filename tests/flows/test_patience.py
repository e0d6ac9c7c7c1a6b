"""A flow's body in a network that falters: what is tried again, after how long, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

import flows.patience
from flows.patience import patiently
from localize.errors import Transient, UserError


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, in place of making them."""
    found = list[float]()
    monkeypatch.setattr(flows.patience, "time", SimpleNamespace(sleep=found.append))
    return found


def failing(*troubles: Exception) -> Callable[[], str]:
    """A call that ends with each of the errors, and then well."""
    rest = list(troubles)

    def call() -> str:
        if rest:
            raise rest.pop(0)
        return "there"

    return call


def away(seconds: float | None = None) -> Transient:
    return Transient("the store does not answer.", retry_after=seconds)


def test_passing_trouble_passes_and_others_are_waited_for_as_long_as_they_ask(slept: list[float]) -> None:
    assert patiently(failing(away(), away(1.0), away(90.0))) == "there"
    assert slept == [10.0, 20.0, 90.0]


def test_trouble_that_stays_is_told_after_the_last_try(slept: list[float]) -> None:
    with pytest.raises(Transient, match="does not answer"):
        patiently(failing(*[away()] * 4))
    assert slept == [10.0, 20.0, 40.0]


def test_nobody_waits_for_hours_or_for_what_does_not_pass(slept: list[float]) -> None:
    for trouble in (away(3600.0), UserError("products.csv is not there.")):
        with pytest.raises(type(trouble)):
            patiently(failing(trouble))
    assert slept == []


def test_a_call_may_have_pauses_of_its_own(slept: list[float]) -> None:
    assert patiently(failing(away(), away()), (1.0, 5.0)) == "there"
    assert slept == [1.0, 5.0]
