"""Translation memory: what was translated before, word for word, from CSV and TMX 1.4 files.

A text matches when it equals a stored one after normalisation: Unicode NFC, invisible marks dropped, any run of white
space one space. Case counts ("US" is not "us"). Where a text is stored twice the later entry wins, as accepted
corrections are added at the end; a later file wins over an earlier one. What is only nearly the same is offered to whoever reads
the texts over, and never used by itself: a number in it may be another.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar
from xml.parsers import expat

from rapidfuzz import fuzz, process

from localize.engines import Card
from localize.errors import UserError
from localize.translate import NO_HINTS, Hints, Translation

# One stored text in every language it has, by code; "" is the CSV's `source` column, of whatever language that is.
Unit = dict[str, str]

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2060\ufeff\u00ad"))
_TRADITIONAL = {"tw", "hk", "mo", "hant"}


def normal(text: str) -> str:
    """The form in which texts are compared (see above)."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_INVISIBLE).split())


# From this likeness on a stored text is offered for one that is nearly the same.
LIKENESS = 0.9


@dataclass(frozen=True)
class Near:
    """A stored text, its translation, and how like it is (0 to 1) to the one that was asked for."""

    source: str
    text: str
    likeness: float


class MemoryTranslator:
    """Gives back what the memory files hold, exactly. The files are read on first use."""

    card: ClassVar[Card] = Card(
        name="memory",
        stage="translate",
        about="exact matches from the campaign's translation memory (CSV, TMX)",
        version="2",
        licence="Apache-2.0",
        quality=90,
        machine=False,
    )

    def __init__(self, paths: Sequence[str | Path] = ()) -> None:
        self.paths = tuple(Path(p) for p in paths)

    def missing(self) -> str:
        if not self.paths:
            return "the campaign names no translation memory; give it a CSV or TMX file."
        lost = [str(p) for p in self.paths if not p.is_file()]
        return f"there is no translation memory {', '.join(lost)}." if lost else ""

    def fingerprint(self) -> str:
        """Of the files as they were when they were read: what is written into them meanwhile is the next run's."""
        return f"memory-{self.card.version}-{self._snapshot[1]}"

    def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
        """See `Translator.translate`. Raises UserError for a file that cannot be read."""
        return [self._find(normal(text), source, target) for text in texts]

    def near(self, text: str, source: str, target: str, *, most: int = 3) -> list[Near]:
        """Stored texts that are nearly this one, with their translations, the nearest first: to be offered, never to be used."""
        wanted = normal(text)
        stored = [known for code, known in self._stored() if code in (source, "") and known != wanted]
        found = process.extract(wanted, stored, scorer=fuzz.ratio, score_cutoff=100 * LIKENESS, limit=most)
        near = ((known, score / 100, self._find(known, source, target)) for known, score, _ in found)
        return [Near(known, made.text, score) for known, score, made in near if made]

    def _find(self, text: str, source: str, target: str) -> Translation | None:
        found = [entry for code in (source, "") if (entry := self._stored().get((code, text), {}).get(target)) and entry[1].strip()]
        # Under a language's own column or under `source`: what was written later wins.
        return Translation(text=max(found)[1], origin=self.card.name) if found else None

    def _stored(self) -> _Entries:
        return self._snapshot[0]

    @cached_property
    def _snapshot(self) -> tuple[_Entries, str]:
        """The entries and the files' hash, of one reading: a file may be written while a run goes on."""
        digest = hashlib.blake2b(digest_size=8)
        entries: _Entries = {}
        number = 0
        for path in self.paths:
            before = _hash(path)
            for unit in read(path):
                number += 1
                for code in unit:  # a later entry wins in the languages that it has, and leaves the others
                    known = entries.setdefault((code, normal(unit[code])), {})
                    known.update({target: (number, text) for target, text in unit.items()})
            digest.update(before)
        return entries, digest.hexdigest()


# (language code, normal text) -> language code -> (number of the entry, text).
_Entries = dict[tuple[str, str], dict[str, tuple[int, str]]]


