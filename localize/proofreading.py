"""Proofreading: every text and Line of a campaign in one sheet for a person to correct and approve, and what comes back of it.

Corrections of a product's texts go into the translation memory, those of Lines into the campaign's reviews: only what was
changed is made anew. The sheet itself is `review_sheet.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localize.desk import Desk, named
from localize.domain import Finding, Product, Script, Text
from localize.errors import CrossreelError, NotReady
from localize.planning import Job, Progress
from localize.review_sheet import STOPPED, Answer, Entry, digest, labelled, placed, words
from localize.reviews import Review, Reviews, alone
from localize.translate.memory import normal, remember

_GIVEN = ("seller", "catalog")  # origins that a memory would not replace


@dataclass
class Accepted:
    """What was taken over, and what was not and why."""

    texts: int = 0
    lines: int = 0
    approved: int = 0
    problems: list[str] = field(default_factory=list)


def collect(desk: Desk, jobs: Iterable[Job], language: str = "en") -> Iterator[Entry]:
    """The texts and Lines of each job, with what the checks say about them. A job that fails gives the rows it has, and its
    reason; nothing is raised for one product."""
    shown = words(language)
    for job in jobs:
        progress = Progress()
        try:
            localized = desk.texts(job, progress)
        except NotReady as lack:
            yield from _untranslated(desk, job, lack, shown)
            continue
        except CrossreelError as error:
            yield _stopped(job, error, shown)
            continue
        for part, origin in localized.origins.items():
            given = origin in _GIVEN
            if part == "brand" and given:  # a name that stays
                continue
            text = _part(localized.text.model_dump(), part)
            found = [f for f in localized.findings if f.evidence.get("where") == named(part) or f.evidence.get("field") == part]
            label = labelled(shown, part)
            remarks = (*(f.message for f in found), *([shown["fixed"]] if given else []))
            yield Entry(job.product.sku, job.language, part, label, localized.sources.get(part, ""), text, remarks, fixed=given)
        try:
            script, findings = desk.draft(job, localized, progress)
        except CrossreelError as error:
            yield _stopped(job, error, shown)
            continue
        yield from _lines(job, script, findings, shown, _called(desk, shown))


def _stopped(job: Job, error: CrossreelError, shown: dict[str, Any]) -> Entry:
    label = labelled(shown, STOPPED)
    return Entry(job.product.sku, job.language, STOPPED, label, job.product.title, "", (str(error),), blocked=True, fixed=True)


def _untranslated(desk: Desk, job: Job, lack: NotReady, shown: dict[str, Any]) -> Iterator[Entry]:
    # A server without a key and an engine that is not there are missing, too, and nothing that could be filled in.
    own = set(_own(job.product).values())
    sources = [source for source in lack.missing if source in own]
    if not sources:
        yield _stopped(job, lack, shown)
    for source in sources:
        near = desk.memory.near(source, job.product.language, job.language) if desk.memory else []
        offers = [shown["near"].format(share=f"{n.likeness:.0%}", source=n.source, text=n.text) for n in near]
        yield Entry(job.product.sku, job.language, "text", shown["parts"]["text"], source, "", tuple(offers), blocked=True)


def _called(desk: Desk, shown: dict[str, Any]) -> list[str]:
    """What each of two hosts is called: 1 · mali, woman. Whoever reads a Line over must know whose polite words it needs."""
    hosts = desk.campaign.hosts
    return [f"{n} · {Path(h.avatar).name}, {shown['genders'][h.gender]}" for n, h in enumerate(hosts, 1)] if len(hosts) > 1 else [""]


def _lines(job: Job, script: Script, findings: Sequence[Finding], shown: dict[str, Any], hosts: Sequence[str]) -> Iterator[Entry]:
    for n, line in enumerate(script.lines, 1):
        own = [f for f in findings if f.evidence.get("line") == n or f.evidence.get("where") == f"Line {n}"]
        if n == 1:  # what is said of the script as a whole stands at its head
            own += [f for f in findings if "line" not in f.evidence and "where" not in f.evidence]
        source = script.sources[n - 1] if script.sources else _said_of(job, script, n - 1)
        part = f"line.{n}.{line.role}"
        remarks, blocked = tuple(dict.fromkeys(f.message for f in own)), any(f.severity == "block" for f in own)
        yield Entry(job.product.sku, job.language, part, labelled(shown, part), source, line.text, remarks, blocked, host=hosts[line.host])


def _said_of(job: Job, script: Script, n: int) -> str:
    """What a Line is about, in the seller's own words, where it is not a translation of a Line."""
    line, product = script.lines[n], job.product
    if line.role == "feature" and line.feature is not None and line.feature < len(product.features):
        return product.features[line.feature]
    return {"hook": product.title, "proof": product.proof}.get(line.role, "")


