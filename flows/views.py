"""What Prefect's UI shows of a batch besides its runs: tags, a live bar, and tables of clips, covers, findings and cost.

The server keeps each artifact whole in its database, so all of a batch's are below a megabyte together.
"""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import cv2
import httpx
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, create_table_artifact, update_progress_artifact

from flows.forms import plain
from localize import report
from localize.domain import Usage
from localize.dub.studio import DubStudio
from localize.engines import device
from localize.planning import Outcome
from localize.stages import Studio

COVERS, ACROSS = 120, 4  # of a batch are shown, 4 kB each; beside one another
WIDE = 96  # px of a cover
CELL = 300  # characters of a message in a table; the page has all of it
NARROW = 80  # of one beside other columns, which a longer one would push out of sight


def tags(studio: Studio | DubStudio, language: str) -> set[str]:
    """What a clip's task works on: `cpu`, or `gpu` where an engine's model runs on one, and `network` where an engine is a server's."""
    found = list(studio.engines_ready(language))
    on_gpu = any((getattr(e, "device", "") or device(e)).startswith("cuda") for e in found)
    return {"gpu" if on_gpu else "cpu", *(("network",) if any(e.card.remote for e in found) else ())}


class Bar:
    """How many of a batch's clips are done, live. A server that is away for a moment misses a step of it and nothing else."""

    def __init__(self, clips: int) -> None:
        self.clips, self.done = clips, 0
        self.artifact: UUID | None = None

    def show(self) -> None:
        with suppress(httpx.HTTPError):
            self.artifact = cast(UUID, create_progress_artifact(progress=0.0, key="progress", description=f"done of {self.clips} clips"))

    def advance(self) -> None:
        self.done += 1
        if self.artifact:
            with suppress(httpx.HTTPError):
                update_progress_artifact(self.artifact, progress=100.0 * self.done / self.clips)


def leave(name: str, outcomes: Sequence[Outcome]) -> None:
    """Leave what a batch's run is to show."""
    create_table_artifact(key="clips", table=clips(outcomes), description=f"Clips of {name}; those that failed come first")
    if covers := gallery(outcomes):
        create_markdown_artifact(key="gallery", markdown=covers, description=f"Covers of {name}")
    if findings := [found for o in outcomes for found in findings_of(o)]:
        create_table_artifact(key="findings", table=findings, description=f"What the checks saw in {name}")
    create_table_artifact(key="cost", table=cost(outcomes), description=f"Seconds and money of {name}")


def clips(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The table of clips, those that failed first, without the columns that are empty in all."""
    rows = [row(o) for o in sorted(outcomes, key=lambda o: not o.code)]
    filled = [column for column in (rows[0] if rows else ()) if any(r[column] for r in rows)]
    return [{column: r[column] for column in filled} for r in rows]


def row(outcome: Outcome) -> dict[str, Any]:
    """A clip's line in the table of clips, in which the UI shows plain text only."""
    findings = "; ".join(f.message for f in outcome.clip.findings) if outcome.clip else ""
    return {
        "product": outcome.sku, "language": outcome.language, "state": outcome.state, "stopped at": outcome.stage if outcome.code else "",
        "message": _short(outcome.message or findings, NARROW), "posts": " · ".join(map(report.told, outcome.receipts)),
        "seconds": round(sum(outcome.seconds.values()), 1), "model cost": report.cost(outcome.usage),
        "clip": outcome.clip.video if outcome.clip else "",
    }  # fmt: skip


def findings_of(outcome: Outcome) -> list[dict[str, str]]:
    """What the checks saw in a clip, the words' findings once though each picture of the clip has them; and why a clip stopped, where
    the table of clips has no room for all of it."""
    found = dict.fromkeys((f.severity, f.check, f.message) for f in outcome.clip.findings) if outcome.clip else {}
    said = [{"severity": s, "check": c, "product": outcome.sku, "language": outcome.language, "what": _short(m)} for s, c, m in found]
    cut = outcome.state == "failed" and len(outcome.message) > NARROW
    if cut or (outcome.state == "blocked" and not found):  # before there was a clip
        said += [
            {
                "severity": "block" if outcome.state == "blocked" else "failed", "check": outcome.stage, "product": outcome.sku,
                "language": outcome.language, "what": _short(outcome.message),
            }
        ]  # fmt: skip
    return said


def cost(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Seconds of each stage over all clips, and what models were asked for and paid, in all and by each stage."""
    seconds: Counter[str] = Counter()
    paid: defaultdict[str, Usage] = defaultdict(Usage)
    for outcome in outcomes:
        seconds.update(outcome.seconds)
        for stage, usage in outcome.paid.items():
            paid[stage] += usage
    clips = max(sum(o.state == "made" for o in outcomes), 1)
    rows = [{"what": stage, "in all": f"{s:,.1f} s", "a made clip": f"{s / clips:,.1f} s"} for stage, s in seconds.items()]
    asked = [(f"models, {stage}", usage) for stage, usage in paid.items()] + [("language models", report.total(outcomes))]
    for what, usage in asked:
        a_clip = f"${usage.cost / clips:.4f}" if usage.cost else ""
        rows.append({"what": what, "in all": report.cost(usage) or "nothing", "a made clip": a_clip})
    return rows


def gallery(outcomes: Sequence[Outcome]) -> str:
    """The clips' covers as a table in markdown, each above what it is of and links to its posts. The pictures are small and inside the
    text: a browser opens no file for a page of another address."""
    there = [o for o in outcomes if o.clip and o.state in ("made", "reused")]
    shown = [(o, picture) for o in there[:COVERS] if o.clip and (picture := thumbnail(Path(o.clip.cover)))]
    if not shown:
        return ""
    lines = ["| " * ACROSS + "|", "|---" * ACROSS + "|"]
    for start in range(0, len(shown), ACROSS):
        part = shown[start : start + ACROSS]
        lines += [_cells(f"![{plain(o.sku)} · {o.language}]({picture})" for o, picture in part), _cells(_caption(o) for o, _ in part)]
    more = [f"\nand {len(there) - COVERS} more: see the page."] if len(there) > COVERS else []
    return "\n".join([*lines, *more])


def _cells(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _caption(outcome: Outcome) -> str:
    linked = [f"[{r.channel}]({r.where})" for r in outcome.receipts if r.where.startswith(("https://", "http://"))]
    return " · ".join((plain(outcome.sku), outcome.language, *linked))


def thumbnail(cover: Path) -> str:
    """A picture as the address of a small JPEG, "" for none that can be read."""
    picture = cv2.imread(str(cover), cv2.IMREAD_COLOR)
    if picture is None:
        return ""
    height = max(1, round(picture.shape[0] * WIDE / picture.shape[1]))
    done, small = cv2.imencode(".jpg", cv2.resize(picture, (WIDE, height), interpolation=cv2.INTER_AREA), [cv2.IMWRITE_JPEG_QUALITY, 60])
    return f"data:image/jpeg;base64,{base64.b64encode(small.tobytes()).decode()}" if done else ""


def _short(text: str, most: int = CELL) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