def _hash(path: Path) -> bytes:
    if not path.is_file():
        raise UserError(f"there is no translation memory {path}.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def remember(path: Path, entries: Sequence[tuple[str, str, str]]) -> None:
    """Add what people have accepted, (source text, language code, text), to the end of a memory in CSV, making it if it is not
    there. Its columns, separator and encoding stay; a column for a new language is added. The file appears whole or not at all.

    Raises UserError for a file that cannot be read, and for a TMX file, which other programs keep.
    """
    if path.suffix.lower() in (".tmx", ".xml"):
        raise UserError(f"{path} is TMX, which crossreel only reads: name a CSV as the last one under `memory:` for what is accepted.")
    names, rows, delimiter, encoding = ["source"], [], ",", "utf-8-sig"
    if path.is_file():
        text, encoding = _text(path)
        delimiter = _delimiter(text)
        list(read_table(path))  # complains of what is wrong in it
        names, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    codes = [name.strip().lower() for name in names]
    for code in dict.fromkeys(code for _, code, _ in entries):
        if code not in codes:
            names, codes = [*names, code], [*codes, code]
    for source, code, said in entries:
        row = dict.fromkeys(range(len(codes)), "") | {codes.index("source"): source, codes.index(code): said}
        rows.append([row[i] for i in range(len(codes))])
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with half.open("w", encoding=encoding, newline="") as file:
        sheet = csv.writer(file, delimiter=delimiter)
        sheet.writerow(names)
        sheet.writerows(row for row in rows if any(row))
    half.replace(path)


def read(path: Path) -> Iterator[Unit]:
    """The entries of a memory file, in order. Raises UserError when it is missing or broken."""
    if not path.is_file():
        raise UserError(f"there is no translation memory {path}.")
    if path.suffix.lower() in (".tmx", ".xml"):
        return _read_tmx(path)
    return read_table(path)


def read_table(path: Path) -> Iterator[Unit]:
    """The rows of a CSV with a `source` column and one column per language code; other columns come along.

    Separated by comma, semicolon or tab, in UTF-8 or, with its byte-order mark, UTF-16. Raises UserError.
    """
    text, _ = _text(path)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        if "source" not in names:
            raise UserError(f"{path}: the first row has no column 'source', only {', '.join(names) or 'nothing'}.")
        for cells in rows:
            if len(cells) > len(names):
                many = f"{len(cells)} cells for {len(names)} columns"
                raise UserError(f"{path}, line {rows.line_num}: {many}; put quotes around a text that holds the separator.")
            unit = {("" if n == "source" else n): cell.strip() for n, cell in zip(names, cells, strict=False) if cell.strip()}
            if unit:
                yield unit
    except csv.Error as wrong:
        raise UserError(f"{path}, line {rows.line_num}: {wrong}.") from wrong


def _text(path: Path) -> tuple[str, str]:
    """A CSV's text and its encoding."""
    raw = path.read_bytes()
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError as wrong:
        raise UserError(f"{path}: byte {wrong.start} is not {wrong.encoding}; save the file as CSV UTF-8.") from wrong


def _delimiter(text: str) -> str:
    return max(",;\t", key=text.partition("\n")[0].count)


def _read_tmx(path: Path) -> Iterator[Unit]:
    """The translation units of a TMX file, streamed. Only what is in the file is ever read: entities are refused."""
    reader = _TmxReader(path)
    with path.open("rb") as file:
        while chunk := file.read(1 << 16):
            yield from reader.feed(chunk)
    yield from reader.feed(b"", last=True)


class _TmxReader:
    """Collects <tu>/<tuv>/<seg> as the parser meets them. Inline codes (<bpt>, <ph>, ...) hold markup, not text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unit: Unit = {}
        self.done: list[Unit] = []
        self.code = ""
        self.text: list[str] | None = None
        self.inside_code = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        # A DOCTYPE is normal in TMX, but nothing it names is fetched, and a file that declares entities of its own
        # could blow up in memory or pull in other files.
        self.parser.EntityDeclHandler = self.refuse
        self.parser.SkippedEntityHandler = self.refuse

    def feed(self, chunk: bytes, *, last: bool = False) -> list[Unit]:
        try:
            self.parser.Parse(chunk, last)
        except expat.ExpatError as wrong:
            raise UserError(f"{self.path}, line {wrong.lineno}: not well-formed TMX ({expat.ErrorString(wrong.code)}).") from wrong
        done, self.done = self.done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "tu":
            self.unit = {}
        elif tag == "tuv":
            self.code = _language(attributes.get("xml:lang") or attributes.get("lang") or "")
        elif tag == "seg":
            self.text = []
        elif tag in ("bpt", "ept", "ph", "it", "ut", "sub"):
            self.inside_code += 1

    def end(self, tag: str) -> None:
        if tag == "tu":
            self.done.append(self.unit)
        elif tag == "seg" and self.text is not None:
            if self.code and (text := normal("".join(self.text))):
                self.unit[self.code] = text
            self.text = None
        elif tag in ("bpt", "ept", "ph", "it", "ut", "sub"):
            self.inside_code -= 1

    def characters(self, text: str) -> None:
        if self.text is not None and not self.inside_code:
            self.text.append(text)

    def refuse(self, name: str, *_: object) -> None:
        raise UserError(f"{self.path}, line {self.parser.CurrentLineNumber}: entity {name!r}; write the character itself.")


def _language(tag: str) -> str:
    """en-US -> en. Traditional Chinese keeps a code of its own, as it is no text for a reader of zh."""
    first, *rest = tag.lower().replace("_", "-").split("-")
    return "zh-hant" if first == "zh" and _TRADITIONAL & set(rest) else first
