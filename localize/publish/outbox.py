"""The outbox: each clip on each channel once, labelled, or not at all.

What holds for every publisher is here: what may not go out, when it goes, who sends it, and what the ledger says afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from localize import disclosure
from localize.domain import Receipt
from localize.errors import CrossreelError, Transient, UserError
from localize.publish import Parcel, Publisher, Unknown, must_be_publishable
from localize.publish.hours import midnight, opening
from localize.publish.ledger import REPLACED, UNDER_WAY, Ledger, Row
from localize.publish.parcels import Parcels


class Outbox:
    """Sends what may be sent. `worker` is the name that the ledger knows this process by; after `lease` seconds without a word of it,
    others take over what it was at. `parcels` has what earlier runs began. `clock` gives the time, with its zone."""

    def __init__(
        self, ledger: Ledger, parcels: Parcels, worker: str, lease: float = 120.0,
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:  # fmt: skip
        self.ledger, self.parcels, self.worker, self.lease, self.clock = ledger, parcels, worker, lease, clock

    def send(self, parcel: Parcel, publisher: Publisher, *, signed: bool = False) -> Receipt:
        """Post a clip, or go on with what an earlier try began, or say why it is not its turn.

        Raises Blocked for a clip with a blocking finding or without its label, and what the publisher raises; what was noted by then
        is kept, so that the next try goes on from there.
        """
        must_be_publishable(parcel.clip)
        disclosure.require(Path(parcel.clip.video), parcel.disclosure, signed)
        if not publisher.repeatable and (told := self._earlier(parcel, publisher)):
            return told
        row = self.ledger.plan(parcel, self.parcels.keep(parcel))
        self.ledger.replace_waiting(row)
        return self._post(parcel, publisher, row)

    def _post(self, parcel: Parcel, publisher: Publisher, row: Row) -> Receipt:
        """Claim a post, have it published, and write down what became of it."""
        if row.state == "held" or (row.state == "published" and not publisher.repeatable):
            return _told(parcel, row)
        channel, now = parcel.channel, self.clock()
        if (at := opening(channel, now)) and row.state not in UNDER_WAY:
            return parcel.receipt("planned", reason=f"waits for {at:%H:%M} on {at:%Y-%m-%d} ({at.tzname()})")
        claim = self.ledger.claim(
            row.id, worker=self.worker, lease=self.lease, daily=channel.daily, since=midnight(channel, now).timestamp(),
            again=publisher.repeatable, first=channel.again == "never" and not publisher.repeatable,
        )  # fmt: skip
        if claim is None:
            return self._not_its_turn(parcel, row)
        with claim as entry:
            try:
                receipt = publisher.publish(parcel, entry)
            except Transient as e:
                entry.release(str(e))
                raise
            except Unknown as e:
                return _told(parcel, entry.hold(f"{e} {self._way(row)}"))
            except CrossreelError as e:
                # What was sent and not answered may be out: the next try asks, though this one can't.
                entry.release(str(e)) if entry.sent else entry.fail(str(e))
                raise
            entry.finish(receipt)
            return receipt

    def _earlier(self, parcel: Parcel, publisher: Publisher) -> Receipt | None:
        """What becomes of a clip whose product has another one there, or on its way: that one is finished first. None where there is
        none, or it has made way."""
        clip, channel = parcel.clip, parcel.channel
        row = self.ledger.earlier(channel.place, clip.sku, clip.language, clip.key)
        if row and row.state in UNDER_WAY:
            if publisher.card.by_hand:  # nobody has posted it yet, as far as anyone has said
                with suppress(UserError):
                    self.ledger.mark(row.id, "failed", reason=REPLACED, by="crossreel")
                return None
            begun = self.parcels.find(row.parcel, parcel.out, channel)
            if begun is None:
                return self._gone(parcel, row)
            try:
                receipt = self._post(begun, publisher, row)
            except Transient:
                raise
            except CrossreelError:
                if (row := self.ledger.row(row.id)).state != "failed":
                    raise
                return None  # it did not go out, so this one may
            if receipt.state != "published":
                return receipt
            row = self.ledger.row(row.id)
        if row is None or (row.state == "published" and channel.again == "changed"):
            return None
        told = _told(parcel, row)
        why = f"an earlier clip of {clip.sku} is there already; `again: changed` on the channel would post the new one too"
        return told.model_copy(update={"reason": why}) if row.state == "published" else told

    def _gone(self, parcel: Parcel, row: Row) -> Receipt:
        """Hold a post that was begun with a clip which the store has no more: nobody can go on with it."""
        claim = self.ledger.claim(row.id, worker=self.worker, lease=self.lease)
        if claim is None:
            return self._not_its_turn(parcel, row)
        with claim as entry:
            why = f"{row.name} on {row.channel} was begun with an earlier clip, which is not in the store any more."
            return _told(parcel, entry.hold(f"{why} {self._way(row)}"))

    def _way(self, row: Row) -> str:
        marked = f"crossreel ledger mark {row.id} published{self.ledger.option()}"
        return f"Look there, then say `{marked}`, or `planned` in place of `published` to have it posted again."

    def _not_its_turn(self, parcel: Parcel, row: Row) -> Receipt:
        """Why a post could not be claimed, as the ledger is now."""
        row = self.ledger.row(row.id)
        if row.state in ("published", "held"):
            return _told(parcel, row)
        if row.state in UNDER_WAY:
            return parcel.receipt("processing", reason="another worker is sending it")
        other = self.ledger.earlier(row.place, row.sku, row.language, row.clip_key)
        if other and parcel.channel.again == "never":
            return _told(parcel, other)
        if not parcel.channel.daily:
            return parcel.receipt("planned", reason="another worker has just let go of it; the next run sends it")
        return parcel.receipt("planned", reason=f"{parcel.channel.daily} posts a day are out: waits for tomorrow")


def _told(parcel: Parcel, row: Row) -> Receipt:
    """What the ledger knows of a post, as a receipt."""
    state = "processing" if row.state in UNDER_WAY else row.state
    return parcel.receipt(state, where=row.where, reason=row.reason, post_id=row.post_id)
