"""What a column's header means by its words alone, in the languages that sellers write.

The names are data, assets/catalog/columns.yaml. A header is taken apart first: remarks in brackets, marks, numbers, a
language (title_th), a currency (price USD) and words such as "product" are not part of the name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import yaml
from rapidfuzz import fuzz, process

from localize import languages
from localize.assets import ASSETS
from localize.products.draft import FIELDS, LOCALIZED
from localize.products.values import codes

# Columns that say how rows belong together, or which price and which rows count; no part of a product themselves.
DECIDING = (
    "group", "parent", "kind", "sale_price", "sale_start", "sale_end", "on_sale", "discount_mode", "discount_value", "surcharge", "status",
    "archived", "visibility", "variant_images", "variations", "attributes", "facets", "named_feature", "option_names", "option_values",
    "option_pairs",
)  # fmt: skip


@dataclass(frozen=True)
class Sense:
    """One thing that a header may mean: the field ("" for none of ours), how sure that is, and why. Of equally sure ones the
    lower rank is taken. `currency`, `language` and `number` are what the header says beside it, `tongue` is the language
    that the name itself is in ("" where several write it so)."""

    field: str
    confidence: float
    rank: int = 0
    why: str = ""
    currency: str = ""
    language: str = ""
    number: int = 0
    nearly: bool = False
    tongue: str = ""


@cache
def data() -> Mapping[str, Any]:
    """The names and words of assets/catalog/columns.yaml."""
    loaded: Mapping[str, Any] = yaml.safe_load((ASSETS / "catalog" / "columns.yaml").read_text(encoding="utf-8"))
    return loaded


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BRACKETS = re.compile(r"[(\[{【<「]([^)\]}】>」]*)[)\]}】>」]?")
_MARKS = re.compile(r"[\s_\-./\\:;,&|'’*\"!?·]+")
_CJK_SPACE = re.compile(r"(?<=[\u3040-\u30ff\u4e00-\u9fff]) | (?=[\u3040-\u30ff\u4e00-\u9fff])")


def norm(header: str) -> str:
    """A header as it is compared: small letters, single spaces, no marks, nothing in brackets."""
    return _taken_apart(header)[0]


@lru_cache(maxsize=4096)
def _taken_apart(header: str) -> tuple[str, tuple[str, ...]]:
    """A header's name as it is compared, and what stood in brackets."""
    text = unicodedata.normalize("NFKC", header).strip().lstrip("\ufeff")
    text = next((line for line in text.splitlines() if line.strip(" *")), "")
    remarks = tuple(_plain(r) for r in _BRACKETS.findall(text))
    name = _plain(_BRACKETS.sub(" ", text))
    if not name and remarks:
        name, remarks = remarks[0], remarks[1:]
    return ("_" + name if text.startswith("_") else name), remarks


def _plain(text: str) -> str:
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    if not text.isupper():
        text = _CAMEL.sub(" ", text)
    return _CJK_SPACE.sub("", _MARKS.sub(" ", text).strip().casefold())


@cache
def _names() -> Mapping[str, tuple[Sense, ...]]:
    """Every known name and what it may mean, the surest first."""
    known: dict[str, list[Sense]] = {}
    for name, why in ((n, w) for w, names in data()["unused"].items() for n in names):
        known.setdefault(norm(name), []).append(Sense("", 0.9, why=why))
    for meant, levels in data()["fields"].items():
        for level, confidence in (("sure", 0.98), ("maybe", 0.6)):
            for tongue, names in levels.get(level, {}).items():
                for rank, name in enumerate(names):
                    sense = Sense(meant, confidence, rank, f"it is called {name!r}", tongue="" if tongue == "en" else tongue)
                    known.setdefault(norm(name), []).append(sense)
    for by_language in data()["options"].values():
        for name in (n for names in by_language.values() for n in names):
            known.setdefault(norm(name), []).append(Sense("option:", 0.9, 0, "it says what variants differ in"))
    for own in (*FIELDS, *DECIDING):
        known.setdefault(norm(own), []).insert(0, Sense(own, 1.0, -1, f"it is called {own!r}"))
    # Programs, and people in a hurry, leave a language's marks out: TenSP and Gia ban are Vietnamese, codigo is Spanish.
    for name in [n for n in known if not n.isascii()]:
        if len(bare := _unmarked(name)) > 2 and bare.isascii() and bare not in known:
            known[bare] = [replace(s, confidence=s.confidence * 0.97) for s in known[name]]
    return {name: tuple(sorted(senses, key=lambda s: -s.confidence)) for name, senses in known.items()}


def _unmarked(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.replace("đ", "d"))
    return "".join(c for c in letters if not unicodedata.combining(c))


