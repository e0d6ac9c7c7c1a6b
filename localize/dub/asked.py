"""What somebody asked to be dubbed, kept as a campaign: the next run, the proofreading sheet and the deployments take it as one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from localize import campaign as campaigns
from localize.dub.sources import is_address
from localize.errors import UserError

ASKED = "dub.yaml"  # what was asked for, as a campaign: for the next run, the sheet and the UI
HEAD = "# Written by `crossreel dub`; the next one writes it anew. `crossreel run` and `crossreel review` take it like any campaign.\n"


def write(
    out: Path,
    codes: list[str],
    asked: dict[str, Any],
    *,
    source: str = "",
    gender: str = "",
    platform: str = "any",
    base: campaigns.Campaign | None = None,
) -> Path:
    """Write what is asked for as a campaign into the output folder. Of `base` everything stays that dubs have a use for. The file is its
    owner's alone, as a video's address may hold a key."""
    told: dict[str, Any] = base.model_dump(mode="json", exclude_unset=True) if base else {"name": "dub"}
    told |= {"languages": codes, "dub": asked, "out": str(out.expanduser().resolve())}
    told.pop("catalog", None)
    if told.get("store") == str(campaigns.home() / "store"):  # of this machine, and no choice of the campaign's
        del told["store"]
    if source:
        told["source_language"] = source
    if not base:
        told["channels"] = [{"name": "dubs", "kind": "folder", "platform": platform, "options": {"flat": True}}]
        told["hosts"] = [{"avatar": "none"}]
    if gender:
        told["hosts"] = [{**told.get("hosts", [{"avatar": "none"}])[0], "gender": gender}, *told.get("hosts", [])[1:]]
    try:
        out.mkdir(parents=True, exist_ok=True)
        path = out / ASKED
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)  # one that was there keeps its mode else
            file.write(HEAD + yaml.safe_dump(told, allow_unicode=True, sort_keys=False))
    except OSError as error:
        raise UserError(f"{out} can't be written: {error.strerror or error}. Give another folder with --out.") from error
    return path


def absolute(given: str) -> str:
    """A path as it is seen from the folder that this process was started in; an address, or nothing, as it is."""
    return given if not given or is_address(given) else str(Path.cwd() / Path(given).expanduser())
