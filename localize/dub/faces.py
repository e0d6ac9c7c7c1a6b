"""Faces in a video that is dubbed: where one is seen that says what is heard, and that face saying it in another language.

Lips are moved where exactly one face is seen, large and steady, and where its mouth goes with the video's own sound: who only looks
on while a voice-over speaks is left alone, as is everybody who has not consented.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

import av
import cv2
import numpy as np

from localize import consent as consents
from localize import engines
from localize.avatar.filmed import quality
from localize.avatar.filmed.faces import NONE, FaceFinder, Faces, Floats, Follower, inside
from localize.avatar.filmed.footage import written
from localize.checks import sync
from localize.clip.canvas import Frame
from localize.consent import Consent
from localize.domain import Finding
from localize.dub import Cue, Talk
from localize.dub.picture import Shape, Upright
from localize.errors import NotReady, UserError
from localize.film import Pace
from localize.lipsync import FilmedLipsync, Patch, Samples
from localize.lipsync import patches as patch_files
from localize.lipsync.blend import paste
from localize.pixels import Pixels, u8

VERSION = "1"  # raise it when other faces would be found in the same video
SIDE = 960  # px of the longer side of pictures that are searched
JOIN = 1.5  # s between two sentences that are looked at as one
LONGEST = 20.0  # s that are looked at as one: what is kept of it is in memory
SHORTEST = 0.8  # s: nobody sees what lips do for less
WITH_FACE = 0.8  # of the frames of a shot
HEARD = 1.1, 10.0  # s: less can't be held against a sound, more tells nothing new
ALONE = 2.4  # s: in less, mouths of others' films went with a sound as surely
POOL = 30.0  # s of short shots that are held against the sound together
POOL_SURE = 0.8  # confidence: 8 pieces of 1.3 s had 1.9 with their own sound and 0.56 with that of others who spoke in the same rhythm
NEAR = 3  # frames by which the best offset of a shot of a pool may be another than the pool's
OFF = 6  # frames that a video's own sound may be off
AROUND = 0.5  # of a face's width: what is kept around it to look at its mouth
CROP = 192  # px of a side of that
FADE = 3  # frames in which lips become others, and their own again
ROOM = 4  # px around a face that are brought to RGB with it, as chroma is of its neighbours too

Why = Literal["no face", "several faces", "a small face", "a face that does not speak"]
Spans = Sequence[tuple[float, float]]
TOLD: dict[Why, str] = {
    "no face": "in {} nobody's face is seen",
    "several faces": "in {} several faces are seen",
    "a small face": f"in {{}} the face is smaller than {quality.SMALL} px",
    "a face that does not speak": "in {} the face does not say what is heard, or is seen too briefly to tell",
}


@dataclass(frozen=True, eq=False)
class Stretch:
    """Frames `first` to before `stop` in which one face speaks: `boxes` float32 [n, 4], as lip-sync engines take them, in px."""

    first: int
    stop: int
    boxes: Floats


@dataclass(frozen=True)
class Seen:
    """The stretches of a video, in order, and what is to be told of the other sentences."""

    stretches: tuple[Stretch, ...]
    findings: tuple[Finding, ...]


def spans(talk: Talk, cues: Sequence[Cue]) -> tuple[tuple[float, float], ...]:
    """When lips have to do something, in s: while a sentence is said in the video, or its cue in the dub. One for each sentence."""
    pairs = zip(talk.sentences, cues, strict=True)
    return tuple((min(sentence.start, cue.start), max(sentence.end, cue.end)) for sentence, cue in pairs)


def allowed(consent: Consent | None, video: Path, language: str, platforms: Sequence[str] = ()) -> Finding | None:
    """None where the person in a video has consented to speak that language on these platforms, else the finding that says what lacks:
    their lips are then left as they are. Raises UserError where the video can't be read."""
    if consent is None:
        lack = "there is no consent of the person who is seen. The way out: give their consent file"
    elif consent.sha256 and consents.file_digest(video) not in consent.sha256:
        lack = "the consent names recordings (sha256), and this video is none of them"
    else:
        lack = "; ".join(dict.fromkeys(filter(None, (consent.lack(language, platform) for platform in platforms or ("",)))))
    told = f"{video.name}: the lips are left as they are: {lack}"
    return Finding(check="lips.consent", severity="warn", message=told) if lack else None


