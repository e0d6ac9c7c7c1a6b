"""The folder channel: `out/<channel>/<sku>.<language>.mp4` with its cover, captions and sidecar beside it; `flat`, without <channel>."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, ClassVar

from localize.domain import Channel, Finding, Receipt
from localize.engines import Card, Options
from localize.publish import Entry, Parcel, must_be_publishable


class FolderOptions(Options):
    """Whether clips lie in the campaign's output folder itself."""

    flat: bool = False


class FolderPublisher:
    card: ClassVar[Card] = Card(
        name="folder", stage="publish", about="a folder on this machine", version="1", licence="Apache-2.0", quality=10
    )
    ChannelOptions: ClassVar[type[Options]] = FolderOptions
    repeatable: ClassVar[bool] = True

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"folder-{self.card.version}"

    def check(self, channel: Channel) -> list[Finding]:
        return []

    def publish(self, parcel: Parcel, entry: Entry) -> Receipt:
        must_be_publishable(parcel.clip)
        flat = FolderOptions.model_validate(parcel.channel.options).flat
        folder = parcel.out if flat else parcel.out / parcel.channel.name
        lay(parcel, folder)
        return parcel.receipt("published", where=str(folder / f"{parcel.name}.mp4"))


def lay(parcel: Parcel, folder: Path) -> None:
    """Put a parcel's files into a folder, which is made if need be, with the sidecar beside them. What is there already is left."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / f"{parcel.name}{suffix}": source for suffix, source in parcel.files().items()}
    sidecar = folder / f"{parcel.name}.json"
    there, told = _read(sidecar), parcel.told()
    # One clip may be signed later, or by another: then its file is another.
    whole = there.get("key") == parcel.clip.key and there.get("sha256") == told["sha256"] and all(f.is_file() for f in files)
    if whole and all(there.get(name) == value for name, value in told.items()):
        return
    # The sidecar is written last: with it in place, everything else is of the same clip. Only what is told of it (the
    # post, the channel's account or market) may be another.
    sidecar.unlink(missing_ok=True)
    for target, source in files.items() if not whole else ():
        _place(source, target)
    part = folder / f".{parcel.name}.json.part"
    part.write_text(json.dumps(parcel.sidecar(), ensure_ascii=False, indent=1), encoding="utf-8")
    part.rename(sidecar)


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
