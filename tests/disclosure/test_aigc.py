"""The AIGC label of a file: written in one form, read in both, and refused where GB 45438 does."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tellers import TOLD, encoded

from localize import disclosure
from localize.disclosure import aigc
from localize.errors import Blocked
from localize.media import mp4, probing
from localize.media.command import ffmpeg_exe

WANTED = {
    "Label": "1", "ContentProducer": "Corner", "ProduceID": TOLD.produce_id, "ReservedCode1": "",
    "ContentPropagator": "Corner", "PropagateID": TOLD.produce_id, "ReservedCode2": "",
}  # fmt: skip


def with_tags(video: Path, out: Path, *tags: str) -> Path:
    """The same streams with other metadata, by a plain call of ffmpeg; without any, as whoever copies a file makes it."""
    options = [word for tag in tags for word in ("-metadata", tag)]
    movflags = ["-movflags", "use_metadata_tags", "-map_metadata", "-1"] if tags else []
    command = [ffmpeg_exe(), "-v", "error", "-y", "-i", str(video), "-c", "copy", *movflags, *options, str(out)]
    subprocess.run(command, check=True)
    return out


def test_two_readers_find_the_same_label_and_only_one(labelled: Path) -> None:
    (own,) = aigc.found(labelled)
    ffmpegs = {name: value for name, value in probing.probe(labelled).tags.items() if "aigc" in name.casefold()}
    assert ffmpegs == {"AIGC": own}
    assert json.loads(own) == {"AIGC": WANTED}
    assert aigc.parsed(own) == WANTED
    assert labelled.read_bytes().count(b'"ProduceID"') == 1


def test_a_label_without_the_outer_name_is_read_too(labelled: Path, tmp_path: Path) -> None:
    bare = with_tags(labelled, tmp_path / "bare.mp4", f"AIGC={json.dumps(WANTED)}")
    assert [aigc.parsed(text) for text in aigc.found(bare)] == [WANTED]
    disclosure.require(bare, TOLD)


def test_the_file_that_crossreel_made_goes_out(labelled: Path) -> None:
    disclosure.require(labelled, TOLD)


def test_a_plain_remux_drops_the_label_and_does_not_go_out(labelled: Path, tmp_path: Path) -> None:
    with pytest.raises(Blocked, match="has no AIGC label: a program that copied it into another file") as stopped:
        disclosure.require(with_tags(labelled, tmp_path / "copy.mp4"), TOLD)
    assert len(stopped.value.findings) == 1


def test_crossreels_own_remux_keeps_it(labelled: Path, tmp_path: Path) -> None:
    mp4.remux(labelled, tmp_path / "again.mp4", aigc.tags(TOLD))
    disclosure.require(tmp_path / "again.mp4", TOLD)


def test_a_second_label_in_a_track_is_found(labelled: Path, tmp_path: Path) -> None:
    """Hidden where ffmpeg does not look: in the user data of the first track."""
    content = labelled.read_bytes()
    udta = content[content.index(b"udta") - 4 :]
    udta = udta[: int.from_bytes(udta[:4], "big")]
    changed, at = bytearray(content), content.index(b"trak") - 4
    size = int.from_bytes(content[at : at + 4], "big")
    changed[at + size : at + size] = udta
    for kind in (b"trak", b"moov"):
        start = changed.index(kind) - 4
        changed[start : start + 4] = (int.from_bytes(changed[start : start + 4], "big") + len(udta)).to_bytes(4, "big")
    (tmp_path / "two.mp4").write_bytes(changed)
    with pytest.raises(Blocked, match="2 AIGC labels, and one is allowed"):
        disclosure.require(tmp_path / "two.mp4", TOLD)


def test_another_clips_label_does_not_go_out(labelled: Path) -> None:
    other = TOLD.model_copy(update={"produce_id": "f" * 32})
    told = f"ProduceID is '{TOLD.produce_id}' in place of '{'f' * 32}'"
    with pytest.raises(Blocked, match=f"label is another clip's: {told}"):
        disclosure.require(labelled, other)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("AI", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no fields"),
        ('{"AIGC":"yes"}', "no fields"),
        (json.dumps(WANTED | {"Label": 1}), "Label is 1 and must be a text"),
        (json.dumps(WANTED | {"Label": "4"}), "must be 1, 2 or 3"),
        (json.dumps(WANTED | {"ContentProducer": ""}), "ContentProducer is empty or missing"),
        (json.dumps(WANTED | {"ContentProducer": "Corner Shop"}), "without space"),
        (json.dumps(WANTED | {"ContentProducer": "角落"}), "ASCII"),
        (json.dumps(WANTED | {"ReservedCode1": 'a"b'}), "quote"),
        (json.dumps(WANTED | {"Owner": "me"}), "the field Owner is none of"),
        ('{"Label":"1","Label":"2"}', "the field Label stands in it twice"),
        ('{"AIGC":{},"AIGC":{}}', "twice"),
    ],
)
def test_a_label_that_the_standard_does_not_allow_is_told(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        aigc.parsed(text)


def test_a_file_with_an_illegal_label_does_not_go_out(tmp_path: Path) -> None:
    told = TOLD.model_copy(update={"producer": "角落 Shop"})
    with pytest.raises(Blocked, match="not what GB 45438 allows: ContentProducer"):
        disclosure.require(encoded(tmp_path / "clip.mp4", aigc.tags(told)), told)


@given(st.text())
def test_of_any_name_what_is_legal_stays(name: str) -> None:
    kept = aigc.legal(name)
    assert all(c == "!" or "#" <= c <= "[" or "]" <= c <= "~" for c in kept)
    producer = kept or "shop"
    ((_, text),) = aigc.tags(TOLD.model_copy(update={"producer": producer})).items()
    assert aigc.parsed(text)["ContentProducer"] == producer


def test_what_is_no_file_or_no_mp4_is_blocked_and_told(tmp_path: Path) -> None:
    with pytest.raises(Blocked, match=r"gone\.mp4 does not go out: it can't be read: No such file"):
        disclosure.require(tmp_path / "gone.mp4", TOLD)
    (tmp_path / "page.mp4").write_text("<html>not found</html>")
    with pytest.raises(Blocked, match="no whole MP4"):
        disclosure.require(tmp_path / "page.mp4", TOLD)
