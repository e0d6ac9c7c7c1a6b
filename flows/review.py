"""The review flow: a form in the UI for whoever reads texts and Lines over, before clips are made of them.

Each form is a run of its own, of one language and a few products. It suspends, which frees the machine; an answer starts its body
again from the top, so what it showed is read back from the form that the server keeps. Corrections go where those of the sheet go
(`localize/proofreading.py`), and the clips that were approved into a `batch` run.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Literal, NamedTuple, cast
from uuid import UUID

import httpx
from prefect import flow, get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import SetStateStatus
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.flow_runs import suspend_flow_run
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed
from prefect.utilities.urls import url_for

from flows import forms, notify
from flows.batch import still_there
from flows.forms import Clip, Form
from flows.patience import patiently
from localize import account, languages, proofreading, report, runs, work
from localize import campaign as campaigns
from localize.budget import Budget
from localize.campaign import Campaign
from localize.errors import Blocked, CrossreelError, NotReady, UserError
from localize.mistakes import nearest
from localize.planning import Job, Outcome
from localize.proofreading import Readable
from localize.reviews import REJECTED, Review
from localize.sections import queue
from localize.store import LocalStore, open_store, shut

LATE = "nobody (the time is up)"  # in a form's `who`, where `expire` has answered it
READERS = 4  # scripts looked at side by side, to find out which are to be read over
YEARS = 10 * 365 * 86400  # s: a form that Prefect gives up fails its run, so it never does; `expire` watches the campaign's time
HERE = "http://127.0.0.1:4200/api"
OPEN = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED")


@flow(name="review", flow_run_name="{name}", persist_result=False, validate_parameters=False)
def review(name: str, campaign: dict[str, Any], clips: list[list[str]], run: str, due: str) -> State[None]:
    """Have people read over what would be said and shown in some clips, then make those that they approve.

    Args:
        name: what the form is called
        campaign: the campaign's settings, as `Campaign.model_dump` gives them
        clips: [sku, language] of each
        run: the run under which outcomes are noted
        due: from when on the campaign's `review.then` counts (ISO 8601)
    """
    settings = Campaign.model_validate(campaign)
    store = patiently(lambda: open_store(settings.store, campaigns.home()))
    jobs = patiently(lambda: _jobs(settings, clips))
    with get_client(sync_client=True) as client:
        shown_before = list(_answered(client, UUID(str(flow_run.id))))
    number, (form, given) = len(shown_before), shown_before[-1] if shown_before else (None, None)
    turned_down = {clip for earlier, answer in shown_before if answer for clip in earlier.rejected(answer)}
    own, told = jobs, list[str]()  # the clips that this answer decides; what of it could not be taken over
    with _charged(settings, store, run):
        if form and given:
            own = [job for job in jobs if _clip(job) in form.clips]
            if given.get("who") == LATE:
                return _late(settings, store, own, run, number, due)
            told = _take_over(settings, store, own, run, form, given)
        desk, used = work.desk(settings, store), set[str]()
        readings = [(job, list(proofreading.collect(desk, [job], used=used))) for job in jobs if _clip(job) not in turned_down]
        left = [(job, entries) for job, entries in readings if proofreading.unread(desk, entries)]
        waiting = {_clip(job) for job, _ in left}
        ready = [job for job in own if _clip(job) not in waiting | turned_down]
        _make(settings, store, ready, run, f"{flow_run.id}-{number}")
        heard = forms.as_heard(desk, [job for job, _ in left])
    if left:
        patiently(lambda: runs.keep_for_reading(store, run, str(flow_run.id), used))
        asked = forms.build(desk, left, name, datetime.fromisoformat(due), told, heard)
        if number:
            notify.person(settings, f"To be read over again: {name}", "\n".join(told), url_for("flow-run", flow_run.id) or "")
        get_run_logger().info("Waits to be read over: press Resume in the menu ⋮ at the top right of this run's page.")
        suspend_flow_run(wait_for_input=asked, key=f"form-{number + 1}", timeout=YEARS)
    rejections = sum(_clip(job) in turned_down for job in jobs)
    return Completed(message=f"{len(readings)} clips approved, {rejections} rejected")


def _take_over(settings: Campaign, store: LocalStore, own: Sequence[Job], run: str, form: Form, given: Mapping[str, Any]) -> list[str]:
    """Do what an answer says about the clips of its form. Returns what of it could not be taken over, and why."""
    by, notes, at = str(given.get("who") or ""), str(given.get("notes") or ""), f"{datetime.now():%Y-%m-%d %H:%M}"
    refused = [job for job in own if _clip(job) in form.rejected(given)]
    for job in refused:  # first: what is accepted of others may change the texts that it has in common with them
        proofreading.reject(work.desk(settings, store), job, form.keys(_clip(job)), notes, by=by, at=at)
    reader = work.desk(settings, store)
    told = proofreading.accept(reader, work.readings(reader, own), form.answers(given), by=by, at=at).problems
    _note(settings, store, run, refused, f"rejected by {by or 'whoever read it over'}. {notes}".strip())
    return told


@contextmanager
def _charged(settings: Campaign, store: LocalStore, run: str) -> Iterator[None]:
    """What models are asked inside, for a form or after its answer, counts in the budget of its run."""
    budget = patiently(lambda: Budget(settings.limits, store, run))
    with account.opened() as spent:
        try:
            yield
        finally:
            budget.pay(spent.usage)
            with suppress(CrossreelError, OSError):  # as a batch does: what a store out of reach did not note fails no form
                budget.close()


def _jobs(settings: Campaign, clips: Collection[Sequence[str]]) -> list[Job]:
    """The clips as the catalog has them now. A form may have been open for days: products may be gone, which then nothing is made of."""
    wanted, skus = {tuple(clip) for clip in clips}, list(dict.fromkeys(sku for sku, _ in clips))
    return [job for job in still_there(settings, skus).jobs if _clip(job) in wanted]


def _clip(job: Job) -> Clip:
    return job.product.sku, job.language


def _answered(client: SyncPrefectClient, run: UUID) -> Iterator[tuple[Form, dict[str, Any] | None]]:
    """The forms that a run has shown, the newest last, each with what was answered to it."""
    for number in count(1):
        schema = _input(client, run, f"{_key(number)}-schema")
        if schema is None:
            return
        yield Form(schema["properties"]), _input(client, run, f"{_key(number)}-response")


def _key(number: int) -> str:
    """Under which the server keeps a form and its answer."""
    return f"suspended-form-{number}"


def _input(client: SyncPrefectClient, run: UUID, key: str) -> dict[str, Any] | None:
    try:
        return cast(dict[str, Any], json.loads(client.read_flow_run_input(run, key)))
    except httpx.HTTPStatusError as error:
        if error.response.status_code == httpx.codes.NOT_FOUND:
            return None
        raise


def _late(settings: Campaign, store: LocalStore, jobs: Sequence[Job], run: str, number: int, due: str) -> State[None]:
    """Do what the campaign wants where nobody has answered. Nothing counts as approved by that."""
    told = f"nobody has read it over by {datetime.fromisoformat(due):%Y-%m-%d %H:%M}"
    if settings.review.then == "publish":
        unread = settings.model_copy(update={"review": settings.review.model_copy(update={"mode": "none"})})
        _make(unread, store, jobs, run, f"{flow_run.id}-{number}")
        return Completed(name="Late", message=f"{told}: {len(jobs)} clips are made as they are")
    _note(settings, store, run, jobs, f"{told}: the next night asks again")
    return Completed(name="Late", message=f"{told}: {len(jobs)} clips are not made")


def _note(settings: Campaign, store: LocalStore, run: str, jobs: Sequence[Job], why: str) -> None:
    """Note that clips are not made, in the form's run and in the later one that waits for them, whose page is the campaign's now."""
    later = _waited_for(settings, store, run, jobs)
    for job in jobs:
        for own in {run, later[_clip(job)]}:
            _end(store, own, job, "blocked", why, Blocked.exit_code)
    for own in {*later.values()}:
        report.again(store, own)  # no batch run may follow that would


def _end(store: LocalStore, run: str, job: Job, state: Literal["blocked", "left"], why: str, code: int = 0) -> None:
    ended = Outcome(
        sku=job.product.sku, language=job.language, title=job.product.title, state=state, code=code, stage="review", message=why
    )  # fmt: skip
    patiently(lambda: store.note(run, f"{ended.sku}.{ended.language}", ended.model_dump_json()))


def _waited_for(settings: Campaign, store: LocalStore, run: str, jobs: Sequence[Job]) -> dict[Clip, str]:
    """By clip, the run that it counts for: a form may be answered when a later night has planned its clips and waits for it, too, else
    the form's own run."""
    own = runs.find(store, run)
    later = [r for r in runs.known(store) if own and r.campaign == settings.name and r.began > own.began] if jobs else []
    names = {_clip(job): ".".join(_clip(job)) for job in jobs}
    waits = [(r.id, runs.waits(store, r.id, names.values())) for r in later]
    return {clip: next((id for id, own in waits if name in own), run) for clip, name in names.items()}


