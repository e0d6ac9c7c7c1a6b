"""Clips of people: their consent is asked, their lips are made once, and the picture is theirs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import cv2
import films
import numpy as np
import pytest

from localize import engines, hosts, planning, stages
from localize.avatar.filmed import package
from localize.avatar.filmed.avatar import FilmedAvatar
from localize.campaign import Campaign, load
from localize.clip import layout as layouts
from localize.consent import Consent, dump
from localize.domain import Script
from localize.engines import Card
from localize.errors import Blocked, NotReady, UserError
from localize.lipsync import Boxes, Frame, Patch, Samples
from localize.lipsync.blend import cut
from localize.media import probing
from localize.planning import Progress
from localize.stages import Studio
from localize.store import LocalStore

HOST = "hosts:\n  - avatar: {name}\nscript: {{seconds: 15}}\nbrand:\n"


class Loud:
    """A lip-sync that paints a mouth as bright as the sound is loud, and counts what it makes."""

    card: ClassVar[Card] = Card(name="loud", stage="lipsync", about="", version="1", licence="a test's", quality=99, filmed=True)
    made: ClassVar[list[int]] = []

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return "loud"

    def patches(self, frames: Iterable[Frame], boxes: Boxes, speech: Samples, rate: int, fps: float) -> Iterator[Patch | None]:
        self.made.append(len(boxes))
        for k, (frame, box) in enumerate(zip(frames, boxes, strict=True)):
            where = tuple(round(float(v)) for v in box)
            face = cut(frame, where, 64)  # type: ignore[arg-type]
            part = speech[round(k / fps * rate) : round((k + 1) / fps * rate)]
            face[44:56, 20:44] = min(255, int(3000 * float(np.sqrt(np.mean(part**2))))) if len(part) else 0
            yield Patch(face, where)  # type: ignore[arg-type]


def agreed(**changes: object) -> Consent:
    said = {"who": "Nobody Example", "signed": "2026-01-02", "by": "a test", "languages": "all", "platforms": "all", **changes}
    return Consent.model_validate(said)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a filmed avatar."""
    place = tmp_path_factory.mktemp("avatars")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engines, "get", lambda stage: films.MarkedFaces())
        video = films.film(place / "me.mp4", (films.person(k) for k in range(150)))
        return package.add("anna", video, agreed(), place / "avatars").folder


@pytest.fixture
def anna(shop: Path, home: Path, made: Path) -> package.FilmedPackage:
    """A filmed avatar in the machine's own folder, and the campaign's host."""
    shutil.copytree(made, home / "avatars" / "anna")
    settings = (shop / "campaign.yaml").read_text("utf-8").replace("brand:\n", HOST.format(name="anna"))
    (shop / "campaign.yaml").write_text(settings, "utf-8")
    return package.FilmedPackage.load(home / "avatars" / "anna")


@pytest.fixture
def loud(monkeypatch: pytest.MonkeyPatch) -> type[Loud]:
    known, real = {**engines._found("lipsync"), "loud": Loud}, engines._found
    monkeypatch.setattr(engines, "_found", lambda stage: known if stage == "lipsync" else real(stage))
    Loud.made.clear()
    return Loud


def start(shop: Path, store: LocalStore) -> tuple[Studio, planning.Job]:
    campaign = load(shop / "campaign.yaml")
    return Studio(campaign, store), planning.plan(campaign).jobs[0]


def withdrawn(made: package.FilmedPackage, **changes: object) -> None:
    (made.folder / "consent.yaml").write_text(dump(made.consent.model_copy(update=agreed(**changes).model_dump(exclude={"sha256"}))))