def engine(name: str = "auto", *, allow_noncommercial: bool = False, settings: engines.Settings | None = None) -> FilmedLipsync | Finding:
    """The engine that moves filmed lips. For `auto` the finding that says how to get one where none is ready; for a name NotReady is
    raised, and UserError as `engines.get`."""
    try:
        found = engines.get(
            "lipsync", name, allow_noncommercial=allow_noncommercial, settings=settings or {}, able=lambda card: card.filmed
        )  # fmt: skip
    except NotReady as error:
        if name != "auto":
            raise
        return Finding(check="lips.engine", severity="warn", message=f"the lips are left as they are: {error} {error.how}".strip())
    if not found.card.filmed:
        raise UserError(f"the lipsync engine {name!r} is for drawn hosts: a video's own face needs a filmed one, or auto.")
    return cast(FilmedLipsync, found)


# ---- where a face speaks


def speaking(shape: Shape, spans: Spans, heard: Samples, rate: int, *, finder: FaceFinder | None = None) -> Seen:
    """Where one face speaks while `spans` (s, in order, one a sentence) last. `heard` is the video's own sound, mono [n] at `rate` Hz from
    its first frame on.

    `finder` is by default the best one that is ready. The video is decoded once; raises NotReady where faces can't be found."""
    finder = finder or cast(FaceFinder, engines.get("faces"))
    zoom = min(1.0, SIDE / max(shape.width, shape.height))
    upright = Upright(shape, *(max(2, round(side * zoom) & ~1) for side in (shape.width, shape.height)))
    frame = Frame(upright.width, upright.height)
    groups = [(shape.number(first), min(shape.count, shape.number(stop))) for first, stop in _close_together(spans)]
    shots: list[_Shot] = []
    judged: list[_Judged] = []
    cuts = quality.Cuts()

    def close() -> None:
        while shots:
            judged.append(shots.pop().judged(shape, heard, rate))

    for first, after, decoded in shape.decoded(Pace()):
        while groups and groups[0][1] <= first:
            groups.pop(0)
            close()
            cuts = quality.Cuts()
        if not groups:
            break
        if after <= groups[0][0]:
            continue
        upright.fill(frame, decoded)
        rgb = frame.rgb()
        if cuts.see(rgb):
            close()
        if not shots:
            scale = (shape.width / frame.width, shape.height / frame.height)
            shots.append(_Shot(max(first, groups[0][0]), finder.follow(), scale, round(HEARD[1] * shape.rate)))
        for _ in range(max(first, groups[0][0]), min(after, groups[0][1])):
            shots[0].see(rgb)
    close()
    return _weighed(shape, spans, list(_pooled(judged, rate)))


def _close_together(spans: Spans) -> list[tuple[float, float]]:
    """Spans that follow each other closely as one, in order."""
    out: list[tuple[float, float]] = []
    for start, end in spans:
        if out and start - out[-1][1] < JOIN and end - out[-1][0] < LONGEST:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((max(start, out[-1][1]) if out else max(0.0, start), end))
    return [(start, end) for start, end in out if end > start]


@dataclass(frozen=True)
class _Judged:
    """A shot that was looked at: its frames with its boxes, why its lips are left alone, if they are, and its mouth with what was heard
    meanwhile, where they were held against each other."""

    stretch: Stretch
    why: Why | None
    mouth: sync.Lips | None = None
    sound: Samples = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    offset: float = 0.0  # frames


