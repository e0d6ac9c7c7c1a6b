"""The batch flow: some products' clips, one task run a product and language, then their publishing.

The store is the only cache. A retried run goes through every task again and finds what is made: such a clip ends
at once as `Reused`. Every clip's outcome is noted in the store, so a killed run's report is never lost.
"""

from __future__ import annotations

import queue
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import deployment, flow_run
from prefect.states import Failed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import ValidationError

from flows import vault, views
from flows.clips import Bench, End, Made, Posted, Tried, clip, logger, publish
from flows.patience import patiently
from flows.runners import ENDED, Runner, tell_crashed
from flows.watch import Event, tell
from localize import campaign as campaigns
from localize import report, runs, work
from localize.budget import Budget
from localize.domain import Channel, Receipt, Reject, Usage
from localize.errors import CrossreelError, UserError
from localize.planning import Job, Missing, Outcome, Plan
from localize.secrecy import veiled
from localize.store import LocalStore, open_store

POSTS = 4  # of one channel at once: its account's limits, not this machine, hold up more
KEEPING = (1.0, 5.0, 15.0, 45.0)  # s between tries to note an outcome in a store that is away

Key = tuple[str, str]  # of a clip: SKU and language


@flow(name="batch", flow_run_name="{name}", persist_result=False, validate_parameters=False)
def batch(name: str, campaign: dict[str, Any], clips: list[list[str]], run: str) -> State[None] | None:
    """Make and publish some clips, given as [sku, language], of a campaign (its settings, as `Campaign.model_dump` gives them)."""
    settings = settings_of(campaign)
    vault.register()
    store = patiently(lambda: open_store(settings.store, campaigns.home()))
    wanted = {(sku, language) for sku, language in clips}
    plan = patiently(lambda: still_there(settings, sorted({sku for sku, _ in wanted})))
    jobs = [j for j in plan.jobs if (j.product.sku, j.language) in wanted]
    todo = patiently(lambda: Work(Bench(work.studio(settings, store), run), jobs))
    todo.miss(sorted(wanted - {(j.product.sku, j.language) for j in jobs}), plan.rejects)
    todo.do()
    outcomes = list(todo.outcomes.values())
    with suppress(httpx.HTTPError):  # of a server that is away for a moment: the page has all of it
        views.leave(name, outcomes)
    with suppress(CrossreelError, OSError):  # a store out of reach fails no batch that is over
        if used := Budget(settings.limits, store, run).used():  # the others' last notes among it
            logger().info("the night has used %s", used)
    if _is_by_itself():
        patiently(lambda: _finish(settings, store, run))
    if failed := [o for o in outcomes if o.code]:
        first, many = failed[0], f"{len(failed)} of {len(wanted)} clips failed"
        return Failed(message=f"{many}; {first.sku}.{first.language} at {first.stage}: {first.message}")
    return None


def _finish(settings: campaigns.Campaign, store: LocalStore, run: str) -> None:
    """What a night does at its end, where it has noted that it is one."""
    if not runs.find(store, run):
        return
    report.again(store, run)
    for said in work.finish(settings, runs.outcomes(store, run)):
        logger().warning("%s", said)


def still_there(settings: campaigns.Campaign, skus: Sequence[str]) -> Plan[Any]:
    """What the catalog has now of products, or the videos that are left of some: others may be gone since they were planned. Raises
    UserError for a catalog that can't be read."""
    try:
        return work.plan(settings, only=skus)
    except Missing as lack:
        left = [sku for sku in skus if sku not in lack.names]
        return work.plan(settings, only=left) if left else Plan((), (), (), 0)


def _is_by_itself() -> bool:
    """Whether no night waits for this run, that would write the page at its end: it is a Retry, or was started by a form. For a night's
    own batches the page would be written hundreds of times, each time from the notes of all its clips."""
    return bool(deployment.id) and ((flow_run.run_count or 0) > 1 or flow_run.parent_flow_run_id is None)


