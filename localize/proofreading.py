"""Proofreading: every text and Line of a campaign in one sheet for a person to correct and approve, and what comes back of it.

Corrections of a product's texts go into the translation memory, those of Lines into the campaign's reviews: only what was
changed is made anew.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from rich.cells import cell_len

from localize import languages
from localize.assets import ASSETS
from localize.desk import Desk, named
from localize.domain import Finding, Product, Script, Text
from localize.errors import CrossreelError, NotReady, UserError
from localize.languages import signs
from localize.planning import Job, Progress
from localize.reviews import Review, Reviews, alone
from localize.translate.memory import normal, remember

MARK = "crossreel review 1"  # begins the hidden column, by which a row is known again
WIDTHS = (16, 11, 16, 46, 46, 40, 46, 9, 4)
TICK = "✓"
STOPPED = "stopped"  # the part of a row that only says why a product has no texts or Lines: nothing can be written in it
_GIVEN = ("seller", "catalog")  # origins that a memory would not replace
_HEAD = PatternFill("solid", start_color="1F4E5F")
_WRITE = PatternFill("solid", start_color="FFF7DA")
_BLOCK = PatternFill("solid", start_color="F9D7D2")
_LINE = Border(bottom=Side("thin", color="D9DCE3"))
_WRAP = Alignment(vertical="top", wrap_text=True)
_LINE_PART = re.compile(r"line\.([1-9][0-9]{0,3})(?:\.([a-z]+))?")  # sheets of before had no role in it
_TEXT_PART = re.compile(r"features\.[0-9]{1,4}|[a-z]+")


@dataclass(frozen=True)
class Entry:
    """A row of the sheet. `part` is title, features.0, line.2.price (from 1), text for a source text that nobody has translated,
    or STOPPED; `label` is what is shown for it. `fixed` is a row that can't be written into: its text is the catalog's, or none."""

    sku: str
    language: str
    part: str
    label: str
    source: str
    text: str
    remarks: tuple[str, ...] = ()
    blocked: bool = False
    fixed: bool = False

    @property
    def key(self) -> str:
        return "|".join((MARK, self.language, self.part, _digest(self.source), _digest(self.text), self.sku))


@dataclass(frozen=True)
class Answer:
    """A row that came back with something in it. `source` and `text` are the hashes of what the sheet had shown."""

    row: int
    sku: str
    language: str
    part: str
    source: str
    text: str
    correction: str
    approved: bool


@dataclass
class Accepted:
    """What was taken over, and what was not and why."""

    texts: int = 0
    lines: int = 0
    approved: int = 0
    problems: list[str] = field(default_factory=list)


@cache
def words(language: str) -> dict[str, Any]:
    """The sheet's words. Raises UserError for a language that it is not written in."""
    table = yaml.safe_load((ASSETS / "review" / "words.yaml").read_text(encoding="utf-8"))
    known = [code for code in table if code not in ("approved", "open")]
    if language not in known:
        raise UserError(f"the review sheet is not written in {language!r}, only in {', '.join(known)}.")
    return {**table[language], "approved": table["approved"], "open": table["open"], "all": [table[code] for code in known]}


# --- out -----------------------------------------------------------------------------------------------------------


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
            label = _label(shown, part)
            remarks = (*(f.message for f in found), *([shown["fixed"]] if given else []))
            yield Entry(job.product.sku, job.language, part, label, localized.sources.get(part, ""), text, remarks, fixed=given)
        try:
            script, findings = desk.draft(job, localized, progress)
        except CrossreelError as error:
            yield _stopped(job, error, shown)
            continue
        yield from _lines(job, script, findings, shown)


def _stopped(job: Job, error: CrossreelError, shown: dict[str, Any]) -> Entry:
    label = _label(shown, STOPPED)
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


def _lines(job: Job, script: Script, findings: Sequence[Finding], shown: dict[str, Any]) -> Iterator[Entry]:
    for n, line in enumerate(script.lines, 1):
        own = [f for f in findings if f.evidence.get("line") == n or f.evidence.get("where") == f"Line {n}"]
        if n == 1:  # what is said of the script as a whole stands at its head
            own += [f for f in findings if "line" not in f.evidence and "where" not in f.evidence]
        source = script.sources[n - 1] if script.sources else _said_of(job, script, n - 1)
        part = f"line.{n}.{line.role}"
        remarks, blocked = tuple(dict.fromkeys(f.message for f in own)), any(f.severity == "block" for f in own)
        yield Entry(job.product.sku, job.language, part, _label(shown, part), source, line.text, remarks, blocked)


def _said_of(job: Job, script: Script, n: int) -> str:
    """What a Line is about, in the seller's own words, where it is not a translation of a Line."""
    line, product = script.lines[n], job.product
    if line.role == "feature" and line.feature is not None and line.feature < len(product.features):
        return product.features[line.feature]
    return {"hook": product.title, "proof": product.proof}.get(line.role, "")


def _part(texts: dict[str, Any], part: str) -> str:
    name, _, index = part.partition(".")
    return str(texts[name][int(index)] if index else texts[name])


