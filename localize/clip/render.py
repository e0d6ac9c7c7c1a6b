"""Make a clip's files: sound mixed, frames composed and encoded once, cover, captions.

Writes `clip.mp4`, `cover.jpg`, `captions.srt` into a folder and says what was measured on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import yaml

from localize.assets import ASSETS
from localize.clip import footage as footages
from localize.clip import subtitles
from localize.clip.bookends import DISSOLVE, Bookend
from localize.clip.canvas import Frame
from localize.clip.captions import CaptionArt, Design, Look
from localize.clip.cards import Palette
from localize.clip.compose import Composer, Sprite, shots, stretches, views
from localize.clip.layout import Box, Layout
from localize.clip.paging import Page, pages
from localize.clip.type import ruler
from localize.disclosure import aigc
from localize.domain import Disclosure, Script, Word
from localize.media import metering, mixing, mp4, pcm
from localize.timeline import Timeline

VERSION = "9"  # part of the clip's key: raise it when the same inputs would give other frames or sound
CAPTION_SIZE = 58
BLINK = 0.2  # s after which eyes that began to close are open again, whatever the frames' rate
MUSIC = ASSETS / "music"


@dataclass(frozen=True)
class Job:
    """Everything a clip is drawn from. `pictures` are RGB or straight RGBA arrays, `presenters` give each host's
    sprites at a time in the canvas that the layout's box for it holds: as many as the layout has boxes."""

    layout: Layout
    script: Script
    timeline: Timeline
    pictures: Sequence[npt.NDArray[np.uint8]]
    palette: Palette
    logo: str
    presenters: Sequence[Callable[[float], Iterable[Sprite]]]
    music: str
    encoding: mp4.Encoding
    disclosure: Disclosure
    captions: Design = "outline"
    footage: Sequence[footages.Look] = ()
    footage_sound: bool = False  # heard quietly below the speech
    intro: Bookend | None = None
    outro: Bookend | None = None
    blinks: Sequence[float] = ()  # when a drawn host's eyes begin to close, in s of the timeline

    @property
    def whole(self) -> Timeline:
        """The Lines in the clip's own time. `timeline` is theirs between intro and outro, and the same with any of these."""
        before, after = (end.seconds if end else 0.0 for end in (self.intro, self.outro))
        return self.timeline.within(before, after)


@dataclass(frozen=True)
class Rendered:
    """What rendering knows and a check needs: where text is, the words as captions show them, the sound's level."""

    boxes: dict[str, Box]
    pages: tuple[Page, ...]
    words: tuple[Word, ...]
    label_glyph: int
    loudness: metering.Loudness


def caption_words(timeline: Timeline) -> tuple[Word, ...]:
    """A clip's words in its own time; a line break after each Line keeps captions from running across sentences."""
    out: list[Word] = []
    for spoken in timeline.spoken:
        words = spoken.words
        out += words[:-1]
        if words:
            out.append(words[-1].model_copy(update={"gap": "\n"}))
    return tuple(out)