class Work:
    """A batch in hand: which clips wait, which are being made or posted, and how those that have ended did.

    As many clips are in hand as there are workers, and each is published while the next ones are made: a platform that takes its time
    holds up no clip. Nothing waits in a task runner: a burst of thousands of task runs would outrun what the server records. Clips may
    be made on a cluster; posts go out from here, where the accounts and the output folder are.

    A process that ends in the middle of a clip takes all of its pool with it, and it is not said which clip was at fault. So each of those
    in hand is made once more, alone: the one that ends its process again fails, the rest goes on."""

    def __init__(self, bench: Bench, jobs: Sequence[Job]) -> None:
        self.bench, self.jobs = bench, jobs
        self.settings, self.store = bench.studio.campaign, bench.studio.store
        self.before = _outcomes_of(self.store, bench.run, [(j.product.sku, j.language) for j in jobs])  # of a run that is tried again
        paid = {key: o.usage for key, o in self.before.items()}
        here = self.settings.limits.task_runner == "threads"  # else the processes that it starts make the clips, and count themselves
        self.budget = bench.budget = Budget(self.settings.limits, self.store, bench.run, paid, children=here)
        self.tasks = {language: clip.with_options(tags=views.tags(bench.studio, language)) for language in {j.language for j in jobs}}
        self.bar = views.Bar(len(jobs))
        self.outcomes: dict[Key, Outcome] = {}
        self.waiting, self.full = deque(jobs), ""  # why no more is made tonight
        self.suspects, self.suspected = deque[Job](), set[Key]()  # in hand when a process ended: to be made alone, and all that ever were
        self.crashed = list[UUID]()  # task runs whose process has ended
        self.broken, self.alone = False, False  # the pool of processes; whether what is in hand is a suspect
        self.made = dict[Key, Made]()
        self.ready = {channel.name: deque[Job]() for channel in self.settings.channels}  # to be posted there
        self.busy = Counter[str]()  # tasks in hand: of the clips under "", of posts under their channel's name
        self.posting = Counter[Key]()  # posts of a clip that are not done
        self.done = queue.SimpleQueue[tuple[Job, Channel | None, Any]]()

    def miss(self, clips: Sequence[Key], rejects: Sequence[Reject]) -> None:
        """Note of clips that were planned, and that the catalog doesn't have as it is now, why they are not made. One that an earlier try
        of the run has made stays as it is."""
        before = patiently(lambda: _outcomes_of(self.store, self.bench.run, clips))
        for sku, language in clips:
            first = before.get((sku, language)) or Outcome(sku=sku, language=language, title=sku, state="failed")
            if first.clip and not first.code:
                self.outcomes[sku, language] = first
            else:
                why = {"state": "failed", "code": UserError.exit_code, "stage": "plan", "message": _gone(sku, rejects, self.settings)}
                self._keep(first.model_copy(update=why))
            tell(Event("ended", f"{language} · {sku}", outcome=self.outcomes[sku, language]))

    def do(self) -> None:
        """To the end of all clips that are not left for another night. Leaving early, it waits for the clips in hand."""
        threads: Any = ThreadPoolTaskRunner(max_workers=POSTS * len(self.ready))
        with Runner(self.settings.limits) as makers, threads as posters:
            self.bar.show()
            try:
                while self._begin(makers, posters):
                    job, channel, future = self.done.get()
                    self.busy[channel.name if channel else ""] -= 1
                    end = _end(future)
                    if isinstance(end, BrokenExecutor) and self._again(job, future):
                        continue
                    self._posted(job, channel, end) if channel else self._ended(job, end)
                    if not self.posting[job.product.sku, job.language]:
                        self._over(job)
            finally:
                self.bench.over.set()
                tell_crashed(self.crashed)
                with suppress(CrossreelError, OSError):  # hours that a store out of reach did not note fail no clip
                    self.budget.close()

    def _begin(self, makers: Any, posters: Any) -> bool:
        """Hand out what there is room for. Returns whether anything is in hand."""
        self._begin_clips(makers)
        self._begin_posts(posters)
        return self.busy.total() > 0

    def _begin_clips(self, makers: Runner) -> None:
        if not self.busy[""]:
            self.alone = bool(self.suspects)
            if self.broken:
                makers.renew()
                self.broken = False
                with suppress(CrossreelError, OSError):  # what it has left half-made; else the next night does
                    self.store.sweep()
        most = 0 if self.broken else 1 if self.alone else self.settings.limits.at_once
        jobs = self.suspects if self.alone else self.waiting
        while jobs and self.busy[""] < most:
            if not self.full and (full := self.budget.left(self.busy[""])):
                if self.busy[""]:
                    return  # one in hand may turn out to have been there, and leave its room
                self.full = full  # for good: from now on clips come from the store or not at all
            job = jobs.popleft()
            before = self.before.get((job.product.sku, job.language))
            paid = before.paid if before else {}
            given = {"bench": self.bench, "job": job, "before": paid, "full": self.full, "first": Tried(before) if before else None}
            makers.submit(self.tasks[job.language], given).add_done_callback(partial(self._done, job, None))
            self.busy[""] += 1

    def _begin_posts(self, posters: Any) -> None:
        for channel in self.settings.channels:
            while self.ready[channel.name] and self.busy[channel.name] < POSTS:
                job = self.ready[channel.name].popleft()
                given = {"bench": self.bench, "job": job, "channel": channel, "made": self.made[job.product.sku, job.language]}
                posters.submit(publish, given).add_done_callback(partial(self._done, job, channel))
                self.busy[channel.name] += 1

    def _done(self, job: Job, channel: Channel | None, future: Any) -> None:
        self.done.put((job, channel, future))

    def _again(self, job: Job, future: Any) -> bool:
        """After a process that made clips has ended, whether this one, which was in hand, is made once more."""
        self.crashed.append(future.task_run_id)
        self.broken, key = True, (job.product.sku, job.language)
        if key in self.suspected:
            return False
        self.suspected.add(key)
        self.suspects.append(job)
        return True

    def _ended(self, job: Job, end: Any) -> None:
        """A clip's task has ended: its clip is ready for its channels, or it is told why there is none."""
        key = job.product.sku, job.language
        reused = isinstance(end, End) and end.reused
        if isinstance(end, End):
            self.outcomes[key] = end.outcome  # which the task has noted
            if end.script and end.outcome.clip:
                self.made[key] = Made(end.outcome.clip, end.script)
                for channel in self.settings.channels_for(*key):
                    self.ready[channel.name].append(job)
                    self.posting[key] += 1
        else:
            base: dict[str, Any] = {"sku": key[0], "language": key[1], "title": job.product.title}
            before = self.before.get(key)
            paid = self.bench.spent.get(key, before.paid if before else {})
            base |= {"usage": sum(paid.values(), Usage()), "paid": paid}
            code = getattr(end, "exit_code", CrossreelError.exit_code)
            why = str(end) if isinstance(end, CrossreelError) else f"stopped by a fault: {_told(end)}"
            self._keep(Outcome.model_validate({**base, "state": "failed", "code": code, "stage": "clip", "message": why}))
        # A clip of an earlier try was charged by that.
        self.budget.charge(self.outcomes[key].model_copy(update={"state": "reused"}) if reused else self.outcomes[key])

    def _posted(self, job: Job, channel: Channel, end: Any) -> None:
        """A post's task has ended: its receipt is noted with the clip. The worst failure is the one that the outcome tells of."""
        key = job.product.sku, job.language
        self.posting[key] -= 1
        if not isinstance(end, Posted):
            reason = f"stopped by a fault: {_told(end)}"
            receipt = Receipt(channel=channel.name, clip_key=self.made[key].clip.key, state="failed", reason=reason)
            end = Posted(receipt, CrossreelError.exit_code)
        now, failed = self.outcomes[key], end.receipt.state in ("failed", "held")
        update: dict[str, Any] = {"receipts": (*now.receipts, end.receipt)}
        if failed and end.code > now.code:
            update |= {"state": "failed", "code": end.code, "stage": "publish", "message": end.receipt.reason}
        self._keep(now.model_copy(update=update))

    def _over(self, job: Job) -> None:
        tell(Event("ended", job.name, outcome=self.outcomes[job.product.sku, job.language]))
        self.bar.advance()

    def _keep(self, outcome: Outcome) -> None:
        """Note an outcome. A store that is away for a minute is waited for: nothing else knows of it. Raises what does not pass."""
        self.outcomes[outcome.sku, outcome.language] = outcome
        patiently(lambda: self.bench.note(outcome), KEEPING)


