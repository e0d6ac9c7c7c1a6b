"""Proofreading: every text and Line of a campaign for a person to correct and approve, and what comes back of it.

Corrections of a product's texts go into the translation memory, those of Lines into the campaign's reviews: only what was
changed is made anew. People read in a sheet (`review_sheet.py`) or in a form of Prefect's (`flows/review.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from localize.campaign import Campaign
from localize.desk import PEOPLE, named
from localize.domain import Finding, Item, Narration, Text
from localize.dub.lines import REVIEW
from localize.errors import CrossreelError, NotReady
from localize.planning import Progress, Task
from localize.review_sheet import STOPPED, Answer, Entry, digest, labelled, placed, words
from localize.reviews import REJECTED, Review, Reviews, alone
from localize.store import LocalStore
from localize.translate.glossary import GlossaryTranslator
from localize.translate.memory import MemoryTranslator, normal, remember
from localize.translate.products import Localized

_GIVEN = ("seller", "catalog")  # origins that a memory would not replace


@dataclass
class Accepted:
    """What was taken over, and what was not and why."""

    texts: int = 0
    lines: int = 0
    approved: int = 0
    problems: list[str] = field(default_factory=list)


class Readable(Protocol):
    """Who makes the words that people read over: a campaign's desk, or its dubbing studio."""

    campaign: Campaign
    store: LocalStore

    @property
    def reviews(self) -> Reviews: ...
    @property
    def memory(self) -> MemoryTranslator | None: ...
    @property
    def glossary(self) -> GlossaryTranslator | None: ...
    def anew(self, reviews: Reviews) -> Readable:
        """The same with these reviews, which has read nothing else yet."""
        ...

    def texts(self, job: Any, progress: Progress) -> Localized: ...
    def draft(self, job: Any, localized: Localized, progress: Progress) -> tuple[Narration, list[Finding]]: ...
    def written(self, job: Any, localized: Localized, progress: Progress) -> tuple[Narration, list[Finding]]: ...
    def judged(self, script: Any, item: Any) -> list[Finding]: ...
    def translated(self, job: Any) -> dict[str, str]: ...
    def spoken_in(self, job: Any) -> str: ...
    def about(self, job: Any) -> str: ...


def collect(desk: Readable, jobs: Iterable[Task[Any]], language: str = "en", used: set[str] | None = None) -> Iterator[Entry]:
    """The texts and Lines of each job, with what the checks say about them. A job that fails gives the rows it has, and its
    reason; nothing is raised for one product. The keys of the artifacts that all this was read from are added to `used`."""
    shown = words(language)
    for job in jobs:
        progress = Progress()
        yield from _entries(desk, job, progress, shown)
        if used is not None:
            used.update(progress.keys)


def _entries(desk: Readable, job: Task[Any], progress: Progress, shown: dict[str, Any]) -> Iterator[Entry]:
    try:
        localized = desk.texts(job, progress)
    except NotReady as lack:
        yield from _untranslated(desk, job, lack, shown)
        return
    except CrossreelError as error:
        yield _stopped(job, error, shown)
        return
    for part, origin in localized.origins.items():
        given = origin in _GIVEN
        if part == "brand" and given:  # a name that stays
            continue
        text = _part(localized.text.model_dump(), part)
        found = [f for f in localized.findings if f.evidence.get("where") == named(part) or f.evidence.get("field") == part]
        label = labelled(shown, part)
        remarks = (*(f.message for f in found), *([shown["fixed"]] if given else []))
        source, read = localized.sources.get(part, ""), origin in PEOPLE
        yield Entry(job.product.sku, job.language, part, label, source, text, remarks, fixed=given, read=read)
    try:
        script, findings = desk.draft(job, localized, progress)
    except NotReady as lack:
        yield from _untranslated(desk, job, lack, shown)
        return
    except CrossreelError as error:
        yield _stopped(job, error, shown)
        return
    yield from _lines(desk, job, script, findings, progress.origins, shown)


def asked(desk: Readable, entry: Entry) -> bool:
    """Whether the campaign wants people to have read what an entry shows."""
    review = desk.campaign.review
    if desk.campaign.dub:  # each of its Lines is a translated text
        return not entry.fixed and (review.lines or review.texts)
    return not entry.fixed and (review.lines if entry.part.startswith("line.") else review.texts)


