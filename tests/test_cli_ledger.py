"""crossreel ledger: what a seller looks up in the morning, and says of posts that nobody else can tell."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localize import cli
from localize.domain import Channel, Clip, Disclosure, Post
from localize.publish import Parcel
from localize.publish.ledger import Ledger


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def crossreel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Said]:
    """Run `crossreel ledger ...` as the shell would, in a folder of its own, on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("CROSSREEL_LEDGER", raising=False)
    monkeypatch.chdir(tmp_path)

    def command(*args: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["crossreel", "ledger", *map(str, args)])
        code: Any = 0
        try:
            cli.main()
        except SystemExit as e:
            code = e.code or 0
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(int(code), said.out, said.err)

    return command


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    """This machine's ledger after a night: 1 is published, 2 held, 3 failed, 4 planned, 5 at a worker."""
    opened = Ledger.open(home / "ledger.sqlite")
    for sku, language in (("MUG-01", "th"), ("MUG-01", "vi"), ("LAMP-02", "th"), ("LAMP-02", "vi"), ("CUP-03", "th")):
        opened.plan(_parcel(sku, language))
    claims = {n: opened.claim(n, worker="night-1") for n in (1, 2, 3, 5)}
    for n, claim in claims.items():
        assert claim is not None
        claim.note(publish_id=f"v_pub~{n}")
    out, held, failed = claims[1], claims[2], claims[3]
    assert out is not None
    assert held is not None
    assert failed is not None
    out.finish(_parcel("MUG-01", "th").receipt("published", post_id="71", where="https://tiktok.example/71"))
    held.sending("create_video")
    held.hold("TikTok did not answer")
    failed.fail("=HYPERLINK(refused)")
    yield opened
    opened.close()


def _parcel(sku: str, language: str) -> Parcel:
    clip = Clip(
        key=f"clip/{sku}.{language}", sku=sku, language=language, duration=20.0, video="v.mp4", cover="c.jpg", captions="v.srt",
        sidecar="v.json",
    )  # fmt: skip
    channel = Channel(name=f"tiktok-{language}", kind="tiktok", platform="tiktok", account=f"shop-{language}")
    disclosure = Disclosure(label="สร้างด้วย AI", producer="Corner", produce_id="p-1")
    return Parcel("corner-shop", clip, Post(title="แก้วดินเผา"), channel, disclosure, Path("out"))


def test_the_list_says_where_posts_are_and_why_not(crossreel: Callable[..., Said], ledger: Ledger) -> None:
    said = crossreel("list")
    assert said.code == 0
    for row in ("MUG-01.th", "https://tiktok.example/71", "TikTok did not answer", "is at night-1", "5 posts"):
        assert row in said.out
    said = crossreel("list", "--limit", 2)
    assert "the last 2 of them; --limit 0 lists all" in said.out
    assert "MUG-01.th" not in said.out


def test_the_list_for_programs_is_filtered(crossreel: Callable[..., Said], ledger: Ledger) -> None:
    def ids(*filters: object) -> list[int]:
        return sorted(row["id"] for row in json.loads(crossreel("list", "--json", *filters).out))

    assert ids() == [1, 2, 3, 4, 5]
    assert ids("--state", "failed,held") == ids("--state", "failed", "--state", "held") == [2, 3]
    assert ids("--sku", "MUG-01", "--language", "vi") == ids("--channel", "tiktok-vi", "--state", "held") == [2]
    assert ids("--campaign", "corner-shop", "--since", "2020-01-01", "--limit", 0) == [1, 2, 3, 4, 5]
    assert ids("--campaign", "another") == ids("--since", "2100-01-01") == []
    (row,) = json.loads(crossreel("list", "--json", "--state", "planned").out)
    assert row["planned_at"].startswith("20")
    assert row["published_at"] == ""


def test_show_tells_what_happened(crossreel: Callable[..., Said], ledger: Ledger) -> None:
    said = crossreel("show", 2)
    assert said.code == 0
    for told in ("v_pub~2", "create_video goes out", "claimed, try 1", "night-1", "TikTok did not answer"):
        assert told in said.out
    said = crossreel("show", 4711)
    assert (said.code, "there is no post 4711" in said.err) == (2, True)


