"""JSON and JSON Lines as rows: one object a row, its field names as row 0.

What an object holds in objects of its own is `outer.inner`; of a list of objects, each field has a line for each of
them, so the lines of `variants.price` and `variants.sku` go together. Numbers keep their digits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path

from localize.errors import UserError
from localize.products.tables.charset import Reading
from localize.products.tables.rows import MAX_COLUMNS, MAX_UNPACKED, Row, Table
from localize.products.values import Number, text

_DEPTH = 3
# What a list of products is called where an object holds several lists.
_LISTS = ("products", "items", "product", "data", "rows", "records", "results", "list", "goods", "variants")

_decoder = json.JSONDecoder(
    parse_float=lambda digits: text(Decimal(digits)), parse_int=lambda digits: Number(digits), parse_constant=lambda _: None
)
Record = tuple[int, object]  # its number, and what stands there


def load(path: Path, reading: Reading) -> Table:
    """A list of objects, an object that holds one such list, or (streamed) an object a line."""
    if _one_a_line(path, reading):
        return _table(path, partial(_lines, path, reading), reading.notes)
    if path.stat().st_size > MAX_UNPACKED:
        raise UserError(f"{path.name} has more than {MAX_UNPACKED // 1_000_000} MB: save it as CSV, or as one JSON object a line")
    try:
        whole = _decoder.decode("".join(reading.lines(path)).strip())
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path.name} is not sound JSON ({error}): export it again, or save it as CSV (UTF-8)") from error
    found, notes = _list(whole)
    if found is None:
        raise UserError(f'{path.name} holds no list of products: write [{{"sku": ...}}, ...] or one object a line')
    return _table(path, lambda: enumerate(found, 1), (*reading.notes, *notes))


def _one_a_line(path: Path, reading: Reading) -> bool:
    if reading.long_lines:
        return False
    first = list(islice(filter(str.strip, reading.lines(path)), 20))
    return len(first) > 1 and not first[0].lstrip().startswith("[") and any(isinstance(_parsed(line), dict) for line in first)


def _lines(path: Path, reading: Reading) -> Iterator[Record]:
    for number, line in enumerate(reading.lines(path), 1):
        if not line.isspace() and line:
            yield number, _parsed(line)


def _parsed(line: str) -> object:
    try:
        return _decoder.decode(line.strip().removesuffix(","))
    except (ValueError, RecursionError) as error:
        return f"this line is not a JSON object ({error})"


def _list(whole: object) -> tuple[list[object] | None, tuple[str, ...]]:
    """The list of objects in a JSON document, and what is to be said about other lists in it."""
    if isinstance(whole, list):
        nodes = [r.get("node") for r in whole if isinstance(r, dict) and r.keys() <= {"node", "cursor"}]  # GraphQL's edges
        return (nodes if nodes and len(nodes) == len(whole) else whole), ()
    if not isinstance(whole, dict):
        return None, ()
    lists = {name: v for name, v in whole.items() if isinstance(v, list) and v and isinstance(v[0], dict)}
    named = next((name for name in _LISTS if name in lists), "")
    if len(lists) == 1 and (named or len(whole) <= 5) and not {"sku", "title", "price", "name"} & whole.keys():
        named = next(iter(lists))
    if named and not {"sku", "title", "price"} & whole.keys():
        others = [name for name in lists if name != named]
        told = (f"Of the lists in the file, {named!r} was read, not " + " or ".join(map(repr, others)),) if others else ()
        return _list(lists[named])[0], told
    inner = [v for v in whole.values() if isinstance(v, dict)]
    if not lists and len(inner) == 1 and len(whole) <= 3 and _list(inner[0])[0] not in ([inner[0]], None):
        return _list(inner[0])
    return [whole], ()


# --- objects as rows -----------------------------------------------------------------------------------------------


def _table(path: Path, records: Callable[[], Iterable[Record]], notes: tuple[str, ...]) -> Table:
    """Row 0 is the names of all fields, so the records are gone through once before they are read."""
    for depth in (_DEPTH, 0):
        names: dict[str, None] = {}
        for _, record in records():
            if isinstance(record, dict):
                names.update(dict.fromkeys(_flat(record, depth)))
                if len(names) > MAX_COLUMNS:
                    break
        else:
            return Table(path, partial(_rows, records, tuple(names), depth), notes=notes)
    raise UserError(f"{path.name} has more than {MAX_COLUMNS} different fields: give all products the same ones")


def _rows(records: Callable[[], Iterable[Record]], names: tuple[str, ...], depth: int) -> Iterator[Row]:
    yield Row(0, tuple(map(text, names)))
    for number, record in records():
        if isinstance(record, dict):
            flat = _flat(record, depth)
            yield Row(number, tuple([flat.get(name, "") for name in names]))
        elif isinstance(record, str) and record.startswith("this line"):
            yield Row(number, (), record)
        else:
            yield Row(number, (), "this is not a JSON object with named fields")


def _flat(record: dict[str, object], depth: int) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in record.items():
        if isinstance(value, dict) and depth and value:
            flat.update((f"{name}.{inner}", cell) for inner, cell in _flat(value, depth - 1).items())
        elif isinstance(value, list) and depth and value and all(isinstance(v, dict) for v in value):
            parts = [_flat(v, depth - 1) for v in value]
            inner_names = dict.fromkeys(inner for part in parts for inner in part)
            for inner in inner_names:
                cells = [part.get(inner, "") for part in parts]
                flat[f"{name}.{inner}"] = "\n".join(cells) if any(cells) else ""
        else:
            flat[name] = text(value)
    return flat
