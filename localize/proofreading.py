"""Proofreading: every text and Line of a campaign in one sheet for a person to correct and approve, and what comes back of it.

Corrections of a product's texts go into the translation memory, those of Lines into the campaign's reviews: only what was
changed is made anew.
"""

from __future__ import annotations

import hashlib
import math
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
from localize.domain import Finding, Script
from localize.errors import CrossreelError, NotReady, UserError
from localize.planning import Job, Progress
from localize.reviews import Review, Reviews
from localize.translate.memory import remember

MARK = "crossreel review 1"  # begins the hidden column, by which a row is known again
WIDTHS = (16, 11, 16, 46, 46, 40, 46, 9, 4)
TICK = "✓"
_GIVEN = ("seller", "catalog")  # origins that a memory would not replace
_HEAD = PatternFill("solid", start_color="1F4E5F")
_WRITE = PatternFill("solid", start_color="FFF7DA")
_BLOCK = PatternFill("solid", start_color="F9D7D2")
_LINE = Border(bottom=Side("thin", color="D9DCE3"))
_WRAP = Alignment(vertical="top", wrap_text=True)


@dataclass(frozen=True)
class Entry:
    """A row of the sheet. `part` is title, features.0, line.2 (from 1), or text for a source text that nobody has translated;
    `label` is what is shown for it. `fixed` is a text that can only be corrected in the catalog."""

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
            yield Entry(job.product.sku, job.language, "text", "-", job.product.title, "", (str(error),), blocked=True, fixed=True)
            continue
        for part, origin in localized.origins.items():
            given = origin in _GIVEN
            if part == "brand" and given:  # a name that stays
                continue
            text = _part(localized.text.model_dump(), part)
            found = [f for f in localized.findings if f.evidence.get("where") == named(part) or f.evidence.get("field") == part]
            label = _label(shown["parts"], part)
            remarks = (*(f.message for f in found), *([shown["fixed"]] if given else []))
            yield Entry(job.product.sku, job.language, part, label, localized.sources.get(part, ""), text, remarks, fixed=given)
        try:
            script, findings = desk.draft(job, localized, progress)
        except CrossreelError as error:
            yield Entry(job.product.sku, job.language, "text", "-", job.product.title, "", (str(error),), blocked=True, fixed=True)
            continue
        yield from _lines(job, script, findings, shown)


def _untranslated(desk: Desk, job: Job, lack: NotReady, shown: dict[str, Any]) -> Iterator[Entry]:
    for source in lack.missing:
        near = desk.memory.near(source, job.product.language, job.language) if desk.memory else []
        offers = [shown["near"].format(share=f"{n.likeness:.0%}", source=n.source, text=n.text) for n in near]
        yield Entry(job.product.sku, job.language, "text", shown["parts"]["text"], source, "", tuple(offers), blocked=True)


def _lines(job: Job, script: Script, findings: Sequence[Finding], shown: dict[str, Any]) -> Iterator[Entry]:
    for n, line in enumerate(script.lines, 1):
        own = [f for f in findings if f.evidence.get("line") == n or f.evidence.get("where") == f"Line {n}"]
        if n == 1:  # what is said of the script as a whole stands at its head
            own += [f for f in findings if "line" not in f.evidence and "where" not in f.evidence]
        source = script.sources[n - 1] if script.sources else _said_of(job, script, n - 1)
        label = f"{shown['parts']['line']} {n} · {shown['roles'][line.role]}"
        remarks, blocked = tuple(dict.fromkeys(f.message for f in own)), any(f.severity == "block" for f in own)
        yield Entry(job.product.sku, job.language, f"line.{n}", label, source, line.text, remarks, blocked)


def _said_of(job: Job, script: Script, n: int) -> str:
    """What a Line is about, in the seller's own words, where it is not a translation of a Line."""
    line, product = script.lines[n], job.product
    if line.role == "feature" and line.feature is not None and line.feature < len(product.features):
        return product.features[line.feature]
    return {"hook": product.title, "proof": product.proof}.get(line.role, "")


def _part(texts: dict[str, Any], part: str) -> str:
    name, _, index = part.partition(".")
    return str(texts[name][int(index)] if index else texts[name])


def _label(parts: dict[str, str], part: str) -> str:
    name, _, index = part.partition(".")
    return f"{parts[name]} {int(index) + 1}" if index else parts[name]


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
    sheet.auto_filter.ref = f"A1:H{rows + 1}"
    # Only what is to be filled in can be; sorting and filtering stay possible. There is no password: it guards against slips.
    sheet.protection.sheet = True
    for allowed in ("formatCells", "formatColumns", "formatRows", "sort", "autoFilter"):
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
    _put(sheet, number, 9, entry.key)
    # Programs differ in whether they make room for wrapped text by themselves.
    lines = (sum(max(1, math.ceil(cell_len(line) * 1.1 / WIDTHS[n])) for line in text.split("\n")) for n, text in enumerate(shown))
    sheet.row_dimensions[number].height = 15.0 * min(12, max(lines)) + 3


