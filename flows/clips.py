"""The tasks of a batch: make a clip, put it on a channel.

What a task is given and gives back are plain values, so that it runs in a thread of the flow's process and on a Dask cluster alike.
What all clips share lies on a Bench, of which each process has its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.concurrency.sync import concurrency
from prefect.exceptions import MissingContextError
from prefect.runtime import task_run
from prefect.states import Completed, Failed
from prefect.tasks import exponential_backoff

from flows import lines
from flows.machine import limit_name
from flows.watch import Event, tell
from localize import campaign as campaigns
from localize import work
from localize.budget import Budget, cpu_seconds
from localize.dispatch import at_hand
from localize.domain import Channel, Clip, Narration, Receipt, Usage
from localize.dub.studio import DubStudio
from localize.errors import Blocked, CrossreelError, Left, Transient
from localize.planning import Job, Outcome, Progress
from localize.secrecy import veiled
from localize.stages import Studio
from localize.store import digest, file_digest, open_store, shut

RETRIES = 3
LEASE = 60  # s until the slot of a killed worker is free, the least that a server takes
PATIENCE = 120.0  # s: whoever asks to be left alone for longer is asked again by the next run


class Bench:
    """What the clips of a run are made on in one process. Pickled, it is the campaign's settings and the run's name: the process that
    unpickles it has a bench of its own, and keeps it for the next clip, as long as the `mark` of what it has read is the same."""

    def __init__(self, studio: Studio | DubStudio, run: str, mark: str = "") -> None:
        self.studio, self.run, self.mark = studio, run, mark or read_once(studio.campaign)
        self.over = threading.Event()  # nobody waits for a task any more
        self.cpu_before = cpu_seconds()
        self.spent: dict[tuple[str, str], dict[str, Usage]] = {}  # what models were asked for a clip by all its tries so far, by stage

    @cached_property
    def budget(self) -> Budget:
        """Of the run. A process that makes clips for a batch elsewhere counts its own hours by it."""
        return Budget(self.studio.campaign.limits, self.studio.store, self.run, before=self.cpu_before)

    def __reduce__(self) -> tuple[Any, ...]:
        return bench, (self.studio.campaign.model_dump_json(), self.run, self.mark)

    def note(self, outcome: Outcome) -> None:
        self.studio.store.note(self.run, f"{outcome.sku}.{outcome.language}", outcome.model_dump_json())

    @contextmanager
    def hold(self, what: str) -> Iterator[None]:
        """Hold a slot of this machine's limit on something scarce, and of the fleet's, where there are such limits. Raises Transient
        while the server that keeps them is away."""
        with ExitStack() as held:
            try:
                held.enter_context(concurrency([limit_name(what), what], occupy=1, strict=False, lease_duration=LEASE))
            except httpx.HTTPError as e:
                raise Transient(f"the Prefect server, which keeps the limit on {what}, does not answer: {type(e).__name__}.") from e
            began = time.monotonic()
            try:
                yield
            finally:
                if what == "gpu":
                    self.budget.gpu(time.monotonic() - began)


def read_once(campaign: campaigns.Campaign) -> str:
    """A hash of the files that a studio reads only once. Where a Retry follows on a correction in one, whoever has read it must again."""
    named = (campaign.glossary, campaign.pronunciation, campaign.review.file)
    files = (*campaign.memories(), campaign.rates_file(), *map(Path, named))
    return digest([file_digest(file) for file in files if file.is_file()])


_making = threading.Lock()


def bench(settings: str, run: str, mark: str) -> Bench:
    """This process's bench for a campaign (its settings as JSON), a run, and the files as they are now."""
    with _making:  # a cluster's worker may be given several clips at once
        return _bench(settings, run, mark)


@lru_cache(maxsize=2)
def _bench(settings: str, run: str, mark: str) -> Bench:
    campaign = campaigns.Campaign.model_validate_json(settings)
    return Bench(work.studio(campaign, open_store(campaign.store, campaigns.home())), run, mark)


class End(NamedTuple):
    """How a clip's task ended: what is noted of the clip, the script of one that may be published, and whether the store had it."""

    outcome: Outcome
    script: Narration | None = None
    reused: bool = False


class Posted(NamedTuple):
    """How a post's task ended: the channel's receipt, and the exit code that it has alone."""

    receipt: Receipt
    code: int = 0


