"""The batch flow: some products' clips, one task run a product and language, then their publishing.

The store is the only cache. A retried run goes through every task again and finds what is made: such a clip ends
at once as `Reused`. Every clip's outcome is noted in the store, so a killed run's report is never lost.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from functools import partial
from typing import Any, cast
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.concurrency.sync import concurrency
from prefect.exceptions import MissingContextError
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import exponential_backoff
from pydantic import ValidationError

from flows.watch import Event, tell
from localize import campaign as campaigns
from localize import planning, report, stages
from localize.domain import Channel, Clip, Receipt, Script, Usage
from localize.errors import Blocked, CrossreelError, Transient
from localize.planning import Job, Outcome, Progress
from localize.stages import Studio
from localize.store import open_store

# Never the bottleneck: `_work` hands out no more clips than the campaign's workers.
THREADS: Any = ThreadPoolTaskRunner(max_workers=64)


class Bench:
    """What the tasks of a batch work on. A plain object: Prefect looks into models and dataclasses for futures."""

    def __init__(self, studio: Studio, jobs: list[Job], run: str) -> None:
        self.studio, self.run = studio, run
        self.jobs = {(j.product.sku, j.language): j for j in jobs}
        self.outcomes: dict[tuple[str, str], Outcome] = {}
        self.ready: dict[tuple[str, str], tuple[Clip, Script]] = {}
        # What models were asked for a clip by all its tries so far. A run that is tried again has its notes of before.
        notes = studio.store.notes(run)
        known = {key: notes[name] for key in self.jobs if (name := ".".join(key)) in notes}
        self.spent: dict[tuple[str, str], Usage] = {key: Outcome.model_validate_json(text).usage for key, text in known.items()}
        self._lock = threading.Lock()

    def note(self, outcome: Outcome) -> None:
        # The store first: what a full disk refused to keep does not count as noted.
        self.studio.store.note(self.run, f"{outcome.sku}.{outcome.language}", outcome.model_dump_json())
        self.outcomes[outcome.sku, outcome.language] = outcome

    def receive(self, sku: str, language: str, receipt: Receipt, code: int = 0) -> None:
        """Note a channel's receipt, with the exit code of one that failed. A clip's channels are published side by side: the
        receipt is added to the outcome as it is now, and the worst failure is the one that the outcome tells of."""
        with self._lock:
            now = self.outcomes[sku, language]
            update: dict[str, Any] = {"receipts": (*now.receipts, receipt)}
            if code > now.code:
                update |= {"state": "failed", "code": code, "stage": "publish", "message": receipt.reason}
            self.note(now.model_copy(update=update))


def is_transient(task: Any, run: Any, state: State[Any]) -> bool:
    """Only trouble that may pass is tried again; the same wrong input would fail again."""
    return isinstance(state.result(raise_on_failure=False), Transient)


@task(
    task_run_name="clip · {language} · {sku}", retries=3, retry_delay_seconds=exponential_backoff(backoff_factor=5),
    retry_jitter_factor=0.5, retry_condition_fn=is_transient, cache_policy=NO_CACHE, persist_result=False, tags=["cpu"],
)  # fmt: skip
def clip(bench: Bench, sku: str, language: str) -> State[None]:
    """Make one clip. Its state's message says what came out, or the stage and the cause in a seller's words."""
    job, log = bench.jobs[sku, language], _logger()

    def at(stage: str) -> None:
        log.info("%s: %s", job.name, stage)
        tell(Event("stage", job.name, stage))

    progress = Progress(at, usage=bench.spent.get((sku, language), Usage()))
    bench.outcomes.pop((sku, language), None)  # how an earlier try ended is not how this one ends
    base = {"sku": sku, "language": language, "title": job.product.title}
    try:
        made, script, reused = stages.make(bench.studio, job, progress, hold=lambda what: concurrency(what, occupy=1, strict=False))
        if made.stopped:
            progress.at = "checks"
            messages = tuple(f.message for f in made.stopped)
            bench.note(_outcome(base, progress, state="blocked", code=Blocked.exit_code, message=" ".join(messages), clip=made))
            return Failed(message=f"checks: {' '.join(messages)}")
    except Transient as e:
        bench.note(_outcome(base, progress, state="failed", code=e.exit_code, message=str(e)))
        raise
    except CrossreelError as e:
        state = "blocked" if isinstance(e, Blocked) else "failed"
        bench.note(_outcome(base, progress, state=state, code=e.exit_code, message=str(e)))
        return Failed(message=f"{progress.at}: {e}")
    finally:  # what was paid for counts after a fault that nobody foresaw, too
        bench.spent[sku, language] = progress.usage
    bench.ready[sku, language] = (made, script)
    spoken = progress.made["voice"]
    bench.note(
        _outcome(
            base, progress, state="reused" if reused else "made", clip=made, spoken=spoken, lines=len(script.lines),
            engines=bench.studio.engines_used(language, progress.origins), title=script.text.title,
        )
    )  # fmt: skip
    if reused:
        return Completed(name="Reused", message="the store had it")
    return Completed(message=f"{made.duration:.1f} s, {spoken} of {len(script.lines)} lines spoken")


@task(
    task_run_name="publish · {channel.name} · {sku}.{language}", retries=3, retry_delay_seconds=exponential_backoff(backoff_factor=5),
    retry_condition_fn=is_transient, cache_policy=NO_CACHE, persist_result=False, tags=["publish"],
)  # fmt: skip
def publish(bench: Bench, channel: Channel, sku: str, language: str) -> State[None]:
    """Put a finished clip on one channel."""
    made, script = bench.ready[sku, language]
    try:
        receipt = bench.studio.publish(bench.jobs[sku, language], made, channel, script)
    except Transient:
        raise
    except CrossreelError as e:
        failed = Receipt(channel=channel.name, clip_key=made.key, state="failed", reason=str(e))
        bench.receive(sku, language, failed, e.exit_code)
        return Failed(message=f"publish: {e}")
    bench.receive(sku, language, receipt)
    return Completed(message=receipt.where)


@flow(name="batch", flow_run_name="{name}", persist_result=False, validate_parameters=False, task_runner=THREADS)
def batch(name: str, campaign: dict[str, Any], clips: list[list[str]], run: str) -> State[None] | None:
    """Make and publish some clips, given as [sku, language], of a campaign (its settings, as `Campaign.model_dump` gives them)."""
    settings = _settings(campaign)
    store = open_store(settings.store, campaigns.home())
    wanted = {(sku, language) for sku, language in clips}
    planned = planning.plan(settings, only=sorted({sku for sku, _ in wanted})).jobs
    jobs = [j for j in planned if (j.product.sku, j.language) in wanted]
    bench = Bench(Studio(settings, store), jobs, run)
    _work(bench, jobs, settings)
    create_table_artifact(key="clips", table=[_row(o) for o in bench.outcomes.values()], description=f"Clips of {name}")
    failed = [o for o in bench.outcomes.values() if o.code]
    if failed:
        first = failed[0]
        return Failed(message=f"{len(failed)} of {len(jobs)} clips failed; {first.sku}.{first.language} at {first.stage}: {first.message}")
    return None


def _work(bench: Bench, jobs: list[Job], settings: campaigns.Campaign) -> None:
    """Keep as many clips in hand as there are workers, publishing each as it is ready. Nothing waits in the task
    runner: a burst of thousands of task runs would outrun what the server records."""
    bar = cast(UUID, create_progress_artifact(progress=0.0, key="progress", description="clips done"))
    waiting, done = deque(jobs), queue.SimpleQueue[tuple[Job, Any]]()
    running = 0
    ended = 0
    while waiting or running:
        while waiting and running < settings.limits.workers:
            job = waiting.popleft()
            future = clip.submit(bench, job.product.sku, job.language)
            future.add_done_callback(partial(_ended, done, job))
            running += 1
        job, state = done.get()
        running -= 1
        ended += 1
        key = job.product.sku, job.language
        if key not in bench.outcomes:  # nothing that was foreseen: a fault in the program or the machine
            why = f"stopped by a fault: {state.message if state else 'the task did not finish'}"
            fault = Outcome(sku=key[0], language=key[1], title=job.product.title, state="failed", code=1, stage="clip", message=why)
            bench.note(fault.model_copy(update={"usage": bench.spent.get(key, Usage())}))
        if key in bench.ready:
            posts = [(channel, publish.submit(bench, channel, *key)) for channel in settings.channels_for(*key)]
            for channel, post in posts:
                post.wait()
                _note_unforeseen(bench, channel, *key, post.state)
        tell(Event("ended", job.name, outcome=bench.outcomes.get(key)))
        update_progress_artifact(bar, progress=100.0 * ended / len(jobs))


def _ended(done: queue.SimpleQueue[tuple[Job, Any]], job: Job, future: Any) -> None:
    future.wait()  # takes the state from the finished task; unasked, the future would ask the server, which is behind
    done.put((job, future.state))


def _note_unforeseen(bench: Bench, channel: Channel, sku: str, language: str, state: State[Any] | None) -> None:
    """Note a publish that ended without a receipt: passing trouble that did not pass, or a fault nobody foresaw (a full disk)."""
    if any(r.channel == channel.name for r in bench.outcomes[sku, language].receipts):
        return
    cause = state.result(raise_on_failure=False) if state else None
    why = (state.message if state else "") or "the task did not finish"
    failed = Receipt(channel=channel.name, clip_key=bench.ready[sku, language][0].key, state="failed", reason=why)
    bench.receive(sku, language, failed, Transient.exit_code if isinstance(cause, Transient) else 1)


def _settings(campaign: dict[str, Any]) -> campaigns.Campaign:
    try:
        return campaigns.Campaign.model_validate(campaign)
    except ValidationError as e:
        raise CrossreelError(f"the campaign's settings are not valid: {e}") from e


def _outcome(base: dict[str, str], progress: Progress, **facts: Any) -> Outcome:
    known = base | {
        "stage": progress.at, "seconds": dict(progress.seconds), "keys": tuple(progress.keys), "usage": progress.usage,
    } | facts  # fmt: skip
    return Outcome.model_validate(known)


def _row(outcome: Outcome) -> dict[str, Any]:
    findings = "; ".join(f.message for f in outcome.clip.findings) if outcome.clip else ""
    return {
        "product": outcome.sku, "language": outcome.language, "state": outcome.state, "stage": outcome.stage,
        "message": outcome.message or findings, "model cost": report.cost(outcome.usage),
        "seconds": round(sum(outcome.seconds.values()), 1),
        "file": outcome.receipts[0].where if outcome.receipts else "",
    }  # fmt: skip


def _logger() -> Any:
    try:
        return get_run_logger()
    except MissingContextError:  # called as a plain function, in a test
        import logging

        return logging.getLogger("crossreel")
