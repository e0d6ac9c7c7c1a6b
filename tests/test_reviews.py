"""Corrections and approvals of Lines: kept beside the campaign, known by the Line's text."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from filelock import FileLock

from localize import reviews as module
from localize.domain import Line, Money, Script, Text
from localize.errors import Transient, UserError
from localize.reviews import Review, Reviews


def script(*texts: str) -> Script:
    lines = tuple(Line(role="feature", text=t) for t in texts)
    return Script(language="th", lines=lines, text=Text(), price=Money(amount=Decimal(1), currency="THB"), engine="hand")


def test_what_was_said_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "shop.review.csv"
    reviews = Reviews.load(path)
    said = [Review("A", "th", 'กข, "คง"', "จฉ\nชซ", True, "Mali", "2026-11-26 10:00"), Review("A", "th", "x")]
    reviews.add(said)
    reviews.save()
    assert list(Reviews.load(path).said.values()) == said
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # Excel shows Thai only with it


def test_the_latest_word_on_a_line_counts() -> None:
    reviews = Reviews(Path("x"))
    reviews.add([Review("A", "th", "one", "two"), Review("A", "th", "one", "three")])
    assert [line.text for line in reviews.applied("A", script("one", "other")).lines] == ["three", "other"]


def test_a_line_is_known_by_product_and_language() -> None:
    reviews = Reviews(Path("x"))
    reviews.add([Review("B", "th", "one", "two"), Review("A", "vi", "one", "two")])
    written = script("one")
    assert reviews.applied("A", written) is written


def test_waiting_counts_what_nobody_has_approved_as_it_is_spoken() -> None:
    reviews = Reviews(Path("x"))
    reviews.add([Review("A", "th", "one", approved=True), Review("A", "th", "two", "2", approved=True), Review("A", "th", "three", "3")])
    assert reviews.waiting("A", reviews.applied("A", script("one", "two", "three"))) == 1
    assert reviews.waiting("B", script("one")) == 1


def test_a_clip_that_was_rejected_is_known_by_its_lines_until_one_is_approved() -> None:
    reviews = Reviews(Path("x"))
    reviews.add([Review("A", "th", "one", rejected="too loud"), Review("A", "th", "two", "2", rejected="too loud")])
    assert set(reviews.rejected("A", "th")) == {"one", "2"}
    assert not reviews.rejected("A", "vi")
    reviews.add([Review("A", "th", "one", approved=True)])
    assert set(reviews.rejected("A", "th")) == {"2"}


def test_a_file_from_before_anything_could_be_rejected_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.review.csv"
    path.write_text("sku,language,text,edit,approved,by,at\nA,th,one,,yes,Mali,2026-03-02 10:00\n", encoding="utf-8")
    assert list(Reviews.load(path).said.values()) == [Review("A", "th", "one", "", True, "Mali", "2026-03-02 10:00")]


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "sku,language,text,edit,approved,by,at\n1,2\n", "sku\n\x00\n"])
def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"x\.csv"):
        Reviews.load(path)


def test_two_people_keep_what_each_of_them_said(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "shop.review.csv"
    mali, noi = Reviews.load(path), Reviews.load(path)
    assert noi.keep([Review("A", "th", "one", by="Noi"), Review("A", "th", "two", "2", by="Noi")]) == set()
    assert mali.keep([Review("A", "th", "two", "zwei", by="Mali"), Review("A", "th", "three", by="Mali")]) == {("A", "th", "two")}
    assert [(r.text, r.edit, r.by) for r in Reviews.load(path).said.values()] == [
        ("one", "", "Noi"),
        ("two", "2", "Noi"),
        ("three", "", "Mali"),
    ]
    assert mali.said == Reviews.load(path).said
    assert mali.keep([Review("A", "th", "two", "zwei", by="Mali")]) == set()  # having seen it


def test_a_file_that_is_held_is_waited_for_and_then_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    path = tmp_path / "shop.review.csv"
    with FileLock(tmp_path / ".shop.review.csv.lock"), pytest.raises(Transient, match="being written by somebody else"):
        Reviews.load(path).keep([Review("A", "th", "one")])
    assert not path.exists()
    assert Reviews.load(path).keep([Review("A", "th", "one")]) == set()
