"""What a run leaves for people: a page that opens from disk, a summary, the rejects, and the exit code."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from localize import campaign as campaigns
from localize import planning, report, report_page, runs
from localize.budget import Spent
from localize.campaign import Campaign
from localize.domain import Channel, Clip, Finding, Receipt, Reject
from localize.errors import UserError
from localize.planning import Outcome, Plan
from localize.publish import bucket, douyin, tiktok, weibo
from localize.runs import Run
from localize.store import LocalStore


class Page(HTMLParser):
    """The parts of the page a test asks for."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []  # of the clips: each one's video, its cover, its posts
        self.leads: list[str] = []  # of the whole page
        self.tags: list[str] = []
        self.clips: list[dict[str, str | None]] = []  # what each is found by
        self.words = ""
        self.at: dict[str, str] = {}  # the words of each part that has an id
        self._open: list[tuple[str, str]] = []
        self.folder = path.parent
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "link", "img", "input", "br"):
            self._open.append((tag, dict(attrs).get("id") or ""))
        if tag == "article":
            self.clips.append(dict(attrs))
        found = [value or "" for name, value in attrs if name in ("src", "href", "poster") and not (value or "").startswith("#")]
        self.leads += found
        self.links += found if any(tag == "article" for tag, _ in self._open) else []

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] in ("script", "style"):
            return
        self.words += data
        for _, name in self._open:
            self.at[name] = self.at.get(name, "") + data

    def files(self) -> list[Path]:
        """The files that the page links to: by a path relative to it, or on this machine."""
        assert not any(link.startswith("/") or (":" in link and not link.startswith("file:///")) for link in self.leads)
        return [self.folder / unquote(urlsplit(link).path) for link in self.leads]


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


def write(campaign: Campaign, plan: Plan, outcomes: Sequence[Outcome], **more: Any) -> Page:
    """The page of a run whose clips have all ended so."""
    clips = tuple(runs.Expected(sku=o.sku, language=o.language, title=f"{o.sku} plain", written_in="en") for o in outcomes)
    planned = runs.Planned.of(campaign, plan).model_copy(update={"clips": clips})
    return Page(report.write(planned, outcomes, figures(outcomes), **more))


def figures(outcomes: Sequence[Outcome], **facts: Any) -> Run:
    began = datetime(2026, 11, 27, 2, tzinfo=UTC)
    known = {"id": "monday", "campaign": "corner-shop", "file": "campaign.yaml", "out": "", "began": began, "planned": len(outcomes)}
    return runs.figures(Run.model_validate(known | facts), outcomes)


def test_every_link_of_the_page_is_a_file_beside_it(campaign: Campaign, plan: Plan) -> None:
    failed = Receipt(channel="tiktok", clip_key="clip/x", state="failed", reason="refused")
    outcomes = [
        outcome(campaign, "MUG-01", "th", "made"),
        outcome(campaign, "MUG 100% #1", "vi", "reused"),
        outcome(campaign, "LAMP-02", "th", "blocked", 5, message="No label."),
        outcome(campaign, "LAMP-02", "vi", "failed", 4, stage="publish", receipts=(failed,)),
    ]
    page = write(campaign, plan, outcomes)
    assert len(page.links) == 8 + 2  # four players with their covers, and two posts in the folder beside it
    assert all(f.is_file() for f in page.files())
    assert len([link for link in page.links if link.startswith("file:")]) == 4  # two that are only in the store


def posts(*receipts: dict[str, Any]) -> tuple[Receipt, ...]:
    return tuple(Receipt.model_validate({"channel": "tiktok", "clip_key": "clip/x", "state": "published"} | r) for r in receipts)


@pytest.mark.parametrize(
    "where",
    ["", "https://www.tiktok.com/@shop/video/7301", "http://[shop", "s3://clips/a.mp4", "TikTok inbox of corner-th", "/none.mp4", "\0.mp4",
     "javascript:alert(1)", "x" * 5000 + ".mp4", "../outside.mp4"],
)  # fmt: skip
def test_wherever_a_post_is_the_page_plays_the_clip(campaign: Campaign, plan: Plan, where: str) -> None:
    (Path(campaign.out).parent / "outside.mp4").touch()
    made = outcome(campaign, "MUG-01", "th", "made", receipts=posts({"where": where}))
    page = write(campaign, plan, [made])
    assert made.clip
    assert page.links[:2] == [Path(made.clip.video).as_uri(), Path(made.clip.cover).as_uri()]
    assert page.links[2:] == [where] * where.startswith("http")


