"""The face by MediaPipe's 478 landmarks, and the person cut out by its segmenter: both need a file each (`crossreel models pull
mediapipe`, 4 MB in all).

Neither could be tried on its real file where this was written: the geometry is tested on landmarks that were made up.
"""

from __future__ import annotations

from importlib.util import find_spec
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from localize import weights
from localize.avatar.filmed.cascade import SIMILAR
from localize.avatar.filmed.faces import FOUND, GAP, NONE, TRACKED, Box, Faces, smoothed
from localize.avatar.filmed.source import FPS
from localize.engines import Card
from localize.errors import NotReady
from localize.pixels import Pixels
from localize.weights import Source

PLACE = "https://storage.googleapis.com/mediapipe-models"
LANDMARKER, SEGMENTER = "face_landmarker.task", "selfie_segmenter.tflite"
EXTRA = "pip install 'crossreel[faces]'"
# Of the mesh's points: the oval of the face, and what stands for points 29 (bridge of the nose) and 8 (chin) of the usual 68.
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58,
        132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
BRIDGE, CHIN, NOSE, CHEEKS = 195, 152, 1, (234, 454)
CORNERS, LIPS = (61, 291), (13, 14)

Points = npt.NDArray[np.float64]


def lack(*, segmenting: bool = False) -> str:
    """What is missing to find faces, or to cut people out, in one sentence; "" when nothing is."""
    place = weights.folder("mediapipe")
    if find_spec("mediapipe") is None:
        return f"the package mediapipe is not installed ({EXTRA})."
    return weights.lack(place, (SEGMENTER if segmenting else LANDMARKER,), weights.how_to_pull("mediapipe", place), ())


class MediapipeFaces:
    card: ClassVar[Card] = Card(
        name="mediapipe", stage="faces", about="MediaPipe's face landmarks: jaw, chin and lips themselves, and how far the head is turned",
        version="1", licence="Apache-2.0", quality=50,
    )  # fmt: skip
    WEIGHTS: ClassVar[tuple[Source, ...]] = (
        Source(
            address=f"{PLACE}/face_landmarker/face_landmarker/float16/1/{LANDMARKER}", licence="Apache-2.0",
            sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        ),
        Source(
            address=f"{PLACE}/image_segmenter/selfie_segmenter/float16/1/{SEGMENTER}", licence="Apache-2.0",
            sha256="191ac9529ae506ee0beefa6b2c945a172dab9d07d1e802a290a4e4038226658b",
        ),
    )  # fmt: skip

    def missing(self) -> str:
        return lack()

    def fingerprint(self) -> str:
        return f"mediapipe {self.card.version} {weights.fingerprint(weights.folder('mediapipe'))}"

    def follow(self) -> LandmarkFollower:
        from mediapipe.tasks.python import vision

        options = {"num_faces": 2, "running_mode": vision.RunningMode.VIDEO}
        return LandmarkFollower(_task(vision.FaceLandmarker, vision.FaceLandmarkerOptions, LANDMARKER, options))


def _task(kind: Any, options: Any, name: str, settings: dict[str, Any]) -> Any:
    """A MediaPipe task with its file. Raises NotReady where that is missing or broken."""
    from mediapipe.tasks.python import BaseOptions

    if missing := lack(segmenting=name == SEGMENTER):
        raise NotReady(missing, missing=(missing,))
    place = weights.folder("mediapipe")
    try:
        # By content: a path would be opened by the library itself, which knows only ASCII ones on some systems.
        return kind.create_from_options(options(base_options=BaseOptions(model_asset_buffer=(place / name).read_bytes()), **settings))
    except (RuntimeError, ValueError, OSError) as error:
        raise NotReady(
            f"{place / name} can't be loaded: {' '.join(str(error).split())[:200]}.", how="Get it again: crossreel models pull mediapipe",
            missing=(name,),
        ) from error  # fmt: skip


def _image(frame: Pixels) -> Any:
    import mediapipe

    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(frame))


