"""The words of the spreadsheet that sellers fill in: its columns' names in each language, with help and examples.

They are data (assets/catalog/template.yaml). `template.py` writes the sheet, `native.py` reads it back by `headers()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import yaml
from pydantic import BaseModel, ConfigDict

from localize.assets import ASSETS


class Column(BaseModel):
    must: bool = False
    width: int
    most: int = 0
    localized: bool = False


class Field(BaseModel):
    header: str
    help: str


class Words(BaseModel):
    """What the sheet says in one language."""

    model_config = ConfigDict(extra="forbid")

    currency: str
    sheet: str
    guide: str
    steps: list[str]
    table: list[str]
    must: str
    localized: str
    names: dict[str, str]
    in_language: str
    categories: list[str]
    wrong: dict[str, str]
    example: dict[str, str]
    fields: dict[str, Field]


class Data(BaseModel):
    model_config = ConfigDict(extra="forbid")

    currencies: list[str]
    prices: dict[str, tuple[float, float]]
    columns: dict[str, Column]
    example: dict[str, str]
    languages: dict[str, Words]


@cache
def data() -> Data:
    return Data.model_validate(yaml.safe_load((ASSETS / "catalog" / "template.yaml").read_text(encoding="utf-8")))


def languages() -> tuple[str, ...]:
    """The languages that a sheet can be written in."""
    return tuple(data().languages)


def categories(language: str) -> tuple[str, ...]:
    """The categories that a sheet in this language offers, each of which chooses a style of sentences but the last."""
    return tuple(data().languages[language].categories)


@cache
def headers() -> Mapping[str, str]:
    """Every column name that a sheet may have, in every language, and its field: {"商品标题": "title", "ราคา": "price",
    "商品标题（泰语）": "title_th"}."""
    known: dict[str, str] = {}
    for words in data().languages.values():
        for name, field in words.fields.items():
            known[field.header] = name
            if data().columns[name].localized:
                known.update({localized(words, name, code): f"{name}_{code}" for code in words.names})
    return known


def localized(words: Words, name: str, code: str) -> str:
    return words.localized.format(header=words.fields[name].header, language=words.names[code])