@pytest.mark.heavy
def test_a_clip_shows_the_person_and_its_lips_are_made_once(
    shop: Path, store: LocalStore, anna: package.FilmedPackage, loud: type[Loud]
) -> None:
    studio, job = start(shop, store)
    progress = Progress()
    clip, _, _ = stages.make(studio, job, progress)
    facts = probing.probe(clip.video)
    assert (facts.width, facts.height, round(facts.fps)) == (1080, 1920, 25)
    assert loud.made == [round(clip.duration * 25)]
    assert (progress.made["lipsync"], "lipsync" in progress.seconds) == (1, True)
    told = json.loads(Path(clip.sidecar).read_text("utf-8"))
    assert told["presenters"] == [{"avatar": "anna", "kind": "filmed", "consent": anna.consent.digest()[:16], "faces": anna.sheet.faces}]
    assert "Nobody" not in json.dumps(told)
    assert told["engines"]["lipsync"] == "loud (a test's)"
    assert [f for f in clip.findings if f.severity == "block"] == []
    assert not list(Path(clip.video).parent.glob("performance*"))

    # The mouth is bright while something is said, dark while nothing is, and what is beside the person is theirs.
    _, top, right, _ = layouts.get("presenter-below").presenters[0]
    line = told["lines"][1]
    said, silent = (probing.frame_at(clip.video, t) for t in ((line["start"] + line["end"]) / 2, clip.duration - 0.2))
    (mouth,) = np.argwhere(np.abs(said.astype(int) - silent).sum(axis=2)[1000:1276] > 400).mean(axis=0, keepdims=True)
    assert said[round(1000 + mouth[0]), round(mouth[1])].min() > 150 > silent[round(1000 + mouth[0]), round(mouth[1])].max()
    assert np.abs(said[top + 100 : top + 160, right - 60 : right].astype(int) - (90, 90, 110)).max() < 12

    changed = shop / "campaign.yaml"
    changed.write_text(changed.read_text("utf-8").replace("name: Corner\n", "name: Corner\n  accent: '#3311AA'\n"), "utf-8")
    studio, job = start(shop, store)
    again, _, reused = stages.make(studio, job, Progress())
    assert (reused, again.key == clip.key, loud.made) == (False, False, [round(clip.duration * 25)])
    progress = Progress()
    stages.make(studio, job, progress)
    assert any(name.startswith("lips/") for name in progress.keys)  # or the store would forget them while the clip lives


def test_without_an_engine_nothing_is_paid_for_the_picture(shop: Path, store: LocalStore, anna: package.FilmedPackage) -> None:
    studio, job = start(shop, store)
    with pytest.raises(NotReady, match="no lipsync engine is ready for th") as raised:
        stages.make(studio, job, Progress())
    assert "musetalk" in str(raised.value.how)
    assert "wav2lip" not in str(raised.value.how)  # its weights are not for sellers


def test_no_clip_without_the_persons_consent(shop: Path, store: LocalStore, anna: package.FilmedPackage, loud: type[Loud]) -> None:
    campaign = load(shop / "campaign.yaml")
    assert hosts.doubts(campaign) == ()
    withdrawn(anna, languages=["vi"])
    (doubt,) = hosts.doubts(campaign)
    assert "the avatar anna does not cover all of the campaign" in doubt
    assert "not for Thai (th)" in doubt
    studio, job = start(shop, store)
    with pytest.raises(Blocked, match=r"the avatar anna may not be used: the consent is for Vietnamese \(vi\), not for Thai"):
        stages.make(studio, job, Progress())
    withdrawn(anna, withdrawn="2026-03-01")
    (doubt,) = hosts.doubts(campaign)
    assert "every clip will be blocked" in doubt
    (anna.folder / "consent.yaml").unlink()
    with pytest.raises(Blocked, match=r"campaign\.yaml, line \d+: hosts\.0\.avatar: the avatar anna.*no consent"):
        load(shop / "campaign.yaml")


def test_no_picture_is_made_for_a_channel_that_the_consent_refuses(
    shop: Path, store: LocalStore, anna: package.FilmedPackage, loud: type[Loud]
) -> None:
    path = shop / "campaign.yaml"
    more = 'channels:\n  - {name: window, platform: weibo, aspect: "1:1"}\n'
    path.write_text(path.read_text("utf-8").replace("channels:\n", more), "utf-8")
    studio, job = start(shop, store)
    assert [variant.aspect for variant in studio.variants(job)] == ["1:1", "9:16"]
    withdrawn(anna, platforms=["tiktok"])
    assert [variant.aspect for variant in studio.variants(job)] == ["9:16"]
    script = studio.script(job, studio.texts(job, Progress()), Progress())
    before = studio.clip_key(job, script, studio.variants(job)[0])
    withdrawn(anna, platforms=["tiktok"], by="another form")
    assert studio.clip_key(job, script, studio.variants(job)[0]) != before