@dataclass
class _Shot:
    """A shot while it is looked at. Of its pictures only what is around the mouth is kept, for some seconds."""

    first: int
    follower: Follower
    scale: tuple[float, float]  # from the pictures that are searched to the video's own
    most: int  # crops that are kept
    count: int = 0
    crops: list[Pixels] = field(default_factory=list)
    _window: tuple[float, float, float, float] | None = None
    _begun: int = 0  # the frame of the shot from which crops are there

    def see(self, rgb: Pixels) -> None:
        box = self.follower.see(rgb, False)
        if self._window is None and box is not None:
            left, top, right, bottom = box
            reach = AROUND * (right - left)
            # One window for all: mouths must not move as a window does.
            self._window, self._begun = (left - reach, top - reach, right + reach, bottom + reach), self.count
        if self._window is not None and len(self.crops) < self.most:
            self.crops.append(u8(cv2.cvtColor(inside(rgb, self._window, (CROP, CROP)), cv2.COLOR_RGB2GRAY)))
        self.count += 1

    def judged(self, shape: Shape, heard: Samples, rate: int) -> _Judged:
        faces = self.follower.done()
        boxes = np.asarray(faces.boxes * np.array([*self.scale, *self.scale], np.float32), np.float32)
        stretch = Stretch(self.first, self.first + self.count, boxes)
        if why := self._why(faces):
            return _Judged(stretch, why)
        fps = float(shape.rate)
        begin = (self.first + self._begun) / fps
        sound = np.asarray(heard[round(begin * rate) : round((begin + len(self.crops) / fps) * rate)], np.float32)
        mouth = self._mouth(fps) if len(self.crops) >= HEARD[0] * fps else None
        if mouth is None or not len(sound):
            return _Judged(stretch, "a face that does not speak")
        found = sync.compare(mouth, sound, rate)
        return _Judged(stretch, None if _together(found) else "a face that does not speak", mouth, sound, found.offset)

    def _why(self, faces: Faces) -> Why | None:
        there = faces.seen != NONE
        if not self.count or there.mean() < WITH_FACE:
            return "no face"
        if faces.crowd > quality.CROWD:
            return "several faces"
        small = float(np.median(faces.boxes[there, 3] - faces.boxes[there, 1])) * self.scale[1] < quality.SMALL
        return "a small face" if small else None

    def _mouth(self, fps: float) -> sync.Lips | None:
        with tempfile.TemporaryDirectory() as folder:
            film = Path(folder) / "face.mp4"
            with written(film, CROP, CROP, grey=True) as write:
                for crop in self.crops:
                    write(crop)
            try:
                return sync.Lips(sync.lips(film).openings, fps)
            except UserError:  # no face in there after all
                return None


def _together(found: sync.Sync) -> bool:
    return found.sure and abs(found.offset) <= OFF and found.seconds >= ALONE


def _pooled(judged: Sequence[_Judged], rate: int) -> Iterator[_Judged]:
    """Shots in order, those among them that were too short to tell each by itself held against the sound together: the ones whose mouth
    then goes with it do speak. Many videos of people who talk are cut every other second."""
    pool: list[_Judged] = []
    for shot in judged:
        if not shot.why or shot.mouth is None:
            yield shot
            continue
        pool.append(shot)
        if sum(len(one.sound) for one in pool) >= POOL * rate:
            yield from _told(pool, rate)
            pool = []
    yield from _told(pool, rate)


def _told(pool: Sequence[_Judged], rate: int) -> Iterator[_Judged]:
    mouths = [shot.mouth for shot in pool if shot.mouth]
    if len(mouths) < 2:
        yield from pool
        return
    # One after the other, each about its mean: where shots meet, nothing jumps that is not a mouth.
    curves = zip(*(mouth.openings for mouth in mouths), strict=True)
    openings = tuple(np.concatenate([curve - curve.mean() for curve in parts]) for parts in curves)
    found = sync.compare(sync.Lips(openings, mouths[0].fps), np.concatenate([shot.sound for shot in pool]), rate)
    speak = _together(found) and found.confidence >= POOL_SURE
    for shot in pool:
        yield replace(shot, why=None) if speak and abs(shot.offset - found.offset) <= NEAR else shot


def _weighed(shape: Shape, spans: Spans, judged: Sequence[_Judged]) -> Seen:
    """The parts of shots in which a sentence is said, and what is to be told of sentences without one."""
    out: list[Stretch] = []
    reasons: Counter[Why] = Counter()
    for start, end in spans:
        first, stop = max(shape.number(max(0.0, start)), out[-1].stop if out else 0), min(shape.count, shape.number(end))
        parts = [part for shot in judged if not shot.why for part in _parts(shot.stretch, first, stop)]
        kept = [part for part in parts if part.stop - part.first >= SHORTEST * shape.rate]
        out += kept
        if not kept:
            met = [shot.why for shot in judged if shot.why and shot.stretch.first < stop and shot.stretch.stop > first]
            reasons[met[0] if met else "no face"] += 1
    if not reasons:
        return Seen(tuple(out), ())
    others = "; ".join(TOLD[why].format(count) for why, count in reasons.most_common())
    moved = len(spans) - reasons.total()
    message = f"{shape.film.path.name}: in {moved} of {len(spans)} sentences the lips are moved; {others}"
    evidence: dict[str, str | int | float | bool | None] = {"moved": moved, "sentences": len(spans)}
    evidence |= {why: count for why, count in reasons.items()}
    return Seen(tuple(out), (Finding(check="lips.faces", severity="info", message=message, evidence=evidence),))


