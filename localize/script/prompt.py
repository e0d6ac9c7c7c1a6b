"""What a language model is told: the brief as instructions, the product's row as fenced data.

The wording is `assets/prompts/script.yaml`, and `dialogue.yaml` on top of it where two hosts speak. Instructions and data never
stand in one message. The fence's name is made of the row's own content, so that no text in the row can hold its closing line, and
the row is JSON, in which a line end is `\\n`.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

import yaml

from localize import languages, pace
from localize.assets import ASSETS
from localize.chat import Message
from localize.domain import GESTURES, Emotion, Money, Product, Role, Text
from localize.errors import UserError
from localize.script import Brief
from localize.script.dialogues import form_of

PROMPT = ASSETS / "prompts" / "script.yaml"
DIALOGUE = ASSETS / "prompts" / "dialogue.yaml"
REPLIES = 4  # short lines that a dialogue may have beyond those of one host
ROLES: tuple[Role, ...] = ("hook", "problem", "feature", "proof", "price", "cta")
EMOTIONS: tuple[Emotion, ...] = ("neutral", "happy", "excited", "sincere", "surprised")
LONGEST = 7.0  # s: what one Line may take
# Seconds that a Line takes on the average, by which the wished length becomes a number of Lines.
USUAL = 3.3
# A description tells the model what the thing is; more of it than this is small print.
MOST_DESCRIPTION = 2000

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["lines"],
    "properties": {
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["role", "text", "gesture", "emotion", "feature"],
                "properties": {
                    "role": {"type": "string", "enum": list(ROLES)},
                    "text": {"type": "string"},
                    "gesture": {"type": "string", "enum": list(GESTURES)},
                    "emotion": {"type": "string", "enum": list(EMOTIONS)},
                    "feature": {"type": ["integer", "null"]},
                },
            },
        }
    },
}


def schema(brief: Brief) -> dict[str, Any]:
    """What an answer must look like: with two hosts each Line says whose it is."""
    if not brief.second:
        return SCHEMA
    lines = SCHEMA["properties"]["lines"]
    item = lines["items"]
    hosts = {"type": "integer", "enum": [0, 1]}
    own = {**item, "required": ["host", *item["required"]], "properties": {"host": hosts, **item["properties"]}}
    return {**SCHEMA, "properties": {"lines": {**lines, "items": own}}}


@cache
def dialogue() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(DIALOGUE.read_text(encoding="utf-8"))
    return found


@cache
def wording() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(PROMPT.read_text(encoding="utf-8"))
    return found


def fingerprint() -> str:
    return hashlib.blake2b(PROMPT.read_bytes(), digest_size=8).hexdigest()


def dialogue_fingerprint() -> str:
    return hashlib.blake2b(DIALOGUE.read_bytes(), digest_size=8).hexdigest()


def messages(product: Product, text: Text, price: Money, was: Money | None, language: str, brief: Brief) -> list[Message]:
    """The messages that ask for a script. Raises UserError for a style or gender that the wording does not have."""
    words = wording()
    if brief.style not in words["styles"]:
        raise UserError(f"there is no script style {brief.style!r}, only {', '.join(words['styles'])}.")
    for gender in brief.genders:
        if gender not in words["speakers"]:
            raise UserError(f"there is no speaker {gender!r}, only {', '.join(words['speakers'])}.")
    speakers = [words["speakers"][gender] for gender in brief.genders]
    speaker = dialogue()["speakers"].format(first=speakers[0], second=speakers[1]) if brief.second else speakers[0]
    speaks = languages.get(language)
    least = max(3, round(brief.seconds / USUAL) - 1)
    system = words["system"].format(
        language=f"{speaks.name} ({speaks.endonym})", seconds=brief.seconds, fewest=least, most=least + 2, longest=round(LONGEST),
        letters=int(LONGEST * pace.letters_a_second(language)), style=words["styles"][brief.style], speaker=speaker,
        place=words["places"].get(brief.platform, words["places"]["any"]), price=told(product, price, language),
        was=f", the price before as {speaks.price(was)}" if was else "", roles=", ".join(ROLES), emotions=", ".join(EMOTIONS),
        gestures="; ".join(f"{name} ({words['gestures'][name]})" for name in GESTURES),
    )  # fmt: skip
    if brief.second:
        told_of = dialogue()
        system += "\n" + told_of["system"].format(form=told_of["forms"][form_of(brief, product.sku)], more=REPLIES)
    if brief.terms:
        system += "\n" + words["terms"].format(terms="\n".join(f"- {term} -> {said}" for term, said in brief.terms))
    row = json.dumps(_row(product, text, price, was, language), ensure_ascii=False, indent=1)
    fence = "ROW-" + hashlib.blake2b(row.encode(), digest_size=6).hexdigest()
    return [Message("system", system), Message("user", words["user"].format(fence=fence, row=row, language=speaks.name))]


def again(problems: list[str]) -> Message:
    """What is said of an answer that can't be used."""
    return Message("user", wording()["again"].format(problems="\n".join(f"- {p}" for p in problems[:8])))


def told(product: Product, price: Money, language: str) -> str:
    """The price in the words that a Line must use."""
    speaks = languages.get(language)
    return speaks.price_from(price) if product.price_from else speaks.price(price)


def _row(product: Product, text: Text, price: Money, was: Money | None, language: str) -> dict[str, Any]:
    """What the model may use: the texts in the script's language, and in the seller's own where they are others."""
    speaks = languages.get(language)
    row: dict[str, Any] = {
        "title": text.title, "brand": text.brand or product.brand, "category": product.category,
        "features": {str(n): feature for n, feature in enumerate(text.features, 1)},
        "description": text.description[:MOST_DESCRIPTION], "proof": text.proof, "price": told(product, price, language),
        "price before": speaks.price(was) if was else "", "options": {name: list(values)[:12] for name, values in product.options.items()},
    }  # fmt: skip
    if product.language != language:
        own = {"title": product.title, "features": list(product.features), "description": product.description[:MOST_DESCRIPTION]}
        row["as the seller wrote it"] = {name: value for name, value in own.items() if value}
    return {name: value for name, value in row.items() if value}