def test_a_clip_in_a_folder_is_played_from_there_whatever_else_it_went_to(campaign: Campaign, plan: Plan) -> None:
    made = outcome(campaign, "MUG-01", "th", "made")
    first = posts({"channel": "weibo", "where": "https://weibo.com/1/a"})
    page = write(campaign, plan, [made.model_copy(update={"receipts": (*first, *made.receipts)})])
    assert page.links[:2] == ["tiktok/MUG-01.th.mp4", "tiktok/MUG-01.th.jpg"]
    assert page.links[2:] == ["https://weibo.com/1/a", "tiktok/MUG-01.th.mp4"]


def test_every_post_says_how_it_stands(campaign: Campaign, plan: Plan) -> None:
    ends = posts(
        {"channel": "tiktok", "where": "https://www.tiktok.com/@shop/video/7301"},
        {"channel": "tiktok-2", "state": "planned", "reason": "waits for 19:00"},
        {"channel": "douyin", "state": "processing", "reason": "waits to be posted by hand"},
        {"channel": "weibo", "state": "failed", "reason": "no such account"},
        {"channel": "weibo-2", "state": "held", "reason": "nobody knows"},
    )
    page = write(campaign, plan, [outcome(campaign, "MUG-01", "th", "made", receipts=ends)])
    assert (
        "published tiktokplanned tiktok-2waits for 19:00processing douyinwaits to be posted by hand"
        "failed weibono such accountheld weibo-2nobody knows"
    ) in page.words
    assert "https://www.tiktok.com/@shop/video/7301" in page.links


def test_clips_whose_posts_wait_or_are_stuck_are_found(campaign: Campaign, plan: Plan) -> None:
    states = ("published", "planned", "processing", "failed", "held")
    outcomes = [outcome(campaign, f"MUG-{state}", "vi", "reused", receipts=posts({"state": state})) for state in states]
    page = write(campaign, plan, outcomes)
    assert [clip["data-waits"] for clip in page.clips] == ["no", "yes", "yes", "no", "no"]
    assert [clip["data-bad"] for clip in page.clips] == ["no", "no", "no", "yes", "yes"]
    assert "2 with posts that wait" in page.words
    assert "2 with posts that failed or are held" in page.words
    assert "posts that" not in write(campaign, plan, outcomes[:1]).words


@pytest.mark.parametrize("declare", [douyin.DECLARE.format("内容由AI生成"), weibo.DECLARE.format("含AI生成内容"), tiktok.TICK])
def test_what_is_still_to_be_ticked_is_listed(campaign: Campaign, plan: Plan, declare: str) -> None:
    address = "https://weibo.com/1/a"
    ends = [
        outcome(campaign, "MUG-01", "th", "made", receipts=posts({"where": address, "reason": declare})),
        outcome(campaign, "LAMP-02", "th", "made", receipts=posts({"where": "corner-cn on Douyin", "reason": declare, "post_id": "@9"})),
        outcome(campaign, "BAG-03", "th", "made", receipts=posts({"reason": "an earlier clip of BAG-03 is there already"})),
        outcome(campaign, "CUP-04", "th", "made", receipts=posts({"state": "failed", "reason": f"refused: {declare}"})),
    ]
    page = write(campaign, plan, ends)
    listed = page.at["ticks"]
    assert listed.count(declare) == 1
    assert "MUG-01 title (MUG-01, Thai, tiktok)" in listed
    assert "LAMP-02 title, corner-cn on Douyin (LAMP-02, Thai, tiktok, post @9)" in listed
    assert not any(sku in listed for sku in ("BAG-03", "CUP-04"))
    assert page.leads.count(address) == 2  # at the clip, and in the list
    assert "Still to be ticked" not in write(campaign, plan, ends[2:]).words


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that can open buckets."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUSUAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a made-up one")
    for cache in (bucket._shared, bucket._session):
        cache.cache_clear()