def _make(settings: Campaign, store: LocalStore, jobs: Sequence[Job], run: str, key: str) -> None:
    """Start a batch run for some clips; the same one if it was started before. They are made for the run that waits for them now."""
    later = _waited_for(settings, store, run, jobs)
    for own in dict.fromkeys(later.values()):
        clips = [job for job in jobs if later[_clip(job)] == own]
        parameters = {
            "name": f"{settings.name} · read over", "campaign": settings.model_dump(mode="json"), "clips": [list(_clip(j)) for j in clips],
            "run": own,
        }  # fmt: skip
        _start("batch/batch", parameters, settings, key if own == run else f"{key}-{own}")
        for job in clips if own != run else ():
            _end(store, run, job, "left", f"read over when a later night waited for it, too: see the run {own}")


def _start(deployment: str, parameters: dict[str, Any], settings: Campaign, key: str) -> FlowRun:
    """A deployment's run, not waited for."""
    try:
        started = run_deployment(
            deployment, parameters=parameters, flow_run_name=parameters["name"], timeout=0, as_subflow=False, idempotency_key=key,
            tags=[f"campaign:{settings.name}"], work_queue_name=queue(settings.priority),
        )  # fmt: skip
    except ObjectNotFound as error:
        raise NotReady(f"the server has no deployment {deployment}.", how="`make ui` makes it, and `prefect deploy --all`.") from error
    return cast(FlowRun, started)


