"""The wiring: what a campaign's run consists of, stage by stage, as plain Python. flows/ only orders and retries it.

products -> script texts -> script -> voice -> lip-sync -> clip -> checks -> publish. Every stage's output is an
artifact in the store under a key made of its inputs, so each of these functions is free the second time.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import cv2
import numpy as np
from pydantic import Field

from localize import campaign as campaigns
from localize import engines, languages, media, money, products
from localize.avatar import perform
from localize.avatar.drawn import DrawnAvatar
from localize.campaign import Campaign
from localize.checks import VERSION as CHECKS_VERSION
from localize.checks import clips as clip_checks
from localize.checks import words as word_checks
from localize.clip import cards, render
from localize.clip import type as typeset
from localize.clip.layout import PRESENTER_RIGHT
from localize.domain import (
    Channel,
    Clip,
    Disclosure,
    Finding,
    Line,
    Model,
    Money,
    Performance,
    Product,
    Receipt,
    Reject,
    Script,
    Speech,
    Text,
)  # fmt: skip
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.lipsync import Lipsync
from localize.products import pictures, sources
from localize.publish import Publisher
from localize.publish import post as posts
from localize.script import Brief, Writer
from localize.store import Artifact, LocalStore, digest, file_digest, key
from localize.timeline import Timeline, lay_out
from localize.translate import Translator
from localize.translate.glossary import GlossaryTranslator
from localize.translate.memory import MemoryTranslator
from localize.translate.products import localize_text
from localize.voice import Voice, VoiceStyle

# Versions of what stages.py itself does to an output; the engines' fingerprints and the stages' own versions come on top.
TEXT_VERSION = SCRIPT_VERSION = SPEECH_VERSION = "1"
LONGEST_PICTURE = 1400  # px: what a still needs to be zoomed in the frame
MOST_PICTURES = 10  # more than a clip of a minute shows

Hold = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True)
class Job:
    """One clip to be: a product in a language."""

    product: Product
    language: str

    @property
    def name(self) -> str:
        return f"{self.language} · {self.product.sku}"


@dataclass(frozen=True)
class Plan:
    """What a run will do: the clips to make, and the rows that can't become one."""

    jobs: tuple[Job, ...]
    rejects: tuple[Reject, ...]
    warnings: tuple[Finding, ...]
    rows: int


class Outcome(Model):
    """How a clip ended. `code` is the exit code its end would have alone; `stage` is where it stopped."""

    sku: str
    language: str
    title: str
    state: Literal["made", "reused", "blocked", "failed"]
    code: int = 0
    stage: str = ""
    message: str = ""
    clip: Clip | None = None
    receipts: tuple[Receipt, ...] = ()
    spoken: int = 0
    lines: int = 0
    seconds: dict[str, float] = Field(default_factory=dict)
    engines: dict[str, str] = Field(default_factory=dict)
    keys: tuple[str, ...] = ()


@dataclass
class Progress:
    """How far a clip is. `at` is the stage in hand; `tell` is called at each stage's start."""

    tell: Callable[[str], None] = lambda stage: None
    at: str = "plan"
    made: Counter[str] = field(default_factory=Counter)
    keys: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.at = name
        self.tell(name)
        start = time.monotonic()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - start, 3)

    def count(self, stage: str, artifact: Artifact) -> Artifact:
        self.keys.append(artifact.key)
        if not artifact.reused:
            self.made[stage] += 1
        return artifact