def test_that_no_engine_moves_lips_is_told_before_the_night(shop: Path, anna: package.FilmedPackage) -> None:
    (doubt,) = hosts.doubts(load(shop / "campaign.yaml"))
    assert "no clip can be made" in doubt
    assert "crossreel models pull musetalk" in doubt or "pip install" in doubt


def test_a_consent_that_was_withdrawn_in_the_night_stops_the_upload(
    shop: Path, store: LocalStore, anna: package.FilmedPackage, loud: type[Loud]
) -> None:
    studio, job = start(shop, store)
    withdrawn(anna, withdrawn="2026-03-01")
    script = Script.model_construct(lines=())
    with pytest.raises(Blocked, match="the avatar anna may not be used"):
        studio.publish(job, None, studio.campaign.channels[0], script)  # type: ignore[arg-type]


def test_footage_that_nobody_consented_to_is_not_shown(
    shop: Path, store: LocalStore, anna: package.FilmedPackage, loud: type[Loud]
) -> None:
    campaign: Campaign = load(shop / "campaign.yaml")
    with (anna.folder / "footage.mp4").open("ab") as file:
        file.write(b"0")
    (doubt,) = hosts.doubts(campaign)
    assert "footage.mp4 is not what was consented to" in doubt
    studio, job = start(shop, store)
    with pytest.raises(Blocked, match=r"footage\.mp4 is not what was consented to"):
        stages.make(studio, job, Progress())


def test_two_hosts_are_of_a_kind_and_the_engine_is_for_it(shop: Path, anna: package.FilmedPackage) -> None:
    path = shop / "campaign.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("avatar: anna\n", "avatar: anna\n  - avatar: arun\nengines: {lipsync: viseme}\n"), "utf-8")
    with pytest.raises(UserError) as raised:
        load(path)
    assert "anna is filmed, arun drawn: take two of a kind" in str(raised.value)
    assert "viseme moves the lips of drawn hosts, and the campaign's are filmed" in str(raised.value)
    path.write_text(text.replace("avatar: anna\n", "avatar: mali\nengines: {lipsync: wav2lip}\n"), "utf-8")
    with pytest.raises(UserError, match="wav2lip moves the lips of filmed hosts, and the campaign's are drawn"):
        load(path)


@pytest.mark.neural
def test_musetalk_moves_the_lips_of_a_campaigns_host(shop: Path, store: LocalStore, anna: package.FilmedPackage) -> None:
    """A tiny network of the real one's form, from campaign.yaml to the frame: whatever it paints is seen, and only in the face."""
    import tiny_lipsync

    place = tiny_lipsync.musetalk(shop / "musetalk")
    path = shop / "campaign.yaml"
    more = f"engines: {{lipsync: musetalk, options: {{musetalk: {{model: {place}, device: cpu}}}}}}\nlimits:"
    path.write_text(path.read_text("utf-8").replace("limits:", more), "utf-8")
    studio, job = start(shop, store)
    assert hosts.doubts(studio.campaign) == ()
    todo = studio.ready_to_render(job, Progress())
    assert studio.engines_used("th", {})["lipsync"].startswith("musetalk (MIT")
    seen = todo.presenters[0]
    (now,) = seen(1.0)
    left, top, right, bottom = seen.crop.box  # type: ignore[attr-defined]
    film = next(iter(FilmedAvatar(anna).footage.frames([anna.sheet.loop.frame_at(25)])))
    plain = cv2.resize(film[top:bottom, left:right], (seen.crop.width, seen.crop.height), interpolation=cv2.INTER_CUBIC)  # type: ignore[attr-defined]
    moved = np.abs(now.rgba[..., :3].astype(int) - plain).sum(axis=2)
    face = FilmedAvatar(anna).footage.faces.boxes[anna.sheet.loop.frame_at(25)]
    scale = seen.crop.width / (right - left)  # type: ignore[attr-defined]
    x0, y0, x1, y1 = ((v - offset) * scale for v, offset in zip(face, (left, top, left, top), strict=True))
    inside = moved[round((y0 + y1) / 2) : round(y1), round(x0) : round(x1)]
    assert inside.mean() > 10
    assert moved[100 : round((y0 + y1) / 2) - 10, 100:-100].max() == 0
