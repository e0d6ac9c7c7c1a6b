"""The nightly flow, what the schedule runs: read the catalog, plan, hand out batches, write the morning's page.

`python -m flows.nightly CAMPAIGN` and `crossreel run CAMPAIGN` go through it alike.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
from prefect import flow, get_run_logger, tags
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.runtime import deployment, flow_run
from prefect.states import Completed, Failed
from prefect.utilities.urls import url_for
from pydantic import BeforeValidator, Field, WithJsonSchema

from flows import leash, notify, review, waves
from flows.batch import batch
from flows.patience import patiently
from flows.watch import Event, tell
from localize import campaign as campaigns
from localize import languages as tongues
from localize import report, runs, work
from localize.budget import Budget
from localize.campaign import Campaign
from localize.errors import CrossreelError, NotReady
from localize.planning import Job, Outcome, Plan
from localize.secrecy import PATTERN, veiled
from localize.sections import Code, queue
from localize.store import LocalStore, digest, open_store

Language = Annotated[Code, WithJsonSchema({"type": "string", "enum": list(tongues.codes())})]  # choices in the run's form
# A run that was begun before these had an empty value, and is retried after an upgrade, gives null for what was left out.
Text = Annotated[str, BeforeValidator(lambda given: "" if given is None else given)]
Languages = Annotated[tuple[Language, ...], BeforeValidator(lambda given: () if given is None else given)]
Skus = Annotated[tuple[str, ...], BeforeValidator(lambda given: () if given is None else given)]
# An address as a form's field: the server refuses one with a secret written out, which it would keep in the run's parameters.
_WRITTEN_OUT = {"description": "An address with a password, key or token written out: write ${NAME} in its place.", "pattern": PATTERN}
Address = WithJsonSchema({"type": "string", "not": _WRITTEN_OUT})
PAGE = "Copy this address into a new tab; a link on this page may not open a file:\n\n```\n{}\n```"


def run_name() -> str:
    """The flow run's name in the UI: the campaign's folder and the day."""
    return f"{Path(flow_run.parameters['campaign']).resolve().parent.name} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="nightly", flow_run_name=run_name, persist_result=False)
def nightly(
    campaign: Annotated[str, Field(min_length=1)], catalog: Annotated[Text, Address] = "", languages: Languages = (), only: Skus = (),
    limit: Annotated[int, Field(ge=0)] = 0, out: Text = "", batch_size: Annotated[int, Field(ge=1, le=1000)] = 100, run: Text = "",
) -> State[None]:  # fmt: skip
    """Make and publish every clip of a campaign that is not there yet.

    Args:
        campaign: the path of a campaign.yaml, on the worker's machine
        catalog: a file or an address to read in place of the campaign's catalog
        languages: only these of the campaign's languages; none chosen: all of them
        only: only the products with these SKUs; none given: all products
        limit: only so many products, the catalog's first; 0: all
        out: a folder in place of the campaign's output folder
        batch_size: how many products one batch run takes; 50 to 200 are a good measure
        run: leave this empty; a name for what is noted of this run, which else has its own id
    """
    settings = campaigns.adjusted(campaigns.load(campaign), catalog=catalog, languages=languages, out=out)
    return over(settings, campaign, only, limit, batch_size, run)


def over(settings: Campaign, campaign: str, only: Sequence[str] = (), limit: int = 0, batch_size: int = 100, run: str = "") -> State[None]:
    """A night over a campaign, within the flow run that calls it; `campaign` is its file."""
    run, marks = run or str(flow_run.id), (f"campaign:{settings.name}",)
    _mark(marks)
    try:
        store = patiently(lambda: open_store(settings.store, campaigns.home()))
        patiently(store.sweep)
        plan = patiently(lambda: work.plan(settings, only=only, limit=limit))
        link = url_for("flow-run", obj_id=flow_run.id) or ""
        patiently(lambda: runs.begin(store, run, settings, plan, campaign, link=link))
        tell(Event("planned", plan=plan))
        _show(plan)
        free, unread = review.wanted(settings, store, plan.jobs, run)
        unasked = _ask(settings, store, unread, run)
        stopped = _hand_out(settings, free, batch_size, run, marks) or unasked
        page, outcomes = patiently(lambda: (report.again(store, run), runs.outcomes(store, run)))
        before = patiently(lambda: runs.rejected_before(store, settings.name, run))
        for said in work.finish(settings, outcomes):
            get_run_logger().warning("%s", said)
    except Exception as e:
        why = str(e) if isinstance(e, CrossreelError) else veiled(f"a fault: {type(e).__name__}: {e}")
        notify.night(settings, [], None, None, stopped=why)
        raise
    with suppress(httpx.HTTPError):  # of a server that is away for a moment: the notice says it, too
        create_markdown_artifact(key="report", markdown=PAGE.format(page.as_uri()), description="Where the page of this run's clips is")
    notify.night(settings, outcomes, plan, page, stopped=stopped, rejected_before=before)
    if failed := sum(bool(o.code) for o in outcomes):
        return Failed(message=stopped or f"{failed} of {len(plan.jobs)} clips failed; the page says why: {page}")
    used = ""
    with suppress(CrossreelError, OSError):  # a store out of reach fails no night that is over
        used = Budget(settings.limits, store, run).used()
    return Failed(message=stopped) if stopped else Completed(message=_told(outcomes, len(unread), used, len(plan.rejects), plan.unit))


def _show(plan: Plan[Any]) -> None:
    """Leave a table of what can't be made, which the page has, too."""
    if plan.rejects:
        with suppress(httpx.HTTPError):
            create_table_artifact(key="rejects", table=[r.model_dump() for r in plan.rejects], description="Rows that can't become a clip")


