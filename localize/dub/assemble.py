"""A dub's file: the new sound, the picture copied or encoded once, captions, label and cover."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from localize.campaign import Campaign
from localize.clip import render, subtitles
from localize.clip.canvas import Frame
from localize.clip.cards import Palette
from localize.clip.paging import srt_of
from localize.desk import read_json, write_json
from localize.domain import Disclosure, Finding, Narration, SourceVideo, Speech, Word
from localize.dub import Cue, Talk, checks, decoded, faces, picture, sound, splice, tracks
from localize.dub.captions import Captions, Cover, burned, said
from localize.dub.picture import Label, Painter, Shape, Upright
from localize.engines import on_gpu
from localize.errors import UserError
from localize.film import Pace
from localize.lipsync import FilmedLipsync
from localize.media import mapped, mp4, pcm, probing
from localize.planning import Hold, Progress
from localize.script import phrases
from localize.sections import Dubbing
from localize.separate import Separator
from localize.store import LocalStore, file_digest, key

# Raised when the same speech in the same places would give another sound, other captions or another file; the picture's own comes on top.
VERSION, LIPS_VERSION = "2", "1"
COVER_AT = 1.0  # s into the video: the first frame is often a fade


class Lips(NamedTuple):
    """The patches of who speaks: their key in the store, the file, and the frames they belong to."""

    key: str
    file: Path
    stretches: tuple[faces.Stretch, ...]


@dataclass(frozen=True)
class Todo:
    """All that a dub's file is made of. `told` is what is said of AI in it; `key` is its place in the store."""

    video: SourceVideo
    language: str
    shape: Shape
    talk: Talk
    narration: Narration
    speeches: tuple[Speech, ...]
    cues: tuple[Cue, ...]
    campaign: Campaign
    told: Disclosure
    separator: Separator | None
    lips: Lips | None
    lipsync: str  # the engine that moved them, with its licence
    encoded: bool
    key: str = ""

    @property
    def asked(self) -> Dubbing:
        return self.campaign.dub

    @property
    def track(self) -> int:
        """The source's sound track, counted from 0."""
        return self.asked.track - 1

    @property
    def bed(self) -> sound.Bed:
        """What becomes of the source's sound under the dub."""
        if self.asked.sound != "auto":
            return self.asked.sound
        if not self.shape.film.sound:
            return "muted" if self.campaign.video.music == "none" else "music"
        return "separated" if self.separator else "ducked"

    @property
    def music(self) -> str:
        """The bed of music, or "none"."""
        if self.bed != "music":
            return "none"
        asked = self.campaign.video.music
        if asked not in ("auto", "none"):
            return asked
        return render.bed_for(f"{self.video.category} | {self.video.title}", phrases.group_of(self.video))

    @property
    def seconds(self) -> float:
        """How long the dub is: as long as the video, or as its last sentence, for which the last frame is held."""
        over = max((cue.end for cue in self.cues), default=0.0) - self.shape.seconds
        held = -(-over * float(self.shape.rate) // 1) if over > 0 else 0
        return self.shape.seconds + held / float(self.shape.rate)

    @property
    def palette(self) -> Palette:
        brand = self.campaign.brand
        return Palette(brand.primary, brand.accent, brand.corners, brand.font)

    @property
    def encoding(self) -> mp4.Encoding:
        v = self.campaign.video
        return self.shape.encoding(crf=v.crf, preset=v.preset, threads=mp4.threads(self.campaign.limits.at_once), encoder=v.encoder)

    def mark(self) -> dict[str, Any]:
        """What the file and its sidecar hang on, by what it is, for their key; the speech comes on top."""
        dub, video, font = self.asked, self.campaign.video, self.palette.font
        return {
            "names": (self.video.sku, self.video.title, self.narration.text.title),
            "video": file_digest(self.video.video),
            "track": self.track,
            "source": (self.talk.language, [(s.text, s.start, s.end, s.speaker) for s in self.talk.sentences]),
            "language": self.language,
            "cues": list(self.cues),
            "bed": (self.bed, self.separator.fingerprint() if self.bed == "separated" and self.separator else self.music),
            "captions": dub.captions,
            # Which the .ass has, too. A font counts by its letters, wherever its file lies.
            "palette": replace(self.palette, font=file_digest(font) if font else ""),
            "original": dub.original,
            "lossless": dub.lossless,
            "lips": self.lips.key if self.lips else "",
            "encoding": (picture.VERSION, video.crf, video.preset, video.encoder) if self.encoded else None,
            "told": self.told,
        }

    def named(self, name: str) -> Todo:
        """The same under its key, which the label's metadata names it by."""
        return replace(self, key=name, told=self.told.model_copy(update={"produce_id": name.rpartition("/")[2]}))


@dataclass(frozen=True)
class Made:
    """What a sidecar tells of a file: its length in s, where its sound may differ from the source's, how its picture came to be
    ("copied", "encoded"), where its AI label is ("burned", "track"), its words, and what is to be said."""

    duration: float
    touched: list[tuple[float, float]]
    picture: str
    label: str
    words: tuple[Word, ...]
    findings: tuple[Finding, ...]


def uncopied(shape: Shape, cues: Sequence[Cue]) -> str:
    """Why a video's picture can't be copied, "" if it can."""
    if cues and cues[-1].end > shape.seconds:
        return "the last sentence ends behind its last frame"
    return tracks.can_be_copied(shape.film.path)


def write(todo: Todo, folder: Path, tags: Mapping[str, str], hold: Hold = lambda what: nullcontext()) -> Made:
    """Make the file with its cover and captions in a folder. Raises UserError for what can't be read, NotReady, MediaError.

    Voices are taken out before an encoder is held: whoever waits for a GPU keeps none from working."""
    source = decoded.decoded(Path(todo.video.video), todo.track, todo.asked.lossless) if todo.shape.film.sound else None
    background = _background(todo, source, hold)
    with hold("encode"):
        return _written(todo, folder, tags, source, background)


def _background(todo: Todo, source: decoded.Sound | None, hold: Hold) -> sound.Background | None:
    """The source's sound without its voices, where it is to be heard under the dub: made while what it is made on is held."""
    if todo.bed != "separated" or not todo.separator or not source:
        return None
    spans = [*_spoken(todo), *((cue.start, cue.end) for cue in todo.cues)]
    with hold("gpu" if on_gpu(todo.separator) else "encode"):
        without = todo.separator.background(source.samples, source.rate, spans)
    return lambda first, last: without[first:last]


def _spoken(todo: Todo) -> list[tuple[float, float]]:
    """When somebody speaks in the source, in s."""
    return [(s.start, s.end) for s in todo.talk.sentences]


def _written(
    todo: Todo, folder: Path, tags: Mapping[str, str], source: decoded.Sound | None, background: sound.Background | None
) -> Made:  # fmt: skip
    spliced = _sound(todo, folder / "sound.mp4", source, background)
    words = _words(todo)
    shown = Captions(words, todo.language, todo.shape.width, todo.shape.height, todo.palette)
    subtitles.write(folder, shown.pages, words, todo.language, shown.look, shown.box, frame=(todo.shape.width, todo.shape.height))
    findings = _sounds(todo, source, spliced)
    shape, seen = todo.shape, Path(todo.video.video)
    if todo.encoded:
        rendered = picture.render(
            shape, folder / "picture.mp4", todo.language, _painters(todo, findings), encoding=todo.encoding,
            hold=todo.seconds - shape.seconds,
        )  # fmt: skip
        seen, findings = folder / "picture.mp4", [*findings, *_encoded(todo), *rendered.findings]
    label = folder / "label.srt"
    label.write_text(label_track(todo.told.label, todo.seconds), encoding="utf-8")
    sounds = [tracks.Heard(folder / "sound.mp4", todo.language, default=True)]
    if todo.asked.original and shape.film.sound:
        sounds.append(tracks.Heard(Path(todo.video.video), todo.talk.language, title="original", track=todo.track))
    texts = [tracks.Subtitles(folder / "captions.srt", todo.language)] if todo.asked.captions == "track" else []
    texts += [] if todo.encoded else [tracks.Subtitles(label, todo.language, title=todo.told.label)]
    tracks.write(folder / "clip.mp4", seen, sounds, texts, tags)
    for part in ("sound.mp4", "picture.mp4", "label.srt"):
        (folder / part).unlink(missing_ok=True)
    _cover(todo, folder)
    how = ("encoded", "burned") if todo.encoded else ("copied", "track")
    return Made(round(todo.seconds, 3), spliced.touched, *how, words, tuple(findings))


def _sound(todo: Todo, out: Path, source: decoded.Sound | None, background: sound.Background | None) -> splice.Spliced:
    """The dub's sound, written as a file of its own."""
    path, spoken = Path(todo.video.video), _spoken(todo)
    music = render.MUSIC / f"{todo.music}.ogg" if todo.bed == "music" else None
    mixed = sound.dubbed(source, todo.seconds, _pieces(todo.cues, todo.speeches), spoken, todo.bed, background=background, music=music)
    return splice.spliced(
        path, todo.track, mixed.samples, mixed.touched, out, rate=mixed.rate, layout=mixed.layout, lossless=todo.asked.lossless
    )


def _sounds(todo: Todo, source: decoded.Sound | None, spliced: splice.Spliced) -> list[Finding]:
    """What a seller should know of what became of the source's sound."""
    if not (source and source.change):
        return [Finding(check="sound", severity="info", message=spliced.note)] if spliced.note else []
    exact = ", and is not exact where nobody speaks, though it is lossless" if todo.asked.lossless else ""
    message = f"The sound of {Path(todo.video.video).name} was brought from {source.change}, as a dub can't have more{exact}."
    return [Finding(check="sound", severity="warn" if exact else "info", message=message, evidence={"change": source.change})]


def _pieces(cues: Sequence[Cue], speeches: Sequence[Speech]) -> Iterator[tuple[float, pcm.Samples]]:
    for cue, speech in zip(cues, speeches, strict=True):
        yield cue.start, pcm.read_wav(speech.audio)[0]


def _words(todo: Todo) -> tuple[Word, ...]:
    """All words in the video's time; the speeches have their cues' tempos already."""
    return said([cue.model_copy(update={"tempo": 1.0}) for cue in todo.cues], [speech.words for speech in todo.speeches])


def _painters(todo: Todo, findings: list[Finding]) -> list[Painter]:
    """What is drawn on each frame, in order; what is to be said of it is added to the findings."""
    painters: list[Painter] = []
    if todo.lips:
        painters.append(faces.Relipped(todo.shape, todo.lips.stretches, todo.lips.file))
    band = burned(todo.shape) if todo.asked.captions == "cover" else None
    if band:
        painters.append(Cover(band))
    elif todo.asked.captions == "cover":
        message = f"{Path(todo.video.video).name}: no captions were found in its picture; the new ones are where clips have theirs."
        findings.append(Finding(check="captions", severity="info", message=message))
    if todo.asked.captions in ("burned", "cover"):
        painters.append(Captions(_words(todo), todo.language, todo.shape.width, todo.shape.height, todo.palette, band))
    return painters


def label_track(label: str, seconds: float) -> str:
    """The AI label as subtitles that stand as long as the video, minute by minute: MP4 takes none of half an hour."""
    return srt_of((start, min(start + 60, seconds), label) for start in range(0, math.ceil(round(seconds, 3)), 60))


def _encoded(todo: Todo) -> Iterator[Finding]:
    """Why a picture was encoded anew, where nobody asked for it."""
    if why := uncopied(todo.shape, todo.cues):
        message = f"The picture of {Path(todo.video.video).name} was encoded anew: {why}."
        yield Finding(check="picture", severity="info", message=message)


def _cover(todo: Todo, folder: Path) -> None:
    at = min(COVER_AT, todo.shape.seconds / 2)
    if todo.encoded:
        rgb = probing.frame_at(folder / "clip.mp4", at)
    else:  # as a player shows it: turned, in square pixels
        frame, number = Frame(todo.shape.width, todo.shape.height), todo.shape.number(at)
        shown = next((decoded for _, after, decoded in todo.shape.decoded(Pace()) if after > number), None)
        if shown is None:
            raise UserError(f"{Path(todo.video.video).name}: no frame of it can be read. Copy or export it again.")
        Upright(todo.shape).fill(frame, shown)
        rgb = frame.rgb()
    cv2.imwrite(str(folder / "cover.jpg"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])


def account(todo: Todo) -> list[dict[str, Any]]:
    """The cues beside the sentences that they stand for, for a sidecar."""
    return [
        {
            "text": cue.text, "start": round(cue.start, 3), "end": round(cue.end, 3), "tempo": cue.tempo,
            "source": {"text": s.text, "start": round(s.start, 3), "end": round(s.end, 3), "speaker": s.speaker},
        }
        for cue, s in zip(todo.cues, todo.talk.sentences, strict=True)
    ]  # fmt: skip


def expected(todo: Todo) -> checks.Expected:
    label = Label.of(todo.language, todo.shape.width, todo.shape.height) if todo.encoded else None
    return checks.Expected(todo.seconds, 1 / float(todo.shape.rate), todo.cues, label, None if todo.encoded else todo.shape.last)


def lips(
    store: LocalStore, engine: FilmedLipsync, video: SourceVideo, track: int, shape: Shape, talk: Talk, cues: Sequence[Cue],
    speeches: Sequence[Speech], progress: Progress, hold: Hold,
) -> Lips | None:  # fmt: skip
    """The patches of who is seen speaking, made where they are not there; None where nobody is. What is to be told of sentences without
    is added to the progress."""
    spoken = [(cue.start, file_digest(speech.audio)) for cue, speech in zip(cues, speeches, strict=True)]
    how = LIPS_VERSION, faces.VERSION, engine.fingerprint()
    name = key("dub-lips", *how, file_digest(video.video), track, faces.spans(talk, cues), spoken)

    def moved(folder: Path) -> None:
        heard = decoded.heard(Path(video.video), track)
        silent = np.zeros(1, np.float32) if heard is None else heard
        seen = faces.speaking(shape, faces.spans(talk, cues), silent, decoded.HEARD)
        write_json(folder / "seen.json", {
            "stretches": [[s.first, s.stop] for s in seen.stretches], "findings": [f.model_dump(mode="json") for f in seen.findings],
        })  # fmt: skip
        if seen.stretches:
            np.savez_compressed(folder / "boxes.npz", *[s.boxes for s in seen.stretches])
            faces.lips(engine, shape, seen.stretches, _laid(cues, speeches, shape.seconds), pcm.RATE, folder / "lips.mkv")

    def build(folder: Path) -> None:
        with hold("gpu" if on_gpu(engine) else "encode"):  # lips that are there wait for nothing
            moved(folder)

    folder = progress.count("lipsync", store.make(name, build)).folder
    told = read_json(folder / "seen.json")
    progress.findings += [Finding.model_validate(f) for f in told["findings"]]
    if not told["stretches"]:
        return None
    with np.load(folder / "boxes.npz") as boxes:
        stretches = [faces.Stretch(a, b, boxes[f"arr_{n}"]) for n, (a, b) in enumerate(told["stretches"])]
    return Lips(name, folder / "lips.mkv", tuple(stretches))


def _laid(cues: Sequence[Cue], speeches: Sequence[Speech], seconds: float) -> pcm.Samples:
    """All that is said in the dub: mono at `pcm.RATE` [n], on disk."""
    out = mapped.blank(round(seconds * pcm.RATE), 1)[:, 0]
    for start, samples in _pieces(cues, speeches):
        at = round(start * pcm.RATE)
        out[at : at + len(samples)] = samples[: len(out[at : at + len(samples)])]
    return out
