"""A form in Prefect's UI for proofreading: what it shows of some clips, and what an answer to it says.

The server keeps a form as a JSON schema, by which it refuses a wrong answer and leaves the run suspended. The schema also carries
what each field belongs to, so that an answer is understood by the form it was given to, whatever the catalog says meanwhile.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from prefect.input import RunInput
from pydantic import Field, create_model

from localize import languages, proofreading, work
from localize.languages import signs
from localize.planning import Job
from localize.proofreading import Readable
from localize.review_sheet import Answer, Entry, parsed

Clip = tuple[str, str]  # sku, language
LONGEST = {"description": 5_000}  # characters a part may have
LONGEST_OTHER = 500  # nobody says more in one breath
NOTHING: Mapping[str, Sequence[Entry]] = {}
CLIP, KEY = "clip", "key"  # of a decision's and a text's field: whose it is

_HOW = (
    "Each field holds what would be said or shown: correct it in its place, or leave it. A rejected product is not made. Prices and "
    "numbers are held against {}: what does not fit comes back to be read over again."
)


def build(
    desk: Readable, readings: Sequence[tuple[Job, Sequence[Entry]]], name: str, due: datetime, told: Sequence[str],
    heard: Mapping[str, Sequence[Entry]] = NOTHING,
) -> type[RunInput]:  # fmt: skip
    """The form for some clips, with what the checks and the answer before (`told`) say, and what was `heard` in the videos of dubs, by
    their SKUs. Its fields have names of small letters, digits and dashes, as Prefect wants them; their titles say the real ones."""
    named = names([job.product.sku for job, _ in readings])
    # Prefect's page leaves no room for a long form's description: what a reader must know stands in the fields, too.
    about = [*_headed(desk, readings, due), *(f"⚠ {problem}" for problem in told)]
    fields: dict[str, Any] = {"who": (str, Field(default="", title="Your name", description="\n".join(about), max_length=100))}
    for job, entries in readings:
        product, own = job.product, named[job.product.sku]
        decision = Field(
            default="approve", title=f"{product.sku} · decision", description=f"{product.title}, {desk.about(job)}",
            json_schema_extra={CLIP: [product.sku, job.language]},
        )  # fmt: skip
        fields[f"{own}-decision"] = (Literal["approve", "reject"], decision)
        for entry in heard.get(product.sku, ()):
            fields[f"{own}-heard-{entry.part.split('.')[1]}"] = (str, _field(entry, ", as heard"))
        missing = 0
        for entry in entries:
            if not proofreading.asked(desk, entry):
                continue
            missing += entry.part == "text"
            fields[f"{own}-{_part(entry.part, missing)}"] = (str, _field(entry))
    fields["notes"] = (str, Field(default="", title="Notes", description="why something is rejected", max_length=2_000))
    form = create_model("Proofreading", __base__=RunInput, **fields)
    return form.with_initial_data(description="\n\n".join([f"# {name}", *_described(desk, readings, due, told, heard)]))


def as_heard(desk: Readable, jobs: Sequence[Job]) -> dict[str, list[Entry]]:
    """What was heard in the videos of dubs and no person has written, by their SKUs."""
    own = {(job.product.sku, job.language) for job in jobs}
    readings = [job for job in work.readings(desk, jobs) if (job.product.sku, job.language) not in own]
    return {job.product.sku: list(proofreading.collect(desk, [job])) for job in readings}


def names(skus: Sequence[str]) -> dict[str, str]:
    """How a form's fields call each product: shop-mug-01 of Shop_MUG 01, product-2 of 保温杯."""
    named: dict[str, str] = {}
    for number, sku in enumerate(dict.fromkeys(skus), 1):
        plain = unicodedata.normalize("NFKD", sku).encode("ascii", "ignore").decode().lower()
        own = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
        lost = len(re.sub(r"[\W_]+", "", sku)) != len(re.sub("-", "", own))
        own = f"product-{number}" if lost or not own else own
        named[sku] = own if own not in named.values() else f"{own}-{number}"
    return named


def _part(part: str, missing: int) -> str:
    """What a field is called after its product: line-2 (line.2.price), feature-1 (features.0), missing-3 (text)."""
    name, _, rest = part.partition(".")
    if name == "text":
        return f"missing-{missing}"
    number = rest.partition(".")[0]
    return f"feature-{int(number) + 1}" if name == "features" else f"{name}-{number}" if number else name


