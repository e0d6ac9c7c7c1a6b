"""The nightly flow, what the schedule runs: read the catalog, plan, hand out batches, write the morning's page.

`python -m flows.nightly CAMPAIGN` and `crossreel run CAMPAIGN` go through it alike.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from prefect import flow, get_run_logger
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.runtime import deployment, flow_run
from prefect.states import Failed

from flows import leash
from flows.batch import batch
from flows.watch import Event, tell
from localize import campaign as campaigns
from localize import planning, report
from localize.campaign import Campaign
from localize.planning import Outcome, Plan
from localize.store import LocalStore, open_store


def run_name() -> str:
    """The flow run's name in the UI: the campaign's folder and the day."""
    return f"{Path(flow_run.parameters['campaign']).resolve().parent.name} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="nightly", flow_run_name=run_name, persist_result=False)
def nightly(
    campaign: str, catalog: str | None = None, languages: list[str] | None = None, only: list[str] | None = None,
    limit: int = 0, out: str | None = None, batch_size: int = 100, run: str | None = None,
) -> State[None] | None:  # fmt: skip
    """Make and publish every clip of a campaign that is not there yet.

    Args:
        campaign: path of campaign.yaml
        catalog: another catalog than the campaign's
        languages: only these of the campaign's languages
        only: only these SKUs
        limit: only the first products (0: all)
        out: another output folder than the campaign's
        batch_size: products a batch run takes
        run: name under which outcomes are noted; the flow run's id if not given
    """
    settings = campaigns.adjusted(campaigns.load(campaign), catalog=catalog, languages=languages, out=out)
    store = open_store(settings.store, campaigns.home())
    store.sweep()
    plan = planning.plan(settings, only=only or (), limit=limit)
    tell(Event("planned", plan=plan))
    run = run or str(flow_run.id)
    if plan.rejects:
        create_table_artifact(key="rejects", table=[r.model_dump() for r in plan.rejects], description="Rows that can't become a clip")
    stopped = _hand_out(settings, plan, batch_size, run)
    outcomes = _finish(settings, store, plan, run)
    failed = [o for o in outcomes if o.code]
    if stopped or failed:
        return Failed(message=stopped or f"{len(failed)} of {len(plan.jobs)} clips failed; the clips table says why.")
    return None


def _hand_out(settings: Campaign, plan: Plan, size: int, run: str) -> str:
    """Run the batches one after the other: as runs of the `batch` deployment when this run came from a deployment, so
    that a fleet's workers share them, else right here. Returns why one ended badly, "" if none did."""
    skus = list(dict.fromkeys(j.product.sku for j in plan.jobs))
    parts = [set(skus[i : i + size]) for i in range(0, len(skus), size)]
    stopped = ""
    for number, part in enumerate(parts, 1):
        parameters: dict[str, Any] = {
            "name": f"{settings.name} · batch {number} of {len(parts)}", "campaign": settings.model_dump(mode="json"),
            "clips": [[j.product.sku, j.language] for j in plan.jobs if j.product.sku in part], "run": run,
        }  # fmt: skip
        state = _run_batch(f"{flow_run.id}-{number}", parameters) if deployment.id else batch(**parameters, return_state=True)
        if state is None or not state.is_completed():
            stopped = (state.message if state else "") or "a batch did not finish"
            get_run_logger().warning("batch %s: %s", number, stopped)
    return stopped


def _run_batch(name: str, parameters: dict[str, Any]) -> State[Any] | None:
    """Run the `batch` deployment and wait. A retry of this run comes back to the batch run it had started, which may
    still be going or have been mended by a Retry of its own; only where that one ended badly a new one is started."""
    state = None
    for attempt in range(1, flow_run.run_count + 1):
        started = run_deployment("batch/batch", parameters=parameters, idempotency_key=f"{name}-{attempt}")
        state = cast(FlowRun, started).state
        if state and state.is_completed():
            break
    return state


def _finish(settings: Campaign, store: LocalStore, plan: Plan, run: str) -> list[Outcome]:
    """Write the page, the summary and the rejects from what the clips noted."""
    order = {(j.product.sku, j.language): i for i, j in enumerate(plan.jobs)}
    outcomes = [Outcome.model_validate_json(text) for text in store.notes(run).values()]
    outcomes = sorted((o for o in outcomes if (o.sku, o.language) in order), key=lambda o: order[o.sku, o.language])
    page = report.write(settings, plan, outcomes, run)
    create_link_artifact(key="report", link=page.as_uri(), link_text="The clips of this run", description=str(page))
    return outcomes


if __name__ == "__main__":
    leash.hold()
    sys.exit(nightly(sys.argv[1], return_state=True).is_failed())