def unread(desk: Readable, entries: Iterable[Entry]) -> bool:
    """Whether something is left to be read over of a job's entries: a text or Line that nobody has written or approved, and a
    Line that would stop the clip."""
    return any(asked(desk, entry) and (entry.blocked or not entry.read) for entry in entries)


def rejected(desk: Readable, entries: Iterable[Entry]) -> Review | None:
    """What was said when a job's clip was rejected, if that still holds: each of its Lines is as it was then, and nobody has approved
    or corrected one since."""
    lines = [entry for entry in entries if _is_spoken(entry)]
    known = desk.reviews.rejected(lines[0].sku, lines[0].language) if lines else {}
    return known[_words(lines[0])] if lines and all(_words(entry) in known for entry in lines) else None


def reject(desk: Readable, job: Task[Any], shown: Collection[str], why: str, *, by: str, at: str) -> bool:
    """Remember that a clip is not to be made. `shown` are the keys of the entries that were read: a clip that would be another by now
    is not rejected unseen. Returns whether it was remembered."""
    entries = list(collect(desk, [job]))
    if not set(shown) <= {entry.key for entry in entries}:
        return False
    sku, language = job.product.sku, job.language
    written = {r.edit: r for r in desk.reviews.said.values() if r.edit and (r.sku, r.language) == (sku, language)}
    said = []
    for spoken in dict.fromkeys(_words(entry) for entry in entries if _is_spoken(entry)):
        before = written.get(spoken)
        text, edit = (before.text, before.edit) if before else (spoken, "")
        said.append(Review(sku, language, text, edit, by=by, at=at, rejected=why or REJECTED))
    reviews = Reviews(desk.reviews.path, dict(desk.reviews.said))
    return bool(said) and not reviews.keep(said)


def _is_spoken(entry: Entry) -> bool:
    """Whether an entry is a Line, or a text without which there are none."""
    return entry.part == "text" or entry.part.startswith("line.")


def _words(entry: Entry) -> str:
    return entry.text or entry.source


def _stopped(job: Task[Any], error: CrossreelError, shown: dict[str, Any]) -> Entry:
    label = labelled(shown, STOPPED)
    return Entry(job.product.sku, job.language, STOPPED, label, job.product.title, "", (str(error),), blocked=True, fixed=True)


def _untranslated(desk: Readable, job: Task[Any], lack: NotReady, shown: dict[str, Any]) -> Iterator[Entry]:
    # A server without a key and an engine that is not there are missing, too, and nothing that could be filled in.
    own = set(desk.translated(job).values())
    sources = [source for source in lack.missing if source in own]
    if not sources:
        yield _stopped(job, lack, shown)
    for source in sources:
        near = desk.memory.near(source, desk.spoken_in(job), job.language) if desk.memory else []
        offers = [shown["near"].format(share=f"{n.likeness:.0%}", source=n.source, text=n.text) for n in near]
        yield Entry(job.product.sku, job.language, "text", shown["parts"]["text"], source, "", tuple(offers), blocked=True)


def _called(desk: Readable, shown: dict[str, Any]) -> list[str]:
    """What each of two hosts is called: 1 · mali, woman. Whoever reads a Line over must know whose polite words it needs."""
    hosts = desk.campaign.hosts
    return [f"{n} · {Path(h.avatar).name}, {shown['genders'][h.gender]}" for n, h in enumerate(hosts, 1)] if len(hosts) > 1 else [""]


def _lines(
    desk: Readable, job: Task[Any], script: Narration, findings: Sequence[Finding], origins: Mapping[str, str], shown: dict[str, Any]
) -> Iterator[Entry]:
    hosts, approved = _called(desk, shown), desk.reviews.approved(job.product.sku, script.language)
    refused = desk.reviews.rejected(job.product.sku, script.language)
    for n, line in enumerate(script.lines, 1):
        own = [f for f in findings if f.evidence.get("line") == n or f.evidence.get("where") == f"Line {n}"]
        if n == 1:  # what is said of the script as a whole stands at its head
            own += [f for f in findings if "line" not in f.evidence and "where" not in f.evidence]
        source = script.sources[n - 1] if script.sources else _said_of(job, script, n - 1)
        part = f"line.{n}.{line.role}"
        said = [_refusal(refused[line.text], shown)] if line.text in refused else []
        remarks, blocked = (*said, *dict.fromkeys(f.message for f in own)), any(f.severity == "block" for f in own)
        by_people = not desk.campaign.review.lines and origins.get(f"line.{n}") in (*PEOPLE, REVIEW)
        yield Entry(
            job.product.sku, job.language, part, labelled(shown, part), source, line.text, remarks, blocked, host=hosts[line.host],
            read=by_people or line.text in approved,
        )  # fmt: skip


