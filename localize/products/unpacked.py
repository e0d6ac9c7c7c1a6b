"""Cells that hold several things at once, as shop systems and page readers write them: pictures, lists, pairs, attributes."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from localize.products.headers import data
from localize.products.sellercentre import branded

_SOURCE = re.compile(r"<img[^>]*?\ssrc\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_TAOBAO = re.compile(r"([0-9a-f]{32}):\d+:\d+:\|([^;\s]*)")
_NEXT_PICTURE = re.compile(
    r"[\s,;，；]+(?=(?:https?:)?//|data:|s3:)|(?<=\.(?i:jpg|png|gif|bmp))\s*[,;，；]\s*|(?<=\.(?i:jpeg|webp|avif|tiff))\s*[,;，；]\s*"
)
_HOST = re.compile(
    r"(?:https?://|//)?((?:[\w-]+\.)+(?:com|cn|net|org|vn|th|id|sg|my|ph|tw|hk|jp|kr|in|io|co|cc|top|me|shop|store|se|de|fr|uk|us|eu|ru))/",
    re.I,
)


# A list as Python writes it: ['a', "b"].
_QUOTED = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_QUOTES = re.compile(rf"\[\s*(?:{_QUOTED.pattern})(?:\s*,\s*(?:{_QUOTED.pattern}))*\s*\]")


def address(cell: str) -> str:
    """A web address with the scheme that pages leave out: //host/x and host.com/x become https://host.com/x."""
    cell = text(cell).strip() if cell[:2] in ("b'", 'b"') else cell.strip()
    if cell.startswith("//"):
        return "https:" + cell
    return "https://" + cell if cell[:4].lower() != "http" and _HOST.match(cell) else cell


def pictures(cell: str) -> str:
    """A cell's pictures, one a line: addresses in full, those of <img>, of lists, of a Taobao data package."""
    if cell[:4] == "http" and "," not in cell and " " not in cell and ";" not in cell:
        return cell
    if "<" in cell:
        cell = "\n".join(_SOURCE.findall(cell))
    elif cell[:1] == "[":
        cell = "\n".join(listed(cell))
    elif packed := _TAOBAO.findall(cell):
        cell = "\n".join(url or name + ".tbi" for name, url in packed)
    if cell[:5] == "data:":
        return cell
    parts = cell.replace("|", "\n").split("\n")
    return "\n".join(address(p) for part in parts for p in _NEXT_PICTURE.split(part) if p.strip(" ,;"))


def listed(cell: str) -> list[str]:
    """The texts of a list that was written into one cell, ["a", "b"]; the cell alone if it is none."""
    if cell[:1] == "[" and cell.rstrip()[-1:] == "]" and len(cell) < 50_000:
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            found = [a or b for a, b in _QUOTED.findall(cell)] if _QUOTES.fullmatch(cell.strip()) else None
        if isinstance(found, list):
            return [
                str(part.get("url") or part.get("src") or "") if isinstance(part, dict) else str(part) for part in found if part is not None
            ]
    return [cell]


def joined(cell: str) -> str:
    """A text, also of a list that a page's parts were gathered in, and of the bytes that a program wrote instead of it."""
    if cell[:1] == "[":
        return " ".join("".join(listed(cell)).split())
    return text(cell) if cell[:2] in ("b'", 'b"') else cell


def text(cell: str) -> str:
    r"""What b'\xe2\x9e\x95 cup' stands for: Python's way to show bytes, which are letters in UTF-8."""
    try:
        found = ast.literal_eval(cell.strip())
        return found.decode() if isinstance(found, bytes) else cell
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return cell


def brand(cell: str) -> str:
    return branded(joined(cell))


def points(cell: str) -> str:
    return "\n".join(listed(cell)) if cell[:1] == "[" else cell


_PLACED = re.compile(r"\s*([^:,\n]+):([^:\n]+):\d+(?::[01])?\s*(?:,|$)")


