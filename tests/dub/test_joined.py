"""One file with all of a video's languages."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from dubs import TALK, asked, dubbed, packets

from localize import campaign as campaigns
from localize import work
from localize.domain import Clip
from localize.dub import sources
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


@pytest.mark.heavy
def test_why_there_is_none_is_said(lamp: Path, store: LocalStore) -> None:
    path = asked(lamp, TALK, ("th", "vi"), {"one_file": True, "captions": "burned"}, out="out")
    campaign = campaigns.load(path)
    thai = ended(dubbed(path, store)[0])
    assert work.finish(campaign, [thai]) == ["lamp: there is no file with all its languages, as vi could not be made."]
    both = [thai, ended(dubbed(path, store, "vi")[0])]
    (said,) = work.finish(campaign, both)
    assert "each has a picture of its own" in said
    assert not (lamp.parent / "out").exists()
