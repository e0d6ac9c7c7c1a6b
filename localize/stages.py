"""The wiring: what a campaign's run consists of, stage by stage, as plain Python. flows/ only orders and retries it.

products -> script texts -> script -> voice -> lip-sync -> clip -> checks -> publish. Every stage's output is an
artifact in the store under a key made of its inputs, so each of these functions is free the second time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import av
import cv2
import numpy as np

from localize import campaign as campaigns
from localize import consent as consents
from localize import engines, kit, languages
from localize.avatar import Scene, perform
from localize.avatar import choose as gesture_words
from localize.avatar.drawn import DrawnAvatar
from localize.avatar.filmed.avatar import FilmedAvatar, Zone
from localize.avatar.filmed.package import FilmedPackage
from localize.avatar.package import Package
from localize.booth import Booth
from localize.campaign import Campaign
from localize.checks import VERSION as CHECKS_VERSION
from localize.checks import clips as clip_checks
from localize.clip import cards, render
from localize.clip import footage as footages
from localize.clip import layout as layouts
from localize.clip import type as typeset
from localize.clip.compose import Sprite
from localize.clip.layout import Layout
from localize.clip.window import Window
from localize.darkroom import Darkroom
from localize.desk import Desk, from_mark, read_json, write_json
from localize.disclosure import account, aigc
from localize.dispatch import Dispatch
from localize.domain import (
    Channel,
    Clip,
    Disclosure,
    Finding,
    Line,
    Performance,
    Product,
    Receipt,
    Script,
    Speech,
    Variant,
)  # fmt: skip
from localize.engines import Engine
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.lipsync import FilmedLipsync, Lipsync
from localize.lipsync import patches as patch_files
from localize.media import mp4, pcm
from localize.planning import Hold, Job, Progress
from localize.products import footage as videos
from localize.products import pictures
from localize.publish import post as posts
from localize.script import phrases
from localize.sections import Brand
from localize.store import LocalStore, digest, file_digest, key
from localize.timeline import Timeline, lay_out

CLOTHES = "jacket"  # the colour of a drawn host that a brand's may replace
MOST_PICTURES = 10  # more than a clip of a minute shows
MOST_FOOTAGE = 3  # of a product's videos are shown
REFUSED = "refused.txt"  # why a video can't be shown, in place of what was seen of it
FPS, FILMED_FPS = 30, 25  # of clips; footage is kept at 25, and none of its frames is to be seen twice
LIPS_VERSION = "1"  # raise it when the same speech would give a filmed host's patches another form


class Lips(NamedTuple):
    """A filmed host's patches for a clip: their key in the store, and the file."""

    key: str
    file: Path


