"""The ledger: one row a clip and place, each had by one worker at a time, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import databases
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from localize.domain import Channel, Clip, Disclosure, Post
from localize.errors import Transient, UserError
from localize.publish import Parcel, database, migrations
from localize.publish.ledger import Ledger, Lost, Row, chosen
from localize.publish.ledger_tables import TABLES

SHOP = Channel(name="tiktok-th", kind="tiktok", platform="tiktok", account="shop-th", market="TH")
DAY = 86400.0  # s
LONG, ENOUGH = 120.0, 60.0  # s of a lease that no test outlives, and of patience with a slow machine


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    if lack := databases.lack():
        pytest.skip(lack)
    with databases.postgresql() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a ledger with nothing in it."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.sqlite")
    address: str = request.getfixturevalue("server")
    with sa.create_engine(address.replace("postgresql:", "postgresql+psycopg:")).begin() as c:
        c.execute(sa.text("DROP SCHEMA public CASCADE"))
        c.execute(sa.text("CREATE SCHEMA public"))
    return address


@pytest.fixture
def ledger(where: str) -> Iterator[Ledger]:
    opened = Ledger.open(where)
    yield opened
    opened.close()


def parcel(sku: str = "MUG-01", key: str = "clip/a", channel: Channel = SHOP) -> Parcel:
    clip = Clip(
        key=key, sku=sku, language="th", duration=20.0, video="v.mp4", cover="c.jpg", captions="v.srt", sidecar="v.json"
    )  # fmt: skip
    made = Disclosure(label="สร้างด้วย AI", producer="Corner", produce_id="p-1")
    return Parcel("corner-shop", clip, Post(title="แก้วดินเผา"), channel, made, Path("out"))


def planned(ledger: Ledger, count: int) -> list[Row]:
    return [ledger.plan(parcel(f"SKU-{n}", f"clip/{n}")) for n in range(count)]


# --- one post --------------------------------------------------------------------------------------------------------


def test_a_post_from_plan_to_published(ledger: Ledger) -> None:
    row = ledger.plan(parcel())
    assert (row.state, row.place, row.name, row.tries) == ("planned", "tiktok/shop-th", "MUG-01.th", 0)
    claim = ledger.claim(row.id, worker="one")
    assert claim is not None
    with claim as entry:
        assert (entry.row.state, entry.row.worker) == ("uploading", "one")
        entry.sending("init")
        entry.note(publish_id="v_pub~1", chunks=3)
        assert ledger.row(row.id).kept == {"chunks": 3}
        entry.note(done=[1, 2])
        out = entry.finish(parcel().receipt("published", where="https://tiktok.example/@shop/1", post_id="71"))
    assert (out.state, out.post_id, out.publish_id, out.sent, out.worker) == ("published", "71", "v_pub~1", "", "")
    assert out.published_at >= out.begun_at >= out.planned_at > 0
    assert out == ledger.row(row.id) == ledger.find("tiktok/shop-th", "clip/a")
    assert out.kept == {"chunks": 3, "done": [1, 2]}
    assert [(step.state, step.worker, step.note) for step in ledger.history(row.id)] == [
        ("planned", "", "planned"),
        ("uploading", "one", "claimed, try 1"),
        ("uploading", "one", "init goes out"),
        ("uploading", "one", "init was answered; the platform calls it 'v_pub~1'"),
        ("published", "one", "published 71 https://tiktok.example/@shop/1"),
    ]


def test_a_clip_has_one_row_a_place_whatever_the_channel_is_called(ledger: Ledger) -> None:
    row = ledger.plan(parcel())
    assert ledger.plan(parcel(channel=SHOP.model_copy(update={"name": "evening"}))) == row
    assert ledger.plan(parcel(channel=SHOP.model_copy(update={"account": "shop-vn"}))).id != row.id
    assert ledger.find("tiktok/elsewhere", "clip/a") is None


def test_who_has_a_post_is_alone_with_it(ledger: Ledger) -> None:
    row = ledger.plan(parcel())
    claim = ledger.claim(row.id, worker="one")
    assert claim is not None
    assert ledger.claim(row.id, worker="two") is None
    claim.finish(parcel().receipt("published", post_id="71"))
    assert ledger.claim(row.id, worker="two") is None
    with pytest.raises(Lost):
        claim.note(late=True)


def test_a_publisher_whose_second_time_is_as_the_first_may_do_it_again(ledger: Ledger) -> None:
    row = ledger.plan(parcel())
    out = _have(ledger, row).finish(parcel().receipt("published"))
    again = ledger.claim(row.id, worker="two", again=True, daily=1)
    assert again is not None
    assert again.row.begun_at == out.begun_at, "which takes no place of another day"
    assert ledger.claim(row.id, worker="three", again=True) is None


def test_what_was_begun_goes_on_where_it_stopped(ledger: Ledger) -> None:
    row = ledger.plan(parcel())
    assert _have(ledger, row).release("the platform is in trouble").state == "planned"
    claim = _have(ledger, row)
    claim.note(publish_id="v_pub~1")
    assert claim.release("the platform is in trouble").state == "uploading"
    claim = _have(ledger, row, "two")
    assert (claim.publish_id, claim.row.tries, claim.row.reason) == ("v_pub~1", 3, "the platform is in trouble")
    assert claim.finish(parcel().receipt("processing", reason="a check by the platform")).state == "processing"
    claim = _have(ledger, row, "three")
    assert (claim.row.state, claim.publish_id) == ("processing", "v_pub~1")


def test_what_failed_may_be_tried_again_and_what_is_held_may_not(ledger: Ledger) -> None:
    row = ledger.plan(parcel())
    assert _have(ledger, row).fail("the title is too long").state == "failed"
    claim = _have(ledger, row)
    claim.sending("create_video")
    assert claim.hold("no answer, and no way to look").state == "held"
    assert ledger.claim(row.id, worker="two") is None
    assert ledger.row(row.id).sent == "create_video"


def test_a_claim_that_is_left_without_a_word_is_free_at_once(ledger: Ledger) -> None:
    row = ledger.plan(parcel())

    def stopped() -> None:
        with _have(ledger, row) as entry:
            entry.note(publish_id="v_pub~1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert ledger.row(row.id).reason == "stopped by KeyboardInterrupt"
    assert _have(ledger, row, "two").publish_id == "v_pub~1"


def test_the_lease_is_renewed_while_a_claim_is_entered(ledger: Ledger, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row, told, add = ledger.plan(parcel()), [], ledger.renewer.add

    def soon(leased: Any, every: float) -> None:
        told.append(every)
        add(leased, 0.01)

    monkeypatch.setattr(ledger.renewer, "add", soon)
    claim = ledger.claim(row.id, worker="one", lease=LONG)
    assert claim is not None
    with claim:
        for _ in range(2):
            _run_out(where, row)
            ends = time.monotonic() + ENOUGH
            while not ledger.row(row.id).lease_until:
                assert time.monotonic() < ends
                time.sleep(0.01)
            assert ledger.claim(row.id, worker="two") is None
        assert told == [LONG / 3]
        claim.note(publish_id="v_pub~1")
    assert _have(ledger, row, "two").publish_id == "v_pub~1"


def test_a_clock_that_was_set_back_keeps_no_post_from_the_next_worker(ledger: Ledger, where: str) -> None:
    """Of a worker that was killed while it was a day ahead; who lives has renewed its lease by the new time."""
    row = ledger.plan(parcel())
    dead = _have(ledger, row)
    _set(where, f"UPDATE ledger_posts SET lease_until = lease_until + {DAY}")
    assert ledger.claim(row.id, worker="two") is not None
    assert not dead.renew()
    _set(where, f"UPDATE ledger_posts SET lease_until = lease_until + {DAY}")
    assert ledger.mark(row.id, "planned").state == "planned"
    alive = _have(ledger, row)
    _set(where, f"UPDATE ledger_posts SET lease_until = lease_until + {DAY}")
    assert alive.renew()
    assert ledger.claim(row.id, worker="two") is None
    with pytest.raises(ValueError, match="3600"):
        ledger.claim(row.id, worker="two", lease=3601.0)


def test_a_clock_that_was_set_back_keeps_no_rate_waiting(ledger: Ledger, where: str) -> None:
    assert ledger.slot("tiktok/shop-th/init", 6) == 0.0
    _set(where, f"UPDATE ledger_rates SET next_at = next_at + {DAY}")
    assert ledger.slot("tiktok/shop-th/init", 6) == 0.0
    assert 9.0 < ledger.slot("tiktok/shop-th/init", 0.006) <= 10.0, "the rate holds from then on"


def test_a_command_is_told_the_ledger_that_it_would_not_open_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_HOME", str(tmp_path))
    monkeypatch.delenv("CROSSREEL_LEDGER", raising=False)
    assert Ledger.open(tmp_path / "ledger.sqlite").option() == ""
    own = tmp_path / "a shop's own.sqlite"
    assert Ledger.open(own).option() == f""" --ledger '{tmp_path}/a shop'"'"'s own.sqlite'"""
    monkeypatch.setenv("CROSSREEL_LEDGER", f"sqlite:///{own}")
    assert Ledger.open(own).option() == ""
    monkeypatch.setenv("CROSSREEL_LEDGER", "pigeon://x")
    assert Ledger.open(own).option() != ""


def test_who_lost_a_post_writes_nothing_more(ledger: Ledger, where: str) -> None:
    row = ledger.plan(parcel())
    slow = ledger.claim(row.id, worker="one", lease=LONG)
    assert slow is not None
    slow.sending("init")
    _run_out(where, row)
    fast = _have(ledger, row, "one")  # the same name: a worker that was started anew
    assert fast.sent == "init"
    receipt = parcel().receipt("published", post_id="99")
    for write in (lambda: slow.note(publish_id="theirs"), lambda: slow.sending("x"), lambda: slow.finish(receipt), lambda: slow.fail("x")):
        with pytest.raises(Lost, match=r"MUG-01\.th on tiktok-th"):
            write()
    assert not slow.renew()
    assert fast.note(publish_id="ours") is None
    assert ledger.row(row.id).publish_id == "ours"


def test_another_clip_of_the_product_is_seen(ledger: Ledger) -> None:
    old, new = ledger.plan(parcel(key="clip/old")), ledger.plan(parcel(key="clip/new"))
    asked = (old.place, old.sku, old.language, new.clip_key)
    assert ledger.earlier(*asked) is None
    claim = _have(ledger, old)
    assert ledger.earlier(*asked) == claim.row
    held = claim.hold("no answer")
    assert ledger.earlier(*asked) == held
    assert ledger.earlier(old.place, old.sku, "vi", new.clip_key) is None


def test_the_day_has_only_so_many_posts(ledger: Ledger) -> None:
    today, rows = time.time() - 5, planned(ledger, 4)
    first = ledger.claim(rows[0].id, worker="one", daily=2, since=today)
    second = ledger.claim(rows[1].id, worker="one", daily=2, since=today)
    assert first is not None
    assert second is not None
    assert ledger.claim(rows[2].id, worker="one", daily=2, since=today) is None
    first.fail("refused")  # which takes no place in the day
    third = ledger.claim(rows[2].id, worker="one", daily=2, since=today)
    assert third is not None
    second.finish(parcel().receipt("processing"))
    assert ledger.claim(rows[1].id, worker="one", daily=2, since=today) is not None, "what was begun goes on"
    assert ledger.claim(rows[3].id, worker="one", daily=2, since=today) is None
    assert ledger.claim(rows[3].id, worker="one", daily=2, since=time.time() + 60) is not None, "tomorrow is another day"


def test_the_ledger_keeps_no_secrets(ledger: Ledger) -> None:
    claim = _have(ledger, ledger.plan(parcel()))
    for secret in (
        {"access_token": "act.1"}, {"upload_url": "https://up.example/1"}, {"app": {"client_secret": "x"}},
        {"to": "https://up.example/video?sign=abc"}, {"parts": [{"at": "see https://me:pw@up.example/"}]},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="keeps no secrets"):
            claim.note(**secret)
    with pytest.raises(ValueError, match="keeps no secrets"):
        claim.note(publish_id="https://up.example/video?sign=abc")
    assert ledger.row(claim.row.id).kept == {}
    claim.note(fileToken="wb-1", address="https://up.example/video/1", etags=["a"])


def test_twins_are_the_other_posts_of_the_place_that_have_noted_the_same(ledger: Ledger) -> None:
    one, two, other = (_have(ledger, row) for row in planned(ledger, 3))
    elsewhere = _have(ledger, ledger.plan(parcel(channel=SHOP.model_copy(update={"account": "shop-vn"}))))
    for claim, text in ((one, "a"), (two, "a"), (other, "b"), (elsewhere, "a")):
        claim.note(text=text, parts=[1, 2], last=None)
    two.sending("the last section")
    assert one.twins("text", "a") == [ledger.row(two.row.id)]
    (twin,) = one.twins("text", "a")
    assert (twin.state, twin.sent, twin.post_id, twin.kept["parts"]) == ("uploading", "the last section", "", [1, 2])
    two.finish(parcel().receipt("published", post_id="71"))
    assert [twin.post_id for twin in one.twins("text", "a")] == ["71"]
    assert other.twins("text", "b") == one.twins("never noted", "a") == []


def test_a_number_is_taken_by_one_post_of_a_place(ledger: Ledger) -> None:
    one, two = (_have(ledger, row) for row in planned(ledger, 2))
    elsewhere = _have(ledger, ledger.plan(parcel(channel=SHOP.model_copy(update={"account": "shop-vn"}))))
    for claim in (one, two, elsewhere):
        claim.sending("the last section")
    assert one.take({"id": "71", "fid": "1034:9"}, post=["id", "71"])
    assert one.take({"id": "71"}), "which is its own"
    assert (one.sent, one.kept) == ("", {"id": "71", "fid": "1034:9", "post": ["id", "71"]})
    before = ledger.row(two.row.id)
    for numbers in ({"id": "71"}, {"id": "72", "fid": "1034:9"}):
        assert not two.take(numbers, post=["id", "72"])
    assert ledger.row(two.row.id).model_copy(update={"lease_until": before.lease_until}) == before == two.row
    assert two.take({"id": "72"})
    assert elsewhere.take({"id": "71"})
    with pytest.raises(ValueError, match="keeps no secrets"):
        two.take({"id": "73"}, access_token="act.1")
    ledger.mark(_left(one).id, "planned")
    assert two.take({"id": "71"}), "a person has said that it is not there"


def test_threads_take_each_number_once(ledger: Ledger) -> None:
    claims = [_have(ledger, row) for row in planned(ledger, 8)]

    def takes(claim: Any) -> str:
        return next(number for number in map(str, range(8)) if claim.take({"id": number}))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(takes, claims)) == [str(n) for n in range(8)]


# --- what a person sees and says ---------------------------------------------------------------------------------------


def test_a_person_says_what_became_of_a_held_post(ledger: Ledger) -> None:
    row = ledger.plan(parcel())
    claim = _have(ledger, row)
    claim.sending("create_video")
    claim.note(publish_id="v_pub~1", chunks=3)
    claim.sending("create_video")
    claim.hold("no answer")
    there = ledger.mark(row.id, "published", post_id="71", reason="seen in the app", by="Mali")
    assert (there.state, there.post_id, there.publish_id, there.sent) == ("published", "71", "v_pub~1", "")
    assert there.published_at > 0
    anew = ledger.mark(row.id, "planned", reason="deleted it", by="Mali")
    assert (anew.state, anew.publish_id, anew.kept, anew.post_id, anew.published_at) == ("planned", "", {}, "", 0.0)
    assert [(s.state, s.worker, s.note) for s in ledger.history(row.id)][-2:] == [
        ("published", "Mali", "marked by hand, was held as v_pub~1: seen in the app"),
        ("planned", "Mali", "marked by hand, was published as v_pub~1: deleted it"),
    ]
    assert _have(ledger, row).publish_id == ""


def test_a_post_that_a_worker_is_at_is_not_marked(ledger: Ledger, where: str) -> None:
    row = ledger.plan(parcel())
    claim = ledger.claim(row.id, worker="one", lease=LONG)
    assert claim is not None
    with pytest.raises(UserError, match=r"post \d+ \(MUG-01\.th on tiktok-th\) is being worked on by one"):
        ledger.mark(row.id, "published")
    _run_out(where, row)  # it was killed
    ledger.mark(row.id, "published", post_id="71")
    with pytest.raises(Lost):
        claim.fail("awake again")
    assert ledger.row(row.id).post_id == "71"
    with pytest.raises(UserError, match="no post 4711"):
        ledger.mark(4711, "failed")
    with pytest.raises(ValueError, match="marks a post as one of"):
        ledger.mark(row.id, "uploading")  # type: ignore[arg-type]


def test_rows_are_found_by_what_they_are(ledger: Ledger) -> None:
    mug, lamp = ledger.plan(parcel()), ledger.plan(parcel("LAMP-02", "clip/b"))
    other = ledger.plan(parcel(channel=SHOP.model_copy(update={"name": "tiktok-vn", "account": "shop-vn"})))
    failed = _have(ledger, lamp).fail("refused")
    assert ledger.rows() == [failed, other, mug], "the last changed first"
    assert ledger.rows(state=("failed", "held")) == [failed]
    assert ledger.rows(sku="MUG-01", channel="tiktok-vn") == [other]
    assert ledger.rows(campaign="another") == ledger.rows(language="vi") == []
    assert ledger.rows(since=failed.updated_at) == [failed]
    assert ledger.rows(limit=2) == [failed, other]


def test_of_a_products_waiting_clips_the_newest_stays(ledger: Ledger) -> None:
    older, newer, other = ledger.plan(parcel()), ledger.plan(parcel(key="clip/newer")), ledger.plan(parcel("LAMP-02", "clip/b"))
    ledger.replace_waiting(newer)
    assert [ledger.row(row.id).state for row in (older, newer, other)] == ["failed", "planned", "planned"]
    assert ledger.history(older.id)[-1].note == "a newer clip of the product took its place"
    assert ledger.plan(parcel(), "parcel/again").state == "planned", "its price has come back"
    assert ledger.row(older.id).parcel == "parcel/again"


def test_the_first_of_a_product_is_alone(ledger: Ledger) -> None:
    older, newer = ledger.plan(parcel()), ledger.plan(parcel(key="clip/newer"))
    claim = _have(ledger, older)
    assert ledger.claim(newer.id, worker="two", first=True) is None
    claim.fail("refused")
    assert ledger.claim(newer.id, worker="two", first=True) is not None


def test_what_a_person_keeps_back_is_not_claimed(ledger: Ledger) -> None:
    row = ledger.mark(ledger.plan(parcel()).id, "held", by="Lin", reason="the price is wrong")
    assert ledger.claim(row.id, worker="one") is None
    assert ledger.plan(parcel(), "parcel/other").state == "held"


# --- many workers ------------------------------------------------------------------------------------------------------


def test_threads_plan_and_claim_each_post_once(ledger: Ledger) -> None:
    def work(worker: int) -> list[int]:
        rows = planned(ledger, 12)
        claims = [ledger.claim(row.id, worker=f"w{worker}", lease=LONG) for row in rows]
        return [claim.row.id for claim in claims if claim]

    with ThreadPoolExecutor(8) as threads:
        claimed = Counter(row for rows in threads.map(work, range(8)) for row in rows)
    assert len(ledger.rows()) == len(claimed) == 12
    assert set(claimed.values()) == {1}


def test_threads_share_the_places_of_a_day(ledger: Ledger) -> None:
    rows, today = planned(ledger, 12), time.time() - 5
    with ThreadPoolExecutor(6) as threads:
        claims = list(threads.map(lambda row: ledger.claim(row.id, worker="w", daily=5, since=today), rows))
    assert sum(claim is not None for claim in claims) == 5


def test_workers_share_a_rate_evenly(ledger: Ledger) -> None:
    with ThreadPoolExecutor(4) as threads:
        waits = sorted(threads.map(lambda _: ledger.slot("tiktok/shop-th/init", 0.06), range(8)))
    assert waits[0] == 0.0
    steps = [later - sooner for sooner, later in pairwise(waits)]
    assert all(900.0 < step < 1100.0 for step in steps), steps  # a slot in 1000 s, less what the asking took
    assert 6900.0 < waits[-1] <= 7000.0
    assert ledger.slot("tiktok/shop-vn/init", 0.06) == 0.0, "another account has a rate of its own"


WORKER = """
import sys, time
from localize.publish.ledger import Ledger
where, worker, lease, then = sys.argv[1:5]
ledger = Ledger.open(where)
if then == "die":
    with ledger.claim(int(sys.argv[5]), worker=worker, lease=float(lease)) as entry:
        entry.note(publish_id="v_pub~1")
        entry.sending("create_video")
        print("sent", flush=True)
        time.sleep(60)
