"""The text that goes with a clip: its title, what it says, hashtags."""

from __future__ import annotations

import re

from localize.domain import Disclosure, Post, Product, Script


def write(product: Product, script: Script, disclosure: Disclosure) -> Post:
    """The post of a clip, from its own script. It ends with the AI disclosure, as every copy of the clip must carry it."""
    body = "\n".join(line.text for line in script.lines if line.role != "hook")
    tags = (re.sub(r"[\W_]+", "", t) for t in (script.text.brand or product.brand, product.category))
    return Post(title=script.text.title, body=f"{body}\n{disclosure.label}", hashtags=tuple(dict.fromkeys(f"#{t}" for t in tags if t)))