# ---- what nightly calls


def wanted(settings: Campaign, store: LocalStore, jobs: Sequence[Job], run: str) -> tuple[list[Job], list[Job]]:
    """The jobs that may be made now, and those that people are to read over first, which is noted. A job whose texts or script fail is
    made, as far as it comes: that tells why. One that was rejected is neither, and is noted so; nor is one that an earlier try of the run
    has made without an answer. What models are asked meanwhile counts in the run's budget; with that used up nothing is written."""
    if settings.review.mode == "none":
        return list(jobs), []
    desk, budget = work.desk(settings, store), patiently(lambda: Budget(settings.limits, store, run))
    with ThreadPoolExecutor(READERS) as readers:
        seen = list(zip(jobs, readers.map(partial(_seen, desk, budget), jobs), strict=True))
    with suppress(CrossreelError, OSError):  # as a batch does: what a store out of reach did not note fails no clip
        budget.close()
    for job, refusal in ((job, look.refusal) for job, look in seen):
        if refusal:
            said = "" if refusal.rejected == REJECTED else f" ({refusal.rejected})"
            who = refusal.by or "whoever read it over"
            _end(store, run, job, "blocked", f"rejected by {who} on {refusal.at}{said}; asked again when a line is approved or changes")
    made = patiently(lambda: runs.has_made(store, run)) if settings.review.then == "publish" else set[str]()
    unread = [(job, look.keys) for job, look in seen if look.unread and ".".join(_clip(job)) not in made]
    asked = [job for job, _ in unread]
    if asked:
        patiently(lambda: runs.wait_for_reading(store, run, asked, set[str]().union(*(keys for _, keys in unread))))
    return [job for job, look in seen if not (look.unread or look.refusal)], asked