def in_bucket(campaign: Campaign, **options: object) -> tuple[Campaign, Outcome]:
    """A clip in a bucket that shows it to nobody."""
    shop = Channel(name="shop", kind="s3", options={"bucket": "clips"} | options)
    ends = posts({"channel": "shop", "where": "s3://clips/th/MUG-01.mp4", "post_id": "th/MUG-01.mp4"})
    return campaign.model_copy(update={"channels": (shop,)}), outcome(campaign, "MUG-01", "th", "made", receipts=ends)


@pytest.mark.usefixtures("keys")
def test_a_private_object_opens_from_the_page_and_from_nowhere_else(campaign: Campaign, plan: Plan) -> None:
    campaign, made = in_bucket(campaign, link_days=2)
    (link,) = write(campaign, plan, [made]).links[2:]
    assert "/th/MUG-01.mp4?" in link
    assert "X-Amz-Expires=172800" in link
    assert "X-Amz-Signature=" in link
    assert "X-Amz" not in (Path(campaign.out) / "summary.json").read_text(encoding="utf-8") + report.told(made.receipts[0])


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("trouble", ["no key", "another bucket", "an option that is none"])
def test_an_object_that_no_link_can_be_made_for_says_where_it_lies(
    campaign: Campaign, plan: Plan, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"no key": {}, "another bucket": {"bucket": "others"}, "an option that is none": {"link_days": 99}}
    if trouble == "no key":
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    campaign, made = in_bucket(campaign, **options[trouble])
    page = write(campaign, plan, [made])
    assert len(page.links) == 2
    assert "shop: s3://clips/th/MUG-01.mp4" in page.words


def test_what_is_doubtful_of_the_host_is_said_apart_from_the_catalog(campaign: Campaign, plan: Plan) -> None:
    write(campaign, dataclasses.replace(plan, doubts=("<i>nobody</i> speaks",)), [])
    text = (Path(campaign.out) / "index.html").read_text(encoding="utf-8")
    assert "Worth a look in the campaign</h2><ul><li>&lt;i&gt;nobody&lt;/i&gt; speaks</li>" in text


def test_the_folder_can_be_moved(campaign: Campaign, plan: Plan, tmp_path: Path) -> None:
    write(campaign, plan, [outcome(campaign, "MUG-01", "th", "made")])
    moved = Path(campaign.out).rename(tmp_path / "elsewhere")
    assert all(f.is_file() for f in Page(moved / "index.html").files())


def test_what_a_seller_wrote_is_shown_and_never_run(campaign: Campaign, plan: Plan) -> None:
    evil = "<script>alert(1)</script>"
    before = write(campaign, plan, []).tags.count("script")
    page = write(campaign, plan, [outcome(campaign, "MUG-01", "th", "blocked", 5, title=evil, message=f"{evil} is wrong")])
    assert page.tags.count("script") == before
    assert page.words.count(evil) == 3  # the clip's title, why it stopped, and the list of all reasons
    assert "<b>odd</b> column" in page.words
    assert "products.csv, 9" in page.words


def test_a_clip_that_never_was_has_no_player(campaign: Campaign, plan: Plan) -> None:
    failed = outcome(campaign, "MUG-01", "vi", "failed", 3, clip=None, stage="translate", message="no vi text")
    page = write(campaign, plan, [failed])
    assert page.links == []
    assert "No clip: stopped at translate" in page.words


def test_clips_that_stopped_for_one_reason_are_told_together_with_what_to_do(campaign: Campaign, plan: Plan) -> None:
    stopped = {"clip": None, "receipts": (), "stage": "translate", "message": "no engine is ready"}
    ends = [outcome(campaign, sku, "th", "failed", 3, **stopped) for sku in ("MUG-01", "LAMP-02")]
    lost = outcome(campaign, "BAG-03", "th", "failed", 5, stage="publish", message="no answer", receipts=posts({"state": "held"}))
    needs = write(campaign, plan, [lost, *ends]).at["needs"]
    assert needs.count("no engine is ready") == 1
    assert needs.index("no engine is ready") < needs.index("Get what is missing") < needs.index("LAMP-02 · Thai") < needs.index("no answer")
    assert "look at the platform, then say what you saw: crossreel ledger mark" in needs
    assert (
        "Nothing: every clip is there."
        in write(campaign, plan_of(plan, rejects=()), [outcome(campaign, "MUG-01", "th", "made")]).at["needs"]
    )


def plan_of(plan: Plan, **changes: Any) -> Plan:
    return dataclasses.replace(plan, **changes)


