"""Lip-sync on film: a result for each frame, in order, and what an engine says that is not ready or not allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import film
import numpy as np
import pytest

from localize import engines
from localize.engines import Card
from localize.errors import NotReady, UserError
from localize.lipsync import Frame, Samples
from localize.lipsync.blend import paste
from localize.lipsync.musetalk import MuseTalkLipsync
from localize.lipsync.neural import LipsyncOptions, NeuralLipsync, placed
from localize.lipsync.patches import read, write
from localize.lipsync.wav2lip import Wav2LipLipsync


class Mirror(NeuralLipsync):
    """Gives back the faces it sees and notes what it was asked."""

    card: ClassVar[Card] = Card(name="mirror", stage="lipsync", about="", version="1", licence="", filmed=True)
    PACKAGES = ()
    FILES = ()
    SIZE = 64

    def __init__(self, place: Path, batch: int = 4) -> None:
        super().__init__(LipsyncOptions(model=str(place), batch=batch))
        self.heard: list[int] = []
        self.batches: list[int] = []
        self.sound = 0

    def _load(self) -> str:
        return "mirror"

    def _hear(self, model: Any, sound: Samples, fps: float) -> Callable[[int], int]:
        self.sound = len(sound)
        return lambda number: number

    def _run(self, model: Any, faces: Frame, heard: Sequence[int]) -> Frame:
        assert faces.dtype == np.uint8
        self.heard += heard
        self.batches.append(len(faces))
        return faces

    def _dtype(self) -> str:
        return "float32"


@pytest.mark.parametrize("fps", [25, 30, 22.13])
@pytest.mark.parametrize("batch", [1, 4, 64])
def test_each_frame_has_its_result_and_those_without_a_face_none(tmp_path: Path, fps: float, batch: int) -> None:
    count, unseen = round(1.7 * fps), (0, 5, 6, 7, 8, 9, 10, 11, 12, 30)
    mirror = Mirror(tmp_path, batch)
    found = list(mirror.patches(film.frames(count), film.boxes(count, unseen=unseen), film.speech(1.7), 16_000, fps))
    assert len(found) == count
    assert tuple(i for i, patch in enumerate(found) if patch is None) == unseen
    assert mirror.heard == [i for i in range(count) if i not in unseen]  # each hears its own moment
    assert max(mirror.batches) <= batch


def test_a_whole_film_through_a_mirror_and_the_clips_file_stays_as_it_was(tmp_path: Path) -> None:
    boxes = film.boxes(20, unseen=(3, 4))
    kept = tmp_path / "patches.mkv"
    assert write(kept, Mirror(tmp_path).patches(film.frames(20), boxes, film.speech(0.5), 48_000, 25)) == 20
    for frame, patch in zip(film.frames(20), read(kept), strict=True):
        assert np.array_equal(paste(frame, patch) if patch else frame, frame)


def test_frames_are_read_as_they_are_needed(tmp_path: Path) -> None:
    taken = 0

    def frames() -> Iterator[Frame]:
        nonlocal taken
        for frame in film.frames(40):
            taken += 1
            yield frame

    found = Mirror(tmp_path).patches(frames(), film.boxes(40), film.speech(1), 16_000, 25)
    assert taken == 0
    next(found)
    assert taken == 4


def test_speech_shorter_than_the_film_goes_on_in_silence(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    list(mirror.patches(film.frames(50), film.boxes(50), film.speech(0.5, 48_000), 48_000, 25))
    assert mirror.sound == 2 * 16_000


def test_boxes_that_are_not_the_films_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shorter"):
        list(Mirror(tmp_path).patches(film.frames(5), film.boxes(4), film.speech(1), 16_000, 25))
    with pytest.raises(ValueError, match="at 0 frames a second"):
        Mirror(tmp_path).patches(film.frames(5), film.boxes(5), film.speech(1), 16_000, 0)


def test_a_face_lies_in_its_frame_with_room_below_the_chin() -> None:
    nan = float("nan")
    assert placed(np.array([10.4, 20.6, 60.2, 90.0]), 240, 320) == (10, 21, 60, 100)
    assert placed(np.array([-10.0, -5.0, 60.0, 235.0]), 240, 320) == (0, 0, 60, 240)
    assert placed(np.array([nan, nan, nan, nan]), 240, 320) is None
    assert placed(np.array([310.0, 20.0, 380.0, 90.0]), 240, 320) is None  # hardly in the frame
    assert placed(np.array([400.0, 20.0, 480.0, 90.0]), 240, 320) is None


# What is asked before anything runs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "package"), [(MuseTalkLipsync, "diffusers"), (Wav2LipLipsync, "torch")])
def test_without_package_or_weights_it_says_what_to_do(
    kind: type[MuseTalkLipsync | Wav2LipLipsync], package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    monkeypatch.setattr("localize.lipsync.neural.find_spec", lambda name: None)
    lack = kind().missing()
    assert package in lack
    assert "pip install 'crossreel[lipsync]'" in lack
    monkeypatch.setattr("localize.lipsync.neural.find_spec", lambda name: name)
    name = kind.card.name
    assert kind().missing() == f"there is no model in {tmp_path / name}; get it with: crossreel models pull {name}."
    (tmp_path / name).mkdir()
    assert f"has no {kind.FILES[0]}" in kind().missing()
    with pytest.raises(NotReady, match=f"'{name}' is not ready.*models pull {name}"):
        kind().patches(film.frames(2), film.boxes(2), film.speech(1), 16_000, 25)


def test_wav2lip_is_refused_where_the_use_is_commercial() -> None:
    with pytest.raises(UserError, match=r"wav2lip has non-commercial weights.*allow_noncommercial: true"):
        engines.get("lipsync", "wav2lip")


def test_auto_takes_what_the_hosts_kind_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(MuseTalkLipsync, "missing", lambda self: "")
    assert engines.get("lipsync", able=lambda card: card.filmed).card.name == "musetalk"
    assert engines.get("lipsync", able=lambda card: not card.filmed).card.name == "viseme"


def test_what_is_pulled_is_what_is_needed() -> None:
    for kind in (MuseTalkLipsync, Wav2LipLipsync):
        pulled = [f"{s.to}/{f}".lstrip("/") for s in kind.WEIGHTS for f in (s.files or (s.address.rpartition("/")[2],))]
        assert sorted(pulled) == sorted(kind.FILES)
