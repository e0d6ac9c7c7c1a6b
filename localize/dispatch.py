"""What goes out of a studio: clips signed, put into parcels and sent, and those of earlier runs that wait or were begun."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol, cast

from localize import campaign as campaigns
from localize import disclosure as disclosures
from localize import engines
from localize.campaign import Campaign
from localize.disclosure import manifest
from localize.domain import Channel, Clip, Disclosure, Line, Post, Receipt
from localize.errors import NotReady, Transient, UserError
from localize.publish import Parcel, Publisher
from localize.publish.ledger import Ledger, Row, chosen
from localize.publish.outbox import Outbox
from localize.publish.parcels import Parcels
from localize.store import LocalStore, key

OPEN = ("planned", "uploading", "processing")


class Maker(Protocol):
    """Who makes what is sent: a studio, of clips or of dubs."""

    campaign: Campaign
    store: LocalStore

    def permit(self, lines: Sequence[Line], language: str, channel: Channel) -> None:
        """Raise Blocked unless the consents to the voices and faces cover a channel: all of them where there are no `lines`."""
        ...

    def disclosure(self, sku: str, language: str, clip_key: str) -> Disclosure:
        """What is said of a clip being made by AI."""
        ...


class Dispatch:
    """Sends a studio's clips. Safe to use from several threads."""

    def __init__(self, studio: Maker) -> None:
        self.studio, self.campaign, self.store = studio, studio.campaign, studio.store

    @cached_property
    def outbox(self) -> Outbox:
        """What sends the campaign's clips, known to the ledger by the machine and the process."""
        worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        return Outbox(Ledger.open(chosen(campaigns.home(), self.campaign.ledger)), Parcels(self.store), worker)

    def publisher(self, channel: Channel) -> Publisher:
        c = self.campaign
        return cast(
            Publisher,
            engines.get("publish", channel.kind, allow_noncommercial=c.allow_noncommercial, settings=c.engines.options),
        )

    def send(self, clip: Clip, channel: Channel, post: Post) -> Receipt:
        """Put a clip, in the picture that the channel takes, on it with a post's text. Raises Blocked when a finding stops it."""
        told = self.studio.disclosure(clip.sku, clip.language, clip.key)
        parcel = Parcel(self.campaign.name, self.sealed(clip), post, channel, told, Path(self.campaign.out))
        return self.outbox.send(parcel, self.publisher(channel), signed=bool(self.campaign.signing))

    def waiting(self) -> list[Row]:
        """The campaign's posts that are to go out or were begun, on channels that it still has, the oldest first. What waits for a
        person's hand is not among them."""
        names = {channel.name for channel in self.campaign.channels if not self.publisher(channel).card.by_hand}
        rows = self.outbox.ledger.rows(campaign=self.campaign.name, state=OPEN)
        return sorted((row for row in rows if row.channel in names), key=lambda row: row.id)

    def resend(self, row: Row) -> Receipt:
        """Send what an earlier run has put into a parcel, by its channel as the campaign has it now. Raises as `send`, NotReady where
        the store has it no more."""
        channel = next((c for c in self.campaign.channels if c.name == row.channel), None)
        if channel is None:
            raise UserError(f"{row.name}: the campaign has no channel {row.channel!r} any more: name it so again, or mark the post.")
        self.studio.permit((), row.language, channel)
        parcel = self.outbox.parcels.find(row.parcel, Path(self.campaign.out), channel)
        if parcel is None:
            raise NotReady(f"{row.name} on {row.channel}: its clip is not in the store any more.", how="`crossreel run` makes it again.")
        return self.outbox.send(parcel, self.publisher(channel), signed=bool(self.campaign.signing))

    def sealed(self, clip: Clip) -> Clip:
        """The clip as it goes out: its file signed, where the campaign has a certificate. A clip is signed once, so that an upload that
        is gone on with is one of the same bytes. Raises as `disclosure.seal`."""
        signer = self.campaign.signing
        if not signer:
            return clip
        told = self.studio.disclosure(clip.sku, clip.language, clip.key)
        made = self.store.make(self.seal(clip), lambda folder: disclosures.seal(Path(clip.video), told, signer, folder / "clip.mp4"))
        return clip.model_copy(update={"video": str(made.folder / "clip.mp4")})

    def seal(self, clip: Clip) -> str:
        """The key of a clip's signed file."""
        signer, told = self.campaign.signing, self.studio.disclosure(clip.sku, clip.language, clip.key)
        signed_by = signer.fingerprint(), signer.algorithm, signer.authority, manifest.version()
        return key("sealed", disclosures.VERSION, clip.key, told, *signed_by)


def at_hand(clip: Clip, store: LocalStore) -> Clip:
    """A clip that another machine may have made, with its files where this one has them. Raises Transient while the store has not."""
    if Path(clip.video).is_file():
        return clip
    folder = store.find(clip.key)
    if folder is None:
        raise Transient(f"the store does not have the clip {clip.key}.")
    files = {name: str(folder / Path(getattr(clip, name)).name) for name in ("video", "cover", "captions", "sidecar")}
    return clip.model_copy(update={**files, "others": tuple(at_hand(other, store) for other in clip.others)})
