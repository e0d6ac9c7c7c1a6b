"""What a campaign of dubs is to make: of files and folders, and of a catalog's footage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from dubs import TALK, asked
from sounds import tune, video

from flows.watch import Event
from localize import campaign as campaigns
from localize import cli_run, report, runs
from localize.campaign import Campaign
from localize.domain import SourceVideo
from localize.dub import jobs, sources
from localize.errors import Transient, UserError
from localize.planning import Dub, Plan
from localize.store import LocalStore


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return video(tmp_path_factory.mktemp("film") / "film.mp4", tune(1.0), seconds=1.0)


@pytest.fixture
def folder(film: Path, tmp_path: Path) -> Path:
    """Two videos, one with a transcript, and what is none."""
    for name in ("table-lamp.mp4", "mug.mp4"):
        (tmp_path / name).symlink_to(film)
    (tmp_path / "broken.mp4").write_bytes(b"no video at all" * 100)
    return tmp_path


def planned(path: Path, only: Sequence[str] = (), limit: int = 0) -> tuple[Campaign, Plan[SourceVideo]]:
    campaign = campaigns.load(path)
    return campaign, jobs.plan(campaign, only=only, limit=limit)


def test_every_video_is_dubbed_into_every_language_and_what_is_none_is_rejected(folder: Path) -> None:
    path = asked(folder / "table-lamp.mp4", languages=["th", "vi"], dub={"videos": ["."]})
    _, plan = planned(path)
    assert [job.name for job in plan.jobs] == ["th · mug", "vi · mug", "th · table-lamp", "vi · table-lamp"]
    lamp = plan.jobs[2].product
    assert (lamp.title, Path(lamp.transcript).name, lamp.language) == ("table lamp", "table-lamp.srt", "en")
    (reject,) = plan.rejects
    assert reject.file.endswith("broken.mp4")
    assert reject.reason
    assert (plan.rows, plan.unit) == (3, "video")


def test_a_video_that_is_none_is_told_once_by_its_path_and_has_no_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, plan = planned(asked(folder / "mug.mp4", dub={"videos": ["broken.mp4", "mug.mp4"]}))
    printed = list[str]()
    monkeypatch.setattr(cli_run.console, "print", lambda text, **_: printed.append(text))
    cli_run.Screen().on(Event("planned", plan=plan))
    cli_run.print_rejects(plan)
    assert printed[0] == "2 videos: 1 clips to make, 1 videos rejected"
    assert printed[-1].startswith(f"[yellow]rejected[/yellow]  {folder / 'broken.mp4'} can't be read as a video")
    assert printed[-1].count("broken.mp4") == 1
    store = LocalStore(folder / "store")
    runs.begin(store, "monday", campaign, plan, folder / "campaign.yaml")
    page = report.again(store, "monday").read_text(encoding="utf-8")
    assert "2 videos, 1 clips planned" in page
    assert "Videos that can't become a clip" in page
    assert f"<td>{folder / 'broken.mp4'}</td>" in page
    assert "catalog" not in page.partition("<main>")[2].partition("</main>")[0]


def test_some_of_the_videos_are_chosen_by_their_names(folder: Path) -> None:
    path = asked(folder / "mug.mp4", dub={"videos": ["."]})
    _, plan = planned(path, only=["mug"])
    assert [job.name for job in plan.jobs] == ["th · mug"]
    assert not plan.rejects  # nobody asked for the broken one
    assert len(planned(path, limit=1)[1].jobs) == 1


def test_no_video_is_fetched_that_nobody_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = list[str]()
    had = sources.had
    monkeypatch.setattr(sources, "had", lambda wanted, *rest: (fetched.append(wanted.name), had(wanted, *rest))[1])
    path = asked(folder / "mug.mp4", dub={"videos": ["."]})
    planned(path, only=["mug"])
    planned(path, limit=1)
    assert fetched == ["mug", "broken", "mug"]  # the broken one is no video


def test_names_are_kept_beside_the_reviews(folder: Path, film: Path) -> None:
    path = asked(folder / "mug.mp4", dub={"videos": ["**/*.mp4"]}, review={"file": "read/over.csv"})
    planned(path)
    (folder / "a").mkdir()
    (folder / "a" / "mug.mp4").symlink_to(film)
    _, plan = planned(path)
    assert [job.product.sku for job in plan.jobs] == ["a-mug", "mug", "table-lamp"]
    assert [job.product.video for job in planned(path, only=["mug"])[1].jobs] == [str(folder / "mug.mp4")]
    assert (folder / "read" / "dubs.videos.json").is_file()


def test_names_that_cannot_be_kept_are_told_of(folder: Path) -> None:
    (folder / "read").write_text("a file in the folder's place")
    _, plan = planned(asked(folder / "mug.mp4", review={"file": "read/over.csv"}))
    (finding,) = (finding for finding in plan.warnings if finding.check == "names")
    assert "dubs.videos.json can't be written: " in finding.message
    assert len(plan.jobs) == 1


def test_what_is_in_trouble_is_told_of_with_its_name_and_that_the_next_run_asks_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def obtain(*_: object) -> Path:
        raise Transient("shop.example/talk.mp4: the server has trouble (it answers 503)")

    monkeypatch.setattr(sources, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(sources.footage, "obtain", obtain)
    _, plan = planned(asked(folder / "mug.mp4", dub={"videos": ["https://shop.example/talk.mp4"]}))
    (reject,) = plan.rejects
    assert (reject.sku, reject.value) == ("talk", "shop.example/talk.mp4")
    assert reject.reason.endswith("(it answers 503) (asked for 3 times; the next run asks again)")


def test_a_transcript_in_another_language_than_is_said_to_be_spoken_is_told_of(folder: Path) -> None:
    _, plan = planned(asked(folder / "mug.mp4", TALK * 4, source_language="zh"))
    assert [f.message for f in plan.warnings if f.check == "transcript"] == [
        "mug.srt is in English, and mug is said to speak Chinese: give the transcript of what is spoken, or say what is (`--from`, "
        "`source_language`)."
    ]
    assert not [f for f in planned(asked(folder / "mug.mp4", TALK * 4))[1].warnings if f.check == "transcript"]


@pytest.mark.parametrize("key", ["transcripts", "consent"])
def test_an_address_of_what_must_be_a_file_is_refused_without_its_key(folder: Path, key: str) -> None:
    path = asked(folder / "mug.mp4", dub={key: "https://shop.example/mug.srt?sig=T0KEN"})
    with pytest.raises(UserError, match=rf"dub\.{key}: shop\.example/mug\.srt is an address") as error:
        campaigns.load(path)
    assert "T0KEN" not in str(error.value)


def test_a_name_that_no_video_has_is_refused_with_the_one_that_was_meant(folder: Path) -> None:
    (folder / "broken.mp4").unlink()
    with pytest.raises(UserError, match=r"there is no video 'table_lamp' to dub\..*table-lamp"):
        planned(asked(folder / "mug.mp4", dub={"videos": ["."]}), only=["table_lamp"])


def test_a_video_asked_for_by_name_that_cannot_be_read_is_told_of(folder: Path) -> None:
    _, plan = planned(asked(folder / "mug.mp4", dub={"videos": ["."]}), only=["broken"])
    assert not plan.jobs
    assert [Path(r.file).name for r in plan.rejects] == ["broken.mp4"]


def test_where_there_is_nothing_at_all_that_is_an_error_or_a_reject(tmp_path: Path, film: Path) -> None:
    (tmp_path / "film.mp4").symlink_to(film)
    _, plan = planned(asked(tmp_path / "film.mp4", dub={"videos": ["missing.mp4"]}))
    assert not plan.jobs
    assert "missing.mp4" in plan.rejects[0].reason


def test_a_campaign_of_dubs_reaches_a_worker_as_it_was(folder: Path) -> None:
    campaign, plan = planned(asked(folder / "mug.mp4", dub={"captions": "burned", "keep_length": True}))
    there = Campaign.model_validate(campaign.model_dump(mode="json"))
    assert there.dub == campaign.dub
    job = plan.jobs[0]
    assert Dub(type(job.product).model_validate(job.product.model_dump(mode="json")), job.language) == job


@pytest.mark.parametrize("scheme", ["rtsp", "ftp", "https"])
def test_what_an_address_keeps_secret_is_neither_told_nor_noted(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("SHOP_LOGIN", "PASSW0RD")
    monkeypatch.setenv("SHOP_SIGN", "T0KEN")
    (tmp_path / "film.mp4").symlink_to(film)
    address = f"{scheme}://anna:${{SHOP_LOGIN}}@127.0.0.1/talk.mp4?sig=${{SHOP_SIGN}}"
    campaign, plan = planned(asked(tmp_path / "film.mp4", dub={"videos": [address, "film.mp4"]}))
    assert campaign.dub.videos[0] == address
    (reject,) = plan.rejects
    assert "127.0.0.1/talk.mp4" in reject.file
    store = LocalStore(tmp_path / "store")
    runs.begin(store, "monday", campaign, plan, tmp_path / "campaign.yaml")
    assert runs.planned(store, "monday").campaign.dub.videos == ("127.0.0.1/talk.mp4", str(tmp_path / "film.mp4"))
    noted = [path.read_text(encoding="utf-8") for path in store.root.rglob("*.json")]
    assert noted
    assert not [secret for secret in ("PASSW0RD", "T0KEN") if secret in f"{noted} {plan} {campaign!r}"]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://anna:PASSW0RD@shop.example/talk.mp4", "shop.example/talk.mp4: the password stands in the address"),
        ("https://shop.example/talk.mp4?sig=T0KEN", "shop.example/talk.mp4: the secret `sig` stands in the address"),
        ("s3://ID:T0KEN@clips/talk.mp4", "clips/talk.mp4: the password stands in the address"),
        ("${SHOP}/talk.mp4?token=T0KEN", "${…: the secret `token` stands in the address"),
    ],
)
def test_an_address_with_a_secret_written_out_is_refused_before_it_is_in_every_run(tmp_path: Path, address: str, told: str) -> None:
    path = asked(tmp_path / "film.mp4", dub={"videos": ["film.mp4", address]})
    line = next(n for n, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if "talk.mp4" in text)
    with pytest.raises(UserError) as raised:
        campaigns.load(path)
    assert f"campaign.yaml, line {line}: dub.videos: {told}" in str(raised.value)
    assert "${NAME}" in str(raised.value)
    assert not [secret for secret in ("PASSW0RD", "T0KEN") if secret in str(raised.value)]


# ---- a catalog's footage

PRODUCTS = """\
sku,title,price,currency,brand,category,footage,images,title_th
LAMP-1,Table lamp,290,THB,Glow,home,clips/table-lamp.mp4,,โคมไฟตั้งโต๊ะ
MUG-2,Clay mug,190,THB,Corner,kitchen,clips/mug.mp4|clips/broken.mp4,,แก้วดินเผา
CUP-3,Cup,90,THB,Corner,kitchen,,,ถ้วย
HAT-4,Hat,,,,,,,
"""


@pytest.fixture
def shop(folder: Path) -> Path:
    (folder / "clips").mkdir()
    for name in ("table-lamp.mp4", "mug.mp4", "broken.mp4"):
        (folder / name).rename(folder / "clips" / name)
    (folder / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    return asked(folder / "products.mp4", said=(), languages=["th", "vi"], catalog="products.csv", dub={"videos": [], "footage": True})


def test_a_products_videos_are_named_by_its_sku_and_have_its_texts(shop: Path) -> None:
    _, plan = planned(shop)
    assert [job.name for job in plan.jobs] == ["th · LAMP-1", "vi · LAMP-1", "th · MUG-2-1", "vi · MUG-2-1"]
    lamp = plan.jobs[0].product
    assert (lamp.title, lamp.brand, lamp.category) == ("Table lamp", "Glow", "home")
    assert lamp.localized["th"].title == "โคมไฟตั้งโต๊ะ"


def test_each_row_ends_as_a_dub_a_reject_or_a_word_about_it(shop: Path) -> None:
    _, plan = planned(shop)
    assert (plan.rows, plan.unit) == (4, "row")
    assert [(r.file, r.row, r.sku, r.column) for r in plan.rejects] == [
        ("products.csv", 5, "HAT-4", "price"), ("products.csv", 3, "MUG-2", "footage"),
    ]  # fmt: skip
    assert "Nothing is dubbed of CUP-3: no video stands in their column footage." in [f.message for f in plan.warnings]


def test_a_sku_stands_for_all_of_its_videos(shop: Path) -> None:
    assert [job.product.sku for job in planned(shop, only=["MUG-2"])[1].jobs] == ["MUG-2-1", "MUG-2-1"]
    assert [job.product.sku for job in planned(shop, only=["LAMP-1"])[1].jobs] == ["LAMP-1", "LAMP-1"]


def test_a_video_that_no_channel_shows_is_told_of(shop: Path) -> None:
    shop.write_text(shop.read_text().replace("kind: folder", "kind: folder\n  only: [LAMP-1, MUG-2]"), encoding="utf-8")
    _, plan = planned(shop)
    assert [job.name for job in plan.jobs] == ["th · LAMP-1", "vi · LAMP-1"]
    assert "MUG-2-1 is not dubbed, as no channel shows it: add 'MUG-2-1' to a channel's `only`." in [f.message for f in plan.warnings]
