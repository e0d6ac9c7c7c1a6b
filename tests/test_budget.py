"""What a night may use: when it is used up, over several batches and retries, and what is said."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from localize import budget as budgets
from localize import campaign as campaigns
from localize import planning
from localize.budget import Budget, Spent
from localize.domain import Usage
from localize.errors import Transient, UserError
from localize.planning import Outcome
from localize.sections import Limits, Priority, queue
from localize.store import LocalStore

CLOCK = budgets.cpu_seconds
PAID = Usage(requests=1, cost=Decimal("0.50"))


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The CPU's clock, which a test moves; notes are written and read at once."""
    now = {"cpu": 1000.0}
    monkeypatch.setattr(budgets, "cpu_seconds", lambda children=True: now["cpu"])
    monkeypatch.setattr(budgets, "NOTE_SECONDS", 0.0)
    monkeypatch.setattr(budgets, "READ_SECONDS", 0.0)
    return now


def limits(**said: Any) -> Limits:
    return Limits.model_validate(said)


def ended(sku: str, state: str = "made", usage: Usage | None = None) -> Outcome:
    return Outcome.model_validate({"sku": sku, "language": "th", "title": sku, "state": state, "usage": usage or Usage()})


# ---- clips


def test_clips_that_were_in_the_store_cost_nothing(store: LocalStore) -> None:
    night = Budget(limits(clips=2), store, "monday")
    for outcome in (ended("A", "reused"), ended("B"), ended("C", "blocked"), ended("D", "failed")):
        night.charge(outcome)
    assert night.left() == ""
    night.charge(ended("E"))
    assert night.left() == "the night's budget of 2 clips is used up (2)"


def test_what_is_paid_before_there_is_a_clip_counts_for_the_batches_too(store: LocalStore) -> None:
    forms = Budget(limits(money=1), store, "monday")
    forms.pay(PAID)
    forms.pay(PAID)
    forms.close()
    assert Budget(limits(money=1), store, "monday").left() == "the night's budget of $1.00 for models is used up ($1.00)"


def test_clips_in_hand_are_counted_before_they_are_made(store: LocalStore) -> None:
    night = Budget(limits(clips=3), store, "monday")
    assert [bool(night.left(begun)) for begun in range(5)] == [False, False, False, True, True]
    night.charge(ended("A"))
    night.charge(ended("B", "reused"))  # gives the room back that it held
    assert [bool(night.left(begun)) for begun in range(3)] == [False, False, True]


def test_a_clip_that_is_told_of_twice_is_counted_once(store: LocalStore) -> None:
    night = Budget(limits(clips=5, money=5), store, "monday")
    night.charge(ended("A", "failed", PAID))
    night.charge(ended("A", "made", PAID + PAID))  # its second try; the outcome tells of both
    night.charge(ended("A", "made", PAID + PAID))  # with its receipts
    assert night.used() == "1 of 5 clips, $1.00 of $5.00 for models"


def test_without_limits_nothing_is_counted_or_noted(store: LocalStore) -> None:
    night = Budget(Limits(), store, "monday")
    night.charge(ended("A"))
    night.gpu(1e9)
    night.close()
    assert (night.left(), night.used(), store.notes("monday")) == ("", "", {})


# ---- hours


def test_the_cpu_counts_from_where_the_batch_began(store: LocalStore, clock: dict[str, float]) -> None:
    night = Budget(limits(cpu_hours=40), store, "monday")
    clock["cpu"] += 39 * 3600
    assert night.left() == ""
    clock["cpu"] += 1.2 * 3600
    assert night.left() == "the night's budget of 40 CPU hours is used up (40.2)"


