"""Product videos at paths and addresses."""

from __future__ import annotations

from pathlib import Path

import films
import numpy as np
import pytest

from localize.errors import UserError
from localize.products.footage import obtain
from localize.products.sources.fetch import Fetching

LIMITS = Fetching(allow_private=True)


def test_a_video_at_an_address_is_fetched_even_where_it_is_larger_than_pictures_may_be(server: str, shop: Path, tmp_path: Path) -> None:
    noise = [np.random.default_rng(k).integers(0, 255, (240, 320, 3), np.uint8) for k in range(25)]
    film = films.film(shop / "mug.mp4", noise * 2, quality=1)
    assert film.stat().st_size > 1_000_000
    got = obtain(f"{server}/mug.mp4", tmp_path / "kept", LIMITS.model_copy(update={"max_mb": 1}))
    assert got.read_bytes() == film.read_bytes()
    assert got.name == "mug.mp4"


def test_the_key_that_says_how_large_a_video_may_be_is_named(server: str, shop: Path, tmp_path: Path) -> None:
    film = films.film(shop / "mug.mp4", [np.zeros((240, 320, 3), np.uint8)] * 3)
    with film.open("ab") as file:
        file.write((1_500_000).to_bytes(4, "big") + b"free" + bytes(1_499_992))
    with pytest.raises(UserError, match=r"larger than 1 MB: save it smaller, or raise `catalog_mb` under `fetch:` in the campaign"):
        obtain(f"{server}/mug.mp4", tmp_path / "kept", LIMITS.model_copy(update={"catalog_mb": 1}))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("page.mp4", b"<!DOCTYPE html><title>Watch</title>", "web page"),
        ("text.mp4", b"no video", "can't be read as a video"),
        ("list.mp4", b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n", "can't be read as a video"),
    ],
)
def test_what_is_no_video_is_not_kept(server: str, shop: Path, tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (shop / name).write_bytes(content)
    with pytest.raises(UserError, match=says) as error:
        obtain(f"{server}/{name}", tmp_path / "kept", LIMITS)
    assert str(tmp_path) not in str(error.value)
    assert not list((tmp_path / "kept").rglob("*.mp4"))


def test_paths(shop: Path, tmp_path: Path) -> None:
    film = films.film(shop / "mug.mp4", [np.full((240, 320, 3), 90, np.uint8)] * 5)
    assert obtain(str(film), tmp_path, LIMITS) == film
    for reference in ("mug.mp4", "ftp://shop.example/mug.mp4", "data:video/mp4;base64,AAAA"):
        with pytest.raises(UserError, match="neither a video beside the catalog nor"):
            obtain(reference, tmp_path, LIMITS)
    with pytest.raises(UserError, match="no such file"):
        obtain(str(shop / "no.mp4"), tmp_path, LIMITS)
