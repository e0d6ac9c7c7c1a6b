"""A clip's patches in one file: back as they were, a frame at a time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import films
import numpy as np
import pytest

from localize.errors import UserError
from localize.lipsync import Patch
from localize.lipsync.patches import read, write


def patch(number: int, size: int = 96) -> Patch:
    noise = np.random.default_rng(number).integers(0, 256, (size, size, 3), np.uint8)
    return Patch(noise, (number, 2 * number, number + 300, 2 * number + 1000))


def same(one: Sequence[Patch | None], other: Sequence[Patch | None]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(a is b or (a and b and a.box == b.box and np.array_equal(a.face, b.face)) for a, b in pairs)


@pytest.mark.parametrize(
    "film",
    [
        [patch(0), patch(1), patch(2)],
        [None, None, patch(3), None, patch(4), None],
        [None, None, None],
        [patch(k, 256) for k in (300, 65, 2000)],
    ],
)
def test_patches_come_back_as_they_were(tmp_path: Path, film: list[Patch | None]) -> None:
    path = tmp_path / "patches.mkv"
    assert write(path, iter(film)) == len(film)
    assert same(list(read(path)), film)


def test_a_title_in_any_encoding_is_no_hindrance(tmp_path: Path) -> None:
    write(tmp_path / "a.mkv", [patch(0), patch(1)])
    assert same(list(read(films.titled(tmp_path / "a.mkv", tmp_path / "b.mkv"))), [patch(0), patch(1)])


def test_the_same_patches_give_the_same_file(tmp_path: Path) -> None:
    for name in ("one.mkv", "other.mkv"):
        write(tmp_path / name, [None, patch(1), patch(2)])
    assert (tmp_path / "one.mkv").read_bytes() == (tmp_path / "other.mkv").read_bytes()


def test_a_patch_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not fit among patches of 96x96"):
        write(tmp_path / "patches.mkv", [patch(1), patch(2, 64)])
    with pytest.raises(ValueError, match="without frames"):
        write(tmp_path / "patches.mkv", [])


def test_what_is_no_such_file_or_a_damaged_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "patches.mkv"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(UserError, match=r"patches\.mkv can't be read"):
        list(read(path))
    write(path, [patch(1), patch(2)])
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(UserError, match=r"patches\.mkv can't be read"):
        list(read(path))


@pytest.mark.heavy
def test_a_long_clip_takes_no_more_memory(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        def made() -> Iterator[Patch | None]:
            yield from (None if k % 5 == 0 else patch(k % 7) for k in range(count))

        tracemalloc.start()
        write(tmp_path / "patches.mkv", made())
        assert sum(1 for _ in read(tmp_path / "patches.mkv")) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(20)  # what is loaded once
    assert peak(600) < peak(60) + 200_000
