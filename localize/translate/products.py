"""A product's texts in a market's language: the seller's own first, then what the translators give, each of them checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from localize import languages
from localize.domain import Finding, Product, Text
from localize.errors import NotReady
from localize.translate import NO_HINTS, Hints, Translation, Translator

LONGEST_SHOWN = 80  # letters of a text in a message
# How long a text may take to be said, in seconds: what is longer is asked for once more, shorter. Descriptions are read in parts.
SPEAKABLE = {"title": 5.0, "features": 7.0, "proof": 9.0, "line": 7.0}
# Below this likeness (0 to 100) a text that was translated there and back has become another one.
SAME_AFTER_ALL = 35.0

# What is wrong with a text's translation, by checks that translators do not know: (source text, target text, the field's name,
# the seconds there are to say it).
Judge = Callable[[str, str, str, float], Sequence[Finding]]


def no_judge(source: str, target: str, field: str, seconds: float) -> Sequence[Finding]:
    """A judge that finds nothing."""
    return ()


@dataclass(frozen=True)
class Localized:
    """A product's texts in a language. `origins` says by field (title, features.0, description, proof, brand) where each came
    from, `sources` what it says in the seller's language, `findings` what is doubtful about them."""

    text: Text
    origins: dict[str, str]
    sources: dict[str, str]
    findings: tuple[Finding, ...] = ()


def localize_text(
    product: Product,
    target: str,
    translators: Sequence[Translator],
    *,
    description: bool = True,
    hints: Hints = NO_HINTS,
    judge: Judge = no_judge,
    back: bool = False,
    how: Callable[[], str] = str,
) -> Localized:
    """The product's texts in `target`, and where each came from.

    The origins are `seller` for a text given in the target language, `catalog` where the catalog is in it already, else the
    translator's name. Translators are asked in order, each for what the ones before it left. A brand is a name: it stays unless
    the seller gave another. The features a seller gave in the target language replace all of the catalog's.
    `description=False` leaves the description out, for scripts too short to use it.

    What `judge` blocks is asked for once more of a machine, with the reason; if that is blocked, too, the next translator is
    asked. What a person wrote is never thrown away: there its findings are warnings. With `back`, a machine's translation is
    translated back and compared with the source.

    The catalog may be in any language, one of ours or not. Raises NotReady with the source strings that nothing covers in
    `missing`, saying where they can be given (`how` is asked for more ways then), and what the translators raise.
    """
    fields = _fields(product, product.localized.get(target, Text()), description)
    found: list[Finding] = []
    texts: dict[str, str] = {}
    origins: dict[str, str] = {}
    wanted: dict[str, str] = {}
    for field, own, source in fields:
        if own:
            texts[field], origins[field] = own, "seller"
        elif field == "brand" or target == product.language:
            texts[field], origins[field] = source, "catalog"
        else:
            wanted[field] = source
    hints = replace(hints, about=hints.about or product.title, keep=tuple(dict.fromkeys(filter(None, (*hints.keep, product.brand)))))
    for translator in translators:
        given, doubts = _ask(translator, wanted, product.language, target, hints, judge, back)
        found += doubts
        for field, translation in given.items():
            texts[field], origins[field] = translation.text, translation.origin
            del wanted[field]
    if wanted:
        raise _missing(product, target, wanted, found, how())
    sources = {field: source for field, _, source in fields}
    for field, origin in origins.items():
        if origin == "seller" and field in ("title", "proof", "description") and (source := getattr(product, field)):
            found += _softened(judge(source, texts[field], field, 0.0))
    single = {field: texts[field] for field, _, _ in fields if "." not in field}
    features = tuple(texts[field] for field, _, _ in fields if "." in field)
    return Localized(Text(features=features, **single), {field: origins[field] for field, _, _ in fields}, sources, tuple(found))


def localize_lines(
    lines: Sequence[str], source: str, target: str, translators: Sequence[Translator], *, hints: Hints, judge: Judge
) -> tuple[list[str], list[Finding]]:
    """The Lines of a script in another language, each with its neighbours as context, and what is doubtful about them.

    Translators are asked in order as for a product's texts. Raises NotReady naming the Lines that none of them had.
    """
    wanted = {f"line.{n}": line for n, line in enumerate(lines, 1)}
    made: dict[str, str] = {}
    found: list[Finding] = []
    for translator in translators:
        given, doubts = _ask(translator, wanted, source, target, hints, judge, back=False)
        found += doubts
        for field, translation in given.items():
            made[field] = translation.text
            del wanted[field]
    if wanted:
        missing = tuple(wanted.values())
        tried = " ".join(f.message for f in found if f.check == "translation")
        raise NotReady(
            f"no {languages.name(target)} translation for {'; '.join(map(_shown, missing))}." + (f" {tried}" if tried else ""),
            missing=missing, how="Let a machine translate (`engines: {translate: ...}`), or put them into the translation memory.",
        )  # fmt: skip
    return [made[f"line.{n}"] for n in range(1, len(lines) + 1)], found


