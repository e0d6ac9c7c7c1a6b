"""Lips are moved where one face says what is heard and its owner agreed; all else of the picture keeps its bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import ClassVar

import films
import numpy as np
import pytest

from localize import consent as consents
from localize.avatar.filmed.cascade import CascadeFaces
from localize.avatar.filmed.source import Source
from localize.checks import sync
from localize.clip.canvas import Frame
from localize.consent import Consent
from localize.domain import Finding
from localize.dub import Cue, Sentence, Talk
from localize.dub.faces import Relipped, Stretch, allowed, engine, lips, relip, spans, speaking
from localize.dub.picture import Shape, Upright, render
from localize.engines import Card
from localize.errors import UserError
from localize.film import Pace
from localize.lipsync import Boxes, Patch, Samples
from localize.lipsync import Frame as Picture
from localize.lipsync.blend import cut
from localize.lipsync.neural import placed
from localize.lipsync.patches import read
from localize.media import pcm, probing
from localize.pixels import Pixels

RATE = 16_000
GRID = ("grid_bbaf2n.mpg", "grid_lbbc2a.mpg")


class Mirror:
    """Gives back the faces it sees, or paints them all over, and notes what it was asked."""

    card: ClassVar[Card] = Card(name="mirror", stage="lipsync", about="", version="1", licence="", filmed=True)

    def __init__(self, paint: int | None = None) -> None:
        self.paint = paint
        self.asked: list[tuple[int, int, float]] = []

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return "mirror 1"

    def patches(self, frames: Iterable[Picture], boxes: Boxes, speech: Samples, rate: int, fps: float) -> Iterator[Patch | None]:
        self.asked.append((len(boxes), len(speech), fps))
        for frame, face in zip(frames, boxes, strict=True):
            box = placed(face, *frame.shape[:2])
            face = cut(frame, box, 64) if box else None
            if face is not None and self.paint is not None:
                face = np.full_like(face, self.paint)
            yield Patch(face, box) if box and face is not None else None


def shot(path: Path, count: int = 50, **how: object) -> Shape:
    return Shape.of(films.film(path, (films.person(k, **how) for k in range(count))))  # type: ignore[arg-type]


def syllables(seconds: float, seed: int = 0) -> Samples:
    """A buzz in the band that mouths are held against, in syllables that never come evenly."""
    times = np.arange(round(seconds * RATE)) / RATE
    loud = np.zeros(len(times))
    for start in np.cumsum(np.random.default_rng(seed).uniform(0.12, 0.4, int(seconds * 4))):
        loud += np.exp(-0.5 * ((times - start) / 0.035) ** 2)
    return (0.3 * loud * np.sin(2 * np.pi * 1500 * times)).astype(np.float32)


def follows(monkeypatch: pytest.MonkeyPatch, heard: Samples) -> None:
    """The mouths that are looked at open as this sound is loud; its time begins with the crops' first."""

    def seen(video: Path) -> sync.Lips:
        count = len(list(islice(_frames(video), 1000)))
        opening = sync.level(heard, RATE, np.arange(count) / 25)
        return sync.Lips((opening, np.cumsum(np.gradient(opening))), 25)

    monkeypatch.setattr(sync, "lips", seen)


def _frames(video: Path) -> Iterator[object]:
    from av import open as opened

    with opened(str(video)) as container:
        yield from container.decode(video=0)


@pytest.mark.heavy
@pytest.mark.parametrize("name", GRID)
def test_a_person_who_says_what_is_heard_is_found_and_one_who_does_not_is_left_alone(name: str) -> None:
    shape = Shape.of(films.real(name))
    own, other = (pcm.read_audio(films.real(n), RATE) for n in (name, next(n for n in GRID if n != name)))
    (stretch,) = speaking(shape, [(0.3, 2.8)], own, RATE, finder=CascadeFaces()).stretches
    assert (stretch.first, stretch.stop) == (8, 70)
    assert stretch.boxes.shape == (62, 4)
    assert 90 < np.median(stretch.boxes[:, 2] - stretch.boxes[:, 0]) < 140
    left = speaking(shape, [(0.3, 2.8)], other, RATE, finder=CascadeFaces())
    assert not left.stretches
    assert "in 0 of 1 sentences the lips are moved; in 1 the face does not say what is heard" in left.findings[0].message


@pytest.mark.heavy
@pytest.mark.parametrize("own", [True, False])
def test_shots_that_are_too_short_are_held_against_the_sound_together(tmp_path: Path, own: bool) -> None:
    films_of = [list(Source(films.real(name)).frames()) for name in GRID]
    heard = [pcm.read_audio(films.real(name), RATE) for name in (GRID if own else GRID[::-1])]
    pieces = [(who, start) for start in (8, 40) for who in (0, 1)]
    frames = [frame for who, start in pieces for frame in films_of[who][start : start + 32]]
    sound = np.concatenate([heard[who][start * 640 : (start + 32) * 640] for who, start in pieces])
    shape = Shape.of(films.film(tmp_path / "a.mp4", frames))
    seen = speaking(shape, [(k * 1.28, (k + 1) * 1.28) for k in range(4)], sound, RATE, finder=CascadeFaces())
    assert len(seen.stretches) == (4 if own else 0)


