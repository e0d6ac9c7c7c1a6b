"""The outbox: each clip on each channel once, in its hours, labelled, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest
from parcels import parcel_of

from localize import disclosure
from localize.domain import Channel, Finding, Receipt
from localize.engines import Card, Options
from localize.errors import Blocked, Transient, UserError
from localize.publish import Entry, NoOptions, Parcel, Unknown
from localize.publish.handoff import HandoffPublisher
from localize.publish.hours import opening, window
from localize.publish.ledger import Ledger
from localize.publish.outbox import Outbox
from localize.publish.parcels import Parcels
from localize.store import LocalStore

CHANNEL = Channel(name="tiktok-th", kind="tiktok", platform="tiktok", account="shop", market="TH")
NOON = datetime(2026, 11, 27, 12, 0, tzinfo=ZoneInfo("Asia/Bangkok"))


class Shelf:
    """A publisher that puts what it is given on a shelf, or does what it is told to."""

    card: ClassVar[Card] = Card(name="tiktok", stage="publish", about="a shelf", version="1", licence="Apache-2.0")
    ChannelOptions: ClassVar[type[Options]] = NoOptions
    repeatable = False

    def __init__(self, does: Callable[[Parcel, Entry], Receipt | None] = lambda parcel, entry: None) -> None:
        self.does, self.shelf = does, list[str]()

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return "shelf"

    def check(self, channel: Channel) -> list[Finding]:
        return []

    def publish(self, parcel: Parcel, entry: Entry) -> Receipt:
        if said := self.does(parcel, entry):
            return said
        self.shelf.append(parcel.clip.key)
        return parcel.receipt("published", where="https://shelf.example/1", post_id=f"p{len(self.shelf)}")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "ledger.sqlite")


@pytest.fixture
def box(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """An outbox at noon in Bangkok, for clips whose label is there."""
    monkeypatch.setattr(disclosure, "require", lambda video, told, signed: None)
    return Outbox(ledger, Parcels(LocalStore(tmp_path / "kept")), "worker-1", clock=lambda: NOON)


def raising(error: Exception) -> Callable[[Parcel, Entry], Receipt | None]:
    def does(parcel: Parcel, entry: Entry) -> Receipt | None:
        raise error

    return does


def test_a_clip_is_posted_once(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    shelf, parcel = Shelf(), parcel_of(tmp_path, CHANNEL)
    first, second = box.send(parcel, shelf), box.send(parcel, shelf)
    assert shelf.shelf == ["clip/one"]
    assert (first.state, first.post_id) == ("published", "p1")
    assert second == first
    (row,) = ledger.rows()
    assert (row.state, row.post_id, row.where, row.place) == ("published", "p1", "https://shelf.example/1", "tiktok/shop")


def test_a_channel_by_another_name_is_the_same_place(box: Outbox, tmp_path: Path) -> None:
    shelf = Shelf()
    box.send(parcel_of(tmp_path, CHANNEL), shelf)
    box.send(parcel_of(tmp_path, CHANNEL.model_copy(update={"name": "renamed"})), shelf)
    assert shelf.shelf == ["clip/one"]


def test_a_file_in_its_place_is_looked_at_again(box: Outbox, tmp_path: Path) -> None:
    shelf, parcel = Shelf(), parcel_of(tmp_path, CHANNEL)
    shelf.repeatable = True
    box.send(parcel, shelf)
    assert box.send(parcel, shelf).state == "published"
    assert len(shelf.shelf) == 2


def test_a_newer_clip_of_a_posted_product_waits_for_a_word(box: Outbox, tmp_path: Path) -> None:
    shelf = Shelf()
    box.send(parcel_of(tmp_path, CHANNEL), shelf)
    kept = box.send(parcel_of(tmp_path, CHANNEL, key="clip/two"), shelf)
    assert (kept.state, kept.post_id) == ("published", "p1")
    assert "`again: changed`" in kept.reason
    box.send(parcel_of(tmp_path, CHANNEL.model_copy(update={"again": "changed"}), key="clip/two"), shelf)
    assert shelf.shelf == ["clip/one", "clip/two"]


def test_of_clips_that_wait_only_the_newest_goes_out(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    evening = CHANNEL.model_copy(update={"window": "19:00-23:00"})
    shelf = Shelf()
    box.send(parcel_of(tmp_path, evening), shelf)
    box.send(parcel_of(tmp_path, evening, key="clip/two"), shelf)
    assert {row.clip_key: row.state for row in ledger.rows()} == {"clip/one": "failed", "clip/two": "planned"}


def test_posts_wait_for_their_hours(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    evening, shelf = CHANNEL.model_copy(update={"window": "19:00-23:00"}), Shelf()
    parcel = parcel_of(tmp_path, evening)
    told = box.send(parcel, shelf)
    assert (told.state, told.reason, shelf.shelf) == ("planned", "waits for 19:00 on 2026-11-27 (+07)", [])
    assert Outbox(ledger, box.parcels, "worker-1", clock=lambda: NOON + timedelta(hours=8)).send(parcel, shelf).state == "published"


def test_a_day_has_so_many_posts(box: Outbox, tmp_path: Path) -> None:
    two, shelf = CHANNEL.model_copy(update={"daily": 2}), Shelf()
    told = [box.send(parcel_of(tmp_path / f"{n}", two, key=f"clip/{n}", sku=f"S-{n}"), shelf) for n in range(3)]
    assert [t.state for t in told] == ["published", "published", "planned"]
    assert told[2].reason == "2 posts a day are out: waits for tomorrow"


def test_passing_trouble_leaves_it_to_the_next_try(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    def cut_off(parcel: Parcel, entry: Entry) -> Receipt | None:
        if not entry.publish_id:
            entry.note(publish_id="v1")
            raise Transient("the line was cut")
        return parcel.receipt("published", post_id=entry.publish_id)

    parcel, shelf = parcel_of(tmp_path, CHANNEL), Shelf(cut_off)
    with pytest.raises(Transient):
        box.send(parcel, shelf)
    (row,) = ledger.rows()
    assert (row.state, row.publish_id, row.reason) == ("uploading", "v1", "the line was cut")
    assert box.send(parcel, shelf).post_id == "v1"


def test_what_nobody_can_tell_waits_for_a_person(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    parcel, shelf = parcel_of(tmp_path, CHANNEL), Shelf(raising(Unknown("sent, and no answer")))
    told = box.send(parcel, shelf)
    assert told.state == "held"
    assert f"`crossreel ledger mark 1 published --ledger {tmp_path}/ledger.sqlite`" in told.reason, (
        "which a command would not open by itself"
    )
    shelf.does = lambda parcel, entry: None
    assert (box.send(parcel, shelf).state, shelf.shelf) == ("held", [])
    ledger.mark(ledger.rows()[0].id, "planned", by="ops")
    assert (box.send(parcel, shelf).state, shelf.shelf) == ("published", ["clip/one"])


def test_a_refusal_is_told_and_may_be_tried_when_it_is_mended(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    parcel, shelf = parcel_of(tmp_path, CHANNEL), Shelf(raising(UserError("the account is private")))
    with pytest.raises(UserError):
        box.send(parcel, shelf)
    assert [(row.state, row.reason) for row in ledger.rows()] == [("failed", "the account is private")]
    shelf.does = lambda parcel, entry: None
    assert box.send(parcel, shelf).state == "published"


def test_another_workers_post_is_left_to_it(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    parcel, shelf = parcel_of(tmp_path, CHANNEL), Shelf()
    with ledger.claim(ledger.plan(parcel).id, worker="worker-2") as theirs:  # type: ignore[union-attr]
        told = box.send(parcel, shelf)
        theirs.release("left")
    assert (told.state, told.reason, shelf.shelf) == ("processing", "another worker is sending it", [])


def test_a_fault_nobody_foresaw_leaves_what_was_noted(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    def breaks(parcel: Parcel, entry: Entry) -> Receipt | None:
        entry.sending("create_video")
        raise MemoryError

    with pytest.raises(MemoryError):
        box.send(parcel_of(tmp_path, CHANNEL), Shelf(breaks))
    (row,) = ledger.rows()
    assert (row.state, row.sent, row.worker) == ("uploading", "create_video", "")


@pytest.mark.parametrize("severity", ["block", "warn"])
def test_a_blocking_finding_stops_a_clip(box: Outbox, ledger: Ledger, tmp_path: Path, severity: str) -> None:
    found = Finding.model_validate({"check": "label", "severity": severity, "message": "The AI label is not seen."})
    parcel, shelf = parcel_of(tmp_path, CHANNEL, findings=(found,)), Shelf()
    if severity == "warn":
        assert box.send(parcel, shelf).state == "published"
        return
    with pytest.raises(Blocked, match="The AI label is not seen"):
        box.send(parcel, shelf)
    assert (ledger.rows(), shelf.shelf) == ([], [])


def test_a_file_without_its_label_stays(ledger: Ledger, tmp_path: Path) -> None:
    shelf = Shelf()
    with pytest.raises(Blocked, match="does not go out"):
        Outbox(ledger, Parcels(LocalStore(tmp_path / "kept")), "worker-1").send(
            parcel_of(tmp_path, CHANNEL), shelf
        )  # bytes that are no labelled video
    assert (ledger.rows(), shelf.shelf) == ([], [])


@pytest.mark.parametrize(
    ("hours", "at", "opens"),
    [
        ("", "12:00", None),
        ("19:00-23:00", "18:59", "2026-11-27 19:00"),
        ("19:00-23:00", "19:00", None),
        ("19:00-23:00", "23:00", "2026-11-28 19:00"),
        ("22:00-02:00", "23:30", None),
        ("22:00-02:00", "01:59", None),
        ("22:00 – 02:00", "02:00", "2026-11-27 22:00"),
    ],
)
def test_a_window_of_the_day(hours: str, at: str, opens: str | None) -> None:
    now = datetime.fromisoformat(f"2026-11-27 {at}").replace(tzinfo=ZoneInfo("Asia/Bangkok")).astimezone(ZoneInfo("UTC"))
    found = opening(CHANNEL.model_copy(update={"window": hours}), now)
    assert (f"{found:%Y-%m-%d %H:%M}" if found else None) == opens


@pytest.mark.parametrize("said", ["19-23", "25:00-26:00", "19:00-19:00", "evening"])
def test_what_is_no_window(said: str) -> None:
    with pytest.raises(UserError, match=said):
        window(said)


def cut_once(parcel: Parcel, entry: Entry) -> Receipt | None:
    """What a platform does whose line is cut after it has given an upload its number."""
    if not entry.publish_id:
        entry.note(publish_id=f"upload of {parcel.clip.key}")
        raise Transient("the line was cut")
    return parcel.receipt("published", post_id=entry.publish_id)


def test_what_was_begun_is_finished_though_the_product_has_a_newer_clip(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    shelf = Shelf(cut_once)
    with pytest.raises(Transient):
        box.send(parcel_of(tmp_path / "one", CHANNEL), shelf)
    told = box.send(parcel_of(tmp_path / "two", CHANNEL, key="clip/two"), shelf)
    assert (told.state, told.post_id) == ("published", "upload of clip/one")
    assert {row.clip_key: row.state for row in ledger.rows()} == {"clip/one": "published"}


def test_and_then_the_newer_one_where_that_is_wanted(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    changed = CHANNEL.model_copy(update={"again": "changed"})
    shelf = Shelf(cut_once)
    with pytest.raises(Transient):
        box.send(parcel_of(tmp_path / "one", changed), shelf)
    with pytest.raises(Transient):
        box.send(parcel_of(tmp_path / "two", changed, key="clip/two"), shelf)
    box.send(parcel_of(tmp_path / "two", changed, key="clip/two"), shelf)
    assert {row.clip_key: row.post_id for row in ledger.rows()} == {"clip/one": "upload of clip/one", "clip/two": "upload of clip/two"}


def test_what_was_begun_with_a_clip_that_is_gone_waits_for_a_person(box: Outbox, tmp_path: Path) -> None:
    shelf = Shelf(cut_once)
    with pytest.raises(Transient):
        box.send(parcel_of(tmp_path / "one", CHANNEL), shelf)
    (tmp_path / "one" / "store" / "clip.mp4").unlink()
    told = box.send(parcel_of(tmp_path / "two", CHANNEL, key="clip/two"), shelf)
    assert told.state == "held"
    assert "was begun with an earlier clip, which is not in the store any more" in told.reason


def test_a_begun_one_that_is_refused_makes_way(box: Outbox, tmp_path: Path) -> None:
    def refuses_the_first(parcel: Parcel, entry: Entry) -> Receipt | None:
        if parcel.clip.key == "clip/one":
            entry.note(publish_id="v1")
            raise Transient("the line was cut") if entry.kept.get("n") is None and not entry.note(n=1) else UserError("it is too long")
        return None

    shelf = Shelf(refuses_the_first)
    with pytest.raises(Transient):
        box.send(parcel_of(tmp_path / "one", CHANNEL), shelf)
    assert box.send(parcel_of(tmp_path / "two", CHANNEL, key="clip/two"), shelf).state == "published"
    assert shelf.shelf == ["clip/two"]


def test_a_post_that_another_worker_let_go_of_does_not_wait_for_a_day_without_limit(
    box: Outbox, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other had it when this one asked, and not any more when it looked why."""
    monkeypatch.setattr(ledger, "claim", lambda *_, **__: None)
    told = box.send(parcel_of(tmp_path, CHANNEL), Shelf())
    assert (told.state, told.reason) == ("planned", "another worker has just let go of it; the next run sends it")


