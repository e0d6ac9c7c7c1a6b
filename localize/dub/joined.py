"""One file with all of a video's dubs as its sound tracks, for players that let viewers choose."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import av

from localize import languages
from localize.campaign import Campaign
from localize.desk import read_json, write_json
from localize.disclosure import aigc
from localize.dispatch import at_hand
from localize.domain import Clip, Disclosure
from localize.dub import assemble, tracks
from localize.dub.tracks import Heard, Subtitles
from localize.errors import CrossreelError
from localize.planning import Outcome
from localize.reviews import alone
from localize.store import LocalStore

VERSION = "1"  # raise it when the same dubs would make another file


def join(campaign: Campaign, outcomes: Sequence[Outcome], store: LocalStore) -> Iterator[str]:
    """Write each video's file into the output folder, the campaign's first language to be played; a sentence on each that there is no
    new one of, and why: one video's trouble stops no other's file. A file that has the same dubs already is left as it is, and so is
    one with more languages than the campaign has now. `outcomes` are of all languages of a video, whichever run made them."""
    ended: dict[str, dict[str, Outcome]] = {}
    for outcome in outcomes:
        ended.setdefault(outcome.sku, {})[outcome.language] = outcome
    for sku, own in ended.items():
        try:
            why = _renewed(campaign, sku, own, store)
        except (CrossreelError, OSError, av.FFmpegError) as error:
            why = str(error)
        if why:
            yield f"{sku}: there is no new file with all its languages: {why}"


def _renewed(campaign: Campaign, sku: str, ended: Mapping[str, Outcome], store: LocalStore) -> str:
    """Write a video's file if there is none of these dubs; why there can't be one, "" where there is. Raises Transient while the store
    does not have a dub, or somebody else writes the file, and as `tracks.write`."""
    wanted = [code for code in campaign.languages if campaign.channels_for(sku, code)]
    clips = {code: o.clip for code, o in ended.items() if o.clip and o.state in ("made", "reused")}
    if failed := [code for code in wanted if code in ended and code not in clips]:
        return f"{', '.join(failed)} could not be made."
    if waiting := [code for code in wanted if code not in ended]:
        return f"still to be made: {', '.join(waiting)}."
    out = Path(campaign.out) / f"{sku}.all.mp4"
    there = _told(out)
    if more := [code for code in there.get("languages", ()) if code not in wanted]:
        return (
            f"{out.name} is left as it is, as it has {', '.join(map(languages.name, more))}, too, which this run has not: run all of its "
            "languages to write it anew, or remove it."
        )
    mark = {"version": VERSION, "clips": [[code, clips[code].key] for code in wanted]}
    if there.get("made_of") == mark:
        return ""
    dubs = [at_hand(clips[code], store) for code in wanted]
    if any(read_json(Path(clip.sidecar))["picture"] != "copied" for clip in dubs):
        return "each has a picture of its own (captions, label or lips)."
    with alone(out):
        if _told(out).get("made_of") != mark:
            _write(campaign, dubs, out, mark)
    return ""


def _told(out: Path) -> dict[str, Any]:
    """What the sidecar of a file tells; nothing where one of both is not there."""
    sidecar = out.with_suffix(".json")
    if not out.is_file() or not sidecar.is_file():
        return {}
    told: dict[str, Any] = read_json(sidecar)
    return told


def _write(campaign: Campaign, clips: Sequence[Clip], out: Path, mark: Mapping[str, Any]) -> None:
    """The first clip's picture with every clip's sound, captions and AI label, and the source's sound once where the clips have it."""
    first, told = clips[0], read_json(Path(clips[0].sidecar))
    sounds = [Heard(Path(c.video), c.language, languages.name(c.language), default=c is first) for c in clips]
    if told["original"]:
        sounds.append(Heard(Path(first.video), told["source_language"], "original", track=1))
    captions = [Subtitles(Path(c.captions), c.language) for c in clips] if campaign.dub.captions == "track" else []
    part = out.with_name(f".{out.name}.part")
    with tempfile.TemporaryDirectory() as folder:
        labels = []
        for c in clips:
            label = languages.get(c.language).ai_label
            labels.append(Subtitles(Path(folder) / f"{c.language}.srt", c.language, label))
            labels[-1].path.write_text(assemble.label_track(label, first.duration), encoding="utf-8")
        try:
            tracks.write(part, Path(first.video), sounds, [*captions, *labels], aigc.tags(Disclosure.model_validate(told["disclosure"])))
            # By its sidecar it is known as a dub, and not dubbed itself by the next run over the folder. What it is made of is told
            # last: a run that is stopped in between writes it again.
            sidecar = {"sku": first.sku, "languages": [c.language for c in clips], "cues": []}
            write_json(out.with_suffix(".json"), sidecar)
            part.replace(out)
            write_json(out.with_suffix(".json"), {**sidecar, "made_of": mark})
        finally:
            part.unlink(missing_ok=True)