def placed(cell: str) -> str:
    """PrestaShop's features, Composition:Cotton:1,Style:Casual:2, as lines."""
    found = _PLACED.findall(cell)
    return "\n".join(f"{name.strip()}: {value.strip()}" for name, value in found) if not _PLACED.sub("", cell).strip() else cell


def attributes(cell: str) -> str:
    """Magento's `a=b,c=d` as lines."""
    parts = re.findall(r"(?:^|,)\s*([\w .-]+?)=((?:[^,]|,(?![\w .-]+=))*)", cell)
    return "\n".join(f"{name.replace('_', ' ').strip()}: {value.strip()}" for name, value in parts if value.strip())


# A swatch before or after a colour's name: #ff0000:Red.
_SWATCH = re.compile(r":?#[0-9a-f]{3,8}\b:?", re.I)


def unswatched(cell: str) -> str:
    return _SWATCH.sub("", cell) if "#" in cell and ":" in cell else cell


def differences(name: str) -> dict[str, str]:
    """What a variant differs in, by the name that BigCommerce gives it: [CS]Colour=Red:#ff0000,[RB]Size=1 l."""
    return {own.strip(): unswatched(value).strip() for own, value in re.findall(r"\[\w+\]([^=\[]+)=([^\[]*?),?(?=\[\w+\]|$)", name)}


def hosted(folder: str, cell: str) -> str:
    """Pictures whose names lack the shop's own address."""
    return "\n".join(p if "/" in p else folder + p for part in pictures(cell).split("\n") for p in map(str.strip, part.split(";")) if p)


def named(name: str, cell: str) -> str:
    """A feature by its column's name: Materials: silver, copper."""
    return f"{name}: {', '.join(split(cell))}"


@lru_cache(maxsize=512)
def tongue(cell: str) -> str:
    """A language's code from a cell of locales or store views; "" for "default" and the like."""
    code = re.split(r"[-_]", cell.strip().casefold())[0]
    return code if re.fullmatch(r"[a-z]{2}", code) else ""


CONVERT: dict[str, Callable[[str], str]] = {
    "images": pictures, "extra_images": pictures, "variant_images": pictures, "link": address, "title": joined, "description": joined,
    "features": points, "attributes": attributes, "language": tongue, "footage": address, "brand": brand, "category": joined,
}  # fmt: skip


def zero(cell: str) -> bool:
    return not cell.strip(" \t0.,-")


@lru_cache(maxsize=4096)
def day(cell: str) -> date | None:
    year_first = re.match(r"\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})", cell)
    if not year_first:
        return None
    try:
        return date(*map(int, year_first.groups()))
    except ValueError:
        return None


def pairs(cell: str, name: str) -> dict[str, str]:
    """`Size:41` and `Color=red` of each line or part; a cell without such pairs is the value of its column."""
    found: dict[str, str] = {}
    for part in re.split(r"[\n;；,，|]", cell):
        own, mark, value = re.sub(r"\s*[:：=]\s*", "\0", part, count=1).partition("\0")
        if mark and own.strip() and value.strip():
            found[own.strip()] = value.strip()
        elif last := next(reversed(found), ""):
            found[last] += ", " + part.strip() if part.strip() else ""
    return found or {name: cell.strip()}


def split(cell: str) -> list[str]:
    parts = listed(cell) if cell[:1] == "[" else cell.split("|") if "|" in cell else re.split(r"[,，、;；\n]", cell)
    return [p.strip() for p in parts if p.strip()]


def platform(cell: str) -> tuple[str, str] | None:
    """The currency and language of the platform whose address a cell holds."""
    if "." not in cell or "/" not in cell:
        return None
    known: dict[str, Any] = data()["hosts"]
    for host in _HOST.findall(cell[:2000]):
        parts = host.lower().split(".")
        for n in range(len(parts) - 1):
            if found := known.get(".".join(parts[n:])):
                return found[0], found[1]
    return None