def test_export_writes_what_spreadsheets_and_programs_read(crossreel: Callable[..., Said], ledger: Ledger, tmp_path: Path) -> None:
    assert "5 posts are written to posts.csv" in crossreel("export", "posts.csv").out
    with (tmp_path / "posts.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert (rows["1"]["state"], rows["1"]["post_id"], rows["1"]["sku"]) == ("published", "71", "MUG-01")
    assert rows["3"]["reason"] == "'=HYPERLINK(refused)", "no formula of anybody's is run"
    assert "1 post is written" in crossreel("export", "held.json", "--state", "held").out
    (held,) = json.loads((tmp_path / "held.json").read_text(encoding="utf-8"))
    assert (held["id"], held["sent"], held["kept"]) == (2, "create_video", {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["held.json", "posts.csv"]
    said = crossreel("export", "posts.txt")
    assert (said.code, "posts.txt: the ledger is written as .csv, .json or .sqlite" in said.err) == (2, True)
    said = crossreel("export", "nowhere/posts.csv")
    assert (said.code, "nowhere/posts.csv can't be written" in said.err) == (2, True)


def test_a_backup_is_a_ledger_with_all_histories(crossreel: Callable[..., Said], ledger: Ledger, home: Path, tmp_path: Path) -> None:
    claim = ledger.claim(4, worker="night-2")
    assert claim is not None, "workers go on meanwhile"
    for _ in range(2):  # the second takes the first one's place
        said = crossreel("export", "backup.sqlite")
        assert (said.code, said.out) == (0, "the ledger is copied to backup.sqlite\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backup.sqlite"]
    kept = Ledger.open(tmp_path / "backup.sqlite")
    assert kept.rows() == ledger.rows()
    assert [kept.history(n) for n in range(1, 6)] == [ledger.history(n) for n in range(1, 6)]
    kept.close()
    said = crossreel("export", "held.sqlite", "--state", "held")
    assert (said.code, "a backup has all posts" in said.err) == (2, True)
    said = crossreel("export", "nowhere/backup.sqlite")
    assert (said.code, "nowhere/backup.sqlite" in said.err) == (2, True)


def test_mark_says_what_a_person_has_seen(crossreel: Callable[..., Said], ledger: Ledger) -> None:
    said = crossreel("mark", 2, "published", "--post-id", "72", "--reason", "is in the app", "--by", "Mali")
    assert (said.code, said.out) == (0, "post 2 (MUG-01.vi on tiktok-vi) is marked published: it is not posted again\n")
    assert (ledger.row(2).state, ledger.row(2).post_id) == ("published", "72")
    assert ledger.history(2)[-1].worker == "Mali"
    said = crossreel("mark", 3, 4, "planned")
    assert said.out.count("is marked planned: the next run of its campaign sends it anew") == 2
    said = crossreel("mark", 4, "held")
    assert said.out == "post 4 (LAMP-02.vi on tiktok-vi) is marked held: it is not posted until you mark it otherwise\n"
    assert ledger.claim(4, worker="night-2") is None


def test_one_post_that_can_t_be_marked_stops_no_other(crossreel: Callable[..., Said], ledger: Ledger) -> None:
    said = crossreel("mark", 5, 99, 3, "failed")
    assert said.code == 2
    assert "post 5 (CUP-03.th on tiktok-th) is being worked on by night-1" in said.err
    assert "there is no post 99" in said.err
    assert said.out == "post 3 (LAMP-02.th on tiktok-th) is marked failed: the next run that comes to it tries again\n"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("mark", 2, "lost"), "a post can't be marked 'lost': write the numbers of posts, then what they are, as `crossreel ledger mark"),
        (("mark", 2), "a post can't be marked '2': write the numbers of posts, then what they are, as `crossreel ledger mark 17 18"),
        (("mark", "x"), "a post can't be marked 'x': write the numbers of posts"),
        (("mark", "planned"), "which post?: write the numbers of posts, then what they are"),
        (("mark", "x", "planned"), "'x' is no number of a post: `crossreel ledger list` shows them"),
        (("show", "MUG-01"), "'MUG-01' is no number of a post: `crossreel ledger list` shows them"),
        (("list", "--since", "yesterday"), "--since 'yesterday' is no day: write it as 2026-11-01, or with its hour as 2026-11-01T19:00"),
        (("mark", 2, 3, "published", "--post-id", "72"), "--post-id are of one post, and you gave 2 numbers"),
        (("mark", 2, "planned", "--post-id", "72"), "leave them out, or mark it published instead of planned"),
        (("list", "--state", "lost"), "--state 'lost' is no state of a post"),
        (("list", "--ledger", "other.sqlite"), "there is no ledger other.sqlite yet"),
        (("list", "--ledger", "postgresql://me:TOP@host:TOP/x"), "is no database's address"),
    ],
)
def test_mistakes_are_told_with_the_way_out(
    crossreel: Callable[..., Said], ledger: Ledger, command: tuple[object, ...], told: str
) -> None:  # fmt: skip
    said = crossreel(*command)
    assert said.code == 2
    assert told in said.err
    assert "TOP" not in said.err
    assert ledger.row(2).state == "held"


def test_the_ledger_of_a_campaign(
    crossreel: Callable[..., Said], ledger: Ledger, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    campaign = shop / "campaign.yaml"
    campaign.write_text(campaign.read_text(encoding="utf-8") + "ledger: ../$POSTS.sqlite\n", encoding="utf-8")
    monkeypatch.setenv("POSTS", "posts")
    its = Ledger.open(tmp_path / "posts.sqlite")
    its.plan(_parcel("TEA-01", "vi"))
    (row,) = json.loads(crossreel("list", "--json", "--campaign", campaign).out)
    assert row["sku"] == "TEA-01"
    assert "TEA-01" in crossreel("show", 1, "--campaign", campaign).out
    assert "1 post is written" in crossreel("export", "posts.json", "--campaign", campaign).out
    crossreel("mark", 1, "failed", "--campaign", campaign)
    assert (its.row(1).state, ledger.row(1).state) == ("failed", "published")
    of_both = json.loads(crossreel("list", "--json", "--campaign", campaign, "--ledger", "posts.sqlite").out)
    assert [row["sku"] for row in of_both] == ["TEA-01"]


def test_looking_makes_no_ledger(crossreel: Callable[..., Said], home: Path) -> None:
    said = crossreel("list")
    assert (said.code, "the first run that publishes begins it" in said.err) == (2, True)
    assert not (home / "ledger.sqlite").exists()
