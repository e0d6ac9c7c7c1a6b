"""The gc flow: once a week, room is made on the disk. `crossreel store gc` does the same by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from localize import campaign as campaigns
from localize import clearing
from localize.store import open_store


def run_name() -> str:
    """The flow run's name in the UI: the campaign's folder."""
    return f"{Path(flow_run.parameters['campaign']).resolve().parent.name} · gc"


@flow(name="gc", flow_run_name=run_name, persist_result=False)
def gc(
    campaign: Annotated[str, Field(description="path of the campaign.yaml whose store is cleared, on the worker's machine")],
    keep: Annotated[int, Field(ge=1, description="newest runs, of all campaigns in the store, whose clips and sentences stay")] = 14,
) -> State[None]:
    """Remove from a campaign's store what no newer run refers to and no post waits for. Clips in `out` are copies and stay.

    Args:
        campaign: path of the campaign.yaml whose store is cleared, on the worker's machine
        keep: newest runs, of all campaigns in the store, whose clips and sentences stay
    """
    settings = campaigns.load(campaign)
    cleared = clearing.clear(open_store(settings.store, campaigns.home()), campaigns.home(), keep, settings.ledger)
    return Completed(message=str(cleared).replace("\n", "; "))
