"""A product becomes a clip's files; what did not change is not made again. Long: only the full check runs these."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from localize import campaign as campaigns
from localize import disclosure, planning, stages
from localize.avatar.drawn import DrawnAvatar
from localize.clip import render
from localize.domain import MOUTH_OPENING, Performance, Product
from localize.media import pcm, probing
from localize.products import pictures
from localize.store import LocalStore

PROJECT = Path(__file__).parents[2]
SKU = "LM-EARB-01"

pytestmark = pytest.mark.heavy


def draw_missing_pictures(catalog: Path) -> None:
    with catalog.open(encoding="utf-8-sig", newline="") as file:
        names = [name for row in csv.DictReader(file) for name in row["images"].split("|") if name]
    for number, name in enumerate(names):
        path = catalog.parent / name
        if not path.exists() or pictures.check(path):
            image = Image.linear_gradient("L").resize((1000, 1000)).convert("RGB")
            ImageDraw.Draw(image).ellipse((250, 250, 750, 750), fill=(40 + 40 * (number % 5), 120, 200 - 30 * (number % 5)))
            image.save(path)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> campaigns.Campaign:
    """The demo's campaign in a folder of its own, with every picture there."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT / "catalog" / "demo", root / "catalog" / "demo", ignore=shutil.ignore_patterns("scenes"))
    shutil.copytree(PROJECT / "assets" / "brand", root / "assets" / "brand")
    draw_missing_pictures(root / "catalog" / "demo" / "products.csv")
    return campaigns.load(root / "catalog" / "demo" / "campaign.yaml")


class Made:
    """What one call of `stages.make` made, and what it had to do for it."""

    def __init__(self, campaign: campaigns.Campaign, store: Path, product: Product | None = None) -> None:
        # A fresh studio each time: nothing is remembered but what is in the store.
        studio = stages.Studio(campaign, LocalStore(store))
        job = next(j for j in planning.plan(campaign, only=[SKU]).jobs if j.language == "th")
        self.progress = planning.Progress()
        self.clip, self.script, self.reused = stages.make(studio, planning.Job(product or job.product, "th"), self.progress)
        self.product = job.product


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def first(campaign: campaigns.Campaign, store: Path) -> Made:
    return Made(campaign, store)


def test_the_clip_is_what_every_platform_takes_and_all_checks_pass(first: Made) -> None:
    facts = probing.probe(first.clip.video)
    assert (facts.width, facts.height, facts.fps) == (1080, 1920, 30)
    assert (facts.codec, facts.profile, facts.pixels, facts.colours) == ("h264", "High", "yuv420p", 1)
    assert (facts.audio_codec, facts.audio_rate, facts.audio_channels) == ("aac", 48_000, 2)
    assert facts.index_first
    assert facts.duration == pytest.approx(first.clip.duration, abs=0.05)
    assert [f for f in first.clip.findings if f.severity == "block"] == []
    assert not first.reused
    assert first.progress.made["voice"] == len(first.script.lines)
    assert first.progress.made["clip"] == 1


def test_what_lies_beside_the_clip_agrees_with_it(first: Made) -> None:
    sidecar = json.loads(Path(first.clip.sidecar).read_text("utf-8"))
    assert json.loads(probing.probe(first.clip.video).tags["AIGC"])["AIGC"]["ProduceID"] in first.clip.key
    with Image.open(first.clip.cover) as cover:
        assert cover.size == (1080, 1920)
        assert np.asarray(cover.convert("L")).std() > 20
    subtitles = Path(first.clip.captions).read_text("utf-8")
    for word in sidecar["words"]:
        assert word["text"] in subtitles
    assert [line["text"] for line in sidecar["lines"]] == [line.text for line in first.script.lines]


def test_what_is_told_of_a_clip_when_it_goes_out_is_what_its_sidecar_says(first: Made, campaign: campaigns.Campaign, store: Path) -> None:
    told = stages.Studio(campaign, LocalStore(store)).disclosure(SKU, "th", first.clip.key)
    assert json.loads(Path(first.clip.sidecar).read_text("utf-8"))["disclosure"] == told.model_dump(mode="json")
    assert {"script engine", "voice engine", "lipsync engine", "avatar", "font", "music", "picture"} <= {p.kind for p in told.ingredients}
    assert all(part.licence for part in told.ingredients)
    disclosure.require(Path(first.clip.video), told)


def test_an_intro_and_an_outro_move_all_that_has_a_time(campaign: campaigns.Campaign, store: Path, first: Made) -> None:
    brand = campaign.brand.model_copy(update={"intro": "auto", "outro": "auto", "corners": "square"})
    channel = campaign.channels[0].model_copy(update={"branding": "yes"})
    made = Made(campaign.model_copy(update={"brand": brand, "channels": (channel,)}), store)
    before, after = (json.loads(Path(m.clip.sidecar).read_text("utf-8")) for m in (first, made))
    assert made.progress.made["voice"] == 0
    assert after["bookends"] == {"intro": 1.2, "outro": 1.8}
    assert after["duration"] == pytest.approx(before["duration"] + 3.0)
    assert probing.probe(made.clip.video).duration == pytest.approx(after["duration"], abs=0.05)
    for name in ("lines", "words"):
        assert [x["start"] for x in after[name]] == [pytest.approx(x["start"] + 1.2, abs=0.002) for x in before[name]]
    mouths = [
        Performance.model_validate_json((Path(m.clip.video).parent / "performance.json").read_text("utf-8")).mouths for m in (first, made)
    ]
    assert [m.start for m in mouths[1]] == [pytest.approx(m.start + 1.2) for m in mouths[0]]
    assert "00:00:00" not in Path(made.clip.captions).read_text("utf-8")
    assert [f for f in made.clip.findings if f.check in ("label", "silence", "duration", "loudness", "spec")] == []
    edge = [probing.frame_at(made.clip.video, t)[-200:, :200].mean(axis=(0, 1)) for t in (0.0, after["duration"] - 0.2)]
    assert all(np.abs(colour - (200, 66, 40)).max() < 30 for colour in edge)  # the brand's


