"""Which encoding a text file is in: by its marks, by what it is valid in, else by which reading looks like a language.

A table of ten rows has a few hundred letters, and nearly any bytes are valid in the old encodings. So each candidate's
reading is looked at for what its language cannot do: a Thai vowel sign needs a consonant before it, common Chinese
characters stand in the first half of GB 2312 and Big5, a Vietnamese accent of Windows-1258 needs a vowel.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import charset_normalizer

from localize.errors import UserError

SAMPLE = 200_000
# What has no line end for so long would be held in memory whole by whoever reads lines.
MAX_LINE = 64_000_000


@dataclass(frozen=True)
class Reading:
    """How a file's bytes become text. `errors` is "replace" where a few bytes are damaged, `mend` says that lines need
    their NUL characters taken out or their accents joined to the letters, `long_lines` that some would fill memory."""

    encoding: str
    errors: str = "strict"
    mend: bool = False
    notes: tuple[str, ...] = ()
    long_lines: bool = False

    def lines(self, path: Path) -> Iterator[str]:
        """The file's lines with their ends (CR, LF or CRLF), without a byte order mark."""
        with path.open(encoding=self.encoding, errors=self.errors, newline="") as f:
            first = f.readline().removeprefix("\ufeff")
            yield _mended(first) if self.mend else first
            yield from map(_mended, f) if self.mend else f

    def start(self, path: Path, size: int = 100_000) -> str:
        """The first `size` characters."""
        with path.open(encoding=self.encoding, errors=self.errors, newline="") as f:
            return _mended(f.read(size).removeprefix("\ufeff")) if self.mend else f.read(size).removeprefix("\ufeff")

    def told_to_be(self, path: Path, encoding: str) -> Reading:
        """The reading in the encoding that the file names, unless its bytes say otherwise."""
        name = "gb18030" if encoding.casefold() in ("gb2312", "gbk") else encoding
        # Without a note they are UTF-8, or have a mark.
        return Reading(name, mend=self.mend, long_lines=self.long_lines) if self.notes and _decodes(path, name) else self


def _mended(line: str) -> str:
    return unicodedata.normalize("NFC", line.replace("\0", ""))


def of(path: Path) -> Reading:
    """The encoding of a whole text file. Raises UserError when it is no text."""
    nul, long_lines = _look_over(path)
    return replace(_of(path, nul), long_lines=long_lines)