def test_the_page_leads_to_the_button_that_retries(campaign: Campaign, plan: Plan) -> None:
    failed = [outcome(campaign, "MUG-01", "th", "failed", 4, clip=None, receipts=())]
    planned = runs.Planned.of(campaign, plan)
    link = "https://prefect.example.com/runs/flow-run/1"
    page = Page(report.write(planned, failed, figures(failed, link=link)))
    assert link in page.leads
    assert "Press Retry" in page.at["needs"]
    assert "make ui" not in page.at["needs"]
    assert "make ui" in Page(report.write(planned, failed, figures(failed, link="http://127.0.0.1:4200/runs/flow-run/1"))).at["needs"]
    alone = Page(report.write(planned, failed, figures(failed)))
    assert "crossreel run campaign.yaml" in alone.at["needs"]
    assert not [lead for lead in alone.leads if "//" in lead and not lead.startswith("file:")]  # nothing to ask a network for


def test_clips_without_an_end_say_what_they_wait_for(campaign: Campaign, plan: Plan) -> None:
    ends = [outcome(campaign, "MUG-01", "th", "left", clip=None, receipts=(), message="left for tomorrow: the budget of 1 clip is used up")]
    page = Page(report.write(runs.Planned.of(campaign, plan), ends, figures(ends, planned=4), reading=["LAMP-02.th"]))
    assert [(c["data-state"], c["data-bad"]) for c in page.clips] == [("left", "no"), ("open", "no"), ("reading", "no"), ("open", "no")]
    needs = page.at["needs"]
    assert "1 clip is left for tomorrow: the budget of 1 clip is used up." in needs
    assert "1 clip waits for proofreading." in needs
    assert "2 clips were not reached." in needs


def test_a_title_is_read_aloud_in_its_own_language(campaign: Campaign, plan: Plan) -> None:
    made = outcome(campaign, "MUG-01", "th", "made", title="แก้วดินเผา")
    failed = outcome(campaign, "LAMP-02", "vi", "failed", 3, title="LAMP-02 plain", clip=None)
    html = text_of(campaign, plan, [made, failed])
    assert '<h3 id="clip-1-title" lang="th">แก้วดินเผา</h3>' in html
    assert '<p class="quiet source" lang="en">MUG-01 plain</p>' in html  # for who can't read Thai
    assert '<h3 id="clip-2-title" lang="en">LAMP-02 plain</h3>' in html


def text_of(campaign: Campaign, plan: Plan, outcomes: Sequence[Outcome]) -> str:
    write(campaign, plan, outcomes)
    return (Path(campaign.out) / "index.html").read_text(encoding="utf-8")


def test_a_clip_is_found_by_what_the_checks_said_and_where_it_stopped(campaign: Campaign, plan: Plan) -> None:
    ends = [outcome(campaign, "MUG-01", "th", "made"), outcome(campaign, "LAMP-02", "vi", "failed", 3, clip=None, stage="voice")]
    page = write(campaign, plan, ends)
    assert [clip["data-seen"] for clip in page.clips] == ["duration", "stage:voice"]
    assert "stopped at voice (1)" in page.words


def test_a_run_is_set_beside_the_one_before(campaign: Campaign, plan: Plan) -> None:
    usage = {"requests": 3, "cost": Decimal("0.5")}
    was = [
        outcome(campaign, "MUG-01", "th", "failed", 3, message="no text", clip=None),
        outcome(campaign, "MUG-01", "vi", "failed", 4, message="no voice", clip=None, usage=usage),
        outcome(campaign, "LAMP-02", "th", "made", seconds={"clip": 20.0}),
    ]
    now = [
        outcome(campaign, "MUG-01", "th", "made", seconds={"clip": 10.0}),
        outcome(campaign, "MUG-01", "vi", "failed", 4, message="no voice", clip=None),
        outcome(campaign, "LAMP-02", "th", "failed", 1, message="a full disk", clip=None),
    ]
    rows = {row.what: row for row in report_page.compared(figures(now), figures(was))}
    assert (rows["made"].before, rows["made"].now, rows["made"].change) == ("1", "1", "")
    assert (rows["failed"].before, rows["failed"].now) == ("2", "2")
    assert (rows["work a made clip took"].change, rows["work a made clip took"].better) == ("-50%", "better")
    assert (rows["language models"].before, rows["language models"].now) == ("$0.50", "$0.00")
    assert "blocked" not in rows
    page = write(campaign, plan, now, before=figures(was))
    assert "1 clip stopped that had not stopped then" in page.at["before"]
    assert "1 mended:MUG-01 · Thai" in page.at["before"].replace("\n", "").replace("  ", "")
    assert "Against the run before" not in write(campaign, plan, now).words