def _refusal(review: Review, shown: dict[str, Any]) -> str:
    why = "" if review.rejected == REJECTED else f": {review.rejected}"
    return str(shown["rejected"]).format(by=review.by or "?", at=review.at, why=why)


def _said_of(job: Task[Item], script: Narration, n: int) -> str:
    """What a Line is about, in the seller's own words, where it is not a translation of a Line."""
    line, product = script.lines[n], job.product
    if line.role == "feature" and line.feature is not None and line.feature < len(product.features):
        return product.features[line.feature]
    return {"hook": product.title, "proof": product.proof}.get(line.role, "")


def _part(texts: dict[str, Any], part: str) -> str:
    name, _, index = part.partition(".")
    return str(texts[name][int(index)] if index else texts[name])


def accept(desk: Readable, jobs: Sequence[Task[Any]], answers: Sequence[Answer], *, by: str, at: str) -> Accepted:
    """Take over what people wrote: texts into the translation memory, Lines into the reviews. A machine's text that was approved
    goes into the memory as it stands: it is a person's word from then on.

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
            done.problems.append(f"{answer.where}: {answer.sku} in {answer.language} is not in the catalog: nothing was done with it")
    reviews = Reviews.load(Path(desk.campaign.review.file))
    before, after = desk.anew(reviews), desk.anew(Reviews(reviews.path, dict(reviews.said)))
    corrected = _take_texts(before, [(known[key], given) for key, given in own.items()], done)
    said: list[tuple[Answer, Review]] = []
    for key, job in known.items():  # what was heard in a video comes before its translations, which may change by that
        if lines := [a for a in own.get(key, ()) if a.part.startswith("line.")]:
            texts = before.translated(job)
            changed = texts != after.translated(job) or any((job.language, normal(text)) in corrected for text in texts.values())
            said += _take_lines(after, job, lines, before if changed else None, by, at, done)
    theirs = reviews.keep([review for _, review in said]) if said else set()
    for answer, review in said:
        if review.known in theirs:
            done.problems.append(f"{answer.where}: somebody else has handed in this line meanwhile: write the sheet anew")
        else:
            done.lines += bool(answer.correction)
            done.approved += answer.approved
    return done


def _take_texts(desk: Readable, given: Sequence[tuple[Task[Any], list[Answer]]], done: Accepted) -> set[tuple[str, str]]:
    """Add the corrected texts to the memory. Returns which those are: (language, source text in its normal form). `desk` has
    read nothing yet, and stays at what there was before them."""
    texts = [(job, [a for a in answers if not a.part.startswith("line.")]) for job, answers in given]
    if not any(answers for _, answers in texts):
        return set()
    with alone(desk.campaign.accepted_file()):  # what is compared with is what is added to
        if desk.memory:
            desk.memory.fingerprint()  # reads it
        entries = list(dict.fromkeys(entry for job, answers in texts for entry in _texts(desk, job, answers, done)))
        corrected = {(source, language) for source, language, _ in entries}
        approved = dict.fromkeys(entry for job, answers in texts for entry in _approved(desk, job, answers))
        kept = [entry for entry in approved if entry[:2] not in corrected]
        if entries or kept:
            remember(desk.campaign.accepted_file(), [*kept, *entries])
    done.texts, done.approved = len(entries), len(kept)
    return {(language, normal(source)) for source, language, _ in entries}


def _approved(desk: Readable, job: Task[Any], answers: Sequence[Answer]) -> Iterator[tuple[str, str, str]]:
    """(source, language, text) of each machine's text of a product that was approved as it was shown, and still is that."""
    told = [answer for answer in answers if answer.approved and not answer.correction and answer.part not in (STOPPED, "text")]
    if not told:
        return
    try:
        localized = desk.texts(job, Progress())
    except CrossreelError:  # there is no text now that could have been approved
        return
    for answer in told:
        if localized.origins.get(answer.part, "catalog") in PEOPLE:
            continue
        source, text = localized.sources[answer.part], _part(localized.text.model_dump(), answer.part)
        if (digest(source), digest(text)) == (answer.source, answer.text):
            yield source, job.language, text


