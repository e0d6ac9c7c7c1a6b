"""Hosts: what is said of a campaign's voice before anything is spoken."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from voice_packages import make

from localize import engines, hosts, planning
from localize.campaign import Campaign
from localize.domain import Channel
from localize.sections import Engines, HostSettings
from localize.voice.coqui import CoquiVoice
from localize.voice.espeak import EspeakVoice


def asked(voice: str = "", engine: str = "auto", pitch: float = 1.0, **more: Any) -> Campaign:
    settings = {
        "name": "test", "catalog": "none.csv", "languages": ("th", "id"),
        "channels": (Channel(name="shop", platform="tiktok"), Channel(name="far", platform="douyin")),
        "hosts": (HostSettings(voice=voice, pitch=pitch),), "engines": Engines(voice=engine),
    }  # fmt: skip
    return Campaign(**(settings | more))  # type: ignore[arg-type]


def test_nothing_is_said_where_nothing_is_wrong(tmp_path: Path) -> None:
    assert hosts.doubts(asked()) == ()
    assert hosts.doubts(asked(pitch=1.2)) == ()
    assert hosts.doubts(asked(str(make(tmp_path / "anna")))) == ()


def test_a_voice_that_is_only_somebody_needs_somebody(tmp_path: Path) -> None:
    (said,) = hosts.doubts(asked(engine="voxcpm"))
    assert "'voxcpm' only speaks as somebody" in said
    assert hosts.doubts(asked(str(make(tmp_path / "anna")), "voxcpm")) == ()


def test_all_that_a_consent_does_not_cover_is_said_at_once(tmp_path: Path) -> None:
    voice = str(make(tmp_path / "anna", languages_=["th"], platforms=["tiktok"]))
    (said,) = hosts.doubts(asked(voice))
    assert "the voice anna" in said
    assert "not for Indonesian (id)" in said
    assert "channel far: the consent is for tiktok, not for douyin" in said
    assert "channel shop" not in said
    assert hosts.doubts(asked(voice, languages=("th",), channels=(Channel(name="shop", platform="tiktok"),))) == ()
    (said,) = hosts.doubts(asked(voice, languages=("th",), channels=(Channel(name="shop"),)))
    assert "the channel names none" in said
    elsewhere = (Channel(name="shop", platform="tiktok", languages=("th",)), Channel(name="far", platform="douyin", languages=("id",)))
    both = asked(voice, channels=elsewhere)
    assert len(hosts.doubts(both)) == 1
    assert hosts.doubts(both.model_copy(update={"languages": ("th",)})) == ()


def test_a_consent_that_ended_stops_every_clip(tmp_path: Path) -> None:
    (said,) = hosts.doubts(asked(str(make(tmp_path / "anna", until=date(2026, 1, 3)))))
    assert "every clip will be blocked: the consent ended on 2026-01-03" in said


def test_the_pitch_of_a_cloned_voice_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = str(make(tmp_path / "anna"))
    assert hosts.doubts(asked(voice, "espeak", 1.2)) == ()
    speaks: dict[str, Any] = {"th": EspeakVoice(), "id": EspeakVoice(), "en": CoquiVoice()}
    monkeypatch.setattr(engines, "get", lambda stage, name, *, language, **_: speaks[language])
    assert hosts.doubts(asked(voice, pitch=1.2)) == ()
    (said,) = hosts.doubts(asked(voice, pitch=1.2, languages=("th", "en")))
    assert "`hosts.pitch` has no effect in en" in said
    assert hosts.doubts(asked(voice, languages=("en",))) == ()


def test_a_plan_carries_them(shop: Path) -> None:
    from localize import campaign as campaigns

    settings = campaigns.load(shop / "campaign.yaml")
    assert planning.plan(settings).doubts == ()
    (said,) = planning.plan(settings.model_copy(update={"engines": Engines(voice="voxcpm")})).doubts
    assert "voxcpm" in said


def test_both_hosts_are_doubted(tmp_path: Path) -> None:
    anna, budi = str(make(tmp_path / "anna")), str(make(tmp_path / "budi", until=date(2026, 1, 3), gender="male"))
    pair = (HostSettings(voice=anna), HostSettings(voice=budi, gender="male", avatar="other"))
    (said,) = hosts.doubts(asked(hosts=pair))
    assert "The voice budi may not be used" in said
    assert len(hosts.doubts(asked(engine="voxcpm", hosts=(HostSettings(voice=anna), HostSettings(avatar="other"))))) == 1


def test_hosts_that_nobody_can_tell_apart(tmp_path: Path) -> None:
    (said,) = hosts.doubts(asked(hosts=(HostSettings(), HostSettings())))
    assert said == "The two hosts look and sound the same: give one of them another `avatar` and another `voice`, `gender` or `pitch`."
    (said,) = hosts.doubts(asked(hosts=(HostSettings(), HostSettings(gender="male"))))
    assert said == "The two hosts look the same: give one of them another `avatar`."
    assert hosts.doubts(asked(hosts=(HostSettings(), HostSettings(gender="male", avatar="other")))) == ()