def _parts(stretch: Stretch, first: int, stop: int) -> Iterator[Stretch]:
    """Runs of a stretch's frames with a face, from `first` to before `stop`."""
    first, stop = max(first, stretch.first), min(stop, stretch.stop)
    if first >= stop:
        return
    boxes = stretch.boxes[first - stretch.first : stop - stretch.first]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isfinite(boxes).all(axis=1).astype(np.int8), [0]])))
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        yield Stretch(first + int(a), first + int(b), boxes[a:b])


# ---- lips that say something else


def lips(engine: FilmedLipsync, shape: Shape, stretches: Sequence[Stretch], dub: Samples, rate: int, out: Path) -> int:
    """Write the patches of all stretches, frame for frame, into a file of `localize.lipsync.patches`; how many. `dub` is all that is said
    in the dub, mono [n] at `rate` Hz from the first frame on. Raises as `FilmedLipsync.patches`, ValueError without stretches."""
    film = ((number, decoded) for first, after, decoded in shape.decoded(Pace()) for number in range(first, after))
    upright = Upright(shape)

    def made() -> Iterator[Patch | None]:
        for stretch in stretches:
            begin, end = (round(float(number / shape.rate) * rate) for number in (stretch.first, stretch.stop))
            said = np.asarray(dub[begin:end], np.float32)
            yield from engine.patches(_taken(film, upright, stretch), stretch.boxes, said, rate, float(shape.rate))

    return patch_files.write(out, made())


def _taken(film: Iterator[tuple[int, av.VideoFrame]], upright: Upright, stretch: Stretch) -> Iterator[Pixels]:
    """The frames of a stretch, RGB, out of all that come with their numbers. No more are read than it has."""
    frame = Frame(upright.width, upright.height)
    for number, decoded in film:
        if number >= stretch.first:
            upright.fill(frame, decoded)
            yield frame.rgb()
        if number == stretch.stop - 1:
            return


class Relipped:
    """Draws patches of `lips` on the frames of their stretches. Frames come in order."""

    def __init__(self, shape: Shape, stretches: Sequence[Stretch], patches: Path) -> None:
        self._rate, self._stretches = shape.rate, list(stretches)
        self._patches = patch_files.read(patches)

    def draw(self, frame: Frame, t: float) -> None:
        number = round(t * self._rate)
        while self._stretches and number >= self._stretches[0].stop:
            self._stretches.pop(0)
        if not self._stretches or number < self._stretches[0].first:
            return
        patch = next(self._patches)
        if patch is not None:
            now = self._stretches[0]
            relip(frame, patch, min(1.0, (min(number - now.first, now.stop - 1 - number) + 1) / (FADE + 1)))


def relip(frame: Frame, patch: Patch, part: float = 1.0) -> None:
    """Paste a patch into an I420 frame, only a `part` of 0..1 of it. Where it shows what the frame shows, and outside its box, the frame
    keeps its bytes. Raises ValueError where the box does not lie in the frame."""
    left, top, right, bottom = patch.box
    if not (0 <= left < right <= frame.width and 0 <= top < bottom <= frame.height):
        raise ValueError(f"the patch goes to {patch.box}, which is not in a frame of {frame.width}x{frame.height}")
    x0, y0 = max(0, left - ROOM) & ~1, max(0, top - ROOM) & ~1
    x1, y1 = min(frame.width, (right + ROOM + 1) & ~1), min(frame.height, (bottom + ROOM + 1) & ~1)
    region = Frame(x1 - x0, y1 - y0)
    planes = [plane[y0 // k : y1 // k, x0 // k : x1 // k] for plane, k in ((frame.y, 1), (frame.u, 2), (frame.v, 2))]
    for own, plane in zip((region.y, region.u, region.v), planes, strict=True):
        np.copyto(own, plane)
    was = region.rgb()
    now = paste(was, Patch(patch.face, (left - x0, top - y0, right - x0, bottom - y0)))
    # What the patch changes is added: through RGB and back, what it leaves would not be the same to the byte.
    before, after = Frame.of(was), Frame.of(now)
    for plane, old, new in zip(planes, (before.y, before.u, before.v), (after.y, after.u, after.v), strict=True):
        change = np.rint((new.astype(np.float32) - old) * part).astype(np.int16)
        plane[:] = u8(np.clip(plane + change, 0, 255).astype(np.uint8))
