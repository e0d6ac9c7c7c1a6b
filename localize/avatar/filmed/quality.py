"""What is measured of footage while it is read, and what is wrong with it: each finding with its value and the way out."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from localize.avatar.filmed.faces import NONE, Box, Faces, Floats, inside, usable
from localize.avatar.filmed.source import FPS, LOOKED_AT, Source
from localize.domain import Finding, Severity
from localize.pixels import Pixels, u8

SHORTEST, GOOD, LONGEST = 5.0, 30.0, 120.0  # s: refused below, warned below, taken of more
SMALL, FINE = 96, 200  # px of the face box's height: refused and warned below. Lip-sync models paint 96 to 256 px.
WITH_FACE = 0.6  # of the frames, refused below
CROWD, PROFILE = 0.25, 0.2  # of the looks at whole frames, refused above
TURNED, FAR_TURNED = 25.0, 40.0  # degrees aside in the median: warned and refused above, where landmarks tell
DARK, DIM, BRIGHT = 30.0, 55.0, 225.0  # mean luminance of the face, 0 to 255: refused and warned below, warned above
FLAT = 12.0  # standard deviation of it, warned below
# Refused and warned below; see `sharpness`. Ten videos of people had 0.018 to 0.060, and 0.004 blurred by a fiftieth of the face.
BLURRED, SOFT = 0.007, 0.015
SPEED, HURRY = 0.03, 0.08  # of the face's width per frame, at its 95th percentile: warned and refused above
RANGE = 1.0  # of the face's width from side to side, warned above
STRANGE = 0.2  # likeness of the lower face to how it looks mostly, counted as covered below
COVERED = 0.05  # share of frames, warned above
CUT = 16.0  # mean difference of grey levels from frame to frame that makes a cut, if it stands out from those around it
MINI = (48, 48)  # the frame as cuts are seen in it
PATCH = (28, 28)  # the lower face as it is compared


@dataclass
class Measured:
    """What is known of each frame, one value a frame. NaN where there is no face to measure.

    `light` and `contrast`: mean and standard deviation of the face's luminance, 0 to 255. `sharp`: see `sharpness`. `open`: share
    of the mouth that is as dark as an open one. `patches`: the lower face [28, 28], to be compared.
    """

    light: list[float] = field(default_factory=list)
    contrast: list[float] = field(default_factory=list)
    sharp: list[float] = field(default_factory=list)
    open: list[float] = field(default_factory=list)
    patches: list[Pixels] = field(default_factory=list)

    def add(self, frame: Pixels, box: Box | None) -> None:
        if box is None or not usable(box, frame):
            for values in (self.light, self.contrast, self.sharp, self.open):
                values.append(np.nan)
            self.patches.append(np.zeros(PATCH, np.uint8))
            return
        left, top, right, bottom = box
        w, h = right - left, bottom - top
        face = u8(cv2.cvtColor(inside(frame, (left + 0.12 * w, top + 0.1 * h, right - 0.12 * w, bottom), (128, 144)), cv2.COLOR_RGB2GRAY))
        self.light.append(float(face.mean()))
        self.contrast.append(float(face.std()))
        self.sharp.append(sharpness(face))
        mouth = face[100:130, 34:94]
        self.open.append(float(np.mean(mouth < 0.45 * np.median(face))))
        self.patches.append(u8(cv2.resize(face[64:], PATCH, interpolation=cv2.INTER_AREA)))

    def part(self, start: int, stop: int) -> Measured:
        """The frames from start to stop."""
        return Measured(*(getattr(self, name)[start:stop] for name in ("light", "contrast", "sharp", "open", "patches")))

    def likeness(self) -> Floats:
        """How far each frame's lower face looks as it does mostly: correlation, 1 the same; NaN without a face. A hand or a
        microphone before it has another pattern of light and dark."""
        known = np.flatnonzero(~np.isnan(self.light))
        out = np.full(len(self.light), np.nan, np.float32)
        if len(known):
            usual = np.median(np.stack([self.patches[k] for k in known[:: max(1, len(known) // 200)]]), axis=0)
            usual = (usual - usual.mean()) / (usual.std() + 1e-6)
            for k in known:
                patch = self.patches[k].astype(np.float64)
                out[k] = np.mean((patch - patch.mean()) / (patch.std() + 1e-6) * usual)
        return out


def sharpness(face: Pixels) -> float:
    """Sharpness of a grey picture of a face, 128 px wide: the variance of its Laplacian in relation to its own. It does not
    depend on the light; a face that was enlarged or is out of focus has little of it."""
    calm = cv2.GaussianBlur(face, (0, 0), 0.7).astype(np.float64)  # noise is not sharpness
    return float(cv2.Laplacian(calm, cv2.CV_64F).var() / (calm.var() + 25))


@dataclass
class Cuts:
    """Where one shot ends and another begins, seen while frames are read."""

    steps: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    small: list[Pixels] = field(default_factory=list)  # each frame, grey [48, 48]

    def see(self, frame: Pixels) -> bool:
        """Whether the next frame, RGB [h, w, 3], begins another shot."""
        small = u8(cv2.cvtColor(cv2.resize(frame, MINI, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY))
        step = float(cv2.absdiff(small, self.small[-1]).mean()) if self.small else 0.0
        around = float(np.median(self.steps[-12:])) if self.steps else 0.0
        self.small.append(small)
        cut = step > max(CUT, 6 * around)
        self.steps.append(step)
        if cut:
            self.places.append(len(self.steps) - 1)
        return cut

    def pieces(self) -> list[tuple[int, int]]:
        """The shots, as frames from and to."""
        return list(pairwise([0, *self.places, len(self.steps)]))


def chosen(faces: Faces, cuts: Cuts) -> tuple[tuple[int, int], list[Finding]]:
    """The frames that are used: of the longest shot, from the first to the last with a face, `LONGEST` at most; and what to say."""
    found = []
    pieces = cuts.pieces()
    start, stop = max(pieces, key=lambda piece: np.count_nonzero(faces.seen[piece[0] : piece[1]]))
    if len(pieces) > 1:
        found.append(_finding("cuts", "warn", f"it has {len(pieces) - 1} cuts: of its {len(pieces)} pieces the longest with a face was"
            f" taken, {start / FPS:.1f} to {stop / FPS:.1f} s. Better: one take without a cut", cuts=len(pieces) - 1, start=start / FPS,
            stop=stop / FPS))  # fmt: skip
    there = np.flatnonzero(faces.seen[start:stop] != NONE)
    if not len(there):
        return (start, stop), found
    start, stop = start + int(there[0]), start + int(there[-1]) + 1
    most = round(LONGEST * FPS)
    if stop - start > most:
        held = np.concatenate([[0], np.cumsum(faces.seen[start:stop] != NONE)])
        begin = start + int(np.argmax(held[most:] - held[:-most]))
        found.append(_finding("length", "info", f"of its {(stop - start) / FPS:.0f} s, {LONGEST:.0f} s from {begin / FPS:.0f} s on are"
            " kept, where the face is seen most", start=begin / FPS))  # fmt: skip
        start, stop = begin, begin + most
    return (start, stop), found


class Say(Protocol):
    """Notes a finding with what was measured."""

    def __call__(self, check: str, severity: Severity, message: str, **values: float) -> None: ...


def judge(faces: Faces, measured: Measured, like: Floats) -> list[Finding]:
    """What is wrong with the frames that would be used. Findings that block refuse the footage."""
    found: list[Finding] = []

    def say(check: str, severity: Severity, message: str, **values: float) -> None:
        found.append(_finding(check, severity, message, **{k: round(float(v), 3) for k, v in values.items()}))

    seconds, there = len(faces) / FPS, faces.seen != NONE
    share = float(there.mean()) if len(faces) else 0.0
    if not share:
        say("face", "block", "no face is seen in it: film the person from the front, head and shoulders, in good light", share=0)
        return found
    if seconds < SHORTEST:
        say("length", "block", f"it has {seconds:.1f} s that can be used; {SHORTEST:.0f} s are the least, 30 s to 2 min are asked for:"
            " film a longer take", seconds=seconds)  # fmt: skip
    elif seconds < GOOD:
        say("length", "warn", f"it has {seconds:.1f} s: viewers will see it repeat. 30 s to 2 min are better", seconds=seconds)
    if share < WITH_FACE:
        say("face", "block", f"the face is seen in {share:.0%} of its frames only, {WITH_FACE:.0%} are the least: keep facing the camera,"
            f" nothing before the face (the longest gap is {_gap(there):.1f} s)", share=share, gap=_gap(there))  # fmt: skip
    elif share < 1:
        say("face", "warn", f"the face is not seen in {1 - share:.0%} of its frames, {_gap(there):.1f} s at a time: no lips can be moved"
            " there", share=share, gap=_gap(there))  # fmt: skip
    if faces.crowd > CROWD:
        say("people", "block", f"another face of similar size is in {faces.crowd:.0%} of its frames: film one person alone, also no picture"
            " or mirror with a face behind them", share=faces.crowd)  # fmt: skip
    _judge_size(faces, there, say)
    _judge_picture(measured, like, say)
    return found


def _judge_size(faces: Faces, there: npt.NDArray[np.bool_], say: Say) -> None:
    boxes = faces.boxes[there].astype(np.float64)
    width, height = np.median(boxes[:, 2] - boxes[:, 0]), np.median(boxes[:, 3] - boxes[:, 1])
    if height < SMALL:
        say("size", "block", f"the face is {height:.0f} px high, {SMALL} px are the least: come nearer, or film in a higher resolution"
            " (1080x1920)", height=height)  # fmt: skip
    elif height < FINE:
        say("size", "warn", f"the face is {height:.0f} px high: from {FINE} px on, lips are sharp. Come nearer, or film in 1080x1920",
            height=height)  # fmt: skip
    yaw = np.abs(faces.yaw[there & ~np.isnan(faces.yaw)])
    turned = float(np.median(yaw)) if len(yaw) else 0.0
    if faces.aside > PROFILE or turned > FAR_TURNED:
        say("frontal", "block", f"the face is turned aside ({turned:.0f} degrees in the median, a profile in {faces.aside:.0%} of its"
            " frames): look into the camera", share=faces.aside, degrees=turned)  # fmt: skip
    elif faces.aside > 0.05 or turned > TURNED:
        say("frontal", "warn", "the face is turned aside at times: lips are drawn best from the front", share=faces.aside, degrees=turned)
    middle = np.stack([boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]], axis=1) / 2 / width
    steps = np.linalg.norm(np.diff(middle, axis=0), axis=1)[np.diff(np.flatnonzero(there)) == 1]
    speed = float(np.percentile(steps, 95)) if len(steps) else 0.0
    spread = float(np.ptp(np.percentile(middle[:, 0], [2, 98])))
    if speed > HURRY:
        say("movement", "block", f"the head moves too fast ({speed:.0%} of its width from frame to frame): lips would be smeared. Hold it"
            " calm", speed=speed)  # fmt: skip
    elif speed > SPEED:
        say("movement", "warn", f"the head moves fast at times ({speed:.1%} of its width from frame to frame)", speed=speed)
    if spread > RANGE:
        say("movement", "warn", f"the head moves {spread:.1f} times its width from side to side: stay in one place", range=spread)


def _judge_picture(measured: Measured, like: Floats, say: Say) -> None:
    light, contrast, sharp = (float(np.nanmedian(v)) for v in (measured.light, measured.contrast, measured.sharp))
    if light < DARK:
        say("light", "block", f"the face is too dark (luminance {light:.0f} of 255, {DARK:.0f} is the least): put a lamp or window before"
            " it", light=light)  # fmt: skip
    elif light < DIM:
        say("light", "warn", f"the face is dim (luminance {light:.0f} of 255): put a lamp or window before it", light=light)
    elif light > BRIGHT:
        say("light", "warn", f"the face is too bright (luminance {light:.0f} of 255): less light, or less exposure", light=light)
    if contrast < FLAT:
        say("contrast", "warn", f"the face has little contrast ({contrast:.0f} of 255): fog, a dirty lens, or light from behind",
            contrast=contrast)  # fmt: skip
    if sharp < BLURRED:
        say("blur", "block", f"the face is blurred (sharpness {sharp:.3f}, {BLURRED} is the least): clean the lens, focus on the face, do"
            " not enlarge the video", sharpness=sharp)  # fmt: skip
    elif sharp < SOFT:
        say("blur", "warn", f"the face is soft (sharpness {sharp:.3f}; {SOFT} and more is good): focus on it", sharpness=sharp)
    covered = covering(like)
    if covered > COVERED:
        say("covered", "warn", f"the lower face looks covered in {covered:.0%} of its frames (a hand, a microphone, a mask, or a face that"
            " is pulled): lips would be drawn over that", share=covered)  # fmt: skip


def covering(like: Floats) -> float:
    """The share of frames with a face whose lower part looks like something else."""
    known = like[~np.isnan(like)]
    return float(np.mean(known < STRANGE)) if len(known) else 0.0


def of_source(source: Source) -> list[Finding]:
    """What is to be said of the file itself, once it was read."""
    found, pace = [], source.pace
    if pace.broken:
        found.append(_finding("file", "warn", f"it can be read up to {pace.last:.1f} s only ({pace.broken}): the file is damaged",
            seconds=pace.last))  # fmt: skip
    if pace.cut:
        found.append(_finding("length", "info", f"only the first {LOOKED_AT:.0f} s of the file were looked at"))
    if pace.variable:
        found.append(_finding("rate", "info", f"its frames come unevenly ({1 / pace.longest:.1f} to {1 / pace.shortest:.1f} a second): of"
            f" each 1/{FPS} s the nearest one was taken", rate=round(pace.rate, 3)))  # fmt: skip
    elif abs(pace.rate - FPS) > 0.01:
        found.append(_finding("rate", "info", f"it has {pace.rate:.2f} frames a second: of each 1/{FPS} s the nearest one was taken",
            rate=round(pace.rate, 3)))  # fmt: skip
    if source.hdr:
        found.append(_finding("hdr", "warn", f"it was filmed in HDR ({source.hdr}): its colours will look pale. Switch HDR off in the"
            " camera, or export it as SDR"))  # fmt: skip
    if source.interlaced:
        found.append(_finding("interlaced", "warn", "it is interlaced: moving lips would have combs. Export it as progressive"))
    return found


def _gap(there: npt.NDArray[np.bool_]) -> float:
    """The longest time without a face in s."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], there, [True]]).astype(np.int8)))
    return float(max((b - a for a, b in zip(edges[::2], edges[1::2], strict=True)), default=0)) / FPS


def _finding(check: str, severity: Severity, message: str, **evidence: str | int | float | bool | None) -> Finding:
    return Finding(check=f"footage.{check}", severity=severity, message=message, evidence=evidence)


@dataclass(frozen=True)
class Table:
    """What is kept of each frame, float32 [n]: sharpness of the face, opening of the mouth, likeness of the lower face."""

    sharp: Floats
    open: Floats
    like: Floats

    @classmethod
    def of(cls, measured: Measured) -> Table:
        return cls(np.array(measured.sharp, np.float32), np.array(measured.open, np.float32), measured.likeness())
