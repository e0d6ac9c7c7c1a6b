"""What the UI shows of a batch: tables and covers, small enough for the server's database."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from flows.views import COVERS, NARROW, clips, cost, findings_of, gallery, row, tags
from localize.domain import Clip, Finding, Receipt, Usage
from localize.engines import Card
from localize.planning import Outcome
from localize.stages import Studio
from tests.flows.conftest import StandIn
from tests.flows.test_clip_tasks import ENGLISH, ONCE, Bench
from tests.parcels import clip_there

POSTS = (
    Receipt(channel="tiktok", clip_key="clip/x", state="published", where="https://tiktok.com/7", reason="still to be ticked"),
    Receipt(channel="shelf", clip_key="clip/x", state="published", where="/out/MUG-01.th.mp4"),
)


def outcome(clip: Clip | None = None, **facts: object) -> Outcome:
    return Outcome.model_validate({"sku": "MUG-01", "language": "th", "title": "แก้ว", "state": "made", "clip": clip, **facts})


@pytest.fixture
def covered(tmp_path: Path) -> Clip:
    """A clip with a cover as noisy as a photo is."""
    cv2.imwrite(str(tmp_path / "cover.jpg"), np.random.default_rng(1).integers(0, 255, (1920, 1080, 3), np.uint8))
    return clip_there(tmp_path, findings=(ENGLISH, ENGLISH))


def test_a_clips_row_says_where_its_posts_are() -> None:
    told = row(outcome(receipts=POSTS))["posts"]
    assert told == "tiktok: published, https://tiktok.com/7, still to be ticked · shelf: published, /out/MUG-01.th.mp4"


def test_clips_that_failed_come_first_and_columns_that_say_nothing_are_left_out() -> None:
    table = clips([outcome(stage="checks"), outcome(sku="LAMP-02", state="failed", code=1, stage="voice", message="no such voice")])
    assert [(r["product"], r["stopped at"], r["message"]) for r in table] == [("LAMP-02", "voice", "no such voice"), ("MUG-01", "", "")]
    assert "model cost" not in table[0]
    assert "message" not in clips([outcome()])[0]
    assert clips([]) == []


def test_a_long_message_leaves_room_for_the_posts_and_stands_whole_among_the_findings(covered: Clip) -> None:
    why = "the picture https://example.com/" + "mug" * 30 + ".jpg can't be read: it is no picture."
    failed = outcome(state="failed", code=2, stage="pictures", message=why)
    assert (len(row(failed)["message"]), row(failed)["message"][-1]) == (NARROW, "…")
    assert [(f["severity"], f["check"], f["what"]) for f in findings_of(failed)] == [("failed", "pictures", why)]
    posted = outcome(covered, state="failed", code=4, stage="publish", message=why)
    assert [f["what"] for f in findings_of(posted)] == [ENGLISH.message, why]


def test_findings_are_listed_once_each_and_what_stopped_a_clip_before_it_was_made_too(covered: Clip) -> None:
    assert [f["what"] for f in findings_of(outcome(covered))] == [ENGLISH.message]
    price = "Line 4 says ฿290, but the catalog's price is ฿299."
    assert findings_of(outcome(state="blocked", stage="script", message=price)) == [
        {"severity": "block", "check": "script", "product": "MUG-01", "language": "th", "what": price}
    ]
    assert findings_of(outcome(state="failed", stage="clip", message="no space left")) == []


def test_cost_is_told_by_stage_and_by_clip() -> None:
    rows = cost([outcome(seconds={"voice": 4.0, "clip": 20.0}, usage=ONCE), outcome(seconds={"voice": 2.0}, state="reused")])
    assert rows[0] == {"what": "voice", "in all": "6.0 s", "a made clip": "6.0 s"}
    assert rows[-1]["in all"].startswith("1 requests")
    assert rows[-1]["a made clip"] == "$0.0020"
    by_stage = cost([outcome(usage=ONCE + ONCE, paid={"script": ONCE, "translate": ONCE}), outcome(usage=ONCE, paid={"translate": ONCE})])
    assert [(row["what"], row["a made clip"]) for row in by_stage] == [
        ("models, script", "$0.0010"), ("models, translate", "$0.0020"), ("language models", "$0.0030"),
    ]  # fmt: skip
    assert cost([outcome(usage=Usage())])[-1]["in all"] == "nothing"


def test_covers_are_pictures_inside_the_text_and_more_than_fit_are_counted(covered: Clip) -> None:
    shown = gallery([outcome(covered)] * (COVERS + 3))
    assert shown.count("![MUG-01 · th](data:image/jpeg;base64,") == COVERS
    assert "and 3 more" in shown
    picture = base64.b64decode(shown.partition("base64,")[2].partition(")")[0])
    assert cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape == (171, 96, 3)
    assert len(shown) < 900_000
    assert gallery([outcome(state="failed")]) == ""


def test_below_each_cover_stands_what_it_is_of_and_links_to_its_posts(covered: Clip) -> None:
    lines = gallery([outcome(covered, sku="MUG|01", receipts=POSTS)] * 6).splitlines()
    assert lines[:2] == ["| | | | |", "|---|---|---|---|"]
    assert lines[3] == "| " + " | ".join([r"MUG\|01 · th · [tiktok](https://tiktok.com/7)"] * 4) + " |"
    assert [line.count("data:image") for line in lines[2:]] == [4, 0, 2, 0]


def test_a_batch_of_200_clips_is_shown_in_less_than_a_megabyte(covered: Clip) -> None:
    long = covered.model_copy(update={"findings": tuple(Finding(check="x", severity="warn", message="w" * 2000) for _ in range(3))})
    batch = [outcome(long, message="m" * 2000, seconds={"voice": 1.0})] * 200
    size = len(json.dumps(clips(batch))) + len(json.dumps([f for o in batch for f in findings_of(o)]))
    assert size + len(gallery(batch)) + len(json.dumps(cost(batch))) < 2**20


def test_tasks_are_tagged_by_what_their_engines_need(bench: Bench, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tags(bench.studio, "th") == {"cpu"}

    class Spoken:
        card = Card(name="spoken", stage="script", about="", version="1", licence="", remote=True)
        device = "cuda:0"

    monkeypatch.setattr(Studio, "writer", lambda *_: Spoken())
    assert tags(bench.studio, "th") == {"gpu", "network"}
