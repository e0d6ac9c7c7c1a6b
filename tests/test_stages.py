"""What a run consists of: which products a plan takes, and how their pictures come to be files."""

from __future__ import annotations

from pathlib import Path

import films
import numpy as np
import pytest

from localize import desk, planning
from localize.campaign import Campaign, load
from localize.clip import footage
from localize.domain import Product
from localize.errors import Blocked, Transient, UserError
from localize.planning import Job
from localize.stages import Studio
from localize.store import LocalStore


def campaign(shop: Path, rows: str, *more: str) -> Campaign:
    """The shop's campaign over other rows, with lines added to campaign.yaml."""
    (shop / "products.csv").write_text("sku,title,price,images\n" + rows, encoding="utf-8")
    with (shop / "campaign.yaml").open("a", encoding="utf-8") as f:
        f.writelines(f"{line}\n" for line in more)
    return load(shop / "campaign.yaml")


def skus(plan: planning.Plan) -> list[str]:
    return list(dict.fromkeys(job.product.sku for job in plan.jobs))


# ---- the plan


def test_the_limit_counts_products_that_can_be_made(shop: Path) -> None:
    (shop / "pictures" / "note.jpg").write_text("no picture")
    rows = "A,Mug,290,pictures/note.jpg\nB,Lamp,390,pictures/lamp.jpg\nC,Lid,90,pictures/note.jpg\nD,Cup,190,pictures/mug.jpg\nE,Jug,90,\n"
    plan = planning.plan(campaign(shop, rows), limit=2)
    assert skus(plan) == ["B", "D"]
    assert [r.sku for r in plan.rejects] == ["A", "C"]
    assert "it is text" in plan.rejects[0].reason
    assert plan.rows == 5


def test_pictures_of_products_that_are_not_wanted_are_not_looked_at(shop: Path) -> None:
    (shop / "pictures" / "note.jpg").write_text("no picture")
    plan = planning.plan(campaign(shop, "A,Mug,290,pictures/note.jpg\nB,Lamp,390,pictures/lamp.jpg\n"), only=["B"])
    assert (skus(plan), plan.rejects) == (["B"], ())


def test_an_unknown_product_is_named_with_the_nearest(shop: Path) -> None:
    with pytest.raises(UserError, match=r"has no product 'LAMP-2'\. Did you mean 'LAMP-02'\?"):
        planning.plan(load(shop / "campaign.yaml"), only=["LAMP-2"])


def test_without_any_currency_no_price_is_made_up(shop: Path) -> None:
    text = (shop / "campaign.yaml").read_text(encoding="utf-8").replace("currency: THB\n", "")
    (shop / "campaign.yaml").write_text(text, encoding="utf-8")
    plan = planning.plan(campaign(shop, "A,Mug,290,pictures/mug.jpg\n"))
    assert plan.jobs == ()
    assert "no currency is given" in plan.rejects[0].reason


def test_several_files_are_one_catalog(shop: Path) -> None:
    (shop / "more.csv").write_text("sku,title,price,images\nCUP,Cup,190,pictures/mug.jpg\n", encoding="utf-8")
    path = shop / "campaign.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("catalog: products.csv", "catalog: '*.csv'"), encoding="utf-8")
    assert skus(planning.plan(load(path))) == ["CUP", "MUG-01", "LAMP-02"]


# ---- pictures


def job(shop: Path, images: str, *more: str) -> tuple[Studio, Job]:
    settings = campaign(shop, f"A,Mug,290,{images}\n", *more)
    return Studio(settings, LocalStore(shop / "store")), planning.plan(settings).jobs[0]


def test_pictures_at_addresses_become_files(shop: Path, server: str) -> None:
    studio, asked = job(shop, f"{server}/pictures/mug.jpg|pictures/lamp.jpg", "fetch: {allow_private: true}")
    seen, findings = studio.pictures(asked)
    assert findings == ()
    assert Path(seen.product.images[0]).read_bytes() == (shop / "pictures" / "mug.jpg").read_bytes()
    assert seen.product.images[1] == str(shop / "pictures" / "lamp.jpg")


