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
from typing import TypeVar

from filelock import FileLock, Timeout

from localize.domain import Narration
from localize.errors import Transient, UserError
from localize.store import digest

Said = TypeVar("Said", bound=Narration)
Known = tuple[str, str, str]  # sku, language, text
REJECTED = "yes"  # where nobody said why
WAIT_SECONDS = 120.0  # for somebody else who is writing the same file


@contextmanager
def alone(path: Path, locks: Path | None = None) -> Iterator[None]:
    """Hold a file while it is read, added to and written, so that two people who hand in sheets at once lose nothing of each
    other's. Others are kept off by a hidden file beside it, or in the folder `locks`, which then all of them must see. Raises Transient
    when somebody else doesn't let go of it."""
    place = path.with_name(f".{path.name}.lock") if locks is None else locks / f"{digest(str(path.resolve()))}.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place)
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
    """What somebody said of a Line: `edit` is what to say instead ("" if it is right), `approved` whether it may be spoken, `rejected`
    why its clip is not to be made ("" if nobody has said so)."""

    sku: str
    language: str
    text: str
    edit: str = ""
    approved: bool = False
    by: str = ""
    at: str = ""
    rejected: str = ""

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
            sheet = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True)
            rows = list(sheet)
        except (UnicodeDecodeError, csv.Error) as wrong:
            raise UserError(f"{path} can't be read ({wrong}): it is written by crossreel; put back a copy, or remove it.") from wrong
        if "rejected" not in (sheet.fieldnames or ()):  # a file of before
            names.remove("rejected")
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

    def applied(self, sku: str, script: Said) -> Said:
        """The script with what people wrote in place of its Lines."""
        lines = []
        for line in script.lines:
            review = self.said.get((sku, script.language, line.text))
            lines.append(line.model_copy(update={"text": review.edit}) if review and review.edit else line)
        return script if tuple(lines) == script.lines else script.model_copy(update={"lines": tuple(lines)})

    def edits(self, sku: str, language: str) -> dict[str, str]:
        """What people wrote in place of a product's Lines, by the Lines' words."""
        return {r.text: r.edit for r in self.said.values() if r.edit and (r.sku, r.language) == (sku, language)}

    def approved(self, sku: str, language: str) -> set[str]:
        """The words of a product's Lines, as they are to be spoken, that somebody has approved."""
        return {r.edit or r.text for r in self.said.values() if r.approved and (r.sku, r.language) == (sku, language)}

    def rejected(self, sku: str, language: str) -> dict[str, Review]:
        """By the words of a product's Lines, as they would be spoken: what was said of those with which its clip was rejected."""
        return {r.edit or r.text: r for r in self.said.values() if r.rejected and (r.sku, r.language) == (sku, language)}

    def refusals(self) -> list[Review]:
        """Of each clip of which a rejection is the last that was said: what was said."""
        last = {(r.sku, r.language): r for r in self.said.values()}
        return [review for review in last.values() if review.rejected]

    def waiting(self, sku: str, script: Narration) -> int:
        """How many Lines of a script, as it is to be spoken, nobody has approved."""
        approved = self.approved(sku, script.language)
        return sum(line.text not in approved for line in script.lines)
