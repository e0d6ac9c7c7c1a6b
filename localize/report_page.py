"""The morning page: how a run's clips ended, as people look them through, in one HTML file that needs no network.

What it shows is gathered here and laid out by assets/report/index.html.j2; its filters and players are assets/report/page.js.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import jinja2

from localize import languages
from localize.assets import ASSETS
from localize.budget import Spent
from localize.domain import Channel, Finding, Receipt, Usage
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.planning import Outcome
from localize.publish import s3
from localize.runs import Expected, Planned, Run, to_tick

# A clip's state, as the page says it. The last two are of clips that have no outcome (yet).
STATES = {
    "made": "made", "reused": "was there already", "blocked": "blocked", "failed": "failed", "left": "left for tomorrow",
    "reading": "waits for proofreading", "open": "not reached",
}  # fmt: skip

ORDER = ("pictures", "translate", "script", "voice", "lipsync", "clip", "checks", "publish")  # of the stages

# What to do about a clip that stopped, by its exit code.
ADVICE = {
    0: "Somebody decided so, and nothing is to be done. Who thinks otherwise approves it in the sheet, or changes its row.",
    UserError.exit_code: "Mend what it names, then retry.",
    NotReady.exit_code: "Get what is missing, as it says, then retry.",
    Transient.exit_code: "This may have passed by now: retry.",
    Blocked.exit_code: "A check or a platform stopped it: mend the text, the product or the campaign, then retry.",
}
HELD = "Nobody can tell whether the post is out: look at the platform, then say what you saw: crossreel ledger mark."
FAULT = "A fault of the program or the machine: the log says more. Retry."


@dataclass(frozen=True)
class Posted:
    """A post of a clip; `link` leads to it, "" where the page can't."""

    receipt: Receipt
    link: str


@dataclass(frozen=True)
class Card:
    """A clip as the page shows it. `video` and `cover` are addresses, "" for none; `tongue` is the title's language."""

    id: str
    sku: str
    language: str
    title: str
    tongue: str
    state: str
    expected: Expected | None = None
    outcome: Outcome | None = None
    video: str = ""
    cover: str = ""
    posts: tuple[Posted, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.outcome.clip.findings if self.outcome and self.outcome.clip else ()

    @property
    def duration(self) -> float:
        return self.outcome.clip.duration if self.outcome and self.outcome.clip else 0.0

    @property
    def stopped(self) -> bool:
        return self.state in ("blocked", "failed")

    @property
    def waits(self) -> bool:
        return any(p.receipt.state in ("planned", "processing") for p in self.posts)

    @property
    def stuck(self) -> bool:
        return any(p.receipt.state in ("failed", "held") for p in self.posts)

    @property
    def bad(self) -> bool:
        """Whether somebody should look at it."""
        return self.stopped or self.stuck or bool(self.findings)

    @property
    def seen(self) -> tuple[str, ...]:
        """What it can be found by besides its state: the checks that have something to say, and the stage that it stopped at."""
        checks = dict.fromkeys(f.check for f in self.findings)
        return (*checks, *((f"stage:{self.outcome.stage}",) if self.outcome and self.stopped else ()))


@dataclass
class Trouble:
    """Clips that stopped for one reason."""

    state: str
    stage: str
    message: str
    advice: str
    cards: list[Card] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """What a stage took in a run, in seconds: of all clips, its share of all stages', and of a clip that was made; and what it asked
    models for."""

    name: str
    seconds: float
    share: float
    each: float
    paid: Usage


@dataclass(frozen=True)
class Compared:
    """A figure of the run before and of this one. `better` is "" where nothing has become better or worse."""

    what: str
    before: str
    now: str
    change: str = ""
    better: str = ""


def render(
    planned: Planned, outcomes: Sequence[Outcome], run: Run, before: Run | None, out: Path, *, reading: Sequence[str], spent: Spent
) -> str:
    """The page as HTML text, to lie in the folder `out`. `before` is the campaign's run before this one, `reading` names the clips
    (`SKU.language`) that wait to be read over, `spent` is what the night has noted towards its budget."""
    cards = list(_cards(planned, outcomes, out, set(reading)))
    names = {code: languages.get(code).name for code in dict.fromkeys(c.language for c in cards)}
    shown = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        loader=jinja2.FileSystemLoader(ASSETS / "report"),
    )  # fmt: skip
    shown.filters |= {
        "cost": cost, "span": span, "combined": lambda one, other: one | other, "day": lambda when: f"{when.astimezone():%d %b %Y, %H:%M}",
    }  # fmt: skip
    states = Counter(c.state for c in cards)
    return shown.get_template("index.html.j2").render(
        planned=planned, campaign=planned.campaign, run=run, before=before, cards=cards, language_names=names, states=states, words=STATES,
        made_at=datetime.now().astimezone(), usage=total(outcomes), lines_spoken=sum(o.spoken for o in outcomes),
        channels=_in_use(planned.campaign.channels, cards), checks=_counted(cards, "seen"), troubles=troubles(cards), ticks=_ticks(cards),
        stages=stages(run, outcomes), compared=list(compared(run, before)) if before else [],
        fresh=_fresh(run, before), mended=_mended(cards, before), local=_is_local(run.link), spent=spent,
    )  # fmt: skip


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


