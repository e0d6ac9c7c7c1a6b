"""What one cell of a catalog says: prices, currencies, lists, SKUs and file names, or why it cannot be read."""

from __future__ import annotations

import ast
import html
import json
import math
import os
import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from babel.core import get_global
from babel.numbers import get_territory_currencies
from rapidfuzz import process
from rapidfuzz.distance import OSA

from localize.assets import ASSETS


class Number(str):
    """A cell that the file holds as a number: its point is a decimal point, never a thousands mark."""

    __slots__ = ()


class Formatted(Number):
    """A number that its spreadsheet shows with a currency, which `sign` is: a code, or a sign of several currencies."""

    __slots__ = ("sign",)
    sign: str

    @classmethod
    def of(cls, number: str, sign: str) -> Formatted:
        cell = cls(number)
        cell.sign = sign
        return cell


class Unreadable(Exception):
    """A cell does not say what its column asks for. The message says why and what to write, in a seller's words."""


class NoCurrency(Unreadable):
    """A price that neither says its currency nor has one from its row or catalog."""


# --- cells ---------------------------------------------------------------------------------------------------------


# pandas' own for "nothing here"; by name, as loading pandas takes longer than reading most catalogs.
_MISSING = ("NaTType", "NAType")


def text(value: object) -> str:
    """A cell's value as a seller would write it: None and NaN are "", lists are lines, numbers keep their digits."""
    if value is None or type(value).__name__ in _MISSING:
        return ""
    if isinstance(value, str):
        # JSON can hold half a surrogate pair, which no file could be written with.
        return value if value.isprintable() else value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return Number(int(value))
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            return ""
        # 15 digits is what a spreadsheet shows: 0.1 + 0.2 stays 0.3.
        return _decimal(Decimal(format(value, ".7g" if isinstance(value, (np.float32, np.float16)) else ".15g")))
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (list, tuple, np.ndarray)):
        return "\n".join(text(v) for v in value)
    if isinstance(value, dict):
        return text(json.dumps(value, ensure_ascii=False, default=str))
    return text(str(value))


def _decimal(value: Decimal) -> str:
    # 1e999999 written out would be a megabyte of zeros.
    if not value.is_finite() or abs(value.adjusted()) > 30:
        return str(value)
    whole = value.to_integral_value()
    return Number(format(whole if whole == value else value, "f"))


# --- texts ---------------------------------------------------------------------------------------------------------

_LINE_ENDS = re.compile(r"[\n\r\v\f\u2028\u2029]+")
_ITEM_ENDS = re.compile(r"[|｜；\n\r\v\f\u2028\u2029]+|<br\s*/?>", re.IGNORECASE)
_BULLET = re.compile(r"^(?:[•·▪●○◦✓✔*–—-]\s+|[•▪●○◦✓✔]\s*)")
# Control characters but white space, halves of pairs, the mark some files begin with, and those that turn the direction of text.
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """A one-line text: control characters out, runs of white space made one space, ends trimmed, in NFC.

    A list that stands in a cell as JSON, ["a", "b"], is its parts after one another.
    """
    if text.isascii() and text.isprintable():  # most cells are
        if not text:
            return ""
        if text[0] != "[":
            return " ".join(text.split()) if "  " in text or text[0] == " " or text[-1] == " " else str(text)
    elif not text.isprintable():
        text = _UNSEEN.sub(lambda c: " " if c[0] in "\x1c\x1d\x1e\x1f\x85" else "", text)
    if text[:1] == "[" and (parts := _listed_json(text)):
        return plain(" ".join(parts))
    line = " ".join(text.split())
    return line if unicodedata.is_normalized("NFC", line) else unicodedata.normalize("NFC", line)


def lines(text: str) -> str:
    """A text of several lines, each of them plain, without empty ones."""
    if not text or (text.isascii() and text.isprintable()):
        return plain(text)
    return "\n".join(filter(None, map(plain, _LINE_ENDS.split(text))))


def items(text: str) -> tuple[str, ...]:
    """The parts of a list cell, separated by |, a new line or ； or written as JSON, without bullets and empty ones."""
    if not text:
        return ()
    if text.isascii() and text.isprintable() and "<" not in text and text[0] != "[":  # most are a|b|c
        bare = (part.strip() for part in text.split("|"))
        return tuple([_BULLET.sub("", plain(part)) if part[0] in "*-" or "  " in part else part for part in bare if part])
    parts = _listed_json(text) or _ITEM_ENDS.split(text)
    return tuple(filter(None, (_BULLET.sub("", plain(part)) for part in parts)))


