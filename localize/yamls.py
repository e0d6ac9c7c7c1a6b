"""YAML files that people write, read so that what is wrong in them can be told with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from localize.errors import UserError

NOT_YAML = (yaml.YAMLError, ValueError, RecursionError)  # ValueError: a day such as 2026-02-30


def read(path: Path, what: str) -> tuple[Any, yaml.Node | None]:
    """What a file of UTF-8 says, and its tree, which knows the lines. `what` it should be ("a consent") is for who gave no such file.

    Raises UserError with the line and column of what is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as e:
        raise UserError(f"{path}: {e.strerror or e}. Give the path of {what}.") from e
    except UnicodeDecodeError as e:
        raise UserError(f"{path} is not UTF-8 text (byte {e.start}): save it as UTF-8.") from e
    try:
        return yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except NOT_YAML as e:
        mark = getattr(e, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UserError(f"{path}{where}: not YAML: {getattr(e, 'problem', None) or e}.") from e