class Tried:
    """How a clip ended when its run was tried before. A plain object, as Made is."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class Made:
    """A finished clip with its script. A plain object: Prefect looks into models and tuples for futures."""

    def __init__(self, clip: Clip, script: Narration) -> None:
        self.clip, self.script = clip, script


def is_transient(task: Any, run: Any, state: State[Any]) -> bool:
    """Only trouble that may pass is tried again; the same wrong input would fail again."""
    return isinstance(state.result(raise_on_failure=False), Transient)


# The pauses are longer together than a store or a server that is started again is away: 10 s, 20 s, 40 s.
@task(
    task_run_name="clip · {job.language} · {job.product.sku}", retries=RETRIES, retry_delay_seconds=exponential_backoff(backoff_factor=10),
    retry_jitter_factor=0.5, retry_condition_fn=is_transient, cache_policy=NO_CACHE, persist_result=False, tags=["cpu"],
)  # fmt: skip
def clip(bench: Bench, job: Job, before: Mapping[str, Usage], full: str = "", first: Tried | None = None) -> State[End]:
    """Make one clip, for which models were asked for as much `before`, by stage. The state's message says what came out, or the stage
    and the cause in a seller's words; its data is an End. Where the night is `full` (why), a clip that is not in the store is left.
    `first` is how it ended in an earlier try of the run."""
    key = job.product.sku, job.language
    progress = Progress(partial(_begin, job), paid=dict(bench.spent.get(key, before)))
    with lines.about(*key, run=bench.run):
        try:
            with shut(full):
                return _made(bench, job, progress, first)
        except Left as e:
            left = _outcome(job, progress, state="left", stage="", message=f"left for tomorrow: {e}")
            bench.note(left)
            return Completed(name="Left", message=left.message, data=End(left))
        except Transient as e:
            failed = _failed(bench, _outcome(job, progress, state="failed", code=e.exit_code, message=str(e)))
            if _is_long(e) or not _is_tried_again():
                return failed
            _wait(bench, e)
            raise
        except CrossreelError as e:
            state = "blocked" if isinstance(e, Blocked) else "failed"
            return _failed(bench, _outcome(job, progress, state=state, code=e.exit_code, message=str(e)))
        except (Exception, SystemExit) as e:  # noqa: BLE001  nothing that was foreseen: it stops this clip and no other; nor does a library's exit
            logger().exception("a fault")
            why = veiled(f"stopped by a fault: {type(e).__name__}: {e}")  # others' words, which may hold an address with a token
            return _failed(bench, _outcome(job, progress, state="failed", code=CrossreelError.exit_code, message=why))
        finally:  # what was paid for counts after a fault that nobody foresaw, too
            bench.spent[key] = progress.paid
            bench.budget.cpu()


def _begin(job: Job, stage: str) -> None:
    """A clip's stage begins."""
    lines.stage(stage)
    logger().info("begins")
    tell(Event("stage", job.name, stage))


def _made(bench: Bench, job: Job, progress: Progress, first: Tried | None) -> State[End]:
    made, script, reused = work.make(bench.studio, job, progress, bench.hold)
    if made.stopped:
        progress.at = "checks"
        why = " ".join(f.message for f in made.stopped)
        return _failed(bench, _outcome(job, progress, state="blocked", code=Blocked.exit_code, message=why, clip=made))
    spoken = progress.made["voice"]
    outcome = _outcome(
        job, progress, state="reused" if reused else "made", clip=made, spoken=spoken, lines=len(script.lines), new=not reused,
        engines=bench.studio.engines_used(job.language, progress.origins), title=script.text.title,
    )  # fmt: skip
    if reused and first and first.outcome.new:  # it is this run's work all the same
        kept = {name: getattr(first.outcome, name) for name in ("new", "spoken", "seconds")}
        outcome = outcome.model_copy(update={"state": "made", **kept})
    bench.note(outcome)
    if reused:
        return Completed(name="Reused", message="the store had it", data=End(outcome, script, reused))
    return Completed(message=f"{made.duration:.1f} s, {spoken} of {len(script.lines)} lines spoken", data=End(outcome, script))


def _failed(bench: Bench, outcome: Outcome) -> State[End]:
    bench.note(outcome)
    return Failed(message=f"{outcome.stage}: {outcome.message}", data=End(outcome))


@task(
    task_run_name="publish · {channel.name} · {job.product.sku}.{job.language}", retries=RETRIES,
    retry_delay_seconds=exponential_backoff(backoff_factor=10), retry_condition_fn=is_transient, cache_policy=NO_CACHE,
    persist_result=False, tags=["publish"],
)  # fmt: skip
def publish(bench: Bench, job: Job, channel: Channel, made: Made) -> State[Posted]:
    """Put a finished clip on one channel. The state's data is a Posted."""
    with lines.about(job.product.sku, job.language, run=bench.run):
        lines.stage("publish")
        try:
            return ended(work.publish(bench.studio, job, at_hand(made.clip, bench.studio.store), channel, made.script))
        except Transient as e:
            planned = Receipt(channel=channel.name, clip_key=made.clip.key, state="planned", reason=str(e))
            if _is_long(e):
                return ended(planned)
            if not _is_tried_again():
                return ended(planned.model_copy(update={"state": "failed"}), e.exit_code)
            _wait(bench, e)
            raise
        except CrossreelError as e:
            failed = Receipt(channel=channel.name, clip_key=made.clip.key, state="failed", reason=str(e))
            return ended(failed, e.exit_code)


def ended(receipt: Receipt, code: int = Blocked.exit_code) -> State[Posted]:
    """How a post's task ends: what waits or is being worked on is no failure, what needs a person is, with that exit code."""
    if receipt.state in ("failed", "held"):
        return Failed(name=receipt.state.capitalize(), message=f"publish: {receipt.reason}", data=Posted(receipt, code))
    if receipt.state == "published":
        return Completed(message="; ".join(filter(None, (receipt.where, receipt.reason))), data=Posted(receipt))
    return Completed(name=receipt.state.capitalize(), message=receipt.reason, data=Posted(receipt))


def _is_long(trouble: Transient) -> bool:
    """Whether the other side asked for a longer pause than a task makes."""
    return (trouble.retry_after or 0.0) > PATIENCE


def _wait(bench: Bench, trouble: Transient) -> None:
    """Wait as long as the other side asked for: Prefect's own delay can't be set for one failure, and comes on top."""
    if trouble.retry_after:
        bench.over.wait(trouble.retry_after)


def _is_tried_again() -> bool:
    """Whether another try follows a failure of this one."""
    return (task_run.run_count or 0) <= RETRIES


def _outcome(job: Job, progress: Progress, **facts: Any) -> Outcome:
    known = {
        "sku": job.product.sku, "language": job.language, "title": job.product.title, "stage": progress.at,
        "seconds": dict(progress.seconds), "keys": tuple(progress.keys), "usage": progress.usage,
        "paid": dict(progress.paid),
    }  # fmt: skip
    return Outcome.model_validate(known | facts)


def logger() -> Any:
    try:
        return get_run_logger()
    except MissingContextError:  # called as a plain function, in a test
        return logging.getLogger("crossreel")