print("ready", flush=True)
sys.stdin.readline()
for row in map(int, sys.argv[5:]):
    if ledger.claim(row, worker=worker, lease=float(lease)):
        print(row)
"""


def worker(where: str, name: str, lease: float, then: str, rows: list[int]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, where, name, str(lease), then, *map(str, rows)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_that_open_an_empty_place_at_once_claim_each_post_once(where: str) -> None:
    workers = [worker(where, f"w{n}", LONG, "claim", list(range(1, 21))) for n in range(3)]
    for one in workers:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    rows = planned(Ledger.open(where), 20)
    assert [row.id for row in rows] == list(range(1, 21))
    for one in workers:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    claimed = Counter(int(line) for one in workers for line in one.communicate()[0].split())
    assert claimed == Counter(range(1, 21))


def test_a_killed_worker_s_post_is_taken_over_after_its_lease(ledger: Ledger, where: str) -> None:
    row = ledger.plan(parcel())
    killed = worker(where, "one", LONG, "die", [row.id])
    assert killed.stdout is not None
    assert killed.stdout.readline() == "sent\n"
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert ledger.claim(row.id, worker="two") is None, "its lease still runs"
    _run_out(where, row)
    claim = _have(ledger, row, "two")
    assert (claim.publish_id, claim.sent, claim.row.tries) == ("v_pub~1", "create_video", 2)
    claim.note(seen="posted")
    assert claim.sent == ""


# --- the database ------------------------------------------------------------------------------------------------------


def test_threads_open_an_empty_place_at_once(where: str) -> None:
    gate, opened = threading.Barrier(6), []

    def opens(_: int) -> Ledger:
        gate.wait()
        return Ledger.open(where)

    with ThreadPoolExecutor(6) as threads:
        opened = list(threads.map(opens, range(6)))
    opened[0].plan(parcel())
    assert all(len(ledger.rows()) == 1 for ledger in opened)
    for ledger in opened:
        ledger.close()


@pytest.mark.parametrize("revision", migrations.revisions())
def test_a_ledger_of_any_earlier_crossreel_is_brought_to_the_newest_shape(where: str, revision: str) -> None:
    engine = _engine(where)
    with engine.begin() as c:
        migrations.upgrade(c, revision)
        old: dict[str, Any] = {name: "" for name in ("campaign", "channel", "account", "platform", "market", "language", "parcel", "state")}
        old |= {name: "" for name in ("publish_id", "post_id", "where", "reason", "sent", "worker")}
        old |= {"place": "folder/x", "clip_key": "clip/a", "sku": "MUG-01", "kept": "{}", "state": "published", "tries": 1}
        old |= {name: 1.0 for name in ("lease_until", "planned_at", "begun_at", "updated_at", "published_at")}
        names = ", ".join(f'"{name}"' for name in old)
        c.execute(sa.text(f"INSERT INTO ledger_posts ({names}) VALUES ({', '.join(':' + name for name in old)})"), old)
    ledger = Ledger.open(where)
    row = ledger.find("folder/x", "clip/a")
    assert row is not None
    assert (row.sku, row.state, row.tries) == ("MUG-01", "published", 1)
    ledger.close()
    with engine.connect() as c:
        ours = {"version_table": migrations.VERSION_TABLE, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(c, opts=ours), TABLES) == []
        assert c.execute(sa.text(f"SELECT version_num FROM {migrations.VERSION_TABLE}")).scalars().all() == [migrations.revisions()[-1]]
    engine.dispose()


def test_a_ledger_of_a_newer_crossreel_is_left_alone(where: str) -> None:
    Ledger.open(where).close()
    engine = _engine(where)
    with engine.begin() as c:
        c.execute(sa.text(f"UPDATE {migrations.VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(UserError, match=r"newer crossreel .*9999.*pip install -U crossreel"):
        Ledger.open(where)


def test_a_database_that_others_use_too_is_shared(where: str) -> None:
    engine = _engine(where)
    with engine.begin() as c:
        c.execute(sa.text("CREATE TABLE alembic_version (version_num TEXT)"))
        c.execute(sa.text("INSERT INTO alembic_version VALUES ('theirs')"))
    Ledger.open(where).close()
    with engine.connect() as c:
        assert c.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == "theirs"
    engine.dispose()


def test_files_that_are_no_ledger_and_folders_that_are_closed(tmp_path: Path) -> None:
    text = tmp_path / "notes.sqlite"
    text.write_text("not a database, " * 100)
    with pytest.raises(UserError, match=r"notes\.sqlite can't be used: file is not a database\. Correct its path"):
        Ledger.open(text)
    with pytest.raises(UserError, match=r"x/ledger can't be used: (Not a directory|File exists)"):
        Ledger.open(text / "x" / "ledger")
    assert Ledger.open(f"sqlite:///{tmp_path}/new/50%/ledger.sqlite").rows() == []


def test_a_file_that_another_program_does_not_let_go_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.1)
    ledger = Ledger.open(tmp_path / "ledger.sqlite")
    row = ledger.plan(parcel())
    claim = _have(ledger, row)
    with sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Transient, match=r"ledger\.sqlite does not answer as it should: database is locked"):
            claim.sending("create_video")
        assert ledger.row(row.id).sent == "", "it can be read"
        other.execute("ROLLBACK")
    claim.sending("create_video")


def test_passwords_stay_out_of_messages() -> None:
    for address, kind, said in (
        ("postgresql://me:TOP@127.0.0.1:1/shop?password=TOP", Transient, r"postgresql://me:\*\*\*@127\.0\.0\.1:1/shop"),
        ("postgresql://me:TOP@host:TOP/shop", UserError, "is no database's address"),
        ("mysql://me:TOP@host/shop", UserError, r"mysql://… is of no kind"),
        ("sqlite://", UserError, "write a path"),
    ):  # fmt: skip
        with pytest.raises(kind, match=said) as e:
            Ledger.open(address)
        assert "TOP" not in str(e.value)


def test_which_ledger_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSREEL_LEDGER", raising=False)
    assert chosen(home) == str(home / "ledger.sqlite")
    assert chosen(home, "/srv/ledger.sqlite") == "/srv/ledger.sqlite"
    monkeypatch.setenv("CROSSREEL_LEDGER", "postgresql://me@db/shop")
    assert chosen(home, "/srv/ledger.sqlite") == "postgresql://me@db/shop"


def _have(ledger: Ledger, row: Row, worker: str = "one") -> Any:
    claim = ledger.claim(row.id, worker=worker, lease=LONG)
    assert claim is not None
    return claim


def _left(claim: Any) -> Row:
    row: Row = claim.release("left")
    return row


def _run_out(where: str, row: Row) -> None:
    """As if the lease of whoever has a post had run out: a lease that ran out by itself could do so too early on a slow machine."""
    engine = _engine(where)
    with engine.begin() as c:
        changed = c.execute(
            sa.text("UPDATE ledger_posts SET lease_until = 0 WHERE id = :id AND lease_until > :now"), {"id": row.id, "now": time.time()}
        )
    engine.dispose()
    assert changed.rowcount == 1


def _set(where: str, statement: str) -> None:
    engine = _engine(where)
    with engine.begin() as c:
        assert c.execute(sa.text(statement)).rowcount == 1
    engine.dispose()


def _engine(where: str) -> sa.Engine:
    return sa.create_engine(where.replace("postgresql:", "postgresql+psycopg:") if "://" in where else f"sqlite:///{where}")
