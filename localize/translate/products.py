"""A product's texts in a market's language: the seller's own first, then what the translators give."""

from __future__ import annotations

from collections.abc import Sequence

from localize import languages
from localize.domain import Product, Text
from localize.errors import NotReady
from localize.translate import Translator

LONGEST_SHOWN = 80  # letters of a text in a message


def localize_text(
    product: Product, target: str, translators: Sequence[Translator], *, description: bool = True
) -> tuple[Text, dict[str, str]]:
    """The product's texts in `target`, and where each came from.

    The origins are by field (`title`, `features.0`, `description`, `proof`, `brand`): `seller` for a text given in the
    target language, `catalog` where the catalog is in it already, else the translator's name. Translators are asked in
    order, each for what the ones before it left. A brand is a name: it stays unless the seller gave another. The
    features a seller gave in the target language replace all of the catalog's. `description=False` leaves the
    description out, for scripts too short to use it.

    The catalog may be in any language, one of ours or not. Raises NotReady with the source strings that nothing covers
    in `missing`, saying where they can be given.
    """
    given = product.localized.get(target, Text())
    texts: dict[str, str] = {}
    origins: dict[str, str] = {}
    wanted: dict[str, str] = {}
    fields = _fields(product, given, description)
    for field, own, source in fields:
        if own:
            texts[field], origins[field] = own, "seller"
        elif field == "brand" or target == product.language:
            texts[field], origins[field] = source, "catalog"
        else:
            wanted[field] = source
    for translator in translators:
        asked = list(wanted)
        found = translator.translate([wanted[field] for field in asked], product.language, target) if asked else []
        for field, translation in zip(asked, found, strict=True):
            if translation is not None:
                texts[field], origins[field] = translation.text, translation.origin
                del wanted[field]
    if wanted:
        raise _missing(product, target, wanted)
    single = {field: texts[field] for field, _, _ in fields if "." not in field}
    features = tuple(texts[field] for field, _, _ in fields if "." in field)
    return Text(features=features, **single), {field: origins[field] for field, _, _ in fields}


def _missing(product: Product, target: str, wanted: dict[str, str]) -> NotReady:
    """What to say when no text in the target language is found for `wanted` (field -> the catalog's text)."""
    missing = tuple(dict.fromkeys(wanted.values()))
    columns = dict.fromkeys(f"{field.partition('.')[0]}_{target}" for field in wanted)
    shown = "; ".join(repr(text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…") for text in missing)
    written = languages.name(product.language) or "an unknown language"
    return NotReady(
        f"{product.sku}: no {languages.name(target)} text for {shown}, which the catalog has in {written}.",
        missing=missing,
        how=f"Add them to the catalog (column {', '.join(columns)}), to the campaign's translation memory (`memory:`) or, term by "
        "term, to its glossary (`glossary:`).",
    )


def _fields(product: Product, given: Text, description: bool) -> list[tuple[str, str, str]]:
    """Each text there is: its field, the seller's text in the target language ("" if none), the catalog's text."""
    fields = [("title", given.title, product.title), ("brand", given.brand, product.brand), ("proof", given.proof, product.proof)]
    if given.features:
        fields += [(f"features.{i}", own, own) for i, own in enumerate(given.features)]
    else:
        fields += [(f"features.{i}", "", source) for i, source in enumerate(product.features)]
    if description:
        fields.append(("description", given.description, product.description))
    return [(field, own, source) for field, own, source in fields if own or source]
