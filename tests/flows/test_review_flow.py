"""Proofreading in the flow: a form is shown, somebody answers, and exactly what was approved is made."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectAlreadyExists, Pause
from prefect.flow_engine import run_flow
from typer.testing import CliRunner

from flows import forms, review
from flows.batch import batch
from flows.forms import Form
from localize import account, budget, planning, runs
from localize import campaign as campaigns
from localize.booth import Booth
from localize.campaign import Campaign
from localize.cli import app
from localize.desk import Desk
from localize.domain import Usage
from localize.errors import UserError
from localize.planning import Job, Outcome
from localize.review_sheet import Entry
from localize.reviews import Reviews
from localize.sections import Limits, ReviewSettings
from localize.store import LocalStore, must_be_open
from tests.flows.conftest import StandIn

SPEECHES = Booth.speeches  # the real ones: what is spoken anew is counted
HOOK = "มาดูแก้วดินเผาใบนี้กันค่ะ"


@dataclass
class Office:
    """A campaign whose scripts are read over, and a worker for what its flows start."""

    client: SyncPrefectClient
    shop: Path
    store: LocalStore

    @property
    def settings(self) -> Campaign:
        return campaigns.load(self.shop / "campaign.yaml")

    def says(self, review: str) -> None:
        """Write another `review:` into the campaign."""
        file = self.shop / "campaign.yaml"
        file.write_text(re.sub(r"(?m)^review: .*$", f"review: {review}", file.read_text(encoding="utf-8")), encoding="utf-8")

    def night(self, run: str) -> list[str]:
        """What nightly does about proofreading. Returns the clips that need none."""
        settings = self.settings
        plan = planning.plan(settings)
        runs.begin(self.store, run, settings, plan, self.shop / "campaign.yaml")
        free, unread = review.wanted(settings, self.store, plan.jobs, run)
        review.start(settings, self.store, unread, run)
        self.work("review")
        return [f"{job.product.sku}.{job.language}" for job in free]

    def work(self, name: str) -> list[State[Any]]:
        """Take a flow's scheduled runs, as a worker does. Gives back those that came to an end."""
        own = FlowFilter.model_validate({"name": {"any_": [name]}})
        due = {"state": {"type": {"any_": ["SCHEDULED"]}}, "tags": {"all_": [f"campaign:{self.settings.name}"]}}
        ended = list[State[Any]]()
        for run in self.client.read_flow_runs(flow_filter=own, flow_run_filter=FlowRunFilter.model_validate(due)):
            with suppress(Pause):  # it waits for an answer
                ended.append(cast(State[Any], run_flow(FLOWS[name], flow_run=run, return_type="state")))
        return ended

    def form(self) -> tuple[review.Asked, str, Form]:
        """The one form that waits: who asks, what is said above it, its fields."""
        (asked,) = review.waiting(self.client, self.settings.name)
        return asked, *review.shown(self.client, asked)

    def answered(self, edits: dict[str, str] | None = None, rejected: Sequence[str] = (), **more: str) -> list[State[Any]]:
        """Answer the one form, and let its run and the clips go on."""
        review.answer(self.client, self.form()[0], edits or {}, rejected, **more)
        ended = self.work("review")
        self.work("batch")
        return ended

    def outcomes(self, run: str) -> dict[str, Outcome]:
        return {f"{o.sku}.{o.language}": o for o in runs.outcomes(self.store, run)}


FLOWS: dict[str, Any] = {"review": review.review, "batch": batch}