class Seen(NamedTuple):
    """Whether a job is to be read over, or what was said when its clip was rejected; and the artifacts that its words are in."""

    unread: bool
    refusal: Review | None = None
    keys: frozenset[str] = frozenset()


def _seen(desk: Readable, budget: Budget, job: Job) -> Seen:
    with account.opened() as spent:
        try:
            with shut(budget.left()):
                used = set[str]()
                entries = list(proofreading.collect(desk, [job], used=used))
                refusal = proofreading.rejected(desk, entries)
                return Seen(not refusal and proofreading.unread(desk, entries), refusal, frozenset(used))
        except Exception:  # noqa: BLE001  a fault in one product: its clip's task meets it again, tells of it, and lets nothing unread pass
            return Seen(False)
        finally:
            budget.pay(spent.usage)


def start(settings: Campaign, store: LocalStore, jobs: Sequence[Job], run: str) -> list[FlowRun]:
    """Start the forms of jobs that are to be read over, but of none that an open form of the campaign has already. A retried run
    comes back to those that it had started; where one has lapsed or was cancelled, it asks in another."""
    if not jobs:
        return []
    with get_client(sync_client=True) as client:
        has_form = {clip for asked in waiting(client, settings.name, OPEN) for clip in asked.clips}
    due = datetime.now().astimezone() + timedelta(hours=settings.review.wait)
    started = []
    for own in forms.of_one_language([job for job in jobs if _clip(job) not in has_form], settings.review.products_a_form):
        skus = [job.product.sku for job in own]
        parameters = {
            "name": f"{settings.name} · {languages.name(own[0].language)} · {', '.join(skus)}", "run": run,
            "campaign": settings.model_dump(mode="json"), "clips": [list(_clip(job)) for job in own], "due": due.isoformat("T", "seconds"),
        }  # fmt: skip
        started.append(_begun(parameters, settings, "-".join((settings.name, run, own[0].language, *skus))))
    if started:
        told = f"{len(jobs)} clips of {settings.name} are to be read over by {due:%Y-%m-%d %H:%M}, in {len(started)} forms."
        notify.person(settings, "To be read over", told, url_for("flow-run", started[0].id) or "")
    return started


def _begun(parameters: dict[str, Any], settings: Campaign, key: str) -> FlowRun:
    """The run of a form that can still be answered: those that an earlier try had begun by the same key may have ended."""
    from flows.reaper import GIVEN_UP  # which answers the forms that are late, by what is here

    for attempt in count(1):
        asked = _start("review/review", parameters, settings, key if attempt == 1 else f"{key}-{attempt}")
        comes_back = asked.state and asked.state.is_crashed() and asked.state.message != GIVEN_UP
        if comes_back or not asked.state or not asked.state.is_final():
            break
    return asked


# ---- what the reaper and the terminal call


@dataclass(frozen=True)
class Asked:
    """A run of the review flow: what it is about and until when it waits. `form` is the key under which the server keeps its form,
    `link` the run's page in the UI, where the form is opened."""

    id: UUID
    name: str
    campaign: str
    clips: tuple[Clip, ...]
    then: str
    since: datetime
    due: datetime
    form: str = ""
    link: str = ""


@contextmanager
def server() -> Iterator[SyncPrefectClient]:
    """A client of the server that keeps the forms: the one that is set, else `make ui`'s on this machine. Raises NotReady without one."""
    with temporary_settings({} if PREFECT_API_URL.value() else {PREFECT_API_URL: HERE}), get_client(sync_client=True) as client:
        if lack := client.api_healthcheck():
            how = "Start `make ui`, or name another server: PREFECT_API_URL=http://HOST:4200/api."
            raise NotReady(f"the Prefect server at {client.api_url} does not answer ({type(lack).__name__}).", how=how)
        yield client