def span(seconds: float) -> str:
    """A length of time as people read it: 4.2 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def troubles(cards: Sequence[Card]) -> list[Trouble]:
    """Why clips stopped: one entry a reason, the one that stopped most of them first."""
    found: dict[tuple[str, str, str], Trouble] = {}
    for card in cards:
        if card.outcome and card.stopped:
            reason = card.state, card.outcome.stage, card.outcome.message
            held = any(p.receipt.state == "held" for p in card.posts)
            advice = HELD if held else ADVICE.get(card.outcome.code, FAULT)
            found.setdefault(reason, Trouble(*reason, advice)).cards.append(card)
    return sorted(found.values(), key=lambda trouble: -len(trouble.cards))


def stages(run: Run, outcomes: Sequence[Outcome]) -> list[Stage]:
    """What each stage took, in the order in which clips go through them; an engine's own stages come last."""
    made = [o.seconds for o in outcomes if o.state == "made"]
    whole = sum(run.seconds.values()) or 1.0
    names = sorted(run.seconds, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    each = {name: sum(m.get(name, 0.0) for m in made) / len(made) if made else 0.0 for name in names}
    return [Stage(name, run.seconds[name], run.seconds[name] / whole, each[name], run.paid.get(name, Usage())) for name in names]


def compared(run: Run, before: Run) -> Iterator[Compared]:
    """The figures of a run beside those of the run before. What is zero in both is left out, but for what was made and what failed."""
    wanted = {"made": "more", "failed": "fewer", "blocked": "fewer"}
    counts = [(STATES[state], before.clips.get(state, 0), run.clips.get(state, 0), wanted.get(state, "")) for state in run.clips]
    rest = [("rows rejected", before.rejected, run.rejected, "fewer"), ("posts out", before.published, run.published, "")]
    yield Compared("clips planned", f"{before.planned:,}", f"{run.planned:,}", _change(run.planned - before.planned))
    for what, was, now, wish in (*counts, *rest):
        if was or now or what in ("made", "failed"):
            better = "" if was == now or not wish else "better" if (now > was) == (wish == "more") else "worse"
            yield Compared(what, f"{was:,}", f"{now:,}", _change(now - was), better)
    if before.pace and run.pace:
        change = run.pace / before.pace - 1
        better = "" if abs(change) < 0.1 else "better" if change < 0 else "worse"
        yield Compared("work a made clip took", span(before.pace), span(run.pace), f"{change:+.0%}" if round(change, 2) else "", better)
    if before.usage.requests or run.usage.requests:
        yield Compared("language models", _money(before.usage), _money(run.usage))


def _change(by: int) -> str:
    return f"{by:+,}" if by else ""


def _money(usage: Usage) -> str:
    return f"${usage.cost:.2f}" + (f" and {usage.unpriced:,} requests of unknown price" if usage.unpriced else "")


def _fresh(run: Run, before: Run | None) -> set[str]:
    """The clips that stopped in this run and not in the one before."""
    return set(run.trouble) - set(before.trouble) if before else set()


def _mended(cards: Sequence[Card], before: Run | None) -> list[Card]:
    """The clips that stopped in the run before and are there now."""
    return [c for c in cards if before and f"{c.sku}.{c.language}" in before.trouble and c.state in ("made", "reused")]


def _cards(planned: Planned, outcomes: Sequence[Outcome], out: Path, reading: set[str]) -> Iterator[Card]:
    """Every clip of the plan in its order, whether it has ended or not; then outcomes that the plan does not know."""
    channels = {c.name: c for c in planned.campaign.channels}
    expected = {clip.name: clip for clip in planned.clips}
    ended = {f"{o.sku}.{o.language}": o for o in outcomes}
    for n, name in enumerate(dict.fromkeys((*expected, *ended)), 1):
        clip, o = expected.get(name), ended.get(name)
        if o is None and clip:
            state = "reading" if name in reading else "open"
            yield Card(f"clip-{n}", clip.sku, clip.language, clip.title, clip.written_in, state, clip)
        elif o:
            video, cover = _played(o, out)
            tongue = clip.written_in if clip and clip.title == o.title else o.language
            posts = tuple(Posted(r, _link(r, out, channels.get(r.channel))) for r in o.receipts)
            yield Card(f"clip-{n}", o.sku, o.language, o.title, tongue, o.state, clip, o, video, cover, posts)


def _in_use(channels: Sequence[Channel], cards: Sequence[Card]) -> dict[str, int]:
    """The channels that clips have posts on, with how many."""
    counts = Counter(name for c in cards for name in {p.receipt.channel for p in c.posts})
    return {c.name: counts[c.name] for c in channels if counts[c.name]}


def _counted(cards: Sequence[Card], what: str) -> dict[str, int]:
    return dict(Counter(value for c in cards for value in getattr(c, what)).most_common())


def _ticks(cards: Sequence[Card]) -> dict[str, list[tuple[Card, Posted]]]:
    """The posts that are out and whose AI declaration a person has to make, by what is to be done: each platform has its own words."""
    todo: dict[str, list[tuple[Card, Posted]]] = {}
    for card in cards:
        for post in card.posts:
            if to_tick(post.receipt):
                todo.setdefault(post.receipt.reason, []).append((card, post))
    return todo


def _is_local(link: str) -> bool:
    """Whether an address opens on one machine only."""
    return urlsplit(link).hostname in ("127.0.0.1", "localhost", "::1")


def _played(outcome: Outcome, out: Path) -> tuple[str, str]:
    """The addresses of the video and the cover: of a copy that lies by the page, else of the store's own; "" for none."""
    for video in (r.where for r in outcome.receipts if r.where.endswith(".mp4")):
        if _lies_by(video, out):
            return _address(video, out), _address(video.removesuffix(".mp4") + ".jpg", out)
    if outcome.clip and outcome.clip.video:
        return _address(outcome.clip.video, out), _address(outcome.clip.cover, out)
    return "", ""


def _link(receipt: Receipt, out: Path, channel: Channel | None) -> str:
    """Where a post can be looked at, "" if the page can't lead there. An object that its bucket keeps to itself gets an address that
    opens for some days: made now, for this page, and kept nowhere else."""
    if receipt.where.startswith(("https://", "http://")):
        return receipt.where
    if channel and channel.kind == "s3" and receipt.where == f"s3://{channel.options.get('bucket')}/{receipt.post_id}":
        with suppress(CrossreelError, ValueError):  # this machine has no key for it, or the options are another's
            return s3.link(channel, receipt.post_id)
    return _address(receipt.where, out) if _lies_by(receipt.where, out) else ""


def _lies_by(path: str, out: Path) -> bool:
    return os.path.isfile(path) and Path(os.path.abspath(path)).is_relative_to(os.path.abspath(out))


def _address(path: str, out: Path) -> str:
    """A file as the page names it: relative to the page where it lies by it, so that the folder can be moved, else where it is on
    this machine; "" for none."""
    if not path:
        return ""
    file, folder = Path(os.path.abspath(path)), os.path.abspath(out)
    return quote(str(file.relative_to(folder))) if file.is_relative_to(folder) else file.as_uri()