def test_no_clip_is_begun_that_would_end_far_over_the_budget(store: LocalStore, clock: dict[str, float]) -> None:
    night = Budget(limits(cpu_hours=1), store, "monday")
    for sku in "ABC":
        clock["cpu"] += 0.2 * 3600
        night.charge(ended(sku))
    assert night.left() == ""  # 0.8 after it
    assert night.left(begun=1) == ""  # 1.0
    assert night.left(begun=2) == "the night's budget of 1 CPU hour has no room for another clip (0.6 used)"  # 1.2
    clock["cpu"] += 0.31 * 3600
    assert night.left() == "the night's budget of 1 CPU hour has no room for another clip (0.91 used)"


def test_the_first_clip_is_begun_however_small_the_budget(store: LocalStore) -> None:
    assert Budget(limits(cpu_hours=1e-6, gpu_hours=1e-6, money=0.0001), store, "monday").left() == ""


def test_a_gpu_counts_while_it_is_held(store: LocalStore) -> None:
    night = Budget(limits(gpu_hours=0.5), store, "monday")
    night.gpu(1000)
    assert night.used() == "0.28 of 0.5 GPU hours"
    night.gpu(1000)
    assert night.left() == "the night's budget of 0.5 GPU hours is used up (0.56)"


def test_the_own_process_and_its_ended_children_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    before = budgets.cpu_seconds()
    sum(i * i for i in range(2_000_000))
    assert budgets.cpu_seconds() > before


# ---- money


def test_requests_of_unknown_price_are_told(store: LocalStore) -> None:
    night = Budget(limits(money="0.75"), store, "monday")
    night.charge(ended("A", "made", Usage(requests=3, unpriced=3)))
    assert night.left() == ""
    assert night.used() == "$0.00 of $0.75 for models and 3 requests of unknown price"
    night.charge(ended("B", "failed", Usage(requests=1, cost=Decimal("0.80"))))  # what failed was paid for, too
    assert night.left() == "the night's budget of $0.75 for models is used up ($0.80 and 3 requests of unknown price)"


def test_a_retry_charges_only_what_comes_to_what_was_paid(store: LocalStore) -> None:
    first = Budget(limits(money=10), store, "monday")
    first.charge(ended("A", "failed", PAID))
    first.close()
    retry = Budget(limits(money=10), store, "monday", paid={("A", "th"): PAID})
    retry.charge(ended("A", "made", PAID + PAID))
    assert retry.used() == "$1.00 of $10.00 for models"


# ---- several batches, machines and retries


def test_batches_of_a_night_count_together(store: LocalStore, clock: dict[str, float]) -> None:
    asked = limits(clips=3, cpu_hours=1)
    one, two = Budget(asked, store, "monday"), Budget(asked, store, "monday")
    one.charge(ended("A"))
    two.charge(ended("B"))
    clock["cpu"] += 360  # of each of the two, as the test's clock is theirs both
    one.charge(ended("C"))
    assert two.left() == "the night's budget of 3 clips is used up (3)"
    assert two.used() == "3 of 3 clips, 0.2 of 1 CPU hour"
    assert Budget(asked, store, "tuesday").left() == ""


