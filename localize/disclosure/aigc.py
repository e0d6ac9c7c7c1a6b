"""The implicit label of GB 45438-2025, appendix E: a piece of JSON in the file's own metadata.

In MP4 (TC260-PG-20257A) it lies in `moov/udta/meta`: `keys` names it AIGC, `ilst` has its value. It is written in one form, inside an
outer `{"AIGC": ...}`; it is read with and without that, as others write it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from localize.disclosure.boxes import Box, BoxError, children, walk
from localize.domain import Disclosure

NAME = "AIGC"
FIELDS = ("Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2")
NEEDED = FIELDS[:3]
LARGEST = 1 << 16  # bytes of metadata that are looked at


def fields(disclosure: Disclosure) -> dict[str, str]:
    """What the label says. Who makes a clip is the first to put it out, too."""
    made, produced = disclosure.producer, disclosure.produce_id
    return dict(zip(FIELDS, ("1", made, produced, "", made, produced, ""), strict=True))


def tags(disclosure: Disclosure) -> Mapping[str, str]:
    """The label as the metadata that `mp4.encoder` and `mp4.remux` write."""
    return {NAME: json.dumps({NAME: fields(disclosure)}, separators=(",", ":"))}


def legal(text: str) -> str:
    """The characters of a text that a value may have."""
    return "".join(c for c in text if "!" <= c <= "~" and c not in '"\\')


def producer(*names: str) -> str:
    """Who the metadata names: the first of the names that has characters which GB 45438 allows there. One of them must have some."""
    return next(filter(None, map(legal, names)))


def found(video: Path) -> list[str]:
    """The texts of all such labels in a file. Raises BoxError where it is no sound MP4, OSError where it can't be read."""
    with video.open("rb") as file:
        return [text for box in walk(file) if box.kind == "meta" for text in _named(file, box)]


def parsed(text: str) -> dict[str, str]:
    """What a label says, with or without the outer name. Raises ValueError, telling why, for what the standard does not allow."""
    try:
        said = json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it is no JSON") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON ({error.msg} at character {error.pos})") from None
    said = said[NAME] if isinstance(said, dict) and set(said) == {NAME} else said
    if not isinstance(said, dict):
        raise ValueError("it has no fields")
    for name, value in said.items():
        if name not in FIELDS:
            raise ValueError(f"the field {name} is none of {', '.join(FIELDS)}")
        if not isinstance(value, str):
            raise ValueError(f"{name} is {value!r} and must be a text")
        if legal(value) != value:
            raise ValueError(f"{name} is {value!r}, and only letters, digits and signs of ASCII without space, quote and backslash may be")
    if lacking := [name for name in NEEDED if not said.get(name)]:
        raise ValueError(f"{', '.join(lacking)} is empty or missing")
    if said["Label"] not in ("1", "2", "3"):
        raise ValueError(f"Label is {said['Label']!r} and must be 1, 2 or 3")
    return said


def lacks(video: Path, disclosure: Disclosure) -> str:
    """What is wrong with the label of a file that must say the disclosure: "" if nothing is. Raises as `found`."""
    texts = found(video)
    if not texts:
        return "its metadata has no AIGC label: a program that copied it into another file (a remux) dropped it"
    if len(texts) > 1:
        return f"its metadata has {len(texts)} AIGC labels, and one is allowed"
    try:
        said = parsed(texts[0])
    except ValueError as error:
        return f"its AIGC label is not what GB 45438 allows: {error}"
    wanted = fields(disclosure)
    other = [f"{name} is {said.get(name, '')!r} in place of {wanted[name]!r}" for name in FIELDS if said.get(name, "") != wanted[name]]
    return f"its AIGC label is another clip's: {'; '.join(other)}" if other else ""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object in which no name stands twice: of two, readers differ in which they believe."""
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"the field {twice[0]} stands in it twice")
    return dict(pairs)


def _named(file: BinaryIO, meta: Box) -> Iterator[str]:
    """The values that a `meta` box has under the label's name."""
    inside = [box for box in children(file, meta) if box.kind in ("keys", "ilst")]
    if len({box.kind for box in inside}) < len(inside):  # of two, readers differ in which they take
        raise BoxError(f"the box {meta.path} has its names or values twice")
    if len(inside) < 2:
        return
    keys, values = sorted(inside, key=lambda box: box.kind != "keys")
    names = list(_keys(keys.content(file, LARGEST)))
    for item in children(file, values):
        number = int.from_bytes(item.kind.encode("latin-1"), "big")
        if 0 < number <= len(names) and names[number - 1] == NAME:
            for data in children(file, item):
                if data.kind == "data":
                    yield data.content(file, LARGEST)[8:].decode("utf-8", "replace")


def _keys(content: bytes) -> Iterator[str]:
    """The names in a `keys` box: a version, their number, then each with its own size and namespace."""
    at = 8
    for _ in range(int.from_bytes(content[4:8], "big")):
        size = int.from_bytes(content[at : at + 4], "big")
        if size < 8 or at + size > len(content):
            raise BoxError("the names of its metadata (the box keys) are cut off")
        yield content[at + 8 : at + size].decode("utf-8", "replace")
        at += size
