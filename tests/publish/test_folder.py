"""The folder channel: every file in place and whole, and publishing twice is publishing once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from parcels import TOLD, clip_of
from platforms import Page

from localize.domain import Channel, Clip, Finding, Post, Receipt
from localize.errors import Blocked
from localize.publish import Parcel
from localize.publish.folder import FolderPublisher

CHANNEL = Channel(name="tiktok", platform="tiktok")
POST = Post(title="แก้วดินเผา", body="จุได้ 350 มล.", hashtags=("#kitchen",))
FOLDER = FolderPublisher()


def put(made: Clip, post: Post, channel: Channel, out: Path) -> Receipt:
    return FOLDER.publish(Parcel("corner-shop", made, post, channel, TOLD, out), Page())


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


FOUR = [f"MUG-01.th.{suffix}" for suffix in ("jpg", "json", "mp4", "srt")]


def test_a_clip_lies_in_the_channels_folder(tmp_path: Path) -> None:
    warned = Finding(check="duration", severity="warn", message="A little long.")
    receipt = put(clip_of(tmp_path / "store", findings=(warned,)), POST, CHANNEL, tmp_path / "out")
    there = tmp_path / "out" / "tiktok"
    assert names(there) == FOUR
    assert (receipt.channel, receipt.clip_key, receipt.state, receipt.where) == (
        "tiktok", "clip/one", "published", str(there / "MUG-01.th.mp4"),
    )  # fmt: skip
    assert (there / "MUG-01.th.mp4").read_text() == "clip.mp4 of clip/one"
    assert (there / "MUG-01.th.jpg").read_text() == "cover.jpg of clip/one"
    assert (there / "MUG-01.th.srt").read_text() == "captions.srt of clip/one"
    made = json.loads((there / "MUG-01.th.json").read_text(encoding="utf-8"))
    assert (made["key"], made["sku"], made["channel"]["name"], made["post"]["title"]) == ("clip/one", "MUG-01", "tiktok", "แก้วดินเผา")
    assert [f["message"] for f in made["findings"]] == ["A little long."]


def test_captions_come_in_every_form_there_is(tmp_path: Path) -> None:
    made = clip_of(tmp_path / "store")
    for suffix in (".vtt", ".ass"):
        Path(made.captions).with_suffix(suffix).write_text(f"captions{suffix}")
    put(made, POST, CHANNEL, tmp_path / "out")
    there = tmp_path / "out" / "tiktok"
    assert names(there) == sorted([*FOUR, "MUG-01.th.ass", "MUG-01.th.vtt"])
    assert (there / "MUG-01.th.ass").read_text() == "captions.ass"


def test_publishing_twice_is_publishing_once(tmp_path: Path) -> None:
    made, out = clip_of(tmp_path / "store"), tmp_path / "out"
    first = put(made, POST, CHANNEL, out)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in (out / "tiktok").iterdir()}
    assert put(made, POST, CHANNEL, out) == first
    assert {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in (out / "tiktok").iterdir()} == before


@pytest.mark.parametrize("change", [{"account": "corner.th"}, {"market": "TH"}, {"languages": ("th", "vi")}])
def test_a_changed_channel_is_told_in_the_sidecar_only(tmp_path: Path, change: dict[str, Any]) -> None:
    made, out, there = clip_of(tmp_path / "store"), tmp_path / "out", tmp_path / "out" / "tiktok"
    put(made, POST, CHANNEL, out)
    before = (there / "MUG-01.th.mp4").stat().st_ino
    changed = CHANNEL.model_copy(update=change)
    put(made, POST, changed, out)
    sidecar = there / "MUG-01.th.json"
    assert json.loads(sidecar.read_text(encoding="utf-8"))["channel"] == changed.model_dump(mode="json")
    assert (there / "MUG-01.th.mp4").stat().st_ino == before
    written = sidecar.stat().st_ino
    put(made, POST, changed, out)
    assert sidecar.stat().st_ino == written
    assert names(there) == FOUR


def test_a_new_clip_of_the_product_takes_the_old_ones_place(tmp_path: Path) -> None:
    out = tmp_path / "out"
    put(clip_of(tmp_path / "old"), POST, CHANNEL, out)
    put(clip_of(tmp_path / "new", key="clip/two"), POST, CHANNEL, out)
    assert names(out / "tiktok") == FOUR
    assert (out / "tiktok" / "MUG-01.th.srt").read_text() == "captions.srt of clip/two"
    # The store's own copy of the first is as it was.
    assert (tmp_path / "old" / "clip.mp4").read_text() == "clip.mp4 of clip/one"


@pytest.mark.parametrize("rest", ['{"key": "clip/o', "", "[]", "null", '{"key": "clip/other"}', "\xff"])
def test_a_sidecar_cut_off_or_foreign_is_written_again(tmp_path: Path, rest: str) -> None:
    made, out = clip_of(tmp_path / "store"), tmp_path / "out"
    put(made, POST, CHANNEL, out)
    sidecar = out / "tiktok" / "MUG-01.th.json"
    sidecar.write_bytes(rest.encode("latin-1"))
    put(made, POST, CHANNEL, out)
    assert json.loads(sidecar.read_text(encoding="utf-8"))["key"] == "clip/one"
    assert names(out / "tiktok") == FOUR  # no part is left, though the files were links to the same clip already


@pytest.mark.parametrize("suffix", ["jpg", "json", "mp4", "srt"])
def test_a_file_that_was_deleted_comes_back(tmp_path: Path, suffix: str) -> None:
    made, out = clip_of(tmp_path / "store"), tmp_path / "out"
    put(made, POST, CHANNEL, out)
    (out / "tiktok" / f"MUG-01.th.{suffix}").unlink()
    put(made, POST, CHANNEL, out)
    assert names(out / "tiktok") == FOUR


def test_a_blocked_clip_does_not_go_out(tmp_path: Path) -> None:
    block = Finding(check="label", severity="block", message="The AI label can't be read.")
    with pytest.raises(Blocked, match="MUG-01 in th is not published: The AI label") as e:
        put(clip_of(tmp_path / "store", findings=(block,)), POST, CHANNEL, tmp_path / "out")
    assert e.value.findings == ("The AI label can't be read.",)
    assert not (tmp_path / "out").exists()


def test_who_edits_a_published_clip_does_not_edit_the_stores(tmp_path: Path) -> None:
    made, out = clip_of(tmp_path / "store"), tmp_path / "out"
    before = Path(made.video).read_bytes()
    put(made, POST, CHANNEL, out)
    with (out / "tiktok" / "MUG-01.th.mp4").open("r+b") as f:
        f.write(b"edited")
    assert Path(made.video).read_bytes() == before


def test_a_copy_that_fails_leaves_no_part(tmp_path: Path) -> None:
    made, out = clip_of(tmp_path / "store"), tmp_path / "out"
    Path(made.captions).unlink()
    with pytest.raises(FileNotFoundError):
        put(made, POST, CHANNEL, out)
    assert names(out / "tiktok") == ["MUG-01.th.jpg", "MUG-01.th.mp4"]  # and no sidecar: it does not count as published
    put(clip_of(tmp_path / "store"), POST, CHANNEL, out)
    assert names(out / "tiktok") == FOUR
