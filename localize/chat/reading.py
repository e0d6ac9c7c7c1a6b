"""Reading a model's answer: the list that it was asked for, however it is wrapped."""

from __future__ import annotations

import json
import re
from typing import Any

_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
_MOST_STARTS = 40  # braces that may begin the answer


def listed(text: str, key: str) -> list[Any]:
    """The list under `key` of the JSON object in an answer, else a list that stands by itself; [] if there is neither.

    Models put JSON in fences, think aloud before it, leave a comma too many and write drafts: the last that serves is meant.
    """
    text = text.rpartition("</think>")[2] or _THOUGHT.sub("", text)
    under: list[Any] = []
    bare: list[Any] = []
    at = 0
    for _ in range(_MOST_STARTS):
        at = min((i for i in (text.find("{", at), text.find("[", at)) if i >= 0), default=-1)
        if at < 0:
            break
        tree, end = _decoded(text[at:])
        if isinstance(tree, dict) and isinstance(tree.get(key), list):
            under = tree[key] or under
        elif isinstance(tree, list):
            bare = tree or bare
        at += end
    return under or bare


def _decoded(body: str) -> tuple[Any, int]:
    """The JSON that a text begins with and its length, (None, 1) if it begins with none."""
    for candidate in (body, re.sub(r",\s*([\]}])", r"\1", body)):
        try:
            tree, end = json.JSONDecoder(strict=False).raw_decode(candidate)
            return tree, max(1, end)
        except (ValueError, RecursionError):
            continue
    return None, 1
