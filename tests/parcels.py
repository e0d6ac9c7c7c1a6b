"""Parcels to publish: what publishers and the outbox are tested with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from localize.disclosure import aigc
from localize.domain import Channel, Clip, Disclosure, Finding, Post, Script
from localize.planning import Job
from localize.publish import Parcel
from localize.stages import Studio

TOLD = Disclosure(label="สร้างด้วย AI", producer="Corner", produce_id="one")


def labelled(told: Disclosure, content: bytes = b"") -> bytes:
    """The least MP4 that says what is told: no picture, no sound, and `content` where they would be."""
    ((name, value),) = aigc.tags(told).items()
    keys = _box("keys", _number(0, 1), _box("mdta", name.encode()))
    item = _box("\0\0\0\x01", _box("data", _number(1, 0), value.encode()))
    meta = _box("meta", _number(0), _box("hdlr", _number(0, 0), b"mdta", bytes(13)), keys, _box("ilst", item))
    return _box("ftyp", b"isom", _number(512)) + _box("moov", _box("udta", meta)) + _box("mdat", content)


def _box(kind: str, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return _number(8 + len(content)) + kind.encode("latin-1") + content


def _number(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


def stand_in_for(studio: Studio, job: Job, script: Script, name: str, folder: Path, **more: Any) -> None:
    """Write what rendering a clip would into a folder: a film of nothing that is labelled as the clip's, and a sidecar."""
    for file in ("cover.jpg", "captions.srt"):
        (folder / file).write_text(name)
    told = studio.disclosure(job.product.sku, job.language, name)
    (folder / "clip.mp4").write_bytes(labelled(told, name.encode()))
    made = {"product": job.product, "script": script, "disclosure": told}
    made_with = {"voice": {"findings": [], "hosts": []}, "presenters": [], "engines": {}}
    sidecar = {"key": name, "duration": 5.0, **{n: part.model_dump(mode="json") for n, part in made.items()}, **made_with, **more}
    (folder / "clip.json").write_text(json.dumps(sidecar))


def clip_of(store: Path, key: str = "clip/one", sku: str = "MUG-01", language: str = "th", findings: tuple[Finding, ...] = ()) -> Clip:
    """A clip as the store holds it; its bytes are no video."""
    store.mkdir(parents=True, exist_ok=True)
    for name in ("clip.mp4", "cover.jpg", "captions.srt"):
        (store / name).write_text(f"{name} of {key}")
    (store / "clip.json").write_text(json.dumps({"key": key, "sku": sku}))
    return clip_there(store, key, sku, language, findings)


def clip_there(store: Path, key: str = "clip/one", sku: str = "MUG-01", language: str = "th", findings: tuple[Finding, ...] = ()) -> Clip:
    """A clip whose files are in a folder already."""
    return Clip(
        key=key, sku=sku, language=language, duration=12.0, video=str(store / "clip.mp4"), cover=str(store / "cover.jpg"),
        captions=str(store / "captions.srt"), sidecar=str(store / "clip.json"), findings=findings,
    )  # fmt: skip


def parcel_of(
    folder: Path, channel: Channel, *, key: str = "clip/one", sku: str = "MUG-01", title: str = "แก้วดินเผา", out: Path | None = None,
    findings: tuple[Finding, ...] = (),
) -> Parcel:  # fmt: skip
    """A parcel of such a clip for a channel."""
    post = Post(title=title, body="จุได้ 350 มล.\nสร้างด้วย AI", hashtags=("#kitchen",))
    return Parcel("corner-shop", clip_of(folder / "store", key, sku, findings=findings), post, channel, TOLD, out or folder / "out")
