"""A fleet's store: what one machine has made, every other one has. `mock_aws` stands for the bucket, a cache folder for a machine."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from localize import store_s3
from localize.errors import NotReady, Transient, UserError
from localize.store import key, open_store
from localize.store_s3 import S3Store

KEY = key("speech", "1", "hello")
LEASE = f"leases/{KEY.replace('/', '-')}"
ENOUGH = 60.0  # s, of patience with a slow machine


def hello(folder: Path) -> None:
    (folder / "line.txt").write_text("hello")
    (folder / "deep").mkdir()
    (folder / "deep" / "mouths.json").write_text("[]")


def never(folder: Path) -> None:
    pytest.fail("built again")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(store_s3, "LOOK_SECONDS", 0.02)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="studio")
        yield client


@pytest.fixture
def machines(s3: Any, tmp_path: Path) -> list[S3Store]:
    """Two machines of a fleet: one bucket, each with a cache of its own."""
    return [S3Store(s3, "studio", "fleet/", tmp_path / name) for name in ("one", "two")]


class Clock:
    """The time of a test that takes none: it passes while somebody sleeps."""

    now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def names(s3: Any) -> list[str]:
    return [o["Key"] for o in s3.list_objects_v2(Bucket="studio").get("Contents", ())]


def test_what_one_machine_has_made_another_fetches(machines: list[S3Store], s3: Any) -> None:
    one, two = machines
    made = one.make(KEY, hello)
    assert not made.reused
    fetched = two.make(KEY, never)
    assert fetched.reused
    assert fetched.folder.is_relative_to(two.root)
    assert (fetched.folder / "line.txt").read_text() == "hello"
    assert (fetched.folder / "deep" / "mouths.json").read_text() == "[]"
    assert list((two.root / "tmp").iterdir()) == []
    # Under the prefix, and the lease is given back.
    assert names(s3) == [f"fleet/{KEY}/{f}" for f in ("artifact.json", "deep/mouths.json", "line.txt")]


def test_a_build_that_fails_leaves_nothing_on_any_machine(machines: list[S3Store], s3: Any) -> None:
    def breaks(folder: Path) -> None:
        hello(folder)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        machines[0].make(KEY, breaks)
    assert names(s3) == []
    assert [m.find(KEY) for m in machines] == [None, None]
    assert not machines[1].make(KEY, hello).reused


def test_two_machines_that_want_the_same_make_it_once(machines: list[S3Store], s3: Any) -> None:
    begun, go_on = threading.Event(), threading.Event()
    got: dict[str, bool] = {}

    def slow(folder: Path) -> None:
        begun.set()
        assert go_on.wait(ENOUGH)
        hello(folder)

    first = threading.Thread(target=lambda: got.update(one=machines[0].make(KEY, slow).reused))
    second = threading.Thread(target=lambda: got.update(two=machines[1].make(KEY, never).reused))
    first.start()
    assert begun.wait(ENOUGH)
    assert names(s3) == [f"fleet/{LEASE}"]
    second.start()
    time.sleep(0.1)
    assert second.is_alive()  # it waits
    go_on.set()
    first.join()
    second.join()
    assert got == {"one": False, "two": True}


def test_a_living_worker_renews_its_lease(machines: list[S3Store], s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_s3, "RENEW_SECONDS", 0.02)
    ends = []

    def slow(folder: Path) -> None:
        until = time.monotonic() + ENOUGH
        while len(ends) < 3:
            assert time.monotonic() < until, "its lease is not renewed"
            lease = json.loads(s3.get_object(Bucket="studio", Key=f"fleet/{LEASE}")["Body"].read())
            if lease["until"] not in ends:
                ends.append(lease["until"])
            time.sleep(0.01)
        hello(folder)

    machines[0].make(KEY, slow)
    assert ends == sorted(ends)


def test_a_dead_workers_lease_is_taken_over(machines: list[S3Store], monkeypatch: pytest.MonkeyPatch) -> None:
    dead, living = machines
    clock = Clock()
    monkeypatch.setattr(store_s3, "time", clock)
    monkeypatch.setattr(store_s3, "LOOK_SECONDS", 20.0)
    assert dead._take(LEASE)  # and then its machine lost power
    assert not living._take(LEASE)
    assert not living.make(KEY, hello).reused  # waits until the lease has run out
    assert clock.now - Clock.now == 100  # the first look after the lease's 90 s
    assert dead.make(KEY, never).reused


def test_a_worker_that_slept_through_its_lease_leaves_the_new_owners_alone(
    machines: list[S3Store], s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper, other = machines
    monkeypatch.setattr(store_s3, "RENEW_SECONDS", 0.05)
    theirs = b'{"owner": "other", "until": 1e12}'
    renew, noticed = S3Store._renew, threading.Event()

    def watched(*args: Any) -> None:
        renew(*args)
        noticed.set()

    def build(folder: Path) -> None:
        s3.put_object(Bucket="studio", Key=f"fleet/{LEASE}", Body=theirs)
        assert noticed.wait(ENOUGH), "it renews what is not its own"
        hello(folder)

    monkeypatch.setattr(S3Store, "_renew", watched)

    assert not sleeper.make(KEY, build).reused
    assert s3.get_object(Bucket="studio", Key=f"fleet/{LEASE}")["Body"].read() == theirs
    assert other.make(KEY, never).reused


@pytest.mark.parametrize("taken_over", [True, False])
def test_a_lease_that_another_took_over_in_the_last_moment_is_not_deleted(
    machines: list[S3Store], s3: Any, monkeypatch: pytest.MonkeyPatch, taken_over: bool
) -> None:
    """S3 deletes by the tag. The server of these tests does not look at it, so S3's refusal is given for it."""
    sleeper, other = machines
    held, asked, delete = [], [], s3.delete_object

    def refuses(**given: Any) -> Any:
        asked.append(given["IfMatch"])
        if taken_over:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "DeleteObject")
        return delete(**given)

    def build(folder: Path) -> None:
        held.append(s3.head_object(Bucket="studio", Key=f"fleet/{LEASE}")["ETag"])
        hello(folder)

    monkeypatch.setattr(s3, "delete_object", refuses)
    assert not sleeper.make(KEY, build).reused
    assert asked == held
    assert (f"fleet/{LEASE}" in names(s3)) == taken_over
    assert other.make(KEY, never).reused


