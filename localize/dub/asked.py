"""What somebody asked to be dubbed, kept as a campaign: the next run, the proofreading sheet and the deployments take it as one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import yaml

from localize import campaign as campaigns
from localize.campaign import Campaign
from localize.dub.sources import is_address, shown
from localize.errors import UserError
from localize.reviews import alone
from localize.secrecy import written_out
from localize.sections import DubCaptions, DubLabel, DubLips, DubSound

ASKED = "dub.yaml"  # what was asked for, as a campaign: for the next run, the sheet and the UI
Platform = Literal["any", "tiktok", "douyin", "weibo"]
HEAD = "# Written by `crossreel dub`; the next one writes it anew. `crossreel run` and `crossreel review` take it like any campaign.\n"


def dubbing(
    videos: Iterable[str], *, transcripts: str, voice: str, consent: str, lipsync: DubLips, sound: DubSound, captions: DubCaptions,
    label: DubLabel, track: int, original: bool, one_file: bool, lossless: bool, keep_length: bool,
) -> dict[str, Any]:  # fmt: skip
    """What is asked for, of the command line and of the form, as a campaign's `dub:` says it; paths are seen from the folder that this
    process was started in. Raises UserError for an address where a file of this machine must be, and for one with a secret written out,
    which would be in the parameters of every run."""
    return {
        "videos": [_video(video) for video in videos], "transcripts": _file(transcripts, "a transcript"),
        "voice": _file(voice, "a voice") if "/" in voice else voice, "consent": _file(consent, "a consent"), "lipsync": lipsync,
        "sound": sound, "captions": captions, "label": label, "track": track, "original": original, "one_file": one_file,
        "lossless": lossless, "keep_length": keep_length,
    }  # fmt: skip


def _video(given: str) -> str:
    if secret := written_out(given):
        raise UserError(
            f"{secret} stands in the address {shown(given)}, and Prefect's database would keep it: write ${{NAME}} in its place, or for "
            "the whole address (in a shell in single quotes), and set NAME in the environment of whoever fetches the videos."
        )
    return absolute(given)


def _file(given: str, what: str) -> str:
    if is_address(given):
        raise UserError(f"{shown(given)} is an address, and {what} is read from this machine only: download it, and give its path.")
    return absolute(given)


def write(
    out: Path,
    codes: list[str],
    asked: dict[str, Any],
    *,
    source: str = "",
    gender: str = "",
    platform: Platform = "any",
    base: campaigns.Campaign | None = None,
) -> tuple[Path, Campaign]:
    """Write what is asked for as a campaign into the output folder, and read it. Of `base` everything stays that dubs have a use for. The
    file is its owner's alone, as an address may hold a key that is not known as one; another call may write it anew at any time, so the
    campaign that was read is the one to run. Raises UserError for what can't be asked for, Transient where another call does not let go of
    the file."""
    if base and platform != "any":
        raise UserError("the platform is said for dubs without a campaign: the channels of the campaign say what theirs are for.")
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
        with alone(path, campaigns.home() / "locks"):  # the folder is whoever's asks: nothing hidden is left in it
            _replace(path, HEAD + yaml.safe_dump(told, allow_unicode=True, sort_keys=False))
            return path, campaigns.load(path)
    except OSError as error:
        raise UserError(f"{out} can't be written: {error.strerror or error}. Give another folder with --out.") from error


def _replace(path: Path, text: str) -> None:
    """Write a file for its owner alone, whole or not at all."""
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        half.unlink(missing_ok=True)  # one that was left behind would keep its mode
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def absolute(given: str) -> str:
    """A path as it is seen from the folder that this process was started in; an address, or nothing, as it is."""
    return given if not given or is_address(given) else str(Path.cwd() / Path(given).expanduser())