class LandmarkFollower:
    """One video. Each frame's landmarks are reduced to the box, the mouth and the turn at once."""

    def __init__(self, task: Any) -> None:
        self._task = task
        self._rows: list[npt.NDArray[np.float64]] = []  # left, top, right, bottom, mouth x, y, width, yaw; NaN without a face
        self._cuts: list[int] = []
        self._crowd = 0

    def see(self, frame: Pixels, cut: bool) -> Box | None:
        count = len(self._rows)
        if cut:
            self._cuts.append(count)
        result = self._task.detect_for_video(_image(frame), round(count * 1000 / FPS))
        size = (frame.shape[1], frame.shape[0])
        rows = [measure(np.array([(p.x, p.y) for p in face], np.float64) * size) for face in result.face_landmarks]
        rows.sort(key=lambda row: float(row[0] - row[2]))
        known = next((row for row in reversed(self._rows[-GAP:]) if not np.isnan(row[0])), None)
        if known is not None and not cut:  # of two people, the one who was it before
            rows.sort(key=lambda row: float(np.abs(row[:4] - known[:4]).sum()))
        self._crowd += len(rows) > 1 and bool(rows[1][2] - rows[1][0] > SIMILAR * (rows[0][2] - rows[0][0]))
        self._rows.append(rows[0] if rows else np.full(8, np.nan))
        if not rows:
            return None
        left, top, right, bottom = map(float, rows[0][:4])
        return left, top, right, bottom

    def done(self) -> Faces:
        self._task.close()
        rows = np.array(self._rows, np.float64).reshape(-1, 8)
        seen = np.where(np.isnan(rows[:, 0]), NONE, FOUND).astype(np.uint8)
        out = np.full_like(rows, np.nan)
        for start, stop in zip([0, *self._cuts], [*self._cuts, len(rows)], strict=True):
            hits = np.flatnonzero(seen[start:stop] == FOUND) + start
            for one, other in pairwise(hits):
                if 1 < other - one <= GAP:
                    seen[one + 1 : other] = TRACKED
                    for column in rows[one : other + 1].T:
                        column[1:-1] = np.linspace(column[0], column[-1], len(column))[1:-1]
            out[start:stop] = smoothed(rows[start:stop], 1.0)
        out[seen == NONE] = np.nan
        share = self._crowd / max(len(rows), 1)
        values = out.astype(np.float32)
        return Faces(values[:, :4], values[:, 4:7], seen, values[:, 7], share, 0.0)


def measure(points: Points) -> npt.NDArray[np.float64]:
    """Of a face's landmarks [478, 2] in px: its box (left, top, right, bottom), the mouth's middle and width, and the turn in degrees.

    The box is that of MuseTalk 1.5, made of the points that stand for those of its 68: from the outermost left to the outermost
    right one, down to the chin, and as far above the nose's bridge.
    """
    oval = points[list(OVAL)]
    bridge, chin = points[BRIDGE, 1], max(points[CHIN, 1], float(oval[:, 1].max()))
    left, right = points[list(CORNERS)]
    middle, width = points[list(LIPS)].mean(axis=0), float(np.linalg.norm(right - left))
    # A nose in the middle between the cheeks looks straight ahead; at 90 degrees it would stand on one of them.
    near, far = (abs(float(points[NOSE, 0] - points[cheek, 0])) for cheek in CHEEKS)
    yaw = np.degrees(np.arcsin(np.clip((near - far) / max(near + far, 1e-6), -1, 1)))
    box = (oval[:, 0].min(), max(0.0, 2 * bridge - chin), oval[:, 0].max(), chin)
    return np.array([*box, *middle, width, yaw], np.float64)


class Segmenter:
    """Cuts a person out before any background, by MediaPipe's selfie segmenter."""

    name = "mediapipe selfie segmenter"

    def __init__(self) -> None:
        from mediapipe.tasks.python import vision

        options = {"output_confidence_masks": True, "running_mode": vision.RunningMode.VIDEO}
        self._task = _task(vision.ImageSegmenter, vision.ImageSegmenterOptions, SEGMENTER, options)
        self._count = 0

    def cut(self, frame: Pixels) -> tuple[Pixels, Pixels]:
        result = self._task.segment_for_video(_image(frame), round(self._count * 1000 / FPS))
        self._count += 1
        sure = np.asarray(result.confidence_masks[0].numpy_view(), np.float32).reshape(frame.shape[:2])
        sharp = np.clip((sure - 0.2) / 0.6, 0, 1)  # its edges are wide
        return frame, np.rint(sharp * 255).astype(np.uint8)