def _of(path: Path, nul: bool) -> Reading:
    with path.open("rb") as f:
        start = f.read(65_536)
    for bom, name in (
        (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    ):  # fmt: skip
        if start.startswith(bom):
            reading = _as_marked(path, name, nul)
            if reading:
                return reading
    if nul:
        for name in ("utf-16-le", "utf-16-be"):
            if _is_utf16(start, name) and _decodes(path, name):
                return Reading(name)
    if _decodes(path, "utf-8"):
        return Reading("utf-8", mend=nul)
    damaged = _damaged_lines(path, "utf-8", least=3)
    if damaged:
        return Reading("utf-8", "replace", nul, (_about_damage(damaged, "UTF-8"),))
    return _old(path, nul)


def _as_marked(path: Path, name: str, nul: bool) -> Reading | None:
    if _decodes(path, name):
        return Reading(name, mend=nul and name == "utf-8-sig")
    told = name.removesuffix("-sig").upper()
    damaged = _damaged_lines(path, name, least=0)
    if damaged:
        return Reading(name, "replace", nul and name == "utf-8-sig", (_about_damage(damaged, told),))
    if name == "utf-8-sig":  # the mark was put before text of another encoding
        return None
    raise UserError(f"{path.name} starts as {told} but is damaged: save it again as CSV (UTF-8)")


def _look_over(path: Path) -> tuple[bool, bool]:
    """Whether the file holds NUL bytes, and whether a line is longer than MAX_LINE."""
    nul, without, longest = False, 0, 0
    with path.open("rb") as f:
        while chunk := f.read(1 << 20):
            nul = nul or b"\0" in chunk
            without = 0 if b"\n" in chunk or b"\r" in chunk else without + len(chunk)
            longest = max(longest, without)
    return nul, longest > MAX_LINE


def _decodes(path: Path, encoding: str) -> bool:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        pending = False
        with path.open("rb") as f:
            while chunk := f.read(1 << 20):
                if encoding == "utf-8" and chunk.isascii() and not pending:
                    continue
                decoder.decode(chunk)
                pending = bool(decoder.getstate()[0])
        decoder.decode(b"", True)
    except (UnicodeError, LookupError):
        return False
    return True


def _damaged_lines(path: Path, encoding: str, least: int) -> list[int]:
    """The numbers of the lines with bytes that are not of the encoding, if these are few; else none."""
    damaged, bad, good = [], 0, 0
    with path.open(encoding=encoding, errors="replace", newline="") as f:
        for number, line in enumerate(f, 1):
            if not line.isascii():
                here = line.count("\ufffd")
                bad += here
                good += len(line) - len(line.encode("ascii", "ignore")) - here
                if here:
                    damaged.append(number)
    return damaged if bad and good >= max(least, 10 * bad) else []


def _about_damage(lines: list[int], name: str) -> str:
    told = ", ".join(map(str, lines[:10])) + (f" and {len(lines) - 10} more" if len(lines) > 10 else "")
    return f"The file is {name} but damaged: in line {told}, \ufffd stands for lost letters. Correct them, or export it again."


def _is_utf16(start: bytes, name: str) -> bool:
    """Whether the bytes, halved into characters, are text: ASCII signs on the right side, and no odd characters."""
    even = start[: len(start) // 2 * 2]
    high, low = (even[1::2], even[::2]) if name == "utf-16-le" else (even[::2], even[1::2])
    if high.count(0) < 2 or high.count(0) <= 4 * low.count(0):
        return False
    wide = [pair for pair in zip(high, low, strict=True) if pair[0]]
    if sum(0x20 <= a < 0x7F and (0x20 <= b < 0x7F or b in b"\t\r\n") for a, b in wide) > 0.8 * max(len(wide), 1):
        return False  # ASCII with NULs in it
    text = even.decode(name, "replace")
    odd = sum((unicodedata.category(c) in ("Cn", "Co", "Cs", "Cc") and c not in "\t\r\n\f\v") or c == "\ufffd" for c in text)
    return odd <= len(text) // 100


# --- encodings of one country --------------------------------------------------------------------------------------


def _old(path: Path, nul: bool) -> Reading:
    sample = _sample(path)
    for name, told in _ranked(sample):
        notes = (f"The file is not UTF-8; it was read as {told}. If letters look wrong, save it as CSV (UTF-8).",)
        mend = nul or name == "cp1258"
        if _decodes(path, name):
            return Reading(name, mend=mend, notes=notes)
        damaged = _damaged_lines(path, name, least=3)
        if damaged:
            return Reading(name, "replace", mend, (*notes, _about_damage(damaged, told)))
    raise UserError(f"{path.name} is not text in any encoding crossreel knows: save it as CSV (UTF-8)")


def _sample(path: Path) -> bytes:
    """The first lines that are not ASCII."""
    lines, size = [], 0
    with path.open("rb") as f:
        while size < SAMPLE and (line := f.readline(SAMPLE)):
            if not line.isascii():
                lines.append(line)
                size += len(line)
    return b"".join(lines)


def _ranked(sample: bytes) -> Iterator[tuple[str, str]]:
    """Encodings that the sample may be in, by Python's name and in words, the likeliest first."""
    scores = {name: judge(sample.decode(name, "replace")) for name, (_, judge) in _CANDIDATES.items()}
    likely = sorted((name for name in scores if scores[name] >= 0.75), key=lambda name: -scores[name])
    yield from ((name, _CANDIDATES[name][0]) for name in likely)
    best = charset_normalizer.from_bytes(sample, cp_isolation=[*_OTHERS]).best()
    if best and best.encoding not in likely:
        yield best.encoding, best.encoding
    unlikely = sorted((name for name in scores if 0.4 <= scores[name] < 0.75), key=lambda name: -scores[name])
    yield from ((name, _CANDIDATES[name][0]) for name in unlikely)


def _double_byte(name: str, common: Callable[[int, int], bool]) -> Callable[[str], float]:
    """How much of a text's foreign characters are common ones, by the two bytes they have in the encoding."""

    def judged(text: str) -> float:
        foreign = [c for c in text if c > "\x7f"]
        pairs = [c.encode(name, "ignore") for c in foreign]
        return sum(len(p) == 2 and common(p[0], p[1]) for p in pairs) / max(len(foreign), 1)

    return judged


_chinese = _double_byte("gb18030", lambda a, b: b >= 0xA1 and (0xB0 <= a <= 0xD7 or 0xA1 <= a <= 0xA3))
_traditional = _double_byte("big5hkscs", lambda a, b: 0xA4 <= a <= 0xC6 or 0xA1 <= a <= 0xA3)
_kana_and_kanji = _double_byte("cp932", lambda a, b: 0x88 <= a <= 0x97 or 0x81 <= a <= 0x83)
_hangul = _double_byte("cp949", lambda a, b: b >= 0xA1 and (0xB0 <= a <= 0xC8 or a == 0xA1))


def _japanese(text: str) -> float:
    foreign = sum(c > "\x7f" for c in text)
    kana = sum("\u3041" <= c <= "\u30fe" for c in text)
    return _kana_and_kanji(text) if kana >= 0.15 * foreign else 0.0


# Common Hangul and the first third of the Chinese characters share their bytes; these are half of what Korean is written with.
_FREQUENT = frozenset("이다는에의가을로하고지스사시어리기도자인아서트나대라정전수장부제해상한그를들은일있것과보만여비소원용개드")


def _korean(text: str) -> float:
    hangul = [c for c in text if "\uac00" <= c <= "\ud7a3"]
    frequent = sum(c in _FREQUENT for c in hangul)
    return _hangul(text) * 1.01 if frequent > 1 and frequent >= 0.25 * len(hangul) else 0.0


def _thai(text: str) -> float:
    wrong = 0.0
    foreign = thai = vowels = 0
    for before, c, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if c <= "\x7f":
            continue
        foreign += 1
        thai += "\u0e01" <= c <= "\u0e5b" or c in _SIGNS
        wrong += before <= "\x7f" and before.isalpha() and 0.25
        vowels += "\u0e30" <= c <= "\u0e45"
        if c in _THAI_SIGNS:  # they stand on, under or after a consonant or another of them
            wrong += not ("\u0e01" <= before <= "\u0e2e" or before in _THAI_SIGNS)
        elif "\u0e40" <= c <= "\u0e44":  # they stand before a consonant
            wrong += not "\u0e01" <= after <= "\u0e2e"
        elif "\u0e01" <= c <= "\u0e2e":  # no word is one consonant
            wrong += before <= "\x7f" and after <= "\x7f"
        elif c >= "\u0e4f":  # Thai digits and marks stand in no word
            wrong += before.isalpha() or after.isalpha()
    return max(0.0, (thai - 4 * wrong) / foreign) if vowels > 0.1 * foreign else 0.0


_THAI_SIGNS = frozenset("ะัาำิีึืฺุู็่้๊๋์ํ๎ๅ")
_MARKS = "\u0300\u0301\u0303\u0309\u0323"
_VIETNAMESE = frozenset("àáâãèéêìíòóôõùúýăđĩũơưÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯ₫")
_SIGNS = frozenset("‘’“”–—…•®™©°€£¥½¼¾×²³«»·\xa0„‚′″ªº")


def _vietnamese(text: str) -> float:
    foreign = wrong = own = 0
    for before, c in zip(" " + text, text, strict=False):
        if c in _MARKS:
            own += 1
            foreign += 1
            wrong += before not in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
        elif c > "\x7f":
            foreign += 1
            own += c in "đĐ"
            wrong += c not in _VIETNAMESE and c not in _SIGNS
    return max(0.0, 1.02 - 4 * wrong / foreign) if own and own >= 0.1 * foreign else 0.0


def _cyrillic(text: str) -> float:
    return _alphabet(text, lambda c: "а" <= c.casefold() <= "я" or c in "ёЁіІїЇєЄґҐ№", alone=True)


def _western(text: str) -> float:
    return _alphabet(text, lambda c: ("À" <= c <= "ÿ" and c not in "×÷ÞþÐðÝ") or c in "ŠšŽžŒœŸ")


def _central(text: str) -> float:
    # Letters that are signs in Windows-1252, or are in it but in no language that has è, æ or ð, which č, ć and đ would be.
    telling = any(c in "šžŠŽłŁąĄżľĽ" for c in text)
    own = sum(c in "čćđžšČĆĐŽŠřŘěůťďňĚŮłŁąęśźżńĄĘŚŹŻőűŐŰľĽ" for c in text)
    if own < 0.5 * sum(c > "\x7f" and c.isalpha() for c in text):
        return 0.0
    return (1.01 if telling else 0.99) * _alphabet(text, lambda c: c.isalpha() and c <= "\u017f")


def _alphabet(text: str, own: Callable[[str], bool], alone: bool = False) -> float:
    """How much of the foreign characters are letters where words have them: no capital after a small letter; among ASCII
    letters and seldom side by side, or (an alphabet that stands `alone`) not beside ASCII letters."""
    foreign = good = run = 0
    for before, c, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if c <= "\x7f":
            run = 0
            continue
        foreign += 1
        run += 1
        beside = (before <= "\x7f" and before.isalpha()) or (after <= "\x7f" and after.isalpha())
        if own(c):
            fits = not beside if alone else run <= 3 and (beside or run > 1 or c in "àáâéèêíìîóòôúÀÁÉÈÓÔ")
            good += fits and not (c.isupper() and before.islower())
        elif c in "¿¡":
            good += not before.isalpha()
        else:
            good += c in _SIGNS and not (after.isalpha() and c in "£²³½¼¾")
    return good / foreign if foreign else 0.0


# What charset-normalizer may choose from, when none of these fits.
_OTHERS = ("cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "iso8859_2", "koi8_r", "mac_roman", "cp437", "cp850", "cp866", "euc_jp")
_CANDIDATES: dict[str, tuple[str, Callable[[str], float]]] = {
    "gb18030": ("Chinese (GB18030)", _chinese),
    "cp874": ("Thai (Windows-874)", _thai),
    "cp1258": ("Vietnamese (Windows-1258)", _vietnamese),
    "big5hkscs": ("traditional Chinese (Big5)", _traditional),
    "cp932": ("Japanese (Shift-JIS)", _japanese),
    "cp949": ("Korean (EUC-KR)", _korean),
    "cp1250": ("Central European (Windows-1250)", _central),
    "cp1252": ("Western European (Windows-1252)", _western),
    "cp1251": ("Cyrillic (Windows-1251)", _cyrillic),
}
