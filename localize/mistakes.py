"""Mistakes in a campaign's file: the line each is in, and the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from rapidfuzz import process


def nearest(value: str, choices: tuple[str, ...] | list[str], what: str) -> str:
    """The value, if it is one of the choices. Raises ValueError with the nearest."""
    if value in choices:
        return value
    raise ValueError(wrong(value, choices, what))


def wrong(value: str, choices: tuple[str, ...] | list[str], what: str) -> str:
    """What is said of a value that is none of the choices."""
    return f"{value!r} is not a known {what}.{hint(value, choices)} Known: {', '.join(choices)}."


def hint(value: str, choices: Sequence[str]) -> str:
    """The question " Did you mean ...?" with the nearest choice, "" if none is near."""
    near = process.extractOne(value, choices, score_cutoff=40)
    return f" Did you mean {near[0]!r}?" if near else ""


def problem(path: Path, tree: yaml.Node | None, error: dict[str, Any], model: type[BaseModel]) -> str:
    """One of pydantic's errors in a file of a model, as it is told."""
    loc = tuple(error["loc"])
    name = ".".join(str(part) for part in loc) or "campaign"
    where = f"{path}, line {line_of(tree, loc)}: {name}: "
    if error["type"] == "extra_forbidden":
        keys = list(_model_at(model, loc[:-1]).model_fields)
        return where + wrong(str(loc[-1]), keys, "key")
    if error["type"] == "missing":
        return where + "this key is needed and missing."
    if error["type"] == "value_error":
        return where + str(error["ctx"]["error"])
    message = str(error["msg"])
    expected = (error.get("ctx") or {}).get("expected")
    if expected and isinstance(error["input"], str):
        choices = re.findall(r"'([^']+)'", expected)
        if choices:
            message = wrong(error["input"], choices, "value")
    return f"{where}{message} (it says {error['input']!r})"


def _model_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel]:
    for part in loc:
        if isinstance(part, int):
            continue
        inside = [model.model_fields[part].annotation]
        while inside:
            candidate = inside.pop()
            inside += get_args(candidate)
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model


def line_of(node: yaml.Node | None, loc: tuple[str | int, ...]) -> int:
    """The line (from 1) of the deepest part of `loc` that the file has."""
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == part), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
