"""What people have corrected and approved in scripts, Line by Line: a CSV beside the campaign.

A Line is known by its product, its language and its text as the writer wrote it, not by its place: a script that is written
anew keeps what was said of the Lines that stayed.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

from filelock import FileLock, Timeout

from localize.domain import Script
from localize.errors import Transient, UserError

Known = tuple[str, str, str]  # sku, language, text
WAIT_SECONDS = 120.0  # for somebody else who is writing the same file


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a file while it is read, added to and written, so that two people who hand in sheets at once lose nothing of each
    other's. Raises Transient when somebody else doesn't let go of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=WAIT_SECONDS)
    except Timeout as error:
        raise Transient(f"{path} is being written by somebody else: try again when they are done.") from error
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True)
class Review:
    """What somebody said of a Line: `edit` is what to say instead ("" if it is right), `approved` whether it may be spoken."""

    sku: str
    language: str
    text: str
    edit: str = ""
    approved: bool = False
    by: str = ""
    at: str = ""

    @property
    def known(self) -> Known:
        return self.sku, self.language, self.text


@dataclass
class Reviews:
    """All that was said, the latest of each Line."""

    path: Path
    said: dict[Known, Review] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Reviews:
        """Read the file; without it, nothing was said yet. Raises UserError for one that is none of ours."""
        found = cls(path)
        if not path.is_file():
            return found
        names = [f.name for f in fields(Review)]
        try:
            rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error) as wrong:
            raise UserError(
                f"{path} can't be read ({wrong}): it is written by `crossreel review`; put back a copy, or remove it."
            ) from wrong
        for number, row in enumerate(rows, 2):
            if None in row or any(row.get(name) is None for name in names):
                raise UserError(f"{path}, row {number} has not the columns {', '.join(names)}: put back a copy, or remove the row.")
            found.add([Review(**{name: row[name] for name in names if name != "approved"}, approved=row["approved"] == "yes")])
        return found

    def add(self, reviews: Iterable[Review]) -> None:
        """What was said later takes the place of what was said before."""
        for review in reviews:
            self.said.pop(review.known, None)
            self.said[review.known] = review

    def keep(self, reviews: Iterable[Review]) -> set[Known]:
        """Add what was said to the file as it is now: others may have written into it since it was read. Returns the Lines that
        they have spoken of; there theirs stays."""
        given = list(reviews)
        with alone(self.path):
            now = Reviews.load(self.path)
            theirs = {r.known for r in given if now.said.get(r.known) != self.said.get(r.known)}
            now.add(r for r in given if r.known not in theirs)
            now.save()
        self.said = now.said
        return theirs

    def save(self) -> None:
        """Write the file: whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        half = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        with half.open("w", encoding="utf-8-sig", newline="") as file:
            sheet = csv.writer(file)
            sheet.writerow(f.name for f in fields(Review))
            sheet.writerows(["yes" if v is True else "" if v is False else v for v in astuple(r)] for r in self.said.values())
        half.replace(self.path)

    def applied(self, sku: str, script: Script) -> Script:
        """The script with what people wrote in place of its Lines."""
        lines = []
        for line in script.lines:
            review = self.said.get((sku, script.language, line.text))
            lines.append(line.model_copy(update={"text": review.edit}) if review and review.edit else line)
        return script if tuple(lines) == script.lines else script.model_copy(update={"lines": tuple(lines)})

    def waiting(self, sku: str, script: Script) -> int:
        """How many Lines of a script, as it is to be spoken, nobody has approved."""
        approved = {r.edit or r.text for r in self.said.values() if r.approved and (r.sku, r.language) == (sku, script.language)}
        return sum(line.text not in approved for line in script.lines)
