"""One file with all of a video's languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import av
import pytest
from dubs import TALK, asked, dubbed, packets

from localize import campaign as campaigns
from localize import work
from localize.campaign import Campaign
from localize.desk import write_json
from localize.domain import Clip, Disclosure
from localize.dub import sources, tracks
from localize.media.command import MediaError
from localize.planning import Outcome
from localize.store import LocalStore


def ended(clip: Clip) -> Outcome:
    return Outcome(sku=clip.sku, language=clip.language, title=clip.sku, state="made", clip=clip)


def test_all_languages_are_tracks_of_one_file_that_is_no_source_itself(lamp: Path, store: LocalStore) -> None:
    path = asked(lamp, TALK, ("th", "vi"), {"one_file": True, "original": True}, out=".")
    clips = [dubbed(path, store, language)[0] for language in ("th", "vi")]
    assert work.finish(campaigns.load(path), [ended(clip) for clip in clips]) == []
    whole = lamp.with_name("lamp.all.mp4")
    assert packets(whole) == packets(lamp)
    for number, clip in enumerate(clips):
        assert packets(whole, "audio", number) == packets(Path(clip.video), "audio")
    with av.open(str(whole)) as file:
        assert [stream.language for stream in file.streams.audio] == ["tha", "vie", "eng"]
        assert [stream.metadata["handler_name"] for stream in file.streams.subtitles][2:] == ["สร้างด้วย AI", "Tạo bởi AI"]
        assert json.loads(file.metadata["AIGC"])["AIGC"]["Label"] == "1"
    found, _ = sources.listed([str(lamp.parent)])
    assert [wanted.name for wanted in found] == ["lamp"]


class Stub(NamedTuple):
    """A campaign of two languages, and two clips of each of two videos that are as good as dubs to whoever joins them."""

    campaign: Campaign
    store: LocalStore
    outcomes: list[Outcome]
    written: list[str]  # the files that were written

    @property
    def out(self) -> Path:
        return Path(self.campaign.out)


@pytest.fixture
def stub(lamp: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> Stub:
    path = asked(lamp, TALK, ("th", "vi"), {"one_file": True}, out="out", store=str(store.root))
    outcomes, written = [], list[str]()
    for sku in ("lamp", "mug"):
        for language in ("th", "vi"):
            key = f"dub/{sku}-{language}"
            folder = store.make(key, _laid).folder
            files = {"video": "clip.mp4", "cover": "cover.jpg", "captions": "captions.srt", "sidecar": "clip.json"}
            paths = {name: str(folder / file) for name, file in files.items()}
            outcomes.append(ended(Clip(key=key, sku=sku, language=language, duration=5.0, **paths)))

    def write(out: Path, *_: object) -> None:
        written.append(out.name.strip(".").removesuffix(".part"))
        out.write_bytes(b"joined")

    monkeypatch.setattr(tracks, "write", write)
    return Stub(campaigns.load(path), store, outcomes, written)


def _laid(folder: Path) -> None:
    told = Disclosure(label="AI", producer="us", produce_id="1", made=("voice",)).model_dump(mode="json")
    (folder / "clip.mp4").write_bytes(b"a dub")
    write_json(folder / "clip.json", {"picture": "copied", "original": False, "source_language": "en", "disclosure": told})


def test_dubs_of_another_machine_are_joined_from_this_ones_store(stub: Stub) -> None:
    names = ("video", "cover", "captions", "sidecar")
    elsewhere = [
        ended(o.clip.model_copy(update={name: f"/another/machine/{Path(getattr(o.clip, name)).name}" for name in names}))
        for o in stub.outcomes if o.clip
    ]  # fmt: skip
    assert work.finish(stub.campaign, elsewhere) == []
    assert stub.written == ["lamp.all.mp4", "mug.all.mp4"]


def test_one_videos_trouble_stops_no_others_file(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    write = tracks.write

    def fails(out: Path, *rest: object) -> None:
        if "lamp" in out.name:
            raise MediaError("writing lamp.all.mp4 failed: no space is left")
        write(out, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(tracks, "write", fails)
    (said,) = work.finish(stub.campaign, stub.outcomes)
    assert said == "lamp: there is no new file with all its languages: writing lamp.all.mp4 failed: no space is left"
    assert stub.written == ["mug.all.mp4"]
    assert {path.name for path in stub.out.glob("[!.]*")} == {"mug.all.mp4", "mug.all.json"}


def test_what_is_joined_already_is_not_written_again_until_a_dub_changes(stub: Stub) -> None:
    work.finish(stub.campaign, stub.outcomes)
    stub.written.clear()
    assert work.finish(stub.campaign, stub.outcomes) == []
    assert not stub.written
    stub.store.make("dub/lamp-anew", _laid)
    first = stub.outcomes[0]
    assert first.clip
    anew = ended(first.clip.model_copy(update={"key": "dub/lamp-anew"}))
    assert work.finish(stub.campaign, [anew, *stub.outcomes[1:]]) == []
    (stub.out / "mug.all.mp4").unlink()
    work.finish(stub.campaign, [anew, *stub.outcomes[1:]])
    assert stub.written == ["lamp.all.mp4", "mug.all.mp4"]


def test_a_run_of_one_language_takes_no_other_out_of_a_file(stub: Stub) -> None:
    work.finish(stub.campaign, stub.outcomes)
    stub.written.clear()
    thai = campaigns.adjusted(stub.campaign, languages=["th"])
    said = work.finish(thai, [o for o in stub.outcomes if o.language == "th"])
    assert said[0] == (
        "lamp: there is no new file with all its languages: lamp.all.mp4 is left as it is, as it has Vietnamese, too, which this run has "
        "not: run all of its languages to write it anew, or remove it."
    )
    assert not stub.written
    (stub.out / "lamp.all.mp4").unlink()
    work.finish(thai, [o for o in stub.outcomes if o.language == "th"])
    assert stub.written == ["lamp.all.mp4"]


@pytest.mark.heavy
def test_why_there_is_none_is_said(lamp: Path, store: LocalStore) -> None:
    path = asked(lamp, TALK, ("th", "vi"), {"one_file": True, "captions": "burned"}, out="out")
    campaign = campaigns.load(path)
    thai = ended(dubbed(path, store)[0])
    assert work.finish(campaign, [thai]) == ["lamp: there is no new file with all its languages: still to be made: vi."]
    failed = Outcome(sku="lamp", language="vi", title="lamp", state="failed")
    assert work.finish(campaign, [thai, failed]) == ["lamp: there is no new file with all its languages: vi could not be made."]
    both = [thai, ended(dubbed(path, store, "vi")[0])]
    (said,) = work.finish(campaign, both)
    assert "each has a picture of its own" in said
    assert not (lamp.parent / "out").exists()