def waiting(client: SyncPrefectClient, campaign: str = "", states: Collection[str] = ("PAUSED",)) -> list[Asked]:
    """The runs whose forms wait for an answer, the oldest first."""
    wanted: dict[str, Any] = {"state": {"type": {"any_": list(states)}}, "deployment_id": {"is_null_": False}}
    if campaign:
        wanted["tags"] = {"all_": [f"campaign:{campaign}"]}
    found = [_asked(run) for run in _runs(client, FlowRunFilter.model_validate(wanted))]
    return sorted(found, key=lambda asked: asked.since)


def _runs(client: SyncPrefectClient, wanted: FlowRunFilter, page: int = 200) -> Iterator[FlowRun]:
    own = FlowFilter.model_validate({"name": {"any_": ["review"]}})
    for offset in count(0, page):
        found = client.read_flow_runs(flow_filter=own, flow_run_filter=wanted, limit=page, offset=offset)
        yield from found
        if len(found) < page:
            return


def _asked(run: FlowRun) -> Asked:
    given, state = run.parameters, run.state
    keys = (state.state_details.run_input_keyset if state else None) or {}
    return Asked(
        run.id, run.name, given["campaign"]["name"], tuple((sku, language) for sku, language in given["clips"]),
        given["campaign"]["review"]["then"], state.timestamp if state else run.created or datetime.now().astimezone(),
        datetime.fromisoformat(given["due"]), keys.get("schema", "").removesuffix("-schema"),
        url_for("flow-run", run.id) or "",
    )  # fmt: skip


def shown(client: SyncPrefectClient, asked: Asked) -> tuple[str, Form]:
    """What a form says above its fields (Markdown), and the form. Raises UserError where the server has none."""
    schema = _input(client, asked.id, f"{asked.form}-schema") if asked.form else None
    if schema is None:
        raise UserError(f"the run {asked.id} has no form: open {asked.link or 'it in the UI'} and press Retry.")
    return str(_input(client, asked.id, f"{asked.form}-description") or ""), Form(schema["properties"])


def answer(
    client: SyncPrefectClient, asked: Asked, edits: Mapping[str, str], rejected: Sequence[str], *, by: str = "", notes: str = ""
) -> None:
    """Approve a form, with texts in place of those it shows by its fields' names, and without some products (`SKU` or
    `SKU.language`). Raises UserError for an answer that the form doesn't take; it waits on then."""
    form = shown(client, asked)[1]
    names = {name: clip for clip in form.clips for name in (clip[0], ".".join(clip))}
    given: dict[str, Any] = {form.decision(clip): "approve" for clip in form.clips}
    try:
        given |= {form.decision(names[nearest(name, list(names), "product of this form")]): "reject" for name in rejected}
        given |= {nearest(name, list(form.fields), "field of this form"): text for name, text in edits.items()}
    except ValueError as error:
        raise UserError(str(error)) from error
    _resume(client, asked, given | {"who": by, "notes": notes})


def _resume(client: SyncPrefectClient, asked: Asked, given: dict[str, Any]) -> None:
    result = client.resume_flow_run(asked.id, run_input=given)
    if result.status == SetStateStatus.REJECT:
        raise UserError(f"the form does not take this answer: {getattr(result.details, 'reason', '')}")
    if result.status != SetStateStatus.ACCEPT:
        raise UserError(f"{asked.name}: somebody has answered it meanwhile.")


def expire(client: SyncPrefectClient, now: datetime) -> list[str]:
    """Answer the forms whose time is up as their campaigns want it. Returns what was done, one line a form."""
    done = []
    for asked in waiting(client):
        if asked.due > now or asked.then == "hold":
            continue
        try:
            _resume(client, asked, {"who": LATE})
        except UserError:  # somebody answered in this very moment, or another reaper did
            continue
        done.append(f"{asked.name}: nobody has answered by {asked.due:%Y-%m-%d %H:%M} ({asked.then})")
    return done