def _part(texts: dict[str, Any], part: str) -> str:
    name, _, index = part.partition(".")
    return str(texts[name][int(index)] if index else texts[name])


def _own(product: Product) -> dict[str, str]:
    """The texts of a product in the seller's language that are translated, by field."""
    single = {"title": product.title, "description": product.description, "proof": product.proof}
    return {field: text for field, text in (single | {f"features.{n}": t for n, t in enumerate(product.features)}).items() if text}


def accept(desk: Desk, jobs: Sequence[Job], answers: Sequence[Answer], *, by: str, at: str) -> Accepted:
    """Take over what people wrote: texts into the translation memory, Lines into the reviews.

    What can't be taken over is told and left; the rest counts. A Line whose text has changed since the sheet was written is
    not approved unseen, and what others have handed in meanwhile is not written over.
    """
    done = Accepted()
    known = {(job.product.sku, job.language): job for job in jobs}
    own: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        if (answer.sku, answer.language) in known:
            own.setdefault((answer.sku, answer.language), []).append(answer)
        else:
            done.problems.append(f"row {answer.row}: {answer.sku} in {answer.language} is not in the catalog: nothing was done with it")
    reviews = Reviews.load(Path(desk.campaign.review.file))
    before, after = Desk(desk.campaign, desk.store), Desk(desk.campaign, desk.store)
    before.reviews, after.reviews = reviews, Reviews(reviews.path, dict(reviews.said))
    corrected = _take_texts(before, [(known[key], given) for key, given in own.items()], done)
    said: list[tuple[Answer, Review]] = []
    for key, given in own.items():
        if lines := [a for a in given if a.part.startswith("line.")]:
            job = known[key]
            changed = any((job.language, normal(text)) in corrected for text in _own(job.product).values())
            said += _take_lines(after, job, lines, before if changed else None, by, at, done)
    theirs = reviews.keep([review for _, review in said]) if said else set()
    for answer, review in said:
        if review.known in theirs:
            done.problems.append(f"row {answer.row}: somebody else has handed in this line meanwhile: write the sheet anew")
        else:
            done.lines += bool(answer.correction)
            done.approved += answer.approved
    return done


def _take_texts(desk: Desk, given: Sequence[tuple[Job, list[Answer]]], done: Accepted) -> set[tuple[str, str]]:
    """Add the corrected texts to the memory. Returns which those are: (language, source text in its normal form). `desk` has
    read nothing yet, and stays at what there was before them."""
    texts = [(job, [a for a in answers if a.correction and not a.part.startswith("line.")]) for job, answers in given]
    if not any(answers for _, answers in texts):
        return set()
    with alone(desk.campaign.accepted_file()):  # what is compared with is what is added to
        if desk.memory:
            desk.memory.fingerprint()  # reads it
        entries = list(dict.fromkeys(entry for job, answers in texts for entry in _texts(desk, job, answers, done)))
        if entries:
            remember(desk.campaign.accepted_file(), entries)
    done.texts = len(entries)
    return {(language, normal(source)) for source, language, _ in entries}


