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

from localize.disclosure import aigc
from localize.domain import Disclosure, Money, Product
from localize.dub import sources
from localize.dub.sources import Lost, Source, each, listed, of_products
from localize.errors import Transient, UserError
from localize.media import mp4
from localize.products.sources import buckets
from localize.products.sources.fetch import Fetching

LIMITS = Fetching(allow_private=True)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return films.film(tmp_path_factory.mktemp("film") / "film.mp4", [np.full((90, 160, 3), 90, np.uint8)] * 3)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers in trouble are asked again at once."""
    monkeypatch.setattr(sources, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(sources, "LONGEST", 0.0)


def found(
    arguments: list[str], home: Path, limits: Fetching, transcript: Path | None = None, language: str = "",
) -> tuple[list[Source], list[Lost]]:  # fmt: skip
    """What arguments stand for, as files."""
    wanted, lost = listed(arguments, transcript, language)
    got, gone = each(wanted, home, limits)
    return got, [*lost, *gone]


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


def test_a_transcript_in_another_language_than_is_spoken_is_not_taken(film: Path, tmp_path: Path) -> None:
    put(film, tmp_path / "talk.mp4", tmp_path / "lamp.mp4", tmp_path / "mug.mp4", tmp_path / "cup.mp4")
    for name in ("talk.en.srt", "lamp.eng.srt", "lamp.chs.vtt", "mug.final.srt", "mug.en-US.srt", "cup.ja.srt", "cup.thanks.txt"):
        (tmp_path / name).write_text("1")
    got = {
        code: {
            one.name: one.transcript.name if one.transcript else "" for one in found([str(tmp_path)], tmp_path, LIMITS, language=code)[0]
        }
        for code in ("zh", "th")
    }
    assert got["zh"] == {"talk": "", "lamp": "lamp.chs.vtt", "mug": "mug.final.srt", "cup": "cup.thanks.txt"}
    assert got["th"] == {"talk": "", "lamp": "", "mug": "mug.final.srt", "cup": "cup.thanks.txt"}


def test_a_dub_whose_sidecar_was_not_written_any_more_is_known_by_its_own_label(film: Path, tmp_path: Path) -> None:
    told = Disclosure(label="AI", producer="Corner", produce_id="0123456789abcdef" * 2)
    others = told.model_copy(update={"produce_id": "a-tool-of-somebody-else"})
    put(film, tmp_path / "talk.mp4", tmp_path / "lamp.th.mp4")
    for name, said in (("talk.th.mp4", told), ("talk.all.mp4", told), ("mug.th.mp4", others), ("shop.mp4", told), ("clip.th.mp4", told)):
        mp4.remux(film, tmp_path / name, aigc.tags(said))
    (tmp_path / "clip.th.json").write_text('{"lines": []}')  # of a product's clip
    assert names(found([str(tmp_path)], tmp_path, LIMITS)) == ["clip.th", "lamp.th", "mug.th", "shop", "talk"]


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


def test_what_is_in_trouble_is_asked_for_again_all_of_it_after_each_pause(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, slept = list[str](), list[float]()
    fails = {"a": 1, "b": 9, "c": 0}

    def obtain(reference: str, *_: object) -> Path:
        name = Path(reference).stem
        asked.append(name)
        if asked.count(name) <= fails[name]:
            raise Transient(f"{name} is in trouble", retry_after=7.0 if name == "b" else None)
        return film

    monkeypatch.setattr(sources.footage, "obtain", obtain)
    monkeypatch.setattr(sources.time, "sleep", slept.append)
    monkeypatch.setattr(sources, "PAUSES", (5.0, 20.0))
    monkeypatch.setattr(sources, "LONGEST", 30.0)
    wanted, _ = listed([f"https://shop.example/{name}.mp4" for name in "abc"])
    got, (lost,) = each(wanted, tmp_path, LIMITS)
    assert [one.name for one in got] == ["a", "c"]
    assert (lost.name, isinstance(lost.error, Transient)) == ("b", True)
    assert (asked, slept) == ([*"abc", *"ab", "b"], [7.0, 20.0])


def test_a_bucket_in_trouble_is_asked_again_what_it_holds(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[object] = [Transient("slow down"), ["s3://shop/clips/a.mp4"], []]

    def matching(address: str) -> object:
        if isinstance(answer := answers.pop(0), Exception):
            raise answer
        return answer

    monkeypatch.setattr(sources.buckets, "matching", matching)
    wanted, lost = listed(["s3://shop/clips/"])
    assert ([one.name for one in wanted], lost) == (["a"], [])


def test_only_so_many_videos_are_fetched_as_are_asked_for(film: Path, tmp_path: Path) -> None:
    put(film, tmp_path / "b.mp4", tmp_path / "c.mp4", tmp_path / "d.mp4")
    (tmp_path / "a.mp4").write_bytes(b"no video")
    wanted, _ = listed([str(tmp_path)])
    got, (lost,) = each(wanted, tmp_path, LIMITS, most=2)
    assert [one.name for one in got] == ["b", "c"]
    assert Path(lost.shown).name == "a.mp4"


def test_a_video_to_be_dubbed_may_be_larger_than_a_catalog_and_the_key_that_says_how_large_is_named(
    film: Path, server: str, shop: Path, tmp_path: Path
) -> None:
    (shop / "talk.mp4").write_bytes(film.read_bytes() + (1_500_000).to_bytes(4, "big") + b"free" + bytes(1_499_992))
    small = LIMITS.model_copy(update={"catalog_mb": 1, "max_mb": 1})
    assert names(found([f"{server}/talk.mp4"], tmp_path, small)) == ["talk"]
    _, (lost,) = found([f"{server}/talk.mp4"], tmp_path / "other", small.model_copy(update={"dub_mb": 1}))
    assert str(lost.error).endswith("talk.mp4 is larger than 1 MB: save it smaller, or raise `dub_mb` under `fetch:` in the campaign")
    raised = LIMITS.model_copy(update={"catalog_mb": 2, "dub_mb": 1})  # who let catalogs have more had videos in mind, too
    assert names(found([f"{server}/talk.mp4"], tmp_path / "third", raised)) == ["talk"]


def test_an_hours_video_has_room_and_time() -> None:
    assert (Fetching().megabytes("dub"), Fetching().time("dub")) == (5_000, 3_600)


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
    wanted, _ = of_products([Product(sku="MUG", title="Mug", price=Money(amount=1, currency="USD"), footage=(address,))])
    each(wanted, tmp_path, LIMITS)
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

    wanted, none = of_products([product("MUG/1", "one.mp4"), product("LAMP"), product("CUP", "two.mp4", "none.mp4")])
    got, (lost,) = each(wanted, tmp_path, LIMITS)
    assert not none
    assert [(source.name, source.sku) for source in got] == [("MUG_1", "MUG/1"), ("CUP-1", "CUP")]
    assert got[1].transcript == tmp_path / "two.en.srt"
    assert "no such file" in str(lost.error)
