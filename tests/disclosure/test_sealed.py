"""A campaign's clips signed once, whatever else is there; and carried by channels with label and signature whole."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from buckets import serving
from platforms import Page
from tellers import encoded
from test_account import MADE, SCRIPT

from localize import campaign as campaigns
from localize import disclosure, planning
from localize.campaign import Campaign
from localize.disclosure import Signer, aigc, certificates, manifest
from localize.domain import Channel, Clip, Post
from localize.errors import Blocked
from localize.publish import Parcel
from localize.publish.folder import lay
from localize.publish.s3 import S3Publisher
from localize.stages import Studio
from localize.store import LocalStore

KEY = "clip/0123456789abcdef0123456789abcdef"


@pytest.fixture
def campaign(shop: Path, signer: Signer) -> Campaign:
    return campaigns.load(shop / "campaign.yaml").model_copy(update={"signing": signer})


def made(studio: Studio) -> Clip:
    """A clip in the store as a run makes it, but for its picture, sound and the disclosure in its sidecar: an older one."""
    plain = studio.disclosure("MUG-01", "th", KEY)
    product = planning.plan(studio.campaign, only=["MUG-01"]).jobs[0].product

    def build(folder: Path) -> None:
        encoded(folder / "clip.mp4", aigc.tags(plain))
        for name in ("cover.jpg", "captions.srt"):
            (folder / name).write_text(name)
        sidecar = MADE | {
            "key": KEY,
            "duration": 1.0,
            "product": product.model_dump(mode="json"),
            "label_glyph": 56,
            "boxes": {"label": [60, 250, 400, 340]},
        }
        (folder / "clip.json").write_text(json.dumps(sidecar))

    there = studio.store.make(KEY, build).folder
    return Clip(
        key=KEY, sku="MUG-01", language="th", duration=1.0, video=str(there / "clip.mp4"), cover=str(there / "cover.jpg"),
        captions=str(there / "captions.srt"), sidecar=str(there / "clip.json"),
    )  # fmt: skip


def test_a_clip_is_signed_once_and_stays_what_it_was(campaign: Campaign, store: LocalStore, certified: certificates.Made) -> None:
    studio = Studio(campaign, store)
    clip = made(studio)
    sealed, again = studio.dispatch.sealed(clip), Studio(campaign, store).dispatch.sealed(clip)
    assert sealed == again
    assert sealed == clip.model_copy(update={"video": sealed.video})
    told = studio.disclosure("MUG-01", "th", KEY)
    disclosure.require(Path(sealed.video), told, signed=True)
    assert manifest.read(Path(sealed.video), certified.authority.read_text()).state == "trusted"
    assert {part.kind for part in told.ingredients} >= {"font", "music", "avatar", "voice engine", "picture"}


def test_the_store_keeps_a_signed_file_as_long_as_its_clip(campaign: Campaign, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or an upload that is gone on with would be one of other bytes."""
    studio, progress = Studio(campaign, store), planning.Progress()
    clip = made(studio)
    monkeypatch.setattr(Studio, "clip_key", lambda *_: KEY)
    monkeypatch.setattr(Studio, "_check", lambda *_: ())
    job = planning.plan(campaign, only=["MUG-01"]).jobs[0]
    unseen = SCRIPT.model_copy(update={"lines": ()})
    studio._variant(job, unseen, campaign.variant(campaign.channels[0]), {}, progress, lambda what: nullcontext())
    sealed = Path(studio.dispatch.sealed(clip).video).parent
    assert sealed.relative_to(store.root).as_posix() in progress.keys


def test_another_certificate_is_another_file(campaign: Campaign, store: LocalStore, tmp_path: Path) -> None:
    other = certificates.make(tmp_path / "other")
    renewed = campaign.model_copy(update={"signing": Signer(certificate=str(other.chain), key=str(other.key))})
    clip = made(Studio(campaign, store))
    assert Studio(campaign, store).dispatch.sealed(clip).video != Studio(renewed, store).dispatch.sealed(clip).video


def test_without_a_certificate_the_clip_goes_as_it_is(campaign: Campaign, store: LocalStore) -> None:
    studio = Studio(campaign.model_copy(update={"signing": Signer()}), store)
    clip = made(studio)
    assert studio.dispatch.sealed(clip) is clip
    disclosure.require(Path(clip.video), studio.disclosure("MUG-01", "th", KEY))


def test_signing_does_not_enter_a_clips_key(campaign: Campaign, store: LocalStore) -> None:
    """Clips that are there are not made again for a certificate."""
    keys = set()
    unseen = campaign.model_copy(update={"hosts": (campaign.host.model_copy(update={"avatar": "none"}),)})  # drawing one takes long
    for settings in (unseen, unseen.model_copy(update={"signing": Signer()})):
        studio = Studio(settings, store)
        job = planning.plan(settings, only=["MUG-01"]).jobs[0]
        keys.add(studio.clip_key(job, SCRIPT, settings.variant(settings.channels[0])))
    assert len(keys) == 1


def test_a_clip_that_was_remuxed_in_the_store_is_not_signed(campaign: Campaign, store: LocalStore) -> None:
    studio = Studio(campaign, store)
    clip = made(studio)
    encoded(Path(clip.video), {})
    with pytest.raises(Blocked, match="no AIGC label"):
        studio.dispatch.sealed(clip)
    assert not list(store.root.glob("sealed/*"))


def test_a_name_that_no_label_may_have_gives_way_to_the_campaigns(campaign: Campaign, store: LocalStore) -> None:
    brand = campaign.brand.model_copy(update={"name": "角落"})
    studio = Studio(campaign.model_copy(update={"brand": brand, "producer": ""}), store)
    assert studio.disclosure("MUG-01", "th", KEY).producer == "corner-shop"


def test_both_survive_the_folder_and_a_later_signature_replaces_the_file(campaign: Campaign, store: LocalStore, tmp_path: Path) -> None:
    studio = Studio(campaign, store)
    clip, told = made(studio), studio.disclosure("MUG-01", "th", KEY)
    for whole in (clip, studio.dispatch.sealed(clip)):
        lay(Parcel("corner-shop", whole, Post(title="แก้ว"), campaign.channels[0], told, tmp_path), tmp_path / "out")
        disclosure.require(tmp_path / "out" / "MUG-01.th.mp4", told, signed=whole is not clip)
    sidecar = json.loads((tmp_path / "out" / "MUG-01.th.json").read_text())
    assert sidecar["disclosure"] == told.model_dump(mode="json")


def test_both_survive_a_bucket(campaign: Campaign, store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "AKIATEST")
    studio = Studio(campaign, store)
    sealed = studio.dispatch.sealed(made(studio))
    told = studio.disclosure("MUG-01", "th", KEY)
    with serving() as buckets:
        buckets.owner.create_bucket(Bucket="clips")
        channel = Channel(name="shop", kind="s3", options={"bucket": "clips", "endpoint": buckets.address})
        S3Publisher().publish(Parcel("corner-shop", sealed, Post(title="แก้ว"), channel, told, tmp_path), Page())
        (name,) = (o["Key"] for o in buckets.owner.list_objects_v2(Bucket="clips")["Contents"] if o["Key"].endswith(".mp4"))
        buckets.owner.download_file("clips", name, str(tmp_path / "back.mp4"))
    disclosure.require(tmp_path / "back.mp4", told, signed=True)
