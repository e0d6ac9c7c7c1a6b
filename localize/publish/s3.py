"""The bucket channel: a clip, its cover, captions and sidecar as objects of S3, or of a store that speaks as S3 does.

Whose the video is, the rest is: the video is written first, under a condition that only one worker can meet, and the sidecar last, so
that with it in place everything beside it is of the same clip.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from localize.domain import Channel, Finding, Receipt
from localize.engines import Card, Options
from localize.errors import CrossreelError, Transient, UserError
from localize.publish import Entry, Parcel, bucket, hours, must_be_publishable
from localize.publish.bucket import Bucket, BucketOptions, Held, Item

KINDS = {
    ".mp4": "video/mp4", ".jpg": "image/jpeg", ".srt": "application/x-subrip; charset=utf-8", ".vtt": "text/vtt; charset=utf-8",
    ".ass": "text/x-ssa; charset=utf-8", ".json": "application/json",
}  # fmt: skip


class S3Publisher:
    card: ClassVar[Card] = Card(
        name="s3", stage="publish", about="a bucket: S3, Alibaba OSS, MinIO, R2", version="1", licence="Apache-2.0", quality=5
    )
    ChannelOptions: ClassVar[type[Options]] = BucketOptions
    repeatable: ClassVar[bool] = True

    def missing(self) -> str:
        return "" if find_spec("boto3") else "boto3 is missing: pip install 'crossreel[aws]'"

    def fingerprint(self) -> str:
        return f"s3-{self.card.version}"

    def publish(self, parcel: Parcel, entry: Entry) -> Receipt:
        """Put the clip's files into the bucket; what is there already stays. An older clip of the key is replaced.

        Raises Transient where another worker put another clip there meanwhile: its clip is kept.
        """
        must_be_publishable(parcel.clip)
        there = bucket.of(parcel.channel)
        _must_fit(parcel, there.options)
        stem = _key(parcel, there.options, entry).removesuffix(".mp4")
        video, *beside = _items(parcel, stem)
        held = there.head(video.key)
        if held is None or held.clip != parcel.clip.key:
            _put(there, parcel, video, held, entry)
        else:
            there.abort(entry)  # what a try that crashed had begun, though by now the video is there
        self._put_beside(there, parcel, video, beside, entry)
        return parcel.receipt("published", where=there.address(video.key), post_id=video.key)

    def _put_beside(self, there: Bucket, parcel: Parcel, video: Item, beside: list[Item], entry: Entry) -> None:
        """What lies beside the video, of which this worker or one with the same clip is the owner. The sidecar is the last of them."""
        sidecar = beside[-1]
        # Looked at in the reverse order of writing, so that a sidecar found is a sidecar whose files are found too.
        found = {item.key: there.head(item.key) for item in reversed(beside)}
        due = [item for item in beside if not item.is_there(found[item.key])]
        if not due:
            return
        # Looked at after the others: who takes the video over from here on changes them later, and the conditions then don't hold.
        now = there.head(video.key)
        if now is None or now.clip != parcel.clip.key:
            raise _lost(there, parcel, video)
        if due != [sidecar] and found[sidecar.key]:
            there.delete(sidecar.key)  # it would tell of files that are being replaced
            found[sidecar.key] = None
            due = [*(item for item in due if item is not sidecar), sidecar]
        for item in due:
            _put(there, parcel, item, found[item.key], entry)

    def check(self, channel: Channel) -> list[Finding]:
        """Write, look at and delete a small object beside where the clips go, and see that it can't be written over unseen."""
        try:
            there = bucket.of(channel)
            probe = f"{_folder(there.options.key)}.crossreel-{uuid.uuid4().hex}"
            return [_finding(channel, "warn", reason) for reason in there.tried(probe)]
        except CrossreelError as e:
            return [_finding(channel, "block", str(e))]


def link(channel: Channel, key: str, days: float | None = None) -> str:
    """A web address of an object (a receipt's `post_id`) that anyone can open for `days`, the channel's `link_days` if not given, at
    most 7. It is a secret for as long: it belongs on a page for the seller's own eyes, not into a ledger, a sidecar or a log."""
    there = bucket.of(channel)
    return there.link(key, min(days or there.options.link_days, 7.0))


def _key(parcel: Parcel, options: BucketOptions, entry: Entry) -> str:
    """The video's key. Its date is the day of the first try: a retry after midnight must find what is there."""
    values = {
        "campaign": parcel.campaign, "channel": parcel.channel.name, "market": parcel.channel.market, "language": parcel.clip.language,
        "sku": parcel.clip.sku, "clip": parcel.clip.key.rpartition("/")[2], "date": "",
    }  # fmt: skip
    if "{date}" in options.key:
        values["date"] = entry.kept.get("date") or f"{hours.today(parcel.channel):%Y-%m-%d}"
        if "date" not in entry.kept:
            entry.note(date=values["date"])
    try:
        return bucket.shown(options.key, values)
    except ValueError as e:
        raise UserError(f"{parcel.name} on channel {parcel.channel.name}: {e}. Change the channel's `key`, or what fills it.") from None


def _items(parcel: Parcel, stem: str) -> list[Item]:
    """The clip's objects in the order of writing: the video first, the sidecar last."""
    made = parcel.sidecar()
    made["channel"].pop("options")  # where the seller's buckets are and how they are kept is nobody's business
    files: dict[str, Path | bytes] = {**parcel.files(), ".json": json.dumps(made, ensure_ascii=False, indent=1).encode()}
    return [Item(stem + suffix, KINDS[suffix], parcel.clip.key, _sha256(content), content) for suffix, content in files.items()]


def _must_fit(parcel: Parcel, options: BucketOptions) -> None:
    size = Path(parcel.clip.video).stat().st_size
    if size > options.max_size:
        raise UserError(
            f"{parcel.name} on channel {parcel.channel.name}: the video has {size:,} bytes, and the channel takes {options.max_size:,}. "
            "Raise `max_size` of the channel, or make the clip shorter."
        )


def _put(there: Bucket, parcel: Parcel, item: Item, instead: Held | None, entry: Entry) -> None:
    """Write an object where there is `instead`. Whoever is refused looks who was first: with the same clip, all is well."""
    if there.put(item, instead, entry):
        return
    now = there.head(item.key)
    same = now is not None and (now.clip == item.clip if item.key.endswith(".mp4") else item.is_there(now))
    if not same:
        raise _lost(there, parcel, item)


def _lost(there: Bucket, parcel: Parcel, item: Item) -> Transient:
    where = f"s3://{there.options.bucket}/{item.key}"
    return Transient(f"{parcel.name} on channel {parcel.channel.name}: another worker has just put another clip to {where}. It is kept.")


def _folder(template: str) -> str:
    """The folder that all keys of a template begin with, "" for none."""
    folder, slash, _ = template.partition("{")[0].rpartition("/")
    return folder + slash


def _finding(channel: Channel, severity: str, message: str) -> Finding:
    return Finding.model_validate({"check": "channel", "severity": severity, "message": f"channel {channel.name}: {message}"})


def _sha256(content: Path | bytes) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
