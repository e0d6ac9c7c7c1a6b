"""The evening's look at what a night needs: each trouble is named with its way out, and none hides the others."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from localize import campaign as campaigns
from localize import doctor
from localize.domain import Finding
from localize.publish.accounts import oauth
from localize.publish.ledger import Ledger


def seen(shop: Path, home: Path, more: str = "") -> dict[str, list[Finding]]:
    """What the doctor finds, by what was looked at."""
    with (shop / "campaign.yaml").open("a", encoding="utf-8") as file:
        file.write(more)
    found: dict[str, list[Finding]] = {}
    for finding in doctor.look(campaigns.load(shop / "campaign.yaml"), home):
        found.setdefault(finding.check, []).append(finding)
    return found


def test_a_sound_campaign_has_nothing_that_stops_it(shop: Path, home: Path) -> None:
    found = seen(shop, home)
    assert doctor.worst([finding for group in found.values() for finding in group]) is None
    assert {"engines", "accounts", "disk", "memory", "rates", "ledger", "store"} <= set(found)
    assert "voice: espeak for th, vi" in [finding.message for finding in found["engines"]]
    assert "there is no ledger yet" in found["ledger"][0].message


def test_an_engine_that_is_not_ready_stops_the_night_language_by_language(shop: Path, home: Path) -> None:
    found = seen(shop, home, "engines:\n  voice: coqui\n")["engines"]
    stops = [finding.message for finding in found if finding.severity == "block"]
    assert [message.split(":")[0] for message in stops] == ["voice in th", "voice in vi"]
    assert "script: templates for th, vi" in [finding.message for finding in found]


@pytest.mark.parametrize(("said", "stops"), [("auto", False), ("yes", True), ("no", False)])
def test_cut_outs_that_are_wanted_and_cannot_be_had_stop_the_night(shop: Path, home: Path, said: str, stops: bool) -> None:
    found = seen(shop, home, f"video:\n  cutout: {said}\n")["engines"]
    assert any(f.severity == "block" and f.message.startswith("cutout") for f in found) == stops


@pytest.mark.parametrize(("free", "severity"), [(0.5, "block"), (5.0, "warn"), (50.0, "info")])
def test_a_full_disk_is_told_once_for_all_that_lies_on_it(
    shop: Path, home: Path, monkeypatch: pytest.MonkeyPatch, free: float, severity: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=int(free * 2**30)))
    found = seen(shop, home)["disk"]
    assert {finding.severity for finding in found} == {severity}
    told = " ".join(finding.message for finding in found)
    assert told.count("the store") == told.count("out,") == 1
    assert ("crossreel store gc" in told) == (severity != "info")


def test_old_rates_are_told_with_their_file(shop: Path, home: Path) -> None:
    (shop / "rates.yaml").write_text('date: 2020-02-01\nbase: USD\nrates: {THB: "31"}\n', encoding="utf-8")
    (finding,) = seen(shop, home, "money:\n  rates: rates.yaml\n")["rates"]
    assert finding.severity == "warn"
    assert "rates.yaml" in finding.message
    assert "2020-02-01" in finding.message


def test_an_account_nobody_has_signed_in_to_stops_its_channel(shop: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth.AUTHORITIES["tiktok"], "api", "http://127.0.0.1:9", raising=False)
    text = (shop / "campaign.yaml").read_text(encoding="utf-8").replace("platform: tiktok", "kind: tiktok\n    account: shop-th")
    (shop / "campaign.yaml").write_text(text, encoding="utf-8")
    found = seen(shop, home)
    assert any(f.severity == "block" and "crossreel account" in f.message for f in found["accounts"])
    assert found["clock"][0].severity == "warn"  # nobody answers there
    assert found["store"][0].severity == "info"  # the other looks are taken all the same


def test_a_ledger_that_was_lost_is_told_before_all_is_posted_again(shop: Path, home: Path) -> None:
    out = campaigns.load(shop / "campaign.yaml").out
    Path(out).mkdir(parents=True, exist_ok=True)
    post = {"channel": "tiktok", "clip_key": "clip/x", "state": "published", "where": "", "reason": "", "post_id": "7"}
    told = {"campaign": "corner-shop", "results": [{"sku": "MUG-01", "receipts": [post, post | {"state": "failed"}]}]}
    (Path(out) / "summary.json").write_text(json.dumps(told), encoding="utf-8")
    (finding,) = seen(shop, home)["ledger"]
    assert finding.severity == "warn"
    assert "there is no ledger" in finding.message
    assert "but 1 posts of its last run are out" in finding.message
    Ledger.open(home / "ledger.sqlite").close()  # a new one, as the first post would make it
    assert seen(shop, home)["ledger"][0].message.startswith("the ledger knows no post of this campaign, but 1 posts")
    (Path(out) / "summary.json").write_text(json.dumps(told | {"campaign": "another"}), encoding="utf-8")
    assert {f.severity for f in seen(shop, home)["ledger"]} == {"info"}


def test_a_ledger_that_cannot_be_read_is_told(shop: Path, home: Path) -> None:
    (home / "ledger.sqlite").write_text("no database")
    found = seen(shop, home)["ledger"]
    assert [finding.severity for finding in found] == ["block"]
    (home / "ledger.sqlite").unlink()
    Ledger.open(home / "ledger.sqlite").close()
    assert "0 posts wait" in seen(shop, home)["ledger"][0].message


def test_a_store_that_cannot_be_written_is_told(shop: Path, home: Path) -> None:
    (shop / "taken").write_text("a file where the store should be")
    found = seen(shop, home, "store: taken\n")
    assert found["store"][0].severity == "block"
    assert "taken" in found["store"][0].message


@pytest.fixture
def late() -> Iterator[ThreadingHTTPServer]:
    """A platform to which it is 2001."""

    class Late(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", formatdate(1_000_000_000, usegmt=True))
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Late)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_clock_that_is_off_stops_the_night(shop: Path, home: Path, late: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth.AUTHORITIES["weibo"], "api", f"http://127.0.0.1:{late.server_address[1]}", raising=False)
    text = (shop / "campaign.yaml").read_text(encoding="utf-8").replace("platform: tiktok", "kind: weibo\n    account: shop")
    (shop / "campaign.yaml").write_text(text, encoding="utf-8")
    (finding,) = seen(shop, home)["clock"]
    assert finding.severity == "block"
    assert "network time" in finding.message


def test_a_notice_that_would_reach_nobody_is_told(shop: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localize.notices.blocks", [])
    (finding,) = seen(shop, home, "notify:\n  - to: ${NOT_SET}\n  - to: block:ops\n")["notices"]
    assert finding.severity == "warn"
    assert finding.message.startswith("notify 1 (${NOT_SET}) can't be told: the environment has no NOT_SET.")
