"""What a run leaves for people: `index.html` to look through the clips, `summary.json`, `rejects.csv`."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2

from localize import languages
from localize.assets import ASSETS
from localize.campaign import Campaign
from localize.domain import Usage
from localize.planning import Outcome, Plan
from localize.products import write_rejects


def write(campaign: Campaign, plan: Plan, outcomes: Sequence[Outcome], run: str) -> Path:
    """Write the three files into the campaign's output folder. Returns the page's path."""
    out = Path(campaign.out)
    out.mkdir(parents=True, exist_ok=True)
    write_rejects(plan.rejects, out / "rejects.csv")
    summary = summarise(campaign, plan, outcomes, run)
    _replace(out / "summary.json", json.dumps(summary, ensure_ascii=False, indent=1))
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        (ASSETS / "report" / "index.html.j2").read_text(encoding="utf-8")
    )
    clips = [_view(o, out) for o in outcomes]
    codes = dict.fromkeys(o.language for o in outcomes)
    html = page.render(
        campaign=campaign, summary=summary, clips=clips, rejects=plan.rejects, doubts=plan.doubts, warnings=plan.warnings,
        made_at=datetime.now().astimezone(),
        language_names={code: languages.get(code).name for code in codes}, channels=[c.name for c in campaign.channels],
        models=cost(total(outcomes)),
    )  # fmt: skip
    _replace(out / "index.html", html)
    return out / "index.html"


def summarise(campaign: Campaign, plan: Plan, outcomes: Sequence[Outcome], run: str) -> dict[str, Any]:
    """Counts, times and every clip's end, as plain values."""
    states = Counter(o.state for o in outcomes)
    seconds: Counter[str] = Counter()
    for o in outcomes:
        seconds.update(o.seconds)
    return {
        "campaign": campaign.name, "run": run, "rows": plan.rows, "planned": len(plan.jobs), "rejected": len(plan.rejects),
        "clips": {state: states[state] for state in ("made", "reused", "blocked", "failed")},
        "lines_spoken": sum(o.spoken for o in outcomes), "published": sum(r.state == "published" for o in outcomes for r in o.receipts),
        "seconds": {stage: round(s, 1) for stage, s in seconds.items()}, "models": total(outcomes).model_dump(mode="json"),
        "results": [o.model_dump(mode="json", exclude={"clip": {"video", "cover", "captions", "sidecar"}}) for o in outcomes],
    }  # fmt: skip


def total(outcomes: Sequence[Outcome]) -> Usage:
    """What all clips of a run asked of language models."""
    return sum((o.usage for o in outcomes), Usage())


def cost(usage: Usage) -> str:
    """What was asked of language models, in a few words: requests, tokens, and dollars where prices are known; "" if nothing."""
    if not usage.requests:
        return ""
    tokens = f"{usage.prompt_tokens:,} + {usage.completion_tokens:,} tokens"
    money = f", ${usage.cost:.4f}" if usage.cost else ""
    unknown = f", {usage.unpriced} of unknown price" if usage.unpriced else ""
    return f"{usage.requests} requests, {tokens}{money}{unknown}"


def exit_code(plan: Plan, outcomes: Sequence[Outcome]) -> int:
    """The worst code of a run: 0 all well, 2 rejected rows or wrong input, 3 not ready, 4 passing trouble, 5 blocked, 1 unfinished."""
    worst = max((o.code for o in outcomes), default=0)
    if plan.rejects:
        worst = max(worst, 2)
    return worst or (1 if len(outcomes) < len(plan.jobs) else 0)


def _view(outcome: Outcome, out: Path) -> dict[str, Any]:
    """What the page shows of a clip; its files by paths relative to the page, so that the folder can be moved."""
    published = [r for r in outcome.receipts if r.state == "published"]
    video = cover = ""
    if published:
        video = os.path.relpath(published[0].where, out)
        cover = video.removesuffix(".mp4") + ".jpg"
    elif outcome.clip:
        video, cover = os.path.relpath(outcome.clip.video, out), os.path.relpath(outcome.clip.cover, out)
    return {
        "outcome": outcome, "video": quote(video), "cover": quote(cover), "channels": [r.channel for r in published],
        "findings": outcome.clip.findings if outcome.clip else (), "duration": outcome.clip.duration if outcome.clip else 0,
        "seconds": round(sum(outcome.seconds.values()), 1), "models": cost(outcome.usage),
    }  # fmt: skip


def _replace(path: Path, text: str) -> None:
    """Write a file whole: a reader sees the old one or the new one."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
