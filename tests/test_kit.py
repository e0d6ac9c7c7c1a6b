"""A brand's kit: what is wrong with its files is said when the campaign is read, and only pictures with the brand hang on it."""

from __future__ import annotations

from pathlib import Path

import brand_files
import numpy as np
import pytest

from localize import kit, planning
from localize.campaign import Campaign, load
from localize.clip.cards import Palette
from localize.domain import Feeling, Gesture, Mouth, Performance, Variant
from localize.errors import UserError
from localize.planning import Job
from localize.stages import Studio
from localize.store import LocalStore

SHOWN, BARE = Variant(layout="presenter-right"), Variant(layout="presenter-right", branded=False)
SIZE = (216, 384)


def branded(shop: Path, *lines: str) -> Path:
    """The shop's campaign with lines added under `brand`."""
    path = shop / "campaign.yaml"
    text = path.read_text("utf-8").replace("  logo: logo.png\n", "  logo: logo.png\n" + "".join(f"  {line}\n" for line in lines))
    path.write_text(text, "utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(UserError) as raised:
        load(path)
    return [line.removeprefix(f"{path}, ") for line in str(raised.value).splitlines()]


# ---- read


def test_files_lie_beside_the_campaign(shop: Path) -> None:
    brand_files.video(shop / "in.mp4", 1.0)
    brand_files.font(shop / "own.ttf")
    brand = load(branded(shop, "intro: in.mp4", "outro: auto", "font: own.ttf", "corners: soft")).brand
    assert (brand.intro, brand.outro, brand.font) == (str(shop / "in.mp4"), "auto", str(shop / "own.ttf"))
    assert kit.palette(brand, SHOWN) == Palette(brand.primary, brand.accent, "soft", str(shop / "own.ttf"))
    assert kit.palette(brand, BARE) == Palette(brand.primary, brand.accent)


def test_off_is_none(shop: Path) -> None:
    brand = load(branded(shop, "intro: off", "outro: no")).brand
    assert (brand.intro, brand.outro) == ("none", "none")


def test_every_wrong_file_is_named_with_its_line(shop: Path) -> None:
    brand_files.video(shop / "long.mp4", 7.0, size=(64, 64))
    (shop / "note.mp4").write_text("a note")
    (shop / "note.ttf").write_text("a note")
    font, intro, outro = problems(branded(shop, "intro: long.mp4", "outro: note.mp4", "font: note.ttf"))
    assert font.startswith("line 13: brand.font: note.ttf can't be read as a font")
    assert intro.startswith("line 11: brand.intro: long.mp4 lasts 7.0 s; an intro or outro has 5 s at most")
    assert outro.startswith("line 12: brand.outro: ")
    assert "note.mp4" in outro


def test_a_missing_file_and_an_unknown_style_are_said(shop: Path) -> None:
    assert "there is no file" in problems(branded(shop, "intro: gone.mp4"))[0]
    assert "Did you mean 'round'?" in problems(branded(shop, "corners: rond"))[0]


def test_auto_needs_something_to_show(shop: Path) -> None:
    path = branded(shop, "intro: auto")
    path.write_text(path.read_text("utf-8").replace("  name: Corner\n  logo: logo.png\n", ""), "utf-8")
    (said,) = problems(path)
    assert "brand.intro: auto shows the brand's logo or its name, and there is neither" in said


def test_what_the_font_lacks_is_told_once_when_a_run_is_planned(shop: Path) -> None:
    brand_files.font(shop / "own.ttf")
    (doubt,) = planning.plan(load(branded(shop, "font: own.ttf"))).doubts
    assert "own.ttf has not all letters of Thai (ก ข ค ฆ ...), Vietnamese (" in doubt
    assert not list(kit.doubts(load(shop / "campaign.yaml").brand, ("id", "en")))


# ---- keys


def keys(shop: Path, variant: Variant, *lines: str) -> str:
    text = (shop / "campaign.yaml").read_text("utf-8")
    campaign = load(branded(shop, *lines))
    (shop / "campaign.yaml").write_text(text, "utf-8")
    studio = Studio(campaign, LocalStore(shop / "store"))
    job = planning.plan(campaign).jobs[0]
    script = studio.script(job, studio.texts(job, planning.Progress()), planning.Progress())
    seen, _ = studio.pictures(job)
    return studio.clip_key(Job(seen.product, job.language), script, variant)


def test_only_pictures_with_the_brand_hang_on_its_kit(shop: Path) -> None:
    brand_files.font(shop / "own.ttf")
    before = keys(shop, SHOWN)
    assert keys(shop, SHOWN, "intro: none", "corners: round") == before
    others = [keys(shop, SHOWN, line) for line in ("intro: auto", "outro: auto", "font: own.ttf", "corners: square")]
    assert len({before, *others}) == 5
    bare = keys(shop, BARE)
    assert all(keys(shop, BARE, line) == bare for line in ("intro: auto", "outro: auto", "font: own.ttf", "corners: square"))


def test_an_intro_is_made_once_for_a_kit_and_a_shape(shop: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    brand = load(branded(shop, "intro: auto", "outro: auto")).brand
    made = kit.made(store, brand, SHOWN, SIZE, 30, 1)
    assert {end: (b.count, b.sound) for end, b in made.items()} == {"intro": (36, None), "outro": (54, None)}
    monkeypatch.setattr("localize.clip.bookends.drawn", None)  # would be called
    assert kit.made(store, brand, SHOWN, SIZE, 30, 1) == made
    assert kit.made(store, brand, BARE, SIZE, 30, 1) == {}
    names = kit.keys(brand, SHOWN, SIZE, 30)
    assert all(store.find(name) for name in names.values())
    changed = brand.model_copy(update={"accent": "#112233"})
    for other in (kit.keys(brand, SHOWN, (384, 216), 30), kit.keys(brand, SHOWN, SIZE, 25), kit.keys(changed, SHOWN, SIZE, 30)):
        assert not {*names.values()} & {*other.values()}


def test_own_files_are_played_with_their_sound_and_pictures_are_shown(shop: Path, store: LocalStore) -> None:
    brand_files.video(shop / "in.mp4", 1.0, tone=440)
    brand = load(branded(shop, "intro: in.mp4", "outro: pictures/lamp.jpg")).brand
    made = kit.made(store, brand, SHOWN, SIZE, 30, 1)
    assert made["intro"].sound is not None
    assert made["outro"].sound is None
    assert [made[end].count for end in ("intro", "outro")] == [pytest.approx(30, abs=1), 54]
    *_, last = made["outro"].frames()
    assert np.abs(last.rgb()[192, 108].astype(int) - (42, 157, 143)).max() < 12


def test_what_a_host_does_is_told_in_the_clips_own_time(shop: Path) -> None:
    done = Performance(
        duration=3.0, mouths=(Mouth(shape="D", start=0.5, end=0.7),), gestures=(Gesture(name="point", start=0.4, peak=0.6, end=1.0),),
        feelings=(Feeling(emotion="happy", start=0.0, end=1.0),), blinks=(1.5,),
    )  # fmt: skip
    moved = done.later(1.0, 5.0)
    assert (moved.duration, moved.blinks) == (5.0, (2.5,))
    assert [(e.start, e.end) for e in (*moved.mouths, *moved.gestures, *moved.feelings)] == [(1.5, 1.7), (1.4, 2.0), (1.0, 2.0)]
    assert moved.gestures[0].peak == pytest.approx(1.6)
    assert done.later(0.0, 3.0) is done


def test_a_campaign_that_went_to_a_worker_is_the_same(shop: Path) -> None:
    campaign = load(branded(shop, "intro: auto", "corners: soft"))
    assert Campaign.model_validate(campaign.model_dump()).brand == campaign.brand