def _headed(desk: Readable, readings: Sequence[tuple[Job, Sequence[Entry]]], due: datetime) -> tuple[str, str]:
    """What a form is about, and how to answer it."""
    late = {"skip": "nothing is made", "publish": "all is made and published as it is", "hold": "the form goes on waiting"}
    many, language = f"{len(readings)} clips" if len(readings) > 1 else "1 clip", languages.name(readings[0][0].language)
    how = _HOW.format("what the video says" if desk.campaign.dub else "the catalog")
    return f"{many} in {language}. Without an answer by {due:%Y-%m-%d %H:%M} {late[desk.campaign.review.then]}.", how


def _field(entry: Entry, what: str = "") -> Any:
    longest = max(LONGEST.get(entry.part, LONGEST_OTHER), len(entry.text))
    who = f" ({entry.host})" if entry.host else ""
    about = [entry.source, *(f"⚠ {remark}" for remark in entry.remarks)]
    # A text that nobody has may be left out, and is asked for again; what is there can't be emptied.
    needed: dict[str, Any] = {} if entry.part == "text" else {"pattern": r"\S"}
    return Field(
        default=entry.text, title=f"{entry.sku} · {entry.label}{what}{who}", description=" — ".join(filter(None, about)) or None,
        max_length=longest, json_schema_extra={KEY: entry.key}, **needed,
    )  # fmt: skip


def _described(
    desk: Readable,
    readings: Sequence[tuple[Job, Sequence[Entry]]],
    due: datetime,
    told: Sequence[str],
    heard: Mapping[str, Sequence[Entry]],
) -> Iterator[str]:
    yield from _headed(desk, readings, due)
    if told:
        yield "**The answer before this one could not be taken over as a whole:**\n" + "\n".join(f"- {plain(problem)}" for problem in told)
    for job, entries in readings:
        yield f"## {plain(job.product.sku)}: {plain(job.product.title)}, {desk.about(job)}"
        rows = [(f"{e.label}, as heard", "", e.text, " ".join(e.remarks)) for e in heard.get(job.product.sku, ())]
        rows += [(e.label, e.source, e.text, " ".join(e.remarks)) for e in entries]
        table = [" | ".join(map(plain, row)) for row in rows]
        yield "\n".join(["| part | source | text | remarks |", "|---|---|---|---|", *(f"| {row} |" for row in table)])


def plain(text: str) -> str:
    """A text in Markdown that is shown as it is, on one line."""
    return re.sub(r"([\\`*_{}\[\]()<>#|!~])", r"\\\1", " ".join(text.split()))


@dataclass(frozen=True)
class Form:
    """A form as the server keeps it: its fields' schemas by their names, in the form's order."""

    fields: Mapping[str, Mapping[str, Any]]

    @property
    def clips(self) -> tuple[Clip, ...]:
        return tuple((field[CLIP][0], field[CLIP][1]) for field in self.fields.values() if CLIP in field)

    def decision(self, clip: Clip) -> str:
        """The name of the field in which a clip is approved or rejected. Raises KeyError for one that is not in the form."""
        return {tuple(field[CLIP]): name for name, field in self.fields.items() if CLIP in field}[clip]

    def keys(self, clip: Clip) -> set[str]:
        """Of the texts and Lines that are shown of a clip, what they are known by."""
        keys = [str(field[KEY]) for field in self.fields.values() if KEY in field]
        return {key for key in keys if (known := parsed(key)) and (known[4], known[0]) == clip}

    def rejected(self, given: Mapping[str, Any]) -> set[Clip]:
        return {clip for clip in self.clips if given.get(self.decision(clip)) == "reject"}

    def answers(self, given: Mapping[str, Any]) -> list[Answer]:
        """What an answer says of each text and Line of the products that it approves. What was heard in a video stands in the forms of
        all its languages: it says something where it was corrected."""
        refused, clips = {sku for sku, _ in self.rejected(given)}, set(self.clips)
        found = []
        for name, field in self.fields.items():
            known = parsed(str(field.get(KEY, "")))
            if not known:
                continue
            language, part, source, text, sku = known
            said = signs.plain(str(given.get(name, field["default"]))).strip()
            correction = "" if said == signs.plain(field["default"]).strip() else said
            if sku not in refused and (correction or (sku, language) in clips):
                found.append(Answer(str(field["title"]), sku, language, part, source, text, correction, approved=True))
        return found


def of_one_language(jobs: Collection[Job], most: int) -> Iterator[list[Job]]:
    """Jobs as forms take them: of one language, and of `most` products."""
    by_language: dict[str, list[Job]] = {}
    for job in jobs:
        by_language.setdefault(job.language, []).append(job)
    for own in by_language.values():
        for start in range(0, len(own), most):
            yield own[start : start + most]