class Studio(Desk):
    """What all clips of a campaign share: a desk for the words, engines for the rest, the avatar. Safe to use from several
    threads."""

    def __init__(self, campaign: Campaign, store: LocalStore) -> None:
        super().__init__(campaign, store)
        self.booth = Booth(campaign, store, self._engine)
        self.darkroom = Darkroom(campaign, store, self._engine)
        self._own = threading.local()
        # Planes are small and the encoder needs the other cores: OpenCV's own threads only get in the way.
        cv2.setNumThreads(1)

    def lipsync(self, language: str) -> Lipsync | FilmedLipsync:
        """What moves the lips of the hosts that are seen; a campaign that names one for others is refused when it is read."""
        filmed = self.campaign.filmed
        named = self.campaign.engines.lipsync
        return cast(Lipsync | FilmedLipsync, self._engine("lipsync", named, language, able=lambda card: card.filmed == filmed))

    def avatars(self, scale: float = 1.0) -> tuple[DrawnAvatar | FilmedAvatar, ...]:
        """The hosts that are seen, loaded once a thread: their caches of drawn poses are not shared. The first drawn one wears the
        brand's colour where the campaign gives one; of two, the second keeps their own, or they would be in uniform. Drawn ones are
        `scale` times their own size.

        Raises Blocked for a filmed one whose footage is not what was consented to."""
        if not hasattr(self._own, "avatars"):
            self._own.avatars = {}
        loaded = cast(dict[float, tuple[DrawnAvatar | FilmedAvatar, ...]], self._own.avatars)
        scale = 1.0 if self.campaign.filmed else scale
        if scale not in loaded:
            brand = self.campaign.brand
            folders = self.campaign.avatar_folders()
            if self.campaign.filmed:
                loaded[scale] = tuple(FilmedAvatar.load(folder) for folder in folders)
            else:
                # Compared, as a campaign that has been to a worker does not know any more what its file said.
                worn = {} if brand.primary == Brand().primary else {CLOTHES: brand.primary}
                worn = worn if folders and CLOTHES in Package.read(folders[0] / "avatar.yaml").colours else {}
                loaded[scale] = tuple(DrawnAvatar.load(folder, scale, {} if n else worn) for n, folder in enumerate(folders))
        return loaded[scale]

    @property
    def fps(self) -> int:
        """Frames a second of the campaign's clips."""
        return FILMED_FPS if self.campaign.filmed else FPS

    def permitted(self, job: Job) -> tuple[Channel, ...]:
        """The channels that the clip is for and that the consents to the hosts' voices and faces cover. Raises Blocked where there are
        some that it is for, and none that they cover."""
        asked = self.campaign.channels_for(job.product.sku, job.language)
        return consents.covered(asked, lambda channel: self.permit((), job.language, channel))

    def variants(self, job: Job) -> tuple[Variant, ...]:
        """The different pictures that a clip is made in, the first channel's first: none for a channel that a consent refuses."""
        channels = self.permitted(job) or self.campaign.channels[:1]
        return tuple(dict.fromkeys(self.campaign.variant(channel) for channel in channels))

    def _permit_faces(self, language: str, platform: str) -> None:
        """Raise Blocked if a filmed host has not consented to this use, or not any more: read each time, as a night is long."""
        if self.campaign.filmed:
            for folder in self.campaign.avatar_folders():
                FilmedPackage.load(folder).require(language=language, platform=platform)

    # ---- stages

    def pictures(
        self, job: Job, progress: Progress | None = None, hold: Hold = lambda what: nullcontext()
    ) -> tuple[Job, tuple[Finding, ...]]:
        """The job with its product's pictures and videos as files on this machine, and a finding for each that can't be had.

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
        findings = [Finding(check="picture", severity="warn", message=f"a picture was left out: {e}") for e in problems]
        findings += self.darkroom.cut_out(good, progress, hold)
        shown: list[str] = []
        for reference in product.footage:
            if len(shown) == MOST_FOOTAGE:
                break
            try:
                path = videos.obtain(reference, campaigns.home() / "pictures", self.campaign.fetch)
                findings += self.look(path, progress).findings
                shown.append(str(path))
            except (UserError, NotReady, Transient) as error:
                findings.append(Finding(check="footage", severity="warn", message=f"a video was left out: {error}"))
        return Job(product.model_copy(update={"images": tuple(good), "footage": tuple(shown)}), job.language), tuple(findings)

    def look(self, path: Path, progress: Progress | None = None) -> footages.Look:
        """What is seen of a video, looked through once in its life. Raises UserError where it can't be shown."""

        def build(folder: Path) -> None:
            try:
                footages.write(footages.look(path), folder)
            except UserError as error:
                if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, av.FFmpegError):
                    raise  # of the disk, not of the video
                (folder / REFUSED).write_text(str(error), encoding="utf-8")

        artifact = self.store.make(key("footage", footages.VERSION, file_digest(path)), build)
        if progress:
            progress.count("footage", artifact)
        if (artifact.folder / REFUSED).is_file():
            raise UserError((artifact.folder / REFUSED).read_text(encoding="utf-8"))
        return footages.read(artifact.folder, path)

    def clip_key(self, job: Job, script: Script, variant: Variant) -> str:
        """The key of a clip. It needs no speech to exist: the Lines' keys stand for their sound."""
        c, p, layout = self.campaign, job.product, layouts.get(variant.layout, variant.aspect)
        avatars = self.avatars(layout.scale)
        # Not the whole script's texts: a feature that no Line speaks of is neither heard nor seen.
        texts = (
            script.text.title,
            script.text.brand if variant.branded else "",
            {n: script.text.features[n] for n in script.features_shown()},
        )
        return key(
            "clip", render.VERSION, p.sku, script.lines, texts, script.price, script.was_price,
            [self.booth.key(line, job.language) for line in script.lines], c.script.seconds,
            self.lipsync(job.language).fingerprint() if avatars else "", [a.fingerprint() for a in avatars],
            gesture_words.fingerprint(job.language) if avatars and not c.filmed else "", self._shown(),
            [file_digest(i) for i in p.images], [(footages.VERSION, file_digest(f)) for f in p.footage],
            layout, variant.branded, c.brand.primary, c.brand.accent, file_digest(c.brand.logo) if c.brand.logo and variant.branded else "",
            c.video.model_copy(update={"layout": "", "aspect": "9:16", "cutout": "auto"}), self._sounds(self._bed(p)), self._producer(),
            *from_mark(script), *kit.mark(c.brand, variant), *self.darkroom.mark(),
        )  # fmt: skip

    def clip(self, job: Job, script: Script, origins: dict[str, str], progress: Progress, hold: Hold) -> tuple[Clip, bool]:
        """The clip of a script in every picture that its channels ask for, checked, and whether all were there already."""
        made = [self._variant(job, script, variant, origins, progress, hold) for variant in self.variants(job)]
        (first, reused), *more = made
        return first.model_copy(update={"others": tuple(clip for clip, _ in more)}), reused and all(there for _, there in more)

    def _variant(
        self, job: Job, script: Script, variant: Variant, origins: dict[str, str], progress: Progress, hold: Hold
    ) -> tuple[Clip, bool]:
        progress.at = "clip"  # what is missing to make it is told so
        name = self.clip_key(job, script, variant)
        there = self.store.find(name)
        progress.keys += [self.booth.key(line, job.language) for line in script.lines]
        progress.keys += kit.keys(self.campaign.brand, variant, layouts.SIZES[variant.aspect], self.fps).values()
        if there is None:
            with progress.stage("voice"), hold("gpu") if self.booth.needs_gpu(script.lines, job.language) else nullcontext():
                speeches = self.booth.speeches(script.lines, job.language, progress)
            lips = self._lips(job, lay_out(script.lines, speeches, self.fps), progress, hold) if self.campaign.filmed else ()
            with progress.stage("clip"), hold("encode"):
                artifact = self.store.make(name, lambda folder: self._render(job, script, variant, speeches, lips, origins, name, folder))
            progress.count("clip", artifact)
            there, reused = artifact.folder, artifact.reused
        else:
            progress.keys.append(name)
            progress.keys += read_json(there / "clip.json").get("lips", [])
            reused = True
        with progress.stage("checks"):
            findings = self._check(name, there, progress)
        made = read_json(there / "clip.json")
        findings = (*findings, *(Finding.model_validate(f) for f in made["voice"]["findings"]))
        clip = Clip(
            key=name, sku=job.product.sku, language=job.language, duration=made["duration"], video=str(there / "clip.mp4"),
            cover=str(there / "cover.jpg"), captions=str(there / "captions.srt"), sidecar=str(there / "clip.json"), findings=findings,
            variant=variant.name,
        )  # fmt: skip
        if self.campaign.signing:
            progress.keys.append(self.dispatch.seal(clip))  # signed when it goes out, and kept as long as the clip
        return clip, reused

    @cached_property
    def dispatch(self) -> Dispatch:
        return Dispatch(self)

    def publish(self, job: Job, clip: Clip, channel: Channel, script: Script) -> Receipt:
        """Put a clip on a channel. Raises Blocked when a finding or the consent to a host's voice or face stops it."""
        self.permit(script.lines, job.language, channel)
        shown = clip.of(self.campaign.variant(channel))
        told = self.disclosure(job.product.sku, job.language, shown.key).worded(channel.disclosure)
        post = posts.write(job.product, script, told, channel.platform, channel.hashtags)
        return self.dispatch.send(shown, channel, post)

    def permit(self, lines: Sequence[Line], language: str, channel: Channel) -> None:
        """Raise Blocked unless the consents to the hosts' voices and faces cover a channel: the voices of those who speak the `lines`, of
        all where there are none."""
        self.booth.permit(lines, language=language, platform=channel.platform)
        self._permit_faces(language, channel.platform)

    def disclosure(self, sku: str, language: str, clip_key: str) -> Disclosure:
        """What is said about this clip being made by AI, in every place it is said; of one that is there, with its consents and what it
        was made of and with."""
        made = ("script", "voice", "presenter") if self.campaign.avatar_folders() else ("script", "voice")
        produced = clip_key.rpartition("/")[2]
        told = Disclosure(label=languages.get(language).ai_label, producer=self._producer(), produce_id=produced, made=made)
        there = self.store.find(clip_key)
        return self._accounted(told, read_json(there / "clip.json")) if there else told

    def _accounted(self, told: Disclosure, made: dict[str, Any]) -> Disclosure:
        """A clip's disclosure with what its sidecar knows."""
        licences = {p.name: p.sheet.licence for p in self.booth.packages if p}
        for folder in self.campaign.avatar_folders():
            filmed = self.campaign.filmed
            licences[folder.name] = FilmedPackage.load(folder).sheet.licence if filmed else Package.read(folder / "avatar.yaml").licence
        return account.accounted(told, made, licences, self._bed(Product.model_validate(made["product"])))

    # ---- how a clip is made

    def ready_to_render(self, job: Job, progress: Progress) -> render.Job:
        """All that the first channel's picture of a clip needs, made where it is not there: for a preview. Raises as `make`."""
        variant = self.variants(job)[0]
        script = self.script(job, self.texts(job, progress), progress)
        seen, missing = self.pictures(job)
        progress.findings += missing
        speeches = self.booth.speeches(script.lines, job.language, progress)
        lips = (
            self._lips(job, lay_out(script.lines, speeches, self.fps), progress, lambda what: nullcontext()) if self.campaign.filmed else ()
        )
        return self.job_to_render(seen, script, speeches, "clip/preview", variant, lips)[0]

    def job_to_render(
        self, job: Job, script: Script, speeches: Sequence[Speech], name: str, variant: Variant | None = None, lips: Sequence[Lips] = ()
    ) -> tuple[render.Job, list[Performance]]:
        """What the renderer is given, and what each drawn host does in it. `lips` are the filmed hosts' patches; without a `variant` it
        is the first channel's."""
        c, fps, variant = self.campaign, self.fps, variant or self.campaign.variant(self.campaign.channels[0])
        timeline = lay_out(script.lines, speeches, fps)
        layout = layouts.get(variant.layout, variant.aspect)
        presenters, performances = self._presenters(job, timeline, layout, lips)
        if not variant.branded:
            script = script.model_copy(update={"text": script.text.model_copy(update={"brand": ""})})
        size, threads = (layout.width, layout.height), mp4.threads(c.limits.at_once)
        ends, palette = kit.made(self.store, c.brand, variant, size, fps, threads), kit.palette(c.brand, variant)
        return render.Job(
            layout=layout, script=script, timeline=timeline,
            pictures=[self.darkroom.picture(p, layout, palette.primary) for p in job.product.images],
            palette=palette, logo=c.brand.logo if variant.branded else "",
            intro=ends.get("intro"), outro=ends.get("outro"),
            presenters=presenters,
            music=self._bed(job.product), captions=c.video.captions,
            footage=[self.look(Path(f)) for f in job.product.footage], footage_sound=c.video.footage_sound == "ducked",
            encoding=mp4.Encoding(*size, fps, c.video.crf, c.video.preset, threads, c.video.encoder),
            disclosure=self.disclosure(job.product.sku, job.language, name),
            blinks=[at for performance in performances for at in performance.blinks],
        ), performances  # fmt: skip

    def _presenters(
        self, job: Job, timeline: Timeline, layout: Layout, lips: Sequence[Lips]
    ) -> tuple[list[Callable[[float], Iterable[Sprite]]], list[Performance]]:
        """How each host that is seen looks at a time, and what the drawn ones do."""
        performances = list[Performance]()
        seen: list[Callable[[float], Iterable[Sprite]]] = []
        for host, avatar in enumerate(self.avatars(layout.scale)):
            left, top, right, bottom = layout.stands[host]
            if isinstance(avatar, FilmedAvatar):
                high = bottom - top
                free = high if layout.window else layout.captions[1] - top
                zone = Zone(right - left, high, free, min(high, layout.safe[3] - top), round=bool(layout.window))
                seen.append(avatar.seen(lips[host].file, timeline.duration, zone))
                continue
            performances.append(self._performance(job, timeline, layout, host))
            shown = partial(avatar.sprites, performances[-1])
            colour = self.campaign.brand.accent
            seen.append(Window(shown, avatar.anchors["head_top"], right - left, colour) if layout.window else shown)
        return seen, performances

    def _lips(self, job: Job, timeline: Timeline, progress: Progress, hold: Hold) -> list[Lips]:
        """The files of the filmed hosts' patches, made where they are not there. Raises NotReady without an engine."""
        made = []
        with progress.stage("lipsync"):
            engine = cast(FilmedLipsync, self.lipsync(job.language))
            for host, avatar in enumerate(cast(tuple[FilmedAvatar, ...], self.avatars())):
                own = timeline.of(host)
                said = [(file_digest(s.speech.audio), s.start) for s in own.spoken]
                name = key("lips", LIPS_VERSION, engine.fingerprint(), avatar.fingerprint(), said, own.duration)

                def build(folder: Path, avatar: FilmedAvatar = avatar, own: Timeline = own) -> None:
                    patch_files.write(folder / "lips.mkv", avatar.lips(engine, render.speech(own), pcm.RATE, own.duration))

                with hold("encode" if getattr(engine, "device", "cpu") == "cpu" else "gpu"):
                    made.append(Lips(name, progress.count("lipsync", self.store.make(name, build)).folder / "lips.mkv"))
        return made

    def _performance(self, job: Job, timeline: Timeline, layout: Layout, host: int) -> Performance:
        seed = int(digest(job.product.sku)[:8], 16) + host
        own = timeline.of(host)
        # Who looks out of a window points at nothing: their hands are not seen.
        places = {} if layout.window else layout.places
        scene = Scene(layout.stands[host], places, partner_left=host == 0 if len(layout.stands) > 1 else None, width=layout.width)
        heard = tuple(s for s in timeline.spoken if s.line.host != host)
        mouths = cast(Lipsync, self.lipsync(job.language)).track(own)
        return perform(own.spoken, mouths, own.duration, seed, job.language, scene, heard)

    def _render(
        self, job: Job, script: Script, variant: Variant, speeches: Sequence[Speech], lips: Sequence[Lips], origins: dict[str, str],
        name: str, folder: Path,
    ) -> None:  # fmt: skip
        todo, performances = self.job_to_render(job, script, speeches, name, variant, lips)
        done = render.render(todo, folder)
        whole, ends = todo.whole, {name: end.seconds for name, end in (("intro", todo.intro), ("outro", todo.outro)) if end}
        for number, performance in enumerate(performances, 1):
            moved = performance.later(ends.get("intro", 0.0), whole.duration)
            write_json(folder / f"performance{f'.{number}' if number > 1 else ''}.json", moved.model_dump(mode="json"))
        p = job.product
        product = p.model_copy(update={name: tuple(Path(i).name for i in getattr(p, name)) for name in ("images", "footage")})
        shown = [
            script.text.title,
            script.text.brand if variant.branded else "",
            *(script.text.features[n] for n in script.features_shown()),
        ]
        sidecar = {
            "key": name, "variant": variant.model_dump(mode="json"),
            "sku": product.sku, "language": job.language, "title": script.text.title, "duration": whole.duration, "bookends": ends,
            "product": product.model_dump(mode="json"), "script": script.model_dump(mode="json"), "text_origins": origins,
            "lines": [{"text": s.line.text, "host": s.line.host, "start": round(s.start, 3), "end": round(s.end, 3)} for s in whole.spoken],
            "words": [w.model_dump() for w in done.words],
            "boxes": done.boxes, "label_glyph": done.label_glyph, "pictures": len(todo.pictures),
            "unprintable": typeset.unprintable(" ".join([*shown, *(line.text for line in script.lines)]), job.language, todo.palette.font),
            "loudness": {"integrated": done.loudness.integrated, "true_peak": done.loudness.true_peak},
            "voice": self.booth.account(speeches, script.lines), "presenters": self._shown(), "lips": [own.key for own in lips],
            "fps": todo.encoding.fps,
            "engines": self.engines_used(job.language, origins, p.images),
            "rates_date": str(self.rates.date), "target_seconds": self.campaign.script.seconds,
            "disclosure": todo.disclosure.model_dump(mode="json"),
        }  # fmt: skip
        sidecar["disclosure"] = self._accounted(todo.disclosure, sidecar).model_dump(mode="json")
        write_json(folder / "clip.json", sidecar)

    def _shown(self) -> list[dict[str, str]]:
        """What a clip's sidecar says of the hosts that are seen: of a person, by which consent, never the person's name."""
        told = []
        for folder in self.campaign.avatar_folders():
            told.append({"avatar": folder.name, "kind": "filmed" if self.campaign.filmed else "drawn"})
            if self.campaign.filmed:  # read each time: a consent may be given anew in the night
                package = FilmedPackage.load(folder)
                told[-1] |= {"consent": package.consent.digest()[:16], "faces": package.sheet.faces}
        return told

    def engines_ready(self, language: str) -> Iterator[Engine]:
        """The engines that a language's clips are made by, as far as they are ready."""
        return engines.ready(
            lambda: (self.writer(language),), lambda: self.translators(language), lambda: self.booth.cast(language).makers(),
            lambda: (self.lipsync(language),) if self.campaign.avatar_folders() else (),
        )  # fmt: skip

    def engines_used(self, language: str, origins: dict[str, str], shown: Sequence[str] = ()) -> dict[str, str]:
        """Which engine served each stage, with the licence of what it runs; of the translators those that texts came from. `shown`
        are the files of the clip's pictures."""
        asked = tuple(t for t in self.translators(language) if t.card.machine and t.card.name in origins.values())
        spoken = [maker for host in range(len(self.campaign.hosts)) for maker in self.booth.cast(language, host).makers()]
        seen = (self.lipsync(language),) if self.campaign.avatar_folders() else ()
        return engines.told((*asked, self.writer(language), *spoken, *seen, *self.darkroom.engines_used(shown)))

    def _check(self, name: str, folder: Path, progress: Progress) -> tuple[Finding, ...]:
        def build(target: Path) -> None:
            made = read_json(folder / "clip.json")
            shown = Variant.model_validate(made["variant"])
            layout = layouts.get(shown.layout, shown.aspect)
            label = cards.ai_label(made["language"], layout.safe[2] - layout.safe[0])
            asked = made["target_seconds"] + sum(made.get("bookends", {}).values())  # clips had none at first
            expected = clip_checks.Expected(
                width=layout.width, height=layout.height, fps=made["fps"], duration=made["duration"], target=asked,
                safe=layout.safe, boxes={k: tuple(v) for k, v in made["boxes"].items()},
                spoken=tuple((line["start"], line["end"]) for line in made["lines"]), label=np.asarray(label.rgba, np.uint8),
                label_glyph=made["label_glyph"], pictures=made["pictures"], unprintable=made["unprintable"],
            )  # fmt: skip
            found = clip_checks.check(folder / "clip.mp4", expected)
            write_json(target / "findings.json", [f.model_dump(mode="json") for f in found])

        artifact = progress.count("checks", self.store.make(key("checks", CHECKS_VERSION, name), build))
        return tuple(Finding.model_validate(f) for f in json.loads((artifact.folder / "findings.json").read_text(encoding="utf-8")))

    def _producer(self) -> str:
        return aigc.producer(self.campaign.producer, self.campaign.brand.name, self.campaign.name)

    def _bed(self, product: Product) -> str:
        """The music of a product's clips: the campaign's, or with `auto` one that goes with what the product is."""
        asked = self.campaign.video.music
        return render.bed_for(f"{product.category} | {product.title}", phrases.group_of(product)) if asked == "auto" else asked

    def _sounds(self, bed: str) -> list[str]:
        """What the sound hangs on besides the speech: the bed and the stings, or nothing without music."""
        return [] if bed == "none" else [file_digest(render.MUSIC / f"{name}.ogg") for name in (bed, "whoosh", "price")]


