"""The dubbing studio: what a video's dub consists of, stage by stage, as `localize.stages` does it for a product's clip.

talk -> narration -> takes in their cues -> lips -> file -> checks. Each is an artifact in the store under a key of all that shaped it.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, nullcontext, suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import cv2

from localize import consent as consents
from localize import engines, languages
from localize.booth import Booth
from localize.campaign import Campaign
from localize.consent import Consent
from localize.desk import PEOPLE, Means, read_json, said_by, write_json
from localize.disclosure import account, aigc
from localize.dispatch import Dispatch
from localize.domain import Channel, Clip, Disclosure, Finding, Line, Narration, Receipt, SourceVideo, Speech, Text
from localize.dub import Cue, Slot, Talk, assemble, checks, cloning, faces, lines, listening, slots, tracks, transcript
from localize.dub.assemble import Todo
from localize.dub.picture import Shape
from localize.engines import Engine, on_gpu
from localize.errors import Blocked, CrossreelError, NotReady, UserError
from localize.pace import FASTEST
from localize.planning import Dub, Hold, Progress
from localize.publish import post as posts
from localize.sections import NO_AVATAR, ORIGINAL, HostSettings
from localize.separate import Separator
from localize.store import LocalStore, file_digest, key
from localize.translate import NO_HINTS
from localize.translate.products import Localized, translated_lines
from localize.voice import package as packages

_HEARING = threading.Lock()  # of this process's GPU, while a video is heard
TITLE_VERSION = "1"  # raise it when the same title would be translated otherwise


class Crew(NamedTuple):
    """Who makes a video's words and voices: with its own speakers' voices, each video has a crew of its own."""

    desk: Means
    booth: Booth


class DubStudio(Means):
    """What all dubs of a campaign share. Safe to use from several threads."""

    def __init__(self, campaign: Campaign, store: LocalStore) -> None:
        super().__init__(campaign, store)
        self.dub = campaign.dub
        self.booth = Booth(_voiced(campaign), store, self._engine)  # of all videos but those with their speakers' own voices
        self._crews: dict[tuple[str, ...], Crew] = {}  # by the voices of a video's own speakers
        self._alone = threading.Lock()
        cv2.setNumThreads(1)

    # ---- what is asked before anything is paid for

    @property
    def consent(self) -> Consent | None:
        """Of who is heard and seen; read each time, as a night is long."""
        return consents.load(self.dub.consent) if self.dub.consent else None

    def permit(self, lines: Sequence[Line], language: str, channel: Channel) -> None:
        """Raise Blocked unless the consents to the voices cover a channel, and that to moved lips where they may be."""
        self._permit_voice(lines, language, channel)
        if self.dub.lipsync != "none":
            self._permit_face(language, channel)

    def _permit_voice(self, lines: Sequence[Line], language: str, channel: Channel) -> None:
        self.booth.permit(lines, language=language, platform=channel.platform)
        if self.dub.voice == ORIGINAL:
            self._permit_face(language, channel)

    def _permit_face(self, language: str, channel: Channel) -> None:
        """By the consent of who is heard and seen, where there is one."""
        if consent := self.consent:
            consent.require("who is heard and seen", language=language, platform=channel.platform)

    def permitted(self, job: Dub) -> tuple[Channel, ...]:
        """The channels that the dub is for and that the consents cover. Raises Blocked where there are some, and none that they cover."""
        asked = self.campaign.channels_for(job.product.sku, job.language)
        # Lips that nobody consented to are left as they are.
        return consents.covered(asked, lambda channel: self._permit_voice((), job.language, channel))

    # ---- stages

    def make(self, job: Dub, progress: Progress, hold: Hold = lambda what: nullcontext()) -> tuple[Clip, Narration, bool]:
        """One dub through every stage up to its checks: the clip, what it says, and whether it was there already. Raises the four
        errors of localize.errors; `progress.at` names the stage they came from."""
        video, language = job.product, job.language
        with progress.stage("voice"):
            self.permitted(job)
        with progress.stage("recognize"):
            shape = _shape(video)
            self._can_be_kept(shape)
            talk = self.talk(video, progress, hold)
        with progress.stage("translate"):
            lines.must_differ(video, talk, language)  # before a voice is learned
        with progress.stage("translate"):
            times = slots.slots(talk.sentences, shape.seconds, self.dub.keep_length)
            crew = self.crew(job)
            narration = self.narration(crew.desk, job, talk, times, progress)
        with progress.stage("voice"), hold("gpu") if crew.booth.needs_gpu(narration.lines, language) else nullcontext():
            crossed = slots.together(talk.sentences, _times(video))
            speeches, cues = self.spoken(crew.booth, narration, times, progress, crossed)
        todo = self._todo(crew, job, shape, talk, narration, speeches, cues, progress, hold)
        progress.at = "clip"
        name, there = todo.key, self.store.find(todo.key)
        if there is None:
            with progress.stage("clip"):
                made = self.store.make(name, lambda folder: self._write(crew, todo, progress.origins, folder, hold))
            there, reused = progress.count("clip", made).folder, made.reused
        else:
            progress.keys.append(name)
            reused = True
        with progress.stage("checks"):
            findings = self._check(todo, there, progress)
        sidecar = read_json(there / "clip.json")
        told = (*findings, *(Finding.model_validate(f) for f in sidecar["findings"]), *progress.findings)
        clip = Clip(
            key=name, sku=video.sku, language=language, duration=sidecar["duration"], video=str(there / "clip.mp4"),
            cover=str(there / "cover.jpg"), captions=str(there / "captions.srt"), sidecar=str(there / "clip.json"),
            findings=tuple({(f.check, f.message): f for f in told}.values()),
        )  # fmt: skip
        if self.campaign.signing:
            progress.keys.append(self.dispatch.seal(clip))
        return clip, narration, reused

    def _can_be_kept(self, shape: Shape) -> None:
        """Raise UserError where the source's sound is to be a track of the dub and can't: asked before anything is paid for."""
        if self.dub.original and (unheld := tracks.unheld(shape.film.path, self.dub.track - 1)):
            raise UserError(f"{shape.film.path.name}: the source's sound can't be kept as a track, as {unheld}: leave `original` out.")

    def talk(self, video: SourceVideo, progress: Progress, hold: Hold = lambda what: nullcontext()) -> Talk:
        """What a video says: by its transcript, else heard; with what people have corrected in it. Raises UserError where it says
        nothing, NotReady where nobody can listen."""
        raw = self.heard(video, progress, hold)
        talk = listening.corrected(raw, self.reviews.edits(video.sku, raw.language))
        progress.findings += _misheard(raw, talk)
        return talk

    def heard(self, video: SourceVideo, progress: Progress, hold: Hold = lambda what: nullcontext()) -> Talk:
        """The same before anybody corrected it. On a GPU one is heard at a time: where nobody hands in a `hold` (of those who only read it
        over), several threads may ask at once."""
        recognizer = self.booth.recognizer()
        names = (*(self.glossary.names() if self.glossary else ()), *filter(None, (video.brand, self.campaign.brand.name)))
        said = file_digest(video.transcript) if video.transcript else ""
        by = recognizer.fingerprint() if recognizer and listening.needs(video) else ""
        name = key(
            "talk", listening.VERSION, file_digest(video.video), self.dub.track, said, by, video.language, names, listening.means(video)
        )

        def build(folder: Path) -> None:
            with ExitStack() as held:
                if by and on_gpu(recognizer):
                    held.enter_context(hold("gpu"))
                    held.enter_context(_HEARING)
                talk = listening.understood(video, self.dub.track - 1, _shape(video).seconds, recognizer, names)
            write_json(folder / "talk.json", talk.model_dump(mode="json"))

        made = progress.count("recognize", self.store.make(name, build))
        return Talk.model_validate(read_json(made.folder / "talk.json"))

    def crew(self, job: Dub) -> Crew:
        """Who makes a dub's words and voices. Raises Blocked where its speakers' own voices are asked for and can't be had."""
        if self.dub.voice != ORIGINAL:
            return Crew(self, self.booth)
        video, raw, consent = job.product, self.heard(job.product, Progress()), self.consent
        assert consent is not None  # a campaign without one is refused when it is read
        with self._alone:
            voices = cloning.voices(video, self.dub.track - 1, raw, consent, job.language)
            whose = tuple(voice.name for voice in voices)
            if whose not in self._crews:
                hosts = tuple(HostSettings(avatar=NO_AVATAR, voice=str(v.folder), gender=v.sheet.gender) for v in voices)
                campaign = self.campaign.model_copy(update={"hosts": hosts})
                self._crews[whose] = Crew(self._reader(raw), Booth(campaign, self.store, self._engine))
        return self._crews[whose]

    def _reader(self, talk: Talk) -> Means:
        """What a talk is translated with: with a host for each of its own speakers, where they keep their voices."""
        if self.dub.voice != ORIGINAL:
            return self
        hosts = (HostSettings(avatar=NO_AVATAR),) * min(talk.speakers, cloning.MOST)
        return Means(self.campaign.model_copy(update={"hosts": hosts}), self.store)

    def narration(self, desk: Means, job: Dub, talk: Talk, times: Sequence[Slot], progress: Progress) -> Narration:
        """What the dub says. Raises Blocked with the checks' findings, and where people are to read it over and have not."""
        said, found = lines.draft(desk, job.product, talk, times, job.language, progress)
        # How long it takes to say is told when it has been said.
        progress.findings += [f for f in found if f.severity != "block" and f.check != "time"]
        blocking = [f for f in found if f.severity == "block"]
        if blocking:
            raise Blocked(" ".join(f.message for f in blocking), findings=tuple(f.message for f in blocking))
        if waiting := self.unread(job.product.sku, said, progress):
            raise Blocked(f"{waiting}: `crossreel review sheet` writes a sheet for it, `crossreel review list` says which forms are open.")
        return said.model_copy(update={"text": Text(title=self._title(desk, job.product, talk, job.language, progress))})

    def _title(self, desk: Means, video: SourceVideo, talk: Talk, language: str, progress: Progress) -> str:
        """The video's title in the dub's language, as it is where nobody can translate it: it is for posts alone."""
        given = video.localized.get(language)
        if given and given.title:
            return given.title
        asked = desk.translators(language)
        said = said_by(asked, [video.title], talk.language, language)

        def build(folder: Path) -> None:
            found = translated_lines([video.title], talk.language, language, asked, hints=NO_HINTS, judge=lambda *_: [])[0]
            write_json(folder / "title.json", {"title": found[0].text if found[0] else video.title})

        name = key("title", TITLE_VERSION, video.title, talk.language, language, said)
        try:
            made = self.store.make(name, build)
        except NotReady:
            return video.title
        progress.keys.append(name)
        return str(read_json(made.folder / "title.json")["title"])

    def unread(self, sku: str, said: Narration, progress: Progress) -> str:
        """What people are still to read over of a dub, by the campaign's `review`; "" where nothing is left."""
        review = self.campaign.review
        approved = self.reviews.approved(sku, said.language)
        by_people = (*PEOPLE, lines.REVIEW)
        asked = [
            line for n, line in enumerate(said.lines, 1)
            if review.lines or (review.texts and progress.origins.get(f"line.{n}") not in by_people)
        ]  # fmt: skip
        left = sum(line.text not in approved for line in asked)
        return f"{left} of {len(said.lines)} lines wait for approval" if left else ""

    def spoken(
        self, booth: Booth, said: Narration, times: Sequence[Slot], progress: Progress, crossed: Collection[int] = ()
    ) -> tuple[list[Speech], tuple[Cue, ...]]:
        """Each sentence's take, and where it is heard. `crossed` are the sentences that the source says together with the next one. Raises
        Blocked where one is too long for its time and people must shorten it."""
        takes = booth.takes(said.lines, said.language, progress)
        texts = [line.text for line in said.lines]
        most = FASTEST / max(1.0, *(host.pace for host in booth.campaign.hosts))  # a voice itself may have been asked to hurry
        cues, found = slots.fit(times, texts, [take.duration for take in takes], said.language, max(1.0, most), crossed)
        if blocking := [f.message for f in found if f.severity == "block"]:
            raise Blocked(" ".join(blocking), findings=tuple(blocking))
        progress.findings += found
        names = [booth.key(line, said.language) for line in said.lines]
        progress.keys += names
        fitted = [booth.fitted(take, name, cue.tempo, progress) for take, name, cue in zip(takes, names, cues, strict=True)]
        return fitted, cues

    # ---- what people read over: see `proofreading.Readable`

    def texts(self, job: Dub, progress: Progress) -> Localized:
        return Localized(Text(), {}, {}, ())

    def draft(self, job: Dub, localized: Localized, progress: Progress) -> tuple[Narration, list[Finding]]:
        shape = _shape(job.product)
        raw = self.heard(job.product, progress)
        talk = self.talk(job.product, Progress())
        misheard = _misheard(raw, talk)
        if job.language == raw.language:
            return listening.narrated(talk), misheard
        times = slots.slots(talk.sentences, shape.seconds, self.dub.keep_length)
        said, found = lines.draft(self._reader(talk), job.product, talk, times, job.language, progress)
        return said, [*found, *misheard]

    def written(self, job: Dub, localized: Localized, progress: Progress) -> tuple[Narration, list[Finding]]:
        shape = _shape(job.product)
        raw = self.heard(job.product, progress)
        if job.language == raw.language:
            return listening.narrated(raw), []
        talk = self.talk(job.product, progress)
        times = slots.slots(talk.sentences, shape.seconds, self.dub.keep_length)
        return lines.written(self._reader(talk), job.product, talk, times, job.language, progress), []

    def judged(self, script: Narration, item: SourceVideo) -> list[Finding]:
        talk = self.heard(item, Progress())
        return [] if script.language == talk.language else list(lines.law(script, talk, item))

    def translated(self, job: Dub) -> dict[str, str]:
        talk = self.talk(job.product, Progress())
        return {f"line.{n}": sentence.text for n, sentence in enumerate(talk.sentences, 1)}

    def spoken_in(self, job: Dub) -> str:
        return self.heard(job.product, Progress()).language

    def about(self, job: Dub) -> str:
        return f"{slots.clock(_shape(job.product).seconds)}, {Path(job.product.video).name}"

    def readings(self, jobs: Sequence[Dub]) -> list[Dub]:
        """The jobs, before each video's first one what was heard in it, where no person has written it: as a job in its own language."""
        out: list[Dub] = []
        for job in jobs:
            video = job.product
            with suppress(CrossreelError):  # whoever reads the job itself is told
                if video.sku not in (other.product.sku for other in out) and not video.transcript:
                    out.append(Dub(video, self.spoken_in(job)))
            out.append(job)
        return out

    # ---- how a dub is made

    def _todo(
        self, crew: Crew, job: Dub, shape: Shape, talk: Talk, said: Narration, speeches: list[Speech], cues: tuple[Cue, ...],
        progress: Progress, hold: Hold,
    ) -> Todo:  # fmt: skip
        video, dub = job.product, self.dub
        seen, lipsync = self._lips(job, shape, talk, speeches, cues, progress, hold)
        posted = any(channel.platform != "any" for channel in self.campaign.channels_for(video.sku, job.language))
        burned = bool(seen) or dub.captions in ("burned", "cover") or dub.label == "burned" or (dub.label == "auto" and posted)
        producer = aigc.producer(self.campaign.producer, self.campaign.brand.name, self.campaign.name)
        made = ("script", "voice", *(("presenter",) if seen else ()))
        todo = Todo(
            video=video, language=job.language, shape=shape, talk=talk, narration=said, speeches=tuple(speeches), cues=cues,
            campaign=self.campaign, separator=self._separator(shape), lips=seen, lipsync=lipsync,
            encoded=burned or bool(assemble.uncopied(shape, cues)),
            told=Disclosure(label=languages.get(job.language).ai_label, producer=producer, produce_id="", made=made),
        )  # fmt: skip
        whose = self.consent.digest() if seen and self.consent else ""
        return todo.named(key("dub", assemble.VERSION, todo.mark(), [crew.booth.key(line, job.language) for line in said.lines], whose))

    def _lips(
        self, job: Dub, shape: Shape, talk: Talk, speeches: Sequence[Speech], cues: Sequence[Cue], progress: Progress, hold: Hold
    ) -> tuple[assemble.Lips | None, str]:
        """The patches of who is seen speaking and has consented, and the engine with its licence; None where lips stay as they are,
        which a finding says the reason of."""
        if self.dub.lipsync == "none":
            return None, ""
        platforms = [channel.platform for channel in self.campaign.channels_for(job.product.sku, job.language)]
        with progress.stage("lipsync"):
            if refused := faces.allowed(self.consent, Path(job.product.video), job.language, platforms):
                # Who gave no consent at all has not asked for it.
                progress.findings.append(refused if self.consent else refused.model_copy(update={"severity": "info"}))
                return None, ""
            settings = self.campaign.engines.options
            engine = faces.engine(
                self.campaign.engines.lipsync, allow_noncommercial=self.campaign.allow_noncommercial, settings=settings
            )  # fmt: skip
            if isinstance(engine, Finding):
                progress.findings.append(engine)
                return None, ""
            seen = assemble.lips(self.store, engine, job.product, self.dub.track - 1, shape, talk, cues, speeches, progress, hold)
        return seen, engines.licensed(engine)

    def _separator(self, shape: Shape) -> Separator | None:
        """Who takes voices out of a video's sound: with `auto` nobody, where none is ready."""
        if not shape.film.sound or self.dub.sound not in ("auto", "separated"):
            return None
        try:
            return cast(Separator, self._engine("separate", self.campaign.engines.separate, ""))
        except NotReady:
            if self.dub.sound == "separated" or self.campaign.engines.separate != "auto":
                raise
            return None

    def _write(self, crew: Crew, todo: Todo, origins: dict[str, str], folder: Path, hold: Hold) -> None:
        made = assemble.write(todo, folder, aigc.tags(todo.told), hold)
        voice = crew.booth.account(todo.speeches, todo.narration.lines)
        sidecar: dict[str, Any] = {
            "key": todo.key, "sku": todo.video.sku, "language": todo.language, "title": todo.narration.text.title,
            "duration": made.duration, "pictures": 0,
            "product": {"sku": todo.video.sku, "title": todo.video.title, "footage": [Path(todo.video.video).name]},
            "script": todo.narration.model_dump(mode="json"), "source_language": todo.talk.language, "heard_by": todo.talk.origin,
            "cues": assemble.account(todo), "touched": [[round(s, 6), round(e, 6)] for s, e in made.touched], "picture": made.picture,
            "label": made.label, "original": self.dub.original and todo.shape.film.sound,
            "words": [w.model_dump() for w in made.words], "voice": voice,
            "presenters": self._presenters(todo), "engines": self.engines_used(todo.language, origins, crew, todo),
            "findings": [*voice["findings"], *(f.model_dump(mode="json") for f in made.findings)],
            "disclosure": todo.told.model_dump(mode="json"),
        }  # fmt: skip
        licences = {p.name: p.sheet.licence for p in crew.booth.packages if p}
        sidecar["disclosure"] = account.accounted(todo.told, sidecar, licences, todo.music).model_dump(mode="json")
        write_json(folder / "clip.json", sidecar)

    def _presenters(self, todo: Todo) -> list[dict[str, str]]:
        """Whose face was changed, by which consent, never the person's name."""
        if not todo.lips or not self.consent:
            return []
        return [{"avatar": "who speaks in the video", "kind": "filmed", "consent": self.consent.digest()[:16]}]

    def _check(self, todo: Todo, folder: Path, progress: Progress) -> tuple[Finding, ...]:
        def build(target: Path) -> None:
            found = checks.check(folder / "clip.mp4", assemble.expected(todo))
            write_json(target / "findings.json", {"findings": [f.model_dump(mode="json") for f in found]})

        made = progress.count("checks", self.store.make(key("checks", checks.VERSION, todo.key), build))
        return tuple(Finding.model_validate(f) for f in read_json(made.folder / "findings.json")["findings"])

    # ---- what is told and sent

    def engines_ready(self, language: str) -> Iterator[Engine]:
        """The engines that a language's dubs are made by, as far as they are ready."""
        return engines.ready(
            lambda: self.translators(language), lambda: self.booth.cast(language).makers(),
            lambda: filter(None, (self.booth.recognizer(),)),
        )  # fmt: skip

    def engines_used(self, language: str, origins: dict[str, str], crew: Crew | None = None, todo: Todo | None = None) -> dict[str, str]:
        """Which engine served each stage, with the licence of what it runs; of the translators those that texts came from."""
        booth = crew.booth if crew else next((own.booth for own in self._crews.values()), self.booth)
        asked = tuple(t for t in self.translators(language) if t.card.machine and t.card.name in origins.values())
        spoken = [maker for host in range(len(booth.campaign.hosts)) for maker in booth.cast(language, host).makers()]
        heard = booth.recognizer()
        more: list[Engine] = [heard] if todo and heard and heard.card.name == todo.talk.origin else []
        more += [todo.separator] if todo and todo.separator else []
        lipsync = {"lipsync": todo.lipsync} if todo and todo.lips else {}
        return lipsync | engines.told((*asked, *spoken, *more))

    def disclosure(self, sku: str, language: str, clip_key: str) -> Disclosure:
        """What is said about this dub being made by AI, with its consents and what it was made with."""
        there = self.store.find(clip_key)
        if there is None:
            raise NotReady(f"{sku}.{language}: its dub is not in the store any more.", how="`crossreel run` makes it again.")
        return Disclosure.model_validate(read_json(there / "clip.json")["disclosure"])

    @cached_property
    def dispatch(self) -> Dispatch:
        return Dispatch(self)

    def publish(self, job: Dub, clip: Clip, channel: Channel, said: Narration) -> Receipt:
        """Put a dub on a channel. Raises Blocked when a finding or a consent stops it, and where a platform would show it without its
        label."""
        made = read_json(Path(clip.sidecar))
        self._permit_voice((), job.language, channel)  # the lines of a video's own speakers have other hosts than the campaign
        if made["presenters"]:
            self._permit_face(job.language, channel)
        if channel.platform != "any" and made["label"] != "burned":
            raise Blocked(
                f"the AI label of {clip.sku}.{clip.language} is a track of the file, which {channel.platform} does not show: write "
                "`label: burned` under `dub:`, or leave it out."
            )
        told = self.disclosure(clip.sku, clip.language, clip.key).worded(channel.disclosure)
        return self.dispatch.send(clip, channel, posts.narrate(said, told, channel.platform, channel.hashtags))


