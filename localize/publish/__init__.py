"""Publish: a checked clip out to a channel, once. Fails closed: what is blocked or not labelled does not go out.

A Publisher knows one kind of place. It is handed a Parcel and the post's row in the ledger, already claimed by this worker, and
notes there what it must know to go on after a crash, before it relies on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from localize.consent import file_digest
from localize.domain import Channel, Clip, Disclosure, Finding, Post, Receipt
from localize.engines import Engine, Options
from localize.errors import Blocked


@dataclass(frozen=True)
class Parcel:
    """What goes to a channel: the clip with its file as it is to be uploaded (labelled, signed), its text, and what is to be told of
    AI. `out` is the campaign's output folder."""

    campaign: str
    clip: Clip
    post: Post
    channel: Channel
    disclosure: Disclosure
    out: Path

    @property
    def name(self) -> str:
        return f"{self.clip.sku}.{self.clip.language}"

    @property
    def about(self) -> str:
        """What a message of it begins with."""
        return f"{self.name} on {self.channel.name}"

    def files(self) -> dict[str, Path]:
        """The clip's files by the suffix each has beside the others: video, cover, and captions in every form there is."""
        captions = [Path(self.clip.captions)]  # which every clip has; the other forms of them are newer
        captions += [p for suffix in (".vtt", ".ass") if (p := captions[0].with_suffix(suffix)).is_file()]
        return {".mp4": Path(self.clip.video), ".jpg": Path(self.clip.cover), **{p.suffix: p for p in captions}}

    def told(self) -> dict[str, Any]:
        """What the sidecar says of this very post, its disclosure, and the video's SHA-256 as it goes out."""
        parts = {"channel": self.channel, "post": self.post, "disclosure": self.disclosure}
        return {name: part.model_dump(mode="json") for name, part in parts.items()} | {"sha256": file_digest(Path(self.clip.video))}

    def sidecar(self) -> dict[str, Any]:
        """What lies beside the published clip as `.json`: how it was made, what checks saw, and where it went with which text."""
        made: dict[str, Any] = json.loads(Path(self.clip.sidecar).read_text(encoding="utf-8"))
        return made | self.told() | {"findings": [f.model_dump(mode="json") for f in self.clip.findings]}

    def receipt(self, state: Any, *, where: str = "", reason: str = "", post_id: str = "") -> Receipt:
        return Receipt(
            channel=self.channel.name, clip_key=self.clip.key, state=state, where=where, reason=reason, post_id=post_id
        )  # fmt: skip


class Twin(Protocol):
    """Another post of the same place, as the ledger has it. `updated_at` is in seconds since 1970."""

    @property
    def state(self) -> str: ...

    @property
    def post_id(self) -> str: ...

    @property
    def kept(self) -> Mapping[str, Any]: ...

    @property
    def sent(self) -> str: ...

    @property
    def updated_at(self) -> float: ...


class Entry(Protocol):
    """A post's row in the ledger, which no other worker has. What is noted is on disk before the call returns."""

    @property
    def publish_id(self) -> str:
        """What the platform calls the upload: "" before one was begun."""
        ...

    @property
    def kept(self) -> Mapping[str, Any]:
        """What this or an earlier try noted: plain JSON values, never a token or an address that needs none."""
        ...

    @property
    def sent(self) -> str:
        """What was begun that can't be taken back and was never answered: "" if nothing. It must be looked up at the platform first."""
        ...

    def note(self, *, publish_id: str | None = None, **kept: Any) -> None:
        """Keep what the platform said. Clears `sent`: whoever notes an answer has one."""
        ...

    def sending(self, what: str) -> None:
        """Say, before it is done, that now something goes out that may be posted though no answer comes ("create_video")."""
        ...

    def twins(self, name: str, value: str) -> Sequence[Twin]:
        """The other posts of the place that have noted the same, such as the same text: at the platform one may look like another."""
        ...

    def take(self, numbers: Mapping[str, str], **kept: Any) -> bool:
        """As `note` for the platform's numbers of this post and what else is kept; False, with nothing noted, where another post of the
        place has noted one of the numbers."""
        ...

    def slot(self, name: str, per_minute: float) -> None:
        """Wait for a free slot of a rate that all workers share ("tiktok/shop-th/init", 6)."""
        ...


class Publisher(Engine, Protocol):
    """One kind of place. `ChannelOptions` is what a channel of it may say under `options`; of a `repeatable` one publishing twice is
    publishing once by its nature (a file in its place), so it is asked again though the ledger has the post."""

    ChannelOptions: ClassVar[type[Options]]
    repeatable: ClassVar[bool]

    def publish(self, parcel: Parcel, entry: Entry) -> Receipt:
        """Put the clip on the channel, or go on where an earlier try stopped: `published`, or `processing` where the platform takes
        its time. Raises Transient where the same call may go on later, Unknown where nobody can tell what became of what was sent,
        UserError, NotReady and Blocked where it did not go out."""
        ...

    def check(self, channel: Channel) -> list[Finding]:
        """What would stop a post of this channel now: token, rights, quota, settings. Asks the platform; sends nothing out."""
        ...


class NoOptions(Options):
    """Of publishers that a channel can't set."""


class Unknown(Blocked):
    """Something was sent and nobody can tell whether it is posted. Never tried again by itself: a person looks, and says so with
    `crossreel ledger mark`."""


def must_be_publishable(clip: Clip) -> None:
    """Raises Blocked with the messages of the findings that stop a clip."""
    if clip.blocked:
        messages = tuple(f.message for f in clip.blocked)
        raise Blocked(f"{clip.sku} in {clip.language} is not published: " + " ".join(messages), findings=messages)
