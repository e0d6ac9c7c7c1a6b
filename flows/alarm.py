"""What Prefect's server tells of runs that never get to their end, and so tell of nothing themselves.

`python -m flows.alarm CAMPAIGN` makes automations, and the webhook blocks that they use, for those whom the campaign's `notify` tells of
what `failed`. Made again, they are replaced.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.actions import CallWebhook
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.notify import blocks
from localize import campaign as campaigns
from localize import couriers, notices
from localize.errors import CrossreelError, NotReady, UserError
from localize.publish.accounts.grants import plain

LATE = timedelta(minutes=30)  # a worker that is busy lets runs wait for some minutes, and that is no trouble
_JSON = {"Content-Type": "application/json"}
_RUN = {"prefect.resource.id": "prefect.flow-run.*"}
_ITS = '"crossreel · " ~ flow_run.name ~ ": " ~ flow_run.state.name ~ ". " ~ flow_run.state.message'
_NIGHTLY = {"prefect.resource.role": "flow", "prefect.resource.name": "nightly"}

# By name: what sets an automation off, and the words it sends, as an expression of Jinja.
TRIGGERS = {
    "crashed": (EventTrigger(expect={"prefect.flow-run.Crashed"}, match=_RUN, posture=Posture.Reactive), _ITS),  # type: ignore[arg-type]
    # A night with failed clips is Failed, too, and tells of itself.
    "error": (
        EventTrigger(
            expect={"prefect.flow-run.Failed"},
            match=_RUN | {"prefect.state-message": "Flow run encountered an exception*"},  # type: ignore[arg-type]
            posture=Posture.Reactive,
        ),
        _ITS,
    ),
    "late": (
        EventTrigger(
            after={"prefect.flow-run.Late"}, expect={"prefect.flow-run.Running"}, match=_RUN, match_related=_NIGHTLY,  # type: ignore[arg-type]
            for_each={"prefect.resource.id"}, posture=Posture.Proactive, within=LATE,
        ),
        '"crossreel · a nightly run has waited for half an hour: is a worker running?"',
    ),
}  # fmt: skip


def make(client: SyncPrefectClient, settings: campaigns.Campaign) -> list[str]:
    """Make a campaign's automations, in place of those there are. Returns their names. Raises UserError where nobody is to be told in
    a way that Prefect knows, NotReady where an address is not known here."""
    made = list[str]()
    for number, address in _addresses(settings):
        name = f"crossreel-{plain(settings.name)}-{number}"
        block = Webhook(url=address, headers=_JSON).save(name, overwrite=True)  # type: ignore[arg-type]
        for kind, (trigger, words) in TRIGGERS.items():
            title = f"{name}: {kind}"
            for old in client.read_automations_by_name(title):
                client.delete_automation(old.id)
            action = CallWebhook(block_document_id=block, payload=_payload(address, words))  # type: ignore[arg-type]
            client.create_automation(AutomationCore(name=title, trigger=trigger, actions=[action]))
            made.append(title)
    if not made:
        raise UserError(f"the `notify` of {settings.name} tells nobody of what `failed` by a chat's robot or at an https:// address.")
    return made


def _addresses(settings: campaigns.Campaign) -> Iterator[tuple[int, str]]:
    for number, recipient in enumerate(settings.notify, 1):
        if "failed" in recipient.when:
            address = couriers.webhook(notices.address(recipient.to))
            if address:
                yield number, address


def _payload(address: str, words: str) -> str:
    """The body that a webhook takes, with the words left to be filled in by the server."""
    robot = couriers.ROBOTS.get(urlsplit(address).hostname or "")
    body = robot.body("WORDS") if robot else {"text": "WORDS"}  # which is also what Slack takes
    return json.dumps(body).replace('"WORDS"', f"{{{{ ({words}) | tojson }}}}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m flows.alarm", description="Have Prefect tell of runs that don't get to their end.")
    parser.add_argument("campaign", help="a campaign.yaml with `notify`")
    args = parser.parse_args()
    try:
        settings = campaigns.load(args.campaign)
        blocks()
        with get_client(sync_client=True) as client:
            print("\n".join(f"made the automation {name}" for name in make(client, settings)))
    except httpx.HTTPError as e:
        lack = NotReady(f"the Prefect server does not answer ({type(e).__name__}).", how="Start `make ui`, and set PREFECT_API_URL to it.")
        print(lack, file=sys.stderr)
        sys.exit(lack.exit_code)
    except CrossreelError as e:
        print(e, file=sys.stderr)
        sys.exit(e.exit_code)


if __name__ == "__main__":
    main()
