"""The walker of boxes on whole files, and on those that were cut off or made to mislead it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localize.disclosure.boxes import BoxError, children, walk


def box(kind: str, content: bytes = b"", size: int | None = None) -> bytes:
    return (8 + len(content) if size is None else size).to_bytes(4, "big") + kind.encode("latin-1") + content


def paths(content: bytes) -> list[str]:
    return [found.path for found in walk(io.BytesIO(content))]


def test_a_clip_has_its_index_then_its_frames(labelled: Path) -> None:
    with labelled.open("rb") as file:
        found = {found.path: found for found in walk(file)}
        assert next(iter(found)) == "ftyp"
        assert list(found).index("moov") < list(found).index("mdat")
        assert [inner.kind for inner in children(file, found["moov/udta/meta"])] == ["hdlr", "keys", "ilst"]
        assert found["mdat"].end == labelled.stat().st_size


def test_sizes_of_64_bits_are_read() -> None:
    long = (1).to_bytes(4, "big") + b"mdat" + (16 + 5).to_bytes(8, "big") + b"fives"
    (mdat, moov) = walk(io.BytesIO(long + box("moov")))
    assert (mdat.start, mdat.end, moov.path) == (16, 21, "moov")


def test_the_last_box_may_leave_its_size_open() -> None:
    (_, mdat) = walk(io.BytesIO(box("ftyp", b"isom") + box("mdat", b"the rest", size=0)))
    assert (mdat.kind, mdat.end - mdat.start) == ("mdat", 8)


def test_metadata_of_quicktime_has_no_version_before_its_boxes() -> None:
    inside = box("hdlr", bytes(21)) + box("ilst")
    for meta in (inside, bytes(4) + inside):
        assert paths(box("moov", box("meta", meta)))[1:] == ["moov/meta", "moov/meta/hdlr", "moov/meta/ilst"]
    assert paths(box("moov", box("udta", box("meta", bytes(4) + inside) + bytes(4))))[-1] == "moov/udta/meta/ilst"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (box("moov", size=100), "the box moov at byte 0 says it has 100 bytes, and 8 are there: the file was cut off"),
        (box("moov", box("udta", size=9)), "the box moov/udta at byte 8 says it has 9 bytes, and 8 are there"),
        (box("moov", box("udta", size=0)), "the box moov/udta at byte 8 says it has 0 bytes, less than its own head"),
        (box("free", size=7), "says it has 7 bytes, less than its own head"),
        (box("ftyp") + b"\0\0\0", "in the middle of a box"),
        ((1).to_bytes(4, "big") + b"mdat", "in the middle of the size of the box mdat"),
        ((1).to_bytes(4, "big") + b"mdat" + (15).to_bytes(8, "big"), "says it has 15 bytes, less than its own head"),
        ((1).to_bytes(4, "big") + b"mdat" + b"\xff" * 8, "says it has 18446744073709551615 bytes"),
        (box("trak") * 10_001, "more boxes"),
    ],
)
def test_a_broken_file_is_told_with_the_box_that_broke(content: bytes, told: str) -> None:
    with pytest.raises(BoxError, match=told):
        paths(content)


def test_boxes_nested_without_end_are_refused() -> None:
    nested = b""
    for _ in range(50):
        nested = box("trak", nested)
    with pytest.raises(BoxError, match="deeper"):
        paths(nested)


def test_a_clip_cut_off_anywhere_is_told(labelled: Path) -> None:
    content = labelled.read_bytes()
    for length in range(1, len(content), 97):
        try:
            whole = paths(content[:length])
        except BoxError:
            continue
        assert whole[-1] in ("ftyp", "moov", "free") or whole[-1].startswith("moov/")  # cut between two boxes


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", box("moov"), b"\0\0\0\x01moov", b"\0\0\0\0moov"]))
def test_any_bytes_are_walked_or_refused(content: bytes, before: bytes) -> None:
    try:
        found = list(walk(io.BytesIO(before + content)))
    except BoxError:
        return
    assert all(0 <= b.start <= b.end <= len(before + content) for b in found)