def render(job: Job, folder: Path, *, progress: Callable[[int, int], None] = lambda done, total: None) -> Rendered:
    """Render into `folder`. `progress(done, total)` is called now and then with frames."""
    # The sound comes first: what mastering needs grows with the clip's length, and is given back before the frames need theirs.
    sound = folder / "sound.wav"
    heard = mastered(job)
    pcm.write_wav(sound, heard)
    level = metering.measured(heard)
    del heard
    composer, shown, _ = compose(job)
    whole, before = job.whole, job.intro.seconds if job.intro else 0.0
    cover_at = cover_frame(job.timeline, job.blinks) + (job.intro.count if job.intro else 0)
    with mp4.encoder(folder / "clip.mp4", job.encoding, sound, aigc.tags(job.disclosure)) as pipe:
        width, height = job.layout.width, job.layout.height
        for i, frame in enumerate(frames(job, composer, paper=lambda: Frame(width, height, pipe.room(width * height * 3 // 2)))):
            pipe.write(frame.buffer.data)
            if i == cover_at:
                bgr = cv2.cvtColor(frame.rgb(), cv2.COLOR_RGB2BGR)
                cv2.imwrite(str(folder / "cover.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])
            if i % job.encoding.fps == 0:
                progress(i, whole.frames)
    sound.unlink()
    words = caption_words(whole)
    rendered_pages = [replace(page, start=page.start + before, end=page.end + before) for page in shown]
    frame_size = job.layout.width, job.layout.height
    subtitles.write(folder, rendered_pages, words, job.script.language, look(job), job.layout.captions, frame=frame_size)
    boxes = dict(composer.text_boxes())
    return Rendered(boxes, tuple(rendered_pages), words, composer.label_glyph(), level)


def frames(job: Job, composer: Composer, step: int = 1, paper: Callable[[], Frame] | None = None) -> Iterator[Frame]:
    """Every `step`th frame of a clip, the AI label on each: the intro's, then the Lines', then the outro's. Those of the Lines are drawn
    on what `paper` gives for each, else buffers are used again."""
    soft, before, lines = round(DISSOLVE * job.timeline.fps), job.intro.count if job.intro else 0, job.timeline.frames
    mixed, last = Frame(job.layout.width, job.layout.height), Frame(job.layout.width, job.layout.height)

    def dissolved(i: int, frame: Frame) -> Frame:
        """A frame that comes `i` frames after another part's `last` one. The composer's own stays as it is."""
        if i >= soft:
            return frame
        np.copyto(mixed.buffer, frame.buffer)
        mixed.cross_fade(last, 1 - (i + 1) / (soft + 1))
        return mixed

    for i, frame in enumerate(job.intro.frames() if job.intro else ()):
        composer.wear_label(frame)
        last = frame
        if i % step == 0:
            yield frame
    for i in range(-before % step, lines, step):
        frame = composer.frame(i, paper() if paper else None)
        yield dissolved(i, frame) if job.intro else frame
    if job.outro:
        np.copyto(last.buffer, composer.frame(lines - 1).buffer)
        for i, frame in enumerate(job.outro.frames()):
            composer.wear_label(frame)
            if (before + lines + i) % step == 0:
                yield dissolved(i, frame)


def compose(job: Job) -> tuple[Composer, list[Page], tuple[Word, ...]]:
    """The composer of a job's frames, with the caption pages and words it shows."""
    language, words = job.script.language, caption_words(job.timeline)
    design = look(job)
    shown = pages(words, ruler(design.style, language), design.room)
    art = CaptionArt(shown, words, language, design)
    composer = Composer(
        job.layout, job.script, job.timeline, job.pictures, job.palette, job.logo, job.presenters, art.at, art.height, job.footage
    )
    return composer, shown, words


def look(job: Job) -> Look:
    """How the captions of a clip look."""
    left, _, right, _ = job.layout.captions
    size = round(CAPTION_SIZE * min(1.0, job.layout.type))
    p = job.palette
    return Look(right - left, size, brand=p.primary, accent=p.accent, design=job.captions, roundness=p.roundness, font=p.font)


def mastered(job: Job) -> pcm.Samples:
    """The clip's sound [n, 2]: speech at its times, the bed ducked under it as is what is heard in the footage, if it is to be
    heard, and a whoosh where cards come and a sting at the price. An intro or outro with a sound of its own is heard alone, the bed
    goes on under one without."""
    own = [end.heard() if end else None for end in (job.intro, job.outro)]
    before, after = (end.seconds if end and heard is None else 0.0 for end, heard in zip((job.intro, job.outro), own, strict=True))
    parts = [own[0], _mixed(job, job.timeline.within(before, after), before), own[1]]
    return mixing.master(np.concatenate([part for part in parts if part is not None]))


def _mixed(job: Job, timeline: Timeline, before: float) -> pcm.Samples:
    """The Lines' sound and all that goes with it [n, 2], in a timeline that begins `before` s before theirs."""
    said = speech(timeline)
    bed = _bed(job.music) if job.music != "none" else None
    stings = list(_stings(timeline) if bed is not None else ())
    heard = [(at + before, sound) for at, sound in (_heard(job) if job.footage_sound else ())]
    effects, under = (_laid(timeline, sounds, channels=2) if sounds else None for sounds in (stings, heard))
    return mixing.mix(said, bed, effects, under)


def _heard(job: Job) -> Iterator[tuple[float, pcm.Samples]]:
    """The sound of footage while it is shown, as loud as `footage.sound` makes it."""
    seen = views(len(job.pictures), len(job.footage))
    planned = shots(job.script, job.timeline, len(seen))
    for number, (look, stretch) in stretches(planned, seen, job.footage).items():
        shot = planned[number]
        sound = footages.sound(look.film.path, stretch.start, min(stretch.length, shot.end - shot.start), pcm.RATE)
        yield shot.start, np.repeat(sound[:, None], 2, axis=1)


# All clips of a night sound over one or a few beds: decoding and measuring one costs as much as mastering a clip.
@lru_cache(maxsize=2)
def _bed(name: str) -> pcm.Samples:
    return metering.leveled(pcm.read_stereo(MUSIC / f"{name}.ogg"), mixing.BED)


def bed_for(text: str, group: str) -> str:
    """The bed of a product where a campaign leaves the choice: by the words of its category and title, else by its group of phrases."""
    words, groups = _moods()
    text = text.casefold()
    by_words = next((mood for mood, some in words.items() if any(_mentions(text, word.casefold()) for word in some)), "")
    return by_words or groups.get(group, groups["general"])


def _mentions(text: str, word: str) -> bool:
    """Whether a casefolded text has a word: whole and in the singular or plural if it is of Latin letters, else anywhere."""
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?:e?s)?(?!\w)", text)) if word.isascii() else word in text


@cache
def _moods() -> tuple[dict[str, list[str]], dict[str, str]]:
    """Mood -> words, and group -> mood."""
    table = yaml.safe_load((MUSIC / "moods.yaml").read_text(encoding="utf-8"))
    return table["words"], table["groups"]


def _stings(timeline: Timeline) -> Iterator[tuple[float, pcm.Samples]]:
    whoosh, price = (pcm.read_stereo(MUSIC / name) * gain for name, gain in (("whoosh.ogg", 0.10), ("price.ogg", 0.16)))
    priced = False
    for spoken in timeline.spoken:
        if spoken.line.role == "feature":
            yield max(0.0, spoken.start - 0.25), whoosh
        elif spoken.line.role == "price" and not priced:
            priced = True
            yield max(0.0, spoken.start - 0.2), price


def speech(timeline: Timeline) -> pcm.Samples:
    """What is said in a clip, all of its length: mono at `pcm.RATE` [n]."""
    return _laid(timeline, ((s.start, pcm.read_audio(s.speech.audio)) for s in timeline.spoken))


def _laid(timeline: Timeline, sounds: Iterable[tuple[float, pcm.Samples]], channels: int = 1) -> pcm.Samples:
    """Sounds laid on a silent track of the clip's length at their times (seconds): [n] or [n, channels]; what leaves it is cut off."""
    n = round(timeline.duration * pcm.RATE)
    track = np.zeros((n, channels) if channels > 1 else n, np.float32)
    for at, samples in sounds:
        start = round(at * pcm.RATE)
        part = track[start : start + len(samples)]
        part += samples[: len(part)]
    return track


def cover_frame(timeline: Timeline, blinks: Iterable[float]) -> int:
    """The frame of the Lines that is the cover: while the first one with a card is said, and nobody's eyes are closed. `blinks`: when
    eyes begin to close (s)."""
    spoken = next((s for s in timeline.spoken if s.line.show in ("title", "feature")), timeline.spoken[0])
    at = spoken.start + min(1.0, (spoken.end - spoken.start) / 2)
    for blink in sorted(blinks):
        if blink - 1 / timeline.fps < at < blink + BLINK:
            at = blink + BLINK
    return min(timeline.frames - 1, round(at * timeline.fps))