def plan(campaign: Campaign, *, only: Sequence[str] = (), limit: int = 0) -> Plan:
    """Read the catalog and list the clips to make: catalog order, every language that a channel shows the product in.

    `only` are SKUs, `limit` is a number of products (0: all). Raises UserError for a catalog that can't be read and
    for a SKU that is not in it.
    """
    chosen: list[Product] = []
    rejects: list[Reject] = []
    warnings: list[Finding] = []
    known: set[str] = set()
    skipped: list[products.Skipped] = []
    reading = products.open_catalog(campaign.catalog_files(), campaign.asked())
    for outcome in reading:
        if isinstance(outcome, (Product, Reject)) and only:
            known.add(outcome.sku)
            if outcome.sku not in only:
                continue
        if isinstance(outcome, Product):
            if limit and len(chosen) >= limit:
                continue
            seen, findings = products.look(outcome)
            warnings.extend(findings)
            chosen.append(seen) if isinstance(seen, Product) else rejects.append(seen)
        elif isinstance(outcome, Reject):
            rejects.append(outcome)
        elif isinstance(outcome, Finding):
            warnings.append(outcome)
        else:
            skipped.append(outcome)
    for sku in only:
        if sku not in known:
            raise UserError(f"{sources.shown(campaign.catalog)} has no product {sku!r}.{campaigns.hint(sku, sorted(known))}")
    if not chosen and not rejects:
        raise UserError(products.nothing(reading, skipped))
    jobs = [Job(p, code) for p in chosen for code in campaign.languages if campaign.channels_for(p.sku, code)]
    if campaign.limits.clips:
        jobs = jobs[: campaign.limits.clips]
    return Plan(tuple(jobs), tuple(rejects), tuple(warnings), reading.account.rows)


