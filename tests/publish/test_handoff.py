"""The hand-off pack: a folder and a page that a person posts from, and a table that says what is posted."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from parcels import parcel_of
from platforms import Page

from localize.domain import Channel
from localize.errors import UserError
from localize.publish import handoff
from localize.publish.handoff import HandoffOptions, HandoffPublisher

CHANNEL = Channel(name="douyin-shop", kind="handoff", platform="douyin", account="shop")
PUBLISHER = HandoffPublisher()
HEAD = ",".join(handoff.COLUMNS)


def test_a_clip_lies_in_tonights_pack_and_waits_for_a_person(tmp_path: Path) -> None:
    entry = Page()
    receipt = PUBLISHER.publish(parcel_of(tmp_path, CHANNEL), entry)
    assert (receipt.state, receipt.reason) == ("processing", "waits to be posted by hand")
    folder = tmp_path / "out" / "douyin-shop" / entry.kept["night"]
    assert sorted(p.suffix for p in folder.glob("MUG-01.th.*")) == [".jpg", ".json", ".mp4", ".srt"]
    (item,) = handoff.read(folder).items
    assert (item.sku, item.language, item.clip_key) == ("MUG-01", "th", "clip/one")
    html = (folder / "index.html").read_text(encoding="utf-8")
    assert "内容由AI生成" in html  # what Douyin asks to be ticked
    assert "แก้วดินเผา" in html


def test_weibo_has_its_title_apart_from_its_text(tmp_path: Path) -> None:
    weibo = CHANNEL.model_copy(update={"platform": "weibo", "name": "weibo"})
    entry = Page()
    PUBLISHER.publish(parcel_of(tmp_path, weibo), entry)
    (item,) = handoff.read(tmp_path / "out" / "weibo" / entry.kept["night"]).items
    assert item.title == "แก้วดินเผา"
    assert item.title not in item.text


def test_the_next_night_does_not_hand_a_clip_over_again(tmp_path: Path) -> None:
    entry = Page(kept={"night": "2026-01-31"})
    handed = tmp_path / "out" / "douyin-shop" / "2026-01-31"
    handed.mkdir(parents=True)
    (handed / "MUG-01.th.mp4").write_text("clip.mp4 of clip/one")
    receipt = PUBLISHER.publish(parcel_of(tmp_path, CHANNEL), entry)
    assert receipt.where == str(handed / "index.html")
    assert [p.name for p in (tmp_path / "out" / "douyin-shop").iterdir()] == ["2026-01-31"]


def test_a_pack_thrown_away_is_made_anew(tmp_path: Path) -> None:
    entry = Page(kept={"night": "2026-01-31"})
    receipt = PUBLISHER.publish(parcel_of(tmp_path, CHANNEL), entry)
    assert entry.kept["night"] > "2026-01-31"
    assert entry.kept["night"] in receipt.where


def test_workers_fill_one_pack_together(tmp_path: Path) -> None:
    pages = [Page() for _ in range(12)]
    parcels = [parcel_of(tmp_path / f"{n}", CHANNEL, sku=f"S-{n:02}", out=tmp_path / "out") for n in range(12)]
    workers = [threading.Thread(target=PUBLISHER.publish, args=both) for both in zip(parcels, pages, strict=True)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    pack = handoff.read(tmp_path / "out" / "douyin-shop" / pages[0].kept["night"])
    assert [item.sku for item in pack.items] == [f"S-{n:02}" for n in range(12)]


def test_an_address_gives_codes_to_scan(tmp_path: Path) -> None:
    channel = CHANNEL.model_copy(update={"options": {"address": "https://cdn.example/{channel}/{night}/", "page": "zh"}})
    entry = Page()
    receipt = PUBLISHER.publish(parcel_of(tmp_path, channel), entry)
    html = Path(receipt.where).read_text(encoding="utf-8")
    assert html.count("<svg") == 2  # of the page and of its clip
    assert "待手动发布" in html


def test_a_text_can_write_nothing_into_the_page(tmp_path: Path) -> None:
    receipt = PUBLISHER.publish(parcel_of(tmp_path, CHANNEL, title="<script>alert(1)</script>"), Page())
    html = Path(receipt.where).read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize(("address", "why"), [("https://cdn.example/{nigth}/", "{night}"), ("cdn.example", "https://")])
def test_an_address_that_can_lead_nowhere(address: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        HandoffOptions(address=address)


def test_a_table_says_what_is_posted() -> None:
    text = (
        f"\ufeff{HEAD}\r\ndouyin/shop,clip/one,MUG-01,th,yes,yes,https://v.example/1,2026-11-27\r\ndouyin/shop,clip/two,LAMP-02,th,,,,\r\n"
    )
    (line,) = handoff.posted(text, "posted.csv")
    assert isinstance(line, handoff.Posted)
    assert (line.clip_key, line.link) == ("clip/one", "https://v.example/1")


def test_posted_without_its_declaration_does_not_count() -> None:
    (problem,) = handoff.posted(f"{HEAD}\ndouyin/shop,clip/one,MUG-01,th,no,yes,,\n", "posted.csv")
    assert isinstance(problem, UserError)
    assert "posted.csv, line 2: MUG-01 in th is posted, but its AI declaration is not ticked" in str(problem)


def test_another_table_is_told_from_a_pages() -> None:
    with pytest.raises(UserError, match=r"orders\.csv: this is no table of a hand-off page: it lacks place"):
        list(handoff.posted("order,sku\n1,MUG-01\n", "orders.csv"))


def test_a_folder_without_a_pack(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no hand-off pack"):
        handoff.read(tmp_path)


def test_what_is_kept_of_a_pack_is_its_own_model(tmp_path: Path) -> None:
    receipt = PUBLISHER.publish(parcel_of(tmp_path, CHANNEL), Page())
    kept = json.loads((Path(receipt.where).parent / "pack.json").read_text(encoding="utf-8"))
    assert (kept["place"], kept["platform"]) == ("douyin/shop", "douyin")


def test_every_word_of_the_page_is_there_in_both_languages(tmp_path: Path) -> None:
    for page in ("en", "zh"):
        channel = CHANNEL.model_copy(update={"options": {"page": page}, "name": page})
        html = Path(PUBLISHER.publish(parcel_of(tmp_path, channel), Page()).where).read_text(encoding="utf-8")
        assert "built-in method" not in html
        assert {"en": ">Copy<", "zh": ">复制<"}[page] in html