@pytest.fixture
def office(server: SyncPrefectClient, shop: Path, store: LocalStore, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(Booth, "speeches", SPEECHES)
    with suppress(ObjectAlreadyExists):
        server.create_work_pool(WorkPoolCreate(name="crossreel", type="process"))
    for flow in FLOWS.values():
        server.create_deployment(flow_id=server.create_flow(flow), name=flow.name, work_pool_name="crossreel")
    text = (shop / "campaign.yaml").read_text(encoding="utf-8").replace("[th, vi]", "[th]")
    name = f"shop-{uuid.uuid4().hex[:8]}"  # all tests share one server
    more = f"review: scripts\nscript: {{seconds: 15}}\nsource_language: en\nstore: {store.root}\n"
    (shop / "campaign.yaml").write_text(text.replace("corner-shop", name) + more, encoding="utf-8")
    return Office(server, shop, store)


def test_what_models_are_paid_before_there_are_forms_counts_in_the_nights_budget(
    shop: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect(desk: Desk, jobs: Sequence[Job], *, used: set[str]) -> list[Entry]:
        must_be_open()
        account.charge(Usage(requests=1, cost=Decimal("0.60")))
        return [Entry(jobs[0].product.sku, jobs[0].language, "line.1.hook", "Line 1", "", "Mug")]

    settings = campaigns.load(shop / "campaign.yaml")
    more = {"review": ReviewSettings(mode="scripts"), "limits": Limits(money=Decimal("1.00"))}
    jobs = planning.plan(settings).jobs
    monkeypatch.setattr(review, "READERS", 1)
    monkeypatch.setattr(review.proofreading, "collect", collect)
    free, unread = review.wanted(settings.model_copy(update=more), store, jobs, "tonight")
    assert (len(unread), len(free)) == (2, 2)  # the others' scripts are not written; their clips' tasks say why
    assert budget.spent(store, "tonight").money == Decimal("1.20")


def test_a_fault_in_one_product_stops_no_night(shop: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def collect(desk: Desk, jobs: Sequence[Job], *, used: set[str]) -> list[Entry]:
        if jobs[0].product.sku == "MUG-01":
            raise ZeroDivisionError
        return [Entry(jobs[0].product.sku, jobs[0].language, "line.1.hook", "Line 1", "", "Lamp")]

    settings = campaigns.load(shop / "campaign.yaml").model_copy(update={"review": ReviewSettings(mode="scripts")})
    monkeypatch.setattr(review.proofreading, "collect", collect)
    free, unread = review.wanted(settings, store, planning.plan(settings).jobs, "tonight")
    assert {job.product.sku for job in free} == {"MUG-01"}
    assert {job.product.sku for job in unread} == {"LAMP-02"}


def test_what_waits_to_be_read_over_stays_in_the_store(shop: Path, store: LocalStore) -> None:
    """`store gc` leaves what the forms show, and what a form shows after an answer."""
    with (shop / "campaign.yaml").open("a", encoding="utf-8") as file:
        file.write("review: scripts\nscript: {seconds: 15}\nsource_language: en\n")
    settings = campaigns.load(shop / "campaign.yaml")
    mug = [job for job in planning.plan(settings).jobs if (job.product.sku, job.language) == ("MUG-01", "vi")]
    assert review.wanted(settings, store, mug, "tonight") == ([], mug)
    later = store.make("script/later", lambda folder: (folder / "script.json").write_text("{}", encoding="utf-8") and None)
    runs.keep_for_reading(store, "tonight", "form-1", {later.key})
    there = {path.relative_to(store.root).as_posix() for path in store.root.glob("script/*")}
    assert len(there) == 2
    assert store.collect(1)[0] == 0
    assert {path.relative_to(store.root).as_posix() for path in store.root.glob("script/*")} == there


@pytest.mark.parametrize(("state", "another"), [("COMPLETED", True), ("CANCELLED", True), ("FAILED", True), ("PAUSED", False)])
def test_a_form_that_has_ended_is_followed_by_another(shop: Path, monkeypatch: pytest.MonkeyPatch, state: StateType, another: bool) -> None:
    keys = list[str]()

    def start(deployment: str, parameters: dict[str, Any], settings: Campaign, key: str) -> SimpleNamespace:
        keys.append(key)
        return SimpleNamespace(state=State(type=StateType(state) if len(keys) == 1 else StateType.SCHEDULED))

    monkeypatch.setattr(review, "_start", start)
    review._begun({}, campaigns.load(shop / "campaign.yaml"), "shop-tonight-th-MUG-01")
    assert keys == ["shop-tonight-th-MUG-01", "shop-tonight-th-MUG-01-2"][: 1 + another]


@pytest.mark.heavy
def test_one_line_is_edited_and_exactly_it_is_spoken_and_its_clip_made(office: Office, stand_in: StandIn) -> None:
    assert office.night("monday") == []
    asked, told, form = office.form()
    assert asked.due > datetime.now().astimezone() + timedelta(hours=23)
    assert "Clay Mug, ฿290 (was ฿390)" in told.replace("\\", "")
    before = form.fields["mug-01-line-1"]["default"]
    (ended,) = office.answered(by="Mali")
    assert ended.message == "2 clips approved, 0 rejected"
    spoken = {name: (o.state, o.spoken) for name, o in office.outcomes("monday").items()}
    assert spoken == {"MUG-01.th": ("made", 5), "LAMP-02.th": ("made", 5)}
    stand_in.rendered.clear()

    # A line is reworded in the sheet's file, as anybody may; the next night asks for that clip alone.
    reviews = Reviews.load(Path(office.settings.review.file))
    kept = reviews.said["MUG-01", "th", before]
    assert (kept.edit, kept.approved, kept.by) == ("", True, "Mali")
    reviews.add([replace(kept, approved=False)])
    reviews.save()
    assert office.night("tuesday") == ["LAMP-02.th"]
    office.answered({"mug-01-line-1": HOOK}, by="Nok")
    made = office.outcomes("tuesday")["MUG-01.th"]
    assert (made.state, made.spoken, made.lines) == ("made", 1, 5)
    assert stand_in.rendered == ["MUG-01.th"]
    kept = Reviews.load(Path(office.settings.review.file)).said["MUG-01", "th", before]
    assert (kept.edit, kept.approved, kept.by) == (HOOK, True, "Nok")
    assert office.night("wednesday") == ["MUG-01.th", "LAMP-02.th"]


@pytest.mark.heavy
def test_what_an_answer_leaves_open_is_asked_again_and_the_rest_is_made(office: Office, stand_in: StandIn) -> None:
    office.night("tonight")
    asked = office.form()[0]
    with pytest.raises(UserError, match=r"mug-01-line-1.*does not match"):
        review.answer(office.client, asked, {"mug-01-line-1": "   "}, [])
    with pytest.raises(UserError, match="is too long"):
        review.answer(office.client, asked, {"mug-01-line-1": "ก" * 501}, [])
    with pytest.raises(UserError, match="mug-01-line-1"):
        review.answer(office.client, asked, {"mug-1-line-1": HOOK}, [])
    assert office.answered({"mug-01-line-1": "แก้วดินเผา 199 บาทค่ะ"}, by="Mali") == []  # the catalog says 290
    assert stand_in.rendered == ["LAMP-02.th"]
    again, told, form = office.form()
    assert (again.id, form.clips) == (asked.id, (("MUG-01", "th"),))
    assert "199" in told
    (ended,) = office.answered({}, ["MUG-01"], by="Nok", notes="no such price")
    assert ended.message == "1 clips approved, 1 rejected"
    refused = office.outcomes("tonight")["MUG-01.th"]
    assert (refused.state, refused.stage, refused.code, refused.message) == ("blocked", "review", 5, "rejected by Nok. no such price")
    assert stand_in.rendered == ["LAMP-02.th"]


@pytest.mark.heavy
def test_a_rejected_clip_is_not_asked_about_again_until_its_row_changes(office: Office, stand_in: StandIn) -> None:
    office.night("monday")
    office.answered({}, ["MUG-01"], by="Nok", notes="not ours")
    stand_in.rendered.clear()
    assert office.night("tuesday") == ["LAMP-02.th"]
    assert review.waiting(office.client, office.settings.name) == []
    refused = office.outcomes("tuesday")["MUG-01.th"]
    assert (refused.state, refused.code) == ("blocked", 0)  # a decision, and no failure of this night
    assert re.fullmatch(r"rejected by Nok on 20.* \(not ours\); asked again when .*", refused.message)
    listed = CliRunner().invoke(app, ["review", "list", "--campaign", str(office.shop / "campaign.yaml")])
    assert re.search(r"MUG-01 .* th .* Nok .* not ours", listed.output), listed.output
    assert "no form waits" in listed.output
    table = office.shop / "products.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("แก้วดินเผา", "แก้วเซรามิก"), encoding="utf-8")
    assert office.night("wednesday") == ["LAMP-02.th"]
    assert office.form()[2].clips == (("MUG-01", "th"),)
    office.answered(by="Mali")
    assert stand_in.rendered == ["MUG-01.th"]


@pytest.mark.heavy
def test_an_answer_to_yesterdays_form_counts_for_tonight(office: Office, stand_in: StandIn) -> None:
    office.night("monday")
    office.night("tuesday")  # whose clips wait in monday's form
    office.answered({}, ["MUG-01"], by="Nok", notes="not ours")
    assert {name: o.state for name, o in office.outcomes("tuesday").items()} == {
        "MUG-01.th": "blocked", "LAMP-02.th": "made",
    }  # fmt: skip
    monday = office.outcomes("monday")
    assert {name: o.state for name, o in monday.items()} == {"MUG-01.th": "blocked", "LAMP-02.th": "left"}
    assert "see the run tuesday" in monday["LAMP-02.th"].message
    assert stand_in.rendered == ["LAMP-02.th"]
    assert '"run": "tuesday"' in (Path(office.settings.out) / "summary.json").read_text(encoding="utf-8")


@pytest.mark.heavy
def test_of_two_answers_the_first_counts_and_a_changed_catalog_is_not_approved_unseen(office: Office, stand_in: StandIn) -> None:
    office.night("tonight")
    asked = office.form()[0]
    table = office.shop / "products.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("แก้วดินเผา", "แก้วเซรามิก"), encoding="utf-8")
    review.answer(office.client, asked, {}, [], by="Mali")
    with pytest.raises(UserError, match="somebody has answered it meanwhile"):
        review.answer(office.client, asked, {"lamp-02-line-1": HOOK}, [], by="Nok")
    office.work("review")
    office.work("batch")
    assert stand_in.rendered == ["LAMP-02.th"]
    assert "this line has changed" in office.form()[1]
    office.answered(by="Mali")
    assert stand_in.rendered == ["LAMP-02.th", "MUG-01.th"]


@pytest.mark.heavy
@pytest.mark.parametrize(("then", "made"), [("skip", []), ("publish", ["MUG-01.th", "LAMP-02.th"]), ("hold", [])])
def test_without_an_answer_the_campaign_says_what_is_done(office: Office, stand_in: StandIn, then: str, made: list[str]) -> None:
    office.says(f"{{mode: all, wait: 2h, then: {then}}}")
    office.night("tonight")
    own = office.settings.name
    assert not [told for told in review.expire(office.client, datetime.now().astimezone()) if own in told]
    later = datetime.now().astimezone() + timedelta(hours=3)
    told = [line for line in review.expire(office.client, later) if own in line]
    assert len(told) == (then != "hold")
    assert not [told for told in review.expire(office.client, later) if own in told]
    office.work("review")
    office.work("batch")
    assert stand_in.rendered == made
    waiting = review.waiting(office.client, own)
    assert [asked.then for asked in waiting] == (["hold"] if then == "hold" else [])
    if then == "skip":
        assert {o.state for o in office.outcomes("tonight").values()} == {"blocked"}
        assert "nobody has read it over" in office.outcomes("tonight")["MUG-01.th"].message
    assert not Path(office.settings.review.file).exists()  # nothing counts as approved by that
    office.night("tomorrow")
    assert len(review.waiting(office.client, own)) == 1  # a new form, or the old one where it still waits


@pytest.mark.heavy
def test_a_night_that_is_tried_again_after_its_form_has_lapsed_asks_again(office: Office, stand_in: StandIn) -> None:
    office.says("{mode: all, wait: 2h, then: skip}")
    office.night("tonight")
    first = office.form()[0].id
    review.expire(office.client, datetime.now().astimezone() + timedelta(hours=3))
    office.work("review")
    assert runs.progress(office.store, "tonight") == (2, 0)
    assert office.night("tonight") == []
    assert office.form()[0].id != first
    assert runs.progress(office.store, "tonight") == (0, 2)  # it counts as waiting again, and not as stopped
    (ended,) = office.answered({}, ["MUG-01"], by="Nok")
    assert ended.message == "1 clips approved, 1 rejected"
    assert stand_in.rendered == ["LAMP-02.th"]
    assert {name: o.state for name, o in office.outcomes("tonight").items()} == {"MUG-01.th": "blocked", "LAMP-02.th": "made"}


@pytest.mark.heavy
def test_what_is_made_and_posted_without_an_answer_is_not_asked_about_by_the_nights_retry(office: Office, stand_in: StandIn) -> None:
    office.says("{mode: all, wait: 2h, then: publish}")
    office.night("tonight")
    review.expire(office.client, datetime.now().astimezone() + timedelta(hours=3))
    office.work("review")
    office.work("batch")
    assert office.night("tonight") == []
    assert review.waiting(office.client, office.settings.name) == []
    assert {o.state for o in office.outcomes("tonight").values()} == {"made"}


@pytest.mark.heavy
def test_what_a_form_asks_of_models_counts_in_the_nights_budget(office: Office, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def charging(name: str) -> None:
        real = getattr(review.proofreading, name)

        def call(*args: Any, **given: Any) -> Any:
            account.charge(Usage(requests=1, cost=Decimal("0.10")))
            return real(*args, **given)

        monkeypatch.setattr(review.proofreading, name, call)

    file = office.shop / "campaign.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("workers: 1", "workers: 1\n  money: 5"), encoding="utf-8")
    office.night("tonight")
    assert budget.spent(office.store, "tonight").money == 0
    for name in ("collect", "accept"):
        charging(name)
    office.answered(by="Mali")
    assert budget.spent(office.store, "tonight").money == Decimal("0.30")  # the answer, and two clips' texts after it


@pytest.mark.heavy
def test_the_terminal_lists_shows_and_answers_forms_of_any_sku(office: Office, stand_in: StandIn) -> None:
    table = office.shop / "products.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("MUG-01", "保温杯 500").replace("LAMP-02", "Lamp_XL"), encoding="utf-8")
    office.night("tonight")
    run = str(office.form()[0].id)
    listed = CliRunner().invoke(app, ["review", "list", "--campaign", office.settings.name])
    assert run[:8] in listed.output
    shown = CliRunner().invoke(app, ["review", "show", run[:12]])
    assert "product-1-line-1  保温杯 500 · line 1 · hook" in shown.output
    assert "lamp-xl-decision" in shown.output
    asked = ["review", "approve", run, "--edit", f"product-1-line-1={HOOK}", "--reject", "Lamp_XL.th", "--by", "Mali"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    office.work("review")
    office.work("batch")
    assert stand_in.rendered == ["保温杯 500.th"]
    lost = CliRunner().invoke(app, asked)
    assert "no form waits" in str(lost.exception)


@pytest.mark.heavy
def test_a_machine_s_texts_are_read_over_and_go_into_the_memory(office: Office, stand_in: StandIn) -> None:
    office.says("translations")
    table = office.shop / "products.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("โคมไฟตั้งโต๊ะ", ""), encoding="utf-8")
    assert office.night("tonight") == ["MUG-01.th"]  # whose texts are the seller's
    form = office.form()[2]
    assert [name for name in form.fields if name.startswith("lamp")] == ["lamp-02-decision", "lamp-02-missing-1"]
    assert office.answered() == []  # nothing was written: it is asked again
    office.answered({"lamp-02-missing-1": "โคมไฟ"}, by="Mali")
    assert stand_in.rendered == ["LAMP-02.th"]
    assert "Desk Lamp,โคมไฟ" in office.settings.accepted_file().read_text(encoding="utf-8-sig")


# ---- without a server


def test_fields_have_plain_names_whatever_the_product_is_called() -> None:
    assert forms.names(["MUG 01", "保温杯", "a-1", "A_1", "壶 2"]) == {
        "MUG 01": "mug-01", "保温杯": "product-2", "a-1": "a-1", "A_1": "a-1-4", "壶 2": "product-5",
    }  # fmt: skip


def test_a_form_has_one_language_and_few_products(shop: Path) -> None:
    jobs = planning.plan(campaigns.load(shop / "campaign.yaml")).jobs
    parts = [[job.name for job in part] for part in forms.of_one_language(jobs, 1)]
    assert parts == [["th · MUG-01"], ["th · LAMP-02"], ["vi · MUG-01"], ["vi · LAMP-02"]]
    assert len(list(forms.of_one_language(jobs, 5))) == 2