def _listed_json(text: str) -> list[str]:
    """The texts of a cell that holds a list of them as JSON or as Python writes it, [] if it holds none."""
    cell = text.strip()
    if cell[:1] != "[" or cell[1:2] not in ('"', "'") or cell[-2:] not in ('"]', "']"):
        return []
    try:
        parts = json.loads(cell, strict=False) if cell[1] == '"' else ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    return [p for p in parts if isinstance(p, str)] if isinstance(parts, list) else []


_PLAIN_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]*[A-Za-z0-9]").fullmatch


def sku(text: str) -> str:
    """A SKU that can name a file. Raises Unreadable."""
    if len(text) < 80 and _PLAIN_SKU(text):
        return str(text)
    code = unicodedata.normalize("NFC", str(text)).strip(" \t\r\n\u00a0\ufeff")
    if not code:
        raise Unreadable("the SKU is empty: give each product a code of its own, such as MUG-01")
    if any(c in "/\\" for c in code) or code == ".." or code.startswith("."):
        raise Unreadable(
            f"the SKU {shown(code)} names the clip's file, so it may not start with '.' or contain '/' or '\\': write {_safe(code)}"
        )
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in code):
        raise Unreadable(f"the SKU {shown(code)} contains an invisible character (a line break, tab or joiner): type it again")
    # A file name has room for 255 bytes; language, channel and ending need some of them.
    if len(code) > 80 or len(code.encode()) > 200:
        raise Unreadable(f"the SKU is {len(code)} characters long: shorten it to at most 80, or 50 in Thai or Chinese letters")
    return code


def _safe(code: str) -> str:
    return repr(re.sub(r"[/\\]+", "-", re.sub(r"^[./\\]+", "", code))[:80] or "MUG-01")