def _told(outcomes: Sequence[Outcome], unread: int, used: str, rejected: int = 0, unit: str = "row") -> str:
    """How a night without failures ended, with how many rows or videos (`unit`) were `rejected`, and what it has `used` of its budget."""
    states = Counter(o.state for o in outcomes)
    left = next((o.message for o in outcomes if o.state == "left"), "")
    said = {
        f"{states['made']} clips made": True, f"{states['reused']} were there already": states["reused"],
        f"{rejected} {unit}{'s' * (rejected != 1)} rejected": rejected, f"{unread} wait to be read over": unread,
        f"{states['left']} {left}": left, f"{used} used": used,
    }  # fmt: skip
    return ", ".join(words for words, is_so in said.items() if is_so)


def _ask(settings: Campaign, store: LocalStore, unread: Sequence[Job], run: str) -> str:
    """Have people asked to read over what they are to. Returns why that can't be, which does not hold up the others."""
    try:
        review.start(settings, store, unread, run)
    except (NotReady, httpx.HTTPError) as e:
        get_run_logger().warning("%s", e)
        return f"{len(unread)} clips are to be read over, and nobody was asked: {e}"
    return ""


def _mark(marks: tuple[str, ...]) -> None:
    """Tag this run, so that the UI can show one campaign's; its own deployment knows no campaign's name."""
    with suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        client.update_flow_run(flow_run.id, tags={*flow_run.tags, *marks})


def _hand_out(settings: Campaign, jobs: Sequence[Job], size: int, run: str, marks: tuple[str, ...]) -> str:
    """Run the batches: as runs of the `batch` deployment when this run came from a deployment, so that a fleet's workers share them,
    else here, one after the other. Returns why one ended badly, "" if none did."""
    parts = list(_parts(settings, jobs, size, run))
    stopped = ""
    with tags(*marks):
        ends: Iterator[tuple[int, State[Any] | None]]
        if deployment.id:
            keyed = [(f"{flow_run.id}-{key}", given) for key, given in parts]
            width = settings.limits.batches
            ends = waves.hand_out(keyed, flow_run.run_count, width, queue=queue(settings.priority), tags=marks)
        else:
            ends = ((n, batch(**given, return_state=True)) for n, (_, given) in enumerate(parts))
        for number, state in ends:
            if state is None or not state.is_completed():
                stopped = (state.message if state else "") or "a batch did not finish"
                get_run_logger().warning("batch %s: %s", number + 1, stopped)
    return stopped


def _parts(settings: Campaign, jobs: Sequence[Job], size: int, run: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The batches' parameters, each with a key that is another once the campaign or a product of the batch is."""
    products = {j.product.sku: j.product for j in jobs}
    skus, told = list(products), settings.model_dump(mode="json")
    starts = range(0, len(skus), size)
    for number, start in enumerate(starts, 1):
        part = skus[start : start + size]
        own = set(part)
        clips = [[j.product.sku, j.language] for j in jobs if j.product.sku in own]
        key = f"{number}-{digest(told, clips, [products[sku] for sku in part])[:12]}"
        yield key, {"name": f"{settings.name} · batch {number} of {len(starts)}", "campaign": told, "clips": clips, "run": run}


if __name__ == "__main__":
    leash.hold()
    sys.exit(nightly(sys.argv[1], return_state=True).is_failed())
