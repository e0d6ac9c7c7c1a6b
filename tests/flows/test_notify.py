"""Notices of runs, without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hooks import TOKEN, Hook, hooked

from flows import notify
from localize import campaign as campaigns
from localize import notices, planning
from localize.campaign import Campaign
from localize.notices import Recipient
from localize.planning import Outcome


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setattr("localize.couriers.PAUSES", (0.0, 0.0))
    monkeypatch.setattr(notices, "blocks", [])
    monkeypatch.setattr(notify.vault, "register", lambda: None)  # accounts in blocks would be asked of a server
    with hooked() as made:
        monkeypatch.setenv("OPS_HOOK", made.address)
        yield made


@pytest.fixture
def settings(shop: Path) -> Campaign:
    everything = Recipient(to="${OPS_HOOK}", when=("failed", "human", "done", "budget"))
    return campaigns.load(shop / "campaign.yaml").model_copy(update={"notify": (everything,)})


def test_a_night_is_told_with_its_page(settings: Campaign, hook: Hook) -> None:
    plan = planning.plan(settings)
    made = [Outcome(sku=j.product.sku, language=j.language, title=j.product.title, state="made") for j in plan.jobs]
    notify.night(settings, made, plan, Path("/shop/out/index.html"))
    (told,) = hook.got
    assert told["title"] == "crossreel · corner-shop: all is well"
    assert told["counts"]["made"] == 4
    assert told["page"] == "/shop/out/index.html"


def test_a_night_that_never_had_a_plan_is_told(settings: Campaign, hook: Hook) -> None:
    notify.night(settings, [], None, None, stopped="products.csv is not there")
    assert hook.got[0]["needs"] == ["! the run stopped before its end:\n  products.csv is not there"]


def test_what_needs_a_person_is_told(settings: Campaign, hook: Hook) -> None:
    notify.person(settings, "a form to read", "3 clips in Thai", "http://127.0.0.1:4200/runs/flow-run/1")
    assert hook.got == [
        {
            "title": "crossreel · a form to read", "text": "3 clips in Thai\nhttp://127.0.0.1:4200/runs/flow-run/1", "kinds": ["human"],
        }
    ]  # fmt: skip


def test_an_address_may_lie_in_a_block(
    settings: Campaign, hook: Hook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = {"ops-chat": hook.address}
    monkeypatch.setattr(notify, "_read", lambda name: kept.get(name, ""))
    both = settings.model_copy(update={"notify": (Recipient(to="block:ops-chat"), Recipient(to="block:boss"))})
    notify.person(both, "a look", "text")
    assert len(hook.got) == 1
    assert caplog.messages == ["notify 2 (block:boss) was not told: Prefect has no Secret block 'boss'. Make one: the UI, under Blocks."]


def test_no_trouble_of_a_notice_reaches_the_run_and_no_log_has_the_address(
    settings: Campaign, hook: Hook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hook.answers = [500]
    notify.person(settings, "a look", "text")
    assert caplog.messages == ["notify 1 (${OPS_HOOK}) was not told: the webhook answered 500."]
    caplog.clear()

    def broken(*_: object) -> None:
        raise RuntimeError(hook.address)

    monkeypatch.setattr(notices, "send", broken)
    notify.person(settings, "a look", "text")
    assert caplog.messages == ["nobody was told of this: a fault, RuntimeError"]
    assert TOKEN not in caplog.text