def shown(text: str) -> str:
    """A cell's text for a message: one line, quoted, not longer than 60 characters."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(str(text).split()))
    return "'" + (line if len(line) <= 60 else line[:59] + "…") + "'"


# --- addresses and files -------------------------------------------------------------------------------------------

_ENDING = r"\.(?:jpe?g|png|webp|gif|avif|bmp|tiff?|heic|mp4|mov|webm|m4v)"
_DOMAINS = "com|cn|net|org|vn|th|id|tw|hk|sg|my|ph|co|io|shop|store|cloud|app|dev|info|se|de|eu|uk|us|rs|jp|kr|ru|top|xyz|me|cc|la|kh|mm"
_HOSTED = re.compile(rf"(?:www\.[^\s/]+|(?:[a-z0-9-]+\.)+(?:{_DOMAINS}))(?::\d+)?/\S*(?:/|{_ENDING}|\?)", re.IGNORECASE)
# Where one reference ends and the next begins. A comma, semicolon or space inside an address or a name is part of it, and two
# spaces are two. Runs of white space are taken whole and from their start only, else long ones cost the square of their length.
_NEXT = r"(?=(?:(?:https?|s3):)?//[^/\s]|data:(?:image|video)/|www\.)"
_NAMED = rf"(?=[^,;，；|\n]*{_ENDING}(?:\s*[,;，；]|\s*$))"
_ENDED = "|".join(rf"(?<=\.{e})" for e in ("jpg", "jpeg", "png", "webp", "gif", "avif", "bmp", "tif", "tiff", "mp4", "mov", "webm"))
_REFERENCE_ENDS = re.compile(
    rf"[|｜；\n\r\v\f\t\u2028\u2029]+|(?<!\s)(?:\s*+(?<!;base64)[,;，]\s*+|\s++){_NEXT}|(?:{_ENDED})\s*+[,;，]\s*+{_NAMED}",
    re.IGNORECASE,
)
_PARTED = re.compile(r"[｜；，,;\s<>\[({\"'\\&]")
_PARTED_ASCII = re.compile(r"[,;\s<>\[({\"'\\&]")
_TAGGED = re.compile(r"<(?:img|video|source|a)\b[^>]*>", re.IGNORECASE)
_SOURCE = re.compile(r"""\b(data-(?:src|original|lazy-src)|src|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_MARKDOWN = re.compile(r"!?\[[^\]\n]*\]\(\s*<?([^\s)>]+)>?[^)]*\)")
# Taobao's own table: code:1:0:|address;code:1:1:|address;
_TAOBAO = re.compile(r"[0-9a-f]{20,40}:\d+:\d+:\|?([^;|]*);?")
_NO_REFERENCE = frozenset(("", "-", "--", "n/a", "na", "none", "null", "nan", "[]", "{}", "#n/a", "无"))
_KEYS = ("url", "src", "image_url", "image", "link", "originalSrc", "original", "path", "file")


def references(text: str) -> tuple[str, ...]:
    """The pictures or videos that a cell names, each once and in order: addresses with their scheme, and file names.

    They may be separated by |, a new line or ；, by a comma, semicolon or space where the next one begins, listed as JSON,
    or stand in HTML or Markdown. data: URIs are kept whole, placeholders such as <insert link here> left out.
    """
    bars = text.replace("\n", "|")
    if not (_PARTED_ASCII if bars.isascii() else _PARTED).search(bars):  # one, or several with bars or line ends between them
        if "|" not in bars:
            return () if text.lower() in _NO_REFERENCE else (address(text),)
        parts = bars.split("|")
        whole = parts if all(map(_WHOLE, parts)) else [address(part) for part in parts if part.lower() not in _NO_REFERENCE]
        return tuple(dict.fromkeys(whole))
    found = (address(part) for part in _reference_parts(text))
    return tuple(dict.fromkeys(part for part in found if part.lower() not in _NO_REFERENCE))


def _reference_parts(text: str) -> Iterator[str]:
    cell = text.strip()
    if cell[:1] in "[{" and cell[-1:] in "]}" and (listed := _json(cell)):
        yield from _sources_in(listed)
    elif tags := _TAGGED.findall(cell):
        yield from map(_source_of, tags)
    elif "](" in cell and (linked := _MARKDOWN.findall(cell)):
        yield from linked
    elif _TAOBAO.match(cell):
        yield from _TAOBAO.findall(cell)
    else:
        if "<" in cell and not cell.lower().startswith("data:"):
            cell = re.sub(r"<[^<>]*>", "\n", cell)
        for part in _REFERENCE_ENDS.split(cell):
            yield html.unescape(part) if "&amp;" in part else part


def _json(cell: str) -> object:
    try:
        return json.loads(cell, strict=False)
    except (ValueError, RecursionError):
        return _listed_json(cell)


def _source_of(tag: str) -> str:
    """The address of a picture's or video's tag, or of a link to one. Where pictures load late, src is only a grey dot."""
    given = {name.lower(): html.unescape(a or b or c) for name, a, b, c in _SOURCE.findall(tag)}
    late = next((address for name, address in given.items() if name.startswith("data-") and address), "")
    linked = given.get("href", "")
    return late or given.get("src", "") or (linked if re.search(_ENDING, linked, re.IGNORECASE) else "")


def _sources_in(listed: object) -> Iterator[str]:
    """The addresses in JSON: texts, or what objects keep under the names that shops use."""
    if isinstance(listed, str):
        yield from _REFERENCE_ENDS.split(listed)
    elif isinstance(listed, list):
        for one in listed:
            yield from _sources_in(one)
    elif isinstance(listed, dict):
        key = next((k for k in _KEYS if listed.get(k)), "")
        yield from _sources_in(listed[key] if key else [v for v in listed.values() if isinstance(v, (list, dict))])


_WHOLE = re.compile(r"https?://[!#-&(-+\--:<-\[\]-_a-~]+").fullmatch  # printable ASCII without what may be punctuation around it


def address(part: str) -> str:
    """A reference as it can be opened: https: in front of //host/a.jpg and of img.host.com/a.jpg. Else it stays letter by letter,
    as a server knows it by no other name."""
    if _WHOLE(part):
        return str(part)
    name = (part if part.isprintable() else _UNSEEN.sub("", part)).strip().strip(" \"'`,;")
    if "\\/" in name:  # JSON's way to write a slash
        name = name.replace("\\/", "/")
    if name.startswith("//"):
        return "https:" + name
    if name[:4] != "http" and "." in name and "://" not in name and _HOSTED.match(name):
        return "https://" + name
    return name


_LINK = re.compile(r"https?://[^\s/?#]+\.[^\s]+", re.IGNORECASE).fullmatch


def link(text: str) -> str:
    """A web address, in full. Raises Unreadable."""
    if _WHOLE(text) and "." in text:
        return str(text)
    found = address(text)
    if not _LINK(found):
        raise Unreadable(f"{shown(found)} is not a web address: write it in full, such as https://shop.example/mug")
    return found


def file(text: str, folder: Path, kind: str = "picture") -> str:
    """The absolute path of a file that the catalog in `folder` names. Raises Unreadable when it cannot be one.

    A relative path starts at the catalog's folder and stays in it; an absolute one is the seller's own choice.
    What is in the file is not looked at.
    """
    name = (text if text.isprintable() else _UNSEEN.sub("", text)).strip()
    if re.match(r"([a-z][a-z0-9+.-]+:)?//|data:", name, re.IGNORECASE):
        may_be = f"{kind}s may be files, or http, https, s3 and data addresses"
        raise Unreadable(f"{may_be}: download {shown(name)} and write its file name")
    path = Path(name if os.sep == "\\" else name.replace("\\", "/"))
    if ".." in path.parts:
        raise Unreadable(f"{shown(name)} leaves the catalog's folder by '..': put the {kind} beside the catalog and write its file name")
    if len(name) > 1000 or any(len(part.encode()) > 255 for part in path.parts):  # no file system has longer names
        raise Unreadable(f"{shown(name)} is too long for a file's name: write the name of the {kind}")
    whole = Path(os.path.abspath(folder / path))
    if whole.is_file():
        return str(whole)
    if whole.is_dir():
        raise Unreadable(f"{shown(name)} is a folder: write the names of the {kind}s in it, separated by |")
    names, meant = _names(whole.parent), plain(whole.name)
    # The same letters in other code points (a Mac stores ế as e and two accents), or two spaces for one.
    for other in names:
        if plain(other) == meant and (whole.parent / other).is_file():
            return str(whole.parent / other)
    # Windows takes Mug.JPG for mug.jpg, and so do those who wrote the list there.
    alike = [other for other in names if plain(other).casefold() == meant.casefold() and (whole.parent / other).is_file()]
    if len(alike) == 1:
        return str(whole.parent / alike[0])
    if "," in whole.name or ";" in whole.name:
        hint = "separate several names by |"
    else:
        near = process.extractOne(whole.name, names, score_cutoff=75)
        way_out = f"put the {kind} beside the catalog, correct the name, or say in the campaign under `pictures:` where they are"
        hint = f"did you mean {shown(near[0])}?" if near else way_out
    raise Unreadable(f"there is no file {shown(name)}: {hint}")


def _names(folder: Path) -> tuple[str, ...]:
    try:
        return _listed(str(folder), folder.stat().st_mtime_ns)
    except OSError:
        return ()


@lru_cache(maxsize=64)
def _listed(folder: str, _changed: int) -> tuple[str, ...]:
    with os.scandir(folder) as entries:
        return tuple(sorted(e.name for e in islice(entries, 10_000)))


# --- currencies ----------------------------------------------------------------------------------------------------

# How sellers write money, beside the figures; what each part is stands in the file.
MONEY: dict[str, Any] = yaml.safe_load((ASSETS / "catalog" / "money.yaml").read_text("utf-8"))
_COMMON = ("THB", "VND", "IDR", "CNY", "USD", "MYR", "SGD", "PHP", "JPY", "EUR")


@cache
def codes() -> frozenset[str]:
    """The ISO 4217 codes of the money in use today."""
    return frozenset(c for t in get_global("territory_currencies") for c in get_territory_currencies(t))


@lru_cache(maxsize=1024)
def currency(text: str) -> str:
    """An ISO 4217 code from a currency cell: the code itself, or a sign that stands for one. Raises Unreadable."""
    word = unicodedata.normalize("NFKC", plain(text)).strip(". ")
    if word.upper() in codes():
        return word.upper()
    meant: list[str] = MONEY["signs"].get(word.casefold(), [])
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise Unreadable(f"the currency {shown(text)} may be {_or(meant)}: write one of these codes")
    # A slip of the keyboard is a letter too many, missing, wrong or swapped; of equally near codes, a common one is meant.
    near = process.extractOne(word.upper(), (*_COMMON, *sorted(codes())), scorer=OSA.distance, score_cutoff=1)
    raise Unreadable(
        f"{shown(text)} is not a currency code: " + (f"did you mean {near[0]}?" if near else "write one such as THB, VND, IDR, CNY or USD")
    )


def _or(choices: list[str]) -> str:
    return ", ".join(choices[:-1][:3]) + " or " + choices[-1] if len(choices) > 1 else choices[0]
