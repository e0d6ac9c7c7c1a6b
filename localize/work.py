"""What a campaign makes: clips of its catalog's products, or dubs of videos. Whoever runs one need not know which."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, cast

from localize import campaign as campaigns
from localize import planning, stages
from localize.campaign import Campaign
from localize.desk import Desk
from localize.domain import Channel, Clip, Narration, Receipt, Script
from localize.dub import jobs, joined
from localize.dub.studio import DubStudio
from localize.planning import Dub, Hold, Job, Outcome, Plan, Progress, Task
from localize.proofreading import Readable
from localize.stages import Studio
from localize.store import LocalStore, open_store


def plan(campaign: Campaign, *, only: Sequence[str] = (), limit: int = 0) -> Plan[Any]:
    """What a run will make. Raises as `planning.plan` and `jobs.plan`."""
    return jobs.plan(campaign, only=only, limit=limit) if campaign.dub else planning.plan(campaign, only=only, limit=limit)


def studio(campaign: Campaign, store: LocalStore) -> Studio | DubStudio:
    """Where it is made."""
    return DubStudio(campaign, store) if campaign.dub else Studio(campaign, store)


def desk(campaign: Campaign, store: LocalStore) -> Readable:
    """Who makes the words that people read over."""
    return DubStudio(campaign, store) if campaign.dub else Desk(campaign, store)


def readings(desk: Readable, jobs: Sequence[Task[Any]]) -> list[Task[Any]]:
    """What people read over of some jobs: of dubs also what was heard."""
    return list(desk.readings(jobs)) if isinstance(desk, DubStudio) else list(jobs)


def make(
    studio: Studio | DubStudio, job: Task[Any], progress: Progress, hold: Hold = lambda what: nullcontext()
) -> tuple[Clip, Narration, bool]:
    """Make one clip or dub through every stage up to its checks. See `stages.make`."""
    if isinstance(studio, DubStudio):
        return studio.make(cast(Dub, job), progress, hold)
    return stages.make(studio, cast(Job, job), progress, hold)


def publish(studio: Studio | DubStudio, job: Task[Any], clip: Clip, channel: Channel, said: Narration) -> Receipt:
    """Put what was made on a channel. See `Studio.publish` and `DubStudio.publish`."""
    if isinstance(studio, DubStudio):
        return studio.publish(cast(Dub, job), clip, channel, said)
    return studio.publish(cast(Job, job), clip, channel, cast(Script, said))


def finish(campaign: Campaign, outcomes: Sequence[Outcome]) -> list[str]:
    """What is left to do when all of a run has ended, and what is to be told of it: of dubs, a file with all languages. It may be done
    again at any time, as when some clips were made later: `outcomes` are the run's, of all languages of the products in it, and what is
    there already costs nothing."""
    if not campaign.dub.one_file:
        return []
    return list(joined.join(campaign, outcomes, open_store(campaign.store, campaigns.home())))