def _put(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    """A cell that is text, whatever it begins with: a title of =HYPERLINK(...) is shown, not run."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    cell.value = "".join(c for c in text if c.isprintable() or c == "\n")[:32_000] or None
    if cell.value is not None:
        cell.data_type = "s"
    cell.font = Font(name="Calibri")
    return cell


# --- back ----------------------------------------------------------------------------------------------------------


def read(path: Path) -> tuple[list[Answer], list[str]]:
    """The rows of a sheet in which something was written, and what of it can't be understood.

    Rows may have been sorted, left out or written into by another program. Raises UserError for a file that is no sheet of ours.
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
    header = [cell.strip().casefold() for cell in rows[head]]
    places = {}
    for what, column in (("correction", 6), ("approve", 7)):
        names = {str(table["headers"][column]).casefold() for table in words("en")["all"]}
        place = next((n for n, cell in enumerate(header) if cell in names), None)
        if place is None:
            raise UserError(f"{name} has no column {what!r} any more: write the sheet anew.")
        places[what] = place
    mark = rows[head].index(MARK)
    yes, no = ({str(w).casefold() for w in words("en")[k]} for k in ("approved", "open"))
    found, problems = [], []
    for number, row in enumerate(rows[head + 1 :], head + 2):
        correction, tick = row[places["correction"]].strip(), row[places["approve"]].strip().casefold()
        if not correction and tick in no:
            continue
        if tick not in yes | no:
            problems.append(f"{name}, row {number}: {tick!r} in 'approve' is neither {TICK} nor empty: it was not taken as an approval")
        parts = row[mark].split("|", 5)
        if len(parts) != 6 or parts[0] != MARK:
            problems.append(
                f"{name}, row {number}: its hidden last column is damaged, so it is not known what it belongs to: write the sheet anew"
            )
            continue
        _, language, part, source, text, sku = parts
        found.append(Answer(number, sku, language, part, source, text, correction, tick in yes))
    return found, problems


def accept(desk: Desk, jobs: Sequence[Job], answers: Sequence[Answer], *, by: str, at: str) -> Accepted:
    """Take over what people wrote: texts into the translation memory, Lines into the reviews.

    What can't be taken over is told and left; the rest counts. A Line whose text has changed since the sheet was written is
    not approved unseen.
    """
    done = Accepted()
    known = {(job.product.sku, job.language): job for job in jobs}
    own: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        if (answer.sku, answer.language) in known:
            own.setdefault((answer.sku, answer.language), []).append(answer)
        else:
            done.problems.append(f"row {answer.row}: {answer.sku} in {answer.language} is not in the catalog: nothing was done with it")
    entries = [entry for key, given in own.items() for entry in _texts(desk, known[key], given, done)]
    if entries:
        remember(desk.campaign.accepted_file(), [(source, language, text) for source, language, text in dict.fromkeys(entries)])
        done.texts = len(dict.fromkeys(entries))
    after = Desk(desk.campaign, desk.store)  # reads the memory as it is now
    after.reviews = Reviews.load(desk.reviews.path)
    for key, given in own.items():
        changed = {entry[0] for entry in entries}
        lines = [a for a in given if a.part.startswith("line.")]
        if lines:
            _take_lines(after, known[key], lines, bool(changed), by, at, done)
    if done.lines or done.approved:
        after.reviews.save()
    return done


def _texts(desk: Desk, job: Job, answers: Sequence[Answer], done: Accepted) -> Iterator[tuple[str, str, str]]:
    """(source, language, text) of each corrected text of a product."""
    given = [a for a in answers if a.correction and not a.part.startswith("line.")]
    if not given:
        return
    product = job.product
    sources = {_digest(text): text for text in (product.title, product.description, product.proof, *product.features) if text}
    for answer in given:
        source = sources.get(answer.source)
        if source is None:
            done.problems.append(f"row {answer.row}: the catalog's text has changed since the sheet was written: write it anew")
        else:
            yield source, job.language, answer.correction


def _take_lines(desk: Desk, job: Job, answers: Sequence[Answer], texts_changed: bool, by: str, at: str, done: Accepted) -> None:
    progress = Progress()
    try:
        localized = desk.texts(job, progress)
        written = desk.written(job, localized, progress)[0]
    except CrossreelError as error:
        done.problems.append(f"row {answers[0].row}: {job.product.sku} in {job.language}: {error}")
        return
    spoken = desk.reviews.applied(job.product.sku, written)
    for answer in answers:
        n = int(answer.part.partition(".")[2]) - 1
        same = n < len(spoken.lines) and _digest(spoken.lines[n].text) == answer.text
        if n >= len(written.lines) or not (same or texts_changed):
            done.problems.append(f"row {answer.row}: this line has changed since the sheet was written: write the sheet anew")
            continue
        if not same and not answer.correction:
            done.problems.append(
                f"row {answer.row}: this line now says {spoken.lines[n].text!r}, as its text was corrected: approve it as it is"
            )
            continue
        before = desk.reviews.said.get((job.product.sku, job.language, written.lines[n].text))
        edit = answer.correction or (before.edit if before else "")
        edit = "" if edit == written.lines[n].text else edit
        desk.reviews.add([Review(job.product.sku, job.language, written.lines[n].text, edit, answer.approved, by, at)])
        done.lines += bool(answer.correction)
        done.approved += answer.approved
    script = desk.reviews.applied(job.product.sku, written)
    for finding in desk.judged(script, job.product):
        if finding.severity == "block":
            done.problems.append(f"{job.product.sku} in {job.language}: {finding.message} The clip will be stopped by it.")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