def _texts(desk: Readable, job: Task[Any], answers: Sequence[Answer], done: Accepted) -> Iterator[tuple[str, str, str]]:
    """(source, language, text) of each corrected text of a product."""
    fields = {digest(text): (field, text) for field, text in desk.translated(job).items()}
    for answer in answers:
        if not answer.correction:
            continue
        if answer.part == STOPPED:
            done.problems.append(f"{answer.where}: there is no text to correct in this row: nothing was done with it")
            continue
        if answer.source not in fields:
            done.problems.append(f"{answer.where}: the catalog's text has changed since the sheet was written: write it anew")
            continue
        field, source = fields[answer.source]
        now = _by_people(desk, job, field, source)
        if now and digest(now) != answer.text:
            if normal(now) != normal(answer.correction):  # else it was handed in before
                done.problems.append(f"{answer.where}: this text has changed since the sheet was written, to {now!r}: write it anew")
            continue
        yield source, job.language, answer.correction


def _by_people(desk: Readable, job: Task[Any], field: str, source: str) -> str:
    """What people have said that a text is in the job's language: the seller, the memory, the glossary. "" where it is left to
    a machine, which may word it anew each time: that is no reason to refuse a correction."""
    given = job.product.localized.get(job.language, Text())
    name, _, index = field.partition(".")
    texts = given.features[int(index) :] if name == "features" else (getattr(given, name, ""),)
    if texts and texts[0]:
        return str(texts[0])
    for people in (desk.memory, desk.glossary):
        if people and (found := people.translate([source], desk.spoken_in(job), job.language)[0]):
            return found.text
    return ""


def _take_lines(
    desk: Readable, job: Task[Any], answers: Sequence[Answer], before: Readable | None, by: str, at: str, done: Accepted
) -> list[tuple[Answer, Review]]:
    """What is said of a product's Lines. `before` is the desk as it was before the product's own texts were corrected in this
    sheet, if they were: its Lines may have changed by that, and only by that."""
    try:
        written, spoken = _scripts(desk, job)
    except CrossreelError as error:
        done.problems.append(f"{answers[0].where}: {job.product.sku} in {job.language}: {error}")
        return []
    try:
        shown = _scripts(before, job)[1] if before else None
    except CrossreelError:  # without a script there is nothing that the sheet could have shown
        shown = None
    said = []
    for answer in answers:
        place = placed(answer.part)
        if place is None:
            done.problems.append(f"{answer.where}: {answer.part!r} is no line: nothing was done with it")
            continue
        same = _is(answer, spoken, place[0])
        if not (same or (shown and _became(answer, shown, spoken, *place))):
            done.problems.append(f"{answer.where}: this line has changed since the sheet was written: write the sheet anew")
            continue
        line = written.lines[place[0]].text
        if not same and not answer.correction:
            now = spoken.lines[place[0]].text
            done.problems.append(f"{answer.where}: this line now says {now!r}, as its text was corrected: approve it as it is")
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


def _scripts(desk: Readable, job: Task[Any]) -> tuple[Narration, Narration]:
    """The script of a job as it was written, and with what people have corrected in it."""
    progress = Progress()
    written = desk.written(job, desk.texts(job, progress), progress)[0]
    return written, desk.reviews.applied(job.product.sku, written)


def _is(answer: Answer, script: Narration, n: int) -> bool:
    return n < len(script.lines) and digest(script.lines[n].text) == answer.text


def _became(answer: Answer, shown: Narration, spoken: Narration, n: int, role: str) -> bool:
    """Whether a Line of the sheet is still the one in its place, said in other words as a text in it was corrected."""
    return (
        _is(answer, shown, n)
        and len(shown.lines) == len(spoken.lines)
        and spoken.lines[n].role == shown.lines[n].role == (role or shown.lines[n].role)
    )