def _label(shown: dict[str, Any], part: str) -> str:
    """What a part is called: feature 1 (features.0), line 2 · price (line.2.price)."""
    name, index, role = (*part.split("."), "", "")[:3]
    called = str(shown["parts"][name])
    if name == "line":
        return f"{called} {index} · {shown['roles'][role]}"
    return f"{called} {int(index) + 1}" if index else called


def _own(product: Product) -> dict[str, str]:
    """The texts of a product in the seller's language that are translated, by field."""
    single = {"title": product.title, "description": product.description, "proof": product.proof}
    return {field: text for field, text in (single | {f"features.{n}": t for n, t in enumerate(product.features)}).items() if text}


def write(path: Path, entries: Iterable[Entry], language: str = "en") -> int:
    """Write the sheet (.xlsx). Returns how many rows it has. It appears whole or not at all.

    Raises UserError for another ending, and for a file that is there already.
    """
    if path.suffix.casefold() != ".xlsx":
        raise UserError(f"{path.name}: the review sheet is an Excel workbook: give it a name that ends with .xlsx")
    if path.exists():
        raise UserError(f"{path} is there already, and may be filled in: hand it in with --read, or give another name with --out")
    shown = words(language)
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = shown["sheet"]
    for column, (header, width) in enumerate(zip((*shown["headers"], MARK), WIDTHS, strict=True), 1):
        cell = _put(sheet, 1, column, header)
        cell.font, cell.fill, cell.alignment = Font(name="Calibri", bold=True, color="FFFFFF"), _HEAD, _WRAP
        sheet.column_dimensions[cell.column_letter].width = width
    rows = 0
    for rows, entry in enumerate(entries, 1):
        _row(sheet, rows + 1, entry)
    tick = DataValidation(type="list", formula1=f'"{TICK}"', allow_blank=True, showErrorMessage=False)
    sheet.add_data_validation(tick)
    tick.add(f"H2:H{rows + 1}")
    sheet.column_dimensions["I"].hidden = True
    sheet.freeze_panes = "D2"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    sheet.auto_filter.ref = f"A1:I{rows + 1}"  # the hidden column with it, or sorting would leave it where it is
    # Only what is to be filled in can be; what a program allows of the rest stays possible. Excel sorts and deletes no locked
    # cells all the same: who wants to takes the protection off. There is no password: it guards against slips.
    sheet.protection.sheet = True
    for allowed in ("formatCells", "formatColumns", "formatRows", "deleteRows", "sort", "autoFilter"):
        setattr(sheet.protection, allowed, False)
    guide = book.create_sheet(shown["guide"])
    guide.column_dimensions["A"].width = 110
    for n, line in enumerate(shown["help"], 1):
        _put(guide, n, 1, line).alignment = _WRAP
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.tmp")
    book.save(half)
    half.replace(path)
    return rows


def _row(sheet: Worksheet, number: int, entry: Entry) -> None:
    shown = (entry.sku, languages.name(entry.language), entry.label, entry.source, entry.text, "\n".join(entry.remarks))
    for column, text in enumerate(shown, 1):
        cell = _put(sheet, number, column, text)
        cell.alignment, cell.border = _WRAP, _LINE
        if column == 6 and entry.blocked:
            cell.fill = _BLOCK
    for column in (7, 8) if not entry.fixed else ():
        cell = _put(sheet, number, column, "")
        cell.fill, cell.alignment, cell.border, cell.protection = _WRITE, _WRAP, _LINE, Protection(locked=False)
    _write(sheet, number, 9, entry.key)  # as it is, or the product would not be found again
    # Programs differ in whether they make room for wrapped text by themselves.
    lines = (sum(max(1, math.ceil(cell_len(line) * 1.1 / WIDTHS[n])) for line in text.split("\n")) for n, text in enumerate(shown))
    sheet.row_dimensions[number].height = 15.0 * min(12, max(lines)) + 3


def _put(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    return _write(sheet, row, column, _clean(text))


def _clean(text: str) -> str:
    """A text as a cell can hold it. White space of other kinds parts words, too (U+3000, U+00A0): it becomes a space."""
    lines = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c == "\n" else " " for c in lines if c.isprintable() or c.isspace())[:32_000]