def test_a_held_post_of_the_product_is_told_as_held(box: Outbox, tmp_path: Path) -> None:
    box.send(parcel_of(tmp_path / "one", CHANNEL), Shelf(raising(Unknown("sent, and no answer"))))
    told = box.send(parcel_of(tmp_path / "two", CHANNEL, key="clip/two"), Shelf())
    assert (told.state, "sent, and no answer" in told.reason) == ("held", True)


def test_what_was_sent_and_not_answered_is_never_told_as_failed(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    def sends(parcel: Parcel, entry: Entry) -> Receipt | None:
        if not entry.sent:
            entry.sending("create_video")
            raise Transient("no answer")
        raise UserError("the account is signed out")

    parcel, shelf = parcel_of(tmp_path, CHANNEL), Shelf(sends)
    for error in (Transient, UserError):
        with pytest.raises(error):
            box.send(parcel, shelf)
    (row,) = ledger.rows()
    assert (row.state, row.sent, row.reason) == ("uploading", "create_video", "the account is signed out")


def test_of_two_workers_with_two_clips_of_a_product_one_posts(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    """Both have looked and seen nothing; then one claims, posts and is done, before the other claims."""
    one, two = parcel_of(tmp_path / "one", CHANNEL), parcel_of(tmp_path / "two", CHANNEL, key="clip/two")
    shelf = Shelf()
    looks = box._earlier

    def looks_too_early(parcel: Parcel, publisher: Shelf) -> Receipt | None:
        seen = looks(parcel, publisher)
        box._earlier = looks  # type: ignore[method-assign]
        box.send(one, shelf)
        return seen

    box._earlier = looks_too_early  # type: ignore[method-assign,assignment]
    assert box.send(two, shelf).post_id == "p1"
    assert shelf.shelf == ["clip/one"]


def test_a_price_that_comes_back_is_posted_and_the_other_makes_way(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    evening = CHANNEL.model_copy(update={"window": "19:00-23:00"})
    for key in ("clip/one", "clip/two", "clip/one"):
        box.send(parcel_of(tmp_path / key, evening, key=key), Shelf())
    assert {row.clip_key: row.state for row in ledger.rows()} == {"clip/one": "planned", "clip/two": "failed"}


def test_a_pack_by_hand_has_the_newest_clip(box: Outbox, ledger: Ledger, tmp_path: Path) -> None:
    by_hand = Channel(name="douyin-shop", kind="handoff", platform="douyin", account="shop")
    for key in ("clip/one", "clip/two"):
        box.send(parcel_of(tmp_path / key, by_hand, key=key, out=tmp_path / "out"), HandoffPublisher())
    assert {row.clip_key: row.state for row in ledger.rows()} == {"clip/one": "failed", "clip/two": "processing"}
