"""How much of what is wrong the checks of words find, and how often they cry wolf.

Wrong and right translations and scripts made by hand in Thai, Vietnamese and Indonesian (`cases/`), by somebody who had not
seen the checks; and, with the test data, real pairs: SIB-200 (news) and Solidus (a shop's interface). An alarm is a finding that
blocks or warns.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from benchmarks.words_parts import Figure
from localize.checks import translations, words
from localize.domain import Finding, Line, Money, Product, Script, Text

CASES = Path(__file__).parent / "cases"
LANGUAGES = ("th", "vi", "id")
FOUND, FALSE = 0.95, 0.05


def figures(shared: Path | None, *, show: bool = False) -> list[Figure]:
    """The rates over the cases made by hand, and the false alarms on real pairs where the test data is."""
    made = [*_rates("", "", show), *_rates("held_", ", second set", show), *_rates("unseen_", ", third set", show)]
    return made + (list(_real(shared, show)) if shared else [])


def _rates(prefix: str, note: str, show: bool) -> Iterator[Figure]:
    """How many wrong cases of the files with a prefix are found, and how many right ones are alarmed at."""
    wrong, right, missed, alarmed = 0, 0, defaultdict[str, list[str]](list), list[str]()
    for case in cases(prefix):
        found = alarms(case)
        if case["fault"]:
            wrong += 1
            if not found:
                missed[case["fault"]].append(case["id"])
        else:
            right += 1
            if found:
                alarmed.append(f"{case['id']}: {found[0].message}")
    lost = sum(map(len, missed.values()))
    if show:
        for fault, ids in missed.items():
            print(f"missed  {fault}: {', '.join(ids)}")
        print(*(f"false   {a}" for a in alarmed), sep="\n")
    rate, false = 1 - lost / wrong, len(alarmed) / right
    yield Figure(f"wrong translations and scripts found{note}", _share(wrong - lost, wrong), f"at least {FOUND:.0%}", rate >= FOUND)
    yield Figure(f"false alarms on right ones{note}", _share(len(alarmed), right), f"at most {FALSE:.0%}", false <= FALSE)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part} of {whole})"


def cases(prefix: str = "") -> list[dict[str, Any]]:
    """Every case of the files with a prefix, with its language."""
    files = {code: CASES / f"{prefix}{code}.yaml" for code in LANGUAGES}
    return [case | {"language": code} for code, path in files.items() for case in yaml.safe_load(path.read_text(encoding="utf-8"))]


def alarms(case: dict[str, Any]) -> list[Finding]:
    """What the checks have against a case."""
    found = _translation(case) if case["kind"] == "translation" else words.check(*script(case))
    return [f for f in found if f.severity != "info"]


def _translation(case: dict[str, Any]) -> list[Finding]:
    return translations.check(
        case["source"], case["target"], case["source_language"], case["language"], terms=case.get("glossary"),
        keep=case.get("keep", ()), seconds=case.get("seconds", 0.0),
    )  # fmt: skip


def script(case: dict[str, Any]) -> tuple[Script, Product]:
    """A case's script and the product that it was written for."""
    row, texts = case["product"], case["texts"]
    price, was = (Money(amount=Decimal(str(row[k])), currency=row["currency"]) if row.get(k) else None for k in ("price", "was_price"))
    assert price is not None
    product = Product(
        sku=row["sku"], title=row["title"], price=price, was_price=was, brand=row.get("brand", ""), category=row.get("category", ""),
        features=tuple(row["features"]), description=row.get("description", ""), proof=row.get("proof", ""),
        language=case["source_language"],
    )  # fmt: skip
    text = Text(
        title=texts["title"], features=tuple(texts["features"]), description=texts.get("description", ""), proof=texts.get("proof", ""),
        brand=product.brand,
    )  # fmt: skip
    lines = tuple(Line(role=line["role"], text=line["text"]) for line in case["lines"])
    return Script(language=case["language"], lines=lines, text=text, price=price, was_price=was, engine="hand"), product


# --- real pairs ----------------------------------------------------------------------------------------------------


def _real(shared: Path, show: bool) -> Iterator[Figure]:
    for name, pairs in (("SIB-200", list(_sib(shared))), ("Solidus", list(_solidus(shared)))):
        for target in LANGUAGES:
            own = [p for p in pairs if p[3] == target]
            bad = [(p, f) for p in own if (f := [x for x in translations.check(*p) if x.severity != "info"])]
            if show:
                for pair, found in bad:
                    print(f"false   {name} {pair[2]}-{target}: {found[0].message}\n    {pair[0]}\n    {pair[1]}")
            rate = len(bad) / len(own)
            kinds = ", ".join(f"{k} {n}" for k, n in Counter(f[0].check for _, f in bad).most_common(3))
            value = _share(len(bad), len(own)) + (f": {kinds}" if kinds else "")
            yield Figure(f"false alarms on {name} into {target}, from en and zh", value, f"at most {FALSE:.0%}", rate <= FALSE)


def _sib(shared: Path) -> Iterator[tuple[str, str, str, str]]:
    yield from _table(shared / "parallel" / "derived_sib200_dev_5lang.tsv")
    if (train := shared / "parallel" / "sib200_train.eng_Latn.tsv").exists():
        texts = {code: _column(train.with_name(f"sib200_train.{name}.tsv")) for code, name in _NAMES.items()}
        for source in ("en", "zh"):
            for target in LANGUAGES:
                yield from ((texts[source][k], texts[target][k], source, target) for k in texts[source] if k in texts[target])


_NAMES = {"en": "eng_Latn", "zh": "zho_Hans", "th": "tha_Thai", "vi": "vie_Latn", "id": "ind_Latn"}


def _column(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["index_id"]: row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


def _solidus(shared: Path) -> Iterator[tuple[str, str, str, str]]:
    # A text with {places} is no text for a viewer, and these files leave some untranslated.
    for pair in _table(shared / "parallel" / "derived_solidus_5lang.tsv"):
        if not any(mark in pair[0] + pair[1] for mark in ("%{", "{{", "<")):
            yield pair


def _table(path: Path) -> Iterator[tuple[str, str, str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            for source in ("en", "zh"):
                for target in LANGUAGES:
                    if row.get(source) and row.get(target):
                        yield row[source], row[target], source, target
