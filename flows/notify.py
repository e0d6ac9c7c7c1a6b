"""Notices of runs: what localize/notices.py sends, with what only Prefect knows (forms, addresses in blocks, the run's page).

A notice that can't be sent is a line in the run's log, and never fails the run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from prefect import get_run_logger
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.exceptions import MissingContextError
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for

from flows import vault
from localize import notices
from localize.campaign import Campaign
from localize.digest import Night, Posts
from localize.domain import Receipt
from localize.errors import Transient
from localize.planning import Outcome, Plan


def night(
    settings: Campaign, outcomes: Sequence[Outcome], plan: Plan[Any] | None, page: Path | None, *, stopped: str = "",
    rejected_before: int = 0,
) -> None:  # fmt: skip
    """Tell of a night that has ended. Without a plan it was `stopped` before it had any; the page is one of the machine that ran it.
    `rejected_before` counts the rows that the campaign's run before could not take."""

    def news() -> Night:
        vault.register()
        ended = {(o.sku, o.language) for o in outcomes}
        jobs = {(j.product.sku, j.language) for j in plan.jobs} if plan else set()
        asked = _forms(settings)
        waiting = {clip for form in asked for clip in form.clips} & jobs - ended
        return Night(
            settings.name, outcomes, len(jobs), len(plan.rejects) if plan else 0, len(asked), len(waiting), notices.sign_ins(settings),
            stopped, str(page or ""), url_for("flow-run", obj_id=flow_run.id) or "" if flow_run.id else "",
            rejected_before,
        )  # fmt: skip

    _tell(settings, news)


def posts(settings: Campaign, bad: Sequence[tuple[str, Receipt]], link: str) -> None:
    """Tell of posts that did not go out, by their names."""
    _tell(settings, lambda: Posts(settings.name, bad, notices.sign_ins(settings), link))


def person(settings: Campaign, title: str, text: str, link: str = "") -> None:
    """Tell those who want to know that something needs a person."""
    _tell(settings, lambda: notices.Word(title, text, link))


def blocks() -> None:
    """`block:NAME` in a campaign's `notify` is read from Prefect from now on."""
    if _read not in notices.blocks:
        notices.blocks.append(_read)


def _read(name: str) -> str:
    """What a Secret block holds, "" if there is none of that name. Raises Transient when the server is away."""
    with suppress(ValueError):  # what prefect raises for a block that is not there
        try:
            secret: Any = Secret.load(name)
        except httpx.HTTPError as e:
            raise Transient(f"can't read the block {name} of the Prefect server: {type(e).__name__}.") from None
        return str(secret.get())
    return ""


def _forms(settings: Campaign) -> list[Any]:
    """The campaign's forms that wait for whoever reads over."""
    if settings.review.mode == "none":
        return []
    from flows import review  # which starts runs of the flows that tell of themselves here

    with get_client(sync_client=True) as client:
        return list(review.waiting(client, settings.name, review.OPEN))


def _tell(settings: Campaign, news: Callable[[], notices.News]) -> None:
    if not settings.notify:
        return
    log = _logger()
    try:
        blocks()
        for problem in notices.send(settings.notify, news()):
            log.warning(problem)
    except Exception as e:  # noqa: BLE001  whatever it is: a night that was made is not to fail by its notice
        log.warning("nobody was told of this: a fault, %s", type(e).__name__)


def _logger() -> Any:
    try:
        return get_run_logger()
    except MissingContextError:  # called as a plain function
        return logging.getLogger("crossreel")
