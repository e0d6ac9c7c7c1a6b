"""Lexicon: how words are said that a voice would get wrong. A campaign's own table, and the brands that crossreel knows.

The table is a CSV (or XLSX) with the columns `word` (as it is written, one or several words), `language` (a code, or empty
for all), `say` (respelled in the language's own letters) and `phonemes` (in espeak's names, for voices that take them; the
others go by `say`); a column `note` is for people. A campaign's entry is preferred to a brand's.
What is written stays as it is, and with it the captions: only what is said changes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import yaml
from rapidfuzz import process

from localize import languages
from localize.assets import ASSETS
from localize.errors import UserError
from localize.languages import Language, Token

COLUMNS = ("word", "language", "say", "phonemes", "note")
BRANDS = ASSETS / "languages" / "brands.yaml"
# The tables of phonemes by which espeak speaks our languages.
_TABLES = {"th": "th", "vi": "vi", "id": "id", "zh": "cmn", "en": "en"}


@dataclass(frozen=True)
class Entry:
    """One word (or several) of a language ("" for all of them), and how it is said."""

    word: str
    language: str = ""
    say: str = ""
    phonemes: str = ""


class Lexicon:
    """Entries by what they are the words of. Of two for the same word, the later one and the one of a language hold."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(entries)
        self._tables: dict[str, dict[str, Entry]] = {}

    @classmethod
    def load(cls, path: str | Path | None = None) -> Lexicon:
        """A campaign's lexicon over the brands that crossreel knows; these alone without a path.

        Raises UserError for a table that can't be read or an entry that can't be used, naming its row, column and value.
        """
        if not path:
            return _brands()
        path = Path(path)
        seen: dict[tuple[str, str], int] = {}
        own = []
        for row, cells in _rows(path):
            entry = _entry(path, row, cells)
            first = seen.setdefault((_key(entry.word), entry.language), row)
            if first != row:
                raise UserError(f"{path}, row {row}, column word: {entry.word!r} has an entry in row {first} already; keep one of them.")
            own.append(entry)
        ours = {_key(e.word) for e in own if not e.language}
        # An entry for all languages must not lose to a brand's of one.
        return cls([*(e for e in _brands().entries if _key(e.word) not in ours), *own])

    def digest(self) -> str:
        """Identifies the entries by their content, in hexadecimal."""
        parts = (part for e in self.entries for part in (e.word, e.language, e.say, e.phonemes))
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()

    def read(self, language: str, text: str) -> list[Token]:
        """The tokens of a text, said as the lexicon wants. See Language.read."""
        return self.apply(languages.get(language).read(text), language)

    def apply(self, tokens: Sequence[Token], language: str) -> list[Token]:
        """The same tokens with what is said for those that entries tell of: as many, of the same texts and gaps.

        Of several tokens that are one entry, each says its word where there is one for each; else the first says all. A word
        inside a code (the iPhone of iPhone15) is said as the lexicon wants, too, but not by its phonemes.
        """
        table, said, at = self._table(language), list(tokens), 0
        longest = max(map(len, table), default=0)
        while at < len(said):
            found, end = self._longest(table, said, at, longest)
            if found is None:
                said[at] = _inside(table, said[at])
                at += 1
                continue
            count = end - at
            says = _shared(found.say or " ".join(t.say for t in said[at:end]), count)
            sounds = _shared(found.phonemes, count)
            if found.phonemes and sum(map(bool, says)) != sum(map(bool, sounds)):  # one word and its sounds belong together
                says, sounds = (["".join(f"{s} " for s in says).strip()] + [""] * (count - 1), [found.phonemes] + [""] * (count - 1))
            for k in range(count):
                said[at + k] = replace(said[at + k], say=says[k], phonemes=sounds[k])
            at = end
        return said

    def _table(self, language: str) -> dict[str, Entry]:
        """The entries that hold in a language, by the keys of their words, with what they say as a voice takes it."""
        if language not in self._tables:
            reader, table = languages.get(language), {}
            for entry in sorted((e for e in self.entries if e.language in ("", language)), key=lambda e: bool(e.language)):
                table[_key(entry.word)] = replace(entry, say=" ".join(_said(part, reader) for part in entry.say.split()))
            self._tables[language] = table
        return self._tables[language]

    @staticmethod
    def _longest(table: dict[str, Entry], tokens: Sequence[Token], at: int, longest: int) -> tuple[Entry | None, int]:
        """The entry of most tokens from `at` on, and where it ends. No entry goes on after a pause."""
        found, end, text = None, at, ""
        for k in range(at, len(tokens)):
            text += tokens[k].text
            key = _key(text)
            if len(key) > longest:
                break
            if key and key in table:
                found, end = table[key], k + 1
            if tokens[k].pause:
                break
            text += tokens[k].gap
        return found, end