def test_a_half_uploaded_artifact_is_not_there(machines: list[S3Store], s3: Any) -> None:
    s3.put_object(Bucket="studio", Key=f"fleet/{KEY}/line.txt", Body=b"hel")
    assert machines[0].find(KEY) is None
    assert not machines[0].make(KEY, hello).reused
    assert (machines[1].make(KEY, never).folder / "line.txt").read_text() == "hello"


def test_notes_are_shared(machines: list[S3Store]) -> None:
    one, two = machines
    one.note("monday", "MUG-01.th", '{"state": "failed"}')
    two.note("monday", "MUG-01.th", '{"state": "made"}')
    two.note("monday-2", "LAMP-02.th", "{}")
    assert one.notes("monday") == {"MUG-01.th": '{"state": "made"}'}
    assert one.notes("sunday") == {}
    one.note("monday", "spent-one", "{}")
    one.note("monday", "spent-two", "{}")
    assert two.notes("monday", "spent-", but={"spent-two"}) == {"spent-one": "{}"}


def test_runs_are_found_without_looking_at_the_note_of_every_clip(machines: list[S3Store], monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = machines
    for run in ("monday", "tuesday"):
        for name in ("run", "MUG-01.th", "LAMP-02.th"):
            one.note(run, name, "{}")
        time.sleep(1.1)  # the stand-in tells whole seconds
    one.note("older", "MUG-01.th", "{}")  # of a version that had no such note
    listed, look = list[str](), S3Store._list

    def watched(store: S3Store, start: str) -> list[tuple[str, datetime, int]]:
        found = look(store, start)
        listed.extend(name for name, _, _ in found)
        return found

    monkeypatch.setattr(S3Store, "_list", watched)
    assert two.runs() == ["older", "tuesday", "monday"]
    assert sorted(listed) == ["runs/monday/run.json", "runs/older/MUG-01.th.json", "runs/tuesday/run.json"]


def test_collecting_empties_the_bucket_of_what_no_run_refers_to(machines: list[S3Store], s3: Any) -> None:
    one, two = machines
    kept, stale, busy = (key("speech", "1", n) for n in range(3))
    for k in (kept, stale):
        one.make(k, hello)
    one.note("old", "MUG-01.th", json.dumps({"keys": [stale]}))
    time.sleep(1.1)  # S3 tells times to the second
    one.note("new", "MUG-01.th", json.dumps({"keys": [kept]}))
    # What another machine is uploading right now is not swept from under it.
    two._take(two._lease_name(busy))
    s3.put_object(Bucket="studio", Key=f"fleet/{busy}/line.txt", Body=b"hel")

    assert one.collect(1) == (1, len("hello") + len("[]"))
    assert one.find(kept)
    assert [m.find(stale) for m in machines] == [None, None]
    assert one.notes("old") == {}
    assert f"fleet/{busy}/line.txt" in names(s3)
    assert not any(stale in name for name in names(s3))


def used(store: S3Store, key: str, days: float) -> None:
    """Let a local copy have been used last so many days ago."""
    at = time.time() - days * 86_400
    os.utime(store.root / key, (at, at))


def test_local_copies_that_nothing_uses_go_and_come_back_when_they_are_wanted(machines: list[S3Store], s3: Any) -> None:
    one, two = machines
    other, fresh = key("speech", "1", "other"), key("speech", "1", "fresh")
    for name in (KEY, other):
        one.make(name, hello)
        assert two.find(name)
    for name in (KEY, other):
        used(two, name, store_s3.UNUSED_DAYS + 1)
    assert two.find(other)  # it is in use now
    (two.root / "swept").unlink()  # the last look was an hour ago
    two.make(fresh, hello)  # no night sweeps on this machine: it does so itself as its cache grows
    assert [(two.root / name).is_dir() for name in (KEY, other, fresh)] == [False, True, True]
    assert (one.root / KEY).is_dir()
    assert f"fleet/{KEY}/line.txt" in names(s3)
    assert (two.make(KEY, never).folder / "line.txt").read_text() == "hello"


def test_a_local_copy_that_is_being_made_or_was_used_this_week_stays(machines: list[S3Store]) -> None:
    one, _ = machines
    other = key("speech", "1", "other")
    for name, days in ((KEY, store_s3.UNUSED_DAYS - 1), (other, 99)):
        one.make(name, hello)
        used(one, name, days)
    with one._lock(other):
        one.sweep()
    assert [(one.root / name).is_dir() for name in (KEY, other)] == [True, True]
    one.sweep()
    assert [(one.root / name).is_dir() for name in (KEY, other)] == [True, False]


def test_on_a_disk_that_is_nearly_full_local_copies_go_sooner(machines: list[S3Store], monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = machines
    one.make(KEY, hello)
    used(one, KEY, store_s3.SOON_DAYS + 0.5)
    one.sweep()
    assert (one.root / KEY).is_dir()
    monkeypatch.setattr(store_s3.shutil, "disk_usage", lambda at: SimpleNamespace(free=store_s3.NEARLY_FULL - 1))
    one.sweep()
    assert not (one.root / KEY).exists()


def test_a_machine_looks_over_its_copies_once_an_hour(machines: list[S3Store], monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[S3Store] = []
    monkeypatch.setattr(S3Store, "sweep", lambda store: swept.append(store))
    for number in range(5):
        machines[0].make(key("speech", "1", number), hello)
    assert len(swept) == 1


def test_a_bucket_that_is_not_there_is_the_campaigns_mistake(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="studdio"):
        S3Store(s3, "studdio", "", tmp_path).find(KEY)


@pytest.mark.parametrize("trouble", [EndpointConnectionError(endpoint_url="s3"), ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")])
def test_trouble_on_the_way_may_be_tried_again(machines: list[S3Store], trouble: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise trouble

    monkeypatch.setattr(machines[0].client, "put_object", fail)
    with pytest.raises(Transient, match="studio"):
        machines[0].make(KEY, never)


def test_the_address_says_bucket_and_prefix(s3: Any, tmp_path: Path) -> None:
    store = open_store("s3://studio/eu/clips", tmp_path)
    store.make(KEY, hello)
    assert isinstance(store, S3Store)
    assert names(s3)[0] == f"eu/clips/{KEY}/artifact.json"


def test_without_boto3_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(NotReady, match=r"crossreel\[aws\]"):
        open_store("s3://studio", tmp_path)
