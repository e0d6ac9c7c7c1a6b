"""Automations for runs that never get to their end, on a real server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hooks import TOKEN, Hook, hooked

from flows import alarm
from localize import campaign as campaigns
from localize.campaign import Campaign
from localize.errors import UserError
from localize.notices import Recipient

from prefect import flow  # isort: skip
from prefect.client.orchestration import SyncPrefectClient  # isort: skip
from prefect.states import Crashed  # isort: skip


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    with hooked() as made:
        monkeypatch.setenv("OPS_HOOK", made.address)
        yield made


@pytest.fixture
def settings(shop: Path) -> Campaign:
    told = (Recipient(to="mailto://ops.example.com?to=a@example.com"), Recipient(to="${OPS_HOOK}"), Recipient(to="${OTHER}", when="done"))
    return campaigns.load(shop / "campaign.yaml").model_copy(update={"notify": told})


@pytest.mark.heavy
def test_the_server_tells_of_a_crash_and_of_an_error_but_not_of_a_night_with_failed_clips(
    server: SyncPrefectClient, settings: Campaign, hook: Hook
) -> None:
    names = alarm.make(server, settings)
    assert names == [f"crossreel-corner-shop-2: {kind}" for kind in ("crashed", "error", "late")]
    assert alarm.make(server, settings) == names
    assert [len(server.read_automations_by_name(name)) for name in names] == [1, 1, 1]

    def told(what: str) -> bool:
        return any(what in got["text"] for got in hook.got)

    def others() -> list[str]:
        return sorted(got["text"].split(": ", 1)[1] for got in hook.got if "trial: " not in got["text"])

    @flow(name="broken")
    def broken(why: str) -> None:
        raise ValueError(why)

    @flow(name="night")
    def night() -> object:
        from prefect.states import Failed

        return Failed(message="2 of 4 clips failed")

    def until(heard: Callable[[], bool], again: Callable[[], object]) -> None:
        """The server takes its time to look for new automations, and what happened before that is told by none."""
        end = time.monotonic() + 180
        while not heard():
            assert time.monotonic() < end, [got["text"] for got in hook.got]
            again()
            time.sleep(1)

    def crash(why: str) -> None:
        gone = server.create_flow_run(broken, name="gone")
        server.set_flow_run_state(gone.id, Crashed(message=why), force=True)

    until(lambda: told("trial: crashed"), lambda: crash("trial: crashed"))
    until(lambda: told("trial: broken"), lambda: broken("trial: broken", return_state=True))

    night(return_state=True)
    broken('a "quoted"\nreason', return_state=True)
    crash("the worker is gone")
    until(lambda: len(others()) >= 2, lambda: None)
    assert others() == ["Crashed. the worker is gone", 'Failed. Flow run encountered an exception: ValueError: a "quoted"\nreason']
    assert all(TOKEN not in automation.model_dump_json() for name in names for automation in server.read_automations_by_name(name))


def test_a_robot_is_sent_its_own_form() -> None:
    assert alarm._payload("https://open.feishu.cn/open-apis/bot/v2/hook/x", '"hello"') == (
        '{"msg_type": "text", "content": {"text": {{ ("hello") | tojson }}}}'
    )


def test_a_campaign_that_tells_nobody_of_failures_is_told_so(settings: Campaign) -> None:
    nobody = settings.model_copy(update={"notify": settings.notify[:1]})
    with pytest.raises(UserError, match="tells nobody of what `failed`"):
        alarm.make(None, nobody)