@cache
def _brands() -> Lexicon:
    table = yaml.safe_load(BRANDS.read_text("utf-8"))
    return Lexicon(Entry(word, code, row[code]) for row in table for word in row["words"] for code in languages.codes() if code in row)


# Words ---------------------------------------------------------------------------------------------------------------


@cache
def _key(text: str) -> str:
    """What makes two writings one word: letters, figures, + and &, small, with one space wherever Latin words are parted by
    spaces or signs. Accents of Latin letters count, but for the ways of writing an apostrophe."""
    text = re.sub("['’‘`´]", "", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" or c in "+&" else " " for c in text)
    return re.sub(r"(?<=[^\x00-\u024f\u1e00-\u1eff]) (?=[^\x00-\u024f\u1e00-\u1eff])", "", " ".join(kept.split()))


def _said(part: str, language: Language) -> str:
    """A part of a respelling as a voice takes it: words as they are (cutting a Thai one up would change how it is read), figures
    and codes in words."""
    if all(unicodedata.category(c)[0] in "LM" for c in part) and not part.isupper():
        return part
    return " ".join(t.say for t in language.read(part) if t.say)


def _shared(words: str, count: int) -> list[str]:
    """One word for each of `count` tokens where there are as many, else all for the first."""
    parts = words.split()
    return parts if len(parts) == count else [words, *[""] * (count - 1)]


def _inside(table: dict[str, Entry], token: Token) -> Token:
    """A token of which the lexicon does not know the whole, with the Latin words that it knows said its way."""
    words = token.say.split()
    stem, owner, _ = token.say.partition("'s")
    if owner and _key(stem) in table:
        return replace(token, say=table[_key(stem)].say + owner)
    if len(words) < 2:
        return token
    known = [table.get(_key(word)) if len(word) > 1 and word.isascii() else None for word in words]
    return replace(token, say=" ".join(e.say if e and e.say else w for e, w in zip(known, words, strict=True)))


# The table -----------------------------------------------------------------------------------------------------------


def _entry(path: Path, row: int, cells: dict[str, str]) -> Entry:
    def wrong(column: str, why: str) -> UserError:
        return UserError(f"{path}, row {row}, column {column}: {why}")

    entry = Entry(*(" ".join(unicodedata.normalize("NFC", cells.get(c, "")).split()) for c in COLUMNS[:4]))
    if not _key(entry.word):
        raise wrong("word", f"{entry.word!r} has no letter; write the word as the texts have it.")
    codes = languages.codes()
    if entry.language and entry.language not in codes:
        raise wrong("language", f"{entry.language!r} is no language crossreel speaks; {', '.join(codes)}, or leave it empty for all.")
    if not entry.say and not entry.phonemes:
        raise wrong("say", f"how {entry.word!r} is said is missing; respell it in the language's own letters.")
    spoken = [entry.language] if entry.language else codes
    for code in spoken:
        name = languages.get(code).name
        strange = languages.get(code).foreign(entry.say)
        if strange:
            way = "respell it in the language's own letters" if entry.language else "give the language it is for, in a row for each"
            raise wrong("say", f"{entry.say!r} has letters that {name} is not written with ({strange}); {way}.")
        if entry.say and not any(t.say for t in languages.get(code).read(entry.say)):
            raise wrong("say", f"nothing of {entry.say!r} can be said; respell {entry.word!r} in letters.")
        bad = unknown_phonemes(entry.phonemes, code)
        if bad:
            raise wrong("phonemes", f"{bad!r} in {entry.phonemes!r} is no phoneme of espeak's {name}; leave phonemes empty and use say.")
    return entry


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table with their numbers as a spreadsheet shows them, empty ones left out."""
    table = _cells(path)
    names = [name.strip().casefold() for name in table[0]] if table else []
    for name in filter(None, names):
        if name not in COLUMNS:
            near = process.extractOne(name, COLUMNS, score_cutoff=50)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UserError(f"{path}, row 1: a lexicon has no column {name!r}.{hint} Known: {', '.join(COLUMNS)}.")
    if "word" not in names or not {"say", "phonemes"} & set(names):
        raise UserError(f"{path}, row 1: the columns word and say are needed, there are only {', '.join(names) or 'none'}.")
    for row, cells in enumerate(table[1:], 2):
        if any(cell.strip() for cell in cells[len(names) :]):
            raise UserError(f"{path}, row {row}: {len(cells)} cells for {len(names)} columns; put quotes around a text that holds a comma.")
        if any(cell.strip() for cell in cells):
            yield row, dict(zip(names, (cell.strip() for cell in cells), strict=False))


def _cells(path: Path) -> list[list[str]]:
    """All cells of a CSV (comma, semicolon or tab; UTF-8 or UTF-16) or of a workbook's first sheet."""
    if not path.is_file():
        raise UserError(f"there is no lexicon {path}; give a CSV with the columns {', '.join(COLUMNS[:4])}.")
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods"):
        import pandas as pd

        try:
            sheet = pd.read_excel(path, header=None, dtype=str, keep_default_na=False, engine="calamine")
        except Exception as error:  # calamine has errors of many kinds for files that are none of its own
            raise UserError(f"{path}: not a workbook that can be read ({error}); save it as CSV UTF-8.") from error
        return [[str(cell) for cell in row] for row in sheet.to_numpy().tolist()]
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise UserError(f"{path}: byte {wrong.start} is not {wrong.encoding}; save the file as CSV UTF-8.") from wrong
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as wrong:
        raise UserError(f"{path}: {wrong}; put quotes around a text that holds a quote or the separator.") from wrong


# espeak's phonemes ---------------------------------------------------------------------------------------------------


def unknown_phonemes(phonemes: str, language: str) -> str:
    """The first part of a word's phonemes that espeak does not know in that language, "" if it knows them all (or is not here).

    espeak ends a word at a name it does not know, and so would say half of it without a complaint.
    """
    known = _names(_TABLES.get(language, language))
    for word in phonemes.split() if known else ():
        at = 0
        while at < len(word):
            end = next((end for end in range(min(len(word), at + 4), at, -1) if word[at:end] in known), 0)
            if not end and word[at] not in "|":  # | parts two names that would read as one
                return word[at:]
            at = end or at + 1
    return ""


@cache
def _names(table: str) -> frozenset[str]:
    """The phonemes of one of espeak's tables and of those it builds on, as its data has them: each table is its count, the
    number of the table below it, a name of 32 bytes, and 16 bytes a phoneme of which the first four are the name."""
    if not find_spec("espeakng_loader"):
        return frozenset()
    import espeakng_loader

    data = (Path(espeakng_loader.get_data_path()) / "phontab").read_bytes()
    found: dict[str, frozenset[str]] = {}
    order: list[str] = []
    at = 4
    for _ in range(data[0]):
        count, below = data[at], data[at + 1]
        name = data[at + 4 : at + 36].split(b"\0")[0].decode()
        own = {data[p : p + 4].split(b"\0")[0].decode("latin-1") for p in range(at + 36, at + 36 + 16 * count, 16)}
        found[name] = frozenset(own | (found[order[below - 1]] if below else frozenset()))
        order.append(name)
        at += 36 + 16 * count
    return found.get(table, frozenset())