def test_a_process_that_makes_clips_for_a_batch_counts_its_own_hours(
    store: LocalStore, clock: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = limits(clips=3, cpu_hours=1, gpu_hours=1)
    monkeypatch.setattr(budgets, "NOTE_SECONDS", 60.0)
    before = clock["cpu"]
    clock["cpu"] += 1800  # its first clip, before which it asked for no budget
    worker = Budget(asked, store, "monday", before=before)
    worker.gpu(900)
    assert worker.cpu() == 1800
    batch = Budget(asked, store, "monday")
    batch.charge(ended("A"))
    assert batch.used() == "1 of 3 clips, 0.5 of 1 CPU hour, 0.25 of 1 GPU hour"


def test_processes_that_count_themselves_are_not_counted_twice(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "cpu_seconds", CLOCK)
    alone, both = (Budget(limits(cpu_hours=1), store, "monday", children=children) for children in (False, True))
    subprocess.run([sys.executable, "-c", "sum(range(10**6))"], check=True)
    assert both.cpu() > alone.cpu()


def test_a_retry_counts_what_was_spent_before_it(store: LocalStore, clock: dict[str, float]) -> None:
    night = Budget(limits(cpu_hours=1), store, "monday")
    clock["cpu"] += 1800
    night.close()
    retry = Budget(limits(cpu_hours=1), store, "monday")
    assert (retry.left(), retry.used()) == ("", "0.5 of 1 CPU hour")
    clock["cpu"] += 1900
    assert "used up (1.03)" in retry.left()


def test_a_batch_that_has_ended_is_read_once(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    dead, going = (Budget(limits(clips=9), store, "monday") for _ in range(2))
    dead.charge(ended("A"))
    dead.close()
    going.charge(ended("B"))
    night = Budget(limits(clips=9), store, "monday")
    left_out: list[set[str]] = []
    read = store.notes
    monkeypatch.setattr(store, "notes", lambda run, start, but: (left_out.append(set(but)), read(run, start, but=but))[1])
    night.left()
    assert left_out == [{f"spent-{dead.worker}", f"spent-{night.worker}"}]
    assert night.used() == "2 of 9 clips"


def test_notes_are_told_from_those_of_clips(store: LocalStore) -> None:
    store.note("monday", "spent-case.th", ended("spent-case").model_dump_json())
    night = Budget(limits(clips=9), store, "monday")
    night.close()
    names = sorted(store.notes("monday"))
    assert names == sorted(["spent-case.th", f"spent-{night.worker}"])
    assert Spent.model_validate_json(store.notes("monday")[f"spent-{night.worker}"]) == Spent(ended=True)
    assert store.collect(1) == (0, 0)  # which reads every note


def test_a_store_that_is_out_of_reach_stops_no_night(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Budget(limits(clips=2), store, "monday")

    def cut(*_: Any, **__: Any) -> Any:
        raise Transient("the bucket does not answer")

    with monkeypatch.context() as away:
        away.setattr(store, "notes", cut)
        away.setattr(store, "note", cut)
        night.charge(ended("A"))
        assert night.left() == ""
    night.charge(ended("B"))
    assert night.left() == "the night's budget of 2 clips is used up (2)"
    assert Budget(limits(clips=2), store, "monday").left() == "the night's budget of 2 clips is used up (2)"


# ---- in the campaign


def test_a_campaign_says_its_budget_and_priority(shop: Path) -> None:
    path = shop / "campaign.yaml"
    text = path.read_text("utf-8").replace("  workers: 1", "  workers: 1\n  cpu_hours: 40\n  gpu_hours: 2.5\n  money: 4.99\n  clips: 1")
    path.write_text(text + "priority: high\n", "utf-8")
    campaign = campaigns.load(path)
    assert campaign.limits == limits(workers=1, cpu_hours=40, gpu_hours=2.5, money="4.99", clips=1)
    assert campaigns.Campaign.model_validate(campaign.model_dump(mode="json")) == campaign  # as a batch is handed it
    assert queue(campaign.priority) == "high"
    assert len(planning.plan(campaign).jobs) == 4  # all that is to be made, not only what the night has room for


@pytest.mark.parametrize(
    ("line", "key"), [("money: -1", "limits.money"), ("cpu_hours: .inf", "limits.cpu_hours"), ("gpu_hours: much", "limits.gpu_hours")]
)
def test_a_wrong_budget_is_told_with_its_line(shop: Path, line: str, key: str) -> None:
    path = shop / "campaign.yaml"
    path.write_text(path.read_text("utf-8").replace("  workers: 1", f"  {line}"), "utf-8")
    with pytest.raises(UserError, match=rf"line 12: {key}"):
        campaigns.load(path)


@pytest.mark.parametrize(("priority", "name"), [("high", "high"), ("normal", "default"), ("low", "low")])
def test_each_priority_has_a_queue(priority: Priority, name: str) -> None:
    assert queue(priority) == name
