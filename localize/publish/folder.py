"""The folder channel: `out/<channel>/<sku>.<language>.mp4` with its cover, captions and sidecar beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, ClassVar

from localize.domain import Channel, Clip, Post, Receipt
from localize.engines import Card
from localize.publish import must_be_publishable


class FolderPublisher:
    card: ClassVar[Card] = Card(
        name="folder", stage="publish", about="a folder on this machine", version="1", licence="Apache-2.0", quality=10
    )

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"folder-{self.card.version}"

    def publish(self, clip: Clip, post: Post, channel: Channel, out: Path) -> Receipt:
        must_be_publishable(clip)
        folder = out / channel.name
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{clip.sku}.{clip.language}"
        video, sidecar = folder / f"{stem}.mp4", folder / f"{stem}.json"
        captions = [Path(clip.captions)]  # which every clip has; the other forms of them are newer
        captions += [p for suffix in (".vtt", ".ass") if (p := captions[0].with_suffix(suffix)).is_file()]
        files = {video: clip.video, folder / f"{stem}.jpg": clip.cover, **{folder / f"{stem}{p.suffix}": str(p) for p in captions}}
        there = _read(sidecar)
        whole = there.get("key") == clip.key and all(f.is_file() for f in files)
        told = {"channel": channel.model_dump(mode="json"), "post": post.model_dump(mode="json")}
        if not whole or any(there.get(name) != value for name, value in told.items()):
            # The sidecar is written last: with it in place, everything else is of the same clip. Only what is told of it (the
            # post, the channel's account or market) may be another.
            sidecar.unlink(missing_ok=True)
            for target, source in files.items() if not whole else ():
                _place(Path(source), target)
            made = json.loads(Path(clip.sidecar).read_text(encoding="utf-8"))
            made |= told
            made["findings"] = [f.model_dump(mode="json") for f in clip.findings]
            part = folder / f".{stem}.json.part"
            part.write_text(json.dumps(made, ensure_ascii=False, indent=1), encoding="utf-8")
            part.rename(sidecar)
        return Receipt(channel=channel.name, clip_key=clip.key, state="published", where=str(video))


def _read(sidecar: Path) -> dict[str, Any]:
    """What a sidecar says, {} for one that is not there, was cut off by a full disk or edited by hand: it is written again."""
    try:
        made = json.loads(sidecar.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return made if isinstance(made, dict) else {}


def _place(source: Path, target: Path) -> None:
    """Put a file in place whole. Copied, not linked: whoever edits a clip in the folder must not edit the store's."""
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)  # there only if the copy failed