def test_only_sentences_in_which_the_face_is_seen_are_resynced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape, heard = shot(tmp_path / "a.mp4", 150), syllables(6)
    follows(monkeypatch, heard)
    seen = speaking(shape, [(0.0, 2.4), (2.6, 2.8), (2.9, 5.0)], heard, RATE, finder=films.MarkedFaces(absent=lambda k: k in (60, 61)))
    assert [(s.first, s.stop) for s in seen.stretches] == [(0, 60), (72, 125)]
    assert "in 2 of 3 sentences the lips are moved; in 1 nobody's face is seen" in seen.findings[0].message
    middle = (seen.stretches[1].boxes[0, 0] + seen.stretches[1].boxes[0, 2]) / 2
    assert middle == pytest.approx(films.face_middle(72)[0], abs=0.5)


def test_a_track_never_crosses_a_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = syllables(5)
    follows(monkeypatch, heard)
    frames = [films.person(k, behind=(20, 20, 20)) for k in range(60)] + [films.person(k, behind=(230, 230, 230)) for k in range(60)]
    starts: list[int] = []
    own = films.MarkedFaces.follow

    def follow(finder: films.MarkedFaces) -> films.MarkedFollower:
        starts.append(1)
        return own(finder)

    monkeypatch.setattr(films.MarkedFaces, "follow", follow)
    seen = speaking(Shape.of(films.film(tmp_path / "a.mp4", frames)), [(0.0, 4.8)], heard, RATE, finder=films.MarkedFaces())
    assert len(starts) == 2
    assert all(s.stop <= 60 or s.first >= 60 for s in seen.stretches)
    assert seen.stretches[0].stop == 60


@pytest.mark.parametrize(
    ("finder", "told"),
    [
        (films.MarkedFaces(absent=lambda k: k > 20), "in 1 nobody's face is seen"),
        (films.MarkedFaces(crowd=0.5), "in 1 several faces are seen"),
        (films.MarkedFaces(small=0.4), "in 1 the face is smaller than 96 px"),
    ],
)
def test_what_is_not_one_large_face_is_left_alone(tmp_path: Path, finder: films.MarkedFaces, told: str) -> None:
    seen = speaking(shot(tmp_path / "a.mp4"), [(0.0, 1.8)], syllables(2), RATE, finder=finder)
    assert not seen.stretches
    assert told in seen.findings[0].message


def test_lips_move_while_the_video_or_the_dub_speaks() -> None:
    talk = Talk(language="zh", sentences=(Sentence(text="好", start=1.0, end=2.0), Sentence(text="买", start=3.0, end=4.0)), origin="a.srt")
    cues = (Cue(text="ดี", start=1.1, end=2.6), Cue(text="ซื้อ", start=2.9, end=3.5))
    assert spans(talk, cues) == ((1.0, 2.6), (2.9, 4.0))


def i420(picture: Pixels) -> Frame:
    return Frame.of(picture)


# In the middle, at odd places, at the frame's corners.
@pytest.mark.parametrize("box", [(60, 50, 200, 210), (61, 53, 188, 201), (0, 0, 150, 150), (171, 233, 320, 400)])
def test_a_face_that_stays_the_same_leaves_every_byte(box: tuple[int, int, int, int]) -> None:
    frame = i420(films.person(3))
    grain = np.random.default_rng(0).integers(-6, 7, frame.buffer.shape)
    frame.buffer[:] = np.clip(frame.buffer + grain, 0, 255)
    before, seen = frame.buffer.copy(), frame.rgb()
    relip(frame, Patch(cut(seen, box, 96), box))
    assert np.array_equal(frame.buffer, before)


def test_another_face_changes_its_box_only() -> None:
    frame, box = i420(films.person(3)), (91, 87, 230, 261)
    before = frame.rgb()
    relip(frame, Patch(np.full((96, 96, 3), 30, np.uint8), box))
    changed = np.argwhere(np.abs(frame.rgb().astype(int) - before).max(axis=2) > 2)
    assert len(changed) > 1000
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert left >= box[0] - 2
    assert top >= box[1] + 60  # nothing above the middle of the face
    assert right < box[2] + 2
    assert bottom < box[3] + 2
    with pytest.raises(ValueError, match="not in a frame of 320x400"):
        relip(frame, Patch(np.zeros((96, 96, 3), np.uint8), (300, 300, 340, 380)))