def test_no_two_neighbouring_seconds_are_the_same_picture(first: Made) -> None:
    """Nothing froze: the presenter and the picture move all the time."""
    for second in range(1, int(first.clip.duration) - 1, 3):
        one, other = (probing.frame_at(first.clip.video, second + part).astype(int) for part in (0.0, 0.4))
        assert np.abs(one - other).mean() > 0.2


def test_the_mouth_is_open_when_the_voice_is_loud(first: Made) -> None:
    performance = Performance.model_validate_json((Path(first.clip.video).parent / "performance.json").read_text("utf-8"))
    sound = pcm.read_audio(first.clip.video)
    cells = np.sqrt((sound[: len(sound) // 1600 * 1600].reshape(-1, 1600) ** 2).mean(axis=1))
    opening = np.zeros(len(cells))
    for mouth in performance.mouths:
        opening[round(mouth.start * 30) : round(mouth.end * 30)] = MOUTH_OPENING[mouth.shape]
    loud = 20 * np.log10(np.maximum(cells, cells.max() / 100))
    assert np.corrcoef(opening, loud)[0, 1] > 0.4  # with music under it; benchmarks/sync.py measures without


def test_the_first_host_wears_the_brands_colour_also_at_a_worker(campaign: campaigns.Campaign, tmp_path: Path) -> None:
    def worn(brand: campaigns.Brand) -> str:
        there = campaigns.Campaign.model_validate(campaign.model_copy(update={"brand": brand}).model_dump(mode="json"))
        return stages.Studio(there, LocalStore(tmp_path)).avatars()[0].fingerprint()

    assert worn(campaigns.Brand()) != worn(campaigns.Brand(primary="#204080"))
    assert worn(campaigns.Brand()) == DrawnAvatar.load(campaign.avatar_folders()[0]).fingerprint()


@pytest.mark.parametrize(("avatars", "seen"), [(("none",), 0), (("mali", "arun"), 2)])
def test_a_clip_may_show_nobody_or_two(campaign: campaigns.Campaign, store: Path, first: Made, avatars: tuple[str, ...], seen: int) -> None:
    """Up to the frames: what is encoded from them is the same for all."""
    hosts = tuple(campaign.host.model_copy(update={"avatar": name}) for name in avatars)
    studio = stages.Studio(campaign.model_copy(update={"hosts": hosts}), LocalStore(store))
    job = next(j for j in planning.plan(studio.campaign, only=[SKU]).jobs if j.language == "th")
    script, progress = studio.script(job, studio.texts(job, planning.Progress()), planning.Progress()), planning.Progress()
    job, _ = studio.pictures(job)
    speeches = studio.booth.speeches(script.lines, "th", progress)
    todo, performances = studio.job_to_render(job, script, speeches, "clip/test")
    assert len(performances) == len(todo.presenters) == len(todo.layout.presenters) == seen
    assert {line.host for line in script.lines} == set(range(max(1, seen)))
    assert ("presenter" in todo.disclosure.made) == (seen > 0)
    assert studio.clip_key(job, script, studio.campaign.variant(campaign.channels[0])) != first.clip.key
    composer, _, _ = render.compose(todo)
    second = next((s for s in todo.timeline.spoken if s.line.host == 1), todo.timeline.spoken[-1])
    for performance, own in zip(performances, (todo.timeline.of(n) for n in range(seen)), strict=True):
        talking = [m for m in performance.mouths if m.shape != "X"]
        assert all(any(s.start - 0.1 <= m.start <= s.end + 0.2 for s in own.spoken) for m in talking)
        assert talking
    frame = composer.frame(round(second.start * todo.timeline.fps) + 12).rgb()
    assert frame.shape == (1920, 1080, 3)


def test_the_second_time_nothing_is_made(campaign: campaigns.Campaign, store: Path, first: Made) -> None:
    again = Made(campaign, store)
    assert again.reused
    assert again.clip == first.clip
    assert again.progress.made.total() == 0


def test_one_changed_sentence_is_one_line_spoken_and_one_clip_rendered(campaign: campaigns.Campaign, store: Path, first: Made) -> None:
    text = first.product.localized["th"]
    used = {line.feature for line in first.script.lines if line.feature is not None}
    changes = {"30 ชม": "20 ชม", "5.3": "5.4", "IPX5": "IPX4", "4 กรัม": "5 กรัม"}
    number, before = next((n, b) for n in sorted(used) for b in changes if b in text.features[n])
    features = list(text.features)
    features[number] = features[number].replace(before, changes[before])
    localized = {**first.product.localized, "th": text.model_copy(update={"features": tuple(features)})}
    changed = Made(campaign, store, first.product.model_copy(update={"localized": localized}))
    differing = [b for a, b in zip(first.script.lines, changed.script.lines, strict=True) if a.text != b.text]
    assert len(differing) == 1
    assert changed.progress.made["voice"] == 1
    assert changed.progress.made["clip"] == 1
    assert not changed.reused
    assert changed.clip.key != first.clip.key
