"""What waits for its hour goes out without a new run: nothing is made, and nothing is posted twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from hooks import Hook, hooked
from typer.testing import CliRunner

from flows.clips import Bench, End, clip
from flows.publish import publish
from localize.campaign import load
from localize.cli import app
from localize.dispatch import Dispatch
from localize.errors import Transient, UserError
from localize.planning import Job
from localize.publish.ledger import Ledger
from localize.stages import Studio
from tests.flows.conftest import StandIn


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    with hooked() as made:
        monkeypatch.setenv("OPS_HOOK", made.address)
        yield made


@pytest.fixture
def waiting(bench: Bench, jobs: dict[str, Job], stand_in: StandIn, shop: Path, home: Path) -> Path:
    """The shop's campaign, whose channel has an hour; a clip of it was made outside of that, in the store that runs use."""
    text = (shop / "campaign.yaml").read_text(encoding="utf-8")
    campaign = shop / "campaign.yaml"
    where_it_is_noon = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"  # so that its hour is half a day off, whenever this runs
    campaign.write_text(
        text.replace("platform: tiktok\n", f'platform: tiktok\n    window: "00:00-00:01"\n    timezone: {where_it_is_noon}\n'),
        encoding="utf-8",
    )
    bench.studio = Studio(load(campaign), bench.studio.store)
    end = clip.fn(bench, jobs["MUG-01.th"], {}).data
    assert isinstance(end, End)
    assert end.outcome.clip
    assert end.script
    told = bench.studio.publish(jobs["MUG-01.th"], end.outcome.clip, bench.studio.campaign.channels[0], end.script)
    assert told.state == "planned"
    return campaign


def test_what_waits_goes_out_in_its_hour(waiting: Path, bench: Bench, stand_in: StandIn, home: Path) -> None:
    dispatch = bench.studio.dispatch
    (row,) = dispatch.waiting()
    assert dispatch.resend(row).state == "planned"
    waiting.write_text(waiting.read_text(encoding="utf-8").replace('window: "00:00-00:01"', 'window: "00:00-23:59"'), encoding="utf-8")
    later = Studio(load(waiting), bench.studio.store).dispatch
    receipt = later.resend(row)
    assert (receipt.state, Path(receipt.where).is_file(), later.waiting()) == ("published", True, [])
    assert stand_in.rendered == ["MUG-01.th"]


def test_a_campaign_without_posts_that_wait(shop: Path, home: Path, server: object) -> None:
    assert publish(str(shop / "campaign.yaml"), return_state=True).is_completed()


def test_a_post_that_fails_in_its_hour_is_told_of_once(
    waiting: Path, server: object, hook: Hook, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = waiting.read_text(encoding="utf-8") + "notify: [{to: '${OPS_HOOK}', when: failed}]\n"
    waiting.write_text(text.replace('window: "00:00-00:01"', 'window: "00:00-23:59"'), encoding="utf-8")
    trouble = [UserError("the folder is full."), UserError("the folder is full."), ZeroDivisionError()]

    def resend(*_: object) -> None:
        raise trouble.pop(0)

    monkeypatch.setattr(Dispatch, "resend", resend)
    ends = [publish(str(waiting), return_state=True) for _ in range(3)]
    assert [state.message for state in ends] == [
        "1 of 1 posts need a look: the folder is full.", "1 of 1 posts need a look: the folder is full.",
        "1 of 1 posts need a look: a fault: the run's log says more",
    ]  # fmt: skip
    (told,) = hook.got
    assert told["needs"] == ["! posts that did not go out: 1\n  MUG-01.th · tiktok: the folder is full."]


def test_a_server_that_is_away_keeps_no_failed_post_from_being_told_of(
    waiting: Path, server: object, hook: Hook, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = waiting.read_text(encoding="utf-8") + "notify: [{to: '${OPS_HOOK}', when: failed}]\n"
    waiting.write_text(text.replace('window: "00:00-00:01"', 'window: "00:00-23:59"'), encoding="utf-8")

    def away(*_: object, **__: object) -> None:
        raise httpx.ConnectError("All connection attempts failed")

    def resend(*_: object) -> None:
        raise UserError("the folder is full.")

    monkeypatch.setattr("flows.publish.create_table_artifact", away)
    monkeypatch.setattr("flows.publish.Variable.get", away)  # what it has told of before
    monkeypatch.setattr(Dispatch, "resend", resend)
    assert publish(str(waiting), return_state=True).message == "1 of 1 posts need a look: the folder is full."
    assert len(hook.got) == 1


def test_a_ledger_that_is_away_for_a_moment_is_waited_for(shop: Path, home: Path, server: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.patience.PAUSES", (0.0, 0.0))
    trouble: list[Exception] = [Transient("the ledger does not answer.")]
    waiting = Dispatch.waiting

    def away(self: Dispatch) -> object:
        if trouble:
            raise trouble.pop()
        return waiting(self)

    monkeypatch.setattr(Dispatch, "waiting", away)
    assert publish(str(shop / "campaign.yaml"), return_state=True).is_completed()
    assert not trouble


def test_the_store_keeps_what_a_post_waits_for(waiting: Path, bench: Bench, home: Path) -> None:
    store = bench.studio.store
    row = Ledger.open(home / "ledger.sqlite").rows()[0]
    needed = bench.studio.dispatch.outbox.parcels.needs(row.parcel)
    assert {name.split("/")[0] for name in needed} == {"parcel", "clip"}
    store.collect(1, needed=needed)
    assert bench.studio.dispatch.outbox.parcels.find(row.parcel, Path("out")) is not None
    store.collect(1)
    assert bench.studio.dispatch.outbox.parcels.find(row.parcel, Path("out")) is None


def test_a_mistake_in_the_campaign_is_told_before_anything_starts(shop: Path) -> None:
    done = CliRunner().invoke(app, ["publish", str(shop / "nothing.yaml")])
    assert "nothing.yaml" in str(done.exception)