def _end(future: Any) -> Any:
    """What a finished task gave back, or the exception that ended it."""
    try:
        return future.result(raise_on_failure=False)
    except BrokenExecutor as e:
        return e
    except Exception as e:  # noqa: BLE001  whatever a cluster could not carry there or back
        logger().exception("a task did not come to its end")
        return e


def _told(end: object) -> str:
    if isinstance(end, BrokenExecutor):
        return f"{ENDED}, twice, the second time while it made no other"
    return veiled(f"{type(end).__name__}: {end}") if isinstance(end, BaseException) else "the task did not finish"


def _gone(sku: str, rejects: Sequence[Reject], settings: campaigns.Campaign) -> str:
    """Why a product or a video that was planned can't be made any more, for a seller."""
    if not settings.dub:
        row = next((r for r in rejects if r.sku == sku), None)
        return row.told if row else "the catalog no longer has it: nothing is made of it"
    # Of a row's several videos each is called by its SKU and a number; of a video without a row the file's name is known.
    numbered = f"-{sku.rpartition('-')[2]}"
    own = [r for r in rejects if sku in ((r.sku, r.sku + numbered) if r.sku else (Path(r.value).stem,))]
    why = "; ".join(dict.fromkeys(r.reason for r in own or rejects if own or not r.sku))
    return f"the video can't be had: {why}" if own else "; ".join(filter(None, ("it is no longer among the videos to dub", why)))


def _outcomes_of(store: LocalStore, run: str, clips: Sequence[Key]) -> dict[Key, Outcome]:
    """How clips ended in earlier tries of this run."""
    noted = {key: store.noted(run, ".".join(key)) for key in clips}
    return {key: Outcome.model_validate_json(text) for key, text in noted.items() if text}


def settings_of(campaign: dict[str, Any]) -> campaigns.Campaign:
    """A campaign as a run's parameters hold it. Raises CrossreelError for what is none."""
    try:
        return campaigns.Campaign.model_validate(campaign)
    except ValidationError as e:
        raise CrossreelError(f"the campaign's settings are not valid: {e}") from e
