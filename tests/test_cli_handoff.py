"""crossreel handoff: what a page says is posted gets into the ledger, and a phone sees the pack and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from parcels import parcel_of
from platforms import Page
from typer.testing import CliRunner

from localize.cli import app
from localize.cli_handoff import serving
from localize.domain import Channel
from localize.publish import Parcel, handoff
from localize.publish.handoff import HandoffPublisher
from localize.publish.ledger import Ledger

CHANNEL = Channel(name="douyin-shop", kind="handoff", platform="douyin", account="shop")
HEAD = ",".join(handoff.COLUMNS)


@pytest.fixture
def ledger(home: Path) -> Ledger:
    return Ledger.open(home / "ledger.sqlite")


def handed(parcel: Parcel, ledger: Ledger) -> Path:
    """The folder of the pack that a clip was handed over in."""
    with ledger.claim(ledger.plan(parcel).id, worker="worker-1") as entry:  # type: ignore[union-attr]
        receipt = HandoffPublisher().publish(parcel, entry)
        entry.finish(receipt)
    return Path(receipt.where).parent


def told(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["handoff", *map(str, words)], catch_exceptions=False)
    return done.exit_code, " ".join(done.output.split())


def test_a_table_marks_its_clips_as_published(ledger: Ledger, tmp_path: Path) -> None:
    handed(parcel_of(tmp_path, CHANNEL), ledger)
    assert [row.state for row in ledger.rows()] == ["processing"]
    table = tmp_path / "posted.csv"
    table.write_text(f"\ufeff{HEAD}\r\ndouyin/shop,clip/one,MUG-01,th,yes,yes,https://v.example/1,2026-11-27\r\n", encoding="utf-8")
    assert told("posted", table, "--by", "Lin") == (0, "1 post is in the ledger as published.")
    (row,) = ledger.rows()
    assert (row.state, row.where) == ("published", "https://v.example/1")
    assert ledger.history(row.id)[-1].worker == "Lin"
    assert told("posted", table)[0] == 0  # a second time changes nothing
    assert ledger.rows() == [row]


def test_what_can_not_be_taken_is_told_and_the_rest_is(ledger: Ledger, tmp_path: Path) -> None:
    handed(parcel_of(tmp_path, CHANNEL), ledger)
    table = tmp_path / "posted.csv"
    lines = ["clip/one,MUG-01,th,yes,yes,,", "clip/two,LAMP-02,th,yes,yes,,", "clip/three,POT-03,vi,no,yes,,"]
    table.write_text("\n".join([HEAD, *(f"douyin/shop,{line}" for line in lines)]) + "\n", encoding="utf-8")
    code, said = told("posted", table)
    assert code == 2
    assert "the ledger has no post of LAMP-02 in th at douyin/shop" in said
    assert "line 4: POT-03 in vi is posted, but its AI declaration is not ticked" in said
    assert "1 post is in the ledger as published." in said


def test_the_ledger_of_the_campaign_that_made_the_pack(ledger: Ledger, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSREEL_LEDGER", raising=False)
    campaign = shop / "campaign.yaml"
    campaign.write_text(campaign.read_text(encoding="utf-8") + "ledger: posts/night.sqlite\n", encoding="utf-8")
    (shop / "posts").mkdir()
    its = Ledger.open(shop / "posts" / "night.sqlite")
    handed(parcel_of(tmp_path, CHANNEL), its)
    table = tmp_path / "posted.csv"
    table.write_text(f"{HEAD}\n{CHANNEL.place},clip/one,MUG-01,th,yes,yes,,\n", encoding="utf-8")
    code, said = told("posted", table)
    assert (code, "another ledger's pack. Name the campaign that made it (--campaign campaign.yaml)" in said) == (2, True)
    assert told("posted", table, "--campaign", campaign) == (0, "1 post is in the ledger as published.")
    assert ([row.state for row in its.rows()], ledger.rows()) == (["published"], [])


def test_neither_a_table_nor_a_page_begins_a_ledger(home: Path, tmp_path: Path) -> None:
    table = tmp_path / "posted.csv"
    table.write_text("no table", encoding="utf-8")
    broken = CliRunner().invoke(app, ["handoff", "posted", str(table)])
    assert "this is no table of a hand-off page" in str(broken.exception)
    table.write_text(f"{HEAD}\n{CHANNEL.place},clip/one,MUG-01,th,yes,yes,,\n", encoding="utf-8")
    pack = Path(HandoffPublisher().publish(parcel_of(tmp_path, CHANNEL), Page()).where).parent
    for command in (["posted", str(table)], ["serve", str(pack)]):
        done = CliRunner().invoke(app, ["handoff", *command])
        assert "there is no ledger" in str(done.exception)
        assert "--campaign campaign.yaml or --ledger" in str(done.exception)
    assert list(home.iterdir()) == []


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["handoff", "posted", str(tmp_path / "nothing.csv")])
    assert "Give the table that the page saved." in str(done.exception)


@pytest.fixture
def phone(ledger: Ledger, tmp_path: Path) -> Iterator[httpx.Client]:
    folder = handed(parcel_of(tmp_path, CHANNEL), ledger)
    (folder.parent / "secret.mp4").write_text("another night's")
    with serving(folder, ledger, "127.0.0.1") as (server, address):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        with httpx.Client(base_url=address) as client:
            yield client
        server.shutdown()
        thread.join()


def test_a_phone_sees_the_page_and_its_clips(phone: httpx.Client) -> None:
    page = phone.get("")
    assert "MUG-01" in page.text
    assert str(phone.base_url) in page.text or "<svg" in page.text
    assert phone.get("MUG-01.th.mp4").text == "clip.mp4 of clip/one"
    part = phone.get("MUG-01.th.mp4", headers={"Range": "bytes=5-7"})
    assert (part.status_code, part.text, part.headers["Content-Range"]) == (206, "mp4", "bytes 5-7/20")


@pytest.mark.parametrize(
    "path", ["pack.json", "MUG-01.th.json", "../secret.mp4", "%2e%2e/secret.mp4", "..%2fsecret.mp4", "/", "/etc/passwd"]
)
def test_and_nothing_else(phone: httpx.Client, path: str) -> None:
    address = path if path.startswith("/") else f"{phone.base_url.path}{path}"
    assert phone.get(f"{phone.base_url.scheme}://{phone.base_url.host}:{phone.base_url.port}{address}").status_code == 404


def test_a_phone_sends_its_table(phone: httpx.Client, ledger: Ledger) -> None:
    sent = phone.post("posted", content=f"{HEAD}\r\ndouyin/shop,clip/one,MUG-01,th,yes,yes,,\r\n".encode())
    assert (sent.status_code, sent.text) == (200, "1")
    assert [row.state for row in ledger.rows()] == ["published"]
    undeclared = phone.post("posted", content=f"{HEAD}\r\ndouyin/shop,clip/one,MUG-01,th,no,yes,,\r\n".encode())
    assert (undeclared.status_code, "AI declaration is not ticked" in undeclared.text) == (400, True)


def test_a_folder_that_is_no_pack(tmp_path: Path) -> None:
    assert "is no hand-off pack" in str(CliRunner().invoke(app, ["handoff", "serve", str(tmp_path)]).exception)
