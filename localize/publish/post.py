"""The text that goes with a clip: its title, what it says, hashtags."""

from __future__ import annotations

import unicodedata

from localize.domain import Disclosure, Post, Product, Script


def write(product: Product, script: Script, disclosure: Disclosure) -> Post:
    """The post of a clip, from its own script. It ends with the AI disclosure, as every copy of the clip must carry it."""
    body = "\n".join(line.text for line in script.lines if line.role != "hook")
    tags = map(_tag, (script.text.brand or product.brand, product.category))
    return Post(title=script.text.title, body=f"{body}\n{disclosure.label}", hashtags=tuple(dict.fromkeys(f"#{t}" for t in tags if t)))


def _tag(text: str) -> str:
    """One word: letters, digits and the vowel and tone signs that Thai writes above and below them."""
    return "".join(c for c in text if unicodedata.category(c)[0] in "LMN")