def marked(shape: Shape, *parts: tuple[int, int]) -> list[Stretch]:
    follower = films.MarkedFaces().follow()
    for k in range(shape.count):
        follower.see(np.zeros((shape.height, shape.width, 3), np.uint8), k == 0)
    boxes = follower.done().boxes
    return [Stretch(first, stop, boxes[first:stop]) for first, stop in parts]


def drawn(shape: Shape, relipped: Relipped) -> Iterator[tuple[int, bool]]:
    """Each frame's number and whether it was changed."""
    upright, frame = Upright(shape), Frame(shape.width, shape.height)
    for first, after, decoded in shape.decoded(Pace()):
        for number in range(first, after):
            upright.fill(frame, decoded)
            before = frame.buffer.copy()
            relipped.draw(frame, float(number / shape.rate))
            yield number, not np.array_equal(frame.buffer, before)


def test_an_engine_that_gives_back_what_it_sees_changes_no_frame(tmp_path: Path) -> None:
    shape, mirror = shot(tmp_path / "a.mp4"), Mirror()
    stretches = marked(shape, (5, 20), (30, 42))
    assert lips(mirror, shape, stretches, np.zeros(2 * RATE, np.float32), RATE, tmp_path / "lips.mkv") == 27
    assert mirror.asked == [(15, round(15 / 25 * RATE), 25.0), (12, round(12 / 25 * RATE), 25.0)]
    assert len(list(read(tmp_path / "lips.mkv"))) == 27
    assert not any(changed for _, changed in drawn(shape, Relipped(shape, stretches, tmp_path / "lips.mkv")))


def test_other_lips_come_in_their_stretches_alone_and_softly(tmp_path: Path) -> None:
    shape = shot(tmp_path / "a.mp4")
    stretches = marked(shape, (5, 20), (30, 42))
    lips(Mirror(paint=20), shape, stretches, np.zeros(2 * RATE, np.float32), RATE, tmp_path / "lips.mkv")
    relipped = Relipped(shape, stretches, tmp_path / "lips.mkv")
    assert [n for n, changed in drawn(shape, relipped) if changed] == [*range(5, 20), *range(30, 42)]
    one, other = i420(films.person(3)), i420(films.person(3))
    patch = Patch(np.full((64, 64, 3), 20, np.uint8), (90, 90, 230, 260))
    before = one.y.astype(int)
    relip(one, patch, 0.25)
    relip(other, patch)
    assert np.abs(one.y - before).sum() == pytest.approx(np.abs(other.y - before).sum() / 4, rel=0.05)


def test_lips_go_through_the_one_encode_at_an_odd_rate(tmp_path: Path) -> None:
    video = films.film(tmp_path / "a.mp4", (films.person(k) for k in range(40)), rate=Fraction(30000, 1001))
    shape = Shape.of(video)
    stretches = marked(shape, (10, 30))
    lips(Mirror(paint=20), shape, stretches, np.zeros(2 * RATE, np.float32), RATE, tmp_path / "lips.mkv")
    done = render(shape, tmp_path / "out.mp4", "th", [Relipped(shape, stretches, tmp_path / "lips.mkv")])
    chins = [probing.frame_at(tmp_path / "out.mp4", (k + 0.5) * 1001 / 30000)[250:265, 150:170].mean() for k in (2, 20, 36)]
    assert done.frames == 40
    assert chins[1] < 60 < min(chins[0], chins[2])


def consent(**changes: object) -> Consent:
    told = {"who": "Somchai Example", "signed": date(2026, 1, 1), "by": "form 1", "languages": ["th"], "platforms": "all"}
    return Consent.model_validate(told | changes)


def test_nobodys_lips_are_moved_without_their_consent(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"a video")
    assert allowed(consent(), video, "th") is None
    assert allowed(consent(sha256=[consents.file_digest(video)]), video, "th", ["tiktok"]) is None
    lacks = [
        allowed(None, video, "th"), allowed(consent(), video, "vi"), allowed(consent(sha256=["0" * 64]), video, "th"),
        allowed(consent(withdrawn=date(2026, 2, 1)), video, "th"), allowed(consent(platforms=["douyin"]), video, "th", ["tiktok"]),
    ]  # fmt: skip
    words = ("there is no consent", "not for Vietnamese", "names recordings", "withdrawn on 2026-02-01", "not for tiktok")
    for lack, word in zip(lacks, words, strict=True):
        assert lack is not None
        assert word in lack.message
        assert "Somchai" not in lack.message


def test_without_an_engine_auto_says_how_to_get_one_and_a_drawn_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localize.lipsync.musetalk.MuseTalkLipsync.missing", lambda self: "its weights are not here.")
    told = engine()
    assert isinstance(told, Finding)
    assert "its weights are not here" in told.message
    with pytest.raises(UserError, match="drawn hosts"):
        engine("viseme")
