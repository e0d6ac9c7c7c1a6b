"""What a run leaves for people: a page that opens from disk, a summary, the rejects, and the exit code."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from localize import campaign as campaigns
from localize import planning, report
from localize.campaign import Campaign
from localize.domain import Clip, Finding, Receipt, Reject
from localize.planning import Outcome, Plan


class Page(HTMLParser):
    """The parts of the page a test asks for."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.words = ""
        self.folder = path.parent
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "poster")]

    def handle_data(self, data: str) -> None:
        self.words += data

    def files(self) -> list[Path]:
        """What the page links to, each a path relative to it."""
        assert not any(link.startswith("/") or ":" in link for link in self.links)
        return [(self.folder / unquote(link)).resolve() for link in self.links]


def files(folder: Path, stem: str, cover: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    made = [folder / f"{stem}.mp4", folder / f"{cover}.jpg"]
    for path in made:
        path.touch()
    return [str(p) for p in made]


def outcome(campaign: Campaign, sku: str, language: str, state: str, code: int = 0, **facts: object) -> Outcome:
    """How a clip ended, with the files it has by then: made and reused ones are published, blocked ones only in the store."""
    folder = Path(campaign.store) / "clip" / f"{sku}-{language}"
    video, cover = files(folder, "clip", "cover")
    findings = (Finding(check="duration", severity="warn", message="Long & slow"),) if state == "made" else ()
    clip = Clip(
        key=f"clip/{sku}", sku=sku, language=language, duration=14.2, video=video, cover=cover, captions="", sidecar="", findings=findings
    )
    receipts = ()
    if not code:
        where, _ = files(Path(campaign.out) / "tiktok", f"{sku}.{language}", f"{sku}.{language}")
        receipts = (Receipt(channel="tiktok", clip_key=clip.key, state="published", where=where),)
    base = {"sku": sku, "language": language, "title": f"{sku} title", "state": state, "code": code, "stage": "checks"}
    base |= {"clip": clip, "receipts": receipts, "seconds": {"voice": 1.04, "clip": 10.0}, "spoken": 3 if state == "made" else 0}
    return Outcome.model_validate(base | facts)


@pytest.fixture
def campaign(shop: Path) -> Campaign:
    return campaigns.load(shop / "campaign.yaml")


@pytest.fixture
def plan(campaign: Campaign) -> Plan:
    planned = planning.plan(campaign)
    reject = Reject(file="products.csv", row=9, sku="BAD", column="price", value="=1+1", reason="not a price")
    warning = Finding(check="catalog", severity="info", message="<b>odd</b> column")
    return Plan(planned.jobs, (reject,), (warning,), planned.rows + 1)


def write(campaign: Campaign, plan: Plan, outcomes: Sequence[Outcome]) -> Page:
    return Page(report.write(campaign, plan, outcomes, "monday"))


def test_every_link_of_the_page_is_a_file_beside_it(campaign: Campaign, plan: Plan) -> None:
    failed = Receipt(channel="tiktok", clip_key="clip/x", state="failed", reason="refused")
    outcomes = [
        outcome(campaign, "MUG-01", "th", "made"),
        outcome(campaign, "MUG 100% #1", "vi", "reused"),
        outcome(campaign, "LAMP-02", "th", "blocked", 5, message="No label."),
        outcome(campaign, "LAMP-02", "vi", "failed", 4, stage="publish", receipts=(failed,)),
    ]
    page = write(campaign, plan, outcomes)
    assert len(page.links) == 8  # four players with their covers
    assert all(f.is_file() for f in page.files())
    assert not any(link.startswith("http") for link in page.links)


def test_what_is_doubtful_of_the_host_is_said_apart_from_the_catalog(campaign: Campaign, plan: Plan) -> None:
    write(campaign, dataclasses.replace(plan, doubts=("<i>nobody</i> speaks",)), [])
    text = (Path(campaign.out) / "index.html").read_text(encoding="utf-8")
    assert "Worth a look in the campaign</h3><ul><li>&lt;i&gt;nobody&lt;/i&gt; speaks</li>" in text


def test_the_folder_can_be_moved(campaign: Campaign, plan: Plan, tmp_path: Path) -> None:
    write(campaign, plan, [outcome(campaign, "MUG-01", "th", "made")])
    moved = Path(campaign.out).rename(tmp_path / "elsewhere")
    assert all(f.is_file() for f in Page(moved / "index.html").files())


def test_what_a_seller_wrote_is_shown_and_never_run(campaign: Campaign, plan: Plan) -> None:
    evil = "<script>alert(1)</script>"
    before = write(campaign, plan, []).tags.count("script")
    page = write(campaign, plan, [outcome(campaign, "MUG-01", "th", "blocked", 5, title=evil, message=f"{evil} is wrong")])
    assert page.tags.count("script") == before
    assert page.words.count(evil) == 2
    assert "<b>odd</b> column" in page.words
    assert "products.csv, 9" in page.words


def test_a_clip_that_never_was_has_no_player(campaign: Campaign, plan: Plan) -> None:
    failed = outcome(campaign, "MUG-01", "vi", "failed", 3, clip=None, stage="translate", message="no vi text")
    page = write(campaign, plan, [failed])
    assert "video" not in page.tags
    assert "No clip: stopped at translate" in page.words


def test_the_summary_counts(campaign: Campaign, plan: Plan) -> None:
    outcomes = [
        outcome(campaign, "MUG-01", "th", "made"),
        outcome(campaign, "MUG-01", "vi", "reused"),
        outcome(campaign, "LAMP-02", "th", "blocked", 5),
    ]
    write(campaign, plan, outcomes)
    summary = json.loads((Path(campaign.out) / "summary.json").read_text(encoding="utf-8"))
    assert summary["clips"] == {"made": 1, "reused": 1, "blocked": 1, "failed": 0}
    assert (summary["campaign"], summary["run"], summary["rows"], summary["planned"], summary["rejected"]) == (
        "corner-shop",
        "monday",
        3,
        4,
        1,
    )
    assert (summary["lines_spoken"], summary["published"]) == (3, 2)
    assert summary["seconds"] == {"voice": 3.1, "clip": 30.0}
    assert [(r["sku"], r["language"], r["state"]) for r in summary["results"]] == [
        ("MUG-01", "th", "made"), ("MUG-01", "vi", "reused"), ("LAMP-02", "th", "blocked"),
    ]  # fmt: skip
    assert campaign.store not in json.dumps(summary["results"])  # this machine's store means nothing elsewhere


def test_the_rejects_are_written_for_a_spreadsheet(campaign: Campaign, plan: Plan) -> None:
    write(campaign, plan, [])
    with (Path(campaign.out) / "rejects.csv").open(encoding="utf-8-sig", newline="") as f:
        (row,) = csv.DictReader(f)
    assert (row["row"], row["sku"], row["column"], row["value"]) == ("9", "BAD", "price", "'=1+1")


def test_nothing_but_the_three_files_is_left(campaign: Campaign, plan: Plan) -> None:
    write(campaign, plan, [])
    write(campaign, plan, [])
    assert sorted(p.name for p in Path(campaign.out).iterdir()) == ["index.html", "rejects.csv", "summary.json"]


@pytest.mark.parametrize(
    ("codes", "rejected", "code"),
    [
        ((0, 0, 0, 0), False, 0),
        ((0, 0, 0, 0), True, 2),
        ((0, 2, 0, 0), False, 2),
        ((0, 3, 2, 0), False, 3),
        ((0, 4, 3, 0), True, 4),
        ((5, 0, 4, 0), True, 5),
        ((1, 0, 0, 0), False, 1),
        ((0, 0, 0), False, 1),  # one clip has no outcome: the run was stopped
        ((), False, 1),
        ((0, 0), True, 2),
    ],
)
def test_the_exit_code_says_the_worst(campaign: Campaign, plan: Plan, codes: tuple[int, ...], rejected: bool, code: int) -> None:
    planned = Plan(plan.jobs, plan.rejects if rejected else (), (), plan.rows)
    ends = [Outcome(sku="X", language="th", title="", state="failed" if c else "made", code=c) for c in codes]
    assert report.exit_code(planned, ends) == code