@lru_cache(maxsize=4096)
def senses(header: str) -> tuple[Sense, ...]:
    """What a header may mean, by its words alone; the surest first, () when it says nothing."""
    name, remarks = _taken_apart(header)
    if not name:
        return ()
    for remark in remarks:
        if remark.startswith("channel ") or remark.endswith(" attribute"):  # Saleor: "us (channel price amount)"
            return _of(remark) if remark.startswith("channel ") else (Sense("", 0.9, why="it is an attribute"),)
    bare, counted = _uncounted(name)
    found = _of(bare) or _nearly(bare)
    if net(header):  # of two prices, buyers pay the one with tax
        found = tuple(replace(s, rank=s.rank + 100) for s in found)
    for remark in remarks:
        if code := unit(remark):
            found = tuple(replace(s, currency=code) for s in found)
        elif code := _language(remark):
            found = tuple(replace(s, language=code) for s in found)
        else:
            counted = counted or _counts(remark)
    if counted and any("price" in s.field for s in found):
        return (Sense("", 0.9, why=f"its prices count in something else ({counted}): they must be written in full"),)
    return found if bare == name else _of(name) or _nearly(name)


@lru_cache(maxsize=4096)
def scale(header: str) -> str:
    """What a header says its prices count in instead of single units of money (万元, ribu, cents), "" if nothing."""
    name, remarks = _taken_apart(header)
    return _uncounted(name)[1] or next(filter(None, map(_counts, remarks)), "")


@lru_cache(maxsize=4096)
def net(header: str) -> bool:
    """Whether a header says that its prices are without tax."""
    name, remarks = _taken_apart(header)
    return any(f" {word} " in f" {part} " or (not word.isascii() and word in part) for part in (name, *remarks) for word in data()["net"])


_THOUSAND = re.compile(r"(?:x|per|/)? ?1 ?[.,]? ?000+\b|1 ?[.,]? ?000+(?=\D|$)")


def _counts(remark: str) -> str:
    """The remark, when it says that the amounts are thousands or hundredths: ribu, Rp ribu, 1.000đ, x1000, 分."""
    known = (*data()["large"], *data()["small"])
    counts = remark in known or any(word in known for word in remark.split()) or _THOUSAND.search(remark)
    return remark if counts or (remark.endswith(("万元", "千元", "百元"))) else ""


def _uncounted(name: str) -> tuple[str, str]:
    """A name without what it says about counting in thousands or hundredths, and that: giá bán nghìn vnd, 价格万元."""
    words = name.split()
    if len(words) > 1 and unit(words[-1]) and not data()["units"].get(name):
        words.pop()
    known = (*data()["large"], *data()["small"])
    if len(words) > 1 and (words[-1] in known or words[-1] == "1000"):
        rest = words[:-2] if len(words) > 2 and words[-2] in ("in", "dalam", "tính", "x") else words[:-1]
        return " ".join(rest), words[-1]
    for word in ("万元", "千元", "百元"):
        if name.endswith(word) and name != word:
            return name.removesuffix(word).removesuffix("单位"), word
    return name, ""


def _of(name: str) -> tuple[Sense, ...]:
    """What a name means as it is, or without what is not part of it: a number, a language, a currency, 'product'."""
    known = _names()
    if name in known:
        return known[name]
    numbers = re.findall(r"\d+", name)
    if numbers and len(numbers[0]) < 3:
        number = int(numbers[0])
        for pattern in (re.sub(r"\d+", " # ", name), re.sub(r"\s*\d+\s*", "#", name), re.sub(r"\s*\d+", "", name, count=1)):
            pattern = _CJK_SPACE.sub("", " ".join(pattern.split()))
            if pattern in known:
                return tuple(replace(s, number=number, field=s.field.replace("#", str(number))) for s in known[pattern])
    rest, _, last = name.rpartition(" ")
    if rest and (code := unit(last)):
        return tuple(replace(s, currency=code) for s in _of(rest) if "price" in s.field)
    head, _, tail = name.partition(" ")
    for words, code in (
        (rest, _language(last)),
        (" ".join(name.split()[:-2]), _language(" ".join(name.split()[-2:]))),
        (tail, _language(head)),
    ):
        if words and code and (found := tuple(replace(s, language=code) for s in _of(words) if s.field in LOCALIZED)):
            return found
    for word in (*data()["affixes"]["product"], *data()["affixes"]["variant"]):
        for bare in (name.removeprefix(word), name.removesuffix(word)):
            if bare != name and bare.strip() in known:
                return tuple(replace(s, confidence=s.confidence * 0.95, rank=s.rank + 1) for s in known[bare.strip()])
    return ()


def _nearly(name: str) -> tuple[Sense, ...]:
    """What a name with a slip of the keyboard means."""
    if len(name) < 5:
        return ()
    near = process.extractOne(name, _names().keys(), scorer=fuzz.ratio, score_cutoff=88)
    return (
        tuple(replace(s, confidence=s.confidence * 0.65, why=f"it is nearly {near[0]!r}", nearly=True) for s in _names()[near[0]])
        if near
        else ()
    )


def unit(word: str) -> str:
    """The currency that a word of a header or a price stands for where it stands for only one, else ""."""
    if word.upper() in codes() and word.isascii():
        return word.upper()
    meant: str = data()["units"].get(word.casefold().strip("/ "), "")
    return meant


@cache
def _language_words() -> Mapping[str, str]:
    return {norm(word): code for code, words in data()["languages"].items() for word in words}


def _language(words: str) -> str:
    if found := _language_words().get(words):
        return found
    code, _, region = words.partition(" ")
    return code if code in languages.codes() and (not region or len(region) in (2, 4)) else ""
