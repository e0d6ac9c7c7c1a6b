"""What a bucket is sent when things go wrong: parts after a crash, writes of a race, what a second night sends."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from benchmarks.figures import Figure

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from buckets import MB, Buckets, parcel, race, serving
from platforms import Page

from localize.domain import Channel
from localize.publish.s3 import S3Publisher

PART = 5 * MB
KEYS = {
    "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
}  # fmt: skip


def figures(*, quick: bool = False) -> list[Figure]:
    """The figures, from moto's S3 on a port of this machine; `quick` has fewer parts, races and processes."""
    with patch.dict(os.environ, KEYS), serving() as buckets, TemporaryDirectory() as folder:
        buckets.owner.create_bucket(Bucket="clips")
        channel = Channel(name="shop", kind="s3", options={"bucket": "clips", "endpoint": buckets.address, "part_size": PART})
        tmp = Path(folder)
        return [
            *_killed(buckets, channel, tmp, parts=3 if quick else 8),
            _raced(buckets, channel, tmp, workers=4 if quick else 8, races=1 if quick else 5),
            *_contended(buckets, channel, tmp, workers=4 if quick else 8, races=1 if quick else 5),
            _again(buckets, channel, tmp),
        ]


class _Killed(Exception):
    pass


class _Mortal(Page):
    """Its worker dies at the nth note, before that is on disk."""

    left = 0

    def note(self, *, publish_id: str | None = None, **kept: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise _Killed
        super().note(publish_id=publish_id, **kept)


def _killed(buckets: Buckets, channel: Channel, tmp: Path, parts: int) -> list[Figure]:
    """Kill the worker after each part, then let another go on."""
    twice = whole = 0
    for n in range(parts):
        made, page = parcel(tmp / f"killed{n}", channel, sku=f"KILLED-{n}", size=(parts - 1) * PART + 1000), _Mortal()
        page.left = n + 2  # the first note is the upload's
        buckets.asked.clear()
        try:
            S3Publisher().publish(made, page)
        except _Killed:
            S3Publisher().publish(made, page)
        sent = Counter(asked.query["partNumber"] for asked in buckets.of("UploadPart"))
        twice += sent.total() - parts
        there = buckets.owner.get_object(Bucket="clips", Key=f"corner-shop/th/KILLED-{n}.mp4")["Body"].read()
        whole += there == Path(made.clip.video).read_bytes()
    return [
        Figure(f"killed after each of {parts} parts: parts sent twice", str(twice), "0", twice == 0),
        Figure("the same: whole in the end", f"{whole} of {parts}", "all", whole == parts),
    ]


def _raced(buckets: Buckets, channel: Channel, tmp: Path, workers: int, races: int) -> Figure:
    buckets.written.clear()
    ended = []
    for n in range(races):
        made = parcel(tmp / f"raced{n}", channel, sku=f"RACED-{n}")
        ended += race([made] * workers)
    writes = [buckets.written.count(f"corner-shop/th/RACED-{n}.mp4") for n in range(races)]
    good = set(writes) == {1} and set(ended) == {"published"}
    return Figure(
        f"{workers} processes with one clip, {races} races: writes of it",
        f"{max(writes)} each, {ended.count('published')} published",
        "1 each, all published",
        good,
    )


def _contended(buckets: Buckets, channel: Channel, tmp: Path, workers: int, races: int) -> list[Figure]:
    """Two clips of one product, sent by half of the processes each, then the newer once more as its next try does."""
    mixed = odd = 0
    for n in range(races):
        made = [parcel(tmp / f"contended{n}-{i}", channel, sku=f"BOTH-{n}", key=f"clip/{i % 2}") for i in range(workers)]
        odd += sum(not e.startswith(("published", "Transient")) for e in race(made))
        S3Publisher().publish(made[-1], Page())
        listed = buckets.owner.list_objects_v2(Bucket="clips", Prefix=f"corner-shop/th/BOTH-{n}.")["Contents"]
        mixed += len({buckets.owner.head_object(Bucket="clips", Key=o["Key"])["Metadata"]["clip"] for o in listed}) > 1
    return [
        Figure(f"{workers} processes with two clips, {races} races: mixed in the end", str(mixed), "0", mixed == 0),
        Figure("the same: ended neither published nor to be tried again", str(odd), "0", odd == 0),
    ]


def _again(buckets: Buckets, channel: Channel, tmp: Path) -> Figure:
    made = parcel(tmp / "again", channel, sku="AGAIN")
    S3Publisher().publish(made, Page())
    buckets.asked.clear()
    S3Publisher().publish(made, Page())
    bytes_sent = sum(asked.size for asked in buckets.asked)
    return Figure("a clip that is there already: bytes sent, requests", f"{bytes_sent}, {len(buckets.asked)}", "0 bytes", bytes_sent == 0)