def _texts(desk: Desk, job: Job, answers: Sequence[Answer], done: Accepted) -> Iterator[tuple[str, str, str]]:
    """(source, language, text) of each corrected text of a product."""
    fields = {digest(text): (field, text) for field, text in _own(job.product).items()}
    for answer in answers:
        if answer.part == STOPPED:
            done.problems.append(f"row {answer.row}: there is no text to correct in this row: nothing was done with it")
            continue
        if answer.source not in fields:
            done.problems.append(f"row {answer.row}: the catalog's text has changed since the sheet was written: write it anew")
            continue
        field, source = fields[answer.source]
        now = _by_people(desk, job, field, source)
        if now and digest(now) != answer.text:
            if normal(now) != normal(answer.correction):  # else it was handed in before
                done.problems.append(f"row {answer.row}: this text has changed since the sheet was written, to {now!r}: write it anew")
            continue
        yield source, job.language, answer.correction


def _by_people(desk: Desk, job: Job, field: str, source: str) -> str:
    """What people have said that a text is in the job's language: the seller, the memory, the glossary. "" where it is left to
    a machine, which may word it anew each time: that is no reason to refuse a correction."""
    given = job.product.localized.get(job.language, Text())
    name, _, index = field.partition(".")
    texts = given.features[int(index) :] if index else (getattr(given, name),)
    if texts and texts[0]:
        return str(texts[0])
    for people in (desk.memory, desk.glossary):
        if people and (found := people.translate([source], job.product.language, job.language)[0]):
            return found.text
    return ""


def _take_lines(
    desk: Desk, job: Job, answers: Sequence[Answer], before: Desk | None, by: str, at: str, done: Accepted
) -> list[tuple[Answer, Review]]:
    """What is said of a product's Lines. `before` is the desk as it was before the product's own texts were corrected in this
    sheet, if they were: its Lines may have changed by that, and only by that."""
    try:
        written, spoken = _scripts(desk, job)
    except CrossreelError as error:
        done.problems.append(f"row {answers[0].row}: {job.product.sku} in {job.language}: {error}")
        return []
    try:
        shown = _scripts(before, job)[1] if before else None
    except CrossreelError:  # without a script there is nothing that the sheet could have shown
        shown = None
    said = []
    for answer in answers:
        place = placed(answer.part)
        if place is None:
            done.problems.append(f"row {answer.row}: {answer.part!r} is no line: nothing was done with it")
            continue
        same = _is(answer, spoken, place[0])
        if not (same or (shown and _became(answer, shown, spoken, *place))):
            done.problems.append(f"row {answer.row}: this line has changed since the sheet was written: write the sheet anew")
            continue
        line = written.lines[place[0]].text
        if not same and not answer.correction:
            now = spoken.lines[place[0]].text
            done.problems.append(f"row {answer.row}: this line now says {now!r}, as its text was corrected: approve it as it is")
            continue
        earlier = desk.reviews.said.get((job.product.sku, job.language, line))
        edit = answer.correction or (earlier.edit if earlier else "")
        edit = "" if edit == line else edit
        # An approval counts as long as the words do: it is not taken back by a row that leaves them.
        approved = answer.approved or bool(earlier and earlier.approved and earlier.edit == edit)
        said.append((answer, Review(job.product.sku, job.language, line, edit, approved, by, at)))
        desk.reviews.add([said[-1][1]])
    for finding in desk.judged(desk.reviews.applied(job.product.sku, written), job.product):
        if finding.severity == "block":
            done.problems.append(f"{job.product.sku} in {job.language}: {finding.message} The clip will be stopped by it.")
    return said


def _scripts(desk: Desk, job: Job) -> tuple[Script, Script]:
    """The script of a job as it was written, and with what people have corrected in it."""
    progress = Progress()
    written = desk.written(job, desk.texts(job, progress), progress)[0]
    return written, desk.reviews.applied(job.product.sku, written)


def _is(answer: Answer, script: Script, n: int) -> bool:
    return n < len(script.lines) and digest(script.lines[n].text) == answer.text


def _became(answer: Answer, shown: Script, spoken: Script, n: int, role: str) -> bool:
    """Whether a Line of the sheet is still the one in its place, said in other words as a text in it was corrected."""
    return (
        _is(answer, shown, n)
        and len(shown.lines) == len(spoken.lines)
        and spoken.lines[n].role == shown.lines[n].role == (role or shown.lines[n].role)
    )
