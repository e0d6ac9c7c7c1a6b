"""Do a mouth and a voice go together: by how many frames the sound comes late or early, from pixels and samples alone.

No network, no weights, nothing learned, so nothing is fitted to the faces it was tried on. Two things are seen of a mouth: how dark
its inside is, and how far its lower lip has come down. One thing is heard: the level between 900 and 2500 Hz, where an open mouth
gives vowels their second formant and closed lips leave nothing. Both openings are held against that level, and how fast they open
against how fast it rises; the lag at which the four correlations are highest in the mean is the offset. The slopes make the peak
sharp, the levels keep it from being another syllable's.

Three seconds are few. How far the peak stands above any other that is not beside it says whether to believe it (`Sync.sure`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.container import InputContainer

from localize.errors import NotReady, UserError
from localize.media import command, pcm

Curve = npt.NDArray[np.float64]
Grey = npt.NDArray[np.uint8]
Face = npt.NDArray[np.float32]  # [CANVAS], upright, 0..255

REACH = 0.5  # s an offset is looked for in
BESIDE = 0.13  # s around the peak that are the peak
RATE = 16_000  # Hz at which is listened
BAND = (900.0, 2500.0)  # Hz
WINDOW = 0.08  # s (Hann, so 40 ms) heard around a moment
FLOOR = 35.0  # dB below the loud parts: silence
SLOW = 0.6  # s: what changes more slowly (phrases, light, a smile) says nothing of an offset
# Margin times the root of the seconds. Of 1,292 pairs of 3 s of a mouth and another clip's sound 5 % reach 0.45 and 1 % 0.63, of 333
# pairs of 6 s 0.39 and 0.53; clips in sync have 0.68 and more.
SURE = 0.55

CASCADE = "haarcascade_frontalface_alt2.xml"
LOOK = 0.2  # s between two searches for the face
LONGEST = 960  # px to which frames are reduced
CANVAS = (152, 128)  # px [h, w] a face is brought to: its box is as wide, and lies in the middle
STEADY = (slice(22, 84), slice(20, 108))  # of it: brows to nose, which do not speak
NOSE = (slice(60, 84), slice(48, 80))
LIP = (slice(104, 118), slice(46, 82))  # the lower one and what is below it
MOUTH = (slice(78, 126), slice(34, 94))  # with the skin around it
INSIDE = (slice(84, 120), slice(46, 82))
DARK = 0.75  # of the skin's brightness: darker is the inside of a mouth
JUMP = 12.0  # px between two frames: a cut or a wrong match, no movement of a head


@dataclass(frozen=True)
class Sync:
    """How a sound lies to a mouth: `offset` in frames, above 0 where the sound comes late; `peak`, the mean correlation there
    (Fisher's z); `rival`, the highest that is not beside it; `seconds` compared."""

    offset: float
    peak: float
    rival: float
    seconds: float

    @property
    def confidence(self) -> float:
        """The margin over the rival, by how long was listened: chance falls with the root of the time."""
        return float((self.peak - self.rival) * self.seconds**0.5)

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE


@dataclass(frozen=True)
class Lips:
    """A mouth as seen: `openings`, each a Curve [n], one value a frame in any unit, and the frames a second. `start` is the first
    frame's time in seconds on the clock of the file's sound."""

    openings: tuple[Curve, ...]
    fps: float
    start: float = 0.0


def measure(video: str | Path, sound: str | Path | None = None) -> Sync:
    """The offset of a video of one face and its sound, or that of another file from 0 on. UserError without a face or a sound."""
    seen = lips(video)
    if sound is not None:
        seen = Lips(seen.openings, seen.fps)
    return compare(seen, pcm.read_audio(sound or video, RATE), RATE)


def compare(seen: Lips, samples: pcm.Samples, rate: int) -> Sync:
    """The offset of mono samples [n] at `rate` Hz to a mouth of at least 1 s; UserError for a shorter one."""
    count, reach = min(len(o) for o in seen.openings), round(REACH * seen.fps)
    if count < max(seen.fps, reach + 8):
        raise UserError("a mouth must be seen for at least a second to tell whether it goes with a sound.")
    # A camera's frame shows the moment at which it begins, and a composer's as well.
    heard = level(samples, rate, seen.start + np.arange(count) / seen.fps)
    rises, heard = np.gradient(heard), _quick(heard, seen.fps)
    scores = np.zeros(2 * reach + 1)
    for opening in seen.openings:
        scores += _lagged(_quick(opening[:count], seen.fps), heard, reach) + _lagged(np.gradient(opening[:count]), rises, reach)
    scores /= 2 * len(seen.openings)
    best, beside = int(np.argmax(scores)), round(BESIDE * seen.fps)
    rival = max([*scores[: max(0, best - beside)], *scores[best + beside + 1 :]])
    return Sync(best - reach + _vertex(scores, best), float(scores[best]), float(rival), count / seen.fps)


def level(samples: pcm.Samples, rate: int, times: Curve) -> Curve:
    """The voice in `BAND` around each of `times` [n] (s), in dB below its loud parts, -`FLOOR` at least. What is outside is silent."""
    size = round(WINDOW * rate)
    window, hertz = np.hanning(size), np.fft.rfftfreq(size, 1 / rate)
    band = (hertz >= BAND[0]) & (hertz < BAND[1])
    first = np.round(times * rate).astype(int) - size // 2
    lead = max(0, -int(first.min()))
    padded = np.pad(samples.astype(np.float64), (lead, max(0, int(first.max()) + size - len(samples))))
    power = [np.sum(np.abs(np.fft.rfft(padded[k + lead : k + lead + size] * window)[band]) ** 2) for k in first]
    decibels = 10 * np.log10(np.array(power) + 1e-9)
    return np.asarray(np.clip(decibels - np.percentile(decibels, 95), -FLOOR, 0))


def _quick(curve: Curve, fps: float) -> Curve:
    """What a curve does beside its mean over `SLOW` (Gaussian) around each moment."""
    reach = min(round(SLOW * fps), (len(curve) - 1) // 2)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (SLOW * fps / 2)) ** 2)
    return np.asarray(curve - np.convolve(curve, weights, "same") / np.convolve(np.ones(len(curve)), weights, "same"))


def _lagged(mouth: Curve, sound: Curve, reach: int) -> Curve:
    """Fisher's z of the correlation with the sound `lag` frames later, -reach to reach; less where fewer frames overlap."""
    count, scores = len(mouth), []
    for lag in range(-reach, reach + 1):
        a, b = mouth[max(0, -lag) : count - max(0, lag)], sound[max(0, lag) : count - max(0, -lag)]
        a, b = a - a.mean(), b - b.mean()
        r = float(a @ b / np.sqrt((a @ a) * (b @ b) + 1e-12))
        scores.append(np.arctanh(np.clip(r, -0.999, 0.999)) * np.sqrt(len(a) / count))
    return np.array(scores)


def _vertex(scores: Curve, best: int) -> float:
    """Where between the samples the peak lies, by a parabola through it and its neighbours: -0.5..0.5."""
    if not 0 < best < len(scores) - 1:
        return 0.0
    a, b, c = scores[best - 1 : best + 2]
    return float((a - c) / (2 * (a - 2 * b + c))) if a + c < 2 * b else 0.0


# ---- what is seen


def lips(video: str | Path) -> Lips:
    """The mouth of the largest face in a video. Raises UserError where no face is seen, or nothing can be read, NotReady where none
    can be looked for."""
    boxes, fps, start, count = _boxes(video)
    if not boxes:
        raise UserError(f"no face is seen in {video}.")
    faces = np.stack(list(_steadied(_faces(video, boxes, fps, count))))
    return Lips((_darkened(faces), _lowered(faces)), fps, start)


@contextmanager
def _opened(video: str | Path) -> Iterator[InputContainer]:
    """A file that has pictures. Raises UserError where there are none, or they can't be read."""
    try:
        with av.open(command.file(video), metadata_errors="replace") as container:
            if not container.streams.video:
                raise UserError(f"{video} has no pictures.")
            yield container
    except av.FFmpegError as e:
        raise UserError(f"{video} can't be read as a video: {e.strerror}.") from e


def _grey(video: str | Path) -> Iterator[Grey]:
    """The frames in grey [h, w], no side longer than `LONGEST`."""
    with _opened(video) as container:
        for frame in container.decode(video=0):
            scale = min(1.0, LONGEST / max(frame.width, frame.height))
            width, height = round(frame.width * scale), round(frame.height * scale)
            yield np.asarray(frame.to_ndarray(width=width, height=height, format="gray"), np.uint8)


def _finder() -> cv2.CascadeClassifier:
    """Raises NotReady where OpenCV has no cascade: one of a missing file would fail at the first frame, with an assertion."""
    file = Path(cv2.__file__).parent / "data" / CASCADE
    if not file.is_file():
        lack = f"this OpenCV ({cv2.__version__}) has no {CASCADE}."
        raise NotReady(f"faces can't be found: {lack}", missing=(lack,), how="pip install 'opencv-python-headless<5'")
    return cv2.CascadeClassifier(str(file))


def _boxes(video: str | Path) -> tuple[dict[int, Curve], float, float, int]:
    """The largest face (x, y of its middle, width) by frame, every `LOOK`; frames a second, the first one's time, how many there are.

    What is much smaller or larger than the face mostly is, is another one or none.
    """
    with _opened(video) as container:
        stream, sound = container.streams.video[0], container.streams.audio
        fps = float(stream.average_rate or 25)
        begins = [float((s.start_time or 0) * (s.time_base or 0)) for s in (stream, *sound[:1])]
    finder = _finder()
    found: dict[int, Curve] = {}
    count = 0
    for k, grey in enumerate(_grey(video)):
        count = k + 1
        if k % max(1, round(LOOK * fps)):
            continue
        least = min(grey.shape) // 8
        if len(faces := finder.detectMultiScale(grey, 1.1, 4, minSize=(least, least))):
            x, y, w, h = max(faces, key=lambda face: face[2])
            found[k] = np.array([x + w / 2, y + h / 2, w], float)
    usual = np.median([box[2] for box in found.values()]) if found else 0
    return {k: box for k, box in found.items() if 0.7 < box[2] / usual < 1.4}, fps, begins[0] - begins[-1], count


def _faces(video: str | Path, boxes: dict[int, Curve], fps: float, count: int) -> Iterator[Face]:
    """Each frame's face on `CANVAS`. The box glides: found ones jump by some pixels, and a mouth in them would, too."""
    at, reach = list(boxes), round(fps / 4)
    weights = np.hanning(2 * reach + 3)[1:-1] / np.hanning(2 * reach + 3).sum()
    x, y = (
        np.convolve(np.pad(np.interp(range(count), at, [b[axis] for b in boxes.values()]), reach, "edge"), weights, "valid")
        for axis in (0, 1)
    )
    scale = CANVAS[1] / float(np.median([b[2] for b in boxes.values()]))
    for k, grey in enumerate(_grey(video)):
        place = np.array([[scale, 0, CANVAS[1] / 2 - x[k] * scale], [0, scale, CANVAS[1] / 2 - y[k] * scale]])
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        yield cv2.warpAffine(grey, place, CANVAS[::-1], flags=how, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)


def _steadied(faces: Iterator[Face]) -> Iterator[Face]:
    """The faces with their upper half held still, each laid on the one before."""
    before: Face | None = None
    window = cv2.createHanningWindow((STEADY[1].stop - STEADY[1].start, STEADY[0].stop - STEADY[0].start), cv2.CV_32F)
    for face in faces:
        if before is not None:
            (dx, dy), _ = cv2.phaseCorrelate(before[STEADY], face[STEADY], window)
            if max(abs(dx), abs(dy)) < JUMP:
                back = np.array([[1, 0, -dx], [0, 1, -dy]], np.float64)
                face = cv2.warpAffine(face, back, CANVAS[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        before = face
        yield face


def _darkened(faces: Face) -> Curve:
    """How much of the mouth is darker than the skin around it, and by how much [n]."""
    smooth = np.stack([cv2.GaussianBlur(face, (0, 0), 1) for face in faces])
    skin = np.maximum(np.median(smooth[:, *MOUTH], axis=(1, 2), keepdims=True), 1)
    return np.asarray(np.clip(DARK - smooth[:, *INSIDE] / skin, 0, None).mean(axis=(1, 2)), np.float64)


def _lowered(faces: Face) -> Curve:
    """How far the lower lip has come down against the nose in px of `CANVAS` [n], summed up from frame to frame: it drifts."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    moved = [0.0]
    eight = faces.clip(0, 255).astype(np.uint8)
    for before, after in pairwise(eight):
        down = flow.calc(before, after, np.zeros((*CANVAS, 2), np.float32))[..., 1]
        moved.append(float(down[LIP].mean() - down[NOSE].mean()))
    return np.asarray(np.cumsum(moved))
