"""The doctor flow: in the evening, what would stop the night. It fails with the first such thing, and shows all it has seen.

`crossreel doctor CAMPAIGN` looks at the same (`localize/doctor.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.utilities.urls import url_for
from pydantic import Field

from flows import notify, vault
from localize import campaign as campaigns
from localize import doctor as looks

TOLD = {"info": "ok", "warn": "warn", "block": "bad"}


def run_name() -> str:
    """The flow run's name in the UI: the campaign's folder."""
    return f"{Path(flow_run.parameters['campaign']).resolve().parent.name} · doctor"


@flow(name="doctor", flow_run_name=run_name, persist_result=False)
def doctor(campaign: Annotated[str, Field(description="path of campaign.yaml on the worker's machine")]) -> State[None]:
    """Look whether the campaign's next run would go well: engines, accounts, disk, memory, rates, ledger, store, clock.

    Args:
        campaign: path of campaign.yaml on the worker's machine
    """
    settings = campaigns.load(campaign)
    vault.register()
    notify.blocks()
    found = looks.look(settings, campaigns.home())
    bad_first = sorted(found, key=lambda finding: ("block", "warn", "info").index(finding.severity))
    table = [{"look": finding.check, "state": TOLD[finding.severity], "what": finding.message} for finding in bad_first]
    create_table_artifact(key="doctor", table=table, description=f"What {settings.name} needs tonight")
    warnings = sum(finding.severity == "warn" for finding in found)
    if (worst := looks.worst(found)) is not None:
        page = url_for("flow-run", obj_id=flow_run.id) or "" if flow_run.id else ""
        notify.person(settings, "tonight's run would stop", "\n".join(f.message for f in found if f.severity == "block"), page)
        return Failed(message=f"{worst.check}: {worst.message}")
    return Completed(message=f"nothing stops the night; {warnings} warnings" if warnings else "all is well")