def make(studio: Studio, job: Job, progress: Progress | None = None, hold: Hold = lambda what: nullcontext()) -> tuple[Clip, Script, bool]:
    """Make one clip through every stage up to its checks; publishing is a step of its own.

    `hold(what)` is entered around what needs a scarce resource ("encode", "gpu"). Returns the clip, its script and whether
    the clip was there already. Raises the four errors of localize.errors; `progress.at` names the stage they came from.
    """
    progress = progress or Progress()
    with progress.stage("voice"):  # asked before anything is paid for, and each time: a consent runs out though the clip is there
        studio.permitted(job)
    with progress.stage("translate"):
        localized = studio.texts(job, progress)
    with progress.stage("script"):
        script = studio.script(job, localized, progress)
    with progress.stage("pictures"):
        seen, missing = studio.pictures(job, progress, hold)
    clip, reused = studio.clip(seen, script, localized.origins, progress, hold)
    common = (*missing, *progress.findings)
    others = tuple(other.model_copy(update={"findings": (*other.findings, *common)}) for other in clip.others)
    # What is wrong with one picture alone is told with the clip, and stops that picture only.
    apart = [
        finding.model_copy(update={"severity": "warn", "message": f"in the picture {other.variant}: {finding.message}"})
        for other in clip.others for finding in other.findings if finding not in clip.findings
    ]  # fmt: skip
    return clip.model_copy(update={"findings": (*clip.findings, *common, *apart), "others": others}), script, reused
