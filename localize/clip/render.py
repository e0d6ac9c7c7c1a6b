"""Make a clip's files: sound mixed, frames composed and encoded once, cover, captions.

Writes `clip.mp4`, `cover.jpg`, `captions.srt` into a folder and says what was measured on the way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from localize import media
from localize.assets import ASSETS
from localize.clip.captions import CaptionArt, Look, Page, pages, srt
from localize.clip.compose import Composer, Sprite
from localize.clip.layout import Box, Layout
from localize.clip.cards import Palette
from localize.clip.type import ruler
from localize.domain import Disclosure, Script, Word
from localize.timeline import Timeline

VERSION = "1"  # part of the clip's key: raise it when the same inputs would give other frames or sound
CAPTION_SIZE = 58


@dataclass(frozen=True)
class Job:
    """Everything a clip is drawn from. `pictures` are RGB or straight RGBA arrays, `presenter` gives the host's
    sprites at a time in the canvas that the layout's presenter box holds."""

    layout: Layout
    script: Script
    timeline: Timeline
    pictures: Sequence[npt.NDArray[np.uint8]]
    palette: Palette
    logo: str
    presenter: Callable[[float], Iterable[Sprite]]
    music: str
    encoding: media.Encoding
    disclosure: Disclosure


@dataclass(frozen=True)
class Rendered:
    """What rendering knows and a check needs: where text is, the words as captions show them, the sound's level."""

    boxes: dict[str, Box]
    pages: tuple[Page, ...]
    words: tuple[Word, ...]
    label_glyph: int
    loudness: media.Loudness


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
    composer, rendered_pages, words = compose(job)
    sound = folder / "sound.wav"
    level = _sound(job, folder, sound)
    cover_at = _cover_frame(job)
    with media.encoder(folder / "clip.mp4", job.encoding, sound, tags(job.disclosure)) as pipe:
        for i in range(job.timeline.frames):
            frame = composer.frame(i)
            pipe.write(frame.buffer.data)
            if i == cover_at:
                bgr = cv2.cvtColor(frame.rgb(), cv2.COLOR_RGB2BGR)
                cv2.imwrite(str(folder / "cover.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])
            if i % job.encoding.fps == 0:
                progress(i, job.timeline.frames)
    sound.unlink()
    (folder / "captions.srt").write_text(srt(rendered_pages, words), encoding="utf-8")
    boxes = dict(composer.text_boxes())
    return Rendered(boxes, tuple(rendered_pages), words, composer.label_glyph(), level)


def compose(job: Job) -> tuple[Composer, list[Page], tuple[Word, ...]]:
    """The composer of a job's frames, with the caption pages and words it shows."""
    language, words = job.script.language, caption_words(job.timeline)
    left, _, right, _ = job.layout.captions
    look = Look(width=right - left, size=CAPTION_SIZE, brand=job.palette.primary)
    shown = pages(words, ruler(look.style, language), look.room)
    art = CaptionArt(shown, words, language, look)
    composer = Composer(job.layout, job.script, job.timeline, job.pictures, job.palette, job.logo, job.presenter, art.at, art.height)
    return composer, shown, words


def tags(disclosure: Disclosure) -> Mapping[str, str]:
    """The implicit label of GB 45438-2025, appendix E, as MP4 metadata."""
    label = {
        "Label": "1", "ContentProducer": disclosure.producer, "ProduceID": disclosure.produce_id, "ReservedCode1": "",
        "ContentPropagator": disclosure.producer, "PropagateID": disclosure.produce_id, "ReservedCode2": "",
    }  # fmt: skip
    return {"AIGC": json.dumps({"AIGC": label}, separators=(",", ":"))}


def _sound(job: Job, folder: Path, out: Path) -> media.Loudness:
    track = np.zeros(round(job.timeline.duration * media.RATE), np.float32)
    for spoken in job.timeline.spoken:
        samples, rate = media.read_wav(spoken.speech.audio)
        if rate != media.RATE:
            samples = media.read_audio(spoken.speech.audio)
        start = round(spoken.start * media.RATE)
        end = min(len(track), start + len(samples))
        track[start:end] += samples[: end - start]
    speech = folder / "speech.wav"
    media.write_wav(speech, track)
    music = ASSETS / "music" / f"{job.music}.ogg" if job.music != "none" else None
    level = media.mix(speech, music, job.timeline.duration, out)
    speech.unlink()
    return level


def _cover_frame(job: Job) -> int:
    """The cover is taken while the first Line with a card is shown and its card has settled."""
    spoken = next((s for s in job.timeline.spoken if s.line.show in ("title", "feature")), job.timeline.spoken[0])
    return min(job.timeline.frames - 1, round((spoken.start + min(1.0, (spoken.end - spoken.start) / 2)) * job.timeline.fps))