def test_a_picture_that_cannot_be_had_is_told_and_the_others_are_shown(shop: Path, server: str) -> None:
    images = f"{server}/pictures/gone.jpg|{server}/busy.jpg|pictures/lamp.jpg"
    studio, asked = job(shop, images, "fetch: {allow_private: true}")
    seen, findings = studio.pictures(asked)
    assert [Path(i).name for i in seen.product.images] == ["lamp.jpg"]
    assert [f.severity for f in findings] == ["warn", "warn"]
    assert "gone.jpg" in findings[0].message
    assert "busy.jpg" in findings[1].message


def test_when_no_picture_can_be_had_trouble_that_may_pass_is_tried_again(shop: Path, server: str) -> None:
    studio, asked = job(shop, f"{server}/pictures/gone.jpg|{server}/busy.jpg", "fetch: {allow_private: true}")
    with pytest.raises(Transient, match=r"busy\.jpg"):
        studio.pictures(asked)


def test_private_addresses_are_refused_with_the_way_out(shop: Path, server: str) -> None:
    studio, asked = job(shop, f"{server}/pictures/mug.jpg")
    with pytest.raises(UserError, match="allow_private: true"):
        studio.pictures(asked)


def test_a_product_without_pictures_is_blocked(shop: Path) -> None:
    studio, asked = job(shop, "")
    with pytest.raises(Blocked, match="A has no picture"):
        studio.pictures(asked)


def test_a_from_price_is_part_of_the_keys_and_a_plain_one_is_not() -> None:
    plain = Product.model_validate({"sku": "A", "title": "Mug", "price": {"amount": 9, "currency": "THB"}})
    assert desk.from_mark(plain) == ()
    assert desk.from_mark(plain.model_copy(update={"price_from": True})) != ()


# ---- footage


def test_videos_of_a_product_are_looked_at_and_what_is_none_is_left_out(shop: Path) -> None:
    films.film(shop / "spin.mp4", (np.full((300, 400, 3), (40 + 3 * k, 90, 160), np.uint8) for k in range(50)))
    (shop / "note.mp4").write_text("no video")
    (shop / "products.csv").write_text(
        "sku,title,price,images,footage,title_th,title_vi\nA,Mug,290,pictures/mug.jpg,spin.mp4|note.mp4,แก้ว,Cốc\n", encoding="utf-8"
    )
    settings = load(shop / "campaign.yaml")
    studio, asked = Studio(settings, LocalStore(shop / "store")), planning.plan(settings).jobs[0]
    seen, findings = studio.pictures(asked)
    assert [Path(f).name for f in seen.product.footage] == ["spin.mp4"]
    told = {f.check: f.message for f in findings}
    assert "a video was left out" in told["footage"]
    assert "note.mp4" in told["footage"]
    script = studio.script(seen, studio.texts(seen, planning.Progress()), planning.Progress())
    variant = settings.variant(settings.channels[0])
    without = Job(seen.product.model_copy(update={"footage": ()}), seen.language)
    assert studio.clip_key(seen, script, variant) != studio.clip_key(without, script, variant)


def test_a_video_is_looked_through_once_also_one_that_is_refused(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    films.film(shop / "spin.mp4", (np.full((300, 400, 3), (40 + 3 * k, 90, 160), np.uint8) for k in range(50)))
    films.film(shop / "night.mp4", (np.zeros((300, 400, 3), np.uint8) for _ in range(50)))
    looked: list[str] = []
    real = footage.look

    def look(path: Path) -> footage.Look:
        looked.append(path.name)
        return real(path)

    monkeypatch.setattr(footage, "look", look)
    settings = load(shop / "campaign.yaml")
    for _ in range(2):  # two nights
        studio, progress = Studio(settings, LocalStore(shop / "store")), planning.Progress()
        seen = studio.look(shop / "spin.mp4", progress)
        assert (seen.width, seen.height) == (400, 300)
        assert len(progress.keys) == 1
        with pytest.raises(UserError, match=r"night\.mp4"):
            studio.look(shop / "night.mp4")
    assert sorted(looked) == ["night.mp4", "spin.mp4"]