def test_a_runs_files_are_written_anew_from_its_notes(campaign: Campaign, plan: Plan, store: LocalStore, tmp_path: Path) -> None:
    for run, state, code in (("monday", "failed", 4), ("tuesday", "made", 0)):
        runs.begin(store, run, campaign, plan, "campaign.yaml")
        end = outcome(campaign, "MUG-01", "th", state, code, message="no answer" if code else "")
        store.note(run, "MUG-01.th", end.model_dump_json())
    report.again(store, "monday")
    page = Page(report.again(store, "tuesday"))
    assert [clip["data-state"] for clip in page.clips] == ["made", "open", "open", "open"]
    assert "1 mended" in page.at["before"]
    assert "products.csv, 9" in page.at["rejects"]
    store.note("tuesday", "spent-worker-1", Spent(cpu=5400.0).model_dump_json())
    store.note("tuesday", "spent-worker-2", Spent(cpu=1800.0, gpu=90.0).model_dump_json())
    assert "CPU: 2 h 0 min. GPU: 1 min 30 s." in Page(report.again(store, "tuesday")).at["time"]
    elsewhere = report.again(store, "tuesday", out=tmp_path / "elsewhere")
    assert elsewhere == tmp_path / "elsewhere" / "index.html"
    assert json.loads(elsewhere.with_name("summary.json").read_text(encoding="utf-8"))["clips"]["made"] == 1
    with pytest.raises(UserError, match="'sunday'"):
        report.again(store, "sunday")


def test_a_large_night_is_a_small_page_that_loads_nothing_by_itself(campaign: Campaign, plan: Plan) -> None:
    ends = [outcome(campaign, f"MUG-{n:03}", "th", "made") for n in range(300)]
    html = text_of(campaign, plan, ends)
    assert len(html.encode()) < 300 * 3000
    assert html.count('loading="lazy"') == 300
    assert html.count("<video") == 1  # the player; the covers are links to the clips


def test_stages_are_in_the_order_in_which_clips_go_through_them() -> None:
    ends = [
        Outcome(sku="X", language="th", title="", state=state, seconds={"clip": 30.0, "voice": 8.0, "own": 2.0})
        for state in ("made", "failed")
    ]
    found = report_page.stages(figures(ends), ends)
    assert [(s.name, s.seconds, s.share, s.each) for s in found] == [
        ("voice", 16.0, 0.2, 8.0),
        ("clip", 60.0, 0.75, 30.0),
        ("own", 4.0, 0.05, 2.0),
    ]


def test_times_are_told_as_people_read_them() -> None:
    assert [report_page.span(s) for s in (0.04, 4.25, 59.94, 60, 200, 3600, 7523)] == [
        "0.0 s", "4.2 s", "59.9 s", "1 min 0 s", "3 min 20 s", "1 h 0 min", "2 h 5 min",
    ]  # fmt: skip


def test_the_summary_counts(campaign: Campaign, plan: Plan) -> None:
    outcomes = [
        outcome(campaign, "MUG-01", "th", "made"),
        outcome(campaign, "MUG-01", "vi", "reused"),
        outcome(campaign, "LAMP-02", "th", "blocked", 5),
    ]
    write(campaign, plan, outcomes)
    summary = json.loads((Path(campaign.out) / "summary.json").read_text(encoding="utf-8"))
    assert summary["clips"] == {"made": 1, "reused": 1, "blocked": 1, "failed": 0, "left": 0}
    assert (summary["campaign"], summary["run"], summary["rows"], summary["planned"], summary["rejected"]) == (
        "corner-shop",
        "monday",
        3,
        3,
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


def test_clips_that_wait_for_people_leave_a_run_finished(campaign: Campaign, plan: Plan) -> None:
    well = Plan(plan.jobs, (), (), plan.rows)
    ends = [Outcome(sku="X", language="th", title="", state="made")] * 3
    assert (report.exit_code(well, ends), report.exit_code(well, ends, unread=1)) == (1, 0)
