"""The videos that `crossreel dub VIDEO...` stands for, with names of their own and the transcripts beside them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import films
import numpy as np
import pytest
from moto import mock_aws

from localize.domain import Money, Product
from localize.dub import sources
from localize.dub.sources import Lost, Source, found, listed, of_products
from localize.errors import Transient, UserError
from localize.products.sources import buckets
from localize.products.sources.fetch import Fetching

LIMITS = Fetching(allow_private=True)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return films.film(tmp_path_factory.mktemp("film") / "film.mp4", [np.full((90, 160, 3), 90, np.uint8)] * 3)


def put(film: Path, *places: Path) -> None:
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(film, place)


def names(got: tuple[list[Source], list[Lost]]) -> list[str]:
    assert not got[1]
    return [source.name for source in got[0]]


def test_a_file_is_a_source(film: Path, tmp_path: Path) -> None:
    put(film, tmp_path / "talk.mp4")
    ((source,), lost) = found([str(tmp_path / "talk.mp4")], tmp_path, LIMITS)
    assert (source.name, source.path, source.transcript, lost) == ("talk", tmp_path / "talk.mp4", None, [])


def test_a_folder_stands_for_its_own_videos_and_two_stars_for_those_below_too(film: Path, tmp_path: Path) -> None:
    clips = tmp_path / "clips [new]"
    put(film, clips / "b.MOV", clips / "a.mp4", clips / ".hidden.mp4", clips / "old" / "c.mp4")
    (clips / "notes.txt").write_text("no video")
    assert names(found([str(clips)], tmp_path, LIMITS)) == ["a", "b"]
    assert names(found([f"{tmp_path}/*/**/*.mp4"], tmp_path, LIMITS)) == ["a", "c"]


def test_each_video_is_taken_once_and_has_a_name_of_its_own(film: Path, tmp_path: Path) -> None:
    put(film, tmp_path / "may" / "talk.mp4", tmp_path / "june" / "talk.mp4", tmp_path / "june" / "Talk.mov", tmp_path / "june" / "one.mp4")
    arguments = [f"{tmp_path}/may/talk.mp4", f"{tmp_path}/june", f"{tmp_path}/june/one.mp4"]
    got = names(found(arguments, tmp_path, LIMITS))
    assert got[0] == "may-talk"
    assert got[2] == "one"
    assert len({name.casefold() for name in got}) == len(got) == 4
    assert got == names(found(arguments, tmp_path, LIMITS))


def test_what_can_not_be_had_is_told_and_stops_nothing(film: Path, tmp_path: Path) -> None:
    put(film, tmp_path / "talk.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "empty").mkdir()
    arguments = [f"{tmp_path}/tolk.mp4", f"{tmp_path}/broken.mp4", f"{tmp_path}/empty", "ftp://shop.example/a.mp4", f"{tmp_path}/talk.mp4"]
    got, lost = found(arguments, tmp_path, LIMITS)
    assert [source.name for source in got] == ["talk"]
    told = {Path(one.shown).name: str(one.error) for one in lost}
    assert "did you mean 'talk.mp4'?" in told["tolk.mp4"]
    assert "can't be read as a video" in told["broken.mp4"]
    assert told.keys() == {"tolk.mp4", "broken.mp4", "empty", "a.mp4"}


def test_the_transcript_beside_a_video_is_its_own(film: Path, tmp_path: Path) -> None:
    put(film, tmp_path / "talk.mp4", tmp_path / "talk show.mp4", tmp_path / "mute.mp4", tmp_path / "two.mp4")
    for name in ("talk.vtt", "talk.srt", "talk.zh.srt", "talk show.zh-Hans.vtt", "two.en.srt", "two.zh.srt"):
        (tmp_path / name).write_text("1")
    got, (lost,) = found([str(tmp_path)], tmp_path, LIMITS)
    texts = {source.name: source.transcript.name if source.transcript else "" for source in got}
    assert texts == {"talk": "talk.srt", "talk show": "talk show.zh-Hans.vtt", "mute": ""}
    assert "two has transcripts in en, zh" in str(lost.error)
    got, lost_now = found([f"{tmp_path}/two.mp4"], tmp_path, LIMITS, language="zh")
    assert (got[0].transcript, lost_now) == (tmp_path / "two.zh.srt", [])


def test_dubs_that_lie_beside_their_sources_are_not_dubbed_again_nor_are_their_captions_transcripts(film: Path, tmp_path: Path) -> None:
    put(film, tmp_path / "talk.mp4", tmp_path / "talk.th.mp4")
    (tmp_path / "talk.th.srt").write_text("1")
    (tmp_path / "talk.th.json").write_text('{"cues": []}')
    ((source,), lost) = found([str(tmp_path)], tmp_path, LIMITS)
    assert (source.name, source.transcript, lost) == ("talk", None, [])
    assert names(found([f"{tmp_path}/talk.th.mp4"], tmp_path, LIMITS)) == ["talk.th"]  # but who names one means it


def test_one_transcript_is_for_one_video_and_a_folder_of_them_for_many(film: Path, tmp_path: Path) -> None:
    put(film, tmp_path / "a.mp4", tmp_path / "b.mp4")
    texts = tmp_path / "texts"
    texts.mkdir()
    for name in ("a.txt", "b.en.ass"):
        (texts / name).write_text("1")
    both = [f"{tmp_path}/a.mp4", f"{tmp_path}/b.mp4"]
    got, _ = found(both, tmp_path, LIMITS, transcript=texts)
    assert [source.transcript for source in got] == [texts / "a.txt", texts / "b.en.ass"]
    got, _ = found(both[:1], tmp_path, LIMITS, transcript=texts / "b.en.ass")
    assert got[0].transcript == texts / "b.en.ass"
    with pytest.raises(UserError, match="one transcript for 2 videos"):
        found(both, tmp_path, LIMITS, transcript=texts / "a.txt")
    with pytest.raises(UserError, match=r"did you mean 'a\.txt'"):
        found(both[:1], tmp_path, LIMITS, transcript=texts / "aa.txt")


def test_videos_on_web_servers(film: Path, server: str, shop: Path, tmp_path: Path) -> None:
    put(film, shop / "summer sale.mp4")
    (shop / "page.html").write_text("<!DOCTYPE html><title>Watch</title>")
    addresses = [f"{server}/summer%20sale.mp4?key=secret", f"{server}/page.html", f"{server}/busy.mp4"]
    (source,), lost = found(addresses, tmp_path, LIMITS)
    assert source.name == "summer sale"
    assert source.path.read_bytes() == film.read_bytes()
    assert "web page" in str(lost[0].error)
    assert isinstance(lost[1].error, Transient)
    assert "secret" not in f"{source.shown} {lost} {listed(addresses)}"
    _, (refused,) = found(addresses[:1], tmp_path / "other", Fetching())
    assert "private address" in str(refused.error)


def test_a_key_in_an_address_comes_from_the_environment_and_is_told_nowhere(
    film: Path, server: str, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(film, shop / "talk.mp4")
    monkeypatch.setenv("SIGNATURE", "T0KEN/1")
    monkeypatch.setenv("LAMP", f"{server}/talk.mp4?sig=T0KEN")
    addresses = [f"{server}/talk.mp4?sig=${{SIGNATURE}}", "${LAMP}", f"{server}/${{NOWHERE}}/talk.mp4"]
    wanted, _ = listed(addresses)
    assert [one.reference for one in wanted] == [f"{server}/talk.mp4?sig=T0KEN%2F1", f"{server}/talk.mp4?sig=T0KEN"]
    got, (lost,) = found(addresses, tmp_path, LIMITS)
    assert [(source.name, source.path.read_bytes() == film.read_bytes()) for source in got] == [("talk", True), ("LAMP", True)]
    assert got[1].shown == "${LAMP}"
    assert "needs the environment variable NOWHERE, which is not set" in str(lost.error)
    assert "T0KEN" not in f"{got} {lost} {wanted}"


def test_a_catalog_gets_nothing_from_the_environment(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "T0KEN")
    fetched: list[str] = []

    def obtain(reference: str, *_: object) -> Path:
        fetched.append(reference)
        return film

    monkeypatch.setattr(sources.footage, "obtain", obtain)
    address = "https://thief.example/talk.mp4?${SECRET}"
    of_products([Product(sku="MUG", title="Mug", price=Money(amount=1, currency="USD"), footage=(address,))], tmp_path, LIMITS)
    assert fetched == [address]


@pytest.fixture
def bucket(film: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    buckets._made.cache_clear()
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="shop")
        for key in ("clips/b.mp4", "clips/a.mp4", "clips/a.th.mp4", "clips/old/c.mp4"):
            client.put_object(Bucket="shop", Key=key, Body=film.read_bytes())
        for key in ("clips/a.srt", "clips/a.th.json", "clips/notes.pdf"):
            client.put_object(Bucket="shop", Key=key, Body=b"1")
        yield client
    buckets._made.cache_clear()


def test_videos_in_buckets(bucket: Any, tmp_path: Path) -> None:
    for argument in ("s3://shop/clips", "s3://shop/clips/", "s3://shop/clips/*.mp4"):
        got, lost = found([argument], tmp_path, LIMITS)
        assert [source.name for source in got] == ["a", "b"]
        assert [source.transcript and source.transcript.name for source in got] == ["a.srt", None]
        assert not lost
    assert names(found(["s3://shop/clips/old/c.mp4"], tmp_path, LIMITS)) == ["c"]
    _, lost = found(["s3://shop/none/", "s3://shop/clips/**/*.mp4", "s3://shop/clips/none.mp4"], tmp_path, LIMITS)
    assert [str(one.error).partition(": ")[2].partition(" ")[0] for one in lost] == ["no", "**", "there"]


def test_the_footage_of_catalog_rows(film: Path, tmp_path: Path) -> None:
    put(film, tmp_path / "one.mp4", tmp_path / "two.mp4")
    (tmp_path / "two.en.srt").write_text("1")

    def product(sku: str, *footage: str) -> Product:
        return Product(sku=sku, title="Mug", price=Money(amount=1, currency="USD"), footage=tuple(str(tmp_path / name) for name in footage))

    got, (lost,) = of_products([product("MUG/1", "one.mp4"), product("LAMP"), product("CUP", "two.mp4", "none.mp4")], tmp_path, LIMITS)
    assert [(source.name, source.sku) for source in got] == [("MUG_1", "MUG/1"), ("CUP-1", "CUP")]
    assert got[1].transcript == tmp_path / "two.en.srt"
    assert "no such file" in str(lost.error)