class Studio:
    """What all clips of a campaign share: engines, translators, rates, the avatar. Safe to use from several threads."""

    def __init__(self, campaign: Campaign, store: LocalStore) -> None:
        self.campaign, self.store = campaign, store
        self._own = threading.local()
        # Planes are small and the encoder needs the other cores: OpenCV's own threads only get in the way.
        cv2.setNumThreads(1)

    @cached_property
    def translators(self) -> tuple[Translator, ...]:
        found: list[Translator] = [MemoryTranslator(self.campaign.memory)] if self.campaign.memory else []
        return (*found, GlossaryTranslator(self.campaign.glossary)) if self.campaign.glossary else tuple(found)

    @cached_property
    def rates(self) -> money.Rates:
        return money.load(self.campaign.rates_file())

    def writer(self, language: str) -> Writer:
        return cast(Writer, self._engine("script", self.campaign.engines.script, language))

    def voice(self, language: str) -> Voice:
        return cast(Voice, self._engine("voice", self.campaign.engines.voice, language))

    def lipsync(self, language: str) -> Lipsync:
        return cast(Lipsync, self._engine("lipsync", self.campaign.engines.lipsync, language))

    def publisher(self, channel: Channel) -> Publisher:
        return cast(Publisher, self._engine("publish", channel.kind, ""))

    def _engine(self, stage: engines.Stage, name: str, language: str) -> engines.Engine:
        return engines.get(stage, name, language=language, allow_noncommercial=self.campaign.allow_noncommercial)

    @property
    def avatar(self) -> DrawnAvatar:
        """The presenter, loaded once a thread: its caches of drawn poses are not shared."""
        if not hasattr(self._own, "avatar"):
            self._own.avatar = DrawnAvatar.load(self.campaign.avatar_folder())
        return cast(DrawnAvatar, self._own.avatar)

    def style(self) -> VoiceStyle:
        host = self.campaign.host
        return VoiceStyle(gender=host.gender, pace=host.pace, pitch=host.pitch)

    # ---- stages

    def prices(self, product: Product, language: str) -> tuple[Money, Money | None]:
        """The price and former price in the money of the language's market."""
        to, charm = languages.get(language).currency, self.campaign.money.charm
        return money.convert_pair(product.price, product.was_price, to, self.rates, charm=charm)

    def texts(self, job: Job, progress: Progress) -> tuple[Text, dict[str, str]]:
        """The product's texts in the job's language, and where each came from. Raises NotReady naming what is missing."""
        product = job.product
        name = key("text", TEXT_VERSION, product, job.language, self.campaign.script.seconds, [t.fingerprint() for t in self.translators])

        def build(folder: Path) -> None:
            long = self.campaign.script.seconds == 60  # only the long scripts use the description
            text, origins = localize_text(product, job.language, self.translators, description=long)
            _write(folder / "text.json", {"text": text.model_dump(mode="json"), "origins": origins})

        made = _read(progress.count("text", self.store.make(name, build)).folder / "text.json")
        return Text.model_validate(made["text"]), made["origins"]

    def script(self, job: Job, text: Text, progress: Progress) -> Script:
        """The script of a job. Raises Blocked with the findings of the script's checks."""
        writer, (now, was) = self.writer(job.language), self.prices(job.product, job.language)
        brief = Brief(self.campaign.script.seconds, self.campaign.script.style, self.campaign.host.gender, self._platform(job))
        p = job.product
        # Only what a writer may use: another picture or another language's text leaves the script as it is.
        seen = (p.sku, p.category, p.brand, text, now, was, job.language, vars(brief), writer.fingerprint(), *_from(p))
        name = key("script", SCRIPT_VERSION, seen)

        def build(folder: Path) -> None:
            written = writer.write(p, text, now, was, job.language, brief)
            _write(folder / "script.json", written.model_dump(mode="json"))

        script = Script.model_validate(_read(progress.count("script", self.store.make(name, build)).folder / "script.json"))
        blocking = [f for f in word_checks.check(script, p) if f.severity == "block"]
        if blocking:
            raise Blocked(" ".join(f.message for f in blocking), findings=tuple(f.message for f in blocking))
        return script

    def speech_key(self, line: Line, language: str) -> str:
        """The key of a Line's speech: its words as they are said, the voice and its style. Not its place in the script."""
        tokens = [vars(t) for t in languages.get(language).read(line.text)]
        return key("speech", SPEECH_VERSION, tokens, language, vars(self.style()), self.voice(language).fingerprint())

    def speech(self, line: Line, language: str, progress: Progress) -> Speech:
        """A Line spoken: a 48 kHz WAV and its timings."""

        def build(folder: Path) -> None:
            voice, lang = self.voice(language), languages.get(language)
            sound = voice.speak(lang.read(line.text), lang, self.style())
            media.write_wav(folder / "line.wav", sound.samples, sound.rate)
            spoken = Speech(
                audio="line.wav", rate=sound.rate, duration=len(sound.samples) / sound.rate, words=sound.words, mouths=sound.mouths,
                engine=voice.card.name,
            )  # fmt: skip
            _write(folder / "speech.json", spoken.model_dump(mode="json"))

        folder = progress.count("voice", self.store.make(self.speech_key(line, language), build)).folder
        speech = Speech.model_validate(_read(folder / "speech.json"))
        return speech.model_copy(update={"audio": str(folder / speech.audio)})

    def pictures(self, job: Job) -> tuple[Job, tuple[Finding, ...]]:
        """The job with its product's pictures as files on this machine, and a finding for each that can't be had.

        Raises Blocked when the product has no picture; when none of them can be had, Transient if that may pass, else
        UserError.
        """
        product = job.product
        if not product.images:
            raise Blocked(f"{product.sku} has no picture: add a file name or an address to the column images.")
        good: list[str] = []
        problems: list[CrossreelError] = []
        for reference in product.images:
            if len(good) == MOST_PICTURES:
                break
            try:
                good.append(str(pictures.obtain(reference, campaigns.home() / "pictures", self.campaign.fetch)))
            except (UserError, NotReady, Transient) as error:
                problems.append(error)
        if not good:
            passing = next((e for e in problems if isinstance(e, Transient)), None)
            if passing:
                raise Transient(f"no picture of {product.sku} could be had: {passing}", retry_after=passing.retry_after)
            raise UserError(f"no picture of {product.sku} can be used: " + "; ".join(map(str, problems)))
        findings = tuple(Finding(check="picture", severity="warn", message=f"a picture was left out: {e}") for e in problems)
        return Job(product.model_copy(update={"images": tuple(good)}), job.language), findings

    def clip_key(self, job: Job, script: Script) -> str:
        """The key of a clip. It needs no speech to exist: the Lines' keys stand for their sound."""
        c, p = self.campaign, job.product
        # Not the whole script's texts: a feature that no Line speaks of is neither heard nor seen.
        texts = script.text.title, script.text.brand, {n: script.text.features[n] for n in script.features_shown()}
        return key(
            "clip", render.VERSION, p.sku, script.lines, texts, script.price, script.was_price,
            [self.speech_key(line, job.language) for line in script.lines],
            self.lipsync(job.language).fingerprint(), self.avatar.fingerprint(), [file_digest(i) for i in p.images],
            PRESENTER_RIGHT, c.brand.primary, c.brand.accent, file_digest(c.brand.logo) if c.brand.logo else "",
            c.video, self._music_digest(), self._producer(), *_from(script),
        )  # fmt: skip

    def clip(self, job: Job, script: Script, origins: dict[str, str], progress: Progress, hold: Hold) -> tuple[Clip, bool]:
        """The clip of a script, checked, and whether it was there already."""
        name = self.clip_key(job, script)
        there = self.store.find(name)
        progress.keys += [self.speech_key(line, job.language) for line in script.lines]
        if there is None:
            with progress.stage("voice"):
                speeches = [self.speech(line, job.language, progress) for line in script.lines]
            with progress.stage("clip"), hold("encode"):
                artifact = self.store.make(name, lambda folder: self._render(job, script, speeches, origins, name, folder))
            progress.count("clip", artifact)
            there, reused = artifact.folder, artifact.reused
        else:
            progress.keys.append(name)
            reused = True
        with progress.stage("checks"):
            findings = self._check(name, there, progress)
        made = _read(there / "clip.json")
        clip = Clip(
            key=name, sku=job.product.sku, language=job.language, duration=made["duration"], video=str(there / "clip.mp4"),
            cover=str(there / "cover.jpg"), captions=str(there / "captions.srt"), sidecar=str(there / "clip.json"), findings=findings,
        )  # fmt: skip
        return clip, reused

    def publish(self, job: Job, clip: Clip, channel: Channel, script: Script) -> Receipt:
        """Put a clip on a channel. Raises Blocked when a finding stops it."""
        post = posts.write(job.product, script, self.disclosure(job.product.sku, job.language, clip.key))
        return self.publisher(channel).publish(clip, post, channel, Path(self.campaign.out))

    def disclosure(self, sku: str, language: str, clip_key: str) -> Disclosure:
        """What is said about this clip being made by AI, in every place it is said."""
        return Disclosure(label=languages.get(language).ai_label, producer=self._producer(), produce_id=clip_key.rpartition("/")[2])

    # ---- how a clip is made

    def job_to_render(self, job: Job, script: Script, speeches: Sequence[Speech], name: str) -> tuple[render.Job, Performance]:
        """What the renderer is given, and what the host does in it."""
        c, fps = self.campaign, 30
        timeline = lay_out(script.lines, speeches, fps)
        performance = self._performance(job, timeline)
        avatar = self.avatar
        encoding = media.Encoding(PRESENTER_RIGHT.width, PRESENTER_RIGHT.height, fps, c.video.crf, c.video.preset)
        return render.Job(
            layout=PRESENTER_RIGHT, script=script, timeline=timeline,
            pictures=[pictures.load(p, LONGEST_PICTURE) for p in job.product.images],
            palette=cards.Palette(c.brand.primary, c.brand.accent), logo=c.brand.logo,
            presenter=lambda t: avatar.sprites(performance, t), music=c.video.music, encoding=encoding,
            disclosure=self.disclosure(job.product.sku, job.language, name),
        ), performance  # fmt: skip

    def _performance(self, job: Job, timeline: Timeline) -> Performance:
        seed = int(digest(job.product.sku)[:8], 16)
        return perform(timeline.spoken, self.lipsync(job.language).track(timeline), timeline.duration, seed)

    def _render(self, job: Job, script: Script, speeches: Sequence[Speech], origins: dict[str, str], name: str, folder: Path) -> None:
        todo, performance = self.job_to_render(job, script, speeches, name)
        done = render.render(todo, folder)
        spoken = todo.timeline.spoken
        _write(folder / "performance.json", performance.model_dump(mode="json"))
        product = job.product.model_copy(update={"images": tuple(Path(i).name for i in job.product.images)})
        shown = [script.text.title, script.text.brand, *(script.text.features[n] for n in script.features_shown())]
        sidecar = {
            "key": name, "sku": product.sku, "language": job.language, "title": script.text.title, "duration": todo.timeline.duration,
            "product": product.model_dump(mode="json"), "script": script.model_dump(mode="json"), "text_origins": origins,
            "lines": [{"text": s.line.text, "start": round(s.start, 3), "end": round(s.end, 3)} for s in spoken],
            "words": [w.model_dump() for w in done.words],
            "boxes": done.boxes, "label_glyph": done.label_glyph, "pictures": len(todo.pictures),
            "unprintable": typeset.unprintable(" ".join([*shown, *(line.text for line in script.lines)]), job.language),
            "loudness": {"integrated": done.loudness.integrated, "true_peak": done.loudness.true_peak},
            "engines": self.engines_used(job.language), "rates_date": str(self.rates.date),
            "target_seconds": self.campaign.script.seconds, "disclosure": todo.disclosure.model_dump(mode="json"),
        }  # fmt: skip
        _write(folder / "clip.json", sidecar)

    def engines_used(self, language: str) -> dict[str, str]:
        """Which engine served each stage, with the licence of what it runs."""
        used = (self.writer(language), self.voice(language), self.lipsync(language))
        return {e.card.stage: f"{e.card.name} ({e.card.licence})" for e in used}

    def _check(self, name: str, folder: Path, progress: Progress) -> tuple[Finding, ...]:
        def build(target: Path) -> None:
            made = _read(folder / "clip.json")
            layout = PRESENTER_RIGHT
            label = cards.ai_label(made["language"], layout.safe[2] - layout.safe[0])
            expected = clip_checks.Expected(
                width=layout.width, height=layout.height, fps=30, duration=made["duration"], target=made["target_seconds"],
                safe=layout.safe, boxes={k: tuple(v) for k, v in made["boxes"].items()},
                spoken=tuple((line["start"], line["end"]) for line in made["lines"]), label=np.asarray(label.rgba, np.uint8),
                label_glyph=made["label_glyph"], pictures=made["pictures"], unprintable=made["unprintable"],
            )  # fmt: skip
            found = clip_checks.check(folder / "clip.mp4", expected)
            _write(target / "findings.json", [f.model_dump(mode="json") for f in found])

        artifact = progress.count("checks", self.store.make(key("checks", CHECKS_VERSION, name), build))
        return tuple(Finding.model_validate(f) for f in json.loads((artifact.folder / "findings.json").read_text(encoding="utf-8")))

    def _platform(self, job: Job) -> str:
        """The platform a script may speak of: the channels' own if they all have the same, else none."""
        platforms = {c.platform for c in self.campaign.channels_for(job.product.sku, job.language)}
        return platforms.pop() if len(platforms) == 1 else "any"

    def _producer(self) -> str:
        """Who the label's metadata names, in the characters that GB 45438 allows there."""
        name = self.campaign.producer or self.campaign.brand.name or self.campaign.name
        return "".join(c for c in name if "!" <= c <= "}" and c not in '"\\')

    def _music_digest(self) -> list[str]:
        """What the sound hangs on besides the speech: the bed and the stings, or nothing without music."""
        bed = self.campaign.video.music
        return [] if bed == "none" else [file_digest(render.MUSIC / f"{name}.ogg") for name in (bed, "whoosh", "price")]


def make(studio: Studio, job: Job, progress: Progress | None = None, hold: Hold = lambda what: nullcontext()) -> tuple[Clip, Script, bool]:
    """Make one clip through every stage up to its checks; publishing is a step of its own.

    `hold(what)` is entered around what needs a scarce resource ("encode"). Returns the clip, its script and whether
    the clip was there already. Raises the four errors of localize.errors; `progress.at` names the stage they came from.
    """
    progress = progress or Progress()
    with progress.stage("translate"):
        text, origins = studio.texts(job, progress)
    with progress.stage("script"):
        script = studio.script(job, text, progress)
    with progress.stage("pictures"):
        seen, missing = studio.pictures(job)
    clip, reused = studio.clip(seen, script, origins, progress, hold)
    return clip.model_copy(update={"findings": (*clip.findings, *missing)}), script, reused


def _from(priced: Product | Script) -> tuple[str, ...]:
    """What a "from" price adds to a key; nothing where there is none, as such clips were made before there were any."""
    return ("price_from",) if priced.price_from else ()


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