def _write(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    """A cell that is text, whatever it begins with: a title of =HYPERLINK(...) is shown, not run."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    cell.value = text or None
    if cell.value is not None:
        cell.data_type = "s"
    cell.font = Font(name="Calibri")
    return cell


# --- back ----------------------------------------------------------------------------------------------------------


def read(path: Path) -> tuple[list[Answer], list[str]]:
    """The rows of a sheet in which something was written, and what of it can't be understood.

    Rows may have been sorted, left out or written into by another program. A row that shows something else than its hidden
    column belongs to is told and left. Raises UserError for a file that is no sheet of ours.
    """
    try:
        book = load_workbook(path, data_only=True)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}. Give the sheet that `crossreel review` wrote.") from error
    except Exception as error:
        raise UserError(f"{path} is no Excel workbook ({type(error).__name__}): give the sheet that `crossreel review` wrote.") from error
    for sheet in book.worksheets:
        rows = [["" if v is None else str(v) for v in row] for row in sheet.iter_rows(values_only=True)]
        head = next((n for n, row in enumerate(rows) if MARK in row), None)
        if head is not None:
            return _answers(rows, head, path.name)
    raise UserError(f"{path} is not a sheet that `crossreel review` wrote: its hidden last column is missing.")


def _answers(rows: list[list[str]], head: int, name: str) -> tuple[list[Answer], list[str]]:
    places = _places(rows[head], name)
    mark = rows[head].index(MARK)
    yes, no = ({str(w).casefold() for w in words("en")[k]} for k in ("approved", "open"))
    found, problems = [], []
    for number, row in enumerate(rows[head + 1 :], head + 2):
        cells = {what: row[place] for what, place in places.items()}
        correction, tick = signs.plain(cells["correction"]).strip(), cells["approve"].strip().casefold()
        if tick not in yes | no:
            problems.append(f"{name}, row {number}: {tick!r} in 'approve' is neither {TICK} nor empty: it was not taken as an approval")
        if not correction and tick not in yes:
            continue
        parts = row[mark].split("|", 5)
        if len(parts) != 6 or parts[0] != MARK or not _labels(parts[2]):
            problems.append(
                f"{name}, row {number}: its hidden last column is damaged, so it is not known what it belongs to: write the sheet anew"
            )
            continue
        _, language, part, source, text, sku = parts
        if not _shows(cells, sku, language, part, source, text):
            problems.append(
                f"{name}, row {number}: it shows something else than its hidden last column belongs to, as when rows are sorted without "
                "that column, or written over: nothing was done with it. Write the sheet anew."
            )
            continue
        found.append(Answer(number, sku, language, part, source, text, correction, tick in yes))
    return found, problems


def _places(head: list[str], name: str) -> dict[str, int]:
    """Where the columns stand, by their English names: some may have been put in between."""
    header = [cell.strip().casefold() for cell in head]
    places = {}
    for what, column in (("product", 0), ("language", 1), ("part", 2), ("source", 3), ("text", 4), ("correction", 6), ("approve", 7)):
        names = {str(table["headers"][column]).casefold() for table in words("en")["all"]}
        place = next((n for n, cell in enumerate(header) if cell in names), None)
        if place is None:
            raise UserError(f"{name} has no column {what!r} any more: write the sheet anew.")
        places[what] = place
    return places


def _shows(cells: dict[str, str], sku: str, language: str, part: str, source: str, text: str) -> bool:
    """Whether a row shows what its key says."""
    named_so = _plain(cells["product"]) == _plain(sku) and _plain(cells["language"]) == _plain(languages.name(language))
    called_so = _plain(cells["part"]) in map(_plain, _labels(part))
    return named_so and called_so and (_digest(cells["source"]), _digest(cells["text"])) == (source, text)


def _labels(part: str) -> list[str]:
    """What a part may be called, in each language that sheets are written in. None for what is no part."""
    tables = words("en")["all"]
    if place := _place(part):
        n, role = place
        return [_label(t, f"line.{n + 1}.{r}") for t in tables for r in t["roles"] if r == role or not role]
    known = _TEXT_PART.fullmatch(part) and part not in ("line", "features") and part.partition(".")[0] in tables[0]["parts"]
    return [_label(t, part) for t in tables] if known else []


def _place(part: str) -> tuple[int, str] | None:
    """Which Line a part is, from 0, and its role ("" in sheets of before). None for what is no Line."""
    found = _LINE_PART.fullmatch(part)
    return (int(found[1]) - 1, found[2] or "") if found else None


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
    fields = {_digest(text): (field, text) for field, text in _own(job.product).items()}
    for answer in answers:
        if answer.part == STOPPED:
            done.problems.append(f"row {answer.row}: there is no text to correct in this row: nothing was done with it")
            continue
        if answer.source not in fields:
            done.problems.append(f"row {answer.row}: the catalog's text has changed since the sheet was written: write it anew")
            continue
        field, source = fields[answer.source]
        now = _by_people(desk, job, field, source)
        if now and _digest(now) != answer.text:
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
        place = _place(answer.part)
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
    return n < len(script.lines) and _digest(script.lines[n].text) == answer.text


def _became(answer: Answer, shown: Script, spoken: Script, n: int, role: str) -> bool:
    """Whether a Line of the sheet is still the one in its place, said in other words as a text in it was corrected."""
    return (
        _is(answer, shown, n)
        and len(shown.lines) == len(spoken.lines)
        and spoken.lines[n].role == shown.lines[n].role == (role or shown.lines[n].role)
    )


def _plain(text: str) -> str:
    """A text as it is compared: as a cell holds it, and whatever white space a program has made of its own."""
    return " ".join(_clean(text).split())


def _digest(text: str) -> str:
    return hashlib.blake2b(_plain(text).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
