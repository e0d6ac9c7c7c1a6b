"""A product's texts in a market's language: the seller's own first, then what the translators give, each of them checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from localize import languages, pace
from localize.domain import Finding, Product, Text
from localize.errors import NotReady
from localize.translate import NO_HINTS, Hints, Translation, Translator

LONGEST_SHOWN = 80  # letters of a text in a message
MOST_NAMED = 8  # Lines in a message: as many as a script has, of a long video's the first
# How long a text may take to be said, in seconds: what is longer is asked for once more, shorter. Descriptions are read in parts.
SPEAKABLE = {"title": 5.0, "features": 7.0, "proof": 9.0, "line": 7.0}
# Below this likeness (0 to 100) a text that was translated there and back has become another one.
SAME_AFTER_ALL = 35.0
# How often a machine is asked again for what is wrong or too long: a text may also be left out or shown smaller, a sentence of a
# video has to be said in its time.
AGAIN, AGAIN_IN_TIME = 1, 2
MOST_WRONG = 8  # texts asked for again in one request, so that a model is told of no more mistakes than it can put right

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
            found += softened(judge(source, texts[field], field, 0.0))
    single = {field: texts[field] for field, _, _ in fields if "." not in field}
    features = tuple(texts[field] for field, _, _ in fields if "." in field)
    return Localized(Text(features=features, **single), {field: origins[field] for field, _, _ in fields}, sources, tuple(found))


def localize_lines(
    lines: Sequence[str], source: str, target: str, translators: Sequence[Translator], *, hints: Hints, judge: Judge
) -> tuple[list[str], list[Finding]]:
    """The Lines of a script in another language, each with its neighbours as context, and what is doubtful about them.

    Translators are asked in order as for a product's texts. Raises NotReady naming the Lines that none of them had.
    """
    made, found = translated_lines(lines, source, target, translators, hints=hints, judge=judge)
    if missing := [line for line, own in zip(lines, made, strict=True) if own is None]:
        raise untranslated(missing, target, found)
    return [line.text for line in made if line], found


def translated_lines(
    lines: Sequence[str],
    source: str,
    target: str,
    translators: Sequence[Translator],
    *,
    hints: Hints,
    judge: Judge,
    seconds: Sequence[float] | None = None,
) -> tuple[list[Translation | None], list[Finding]]:
    """The same with where each came from, None for what nobody had. `seconds` are how long each may take to say (0: any), where it is
    not the time of any Line: machines are then asked twice more for what is too long, and the shortest is taken that has no more
    against it otherwise.
    """
    fields = [f"line.{n}" for n in range(1, len(lines) + 1)]
    wanted = dict(zip(fields, lines, strict=True))
    limits = None if seconds is None else dict(zip(fields, seconds, strict=True))
    made: dict[str, Translation] = {}
    found: list[Finding] = []
    for translator in translators:
        given, doubts = _ask(translator, wanted, source, target, hints, judge, back=False, limits=limits)
        found += doubts
        made |= given
        wanted = {field: line for field, line in wanted.items() if field not in given}
    return [made.get(field) for field in fields], found


def untranslated(missing: Sequence[str], target: str, found: Sequence[Finding]) -> NotReady:
    """What to say when nobody has translated some Lines, given the findings on those that were tried."""
    named = [_shown(line) for line in missing[:MOST_NAMED]] + [f"{len(missing) - MOST_NAMED} more"] * (len(missing) > MOST_NAMED)
    tried = [f.message for f in found if f.check == "translation"][:MOST_NAMED]
    return NotReady(
        " ".join([f"no {languages.name(target)} translation for {'; '.join(named)}.", *tried]),
        missing=tuple(missing), how="Let a machine translate (`engines: {translate: ...}`), or put them into the translation memory.",
    )  # fmt: skip


def _ask(
    translator: Translator,
    wanted: dict[str, str],
    source: str,
    target: str,
    hints: Hints,
    judge: Judge,
    back: bool,
    limits: Mapping[str, float] | None = None,
) -> tuple[dict[str, Translation], list[Finding]]:
    """What a translator gives of the wanted texts that stands up to the judge, and what is to be said about it. `limits` are the
    seconds of each text, in place of what its kind has."""
    if not wanted:
        return {}, []
    seconds = {f: _seconds(f) if limits is None else limits[f] for f in wanted}
    given = translator.translate(list(wanted.values()), source, target, replace(hints, seconds=tuple(seconds.values())))
    good = {f: t for f, t in zip(wanted, given, strict=True) if t is not None}
    found = {f: judge(wanted[f], t.text, f, seconds[f]) for f, t in good.items()}
    if not translator.card.machine:
        return good, [finding for findings in found.values() for finding in softened(findings)]
    poor = list(good)
    for _ in range(AGAIN if limits is None else AGAIN_IN_TIME):
        poor = [f for f in poor if any(x.severity == "block" or x.check == "time" for x in found[f])]
        limited = replace(hints, seconds=tuple(seconds[f] for f in poor))
        others = _others(translator, {f: wanted[f] for f in poor}, found, source, target, limited)
        # What says the same again will say it a third time.
        poor = [f for f in others if others[f].text != good[f].text]
        for f in poor:
            seen = judge(wanted[f], others[f].text, f, seconds[f])
            if _against(others[f].text, seen, target) <= _against(good[f].text, found[f], target):
                good[f], found[f] = others[f], seen
    doubts: list[Finding] = []
    for f in [f for f in good if any(x.severity == "block" for x in found[f])]:
        reasons = " ".join(x.message for x in found[f] if x.severity == "block")
        doubts.append(_unused(translator.card.name, wanted[f], good.pop(f).text, f, reasons))
    doubts += [x for f in good for x in found[f]]
    if back:
        doubts += _there_and_back(translator, {f: (wanted[f], good[f].text) for f in good}, source, target)
    return good, doubts


def _others(
    translator: Translator, poor: dict[str, str], found: Mapping[str, Sequence[Finding]], source: str, target: str, hints: Hints
) -> dict[str, Translation]:
    """Other translations of texts, for which the translator is told what was found wrong with its last ones."""
    fields, others = list(poor), dict[str, Translation]()
    for at in range(0, len(fields), MOST_WRONG):
        part = fields[at : at + MOST_WRONG]
        wrong = tuple(dict.fromkeys(x.message for f in part for x in found[f]))
        asked = replace(hints, seconds=hints.seconds[at : at + MOST_WRONG], wrong=wrong)
        given = translator.translate([poor[f] for f in part], source, target, asked)
        others |= {f: t for f, t in zip(part, given, strict=True) if t is not None}
    return others


def _against(text: str, found: Sequence[Finding], language: str) -> tuple[bool, int, float]:
    """What speaks against a translation, least for the best: that it can't be used, how much else, how long it is if too long."""
    long = any(x.check == "time" for x in found)
    return any(x.severity == "block" for x in found), sum(x.check != "time" for x in found), pace.seconds(text, language) if long else 0.0


def _seconds(field: str) -> float:
    return SPEAKABLE.get(field.partition(".")[0], 0.0)


def softened(findings: Sequence[Finding]) -> list[Finding]:
    """Findings on what a person wrote: none of them stops it."""
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
