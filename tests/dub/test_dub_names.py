"""A video keeps the name that it was first given, whatever joins the list, and on every machine that sees the file of names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from localize.domain import Money, Product
from localize.dub.names import Names
from localize.dub.sources import listed, of_products
from localize.errors import UserError


def put(*videos: Path) -> None:
    for video in videos:
        video.parent.mkdir(parents=True, exist_ok=True)
        video.write_text(f"the video of {video}")


def named(folder: Path, *arguments: str | Path) -> dict[str, str]:
    """The names of the videos that arguments stand for, by their path in the folder, as a call of its own gives them."""
    wanted, lost = listed([str(one) for one in arguments], names=Names(folder / "dubs.videos.json"))
    assert not lost
    return {one.reference.removeprefix(f"{folder}/"): one.name for one in wanted}


def rows(folder: Path, **footage: tuple[str, ...]) -> list[str]:
    price = Money(amount=1, currency="USD")
    products = [Product(sku=sku, title="Mug", price=price, footage=tuple(videos)) for sku, videos in footage.items()]
    wanted, lost = of_products(products, names=Names(folder / "dubs.videos.json"))
    assert not lost
    return [one.name for one in wanted]


def test_a_video_that_joins_changes_no_others_name(tmp_path: Path) -> None:
    put(tmp_path / "clips" / "talk.mp4")
    pattern = tmp_path / "clips" / "**" / "*.mp4"
    assert named(tmp_path, pattern) == {"clips/talk.mp4": "talk"}
    put(tmp_path / "clips" / "b" / "talk.mp4", tmp_path / "clips" / "a" / "Talk.mov", tmp_path / "clips" / "one.mp4")
    both = {"clips/talk.mp4": "talk", "clips/b/talk.mp4": "b-talk", "clips/one.mp4": "one"}
    assert named(tmp_path, pattern) == both
    (tmp_path / "clips" / "talk.mp4").unlink()
    assert named(tmp_path, pattern) == {"clips/b/talk.mp4": "b-talk", "clips/one.mp4": "one"}
    put(tmp_path / "clips" / "talk.mp4")
    assert named(tmp_path, pattern) == both


def test_two_calls_for_videos_of_one_name_give_them_two(tmp_path: Path) -> None:
    put(tmp_path / "may" / "talk.mp4", tmp_path / "june" / "talk.mp4", tmp_path / "old" / "june" / "talk.mp4")
    assert named(tmp_path, tmp_path / "may" / "talk.mp4") == {"may/talk.mp4": "talk"}
    assert named(tmp_path, tmp_path / "june" / "talk.mp4") == {"june/talk.mp4": "june-talk"}
    (third,) = named(tmp_path, tmp_path / "old" / "june" / "talk.mp4").values()
    assert third.startswith("talk-")
    assert named(tmp_path, tmp_path / "may" / "talk.mp4") == {"may/talk.mp4": "talk"}


def test_a_video_that_was_moved_or_changed_keeps_its_name(tmp_path: Path) -> None:
    put(tmp_path / "may" / "talk.mp4", tmp_path / "june" / "talk.mp4")
    named(tmp_path, tmp_path / "may" / "talk.mp4", tmp_path / "june" / "talk.mp4")
    (tmp_path / "may").rename(tmp_path / "archive")
    assert named(tmp_path, tmp_path / "archive" / "talk.mp4") == {"archive/talk.mp4": "may-talk"}
    (tmp_path / "archive" / "talk.mp4").write_text("cut anew")
    assert named(tmp_path, tmp_path / "archive" / "talk.mp4") == {"archive/talk.mp4": "may-talk"}


def test_a_copy_beside_its_original_is_another_video(tmp_path: Path) -> None:
    put(tmp_path / "a" / "talk.mp4")
    named(tmp_path, tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "talk.mp4").write_bytes((tmp_path / "a" / "talk.mp4").read_bytes())
    assert named(tmp_path, tmp_path / "b", tmp_path / "a") == {"a/talk.mp4": "talk", "b/talk.mp4": "b-talk"}
    (tmp_path / "b" / "talk.mp4").rename(tmp_path / "b" / "twin.mp4")
    assert named(tmp_path, tmp_path / "b") == {"b/twin.mp4": "twin"}


def test_an_address_that_is_signed_anew_is_the_same_video(tmp_path: Path) -> None:
    def name(address: str) -> str:
        (one,) = named(tmp_path, address).values()
        return one

    assert name("https://shop.example/may/talk.mp4?sig=T0KEN-1") == "talk"
    assert name("https://shop.example/may/talk.mp4?sig=T0KEN-2") == "talk"
    assert name("https://anna:pw@SHOP.example/may/talk.mp4?sig=T0KEN-1") == "talk"
    assert name("https://shop.example/june/talk.mp4?sig=a/b") == "june-talk"
    assert (name("https://shop.example/get?id=1"), name("https://shop.example/get?id=2")) == ("get", "shop.example-get")
    assert name("https://shop.example/get?id=1") == "get"
    assert "T0KEN" not in (tmp_path / "dubs.videos.json").read_text(encoding="utf-8")


def test_a_rows_first_video_keeps_its_name_when_it_gets_a_second_or_another(tmp_path: Path) -> None:
    assert rows(tmp_path, MUG=("https://shop.example/a.mp4",)) == ["MUG"]
    assert rows(tmp_path, MUG=("https://shop.example/b.mp4", "https://shop.example/a.mp4")) == ["MUG", "MUG-2"]
    assert rows(tmp_path, LAMP=("https://shop.example/l.mp4",), MUG=("https://shop.example/b.mp4",)) == ["LAMP", "MUG"]


def test_every_machine_that_sees_the_file_gives_the_same_names_and_one_without_it_too_to_newcomers(tmp_path: Path) -> None:
    put(tmp_path / "a" / "talk.mp4", tmp_path / "b" / "talk.mp4")
    there = named(tmp_path, tmp_path / "a", tmp_path / "b")
    kept = (tmp_path / "dubs.videos.json").read_bytes()
    assert named(tmp_path, tmp_path / "b", tmp_path / "a") == there == {"a/talk.mp4": "a-talk", "b/talk.mp4": "b-talk"}
    assert (tmp_path / "dubs.videos.json").read_bytes() == kept
    (tmp_path / "dubs.videos.json").unlink()
    assert named(tmp_path, tmp_path / "b", tmp_path / "a") == there


def test_a_file_of_names_that_is_none_is_told_of(tmp_path: Path) -> None:
    put(tmp_path / "talk.mp4")
    for text in ("[", json.dumps({"talk": 1})):
        (tmp_path / "dubs.videos.json").write_text(text)
        with pytest.raises(UserError, match=r"dubs\.videos\.json can't be read as the names of videos.* put back a copy, or remove it"):
            named(tmp_path, tmp_path / "talk.mp4")


def test_where_names_cannot_be_kept_that_is_told_and_stops_nothing(tmp_path: Path) -> None:
    put(tmp_path / "talk.mp4")
    names = Names(tmp_path / "talk.mp4" / "dubs.videos.json")  # below a file, as a folder that can't be written to is for others than root
    ((one,), lost) = listed([str(tmp_path / "talk.mp4")], names=names)
    assert (one.name, lost) == ("talk", [])
    assert f"{names.file} can't be written" in names.trouble
    assert not [file for file in os.listdir(tmp_path) if file.endswith(".tmp")]
