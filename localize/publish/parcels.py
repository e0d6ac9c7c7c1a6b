"""Parcels kept in the store: what was begun is finished though the product has another clip by then, and what waits needs no new run."""

from __future__ import annotations

import json
from pathlib import Path

from localize.domain import Channel, Clip, Disclosure, Post
from localize.publish import Parcel
from localize.store import LocalStore, key

VERSION = "1"
FILES = ("video", "cover", "captions", "sidecar")  # of a clip


class Parcels:
    """Each under a key of its content: another text makes another parcel. The clip's own files are not in it but in their artifacts."""

    def __init__(self, store: LocalStore) -> None:
        self.store = store

    def keep(self, parcel: Parcel) -> str:
        """The key that a parcel is found by."""
        clip = parcel.clip.model_copy(update={name: self._kept(getattr(parcel.clip, name)) for name in FILES} | {"others": ()})
        parts = {"clip": clip, "post": parcel.post, "channel": parcel.channel, "disclosure": parcel.disclosure}
        told = {"campaign": parcel.campaign, **{name: part.model_dump(mode="json") for name, part in parts.items()}}
        name = key("parcel", VERSION, told)
        self.store.make(name, lambda folder: _write(folder / "parcel.json", told))
        return name

    def find(self, name: str, out: Path, channel: Channel | None = None) -> Parcel | None:
        """A parcel, for its channel as that is now if one is given; None where it or its clip is not in the store any more."""
        folder = self.store.find(name) if name else None
        if folder is None:
            return None
        told = json.loads((folder / "parcel.json").read_text(encoding="utf-8"))
        clip = Clip.model_validate(told["clip"])
        files = {name: self._found(getattr(clip, name)) for name in FILES}
        if not all(files.values()):
            return None
        return Parcel(
            told["campaign"], clip.model_copy(update=files), Post.model_validate(told["post"]),
            channel or Channel.model_validate(told["channel"]), Disclosure.model_validate(told["disclosure"]), out,
        )  # fmt: skip

    def needs(self, name: str) -> set[str]:
        """The keys of a parcel and of the artifacts that its files are in, which `store gc` is to leave."""
        folder = self.store.find(name) if name else None
        if folder is None:
            return set()
        clip = json.loads((folder / "parcel.json").read_text(encoding="utf-8"))["clip"]
        return {name, *("/".join(clip[file].split("/")[:2]) for file in FILES if not Path(clip[file]).is_absolute())}

    def _kept(self, path: str) -> str:
        """Where a file lies in the store: another machine has its copy elsewhere."""
        whole = Path(path)
        return whole.relative_to(self.store.root).as_posix() if whole.is_relative_to(self.store.root) else path

    def _found(self, kept: str) -> str:
        if Path(kept).is_absolute():
            return kept if Path(kept).is_file() else ""
        stage, name, rest = kept.split("/", 2)
        folder = self.store.find(f"{stage}/{name}")
        return str(folder / rest) if folder and (folder / rest).is_file() else ""


def _write(path: Path, told: object) -> None:
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
