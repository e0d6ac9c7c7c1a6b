"""Where Thai words begin and end: what sellers write is not cut within a word."""

from __future__ import annotations

import re

import pytest
import yaml

from localize.assets import ASSETS
from localize.languages import thai_words


def keywords() -> list[str]:
    """The Thai words that products of a kind are told by."""
    kinds = yaml.safe_load((ASSETS / "phrases" / "categories.yaml").read_text("utf-8"))
    return re.findall(r"[\u0e00-\u0e7f]+", yaml.safe_dump(kinds, allow_unicode=True))


def test_words_that_products_are_told_by_are_made_of_known_ones() -> None:
    found = keywords()
    assert len(found) > 20
    known = thai_words._dictionary()
    parts = {word: thai_words.cut(word) for word in found}
    assert {word: cut for word, cut in parts.items() if not all(part in known for part in cut)} == {}


@pytest.mark.parametrize(
    "words",
    [
        "สาย บิวตี้ มา รวมกัน ตรงนี้", "สกินแคร์ มี เยอะ มาก", "ลิปกลอส สี สวย", "โทนเนอร์ เช็ดหน้า", "เสื้อ ฮู้ดดี้", "ฮู้ด กันฝน",
        "โอกาส ครับ", "เวย์ โปรตีน",
    ],
)  # fmt: skip
def test_loans_of_selling_are_whole(words: str) -> None:
    assert thai_words.cut(words.replace(" ", "")) == words.split()
