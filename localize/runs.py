"""What a run notes of itself in the store besides its clips' outcomes, and how to find the runs again.

`plan` holds what the page needs of the plan and the campaign, `run` the run in figures, so that a list of runs reads one small note
of each, `reading` the clips that wait to be read over. None has a dot in its name, as every clip's note (`SKU.language`) has.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from localize.campaign import Campaign
from localize.domain import Finding, Model, Receipt, Reject, Usage
from localize.dub import sources as videos
from localize.errors import UserError
from localize.mistakes import hint
from localize.planning import Job, Outcome, Plan
from localize.products import sources
from localize.store import LocalStore, digest

PLAN, RUN, READING = "plan", "run", "reading"  # the notes' names
STATES = ("made", "reused", "blocked", "failed", "left")  # of a clip, in the order in which they are told


class Expected(Model):
    """A clip that is to be. `title` is the catalog's, in the language `written_in`."""

    sku: str
    language: str
    title: str
    written_in: str = ""

    @property
    def name(self) -> str:
        return f"{self.sku}.{self.language}"


class Planned(Model):
    """A plan as it is noted: the clips in their order, and what is told of the catalog's rows. `campaign` holds no secret."""

    campaign: Campaign
    clips: tuple[Expected, ...]
    rows: int = 0
    rejects: tuple[Reject, ...] = ()
    warnings: tuple[Finding, ...] = ()
    doubts: tuple[str, ...] = ()
    unit: Literal["row", "video"] = "row"

    @classmethod
    def of(cls, settings: Campaign, plan: Plan[Any]) -> Planned:
        # An address may have a password or a token in it, and no page needs it.
        shown = {name: sources.shown(getattr(settings, name)) for name in ("catalog", "pictures") if getattr(settings, name)}
        dub = settings.dub.model_copy(update={"videos": tuple(map(videos.shown, settings.dub.videos))})
        clips = tuple(
            Expected(sku=j.product.sku, language=j.language, title=j.product.title, written_in=j.product.language) for j in plan.jobs
        )
        return cls(
            campaign=settings.model_copy(update={**shown, "dub": dub}), clips=clips, rows=plan.rows, rejects=plan.rejects,
            warnings=plan.warnings, doubts=plan.doubts, unit=plan.unit,
        )  # fmt: skip


