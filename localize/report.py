"""What a run leaves for people: `index.html` to look through the clips and their posts, `summary.json`, `rejects.csv`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localize import budget, report_page, runs
from localize.budget import Spent
from localize.domain import Receipt
from localize.planning import Outcome, Plan
from localize.products import write_rejects
from localize.report_page import cost as cost
from localize.report_page import total as total
from localize.runs import Planned, Run
from localize.store import LocalStore


def again(store: LocalStore, run: str, out: str | Path = "") -> Path:
    """Write a run's three files from its notes alone, into the campaign's output folder or another. Returns the page's path.

    It may be called while the run goes on, and by several at once. Raises UserError for a run that the store does not know."""
    planned = runs.planned(store, run)
    ended = runs.outcomes(store, run, planned)
    counted = runs.count(store, run, ended)
    earlier = runs.latest(store, counted.campaign, before=run)
    before = runs.find(store, earlier) if earlier else None
    return write(planned, ended, counted, before, out=out, reading=runs.reading(store, run), spent=budget.spent(store, run))


def write(
    planned: Planned, outcomes: Sequence[Outcome], run: Run, before: Run | None = None, *, out: str | Path = "",
    reading: Sequence[str] = (), spent: Spent | None = None,
) -> Path:  # fmt: skip
    """Write the three files. Returns the page's path."""
    folder = Path(out or planned.campaign.out)
    folder.mkdir(parents=True, exist_ok=True)
    page = report_page.render(planned, outcomes, run, before, folder, reading=reading, spent=spent or Spent())
    write_rejects(planned.rejects, folder / "rejects.csv")
    _replace(folder / "summary.json", json.dumps(summarise(planned, outcomes, run), ensure_ascii=False, indent=1))
    _replace(folder / "index.html", page)
    return folder / "index.html"


def summarise(planned: Planned, outcomes: Sequence[Outcome], run: Run) -> dict[str, Any]:
    """Counts, times and every clip's end, as plain values."""
    return {
        "campaign": run.campaign, "run": run.id, "began": run.began.isoformat(timespec="seconds"), "rows": planned.rows,
        "planned": len(planned.clips), "rejected": len(planned.rejects), "clips": run.clips,
        "lines_spoken": sum(o.spoken for o in outcomes), "published": run.published, "seconds": run.seconds,
        "models": total(outcomes).model_dump(mode="json"),
        "results": [o.model_dump(mode="json", exclude={"clip": {"video", "cover", "captions", "sidecar"}}) for o in outcomes],
    }  # fmt: skip


def counts(run: Run) -> str:
    """A run in a line: what became of its clips and rows, and what a clip took."""
    if not run.counted:
        return f"{run.planned:,} clips planned, not counted yet"
    n = run.clips.get
    parts = [
        f"{n('made', 0):,} made",
        f"{n('reused', 0):,} were there already",
        f"{n('blocked', 0):,} blocked",
        f"{n('failed', 0):,} failed",
    ]
    parts += [f"{n('left', 0):,} left for tomorrow"] if n("left") else []
    parts += [f"{run.planned - sum(run.clips.values()):,} not there yet"] if not run.whole else []
    parts += [f"{run.rejected:,} {'row' if run.rejected == 1 else 'rows'} rejected"] if run.rejected else []
    parts += [f"{run.pace:.0f} s of work a clip"] if run.pace else []
    parts += [f"${run.usage.cost:.2f} for models"] if run.usage.cost else []
    return f"{run.planned:,} clips: {', '.join(parts)}"


def told(receipt: Receipt) -> str:
    """A receipt in a line: channel, state, where the post is, why it is not further or what is left to do."""
    return ", ".join(filter(None, (f"{receipt.channel}: {receipt.state}", receipt.where, receipt.reason)))


def exit_code(plan: Plan[Any], outcomes: Sequence[Outcome], unread: int = 0) -> int:
    """The worst code of a run: 0 all well, 2 rejected rows or wrong input, 3 not ready, 4 passing trouble, 5 blocked, 1 unfinished.
    `unread` clips wait for people, and are not begun for that alone."""
    worst = max((o.code for o in outcomes), default=0)
    if plan.rejects:
        worst = max(worst, 2)
    return worst or (1 if len(outcomes) + unread < len(plan.jobs) else 0)


def _replace(path: Path, text: str) -> None:
    """Write a file whole: a reader sees the old one or the new one, whoever else writes it."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