def _misheard(raw: Talk, talk: Talk) -> list[Finding]:
    """What is doubtful about a talk as it was heard, each by its Line, without what people have corrected since."""
    found = []
    for finding in raw.findings:
        n = finding.evidence.get("sentence")
        if not isinstance(n, int):  # of what was left out between two sentences
            found.append(finding)
        elif raw.sentences[n - 1].text == talk.sentences[n - 1].text:
            found.append(finding.model_copy(update={"evidence": {**finding.evidence, "line": n}}))
    return found


def _times(video: SourceVideo) -> list[tuple[float, float]]:
    """When something is said in a video by its transcript's own times, (start, end) in s, also where two speak at once."""
    cues = transcript.parse(video.transcript) if video.transcript else ()
    return [(cue.start, cue.end) for cue in cues if cue.start is not None and cue.end is not None]


def _shape(video: SourceVideo) -> Shape:
    """A video's shape, for which its file is read through once in a process."""
    stat = Path(video.video).stat()
    return _read(video.video, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: str, size: int, mtime_ns: int) -> Shape:
    return Shape.of(Path(path))


def _voiced(campaign: Campaign) -> Campaign:
    """The campaign whose first host has the voice that its dubs are to have."""
    voice = campaign.dub.voice
    if not voice or voice == ORIGINAL:
        return campaign
    first = campaign.hosts[0].model_copy(update={"voice": voice, "gender": packages.find(voice).sheet.gender})
    return campaign.model_copy(update={"hosts": (first, *campaign.hosts[1:])})
