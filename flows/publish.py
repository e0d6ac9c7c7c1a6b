"""The publish flow: what waits for its hour, and what earlier runs began. It makes nothing and reads no catalog.

`crossreel publish CAMPAIGN` goes through it, and so does the `publish` deployment, every hour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx
from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Failed
from prefect.utilities.urls import url_for
from prefect.variables import Variable

from flows import notify, vault
from flows.clips import Posted, ended
from flows.patience import patiently
from localize import campaign as campaigns
from localize import work
from localize.campaign import Campaign
from localize.domain import Receipt
from localize.errors import CrossreelError, Transient
from localize.publish.accounts.grants import plain
from localize.publish.ledger import Row
from localize.store import open_store

MOST_KEPT = 500  # posts: a variable holds 5,000 characters
watchers: list[Callable[[Row, Receipt], None]] = []  # told of each post, for a terminal


def run_name() -> str:
    """The flow run's name in the UI: the campaign's folder and the hour."""
    return f"{Path(flow_run.parameters['campaign']).resolve().parent.name} · {datetime.now():%Y-%m-%d %H:%M}"


@task(task_run_name="publish · {row.channel} · {row.name}", cache_policy=NO_CACHE, persist_result=False, tags=["publish"])
def post(dispatch: Any, row: Row, told: dict[int, Receipt]) -> State[Posted]:
    """Send one post, or go on with it. What can't be done now is tried again in the next run, an hour later."""
    try:
        receipt = dispatch.resend(row)
    except CrossreelError as e:
        state = "planned" if isinstance(e, Transient) else "failed"
        told[row.id] = Receipt.model_validate({"channel": row.channel, "clip_key": row.clip_key, "state": state, "reason": str(e)})
        return ended(told[row.id], e.exit_code)
    told[row.id] = receipt
    return ended(receipt)


@flow(name="publish", flow_run_name=run_name, persist_result=False)
def publish(campaign: str) -> State[None] | None:
    """Send the posts of a campaign that wait, and go on with those that were begun.

    Args:
        campaign: path of campaign.yaml
    """
    settings = campaigns.load(campaign)
    vault.register()
    dispatch = patiently(lambda: work.studio(settings, open_store(settings.store, campaigns.home()))).dispatch
    rows, told = patiently(dispatch.waiting), dict[int, Receipt]()
    for row in rows:
        post(dispatch, row, told, return_state=True)
    for row, receipt in paired(rows, told):
        for watch in watchers:
            watch(row, receipt)
    table = [
        {"post": row.name, "channel": row.channel, "state": r.state, "where": r.where, "why": r.reason} for row, r in paired(rows, told)
    ]
    if table:
        with suppress(httpx.HTTPError):  # of a server that is away for a moment: whoever is to know of a post is told all the same
            create_table_artifact(key="posts", table=table, description=f"Posts of {settings.name}")
    ends = [(row, told.get(row.id) or _fault(row)) for row in rows]
    bad = [(row, receipt) for row, receipt in ends if receipt.state in ("failed", "held")]
    fresh = _not_told(settings, [row.id for row, _ in bad])
    if news := [(row.name, receipt) for row, receipt in bad if row.id in fresh]:
        notify.posts(settings, news, url_for("flow-run", obj_id=flow_run.id) or "")
    if bad:
        return Failed(message=f"{len(bad)} of {len(rows)} posts need a look: {bad[0][1].reason}")
    return None


def _fault(row: Row) -> Receipt:
    return Receipt(channel=row.channel, clip_key=row.clip_key, state="failed", reason="a fault: the run's log says more")


def _not_told(settings: Campaign, bad: Sequence[int]) -> set[int]:
    """Those of the posts that need a look of which the hour before has not told: what goes on failing is told of once. Which those are
    is kept in a variable of Prefect's server; where that can't be read, all are told of."""
    name = f"crossreel-posts-{plain(settings.name)}"
    with suppress(httpx.HTTPError):
        before = cast(list[int], Variable.get(name, default=[]))
        if before != (now := list(bad[:MOST_KEPT])):
            Variable.set(name, now, overwrite=True)
        return set(bad) - set(before)
    return set(bad)


def paired(rows: list[Row], told: dict[int, Receipt]) -> list[tuple[Row, Receipt]]:
    """The posts with what became of them; one that a fault stopped is not among them."""
    return [(row, told[row.id]) for row in rows if row.id in told]
