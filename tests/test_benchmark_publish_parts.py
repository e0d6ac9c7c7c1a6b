"""The night of posts: what its faults do, and that its figures fail where a night went wrong."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from parcels import clip_of
from platforms import Answer, Page, Platform, Request, Trouble, oauth, serving
from platforms.douyin import Douyin
from platforms.tiktok import TikTok
from platforms.weibo import Weibo

from benchmarks.publish_parts import leaks, soak
from localize import engines
from localize.domain import Channel
from localize.publish.ledger import Ledger, Row

SECRET = "act.0123456789abcdef"


class Counting(Platform):
    """Answers with how many requests it has had."""

    def answer(self, request: Request) -> Answer:
        return Answer(json=len(self.seen))


def test_what_is_sent_twice_arrives_twice_and_has_the_first_answer() -> None:
    platform = Counting(Trouble([("/post", "twice")]))
    with serving(platform):
        assert [httpx.post(f"{platform.address}/post").json() for _ in range(2)] == [1, 3]
    assert platform.trouble.counts == {"twice": 1}


@pytest.mark.parametrize(("channel", "kind"), [("tiktok", TikTok), ("douyin", Douyin), ("weibo", Weibo)])
def test_a_platform_that_receives_every_request_twice_has_one_post(
    channel: str, kind: type[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, teller = kind(Trouble(rate=1.0, kinds=("twice",))), oauth.TikTokOAuth() if channel == "tiktok" else oauth.DouyinOAuth()
    monkeypatch.setenv("CROSSREEL_ACCOUNTS", str(tmp_path / "accounts"))
    with serving(platform, teller), night(tmp_path, {channel: platform}) as tonight:
        soak._clips(tonight)
        if channel == "weibo":
            monkeypatch.setenv("CROSSREEL_WEIBO_SHOP_ACCESS_TOKEN", next(iter(platform.tokens)))
        else:
            platform.tokens = soak._sign_in(tmp_path, channel, teller)
            platform.open_id = platform.tokens.signed.open_id
        parcel = soak._parcel(tmp_path, 0, channel, platform.address)
        assert engines.get("publish", channel).publish(parcel, Page()).state == "published"
    assert [post.digest for post in platform.posts.values()] == [tonight.videos["clip/0"]]
    assert platform.trouble.counts["twice"] > 0


def test_what_tiktok_is_asked_to_fetch_is_not_asked_for_twice() -> None:
    platform = TikTok(Trouble([("init/", "twice")]))
    platform.domains, platform.shelf = {"cdn.shop.example"}, {"https://cdn.shop.example/mug.mp4": b"a film"}
    said = {"source_info": {"source": "PULL_FROM_URL", "video_url": "https://cdn.shop.example/mug.mp4"}}
    with serving(platform):
        address, token = f"{platform.address}/v2/post/publish/inbox/video/init/", next(iter(platform.tokens))
        assert httpx.post(address, json=said, headers={"Authorization": f"Bearer {token}"}).is_success
    assert len(platform.posts) == 1
    assert not platform.trouble.counts["twice"]


# ---- what a night's figures say of the ledger and the platforms


class Shown:
    """A platform that shows videos of these digests, so often."""

    def __init__(self, **digests: int) -> None:
        self.posts = {(name, n): SimpleNamespace(digest=name) for name, times in digests.items() for n in range(times)}
        self.trouble = Trouble()


@contextmanager
def night(folder: Path, platforms: dict[str, Any]) -> Iterator[soak.Night]:
    yield soak.Night(folder, 4, platforms, soak.Good(oauth.TikTokOAuth(), oauth.Signed("open-1", "")))


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    """A product that is out by one clip, 3, whose other clip came later; and one, 0, that was refused."""
    channel, ledger = Channel(name="weibo", kind="weibo", platform="weibo", account="shop"), Ledger.open(tmp_path / "ledger.sqlite")
    for n, key, state in ((3, "clip/3", "published"), (0, "clip/0", "failed")):
        clip_of(tmp_path / key, key, soak._sku(n))
        parcel = soak._parcel(tmp_path, n, "weibo", "http://127.0.0.1:1")
        assert parcel.channel.place == channel.place
        ledger.mark(ledger.plan(parcel).id, state, reason="TikTok did not post it: spam_risk. Wait.")  # type: ignore[arg-type]
    return ledger.rows()


def found(folder: Path, rows: list[Row], **videos: int) -> Counter[str]:
    with night(folder, {}) as tonight:
        tonight.videos = {"clip/0": "mug", "clip/3": "lamp", "clip/3-changed": "newer_lamp"}
        return soak._times(tonight, Shown(**videos), rows, range(0, 4, 3))


def test_a_product_is_out_once_or_refused_for_a_reason(tmp_path: Path, rows: list[Row]) -> None:
    assert +found(tmp_path, rows, lamp=1) == {"published": 1, "refused": 1}


@pytest.mark.parametrize(
    ("videos", "wrong"),
    [
        ({"lamp": 2}, "duplicates"),
        ({"lamp": 1, "newer_lamp": 1}, "duplicates"),
        ({}, "lost"),
        ({"newer_lamp": 1}, "lost"),
        ({"lamp": 1, "mug": 1}, "unknown to the ledger"),
    ],
)
def test_what_went_wrong_is_counted(tmp_path: Path, rows: list[Row], videos: dict[str, int], wrong: str) -> None:
    counted = found(tmp_path, rows, **videos)
    assert {fault for fault in soak.WRONG if counted[fault]} == {wrong}


def test_a_refusal_that_no_platform_was_told_to_give_is_told(tmp_path: Path, rows: list[Row]) -> None:
    other = [row.model_copy(update={"reason": "the text is too long."}) for row in rows]
    assert found(tmp_path, other, lamp=1)["refused for no reason"] == 1


def test_a_night_that_posts_nothing_and_meets_nothing_falls_short(tmp_path: Path) -> None:
    Ledger.open(tmp_path / "ledger.sqlite").close()
    with night(tmp_path, {"weibo": Shown()}) as tonight:
        tonight.videos, tonight.seconds = {key: "" for n in range(4) for key in soak._keys(n)}, 1.0
        told = {figure.what: figure.ok for figure in soak._told(tonight)}
    short = {what for what, ok in told.items() if not ok}
    assert short == {
        "4 products on weibo", "posts that are lost", "workers killed with -9; amid a post", "kinds of faults met",
        "products that changed amid the night, on all channels",
    }  # fmt: skip


# ---- the search for secrets


def test_a_secret_is_found_wherever_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(f"Bearer {SECRET}1")
    database = sqlite3.connect(tmp_path / "prefect.db")
    database.execute("CREATE TABLE log (message TEXT)")
    # What does not fit into a page lies in others, each with the next one's number before its 4092 bytes.
    database.execute("INSERT INTO log VALUES (?)", [f"{'.' * 5000}{SECRET}2{'.' * (4092 - 10)}"])
    database.commit()
    database.close()
    assert f"{SECRET}2".encode() not in (tmp_path / "prefect.db").read_bytes()
    accounts = tmp_path / "accounts" / "tiktok"
    accounts.mkdir(parents=True)
    (accounts / "shop.json").write_text(f"{SECRET}3")
    found, files, _ = leaks.search(tmp_path, [f"{SECRET}{n}" for n in range(4)] + ["Xza7secret"])
    assert (found, files) == ({f"{SECRET}1", f"{SECRET}2"}, 2)


def test_a_token_in_a_log_is_a_figure_that_falls_short(tmp_path: Path) -> None:
    assert all(figure.ok for figure in leaks.figures(tmp_path, [SECRET], through_flow=False))
    (tmp_path / "log.txt").write_text(SECRET)
    assert [figure.ok for figure in leaks.figures(tmp_path, [SECRET], through_flow=False)] == [True, False]


def test_a_search_of_a_flow_that_logged_nothing_is_not_believed(tmp_path: Path) -> None:
    planted, _ = leaks.figures(tmp_path, [SECRET], through_flow=True)
    assert not planted.ok
