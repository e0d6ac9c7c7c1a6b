"""The darkroom: which pictures clips show with their product cut out, by an engine whose cut the test knows."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest
from PIL import Image

from localize import engines, planning
from localize.campaign import load
from localize.clip import cutout
from localize.clip import layout as layouts
from localize.engines import Card, Engine
from localize.errors import NotReady, UserError
from localize.pixels import Pixels
from localize.planning import Job, Progress
from localize.products import pictures
from localize.sections import Video
from localize.stages import Studio
from localize.store import LocalStore


class Ellipse:
    """Cuts the disc of the shop's pictures out."""

    card: ClassVar[Card] = Card(name="ellipse", stage="cutout", about="what the test knows", version="1", licence="test", quality=99)
    shown: ClassVar[list[tuple[int, ...]]] = []
    alpha: ClassVar[int] = 255

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"ellipse {self.card.version}"

    def cut(self, picture: Pixels) -> Pixels:
        self.shown.append(picture.shape)
        alpha = np.zeros(picture.shape[:2], np.uint8)
        h, w = alpha.shape
        cv2.ellipse(alpha, (w // 2, h // 2), (w * 3 // 10, h * 3 // 10), 0, 0, 360, self.alpha, -1)
        return alpha


class Everything(Ellipse):
    def cut(self, picture: Pixels) -> Pixels:
        return np.full(picture.shape[:2], 255, np.uint8)


class Nothing(Ellipse):
    alpha = 0


class OnGpu(Ellipse):
    def report(self) -> str:
        return "cuda"


class Trial(Ellipse):
    card: ClassVar[Card] = Card(name="ellipse", stage="cutout", about="", version="1", licence="for trials", commercial=False)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> dict[str, type[Engine]]:
    """The engines that cut, by their names: a test adds its own."""
    real, known = engines._found, dict[str, type[Engine]]()
    monkeypatch.setattr(engines, "_found", lambda stage: known if stage == "cutout" else real(stage))
    engines._made.cache_clear()  # of engines that other tests called the same
    Ellipse.shown.clear()
    return known


def start(shop: Path, *more: str) -> tuple[Studio, Job]:
    with (shop / "campaign.yaml").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in more)
    campaign = load(shop / "campaign.yaml")
    return Studio(campaign, LocalStore(shop / "store")), planning.plan(campaign, only=["MUG-01"]).jobs[0]


def seen(studio: Studio, job: Job, layout: str = "presenter-right") -> Pixels:
    return studio.darkroom.picture(job.product.images[0], layouts.get(layout, "9:16"), studio.campaign.brand.primary)


def key(studio: Studio, job: Job) -> str:
    script = studio.script(job, studio.texts(job, Progress()), Progress())
    return studio.clip_key(job, script, studio.variants(job)[0])


def test_without_an_engine_pictures_stay_as_they_are(shop: Path, there: dict[str, type[Engine]]) -> None:
    studio, job = start(shop)
    job, findings = studio.pictures(job)
    assert findings == ()
    assert studio.darkroom.mark() == ()
    assert np.array_equal(seen(studio, job), pictures.load(job.product.images[0], 1400))


def test_the_product_stands_on_the_brands_ground(shop: Path, there: dict[str, type[Engine]]) -> None:
    there["ellipse"] = Ellipse
    studio, job = start(shop)
    job, findings = studio.pictures(job, Progress())
    picture = pictures.load(job.product.images[0], 1400)
    product = cutout.clean(picture, Ellipse().cut(picture))
    left, top, right, bottom = layouts.get("presenter-right", "9:16").picture
    expected = cutout.standing(product, right - left, bottom - top, studio.campaign.brand.primary, head=370, melt=260)
    assert findings == ()
    assert np.array_equal(seen(studio, job), expected)
    assert np.abs(expected[expected.shape[0] // 2, expected.shape[1] // 2].astype(int) - (0xB5, 0x65, 0x1D)).max() <= 6  # the mug's clay


def test_a_picture_is_cut_once_in_its_life(shop: Path, there: dict[str, type[Engine]]) -> None:
    there["ellipse"] = Ellipse
    studio, job = start(shop)
    for times in (1, 0):
        progress = Progress()
        studio.pictures(job, progress)
        assert progress.made["cutout"] == times
        assert [name.partition("/")[0] for name in progress.keys] == ["cutout"]
    seen(studio, job, "product-only")
    assert Ellipse.shown == [(320, 320, 3)]


def test_a_gpu_is_held_while_a_network_on_it_cuts_and_not_for_what_is_there(shop: Path, there: dict[str, type[Engine]]) -> None:
    there["ellipse"] = OnGpu
    studio, job = start(shop)
    held: list[str] = []
    for _ in range(2):
        studio.pictures(job, Progress(), lambda what: nullcontext(held.append(what)))
    assert held == ["gpu"]


@pytest.mark.parametrize(("engine", "share"), [(Everything, "100%"), (Nothing, "0%")])
def test_a_cut_that_cannot_be_trusted_leaves_the_picture_as_it_is(
    engine: type[Ellipse], share: str, shop: Path, there: dict[str, type[Engine]]
) -> None:
    there["ellipse"] = engine
    studio, job = start(shop)
    job, (finding,) = studio.pictures(job)
    assert finding.severity == "info"
    assert f"1 of 1 pictures are shown as they are, the product not cut out: mug.jpg (what was found is {share}" in finding.message
    assert np.array_equal(seen(studio, job), pictures.load(job.product.images[0], 1400))
    assert studio.darkroom.engines_used(job.product.images) == ()


@pytest.mark.parametrize(("said", "cut"), [("auto", False), ("yes", True), ("no", False)])
def test_of_a_scene_the_product_is_cut_out_only_where_that_is_asked_for(
    said: str, cut: bool, shop: Path, there: dict[str, type[Engine]]
) -> None:
    there["ellipse"] = Ellipse
    noise = np.random.default_rng(1).integers(0, 255, (32, 32, 3), np.uint8).repeat(10, axis=0).repeat(10, axis=1)
    Image.fromarray(noise).save(shop / "pictures" / "mug.jpg")
    studio, job = start(shop, f"video: {{cutout: {said}}}")
    job, findings = studio.pictures(job)
    assert (seen(studio, job).shape != (320, 320, 3)) == cut
    assert findings == ()


def test_a_picture_that_is_see_through_already_stays_the_sellers(shop: Path, there: dict[str, type[Engine]]) -> None:
    there["ellipse"] = Ellipse
    picture = Image.open(shop / "pictures" / "mug.jpg").convert("RGBA")
    picture.putalpha(Image.fromarray(Ellipse().cut(np.asarray(picture)[..., :3])))
    picture.save(shop / "pictures" / "mug.jpg", format="PNG")
    Ellipse.shown.clear()
    studio, job = start(shop)
    job, findings = studio.pictures(job)
    assert (findings, Ellipse.shown) == ((), [])
    assert seen(studio, job).shape == (320, 320, 4)


def test_what_is_wanted_and_cannot_be_had_is_told(shop: Path, there: dict[str, type[Engine]], monkeypatch: pytest.MonkeyPatch) -> None:
    there["ellipse"] = Ellipse
    monkeypatch.setattr(Ellipse, "missing", lambda self: "its file is gone.")
    studio, job = start(shop)
    assert studio.pictures(job)[1] == ()
    for more in ("video: {cutout: yes}", "engines: {cutout: ellipse}"):
        text = (shop / "campaign.yaml").read_text(encoding="utf-8")
        studio, job = start(shop, more)
        with pytest.raises(NotReady, match="its file is gone"):
            studio.pictures(job)
        (shop / "campaign.yaml").write_text(text, encoding="utf-8")


def test_an_engine_for_trials_is_refused_unless_the_campaign_allows_it(shop: Path, there: dict[str, type[Engine]]) -> None:
    there["ellipse"] = Trial
    studio, job = start(shop)
    assert studio.darkroom.cutter is None
    studio, job = start(shop, "engines: {cutout: ellipse}")
    with pytest.raises(UserError, match=r"non-commercial weights \(for trials\)"):
        studio.pictures(job)
    studio, _ = start(shop, "allow_noncommercial: true")
    assert isinstance(studio.darkroom.cutter, Trial)


def test_the_clips_key_knows_what_cut(shop: Path, there: dict[str, type[Engine]], monkeypatch: pytest.MonkeyPatch) -> None:
    studio, job = start(shop)
    plain = key(studio, studio.pictures(job)[0])
    there["ellipse"] = Ellipse
    studio, job = start(shop)
    cut = key(studio, studio.pictures(job)[0])
    monkeypatch.setattr(Ellipse, "fingerprint", lambda self: "ellipse 2")
    newer = key(studio, studio.pictures(job)[0])
    studio, job = start(shop, "video: {cutout: no}")
    assert len({plain, cut, newer}) == 3
    assert key(studio, studio.pictures(job)[0]) == plain


def test_yes_and_no_are_understood() -> None:
    """They are truth values to YAML."""
    assert [Video.model_validate({"cutout": said}).cutout for said in (True, False, "auto")] == ["yes", "no", "auto"]


@pytest.mark.heavy
def test_a_clip_tells_what_cut_its_pictures(shop: Path, there: dict[str, type[Engine]]) -> None:
    from localize import stages

    there["ellipse"] = Ellipse
    studio, job = start(shop)
    clip, _, _ = stages.make(studio, job)
    told = json.loads(Path(clip.sidecar).read_text("utf-8"))
    assert told["engines"]["cutout"] == "ellipse (test)"
    assert {"name": "ellipse", "kind": "cutout engine", "licence": "test"} in told["disclosure"]["ingredients"]
    assert clip.stopped == ()