class Run(Model):
    """A run in figures, as far as they were last counted (`counted`; None: never yet).

    `file` is the campaign's path, `out` the folder of the page, `link` the run's address in Prefect's UI ("" without one). `clips`
    counts outcomes by state, `ticks` posts whose AI declaration a person has to make; `seconds` sums them by stage, `making` is the
    part of them that went into made clips; `usage` is what models were asked for, `paid` the same by stage; `trouble` says of each clip
    that failed or was blocked where and why."""

    id: str
    campaign: str
    file: str
    out: str
    began: datetime
    link: str = ""
    planned: int = 0
    rejected: int = 0
    counted: datetime | None = None
    clips: dict[str, int] = Field(default_factory=dict)
    published: int = 0
    ticks: int = 0
    seconds: dict[str, float] = Field(default_factory=dict)
    making: float = 0.0
    usage: Usage = Usage()
    paid: dict[str, Usage] = Field(default_factory=dict)
    trouble: dict[str, str] = Field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every clip of the plan has ended."""
        return sum(self.clips.values()) >= self.planned

    @property
    def pace(self) -> float:
        """Seconds of work a made clip took, over all stages; 0 if none was made."""
        made = self.clips.get("made", 0)
        return self.making / made if made else 0.0


def begin(store: LocalStore, run: str, settings: Campaign, plan: Plan[Any], file: str | Path, *, link: str = "") -> None:
    """Note what a run is going to do. One that goes on after a stop keeps the time at which it began."""
    planned, known = Planned.of(settings, plan), find(store, run)
    now = Run(
        id=run, campaign=settings.name, file=str(Path(file).resolve()), out=settings.out, began=datetime.now().astimezone(), link=link,
        planned=len(planned.clips), rejected=len(planned.rejects),
    )  # fmt: skip
    if known:
        again = ("campaign", "file", "out", "planned", "rejected")  # a mended campaign or catalog plans anew
        now = known.model_copy(update={name: getattr(now, name) for name in again} | {"link": link or known.link})
    store.note(run, PLAN, planned.model_dump_json())
    store.note(run, RUN, now.model_dump_json())


def find(store: LocalStore, run: str) -> Run | None:
    """A run in figures; None for one that noted nothing of itself. Raises UserError for one that this version does not understand."""
    text = store.noted(run, RUN)
    return _understood(Run, text, run) if text else None


def planned(store: LocalStore, run: str) -> Planned:
    """What a run was to do. Raises UserError for one that noted no plan, or one this version does not understand."""
    text = store.noted(run, PLAN)
    if not text:
        raise UserError(f"the store has no plan of a run {run!r}.")
    return _understood(Planned, text, run)


Noted = TypeVar("Noted", bound=Model)


def _understood(kind: type[Noted], text: str, run: str) -> Noted:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, e["loc"][:3])) for e in error.errors()}))
        raise UserError(f"the run {run!r} was noted by another version of crossreel ({fields}): open the page that it wrote.") from error


def outcomes(store: LocalStore, run: str, of: Planned | None = None) -> list[Outcome]:
    """How the clips of a run's plan ended, in the plan's order; those that have not ended are not there. `of` is the plan, if known.
    Raises UserError as `planned` does."""
    noted, clips = store.notes(run), (of or planned(store, run)).clips
    asked = Reading.of(noted.get(READING))
    return [_understood(Outcome, noted[clip.name], run) for clip in clips if clip.name in noted and asked.ended(clip.name, noted)]


def progress(store: LocalStore, run: str) -> tuple[int, int]:
    """How many clips of a run that may still go on have ended, and how many wait to be read over."""
    ended = {f"{o.sku}.{o.language}" for o in outcomes(store, run)}
    return len(ended), len(set(reading(store, run)) - ended)


class Reading(Model):
    """What is noted of the clips that wait to be read over: their names (`SKU.language`), the `keys` of the artifacts whose words are
    read, which `store gc` leaves, and a digest of what was noted of each clip `before`, by a try of the run that had it read in vain."""

    clips: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    before: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def of(cls, text: str | None) -> Reading:
        return cls.model_validate_json(text) if text else cls()

    def ended(self, clip: str, noted: Mapping[str, str]) -> bool:
        """Whether what is noted of a clip is how it ended, or did so before people were asked again."""
        return clip in noted and self.before.get(clip) != digest(noted[clip])


def wait_for_reading(store: LocalStore, run: str, jobs: Sequence[Job], keys: Collection[str] = ()) -> None:
    """Note the clips that are not begun before somebody has read their texts over, and the `keys` of what these were read from. How one
    of them had ended in an earlier try of the run does not count any more."""
    names, noted = [f"{j.product.sku}.{j.language}" for j in jobs], store.notes(run)
    asked = Reading(clips=tuple(names), keys=tuple(sorted(keys)), before={name: digest(noted[name]) for name in names if name in noted})
    store.note(run, READING, asked.model_dump_json())


def keep_for_reading(store: LocalStore, run: str, form: str, keys: Collection[str]) -> None:
    """Note what a form (its run's id) shows that was made after the run had begun to wait, for `store gc` to leave."""
    store.note(run, f"{READING}-{form}", json.dumps({"keys": sorted(keys)}))


def reading(store: LocalStore, run: str) -> tuple[str, ...]:
    """The names (`SKU.language`) of the clips that waited to be read over; those of them that have an outcome do no more."""
    return Reading.of(store.noted(run, READING)).clips


def waits(store: LocalStore, run: str, clips: Collection[str]) -> set[str]:
    """Those of some clips, by their names, that still wait to be read over in a run."""
    asked = Reading.of(store.noted(run, READING))
    noted = {clip: text for clip in clips if clip in asked.clips and (text := store.noted(run, clip))}
    return {clip for clip in clips if clip in asked.clips and not asked.ended(clip, noted)}


def has_made(store: LocalStore, run: str) -> set[str]:
    """The names of the clips that a run, or a try of it, has made or found, and that did not fail in the end."""
    ends = [_understood(Outcome, text, run) for name, text in store.notes(run).items() if "." in name]
    return {f"{o.sku}.{o.language}" for o in ends if o.clip and not o.code}


def to_tick(receipt: Receipt) -> bool:
    """Whether a post is out and its AI declaration is left for a person to make on the platform."""
    return receipt.state == "published" and "declaration" in receipt.reason


def figures(run: Run, ended: Sequence[Outcome]) -> Run:
    """The run in figures by how its clips ended."""
    states, seconds = Counter[str](o.state for o in ended), Counter[str]()
    for outcome in ended:
        seconds.update(outcome.seconds)
    paid: dict[str, Usage] = {}
    for stage, usage in ((stage, usage) for outcome in ended for stage, usage in outcome.paid.items()):
        paid[stage] = paid.get(stage, Usage()) + usage
    receipts = [receipt for outcome in ended for receipt in outcome.receipts]
    return run.model_copy(
        update={
            "clips": {state: states[state] for state in STATES}, "seconds": {stage: round(s, 1) for stage, s in seconds.items()},
            "making": round(sum(sum(o.seconds.values()) for o in ended if o.state == "made"), 1),
            "published": sum(r.state == "published" for r in receipts), "ticks": sum(map(to_tick, receipts)),
            "usage": sum((o.usage for o in ended), Usage()), "paid": paid,
            "trouble": {f"{o.sku}.{o.language}": f"{o.stage}: {o.message}" for o in ended if o.code},
        }
    )  # fmt: skip


def count(store: LocalStore, run: str, ended: Sequence[Outcome]) -> Run:
    """The run in figures, noted anew where they have changed. Raises UserError for a run that never began."""
    before = find(store, run)
    if not before:
        raise UserError(f"the store has no run {run!r}.")
    now = figures(before, ended)
    if now != before or not before.counted:  # a note that is written makes its run the store's newest, so none is without need
        now = now.model_copy(update={"counted": datetime.now().astimezone()})
        store.note(run, RUN, now.model_dump_json())
    return now


def known(store: LocalStore) -> list[Run]:
    """Every run that noted itself and that this version understands, the one that began last first."""
    found: list[Run] = []
    for name in store.runs():
        try:
            run = find(store, name)
        except UserError:
            continue  # of another version
        found += [run] if run else []
    return sorted(found, key=lambda run: run.began, reverse=True)


def latest(store: LocalStore, campaign: str, before: str = "") -> str | None:
    """The run of a campaign that began last, or last before another run; None if there is none."""
    own = [run for run in known(store) if run.campaign == campaign]
    began = next((run.began for run in own if run.id == before), None)
    return next((run.id for run in own if run.id != before and (began is None or run.began < began)), None)


def rejected_before(store: LocalStore, campaign: str, run: str) -> int:
    """How many rows the campaign's run before this one could not take; 0 if there was none."""
    earlier = latest(store, campaign, before=run)
    before = find(store, earlier) if earlier else None
    return before.rejected if before else 0


def chosen(store: LocalStore, said: str, campaign: str = "") -> Run:
    """The run that somebody means: by its id, by the beginning of one, or `latest`, of one campaign if that is given. Raises UserError
    that names the nearest and the last ones."""
    own = [run for run in known(store) if not campaign or run.campaign == campaign]
    found = own[:1] if said == "latest" else [run for run in own if run.id == said] or [run for run in own if run.id.startswith(said)]
    if len(found) == 1:
        return found[0]
    if not own:
        of = f" of the campaign {campaign!r}" if campaign else ""
        raise UserError(f"the store has no run{of} yet, or none of this version: `crossreel run CAMPAIGN` makes one.")
    if not found and said in store.runs():
        find(store, said)  # raises for one of another version
    near = hint(said, [run.id for run in own]) if not found else ""
    shown = "; ".join(f"{run.id} ({run.campaign}, {run.began.astimezone():%Y-%m-%d %H:%M})" for run in (found or own)[:5])
    what = f"{len(found)} runs begin with {said!r}" if found else f"the store has no run {said!r}"
    raise UserError(f"{what}.{near} {'They are' if found else 'The last ones'}: {shown}.")
