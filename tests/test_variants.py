"""Pictures of a clip: which channel gets which, and that what differs in nothing is made once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from parcels import stand_in_for

from localize import planning, stages
from localize.avatar import choose
from localize.booth import Booth
from localize.campaign import load
from localize.domain import Channel, Clip, Finding, Speech, Variant
from localize.errors import UserError
from localize.planning import Progress
from localize.stages import Studio
from localize.store import LocalStore

CHANNELS = """\
channels:
  - {name: tiktok, platform: tiktok}
  - {name: tiktok-two, platform: tiktok}
  - {name: douyin, platform: douyin}
  - {name: weibo, platform: weibo}
  - {name: square, platform: weibo, aspect: "1:1", layout: picture-in-picture}
"""


def change(shop: Path, channels: str = CHANNELS, **replaced: str) -> Path:
    path = shop / "campaign.yaml"
    text = path.read_text("utf-8").replace("channels:\n  - name: tiktok\n    platform: tiktok\n", channels)
    for old, new in replaced.items():
        text = text.replace(f"{old}:", f"{new}\n{old}:")
    path.write_text(text, "utf-8")
    return path


def test_each_channel_has_its_picture(shop: Path) -> None:
    campaign = load(change(shop))
    tiktok, again, douyin, weibo, square = (campaign.variant(channel) for channel in campaign.channels)
    assert tiktok == again == Variant(layout="presenter-right", branded=False)
    assert douyin == weibo == Variant(layout="presenter-right")
    assert square == Variant(layout="picture-in-picture", aspect="1:1")
    assert Studio(campaign, LocalStore(shop / "store")).variants(planning.plan(campaign).jobs[0]) == (tiktok, douyin, square)
    forced = Channel(name="t", platform="tiktok", branding="yes")
    plain = Channel(name="d", platform="douyin", branding="no")
    assert (campaign.variant(forced).branded, campaign.variant(plain).branded) == (True, False)


def test_a_channel_gets_the_clip_in_its_picture_and_none_is_made_twice(
    shop: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Variant] = []

    def render(studio: Studio, job: Any, script: Any, variant: Variant, *rest: Any) -> None:
        *_, name, folder = rest
        made.append(variant)
        stand_in_for(studio, job, script, name, folder)
        (folder / "cover.jpg").write_text(variant.name)

    def speeches(booth: Booth, lines: Any, *rest: Any) -> list[Speech]:
        return [Speech(audio="", rate=48_000, duration=1.0, words=(), mouths=(), engine="none") for _ in lines]

    monkeypatch.setattr(Studio, "_render", render)
    monkeypatch.setattr(Studio, "_check", lambda *args: ())
    monkeypatch.setattr(Booth, "speeches", speeches)
    campaign = load(change(shop))
    studio, job = Studio(campaign, store), planning.plan(campaign).jobs[0]
    clip, script, reused = stages.make(studio, job, Progress())
    assert not reused
    assert [variant.name for variant in made] == [
        "presenter-right 9:16, without the brand", "presenter-right 9:16", "picture-in-picture 1:1",
    ]  # fmt: skip
    receipts = {channel.name: studio.publish(job, clip, channel, script) for channel in campaign.channels}
    shown = {name: Path(receipt.where).with_suffix(".jpg").read_text() for name, receipt in receipts.items()}
    assert shown == {
        "tiktok": made[0].name, "tiktok-two": made[0].name, "douyin": made[1].name, "weibo": made[1].name, "square": made[2].name,
    }  # fmt: skip
    assert len({receipt.clip_key for receipt in receipts.values()}) == 3
    _, _, reused = stages.make(studio, job, Progress())
    assert (reused, len(made)) == (True, 3)


@pytest.mark.parametrize(
    ("channels", "hosts", "said"),
    [
        ("{name: a, layout: side-by-side}", "", "channels.0.layout: side-by-side does not fit: two hosts are seen in it, and of"),
        ("{name: a, layout: presenter-below}", "", "it is for filmed hosts, and the campaign's are drawn"),
        ("{name: a, layout: presenter-rihgt}", "", "Did you mean 'presenter-right'?"),
        ("{name: a, aspect: '3:4'}", "", "channels.0.aspect"),
        ("{name: a, layout: presenter-left}", "hosts: [{avatar: none}]", "no host is seen. Write one of: auto, product-only."),
    ],
)
def test_a_layout_that_does_not_fit_is_told_with_those_that_do(shop: Path, channels: str, hosts: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        load(change(shop, f"channels:\n  - {channels}\n", **({"brand": hosts} if hosts else {})))
    assert said in str(raised.value)
    assert "campaign.yaml, line " in str(raised.value)


def test_what_yaml_makes_of_plain_words_is_understood(shop: Path) -> None:
    """yes, no and off are truth values to it, 9:16 and 1:1 times of day."""
    channels = """\
channels:
  - {name: a, platform: tiktok, branding: yes, aspect: 1:1}
  - {name: b, platform: weibo, branding: no, aspect: 16:9}
"""
    campaign = load(change(shop, channels, brand="video: {footage_sound: off, aspect: 4:5}"))
    assert [(c.branding, c.aspect) for c in campaign.channels] == [("yes", "1:1"), ("no", "16:9")]
    assert (campaign.video.footage_sound, campaign.video.aspect) == ("off", "4:5")


def test_a_picture_that_may_not_go_out_stops_no_other() -> None:
    def clip(variant: str, *severities: str) -> Clip:
        findings = tuple(Finding(check="x", severity=s, message=f"{variant} {s}") for s in severities)  # type: ignore[arg-type]
        return Clip(
            key=variant, sku="A", language="th", duration=1, video="", cover="", captions="", sidecar="", findings=findings, variant=variant
        )

    sound = clip("wide", "warn")
    both = clip("tall", "block").model_copy(update={"others": (sound,)})
    assert both.stopped == ()
    assert clip("tall", "block").stopped
    every = clip("tall", "block").model_copy(update={"others": (clip("wide", "block"),)})
    assert [f.message for f in every.stopped] == ["tall block", "wide block"]
    with pytest.raises(KeyError):
        both.of(Variant(layout="side-by-side"))


def test_a_layout_for_the_whole_campaign(shop: Path) -> None:
    campaign = load(change(shop, brand="video: {layout: price-drop, aspect: '4:5'}"))
    assert campaign.variant(campaign.channels[0]) == Variant(layout="price-drop", aspect="4:5", branded=False)


def test_gesture_words_of_one_language_change_no_clip_of_another(shop: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = load(shop / "campaign.yaml")
    studio, jobs = Studio(campaign, store), planning.plan(campaign, only=["MUG-01"]).jobs

    def keys() -> dict[str, str]:
        scripts = [(job, studio.script(job, studio.texts(job, Progress()), Progress())) for job in jobs]
        return {job.language: studio.clip_key(job, script, campaign.variant(campaign.channels[0])) for job, script in scripts}

    before = keys()
    words = shop / "words"
    shutil.copytree(choose.WORDS, words)
    with (words / "th.yaml").open("a", encoding="utf-8") as file:
        file.write("# more\n")
    monkeypatch.setattr(choose, "WORDS", words)
    after = keys()
    assert (after["vi"], after["th"] == before["th"]) == (before["vi"], False)
