"""A run as the terminal shows it: started, watched, stopped by Ctrl-C, told at its end."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from localize import campaign as campaigns
from localize.errors import CrossreelError
from localize.store import open_store

if TYPE_CHECKING:
    from flows.watch import Event
    from localize.campaign import Campaign
    from localize.planning import Outcome, Plan

console = Console(highlight=False)


def night(
    campaign: Path, catalog: str | None = None, codes: list[str] | None = None, only: Sequence[str] = (), limit: int = 0,
    out: str | None = None, settings: Campaign | None = None,
) -> None:  # fmt: skip
    """Run the nightly flow over a campaign here and now, and exit with its code. `settings` is the campaign as it was read, where its file
    may be another by now; then the other parameters are not asked."""
    as_read = settings
    settings = as_read or campaigns.adjusted(campaigns.load(campaign), catalog=catalog, languages=codes, out=out)
    # The terminal shows clips, not Prefect's own log; the UI keeps all of it.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    from localize import report, runs

    name = f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
    started = time.monotonic()
    with stoppable(), Screen() as screen:
        from flows import dub, leash, watch
        from flows.nightly import nightly

        leash.hold()
        leash.serve()
        watch.watchers.append(screen.on)
        if as_read:
            state: Any = dub.here(as_read, str(campaign), name)
        else:
            state = nightly(str(campaign), catalog or "", tuple(codes or ()), tuple(only), limit, out or "", run=name, return_state=True)
    if screen.plan is None:
        cause = state.result(raise_on_failure=False)
        raise cause if isinstance(cause, CrossreelError) else CrossreelError(f"the run stopped before it had planned anything: {cause}")
    store = open_store(settings.store, campaigns.home())
    outcomes, unread = runs.outcomes(store, name), set(runs.reading(store, name))
    unread -= {f"{o.sku}.{o.language}" for o in outcomes}
    _print_end(settings.out, screen.plan, outcomes, time.monotonic() - started)
    if unread:
        console.print(f"{len(unread)} clips wait to be read over: `crossreel review list`")
    if missed := len(screen.plan.jobs) - len(outcomes) - len(unread):
        console.print(f"{missed} clips were not reached: {state.message}", soft_wrap=True, markup=False)
    raise typer.Exit(report.exit_code(screen.plan, outcomes, len(unread)))


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C lets the clips in hand be finished; a second one ends the program at once. That is safe: what it had
    started ends with it, and the next run sweeps up what was half made."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
        console.print("stopping as soon as the clips in hand are done; Ctrl-C again stops at once")
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # a shell's background job is not to be stopped by Ctrl-C
        signal.signal(signal.SIGINT, stop)
    try:
        yield
    except KeyboardInterrupt:
        console.print("stopped; what was made is kept, the next run goes on from there")
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGINT, before)


class Screen:
    """A run as the terminal shows it: a bar and the clips in hand, or plain lines where there is no terminal."""

    def __init__(self) -> None:
        self.plan: Plan[Any] | None = None
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True,
            disable=not console.is_terminal,
        )  # fmt: skip
        self._all = self._bar.add_task("starting", total=None)
        self._now: dict[str, str] = {}
        self._done = 0

    def __enter__(self) -> Screen:
        self._bar.start()
        if not console.is_terminal:
            console.print("starting (the first start on a machine takes up to a minute)")
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def on(self, event: Event) -> None:
        if event.kind == "planned" and event.plan:
            self.plan = event.plan
            self._bar.update(self._all, total=len(event.plan.jobs))
            unit = event.plan.unit
            console.print(f"{event.plan.rows} {unit}s: {len(event.plan.jobs)} clips to make, {len(event.plan.rejects)} {unit}s rejected")
            print_doubts(event.plan.doubts)
        elif event.kind == "stage":
            self._now[event.name] = event.stage
        elif event.kind == "ended":
            self._now.pop(event.name, None)
            self._done += 1
            if event.outcome:
                console.print(f"{self._done:>4}/{len(self.plan.jobs) if self.plan else '?'}  {_line(event.outcome)}", soft_wrap=True)
            self._bar.update(self._all, completed=self._done)
        self._bar.update(self._all, description=escape(" | ".join(f"{n}: {s}" for n, s in list(self._now.items())[:2])) or "clips")


def _line(o: Outcome) -> str:
    if o.code:
        return f"[red]{o.state}[/red]  {o.language}  {escape(o.sku)}  {o.stage}: {escape(o.message)}"
    seconds = sum(o.seconds.values())
    if o.state == "left":
        return f"[yellow]left[/yellow]  {o.language}  {escape(o.sku)}  {escape(o.message)}"
    how = "was there already" if o.state == "reused" else f"made in {seconds:.0f} s, {o.spoken} of {o.lines} lines spoken"
    return f"[green]ok[/green]  {o.language}  {escape(o.sku)}  {how}"


def print_doubts(messages: Sequence[str]) -> None:
    for message in messages:
        console.print(f"[yellow]warning[/yellow]  {escape(message)}", soft_wrap=True)


def print_rejects(plan: Plan[Any]) -> None:
    for r in plan.rejects[:20]:
        console.print(f"[yellow]rejected[/yellow]  {escape(r.told)}", soft_wrap=True)
    if len(plan.rejects) > 20:
        console.print(f"... and {len(plan.rejects) - 20} more, all in rejects.csv")


def _print_end(out: str, plan: Plan[Any], outcomes: Sequence[Outcome], seconds: float) -> None:
    print_rejects(plan)
    states = {state: sum(o.state == state for o in outcomes) for state in ("made", "reused", "blocked", "failed", "left")}
    spoken = sum(o.spoken for o in outcomes)
    console.print(
        f"{states['made']} clips made, {states['reused']} were there already, {states['blocked']} blocked, {states['failed']} failed, "
        f"{len(plan.rejects)} {plan.unit}s rejected; {spoken} lines spoken; {seconds:.0f} s",
        soft_wrap=True,
    )
    if states["left"]:
        why = next(o.message for o in outcomes if o.state == "left")
        console.print(f"{states['left']} clips {why}", soft_wrap=True, markup=False)
    from localize import report

    if models := report.cost(report.total(outcomes)):
        console.print(f"language models: {models}", soft_wrap=True, markup=False)
    console.print(f"clips:  {out}", soft_wrap=True, markup=False)
    console.print(f"page:   {Path(out) / 'index.html'}", soft_wrap=True, markup=False)