def _ask(
    translator: Translator, wanted: dict[str, str], source: str, target: str, hints: Hints, judge: Judge, back: bool
) -> tuple[dict[str, Translation], list[Finding]]:
    """What a translator gives of the wanted texts that stands up to the judge, and what is to be said about it."""
    if not wanted:
        return {}, []
    fields = list(wanted)
    given = translator.translate([wanted[f] for f in fields], source, target, replace(hints, seconds=tuple(map(_seconds, fields))))
    good = {f: t for f, t in zip(fields, given, strict=True) if t is not None}
    found = {f: judge(wanted[f], t.text, f, _seconds(f)) for f, t in good.items()}
    if not translator.card.machine:
        return good, [finding for findings in found.values() for finding in _softened(findings)]
    poor = [f for f in good if any(x.severity == "block" or x.check == "time" for x in found[f])]
    if poor:
        wrong = tuple(dict.fromkeys(x.message for f in poor for x in found[f]))
        asked = replace(hints, seconds=tuple(map(_seconds, poor)), wrong=wrong)
        for f, better in zip(poor, translator.translate([wanted[f] for f in poor], source, target, asked), strict=True):
            if better is not None and len(seen := judge(wanted[f], better.text, f, _seconds(f))) <= len(found[f]):
                good[f], found[f] = better, seen
    doubts: list[Finding] = []
    for f in [f for f in good if any(x.severity == "block" for x in found[f])]:
        reasons = " ".join(x.message for x in found[f] if x.severity == "block")
        doubts.append(_unused(translator.card.name, wanted[f], good.pop(f).text, f, reasons))
    doubts += [x for f in good for x in found[f]]
    if back:
        doubts += _there_and_back(translator, {f: (wanted[f], good[f].text) for f in good}, source, target)
    return good, doubts


def _seconds(field: str) -> float:
    return SPEAKABLE.get(field.partition(".")[0], 0.0)


def _softened(findings: Sequence[Finding]) -> list[Finding]:
    return [f.model_copy(update={"severity": "warn"}) if f.severity == "block" else f for f in findings]


def _unused(engine: str, source: str, text: str, field: str, reasons: str) -> Finding:
    return Finding(
        check="translation", severity="warn", message=f"What {engine} made of {_shown(source)} was not used: {reasons}",
        evidence={"engine": engine, "field": field, "source": source[:200], "said": text[:200]},
    )  # fmt: skip


def _there_and_back(translator: Translator, pairs: dict[str, tuple[str, str]], source: str, target: str) -> list[Finding]:
    """A warning for each text that comes back as another one. None of an engine that does not serve the source language."""
    if not pairs or (translator.card.languages and source not in translator.card.languages):
        return []
    returned = translator.translate([text for _, text in pairs.values()], target, source)
    found = []
    for (field, (text, said)), again in zip(pairs.items(), returned, strict=True):
        likeness = fuzz.token_set_ratio(text.casefold(), again.text.casefold()) if again else 0.0
        if likeness < SAME_AFTER_ALL:
            back = _shown(again.text) if again else "nothing"
            message = f"The {field} {_shown(said)} comes back as {back} where the catalog says {_shown(text)}: have it looked at."
            found.append(
                Finding(check="back-translation", severity="warn", message=message, evidence={"field": field, "likeness": round(likeness)})
            )
    return found


def _missing(product: Product, target: str, wanted: dict[str, str], found: Sequence[Finding], how: str) -> NotReady:
    """What to say when no text in the target language is found for `wanted` (field -> the catalog's text)."""
    missing = tuple(dict.fromkeys(wanted.values()))
    columns = dict.fromkeys(f"{field.partition('.')[0]}_{target}" for field in wanted)
    written = languages.name(product.language) or "an unknown language"
    tried = " ".join(f.message for f in found if f.check == "translation")
    return NotReady(
        f"{product.sku}: no {languages.name(target)} text for {'; '.join(map(_shown, missing))}, which the catalog has in {written}."
        + (f" {tried}" if tried else ""),
        missing=missing,
        how=f"Add them to the catalog (column {', '.join(columns)}), to the campaign's translation memory (`memory:`) or, term by "
        f"term, to its glossary (`glossary:`).{' ' + how if how else ''}",
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…")


def _fields(product: Product, given: Text, description: bool) -> list[tuple[str, str, str]]:
    """Each text there is: its field, the seller's text in the target language ("" if none), the catalog's text."""
    fields = [("title", given.title, product.title), ("brand", given.brand, product.brand), ("proof", given.proof, product.proof)]
    if given.features:
        # As many as the catalog has are its own, one by one; others have no source to be read beside.
        same = len(given.features) == len(product.features)
        fields += [(f"features.{i}", own, product.features[i] if same else "") for i, own in enumerate(given.features)]
    else:
        fields += [(f"features.{i}", "", source) for i, source in enumerate(product.features)]
    if description:
        fields.append(("description", given.description, product.description))
    return [(field, own, source) for field, own, source in fields if own or source]
