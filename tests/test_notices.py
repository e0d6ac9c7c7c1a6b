"""Whom a campaign tells what, without its secrets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hooks import TOKEN, Hook, hooked
from typer.testing import CliRunner

from localize import campaign as campaigns
from localize import cli, couriers, notices
from localize.digest import MOST_BYTES, Night
from localize.errors import UserError
from localize.notices import Recipient, Word


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setattr(couriers, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(notices, "blocks", [])  # which flows would have read from a server
    with hooked() as made:
        monkeypatch.setenv("OPS_HOOK", made.address)
        yield made


def written(shop: Path, notify: str) -> Path:
    """The shop's campaign with these lines under `notify:`."""
    file = shop / "campaign.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}notify:\n{notify}", encoding="utf-8")
    return file


def test_a_campaign_says_whom_it_tells_what(shop: Path) -> None:
    settings = campaigns.load(
        written(shop, "  - to: ${OPS_HOOK}\n  - to: dingtalk://${DING}\n    when: [done, budget]\n    language: zh\n")
    )
    first, second = settings.notify
    assert (first.to, first.when, first.language) == ("${OPS_HOOK}", ("failed", "human"), "en")
    assert (second.when, second.language) == (("done", "budget"), "zh")


@pytest.mark.parametrize(
    "to",
    [
        f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}",
        f"https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/{TOKEN}",
        f"dingtalk://{TOKEN}",
        "mailto://ops:hunter2@mail.example.com?to=a@example.com",
        "mailto://ops@mail.example.com?to=a@example.com&pass=hunter2",
        "https://ops:hunter2@example.com/hook",
    ],
)
def test_an_address_with_a_secret_in_it_is_refused_without_showing_it(shop: Path, to: str) -> None:
    with pytest.raises(UserError) as refused:
        campaigns.load(written(shop, f"  - to: {to}\n"))
    assert "line 15: notify.0.to: the address has a token or a password in it" in str(refused.value)
    assert "${NAME}" in str(refused.value)
    assert TOKEN not in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "to",
    [
        "${OPS_HOOK}", "block:ops-chat", "https://ops.example.com/crossreel", "dingtalk://${DING}",
        "https://oapi.dingtalk.com/robot/send?access_token=${DING}", "mailto://mail.example.com?to=a@example.com",
        "mailto://ops:${MAIL_PASSWORD}@mail.example.com?to=a@example.com",
    ],
)  # fmt: skip
def test_an_address_whose_secret_lies_elsewhere_is_taken(to: str) -> None:
    assert Recipient(to=to).to == to


def test_what_is_no_address_is_told_with_its_line(shop: Path) -> None:
    with pytest.raises(UserError, match=r"line 15: notify\.0\.to: 'ops' is no address"):
        campaigns.load(written(shop, "  - to: ops\n"))


def test_those_are_told_who_want_to_be(hook: Hook) -> None:
    good = Night("shop")
    assert notices.send([Recipient(to="${OPS_HOOK}")], good) == []
    assert hook.got == []
    assert notices.send([Recipient(to="${OPS_HOOK}", when="done"), Recipient(to="${OPS_HOOK}", when="done", language="zh")], good) == []
    assert sorted(got["title"] for got in hook.got) == ["crossreel · shop: all is well", "crossreel · shop: 一切正常"]
    assert hook.got[0]["campaign"] == "shop"


def test_one_that_is_not_reached_keeps_nobody_else_from_the_news(hook: Hook) -> None:
    hook.answers = [404, 200]
    wrong = notices.send(
        [Recipient(to="${NOT_SET}"), Recipient(to="${OPS_HOOK}"), Recipient(to="block:ops")], Word("a look", "text", "link")
    )
    assert wrong == [
        "notify 1 (${NOT_SET}) was not told: the environment has no NOT_SET. Set it where the campaign runs, for its worker too.",
        "notify 2 (${OPS_HOOK}) was not told: the webhook answered 404: is the address still right?",
        "notify 3 (block:ops) was not told: Prefect has no Secret block 'ops'. Make one: the UI, under Blocks.",
    ]
    assert hook.got == [{"kinds": ["human"], "title": "crossreel · a look", "text": "text\nlink"}]


def test_many_words_are_cut_before_their_link() -> None:
    word = Word("a look", "字" * 2000, "http://127.0.0.1:4200/runs/flow-run/1")
    assert len(f"{word.title('en')}\n{word.text('en')}".encode()) <= MOST_BYTES
    assert word.text("en").endswith(" …\nhttp://127.0.0.1:4200/runs/flow-run/1")


def test_a_fault_of_ours_costs_the_notice_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"no {TOKEN}")

    monkeypatch.setattr(couriers, "deliver", broken)
    assert notices.send([Recipient(to="https://ops.example.com")], Word("a", "b")) == [
        "notify 1 (https://ops.example.com) was not told: a fault, RuntimeError"
    ]


def test_a_server_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(couriers, "deliver", lambda *_: never.wait(10))
    monkeypatch.setattr(notices, "PATIENCE", 0.05)
    assert notices.send([Recipient(to="https://ops.example.com")], Word("a", "b")) == [
        "notify 1 (https://ops.example.com) was not told: no end within 0 s"
    ]
    never.set()


def test_sign_ins_that_are_missing_need_a_person(shop: Path) -> None:
    file = shop / "campaign.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("    platform: tiktok\n", "    kind: tiktok\n"), encoding="utf-8")
    (told,) = notices.sign_ins(campaigns.load(file))
    assert told.startswith("there is no tiktok account 'tiktok' on this machine.")


def test_the_command_says_who_is_told_and_sends_a_trial(shop: Path, hook: Hook) -> None:
    file = written(shop, "  - to: ${OPS_HOOK}\n  - to: ${NOT_SET}\n    when: done\n")
    shown = CliRunner().invoke(cli.app, ["notify", str(file)])
    assert shown.exit_code == 3
    assert "known" in shown.stdout
    assert TOKEN not in shown.stdout
    assert hook.got == []
    tried = CliRunner().invoke(cli.app, ["notify", str(file), "--test"])
    assert tried.exit_code == 3
    assert "1 of 2 were told" in tried.stdout
    assert hook.got[0]["title"] == "crossreel · corner-shop: a trial"


def test_a_campaign_that_tells_nobody_is_told_how(shop: Path) -> None:
    result = CliRunner().invoke(cli.app, ["notify", str(shop / "campaign.yaml"), "--test"])
    assert "has no `notify`" in str(result.exception)
