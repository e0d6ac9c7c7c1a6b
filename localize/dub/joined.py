"""One file with all of a video's dubs as its sound tracks, for players that let viewers choose."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from localize import languages
from localize.campaign import Campaign
from localize.desk import read_json, write_json
from localize.disclosure import aigc
from localize.domain import Clip, Disclosure
from localize.dub import assemble, tracks
from localize.dub.tracks import Heard, Subtitles
from localize.planning import Outcome


def join(campaign: Campaign, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Write each video's file into the output folder, the campaign's first language to be played; a sentence on each that there is none
    of, and why. Raises UserError and MediaError as `tracks.write`."""
    clips: dict[str, dict[str, Clip]] = {}
    for outcome in outcomes:
        own = clips.setdefault(outcome.sku, {})
        if outcome.clip and outcome.state in ("made", "reused"):
            own[outcome.language] = outcome.clip
    for sku, own in clips.items():
        wanted = [code for code in campaign.languages if campaign.channels_for(sku, code)]
        if missing := [code for code in wanted if code not in own]:
            yield f"{sku}: there is no file with all its languages, as {', '.join(missing)} could not be made."
        elif any(read_json(Path(clip.sidecar))["picture"] != "copied" for clip in own.values()):
            yield f"{sku}: there is no file with all its languages, as each has a picture of its own (captions, label or lips)."
        else:
            _write(campaign, [own[code] for code in wanted], Path(campaign.out) / f"{sku}.all.mp4")


def _write(campaign: Campaign, clips: Sequence[Clip], out: Path) -> None:
    """The first clip's picture with every clip's sound, captions and AI label, and the source's sound once where the clips have it."""
    first, told = clips[0], read_json(Path(clips[0].sidecar))
    sounds = [Heard(Path(c.video), c.language, languages.name(c.language), default=c is first) for c in clips]
    if told["original"]:
        sounds.append(Heard(Path(first.video), told["source_language"], "original", track=1))
    captions = [Subtitles(Path(c.captions), c.language) for c in clips] if campaign.dub.captions == "track" else []
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    with tempfile.TemporaryDirectory() as folder:
        labels = []
        for c in clips:
            label = languages.get(c.language).ai_label
            labels.append(Subtitles(Path(folder) / f"{c.language}.srt", c.language, label))
            labels[-1].path.write_text(assemble.label_track(label, first.duration), encoding="utf-8")
        try:
            tracks.write(part, Path(first.video), sounds, [*captions, *labels], aigc.tags(Disclosure.model_validate(told["disclosure"])))
            # By its sidecar it is known as a dub, and not dubbed itself by the next run over the folder.
            write_json(out.with_suffix(".json"), {"sku": first.sku, "languages": [c.language for c in clips], "cues": []})
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
